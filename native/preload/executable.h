// Programs that no library can be loaded into, or that pass it by.

#ifndef MIRRORD_EXECUTABLE_H
#define MIRRORD_EXECUTABLE_H

#include <limits.h>
#include <stdbool.h>

// True for a static program and for one of Go: they make their system calls by themselves.
bool executable_needs_supervisor(const char *path);

// The file that execvp(3) would start. False when there is none.
bool executable_find(const char *name, char into[PATH_MAX]);

#endif

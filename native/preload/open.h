// Opening: a file of the pod becomes a descriptor of this process.

#ifndef MIRRORD_OPEN_H
#define MIRRORD_OPEN_H

#include <sys/types.h>

#include "messages.h"

// Opens the pod's file as open(2) would. -1 with errno.
int open_remote(const char *path, int flags, mode_t mode);

// A mode less what the process's umask takes: the agent does not know it.
mode_t masked(mode_t mode);

// open(2) wherever the policy says; for the layer's own functions that open (fopen, mkstemp).
int open_anywhere(int folder, const char *path, int flags, mode_t mode);

// A descriptor for a folder of the pod; without a stat, fstat asks. -1 with errno.
int open_folder(const char *path, const struct stat_record *stat, int flags);

#endif

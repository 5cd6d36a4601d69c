// What leads a child program to the session: the variables that a program executed from here must have, also where
// it is given an environment of its own.

#ifndef MIRRORD_ENVIRONMENT_H
#define MIRRORD_ENVIRONMENT_H

#include <stddef.h>

#define SESSION_VARIABLE "MIRRORD_SESSION"
// The open files of the pod that a program inherits over exec(2); see table.c.
#define FILES_VARIABLE "MIRRORD_FILES"

// Notes our own variables, while the environment is still as our parent made it.
void environment_start(void);

// Pointers that environment_complete needs at most for an environment of `count` variables.
#define ENVIRONMENT_ROOM(count) ((count) + 5)
#define FILES_ROOM 4096

size_t environment_count(char *const *environment);

// Writes the program's environment with ours into `into`; `files` is room for one of the variables. Allocates
// nothing: the caller may be a child of vfork.
void environment_complete(char *const *environment, char **into, char files[FILES_ROOM]);

// Removes a variable from a list that environment_complete has made.
void environment_remove(char **environment, const char *name);

#endif

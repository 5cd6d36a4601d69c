// Files that the agent has open for the program: reading, writing and the rest are calls.

#ifndef MIRRORD_HANDLE_H
#define MIRRORD_HANDLE_H

#include <sys/types.h>
#include <sys/uio.h>

#include "table.h"

// At the position of the file itself, which all duplicates share.
#define NO_POSITION (-1)

ssize_t handle_read(int fd, const struct entry *entry, void *into, size_t length, off_t position);
ssize_t handle_write(int fd, const struct entry *entry, const void *from, size_t length, off_t position);
off_t handle_seek(int fd, const struct entry *entry, off_t offset, int whence);

// Waits until the proxy has taken what was written to the descriptor without us (stdio, a static child).
void handle_settle(int fd);

#endif

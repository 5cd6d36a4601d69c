// A large file of the pod that is read: a local file of the same length, whose parts are fetched when they are
// needed. What reads it by itself (mmap, sendfile, a program that inherits it) gets it whole before.

#ifndef MIRRORD_PARTIAL_H
#define MIRRORD_PARTIAL_H

#include <sys/types.h>

#include "table.h"

// Which parts are here; shared with forked children, as the file itself is. NULL without memory.
struct parts *parts_new(size_t prefix, off_t size);
void parts_free(struct parts *parts);

// Brings these bytes here, as far as the pod's file has them. -1 with errno.
int partial_fetch(int fd, struct entry *entry, off_t offset, size_t length);

// The same from the descriptor's own position.
int partial_fetch_next(int fd, struct entry *entry, size_t length);

int partial_fetch_all(int fd, struct entry *entry);

// An empty local file for a copy, in memory or, where it is large, on disk. -1 with errno.
int make_local_file(off_t size);

#endif

// Streams. The C library reads and writes them by its own system calls: a small file's copy and a local file are
// just opened by us; a handle becomes a stream with functions of ours, so that each error reaches the program.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handle.h"
#include "layer.h"
#include "open.h"
#include "partial.h"
#include "policy.h"
#include "real.h"
#include "table.h"

// The descriptor behind a stream of ours, for fileno().
#define MAX_STREAMS 256
static struct {
  _Atomic(FILE *) stream;
  int fd;
} streams[MAX_STREAMS];

static int fd_of(void *cookie) {
  return (int)(intptr_t)cookie;
}

static ssize_t read_stream(void *cookie, char *into, size_t size) {
  return read(fd_of(cookie), into, size);
}

// A custom stream's writer says 0 for an error (fopencookie(3)).
static ssize_t write_stream(void *cookie, const char *from, size_t size) {
  ssize_t count = write(fd_of(cookie), from, size);
  return count < 0 ? 0 : count;
}

static int seek_stream(void *cookie, off64_t *offset, int whence) {
  off_t found = lseek(fd_of(cookie), *offset, whence);
  if (found < 0) return -1;
  *offset = found;
  return 0;
}

static int close_stream(void *cookie) {
  for (int i = 0; i < MAX_STREAMS; i++) {
    if (streams[i].stream != NULL && streams[i].fd == fd_of(cookie)) streams[i].stream = NULL;
  }
  return close(fd_of(cookie));
}

static FILE *note(FILE *stream, int fd) {
  for (int i = 0; stream != NULL && i < MAX_STREAMS; i++) {
    FILE *none = NULL;
    if (!atomic_compare_exchange_strong(&streams[i].stream, &none, stream)) continue;
    streams[i].fd = fd;
    break;
  }
  return stream;
}

static FILE *stream_for(int fd, const char *mode) {
  const cookie_io_functions_t functions = {read_stream, write_stream, seek_stream, close_stream};
  struct entry *entry = table_find(fd);
  if (entry != NULL && entry->kind == HANDLE) return note(fopencookie((void *)(intptr_t)fd, mode, functions), fd);
  if (entry != NULL && entry->kind == PARTIAL && entry->stat.size > 64 * 1024 * 1024)
    return note(fopencookie((void *)(intptr_t)fd, mode, functions), fd);
  if (entry != NULL && entry->kind == PARTIAL && partial_fetch_all(fd, entry) < 0) return NULL;
  return real.fdopen(fd, mode);
}

// The flags of open(2) for a mode of fopen(3).
static int flags_of(const char *mode) {
  int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
  if (mode[0] == 'w') flags |= O_CREAT | O_TRUNC;
  if (mode[0] == 'a') flags |= O_CREAT | O_APPEND;
  if (strchr(mode, 'x')) flags |= O_EXCL;
  if (strchr(mode, 'e')) flags |= O_CLOEXEC;
  return flags;
}

static FILE *open_stream(const char *path, const char *mode) {
  int fd = open_anywhere(AT_FDCWD, path, flags_of(mode), 0666);
  if (fd < 0) return NULL;
  FILE *stream = stream_for(fd, mode);
  int number = errno;
  if (stream == NULL) close(fd);
  errno = number;
  return stream;
}

EXPORT FILE *fopen(const char *path, const char *mode) {
  if (PASSES()) return real.fopen(path, mode);
  struct place place;
  decide(&place, AT_FDCWD, path, access_of(flags_of(mode)));
  if (place.where == LOCAL) return real.fopen(place.path, mode);
  return open_stream(path, mode);
}

EXPORT FILE *fdopen(int fd, const char *mode) {
  struct entry *entry = PASSES() ? NULL : table_find(fd);
  return entry == NULL ? real.fdopen(fd, mode) : stream_for(fd, mode);
}

// The program's stream itself stays, so its file has to be one that the C library reads and writes by itself.
EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream) {
  struct place place;
  if (PASSES() || path == NULL) return real.freopen(path, mode, stream);
  decide(&place, AT_FDCWD, path, access_of(flags_of(mode)));
  if (place.where == LOCAL) return real.freopen(place.path, mode, stream);
  int fd = open_anywhere(AT_FDCWD, path, flags_of(mode), 0666);
  if (fd < 0) return fclose(stream), NULL;
  struct entry *entry = table_find_kind(fd, PARTIAL);
  char own[32];
  snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
  bool is_stream = table_find_kind(fd, HANDLE) != NULL; // a socket, which nothing opens again
  FILE *opened = entry != NULL && partial_fetch_all(fd, entry) < 0 ? NULL
                                                                    : real.freopen(is_stream ? "/dev/null" : own, mode, stream);
  if (opened != NULL && is_stream) dup2(fd, real.fileno(opened));
  close(fd);
  return opened;
}

EXPORT int fileno(FILE *stream) {
  if (PASSES()) return real.fileno(stream);
  for (int i = 0; i < MAX_STREAMS; i++) {
    if (streams[i].stream == stream) return streams[i].fd;
  }
  return real.fileno(stream);
}

ALIAS(fopen) FILE *fopen64(const char *path, const char *mode);
ALIAS(freopen) FILE *freopen64(const char *path, const char *mode, FILE *stream);
ALIAS(fileno) int fileno_unlocked(FILE *stream);

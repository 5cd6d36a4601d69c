// Closing and duplicating descriptors: the table follows, and the layer's own descriptors are not the program's.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "handle.h"
#include "layer.h"
#include "real.h"
#include "table.h"

static bool is_ours(int fd) {
  return client_owns(fd) || table_has_companion(fd);
}

EXPORT int close(int fd) {
  if (PASSES()) return real.close(fd);
  if (is_ours(fd)) return errno = EBADF, -1; // a daemon that closes all numbers
  const struct entry *entry = table_find_kind(fd, HANDLE);
  if (entry != NULL) handle_settle(fd);
  table_remove(fd);
  return real.close(fd);
}

// Between the layer's own descriptors, which are few and behind one another.
static int close_from_to(unsigned first, unsigned last, int flags) {
  for (unsigned at = first; at <= last && at <= INT_MAX;) {
    unsigned end = at;
    while (end <= last && end < 65536 && !is_ours((int)end)) end++;
    if (end >= 65536) end = last + 1;
    if (end > at && syscall(SYS_close_range, at, end - 1, flags) < 0) return -1;
    if (end > last) return 0;
    at = end + 1;
  }
  return 0;
}

static void forget_from_to(unsigned first, unsigned last) {
  for (unsigned fd = first; fd <= last && fd < 65536; fd++) {
    if (!is_ours((int)fd)) table_remove((int)fd);
  }
}

EXPORT int close_range(unsigned first, unsigned last, int flags) {
  if (PASSES()) return (int)syscall(SYS_close_range, first, last, flags);
  if (!(flags & CLOSE_RANGE_CLOEXEC)) forget_from_to(first, last);
  return close_from_to(first, last, flags);
}

EXPORT void closefrom(int first) {
  if (PASSES()) {
    syscall(SYS_close_range, first < 0 ? 0 : first, UINT_MAX, 0);
    return;
  }
  forget_from_to(first < 0 ? 0 : (unsigned)first, UINT_MAX);
  close_from_to(first < 0 ? 0 : (unsigned)first, UINT_MAX, 0);
}

static int duplicated(int from, int to) {
  int before = errno;
  if (to >= 0) table_copy(from, to);
  errno = before;
  return to;
}

EXPORT int dup(int fd) {
  if (PASSES()) return real.dup(fd);
  return duplicated(fd, real.dup(fd));
}

// The number's old file is closed by this.
static void make_room(int fd) {
  if (table_find_kind(fd, HANDLE) != NULL) handle_settle(fd);
  table_remove(fd);
}

EXPORT int dup2(int from, int to) {
  if (PASSES() || from == to) return real.dup2(from, to);
  if (real.fcntl(from, F_GETFD) >= 0) make_room(to);
  return duplicated(from, real.dup2(from, to));
}

EXPORT int dup3(int from, int to, int flags) {
  if (PASSES() || from == to) return real.dup3(from, to, flags);
  if (real.fcntl(from, F_GETFD) >= 0) make_room(to);
  return duplicated(from, real.dup3(from, to, flags));
}

EXPORT int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *); // an int or a pointer, as the command has it
  va_end(arguments);
  if (PASSES()) return real.fcntl(fd, command, argument);
  const struct entry *entry = command == F_GETFL ? table_find(fd) : NULL;
  if (entry != NULL && entry->kind <= FOLDER) return entry->flags & ~(O_CLOEXEC | O_CREAT | O_EXCL | O_TRUNC);
  int result = real.fcntl(fd, command, argument);
  if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) duplicated(fd, result);
  return result;
}

ALIAS(fcntl) int fcntl64(int fd, int command, ...);

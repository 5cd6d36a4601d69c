#define _GNU_SOURCE
#include "open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "layer.h"
#include "partial.h"
#include "policy.h"
#include "real.h"
#include "settings.h"
#include "table.h"

static int close_with_errno(int fd, int number) {
  real.close(fd);
  errno = number;
  return -1;
}

// Under the lowest free number, as the program expects of open(2).
static int lowest(int fd, int flags) {
  int low = real.fcntl(fd, (flags & O_CLOEXEC) ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
  if (low < 0) return close_with_errno(fd, errno);
  real.close(fd);
  return low;
}

static int add(int fd, const struct entry *entry) {
  return table_add(fd, entry) ? fd : close_with_errno(fd, errno);
}

static int write_copy(int fd, struct bytes data) {
  for (size_t written = 0; written < data.length;) {
    ssize_t count = real.pwrite(fd, data.at + written, data.length - written, (off_t)written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    written += (size_t)count;
  }
  return 0;
}

// Opened again, so that writing to it is EBADF as it would be in the pod.
static int read_only(int fd, int flags) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int again = real.open(path, O_RDONLY | (flags & O_CLOEXEC));
  if (again < 0) return fd; // a machine without /proc
  real.close(fd);
  return again;
}

static int make_copy(const struct open_file_reply *opened, int flags) {
  int fd = make_local_file(0);
  if (fd < 0) return -1;
  if (write_copy(fd, opened->data) < 0) return close_with_errno(fd, errno);
  struct entry entry = {.kind = COPY, .companion = -1, .stat = opened->stat, .flags = flags};
  fd = read_only(fd, flags);
  return add(fd, &entry);
}

// The connection on which the file was opened stays with it: the proxy closes the file at its end.
static int make_partial(struct call *call, const struct open_file_reply *opened, int flags) {
  off_t size = opened->stat.size;
  struct entry entry = {.kind = PARTIAL, .stat = opened->stat, .handle = opened->handle, .flags = flags};
  entry.parts = parts_new(opened->data.length, size);
  int fd = entry.parts == NULL ? -1 : make_local_file(size);
  bool is_made = fd >= 0 && real.ftruncate(fd, size) == 0 && write_copy(fd, opened->data) == 0;
  int number = errno;
  entry.companion = call_keep(call);
  if (is_made && !(flags & O_CLOEXEC)) real.fcntl(fd, F_SETFD, 0);
  if (is_made && table_add(fd, &entry)) return fd;
  if (is_made) number = errno;
  if (fd >= 0) real.close(fd);
  if (entry.parts != NULL) parts_free(entry.parts);
  return close_with_errno(entry.companion, number);
}

int open_folder(const char *path, const struct stat_record *stat, int flags) {
  char empty[PATH_MAX + 16];
  snprintf(empty, sizeof empty, "%s/empty", layer.folder);
  int fd = real.open(empty, O_RDONLY | O_DIRECTORY | (flags & O_CLOEXEC));
  if (fd < 0) return -1;
  struct entry entry = {.kind = FOLDER, .companion = -1, .flags = flags};
  if (stat != NULL) entry.stat = *stat;
  entry.path = real.mmap(NULL, PATH_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (entry.path == MAP_FAILED) return close_with_errno(fd, ENOMEM);
  snprintf(entry.path, PATH_MAX, "%s", path);
  return add(fd, &entry);
}

static void close_remote(uint32_t handle) {
  struct call call;
  if (!call_begin(&call, MSG_CLOSE_FILE)) return;
  put_close_file(&call.out, &(struct close_file_request){handle});
  call_finish(&call);
}

// The program's descriptor is the connection itself: the file stays open while any duplicate of it is, in any
// process, and what writes to it without us (stdio, a static child) is written to the file, one after the other.
static int make_handle(struct call *call, const struct open_file_reply *opened, int flags) {
  struct entry entry = {.kind = HANDLE, .companion = -1, .handle = opened->handle, .flags = flags};
  entry.stat = opened->stat;
  int kept = call_keep_as_stream(call, opened->handle);
  if (kept < 0) return -1;
  shutdown(kept, SHUT_RD); // who reads without us finds its end, and does not wait
  int fd = lowest(kept, flags);
  return fd < 0 ? -1 : add(fd, &entry);
}

mode_t masked(mode_t mode) {
  mode_t current = umask(0);
  umask(current);
  return mode & ~current;
}

int open_remote(const char *path, int flags, mode_t mode) {
  const struct settings *session = settings();
  struct call call;
  if (!call_begin(&call, MSG_OPEN_FILE)) return -1;
  put_open_file(&call.out, &(struct open_file_request){text_bytes(path), (uint32_t)(flags & ~(O_CLOEXEC | O_LARGEFILE)),
                                                       (flags & O_CREAT) ? masked(mode) : 0, session->prefetch_bytes});
  if (!call_exchange(&call)) return -1;
  struct open_file_reply opened;
  if (!get_open_file(&call.in, &opened)) {
    call_end(&call);
    return errno = EIO, -1;
  }
  bool is_regular = S_ISREG(opened.stat.mode);
  if (!opened.whole && is_regular && access_of(flags) == TO_READ && opened.stat.size > (int64_t)opened.data.length) {
    return make_partial(&call, &opened, flags);
  }
  if (!opened.whole && !S_ISDIR(opened.stat.mode)) return make_handle(&call, &opened, flags);
  int fd = opened.whole ? make_copy(&opened, flags) : open_folder(path, &opened.stat, flags);
  int number = errno;
  call_end(&call);
  if (opened.handle != 0) close_remote(opened.handle);
  errno = number;
  return fd;
}

int open_anywhere(int folder, const char *path, int flags, mode_t mode) {
  struct place place;
  decide(&place, folder, path, access_of(flags));
  if (place.where == LOCAL) return real.openat(folder, place.path, flags, mode);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  return open_remote(place.path, flags, mode);
}

// The third argument of open(2), which is there only with these flags.
#define MODE_OF(flags)                                              \
  ({                                                                \
    mode_t mode_ = 0;                                               \
    if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) { \
      va_list arguments_;                                           \
      va_start(arguments_, flags);                                  \
      mode_ = va_arg(arguments_, mode_t);                           \
      va_end(arguments_);                                           \
    }                                                               \
    mode_;                                                          \
  })

EXPORT int open(const char *path, int flags, ...) {
  mode_t mode = MODE_OF(flags);
  if (PASSES()) return real.open(path, flags, mode);
  return open_anywhere(AT_FDCWD, path, flags, mode);
}

EXPORT int openat(int folder, const char *path, int flags, ...) {
  mode_t mode = MODE_OF(flags);
  if (PASSES()) return real.openat(folder, path, flags, mode);
  return open_anywhere(folder, path, flags, mode);
}

EXPORT int creat(const char *path, mode_t mode) {
  if (PASSES()) return real.creat(path, mode);
  return open_anywhere(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

ALIAS(open) int open64(const char *path, int flags, ...);
ALIAS(openat) int openat64(int folder, const char *path, int flags, ...);
ALIAS(creat) int creat64(const char *path, mode_t mode);

// What _FORTIFY_SOURCE makes of calls without a mode.
EXPORT int __open_2(const char *path, int flags) {
  if (PASSES()) return real.open(path, flags);
  return open_anywhere(AT_FDCWD, path, flags, 0);
}

EXPORT int __openat_2(int folder, const char *path, int flags) {
  if (PASSES()) return real.openat(folder, path, flags);
  return open_anywhere(folder, path, flags, 0);
}

ALIAS(__open_2) int __open64_2(const char *path, int flags);
ALIAS(__openat_2) int __openat64_2(int folder, const char *path, int flags);

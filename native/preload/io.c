// Reading, writing and the rest on descriptors. Of those that stand for the pod, a small file's copy is read by the
// kernel alone; a large one's parts are fetched first; a handle's calls are the agent's.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "client.h"
#include "handle.h"
#include "layer.h"
#include "partial.h"
#include "real.h"
#include "table.h"

// The entry of a file whose calls are not the kernel's alone.
static struct entry *served(int fd) {
  struct entry *entry = table_find(fd);
  return entry != NULL && (entry->kind == PARTIAL || entry->kind == HANDLE) ? entry : NULL;
}

// A connected UDP socket is read and written like a file, too.
static bool is_datagrams(int fd) {
  return table_find_kind(fd, DATAGRAMS) != NULL;
}

static size_t total(const struct iovec *parts, int count) {
  size_t sum = 0;
  for (int i = 0; i < count; i++) sum += parts[i].iov_len;
  return sum;
}

// The same call for each part of a vector, until one is not served in full.
static ssize_t each_part(int fd, const struct entry *entry, const struct iovec *parts, int count, off_t position,
                         bool is_write) {
  ssize_t sum = 0;
  for (int i = 0; i < count; i++) {
    off_t at = position < 0 ? position : position + sum;
    ssize_t done = is_write ? handle_write(fd, entry, parts[i].iov_base, parts[i].iov_len, at)
                            : handle_read(fd, entry, parts[i].iov_base, parts[i].iov_len, at);
    if (done < 0) return sum > 0 ? sum : -1;
    sum += done;
    if ((size_t)done < parts[i].iov_len) break;
  }
  return sum;
}

EXPORT ssize_t read(int fd, void *into, size_t length) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (!layer.off && entry == NULL && is_datagrams(fd)) return recv(fd, into, length, 0);
  if (entry == NULL) return real.read(fd, into, length);
  if (entry->kind == HANDLE) return handle_read(fd, entry, into, length, NO_POSITION);
  return partial_fetch_next(fd, entry, length) < 0 ? -1 : real.read(fd, into, length);
}

EXPORT ssize_t pread(int fd, void *into, size_t length, off_t position) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.pread(fd, into, length, position);
  if (position < 0) return errno = EINVAL, -1;
  if (entry->kind == HANDLE) return handle_read(fd, entry, into, length, position);
  return partial_fetch(fd, entry, position, length) < 0 ? -1 : real.pread(fd, into, length, position);
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.readv(fd, parts, count);
  if (entry->kind == HANDLE) return each_part(fd, entry, parts, count, NO_POSITION, false);
  return partial_fetch_next(fd, entry, total(parts, count)) < 0 ? -1 : real.readv(fd, parts, count);
}

EXPORT ssize_t preadv(int fd, const struct iovec *parts, int count, off_t position) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.preadv(fd, parts, count, position);
  if (position < 0) return errno = EINVAL, -1;
  if (entry->kind == HANDLE) return each_part(fd, entry, parts, count, position, false);
  return partial_fetch(fd, entry, position, total(parts, count)) < 0 ? -1 : real.preadv(fd, parts, count, position);
}

EXPORT ssize_t __read_chk(int fd, void *into, size_t length, size_t room) {
  if (length > room) abort();
  if (PASSES()) return real.read(fd, into, length);
  return read(fd, into, length);
}

EXPORT ssize_t __pread_chk(int fd, void *into, size_t length, off_t position, size_t room) {
  if (length > room) abort();
  if (PASSES()) return real.pread(fd, into, length, position);
  return pread(fd, into, length, position);
}

EXPORT ssize_t write(int fd, const void *from, size_t length) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (!layer.off && entry == NULL && is_datagrams(fd)) return send(fd, from, length, 0);
  if (entry == NULL) return real.write(fd, from, length);
  if (entry->kind == PARTIAL) return errno = EBADF, -1;
  return handle_write(fd, entry, from, length, NO_POSITION);
}

EXPORT ssize_t pwrite(int fd, const void *from, size_t length, off_t position) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.pwrite(fd, from, length, position);
  if (entry->kind == PARTIAL) return errno = EBADF, -1;
  if (position < 0) return errno = EINVAL, -1;
  return handle_write(fd, entry, from, length, position);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.writev(fd, parts, count);
  if (entry->kind == PARTIAL) return errno = EBADF, -1;
  return each_part(fd, entry, parts, count, NO_POSITION, true);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t position) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.pwritev(fd, parts, count, position);
  if (entry->kind == PARTIAL) return errno = EBADF, -1;
  if (position < 0) return errno = EINVAL, -1;
  return each_part(fd, entry, parts, count, position, true);
}

EXPORT off_t lseek(int fd, off_t offset, int whence) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.lseek(fd, offset, whence);
  if (entry->kind == HANDLE) return handle_seek(fd, entry, offset, whence);
  // What is not here yet would look like holes.
  if ((whence == SEEK_DATA || whence == SEEK_HOLE) && partial_fetch_all(fd, entry) < 0) return -1;
  return real.lseek(fd, offset, whence);
}

EXPORT int ftruncate(int fd, off_t length) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.ftruncate(fd, length);
  if (entry->kind == PARTIAL) return errno = EINVAL, -1; // as for any file that is open for reading
  handle_settle(fd);
  struct call call;
  if (!call_begin(&call, MSG_TRUNCATE_FILE)) return -1;
  put_truncate_file(&call.out, &(struct truncate_file_request){entry->handle, length});
  return call_finish(&call);
}

static int sync_file(int fd, const struct entry *entry, bool data_only) {
  handle_settle(fd);
  struct call call;
  if (!call_begin(&call, MSG_SYNC_FILE)) return -1;
  put_sync_file(&call.out, &(struct sync_file_request){entry->handle, data_only});
  return call_finish(&call);
}

EXPORT int fsync(int fd) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL || entry->kind == PARTIAL) return real.fsync(fd);
  return sync_file(fd, entry, false);
}

EXPORT int fdatasync(int fd) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL || entry->kind == PARTIAL) return real.fdatasync(fd);
  return sync_file(fd, entry, true);
}

// Only a hint for a file that the agent has: programs go on when it is not supported.
EXPORT int fallocate(int fd, int mode, off_t offset, off_t length) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  if (entry == NULL) return real.fallocate(fd, mode, offset, length);
  return errno = EOPNOTSUPP, -1;
}

EXPORT int posix_fallocate(int fd, off_t offset, off_t length) {
  struct entry *entry = PASSES() ? NULL : served(fd);
  return entry == NULL ? real.posix_fallocate(fd, offset, length) : EOPNOTSUPP;
}

// -1 with errno when a file that the kernel is to read by itself cannot be brought here.
static int make_whole(int fd) {
  struct entry *entry = table_find_kind(fd, PARTIAL);
  return entry == NULL ? 0 : partial_fetch_all(fd, entry);
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  if (PASSES() || fd < 0) return real.mmap(address, length, protection, flags, fd, offset);
  struct entry *entry = served(fd);
  if (entry != NULL && entry->kind == HANDLE) return errno = ENODEV, MAP_FAILED;
  if (entry != NULL && partial_fetch(fd, entry, offset, length) < 0) return MAP_FAILED;
  return real.mmap(address, length, protection, flags, fd, offset);
}

// Where one of the two is a handle, the program is told what a file system without this call says: it copies.
EXPORT ssize_t sendfile(int to, int from, off_t *offset, size_t length) {
  if (PASSES()) return real.sendfile(to, from, offset, length);
  if (table_find_kind(to, HANDLE) != NULL || table_find_kind(from, HANDLE) != NULL) return errno = EINVAL, -1;
  return make_whole(from) < 0 ? -1 : real.sendfile(to, from, offset, length);
}

EXPORT ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t length, unsigned flags) {
  if (PASSES()) return real.copy_file_range(from, from_offset, to, to_offset, length, flags);
  if (table_find_kind(to, HANDLE) != NULL || table_find_kind(from, HANDLE) != NULL) return errno = EXDEV, -1;
  return make_whole(from) < 0 ? -1 : real.copy_file_range(from, from_offset, to, to_offset, length, flags);
}

EXPORT ssize_t splice(int from, off_t *from_offset, int to, off_t *to_offset, size_t length, unsigned flags) {
  if (PASSES()) return real.splice(from, from_offset, to, to_offset, length, flags);
  if (table_find_kind(to, HANDLE) != NULL || table_find_kind(from, HANDLE) != NULL) return errno = EINVAL, -1;
  return make_whole(from) < 0 ? -1 : real.splice(from, from_offset, to, to_offset, length, flags);
}

// off_t has 64 bits.
ALIAS(pread) ssize_t pread64(int fd, void *into, size_t length, off_t position);
ALIAS(preadv) ssize_t preadv64(int fd, const struct iovec *parts, int count, off_t position);
ALIAS(pwrite) ssize_t pwrite64(int fd, const void *from, size_t length, off_t position);
ALIAS(pwritev) ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t position);
ALIAS(lseek) off_t lseek64(int fd, off_t offset, int whence);
ALIAS(ftruncate) int ftruncate64(int fd, off_t length);
ALIAS(fallocate) int fallocate64(int fd, int mode, off_t offset, off_t length);
ALIAS(posix_fallocate) int posix_fallocate64(int fd, off_t offset, off_t length);
ALIAS(mmap) void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
ALIAS(sendfile) ssize_t sendfile64(int to, int from, off_t *offset, size_t length);

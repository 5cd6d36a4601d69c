// What looks at a path and opens nothing: access, readlink, realpath, statfs.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "layer.h"
#include "policy.h"
#include "real.h"
#include "table.h"

static int access_anywhere(int folder, const char *path, int mode, int flags) {
  struct place place;
  decide(&place, folder, path, (mode & W_OK) ? TO_WRITE : TO_READ);
  if (place.where == LOCAL) return real.faccessat(folder, place.path, mode, flags);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  struct call call;
  if (!call_begin(&call, MSG_ACCESS)) return -1;
  put_access(&call.out, &(struct access_request){text_bytes(place.path), (uint32_t)mode});
  return call_finish(&call);
}

EXPORT int access(const char *path, int mode) {
  if (PASSES()) return real.access(path, mode);
  return access_anywhere(AT_FDCWD, path, mode, 0);
}

EXPORT int faccessat(int folder, const char *path, int mode, int flags) {
  if (PASSES()) return real.faccessat(folder, path, mode, flags);
  return access_anywhere(folder, path, mode, flags);
}

EXPORT int euidaccess(const char *path, int mode) {
  if (PASSES()) return real.faccessat(AT_FDCWD, path, mode, AT_EACCESS);
  return access_anywhere(AT_FDCWD, path, mode, AT_EACCESS);
}

ALIAS(euidaccess) int eaccess(const char *path, int mode);

// Asks for one byte field, and copies it; the most that fits, as readlink(2) does. -1 with errno.
static ssize_t read_link(const char *path, char *into, size_t size) {
  struct call call;
  if (!call_begin(&call, MSG_READ_LINK)) return -1;
  put_read_link(&call.out, &(struct read_link_request){text_bytes(path)});
  if (!call_exchange(&call)) return -1;
  struct read_link_reply reply = {0};
  get_read_link(&call.in, &reply);
  size_t length = reply.target.length < size ? reply.target.length : size;
  if (length > 0) memcpy(into, reply.target.at, length);
  call_end(&call);
  return (ssize_t)length;
}

static ssize_t readlink_anywhere(int folder, const char *path, char *into, size_t size) {
  struct place place;
  decide(&place, folder, path, TO_READ);
  if (place.where == LOCAL) return real.readlinkat(folder, place.path, into, size);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  return read_link(place.path, into, size);
}

EXPORT ssize_t readlink(const char *path, char *into, size_t size) {
  if (PASSES()) return real.readlink(path, into, size);
  return readlink_anywhere(AT_FDCWD, path, into, size);
}

EXPORT ssize_t readlinkat(int folder, const char *path, char *into, size_t size) {
  if (PASSES()) return real.readlinkat(folder, path, into, size);
  return readlink_anywhere(folder, path, into, size);
}

EXPORT ssize_t __readlink_chk(const char *path, char *into, size_t size, size_t room) {
  if (size > room) abort();
  if (PASSES()) return real.readlink(path, into, size);
  return readlink_anywhere(AT_FDCWD, path, into, size);
}

EXPORT ssize_t __readlinkat_chk(int folder, const char *path, char *into, size_t size, size_t room) {
  if (size > room) abort();
  if (PASSES()) return real.readlinkat(folder, path, into, size);
  return readlink_anywhere(folder, path, into, size);
}

// `into` has PATH_MAX bytes.
static char *real_path(const char *path, char *into) {
  struct call call;
  if (!call_begin(&call, MSG_REAL_PATH)) return NULL;
  put_real_path(&call.out, &(struct real_path_request){text_bytes(path)});
  if (!call_exchange(&call)) return NULL;
  struct real_path_reply reply = {0};
  get_real_path(&call.in, &reply);
  bool fits = reply.path.length > 0 && reply.path.length < PATH_MAX;
  if (fits) {
    memcpy(into, reply.path.at, reply.path.length);
    into[reply.path.length] = '\0';
  }
  call_end(&call);
  return fits ? into : (errno = ENAMETOOLONG, NULL);
}

static char *realpath_anywhere(const char *path, char *into) {
  struct place place;
  decide(&place, AT_FDCWD, path, TO_READ);
  if (place.where == LOCAL) return real.realpath(place.path, into);
  if (place.where == NOT_FOUND) return errno = ENOENT, NULL;
  char found[PATH_MAX];
  if (real_path(place.path, found) == NULL) return NULL;
  return into == NULL ? strdup(found) : strcpy(into, found);
}

EXPORT char *realpath(const char *path, char *into) {
  if (PASSES()) return real.realpath(path, into);
  return realpath_anywhere(path, into);
}

EXPORT char *__realpath_chk(const char *path, char *into, size_t room) {
  if (room < PATH_MAX) abort();
  if (PASSES()) return real.realpath(path, into);
  return realpath_anywhere(path, into);
}

EXPORT char *canonicalize_file_name(const char *path) {
  if (PASSES()) return real.realpath(path, NULL);
  return realpath_anywhere(path, NULL);
}

static int stat_file_system(const char *path, struct stat_file_system_reply *into) {
  struct call call;
  if (!call_begin(&call, MSG_STAT_FILE_SYSTEM)) return -1;
  put_stat_file_system(&call.out, &(struct stat_file_system_request){text_bytes(path)});
  if (!call_exchange(&call)) return -1;
  bool is_whole = get_stat_file_system(&call.in, into);
  call_end(&call);
  return is_whole ? 0 : (errno = EIO, -1);
}

static void fill_statfs(struct statfs *into, const struct stat_file_system_reply *from) {
  memset(into, 0, sizeof *into);
  into->f_type = from->type;
  into->f_bsize = from->bsize;
  into->f_blocks = (fsblkcnt_t)from->blocks;
  into->f_bfree = (fsblkcnt_t)from->bfree;
  into->f_bavail = (fsblkcnt_t)from->bavail;
  into->f_files = (fsfilcnt_t)from->files;
  into->f_ffree = (fsfilcnt_t)from->ffree;
  into->f_namelen = NAME_MAX;
  into->f_frsize = from->bsize;
}

static void fill_statvfs(struct statvfs *into, const struct stat_file_system_reply *from) {
  memset(into, 0, sizeof *into);
  into->f_bsize = into->f_frsize = (unsigned long)from->bsize;
  into->f_blocks = (fsblkcnt_t)from->blocks;
  into->f_bfree = (fsblkcnt_t)from->bfree;
  into->f_bavail = (fsblkcnt_t)from->bavail;
  into->f_files = (fsfilcnt_t)from->files;
  into->f_ffree = into->f_favail = (fsfilcnt_t)from->ffree;
  into->f_namemax = NAME_MAX;
}

EXPORT int statfs(const char *path, struct statfs *into) {
  if (PASSES()) return real.statfs(path, into);
  struct place place;
  struct stat_file_system_reply reply;
  decide(&place, AT_FDCWD, path, TO_READ);
  if (place.where == LOCAL) return real.statfs(place.path, into);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  if (stat_file_system(place.path, &reply) < 0) return -1;
  fill_statfs(into, &reply);
  return 0;
}

EXPORT int statvfs(const char *path, struct statvfs *into) {
  if (PASSES()) return real.statvfs(path, into);
  struct place place;
  struct stat_file_system_reply reply;
  decide(&place, AT_FDCWD, path, TO_READ);
  if (place.where == LOCAL) return real.statvfs(place.path, into);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  if (stat_file_system(place.path, &reply) < 0) return -1;
  fill_statvfs(into, &reply);
  return 0;
}

EXPORT int fstatfs(int fd, struct statfs *into) {
  const char *path = PASSES() ? NULL : table_folder(fd);
  struct stat_file_system_reply reply;
  if (path == NULL) return real.fstatfs(fd, into);
  if (stat_file_system(path, &reply) < 0) return -1;
  fill_statfs(into, &reply);
  return 0;
}

ALIAS(statfs) int statfs64(const char *path, struct statfs64 *into);
ALIAS(statvfs) int statvfs64(const char *path, struct statvfs64 *into);
ALIAS(fstatfs) int fstatfs64(int fd, struct statfs64 *into);

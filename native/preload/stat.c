// stat and its family, by path and by descriptor.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "client.h"
#include "layer.h"
#include "policy.h"
#include "raw.h"
#include "real.h"
#include "table.h"

#define NS_PER_SECOND 1000000000

// 0 nanoseconds or more, also before 1970.
static struct timespec to_time(int64_t ns) {
  int64_t rest = ns % NS_PER_SECOND;
  if (rest < 0) rest += NS_PER_SECOND;
  return (struct timespec){.tv_sec = (time_t)((ns - rest) / NS_PER_SECOND), .tv_nsec = (long)rest};
}

static struct statx_timestamp to_timestamp(int64_t ns) {
  struct timespec time = to_time(ns);
  return (struct statx_timestamp){.tv_sec = time.tv_sec, .tv_nsec = (uint32_t)time.tv_nsec};
}

static void fill_stat(struct stat *into, const struct stat_record *from) {
  memset(into, 0, sizeof *into);
  into->st_dev = (dev_t)from->dev;
  into->st_ino = (ino_t)from->ino;
  into->st_mode = (mode_t)from->mode;
  into->st_nlink = (nlink_t)from->nlink;
  into->st_uid = (uid_t)from->uid;
  into->st_gid = (gid_t)from->gid;
  into->st_rdev = (dev_t)from->rdev;
  into->st_size = (off_t)from->size;
  into->st_blksize = (blksize_t)from->blksize;
  into->st_blocks = (blkcnt_t)from->blocks;
  into->st_atim = to_time(from->atime_ns);
  into->st_mtim = to_time(from->mtime_ns);
  into->st_ctim = to_time(from->ctime_ns);
}

static void fill_statx(struct statx *into, const struct stat_record *from) {
  memset(into, 0, sizeof *into);
  into->stx_mask = STATX_BASIC_STATS | STATX_BTIME;
  into->stx_blksize = (uint32_t)from->blksize;
  into->stx_nlink = (uint32_t)from->nlink;
  into->stx_uid = (uint32_t)from->uid;
  into->stx_gid = (uint32_t)from->gid;
  into->stx_mode = (uint16_t)from->mode;
  into->stx_ino = (uint64_t)from->ino;
  into->stx_size = (uint64_t)from->size;
  into->stx_blocks = (uint64_t)from->blocks;
  into->stx_atime = to_timestamp(from->atime_ns);
  into->stx_btime = to_timestamp(from->birthtime_ns);
  into->stx_ctime = to_timestamp(from->ctime_ns);
  into->stx_mtime = to_timestamp(from->mtime_ns);
  into->stx_rdev_major = major((dev_t)from->rdev);
  into->stx_rdev_minor = minor((dev_t)from->rdev);
  into->stx_dev_major = major((dev_t)from->dev);
  into->stx_dev_minor = minor((dev_t)from->dev);
}

static int stat_path(const char *path, bool follow, struct stat_record *into) {
  struct call call;
  if (!call_begin(&call, MSG_STAT)) return -1;
  put_stat(&call.out, &(struct stat_request){text_bytes(path), follow});
  if (!call_exchange(&call)) return -1;
  struct stat_reply reply;
  bool is_whole = get_stat(&call.in, &reply);
  call_end(&call);
  *into = reply.stat;
  return is_whole ? 0 : (errno = EIO, -1);
}

static int stat_handle(uint32_t handle, struct stat_record *into) {
  struct call call;
  if (!call_begin(&call, MSG_STAT_FILE)) return -1;
  put_stat_file(&call.out, &(struct stat_file_request){handle});
  if (!call_exchange(&call)) return -1;
  struct stat_file_reply reply;
  bool is_whole = get_stat_file(&call.in, &reply);
  call_end(&call);
  *into = reply.stat;
  return is_whole ? 0 : (errno = EIO, -1);
}

// Where a stat goes: 1 done here by the caller, 0 the pod's is in `record`, -1 with errno.
enum outcome { FAILED = -1, FILLED, OWN };

static enum outcome stat_descriptor(int fd, struct stat_record *record) {
  const struct entry *entry = table_find(fd);
  if (entry == NULL || entry->kind > FOLDER) return OWN;
  if (entry->kind == FOLDER && entry->stat.mode == 0) return stat_path(entry->path, true, record) < 0 ? FAILED : FILLED;
  if (entry->kind == COPY || entry->kind == FOLDER) {
    *record = entry->stat;
    return FILLED;
  }
  return stat_handle(entry->handle, record) < 0 ? FAILED : FILLED;
}

static enum outcome stat_place(struct place *place, int folder, const char *path, int flags,
                               struct stat_record *record) {
  if ((flags & AT_EMPTY_PATH) && (path == NULL || path[0] == '\0')) return stat_descriptor(folder, record);
  decide(place, folder, path, TO_READ);
  if (place->where == LOCAL) return OWN;
  if (place->where == NOT_FOUND) return errno = ENOENT, FAILED;
  return stat_path(place->path, (flags & AT_SYMLINK_NOFOLLOW) == 0, record) < 0 ? FAILED : FILLED;
}

static int stat_anywhere(int folder, const char *path, struct stat *into, int flags) {
  struct place place;
  struct stat_record record;
  place.path = path;
  enum outcome outcome = stat_place(&place, folder, path, flags, &record);
  if (outcome == OWN) return raw_fstatat(folder, place.path, into, flags);
  if (outcome == FILLED) fill_stat(into, &record);
  return outcome;
}

EXPORT int fstatat(int folder, const char *path, struct stat *into, int flags) {
  if (PASSES()) return raw_fstatat(folder, path, into, flags);
  return stat_anywhere(folder, path, into, flags);
}

EXPORT int stat(const char *path, struct stat *into) {
  if (PASSES()) return raw_fstatat(AT_FDCWD, path, into, 0);
  return stat_anywhere(AT_FDCWD, path, into, 0);
}

EXPORT int lstat(const char *path, struct stat *into) {
  if (PASSES()) return raw_fstatat(AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW);
  return stat_anywhere(AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW);
}

EXPORT int fstat(int fd, struct stat *into) {
  if (PASSES()) return raw_fstat(fd, into);
  struct stat_record record;
  enum outcome outcome = stat_descriptor(fd, &record);
  if (outcome == OWN) return raw_fstat(fd, into);
  if (outcome == FILLED) fill_stat(into, &record);
  return outcome;
}

EXPORT int statx(int folder, const char *path, int flags, unsigned mask, struct statx *into) {
  if (PASSES()) return raw_statx(folder, path, flags, mask, into);
  struct place place;
  struct stat_record record;
  place.path = path;
  enum outcome outcome = stat_place(&place, folder, path, flags, &record);
  if (outcome == OWN) return raw_statx(folder, place.path, flags, mask, into);
  if (outcome == FILLED) fill_statx(into, &record);
  return outcome;
}

// struct stat64 is the same on 64-bit machines.
ALIAS(stat) int stat64(const char *path, struct stat64 *into);
ALIAS(lstat) int lstat64(const char *path, struct stat64 *into);
ALIAS(fstat) int fstat64(int fd, struct stat64 *into);
ALIAS(fstatat) int fstatat64(int folder, const char *path, struct stat64 *into, int flags);

// What programs built against glibc before 2.33 call; `version` is of struct stat, and there has been one only.
EXPORT int __xstat(int version, const char *path, struct stat *into) {
  (void)version;
  if (PASSES()) return raw_fstatat(AT_FDCWD, path, into, 0);
  return stat_anywhere(AT_FDCWD, path, into, 0);
}

EXPORT int __lxstat(int version, const char *path, struct stat *into) {
  (void)version;
  if (PASSES()) return raw_fstatat(AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW);
  return stat_anywhere(AT_FDCWD, path, into, AT_SYMLINK_NOFOLLOW);
}

EXPORT int __fxstat(int version, int fd, struct stat *into) {
  (void)version;
  if (PASSES()) return raw_fstat(fd, into);
  return fstat(fd, into);
}

EXPORT int __fxstatat(int version, int folder, const char *path, struct stat *into, int flags) {
  (void)version;
  if (PASSES()) return raw_fstatat(folder, path, into, flags);
  return stat_anywhere(folder, path, into, flags);
}

ALIAS(__xstat) int __xstat64(int version, const char *path, struct stat64 *into);
ALIAS(__lxstat) int __lxstat64(int version, const char *path, struct stat64 *into);
ALIAS(__fxstat) int __fxstat64(int version, int fd, struct stat64 *into);
ALIAS(__fxstatat) int __fxstatat64(int version, int folder, const char *path, struct stat64 *into, int flags);

// File calls on the main thread that never wait: what the kernel has in memory is answered at once, which spares the
// way to a thread of the pool and back (150 µs); for all else the caller takes that way.
//
// openat2(2) with RESOLVE_CACHED looks up a path without waiting, preadv2(2) with RWF_NOWAIT reads without waiting, and
// statx(2) with AT_STATX_DONT_SYNC never asks a server. What opening does on a file system of a network cannot be known
// beforehand: the caller uses an answer only for a device that it knows to be of this machine.

#define _GNU_SOURCE
#include "addon.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

// The fields of the protocol's `stat`, in its order.
#define STAT_FIELDS 14

// The answer takes waiting, or is an error: the caller asks another way.
#define UNKNOWN (-1)

static int64_t nanoseconds(struct statx_timestamp time) { return time.tv_sec * 1000000000 + time.tv_nsec; }

static int write_stat(int fd, int64_t *to) {
  struct statx stat;
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_BTIME, &stat) < 0) return -1;
  const int64_t values[STAT_FIELDS] = {
      (int64_t)makedev(stat.stx_dev_major, stat.stx_dev_minor),
      stat.stx_mode,
      stat.stx_nlink,
      stat.stx_uid,
      stat.stx_gid,
      (int64_t)makedev(stat.stx_rdev_major, stat.stx_rdev_minor),
      stat.stx_blksize,
      (int64_t)stat.stx_ino,
      (int64_t)stat.stx_size,
      (int64_t)stat.stx_blocks,
      nanoseconds(stat.stx_atime),
      nanoseconds(stat.stx_mtime),
      nanoseconds(stat.stx_ctime),
      nanoseconds(stat.stx_btime),
  };
  memcpy(to, values, sizeof values);
  return 0;
}

// A descriptor, or UNKNOWN: also for what is not there, which the kernel does not tell without waiting (EAGAIN).
static int open_cached(const char *path, uint64_t flags) {
  const struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_CACHED};
  int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  return fd < 0 ? UNKNOWN : fd;
}

// A path as a Buffer, as a C string. False also for one with a NUL, which no file has.
static int path_argument(napi_env env, napi_value value, char path[PATH_MAX]) {
  void *bytes;
  size_t length;
  if (napi_get_buffer_info(env, value, &bytes, &length) != napi_ok) return 0;
  if (length >= PATH_MAX || memchr(bytes, 0, length) != NULL) return 0;
  memcpy(path, bytes, length);
  path[length] = 0;
  return 1;
}

static int stat_argument(napi_env env, napi_value value, int64_t **stat) {
  napi_typedarray_type type;
  size_t length;
  if (napi_get_typedarray_info(env, value, &type, &length, (void **)stat, NULL, NULL) != napi_ok) return 0;
  return type == napi_bigint64_array && length >= STAT_FIELDS;
}

static napi_value number(napi_env env, int64_t value) {
  napi_value result;
  return napi_create_int64(env, value, &result) == napi_ok ? result : NULL;
}

// readCached(path, flags, stat, data, isMemory): opens, stats, reads up to the length of `data` from the start, and
// closes. How many bytes were read, or UNKNOWN; -EOPNOTSUPP for a file system that cannot read without waiting: tmpfs
// is one, which never has to, and is read when the caller says that it `isMemory`.
napi_value read_cached(napi_env env, napi_callback_info info) {
  napi_value values[5];
  char path[PATH_MAX];
  uint32_t flags;
  bool is_memory;
  int64_t *stat;
  void *data;
  size_t length;
  if (!arguments(env, info, values, 5) || napi_get_value_uint32(env, values[1], &flags) != napi_ok ||
      !stat_argument(env, values[2], &stat) || napi_get_buffer_info(env, values[3], &data, &length) != napi_ok ||
      napi_get_value_bool(env, values[4], &is_memory) != napi_ok)
    return wrong_argument(env, "readCached(path, flags, stat, data, isMemory)");
  if (!path_argument(env, values[0], path)) return number(env, UNKNOWN);

  int fd = open_cached(path, flags | O_NONBLOCK);
  if (fd < 0) return number(env, fd);
  ssize_t count = UNKNOWN;
  if (write_stat(fd, stat) == 0 && S_ISREG(stat[1])) {
    const struct iovec into = {.iov_base = data, .iov_len = length};
    count = preadv2(fd, &into, 1, 0, is_memory ? 0 : RWF_NOWAIT);
    if (count < 0) count = errno == EOPNOTSUPP ? -EOPNOTSUPP : UNKNOWN;
  }
  close(fd);
  return number(env, count);
}

// statCached(path, follow, stat): whether it could be told.
napi_value stat_cached(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  char path[PATH_MAX];
  bool follow;
  int64_t *stat;
  if (!arguments(env, info, values, 3) || napi_get_value_bool(env, values[1], &follow) != napi_ok ||
      !stat_argument(env, values[2], &stat))
    return wrong_argument(env, "statCached(path, follow, stat)");
  int fd = path_argument(env, values[0], path) ? open_cached(path, O_PATH | (follow ? 0 : O_NOFOLLOW)) : UNKNOWN;
  bool is_told = fd >= 0 && write_stat(fd, stat) == 0;
  if (fd >= 0) close(fd);
  return napi_get_boolean(env, is_told, &result) == napi_ok ? result : NULL;
}

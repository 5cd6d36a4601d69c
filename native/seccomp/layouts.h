// What the kernel would write into a program's memory, from plain numbers: struct stat, statx, statfs, utsname.

#include <linux/stat.h> // struct statx; struct stat is the kernel's on both processors, as it is in glibc
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

struct stat; // not glibc's header, whose statx collides with the kernel's

// The kernel's struct stat (asm/stat.h), of the two processors that we run on.
#if defined(__x86_64__)
struct kernel_stat {
  uint64_t dev, ino, nlink;
  uint32_t mode, uid, gid, pad;
  uint64_t rdev;
  int64_t size, blksize, blocks;
  int64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns, unused[3];
};
#else
struct kernel_stat {
  uint64_t dev, ino;
  uint32_t mode, nlink, uid, gid;
  uint64_t rdev, pad;
  int64_t size;
  int32_t blksize, pad2;
  int64_t blocks;
  int64_t atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
  uint32_t unused[2];
};
#endif

// The order of the messages' fields, see `stat` in src/protocol/schema.ts.
enum { DEV, MODE, NLINK, UID, GID, RDEV, BLKSIZE, INO, SIZE, BLOCKS, ATIME_NS, MTIME_NS, CTIME_NS, BIRTH_NS, STAT_FIELDS };

static const int64_t *numbers_argument(napi_env env, napi_callback_info info, size_t wanted) {
  napi_value value;
  void *data;
  size_t length;
  napi_typedarray_type type;
  if (!arguments(env, info, &value, 1) ||
      napi_get_typedarray_info(env, value, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_bigint64_array || length != wanted)
    return NULL;
  return data;
}

static napi_value bytes_of(napi_env env, const void *data, size_t length) {
  napi_value result;
  return napi_create_buffer_copy(env, length, data, NULL, &result) == napi_ok ? result : NULL;
}

static int64_t seconds(int64_t ns) { return ns / 1000000000 - (ns % 1000000000 < 0); }
static int64_t rest(int64_t ns) { return ns - seconds(ns) * 1000000000; }

// encodeStat(BigInt64Array(14))
static napi_value encode_stat(napi_env env, napi_callback_info info) {
  const int64_t *from = numbers_argument(env, info, STAT_FIELDS);
  if (from == NULL) return wrong_argument(env, "encodeStat(BigInt64Array)");
  struct kernel_stat to;
  memset(&to, 0, sizeof to);
  to.dev = (uint64_t)from[DEV];
  to.ino = (uint64_t)from[INO];
  to.mode = (uint32_t)from[MODE];
  to.nlink = (uint32_t)from[NLINK];
  to.uid = (uint32_t)from[UID];
  to.gid = (uint32_t)from[GID];
  to.rdev = (uint64_t)from[RDEV];
  to.size = from[SIZE];
  to.blksize = (int32_t)from[BLKSIZE];
  to.blocks = from[BLOCKS];
  to.atime = seconds(from[ATIME_NS]);
  to.atime_ns = rest(from[ATIME_NS]);
  to.mtime = seconds(from[MTIME_NS]);
  to.mtime_ns = rest(from[MTIME_NS]);
  to.ctime = seconds(from[CTIME_NS]);
  to.ctime_ns = rest(from[CTIME_NS]);
  return bytes_of(env, &to, sizeof to);
}

static struct statx_timestamp timestamp(int64_t ns) {
  return (struct statx_timestamp){.tv_sec = seconds(ns), .tv_nsec = (uint32_t)rest(ns)};
}

// encodeStatx(BigInt64Array(14))
static napi_value encode_statx(napi_env env, napi_callback_info info) {
  const int64_t *from = numbers_argument(env, info, STAT_FIELDS);
  if (from == NULL) return wrong_argument(env, "encodeStatx(BigInt64Array)");
  struct statx to;
  memset(&to, 0, sizeof to);
  to.stx_mask = STATX_BASIC_STATS | (from[BIRTH_NS] == 0 ? 0 : STATX_BTIME);
  to.stx_blksize = (uint32_t)from[BLKSIZE];
  to.stx_nlink = (uint32_t)from[NLINK];
  to.stx_uid = (uint32_t)from[UID];
  to.stx_gid = (uint32_t)from[GID];
  to.stx_mode = (uint16_t)from[MODE];
  to.stx_ino = (uint64_t)from[INO];
  to.stx_size = (uint64_t)from[SIZE];
  to.stx_blocks = (uint64_t)from[BLOCKS];
  to.stx_atime = timestamp(from[ATIME_NS]);
  to.stx_btime = timestamp(from[BIRTH_NS]);
  to.stx_ctime = timestamp(from[CTIME_NS]);
  to.stx_mtime = timestamp(from[MTIME_NS]);
  to.stx_rdev_major = major((uint64_t)from[RDEV]);
  to.stx_rdev_minor = minor((uint64_t)from[RDEV]);
  to.stx_dev_major = major((uint64_t)from[DEV]);
  to.stx_dev_minor = minor((uint64_t)from[DEV]);
  return bytes_of(env, &to, sizeof to);
}

// encodeStatfs(BigInt64Array(7)): type, bsize, blocks, bfree, bavail, files, ffree
static napi_value encode_statfs(napi_env env, napi_callback_info info) {
  const int64_t *from = numbers_argument(env, info, 7);
  if (from == NULL) return wrong_argument(env, "encodeStatfs(BigInt64Array)");
  struct statfs to;
  memset(&to, 0, sizeof to);
  to.f_type = from[0];
  to.f_bsize = to.f_frsize = from[1];
  to.f_blocks = (uint64_t)from[2];
  to.f_bfree = (uint64_t)from[3];
  to.f_bavail = (uint64_t)from[4];
  to.f_files = (uint64_t)from[5];
  to.f_ffree = (uint64_t)from[6];
  to.f_namelen = NAME_MAX;
  return bytes_of(env, &to, sizeof to);
}

// uname(hostname): struct utsname as this machine has it, with another name.
static napi_value encode_uname(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t length;
  struct utsname name;
  if (uname(&name) < 0) return fail(env, "uname");
  if (!arguments(env, info, &value, 1)) return NULL;
  memset(name.nodename, 0, sizeof name.nodename);
  if (napi_get_value_string_utf8(env, value, name.nodename, sizeof name.nodename, &length) != napi_ok)
    return wrong_argument(env, "uname(hostname)");
  return bytes_of(env, &name, sizeof name);
}

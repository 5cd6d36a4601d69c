// What changes a path, or the attributes of an open file. Remote where the configuration says that writing is.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "client.h"
#include "handle.h"
#include "layer.h"
#include "open.h"
#include "policy.h"
#include "real.h"
#include "table.h"

static int make_directory(const char *path, mode_t mode) {
  struct call call;
  if (!call_begin(&call, MSG_MAKE_DIRECTORY)) return -1;
  put_make_directory(&call.out, &(struct make_directory_request){text_bytes(path), masked(mode), false});
  return call_finish(&call);
}

EXPORT int mkdirat(int folder, const char *path, mode_t mode) {
  if (PASSES()) return real.mkdirat(folder, path, mode);
  struct place place;
  decide(&place, folder, path, TO_WRITE);
  if (place.where == LOCAL) return real.mkdirat(folder, place.path, mode);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  return make_directory(place.path, mode);
}

EXPORT int mkdir(const char *path, mode_t mode) {
  if (PASSES()) return real.mkdir(path, mode);
  return mkdirat(AT_FDCWD, path, mode);
}

static int remove_at(const char *path, bool is_folder) {
  struct call call;
  if (!call_begin(&call, is_folder ? MSG_REMOVE_DIRECTORY : MSG_REMOVE_FILE)) return -1;
  put_remove_file(&call.out, &(struct remove_file_request){text_bytes(path)}); // both have the path alone
  return call_finish(&call);
}

EXPORT int unlinkat(int folder, const char *path, int flags) {
  if (PASSES()) return real.unlinkat(folder, path, flags);
  struct place place;
  decide(&place, folder, path, TO_WRITE);
  if (place.where == LOCAL) return real.unlinkat(folder, place.path, flags);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  return remove_at(place.path, (flags & AT_REMOVEDIR) != 0);
}

EXPORT int unlink(const char *path) {
  if (PASSES()) return real.unlink(path);
  return unlinkat(AT_FDCWD, path, 0);
}

EXPORT int rmdir(const char *path) {
  if (PASSES()) return real.rmdir(path);
  return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

EXPORT int remove(const char *path) {
  if (PASSES()) return real.remove(path);
  int result = unlinkat(AT_FDCWD, path, 0);
  // Linux says EISDIR for a folder, POSIX EPERM.
  return result < 0 && (errno == EISDIR || errno == EPERM) ? unlinkat(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

// The two paths of a call, where they go: 1 both here, 0 both to the pod, -1 with errno. Between the two it is as
// between two file systems.
static int decide_both(struct place *from, int from_folder, const char *from_path, struct place *to, int to_folder,
                       const char *to_path) {
  decide(from, from_folder, from_path, TO_WRITE);
  decide(to, to_folder, to_path, TO_WRITE);
  if (from->where == NOT_FOUND || to->where == NOT_FOUND) return errno = ENOENT, -1;
  if (from->where != to->where) return errno = EXDEV, -1;
  return from->where == LOCAL ? 1 : 0;
}

EXPORT int renameat2(int from_folder, const char *from_path, int to_folder, const char *to_path, unsigned flags) {
  if (PASSES()) return real.renameat2(from_folder, from_path, to_folder, to_path, flags);
  struct place from, to;
  int where = decide_both(&from, from_folder, from_path, &to, to_folder, to_path);
  if (where > 0) return flags == 0 ? real.renameat(from_folder, from.path, to_folder, to.path)
                                   : real.renameat2(from_folder, from.path, to_folder, to.path, flags);
  if (where < 0) return -1;
  if (flags != 0) return errno = EINVAL, -1; // as a file system that cannot do it: programs do it in steps
  struct call call;
  if (!call_begin(&call, MSG_RENAME)) return -1;
  put_rename(&call.out, &(struct rename_request){text_bytes(from.path), text_bytes(to.path)});
  return call_finish(&call);
}

EXPORT int rename(const char *from, const char *to) {
  if (PASSES()) return real.rename(from, to);
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

EXPORT int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  if (PASSES()) return real.renameat(from_folder, from, to_folder, to);
  return renameat2(from_folder, from, to_folder, to, 0);
}

EXPORT int linkat(int from_folder, const char *from_path, int to_folder, const char *to_path, int flags) {
  if (PASSES()) return real.linkat(from_folder, from_path, to_folder, to_path, flags);
  struct place from, to;
  int where = decide_both(&from, from_folder, from_path, &to, to_folder, to_path);
  if (where > 0) return real.linkat(from_folder, from.path, to_folder, to.path, flags);
  if (where < 0) return -1;
  struct call call;
  if (!call_begin(&call, MSG_LINK)) return -1;
  put_link(&call.out, &(struct link_request){text_bytes(from.path), text_bytes(to.path)});
  return call_finish(&call);
}

EXPORT int link(const char *from, const char *to) {
  if (PASSES()) return real.link(from, to);
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

EXPORT int symlinkat(const char *target, int folder, const char *path) {
  if (PASSES()) return real.symlinkat(target, folder, path);
  struct place place;
  decide(&place, folder, path, TO_WRITE);
  if (place.where == LOCAL) return real.symlinkat(target, folder, place.path);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  struct call call;
  if (!call_begin(&call, MSG_SYMLINK)) return -1;
  put_symlink(&call.out, &(struct symlink_request){text_bytes(target), text_bytes(place.path)});
  return call_finish(&call);
}

EXPORT int symlink(const char *target, const char *path) {
  if (PASSES()) return real.symlink(target, path);
  return symlinkat(target, AT_FDCWD, path);
}

EXPORT int fchmodat(int folder, const char *path, mode_t mode, int flags) {
  if (PASSES()) return real.fchmodat(folder, path, mode, flags);
  struct place place;
  decide(&place, folder, path, TO_WRITE);
  if (place.where == LOCAL) return real.fchmodat(folder, place.path, mode, flags);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  if (flags & AT_SYMLINK_NOFOLLOW) return errno = EOPNOTSUPP, -1; // as Linux has it for a link
  struct call call;
  if (!call_begin(&call, MSG_SET_MODE)) return -1;
  put_set_mode(&call.out, &(struct set_mode_request){text_bytes(place.path), mode});
  return call_finish(&call);
}

EXPORT int chmod(const char *path, mode_t mode) {
  if (PASSES()) return real.chmod(path, mode);
  return fchmodat(AT_FDCWD, path, mode, 0);
}

EXPORT int fchownat(int folder, const char *path, uid_t uid, gid_t gid, int flags) {
  if (PASSES()) return real.fchownat(folder, path, uid, gid, flags);
  struct place place;
  decide(&place, folder, path, TO_WRITE);
  if (place.where == LOCAL) return real.fchownat(folder, place.path, uid, gid, flags);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  struct call call;
  if (!call_begin(&call, MSG_SET_OWNER)) return -1;
  put_set_owner(&call.out,
                &(struct set_owner_request){text_bytes(place.path), uid, gid, (flags & AT_SYMLINK_NOFOLLOW) == 0});
  return call_finish(&call);
}

EXPORT int chown(const char *path, uid_t uid, gid_t gid) {
  if (PASSES()) return real.chown(path, uid, gid);
  return fchownat(AT_FDCWD, path, uid, gid, 0);
}

EXPORT int lchown(const char *path, uid_t uid, gid_t gid) {
  if (PASSES()) return real.lchown(path, uid, gid);
  return fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

// A time as utimensat(2) takes it. `now` and `before` are for UTIME_NOW and UTIME_OMIT.
static int64_t to_ns(const struct timespec *time, int64_t now, int64_t before) {
  if (time->tv_nsec == UTIME_NOW) return now;
  if (time->tv_nsec == UTIME_OMIT) return before;
  return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

struct times {
  int64_t atime_ns;
  int64_t mtime_ns;
};

static struct times times_of(const struct timespec times[2], const struct stat *before) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t now_ns = to_ns(&now, 0, 0);
  if (times == NULL) return (struct times){now_ns, now_ns};
  return (struct times){to_ns(&times[0], now_ns, to_ns(&before->st_atim, 0, 0)),
                        to_ns(&times[1], now_ns, to_ns(&before->st_mtim, 0, 0))};
}

static bool omits_one(const struct timespec times[2]) {
  return times != NULL && (times[0].tv_nsec == UTIME_OMIT || times[1].tv_nsec == UTIME_OMIT);
}

static int set_times(int fd, const struct entry *entry, const struct timespec times[2]) {
  struct stat before = {0};
  if (omits_one(times) && fstat(fd, &before) < 0) return -1;
  handle_settle(fd);
  struct times wanted = times_of(times, &before);
  struct call call;
  if (!call_begin(&call, MSG_SET_FILE_TIMES)) return -1;
  put_set_file_times(&call.out, &(struct set_file_times_request){entry->handle, wanted.atime_ns, wanted.mtime_ns});
  return call_finish(&call);
}

EXPORT int futimens(int fd, const struct timespec times[2]) {
  const struct entry *entry = PASSES() ? NULL : table_find(fd);
  if (entry == NULL || entry->kind > FOLDER) return real.futimens(fd, times);
  if (entry->kind == COPY || entry->kind == FOLDER) return errno = EPERM, -1; // it would be lost without a word
  return set_times(fd, entry, times);
}

EXPORT int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
  if (PASSES()) return real.utimensat(folder, path, times, flags);
  if (path == NULL) return futimens(folder, times);
  struct place place;
  decide(&place, folder, path, TO_WRITE);
  if (place.where == LOCAL) return real.utimensat(folder, place.path, times, flags);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  struct stat before = {0};
  if (omits_one(times) && fstatat(AT_FDCWD, place.path, &before, flags) < 0) return -1;
  struct times wanted = times_of(times, &before);
  struct call call;
  if (!call_begin(&call, MSG_SET_TIMES)) return -1;
  put_set_times(&call.out, &(struct set_times_request){text_bytes(place.path), wanted.atime_ns, wanted.mtime_ns,
                                                       (flags & AT_SYMLINK_NOFOLLOW) == 0});
  return call_finish(&call);
}

static const struct timespec *from_micro(const struct timeval times[2], struct timespec into[2]) {
  if (times == NULL) return NULL;
  for (int i = 0; i < 2; i++) into[i] = (struct timespec){times[i].tv_sec, times[i].tv_usec * 1000};
  return into;
}

EXPORT int utimes(const char *path, const struct timeval times[2]) {
  if (PASSES()) return real.utimes(path, times);
  struct timespec exact[2];
  return utimensat(AT_FDCWD, path, from_micro(times, exact), 0);
}

EXPORT int lutimes(const char *path, const struct timeval times[2]) {
  if (PASSES()) return real.lutimes(path, times);
  struct timespec exact[2];
  return utimensat(AT_FDCWD, path, from_micro(times, exact), AT_SYMLINK_NOFOLLOW);
}

EXPORT int utime(const char *path, const struct utimbuf *times) {
  if (PASSES()) return real.utime(path, times);
  if (times == NULL) return utimensat(AT_FDCWD, path, NULL, 0);
  struct timespec exact[2] = {{times->actime, 0}, {times->modtime, 0}};
  return utimensat(AT_FDCWD, path, exact, 0);
}

EXPORT int fchmod(int fd, mode_t mode) {
  const struct entry *entry = PASSES() ? NULL : table_find(fd);
  if (entry == NULL || entry->kind > FOLDER) return real.fchmod(fd, mode);
  if (entry->kind == COPY || entry->kind == FOLDER) return errno = EPERM, -1;
  handle_settle(fd);
  struct call call;
  if (!call_begin(&call, MSG_SET_FILE_MODE)) return -1;
  put_set_file_mode(&call.out, &(struct set_file_mode_request){entry->handle, mode});
  return call_finish(&call);
}

EXPORT int fchown(int fd, uid_t uid, gid_t gid) {
  const struct entry *entry = PASSES() ? NULL : table_find(fd);
  if (entry == NULL || entry->kind > FOLDER) return real.fchown(fd, uid, gid);
  if (entry->kind == COPY || entry->kind == FOLDER) return errno = EPERM, -1;
  handle_settle(fd);
  struct call call;
  if (!call_begin(&call, MSG_SET_FILE_OWNER)) return -1;
  put_set_file_owner(&call.out, &(struct set_file_owner_request){entry->handle, uid, gid});
  return call_finish(&call);
}

EXPORT int truncate(const char *path, off_t length) {
  if (PASSES()) return real.truncate(path, length);
  struct place place;
  decide(&place, AT_FDCWD, path, TO_WRITE);
  if (place.where == LOCAL) return real.truncate(place.path, length);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  int fd = open_remote(place.path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  int result = ftruncate(fd, length);
  int number = errno;
  close(fd);
  errno = number;
  return result;
}

ALIAS(truncate) int truncate64(const char *path, off_t length);

// Fills the six places for letters of a template, whose suffix has this length. NULL with errno.
static char *letters_of(char *template, int suffix) {
  size_t length = strlen(template);
  if (suffix < 0 || length < 6 + (size_t)suffix) return errno = EINVAL, NULL;
  char *letters = template + length - 6 - suffix;
  return strncmp(letters, "XXXXXX", 6) == 0 ? letters : (errno = EINVAL, NULL);
}

static int make_temporary(char *template, int suffix, int flags) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  char *letters = letters_of(template, suffix);
  for (int attempt = 0; letters != NULL && attempt < 100; attempt++) {
    unsigned char random[6];
    if (getrandom(random, sizeof random, 0) < 0) return -1;
    for (int i = 0; i < 6; i++) letters[i] = alphabet[random[i] % (sizeof alphabet - 1)];
    int fd = open_anywhere(AT_FDCWD, template, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

static bool is_local_template(const char *template) {
  struct place place;
  decide(&place, AT_FDCWD, template, TO_WRITE);
  return place.where == LOCAL && place.path == template;
}

EXPORT int mkostemps(char *template, int suffix, int flags) {
  if (PASSES() || is_local_template(template)) return real.mkostemps(template, suffix, flags);
  return make_temporary(template, suffix, flags & ~O_ACCMODE);
}

EXPORT int mkstemp(char *template) {
  if (PASSES()) return real.mkstemp(template);
  return mkostemps(template, 0, 0);
}

EXPORT int mkostemp(char *template, int flags) {
  if (PASSES()) return real.mkostemp(template, flags);
  return mkostemps(template, 0, flags);
}

EXPORT int mkstemps(char *template, int suffix) {
  if (PASSES()) return real.mkstemps(template, suffix);
  return mkostemps(template, suffix, 0);
}

ALIAS(mkstemp) int mkstemp64(char *template);
ALIAS(mkostemp) int mkostemp64(char *template, int flags);
ALIAS(mkstemps) int mkstemps64(char *template, int suffix);
ALIAS(mkostemps) int mkostemps64(char *template, int suffix, int flags);

EXPORT char *mkdtemp(char *template) {
  if (PASSES() || is_local_template(template)) return real.mkdtemp(template);
  char *letters = letters_of(template, 0);
  if (letters == NULL) return NULL;
  struct call call;
  if (!call_begin(&call, MSG_MAKE_TEMPORARY_DIRECTORY)) return NULL;
  struct bytes prefix = {template, (size_t)(letters - template)};
  put_make_temporary_directory(&call.out, &(struct make_temporary_directory_request){prefix});
  if (!call_exchange(&call)) return NULL;
  struct make_temporary_directory_reply reply = {0};
  get_make_temporary_directory(&call.in, &reply);
  if (reply.path.length == strlen(template)) memcpy(template, reply.path.at, reply.path.length);
  call_end(&call);
  return template;
}

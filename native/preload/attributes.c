// Extended attributes: the pod's are not read, and a file system without them is what programs get to see.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "layer.h"
#include "policy.h"
#include "table.h"

// 0 for a path of this machine, which `place` then has; -1 with errno.
static int refuse_remote(struct place *place, const char *path) {
  decide(place, AT_FDCWD, path, TO_READ);
  if (place->where == LOCAL) return 0;
  errno = place->where == REMOTE ? ENOTSUP : ENOENT;
  return -1;
}

static bool is_remote_descriptor(int fd) {
  const struct entry *entry = table_find(fd);
  return entry != NULL && entry->kind <= FOLDER;
}

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size) {
  struct place place = {.path = path};
  if (!PASSES() && refuse_remote(&place, path) < 0) return -1;
  return syscall(SYS_getxattr, place.path, name, value, size);
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size) {
  struct place place = {.path = path};
  if (!PASSES() && refuse_remote(&place, path) < 0) return -1;
  return syscall(SYS_lgetxattr, place.path, name, value, size);
}

EXPORT ssize_t fgetxattr(int fd, const char *name, void *value, size_t size) {
  if (!PASSES() && is_remote_descriptor(fd)) return errno = ENOTSUP, -1;
  return syscall(SYS_fgetxattr, fd, name, value, size);
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size) {
  struct place place = {.path = path};
  if (!PASSES() && refuse_remote(&place, path) < 0) return -1;
  return syscall(SYS_listxattr, place.path, list, size);
}

EXPORT ssize_t llistxattr(const char *path, char *list, size_t size) {
  struct place place = {.path = path};
  if (!PASSES() && refuse_remote(&place, path) < 0) return -1;
  return syscall(SYS_llistxattr, place.path, list, size);
}

EXPORT ssize_t flistxattr(int fd, char *list, size_t size) {
  if (!PASSES() && is_remote_descriptor(fd)) return errno = ENOTSUP, -1;
  return syscall(SYS_flistxattr, fd, list, size);
}

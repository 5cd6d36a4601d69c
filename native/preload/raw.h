// The stat family by its system calls: glibc before 2.33 has other names for them, and ours would call ourselves.

#ifndef MIRRORD_RAW_H
#define MIRRORD_RAW_H

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// struct stat is the kernel's own on x86-64 and arm64.
static inline int raw_fstat(int fd, struct stat *stat) {
  return (int)syscall(SYS_fstat, fd, stat);
}

static inline int raw_fstatat(int folder, const char *path, struct stat *stat, int flags) {
  return (int)syscall(SYS_newfstatat, folder, path, stat, flags);
}

static inline int raw_statx(int folder, const char *path, int flags, unsigned mask, struct statx *stat) {
  return (int)syscall(SYS_statx, folder, path, flags, mask, stat);
}

#endif

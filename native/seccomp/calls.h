// The system calls that stop in the supervisor: their names, and which argument is a path that is read along.
// The one list for the filter (launch.c) and for the addon; what each does is in supervisor/.
//
// X(name, the path's argument or -1). Old calls exist on some processors only.

#ifndef MIRRORD_CALLS_H
#define MIRRORD_CALLS_H

#include <linux/audit.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "The supervisor knows x86-64 and arm64."
#endif

#define MODERN_CALLS(X)                                                                                       \
  X(openat, 1) X(openat2, 1) X(newfstatat, 1) X(fstat, -1) X(statx, 1) X(faccessat, 1) X(faccessat2, 1)        \
  X(readlinkat, 1) X(getdents64, -1) X(statfs, 0) X(fstatfs, -1) X(mkdirat, 1) X(unlinkat, 1) X(renameat, 1)   \
  X(renameat2, 1) X(linkat, 1) X(symlinkat, 2) X(fchmodat, 1) X(fchownat, 1) X(truncate, 0) X(utimensat, 1)    \
  X(fchmod, -1) X(fchown, -1) X(ftruncate, -1) X(fsync, -1) X(fdatasync, -1) X(connect, -1) X(bind, -1) X(listen, -1) X(accept, -1) X(accept4, -1)            \
  X(getsockname, -1) X(getpeername, -1) X(sendmsg, -1) X(recvmsg, -1) X(sendmmsg, -1) X(uname, -1)             \
  X(execve, -1) X(execveat, -1) X(getxattr, 0) X(lgetxattr, 0) X(listxattr, 0) X(llistxattr, 0)                \
  X(inotify_add_watch, 1)

#ifdef __x86_64__
#define OLD_CALLS(X)                                                                                          \
  X(open, 0) X(creat, 0) X(stat, 0) X(lstat, 0) X(access, 0) X(readlink, 0) X(mkdir, 0) X(rmdir, 0)            \
  X(unlink, 0) X(rename, 0) X(link, 0) X(symlink, 1) X(chmod, 0) X(chown, 0) X(lchown, 0) X(utimes, 0)         \
  X(utime, 0)
#else
#define OLD_CALLS(X)
#endif

// Only with an address: send() and recv() of a connected socket are these calls, too, and never stop.
#define ADDRESSED_CALLS(X) X(sendto, -1) X(recvfrom, -1)

#endif

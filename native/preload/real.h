// The C library's own functions, behind the interposed ones. The stat family is not here: its names have moved
// between versions of glibc, so stat.c makes the system calls.

#ifndef MIRRORD_REAL_H
#define MIRRORD_REAL_H

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <netdb.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utime.h>

#define ORIGINALS(X) \
  X(open) X(openat) X(creat) X(fopen) X(freopen) X(fdopen) X(fileno) X(close) X(closefrom) X(close_range) \
  X(read) X(pread) X(readv) X(preadv) X(write) X(pwrite) X(writev) X(pwritev) X(lseek) X(ftruncate) X(fsync) \
  X(fdatasync) X(fchmod) X(fchown) X(futimens) X(sendfile) X(copy_file_range) X(splice) X(mmap) X(fcntl) \
  X(fallocate) X(posix_fallocate) X(dup) X(dup2) X(dup3) X(access) X(faccessat) X(readlink) X(readlinkat) \
  X(realpath) X(canonicalize_file_name) \
  X(opendir) X(fdopendir) X(readdir) X(closedir) X(dirfd) X(rewinddir) X(telldir) X(seekdir) X(scandir) X(glob) \
  X(mkdir) X(mkdirat) X(rmdir) X(unlink) X(unlinkat) X(remove) X(rename) X(renameat) X(renameat2) X(link) X(linkat) \
  X(symlink) X(symlinkat) X(chmod) X(fchmodat) X(chown) X(lchown) X(fchownat) X(utimensat) X(utimes) X(lutimes) \
  X(futimesat) X(utime) X(truncate) X(mkstemp) X(mkostemp) X(mkstemps) X(mkostemps) X(mkdtemp) X(statfs) X(fstatfs) \
  X(statvfs) X(fstatvfs) \
  X(getaddrinfo) X(getnameinfo) X(gethostbyname) X(gethostbyname2) X(gethostbyname_r) X(gethostbyname2_r) \
  X(gethostname) X(uname) X(connect) X(bind) X(listen) X(accept) X(accept4) X(getsockname) X(getpeername) \
  X(getsockopt) X(sendto) X(recvfrom) X(send) X(recv) X(sendmsg) X(recvmsg) X(sendmmsg) X(recvmmsg) \
  X(execve) X(execveat) X(fexecve) X(execvp) X(execvpe) X(posix_spawn) X(posix_spawnp)

struct originals {
#define X(name) __typeof__(&name) name;
  ORIGINALS(X)
#undef X
};

extern struct originals real;

// Looks all of them up. One that this C library does not have stays NULL; nobody calls it then.
void real_start(void);

#endif

// System calls of a static program, each printed with its result: the same in the pod and here. The arguments of
// each are in its line; results that are addresses, times of access or numbers of descriptors are left out.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void result(const char *what, const char *path, long value) {
  int number = errno;
  printf("%s %s: ", what, path);
  if (value < 0) printf("%s\n", strerrorname_np(number));
  else printf("%ld\n", value);
}

// 0 or -1: the number of a descriptor is nobody's business.
static int opened(const char *what, const char *path, int fd) {
  result(what, path, fd < 0 ? -1 : 0);
  return fd;
}

static void show_stat(const char *what, const char *path, int failed, const struct stat *s) {
  if (failed) return result(what, path, -1);
  printf("%s %s: %lo %lu %lu %lu %lu %lld %ld %lld %lld.%09ld\n", what, path, (long)s->st_mode, (long)s->st_nlink,
         (long)s->st_uid, (long)s->st_gid, (long)s->st_ino, (long long)s->st_size, (long)s->st_blksize,
         (long long)s->st_blocks, (long long)s->st_mtim.tv_sec, s->st_mtim.tv_nsec);
}

static void show_path(const char *path) {
  struct stat s;
  struct statx x;
  struct statfs f;
  char target[64], small[4];
  show_stat("stat", path, stat(path, &s), &s);
  show_stat("lstat", path, lstat(path, &s), &s);
  show_stat("fstatat", path, fstatat(AT_FDCWD, path, &s, AT_SYMLINK_NOFOLLOW), &s);
  long failed = statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &x);
  result("statx", path, failed ? -1 : (long)x.stx_size);
  result("statfs", path, statfs(path, &f) ? -1 : f.f_type);
  for (int mode = 0; mode < 8; mode++) result("access", path, access(path, mode));
  result("faccessat", path, faccessat(AT_FDCWD, path, R_OK, AT_EACCESS));
  ssize_t length = readlink(path, target, sizeof target);
  result("readlink", path, length);
  if (length > 0) printf("%.*s\n", (int)length, target);
  result("readlink short", path, readlink(path, small, sizeof small));
  result("readlink nowhere", path, readlink(path, (char *)8, 64));
  result("stat nowhere", path, stat(path, (struct stat *)8));
  close(opened("open", path, open(path, O_RDONLY)));
  close(opened("open directory", path, open(path, O_RDONLY | O_DIRECTORY)));
  close(opened("open nofollow", path, open(path, O_RDONLY | O_NOFOLLOW)));
}

static void show_file(const char *path) {
  int fd = opened("open", path, open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) return;
  struct stat s;
  char text[64] = {0}, more[64] = {0};
  result("getfd", path, fcntl(fd, F_GETFD));
  result("getfl", path, fcntl(fd, F_GETFL) & O_ACCMODE);
  show_stat("fstat", path, fstat(fd, &s), &s);
  show_stat("fstatat empty", path, fstatat(fd, "", &s, AT_EMPTY_PATH), &s);
  result("read", path, read(fd, text, 5));
  result("pread", path, pread(fd, text + 5, 5, 3));
  struct iovec parts[2] = {{text + 10, 3}, {text + 13, 4}};
  result("readv", path, readv(fd, parts, 2));
  result("lseek", path, lseek(fd, 0, SEEK_CUR));
  result("lseek end", path, lseek(fd, 0, SEEK_END));
  result("read at end", path, read(fd, text, 5));
  result("lseek before", path, lseek(fd, -100000000, SEEK_SET));
  result("write", path, write(fd, "x", 1));
  result("ftruncate", path, ftruncate(fd, 0));
  result("getdents", path, syscall(__NR_getdents64, fd, more, sizeof more));
  printf("%.17s\n", text);
  void *memory = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED, fd, 0);
  result("mmap", path, memory == MAP_FAILED ? -1 : 0);
  if (memory != MAP_FAILED) printf("%.10s\n", (char *)memory);
  memory = mmap(NULL, (size_t)s.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  result("mmap to write", path, memory == MAP_FAILED ? -1 : 0);
  int other = dup(fd), pipes[2];
  result("lseek", path, lseek(other, 2, SEEK_SET));
  result("read of both", path, read(fd, text, 1));
  result("pipe", path, pipe(pipes));
  off_t from = 1;
  result("sendfile", path, sendfile(pipes[1], fd, &from, 9));
  result("read", path, read(pipes[0], text, sizeof text));
  close(other);
  result("close", path, close(fd));
  result("close again", path, close(fd));
  pid_t child = fork();
  if (child == 0) {
    fd = open(path, O_RDONLY);
    _exit(read(fd, text, 7));
  }
  int status = 0;
  waitpid(child, &status, 0);
  result("in a child", path, WEXITSTATUS(status));
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void show_folder(const char *path) {
  int fd = opened("open folder", path, open(path, O_RDONLY | O_DIRECTORY));
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL) return;
  for (int round = 0; round < 2; round++) {
    char *names[1000];
    size_t count = 0;
    for (struct dirent *entry; count < 1000 && (entry = readdir(folder)) != NULL; count++)
      if (asprintf(&names[count], "%s %d", entry->d_name, entry->d_type) < 0) abort();
    qsort(names, count, sizeof *names, by_name);
    for (size_t i = 0; i < count; i++) printf("entry %s %s\n", path, names[i]);
    rewinddir(folder);
  }
  char few[8];
  result("getdents of too few", path, syscall(__NR_getdents64, fd, few, sizeof few));
  struct stat s;
  show_stat("fstat", path, fstat(fd, &s), &s);
  result("openat nothing", path, openat(fd, "nothing", O_RDONLY) < 0 ? -1 : 0);
  result("faccessat nothing", path, faccessat(fd, "nothing", F_OK, 0));
  show_stat("fstatat note.txt", path, fstatat(fd, "note.txt", &s, 0), &s);
  close(opened("openat note.txt", path, openat(fd, "note.txt", O_RDONLY)));
  close(opened("openat ../config/app.json", path, openat(fd, "../config/app.json", O_RDONLY)));
  closedir(folder);
}

static int connected(const char *host, int port, int flags) {
  int fd = socket(AF_INET, SOCK_STREAM | flags, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  inet_pton(AF_INET, host, &to.sin_addr);
  int failed = connect(fd, (struct sockaddr *)&to, sizeof to);
  if (failed && errno == EINPROGRESS) {
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    poll(&ready, 1, 20000);
    socklen_t length = sizeof errno;
    int error = 0;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    failed = error == 0 ? 0 : -1;
    errno = error;
  }
  result("connect", host, failed);
  return fd;
}

static void show_network(const char *service) {
  struct addrinfo *found = NULL, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  result("getaddrinfo", service, getaddrinfo(service, "80", &hints, &found));
  if (found == NULL) return;
  char host[64], text[4096];
  getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST);
  for (int flags = 0; flags <= SOCK_NONBLOCK; flags += SOCK_NONBLOCK) {
    int fd = connected(host, 80, flags);
    struct sockaddr_in peer, own;
    socklen_t length = sizeof peer;
    result("getpeername", host, getpeername(fd, (struct sockaddr *)&peer, &length));
    printf("%s %d\n", inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text), ntohs(peer.sin_port));
    length = sizeof own;
    result("getsockname", host, getsockname(fd, (struct sockaddr *)&own, &length));
    printf("%s %d\n", inet_ntop(AF_INET, &own.sin_addr, text, sizeof text), (int)length);
    length = 4;
    result("getpeername short", host, getpeername(fd, (struct sockaddr *)text, &length));
    printf("%d\n", (int)length);
    result("connect again", host, connect(fd, (struct sockaddr *)&peer, sizeof peer));
    static const char request[] = "GET / HTTP/1.0\r\nHost: prices\r\n\r\n";
    result("send", host, send(fd, request, sizeof request - 1, 0));
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    poll(&ready, 1, 10000);
    ssize_t count = recv(fd, text, 12, 0);
    result("recv", host, count);
    printf("%.12s\n", text);
    close(fd);
  }
  int fd = connected("127.0.0.1", 7071, 0);
  result("getpeername", "refused", getpeername(fd, (struct sockaddr *)text, &(socklen_t){64}));
  close(fd);
  close(connected("127.0.0.1", 7071, SOCK_NONBLOCK));
  result("connect nowhere", "", connect(0, (struct sockaddr *)8, 16));
}

int main(int argc, char **argv) {
  (void)argc;
  setvbuf(stdout, NULL, _IOLBF, 0);
  static const char *const paths[] = {"/data", "/data/", "/data/note.txt", "/data/link", "/data/link/", "/data/nothing",
                                      "/data/note.txt/x", "/data/./note.txt", "/data/../data/dir", "/data/dir/../note.txt",
                                      "/config", "/config/app.json", "/config/..data", "/config/..data/greeting.txt"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) show_path(paths[i]);
  show_file("/data/note.txt");
  show_file("/data/link");
  show_file("/data/big.bin");
  show_folder("/data");
  show_folder("/config");
  show_folder("/data/nothing");
  struct utsname name;
  result("uname", name.nodename, uname(&name));
  show_network(argv[1]);
  return 0;
}

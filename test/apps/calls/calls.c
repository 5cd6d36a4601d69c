// Looks at a pod with the calls of the C library and prints what they gave: a line for each, its result, errno and
// what it filled in. Run inside the pod and on this machine through mirrord, it has to print the same.
//   calls               looks at files, names and connections
//   calls FOLDER        makes and removes that folder, and what it needs in it

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static char filled[65536];

// Prints a call's result, with errno where it failed, and what is in `filled`.
static void show(const char *name, long result) {
  int number = errno;
  printf("%s: %ld", name, result);
  if (result < 0) printf(" %s", strerrorname_np(number));
  if (filled[0] != '\0') printf(" [%s]", filled);
  puts("");
  filled[0] = '\0';
  errno = 0;
}

#define SHOW(call) show(#call, (long)(call))
// A call whose value is a descriptor, of which only whether there is one is the same everywhere.
#define SHOW_FD(call) show(#call, (call) < 0 ? -1 : 0)

static int last;
static int keep(int fd) {
  return last = fd;
}

static void note_stat(const struct stat *stat) {
  sprintf(filled, "mode %o links %lu uid %u gid %u size %ld mtime %ld.%09ld ino %lu", stat->st_mode,
          (unsigned long)stat->st_nlink, stat->st_uid, stat->st_gid, (long)stat->st_size, (long)stat->st_mtim.tv_sec,
          stat->st_mtim.tv_nsec, (unsigned long)stat->st_ino);
}

static int stat_of(int (*look)(const char *, struct stat *), const char *path) {
  struct stat found;
  int result = look(path, &found);
  if (result == 0) note_stat(&found);
  return result;
}

static int fstat_of(int fd) {
  struct stat found;
  int result = fstat(fd, &found);
  if (result == 0) note_stat(&found);
  return result;
}

static int statx_of(const char *path, int flags) {
  struct statx found;
  int result = statx(AT_FDCWD, path, flags, STATX_BASIC_STATS, &found);
  if (result == 0)
    sprintf(filled, "mode %o size %llu mtime %lld ino %llu", found.stx_mode, found.stx_size, found.stx_mtime.tv_sec,
            found.stx_ino);
  return result;
}

static long read_of(int fd, size_t length) {
  ssize_t count = read(fd, filled, length);
  if (count >= 0) filled[count] = '\0';
  return count;
}

static long pread_of(int fd, size_t length, off_t at) {
  ssize_t count = pread(fd, filled, length, at);
  if (count >= 0) filled[count] = '\0';
  return count;
}

static long sum_of(int fd) {
  unsigned sum = 0;
  long total = 0;
  static unsigned char block[70001];
  for (ssize_t count; (count = read(fd, block, sizeof block)) > 0; total += count) {
    for (ssize_t i = 0; i < count; i++) sum = sum * 31 + block[i];
  }
  sprintf(filled, "sum %u", sum);
  return total;
}

static int compare(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

// The entries in order, since a folder has none.
static int list_of(DIR *directory) {
  char *names[256];
  int count = 0;
  struct dirent *entry;
  if (directory == NULL) return -1;
  while ((entry = readdir(directory)) != NULL && count < 256) {
    const char *type = entry->d_type == DT_DIR ? "/" : entry->d_type == DT_LNK ? "@" : "";
    names[count] = malloc(300);
    sprintf(names[count++], "%s%s", entry->d_name, type);
  }
  qsort(names, (size_t)count, sizeof *names, compare);
  for (int i = 0; i < count; i++) strcat(strcat(filled, names[i]), " ");
  closedir(directory);
  return count;
}

static int scan_of(const char *path) {
  struct dirent **list;
  int count = scandir(path, &list, NULL, alphasort);
  for (int i = 0; i < count; i++) strcat(strcat(filled, list[i]->d_name), " ");
  return count;
}

static int glob_of(const char *pattern) {
  glob_t found = {0};
  int result = glob(pattern, 0, NULL, &found);
  for (size_t i = 0; i < found.gl_pathc; i++) strcat(strcat(filled, found.gl_pathv[i]), " ");
  globfree(&found);
  return result;
}

static long link_of(const char *path) {
  ssize_t count = readlink(path, filled, 200);
  if (count >= 0) filled[count] = '\0';
  return count;
}

static int real_of(const char *path) {
  char found[PATH_MAX];
  if (realpath(path, found) == NULL) return -1;
  strcpy(filled, found);
  return 0;
}

static int lines_of(const char *path) {
  FILE *stream = fopen(path, "r");
  char line[256];
  int count = 0;
  if (stream == NULL) return -1;
  while (fgets(line, sizeof line, stream) != NULL) count++;
  rewind(stream);
  if (fgets(line, sizeof line, stream) != NULL) strcpy(filled, strtok(line, "\n"));
  fclose(stream);
  return count;
}

static int map_of(const char *path) {
  int fd = open(path, O_RDONLY);
  struct stat found;
  if (fd < 0 || fstat(fd, &found) < 0) return -1;
  char *bytes = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (bytes == MAP_FAILED) return -1;
  unsigned sum = 0;
  for (off_t i = 0; i < found.st_size; i++) sum = sum * 31 + (unsigned char)bytes[i];
  sprintf(filled, "sum %u", sum);
  munmap(bytes, (size_t)found.st_size);
  return close(fd);
}

static long send_of(const char *path) {
  int fd = open(path, O_RDONLY), pair[2];
  if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) return -1;
  long count = sendfile(pair[0], fd, NULL, 1000);
  if (count > 0 && read(pair[1], filled, (size_t)count) == count) filled[count] = '\0';
  close(pair[0]), close(pair[1]), close(fd);
  return count;
}

static int below(const char *folder, const char *name) {
  int fd = open(folder, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return -1;
  int file = openat(fd, name, O_RDONLY);
  if (file >= 0) read_of(file, 100);
  close(fd);
  return file < 0 ? -1 : close(file);
}

static int in_child(const char *path) {
  int fd = open(path, O_RDONLY);
  pid_t child = fork();
  if (child == 0) _exit(read(fd, filled, 5) == 5 && open(path, O_RDONLY) >= 0 ? 0 : 1);
  int status;
  waitpid(child, &status, 0);
  read_of(fd, 100); // behind what the child has read
  close(fd);
  return status;
}

static void look(void) {
  struct utsname name;
  SHOW_FD(keep(open("/config/greeting.txt", O_RDONLY)));
  SHOW(fstat_of(last));
  SHOW(read_of(last, 5));
  SHOW(lseek(last, 0, SEEK_CUR));
  SHOW(lseek(last, -4, SEEK_END));
  SHOW(read_of(last, 100));
  SHOW(read_of(last, 100));
  SHOW(pread_of(last, 3, 2));
  SHOW(write(last, "x", 1));
  SHOW(ftruncate(last, 0));
  SHOW(fcntl(last, F_GETFL) & O_ACCMODE);
  SHOW(close(last));
  SHOW(close(last));
  SHOW_FD(open("/config/nothing", O_RDONLY));
  SHOW_FD(open("/config/greeting.txt/x", O_RDONLY));
  SHOW_FD(keep(open("/config", O_RDONLY)));
  SHOW(read_of(last, 10));
  SHOW(close(last));
  SHOW_FD(keep(open("/data/big.bin", O_RDONLY)));
  SHOW(fstat_of(last));
  SHOW(sum_of(last));
  SHOW(lseek(last, 0, SEEK_END));
  SHOW(lseek(last, 1000, SEEK_SET));
  SHOW(sum_of(last));
  SHOW(close(last));
  SHOW(map_of("/data/big.bin"));
  SHOW(map_of("/config/app.json"));
  SHOW(send_of("/config/greeting.txt"));
  SHOW(stat_of(stat, "/config/greeting.txt"));
  SHOW(stat_of(lstat, "/config/greeting.txt"));
  SHOW(stat_of(stat, "/config"));
  SHOW(stat_of(stat, "/config/nothing"));
  SHOW(stat_of(stat, "/data/../config/app.json"));
  SHOW(stat_of(stat, "//config//./app.json"));
  SHOW(stat_of(stat, "/config/app.json/"));
  SHOW(statx_of("/config/app.json", 0));
  SHOW(statx_of("/config/app.json", AT_SYMLINK_NOFOLLOW));
  SHOW(access("/config/app.json", R_OK));
  SHOW(access("/config/app.json", X_OK));
  SHOW(access("/config/nothing", F_OK));
  SHOW(faccessat(AT_FDCWD, "/config", X_OK, 0));
  SHOW(link_of("/config/app.json"));
  SHOW(link_of("/config/..data/app.json"));
  SHOW(link_of("/config/nothing"));
  SHOW(real_of("/config/../config/./app.json"));
  SHOW(real_of("/config/nothing"));
  SHOW(list_of(opendir("/config")));
  SHOW(list_of(opendir("/config/nothing")));
  SHOW(list_of(opendir("/config/app.json")));
  SHOW(list_of(fdopendir(open("/config", O_RDONLY | O_DIRECTORY))));
  SHOW(scan_of("/config"));
  SHOW(scan_of("/config/nothing"));
  SHOW(glob_of("/config/*.txt"));
  SHOW(glob_of("/config/nothing*"));
  SHOW(lines_of("/config/app.json"));
  SHOW(lines_of("/config/nothing"));
  SHOW(below("/config", "app.json"));
  SHOW(below("/config", "nothing"));
  SHOW(in_child("/config/greeting.txt"));
  SHOW(uname(&name) == 0 && gethostname(filled, 200) == 0 && strcmp(filled, name.nodename) == 0 ? 0 : -1);
}

static int resolve(const char *name, const char *service, int family, int flags) {
  struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = flags}, *found;
  int result = getaddrinfo(name, service, &hints, &found);
  if (result != 0) return -result; // the EAI_ numbers are negative, and errno means nothing
  for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
    char host[100], port[20];
    getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    strcat(strcat(strcat(strcat(filled, host), " "), port), " ");
  }
  freeaddrinfo(found);
  return 0;
}

static struct sockaddr_in service(const char *name, uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct hostent *host = gethostbyname(name);
  if (host != NULL) memcpy(&address.sin_addr, host->h_addr_list[0], sizeof address.sin_addr);
  return address;
}

static int ask(int fd) {
  static const char request[] = "GET / HTTP/1.0\r\n\r\n";
  if (send(fd, request, sizeof request - 1, 0) < 0) return -1;
  read_of(fd, 15);
  return 0;
}

static int connect_to(struct sockaddr_in address, int type, int wait) {
  int fd = socket(AF_INET, SOCK_STREAM | type, 0);
  int result = connect(fd, (struct sockaddr *)&address, sizeof address);
  if (result < 0 && errno == EINPROGRESS && wait == 1) {
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    poll(&one, 1, 5000);
  } else if (result < 0 && errno == EINPROGRESS && wait == 2) {
    struct epoll_event event = {.events = EPOLLOUT | EPOLLIN | EPOLLET};
    int set = epoll_create1(0);
    epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
    epoll_wait(set, &event, 1, 5000);
    close(set);
  } else if (result < 0 && errno == EINPROGRESS) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    struct timeval limit = {5, 0};
    select(fd + 1, NULL, &set, NULL, &limit);
  }
  if (type != 0) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    result = error == 0 ? 0 : (errno = error, -1);
    fcntl(fd, F_SETFL, 0);
  }
  if (result == 0) {
    struct sockaddr_in peer = {0};
    socklen_t length = sizeof peer;
    getpeername(fd, (struct sockaddr *)&peer, &length);
    ask(fd);
    sprintf(filled + strlen(filled), " %s:%d", inet_ntoa(peer.sin_addr), ntohs(peer.sin_port));
  }
  int number = errno;
  close(fd);
  errno = number;
  return result;
}

static void reach(void) {
  SHOW(resolve("prices", "80", AF_UNSPEC, 0));
  SHOW(resolve("prices", "80", AF_INET, 0));
  SHOW(resolve("prices", NULL, AF_INET6, 0));
  SHOW(resolve("nothing.invalid", "80", AF_UNSPEC, 0));
  SHOW(resolve("10.1.2.3", "80", AF_UNSPEC, 0));
  SHOW(resolve("prices", "no-such-service", AF_UNSPEC, 0));
  SHOW(resolve("prices", "80", AF_UNSPEC, AI_NUMERICHOST));
  SHOW(resolve("localhost", "80", AF_INET, 0));
  SHOW(gethostbyname("nothing.invalid") == NULL ? h_errno : 0);
  SHOW(connect_to(service("prices", 80), 0, 0));
  SHOW(connect_to(service("prices", 80), SOCK_NONBLOCK, 1));
  SHOW(connect_to(service("prices", 80), SOCK_NONBLOCK, 2));
  SHOW(connect_to(service("prices", 80), SOCK_NONBLOCK, 3));
  SHOW(connect_to(service("localhost", 8080), 0, 0));
  SHOW(connect_to(service("localhost", 1), 0, 0));
  SHOW(connect_to(service("localhost", 1), SOCK_NONBLOCK, 1));
  SHOW(connect_to(service("localhost", 1), SOCK_NONBLOCK, 2));
  SHOW(connect_to(service("localhost", 1), SOCK_NONBLOCK, 3));
}

static int write_stream(const char *path) {
  FILE *stream = fopen(path, "w+");
  if (stream == NULL) return -1;
  fprintf(stream, "one two three\n");
  fseek(stream, 4, SEEK_SET);
  fputs("TWO", stream);
  rewind(stream);
  if (fgets(filled, 100, stream) != NULL) strtok(filled, "\n");
  return ftruncate(fileno(stream), 3) < 0 ? -1 : fclose(stream);
}

static int through_child(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = fork();
  if (child == 0) {
    dup2(fd, 1);
    execl("/bin/sh", "sh", "-c", "echo from; echo the child", (char *)NULL);
    _exit(127);
  }
  int status;
  waitpid(child, &status, 0);
  if (write(fd, "and me\n", 7) < 0) return -1;
  close(fd);
  fd = open(path, O_RDONLY);
  read_of(fd, 100);
  for (char *at = filled; *at != '\0'; at++) {
    if (*at == '\n') *at = '|';
  }
  close(fd);
  return status;
}

// Stat of what was made, without its times and number.
static int made(const char *path) {
  struct stat found;
  int result = lstat(path, &found);
  if (result == 0) sprintf(filled, "mode %o links %lu size %ld", found.st_mode, (unsigned long)found.st_nlink, (long)found.st_size);
  return result;
}

static void change(const char *folder) {
  if (chdir("/") < 0 || mkdir(folder, 0755) < 0) return show("mkdir", -1);
  char a[200], b[200], c[200], d[200], template[200];
  sprintf(a, "%s/a", folder), sprintf(b, "%s/b", folder), sprintf(c, "%s/c", folder), sprintf(d, "%s/d", folder);
  struct timespec times[2] = {{1000000000, 5}, {1500000000, 123456000}};
  struct iovec parts[] = {{"ab", 2}, {"cde", 3}};
  umask(022);
  SHOW(mkdir(folder, 0755));
  SHOW_FD(keep(open(a, O_RDWR | O_CREAT | O_EXCL, 0666)));
  SHOW_FD(open(a, O_RDWR | O_CREAT | O_EXCL, 0666));
  SHOW(write(last, "hello world", 11));
  SHOW(pwrite(last, "W", 1, 6));
  SHOW(lseek(last, 0, SEEK_CUR));
  SHOW(lseek(last, 0, SEEK_SET));
  SHOW(read_of(last, 100));
  SHOW(writev(last, parts, 2));
  SHOW(ftruncate(last, 14));
  SHOW(fsync(last));
  SHOW(fdatasync(last));
  SHOW(fchmod(last, 0640));
  SHOW(futimens(last, times));
  SHOW(fstat_of(last) < 0 ? -1 : (filled[0] = '\0', 0));
  SHOW(fcntl(last, F_GETFL) & O_ACCMODE);
  SHOW(dup2(last, 50) == 50 ? write(50, "!", 1) : -1);
  SHOW(close(50));
  SHOW(lseek(last, 0, SEEK_END));
  SHOW(close(last));
  SHOW(made(a));
  SHOW_FD(keep(open(a, O_WRONLY | O_APPEND)));
  SHOW(write(last, "+", 1));
  SHOW(read(last, filled, 1));
  SHOW(close(last));
  SHOW(made(a));
  SHOW(link(a, b));
  SHOW(link(a, b));
  SHOW(symlink("a", c));
  SHOW(link_of(c));
  SHOW(made(b));
  SHOW(rename(b, d));
  SHOW(made(b));
  SHOW(chmod(d, 0600));
  SHOW(utimensat(AT_FDCWD, d, times, 0));
  SHOW(truncate(d, 2));
  SHOW(made(d));
  SHOW(unlink(d));
  SHOW(unlink(d));
  SHOW(rmdir(a));
  SHOW(unlink(folder));
  SHOW(rmdir(folder));
  SHOW(write_stream(b));
  SHOW(made(b));
  SHOW(through_child(d));
  sprintf(template, "%s/tXXXXXX", folder);
  SHOW_FD(keep(mkstemp(template)));
  SHOW(close(last));
  SHOW(made(template));
  SHOW(unlink(template));
  sprintf(template, "%s/XXXXXX", folder);
  SHOW(mkdtemp(template) == NULL ? -1 : 0);
  SHOW(rmdir(template));
  SHOW(scan_of(folder));
  SHOW(unlink(a) | unlink(b) | unlink(c) | unlink(d));
  SHOW(rmdir(folder));
  SHOW(rmdir(folder));
}

int main(int count, char **arguments) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count > 1 && arguments[1][0] == '/') {
    change(arguments[1]);
    return 0;
  }
  look();
  reach();
  return 0;
}

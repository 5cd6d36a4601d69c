// mirrord-seccomp-launch SOCKET PROGRAM ARGV0 [ARGUMENTS...]
//
// Starts a program under the session's supervisor. SOCKET is `supervisor` in the session's folder. This process
// installs a filter that lets the calls of calls.h stop until the supervisor answers them, tells the supervisor
// its pid and the number of the filter's descriptor (which the supervisor takes by pidfd_getfd: so sendmsg can be
// among the calls that stop), waits for its word, and becomes PROGRAM. Children inherit the filter.
//
// What it says: "PID DESCRIPTOR PROGRAM\0"; or with the negative errno of what failed in place of DESCRIPTOR.
// What it hears: "ok", or nothing when it must not start; the reason is told by the supervisor then.
//
// Linked statically: a preload of the environment must not act here.

#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"

// linux/seccomp.h of 5.19: once the supervisor has a call, only a signal that kills ends its waiting. Else a
// signal would make the call again, and mkdir find its own folder.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static void fail(const char *what, const char *why) {
  fprintf(stderr, "mirrord: %s: %s. [SUPERVISOR_FAILED]\n", what, why);
  _exit(126);
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  return connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? -1 : fd;
}

// Where Yama is (Ubuntu), only an ancestor, or a process that is named, may read this one's memory.
static void let_supervisor_read(int supervisor) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(supervisor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0) prctl(PR_SET_PTRACER, peer.pid, 0, 0, 0);
}

#define INSTRUCTION(...) (program[count] = (struct sock_filter)__VA_ARGS__, count++)
#define OFFSET(field) (unsigned)offsetof(struct seccomp_data, field)

// The program: other processors' calls → allow; io_uring → refuse; a call with an address → check; any other of
// the list → notify; allow | check: an address? → notify, else allow | notify | allow | refuse. Jumps go forward only.
static int install_filter(void) {
  static const unsigned notified[] = {
#define NUMBER(name, path) __NR_##name,
      MODERN_CALLS(NUMBER) OLD_CALLS(NUMBER)};
  static const unsigned addressed[] = {ADDRESSED_CALLS(NUMBER)};
#undef NUMBER
  enum { plain = sizeof notified / sizeof *notified, with_address = sizeof addressed / sizeof *addressed };
  enum { head = 5, check = head + with_address + plain + 1, notify = check + 4, allow, refuse, total };
  struct sock_filter program[total];
  int count = 0;
#define TO(target) (unsigned char)((target) - count - 1)
  INSTRUCTION(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(arch)));
  INSTRUCTION(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 0, TO(allow)));
  INSTRUCTION(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(nr)));
  INSTRUCTION(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, TO(allow), 0)); // the x32 calls
  // What goes through a ring is seen by no filter; programs do without where there is none.
  INSTRUCTION(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, TO(refuse), 0));
  for (int i = 0; i < with_address; i++) INSTRUCTION(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, addressed[i], TO(check), 0));
  for (int i = 0; i < plain; i++) INSTRUCTION(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, notified[i], TO(notify), 0));
  INSTRUCTION(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  INSTRUCTION(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(args[4])));
  INSTRUCTION(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, TO(notify)));
  INSTRUCTION(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(args[4]) + 4));
  INSTRUCTION(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, TO(allow), TO(notify)));
  INSTRUCTION(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  INSTRUCTION(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  INSTRUCTION(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
#undef TO
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
  struct sock_fprog filter = {.len = (unsigned short)count, .filter = program};
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  long fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  if (fd < 0 && errno == EINVAL)
    fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
  return (int)fd;
}

// True when the supervisor has taken the filter's descriptor and answers from now on.
static int handed_over(int supervisor, int listener, const char *program) {
  char text[8192], answer[2];
  int length = snprintf(text, sizeof text, "%d %d %s", getpid(), listener, program);
  if (length < 0 || (size_t)length >= sizeof text) return 0;
  if (write(supervisor, text, (size_t)length + 1) != length + 1) return 0;
  size_t heard = 0;
  while (heard < sizeof answer) {
    ssize_t more = read(supervisor, answer + heard, sizeof answer - heard);
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) return 0;
    heard += (size_t)more;
  }
  return memcmp(answer, "ok", 2) == 0;
}

int main(int argc, char **argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: %s SOCKET PROGRAM ARGV0 [ARGUMENTS...]\n", argv[0]);
    return 126;
  }
  int supervisor = connect_to(argv[1]);
  if (supervisor < 0) fail("The session cannot be reached", strerror(errno));
  let_supervisor_read(supervisor);
  int listener = install_filter();
  // EBUSY: a parent is supervised, and so are we.
  if (listener >= 0 || errno != EBUSY) {
    if (!handed_over(supervisor, listener < 0 ? -errno : listener, argv[2])) return 126;
    close(listener);
  }
  close(supervisor);
  execvp(argv[2], argv + 3);
  fail(argv[2], strerror(errno));
}

#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "errors.h"
#include "layer.h"
#include "raw.h"
#include "real.h"
#include "settings.h"

// Two paths of PATH_MAX and what is around them.
#define OUT_BYTES 16384
// An answer of the usual size, 128,000 bytes of a file, is received here; a longer one gets pages of its own.
#define IN_BYTES (192 * 1024)
// Threads that call at once and keep their connection for the next call; others connect anew.
#define IDLE_CONNECTIONS 8
// Descriptors of the layer begin here, or lower where the process may not have so many.
#define HIDDEN_FROM 900

struct connection {
  int fd;
  pid_t pid;
  // Of the socket: a program that closes all descriptors, and opens others, must not get our bytes in them.
  ino_t inode;
  char *large;
  size_t large_bytes;
  char out[OUT_BYTES];
  char in[IN_BYTES];
};

static _Atomic(struct connection *) idle[IDLE_CONNECTIONS];
static atomic_bool told;

static void say_lost(void) {
  if (atomic_exchange(&told, true)) return;
  say("The session has ended, so nothing of the pod can be reached from here on. [SESSION_LOST]\n"
      "         Start the program again to get a new session.");
}

int hide_descriptor(int fd) {
  int hidden = real.fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FROM);
  struct rlimit limit;
  if (hidden < 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0) hidden = real.fcntl(fd, F_DUPFD_CLOEXEC, limit.rlim_cur / 2);
  if (hidden < 0) return fd;
  real.close(fd);
  return hidden;
}

static int connect_to_proxy(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", layer.folder);
  if (length < 0 || (size_t)length >= sizeof address.sun_path) return -1;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  while (real.connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    if (errno == EINTR) continue;
    real.close(fd);
    return -1;
  }
  return hide_descriptor(fd);
}

static void put_header(char *to, size_t payload, uint8_t kind, uint16_t message) {
  struct writer header = {to, to + FRAME_HEADER_BYTES, false};
  put_u32(&header, (uint32_t)payload);
  put_u32(&header, 1); // the channel: a connection has one call at a time
  put_u8(&header, kind);
  put_u8(&header, 0);
  put_u16(&header, message);
  memset(header.at, 0, (size_t)(header.end - header.at));
}

static bool send_all(int fd, struct iovec *parts, size_t count) {
  while (count > 0) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    ssize_t sent = real.sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    for (; count > 0 && (size_t)sent >= parts->iov_len; parts++, count--) sent -= (ssize_t)parts->iov_len;
    if (count == 0) return true;
    parts->iov_base = (char *)parts->iov_base + sent;
    parts->iov_len -= (size_t)sent;
  }
  return true;
}

// Receives `wanted` bytes at least and `room` at most; returns how many, or 0 for the end.
static size_t receive(int fd, char *to, size_t wanted, size_t room) {
  size_t have = 0;
  while (have < wanted) {
    ssize_t count = real.recv(fd, to + have, room - have, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return 0;
    have += (size_t)count;
  }
  return have;
}

static bool say_hello(struct connection *connection) {
  const struct settings *session = settings();
  if (session == NULL) return false;
  struct writer out = {connection->out + FRAME_HEADER_BYTES, connection->out + OUT_BYTES, false};
  put_hello(&out, &(struct hello_request){PROTOCOL_MAJOR, PROTOCOL_MINOR, text_bytes("layer"),
                                          text_bytes(MIRRORD_VERSION), text_bytes(session->token), 0});
  size_t length = (size_t)(out.at - connection->out);
  put_header(connection->out, length - FRAME_HEADER_BYTES, KIND_HELLO, MSG_HELLO);
  struct iovec part = {connection->out, length};
  return send_all(connection->fd, &part, 1);
}

static void drop(struct connection *connection) {
  if (connection->large != NULL) munmap(connection->large, connection->large_bytes);
  if (connection->fd >= 0) real.close(connection->fd);
  munmap(connection, sizeof *connection);
}

static struct connection *open_connection(void) {
  // Not from malloc: a signal handler may be calling. Untouched pages cost nothing.
  struct connection *made =
      real.mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (made == MAP_FAILED) return NULL;
  made->pid = getpid();
  made->fd = connect_to_proxy();
  struct stat stat;
  if (made->fd < 0 || raw_fstat(made->fd, &stat) < 0 || !say_hello(made)) {
    drop(made);
    return NULL;
  }
  made->inode = stat.st_ino;
  return made;
}

static bool is_intact(const struct connection *connection) {
  struct stat stat;
  return raw_fstat(connection->fd, &stat) == 0 && S_ISSOCK(stat.st_mode) && stat.st_ino == connection->inode;
}

static struct connection *take(void) {
  // A child of vfork borrows our memory: it leaves our connections alone, and has one for each call.
  for (int i = 0; i < IDLE_CONNECTIONS && getpid() == layer.pid; i++) {
    struct connection *found = atomic_exchange(&idle[i], NULL);
    if (found == NULL) continue;
    if (found->pid == layer.pid && is_intact(found)) return found;
    found->fd = -1; // closed, by somebody who closed all
    drop(found);
  }
  return open_connection();
}

static void give_back(struct connection *connection) {
  if (connection->large != NULL) {
    munmap(connection->large, connection->large_bytes);
    connection->large = NULL;
  }
  for (int i = 0; i < IDLE_CONNECTIONS && connection->pid == layer.pid; i++) {
    struct connection *none = NULL;
    if (atomic_compare_exchange_strong(&idle[i], &none, connection)) return;
  }
  drop(connection);
}

void client_forget(void) {
  for (int i = 0; i < IDLE_CONNECTIONS; i++) {
    struct connection *parents = atomic_exchange(&idle[i], NULL);
    if (parents != NULL) drop(parents);
  }
}

bool client_owns(int fd) {
  for (int i = 0; i < IDLE_CONNECTIONS; i++) {
    struct connection *found = atomic_load(&idle[i]);
    if (found != NULL && found->fd == fd && found->pid == layer.pid) return is_intact(found);
  }
  return false;
}

bool call_begin(struct call *call, uint16_t message) {
  call->connection = take();
  call->message = message;
  if (call->connection == NULL) {
    say_lost();
    errno = EIO;
    return false;
  }
  char *out = call->connection->out;
  call->out = (struct writer){out + FRAME_HEADER_BYTES, out + OUT_BYTES, false};
  return true;
}

static bool end_lost(struct call *call) {
  drop(call->connection);
  say_lost();
  errno = EIO;
  return false;
}

// Reads the answer: its kind, and the payload for call->in. 0 when there is none.
static uint8_t read_answer(struct call *call) {
  struct connection *connection = call->connection;
  size_t have = receive(connection->fd, connection->in, FRAME_HEADER_BYTES, IN_BYTES);
  if (have == 0) return 0;
  struct reader header = {connection->in, connection->in + FRAME_HEADER_BYTES, false};
  size_t length = get_u32(&header);
  get_u32(&header);
  uint8_t kind = get_u8(&header);
  if (length > MAX_PAYLOAD_BYTES) return 0;
  char *payload = connection->in + FRAME_HEADER_BYTES;
  have -= FRAME_HEADER_BYTES;
  if (length > IN_BYTES - FRAME_HEADER_BYTES) {
    char *pages = real.mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return 0;
    connection->large = memcpy(pages, payload, have);
    connection->large_bytes = length;
    payload = pages;
  }
  if (have < length && receive(connection->fd, payload + have, length - have, length - have) == 0) return 0;
  call->in = (struct reader){payload, payload + length, false};
  return kind;
}

bool call_exchange_with(struct call *call, struct bytes last) {
  struct connection *connection = call->connection;
  if (call->out.failed) { // two paths that together are longer than any
    give_back(connection);
    errno = ENAMETOOLONG;
    return false;
  }
  size_t length = (size_t)(call->out.at - connection->out);
  put_header(connection->out, length - FRAME_HEADER_BYTES + last.length, KIND_REQUEST, call->message);
  struct iovec parts[] = {{connection->out, length}, {(void *)last.at, last.length}};
  if (!send_all(connection->fd, parts, last.length > 0 ? 2 : 1)) return end_lost(call);
  uint8_t kind = read_answer(call);
  if (kind == KIND_REPLY) return true;
  if (kind != KIND_FAILURE) return end_lost(call);
  struct bytes code = get_bytes(&call->in);
  int number = errno_of(code);
  note_resolver_error(code);
  give_back(connection);
  errno = number;
  return false;
}

bool call_exchange(struct call *call) {
  return call_exchange_with(call, (struct bytes){NULL, 0});
}

void call_end(struct call *call) {
  give_back(call->connection);
}

int call_finish(struct call *call) {
  if (!call_exchange(call)) return -1;
  call_end(call);
  return 0;
}

int call_keep(struct call *call) {
  struct connection *connection = call->connection;
  int fd = connection->fd;
  connection->fd = -1;
  drop(connection);
  return fd;
}

int call_keep_as_stream(struct call *call, uint32_t handle) {
  call->message = MSG_STREAM_FILE;
  call->out.at = call->connection->out + FRAME_HEADER_BYTES;
  put_stream_file(&call->out, &(struct stream_file_request){handle});
  return call_exchange(call) ? call_keep(call) : -1;
}

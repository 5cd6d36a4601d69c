// The system calls that the agent needs and Node does not have: entering the target's network and
// root, the original destination of a redirected connection, sockets that speak for another address, and
// netlink.
//
// Every function is synchronous and runs on Node's main thread, the only one that enters the target's
// network. An error is a JavaScript Error with `code`, `errno` and `syscall`, as Node's own have them.

#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "addon.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// linux/netfilter_ipv6/ip6_tables.h has it, and does not compile next to netinet/in.h.
#define IP6T_SO_ORIGINAL_DST 80

// A netlink datagram of the kernel is a page or 32 KiB at most.
#define DATAGRAM_BYTES 65536

int make_error(napi_env env, const char *syscall, napi_value *error) {
  int number = errno;
  const char *name = strerrorname_np(number);
  if (name == NULL) name = "UNKNOWN";
  char text[256];
  snprintf(text, sizeof text, "%s: %s, %s", name, strerror(number), syscall);

  napi_value code, message, value;
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code) != napi_ok) return 0;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) != napi_ok) return 0;
  if (napi_create_error(env, code, message, error) != napi_ok) return 0;
  if (napi_create_int32(env, -number, &value) == napi_ok) napi_set_named_property(env, *error, "errno", value);
  if (napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &value) == napi_ok)
    napi_set_named_property(env, *error, "syscall", value);
  return 1;
}

napi_value fail(napi_env env, const char *syscall) {
  napi_value error;
  if (make_error(env, syscall, &error)) napi_throw(env, error);
  return NULL;
}

napi_value wrong_argument(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

int arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count) {
  return napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok;
}

static int path_argument(napi_env env, napi_callback_info info, char path[PATH_MAX]) {
  napi_value value;
  size_t length;
  if (!arguments(env, info, &value, 1)) return 0;
  return napi_get_value_string_utf8(env, value, path, PATH_MAX, &length) == napi_ok && length < PATH_MAX - 1;
}

// setNetns(path): the calling thread enters the network namespace that `path` (/proc/PID/ns/net) stands for.
static napi_value set_netns(napi_env env, napi_callback_info info) {
  char path[PATH_MAX];
  if (!path_argument(env, info, path)) return wrong_argument(env, "setNetns(path)");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(env, "open");
  int result = setns(fd, CLONE_NEWNET);
  int number = errno;
  close(fd);
  errno = number;
  return result < 0 ? fail(env, "setns") : NULL;
}

// chroot(path): all threads, which share one root, get `path` as root and current folder.
static napi_value change_root(napi_env env, napi_callback_info info) {
  char path[PATH_MAX];
  if (!path_argument(env, info, path)) return wrong_argument(env, "chroot(path)");
  if (chroot(path) < 0) return fail(env, "chroot");
  return chdir("/") < 0 ? fail(env, "chdir") : NULL;
}

static napi_value address_object(napi_env env, const struct sockaddr_storage *address) {
  char text[INET6_ADDRSTRLEN];
  uint16_t port;
  if (address->ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    port = ntohs(v4->sin_port);
  } else {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    port = ntohs(v6->sin6_port);
  }
  napi_value object, host, number;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &host) != napi_ok) return NULL;
  if (napi_create_uint32(env, port, &number) != napi_ok) return NULL;
  napi_set_named_property(env, object, "host", host);
  napi_set_named_property(env, object, "port", number);
  return object;
}

// originalDestination(fd): {host, port} that the client of a redirected TCP connection connected to.
// The peer's address says which of the two tables to ask: a dual-stack socket has IPv4 peers too.
static napi_value original_destination(napi_env env, napi_callback_info info) {
  napi_value value;
  int32_t fd;
  if (!arguments(env, info, &value, 1) || napi_get_value_int32(env, value, &fd) != napi_ok)
    return wrong_argument(env, "originalDestination(fd)");

  struct sockaddr_storage peer, destination;
  socklen_t length = sizeof peer;
  memset(&peer, 0, sizeof peer);
  if (getpeername(fd, (struct sockaddr *)&peer, &length) < 0) return fail(env, "getpeername");
  int is_v6 =
      peer.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)&peer)->sin6_addr);

  memset(&destination, 0, sizeof destination);
  length = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  int result = is_v6 ? getsockopt(fd, IPPROTO_IPV6, IP6T_SO_ORIGINAL_DST, &destination, &length)
                     : getsockopt(fd, IPPROTO_IP, SO_ORIGINAL_DST, &destination, &length);
  if (result < 0) return fail(env, "getsockopt");
  return address_object(env, &destination);
}

// Above what the agent's connections use. The kernel closes a killed process's descriptors in ascending order:
// so the redirect's rules, which go with this socket, still translate the last packets of all connections.
#define LAST_DESCRIPTOR 65000

// The same open socket under a high number; as it is where the process may not have such numbers.
static int to_high_descriptor(int fd) {
  int high = fcntl(fd, F_DUPFD_CLOEXEC, LAST_DESCRIPTOR);
  if (high < 0) return fd;
  close(fd);
  return high;
}

// openNetlink(protocol): descriptor of a netlink socket (NETLINK_*) in the network of the calling thread.
static napi_value open_netlink(napi_env env, napi_callback_info info) {
  napi_value argument;
  int32_t protocol;
  if (!arguments(env, info, &argument, 1) || napi_get_value_int32(env, argument, &protocol) != napi_ok)
    return wrong_argument(env, "openNetlink(protocol)");
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) return fail(env, "socket");
  struct sockaddr_nl own = {.nl_family = AF_NETLINK};
  if (bind(fd, (struct sockaddr *)&own, sizeof own) < 0) {
    int number = errno;
    close(fd);
    errno = number;
    return fail(env, "bind");
  }
  napi_value result;
  return napi_create_int32(env, to_high_descriptor(fd), &result) == napi_ok ? result : NULL;
}

static int set_option(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value);
}

// Marks the socket and, where `host` is given, binds it to that address, whoever's it is. The port is chosen
// by connect(2): the same one serves many destinations then.
static const char *prepare(int fd, const struct sockaddr_storage *host, socklen_t length, int32_t mark) {
  int is_v6 = host->ss_family == AF_INET6;
  if (set_option(fd, SOL_SOCKET, SO_MARK, mark) < 0) return "setsockopt";
  if (length == 0) return NULL;
  if (set_option(fd, is_v6 ? IPPROTO_IPV6 : IPPROTO_IP, is_v6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, 1) < 0)
    return "setsockopt";
  if (set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1) < 0) return "setsockopt";
  return bind(fd, (const struct sockaddr *)host, length) < 0 ? "bind" : NULL;
}

// markedSocket(mark, isV6, host): descriptor of a TCP socket, not yet connected, whose packets carry `mark`; with
// a `host` (an IP address, else "") they come from that address.
static napi_value marked_socket(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  int32_t mark;
  bool is_v6;
  char host[INET6_ADDRSTRLEN];
  size_t size;
  if (!arguments(env, info, values, 3) || napi_get_value_int32(env, values[0], &mark) != napi_ok ||
      napi_get_value_bool(env, values[1], &is_v6) != napi_ok ||
      napi_get_value_string_utf8(env, values[2], host, sizeof host, &size) != napi_ok)
    return wrong_argument(env, "markedSocket(mark, isV6, host)");

  struct sockaddr_storage address;
  memset(&address, 0, sizeof address);
  address.ss_family = is_v6 ? AF_INET6 : AF_INET;
  void *into = is_v6 ? (void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                     : (void *)&((struct sockaddr_in *)&address)->sin_addr;
  if (size > 0 && inet_pton(address.ss_family, host, into) != 1)
    return wrong_argument(env, "markedSocket: not an address of this family");

  int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(env, "socket");
  socklen_t length = is_v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  const char *refused = prepare(fd, &address, size > 0 ? length : 0, mark);
  if (refused != NULL) {
    int number = errno;
    close(fd);
    errno = number;
    return fail(env, refused);
  }
  return napi_create_int32(env, fd, &result) == napi_ok ? result : NULL;
}

// connectUnix(path): descriptor of a connection to a unix socket. A path that begins with NUL is an abstract name, and
// that many bytes long: Node 20 itself would fill it up with NULs, which is another name.
static napi_value connect_unix(napi_env env, napi_callback_info info) {
  napi_value value, result;
  void *path;
  size_t size;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (!arguments(env, info, &value, 1) || napi_get_buffer_info(env, value, &path, &size) != napi_ok)
    return wrong_argument(env, "connectUnix(path)");
  if (size == 0 || size > sizeof address.sun_path) {
    errno = size == 0 ? EINVAL : ENAMETOOLONG;
    return fail(env, "connect");
  }
  memcpy(address.sun_path, path, size);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(env, "socket");
  if (connect(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + size) < 0) {
    int number = errno;
    close(fd);
    errno = number;
    return fail(env, "connect");
  }
  return napi_create_int32(env, fd, &result) == napi_ok ? result : NULL;
}

// Appends every datagram that waits on the socket to `list`. False with errno set.
static int receive_all(napi_env env, int fd, napi_value list) {
  static char datagram[DATAGRAM_BYTES];
  for (uint32_t index = 0;; index++) {
    ssize_t length = recv(fd, datagram, sizeof datagram, MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return errno == EAGAIN;
    napi_value buffer;
    if (napi_create_buffer_copy(env, (size_t)length, datagram, NULL, &buffer) != napi_ok) return errno = ENOMEM, 0;
    if (napi_set_element(env, list, index, buffer) != napi_ok) return errno = ENOMEM, 0;
  }
}

// exchange(fd, request): sends one datagram and returns the reply datagrams as an array of Buffers.
// These protocols work inside send(2): when it returns, every reply is in the socket's queue, and what is left
// of a long list comes into it with each recv(2).
static napi_value exchange(napi_env env, napi_callback_info info) {
  napi_value values[2], replies;
  int32_t fd;
  void *bytes;
  size_t length;
  if (!arguments(env, info, values, 2) || napi_get_value_int32(env, values[0], &fd) != napi_ok ||
      napi_get_buffer_info(env, values[1], &bytes, &length) != napi_ok)
    return wrong_argument(env, "exchange(fd, Buffer)");
  if (napi_create_array(env, &replies) != napi_ok) return NULL;

  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  ssize_t sent;
  do sent = sendto(fd, bytes, length, 0, (struct sockaddr *)&kernel, sizeof kernel);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail(env, "sendto");
  return receive_all(env, fd, replies) ? replies : fail(env, "recv");
}

// seek(fd, offset, whence): lseek(2), the new position.
static napi_value seek(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  int32_t fd, whence;
  int64_t offset;
  bool is_exact;
  if (!arguments(env, info, values, 3) || napi_get_value_int32(env, values[0], &fd) != napi_ok ||
      napi_get_value_bigint_int64(env, values[1], &offset, &is_exact) != napi_ok ||
      napi_get_value_int32(env, values[2], &whence) != napi_ok)
    return wrong_argument(env, "seek(fd, offset, whence)");
  off_t position = lseek(fd, offset, whence);
  if (position < 0) return fail(env, "lseek");
  return napi_create_bigint_int64(env, position, &result) == napi_ok ? result : NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"setNetns", NULL, set_netns, NULL, NULL, NULL, napi_enumerable, NULL},
      {"chroot", NULL, change_root, NULL, NULL, NULL, napi_enumerable, NULL},
      {"originalDestination", NULL, original_destination, NULL, NULL, NULL, napi_enumerable, NULL},
      {"markedSocket", NULL, marked_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"connectUnix", NULL, connect_unix, NULL, NULL, NULL, napi_enumerable, NULL},
      {"openNetlink", NULL, open_netlink, NULL, NULL, NULL, napi_enumerable, NULL},
      {"seek", NULL, seek, NULL, NULL, NULL, napi_enumerable, NULL},
      {"becomeUser", NULL, become_user, NULL, NULL, NULL, napi_enumerable, NULL},
      {"becomeFileUser", NULL, become_file_user, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readCached", NULL, read_cached, NULL, NULL, NULL, napi_enumerable, NULL},
      {"statCached", NULL, stat_cached, NULL, NULL, NULL, napi_enumerable, NULL},
      {"exchange", NULL, exchange, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) return NULL;
  return exports;
}

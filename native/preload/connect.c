// Outgoing TCP: the program's socket connects to the proxy on loopback, and the proxy is told where it is to lead.
// connect(2) has succeeded when the pod's has. A socket that is not waited for is kept full, and so not writable,
// until then; src/proxy/native-connections.ts is the other side of it.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>

#include "address.h"
#include "client.h"
#include "layer.h"
#include "real.h"
#include "settings.h"
#include "socket.h"
#include "table.h"

static int option(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  int before = errno;
  if (real.getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0) value = -1;
  errno = before;
  return value;
}

int socket_type(int fd) {
  return option(fd, SO_TYPE);
}

int socket_family(int fd) {
  return option(fd, SO_DOMAIN);
}

uint16_t socket_port(int fd) {
  struct sockaddr_storage own = {0};
  socklen_t length = sizeof own;
  return real.getsockname(fd, (struct sockaddr *)&own, &length) < 0 ? 0 : address_port(&own);
}

static bool is_ready(int fd, int wait_ms) {
  struct pollfd wanted = {.fd = fd, .events = POLLOUT};
  return poll(&wanted, 1, wait_ms) > 0;
}

// Connects to the proxy, whatever the program has set the socket to; loopback answers at once.
static int connect_here(int fd, uint16_t port) {
  int family = socket_family(fd);
  struct sockaddr_storage proxy;
  socklen_t length = address_loopback((sa_family_t)family, port, &proxy);
  int both = 0;
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
  int result = real.connect(fd, (struct sockaddr *)&proxy, length);
  if (result == 0 || (errno != EINPROGRESS && errno != EINTR)) return result;
  is_ready(fd, 5000);
  int error = option(fd, SO_ERROR);
  return error == 0 ? 0 : (errno = error, -1);
}

static void set_lowest_unsent(int fd, int bytes) {
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

// Sends until the proxy's end is full and a byte is left here. Returns how many bytes that were.
static uint32_t fill(int fd) {
  static const char zeros[16384];
  uint32_t sent = 0;
  set_lowest_unsent(fd, 1);
  while (is_ready(fd, 0)) {
    ssize_t count = real.send(fd, zeros, sizeof zeros, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += (uint32_t)count;
  }
  return sent;
}

// After a failed connect the socket can be used for another, as Linux allows.
static void disconnect(int fd) {
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  int before = errno;
  real.connect(fd, &none, sizeof none);
  errno = before;
}

// A call that the pod could not be asked at all is a network that is not there.
static int network_error(int number) {
  return number == EIO ? ENETUNREACH : number;
}

static void note_ends(struct entry *entry, const struct connect_from_reply *ends, sa_family_t family) {
  address_write(ends->local.host, ends->local.port, family, &entry->own);
  address_write(ends->remote.host, ends->remote.port, family, &entry->peer);
  entry->is_pending = false;
}

int connect_tcp(int fd, const struct address_text *to, const struct sockaddr *address, socklen_t length) {
  bool waits = (real.fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
  struct entry entry = {.kind = CONNECTED, .companion = -1, .is_pending = !waits};
  if (length > sizeof entry.peer) return errno = EINVAL, -1;
  memcpy(&entry.peer, address, length);
  table_remove(fd); // what it was bound to
  if (connect_here(fd, settings()->tcp_port) < 0) return errno = ENETUNREACH, -1;
  entry.local_port = socket_port(fd);
  uint32_t padding = waits ? 0 : fill(fd);

  struct call call;
  bool is_sent = call_begin(&call, MSG_CONNECT_FROM);
  if (is_sent) {
    put_connect_from(&call.out,
                     &(struct connect_from_request){entry.local_port, address_message(to), padding, waits});
    is_sent = call_exchange(&call);
  }
  if (!is_sent) {
    errno = network_error(errno);
    disconnect(fd);
    return -1;
  }
  struct connect_from_reply ends;
  if (get_connect_from(&call.in, &ends) && waits) note_ends(&entry, &ends, (sa_family_t)socket_family(fd));
  call_end(&call);
  table_add(fd, &entry);
  return waits ? 0 : (errno = EINPROGRESS, -1);
}

bool connect_ended(int fd, struct entry *entry, int *error) {
  *error = 0;
  if (!entry->is_pending) return true;
  if (!is_ready(fd, 0)) return false;
  struct call call;
  bool is_answered = call_begin(&call, MSG_CONNECT_RESULT);
  if (is_answered) {
    put_connect_result(&call.out, &(struct connect_result_request){entry->local_port});
    is_answered = call_exchange(&call);
  }
  if (!is_answered) {
    *error = network_error(errno);
    table_remove(fd);
    disconnect(fd);
    return true;
  }
  struct connect_from_reply ends; // the same fields
  if (get_connect_from(&call.in, &ends)) note_ends(entry, &ends, (sa_family_t)socket_family(fd));
  call_end(&call);
  set_lowest_unsent(fd, 0); // the system's own again
  return true;
}

static bool is_remote(const struct settings *session, const struct address_text *to, int type) {
  if (session == NULL || layer.off || to->port == 0) return false;
  if (!(type == SOCK_STREAM ? session->outgoing_tcp : session->outgoing_udp)) return false;
  if (address_is_local_wire(to)) return false;
  if (!address_is_loopback(to)) return true;
  return !session->outgoing_ignore_localhost && !listens_on(to->port);
}

// connect(2) again on a socket whose connect was not waited for: POSIX' way to ask how it ended.
static int connect_again(int fd, struct entry *entry) {
  int error;
  bool was_pending = entry->is_pending;
  if (!connect_ended(fd, entry, &error)) return errno = EALREADY, -1;
  if (error != 0) return errno = error, -1;
  return was_pending ? 0 : (errno = EISCONN, -1);
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t length) {
  if (PASSES()) return real.connect(fd, address, length);
  struct entry *entry = table_find_kind(fd, CONNECTED);
  struct address_text to;
  if (entry != NULL && address != NULL && address->sa_family != AF_UNSPEC) return connect_again(fd, entry);
  int type = address_read(address, length, &to) ? socket_type(fd) : -1;
  if (address != NULL && address->sa_family == AF_UNSPEC) table_remove(fd);
  if ((type != SOCK_STREAM && type != SOCK_DGRAM) || !is_remote(settings(), &to, type))
    return real.connect(fd, address, length);
  return type == SOCK_STREAM ? connect_tcp(fd, &to, address, length) : connect_udp(fd, &to, address, length);
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *length) {
  bool is_about_connect = level == SOL_SOCKET && name == SO_ERROR;
  struct entry *entry = PASSES() || !is_about_connect ? NULL : table_find_kind(fd, CONNECTED);
  int error;
  if (entry == NULL || !entry->is_pending || *length < sizeof error || !connect_ended(fd, entry, &error))
    return real.getsockopt(fd, level, name, value, length);
  memcpy(value, &error, sizeof error);
  *length = sizeof error;
  return 0;
}

// What a socket of the pod says of its own and its other end; NULL where the kernel is right.
static const struct sockaddr_storage *shown(int fd, bool is_peer) {
  struct entry *entry = table_find(fd);
  int error;
  if (entry == NULL || entry->kind < BOUND) return NULL;
  if (entry->kind == CONNECTED && !connect_ended(fd, entry, &error)) return NULL;
  if (entry->kind == CONNECTED && error != 0) return NULL;
  if (entry->kind == ACCEPTED) accepted_find_peer(fd, entry);
  if (is_peer && (entry->kind == BOUND || entry->kind == LISTENING)) return NULL;
  const struct sockaddr_storage *address = is_peer ? &entry->peer : &entry->own;
  return address->ss_family == AF_UNSPEC ? NULL : address;
}

EXPORT int getsockname(int fd, struct sockaddr *address, socklen_t *length) {
  const struct sockaddr_storage *own = PASSES() ? NULL : shown(fd, false);
  if (own == NULL) return real.getsockname(fd, address, length);
  address_give(own, address, length);
  return 0;
}

EXPORT int getpeername(int fd, struct sockaddr *address, socklen_t *length) {
  struct entry *entry = PASSES() ? NULL : table_find_kind(fd, CONNECTED);
  const struct sockaddr_storage *peer = layer.off ? NULL : shown(fd, true);
  if (peer != NULL) return address_give(peer, address, length), 0;
  if (entry != NULL && entry->is_pending) return errno = ENOTCONN, -1;
  return real.getpeername(fd, address, length);
}

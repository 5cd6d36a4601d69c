// Incoming TCP: when the program listens on a port, the pod's requests to that port come here before listen(2)
// returns, and go back to the pod when the last process has closed the socket.

#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "client.h"
#include "layer.h"
#include "real.h"
#include "settings.h"
#include "socket.h"
#include "table.h"

struct wanted {
  uint16_t port;
  bool found;
};

static void compare_port(int fd, const struct entry *entry, void *context) {
  (void)fd;
  struct wanted *wanted = context;
  if (entry->kind != LISTENING) return;
  wanted->found |= entry->local_port == wanted->port || address_port(&entry->own) == wanted->port;
}

bool listens_on(uint16_t port) {
  struct wanted wanted = {port, false};
  table_each_of(LISTENING, compare_port, &wanted);
  return wanted.found;
}

// In the pod the program may be root and has the pod's own address: what only the pod allows is bound on this
// machine's loopback, and the program sees what it asked for.
static int bind_here(int fd, const struct sockaddr *address, socklen_t length, uint16_t port, uint16_t moved) {
  struct sockaddr_storage other;
  memcpy(&other, address, length);
  if (moved != 0) {
    address_set_port(&other, moved);
    return real.bind(fd, (struct sockaddr *)&other, length);
  }
  int result = real.bind(fd, address, length);
  if (result == 0 || (errno != EACCES && errno != EADDRNOTAVAIL)) return result;
  if (errno == EACCES && port != 0) {
    address_set_port(&other, 0);
    return real.bind(fd, (struct sockaddr *)&other, length);
  }
  length = address_loopback(address->sa_family, port, &other);
  return real.bind(fd, (struct sockaddr *)&other, length);
}

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t length) {
  struct address_text asked;
  const struct settings *session = PASSES() ? NULL : settings();
  bool is_ip = session != NULL && address_read(address, length, &asked) && length <= sizeof(struct sockaddr_storage);
  int type = is_ip ? socket_type(fd) : -1;
  if (type != SOCK_STREAM && type != SOCK_DGRAM) return real.bind(fd, address, length);
  uint16_t moved = type == SOCK_STREAM ? session->local_port[asked.port] : 0;
  if (bind_here(fd, address, length, asked.port, moved) < 0) return -1;
  if (type != SOCK_STREAM) return 0;
  struct entry entry = {.kind = BOUND, .companion = -1};
  memcpy(&entry.own, address, length);
  entry.is_any_port = asked.port == 0;
  if (entry.is_any_port) address_set_port(&entry.own, socket_port(fd));
  table_add(fd, &entry);
  return 0;
}

// The pod's port whose requests the program gets, or 0 where it listens on this machine only.
static uint16_t pod_port(const struct settings *session, const struct entry *entry) {
  struct address_text asked;
  uint16_t port = address_port(&entry->own);
  if (!session->steal || entry->is_any_port || session->ignored_port[port]) return 0;
  bool is_read = address_read((const struct sockaddr *)&entry->own, sizeof entry->own, &asked);
  struct sockaddr_in *v4 = (struct sockaddr_in *)&entry->own;
  bool is_any = v4->sin_family == AF_INET ? v4->sin_addr.s_addr == htonl(INADDR_ANY)
                                          : IN6_IS_ADDR_UNSPECIFIED(&((struct sockaddr_in6 *)v4)->sin6_addr);
  if (session->incoming_ignore_localhost && is_read && !is_any && address_is_loopback(&asked)) return 0;
  uint16_t mapped = session->pod_port[port] != 0 ? session->pod_port[port] : port;
  return !session->only_ports || session->wanted_port[mapped] ? mapped : 0;
}

// Tells the proxy, on a connection that stays as long as the socket does in any process. Its descriptor, or -1.
static int tell(uint16_t message, uint16_t port, const struct address_text *local) {
  struct call call;
  if (!call_begin(&call, message)) return -1;
  put_listen(&call.out, &(struct listen_request){port, address_message(local)}); // announce has the same fields
  return call_exchange(&call) ? call_keep(&call) : -1;
}

static int listen_for_pod(int fd, const struct settings *session, struct entry entry) {
  struct sockaddr_storage bound = {0};
  socklen_t length = sizeof bound;
  struct address_text local;
  real.getsockname(fd, (struct sockaddr *)&bound, &length);
  if (!address_read((struct sockaddr *)&bound, length, &local)) return 0;
  entry.kind = LISTENING;
  entry.local_port = local.port;
  uint16_t asked = address_port(&entry.own);
  uint16_t port = pod_port(session, &entry);
  if (asked != local.port) say("Port %u of the program is port %u on this machine.", asked, local.port);
  entry.companion = port != 0 ? tell(MSG_LISTEN, port, &local) : tell(MSG_ANNOUNCE, asked, &local);
  if (port != 0 && entry.companion < 0) {
    int number = errno == EIO ? EADDRINUSE : errno;
    say("Port %u of the pod could not be taken: %s.", port, strerror(number));
    return errno = number, -1;
  }
  entry.is_taken = port != 0;
  table_add(fd, &entry);
  return 0;
}

EXPORT int listen(int fd, int backlog) {
  if (PASSES()) return real.listen(fd, backlog);
  const struct settings *session = settings();
  const struct entry *entry = session == NULL ? NULL : table_find_kind(fd, BOUND);
  int result = real.listen(fd, backlog);
  if (result < 0 && errno == EADDRINUSE && entry != NULL)
    say("Port %u is in use on this machine; feature.network.incoming.listen_ports can move it.",
        address_port(&entry->own));
  if (result < 0 || entry == NULL) return result;
  return listen_for_pod(fd, session, *entry);
}

void accepted_find_peer(int fd, struct entry *entry) {
  if (!entry->is_pending) return;
  entry->is_pending = false;
  struct sockaddr_storage here = {0};
  socklen_t length = sizeof here;
  struct call call;
  int before = errno;
  if (real.getpeername(fd, (struct sockaddr *)&here, &length) == 0 && call_begin(&call, MSG_PEER_OF)) {
    put_peer_of(&call.out, &(struct peer_of_request){address_port(&here)});
    if (call_exchange(&call)) { // else a client of this machine, not one of the pod's
      struct peer_of_reply ends;
      if (get_peer_of(&call.in, &ends)) {
        address_write(ends.client.host, ends.client.port, here.ss_family, &entry->peer);
        address_write(ends.server.host, ends.server.port, here.ss_family, &entry->own);
      }
      call_end(&call);
    }
  }
  errno = before;
}

// `room` is what the program gave; accept(2) has written over its length.
static void note_accepted(int listener, int fd, struct sockaddr *address, socklen_t *length, socklen_t room) {
  const struct entry *from = table_find_kind(listener, LISTENING);
  struct entry entry = {.kind = ACCEPTED, .companion = -1, .is_pending = true};
  if (from == NULL || !from->is_taken || !table_add(fd, &entry)) return;
  struct entry *added = table_find(fd);
  if (address == NULL || added == NULL) return; // asked for by getpeername, if ever
  accepted_find_peer(fd, added);
  if (added->peer.ss_family == AF_UNSPEC) return;
  *length = room;
  address_give(&added->peer, address, length);
}

EXPORT int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
  if (PASSES()) return real.accept4(fd, address, length, flags);
  socklen_t room = length == NULL ? 0 : *length;
  int made = real.accept4(fd, address, length, flags);
  if (made >= 0) note_accepted(fd, made, address, length, room);
  return made;
}

EXPORT int accept(int fd, struct sockaddr *address, socklen_t *length) {
  if (PASSES()) return real.accept(fd, address, length);
  return accept4(fd, address, length, 0);
}

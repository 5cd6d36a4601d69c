// UDP: what the program's socket sends to the pod's network goes to a port of the proxy's on loopback, with its peer
// before it, and the answers come back the same way. The socket stays the program's own, so poll and time-outs are
// the kernel's. src/proxy/native-datagrams.ts is the other side.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "address.h"
#include "client.h"
#include "layer.h"
#include "real.h"
#include "settings.h"
#include "socket.h"
#include "table.h"

// A record: the peer's text and port, and the data, each with its length (src/protocol/datagram.ts).
#define HEAD_BYTES (4 + INET6_ADDRSTRLEN + 8 + 2 + 4)
#define MAX_DATA_BYTES 65507

static bool is_loopback_of_ours(const struct sockaddr_storage *from, uint16_t port) {
  struct address_text text;
  return address_read((const struct sockaddr *)from, sizeof *from, &text) && text.port == port &&
         address_is_loopback(&text);
}

static socklen_t relay_address(int fd, uint16_t port, struct sockaddr_storage *into) {
  int family = socket_family(fd);
  socklen_t length = address_loopback((sa_family_t)family, port, into);
  if (family == AF_INET6) ((struct sockaddr_in6 *)into)->sin6_addr = in6addr_loopback;
  return length;
}

// The socket has to have a port before the proxy can be told of it.
static uint16_t bound_port(int fd) {
  uint16_t port = socket_port(fd);
  if (port != 0) return port;
  struct sockaddr_storage any = {.ss_family = (sa_family_t)socket_family(fd)};
  socklen_t length = any.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  return real.bind(fd, (struct sockaddr *)&any, length) < 0 ? 0 : socket_port(fd);
}

// The entry of a socket that has the pod's behind it, made when first needed. NULL with errno.
static struct entry *relayed(int fd) {
  struct entry *known = table_find_kind(fd, DATAGRAMS);
  if (known != NULL) return known;
  struct entry entry = {.kind = DATAGRAMS, .local_port = bound_port(fd)};
  if (entry.local_port == 0) return NULL;
  struct call call;
  uint8_t family = socket_family(fd) == AF_INET6 ? 6 : 4;
  if (!call_begin(&call, MSG_RELAY_UDP)) return errno = ENETUNREACH, NULL;
  put_relay_udp(&call.out, &(struct relay_udp_request){family, entry.local_port});
  if (!call_exchange(&call)) return errno = ENETUNREACH, NULL;
  struct relay_udp_reply reply;
  if (get_relay_udp(&call.in, &reply)) {
    entry.relay_port = reply.port;
    address_write(reply.local.host, reply.local.port, family == 6 ? AF_INET6 : AF_INET, &entry.own);
  }
  entry.companion = call_keep(&call); // the relay lives as long as the socket does, here or in a child
  return table_add(fd, &entry) ? table_find(fd) : NULL;
}

int connect_udp(int fd, const struct address_text *to, const struct sockaddr *address, socklen_t length) {
  (void)to;
  struct entry *entry = relayed(fd);
  if (entry == NULL || length > sizeof entry->peer) return -1;
  struct sockaddr_storage relay;
  socklen_t relay_length = relay_address(fd, entry->relay_port, &relay);
  if (real.connect(fd, (struct sockaddr *)&relay, relay_length) < 0) return -1;
  memset(&entry->peer, 0, sizeof entry->peer);
  memcpy(&entry->peer, address, length);
  entry->has_peer = true;
  return 0;
}

static size_t total(const struct msghdr *message) {
  size_t sum = 0;
  for (size_t i = 0; i < message->msg_iovlen; i++) sum += message->msg_iov[i].iov_len;
  return sum;
}

// The peer in the pod of a message to be sent; false for one that stays on this machine.
static bool remote_peer(int fd, const struct msghdr *message, struct address_text *to) {
  const struct entry *entry = table_find_kind(fd, DATAGRAMS);
  if (message->msg_name == NULL)
    return entry != NULL && entry->has_peer &&
           address_read((const struct sockaddr *)&entry->peer, sizeof entry->peer, to);
  const struct settings *session = settings();
  if (session == NULL || layer.off || !session->outgoing_udp) return false;
  if (!address_read(message->msg_name, message->msg_namelen, to) || socket_type(fd) != SOCK_DGRAM) return false;
  if (to->port == 0 || address_is_local_wire(to)) return false;
  return !address_is_loopback(to) || !session->outgoing_ignore_localhost;
}

ssize_t datagram_send(int fd, const struct msghdr *message, int flags) {
  struct address_text to;
  if (!remote_peer(fd, message, &to)) return real.sendmsg(fd, message, flags);
  size_t length = total(message);
  if (length > MAX_DATA_BYTES - HEAD_BYTES) return errno = EMSGSIZE, -1;
  struct entry *entry = relayed(fd);
  if (entry == NULL) return -1;
  char head[HEAD_BYTES];
  struct writer out = {head, head + sizeof head, false};
  // An IPv6 socket of the pod sends to IPv4 by the mapped address, as the program's does.
  char mapped[sizeof to.host + 8];
  bool is_mapped = socket_family(fd) == AF_INET6 && strchr(to.host, ':') == NULL;
  snprintf(mapped, sizeof mapped, "%s%s", is_mapped ? "::ffff:" : "", to.host);
  put_address(&out, &(struct address){text_bytes(mapped), to.port});
  put_u32(&out, (uint32_t)length);
  struct iovec parts[message->msg_iovlen + 1];
  parts[0] = (struct iovec){head, (size_t)(out.at - head)};
  memcpy(parts + 1, message->msg_iov, message->msg_iovlen * sizeof *parts);
  struct sockaddr_storage relay;
  socklen_t relay_length = relay_address(fd, entry->relay_port, &relay);
  struct msghdr own = {.msg_iov = parts, .msg_iovlen = message->msg_iovlen + 1};
  if (!entry->has_peer) own.msg_name = &relay, own.msg_namelen = relay_length;
  return real.sendmsg(fd, &own, flags) < 0 ? -1 : (ssize_t)length;
}

// Copies as much as the program has room for. Returns that.
static size_t scatter(struct bytes data, struct msghdr *message) {
  size_t copied = 0;
  for (size_t i = 0; i < message->msg_iovlen && copied < data.length; i++) {
    size_t left = data.length - copied;
    size_t part = message->msg_iov[i].iov_len < left ? message->msg_iov[i].iov_len : left;
    memcpy(message->msg_iov[i].iov_base, data.at + copied, part);
    copied += part;
  }
  return copied;
}

// Gives a received record out. False for one from another peer than the connected one, which is not for the program.
static bool give(int fd, const struct entry *entry, struct bytes record, struct msghdr *message, int flags,
                 ssize_t *result) {
  struct reader in = {record.at, record.at + record.length, false};
  struct address peer;
  struct sockaddr_storage from;
  get_address(&in, &peer);
  struct bytes data = get_bytes(&in);
  if (in.failed || !address_write(peer.host, peer.port, (sa_family_t)socket_family(fd), &from)) return false;
  if (entry->has_peer && address_port(&entry->peer) != peer.port) return false;
  size_t copied = scatter(data, message);
  message->msg_controllen = 0;
  message->msg_flags = copied < data.length ? MSG_TRUNC : 0;
  if (message->msg_name != NULL) address_give(&from, message->msg_name, &message->msg_namelen);
  *result = (ssize_t)((flags & MSG_TRUNC) ? data.length : copied);
  return true;
}

ssize_t datagram_receive(int fd, struct msghdr *message, int flags) {
  struct entry *entry = table_find_kind(fd, DATAGRAMS);
  if (entry == NULL) return real.recvmsg(fd, message, flags);
  char buffer[HEAD_BYTES + MAX_DATA_BYTES];
  for (;;) {
    struct sockaddr_storage sender = {0};
    struct iovec part = {buffer, sizeof buffer};
    struct msghdr own = {.msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t length = real.recvmsg(fd, &own, flags & ~MSG_TRUNC);
    if (length < 0) return -1;
    ssize_t result;
    struct bytes record = {buffer, (size_t)length};
    if (!is_loopback_of_ours(&sender, entry->relay_port)) {
      // From this machine, to a socket that speaks with both.
      message->msg_flags = 0;
      if (message->msg_name != NULL) address_give(&sender, message->msg_name, &message->msg_namelen);
      return (ssize_t)scatter(record, message);
    }
    if (give(fd, entry, record, message, flags, &result)) return result;
    if (flags & MSG_PEEK) real.recv(fd, buffer, 1, 0); // else it would be looked at for ever
  }
}

// What of a socket's calls is ours: a UDP socket with the pod's behind it, or one that may get it by this call.
static bool is_ours_to_send(int fd, const void *address) {
  return address != NULL || table_find_kind(fd, DATAGRAMS) != NULL;
}

EXPORT ssize_t sendto(int fd, const void *from, size_t size, int flags, const struct sockaddr *address,
                      socklen_t length) {
  if (PASSES() || !is_ours_to_send(fd, address)) return real.sendto(fd, from, size, flags, address, length);
  struct iovec part = {(void *)from, size};
  struct msghdr message = {.msg_name = (void *)address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1};
  return datagram_send(fd, &message, flags);
}

EXPORT ssize_t send(int fd, const void *from, size_t size, int flags) {
  if (PASSES() || !is_ours_to_send(fd, NULL)) return real.send(fd, from, size, flags);
  return sendto(fd, from, size, flags, NULL, 0);
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (PASSES() || !is_ours_to_send(fd, message->msg_name)) return real.sendmsg(fd, message, flags);
  return datagram_send(fd, message, flags);
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  if (PASSES()) return real.sendmmsg(fd, messages, count, flags);
  for (unsigned i = 0; i < count; i++) {
    ssize_t sent = sendmsg(fd, &messages[i].msg_hdr, flags);
    if (sent < 0) return i > 0 ? (int)i : -1;
    messages[i].msg_len = (unsigned)sent;
  }
  return (int)count;
}

static bool is_relayed(int fd) {
  return table_find_kind(fd, DATAGRAMS) != NULL;
}

EXPORT ssize_t recvfrom(int fd, void *into, size_t size, int flags, struct sockaddr *address, socklen_t *length) {
  if (PASSES() || !is_relayed(fd)) return real.recvfrom(fd, into, size, flags, address, length);
  struct iovec part = {into, size};
  struct msghdr message = {.msg_name = address, .msg_iov = &part, .msg_iovlen = 1};
  if (length != NULL) message.msg_namelen = *length;
  ssize_t result = datagram_receive(fd, &message, flags);
  if (result >= 0 && length != NULL) *length = message.msg_namelen;
  return result;
}

EXPORT ssize_t __recvfrom_chk(int fd, void *into, size_t size, size_t room, int flags, struct sockaddr *address,
                              socklen_t *length) {
  if (size > room) abort();
  if (PASSES()) return real.recvfrom(fd, into, size, flags, address, length);
  return recvfrom(fd, into, size, flags, address, length);
}

EXPORT ssize_t recv(int fd, void *into, size_t size, int flags) {
  if (PASSES() || !is_relayed(fd)) return real.recv(fd, into, size, flags);
  return recvfrom(fd, into, size, flags, NULL, NULL);
}

EXPORT ssize_t __recv_chk(int fd, void *into, size_t size, size_t room, int flags) {
  if (size > room) abort();
  if (PASSES()) return real.recv(fd, into, size, flags);
  return recv(fd, into, size, flags);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  if (PASSES() || !is_relayed(fd)) return real.recvmsg(fd, message, flags);
  return datagram_receive(fd, message, flags);
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
  if (PASSES() || !is_relayed(fd)) return real.recvmmsg(fd, messages, count, flags, timeout);
  for (unsigned i = 0; i < count; i++) {
    // The first is waited for, the others are taken if they are here.
    ssize_t received = datagram_receive(fd, &messages[i].msg_hdr, i == 0 ? flags & ~MSG_WAITFORONE : MSG_DONTWAIT);
    if (received < 0) return i > 0 ? (int)i : -1;
    messages[i].msg_len = (unsigned)received;
  }
  return (int)count;
}

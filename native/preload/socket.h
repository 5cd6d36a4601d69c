// What the sockets' files share.

#ifndef MIRRORD_SOCKET_H
#define MIRRORD_SOCKET_H

#include <stdbool.h>
#include <sys/socket.h>

#include "table.h"

// SOL_SOCKET's SO_TYPE and SO_DOMAIN, or -1.
int socket_type(int fd);
int socket_family(int fd);

// This machine's port of a bound socket; 0 when it has none.
uint16_t socket_port(int fd);

// This process listens on the port, as the program asked for it or on this machine.
bool listens_on(uint16_t port);

// connect(2) of a TCP socket that has been found to go to the pod.
int connect_tcp(int fd, const struct address_text *to, const struct sockaddr *address, socklen_t length);

// How a connect that was not waited for has ended, once the socket says that it has. False while it has not.
bool connect_ended(int fd, struct entry *entry, int *error);

// The peer of an accepted connection, as its client in the pod has it; asked for once.
void accepted_find_peer(int fd, struct entry *entry);

// UDP; see datagrams.c.
int connect_udp(int fd, const struct address_text *to, const struct sockaddr *address, socklen_t length);
ssize_t datagram_send(int fd, const struct msghdr *message, int flags);
ssize_t datagram_receive(int fd, struct msghdr *message, int flags);

#endif

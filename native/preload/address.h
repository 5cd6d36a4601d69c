// Socket addresses as the protocol has them, text and port, and as the program has them.

#ifndef MIRRORD_ADDRESS_H
#define MIRRORD_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "messages.h"

// An IPv4 or IPv6 address as text, with room for it.
struct address_text {
  char host[INET6_ADDRSTRLEN];
  uint16_t port;
};

// False for an address of another family. A null address (0.0.0.0, ::) reads as loopback, as connect(2) takes it;
// an IPv4-mapped one as the IPv4 address.
bool address_read(const struct sockaddr *from, socklen_t length, struct address_text *into);

struct address address_message(const struct address_text *from);

// Writes an address into one of this family; IPv4 becomes IPv4-mapped where that is IPv6. False for no address.
bool address_write(struct bytes host, uint16_t port, sa_family_t family, struct sockaddr_storage *into);

bool address_is_loopback(const struct address_text *address);

// A multicast or broadcast address, which does not leave the pod's own wire.
bool address_is_local_wire(const struct address_text *address);

uint16_t address_port(const struct sockaddr_storage *address);
void address_set_port(struct sockaddr_storage *address, uint16_t port);

// This machine's loopback with a port, for a socket of the family; its length.
socklen_t address_loopback(sa_family_t family, uint16_t port, struct sockaddr_storage *into);

// As getsockname(2) gives an address to its caller.
void address_give(const struct sockaddr_storage *from, struct sockaddr *into, socklen_t *length);

#endif

#define _GNU_SOURCE
#include "address.h"

#include <stdio.h>
#include <string.h>

static bool read_v4(const struct in_addr *from, struct address_text *into) {
  struct in_addr address = *from;
  if (address.s_addr == htonl(INADDR_ANY)) address.s_addr = htonl(INADDR_LOOPBACK);
  return inet_ntop(AF_INET, &address, into->host, sizeof into->host) != NULL;
}

static bool read_v6(const struct in6_addr *from, struct address_text *into) {
  if (IN6_IS_ADDR_V4MAPPED(from)) {
    struct in_addr v4;
    memcpy(&v4, &from->s6_addr[12], sizeof v4);
    return read_v4(&v4, into);
  }
  const struct in6_addr *address = IN6_IS_ADDR_UNSPECIFIED(from) ? &in6addr_loopback : from;
  return inet_ntop(AF_INET6, address, into->host, sizeof into->host) != NULL;
}

bool address_read(const struct sockaddr *from, socklen_t length, struct address_text *into) {
  if (from == NULL || length < sizeof(sa_family_t)) return false;
  if (from->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
    into->port = ntohs(v4->sin_port);
    return read_v4(&v4->sin_addr, into);
  }
  if (from->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6) - sizeof(uint32_t)) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
    into->port = ntohs(v6->sin6_port);
    return read_v6(&v6->sin6_addr, into);
  }
  return false;
}

struct address address_message(const struct address_text *from) {
  return (struct address){text_bytes(from->host), from->port};
}

static void write_v6(const struct in6_addr *address, uint16_t port, struct sockaddr_storage *into) {
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)into;
  v6->sin6_family = AF_INET6;
  v6->sin6_addr = *address;
  v6->sin6_port = htons(port);
}

static void write_v4(struct in_addr address, uint16_t port, sa_family_t family, struct sockaddr_storage *into) {
  if (family == AF_INET) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)into;
    v4->sin_family = AF_INET;
    v4->sin_addr = address;
    v4->sin_port = htons(port);
    return;
  }
  struct in6_addr mapped = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
  memcpy(&mapped.s6_addr[12], &address, sizeof address);
  write_v6(&mapped, port, into);
}

bool address_write(struct bytes host, uint16_t port, sa_family_t family, struct sockaddr_storage *into) {
  char text[INET6_ADDRSTRLEN + 1];
  struct in_addr v4;
  struct in6_addr v6;
  memset(into, 0, sizeof *into);
  if (host.length == 0 || host.length >= sizeof text) return false;
  memcpy(text, host.at, host.length);
  text[host.length] = '\0';
  if (inet_pton(AF_INET, text, &v4) == 1) return write_v4(v4, port, family, into), true;
  if (family != AF_INET6 || inet_pton(AF_INET6, text, &v6) != 1) return false;
  return write_v6(&v6, port, into), true;
}

bool address_is_loopback(const struct address_text *address) {
  return strcmp(address->host, "::1") == 0 || strncmp(address->host, "127.", 4) == 0;
}

bool address_is_local_wire(const struct address_text *address) {
  unsigned first = 0;
  if (strchr(address->host, ':') != NULL) return strncasecmp(address->host, "ff", 2) == 0;
  return sscanf(address->host, "%u", &first) == 1 && first >= 224;
}

uint16_t address_port(const struct sockaddr_storage *address) {
  return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                              : ((const struct sockaddr_in *)address)->sin_port);
}

void address_set_port(struct sockaddr_storage *address, uint16_t port) {
  if (address->ss_family == AF_INET6) ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
  else ((struct sockaddr_in *)address)->sin_port = htons(port);
}

socklen_t address_loopback(sa_family_t family, uint16_t port, struct sockaddr_storage *into) {
  memset(into, 0, sizeof *into);
  write_v4((struct in_addr){htonl(INADDR_LOOPBACK)}, port, family, into);
  return family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

void address_give(const struct sockaddr_storage *from, struct sockaddr *into, socklen_t *length) {
  if (into == NULL || length == NULL) return;
  socklen_t whole = from->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
  memcpy(into, from, *length < whole ? *length : whole);
  *length = whole;
}

// Names: getaddrinfo and its elders resolve in the pod, getnameinfo asks its resolver, and the host name is the
// pod's. The resolver gives addresses; what else the functions' results have in them is the C library's own work.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "address.h"
#include "client.h"
#include "errors.h"
#include "layer.h"
#include "real.h"
#include "settings.h"

#define MAX_ADDRESSES 64

struct addresses {
  unsigned count;
  char text[MAX_ADDRESSES][INET6_ADDRSTRLEN];
};

// Resolves in the pod. 0, or an EAI_ number.
static int resolve(const char *name, uint8_t family, struct addresses *into) {
  struct call call;
  into->count = 0;
  if (!call_begin(&call, MSG_LOOKUP)) return EAI_AGAIN;
  put_lookup(&call.out, &(struct lookup_request){text_bytes(name), family});
  if (!call_exchange(&call)) return eai_error();
  struct lookup_reply reply;
  struct bytes address;
  get_lookup(&call.in, &reply);
  for (uint32_t i = 0; i < reply.addresses_count && into->count < MAX_ADDRESSES; i++) {
    if (!get_lookup_item(&call.in, &address) || address.length >= INET6_ADDRSTRLEN) break;
    memcpy(into->text[into->count], address.at, address.length);
    into->text[into->count++][address.length] = '\0';
  }
  call_end(&call);
  return into->count > 0 ? 0 : EAI_NONAME;
}

static bool is_numeric(const char *name) {
  struct in6_addr address;
  struct in_addr v4;
  return inet_aton(name, &v4) != 0 || inet_pton(AF_INET6, name, &address) == 1 || strchr(name, '%') != NULL;
}

// This machine's resolver is right where nothing is resolved, or by configuration.
static bool is_local_name(const char *name) {
  const struct settings *session = settings();
  return name == NULL || session == NULL || layer.off || !session->resolve_names || is_numeric(name);
}

// The C library's own list for one address: services, socket types and the rest are its work. glibc frees each item
// by itself, so lists of several calls can be one.
static int append(struct addrinfo **list, const char *address, const char *service, const struct addrinfo *hints) {
  struct addrinfo own = hints != NULL ? *hints : (struct addrinfo){.ai_family = AF_UNSPEC};
  struct addrinfo *made = NULL;
  bool maps = own.ai_family == AF_INET6 && strchr(address, ':') == NULL;
  own.ai_flags = (own.ai_flags & ~(AI_ADDRCONFIG | AI_CANONNAME | AI_V4MAPPED)) | AI_NUMERICHOST;
  if (maps) own.ai_flags |= AI_V4MAPPED;
  int error = real.getaddrinfo(address, service, &own, &made);
  if (error != 0) return error;
  while (*list != NULL) list = &(*list)->ai_next;
  *list = made;
  return 0;
}

EXPORT int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
  if (PASSES() || is_local_name(name) || (hints != NULL && (hints->ai_flags & AI_NUMERICHOST)))
    return real.getaddrinfo(name, service, hints, result);
  int family = hints == NULL ? AF_UNSPEC : hints->ai_family;
  struct addresses found;
  int error = resolve(name, family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0, &found);
  bool has_none = error == EAI_NONAME || error == EAI_NODATA;
  if (has_none && family == AF_INET6 && (hints->ai_flags & AI_V4MAPPED)) error = resolve(name, 4, &found);
  // glibc tells a name that is only of the other family from one that is not at all; for a hosts file we have to ask.
  struct addresses others;
  bool has_others = error == EAI_NONAME && family != AF_UNSPEC && resolve(name, family == AF_INET ? 6 : 4, &others) == 0;
  if (error != 0) return has_others ? EAI_NODATA : error;
  struct addrinfo *list = NULL;
  for (unsigned i = 0; i < found.count; i++) {
    int failed = append(&list, found.text[i], service, hints);
    if (failed != 0) error = failed;
  }
  if (list == NULL) return error != 0 ? error : EAI_NONAME;
  if (hints != NULL && (hints->ai_flags & AI_CANONNAME)) list->ai_canonname = strdup(name);
  *result = list;
  return 0;
}

// A hostent and what it points to, in the caller's room. 0, or ERANGE.
static int fill_host(const char *name, int family, const struct addresses *found, struct hostent *into, char *room,
                     size_t size) {
  size_t width = family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
  size_t align = (8 - (uintptr_t)room % 8) % 8;
  size_t pointers = (found->count + 2) * sizeof(char *);
  if (size < align + pointers + found->count * width + strlen(name) + 1) return ERANGE;
  char **list = (char **)(room + align);
  char *at = (char *)list + pointers;
  unsigned count = 0;
  for (unsigned i = 0; i < found->count; i++) {
    if (inet_pton(family, found->text[i], at) != 1) continue;
    list[count++] = at;
    at += width;
  }
  list[count] = NULL;
  list[count + 1] = NULL; // the end of no aliases
  *into = (struct hostent){.h_name = strcpy(at, name), .h_aliases = &list[count + 1], .h_addrtype = family,
                           .h_length = (int)width, .h_addr_list = list};
  return 0;
}

static int host_error(int error) {
  if (error == EAI_NONAME) return HOST_NOT_FOUND;
  if (error == EAI_NODATA) return NO_DATA;
  return error == EAI_AGAIN ? TRY_AGAIN : NO_RECOVERY;
}

static int find_host(const char *name, int family, struct hostent *into, char *room, size_t size,
                     struct hostent **result, int *host_errno) {
  struct addresses found;
  *result = NULL;
  int error = resolve(name, family == AF_INET6 ? 6 : 4, &found);
  if (error != 0) return *host_errno = host_error(error), 0;
  int failed = fill_host(name, family, &found, into, room, size);
  if (failed != 0) return *host_errno = NETDB_INTERNAL, failed;
  *result = into;
  return 0;
}

EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *into, char *room, size_t size,
                            struct hostent **result, int *host_errno) {
  if (PASSES() || is_local_name(name))
    return real.gethostbyname2_r(name, family, into, room, size, result, host_errno);
  return find_host(name, family, into, room, size, result, host_errno);
}

EXPORT int gethostbyname_r(const char *name, struct hostent *into, char *room, size_t size, struct hostent **result,
                           int *host_errno) {
  if (PASSES() || is_local_name(name)) return real.gethostbyname_r(name, into, room, size, result, host_errno);
  return find_host(name, AF_INET, into, room, size, result, host_errno);
}

// The results of these two are the library's until the next call, as POSIX has them.
static struct hostent *static_host(const char *name, int family) {
  static __thread struct hostent host;
  static __thread char *room;
  const size_t size = 8192;
  struct hostent *result = NULL;
  if (room == NULL && (room = malloc(size)) == NULL) return NULL;
  find_host(name, family, &host, room, size, &result, &h_errno);
  return result;
}

EXPORT struct hostent *gethostbyname2(const char *name, int family) {
  if (PASSES() || is_local_name(name)) return real.gethostbyname2(name, family);
  return static_host(name, family);
}

EXPORT struct hostent *gethostbyname(const char *name) {
  if (PASSES() || is_local_name(name)) return real.gethostbyname(name);
  return static_host(name, AF_INET);
}

// Copies a name, or leaves the number where the pod has none. 0, or an EAI_ number.
static int give_name(struct bytes name, char *into, socklen_t size) {
  if (into == NULL || size == 0) return 0;
  if (name.length >= size) return EAI_OVERFLOW;
  memcpy(into, name.at, name.length);
  into[name.length] = '\0';
  return 0;
}

EXPORT int getnameinfo(const struct sockaddr *address, socklen_t length, char *host, socklen_t host_size,
                       char *service, socklen_t service_size, int flags) {
  struct address_text text;
  const struct settings *session = PASSES() || (flags & NI_NUMERICHOST) || host == NULL ? NULL : settings();
  if (session == NULL || layer.off || !session->resolve_names || !address_read(address, length, &text))
    return real.getnameinfo(address, length, host, host_size, service, service_size, flags);
  // The service, and the numbers where the pod knows no name.
  int error = real.getnameinfo(address, length, host, host_size, service, service_size, flags | NI_NUMERICHOST);
  struct call call;
  if (error != 0 || !call_begin(&call, MSG_LOOKUP_SERVICE)) return error != 0 ? error : EAI_AGAIN;
  put_lookup_service(&call.out, &(struct lookup_service_request){address_message(&text)});
  if (!call_exchange(&call)) return flags & NI_NAMEREQD ? EAI_NONAME : 0;
  struct lookup_service_reply reply = {0};
  get_lookup_service(&call.in, &reply);
  error = give_name(reply.name, host, host_size);
  call_end(&call);
  return error;
}

static const char *pod_name(void) {
  const struct settings *session = settings();
  return session == NULL || layer.off ? NULL : session->hostname;
}

EXPORT int gethostname(char *into, size_t size) {
  const char *name = PASSES() ? NULL : pod_name();
  if (name == NULL) return real.gethostname(into, size);
  if (strlen(name) >= size) return errno = ENAMETOOLONG, -1;
  strcpy(into, name);
  return 0;
}

EXPORT int __gethostname_chk(char *into, size_t size, size_t room) {
  if (size > room) abort();
  return gethostname(into, size);
}

EXPORT int uname(struct utsname *into) {
  const char *name = PASSES() ? NULL : pod_name();
  int result = real.uname(into);
  if (name != NULL && result == 0) snprintf(into->nodename, sizeof into->nodename, "%s", name);
  return result;
}

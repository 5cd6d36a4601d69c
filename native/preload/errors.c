#define _GNU_SOURCE
#include "errors.h"

#include <errno.h>
#include <netdb.h>

struct named {
  const char *name;
  int number;
};

#define NAMED(code) {#code, code}

static const struct named numbers[] = {
    NAMED(E2BIG), NAMED(EACCES), NAMED(EADDRINUSE), NAMED(EADDRNOTAVAIL), NAMED(EAFNOSUPPORT), NAMED(EAGAIN),
    NAMED(EALREADY), NAMED(EBADF), NAMED(EBADMSG), NAMED(EBUSY), NAMED(ECANCELED), NAMED(ECHILD),
    NAMED(ECONNABORTED), NAMED(ECONNREFUSED), NAMED(ECONNRESET), NAMED(EDEADLK), NAMED(EDESTADDRREQ), NAMED(EDOM),
    NAMED(EDQUOT), NAMED(EEXIST), NAMED(EFAULT), NAMED(EFBIG), NAMED(EHOSTDOWN), NAMED(EHOSTUNREACH),
    NAMED(EINPROGRESS), NAMED(EINTR), NAMED(EINVAL), NAMED(EIO), NAMED(EISCONN), NAMED(EISDIR), NAMED(ELOOP),
    NAMED(EMFILE), NAMED(EMLINK), NAMED(EMSGSIZE), NAMED(ENAMETOOLONG), NAMED(ENETDOWN), NAMED(ENETRESET),
    NAMED(ENETUNREACH), NAMED(ENFILE), NAMED(ENOBUFS), NAMED(ENODATA), NAMED(ENODEV), NAMED(ENOENT), NAMED(ENOEXEC),
    NAMED(ENOLCK), NAMED(ENOMEM), NAMED(ENOPROTOOPT), NAMED(ENOSPC), NAMED(ENOSYS), NAMED(ENOTBLK), NAMED(ENOTCONN),
    NAMED(ENOTDIR), NAMED(ENOTEMPTY), NAMED(ENOTSOCK), NAMED(ENOTSUP), NAMED(ENOTTY), NAMED(ENXIO),
    NAMED(EOPNOTSUPP), NAMED(EOVERFLOW), NAMED(EPERM), NAMED(EPIPE), NAMED(EPROTO), NAMED(EPROTONOSUPPORT),
    NAMED(EPROTOTYPE), NAMED(ERANGE), NAMED(EREMOTE), NAMED(EROFS), NAMED(ESPIPE), NAMED(ESRCH), NAMED(ESTALE),
    NAMED(ETIMEDOUT), NAMED(ETXTBSY), NAMED(EXDEV),
};

static const struct named resolver_numbers[] = {
    NAMED(EAI_NONAME), NAMED(EAI_NODATA), NAMED(EAI_AGAIN), NAMED(EAI_FAIL), NAMED(EAI_FAMILY), NAMED(EAI_SERVICE),
    NAMED(EAI_MEMORY),
};

static __thread int resolver_error;

static int find(const struct named *table, size_t count, struct bytes name, int otherwise) {
  for (size_t i = 0; i < count; i++) {
    if (strlen(table[i].name) == name.length && memcmp(table[i].name, name.at, name.length) == 0) return table[i].number;
  }
  return otherwise;
}

int errno_of(struct bytes name) {
  return find(numbers, sizeof numbers / sizeof *numbers, name, EIO);
}

void note_resolver_error(struct bytes name) {
  resolver_error = find(resolver_numbers, sizeof resolver_numbers / sizeof *resolver_numbers, name, EAI_AGAIN);
}

int eai_error(void) {
  return resolver_error == 0 ? EAI_AGAIN : resolver_error;
}

#define _GNU_SOURCE
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layer.h"
#include "real.h"

static _Atomic(struct settings *) current;

// The name under which a process is started, as `skip_processes` means it.
static bool is_this_program(const char *name) {
  return strcmp(name, program_invocation_short_name) == 0;
}

static enum mode mode_of(const char *word) {
  if (strcmp(word, "write") == 0) return MODE_WRITE;
  if (strcmp(word, "local") == 0) return MODE_LOCAL;
  return strcmp(word, "localwithoverrides") == 0 ? MODE_OVERRIDES : MODE_READ;
}

static uint16_t port_of(const char *text, char **rest) {
  unsigned long port = strtoul(text, rest, 10);
  return port <= 65535 ? (uint16_t)port : 0;
}

static void read_pair(uint16_t *table, const char *value) {
  char *second;
  uint16_t from = port_of(value, &second);
  table[from] = port_of(second, NULL);
}

static void read_line(struct settings *into, const char *key, char *value) {
  bool is_on = value[0] == '1';
  if (strcmp(key, "token") == 0) into->token = value;
  if (strcmp(key, "launcher") == 0) into->launcher = value;
  if (strcmp(key, "hostname") == 0) into->hostname = value;
  if (strcmp(key, "tcpPort") == 0) into->tcp_port = port_of(value, NULL);
  if (strcmp(key, "mode") == 0) into->mode = mode_of(value);
  if (strcmp(key, "hasPatterns") == 0) into->has_patterns = is_on;
  if (strcmp(key, "prefetchBytes") == 0) into->prefetch_bytes = (uint32_t)strtoul(value, NULL, 10);
  if (strcmp(key, "resolveNames") == 0) into->resolve_names = is_on;
  if (strcmp(key, "outgoingTcp") == 0) into->outgoing_tcp = is_on;
  if (strcmp(key, "outgoingUdp") == 0) into->outgoing_udp = is_on;
  if (strcmp(key, "outgoingIgnoreLocalhost") == 0) into->outgoing_ignore_localhost = is_on;
  if (strcmp(key, "steal") == 0) into->steal = is_on;
  if (strcmp(key, "incomingIgnoreLocalhost") == 0) into->incoming_ignore_localhost = is_on;
  if (strcmp(key, "onlyPorts") == 0) into->only_ports = is_on;
  if (strcmp(key, "port") == 0) into->wanted_port[port_of(value, NULL)] = true;
  if (strcmp(key, "ignorePort") == 0) into->ignored_port[port_of(value, NULL)] = true;
  if (strcmp(key, "portMapping") == 0) read_pair(into->pod_port, value);
  if (strcmp(key, "listenPort") == 0) read_pair(into->local_port, value);
  if (strcmp(key, "root") == 0 && into->roots_count < MAX_ROOTS) into->roots[into->roots_count++] = value;
  if (strcmp(key, "skip") == 0 && is_this_program(value)) layer.off = true;
}

static bool read_file(struct settings *into) {
  char path[PATH_MAX + 16];
  snprintf(path, sizeof path, "%s/native", layer.folder);
  int fd = real.open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  size_t length = 0;
  ssize_t count;
  while ((count = real.read(fd, into->text + length, sizeof into->text - 1 - length)) > 0) length += (size_t)count;
  real.close(fd);
  return count == 0 && length > 0;
}

// `key value` lines.
static void parse(struct settings *into) {
  char *rest;
  for (char *line = strtok_r(into->text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    char *value = strchr(line, ' ');
    if (value == NULL) continue;
    *value++ = '\0';
    read_line(into, line, value);
  }
}

const struct settings *settings(void) {
  struct settings *known = atomic_load(&current);
  if (known != NULL) return known;
  // Its pages cost nothing until they are touched.
  struct settings *own = real.mmap(NULL, sizeof *own, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (own == MAP_FAILED) return NULL;
  if (!read_file(own)) {
    munmap(own, sizeof *own);
    return NULL;
  }
  parse(own);
  // Another thread may have been faster: then ours is not needed.
  if (atomic_compare_exchange_strong(&current, &known, own)) return own;
  munmap(own, sizeof *own);
  return known;
}

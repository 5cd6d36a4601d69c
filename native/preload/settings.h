// What the session's proxy tells native layers: src/policy/native-settings.ts writes the file, settings.c reads it.

#ifndef MIRRORD_SETTINGS_H
#define MIRRORD_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define MAX_ROOTS 16
#define SETTINGS_BYTES 65536

enum mode { MODE_READ, MODE_WRITE, MODE_LOCAL, MODE_OVERRIDES };

struct settings {
  const char *token;
  // Starts a program under the session's supervisor, or NULL where there is none.
  const char *launcher;
  // The pod's host name, or NULL where this machine's is shown.
  const char *hostname;
  uint16_t tcp_port;
  enum mode mode;
  // The configuration has patterns: the proxy, which has their engine, decides each path.
  bool has_patterns;
  uint32_t prefetch_bytes;
  bool resolve_names;
  bool outgoing_tcp;
  bool outgoing_udp;
  bool outgoing_ignore_localhost;
  bool steal;
  bool incoming_ignore_localhost;
  bool only_ports;
  // The developer's folders, beside those of each process.
  const char *roots[MAX_ROOTS];
  unsigned roots_count;
  // By port: the pod's for one that the program asks for, this machine's to bind instead; 0 is the same.
  uint16_t pod_port[65536];
  uint16_t local_port[65536];
  bool ignored_port[65536];
  bool wanted_port[65536];
  char text[SETTINGS_BYTES];
};

// The session's settings, read when first asked for; NULL when the session has ended.
const struct settings *settings(void);

#endif

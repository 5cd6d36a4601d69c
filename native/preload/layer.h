// What all files of the preload share: this process, and whether a call is the layer's business at all.
//
// An interposed function is four steps: guard (PASSES), decide (policy.h, table.h), remote call (client.h), errno.

#ifndef MIRRORD_LAYER_H
#define MIRRORD_LAYER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// Of all functions only the interposed ones are seen from outside (-fvisibility=hidden).
#define EXPORT __attribute__((visibility("default")))

// A second name of an interposed function: the 64-bit twins, the checked forms of _FORTIFY_SOURCE.
#define ALIAS(name) __attribute__((visibility("default"), alias(#name)))

struct layer {
  bool ready;
  // No session, or a process that the configuration skips: every call passes.
  bool off;
  // The process itself; in a child of vfork, which shares our memory, getpid() is another.
  pid_t pid;
  // The session's folder, from MIRRORD_SESSION.
  char folder[PATH_MAX];
  // Where the process started, its own folder, and what its environment said then: see LocalPlaces.
  char cwd[PATH_MAX];
  char program[PATH_MAX];
  char home[PATH_MAX];
  char temporary[PATH_MAX];
  // The text of a Node executable, which has a layer of its own; otherwise empty.
  uintptr_t node_start;
  uintptr_t node_end;
};

extern struct layer layer;

// Prepares the layer; called by the constructor, or by the first interposed call if one comes earlier.
void layer_start(void);

// True when the caller is to get the C library's own function.
static inline bool layer_passes(const void *caller) {
  if (!layer.ready) layer_start();
  uintptr_t address = (uintptr_t)caller;
  return layer.off || (address >= layer.node_start && address < layer.node_end);
}

#define PASSES() layer_passes(__builtin_return_address(0))

// Writes a line to stderr, by one system call.
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

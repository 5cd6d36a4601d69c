// Which path is the pod's: src/policy/paths.ts in C, on the same built-in lists. Where the configuration has
// patterns, which are JavaScript's, the proxy is asked instead (docs/decisions/0021), and its answer remembered.

#ifndef MIRRORD_POLICY_H
#define MIRRORD_POLICY_H

#include <limits.h>
#include <stdbool.h>

enum where { LOCAL, REMOTE, NOT_FOUND };

// A decision, and the path to use: the given one, or one that was made in `buffer`.
struct place {
  enum where where;
  const char *path;
  char buffer[PATH_MAX];
};

enum access { TO_READ, TO_WRITE };

// Decides for a path as openat(2) takes it. Below a folder of this machine, a relative path is local, since the
// current folder always is. errno is as before.
void decide(struct place *place, int folder, const char *path, enum access access);

// What open(2) with these flags does to a file.
enum access access_of(int flags);

#endif

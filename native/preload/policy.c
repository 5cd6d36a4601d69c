#define _GNU_SOURCE
#include "policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "built_in_paths.h"
#include "client.h"
#include "layer.h"
#include "settings.h"
#include "table.h"

#define EACH(item, list) (size_t item = 0; item < sizeof(list) / sizeof *(list); item++)

// Answers of the proxy by a hash of the question; the low two bits are the answer, plus one.
#define REMEMBERED 4096
static _Atomic uint64_t remembered[REMEMBERED];

static bool starts_with(const char *path, const char *prefix) {
  return strncmp(path, prefix, strlen(prefix)) == 0;
}

// `path` is this folder, or below it.
static bool is_in(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_in_tree(const char *path, const char *tree) {
  size_t length = strlen(tree);
  return strncasecmp(path, tree, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool ends_with(const char *path, size_t length, const char *suffix) {
  size_t suffix_length = strlen(suffix);
  return length >= suffix_length && strcasecmp(path + length - suffix_length, suffix) == 0;
}

// A folder that the program lives in, all below it, and the folders on the way to it.
static bool is_around_root(const char *path, const char *root) {
  if (root[0] != '/' || root[1] == '\0') return false;
  return is_in(path, root) || (starts_with(root, path) && root[strlen(path)] == '/');
}

static bool is_built_in_local(const char *path) {
  if (strcmp(path, "/") == 0) return true;
  for EACH(i, local_trees) if (is_in_tree(path, local_trees[i])) return true;
  for EACH(i, local_parts) {
    const char *found = strcasestr(path, local_parts[i][0]);
    const char *second = local_parts[i][1];
    if (found != NULL && (second == NULL || strcasestr(found + strlen(local_parts[i][0]), second) != NULL)) return true;
  }
  const char *name = strrchr(path, '/') + 1; // an absolute path has one
  for EACH(i, local_names) if (strcasecmp(name, local_names[i]) == 0) return true;
  size_t length = strlen(path);
  for EACH(i, local_suffixes) if (ends_with(path, length, local_suffixes[i])) return true;
  return false;
}

static bool is_local_place(const struct settings *session, const char *path) {
  for (unsigned i = 0; i < session->roots_count; i++) if (is_around_root(path, session->roots[i])) return true;
  if (is_around_root(path, layer.cwd) || is_around_root(path, layer.program)) return true;
  if (is_around_root(path, layer.folder)) return true;
  if (is_in(path, layer.temporary) && path[strlen(layer.temporary)] == '/') return true;
  size_t home = strlen(layer.home);
  if (starts_with(path, layer.home) && path[home] == '/' && path[home + 1] == '.') return true;
  return is_built_in_local(path);
}

static bool is_hidden(const char *path) {
  if (!starts_with(path, layer.home)) return false;
  for EACH(i, hidden_in_home) if (starts_with(path + strlen(layer.home), hidden_in_home[i])) return true;
  return false;
}

static bool is_built_in_remote(const char *path) {
  for EACH(i, remote_files) if (strcasecmp(path, remote_files[i]) == 0) return true;
  for EACH(i, remote_trees) if (is_in_tree(path, remote_trees[i])) return true;
  return false;
}

static enum where decide_here(const struct settings *session, const char *path, enum access access) {
  if (session->mode == MODE_LOCAL) return LOCAL;
  if (is_hidden(path)) return NOT_FOUND;
  if (access == TO_READ && is_built_in_remote(path)) return REMOTE;
  if (is_local_place(session, path)) return LOCAL;
  if (session->mode == MODE_WRITE) return REMOTE;
  return session->mode == MODE_READ && access == TO_READ ? REMOTE : LOCAL;
}

// FNV-1a over the path and the access; the low bits make room for the answer.
static uint64_t hash_of(const char *path, enum access access) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char *at = (const unsigned char *)path; *at != '\0'; at++) hash = (hash ^ *at) * 0x100000001b3u;
  hash = (hash ^ (unsigned)access) * 0x100000001b3u;
  return hash & ~(uint64_t)3;
}

static void ask(const struct settings *session, struct place *place, enum access access) {
  uint64_t hash = hash_of(place->path, access);
  _Atomic uint64_t *memory = &remembered[(hash >> 20) % REMEMBERED];
  uint64_t known = atomic_load(memory);
  if (known != 0 && (known & ~(uint64_t)3) == hash) {
    place->where = (enum where)((known & 3) - 1);
    return;
  }
  struct bytes roots[MAX_ROOTS + 3];
  uint32_t count = 0;
  for (; count < session->roots_count; count++) roots[count] = text_bytes(session->roots[count]);
  roots[count++] = text_bytes(layer.cwd);
  roots[count++] = text_bytes(layer.program);
  roots[count++] = text_bytes(layer.folder);

  struct call call;
  place->where = LOCAL;
  if (!call_begin(&call, MSG_DECIDE_PATH)) return;
  put_decide_path(&call.out, &(struct decide_path_request){text_bytes(place->path), access == TO_WRITE,
                                                           text_bytes(layer.home), text_bytes(layer.temporary), roots,
                                                           count});
  if (!call_exchange(&call)) return;
  struct decide_path_reply reply;
  if (get_decide_path(&call.in, &reply) && reply.where <= NOT_FOUND && reply.path.length < sizeof place->buffer) {
    bool is_mapped = reply.path.length != strlen(place->path) ||
                     memcmp(reply.path.at, place->path, reply.path.length) != 0;
    place->where = (enum where)reply.where;
    if (is_mapped) { // not remembered: there is no place for the new path
      memcpy(place->buffer, reply.path.at, reply.path.length);
      place->buffer[reply.path.length] = '\0';
      place->path = place->buffer;
    } else {
      atomic_store(memory, hash | (uint64_t)(reply.where + 1));
    }
  }
  call_end(&call);
}

// Removes `//`, `.`, `..` and a slash at the end by the text alone. Returns `path` where there is nothing to do.
static const char *normalize(const char *path, char into[PATH_MAX]) {
  size_t length = strlen(path);
  bool is_plain = strstr(path, "//") == NULL && strstr(path, "/.") == NULL && (length == 1 || path[length - 1] != '/');
  if (is_plain || length >= PATH_MAX) return path;
  size_t made = 0;
  for (const char *part = path; *part != '\0';) {
    while (*part == '/') part++;
    size_t size = strcspn(part, "/");
    if (size == 2 && memcmp(part, "..", 2) == 0) {
      while (made > 0 && into[--made] != '/') {}
    } else if (size > 0 && !(size == 1 && *part == '.')) {
      into[made++] = '/';
      memcpy(into + made, part, size);
      made += size;
    }
    part += size;
  }
  if (made == 0) into[made++] = '/';
  into[made] = '\0';
  return into;
}

// The absolute path for a name below a folder of the pod. False when `folder` is none.
static bool join(struct place *place, int folder, const char *path) {
  const char *base = folder == AT_FDCWD ? NULL : table_folder(folder);
  if (base == NULL) return false;
  const char *slash = path[0] == '\0' ? "" : "/";
  int length = snprintf(place->buffer, sizeof place->buffer, "%s%s%s", base, slash, path);
  if (length < 0 || (size_t)length >= sizeof place->buffer) return false;
  place->path = place->buffer;
  return true;
}

// `..` behind a folder that this machine does not have: /data/.. is / all the same.
static bool leads_through_pod(const struct settings *session, const char *path) {
  const char *up = strstr(path, "/..");
  if (up == NULL || up == path || up - path >= PATH_MAX) return false;
  char before[PATH_MAX];
  memcpy(before, path, (size_t)(up - path));
  before[up - path] = '\0';
  return decide_here(session, before, TO_READ) == REMOTE;
}

void decide(struct place *place, int folder, const char *path, enum access access) {
  int before = errno;
  place->where = LOCAL;
  place->path = path;
  if (path == NULL || (path[0] != '/' && !join(place, folder, path))) return;
  const struct settings *session = settings();
  if (session == NULL || layer.off) return;
  if (session->has_patterns) {
    ask(session, place, access);
  } else {
    char normal[PATH_MAX];
    const char *plain = normalize(place->path, normal);
    place->where = decide_here(session, plain, access);
    if (place->where == LOCAL && leads_through_pod(session, place->path))
      place->path = memcpy(place->buffer, normal, sizeof normal);
  }
  errno = before;
}

enum access access_of(int flags) {
  bool changes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC | O_APPEND)) != 0;
  return changes ? TO_WRITE : TO_READ;
}

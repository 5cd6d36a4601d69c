// Programs started from here join the session too, whatever environment they are given; one that makes its system
// calls by itself is started under the session's supervisor. A child of vfork calls these, with our memory and one
// stack: nothing here allocates or locks.

#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "executable.h"
#include "layer.h"
#include "partial.h"
#include "real.h"
#include "settings.h"
#include "table.h"

extern char **environ;

// What is really started in place of what was asked for.
struct start {
  const char *program;
  char *const *arguments;
  char *const *environment;
};

// Room for it, on the stack of whoever starts.
struct room {
  char file[PATH_MAX];
  char socket[PATH_MAX + 16];
  char files[FILES_ROOM];
};

// A program reads what it inherits without us, until it has our layer again: large files are made whole.
static void make_whole(int fd, const struct entry *entry, void *unused) {
  (void)unused;
  if (entry->kind == PARTIAL) partial_fetch_all(fd, (struct entry *)entry);
}

static const char *launcher_for(const char *name, struct room *room) {
  static atomic_bool told;
  if (!executable_find(name, room->file) || !executable_needs_supervisor(room->file)) return NULL;
  const struct settings *session = settings();
  if (session == NULL || layer.off) return NULL;
  if (session->launcher != NULL) return session->launcher;
  if (!atomic_exchange(&told, true))
    say("\"%s\" makes its system calls by itself, so it has the pod's environment only.", name);
  return NULL;
}

// `arguments` and `environment` of the result have the two rooms; see ROOM_FOR.
static struct start prepare(const char *name, char *const arguments[], char *const environment[], struct room *room,
                            char **arguments_room, char **environment_room) {
  int before = errno;
  table_each(make_whole, NULL);
  environment_complete(environment, environment_room, room->files);
  struct start start = {name, arguments, environment_room};
  const char *launcher = launcher_for(name, room);
  if (launcher != NULL) {
    snprintf(room->socket, sizeof room->socket, "%s/supervisor", layer.folder);
    environment_remove(environment_room, "LD_PRELOAD"); // one layer for it and all that it starts
    char *head[] = {(char *)launcher, room->socket, room->file};
    memcpy(arguments_room, head, sizeof head);
    memcpy(arguments_room + 3, arguments, (environment_count(arguments) + 1) * sizeof *arguments);
    start = (struct start){launcher, arguments_room, environment_room};
  }
  errno = before;
  return start;
}

#define PREPARED(name, arguments, environment)                                                          \
  prepare(name, arguments, environment, alloca(sizeof(struct room)),                                    \
          alloca((environment_count(arguments) + 4) * sizeof(char *)),                                  \
          alloca(ENVIRONMENT_ROOM(environment_count(environment)) * sizeof(char *)))

EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.execve(path, arguments, environment);
  struct start start = PREPARED(path, arguments, environment);
  return real.execve(start.program, start.arguments, start.environment);
}

EXPORT int execv(const char *path, char *const arguments[]) {
  if (PASSES()) return real.execve(path, arguments, environ);
  return execve(path, arguments, environ);
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.execvpe(file, arguments, environment);
  struct start start = PREPARED(file, arguments, environment);
  return real.execvpe(start.program, start.arguments, start.environment);
}

EXPORT int execvp(const char *file, char *const arguments[]) {
  if (PASSES()) return real.execvpe(file, arguments, environ);
  return execvpe(file, arguments, environ);
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.fexecve(fd, arguments, environment);
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  struct start start = PREPARED(path, arguments, environment);
  if (start.program != path) return real.execve(start.program, start.arguments, start.environment);
  return real.fexecve(fd, start.arguments, start.environment);
}

EXPORT int execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags) {
  if (PASSES()) return real.execveat(folder, path, arguments, environment, flags);
  if (folder == AT_FDCWD && flags == 0) return execve(path, arguments, environment);
  char *completed[ENVIRONMENT_ROOM(environment_count(environment))];
  char files[FILES_ROOM];
  environment_complete(environment, completed, files);
  return real.execveat(folder, path, arguments, completed, flags);
}

// The arguments of execl and its kin, up to NULL, as an array on the caller's stack. `last` is left at what follows.
#define LISTED(first, last)                                                   \
  ({                                                                          \
    va_list counting_;                                                        \
    size_t count_ = 1;                                                        \
    va_copy(counting_, last);                                                 \
    while (va_arg(counting_, char *) != NULL) count_++;                       \
    va_end(counting_);                                                        \
    char **list_ = alloca((count_ + 1) * sizeof *list_);                      \
    list_[0] = (char *)(first);                                               \
    for (size_t i_ = 1; i_ <= count_; i_++) list_[i_] = va_arg(last, char *); \
    list_;                                                                    \
  })

EXPORT int execl(const char *path, const char *first, ...) {
  va_list arguments;
  va_start(arguments, first);
  char **list = LISTED(first, arguments);
  va_end(arguments);
  if (PASSES()) return real.execve(path, list, environ);
  return execve(path, list, environ);
}

EXPORT int execlp(const char *file, const char *first, ...) {
  va_list arguments;
  va_start(arguments, first);
  char **list = LISTED(first, arguments);
  va_end(arguments);
  if (PASSES()) return real.execvpe(file, list, environ);
  return execvpe(file, list, environ);
}

EXPORT int execle(const char *path, const char *first, ...) {
  va_list arguments;
  va_start(arguments, first);
  char **list = LISTED(first, arguments);
  char *const *environment = va_arg(arguments, char *const *);
  va_end(arguments);
  if (PASSES()) return real.execve(path, list, environment);
  return execve(path, list, environment);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.posix_spawn(pid, path, actions, attributes, arguments, environment);
  struct start start = PREPARED(path, arguments, environment);
  return real.posix_spawn(pid, start.program, actions, attributes, start.arguments, start.environment);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.posix_spawnp(pid, file, actions, attributes, arguments, environment);
  struct start start = PREPARED(file, arguments, environment);
  return real.posix_spawnp(pid, start.program, actions, attributes, start.arguments, start.environment);
}

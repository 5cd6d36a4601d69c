// Programs started from here join the session too, whatever environment they are given. A child of vfork calls
// these, with our memory and one stack: nothing here allocates or locks.

#define _GNU_SOURCE
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "environment.h"
#include "executable.h"
#include "layer.h"
#include "partial.h"
#include "real.h"
#include "table.h"

extern char **environ;

// A program reads what it inherits without us, until it has our layer again: large files are made whole.
static void make_whole(int fd, const struct entry *entry, void *unused) {
  (void)unused;
  if (entry->kind == PARTIAL) partial_fetch_all(fd, (struct entry *)entry);
}

static void prepare(const char *path) {
  int before = errno;
  table_each(make_whole, NULL);
  if (path != NULL) executable_check(path);
  errno = before;
}

// Room on the caller's stack, which is why this is no function.
#define COMPLETED(environment)                                                                      \
  ({                                                                                                \
    char **into_ = alloca(ENVIRONMENT_ROOM(environment_count(environment)) * sizeof *into_);       \
    environment_complete(environment, into_, alloca(FILES_ROOM));                                   \
    into_;                                                                                          \
  })

EXPORT int execve(const char *path, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.execve(path, arguments, environment);
  prepare(path);
  return real.execve(path, arguments, COMPLETED(environment));
}

EXPORT int execv(const char *path, char *const arguments[]) {
  if (PASSES()) return real.execve(path, arguments, environ);
  prepare(path);
  return real.execve(path, arguments, COMPLETED(environ));
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.execvpe(file, arguments, environment);
  prepare(strchr(file, '/') != NULL ? file : NULL);
  return real.execvpe(file, arguments, COMPLETED(environment));
}

EXPORT int execvp(const char *file, char *const arguments[]) {
  if (PASSES()) return real.execvpe(file, arguments, environ);
  prepare(strchr(file, '/') != NULL ? file : NULL);
  return real.execvpe(file, arguments, COMPLETED(environ));
}

EXPORT int fexecve(int fd, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.fexecve(fd, arguments, environment);
  prepare(NULL);
  return real.fexecve(fd, arguments, COMPLETED(environment));
}

EXPORT int execveat(int folder, const char *path, char *const arguments[], char *const environment[], int flags) {
  if (PASSES()) return real.execveat(folder, path, arguments, environment, flags);
  prepare(NULL);
  return real.execveat(folder, path, arguments, COMPLETED(environment), flags);
}

// The arguments of execl and its kin, up to NULL, as an array on the caller's stack. `last` is left at what follows.
#define LISTED(first, last)                                          \
  ({                                                                 \
    va_list counting_;                                               \
    size_t count_ = 1;                                               \
    va_copy(counting_, last);                                        \
    while (va_arg(counting_, char *) != NULL) count_++;              \
    va_end(counting_);                                               \
    char **list_ = alloca((count_ + 1) * sizeof *list_);             \
    list_[0] = (char *)(first);                                      \
    for (size_t i_ = 1; i_ <= count_; i_++) list_[i_] = va_arg(last, char *); \
    list_;                                                           \
  })

EXPORT int execl(const char *path, const char *first, ...) {
  va_list arguments;
  va_start(arguments, first);
  char **list = LISTED(first, arguments);
  va_end(arguments);
  if (PASSES()) return real.execve(path, list, environ);
  return execv(path, list);
}

EXPORT int execlp(const char *file, const char *first, ...) {
  va_list arguments;
  va_start(arguments, first);
  char **list = LISTED(first, arguments);
  va_end(arguments);
  if (PASSES()) return real.execvpe(file, list, environ);
  return execvp(file, list);
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
  prepare(path);
  return real.posix_spawn(pid, path, actions, attributes, arguments, COMPLETED(environment));
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[]) {
  if (PASSES()) return real.posix_spawnp(pid, file, actions, attributes, arguments, environment);
  prepare(strchr(file, '/') != NULL ? file : NULL);
  return real.posix_spawnp(pid, file, actions, attributes, arguments, COMPLETED(environment));
}

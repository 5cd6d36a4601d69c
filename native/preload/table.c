#define _GNU_SOURCE
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "environment.h"
#include "partial.h"
#include "raw.h"
#include "real.h"

// More than most systems let a process have; untouched, it takes no memory.
#define MAX_DESCRIPTORS 65536

static struct entry entries[MAX_DESCRIPTORS];
static atomic_int highest = -1;

static bool identify(int fd, struct stat *stat) {
  int before = errno;
  bool found = raw_fstat(fd, stat) == 0;
  errno = before;
  return found;
}

static bool is_shared(int companion, int besides) {
  for (int fd = 0; fd <= atomic_load(&highest); fd++) {
    if (fd != besides && entries[fd].kind != NOTHING && entries[fd].companion == companion) return true;
  }
  return false;
}

static void release(int fd) {
  struct entry *entry = &entries[fd];
  enum kind kind = atomic_exchange(&entry->kind, NOTHING);
  if (kind == FOLDER) munmap(entry->path, PATH_MAX);
  if (entry->companion < 0 || is_shared(entry->companion, fd)) return;
  if (kind == PARTIAL) parts_free(entry->parts);
  real.close(entry->companion);
}

struct entry *table_find(int fd) {
  if (fd < 0 || fd > atomic_load(&highest)) return NULL;
  struct entry *entry = &entries[fd];
  if (entry->kind == NOTHING) return NULL;
  struct stat stat;
  if (identify(fd, &stat) && stat.st_ino == entry->inode && stat.st_dev == entry->device) return entry;
  release(fd);
  return NULL;
}

struct entry *table_find_kind(int fd, enum kind kind) {
  struct entry *entry = table_find(fd);
  return entry != NULL && entry->kind == kind ? entry : NULL;
}

bool table_add(int fd, const struct entry *from) {
  struct stat stat;
  if (fd >= MAX_DESCRIPTORS || !identify(fd, &stat)) {
    errno = EMFILE;
    return false;
  }
  struct entry *entry = &entries[fd];
  if (entry->kind != NOTHING) release(fd); // of a file that was closed behind our back
  enum kind kind = from->kind;
  memcpy((char *)entry + sizeof entry->kind, (const char *)from + sizeof entry->kind, sizeof *entry - sizeof entry->kind);
  entry->device = stat.st_dev;
  entry->inode = stat.st_ino;
  atomic_store(&entry->kind, kind);
  for (int top = atomic_load(&highest); fd > top && !atomic_compare_exchange_weak(&highest, &top, fd);) {}
  return true;
}

void table_remove(int fd) {
  if (table_find(fd) != NULL) release(fd);
}

void table_copy(int from, int to) {
  const struct entry *entry = table_find(from);
  if (entry == NULL || from == to || to < 0) return;
  struct entry copy = *entry;
  if (copy.kind == FOLDER) {
    copy.path = real.mmap(NULL, PATH_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy.path == MAP_FAILED) return;
    memcpy(copy.path, entry->path, PATH_MAX);
  }
  table_add(to, &copy);
}

const char *table_folder(int fd) {
  const struct entry *entry = table_find_kind(fd, FOLDER);
  return entry == NULL ? NULL : entry->path;
}

bool table_has_companion(int fd) {
  return is_shared(fd, -1);
}

void table_each(void (*visit)(int fd, const struct entry *entry, void *context), void *context) {
  for (int fd = 0; fd <= atomic_load(&highest); fd++) {
    const struct entry *entry = table_find(fd);
    int flags = entry == NULL ? FD_CLOEXEC : real.fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) visit(fd, entry, context);
  }
}

void table_each_of(enum kind kind, void (*visit)(int fd, const struct entry *entry, void *context), void *context) {
  for (int fd = 0; fd <= atomic_load(&highest); fd++) {
    const struct entry *entry = table_find_kind(fd, kind);
    if (entry != NULL) visit(fd, entry, context);
  }
}

// `fd:handle:flags` for each file, with semicolons between.
void table_inherit(void) {
  char *list = getenv(FILES_VARIABLE);
  if (list == NULL) return;
  for (char *at = list; *at != '\0';) {
    int fd = (int)strtol(at, &at, 10);
    if (*at++ != ':') break;
    struct entry entry = {.kind = HANDLE, .companion = -1, .handle = (uint32_t)strtoul(at, &at, 10)};
    if (*at++ != ':') break;
    entry.flags = (int)strtol(at, &at, 10);
    struct stat stat;
    if (identify(fd, &stat) && S_ISSOCK(stat.st_mode)) table_add(fd, &entry);
    if (*at == ';') at++;
  }
  unsetenv(FILES_VARIABLE);
}

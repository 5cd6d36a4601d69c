// Folders of the pod: opendir brings the whole list in one message, and a DIR of ours gives it out. Ours is told
// from the C library's by its first word, which is never that of theirs.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client.h"
#include "layer.h"
#include "open.h"
#include "policy.h"
#include "real.h"
#include "table.h"

static const char mark;

struct folder {
  const void *mark;
  // For dirfd(): a descriptor that stands for the folder.
  int fd;
  long position;
  long count;
  struct dirent current;
  // UV_DIRENT_* and the name with its zero, one after the other; `starts` says where.
  char *names;
  uint32_t starts[];
};

// The UV_DIRENT_* numbers of the wire, in order.
static const unsigned char types[] = {DT_UNKNOWN, DT_REG, DT_DIR, DT_LNK, DT_FIFO, DT_SOCK, DT_CHR, DT_BLK};

static struct folder *as_folder(DIR *directory) {
  struct folder *folder = (struct folder *)directory;
  return folder != NULL && folder->mark == &mark ? folder : NULL;
}

static void add_name(struct folder *folder, size_t *used, unsigned char type, struct bytes name) {
  folder->starts[folder->count++] = (uint32_t)*used;
  folder->names[(*used)++] = (char)type;
  memcpy(folder->names + *used, name.at, name.length);
  *used += name.length;
  folder->names[(*used)++] = '\0';
}

static struct folder *make_folder(struct reader *in) {
  struct read_directory_reply reply;
  size_t bytes = (size_t)(in->end - in->at);
  get_read_directory(in, &reply);
  struct folder *folder = calloc(1, sizeof *folder + (reply.entries_count + 2) * sizeof *folder->starts);
  // An entry is five bytes longer on the wire than here, but for two that are not on the wire.
  char *names = folder == NULL ? NULL : malloc(bytes + 16);
  if (names == NULL) return free(folder), errno = ENOMEM, NULL;
  *folder = (struct folder){.mark = &mark, .fd = -1, .names = names};
  size_t used = 0;
  add_name(folder, &used, DT_DIR, text_bytes("."));
  add_name(folder, &used, DT_DIR, text_bytes(".."));
  for (uint32_t i = 0; i < reply.entries_count; i++) {
    struct read_directory_item item;
    if (!get_read_directory_item(in, &item)) break;
    if (item.name.length < sizeof folder->current.d_name)
      add_name(folder, &used, item.type < sizeof types ? types[item.type] : DT_UNKNOWN, item.name);
  }
  return folder;
}

static struct folder *read_folder(const char *path) {
  struct call call;
  if (!call_begin(&call, MSG_READ_DIRECTORY)) return NULL;
  put_read_directory(&call.out, &(struct read_directory_request){text_bytes(path)});
  if (!call_exchange(&call)) return NULL;
  struct folder *folder = make_folder(&call.in);
  int number = errno;
  call_end(&call);
  errno = number;
  return folder;
}

EXPORT DIR *opendir(const char *path) {
  if (PASSES()) return real.opendir(path);
  struct place place;
  decide(&place, AT_FDCWD, path, TO_READ);
  if (place.where == LOCAL) return real.opendir(place.path);
  if (place.where == NOT_FOUND) return errno = ENOENT, NULL;
  struct folder *folder = read_folder(place.path);
  if (folder == NULL) return NULL;
  folder->fd = open_folder(place.path, NULL, O_CLOEXEC);
  if (folder->fd >= 0) return (DIR *)folder;
  free(folder->names);
  free(folder);
  return NULL;
}

EXPORT DIR *fdopendir(int fd) {
  const char *path = PASSES() ? NULL : table_folder(fd);
  if (path == NULL) return real.fdopendir(fd);
  struct folder *folder = read_folder(path);
  if (folder != NULL) folder->fd = fd;
  return (DIR *)folder;
}

EXPORT int closedir(DIR *directory) {
  struct folder *folder = PASSES() ? NULL : as_folder(directory);
  if (folder == NULL) return real.closedir(directory);
  table_remove(folder->fd);
  int result = real.close(folder->fd);
  free(folder->names);
  free(folder);
  return result;
}

static struct dirent *next(struct folder *folder) {
  if (folder->position >= folder->count) return NULL;
  const char *at = folder->names + folder->starts[folder->position++];
  struct dirent *entry = &folder->current;
  // The agent's list has no inode numbers; 0 would mean a removed entry.
  entry->d_ino = (ino_t)folder->position;
  entry->d_off = folder->position;
  entry->d_reclen = sizeof *entry;
  entry->d_type = (unsigned char)at[0];
  strcpy(entry->d_name, at + 1);
  return entry;
}

EXPORT struct dirent *readdir(DIR *directory) {
  struct folder *folder = PASSES() ? NULL : as_folder(directory);
  return folder == NULL ? real.readdir(directory) : next(folder);
}

EXPORT int readdir_r(DIR *directory, struct dirent *entry, struct dirent **result) {
  struct folder *folder = PASSES() ? NULL : as_folder(directory);
  struct dirent *found = folder == NULL ? (errno = 0, real.readdir(directory)) : next(folder);
  *result = NULL;
  if (found == NULL) return folder == NULL ? errno : 0;
  memcpy(entry, found, found->d_reclen < sizeof *found ? found->d_reclen : sizeof *found);
  *result = entry;
  return 0;
}

// struct dirent64 is the same on 64-bit machines.
ALIAS(readdir) struct dirent64 *readdir64(DIR *directory);
ALIAS(readdir_r) int readdir64_r(DIR *directory, struct dirent64 *entry, struct dirent64 **result);

EXPORT int dirfd(DIR *directory) {
  struct folder *folder = PASSES() ? NULL : as_folder(directory);
  return folder == NULL ? real.dirfd(directory) : folder->fd;
}

EXPORT void rewinddir(DIR *directory) {
  struct folder *folder = PASSES() ? NULL : as_folder(directory);
  if (folder == NULL) real.rewinddir(directory);
  else folder->position = 0;
}

EXPORT long telldir(DIR *directory) {
  struct folder *folder = PASSES() ? NULL : as_folder(directory);
  return folder == NULL ? real.telldir(directory) : folder->position;
}

EXPORT void seekdir(DIR *directory, long position) {
  struct folder *folder = PASSES() ? NULL : as_folder(directory);
  if (folder == NULL) real.seekdir(directory, position);
  else folder->position = position;
}

typedef int filter(const struct dirent *);
typedef int compare(const struct dirent **, const struct dirent **);

static void free_list(struct dirent **list, size_t count) {
  while (count > 0) free(list[--count]);
  free(list);
}

// The C library's own scandir calls its own opendir.
static int scan(const char *path, struct dirent ***into, filter *is_wanted, compare *order) {
  struct folder *folder = read_folder(path);
  if (folder == NULL) return -1;
  struct dirent **list = calloc((size_t)folder->count, sizeof *list);
  size_t count = 0;
  struct dirent *entry;
  while (list != NULL && (entry = next(folder)) != NULL) {
    if (is_wanted != NULL && !is_wanted(entry)) continue;
    if ((list[count] = malloc(sizeof *entry)) == NULL) break;
    memcpy(list[count++], entry, sizeof *entry);
  }
  bool is_whole = list != NULL && folder->position >= folder->count;
  free(folder->names);
  free(folder);
  if (!is_whole) return free_list(list, count), errno = ENOMEM, -1;
  // As scandir(3) declares it and qsort(3) wants it: two pointers to the items.
  if (order != NULL) qsort(list, count, sizeof *list, (int (*)(const void *, const void *))order);
  *into = list;
  return (int)count;
}

EXPORT int scandir(const char *path, struct dirent ***list, filter *is_wanted, compare *order) {
  if (PASSES()) return real.scandir(path, list, is_wanted, order);
  struct place place;
  decide(&place, AT_FDCWD, path, TO_READ);
  if (place.where == LOCAL) return real.scandir(place.path, list, is_wanted, order);
  if (place.where == NOT_FOUND) return errno = ENOENT, -1;
  return scan(place.path, list, is_wanted, order);
}

ALIAS(scandir) int scandir64(const char *path, struct dirent64 ***list, int (*is_wanted)(const struct dirent64 *),
                             int (*order)(const struct dirent64 **, const struct dirent64 **));

static void close_for_glob(void *directory) {
  closedir(directory);
}

static struct dirent *read_for_glob(void *directory) {
  return readdir(directory);
}

static void *open_for_glob(const char *path) {
  return opendir(path);
}

// glob(3) would use its own functions too, but lets itself be given others.
EXPORT int glob(const char *pattern, int flags, int (*on_error)(const char *, int), glob_t *into) {
  if (PASSES() || (flags & GLOB_ALTDIRFUNC)) return real.glob(pattern, flags, on_error, into);
  into->gl_opendir = open_for_glob;
  into->gl_readdir = read_for_glob;
  into->gl_closedir = close_for_glob;
  into->gl_stat = stat;
  into->gl_lstat = lstat;
  int result = real.glob(pattern, flags | GLOB_ALTDIRFUNC, on_error, into);
  into->gl_flags &= ~GLOB_ALTDIRFUNC;
  return result;
}

ALIAS(glob) int glob64(const char *pattern, int flags, int (*on_error)(const char *, int), glob64_t *into);

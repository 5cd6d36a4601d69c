#define _GNU_SOURCE
#include "environment.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "table.h"

#define PRELOAD "LD_PRELOAD"
#define NODE_OPTIONS "NODE_OPTIONS"
#define LOADER "register.cjs"

// As `NAME=value`. LD_PRELOAD is as we found it: others of the developer's may be in it.
static char preload[2 * PATH_MAX];
static char session[PATH_MAX + sizeof SESSION_VARIABLE];
// Only the loader's part: it brings the loader into children that are Node.
static char node_options[2 * PATH_MAX];

// The option of src/policy/node-options.ts, which may be in double quotes.
static void note_node_options(void) {
  const char *options = getenv(NODE_OPTIONS);
  const char *found = options == NULL ? NULL : strstr(options, "--require=");
  const char *end = found == NULL ? NULL : strstr(found, LOADER);
  if (end == NULL) return;
  end += strlen(LOADER);
  bool is_quoted = found > options && found[-1] == '"';
  snprintf(node_options, sizeof node_options, NODE_OPTIONS "=%s%.*s%s", is_quoted ? "\"" : "", (int)(end - found),
           found, is_quoted ? "\"" : "");
}

void environment_start(void) {
  const char *value = getenv(PRELOAD);
  snprintf(preload, sizeof preload, PRELOAD "=%s", value == NULL ? "" : value);
  snprintf(session, sizeof session, SESSION_VARIABLE "=%s", layer.folder);
  note_node_options();
}

size_t environment_count(char *const *environment) {
  size_t count = 0;
  while (environment != NULL && environment[count] != NULL) count++;
  return count;
}

static bool is_set(const char *pair, const char *name) {
  size_t length = strlen(name);
  return strncmp(pair, name, length) == 0 && pair[length] == '=';
}

struct list {
  char *at;
  size_t length;
};

static void add_file(int fd, const struct entry *entry, void *context) {
  struct list *list = context;
  if (entry->kind != HANDLE || list->length > FILES_ROOM - 64) return;
  list->length += (size_t)sprintf(list->at + list->length, "%d:%u:%d;", fd, entry->handle, entry->flags);
}

void environment_complete(char *const *environment, char **into, char files[FILES_ROOM]) {
  bool has_preload = false, has_session = false, has_node_options = false;
  size_t count = 0;
  for (char *const *pair = environment; pair != NULL && *pair != NULL; pair++) {
    if (is_set(*pair, FILES_VARIABLE)) continue;
    has_preload |= is_set(*pair, PRELOAD);
    has_session |= is_set(*pair, SESSION_VARIABLE);
    has_node_options |= is_set(*pair, NODE_OPTIONS);
    into[count++] = *pair;
  }
  if (!has_preload && preload[sizeof PRELOAD] != '\0') into[count++] = preload;
  if (!has_session) into[count++] = session;
  if (!has_node_options && node_options[0] != '\0') into[count++] = node_options;
  struct list list = {files, (size_t)sprintf(files, FILES_VARIABLE "=")};
  size_t empty = list.length;
  table_each(add_file, &list);
  if (list.length > empty) into[count++] = files;
  into[count] = NULL;
}

void environment_remove(char **environment, const char *name) {
  char **kept = environment;
  for (char **pair = environment; *pair != NULL; pair++) {
    if (!is_set(*pair, name)) *kept++ = *pair;
  }
  *kept = NULL;
}

// The start of the layer in a process, kept short: most processes never do anything remote, and the session is
// not looked at before one does.

#define _GNU_SOURCE
#include "layer.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "environment.h"
#include "real.h"
#include "table.h"

struct layer layer = {.off = true};

static void copy_text(char *to, const char *from, const char *otherwise) {
  snprintf(to, PATH_MAX, "%s", from != NULL && from[0] == '/' ? from : otherwise);
}

// The first object is the executable; linkers make one segment of its code, or several behind one another.
static int note_text(struct dl_phdr_info *object, size_t size, void *unused) {
  (void)size, (void)unused;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
    uintptr_t start = object->dlpi_addr + segment->p_vaddr;
    if (layer.node_start == 0 || start < layer.node_start) layer.node_start = start;
    if (start + segment->p_memsz > layer.node_end) layer.node_end = start + segment->p_memsz;
  }
  return 1;
}

// In Node the loader serves what the executable calls; this layer is for native addons and their libraries.
static void note_node(void) {
  if (dlsym(RTLD_DEFAULT, "napi_create_function") != NULL) dl_iterate_phdr(note_text, NULL);
}

static void note_program(void) {
  ssize_t length = real.readlink("/proc/self/exe", layer.program, sizeof layer.program - 1);
  layer.program[length > 0 ? length : 0] = '\0';
  char *name = strrchr(layer.program, '/');
  if (name != NULL) *name = '\0';
}

static void after_fork(void) {
  layer.pid = getpid();
  client_forget();
}

void layer_start(void) {
  if (layer.ready) return;
  real_start();
  layer.pid = getpid();
  const char *folder = getenv(SESSION_VARIABLE);
  if (folder != NULL && folder[0] == '/' && strlen(folder) < sizeof layer.folder / 2) {
    copy_text(layer.folder, folder, "");
    // The system call: it tells of a folder that is gone by an error, and getcwd(3) would look around.
    if (syscall(SYS_getcwd, layer.cwd, sizeof layer.cwd) <= 0) layer.cwd[0] = '\0';
    copy_text(layer.home, getenv("HOME"), "");
    copy_text(layer.temporary, getenv("TMPDIR"), "/tmp");
    note_program();
    note_node();
    environment_start();
    pthread_atfork(NULL, NULL, after_fork);
    layer.off = false;
    table_inherit();
  }
  layer.ready = true;
}

__attribute__((constructor(101))) static void start(void) {
  layer_start();
}

void say(const char *format, ...) {
  char line[1024] = "mirrord: ";
  size_t length = strlen(line);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + length, sizeof line - length - 1, format, arguments);
  va_end(arguments);
  length = strlen(line);
  line[length++] = '\n';
  if (syscall(SYS_write, 2, line, length) < 0) return; // nobody to tell
}

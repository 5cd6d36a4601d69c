// As src/cli/elf.ts, which decides for the program that `mirrord exec` itself starts.

#define _GNU_SOURCE
#include "executable.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "real.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_POINTER__ != 8
#error "only 64-bit little-endian machines"
#endif

// More segments than any linker makes.
#define MAX_SEGMENTS 64

// Go's linker writes its build's id into a note of this name.
static bool is_go_note(int fd, const Elf64_Phdr *segment) {
  char notes[512];
  ssize_t length = real.pread(fd, notes, sizeof notes, (off_t)segment->p_offset);
  if (length > (ssize_t)segment->p_filesz) length = (ssize_t)segment->p_filesz;
  for (size_t at = 0; length > 0 && at + sizeof(Elf64_Nhdr) + 4 <= (size_t)length;) {
    Elf64_Nhdr note;
    memcpy(&note, notes + at, sizeof note);
    if (note.n_namesz == 4 && memcmp(notes + at + sizeof note, "Go\0", 4) == 0) return true;
    size_t size = sizeof note + ((note.n_namesz + 3u) & ~3ul) + ((note.n_descsz + 3u) & ~3ul);
    if (size > sizeof notes) return false;
    at += size;
  }
  return false;
}

static bool makes_own_calls(int fd) {
  Elf64_Ehdr header;
  Elf64_Phdr segments[MAX_SEGMENTS];
  if (real.pread(fd, &header, sizeof header, 0) != sizeof header) return false;
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return false;
  size_t count = header.e_phentsize == sizeof *segments ? header.e_phnum : 0;
  if (count == 0 || count > MAX_SEGMENTS) return false;
  ssize_t size = (ssize_t)(count * sizeof *segments);
  if (real.pread(fd, segments, (size_t)size, (off_t)header.e_phoff) != size) return false;
  bool has_interpreter = false, is_go = false;
  for (size_t i = 0; i < count; i++) {
    has_interpreter |= segments[i].p_type == PT_INTERP;
    is_go |= segments[i].p_type == PT_NOTE && is_go_note(fd, &segments[i]);
  }
  return is_go || !has_interpreter;
}

bool executable_needs_supervisor(const char *path) {
  int fd = real.open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool result = makes_own_calls(fd);
  real.close(fd);
  return result;
}

bool executable_find(const char *name, char into[PATH_MAX]) {
  const char *folders = strchr(name, '/') != NULL ? NULL : getenv("PATH");
  if (folders == NULL) return snprintf(into, PATH_MAX, "%s", name) < PATH_MAX;
  while (*folders != '\0') {
    size_t length = strcspn(folders, ":");
    int made = snprintf(into, PATH_MAX, "%.*s/%s", (int)length, length == 0 ? "." : folders, name);
    if (made < PATH_MAX && real.faccessat(AT_FDCWD, into, X_OK, 0) == 0) return true;
    folders += length;
    if (*folders == ':') folders++;
  }
  return false;
}

#define _GNU_SOURCE
#include "executable.h"

#include <elf.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "layer.h"
#include "real.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || __SIZEOF_POINTER__ != 8
#error "only 64-bit little-endian machines"
#endif

static atomic_bool told;

// A program whose headers name no interpreter is started by the kernel alone.
static bool is_static(const Elf64_Ehdr *header, const Elf64_Phdr *segments, size_t count) {
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64) return false;
  for (size_t i = 0; i < count; i++) {
    if (segments[i].p_type == PT_INTERP) return false;
  }
  return count > 0;
}

static bool is_static_file(int fd) {
  Elf64_Ehdr header;
  Elf64_Phdr segments[32];
  if (real.pread(fd, &header, sizeof header, 0) != sizeof header) return false;
  size_t count = header.e_phentsize == sizeof *segments ? header.e_phnum : 0;
  if (count == 0 || count > sizeof segments / sizeof *segments) return false;
  ssize_t wanted = (ssize_t)(count * sizeof *segments);
  if (real.pread(fd, segments, (size_t)wanted, (off_t)header.e_phoff) != wanted) return false;
  return is_static(&header, segments, count);
}

void executable_check(const char *path) {
  if (atomic_load(&told)) return;
  int fd = real.open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  bool found = is_static_file(fd);
  real.close(fd);
  if (!found || atomic_exchange(&told, true)) return;
  say("\"%s\" is statically linked, so it has the pod's environment only.", path);
}

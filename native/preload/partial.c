#define _GNU_SOURCE
#include "partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client.h"
#include "real.h"

// The agent's limit for one read (agent/files.ts).
#define PART_BYTES (1024 * 1024)
// A file of 512 GiB; beyond that, a part is fetched each time.
#define MAX_PARTS (512 * 1024)
// Above this a copy is on disk: memory is the machine's, and files can be longer than it.
#define MAX_MEMORY_BYTES (64 * 1024 * 1024)

struct parts {
  // Came with the opening.
  size_t prefix;
  // The length of the local file.
  _Atomic off_t size;
  atomic_uchar has[MAX_PARTS];
};

struct parts *parts_new(size_t prefix, off_t size) {
  struct parts *parts =
      real.mmap(NULL, sizeof *parts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (parts == MAP_FAILED) return NULL;
  parts->prefix = prefix;
  parts->size = size;
  return parts;
}

void parts_free(struct parts *parts) {
  munmap(parts, sizeof *parts);
}

int make_local_file(off_t size) {
  // By its number: musl and old versions of glibc do not have the function.
  if (size <= MAX_MEMORY_BYTES) return (int)syscall(SYS_memfd_create, "mirrord", 1u /* MFD_CLOEXEC */);
  int fd = real.open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  return fd >= 0 ? fd : real.open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int fetch_part(int fd, struct entry *entry, off_t index) {
  off_t start = index * PART_BYTES;
  struct call call;
  if (!call_begin(&call, MSG_READ_FILE)) return -1;
  put_read_file(&call.out, &(struct read_file_request){entry->handle, PART_BYTES, start});
  if (!call_exchange(&call)) return -1;
  struct read_file_reply reply = {0};
  get_read_file(&call.in, &reply);
  struct bytes data = reply.data;
  int result = 0;
  while (data.length > 0 && result == 0) {
    ssize_t count = real.pwrite(fd, data.at, data.length, start + (off_t)(reply.data.length - data.length));
    if (count < 0) result = -1;
    else data = (struct bytes){data.at + count, data.length - (size_t)count};
  }
  off_t end = start + (off_t)reply.data.length;
  off_t size = atomic_load(&entry->parts->size);
  if (result == 0 && end > size) atomic_store(&entry->parts->size, end);
  // The last part of a file that grows is looked at again.
  if (result == 0 && index < MAX_PARTS && reply.data.length == PART_BYTES) atomic_store(&entry->parts->has[index], 1);
  call_end(&call);
  return result;
}

int partial_fetch(int fd, struct entry *entry, off_t offset, size_t length) {
  struct parts *parts = entry->parts;
  if (offset < 0 || length == 0) return 0;
  off_t end = offset + (off_t)length;
  if (end <= (off_t)parts->prefix) return 0;
  for (off_t index = offset / PART_BYTES; index * PART_BYTES < end; index++) {
    if (index < MAX_PARTS && atomic_load(&parts->has[index])) continue;
    if (fetch_part(fd, entry, index) < 0) return -1;
    if ((index + 1) * PART_BYTES > atomic_load(&parts->size)) break; // the end of the file
  }
  return 0;
}

int partial_fetch_next(int fd, struct entry *entry, size_t length) {
  return partial_fetch(fd, entry, real.lseek(fd, 0, SEEK_CUR), length);
}

int partial_fetch_all(int fd, struct entry *entry) {
  return partial_fetch(fd, entry, 0, (size_t)atomic_load(&entry->parts->size));
}

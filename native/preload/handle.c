#define _GNU_SOURCE
#include "handle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "layer.h"
#include "real.h"

// One message carries this much at most: the agent's limit for reading.
#define CHUNK_BYTES (1024 * 1024)

void handle_settle(int fd) {
  int before = errno;
  int waiting = 0;
  const struct timespec moment = {0, 50 * 1000};
  while (ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting > 0) nanosleep(&moment, NULL);
  errno = before;
}

static ssize_t read_some(const struct entry *entry, char *into, size_t length, off_t position) {
  struct call call;
  if (!call_begin(&call, MSG_READ_FILE)) return -1;
  uint32_t wanted = length < CHUNK_BYTES ? (uint32_t)length : CHUNK_BYTES;
  put_read_file(&call.out, &(struct read_file_request){entry->handle, wanted, position});
  if (!call_exchange(&call)) return -1;
  struct read_file_reply reply = {0};
  get_read_file(&call.in, &reply);
  size_t count = reply.data.length < length ? reply.data.length : length;
  if (count > 0) memcpy(into, reply.data.at, count);
  call_end(&call);
  return (ssize_t)count;
}

ssize_t handle_read(int fd, const struct entry *entry, void *into, size_t length, off_t position) {
  if ((entry->flags & O_ACCMODE) == O_WRONLY) return errno = EBADF, -1;
  handle_settle(fd);
  size_t done = 0;
  // A regular file is read to its end or the full length, as the kernel would.
  while (done < length) {
    ssize_t count = read_some(entry, (char *)into + done, length - done, position < 0 ? position : position + (off_t)done);
    if (count < 0) return done > 0 ? (ssize_t)done : -1;
    done += (size_t)count;
    if (count == 0 || !S_ISREG(entry->stat.mode)) break;
  }
  return (ssize_t)done;
}

static ssize_t write_some(const struct entry *entry, const char *from, size_t length, off_t position) {
  struct call call;
  if (!call_begin(&call, MSG_WRITE_FILE)) return -1;
  struct bytes data = {from, length < CHUNK_BYTES ? length : CHUNK_BYTES};
  // put_write_file, but for the bytes themselves, which are sent from where they are.
  put_u32(&call.out, entry->handle);
  put_i64(&call.out, position);
  put_u32(&call.out, (uint32_t)data.length);
  if (!call_exchange_with(&call, data)) return -1;
  struct write_file_reply reply = {0};
  get_write_file(&call.in, &reply);
  call_end(&call);
  return reply.written;
}

ssize_t handle_write(int fd, const struct entry *entry, const void *from, size_t length, off_t position) {
  if ((entry->flags & O_ACCMODE) == O_RDONLY) return errno = EBADF, -1;
  handle_settle(fd);
  size_t done = 0;
  while (done < length) {
    ssize_t count = write_some(entry, (const char *)from + done, length - done, position < 0 ? position : position + (off_t)done);
    if (count <= 0) return done > 0 ? (ssize_t)done : count;
    done += (size_t)count;
  }
  return (ssize_t)done;
}

off_t handle_seek(int fd, const struct entry *entry, off_t offset, int whence) {
  handle_settle(fd);
  struct call call;
  if (!call_begin(&call, MSG_SEEK_FILE)) return -1;
  put_seek_file(&call.out, &(struct seek_file_request){entry->handle, offset, (uint8_t)whence});
  if (!call_exchange(&call)) return -1;
  struct seek_file_reply reply = {0};
  get_seek_file(&call.in, &reply);
  call_end(&call);
  return reply.position;
}

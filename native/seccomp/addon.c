// The system calls that the supervisor needs and Node does not have: the calls of the supervised threads
// (seccomp_unotify(2)), their memory, and descriptors given to them and taken from them. What is decided about a
// call is decided in supervisor/; here is only what JavaScript cannot do.
//
// All functions are synchronous and never block. Sockets are in sockets.h, struct layouts in layouts.h.

#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../napi.h"
#include "calls.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL // linux/pidfd.h of 6.9
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS // 6.6: tracee and supervisor hand each other one processor
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#include "layouts.h"
#include "polling.h"
#include "sockets.h"

static int path_argument_of(int number) {
  switch (number) {
#define PATH_ARGUMENT(name, path) case __NR_##name: return path;
    MODERN_CALLS(PATH_ARGUMENT) OLD_CALLS(PATH_ARGUMENT) ADDRESSED_CALLS(PATH_ARGUMENT)
#undef PATH_ARGUMENT
  }
  return -1;
}

// Reads what can be read, up to `length` bytes: page by page, since a string may end before an unmapped one.
static ssize_t read_memory(pid_t pid, uint64_t address, char *into, size_t length) {
  enum { pages = 32 };
  struct iovec remote[pages];
  size_t count = 0, total = 0;
  while (total < length && count < pages) {
    size_t part = 4096 - (address + total) % 4096;
    if (part > length - total) part = length - total;
    remote[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)(address + total), .iov_len = part};
    total += part;
  }
  struct iovec local = {.iov_base = into, .iov_len = total};
  return process_vm_readv(pid, &local, 1, remote, count, 0);
}

// The thread still waits for this call: what was read of the number `pid` was really its memory.
static int is_valid(int listener, uint64_t id) { return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

// listenTo(fd): a filter's descriptor, just taken, is made as quick as the kernel can.
static napi_value listen_to(napi_env env, napi_callback_info info) {
  napi_value value;
  int32_t fd;
  if (!arguments(env, info, &value, 1) || napi_get_value_int32(env, value, &fd) != napi_ok)
    return wrong_argument(env, "listenTo(fd)");
  ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP); // older kernels are slower
  return NULL;
}

// receive(fd, ids: BigUint64Array(1), call: Float64Array(8)): the next call's id, its number, thread and six
// arguments. Returns its path as a Buffer; true where it has none, null where it cannot be read; false when no
// call waits; undefined when no process is left.
static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  int32_t fd;
  void *ids, *call;
  if (!arguments(env, info, values, 3) || napi_get_value_int32(env, values[0], &fd) != napi_ok ||
      napi_get_typedarray_info(env, values[1], NULL, NULL, &ids, NULL, NULL) != napi_ok ||
      napi_get_typedarray_info(env, values[2], NULL, NULL, &call, NULL, NULL) != napi_ok)
    return wrong_argument(env, "receive(fd, BigUint64Array, Float64Array)");

  struct pollfd state = {.fd = fd, .events = POLLIN};
  poll(&state, 1, 0);
  if ((state.revents & POLLIN) == 0)
    return (state.revents & POLLHUP) || napi_get_boolean(env, false, &result) != napi_ok ? NULL : result;
  union {
    struct seccomp_notif notif;
    char room[512]; // of a newer kernel
  } in;
  memset(&in, 0, sizeof in);
  if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &in) < 0) // ENOENT: a signal has ended the call
    return napi_get_boolean(env, false, &result) == napi_ok ? result : NULL;

  const struct seccomp_data *data = &in.notif.data;
  *(uint64_t *)ids = in.notif.id;
  double *numbers = call;
  numbers[0] = data->nr;
  numbers[1] = in.notif.pid;
  for (int i = 0; i < 6; i++) numbers[2 + i] = (double)(int64_t)data->args[i];
  int at = path_argument_of(data->nr);
  if (at < 0) return napi_get_boolean(env, true, &result) == napi_ok ? result : NULL;
  char path[PATH_MAX];
  ssize_t length = read_memory((pid_t)in.notif.pid, data->args[at], path, sizeof path);
  const char *end = length > 0 ? memchr(path, 0, (size_t)length) : NULL;
  if (end == NULL || !is_valid(fd, in.notif.id)) return napi_get_null(env, &result) == napi_ok ? result : NULL;
  return napi_create_buffer_copy(env, (size_t)(end - path), path, NULL, &result) == napi_ok ? result : NULL;
}

// Reads (fd, id) of a call, the first two arguments of what follows.
static int call_arguments(napi_env env, napi_value *values, int32_t *fd, uint64_t *id) {
  bool lossless;
  return napi_get_value_int32(env, values[0], fd) == napi_ok &&
         napi_get_value_bigint_uint64(env, values[1], id, &lossless) == napi_ok;
}

static napi_value boolean(napi_env env, int value) {
  napi_value result;
  return napi_get_boolean(env, value, &result) == napi_ok ? result : NULL;
}

// answer(fd, id, value, errno): ends the call; without the last two the kernel does it as if we were not there.
// False when nobody waits any more.
static napi_value answer(napi_env env, napi_callback_info info) {
  napi_value values[4];
  struct seccomp_notif_resp response = {0};
  int32_t fd, error = 0;
  uint64_t id;
  napi_valuetype type;
  if (!arguments(env, info, values, 4) || !call_arguments(env, values, &fd, &id) ||
      napi_typeof(env, values[2], &type) != napi_ok)
    return wrong_argument(env, "answer(fd, id, value, errno)");
  response.id = id;
  if (type == napi_undefined) {
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  } else {
    int64_t value;
    if (napi_get_value_int64(env, values[2], &value) != napi_ok ||
        napi_get_value_int32(env, values[3], &error) != napi_ok)
      return wrong_argument(env, "answer(fd, id, value, errno)");
    response.val = value;
    response.error = -error;
  }
  return boolean(env, ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0);
}

// giveDescriptor(fd, id, descriptor, closeOnExec): the thread gets a copy, whose number is the call's result.
// False when nobody waits any more; throws EMFILE and the like.
static napi_value give_descriptor(napi_env env, napi_callback_info info) {
  napi_value values[4];
  int32_t fd, descriptor;
  uint64_t id;
  bool close_on_exec;
  if (!arguments(env, info, values, 4) || !call_arguments(env, values, &fd, &id) ||
      napi_get_value_int32(env, values[2], &descriptor) != napi_ok ||
      napi_get_value_bool(env, values[3], &close_on_exec) != napi_ok)
    return wrong_argument(env, "giveDescriptor(fd, id, descriptor, closeOnExec)");
  struct seccomp_notif_addfd given = {
      .id = id,
      .flags = SECCOMP_ADDFD_FLAG_SEND,
      .srcfd = (uint32_t)descriptor,
      .newfd_flags = close_on_exec ? O_CLOEXEC : 0,
  };
  if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &given) >= 0) return boolean(env, 1);
  return errno == ENOENT || errno == EINPROGRESS ? boolean(env, 0) : fail(env, "ioctl");
}

// waits(fd, id): the thread still waits for its call.
static napi_value waits(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t fd;
  uint64_t id;
  if (!arguments(env, info, values, 2) || !call_arguments(env, values, &fd, &id))
    return wrong_argument(env, "waits(fd, id)");
  return boolean(env, is_valid(fd, id));
}

static pid_t process_of(pid_t thread) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", thread);
  FILE *status = fopen(path, "re");
  if (status == NULL) return -1;
  int process = -1;
  while (process < 0 && fgets(line, sizeof line, status) != NULL) sscanf(line, "Tgid: %d", &process);
  fclose(status);
  return process;
}

// processOf(thread): its process, or -1.
static napi_value process_of_thread(napi_env env, napi_callback_info info) {
  napi_value value, result;
  int32_t thread;
  if (!arguments(env, info, &value, 1) || napi_get_value_int32(env, value, &thread) != napi_ok)
    return wrong_argument(env, "processOf(thread)");
  return napi_create_int32(env, process_of(thread), &result) == napi_ok ? result : NULL;
}

// takeDescriptor(thread, number): our own copy of a descriptor of a thread.
static napi_value take_descriptor(napi_env env, napi_callback_info info) {
  napi_value values[2], result;
  int32_t thread, number;
  if (!arguments(env, info, values, 2) || napi_get_value_int32(env, values[0], &thread) != napi_ok ||
      napi_get_value_int32(env, values[1], &number) != napi_ok)
    return wrong_argument(env, "takeDescriptor(thread, number)");
  int pidfd = (int)syscall(__NR_pidfd_open, thread, PIDFD_THREAD);
  if (pidfd < 0) pidfd = (int)syscall(__NR_pidfd_open, process_of(thread), 0); // before 6.9: of whole processes only
  if (pidfd < 0) return fail(env, "pidfd_open");
  int taken = (int)syscall(__NR_pidfd_getfd, pidfd, number, 0);
  int error = errno;
  close(pidfd);
  errno = error;
  if (taken < 0) return fail(env, "pidfd_getfd");
  return napi_create_int32(env, taken, &result) == napi_ok ? result : NULL;
}

// Reads (fd, id, thread, address), the first four arguments of what follows.
static int memory_arguments(napi_env env, napi_value *values, int32_t *fd, uint64_t *id, int32_t *pid, int64_t *at) {
  return call_arguments(env, values, fd, id) && napi_get_value_int32(env, values[2], pid) == napi_ok &&
         napi_get_value_int64(env, values[3], at) == napi_ok;
}

// read(fd, id, thread, address, length): a Buffer, shorter where the memory ends; undefined when none is there.
static napi_value read_bytes(napi_env env, napi_callback_info info) {
  napi_value values[5], result;
  int32_t fd, pid;
  uint32_t length;
  uint64_t id;
  int64_t address;
  void *bytes;
  if (!arguments(env, info, values, 5) || !memory_arguments(env, values, &fd, &id, &pid, &address) ||
      napi_get_value_uint32(env, values[4], &length) != napi_ok || length > 100000)
    return wrong_argument(env, "read(fd, id, thread, address, length)");
  char room[100000];
  ssize_t count = read_memory(pid, (uint64_t)address, room, length);
  if (count < 0 || !is_valid(fd, id)) return NULL;
  return napi_create_buffer_copy(env, (size_t)count, room, &bytes, &result) == napi_ok ? result : NULL;
}

// write(fd, id, thread, address, Buffer): false where the memory is not the thread's to write, or nobody waits.
static napi_value write_bytes(napi_env env, napi_callback_info info) {
  napi_value values[5];
  int32_t fd, pid;
  uint64_t id;
  int64_t address;
  void *bytes;
  size_t length;
  if (!arguments(env, info, values, 5) || !memory_arguments(env, values, &fd, &id, &pid, &address) ||
      napi_get_buffer_info(env, values[4], &bytes, &length) != napi_ok)
    return wrong_argument(env, "write(fd, id, thread, address, Buffer)");
  struct iovec local = {.iov_base = bytes, .iov_len = length};
  struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = length};
  if (!is_valid(fd, id)) return boolean(env, 0);
  return boolean(env, process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)length);
}

// makeFile(name): a file without a folder, in memory; memfd_create(2).
static napi_value make_file(napi_env env, napi_callback_info info) {
  napi_value value, result;
  char name[256];
  size_t length;
  if (!arguments(env, info, &value, 1) ||
      napi_get_value_string_utf8(env, value, name, sizeof name, &length) != napi_ok)
    return wrong_argument(env, "makeFile(name)");
  int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) return fail(env, "memfd_create");
  return napi_create_int32(env, fd, &result) == napi_ok ? result : NULL;
}

// makePipe(): [readable, writable], the readable end non-blocking, of 1 MiB where that is allowed.
static napi_value make_pipe(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result, number;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(env, "pipe");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  fcntl(ends[0], F_SETPIPE_SZ, 1024 * 1024);
  if (napi_create_array(env, &result) != napi_ok) return NULL;
  for (uint32_t at = 0; at < 2; at++)
    if (napi_create_int32(env, ends[at], &number) == napi_ok) napi_set_element(env, result, at, number);
  return result;
}

// seek(fd, offset, whence): lseek(2).
static napi_value seek(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  int32_t fd, whence;
  int64_t offset;
  if (!arguments(env, info, values, 3) || napi_get_value_int32(env, values[0], &fd) != napi_ok ||
      napi_get_value_int64(env, values[1], &offset) != napi_ok ||
      napi_get_value_int32(env, values[2], &whence) != napi_ok)
    return wrong_argument(env, "seek(fd, offset, whence)");
  off_t position = lseek(fd, offset, whence);
  if (position < 0) return fail(env, "lseek");
  return napi_create_int64(env, position, &result) == napi_ok ? result : NULL;
}

// {openat: 257, …}, the numbers of this processor.
static napi_value numbers_of_calls(napi_env env) {
  static const struct {
    const char *name;
    int number;
  } calls[] = {
#define CALL(name, path) {#name, __NR_##name},
      MODERN_CALLS(CALL) OLD_CALLS(CALL) ADDRESSED_CALLS(CALL)
#undef CALL
  };
  napi_value object, number;
  if (napi_create_object(env, &object) != napi_ok) return NULL;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (napi_create_int32(env, calls[i].number, &number) != napi_ok) return NULL;
    napi_set_named_property(env, object, calls[i].name, number);
  }
  return object;
}

NAPI_MODULE_INIT() {
#define FUNCTION(name, function) {name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL}
  const napi_property_descriptor functions[] = {
      FUNCTION("listenTo", listen_to),
      FUNCTION("receive", receive),
      FUNCTION("waits", waits),
      FUNCTION("answer", answer),
      FUNCTION("giveDescriptor", give_descriptor),
      FUNCTION("takeDescriptor", take_descriptor),
      FUNCTION("processOf", process_of_thread),
      FUNCTION("read", read_bytes),
      FUNCTION("write", write_bytes),
      FUNCTION("makeFile", make_file),
      FUNCTION("makePipe", make_pipe),
      FUNCTION("seek", seek),
      FUNCTION("startPoll", start_poll),
      FUNCTION("stopPoll", stop_poll),
      FUNCTION("encodeStat", encode_stat),
      FUNCTION("encodeStatx", encode_statx),
      FUNCTION("encodeStatfs", encode_statfs),
      FUNCTION("uname", encode_uname),
      FUNCTION("socket", make_socket),
      FUNCTION("bind", bind_socket),
      FUNCTION("connect", connect_socket),
      FUNCTION("disconnect", disconnect_socket),
      FUNCTION("listen", listen_socket),
      FUNCTION("accept", accept_socket),
      FUNCTION("addressOf", address_of),
      FUNCTION("peerOf", peer_of),
      FUNCTION("send", send_to),
      FUNCTION("receiveFrom", receive_from),
      FUNCTION("receiveTimeout", receive_timeout),
      FUNCTION("option", get_option),
      FUNCTION("setOption", set_option),
      FUNCTION("dropAll", drop_all),
      FUNCTION("flagsOf", flags_of),
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) return NULL;
  napi_value calls = numbers_of_calls(env);
  if (calls != NULL) napi_set_named_property(env, exports, "calls", calls);
  return exports;
}

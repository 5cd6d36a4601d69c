// Calls on sockets that were taken from a thread, and never block. Addresses are Buffers with a struct sockaddr,
// as the thread's memory has them.

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

static int fd_argument(napi_env env, napi_value value, int32_t *fd) {
  return napi_get_value_int32(env, value, fd) == napi_ok;
}

static napi_value number_or_fail(napi_env env, int result, const char *syscall) {
  napi_value value;
  if (result < 0) return fail(env, syscall);
  return napi_create_int32(env, result, &value) == napi_ok ? value : NULL;
}

typedef int (*address_call)(int, const struct sockaddr *, socklen_t);

static napi_value call_with_address(napi_env env, napi_callback_info info, address_call call, const char *syscall) {
  napi_value values[2];
  int32_t fd;
  void *address;
  size_t length;
  if (!arguments(env, info, values, 2) || !fd_argument(env, values[0], &fd) ||
      napi_get_buffer_info(env, values[1], &address, &length) != napi_ok)
    return wrong_argument(env, "(fd, address)");
  return number_or_fail(env, call(fd, address, (socklen_t)length), syscall);
}

// socket(family, type): close-on-exec, and non-blocking.
static napi_value make_socket(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t family, type;
  if (!arguments(env, info, values, 2) || napi_get_value_int32(env, values[0], &family) != napi_ok ||
      napi_get_value_int32(env, values[1], &type) != napi_ok)
    return wrong_argument(env, "socket(family, type)");
  return number_or_fail(env, socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
}

// bind(fd, address)
static napi_value bind_socket(napi_env env, napi_callback_info info) {
  return call_with_address(env, info, bind, "bind");
}

// connect(fd, address): throws EINPROGRESS where it is.
static napi_value connect_socket(napi_env env, napi_callback_info info) {
  return call_with_address(env, info, connect, "connect");
}

// disconnect(fd): as it was before connect(2).
static napi_value disconnect_socket(napi_env env, napi_callback_info info) {
  napi_value value;
  int32_t fd;
  if (!arguments(env, info, &value, 1) || !fd_argument(env, value, &fd)) return wrong_argument(env, "disconnect(fd)");
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  return number_or_fail(env, connect(fd, &none, sizeof none), "connect");
}

// listen(fd, backlog)
static napi_value listen_socket(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t fd, backlog;
  if (!arguments(env, info, values, 2) || !fd_argument(env, values[0], &fd) ||
      napi_get_value_int32(env, values[1], &backlog) != napi_ok)
    return wrong_argument(env, "listen(fd, backlog)");
  return number_or_fail(env, listen(fd, backlog), "listen");
}

// accept(fd, flags): a descriptor; throws EAGAIN where nobody waits, whether or not the socket would block.
static napi_value accept_socket(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t fd, flags;
  if (!arguments(env, info, values, 2) || !fd_argument(env, values[0], &fd) ||
      napi_get_value_int32(env, values[1], &flags) != napi_ok)
    return wrong_argument(env, "accept(fd, flags)");
  struct pollfd state = {.fd = fd, .events = POLLIN};
  if (poll(&state, 1, 0) == 0) return errno = EAGAIN, fail(env, "accept");
  return number_or_fail(env, accept4(fd, NULL, NULL, flags | SOCK_CLOEXEC), "accept");
}

static napi_value name_of(napi_env env, napi_callback_info info, int (*call)(int, struct sockaddr *, socklen_t *)) {
  napi_value value;
  int32_t fd;
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (!arguments(env, info, &value, 1) || !fd_argument(env, value, &fd)) return wrong_argument(env, "(fd)");
  return call(fd, (struct sockaddr *)&address, &length) < 0 ? NULL : bytes_of(env, &address, length);
}

// addressOf(fd), peerOf(fd): undefined where it has none.
static napi_value address_of(napi_env env, napi_callback_info info) { return name_of(env, info, getsockname); }
static napi_value peer_of(napi_env env, napi_callback_info info) { return name_of(env, info, getpeername); }

// send(fd, bytes, flags, address or undefined)
static napi_value send_to(napi_env env, napi_callback_info info) {
  napi_value values[4];
  int32_t fd, flags;
  void *bytes, *address = NULL;
  size_t length, address_length = 0;
  bool addressed;
  if (!arguments(env, info, values, 4) || !fd_argument(env, values[0], &fd) ||
      napi_get_buffer_info(env, values[1], &bytes, &length) != napi_ok ||
      napi_get_value_int32(env, values[2], &flags) != napi_ok ||
      napi_is_buffer(env, values[3], &addressed) != napi_ok ||
      (addressed && napi_get_buffer_info(env, values[3], &address, &address_length) != napi_ok))
    return wrong_argument(env, "send(fd, bytes, flags, address)");
  ssize_t sent = sendto(fd, bytes, length, flags | MSG_DONTWAIT | MSG_NOSIGNAL, address, (socklen_t)address_length);
  return number_or_fail(env, (int)sent, "sendto");
}

// receiveFrom(fd, flags): {data, from, length}, the data cut to 64 KiB; throws EAGAIN where nothing waits.
static napi_value receive_from(napi_env env, napi_callback_info info) {
  napi_value values[2], result;
  int32_t fd, flags;
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  char data[65536];
  if (!arguments(env, info, values, 2) || !fd_argument(env, values[0], &fd) ||
      napi_get_value_int32(env, values[1], &flags) != napi_ok || napi_create_object(env, &result) != napi_ok)
    return wrong_argument(env, "receiveFrom(fd, flags)");
  ssize_t count = recvfrom(fd, data, sizeof data, flags | MSG_DONTWAIT, (struct sockaddr *)&address, &length);
  if (count < 0) return fail(env, "recvfrom");
  napi_set_named_property(env, result, "data", bytes_of(env, data, (size_t)count));
  napi_set_named_property(env, result, "from", bytes_of(env, &address, length));
  return result;
}

// receiveTimeout(fd): SO_RCVTIMEO in milliseconds, rounded up; 0 is none.
static napi_value receive_timeout(napi_env env, napi_callback_info info) {
  napi_value value;
  int32_t fd;
  struct timeval time = {0};
  socklen_t length = sizeof time;
  if (!arguments(env, info, &value, 1) || !fd_argument(env, value, &fd))
    return wrong_argument(env, "receiveTimeout(fd)");
  if (getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, &length) < 0) return fail(env, "getsockopt");
  return number_or_fail(env, (int)(time.tv_sec * 1000 + (time.tv_usec + 999) / 1000), "getsockopt");
}

// option(fd, level, name), setOption(fd, level, name, value): those that are an int.
static napi_value get_option(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  int32_t fd, level, name, value = 0;
  socklen_t length = sizeof value;
  if (!arguments(env, info, values, 3) || !fd_argument(env, values[0], &fd) ||
      napi_get_value_int32(env, values[1], &level) != napi_ok || napi_get_value_int32(env, values[2], &name) != napi_ok)
    return wrong_argument(env, "option(fd, level, name)");
  if (getsockopt(fd, level, name, &value, &length) < 0) return fail(env, "getsockopt");
  return napi_create_int32(env, value, &result) == napi_ok ? result : NULL;
}

static napi_value set_option(napi_env env, napi_callback_info info) {
  napi_value values[4];
  int32_t fd, level, name, value;
  if (!arguments(env, info, values, 4) || !fd_argument(env, values[0], &fd) ||
      napi_get_value_int32(env, values[1], &level) != napi_ok ||
      napi_get_value_int32(env, values[2], &name) != napi_ok || napi_get_value_int32(env, values[3], &value) != napi_ok)
    return wrong_argument(env, "setOption(fd, level, name, value)");
  return number_or_fail(env, setsockopt(fd, level, name, &value, sizeof value), "setsockopt");
}

// dropAll(fd, on): a listening socket acts as if no packet reached it, until switched off.
static napi_value drop_all(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int32_t fd;
  bool on;
  if (!arguments(env, info, values, 2) || !fd_argument(env, values[0], &fd) ||
      napi_get_value_bool(env, values[1], &on) != napi_ok)
    return wrong_argument(env, "dropAll(fd, on)");
  struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
  struct sock_fprog program = {.len = 1, .filter = &nothing};
  int result = on ? setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program)
                  : setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &program, sizeof program);
  return number_or_fail(env, result, "setsockopt");
}

// flagsOf(fd): fcntl(2), F_GETFL.
static napi_value flags_of(napi_env env, napi_callback_info info) {
  napi_value value;
  int32_t fd;
  if (!arguments(env, info, &value, 1) || !fd_argument(env, value, &fd)) return wrong_argument(env, "flagsOf(fd)");
  return number_or_fail(env, fcntl(fd, F_GETFL), "fcntl");
}

// Waiting for a descriptor in Node's own event loop: libuv's uv_poll_t, which Node has and does not offer.
// Node-API's headers come without libuv's; what is used of it is declared here, and part of libuv's stable
// binary interface (docs.libuv.org: it does not change within version 1, nor do the numbers of its enums).

typedef struct uv_loop_s uv_loop_t;
typedef struct uv_handle_s uv_handle_t; // the same memory as its uv_poll_t
typedef void (*poll_callback)(uv_handle_t *handle, int status, int events);
int uv_poll_init(uv_loop_t *loop, uv_handle_t *handle, int fd);
int uv_poll_start(uv_handle_t *handle, int events, poll_callback callback);
void uv_close(uv_handle_t *handle, void (*closed)(uv_handle_t *handle));
size_t uv_handle_size(int type);
void *uv_handle_get_data(const uv_handle_t *handle);
void uv_handle_set_data(uv_handle_t *handle, void *data);
enum { UV_POLL = 8 };

struct poll_state {
  napi_env env;
  napi_ref callback;
  uv_handle_t *handle;
  napi_async_cleanup_hook_handle cleanup;
};

static void on_poll(uv_handle_t *handle, int status, int events) {
  (void)status;
  (void)events;
  struct poll_state *state = uv_handle_get_data(handle);
  napi_env env = state->env;
  napi_handle_scope scope;
  napi_value callback, receiver;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  if (napi_get_reference_value(env, state->callback, &callback) == napi_ok &&
      napi_get_global(env, &receiver) == napi_ok &&
      napi_make_callback(env, NULL, receiver, callback, 0, NULL, NULL) == napi_pending_exception) {
    napi_value error;
    if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  napi_close_handle_scope(env, scope);
}

static void free_poll(uv_handle_t *handle) {
  struct poll_state *state = uv_handle_get_data(handle);
  napi_remove_async_cleanup_hook(state->cleanup); // the thread may end now, as far as this poll goes
  free(state);
  free(handle);
}

static void close_poll(struct poll_state *state) { uv_close(state->handle, free_poll); }

// The thread ends with the poll still started.
static void on_thread_end(napi_async_cleanup_hook_handle cleanup, void *data) {
  (void)cleanup;
  close_poll(data);
}

// startPoll(fd, events, callback): calls back whenever the descriptor can be read (1) or written (2), until
// stopPoll(what this returned). The descriptor stays the caller's, and open until stopPoll.
static napi_value start_poll(napi_env env, napi_callback_info info) {
  napi_value values[3], result;
  int32_t fd, events;
  uv_loop_t *loop;
  if (!arguments(env, info, values, 3) || napi_get_value_int32(env, values[0], &fd) != napi_ok ||
      napi_get_value_int32(env, values[1], &events) != napi_ok || napi_get_uv_event_loop(env, &loop) != napi_ok)
    return wrong_argument(env, "startPoll(fd, events, callback)");
  struct poll_state *state = calloc(1, sizeof *state);
  uv_handle_t *handle = calloc(1, uv_handle_size(UV_POLL));
  if (state == NULL || handle == NULL || napi_create_reference(env, values[2], 1, &state->callback) != napi_ok) {
    free(state);
    free(handle);
    return wrong_argument(env, "startPoll: no memory, or no function");
  }
  state->env = env;
  state->handle = handle;
  int error = uv_poll_init(loop, handle, fd);
  if (error != 0) {
    napi_delete_reference(env, state->callback);
    free(state);
    free(handle);
    errno = -error;
    return fail(env, "uv_poll_init");
  }
  uv_handle_set_data(handle, state);
  napi_add_async_cleanup_hook(env, on_thread_end, state, &state->cleanup);
  uv_poll_start(handle, events, on_poll);
  return napi_create_external(env, state, NULL, NULL, &result) == napi_ok ? result : NULL;
}

// stopPoll(poll): once for each startPoll.
static napi_value stop_poll(napi_env env, napi_callback_info info) {
  napi_value value;
  void *data;
  if (!arguments(env, info, &value, 1) || napi_get_value_external(env, value, &data) != napi_ok)
    return wrong_argument(env, "stopPoll(poll)");
  struct poll_state *state = data;
  napi_delete_reference(env, state->callback);
  close_poll(state);
  return NULL;
}

// Becoming the target's user, for files only: the threads of libuv's pool, which do nothing but files, get its ids
// and capabilities for good; the main thread, which makes sockets and rules as well, gets its file system ids.
//
// Credentials are a thread's own on Linux. glibc's wrappers change those of all threads, so the system calls are made
// directly.

#define _GNU_SOURCE
#include "addon.h"
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_GROUPS 1024
#define MAX_THREADS 1024
#define WAIT_SECONDS 5

static struct {
  uint32_t uid, gid;
  uint32_t groups[MAX_GROUPS];
  size_t group_count;
  uint64_t capabilities;
} user;

// Each thread of the pool takes one piece of work and waits for the others: so that each takes exactly one.
static struct {
  pthread_mutex_t mutex;
  pthread_cond_t all_here;
  uint32_t wanted, arrived, completed;
  int error;
  napi_deferred promise;
  napi_async_work work[MAX_THREADS];
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .all_here = PTHREAD_COND_INITIALIZER};

// CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER and FSETID: the capabilities over files.
#define OVER_FILES UINT64_C(0x1f)

static int limit_capabilities(uint64_t kept) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return -1;
  for (int i = 0; i < 2; i++) {
    data[i].permitted &= (uint32_t)(kept >> (32 * i));
    data[i].effective = data[i].permitted;
    data[i].inheritable = 0;
  }
  return (int)syscall(SYS_capset, &header, data);
}

static int become_user_for_good(void) {
  if (syscall(SYS_setgroups, user.group_count, user.groups) < 0) return -1;
  if (syscall(SYS_setresgid, user.gid, user.gid, user.gid) < 0) return -1;
  // A user that is not root may have capabilities too (ambient ones); what it has not goes below.
  if (prctl(PR_SET_KEEPCAPS, 1) < 0) return -1;
  if (syscall(SYS_setresuid, user.uid, user.uid, user.uid) < 0) return -1;
  return limit_capabilities(user.capabilities);
}

static void on_pool_thread(napi_env env, void *data) {
  (void)env, (void)data;
  int error = become_user_for_good() < 0 ? errno : 0;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += WAIT_SECONDS;
  pthread_mutex_lock(&pool.mutex);
  if (error != 0) pool.error = error;
  if (++pool.arrived == pool.wanted) pthread_cond_broadcast(&pool.all_here);
  while (pool.arrived < pool.wanted && pool.error != ETIMEDOUT)
    if (pthread_cond_timedwait(&pool.all_here, &pool.mutex, &until) == ETIMEDOUT) pool.error = ETIMEDOUT;
  pthread_mutex_unlock(&pool.mutex);
}

// The main thread again, once for each thread.
static void on_completed(napi_env env, napi_status status, void *data) {
  (void)status;
  napi_delete_async_work(env, *(napi_async_work *)data);
  if (++pool.completed < pool.wanted) return;
  napi_value result;
  if (pool.error != 0) {
    errno = pool.error;
    if (make_error(env, "setresuid", &result)) napi_reject_deferred(env, pool.promise, result);
    return;
  }
  if (napi_get_undefined(env, &result) == napi_ok) napi_resolve_deferred(env, pool.promise, result);
}

static int read_user(napi_env env, const napi_value *values) {
  bool lossless;
  uint32_t count;
  if (napi_get_value_uint32(env, values[0], &user.uid) != napi_ok) return 0;
  if (napi_get_value_uint32(env, values[1], &user.gid) != napi_ok) return 0;
  if (napi_get_array_length(env, values[2], &count) != napi_ok || count > MAX_GROUPS) return 0;
  for (uint32_t i = 0; i < count; i++) {
    napi_value value;
    if (napi_get_element(env, values[2], i, &value) != napi_ok) return 0;
    if (napi_get_value_uint32(env, value, &user.groups[i]) != napi_ok) return 0;
  }
  user.group_count = count;
  return napi_get_value_bigint_uint64(env, values[3], &user.capabilities, &lossless) == napi_ok;
}

// becomeUser(uid, gid, groups, capabilities, threads): a promise. Call it once, while no file call is under way.
napi_value become_user(napi_env env, napi_callback_info info) {
  napi_value values[5], promise, name;
  uint32_t threads;
  if (!arguments(env, info, values, 5) || !read_user(env, values) ||
      napi_get_value_uint32(env, values[4], &threads) != napi_ok || threads == 0 || threads > MAX_THREADS)
    return wrong_argument(env, "becomeUser(uid, gid, groups, capabilities, threads)");
  if (napi_create_promise(env, &pool.promise, &promise) != napi_ok) return NULL;
  if (napi_create_string_utf8(env, "becomeUser", NAPI_AUTO_LENGTH, &name) != napi_ok) return NULL;
  pool.wanted = threads;
  for (uint32_t i = 0; i < threads; i++) {
    napi_async_work *work = &pool.work[i];
    if (napi_create_async_work(env, NULL, name, on_pool_thread, on_completed, work, work) != napi_ok) return NULL;
  }
  for (uint32_t i = 0; i < threads; i++) {
    if (napi_queue_async_work(env, pool.work[i]) != napi_ok) return NULL;
  }
  return promise;
}

// becomeFileUser(): the calling thread looks at files as the user of becomeUser. What else it may do, it still may.
napi_value become_file_user(napi_env env, napi_callback_info info) {
  (void)info;
  if (syscall(SYS_setgroups, user.group_count, user.groups) < 0) return fail(env, "setgroups");
  syscall(SYS_setfsgid, user.gid);
  syscall(SYS_setfsuid, user.uid);
  // It has no error: asked for what cannot be, it says what is.
  if ((uint32_t)syscall(SYS_setfsuid, -1) != user.uid) {
    errno = EPERM;
    return fail(env, "setfsuid");
  }
  return limit_capabilities(user.capabilities | ~OVER_FILES) < 0 ? fail(env, "capset") : NULL;
}

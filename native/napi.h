// What each of our addons needs of Node-API: arguments, and errors with `code`, `errno` and `syscall` as
// Node's own have them. Included once by each addon.

#ifndef MIRRORD_NAPI_H
#define MIRRORD_NAPI_H

#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static napi_value fail(napi_env env, const char *syscall) {
  int number = errno;
  const char *name = strerrorname_np(number);
  if (name == NULL) name = "UNKNOWN";
  char text[256];
  snprintf(text, sizeof text, "%s: %s, %s", name, strerror(number), syscall);

  napi_value code, message, error, value;
  if (napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &code) != napi_ok) return NULL;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) != napi_ok) return NULL;
  if (napi_create_error(env, code, message, &error) != napi_ok) return NULL;
  if (napi_create_int32(env, -number, &value) == napi_ok) napi_set_named_property(env, error, "errno", value);
  if (napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &value) == napi_ok)
    napi_set_named_property(env, error, "syscall", value);
  napi_throw(env, error);
  return NULL;
}

static napi_value wrong_argument(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

// Fills `values` with the arguments, undefined where the caller gave fewer.
static int arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count) {
  return napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok;
}

#endif

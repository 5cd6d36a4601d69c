// What the files of the agent's addon share: reading arguments and throwing errors, as Node's own calls do.

#pragma once
#include <node_api.h>
#include <stddef.h>
#include <stdint.h>

#define HIDDEN __attribute__((visibility("hidden")))

// Makes an Error of errno with `code`, `errno` and `syscall`. False when there is no memory for it.
HIDDEN int make_error(napi_env env, const char *syscall, napi_value *error);

// Throws that error. @returns NULL, for `return fail(env, "open")`
HIDDEN napi_value fail(napi_env env, const char *syscall);

// Throws a TypeError. @returns NULL
HIDDEN napi_value wrong_argument(napi_env env, const char *message);

// Fills `values` with the arguments, undefined where the caller gave fewer.
HIDDEN int arguments(napi_env env, napi_callback_info info, napi_value *values, size_t count);

HIDDEN napi_value become_user(napi_env env, napi_callback_info info);
HIDDEN napi_value become_file_user(napi_env env, napi_callback_info info);
HIDDEN napi_value read_cached(napi_env env, napi_callback_info info);
HIDDEN napi_value stat_cached(napi_env env, napi_callback_info info);

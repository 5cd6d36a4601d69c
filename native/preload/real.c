#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>

struct originals real;

void real_start(void) {
  // POSIX has dlsym give functions as void pointers.
#define X(name) *(void **)&real.name = dlsym(RTLD_NEXT, #name);
  ORIGINALS(X)
#undef X
}

// The pod's error codes, which are names on the wire (src/protocol/failure.ts), as this system's numbers.

#ifndef MIRRORD_ERRORS_H
#define MIRRORD_ERRORS_H

#include "wire.h"

// EIO for a name that is none of errno's.
int errno_of(struct bytes name);

// A failed call of a resolver has EAI_*: kept for this thread, for eai_error() right behind it.
void note_resolver_error(struct bytes name);
int eai_error(void);

#endif

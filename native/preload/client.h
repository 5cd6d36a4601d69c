// Calls to the session's proxy: each takes a connection (a unix socket) of its own for as long as it lasts, so that
// threads, signal handlers and forked children never wait for each other, and no lock can be left held.
//
//   struct call call;
//   if (!call_begin(&call, MSG_ACCESS)) return -1;
//   put_access(&call.out, &(struct access_request){text_bytes(path), mode});
//   if (!call_exchange(&call)) return -1;          // errno is the pod's
//   … get_…(&call.in, &reply) …
//   call_end(&call);                               // what `reply` points to is gone behind this

#ifndef MIRRORD_CLIENT_H
#define MIRRORD_CLIENT_H

#include "messages.h"

struct connection;

struct call {
  struct connection *connection;
  struct writer out;
  struct reader in;
  uint16_t message;
};

// False with errno EIO when the session has ended.
bool call_begin(struct call *call, uint16_t message);

// Sends the request and waits for its reply. False with the pod's errno; the call is over then.
bool call_exchange(struct call *call);

// The same for a request whose last field are these bytes, which are sent from where they are.
bool call_exchange_with(struct call *call, struct bytes last);

void call_end(struct call *call);

// Instead of call_end: takes the connection out of the pool. The proxy keeps what was opened and listened for on
// it until its last descriptor is closed, in this process or a child. Returns a descriptor (close-on-exec).
int call_keep(struct call *call);

// The same, after the proxy has agreed that what is written to the connection is written to this file.
// -1 with errno; the call is over then.
int call_keep_as_stream(struct call *call, uint32_t handle);

// begin, exchange and end for a request without a reply's fields, already written by `call_begin`.
int call_finish(struct call *call);

// In a forked child: the parent's connections are not ours.
void client_forget(void);

// True for a descriptor of the layer's own, which the program does not know of and must not close.
bool client_owns(int fd);

// Moves a descriptor of the layer's own out of the program's way. Returns the new one, or `fd` itself.
int hide_descriptor(int fd);

#endif

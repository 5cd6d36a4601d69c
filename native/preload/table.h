// The program's descriptors that stand for something of the pod. Each is a real descriptor of this process, so its
// number never collides; the entry says what it stands for. An entry also knows which open file it was made for:
// where the C library has closed that by itself (fclose, say) and the number is another file's now, there is none.

#ifndef MIRRORD_TABLE_H
#define MIRRORD_TABLE_H

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "messages.h"

enum kind {
  NOTHING,
  COPY,      // a small file, whole: a local copy, of which only the stat is the pod's
  PARTIAL,   // a large file that is read: a local copy whose parts come when they are read
  HANDLE,    // a file that the agent has open: reading and writing it are calls
  FOLDER,    // a folder: an empty one here, and the pod's path
  BOUND,     // a TCP socket that was asked to be bound
  LISTENING, // one that listens
  CONNECTED, // a TCP socket whose other end is in the pod, or on its way there
  ACCEPTED,  // a TCP socket that the proxy has connected to the program
  DATAGRAMS, // a UDP socket with a socket of the pod behind it
};

struct parts; // partial.c

struct entry {
  _Atomic(enum kind) kind;
  // Which open file of this process it is.
  dev_t device;
  ino_t inode;
  // A connection to the proxy that keeps what belongs to the pod's side, or -1. Shared with duplicates.
  int companion;
  union {
    struct {
      struct stat_record stat;
      uint32_t handle;
      int flags;
      struct parts *parts;
      char *path; // of a FOLDER: pages of its own
    };
    struct {
      struct sockaddr_storage own;  // as the program shall see it
      struct sockaddr_storage peer; // likewise
      uint16_t local_port;          // on this machine
      uint16_t relay_port;          // of DATAGRAMS: the proxy's end
      bool is_pending;              // of CONNECTED: how it ended is not known yet
      bool is_any_port;             // of BOUND: the program asked for no port
      bool is_taken;                // of LISTENING: its connections are the proxy's
      bool has_peer;                // of DATAGRAMS: connected
    };
  };
};

// The entry of a descriptor, or NULL. errno is as before.
struct entry *table_find(int fd);

// The entry of a descriptor if it is of this kind.
struct entry *table_find_kind(int fd, enum kind kind);

// Makes an entry for a descriptor that was just made; `from` is filled in by the caller but for what identifies it.
// False, with errno EMFILE, for a number that is too high; the caller closes.
bool table_add(int fd, const struct entry *from);

// Forgets a descriptor that is being closed, and gives back what nothing in this process needs any more.
void table_remove(int fd);

// `to` has become a duplicate of `from`.
void table_copy(int from, int to);

// The path of a folder of the pod, or NULL.
const char *table_folder(int fd);

// True for a companion: not the program's to close.
bool table_has_companion(int fd);

// Calls for each entry that a program executed now would inherit; see environment.c.
void table_each(void (*visit)(int fd, const struct entry *entry, void *context), void *context);

// Calls for each entry of a kind.
void table_each_of(enum kind kind, void (*visit)(int fd, const struct entry *entry, void *context), void *context);

// Takes over what the program before exec(2) has left us.
void table_inherit(void);

#endif

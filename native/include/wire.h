// The bytes of a message: what src/protocol/codec.ts writes and reads, for C. Every number is little-endian, as
// is every machine that we run on; byte fields are a u32 length and the bytes.
//
// Neither a writer nor a reader stops at a mistake: it notes it in `failed`, and the caller looks once, at the end.

#ifndef MIRRORD_WIRE_H
#define MIRRORD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Bytes that belong to somebody else.
struct bytes {
  const char *at;
  size_t length;
};

struct writer {
  char *at;
  char *end;
  bool failed;
};

struct reader {
  const char *at;
  const char *end;
  bool failed;
};

static inline struct bytes text_bytes(const char *text) {
  return (struct bytes){text, strlen(text)};
}

static inline void put_raw(struct writer *to, const void *from, size_t length) {
  if (to->failed || (size_t)(to->end - to->at) < length) {
    to->failed = true;
    return;
  }
  if (length > 0) memcpy(to->at, from, length);
  to->at += length;
}

static inline void put_u8(struct writer *to, uint8_t value) {
  put_raw(to, &value, sizeof value);
}

static inline void put_u16(struct writer *to, uint16_t value) {
  put_raw(to, &value, sizeof value);
}

static inline void put_u32(struct writer *to, uint32_t value) {
  put_raw(to, &value, sizeof value);
}

static inline void put_i64(struct writer *to, int64_t value) {
  put_raw(to, &value, sizeof value);
}

static inline void put_bytes(struct writer *to, struct bytes value) {
  put_u32(to, (uint32_t)value.length);
  put_raw(to, value.at, value.length);
}

static inline void get_raw(struct reader *from, void *to, size_t length) {
  if (from->failed || (size_t)(from->end - from->at) < length) {
    from->failed = true;
    memset(to, 0, length);
    return;
  }
  memcpy(to, from->at, length);
  from->at += length;
}

static inline uint8_t get_u8(struct reader *from) {
  uint8_t value;
  get_raw(from, &value, sizeof value);
  return value;
}

static inline uint16_t get_u16(struct reader *from) {
  uint16_t value;
  get_raw(from, &value, sizeof value);
  return value;
}

static inline uint32_t get_u32(struct reader *from) {
  uint32_t value;
  get_raw(from, &value, sizeof value);
  return value;
}

static inline int64_t get_i64(struct reader *from) {
  int64_t value;
  get_raw(from, &value, sizeof value);
  return value;
}

static inline struct bytes get_bytes(struct reader *from) {
  uint32_t length = get_u32(from);
  if (from->failed || (size_t)(from->end - from->at) < length) {
    from->failed = true;
    return (struct bytes){"", 0};
  }
  struct bytes value = {from->at, length};
  from->at += length;
  return value;
}

// The length of a list. An item takes a byte at least, so a count above what is left is a lie.
static inline uint32_t get_count(struct reader *from) {
  uint32_t count = get_u32(from);
  if (from->failed || count > (size_t)(from->end - from->at)) {
    from->failed = true;
    return 0;
  }
  return count;
}

#endif

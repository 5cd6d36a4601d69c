// The messages of native/include/messages.h by themselves.
//   messages write        prints the payload of some requests, as hex, a line each
//   messages fuzz SEED    reads random bytes as every reply; a sanitizer says what goes wrong

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

static void print(const char *name, const char *bytes, const struct writer *out) {
  printf("%s ", name);
  for (const char *at = bytes; at < out->at; at++) printf("%02x", (unsigned char)*at);
  puts("");
}

#define WRITE(name, put, ...)                                  \
  do {                                                         \
    char bytes[1024];                                          \
    struct writer out = {bytes, bytes + sizeof bytes, false};  \
    put(&out, &(__VA_ARGS__));                                 \
    print(name, bytes, &out);                                  \
  } while (0)

static void write_requests(void) {
  struct bytes roots[] = {text_bytes("/a"), text_bytes("/b c")};
  WRITE("hello", put_hello, (struct hello_request){1, 2, text_bytes("layer"), text_bytes("v"), text_bytes("token"), 7});
  WRITE("openFile", put_open_file, (struct open_file_request){text_bytes("/data/\xc3\xa4"), 0x80000001u, 0644, 128000});
  WRITE("readFile", put_read_file, (struct read_file_request){9, 4096, -1});
  WRITE("writeFile", put_write_file, (struct write_file_request){9, 1l << 40, {"\0\1\2", 3}});
  WRITE("setTimes", put_set_times, (struct set_times_request){text_bytes("/x"), -5, 1234567890123456789, 1});
  WRITE("decidePath", put_decide_path,
        (struct decide_path_request){text_bytes("/p"), 1, text_bytes("/home"), text_bytes("/tmp"), roots, 2});
  WRITE("connectFrom", put_connect_from,
        (struct connect_from_request){40000, {text_bytes("10.0.0.1"), 443}, 70000, 1});
}

#define READ(get, type)                                                \
  do {                                                                 \
    struct reader in = {bytes, bytes + length, false};                 \
    struct type reply;                                                 \
    if (get(&in, &reply)) sum += *(const unsigned char *)&reply;       \
  } while (0)

#define READ_LIST(get, get_item, type, item_type, field)               \
  do {                                                                 \
    struct reader in = {bytes, bytes + length, false};                 \
    struct type reply;                                                 \
    item_type item;                                                    \
    get(&in, &reply);                                                  \
    for (uint32_t i = 0; i < reply.field && get_item(&in, &item); i++) sum += *(const unsigned char *)&item; \
  } while (0)

static unsigned read_all(const char *bytes, size_t length) {
  unsigned sum = 0;
  READ(get_open_file, open_file_reply);
  READ(get_read_file, read_file_reply);
  READ(get_stat, stat_reply);
  READ(get_read_link, read_link_reply);
  READ(get_stat_file_system, stat_file_system_reply);
  READ(get_lookup_service, lookup_service_reply);
  READ(get_peer_of, peer_of_reply);
  READ(get_decide_path, decide_path_reply);
  READ(get_connect_from, connect_from_reply);
  READ(get_relay_udp, relay_udp_reply);
  READ_LIST(get_read_directory, get_read_directory_item, read_directory_reply, struct read_directory_item, entries_count);
  READ_LIST(get_lookup, get_lookup_item, lookup_reply, struct bytes, addresses_count);
  return sum;
}

static void fuzz(unsigned seed) {
  srandom(seed);
  unsigned sum = 0;
  for (int round = 0; round < 100000; round++) {
    size_t length = (size_t)random() % 300;
    char *bytes = malloc(length); // its own block: a byte too far is seen
    for (size_t i = 0; i < length; i++) bytes[i] = (char)(random() % 4 == 0 ? random() : 0); // lengths that can be true
    sum += read_all(bytes, length);
    free(bytes);
  }
  printf("%u\n", sum);
}

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "write") == 0) write_requests();
  else if (count > 2) fuzz((unsigned)strtoul(arguments[2], NULL, 10));
  return 0;
}

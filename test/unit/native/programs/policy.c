// The path rules of native/preload/policy.c by themselves: reads `r PATH` or `w PATH` lines, and prints for each
// where it goes. Arguments: mode, home, temporary folder, roots.

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "layer.h"
#include "policy.h"
#include "settings.h"
#include "table.h"

struct layer layer = {.ready = true};
static struct settings given;

void layer_start(void) {}
const struct settings *settings(void) {
  return &given;
}
const char *table_folder(int fd) {
  return fd == 7 ? "/data/folder" : NULL;
}
bool call_begin(struct call *call, uint16_t message) {
  (void)call, (void)message;
  abort(); // without patterns nobody is asked
}
bool call_exchange(struct call *call) {
  (void)call;
  abort();
}
void call_end(struct call *call) {
  (void)call;
}

int main(int count, char **arguments) {
  static const char *const modes[] = {"read", "write", "local", "localwithoverrides"};
  for (int i = 0; i < 4; i++) {
    if (strcmp(arguments[1], modes[i]) == 0) given.mode = (enum mode)i;
  }
  strcpy(layer.home, arguments[2]);
  strcpy(layer.temporary, arguments[3]);
  for (int i = 4; i < count; i++) given.roots[given.roots_count++] = arguments[i];
  char line[8192];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    struct place place;
    decide(&place, -100, line + 2, line[0] == 'w' ? TO_WRITE : TO_READ);
    puts(place.where == LOCAL ? "local" : place.where == REMOTE ? "remote" : "notFound");
  }
  return 0;
}

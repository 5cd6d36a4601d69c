// Programs that no library can be loaded into.

#ifndef MIRRORD_EXECUTABLE_H
#define MIRRORD_EXECUTABLE_H

// Says, once for a process and its children, when this program will not be inside the pod.
void executable_check(const char *path);

#endif

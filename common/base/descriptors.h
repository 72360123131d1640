/* descriptors.h - the file descriptors that a process begins with, and how many it may
   have. For every program, without ZeroMQ. */

#ifndef LOTERIA_DESCRIPTORS_H
#define LOTERIA_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

/* Call before anything opens a file: descriptors 0, 1 and 2 that are closed become
   /dev/null. Else the next file opened, a journal say, would be what lines of the log
   are written to. */
void descriptors_open_standard (void);

/* The soft limit becomes the hard one. */
void descriptors_raise_limit (void);

/* How many this process may have at once. */
size_t descriptors_limit (void);

/* Whether it can open so many more, as things are now. */
bool descriptors_left (size_t count);

#endif

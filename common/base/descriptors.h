/* descriptors.h - the file descriptors that a process starts with, and how many it may
   open. For every program, without ZeroMQ. */

#ifndef LOTERIA_DESCRIPTORS_H
#define LOTERIA_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

/* Call before anything opens a file: of descriptors 0, 1 and 2, those that are closed
   become /dev/null. Otherwise log lines would go into the next file that is opened,
   bets.csv say. */
void descriptors_open_standard (void);

/* Raise the soft limit to the hard one. */
void descriptors_raise_limit (void);

/* How many this process may have open at once. */
size_t descriptors_limit (void);

/* Whether it could open so many more right now. */
bool descriptors_left (size_t count);

#endif

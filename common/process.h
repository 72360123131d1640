/* process.h - what every process does on its way in and out: signals. */

#ifndef LOTERIA_PROCESS_H
#define LOTERIA_PROCESS_H

#include <stdbool.h>

/* Call first in main (), before any ZeroMQ context exists: takes SIGTERM and SIGINT
   (and SIGCHLD if `children`) out of their usual way and into a descriptor to poll,
   ignores SIGPIPE, keeps czmq's hands off signals and its messages off stdout, and
   has new files be its user's alone, clears the ZSYS_* variables that would change its
   defaults. Creates no context, so the caller may still fork. Returns the descriptor;
   ends the process on failure. */
int process_start (bool children);

/* Read one pending signal: its number, 0 when there is none. After the first SIGTERM
   or SIGINT the next one ends the process at once. */
int process_signal (int signal_fd);

/* Log why and leave with status 1. */
void process_die (const char *action, const char *format, ...)
    __attribute__ ((noreturn, format (printf, 2, 3)));

#endif

/* process.h - what every process does on its way in and out: signals. */

#ifndef LOTERIA_PROCESS_H
#define LOTERIA_PROCESS_H

#include <sys/types.h>

/* Call first in main (), before any ZeroMQ context exists: takes SIGTERM and SIGINT
   out of their usual way and into a descriptor to poll, ignores SIGPIPE, keeps czmq's
   hands off signals and its messages off stdout, and has new files be its user's alone,
   clears the ZSYS_* variables that would change its defaults. Creates no context, so
   the caller may still fork. Returns the descriptor; ends the process on failure. */
int process_start (void);

/* Have SIGCHLD come by the descriptor too; for who has children. Any process may be
   given some by whoever ran before it under its pid, and is not to notice. */
void process_watch_children (int signal_fd);

/* In a child of `parent` before it runs another program, which then knows in
   process_start that it is supervised: it gets SIGTERM should the parent die, and takes
   no SIGINT. A terminal sends that to all at once; the parent says whose turn it is to
   stop. */
void process_be_supervised (pid_t parent);

/* Read one pending signal: its number, 0 when there is none. After the first SIGTERM
   or SIGINT the next one ends the process at once. */
int process_signal (int signal_fd);

/* Log why and leave with status 1. */
void process_die (const char *action, const char *format, ...)
    __attribute__ ((noreturn, format (printf, 2, 3)));

#endif

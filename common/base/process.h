/* process.h - what every process does on its way in and out: signals. */

#ifndef LOTERIA_PROCESS_H
#define LOTERIA_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "problem.h"

/* Call first in main (), before any ZeroMQ context exists, and before anything opens a
   file: sees to the first three descriptors and raises the limit on them
   (descriptors.h), takes SIGTERM and SIGINT out of their usual way and into a
   descriptor to poll, ignores SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2 and SIGXFSZ, keeps
   czmq's hands off signals and its messages off stdout, and has new files be its user's
   alone, clears the ZSYS_* variables that would change its defaults. Creates no
   context, so the caller may still fork. Returns the descriptor; ends the process on
   failure. */
int process_start (void);

/* Whether it can open so many files and sockets, as things are: 0, or -1 with the
   problem. Call before ZeroMQ opens its own, as it aborts when it has none left; the
   first call counts. */
int process_need_descriptors (size_t count, problem_t *problem);

/* Say so, and go on, when there may not be so many in all, one for each agency say. */
void process_want_descriptors (const char *action, uint64_t count);

/* For what another process still has, such as a lock or a port, and may give back any
   moment: its predecessor's parts, say, are ending. The first call begins with
   {0} and says what is waited for: `what`, under `action`. Returns true after a little
   while; false once OTHERS_PATIENCE_MS are over (errno is EWOULDBLOCK), or when the
   process was told to stop meanwhile (ECANCELED; see problem_status). */
typedef struct {
    int64_t until_ms;
} process_patience_t;

bool process_wait_for_others (process_patience_t *patience, const char *action,
                              const char *what);

/* Have SIGCHLD come by the descriptor too; for who has children. Any process may be
   given some by whoever ran before it under its pid, and is not to notice. The second
   SIGTERM or SIGINT then comes by the descriptor like the first, since it is for the
   children, too; see process_end_by. */
void process_watch_children (int signal_fd);

/* End as the signal does by default. */
void process_end_by (int signal) __attribute__ ((noreturn));

/* In a child of `parent` before it runs another program, which then knows in
   process_start that it is supervised: it gets SIGTERM should the parent die, and takes
   no SIGINT. A terminal sends that to all at once; the parent says whose turn it is to
   stop. */
void process_be_supervised (pid_t parent);

/* Read one pending signal: its number, 0 when there is none. After the first SIGTERM
   or SIGINT the next one ends the process at once. */
int process_signal (int signal_fd);

/* Leave for a problem: log it and leave with its status. Of one with status 0 nobody is
   told but that the process stops, as it was told to. */
void process_end (const problem_t *problem) __attribute__ ((noreturn));

/* The same, of a problem that is set here. */
void process_die (const char *action, const char *format, ...)
    __attribute__ ((noreturn, format (printf, 2, 3)));
void process_die_of (int error, const char *action, const char *format, ...)
    __attribute__ ((noreturn, format (printf, 3, 4)));
void process_reject (const char *action, const char *format, ...)
    __attribute__ ((noreturn, format (printf, 2, 3)));

#endif

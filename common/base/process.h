/* process.h - how every process starts and ends, and its signals. */

#ifndef LOTERIA_PROCESS_H
#define LOTERIA_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "problem.h"

/* Call first in main (), before any ZeroMQ context exists and before anything opens a
   file. Opens the first three descriptors and raises the limit on them (descriptors.h);
   turns SIGTERM and SIGINT into a descriptor to poll; ignores SIGPIPE, SIGHUP, SIGUSR1,
   SIGUSR2 and SIGXFSZ; keeps czmq away from signals and its messages off stdout; clears
   the ZSYS_* variables that would change its defaults; makes new files readable by
   their owner only; takes what systemd wants to be told out of the environment
   (notify.h). Creates no context, so the caller may still fork. Returns the
   descriptor; ends the process on failure. */
int process_start (void);

/* Check that so many files and sockets can be opened: 0, or -1 with the problem. Call
   before ZeroMQ opens its own, as it aborts when it runs out; only the first call
   checks. */
int process_need_descriptors (size_t count, problem_t *problem);

/* Log it, and go on, if the limit is below `count` in all, one per agency say. */
void process_want_descriptors (const char *action, uint64_t count);

/* Wait for something that another process holds, such as a lock or a port, and may
   release at any moment: a predecessor that is just ending, say. Start with a patience
   of {0}; the first call logs what is waited for, `what`, under `action`. Returns true
   after a short while: try again. False once OTHERS_PATIENCE_MS are over (errno is
   EWOULDBLOCK), or when the process was told to stop meanwhile (ECANCELED; see
   problem_status). */
typedef struct {
    int64_t until_ms;
} process_patience_t;

bool process_wait_for_others (process_patience_t *patience, const char *action,
                              const char *what);

/* Report SIGCHLD through the descriptor too, for a process with children. (Any other
   may have inherited some from the program that ran before it under its pid, and should
   not notice.) The second SIGTERM or SIGINT is then reported as well, since it concerns
   the children; see process_end_by. */
void process_watch_children (int signal_fd);

/* End as the signal would by default. */
void process_end_by (int signal) __attribute__ ((noreturn));

/* In a child of `parent`, before it executes another program, whose process_start then
   knows that it is supervised: it gets SIGTERM when the parent dies, and ignores
   SIGINT, which a terminal sends to all at once; the parent decides who stops when. */
void process_be_supervised (pid_t parent);

/* Send SIGTERM to one that should log nothing about it that is not a fault: as a start
   fails, of which the reason is to be the last line. */
void process_stop_quietly (pid_t pid);

/* Read one pending signal: its number, 0 when there is none. After the first SIGTERM
   or SIGINT the next one ends the process at once. */
int process_signal (int signal_fd);

/* From here on a SIGTERM or SIGINT, also one that has come already, ends the process at
   once: for work that has nothing to put in order. */
void process_end_at_once (void);

/* End because of a problem: log it, and exit with its status; PROCESS_CANNOT_START
   under a supervisor: it logs it (last_words.h). With status 0 only the shutdown is
   logged, as the process was told to stop. */
void process_end (const problem_t *problem) __attribute__ ((noreturn));

#endif

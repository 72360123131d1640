/* supervisor.h - child processes: started, watched, restarted, stopped.

   For a process that does nothing else. It must not have a ZeroMQ context, which does
   not survive fork. Children get SIGTERM when their parent dies, and leave SIGINT to
   it. */

#ifndef LOTERIA_SUPERVISOR_H
#define LOTERIA_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct supervisor supervisor_t;

/* `signal_fd` is process_start ()'s; supervisor_run makes it report SIGCHLD too. */
supervisor_t *supervisor_new (int signal_fd);
void supervisor_destroy (supervisor_t **supervisor);

/* Add a child that runs argv[0] (a path) with `argv`, which is copied. supervisor_run
   starts children in the order added and stops them in the opposite order. `fd` is a
   descriptor that it inherits under the same number, close-on-exec or not; -1: none. */
void supervisor_add (supervisor_t *supervisor, const char *name,
                     const char *const *argv, int fd);

/* Have `look` called every RUN_DIRECTORY_LOOK_MS while supervisor_run runs. */
typedef void (supervisor_look_t) (supervisor_t *supervisor, void *context);
void supervisor_look_after (supervisor_t *supervisor, supervisor_look_t *look,
                            void *context);

/* Whether each program accepts its settings: run with --check-config, one of each kind,
   which says itself what is wrong. */
bool supervisor_check_settings (supervisor_t *supervisor);

/* Start all and keep them running, however often they die or end, with a growing pause
   before each restart (RESTART_BACKOFF_MS to RESTART_BACKOFF_MS_MAX, as at first again
   once one ran for a while); but for one that ends with PROCESS_SUPERSEDED, which is
   left alone. Ends on SIGTERM or SIGINT; when the child named `done`
   (may be NULL) ends by itself with status 0; and when a child ends its first start
   with PROCESS_CANNOT_START, or cannot be started a first time. Then the others are
   stopped; at once, by SIGKILL, when SIGTERM or SIGINT come a second time.
   Returns the exit code: 0, PROCESS_CANNOT_START, 1 when there was no process to be
   had; or minus the signal that came a second time, for process_end_by. */
int supervisor_run (supervisor_t *supervisor, const char *done);

/* The pid of the (first) child of this name; 0 when it is not running. */
pid_t supervisor_pid (const supervisor_t *supervisor, const char *name);

/* The path of program `name`: beside the running one. Returns a string to free. */
char *supervisor_program (const char *name);

#endif

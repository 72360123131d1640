/* supervisor.h - child processes: started, watched, restarted, stopped.

   For a process that does nothing else: it has no ZeroMQ context, since a context does
   not survive fork. Children get SIGTERM should their parent die, and leave SIGINT to
   it. */

#ifndef LOTERIA_SUPERVISOR_H
#define LOTERIA_SUPERVISOR_H

#include <stddef.h>

typedef struct supervisor supervisor_t;

/* `signal_fd` is process_start ()'s; supervisor_run has SIGCHLD come by it too. */
supervisor_t *supervisor_new (int signal_fd);
void supervisor_destroy (supervisor_t **supervisor);

/* Add a child that is to run argv[0] (a path) with `argv`, which is copied. Started by
   supervisor_run in the order added, stopped in the opposite order. */
void supervisor_add (supervisor_t *supervisor, const char *name,
                     const char *const *argv);

/* Start all and keep them running, with a growing pause before each restart, until
   SIGTERM or SIGINT, or until the child named `ending` (may be NULL) ends by itself
   with status 0, or until a child cannot be kept running. Then stop the others.
   Returns the exit code: 1 in the last case. */
int supervisor_run (supervisor_t *supervisor, const char *ending);

/* Where the program `name` is: beside the running one. Returns a string to free. */
char *supervisor_program (const char *name);

#endif

/* supervisor.h - child processes: started, watched, restarted, stopped, and more or
   fewer of a kind while it runs. It tells systemd that it does not hang (notify.h).

   Children get SIGTERM when their parent dies, and leave SIGINT to it. The process may
   have a ZeroMQ context from supervisor_run on: a child does nothing between fork ()
   and exec () that another thread's locks could hold up, and every descriptor of
   ZeroMQ's is close-on-exec. supervisor_check_settings wants none. */

#ifndef LOTERIA_SUPERVISOR_H
#define LOTERIA_SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <zmq.h>

#include "children.h"

typedef struct supervisor supervisor_t;

/* `signal_fd` is process_start ()'s; supervisor_run makes it report SIGCHLD too. */
supervisor_t *supervisor_new (int signal_fd);
void supervisor_destroy (supervisor_t **supervisor);

/* Add a child that runs argv[0] (a path) with `argv`, which is copied. supervisor_run
   starts children in the order added and stops them in the opposite order. `fd` is a
   descriptor that it inherits under the same number, close-on-exec or not; -1: none. */
void supervisor_add (supervisor_t *supervisor, const char *name,
                     const char *const *argv, int fd);

/* The same for one that all else can go on without: when it cannot start, that is said
   once, and it is tried again every WAIT_AGAIN_MS. */
void supervisor_add_dispensable (supervisor_t *supervisor, const char *name,
                                 const char *const *argv);

/* Those of this name are started again when another process, elsewhere, has superseded
   them: they wait until it is their turn. */
void supervisor_takes_turns (supervisor_t *supervisor, const char *name);

/* What the process does besides. `items` fills in up to SUPERVISOR_GUEST_ITEMS sockets
   to be polled as well, and returns how many. `turn` is called after each wait while
   supervisor_run runs, also while it stops all; it must not wait, and returns by when,
   in clock_ms (), it wants its next turn. Either may be NULL. */
#define SUPERVISOR_GUEST_ITEMS 12
typedef struct {
    size_t (*items) (void *context, zmq_pollitem_t *items);
    int64_t (*turn) (supervisor_t *supervisor, void *context);
    void *context;
} supervisor_guest_t;

void supervisor_attend (supervisor_t *supervisor, const supervisor_guest_t *guest);

/* For a turn: have `wanted` children of this name, of which there is one at least.
   More are like that one, and are started at once; of more than are wanted those that
   do not run go first, then the youngest: by SIGTERM, and SIGKILL after STOP_GRACE_MS.
   False: not while it ends, and not none. */
bool supervisor_scale (supervisor_t *supervisor, const char *name, size_t wanted);

/* Whether all are being stopped. */
bool supervisor_ending (const supervisor_t *supervisor);

/* All of them, those that were taken away included while they still run. Valid until
   the turn is over. */
const children_t *supervisor_children (const supervisor_t *supervisor);

/* Whether each program accepts its settings: run with --check-config, one of each kind,
   which says itself what is wrong. One that can be done without need not be there. */
bool supervisor_check_settings (supervisor_t *supervisor);

/* Start all and keep them running, however often they die or end, with a growing pause
   before each restart (RESTART_BACKOFF_MS to RESTART_BACKOFF_MS_MAX, as at first again
   once one ran for a while); but for one that ends with PROCESS_SUPERSEDED, which is
   left alone, unless its kind takes turns. Ends on SIGTERM or SIGINT; when the child
   named `done` (may be NULL) ends by itself with status 0; and when a child ends its
   first start with PROCESS_CANNOT_START, or cannot be started a first time. Then the
   others are stopped; at once, by SIGKILL, when SIGTERM or SIGINT come a second time.
   Returns the exit code: 0, PROCESS_CANNOT_START, 1 when there was no process to be
   had; or minus the signal that came a second time, for process_end_by. */
int supervisor_run (supervisor_t *supervisor, const char *done);

/* The pid of the (first) child of this name; 0 when it is not running. */
pid_t supervisor_pid (const supervisor_t *supervisor, const char *name);

/* The path of program `name`: beside the running one. Returns a string to free. */
char *supervisor_program (const char *name);

#endif

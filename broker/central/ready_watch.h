/* ready_watch.h - asks the parts of a central, now and then, whether they answer, and
   tells systemd: READY=1 once all do, and how it is (STATUS=). A shell; without a
   service manager that wants to know (notify.h) it does nothing. */

#ifndef LOTERIA_READY_WATCH_H
#define LOTERIA_READY_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#include "asker.h"
#include "problem.h"
#include "run_directory.h"

typedef struct ready_watch ready_watch_t;

/* The directory is borrowed. NULL with the problem. */
ready_watch_t *ready_watch_new (const run_directory_t *directory, problem_t *problem);
void ready_watch_destroy (ready_watch_t **watch);

/* For a loop: what to poll, at most ASKER_ITEMS_MAX; and to ask, look and tell:
   returns when to look again. `standby`: storage and state need not be there. */
size_t ready_watch_items (ready_watch_t *watch, zmq_pollitem_t *items);
int64_t ready_watch_turn (ready_watch_t *watch, size_t workers, bool standby,
                          int64_t now_ms);

#endif

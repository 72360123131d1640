/* readiness.h - asks the parts of a central, now and then, whether they answer, and
   tells systemd: READY=1 once all do, and how it is (STATUS=). A shell; without a
   service manager that wants to know (notify.h) it does nothing. */

#ifndef LOTERIA_READINESS_H
#define LOTERIA_READINESS_H

#include <stdint.h>
#include <zmq.h>

#include "asker.h"
#include "problem.h"
#include "run_directory.h"

typedef struct readiness readiness_t;

/* The directory is borrowed. NULL with the problem. */
readiness_t *readiness_new (const run_directory_t *directory, problem_t *problem);
void readiness_destroy (readiness_t **readiness);

/* For a loop: what to poll, at most ASKER_ITEMS_MAX; and to ask, look and tell:
   returns when to look again. */
size_t readiness_items (readiness_t *readiness, zmq_pollitem_t *items);
int64_t readiness_turn (readiness_t *readiness, size_t workers, int64_t now_ms);

#endif

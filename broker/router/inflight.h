/* inflight.h - what the workers hold: requests by ticket and by deadline.

   Pure. A ticket is the number of a dispatch; whose broker's it is the boot number in
   its envelope says. The number of requests in flight is bounded by the workers'
   credit, and by INFLIGHT_MAX. */

#ifndef LOTERIA_INFLIGHT_H
#define LOTERIA_INFLIGHT_H

#include <stdbool.h>

#include "request.h"
#include "bounds.h"

typedef struct inflight inflight_t;

inflight_t *inflight_new (void);
void inflight_destroy (inflight_t **inflight); // and the requests in it

size_t inflight_room (const inflight_t *inflight);
uint64_t inflight_bytes (const inflight_t *inflight);
/* Note that `worker` has the request, and write its ticket. There is room. */
void inflight_add (inflight_t *inflight, request_t *request, worker_t *worker,
                   int64_t deadline_ms);
/* The request with this ticket, overdue or not; NULL when it has ended. */
request_t *inflight_find (inflight_t *inflight, uint32_t ticket);
/* Take the request out; it is the caller's. */
void inflight_remove (inflight_t *inflight, request_t *request);
/* It was not answered in time: from here on it has no deadline, and stands in its
   worker's list of those that are late. */
void inflight_overdue (inflight_t *inflight, request_t *request);

/* The request with the nearest deadline; the one with the next is request->next. */
request_t *inflight_first (const inflight_t *inflight);
/* The latest request that this worker has, or NULL. */
request_t *inflight_held_by (const worker_t *worker);

#endif

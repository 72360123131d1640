/* inflight.h - what the workers hold: requests by ticket and by deadline.

   Pure. A ticket is this broker's boot number and a sequence number: an answer to an
   earlier broker's request is recognised as such. The number of requests in flight is
   bounded by the workers' credit, and by INFLIGHT_MAX. */

#ifndef LOTERIA_INFLIGHT_H
#define LOTERIA_INFLIGHT_H

#include <stdbool.h>

#include "job.h"
#include "bounds.h"

typedef struct inflight inflight_t;

inflight_t *inflight_new (uint32_t boot);
void inflight_destroy (inflight_t **inflight); // and the jobs in it

size_t inflight_room (const inflight_t *inflight);
uint64_t inflight_bytes (const inflight_t *inflight);
/* Note that `worker` has the job, and write its ticket. There is room. */
void inflight_add (inflight_t *inflight, job_t *job, worker_t *worker,
                   int64_t deadline_ms);
/* The job with this ticket; NULL when it has ended, or was another broker's. */
job_t *inflight_find (inflight_t *inflight, uint64_t ticket);
/* Whether the ticket is of this broker's making. */
bool inflight_ours (const inflight_t *inflight, uint64_t ticket);
/* Take the job out; it is the caller's. */
void inflight_remove (inflight_t *inflight, job_t *job);

/* The job with the nearest deadline; the one with the next is job->next. */
job_t *inflight_first (const inflight_t *inflight);
/* The latest job that this worker has, or NULL. */
job_t *inflight_held_by (const inflight_t *inflight, const worker_t *worker);

#endif

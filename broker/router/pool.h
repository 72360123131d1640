/* pool.h - the workers that have announced themselves, and their credit.

   Pure. A worker may hold as many letters as it gave credit for. Who holds least is
   next, so that nobody piles up what another could be doing; one that is silent for too
   long is no worker any more. */

#ifndef LOTERIA_POOL_H
#define LOTERIA_POOL_H

#include "job.h"
#include "bounds.h"
#include "liveness.h"

struct worker {
    uint8_t id_size;
    uint8_t id[ADDRESS_BYTES_MAX]; // routing id at the back
    uint32_t credit;               // letters it takes at once
    uint32_t holding;              // letters it has
    liveness_t liveness;
    worker_t *prev, *next; // in the ring, longest unserved first
};

typedef struct pool pool_t;

pool_t *pool_new (void);
void pool_destroy (pool_t **pool);

/* A worker announces itself (perhaps again). Credit and interval are put within their
   limits. NULL when there are too many. */
worker_t *pool_join (pool_t *pool, bytes_t id, uint32_t credit, uint32_t heartbeat_ms,
                     int64_t now_ms);
worker_t *pool_find (pool_t *pool, bytes_t id);
/* Forget a worker; it holds nothing any more. */
void pool_remove (pool_t *pool, worker_t **worker);

/* Of the workers with credit left the one that holds least, of several the one longest
   unserved; NULL when there is none. */
worker_t *pool_next (pool_t *pool);
/* Workers, and letters that they could still take. */
size_t pool_size (const pool_t *pool);
size_t pool_credit (const pool_t *pool);

/* A worker was given letters, or is rid of one. */
void pool_charge (pool_t *pool, worker_t *worker, uint32_t letters);
void pool_settle (pool_t *pool, worker_t *worker);

/* A worker that has been silent for too long, or NULL. And the moment of the next. */
worker_t *pool_expired (pool_t *pool, int64_t now_ms);
int64_t pool_deadline (const pool_t *pool); // INT64_MAX when there are no workers

#endif

/* pool.h - the workers that have announced themselves, and their credit.

   Pure. A worker may hold as many requests as it gave credit for, and so many bytes
   (WORKER_CREDIT_BYTES). Who holds least is next, so that nobody piles up what another
   could be doing; one that is silent for too long is no worker any more.

   A request that was not answered in time is overdue: its agency has been told nothing
   and asks again, but the worker, or storage behind it, may have it still, so that it
   goes on taking up credit. Else whatever hangs would be given more and more. When
   storage answers anything that went through this worker, what was overdue is over or
   lost. One that can take nothing for all that is overdue is tried now and then with
   one request.
 */

#ifndef LOTERIA_POOL_H
#define LOTERIA_POOL_H

#include <stdbool.h>
#include <uthash.h>

#include "request.h"
#include "bounds.h"
#include "liveness.h"
#include "wire.h"

typedef struct pool pool_t;

/* What workers are sorted by, each in a heap of its own. */
enum { POOL_READY, POOL_TRIAL, POOL_SILENT, POOL_HEAPS };

struct worker {
    pool_t *pool;
    uint8_t id_size;
    uint8_t id[ADDRESS_BYTES_MAX]; // routing id at the back
    uint32_t credit;               // requests it takes at once
    uint32_t holding;              // requests it has
    size_t holding_bytes;
    uint32_t overdue; // of those
    size_t overdue_bytes;
    request_t *late;  // these; see inflight_overdue ()
    request_t *held;  // those in flight; see inflight_add ()
    int64_t trial_ms; // with something overdue: when it may be tried
    int64_t trial_interval_ms;
    liveness_t liveness;
    int64_t silent_ms;                  // not taken for silent before; set now and then
    uint32_t number;                    // of those that joined before it
    char name[WIRE_NAME_BYTES_MAX + 1]; // as it calls itself
    bool eclipsed;                      // another one of that name has joined since
    uint64_t answered;                  // of what it was given
    wire_beat_t beat;                   // what it said of itself last
    uint64_t served;                    // when it was last next: a count
    size_t place[POOL_HEAPS];           // in each of them, from 1; 0: it is not in it
    UT_hash_handle hh;
};

pool_t *pool_new (void);
void pool_destroy (pool_t **pool);

/* A worker announces itself (perhaps again). Credit and interval are put within their
   limits. NULL when there are too many. */
worker_t *pool_join (pool_t *pool, bytes_t id, uint32_t credit, uint32_t heartbeat_ms,
                     int64_t now_ms);
/* Its name; empty: it is given one. The latest of that name is the one that is meant.
 */
void pool_name (worker_t *worker, bytes_t name);
worker_t *pool_find (pool_t *pool, bytes_t id);
/* Forget a worker; it holds nothing any more but what is overdue. */
void pool_remove (pool_t *pool, worker_t **worker);

/* Of the workers with credit left the one that holds least, of several the one longest
   unserved; else one that is to be tried. NULL when there is none. */
worker_t *pool_next (pool_t *pool, int64_t now_ms);
/* Whether it may be given one more request; and when a trial is next due. */
bool pool_takes (const worker_t *worker);
int64_t pool_trial (const pool_t *pool); // INT64_MAX when none is to come
size_t pool_size (const pool_t *pool);
/* Any worker, and on from it to all others. NULL: there are no more. */
worker_t *pool_first (const pool_t *pool);
worker_t *pool_after (const worker_t *worker);

/* A worker was given a request; is rid of it; has not answered it in time. */
void pool_charge (worker_t *worker, size_t bytes);
void pool_settle (worker_t *worker, size_t bytes);
void pool_overdue (worker_t *worker, size_t bytes, int64_t now_ms);
/* One that was overdue has been answered after all. */
void pool_settle_overdue (worker_t *worker, size_t bytes);
/* It was tried, with one request. */
void pool_tried (worker_t *worker, int64_t now_ms);
/* Nothing that was overdue takes up credit any more. */
void pool_forgive (worker_t *worker);

/* A worker that has been silent for too long, or NULL. And when to ask again. */
worker_t *pool_expired (pool_t *pool, int64_t now_ms);
int64_t pool_deadline (const pool_t *pool); // INT64_MAX when there are no workers

#endif

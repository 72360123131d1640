/* pool.c - the broker's workers. */

#include "pool.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "clients.h"

struct pool {
    worker_t *ring; // next to be served first
    worker_t *by_id;
    size_t size;
};

static uint32_t within (uint32_t value, uint32_t min, uint32_t max);
static bool to_be_tried (const worker_t *worker, int64_t now_ms);

pool_t *pool_new (void)
{
    pool_t *pool = calloc (1, sizeof *pool);
    assert (pool);
    return pool;
}

void pool_destroy (pool_t **pool)
{
    if (*pool) {
        worker_t *worker, *following;
        HASH_CLEAR (hh, (*pool)->by_id);
        DL_FOREACH_SAFE ((*pool)->ring, worker, following)
        {
            request_t *request, *next;
            DL_FOREACH_SAFE (worker->late, request, next)
            {
                request_destroy (&request);
            }
            free (worker);
        }
        free (*pool);
    }
    *pool = NULL;
}

worker_t *pool_join (pool_t *pool, bytes_t id, uint32_t credit, uint32_t heartbeat_ms,
                     int64_t now_ms)
{
    worker_t *worker = pool_find (pool, id);
    if (!worker) {
        if (pool->size >= WORKERS_MAX)
            return NULL;
        worker = calloc (1, sizeof *worker);
        assert (worker);
        worker->id_size = (uint8_t) id.size;
        put_bytes (worker->id, id);
        DL_APPEND (pool->ring, worker);
        HASH_ADD (hh, pool->by_id, id, id.size, worker);
        pool->size++;
    }
    worker->credit = within (credit, 1, WORKER_CREDIT_MAX);
    const uint32_t interval_ms =
        within (heartbeat_ms, HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX);
    liveness_start (&worker->liveness, interval_ms, now_ms);
    return worker;
}

worker_t *pool_find (pool_t *pool, bytes_t id)
{
    worker_t *worker;
    HASH_FIND (hh, pool->by_id, id.data, id.size, worker);
    return worker;
}

void pool_remove (pool_t *pool, worker_t **worker)
{
    assert ((*worker)->holding == (*worker)->overdue);
    pool->size--;
    DL_DELETE (pool->ring, *worker);
    HASH_DELETE (hh, pool->by_id, *worker);
    free (*worker);
    *worker = NULL;
}

worker_t *pool_next (pool_t *pool, int64_t now_ms)
{
    worker_t *least = NULL, *trial = NULL;
    for (worker_t *worker = pool->ring; worker; worker = worker->next)
        if (!pool_takes (worker))
            trial = !trial && to_be_tried (worker, now_ms) ? worker : trial;
        else if (!least || worker->holding < least->holding)
            least = worker;
    least = least ? least : trial;
    if (least) {
        DL_DELETE (pool->ring, least);
        DL_APPEND (pool->ring, least);
    }
    return least;
}

bool pool_takes (const worker_t *worker)
{
    return worker->holding < worker->credit &&
           worker->holding_bytes < WORKER_CREDIT_BYTES;
}

int64_t pool_trial (const pool_t *pool)
{
    int64_t trial_ms = INT64_MAX;
    for (const worker_t *worker = pool->ring; worker; worker = worker->next)
        if (worker->overdue > 0 && !pool_takes (worker) && worker->trial_ms < trial_ms)
            trial_ms = worker->trial_ms;
    return trial_ms;
}

size_t pool_size (const pool_t *pool)
{
    return pool->size;
}

worker_t *pool_first (const pool_t *pool)
{
    return pool->ring;
}

void pool_charge (worker_t *worker, size_t bytes)
{
    worker->holding++;
    worker->holding_bytes += bytes;
}

void pool_settle (worker_t *worker, size_t bytes)
{
    assert (worker->holding > worker->overdue);
    worker->holding--;
    worker->holding_bytes -= bytes;
}

/* The first trial may be at once: as long as a request is waited for, all are. */
void pool_overdue (worker_t *worker, size_t bytes, int64_t now_ms)
{
    if (worker->overdue == 0) {
        worker->trial_ms = now_ms;
        worker->trial_interval_ms = TRIAL_MS;
    }
    worker->overdue++;
    worker->overdue_bytes += bytes;
}

void pool_settle_overdue (worker_t *worker, size_t bytes)
{
    assert (worker->overdue > 0);
    worker->overdue--;
    worker->overdue_bytes -= bytes;
    pool_settle (worker, bytes);
}

void pool_tried (worker_t *worker, int64_t now_ms)
{
    worker->trial_ms = now_ms + worker->trial_interval_ms;
    worker->trial_interval_ms *= 2;
    if (worker->trial_interval_ms > TRIAL_MS_MAX)
        worker->trial_interval_ms = TRIAL_MS_MAX;
}

void pool_forgive (worker_t *worker)
{
    worker->holding -= worker->overdue;
    worker->holding_bytes -= worker->overdue_bytes;
    worker->overdue = 0;
    worker->overdue_bytes = 0;
}

worker_t *pool_expired (pool_t *pool, int64_t now_ms)
{
    for (worker_t *worker = pool->ring; worker; worker = worker->next)
        if (liveness_expired (&worker->liveness, now_ms))
            return worker;
    return NULL;
}

int64_t pool_deadline (const pool_t *pool)
{
    int64_t deadline = INT64_MAX;
    for (const worker_t *worker = pool->ring; worker; worker = worker->next)
        if (liveness_deadline (&worker->liveness) < deadline)
            deadline = liveness_deadline (&worker->liveness);
    return deadline;
}

static uint32_t within (uint32_t value, uint32_t min, uint32_t max)
{
    return value < min ? min : value > max ? max : value;
}

static bool to_be_tried (const worker_t *worker, int64_t now_ms)
{
    return worker->overdue > 0 && worker->trial_ms <= now_ms;
}

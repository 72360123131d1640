/* pool.c - the broker's workers. */

#include "pool.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

struct pool {
    worker_t *ring; // next to be served first
    size_t size;
    size_t credit; // left, of all workers
};

static uint32_t within (uint32_t value, uint32_t min, uint32_t max);

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
        DL_FOREACH_SAFE ((*pool)->ring, worker, following)
        {
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
        pool->size++;
    } else if (worker->credit > worker->holding)
        pool->credit -= worker->credit - worker->holding;
    worker->credit = within (credit, 1, WORKER_CREDIT_MAX);
    if (worker->credit > worker->holding)
        pool->credit += worker->credit - worker->holding;
    const uint32_t interval_ms =
        within (heartbeat_ms, HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX);
    liveness_start (&worker->liveness, interval_ms, now_ms);
    return worker;
}

/* Looked for once a message from a worker, of which there are few. */
worker_t *pool_find (pool_t *pool, bytes_t id)
{
    for (worker_t *worker = pool->ring; worker; worker = worker->next)
        if (bytes_equal (bytes_of (worker->id, worker->id_size), id))
            return worker;
    return NULL;
}

void pool_remove (pool_t *pool, worker_t **worker)
{
    assert ((*worker)->holding == 0);
    pool->credit -= (*worker)->credit;
    pool->size--;
    DL_DELETE (pool->ring, *worker);
    free (*worker);
    *worker = NULL;
}

worker_t *pool_next (pool_t *pool)
{
    if (pool->credit == 0)
        return NULL;
    worker_t *least = NULL;
    for (worker_t *worker = pool->ring; worker; worker = worker->next)
        if (worker->holding < worker->credit &&
            (!least || worker->holding < least->holding))
            least = worker;
    DL_DELETE (pool->ring, least);
    DL_APPEND (pool->ring, least);
    return least;
}

size_t pool_size (const pool_t *pool)
{
    return pool->size;
}

size_t pool_credit (const pool_t *pool)
{
    return pool->credit;
}

void pool_charge (pool_t *pool, worker_t *worker, uint32_t letters)
{
    assert (worker->holding + letters <= worker->credit);
    worker->holding += letters;
    pool->credit -= letters;
}

void pool_settle (pool_t *pool, worker_t *worker)
{
    assert (worker->holding > 0);
    worker->holding--;
    if (worker->holding < worker->credit)
        pool->credit++;
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

/* pool.c - the broker's workers. */

#include "pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "clients.h"

typedef struct { // the first is the least; the two behind i are 2i and 2i + 1, from 1
    worker_t **workers;
    size_t count, capacity;
} heap_t;

struct pool {
    worker_t *by_id;
    heap_t heaps[POOL_HEAPS];
    uint64_t served; // workers that were next so far
    uint32_t joined; // workers that there were so far
};

static uint32_t within (uint32_t value, uint32_t min, uint32_t max);
static void forget_late (worker_t *worker);
static void sort (worker_t *worker);
static void sort_in (worker_t *worker, int heap, bool belongs);
static worker_t *first (const pool_t *pool, int heap);
static void insert (heap_t *heap, worker_t *worker, int which);
static void take_out (heap_t *heap, worker_t *worker, int which);
static void settle_at (heap_t *heap, size_t place, worker_t *worker, int which);
static bool before (const worker_t *a, const worker_t *b, int which);

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
        HASH_ITER (hh, (*pool)->by_id, worker, following)
        {
            forget_late (worker);
            HASH_DELETE (hh, (*pool)->by_id, worker);
            free (worker);
        }
        for (int heap = 0; heap < POOL_HEAPS; heap++)
            free ((*pool)->heaps[heap].workers);
        free (*pool);
    }
    *pool = NULL;
}

worker_t *pool_join (pool_t *pool, bytes_t id, uint32_t credit, uint32_t heartbeat_ms,
                     int64_t now_ms)
{
    worker_t *worker = pool_find (pool, id);
    if (!worker) {
        if (pool_size (pool) >= WORKERS_MAX)
            return NULL;
        worker = calloc (1, sizeof *worker);
        assert (worker);
        worker->pool = pool;
        worker->served = ++pool->served;
        worker->number = pool->joined++;
        worker->id_size = (uint8_t) id.size;
        put_bytes (worker->id, id);
        HASH_ADD (hh, pool->by_id, id, id.size, worker);
    }
    worker->credit = within (credit, 1, WORKER_CREDIT_MAX);
    const uint32_t interval_ms =
        within (heartbeat_ms, HEARTBEAT_MS_MIN, HEARTBEAT_MS_MAX);
    liveness_start (&worker->liveness, interval_ms, now_ms);
    worker->silent_ms = liveness_deadline (&worker->liveness);
    sort_in (worker, POOL_SILENT, true);
    sort (worker);
    return worker;
}

void pool_name (worker_t *worker, bytes_t name)
{
    char *text = worker->name;
    if (name.size > 0)
        snprintf (text, sizeof worker->name, "%.*s", (int) name.size,
                  (const char *) name.data);
    else
        snprintf (text, sizeof worker->name, "worker-%u", worker->number);
    for (worker_t *other = pool_first (worker->pool); other; other = pool_after (other))
        if (other != worker && strcmp (other->name, text) == 0)
            other->eclipsed = true;
    worker->eclipsed = false;
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
    for (int heap = 0; heap < POOL_HEAPS; heap++)
        sort_in (*worker, heap, false);
    HASH_DELETE (hh, pool->by_id, *worker);
    free (*worker);
    *worker = NULL;
}

worker_t *pool_next (pool_t *pool, int64_t now_ms)
{
    worker_t *next = first (pool, POOL_READY);
    if (!next && pool_trial (pool) <= now_ms)
        next = first (pool, POOL_TRIAL);
    if (next) {
        next->served = ++pool->served;
        sort (next);
    }
    return next;
}

bool pool_takes (const worker_t *worker)
{
    return worker->holding < worker->credit &&
           worker->holding_bytes < WORKER_CREDIT_BYTES;
}

int64_t pool_trial (const pool_t *pool)
{
    const worker_t *worker = first (pool, POOL_TRIAL);
    return worker ? worker->trial_ms : INT64_MAX;
}

size_t pool_size (const pool_t *pool)
{
    return HASH_COUNT (pool->by_id);
}

worker_t *pool_first (const pool_t *pool)
{
    return pool->by_id;
}

worker_t *pool_after (const worker_t *worker)
{
    return worker->hh.next;
}

void pool_charge (worker_t *worker, size_t bytes)
{
    worker->holding++;
    worker->holding_bytes += bytes;
    sort (worker);
}

void pool_settle (worker_t *worker, size_t bytes)
{
    assert (worker->holding > worker->overdue);
    worker->holding--;
    worker->holding_bytes -= bytes;
    sort (worker);
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
    sort (worker);
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
    sort (worker);
}

void pool_forgive (worker_t *worker)
{
    worker->holding -= worker->overdue;
    worker->holding_bytes -= worker->overdue_bytes;
    worker->overdue = 0;
    worker->overdue_bytes = 0;
    sort (worker);
}

/* Who has been heard since it was sorted is sorted anew, when its time has come: once a
   silence, and not once a message. */
worker_t *pool_expired (pool_t *pool, int64_t now_ms)
{
    worker_t *worker;
    while ((worker = first (pool, POOL_SILENT)) && worker->silent_ms <= now_ms) {
        if (liveness_expired (&worker->liveness, now_ms))
            return worker;
        worker->silent_ms = liveness_deadline (&worker->liveness);
        sort_in (worker, POOL_SILENT, true);
    }
    return NULL;
}

int64_t pool_deadline (const pool_t *pool)
{
    const worker_t *worker = first (pool, POOL_SILENT);
    return worker ? worker->silent_ms : INT64_MAX;
}

static uint32_t within (uint32_t value, uint32_t min, uint32_t max)
{
    return value < min ? min : value > max ? max : value;
}

static void forget_late (worker_t *worker)
{
    request_t *request, *following;
    DL_FOREACH_SAFE (worker->late, request, following)
    {
        request_destroy (&request);
    }
}

/* Where it belongs now that what it holds has changed. */
static void sort (worker_t *worker)
{
    const bool takes = pool_takes (worker);
    sort_in (worker, POOL_READY, takes);
    sort_in (worker, POOL_TRIAL, !takes && worker->overdue > 0);
}

static void sort_in (worker_t *worker, int which, bool belongs)
{
    heap_t *heap = &worker->pool->heaps[which];
    if (worker->place[which] > 0 && !belongs)
        take_out (heap, worker, which);
    else if (worker->place[which] > 0)
        settle_at (heap, worker->place[which], worker, which);
    else if (belongs)
        insert (heap, worker, which);
}

static worker_t *first (const pool_t *pool, int which)
{
    const heap_t *heap = &pool->heaps[which];
    return heap->count > 0 ? heap->workers[1] : NULL;
}

static void insert (heap_t *heap, worker_t *worker, int which)
{
    if (heap->count + 1 >= heap->capacity) {
        heap->capacity = heap->capacity * 2 + 16;
        heap->workers = realloc (heap->workers, heap->capacity * sizeof *heap->workers);
        assert (heap->workers);
    }
    settle_at (heap, ++heap->count, worker, which);
}

static void take_out (heap_t *heap, worker_t *worker, int which)
{
    const size_t place = worker->place[which];
    worker_t *last = heap->workers[heap->count--];
    worker->place[which] = 0;
    if (last != worker)
        settle_at (heap, place, last, which);
}

/* There is a gap at `place`: move others into it until the worker fits. */
static void settle_at (heap_t *heap, size_t place, worker_t *worker, int which)
{
    worker_t **at = heap->workers;
    for (; place > 1 && before (worker, at[place / 2], which); place /= 2) {
        at[place] = at[place / 2];
        at[place]->place[which] = place;
    }
    for (size_t next; (next = 2 * place) <= heap->count; place = next) {
        next += next < heap->count && before (at[next + 1], at[next], which);
        if (!before (at[next], worker, which))
            break;
        at[place] = at[next];
        at[place]->place[which] = place;
    }
    at[place] = worker;
    worker->place[which] = place;
}

static bool before (const worker_t *a, const worker_t *b, int which)
{
    switch (which) {
    case POOL_READY:
        return a->holding != b->holding ? a->holding < b->holding
                                        : a->served < b->served;
    case POOL_TRIAL:
        return a->trial_ms != b->trial_ms ? a->trial_ms < b->trial_ms
                                          : a->served < b->served;
    default:
        return a->silent_ms < b->silent_ms;
    }
}

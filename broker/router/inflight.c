/* inflight.c - the broker's memory of what is with the workers. */

#include "inflight.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "clients.h"
#include "pool.h"

struct inflight {
    uint32_t ticket;     // the latest
    request_t *requests; // by deadline: all are given the same time
    size_t count;        // of these, and of those overdue
    uint64_t bytes;
    request_t *by_ticket[INFLIGHT_MAX]; // at the ticket, modulo
};

static void take_out (inflight_t *inflight, request_t *request);

inflight_t *inflight_new (void)
{
    inflight_t *inflight = calloc (1, sizeof *inflight);
    assert (inflight);
    return inflight;
}

void inflight_destroy (inflight_t **inflight)
{
    if (*inflight) {
        request_t *request, *following;
        DL_FOREACH_SAFE ((*inflight)->requests, request, following)
        {
            request_destroy (&request);
        }
        free (*inflight);
    }
    *inflight = NULL;
}

size_t inflight_room (const inflight_t *inflight)
{
    return INFLIGHT_MAX - inflight->count;
}

uint64_t inflight_bytes (const inflight_t *inflight)
{
    return inflight->bytes;
}

void inflight_add (inflight_t *inflight, request_t *request, worker_t *worker,
                   int64_t deadline_ms)
{
    assert (inflight->count < INFLIGHT_MAX);
    do // one that is still taken belongs to a request that takes long
        inflight->ticket++;
    while (inflight->by_ticket[inflight->ticket % INFLIGHT_MAX]);
    inflight->by_ticket[inflight->ticket % INFLIGHT_MAX] = request;
    request->ticket = inflight->ticket;
    request->worker = worker;
    request->deadline_ms = deadline_ms;
    DL_APPEND (inflight->requests, request);
    DL_APPEND2 (worker->held, request, held_prev, held_next);
    inflight->count++;
    inflight->bytes += request->bytes;
}

request_t *inflight_find (inflight_t *inflight, uint32_t ticket)
{
    request_t *request = inflight->by_ticket[ticket % INFLIGHT_MAX];
    return request && request->ticket == ticket ? request : NULL;
}

void inflight_remove (inflight_t *inflight, request_t *request)
{
    inflight->by_ticket[request->ticket % INFLIGHT_MAX] = NULL;
    if (request->overdue)
        DL_DELETE (request->worker->late, request);
    else
        take_out (inflight, request);
    inflight->count--;
    request->overdue = false;
    request->worker = NULL;
}

void inflight_overdue (inflight_t *inflight, request_t *request)
{
    take_out (inflight, request); // and its message is not kept
    request->overdue = true;
    DL_APPEND (request->worker->late, request);
}

request_t *inflight_first (const inflight_t *inflight)
{
    return inflight->requests;
}

request_t *inflight_held_by (const worker_t *worker)
{
    return worker->held ? worker->held->held_prev : NULL; // before the first: the last
}

static void take_out (inflight_t *inflight, request_t *request)
{
    DL_DELETE (inflight->requests, request);
    DL_DELETE2 (request->worker->held, request, held_prev, held_next);
    inflight->bytes -= request->bytes;
}

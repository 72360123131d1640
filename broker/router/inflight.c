/* inflight.c - the broker's memory of what is with the workers. */

#include "inflight.h"

#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

#include "clients.h"

struct inflight {
    uint32_t boot;
    uint32_t sequence;
    job_t *jobs; // by deadline: all are given the same time
    size_t count;
    uint64_t bytes;
    job_t *by_sequence[INFLIGHT_MAX]; // at the sequence number, modulo
};

inflight_t *inflight_new (uint32_t boot)
{
    inflight_t *inflight = calloc (1, sizeof *inflight);
    assert (inflight);
    inflight->boot = boot;
    return inflight;
}

void inflight_destroy (inflight_t **inflight)
{
    if (*inflight) {
        job_t *job, *following;
        DL_FOREACH_SAFE ((*inflight)->jobs, job, following)
        {
            job_destroy (&job);
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

void inflight_add (inflight_t *inflight, job_t *job, worker_t *worker,
                   int64_t deadline_ms)
{
    assert (inflight->count < INFLIGHT_MAX);
    do // one that is still taken belongs to a request that takes long
        inflight->sequence++;
    while (inflight->by_sequence[inflight->sequence % INFLIGHT_MAX]);
    inflight->by_sequence[inflight->sequence % INFLIGHT_MAX] = job;
    job->ticket = (uint64_t) inflight->boot << 32 | inflight->sequence;
    job->worker = worker;
    job->deadline_ms = deadline_ms;
    DL_APPEND (inflight->jobs, job);
    inflight->count++;
    inflight->bytes += job->bytes;
}

job_t *inflight_find (inflight_t *inflight, uint64_t ticket)
{
    job_t *job = inflight->by_sequence[ticket % INFLIGHT_MAX];
    return job && job->ticket == ticket ? job : NULL;
}

bool inflight_ours (const inflight_t *inflight, uint64_t ticket)
{
    return ticket >> 32 == inflight->boot;
}

void inflight_remove (inflight_t *inflight, job_t *job)
{
    inflight->by_sequence[job->ticket % INFLIGHT_MAX] = NULL;
    DL_DELETE (inflight->jobs, job);
    inflight->count--;
    inflight->bytes -= job->bytes;
    job->worker = NULL;
}

job_t *inflight_first (const inflight_t *inflight)
{
    return inflight->jobs;
}

job_t *inflight_held_by (const inflight_t *inflight, const worker_t *worker)
{
    if (!inflight->jobs)
        return NULL;
    job_t *job = inflight->jobs->prev; // utlist: before the first stands the last
    while (job != inflight->jobs && job->worker != worker)
        job = job->prev;
    return job->worker == worker ? job : NULL;
}

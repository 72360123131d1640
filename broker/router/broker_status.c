/* broker_status.c - the broker's metrics: counters, agencies, workers. */

#include "broker_status.h"

#include <stdio.h>

/* A position is a section and a place in it. Each writes what is at the place or the
   first thing behind, and moves the place behind that; false: there is none. */
typedef bool (*section_t) (const broker_status_t *status, uint32_t *place,
                           metrics_page_t *page);

static bool put_counters (const broker_status_t *status, uint32_t *place,
                          metrics_page_t *page);
static bool put_codes (const broker_status_t *status, uint32_t *place,
                       metrics_page_t *page);
static bool put_parts (const broker_status_t *status, uint32_t *place,
                       metrics_page_t *page);
static bool put_agency (const broker_status_t *status, uint32_t *place,
                        metrics_page_t *page);
static bool put_worker (const broker_status_t *status, uint32_t *place,
                        metrics_page_t *page);
static bool put_absent (const broker_status_t *status, uint32_t *place,
                        metrics_page_t *page);
static void put_words (const broker_status_t *status, const worker_t *worker, bool up,
                       metrics_page_t *page);
static void put_beat (const worker_t *worker, const char *name, metrics_page_t *page);
static uint64_t wall_ms (const broker_status_t *status, int64_t at_ms);

static const section_t sections[] = {put_counters, put_codes,  put_parts,
                                     put_agency,   put_worker, put_absent};
#define SECTIONS (sizeof sections / sizeof *sections)

bool broker_status_metrics (void *context, uint64_t draw, uint64_t *position,
                            metrics_page_t *page)
{
    (void) draw; // a broker knows none
    for (uint64_t section = *position >> 32; section < SECTIONS; section++) {
        uint32_t place = section == *position >> 32 ? (uint32_t) *position : 0;
        if (sections[section](context, &place, page)) {
            *position = section << 32 | place;
            return true;
        }
    }
    return false;
}

size_t broker_status_refusal (void *context, bytes_t kept,
                              char line[LOGGER_SHOWN_BYTES])
{
    const broker_status_t *status = context;
    const dispatcher_view_t view = dispatcher_view (status->dispatcher);
    return turned_down_show (view.refusals, kept, status->behind_ms, line);
}

static bool put_counters (const broker_status_t *status, uint32_t *place,
                          metrics_page_t *page)
{
    const dispatcher_counts_t *counts = dispatcher_counts (status->dispatcher);
    const dispatcher_view_t view = dispatcher_view (status->dispatcher);
    if ((*place)++ > 0)
        return false;
    metrics_put (page, METRIC_REQUESTS, counts->requests);
    metrics_put (page, METRIC_ANSWERS, counts->answers);
    metrics_put (page, METRIC_REDISPATCHED, counts->redispatched);
    metrics_put (page, METRIC_GIVEN_UP, counts->given_up);
    metrics_put (page, METRIC_SHED, counts->shed);
    metrics_put (page, METRIC_LATE, counts->late);
    metrics_put (page, METRIC_STRAYS, counts->strays);
    metrics_put (page, METRIC_UNDELIVERED, status->undelivered);
    metrics_put (page, METRIC_STRANGERS, status->strangers);
    metrics_put (page, METRIC_QUEUE_REQUESTS, clients_waiting (view.clients));
    metrics_put (page, METRIC_QUEUE_ASIDE, clients_aside (view.clients));
    metrics_put (page, METRIC_QUEUE_BYTES, dispatcher_bytes (status->dispatcher));
    metrics_put (page, METRIC_CONNECTIONS, status->connections);
    return true;
}

/* All that there are: a series that is there from the start shows its first refusal. */
static bool put_codes (const broker_status_t *status, uint32_t *place,
                       metrics_page_t *page)
{
    const dispatcher_view_t view = dispatcher_view (status->dispatcher);
    if ((*place)++ > 0)
        return false;
    for (uint16_t code = REFUSED_OK + 1; code <= REFUSED_DRAWS; code++)
        if (wire_code_name (code)[0] != '?')
            metrics_put (page, METRIC_REFUSED,
                         turned_down_count (view.refusals, (wire_code_t) code),
                         wire_code_name (code));
    return true;
}

static bool put_parts (const broker_status_t *status, uint32_t *place,
                       metrics_page_t *page)
{
    const dispatcher_view_t view = dispatcher_view (status->dispatcher);
    if ((*place)++ > 0)
        return false;
    metrics_put (page, METRIC_PART_UP, !parts_lacks (view.parts, ROLE_STORAGE),
                 wire_role_name (ROLE_STORAGE));
    metrics_put (page, METRIC_PART_UP, !parts_lacks (view.parts, ROLE_STATE),
                 wire_role_name (ROLE_STATE));
    metrics_put (page, METRIC_PART_UP, pool_size (view.pool) > 0,
                 wire_role_name (ROLE_WORKER));
    return true;
}

/* The place is the agency's number. */
static bool put_agency (const broker_status_t *status, uint32_t *place,
                        metrics_page_t *page)
{
    const dispatcher_view_t view = dispatcher_view (status->dispatcher);
    const attendee_t *attendee =
        attendance_from (clients_attendance (view.clients), place);
    if (!attendee)
        return false;
    const uint32_t agency = (*place)++;
    const char *number = METRIC_NUMBER (agency);
    metrics_put (page, METRIC_AGENCY_CONNECTED, 1, number, attendee->address,
                 attendee->key);
    metrics_put_time (page, METRIC_AGENCY_LAST_WORD,
                      wall_ms (status, attendee->heard_ms), number);
    metrics_put (page, METRIC_AGENCY_QUEUE,
                 clients_queued (view.clients, agency, attendee->client), number);
    return true;
}

/* The place is how many workers had joined before this one did. */
static bool put_worker (const broker_status_t *status, uint32_t *place,
                        metrics_page_t *page)
{
    const dispatcher_view_t view = dispatcher_view (status->dispatcher);
    const worker_t *worker = pool_first (view.pool);
    while (worker && (worker->number < *place || worker->eclipsed))
        worker = pool_after (worker);
    if (!worker)
        return false;
    *place = worker->number + 1;
    put_words (status, worker, true, page);
    return true;
}

/* Those that fell silent; the place is as that of a worker. */
static bool put_absent (const broker_status_t *status, uint32_t *place,
                        metrics_page_t *page)
{
    const dispatcher_view_t view = dispatcher_view (status->dispatcher);
    const worker_t *worker = absent_from (view.absent, *place);
    if (!worker)
        return false;
    *place = worker->number + 1;
    put_words (status, worker, false, page);
    return true;
}

static void put_words (const broker_status_t *status, const worker_t *worker, bool up,
                       metrics_page_t *page)
{
    const char *name = worker->name;
    metrics_put (page, METRIC_WORKER_UP, up, name);
    metrics_put (page, METRIC_WORKER_IN_FLIGHT, worker->holding, name);
    metrics_put (page, METRIC_WORKER_CREDIT, worker->credit, name);
    metrics_put (page, METRIC_WORKER_ANSWERED, worker->answered, name);
    metrics_put_time (page, METRIC_WORKER_LAST_WORD,
                      wall_ms (status, worker->liveness.heard_ms), name);
    put_beat (worker, name, page);
}

static void put_beat (const worker_t *worker, const char *name, metrics_page_t *page)
{
    const wire_beat_t *beat = &worker->beat;
    metrics_put (page, METRIC_WORKER_BATCHES, beat->batches, name);
    metrics_put (page, METRIC_WORKER_BETS, beat->bets, name);
    metrics_put (page, METRIC_WORKER_REFUSED, beat->refused, name);
    metrics_put_span (page, METRIC_WORKER_CPU, beat->cpu_ms, name);
    metrics_put (page, METRIC_WORKER_MEMORY, beat->memory_bytes, name);
}

static uint64_t wall_ms (const broker_status_t *status, int64_t at_ms)
{
    const int64_t when_ms = at_ms + status->behind_ms;
    return when_ms > 0 ? (uint64_t) when_ms : 0;
}

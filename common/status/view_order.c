/* view_order.c - a view in order, and compared with the one before: loteria-ctl,
   loteria-web. */

#include "view_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RATE_MS_MIN 50 // less tells no rate

static void order_draws (view_t *view);
static int compare_draws (const void *a, const void *b);
static int rank_of (const view_draw_t *draw);
static uint64_t since (const view_draw_t *draw);
static int compare_agencies (const void *a, const void *b);
static void order_connections (view_t *view);
static int compare_connections (const void *a, const void *b);
static void order_processes (view_t *view);
static int compare_processes (const void *a, const void *b);
static void add_unheard_workers (view_t *view);
static bool is_heard (const view_t *view, size_t workers, uint32_t pid);
static int compare_workers (const void *a, const void *b);
static int compare_codes (const void *a, const void *b);
static bool goes_on (const view_t *view, const view_t *before, status_part_t part);
static void compare_part (view_part_t *part, const view_part_t *before, double s);
static void compare_draw (view_draw_t *draw, const view_t *before, double s);
static void compare_worker (view_worker_t *worker, const view_t *before, double s);
static double rate (uint64_t now, uint64_t before, double s);
static double percent (double now, double before, double s);
static double quantile (const view_storage_t *now, const view_storage_t *before,
                        double q);
static uint64_t counted (const view_storage_t *now, const view_storage_t *before,
                         size_t bucket);

void view_order (view_t *view)
{
    order_draws (view);
    order_connections (view);
    order_processes (view);
    if (view->part[STATUS_BROKER].answer == VIEW_UP)
        add_unheard_workers (view);
    if (view->workers > 0)
        qsort (view->worker, view->workers, sizeof *view->worker, compare_workers);
    qsort (view->broker.code, view->broker.codes, sizeof *view->broker.code,
           compare_codes);
}

void view_compare (view_t *view, const view_t *before)
{
    const double s = before ? (double) (view->clock_ms - before->clock_ms) / 1000 : 0;
    const bool same_storage = goes_on (view, before, STATUS_STORAGE);
    const bool same_broker = goes_on (view, before, STATUS_BROKER);
    view_storage_t *storage = &view->storage;
    const view_storage_t *former = same_storage ? &before->storage : NULL;
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (goes_on (view, before, part))
            compare_part (&view->part[part], &before->part[part], s);
    if (former) {
        storage->bytes_per_s = rate (storage->bytes, former->bytes, s);
        for (size_t i = 0; i < view->draws; i++) {
            compare_draw (&view->draw[i], before, s);
            if (view->draw[i].bets_per_s >= 0)
                view->bets_per_s = (view->bets_per_s > 0 ? view->bets_per_s : 0) +
                                   view->draw[i].bets_per_s;
        }
        if (view->draws == 0)
            view->bets_per_s = 0;
    }
    if (same_broker) {
        view->broker.requests_per_s =
            rate (view->broker.requests, before->broker.requests, s);
        for (size_t i = 0; i < view->workers; i++)
            compare_worker (&view->worker[i], before, s);
    }
    storage->sync_p50_s = quantile (storage, former, 0.5);
    storage->sync_p99_s = quantile (storage, former, 0.99);
}

static void order_draws (view_t *view)
{
    for (size_t i = 0; i < view->draws; i++) {
        free (view->index->draw[i].slot); // places change
        view->index->draw[i] = (view_numbers_t){0};
        if (view->draw[i].count > 0)
            qsort (view->draw[i].list, view->draw[i].count, sizeof *view->draw[i].list,
                   compare_agencies);
    }
    if (view->draws > 0)
        qsort (view->draw, view->draws, sizeof *view->draw, compare_draws);
}

static int compare_draws (const void *a, const void *b)
{
    const view_draw_t *one = a, *other = b;
    const int by_rank = rank_of (one) - rank_of (other);
    if (by_rank != 0)
        return by_rank;
    if (since (one) != since (other)) {
        const bool planned = one->has_phase && one->phase == PHASE_PLANNED;
        return (since (one) > since (other)) == planned ? 1 : -1;
    }
    return strcmp (one->name, other->name);
}

static int rank_of (const view_draw_t *draw)
{
    static const int ranks[] = {
        [PHASE_OPEN] = 0,  [PHASE_SEALED] = 2, [PHASE_CLOSED] = 2,
        [PHASE_DRAWN] = 3, [PHASE_VOID] = 4,   [PHASE_PLANNED] = 5};
    const size_t phase = draw->phase;
    return !draw->has_phase                       ? 1
           : phase < sizeof ranks / sizeof *ranks ? ranks[phase]
                                                  : 6;
}

/* When it came to its phase; a draw that is void or drawn may be so since it closed. */
static uint64_t since (const view_draw_t *draw)
{
    const bool over = draw->has_phase && draw->phase >= PHASE_CLOSED;
    return over && draw->phase != PHASE_CLOSED && draw->drawn_ms ? draw->drawn_ms
           : over && draw->closed_ms                             ? draw->closed_ms
                                                                 : draw->opened_ms;
}

static int compare_agencies (const void *a, const void *b)
{
    const view_agency_t *one = a, *other = b;
    return (one->agency > other->agency) - (one->agency < other->agency);
}

/* Each once, with what is known of its agency. */
static void order_connections (view_t *view)
{
    struct view_index *index = view->index;
    size_t kept = 0;
    if (view->connections > 0)
        qsort (view->connection, view->connections, sizeof *view->connection,
               compare_connections);
    for (size_t i = 0; i < view->connections; i++) {
        view_connection_t *connection = &view->connection[i];
        if (kept > 0 &&
            compare_connections (connection, &view->connection[kept - 1]) == 0)
            continue;
        const size_t place =
            view_numbers_find (&index->fact, index->facts, index->facts_count,
                               sizeof *index->facts, connection->agency);
        if (place != SIZE_MAX) {
            connection->last_word_ms = index->facts[place].last_word_ms;
            connection->queue = index->facts[place].queue;
        }
        view->connection[kept++] = *connection;
    }
    view->connections = kept;
}

static int compare_connections (const void *a, const void *b)
{
    const view_connection_t *one = a, *other = b;
    if (one->agency != other->agency)
        return one->agency > other->agency ? 1 : -1;
    const int by_address = strcmp (one->address, other->address);
    return by_address != 0 ? by_address : strcmp (one->key, other->key);
}

/* The first of a name is the one without a pid, which has the restarts of all; it stays
   only where none of that name runs. */
static void order_processes (view_t *view)
{
    size_t kept = 0;
    uint64_t restarts = 0;
    if (view->processes > 0)
        qsort (view->process, view->processes, sizeof *view->process,
               compare_processes);
    for (size_t i = 0; i < view->processes; i++) {
        view_process_t *process = &view->process[i];
        const bool runs =
            i + 1 < view->processes && strcmp (process->name, process[1].name) == 0;
        if (i == 0 || strcmp (process->name, process[-1].name) != 0)
            restarts = process->restarts;
        process->restarts = restarts;
        if (process->pid != 0 || !runs)
            view->process[kept++] = *process;
    }
    view->processes = kept;
}

static int compare_processes (const void *a, const void *b)
{
    const view_process_t *one = a, *other = b;
    const int by_name = strcmp (one->name, other->name);
    return by_name != 0 ? by_name : (one->pid > other->pid) - (one->pid < other->pid);
}

/* The broker forgets a worker that hangs, after minutes, and loteria-central knows that
   it runs. */
static void add_unheard_workers (view_t *view)
{
    const size_t heard = view->workers;
    for (size_t i = 0; i < view->processes && view->workers < WORKERS_MAX; i++) {
        const view_process_t *process = &view->process[i];
        if (!process->up || process->pid == 0 ||
            strcmp (process->name, "worker") != 0 ||
            is_heard (view, heard, process->pid))
            continue;
        view->worker =
            realloc (view->worker, (view->workers + 1) * sizeof *view->worker);
        assert (view->worker);
        view_worker_t *worker = &view->worker[view->workers++];
        *worker = (view_worker_t){.unheard = true,
                                  .bets_per_s = VIEW_RATE_UNKNOWN,
                                  .cpu_percent = VIEW_RATE_UNKNOWN};
        snprintf (worker->name, sizeof worker->name, "?/%" PRIu32, process->pid);
    }
}

static bool is_heard (const view_t *view, size_t workers, uint32_t pid)
{
    char end[16];
    const size_t size = (size_t) snprintf (end, sizeof end, "/%" PRIu32, pid);
    for (size_t i = 0; i < workers; i++) {
        const char *name = view->worker[i].name;
        if (strlen (name) >= size && strcmp (name + strlen (name) - size, end) == 0)
            return true;
    }
    return false;
}

static int compare_workers (const void *a, const void *b)
{
    return strcmp (((const view_worker_t *) a)->name,
                   ((const view_worker_t *) b)->name);
}

/* The most frequent first. */
static int compare_codes (const void *a, const void *b)
{
    const view_code_t *one = a, *other = b;
    return one->count != other->count ? (one->count < other->count ? 1 : -1)
                                      : strcmp (one->name, other->name);
}

/* Whether both rounds are of the same life of that process, and far enough apart. */
static bool goes_on (const view_t *view, const view_t *before, status_part_t part)
{
    return before && view->clock_ms - before->clock_ms >= RATE_MS_MIN &&
           view->part[part].answer == VIEW_UP && before->part[part].answer == VIEW_UP &&
           view->part[part].started_ms == before->part[part].started_ms;
}

static void compare_part (view_part_t *part, const view_part_t *before, double s)
{
    part->cpu_percent = percent (part->cpu_s, before->cpu_s, s);
}

/* Both are in order. */
static void compare_draw (view_draw_t *draw, const view_t *before, double s)
{
    const view_draw_t *former = view_draw (before, draw->name);
    if (!former)
        return;
    draw->bets_per_s = rate (draw->bets, former->bets, s);
    draw->batches_per_s = rate (draw->batches, former->batches, s);
    for (size_t i = 0, j = 0; i < draw->count; i++) {
        while (j < former->count && former->list[j].agency < draw->list[i].agency)
            j++;
        if (j < former->count && former->list[j].agency == draw->list[i].agency)
            draw->list[i].bets_per_s =
                rate (draw->list[i].bets, former->list[j].bets, s);
    }
}

static void compare_worker (view_worker_t *worker, const view_t *before, double s)
{
    const view_worker_t *former =
        before->workers > 0 ? bsearch (worker, before->worker, before->workers,
                                       sizeof *worker, compare_workers)
                            : NULL;
    if (!former || worker->unheard)
        return;
    worker->bets_per_s = rate (worker->bets, former->bets, s);
    worker->cpu_percent = percent (worker->cpu_s, former->cpu_s, s);
}

static double rate (uint64_t now, uint64_t before, double s)
{
    return now >= before ? (double) (now - before) / s : VIEW_RATE_UNKNOWN;
}

static double percent (double now, double before, double s)
{
    return now >= before ? (now - before) / s * 100 : VIEW_RATE_UNKNOWN;
}

/* As far into the bucket as the one that is looked for is among those in it. */
static double quantile (const view_storage_t *now, const view_storage_t *before,
                        double q)
{
    if (before && (before->buckets != now->buckets || now->buckets == 0 ||
                   counted (now, before, now->buckets - 1) == 0))
        before = NULL;
    const uint64_t all = now->buckets ? counted (now, before, now->buckets - 1) : 0;
    if (all == 0)
        return VIEW_RATE_UNKNOWN;
    const double wanted = q * (double) all;
    size_t i = 0;
    while (i + 1 < now->buckets && (double) counted (now, before, i) < wanted)
        i++;
    const double low = i > 0 ? now->bucket[i - 1].le : 0;
    const double below = i > 0 ? (double) counted (now, before, i - 1) : 0;
    const double here = (double) counted (now, before, i) - below;
    if (now->bucket[i].le > 1e9 || here <= 0) // +Inf
        return low;
    return low + (now->bucket[i].le - low) * (wanted - below) / here;
}

static uint64_t counted (const view_storage_t *now, const view_storage_t *before,
                         size_t bucket)
{
    const uint64_t former = before ? before->bucket[bucket].count : 0;
    return now->bucket[bucket].count > former ? now->bucket[bucket].count - former : 0;
}

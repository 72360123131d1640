/* overview.c - a view of a central for a person: loteria-ctl. */

#include "overview.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "readable.h"
#include "table.h"

#define DISK_LOW      10 // percent
#define WHEN_BYTES    128
#define MISSING_SHOWN 20 // agencies by number

static const view_draw_t *fastest_draw (const view_t *view);
static void put_parts (paper_t *paper, const view_t *view);
static const view_process_t *process_of (const view_t *view, const char *name);
static void put_processes (table_t *table, const view_t *view);
static void put_pid (table_t *table, const view_process_t *process);
static void put_restarts (table_t *table, const view_process_t *process);
static void put_draws (paper_t *paper, const view_t *view, size_t max, bool narrow);
static void put_draw (table_t *table, const view_t *view, const view_draw_t *draw,
                      bool narrow);
static void write_when (const view_t *view, const view_draw_t *draw, bool narrow,
                        char *text, size_t size);
static void put_pending (paper_t *paper, const view_draw_t *draw);
static void put_totals (paper_t *paper, const view_t *view);
static void put_log (paper_t *paper, const view_t *view);
static void put_engine (paper_t *paper, const view_engine_t *engine);
static void put_nodes (paper_t *paper, const view_engine_t *engine);
static void put_disk (paper_t *paper, const view_storage_t *storage);
static void put_workers_count (paper_t *paper, const view_t *view);
static void put_refused (paper_t *paper, const view_broker_t *broker);
static void put_agency (table_t *table, const view_t *view, const view_draw_t *draw,
                        const view_agency_t *agency);
static void put_counts (paper_t *paper, const view_t *view, const view_draw_t *draw);
static void put_line_of_parts (paper_t *paper, const view_t *view);
static void put_fastest (paper_t *paper, const view_t *view, const view_draw_t *draw,
                         size_t rows);
static int compare_rates (const void *a, const void *b);

#define IF(known, text) ((known) ? (text) : "-")
#define COUNT(value)    figure_count (value, (char[FIGURE_BYTES]){0})
#define RATE(value)     figure_rate (value, (char[FIGURE_BYTES]){0})
#define SIZE(value)     figure_size (value, (char[FIGURE_BYTES]){0})
#define SECONDS(value)  figure_seconds (value, (char[FIGURE_BYTES]){0})
#define PERCENT(value)  figure_percent (value, (char[FIGURE_BYTES]){0})
#define TIME(value)     figure_time (value, view->time_ms, (char[FIGURE_BYTES]){0})
#define AGO(value)      figure_ago (value, view->time_ms, (char[FIGURE_BYTES]){0})

void overview_status (paper_t *paper, const view_t *view)
{
    put_parts (paper, view);
    paper_put (paper, STYLE_PLAIN, "\n");
    put_draws (paper, view, SIZE_MAX, false);
    for (size_t i = 0; i < view->draws; i++)
        put_pending (paper, &view->draw[i]);
    paper_put (paper, STYLE_PLAIN, "\n");
    put_totals (paper, view);
    put_log (paper, view);
    put_engine (paper, &view->engine);
    put_refused (paper, &view->broker);
}

void overview_agencies (paper_t *paper, const view_t *view, const view_draw_t *draw,
                        bool missing)
{
    table_t *table = table_new (">AGENCY STATE >BETS >CANCELLED >RATE/S LAST_BATCH "
                                "READY SERVED >QUEUE ADDRESS KEY >SILENT_FOR");
    for (size_t i = 0; i < draw->count; i++)
        if (!missing || view_missing (draw, &draw->list[i]))
            put_agency (table, view, draw, &draw->list[i]);
    if (table_rows (table) > 0)
        table_show (table, paper);
    put_counts (paper, view, draw);
    table_destroy (&table);
}

void overview_workers (paper_t *paper, const view_t *view)
{
    table_t *table = table_new ("WORKER STATE >IN_FLIGHT >CREDIT >ANSWERED >BETS "
                                ">RATE/S >REFUSED >CPU >MEMORY >SILENT_FOR");
    for (size_t i = 0; i < view->workers; i++) {
        const view_worker_t *worker = &view->worker[i];
        const bool heard = !worker->unheard;
        table_put (table, STYLE_PLAIN, "%s", worker->name);
        table_put (table, worker->up ? STYLE_GOOD : STYLE_BAD, "%s",
                   worker->up ? "up" : "away");
        table_put (table, STYLE_PLAIN, "%s", IF (heard, COUNT (worker->in_flight)));
        table_put (table, STYLE_PLAIN, "%s", IF (heard, COUNT (worker->credit)));
        table_put (table, STYLE_PLAIN, "%s", IF (heard, COUNT (worker->answered)));
        table_put (table, STYLE_PLAIN, "%s", IF (heard, COUNT (worker->bets)));
        table_put (table, STYLE_PLAIN, "%s", RATE (worker->bets_per_s));
        table_put (table, STYLE_PLAIN, "%s", IF (heard, COUNT (worker->refused)));
        table_put (table, STYLE_PLAIN, "%s", PERCENT (worker->cpu_percent));
        table_put (table, STYLE_PLAIN, "%s", IF (heard, SIZE (worker->memory_bytes)));
        table_put (table, STYLE_PLAIN, "%s", AGO (worker->last_word_ms));
    }
    if (table_rows (table) > 0)
        table_show (table, paper);
    table_destroy (&table);
    put_workers_count (paper, view);
    paper_put (paper, STYLE_PLAIN, "\n");
}

void overview_picture (paper_t *paper, const view_t *view, const char *place,
                       size_t rows)
{
    const view_draw_t *draw = fastest_draw (view);
    const bool broker = view_told (view, STATUS_BROKER);
    paper_put (paper, STYLE_BOLD, "%s", place);
    paper_put (paper, STYLE_PLAIN, "  %s  ", TIME (view->time_ms));
    paper_put (paper, STYLE_BOLD, "%s bets/s", RATE (view->bets_per_s));
    paper_put (paper, STYLE_PLAIN, "  connections %s  queue %s\n",
               IF (broker, COUNT (view->broker.connections)),
               IF (broker, COUNT (view->broker.queue_requests)));
    put_line_of_parts (paper, view);
    put_workers_count (paper, view);
    paper_put (paper, STYLE_PLAIN, "  sync p99 %s  ",
               SECONDS (view->storage.sync_p99_s));
    put_disk (paper, &view->storage);
    paper_put (paper, STYLE_PLAIN, "\n");
    put_refused (paper, &view->broker);
    paper_put (paper, STYLE_PLAIN, "\n");
    put_draws (paper, view, rows / 6, true);
    const size_t lines = paper_lines (paper);
    if (draw && rows > lines + 5)
        put_fastest (paper, view, draw, rows - lines);
}

/* Of those on sale, if any sells; else the one that is meant. */
static const view_draw_t *fastest_draw (const view_t *view)
{
    const view_draw_t *draw = view_draw (view, NULL);
    double most = draw && draw->bets_per_s > 0 ? draw->bets_per_s : 0;
    for (size_t i = 0; i < view->draws; i++)
        if (view->draw[i].bets_per_s > most) {
            draw = &view->draw[i];
            most = draw->bets_per_s;
        }
    return draw;
}

static void put_parts (paper_t *paper, const view_t *view)
{
    table_t *table =
        table_new ("PART STATE >PID VERSION >RUNS_FOR >RESTARTS >CPU >MEMORY >FILES");
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        const view_part_t *at = &view->part[part];
        const view_process_t *process = process_of (view, status_part_name (part));
        if (at->answer == VIEW_ABSENT)
            continue;
        const bool up = at->answer == VIEW_UP, fails = view_fails (view, part);
        table_put (table, STYLE_PLAIN, "%s", status_part_name (part));
        table_put (table,
                   up      ? STYLE_GOOD
                   : fails ? STYLE_BAD
                           : STYLE_PLAIN,
                   "%s",
                   up      ? "up"
                   : fails ? "silent"
                           : "standby");
        put_pid (table, process);
        table_put (table, STYLE_PLAIN, "%s", *at->version ? at->version : "-");
        table_put (table, STYLE_PLAIN, "%s", AGO (at->started_ms));
        put_restarts (table, process);
        table_put (table, STYLE_PLAIN, "%s", PERCENT (at->cpu_percent));
        table_put (table, STYLE_PLAIN, "%s", up ? SIZE (at->memory_bytes) : "-");
        if (up)
            table_put (table, STYLE_PLAIN, "%" PRIu64 "/%" PRIu64, at->fds,
                       at->fds_max);
        else
            table_put (table, STYLE_PLAIN, "-");
    }
    put_processes (table, view);
    table_show (table, paper);
    table_destroy (&table);
}

static const view_process_t *process_of (const view_t *view, const char *name)
{
    for (size_t i = 0; i < view->processes; i++)
        if (strcmp (view->process[i].name, name) == 0)
            return &view->process[i];
    return NULL;
}

/* What loteria-central runs beside those that can be asked: loteria-web. */
static void put_processes (table_t *table, const view_t *view)
{
    for (size_t i = 0; i < view->processes; i++) {
        const view_process_t *process = &view->process[i];
        bool shown = strcmp (process->name, "worker") == 0; // they have their own line
        for (status_part_t part = 0; part < STATUS_PARTS; part++)
            shown = shown || strcmp (process->name, status_part_name (part)) == 0;
        if (shown)
            continue;
        table_put (table, STYLE_PLAIN, "%s", process->name);
        table_put (table, process->up ? STYLE_GOOD : STYLE_BAD, "%s",
                   process->up ? "up" : "down");
        put_pid (table, process);
        table_put (table, STYLE_PLAIN, "-");
        table_put (table, STYLE_PLAIN, "-");
        put_restarts (table, process);
        for (size_t rest = 0; rest < 3; rest++)
            table_put (table, STYLE_PLAIN, "-");
    }
}

static void put_pid (table_t *table, const view_process_t *process)
{
    if (process && process->pid)
        table_put (table, STYLE_PLAIN, "%u", process->pid);
    else
        table_put (table, STYLE_PLAIN, "-");
}

static void put_restarts (table_t *table, const view_process_t *process)
{
    table_put (table, process && process->restarts ? STYLE_WARN : STYLE_PLAIN, "%s",
               process ? COUNT (process->restarts) : "-");
}

static void put_draws (paper_t *paper, const view_t *view, size_t max, bool narrow)
{
    if (view->draws == 0) {
        paper_put (paper, STYLE_PLAIN, "no draws\n");
        return;
    }
    table_t *table =
        narrow ? table_new ("DRAW PHASE >BETS >RATE/S >ASKED >MISSING >NUMBER WHEN")
               : table_new ("DRAW PHASE >BETS >CANCELLED >RATE/S >ASKED >EXCUSED "
                            ">MISSING >SERVED >NUMBER WHEN");
    max = max < 1 ? 1 : max;
    for (size_t i = 0; i < view->draws && i < max; i++)
        put_draw (table, view, &view->draw[i], narrow);
    table_show (table, paper);
    table_destroy (&table);
    if (view->draws > max)
        paper_put (paper, STYLE_DIM, "and %zu more draws\n", view->draws - max);
}

static void put_draw (table_t *table, const view_t *view, const view_draw_t *draw,
                      bool narrow)
{
    char when[WHEN_BYTES];
    const bool open = draw->has_phase && draw->phase == PHASE_OPEN;
    const bool state = view_told (view, STATUS_STATE),
               sold = view_told (view, STATUS_STORAGE);
    const uint32_t missing = view_missing_count (draw);
    write_when (view, draw, narrow, when, sizeof when);
    table_put (table, STYLE_PLAIN, "%s", draw->name);
    const bool sealed = draw->has_phase && draw->phase == PHASE_SEALED;
    table_put (table,
               open     ? STYLE_GOOD
               : sealed ? STYLE_WARN
                        : STYLE_PLAIN,
               "%s", draw->has_phase ? wire_phase_name (draw->phase) : "?");
    table_put (table, STYLE_PLAIN, "%s", IF (sold, COUNT (draw->bets)));
    if (!narrow)
        table_put (table, STYLE_PLAIN, "%s", IF (sold, COUNT (draw->cancelled)));
    table_put (table, STYLE_PLAIN, "%s", RATE (draw->bets_per_s));
    if (state)
        table_put (table, STYLE_PLAIN, "%s/%s", COUNT (draw->ready),
                   COUNT (draw->agencies));
    else
        table_put (table, STYLE_PLAIN, "-");
    if (!narrow)
        table_put (table, STYLE_PLAIN, "%s", IF (state, COUNT (draw->excused)));
    table_put (table, state && missing && !open ? STYLE_WARN : STYLE_PLAIN, "%s",
               IF (state, COUNT (missing)));
    if (!narrow)
        table_put (table, STYLE_PLAIN, "%s", IF (state, COUNT (draw->served)));
    if (draw->has_number)
        table_put (table, STYLE_PLAIN, "%u", draw->number);
    else
        table_put (table, STYLE_PLAIN, "%s",
                   draw->source ? wire_source_name (draw->source) : "-");
    table_put (table, STYLE_PLAIN, "%s", when);
}

static void write_when (const view_t *view, const view_draw_t *draw, bool narrow,
                        char *text, size_t size)
{
    const char *demo = draw->demo ? ", demo" : "";
    if (!draw->has_phase)
        snprintf (text, size, "-");
    else if (draw->phase == PHASE_PLANNED)
        snprintf (text, size, "opens %s", TIME (draw->opened_ms));
    else if (draw->phase == PHASE_CLOSED)
        snprintf (text, size, "closed %s%s%s%s", TIME (draw->closed_ms),
                  draw->commits_ms ? ", commits until " : "",
                  draw->commits_ms ? TIME (draw->commits_ms) : "", demo);
    else if (draw->phase == PHASE_SEALED)
        snprintf (text, size, "sealed %s, %s/%s revealed%s", TIME (draw->sealed_ms),
                  COUNT (draw->revealed), COUNT (draw->ready), demo);
    else if (draw->phase != PHASE_OPEN)
        snprintf (text, size, "%s %s%s", wire_phase_name (draw->phase),
                  TIME (draw->drawn_ms), demo);
    else if (draw->closes_ms)
        snprintf (text, size, "closes %s%s", TIME (draw->closes_ms), demo);
    else
        snprintf (text, size, "%s%s",
                  draw->closes == VIEW_CLOSES_NEVER ? "closes by order"
                  : narrow                          ? "when all have asked"
                                                    : "closes when all have asked",
                  demo);
}

/* A provable draw that waits for agencies: for which, by number. */
static void put_pending (paper_t *paper, const view_draw_t *draw)
{
    const bool sealed = draw->phase == PHASE_SEALED;
    const bool enough = !sealed && draw->least > 0 && draw->least < draw->agencies;
    size_t missing = 0;
    if (!draw->has_phase || !view_provable (draw) ||
        (!sealed && draw->phase != PHASE_CLOSED))
        return;
    if (sealed && draw->audited && !draw->attested)
        paper_put (paper, STYLE_WARN,
                   "%s waits for its auditor to sign the seal (loteria-ctl draw "
                   "attest)\n",
                   draw->name);
    for (size_t i = 0; i < draw->count; i++)
        if (view_missing (draw, &draw->list[i]) && missing++ < MISSING_SHOWN)
            paper_put (paper, STYLE_WARN, "%s%s%u", missing == 1 ? draw->name : "",
                       missing == 1 ? " waits for " : ", ", draw->list[i].agency);
    if (missing > MISSING_SHOWN)
        paper_put (paper, STYLE_WARN, " and %zu more", missing - MISSING_SHOWN);
    if (missing > 0)
        paper_put (paper, STYLE_WARN, " to %s (%s of %s%s%s)\n",
                   sealed ? "reveal" : "commit",
                   COUNT (sealed ? draw->revealed : draw->ready),
                   COUNT (sealed ? draw->ready : draw->agencies),
                   enough ? ", enough are " : "", enough ? COUNT (draw->least) : "");
}

static void put_totals (paper_t *paper, const view_t *view)
{
    const view_broker_t *broker = &view->broker;
    if (view->part[STATUS_BROKER].answer != VIEW_UP)
        return;
    paper_put (paper, STYLE_PLAIN,
               "agencies   connections %s, requests %s/s, queue %s (%s)",
               COUNT (broker->connections), RATE (broker->requests_per_s),
               COUNT (broker->queue_requests), SIZE (broker->queue_bytes));
    if (broker->strangers > 0)
        paper_put (paper, STYLE_WARN, ", strangers %s", COUNT (broker->strangers));
    paper_put (paper, STYLE_PLAIN, "\nworkers    ");
    put_workers_count (paper, view);
    paper_put (paper, STYLE_PLAIN, "\n");
}

static void put_log (paper_t *paper, const view_t *view)
{
    const view_storage_t *storage = &view->storage;
    if (view->part[STATUS_STORAGE].answer != VIEW_UP)
        return;
    paper_put (paper, STYLE_PLAIN,
               "log        %s, %s since the checkpoint, sync p50 %s, p99 %s\n"
               "disk       ",
               SIZE (storage->log_size_bytes), SIZE (storage->checkpoint_lag_bytes),
               SECONDS (storage->sync_p50_s), SECONDS (storage->sync_p99_s));
    put_disk (paper, storage);
    paper_put (paper, STYLE_PLAIN, "\n");
    if (storage->conflicts > 0)
        paper_put (paper, STYLE_BAD, "conflicts  %s\n", COUNT (storage->conflicts));
}

/* What keeps the log, where that is not this machine's disk: who is the active, and
   whether what is acknowledged is on two machines. */
static void put_engine (paper_t *paper, const view_engine_t *engine)
{
    if (!engine->told && !engine->has_role)
        return;
    paper_put (paper, STYLE_PLAIN, "engine     %s at %s, ",
               *engine->name ? engine->name : "-", *engine->host ? engine->host : "-");
    if (engine->has_role && engine->active)
        paper_put (paper, STYLE_PLAIN, "the active is here");
    else
        paper_put (paper, STYLE_WARN, "%sthe active is at %s",
                   engine->has_role ? "standby, " : "",
                   *engine->holder ? engine->holder : "-");
    paper_put (paper, STYLE_PLAIN, ", epoch %s, lease renewed %s ago",
               COUNT (engine->epoch), SECONDS ((double) engine->lease_age_ms / 1000));
    if (engine->behind > 0)
        paper_put (paper, STYLE_WARN, ", %s entries behind", COUNT (engine->behind));
    paper_put (paper, STYLE_PLAIN, "\n");
    put_nodes (paper, engine);
}

static void put_nodes (paper_t *paper, const view_engine_t *engine)
{
    if (engine->has_synchronous && !engine->synchronous)
        paper_put (paper, STYLE_BAD,
                   "standbys   not synchronous: what is acknowledged may be on one "
                   "machine only\n");
    else if (engine->has_standbys) {
        paper_put (paper, engine->standbys ? STYLE_PLAIN : STYLE_BAD,
                   "standbys   %u synchronous", engine->standbys);
        for (size_t i = 0; i < engine->nodes; i++)
            paper_put (paper, STYLE_PLAIN, "%s%s", i == 0 ? ": " : ", ",
                       engine->node[i]);
        paper_put (paper, STYLE_PLAIN, "\n");
    }
    if (engine->waits_ms > 0)
        paper_put (paper, STYLE_BAD, "waiting    bets wait for the engine, %s by now\n",
                   SECONDS ((double) engine->waits_ms / 1000));
}

static void put_disk (paper_t *paper, const view_storage_t *storage)
{
    const double percent = storage->disk_size_bytes
                               ? 100.0 * (double) storage->disk_free_bytes /
                                     (double) storage->disk_size_bytes
                               : -1;
    if (percent < 0)
        paper_put (paper, STYLE_PLAIN, "disk -");
    else
        paper_put (paper, percent < DISK_LOW ? STYLE_BAD : STYLE_PLAIN,
                   "%s free of %s (%s)", SIZE (storage->disk_free_bytes),
                   SIZE (storage->disk_size_bytes), PERCENT (percent));
}

static void put_workers_count (paper_t *paper, const view_t *view)
{
    size_t up = 0;
    for (size_t i = 0; i < view->workers; i++)
        up += view->worker[i].up;
    const bool fewer = view->has_central ? up < view->workers_wanted : up == 0;
    const style_t style = fewer ? STYLE_BAD : STYLE_PLAIN;
    if (view->part[STATUS_BROKER].answer != VIEW_UP)
        paper_put (paper, STYLE_PLAIN, "workers unknown");
    else if (view->has_central)
        paper_put (paper, style, "%zu up, %u wanted", up, view->workers_wanted);
    else
        paper_put (paper, style, "%zu up", up);
}

static void put_refused (paper_t *paper, const view_broker_t *broker)
{
    uint64_t all = 0;
    for (size_t i = 0; i < broker->codes; i++)
        all += broker->code[i].count;
    if (all == 0)
        return;
    paper_put (paper, STYLE_PLAIN, "refused    %s:", COUNT (all));
    for (size_t i = 0; i < broker->codes; i++)
        if (broker->code[i].count > 0)
            paper_put (paper, STYLE_PLAIN, "%s %s %s", i > 0 ? "," : "",
                       broker->code[i].name, COUNT (broker->code[i].count));
    paper_put (paper, STYLE_PLAIN, "\n");
}

static void put_agency (table_t *table, const view_t *view, const view_draw_t *draw,
                        const view_agency_t *agency)
{
    size_t connections;
    const bool sold = view_told (view, STATUS_STORAGE),
               broker = view_told (view, STATUS_BROKER);
    const view_connection_t *connection =
        view_connection (view, agency->agency, &connections);
    table_put (table, STYLE_PLAIN, "%u", agency->agency);
    table_put (table, view_missing (draw, agency) ? STYLE_WARN : STYLE_GOOD, "%s",
               view_state_name (draw, agency));
    table_put (table, STYLE_PLAIN, "%s", IF (sold, COUNT (agency->bets)));
    table_put (table, STYLE_PLAIN, "%s", IF (sold, COUNT (agency->cancelled)));
    table_put (table, STYLE_PLAIN, "%s", RATE (agency->bets_per_s));
    table_put (table, STYLE_PLAIN, "%s", TIME (agency->last_batch_ms));
    table_put (table, STYLE_PLAIN, "%s", TIME (agency->ready_ms));
    table_put (table, STYLE_PLAIN, "%s", TIME (agency->served_ms));
    table_put (table, STYLE_PLAIN, "%s",
               IF (broker, COUNT (connection ? connection->queue : 0)));
    if (connections > 1)
        table_put (table, STYLE_PLAIN, "%s (%zu)", connection->address, connections);
    else
        table_put (table, STYLE_PLAIN, "%s", connection ? connection->address : "-");
    table_put (table, STYLE_PLAIN, "%s",
               connection && *connection->key ? connection->key : "-");
    table_put (table, STYLE_PLAIN, "%s",
               AGO (connection ? connection->last_word_ms : 0));
}

static void put_counts (paper_t *paper, const view_t *view, const view_draw_t *draw)
{
    if (view_told (view, STATUS_STATE))
        paper_put (paper, STYLE_PLAIN,
                   "draw %s, %s: %u %s, %u asked, %u excused, %u missing, %u have "
                   "their winners\n",
                   draw->name, draw->has_phase ? wire_phase_name (draw->phase) : "?",
                   draw->agencies, draw->agencies == 1 ? "agency" : "agencies",
                   draw->ready, draw->excused, view_missing_count (draw), draw->served);
    else
        paper_put (paper, STYLE_PLAIN,
                   "draw %s: who asked and who is missing is not known, as state does "
                   "not answer\n",
                   draw->name);
}

static void put_line_of_parts (paper_t *paper, const view_t *view)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        const view_part_t *at = &view->part[part];
        const char *name = status_part_name (part);
        if (at->answer == VIEW_UP)
            paper_put (paper, STYLE_PLAIN, "%s %s %s  ", name,
                       PERCENT (at->cpu_percent), SIZE (at->memory_bytes));
        else if (view_fails (view, part))
            paper_put (paper, STYLE_BAD, "%s SILENT  ", name);
        else if (at->answer == VIEW_SILENT)
            paper_put (paper, STYLE_PLAIN, "%s standby  ", name);
    }
    paper_put (paper, STYLE_PLAIN, "\n");
}

/* A heading, as many agencies as there is room for, and how many more there are. */
static void put_fastest (paper_t *paper, const view_t *view, const view_draw_t *draw,
                         size_t rows)
{
    const bool sold = view_told (view, STATUS_STORAGE),
               broker = view_told (view, STATUS_BROKER);
    view_agency_t *sorted = calloc (draw->count ? draw->count : 1, sizeof *sorted);
    assert (sorted);
    if (draw->count > 0) {
        memcpy (sorted, draw->list, draw->count * sizeof *sorted);
        qsort (sorted, draw->count, sizeof *sorted, compare_rates);
    }
    const bool several = view->draws > 1; // and they do not say of which they are
    size_t shown = rows - (several ? 4 : 3);
    shown = draw->count <= shown + 1 ? draw->count : shown;
    table_t *table =
        table_new (">AGENCY STATE >BETS >RATE/S >QUEUE LAST_BATCH ADDRESS");
    for (size_t i = 0; i < shown; i++) {
        const view_connection_t *connection =
            view_connection (view, sorted[i].agency, NULL);
        table_put (table, STYLE_PLAIN, "%u", sorted[i].agency);
        table_put (table, view_missing (draw, &sorted[i]) ? STYLE_PLAIN : STYLE_GOOD,
                   "%s", view_state_name (draw, &sorted[i]));
        table_put (table, STYLE_PLAIN, "%s", IF (sold, COUNT (sorted[i].bets)));
        table_put (table, STYLE_PLAIN, "%s", RATE (sorted[i].bets_per_s));
        table_put (table, STYLE_PLAIN, "%s",
                   IF (broker, COUNT (connection ? connection->queue : 0)));
        table_put (table, STYLE_PLAIN, "%s", TIME (sorted[i].last_batch_ms));
        table_put (table, STYLE_PLAIN, "%s", connection ? connection->address : "-");
    }
    paper_put (paper, STYLE_PLAIN, "\n");
    if (several)
        paper_put (paper, STYLE_PLAIN, "agencies of %s\n", draw->name);
    table_show (table, paper);
    if (draw->count > shown)
        paper_put (paper, STYLE_DIM, "and %zu more agencies of %s\n",
                   draw->count - shown, draw->name);
    table_destroy (&table);
    free (sorted);
}

/* The fastest first, then those that sold most, then by number. */
static int compare_rates (const void *a, const void *b)
{
    const view_agency_t *one = a, *other = b;
    if (one->bets_per_s > other->bets_per_s || one->bets_per_s < other->bets_per_s)
        return one->bets_per_s < other->bets_per_s ? 1 : -1;
    if (one->bets != other->bets)
        return one->bets < other->bets ? 1 : -1;
    return one->agency > other->agency ? 1 : -1;
}

/* view_json.c - a view as JSON: loteria-ctl, loteria-web. */

#include "view_json.h"

#include "json.h"
#include "log_entry.h"

static void put_part (json_t *json, const view_t *view, status_part_t part);
static void put_draw (json_t *json, const view_t *view, const view_draw_t *draw);
static void put_provable (json_t *json, const view_draw_t *draw, bool known);
static void put_broker (json_t *json, const view_t *view);
static void put_storage (json_t *json, const view_t *view);
static void put_engine (json_t *json, const view_engine_t *engine);
static void put_codes (json_t *json, const view_broker_t *broker);
static void put_processes (json_t *json, const view_t *view);
static void put_agency (json_t *json, const view_t *view, const view_draw_t *draw,
                        const view_agency_t *agency);
static void put_worker (json_t *json, const view_worker_t *worker);
static void put_refusal (json_t *json, const log_entry_t *entry);
static void put_word (json_t *json, const log_entry_t *entry, const char *key);
static void put_count (json_t *json, const log_entry_t *entry, const char *key);
static void put_measured (json_t *json, const char *key, double value, int decimals);
static size_t count_entries (bytes_t text);
static char *finish (json_t *json, size_t *size);

char *view_json_status (const view_t *view, size_t *size)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    json_time (json, "time", view->time_ms);
    put_measured (json, "bets_per_s", view->bets_per_s, 1);
    json_array (json, "parts");
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        put_part (json, view, part);
    json_end (json);
    json_array (json, "draws");
    for (size_t i = 0; i < view->draws; i++)
        put_draw (json, view, &view->draw[i]);
    json_end (json);
    put_broker (json, view);
    put_storage (json, view);
    put_engine (json, &view->engine);
    put_codes (json, &view->broker);
    put_processes (json, view);
    json_end (json);
    return finish (json, size);
}

char *view_json_agencies (const view_t *view, const view_draw_t *draw, bool missing,
                          size_t *size)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    json_text (json, "draw", draw->name);
    json_array (json, "agencies");
    for (size_t i = 0; i < draw->count; i++)
        if (!missing || view_missing (draw, &draw->list[i]))
            put_agency (json, view, draw, &draw->list[i]);
    json_end (json);
    json_end (json);
    return finish (json, size);
}

char *view_json_workers (const view_t *view, size_t *size)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    json_number_if (json, "workers_wanted", view->has_central, view->workers_wanted);
    json_array (json, "workers");
    for (size_t i = 0; i < view->workers; i++)
        put_worker (json, &view->worker[i]);
    json_end (json);
    json_end (json);
    return finish (json, size);
}

char *view_json_refused (bytes_t text, size_t last, size_t *size)
{
    json_t *json = json_new ();
    log_entry_t entry;
    uint64_t nonsense = 0;
    const size_t count = count_entries (text);
    json_object (json, NULL);
    json_array (json, "refused");
    for (size_t i = 0; log_entry_next (&text, &entry, &nonsense); i++)
        if (i + last >= count)
            put_refusal (json, &entry);
    json_end (json);
    json_end (json);
    return finish (json, size);
}

static void put_part (json_t *json, const view_t *view, status_part_t part)
{
    static const char *const answers[] = {
        [VIEW_ABSENT] = "absent", [VIEW_UP] = "up", [VIEW_SILENT] = "silent"};
    const view_part_t *at = &view->part[part];
    const bool known = view_told (view, part);
    json_line (json);
    json_object (json, NULL);
    json_text (json, "part", status_part_name (part));
    json_text (json, "answer", answers[at->answer]);
    json_text (json, "reason", at->answer == VIEW_SILENT ? at->reason : NULL);
    json_text (json, "version", *at->version ? at->version : NULL);
    json_time (json, "started", at->started_ms);
    put_measured (json, "cpu_percent", at->cpu_percent, 1);
    json_number_if (json, "memory_bytes", known, at->memory_bytes);
    json_number_if (json, "fds", known, at->fds);
    json_number_if (json, "fds_max", known, at->fds_max);
    json_end (json);
}

static void put_draw (json_t *json, const view_t *view, const view_draw_t *draw)
{
    const bool sold = view_told (view, STATUS_STORAGE),
               state = view_told (view, STATUS_STATE);
    json_line (json);
    json_object (json, NULL);
    json_text (json, "name", draw->name);
    json_text (json, "phase", draw->has_phase ? wire_phase_name (draw->phase) : NULL);
    json_text (json, "source", draw->source ? wire_source_name (draw->source) : NULL);
    json_number_if (json, "agencies", state, draw->agencies);
    json_number_if (json, "ready", state, draw->ready);
    json_number_if (json, "excused", state, draw->excused);
    json_number_if (json, "served", state, draw->served);
    json_number_if (json, "missing", state, view_missing_count (draw));
    json_number_if (json, "bets", sold, draw->bets);
    json_number_if (json, "batches", sold, draw->batches);
    json_number_if (json, "cancelled", sold, draw->cancelled);
    put_measured (json, "bets_per_s", draw->bets_per_s, 1);
    json_number_if (json, "highest", state, draw->highest);
    json_number_if (json, "number", draw->has_number, draw->number);
    json_time (json, "opened", draw->opened_ms);
    json_time (json, "closes", draw->closes_ms);
    json_text (json, "closes_by", view_closes_name (draw->closes));
    json_time (json, "closed", draw->closed_ms);
    json_time (json, "drawn", draw->drawn_ms);
    put_provable (json, draw, state && view_provable (draw));
    json_end (json);
}

/* Of a draw that is not provable there is nothing of it. */
static void put_provable (json_t *json, const view_draw_t *draw, bool known)
{
    json_time (json, "commits", draw->commits_ms);
    json_time (json, "sealed", draw->sealed_ms);
    json_number_if (json, "least", known, draw->least);
    json_number_if (json, "revealed", known, draw->revealed);
    if (known)
        json_bool (json, "demo", draw->demo);
    else
        json_null (json, "demo");
    if (known && draw->audited)
        json_bool (json, "attested", draw->attested);
    else
        json_null (json, "attested");
}

static void put_broker (json_t *json, const view_t *view)
{
    const view_broker_t *broker = &view->broker;
    const bool known = view_told (view, STATUS_BROKER);
    json_line (json);
    json_object (json, "broker");
    json_number_if (json, "requests", known, broker->requests);
    json_number_if (json, "answers", known, broker->answers);
    put_measured (json, "requests_per_s", broker->requests_per_s, 1);
    json_number_if (json, "redispatched", known, broker->redispatched);
    json_number_if (json, "given_up", known, broker->given_up);
    json_number_if (json, "shed", known, broker->shed);
    json_number_if (json, "late", known, broker->late);
    json_number_if (json, "undelivered", known, broker->undelivered);
    json_number_if (json, "strangers", known, broker->strangers);
    json_number_if (json, "queue_requests", known, broker->queue_requests);
    json_number_if (json, "queue_aside", known, broker->queue_aside);
    json_number_if (json, "queue_bytes", known, broker->queue_bytes);
    json_number_if (json, "connections", known, broker->connections);
    json_end (json);
}

static void put_storage (json_t *json, const view_t *view)
{
    const view_storage_t *storage = &view->storage;
    const bool known = view_told (view, STATUS_STORAGE);
    json_line (json);
    json_object (json, "storage");
    json_number_if (json, "conflicts", known, storage->conflicts);
    json_number_if (json, "log_size_bytes", known, storage->log_size_bytes);
    json_number_if (json, "segments", known, storage->segments);
    json_number_if (json, "checkpoint_lag_bytes", known, storage->checkpoint_lag_bytes);
    json_number_if (json, "gathered_bytes", known, storage->gathered_bytes);
    put_measured (json, "bytes_per_s", storage->bytes_per_s, 0);
    put_measured (json, "sync_p50_s", storage->sync_p50_s, 6);
    put_measured (json, "sync_p99_s", storage->sync_p99_s, 6);
    json_number_if (json, "disk_free_bytes", known, storage->disk_free_bytes);
    json_number_if (json, "disk_size_bytes", known, storage->disk_size_bytes);
    json_end (json);
}

/* Null where the log is on this machine's disk. */
static void put_engine (json_t *json, const view_engine_t *engine)
{
    json_line (json);
    if (!engine->told && !engine->has_role) {
        json_null (json, "engine");
        return;
    }
    json_object (json, "engine");
    json_text (json, "engine", *engine->name ? engine->name : NULL);
    json_text (json, "host", *engine->host ? engine->host : NULL);
    json_text (json, "role",
               !engine->has_role ? NULL
               : engine->active  ? "active"
                                 : "standby");
    json_text (json, "active_at", *engine->holder ? engine->holder : NULL);
    json_number (json, "epoch", engine->epoch);
    json_real (json, "lease_age_s", (double) engine->lease_age_ms / 1000, 1);
    json_number (json, "behind", engine->behind);
    json_real (json, "waits_s", (double) engine->waits_ms / 1000, 1);
    if (engine->has_synchronous)
        json_bool (json, "synchronous", engine->synchronous);
    else
        json_null (json, "synchronous");
    json_number_if (json, "standbys", engine->has_standbys, engine->standbys);
    json_array (json, "nodes");
    for (size_t i = 0; i < engine->nodes; i++)
        json_text (json, NULL, engine->node[i]);
    json_end (json);
    json_end (json);
}

static void put_codes (json_t *json, const view_broker_t *broker)
{
    json_line (json);
    json_object (json, "refused");
    for (size_t i = 0; i < broker->codes; i++)
        if (broker->code[i].count > 0)
            json_number (json, broker->code[i].name, broker->code[i].count);
    json_end (json);
}

static void put_processes (json_t *json, const view_t *view)
{
    json_line (json);
    json_number_if (json, "workers_wanted", view->has_central, view->workers_wanted);
    json_array (json, "processes");
    for (size_t i = 0; i < view->processes; i++) {
        json_line (json);
        json_object (json, NULL);
        json_text (json, "process", view->process[i].name);
        json_number_if (json, "pid", view->process[i].pid != 0, view->process[i].pid);
        json_bool (json, "up", view->process[i].up);
        json_number (json, "restarts", view->process[i].restarts);
        json_end (json);
    }
    json_end (json);
}

static void put_agency (json_t *json, const view_t *view, const view_draw_t *draw,
                        const view_agency_t *agency)
{
    size_t connections;
    const view_connection_t *connection =
        view_connection (view, agency->agency, &connections);
    const bool known = agency->state != VIEW_UNKNOWN,
               sold = view_told (view, STATUS_STORAGE),
               broker = view_told (view, STATUS_BROKER);
    json_line (json);
    json_object (json, NULL);
    json_number (json, "agency", agency->agency);
    json_text (json, "state", known ? view_state_name (draw, agency) : NULL);
    json_number_if (json, "bets", sold, agency->bets);
    json_number_if (json, "cancelled", sold, agency->cancelled);
    put_measured (json, "bets_per_s", agency->bets_per_s, 1);
    json_time (json, "last_batch", agency->last_batch_ms);
    json_time (json, "ready", agency->ready_ms);
    json_time (json, "served", agency->served_ms);
    json_number_if (json, "connections", broker, connections);
    json_text (json, "address", connection ? connection->address : NULL);
    json_text (json, "key", connection && *connection->key ? connection->key : NULL);
    json_time (json, "last_word", connection ? connection->last_word_ms : 0);
    json_number_if (json, "queue", broker, connection ? connection->queue : 0);
    json_end (json);
}

static void put_worker (json_t *json, const view_worker_t *worker)
{
    json_line (json);
    json_object (json, NULL);
    json_text (json, "worker", worker->name);
    json_bool (json, "up", worker->up);
    json_number_if (json, "in_flight", !worker->unheard, worker->in_flight);
    json_number_if (json, "credit", !worker->unheard, worker->credit);
    json_number_if (json, "answered", !worker->unheard, worker->answered);
    json_number_if (json, "batches", !worker->unheard, worker->batches);
    json_number_if (json, "bets", !worker->unheard, worker->bets);
    put_measured (json, "bets_per_s", worker->bets_per_s, 1);
    json_number_if (json, "refused", !worker->unheard, worker->refused);
    put_measured (json, "cpu_percent", worker->cpu_percent, 1);
    json_number_if (json, "memory_bytes", !worker->unheard, worker->memory_bytes);
    json_time (json, "last_word", worker->last_word_ms);
    json_end (json);
}

static void put_refusal (json_t *json, const log_entry_t *entry)
{
    json_line (json);
    json_object (json, NULL);
    json_time (json, "time", entry->time_ms);
    put_count (json, entry, "agency");
    put_word (json, entry, "draw");
    put_word (json, entry, "code");
    put_word (json, entry, "command");
    put_count (json, entry, "row");
    put_count (json, entry, "field");
    put_count (json, entry, "offset");
    put_word (json, entry, "address");
    put_word (json, entry, "reason");
    json_end (json);
}

static void put_word (json_t *json, const log_entry_t *entry, const char *key)
{
    const bytes_t value = log_entry_part (entry, key);
    if (value.size > 0)
        json_bytes (json, key, value);
    else
        json_null (json, key);
}

static void put_count (json_t *json, const log_entry_t *entry, const char *key)
{
    const bytes_t value = log_entry_part (entry, key);
    uint64_t number = 0;
    for (size_t i = 0; i < value.size; i++) {
        if (value.size > 19 || value.data[i] < '0' || value.data[i] > '9') {
            json_null (json, key);
            return;
        }
        number = number * 10 + (uint64_t) (value.data[i] - '0');
    }
    if (value.size > 0)
        json_number (json, key, number);
    else
        json_null (json, key);
}

/* What is not known is null. */
static void put_measured (json_t *json, const char *key, double value, int decimals)
{
    if (value < 0)
        json_null (json, key);
    else
        json_real (json, key, value, decimals);
}

static size_t count_entries (bytes_t text)
{
    log_entry_t entry;
    uint64_t nonsense = 0;
    size_t count = 0;
    while (log_entry_next (&text, &entry, &nonsense))
        count++;
    return count;
}

static char *finish (json_t *json, size_t *size)
{
    json_newline (json);
    return json_finish (&json, size);
}

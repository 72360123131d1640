/* view_metrics.c - which metric tells what of a view: loteria-ctl, loteria-web. */

#include "view_state.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef enum { // what a metric is about
    OF_PART,
    OF_DRAW,
    OF_AGENCY, // of a draw
    OF_CONNECTION,
    OF_FACT, // of an agency's connections
    OF_WORKER,
    OF_PROCESS,
    OF_BROKER,
    OF_STORAGE,
    OF_ENGINE,
    OF_ENGINES_NODE,
    OF_VIEW,
    OF_CODE,
    OF_BUCKET,
    OF_BUILD,
    OF_BROKERS_PART
} about_t;

typedef enum { AS_U64, AS_U32, AS_U8, AS_REAL, AS_TIME, AS_FLAG, AS_NOTHING } as_t;

typedef struct {
    const char *name;
    about_t about;
    as_t as;
    size_t offset;
    size_t told; // where a bool says that it was told; 0: nowhere
} row_t;

#define PART(field)    offsetof (view_part_t, field)
#define DRAW(field)    offsetof (view_draw_t, field)
#define AGENCY(field)  offsetof (view_agency_t, field)
#define FACT(field)    offsetof (view_fact_t, field)
#define WORKER(field)  offsetof (view_worker_t, field)
#define PROCESS(field) offsetof (view_process_t, field)
#define BROKER(field)  offsetof (view_broker_t, field)
#define STORAGE(field) offsetof (view_storage_t, field)
#define ENGINE(field)  offsetof (view_engine_t, field)
#define VIEW(field)    offsetof (view_t, field)

static const row_t rows[] = {
    {"loteria_agency_bets", OF_AGENCY, AS_U64, AGENCY (bets), 0},
    {"loteria_agency_cancelled", OF_AGENCY, AS_U64, AGENCY (cancelled), 0},
    {"loteria_agency_last_batch_timestamp_seconds", OF_AGENCY, AS_TIME,
     AGENCY (last_batch_ms), 0},
    {"loteria_agency_state", OF_AGENCY, AS_U8, AGENCY (state), 0},
    {"loteria_agency_ready_timestamp_seconds", OF_AGENCY, AS_TIME, AGENCY (ready_ms),
     0},
    {"loteria_agency_served_timestamp_seconds", OF_AGENCY, AS_TIME, AGENCY (served_ms),
     0},
    {"loteria_agency_connected", OF_CONNECTION, AS_NOTHING, 0, 0},
    {"loteria_agency_last_word_timestamp_seconds", OF_FACT, AS_TIME,
     FACT (last_word_ms), 0},
    {"loteria_agency_queue_requests", OF_FACT, AS_U64, FACT (queue), 0},
    {"loteria_draw_info", OF_DRAW, AS_NOTHING, 0, 0},
    {"loteria_draw_phase", OF_DRAW, AS_U8, DRAW (phase), DRAW (has_phase)},
    {"loteria_draw_agencies", OF_DRAW, AS_U32, DRAW (agencies), 0},
    {"loteria_draw_agencies_ready", OF_DRAW, AS_U32, DRAW (ready), 0},
    {"loteria_draw_agencies_excused", OF_DRAW, AS_U32, DRAW (excused), 0},
    {"loteria_draw_agencies_served", OF_DRAW, AS_U32, DRAW (served), 0},
    {"loteria_draw_agencies_revealed", OF_DRAW, AS_U32, DRAW (revealed), 0},
    {"loteria_draw_least", OF_DRAW, AS_U32, DRAW (least), 0},
    {"loteria_draw_attested", OF_DRAW, AS_FLAG, DRAW (attested), DRAW (audited)},
    {"loteria_draw_demo", OF_DRAW, AS_FLAG, DRAW (demo), 0},
    {"loteria_draw_highest", OF_DRAW, AS_U32, DRAW (highest), 0},
    {"loteria_draw_number", OF_DRAW, AS_U32, DRAW (number), DRAW (has_number)},
    {"loteria_draw_opened_timestamp_seconds", OF_DRAW, AS_TIME, DRAW (opened_ms), 0},
    {"loteria_draw_closes_timestamp_seconds", OF_DRAW, AS_TIME, DRAW (closes_ms), 0},
    {"loteria_draw_closed_timestamp_seconds", OF_DRAW, AS_TIME, DRAW (closed_ms), 0},
    {"loteria_draw_commits_timestamp_seconds", OF_DRAW, AS_TIME, DRAW (commits_ms), 0},
    {"loteria_draw_sealed_timestamp_seconds", OF_DRAW, AS_TIME, DRAW (sealed_ms), 0},
    {"loteria_draw_drawn_timestamp_seconds", OF_DRAW, AS_TIME, DRAW (drawn_ms), 0},
    {"loteria_bets_total", OF_DRAW, AS_U64, DRAW (bets), 0},
    {"loteria_batches_total", OF_DRAW, AS_U64, DRAW (batches), 0},
    {"loteria_bets_cancelled_total", OF_DRAW, AS_U64, DRAW (cancelled), 0},
    {"loteria_conflicts_total", OF_STORAGE, AS_U64, STORAGE (conflicts), 0},
    {"loteria_strays_total", OF_STORAGE, AS_U64, STORAGE (strays), 0},
    {"loteria_active", OF_ENGINE, AS_FLAG, ENGINE (active), ENGINE (has_role)},
    {"loteria_epoch", OF_ENGINE, AS_U64, ENGINE (epoch), 0},
    {"loteria_lease_age_seconds", OF_ENGINE, AS_TIME, ENGINE (lease_age_ms), 0},
    {"loteria_log_behind_entries", OF_ENGINE, AS_U64, ENGINE (behind), 0},
    {"loteria_log_waiting_seconds", OF_ENGINE, AS_TIME, ENGINE (waits_ms), 0},
    {"loteria_engine_info", OF_ENGINE, AS_NOTHING, 0, 0},
    {"loteria_engine_synchronous", OF_ENGINE, AS_FLAG, ENGINE (synchronous),
     ENGINE (has_synchronous)},
    {"loteria_engine_standbys", OF_ENGINE, AS_U32, ENGINE (standbys),
     ENGINE (has_standbys)},
    {"loteria_engine_standby", OF_ENGINES_NODE, AS_NOTHING, 0, 0},
    {"loteria_log_groups_total", OF_STORAGE, AS_U64, STORAGE (groups), 0},
    {"loteria_log_bytes_total", OF_STORAGE, AS_U64, STORAGE (bytes), 0},
    {"loteria_log_records_total", OF_STORAGE, AS_U64, STORAGE (records), 0},
    {"loteria_log_size_bytes", OF_STORAGE, AS_U64, STORAGE (log_size_bytes), 0},
    {"loteria_log_segments", OF_STORAGE, AS_U64, STORAGE (segments), 0},
    {"loteria_log_checkpoint_lag_bytes", OF_STORAGE, AS_U64,
     STORAGE (checkpoint_lag_bytes), 0},
    {"loteria_log_gathered_bytes", OF_STORAGE, AS_U64, STORAGE (gathered_bytes), 0},
    {"loteria_log_sync_seconds_bucket", OF_BUCKET, AS_NOTHING, 0, 0},
    {"loteria_disk_free_bytes", OF_STORAGE, AS_U64, STORAGE (disk_free_bytes), 0},
    {"loteria_disk_size_bytes", OF_STORAGE, AS_U64, STORAGE (disk_size_bytes), 0},
    {"loteria_requests_total", OF_BROKER, AS_U64, BROKER (requests), 0},
    {"loteria_answers_total", OF_BROKER, AS_U64, BROKER (answers), 0},
    {"loteria_refused_total", OF_CODE, AS_NOTHING, 0, 0},
    {"loteria_redispatched_total", OF_BROKER, AS_U64, BROKER (redispatched), 0},
    {"loteria_given_up_total", OF_BROKER, AS_U64, BROKER (given_up), 0},
    {"loteria_shed_total", OF_BROKER, AS_U64, BROKER (shed), 0},
    {"loteria_late_total", OF_BROKER, AS_U64, BROKER (late), 0},
    {"loteria_undelivered_total", OF_BROKER, AS_U64, BROKER (undelivered), 0},
    {"loteria_strangers_total", OF_BROKER, AS_U64, BROKER (strangers), 0},
    {"loteria_queue_requests", OF_BROKER, AS_U64, BROKER (queue_requests), 0},
    {"loteria_queue_aside", OF_BROKER, AS_U64, BROKER (queue_aside), 0},
    {"loteria_queue_bytes", OF_BROKER, AS_U64, BROKER (queue_bytes), 0},
    {"loteria_connections", OF_BROKER, AS_U64, BROKER (connections), 0},
    {"loteria_part_up", OF_BROKERS_PART, AS_NOTHING, 0, 0},
    {"loteria_worker_up", OF_WORKER, AS_FLAG, WORKER (up), 0},
    {"loteria_worker_in_flight", OF_WORKER, AS_U64, WORKER (in_flight), 0},
    {"loteria_worker_credit", OF_WORKER, AS_U64, WORKER (credit), 0},
    {"loteria_worker_answered_total", OF_WORKER, AS_U64, WORKER (answered), 0},
    {"loteria_worker_last_word_timestamp_seconds", OF_WORKER, AS_TIME,
     WORKER (last_word_ms), 0},
    {"loteria_worker_batches_total", OF_WORKER, AS_U64, WORKER (batches), 0},
    {"loteria_worker_bets_total", OF_WORKER, AS_U64, WORKER (bets), 0},
    {"loteria_worker_refused_total", OF_WORKER, AS_U64, WORKER (refused), 0},
    {"loteria_worker_cpu_seconds_total", OF_WORKER, AS_REAL, WORKER (cpu_s), 0},
    {"loteria_worker_memory_bytes", OF_WORKER, AS_U64, WORKER (memory_bytes), 0},
    {"loteria_process_up", OF_PROCESS, AS_FLAG, PROCESS (up), 0},
    {"loteria_process_restarts_total", OF_PROCESS, AS_U64, PROCESS (restarts), 0},
    {"loteria_workers_wanted", OF_VIEW, AS_U32, VIEW (workers_wanted),
     VIEW (has_central)},
    {"loteria_build_info", OF_BUILD, AS_NOTHING, 0, 0},
    {"process_start_time_seconds", OF_PART, AS_TIME, PART (started_ms), 0},
    {"process_cpu_seconds_total", OF_PART, AS_REAL, PART (cpu_s), 0},
    {"process_resident_memory_bytes", OF_PART, AS_U64, PART (memory_bytes), 0},
    {"process_open_fds", OF_PART, AS_U64, PART (fds), 0},
    {"process_max_fds", OF_PART, AS_U64, PART (fds_max), 0},
};
#define ROWS (sizeof rows / sizeof *rows)

static const row_t *find_row (bytes_t name);
static void *find_entry (view_t *view, status_part_t part, about_t about,
                         const metric_line_t *line);
static view_draw_t *find_draw (view_t *view, const metric_line_t *line);
static view_draw_t *add_draw (view_t *view, const char *name);
static view_agency_t *find_agency (view_t *view, const metric_line_t *line);
static view_fact_t *find_fact (view_t *view, const metric_line_t *line);
static view_worker_t *find_worker (view_t *view, const metric_line_t *line);
static view_process_t *find_process (view_t *view, const metric_line_t *line);
static bool set (uint8_t *entry, const row_t *row, const metric_line_t *line);
static bool set_number (uint8_t *at, as_t as, double value);
static bool take_connection (view_t *view, const metric_line_t *line);
static bool take_info (view_draw_t *draw, const metric_line_t *line);
static bool take_engine (view_engine_t *engine, const metric_line_t *line);
static bool take_node (view_engine_t *engine, const metric_line_t *line);
static bool take_code (view_broker_t *broker, const metric_line_t *line);
static bool take_bucket (view_storage_t *storage, const metric_line_t *line);
static bool take_brokers_part (view_broker_t *broker, const metric_line_t *line);
static bool take_number (const char *text, uint64_t max, uint32_t *number);
static void *grow (void *list, size_t count, size_t size);

bool view_metrics_take (view_t *view, status_part_t part, const metric_line_t *line)
{
    const row_t *row = find_row (line->name);
    if (!row)
        return true; // of a later version
    switch (row->about) {
    case OF_CONNECTION:
        return take_connection (view, line);
    case OF_CODE:
        return take_code (&view->broker, line);
    case OF_BUCKET:
        return take_bucket (&view->storage, line);
    case OF_ENGINES_NODE:
        return take_node (&view->engine, line);
    case OF_BROKERS_PART:
        return take_brokers_part (&view->broker, line);
    case OF_BUILD:
        snprintf (view->part[part].version, VIEW_NAME_BYTES, "%.*s",
                  VIEW_NAME_BYTES - 1, metric_line_label (line, "version"));
        return true;
    default:
        return set (find_entry (view, part, row->about, line), row, line);
    }
}

static const row_t *find_row (bytes_t name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strlen (rows[i].name) == name.size &&
            memcmp (rows[i].name, name.data, name.size) == 0)
            return &rows[i];
    return NULL;
}

static void *find_entry (view_t *view, status_part_t part, about_t about,
                         const metric_line_t *line)
{
    switch (about) {
    case OF_PART:
        return &view->part[part];
    case OF_DRAW:
        return find_draw (view, line);
    case OF_AGENCY:
        return find_agency (view, line);
    case OF_FACT:
        return find_fact (view, line);
    case OF_WORKER:
        return find_worker (view, line);
    case OF_PROCESS:
        return find_process (view, line);
    case OF_BROKER:
        return &view->broker;
    case OF_STORAGE:
        return &view->storage;
    case OF_ENGINE:
        return &view->engine;
    default:
        return view;
    }
}

static view_draw_t *find_draw (view_t *view, const metric_line_t *line)
{
    const char *name = metric_line_label (line, "draw");
    struct view_index *index = view->index;
    if (draw_name_fault (bytes_of (name, strlen (name))))
        return NULL;
    if (index->last_draw < view->draws &&
        strcmp (view->draw[index->last_draw].name, name) == 0)
        return &view->draw[index->last_draw];
    for (size_t i = 0; i < view->draws; i++)
        if (strcmp (view->draw[i].name, name) == 0) {
            index->last_draw = i;
            return &view->draw[i];
        }
    return view->draws < VIEW_DRAWS_MAX ? add_draw (view, name) : NULL;
}

static view_draw_t *add_draw (view_t *view, const char *name)
{
    view->draw = grow (view->draw, view->draws, sizeof *view->draw);
    view->index->draw =
        grow (view->index->draw, view->draws, sizeof *view->index->draw);
    view_draw_t *draw = &view->draw[view->draws];
    *draw = (view_draw_t){.bets_per_s = VIEW_RATE_UNKNOWN,
                          .batches_per_s = VIEW_RATE_UNKNOWN};
    snprintf (draw->name, sizeof draw->name, "%s", name);
    view->index->draw[view->draws] = (view_numbers_t){0};
    view->index->last_draw = view->draws++;
    return draw;
}

static view_agency_t *find_agency (view_t *view, const metric_line_t *line)
{
    uint32_t agency;
    view_draw_t *draw = find_draw (view, line);
    if (!draw || !take_number (metric_line_label (line, "agency"), UINT32_MAX, &agency))
        return NULL;
    view_numbers_t *numbers = &view->index->draw[draw - view->draw];
    const size_t place = view_numbers_find (numbers, draw->list, draw->count,
                                            sizeof *draw->list, agency);
    if (place != SIZE_MAX)
        return &draw->list[place];
    if (view->index->agencies == VIEW_AGENCIES_MAX)
        return NULL;
    view->index->agencies++;
    draw->list = grow (draw->list, draw->count, sizeof *draw->list);
    draw->list[draw->count++] = (view_agency_t){
        .agency = agency, .state = VIEW_UNKNOWN, .bets_per_s = VIEW_RATE_UNKNOWN};
    view_numbers_add (numbers, draw->list, draw->count, sizeof *draw->list);
    return &draw->list[draw->count - 1];
}

static view_fact_t *find_fact (view_t *view, const metric_line_t *line)
{
    uint32_t agency;
    struct view_index *index = view->index;
    if (!take_number (metric_line_label (line, "agency"), UINT32_MAX, &agency))
        return NULL;
    const size_t place = view_numbers_find (
        &index->fact, index->facts, index->facts_count, sizeof *index->facts, agency);
    if (place != SIZE_MAX)
        return &index->facts[place];
    if (index->facts_count == CLIENTS_MAX)
        return NULL;
    index->facts = grow (index->facts, index->facts_count, sizeof *index->facts);
    index->facts[index->facts_count++] = (view_fact_t){.agency = agency};
    view_numbers_add (&index->fact, index->facts, index->facts_count,
                      sizeof *index->facts);
    return &index->facts[index->facts_count - 1];
}

static view_worker_t *find_worker (view_t *view, const metric_line_t *line)
{
    const char *name = metric_line_label (line, "worker");
    struct view_index *index = view->index;
    if (!*name || strlen (name) >= VIEW_NAME_BYTES)
        return NULL;
    for (size_t i = 0; i < view->workers; i++) {
        const size_t place = (index->last_worker + i) % view->workers;
        if (strcmp (view->worker[place].name, name) == 0) {
            index->last_worker = place;
            return &view->worker[place];
        }
    }
    if (view->workers == WORKERS_MAX)
        return NULL;
    view->worker = grow (view->worker, view->workers, sizeof *view->worker);
    index->last_worker = view->workers;
    view_worker_t *worker = &view->worker[view->workers++];
    *worker = (view_worker_t){.bets_per_s = VIEW_RATE_UNKNOWN,
                              .cpu_percent = VIEW_RATE_UNKNOWN};
    snprintf (worker->name, sizeof worker->name, "%s", name);
    return worker;
}

/* What has no pid is told of all that have the name: view_order () hands it on. */
static view_process_t *find_process (view_t *view, const metric_line_t *line)
{
    const char *name = metric_line_label (line, "process");
    const char *digits = metric_line_label (line, "pid");
    struct view_index *index = view->index;
    uint32_t pid = 0;
    if (!*name || strlen (name) >= VIEW_NAME_BYTES ||
        (*digits && strcmp (digits, "0") != 0 &&
         !take_number (digits, INT32_MAX, &pid)))
        return NULL;
    for (size_t i = 0; i < view->processes; i++) {
        const size_t place = (index->last_process + i) % view->processes;
        if (view->process[place].pid == pid &&
            strcmp (view->process[place].name, name) == 0) {
            index->last_process = place;
            return &view->process[place];
        }
    }
    if (view->processes == VIEW_PROCESSES_MAX)
        return NULL;
    view->process = grow (view->process, view->processes, sizeof *view->process);
    index->last_process = view->processes;
    view_process_t *process = &view->process[view->processes++];
    *process = (view_process_t){.pid = pid};
    snprintf (process->name, sizeof process->name, "%s", name);
    return process;
}

static bool set (uint8_t *entry, const row_t *row, const metric_line_t *line)
{
    if (!entry)
        return false;
    if (row->as == AS_NOTHING && row->about == OF_ENGINE)
        return take_engine ((view_engine_t *) entry, line);
    if (row->as == AS_NOTHING) // loteria_draw_info
        return take_info ((view_draw_t *) entry, line);
    if (!set_number (entry + row->offset, row->as, line->value))
        return false;
    if (row->told)
        *(bool *) (entry + row->told) = true;
    return true;
}

/* Exactly, or not at all. */
static bool set_number (uint8_t *at, as_t as, double value)
{
    static const double max[] = {
        [AS_U64] = 0x1p63,  [AS_U32] = UINT32_MAX, [AS_U8] = UINT8_MAX,
        [AS_REAL] = 0x1p63, [AS_TIME] = 0x1p43,    [AS_FLAG] = 1};
    const bool whole = as != AS_REAL && as != AS_TIME;
    if (!(value >= 0 && value <= max[as]) || (whole && value != floor (value)))
        return false;
    const uint64_t number = (uint64_t) (as == AS_TIME ? value * 1000 + 0.5 : value);
    const uint32_t narrow = (uint32_t) number;
    const uint8_t byte = (uint8_t) number;
    switch (as) {
    case AS_REAL:
        memcpy (at, &value, sizeof value);
        break;
    case AS_U32:
        memcpy (at, &narrow, sizeof narrow);
        break;
    case AS_U8:
    case AS_FLAG:
        memcpy (at, &byte, sizeof byte);
        break;
    default:
        memcpy (at, &number, sizeof number);
    }
    return true;
}

/* One that is told twice, as another page began before it, is one: view_order (). */
static bool take_connection (view_t *view, const metric_line_t *line)
{
    view_connection_t connection = {0};
    if (!take_number (metric_line_label (line, "agency"), UINT32_MAX,
                      &connection.agency) ||
        view->connections == CLIENTS_MAX)
        return false;
    if (line->value == 0)
        return true;
    snprintf (connection.address, sizeof connection.address, "%.*s",
              VIEW_ADDRESS_BYTES - 1, metric_line_label (line, "address"));
    snprintf (connection.key, sizeof connection.key, "%.*s", VIEW_KEY_BYTES - 1,
              metric_line_label (line, "key"));
    view->connection = grow (view->connection, view->connections, sizeof connection);
    view->connection[view->connections++] = connection;
    return true;
}

static bool take_info (view_draw_t *draw, const metric_line_t *line)
{
    static const uint8_t sources[] = {SOURCE_FIXED, SOURCE_ENTERED, SOURCE_RANDOM,
                                      SOURCE_PROVABLE};
    const char *source = metric_line_label (line, "source");
    const char *closes = metric_line_label (line, "closes");
    uint8_t found = 0;
    for (size_t i = 0; i < sizeof sources; i++)
        if (strcmp (source, wire_source_name (sources[i])) == 0)
            found = sources[i];
    for (view_closes_t i = VIEW_CLOSES_CLOCK; view_closes_name (i); i++)
        if (strcmp (closes, view_closes_name (i)) == 0)
            draw->closes = i;
    draw->source = found;
    return (found || !*source) && (draw->closes || !*closes);
}

static bool take_engine (view_engine_t *engine, const metric_line_t *line)
{
    engine->told = true;
    snprintf (engine->name, sizeof engine->name, "%.*s", VIEW_NAME_BYTES - 1,
              metric_line_label (line, "engine"));
    snprintf (engine->host, sizeof engine->host, "%.*s", VIEW_PLACE_BYTES - 1,
              metric_line_label (line, "host"));
    snprintf (engine->holder, sizeof engine->holder, "%.*s", VIEW_PLACE_BYTES - 1,
              metric_line_label (line, "holder"));
    return true;
}

static bool take_node (view_engine_t *engine, const metric_line_t *line)
{
    const char *name = metric_line_label (line, "name");
    if (!*name || strlen (name) >= VIEW_NAME_BYTES || engine->nodes == VIEW_NODES_MAX)
        return false;
    snprintf (engine->node[engine->nodes++], VIEW_NAME_BYTES, "%s", name);
    return true;
}

static bool take_code (view_broker_t *broker, const metric_line_t *line)
{
    const char *name = metric_line_label (line, "code");
    view_code_t *code = NULL;
    if (!*name || strlen (name) >= sizeof code->name)
        return false;
    for (size_t i = 0; i < broker->codes && !code; i++)
        if (strcmp (broker->code[i].name, name) == 0)
            code = &broker->code[i];
    if (!code && broker->codes == VIEW_CODES_MAX)
        return false;
    if (!code) {
        code = &broker->code[broker->codes++];
        snprintf (code->name, sizeof code->name, "%s", name);
    }
    return set_number ((uint8_t *) &code->count, AS_U64, line->value);
}

/* In order, as a histogram has them; `le` is a number or +Inf. */
static bool take_bucket (view_storage_t *storage, const metric_line_t *line)
{
    char *end;
    const char *text = metric_line_label (line, "le");
    const double le = strtod (text, &end);
    const size_t last = storage->buckets;
    if (!*text || *end || isnan (le) || last == VIEW_BUCKETS_MAX ||
        (last > 0 && !(le > storage->bucket[last - 1].le)))
        return false;
    storage->bucket[last].le = le;
    if (!set_number ((uint8_t *) &storage->bucket[last].count, AS_U64, line->value) ||
        (last > 0 && storage->bucket[last].count < storage->bucket[last - 1].count))
        return false;
    storage->buckets++;
    return true;
}

static bool take_brokers_part (view_broker_t *broker, const metric_line_t *line)
{
    const char *part = metric_line_label (line, "peer");
    if (!*part)
        part = metric_line_label (line, "part");
    bool *up = strcmp (part, "storage") == 0  ? &broker->storage_up
               : strcmp (part, "state") == 0  ? &broker->state_up
               : strcmp (part, "worker") == 0 ? &broker->worker_up
                                              : NULL;
    if (!up || (line->value != 0 && line->value != 1))
        return false;
    *up = line->value == 1;
    broker->has_parts = true;
    return true;
}

static bool take_number (const char *text, uint64_t max, uint32_t *number)
{
    uint64_t value = 0;
    if (!*text || strlen (text) > 10 || text[strspn (text, "0123456789")])
        return false;
    for (; *text; text++)
        value = value * 10 + (uint64_t) (*text - '0');
    if (value == 0 || value > max)
        return false;
    *number = (uint32_t) value;
    return true;
}

/* Room for one more; doubled each time that it was full. */
static void *grow (void *list, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return list;
    list = realloc (list, (count ? 2 * count : 1) * size);
    assert (list);
    return list;
}

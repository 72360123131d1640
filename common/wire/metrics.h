/* metrics.h - what the processes tell of themselves: every metric there is, and a page
   of them, as STATUS is answered with one.

     static bool put (void *self, uint64_t draw, uint64_t *position, metrics_page_t
   *page)
     ...
         metrics_put (page, METRIC_BETS, sale->bets, sale->name);
         metrics_put (page, METRIC_AGENCY_BETS, cursor->next, sale->name,
                      METRIC_NUMBER (cursor->agency));
         metrics_put_time (page, METRIC_AGENCY_LAST_BATCH, cursor->last_ms, sale->name,
                         METRIC_NUMBER (cursor->agency));

   The text is Prometheus' exposition format without HELP and TYPE: those are in the
   table, for who collects the pages of a whole central (loteria-web).

   Pure: memory only. */

#ifndef LOTERIA_METRICS_H
#define LOTERIA_METRICS_H

#include "bounds.h"
#include "bytes.h"

/* X (id, name, type, labels, help): the labels in the order in which metrics_put ()
   takes their values. Times are unix seconds. */
#define METRICS(X)                                                                     \
    /* every process */                                                                \
    X (METRIC_START_TIME, "process_start_time_seconds", METRIC_IS_GAUGE, "",           \
       "When the process was started.")                                                \
    X (METRIC_CPU, "process_cpu_seconds_total", METRIC_IS_COUNTER, "",                 \
       "Processor time that the process has used.")                                    \
    X (METRIC_MEMORY, "process_resident_memory_bytes", METRIC_IS_GAUGE, "",            \
       "Memory that the process has in use.")                                          \
    X (METRIC_OPEN_FDS, "process_open_fds", METRIC_IS_GAUGE, "",                       \
       "Files and sockets that the process has open.")                                 \
    X (METRIC_MAX_FDS, "process_max_fds", METRIC_IS_GAUGE, "",                         \
       "Files and sockets that the process may have open.")                            \
    X (METRIC_BUILD_INFO, "loteria_build_info", METRIC_IS_GAUGE, "version",            \
       "Always 1; the label says which version runs.")                                 \
    /* storage; with a draw in STATUS, that one's */                                   \
    X (METRIC_BETS, "loteria_bets_total", METRIC_IS_COUNTER, "draw",                   \
       "Bets stored in the draw, cancelled ones included.")                            \
    X (METRIC_BATCHES, "loteria_batches_total", METRIC_IS_COUNTER, "draw",             \
       "Batches stored in the draw.")                                                  \
    X (METRIC_BETS_CANCELLED, "loteria_bets_cancelled_total", METRIC_IS_COUNTER,       \
       "draw", "Bets of the draw that were cancelled.")                                \
    X (METRIC_AGENCY_BETS, "loteria_agency_bets", METRIC_IS_GAUGE, "draw,agency",      \
       "Bets of the agency that are stored, cancelled ones included.")                 \
    X (METRIC_AGENCY_CANCELLED, "loteria_agency_cancelled", METRIC_IS_GAUGE,           \
       "draw,agency", "Bets that the agency cancelled.")                               \
    X (METRIC_AGENCY_LAST_BATCH, "loteria_agency_last_batch_timestamp_seconds",        \
       METRIC_IS_GAUGE, "draw,agency",                                                 \
       "When the last batch of the agency was stored, since storage was started.")     \
    X (METRIC_CONFLICTS, "loteria_conflicts_total", METRIC_IS_COUNTER, "",             \
       "Batches that contradict what is stored.")                                      \
    X (METRIC_JOBS, "loteria_storage_jobs", METRIC_IS_GAUGE, "",                       \
       "Roots and winners of provable draws that are to be worked out.")               \
    X (METRIC_ROOTED, "loteria_bets_rooted_total", METRIC_IS_COUNTER, "",              \
       "Bets that were taken into roots, for provable draws.")                         \
    X (METRIC_LOG_GROUPS, "loteria_log_groups_total", METRIC_IS_COUNTER, "",           \
       "Groups made durable.")                                                         \
    X (METRIC_LOG_BYTES, "loteria_log_bytes_total", METRIC_IS_COUNTER, "",             \
       "Bytes written to the log.")                                                    \
    X (METRIC_LOG_RECORDS, "loteria_log_records_total", METRIC_IS_COUNTER, "",         \
       "Records written to the log.")                                                  \
    X (METRIC_LOG_SIZE, "loteria_log_size_bytes", METRIC_IS_GAUGE, "",                 \
       "Bytes that the log takes on disk.")                                            \
    X (METRIC_LOG_SEGMENTS, "loteria_log_segments", METRIC_IS_GAUGE, "",               \
       "Segments of the log.")                                                         \
    X (METRIC_LOG_CHECKPOINT_LAG, "loteria_log_checkpoint_lag_bytes", METRIC_IS_GAUGE, \
       "", "Bytes of the log above the last checkpoint.")                              \
    X (METRIC_LOG_GATHERED, "loteria_log_gathered_bytes", METRIC_IS_GAUGE, "",         \
       "Bytes gathered for the next group.")                                           \
    X (METRIC_LOG_SYNC, "loteria_log_sync_seconds", METRIC_IS_HISTOGRAM, "",           \
       "How long it took to make a group durable.")                                    \
    X (METRIC_LOG_WAITING, "loteria_log_waiting_seconds", METRIC_IS_GAUGE, "",         \
       "How long the group under way has waited for a standby; 0: hardly.")            \
    X (METRIC_DISK_FREE, "loteria_disk_free_bytes", METRIC_IS_GAUGE, "",               \
       "Free bytes of the disk with the data.")                                        \
    X (METRIC_DISK_SIZE, "loteria_disk_size_bytes", METRIC_IS_GAUGE, "",               \
       "Size of the disk with the data.")                                              \
    X (METRIC_STRAYS, "loteria_strays_total", METRIC_IS_COUNTER, "",                   \
       "Messages that were none for this process.")                                    \
    /* state */                                                                        \
    X (METRIC_DRAW_INFO, "loteria_draw_info", METRIC_IS_GAUGE, "draw,source,closes",   \
       "Always 1; where the number of the draw comes from, and what closes it.")       \
    X (METRIC_DRAW_PHASE, "loteria_draw_phase", METRIC_IS_GAUGE, "draw",               \
       "0 planned, 1 open, 2 closed, 3 drawn, 4 void, 5 sealed and pending.")          \
    X (METRIC_DRAW_AGENCIES, "loteria_draw_agencies", METRIC_IS_GAUGE, "draw",         \
       "Agencies on the roll of the draw.")                                            \
    X (METRIC_DRAW_READY, "loteria_draw_agencies_ready", METRIC_IS_GAUGE, "draw",      \
       "Agencies that have asked for their results, or committed.")                    \
    X (METRIC_DRAW_EXCUSED, "loteria_draw_agencies_excused", METRIC_IS_GAUGE, "draw",  \
       "Agencies that were excused.")                                                  \
    X (METRIC_DRAW_SERVED, "loteria_draw_agencies_served", METRIC_IS_GAUGE, "draw",    \
       "Agencies that have their winners.")                                            \
    X (METRIC_DRAW_REVEALED, "loteria_draw_agencies_revealed", METRIC_IS_GAUGE,        \
       "draw", "Agencies of a provable draw that have revealed.")                      \
    X (METRIC_DRAW_LEAST, "loteria_draw_least", METRIC_IS_GAUGE, "draw",               \
       "Agencies that have to commit before a provable draw is sealed.")               \
    X (METRIC_DRAW_ATTESTED, "loteria_draw_attested", METRIC_IS_GAUGE, "draw",         \
       "Of a draw with an auditor: 1 once it has signed the seal.")                    \
    X (METRIC_DRAW_DEMO, "loteria_draw_demo", METRIC_IS_GAUGE, "draw",                 \
       "1: the operator made the agencies' keys, so the draw proves nothing.")         \
    X (METRIC_DRAW_HIGHEST, "loteria_draw_highest", METRIC_IS_GAUGE, "draw",           \
       "Highest number that may be bet on.")                                           \
    X (METRIC_DRAW_OPENED, "loteria_draw_opened_timestamp_seconds", METRIC_IS_GAUGE,   \
       "draw", "When the draw was, or will be, opened.")                               \
    X (METRIC_DRAW_CLOSES, "loteria_draw_closes_timestamp_seconds", METRIC_IS_GAUGE,   \
       "draw", "When the draw closes, where it has an hour.")                          \
    X (METRIC_DRAW_CLOSED, "loteria_draw_closed_timestamp_seconds", METRIC_IS_GAUGE,   \
       "draw", "When the draw was closed.")                                            \
    X (METRIC_DRAW_COMMITS, "loteria_draw_commits_timestamp_seconds", METRIC_IS_GAUGE, \
       "draw", "Until when agencies may commit, once a provable draw is closed.")      \
    X (METRIC_DRAW_SEALED, "loteria_draw_sealed_timestamp_seconds", METRIC_IS_GAUGE,   \
       "draw", "When a provable draw was sealed.")                                     \
    X (METRIC_DRAW_DRAWN, "loteria_draw_drawn_timestamp_seconds", METRIC_IS_GAUGE,     \
       "draw", "When the draw was made, or made void.")                                \
    X (METRIC_DRAW_NUMBER, "loteria_draw_number", METRIC_IS_GAUGE, "draw",             \
       "The winning number, once it is no secret.")                                    \
    X (METRIC_AGENCY_STATE, "loteria_agency_state", METRIC_IS_GAUGE, "draw,agency",    \
       "0 selling, 1 ready or committed, 2 excused, 3 has its winners, 4 revealed.")   \
    X (METRIC_AGENCY_READY, "loteria_agency_ready_timestamp_seconds", METRIC_IS_GAUGE, \
       "draw,agency", "When the agency asked for its results.")                        \
    X (METRIC_AGENCY_SERVED, "loteria_agency_served_timestamp_seconds",                \
       METRIC_IS_GAUGE, "draw,agency", "When the agency had its winners.")             \
    /* broker */                                                                       \
    X (METRIC_REQUESTS, "loteria_requests_total", METRIC_IS_COUNTER, "",               \
       "Requests that came in from agencies.")                                         \
    X (METRIC_ANSWERS, "loteria_answers_total", METRIC_IS_COUNTER, "",                 \
       "Answers of the central that were passed on.")                                  \
    X (METRIC_REFUSED, "loteria_refused_total", METRIC_IS_COUNTER, "code",             \
       "Requests that were refused, by the code.")                                     \
    X (METRIC_REDISPATCHED, "loteria_redispatched_total", METRIC_IS_COUNTER, "",       \
       "Requests taken from a worker that went away.")                                 \
    X (METRIC_GIVEN_UP, "loteria_given_up_total", METRIC_IS_COUNTER, "",               \
       "Requests without an answer in time.")                                          \
    X (METRIC_SHED, "loteria_shed_total", METRIC_IS_COUNTER, "",                       \
       "Waiting requests that made room for those of others.")                         \
    X (METRIC_LATE, "loteria_late_total", METRIC_IS_COUNTER, "",                       \
       "Answers to requests of a former broker or client.")                            \
    X (METRIC_UNDELIVERED, "loteria_undelivered_total", METRIC_IS_COUNTER, "",         \
       "Answers whose client was gone.")                                               \
    X (METRIC_STRANGERS, "loteria_strangers_total", METRIC_IS_COUNTER, "",             \
       "Connections with a key that is not admitted.")                                 \
    X (METRIC_QUEUE_REQUESTS, "loteria_queue_requests", METRIC_IS_GAUGE, "",           \
       "Requests that wait for a worker.")                                             \
    X (METRIC_QUEUE_ASIDE, "loteria_queue_aside", METRIC_IS_GAUGE, "",                 \
       "Requests that wait for state.")                                                \
    X (METRIC_QUEUE_BYTES, "loteria_queue_bytes", METRIC_IS_GAUGE, "",                 \
       "Bytes of requests that wait or are under way.")                                \
    X (METRIC_CONNECTIONS, "loteria_connections", METRIC_IS_GAUGE, "",                 \
       "Connections of agencies.")                                                     \
    X (METRIC_PART_UP, "loteria_part_up", METRIC_IS_GAUGE, "part",                     \
       "Whether the broker hears storage, state, a worker.")                           \
    X (METRIC_AGENCY_CONNECTED, "loteria_agency_connected", METRIC_IS_GAUGE,           \
       "agency,address,key",                                                           \
       "1 for each agency with a connection; key: its first characters.")              \
    X (METRIC_AGENCY_LAST_WORD, "loteria_agency_last_word_timestamp_seconds",          \
       METRIC_IS_GAUGE, "agency", "When the broker last heard the agency.")            \
    X (METRIC_AGENCY_QUEUE, "loteria_agency_queue_requests", METRIC_IS_GAUGE,          \
       "agency", "Requests of the agency that wait.")                                  \
    X (METRIC_WORKER_UP, "loteria_worker_up", METRIC_IS_GAUGE, "worker",               \
       "1 for each worker that has joined; 0: it fell silent, up to five minutes "     \
       "ago.")                                                                         \
    X (METRIC_WORKER_IN_FLIGHT, "loteria_worker_in_flight", METRIC_IS_GAUGE, "worker", \
       "Requests that the worker holds.")                                              \
    X (METRIC_WORKER_CREDIT, "loteria_worker_credit", METRIC_IS_GAUGE, "worker",       \
       "Requests that the worker may hold.")                                           \
    X (METRIC_WORKER_ANSWERED, "loteria_worker_answered_total", METRIC_IS_COUNTER,     \
       "worker", "Requests of the worker that were answered.")                         \
    X (METRIC_WORKER_LAST_WORD, "loteria_worker_last_word_timestamp_seconds",          \
       METRIC_IS_GAUGE, "worker", "When the broker last heard the worker.")            \
    X (METRIC_WORKER_BATCHES, "loteria_worker_batches_total", METRIC_IS_COUNTER,       \
       "worker", "Batches that the worker checked.")                                   \
    X (METRIC_WORKER_BETS, "loteria_worker_bets_total", METRIC_IS_COUNTER, "worker",   \
       "Bets that the worker passed on.")                                              \
    X (METRIC_WORKER_REFUSED, "loteria_worker_refused_total", METRIC_IS_COUNTER,       \
       "worker", "Requests that the worker refused.")                                  \
    X (METRIC_WORKER_CPU, "loteria_worker_cpu_seconds_total", METRIC_IS_COUNTER,       \
       "worker", "Processor time that the worker has used.")                           \
    X (METRIC_WORKER_MEMORY, "loteria_worker_memory_bytes", METRIC_IS_GAUGE, "worker", \
       "Memory that the worker has in use.")                                           \
    /* central */                                                                      \
    X (METRIC_PROCESS_UP, "loteria_process_up", METRIC_IS_GAUGE, "process,pid",        \
       "Whether the process that central started runs.")                               \
    X (METRIC_PROCESS_RESTARTS, "loteria_process_restarts_total", METRIC_IS_COUNTER,   \
       "process", "How often central started the process again.")                      \
    X (METRIC_WORKERS_WANTED, "loteria_workers_wanted", METRIC_IS_GAUGE, "",           \
       "Workers that central keeps running.")                                          \
    /* central, of the engine that keeps the log, where it has one */                  \
    X (METRIC_ROLE, "loteria_active", METRIC_IS_GAUGE, "",                             \
       "1: this central is the active; 0: a standby.")                                 \
    X (METRIC_EPOCH, "loteria_epoch", METRIC_IS_GAUGE, "",                             \
       "Epoch of the active, as the log's engine has it.")                             \
    X (METRIC_LEASE_AGE, "loteria_lease_age_seconds", METRIC_IS_GAUGE, "",             \
       "How long ago the active renewed its lease.")                                   \
    X (METRIC_BEHIND, "loteria_log_behind_entries", METRIC_IS_GAUGE, "",               \
       "Entries of the log that a standby has yet to take.")                           \
    X (METRIC_ENGINE, "loteria_engine_info", METRIC_IS_GAUGE, "engine,host,holder",    \
       "Always 1; what keeps the log, its machine that answers, and where the active " \
       "is.")                                                                          \
    X (METRIC_ENGINE_SYNCHRONOUS, "loteria_engine_synchronous", METRIC_IS_GAUGE, "",   \
       "1: nothing is acknowledged before it is on two machines of the engine.")       \
    X (METRIC_ENGINE_STANDBYS, "loteria_engine_standbys", METRIC_IS_GAUGE, "",         \
       "Machines of the engine that count for that now, where this is told.")          \
    X (METRIC_ENGINE_STANDBY, "loteria_engine_standby", METRIC_IS_GAUGE, "name",       \
       "1 for each of them.")

typedef enum { METRIC_IS_COUNTER, METRIC_IS_GAUGE, METRIC_IS_HISTOGRAM } metric_type_t;

#define METRIC_ID(id, name, type, labels, help) id,
typedef enum { METRICS (METRIC_ID) METRIC_COUNT } metric_t;
#undef METRIC_ID

typedef struct {
    const char *name;
    metric_type_t type;
    const char *labels; // "draw,agency"
    const char *help;
} metric_info_t;

const metric_info_t *metric_info (metric_t metric);

/* The metric that a line's name is of: a histogram's lines have its name and _bucket,
   _count or _sum. METRIC_COUNT: none of ours. */
metric_t metric_named (bytes_t name);

/* The type as Prometheus spells it. */
const char *metric_type_name (metric_type_t type);

/* How often something took how long, in buckets of powers of two of a microsecond. */
#define HISTOGRAM_FIRST   4  // the first bucket: up to 2^4 us
#define HISTOGRAM_BUCKETS 20 // the last one: up to 2^23 us, 8.4 s
typedef struct {
    uint64_t buckets[HISTOGRAM_BUCKETS]; // not cumulative
    uint64_t count, sum_us;
} histogram_t;

void histogram_add (histogram_t *histogram, uint64_t us);

/* A page that is being written. What does not fit is not written, nor is anything after
   it: `full` stays set. */
typedef struct {
    char *text; // borrowed
    size_t size, capacity;
    bool full;
} metrics_page_t;

/* Add a line, or a histogram's lines: whole, or false. The labels' values are texts,
   one for each that the table names; they may hold anything. */
#define metrics_put(page, metric, value, ...)                                          \
    metrics_put_value (page, metric, value, METRIC_LABELS (__VA_ARGS__))
/* A time or a span of it in milliseconds, written as seconds. A time of 0 is none, and
   nothing is written. */
#define metrics_put_time(page, metric, ms, ...)                                        \
    ((ms) == 0 ? !(page)->full : metrics_put_span (page, metric, ms, ##__VA_ARGS__))
#define metrics_put_span(page, metric, ms, ...)                                        \
    metrics_put_seconds (page, metric, ms, METRIC_LABELS (__VA_ARGS__))
#define metrics_put_histogram(page, metric, histogram)                                 \
    metrics_put_buckets (page, metric, histogram)

/* A number as a label's value; it lasts as long as the block that it stands in. */
#define METRIC_NUMBER(number) metric_number ((char[24]){0}, number)
const char *metric_number (char text[24], uint64_t number);

/* What the macros above call. */
#define METRIC_LABELS(...)                                                             \
    (const char *const[]){NULL, ##__VA_ARGS__},                                        \
        sizeof ((const char *const[]){NULL, ##__VA_ARGS__}) / sizeof (char *)
bool metrics_put_value (metrics_page_t *page, metric_t metric, uint64_t value,
                        const char *const *labels, size_t count);
bool metrics_put_seconds (metrics_page_t *page, metric_t metric, uint64_t ms,
                          const char *const *labels, size_t count);
bool metrics_put_buckets (metrics_page_t *page, metric_t metric,
                          const histogram_t *histogram);

#endif

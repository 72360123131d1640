/* view.h - how a central is: what its parts report of themselves (METRICS), put
   together. Pure.

   A view is filled by the lines of a round; rates come from the view of a round before.
   What a part says is judged strictly, and bounded: lines that are none, and values
   that cannot be, are counted and passed over. */

#ifndef LOTERIA_VIEW_H
#define LOTERIA_VIEW_H

#include "bounds.h"
#include "bytes.h"
#include "status_part.h"
#include "wire.h"

#define VIEW_DRAWS_MAX     1024
#define VIEW_AGENCIES_MAX  (2 * DRAWS_AGENCIES_MAX) // of all draws together
#define VIEW_PROCESSES_MAX (WORKERS_MAX + 64)       // under a loteria-central
#define VIEW_CODES_MAX     64
#define VIEW_BUCKETS_MAX   64
#define VIEW_NAME_BYTES    80 // of a worker, a process, a version
#define VIEW_PLACE_BYTES   128
#define VIEW_NODES_MAX     8
#define VIEW_ADDRESS_BYTES 64
#define VIEW_KEY_BYTES     9 // the first 8 characters
#define VIEW_RATE_UNKNOWN  (-1.0)

typedef enum { VIEW_ABSENT, VIEW_UP, VIEW_SILENT } view_answer_t;

typedef enum {
    VIEW_CLOSES_UNKNOWN,
    VIEW_CLOSES_CLOCK,
    VIEW_CLOSES_ALL,
    VIEW_CLOSES_NEVER // by order only
} view_closes_t;

typedef struct {          // a part, as it answered
    view_answer_t answer; // ABSENT: there is no endpoint to ask
    char reason[96];      // when it is silent: why, for people
    char version[VIEW_NAME_BYTES];
    uint64_t started_ms;
    double cpu_s, cpu_percent; // the latter since the round before, or UNKNOWN
    uint64_t memory_bytes, fds, fds_max;
} view_part_t;

typedef enum { // of an agency in a draw
    VIEW_SELLING = 0,
    VIEW_READY = 1, // of a provable draw: it has committed
    VIEW_EXCUSED = 2,
    VIEW_SERVED = 3,    // it has its winners
    VIEW_REVEALED = 4,  // of a provable draw
    VIEW_UNKNOWN = 0xFF // it has an account, but state said nothing of it
} view_state_t;

typedef struct { // of a draw
    uint32_t agency;
    uint8_t state; // view_state_t
    uint64_t bets, cancelled;
    double bets_per_s;      // or UNKNOWN
    uint64_t last_batch_ms; // 0: none since storage started
    uint64_t ready_ms, served_ms;
} view_agency_t;

typedef struct {
    char name[DRAW_NAME_BYTES_MAX + 1];
    bool has_phase; // state said it; else only storage knows this draw
    uint8_t phase;  // wire_phase_t
    uint8_t source; // wire_source_t; 0: unknown
    uint32_t agencies, ready, excused, served;
    uint32_t revealed, least; // of a provable draw, where `ready` have committed
    bool demo;                // and the operator made the agencies' keys
    bool audited, attested;   // and it has an auditor, who has signed the seal
    uint64_t bets, batches, cancelled;
    double bets_per_s, batches_per_s; // or UNKNOWN
    uint32_t highest;
    bool has_number;
    uint32_t number;
    uint64_t opened_ms, closed_ms, drawn_ms; // 0: not yet
    uint64_t commits_ms,
        sealed_ms;      // likewise, of a provable draw: the end of its window
    uint64_t closes_ms; // 0: not by the clock
    view_closes_t closes;
    size_t count;
    view_agency_t *list; // by number: who is on the roll or has an account
} view_draw_t;

typedef struct { // an agency's connection at the broker; one may have several
    uint32_t agency;
    char address[VIEW_ADDRESS_BYTES];
    char key[VIEW_KEY_BYTES]; // "": without keys
    uint64_t last_word_ms;
    uint64_t queue;
} view_connection_t;

typedef struct {
    char
        name[VIEW_NAME_BYTES]; // HOST/PID; "?/PID" of one that the broker knows nothing
    bool unheard;              // of: nothing else is known of it then
    bool up;
    uint64_t in_flight, credit, answered, batches, bets, refused;
    double bets_per_s; // or UNKNOWN
    double cpu_s, cpu_percent;
    uint64_t memory_bytes, last_word_ms;
} view_worker_t;

typedef struct { // under a loteria-central; several may have one name
    char name[VIEW_NAME_BYTES];
    uint32_t pid; // 0: it does not run
    bool up;
    uint64_t restarts; // of all that have that name
} view_process_t;

typedef struct {
    char name[24];
    uint64_t count;
} view_code_t;

typedef struct {
    uint64_t requests, answers, redispatched, given_up, shed, late, undelivered,
        strangers;
    double requests_per_s; // or UNKNOWN
    uint64_t queue_requests, queue_aside, queue_bytes, connections;
    bool has_parts, storage_up, state_up, worker_up; // as the broker sees them
    size_t codes;
    view_code_t code[VIEW_CODES_MAX]; // what was refused, by name
} view_broker_t;

typedef struct {
    uint64_t conflicts, strays;
    uint64_t groups, bytes, records, log_size_bytes, segments, checkpoint_lag_bytes,
        gathered_bytes;
    double bytes_per_s;            // of the log, or UNKNOWN
    double sync_p50_s, sync_p99_s; // since the round before, or since it started;
                                   // UNKNOWN: none
    uint64_t disk_free_bytes, disk_size_bytes;
    size_t buckets; // of the histogram, cumulative
    struct {
        double le;
        uint64_t count;
    } bucket[VIEW_BUCKETS_MAX];
} view_storage_t;

typedef struct { // what keeps the log, where that is not this machine's disk
    bool told;
    char name[VIEW_NAME_BYTES]; // "postgres"
    char host[VIEW_PLACE_BYTES],
        holder[VIEW_PLACE_BYTES]; // which of its machines
                                  // answers; where the active is
    bool has_role, active;        // this central is it; or a standby
    bool has_synchronous, synchronous;
    bool has_standbys;
    uint32_t standbys; // that count, of the engine
    size_t nodes;
    char node[VIEW_NODES_MAX][VIEW_NAME_BYTES]; // which
    uint64_t epoch, behind, lease_age_ms, waits_ms;
} view_engine_t;

typedef struct {
    uint64_t time_ms; // when the round was over, since 1970
    int64_t clock_ms; // the same by clock_ms (), for rates
    view_part_t part[STATUS_PARTS];
    size_t draws;
    view_draw_t *draw; // those that can be sold, then closed, drawn, void, planned; in
                       // a group the one that came to it last is the first
    size_t connections;
    view_connection_t *connection; // by agency
    size_t workers;
    view_worker_t *worker; // by name
    view_broker_t broker;
    view_storage_t storage;
    view_engine_t engine;
    bool has_central;
    uint32_t workers_wanted; // of a loteria-central
    size_t processes;
    view_process_t *process; // by name and pid
    double bets_per_s;       // of all draws, or UNKNOWN
    uint64_t nonsense;       // lines that could not be taken
    struct view_index *index;
} view_t;

view_t *view_new (void);
void view_destroy (view_t **view);

/* What a part said: a page of METRICS. It counts as up then. */
void view_take (view_t *view, status_part_t part, bytes_t text);

/* It did not answer, and why (cleaned, cut); or there is nobody to ask: as it begins.
 */
void view_silent (view_t *view, status_part_t part, const char *reason);

/* All was said: put in order, and compare with a round before, or NULL. */
void view_finish (view_t *view, const view_t *before, int64_t clock_ms,
                  uint64_t wall_ms);

/* By name; NULL for the one that an operator means who names none: the one that was
   opened last of those on sale, else closed last, else drawn last; while state
   does not say which those are, the only one that there is. NULL for none. */
const view_draw_t *view_draw (const view_t *view, const char *name);

/* NULL: it is not there. */
const view_agency_t *view_agency (const view_draw_t *draw, uint32_t agency);
/* Its first connection, NULL for none; how many it has goes to `count` unless NULL. */
const view_connection_t *view_connection (const view_t *view, uint32_t agency,
                                          size_t *count);

/* Whether the number follows from secrets of all who take part. */
bool view_provable (const view_draw_t *draw);

/* Who is waited for: until the draw is made, or sealed, who has not asked (or
   committed) and was not excused; of a draw that is sealed, who has committed and not
   revealed; then, who has not fetched his winners. */
bool view_missing (const view_draw_t *draw, const view_agency_t *agency);
uint32_t view_missing_count (const view_draw_t *draw);

/* "selling", and "closed" once nobody can; "ready", or "committed"; "excused",
   "served", "revealed", "?" */
const char *view_state_name (const view_draw_t *draw, const view_agency_t *agency);

/* "clock", "all", "never"; NULL when it is unknown. */
const char *view_closes_name (view_closes_t closes);

/* Whether this central is a standby: what serves says nothing until it takes over. */
bool view_standby (const view_t *view);

/* Whether a part is silent that is to answer. */
bool view_fails (const view_t *view, status_part_t part);

/* Whether every part that can be asked, and is to answer, answered. */
bool view_whole (const view_t *view);

/* Whether a part said how it is: what only it could say is unknown else, and not 0. */
bool view_told (const view_t *view, status_part_t part);

#endif

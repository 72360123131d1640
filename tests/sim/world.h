/* world.h - a simulated day: its processes, their network and disks, its clock and its
   faults. One loop, one thread, one seed. */

#ifndef LOTERIA_WORLD_H
#define LOTERIA_WORLD_H

#include "disk.h"
#include "plan.h"
#include "role.h"

#define WORLD_MACHINES 2 // with a central each
#define WORLD_ALL      (-1)

#define WORLD_NODES_MAX                                                                \
    (8 + 2 * PLAN_WORKERS_MAX + PLAN_OPERATORS + PLAN_SELLERS_MAX + PLAN_CANCELLERS_MAX)
/* Where they stand among the nodes; the operators and the agencies' processes follow
   the workers, and then the second central. The second state is started by a fault
   only. */
#define NODE_STORAGE      0
#define NODE_STATE        1
#define NODE_SECOND_STATE 2
#define NODE_BROKER       3
#define NODE_FIRST_WORKER 4

typedef enum { AT_STORAGE, AT_STATE, AT_FRONT, AT_BACK, WORLD_PLACES } place_t;

#define SYNCS_MAX (2 * (4 + PLAN_DRAWS_MAX * 3))

typedef struct world world_t;
typedef struct node node_t;
typedef struct checks checks_t;
typedef struct files files_t;
typedef struct database database_t;
typedef struct fair_folder fair_folder_t;

/* A process of some kind: the product's own shell, which thinks that net.h, gate.h,
   watch.h, clock.h and file.h are what they are elsewhere. */
typedef struct {
    /* Returns what it keeps in memory; NULL, and it is dying, when it cannot start. */
    void *(*start) (node_t *node);
    /* One turn of its loop. */
    void (*step) (node_t *node);
    /* When it wants a turn though no message came. */
    int64_t (*deadline) (const node_t *node);
    /* It is told to stop, and does so in order. NULL: as if it was killed. */
    void (*stop) (node_t *node);
    void (*destroy) (void **core);
} node_ops_t;

struct node {
    const node_ops_t *ops;
    world_t *world;
    int index;
    char name[24];
    uint32_t agency, process; // of an agency: its number, and which of its processes;
    uint32_t draw;            // and for which draw of the plan
    uint32_t operator_no;     // which, from 1; 0: it is none
    int machine;              // of the central that it is of; WORLD_ALL: of none
    void *core;               // NULL while it is dead
    disk_t *disk;             // borrowed; NULL when it has none
    bool dying;               // dead already, and only its turn has to end
    bool over;                // it has ended, well or not, and is not started again
    bool ended_well;
    bool serves;        // storage: it listens, in this life
    bool asks;          // for results only, from now on
    uint32_t rows;      // of a file that grows, so far
    int64_t started_ms; // its life
    bool woken;         // something of its disk's is over
    bool in_order;      // its last life ended so
    int64_t busy_ms;    // has no turn before
    int64_t paused_ms;  // likewise
    int64_t restart_ms; // when it is dead
    unsigned kill_in;   // points until it is killed; 0: it is not to be
    bool takes_power;   // and then the power goes
};

typedef struct { // of all days
    uint64_t days, steps, kills, stops, power_cuts, pauses, starts, refused_starts;
    uint64_t bets, acknowledgements, results, again;
    uint64_t operations, failures, full, torn;
    uint64_t trials, superseded, checkpoints, checkpoint_cuts, laps;
    uint64_t draws, drawn, voided, proven, closed_by_clock,
        cut_short; // agencies by a close
    uint64_t excused, cancelled, orders, orders_refused, archived, jumps;
    uint64_t reports, shown; // pages told to operators: of metrics, of winners
    uint64_t database_faults, losses, takeovers, refused_losses; // of databases
    uint64_t caught_up; // standbys that had, in the end
    uint64_t replaced;  // disks
    uint64_t messages, lost, repeated, link_cuts;
    int64_t virtual_ms;
    int64_t slowest_acknowledgement_ms, slowest_end_ms; // after the faults stopped
} world_counts_t;

typedef struct { // of a central's
    node_t *storage, *state;
    disk_t *disk;        // storage's
    disk_t *copy;        // of it, of an earlier moment; or NULL
    role_t role;         // as storage told it last,
    bool told;           // and whether it has
    bool ordered;        // to take over
    bool fenced;         // its storage leads no more, and another serves
    int64_t wall_off_ms; // by which its clock on the wall is wrong
} machine_t;

struct world {
    plan_t plan;
    dice_t dice;
    int64_t now_ms;
    bool trace;
    node_t nodes[WORLD_NODES_MAX];
    int nodes_count;
    dice_t random_numbers; // getrandom ()'s
    network_t *network;
    int machines; // 1, or WORLD_MACHINES
    machine_t machine[WORLD_MACHINES];
    database_t *database; // that has the log; NULL: the disk has it
    uint64_t epoch;       // of the storage that began to serve last,
    int leader;           // and its machine: of two
    dice_t database_dice;
    struct {
        const disk_file_t *file;
        int machine;
        int64_t due_ms;
    } syncs[SYNCS_MAX]; // in the background: when they are over
    files_t *files;
    checks_t *checks;
    fair_folder_t *folder[PLAN_DRAWS_MAX][PLAN_AGENCIES_MAX + 1]; // of provable draws
    bool order_done[PLAN_ORDERS_MAX];
    bool disks_change; // between two lives of a storage
    bool namesakes;    // both centrals say that they are at the same place
    bool power_goes;
    int power_machine; // where
    bool calm;
    int64_t calm_since_ms;
    int64_t fault_ms;                              // when the next comes
    int64_t storm_ms, full_ms, spoilt_ms, slow_ms; // when each of these is over
    char *trial; // what storage says of a disk that it is tried on, or NULL
    size_t trial_size;
    char violation[512];
    world_counts_t *counts;
};

typedef struct {
    bool trace;
    bool database; // the log is in one, not on storage's disk
    bool standby;  // likewise, and there are two centrals, of which one is active
} world_options_t;

/* Play the day of this seed. Returns 0, or -1 with `violation` (512 bytes) written. */
int world_play (uint64_t seed, const world_options_t *options, world_counts_t *counts,
                char *violation);

/* Where somebody listens on a machine. */
const char *world_place (int machine, place_t place);

/* The process that has its turn now. */
node_t *world_node (void);

/* Something that a crash may come before or after: false when the node is dead from
   here on, and what it still does must have no effect. */
bool node_point (node_t *node);
/* The process ends: by its own decision, or since it is `dying`. */
void node_die (node_t *node, const char *why);

/* It begins to listen. */
void world_serves (node_t *node);

/* For the faults. */
void world_kill (world_t *world, node_t *node);
void world_stop (world_t *world, node_t *node);
/* Start storage on another disk, with nobody to talk to, and end it. Whether it
   started; else `why`. */
bool world_try (world_t *world, disk_t *disk, char *why, size_t why_size);
/* Of a central, or of WORLD_ALL. */
void world_cut_power (world_t *world, int machine, bool agencies_too);
/* Of two machines, one whose power is cut: its storage finds another disk, an empty one
   or a copy of its own; or such a copy is kept. */
void world_replace_disk (world_t *world, int machine);
void world_copy_disk (world_t *world, int machine);
/* Some machine; with two of them, now and then, WORLD_ALL. */
int world_some_machine (world_t *world);

void world_trace (const world_t *world, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
/* An invariant does not hold: the first one is what is told. */
void world_violate (world_t *world, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* What the clock on the wall says there; of WORLD_ALL it is the first machine's. */
uint64_t world_wall_ms (const world_t *world, int machine);

/* Whether the process is one of an agency's for a draw: its seat there. */
const plan_seat_t *world_seat (const node_t *node);

extern const node_ops_t storage_node, state_node, broker_node, worker_node,
    operator_node, agency_node, cancel_node;

#endif

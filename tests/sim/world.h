/* world.h - a simulated day: its processes, their network and disks, its clock and its
   faults. One loop, one thread, one seed. */

#ifndef LOTERIA_WORLD_H
#define LOTERIA_WORLD_H

#include "disk.h"
#include "member.h"
#include "outbox.h"
#include "plan.h"

#define WORLD_NODES_MAX (3 + PLAN_WORKERS_MAX + PLAN_AGENCIES_MAX * PLAN_PROCESSES_MAX)
/* Where they stand among the nodes; the agencies' processes follow the workers. */
#define NODE_STORAGE      0
#define NODE_STATE        1
#define NODE_BROKER       2
#define NODE_FIRST_WORKER 3

/* Sockets of a node; a worker's are numbered as its intake numbers them. */
#define SLOT_STORAGE_ROUTER 0
#define SLOT_STORAGE_BROKER 1
#define SLOT_STATE_ROUTER   0
#define SLOT_STATE_STORAGE  1
#define SLOT_STATE_BROKER   2
#define SLOT_BROKER_FRONT   0
#define SLOT_BROKER_BACK    1
#define SLOT_AGENCY         0

#define FILE_CSV "bets.csv"

typedef struct world world_t;
typedef struct node node_t;
typedef struct checks checks_t;

/* What a process of some kind does: a shell, as thin as the real one, around the same
   core. */
typedef struct {
    /* Returns what it keeps in memory; NULL when it could not start. */
    void *(*start) (world_t *world, node_t *node);
    /* One turn of its loop. */
    void (*step) (world_t *world, node_t *node);
    /* When it wants a turn though no message came. */
    int64_t (*deadline) (const world_t *world, const node_t *node);
    void (*destroy) (void **core);
} node_ops_t;

struct node {
    const node_ops_t *ops;
    world_t *world;
    int index;
    char name[24];
    uint32_t agency, process; // of an agency: its number, and which of its processes
    void *core;               // NULL while it is dead
    disk_t *disk;             // borrowed; NULL when it has none
    bool dying;               // dead already, and only its turn has to end
    bool over;                // an agency that has ended, well or not
    bool ended_well;
    int64_t busy_ms;    // has no turn before
    int64_t paused_ms;  // likewise
    int64_t restart_ms; // when it is dead
    unsigned kill_in;   // points until it is killed; 0: it is not to be
    bool takes_power;   // and then the power goes
};

typedef struct { // of all days
    uint64_t days, steps, kills, power_cuts, pauses, starts, refused_starts;
    uint64_t bets, acknowledgements, results, again;
    uint64_t operations, failures, full, torn;
    uint64_t messages, lost, repeated, link_cuts;
    int64_t virtual_ms;
    int64_t slowest_acknowledgement_ms, slowest_end_ms; // after the faults stopped
} world_counts_t;

struct world {
    plan_t plan;
    dice_t dice;
    int64_t now_ms;
    bool trace;
    node_t nodes[WORLD_NODES_MAX];
    int nodes_count;
    network_t *network;
    disk_t *disk; // storage's
    checks_t *checks;
    bool power_goes;
    bool calm;
    int64_t fault_ms;                              // when the next comes
    int64_t storm_ms, full_ms, spoilt_ms, slow_ms; // when each of these is over
    char violation[512];
    world_counts_t *counts;
};

/* Play the day of this seed. Returns 0, or -1 with `violation` (512 bytes) written. */
int world_play (uint64_t seed, bool trace, world_counts_t *counts, char *violation);

/* For the shells. Something that a crash may come before or after: false when the node
   is dead from here on, and what it still does must have no effect. */
bool node_point (node_t *node);
/* The process ends: by its own decision, or since it is `dying`. */
void node_die (node_t *node, const char *why);
/* How many messages it takes this time. */
int node_appetite (node_t *node);
bool node_receive (node_t *node, int slot, bytes_t *peer, bytes_t *body);
bool node_send (node_t *node, int slot, bytes_t peer, bytes_t body);
bool node_ready (node_t *node, int slot);
/* What brokers.h does, for the one broker of a simulated day, over this socket. */
void node_look_at_broker (node_t *node, int slot, member_t *member);
void node_send_answers (node_t *node, int slot, const member_t *member,
                        outbox_t *answers);

/* For the faults. */
void world_kill (world_t *world, node_t *node);
void world_cut_power (world_t *world, bool agencies_too);

void world_trace (const world_t *world, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
/* An invariant does not hold: the first one is what is told. */
void world_violate (world_t *world, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

extern const node_ops_t storage_node, state_node, broker_node, worker_node, agency_node;

#endif

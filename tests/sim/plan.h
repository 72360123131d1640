/* plan.h - what a simulated day is like; drawn from its seed before it begins. */

#ifndef LOTERIA_PLAN_H
#define LOTERIA_PLAN_H

#include "bets.h"
#include "bounds.h"
#include "network.h"

#define PLAN_DRAWS_MAX      10
#define PLAN_AGENCIES_MAX   6 // of a draw
#define PLAN_WORKERS_MAX    4
#define PLAN_PROCESSES_MAX  2  // of one agency, for one draw
#define PLAN_SELLERS_MAX    32 // processes of agencies, of all draws
#define PLAN_CANCELLERS_MAX 16 // processes that cancel bets
#define PLAN_OPERATORS      2
#define PLAN_ORDERS_MAX     96

#define WALL_MIDNIGHT_MS 1767225600000u // 2026-01-01, in UTC: a day begins around it

typedef enum {
    FAULT_KILL,       // a process, now
    FAULT_KILL_LATER, // at some point of its own doing, e.g. between two disk
                      // operations
    FAULT_KILL_MANY,
    FAULT_POWER,       // everything of the central, or everything
    FAULT_POWER_LATER, // at some point of storage's or state's doing
    FAULT_PAUSE,       // a process does nothing for a while
    FAULT_CUT,         // connections
    FAULT_STORM,       // a network that loses a lot
    FAULT_FULL,        // no space on a disk for a while
    FAULT_SPOILT,      // operations of a disk fail for a while
    FAULT_SLOW,        // a sync takes seconds
    FAULT_AGAIN,       // an agency that has ended is started once more
    FAULT_STOP,        // a process is told to stop, and started again
    FAULT_SECOND,      // a second state is started while the first may live
    FAULT_FILES,       // files are removed or exchanged before storage starts
    FAULT_UNLINK,      // and under storage as it works
    FAULT_CLOCK,       // the clock on the wall jumps by hours
    FAULT_KINDS
} fault_kind_t;

typedef enum {
    SEAT_SELLS,   // its file, and then asks for its results
    SEAT_FOLLOWS, // its file as it grows, until the draw closes
    SEAT_ASKS,    // for its results, and never sells
    SEAT_ABSENT   // is on the roll
} seat_kind_t;

typedef struct { // an agency in a draw
    seat_kind_t kind;
    bets_t *bets;       // owned
    uint32_t processes; // that sell as this agency
    uint32_t rows[PLAN_PROCESSES_MAX];
    uint32_t cancels; // bets that it will cancel, if it can
} plan_seat_t;

typedef struct {
    char name[DRAW_NAME_BYTES_MAX + 1];
    uint32_t agencies, highest;
    uint8_t source;  // wire_source_t
    uint32_t number; // that is fixed; or that is bet on, and may be entered
    bool by_clock;
    uint64_t closes_ms;                      // as in wire.h; by the clock on the wall
    int64_t opens_ms;                        // when the operator opens it, if he does
    plan_seat_t seat[PLAN_AGENCIES_MAX + 1]; // from 1
} plan_draw_t;

typedef struct {
    uint8_t kind;      // wire_order_kind_t
    uint32_t draw;     // which of the plan
    bool named;        // or the one that is meant
    uint32_t agency;   // X
    uint32_t number;   // N
    uint32_t agencies; // O
    int64_t at_ms;
    uint32_t by; // which
    bool needed; // ordered until what it is to bring about is so, not once
} plan_order_t;

typedef struct {
    uint64_t wall_start_ms; // what a right clock says as the day begins
    uint32_t draws, workers;
    plan_draw_t draw[PLAN_DRAWS_MAX];
    bool opens_itself; // state does it with the first draw, else an operator
    uint32_t orders;
    plan_order_t order[PLAN_ORDERS_MAX];
    uint32_t sellers, cancellers;
    uint32_t draws_kept;                 // live though finished
    uint32_t commit_s, least;            // of provable draws; least 0: all
    uint32_t batch_rows_max, window_max; // agencies draw theirs anew each run
    uint32_t broker_window, bundle_bytes, worker_rows, worker_credit;
    int64_t period_ms; // between an agency's batches
    int64_t start_ms;  // agencies begin up to so late
    int64_t sync_ms;   // a sync of the log takes up to so long
    int64_t others_ms; // one of any other file, of a checkpoint's
    int64_t calm_ms;   // when faults stop
    int64_t gap_ms;    // between two faults, at most
    bool fault[FAULT_KINDS];
    unsigned spoilt; // disk operations that always fail, of a thousand
    network_weather_t weather;
    bool asks_again; // in the end everything is started once more
} plan_t;

void plan_make (plan_t *plan, dice_t *dice);
void plan_clear (plan_t *plan);

/* The reason that the operator gives with an order, by its place in the plan; now and
   then it is empty. */
#define PLAN_NOTE_BYTES 64
void plan_note (uint32_t order, char note[PLAN_NOTE_BYTES]);

/* Whether so many agencies will commit that a provable draw can be sealed, if nothing
   comes in between. */
bool plan_sealable (const plan_t *plan, const plan_draw_t *draw);

/* Whether two processes sell files of this agency that differ: then one may fail. */
bool plan_differs (const plan_seat_t *seat);

#endif

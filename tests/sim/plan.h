/* plan.h - what a simulated day is like; drawn from its seed before it begins. */

#ifndef LOTERIA_PLAN_H
#define LOTERIA_PLAN_H

#include "bets.h"
#include "network.h"

#define PLAN_AGENCIES_MAX  6
#define PLAN_WORKERS_MAX   4
#define PLAN_PROCESSES_MAX 2 // of one agency

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
    FAULT_KINDS
} fault_kind_t;

typedef struct {
    bets_t *bets;       // owned
    uint32_t processes; // that sell as this agency
    uint32_t rows[PLAN_PROCESSES_MAX];
} plan_agency_t;

typedef struct {
    uint32_t agencies, workers, number;
    plan_agency_t agency[PLAN_AGENCIES_MAX + 1]; // from 1
    uint32_t batch_rows_max, window_max;         // agencies draw theirs anew each run
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

/* Whether two processes sell files of this agency that differ: then one may fail. */
bool plan_differs (const plan_t *plan, uint32_t agency);

#endif

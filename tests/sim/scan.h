/* scan.h - reads what is durable of a simulated day the way a sceptic would: without
   the product's code, and with the agencies' own files beside it.

   What a power cut at this very moment would leave at least is the newest checkpoint
   that is whole; bets.index and bets.csv as far as it says; and the log from its mark
   on, group by group. Every record has to follow from those before it: in its agency,
   in what can have happened, in the chain of hashes; and every row to be what the
   agency's file has at that place. */

#ifndef LOTERIA_SCAN_H
#define LOTERIA_SCAN_H

#include "disk.h"
#include "plan.h"

#define SCAN_HASH_BYTES 32
#define SCAN_AWAY       "away" // the name of the file that has lost its own

typedef struct {
    const plan_t *plan;   // borrowed
    uint64_t identity;    // of the log; 0: no day has begun
    uint64_t draw;        // of its one draw; 0: it is not opened
    uint64_t generation;  // of the checkpoint that it began with
    uint64_t position;    // in the log, behind the last group
    uint64_t laps;        // of its ring so far
    uint64_t checkpoints; // records that the checkpoint covers
    uint64_t records, bytes;
    uint64_t before_last; // records before the last group, or in the checkpoint
    uint64_t stored[PLAN_AGENCIES_MAX + 1], digest[PLAN_AGENCIES_MAX + 1];
    uint64_t last[PLAN_AGENCIES_MAX + 1]; // the agency's last record of bets
    bool sealed[PLAN_AGENCIES_MAX + 1], served[PLAN_AGENCIES_MAX + 1];
    bool opened, drawn;
    uint32_t ready; // agencies that are sealed
    uint64_t last_event, events;
    uint64_t epoch;                    // of the state that registered last
    uint64_t epochs;                   // how many did
    uint8_t (*heads)[SCAN_HASH_BYTES]; // the chain after 0, 1, 2, ... records; owned
    size_t heads_capacity;
    char why[256]; // what does not hold; empty: all does
} scan_t;

void scan_begin (scan_t *scan, const plan_t *plan);
void scan_clear (scan_t *scan);

/* Look at what is durable now: from the beginning if there is another checkpoint or
   `whole`, else from where the last look ended. */
void scan_look (scan_t *scan, const disk_t *disk, bool whole);

#endif

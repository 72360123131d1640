/* scan.h - reads the files of a simulated day the way a sceptic would: without the
   product's code, and with the agencies' own files beside them. */

#ifndef LOTERIA_SCAN_H
#define LOTERIA_SCAN_H

#include "plan.h"

typedef struct {
    uint32_t records;
    uint64_t bytes;                         // of bets.csv that they cover
    uint64_t stored[PLAN_AGENCIES_MAX + 1]; // bets, by agency
    bool sealed[PLAN_AGENCIES_MAX + 1];
    uint64_t draw; // the journal's identity
} scan_bets_t;

typedef struct {
    uint32_t records;
    uint32_t ready;                         // agencies
    uint64_t counts[PLAN_AGENCIES_MAX + 1]; // that they were sealed with
    bool sealed[PLAN_AGENCIES_MAX + 1], served[PLAN_AGENCIES_MAX + 1];
    bool drawn;
    uint64_t draw; // whose seals these are; 0 before the first
} scan_draw_t;

/* As far as records follow from one another, rows are what the agencies' files have at
   that place, and digests what they hash to; what is behind the first that is not is
   not covered. */
void scan_bets (const plan_t *plan, bytes_t journal, bytes_t csv, scan_bets_t *scan);
/* As far as records say what can have happened, each thing once. */
void scan_draw (const plan_t *plan, bytes_t journal, scan_draw_t *scan);

/* Whether the file ends with the last of these records. */
bool scan_whole (bytes_t journal, uint32_t records);

#endif

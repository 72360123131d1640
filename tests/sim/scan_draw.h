/* scan_draw.h - reads state's file of a simulated day the way a sceptic would. */

#ifndef LOTERIA_SCAN_DRAW_H
#define LOTERIA_SCAN_DRAW_H

#include "plan.h"

typedef struct {
    uint32_t records;
    uint32_t ready;                         // agencies
    uint64_t counts[PLAN_AGENCIES_MAX + 1]; // that they were sealed with
    bool sealed[PLAN_AGENCIES_MAX + 1], served[PLAN_AGENCIES_MAX + 1];
    bool drawn;
    uint64_t draw; // whose seals these are; 0 before the first
} scan_draw_t;

/* As far as records say what can have happened, each thing once. */
void scan_draw (const plan_t *plan, bytes_t journal, scan_draw_t *scan);

/* Whether the file ends with the last of these records. */
bool scan_whole (bytes_t journal, uint32_t records);

#endif

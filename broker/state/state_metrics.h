/* state_metrics.h - what state tells of itself: the draws that it knows and those that
   are planned, and how far each agency is. The number of a draw once it is no secret.
   Pure. */

#ifndef LOTERIA_STATE_METRICS_H
#define LOTERIA_STATE_METRICS_H

#include "metrics.h"
#include "openings.h"

typedef struct { // borrowed
    const draws_t *draws;
    const openings_t *openings;
    uint64_t strays;
} state_facts_t;

/* One thing, as self_report.h wants it: the process, a planned draw, a draw, an agency
   of a draw, in that order; with `draw`, just that one and its agencies. */
bool state_metrics (const state_facts_t *facts, uint64_t draw, uint64_t *position,
                    metrics_page_t *page);

#endif

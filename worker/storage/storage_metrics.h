/* storage_metrics.h - what storage tells of itself: its log and its disk, and the bets
   of each draw that it has at hand and of each agency in it. What is being made durable
   is counted as what is. Pure. */

#ifndef LOTERIA_STORAGE_METRICS_H
#define LOTERIA_STORAGE_METRICS_H

#include "log.h"
#include "metrics.h"
#include "sales.h"

typedef struct { // borrowed
    const sales_t *sales;
    const histogram_t *syncs;
    log_counts_t log;
    uint64_t records, lag_bytes, gathered_bytes; // of the log
    uint64_t disk_size, disk_free;               // 0: not known
    uint64_t conflicts, strays;
    uint64_t jobs, rooted; // of provable draws (jobs.h)
    bool engine;           // keeps the log:
    uint64_t waiting_ms;   // for it to confirm what is under way
} storage_facts_t;

/* One thing, as self_report.h wants it: the process, a draw, an agency of a draw, in
   that order; with `draw`, just that one and its agencies. */
bool storage_metrics (const storage_facts_t *facts, uint64_t draw, uint64_t *position,
                      metrics_page_t *page);

#endif

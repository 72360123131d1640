/* storage_metrics.c - what storage tells of itself. Storage; pure.

   Positions: 0 is the process; then, shifted left, the sequence of the record that
   opened a draw, and below that 0 for the draw itself, or an agency's number. */

#include "storage_metrics.h"

#define DRAW_SHIFT 20

static_assert (AGENCIES_MAX < (1 << DRAW_SHIFT) - 1, "an agency is below the draw");

static void put_storage (const storage_facts_t *facts, metrics_page_t *page);
static void put_draw (const sale_t *sale, metrics_page_t *page);
static void put_agency (const sale_t *sale, const cursor_t *cursor,
                        metrics_page_t *page);

bool storage_metrics (const storage_facts_t *facts, uint64_t draw, uint64_t *position,
                      metrics_page_t *page)
{
    if (draw == 0 && *position == 0) {
        put_storage (facts, page);
        *position = 1;
        return true;
    }
    for (size_t i = 0; i < sales_count (facts->sales); i++) {
        const sale_t *sale = sales_at (facts->sales, i);
        const uint64_t begin = (uint64_t) sale->opened << DRAW_SHIFT;
        if ((draw != 0 && draw != sale->identity) ||
            *position > begin + sale->terms.agencies)
            continue;
        if (*position <= begin) {
            put_draw (sale, page);
            *position = begin + 1;
            return true;
        }
        const cursor_t *cursor =
            cursors_next (sale->cursors, (uint32_t) (*position - begin) - 1);
        if (cursor) {
            put_agency (sale, cursor, page);
            *position = begin + cursor->at.agency + 1;
            return true;
        }
    }
    return false;
}

static void put_storage (const storage_facts_t *facts, metrics_page_t *page)
{
    metrics_put (page, METRIC_CONFLICTS, facts->conflicts);
    metrics_put (page, METRIC_STRAYS, facts->strays);
    metrics_put (page, METRIC_JOBS, facts->jobs);
    metrics_put (page, METRIC_ROOTED, facts->rooted);
    metrics_put (page, METRIC_LOG_GROUPS, facts->log.groups);
    metrics_put (page, METRIC_LOG_BYTES, facts->log.bytes);
    metrics_put (page, METRIC_LOG_RECORDS, facts->records);
    metrics_put (page, METRIC_LOG_SIZE, facts->log.file_bytes);
    metrics_put (page, METRIC_LOG_SEGMENTS, facts->log.segments);
    metrics_put (page, METRIC_LOG_CHECKPOINT_LAG, facts->lag_bytes);
    metrics_put (page, METRIC_LOG_GATHERED, facts->gathered_bytes);
    metrics_put_histogram (page, METRIC_LOG_SYNC, facts->syncs);
    if (facts->engine)
        metrics_put_span (page, METRIC_LOG_WAITING, facts->waiting_ms);
    if (facts->disk_size > 0) {
        metrics_put (page, METRIC_DISK_FREE, facts->disk_free);
        metrics_put (page, METRIC_DISK_SIZE, facts->disk_size);
    }
}

static void put_draw (const sale_t *sale, metrics_page_t *page)
{
    const cursors_totals_t totals = cursors_totals (sale->cursors);
    const char *name = sale->terms.name;
    metrics_put (page, METRIC_BETS, totals.bets, name);
    metrics_put (page, METRIC_BATCHES, totals.batches, name);
    metrics_put (page, METRIC_BETS_CANCELLED, totals.cancelled, name);
}

static void put_agency (const sale_t *sale, const cursor_t *cursor,
                        metrics_page_t *page)
{
    const char *name = sale->terms.name, *agency = METRIC_NUMBER (cursor->at.agency);
    metrics_put (page, METRIC_AGENCY_BETS, cursor->at.next, name, agency);
    metrics_put (page, METRIC_AGENCY_CANCELLED, cursor->at.cancelled, name, agency);
    metrics_put_time (page, METRIC_AGENCY_LAST_BATCH,
                      (uint64_t) cursor->stored_s * 1000, name, agency);
}

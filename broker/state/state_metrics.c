/* state_metrics.c - what state tells of itself. State; pure.

   Positions: 0 is the process; from 1 on the sections of the schedule; then, shifted
   left, the sequence of the record that opened a draw, and below that 0 for the draw
   itself, or an agency's number. */

#include "state_metrics.h"

#define DRAW_SHIFT  20
#define AGENCY_MASK (((uint64_t) 1 << DRAW_SHIFT) - 1)

static_assert (AGENCIES_MAX < AGENCY_MASK && SCHEDULE_DRAWS_MAX < AGENCY_MASK,
               "a number is below the draw's");

typedef enum {
    AT_SELLING = 0,
    AT_READY = 1,
    AT_EXCUSED = 2,
    AT_SERVED = 3,
    AT_REVEALED = 4
} agency_state_t;

static bool put_plan (const state_facts_t *facts, uint64_t *position,
                      metrics_page_t *page);
static const live_t *find (const state_facts_t *facts, uint64_t draw, uint64_t position,
                           uint64_t *begin);
static void put_draw (const draw_t *draw, metrics_page_t *page);
static void put_notes (const draw_facts_t *facts, metrics_page_t *page);
static void put_terms (const char *name, uint8_t source, uint64_t closes_ms,
                       uint32_t agencies, uint32_t highest, metrics_page_t *page);
static void put_agency (const draw_t *draw, uint32_t agency, metrics_page_t *page);
static agency_state_t state_of (const draw_t *draw, uint32_t agency);

bool state_metrics (const state_facts_t *facts, uint64_t draw, uint64_t *position,
                    metrics_page_t *page)
{
    uint64_t begin;
    if (draw == 0 && *position == 0) {
        metrics_put (page, METRIC_STRAYS, facts->strays);
        *position = 1;
        return true;
    }
    if (draw == 0 && *position <= AGENCY_MASK && put_plan (facts, position, page))
        return true;
    const live_t *live = find (facts, draw, *position, &begin);
    if (!live)
        return false;
    const uint32_t agency =
        *position > begin ? (uint32_t) (*position - begin) : 0; // 0: the draw itself
    if (agency == 0)
        put_draw (live->draw, page);
    else
        put_agency (live->draw, agency, page);
    *position = begin + agency + 1;
    return true;
}

static bool put_plan (const state_facts_t *facts, uint64_t *position,
                      metrics_page_t *page)
{
    schedule_draw_t plan;
    for (; *position <= openings_plans (facts->openings); ++*position) {
        if (!openings_planned (facts->openings, *position - 1, &plan))
            continue;
        put_terms (plan.name, plan.number.source, plan.closes_ms, plan.agencies,
                   plan.highest, page);
        metrics_put (page, METRIC_DRAW_PHASE, PHASE_PLANNED, plan.name);
        metrics_put_time (page, METRIC_DRAW_OPENED, plan.opens_ms, plan.name);
        ++*position;
        return true;
    }
    return false;
}

/* The draw in which this position is, or that comes next; and where it begins. */
static const live_t *find (const state_facts_t *facts, uint64_t draw, uint64_t position,
                           uint64_t *begin)
{
    for (size_t i = 0; i < draws_count (facts->draws); i++) {
        const live_t *live = draws_at (facts->draws, i);
        const draw_facts_t *about = draw_facts (live->draw);
        *begin = live->opened << DRAW_SHIFT;
        if (position <= *begin + about->agencies &&
            (draw == 0 || draw == about->identity))
            return live;
    }
    return NULL;
}

static void put_draw (const draw_t *draw, metrics_page_t *page)
{
    const draw_facts_t *facts = draw_facts (draw);
    const char *name = facts->name;
    put_terms (name, facts->source, facts->closes_ms, facts->agencies, facts->highest,
               page);
    metrics_put (page, METRIC_DRAW_PHASE, facts->phase, name);
    metrics_put (page, METRIC_DRAW_READY, facts->asked, name);
    metrics_put (page, METRIC_DRAW_EXCUSED, facts->excused, name);
    metrics_put (page, METRIC_DRAW_SERVED, facts->served, name);
    metrics_put_time (page, METRIC_DRAW_OPENED, facts->opened_ms, name);
    metrics_put_time (page, METRIC_DRAW_CLOSED, facts->closed_ms, name);
    metrics_put_time (page, METRIC_DRAW_DRAWN, facts->drawn_ms, name);
    if (draw_provable (draw) && draw_noted (draw))
        put_notes (facts, page);
    if (draw_made (draw))
        metrics_put (page, METRIC_DRAW_NUMBER, draw_number (draw), name);
}

/* What its open note says, and how far it is with the others. */
static void put_notes (const draw_facts_t *facts, metrics_page_t *page)
{
    const char *name = facts->name;
    metrics_put (page, METRIC_DRAW_REVEALED, facts->revealed, name);
    metrics_put (page, METRIC_DRAW_LEAST, facts->least, name);
    if (facts->audited)
        metrics_put (page, METRIC_DRAW_ATTESTED, facts->attested, name);
    if (facts->demo)
        metrics_put (page, METRIC_DRAW_DEMO, 1, name);
    if (facts->closed_ms)
        metrics_put_time (page, METRIC_DRAW_COMMITS,
                          facts->closed_ms + (uint64_t) facts->commit_s * 1000, name);
    metrics_put_time (page, METRIC_DRAW_SEALED, facts->sealed_ms, name);
}

static void put_terms (const char *name, uint8_t source, uint64_t closes_ms,
                       uint32_t agencies, uint32_t highest, metrics_page_t *page)
{
    const bool clock = closes_ms != CLOSES_ALL_ASKED && closes_ms != CLOSES_NEVER;
    const char *closes = clock                           ? "clock"
                         : closes_ms == CLOSES_ALL_ASKED ? "all"
                                                         : "never";
    metrics_put (page, METRIC_DRAW_INFO, 1, name, wire_source_name (source), closes);
    metrics_put (page, METRIC_DRAW_AGENCIES, agencies, name);
    metrics_put (page, METRIC_DRAW_HIGHEST, highest, name);
    if (clock)
        metrics_put_time (page, METRIC_DRAW_CLOSES, closes_ms, name);
}

static void put_agency (const draw_t *draw, uint32_t agency, metrics_page_t *page)
{
    const char *name = draw_facts (draw)->name;
    const uint64_t asked_ms = (uint64_t) draw_asked_s (draw, agency) * 1000;
    const uint64_t served_ms = (uint64_t) draw_served_s (draw, agency) * 1000;
    const char *number = METRIC_NUMBER (agency);
    metrics_put (page, METRIC_AGENCY_STATE, state_of (draw, agency), name, number);
    metrics_put_time (page, METRIC_AGENCY_READY, asked_ms, name, number);
    metrics_put_time (page, METRIC_AGENCY_SERVED, served_ms, name, number);
}

/* Who was excused and came all the same is ready. */
static agency_state_t state_of (const draw_t *draw, uint32_t agency)
{
    const provable_t *provable = draw_provable (draw);
    return draw_served (draw, agency)                         ? AT_SERVED
           : provable && provable_revealed (provable, agency) ? AT_REVEALED
           : draw_asked (draw, agency)                        ? AT_READY
           : draw_excused (draw, agency)                      ? AT_EXCUSED
                                                              : AT_SELLING;
}

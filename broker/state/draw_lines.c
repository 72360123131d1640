/* draw_lines.c - what happens to draws, in the log. State. */

#include "draw_lines.h"

#include "local_time.h"
#include "logger.h"
#include "note.h"
#include "note_lines.h"

static void log_opened (const draw_facts_t *facts);

void draw_lines_event (const draw_t *draw, const wire_event_t *event)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (event->kind == EVENT_OPENED)
        log_opened (facts);
    else if (event->kind == EVENT_SEALED)
        logger_event (LOG_INFO, "agencia_lista", LOG_SUCCESS,
                      "draw: %s | agency: %u | cantidad: %llu | ready: %u of %u",
                      facts->name, event->agency, (unsigned long long) event->count,
                      facts->complete, facts->agencies);
    note_lines_log (draw, event);
}

/* Who ordered it may have given a reason; the clock has its own. */
void draw_lines_closed (const draw_t *draw)
{
    const draw_facts_t *facts = draw_facts (draw);
    const bool all = facts->closes_ms == CLOSES_ALL_ASKED &&
                     facts->asked + facts->excused >= facts->agencies;
    const bool hour =
        facts->closes_ms != CLOSES_ALL_ASKED && facts->closes_ms <= facts->closed_ms;
    const bytes_t note = note_reason (bytes_of (facts->note, strlen (facts->note)));
    logger_event (LOG_INFO, "cierre", LOG_SUCCESS,
                  "draw: %s | asked: %u of %u | excused: %u | reason: %.*s%s",
                  facts->name, facts->asked, facts->agencies, facts->excused,
                  (int) note.size, facts->note,
                  note.size > 0 ? ""
                  : all         ? "all have asked"
                  : hour        ? "its hour has come"
                                : "by order");
}

static void log_opened (const draw_facts_t *facts)
{
    char when[LOCAL_TEXT_BYTES];
    logger_event (
        LOG_INFO, "apertura", LOG_SUCCESS,
        "draw: %s | agencies: %u | highest: %u | number: %s | closes: %s", facts->name,
        facts->agencies, facts->highest, wire_source_name (facts->source),
        facts->closes_ms == CLOSES_ALL_ASKED ? "when all have asked"
        : facts->closes_ms == CLOSES_NEVER   ? "by order"
                                             : local_text_utc (facts->closes_ms, when));
}

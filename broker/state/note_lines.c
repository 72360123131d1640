/* note_lines.c - notes of provable draws in the log. State. */

#include "note_lines.h"

#include "fair_paper.h"
#include "logger.h"

static void log_opened (const draw_facts_t *facts, const provable_t *provable);
static void log_hash (const char *action, const draw_facts_t *facts,
                      const hash_t *hash);
static void log_revealed (const draw_facts_t *facts, const wire_event_t *event);

void note_lines_log (const draw_t *draw, const wire_event_t *event)
{
    const draw_facts_t *facts = draw_facts (draw);
    const provable_t *provable = draw_provable (draw);
    if (!provable)
        return;
    switch (event->kind) {
    case EVENT_NOTED:
        log_opened (facts, provable);
        break;
    case EVENT_COMMITTED:
        logger_event (LOG_INFO, "agencia_lista", LOG_SUCCESS,
                      "draw: %s | agency: %u | cantidad: %llu | committed: %u of %u",
                      facts->name, event->agency, (unsigned long long) event->count,
                      facts->asked, facts->agencies);
        break;
    case EVENT_LOCKED:
        log_hash ("sello", facts, provable_seal (provable));
        break;
    case EVENT_ATTESTED:
        log_hash ("sello_auditado", facts, provable_seal (provable));
        break;
    case EVENT_REVEALED:
        log_revealed (facts, event);
        break;
    case EVENT_PUBLISHED:
        log_hash ("resultado", facts, provable_seal (provable));
        break;
    }
}

static void log_opened (const draw_facts_t *facts, const provable_t *provable)
{
    char hash[SHA256_TEXT_BYTES];
    logger_event (
        LOG_INFO, "nota_abierta", LOG_SUCCESS,
        "draw: %s | open: %s | least: %u of %u | commit_s: %u | auditor: %s | "
        "demo: %s",
        facts->name, hash_text (provable_hash (provable), hash), facts->least,
        facts->agencies, facts->commit_s, facts->audited ? "yes" : "none",
        facts->demo ? "yes" : "no");
}

static void log_hash (const char *action, const draw_facts_t *facts, const hash_t *hash)
{
    char text[SHA256_TEXT_BYTES];
    logger_event (LOG_INFO, action, LOG_SUCCESS,
                  "draw: %s | seal: %s | committed: %u of %u | revealed: %u",
                  facts->name, hash_text (hash, text), facts->asked, facts->agencies,
                  facts->revealed);
}

static void log_revealed (const draw_facts_t *facts, const wire_event_t *event)
{
    fair_paper_t paper;
    bytes_t by;
    const bool auditor =
        fair_paper_read (event->text, &paper) && fair_paper_find (&paper, "by", &by);
    logger_event (LOG_INFO, "revelacion", LOG_SUCCESS,
                  "draw: %s | agency: %u | by: %s | revealed: %u of %u", facts->name,
                  event->agency, auditor ? "auditor" : "agency", facts->revealed,
                  facts->asked);
}

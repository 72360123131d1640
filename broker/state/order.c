/* order.c - what an operator orders, judged. State; pure. */

#include "order.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "local_time.h"

static verdict_t judge_close (const draw_t *draw);
static verdict_t judge_number (const draw_t *draw, const wire_order_t *order);
static verdict_t judge_excuse (const draw_t *draw, uint32_t agency);
static verdict_t judge_void (const draw_t *draw);
static verdict_t judge_attest (const draw_t *draw);
static verdict_t judge_reveal (const draw_t *draw, uint32_t agency);
static verdict_t not_sealed (const draw_t *draw);
static verdict_t it_is (const draw_facts_t *facts, uint32_t number);
static verdict_t no (wire_code_t code, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static void end_at_character (char *text);

verdict_t order_judge (const draw_t *draw, const wire_order_t *order, uint32_t agency)
{
    verdict_t verdict;
    switch (order->order) {
    case ORDER_CLOSE:
        verdict = judge_close (draw);
        break;
    case ORDER_NUMBER:
        return judge_number (draw, order);
    case ORDER_EXCUSE:
        verdict = judge_excuse (draw, agency);
        break;
    case ORDER_VOID:
        verdict = judge_void (draw);
        break;
    case ORDER_ATTEST:
        return judge_attest (draw);
    case ORDER_REVEAL:
        return judge_reveal (draw, agency);
    default:
        return no (REFUSED_COMMAND, "there is no such order");
    }
    verdict.event.text = order->note;
    return verdict;
}

verdict_t order_judge_opening (const wire_order_t *order, const terms_t *own,
                               uint64_t wall_ms)
{
    char when[LOCAL_TEXT_BYTES];
    wire_event_t event = {
        .kind = EVENT_OPENED,
        .source = order->source,
        .agencies =
            order->agencies == ORDER_OWN_AGENCIES ? own->agencies : order->agencies,
        .number = order->number,
        .highest = order->highest == ORDER_OWN_HIGHEST ? own->highest : order->highest,
        .closes_ms = order->closes_ms,
        .text = order->name};
    if (order->source == ORDER_OWN_SOURCE) {
        event.source = own->source;
        event.number = own->number;
    }
    if (draw_name_fault (order->name))
        return no (REFUSED_BODY, "a draw has a name, which %s",
                   draw_name_fault (order->name));
    if (event.agencies > AGENCIES_MAX)
        return no (REFUSED_RANGE, "a roll has 1 to %u agencies", AGENCIES_MAX);
    if (event.highest > own->highest)
        return no (REFUSED_RANGE,
                   "numbers beyond %u are not taken here: that is the central's "
                   "--number-max",
                   own->highest);
    if (event.source != SOURCE_FIXED)
        event.number = 0;
    if (event.number > event.highest)
        return no (REFUSED_RANGE, "its number is beyond the highest, %u",
                   event.highest);
    if (event.closes_ms != CLOSES_ALL_ASKED && event.closes_ms <= wall_ms)
        return no (REFUSED_RANGE, "it would close before it is opened, at %s",
                   local_text_utc (event.closes_ms, when));
    return (verdict_t){.code = REFUSED_OK, .event = event};
}

wire_event_t order_opening (const terms_t *terms)
{
    return (wire_event_t){.kind = EVENT_OPENED,
                          .source = terms->source,
                          .agencies = terms->agencies,
                          .number = terms->number,
                          .highest = terms->highest,
                          .closes_ms = terms->closes_ms,
                          .text = bytes_of (terms->name, strlen (terms->name))};
}

static verdict_t judge_close (const draw_t *draw)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (facts->phase != PHASE_OPEN)
        return it_is (facts, draw_number (draw));
    return (verdict_t){.event = {.kind = EVENT_CLOSED}};
}

static verdict_t judge_number (const draw_t *draw, const wire_order_t *order)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (draw_finished (draw))
        return it_is (facts, draw_number (draw));
    if (facts->source != SOURCE_ENTERED)
        return no (REFUSED_PHASE, "the number of %s is %s: nobody enters it",
                   facts->name,
                   facts->source == SOURCE_FIXED    ? "fixed"
                   : facts->source == SOURCE_RANDOM ? "drawn by chance"
                                                    : "what all nonces make it");
    if (facts->phase == PHASE_OPEN)
        return no (REFUSED_PHASE, "%s is open: its number is entered after the close",
                   facts->name);
    if (order->number > facts->highest)
        return no (REFUSED_RANGE, "the highest number of %s is %u", facts->name,
                   facts->highest);
    return (verdict_t){.event = {.kind = EVENT_DRAWN, .number = order->number}};
}

static verdict_t judge_excuse (const draw_t *draw, uint32_t agency)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (!draw_on_roll (draw, agency))
        return no (REFUSED_AGENCY, "agency %u is not on the roll of %s (1 to %u)",
                   agency, facts->name, facts->agencies);
    if (draw_excused (draw, agency))
        return no (REFUSED_PHASE, "agency %u is already excused from %s", agency,
                   facts->name);
    if (facts->phase != PHASE_OPEN)
        return it_is (facts, draw_number (draw));
    if (draw_asked (draw, agency))
        return no (REFUSED_PHASE,
                   "agency %u has already asked for its results of %s: it is not "
                   "waited for",
                   agency, facts->name);
    if (!draw_noted (draw))
        return no (REFUSED_PHASE, "%s does not have its open note yet", facts->name);
    if (draw_provable (draw) && facts->asked + draw_awaited (draw) <= facts->least)
        return no (REFUSED_PHASE,
                   "%u agencies have to commit in %s, and without agency %u too few "
                   "could: it is waited for",
                   facts->least, facts->name, agency);
    return (verdict_t){.event = {.kind = EVENT_EXCUSED, .agency = agency}};
}

static verdict_t judge_void (const draw_t *draw)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (facts->phase != PHASE_OPEN && facts->phase != PHASE_CLOSED)
        return it_is (facts, draw_number (draw));
    return (verdict_t){.event = {.kind = EVENT_VOIDED}};
}

static verdict_t judge_attest (const draw_t *draw)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (!draw_provable (draw) || facts->phase != PHASE_SEALED)
        return not_sealed (draw);
    if (!facts->audited)
        return no (REFUSED_PHASE, "%s was opened without an auditor", facts->name);
    if (facts->attested)
        return no (REFUSED_PHASE, "the auditor has already signed the seal of %s",
                   facts->name);
    return (verdict_t){.event = {.kind = EVENT_ATTESTED}};
}

static verdict_t judge_reveal (const draw_t *draw, uint32_t agency)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (!draw_provable (draw) || facts->phase != PHASE_SEALED)
        return not_sealed (draw);
    if (!draw_on_roll (draw, agency))
        return no (REFUSED_AGENCY, "agency %u is not on the roll of %s (1 to %u)",
                   agency, facts->name, facts->agencies);
    return (verdict_t){.event = {.kind = EVENT_REVEALED, .agency = agency}};
}

static verdict_t not_sealed (const draw_t *draw)
{
    const draw_facts_t *facts = draw_facts (draw);
    if (!draw_provable (draw))
        return no (REFUSED_PHASE, "%s is no provable draw", facts->name);
    if (draw_finished (draw) || draw_made (draw))
        return it_is (facts, draw_number (draw));
    return no (REFUSED_PHASE, "%s is not sealed yet", facts->name);
}

/* It is too late, and this is how things are. */
static verdict_t it_is (const draw_facts_t *facts, uint32_t number)
{
    char when[LOCAL_TEXT_BYTES];
    if (facts->phase == PHASE_DRAWN)
        return no (REFUSED_PHASE, "%s is drawn, with the number %u: that is final",
                   facts->name, number);
    if (facts->phase == PHASE_SEALED)
        return no (REFUSED_PHASE,
                   "%s was sealed at %s: that cannot be undone, nobody is excused, and "
                   "it cannot be made void",
                   facts->name, local_text_utc (facts->sealed_ms, when));
    if (facts->phase == PHASE_VOID)
        return no (REFUSED_PHASE, "%s was made void at %s%s%s", facts->name,
                   local_text_utc (facts->drawn_ms, when), facts->note[0] ? ": " : "",
                   facts->note);
    return no (REFUSED_PHASE, "%s was closed at %s%s%s", facts->name,
               local_text_utc (facts->closed_ms, when), facts->note[0] ? ": " : "",
               facts->note);
}

static verdict_t no (wire_code_t code, const char *format, ...)
{
    verdict_t verdict = {.code = code};
    va_list values;
    va_start (values, format);
    const int size = vsnprintf (verdict.text, sizeof verdict.text, format, values);
    va_end (values);
    if (size > REFUSAL_TEXT_MAX)
        end_at_character (verdict.text);
    return verdict;
}

/* A text that was cut ends with a whole character. */
static void end_at_character (char *text)
{
    size_t size = strlen (text);
    while (size > 0 && (text[size - 1] & 0xC0) == 0x80)
        size--;
    if (size > 0 && (text[size - 1] & 0x80))
        size--;
    text[size] = 0;
}

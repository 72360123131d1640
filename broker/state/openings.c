/* openings.c - the draws that state opens by itself. State; pure. */

#include "openings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "logger.h"

typedef enum { SLOT_IDLE, SLOT_OPENING, SLOT_LOOKING } slot_stage_t;

typedef struct { // an opening that is under way
    slot_stage_t stage;
    terms_t terms;
    uint64_t until_ms; // by the clock on the wall; then it is not due any more
    uint64_t draw;     // its identity
    bool asked;        // of storage, and when it is asked again
    int64_t again_ms;
    char settled[DRAW_NAME_BYTES_MAX + 1]; // the latest that is there
} slot_t;

struct openings {
    const schedule_t *schedule;
    draws_t *draws;
    follower_t *follower;
    terms_closes_t closes;
    openings_own_t own;
    bool closes_told; // that the own draw closes in another way than asked for
    size_t count;
    slot_t *slots;   // the own one, and one for each section of the schedule
    int64_t look_ms; // when the schedule is to be looked at again
    int64_t now_ms;
    uint64_t wall_ms;
    logger_limit_t refused_lines;
};

static void look_at_schedule (openings_t *openings);
static int64_t next_look (const openings_t *openings);
static void look_at_plan (openings_t *openings, size_t plan);
static bool is_there (const openings_t *openings, const slot_t *slot, const char *name);
static void begin (openings_t *openings, slot_t *slot, const terms_t *terms,
                   uint64_t until_ms);
static void pursue (openings_t *openings, slot_t *slot);
static void settle (openings_t *openings, slot_t *slot, const live_t *live);
static openings_own_t compare_own (const openings_t *openings, const live_t *live);
static void tell_if_closes_otherwise (openings_t *openings);
static terms_closing_t closing_of (uint64_t closes_ms);
static void ask (openings_t *openings, slot_t *slot);
static void name_taken (openings_t *openings, slot_t *slot);
static void not_found (openings_t *openings, slot_t *slot);
static const live_t *live_named (const openings_t *openings, const char *name);

static const envelope_t nobodys = {0};

openings_t *openings_new (const terms_t *own, terms_closes_t closes,
                          const schedule_t *schedule, draws_t *draws,
                          follower_t *follower)
{
    openings_t *openings = calloc (1, sizeof *openings);
    assert (openings);
    openings->schedule = schedule;
    openings->draws = draws;
    openings->follower = follower;
    openings->closes = closes;
    openings->own = own->name[0] ? OWN_WANTED : OWN_SETTLED;
    openings->count = 1 + schedule_size (schedule);
    openings->slots = calloc (openings->count, sizeof (slot_t));
    assert (openings->slots);
    openings->slots[0].terms = *own;
    openings->look_ms = schedule_size (schedule) > 0 ? INT64_MIN : INT64_MAX;
    return openings;
}

void openings_destroy (openings_t **openings)
{
    if (*openings) {
        free ((*openings)->slots);
        free (*openings);
    }
    *openings = NULL;
}

void openings_tick (openings_t *openings, int64_t now_ms, uint64_t wall_ms)
{
    openings->now_ms = now_ms;
    openings->wall_ms = wall_ms;
}

void openings_pursue (openings_t *openings)
{
    slot_t *own = &openings->slots[0];
    if (openings->own == OWN_WANTED && own->stage == SLOT_IDLE) {
        own->terms.closes_ms = terms_closes_ms (openings->closes, openings->wall_ms);
        begin (openings, own, &own->terms, UINT64_MAX);
    }
    if (openings->now_ms >= openings->look_ms)
        look_at_schedule (openings);
    for (size_t i = 0; i < openings->count; i++)
        if (openings->slots[i].stage != SLOT_IDLE)
            pursue (openings, &openings->slots[i]);
    tell_if_closes_otherwise (openings);
}

int64_t openings_deadline (const openings_t *openings)
{
    int64_t deadline_ms = openings->look_ms;
    for (size_t i = 0; i < openings->count; i++) {
        const slot_t *slot = &openings->slots[i];
        if (slot->stage != SLOT_IDLE && slot->asked && slot->again_ms < deadline_ms &&
            follower_reachable (openings->follower))
            deadline_ms = slot->again_ms;
    }
    return deadline_ms;
}

bool openings_want (const openings_t *openings)
{
    for (size_t i = 0; i < openings->count; i++)
        if (openings->slots[i].stage != SLOT_IDLE)
            return true;
    return openings->own == OWN_WANTED;
}

bool openings_refused (openings_t *openings, const wire_message_t *message)
{
    const uint16_t code = message->refused.code;
    slot_t *slot = NULL;
    for (size_t i = 0; i < openings->count; i++)
        if (openings->slots[i].stage != SLOT_IDLE && openings->slots[i].asked &&
            openings->slots[i].draw == message->draw)
            slot = &openings->slots[i];
    if (!slot || code == REFUSED_BUSY || code == REFUSED_NOSPACE ||
        code == REFUSED_SUPERSEDED)
        return false; // it is asked again, or all is over
    if (slot->stage == SLOT_OPENING && code == REFUSED_NAME)
        name_taken (openings, slot);
    else if (slot->stage == SLOT_LOOKING && code == REFUSED_DRAW)
        not_found (openings, slot);
    else
        logger_event_limited (&openings->refused_lines, openings->now_ms, LOG_WARNING,
                              "apertura", LOG_IN_PROGRESS,
                              "draw: %s | code: %s | reason: %s | consequence: it is "
                              "tried again",
                              slot->terms.name, wire_code_name (code),
                              wire_code_text (code) ? wire_code_text (code) : "?");
    return true;
}

openings_own_t openings_own (const openings_t *openings)
{
    return openings->own;
}

size_t openings_plans (const openings_t *openings)
{
    return openings->count - 1;
}

bool openings_planned (const openings_t *openings, size_t plan, schedule_draw_t *draw)
{
    const slot_t *slot = &openings->slots[1 + plan];
    uint64_t at_ms = openings->wall_ms;
    bool found = schedule_draw (openings->schedule, plan, at_ms, draw);
    while (found && draw->until_ms > at_ms && is_there (openings, slot, draw->name)) {
        at_ms = draw->until_ms;
        found = schedule_draw (openings->schedule, plan, at_ms, draw);
    }
    return found;
}

static void look_at_schedule (openings_t *openings)
{
    for (size_t i = 1; i < openings->count; i++)
        if (openings->slots[i].stage == SLOT_IDLE)
            look_at_plan (openings, i - 1);
    openings->look_ms = next_look (openings);
}

/* The clock on the wall may be set meanwhile. */
static int64_t next_look (const openings_t *openings)
{
    const uint64_t next_ms = schedule_next (openings->schedule, openings->wall_ms);
    const uint64_t left_ms =
        next_ms > openings->wall_ms ? next_ms - openings->wall_ms : 0;
    return openings->now_ms +
           (left_ms < WALL_LOOK_MS ? (int64_t) left_ms : WALL_LOOK_MS);
}

static void look_at_plan (openings_t *openings, size_t plan)
{
    slot_t *slot = &openings->slots[1 + plan];
    schedule_draw_t draw;
    if (!schedule_draw (openings->schedule, plan, openings->wall_ms, &draw) ||
        draw.opens_ms > openings->wall_ms || is_there (openings, slot, draw.name))
        return;
    terms_t terms = {.agencies = draw.agencies,
                     .highest = draw.highest,
                     .source = draw.number.source,
                     .number = draw.number.number,
                     .closes_ms = draw.closes_ms};
    strcpy (terms.name, draw.name);
    begin (openings, slot, &terms, draw.until_ms);
}

static bool is_there (const openings_t *openings, const slot_t *slot, const char *name)
{
    return strcmp (slot->settled, name) == 0 || live_named (openings, name);
}

static void begin (openings_t *openings, slot_t *slot, const terms_t *terms,
                   uint64_t until_ms)
{
    slot->stage = SLOT_OPENING;
    slot->terms = *terms;
    slot->until_ms = until_ms;
    slot->draw = follower_new_identity (openings->follower);
    slot->asked = false;
}

static void pursue (openings_t *openings, slot_t *slot)
{
    const live_t *live = live_named (openings, slot->terms.name);
    if (live) {
        settle (openings, slot, live);
        return;
    }
    if (slot->stage == SLOT_OPENING && openings->wall_ms >= slot->until_ms) {
        slot->stage = slot->asked ? SLOT_LOOKING : SLOT_IDLE;
        slot->asked = false;
    }
    if (!follower_reachable (openings->follower))
        slot->again_ms = openings->now_ms; // what was asked may be lost
    else if (slot->stage != SLOT_IDLE &&
             (!slot->asked || openings->now_ms >= slot->again_ms))
        ask (openings, slot);
}

static void settle (openings_t *openings, slot_t *slot, const live_t *live)
{
    strcpy (slot->settled, slot->terms.name);
    slot->stage = SLOT_IDLE;
    if (slot == openings->slots)
        openings->own = compare_own (openings, live);
}

/* A state with other terms would make another draw of it. When it closes is compared by
   nobody: the next 21:00 is another one each day. */
static openings_own_t compare_own (const openings_t *openings, const live_t *live)
{
    const terms_t *own = &openings->slots[0].terms;
    const draw_facts_t *facts = draw_facts (live->draw);
    if (facts->agencies != own->agencies)
        return OWN_OTHER_AGENCIES;
    if (facts->source != own->source)
        return OWN_OTHER_SOURCE;
    if (own->source == SOURCE_FIXED && draw_number (live->draw) != own->number)
        return OWN_OTHER_NUMBER;
    return OWN_SETTLED;
}

/* Once, when it is known how the draw stands: the options change nothing of it. */
static void tell_if_closes_otherwise (openings_t *openings)
{
    static const char *const names[] = {[TERMS_ALL_ASKED] = "all-asked",
                                        [TERMS_AT] = "at a time",
                                        [TERMS_NEVER] = "never"};
    const slot_t *own = &openings->slots[0];
    const live_t *live = live_named (openings, own->terms.name);
    if (openings->closes_told || openings->own != OWN_SETTLED || !live ||
        !live_up_to_date (live))
        return;
    const draw_facts_t *facts = draw_facts (live->draw);
    const terms_closing_t closing = closing_of (facts->closes_ms);
    openings->closes_told = true;
    if (facts->phase == PHASE_OPEN && closing != openings->closes.closing)
        logger_event (LOG_WARNING, "estado", LOG_IN_PROGRESS,
                      "draw: %s | closes: %s | reason: it was opened so, and --closes "
                      "(%s) changes nothing of it",
                      own->terms.name, names[closing], names[openings->closes.closing]);
}

static terms_closing_t closing_of (uint64_t closes_ms)
{
    return closes_ms == CLOSES_ALL_ASKED ? TERMS_ALL_ASKED
           : closes_ms == CLOSES_NEVER   ? TERMS_NEVER
                                         : TERMS_AT;
}

static void ask (openings_t *openings, slot_t *slot)
{
    const wire_event_t opened = order_opening (&slot->terms);
    const wire_message_t lookup = {
        .command = WIRE_LOOKUP,
        .draw = slot->draw, // for the refusal to say
        .lookup = {.epoch = follower_epoch (openings->follower), .name = opened.text}};
    slot->asked = true;
    slot->again_ms = openings->now_ms + ASK_AGAIN_MS;
    if (slot->stage == SLOT_LOOKING)
        follower_ask (openings->follower, &nobodys, &lookup);
    else
        follower_open (openings->follower, slot->draw, &opened);
}

/* Of the own one the terms have to be compared. */
static void name_taken (openings_t *openings, slot_t *slot)
{
    if (slot == openings->slots)
        slot->stage = SLOT_LOOKING;
    else {
        strcpy (slot->settled, slot->terms.name);
        slot->stage = SLOT_IDLE;
    }
    slot->asked = false;
}

/* The own one is opened after all; another one was too late, or not recorded. */
static void not_found (openings_t *openings, slot_t *slot)
{
    slot->stage = slot == openings->slots ? SLOT_OPENING : SLOT_IDLE;
    slot->asked = false;
}

static const live_t *live_named (const openings_t *openings, const char *name)
{
    return draws_named (openings->draws, bytes_of (name, strlen (name)));
}

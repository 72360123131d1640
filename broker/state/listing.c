/* listing.c - the draws that state knows, told to an operator. State; pure. */

#include "listing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t look_at_plans (const openings_t *openings, schedule_draw_t *plans);
static wire_message_t describe (const draw_t *draw);
static wire_message_t describe_plan (const schedule_draw_t *plan);

static const envelope_t nobodys = {0};

void listing_tell (const draws_t *draws, const openings_t *openings, uint32_t from,
                   bytes_t peer, outbox_t *outbox)
{
    schedule_draw_t plans[SCHEDULE_DRAWS_MAX];
    const wire_message_t none = {.command = WIRE_DRAW};
    const size_t live = draws_count (draws);
    const size_t total = live + look_at_plans (openings, plans);
    if (from >= total)
        outbox_write (outbox, peer, &nobodys, &none);
    for (size_t i = from; i < total && i - from < LIST_DRAWS; i++) {
        wire_message_t message = i < live ? describe (draws_at (draws, i)->draw)
                                          : describe_plan (&plans[i - live]);
        message.listed.index = (uint32_t) i;
        message.listed.total = (uint32_t) total;
        outbox_write (outbox, peer, &nobodys, &message);
    }
}

wire_message_t listing_row (const draw_t *draw)
{
    wire_message_t row = describe (draw);
    row.listed.total = 1;
    return row;
}

static size_t look_at_plans (const openings_t *openings, schedule_draw_t *plans)
{
    size_t count = 0;
    assert (openings_plans (openings) <= SCHEDULE_DRAWS_MAX);
    for (size_t i = 0; i < openings_plans (openings); i++)
        count += openings_planned (openings, i, &plans[count]);
    return count;
}

/* Its number once it is made: until then it is a secret. */
static wire_message_t describe (const draw_t *draw)
{
    const draw_facts_t *facts = draw_facts (draw);
    return (wire_message_t){
        .command = WIRE_DRAW,
        .draw = facts->identity,
        .listed = {.phase = (uint8_t) facts->phase,
                   .source = facts->source,
                   .agencies = facts->agencies,
                   .ready = facts->asked,
                   .excused = facts->excused,
                   .served = facts->served,
                   .number = draw_made (draw) ? draw_number (draw) : 0,
                   .highest = facts->highest,
                   .opened_ms = facts->opened_ms,
                   .closes_ms = facts->closes_ms,
                   .closed_ms = facts->closed_ms,
                   .drawn_ms = facts->drawn_ms,
                   .name = bytes_of (facts->name, strlen (facts->name))}};
}

static wire_message_t describe_plan (const schedule_draw_t *plan)
{
    return (wire_message_t){
        .command = WIRE_DRAW,
        .listed = {.phase = PHASE_PLANNED,
                   .source = plan->number.source,
                   .agencies = plan->agencies,
                   .highest = plan->highest,
                   .opened_ms = plan->opens_ms,
                   .closes_ms = plan->closes_ms,
                   .name = bytes_of (plan->name, strlen (plan->name))}};
}

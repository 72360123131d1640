/* tally.c - how many winners each draw had: loteria-web. One question at a time, for a
   few agencies: what else is asked of state has its turn in between. */

#include "tally.h"

#include <assert.h>
#include <stdlib.h>

#define AGENCIES_AT_ONCE 8
#define AGAIN_MS         5000 // after a question that was not answered
#define TRIES            5    // for a draw; who counts less gives it up

typedef enum { WAITS, UNDER_WAY, COUNTED, GIVEN_UP } progress_t;

typedef struct {
    char name[DRAW_NAME_BYTES_MAX + 1];
    uint64_t drawn_ms;
    progress_t progress;
    uint64_t identity;         // 0: to be looked up
    uint32_t agency, agencies; // the next to ask about, of so many
    uint64_t cursor;           // of its next page
    uint64_t winners;
    unsigned tries;
} counted_t;

struct tally {
    counted_t draws[TALLY_DRAWS_MAX]; // a ring
    size_t count, next;
    counted_t *current; // being counted
    bool asks, refused;
    unsigned asked; // agencies in this question
    int64_t later_ms;
};

static void note_new (tally_t *tally, const view_t *view);
static counted_t *find (const tally_t *tally, const view_draw_t *draw);
static counted_t *choose (tally_t *tally, const view_t *view);
static wire_message_t question_of (const counted_t *draw);
static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);
static asker_say_t take_draw (counted_t *draw, const wire_draw_t *listed,
                              uint64_t identity);
static asker_say_t take_winners (tally_t *tally, const wire_winners_t *page,
                                 wire_message_t *question);
static void over (void *context, status_part_t part, const char *reason);

tally_t *tally_new (void)
{
    tally_t *tally = calloc (1, sizeof *tally);
    assert (tally);
    return tally;
}

void tally_destroy (tally_t **tally)
{
    free (*tally);
    *tally = NULL;
}

void tally_turn (tally_t *tally, const view_t *view, asker_t *asker, int64_t now_ms)
{
    if (!view || !asker || tally->asks || now_ms < tally->later_ms)
        return;
    note_new (tally, view);
    if (!tally->current || tally->current->progress != UNDER_WAY)
        tally->current = choose (tally, view);
    if (!tally->current)
        return;
    tally->current->progress = UNDER_WAY;
    tally->asked = 0;
    tally->refused = false;
    tally->later_ms = now_ms + AGAIN_MS; // unless it is answered
    const asker_question_t question = {.message = question_of (tally->current),
                                       .take = take,
                                       .over = over,
                                       .context = tally};
    tally->asks = asker_ask (asker, STATUS_STATE, &question, now_ms);
}

void tally_lose (tally_t *tally)
{
    tally->asks = false;
}

bool tally_winners (const tally_t *tally, const view_draw_t *draw, uint64_t *winners)
{
    const counted_t *counted = find (tally, draw);
    if (!counted || counted->progress != COUNTED)
        return false;
    *winners = counted->winners;
    return true;
}

/* The one that was noted first makes room; not that which is being counted. */
static void note_new (tally_t *tally, const view_t *view)
{
    for (size_t i = 0; i < view->draws; i++) {
        const view_draw_t *draw = &view->draw[i];
        counted_t *place = &tally->draws[tally->next];
        if (draw->phase != PHASE_DRAWN || !draw->has_phase || find (tally, draw) ||
            (place == tally->current && place->progress == UNDER_WAY))
            continue;
        *place = (counted_t){.drawn_ms = draw->drawn_ms};
        memcpy (place->name, draw->name, sizeof place->name);
        tally->next = (tally->next + 1) % TALLY_DRAWS_MAX;
        tally->count += tally->count < TALLY_DRAWS_MAX;
    }
}

static counted_t *find (const tally_t *tally, const view_draw_t *draw)
{
    for (size_t i = 0; i < tally->count; i++)
        if (tally->draws[i].drawn_ms == draw->drawn_ms &&
            strcmp (tally->draws[i].name, draw->name) == 0)
            return (counted_t *) &tally->draws[i];
    return NULL;
}

/* The view has the latest first. */
static counted_t *choose (tally_t *tally, const view_t *view)
{
    for (size_t i = 0; i < view->draws; i++) {
        counted_t *draw = find (tally, &view->draw[i]);
        if (draw && draw->progress == WAITS)
            return draw;
    }
    return NULL;
}

static wire_message_t question_of (const counted_t *draw)
{
    if (draw->identity == 0)
        return (wire_message_t){
            .command = WIRE_LOOKUP,
            .lookup = {.name = bytes_of (draw->name, strlen (draw->name))}};
    return (wire_message_t){.command = WIRE_RESULTS,
                            .agency = draw->agency,
                            .draw = draw->identity,
                            .cursor = draw->cursor};
}

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    tally_t *tally = context;
    if (answer && answer->command == WIRE_DRAW && question->command == WIRE_LOOKUP)
        return take_draw (tally->current, &answer->listed, answer->draw);
    if (answer && answer->command == WIRE_WINNERS && question->command == WIRE_RESULTS)
        return take_winners (tally, &answer->winners, question);
    tally->refused = true;
    if (++tally->current->tries == TRIES)
        tally->current->progress = GIVEN_UP;
    tally->current->identity = 0; // it may have been put away meanwhile
    return ASKER_OVER;
}

static asker_say_t take_draw (counted_t *draw, const wire_draw_t *listed,
                              uint64_t identity)
{
    draw->identity = identity;
    draw->agencies = listed->agencies;
    if (draw->agency == 0)
        draw->agency = 1;
    if (listed->phase != PHASE_DRAWN || listed->agencies == 0 ||
        listed->agencies > AGENCIES_MAX)
        draw->progress = GIVEN_UP;
    return ASKER_OVER;
}

static asker_say_t take_winners (tally_t *tally, const wire_winners_t *page,
                                 wire_message_t *question)
{
    counted_t *draw = tally->current;
    draw->winners += page->count;
    draw->cursor = page->next > draw->cursor ? page->next : 0;
    if (draw->cursor == 0 && draw->agency++ == draw->agencies) {
        draw->progress = COUNTED;
        return ASKER_OVER;
    }
    *question = question_of (draw);
    return ++tally->asked < AGENCIES_AT_ONCE ? ASKER_NEXT : ASKER_OVER;
}

static void over (void *context, status_part_t part, const char *reason)
{
    tally_t *tally = context;
    (void) part;
    tally->asks = false;
    if (!reason && !tally->refused)
        tally->later_ms = 0;
}

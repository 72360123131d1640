/* draw.c - the draw's automaton. State; pure. */

#include "draw.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    bool sealed, served;
    uint64_t count;
    uint64_t digest;
} seat_t;

struct draw {
    uint32_t agencies, number;
    uint32_t ready, served;
    bool made;
    uint64_t identity;
    seat_t *roll; // by agency, from 1
};

static int open_roll (draw_t *draw, const wire_event_t *event);
static int seal_agency (draw_t *draw, const wire_event_t *event);
static int make (draw_t *draw, const wire_event_t *event);
static int serve_agency (draw_t *draw, const wire_event_t *event);

draw_t *draw_new (uint64_t identity)
{
    draw_t *draw = calloc (1, sizeof *draw);
    assert (draw);
    draw->identity = identity;
    return draw;
}

void draw_destroy (draw_t **draw)
{
    if (*draw) {
        free ((*draw)->roll);
        free (*draw);
    }
    *draw = NULL;
}

int draw_apply (draw_t *draw, const wire_event_t *event)
{
    switch (event->kind) {
    case EVENT_OPENED:
        return open_roll (draw, event);
    case EVENT_SEALED:
        return seal_agency (draw, event);
    case EVENT_DRAWN:
        return make (draw, event);
    case EVENT_SERVED:
        return serve_agency (draw, event);
    default:
        return -1;
    }
}

draw_answer_t draw_ready (const draw_t *draw, uint32_t agency,
                          const wire_tally_t *tally, wire_code_t *code)
{
    *code = REFUSED_OK;
    if (!draw_on_roll (draw, agency)) {
        *code = REFUSED_AGENCY;
        return DRAW_REFUSE;
    }
    const seat_t *seat = &draw->roll[agency];
    if (seat->sealed && seat->count != tally->count)
        *code = REFUSED_TALLY;
    else if (seat->sealed && seat->digest != tally->digest)
        *code = REFUSED_CONFLICT;
    if (*code != REFUSED_OK)
        return DRAW_REFUSE;
    if (!seat->sealed)
        return DRAW_ASK_SEAL;
    return draw->made ? DRAW_TELL : DRAW_WAIT;
}

uint64_t draw_identity (const draw_t *draw)
{
    return draw->identity;
}

bool draw_opened (const draw_t *draw)
{
    return draw->roll != NULL;
}

bool draw_on_roll (const draw_t *draw, uint32_t agency)
{
    return agency >= 1 && agency <= draw->agencies;
}

bool draw_sealed (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) && draw->roll[agency].sealed;
}

bool draw_served (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) && draw->roll[agency].served;
}

uint64_t draw_count (const draw_t *draw, uint32_t agency)
{
    return draw_on_roll (draw, agency) ? draw->roll[agency].count : 0;
}

bool draw_due (const draw_t *draw)
{
    return draw_opened (draw) && draw->ready == draw->agencies && !draw->made;
}

bool draw_made (const draw_t *draw)
{
    return draw->made;
}

bool draw_all_served (const draw_t *draw)
{
    return draw->made && draw->served == draw->agencies;
}

wire_day_t draw_day (const draw_t *draw, uint32_t agency)
{
    return draw->made ? DAY_DRAWN : draw_sealed (draw, agency) ? DAY_SEALED : DAY_OPEN;
}

uint32_t draw_agencies (const draw_t *draw)
{
    return draw->agencies;
}

uint32_t draw_agencies_ready (const draw_t *draw)
{
    return draw->ready;
}

uint32_t draw_number (const draw_t *draw)
{
    return draw->number;
}

static int open_roll (draw_t *draw, const wire_event_t *event)
{
    if (draw_opened (draw) || event->agencies < 1 || event->agencies > AGENCIES_MAX)
        return -1;
    draw->agencies = event->agencies;
    draw->number = event->number;
    draw->roll = calloc ((size_t) event->agencies + 1, sizeof (seat_t));
    assert (draw->roll);
    return 0;
}

static int seal_agency (draw_t *draw, const wire_event_t *event)
{
    if (!draw_on_roll (draw, event->agency) || draw->roll[event->agency].sealed)
        return -1;
    seat_t *seat = &draw->roll[event->agency];
    seat->sealed = true;
    seat->count = event->count;
    seat->digest = event->digest;
    draw->ready++;
    return 0;
}

static int make (draw_t *draw, const wire_event_t *event)
{
    if (!draw_due (draw) || event->number != draw->number)
        return -1;
    draw->made = true;
    return 0;
}

static int serve_agency (draw_t *draw, const wire_event_t *event)
{
    if (!draw->made || !draw_on_roll (draw, event->agency) ||
        draw->roll[event->agency].served)
        return -1;
    draw->roll[event->agency].served = true;
    draw->served++;
    return 0;
}

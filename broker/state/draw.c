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
    uint64_t identity; // 0: not known yet
    seat_t *roll;      // by agency, from 1
};

static int open_roll (draw_t *draw, const draw_record_t *record);
static int seal_agency (draw_t *draw, const draw_record_t *record);
static int make (draw_t *draw);
static int serve_agency (draw_t *draw, const draw_record_t *record);

draw_t *draw_new (void)
{
    draw_t *draw = calloc (1, sizeof *draw);
    assert (draw);
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

int draw_apply (draw_t *draw, const draw_record_t *record)
{
    switch (record->event) {
    case DRAW_OPENED:
        return open_roll (draw, record);
    case DRAW_SEALED:
        return seal_agency (draw, record);
    case DRAW_DRAWN:
        return make (draw);
    case DRAW_SERVED:
        return serve_agency (draw, record);
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
    if (draw_is_other (draw, tally->draw))
        *code = REFUSED_DRAW;
    else if (seat->sealed && seat->count != tally->count)
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

bool draw_is_other (const draw_t *draw, uint64_t identity)
{
    return draw->identity != 0 && draw->identity != identity;
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

void draw_put_record (uint8_t *payload, const draw_record_t *record)
{
    memset (payload, 0, JOURNAL_PAYLOAD_BYTES);
    uint8_t *at = put_u32 (put_u8 (payload, record->event) + 3, record->agency);
    at = put_u32 (put_u64 (at, record->count), record->number);
    at = put_u32 (at, record->agencies);
    put_u64 (put_u64 (at, record->identity), record->digest);
}

void draw_get_record (const uint8_t *payload, draw_record_t *record)
{
    reader_t reader = {.rest = bytes_of (payload, JOURNAL_PAYLOAD_BYTES)};
    record->event = read_u8 (&reader);
    read_bytes (&reader, 3);
    record->agency = read_u32 (&reader);
    record->count = read_u64 (&reader);
    record->number = read_u32 (&reader);
    record->agencies = read_u32 (&reader);
    record->identity = read_u64 (&reader);
    record->digest = read_u64 (&reader);
}

static int open_roll (draw_t *draw, const draw_record_t *record)
{
    if (draw_opened (draw) || record->agencies < 1 || record->agencies > AGENCIES_MAX)
        return -1;
    draw->agencies = record->agencies;
    draw->number = record->number;
    draw->roll = calloc ((size_t) record->agencies + 1, sizeof (seat_t));
    assert (draw->roll);
    return 0;
}

static int seal_agency (draw_t *draw, const draw_record_t *record)
{
    if (!draw_on_roll (draw, record->agency) || draw->roll[record->agency].sealed ||
        record->identity == 0 || draw_is_other (draw, record->identity))
        return -1;
    seat_t *seat = &draw->roll[record->agency];
    seat->sealed = true;
    seat->count = record->count;
    seat->digest = record->digest;
    draw->identity = record->identity;
    draw->ready++;
    return 0;
}

static int make (draw_t *draw)
{
    if (!draw_due (draw))
        return -1;
    draw->made = true;
    return 0;
}

static int serve_agency (draw_t *draw, const draw_record_t *record)
{
    if (!draw->made || !draw_on_roll (draw, record->agency) ||
        draw->roll[record->agency].served)
        return -1;
    draw->roll[record->agency].served = true;
    draw->served++;
    return 0;
}

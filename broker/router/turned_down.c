/* turned_down.c - the broker's memory of what was refused. */

#include "turned_down.h"

#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

#define CODES 64 // more than there are
#define DRAWS 64 // whose names are known: the latest

typedef struct {
    int64_t at_ms;
    uint64_t draw, offset;
    uint32_t agency, row;
    uint16_t code;
    uint8_t command, field;
    char address[INET6_ADDRSTRLEN];
    char text[REFUSAL_TEXT_MAX + 1]; // the last, so that what is not used is not kept
} refusal_t;

static_assert (sizeof (refusal_t) <= RING_LINE_BYTES_MAX, "the ring takes it whole");

typedef struct {
    uint64_t draw;
    char name[DRAW_NAME_BYTES_MAX + 1];
} named_t;

struct turned_down {
    uint64_t all, by_code[CODES];
    line_ring_t *ring; // of refusal_t
    named_t draws[DRAWS];
    size_t next_draw; // whose place is given away next
};

static bool comes_again (uint16_t code);
static const char *draw_text (const turned_down_t *refusals, uint64_t draw,
                              char text[24]);

turned_down_t *turned_down_new (void)
{
    turned_down_t *refusals = calloc (1, sizeof *refusals);
    assert (refusals);
    refusals->ring = line_ring_new (REFUSALS_KEPT, REFUSALS_KEPT * sizeof (refusal_t));
    return refusals;
}

void turned_down_destroy (turned_down_t **refusals)
{
    if (*refusals) {
        line_ring_destroy (&(*refusals)->ring);
        free (*refusals);
    }
    *refusals = NULL;
}

void turned_down_add (turned_down_t *refusals, const wire_message_t *refused,
                      const char *address, int64_t now_ms)
{
    const wire_refused_t *why = &refused->refused;
    refusals->all++;
    if (why->code < CODES)
        refusals->by_code[why->code]++;
    if (comes_again (why->code))
        return;
    refusal_t kept = {.at_ms = now_ms,
                      .draw = refused->draw,
                      .offset = why->offset,
                      .agency = refused->agency,
                      .row = why->row,
                      .code = why->code,
                      .command = why->command,
                      .field = why->field};
    snprintf (kept.address, sizeof kept.address, "%s", address ? address : "");
    put_bytes ((uint8_t *) kept.text, why->text);
    const size_t unused = sizeof kept.text - 1 - why->text.size;
    line_ring_put (refusals->ring, bytes_of (&kept, sizeof kept - unused));
}

void turned_down_draw (turned_down_t *refusals, uint64_t draw, bytes_t name)
{
    for (size_t i = 0; i < DRAWS; i++)
        if (refusals->draws[i].draw == draw)
            return;
    named_t *named = &refusals->draws[refusals->next_draw++ % DRAWS];
    named->draw = draw;
    snprintf (named->name, sizeof named->name, "%.*s", (int) name.size,
              (const char *) name.data);
}

uint64_t turned_down_count (const turned_down_t *refusals, wire_code_t code)
{
    return refusals->by_code[code];
}

uint64_t turned_down_all (const turned_down_t *refusals)
{
    return refusals->all;
}

const line_ring_t *turned_down_kept (const turned_down_t *refusals)
{
    return refusals->ring;
}

size_t turned_down_show (const turned_down_t *refusals, bytes_t bytes,
                         int64_t behind_ms, char line[LOGGER_SHOWN_BYTES])
{
    refusal_t kept = {0};
    char draw[24];
    memcpy (&kept, bytes.data, bytes.size);
    text_clean (kept.text);
    for (char *at = kept.text; (at = strchr (at, '|'));)
        *at = '/';
    return (size_t) snprintf (
        line, LOGGER_SHOWN_BYTES,
        "%013" PRId64 " agency: %u | draw: %s | code: %s | command: %s | row: %u | "
        "field: %u | offset: %" PRIu64 " | address: %s | reason: %s",
        kept.at_ms + behind_ms, kept.agency, draw_text (refusals, kept.draw, draw),
        wire_code_name (kept.code), wire_command_name (kept.command), kept.row,
        kept.field, kept.offset, kept.address, kept.text);
}

static bool comes_again (uint16_t code)
{
    return code == REFUSED_BUSY || code == REFUSED_UNAVAILABLE;
}

/* Its name, or in hexadecimal what it is known by; nothing for no draw. */
static const char *draw_text (const turned_down_t *refusals, uint64_t draw,
                              char text[24])
{
    for (size_t i = 0; i < DRAWS; i++)
        if (draw != 0 && refusals->draws[i].draw == draw)
            return refusals->draws[i].name;
    text[0] = '\0';
    if (draw != 0)
        snprintf (text, 24, "%016" PRIx64, draw);
    return text;
}

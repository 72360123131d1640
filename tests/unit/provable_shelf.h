/* provable_shelf.h - a provable draw (fair_draw.h) as it is at storage: its bets, its
   events, and the papers of these, on a shelf. */

#ifndef LOTERIA_PROVABLE_SHELF_H
#define LOTERIA_PROVABLE_SHELF_H

#include "fair_draw.h"
#include "shelf.h"

#include "fair_paper.h"

#define PROVABLE_ROLL     7 // agencies; the draw has 1, 4 and 7 of them
#define PROVABLE_IDENTITY ((uint64_t) 0xF00)
#define PROVABLE_PAPER    (3 * FAIR_NOTE)

typedef struct {
    char text[PROVABLE_PAPER];
    size_t size;
} provable_paper_t;

static inline sale_terms_t provable_terms (const fair_draw_t *draw)
{
    sale_terms_t terms = {.agencies = PROVABLE_ROLL,
                          .highest = draw->open.highest,
                          .source = SOURCE_PROVABLE,
                          .closes_ms = CLOSES_ALL_ASKED};
    strcpy (terms.name, draw->origin.draw);
    return terms;
}

static inline size_t provable_party (const fair_draw_t *draw, uint32_t agency)
{
    size_t which = 0;
    while (draw->party[which].agency != agency)
        which++;
    return which;
}

/* The salt key of an agency that did not commit. */
static inline salt_key_t provable_chosen (const fair_draw_t *draw, uint32_t agency)
{
    for (size_t i = 0; i < FAIR_AGENCIES; i++)
        if (draw->party[i].agency == agency)
            return draw->party[i].salts;
    return (salt_key_t){{(uint8_t) agency}};
}

/* What the event of this kind has on paper, by what the draw says by now. */
static inline provable_paper_t provable_paper (const fair_draw_t *draw, uint8_t kind,
                                               uint32_t agency)
{
    fair_paper_writer_t writer;
    provable_paper_t paper;
    const fair_party_t *party =
        agency > 0 ? &draw->party[provable_party (draw, agency)] : NULL;
    const char *note = "";
    fair_paper_begin (&writer);
    switch (kind) {
    case EVENT_NOTED:
        fair_paper_hex (&writer, "nonce",
                        bytes_of (draw->nonce.of, sizeof draw->nonce.of));
        note = draw->open_note;
        break;
    case EVENT_COMMITTED:
        fair_paper_hex (&writer, "salts",
                        bytes_of (party->salts.of, sizeof party->salts.of));
        note = party->ready;
        break;
    case EVENT_LOCKED:
        for (uint32_t of = 1; of <= PROVABLE_ROLL; of++) {
            const salt_key_t key = provable_chosen (draw, of);
            if (of != draw->party[0].agency && of != draw->party[1].agency)
                fair_paper_hex_of (&writer, "salts", of,
                                   bytes_of (key.of, sizeof key.of));
        }
        note = draw->seal_note;
        break;
    case EVENT_REVEALED:
        fair_paper_hex (&writer, "nonce",
                        bytes_of (party->nonce.of, sizeof party->nonce.of));
        note = party->countersigned + strlen (draw->seal_note);
        break;
    case EVENT_PUBLISHED:
        note = draw->result_note;
        break;
    }
    char *text = fair_paper_end (&writer, fair_text (note), &paper.size);
    assert_true (paper.size < sizeof paper.text);
    memcpy (paper.text, text, paper.size + 1);
    free (text);
    return paper;
}

static inline bytes_t provable_bytes (const provable_paper_t *paper)
{
    return bytes_of (paper->text, paper->size);
}

/* The record of an event, without its paper. */
static inline record_t provable_record (const sale_t *sale, uint8_t kind,
                                        uint32_t agency)
{
    record_t record = {.kind = kind, .agency = agency};
    if (kind != EVENT_COMMITTED && kind != EVENT_ENDED)
        return record;
    const cursor_t *cursor = cursors_find (sale->cursors, agency);
    record.offset = cursor->at.next;
    record.jump = cursor->at.cancelled;
    record.digest = cursor->at.digest;
    return record;
}

static inline void provable_event (shelf_t *shelf, sale_t *sale,
                                   const fair_draw_t *draw, uint8_t kind,
                                   uint32_t agency)
{
    provable_paper_t paper = {.size = 0};
    record_t record = provable_record (sale, kind, agency);
    if (record_has_paper (kind))
        paper = provable_paper (draw, kind, agency);
    if (kind == EVENT_DRAWN)
        record.number = draw->result.number;
    shelf_put_to (shelf, sale, &record, provable_bytes (&paper));
}

/* Each bet by itself, as the draw has them; and those that are cancelled. */
static inline void provable_sell (shelf_t *shelf, sale_t *sale, const fair_draw_t *draw)
{
    const char *row = draw->bets;
    while (*row) {
        const size_t size = (size_t) (strchr (row, '\n') + 1 - row);
        const uint32_t agency = (uint32_t) strtoul (row, NULL, 10);
        record_t record = cursor_record (cursors_admit (sale->cursors, agency), 1);
        digest_rows (&record.digest, bytes_of (row, size), digest_prefix (agency));
        shelf_put_to (shelf, sale, &record, bytes_of (row, size));
        row += size;
    }
    for (size_t i = 0; i < FAIR_AGENCIES; i++)
        shelf_cancel (shelf, sale, draw->party[i].agency, 2);
}

/* The draw, up to and with events of this kind; not committed. */
static inline sale_t *provable_put (shelf_t *shelf, const fair_draw_t *draw,
                                    uint8_t last)
{
    static const struct {
        uint8_t kind;
        uint32_t agency;
    } events[] = {{EVENT_NOTED, 0},    {EVENT_COMMITTED, 1}, {EVENT_COMMITTED, 4},
                  {EVENT_CLOSED, 0},   {EVENT_LOCKED, 0},    {EVENT_REVEALED, 4},
                  {EVENT_REVEALED, 1}, {EVENT_DRAWN, 0},     {EVENT_PUBLISHED, 0}};
    const sale_terms_t terms = provable_terms (draw);
    sale_t *sale = shelf_draw_with (shelf, PROVABLE_IDENTITY, &terms);
    bool there = last == EVENT_OPENED;
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (there && events[i].kind != last)
            break;
        there = events[i].kind == last;
        provable_event (shelf, sale, draw, events[i].kind, events[i].agency);
        if (events[i].kind == EVENT_NOTED)
            provable_sell (shelf, sale, draw);
    }
    return sale;
}

#endif

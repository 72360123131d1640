/* sale.c - one draw at storage. Pure. */

#include "sale.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_over (const sale_t *sale);
static sale_t *begin (uint64_t sequence, const record_t *opened, size_t *held_bytes);
static const char *fault_of (const sale_t *sale, const record_t *record);
static const char *paper_fault (const sale_t *sale, const record_t *record);
static const char *reveal_fault (const sale_t *sale, uint32_t number);
static const char *number_fault (const sale_t *sale, uint32_t number);
static int refuse (char *why, const char *reason);
static void note_phase (sale_t *sale, const record_t *record);
static uint8_t flag_of (uint8_t kind);
static void make_seats (sale_t *sale);
static void note_event (sale_t *sale, uint32_t ordinal, uint64_t sequence,
                        const record_t *record);

sale_terms_t sale_terms (const record_t *opened)
{
    const bytes_t name = record_name (opened);
    sale_terms_t terms = {.agencies = opened->agencies,
                          .highest = opened->jump,
                          .source = (uint8_t) opened->count,
                          .number = opened->number,
                          .closes_ms = opened->offset};
    put_bytes ((uint8_t *) terms.name, name);
    return terms;
}

record_t sale_opening (uint64_t identity, const sale_terms_t *terms)
{
    record_t opened = {.kind = RECORD_OPENED,
                       .draw = identity,
                       .count = terms->source,
                       .offset = terms->closes_ms,
                       .jump = terms->highest,
                       .number = terms->number,
                       .agencies = terms->agencies};
    put_bytes (opened.text, bytes_of (terms->name, strlen (terms->name)));
    return opened;
}

sale_t *sale_new (uint64_t sequence, const record_t *opened, size_t *held_bytes)
{
    sale_t *sale = begin (sequence, opened, held_bytes);
    make_seats (sale);
    sale->events = 1;
    sale->last_event = sale->last = (uint32_t) sequence;
    sale->learned = true;
    note_event (sale, 0, sequence, opened);
    return sale;
}

sale_t *sale_restore (const checkpoint_draw_t *entry, const record_t *opened,
                      size_t *held_bytes)
{
    if (opened->kind != RECORD_OPENED || opened->draw != entry->identity ||
        entry->cursors > opened->agencies ||
        (entry->flags & DRAW_DRAWN && entry->number > opened->jump))
        return NULL;
    sale_t *sale = begin (entry->opened, opened, held_bytes);
    sale->last_event = sale->last = entry->last_event;
    sale->events = entry->events;
    sale->flags = entry->flags;
    sale->number = entry->number;
    memcpy (sale->bytes, entry->bytes, sizeof sale->bytes);
    if (sale->flags & (DRAW_CLOSED | DRAW_VOID))
        cursors_close (sale->cursors);
    return sale;
}

int sale_restore_cursors (sale_t *sale, uint32_t count, bytes_t *cursors)
{
    for (uint32_t i = 0; i < count; i++) {
        checkpoint_cursor_t at;
        if (checkpoint_get_cursor (cursors, &at) == -1 ||
            cursors_restore (sale->cursors, &at) == -1)
            return -1;
    }
    const uint64_t last = cursors_last (sale->cursors);
    if (last > sale->last)
        sale->last = (uint32_t) last;
    return 0;
}

void sale_destroy (sale_t **sale)
{
    if (*sale) {
        cursors_destroy (&(*sale)->cursors);
        free ((*sale)->sequences);
        free ((*sale)->seats);
        hits_clear (&(*sale)->hits);
        free (*sale);
    }
    *sale = NULL;
}

checkpoint_draw_t sale_entry (const sale_t *sale)
{
    checkpoint_draw_t entry = {.identity = sale->identity,
                               .opened = sale->opened,
                               .last_event = sale->last_event,
                               .events = sale->events,
                               .flags = sale->flags,
                               .number = sale->number,
                               .cursors = cursors_recorded (sale->cursors)};
    memcpy (entry.bytes, sale->bytes, sizeof entry.bytes);
    return entry;
}

uint8_t *sale_encode (const sale_t *sale, uint64_t identity, size_t *size)
{
    const checkpoint_draw_t entry = sale_entry (sale);
    uint8_t *bytes = malloc (ARCHIVED_BYTES + CHECKPOINT_DRAW_BYTES +
                             (size_t) entry.cursors * CHECKPOINT_CURSOR_MAX);
    assert (bytes);
    uint8_t *at = archived_put (bytes, identity, &entry);
    *size = archived_close (bytes, cursors_put (sale->cursors, at));
    return bytes;
}

wire_phase_t sale_phase (const sale_t *sale)
{
    if (sale->flags & DRAW_VOID)
        return PHASE_VOID;
    if (sale->flags & DRAW_DRAWN)
        return PHASE_DRAWN;
    if (sale->flags & DRAW_LOCKED)
        return PHASE_SEALED;
    const bool all = sale->terms.closes_ms == CLOSES_ALL_ASKED &&
                     cursors_sealed (sale->cursors) == sale->terms.agencies;
    return all || sale->flags & DRAW_CLOSED ? PHASE_CLOSED : PHASE_OPEN;
}

bool sale_finished (const sale_t *sale)
{
    const uint8_t last = sale_provable (sale) ? DRAW_PUBLISHED : DRAW_DRAWN;
    return (sale->flags & (last | DRAW_VOID)) != 0;
}

bool sale_provable (const sale_t *sale)
{
    return sale->terms.source == SOURCE_PROVABLE;
}

bool sale_closes_by_clock (const sale_t *sale)
{
    return !is_over (sale) && sale->terms.closes_ms != CLOSES_ALL_ASKED &&
           sale->terms.closes_ms != CLOSES_NEVER;
}

wire_day_t sale_day (const sale_t *sale, const cursor_t *cursor)
{
    if (sale->flags & DRAW_VOID)
        return DAY_VOID;
    if (sale->flags & DRAW_DRAWN)
        return DAY_DRAWN;
    if (sale->flags & DRAW_LOCKED && cursor->at.marks & CURSOR_ASKED)
        return DAY_LOCKED;
    return cursor_sealed (cursor) ? DAY_SEALED : DAY_OPEN;
}

int sale_rows_of (uint8_t kind)
{
    switch (kind) {
    case RECORD_BETS:
        return ROWS_BETS;
    case RECORD_CANCELLED:
        return ROWS_CANCELLED;
    case RECORD_EXCUSED:
    case RECORD_CLOSED:
    case RECORD_VOIDED:
        return ROWS_NOTES;
    default:
        return record_has_paper (kind) ? ROWS_NOTES : ROWS_NONE;
    }
}

bool sale_has_paper (const sale_t *sale, uint8_t kind)
{
    return record_has_paper (kind) || (kind == RECORD_VOIDED && sale_provable (sale));
}

uint64_t sale_position (const sale_t *sale, uint8_t kind)
{
    const int which = sale_rows_of (kind);
    return sale->bytes[which == ROWS_NONE ? ROWS_BETS : which];
}

int sale_judge (const sale_t *sale, const record_t *record, char *why)
{
    const char *fault = fault_of (sale, record);
    return fault ? refuse (why, fault)
                 : cursors_accept (sale->cursors, record, bytes_of (NULL, 0), why);
}

int sale_accept (const sale_t *sale, const record_t *record, bytes_t rows, char *why)
{
    const char *fault = fault_of (sale, record);
    if (record->position != sale_position (sale, record->kind))
        fault = "its rows do not follow those before";
    else if (record_is_event (record->kind) && record->previous != sale->last_event)
        fault = "it does not follow the draw's event before";
    else if (sale_rows_of (record->kind) == ROWS_NOTES && rows.data &&
             !record_matches (record, rows))
        fault = "its note is not what it vouches for";
    return fault ? refuse (why, fault)
                 : cursors_accept (sale->cursors, record, rows, why);
}

void sale_apply (sale_t *sale, uint64_t sequence, const record_t *record)
{
    const int which = sale_rows_of (record->kind);
    cursors_apply (sale->cursors, sequence, record);
    sale->last = (uint32_t) sequence;
    if (which != ROWS_NONE)
        sale->bytes[which] += record->size;
    if (!record_is_event (record->kind))
        return;
    note_phase (sale, record);
    sale->last_event = (uint32_t) sequence;
    sale->events++;
    if (sale->learned)
        note_event (sale, sale->events - 1, sequence, record);
}

int sale_learn (sale_t *sale, uint32_t ordinal, uint64_t sequence,
                const record_t *record)
{
    const bool of_agency = record->agency > 0;
    assert (ordinal < sale->events && !sale->learned);
    if (record->draw != sale->identity || !record_is_event (record->kind) ||
        (record->kind == RECORD_OPENED) != (ordinal == 0) ||
        (record->previous == 0) != (ordinal == 0) ||
        (of_agency && record->agency > sale->terms.agencies) ||
        (ordinal == 0 && sequence != sale->opened))
        return -1;
    if (!sale->seats)
        make_seats (sale);
    note_event (sale, ordinal, sequence, record);
    sale->learned = ordinal == 0;
    return 0;
}

uint32_t sale_recorded (const sale_t *sale, uint8_t kind, uint32_t agency)
{
    static const sale_seat_t nothing;
    assert (sale->learned);
    const sale_seat_t *seat =
        agency <= sale->terms.agencies ? &sale->seats[agency] : &nothing;
    switch (kind) {
    case RECORD_OPENED:
        return 1;
    case RECORD_SEALED:
    case RECORD_COMMITTED:
        return seat->asked;
    case RECORD_EXCUSED:
        return seat->excused;
    case RECORD_REVEALED:
        return seat->revealed;
    case RECORD_ENDED:
        return seat->ended;
    case RECORD_SERVED:
        return seat->served;
    case RECORD_CLOSED:
        return sale->closed_at;
    case RECORD_DRAWN:
        return sale->drawn_at;
    case RECORD_VOIDED:
        return sale->void_at;
    case RECORD_NOTED:
        return sale->noted_at;
    case RECORD_LOCKED:
        return sale->locked_at;
    case RECORD_ATTESTED:
        return sale->attested_at;
    case RECORD_PUBLISHED:
        return sale->published_at;
    default:
        return 0;
    }
}

static sale_t *begin (uint64_t sequence, const record_t *opened, size_t *held_bytes)
{
    sale_t *sale = calloc (1, sizeof *sale);
    assert (sale);
    sale->identity = opened->draw;
    sale->terms = sale_terms (opened);
    sale->opened = (uint32_t) sequence;
    sale->cursors = cursors_new (sale->terms.agencies, sale, held_bytes);
    return sale;
}

/* What speaks against it, agencies apart; NULL: nothing. */
static const char *fault_of (const sale_t *sale, const record_t *record)
{
    const wire_phase_t phase = sale_phase (sale);
    const bool provable = sale_provable (sale);
    const bool of_all = record->kind == RECORD_CLOSED || record->kind == RECORD_DRAWN ||
                        record->kind == RECORD_VOIDED;
    if (of_all && record->agency != 0)
        return "it names an agency, and is of all";
    if (record_has_paper (record->kind))
        return provable ? paper_fault (sale, record)
                        : "it is of a provable draw, and this is none";
    switch (record->kind) {
    case RECORD_BETS:
    case RECORD_CANCELLED:
        if (provable && !(sale->flags & DRAW_NOTED))
            return "the draw did not have its open note yet";
        return phase == PHASE_OPEN ? NULL : "the draw was not open any more";
    case RECORD_EXCUSED:
        return phase == PHASE_OPEN ? NULL : "the draw was not open any more";
    case RECORD_SEALED: // who was excused, or never asked, may come late
        return provable              ? "who asks in a provable draw commits"
               : phase == PHASE_VOID ? "the draw was void"
                                     : NULL;
    case RECORD_ENDED: // likewise
        return !provable ? "it is of a provable draw, and this is none"
               : !(sale->flags & DRAW_NOTED) ? "the draw did not have its open note yet"
               : phase == PHASE_OPEN || phase == PHASE_CLOSED
                   ? NULL
                   : "the draw was sealed, or over";
    case RECORD_CLOSED:
        return phase == PHASE_OPEN ? NULL : "the draw was closed before";
    case RECORD_DRAWN:
        if (provable)
            return reveal_fault (sale, record->number);
        return phase == PHASE_CLOSED ? number_fault (sale, record->number)
                                     : "the draw was not closed, or over";
    case RECORD_SERVED:
        return phase == PHASE_DRAWN ? NULL : "the draw was not made";
    case RECORD_VOIDED:
        return phase == PHASE_SEALED  ? "the draw was sealed"
               : phase >= PHASE_DRAWN ? "the draw was over"
                                      : NULL;
    case RECORD_OPENED:
        return "the draw was opened before";
    default:
        return "it is no record of a draw";
    }
}

/* Of a provable draw: each note once, in its order. Who may commit, and that of an
   agency's nonce there is one, is for its cursor to say. */
static const char *paper_fault (const sale_t *sale, const record_t *record)
{
    const wire_phase_t phase = sale_phase (sale);
    const bool of_agency =
        record->kind == RECORD_COMMITTED || record->kind == RECORD_REVEALED;
    if (!of_agency && record->agency != 0)
        return "it names an agency, and is of all";
    if (record->kind != RECORD_NOTED && !(sale->flags & DRAW_NOTED))
        return "the draw did not have its open note yet";
    switch (record->kind) {
    case RECORD_NOTED:
        return sale->flags & DRAW_NOTED                       ? "it was noted before"
               : phase != PHASE_OPEN && phase != PHASE_CLOSED ? "the draw was over"
                                                              : NULL;
    case RECORD_COMMITTED:
        return phase == PHASE_OPEN || phase == PHASE_CLOSED
                   ? NULL
                   : "the draw was sealed, or over";
    case RECORD_LOCKED:
        return phase == PHASE_CLOSED ? NULL
                                     : "the draw was not closed, or sealed before";
    case RECORD_ATTESTED:
        return phase != PHASE_SEALED         ? "the draw was not sealed, or over"
               : sale->flags & DRAW_ATTESTED ? "the auditor had signed before"
                                             : NULL;
    case RECORD_REVEALED:
        return phase == PHASE_SEALED ? NULL : "the draw was not sealed, or over";
    default: // its result
        return phase != PHASE_DRAWN           ? "the draw was not made"
               : sale->flags & DRAW_PUBLISHED ? "its result was published before"
                                              : NULL;
    }
}

/* The number follows from the nonces of all that have committed. */
static const char *reveal_fault (const sale_t *sale, uint32_t number)
{
    if (sale_phase (sale) != PHASE_SEALED)
        return "the draw was not sealed, or over";
    return cursors_revealed (sale->cursors) == cursors_asked (sale->cursors)
               ? number_fault (sale, number)
               : "an agency had not revealed its nonce";
}

static const char *number_fault (const sale_t *sale, uint32_t number)
{
    if (number > sale->terms.highest)
        return "its number is beyond the draw's highest";
    if (sale->terms.source == SOURCE_FIXED && number != sale->terms.number)
        return "its number is not the one that the draw was opened with";
    return NULL;
}

static int refuse (char *why, const char *reason)
{
    snprintf (why, LOG_WHY_BYTES, "%s", reason);
    return -1;
}

static void note_phase (sale_t *sale, const record_t *record)
{
    sale->flags |= flag_of (record->kind);
    if (record->kind == RECORD_DRAWN)
        sale->number = record->number;
    if (record->kind == RECORD_CLOSED || record->kind == RECORD_VOIDED)
        cursors_close (sale->cursors);
    sale->overdue = sale->overdue && !is_over (sale);
}

static uint8_t flag_of (uint8_t kind)
{
    switch (kind) {
    case RECORD_CLOSED:
        return DRAW_CLOSED;
    case RECORD_DRAWN:
        return DRAW_DRAWN;
    case RECORD_VOIDED:
        return DRAW_VOID;
    case RECORD_NOTED:
        return DRAW_NOTED;
    case RECORD_ATTESTED:
        return DRAW_ATTESTED;
    case RECORD_LOCKED:
        return DRAW_LOCKED;
    case RECORD_PUBLISHED:
        return DRAW_PUBLISHED;
    default:
        return 0;
    }
}

/* No clock closes it any more. */
static bool is_over (const sale_t *sale)
{
    return (sale->flags & (DRAW_CLOSED | DRAW_LOCKED | DRAW_DRAWN | DRAW_VOID)) != 0;
}

static void make_seats (sale_t *sale)
{
    sale->seats = calloc ((size_t) sale->terms.agencies + 1, sizeof (sale_seat_t));
    assert (sale->seats);
}

static void note_event (sale_t *sale, uint32_t ordinal, uint64_t sequence,
                        const record_t *record)
{
    sale_seat_t *seat = &sale->seats[record->agency];
    if (sale->sequences_capacity < sale->events) {
        sale->sequences_capacity = sale->events + sale->events / 2 + 8;
        sale->sequences =
            realloc (sale->sequences, sale->sequences_capacity * sizeof (uint32_t));
        assert (sale->sequences);
    }
    sale->sequences[ordinal] = (uint32_t) sequence;
    const uint32_t which = ordinal + 1;
    switch (record->kind) {
    case RECORD_SEALED:
    case RECORD_COMMITTED:
        seat->asked = which;
        break;
    case RECORD_REVEALED:
        seat->revealed = which;
        break;
    case RECORD_ENDED:
        seat->ended = which;
        break;
    case RECORD_EXCUSED:
        seat->excused = which;
        break;
    case RECORD_SERVED:
        seat->served = which;
        break;
    case RECORD_CLOSED:
        sale->closed_at = which;
        break;
    case RECORD_DRAWN:
        sale->drawn_at = which;
        break;
    case RECORD_VOIDED:
        sale->void_at = which;
        break;
    case RECORD_NOTED:
        sale->noted_at = which;
        break;
    case RECORD_LOCKED:
        sale->locked_at = which;
        break;
    case RECORD_ATTESTED:
        sale->attested_at = which;
        break;
    case RECORD_PUBLISHED:
        sale->published_at = which;
        break;
    }
}

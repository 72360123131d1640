/* events.c - draws' events and the state's epoch. Storage. */

#include "events.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw_name.h"
#include "life.h"
#include "fair_paper.h"

struct events {
    book_t *book;         // borrowed
    bool known;           // what follows has been read
    uint64_t heard_life;  // of the last that registered; 0: none, or not read yet
    uint64_t heard_epoch; // of the state at `peer`
    uint8_t peer_size;    // 0: where the state is is not known
    uint8_t peer[ADDRESS_BYTES_MAX];
    uint64_t former_epoch; // of the one that was superseded and is to be told
    uint8_t former_size;   // 0: nobody
    uint8_t former[ADDRESS_BYTES_MAX];
    uint8_t *note; // of the event that was read last: PAPER_BYTES_MAX
};

static int read_text (events_t *events, sale_t *sale, const record_t *record);
static int know (events_t *events);
static void supersede (events_t *events, uint64_t life);
static void come_from (events_t *events, bytes_t peer, uint64_t epoch);
static int open_draw (events_t *events, uint64_t identity, const wire_event_t *event,
                      wire_code_t *code, sale_t **sale, char *why);
static bool terms_sound (const wire_event_t *event);
static wire_code_t judge (const sale_t *sale, const wire_record_t *asked,
                          const record_t *record);
static bool is_seal (uint8_t kind);
static wire_code_t judge_seal (const sale_t *sale, const wire_event_t *event);
static record_t record_of (const wire_record_t *asked);
static int append (events_t *events, sale_t *sale, record_t *record, bytes_t note,
                   wire_code_t *code);
static wire_code_t code_of (book_room_t room);

events_t *events_new (book_t *book)
{
    events_t *events = calloc (1, sizeof *events);
    assert (events);
    events->book = book;
    events->note = malloc (PAPER_BYTES_MAX);
    assert (events->note);
    return events;
}

void events_destroy (events_t **events)
{
    if (*events) {
        free ((*events)->note);
        free (*events);
    }
    *events = NULL;
}

wire_code_t events_heard (events_t *events, bytes_t peer, uint64_t epoch)
{
    if (epoch == 0 || epoch != book_epoch (events->book))
        return REFUSED_SUPERSEDED;
    come_from (events, peer, epoch);
    return REFUSED_OK;
}

int events_register (events_t *events, bytes_t peer, uint64_t life, wire_code_t *code)
{
    if (know (events) == -1)
        return -1;
    *code = REFUSED_OK;
    const bool again = life != 0 && life == events->heard_life;
    if (!again && !life_follows (life, events->heard_life))
        *code = REFUSED_SUPERSEDED;
    else if (!again) {
        const book_room_t room =
            book_reserve (events->book, NULL, RECORD_REGISTERED, 0, BOOK_REGISTRATION);
        *code = code_of (room);
        if (room == BOOK_FAILED)
            return -1;
        if (*code == REFUSED_OK) {
            supersede (events, life);
            record_t record = {.kind = RECORD_REGISTERED, .writer = life};
            book_append (events->book, NULL, &record, bytes_of (NULL, 0));
        }
    }
    if (*code == REFUSED_OK)
        come_from (events, peer, book_epoch (events->book));
    return 0;
}

uint64_t events_life (const events_t *events)
{
    return events->heard_life;
}

bool events_superseded (events_t *events, bytes_t *peer, uint64_t *epoch)
{
    *peer = bytes_of (events->former, events->former_size);
    *epoch = events->former_epoch;
    events->former_size = 0;
    return peer->size > 0;
}

bool events_state (const events_t *events, bytes_t *peer)
{
    *peer = bytes_of (events->peer, events->peer_size);
    return events->peer_size > 0 && events->heard_epoch == book_epoch (events->book);
}

int events_record (events_t *events, uint64_t identity, const wire_record_t *asked,
                   wire_code_t *code, sale_t **sale, uint64_t *ordinal, char *why)
{
    const wire_event_t *event = &asked->event;
    why[0] = 0;
    *code = REFUSED_OK;
    *ordinal = 0;
    *sale = sales_find (book_sales (events->book), identity);
    if (!*sale && event->kind == EVENT_OPENED && identity != 0)
        return open_draw (events, identity, event, code, sale, why);
    bool recorded;
    if (events_judge (events, identity, asked, code, sale, &recorded) == -1)
        return -1;
    if (*code != REFUSED_OK)
        return 0;
    if (!recorded) {
        record_t record = record_of (asked);
        if (append (events, *sale, &record, event->text, code) == -1)
            return -1;
    }
    if (*code == REFUSED_OK)
        *ordinal = sale_recorded (*sale, event->kind, event->agency) - 1;
    return 0;
}

int events_judge (events_t *events, uint64_t identity, const wire_record_t *asked,
                  wire_code_t *code, sale_t **sale, bool *recorded)
{
    const wire_event_t *event = &asked->event;
    *code = REFUSED_OK;
    *recorded = false;
    *sale = sales_find (book_sales (events->book), identity);
    if (!*sale) {
        *code = REFUSED_HELLO;
        return 0;
    }
    if (book_learn (events->book, *sale) == -1)
        return -1;
    if (is_seal (event->kind))
        *code = judge_seal (*sale, event);
    if (*code == REFUSED_OK) {
        const record_t record = record_of (asked);
        *recorded = sale_recorded (*sale, event->kind, event->agency) > 0;
        if (!*recorded)
            *code = judge (*sale, asked, &record);
    }
    return 0;
}

int events_close (events_t *events, sale_t *sale, wire_code_t *code)
{
    record_t record = {.kind = RECORD_CLOSED};
    *code = REFUSED_OK;
    return append (events, sale, &record, bytes_of (NULL, 0), code);
}

int events_read (events_t *events, sale_t *sale, uint64_t ordinal,
                 wire_recorded_t *recorded)
{
    record_t record;
    if (book_learn (events->book, sale) == -1)
        return -1;
    assert (ordinal < sale->events);
    const uint64_t sequence = sale->sequences[ordinal];
    if (book_read (events->book, sequence, &record) == -1)
        return -1;
    const int note = read_text (events, sale, &record);
    if (note == -1)
        return -1;
    const bool opened = record.kind == RECORD_OPENED;
    const bool sealed = is_seal (record.kind);
    *recorded = (wire_recorded_t){
        .sequence = sequence,
        .ordinal = ordinal,
        .events = sale->events,
        .event = {.kind = record.kind,
                  .source = opened ? sale->terms.source : 0,
                  .agency = record.agency,
                  .agencies = record.agencies,
                  .number = record.number,
                  .highest = opened ? record.jump : 0,
                  .cancelled = sealed ? record.jump : 0,
                  .count = sealed ? record.offset : 0,
                  .digest = record.digest,
                  .closes_ms = opened ? record.offset : 0,
                  .time_ms = record.time_ms,
                  .text = opened
                              ? bytes_of (sale->terms.name, strlen (sale->terms.name))
                              : bytes_of (events->note, (size_t) note)}};
    return 0;
}

/* A result is long, and state wants nothing of it. */
static int read_text (events_t *events, sale_t *sale, const record_t *record)
{
    if (record->kind == RECORD_PUBLISHED)
        return 0;
    return sale_has_paper (sale, record->kind)
               ? book_paper (events->book, sale, record, events->note)
               : book_note (events->book, sale, record, events->note);
}

/* Read who registered last, once. */
static int know (events_t *events)
{
    const uint64_t epoch = book_epoch (events->book);
    record_t record;
    if (events->known)
        return 0;
    if (epoch > 0) {
        if (book_read (events->book, epoch, &record) == -1)
            return -1;
        events->heard_life = record.writer;
    }
    events->known = true;
    return 0;
}

/* Whoever was heard until now is not any more. */
static void supersede (events_t *events, uint64_t life)
{
    events->heard_life = life;
    events->former_epoch = events->heard_epoch;
    events->former_size = 0;
    if (events->heard_epoch == book_epoch (events->book)) {
        events->former_size = events->peer_size;
        memcpy (events->former, events->peer, events->peer_size);
    }
}

static void come_from (events_t *events, bytes_t peer, uint64_t epoch)
{
    events->heard_epoch = epoch;
    events->peer_size = peer.size <= ADDRESS_BYTES_MAX ? (uint8_t) peer.size : 0;
    memcpy (events->peer, peer.data, events->peer_size);
}

/* No two draws of a log have one name, be they in use or not. */
static int open_draw (events_t *events, uint64_t identity, const wire_event_t *event,
                      wire_code_t *code, sale_t **sale, char *why)
{
    sales_t *sales = book_sales (events->book);
    sale_t *other;
    *code = REFUSED_GAP;
    if (!terms_sound (event))
        return 0;
    const book_found_t found = book_find (events->book, event->text, &other, why);
    if (found == BOOK_UNREAD)
        return -1;
    *code = found != BOOK_NO_DRAW                 ? REFUSED_NAME
            : sales_full (sales, event->agencies) ? REFUSED_DRAWS
                                                  : REFUSED_OK;
    if (*code != REFUSED_OK)
        return 0;
    sale_terms_t terms = {.agencies = event->agencies,
                          .highest = event->highest,
                          .source = event->source,
                          .number = event->number,
                          .closes_ms = event->closes_ms};
    put_bytes ((uint8_t *) terms.name, event->text);
    record_t opened = sale_opening (identity, &terms);
    opened.writer = book_epoch (events->book);
    const book_room_t room = book_open_draw (events->book, &opened, sale);
    *code = code_of (room);
    return room == BOOK_FAILED ? -1 : 0;
}

static bool terms_sound (const wire_event_t *event)
{
    const bool provable = event->source == SOURCE_PROVABLE;
    if (provable && (event->agencies > PROVABLE_AGENCIES_MAX || event->number != 0))
        return false;
    return event->agencies >= 1 && event->agencies <= AGENCIES_MAX &&
           event->highest <= NUMBER_MAX_MAX && event->number <= event->highest &&
           wire_source_name (event->source)[0] != '?' && event->text.size > 0 &&
           !draw_name_fault (event->text);
}

/* Of one that is not recorded, whether it may be. What changes the draw for all is
   asked for by a state that knows all that has happened to it. */
static wire_code_t judge (const sale_t *sale, const wire_record_t *asked,
                          const record_t *record)
{
    char why[LOG_WHY_BYTES];
    const uint8_t kind = asked->event.kind;
    const bool by_view = kind == EVENT_CLOSED || kind == EVENT_EXCUSED ||
                         kind == EVENT_DRAWN || kind == EVENT_VOIDED ||
                         kind == EVENT_NOTED || kind == EVENT_ATTESTED ||
                         kind == EVENT_LOCKED || kind == EVENT_PUBLISHED;
    fair_paper_t paper;
    if (sale_has_paper (sale, kind) && !fair_paper_read (asked->event.text, &paper))
        return REFUSED_GAP;
    if (!record_is_event (kind) || (by_view && asked->seen != sale->last_event))
        return REFUSED_GAP;
    return sale_judge (sale, record, why) == 0 ? REFUSED_OK : REFUSED_GAP;
}

/* By which an agency asks, or is about to: it says what it has sold. */
static bool is_seal (uint8_t kind)
{
    return kind == EVENT_SEALED || kind == EVENT_ENDED || kind == EVENT_COMMITTED;
}

/* Is what the agency says of its bets what is stored? */
static wire_code_t judge_seal (const sale_t *sale, const wire_event_t *event)
{
    const cursor_t *cursor = cursors_find (sale->cursors, event->agency);
    if (event->agency < 1 || event->agency > sale->terms.agencies ||
        (event->kind != EVENT_SEALED) != sale_provable (sale))
        return REFUSED_GAP;
    if (sale_phase (sale) == PHASE_VOID)
        return REFUSED_VOID;
    if (!cursor)
        return REFUSED_HELLO;
    if (cursor->at.next != event->count)
        return REFUSED_TALLY;
    if (cursor->at.digest != event->digest)
        return REFUSED_CONFLICT;
    return cursor->at.cancelled == event->cancelled ? REFUSED_OK : REFUSED_TALLY;
}

static record_t record_of (const wire_record_t *asked)
{
    const wire_event_t *event = &asked->event;
    const bool sealed = is_seal (event->kind);
    return (record_t){.kind = event->kind,
                      .agency = event->agency,
                      .offset = sealed ? event->count : 0,
                      .jump = sealed ? event->cancelled : 0,
                      .number = event->kind == EVENT_DRAWN ? event->number : 0,
                      .digest = sealed ? event->digest : 0,
                      .writer = asked->epoch};
}

/* A note for which the disk has no room is left out: the event counts for more. A paper
   is what the event is about. */
static int append (events_t *events, sale_t *sale, record_t *record, bytes_t note,
                   wire_code_t *code)
{
    uint8_t line[NOTE_BYTES_MAX + 1] = {0};
    bytes_t rows = bytes_of (line, 0);
    book_t *book = events->book;
    const bool paper = sale_has_paper (sale, record->kind);
    if (paper)
        rows = note;
    else if (note.size > 0 && sale_rows_of (record->kind) == ROWS_NOTES) {
        *put_bytes (line, note) = '\n';
        rows.size = note.size + 1;
    }
    book_room_t room = book_reserve (book, sale, record->kind, rows.size, BOOK_EVENT);
    if (room == BOOK_NOSPACE && rows.size > 0 && !paper) {
        rows.size = 0;
        room = book_reserve (book, sale, record->kind, 0, BOOK_EVENT);
    }
    *code = code_of (room);
    if (room == BOOK_FITS)
        book_append (book, sale, record, rows);
    return room == BOOK_FAILED ? -1 : 0;
}

static wire_code_t code_of (book_room_t room)
{
    return room == BOOK_FITS      ? REFUSED_OK
           : room == BOOK_NOSPACE ? REFUSED_NOSPACE
                                  : REFUSED_BUSY;
}

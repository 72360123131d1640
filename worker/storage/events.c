/* events.c - the draw's events and the state's epoch. Storage. */

#include "events.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "life.h"

typedef struct {     // an agency: which of the events, counted from 1, 0 none
    uint32_t sealed; // made its bets complete
    uint32_t served; // told that it has its winners
} seat_t;

struct events {
    cursors_t *cursors;  // borrowed
    book_t *book;        // borrowed
    bool known;          // what follows has been read
    uint32_t *sequences; // by ordinal
    size_t count, capacity;
    uint32_t agencies, number; // the draw's terms; 0 agencies: it is not opened
    uint32_t sealed;           // agencies
    uint32_t drawn;            // as in seat_t
    seat_t *seats;             // by agency
    size_t seats_count;
    uint64_t heard_life;  // of the last that registered; 0: none, or not read yet
    uint64_t heard_epoch; // of the state at `peer`
    uint8_t peer_size;    // 0: where the state is is not known
    uint8_t peer[ADDRESS_BYTES_MAX];
    uint64_t former_epoch; // of the one that was superseded and is to be told
    uint8_t former_size;   // 0: nobody
    uint8_t former[ADDRESS_BYTES_MAX];
    uint8_t name[RECORD_TEXT_BYTES]; // as it was told last
};

static void tell_terms (events_t *events, const record_t *record, wire_event_t *event);
static int know (events_t *events);
static int walk_back (events_t *events);
static void make_room (events_t *events, size_t count);
static int read_record (events_t *events, uint64_t sequence, record_t *record);
static void note (events_t *events, uint32_t which, const record_t *record);
static seat_t *seat_of (events_t *events, uint32_t agency);
static void supersede (events_t *events, uint64_t life);
static void come_from (events_t *events, bytes_t peer, uint64_t epoch);
static uint32_t recorded_already (events_t *events, const wire_event_t *event);
static wire_code_t judge (const events_t *events, const wire_record_t *record);
static wire_code_t judge_seal (const events_t *events, const wire_event_t *event);
static bool on_roll (const events_t *events, uint32_t agency);
static int reserve (events_t *events, book_use_t use, wire_code_t *code);
static void append (events_t *events, const wire_record_t *asked);

events_t *events_new (cursors_t *cursors, book_t *book)
{
    events_t *events = calloc (1, sizeof *events);
    assert (events);
    events->cursors = cursors;
    events->book = book;
    return events;
}

void events_destroy (events_t **events)
{
    if (*events) {
        free ((*events)->sequences);
        free ((*events)->seats);
        free (*events);
    }
    *events = NULL;
}

wire_code_t events_heard (events_t *events, bytes_t peer, uint64_t epoch, uint64_t draw)
{
    if (draw != book_draw (events->book))
        return REFUSED_DRAW;
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
        if (reserve (events, BOOK_REGISTRATION, code) == -1)
            return -1;
        if (*code == REFUSED_OK) {
            supersede (events, life);
            record_t record = {.kind = RECORD_REGISTERED, .writer = life};
            book_append (events->book, &record, bytes_of (NULL, 0));
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

int events_record (events_t *events, const wire_record_t *record, wire_code_t *code,
                   uint64_t *ordinal)
{
    if (know (events) == -1)
        return -1;
    *code = record->event.kind == EVENT_SEALED ? judge_seal (events, &record->event)
                                               : REFUSED_OK;
    uint32_t which = recorded_already (events, &record->event);
    if (*code == REFUSED_OK && which == 0) {
        *code = judge (events, record);
        if (*code == REFUSED_OK && reserve (events, BOOK_EVENT, code) == -1)
            return -1;
        if (*code == REFUSED_OK) {
            append (events, record);
            which = (uint32_t) events->count;
        }
    }
    *ordinal = which - 1;
    return 0;
}

int64_t events_count (events_t *events)
{
    return know (events) == -1 ? -1 : (int64_t) events->count;
}

int events_read (events_t *events, uint64_t ordinal, wire_recorded_t *recorded)
{
    record_t record;
    assert (events->known && ordinal < events->count);
    const uint64_t sequence = events->sequences[ordinal];
    if (read_record (events, sequence, &record) == -1)
        return -1;
    *recorded = (wire_recorded_t){.sequence = sequence,
                                  .ordinal = ordinal,
                                  .events = events->count,
                                  .event = {.kind = record.kind,
                                            .agency = record.agency,
                                            .agencies = record.agencies,
                                            .number = record.number,
                                            .digest = record.digest,
                                            .time_ms = record.time_ms}};
    if (record.kind == RECORD_SEALED) {
        recorded->event.count = record.offset;
        recorded->event.cancelled = record.jump;
    }
    if (record.kind == RECORD_OPENED)
        tell_terms (events, &record, &recorded->event);
    return 0;
}

/* The name stays until the next event is told. */
static void tell_terms (events_t *events, const record_t *record, wire_event_t *event)
{
    event->source = (uint8_t) record->count;
    event->highest = record->jump;
    event->closes_ms = record->offset;
    memcpy (events->name, record->text, sizeof events->name);
    event->text = bytes_of (events->name, record_name (record).size);
}

/* Read where the events lie, and who registered last, once. */
static int know (events_t *events)
{
    const uint64_t epoch = book_epoch (events->book);
    record_t record;
    if (events->known)
        return 0;
    if (walk_back (events) == -1)
        return -1;
    if (epoch > 0) {
        if (read_record (events, epoch, &record) == -1)
            return -1;
        events->heard_life = record.writer;
    }
    events->known = true;
    return 0;
}

/* From the last one, each names the one before it. */
static int walk_back (events_t *events)
{
    uint64_t sequence = book_last_event (events->book);
    record_t record;
    make_room (events, (size_t) book_events (events->book));
    for (size_t left = events->count; left > 0; left--) {
        if (read_record (events, sequence, &record) == -1)
            return -1;
        events->sequences[left - 1] = (uint32_t) sequence;
        note (events, (uint32_t) left, &record);
        sequence = record.previous;
    }
    return 0;
}

static void make_room (events_t *events, size_t count)
{
    if (count > events->capacity) {
        events->capacity = count + events->capacity + 64;
        events->sequences =
            realloc (events->sequences, events->capacity * sizeof (uint32_t));
        assert (events->sequences);
    }
    events->count = count;
}

/* A record that has to be there. */
static int read_record (events_t *events, uint64_t sequence, record_t *record)
{
    const int count = sequence == 0 ? 0
                                    : archive_read (book_archive (events->book),
                                                    (uint32_t) sequence - 1, 1, record);
    if (count == 0)
        errno = EBADMSG;
    return count == 1 ? 0 : -1;
}

/* Event number `which` of the draw, from 1 on. */
static void note (events_t *events, uint32_t which, const record_t *record)
{
    seat_t *seat = NULL;
    if (record->agency > 0)
        seat = seat_of (events, record->agency);
    if (record->kind == RECORD_OPENED) {
        events->agencies = record->agencies;
        events->number = record->number;
        book_set_agencies (events->book, record->agencies);
    } else if (record->kind == RECORD_DRAWN)
        events->drawn = which;
    else if (record->kind == RECORD_SERVED)
        seat->served = which;
    else if (record->kind == RECORD_SEALED) {
        seat->sealed = which;
        events->sealed++;
    }
}

/* By then it is known that the agency is a possible one. */
static seat_t *seat_of (events_t *events, uint32_t agency)
{
    if (agency >= events->seats_count) {
        const size_t count = (size_t) agency + 1 > 2 * events->seats_count
                                 ? (size_t) agency + 1
                                 : 2 * events->seats_count;
        events->seats = realloc (events->seats, count * sizeof (seat_t));
        assert (events->seats);
        memset (&events->seats[events->seats_count], 0,
                (count - events->seats_count) * sizeof (seat_t));
        events->seats_count = count;
    }
    return &events->seats[agency];
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

/* Which of the events this one is, from 1 on; 0: it is not recorded. A draw is opened
   once, whatever its terms are said to be: the state that said so compares them. */
static uint32_t recorded_already (events_t *events, const wire_event_t *event)
{
    switch (event->kind) {
    case EVENT_OPENED:
        return events->count > 0 ? 1 : 0;
    case EVENT_SEALED:
        return on_roll (events, event->agency) ? seat_of (events, event->agency)->sealed
                                               : 0;
    case EVENT_DRAWN:
        return events->drawn;
    case EVENT_SERVED:
        return on_roll (events, event->agency) ? seat_of (events, event->agency)->served
                                               : 0;
    default:
        return 0;
    }
}

/* Of one that is not recorded, whether it may be. A draw is made of a state that knows
   all that has happened to it. */
static wire_code_t judge (const events_t *events, const wire_record_t *record)
{
    const wire_event_t *event = &record->event;
    bool possible = false;
    switch (event->kind) {
    case EVENT_OPENED:
        possible = event->agencies >= 1 && event->agencies <= AGENCIES_MAX &&
                   event->number <= event->highest;
        break;
    case EVENT_SEALED:
        possible = on_roll (events, event->agency);
        break;
    case EVENT_DRAWN:
        possible = events->agencies > 0 && events->sealed == events->agencies &&
                   event->number == events->number &&
                   record->seen == book_last_event (events->book);
        break;
    case EVENT_SERVED:
        possible = on_roll (events, event->agency) && events->drawn > 0;
        break;
    }
    return possible ? REFUSED_OK : REFUSED_GAP;
}

/* Is what the agency says of its bets what is stored? */
static wire_code_t judge_seal (const events_t *events, const wire_event_t *event)
{
    const cursor_t *cursor = cursors_find (events->cursors, event->agency);
    if (!cursor)
        return REFUSED_HELLO;
    if (cursor->at.next != event->count || event->cancelled != 0)
        return REFUSED_TALLY;
    return cursor->at.digest == event->digest ? REFUSED_OK : REFUSED_CONFLICT;
}

static bool on_roll (const events_t *events, uint32_t agency)
{
    return agency >= 1 && agency <= events->agencies;
}

static int reserve (events_t *events, book_use_t use, wire_code_t *code)
{
    const book_room_t room = book_reserve (events->book, 0, use);
    if (room == BOOK_NOSPACE)
        *code = REFUSED_NOSPACE;
    else if (room == BOOK_LATER)
        *code = REFUSED_BUSY;
    return room == BOOK_FAILED ? -1 : 0;
}

static void append (events_t *events, const wire_record_t *asked)
{
    const wire_event_t *event = &asked->event;
    record_t record = {.kind = event->kind,
                       .agency = event->agency,
                       .offset = event->count,
                       .number = event->number,
                       .digest = event->digest,
                       .writer = asked->epoch,
                       .agencies = event->agencies};
    if (event->kind == EVENT_SEALED)
        record.jump = event->cancelled;
    if (event->kind == EVENT_OPENED) {
        record.count = event->source;
        record.jump = event->highest;
        record.offset = event->closes_ms;
        put_bytes (record.text, event->text);
    }
    const uint64_t sequence = book_append (events->book, &record, bytes_of (NULL, 0));
    if (event->kind == EVENT_SEALED) // what is ahead of its last bet never comes true
        cursors_drop_held (events->cursors,
                           cursors_find (events->cursors, event->agency));
    make_room (events, events->count + 1);
    events->sequences[events->count - 1] = (uint32_t) sequence;
    note (events, (uint32_t) events->count, &record);
}

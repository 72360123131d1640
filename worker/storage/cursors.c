/* cursors.c - how far each agency of a draw is. Storage; pure. */

#include "cursors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "digest.h"

#define OFFSETS_AHEAD_MAX ((uint64_t) WINDOW_MAX * BATCH_ROWS_MAX)

static_assert (2 * HELD_BATCHES_PER_AGENCY + 8 <= UINT16_MAX, "so many are counted");

struct cursors {
    sale_t *sale;
    cursor_t **of;        // by agency
    uint32_t agencies;    // on the roll
    uint32_t recorded;    // that the log shows
    uint32_t sealed;      // that have asked or were excused
    uint32_t asked;       // that have asked
    uint32_t revealed;    // that have asked and revealed, in a provable draw
    uint32_t agency_last; // the highest that has one
    cursors_totals_t totals;
    bool closed;        // the bets of all are complete
    size_t *held_bytes; // of all draws
    size_t own_held;    // where that is not given
};

static bool recorded (const cursor_t *cursor);
static int accept_bets (const cursor_t *cursor, const record_t *record, bytes_t rows,
                        char *why);
static int accept_cancel (const cursor_t *cursor, const record_t *record, bytes_t rows,
                          char *why);
static int accept_mark (const cursor_t *cursor, const record_t *record, char *why);
static uint8_t mark_of (uint8_t kind);
static int refuse (char *why, const record_t *record, const char *reason);
static uint32_t held_place (const cursor_t *cursor, uint64_t offset);
static held_t *held_new (const envelope_t *envelope, bytes_t message, uint64_t offset);
static held_t *take_held (cursors_t *cursors, cursor_t *cursor, uint32_t place);

cursors_t *cursors_new (uint32_t agencies, sale_t *sale, size_t *held_bytes)
{
    cursors_t *cursors = calloc (1, sizeof *cursors);
    assert (cursors);
    cursors->sale = sale;
    cursors->agencies = agencies;
    cursors->held_bytes = held_bytes ? held_bytes : &cursors->own_held;
    cursors->of = calloc ((size_t) agencies + 1, sizeof (cursor_t *));
    assert (cursors->of);
    return cursors;
}

void cursors_destroy (cursors_t **cursors)
{
    if (*cursors) {
        for (uint32_t agency = 1; agency <= (*cursors)->agency_last; agency++) {
            cursor_t *cursor = (*cursors)->of[agency];
            if (cursor) {
                cursors_drop_held (*cursors, cursor);
                free (cursor);
            }
        }
        free ((*cursors)->of);
        free (*cursors);
    }
    *cursors = NULL;
}

sale_t *cursors_sale (const cursors_t *cursors)
{
    return cursors->sale;
}

cursor_t *cursors_admit (cursors_t *cursors, uint32_t agency)
{
    assert (agency >= 1 && agency <= cursors->agencies);
    if (!cursors->of[agency]) {
        cursor_t *cursor = calloc (1, sizeof *cursor);
        assert (cursor);
        cursor->at.agency = agency;
        cursor->cursors = cursors;
        cursors->of[agency] = cursor;
        if (agency > cursors->agency_last)
            cursors->agency_last = agency;
    }
    return cursors->of[agency];
}

cursor_t *cursors_find (const cursors_t *cursors, uint32_t agency)
{
    return agency <= cursors->agencies ? cursors->of[agency] : NULL;
}

cursor_t *cursors_next (const cursors_t *cursors, uint32_t agency)
{
    while (++agency <= cursors->agency_last)
        if (cursors->of[agency])
            return cursors->of[agency];
    return NULL;
}

uint64_t cursors_last (const cursors_t *cursors)
{
    uint64_t last = 0;
    for (uint32_t agency = 1; agency <= cursors->agency_last; agency++)
        if (cursors->of[agency] && cursors->of[agency]->at.last > last)
            last = cursors->of[agency]->at.last;
    return last;
}

uint32_t cursors_recorded (const cursors_t *cursors)
{
    return cursors->recorded;
}

cursors_totals_t cursors_totals (const cursors_t *cursors)
{
    return cursors->totals;
}

bool cursor_sealed (const cursor_t *cursor)
{
    return cursor->cursors->closed ||
           (cursor->at.marks & (CURSOR_ASKED | CURSOR_EXCUSED | CURSOR_ENDED)) != 0;
}

uint32_t cursors_sealed (const cursors_t *cursors)
{
    return cursors->sealed;
}

uint32_t cursors_asked (const cursors_t *cursors)
{
    return cursors->asked;
}

uint32_t cursors_revealed (const cursors_t *cursors)
{
    return cursors->revealed;
}

void cursors_close (cursors_t *cursors)
{
    cursors->closed = true;
}

cursor_verdict_t cursor_judge (const cursor_t *cursor, uint64_t offset, uint32_t count)
{
    const uint64_t next = cursor->at.next;
    if (offset < next && count <= next - offset)
        return CURSOR_PAST;
    if (cursor_sealed (cursor))
        return CURSOR_CLOSED;
    if (offset < next)
        return CURSOR_ACROSS;
    return offset == next ? CURSOR_NEXT : CURSOR_AHEAD;
}

/* The jump goes to the agency's record whose ordinal is this one's with its lowest set
   bit cleared, as in a Fenwick tree: from any record, each bet lies O(log² n) hops
   away. */
record_t cursor_record (const cursor_t *cursor, uint32_t count)
{
    const uint32_t ordinal = cursor->at.ordinal + 1;
    const uint32_t jump = ordinal & (ordinal - 1);
    return (record_t){
        .kind = RECORD_BETS,
        .count = (uint16_t) count,
        .agency = cursor->at.agency,
        .offset = cursor->at.next,
        .digest = cursor->at.digest,
        .previous = cursor->at.last,
        .jump = jump ? cursor->at.path[__builtin_ctz (jump)] : 0,
    };
}

record_t cursor_cancel_record (const cursor_t *cursor, uint64_t offset)
{
    return (record_t){
        .kind = RECORD_CANCELLED,
        .count = 1,
        .agency = cursor->at.agency,
        .offset = offset,
        .previous = cursor->at.last_cancel,
    };
}

void cursors_apply (cursors_t *cursors, uint64_t sequence, const record_t *record)
{
    const uint8_t mark = mark_of (record->kind);
    if (record->kind != RECORD_BETS && record->kind != RECORD_CANCELLED && !mark)
        return;
    cursor_t *cursor = cursors_admit (cursors, record->agency);
    checkpoint_cursor_t *at = &cursor->at;
    const bool complete = (at->marks & (CURSOR_ASKED | CURSOR_EXCUSED)) != 0;
    cursors->recorded += !recorded (cursor);
    if (mark) {
        at->marks |= mark;
        cursors->sealed +=
            (mark == CURSOR_ASKED || mark == CURSOR_EXCUSED) && !complete;
        cursors->asked += mark == CURSOR_ASKED;
        cursors->revealed += mark == CURSOR_REVEALED;
    } else if (record->kind == RECORD_CANCELLED) {
        at->cancelled++;
        at->last_cancel = (uint32_t) sequence;
        cursors->totals.cancelled++;
    } else {
        at->ordinal++;
        at->last = (uint32_t) sequence;
        // This record ends in n zero bits: it is the latest for all suffixes up to n.
        for (int bit = 0; bit <= __builtin_ctz (at->ordinal); bit++)
            at->path[bit] = (uint32_t) sequence;
        at->next += record->count;
        at->digest = record->digest;
        cursor->stored_s = (uint32_t) (record->time_ms / 1000);
        cursors->totals.bets += record->count;
        cursors->totals.batches++;
    }
}

int cursors_accept (const cursors_t *cursors, const record_t *record, bytes_t rows,
                    char *why)
{
    const uint8_t mark = mark_of (record->kind);
    if (record->kind != RECORD_BETS && record->kind != RECORD_CANCELLED && !mark)
        return 0;
    if (record->agency < 1 || record->agency > cursors->agencies)
        return refuse (why, record, "the agency is not on the draw's roll");
    const cursor_t *cursor = cursors->of[record->agency];
    cursor_t fresh = {.at.agency = record->agency, .cursors = (cursors_t *) cursors};
    cursor = cursor ? cursor : &fresh;
    if (mark)
        return accept_mark (cursor, record, why);
    if (cursor_sealed (cursor))
        return refuse (why, record, "the agency's bets were complete before");
    return record->kind == RECORD_BETS ? accept_bets (cursor, record, rows, why)
                                       : accept_cancel (cursor, record, rows, why);
}

int cursors_restore (cursors_t *cursors, const checkpoint_cursor_t *at)
{
    if (at->agency < 1 || at->agency > cursors->agencies || cursors->of[at->agency] ||
        (at->last == 0) != (at->ordinal == 0) ||
        (at->ordinal == 0) != (at->next == 0) || at->cancelled > at->next ||
        (at->last_cancel == 0) != (at->cancelled == 0) ||
        (at->marks & CURSOR_REVEALED && !(at->marks & CURSOR_ASKED)))
        return -1;
    cursor_t *cursor = cursors_admit (cursors, at->agency);
    cursor->at = *at;
    cursors->recorded += recorded (cursor);
    cursors->totals.bets += at->next;
    cursors->totals.batches += at->ordinal;
    cursors->totals.cancelled += at->cancelled;
    cursors->sealed += (at->marks & (CURSOR_ASKED | CURSOR_EXCUSED)) != 0;
    cursors->asked += (at->marks & CURSOR_ASKED) != 0;
    cursors->revealed += (at->marks & CURSOR_REVEALED) != 0;
    return 0;
}

uint8_t *cursors_put (const cursors_t *cursors, uint8_t *at)
{
    for (uint32_t agency = 1; agency <= cursors->agency_last; agency++)
        if (cursors->of[agency] && recorded (cursors->of[agency]))
            at = checkpoint_put_cursor (at, &cursors->of[agency]->at);
    return at;
}

int cursors_hold (cursors_t *cursors, cursor_t *cursor, const envelope_t *envelope,
                  bytes_t message, uint64_t offset)
{
    if (offset - cursor->at.next > OFFSETS_AHEAD_MAX)
        return -1;
    const uint32_t place = held_place (cursor, offset);
    if (place < cursor->held_count && cursor->held[place]->offset == offset)
        free (take_held (cursors, cursor, place));
    if (cursor->held_count == HELD_BATCHES_PER_AGENCY ||
        cursor->held_bytes + message.size > HELD_BYTES_PER_AGENCY ||
        *cursors->held_bytes + message.size > HELD_BYTES_MAX)
        return -1;
    if (cursor->held_count == cursor->held_capacity) {
        cursor->held_capacity = (uint16_t) (2 * cursor->held_capacity + 8);
        cursor->held =
            realloc (cursor->held, cursor->held_capacity * sizeof *cursor->held);
        assert (cursor->held);
    }
    memmove (cursor->held + place + 1, cursor->held + place,
             (cursor->held_count - place) * sizeof *cursor->held);
    cursor->held[place] = held_new (envelope, message, offset);
    cursor->held_count++;
    cursor->held_bytes += (uint32_t) message.size;
    *cursors->held_bytes += message.size;
    return 0;
}

const held_t *cursor_due (const cursor_t *cursor)
{
    const bool due =
        cursor->held_count > 0 && cursor->held[0]->offset <= cursor->at.next;
    return due ? cursor->held[0] : NULL;
}

held_t *cursors_release (cursors_t *cursors, cursor_t *cursor)
{
    return take_held (cursors, cursor, 0);
}

void cursors_drop_held (cursors_t *cursors, cursor_t *cursor)
{
    while (cursor->held_count > 0)
        free (take_held (cursors, cursor, cursor->held_count - 1));
}

/* What a start would find again. */
static bool recorded (const cursor_t *cursor)
{
    return cursor->at.last != 0 || cursor->at.marks != 0;
}

static int accept_bets (const cursor_t *cursor, const record_t *record, bytes_t rows,
                        char *why)
{
    const record_t expected = cursor_record (cursor, record->count);
    uint64_t digest = cursor->at.digest;
    if (record->offset != cursor->at.next)
        return refuse (why, record, "its offset is not where the agency's bets end");
    if (record->previous != expected.previous || record->jump != expected.jump)
        return refuse (why, record, "it does not point to the agency's records");
    if (!rows.data)
        return 0;
    if (!record_matches (record, rows))
        return refuse (why, record, "its rows are not what it vouches for");
    if (digest_rows (&digest, rows, digest_prefix (record->agency)) != record->count ||
        digest != record->digest)
        return refuse (why, record, "its rows are not those of its count and digest");
    return 0;
}

/* That no bet is cancelled twice is for who reads all of them to see. */
static int accept_cancel (const cursor_t *cursor, const record_t *record, bytes_t rows,
                          char *why)
{
    char begins[48];
    const int size = snprintf (begins, sizeof begins, "%" PRIu64 ",%" PRIu32 ",",
                               record->offset, record->agency);
    if (record->offset >= cursor->at.next)
        return refuse (why, record, "it cancels a bet that is not stored");
    if (record->previous != cursor->at.last_cancel)
        return refuse (why, record,
                       "it does not follow what the agency cancelled last");
    if (!rows.data)
        return 0;
    if (!record_matches (record, rows))
        return refuse (why, record, "its rows are not what it vouches for");
    return (size_t) size < rows.size && memcmp (rows.data, begins, (size_t) size) == 0
               ? 0
               : refuse (why, record, "its row is not of the bet that it cancels");
}

/* Who was excused, or had not asked when all bets were complete, may still ask; who has
   only ended its sale may be excused. */
static int accept_mark (const cursor_t *cursor, const record_t *record, char *why)
{
    const bool asked = (cursor->at.marks & CURSOR_ASKED) != 0;
    if (cursor->at.marks & mark_of (record->kind))
        return refuse (why, record, "that was recorded before");
    if (record->kind == RECORD_EXCUSED && (asked || cursor->cursors->closed))
        return refuse (why, record, "the agency's bets were complete before");
    if (record->kind == RECORD_ENDED && asked)
        return refuse (why, record, "the agency had committed");
    if (record->kind == RECORD_REVEALED && !asked)
        return refuse (why, record, "the agency had not committed");
    if (record->kind != RECORD_SEALED && record->kind != RECORD_ENDED &&
        record->kind != RECORD_COMMITTED)
        return 0;
    if (record->offset != cursor->at.next)
        return refuse (why, record, "its offset is not where the agency's bets end");
    if (record->digest != cursor->at.digest)
        return refuse (why, record, "its digest is not that of the agency's bets");
    return record->jump == cursor->at.cancelled
               ? 0
               : refuse (why, record, "the agency has cancelled more bets, or fewer");
}

/* What a record of this kind marks its agency with; 0: nothing. */
static uint8_t mark_of (uint8_t kind)
{
    switch (kind) {
    case RECORD_SEALED:
    case RECORD_COMMITTED:
        return CURSOR_ASKED;
    case RECORD_EXCUSED:
        return CURSOR_EXCUSED;
    case RECORD_SERVED:
        return CURSOR_SERVED;
    case RECORD_REVEALED:
        return CURSOR_REVEALED;
    case RECORD_ENDED:
        return CURSOR_ENDED;
    default:
        return 0;
    }
}

static int refuse (char *why, const record_t *record, const char *reason)
{
    snprintf (why, LOG_WHY_BYTES, "%s (agency %" PRIu32 ", offset %" PRIu64 ")", reason,
              record->agency, record->offset);
    return -1;
}

/* Where a batch with this offset is, or belongs. Most come in order: from the end. */
static uint32_t held_place (const cursor_t *cursor, uint64_t offset)
{
    uint32_t place = cursor->held_count;
    while (place > 0 && cursor->held[place - 1]->offset >= offset)
        place--;
    return place;
}

static held_t *held_new (const envelope_t *envelope, bytes_t message, uint64_t offset)
{
    held_t *held = malloc (sizeof *held + message.size);
    assert (held);
    held->offset = offset;
    held->envelope = *envelope;
    held->told = false;
    held->message_size = message.size;
    put_bytes (held->message, message);
    return held;
}

static held_t *take_held (cursors_t *cursors, cursor_t *cursor, uint32_t place)
{
    held_t *held = cursor->held[place];
    cursor->held_bytes -= (uint32_t) held->message_size;
    *cursors->held_bytes -= held->message_size;
    cursor->held_count--;
    memmove (cursor->held + place, cursor->held + place + 1,
             (cursor->held_count - place) * sizeof *cursor->held);
    if (cursor->held_count == 0) {
        free (cursor->held);
        cursor->held = NULL;
        cursor->held_capacity = 0;
    }
    return held;
}

/* clerk_bets.c - what agencies sell, compare and cancel: batches are stored in the
   order of their offsets, those that came too soon are held, and what is stored is told
   once a group. Storage. */

#include "clerk_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "digest.h"
#include "logger.h"

#define NUMBER_FIELD 5 // of a row

static int store (clerk_t *clerk, cursor_t *cursor, request_t *request);
static bool rows_sound (request_t *request);
static void refuse_row (clerk_t *clerk, const request_t *request);
static int append (clerk_t *clerk, cursor_t *cursor, request_t *request);
static int compare (clerk_t *clerk, cursor_t *cursor, request_t *request);
static void hold (clerk_t *clerk, cursor_t *cursor, request_t *request);
static void note_due (clerk_t *clerk, cursor_t *cursor);
static int store_held (clerk_t *clerk, cursor_t *cursor);
static int refuse_held (clerk_t *clerk, sale_t *sale, cursor_t *cursor);
static void owe (clerk_t *clerk, cursor_t *cursor, const request_t *request);
static void note_owed (clerk_t *clerk, cursor_t *cursor);
static void pay (clerk_t *clerk, cursor_t *cursor);
static void tell_held (clerk_t *clerk, cursor_t *cursor);
static void log_stored (clerk_t *clerk, const request_t *request);
static bool may_cancel (clerk_t *clerk, const request_t *request,
                        const cursor_t *cursor);
static int cancel (clerk_t *clerk, request_t *request, cursor_t *cursor);
static void tell_cancelled (clerk_t *clerk, const request_t *request,
                            const cursor_t *cursor);
static void add_pointer (pointers_t *pointers, cursor_t *cursor);

int clerk_take_store (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    cursor_t *cursor = clerk_cursor_for (clerk, request);
    if (!cursor)
        return 0;
    if (sale_phase (request->sale) == PHASE_VOID)
        return clerk_refuse_void (clerk, request, request->sale);
    if (!rows_sound (request)) {
        clerk->strays++; // no worker of ours makes such rows
        clerk_refuse (clerk, request, REFUSED_BODY, "rows that are not canonical");
        return 0;
    }
    if (store (clerk, cursor, request) == -1)
        return -1;
    note_due (clerk, cursor);
    return 0;
}

static int store (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    if (request->beyond > 0) {
        refuse_row (clerk, request);
        return 0;
    }
    switch (cursor_judge (cursor, batch->offset, batch->count)) {
    case CURSOR_NEXT:
        return append (clerk, cursor, request);
    case CURSOR_PAST:
        return compare (clerk, cursor, request);
    case CURSOR_AHEAD:
        hold (clerk, cursor, request);
        return 0;
    case CURSOR_ACROSS:
        clerk_refuse (clerk, request, REFUSED_GAP,
                      "it begins in what is stored already");
        return 0;
    case CURSOR_CLOSED:
        clerk_refuse (clerk, request, REFUSED_CLOSED, NULL);
        return 0;
    }
    assert (false);
    return -1;
}

/* What a worker checked is not checked again, but its shape is: as many LF as rows,
   the last at the end. Everything that reads bets.csv relies on that. */
static bool rows_sound (request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    const bytes_t rows = batch->rows;
    request->digest = batch->digest;
    return batch->count > 0 && batch->count <= BATCH_ROWS_MAX && rows.size >= 2 &&
           rows.size <= STORE_BYTES_MAX &&
           memcmp (rows.data + rows.size - 2, "\r\n", 2) == 0 &&
           digest_rows_within (
               &request->digest, rows, digest_prefix (request->message.agency),
               request->sale->terms.highest, &request->beyond) == batch->count;
}

/* Workers know how high a number may be in any draw, not in this one. */
static void refuse_row (clerk_t *clerk, const request_t *request)
{
    char text[REFUSAL_TEXT_MAX];
    snprintf (text, sizeof text, "the highest number of draw %s is %u",
              request->sale->terms.name, request->sale->terms.highest);
    wire_message_t refusal = wire_refusal (&request->message, REFUSED_RANGE, text);
    refusal.refused.row = request->beyond;
    refusal.refused.field = NUMBER_FIELD;
    clerk_answer (clerk, request, &refusal);
}

static int append (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    if (batch->digest != cursor->at.digest) {
        clerk_conflict (clerk, request, "what is stored before it is not what it sold");
        return 0;
    }
    if (request->sale->overdue) { // until it is closed
        clerk_refuse (clerk, request, REFUSED_BUSY, NULL);
        return 0;
    }
    switch (book_reserve (clerk->book, request->sale, RECORD_BETS, batch->rows.size,
                          BOOK_BETS)) {
    case BOOK_FAILED:
        return -1;
    case BOOK_NOSPACE:
        clerk_refuse (clerk, request, REFUSED_NOSPACE, NULL);
        return 0;
    case BOOK_LATER: // the next group has room
        hold (clerk, cursor, request);
        return 0;
    case BOOK_FITS:
        break;
    }
    record_t record = cursor_record (cursor, batch->count);
    record.digest = request->digest;
    record.writer = batch->writer;
    book_append (clerk->book, request->sale, &record, batch->rows);
    owe (clerk, cursor, request);
    log_stored (clerk, request);
    return 0;
}

/* A repeat has the same bets, of the same writer, behind the same bets. */
static int compare (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    const int same = archive_same (book_archive (clerk->book), request->sale->folder,
                                   cursor->at.last, batch->offset, batch->count,
                                   batch->writer, batch->rows);
    uint64_t before;
    if (same == -1 || archive_digest (book_archive (clerk->book), request->sale->folder,
                                      cursor->at.last, batch->offset, &before) == -1)
        return -1;
    if (same == 0)
        clerk_conflict (clerk, request,
                        "other bets, or another writer's, are stored there");
    else if (before != batch->digest)
        clerk_conflict (clerk, request, "what is stored before it is not what it sold");
    else
        owe (clerk, cursor, request);
    return 0;
}

void clerk_conflict (clerk_t *clerk, const request_t *request, const char *reason)
{
    const wire_message_t *message = &request->message;
    char draw[DRAW_NAME_BYTES_MAX + 1];
    clerk->conflicted++;
    if (rate_limit_allows (clerk->conflicts, message->agency, clerk->now_ms))
        logger_event (
            LOG_ERROR, "conflicto", LOG_FAIL,
            "draw: %s | agency: %u | offset: %llu | reason: %s, two histories with one "
            "identity",
            clerk_draw_of (request, draw), message->agency,
            (unsigned long long) (message->command == WIRE_STORE
                                      ? message->batch.offset
                                      : message->record.event.count),
            reason);
    clerk_refuse (clerk, request, REFUSED_CONFLICT, reason);
}

static void hold (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    if (cursors_hold (cursor->cursors, cursor, &request->envelope, request->encoded,
                      request->message.batch.offset) == -1)
        clerk_refuse (clerk, request, REFUSED_GAP, NULL);
    else
        note_owed (clerk, cursor);
}

static void note_due (clerk_t *clerk, cursor_t *cursor)
{
    if (!cursor->due && cursor_due (cursor)) {
        cursor->due = true;
        add_pointer (&clerk->due, cursor);
    }
}

/* What was held and whose turn has come goes the way of a batch that arrives now, as
   long as there is room for it in the group: the rest is the next one's. */
int clerk_store_due (clerk_t *clerk)
{
    while (clerk->due.count > 0) {
        cursor_t *cursor = clerk->due.of[clerk->due.count - 1];
        const held_t *held;
        while ((held = cursor_due (cursor))) {
            const book_room_t room =
                book_reserve (clerk->book, cursors_sale (cursor->cursors), RECORD_BETS,
                              held->message_size, BOOK_BETS);
            if (room == BOOK_LATER)
                return 0;
            if (room == BOOK_FAILED || store_held (clerk, cursor) == -1)
                return -1;
        }
        cursor->due = false;
        clerk->due.count--;
    }
    return 0;
}

static int store_held (clerk_t *clerk, cursor_t *cursor)
{
    held_t *held = cursors_release (cursor->cursors, cursor);
    request_t request = {.envelope = held->envelope,
                         .encoded = bytes_of (held->message, held->message_size),
                         .sale = cursors_sale (cursor->cursors)};
    const wire_code_t code = wire_decode (request.encoded, &request.message);
    const bool sound = code == REFUSED_OK && rows_sound (&request);
    assert (sound); // it was when it came
    const int rc = store (clerk, cursor, &request);
    free (held);
    return rc;
}

/* What is ahead of the last bet of this agency (0: of all) never comes true. */
int clerk_settle_held (clerk_t *clerk, sale_t *sale, uint32_t agency)
{
    cursor_t *cursor = agency > 0 ? cursors_find (sale->cursors, agency)
                                  : cursors_next (sale->cursors, 0);
    int rc = 0;
    while (cursor && rc == 0) {
        rc = refuse_held (clerk, sale, cursor);
        cursor = agency > 0 ? NULL : cursors_next (sale->cursors, cursor->at.agency);
    }
    return rc;
}

static int refuse_held (clerk_t *clerk, sale_t *sale, cursor_t *cursor)
{
    int rc = 0;
    while (cursor->held_count > 0 && rc == 0) {
        held_t *held = cursors_release (cursor->cursors, cursor);
        request_t request = {.envelope = held->envelope,
                             .encoded = bytes_of (held->message, held->message_size),
                             .sale = sale};
        const wire_code_t code = wire_decode (request.encoded, &request.message);
        assert (code == REFUSED_OK); // it was when it came
        if (sale_phase (sale) == PHASE_VOID)
            rc = clerk_refuse_void (clerk, &request, sale);
        else
            clerk_refuse (clerk, &request, REFUSED_CLOSED, NULL);
        free (held);
    }
    return rc;
}

/* One STORED answers all of an agency's batches in the group: it goes where the latest
   of them came from. Should they come from two connections, each gets one. */
static void owe (clerk_t *clerk, cursor_t *cursor, const request_t *request)
{
    const envelope_t *envelope = &request->envelope;
    if (cursor->ack && (cursor->ack_to.client != envelope->client ||
                        cursor->ack_to.boot != envelope->boot))
        pay (clerk, cursor);
    note_owed (clerk, cursor);
    cursor->ack = true;
    cursor->ack_to = *envelope;
}

static void note_owed (clerk_t *clerk, cursor_t *cursor)
{
    if (!cursor->owed)
        add_pointer (&clerk->owed, cursor);
    cursor->owed = true;
}

void clerk_pay_owed (clerk_t *clerk)
{
    for (size_t i = 0; i < clerk->owed.count; i++) {
        cursor_t *cursor = clerk->owed.of[i];
        cursor->owed = false;
        pay (clerk, cursor);
        tell_held (clerk, cursor);
    }
    clerk->owed.count = 0;
}

static void pay (clerk_t *clerk, cursor_t *cursor)
{
    if (!cursor->ack)
        return;
    cursor->ack = false;
    const wire_message_t stored = {
        .command = WIRE_STORED,
        .agency = cursor->at.agency,
        .draw = cursors_sale (cursor->cursors)->identity,
        .stored = {.next = cursor->at.next, .digest = cursor->at.digest}};
    outbox_answer (clerk->gathered.answers, &cursor->ack_to, &stored);
}

/* What is held still when its group is over may be so for long: the worker's credit
   that it takes up is given back. */
static void tell_held (clerk_t *clerk, cursor_t *cursor)
{
    const wire_message_t message = {.command = WIRE_HELD,
                                    .agency = cursor->at.agency,
                                    .draw = cursors_sale (cursor->cursors)->identity};
    for (size_t i = 0; i < cursor->held_count; i++) {
        held_t *held = cursor->held[i];
        if (!held->told)
            outbox_answer (clerk->gathered.answers, &held->envelope, &message);
        held->told = true;
    }
}

static void log_stored (clerk_t *clerk, const request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    const char *draw = request->sale->terms.name;
    const uint32_t seller = request->message.agency;
    if (!logger_enabled (LOG_INFO))
        return;
    if (!clerk->log_batches) {
        takings_add (clerk->takings, request->sale, seller, batch->count,
                     clerk->now_ms);
        return;
    }
    logger_event (LOG_INFO, "apuesta_recibida", LOG_SUCCESS,
                  "cantidad: %u | draw: %s | agency: %u", batch->count, draw, seller);
    if (!clerk->log_bets)
        return;
    uint8_t scratch[ROW_BYTES_MAX];
    bytes_t rows = batch->rows;
    uint32_t agency;
    bet_t bet;
    while (bet_csv_next (&rows, scratch, &agency, &bet) == 1)
        logger_event (LOG_INFO, "apuesta_almacenada", LOG_SUCCESS,
                      "dni: %.*s | numero: %u | draw: %s | agency: %u",
                      (int) bet.document.size, (const char *) bet.document.data,
                      bet.number, draw, seller);
}

/* Whoever has its bets in a file compares them with what is stored, wherever it likes.
 */
int clerk_take_check (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_message_t *message = &request->message;
    const cursor_t *cursor = clerk_cursor_for (clerk, request);
    if (!cursor)
        return 0;
    if (message->tally.count > cursor->at.next) {
        clerk_refuse (clerk, request, REFUSED_GAP, "not so many bets are stored");
        return 0;
    }
    wire_message_t digest = {.command = WIRE_DIGEST,
                             .agency = message->agency,
                             .draw = message->draw,
                             .tally = {.count = message->tally.count}};
    if (archive_digest (book_archive (clerk->book), request->sale->folder,
                        cursor->at.last, message->tally.count,
                        &digest.tally.digest) == -1)
        return -1;
    clerk_answer (clerk, request, &digest);
    return 0;
}

/* A bet of its own, as long as it sells. One that is cancelled already is so whenever
   it asks. */
int clerk_take_cancel (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    cursor_t *cursor = clerk_cursor_for (clerk, request);
    if (!cursor)
        return 0;
    if (sale_phase (request->sale) == PHASE_VOID)
        return clerk_refuse_void (clerk, request, request->sale);
    cancelled_t cancelled;
    if (cancels_of (clerk->cancels, cursor, &cancelled) == -1)
        return -1;
    if (cancels_have (&cancelled, request->message.offset))
        tell_cancelled (clerk, request, cursor);
    else if (may_cancel (clerk, request, cursor))
        return cancel (clerk, request, cursor);
    return 0;
}

static bool may_cancel (clerk_t *clerk, const request_t *request,
                        const cursor_t *cursor)
{
    wire_code_t code = REFUSED_OK;
    const char *text = NULL;
    if (request->message.offset >= cursor->at.next) {
        code = REFUSED_GAP;
        text = "that bet is not stored";
    } else if (cursor_sealed (cursor))
        code = REFUSED_CLOSED;
    else if (request->sale->overdue)
        code = REFUSED_BUSY;
    else if (cursor->at.cancelled >= CANCELS_MAX) {
        code = REFUSED_CLOSED;
        text = "the agency has cancelled as many bets as it may";
    }
    if (code != REFUSED_OK)
        clerk_refuse (clerk, request, code, text);
    return code == REFUSED_OK;
}

static int cancel (clerk_t *clerk, request_t *request, cursor_t *cursor)
{
    uint8_t row[CANCELLED_ROW_BYTES_MAX];
    const uint64_t offset = request->message.offset;
    sale_t *sale = request->sale;
    const int64_t size = archive_cancelled_row (
        book_archive (clerk->book), sale->folder, cursor->at.last, offset, row);
    if (size == -1)
        return -1;
    switch (
        book_reserve (clerk->book, sale, RECORD_CANCELLED, (size_t) size, BOOK_BETS)) {
    case BOOK_FAILED:
        return -1;
    case BOOK_NOSPACE:
        clerk_refuse (clerk, request, REFUSED_NOSPACE, NULL);
        return 0;
    case BOOK_LATER:
        clerk_refuse (clerk, request, REFUSED_BUSY, NULL);
        return 0;
    case BOOK_FITS:
        break;
    }
    record_t record = cursor_cancel_record (cursor, offset);
    book_append (clerk->book, sale, &record, bytes_of (row, (size_t) size));
    logger_event (LOG_INFO, "apuesta_cancelada", LOG_SUCCESS,
                  "draw: %s | agency: %u | offset: %llu", sale->terms.name,
                  cursor->at.agency, (unsigned long long) offset);
    tell_cancelled (clerk, request, cursor);
    return 0;
}

static void tell_cancelled (clerk_t *clerk, const request_t *request,
                            const cursor_t *cursor)
{
    const wire_message_t cancelled = {
        .command = WIRE_CANCELLED,
        .agency = cursor->at.agency,
        .draw = request->message.draw,
        .cancelled = {request->message.offset, cursor->at.cancelled}};
    clerk_answer (clerk, request, &cancelled);
}

static void add_pointer (pointers_t *pointers, cursor_t *cursor)
{
    if (pointers->count == pointers->capacity) {
        pointers->capacity = pointers->capacity * 2 + 64;
        pointers->of = realloc (pointers->of, pointers->capacity * sizeof (cursor_t *));
        assert (pointers->of);
    }
    pointers->of[pointers->count++] = cursor;
}

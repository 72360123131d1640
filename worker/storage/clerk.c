/* clerk.c - what storage does with each request. */

#include "clerk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "digest.h"
#include "events.h"
#include "rate_limit.h"
#include "handler.h"
#include "logger.h"
#include "winners.h"

#define FINDS_MAX BUNDLE_MESSAGES_MAX

typedef struct {  // one request and whom to answer
    bytes_t peer; // who passed it on; of interest where state asked for itself
    uint8_t key_role;
    envelope_t envelope;
    bytes_t encoded;
    wire_message_t message;
    uint64_t digest; // of a STORE: behind its rows, if it is right about those before
} request_t;

typedef struct { // cursors, each once
    cursor_t **of;
    size_t count, capacity;
} pointers_t;

typedef struct { // answers that leave together
    outbox_t *answers, *to_state;
} post_t;

struct clerk {
    cursors_t *cursors; // borrowed
    book_t *book;       // borrowed
    events_t *events;
    bool log_bets;
    post_t gathered;  // of the group that is gathered
    post_t leaving;   // of the one that was begun last
    pointers_t owed;  // cursors that this group owes a STORED or a HELD
    pointers_t due;   // cursors of which batches are held whose turn has come
    size_t messages;  // in this group
    winners_t *finds; // FINDS_MAX, of the bundle that is being taken
    request_t *finders;
    size_t finds_count;
    rate_limit_t *refusals, *conflicts; // of the log's lines
    int64_t now_ms;
    uint64_t strays;
};

static void destroy_post (post_t *post);
static int take_request (clerk_t *clerk, request_t *request);
static bool may_ask (const request_t *request);
static int take_store (void *self, void *taken);
static int take_admit (void *self, void *taken);
static int take_find (void *self, void *taken);
static int take_check (void *self, void *taken);
static bool other_draw (clerk_t *clerk, const request_t *request);
static int take_register (void *self, void *taken);
static int take_replay (void *self, void *taken);
static int take_record (void *self, void *taken);
static void refuse_event (clerk_t *clerk, request_t *request, wire_code_t code);
static void log_drawn (const clerk_t *clerk, uint32_t number);
static bool heard (clerk_t *clerk, const request_t *request, uint64_t epoch);
static int tell_event (clerk_t *clerk, const request_t *request, uint64_t ordinal);
static void tell_state (clerk_t *clerk, const request_t *request,
                        const wire_message_t *message);
static void refuse_state (clerk_t *clerk, const request_t *request, wire_code_t code,
                          uint64_t offset, uint64_t expected);
static int answer_finds (clerk_t *clerk);
static uint64_t tell_head (const clerk_t *clerk, uint8_t head[WIRE_HEAD_BYTES]);
static void conflict (clerk_t *clerk, const request_t *request, const char *reason);
static int store (clerk_t *clerk, cursor_t *cursor, request_t *request);
static bool rows_sound (request_t *request);
static int append (clerk_t *clerk, cursor_t *cursor, request_t *request);
static int compare (clerk_t *clerk, cursor_t *cursor, request_t *request);
static void hold (clerk_t *clerk, cursor_t *cursor, request_t *request);
static void note_due (clerk_t *clerk, cursor_t *cursor);
static int store_due (clerk_t *clerk);
static int store_held (clerk_t *clerk, cursor_t *cursor);
static void owe (clerk_t *clerk, cursor_t *cursor, const request_t *request);
static void note_owed (clerk_t *clerk, cursor_t *cursor);
static void add_pointer (pointers_t *pointers, cursor_t *cursor);
static void pay (clerk_t *clerk, cursor_t *cursor);
static void tell_held (clerk_t *clerk, cursor_t *cursor);
static void answer (clerk_t *clerk, const request_t *request,
                    const wire_message_t *message);
static void refuse (clerk_t *clerk, const request_t *request, wire_code_t code,
                    const char *text);
static void log_stored (const clerk_t *clerk, const wire_batch_t *batch);

static const handler_t handlers[] = {
    {WIRE_STORE, take_store},       {WIRE_CHECK, take_check},
    {WIRE_ADMIT, take_admit},       {WIRE_FIND, take_find},
    {WIRE_REGISTER, take_register}, {WIRE_REPLAY, take_replay},
    {WIRE_RECORD, take_record},     {0},
};

clerk_t *clerk_new (cursors_t *cursors, book_t *book, bool log_bets)
{
    clerk_t *clerk = calloc (1, sizeof *clerk);
    assert (clerk);
    clerk->cursors = cursors;
    clerk->book = book;
    clerk->events = events_new (cursors, book);
    clerk->log_bets = log_bets;
    clerk->gathered = (post_t){outbox_new (), outbox_new ()};
    clerk->leaving = (post_t){outbox_new (), outbox_new ()};
    clerk->refusals = rate_limit_new ();
    clerk->conflicts = rate_limit_new ();
    clerk->finds = malloc (FINDS_MAX * sizeof *clerk->finds);
    clerk->finders = malloc (FINDS_MAX * sizeof *clerk->finders);
    assert (clerk->finds && clerk->finders);
    return clerk;
}

void clerk_destroy (clerk_t **clerk)
{
    if (*clerk) {
        events_destroy (&(*clerk)->events);
        destroy_post (&(*clerk)->gathered);
        destroy_post (&(*clerk)->leaving);
        rate_limit_destroy (&(*clerk)->refusals);
        rate_limit_destroy (&(*clerk)->conflicts);
        free ((*clerk)->owed.of);
        free ((*clerk)->due.of);
        free ((*clerk)->finds);
        free ((*clerk)->finders);
        free (*clerk);
    }
    *clerk = NULL;
}

void clerk_tick (clerk_t *clerk, int64_t now_ms)
{
    clerk->now_ms = now_ms;
    rate_limit_tell (clerk->refusals, now_ms, LOG_WARNING, "apuesta_recibida");
    rate_limit_tell (clerk->conflicts, now_ms, LOG_ERROR, "conflicto");
}

int64_t clerk_deadline (const clerk_t *clerk)
{
    const int64_t refusals_ms = rate_limit_deadline (clerk->refusals);
    const int64_t conflicts_ms = rate_limit_deadline (clerk->conflicts);
    return refusals_ms < conflicts_ms ? refusals_ms : conflicts_ms;
}

int clerk_take (clerk_t *clerk, bytes_t peer, uint8_t key_role, bytes_t bundle)
{
    request_t request = {.peer = peer, .key_role = key_role};
    int more;
    while ((more = bundle_next (&bundle, &request.envelope, &request.encoded)) == 1) {
        clerk->messages++;
        if (take_request (clerk, &request) == -1)
            return -1;
    }
    if (more == -1)
        clerk->strays++;
    return answer_finds (clerk) == -1 ? -1 : store_due (clerk);
}

int clerk_go_on (clerk_t *clerk)
{
    return store_due (clerk);
}

bool clerk_full (clerk_t *clerk)
{
    return clerk->messages >= GROUP_MESSAGES_MAX || book_full (clerk->book);
}

/* What is owed is worked out here, where the group ends: whatever comes later is of the
   next one, and its answers wait for that. */
int clerk_begin (clerk_t *clerk, bool at_once)
{
    for (size_t i = 0; i < clerk->owed.count; i++) {
        cursor_t *cursor = clerk->owed.of[i];
        cursor->owed = false;
        pay (clerk, cursor);
        tell_held (clerk, cursor);
    }
    clerk->owed.count = 0;
    clerk->messages = 0;
    const post_t post = clerk->gathered;
    clerk->gathered = clerk->leaving;
    clerk->leaving = post;
    if (book_begin (clerk->book, at_once) == -1)
        return -1;
    return store_due (clerk);
}

outbox_t *clerk_answers (clerk_t *clerk)
{
    return clerk->leaving.answers;
}

outbox_t *clerk_to_state (clerk_t *clerk)
{
    return clerk->leaving.to_state;
}

uint64_t clerk_strays (const clerk_t *clerk)
{
    return clerk->strays;
}

static void destroy_post (post_t *post)
{
    outbox_destroy (&post->answers);
    outbox_destroy (&post->to_state);
}

static int take_request (clerk_t *clerk, request_t *request)
{
    const handler_t *handler = NULL;
    if (wire_decode (request->encoded, &request->message) == REFUSED_OK)
        handler = handler_find (handlers, request->message.command);
    if (handler && may_ask (request))
        return handler->handle (clerk, request);
    clerk->strays++;
    return 0;
}

static bool may_ask (const request_t *request)
{
    return request->key_role == ROLE_ANY ||
           wire_role_asks (request->key_role, request->message.command);
}

static int take_store (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    if (other_draw (clerk, request))
        return 0;
    cursor_t *cursor = cursors_find (clerk->cursors, request->message.agency);
    if (!cursor) {
        refuse (clerk, request, REFUSED_HELLO, NULL);
        return 0;
    }
    if (!rows_sound (request)) {
        clerk->strays++; // no worker of ours makes such rows
        refuse (clerk, request, REFUSED_BODY, "rows that are not canonical");
        return 0;
    }
    if (store (clerk, cursor, request) == -1)
        return -1;
    note_due (clerk, cursor);
    return 0;
}

/* State vouches for the agency and has filled in what it knows; its next offset is
   ours. Whatever of an earlier life of the agency was held is stale. */
static int take_admit (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    wire_message_t *message = &request->message;
    if (message->agency == 0 || message->agency > AGENCIES_MAX) {
        clerk->strays++;
        return 0;
    }
    if (!heard (clerk, request, message->welcome.epoch))
        return 0;
    cursor_t *cursor = cursors_admit (clerk->cursors, message->agency);
    cursors_drop_held (clerk->cursors, cursor);
    message->command = WIRE_WELCOME;
    message->welcome.next = cursor->at.next;
    message->welcome.digest = cursor->at.digest;
    message->welcome.sequence = tell_head (clerk, message->welcome.head);
    if (cursor->at.sealed && message->welcome.day == DAY_OPEN)
        message->welcome.day = DAY_SEALED;
    answer (clerk, request, message);
    return 0;
}

/* A state that begins: from here on it is the one that is heard. */
static int take_register (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const uint64_t before = book_epoch (clerk->book);
    const int64_t count = events_count (clerk->events);
    wire_code_t code;
    if (count == -1 || events_register (clerk->events, request->peer,
                                        request->message.state, &code) == -1)
        return -1;
    const uint64_t epoch = book_epoch (clerk->book);
    if (code != REFUSED_OK) {
        refuse_state (clerk, request, code, 0, events_life (clerk->events));
        return 0;
    }
    const wire_message_t registered = {
        .command = WIRE_REGISTERED,
        .registered = {epoch, book_draw (clerk->book), count > 0}};
    tell_state (clerk, request, &registered);
    if (epoch != before)
        logger_event (LOG_INFO, "registro", LOG_SUCCESS, "epoch: %llu | events: %llu",
                      (unsigned long long) epoch, (unsigned long long) count);
    request_t former = *request;
    uint64_t former_epoch;
    if (events_superseded (clerk->events, &former.peer, &former_epoch))
        refuse_state (clerk, &former, REFUSED_SUPERSEDED, former_epoch, epoch);
    return 0;
}

static int take_replay (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_replay_t *replay = &request->message.replay;
    if (!heard (clerk, request, replay->epoch))
        return 0;
    const int64_t count = events_count (clerk->events);
    int rc = count == -1 ? -1 : 0;
    for (uint64_t i = 0; rc == 0 && i < REPLAY_EVENTS; i++)
        if (replay->from < (uint64_t) count && i < (uint64_t) count - replay->from)
            rc = tell_event (clerk, request, replay->from + i);
    return rc;
}

/* What state has decided has happened once it is recorded. */
static int take_record (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_record_t *record = &request->message.record;
    const uint64_t before = book_last_event (clerk->book);
    wire_code_t code;
    uint64_t ordinal;
    if (!heard (clerk, request, record->epoch))
        return 0;
    if (events_record (clerk->events, record, &code, &ordinal) == -1)
        return -1;
    if (code != REFUSED_OK) {
        refuse_event (clerk, request, code);
        return 0;
    }
    if (record->event.kind == EVENT_DRAWN && book_last_event (clerk->book) != before)
        log_drawn (clerk, record->event.number);
    return tell_event (clerk, request, ordinal);
}

/* The agency for whom it was, if there is one, hears why not; state of what only state
   can mend. */
static void refuse_event (clerk_t *clerk, request_t *request, wire_code_t code)
{
    if (code == REFUSED_GAP || request->envelope.boot == 0)
        refuse_state (clerk, request, code, 0, (uint64_t) events_count (clerk->events));
    else if (code == REFUSED_CONFLICT)
        conflict (clerk, request, "other bets are stored than it says that it sold");
    else
        refuse (clerk, request, code, NULL);
}

/* Exactly once, by who makes it so; and where the log stands with it. */
static void log_drawn (const clerk_t *clerk, uint32_t number)
{
    char head[SHA256_TEXT_BYTES];
    logger_event (LOG_INFO, "sorteo", LOG_SUCCESS, "numero: %u", number);
    sha256_text (book_head (clerk->book), head);
    logger_event (LOG_INFO, "cadena", LOG_SUCCESS, "sequence: %llu | head: %s",
                  (unsigned long long) book_last_event (clerk->book), head);
}

/* Whether what a state asks comes from the one that registered last, and is about this
   draw; else it is told. */
static bool heard (clerk_t *clerk, const request_t *request, uint64_t epoch)
{
    const wire_code_t code =
        events_heard (clerk->events, request->peer, epoch, request->message.draw);
    if (code != REFUSED_OK)
        refuse_state (clerk, request, code, epoch, book_epoch (clerk->book));
    return code == REFUSED_OK;
}

static int tell_event (clerk_t *clerk, const request_t *request, uint64_t ordinal)
{
    wire_message_t event = {.command = WIRE_EVENT, .draw = book_draw (clerk->book)};
    if (events_read (clerk->events, ordinal, &event.recorded) == -1)
        return -1;
    event.agency = event.recorded.event.agency;
    tell_state (clerk, request, &event);
    return 0;
}

static void tell_state (clerk_t *clerk, const request_t *request,
                        const wire_message_t *message)
{
    outbox_write (clerk->gathered.to_state, request->peer, &request->envelope, message);
}

static void refuse_state (clerk_t *clerk, const request_t *request, wire_code_t code,
                          uint64_t offset, uint64_t expected)
{
    wire_message_t refusal = wire_refusal (&request->message, code, NULL);
    refusal.refused.offset = offset;
    refusal.refused.expected = expected;
    tell_state (clerk, request, &refusal);
}

/* After the draw many ask at once: what a bundle asks for is found in one pass. */
static int take_find (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_message_t *message = &request->message;
    const wire_find_t *find = &message->find;
    if (!heard (clerk, request, find->epoch))
        return 0;
    cursor_t *cursor = cursors_find (clerk->cursors, message->agency);
    if (!cursor || !cursor->at.sealed ||
        (find->count != UINT64_MAX && cursor->at.next != find->count)) {
        refuse (clerk, request, REFUSED_TALLY, "not the bets that were sealed");
        return 0;
    }
    winners_t *winners = &clerk->finds[clerk->finds_count];
    winners->agency = message->agency;
    winners->page = (wire_winners_t){.cursor = find->cursor, .number = find->number};
    clerk->finders[clerk->finds_count++] = *request;
    return clerk->finds_count == FINDS_MAX ? answer_finds (clerk) : 0;
}

/* Whoever has its bets in a file compares them with what is stored, wherever it likes.
 */
static int take_check (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_message_t *message = &request->message;
    if (other_draw (clerk, request))
        return 0;
    const cursor_t *cursor = cursors_find (clerk->cursors, message->agency);
    if (!cursor) {
        refuse (clerk, request, REFUSED_HELLO, NULL);
        return 0;
    }
    if (message->tally.count > cursor->at.next) {
        refuse (clerk, request, REFUSED_GAP, "not so many bets are stored");
        return 0;
    }
    wire_message_t digest = {.command = WIRE_DIGEST,
                             .agency = message->agency,
                             .draw = message->draw,
                             .tally = {.count = message->tally.count}};
    if (archive_digest (book_archive (clerk->book), cursor->at.last,
                        message->tally.count, &digest.tally.digest) == -1)
        return -1;
    answer (clerk, request, &digest);
    return 0;
}

/* Refuse what was begun with another central's log, or this one's of another
   day: whatever it says of offsets is not about these bets. */
static bool other_draw (clerk_t *clerk, const request_t *request)
{
    if (request->message.draw == book_draw (clerk->book))
        return false;
    refuse (clerk, request, REFUSED_DRAW, "it began with another draw");
    return true;
}

/* The log's head as of now, and how many records it stands for. The answer that says so
   waits until all of them are durable. */
static uint64_t tell_head (const clerk_t *clerk, uint8_t head[WIRE_HEAD_BYTES])
{
    memcpy (head, book_head (clerk->book), WIRE_HEAD_BYTES);
    return book_records (clerk->book);
}

static int answer_finds (clerk_t *clerk)
{
    const size_t count = clerk->finds_count;
    clerk->finds_count = 0;
    if (count > 0 &&
        winners_find (book_archive (clerk->book), clerk->finds, count) == -1)
        return -1;
    for (size_t i = 0; i < count; i++) {
        wire_message_t winners = {.command = WIRE_WINNERS,
                                  .agency = clerk->finds[i].agency,
                                  .draw = book_draw (clerk->book),
                                  .winners = clerk->finds[i].page};
        winners.winners.sequence = tell_head (clerk, winners.winners.head);
        answer (clerk, &clerk->finders[i], &winners);
    }
    return 0;
}

static int store (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    switch (cursor_judge (cursor, batch->offset, batch->count)) {
    case CURSOR_NEXT:
        return append (clerk, cursor, request);
    case CURSOR_PAST:
        return compare (clerk, cursor, request);
    case CURSOR_AHEAD:
        hold (clerk, cursor, request);
        return 0;
    case CURSOR_ACROSS:
        refuse (clerk, request, REFUSED_GAP, "it begins in what is stored already");
        return 0;
    case CURSOR_CLOSED:
        refuse (clerk, request, REFUSED_CLOSED, NULL);
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
           digest_rows (&request->digest, rows,
                        digest_prefix (request->message.agency)) == batch->count;
}

static int append (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    if (batch->digest != cursor->at.digest) {
        conflict (clerk, request, "what is stored before it is not what it sold");
        return 0;
    }
    switch (book_reserve (clerk->book, batch->rows.size, BOOK_BETS)) {
    case BOOK_FAILED:
        return -1;
    case BOOK_NOSPACE:
        refuse (clerk, request, REFUSED_NOSPACE, NULL);
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
    book_append (clerk->book, &record, batch->rows);
    owe (clerk, cursor, request);
    log_stored (clerk, batch);
    return 0;
}

/* A repeat has the same bets, of the same writer, behind the same bets. */
static int compare (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    const wire_batch_t *batch = &request->message.batch;
    const int same =
        archive_same (book_archive (clerk->book), cursor->at.last, batch->offset,
                      batch->count, batch->writer, batch->rows);
    uint64_t before;
    if (same == -1 || archive_digest (book_archive (clerk->book), cursor->at.last,
                                      batch->offset, &before) == -1)
        return -1;
    if (same == 0)
        conflict (clerk, request, "other bets, or another writer's, are stored there");
    else if (before != batch->digest)
        conflict (clerk, request, "what is stored before it is not what it sold");
    else
        owe (clerk, cursor, request);
    return 0;
}

static void conflict (clerk_t *clerk, const request_t *request, const char *reason)
{
    const wire_message_t *message = &request->message;
    if (rate_limit_allows (clerk->conflicts, message->agency, clerk->now_ms))
        logger_event (
            LOG_ERROR, "conflicto", LOG_FAIL,
            "agency: %u | offset: %llu | reason: %s, two histories with one identity",
            message->agency,
            (unsigned long long) (message->command == WIRE_STORE
                                      ? message->batch.offset
                                      : message->record.event.count),
            reason);
    refuse (clerk, request, REFUSED_CONFLICT, reason);
}

static void hold (clerk_t *clerk, cursor_t *cursor, request_t *request)
{
    if (cursors_hold (clerk->cursors, cursor, &request->envelope, request->encoded,
                      request->message.batch.offset) == -1)
        refuse (clerk, request, REFUSED_GAP, NULL);
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
static int store_due (clerk_t *clerk)
{
    while (clerk->due.count > 0) {
        cursor_t *cursor = clerk->due.of[clerk->due.count - 1];
        const held_t *held;
        while ((held = cursor_due (cursor))) {
            const book_room_t room =
                book_reserve (clerk->book, held->message_size, BOOK_BETS);
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
    held_t *held = cursors_release (clerk->cursors, cursor);
    request_t request = {.envelope = held->envelope,
                         .encoded = bytes_of (held->message, held->message_size)};
    const wire_code_t code = wire_decode (request.encoded, &request.message);
    const bool sound = code == REFUSED_OK && rows_sound (&request);
    assert (sound); // it was when it came
    const int rc = store (clerk, cursor, &request);
    free (held);
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

static void add_pointer (pointers_t *pointers, cursor_t *cursor)
{
    if (pointers->count == pointers->capacity) {
        pointers->capacity = pointers->capacity * 2 + 64;
        pointers->of = realloc (pointers->of, pointers->capacity * sizeof (cursor_t *));
        assert (pointers->of);
    }
    pointers->of[pointers->count++] = cursor;
}

static void pay (clerk_t *clerk, cursor_t *cursor)
{
    if (!cursor->ack)
        return;
    cursor->ack = false;
    const wire_message_t stored = {
        .command = WIRE_STORED,
        .agency = cursor->at.agency,
        .draw = book_draw (clerk->book),
        .stored = {.next = cursor->at.next, .digest = cursor->at.digest}};
    outbox_answer (clerk->gathered.answers, &cursor->ack_to, &stored);
}

/* What is held still when its group is over may be so for long: the worker's credit
   that it takes up is given back. */
static void tell_held (clerk_t *clerk, cursor_t *cursor)
{
    const wire_message_t message = {.command = WIRE_HELD,
                                    .agency = cursor->at.agency,
                                    .draw = book_draw (clerk->book)};
    for (size_t i = 0; i < cursor->held_count; i++) {
        held_t *held = cursor->held[i];
        if (!held->told)
            outbox_answer (clerk->gathered.answers, &held->envelope, &message);
        held->told = true;
    }
}

static void answer (clerk_t *clerk, const request_t *request,
                    const wire_message_t *message)
{
    outbox_answer (clerk->gathered.answers, &request->envelope, message);
}

static void refuse (clerk_t *clerk, const request_t *request, wire_code_t code,
                    const char *text)
{
    if (!text)
        text = wire_code_text ((uint16_t) code);
    wire_message_t refusal = wire_refusal (&request->message, code, text);
    const cursor_t *cursor = cursors_find (clerk->cursors, request->message.agency);
    refusal.refused.expected = cursor ? cursor->at.next : 0;
    answer (clerk, request, &refusal);
    if (request->message.command == WIRE_STORE &&
        rate_limit_allows (clerk->refusals, request->message.agency, clerk->now_ms))
        logger_event (
            LOG_WARNING, "apuesta_recibida", LOG_FAIL,
            "cantidad: %u | agency: %u | offset: %llu | code: %s | reason: %s",
            request->message.batch.count, request->message.agency,
            (unsigned long long) request->message.batch.offset,
            wire_code_name ((uint16_t) code), text);
}

/* What state asks in an agency's place is refused as what the agency asked. */
static void log_stored (const clerk_t *clerk, const wire_batch_t *batch)
{
    logger_event (LOG_INFO, "apuesta_recibida", LOG_SUCCESS, "cantidad: %u",
                  batch->count);
    if (!clerk->log_bets)
        return;
    uint8_t scratch[ROW_BYTES_MAX];
    bytes_t rows = batch->rows;
    uint32_t agency;
    bet_t bet;
    while (bet_csv_next (&rows, scratch, &agency, &bet) == 1)
        logger_event (LOG_INFO, "apuesta_almacenada", LOG_SUCCESS,
                      "dni: %.*s | numero: %u", (int) bet.document.size,
                      (const char *) bet.document.data, bet.number);
}

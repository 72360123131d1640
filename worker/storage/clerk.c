/* clerk.c - what storage does with each request. */

#include "clerk_state.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bet_csv.h"
#include "deadline.h"
#include "digest.h"
#include "handler.h"
#include "logger.h"
#include "note.h"

#define FINDS_MAX     BUNDLE_MESSAGES_MAX
#define NUMBER_FIELD  5 // of a row
#define DAMAGED_TEXT  "its files are damaged; the central's log says more"
#define CLOSE_LOOK_MS 1000 // how often the clock is looked at: it may be set anew

static void destroy_post (post_t *post);
static int take_request (clerk_t *clerk, request_t *request);
static bool may_ask (const request_t *request);
static int take_store (void *self, void *taken);
static int take_admit (void *self, void *taken);
static int take_find (void *self, void *taken);
static int take_check (void *self, void *taken);
static int take_cancel (void *self, void *taken);
static int cancel (clerk_t *clerk, request_t *request, cursor_t *cursor);
static bool may_cancel (clerk_t *clerk, const request_t *request,
                        const cursor_t *cursor);
static void tell_cancelled (clerk_t *clerk, const request_t *request,
                            const cursor_t *cursor);
static int take_register (void *self, void *taken);
static int take_replay (void *self, void *taken);
static int list_draws (clerk_t *clerk, const request_t *request);
static int take_lookup (void *self, void *taken);
static int take_record (void *self, void *taken);
static int close_due (clerk_t *clerk, uint64_t wall_ms);
static void note_overdue (clerk_t *clerk, uint64_t wall_ms);
static int tell_closed (clerk_t *clerk, sale_t *sale);
static int settle_held (clerk_t *clerk, sale_t *sale, uint32_t agency);
static int refuse_held (clerk_t *clerk, sale_t *sale, cursor_t *cursor);
static int find_draw (clerk_t *clerk, bytes_t name, sale_t **sale, bool *damaged);
static void log_drawn (clerk_t *clerk, const sale_t *sale);
static int tell_event (clerk_t *clerk, const request_t *request, sale_t *sale,
                       uint64_t ordinal);
static int answer_finds (clerk_t *clerk);
static bool for_operator (const request_t *request);
static bool sold_nothing (const request_t *request);
static void tell_winners (clerk_t *clerk, const request_t *request,
                          const wire_winners_t *page);
static uint64_t tell_head (const clerk_t *clerk, uint8_t head[WIRE_HEAD_BYTES]);
static void conflict (clerk_t *clerk, const request_t *request, const char *reason);
static int store (clerk_t *clerk, cursor_t *cursor, request_t *request);
static bool rows_sound (request_t *request);
static void refuse_row (clerk_t *clerk, const request_t *request);
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
static const char *draw_of (const request_t *request,
                            char text[DRAW_NAME_BYTES_MAX + 1]);
static void log_stored (clerk_t *clerk, const request_t *request);

static const handler_t handlers[] = {
    {WIRE_STORE, take_store},       {WIRE_CHECK, take_check},
    {WIRE_CANCEL, take_cancel},     {WIRE_ADMIT, take_admit},
    {WIRE_FIND, take_find},         {WIRE_REGISTER, take_register},
    {WIRE_REPLAY, take_replay},     {WIRE_LOOKUP, take_lookup},
    {WIRE_RECORD, take_record},     {WIRE_FETCH, clerk_take_fetch},
    {WIRE_ROOT, clerk_take_root},   {WIRE_STAKE, clerk_take_stake},
    {WIRE_AWARD, clerk_take_award}, {0},
};

clerk_t *clerk_new (book_t *book, bool log_batches, bool log_bets)
{
    clerk_t *clerk = calloc (1, sizeof *clerk);
    assert (clerk);
    clerk->book = book;
    clerk->sales = book_sales (book);
    clerk->events = events_new (book);
    clerk->cancels = cancels_new (book_archive (book));
    clerk->notes = notes_new (book_archive (book));
    clerk->jobs = jobs_new (book, clerk->cancels);
    clerk->log_batches = log_batches || log_bets;
    clerk->log_bets = log_bets;
    clerk->takings = takings_new ();
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
        jobs_destroy (&(*clerk)->jobs);
        notes_destroy (&(*clerk)->notes);
        cancels_destroy (&(*clerk)->cancels);
        destroy_post (&(*clerk)->gathered);
        destroy_post (&(*clerk)->leaving);
        takings_destroy (&(*clerk)->takings);
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

int clerk_tick (clerk_t *clerk, int64_t now_ms, uint64_t wall_ms)
{
    clerk->now_ms = now_ms;
    book_set_time (clerk->book, wall_ms);
    sales_tick (clerk->sales, now_ms);
    rate_limit_tell (clerk->refusals, now_ms, LOG_WARNING, "apuesta_recibida");
    rate_limit_tell (clerk->conflicts, now_ms, LOG_ERROR, "conflicto");
    if (now_ms >= takings_deadline (clerk->takings))
        clerk_tell_stored (clerk);
    return close_due (clerk, wall_ms);
}

int64_t clerk_close_in (const clerk_t *clerk, uint64_t wall_ms)
{
    const uint64_t next_ms = sales_next_close (clerk->sales);
    const sale_t *due = sales_due (clerk->sales, wall_ms);
    if (next_ms == CLOSES_NEVER)
        return INT64_MAX;
    if (due)
        return due->overdue ? CLOSE_LOOK_MS : 0;
    return next_ms - wall_ms < CLOSE_LOOK_MS ? (int64_t) (next_ms - wall_ms)
                                             : CLOSE_LOOK_MS;
}

int64_t clerk_deadline (const clerk_t *clerk)
{
    const int64_t due[] = {rate_limit_deadline (clerk->refusals),
                           rate_limit_deadline (clerk->conflicts),
                           takings_deadline (clerk->takings)};
    return deadline_earliest (due, sizeof due / sizeof *due);
}

void clerk_tell_stored (clerk_t *clerk)
{
    size_t count;
    const takings_entry_t *entry = takings_take (clerk->takings, &count);
    for (; count > 0; entry++, count--)
        logger_event (LOG_INFO, "apuesta_recibida", LOG_SUCCESS,
                      "cantidad: %llu | draw: %s | agency: %u | batches: %llu",
                      (unsigned long long) entry->bets, entry->name, entry->agency,
                      (unsigned long long) entry->batches);
}

int clerk_take (clerk_t *clerk, bytes_t peer, uint8_t key_role, bytes_t bundle)
{
    request_t request = {.peer = peer, .key_role = key_role};
    int more;
    while ((more = bundle_next (&bundle, &request.envelope, &request.encoded)) == 1) {
        clerk->messages++;
        request.sale = NULL;
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
    return clerk->late || clerk->messages >= GROUP_MESSAGES_MAX ||
           book_full (clerk->book);
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
    if (book_begin (clerk->book, at_once) == -1 || store_due (clerk) == -1)
        return -1;
    if (clerk->owed.count > 0 || clerk->due.count > 0)
        return 0; // cursors of a draw that would be put away, perhaps
    return book_put_away (clerk->book) == -1 ? -1 : 0;
}

outbox_t *clerk_answers (clerk_t *clerk)
{
    return clerk->leaving.answers;
}

outbox_t *clerk_to_state (clerk_t *clerk)
{
    return clerk->leaving.to_state;
}

uint64_t clerk_conflicts (const clerk_t *clerk)
{
    return clerk->conflicted;
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

/* When the clock has come to it, before anything more is taken in: nothing is stored
   after the hour. */
static int close_due (clerk_t *clerk, uint64_t wall_ms)
{
    sale_t *sale;
    wire_code_t code = REFUSED_OK;
    clerk->late = false;
    while (code == REFUSED_OK && (sale = sales_due (clerk->sales, wall_ms))) {
        if (events_close (clerk->events, sale, &code) == -1)
            return -1;
        if (code == REFUSED_OK && tell_closed (clerk, sale) == -1)
            return -1;
    }
    clerk->late = code == REFUSED_BUSY; // the next group has room
    if (code != REFUSED_OK || clerk->overdue)
        note_overdue (clerk, wall_ms);
    return 0;
}

/* What could not be closed sells nothing until it is. */
static void note_overdue (clerk_t *clerk, uint64_t wall_ms)
{
    clerk->overdue = false;
    for (size_t i = 0; i < sales_count (clerk->sales); i++) {
        sale_t *sale = sales_at (clerk->sales, i);
        sale->overdue = sale_closes_by_clock (sale) && sale->terms.closes_ms <= wall_ms;
        clerk->overdue = clerk->overdue || sale->overdue;
    }
}

/* State hears of it, unless nobody knows where it is: then it will ask. */
static int tell_closed (clerk_t *clerk, sale_t *sale)
{
    request_t unasked = {0};
    clerk_tell_stored (clerk); // was before
    logger_event (LOG_INFO, "reloj", LOG_SUCCESS, "draw: %s | closed: by the clock",
                  sale->terms.name);
    if (settle_held (clerk, sale, 0) == -1)
        return -1;
    return events_state (clerk->events, &unasked.peer)
               ? tell_event (clerk, &unasked, sale, sale->events - 1)
               : 0;
}

/* What is ahead of the last bet of this agency (0: of all) never comes true. */
static int settle_held (clerk_t *clerk, sale_t *sale, uint32_t agency)
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

static int take_store (void *self, void *taken)
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

cursor_t *clerk_cursor_for (clerk_t *clerk, request_t *request)
{
    request->sale = sales_find (clerk->sales, request->message.draw);
    cursor_t *cursor =
        request->sale ? cursors_find (request->sale->cursors, request->message.agency)
                      : NULL;
    if (!cursor)
        clerk_refuse (clerk, request, REFUSED_HELLO, NULL);
    return cursor;
}

/* State vouches for the agency and has filled in what it knows; its next offset is
   ours. Whatever of an earlier life of the agency was held is stale. The draw may have
   been put away: it is known by its name. */
static int take_admit (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    wire_message_t *message = &request->message;
    bool damaged = false;
    if (!clerk_heard (clerk, request, message->welcome.epoch))
        return 0;
    sale_t *sale = sales_find (clerk->sales, message->draw);
    if (!sale && find_draw (clerk, message->welcome.name, &sale, &damaged) == -1)
        return -1;
    if (!sale || sale->identity != message->draw) {
        clerk_refuse (clerk, request, REFUSED_DRAW, damaged ? DAMAGED_TEXT : NULL);
        return 0;
    }
    if (message->agency == 0 || message->agency > sale->terms.agencies) {
        clerk_refuse (clerk, request, REFUSED_AGENCY, NULL);
        return 0;
    }
    cursor_t *cursor = cursors_admit (sale->cursors, message->agency);
    cursors_drop_held (sale->cursors, cursor);
    message->command = WIRE_WELCOME;
    message->welcome.next = cursor->at.next;
    message->welcome.digest = cursor->at.digest;
    message->welcome.cancelled = cursor->at.cancelled;
    message->welcome.sequence = tell_head (clerk, message->welcome.head);
    if (message->welcome.day == DAY_OPEN || sale_day (sale, cursor) == DAY_VOID)
        message->welcome.day = sale_day (sale, cursor);
    clerk_answer (clerk, request, message);
    return 0;
}

/* The draw of this name, if there is one; what is wrong with its files is said. */
static int find_draw (clerk_t *clerk, bytes_t name, sale_t **sale, bool *damaged)
{
    char why[BOOK_WHY_BYTES];
    const book_found_t found = book_find (clerk->book, name, sale, why);
    *damaged = found == BOOK_DAMAGED;
    if (found != BOOK_FOUND)
        *sale = NULL;
    if (found != BOOK_UNREAD && why[0])
        logger_event (found == BOOK_FOUND ? LOG_WARNING : LOG_ERROR, "recuperacion",
                      found == BOOK_FOUND ? LOG_SUCCESS : LOG_FAIL,
                      "draw: %.*s | reason: %s", (int) name.size,
                      (const char *) name.data, why);
    return found == BOOK_UNREAD ? -1 : 0;
}

/* A state that begins: from here on it is the one that is heard. One that was connected
   before says which log that was with. */
static int take_register (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const uint64_t before = book_epoch (clerk->book);
    const uint64_t identity = book_identity (clerk->book);
    wire_code_t code;
    if (request->message.draw != 0 && request->message.draw != identity) {
        clerk_refuse_state (clerk, request, REFUSED_DRAW, 0, 0);
        return 0;
    }
    if (events_register (clerk->events, request->peer, request->message.state, &code) ==
        -1)
        return -1;
    const uint64_t epoch = book_epoch (clerk->book);
    if (code != REFUSED_OK) {
        clerk_refuse_state (clerk, request, code, 0, events_life (clerk->events));
        return 0;
    }
    const uint32_t draws = (uint32_t) sales_count (clerk->sales);
    const wire_message_t registered = {.command = WIRE_REGISTERED,
                                       .registered = {epoch, identity, draws}};
    clerk_tell_state (clerk, request, &registered);
    if (epoch != before)
        logger_event (LOG_INFO, "registro", LOG_SUCCESS, "epoch: %llu | draws: %u",
                      (unsigned long long) epoch, draws);
    request_t former = *request;
    uint64_t former_epoch;
    if (events_superseded (clerk->events, &former.peer, &former_epoch))
        clerk_refuse_state (clerk, &former, REFUSED_SUPERSEDED, former_epoch, epoch);
    return 0;
}

static int take_replay (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_replay_t *replay = &request->message.replay;
    if (!clerk_heard (clerk, request, replay->epoch))
        return 0;
    if (request->message.draw == 0)
        return list_draws (clerk, request);
    sale_t *sale = sales_find (clerk->sales, request->message.draw);
    if (!sale) {
        clerk_refuse_state (clerk, request, REFUSED_HELLO, 0, 0);
        return 0;
    }
    int rc = 0;
    for (uint64_t i = 0; rc == 0 && i < REPLAY_EVENTS; i++)
        if (replay->from < sale->events && i < sale->events - replay->from)
            rc = tell_event (clerk, request, sale, replay->from + i);
    return rc;
}

/* By the events that opened them. Who asks for more than there are (one was put away
   meanwhile, perhaps) hears how many there are. */
static int list_draws (clerk_t *clerk, const request_t *request)
{
    const uint64_t from = request->message.replay.from;
    const size_t count = sales_count (clerk->sales);
    if (from >= count)
        clerk_refuse_state (clerk, request, REFUSED_GAP, from, count);
    for (size_t i = 0; i < REPLAY_EVENTS && from < count && i < count - from; i++)
        if (tell_event (clerk, request, sales_at (clerk->sales, (size_t) from + i),
                        0) == -1)
            return -1;
    return 0;
}

static int take_lookup (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    sale_t *sale;
    bool damaged;
    if (!clerk_heard (clerk, request, request->message.lookup.epoch))
        return 0;
    if (find_draw (clerk, request->message.lookup.name, &sale, &damaged) == -1)
        return -1;
    if (sale)
        return tell_event (clerk, request, sale, 0);
    const wire_message_t refusal =
        wire_refusal (&request->message, REFUSED_DRAW, damaged ? DAMAGED_TEXT : NULL);
    clerk_tell_state (clerk, request, &refusal);
    return 0;
}

/* What state has decided has happened once it is recorded. */
static int take_record (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    if (!clerk_heard (clerk, request, request->message.record.epoch))
        return 0;
    const int may = clerk_judge_paper (clerk, request);
    return may == 1 ? clerk_record (clerk, request) : may;
}

int clerk_record (clerk_t *clerk, request_t *request)
{
    const wire_record_t *record = &request->message.record;
    const uint32_t before = book_records (clerk->book);
    char why[BOOK_WHY_BYTES];
    wire_code_t code;
    sale_t *sale;
    uint64_t ordinal;
    if (events_record (clerk->events, request->message.draw, record, &code, &sale,
                       &ordinal, why) == -1)
        return -1;
    if (why[0])
        logger_event (LOG_WARNING, "recuperacion", LOG_SUCCESS, "reason: %s", why);
    if (code != REFUSED_OK)
        return clerk_refuse_event (clerk, request, code, sale);
    if (book_records (clerk->book) > before) {
        const uint8_t kind = record->event.kind;
        if (kind == EVENT_DRAWN)
            log_drawn (clerk, sale);
        const bool of_agency = kind == EVENT_SEALED || kind == EVENT_ENDED ||
                               kind == EVENT_COMMITTED || kind == EVENT_EXCUSED;
        if ((of_agency || kind == EVENT_CLOSED || kind == EVENT_VOIDED) &&
            settle_held (clerk, sale, of_agency ? record->event.agency : 0) == -1)
            return -1;
    }
    return tell_event (clerk, request, sale, ordinal);
}

int clerk_refuse_event (clerk_t *clerk, request_t *request, wire_code_t code,
                        sale_t *sale)
{
    const uint8_t kind = request->message.record.event.kind;
    const bool of_agency = kind == EVENT_SEALED || kind == EVENT_ENDED ||
                           kind == EVENT_COMMITTED || kind == EVENT_REVEALED ||
                           kind == EVENT_SERVED;
    request->sale = sale;
    if (code == REFUSED_GAP || !of_agency || request->envelope.boot == 0)
        clerk_refuse_state (clerk, request, code, 0, sale ? sale->events : 0);
    else if (code == REFUSED_CONFLICT)
        conflict (clerk, request, "other bets are stored than it says that it sold");
    else if (code == REFUSED_VOID)
        return clerk_refuse_void (clerk, request, sale);
    else
        clerk_refuse (clerk, request, code, NULL);
    return 0;
}

int clerk_refuse_void (clerk_t *clerk, const request_t *request, sale_t *sale)
{
    char text[NOTE_BYTES_MAX + 1] = "";
    record_t record;
    if (book_read (clerk->book, sale->last_event, &record) == -1 ||
        book_note (clerk->book, sale, &record, (uint8_t *) text) == -1)
        return -1;
    text[note_reason (bytes_of (text, strlen (text))).size] = 0;
    clerk_refuse (clerk, request, REFUSED_VOID, text[0] ? text : NULL);
    return 0;
}

/* Exactly once, by who makes it so; and where the log stands with it. */
static void log_drawn (clerk_t *clerk, const sale_t *sale)
{
    char head[SHA256_TEXT_BYTES];
    clerk_tell_stored (clerk); // was before
    logger_event (LOG_INFO, "sorteo", LOG_SUCCESS, "numero: %u | draw: %s",
                  sale->number, sale->terms.name);
    sha256_text (book_head (clerk->book), head);
    logger_event (LOG_INFO, "cadena", LOG_SUCCESS, "sequence: %u | head: %s | draw: %s",
                  sale->last_event, head, sale->terms.name);
}

bool clerk_heard (clerk_t *clerk, const request_t *request, uint64_t epoch)
{
    const wire_code_t code = events_heard (clerk->events, request->peer, epoch);
    if (code != REFUSED_OK)
        clerk_refuse_state (clerk, request, code, epoch, book_epoch (clerk->book));
    return code == REFUSED_OK;
}

static int tell_event (clerk_t *clerk, const request_t *request, sale_t *sale,
                       uint64_t ordinal)
{
    wire_message_t event = {.command = WIRE_EVENT, .draw = sale->identity};
    if (events_read (clerk->events, sale, ordinal, &event.recorded) == -1)
        return -1;
    // who looked a draw up did so for an agency, and the envelope does not say which
    event.agency = request->message.command == WIRE_LOOKUP
                       ? request->message.agency
                       : event.recorded.event.agency;
    clerk_tell_state (clerk, request, &event);
    return 0;
}

void clerk_tell_state (clerk_t *clerk, const request_t *request,
                       const wire_message_t *message)
{
    outbox_write (clerk->gathered.to_state, request->peer, &request->envelope, message);
}

void clerk_refuse_state (clerk_t *clerk, const request_t *request, wire_code_t code,
                         uint64_t offset, uint64_t expected)
{
    wire_message_t refusal = wire_refusal (&request->message, code, NULL);
    refusal.refused.offset = offset;
    refusal.refused.expected = expected;
    clerk_tell_state (clerk, request, &refusal);
}

/* After the draw many ask at once: what a bundle asks for is found in one pass. */
static int take_find (void *self, void *taken)
{
    clerk_t *clerk = self;
    request_t *request = taken;
    const wire_find_t *find = &request->message.find;
    if (!clerk_heard (clerk, request, find->epoch))
        return 0;
    request->sale = sales_find (clerk->sales, request->message.draw);
    if (for_operator (request) && sold_nothing (request)) {
        const wire_winners_t none = {.cursor = find->cursor, .number = find->number};
        tell_winners (clerk, request, &none);
        return 0;
    }
    cursor_t *cursor = clerk_cursor_for (clerk, request);
    if (!cursor)
        return 0;
    if (sale_phase (request->sale) != PHASE_DRAWN ||
        find->number != request->sale->number) {
        clerk_refuse_state (clerk, request, REFUSED_GAP, 0, request->sale->events);
        return 0;
    }
    if (find->count != UINT64_MAX && cursor->at.next != find->count) {
        clerk_refuse (clerk, request, REFUSED_TALLY, "not the bets that were sealed");
        return 0;
    }
    winners_t *winners = &clerk->finds[clerk->finds_count];
    winners->sale = request->sale;
    winners->agency = cursor;
    winners->page = (wire_winners_t){.cursor = find->cursor, .number = find->number};
    if (cancels_of (clerk->cancels, cursor, &winners->cancelled) == -1)
        return -1;
    clerk->finders[clerk->finds_count++] = *request;
    return clerk->finds_count == FINDS_MAX ? answer_finds (clerk) : 0;
}

/* State asks by itself, in an envelope of its own: the answer is for state. */
static bool for_operator (const request_t *request)
{
    return request->message.command == WIRE_FIND && request->envelope.boot == 0;
}

/* An operator may ask about any agency of the roll, also one that never came. */
static bool sold_nothing (const request_t *request)
{
    const sale_t *sale = request->sale;
    const uint32_t agency = request->message.agency;
    return sale && sale_phase (sale) == PHASE_DRAWN &&
           request->message.find.number == sale->number && agency >= 1 &&
           agency <= sale->terms.agencies && !cursors_find (sale->cursors, agency);
}

/* Whoever has its bets in a file compares them with what is stored, wherever it likes.
 */
static int take_check (void *self, void *taken)
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
static int take_cancel (void *self, void *taken)
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
    for (size_t i = 0; i < count; i++)
        tell_winners (clerk, &clerk->finders[i], &clerk->finds[i].page);
    return 0;
}

static void tell_winners (clerk_t *clerk, const request_t *request,
                          const wire_winners_t *page)
{
    wire_message_t winners = {.command = WIRE_WINNERS,
                              .agency = request->message.agency,
                              .draw = request->message.draw,
                              .winners = *page};
    winners.winners.sequence = tell_head (clerk, winners.winners.head);
    clerk_answer (clerk, request, &winners);
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
        conflict (clerk, request, "what is stored before it is not what it sold");
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
    char draw[DRAW_NAME_BYTES_MAX + 1];
    clerk->conflicted++;
    if (rate_limit_allows (clerk->conflicts, message->agency, clerk->now_ms))
        logger_event (
            LOG_ERROR, "conflicto", LOG_FAIL,
            "draw: %s | agency: %u | offset: %llu | reason: %s, two histories with one "
            "identity",
            draw_of (request, draw), message->agency,
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
static int store_due (clerk_t *clerk)
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

void clerk_answer (clerk_t *clerk, const request_t *request,
                   const wire_message_t *message)
{
    if (for_operator (request))
        clerk_tell_state (clerk, request, message);
    else
        outbox_answer (clerk->gathered.answers, &request->envelope, message);
}

void clerk_refuse (clerk_t *clerk, const request_t *request, wire_code_t code,
                   const char *text)
{
    if (!text)
        text = wire_code_text ((uint16_t) code);
    wire_message_t refusal = wire_refusal (&request->message, code, text);
    char draw[DRAW_NAME_BYTES_MAX + 1];
    const cursor_t *cursor =
        request->sale ? cursors_find (request->sale->cursors, request->message.agency)
                      : NULL;
    refusal.refused.expected = cursor ? cursor->at.next : 0;
    clerk_answer (clerk, request, &refusal);
    if (request->message.command == WIRE_STORE &&
        rate_limit_allows (clerk->refusals, request->message.agency, clerk->now_ms))
        logger_event (
            LOG_WARNING, "apuesta_recibida", LOG_FAIL,
            "cantidad: %u | draw: %s | agency: %u | offset: %llu | code: %s | "
            "reason: %s",
            request->message.batch.count, draw_of (request, draw),
            request->message.agency, (unsigned long long) request->message.batch.offset,
            wire_code_name ((uint16_t) code), text);
}

/* Its name, or else the identity that it was meant for. */
static const char *draw_of (const request_t *request,
                            char text[DRAW_NAME_BYTES_MAX + 1])
{
    if (request->sale)
        return request->sale->terms.name;
    snprintf (text, DRAW_NAME_BYTES_MAX + 1, "%016llx",
              (unsigned long long) request->message.draw);
    return text;
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

/* clerk.c - what storage does with each request: whose affair it is, and when what was
   answered leaves. What the requests come to is in clerk_bets.c (bets), clerk_draws.c
   (draws and winners) and clerk_provable.c. */

#include "clerk_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "deadline.h"
#include "handler.h"
#include "logger.h"

#define CLOSE_LOOK_MS 1000 // how often the clock is looked at: it may be set anew

static void destroy_post (post_t *post);
static int take_request (clerk_t *clerk, request_t *request);
static bool may_ask (const request_t *request);
static int close_due (clerk_t *clerk, uint64_t wall_ms);
static void note_overdue (clerk_t *clerk, uint64_t wall_ms);
static int tell_closed (clerk_t *clerk, sale_t *sale);

static const handler_t handlers[] = {
    {WIRE_STORE, clerk_take_store},   {WIRE_CHECK, clerk_take_check},
    {WIRE_CANCEL, clerk_take_cancel}, {WIRE_ADMIT, clerk_take_admit},
    {WIRE_FIND, clerk_take_find},     {WIRE_REGISTER, clerk_take_register},
    {WIRE_REPLAY, clerk_take_replay}, {WIRE_LOOKUP, clerk_take_lookup},
    {WIRE_RECORD, clerk_take_record}, {WIRE_FETCH, clerk_take_fetch},
    {WIRE_ROOT, clerk_take_root},     {WIRE_STAKE, clerk_take_stake},
    {WIRE_AWARD, clerk_take_award},   {0},
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
    return clerk_answer_finds (clerk) == -1 ? -1 : clerk_store_due (clerk);
}

int clerk_go_on (clerk_t *clerk)
{
    return clerk_store_due (clerk);
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
    clerk_pay_owed (clerk);
    clerk->messages = 0;
    const post_t post = clerk->gathered;
    clerk->gathered = clerk->leaving;
    clerk->leaving = post;
    if (book_begin (clerk->book, at_once) == -1 || clerk_store_due (clerk) == -1)
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
    if (clerk_settle_held (clerk, sale, 0) == -1)
        return -1;
    return events_state (clerk->events, &unasked.peer)
               ? clerk_tell_event (clerk, &unasked, sale, sale->events - 1)
               : 0;
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

bool clerk_heard (clerk_t *clerk, const request_t *request, uint64_t epoch)
{
    const wire_code_t code = events_heard (clerk->events, request->peer, epoch);
    if (code != REFUSED_OK)
        clerk_refuse_state (clerk, request, code, epoch, book_epoch (clerk->book));
    return code == REFUSED_OK;
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

void clerk_answer (clerk_t *clerk, const request_t *request,
                   const wire_message_t *message)
{
    if (clerk_for_operator (request))
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
            request->message.batch.count, clerk_draw_of (request, draw),
            request->message.agency, (unsigned long long) request->message.batch.offset,
            wire_code_name ((uint16_t) code), text);
}

/* State asks by itself, in an envelope of its own: the answer is for state. */
bool clerk_for_operator (const request_t *request)
{
    return request->message.command == WIRE_FIND && request->envelope.boot == 0;
}

/* Its name, or else the identity that it was meant for. */
const char *clerk_draw_of (const request_t *request, char text[DRAW_NAME_BYTES_MAX + 1])
{
    if (request->sale)
        return request->sale->terms.name;
    snprintf (text, DRAW_NAME_BYTES_MAX + 1, "%016llx",
              (unsigned long long) request->message.draw);
    return text;
}

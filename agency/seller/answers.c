/* answers.c - what the central says, and what follows from it (agency). Pure. */

#include "handler.h"
#include "refusal.h"
#include "session_state.h"

#include <stdio.h>

#define REGRESSES_MAX 3 // fewer may be answers that were long under way
#define CONFLICTS_MAX 2 // without progress

typedef struct {
    const wire_message_t *message;
    int64_t now_ms;
} answer_t;

static bool of_this_draw (const session_t *session, const wire_message_t *message);
static int take_welcome (void *self, void *taken);
static bool is_another_draw (const session_t *session, const wire_message_t *message);
static void be_welcome (session_t *session, const wire_message_t *message);
static void go_on (session_t *session, const wire_welcome_t *welcome, int64_t now_ms);
static bool welcome_back (session_t *session, uint64_t next, int64_t now_ms);
static bool agree_on_limits (session_t *session, const wire_limits_t *theirs);
static uint32_t lower (uint32_t own, uint32_t theirs);
static void place_source (session_t *session, const wire_welcome_t *welcome,
                          int64_t now_ms);
static void place_single (session_t *session, const wire_welcome_t *welcome);
static int take_stored (void *self, void *taken);
static uint64_t drop_stored (session_t *session, uint64_t next);
static void stored_beyond (session_t *session, const wire_stored_t *stored);
static int take_digest (void *self, void *taken);
static int take_waiting (void *self, void *taken);
static bool take_peeked (session_t *session, bool closed, int64_t now_ms);
static int take_winners (void *self, void *taken);
static int take_goodbye (void *self, void *taken);
static int take_cancelled (void *self, void *taken);
static int take_refused (void *self, void *taken);
static bool take_refused_now (session_t *session, const wire_refused_t *refused,
                              int64_t now_ms);
static bool for_now (const wire_refused_t *refused);
static bool of_batch (const wire_refused_t *refused);
static void take_busy (session_t *session, const wire_refused_t *refused,
                       int64_t now_ms);
static bool about_moment (const session_t *session, const wire_refused_t *refused);
static bool take_conflict (session_t *session, const wire_refused_t *refused,
                           int64_t now_ms);
static bool take_over_limits (session_t *session, const wire_refused_t *refused,
                              int64_t now_ms);
static bool take_closed (session_t *session, const wire_refused_t *refused,
                         int64_t now_ms);
static bool fail_cancel (session_t *session, const wire_refused_t *refused);
static bool fail_no_draw (session_t *session, const wire_refused_t *refused);

static const handler_t handlers[] = {
    {WIRE_STORED, take_stored},
    {WIRE_WAITING, take_waiting},
    {WIRE_WINNERS, take_winners},
    {WIRE_WELCOME, take_welcome},
    {WIRE_GOODBYE, take_goodbye},
    {WIRE_REFUSED, take_refused},
    {WIRE_DIGEST, take_digest},
    {WIRE_CANCELLED, take_cancelled},
    {0},
};

/* Whether the message was of use at this moment; so says each handler, too. */
bool answers_take (session_t *session, const wire_message_t *message, int64_t now_ms)
{
    // what could not be read is refused as nobody's
    const bool nobodys = message->agency == 0 && message->command == WIRE_REFUSED;
    if ((message->agency != session->options.agency && !nobodys) ||
        !of_this_draw (session, message))
        return false;
    const handler_t *handler = handler_find (handlers, message->command);
    answer_t answer = {message, now_ms};
    return handler && handler->handle (session, &answer);
}

/* HELLO has none, nor has its refusal; and WELCOME may be to another. */
static bool of_this_draw (const session_t *session, const wire_message_t *message)
{
    return message->draw == session->draw || message->command == WIRE_WELCOME ||
           (message->command == WIRE_REFUSED && message->draw == 0);
}

static int take_welcome (void *self, void *taken)
{
    session_t *session = self;
    const answer_t *answer = taken;
    const wire_welcome_t *welcome = &answer->message->welcome;
    if (session->progress.state != SESSION_HELLO || welcome->next > INT64_MAX ||
        welcome->name.size == 0 || welcome->name.size > DRAW_NAME_BYTES_MAX)
        return false;
    if (is_another_draw (session, answer->message))
        return session_fail_draw (session);
    if (welcome->next < session->progress.stored)
        return welcome_back (session, welcome->next, answer->now_ms);
    const uint32_t bytes_max = welcome->limits.message_bytes_max;
    if (bytes_max > 0 && bytes_max < MESSAGE_BYTES_MIN)
        return session_fail (
            session, "the central takes messages of %" PRIu32 " bytes only", bytes_max);
    if (session->progress.welcomed_ms < 0)
        session->progress.welcomed_ms = answer->now_ms;
    be_welcome (session, answer->message);
    go_on (session, welcome, answer->now_ms);
    return true;
}

static bool is_another_draw (const session_t *session, const wire_message_t *message)
{
    const char *named = session->options.draw;
    const bytes_t name = message->welcome.name;
    return (session->draw != 0 && message->draw != session->draw) ||
           (named && !bytes_equal (name, bytes_of (named, strlen (named))));
}

static void be_welcome (session_t *session, const wire_message_t *message)
{
    const wire_welcome_t *welcome = &message->welcome;
    session_progress_t *progress = &session->progress;
    memset (progress->draw, 0, sizeof progress->draw);
    memcpy (progress->draw, welcome->name.data, welcome->name.size);
    progress->agencies = welcome->agencies;
    progress->ready_agencies = welcome->ready;
    progress->cancelled = welcome->cancelled;
    progress->stored = welcome->next;
    progress->state = SESSION_SELLING;
    session->draw = message->draw;
    session->digest = welcome->digest;
    session->highest = welcome->highest;
    session->closed = welcome->day != DAY_OPEN;
    session->regresses = 0;
    const int conflicts = session->conflicts;
    session_made_progress (session);
    session->progressed = false; // being let in is not yet a bet sold
    session->conflicts = conflicts;
    session->asking = session->holding = false;
    session->timer_ms = NEVER;
}

/* Whoever asks for a void draw's results is told why it is void. */
static void go_on (session_t *session, const wire_welcome_t *welcome, int64_t now_ms)
{
    const session_task_t task = session->options.task;
    session_peek_later (session, now_ms);
    session->asks_only = task == SESSION_RESULTS_ONLY || welcome->day == DAY_VOID;
    if (task == SESSION_CANCEL_ONLY)
        session_ask (session, SESSION_CANCELLING);
    else if (session->asks_only)
        sale_ask_results (session, now_ms);
    else if (task == SESSION_CLOSE_ONLY)
        sale_over (session, now_ms);
    else if (session->options.writer != 0)
        place_single (session, welcome);
    else
        place_source (session, welcome, now_ms);
}

/* Within a draw a central never has fewer bets than before. One answer that says so may
   be old; several, each to its own question, are not. */
static bool welcome_back (session_t *session, uint64_t next, int64_t now_ms)
{
    if (++session->regresses == REGRESSES_MAX)
        return session_fail (
            session,
            "the central has %" PRIu64 " bets of agency %" PRIu32
            ", and said before that it had %" PRIu64
            ": it lost some. Has it been started on an older copy of its "
            "data?",
            next, session->options.agency, session->progress.stored);
    session->asking = false;
    session_start_timer (session, now_ms);
    return true;
}

/* Returns whether they are what they were. */
static bool agree_on_limits (session_t *session, const wire_limits_t *theirs)
{
    const wire_limits_t *own = &session->options.limits, before = session->agreed;
    wire_limits_t *agreed = &session->agreed;
    agreed->message_bytes_max =
        lower (own->message_bytes_max, theirs->message_bytes_max);
    agreed->window = lower (own->window, theirs->window);
    agreed->rows_max = lower (own->rows_max, theirs->rows_max);
    agreed->bundle_bytes = own->bundle_bytes < theirs->bundle_bytes
                               ? own->bundle_bytes
                               : theirs->bundle_bytes;
    return memcmp (agreed, &before, sizeof before) == 0;
}

/* 0 is no limit. */
static uint32_t lower (uint32_t own, uint32_t theirs)
{
    return theirs > 0 && theirs < own ? theirs : own;
}

/* Batches under way that go on at `next` stay; otherwise the rows before it are read
   again and compared with what is stored. */
static void place_source (session_t *session, const wire_welcome_t *welcome,
                          int64_t now_ms)
{
    window_t *window = session->window;
    const wire_stored_t stored = {welcome->next, welcome->digest};
    const bool same = agree_on_limits (session, &welcome->limits);
    if (session->started && !window_moving (window)) {
        drop_stored (session, stored.next);
        if (window_first (window) == stored.next) {
            if (!sale_agrees (session, &stored))
                return;
            if (!same || session->closed) // what is under way is not stored any more
                sale_start_window (session, stored.next, stored.next, stored.digest);
            else if (window_done (window))
                sale_all_stored (session, now_ms);
            else
                window_resend (window, 0);
            return;
        }
    }
    if (session->verdict != VERDICT_REFUSED)
        session->verdict = VERDICT_NONE; // what cannot be read is come upon again
    session->comparing = true;
    session->theirs = stored;
    sale_start_window (session, stored.next, 0, DIGEST_START);
}

/* Once sent it may be stored, so it is sent again to the same place, and gets a new one
   only when another bet turns out to be there. */
static void place_single (session_t *session, const wire_welcome_t *welcome)
{
    agree_on_limits (session, &welcome->limits);
    if (!session->placed) {
        session->place = welcome->next;
        session->place_hash = welcome->digest;
        session->placed = true;
        session->single_sent = false;
    }
    sale_start_window (session, session->place, session->place, session->place_hash);
}

static int take_stored (void *self, void *taken)
{
    session_t *session = self;
    const answer_t *answer = taken;
    const wire_stored_t *stored = &answer->message->stored;
    if (session->progress.state != SESSION_SELLING || stored->next > INT64_MAX)
        return false;
    if (session->options.writer != 0 && window_unsent (session->window))
        return false; // it is about to be sent again, and will be answered
    bool moved = drop_stored (session, stored->next) > 0;
    if (session->options.writer != 0) {
        if (moved) {
            session->progress.stored = stored->next;
            sale_over (session, answer->now_ms);
        }
        return true;
    }
    if (stored->next > session->progress.stored) {
        session->progress.stored = stored->next;
        session->digest = stored->digest;
    }
    if (stored->next > window_end (session->window)) {
        stored_beyond (session, stored);
        moved = true;
    } else if (!window_moving (session->window) &&
               stored->next == window_first (session->window) &&
               !sale_agrees (session, stored))
        return true;
    if (moved) {
        session_made_progress (session);
        if (!session->holding) {
            session->timer_ms = NEVER;
            if (!window_empty (session->window))
                session_start_timer (session, answer->now_ms);
        }
    }
    if (window_done (session->window))
        sale_all_stored (session, answer->now_ms);
    return true;
}

/* Returns how many batches were stored. */
static uint64_t drop_stored (session_t *session, uint64_t next)
{
    uint64_t batches = 0;
    const window_batch_t *batch;
    while ((batch = window_take_stored (session->window, next)) != NULL) {
        batches++;
        if (!batch->sent)
            continue;
        session->progress.sent += batch->count;
        if (session->options.stored)
            session->options.stored (session->options.listener, batch);
    }
    return batches;
}

/* An earlier run of this agency, or this one before it started over, had more batches
   under way, and they arrived. The source moves behind them, which also shows whether
   it has that many rows, and the same ones. */
static void stored_beyond (session_t *session, const wire_stored_t *stored)
{
    window_t *window = session->window;
    if (window_moving (window) && session->comparing &&
        stored->next <= session->theirs.next)
        return;
    session->comparing = true;
    session->theirs = *stored;
    if (session->verdict == VERDICT_NONE)
        window_skip_to (window, stored->next);
    else // the source stands elsewhere
        sale_start_window (session, stored->next, 0, DIGEST_START);
}

static int take_digest (void *self, void *taken)
{
    session_t *session = self;
    const answer_t *answer = taken;
    if (session->progress.state != SESSION_COMPARING ||
        answer->message->tally.count != compare_at (&session->compare))
        return false;
    compare_theirs (&session->compare, answer->message->tally.digest);
    session_made_progress (session);
    session->asking = session->holding = false;
    session->timer_ms = NEVER;
    sale_look_at_compare (session);
    return true;
}

static int take_waiting (void *self, void *taken)
{
    session_t *session = self;
    const answer_t *answer = taken;
    const wire_waiting_t *waiting = &answer->message->waiting;
    if (session->progress.state == SESSION_SELLING)
        return take_peeked (session, waiting->day != DAY_OPEN, answer->now_ms);
    if (session->progress.state != SESSION_WAITING)
        return false;
    session->progress.asked = true;
    session->progress.ready = !session->asks_only;
    session->progress.ready_agencies = waiting->ready;
    session->progress.agencies = waiting->agencies;
    session_made_progress (session);
    session->asking = session->holding = false;
    session->timer_ms =
        answer->now_ms + backoff_jitter_ms (&session->backoff, READY_RENEW_MS);
    return true;
}

/* It asked whether the draw has closed. If so WELCOME says what is stored. */
static bool take_peeked (session_t *session, bool closed, int64_t now_ms)
{
    if (!session->options.growing)
        return false;
    if (closed && !session->closed)
        session_start_over (session, true, now_ms);
    return true;
}

static int take_winners (void *self, void *taken)
{
    session_t *session = self;
    const answer_t *answer = taken;
    const wire_winners_t *page = &answer->message->winners;
    session_progress_t *progress = &session->progress;
    if (progress->state == SESSION_SELLING)
        return take_peeked (session, true, answer->now_ms);
    if (progress->state == SESSION_WAITING && session->asks_only && !session->closed) {
        session_start_over (session, false,
                            answer->now_ms); // how many bets are in now?
        return true;
    }
    if ((progress->state != SESSION_WAITING && progress->state != SESSION_RESULTS) ||
        page->cursor != session->cursor ||
        !results_fit (&session->results, page, progress->stored))
        return false;
    if (results_add (&session->results, page) == -1)
        return session_fail (session,
                             "more winners than this program can hold: %" PRIu64,
                             session->results.count);
    progress->asked = true;
    progress->ready = !session->asks_only;
    progress->number = page->number;
    progress->winners = session->results.count;
    progress->records = page->sequence;
    memcpy (progress->head, page->head, sizeof progress->head);
    session->cursor = page->next;
    session_made_progress (session);
    progress->drawn = page->next == 0;
    if (page->next > 0)
        session_ask (session, SESSION_RESULTS);
    else
        session_leave (session, answer->now_ms);
    return true;
}

static int take_goodbye (void *self, void *taken)
{
    session_t *session = self;
    (void) taken;
    if (session->progress.state != SESSION_LEAVING)
        return false;
    session->progress.state = SESSION_ENDED;
    session->asking = false;
    return true;
}

static int take_cancelled (void *self, void *taken)
{
    session_t *session = self;
    const answer_t *answer = taken;
    const wire_cancelled_t *cancelled = &answer->message->cancelled;
    if (session->progress.state != SESSION_CANCELLING ||
        cancelled->offset != session->options.cancel)
        return false;
    session->progress.cancelled = cancelled->cancelled;
    session->progress.state = SESSION_ENDED;
    session->asking = false;
    return true;
}

static int take_refused (void *self, void *taken)
{
    session_t *session = self;
    const answer_t *answer = taken;
    const wire_refused_t *refused = &answer->message->refused;
    if (session->progress.state == SESSION_LEAVING || refused->code == REFUSED_OK)
        return false; // all that matters is here already
    if (refused->code == REFUSED_SIZE && of_batch (refused))
        return about_moment (session, refused) &&
               take_over_limits (session, refused, answer->now_ms);
    if (refused->code <= REFUSED_BODY || refused->code == REFUSED_AGENCY ||
        refused->code == REFUSED_KEY)
        return session_fail_refused (session, refused);
    return about_moment (session, refused) &&
           take_refused_now (session, refused, answer->now_ms);
}

static bool take_refused_now (session_t *session, const wire_refused_t *refused,
                              int64_t now_ms)
{
    if (session->progress.state == SESSION_SELLING &&
        refused->command == WIRE_RESULTS && for_now (refused))
        return true; // it asks again
    switch (refused->code) {
    case REFUSED_BUSY:
        take_busy (session, refused, now_ms);
        return true;
    case REFUSED_NOSPACE:
    case REFUSED_UNAVAILABLE:
        session->busy = 0;
        session->busy_from = 0;
        session_hold_back (session, refused->code, now_ms);
        return true;
    case REFUSED_HELLO:
        session_start_over (session, false, now_ms);
        return true;
    case REFUSED_VOID:
        return session_fail_void (session, refused);
    case REFUSED_DRAW:
        return refused->command == WIRE_HELLO ? fail_no_draw (session, refused)
                                              : session_fail_draw (session);
    default:
        break;
    }
    if (refused->command == WIRE_CANCEL)
        return fail_cancel (session, refused);
    switch (refused->code) {
    case REFUSED_GAP:
        session_start_over (session, false, now_ms);
        return true;
    case REFUSED_UNDRAWN:
        session_hold_back (session, 0, now_ms);
        session->progress.state = SESSION_WAITING;
        session->cursor = 0;
        results_clear (&session->results);
        return true;
    case REFUSED_CLOSED:
        return take_closed (session, refused, now_ms);
    case REFUSED_CONFLICT:
    case REFUSED_TALLY:
        return take_conflict (session, refused, now_ms);
    case REFUSED_ROWS:
        return take_over_limits (session, refused, now_ms);
    default:
        if (refused->command != WIRE_BATCH || !refusal_of_rows (refused))
            return session_fail_refused (session, refused);
        return answers_bad_row (session, refused,
                                window_find (session->window, refused->offset), now_ms);
    }
}

static bool for_now (const wire_refused_t *refused)
{
    return refused->code == REFUSED_BUSY || refused->code == REFUSED_NOSPACE ||
           refused->code == REFUSED_UNAVAILABLE || refused->code == REFUSED_UNDRAWN;
}

/* Not a late answer to a question of an earlier state, or to a batch stored since. */
static bool about_moment (const session_t *session, const wire_refused_t *refused)
{
    static const uint8_t questions[] = {
        [SESSION_HELLO] = WIRE_HELLO,       [SESSION_SELLING] = WIRE_BATCH,
        [SESSION_COMPARING] = WIRE_CHECK,   [SESSION_WAITING] = WIRE_READY,
        [SESSION_CANCELLING] = WIRE_CANCEL, [SESSION_RESULTS] = WIRE_RESULTS,
        [SESSION_LEAVING] = WIRE_DONE};
    const session_state_t state = session->progress.state;
    const bool peeks = state == SESSION_SELLING && session->options.growing;
    const bool results =
        (state == SESSION_WAITING || peeks) && refused->command == WIRE_RESULTS;
    const bool bundle = state == SESSION_SELLING && refused->command == WIRE_BATCHES;
    if (refused->command != questions[state] && !results && !bundle)
        return false;
    return refused->command != WIRE_BATCH ||
           window_find (session->window, refused->offset) != NULL;
}

static bool of_batch (const wire_refused_t *refused)
{
    return refused->command == WIRE_BATCH || refused->command == WIRE_BATCHES;
}

/* The batches before the one that it names were taken; those behind it in the same
   message were not, and no more is said about them. */
static void take_busy (session_t *session, const wire_refused_t *refused,
                       int64_t now_ms)
{
    const uint64_t from = refused->command == WIRE_BATCH ? refused->offset : 0;
    session->busy += !session->holding;
    if (!session->holding || from < session->busy_from)
        session->busy_from = from;
    session_hold_back (session, REFUSED_BUSY, now_ms);
}

/* Somebody else sells, or sold, under this number. A single bet takes another place; a
   file is compared with what is stored, which says more than the refusal. */
static bool take_conflict (session_t *session, const wire_refused_t *refused,
                           int64_t now_ms)
{
    if (session->options.writer != 0) {
        session->placed = false;
        session_start_over (session, true, now_ms);
        return true;
    }
    if (++session->conflicts < CONFLICTS_MAX) {
        session_start_over (session, true, now_ms);
        return true;
    }
    session_fail_refused (session, refused);
    if (session->source == NULL)
        return true;
    const size_t size = strlen (session->failure);
    snprintf (session->failure + size, sizeof session->failure - size,
              "; what is stored is like %s up to there: another machine or program "
              "seems to sell as agency %" PRIu32 ", too",
              session->source->name, session->options.agency);
    return true;
}

/* The central's limits are lower than they were, and it will say so; if it does not,
   there is no way on. */
static bool take_over_limits (session_t *session, const wire_refused_t *refused,
                              int64_t now_ms)
{
    const wire_limits_t *agreed = &session->agreed, *before = &session->refused_under;
    if (session->over_limits && before->rows_max == agreed->rows_max &&
        before->message_bytes_max == agreed->message_bytes_max &&
        before->bundle_bytes == agreed->bundle_bytes)
        return session_fail_refused (session, refused);
    session->over_limits = true;
    session->refused_under = session->agreed;
    session_start_over (session, true, now_ms);
    return true;
}

/* How many are in WELCOME says. A single bet is sent again to where it may be stored:
   if that is refused too, it is not. */
static bool take_closed (session_t *session, const wire_refused_t *refused,
                         int64_t now_ms)
{
    if (refused->command != WIRE_BATCH)
        return session_fail_refused (session, refused);
    if (session->closed && session->options.writer != 0)
        sale_closed (session);
    else
        session_start_over (session, false, now_ms);
    return true;
}

static bool fail_cancel (session_t *session, const wire_refused_t *refused)
{
    return session_fail (
        session,
        "bet %" PRIu64 " of agency %" PRIu32 " in draw %s was not cancelled: %.*s (%s)",
        session->options.cancel, session->options.agency, session->progress.draw,
        (int) refused->text.size, (const char *) refused->text.data,
        wire_code_name (refused->code));
}

static bool fail_no_draw (session_t *session, const wire_refused_t *refused)
{
    const char *name = session->options.draw;
    return session_fail (session, "%s%s: %.*s (DRAW): choose a draw with --draw",
                         name ? "there is no draw " : "the central refused HELLO",
                         name ? name : "", (int) refused->text.size,
                         (const char *) refused->text.data);
}

/* The whole batch is refused. What stands before the bad row is sold all the same, and
   then it is time to say which row it was. */
bool answers_bad_row (session_t *session, const wire_refused_t *refused,
                      const window_batch_t *batch, int64_t now_ms)
{
    const bool exact = refused->row > 0 && refused->row <= batch->count;
    const uint64_t bad_row = batch->offset + (exact ? refused->row - 1 : 0);
    if (session->verdict == VERDICT_REFUSED &&
        (refused->row > batch->count || bad_row >= session->bad_row))
        return true; // the answer to a batch from before the cut
    session->verdict = VERDICT_REFUSED;
    session->bad_row = bad_row;
    session->exact_row = exact;
    session->refused = *refused;
    const size_t size = refused->text.size < sizeof session->refused_text
                            ? refused->text.size
                            : sizeof session->refused_text;
    memcpy (session->refused_text, refused->text.data, size);
    session->refused.text = bytes_of (session->refused_text, size);
    window_cut (session->window, bad_row);
    if (window_empty (session->window))
        session->timer_ms = NEVER;
    else if (session->timer_ms == NEVER)
        session_start_timer (session, now_ms);
    return true;
}

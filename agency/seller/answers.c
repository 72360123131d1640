/* answers.c - what the central says, and what follows from it (agency). Pure. */

#include "handler.h"
#include "session_state.h"

typedef struct {
    const wire_message_t *message;
    int64_t now_ms;
} answer_t;

static bool of_this_draw (const session_t *session, const wire_message_t *message);
static int take_welcome (void *self, void *taken);
static int take_stored (void *self, void *taken);
static void stored_beyond (session_t *session, const wire_stored_t *stored);
static int take_digest (void *self, void *taken);
static int take_waiting (void *self, void *taken);
static bool is_ready (const session_t *session);
static bool take_peeked (session_t *session, bool closed, int64_t now_ms);
static int take_winners (void *self, void *taken);
static int take_goodbye (void *self, void *taken);
static int take_cancelled (void *self, void *taken);
static int take_note (void *self, void *taken);
static int take_rooted (void *self, void *taken);
static int take_refused (void *self, void *taken);

static const handler_t handlers[] = {
    {WIRE_STORED, take_stored},
    {WIRE_WAITING, take_waiting},
    {WIRE_WINNERS, take_winners},
    {WIRE_WELCOME, take_welcome},
    {WIRE_GOODBYE, take_goodbye},
    {WIRE_REFUSED, take_refused},
    {WIRE_DIGEST, take_digest},
    {WIRE_CANCELLED, take_cancelled},
    {WIRE_NOTE, take_note},
    {WIRE_ROOTED, take_rooted},
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
    const answer_t *answer = taken;
    return welcome_take (self, answer->message, answer->now_ms);
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
    bool moved = answers_drop_stored (session, stored->next) > 0;
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
               stored->next == window_first (session->window)) {
        if (!sale_agrees (session, stored))
            return true;
        feed_agreed (session, stored);
    }
    feed_forget (session);
    if (moved) {
        session_made_progress (session);
        if (!session->holding) {
            session->timer_ms = NEVER;
            if (!window_empty (session->window))
                session_start_timer (session, answer->now_ms);
        }
    }
    if (window_done (session->window) && !feed_due (session))
        sale_all_stored (session, answer->now_ms);
    return true;
}

/* Returns how many batches were stored. */
uint64_t answers_drop_stored (session_t *session, uint64_t next)
{
    uint64_t batches = 0;
    const window_batch_t *batch;
    while ((batch = window_take_stored (session->window, next)) != NULL) {
        batches++;
        feed_note (session, batch);
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
    if (session->progress.state == SESSION_ENDING) {
        pledge_take_ended (session, waiting->day, answer->now_ms);
        return true;
    }
    const bool commits = session->progress.state == SESSION_COMMITTING;
    if (session->progress.state != SESSION_WAITING && !commits)
        return false;
    session->progress.asked = true;
    session->progress.ready = commits || is_ready (session);
    session->progress.ready_agencies = waiting->ready;
    session->progress.agencies = waiting->agencies;
    memcpy (session->progress.missing, waiting->missing, sizeof waiting->missing);
    session_made_progress (session);
    session->asking = session->holding = false;
    session->timer_ms =
        answer->now_ms + backoff_jitter_ms (&session->backoff, READY_RENEW_MS);
    if (commits)
        session->proof.looked = false; // there should be a receipt now
    if (pledge_active (session) && (pledge_news (session, waiting->day) || commits))
        pledge_go_on (session, answer->now_ms);
    return true;
}

/* Whether it has said that it sells no more. */
static bool is_ready (const session_t *session)
{
    const session_progress_t *progress = &session->progress;
    return pledge_active (session) ? progress->committed || progress->late
                                   : !session->asks_only;
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
    progress->ready = is_ready (session);
    progress->number = page->number;
    progress->winners = session->results.count;
    progress->records = page->sequence;
    memcpy (progress->head, page->head, sizeof progress->head);
    session->cursor = page->next;
    session_made_progress (session);
    progress->drawn = page->next == 0;
    if (page->next > 0)
        session_ask (session, SESSION_RESULTS);
    else if (pledge_active (session)) {
        session->proof.drawn = true;
        pledge_go_on (session, answer->now_ms);
    } else
        session_leave (session, answer->now_ms);
    return true;
}

/* With them what was known of the result: it is of these winners. */
void answers_forget_winners (session_t *session)
{
    session->cursor = 0;
    results_clear (&session->results);
    session->proof.drawn = session->proof.judged = false;
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

static int take_note (void *self, void *taken)
{
    const answer_t *answer = taken;
    return pledge_take_note (self, &answer->message->note, answer->now_ms);
}

static int take_rooted (void *self, void *taken)
{
    const answer_t *answer = taken;
    return pledge_take_rooted (self, &answer->message->rooted);
}

static int take_refused (void *self, void *taken)
{
    const answer_t *answer = taken;
    return refused_take (self, &answer->message->refused, answer->now_ms);
}

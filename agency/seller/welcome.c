/* welcome.c - what follows from WELCOME (agency): where the source goes on, if it is
   sold at all. Pure. */

#include "session_state.h"

#define REGRESSES_MAX 3 // fewer may be answers that were long under way

static bool is_another_draw (const session_t *session, const wire_message_t *message);
static void be_welcome (session_t *session, const wire_message_t *message);
static void go_on (session_t *session, const wire_welcome_t *welcome, int64_t now_ms);
static void begin_cancel (session_t *session);
static bool welcome_back (session_t *session, uint64_t next, int64_t now_ms);
static bool agree_on_limits (session_t *session, const wire_limits_t *theirs);
static uint32_t lower (uint32_t own, uint32_t theirs);
static void place_source (session_t *session, const wire_welcome_t *welcome,
                          int64_t now_ms);
static void place_single (session_t *session, const wire_welcome_t *welcome);

bool welcome_take (session_t *session, const wire_message_t *message, int64_t now_ms)
{
    const wire_welcome_t *welcome = &message->welcome;
    if (session->progress.state != SESSION_HELLO || welcome->next > INT64_MAX ||
        welcome->name.size == 0 || welcome->name.size > DRAW_NAME_BYTES_MAX)
        return false;
    if (is_another_draw (session, message))
        return session_fail_draw (session);
    if (welcome->next < session->progress.stored)
        return welcome_back (session, welcome->next, now_ms);
    const uint32_t bytes_max = welcome->limits.message_bytes_max;
    if (bytes_max > 0 && bytes_max < MESSAGE_BYTES_MIN)
        return session_fail (
            session, "the central takes messages of %" PRIu32 " bytes only", bytes_max);
    if (session->progress.welcomed_ms < 0)
        session->progress.welcomed_ms = now_ms;
    be_welcome (session, message);
    const char *why = feed_begin (session, welcome->next);
    if (why)
        return session_fail (session, "%s", why);
    if (!pledge_welcome (session, welcome))
        go_on (session, welcome, now_ms);
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
    // another program of the agency's sold or cancelled a bet: that explains a TALLY
    const bool moved =
        welcome->next != progress->stored || welcome->cancelled != progress->cancelled;
    const int conflicts = session->conflicts;
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
    progress->provable = wire_provable (welcome);
    session->regresses = 0;
    session_made_progress (session);
    session->progressed = false; // being let in is not yet a bet sold
    session->conflicts = moved ? 0 : conflicts;
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
        begin_cancel (session);
    else if (session->asks_only)
        sale_ask_results (session, now_ms);
    else if (task == SESSION_CLOSE_ONLY)
        sale_over (session, now_ms);
    else if (session->options.writer != 0)
        place_single (session, welcome);
    else
        place_source (session, welcome, now_ms);
}

/* In a provable draw it is noted first: the answer may be lost. */
static void begin_cancel (session_t *session)
{
    const session_proof_t *proof =
        pledge_active (session) ? session->options.proof : NULL;
    const char *why = NULL;
    if (proof && vault_has (proof->vault, VAULT_COMMIT))
        why = "the agency has committed to its bets: none can be cancelled any more";
    else if (proof)
        why = proof->cancels (proof->self, session->options.cancel);
    if (why)
        session_fail (session, "%s", why);
    else
        session_ask (session, SESSION_CANCELLING);
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
        answers_drop_stored (session, stored.next);
        if (window_first (window) == stored.next) {
            if (!sale_agrees (session, &stored))
                return;
            feed_agreed (session, &stored);
            if (feed_due (session))
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
    feed_forget (session);
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

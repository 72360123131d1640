/* session.c - what an agency says to the central and when (agency). Pure.

   The central's answers drive it from state to state; one timer sends again what stays
   unanswered. A question (HELLO, CHECK, READY, RESULTS, DONE, …) is written anew
   whenever it is sent; batches stand ready in the window.

   No bet counts as sold because of its place alone: at WELCOME, at every STORED and
   before READY the digest of what is stored is compared with that of the source, and
   where they differ `compare` finds the first bet that does. */

#include "refusal.h"
#include "session_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LEAVE_TRIES 2
#define LEAVE_MS    LINGER_MS
#define LATE_MS     1000 // a tick that comes so much too late: we were not running
#define BUSY_MAX    3    // then the limits are asked for again

static void take_note (session_progress_t *progress, const wire_message_t *message,
                       int64_t now_ms);
static void send_again (session_t *session, int64_t now_ms);
static int64_t patience_deadline (const session_t *session);
static size_t write_question (session_t *session);
static void write_hello (const session_t *session, wire_message_t *message);

session_t *session_new (const session_options_t *options, const rows_t *source,
                        int64_t now_ms)
{
    session_t *session = calloc (1, sizeof *session);
    assert (session);
    session->options = *options;
    session->source = source;
    session->window =
        window_new (options->agency, options->writer, &options->limits, source);
    session->agreed = options->limits;
    backoff_start (&session->backoff, options->seed);
    session->progress.heard_ms = session->tick_ms = now_ms;
    session->progress.welcomed_ms = session->progress.stored_ms = -1;
    session->progress.sold_ms = -1;
    session->asked_ms = INT64_MIN / 2;
    session->due_ms = NEVER;
    session_ask (session, SESSION_HELLO);
    return session;
}

void session_destroy (session_t **session)
{
    if (*session == NULL)
        return;
    window_destroy (&(*session)->window);
    results_clear (&(*session)->results);
    pledge_clear (*session);
    free (*session);
    *session = NULL;
}

void session_receive (session_t *session, bytes_t bytes, int64_t now_ms)
{
    if (session_over (session))
        return;
    wire_message_t message;
    if (wire_decode (bytes, &message) == REFUSED_OK &&
        answers_take (session, &message, now_ms))
        take_note (&session->progress, &message, now_ms);
    else
        session->progress.ignored++;
    session->due_ms = session_deadline (session);
}

static void take_note (session_progress_t *progress, const wire_message_t *message,
                       int64_t now_ms)
{
    const bool away = message->command == WIRE_REFUSED &&
                      message->refused.code == REFUSED_UNAVAILABLE;
    progress->heard_ms = now_ms;
    progress->served += !away;
    progress->standbys += away && message->refused.field == UNAVAILABLE_STANDBY;
}

void session_reconnected (session_t *session, int64_t now_ms)
{
    switch (session->progress.state) {
    case SESSION_SELLING:
        session_start_over (session, true, now_ms);
        break;
    case SESSION_ROOTING: // asks nothing
    case SESSION_ENDED:
    case SESSION_FAILED:
        break;
    default:
        session->asking = true;
        session->holding = false;
        session->timer_ms = NEVER;
    }
    session->due_ms = session_deadline (session);
}

void session_more (session_t *session)
{
    window_more (session->window);
    session->looked = false;
}

void session_complete (session_t *session, int64_t now_ms)
{
    session->options.growing = false;
    if (session->progress.state == SESSION_SELLING && window_done (session->window))
        sale_all_stored (session, now_ms);
    session->due_ms = session_deadline (session);
}

bool session_finish (session_t *session, int64_t now_ms)
{
    const session_progress_t *progress = &session->progress;
    if (progress->state != SESSION_SELLING || session->verdict != VERDICT_NONE ||
        (!window_moving (session->window) && window_hungry (session->window)))
        return false;
    session->options.task = SESSION_SELL_ONLY;
    session_complete (session, now_ms);
    return true;
}

/* What is due is done before patience runs out: after a sleep, or a stop, it asks
   first. */
void session_tick (session_t *session, int64_t now_ms)
{
    if (session_over (session))
        return;
    const int64_t due_ms =
        session->due_ms > session->tick_ms ? session->due_ms : session->tick_ms;
    if (due_ms != NEVER && now_ms - due_ms > LATE_MS) {
        session->progress.heard_ms = now_ms;
        session->timer_ms = now_ms;
    }
    session->tick_ms = now_ms;
    if (now_ms >= session->timer_ms)
        send_again (session, now_ms);
    if (now_ms >= session->peek_ms && sale_idle (session))
        session->asking = true;
    if (now_ms >= patience_deadline (session)) {
        session->progress.silence = true;
        session_fail (session, "the central has not answered for %" PRId64 " s",
                      session->options.patience_ms / 1000);
    }
    session->due_ms = session_deadline (session);
}

static void send_again (session_t *session, int64_t now_ms)
{
    session->timer_ms = NEVER;
    session->holding = false;
    if (session->progress.state == SESSION_LEAVING) {
        session_leave (session, now_ms);
        return;
    }
    backoff_grow (&session->backoff);
    if (session->progress.state != SESSION_SELLING)
        session->asking = true;
    else if (session->busy >= BUSY_MAX) {
        session->busy = 0;
        session_start_over (session, true, now_ms); // its limits may be lower now
    } else
        window_resend (session->window, session->busy_from);
    session->busy_from = 0;
}

size_t session_next_output (session_t *session, int64_t now_ms)
{
    while (sale_has_work (session) && sale_work (session, now_ms))
        ;
    session->due_ms = session_deadline (session);
    if (session->asking)
        return write_question (session);
    if (session->progress.state != SESSION_SELLING || session->holding)
        return 0;
    return window_message_size (session->window);
}

void session_write_output (session_t *session, uint8_t *buffer)
{
    if (session->asking)
        put_bytes (buffer, bytes_of (session->question, session->question_size));
    else
        window_write_message (session->window, buffer);
}

void session_output_sent (session_t *session, int64_t now_ms)
{
    if (!session->asking)
        session->progress.retries += window_mark_sent (session->window);
    session->single_sent |= !session->asking && session->options.writer != 0;
    const bool peeks = session->asking && session->progress.state == SESSION_SELLING;
    session->asking = false;
    session->asked_ms = now_ms;
    if (peeks)
        session_peek_later (session, now_ms);
    else if (session->timer_ms == NEVER)
        session_start_timer (session, now_ms);
    session->due_ms = session_deadline (session);
}

int64_t session_deadline (const session_t *session)
{
    if (session_over (session))
        return NEVER;
    int64_t deadline_ms = patience_deadline (session);
    if (session->timer_ms < deadline_ms)
        deadline_ms = session->timer_ms;
    if (session->peek_ms < deadline_ms && sale_idle (session) && !session->asking)
        deadline_ms = session->peek_ms;
    if (!sale_has_work (session))
        return deadline_ms;
    const int64_t work_ms = sale_packs (session) ? session->pace_ms : 0;
    return work_ms < deadline_ms ? work_ms : deadline_ms;
}

void session_ask (session_t *session, session_state_t state)
{
    session->progress.state = state;
    session->asking = true;
    session->holding = false;
    session->timer_ms = NEVER;
    backoff_reset (&session->backoff);
}

/* DONE is a courtesy: nothing depends on its answer. */
void session_leave (session_t *session, int64_t now_ms)
{
    if (session->progress.state != SESSION_LEAVING)
        session->leave_tries = 0;
    if (session->leave_tries++ == LEAVE_TRIES) {
        session->progress.state = SESSION_ENDED;
        session->asking = false;
        return;
    }
    session_ask (session, SESSION_LEAVING);
    session->timer_ms = now_ms + LEAVE_MS; // also when nobody takes the message
}

/* At once if there was progress since the last time, else after a while, so as not to
   keep a central busy that goes on refusing. */
void session_start_over (session_t *session, bool at_once, int64_t now_ms)
{
    session->progress.state = SESSION_HELLO;
    session->asking = at_once || session->progressed;
    session->holding = session->progressed = false;
    session->timer_ms = NEVER;
    if (!session->asking)
        session_start_timer (session, now_ms);
}

/* Several batches refused are one reason to wait, not several. */
void session_hold_back (session_t *session, uint16_t code, int64_t now_ms)
{
    session->progress.held_up = code;
    session->asking = false;
    if (!session->holding)
        session_start_timer (session, now_ms);
    session->holding = true;
}

void session_made_progress (session_t *session)
{
    session->progressed = true;
    session->conflicts = session->busy = 0;
    session->progress.held_up = 0;
    backoff_reset (&session->backoff);
}

void session_start_timer (session_t *session, int64_t now_ms)
{
    session->timer_ms = now_ms + backoff_wait_ms (&session->backoff);
}

void session_peek_later (session_t *session, int64_t now_ms)
{
    session->peek_ms = now_ms + backoff_jitter_ms (&session->backoff, READY_RENEW_MS);
}

/* The latest question has its time to be answered, too. */
static int64_t patience_deadline (const session_t *session)
{
    if (session->options.patience_ms == 0 || !session_answer_due (session))
        return NEVER;
    const int64_t silent_ms = session->progress.heard_ms + session->options.patience_ms;
    const int64_t asked_ms = session->asked_ms + RETRY_MS_MIN;
    return silent_ms > asked_ms ? silent_ms : asked_ms;
}

bool session_answer_due (const session_t *session)
{
    switch (session->progress.state) {
    case SESSION_HELLO:
    case SESSION_CANCELLING:
    case SESSION_FETCHING:
    case SESSION_ENDING:
    case SESSION_SEARCHING:
    case SESSION_COMMITTING:
    case SESSION_WAITING:
    case SESSION_RESULTS:
        return true;
    case SESSION_COMPARING:
        return !sale_has_work (session);
    case SESSION_SELLING:
        return !window_empty (session->window);
    default:
        return false;
    }
}

static size_t write_question (session_t *session)
{
    wire_message_t message = {.agency = session->options.agency, .draw = session->draw};
    switch (session->progress.state) {
    case SESSION_HELLO:
        write_hello (session, &message);
        break;
    case SESSION_COMPARING:
        message.command = WIRE_CHECK;
        message.tally.count = compare_at (&session->compare);
        break;
    case SESSION_CANCELLING:
        message.command = WIRE_CANCEL;
        message.offset = session->options.cancel;
        break;
    case SESSION_FETCHING:
    case SESSION_ENDING:
    case SESSION_SEARCHING:
    case SESSION_COMMITTING:
        pledge_question (session, &message);
        break;
    case SESSION_WAITING:
        if (pledge_active (session)) {
            pledge_question (session, &message);
            break;
        }
        if (session->asks_only) {
            message.command = WIRE_RESULTS;
            break;
        }
        message.command = WIRE_READY;
        message.tally = session_tally (session);
        break;
    case SESSION_SELLING: // whether the draw has closed
        message.command = WIRE_RESULTS;
        break;
    case SESSION_RESULTS:
        message.command = WIRE_RESULTS;
        message.cursor = session->cursor;
        break;
    default:
        message.command = WIRE_DONE;
        break;
    }
    session->question_size = wire_encode (&message, session->question);
    return session->question_size;
}

wire_tally_t session_tally (const session_t *session)
{
    return (wire_tally_t){session->progress.stored, session->digest,
                          session->progress.cancelled};
}

/* Once it is known, the draw is asked for by its name. */
static void write_hello (const session_t *session, wire_message_t *message)
{
    const char *name = session->progress.draw[0] ? session->progress.draw
                       : session->options.draw   ? session->options.draw
                                                 : "";
    message->command = WIRE_HELLO;
    message->draw = 0;
    message->hello =
        (wire_hello_t){session->options.limits, bytes_of (name, strlen (name))};
}

/* Returns true: the message that it came to was of use. */
bool session_fail (session_t *session, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (session->failure, sizeof session->failure, format, arguments);
    va_end (arguments);
    return session_give_up (session);
}

bool session_give_up (session_t *session)
{
    session->progress.state = SESSION_FAILED;
    session->asking = false;
    return true;
}

bool session_fail_refused (session_t *session, const wire_refused_t *refused)
{
    const bool of_batch = refused->command == WIRE_BATCH && session->source &&
                          refused->code >= REFUSED_EMPTY &&
                          refused->code != REFUSED_AGENCY;
    const refusal_place_t place = {.source = of_batch ? session->source->name : NULL};
    refusal_describe (refused, &place, session->failure, sizeof session->failure);
    return session_give_up (session);
}

bool session_fail_draw (session_t *session)
{
    return session_fail (
        session,
        "the central serves another draw now than the one that this program "
        "began with, in which %" PRIu64 " bets of agency %" PRIu32
        " were stored: start again to take part in this one",
        session->progress.stored, session->options.agency);
}

bool session_fail_void (session_t *session, const wire_refused_t *refused)
{
    if (pledge_active (session) && vault_has (session->options.proof->vault, NOTE_SEAL))
        return session_fail (session,
                             "the central says that draw %s is void, and it has sealed "
                             "it: it cannot be called off any more, and who does so "
                             "cheats. Keep the folder of --receipts, it is the proof",
                             session->progress.draw);
    return session_fail (session, "draw %s is void%s%.*s", session->progress.draw,
                         refused->text.size > 0 ? ": " : "", (int) refused->text.size,
                         (const char *) refused->text.data);
}

bool session_over (const session_t *session)
{
    return session->progress.state >= SESSION_ENDED;
}

const session_progress_t *session_progress (const session_t *session)
{
    return &session->progress;
}

const char *session_failure (const session_t *session)
{
    return session->failure;
}

const char *session_shortfall (const session_t *session)
{
    return session->shortfall;
}

bytes_t session_winners (const session_t *session)
{
    return bytes_of (session->results.documents, session->results.size);
}

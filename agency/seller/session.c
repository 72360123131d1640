/* session.c - what an agency says to the central and when (agency). Pure.

   The central's answers drive it from state to state; one timer sends again what stays
   unanswered. A question (HELLO, READY, RESULTS, DONE) is written anew whenever it is
   sent; batches stand ready in the window. */

#include "session.h"

#include "backoff.h"
#include "refusal.h"
#include "results.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NEVER       INT64_MAX
#define LEAVE_TRIES 2
#define LEAVE_MS    LINGER_MS

struct session {
    session_options_t options;
    const rows_t *source; // borrowed
    window_t *window;     // owned
    results_t results;
    session_progress_t progress;
    wire_limits_t agreed;

    bool asking;     // the state's question is to be sent
    bool holding;    // refused for now: nothing is sent until the timer ends that
    bool closed;     // results were asked for in an earlier run: nothing can be sold
    bool progressed; // since the last HELLO
    int64_t timer_ms;
    backoff_t backoff;
    int64_t pace_ms; // no new batch before
    uint64_t draw;   // as the last WELCOME told it
    uint64_t cursor; // of the page of winners that is expected
    int leave_tries;

    uint8_t question[WIRE_SMALL_BYTES_MAX];
    char failure[1024];
};

static bool take_message (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_welcome (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_stored (session_t *session, const wire_message_t *message,
                         int64_t now_ms);
static bool take_waiting (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_winners (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_goodbye (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_refused (session_t *session, const wire_message_t *message,
                          int64_t now_ms);

static uint32_t lower (uint32_t own, uint32_t theirs);
static uint64_t drop_stored (session_t *session, uint64_t next);
static void sell (session_t *session, int64_t now_ms);
static void sold_out (session_t *session, int64_t now_ms);
static void ask (session_t *session, session_state_t state);
static void leave (session_t *session, int64_t now_ms);
static void start_over (session_t *session, int64_t now_ms);
static void hold_back (session_t *session, uint16_t code, int64_t now_ms);
static void made_progress (session_t *session);
static void start_timer (session_t *session, int64_t now_ms);
static int64_t patience_deadline (const session_t *session);
static bytes_t write_question (session_t *session);
static bool fail (session_t *session, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static bool fail_refused (session_t *session, const wire_refused_t *refused,
                          const window_batch_t *batch);

session_t *session_new (const session_options_t *options, const rows_t *source,
                        int64_t now_ms)
{
    session_t *session = calloc (1, sizeof *session);
    assert (session);
    session->options = *options;
    session->source = source;
    session->window = window_new (options->agency, &options->limits, source);
    session->agreed = options->limits;
    backoff_start (&session->backoff, options->seed);
    session->progress.heard_ms = now_ms;
    session->progress.welcomed_ms = session->progress.sold_ms = -1;
    ask (session, SESSION_HELLO);
    return session;
}

void session_destroy (session_t **session)
{
    if (*session == NULL)
        return;
    window_destroy (&(*session)->window);
    results_clear (&(*session)->results);
    free (*session);
    *session = NULL;
}

void session_receive (session_t *session, bytes_t bytes, int64_t now_ms)
{
    if (session_over (session))
        return;
    wire_message_t message;
    if (wire_decode (bytes, &message) == REFUSED_NOTHING &&
        take_message (session, &message, now_ms))
        session->progress.heard_ms = now_ms;
    else
        session->progress.ignored++;
}

void session_tick (session_t *session, int64_t now_ms)
{
    if (session_over (session))
        return;
    if (now_ms >= patience_deadline (session)) {
        fail (session, "the central has not answered for %" PRId64 " s",
              session->options.patience_ms / 1000);
        return;
    }
    if (now_ms < session->timer_ms)
        return;
    session->timer_ms = NEVER;
    session->holding = false;
    if (session->progress.state == SESSION_LEAVING) {
        leave (session, now_ms);
        return;
    }
    backoff_grow (&session->backoff);
    if (session->progress.state == SESSION_SELLING)
        window_resend (session->window);
    else
        session->asking = true;
}

bool session_next_output (session_t *session, int64_t now_ms, bytes_t *message)
{
    if (session->progress.state == SESSION_SELLING && !session->holding)
        sell (session, now_ms);
    if (session->asking) {
        *message = write_question (session);
        return true;
    }
    if (session->progress.state != SESSION_SELLING || session->holding)
        return false;
    const window_batch_t *batch = window_unsent (session->window);
    if (batch == NULL)
        return false;
    *message = bytes_of (batch->message, batch->size);
    return true;
}

void session_output_sent (session_t *session, int64_t now_ms)
{
    if (!session->asking) {
        session->progress.retries += window_unsent (session->window)->sent;
        window_mark_sent (session->window);
    }
    session->asking = false;
    if (session->timer_ms == NEVER)
        start_timer (session, now_ms);
}

int64_t session_deadline (const session_t *session)
{
    if (session_over (session))
        return NEVER;
    int64_t deadline_ms = patience_deadline (session);
    if (session->timer_ms < deadline_ms)
        deadline_ms = session->timer_ms;
    bool packs = session->progress.state == SESSION_SELLING && !session->holding &&
                 window_hungry (session->window) &&
                 window_unsent (session->window) == NULL;
    return packs && session->pace_ms < deadline_ms ? session->pace_ms : deadline_ms;
}

/* Returns whether the message was one of use at this moment. */
static bool take_message (session_t *session, const wire_message_t *message,
                          int64_t now_ms)
{
    static const struct {
        wire_command_t command;
        bool (*take) (session_t *, const wire_message_t *, int64_t);
    } table[] = {{WIRE_STORED, take_stored},   {WIRE_WAITING, take_waiting},
                 {WIRE_WINNERS, take_winners}, {WIRE_WELCOME, take_welcome},
                 {WIRE_GOODBYE, take_goodbye}, {WIRE_REFUSED, take_refused}};

    // what could not be read was refused without knowing whose it was
    bool nobodys = message->agency == 0 && message->command == WIRE_REFUSED;
    if (message->agency != session->options.agency && !nobodys)
        return false;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].command == message->command)
            return table[i].take (session, message, now_ms);
    return false;
}

static bool take_welcome (session_t *session, const wire_message_t *message,
                          int64_t now_ms)
{
    const wire_welcome_t *welcome = &message->welcome;
    const wire_limits_t *own = &session->options.limits;
    if (session->progress.state != SESSION_HELLO || welcome->next > INT64_MAX)
        return false;
    uint32_t bytes_max = welcome->limits.message_bytes_max;
    if (bytes_max > 0 && bytes_max < MESSAGE_BYTES_MIN)
        return fail (session, "the central takes messages of %" PRIu32 " bytes only",
                     bytes_max);
    session->agreed.message_bytes_max = lower (own->message_bytes_max, bytes_max);
    session->agreed.window = lower (own->window, welcome->limits.window);
    session->agreed.rows_max = lower (own->rows_max, welcome->limits.rows_max);

    if (session->progress.welcomed_ms < 0)
        session->progress.welcomed_ms = now_ms;
    session->progress.stored = welcome->next;
    session->progress.agencies = welcome->agencies;
    session->progress.ready_agencies = welcome->ready;
    session->closed = welcome->day != DAY_OPEN;
    made_progress (session);
    session->progressed = false; // being let in is not yet a bet sold
    session->draw = welcome->draw;
    window_restart (session->window, welcome->draw, welcome->next, welcome->digest,
                    &session->agreed);
    if (session->options.task == SESSION_ASK_ONLY) {
        sold_out (session, now_ms);
        return true;
    }
    session->progress.state = SESSION_SELLING;
    session->asking = session->holding = false;
    session->timer_ms = NEVER;
    return true;
}

/* 0 is no limit. */
static uint32_t lower (uint32_t own, uint32_t theirs)
{
    return theirs > 0 && theirs < own ? theirs : own;
}

static bool take_stored (session_t *session, const wire_message_t *message,
                         int64_t now_ms)
{
    const uint64_t next = message->stored.next;
    if (session->progress.state != SESSION_SELLING || next > INT64_MAX)
        return false;
    bool moved = drop_stored (session, next) > 0;
    if (next > window_end (session->window)) {
        /* An earlier run of this agency, or this one before it started over, had more
           batches under way, and they arrived. The source moves behind them; if it has
           not that many rows, window_fill () finds out. */
        window_restart (session->window, session->draw, next, message->stored.digest,
                        &session->agreed);
        moved = true;
    }
    if (next > session->progress.stored)
        session->progress.stored = next;
    if (moved) {
        made_progress (session);
        if (!session->holding) {
            session->timer_ms = NEVER;
            if (!window_empty (session->window))
                start_timer (session, now_ms);
        }
    }
    if (window_done (session->window))
        sold_out (session, now_ms);
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

static bool take_waiting (session_t *session, const wire_message_t *message,
                          int64_t now_ms)
{
    if (session->progress.state != SESSION_WAITING)
        return false;
    session->progress.ready = true;
    session->progress.ready_agencies = message->waiting.ready;
    session->progress.agencies = message->waiting.agencies;
    made_progress (session);
    session->asking = session->holding = false;
    session->timer_ms = now_ms + backoff_jitter_ms (&session->backoff, READY_RENEW_MS);
    return true;
}

static bool take_winners (session_t *session, const wire_message_t *message,
                          int64_t now_ms)
{
    const wire_winners_t *page = &message->winners;
    session_progress_t *progress = &session->progress;
    if ((progress->state != SESSION_WAITING && progress->state != SESSION_RESULTS) ||
        page->cursor != session->cursor ||
        !results_fit (&session->results, page, window_end (session->window)))
        return false;
    if (results_add (&session->results, page) == -1)
        return fail (session, "more winners than this program can hold: %" PRIu64,
                     session->results.count);
    progress->ready = true;
    progress->number = page->number;
    progress->winners = session->results.count;
    session->cursor = page->next;
    made_progress (session);
    if (page->next > 0)
        ask (session, SESSION_RESULTS);
    else
        leave (session, now_ms);
    return true;
}

static bool take_goodbye (session_t *session, const wire_message_t *message,
                          int64_t now_ms)
{
    (void) message;
    (void) now_ms;
    if (session->progress.state != SESSION_LEAVING)
        return false;
    session->progress.state = SESSION_ENDED;
    session->asking = false;
    return true;
}

static bool take_refused (session_t *session, const wire_message_t *message,
                          int64_t now_ms)
{
    static const uint8_t questions[] = {[SESSION_HELLO] = WIRE_HELLO,
                                        [SESSION_SELLING] = WIRE_BATCH,
                                        [SESSION_WAITING] = WIRE_READY,
                                        [SESSION_RESULTS] = WIRE_RESULTS,
                                        [SESSION_LEAVING] = WIRE_DONE};
    const wire_refused_t *refused = &message->refused;
    session_state_t state = session->progress.state;
    if (state == SESSION_LEAVING || refused->code == REFUSED_NOTHING)
        return false; // what matters is here already
    if (refused->code <= REFUSED_BODY || refused->code == REFUSED_AGENCY ||
        refused->code == REFUSED_KEY)
        return fail_refused (session, refused, NULL);

    // the late answer to a question of an earlier state, or to a batch stored since
    // (asking for the results may be all that was wrong with READY)
    const bool results = state == SESSION_WAITING && refused->command == WIRE_RESULTS;
    if (refused->command != questions[state] && !results)
        return false;
    const window_batch_t *batch = NULL;
    if (refused->command == WIRE_BATCH) {
        batch = window_find (session->window, refused->offset);
        if (batch == NULL)
            return false;
    }
    switch (refused->code) {
    case REFUSED_BUSY:
    case REFUSED_NOSPACE:
    case REFUSED_ASIDE:
        hold_back (session, refused->code, now_ms);
        return true;
    case REFUSED_HELLO:
    case REFUSED_GAP:
        start_over (session, now_ms);
        return true;
    case REFUSED_UNDRAWN:
        hold_back (session, 0, now_ms);
        session->progress.state = SESSION_WAITING;
        session->cursor = 0;
        results_clear (&session->results);
        return true;
    default:
        return fail_refused (session, refused, batch);
    }
}

/* See to it that there is a batch to send, if there can be one. */
static void sell (session_t *session, int64_t now_ms)
{
    window_t *window = session->window;
    if (window_unsent (window) || !window_hungry (window) || now_ms < session->pace_ms)
        return;
    if (window_empty (window)) // so far the central had nothing to answer
        session->progress.heard_ms = now_ms;
    switch (window_fill (window)) {
    case WINDOW_PACKED:
        if (session->closed)
            fail (session,
                  "agency %" PRIu32 " asked for its results already, with %" PRIu64
                  " bets: nothing more of %s can be sold",
                  session->options.agency, session->progress.stored,
                  session->source->name);
        session->pace_ms =
            session->options.period_ms ? now_ms + session->options.period_ms : 0;
        break;
    case WINDOW_MOVING:
        break;
    case WINDOW_END:
        if (window_done (window))
            sold_out (session, now_ms);
        break;
    case WINDOW_SHORT:
        fail (session,
              "the central has %" PRIu64 " bets of agency %" PRIu32
              ", %s has only %" PRIu64 ": not the same file?",
              window_end (window), session->options.agency, session->source->name,
              window_rows (window));
        break;
    case WINDOW_LONG:
        fail (session, "%s: a row is longer than a message may be",
              session->source->name);
        break;
    case WINDOW_FAILED:
        fail (session, "%s", session->source->error (session->source->self));
        break;
    }
}

/* Everything is stored. */
static void sold_out (session_t *session, int64_t now_ms)
{
    session->progress.heard_ms = now_ms;
    if (session->progress.sold_ms < 0)
        session->progress.sold_ms = now_ms;
    if (session->options.task == SESSION_SELL_ONLY) {
        session->progress.state = SESSION_ENDED;
        return;
    }
    session->cursor = 0;
    results_clear (&session->results);
    ask (session, SESSION_WAITING);
}

static void ask (session_t *session, session_state_t state)
{
    session->progress.state = state;
    session->asking = true;
    session->holding = false;
    session->timer_ms = NEVER;
    backoff_reset (&session->backoff);
}

/* DONE is a courtesy: nothing depends on its answer. */
static void leave (session_t *session, int64_t now_ms)
{
    if (session->progress.state != SESSION_LEAVING)
        session->leave_tries = 0;
    if (session->leave_tries++ == LEAVE_TRIES) {
        session->progress.state = SESSION_ENDED;
        session->asking = false;
        return;
    }
    ask (session, SESSION_LEAVING);
    session->timer_ms = now_ms + LEAVE_MS; // also when nobody takes the message
}

/* At once if there was progress since the last time, else after a while: a central that
   keeps refusing is not to be kept busy with it. */
static void start_over (session_t *session, int64_t now_ms)
{
    session->progress.state = SESSION_HELLO;
    session->asking = session->progressed;
    session->holding = session->progressed = false;
    session->timer_ms = NEVER;
    if (!session->asking)
        start_timer (session, now_ms);
}

/* When several batches are refused, that is one reason to wait and not several. */
static void hold_back (session_t *session, uint16_t code, int64_t now_ms)
{
    session->progress.held_up = code;
    session->asking = false;
    if (!session->holding)
        start_timer (session, now_ms);
    session->holding = true;
}

static void made_progress (session_t *session)
{
    session->progressed = true;
    session->progress.held_up = 0;
    backoff_reset (&session->backoff);
}

static void start_timer (session_t *session, int64_t now_ms)
{
    session->timer_ms = now_ms + backoff_wait_ms (&session->backoff);
}

static int64_t patience_deadline (const session_t *session)
{
    if (session->options.patience_ms == 0 || !session_answer_due (session))
        return NEVER;
    return session->progress.heard_ms + session->options.patience_ms;
}

bool session_answer_due (const session_t *session)
{
    switch (session->progress.state) {
    case SESSION_HELLO:
    case SESSION_WAITING:
    case SESSION_RESULTS:
        return true;
    case SESSION_SELLING:
        return !window_empty (session->window);
    default:
        return false;
    }
}

static bytes_t write_question (session_t *session)
{
    wire_message_t message = {.agency = session->options.agency};
    switch (session->progress.state) {
    case SESSION_HELLO:
        message.command = WIRE_HELLO;
        message.hello = session->options.limits;
        break;
    case SESSION_WAITING:
        message.command = WIRE_READY;
        message.tally = (wire_tally_t){.draw = session->draw,
                                       .count = window_end (session->window),
                                       .digest = window_digest (session->window)};
        break;
    case SESSION_RESULTS:
        message.command = WIRE_RESULTS;
        message.results =
            (wire_results_t){.draw = session->draw, .cursor = session->cursor};
        break;
    default:
        message.command = WIRE_DONE;
        message.draw = session->draw;
        break;
    }
    return bytes_of (session->question, wire_encode (&message, session->question));
}

/* Returns true: the message that it came to was of use. */
static bool fail (session_t *session, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (session->failure, sizeof session->failure, format, arguments);
    va_end (arguments);
    session->progress.state = SESSION_FAILED;
    session->asking = false;
    return true;
}

static bool fail_refused (session_t *session, const wire_refused_t *refused,
                          const window_batch_t *batch)
{
    char text[sizeof session->failure];
    refusal_describe (refused, batch, session->source ? session->source->name : "",
                      text, sizeof text);
    return fail (session, "%s", text);
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

bytes_t session_winners (const session_t *session)
{
    return bytes_of (session->results.documents, session->results.size);
}

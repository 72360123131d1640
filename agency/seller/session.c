/* session.c - what an agency says to the central and when (agency). Pure.

   The central's answers drive it from state to state; one timer sends again what stays
   unanswered. A question (HELLO, CHECK, READY, RESULTS, DONE) is written anew whenever
   it is sent; batches stand ready in the window.

   Nothing is taken for sold because of its place alone: at WELCOME, at every STORED and
   before READY the digest of what is stored is compared with that of what the source
   has, and where they differ `compare` finds the first bet that is another one. */

#include "session.h"

#include "backoff.h"
#include "compare.h"
#include "digest.h"
#include "refusal.h"
#include "results.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NEVER         INT64_MAX
#define LEAVE_TRIES   2
#define LEAVE_MS      LINGER_MS
#define LATE_MS       1000 // a tick so much later than it was asked for: we did not run
#define REGRESSES_MAX 3    // fewer may be answers that were long under way
#define CONFLICTS_MAX 2    // without progress
#define BUSY_MAX      3    // then the limits are asked for again

typedef enum { // why it is going to fail once all that can be stored is
    VERDICT_NONE,
    VERDICT_REFUSED, // `refused` of the row `bad_row`; what stands before is sold
    VERDICT_DIFFERS, // the row `bad_row` is not the one that is stored
    VERDICT_SOURCE,  // the source failed
    VERDICT_LONG
} verdict_t;

struct session {
    session_options_t options;
    const rows_t *source; // borrowed
    window_t *window;     // owned
    results_t results;
    session_progress_t progress;
    wire_limits_t agreed;

    uint64_t draw;   // the central's; 0 before the first WELCOME
    uint64_t digest; // of what is stored, as the central said last
    bool started;    // the window was, by a first WELCOME
    bool comparing;  // what is stored is `theirs`, once the window is there
    wire_stored_t theirs;
    compare_t compare;
    bool looked;         // the source was read once more since its last row was packed
    uint64_t place;      // of the single bet
    uint64_t place_hash; // digest of the bets before it
    bool placed;         // they are known
    bool single_sent;    // so that it may be stored there
    int regresses;       // WELCOMEs in a row with fewer bets than are stored
    int conflicts;       // refusals in a row that say that somebody else sells as well
    int busy;            // BUSYs in a row
    bool over_limits;    // a batch was refused under `refused_under`
    wire_limits_t refused_under;

    verdict_t verdict;
    uint64_t bad_row; // index of the row that VERDICT_REFUSED or _DIFFERS is about
    bool exact_row;   // else it is in the batch that begins there
    wire_refused_t refused;
    uint8_t refused_text[REFUSAL_TEXT_MAX];

    bool asking;     // the state's question is to be sent
    bool holding;    // refused for now: nothing is sent until the timer ends that
    bool closed;     // results were asked for in an earlier run: nothing can be sold
    bool progressed; // since the last HELLO
    int64_t timer_ms;
    backoff_t backoff;
    int64_t pace_ms;  // no new batch before
    int64_t asked_ms; // something was sent last
    int64_t tick_ms;  // the last tick
    int64_t due_ms;   // when it was to be called again
    uint64_t cursor;  // of the page of winners that is expected
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
static bool take_digest (session_t *session, const wire_message_t *message,
                         int64_t now_ms);
static bool take_waiting (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_winners (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_goodbye (session_t *session, const wire_message_t *message,
                          int64_t now_ms);
static bool take_refused (session_t *session, const wire_message_t *message,
                          int64_t now_ms);

static bool welcome_back (session_t *session, uint64_t next, int64_t now_ms);
static bool agree_on_limits (session_t *session, const wire_limits_t *theirs);
static uint32_t lower (uint32_t own, uint32_t theirs);
static void place_source (session_t *session, const wire_welcome_t *welcome,
                          int64_t now_ms);
static void place_single (session_t *session, const wire_welcome_t *welcome);
static uint64_t drop_stored (session_t *session, uint64_t next);
static void stored_beyond (session_t *session, const wire_stored_t *stored);
static bool agrees (session_t *session, const wire_stored_t *stored);
static bool about_moment (const session_t *session, const wire_refused_t *refused);
static bool take_conflict (session_t *session, const wire_refused_t *refused,
                           int64_t now_ms);
static bool take_over_limits (session_t *session, const wire_refused_t *refused,
                              int64_t now_ms);
static bool take_bad_row (session_t *session, const wire_refused_t *refused,
                          const window_batch_t *batch, int64_t now_ms);
static bool has_work (const session_t *session);
static bool sells_on (const session_t *session);
static bool work (session_t *session, int64_t now_ms);
static bool move_source (session_t *session, int64_t now_ms);
static bool sell (session_t *session, int64_t now_ms);
static void all_stored (session_t *session, int64_t now_ms);
static void start_window (session_t *session, uint64_t offset, uint64_t from,
                          uint64_t digest);
static void begin_compare (session_t *session, uint64_t count, bool differs);
static void ask_compare (session_t *session);
static void look_at_compare (session_t *session);
static bool tell_verdict (session_t *session);
static void sold_out (session_t *session, int64_t now_ms);
static void ask (session_t *session, session_state_t state);
static void leave (session_t *session, int64_t now_ms);
static void start_over (session_t *session, bool at_once, int64_t now_ms);
static void hold_back (session_t *session, uint16_t code, int64_t now_ms);
static void made_progress (session_t *session);
static void start_timer (session_t *session, int64_t now_ms);
static void send_again (session_t *session, int64_t now_ms);
static int64_t patience_deadline (const session_t *session);
static bytes_t write_question (session_t *session);
static bool fail (session_t *session, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static bool give_up (session_t *session);
static bool fail_refused (session_t *session, const wire_refused_t *refused);
static bool fail_draw (session_t *session);

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
    session->due_ms = session_deadline (session);
}

void session_reconnected (session_t *session, int64_t now_ms)
{
    switch (session->progress.state) {
    case SESSION_SELLING:
        start_over (session, true, now_ms);
        break;
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

bool session_finish (session_t *session, int64_t now_ms)
{
    const session_progress_t *progress = &session->progress;
    if (progress->state != SESSION_SELLING || session->verdict != VERDICT_NONE ||
        (!window_moving (session->window) && window_hungry (session->window)))
        return false;
    session->options.task = SESSION_SELL_ONLY;
    if (window_done (session->window))
        all_stored (session, now_ms);
    return true;
}

/* What is due is done before patience ends: who slept, or was stopped, asks first. */
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
    if (now_ms >= patience_deadline (session)) {
        session->progress.silence = true;
        fail (session, "the central has not answered for %" PRId64 " s",
              session->options.patience_ms / 1000);
    }
    session->due_ms = session_deadline (session);
}

static void send_again (session_t *session, int64_t now_ms)
{
    session->timer_ms = NEVER;
    session->holding = false;
    if (session->progress.state == SESSION_LEAVING) {
        leave (session, now_ms);
        return;
    }
    backoff_grow (&session->backoff);
    if (session->progress.state != SESSION_SELLING)
        session->asking = true;
    else if (session->busy >= BUSY_MAX) {
        session->busy = 0;
        start_over (session, true, now_ms); // it may take less than it did
    } else
        window_resend (session->window);
}

bool session_next_output (session_t *session, int64_t now_ms, bytes_t *message)
{
    while (has_work (session) && work (session, now_ms))
        ;
    session->due_ms = session_deadline (session);
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
    session->single_sent |= !session->asking && session->options.writer != 0;
    session->asking = false;
    session->asked_ms = now_ms;
    if (session->timer_ms == NEVER)
        start_timer (session, now_ms);
    session->due_ms = session_deadline (session);
}

int64_t session_deadline (const session_t *session)
{
    if (session_over (session))
        return NEVER;
    int64_t deadline_ms = patience_deadline (session);
    if (session->timer_ms < deadline_ms)
        deadline_ms = session->timer_ms;
    if (!has_work (session))
        return deadline_ms;
    const int64_t work_ms = sells_on (session) ? session->pace_ms : 0;
    return work_ms < deadline_ms ? work_ms : deadline_ms;
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
                 {WIRE_GOODBYE, take_goodbye}, {WIRE_REFUSED, take_refused},
                 {WIRE_DIGEST, take_digest}};

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
    session_progress_t *progress = &session->progress;
    if (progress->state != SESSION_HELLO || welcome->next > INT64_MAX)
        return false;
    if (session->draw != 0 && welcome->draw != session->draw)
        return fail_draw (session);
    if (welcome->next < progress->stored)
        return welcome_back (session, welcome->next, now_ms);
    const uint32_t bytes_max = welcome->limits.message_bytes_max;
    if (bytes_max > 0 && bytes_max < MESSAGE_BYTES_MIN)
        return fail (session, "the central takes messages of %" PRIu32 " bytes only",
                     bytes_max);

    if (progress->welcomed_ms < 0)
        progress->welcomed_ms = now_ms;
    progress->agencies = welcome->agencies;
    progress->ready_agencies = welcome->ready;
    session->draw = welcome->draw;
    session->digest = welcome->digest;
    session->closed = welcome->day != DAY_OPEN;
    session->regresses = 0;
    const int conflicts = session->conflicts;
    made_progress (session);
    session->progressed = false; // being let in is not yet a bet sold
    session->conflicts = conflicts;
    session->asking = session->holding = false;
    session->timer_ms = NEVER;
    progress->state = SESSION_SELLING;
    progress->stored = welcome->next;
    if (session->options.task == SESSION_ASK_ONLY)
        sold_out (session, now_ms);
    else if (session->options.writer != 0)
        place_single (session, welcome);
    else
        place_source (session, welcome, now_ms);
    return true;
}

/* Within a draw a central never has fewer bets than it had. One such answer may be old;
   several, each to a question of its own, are not. */
static bool welcome_back (session_t *session, uint64_t next, int64_t now_ms)
{
    if (++session->regresses == REGRESSES_MAX)
        return fail (session,
                     "the central has %" PRIu64 " bets of agency %" PRIu32
                     ", and said before that it had %" PRIu64
                     ": it lost some. Has it been started on an older copy of its "
                     "data?",
                     next, session->options.agency, session->progress.stored);
    session->asking = false;
    start_timer (session, now_ms);
    return true;
}

/* Returns whether they are as they were. */
static bool agree_on_limits (session_t *session, const wire_limits_t *theirs)
{
    const wire_limits_t *own = &session->options.limits, before = session->agreed;
    wire_limits_t *agreed = &session->agreed;
    agreed->message_bytes_max =
        lower (own->message_bytes_max, theirs->message_bytes_max);
    agreed->window = lower (own->window, theirs->window);
    agreed->rows_max = lower (own->rows_max, theirs->rows_max);
    return agreed->message_bytes_max == before.message_bytes_max &&
           agreed->window == before.window && agreed->rows_max == before.rows_max;
}

/* 0 is no limit. */
static uint32_t lower (uint32_t own, uint32_t theirs)
{
    return theirs > 0 && theirs < own ? theirs : own;
}

/* Batches that are under way and go on at `next` stay; else the rows before it are read
   again, and compared with what is stored. */
static void place_source (session_t *session, const wire_welcome_t *welcome,
                          int64_t now_ms)
{
    window_t *window = session->window;
    const wire_stored_t stored = {welcome->next, welcome->digest};
    const bool same = agree_on_limits (session, &welcome->limits);
    if (session->started && !window_moving (window)) {
        drop_stored (session, stored.next);
        if (window_first (window) == stored.next) {
            if (!agrees (session, &stored))
                return;
            if (!same)
                start_window (session, stored.next, stored.next, stored.digest);
            else if (window_done (window))
                all_stored (session, now_ms);
            else
                window_resend (window);
            return;
        }
    }
    if (session->verdict != VERDICT_REFUSED)
        session->verdict = VERDICT_NONE; // what cannot be read is come upon again
    session->comparing = true;
    session->theirs = stored;
    start_window (session, stored.next, 0, DIGEST_START);
}

/* Once it was sent it may be stored: it is sent again to the same place, and only when
   another bet turns out to be there it gets a new one. */
static void place_single (session_t *session, const wire_welcome_t *welcome)
{
    agree_on_limits (session, &welcome->limits);
    if (!session->placed) {
        session->place = welcome->next;
        session->place_hash = welcome->digest;
        session->placed = true;
        session->single_sent = false;
    }
    start_window (session, session->place, session->place, session->place_hash);
}

static bool take_stored (session_t *session, const wire_message_t *message,
                         int64_t now_ms)
{
    const wire_stored_t *stored = &message->stored;
    if (session->progress.state != SESSION_SELLING || stored->next > INT64_MAX)
        return false;
    if (session->options.writer != 0 && window_unsent (session->window))
        return false; // it is about to be sent again, and answered
    bool moved = drop_stored (session, stored->next) > 0;
    if (session->options.writer != 0) {
        if (moved) {
            session->progress.stored = stored->next;
            sold_out (session, now_ms);
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
               !agrees (session, stored))
        return true;
    if (moved) {
        made_progress (session);
        if (!session->holding) {
            session->timer_ms = NEVER;
            if (!window_empty (session->window))
                start_timer (session, now_ms);
        }
    }
    if (window_done (session->window))
        all_stored (session, now_ms);
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
   under way, and they arrived. The source moves behind them; if it has not that many
   rows, or other ones, moving it finds out. */
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
        start_window (session, stored->next, 0, DIGEST_START);
}

/* The source's rows before the window's first are all stored: whether they are the same
   ones. If not, the search for the first that is another begins. */
static bool agrees (session_t *session, const wire_stored_t *stored)
{
    if (window_first_digest (session->window) == stored->digest)
        return true;
    begin_compare (session, stored->next, true);
    return false;
}

static bool take_digest (session_t *session, const wire_message_t *message,
                         int64_t now_ms)
{
    (void) now_ms;
    if (session->progress.state != SESSION_COMPARING ||
        message->tally.count != compare_at (&session->compare))
        return false;
    compare_theirs (&session->compare, message->tally.digest);
    made_progress (session);
    session->asking = session->holding = false;
    session->timer_ms = NEVER;
    look_at_compare (session);
    return true;
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
        !results_fit (&session->results, page, progress->stored))
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
    const wire_refused_t *refused = &message->refused;
    if (session->progress.state == SESSION_LEAVING || refused->code == REFUSED_NOTHING)
        return false; // what matters is here already
    if (refused->code == REFUSED_SIZE && refused->command == WIRE_BATCH)
        return about_moment (session, refused) &&
               take_over_limits (session, refused, now_ms);
    if (refused->code <= REFUSED_BODY || refused->code == REFUSED_AGENCY ||
        refused->code == REFUSED_KEY)
        return fail_refused (session, refused);
    if (!about_moment (session, refused))
        return false;
    switch (refused->code) {
    case REFUSED_BUSY:
    case REFUSED_NOSPACE:
    case REFUSED_ASIDE:
        session->busy =
            refused->code == REFUSED_BUSY ? session->busy + !session->holding : 0;
        hold_back (session, refused->code, now_ms);
        return true;
    case REFUSED_HELLO:
    case REFUSED_GAP:
        start_over (session, false, now_ms);
        return true;
    case REFUSED_UNDRAWN:
        hold_back (session, 0, now_ms);
        session->progress.state = SESSION_WAITING;
        session->cursor = 0;
        results_clear (&session->results);
        return true;
    case REFUSED_DRAW:
        return fail_draw (session);
    case REFUSED_CONFLICT:
    case REFUSED_TALLY:
        return take_conflict (session, refused, now_ms);
    case REFUSED_ROWS:
        return take_over_limits (session, refused, now_ms);
    default:
        if (refused->command != WIRE_BATCH || !refusal_of_rows (refused))
            return fail_refused (session, refused);
        return take_bad_row (session, refused,
                             window_find (session->window, refused->offset), now_ms);
    }
}

/* Not the late answer to a question of an earlier state, or to a batch stored since
   (asking for the results may be all that was wrong with READY). */
static bool about_moment (const session_t *session, const wire_refused_t *refused)
{
    static const uint8_t questions[] = {
        [SESSION_HELLO] = WIRE_HELLO,     [SESSION_SELLING] = WIRE_BATCH,
        [SESSION_COMPARING] = WIRE_CHECK, [SESSION_WAITING] = WIRE_READY,
        [SESSION_RESULTS] = WIRE_RESULTS, [SESSION_LEAVING] = WIRE_DONE};
    const session_state_t state = session->progress.state;
    const bool results = state == SESSION_WAITING && refused->command == WIRE_RESULTS;
    if (refused->command != questions[state] && !results)
        return false;
    return refused->command != WIRE_BATCH ||
           window_find (session->window, refused->offset) != NULL;
}

/* Somebody else sells under this number, or did. A single bet takes another place; for
   a file what is stored is compared with it, which says more than the refusal. */
static bool take_conflict (session_t *session, const wire_refused_t *refused,
                           int64_t now_ms)
{
    if (session->options.writer != 0) {
        session->placed = false;
        start_over (session, true, now_ms);
        return true;
    }
    if (++session->conflicts < CONFLICTS_MAX) {
        start_over (session, true, now_ms);
        return true;
    }
    fail_refused (session, refused);
    if (session->source == NULL)
        return true;
    const size_t size = strlen (session->failure);
    snprintf (session->failure + size, sizeof session->failure - size,
              "; what is stored is like %s up to there: another machine or program "
              "seems to sell as agency %" PRIu32 ", too",
              session->source->name, session->options.agency);
    return true;
}

/* The central allows less than it did, and will say what; if it does not, there is no
   way. */
static bool take_over_limits (session_t *session, const wire_refused_t *refused,
                              int64_t now_ms)
{
    const wire_limits_t *agreed = &session->agreed, *before = &session->refused_under;
    if (session->over_limits && before->rows_max == agreed->rows_max &&
        before->message_bytes_max == agreed->message_bytes_max)
        return fail_refused (session, refused);
    session->over_limits = true;
    session->refused_under = session->agreed;
    start_over (session, true, now_ms);
    return true;
}

/* The refusal takes the whole batch; what stands before the bad row is sold all the
   same, and then it is time to say which one it was. */
static bool take_bad_row (session_t *session, const wire_refused_t *refused,
                          const window_batch_t *batch, int64_t now_ms)
{
    const bool exact = refused->row > 0 && refused->row <= batch->count;
    const uint64_t bad_row = batch->offset + (exact ? refused->row - 1 : 0);
    if (session->verdict == VERDICT_REFUSED &&
        (refused->row > batch->count || bad_row >= session->bad_row))
        return true; // the answer to what was sent before it was cut
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
        start_timer (session, now_ms);
    return true;
}

/* What there is to do without waiting for anybody. */
static bool has_work (const session_t *session)
{
    const window_t *window = session->window;
    switch (session->progress.state) {
    case SESSION_COMPARING:
        return window_moving (window) || session->verdict != VERDICT_NONE;
    case SESSION_SELLING:
        if (session->holding)
            return false;
        if (window_moving (window))
            return true;
        return sells_on (session) ||
               (session->verdict != VERDICT_NONE && window_empty (window));
    default:
        return false;
    }
}

/* Whether there is a batch to be packed. */
static bool sells_on (const session_t *session)
{
    const window_t *window = session->window;
    return session->progress.state == SESSION_SELLING && !window_moving (window) &&
           session->verdict <= VERDICT_REFUSED && window_hungry (window) &&
           window_unsent (window) == NULL;
}

/* Returns whether there is time for more of it now. */
static bool work (session_t *session, int64_t now_ms)
{
    if (window_empty (session->window)) // the central has nothing to answer
        session->progress.heard_ms = now_ms;
    if (session->verdict == VERDICT_DIFFERS)
        return tell_verdict (session);
    if (window_moving (session->window))
        return move_source (session, now_ms);
    return sells_on (session) ? sell (session, now_ms) : tell_verdict (session);
}

/* One step on the way to where the source is to be, and what it is for once it is
 * there.
 */
static bool move_source (session_t *session, int64_t now_ms)
{
    window_t *window = session->window;
    const bool searching = session->progress.state == SESSION_COMPARING;
    switch (window_move (window)) {
    case WINDOW_THERE:
        if (searching) {
            compare_ours (&session->compare, window_digest (window));
            look_at_compare (session);
        } else {
            const bool same = !session->comparing || agrees (session, &session->theirs);
            session->comparing = false;
            if (same && window_done (window))
                all_stored (session, now_ms);
        }
        break;
    case WINDOW_SHORT:
        begin_compare (session, window_rows (window), false);
        break;
    case WINDOW_LONG:
        session->verdict = VERDICT_LONG;
        tell_verdict (session);
        break;
    case WINDOW_FAILED:
        session->verdict = VERDICT_SOURCE;
        tell_verdict (session);
        break;
    default:
        return false;
    }
    return true;
}

/* See to it that there is a batch to send, if there can be one. */
static bool sell (session_t *session, int64_t now_ms)
{
    window_t *window = session->window;
    if (now_ms < session->pace_ms)
        return false;
    switch (window_fill (window)) {
    case WINDOW_PACKED:
        session->looked = false;
        if (session->closed && !session->single_sent)
            fail (session,
                  "agency %" PRIu32 " asked for its results already, with %" PRIu64
                  " bets: nothing more of %s can be sold",
                  session->options.agency, session->progress.stored,
                  session->source->name);
        session->pace_ms =
            session->options.period_ms ? now_ms + session->options.period_ms : 0;
        break;
    case WINDOW_LONG:
        session->verdict = VERDICT_LONG;
        break;
    case WINDOW_FAILED:
        session->verdict = VERDICT_SOURCE;
        break;
    default:
        if (window_done (window))
            all_stored (session, now_ms);
    }
    return true;
}

/* All that was read is stored. Before it is said that this is all, the source is read
   once more: who knows what became of it meanwhile. */
static void all_stored (session_t *session, int64_t now_ms)
{
    if (session->verdict != VERDICT_NONE || session->options.task == SESSION_FOLLOW)
        return;
    if (session->looked) {
        sold_out (session, now_ms);
        return;
    }
    session->looked = session->comparing = true;
    session->holding = false;
    session->timer_ms = NEVER;
    session->progress.stored_ms = now_ms;
    session->theirs = (wire_stored_t){session->progress.stored, session->digest};
    start_window (session, session->progress.stored, 0, DIGEST_START);
}

static void start_window (session_t *session, uint64_t offset, uint64_t from,
                          uint64_t digest)
{
    session->started = true;
    const window_start_t start = {.offset = offset,
                                  .from = from,
                                  .digest = digest,
                                  .draw = session->draw,
                                  .agreed = session->agreed};
    window_restart (session->window, &start);
}

/* The first `count` bets that are stored are other ones than the source's, or
   (`differs` is false) it is to be seen whether they are. */
static void begin_compare (session_t *session, uint64_t count, bool differs)
{
    session->comparing = false;
    if (differs && count == 0) {
        fail (session, "the central's digest of no bets at all is not 0: it is of "
                       "another version");
        return;
    }
    compare_start (&session->compare, DIGEST_START, count, differs);
    ask_compare (session);
    look_at_compare (session);
}

/* Ask the central, and read that far ourselves. */
static void ask_compare (session_t *session)
{
    const compare_t *compare = &session->compare;
    ask (session, SESSION_COMPARING);
    start_window (session, compare_at (compare), compare->same, compare->same_digest);
}

static void look_at_compare (session_t *session)
{
    switch (compare_next (&session->compare)) {
    case COMPARE_WAIT:
        break;
    case COMPARE_ASK:
        ask_compare (session);
        break;
    case COMPARE_FOUND:
        session->asking = false;
        session->verdict = VERDICT_DIFFERS;
        session->bad_row = session->compare.same;
        session->exact_row = true;
        break;
    case COMPARE_SAME:
        fail (session,
              "the central has %" PRIu64 " bets of agency %" PRIu32
              ", %s has only %" PRIu64
              "%s: put back the rows that are missing, or see who else sells as agency "
              "%" PRIu32,
              session->theirs.next, session->options.agency, session->source->name,
              session->compare.same,
              session->compare.same > 0 ? ", the first of them" : "",
              session->options.agency);
    }
}

/* The row has to be found once more, for its line and its text. */
static bool tell_verdict (session_t *session)
{
    const rows_t *source = session->source;
    refusal_place_t place = {.source = source->name, .exact = session->exact_row};
    uint64_t rows;
    row_t row;
    if (session->verdict == VERDICT_SOURCE)
        return fail (session, "%s", source->error (source->self));
    if (session->verdict == VERDICT_LONG)
        return fail (session, "%s: a row is longer than a message may be",
                     source->name);
    const rows_status_t status = source->seek (source->self, session->bad_row, &rows);
    if (status == ROWS_AGAIN)
        return false;
    if (status == ROWS_OK && source->next (source->self, &row) == ROWS_OK)
        place.line = row.line;
    if (session->verdict == VERDICT_REFUSED) {
        refusal_describe (&session->refused, &place, session->failure,
                          sizeof session->failure);
        return give_up (session);
    }
    return fail (
        session,
        "%s, line %" PRIu64
        " is not the bet that was sold: the central has another one there, and "
        "%" PRIu64 " bets of agency %" PRIu32
        " in all. Put back the file that was sold, and add new bets at its end; "
        "or see who else sells as agency %" PRIu32,
        source->name, place.line, session->progress.stored, session->options.agency,
        session->options.agency);
}

/* Everything is stored. */
static void sold_out (session_t *session, int64_t now_ms)
{
    session->progress.heard_ms = now_ms;
    if (session->progress.stored_ms < 0)
        session->progress.stored_ms = now_ms;
    if (session->progress.sold_ms < 0)
        session->progress.sold_ms = now_ms;
    if (session->options.task == SESSION_SELL_ONLY ||
        session->options.task == SESSION_FOLLOW) {
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
static void start_over (session_t *session, bool at_once, int64_t now_ms)
{
    session->progress.state = SESSION_HELLO;
    session->asking = at_once || session->progressed;
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
    session->conflicts = session->busy = 0;
    session->progress.held_up = 0;
    backoff_reset (&session->backoff);
}

static void start_timer (session_t *session, int64_t now_ms)
{
    session->timer_ms = now_ms + backoff_wait_ms (&session->backoff);
}

/* What was asked last has its time to be answered, too. */
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
    case SESSION_WAITING:
    case SESSION_RESULTS:
        return true;
    case SESSION_COMPARING:
        return !has_work (session);
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
    case SESSION_COMPARING:
        message.command = WIRE_CHECK;
        message.tally.draw = session->draw;
        message.tally.count = compare_at (&session->compare);
        break;
    case SESSION_WAITING:
        message.command = WIRE_READY;
        message.tally =
            (wire_tally_t){session->draw, session->progress.stored, session->digest};
        break;
    case SESSION_RESULTS:
        message.command = WIRE_RESULTS;
        message.results = (wire_results_t){session->draw, session->cursor};
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
    return give_up (session);
}

static bool give_up (session_t *session)
{
    session->progress.state = SESSION_FAILED;
    session->asking = false;
    return true;
}

static bool fail_refused (session_t *session, const wire_refused_t *refused)
{
    const bool of_batch = refused->command == WIRE_BATCH && session->source &&
                          refused->code >= REFUSED_EMPTY &&
                          refused->code != REFUSED_AGENCY;
    const refusal_place_t place = {.source = of_batch ? session->source->name : NULL};
    refusal_describe (refused, &place, session->failure, sizeof session->failure);
    return give_up (session);
}

static bool fail_draw (session_t *session)
{
    return fail (session,
                 "the central serves another draw now than the one that this program "
                 "began with, in which %" PRIu64 " bets of agency %" PRIu32
                 " were stored: start again to take part in this one",
                 session->progress.stored, session->options.agency);
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

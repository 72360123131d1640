/* sale.c - the session and its source (agency): moves it, packs batches, and compares
   it with what is stored. Pure. */

#include "numbers.h"
#include "refusal.h"
#include "session_state.h"

#include "bet.h"

#include <stdio.h>

static bool rows_may_come (const session_t *session);
static bool move_source (session_t *session, int64_t now_ms);
static bool sell (session_t *session, int64_t now_ms);
static void look_for_high (session_t *session, int64_t now_ms);
static bool source_short (session_t *session);
static void begin_compare (session_t *session, uint64_t count, bool differs);
static void ask_compare (session_t *session);
static void source_lacks_rows (session_t *session);
static bool tell_verdict (session_t *session, int64_t now_ms);
static void tell_closed (session_t *session, uint64_t line, int64_t now_ms);

/* What there is to do without waiting for anybody. */
bool sale_has_work (const session_t *session)
{
    const window_t *window = session->window;
    switch (session->progress.state) {
    case SESSION_ROOTING:
        return true;
    case SESSION_COMPARING:
        return window_moving (window) || session->verdict != VERDICT_NONE;
    case SESSION_SELLING:
        if (session->holding)
            return false;
        if (feed_due (session))
            return true;
        if (window_moving (window))
            return !window_stalled (window) || !rows_may_come (session);
        return sale_packs (session) ||
               (session->verdict != VERDICT_NONE && window_empty (window));
    default:
        return false;
    }
}

/* Whether there is a batch to be packed. */
bool sale_packs (const session_t *session)
{
    const window_t *window = session->window;
    return session->progress.state == SESSION_SELLING && !window_moving (window) &&
           session->verdict <= VERDICT_REFUSED && window_hungry (window) &&
           (!window_unsent (window) || window_bundles (window));
}

/* Also those that are stored already. */
static bool rows_may_come (const session_t *session)
{
    return session->options.piped && session->options.growing;
}

bool sale_idle (const session_t *session)
{
    return session->progress.state == SESSION_SELLING && session->options.growing &&
           !session->closed && !session->holding && window_empty (session->window) &&
           !sale_has_work (session);
}

/* Returns whether there is time for more of it now. */
bool sale_work (session_t *session, int64_t now_ms)
{
    if (session->progress.state == SESSION_ROOTING) {
        pledge_work (session, now_ms);
        return false;
    }
    if (window_empty (session->window)) // the central has nothing to answer
        session->progress.heard_ms = now_ms;
    if (session->progress.state == SESSION_SELLING && feed_due (session))
        return feed_step (session, now_ms);
    if (session->verdict == VERDICT_DIFFERS || session->verdict == VERDICT_CLOSED)
        return tell_verdict (session, now_ms);
    if (window_moving (session->window))
        return move_source (session, now_ms);
    return sale_packs (session) ? sell (session, now_ms)
                                : tell_verdict (session, now_ms);
}

/* One step on the source's way to where it has to be; once there, what it went for. */
static bool move_source (session_t *session, int64_t now_ms)
{
    window_t *window = session->window;
    const bool searching = session->progress.state == SESSION_COMPARING;
    switch (window_move (window)) {
    case WINDOW_THERE:
        if (searching) {
            compare_ours (&session->compare, window_digest (window));
            sale_look_at_compare (session);
        } else {
            const bool same =
                !session->comparing || sale_agrees (session, &session->theirs);
            if (same && session->comparing)
                feed_agreed (session, &session->theirs);
            session->comparing = false;
            if (same && window_done (window) && !feed_due (session))
                sale_all_stored (session, now_ms);
        }
        break;
    case WINDOW_SHORT:
        return source_short (session);
    case WINDOW_LONG:
        session->verdict = VERDICT_LONG;
        tell_verdict (session, now_ms);
        break;
    case WINDOW_FAILED:
        session->verdict = VERDICT_SOURCE;
        tell_verdict (session, now_ms);
        break;
    default:
        return false;
    }
    return true;
}

/* Pack a batch, if there can be one. */
static bool sell (session_t *session, int64_t now_ms)
{
    window_t *window = session->window;
    if (now_ms < session->pace_ms)
        return false;
    switch (window_fill (window)) {
    case WINDOW_PACKED:
        session->looked = false;
        if (session->closed && !session->single_sent)
            sale_closed (session);
        else if (session->highest > 0)
            look_for_high (session, now_ms);
        if (session->verdict == VERDICT_NONE && session->options.writer != 0 &&
            pledge_active (session))
            pledge_offer (session, window_batch_rows (window_last (window)));
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
            sale_all_stored (session, now_ms);
    }
    return true;
}

/* A number that the draw does not take is not sent, and the file is to be mended as if
   the central had refused it. */
static void look_for_high (session_t *session, int64_t now_ms)
{
    const window_batch_t *batch = window_last (session->window);
    uint64_t number;
    const uint32_t row =
        numbers_beyond (window_batch_rows (batch), session->highest, &number);
    if (row == 0)
        return;
    char text[REFUSAL_TEXT_MAX];
    const int size =
        snprintf (text, sizeof text,
                  "number %" PRIu64 " is above %" PRIu32 ", the highest of draw %s",
                  number, session->highest, session->progress.draw);
    const wire_refused_t refused = {.code = REFUSED_RANGE,
                                    .command = WIRE_BATCH,
                                    .field = BET_NUMBER,
                                    .row = row,
                                    .offset = batch->offset,
                                    .text = bytes_of (text, (size_t) size)};
    refused_row (session, &refused, batch, now_ms);
}

/* It ends before what is stored does. While it is still coming it is compared all the
   same, each time that there is twice as much: it may be another one. */
static bool source_short (session_t *session)
{
    const uint64_t rows = window_rows (session->window);
    const bool waits = rows_may_come (session) && window_stalled (session->window);
    if (waits && rows < 2 * session->compared + 1)
        return false;
    session->compared = rows;
    begin_compare (session, rows, false);
    return true;
}

bool sale_agrees (session_t *session, const wire_stored_t *stored)
{
    if (window_first_digest (session->window) == stored->digest)
        return true;
    begin_compare (session, stored->next, true);
    return false;
}

/* All that was read is stored. Before saying that this is all, the source is read once
   more: it may have changed meanwhile. */
void sale_all_stored (session_t *session, int64_t now_ms)
{
    if (session->verdict != VERDICT_NONE ||
        (session->options.growing && !session->closed))
        return;
    if (session->looked) {
        sale_over (session, now_ms);
        return;
    }
    session->looked = session->comparing = true;
    session->holding = false;
    session->timer_ms = NEVER;
    session->progress.stored_ms = now_ms;
    session->theirs = (wire_stored_t){session->progress.stored, session->digest};
    sale_start_window (session, session->progress.stored, 0, DIGEST_START);
}

void sale_start_window (session_t *session, uint64_t offset, uint64_t from,
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

/* The first `count` bets that are stored differ from the source's, or (`differs` is
   false) may do so. */
static void begin_compare (session_t *session, uint64_t count, bool differs)
{
    session->comparing = false;
    if (differs && count == 0) {
        session_fail (session,
                      "the central's digest of no bets at all is not 0: it is of "
                      "another version");
        return;
    }
    compare_start (&session->compare, DIGEST_START, count, differs);
    ask_compare (session);
    sale_look_at_compare (session);
}

/* Ask the central, and read that far ourselves. */
static void ask_compare (session_t *session)
{
    const compare_t *compare = &session->compare;
    session_ask (session, SESSION_COMPARING);
    sale_start_window (session, compare_at (compare), compare->same,
                       compare->same_digest);
}

void sale_look_at_compare (session_t *session)
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
        source_lacks_rows (session);
    }
}

static void source_lacks_rows (session_t *session)
{
    if (rows_may_come (session)) {
        session->progress.state = SESSION_SELLING;
        session->asking = false;
        session->timer_ms = NEVER;
        session->comparing = true;
        sale_start_window (session, session->theirs.next, session->compare.same,
                           session->compare.same_digest);
        return;
    }
    session_fail (
        session,
        "the central has %" PRIu64 " bets of agency %" PRIu32 ", %s has only %" PRIu64
        "%s: put back the rows that are missing, or see who else sells as agency "
        "%" PRIu32,
        session->theirs.next, session->options.agency, session->source->name,
        session->compare.same, session->compare.same > 0 ? ", the first of them" : "",
        session->options.agency);
}

/* What was packed is not to be sent. */
void sale_closed (session_t *session)
{
    session->verdict = VERDICT_CLOSED;
    session->holding = false;
    session->bad_row = session->progress.stored;
    session->exact_row = true;
    session->timer_ms = NEVER;
    sale_start_window (session, session->progress.stored, session->progress.stored,
                       session->digest);
}

/* The row has to be found again, for its line and its text. */
static bool tell_verdict (session_t *session, int64_t now_ms)
{
    const rows_t *source = session->source;
    refusal_place_t place = {.source = source->name, .exact = session->exact_row};
    uint64_t rows;
    row_t row;
    if (session->verdict == VERDICT_SOURCE)
        return session_fail (session, "%s", source->error (source->self));
    if (session->verdict == VERDICT_LONG)
        return session_fail (session, "%s: a row is longer than a message may be",
                             source->name);
    const rows_status_t status = source->seek (source->self, session->bad_row, &rows);
    if (status == ROWS_AGAIN)
        return false;
    if (status == ROWS_OK && source->next (source->self, &row) == ROWS_OK)
        place.line = row.line;
    if (session->verdict == VERDICT_CLOSED) {
        tell_closed (session, place.line, now_ms);
        return true;
    }
    if (session->verdict == VERDICT_REFUSED) {
        refusal_describe (&session->refused, &place, session->failure,
                          sizeof session->failure);
        return session_give_up (session);
    }
    return session_fail (
        session,
        "%s, line %" PRIu64
        " is not the bet that was sold: the central has another one there, and "
        "%" PRIu64 " bets of agency %" PRIu32
        " in all. Put back the file that was sold, and add new bets at its end; "
        "or see who else sells as agency %" PRIu32,
        source->name, place.line, session->progress.stored, session->options.agency,
        session->options.agency);
}

/* That is no failure yet: what is in takes part in the draw. */
static void tell_closed (session_t *session, uint64_t line, int64_t now_ms)
{
    const session_progress_t *progress = &session->progress;
    session->progress.closed = true;
    if (session->options.writer != 0)
        snprintf (session->shortfall, sizeof session->shortfall,
                  "the sale in draw %s is closed: the bet is not in", progress->draw);
    else
        snprintf (session->shortfall, sizeof session->shortfall,
                  "the sale in draw %s is closed: %" PRIu64 " %s of %s %s in, and the "
                  "first that is not is on line %" PRIu64,
                  progress->draw, progress->stored,
                  progress->stored == 1 ? "bet" : "bets", session->source->name,
                  progress->stored == 1 ? "is" : "are", line);
    sale_ask_results (session, now_ms);
}

/* Everything is stored. */
void sale_over (session_t *session, int64_t now_ms)
{
    if (session->progress.sold_ms < 0)
        session->progress.sold_ms = now_ms;
    sale_ask_results (session, now_ms);
}

void sale_ask_results (session_t *session, int64_t now_ms)
{
    session->progress.heard_ms = now_ms;
    if (session->progress.stored_ms < 0)
        session->progress.stored_ms = now_ms;
    if (session->options.task == SESSION_SELL_ONLY && !session->asks_only) {
        session->progress.state = SESSION_ENDED;
        return;
    }
    answers_forget_winners (session);
    if (pledge_active (session))
        pledge_go_on (session, now_ms);
    else
        session_ask (session, SESSION_WAITING);
}

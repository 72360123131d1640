/* sale.c - the session and its source (agency): moves it, packs batches, and compares
   it with what is stored. Pure. */

#include "refusal.h"
#include "session_state.h"

#include <stdio.h>

static bool move_source (session_t *session, int64_t now_ms);
static bool sell (session_t *session, int64_t now_ms);
static void begin_compare (session_t *session, uint64_t count, bool differs);
static void ask_compare (session_t *session);
static bool tell_verdict (session_t *session);

/* What there is to do without waiting for anybody. */
bool sale_has_work (const session_t *session)
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

/* Returns whether there is time for more of it now. */
bool sale_work (session_t *session, int64_t now_ms)
{
    if (window_empty (session->window)) // the central has nothing to answer
        session->progress.heard_ms = now_ms;
    if (session->verdict == VERDICT_DIFFERS)
        return tell_verdict (session);
    if (window_moving (session->window))
        return move_source (session, now_ms);
    return sale_packs (session) ? sell (session, now_ms) : tell_verdict (session);
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
            session->comparing = false;
            if (same && window_done (window))
                sale_all_stored (session, now_ms);
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
            session_fail (session,
                          "agency %" PRIu32
                          " asked for its results already, with %" PRIu64
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
            sale_all_stored (session, now_ms);
    }
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
    if (session->verdict != VERDICT_NONE || session->options.task == SESSION_FOLLOW)
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
        session_fail (
            session,
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

/* The row has to be found again, for its line and its text. */
static bool tell_verdict (session_t *session)
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

/* Everything is stored. */
void sale_over (session_t *session, int64_t now_ms)
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
    session_ask (session, SESSION_WAITING);
}

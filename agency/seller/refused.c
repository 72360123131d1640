/* refused.c - what the central refused, and what follows from it (agency). Pure. */

#include "refusal.h"
#include "session_state.h"

#include <stdio.h>

#define CONFLICTS_MAX 2 // without progress

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

bool refused_take (session_t *session, const wire_refused_t *refused, int64_t now_ms)
{
    if (session->progress.state == SESSION_LEAVING || refused->code == REFUSED_OK)
        return false; // all that matters is here already
    if (refused->code == REFUSED_SIZE && of_batch (refused))
        return about_moment (session, refused) &&
               take_over_limits (session, refused, now_ms);
    if (refused->code <= REFUSED_BODY || refused->code == REFUSED_AGENCY ||
        refused->code == REFUSED_KEY)
        return session_fail_refused (session, refused);
    return about_moment (session, refused) &&
           take_refused_now (session, refused, now_ms);
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
        return pledge_active (session) ? pledge_void (session, refused)
                                       : session_fail_void (session, refused);
    case REFUSED_DRAW:
        return refused->command == WIRE_HELLO ? fail_no_draw (session, refused)
                                              : session_fail_draw (session);
    default:
        break;
    }
    if (pledge_active (session) && pledge_refused (session, refused, now_ms))
        return true;
    if (refused->command == WIRE_CANCEL)
        return fail_cancel (session, refused);
    switch (refused->code) {
    case REFUSED_GAP:
        session_start_over (session, false, now_ms);
        return true;
    case REFUSED_UNDRAWN:
        session_hold_back (session, 0, now_ms);
        session->progress.state = SESSION_WAITING;
        answers_forget_winners (session);
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
        return refused_row (session, refused,
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
    static const uint8_t questions[] = {[SESSION_HELLO] = WIRE_HELLO,
                                        [SESSION_SELLING] = WIRE_BATCH,
                                        [SESSION_COMPARING] = WIRE_CHECK,
                                        [SESSION_WAITING] = WIRE_READY,
                                        [SESSION_CANCELLING] = WIRE_CANCEL,
                                        [SESSION_RESULTS] = WIRE_RESULTS,
                                        [SESSION_FETCHING] = WIRE_FETCH,
                                        [SESSION_SEARCHING] = WIRE_ROOT,
                                        [SESSION_COMMITTING] = WIRE_COMMIT,
                                        [SESSION_ENDING] = WIRE_READY,
                                        [SESSION_ROOTING] = 0,
                                        [SESSION_LEAVING] = WIRE_DONE};
    const session_state_t state = session->progress.state;
    const bool peeks = state == SESSION_SELLING && session->options.growing;
    const bool results =
        (state == SESSION_WAITING || peeks) &&
        (refused->command == WIRE_RESULTS || refused->command == WIRE_REVEAL);
    const bool bundle = state == SESSION_SELLING && refused->command == WIRE_BATCHES;
    if (refused->command != questions[state] && !results && !bundle)
        return false;
    // a READY was sent again, perhaps, before another program cancelled a bet
    if (refused->code == REFUSED_TALLY && refused->command == WIRE_READY)
        return refused->offset == session->progress.stored &&
               refused->row == session->progress.cancelled;
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
bool refused_row (session_t *session, const wire_refused_t *refused,
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

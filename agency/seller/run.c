/* run.c - loteria-agency's loop: the seller's turns, signals, and a look at the file
   now and then. */

#include "agency.h"
#include "clock.h"
#include "process.h"

#define FOLLOW_LOOK_MS 250  // how often a file is looked at of which nothing tells
#define WAIT_LOOK_MS   2000 // and one that is sold, or of which something should tell
#define STOP_MS        700  // after a signal, for what is under way to be acknowledged

static bool save_receipts (agency_t *agency, int64_t now_ms);
static bool wait_for_work (agency_t *agency);
static int64_t next_deadline (const agency_t *agency, int64_t now_ms);
static bool goes_on_after_signal (agency_t *agency);
static bool takes_rows (const agency_t *agency);
static void look_at_file (agency_t *agency, int64_t now_ms);
static void look_for_rows (agency_t *agency, int64_t now_ms);
static void look_for_changes (agency_t *agency, int64_t now_ms);
static void tell_half_row (agency_t *agency);

bool agency_run (agency_t *agency)
{
    session_t *session = seller_session (agency->seller);
    while (!session_over (session)) {
        if (!wait_for_work (agency) && !goes_on_after_signal (agency))
            return false;
        const int64_t now_ms = clock_ms ();
        look_at_file (agency, now_ms);
        if (!seller_turn (agency->seller, now_ms) && !session_over (session))
            break; // it will never be let in
        if (!save_receipts (agency, now_ms))
            break;
        report_server (agency->report, seller_server (agency->seller));
        report_update (agency->report, session, seller_link (agency->seller), now_ms);
        tell_half_row (agency);
        logger_flush ();
        if (agency->stopping && now_ms >= agency->stop_ms)
            return session_over (session);
    }
    return true;
}

/* Before anybody is told that the bets are stored. */
static bool save_receipts (agency_t *agency, int64_t now_ms)
{
    const session_t *session = seller_session (agency->seller);
    const bool at_once = session_progress (session)->state >= SESSION_WAITING;
    if (agency->receipts)
        agency->unreceipted = receipts_save (agency->receipts, now_ms, at_once);
    return !agency->unreceipted;
}

/* Wait for a message, more of the source, a deadline, or, while messages could not be
   sent, for the socket to take them. Returns false on a signal. */
static bool wait_for_work (agency_t *agency)
{
    const int input = takes_rows (agency) ? bet_source_input (agency->source) : -1;
    enum { SIGNAL = SELLER_ITEMS, INPUT };
    zmq_pollitem_t items[] = {[SIGNAL] = {NULL, agency->signal_fd, ZMQ_POLLIN, 0},
                              [INPUT] = {NULL, input, ZMQ_POLLIN, 0}};
    seller_items (agency->seller, items);
    const int64_t now_ms = clock_ms ();
    const int rc = zmq_poll (items, input == -1 ? INPUT : INPUT + 1,
                             clock_timeout (now_ms, next_deadline (agency, now_ms)));
    if (rc <= 0)
        return true;
    if (items[INPUT].revents)
        agency->look_ms = 0;
    return !(items[SIGNAL].revents & ZMQ_POLLIN) ||
           process_signal (agency->signal_fd) == 0;
}

static int64_t next_deadline (const agency_t *agency, int64_t now_ms)
{
    const int64_t due[] = {seller_deadline (agency->seller),
                           report_deadline (agency->report, now_ms),
                           agency->stopping ? agency->stop_ms : INT64_MAX,
                           takes_rows (agency) ? agency->look_ms : INT64_MAX};
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        if (due[i] < deadline_ms)
            deadline_ms = due[i];
    return deadline_ms;
}

/* What is under way may be acknowledged, and the file read once more, if that takes a
   moment only. */
static bool goes_on_after_signal (agency_t *agency)
{
    const int64_t now_ms = clock_ms ();
    agency->stopping = true;
    agency->stop_ms = now_ms + STOP_MS;
    agency->completed = true; // rows that are added from now on are too late
    agency->look_ms = INT64_MAX;
    return session_finish (seller_session (agency->seller), now_ms);
}

/* Whether its source may still grow, and is still sold. */
static bool takes_rows (const agency_t *agency)
{
    const settings_t *settings = agency->settings;
    const session_state_t state =
        session_progress (seller_session (agency->seller))->state;
    return (settings->follow || settings->piped) && !agency->completed &&
           state <= SESSION_COMPARING;
}

/* A file that is followed grows; one that is sold already should not. */
static void look_at_file (agency_t *agency, int64_t now_ms)
{
    if (agency->source == NULL || agency->settings->single || now_ms < agency->look_ms)
        return;
    if (takes_rows (agency))
        look_for_rows (agency, now_ms);
    else
        look_for_changes (agency, now_ms);
}

static void look_for_rows (agency_t *agency, int64_t now_ms)
{
    session_t *session = seller_session (agency->seller);
    const bool told = bet_source_input (agency->source) != -1;
    agency->look_ms = now_ms + (told ? WAIT_LOOK_MS : FOLLOW_LOOK_MS);
    if (bet_source_look (agency->source) != BET_SOURCE_SAME)
        session_more (session);
    if (bet_source_ended (agency->source)) {
        agency->completed = true;
        session_complete (session, now_ms);
    }
}

static void look_for_changes (agency_t *agency, int64_t now_ms)
{
    const session_t *session = seller_session (agency->seller);
    agency->look_ms = now_ms + WAIT_LOOK_MS;
    if (agency->settings->piped) // it says at the end what came too late
        return;
    if (session_progress (session)->state != SESSION_WAITING || agency->altered ||
        bet_source_look (agency->source) == BET_SOURCE_SAME)
        return;
    agency->altered = true;
    report_hide_bar (agency->report);
    logger_event (LOG_WARNING, "archivo", LOG_FAIL,
                  "file: %s | reason: it has changed since its sale was closed, and "
                  "what was added is not sold",
                  agency->settings->bets);
}

/* At once, as of any bet that is not in: until the draw there is time to do something
   about it. */
static void tell_half_row (agency_t *agency)
{
    char text[AGENCY_TEXT_BYTES];
    if (agency->half_told || !agency_half_row (agency, text))
        return;
    agency->half_told = true;
    report_hide_bar (agency->report);
    logger_event (LOG_WARNING, "cierre", LOG_FAIL, "reason: %s", text);
}

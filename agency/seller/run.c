/* run.c - loteria-agency's loop: the seller's turns, signals, and a look at the file
   now and then. */

#include "agency.h"
#include "clock.h"
#include "process.h"

#define FOLLOW_LOOK_MS 250  // how often a file that is followed is looked at
#define WAIT_LOOK_MS   2000 // and one that is sold
#define STOP_MS        700  // after a signal, for what is under way to be acknowledged

static bool wait_for_work (agency_t *agency);
static int64_t next_deadline (const agency_t *agency, int64_t now_ms);
static bool goes_on_after_signal (agency_t *agency);
static void look_at_file (agency_t *agency, int64_t now_ms);
static void look_for_rows (agency_t *agency, int64_t now_ms);
static void look_for_changes (agency_t *agency, int64_t now_ms);

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
        report_update (agency->report, session, seller_link (agency->seller), now_ms);
        logger_flush ();
        if (agency->stopping && now_ms >= agency->stop_ms)
            return session_over (session);
    }
    return true;
}

/* Wait for a message, a deadline, or, while messages could not be sent, for the socket
   to take them. Returns false on a signal. */
static bool wait_for_work (agency_t *agency)
{
    zmq_pollitem_t items[SELLER_ITEMS + 1] = {
        [SELLER_ITEMS] = {NULL, agency->signal_fd, ZMQ_POLLIN, 0}};
    seller_items (agency->seller, items);
    const int64_t now_ms = clock_ms ();
    const int rc = zmq_poll (items, SELLER_ITEMS + 1,
                             clock_timeout (now_ms, next_deadline (agency, now_ms)));
    return rc <= 0 || !(items[SELLER_ITEMS].revents & ZMQ_POLLIN) ||
           process_signal (agency->signal_fd) == 0;
}

static int64_t next_deadline (const agency_t *agency, int64_t now_ms)
{
    const int64_t due[] = {seller_deadline (agency->seller),
                           report_deadline (agency->report, now_ms),
                           agency->stopping ? agency->stop_ms : INT64_MAX,
                           agency->settings->follow ? agency->look_ms : INT64_MAX};
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
    agency->look_ms = INT64_MAX; // rows that are added from now on are too late
    return session_finish (seller_session (agency->seller), now_ms);
}

/* A file that is followed grows; one that is sold already should not. */
static void look_at_file (agency_t *agency, int64_t now_ms)
{
    const settings_t *settings = agency->settings;
    if (agency->source == NULL || settings->single || now_ms < agency->look_ms)
        return;
    if (settings->follow)
        look_for_rows (agency, now_ms);
    else
        look_for_changes (agency, now_ms);
}

static void look_for_rows (agency_t *agency, int64_t now_ms)
{
    session_t *session = seller_session (agency->seller);
    agency->look_ms = now_ms + FOLLOW_LOOK_MS;
    if (session_progress (session)->state == SESSION_SELLING &&
        bet_source_look (agency->source) != BET_SOURCE_SAME)
        session_more (session);
}

static void look_for_changes (agency_t *agency, int64_t now_ms)
{
    const session_t *session = seller_session (agency->seller);
    agency->look_ms = now_ms + WAIT_LOOK_MS;
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

/* main.c - loteria-agency: sells an agency's bets, and brings home its winners.

   The shell around the session: one socket, one file, one clock. */

#include "bet_source.h"
#include "clock.h"
#include "gate.h"
#include "link.h"
#include "net.h"
#include "process.h"
#include "report.h"
#include "session.h"
#include "settings.h"
#include "watch.h"

#include <sys/random.h>

#define STATUS_FAILED 1
#define STATUS_USAGE  2

#define FOLLOW_LOOK_MS 250  // how often a file that is followed is looked at
#define WAIT_LOOK_MS   2000 // and one that is sold
#define STOP_MS        700  // after a signal, for what is under way to be acknowledged

/* Besides a window of batches, the few questions that may be under way with them. */
#define QUESTIONS_MAX 16

typedef struct {
    const settings_t *settings; // borrowed; the rest is owned
    bet_source_t *source;       // NULL when nothing is to be sold
    rows_t rows;
    gate_t *gate;
    zsock_t *socket;
    watch_t *watch;  // connects it, and knows how it stands
    uint64_t opened; // connections, as of the last look
    session_t *session;
    report_t *report;
    int signal_fd;
    bool blocked;    // the socket took no more, or nobody is connected yet
    bool stopping;   // a signal came
    int64_t stop_ms; // then, at the latest
    int64_t look_ms; // when the file is to be looked at next
    bool altered;    // since it was sold, and that has been said
} seller_t;

static bool seller_open (seller_t *seller);
static bool open_source (seller_t *seller);
static void open_session (seller_t *seller);
static void say_settings (const settings_t *settings);
static bool seller_run (seller_t *seller);
static bool wait_for_work (seller_t *seller);
static int64_t next_deadline (const seller_t *seller, int64_t now_ms);
static bool goes_on_after_signal (seller_t *seller);
static bool look_at_link (seller_t *seller, int64_t now_ms);
static reach_state_t link_state (const seller_t *seller);
static void look_at_file (seller_t *seller, int64_t now_ms);
static void take_messages (seller_t *seller, int64_t now_ms);
static void send_messages (seller_t *seller, int64_t now_ms);
static int seller_result (seller_t *seller);
static int session_result (seller_t *seller);
static int result_of_file (seller_t *seller);
static int interrupted_result (seller_t *seller);
static void seller_shut_down (seller_t *seller);
static void seller_close (seller_t *seller);
static int fail (const seller_t *seller, const char *reason, const char *detail);

int main (int argc, char **argv)
{
    seller_t seller = {.signal_fd = process_start (), .blocked = true};
    settings_t settings;
    int status;
    config_t *config = settings_load (&settings, argc, argv, &status);
    if (config == NULL)
        return status;
    logger_set_level (settings.log_level);

    seller.settings = &settings;
    status = STATUS_FAILED;
    if (seller_open (&seller)) {
        status = seller_run (&seller) ? seller_result (&seller)
                                      : interrupted_result (&seller);
        if (seller.stopping)
            seller_shut_down (&seller);
    }
    seller_close (&seller);
    config_destroy (&config);
    return status;
}

static bool seller_open (seller_t *seller)
{
    const settings_t *settings = seller->settings;
    if (!open_source (seller))
        return false;
    problem_t problem;
    seller->socket = net_dealer (MESSAGE_BYTES_MAX,
                                 (int) settings->window + QUESTIONS_MAX, &problem);
    if (!seller->socket)
        process_end (&problem);
    static const char *const peers[] = {"broker", NULL};
    const gate_options_t gate = {.keys = settings->keys, .peers = peers};
    seller->gate = gate_new (&gate, &problem);
    if (!seller->gate)
        process_end (&problem);
    const watch_options_t watch = {.gate = seller->gate,
                                   .socket = seller->socket,
                                   .endpoint = settings->endpoint,
                                   .key = "broker",
                                   .quiet = true}; // the report says it
    seller->watch = watch_new (&watch, clock_ms (), &problem);
    if (!seller->watch)
        process_end (&problem);
    say_settings (settings);
    open_session (seller);
    return true;
}

static bool open_source (seller_t *seller)
{
    const settings_t *settings = seller->settings;
    char error[1024];
    if (settings->results_only)
        return true;
    seller->source = settings->single
                         ? bet_source_single (settings->fields, error, sizeof error)
                         : bet_source_open (settings->bets, settings->sell_only, error,
                                            sizeof error);
    if (seller->source == NULL) {
        fail (seller, error, NULL);
        return false;
    }
    seller->rows = bet_source_rows (seller->source);
    return true;
}

static void open_session (seller_t *seller)
{
    const settings_t *settings = seller->settings;
    const report_options_t report = {.agency = (uint32_t) settings->id,
                                     .server = settings->server,
                                     .keys = settings->keys != NULL,
                                     .source = seller->source,
                                     .log_bets = settings->log_bets,
                                     .log_winners = settings->log_winners,
                                     .json = settings->json,
                                     .bar = !settings->quiet};
    seller->report = report_new (&report);

    session_options_t session = {
        .agency = (uint32_t) settings->id,
        .limits = {.window = (uint32_t) settings->window,
                   .message_bytes_max = (uint32_t) settings->batch_bytes,
                   .rows_max = (uint32_t) settings->batch_count,
                   .bundle_bytes = BATCHES_BYTES_MAX},
        .period_ms = (int64_t) settings->loop_period_ms,
        .patience_ms = (int64_t) settings->patience_seconds * 1000,
        .task = settings->results_only ? SESSION_ASK_ONLY
                : settings->follow     ? SESSION_FOLLOW
                : settings->sell_only  ? SESSION_SELL_ONLY
                                       : SESSION_WHOLE,
        .stored = report_stored,
        .listener = seller->report};
    uint64_t random[2];
    if (getrandom (random, sizeof random, 0) != sizeof random)
        process_die ("agencia", "reason: no random numbers, %s", strerror (errno));
    session.seed = random[0];
    if (settings->single) // who sells it: no other run has this number
        session.writer = random[1] ? random[1] : 1;
    seller->session =
        session_new (&session, seller->source ? &seller->rows : NULL, clock_ms ());
}

static void say_settings (const settings_t *settings)
{
    const char *file = settings->results_only ? "none"
                       : settings->single     ? "environment"
                                              : settings->bets;
    logger_event (LOG_INFO, "config", LOG_SUCCESS,
                  "client_id: %u | server_address: %s | file: %s | batch_bytes: %u | "
                  "batch_count: %u | window: %u",
                  settings->id, settings->server, file, settings->batch_bytes,
                  settings->batch_count, settings->window);
}

/* Returns false when a signal ended it. */
static bool seller_run (seller_t *seller)
{
    logger_gather (true);
    while (!session_over (seller->session)) {
        if (!wait_for_work (seller) && !goes_on_after_signal (seller))
            return false;
        int64_t now_ms = clock_ms ();
        if (!look_at_link (seller, now_ms))
            break;
        take_messages (seller, now_ms);
        session_tick (seller->session, now_ms);
        look_at_file (seller, now_ms);
        send_messages (seller, now_ms);
        report_update (seller->report, seller->session, link_state (seller), now_ms);
        logger_flush ();
        if (seller->stopping && now_ms >= seller->stop_ms)
            return session_over (seller->session);
    }
    return true;
}

/* Wait for a message, a deadline, or, while messages could not be sent, for the socket
   to take them. Returns false on a signal. */
static bool wait_for_work (seller_t *seller)
{
    short events = ZMQ_POLLIN;
    if (seller->blocked)
        events |= ZMQ_POLLOUT;
    zmq_pollitem_t items[] = {{zsock_resolve (seller->socket), 0, events, 0},
                              {NULL, seller->signal_fd, ZMQ_POLLIN, 0},
                              watch_item (seller->watch)};
    int64_t now_ms = clock_ms ();
    int rc =
        zmq_poll (items, 3, clock_timeout (now_ms, next_deadline (seller, now_ms)));
    return rc <= 0 || !(items[1].revents & ZMQ_POLLIN) ||
           process_signal (seller->signal_fd) == 0;
}

static int64_t next_deadline (const seller_t *seller, int64_t now_ms)
{
    const int64_t due[] = {
        session_deadline (seller->session), report_deadline (seller->report, now_ms),
        watch_deadline (seller->watch), seller->stopping ? seller->stop_ms : INT64_MAX,
        seller->settings->follow ? seller->look_ms : INT64_MAX};
    int64_t deadline_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        if (due[i] < deadline_ms)
            deadline_ms = due[i];
    return deadline_ms;
}

/* What is under way may be acknowledged, and the file looked at once more, if that
   takes a moment only. */
static bool goes_on_after_signal (seller_t *seller)
{
    const int64_t now_ms = clock_ms ();
    seller->stopping = true;
    seller->stop_ms = now_ms + STOP_MS;
    seller->look_ms = INT64_MAX; // rows that are added from now on are too late
    return session_finish (seller->session, now_ms);
}

/* Returns false when this agency will never be let in. Keys that do not fit may be
   mended while it waits. */
static bool look_at_link (seller_t *seller, int64_t now_ms)
{
    watch_look (seller->watch, now_ms);
    const uint64_t opened = watch_opened (seller->watch);
    if (opened > seller->opened) {
        if (seller->opened > 0)
            session_reconnected (seller->session, now_ms);
        seller->opened = opened;
    }
    return link_state (seller) != REACH_NOT_ADMITTED;
}

/* A name has no address only when it has none of either family. */
static reach_state_t link_state (const seller_t *seller)
{
    const reach_state_t state = watch_state (seller->watch);
    return state == REACH_NAME && !watch_tried_all (seller->watch) ? REACH_TRYING
                                                                   : state;
}

/* A file that is followed grows; one that is sold already should not. */
static void look_at_file (seller_t *seller, int64_t now_ms)
{
    const settings_t *settings = seller->settings;
    const session_state_t state = session_progress (seller->session)->state;
    if (seller->source == NULL || settings->single || now_ms < seller->look_ms)
        return;
    if (settings->follow) {
        seller->look_ms = now_ms + FOLLOW_LOOK_MS;
        if (state == SESSION_SELLING &&
            bet_source_look (seller->source) != BET_SOURCE_SAME)
            session_more (seller->session);
        return;
    }
    seller->look_ms = now_ms + WAIT_LOOK_MS;
    if (state != SESSION_WAITING || seller->altered ||
        bet_source_look (seller->source) == BET_SOURCE_SAME)
        return;
    seller->altered = true;
    report_hide_bar (seller->report);
    logger_event (
        LOG_WARNING, "archivo", LOG_FAIL,
        "file: %s | reason: it is not as it was when its sale was closed, and "
        "what was added is not sold",
        settings->bets);
}

static void take_messages (seller_t *seller, int64_t now_ms)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        net_status_t status = net_receive (seller->socket, NULL, &body);
        if (status == NET_EMPTY)
            break;
        // of several frames nothing was kept: the session is to count them as no
        // message
        session_receive (seller->session,
                         status == NET_OK ? net_body (&body) : bytes_of (NULL, 0),
                         now_ms);
    }
    zmq_msg_close (&body);
}

static void send_messages (seller_t *seller, int64_t now_ms)
{
    size_t size;
    seller->blocked = false;
    while (!seller->blocked &&
           (size = session_next_output (seller->session, now_ms)) > 0) {
        zmq_msg_t body;
        int rc = zmq_msg_init_size (&body, size);
        assert (rc == 0);
        session_write_output (seller->session, zmq_msg_data (&body));
        if (net_send (seller->socket, bytes_of (NULL, 0), &body) == NET_OK)
            session_output_sent (seller->session, now_ms);
        else {
            zmq_msg_close (&body);
            seller->blocked = true;
        }
    }
}

static int seller_result (seller_t *seller)
{
    report_hide_bar (seller->report);
    if (link_state (seller) == REACH_NOT_ADMITTED && !session_over (seller->session))
        return fail (seller, seller->settings->server,
                     link_reason (REACH_NOT_ADMITTED, true));
    const int status = session_result (seller);
    return status == 0 && seller->source ? result_of_file (seller) : status;
}

static int session_result (seller_t *seller)
{
    const session_progress_t *progress = session_progress (seller->session);
    if (progress->state == SESSION_FAILED)
        return fail (seller, session_failure (seller->session),
                     progress->silence ? link_reason (link_state (seller),
                                                      seller->settings->keys != NULL)
                                       : NULL);
    if (seller->stopping && !seller->settings->follow)
        return 0; // it was not to come so far
    if (report_outcome (seller->report, seller->session) == -1)
        return fail (seller, "stdout", strerror (errno));
    return 0;
}

/* All that was read of the file is stored: whether that is all of it. */
static int result_of_file (seller_t *seller)
{
    const bool again = seller->settings->sell_only;
    const uint64_t line = bet_source_half_row (seller->source);
    char text[1024];
    if (line > 0) {
        snprintf (text, sizeof text,
                  "%s, line %" PRIu64
                  ": the last row has no line end, so that more of it may come: it is "
                  "not sold, all before it is",
                  seller->settings->bets, line);
        return fail (seller, text, "end the row, and start again");
    }
    if (bet_source_differs (seller->source, text, sizeof text))
        return fail (seller, text,
                     again ? "start again to sell them"
                           : "the agency's sale is closed");
    return 0;
}

/* A signal came before the end: whether something is lost by it. */
static int interrupted_result (seller_t *seller)
{
    const session_progress_t *progress = session_progress (seller->session);
    char text[256];
    report_hide_bar (seller->report);
    if (seller->source == NULL)
        return 0;
    if (progress->sold_ms >= 0)
        return result_of_file (seller);
    if (seller->settings->single)
        snprintf (text, sizeof text,
                  "interrupted before it was known whether the bet is stored");
    else if (progress->welcomed_ms < 0)
        snprintf (text, sizeof text,
                  "interrupted before the central said how many bets are stored");
    else
        snprintf (text, sizeof text,
                  "interrupted: %" PRIu64 " of the file's bets are stored",
                  progress->stored);
    return fail (seller, text,
                 seller->settings->single ? NULL : "start again to go on");
}

static void seller_shut_down (seller_t *seller)
{
    report_hide_bar (seller->report);
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    watch_destroy (&seller->watch);
    zsock_destroy (&seller->socket);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: socket");
    if (seller->source) {
        bet_source_destroy (&seller->source);
        logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: file");
    }
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
}

static void seller_close (seller_t *seller)
{
    logger_gather (false);
    session_destroy (&seller->session);
    report_destroy (&seller->report);
    watch_destroy (&seller->watch);
    zsock_destroy (&seller->socket);
    gate_destroy (&seller->gate);
    bet_source_destroy (&seller->source);
    close (seller->signal_fd);
    zsys_shutdown ();
}

/* Returns the status to end with. */
static int fail (const seller_t *seller, const char *reason, const char *detail)
{
    logger_event (LOG_ERROR, "agencia", LOG_FAIL, "server_address: %s | reason: %s%s%s",
                  seller->settings->server, reason, detail ? ": " : "",
                  detail ? detail : "");
    logger_flush ();
    return STATUS_FAILED;
}

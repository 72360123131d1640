/* main.c - loteria-agency: sells an agency's bets, and brings home its winners.

   The shell around the session: one socket, one file, one clock. */

#include "bet_source.h"
#include "clock.h"
#include "gate.h"
#include "handshake.h"
#include "net.h"
#include "process.h"
#include "report.h"
#include "session.h"
#include "settings.h"

#include <sys/random.h>

#define STATUS_FAILED 1
#define STATUS_USAGE  2

/* Besides a window of batches, the few questions that may be under way with them. */
#define QUESTIONS_MAX 16

typedef struct {
    const settings_t *settings; // borrowed; the rest is owned
    bet_source_t *source;       // NULL when nothing is to be sold
    rows_t rows;
    gate_t *gate;
    zsock_t *socket, *watch; // watch: of its handshakes
    session_t *session;
    report_t *report;
    int signal_fd;
    bool refused;    // our key is not admitted
    bool mismatched; // that keys do not fit has been said
    bool blocked;    // the socket took no more, or nobody is connected yet
} seller_t;

static bool seller_open (seller_t *seller);
static bool open_source (seller_t *seller);
static void open_session (seller_t *seller);
static void say_settings (const settings_t *settings);
static bool seller_run (seller_t *seller);
static bool wait_for_work (seller_t *seller);
static bool look_at_handshakes (seller_t *seller);
static void take_messages (seller_t *seller, int64_t now_ms);
static void send_messages (seller_t *seller, int64_t now_ms);
static int seller_result (seller_t *seller);
static void seller_shut_down (seller_t *seller);
static void seller_close (seller_t *seller);
static void fail (const char *reason, const char *detail);

int main (int argc, char **argv)
{
    seller_t seller = {.signal_fd = process_start (), .blocked = true};
    settings_t settings;
    int status;
    config_t *config = settings_load (&settings, argc, argv, &status);
    if (config == NULL)
        return status;
    log_set_level (settings.log_level);

    seller.settings = &settings;
    status = STATUS_FAILED;
    if (seller_open (&seller)) {
        if (seller_run (&seller))
            status = seller_result (&seller);
        else {
            seller_shut_down (&seller);
            status = 0;
        }
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
    seller->socket =
        net_dealer (MESSAGE_BYTES_MAX, (int) settings->window + QUESTIONS_MAX);
    seller->watch = handshake_watch (seller->socket);
    static const char *const peers[] = {"broker", NULL};
    const gate_options_t gate = {.keys = settings->keys, .peers = peers};
    seller->gate = gate_new (&gate);
    if (gate_connect (seller->gate, seller->socket, "broker", settings->endpoint) ==
        -1) {
        fail (settings->server, errno == EINVAL
                                    ? "is no address such as 127.0.0.1:12345"
                                    : zmq_strerror (errno));
        return false;
    }
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
                         : bet_source_open (settings->bets, error, sizeof error);
    if (seller->source == NULL) {
        fail (error, NULL);
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
                   .rows_max = (uint32_t) settings->batch_count},
        .period_ms = (int64_t) settings->loop_period_ms,
        .patience_ms = (int64_t) settings->patience_seconds * 1000,
        .task = settings->results_only ? SESSION_ASK_ONLY
                : settings->sell_only  ? SESSION_SELL_ONLY
                                       : SESSION_WHOLE,
        .stored = report_stored,
        .listener = seller->report};
    if (getrandom (&session.seed, sizeof session.seed, 0) != sizeof session.seed)
        session.seed = (uint64_t) clock_ms () ^ settings->id << 32;
    seller->session = session_new (&session, &seller->rows, clock_ms ());
}

static void say_settings (const settings_t *settings)
{
    const char *file = settings->results_only ? "none"
                       : settings->single     ? "environment"
                                              : settings->bets;
    log_event (LOG_INFO, "config", LOG_SUCCESS,
               "client_id: %" PRIu64 " | server_address: %s | file: %s | "
               "batch_bytes: %" PRIu64 " | batch_count: %" PRIu64 " | window: %" PRIu64,
               settings->id, settings->server, file, settings->batch_bytes,
               settings->batch_count, settings->window);
}

/* Returns false when a signal ended it. */
static bool seller_run (seller_t *seller)
{
    log_gather (true);
    while (!session_over (seller->session)) {
        if (!wait_for_work (seller))
            return false;
        if (!look_at_handshakes (seller))
            break;
        int64_t now_ms = clock_ms ();
        take_messages (seller, now_ms);
        session_tick (seller->session, now_ms);
        send_messages (seller, now_ms);
        report_update (seller->report, seller->session, now_ms);
        log_flush ();
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
                              {zsock_resolve (seller->watch), 0, ZMQ_POLLIN, 0}};
    int64_t now_ms = clock_ms ();
    int64_t deadline_ms = session_deadline (seller->session);
    int64_t report_ms = report_deadline (seller->report, now_ms);
    if (report_ms < deadline_ms)
        deadline_ms = report_ms;
    int rc = zmq_poll (items, 3, clock_timeout (now_ms, deadline_ms));
    return rc <= 0 || !(items[1].revents & ZMQ_POLLIN) ||
           process_signal (seller->signal_fd) == 0;
}

/* Returns false when this agency will never be let in. A mismatch may be mended while
   it waits. */
static bool look_at_handshakes (seller_t *seller)
{
    handshake_t trouble;
    while ((trouble = handshake_next (seller->watch)) != HANDSHAKE_NOTHING) {
        seller->refused = trouble == HANDSHAKE_REFUSED;
        if (seller->refused)
            return false;
        if (!seller->mismatched)
            log_event (LOG_WARNING, "conexion", LOG_FAIL,
                       "server_address: %s | reason: %s", seller->settings->server,
                       handshake_text (trouble));
        seller->mismatched = true;
    }
    return true;
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
    bytes_t message;
    seller->blocked = false;
    while (!seller->blocked &&
           session_next_output (seller->session, now_ms, &message)) {
        zmq_msg_t body;
        int rc = zmq_msg_init_size (&body, message.size);
        assert (rc == 0);
        memcpy (zmq_msg_data (&body), message.data, message.size);
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
    if (seller->refused) {
        fail (seller->settings->server, handshake_text (HANDSHAKE_REFUSED));
        return STATUS_FAILED;
    }
    if (session_progress (seller->session)->state == SESSION_FAILED) {
        fail (session_failure (seller->session), NULL);
        return STATUS_FAILED;
    }
    if (report_outcome (seller->report, seller->session) == -1) {
        fail ("stdout", strerror (errno));
        return STATUS_FAILED;
    }
    return 0;
}

static void seller_shut_down (seller_t *seller)
{
    report_hide_bar (seller->report);
    log_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    zsock_destroy (&seller->socket);
    log_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: socket");
    if (seller->source) {
        bet_source_destroy (&seller->source);
        log_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: file");
    }
    log_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
}

static void seller_close (seller_t *seller)
{
    log_gather (false);
    session_destroy (&seller->session);
    report_destroy (&seller->report);
    zsock_destroy (&seller->socket);
    zsock_destroy (&seller->watch);
    gate_destroy (&seller->gate);
    bet_source_destroy (&seller->source);
    close (seller->signal_fd);
    zsys_shutdown ();
}

static void fail (const char *reason, const char *detail)
{
    log_event (LOG_ERROR, "agencia", LOG_FAIL, "reason: %s%s%s", reason,
               detail ? ": " : "", detail ? detail : "");
    log_flush ();
}

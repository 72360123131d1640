/* state.c - loteria-state at work: the one owner of who is ready and of the draw. In:
   HELLO, READY, RESULTS and DONE from workers, SEALED from storage. Out: answers to
   the brokers, questions to storage. Owns draw.journal. */

#include "state.h"

#include <errno.h>

#include "brokers.h"
#include "clock.h"
#include "gate.h"
#include "logger.h"
#include "net.h"
#include "process.h"
#include "registrar.h"
#include "watch.h"

typedef struct {
    const char *directory; // borrowed
    file_t *file;
    journal_t *journal;
    draw_t *draw;
    registrar_t *registrar;
    gate_t *gate;
    zsock_t *workers, *storage;
    watch_t *watch; // of storage
    brokers_t *brokers;
    logger_strays_t strays;
} state_t;

static void open_state (state_t *state, const state_options_t *options);
static void open_gate (state_t *state, const state_options_t *options);
static void open_journal (state_t *state);
static int found_record (void *context, uint32_t index, const uint8_t *payload,
                         char *why);
static void open_day (state_t *state, const state_options_t *options);
static void wait_for_work (state_t *state, int signal_fd);
static void take_answers (state_t *state);
static void take_requests (state_t *state);
static void commit (state_t *state);
static void send_all (state_t *state);
static uint64_t strays (const state_t *state);
static void close_state (state_t *state);
static void die_of_disk (const state_t *state, const char *consequence);

int state_serve (const state_options_t *options, int signal_fd)
{
    state_t state = {0};
    open_state (&state, options);
    bool done = false;
    while (!done && !process_signal (signal_fd)) {
        wait_for_work (&state, signal_fd);
        gate_serve (state.gate);
        watch_look (state.watch, clock_ms ());
        brokers_look (state.brokers, clock_ms ());
        registrar_tick (state.registrar, clock_ms ());
        take_answers (&state);
        take_requests (&state);
        logger_strays (&state.strays, strays (&state), clock_ms ());
        commit (&state);
        send_all (&state);
        done = options->exit_when_done && registrar_done (state.registrar);
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    close_state (&state);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

static void open_state (state_t *state, const state_options_t *options)
{
    logger_gather (true);
    state->directory = options->data_directory;
    open_journal (state);
    open_day (state, options);
    state->registrar = registrar_new (state->draw, state->journal);
    commit (state);
    open_gate (state, options);
    problem_t problem;
    state->storage = net_dealer (BUNDLE_BYTES_MAX, STATE_QUEUE_BUNDLES, &problem);
    state->workers = net_router (BUNDLE_BYTES_MAX, STATE_QUEUE_BUNDLES, &problem);
    if (!state->storage || !state->workers)
        process_end (&problem);
    const watch_options_t watch = {.gate = state->gate,
                                   .socket = state->storage,
                                   .endpoint = options->storage,
                                   .peer = "storage",
                                   .key = "storage"};
    state->watch = watch_new (&watch, clock_ms (), &problem);
    const char *listen = state->watch ? gate_listen (state->gate, state->workers,
                                                     "state", options->listen, &problem)
                                      : NULL;
    if (listen)
        state->brokers = brokers_new (state->gate, options->brokers, ROLE_STATE,
                                      clock_ms (), &problem);
    if (!state->brokers)
        process_end (&problem);
    logger_event (LOG_INFO, "estado", LOG_SUCCESS,
                  "listen: %s | storage: %s | broker: %s | agencies: %u | ready: %u | "
                  "drawn: %s",
                  listen, options->storage, options->brokers,
                  draw_agencies (state->draw), draw_agencies_ready (state->draw),
                  draw_made (state->draw) ? "yes" : "no");
    logger_flush ();
}

static void open_gate (state_t *state, const state_options_t *options)
{
    static const char *const peers[] = {"storage", "worker", "broker", NULL};
    static const char *const hosts[] = {"storage", "broker", NULL};
    const gate_options_t gate = {.keys = options->keys,
                                 .peers = peers,
                                 .hosts = hosts,
                                 .insecure = options->insecure};
    problem_t problem;
    state->gate = gate_new (&gate, &problem);
    if (!state->gate)
        process_end (&problem);
}

static void open_journal (state_t *state)
{
    char why[JOURNAL_WHY_BYTES];
    const char *directory = state->directory;
    state->draw = draw_new ();
    state->file = file_take (directory, STATE_JOURNAL, FILE_WRITE, why, sizeof why);
    if (!state->file)
        process_die_of (errno, "estado", "reason: %s", why);
    state->journal = journal_open (state->file, "draw", found_record, state->draw, why);
    if (!state->journal)
        process_die_of (
            state->file->failed ? EIO : 0, "estado",
            "reason: %s/%s | consequence: nothing was changed, nothing is served",
            directory, why);
    if (journal_torn (state->journal) > 0)
        logger_event (
            LOG_WARNING, "recuperacion", LOG_SUCCESS,
            "cut_off: %llu bytes of an unfinished tail that nobody was told of",
            (unsigned long long) journal_torn (state->journal));
    if (journal_settle (state->journal) == -1)
        die_of_disk (state, "nothing is served");
}

static int found_record (void *context, uint32_t index, const uint8_t *payload,
                         char *why)
{
    draw_record_t record;
    draw_get_record (payload, &record);
    const bool first = record.event == DRAW_OPENED;
    if (first == (index == 0) && draw_apply (context, &record) == 0)
        return 0;
    snprintf (why, JOURNAL_WHY_BYTES, "it says what cannot have happened");
    return -1;
}

/* The day's terms are recorded when it begins. A restart with other terms would make
   another draw out of it. */
static void open_day (state_t *state, const state_options_t *options)
{
    draw_t *draw = state->draw;
    if (!draw_opened (draw)) {
        const draw_record_t opened = {.event = DRAW_OPENED,
                                      .agencies = options->agencies,
                                      .number = options->number};
        uint8_t payload[JOURNAL_PAYLOAD_BYTES];
        draw_put_record (payload, &opened);
        draw_apply (draw, &opened);
        journal_append (state->journal, payload);
        if (journal_write (state->journal) == -1 || journal_sync (state->journal) == -1)
            die_of_disk (state, "nothing is served");
    }
    if (draw_agencies (draw) != options->agencies)
        process_reject ("estado",
                        "reason: the day in %s/%s is one of %u agencies, not %u; start "
                        "with those, or another data directory",
                        options->data_directory, STATE_JOURNAL, draw_agencies (draw),
                        options->agencies);
    if (draw_number (draw) != options->number) // neither is for the log to tell
        process_reject ("estado",
                        "reason: the day in %s/%s has another winning number; start "
                        "with that, or another data directory",
                        options->data_directory, STATE_JOURNAL);
}

static void wait_for_work (state_t *state, int signal_fd)
{
    zmq_pollitem_t items[5 + BROKERS_ITEMS] = {
        {.socket = zsock_resolve (state->storage), .events = ZMQ_POLLIN},
        {.socket = zsock_resolve (state->workers), .events = ZMQ_POLLIN},
        gate_item (state->gate),
        watch_item (state->watch),
        {.fd = signal_fd, .events = ZMQ_POLLIN},
    };
    const int count = 5 + (int) brokers_items (state->brokers, items + 5);
    const int64_t watch_ms = watch_deadline (state->watch);
    const int64_t brokers_ms = brokers_deadline (state->brokers);
    zmq_poll (
        items, count,
        clock_timeout (clock_ms (), watch_ms < brokers_ms ? watch_ms : brokers_ms));
}

static void take_answers (state_t *state)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (state->storage, NULL, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK)
            registrar_answers (state->registrar, net_body (&body));
    }
    zmq_msg_close (&body);
}

static void take_requests (state_t *state)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (state->workers, &peer, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK && net_is_ping (net_body (&body)))
            net_send_pong (state->workers, &peer, "loteria-state");
        else if (status == NET_OK)
            registrar_requests (state->registrar, net_body (&body));
    }
    zmq_msg_close (&body);
}

static void commit (state_t *state)
{
    if (registrar_commit (state->registrar) == -1)
        die_of_disk (state, "nothing of it was answered");
    logger_flush ();
}

static void send_all (state_t *state)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (registrar_to_storage (state->registrar), &peer, &bundle)) {
        if (net_ready (state->storage))
            net_send_bundle (state->storage, peer, bundle);
        else
            registrar_unsent (state->registrar, bytes_of (bundle->data, bundle->size));
    }
    brokers_send (state->brokers, registrar_to_brokers (state->registrar));
}

static uint64_t strays (const state_t *state)
{
    return registrar_strays (state->registrar) + brokers_strays (state->brokers);
}

static void close_state (state_t *state)
{
    logger_gather (false);
    const uint64_t undelivered = brokers_undelivered (state->brokers);
    const uint64_t strange = strays (state);
    brokers_destroy (&state->brokers);
    zsock_destroy (&state->workers);
    watch_destroy (&state->watch);
    zsock_destroy (&state->storage);
    gate_destroy (&state->gate);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: sockets | undelivered: %llu",
                  (unsigned long long) undelivered);
    registrar_destroy (&state->registrar);
    if (journal_settle (state->journal) == -1) // gives reserved space back
        die_of_disk (state, "what was answered is recorded");
    journal_destroy (&state->journal);
    file_close (&state->file);
    draw_destroy (&state->draw);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: %s | strays: %llu",
                  STATE_JOURNAL, (unsigned long long) strange);
}

/* Whatever was logged since the last commit did not come to be. */
static void die_of_disk (const state_t *state, const char *consequence)
{
    const int error = errno;
    logger_discard ();
    process_die ("estado", "reason: %s/%s %s, %s | consequence: %s", state->directory,
                 STATE_JOURNAL,
                 state->file->failed ? state->file->failed : "cannot be read",
                 strerror (error), consequence);
}

/* state.c - loteria-state at work: the one owner of who is ready and of the draw. In:
   HELLO, READY, RESULTS and DONE from workers, the draw's events from storage. Out:
   answers to the brokers, questions and events to storage. Owns no file: the draw is
   storage's log's. */

#include "state.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "clock.h"
#include "gate.h"
#include "logger.h"
#include "net.h"
#include "process.h"
#include "registrar.h"
#include "watch.h"

struct state {
    state_options_t options; // borrows its texts
    registrar_t *registrar;
    gate_t *gate;
    zsock_t *workers, *storage;
    watch_t *watch;     // of storage
    const char *listen; // where, for people
    brokers_t *brokers; // NULL until the draw is replayed
    uint64_t rejoins;   // that they asked for, when last looked at
    bool reachable;     // storage, when last looked at
    logger_strays_t strays;
};

static int open_sockets (state_t *state, int64_t now_ms, problem_t *problem);
static int open_gate (state_t *state, problem_t *problem);
static uint32_t draw_own (void);
static void doubt_if_replaced (state_t *state);
static void take_answers (state_t *state);
static void take_requests (state_t *state);
static int join (state_t *state, int64_t now_ms, problem_t *problem);
static void send_all (state_t *state);
static int judge (const state_t *state, problem_t *problem);
static uint64_t strays (const state_t *state);
static void wait_for_work (state_t *state, int signal_fd);
static void log_closed (uint64_t undelivered, uint64_t strays);

state_t *state_new (const state_options_t *options, int64_t now_ms, problem_t *problem)
{
    state_t *state = calloc (1, sizeof *state);
    assert (state);
    state->options = *options;
    state->registrar =
        registrar_new (draw_own (), options->agencies, options->number.number);
    if (open_gate (state, problem) == -1 ||
        open_sockets (state, now_ms, problem) == -1) {
        state_destroy (&state);
        return NULL;
    }
    logger_event (LOG_INFO, "estado", LOG_IN_PROGRESS, "listen: %s | storage: %s",
                  state->listen, options->storage);
    return state;
}

void state_destroy (state_t **state)
{
    if (*state) {
        brokers_destroy (&(*state)->brokers);
        zsock_destroy (&(*state)->workers);
        watch_destroy (&(*state)->watch);
        zsock_destroy (&(*state)->storage);
        gate_destroy (&(*state)->gate);
        registrar_destroy (&(*state)->registrar);
        free (*state);
    }
    *state = NULL;
}

int state_turn (state_t *state, int64_t now_ms, problem_t *problem)
{
    gate_serve (state->gate);
    watch_look (state->watch, now_ms);
    if (state->brokers)
        brokers_look (state->brokers, now_ms);
    state->reachable = net_ready (state->storage);
    registrar_tick (state->registrar, now_ms, state->reachable);
    doubt_if_replaced (state);
    take_answers (state);
    take_requests (state);
    if (judge (state, problem) == -1 || join (state, now_ms, problem) == -1)
        return -1;
    send_all (state);
    logger_strays (&state->strays, strays (state), now_ms);
    return 0;
}

bool state_done (const state_t *state)
{
    return state->options.exit_when_done && registrar_done (state->registrar);
}

/* While something is to be asked of a storage that is away: until it may be. */
size_t state_items (state_t *state, zmq_pollitem_t *items)
{
    const bool waiting = !state->reachable && registrar_wants (state->registrar);
    items[0] = (zmq_pollitem_t){
        .socket = zsock_resolve (state->storage),
        .events = (short) (waiting ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)};
    items[1] = (zmq_pollitem_t){.socket = zsock_resolve (state->workers),
                                .events = ZMQ_POLLIN};
    items[2] = gate_item (state->gate);
    items[3] = watch_item (state->watch);
    return 4 + (state->brokers ? brokers_items (state->brokers, items + 4) : 0);
}

int64_t state_deadline (const state_t *state)
{
    const int64_t watch_ms = watch_deadline (state->watch);
    const int64_t registrar_ms = registrar_deadline (state->registrar);
    const int64_t brokers_ms =
        state->brokers ? brokers_deadline (state->brokers) : INT64_MAX;
    const int64_t inner_ms = watch_ms < registrar_ms ? watch_ms : registrar_ms;
    return inner_ms < brokers_ms ? inner_ms : brokers_ms;
}

int state_serve (const state_options_t *options, int signal_fd)
{
    problem_t problem;
    int status = 0;
    state_t *state = state_new (options, clock_ms (), &problem);
    if (!state)
        process_end (&problem);
    while (status == 0 && !state_done (state) && !process_signal (signal_fd)) {
        wait_for_work (state, signal_fd);
        status = state_turn (state, clock_ms (), &problem);
    }
    if (status == 0)
        logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    const uint64_t undelivered =
        state->brokers ? brokers_undelivered (state->brokers) : 0;
    const uint64_t strange = strays (state);
    state_destroy (&state);
    if (status == -1)
        process_end (&problem);
    log_closed (undelivered, strange);
    return 0;
}

static int open_gate (state_t *state, problem_t *problem)
{
    static const char *const peers[] = {"storage", "worker", "broker", NULL};
    static const char *const hosts[] = {"storage", "broker", NULL};
    const gate_options_t gate = {.keys = state->options.keys,
                                 .peers = peers,
                                 .hosts = hosts,
                                 .insecure = state->options.insecure};
    state->gate = gate_new (&gate, problem);
    return state->gate ? 0 : -1;
}

static int open_sockets (state_t *state, int64_t now_ms, problem_t *problem)
{
    state->storage = net_dealer (BUNDLE_BYTES_MAX, STATE_QUEUE_BUNDLES, problem);
    if (!state->storage)
        return -1;
    const watch_options_t watch = {.gate = state->gate,
                                   .socket = state->storage,
                                   .endpoint = state->options.storage,
                                   .peer = "storage",
                                   .key = "storage"};
    state->watch = watch_new (&watch, now_ms, problem);
    if (!state->watch)
        return -1;
    state->workers = net_router (BUNDLE_BYTES_MAX, STATE_QUEUE_BUNDLES, problem);
    if (!state->workers)
        return -1;
    state->listen = gate_listen (state->gate, state->workers, "state",
                                 state->options.listen, problem);
    return state->listen ? 0 : -1;
}

static uint32_t draw_own (void)
{
    uint32_t own = 0;
    while (own == 0)
        if (getrandom (&own, sizeof own, 0) != sizeof own)
            own = 0;
    return own;
}

/* Of two states that each take the other's place with a broker, one has to end. */
static void doubt_if_replaced (state_t *state)
{
    const uint64_t rejoins = state->brokers ? brokers_rejoins (state->brokers) : 0;
    if (rejoins > state->rejoins)
        registrar_doubt (state->registrar);
    state->rejoins = rejoins;
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
        if (status == NET_OK &&
            !net_answer_ping (state->workers, &peer, &body, "loteria-state"))
            registrar_requests (state->registrar, net_body (&body));
    }
    zmq_msg_close (&body);
}

/* Nobody is to send it requests that it could not answer yet. */
static int join (state_t *state, int64_t now_ms, problem_t *problem)
{
    if (state->brokers || registrar_stage (state->registrar) != REGISTRAR_OPEN)
        return 0;
    const draw_t *draw = registrar_draw (state->registrar);
    state->brokers =
        brokers_new (state->gate, state->options.brokers, ROLE_STATE, now_ms, problem);
    if (!state->brokers)
        return -1;
    logger_event (LOG_INFO, "estado", LOG_SUCCESS,
                  "listen: %s | storage: %s | broker: %s | agencies: %u | ready: %u | "
                  "drawn: %s | epoch: %llu",
                  state->listen, state->options.storage, state->options.brokers,
                  draw_agencies (draw), draw_agencies_ready (draw),
                  draw_made (draw) ? "yes" : "no",
                  (unsigned long long) registrar_epoch (state->registrar));
    return 0;
}

static void send_all (state_t *state)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (registrar_to_storage (state->registrar), &peer, &bundle)) {
        if (net_ready (state->storage))
            net_send_bundle (state->storage, peer, bundle);
        else
            registrar_storage_unavailable (state->registrar,
                                           bytes_of (bundle->data, bundle->size));
    }
    outbox_t *answers = registrar_to_brokers (state->registrar);
    if (state->brokers)
        brokers_send (state->brokers, answers);
    else // a broker that knew the state before may have asked: it is to wait
        while (outbox_take (answers, &peer, &bundle))
            bundle_clear (bundle);
}

/* 0 as long as it may go on. The number of the draw is not for the log to tell. */
static int judge (const state_t *state, problem_t *problem)
{
    const char *storage = state->options.storage;
    switch (registrar_stage (state->registrar)) {
    case REGISTRAR_STARTING:
    case REGISTRAR_OPEN:
        return 0;
    case REGISTRAR_SUPERSEDED:
        return problem_set (problem, PROCESS_SUPERSEDED, "estado",
                            "reason: another state has registered with storage (%s), "
                            "which hears the latest only | consequence: this one ends; "
                            "have one state for each storage",
                            storage);
    case REGISTRAR_OTHER_DRAW:
        return problem_set (problem, PROCESS_FAILED, "estado",
                            "reason: storage (%s) has another draw than before | "
                            "consequence: what was known is void; started again, this "
                            "asks storage anew",
                            storage);
    case REGISTRAR_OTHER_AGENCIES:
        return problem_set (problem, PROCESS_CANNOT_START, "estado",
                            "reason: the draw that storage (%s) has is one of %u "
                            "agencies, not %u; start "
                            "with those, or storage with another data directory",
                            storage, draw_agencies (registrar_draw (state->registrar)),
                            state->options.agencies);
    case REGISTRAR_OTHER_NUMBER:
        return problem_set (
            problem, PROCESS_CANNOT_START, "estado",
            "reason: the draw that storage (%s) has has another winning "
            "number; start with that, or storage with another data "
            "directory",
            storage);
    case REGISTRAR_IMPOSSIBLE:
        break;
    }
    return problem_set (problem, PROCESS_CANNOT_START, "estado",
                        "reason: what storage (%s) says of the draw cannot have "
                        "happened | consequence: nothing is answered; look at its data "
                        "directory with loteria-storage --check",
                        storage);
}

static uint64_t strays (const state_t *state)
{
    return registrar_strays (state->registrar) +
           (state->brokers ? brokers_strays (state->brokers) : 0);
}

static void wait_for_work (state_t *state, int signal_fd)
{
    zmq_pollitem_t items[1 + STATE_ITEMS] = {{.fd = signal_fd, .events = ZMQ_POLLIN}};
    const int count = 1 + (int) state_items (state, items + 1);
    zmq_poll (items, count, clock_timeout (clock_ms (), state_deadline (state)));
}

static void log_closed (uint64_t undelivered, uint64_t strays)
{
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: sockets | undelivered: %llu | strays: %llu",
                  (unsigned long long) undelivered, (unsigned long long) strays);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
}

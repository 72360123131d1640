/* worker.c - loteria-worker at work. In: requests from the broker. Out: checked batches
   to storage, the rest to state; to the broker what is refused here, and a sign of life
   now and then. It owns nothing. */

#include "worker.h"

#include <assert.h>
#include <stdlib.h>

#include "bet.h"
#include "clock.h"
#include "deadline.h"
#include "gate.h"
#include "inquiry.h"
#include "intake.h"
#include "logger.h"
#include "net.h"
#include "notify.h"
#include "process.h"
#include "process_facts.h"
#include "watch.h"

#define PINGS_MAX 16

/* What is polled, and where. */
#define SOCKET_ITEM(side) (2 * (size_t) (side))
#define WATCH_ITEM(side)  (2 * (size_t) (side) + 1)
#define GATE_ITEM         (2 * (size_t) INTAKE_SIDES)
#define LISTENER_ITEM     (GATE_ITEM + 1) // if there is one

static_assert (LISTENER_ITEM + 1 == WORKER_ITEMS, "all that is polled");

struct worker {
    char name[WIRE_NAME_BYTES_MAX + 1];
    uint32_t heartbeat_ms;
    gate_t *gate;
    zsock_t *sockets[INTAKE_SIDES];
    watch_t *watches[INTAKE_SIDES];
    zsock_t *listener; // for who wants to know whether this worker is well; or NULL
    intake_t *intake;
    logger_strays_t strays;
    bool beating;    // it has been connected to everybody
    int64_t beat_ms; // when the next sign of life is due
};

static const char *const peers[] = {"broker", "storage", "state", NULL};

static int open_worker (worker_t *worker, const worker_options_t *options,
                        int64_t now_ms, problem_t *problem);
static void name_itself (worker_t *worker, const char *name);
static int connect_to (worker_t *worker, intake_side_t side, const char *endpoint,
                       int64_t now_ms, problem_t *problem);
static int listen_at (worker_t *worker, const char *endpoint, problem_t *problem);
static void watch_all (worker_t *worker, const zmq_pollitem_t *items, int64_t now_ms);
static void take_all (worker_t *worker, intake_side_t from);
static void answer_questions (worker_t *worker);
static void beat (worker_t *worker, int64_t now_ms);
static bool connected (const worker_t *worker);
static int send_to (void *context, intake_side_t to, bundle_t *bundle);
static void take_leave (worker_t *worker);

int worker_serve (const worker_options_t *options, int signal_fd)
{
    problem_t problem;
    worker_t *worker = worker_new (options, clock_ms (), &problem);
    if (!worker)
        process_end (&problem);
    notify_say ("READY=1");
    while (!process_signal (signal_fd)) {
        zmq_pollitem_t items[WORKER_ITEMS + 1];
        const size_t count = worker_items (worker, items);
        items[count] = (zmq_pollitem_t){.fd = signal_fd, .events = ZMQ_POLLIN};
        zmq_poll (items, (int) count + 1,
                  notify_timeout (clock_ms (), worker_deadline (worker)));
        worker_turn (worker, items, clock_ms ());
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    const uint64_t strays = intake_strays (worker->intake);
    const uint64_t lost = intake_lost (worker->intake);
    worker_destroy (&worker);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: sockets | strays: %llu | lost: %llu",
                  (unsigned long long) strays, (unsigned long long) lost);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

worker_t *worker_new (const worker_options_t *options, int64_t now_ms,
                      problem_t *problem)
{
    worker_t *worker = calloc (1, sizeof *worker);
    assert (worker);
    if (open_worker (worker, options, now_ms, problem) == -1)
        worker_destroy (&worker);
    return worker;
}

/* What it still holds the broker gives to another worker. */
void worker_destroy (worker_t **worker)
{
    if (*worker) {
        take_leave (*worker);
        for (int side = 0; side < INTAKE_SIDES; side++) {
            watch_destroy (&(*worker)->watches[side]);
            zsock_destroy (&(*worker)->sockets[side]);
        }
        zsock_destroy (&(*worker)->listener);
        gate_destroy (&(*worker)->gate);
        intake_destroy (&(*worker)->intake);
        free (*worker);
    }
    *worker = NULL;
}

void worker_turn (worker_t *worker, const zmq_pollitem_t *items, int64_t now_ms)
{
    gate_serve (worker->gate);
    watch_all (worker, items, now_ms);
    intake_tick (worker->intake, now_ms);
    // the calendar's day, so the wall clock's: nobody is born in the future
    intake_set_born_max (worker->intake,
                         bet_born_max ((int64_t) (clock_wall_ms () / 1000)));
    for (int side = 0; side < INTAKE_SIDES; side++)
        if (net_polled (items, SOCKET_ITEM (side)))
            take_all (worker, (intake_side_t) side);
    if (net_polled (items, LISTENER_ITEM))
        answer_questions (worker);
    beat (worker, now_ms);
    logger_strays (&worker->strays, intake_strays (worker->intake), now_ms);
    intake_flush (worker->intake);
}

size_t worker_items (const worker_t *worker, zmq_pollitem_t *items)
{
    for (int side = 0; side < INTAKE_SIDES; side++) {
        items[SOCKET_ITEM (side)] = (zmq_pollitem_t){
            .socket = zsock_resolve (worker->sockets[side]), .events = ZMQ_POLLIN};
        items[WATCH_ITEM (side)] = watch_item (worker->watches[side]);
    }
    items[GATE_ITEM] = gate_item (worker->gate);
    if (!worker->listener)
        return LISTENER_ITEM;
    items[LISTENER_ITEM] = (zmq_pollitem_t){.socket = zsock_resolve (worker->listener),
                                            .events = ZMQ_POLLIN};
    return LISTENER_ITEM + 1;
}

int64_t worker_deadline (const worker_t *worker)
{
    int64_t deadline_ms = worker->beat_ms;
    for (int side = 0; side < INTAKE_SIDES; side++)
        deadline_ms =
            deadline_earlier (deadline_ms, watch_deadline (worker->watches[side]));
    return deadline_ms;
}

static int open_worker (worker_t *worker, const worker_options_t *options,
                        int64_t now_ms, problem_t *problem)
{
    name_itself (worker, options->name);
    const intake_options_t intake = {
        .rows_max = options->rows_max,
        .number_max = options->number_max,
        .join = {.role = ROLE_WORKER,
                 .credit = options->credit,
                 .name = bytes_of (worker->name, strlen (worker->name)),
                 .heartbeat_ms = options->heartbeat_ms},
        .context = worker,
        .send = send_to};
    const gate_options_t gate = {
        .keys = options->keys, .peers = peers, .insecure = options->insecure};
    const char *const endpoints[INTAKE_SIDES] = {[INTAKE_BROKER] = options->broker,
                                                 [INTAKE_STORAGE] = options->storage,
                                                 [INTAKE_STATE] = options->state};
    worker->heartbeat_ms = options->heartbeat_ms;
    worker->intake = intake_new (&intake);
    worker->gate = gate_new (&gate, problem);
    if (!worker->gate)
        return -1;
    for (int side = 0; side < INTAKE_SIDES; side++)
        if (connect_to (worker, (intake_side_t) side, endpoints[side], now_ms,
                        problem) == -1)
            return -1;
    if (options->listen && listen_at (worker, options->listen, problem) == -1)
        return -1;
    logger_event (LOG_INFO, "worker", LOG_SUCCESS,
                  "broker: %s | storage: %s | state: %s | credit: %u", options->broker,
                  options->storage, options->state, options->credit);
    return 0;
}

/* The broker takes none but sound text. */
static void name_itself (worker_t *worker, const char *name)
{
    char host[WIRE_NAME_BYTES_MAX - 11] = "?"; // with room for "/" and a number
    gethostname (host, sizeof host - 1);
    host[sizeof host - 1] = 0;
    for (char *at = host; *at; at++)
        if (*at <= ' ' || *at >= 0x7F)
            *at = '?';
    if (name)
        snprintf (worker->name, sizeof worker->name, "%s", name);
    else
        snprintf (worker->name, sizeof worker->name, "%s/%d", host, getpid ());
}

int worker_check_keys (const worker_options_t *options, problem_t *problem)
{
    keyring_t ring;
    char why[KEYS_WHY_BYTES];
    const bool keyed = options->keys && *options->keys;
    const int rc = keyed ? keyring_load (&ring, options->keys, peers, why) : 0;
    explicit_bzero (&ring, sizeof ring);
    return rc == 0
               ? 0
               : problem_set (problem, PROCESS_CANNOT_START, "keys", "reason: %s", why);
}

static int connect_to (worker_t *worker, intake_side_t side, const char *endpoint,
                       int64_t now_ms, problem_t *problem)
{
    worker->sockets[side] =
        net_dealer (BUNDLE_BYTES_MAX, WORKER_QUEUE_BUNDLES, problem);
    if (!worker->sockets[side])
        return -1;
    const watch_options_t watch = {.gate = worker->gate,
                                   .socket = worker->sockets[side],
                                   .endpoint = endpoint,
                                   .peer = peers[side],
                                   .key = peers[side]};
    worker->watches[side] = watch_new (&watch, now_ms, problem);
    return worker->watches[side] ? 0 : -1;
}

static int listen_at (worker_t *worker, const char *endpoint, problem_t *problem)
{
    worker->listener = net_router (WIRE_SMALL_BYTES_MAX, PINGS_MAX, problem);
    return worker->listener && gate_listen (worker->gate, worker->listener, "worker",
                                            endpoint, problem)
               ? 0
               : -1;
}

static void watch_all (worker_t *worker, const zmq_pollitem_t *items, int64_t now_ms)
{
    for (int side = 0; side < INTAKE_SIDES; side++) {
        watch_t *watch = worker->watches[side];
        if (net_polled (items, WATCH_ITEM (side)) || watch_deadline (watch) <= now_ms)
            watch_look (watch, now_ms);
    }
}

/* Storage and state say nothing to a worker: what comes from there is thrown away. */
static void take_all (worker_t *worker, intake_side_t from)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (worker->sockets[from], NULL, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK && from == INTAKE_BROKER)
            intake_requests (worker->intake, net_body (&body));
    }
    zmq_msg_close (&body);
}

/* From the loop that does the work, so that a worker which hangs does not answer. */
static void answer_questions (worker_t *worker)
{
    const self_report_t report = {0}; // of its work the broker tells
    peer_t peer;
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; worker->listener && i < PINGS_MAX; i++) {
        const net_status_t status = net_receive (worker->listener, &peer, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK &&
            !net_answer_ping (worker->listener, &peer, &body, "loteria-worker"))
            inquiry_answer (worker->gate, worker->listener, &peer, &body, &report);
    }
    zmq_msg_close (&body);
}

/* From the loop that does the work, so that a worker which hangs falls silent. To a
   broker that does not know this worker a beat is as good as an announcement: it asks
   for one. The first comes when there is somebody to pass work on to. */
static void beat (worker_t *worker, int64_t now_ms)
{
    if (now_ms < worker->beat_ms)
        return;
    worker->beating = worker->beating || connected (worker);
    if (worker->beating) {
        process_facts_t facts;
        process_facts_read (&facts);
        intake_set_costs (worker->intake, facts.cpu_ms, facts.memory_bytes);
        intake_say (worker->intake, WIRE_BEAT);
    }
    worker->beat_ms =
        now_ms + (worker->beating ? worker->heartbeat_ms : CONNECT_LOOK_MS);
}

static bool connected (const worker_t *worker)
{
    for (int side = 0; side < INTAKE_SIDES; side++)
        if (!net_ready (worker->sockets[side]))
            return false;
    return true;
}

static int send_to (void *context, intake_side_t to, bundle_t *bundle)
{
    worker_t *worker = context;
    if (!net_ready (worker->sockets[to]))
        return -1;
    return net_send_bundle (worker->sockets[to], bytes_of (NULL, 0), bundle) == NET_OK
               ? 0
               : -1;
}

/* One that could not even begin has nobody to leave. */
static void take_leave (worker_t *worker)
{
    if (!worker->sockets[INTAKE_SIDES - 1])
        return;
    intake_say (worker->intake, WIRE_LEAVE);
    intake_flush (worker->intake);
}

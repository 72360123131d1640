/* worker.c - loteria-worker at work. In: requests from the broker. Out: checked batches
   to storage, the rest to state; to the broker what is refused here, and a sign of life
   now and then. It owns nothing. */

#include "worker.h"

#include <errno.h>
#include <time.h>

#include "bet.h"
#include "clock.h"
#include "gate.h"
#include "intake.h"
#include "logger.h"
#include "net.h"
#include "process.h"
#include "watch.h"

#define PINGS_MAX 16

typedef struct {
    gate_t *gate;
    zsock_t *sockets[INTAKE_SIDES];
    watch_t *watches[INTAKE_SIDES];
    zsock_t *listener; // for who wants to know whether this worker is well; or NULL
    intake_t *intake;
    logger_strays_t strays;
    bool beating;    // it has been connected to everybody
    int64_t beat_ms; // when the next sign of life is due
} worker_t;

static const char *const peers[] = {"broker", "storage", "state", NULL};

static void open_worker (worker_t *worker, const worker_options_t *options);
static void open_gate (worker_t *worker, const worker_options_t *options);
static void connect_to (worker_t *worker, intake_side_t side, const char *peer,
                        const char *endpoint);
static void listen_at (worker_t *worker, const char *endpoint);
static void wait_for_work (worker_t *worker, int signal_fd);
static void watch_all (worker_t *worker, int64_t now_ms);
static void take_all (worker_t *worker, intake_side_t from);
static void answer_pings (worker_t *worker);
static void beat (worker_t *worker, int64_t interval_ms);
static bool connected (const worker_t *worker);
static int send_to (void *context, intake_side_t to, bundle_t *bundle);
static void close_worker (worker_t *worker);

int worker_serve (const worker_options_t *options, int signal_fd)
{
    worker_t worker = {0};
    open_worker (&worker, options);
    while (!process_signal (signal_fd)) {
        wait_for_work (&worker, signal_fd);
        gate_serve (worker.gate);
        watch_all (&worker, clock_ms ());
        intake_tick (worker.intake, clock_ms ());
        // the calendar's day, so the wall clock's: nobody is born in the future
        intake_set_born_max (worker.intake, bet_born_max (time (NULL)));
        for (int side = 0; side < INTAKE_SIDES; side++)
            take_all (&worker, (intake_side_t) side);
        answer_pings (&worker);
        beat (&worker, options->heartbeat_ms);
        logger_strays (&worker.strays, intake_strays (worker.intake), clock_ms ());
        intake_flush (worker.intake);
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    close_worker (&worker);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

static void open_worker (worker_t *worker, const worker_options_t *options)
{
    const intake_options_t intake = {.rows_max = options->rows_max,
                                     .number_max = options->number_max,
                                     .join = {.role = ROLE_WORKER,
                                              .credit = options->credit,
                                              .heartbeat_ms = options->heartbeat_ms},
                                     .context = worker,
                                     .send = send_to};
    worker->intake = intake_new (&intake);
    open_gate (worker, options);
    connect_to (worker, INTAKE_BROKER, "broker", options->broker);
    connect_to (worker, INTAKE_STORAGE, "storage", options->storage);
    connect_to (worker, INTAKE_STATE, "state", options->state);
    if (options->listen)
        listen_at (worker, options->listen);
    logger_event (LOG_INFO, "worker", LOG_SUCCESS,
                  "broker: %s | storage: %s | state: %s | credit: %u", options->broker,
                  options->storage, options->state, options->credit);
}

static void open_gate (worker_t *worker, const worker_options_t *options)
{
    const gate_options_t gate = {
        .keys = options->keys, .peers = peers, .insecure = options->insecure};
    problem_t problem;
    worker->gate = gate_new (&gate, &problem);
    if (!worker->gate)
        process_end (&problem);
}

void worker_check_keys (const worker_options_t *options)
{
    keyring_t ring;
    char why[KEYS_WHY_BYTES];
    if (options->keys && *options->keys &&
        keyring_load (&ring, options->keys, peers, why) == -1)
        process_reject ("keys", "reason: %s", why);
    explicit_bzero (&ring, sizeof ring);
}

static void connect_to (worker_t *worker, intake_side_t side, const char *peer,
                        const char *endpoint)
{
    problem_t problem;
    worker->sockets[side] =
        net_dealer (BUNDLE_BYTES_MAX, WORKER_QUEUE_BUNDLES, &problem);
    if (!worker->sockets[side])
        process_end (&problem);
    const watch_options_t watch = {.gate = worker->gate,
                                   .socket = worker->sockets[side],
                                   .endpoint = endpoint,
                                   .peer = peer,
                                   .key = peer};
    worker->watches[side] = watch_new (&watch, clock_ms (), &problem);
    if (!worker->watches[side])
        process_end (&problem);
}

static void listen_at (worker_t *worker, const char *endpoint)
{
    problem_t problem;
    worker->listener = net_router (WIRE_SMALL_BYTES_MAX, PINGS_MAX, &problem);
    if (!worker->listener ||
        !gate_listen (worker->gate, worker->listener, "worker", endpoint, &problem))
        process_end (&problem);
}

static void wait_for_work (worker_t *worker, int signal_fd)
{
    zmq_pollitem_t items[2 * INTAKE_SIDES + 3];
    int count = 0;
    int64_t deadline_ms = worker->beat_ms;
    for (int side = 0; side < INTAKE_SIDES; side++) {
        items[count++] = (zmq_pollitem_t){
            .socket = zsock_resolve (worker->sockets[side]), .events = ZMQ_POLLIN};
        items[count++] = watch_item (worker->watches[side]);
        if (watch_deadline (worker->watches[side]) < deadline_ms)
            deadline_ms = watch_deadline (worker->watches[side]);
    }
    items[count++] = (zmq_pollitem_t){.fd = signal_fd, .events = ZMQ_POLLIN};
    items[count++] = gate_item (worker->gate);
    if (worker->listener)
        items[count++] = (zmq_pollitem_t){.socket = zsock_resolve (worker->listener),
                                          .events = ZMQ_POLLIN};
    zmq_poll (items, count, clock_timeout (clock_ms (), deadline_ms));
}

static void watch_all (worker_t *worker, int64_t now_ms)
{
    for (int side = 0; side < INTAKE_SIDES; side++)
        watch_look (worker->watches[side], now_ms);
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
static void answer_pings (worker_t *worker)
{
    peer_t peer;
    zmq_msg_t body;
    zmq_msg_init (&body);
    for (int i = 0; worker->listener && i < PINGS_MAX; i++) {
        const net_status_t status = net_receive (worker->listener, &peer, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK && net_is_ping (net_body (&body)))
            net_send_pong (worker->listener, &peer, "loteria-worker");
    }
    zmq_msg_close (&body);
}

/* From the loop that does the work, so that a worker which hangs falls silent. To a
   broker that does not know this worker a beat is as good as an announcement: it asks
   for one. The first comes when there is somebody to pass work on to. */
static void beat (worker_t *worker, int64_t interval_ms)
{
    const int64_t now_ms = clock_ms ();
    if (now_ms < worker->beat_ms)
        return;
    worker->beating = worker->beating || connected (worker);
    if (worker->beating)
        intake_say (worker->intake, WIRE_BEAT);
    worker->beat_ms = now_ms + (worker->beating ? interval_ms : CONNECT_LOOK_MS);
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

/* What it still holds the broker gives to another worker. */
static void close_worker (worker_t *worker)
{
    intake_say (worker->intake, WIRE_LEAVE);
    intake_flush (worker->intake);
    for (int side = 0; side < INTAKE_SIDES; side++) {
        watch_destroy (&worker->watches[side]);
        zsock_destroy (&worker->sockets[side]);
    }
    zsock_destroy (&worker->listener);
    gate_destroy (&worker->gate);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS,
                  "closed: sockets | strays: %llu | lost: %llu",
                  (unsigned long long) intake_strays (worker->intake),
                  (unsigned long long) intake_lost (worker->intake));
    intake_destroy (&worker->intake);
}

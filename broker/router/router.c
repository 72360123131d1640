/* router.c - loteria-broker at work. In: requests from agencies at the front, answers
   and signs of life from workers at the back. Out: the one to the other. It owns
   nothing whose loss matters: agencies ask again until they are answered. */

#include "router.h"

#include <errno.h>
#include <sys/random.h>

#include "awake.h"
#include "clock.h"
#include "dispatcher.h"
#include "enrolment.h"
#include "gate.h"
#include "log.h"
#include "net.h"
#include "process.h"
#include "relief.h"

#define DOOR_AGENCIES "agencies"
#define DOOR_WORKERS  "workers"

typedef struct {
    gate_t *gate;
    enrolment_t *enrolment; // NULL without keys
    zsock_t *front, *back;
    dispatcher_t *dispatcher;
    awake_t awake;        // nobody is given up for what it slept through itself
    uint64_t undelivered; // answers to clients that are gone, or read nothing
    relief_t relief;
    log_brake_t brake;
    log_strays_t strays; // at the back
} router_t;

static void open_router (router_t *router, const router_options_t *options);
static void open_gate (router_t *router, const router_options_t *options);
static bool admits (void *context, const char *domain, const char *key);
static uint32_t draw_boot (void);
static void wait_for_work (router_t *router, int signal_fd);
static void take_answers (router_t *router, int64_t now_ms);
static void look_at_roll (router_t *router, int64_t now_ms);
static void forget (void *context, uint32_t agency);
static void take_requests (router_t *router);
static sender_t sender_of (const router_t *router, zmq_msg_t *body);
static void log_refused (router_t *router, wire_code_t code);
static void to_client (void *context, bytes_t client, bytes_t message);
static int to_worker (void *context, bytes_t worker, bundle_t *bundle);
static void close_router (router_t *router);

int router_serve (const router_options_t *options, int signal_fd)
{
    router_t router = {0};
    open_router (&router, options);
    while (!process_signal (signal_fd)) {
        wait_for_work (&router, signal_fd);
        const int64_t now_ms = awake_look (&router.awake, clock_ms ());
        gate_serve (router.gate);
        look_at_roll (&router, now_ms);
        relief_look (&router.relief, now_ms);
        take_answers (&router, now_ms);
        take_requests (&router);
        log_strays (&router.strays, dispatcher_counts (router.dispatcher)->strays,
                    now_ms);
        dispatcher_expire (router.dispatcher, now_ms);
        dispatcher_dispatch (router.dispatcher, now_ms);
    }
    log_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    close_router (&router);
    log_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

static void open_router (router_t *router, const router_options_t *options)
{
    const dispatcher_options_t dispatching = {.boot = draw_boot (),
                                              .limits = options->limits,
                                              .context = router,
                                              .to_client = to_client,
                                              .to_worker = to_worker};
    awake_start (&router->awake, clock_ms ());
    router->dispatcher = dispatcher_new (&dispatching);
    open_gate (router, options);
    router->back = net_router (BUNDLE_BYTES_MAX, WORKER_QUEUE_BUNDLES);
    const char *workers =
        gate_listen (router->gate, router->back, DOOR_WORKERS, options->workers);
    // Beyond the limit, up to twice, a message can still be answered; then it kills its
    // connection.
    router->front = net_router (2 * (size_t) options->limits.message_bytes_max,
                                FRONT_QUEUE_MESSAGES);
    const char *listen =
        gate_listen (router->gate, router->front, DOOR_AGENCIES, options->listen);
    relief_open (&router->relief, options->memory_max, net_port (router->front));
    log_event (LOG_INFO, "broker", LOG_SUCCESS,
               "listen: %s | workers: %s | message_bytes: %u | window: %u", listen,
               workers, options->limits.message_bytes_max, options->limits.window);
}

/* An agency is known by its key, and a key is shown over tcp. */
static void open_gate (router_t *router, const router_options_t *options)
{
    static const char *const peers[] = {"worker", NULL};
    const gate_options_t gate = {.keys = options->keys,
                                 .peers = peers,
                                 .insecure = options->insecure,
                                 .admits = admits,
                                 .context = router};
    router->gate = gate_new (&gate);
    if (!gate_keys (router->gate))
        return;
    if (!gate_endpoint_tcp (options->listen))
        process_reject ("listen",
                        "endpoint: %s | reason: with --keys agencies come by tcp",
                        options->listen);
    router->enrolment = enrolment_open (options->keys, router->awake.now_ms);
}

/* The broker's own key is for asking how it is (PING). */
static bool admits (void *context, const char *domain, const char *key)
{
    const router_t *router = context;
    const keyring_t *ring = gate_keys (router->gate);
    if (strcmp (key, ring->own.public_key) == 0)
        return true;
    if (strcmp (domain, DOOR_WORKERS) == 0)
        return strcmp (key, keyring_peer (ring, "worker")) == 0;
    return strcmp (domain, DOOR_AGENCIES) == 0 &&
           enrolment_find (router->enrolment, key) != 0;
}

static uint32_t draw_boot (void)
{
    uint32_t boot;
    if (getrandom (&boot, sizeof boot, 0) != sizeof boot)
        process_die ("broker", "reason: no random numbers, %s", strerror (errno));
    return boot;
}

static void wait_for_work (router_t *router, int signal_fd)
{
    zmq_pollitem_t items[] = {
        {.socket = zsock_resolve (router->back), .events = ZMQ_POLLIN},
        {.socket = zsock_resolve (router->front), .events = ZMQ_POLLIN},
        gate_item (router->gate),
        {.fd = signal_fd, .events = ZMQ_POLLIN},
    };
    int64_t deadline_ms = dispatcher_deadline (router->dispatcher);
    if (router->enrolment && enrolment_deadline (router->enrolment) < deadline_ms)
        deadline_ms = enrolment_deadline (router->enrolment);
    if (router->relief.look_ms < deadline_ms)
        deadline_ms = router->relief.look_ms;
    zmq_poll (items, 4, awake_timeout (&router->awake, deadline_ms));
}

static void look_at_roll (router_t *router, int64_t now_ms)
{
    if (router->enrolment)
        enrolment_look (router->enrolment, now_ms, forget, router);
}

static void forget (void *context, uint32_t agency)
{
    router_t *router = context;
    dispatcher_forget (router->dispatcher, agency);
}

static void take_answers (router_t *router, int64_t now_ms)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (router->back, &peer, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_OK && net_is_ping (net_body (&body)))
            net_send_pong (router->back, &peer, "loteria-broker"); // as at the front
        else if (status == NET_OK)
            dispatcher_bundle (router->dispatcher, net_peer (&peer), net_body (&body),
                               now_ms);
    }
    zmq_msg_close (&body);
}

static void take_requests (router_t *router)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (router->front, &peer, &body);
        wire_code_t code = REFUSED_FRAMES;
        if (status == NET_EMPTY)
            break;
        if (status == NET_FRAMES)
            dispatcher_refuse (router->dispatcher, net_peer (&peer), code, 0);
        else if (status == NET_OK)
            code = dispatcher_request (router->dispatcher, net_peer (&peer),
                                       sender_of (router, &body), &body);
        if (code != REFUSED_NOTHING && code != REFUSED_BUSY)
            log_refused (router, code);
    }
    zmq_msg_close (&body);
}

/* The roll is asked for each message: a key may have been taken away since its owner
   came in. */
static sender_t sender_of (const router_t *router, zmq_msg_t *body)
{
    if (!router->enrolment)
        return (sender_t){.keyed = false};
    const char *key = net_sender_key (body);
    return (sender_t){.keyed = true,
                      .agency = key ? enrolment_find (router->enrolment, key) : 0};
}

static void log_refused (router_t *router, wire_code_t code)
{
    uint64_t held_back;
    if (log_brake_open (&router->brake, router->awake.now_ms, &held_back))
        log_event (LOG_WARNING, "mensaje_recibido", LOG_FAIL,
                   "code: %s | not_logged_before: %llu",
                   wire_code_name ((uint16_t) code), (unsigned long long) held_back);
}

static void to_client (void *context, bytes_t client, bytes_t message)
{
    router_t *router = context;
    zmq_msg_t body;
    zmq_msg_init_size (&body, message.size);
    put_bytes (zmq_msg_data (&body), message);
    if (net_send (router->front, client, &body) != NET_OK) {
        router->undelivered++; // it will ask again, if it is still there
        zmq_msg_close (&body);
    }
}

static int to_worker (void *context, bytes_t worker, bundle_t *bundle)
{
    router_t *router = context;
    return net_send_bundle (router->back, worker, bundle) == NET_OK ? 0 : -1;
}

static void close_router (router_t *router)
{
    // what is answered already reaches its agency
    take_answers (router, router->awake.now_ms);
    zsock_destroy (&router->front);
    zsock_destroy (&router->back);
    relief_close (&router->relief);
    enrolment_destroy (&router->enrolment);
    gate_destroy (&router->gate);
    const dispatcher_counts_t *counts = dispatcher_counts (router->dispatcher);
    log_event (
        LOG_INFO, "shutdown", LOG_SUCCESS,
        "closed: sockets | requests: %llu | refused: %llu | answers: %llu | "
        "redispatched: %llu | given_up: %llu | late: %llu | strays: %llu | "
        "undelivered: %llu",
        (unsigned long long) counts->requests, (unsigned long long) counts->refused,
        (unsigned long long) counts->answers, (unsigned long long) counts->redispatched,
        (unsigned long long) counts->given_up, (unsigned long long) counts->late,
        (unsigned long long) counts->strays, (unsigned long long) router->undelivered);
    dispatcher_destroy (&router->dispatcher);
}

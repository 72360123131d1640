/* router.c - loteria-broker at work. In: requests from agencies at the front, answers
   and signs of life from workers, storage and state at the back. Out: the one to the
   other. It owns
   nothing whose loss matters: agencies ask again until they are answered. */

#include "router.h"

#include <errno.h>
#include <sys/random.h>

#include "awake.h"
#include "broker_status.h"
#include "deadline.h"
#include "rate_limit.h"
#include "role.h"
#include "clock.h"
#include "dispatcher.h"
#include "door.h"
#include "enrolment.h"
#include "gate.h"
#include "inquiry.h"
#include "logger.h"
#include "net.h"
#include "notify.h"
#include "process.h"
#include "memory_guard.h"
#include "waiting.h"

#define ROLE_LOOK_MS  50
#define NAME          "loteria-broker"
#define DOOR_AGENCIES "agencies"
#define DOOR_WORKERS  "workers"

enum { BACK_ITEM, FRONT_ITEM, GATE_ITEM, DOOR_ITEM }; // what is polled, and where

struct router {
    gate_t *gate;
    enrolment_t *enrolment; // NULL without keys
    zsock_t *front, *back;
    door_t *door; // the front's
    bool revoked; // a key was taken away just now
    dispatcher_t *dispatcher;
    awake_t awake;        // nobody is given up for what it slept through itself
    uint64_t undelivered; // answers to clients that are gone, or read nothing
    memory_guard_t guard;
    rate_limit_t *limit;      // of lines about an agency's messages
    logger_limit_t strangers; // of those about nobody's
    logger_strays_t strays;   // at the back
    waiting_t nobody;         // for whom requests wait
    uint8_t missed;           // who that is: a role
    const char *role_file;    // borrowed; NULL: there is none
    int64_t role_ms;          // when to look at it
};

static const char *const peers[] = {"worker", "storage", "state", NULL};

static int open_router (router_t *router, const router_options_t *options,
                        int64_t now_ms, problem_t *problem);
static int draw_boot (uint32_t *boot, problem_t *problem);
static int open_gate (router_t *router, const router_options_t *options,
                      problem_t *problem);
static const char *open_front (router_t *router, const router_options_t *options,
                               problem_t *problem);
static bool admits (void *context, gate_visitor_t *visitor);
static bool enrolled (void *context, const char *key);
static void take_answers (router_t *router, int64_t now_ms);
static bool tell (router_t *router, const peer_t *peer, zmq_msg_t *body);
static void look_at_roll (router_t *router, int64_t now_ms);
static void forget (void *context, uint32_t agency);
static void take_requests (router_t *router, int64_t now_ms);
static void take_request (router_t *router, const peer_t *peer, zmq_msg_t *body,
                          bool whole, int64_t now_ms);
static bool is_sent_on (const router_t *router, wire_code_t code);
static void log_refused (router_t *router, wire_code_t code, uint32_t agency,
                         int64_t now_ms);
static void tell_missing (router_t *router, int64_t now_ms);
static void look_at_role (router_t *router, int64_t now_ms);
static void left (void *context, bytes_t client);
static void to_client (void *context, bytes_t client, bytes_t message);
static int to_peer (void *context, bytes_t peer, bundle_t *bundle);
static void log_closed (const dispatcher_counts_t *counts, uint64_t undelivered);

int router_serve (const router_options_t *options, int signal_fd)
{
    problem_t problem;
    router_t *router = router_new (options, clock_ms (), &problem);
    if (!router)
        process_end (&problem);
    notify_say ("READY=1");
    while (!process_signal (signal_fd)) {
        zmq_pollitem_t items[ROUTER_ITEMS + 1];
        const size_t count = router_items (router, items);
        items[count] = (zmq_pollitem_t){.fd = signal_fd, .events = ZMQ_POLLIN};
        zmq_poll (items, (int) count + 1,
                  notify_timeout (clock_ms (), router_deadline (router)));
        router_turn (router, items, clock_ms ());
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    // what is answered already reaches its agency
    take_answers (router, router->awake.now_ms);
    const dispatcher_counts_t counts = *dispatcher_counts (router->dispatcher);
    const uint64_t undelivered = router->undelivered;
    router_destroy (&router);
    log_closed (&counts, undelivered);
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return 0;
}

router_t *router_new (const router_options_t *options, int64_t now_ms,
                      problem_t *problem)
{
    router_t *router = calloc (1, sizeof *router);
    assert (router);
    router->guard.statm = -1;
    if (open_router (router, options, now_ms, problem) == -1)
        router_destroy (&router);
    return router;
}

void router_destroy (router_t **router)
{
    if (*router) {
        door_destroy (&(*router)->door);
        zsock_destroy (&(*router)->front);
        zsock_destroy (&(*router)->back);
        rate_limit_destroy (&(*router)->limit);
        memory_guard_close (&(*router)->guard);
        enrolment_destroy (&(*router)->enrolment);
        gate_destroy (&(*router)->gate);
        dispatcher_destroy (&(*router)->dispatcher);
        free (*router);
    }
    *router = NULL;
}

void router_turn (router_t *router, const zmq_pollitem_t *items, int64_t clock_now_ms)
{
    const int64_t now_ms = awake_look (&router->awake, clock_now_ms);
    if (net_polled (items, DOOR_ITEM) || door_deadline (router->door) <= now_ms)
        door_look (router->door, now_ms);
    gate_serve (router->gate);
    look_at_roll (router, now_ms);
    look_at_role (router, now_ms);
    memory_guard_look (&router->guard, dispatcher_bytes (router->dispatcher), now_ms);
    if (net_polled (items, BACK_ITEM))
        take_answers (router, now_ms);
    if (net_polled (items, FRONT_ITEM))
        take_requests (router, now_ms);
    rate_limit_tell (router->limit, now_ms, LOG_WARNING, "mensaje_recibido");
    logger_strays (&router->strays, dispatcher_counts (router->dispatcher)->strays,
                   now_ms);
    dispatcher_expire (router->dispatcher, now_ms);
    dispatcher_dispatch (router->dispatcher, now_ms);
    tell_missing (router, now_ms);
}

size_t router_items (const router_t *router, zmq_pollitem_t *items)
{
    items[BACK_ITEM] =
        (zmq_pollitem_t){.socket = zsock_resolve (router->back), .events = ZMQ_POLLIN};
    items[FRONT_ITEM] =
        (zmq_pollitem_t){.socket = zsock_resolve (router->front), .events = ZMQ_POLLIN};
    items[GATE_ITEM] = gate_item (router->gate);
    items[DOOR_ITEM] = door_item (router->door);
    return ROUTER_ITEMS;
}

int64_t router_deadline (const router_t *router)
{
    const int64_t due[] = {dispatcher_deadline (router->dispatcher),
                           router->enrolment ? enrolment_deadline (router->enrolment)
                                             : INT64_MAX,
                           router->guard.look_ms,
                           door_deadline (router->door),
                           router->role_file ? router->role_ms : INT64_MAX,
                           waiting_deadline (&router->nobody)};
    return awake_deadline (&router->awake,
                           deadline_earliest (due, sizeof due / sizeof *due));
}

static int open_router (router_t *router, const router_options_t *options,
                        int64_t now_ms, problem_t *problem)
{
    dispatcher_options_t dispatching = {.limits = options->limits,
                                        .queue_bytes_max =
                                            options->memory_max / QUEUE_SHARE,
                                        .context = router,
                                        .to_client = to_client,
                                        .to_peer = to_peer};
    const char *workers = NULL, *listen = NULL;
    awake_start (&router->awake, now_ms);
    if (options->role_file && *options->role_file)
        router->role_file = options->role_file;
    router->role_ms = now_ms;
    router->limit = rate_limit_new ();
    if (draw_boot (&dispatching.boot, problem) == -1 ||
        open_gate (router, options, problem) == -1)
        return -1;
    router->dispatcher = dispatcher_new (&dispatching, now_ms);
    router->back = net_router (BUNDLE_BYTES_MAX, BROKER_QUEUE_BUNDLES, problem);
    if (router->back)
        workers = gate_listen (router->gate, router->back, DOOR_WORKERS,
                               options->workers, problem);
    if (workers)
        listen = open_front (router, options, problem);
    if (!listen)
        return -1;
    logger_event (LOG_INFO, "broker", LOG_SUCCESS,
                  "listen: %s | workers: %s | message_bytes: %u | window: %u", listen,
                  workers, options->limits.message_bytes_max, options->limits.window);
    return 0;
}

/* 0 is nobody's. */
static int draw_boot (uint32_t *boot, problem_t *problem)
{
    do
        if (getrandom (boot, sizeof *boot, 0) != sizeof *boot)
            return problem_set (problem, PROCESS_FAILED, "broker",
                                "reason: no random numbers, %s", strerror (errno));
    while (*boot == 0);
    return 0;
}

/* Beyond the limit, up to twice, a message can still be answered; then it kills its
   connection. Returns where it listens. */
static const char *open_front (router_t *router, const router_options_t *options,
                               problem_t *problem)
{
    const char *listen = NULL;
    router->front = net_router (2 * (size_t) options->limits.message_bytes_max,
                                FRONT_QUEUE_MESSAGES, problem);
    if (!router->front)
        return NULL;
    const door_options_t door = {
        .front = router->front, .context = router, .left = left};
    router->door = door_new (&door, problem);
    if (router->door)
        listen = gate_listen (router->gate, router->front, DOOR_AGENCIES,
                              options->listen, problem);
    if (!listen)
        return NULL;
    door_open (router->door);
    const memory_guard_options_t guard = {.bytes_max = options->memory_max,
                                          .port = door_port (router->door),
                                          .context = router->door,
                                          .holds = door_holds,
                                          .cut = door_cut};
    return memory_guard_open (&router->guard, &guard, problem) == 0 ? listen : NULL;
}

/* An agency is known by its key, and a key is shown over tcp. */
static int open_gate (router_t *router, const router_options_t *options,
                      problem_t *problem)
{
    const gate_options_t gate = {.keys = options->keys,
                                 .peers = peers,
                                 .asker = "operator",
                                 .insecure = options->insecure,
                                 .admits = admits,
                                 .context = router};
    router->gate = gate_new (&gate, problem);
    if (!router->gate)
        return -1;
    if (!gate_keys (router->gate))
        return 0;
    if (!gate_endpoint_tcp (options->listen))
        return problem_set (problem, PROCESS_CANNOT_START, "listen",
                            "endpoint: %s | reason: with --keys agencies come by tcp",
                            options->listen);
    router->enrolment = enrolment_open (options->keys, router->awake.now_ms, problem);
    return router->enrolment ? 0 : -1;
}

/* The broker's own key is for asking how it is (PING). */
static bool admits (void *context, gate_visitor_t *visitor)
{
    router_t *router = context;
    const keyring_t *ring = gate_keys (router->gate);
    if (strcmp (visitor->domain, DOOR_WORKERS) == 0)
        return keyring_has (ring, visitor->key);
    if (strcmp (visitor->domain, DOOR_AGENCIES) != 0)
        return false;
    visitor->refusal = "no agency on the roll has this key";
    return enrolled (router, visitor->key) &&
           door_admits (router->door, visitor, router->awake.now_ms);
}

static bool enrolled (void *context, const char *key)
{
    const router_t *router = context;
    return enrolment_find (router->enrolment, key) != 0 ||
           strcmp (key, gate_keys (router->gate)->own.public_key) == 0;
}

static void look_at_roll (router_t *router, int64_t now_ms)
{
    if (router->enrolment)
        enrolment_look (router->enrolment, now_ms, forget, router);
    if (router->revoked)
        door_revoke (router->door, enrolled, router);
    router->revoked = false;
}

static void forget (void *context, uint32_t agency)
{
    router_t *router = context;
    dispatcher_forget (router->dispatcher, agency);
    router->revoked = true;
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
        if (status == NET_OK && !net_answer_ping (router->back, &peer, &body, NAME) &&
            !tell (router, &peer, &body))
            dispatcher_bundle (router->dispatcher, net_peer (&peer),
                               gate_role (router->gate, &body), net_body (&body),
                               now_ms);
    }
    zmq_msg_close (&body);
}

/* How it is, if that is asked. */
static bool tell (router_t *router, const peer_t *peer, zmq_msg_t *body)
{
    broker_status_t status = {.dispatcher = router->dispatcher,
                              .connections = door_connections (router->door),
                              .strangers = gate_strangers (router->gate),
                              .undelivered = router->undelivered,
                              .behind_ms =
                                  (int64_t) clock_wall_ms () - router->awake.now_ms};
    const self_report_t report = {
        .context = &status,
        .metrics = broker_status_metrics,
        .refusals = turned_down_kept (dispatcher_view (router->dispatcher).refusals),
        .show_refusal = broker_status_refusal};
    return inquiry_answer (router->gate, router->back, peer, body, &report);
}

static void take_requests (router_t *router, int64_t now_ms)
{
    zmq_msg_t body;
    zmq_msg_init (&body);
    peer_t peer;
    for (int i = 0; i < LOOP_MESSAGES_MAX; i++) {
        const net_status_t status = net_receive (router->front, &peer, &body);
        if (status == NET_EMPTY)
            break;
        if (status == NET_NAME)
            door_turn_out (router->door, &body);
        else
            take_request (router, &peer, &body, status == NET_OK, now_ms);
    }
    zmq_msg_close (&body);
}

/* The roll is asked for each message: a key may have been taken away since its owner
   came in. Then it is refused and its connection ends. */
static void take_request (router_t *router, const peer_t *peer, zmq_msg_t *body,
                          bool whole, int64_t now_ms)
{
    gate_sender_t known = {.key = ""};
    sender_t sender = {.keyed = router->enrolment != NULL};
    const bool keyed = sender.keyed && gate_sender (body, &known);
    if (!door_heard (router->door, peer, body, keyed ? &known : NULL, now_ms))
        return;
    sender.address = door_address (router->door, body);
    if (keyed) {
        sender.agency = enrolment_find (router->enrolment, known.key);
        sender.key = known.key;
    }
    const bool stranger = sender.keyed && !enrolled (router, known.key);
    if (stranger)
        door_turn_out (router->door, body);
    if (whole && net_answer_ping (router->front, peer, body, NAME))
        return; // whoever is let in may ask that
    wire_code_t code = REFUSED_FRAMES;
    if (whole)
        code = dispatcher_request (router->dispatcher, net_peer (peer), sender, body);
    else
        dispatcher_refuse (router->dispatcher, net_peer (peer), sender, code,
                           peer->bytes);
    if (code != REFUSED_OK && code != REFUSED_BUSY && !is_sent_on (router, code))
        log_refused (router, code, sender.agency, now_ms);
}

/* A standby tells agencies where the active one is: as it should be, and of each of
   them often. */
static bool is_sent_on (const router_t *router, wire_code_t code)
{
    return code == REFUSED_UNAVAILABLE && dispatcher_stands_by (router->dispatcher);
}

static void log_refused (router_t *router, wire_code_t code, uint32_t agency,
                         int64_t now_ms)
{
    const char *name = wire_code_name ((uint16_t) code);
    if (agency > 0 && rate_limit_allows (router->limit, agency, now_ms))
        logger_event (LOG_WARNING, "mensaje_recibido", LOG_FAIL,
                      "agency: %u | code: %s", agency, name);
    else if (agency == 0)
        logger_event_limited (&router->strangers, now_ms, LOG_WARNING,
                              "mensaje_recibido", LOG_FAIL, "code: %s", name);
}

/* A worker is missed when requests wait, storage and state always: agencies are told
   UNAVAILABLE then. */
static void tell_missing (router_t *router, int64_t now_ms)
{
    int64_t seconds;
    const size_t waiting = dispatcher_waiting (router->dispatcher);
    uint8_t missed = dispatcher_missing (router->dispatcher);
    if (missed == ROLE_WORKER && waiting == 0)
        missed = ROLE_NONE;
    if (missed != router->missed && waiting_end (&router->nobody, now_ms, &seconds) &&
        !dispatcher_stands_by (router->dispatcher))
        logger_event (LOG_INFO, "conexion", LOG_SUCCESS, "peer: %s | after_s: %lld",
                      wire_role_name (router->missed), (long long) seconds);
    router->missed = missed;
    if (missed == ROLE_NONE)
        return;
    waiting_begin (&router->nobody, now_ms);
    if (waiting_tells (&router->nobody, wire_role_name (missed), false, now_ms,
                       &seconds))
        logger_event (
            LOG_WARNING, "conexion", LOG_IN_PROGRESS,
            "peer: %s | waiting_s: %lld | requests: %zu | reason: no %s is here",
            wire_role_name (missed), (long long) seconds, waiting,
            wire_role_name (missed));
}

/* Storage is not asked: one that is no active one is bound nowhere. */
static void look_at_role (router_t *router, int64_t now_ms)
{
    role_t role;
    if (!router->role_file || now_ms < router->role_ms)
        return;
    router->role_ms = now_ms + ROLE_LOOK_MS;
    const bool standby = role_load (&role, router->role_file) == 0 && !role.active;
    dispatcher_stand_by (router->dispatcher, standby ? role.holder : NULL);
}

static void left (void *context, bytes_t client)
{
    router_t *router = context;
    dispatcher_leave (router->dispatcher, client);
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

static int to_peer (void *context, bytes_t peer, bundle_t *bundle)
{
    router_t *router = context;
    return net_send_bundle (router->back, peer, bundle) == NET_OK ? 0 : -1;
}

static void log_closed (const dispatcher_counts_t *counts, uint64_t undelivered)
{
    logger_event (
        LOG_INFO, "shutdown", LOG_SUCCESS,
        "closed: sockets | requests: %llu | refused: %llu | answers: %llu | "
        "redispatched: %llu | given_up: %llu | late: %llu | strays: %llu | "
        "undelivered: %llu",
        (unsigned long long) counts->requests, (unsigned long long) counts->refused,
        (unsigned long long) counts->answers, (unsigned long long) counts->redispatched,
        (unsigned long long) counts->given_up, (unsigned long long) counts->late,
        (unsigned long long) counts->strays, (unsigned long long) undelivered);
}

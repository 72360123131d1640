/* watch.c - a connection, and ZeroMQ's monitor of it: worker, state, ctl, agency. */

#include "watch.h"

#include "address.h"
#include "deadline.h"
#include "logger.h"
#include "monitor.h"
#include "net.h"
#include "waiting.h"

#define EVENTS                                                                         \
    (ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CONNECTED |     \
     ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |       \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |      \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
#define EVENTS_MAX         256 // taken per look
#define LOCAL_RETRY_MS_MAX 100

struct watch {
    watch_options_t options;
    address_t address;
    zsock_t *monitor;
    reach_t reach;
    waiting_t waiting;
    int64_t look_ms; // when to look again at the latest
};

static int open_watch (watch_t *watch, problem_t *problem);
static void connect_anew (watch_t *watch);
static void say (watch_t *watch, int64_t now_ms);

watch_t *watch_new (const watch_options_t *options, int64_t now_ms, problem_t *problem)
{
    watch_t *watch = calloc (1, sizeof *watch);
    assert (watch);
    watch->options = *options;
    waiting_begin (&watch->waiting, now_ms);
    watch->look_ms = now_ms; // see monitor_item ()
    if (open_watch (watch, problem) == -1)
        watch_destroy (&watch);
    return watch;
}

void watch_destroy (watch_t **watch)
{
    if (*watch) {
        monitor_destroy (&(*watch)->monitor, (*watch)->options.socket);
        free (*watch);
    }
    *watch = NULL;
}

zmq_pollitem_t watch_item (const watch_t *watch)
{
    return monitor_item (watch->monitor);
}

int64_t watch_deadline (const watch_t *watch)
{
    return deadline_earlier (watch->reach.stuck_ms, watch->look_ms);
}

void watch_look (watch_t *watch, int64_t now_ms)
{
    uint16_t event;
    uint32_t value;
    int taken = 0;
    for (; taken < EVENTS_MAX && monitor_take (watch->monitor, &event, &value); taken++)
        reach_event (&watch->reach, event, value, now_ms);
    if (reach_turn (&watch->reach, now_ms) != REACH_STAY)
        connect_anew (watch);
    say (watch, now_ms);
    if (taken == EVENTS_MAX)
        watch->look_ms = now_ms; // see monitor_item ()
}

reach_state_t watch_state (const watch_t *watch)
{
    return reach_state (&watch->reach);
}

bool watch_tried_all (const watch_t *watch)
{
    return reach_tried_all (&watch->reach);
}

uint64_t watch_opened (const watch_t *watch)
{
    return watch->reach.opened;
}

static int open_watch (watch_t *watch, problem_t *problem)
{
    const watch_options_t *options = &watch->options;
    char why[ADDRESS_WHY_BYTES];
    if (address_parse (&watch->address, options->endpoint, ADDRESS_SERVER, why) == -1)
        return problem_set (problem, PROCESS_CANNOT_START, "connect",
                            "endpoint: %s | reason: %s", options->endpoint, why);
    const bool tcp = watch->address.scheme == ADDRESS_TCP;
    if (!tcp) // a file that is not there yet costs nothing to try
        zsock_set_reconnect_ivl_max (options->socket, LOCAL_RETRY_MS_MAX);
    reach_start (&watch->reach, tcp && watch->address.host_kind == ADDRESS_NAME,
                 tcp && gate_keys (options->gate));
    watch->monitor = monitor_new (options->socket, EVENTS);
    if (!watch->monitor)
        return problem_set (problem, PROCESS_FAILED, "connect",
                            "reason: out of sockets, %s", zmq_strerror (errno));
    return gate_connect (options->gate, options->socket, options->key,
                         watch->address.endpoint, problem);
}

/* The connection is gone, or will not succeed. */
static void connect_anew (watch_t *watch)
{
    void *handle = zsock_resolve (watch->options.socket);
    zmq_disconnect (handle, watch->address.endpoint); // ZeroMQ may have dropped it
    if (watch->reach.named)
        zsock_set_ipv6 (watch->options.socket, watch->reach.ipv6);
    net_connect (watch->options.socket, watch->address.endpoint);
}

static void say (watch_t *watch, int64_t now_ms)
{
    const reach_state_t state = reach_state (&watch->reach);
    const char *peer = watch->options.peer, *endpoint = watch->address.endpoint;
    const bool certain = reach_needs_help (state);
    int64_t seconds;
    if (state != REACH_UP)
        waiting_begin (&watch->waiting, now_ms);
    else if (waiting_end (&watch->waiting, now_ms, &seconds) && !watch->options.quiet)
        logger_event (LOG_INFO, "conexion", LOG_SUCCESS,
                      "peer: %s | endpoint: %s | after_s: %lld", peer, endpoint,
                      (long long) seconds);
    if (waiting_tells (&watch->waiting, reach_reason (state), certain, now_ms,
                       &seconds) &&
        !watch->options.quiet)
        logger_event (LOG_WARNING, "conexion", certain ? LOG_FAIL : LOG_IN_PROGRESS,
                      "peer: %s | endpoint: %s | waiting_s: %lld | reason: %s", peer,
                      endpoint, (long long) seconds, reach_reason (state));
    watch->look_ms = waiting_deadline (&watch->waiting);
}

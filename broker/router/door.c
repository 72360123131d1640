/* door.c - the broker's front door: ZeroMQ's monitor of it, and the connections' ends.
 */

#include "door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bounds.h"
#include "connections.h"
#include "logger.h"
#include "monitor.h"

#define EVENTS                                                                         \
    (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |                                     \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)

typedef struct {
    char text[INET6_ADDRSTRLEN];
} address_text_t;

struct door {
    door_options_t options;
    zsock_t *monitor; // PAIR
    connections_t *connections;
    uint16_t port;             // 0: no tcp
    address_text_t *addresses; // by descriptor
    size_t addresses_count;
    bool failed; // a handshake: the next connection that ends is the one
    logger_limit_t strangers, named;
};

static size_t connections_max (void);
static void take_events (door_t *door, int count_max, int64_t now_ms);
static void take (door_t *door, uint16_t event, int value, int64_t now_ms);
static void note_address (door_t *door, int descriptor);
static void log_stranger (door_t *door, int descriptor, int64_t now_ms);
static void log_named (door_t *door, int descriptor, int64_t now_ms);
static const char *address_of (const door_t *door, int descriptor);
static const char *noted_address (const door_t *door, int descriptor);
static void left (void *context, bytes_t client);
static void end (void *context, int descriptor);
static bool is_ours (const door_t *door, int descriptor);

door_t *door_new (const door_options_t *options, problem_t *problem)
{
    door_t *door = calloc (1, sizeof *door);
    assert (door);
    door->options = *options;
    const connections_options_t connecting = {
        .max = connections_max (), .context = door, .cut = end, .left = left};
    door->connections = connections_new (&connecting);
    door->monitor = monitor_new (options->front, EVENTS);
    if (!door->monitor) {
        problem_set (problem, PROCESS_FAILED, "listen", "reason: out of sockets, %s",
                     zmq_strerror (errno));
        door_destroy (&door);
    }
    return door;
}

void door_destroy (door_t **door)
{
    if (*door) {
        monitor_destroy (&(*door)->monitor, (*door)->options.front);
        connections_destroy (&(*door)->connections);
        free ((*door)->addresses);
        free (*door);
    }
    *door = NULL;
}

void door_open (door_t *door)
{
    door->port = net_port (door->options.front);
    if (door->port == 0)
        zmq_socket_monitor (zsock_resolve (door->options.front), NULL, 0);
}

zmq_pollitem_t door_item (const door_t *door)
{
    return (zmq_pollitem_t){.socket = zsock_resolve (door->monitor),
                            .events = ZMQ_POLLIN};
}

int64_t door_deadline (const door_t *door)
{
    return connections_deadline (door->connections);
}

void door_look (door_t *door, int64_t now_ms)
{
    take_events (door, LOOP_EVENTS_MAX, now_ms);
    connections_expire (door->connections, now_ms);
}

bool door_admits (door_t *door, gate_visitor_t *visitor, int64_t now_ms)
{
    door_look (door, now_ms); // his connection is among those that were accepted
    if (connections_admit (door->connections, visitor->key, visitor->visit, now_ms))
        return true;
    visitor->refusal = "too many connections with this key that say nothing";
    return false;
}

bool door_heard (door_t *door, const peer_t *peer, zmq_msg_t *body,
                 const gate_sender_t *sender, int64_t now_ms)
{
    if (door->port == 0)
        return true;
    const connections_message_t message = {.descriptor = net_descriptor (body),
                                           .visit = sender ? sender->visit : 0,
                                           .key = sender ? sender->key : "",
                                           .client = net_peer (peer),
                                           .bytes = peer->bytes};
    const bool known =
        connections_knows (door->connections, message.descriptor, message.client);
    if (!known)
        take_events (door, INT_MAX, now_ms); // it has come since
    if (!connections_heard (door->connections, &message))
        return false;
    if (known || !net_named_itself (peer))
        return true;
    log_named (door, message.descriptor, now_ms);
    connections_cut (door->connections, message.descriptor);
    return false;
}

const char *door_address (const door_t *door, zmq_msg_t *body)
{
    return door->port != 0 ? noted_address (door, net_descriptor (body)) : NULL;
}

size_t door_connections (const door_t *door)
{
    return connections_count (door->connections);
}

void door_turn_out (door_t *door, zmq_msg_t *body)
{
    if (door->port != 0)
        connections_cut (door->connections, net_descriptor (body));
}

void door_revoke (door_t *door, bool (*enrolled) (void *context, const char *key),
                  void *context)
{
    connections_revoke (door->connections, enrolled, context);
}

uint16_t door_port (const door_t *door)
{
    return door->port;
}

uint64_t door_holds (void *context, int descriptor, uint64_t received, bool all,
                     int64_t now_ms)
{
    const door_t *door = context;
    return connections_holds (door->connections, descriptor, received, all, now_ms);
}

/* One that is not known is so new that nobody has heard of it. */
void door_cut (void *context, int descriptor)
{
    door_t *door = context;
    if (!connections_cut (door->connections, descriptor))
        end (door, descriptor);
}

/* What the process may have, but for what else it has open; it may be lowered later. */
static size_t connections_max (void)
{
    struct rlimit limit = {.rlim_cur = RLIM_INFINITY};
    getrlimit (RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur > CLIENTS_MAX + DESCRIPTORS_KEPT)
        return CLIENTS_MAX;
    return limit.rlim_cur > 2 * DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT
                                                 : DESCRIPTORS_KEPT;
}

/* In the order in which things happened: one thread of ZeroMQ's does all of them. */
static void take_events (door_t *door, int count_max, int64_t now_ms)
{
    uint16_t event;
    uint32_t value;
    for (int i = 0; i < count_max && monitor_take (door->monitor, &event, &value); i++)
        take (door, event, (int) value, now_ms);
}

static void take (door_t *door, uint16_t event, int value, int64_t now_ms)
{
    switch (event) {
    case ZMQ_EVENT_ACCEPTED:
        note_address (door, value);
        connections_opened (door->connections, value, now_ms);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        if (door->failed)
            log_stranger (door, value, now_ms);
        door->failed = false;
        connections_ended (door->connections, value);
        break;
    default:
        door->failed = true;
    }
}

/* While it is open: when its handshake fails it is closed before that is known here. */
static void note_address (door_t *door, int descriptor)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    const size_t needed = (size_t) descriptor + 1;
    if (needed > door->addresses_count) {
        const size_t count = 2 * needed;
        door->addresses = realloc (door->addresses, count * sizeof *door->addresses);
        assert (door->addresses);
        memset (door->addresses + door->addresses_count, 0,
                (count - door->addresses_count) * sizeof *door->addresses);
        door->addresses_count = count;
    }
    char *text = door->addresses[descriptor].text;
    *text = 0;
    if (getpeername (descriptor, (struct sockaddr *) &peer, &size) == -1)
        return;
    const void *address = peer.ss_family == AF_INET6
                              ? (void *) &((struct sockaddr_in6 *) &peer)->sin6_addr
                              : (void *) &((struct sockaddr_in *) &peer)->sin_addr;
    inet_ntop (peer.ss_family, address, text, sizeof door->addresses->text);
}

static void log_stranger (door_t *door, int descriptor, int64_t now_ms)
{
    logger_event_limited (
        &door->strangers, now_ms, LOG_WARNING, "conexion", LOG_FAIL,
        "door: agencies | address: %s | reason: it does not speak ZeroMQ, or not with "
        "the keys that are asked for here",
        address_of (door, descriptor));
}

static void log_named (door_t *door, int descriptor, int64_t now_ms)
{
    logger_event_limited (
        &door->named, now_ms, LOG_WARNING, "conexion", LOG_FAIL,
        "door: agencies | address: %s | reason: it gave itself a routing id",
        address_of (door, descriptor));
}

static const char *address_of (const door_t *door, int descriptor)
{
    const char *address = noted_address (door, descriptor);
    return address ? address : "unknown";
}

static const char *noted_address (const door_t *door, int descriptor)
{
    const bool noted = descriptor >= 0 && (size_t) descriptor < door->addresses_count &&
                       *door->addresses[descriptor].text;
    return noted ? door->addresses[descriptor].text : NULL;
}

static void left (void *context, bytes_t client)
{
    const door_t *door = context;
    door->options.left (door->options.context, client);
}

/* The descriptor is ZeroMQ's, which finds the connection at its end and closes it; that
   is then a reset, which a peer with much yet to be sent hears of at once. */
static void end (void *context, int descriptor)
{
    const struct linger none = {.l_onoff = 1, .l_linger = 0};
    if (!is_ours (context, descriptor))
        return; // it has ended, and the descriptor is another's by now
    setsockopt (descriptor, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    shutdown (descriptor, SHUT_RDWR);
}

static bool is_ours (const door_t *door, int descriptor)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    if (getsockname (descriptor, (struct sockaddr *) &own, &size) == -1)
        return false;
    const in_port_t port = own.ss_family == AF_INET6
                               ? ((struct sockaddr_in6 *) &own)->sin6_port
                               : ((struct sockaddr_in *) &own)->sin_port;
    return (own.ss_family == AF_INET || own.ss_family == AF_INET6) &&
           ntohs (port) == door->port;
}

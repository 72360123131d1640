/* net.c - the sockets of every process. */

#include "net.h"

#include <sys/random.h>

#include "doorstep.h"
#include "process.h"

#define PORT_TRIES 10

static int shuffle_ids (problem_t *problem);
static zsock_t *open_socket (int type, size_t message_bytes_max, int messages_max,
                             problem_t *problem);
static void set_family (zsock_t *socket, const char *endpoint);
static int listen_at_all (zsock_t *socket, const places_t *places, uint16_t port);
static void last_endpoint (zsock_t *socket, char *endpoint, size_t size);
static size_t drop_rest (void *handle);
static size_t frame_bytes (zmq_msg_t *frame);
static int receive_frame (void *handle, zmq_msg_t *frame);
static int send_frame (void *handle, zmq_msg_t *frame, int flags);
static net_status_t send_status (void);
static void free_data (void *data, void *hint);

zsock_t *net_router (size_t message_bytes_max, int messages_max, problem_t *problem)
{
    doorstep_open ();
    if (shuffle_ids (problem) == -1)
        return NULL;
    zsock_t *socket =
        open_socket (ZMQ_ROUTER, message_bytes_max, messages_max, problem);
    if (socket) // what cannot be routed is an error, not lost
        zsock_set_router_mandatory (socket, 1);
    return socket;
}

zsock_t *net_dealer (size_t message_bytes_max, int messages_max, problem_t *problem)
{
    zsock_t *socket =
        open_socket (ZMQ_DEALER, message_bytes_max, messages_max, problem);
    if (!socket)
        return NULL;
    zsock_set_immediate (socket, 1); // nothing is queued to a peer that is not there
    zsock_set_reconnect_ivl (socket, CONNECT_RETRY_MS);
    zsock_set_reconnect_ivl_max (socket, CONNECT_RETRY_MS_MAX);
    zsock_set_connect_timeout (socket, CONNECT_MS);
    return socket;
}

int net_bind (zsock_t *socket, const char *endpoint)
{
    set_family (socket, endpoint);
    return zmq_bind (zsock_resolve (socket), endpoint);
}

int net_connect (zsock_t *socket, const char *endpoint)
{
    set_family (socket, endpoint);
    return zmq_connect (zsock_resolve (socket), endpoint);
}

int net_listen (zsock_t *socket, const places_t *places, address_t *address)
{
    const bool any_port = address->scheme == ADDRESS_TCP && address->port == 0;
    int rc;
    int tries = any_port && places->count > 1 ? PORT_TRIES : 1;
    do // a port that is free at the first of them may be taken at another
        rc = listen_at_all (socket, places, any_port ? 0 : address->port);
    while (rc == -1 && errno == EADDRINUSE && --tries > 0);
    if (rc == 0 && any_port)
        address_set_port (address, net_port (socket));
    if (rc == 0 && address->scheme == ADDRESS_IPC)
        last_endpoint (socket, address->endpoint, sizeof address->endpoint);
    return rc;
}

const char *net_problem (int error)
{
    return error == EINVAL ? "not a ZeroMQ endpoint such as tcp://127.0.0.1:12345"
                           : zmq_strerror (error);
}

uint16_t net_port (zsock_t *socket)
{
    char endpoint[ADDRESS_TEXT_BYTES];
    last_endpoint (socket, endpoint, sizeof endpoint);
    const char *colon = strrchr (endpoint, ':');
    return strncmp (endpoint, "tcp://", 6) == 0 ? (uint16_t) atoi (colon + 1) : 0;
}

net_status_t net_receive (zsock_t *socket, peer_t *peer, zmq_msg_t *body)
{
    void *handle = zsock_resolve (socket);
    if (receive_frame (handle, body) == -1)
        return NET_EMPTY;
    if (peer) {
        if (zmq_msg_size (body) > ADDRESS_BYTES_MAX) {
            zmq_msg_recv (body, handle, ZMQ_DONTWAIT); // has its connection
            if (zmq_msg_more (body))
                drop_rest (handle);
            return NET_NAME;
        }
        peer->bytes = 0;
        peer->size = (uint8_t) zmq_msg_size (body);
        memcpy (peer->id, zmq_msg_data (body), peer->size);
        if (!zmq_msg_more (body))
            return NET_FRAMES;
        // the frames of one message arrive together, unless its connection just broke
        if (receive_frame (handle, body) == -1)
            return NET_FRAMES;
        peer->bytes = frame_bytes (body);
    }
    if (!zmq_msg_more (body))
        return NET_OK;
    const size_t dropped = drop_rest (handle);
    if (peer)
        peer->bytes += dropped;
    return NET_FRAMES;
}

net_status_t net_send (zsock_t *socket, bytes_t peer, zmq_msg_t *body)
{
    void *handle = zsock_resolve (socket);
    if (peer.size > 0) {
        zmq_msg_t address;
        zmq_msg_init_size (&address, peer.size);
        memcpy (zmq_msg_data (&address), peer.data, peer.size);
        if (send_frame (handle, &address, ZMQ_DONTWAIT | ZMQ_SNDMORE) == -1) {
            zmq_msg_close (&address);
            return send_status ();
        }
        // ROUTER took the address, so it takes the body, or drops it if the peer left
    }
    if (send_frame (handle, body, ZMQ_DONTWAIT) == -1)
        return send_status ();
    return NET_OK;
}

int net_descriptor (zmq_msg_t *body)
{
    return zmq_msg_get (body, ZMQ_SRCFD);
}

bool net_named_itself (const peer_t *peer)
{
    return peer->size != 5 || peer->id[0] != 0;
}

bool net_ready (zsock_t *socket)
{
    return zsock_events (socket) & ZMQ_POLLOUT;
}

net_status_t net_send_bundle (zsock_t *socket, bytes_t peer, bundle_t *bundle)
{
    if (bundle->messages == 0)
        return NET_OK;
    size_t size;
    uint8_t *data = bundle_release (bundle, &size);
    zmq_msg_t body;
    const int rc = zmq_msg_init_data (&body, data, size, free_data, NULL);
    assert (rc == 0);
    const net_status_t status = net_send (socket, peer, &body);
    if (status != NET_OK)
        zmq_msg_close (&body);
    return status;
}

net_status_t net_send_message (zsock_t *socket, bytes_t peer,
                               const wire_message_t *message)
{
    zmq_msg_t body;
    zmq_msg_init_size (&body, wire_size (message));
    wire_encode (message, zmq_msg_data (&body));
    const net_status_t status = net_send (socket, peer, &body);
    if (status != NET_OK)
        zmq_msg_close (&body);
    return status;
}

bool net_answer_ping (zsock_t *socket, const peer_t *peer, zmq_msg_t *body,
                      const char *name)
{
    const bool ping = net_is_ping (net_body (body));
    const wire_message_t pong = {.command = WIRE_PONG,
                                 .name = bytes_of (name, strlen (name))};
    if (ping)
        net_send_message (socket, net_peer (peer), &pong);
    return ping;
}

bool net_is_ping (bytes_t body)
{
    wire_message_t message;
    return body.size == WIRE_HEADER_BYTES &&
           wire_decode (body, &message) == REFUSED_OK && message.command == WIRE_PING;
}

/* ZeroMQ numbers a ROUTER's peers starting from rand (), which starts alike in every
   process; and a peer that claims the next number makes ZeroMQ fail an assertion
   (4.3.4; tried). So nobody may be able to guess it. */
static int shuffle_ids (problem_t *problem)
{
    unsigned seed;
    if (getrandom (&seed, sizeof seed, 0) != sizeof seed)
        return problem_set (problem, PROCESS_FAILED, "socket",
                            "reason: no random numbers, %s", strerror (errno));
    srand (seed);
    return 0;
}

static zsock_t *open_socket (int type, size_t message_bytes_max, int messages_max,
                             problem_t *problem)
{
    if (process_need_descriptors (DESCRIPTORS_OWN, problem) == -1)
        return NULL;
    zsock_t *socket = zsock_new (type);
    if (!socket) {
        problem_set (problem, PROCESS_FAILED, "socket", "reason: out of sockets, %s",
                     zmq_strerror (errno));
        return NULL;
    }
    const int64_t size_max = (int64_t) message_bytes_max;
    const int rc = zmq_setsockopt (zsock_resolve (socket), ZMQ_MAXMSGSIZE, &size_max,
                                   sizeof size_max);
    assert (rc == 0);
    zsock_set_sndhwm (socket, messages_max);
    zsock_set_rcvhwm (socket, 0); // see net_router ()
    zsock_set_linger (socket, LINGER_MS);
    zsock_set_handshake_ivl (socket, HANDSHAKE_MS);
    zsock_set_heartbeat_ivl (socket, ZMTP_HEARTBEAT_MS);
    zsock_set_heartbeat_timeout (socket, ZMTP_TIMEOUT_MS);
    zsock_set_heartbeat_ttl (socket, ZMTP_TIMEOUT_MS);
    zsock_set_tcp_keepalive (socket, 1);
    return socket;
}

/* With IPv6 on, ZeroMQ turns IPv4 addresses into IPv6 ones, 0.0.0.0 too. So it is on
   only for those that need it, and for *, which is all addresses of this machine. */
static void set_family (zsock_t *socket, const char *endpoint)
{
    static const char *const by_ipv6[] = {"tcp://[", "tcp://*:"};
    for (size_t i = 0; i < sizeof by_ipv6 / sizeof *by_ipv6; i++)
        if (strncmp (endpoint, by_ipv6[i], strlen (by_ipv6[i])) == 0)
            zsock_set_ipv6 (socket, 1);
}

static int listen_at_all (zsock_t *socket, const places_t *places, uint16_t port)
{
    char bound[PLACES_MAX][ADDRESS_TEXT_BYTES];
    size_t count = 0;
    int error = 0;
    for (size_t i = 0; i < places->count; i++) {
        address_t place = places->list[i];
        if (place.scheme == ADDRESS_TCP)
            address_set_port (&place, port);
        zsock_set_ipv6 (socket, 0);
        if (net_bind (socket, place.endpoint) == 0) {
            last_endpoint (socket, bound[count++], sizeof *bound);
            port = net_port (socket);
        } else if (error == 0 || (errno != EADDRNOTAVAIL && errno != EAFNOSUPPORT))
            error = errno;
    }
    if (count > 0 && (error == 0 || error == EADDRNOTAVAIL || error == EAFNOSUPPORT))
        return 0;
    while (count > 0)
        zmq_unbind (zsock_resolve (socket), bound[--count]);
    errno = error;
    return -1;
}

static void last_endpoint (zsock_t *socket, char *endpoint, size_t size)
{
    endpoint[0] = 0;
    zmq_getsockopt (zsock_resolve (socket), ZMQ_LAST_ENDPOINT, endpoint, &size);
}

/* Take the rest of a message with too many frames one by one, and keep nothing. Returns
   how many bytes they had. */
static size_t drop_rest (void *handle)
{
    zmq_msg_t frame;
    zmq_msg_init (&frame);
    int more = 1;
    size_t dropped = 0;
    while (more && zmq_msg_recv (&frame, handle, ZMQ_DONTWAIT) != -1) {
        more = zmq_msg_more (&frame);
        dropped += frame_bytes (&frame);
    }
    zmq_msg_close (&frame);
    return dropped;
}

/* Including what ZMTP and CURVE add. */
static size_t frame_bytes (zmq_msg_t *frame)
{
    const bool curve = zmq_msg_gets (frame, "User-Id") != NULL;
    const size_t size = zmq_msg_size (frame) + (curve ? CURVE_BYTES : 0);
    return size + (size > UINT8_MAX ? 9 : 2);
}

static int receive_frame (void *handle, zmq_msg_t *frame)
{
    int rc;
    do
        rc = zmq_msg_recv (frame, handle, ZMQ_DONTWAIT);
    while (rc == -1 && errno == EINTR);
    return rc;
}

static int send_frame (void *handle, zmq_msg_t *frame, int flags)
{
    int rc;
    do
        rc = zmq_msg_send (frame, handle, flags);
    while (rc == -1 && errno == EINTR);
    return rc;
}

static net_status_t send_status (void)
{
    assert (errno == EAGAIN || errno == EHOSTUNREACH);
    return errno == EAGAIN ? NET_FULL : NET_GONE;
}

static void free_data (void *data, void *hint)
{
    (void) hint;
    free (data);
}

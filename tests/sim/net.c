/* net.c - net.h's sockets on the simulated network, linked in place of the product's
   net.c. A zsock_t is a network_socket_t here; nobody looks into it. */

#include "net.h"

#include "checks.h"
#include "world.h"

static network_socket_t *socket_of (zsock_t *socket);
static net_status_t send_now (node_t *node, network_socket_t *socket, bytes_t peer,
                              bytes_t body);

zsock_t *net_router (size_t message_bytes_max, int messages_max, problem_t *problem)
{
    return net_dealer (message_bytes_max, messages_max, problem);
}

zsock_t *net_dealer (size_t message_bytes_max, int messages_max, problem_t *problem)
{
    (void) message_bytes_max, (void) messages_max, (void) problem;
    const node_t *node = world_node ();
    return (zsock_t *) network_open (node->world->network, node->index);
}

net_status_t net_receive (zsock_t *socket, peer_t *peer, zmq_msg_t *body)
{
    bytes_t from, message;
    node_t *node = world_node ();
    if (!node_point (node) || !network_receive (socket_of (socket), &from, &message))
        return NET_EMPTY;
    if (node->agency > 0)
        checks_received (node->world->checks, node, message);
    if (node->disk)
        checks_reached (node->world->checks, node, message);
    zmq_msg_close (body);
    zmq_msg_init_size (body, message.size);
    put_bytes (zmq_msg_data (body), message);
    if (peer) {
        *peer = (peer_t){.size = (uint8_t) from.size, .bytes = message.size + 9};
        put_bytes (peer->id, from);
    }
    return NET_OK;
}

net_status_t net_send (zsock_t *socket, bytes_t peer, zmq_msg_t *body)
{
    const net_status_t status =
        send_now (world_node (), socket_of (socket), peer, net_body (body));
    if (status == NET_OK) {
        zmq_msg_close (body);
        zmq_msg_init (body);
    }
    return status;
}

net_status_t net_send_bundle (zsock_t *socket, bytes_t peer, bundle_t *bundle)
{
    net_status_t status = NET_OK;
    if (bundle->size > 0)
        status = send_now (world_node (), socket_of (socket), peer,
                           bytes_of (bundle->data, bundle->size));
    bundle_clear (bundle);
    return status;
}

net_status_t net_send_message (zsock_t *socket, bytes_t peer,
                               const wire_message_t *message)
{
    zmq_msg_t body;
    zmq_msg_init_size (&body, wire_size (message));
    wire_encode (message, zmq_msg_data (&body));
    const net_status_t status = net_send (socket, peer, &body);
    zmq_msg_close (&body);
    return status;
}

bool net_ready (zsock_t *socket)
{
    return network_ready (socket_of (socket));
}

/* As over ipc: there is no connection that could be told or cut. */
int net_descriptor (zmq_msg_t *body)
{
    (void) body;
    return -1;
}

uint16_t net_port (zsock_t *socket)
{
    (void) socket;
    return 0;
}

bool net_named_itself (const peer_t *peer)
{
    (void) peer;
    return false;
}

/* Nobody asks how it is. */
bool net_is_ping (bytes_t body)
{
    (void) body;
    return false;
}

bool net_answer_ping (zsock_t *socket, const peer_t *peer, zmq_msg_t *body,
                      const char *name)
{
    (void) socket, (void) peer, (void) body, (void) name;
    return false;
}

/* czmq's, which the shells call themselves. */
#undef zsock_destroy
void zsock_destroy (zsock_t **socket)
{
    if (*socket)
        network_close (socket_of (*socket), world_node ()->world->now_ms);
    *socket = NULL;
}

void zsock_destroy_checked (zsock_t **socket, const char *filename, size_t line)
{
    (void) filename, (void) line;
    zsock_destroy (socket);
}

void *zsock_resolve (void *socket)
{
    (void) socket;
    return NULL;
}

static network_socket_t *socket_of (zsock_t *socket)
{
    return (network_socket_t *) socket;
}

static net_status_t send_now (node_t *node, network_socket_t *socket, bytes_t peer,
                              bytes_t body)
{
    static const net_status_t statuses[] = {
        [NETWORK_SENT] = NET_OK, [NETWORK_FULL] = NET_FULL, [NETWORK_GONE] = NET_GONE};
    if (!node_point (node))
        return NET_GONE;
    if (node->agency > 0 && network_ready (socket))
        checks_sent (node->world->checks, node, body);
    else if (node->agency == 0)
        checks_told (node->world->checks, node, body);
    const network_status_t status =
        network_send (socket, peer, body, node->world->now_ms);
    world_trace (node->world, "%s sends %zu bytes%s", node->name, body.size,
                 status == NETWORK_SENT ? "" : ": not taken");
    return statuses[status];
}

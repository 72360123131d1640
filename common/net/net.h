/* net.h - ZeroMQ sockets as Lotería uses them: ROUTER and DEALER, one frame per
   message, never blocking, everything bounded. The rules behind the options are in
   docs/architecture.md ("ZeroMQ, the rules we keep"). */

#ifndef LOTERIA_NET_H
#define LOTERIA_NET_H

#include <czmq.h>

#include "bounds.h"
#include "bundle.h"
#include "places.h"
#include "problem.h"

typedef struct { // a peer of a ROUTER
    uint8_t size;
    uint8_t id[ADDRESS_BYTES_MAX];
    size_t bytes; // of the message that was received, as they came over the wire
} peer_t;

typedef enum {
    NET_OK,
    NET_EMPTY,  // receive: nothing is waiting
    NET_FRAMES, // receive: more frames than one; all of them are gone
    NET_NAME,   // receive: the peer gave itself a routing id longer than
                // ADDRESS_BYTES_MAX, which no ZeroMQ does; of its message `body` has
                // a frame, for net_descriptor ()
    NET_FULL,   // send: the peer's pipe is full, or a DEALER has no peer; nothing was
                // sent
    NET_GONE    // send: a ROUTER has no such peer
} net_status_t;

/* A socket whose messages have at most `message_bytes_max` bytes, with at most
   `messages_max` queued for each peer. Incoming messages have no such bound, on
   purpose: a full queue, a peer that hangs up and a heartbeat after that fail an
   assertion in ZeroMQ (4.3.4, out_event (); tried: any peer could end the process).
   Incoming bytes are bounded: by memory_guard.h at the front, elsewhere by what was
   asked for (a window, a worker's credit). NULL with the problem when out of sockets.
 */
zsock_t *net_router (size_t message_bytes_max, int messages_max, problem_t *problem);
zsock_t *net_dealer (size_t message_bytes_max, int messages_max, problem_t *problem);

/* Each returns 0, or -1 with errno set (EADDRINUSE, EACCES, EINVAL for a malformed
   one, ...). An IPv6 address in brackets uses IPv6; a name, whatever the socket is set
   to (ZMQ_IPV6): IPv4 unless told otherwise. */
int net_bind (zsock_t *socket, const char *endpoint);
int net_connect (zsock_t *socket, const char *endpoint);

/* Listen at all of the places, with the same port at each if any will do. One of
   several that this machine lacks (it may be without IPv6) is skipped. `address` is
   what they were found for, and has the port afterwards. 0, or -1 with errno set,
   listening nowhere. */
int net_listen (zsock_t *socket, const places_t *places, address_t *address);

/* Why they failed, for people. */
const char *net_problem (int error);

/* The tcp port that the socket is bound to; 0 when there is none. */
uint16_t net_port (zsock_t *socket);

/* Take a message, if there is one. `peer` is for a ROUTER, else NULL. `body` must be
   initialised, and has the message afterwards if the result is NET_OK. */
net_status_t net_receive (zsock_t *socket, peer_t *peer, zmq_msg_t *body);

/* Send `body`; on NET_OK it is empty afterwards, else it is as it was. `peer` names a
   ROUTER's receiver (by its routing id) and is an empty slice for a DEALER. */
net_status_t net_send (zsock_t *socket, bytes_t peer, zmq_msg_t *body);

/* The descriptor of the tcp connection that the message came over; -1 for any other
   transport. (Like the sender's key, from the last frame. Over tcp ZeroMQ sets it
   before it reads what the peer says about itself; over ipc a peer could forge it.) */
int net_descriptor (zmq_msg_t *body);

/* Whether the peer gave itself a routing id, which no client of ours does: ZeroMQ's own
   are a zero and four bytes. One that looks like those cannot be told from them. */
bool net_named_itself (const peer_t *peer);

/* Whether there is anything to be taken where items[i] is, of those that were polled;
   NULL: perhaps everywhere. To ask a socket itself takes two system calls. */
static inline bool net_polled (const zmq_pollitem_t *items, size_t i)
{
    return !items || items[i].revents != 0;
}

/* Whether a DEALER's next send will succeed: a peer is there and has room. */
bool net_ready (zsock_t *socket);

/* Send a bundle, which is empty afterwards whatever the result. An empty one is not
   sent, and NET_OK. */
net_status_t net_send_bundle (zsock_t *socket, bytes_t peer, bundle_t *bundle);

/* Send one message of the small kinds (at most WIRE_SMALL_BYTES_MAX + documents). */
net_status_t net_send_message (zsock_t *socket, bytes_t peer,
                               const wire_message_t *message);

/* Whether a message on an inner socket, where bundles are what is expected, is a PING.
 */
bool net_is_ping (bytes_t body);

/* Answer it, as the process of this name, if it is one; returns whether it was. It does
   not matter if the asker is gone. */
bool net_answer_ping (zsock_t *socket, const peer_t *peer, zmq_msg_t *body,
                      const char *name);

static inline bytes_t net_peer (const peer_t *peer)
{
    return bytes_of (peer->id, peer->size);
}

static inline bytes_t net_body (zmq_msg_t *body)
{
    return bytes_of (zmq_msg_data (body), zmq_msg_size (body));
}

#endif

/* network.h - the sockets of a simulated day, and the links between them. Messages get
   lost, repeated, late and out of order; links go down and come up again; pipes are
   full.

   A socket is a ROUTER, which others connect to by the name that it is bound to, or a
   DEALER, which connects to one. All of a node's sockets are gone with its life. */

#ifndef LOTERIA_NETWORK_H
#define LOTERIA_NETWORK_H

#include "bytes.h"
#include "dice.h"

#define NETWORK_NODES_MAX 80
#define NETWORK_SLOTS     4 // sockets of a node

typedef struct {
    int64_t delay_least_ms, delay_most_ms;
    unsigned loss, repeats; // of a thousand messages
    bool reorders;
    unsigned capacity; // messages that a link holds each way
} network_weather_t;

typedef struct {
    uint64_t sent, lost, repeated, cuts;
} network_counts_t;

typedef enum {
    NETWORK_SENT, // and perhaps lost
    NETWORK_FULL, // nobody is connected yet, or the link is full
    NETWORK_GONE  // a ROUTER has no such peer
} network_status_t;

typedef struct network network_t;
typedef struct network_socket network_socket_t;

network_t *network_new (dice_t *dice);
void network_destroy (network_t **network);
void network_weather (network_t *network, const network_weather_t *weather);

/* A node's life begins, or ends with its sockets and all that was waiting for it. */
void network_begin (network_t *network, int node);
void network_end (network_t *network, int node, int64_t now_ms);
/* Cut some link, or none if none is up. */
void network_cut (network_t *network, int64_t now_ms);

/* Let time pass, and when there is next something to do (INT64_MAX: never). */
void network_advance (network_t *network, int64_t now_ms);
int64_t network_next (const network_t *network);

/* Whether anything waits for the node: a message in any of its sockets, or the news
   that a link of its has come up or gone down since it looked last. */
bool network_waits (const network_t *network, int node);
/* The node looks: from each socket it may take so many messages, drawn anew, until it
   looks again. */
void network_look (network_t *network, int node, int appetite_max);

/* The sockets. Names are compared, not understood. */
network_socket_t *network_open (network_t *network, int node);
void network_close (network_socket_t *socket, int64_t now_ms);
void network_bind (network_socket_t *socket, const char *name);
void network_connect (network_socket_t *socket, const char *name, int64_t now_ms);
/* Of a DEALER: whether it is connected now, and how often it has been so far. */
bool network_up (const network_socket_t *socket);
uint64_t network_opened (const network_socket_t *socket);
/* Whether a DEALER would take a message. */
bool network_ready (const network_socket_t *socket);
/* `peer` names a ROUTER's receiver, and is an empty slice for a DEALER. */
network_status_t network_send (network_socket_t *socket, bytes_t peer, bytes_t body,
                               int64_t now_ms);
/* Take a message; false when there is none. Both are valid until the next call. */
bool network_receive (network_socket_t *socket, bytes_t *peer, bytes_t *body);

const network_counts_t *network_counts (const network_t *network);

#endif

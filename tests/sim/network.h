/* network.h - what ZeroMQ and TCP do with messages, and worse.

   A link joins a client's socket (a DEALER) to a server's (a ROUTER). While it is up it
   carries messages both ways, each with its own delay; it may lose, repeat and reorder
   them, which TCP would not. It comes up by itself a while after it was cut or an end
   of it died, with another routing id. A server that begins a new life gives out the
   same ids again. */

#ifndef LOTERIA_NETWORK_H
#define LOTERIA_NETWORK_H

#include "bytes.h"
#include "dice.h"

#define NETWORK_NODES_MAX 32
#define NETWORK_SLOTS     3 // sockets of a node
#define NETWORK_LINKS_MAX 64

typedef struct {
    int64_t delay_least_ms, delay_most_ms;
    unsigned loss, repeats; // of a thousand messages
    bool reorders;
    unsigned capacity; // messages that a link holds each way
} network_weather_t;

typedef struct {
    uint64_t sent, lost, repeated, cuts;
} network_counts_t;

typedef struct network network_t;

network_t *network_new (dice_t *dice);
void network_destroy (network_t **network);

/* The client's socket connects to the server's. */
void network_link (network_t *network, int client, int client_slot, int server,
                   int server_slot);
void network_weather (network_t *network, const network_weather_t *weather);

/* A node's life begins, or ends with all that was waiting for it. */
void network_begin (network_t *network, int node, int64_t now_ms);
void network_end (network_t *network, int node, int64_t now_ms);
/* Cut some link, or none if none is up. */
void network_cut (network_t *network, int64_t now_ms);

/* Let time pass, and when there is next something to do (INT64_MAX: never). */
void network_advance (network_t *network, int64_t now_ms);
int64_t network_next (const network_t *network);

/* Whether a DEALER would take a message. */
bool network_ready (const network_t *network, int node, int slot);
/* False when there is nobody, or no room. `peer` names a ROUTER's receiver, and is an
   empty slice for a DEALER. */
bool network_send (network_t *network, int node, int slot, bytes_t peer, bytes_t body,
                   int64_t now_ms);
/* Whether anything waits for the node, in any of its sockets. */
bool network_waits (const network_t *network, int node);
/* Take a message; false when there is none. `peer` may be NULL. Both are valid until
   the next call. */
bool network_receive (network_t *network, int node, int slot, bytes_t *peer,
                      bytes_t *body);

const network_counts_t *network_counts (const network_t *network);

#endif

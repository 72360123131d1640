/* door.h - the broker's front as a door: hears of each tcp connection that begins and
   ends there, and ends those that are to go. What it remembers of them, and whom to
   cut, is connections.h's. A front that is no tcp socket has no such door: who may open
   its file may come in, and nothing here does anything. */

#ifndef LOTERIA_DOOR_H
#define LOTERIA_DOOR_H

#include <czmq.h>

#include "gate.h"
#include "net.h"

typedef struct door door_t;

typedef struct {
    zsock_t *front; // not bound yet
    void *context;
    void (*left) (void *context, bytes_t client); // see connections.h
} door_options_t;

/* NULL with the problem when out of sockets. */
door_t *door_new (const door_options_t *options, problem_t *problem);
/* Before the front itself. */
void door_destroy (door_t **door);

/* The front is bound by now. */
void door_open (door_t *door);

/* What to poll, when to look at the latest, and to look. */
zmq_pollitem_t door_item (const door_t *door);
int64_t door_deadline (const door_t *door);
void door_look (door_t *door, int64_t now_ms);

/* Whether he may come in, as far as it depends on how many there are. If not the
   visitor is told why. */
bool door_admits (door_t *door, gate_visitor_t *visitor, int64_t now_ms);

/* A message came in. False: over a connection that is being ended, perhaps for this
   message; it is not to be looked at. `sender` is NULL when there are no keys. */
bool door_heard (door_t *door, const peer_t *peer, zmq_msg_t *body,
                 const gate_sender_t *sender, int64_t now_ms);

/* Where a message came from: its address, as text; NULL when that is not known.
   Borrowed until the next look. And how many connections there are. */
const char *door_address (const door_t *door, zmq_msg_t *body);
size_t door_connections (const door_t *door);

/* End the connection that the message came over. */
void door_turn_out (door_t *door, zmq_msg_t *body);

/* End those whose key may not come in any more. */
void door_revoke (door_t *door, bool (*enrolled) (void *context, const char *key),
                  void *context);

/* For memory_guard.h: the port; what a connection makes the broker hold, of so many
   bytes that were received; and to end it. */
uint16_t door_port (const door_t *door);
uint64_t door_holds (void *door, int descriptor, uint64_t received, bool all,
                     int64_t now_ms);
void door_cut (void *door, int descriptor);

#endif

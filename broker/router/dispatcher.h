/* dispatcher.h - all that the broker decides: which request goes to which worker, and
   whose an answer is.

   Pure: no socket and no clock. Requests come in from the front and go to the workers;
   answers come in at the back from whoever has them: storage, state, a worker. What is
   to be sent comes out through two functions that the owner gives. While storage is
   missing nothing is handed over; while state is, only what is for storage. */

#ifndef LOTERIA_DISPATCHER_H
#define LOTERIA_DISPATCHER_H

#include <zmq.h>

#include "absent.h"
#include "bounds.h"
#include "bundle.h"
#include "clients.h"
#include "parts.h"
#include "pool.h"
#include "turned_down.h"

typedef struct {
    uint32_t boot; // drawn at random for each life of a broker; not 0
    wire_limits_t limits;
    uint64_t queue_bytes_max; // that may wait; 0, and beyond it: QUEUE_BYTES_MAX
    void *context;
    /* Send a message to a client; it is borrowed. */
    void (*to_client) (void *context, bytes_t client, bytes_t message);
    /* Send a bundle to a peer at the back, which takes what it holds. Returns 0, or -1
       when it cannot take it: a worker is then no worker any more. */
    int (*to_peer) (void *context, bytes_t peer, bundle_t *bundle);
} dispatcher_options_t;

typedef struct { // since the start
    uint64_t requests, refused, answers;
    uint64_t late;         // answers to an earlier broker's requests
    uint64_t strays;       // what was no message, or not for who sent it to say
    uint64_t redispatched; // requests taken from a worker that died
    uint64_t given_up;     // requests without an answer in time
    uint64_t shed;         // waiting requests that made room for another agency's
} dispatcher_counts_t;

typedef struct dispatcher dispatcher_t;

dispatcher_t *dispatcher_new (const dispatcher_options_t *options, int64_t now_ms);
void dispatcher_destroy (dispatcher_t **dispatcher);

typedef struct {               // who a client is
    bool keyed;                // clients are known by their keys
    uint32_t agency;           // then: whose key it is, 0 nobody's
    const char *key, *address; // as far as they are known, else NULL; borrowed
} sender_t;

/* A message from a client. It is answered at once if it is none, or cannot be taken;
   else it is queued, and the message's content is the dispatcher's. Returns the code
   that it was refused with, REFUSED_OK when it was not. */
wire_code_t dispatcher_request (dispatcher_t *dispatcher, bytes_t client,
                                sender_t sender, zmq_msg_t *message);

/* This central is a standby from now on, of the one that `active` names, for people:
   whatever is asked is refused at once. NULL: it is none. Copied. */
void dispatcher_stand_by (dispatcher_t *dispatcher, const char *active);
bool dispatcher_stands_by (const dispatcher_t *dispatcher);

/* Refuse what cannot even be looked at, such as a message of several frames, of so many
   bytes together. */
void dispatcher_refuse (dispatcher_t *dispatcher, bytes_t client, sender_t sender,
                        wire_code_t code, size_t bytes);

/* This client's connection has ended: what waits of its requests is dropped, and what
   is under way for it is answered to nobody. The next one with its routing id is
   another. */
void dispatcher_leave (dispatcher_t *dispatcher, bytes_t client);

/* A key of this agency has been taken away: whatever is under way for its connections
   is dropped, and nobody is answered. One that still has a key asks again. */
void dispatcher_forget (dispatcher_t *dispatcher, uint32_t agency);

/* A bundle from the back: somebody's comings and goings, and answers. `key_role` is the
   one role that his key lets him have: what gate_role () says. */
void dispatcher_bundle (dispatcher_t *dispatcher, bytes_t peer, uint8_t key_role,
                        bytes_t bundle, int64_t now_ms);

/* Hand what waits to the workers, as far as their credit goes. */
void dispatcher_dispatch (dispatcher_t *dispatcher, int64_t now_ms);

/* Take leave of the silent, and of requests that nobody answered or can answer. */
void dispatcher_expire (dispatcher_t *dispatcher, int64_t now_ms);
/* When that is next due; INT64_MAX when nothing is. */
int64_t dispatcher_deadline (const dispatcher_t *dispatcher);

size_t dispatcher_workers (const dispatcher_t *dispatcher);
/* Of which role somebody is needed, and nobody is there; ROLE_NONE: of none, as of a
   standby, whose storage and state serve nobody. */
uint8_t dispatcher_missing (const dispatcher_t *dispatcher);
/* Requests that wait for a worker, or for state; the bytes of those and of what is
 * under way. */
size_t dispatcher_waiting (const dispatcher_t *dispatcher);
uint64_t dispatcher_bytes (const dispatcher_t *dispatcher);
const dispatcher_counts_t *dispatcher_counts (const dispatcher_t *dispatcher);

/* All that there is to be told of it (broker_status.h). Borrowed. */
typedef struct {
    const clients_t *clients;
    const pool_t *pool;
    const absent_t *absent;
    const parts_t *parts;
    const turned_down_t *refusals;
} dispatcher_view_t;

dispatcher_view_t dispatcher_view (const dispatcher_t *dispatcher);

#endif

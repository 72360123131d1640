/* connections.h - who is connected at the broker's front: whose each connection is, how
   many each key has, and what each of them makes the broker hold.

   Pure. A connection is known by its descriptor from when it is accepted to its end,
   and from its first message on by the key that it showed, by its visit (the gate
   numbers those it lets in: a descriptor is given out again, a visit is not) and by the
   routing id of its client. ZeroMQ tells none of the last three before that, so whoever
   says nothing for too long is cut; he connects again.

   A key may have so many connections; of more, the one that was silent longest is cut.
   So whoever comes back after a crash is not kept out by what is left of himself. */

#ifndef LOTERIA_CONNECTIONS_H
#define LOTERIA_CONNECTIONS_H

#include <stdbool.h>

#include "bytes.h"
#include "keys.h"

typedef struct connections connections_t;

typedef struct {
    size_t max; // connections in all; of more, one is cut
    void *context;
    /* End this connection. */
    void (*cut) (void *context, int descriptor);
    /* The client with this routing id is gone, or will be: its connection was cut. */
    void (*left) (void *context, bytes_t client);
} connections_options_t;

typedef struct { // what a message tells of the connection that it came over
    int descriptor;
    uint64_t visit;  // 0: without keys
    const char *key; // Z85; "" without keys
    bytes_t client;  // its routing id
    size_t bytes;    // of the message, as it came over the wire
} connections_message_t;

connections_t *connections_new (const connections_options_t *options);
void connections_destroy (connections_t **connections);

/* Whether one more with this key may come in, which will be this visit. Not if too many
   of them have come in and not said anything yet. Every connection that was accepted so
   far is to be told of first: the visit is one of theirs. */
bool connections_admit (connections_t *connections, const char *key, uint64_t visit,
                        int64_t now_ms);

/* A connection was accepted; one has ended. */
void connections_opened (connections_t *connections, int descriptor, int64_t now_ms);
void connections_ended (connections_t *connections, int descriptor);

/* Whether this is the client of that connection: if not, what became of connections is
   to be told first. */
bool connections_knows (const connections_t *connections, int descriptor,
                        bytes_t client);

/* A message came. False: its connection was cut or has ended, so nobody waits for it.
 */
bool connections_heard (connections_t *connections,
                        const connections_message_t *message);

/* End one for what it did. False when there is no such connection. */
bool connections_cut (connections_t *connections, int descriptor);

/* End all whose key may not come in any more. */
void connections_revoke (connections_t *connections,
                         bool (*enrolled) (void *context, const char *key),
                         void *context);

/* End one, if there is one, so that another may come. */
void connections_make_room (connections_t *connections);

/* End those that have been silent from the start for too long; when that is next due
   (INT64_MAX: never). */
void connections_expire (connections_t *connections, int64_t now_ms);
int64_t connections_deadline (const connections_t *connections);

/* Of `received` bytes that came in over it, how many are of messages that have not been
   seen. What goes over every connection beside messages, its handshake and heartbeats,
   is left out as far as it can be told: for that it has to be asked now and then. With
   `all` it is not. */
uint64_t connections_holds (connections_t *connections, int descriptor,
                            uint64_t received, bool all, int64_t now_ms);

/* Open ones, and those of this key. */
size_t connections_count (const connections_t *connections);
size_t connections_of (const connections_t *connections, const char *key);

#endif

/* bare.h - the yardstick: the bare topology of Lotería's shape, with nothing in it.

   clients DEALER -> ROUTER broker ROUTER -> DEALER workers DEALER -> ROUTER storage,
   and back; each a process; one message a batch on every hop; no protocol, no checks.
   What a program of this shape can do on this machine when it does nothing but move
   batches (and, if asked, sync them before it acknowledges). Messages are moved, never
   copied: it is as quick as the shape allows while it stays simple. */

#ifndef LOTERIA_BARE_H
#define LOTERIA_BARE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

#define BARE_ENDPOINT_BYTES 128

typedef struct {                 // what the processes share
    pthread_barrier_t bound;     // broker and storage have bound; others may connect
    pthread_barrier_t connected; // every client has had an answer; the clock starts
    char front[BARE_ENDPOINT_BYTES], back[BARE_ENDPOINT_BYTES];
    char storage[BARE_ENDPOINT_BYTES];
    char server_public[41], server_secret[41]; // CURVE, the front's
} bare_shared_t;

typedef struct {
    uint32_t clients, workers;
    uint32_t bytes;   // of a batch
    uint32_t window;  // batches of a client that are under way
    uint32_t count;   // batches of each client
    uint32_t rate;    // batches a second of all; 0: as many as the windows let pass
    bool sync;        // fdatasync before acknowledging
    bool curve;       // at the front
    bool ipc;         // inner hops over ipc in place of tcp
    const char *file; // what storage appends to
} bare_options_t;

typedef struct {
    int64_t start_ns, end_ns;
} bare_times_t;

typedef struct {
    const bare_options_t *options;
    bare_shared_t *shared;
    uint64_t client;     // which this is, 0..
    bare_times_t *times; // of this client
    uint32_t *latencies; // of this client: options->count
} bare_t;

/* Each is the whole life of a process. All but the client's end by being killed. */
void bare_client (bare_t *bare);
void bare_broker (bare_t *bare);
void bare_worker (bare_t *bare);
void bare_storage (bare_t *bare);

#endif

/* watch.h - connects a socket, keeps trying, and logs which peer it waits for, where,
   since when and why; reach.h and waiting.h decide that.

     action: conexion | result: in_progress | peer: storage | endpoint: tcp://... |
       waiting_s: 5 | reason: the name does not resolve to an address
     action: conexion | result: success | peer: storage | endpoint: tcp://... |
       after_s: 12

   The first after WAIT_FIRST_MS and then every WAIT_AGAIN_MS; as `fail` and at once
   when it will not pass by itself. The second only if the first was logged. */

#ifndef LOTERIA_WATCH_H
#define LOTERIA_WATCH_H

#include <czmq.h>

#include "gate.h"
#include "reach.h"

typedef struct {
    gate_t *gate;         // these three are borrowed
    zsock_t *socket;      // a DEALER, not connected yet
    const char *endpoint; // where to; tcp:// may be left out
    const char *peer;     // its name, for people: "storage"
    const char *key;      // as gate_connect takes it
    bool quiet;           // log nothing: the owner does
} watch_options_t;

typedef struct watch watch_t;

/* Connect. NULL with the problem when that is not an address, or out of sockets. */
watch_t *watch_new (const watch_options_t *options, int64_t now_ms, problem_t *problem);

/* Before the socket itself. */
void watch_destroy (watch_t **watch);

/* For a loop: what to poll, when to look at the latest, and to look. */
zmq_pollitem_t watch_item (const watch_t *watch);
int64_t watch_deadline (const watch_t *watch);
void watch_look (watch_t *watch, int64_t now_ms);

/* How it stands, as of the last look. */
reach_state_t watch_state (const watch_t *watch);
bool watch_tried_all (const watch_t *watch);  // reach_tried_all ()
uint64_t watch_opened (const watch_t *watch); // how often it was there so far

#endif

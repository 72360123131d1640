/* router.h - the broker process: sockets and time around the dispatcher. */

#ifndef LOTERIA_ROUTER_H
#define LOTERIA_ROUTER_H

#include <czmq.h>

#include "problem.h"
#include "wire.h"

typedef struct {
    const char *listen;    // ZeroMQ endpoint for agencies
    const char *workers;   // ZeroMQ endpoint for workers
    const char *keys;      // folder, see keys.h; NULL: no CURVE
    bool insecure;         // without keys: listen beyond this machine all the same
    uint64_t memory_max;   // bytes
    const char *role_file; // of storage, see role.h: whether this central is a standby;
                           // NULL or "": it is none
    wire_limits_t limits;
} router_options_t;

typedef struct router router_t;

/* Listen. NULL with the problem. */
router_t *router_new (const router_options_t *options, int64_t now_ms,
                      problem_t *problem);
void router_destroy (router_t **router);

/* What to poll before the next turn; returns how many those are. And when to take it at
   the latest. */
#define ROUTER_ITEMS 4
size_t router_items (const router_t *router, zmq_pollitem_t *items);
int64_t router_deadline (const router_t *router);

/* Take what is there and pass it on; nothing is waited for. `items` as they were
   polled: nothing else is looked at. NULL: everything is. */
void router_turn (router_t *router, const zmq_pollitem_t *items, int64_t now_ms);

/* Serve until SIGTERM or SIGINT. Returns the exit code. */
int router_serve (const router_options_t *options, int signal_fd);

#endif

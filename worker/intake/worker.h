/* worker.h - one worker process: sockets and time around the intake. */

#ifndef LOTERIA_WORKER_H
#define LOTERIA_WORKER_H

#include <czmq.h>

#include "problem.h"

typedef struct {
    const char *broker, *storage, *state; // ZeroMQ endpoints to connect to
    const char *listen; // where to answer PING and STATUS; NULL: nowhere
    const char *name;   // of this process, for who asks the broker; NULL: HOST/PID
    const char *keys;   // folder, see keys.h; NULL: no CURVE
    bool insecure;      // without keys: listen beyond this machine all the same
    uint32_t rows_max;
    uint32_t number_max;
    uint32_t credit;
    uint32_t heartbeat_ms;
} worker_options_t;

typedef struct worker worker_t;

/* Begin to connect, and listen. NULL with the problem. */
worker_t *worker_new (const worker_options_t *options, int64_t now_ms,
                      problem_t *problem);
void worker_destroy (worker_t **worker); // takes leave of the broker

/* What to poll before the next turn: at most WORKER_ITEMS; returns how many. And when
   to take it at the latest. */
#define WORKER_ITEMS 8
size_t worker_items (const worker_t *worker, zmq_pollitem_t *items);
int64_t worker_deadline (const worker_t *worker);

/* Take what is there and pass it on; nothing is waited for. `items` as they were
   polled: nothing else is looked at. NULL: everything is. */
void worker_turn (worker_t *worker, const zmq_pollitem_t *items, int64_t now_ms);

/* For a process that starts several workers, so that it is said once: whether the keys
   can be loaded. 0, or -1 with the problem. Opens no ZeroMQ context. */
int worker_check_keys (const worker_options_t *options, problem_t *problem);

/* Work until SIGTERM or SIGINT. Returns the exit code. */
int worker_serve (const worker_options_t *options, int signal_fd);

#endif

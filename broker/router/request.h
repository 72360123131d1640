/* request.h - a request on its way through the broker: waiting in its client's queue,
   in flight, or overdue with a worker. It is in exactly one of the three. */

#ifndef LOTERIA_REQUEST_H
#define LOTERIA_REQUEST_H

#include <assert.h>
#include <stdbool.h>
#include <zmq.h>

#include "bounds.h"
#include "bytes.h"

typedef struct request request_t;
typedef struct client client_t;
typedef struct worker worker_t;

struct request {
    client_t *client;       // whose request; borrowed; NULL: it has gone since
    worker_t *worker;       // who has it; NULL while it waits; borrowed
    request_t *prev, *next; // waiting: in the client's queue; in flight: by deadline
    request_t *mate_prev, *mate_next; // in flight: the same client's others
    uint32_t ticket;                  // in flight: what its answer will carry
    bool overdue;        // given up: what its worker does with it nobody knows
    int64_t deadline_ms; // in flight: when it is given up
    bool for_storage;    // a worker passes it on there
    uint64_t end;        // a batch: the offset behind its last bet; else 0
    size_t bytes;        // that it takes here: its message, and itself
    uint8_t tries;       // times it was handed to a worker
    zmq_msg_t message;   // owned: the request, encoded
};

static_assert (sizeof (request_t) <= REQUEST_BYTES,
               "a request is counted as what it is");

void request_destroy (request_t **request);

static inline bytes_t request_message (request_t *request)
{
    return (bytes_t){zmq_msg_data (&request->message),
                     zmq_msg_size (&request->message)};
}

#endif

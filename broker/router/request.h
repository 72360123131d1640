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

/* A message with several requests in it (BATCHES): memory has it whole until the last
   of them is over. What none of them counts is its spare bytes, which the lane of its
   client counts, and all lanes together. */
typedef struct {
    size_t holders; // requests in it that are not over, and whoever adds them
    size_t spare;
    size_t *lane_spare, *all_spare; // borrowed
} parcel_t;

struct request {
    client_t *client;       // whose request; borrowed; NULL: it has gone since
    worker_t *worker;       // who has it; NULL while it waits; borrowed
    request_t *prev, *next; // waiting: in the client's queue; in flight: by deadline
    request_t *mate_prev, *mate_next; // in flight: the same client's others
    request_t *held_prev, *held_next; // in flight: the same worker's others
    uint32_t ticket;                  // in flight: what its answer will carry
    bool overdue;        // given up: what its worker does with it nobody knows
    int64_t deadline_ms; // in flight: when it is given up
    bool for_storage;    // a worker passes it on there
    uint64_t draw;       // that it speaks of
    uint64_t end;        // a batch: the offset behind its last bet; else 0
    size_t bytes;        // that it takes here: its message, and itself
    uint8_t tries;       // times it was handed to a worker
    zmq_msg_t message;   // owned: the request, encoded
    parcel_t *parcel;    // of a message with others in it: it shares that one, and is
    size_t at, size;     // `size` bytes of it, from `at` on; else NULL
};

static_assert (sizeof (request_t) + sizeof (parcel_t) <= REQUEST_BYTES,
               "a request is counted as what it is");

void request_destroy (request_t **request);
/* Its message is not needed any more. */
void request_empty (request_t *request);

/* For a message of so many bytes, all of them spare so far. Add its requests, which
   must have empty messages of their own, and then release it. */
parcel_t *parcel_new (size_t bytes, size_t *lane_spare, size_t *all_spare);
void parcel_add (parcel_t *parcel, request_t *request, zmq_msg_t *message, size_t at,
                 size_t size);
void parcel_release (parcel_t **parcel);

static inline bytes_t request_message (request_t *request)
{
    const uint8_t *data = zmq_msg_data (&request->message);
    return request->parcel ? bytes_of (data + request->at, request->size)
                           : bytes_of (data, zmq_msg_size (&request->message));
}

#endif

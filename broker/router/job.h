/* job.h - a request on its way through the broker: waiting in its client's queue, or in
   flight at a worker. It is in exactly one of the two. */

#ifndef LOTERIA_JOB_H
#define LOTERIA_JOB_H

#include <assert.h>
#include <stdbool.h>
#include <zmq.h>

#include "bounds.h"
#include "bytes.h"

typedef struct job job_t;
typedef struct client client_t;
typedef struct worker worker_t;

struct job {
    client_t *client;   // whose request; borrowed; NULL: it has gone since
    worker_t *worker;   // who has it; NULL while it waits; borrowed
    job_t *prev, *next; // waiting: in the client's queue; in flight: by deadline
    job_t *mate_prev, *mate_next; // in flight: the same client's others
    uint64_t ticket;              // in flight: what its answer will carry
    int64_t deadline_ms;          // in flight: when it is given up
    bool for_storage;             // a worker passes it on there
    uint64_t end;                 // a batch: the offset behind its last bet; else 0
    size_t bytes;                 // that it takes here: its message, and itself
    uint8_t tries;                // times it was handed to a worker
    zmq_msg_t message;            // owned: the request, encoded
};

static_assert (sizeof (job_t) <= REQUEST_BYTES, "a request is counted as what it is");

static inline bytes_t job_message (job_t *job)
{
    return (bytes_t){zmq_msg_data (&job->message), zmq_msg_size (&job->message)};
}

#endif

/* request.c - a client's requests, and the messages that hold them (broker). */

#include "request.h"

#include <stdlib.h>

static void let_go (parcel_t *parcel);

parcel_t *parcel_new (size_t bytes, size_t *lane_spare, size_t *all_spare)
{
    parcel_t *parcel = calloc (1, sizeof *parcel);
    assert (parcel);
    *parcel = (parcel_t){1, bytes, lane_spare, all_spare};
    *lane_spare += bytes;
    *all_spare += bytes;
    return parcel;
}

void parcel_release (parcel_t **parcel)
{
    let_go (*parcel);
    *parcel = NULL;
}

void parcel_add (parcel_t *parcel, request_t *request, zmq_msg_t *message, size_t at,
                 size_t size)
{
    const int rc = zmq_msg_copy (&request->message, message);
    assert (rc == 0);
    request->parcel = parcel;
    request->at = at;
    request->size = size;
    parcel->holders++;
    parcel->spare -= size;
    *parcel->lane_spare -= size;
    *parcel->all_spare -= size;
}

void request_empty (request_t *request)
{
    zmq_msg_close (&request->message);
    zmq_msg_init (&request->message);
    parcel_t *parcel = request->parcel;
    if (!parcel)
        return;
    request->parcel = NULL;
    parcel->spare += request->size; // it is kept for the others
    *parcel->lane_spare += request->size;
    *parcel->all_spare += request->size;
    request->size = 0;
    let_go (parcel);
}

void request_destroy (request_t **request)
{
    request_empty (*request);
    zmq_msg_close (&(*request)->message);
    free (*request);
    *request = NULL;
}

static void let_go (parcel_t *parcel)
{
    if (--parcel->holders > 0)
        return;
    *parcel->lane_spare -= parcel->spare;
    *parcel->all_spare -= parcel->spare;
    free (parcel);
}

/* clients.h - who talks to the broker's front, and what of theirs waits for a worker.

   Pure. Fair: each agency that is known by its key has a lane, however many connections
   it opens; a client that nobody vouches for has one of its own. Lanes are served in
   turn, a few requests each (LANE_TURN) and so many bytes (LANE_TURN_BYTES: a request
   that is longer waits for as many turns as it needs), and the clients of a lane in
   turn, one each. What somebody piles up delays nobody else. Bounded per lane, and in
   all: when that bound is reached, whose lane is the longest gives way.

   While state is away, what is not for storage waits aside: it has no turn, and keeps
   nobody from his. */

#ifndef LOTERIA_CLIENTS_H
#define LOTERIA_CLIENTS_H

#include <stdbool.h>
#include <uthash.h>

#include "attendance.h"
#include "request.h"
#include "bounds.h"

typedef struct lane lane_t;

struct client {
    uint8_t id_size;
    uint8_t id[ADDRESS_BYTES_MAX]; // routing id at the front
    uint64_t number;               // of this client, and of none after it
    uint32_t speaks_for;           // attendance.h: the agency whose it says it is
    lane_t *lane;
    request_t *waiting;    // in the order they came
    request_t *aside;      // likewise, while state is away
    request_t *in_flight;  // linked as mates
    client_t *prev, *next; // in its lane's ring of those with something waiting, or in
                           // the list of those with nothing at all, longest idle first
    client_t *member_prev, *member_next; // in its lane
    client_t *aside_prev, *aside_next;   // among those with something aside
    bool idle;                           // nothing waiting, nothing in flight
    UT_hash_handle hh;                   // by number
};

typedef struct clients clients_t;

/* At most `requests_max` waiting in each lane, and `bytes_max` in all. */
clients_t *clients_new (size_t requests_max, size_t bytes_max);
void clients_destroy (clients_t **clients); // and the requests that wait

/* The client with this routing id, made if need be, in the lane of `agency`; 0: nobody
   vouches for it. NULL when there are too many. */
client_t *clients_admit (clients_t *clients, bytes_t id, uint32_t agency);
client_t *clients_find (clients_t *clients, bytes_t id);
/* The client with this number; NULL: it has gone. */
client_t *clients_numbered (const clients_t *clients, uint64_t number);

/* Whose it is; 0: nobody vouches for it. */
uint32_t clients_agency (const client_t *client);

/* Queue a request, behind the client's others, or before them if it was at a worker
   already. The first returns -1 when a bound is reached: the request is then still the
   caller's. `request->bytes` says how much it takes. */
int clients_queue (clients_t *clients, request_t *request);
/* When it was the bound for all: the latest request in the longest lane, now the
   caller's, so that there is room for `request`. NULL when that bound was not it, or
   when no lane would still be as long as the request's. */
request_t *clients_shed (clients_t *clients, const request_t *request);
void clients_requeue (clients_t *clients, request_t *request);

/* The next request to serve, in flight from here on. NULL: none. */
request_t *clients_next (clients_t *clients);
size_t clients_waiting (const clients_t *clients);

/* From here on what is not for storage waits aside, what waits already too; or no more:
   then it is served next of its client's. */
void clients_set_aside (clients_t *clients, bool aside);
size_t clients_aside (const clients_t *clients);

/* Any request that waits, or that waits aside, now the caller's: nobody is going to
   serve it. NULL: none. */
request_t *clients_pop (clients_t *clients);
request_t *clients_pop_aside (clients_t *clients);

/* The bytes that all these take, and those of messages that are kept for others in
   them. */
size_t clients_bytes (const clients_t *clients);

/* For a message of the client's with several requests in it, whose requests must all be
   over, or emptied, before the client is removed. */
parcel_t *clients_parcel (clients_t *clients, client_t *client, size_t bytes);

/* Somebody was refused what cost us so many bytes: they are taken off his next turns.
 */
void clients_charge (client_t *client, size_t bytes);

/* A request in flight has ended; it is the caller's. */
void clients_settle (clients_t *clients, request_t *request);

/* Forget the client's waiting batches of this draw that end at or before `next`: they
   are stored. */
void clients_drop_stored (clients_t *clients, client_t *client, uint64_t draw,
                          uint64_t next);

/* Which agencies are there. */
attendance_t *clients_attendance (const clients_t *clients);

/* Requests that wait, also aside, of this agency; without keys, of this client of it.
 */
size_t clients_queued (const clients_t *clients, uint32_t agency, uint64_t number);

/* Any client in the lane of this agency, NULL when there is none. */
client_t *clients_member (clients_t *clients, uint32_t agency);

/* Forget a client that has nothing in flight, and what it has waiting. */
void clients_remove (clients_t *clients, client_t *client);

#endif

/* clients.c - the broker's front queue. */

#include "clients.h"

#include <assert.h>
#include <czmq.h>
#include <uthash.h>
#include <utlist.h>

struct lane {
    uint32_t agency;   // 0: of one client that nobody vouches for
    client_t *members; // all its clients
    client_t *ring;    // those with something waiting, next to be served first
    size_t waiting;    // requests
    size_t waiting_bytes;
    size_t aside;        // requests that wait aside
    size_t spare;        // bytes of messages that are kept for others in them
    size_t served;       // of them, in this turn
    int64_t bytes;       // that it may still have in this turn; below 0: a debt
    lane_t *prev, *next; // in the ring of lanes with something waiting
    UT_hash_handle hh;
};

struct clients {
    zhashx_t *by_id;
    client_t *by_number;
    uint64_t numbers; // given so far
    lane_t *by_agency;
    attendance_t *attendance;
    size_t requests_max, bytes_max;
    size_t waiting, waiting_bytes;
    bool set_aside; // what is not for storage waits aside
    size_t aside, aside_bytes;
    client_t *with_aside;
    size_t spare;   // of all lanes
    lane_t *ring;   // with something waiting, next to be served first
    client_t *idle; // with nothing here at all, longest idle first
};

static size_t hash_id (const void *key);
static int compare_ids (const void *a, const void *b);
static void free_client (void **item);
static void take_leave (clients_t *clients, client_t *client);
static void evict_one (clients_t *clients);
static void enter_lane (clients_t *clients, client_t *client, uint32_t agency);
static void leave_lane (clients_t *clients, client_t *client);
static void wait_more (clients_t *clients, request_t *request);
static void wait_less (clients_t *clients, request_t *request);
static bool waits_aside (const clients_t *clients, const request_t *request);
static void aside_more (clients_t *clients, request_t *request);
static void aside_less (clients_t *clients, request_t *request);
static void take_aside (clients_t *clients, client_t *client);
static void put_back (clients_t *clients, client_t *client);
static void wake (clients_t *clients, client_t *client);
static size_t lane_requests (const lane_t *lane);
static void rest (clients_t *clients, client_t *client);
static bool fits (const clients_t *clients, const request_t *request);
static size_t lane_bytes (const lane_t *lane);
static lane_t *lane_due (clients_t *clients);
static void end_turn (clients_t *clients, lane_t *lane);

clients_t *clients_new (size_t requests_max, size_t bytes_max)
{
    clients_t *clients = calloc (1, sizeof *clients);
    assert (clients);
    clients->requests_max = requests_max;
    clients->bytes_max = bytes_max;
    clients->attendance = attendance_new ();
    clients->by_id = zhashx_new ();
    zhashx_set_key_hasher (clients->by_id, hash_id);
    zhashx_set_key_comparator (clients->by_id, compare_ids);
    zhashx_set_key_duplicator (clients->by_id, NULL); // the key lies in the client
    zhashx_set_key_destructor (clients->by_id, NULL);
    zhashx_set_destructor (clients->by_id, free_client);
    return clients;
}

void clients_destroy (clients_t **clients)
{
    if (*clients) {
        client_t *client = zhashx_first ((*clients)->by_id);
        for (; client; client = zhashx_next ((*clients)->by_id))
            take_leave (*clients, client);
        zhashx_destroy (&(*clients)->by_id);
        attendance_destroy (&(*clients)->attendance);
        free (*clients);
    }
    *clients = NULL;
}

client_t *clients_admit (clients_t *clients, bytes_t id, uint32_t agency)
{
    client_t *client = clients_find (clients, id);
    if (client)
        return client; // a connection's key stays, and so does whose it is: see remove
    if (zhashx_size (clients->by_id) >= CLIENTS_MAX)
        evict_one (clients);
    if (zhashx_size (clients->by_id) >= CLIENTS_MAX)
        return NULL;
    client = calloc (1, sizeof *client);
    assert (client);
    client->id_size = (uint8_t) id.size;
    put_bytes (client->id, id);
    client->number = ++clients->numbers;
    HASH_ADD (hh, clients->by_number, number, sizeof client->number, client);
    zhashx_insert (clients->by_id, &client->id_size, client);
    enter_lane (clients, client, agency);
    rest (clients, client);
    return client;
}

client_t *clients_find (clients_t *clients, bytes_t id)
{
    assert (id.size <= ADDRESS_BYTES_MAX);
    uint8_t key[1 + ADDRESS_BYTES_MAX];
    put_bytes (put_u8 (key, (uint8_t) id.size), id);
    return zhashx_lookup (clients->by_id, key);
}

client_t *clients_numbered (const clients_t *clients, uint64_t number)
{
    client_t *client;
    HASH_FIND (hh, clients->by_number, &number, sizeof number, client);
    return client;
}

uint32_t clients_agency (const client_t *client)
{
    return client->lane->agency;
}

int clients_queue (clients_t *clients, request_t *request)
{
    client_t *client = request->client;
    if (lane_requests (client->lane) >= clients->requests_max ||
        !fits (clients, request))
        return -1;
    if (waits_aside (clients, request)) {
        aside_more (clients, request);
        DL_APPEND (client->aside, request);
    } else {
        wait_more (clients, request);
        DL_APPEND (client->waiting, request);
    }
    return 0;
}

void clients_requeue (clients_t *clients, request_t *request)
{
    client_t *client = request->client;
    DL_DELETE2 (client->in_flight, request, mate_prev, mate_next);
    if (waits_aside (clients, request)) {
        aside_more (clients, request);
        DL_PREPEND (client->aside, request);
    } else {
        wait_more (clients, request);
        DL_PREPEND (client->waiting, request);
    }
}

void clients_set_aside (clients_t *clients, bool aside)
{
    if (aside == clients->set_aside)
        return;
    clients->set_aside = aside;
    client_t *client = zhashx_first (clients->by_id);
    for (; client && aside; client = zhashx_next (clients->by_id))
        take_aside (clients, client);
    while (clients->with_aside && !aside)
        put_back (clients, clients->with_aside);
}

size_t clients_aside (const clients_t *clients)
{
    return clients->aside;
}

request_t *clients_pop (clients_t *clients)
{
    if (!clients->ring)
        return clients_pop_aside (clients);
    request_t *request = clients->ring->ring->waiting;
    wait_less (clients, request);
    rest (clients, request->client);
    return request;
}

request_t *clients_pop_aside (clients_t *clients)
{
    if (!clients->with_aside)
        return NULL;
    request_t *request = clients->with_aside->aside;
    aside_less (clients, request);
    rest (clients, request->client);
    return request;
}

request_t *clients_shed (clients_t *clients, const request_t *request)
{
    const lane_t *own = request->client->lane, *longest = own;
    if (lane_requests (own) >= clients->requests_max || fits (clients, request))
        return NULL;
    for (const lane_t *lane = clients->ring; lane; lane = lane->next)
        if (lane_bytes (lane) > lane_bytes (longest))
            longest = lane;
    if (lane_bytes (longest) <= lane_bytes (own) + request->bytes)
        return NULL;
    request_t *latest =
        longest->ring->prev->waiting->prev; // before the first is the last
    wait_less (clients, latest);
    rest (clients, latest->client);
    return latest;
}

/* The next turn of a lane, and of a client in it, comes after all the others'. */
request_t *clients_next (clients_t *clients)
{
    lane_t *lane = lane_due (clients);
    if (!lane)
        return NULL;
    client_t *client = lane->ring;
    request_t *request = client->waiting;
    lane->bytes -= (int64_t) request->bytes;
    wait_less (clients, request);
    DL_APPEND2 (client->in_flight, request, mate_prev, mate_next);
    if (client->waiting) {
        DL_DELETE (lane->ring, client);
        DL_APPEND (lane->ring, client);
    }
    if (lane->ring && ++lane->served >= LANE_TURN)
        end_turn (clients, lane);
    return request;
}

size_t clients_waiting (const clients_t *clients)
{
    return clients->waiting;
}

size_t clients_bytes (const clients_t *clients)
{
    return clients->waiting_bytes + clients->aside_bytes + clients->spare;
}

parcel_t *clients_parcel (clients_t *clients, client_t *client, size_t bytes)
{
    return parcel_new (bytes, &client->lane->spare, &clients->spare);
}

void clients_charge (client_t *client, size_t bytes)
{
    lane_t *lane = client->lane;
    lane->bytes -= (int64_t) bytes;
    if (lane->bytes < -LANE_DEBT_BYTES_MAX)
        lane->bytes = -LANE_DEBT_BYTES_MAX;
}

void clients_settle (clients_t *clients, request_t *request)
{
    DL_DELETE2 (request->client->in_flight, request, mate_prev, mate_next);
    rest (clients, request->client);
}

void clients_drop_stored (clients_t *clients, client_t *client, uint64_t draw,
                          uint64_t next)
{
    request_t *request, *following;
    DL_FOREACH_SAFE (client->waiting, request, following)
    {
        if (request->draw == draw && request->end > 0 && request->end <= next) {
            wait_less (clients, request);
            request_destroy (&request);
        }
    }
    rest (clients, client);
}

attendance_t *clients_attendance (const clients_t *clients)
{
    return clients->attendance;
}

size_t clients_queued (const clients_t *clients, uint32_t agency, uint64_t number)
{
    lane_t *lane;
    HASH_FIND (hh, clients->by_agency, &agency, sizeof agency, lane);
    const client_t *client = lane ? NULL : clients_numbered (clients, number);
    return lane ? lane_requests (lane) : client ? lane_requests (client->lane) : 0;
}

client_t *clients_member (clients_t *clients, uint32_t agency)
{
    lane_t *lane;
    HASH_FIND (hh, clients->by_agency, &agency, sizeof agency, lane);
    return lane ? lane->members : NULL;
}

void clients_remove (clients_t *clients, client_t *client)
{
    take_leave (clients, client);
    zhashx_delete (clients->by_id, &client->id_size);
}

/* A key is a size byte and as many bytes: the head of a client. Hashed by FNV-1a. */
static size_t hash_id (const void *key)
{
    const uint8_t *id = key;
    size_t hash = 14695981039346656037u;
    for (size_t i = 0; i <= id[0]; i++)
        hash = (hash ^ id[i]) * 1099511628211u;
    return hash;
}

static int compare_ids (const void *a, const void *b)
{
    const uint8_t *left = a, *right = b;
    return memcmp (left, right, 1 + (size_t) (left[0] < right[0] ? left[0] : right[0]));
}

static void free_client (void **item)
{
    free (*item);
    *item = NULL;
}

/* All of it but its place in the table. */
static void take_leave (clients_t *clients, client_t *client)
{
    request_t *request, *following;
    DL_FOREACH_SAFE (client->waiting, request, following)
    {
        wait_less (clients, request);
        request_destroy (&request);
    }
    while ((request = client->aside)) {
        aside_less (clients, request);
        request_destroy (&request);
    }
    if (client->idle)
        DL_DELETE (clients->idle, client);
    leave_lane (clients, client);
    attendance_left (clients->attendance, client);
    HASH_DELETE (hh, clients->by_number, client);
}

/* Nothing tells a broker that a connection has gone; who has been idle longest goes. */
static void evict_one (clients_t *clients)
{
    if (clients->idle)
        clients_remove (clients, clients->idle);
}

static void enter_lane (clients_t *clients, client_t *client, uint32_t agency)
{
    lane_t *lane = NULL;
    if (agency > 0)
        HASH_FIND (hh, clients->by_agency, &agency, sizeof agency, lane);
    if (!lane) {
        lane = calloc (1, sizeof *lane);
        assert (lane);
        lane->agency = agency;
        if (agency > 0)
            HASH_ADD (hh, clients->by_agency, agency, sizeof agency, lane);
    }
    client->lane = lane;
    DL_APPEND2 (lane->members, client, member_prev, member_next);
}

static void leave_lane (clients_t *clients, client_t *client)
{
    lane_t *lane = client->lane;
    DL_DELETE2 (lane->members, client, member_prev, member_next);
    if (lane->members)
        return;
    if (lane->agency > 0)
        HASH_DELETE (hh, clients->by_agency, lane);
    free (lane);
}

/* Before the request is put into the client's queue. */
static void wait_more (clients_t *clients, request_t *request)
{
    client_t *client = request->client;
    lane_t *lane = client->lane;
    wake (clients, client);
    if (!lane->ring)
        DL_APPEND (clients->ring, lane);
    if (!client->waiting)
        DL_APPEND (lane->ring, client);
    lane->waiting++;
    lane->waiting_bytes += request->bytes;
    clients->waiting++;
    clients->waiting_bytes += request->bytes;
}

/* Takes it out of the queue. */
static void wait_less (clients_t *clients, request_t *request)
{
    client_t *client = request->client;
    lane_t *lane = client->lane;
    DL_DELETE (client->waiting, request);
    if (!client->waiting)
        DL_DELETE (lane->ring, client);
    if (!lane->ring) {
        DL_DELETE (clients->ring, lane);
        lane->served = 0;
        lane->bytes = lane->bytes < 0 ? lane->bytes : 0;
    }
    lane->waiting--;
    lane->waiting_bytes -= request->bytes;
    clients->waiting--;
    clients->waiting_bytes -= request->bytes;
}

static bool waits_aside (const clients_t *clients, const request_t *request)
{
    return clients->set_aside && !request->for_storage;
}

/* Before the request is put among those aside. */
static void aside_more (clients_t *clients, request_t *request)
{
    client_t *client = request->client;
    wake (clients, client);
    if (!client->aside)
        DL_APPEND2 (clients->with_aside, client, aside_prev, aside_next);
    client->lane->aside++;
    clients->aside++;
    clients->aside_bytes += request->bytes;
}

/* Takes it out of them. */
static void aside_less (clients_t *clients, request_t *request)
{
    client_t *client = request->client;
    DL_DELETE (client->aside, request);
    if (!client->aside)
        DL_DELETE2 (clients->with_aside, client, aside_prev, aside_next);
    client->lane->aside--;
    clients->aside--;
    clients->aside_bytes -= request->bytes;
}

static void take_aside (clients_t *clients, client_t *client)
{
    request_t *request, *following;
    DL_FOREACH_SAFE (client->waiting, request, following)
    {
        if (!request->for_storage) {
            wait_less (clients, request);
            aside_more (clients, request);
            DL_APPEND (client->aside, request);
        }
    }
}

/* Before the others that wait, in the order in which they came. */
static void put_back (clients_t *clients, client_t *client)
{
    while (client->aside) {
        request_t *last = client->aside->prev; // before the first is the last
        aside_less (clients, last);
        wait_more (clients, last);
        DL_PREPEND (client->waiting, last);
    }
}

static void wake (clients_t *clients, client_t *client)
{
    if (!client->idle)
        return;
    client->idle = false;
    DL_DELETE (clients->idle, client);
}

static void rest (clients_t *clients, client_t *client)
{
    if (client->idle || client->waiting || client->aside || client->in_flight)
        return;
    client->idle = true;
    DL_APPEND (clients->idle, client);
}

static bool fits (const clients_t *clients, const request_t *request)
{
    return clients_bytes (clients) + request->bytes <= clients->bytes_max;
}

static size_t lane_requests (const lane_t *lane)
{
    return lane->waiting + lane->aside;
}

static size_t lane_bytes (const lane_t *lane)
{
    return lane->waiting_bytes + lane->spare;
}

/* The lane whose turn it is. One whose next request is longer than what it has left
   keeps that and waits for its next turn, which adds to it. Ends, since each round adds
   to every lane, and no lane lacks more than its longest request and its debt. */
static lane_t *lane_due (clients_t *clients)
{
    lane_t *lane;
    while ((lane = clients->ring)) {
        if (lane->served == 0)
            lane->bytes += LANE_TURN_BYTES;
        if (lane->bytes >= (int64_t) lane->ring->waiting->bytes)
            return lane;
        lane->served = 0;
        DL_DELETE (clients->ring, lane);
        DL_APPEND (clients->ring, lane);
    }
    return NULL;
}

/* It has had its number of requests; what it could have had in bytes is not kept. */
static void end_turn (clients_t *clients, lane_t *lane)
{
    lane->served = 0;
    lane->bytes = lane->bytes < 0 ? lane->bytes : 0;
    DL_DELETE (clients->ring, lane);
    DL_APPEND (clients->ring, lane);
}

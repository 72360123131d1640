/* clients.c - the broker's front queue. */

#include "clients.h"

#include <assert.h>
#include <czmq.h>
#include <utlist.h>

struct clients {
    zhashx_t *by_id;
    size_t jobs_max;
    size_t waiting, waiting_bytes;
    client_t *ring; // with something waiting, next to be served first
    client_t *idle; // with nothing here at all, longest idle first
};

static size_t hash_id (const void *key);
static int compare_ids (const void *a, const void *b);
static void free_client (void **item);
static void evict_one (clients_t *clients);
static void wait_more (clients_t *clients, job_t *job);
static void wait_less (clients_t *clients, job_t *job);
static void rest (clients_t *clients, client_t *client);

clients_t *clients_new (size_t jobs_max)
{
    clients_t *clients = calloc (1, sizeof *clients);
    assert (clients);
    clients->jobs_max = jobs_max;
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
        zhashx_destroy (&(*clients)->by_id);
        free (*clients);
    }
    *clients = NULL;
}

client_t *clients_admit (clients_t *clients, bytes_t id)
{
    client_t *client = clients_find (clients, id);
    if (client)
        return client;
    if (zhashx_size (clients->by_id) >= CLIENTS_MAX)
        evict_one (clients);
    if (zhashx_size (clients->by_id) >= CLIENTS_MAX)
        return NULL;
    client = calloc (1, sizeof *client);
    assert (client);
    client->id_size = (uint8_t) id.size;
    put_bytes (client->id, id);
    zhashx_insert (clients->by_id, &client->id_size, client);
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

int clients_queue (clients_t *clients, job_t *job)
{
    client_t *client = job->client;
    if (client->waiting_count >= clients->jobs_max ||
        clients->waiting_bytes + job_message (job).size > QUEUE_BYTES_MAX)
        return -1;
    wait_more (clients, job);
    DL_APPEND (client->waiting, job);
    client->waiting_count++;
    return 0;
}

void clients_requeue (clients_t *clients, job_t *job)
{
    client_t *client = job->client;
    DL_DELETE2 (client->in_flight, job, mate_prev, mate_next);
    wait_more (clients, job);
    DL_PREPEND (client->waiting, job);
    client->waiting_count++;
}

job_t *clients_next (clients_t *clients)
{
    client_t *client = clients->ring;
    if (!client)
        return NULL;
    job_t *job = client->waiting;
    wait_less (clients, job);
    DL_APPEND2 (client->in_flight, job, mate_prev, mate_next);
    if (client->waiting_count > 0) { // its next turn comes after everybody else's
        DL_DELETE (clients->ring, client);
        DL_APPEND (clients->ring, client);
    }
    return job;
}

size_t clients_waiting (const clients_t *clients)
{
    return clients->waiting;
}

void clients_settle (clients_t *clients, job_t *job)
{
    DL_DELETE2 (job->client->in_flight, job, mate_prev, mate_next);
    rest (clients, job->client);
}

void clients_drop_stored (clients_t *clients, client_t *client, uint64_t next)
{
    job_t *job, *following;
    DL_FOREACH_SAFE (client->waiting, job, following)
    {
        if (job->end > 0 && job->end <= next) {
            wait_less (clients, job);
            job_destroy (&job);
        }
    }
    rest (clients, client);
}

void job_destroy (job_t **job)
{
    zmq_msg_close (&(*job)->message);
    free (*job);
    *job = NULL;
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
    client_t *client = *item;
    job_t *job, *following;
    DL_FOREACH_SAFE (client->waiting, job, following)
    {
        job_destroy (&job);
    }
    free (client);
    *item = NULL;
}

/* Nothing tells a broker that a connection has gone; who has been idle longest goes. */
static void evict_one (clients_t *clients)
{
    client_t *client = clients->idle;
    if (!client)
        return;
    DL_DELETE (clients->idle, client);
    zhashx_delete (clients->by_id, &client->id_size);
}

static void wait_more (clients_t *clients, job_t *job)
{
    client_t *client = job->client;
    if (client->idle) {
        client->idle = false;
        DL_DELETE (clients->idle, client);
    }
    if (client->waiting_count == 0)
        DL_APPEND (clients->ring, client);
    clients->waiting++;
    clients->waiting_bytes += job_message (job).size;
}

static void wait_less (clients_t *clients, job_t *job)
{
    client_t *client = job->client;
    DL_DELETE (client->waiting, job);
    client->waiting_count--;
    if (client->waiting_count == 0)
        DL_DELETE (clients->ring, client);
    clients->waiting--;
    clients->waiting_bytes -= job_message (job).size;
}

static void rest (clients_t *clients, client_t *client)
{
    if (client->idle || client->waiting || client->in_flight)
        return;
    client->idle = true;
    DL_APPEND (clients->idle, client);
}

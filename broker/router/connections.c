/* connections.c - the broker's memory of who is connected. */

#include "connections.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "bounds.h"
#include "deadline.h"

typedef struct connection connection_t;

typedef struct { // a key that somebody has come in with
    char key[KEY_TEXT_BYTES];
    connection_t *connections; // that have spoken, longest silent first
    size_t count;
    size_t visits; // that have not spoken
    UT_hash_handle hh;
} owner_t;

typedef struct visit { // of somebody who was let in and has not spoken yet
    uint64_t number;
    int64_t until_ms;
    owner_t *owner;
    struct visit *prev, *next; // in the order they came
    UT_hash_handle hh;
} visit_t;

struct connection {
    int descriptor;
    bool open;
    bool is_cut;
    bool spoke;
    int64_t opened_ms;
    uint64_t visit;            // until it has spoken: the last before it
    owner_t *owner;            // whose it is; NULL: nobody is known by a key, or yet
    connection_t *prev, *next; // in its owner's list; or in that of those of nobody
    uint8_t client_size;       // once it has spoken
    uint8_t client[ADDRESS_BYTES_MAX];
    uint64_t delivered;        // bytes of messages that were seen
    uint64_t delivered_before; // when it was last looked at
    uint64_t other;            // bytes that are taken for no part of any message
};

struct connections {
    connections_options_t options;
    connection_t **by_descriptor;
    size_t descriptors;
    size_t count; // open and not cut
    size_t mute_count, alone_count;
    connection_t *mute;  // that have not spoken, in the order they came
    connection_t *alone; // that have, without a key, longest silent first
    uint64_t last_visit; // of those that were let in
    visit_t *visits;     // in the order they came
    visit_t *by_number;
    owner_t *owners;
};

static connection_t *find (const connections_t *connections, int descriptor);
static connection_t *reserve (connections_t *connections, int descriptor);
static connection_t **list_of (connections_t *connections, connection_t *connection);
static size_t *count_of (connections_t *connections, connection_t *connection);
static int64_t mute_until (const connection_t *connection);
static void enter (connections_t *connections, connection_t *connection);
static void leave (connections_t *connections, connection_t *connection);
static void introduce (connections_t *connections, connection_t *connection,
                       const connections_message_t *message);
static void name_client (connections_t *connections, connection_t *connection,
                         bytes_t client);
static void end (connections_t *connections, connection_t *connection);
static owner_t *owner_of (connections_t *connections, const char *key);
static void owner_drop (connections_t *connections, owner_t *owner);
static void end_visit (connections_t *connections, uint64_t number);
static void visit_over (connections_t *connections, visit_t *visit);

connections_t *connections_new (const connections_options_t *options)
{
    connections_t *connections = calloc (1, sizeof *connections);
    assert (connections);
    connections->options = *options;
    return connections;
}

void connections_destroy (connections_t **connections)
{
    if (*connections) {
        connections_t *self = *connections;
        for (size_t i = 0; i < self->descriptors; i++)
            free (self->by_descriptor[i]);
        free (self->by_descriptor);
        while (self->visits)
            visit_over (self, self->visits);
        owner_t *owner, *following;
        HASH_ITER (hh, self->owners, owner, following)
        {
            HASH_DELETE (hh, self->owners, owner);
            free (owner);
        }
        free (self);
    }
    *connections = NULL;
}

/* Those that have spoken count when the first message comes, and are cut then if need
   be: no connection can be told apart here. */
bool connections_admit (connections_t *connections, const char *key, uint64_t number,
                        int64_t now_ms)
{
    owner_t *owner = owner_of (connections, key);
    connections->last_visit = number;
    if (owner->visits >= CONNECTIONS_PER_KEY)
        return false;
    visit_t *visit = calloc (1, sizeof *visit);
    assert (visit);
    visit->number = number;
    visit->owner = owner;
    visit->until_ms = now_ms + HANDSHAKE_MS + SPEAK_MS;
    owner->visits++;
    DL_APPEND (connections->visits, visit);
    HASH_ADD (hh, connections->by_number, number, sizeof visit->number, visit);
    return true;
}

void connections_opened (connections_t *connections, int descriptor, int64_t now_ms)
{
    connections_ended (connections, descriptor); // should that not have been told
    connection_t *connection = reserve (connections, descriptor);
    *connection = (connection_t){.descriptor = descriptor,
                                 .open = true,
                                 .opened_ms = now_ms,
                                 .visit = connections->last_visit};
    enter (connections, connection);
    if (connections->count > connections->options.max)
        connections_make_room (connections);
}

void connections_ended (connections_t *connections, int descriptor)
{
    connection_t *connection = find (connections, descriptor);
    if (!connection)
        return;
    end (connections, connection);
    connection->open = false;
}

bool connections_knows (const connections_t *connections, int descriptor,
                        bytes_t client)
{
    const connection_t *connection = find (connections, descriptor);
    return connection &&
           bytes_equal (client, bytes_of (connection->client, connection->client_size));
}

/* What is read from a connection may come later than its end, and than the beginning of
   the next with its descriptor: visits tell them apart. */
bool connections_heard (connections_t *connections,
                        const connections_message_t *message)
{
    end_visit (connections, message->visit);
    connection_t *connection = find (connections, message->descriptor);
    if (!connection || connection->is_cut || message->visit < connection->visit)
        return false;
    if (!connection->spoke && message->visit > 0 && message->visit == connection->visit)
        return false; // of the one before, too
    if (!connection->spoke || message->visit > connection->visit)
        introduce (connections, connection, message);
    name_client (connections, connection, message->client);
    connection->delivered += message->bytes;
    leave (connections, connection); // it is the one last heard from now
    enter (connections, connection);
    if (connection->owner && connection->owner->count > CONNECTIONS_PER_KEY)
        connections_cut (connections, connection->owner->connections->descriptor);
    return true;
}

bool connections_cut (connections_t *connections, int descriptor)
{
    connection_t *connection = find (connections, descriptor);
    if (!connection)
        return false;
    if (connection->is_cut)
        return true;
    end (connections, connection);
    connection->is_cut = true;
    connections->options.cut (connections->options.context, descriptor);
    return true;
}

/* Of those that have not spoken nobody knows whose they are; they are refused what they
   say, and cut then. */
void connections_revoke (connections_t *connections,
                         bool (*enrolled) (void *context, const char *key),
                         void *context)
{
    owner_t *owner, *following;
    HASH_ITER (hh, connections->owners, owner, following)
    {
        if (enrolled (context, owner->key))
            continue;
        for (size_t left = owner->count; left > 0; left--) // the last one ends it
            connections_cut (connections, owner->connections->descriptor);
    }
}

/* The key that has most gives one, or those who have not said who they are, if they are
   more: of each the one that was silent longest. */
void connections_make_room (connections_t *connections)
{
    connection_t *first = connections->mute;
    size_t most = connections->mute_count;
    if (connections->alone_count > most) {
        first = connections->alone;
        most = connections->alone_count;
    }
    for (owner_t *owner = connections->owners; owner; owner = owner->hh.next)
        if (owner->count > most) {
            first = owner->connections;
            most = owner->count;
        }
    if (first)
        connections_cut (connections, first->descriptor);
}

void connections_expire (connections_t *connections, int64_t now_ms)
{
    while (connections->mute && mute_until (connections->mute) <= now_ms)
        connections_cut (connections, connections->mute->descriptor);
    while (connections->visits && connections->visits->until_ms <= now_ms)
        visit_over (connections, connections->visits);
}

int64_t connections_deadline (const connections_t *connections)
{
    const int64_t mute_ms =
        connections->mute ? mute_until (connections->mute) : INT64_MAX;
    const int64_t visit_ms =
        connections->visits ? connections->visits->until_ms : INT64_MAX;
    return deadline_earlier (mute_ms, visit_ms);
}

/* As long as messages come, and little else has, that is taken for what goes over every
   connection: while a message is held none of its connection can come behind it. By its
   age there is a limit to that, for who knows of it. */
uint64_t connections_holds (connections_t *connections, int descriptor,
                            uint64_t received, bool all, int64_t now_ms)
{
    connection_t *connection = find (connections, descriptor);
    if (!connection)
        return received;
    if (connection->is_cut)
        return 0;
    const uint64_t unseen =
        received > connection->delivered ? received - connection->delivered : 0;
    const uint64_t age_s = (uint64_t) (now_ms - connection->opened_ms) / 1000;
    const uint64_t other_max =
        CONNECTION_OTHER_BYTES + age_s * CONNECTION_OTHER_BYTES_SECOND;
    if (unseen < connection->other)
        connection->other = unseen;
    if (connection->delivered > connection->delivered_before &&
        unseen - connection->other <= CONNECTION_OTHER_BYTES && unseen <= other_max)
        connection->other = unseen;
    connection->delivered_before = connection->delivered;
    return all ? unseen : unseen - connection->other;
}

size_t connections_count (const connections_t *connections)
{
    return connections->count;
}

size_t connections_of (const connections_t *connections, const char *key)
{
    owner_t *owner;
    HASH_FIND_STR (connections->owners, key, owner);
    return owner ? owner->count : 0;
}

/* One that is open. */
static connection_t *find (const connections_t *connections, int descriptor)
{
    if (descriptor < 0 || (size_t) descriptor >= connections->descriptors)
        return NULL;
    connection_t *connection = connections->by_descriptor[descriptor];
    return connection && connection->open ? connection : NULL;
}

static connection_t *reserve (connections_t *connections, int descriptor)
{
    assert (descriptor >= 0);
    const size_t needed = (size_t) descriptor + 1;
    if (needed > connections->descriptors) {
        const size_t size = 2 * needed;
        connections->by_descriptor =
            realloc (connections->by_descriptor, size * sizeof (connection_t *));
        assert (connections->by_descriptor);
        memset (connections->by_descriptor + connections->descriptors, 0,
                (size - connections->descriptors) * sizeof (connection_t *));
        connections->descriptors = size;
    }
    connection_t **place = &connections->by_descriptor[descriptor];
    if (!*place)
        *place = malloc (sizeof **place);
    assert (*place);
    return *place;
}

static connection_t **list_of (connections_t *connections, connection_t *connection)
{
    if (!connection->spoke)
        return &connections->mute;
    return connection->owner ? &connection->owner->connections : &connections->alone;
}

static size_t *count_of (connections_t *connections, connection_t *connection)
{
    if (!connection->spoke)
        return &connections->mute_count;
    return connection->owner ? &connection->owner->count : &connections->alone_count;
}

static void enter (connections_t *connections, connection_t *connection)
{
    connection_t **list = list_of (connections, connection);
    DL_APPEND (*list, connection);
    connections->count++;
    ++*count_of (connections, connection);
}

static int64_t mute_until (const connection_t *connection)
{
    return connection->opened_ms + HANDSHAKE_MS + SPEAK_MS;
}

static void leave (connections_t *connections, connection_t *connection)
{
    connection_t **list = list_of (connections, connection);
    DL_DELETE (*list, connection);
    connections->count--;
    --*count_of (connections, connection);
}

/* It says for the first time whose it is: or what was known is of an earlier one. */
static void introduce (connections_t *connections, connection_t *connection,
                       const connections_message_t *message)
{
    leave (connections, connection);
    owner_t *before = connection->owner;
    connection->owner = NULL;
    if (*message->key)
        connection->owner = owner_of (connections, message->key);
    connection->spoke = true;
    connection->visit = message->visit;
    enter (connections, connection);
    if (before)
        owner_drop (connections, before);
}

static void name_client (connections_t *connections, connection_t *connection,
                         bytes_t client)
{
    const bytes_t before = bytes_of (connection->client, connection->client_size);
    if (bytes_equal (before, client))
        return;
    if (before.size > 0)
        connections->options.left (connections->options.context, before);
    connection->client_size = (uint8_t) client.size;
    put_bytes (connection->client, client);
}

/* Nothing is left of it but its place. Each visit is one of a mute connection: of one
   that ends nobody knows which it was, but if there are more of them than connections,
   one is over, most likely the oldest. */
static void end (connections_t *connections, connection_t *connection)
{
    if (connection->is_cut)
        return;
    leave (connections, connection);
    while (!connection->spoke &&
           HASH_COUNT (connections->by_number) > connections->mute_count)
        visit_over (connections, connections->visits);
    if (connection->client_size > 0)
        connections->options.left (
            connections->options.context,
            bytes_of (connection->client, connection->client_size));
    if (connection->owner)
        owner_drop (connections, connection->owner);
    connection->owner = NULL;
}

static owner_t *owner_of (connections_t *connections, const char *key)
{
    owner_t *owner;
    HASH_FIND_STR (connections->owners, key, owner);
    if (!owner) {
        owner = calloc (1, sizeof *owner);
        assert (owner);
        snprintf (owner->key, sizeof owner->key, "%s", key);
        HASH_ADD_STR (connections->owners, key, owner);
    }
    return owner;
}

/* If nothing of it is left. */
static void owner_drop (connections_t *connections, owner_t *owner)
{
    if (owner->count > 0 || owner->visits > 0)
        return;
    HASH_DELETE (hh, connections->owners, owner);
    free (owner);
}

/* Somebody has spoken, whether he is still there or not. */
static void end_visit (connections_t *connections, uint64_t number)
{
    visit_t *visit;
    HASH_FIND (hh, connections->by_number, &number, sizeof number, visit);
    if (visit)
        visit_over (connections, visit);
}

static void visit_over (connections_t *connections, visit_t *visit)
{
    owner_t *owner = visit->owner;
    DL_DELETE (connections->visits, visit);
    HASH_DELETE (hh, connections->by_number, visit);
    free (visit);
    owner->visits--;
    owner_drop (connections, owner);
}

/* network.c - the simulated network. */

#include "network.h"

#include <assert.h>
#include <stdlib.h>

#define ID_BYTES         5
#define NAME_BYTES       64
#define RECONNECT_MS_MAX 1000 // CONNECT_RETRY_MS_MAX
#define CUT_ARRIVES      400  // of a thousand messages under way on a link that was cut
#define PEERS(network)   ((network)->nodes_count * NETWORK_SLOTS)

typedef struct message message_t;

typedef enum { TO_SERVER, TO_CLIENT, DIRECTIONS } direction_t;

struct network_socket {
    network_t *network;
    bool open;
    int node;
    uint32_t life;         // which of those that were in this place
    char name[NAME_BYTES]; // bound or connected to; empty: neither
    bool connects;         // a DEALER
    message_t *first, *last;
    int budget; // messages that may be taken yet
    bool news;  // the link is not as it was when the node last looked
    // a DEALER's link
    network_socket_t *server; // NULL while it is down
    uint32_t id;              // which it has at the server
    uint64_t opened;
    int64_t retry_ms;
    unsigned queued[DIRECTIONS];
    int64_t latest_ms[DIRECTIONS]; // when the message before arrives
};

struct message {
    int64_t due_ms;
    uint64_t sequence;
    network_socket_t *client, *receiver;
    direction_t direction;
    uint32_t id;   // of the link when it was sent
    uint32_t life; // of the receiver
    uint8_t peer[ID_BYTES];
    message_t *next; // in the inbox
    size_t size;
    uint8_t body[];
};

typedef struct {
    bool alive;
    uint32_t next_id;
    network_socket_t sockets[NETWORK_SLOTS];
} node_t;

struct network {
    dice_t *dice;
    network_weather_t weather;
    node_t nodes[NETWORK_NODES_MAX];
    int nodes_count;  // that ever lived
    message_t **heap; // by due time
    size_t heap_size, heap_capacity;
    uint64_t sequence;
    message_t *current; // handed out last
    network_counts_t counts;
};

static void deliver_due (network_t *network, int64_t now_ms);
static void arrive (network_t *network, message_t *message);
static void connect_links (network_t *network, int64_t now_ms);
static network_socket_t *socket_at (const network_t *network, int index);
static network_socket_t *server_of (const network_socket_t *client);
static network_socket_t *client_of (network_socket_t *server, bytes_t peer);
static void cut_link (network_socket_t *client, int64_t now_ms);
static void dispatch (network_socket_t *client, direction_t direction, bytes_t body,
                      int64_t now_ms);
static int64_t due_time (network_socket_t *client, direction_t direction,
                         int64_t now_ms);
static void drop (message_t *message);
static void unqueue (const message_t *message);
static void push (network_t *network, message_t *message);
static message_t *pop (network_t *network);
static bool earlier (const message_t *a, const message_t *b);

network_t *network_new (dice_t *dice)
{
    network_t *network = calloc (1, sizeof *network);
    assert (network);
    network->dice = dice;
    network->weather = (network_weather_t){.delay_most_ms = 1, .capacity = 1000};
    for (int i = 0; i < NETWORK_NODES_MAX * NETWORK_SLOTS; i++) {
        network_socket_t *socket = socket_at (network, i);
        socket->network = network;
        socket->node = i / NETWORK_SLOTS;
    }
    return network;
}

void network_destroy (network_t **network)
{
    if (*network) {
        for (int node = 0; node < NETWORK_NODES_MAX; node++)
            network_end (*network, node, 0);
        for (size_t i = 0; i < (*network)->heap_size; i++)
            free ((*network)->heap[i]);
        free ((*network)->heap);
        free ((*network)->current);
        free (*network);
    }
    *network = NULL;
}

void network_weather (network_t *network, const network_weather_t *weather)
{
    network->weather = *weather;
    for (int i = 0; i < PEERS (network); i++) // there may be room now
        socket_at (network, i)->news = socket_at (network, i)->connects;
}

void network_begin (network_t *network, int node)
{
    network->nodes_count =
        node < network->nodes_count ? network->nodes_count : node + 1;
    network->nodes[node].alive = true;
    network->nodes[node].next_id = 1 + (uint32_t) dice_below (network->dice, 2);
}

void network_end (network_t *network, int node, int64_t now_ms)
{
    network->nodes[node].alive = false;
    for (int slot = 0; slot < NETWORK_SLOTS; slot++)
        if (network->nodes[node].sockets[slot].open)
            network_close (&network->nodes[node].sockets[slot], now_ms);
}

void network_cut (network_t *network, int64_t now_ms)
{
    if (network->nodes_count == 0)
        return;
    const int start = (int) dice_below (network->dice, (uint64_t) PEERS (network));
    for (int i = 0; i < PEERS (network); i++) {
        network_socket_t *socket = socket_at (network, (start + i) % PEERS (network));
        if (socket->server) {
            cut_link (socket, now_ms);
            network->counts.cuts++;
            return;
        }
    }
}

void network_advance (network_t *network, int64_t now_ms)
{
    deliver_due (network, now_ms);
    connect_links (network, now_ms);
}

int64_t network_next (const network_t *network)
{
    int64_t next_ms = network->heap_size > 0 ? network->heap[0]->due_ms : INT64_MAX;
    for (int i = 0; i < PEERS (network); i++) {
        const network_socket_t *socket = socket_at (network, i);
        if (socket->connects && !socket->server && socket->retry_ms < next_ms &&
            server_of (socket))
            next_ms = socket->retry_ms;
    }
    return next_ms;
}

bool network_waits (const network_t *network, int node)
{
    for (int slot = 0; slot < NETWORK_SLOTS; slot++) {
        const network_socket_t *socket = &network->nodes[node].sockets[slot];
        if (socket->open && (socket->first || socket->news))
            return true;
    }
    return false;
}

void network_look (network_t *network, int node, int appetite_max)
{
    for (int slot = 0; slot < NETWORK_SLOTS; slot++) {
        network_socket_t *socket = &network->nodes[node].sockets[slot];
        socket->news = false;
        if (socket->open)
            socket->budget = dice_chance (network->dice, 600)
                                 ? appetite_max
                                 : 1 + (int) dice_below (network->dice, 4);
    }
}

network_socket_t *network_open (network_t *network, int node)
{
    network_socket_t *socket = network->nodes[node].sockets;
    while (socket->open)
        socket++;
    assert (socket < network->nodes[node].sockets + NETWORK_SLOTS);
    *socket = (network_socket_t){
        .network = network, .open = true, .node = node, .life = socket->life + 1};
    return socket;
}

void network_close (network_socket_t *socket, int64_t now_ms)
{
    for (message_t *next, *at = socket->first; at; at = next) {
        next = at->next;
        drop (at);
    }
    socket->first = socket->last = NULL;
    if (socket->server)
        cut_link (socket, now_ms);
    for (int i = 0; i < PEERS (socket->network); i++)
        if (socket_at (socket->network, i)->server == socket)
            cut_link (socket_at (socket->network, i), now_ms);
    socket->open = socket->connects = socket->news = false;
    socket->name[0] = 0;
}

void network_bind (network_socket_t *socket, const char *name)
{
    assert (strlen (name) < NAME_BYTES);
    strcpy (socket->name, name);
}

void network_connect (network_socket_t *socket, const char *name, int64_t now_ms)
{
    network_bind (socket, name);
    socket->connects = true;
    socket->retry_ms = now_ms;
}

bool network_up (const network_socket_t *socket)
{
    return socket->server != NULL;
}

uint64_t network_opened (const network_socket_t *socket)
{
    return socket->opened;
}

bool network_ready (const network_socket_t *socket)
{
    return socket->server &&
           socket->queued[TO_SERVER] < socket->network->weather.capacity;
}

network_status_t network_send (network_socket_t *socket, bytes_t peer, bytes_t body,
                               int64_t now_ms)
{
    network_t *network = socket->network;
    const direction_t direction = peer.size > 0 ? TO_CLIENT : TO_SERVER;
    network_socket_t *client = peer.size > 0 ? client_of (socket, peer) : socket;
    if (!client)
        return NETWORK_GONE;
    if (!client->server || client->queued[direction] >= network->weather.capacity)
        return NETWORK_FULL;
    network->counts.sent++;
    if (dice_chance (network->dice, network->weather.loss)) {
        network->counts.lost++;
        return NETWORK_SENT;
    }
    dispatch (client, direction, body, now_ms);
    if (dice_chance (network->dice, network->weather.repeats)) {
        network->counts.repeated++;
        dispatch (client, direction, body, now_ms);
    }
    return NETWORK_SENT;
}

bool network_receive (network_socket_t *socket, bytes_t *peer, bytes_t *body)
{
    network_t *network = socket->network;
    message_t *message = socket->first;
    if (!message || socket->budget <= 0)
        return false;
    socket->budget--;
    socket->first = message->next;
    if (!socket->first)
        socket->last = NULL;
    unqueue (message);
    free (network->current);
    network->current = message;
    *peer = bytes_of (message->peer, ID_BYTES);
    *body = bytes_of (message->body, message->size);
    return true;
}

const network_counts_t *network_counts (const network_t *network)
{
    return &network->counts;
}

static void deliver_due (network_t *network, int64_t now_ms)
{
    while (network->heap_size > 0 && network->heap[0]->due_ms <= now_ms)
        arrive (network, pop (network));
}

/* What was under way when its link was cut arrives all the same, sometimes. */
static void arrive (network_t *network, message_t *message)
{
    network_socket_t *receiver = message->receiver;
    const bool cut = !message->client->server || message->client->id != message->id;
    if (!receiver->open || receiver->life != message->life ||
        (cut && !dice_chance (network->dice, CUT_ARRIVES))) {
        network->counts.lost++;
        drop (message);
        return;
    }
    if (receiver->last)
        receiver->last->next = message;
    else
        receiver->first = message;
    receiver->last = message;
}

static void connect_links (network_t *network, int64_t now_ms)
{
    for (int i = 0; i < PEERS (network); i++) {
        network_socket_t *socket = socket_at (network, i);
        if (!socket->connects || socket->server || socket->retry_ms > now_ms)
            continue;
        socket->server = server_of (socket);
        if (!socket->server)
            continue;
        socket->id = network->nodes[socket->server->node].next_id++;
        socket->opened++;
        socket->news = true;
        socket->queued[TO_SERVER] = socket->queued[TO_CLIENT] = 0;
        socket->latest_ms[TO_SERVER] = socket->latest_ms[TO_CLIENT] = now_ms;
    }
}

static network_socket_t *socket_at (const network_t *network, int index)
{
    return (network_socket_t *) &network->nodes[index / NETWORK_SLOTS]
        .sockets[index % NETWORK_SLOTS];
}

/* Who is bound to the name that the client connects to; NULL: nobody. */
static network_socket_t *server_of (const network_socket_t *client)
{
    for (int i = 0; i < PEERS (client->network); i++) {
        network_socket_t *socket = socket_at (client->network, i);
        if (socket->open && !socket->connects &&
            strcmp (socket->name, client->name) == 0)
            return socket;
    }
    return NULL;
}

static network_socket_t *client_of (network_socket_t *server, bytes_t peer)
{
    reader_t reader = {.rest = peer};
    read_u8 (&reader);
    const uint32_t id = read_u32 (&reader);
    for (int i = 0; i < PEERS (server->network); i++) {
        network_socket_t *socket = socket_at (server->network, i);
        if (socket->server == server && socket->id == id)
            return socket;
    }
    return NULL;
}

static void cut_link (network_socket_t *client, int64_t now_ms)
{
    client->server = NULL;
    client->news = true;
    client->retry_ms =
        now_ms + dice_between (client->network->dice, 1, RECONNECT_MS_MAX);
}

static void dispatch (network_socket_t *client, direction_t direction, bytes_t body,
                      int64_t now_ms)
{
    network_t *network = client->network;
    network_socket_t *receiver = direction == TO_SERVER ? client->server : client;
    message_t *message = malloc (sizeof *message + body.size);
    assert (message);
    *message = (message_t){.due_ms = due_time (client, direction, now_ms),
                           .sequence = network->sequence++,
                           .client = client,
                           .receiver = receiver,
                           .direction = direction,
                           .id = client->id,
                           .life = receiver->life,
                           .size = body.size};
    put_u32 (put_u8 (message->peer, 0), client->id); // as libzmq's: 0, then a number
    put_bytes (message->body, body);
    client->queued[direction]++;
    push (network, message);
}

static int64_t due_time (network_socket_t *client, direction_t direction,
                         int64_t now_ms)
{
    const network_weather_t *weather = &client->network->weather;
    int64_t due_ms =
        now_ms + dice_between (client->network->dice, weather->delay_least_ms,
                               weather->delay_most_ms);
    if (!weather->reorders && due_ms < client->latest_ms[direction])
        due_ms = client->latest_ms[direction];
    client->latest_ms[direction] = due_ms;
    return due_ms;
}

static void drop (message_t *message)
{
    unqueue (message);
    free (message);
}

static void unqueue (const message_t *message)
{
    network_socket_t *client = message->client;
    if (client->server && client->id == message->id &&
        client->queued[message->direction] > 0) {
        client->queued[message->direction]--;
        client->news = client->news || message->direction == TO_SERVER; // there is room
    }
}

static void push (network_t *network, message_t *message)
{
    if (network->heap_size == network->heap_capacity) {
        network->heap_capacity = 2 * network->heap_capacity + 64;
        network->heap =
            realloc (network->heap, network->heap_capacity * sizeof (message_t *));
        assert (network->heap);
    }
    size_t at = network->heap_size++;
    while (at > 0 && earlier (message, network->heap[(at - 1) / 2])) {
        network->heap[at] = network->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    network->heap[at] = message;
}

static message_t *pop (network_t *network)
{
    message_t **heap = network->heap, *first = heap[0];
    message_t *last = heap[--network->heap_size];
    const size_t size = network->heap_size;
    size_t at = 0, child;
    while ((child = 2 * at + 1) < size) {
        if (child + 1 < size && earlier (heap[child + 1], heap[child]))
            child++;
        if (!earlier (heap[child], last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    first->next = NULL;
    return first;
}

static bool earlier (const message_t *a, const message_t *b)
{
    return a->due_ms < b->due_ms ||
           (a->due_ms == b->due_ms && a->sequence < b->sequence);
}

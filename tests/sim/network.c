/* network.c - the simulated network. */

#include "network.h"

#include <assert.h>
#include <stdlib.h>

#define ID_BYTES         5
#define RECONNECT_MS_MAX 1000 // CONNECT_RETRY_MS_MAX

typedef enum { TO_SERVER, TO_CLIENT, DIRECTIONS } direction_t;

typedef struct {
    int node[DIRECTIONS], slot[DIRECTIONS]; // who receives in that direction
    bool up;
    uint32_t id;
    int64_t retry_ms;
    unsigned queued[DIRECTIONS];
    int64_t latest_ms[DIRECTIONS]; // when the message before arrives
} link_t;

typedef struct message message_t;

struct message {
    int64_t due_ms;
    uint64_t sequence;
    int link;
    direction_t direction;
    uint32_t id;   // of the link when it was sent
    uint32_t life; // of the receiver
    uint8_t peer[ID_BYTES];
    message_t *next; // in the inbox
    size_t size;
    uint8_t body[];
};

typedef struct {
    message_t *first, *last;
} inbox_t;

typedef struct {
    bool alive;
    uint32_t life;
    uint32_t next_id;
    inbox_t inboxes[NETWORK_SLOTS];
} node_t;

struct network {
    dice_t *dice;
    network_weather_t weather;
    node_t nodes[NETWORK_NODES_MAX];
    link_t links[NETWORK_LINKS_MAX];
    int links_count;
    message_t **heap; // by due time
    size_t heap_size, heap_capacity;
    uint64_t sequence;
    message_t *current; // handed out last
    network_counts_t counts;
};

static void deliver_due (network_t *network, int64_t now_ms);
static void arrive (network_t *network, message_t *message);
static void connect_links (network_t *network, int64_t now_ms);
static bool connectable (const network_t *network, const link_t *link);
static void cut_link (network_t *network, link_t *link, int64_t now_ms);
static int find_client (const network_t *network, int node, int slot);
static int find_server (const network_t *network, int node, int slot, bytes_t peer);
static void dispatch (network_t *network, int link, direction_t direction, bytes_t body,
                      int64_t now_ms);
static int64_t due_time (network_t *network, link_t *link, direction_t direction,
                         int64_t now_ms);
static void drop (network_t *network, message_t *message);
static void unqueue (network_t *network, const message_t *message);
static void push (network_t *network, message_t *message);
static message_t *pop (network_t *network);
static bool earlier (const message_t *a, const message_t *b);

network_t *network_new (dice_t *dice)
{
    network_t *network = calloc (1, sizeof *network);
    assert (network);
    network->dice = dice;
    network->weather = (network_weather_t){.delay_most_ms = 1, .capacity = 1000};
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

void network_link (network_t *network, int client, int client_slot, int server,
                   int server_slot)
{
    assert (network->links_count < NETWORK_LINKS_MAX);
    network->links[network->links_count++] =
        (link_t){.node = {server, client}, .slot = {server_slot, client_slot}};
}

void network_weather (network_t *network, const network_weather_t *weather)
{
    network->weather = *weather;
}

void network_begin (network_t *network, int node, int64_t now_ms)
{
    network->nodes[node].alive = true;
    network->nodes[node].life++;
    network->nodes[node].next_id = 1 + (uint32_t) dice_below (network->dice, 2);
    for (int i = 0; i < network->links_count; i++)
        if (network->links[i].node[TO_CLIENT] == node)
            network->links[i].retry_ms = now_ms;
}

void network_end (network_t *network, int node, int64_t now_ms)
{
    network->nodes[node].alive = false;
    for (int slot = 0; slot < NETWORK_SLOTS; slot++) {
        inbox_t *inbox = &network->nodes[node].inboxes[slot];
        for (message_t *next, *at = inbox->first; at; at = next) {
            next = at->next;
            drop (network, at);
        }
        *inbox = (inbox_t){0};
    }
    for (int i = 0; i < network->links_count; i++)
        if (network->links[i].node[TO_SERVER] == node ||
            network->links[i].node[TO_CLIENT] == node)
            cut_link (network, &network->links[i], now_ms);
}

void network_cut (network_t *network, int64_t now_ms)
{
    const int start = (int) dice_below (network->dice, (uint64_t) network->links_count);
    for (int i = 0; i < network->links_count; i++) {
        link_t *link = &network->links[(start + i) % network->links_count];
        if (link->up) {
            cut_link (network, link, now_ms);
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
    for (int i = 0; i < network->links_count; i++) {
        const link_t *link = &network->links[i];
        if (!link->up && connectable (network, link) && link->retry_ms < next_ms)
            next_ms = link->retry_ms;
    }
    return next_ms;
}

bool network_ready (const network_t *network, int node, int slot)
{
    const int index = find_client (network, node, slot);
    const link_t *link = &network->links[index];
    return link->up && link->queued[TO_SERVER] < network->weather.capacity;
}

bool network_send (network_t *network, int node, int slot, bytes_t peer, bytes_t body,
                   int64_t now_ms)
{
    const direction_t direction = peer.size > 0 ? TO_CLIENT : TO_SERVER;
    const int index = peer.size > 0 ? find_server (network, node, slot, peer)
                                    : find_client (network, node, slot);
    if (index == -1 || !network->links[index].up ||
        network->links[index].queued[direction] >= network->weather.capacity)
        return false;
    network->counts.sent++;
    if (dice_chance (network->dice, network->weather.loss)) {
        network->counts.lost++;
        return true;
    }
    dispatch (network, index, direction, body, now_ms);
    if (dice_chance (network->dice, network->weather.repeats)) {
        network->counts.repeated++;
        dispatch (network, index, direction, body, now_ms);
    }
    return true;
}

bool network_waits (const network_t *network, int node)
{
    for (int slot = 0; slot < NETWORK_SLOTS; slot++)
        if (network->nodes[node].inboxes[slot].first)
            return true;
    return false;
}

bool network_receive (network_t *network, int node, int slot, bytes_t *peer,
                      bytes_t *body)
{
    inbox_t *inbox = &network->nodes[node].inboxes[slot];
    message_t *message = inbox->first;
    if (!message)
        return false;
    inbox->first = message->next;
    if (!inbox->first)
        inbox->last = NULL;
    unqueue (network, message);
    free (network->current);
    network->current = message;
    if (peer)
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
    const link_t *link = &network->links[message->link];
    node_t *node = &network->nodes[link->node[message->direction]];
    const bool cut = !link->up || link->id != message->id;
    if (!node->alive || node->life != message->life ||
        (cut && dice_chance (network->dice, 600))) {
        network->counts.lost++;
        drop (network, message);
        return;
    }
    inbox_t *inbox = &node->inboxes[link->slot[message->direction]];
    if (inbox->last)
        inbox->last->next = message;
    else
        inbox->first = message;
    inbox->last = message;
}

static void connect_links (network_t *network, int64_t now_ms)
{
    for (int i = 0; i < network->links_count; i++) {
        link_t *link = &network->links[i];
        if (link->up || !connectable (network, link) || link->retry_ms > now_ms)
            continue;
        link->up = true;
        link->id = network->nodes[link->node[TO_SERVER]].next_id++;
        link->queued[TO_SERVER] = link->queued[TO_CLIENT] = 0;
        link->latest_ms[TO_SERVER] = link->latest_ms[TO_CLIENT] = now_ms;
    }
}

static bool connectable (const network_t *network, const link_t *link)
{
    return network->nodes[link->node[TO_SERVER]].alive &&
           network->nodes[link->node[TO_CLIENT]].alive;
}

static void cut_link (network_t *network, link_t *link, int64_t now_ms)
{
    link->up = false;
    link->retry_ms = now_ms + dice_between (network->dice, 1, RECONNECT_MS_MAX);
}

static int find_client (const network_t *network, int node, int slot)
{
    for (int i = 0; i < network->links_count; i++)
        if (network->links[i].node[TO_CLIENT] == node &&
            network->links[i].slot[TO_CLIENT] == slot)
            return i;
    assert (false);
    return -1;
}

static int find_server (const network_t *network, int node, int slot, bytes_t peer)
{
    reader_t reader = {.rest = peer};
    read_u8 (&reader);
    const uint32_t id = read_u32 (&reader);
    for (int i = 0; i < network->links_count; i++)
        if (network->links[i].node[TO_SERVER] == node &&
            network->links[i].slot[TO_SERVER] == slot && network->links[i].up &&
            network->links[i].id == id)
            return i;
    return -1;
}

static void dispatch (network_t *network, int index, direction_t direction,
                      bytes_t body, int64_t now_ms)
{
    link_t *link = &network->links[index];
    message_t *message = malloc (sizeof *message + body.size);
    assert (message);
    *message = (message_t){.due_ms = due_time (network, link, direction, now_ms),
                           .sequence = network->sequence++,
                           .link = index,
                           .direction = direction,
                           .id = link->id,
                           .life = network->nodes[link->node[direction]].life,
                           .size = body.size};
    put_u32 (put_u8 (message->peer, 0), link->id); // as libzmq's: 0, then a number
    put_bytes (message->body, body);
    link->queued[direction]++;
    push (network, message);
}

static int64_t due_time (network_t *network, link_t *link, direction_t direction,
                         int64_t now_ms)
{
    const network_weather_t *weather = &network->weather;
    int64_t due_ms = now_ms + dice_between (network->dice, weather->delay_least_ms,
                                            weather->delay_most_ms);
    if (!weather->reorders && due_ms < link->latest_ms[direction])
        due_ms = link->latest_ms[direction];
    link->latest_ms[direction] = due_ms;
    return due_ms;
}

static void drop (network_t *network, message_t *message)
{
    unqueue (network, message);
    free (message);
}

static void unqueue (network_t *network, const message_t *message)
{
    link_t *link = &network->links[message->link];
    if (link->up && link->id == message->id && link->queued[message->direction] > 0)
        link->queued[message->direction]--;
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

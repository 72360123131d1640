/* operator_node.c - somebody who runs the draws of a simulated day: gives state the
   orders that the plan has for him, one after another, and again until each is answered
   or, where it is needed, what it is to bring about is so. Of his own making, as his
   program (loteria-ctl) waits for its answers. */

#include "asker.h"
#include "checks.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>

#define ANSWER_MS 800 // then he orders again
#define PAUSE_MS  300 // before what was refused is tried again
#define LIST_MS   700 // between two looks at what there is
#define LATEST_MS 200 // after the faults stopped: then all is overdue
#define CLOSES_MS 500 // at least so long is a draw on sale

typedef struct {
    network_socket_t *socket; // a new one for each order, as for each run of a program
    int machine;              // where he gives it
    int order;                // of the plan, that waits for its answer; -1: none
    int last;                 // that went over this connection
    bool unsent;              // until the connection is there
    int64_t answer_ms;        // until then
    int64_t next_ms;          // when something is ordered again
    int64_t list_ms;
    asker_t *asks[2]; // storage and state
} operator_t;

static void take_answers (node_t *node, operator_t *self);
static void take (node_t *node, operator_t *self, bytes_t message);
static void go_elsewhere (const node_t *node, operator_t *self);
static void give_order (node_t *node, operator_t *self);
static int due_order (const node_t *node, int64_t *due_ms);
static int64_t due_time (const world_t *world, const plan_order_t *order);
static void connect (const node_t *node, operator_t *self);
static void say_order (node_t *node, operator_t *self);
static uint64_t closing_time (const world_t *world, const plan_draw_t *draw);
static void ask_list (node_t *node, operator_t *self);
static void say (const node_t *node, const operator_t *self,
                 const wire_message_t *message);

static void *start (node_t *node)
{
    operator_t *self = calloc (1, sizeof *self);
    assert (self);
    self->socket = network_open (node->world->network, node->index);
    self->order = -1;
    self->list_ms = node->world->now_ms + dice_skewed (&node->world->dice, 3000);
    network_connect (self->socket, world_place (0, AT_STATE), node->world->now_ms);
    self->asks[0] = asker_new (node, AT_STORAGE);
    self->asks[1] = asker_new (node, AT_STATE);
    return self;
}

static void step (node_t *node)
{
    operator_t *self = node->core;
    const int64_t now_ms = node->world->now_ms;
    int64_t due_ms;
    take_answers (node, self);
    if (self->unsent && self->order != -1 && network_ready (self->socket))
        say_order (node, self);
    if (self->order != -1 && now_ms >= self->answer_ms) {
        self->order = -1;
        go_elsewhere (node, self);
    }
    if (self->order == -1 && now_ms >= self->next_ms)
        give_order (node, self);
    if (now_ms >= self->list_ms)
        ask_list (node, self);
    for (int i = 0; i < 2; i++)
        asker_step (node, self->asks[i]);
    if (self->order == -1 && due_order (node, &due_ms) == -1 && due_ms == INT64_MAX) {
        node->over = true;
        node_die (node, "all orders are given");
    }
}

static void take_answers (node_t *node, operator_t *self)
{
    bytes_t peer, message;
    while (node_point (node) && network_receive (self->socket, &peer, &message))
        take (node, self, message);
}

static void take (node_t *node, operator_t *self, bytes_t message)
{
    wire_message_t answer;
    world_t *world = node->world;
    if (wire_decode (message, &answer) != REFUSED_OK) {
        world_violate (world, "I10: %s is answered with what is no message",
                       node->name);
        return;
    }
    if (answer.command == WIRE_DRAW) {
        checks_listed (world->checks, &answer);
        return;
    }
    const int which = self->order;
    const bool ordered = answer.command == WIRE_ORDERED;
    if (which == -1 || (!ordered && (answer.command != WIRE_REFUSED ||
                                     answer.refused.command != WIRE_ORDER)))
        return;
    const uint16_t code = ordered ? REFUSED_OK : answer.refused.code;
    world_trace (world, "%s: order %d: %s", node->name, which,
                 ordered ? "done" : wire_code_name (code));
    if (ordered)
        checks_ordered (world->checks, node, which, &answer);
    world->counts->orders += ordered;
    world->counts->orders_refused += !ordered;
    if (!world->plan.order[which].needed && code != REFUSED_BUSY &&
        code != REFUSED_UNAVAILABLE)
        world->order_done[which] = true;
    self->order = -1;
    self->next_ms = world->now_ms + (ordered ? 1 : PAUSE_MS);
    if (code == REFUSED_UNAVAILABLE)
        go_elsewhere (node, self);
}

/* Of two centrals one is active. */
static void go_elsewhere (const node_t *node, operator_t *self)
{
    if (node->world->machines == 1)
        return;
    self->machine = (self->machine + 1) % WORLD_MACHINES;
    self->last = -1;
}

static void give_order (node_t *node, operator_t *self)
{
    int64_t due_ms;
    const int which = due_order (node, &due_ms);
    self->next_ms = due_ms;
    if (which == -1)
        return;
    if (which != self->last)
        connect (node, self);
    self->order = self->last = which;
    self->unsent = true;
    self->answer_ms = node->world->now_ms + ANSWER_MS;
    self->next_ms = node->world->now_ms;
    if (network_ready (self->socket))
        say_order (node, self);
}

/* No answer to what was ordered before is heard any more. */
static void connect (const node_t *node, operator_t *self)
{
    if (self->socket)
        network_close (self->socket, node->world->now_ms);
    self->socket = network_open (node->world->network, node->index);
    self->last = -1;
    network_connect (self->socket, world_place (self->machine, AT_STATE),
                     node->world->now_ms);
}

/* One of those that are due, whichever: what is refused must not keep the others
   waiting. -1: none, and when there will be one. */
static int due_order (const node_t *node, int64_t *due_ms)
{
    world_t *world = node->world;
    int due[PLAN_ORDERS_MAX];
    uint64_t count = 0;
    *due_ms = INT64_MAX;
    for (uint32_t i = 0; i < world->plan.orders; i++) {
        const plan_order_t *order = &world->plan.order[i];
        if (order->by != node->operator_no - 1 || world->order_done[i])
            continue;
        if (order->needed && checks_moot (world->checks, order)) {
            world->order_done[i] = true;
            continue;
        }
        const int64_t at_ms = due_time (world, order);
        if (at_ms <= world->now_ms)
            due[count++] = (int) i;
        else if (at_ms < *due_ms)
            *due_ms = at_ms;
    }
    if (count == 0)
        return -1;
    *due_ms = world->now_ms;
    return due[dice_below (&world->dice, count)];
}

static int64_t due_time (const world_t *world, const plan_order_t *order)
{
    const int64_t latest_ms = world->calm_since_ms + LATEST_MS;
    return world->calm && order->at_ms > latest_ms ? latest_ms : order->at_ms;
}

static void say_order (node_t *node, operator_t *self)
{
    const int which = self->order;
    const plan_order_t *order = &node->world->plan.order[which];
    const plan_draw_t *draw = &node->world->plan.draw[order->draw];
    char note[PLAN_NOTE_BYTES];
    plan_note ((uint32_t) which, note);
    wire_message_t message = {.command = WIRE_ORDER, .order = {.order = order->kind}};
    wire_order_t *body = &message.order;
    if (order->named)
        body->name = bytes_of (draw->name, strlen (draw->name));
    switch (order->kind) {
    case ORDER_OPEN:
        body->source = draw->source;
        body->agencies = order->agencies;
        body->number = draw->source == SOURCE_FIXED ? draw->number : 0;
        body->highest = draw->highest;
        body->closes_ms = closing_time (node->world, draw);
        break;
    case ORDER_NUMBER:
        body->number = order->number;
        break;
    default:
        message.agency = order->kind == ORDER_EXCUSE ? order->agency : 0;
        body->note = bytes_of (note, strlen (note));
    }
    world_trace (node->world, "%s: order %d: %c of %s", node->name, which, order->kind,
                 order->named ? draw->name : "the one that is meant");
    self->unsent = false;
    say (node, self, &message);
}

/* As planned, by a clock of his own that is right; later if he is late. */
static uint64_t closing_time (const world_t *world, const plan_draw_t *draw)
{
    const uint64_t soonest_ms =
        world->plan.wall_start_ms + (uint64_t) (world->now_ms + CLOSES_MS);
    if (!draw->by_clock)
        return draw->closes_ms;
    return draw->closes_ms < soonest_ms && world->calm ? soonest_ms : draw->closes_ms;
}

static void ask_list (node_t *node, operator_t *self)
{
    self->list_ms = node->world->now_ms + LIST_MS;
    say (node, self, &(wire_message_t){.command = WIRE_LIST});
}

static void say (const node_t *node, const operator_t *self,
                 const wire_message_t *message)
{
    uint8_t buffer[WIRE_SMALL_BYTES_MAX];
    assert (wire_size (message) <= sizeof buffer);
    const size_t size = wire_encode (message, buffer);
    if (!node->dying)
        network_send (self->socket, bytes_of (NULL, 0), bytes_of (buffer, size),
                      node->world->now_ms);
}

static int64_t deadline (const node_t *node)
{
    const operator_t *self = node->core;
    int64_t due_ms = self->order == -1 ? self->next_ms : self->answer_ms;
    for (int i = 0; i < 2; i++)
        if (asker_deadline (self->asks[i]) < due_ms)
            due_ms = asker_deadline (self->asks[i]);
    return due_ms < self->list_ms ? due_ms : self->list_ms;
}

static void destroy (void **core)
{
    operator_t *self = *core;
    for (int i = 0; i < 2; i++)
        asker_destroy (&self->asks[i]);
    free (self); // the network closes its sockets
    *core = NULL;
}

const node_ops_t operator_node = {start, step, deadline, NULL, destroy};

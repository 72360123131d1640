/* asker.c - what an operator of a simulated day asks besides giving orders. */

#include "asker.h"

#include "checks.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>

#define ANSWER_MS 900 // then something else is asked
#define PAUSE_MS  1200

struct asker {
    network_socket_t *socket;
    place_t at;       // who is asked
    uint8_t command;  // what was asked last, if an answer is awaited; 0: nothing
    uint64_t draw;    // of that
    uint32_t agency;  //
    int64_t until_ms; // an answer is awaited, or nothing is asked
};

static void connect (const node_t *node, asker_t *self, int machine);
static void take (node_t *node, asker_t *self, bytes_t frame);
static void ask_something (node_t *node, asker_t *self);
static void ask_status (node_t *node, asker_t *self, uint64_t from);
static void ask_results (node_t *node, asker_t *self, uint64_t cursor);
static void ask_lookup (node_t *node, asker_t *self, const plan_draw_t *draw);
static void say (node_t *node, asker_t *self, const wire_message_t *message);
static void wait (const node_t *node, asker_t *self);

asker_t *asker_new (node_t *node, place_t at)
{
    asker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->at = at;
    connect (node, self, 0);
    wait (node, self);
    return self;
}

/* No answer to what was asked before is heard any more. */
static void connect (const node_t *node, asker_t *self, int machine)
{
    if (self->socket)
        network_close (self->socket, node->world->now_ms);
    self->socket = network_open (node->world->network, node->index);
    network_connect (self->socket, world_place (machine, self->at),
                     node->world->now_ms);
}

void asker_destroy (asker_t **asker)
{
    free (*asker); // the network closes its socket
    *asker = NULL;
}

void asker_step (node_t *node, asker_t *self)
{
    bytes_t peer, frame;
    while (node_point (node) && network_receive (self->socket, &peer, &frame))
        take (node, self, frame);
    if (node->world->now_ms < self->until_ms)
        return;
    world_t *world = node->world;
    if (self->command != 0) {
        wait (node, self);
        if (world->machines > 1 && dice_chance (&world->dice, 500))
            connect (node, self, (int) dice_below (&world->dice, WORLD_MACHINES));
    } else
        ask_something (node, self);
}

int64_t asker_deadline (const asker_t *self)
{
    return self->until_ms;
}

/* Late and repeated ones, too: what is said is so, whatever was asked. */
static void take (node_t *node, asker_t *self, bytes_t frame)
{
    world_t *world = node->world;
    wire_message_t answer;
    if (wire_decode (frame, &answer) != REFUSED_OK) {
        world_violate (world, "I10: %s is answered with what is no message",
                       node->name);
        return;
    }
    world_trace (world, "%s is answered %s", node->name,
                 wire_command_name (answer.command));
    uint64_t next = 0;
    if (answer.command == WIRE_REPORT) {
        checks_reported (world->checks, node, answer.report.text);
        world->counts->reports++;
        next = answer.report.more ? answer.report.next : 0;
    } else if (answer.command == WIRE_WINNERS) {
        checks_shown (world->checks, node, frame);
        world->counts->shown++;
        next = answer.winners.next;
    } else if (answer.command == WIRE_DRAW)
        checks_listed (world->checks, &answer);
    if (answer.command == WIRE_REPORT && self->command == WIRE_STATUS && next != 0)
        ask_status (node, self, next);
    else if (answer.command == WIRE_WINNERS && self->command == WIRE_RESULTS &&
             answer.draw == self->draw && answer.agency == self->agency && next != 0)
        ask_results (node, self, next);
    else
        wait (node, self);
}

static void ask_something (node_t *node, asker_t *self)
{
    world_t *world = node->world;
    const uint32_t which = (uint32_t) dice_below (&world->dice, world->plan.draws);
    const plan_draw_t *draw = &world->plan.draw[which];
    const uint64_t what = dice_below (&world->dice, self->at == AT_STATE ? 4 : 2);
    self->draw = what == 0 ? 0 : checks_identity (world->checks, which);
    self->agency = 1 + (uint32_t) dice_below (&world->dice, draw->agencies);
    if (what == 2)
        ask_lookup (node, self, draw);
    else if (what == 3)
        ask_results (node, self, 0);
    else
        ask_status (node, self, 0);
}

static void ask_status (node_t *node, asker_t *self, uint64_t from)
{
    const wire_message_t status = {
        .command = WIRE_STATUS, .draw = self->draw, .status = {.from = from}};
    say (node, self, &status);
}

static void ask_results (node_t *node, asker_t *self, uint64_t cursor)
{
    const wire_message_t results = {.command = WIRE_RESULTS,
                                    .agency = self->agency,
                                    .draw = self->draw,
                                    .cursor = cursor};
    say (node, self, &results);
}

static void ask_lookup (node_t *node, asker_t *self, const plan_draw_t *draw)
{
    const wire_message_t lookup = {.command = WIRE_LOOKUP,
                                   .lookup.name =
                                       bytes_of (draw->name, strlen (draw->name))};
    say (node, self, &lookup);
}

static void say (node_t *node, asker_t *self, const wire_message_t *message)
{
    uint8_t buffer[WIRE_SMALL_BYTES_MAX];
    assert (wire_size (message) <= sizeof buffer);
    const size_t size = wire_encode (message, buffer);
    self->command = message->command;
    self->until_ms = node->world->now_ms + ANSWER_MS;
    if (!node->dying)
        network_send (self->socket, bytes_of (NULL, 0), bytes_of (buffer, size),
                      node->world->now_ms);
}

static void wait (const node_t *node, asker_t *self)
{
    self->command = 0;
    self->until_ms =
        node->world->now_ms + 1 + dice_skewed (&node->world->dice, PAUSE_MS);
}

/* world.c - plays a day. */

#include "world.h"

#include "checks.h"
#include "faults.h"

#include "bounds.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define STEPS_MAX 1000000 // of a day: beyond, somebody runs in circles

static dice_t getrandom_dice;

static world_t *world_new (uint64_t seed, bool trace, world_counts_t *counts);
static void world_destroy (world_t **world);
static void add_nodes (world_t *world);
static node_t *add_node (world_t *world, const node_ops_t *ops, const char *name,
                         int64_t start_ms);
static void add_agencies (world_t *world);
static void run (world_t *world);
static bool everybody_over (const world_t *world);
static void pass_time (world_t *world);
static int64_t wake_time (const world_t *world, const node_t *node);
static void give_turns (world_t *world);
static void start_node (world_t *world, node_t *node);
static void step_node (world_t *world, node_t *node);
static void finish_turn (world_t *world, node_t *node);
static void bury (world_t *world, node_t *node);
static void start_all_again (world_t *world);
static void end_day (world_t *world);
static void add_up (world_t *world);
static life_t node_life (void *context);

int world_play (uint64_t seed, bool trace, world_counts_t *counts, char *violation)
{
    world_t *world = world_new (seed, trace, counts);
    run (world);
    if (!world->violation[0] && world->plan.asks_again) {
        start_all_again (world);
        run (world);
    }
    if (!world->violation[0])
        end_day (world);
    add_up (world);
    snprintf (violation, sizeof world->violation, "%s", world->violation);
    world_destroy (&world);
    return violation[0] ? -1 : 0;
}

static world_t *world_new (uint64_t seed, bool trace, world_counts_t *counts)
{
    world_t *world = calloc (1, sizeof *world);
    assert (world);
    world->dice = seed;
    world->trace = trace;
    world->counts = counts;
    getrandom_dice = ~seed;
    plan_make (&world->plan, &world->dice);
    world->network = network_new (&world->dice);
    world->disk = disk_new (&world->dice);
    disk_ask (world->disk, node_life, &world->nodes[NODE_STORAGE]);
    world->checks = checks_new (world);
    add_nodes (world);
    faults_begin (world);
    return world;
}

static void world_destroy (world_t **world)
{
    for (int i = 0; i < (*world)->nodes_count; i++)
        if ((*world)->nodes[i].core)
            (*world)->nodes[i].ops->destroy (&(*world)->nodes[i].core);
    checks_destroy (&(*world)->checks);
    network_destroy (&(*world)->network);
    disk_destroy (&(*world)->disk);
    plan_clear (&(*world)->plan);
    free (*world);
    *world = NULL;
}

static void add_nodes (world_t *world)
{
    network_t *network = world->network;
    add_node (world, &storage_node, "storage", 0)->disk = world->disk;
    add_node (world, &state_node, "state", 0);
    add_node (world, &broker_node, "broker", 0);
    network_link (network, NODE_STATE, SLOT_STATE_STORAGE, NODE_STORAGE,
                  SLOT_STORAGE_ROUTER);
    network_link (network, NODE_STORAGE, SLOT_STORAGE_BROKER, NODE_BROKER,
                  SLOT_BROKER_BACK);
    network_link (network, NODE_STATE, SLOT_STATE_BROKER, NODE_BROKER,
                  SLOT_BROKER_BACK);
    for (uint32_t i = 0; i < world->plan.workers; i++) {
        char name[24];
        snprintf (name, sizeof name, "worker-%u", i + 1);
        const node_t *worker = add_node (world, &worker_node, name, 0);
        network_link (network, worker->index, 0, NODE_BROKER, SLOT_BROKER_BACK);
        network_link (network, worker->index, 1, NODE_STORAGE, SLOT_STORAGE_ROUTER);
        network_link (network, worker->index, 2, NODE_STATE, SLOT_STATE_ROUTER);
    }
    add_agencies (world);
}

static node_t *add_node (world_t *world, const node_ops_t *ops, const char *name,
                         int64_t start_ms)
{
    assert (world->nodes_count < WORLD_NODES_MAX);
    node_t *node = &world->nodes[world->nodes_count];
    *node = (node_t){.ops = ops,
                     .world = world,
                     .index = world->nodes_count++,
                     .restart_ms = start_ms};
    snprintf (node->name, sizeof node->name, "%s", name);
    return node;
}

static void add_agencies (world_t *world)
{
    for (uint32_t agency = 1; agency <= world->plan.agencies; agency++)
        for (uint32_t i = 0; i < world->plan.agency[agency].processes; i++) {
            char name[24];
            snprintf (name, sizeof name, "agency-%u%c", agency, 'a' + (char) i);
            node_t *node =
                add_node (world, &agency_node, name,
                          dice_between (&world->dice, 0, world->plan.start_ms));
            node->agency = agency;
            node->process = i;
            network_link (world->network, node->index, SLOT_AGENCY, NODE_BROKER,
                          SLOT_BROKER_FRONT);
        }
}

static void run (world_t *world)
{
    const uint64_t steps_end = world->counts->steps + STEPS_MAX;
    while (!world->violation[0] && !everybody_over (world)) {
        pass_time (world);
        network_advance (world->network, world->now_ms);
        faults_come (world);
        give_turns (world);
        checks_tick (world->checks);
        if (world->counts->steps > steps_end)
            world_violate (world, "I7: somebody runs in circles");
    }
}

static bool everybody_over (const world_t *world)
{
    for (int i = 0; i < world->nodes_count; i++)
        if (world->nodes[i].agency > 0 && !world->nodes[i].over)
            return false;
    return true;
}

static void pass_time (world_t *world)
{
    int64_t next_ms = network_next (world->network);
    for (int i = 0; i < world->nodes_count; i++) {
        const int64_t wake_ms = wake_time (world, &world->nodes[i]);
        next_ms = wake_ms < next_ms ? wake_ms : next_ms;
    }
    if (!world->calm && world->fault_ms < next_ms)
        next_ms = world->fault_ms;
    if (!world->calm && world->plan.calm_ms < next_ms)
        next_ms = world->plan.calm_ms;
    if (next_ms == INT64_MAX)
        world_violate (world, "I7: nothing will ever happen again");
    else if (next_ms > world->now_ms)
        world->now_ms = next_ms;
}

static int64_t wake_time (const world_t *world, const node_t *node)
{
    int64_t wake_ms = node->restart_ms;
    if (!node->core)
        return node->over ? INT64_MAX : wake_ms;
    wake_ms = network_waits (world->network, node->index)
                  ? world->now_ms
                  : node->ops->deadline (world, node);
    wake_ms = wake_ms > node->busy_ms ? wake_ms : node->busy_ms;
    return wake_ms > node->paused_ms ? wake_ms : node->paused_ms;
}

/* Each to whom it is due, in an order that changes. */
static void give_turns (world_t *world)
{
    const int count = world->nodes_count;
    const int first = (int) dice_below (&world->dice, (uint64_t) count);
    for (int i = 0; i < count && !world->violation[0]; i++) {
        node_t *node = &world->nodes[(first + i) % count];
        if (wake_time (world, node) > world->now_ms)
            continue;
        if (node->core)
            step_node (world, node);
        else
            start_node (world, node);
    }
}

static void start_node (world_t *world, node_t *node)
{
    world_trace (world, "%s starts", node->name);
    world->counts->starts++;
    if (node->disk)
        disk_forgive (node->disk);
    node->busy_ms = world->now_ms;
    network_begin (world->network, node->index, world->now_ms);
    node->core = node->ops->start (world, node);
    finish_turn (world, node);
}

static void step_node (world_t *world, node_t *node)
{
    world->counts->steps++;
    if (node->disk)
        disk_forgive (node->disk);
    node->ops->step (world, node);
    // nothing is done in no time at all, for ever
    if (node->busy_ms <= world->now_ms)
        node->busy_ms = world->now_ms + dice_chance (&world->dice, 300);
    finish_turn (world, node);
}

static void finish_turn (world_t *world, node_t *node)
{
    if (node->dying) {
        world_trace (world, "%s is dead", node->name);
        bury (world, node);
    }
    if (world->power_goes)
        world_cut_power (world, dice_chance (&world->dice, 300));
    world->power_goes = false;
}

/* Whoever keeps it alive starts it again after a while. */
static void bury (world_t *world, node_t *node)
{
    if (node->core)
        node->ops->destroy (&node->core);
    network_end (world->network, node->index, world->now_ms);
    node->dying = false;
    node->kill_in = 0;
    node->takes_power = false;
    node->restart_ms =
        world->now_ms + (world->calm ? 100 : dice_between (&world->dice, 20, 1500));
}

void world_kill (world_t *world, node_t *node)
{
    if (!node->core)
        return;
    world->counts->kills++;
    world_trace (world, "-- %s is killed", node->name);
    bury (world, node);
}

void world_cut_power (world_t *world, bool agencies_too)
{
    world_trace (world, "-- the power is cut%s", agencies_too ? ", everywhere" : "");
    world->counts->power_cuts++;
    for (int i = 0; i < world->nodes_count; i++)
        if (world->nodes[i].agency == 0 || agencies_too)
            world_kill (world, &world->nodes[i]);
    disk_cut (world->disk);
}

/* Another day, another start: the results must be what they were. */
static void start_all_again (world_t *world)
{
    if (!world->calm)
        faults_stop (world);
    world_cut_power (world, true);
    for (int i = 0; i < world->nodes_count; i++) {
        node_t *node = &world->nodes[i];
        node->over = node->agency > 0 && !node->ended_well;
        node->restart_ms = world->now_ms;
    }
    checks_calm (world->checks);
}

/* The power is cut once more, to see what is really there. */
static void end_day (world_t *world)
{
    if (!world->calm)
        faults_stop (world);
    world_cut_power (world, true);
    start_node (world, &world->nodes[NODE_STORAGE]);
    checks_over (world->checks);
}

static void add_up (world_t *world)
{
    world_counts_t *counts = world->counts;
    const network_counts_t *network = network_counts (world->network);
    counts->days++;
    counts->virtual_ms += world->now_ms;
    counts->messages += network->sent;
    counts->lost += network->lost;
    counts->repeated += network->repeated;
    counts->link_cuts += network->cuts;
    const disk_counts_t *disk = disk_counts (world->disk);
    counts->operations += disk->operations;
    counts->failures += disk->failures;
    counts->full += disk->full;
    counts->torn += disk->torn;
}

static life_t node_life (void *context)
{
    node_t *node = context;
    if (node->dying)
        return LIFE_IS_OVER;
    if (node->kill_in == 0 || --node->kill_in > 0)
        return LIFE_GOES_ON;
    world_trace (node->world, "-- %s dies here", node->name);
    node->world->counts->kills++;
    node->world->power_goes = node->takes_power;
    node->dying = true;
    return LIFE_ENDS_HERE;
}

/* The power goes in the midst of what is done to a disk: that is what is worth seeing.
 */
bool node_point (node_t *node)
{
    return node->takes_power ? !node->dying : node_life (node) == LIFE_GOES_ON;
}

/* A process that ends though nothing was done to it has found what cannot be. Want of
   space is a reason only when it starts: at work it has reserved what it writes. */
void node_die (node_t *node, const char *why)
{
    if (node->dying)
        return;
    world_trace (node->world, "%s ends: %s", node->name, why);
    if (node->disk && !disk_failed (node->disk) &&
        !(disk_full (node->disk) && !node->core))
        world_violate (node->world, "I1: %s ends for no fault of its disk: %s",
                       node->name, why);
    node->world->counts->refused_starts += node->agency == 0;
    node->dying = true;
}

int node_appetite (node_t *node)
{
    dice_t *dice = &node->world->dice;
    return dice_chance (dice, 600) ? LOOP_MESSAGES_MAX : 1 + (int) dice_below (dice, 4);
}

bool node_receive (node_t *node, int slot, bytes_t *peer, bytes_t *body)
{
    return node_point (node) &&
           network_receive (node->world->network, node->index, slot, peer, body);
}

bool node_send (node_t *node, int slot, bytes_t peer, bytes_t body)
{
    world_t *world = node->world;
    const bool sent =
        node_point (node) &&
        network_send (world->network, node->index, slot, peer, body, world->now_ms);
    world_trace (world, "%s sends %zu bytes by socket %d%s", node->name, body.size,
                 slot, sent ? "" : ": not taken");
    return sent;
}

bool node_ready (node_t *node, int slot)
{
    return network_ready (node->world->network, node->index, slot);
}

void world_trace (const world_t *world, const char *format, ...)
{
    if (!world->trace)
        return;
    va_list values;
    va_start (values, format);
    printf ("%6lld ", (long long) world->now_ms);
    vprintf (format, values);
    putchar ('\n');
    va_end (values);
}

void world_violate (world_t *world, const char *format, ...)
{
    if (world->violation[0])
        return;
    va_list values;
    va_start (values, format);
    vsnprintf (world->violation, sizeof world->violation, format, values);
    va_end (values);
    world_trace (world, "%s", world->violation);
}

/* In the place of the C library's, so that a day's identities are the seed's as well.
 */
ssize_t getrandom (void *buffer, size_t size, unsigned flags)
{
    (void) flags;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *) buffer)[i] = (uint8_t) dice_roll (&getrandom_dice);
    return (ssize_t) size;
}

void node_look_at_broker (node_t *node, int slot, member_t *member)
{
    bytes_t body;
    bundle_t bundle = {0};
    for (int i = node_appetite (node); i > 0; i--) {
        if (!node_receive (node, slot, NULL, &body))
            break;
        member_take (member, body);
    }
    if (member_write (member, node_ready (node, slot), node->world->now_ms, &bundle))
        node_send (node, slot, bytes_of (NULL, 0), bytes_of (bundle.data, bundle.size));
    bundle_clear (&bundle);
}

void node_send_answers (node_t *node, int slot, const member_t *member,
                        outbox_t *answers)
{
    bytes_t boot;
    bundle_t *bundle;
    while (outbox_take (answers, &boot, &bundle)) {
        if (bundle->messages > 0 && member->boot == outbox_boot (boot))
            node_send (node, slot, bytes_of (NULL, 0),
                       bytes_of (bundle->data, bundle->size));
        bundle_clear (bundle);
    }
}

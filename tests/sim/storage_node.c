/* storage_node.c - storage in a simulated day. */

#include "storage.h"
#include "world.h"

#define SEGMENT_BYTES (16 * 1024) // so that a day laps the log

static void *start (node_t *node)
{
    const storage_options_t options = {
        .data_directory = "day",
        .listen = world_place (node->machine, AT_STORAGE),
        .brokers = world_place (node->machine, AT_BACK),
        .log = {.segment_bytes = SEGMENT_BYTES, .segments = 4},
        .engine = node->world->database ? "postgres://simulated" : NULL,
        .standby = true,
        .lease_s = 1,
        .advertise = world_place (node->world->namesakes ? 0 : node->machine, AT_FRONT),
        .role_file = node->world->machines > 1 ? "role" : NULL,
        .draws_kept = node->world->plan.draws_kept};
    problem_t problem;
    storage_t *storage = storage_new (&options, node->world->now_ms, &problem);
    if (!storage)
        node_die (node, problem.parts);
    return storage;
}

static void step (node_t *node)
{
    problem_t problem;
    if (storage_turn (node->core, node->world->now_ms, &problem) == -1)
        node_die (node, problem.parts);
}

static int64_t deadline (const node_t *node)
{
    return storage_deadline (node->core, node->world->now_ms);
}

static void stop (node_t *node)
{
    problem_t problem;
    if (storage_close (node->core, &problem) == -1)
        node_die (node, problem.parts);
}

static void destroy (void **core)
{
    storage_destroy ((storage_t **) core);
}

const node_ops_t storage_node = {start, step, deadline, stop, destroy};

/* broker_node.c - the broker in a simulated day. */

#include "router.h"
#include "world.h"

static void *start (node_t *node)
{
    const router_options_t options = {
        .listen = world_place (node->machine, AT_FRONT),
        .workers = world_place (node->machine, AT_BACK),
        .role_file = node->world->machines > 1 ? "role" : NULL,
        .limits = {.window = node->world->plan.broker_window,
                   .message_bytes_max = MESSAGE_BYTES_LIMIT_DEFAULT,
                   .rows_max = BATCH_ROWS_MAX,
                   .bundle_bytes = node->world->plan.bundle_bytes},
        .memory_max = UINT64_MAX};
    problem_t problem;
    router_t *router = router_new (&options, node->world->now_ms, &problem);
    if (!router)
        node_die (node, problem.parts);
    return router;
}

static void step (node_t *node)
{
    router_turn (node->core, NULL, node->world->now_ms);
}

static int64_t deadline (const node_t *node)
{
    return router_deadline (node->core);
}

static void stop (node_t *node)
{
    router_destroy ((router_t **) &node->core);
}

static void destroy (void **core)
{
    router_destroy ((router_t **) core);
}

const node_ops_t broker_node = {start, step, deadline, stop, destroy};

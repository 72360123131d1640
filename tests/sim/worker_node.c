/* worker_node.c - a worker in a simulated day. */

#include "bounds.h"
#include "worker.h"
#include "world.h"

static void *start (node_t *node)
{
    const worker_options_t options = {.broker = world_place (node->machine, AT_BACK),
                                      .storage =
                                          world_place (node->machine, AT_STORAGE),
                                      .state = world_place (node->machine, AT_STATE),
                                      .name = "worker",
                                      .rows_max = node->world->plan.worker_rows,
                                      .number_max = NUMBER_MAX_DEFAULT,
                                      .credit = node->world->plan.worker_credit,
                                      .heartbeat_ms = HEARTBEAT_MS_DEFAULT};
    problem_t problem;
    worker_t *worker = worker_new (&options, node->world->now_ms, &problem);
    if (!worker)
        node_die (node, problem.parts);
    return worker;
}

static void step (node_t *node)
{
    worker_turn (node->core, NULL, node->world->now_ms);
}

static int64_t deadline (const node_t *node)
{
    return worker_deadline (node->core);
}

static void stop (node_t *node)
{
    worker_destroy ((worker_t **) &node->core); // takes its leave
}

static void destroy (void **core)
{
    worker_destroy ((worker_t **) core);
}

const node_ops_t worker_node = {start, step, deadline, stop, destroy};

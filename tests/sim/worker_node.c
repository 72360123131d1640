/* worker_node.c - a worker's shell in a simulated day, after worker/intake/worker.c. */

#include "intake.h"
#include "world.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    intake_t *intake;
    bool beating;
    int64_t beat_ms;
} worker_t;

static void *start (world_t *world, node_t *node);
static void step (world_t *world, node_t *node);
static void take_all (worker_t *worker, node_t *node, intake_side_t from);
static void beat (worker_t *worker, node_t *node, int64_t now_ms);
static bool connected (node_t *node);
static int send_to (void *context, intake_side_t to, bundle_t *bundle);
static int64_t deadline (const world_t *world, const node_t *node);
static void destroy (void **core);

const node_ops_t worker_node = {start, step, deadline, destroy};

static void *start (world_t *world, node_t *node)
{
    worker_t *worker = calloc (1, sizeof *worker);
    assert (worker);
    const intake_options_t options = {.rows_max = world->plan.worker_rows,
                                      .number_max = NUMBER_MAX_DEFAULT,
                                      .join = {.role = ROLE_WORKER,
                                               .credit = world->plan.worker_credit,
                                               .heartbeat_ms = HEARTBEAT_MS_DEFAULT},
                                      .context = node,
                                      .send = send_to};
    worker->intake = intake_new (&options);
    return worker;
}

static void step (world_t *world, node_t *node)
{
    worker_t *worker = node->core;
    intake_tick (worker->intake, world->now_ms);
    take_all (worker, node, INTAKE_STORAGE);
    take_all (worker, node, INTAKE_STATE);
    take_all (worker, node, INTAKE_BROKER);
    beat (worker, node, world->now_ms);
    intake_flush (worker->intake);
}

static void take_all (worker_t *worker, node_t *node, intake_side_t from)
{
    bytes_t body;
    for (int i = node_appetite (node); i > 0; i--) {
        if (!node_receive (node, (int) from, NULL, &body))
            break;
        if (from == INTAKE_BROKER)
            intake_requests (worker->intake, body);
    }
}

static void beat (worker_t *worker, node_t *node, int64_t now_ms)
{
    if (now_ms < worker->beat_ms)
        return;
    worker->beating = worker->beating || connected (node);
    if (worker->beating)
        intake_say (worker->intake, WIRE_BEAT);
    worker->beat_ms =
        now_ms + (worker->beating ? HEARTBEAT_MS_DEFAULT : CONNECT_LOOK_MS);
}

static bool connected (node_t *node)
{
    for (int side = 0; side < INTAKE_SIDES; side++)
        if (!node_ready (node, side))
            return false;
    return true;
}

static int send_to (void *context, intake_side_t to, bundle_t *bundle)
{
    node_t *node = context;
    if (!node_ready (node, (int) to))
        return -1;
    node_send (node, (int) to, bytes_of (NULL, 0),
               bytes_of (bundle->data, bundle->size));
    bundle_clear (bundle);
    return 0;
}

static int64_t deadline (const world_t *world, const node_t *node)
{
    (void) world;
    const worker_t *worker = node->core;
    return worker->beat_ms;
}

static void destroy (void **core)
{
    worker_t *worker = *core;
    intake_destroy (&worker->intake);
    free (worker);
    *core = NULL;
}

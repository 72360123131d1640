/* broker_node.c - the broker's shell in a simulated day, after broker/router/router.c.
 */

#include "dispatcher.h"
#include "world.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

static void *start (world_t *world, node_t *node);
static void step (world_t *world, node_t *node);
static void take_answers (node_t *node, int64_t now_ms);
static void take_requests (node_t *node);
static void to_client (void *context, bytes_t client, bytes_t message);
static int to_peer (void *context, bytes_t peer, bundle_t *bundle);
static int64_t deadline (const world_t *world, const node_t *node);
static void destroy (void **core);

const node_ops_t broker_node = {start, step, deadline, destroy};

static void *start (world_t *world, node_t *node)
{
    dispatcher_options_t options = {
        .limits = {.window = world->plan.broker_window,
                   .message_bytes_max = MESSAGE_BYTES_LIMIT_DEFAULT,
                   .rows_max = BATCH_ROWS_MAX,
                   .bundle_bytes = BATCHES_BYTES_MAX},
        .context = node,
        .to_client = to_client,
        .to_peer = to_peer};
    const ssize_t rc = getrandom (&options.boot, sizeof options.boot, 0);
    assert (rc == sizeof options.boot);
    options.boot |= 1; // never 0
    return dispatcher_new (&options, world->now_ms);
}

static void step (world_t *world, node_t *node)
{
    take_answers (node, world->now_ms);
    take_requests (node);
    dispatcher_expire (node->core, world->now_ms);
    dispatcher_dispatch (node->core, world->now_ms);
}

static void take_answers (node_t *node, int64_t now_ms)
{
    bytes_t peer, body;
    for (int i = node_appetite (node); i > 0; i--) {
        if (!node_receive (node, SLOT_BROKER_BACK, &peer, &body))
            break;
        dispatcher_bundle (node->core, peer, ROLE_ANY, body, now_ms);
    }
}

static void take_requests (node_t *node)
{
    bytes_t peer, body;
    zmq_msg_t message;
    for (int i = node_appetite (node); i > 0; i--) {
        if (!node_receive (node, SLOT_BROKER_FRONT, &peer, &body))
            break;
        zmq_msg_init_size (&message, body.size);
        put_bytes (zmq_msg_data (&message), body);
        dispatcher_request (node->core, peer, (sender_t){0}, &message);
        zmq_msg_close (&message);
    }
}

static void to_client (void *context, bytes_t client, bytes_t message)
{
    node_send (context, SLOT_BROKER_FRONT, client, message);
}

static int to_peer (void *context, bytes_t peer, bundle_t *bundle)
{
    const bool sent =
        bundle->messages == 0 || node_send (context, SLOT_BROKER_BACK, peer,
                                            bytes_of (bundle->data, bundle->size));
    bundle_clear (bundle);
    return sent ? 0 : -1;
}

static int64_t deadline (const world_t *world, const node_t *node)
{
    (void) world;
    return dispatcher_deadline (node->core);
}

static void destroy (void **core)
{
    dispatcher_t *dispatcher = *core;
    dispatcher_destroy (&dispatcher);
    *core = NULL;
}

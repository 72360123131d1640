/* state_node.c - state's shell in a simulated day, after broker/state/state.c. */

#include "registrar.h"
#include "world.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    registrar_t *registrar;
    member_t member;
    bool joined;
    int64_t look_ms; // whether storage is there
} state_t;

static void *start (world_t *world, node_t *node);
static void step (world_t *world, node_t *node);
static void take_answers (state_t *state, node_t *node);
static void take_requests (state_t *state, node_t *node);
static void judge (const state_t *state, node_t *node);
static void send_all (state_t *state, node_t *node);
static int64_t deadline (const world_t *world, const node_t *node);
static void destroy (void **core);

const node_ops_t state_node = {start, step, deadline, destroy};

static void *start (world_t *world, node_t *node)
{
    (void) node;
    const plan_t *plan = &world->plan;
    state_t *state = calloc (1, sizeof *state);
    assert (state);
    state->registrar =
        registrar_new (dice_roll (&world->dice) | 1, plan->agencies, plan->number);
    member_start (&state->member, ROLE_STATE, HEARTBEAT_MS_DEFAULT);
    return state;
}

static void step (world_t *world, node_t *node)
{
    state_t *state = node->core;
    if (state->joined)
        node_look_at_broker (node, SLOT_STATE_BROKER, &state->member);
    registrar_tick (state->registrar, world->now_ms,
                    node_ready (node, SLOT_STATE_STORAGE));
    state->look_ms = world->now_ms + CONNECT_LOOK_MS;
    take_answers (state, node);
    take_requests (state, node);
    state->joined = registrar_stage (state->registrar) == REGISTRAR_OPEN;
    if (registrar_stage (state->registrar) > REGISTRAR_OPEN)
        judge (state, node);
    else
        send_all (state, node);
}

static void take_answers (state_t *state, node_t *node)
{
    bytes_t body;
    for (int i = node_appetite (node); i > 0; i--) {
        if (!node_receive (node, SLOT_STATE_STORAGE, NULL, &body))
            break;
        registrar_answers (state->registrar, body);
    }
}

static void take_requests (state_t *state, node_t *node)
{
    bytes_t body;
    for (int i = node_appetite (node); i > 0; i--) {
        if (!node_receive (node, SLOT_STATE_ROUTER, NULL, &body))
            break;
        registrar_requests (state->registrar, body);
    }
}

/* What is left of a former life may be heard last. */
static void judge (const state_t *state, node_t *node)
{
    if (registrar_stage (state->registrar) == REGISTRAR_SUPERSEDED)
        node_die (node, "another state has registered");
    else
        world_violate (node->world, "I6: state has another day's terms (%d)",
                       (int) registrar_stage (state->registrar));
}

static void send_all (state_t *state, node_t *node)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (registrar_to_storage (state->registrar), &peer, &bundle)) {
        const bytes_t body = bytes_of (bundle->data, bundle->size);
        if (!node_ready (node, SLOT_STATE_STORAGE))
            registrar_storage_unavailable (state->registrar, body);
        else if (bundle->messages > 0)
            node_send (node, SLOT_STATE_STORAGE, peer, body);
        bundle_clear (bundle);
    }
    node_send_answers (node, SLOT_STATE_BROKER, &state->member,
                       registrar_to_brokers (state->registrar));
}

static int64_t deadline (const world_t *world, const node_t *node)
{
    const state_t *state = node->core;
    const int64_t member_ms =
        state->joined ? member_deadline (&state->member) : INT64_MAX;
    int64_t registrar_ms = registrar_deadline (state->registrar);
    if (registrar_wants (state->registrar) && registrar_ms > state->look_ms)
        registrar_ms = state->look_ms;
    (void) world;
    return registrar_ms < member_ms ? registrar_ms : member_ms;
}

static void destroy (void **core)
{
    state_t *state = *core;
    registrar_destroy (&state->registrar);
    free (state);
    *core = NULL;
}

/* state_node.c - state in a simulated day, and the second one. */

#include "fair.h"
#include "state.h"
#include "wire.h"
#include "world.h"

static void *start (node_t *node)
{
    const plan_t *plan = &node->world->plan;
    const plan_draw_t *draw = &plan->draw[0];
    const state_options_t options = {
        .listen = world_place (node->machine, AT_STATE),
        .storage = world_place (node->machine, AT_STORAGE),
        .brokers = world_place (node->machine, AT_BACK),
        .draw = plan->opens_itself ? draw->name : NULL,
        .agencies = draw->agencies,
        .highest = NUMBER_MAX_DEFAULT,
        .number = {.source = draw->source,
                   .number = draw->source == SOURCE_FIXED ? draw->number : 0},
        .closes = {.closing = draw->by_clock                        ? TERMS_AT
                              : draw->closes_ms == CLOSES_ALL_ASKED ? TERMS_ALL_ASKED
                                                                    : TERMS_NEVER},
        .provable = {.commit_s = plan->commit_s, .least = plan->least},
        .pair = fair_pair (0),
        .central = FAIR_CENTRAL,
        .signers = fair_signers,
        .draws_kept = plan->draws_kept};
    problem_t problem;
    state_t *state = state_new (&options, node->world->now_ms, &problem);
    if (!state)
        node_die (node, problem.parts);
    return state;
}

/* One that was superseded is not started again, unless two centrals take turns; nothing
   else may end one. */
static void step (node_t *node)
{
    problem_t problem;
    if (state_turn (node->core, node->world->now_ms, &problem) == 0)
        return;
    const bool superseded = !node->dying && problem.status == PROCESS_SUPERSEDED;
    node->over = superseded && node->world->machines == 1;
    node->world->counts->superseded += superseded;
    if (!node->dying && !superseded)
        world_violate (node->world, "I7: %s ends: %s", node->name, problem.parts);
    node_die (node, problem.parts);
}

static int64_t deadline (const node_t *node)
{
    return state_deadline (node->core);
}

static void stop (node_t *node)
{
    state_destroy ((state_t **) &node->core); // takes its leave
}

static void destroy (void **core)
{
    state_destroy ((state_t **) core);
}

const node_ops_t state_node = {start, step, deadline, stop, destroy};

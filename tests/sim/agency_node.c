/* agency_node.c - an agency in a simulated day, with rows from memory in place of a
   file. */

#include "checks.h"
#include "seller.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    bets_reader_t reader;
    rows_t rows;
    seller_t *seller;
} agency_t;

static session_options_t draw_options (node_t *node);
static void end (const session_t *session, node_t *node);

static void *start (node_t *node)
{
    agency_t *agency = calloc (1, sizeof *agency);
    assert (agency);
    const plan_agency_t *plan = &node->world->plan.agency[node->agency];
    agency->reader =
        (bets_reader_t){.bets = plan->bets, .count = plan->rows[node->process]};
    agency->rows = bets_rows (&agency->reader);
    const seller_options_t options = {
        .endpoint = AT_FRONT, .session = draw_options (node), .rows = &agency->rows};
    problem_t problem;
    agency->seller = seller_new (&options, node->world->now_ms, &problem);
    return agency;
}

/* Each run packs its batches anew, so that repeats overlap what was packed before. */
static session_options_t draw_options (node_t *node)
{
    const plan_t *plan = &node->world->plan;
    dice_t *dice = &node->world->dice;
    const bool asks_only = node->ended_well && dice_chance (dice, 500);
    session_options_t options = {
        .agency = node->agency,
        .limits = {.window = 1 + (uint32_t) dice_below (dice, plan->window_max),
                   .message_bytes_max = dice_chance (dice, 500) ? MESSAGE_BYTES_DEFAULT
                                                                : MESSAGE_BYTES_MIN,
                   .rows_max = 1 + (uint32_t) dice_below (dice, plan->batch_rows_max)},
        .period_ms = plan->period_ms,
        .patience_ms = PATIENCE_SECONDS * 1000,
        .seed = dice_roll (dice),
        .task = asks_only ? SESSION_CLOSE_ONLY : SESSION_WHOLE};
    options.limits.bundle_bytes = options.seed % 4 > 0 ? BATCHES_BYTES_MAX : 0;
    return options;
}

static void step (node_t *node)
{
    const agency_t *agency = node->core;
    if (!seller_turn (agency->seller, node->world->now_ms) && !node->dying)
        end (seller_session (agency->seller), node);
}

static void end (const session_t *session, node_t *node)
{
    checks_t *checks = node->world->checks;
    node->over = true;
    if (session_progress (session)->state == SESSION_ENDED) {
        node->ended_well = true;
        checks_ended (checks, node, session_winners (session));
    } else
        checks_failed (checks, node, session_failure (session));
    node_die (node, "it has ended");
}

static int64_t deadline (const node_t *node)
{
    const agency_t *agency = node->core;
    return seller_deadline (agency->seller);
}

static void destroy (void **core)
{
    agency_t *agency = *core;
    seller_destroy (&agency->seller);
    free (agency);
    *core = NULL;
}

const node_ops_t agency_node = {start, step, deadline, NULL, destroy};

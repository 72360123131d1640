/* agency_node.c - an agency's shell in a simulated day, after agency/seller/seller.c.
 */

#include "checks.h"
#include "session.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    bets_reader_t reader;
    rows_t rows;
    session_t *session;
    bool blocked; // the socket took no more, or nobody is connected yet
    uint8_t output[BATCHES_BYTES_MAX];
} seller_t;

static void *start (world_t *world, node_t *node);
static session_options_t draw_options (world_t *world, const node_t *node);
static void step (world_t *world, node_t *node);
static void take_messages (seller_t *seller, node_t *node, int64_t now_ms);
static void send_messages (seller_t *seller, node_t *node, int64_t now_ms);
static void end (seller_t *seller, node_t *node);
static int64_t deadline (const world_t *world, const node_t *node);
static void destroy (void **core);

const node_ops_t agency_node = {start, step, deadline, destroy};

static void *start (world_t *world, node_t *node)
{
    seller_t *seller = calloc (1, sizeof *seller);
    assert (seller);
    const plan_agency_t *agency = &world->plan.agency[node->agency];
    seller->reader =
        (bets_reader_t){.bets = agency->bets, .count = agency->rows[node->process]};
    seller->rows = bets_rows (&seller->reader);
    seller->blocked = true;
    const session_options_t options = draw_options (world, node);
    seller->session = session_new (&options, &seller->rows, world->now_ms);
    return seller;
}

/* Each run packs its batches anew, so that repeats overlap what was packed before. */
static session_options_t draw_options (world_t *world, const node_t *node)
{
    const plan_t *plan = &world->plan;
    dice_t *dice = &world->dice;
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
        .task = asks_only ? SESSION_ASK_ONLY : SESSION_WHOLE};
    options.limits.bundle_bytes = options.seed % 4 > 0 ? BATCHES_BYTES_MAX : 0;
    return options;
}

static void step (world_t *world, node_t *node)
{
    seller_t *seller = node->core;
    take_messages (seller, node, world->now_ms);
    session_tick (seller->session, world->now_ms);
    send_messages (seller, node, world->now_ms);
    if (session_over (seller->session) && !node->dying)
        end (seller, node);
}

static void take_messages (seller_t *seller, node_t *node, int64_t now_ms)
{
    bytes_t body;
    for (int i = node_appetite (node); i > 0; i--) {
        if (!node_receive (node, SLOT_AGENCY, NULL, &body))
            break;
        checks_received (node->world->checks, node->agency, body);
        session_receive (seller->session, body, now_ms);
    }
}

static void send_messages (seller_t *seller, node_t *node, int64_t now_ms)
{
    size_t size;
    seller->blocked = false;
    while (!seller->blocked &&
           (size = session_next_output (seller->session, now_ms)) > 0) {
        assert (size <= sizeof seller->output);
        session_write_output (seller->session, seller->output);
        const bytes_t message = bytes_of (seller->output, size);
        if (node_send (node, SLOT_AGENCY, bytes_of (NULL, 0), message)) {
            checks_sent (node->world->checks, node->agency, message);
            session_output_sent (seller->session, now_ms);
        } else
            seller->blocked = true;
    }
}

static void end (seller_t *seller, node_t *node)
{
    checks_t *checks = node->world->checks;
    node->over = true;
    if (session_progress (seller->session)->state == SESSION_ENDED) {
        node->ended_well = true;
        checks_ended (checks, node, session_winners (seller->session));
    } else
        checks_failed (checks, node, session_failure (seller->session));
    node_die (node, "it has ended");
}

static int64_t deadline (const world_t *world, const node_t *node)
{
    const seller_t *seller = node->core;
    if (seller->blocked && network_ready (world->network, node->index, SLOT_AGENCY))
        return world->now_ms;
    return session_deadline (seller->session);
}

static void destroy (void **core)
{
    seller_t *seller = *core;
    session_destroy (&seller->session);
    free (seller);
    *core = NULL;
}

/* agency_node.c - an agency in a simulated day, with rows from memory in place of a
   file: one that sells, or asks; and one that cancels bets. */

#include "checks.h"
#include "fair.h"
#include "seller.h"
#include "wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define GROW_MS 120 // at most, before a file that is followed has more rows

typedef struct {
    bets_reader_t reader;
    rows_t rows;
    seller_t *seller;
    servers_t servers;
    session_task_t task;
    bool follows;
    int64_t grow_ms;  // when its file grows
    fair_hold_t hold; // of its folder, in a provable draw
} agency_t;

static session_options_t draw_options (node_t *node, agency_t *agency);
static void grow (node_t *node, agency_t *agency);
static void end (node_t *node, const agency_t *agency);
static void end_cancel (node_t *node, const agency_t *agency);
static void *open_seller (node_t *node, agency_t *agency,
                          const session_options_t *options);
static void name_servers (world_t *world, servers_t *servers);

static void *start (node_t *node)
{
    agency_t *agency = calloc (1, sizeof *agency);
    assert (agency);
    const plan_seat_t *seat = world_seat (node);
    session_options_t options = draw_options (node, agency);
    const bool grows = seat->kind == SEAT_FOLLOWS;
    agency->reader = (bets_reader_t){
        .bets = seat->bets, .count = grows ? node->rows : seat->rows[node->process]};
    agency->grow_ms = agency->follows ? node->world->now_ms : INT64_MAX;
    fair_folder_t *folder = node->world->folder[node->draw][node->agency];
    const char *why = folder ? fair_hold (&agency->hold, node, folder) : NULL;
    if (why)
        world_violate (node->world, "I14: %s cannot use its folder: %s", node->name,
                       why);
    options.receipts = folder ? &agency->hold.receipts : NULL;
    options.proof = folder ? &agency->hold.proof : NULL;
    return open_seller (node, agency, &options);
}

/* Each run packs its batches anew, so that repeats overlap what was packed before. */
static session_options_t draw_options (node_t *node, agency_t *agency)
{
    const plan_t *plan = &node->world->plan;
    dice_t *dice = &node->world->dice;
    const bool asks = node->asks || (node->ended_well && dice_chance (dice, 500));
    agency->follows = world_seat (node)->kind == SEAT_FOLLOWS && !asks;
    agency->task = !asks                     ? SESSION_WHOLE
                   : !node->ended_well       ? SESSION_RESULTS_ONLY
                   : dice_chance (dice, 500) ? SESSION_CLOSE_ONLY
                                             : SESSION_RESULTS_ONLY;
    session_options_t options = {
        .agency = node->agency,
        .draw = plan->draw[node->draw].name,
        .limits = {.window = 1 + (uint32_t) dice_below (dice, plan->window_max),
                   .message_bytes_max = dice_chance (dice, 500) ? MESSAGE_BYTES_DEFAULT
                                                                : MESSAGE_BYTES_MIN,
                   .rows_max = 1 + (uint32_t) dice_below (dice, plan->batch_rows_max)},
        .period_ms = plan->period_ms,
        .patience_ms = PATIENCE_SECONDS * 1000,
        .seed = dice_roll (dice),
        .growing = agency->follows,
        .task = agency->task};
    options.limits.bundle_bytes = options.seed % 4 > 0 ? BATCHES_BYTES_MAX : 0;
    return options;
}

static void *open_seller (node_t *node, agency_t *agency,
                          const session_options_t *options)
{
    agency->rows = bets_rows (&agency->reader);
    name_servers (node->world, &agency->servers);
    const seller_options_t with = {
        .servers = &agency->servers, .session = *options, .rows = &agency->rows};
    problem_t problem;
    agency->seller = seller_new (&with, node->world->now_ms, &problem);
    return agency;
}

/* In whichever order its owner wrote them down. */
static void name_servers (world_t *world, servers_t *servers)
{
    const int first = world->machines == 1 ? 0 : (int) dice_below (&world->dice, 2);
    servers->count = (size_t) world->machines;
    for (int i = 0; i < world->machines; i++) {
        const char *at = world_place ((first + i) % world->machines, AT_FRONT);
        snprintf (servers->text[i], ADDRESS_TEXT_BYTES, "%s", at);
        snprintf (servers->endpoint[i], ADDRESS_TEXT_BYTES, "%s", at);
    }
}

static void step (node_t *node)
{
    agency_t *agency = node->core;
    if (node->world->now_ms >= agency->grow_ms)
        grow (node, agency);
    if (!seller_turn (agency->seller, node->world->now_ms) && !node->dying)
        end (node, agency);
}

/* Rows come in until there are no more of them; or the draw closes before. */
static void grow (node_t *node, agency_t *agency)
{
    dice_t *dice = &node->world->dice;
    bets_reader_t *reader = &agency->reader;
    const uint32_t all = world_seat (node)->rows[0];
    const uint32_t more = 1 + (uint32_t) dice_below (dice, 5);
    agency->grow_ms = node->world->now_ms + dice_between (dice, 1, GROW_MS);
    if (reader->count >= all) {
        agency->grow_ms = INT64_MAX;
        return;
    }
    reader->count = reader->count + more < all ? reader->count + more : all;
    node->rows = reader->count;
    session_more (seller_session (agency->seller));
}

static void end (node_t *node, const agency_t *agency)
{
    const session_t *session = seller_session (agency->seller);
    const session_progress_t *progress = session_progress (session);
    checks_t *checks = node->world->checks;
    node->over = true;
    if (progress->state == SESSION_ENDED) {
        node->ended_well = true;
        checks_ended (checks, node,
                      &(checks_end_t){.winners = session_winners (session),
                                      .sold = agency->task == SESSION_WHOLE,
                                      .closed = progress->closed});
    } else
        checks_failed (checks, node, session_failure (session));
    node_die (node, "it has ended");
}

static int64_t deadline (const node_t *node)
{
    const agency_t *agency = node->core;
    const int64_t seller_ms = seller_deadline (agency->seller);
    return seller_ms < agency->grow_ms ? seller_ms : agency->grow_ms;
}

static void destroy (void **core)
{
    agency_t *agency = *core;
    seller_destroy (&agency->seller);
    fair_release (&agency->hold);
    free (agency);
    *core = NULL;
}

/* ---- One that takes a bet back, as often as is planned ---- */

static void *start_cancel (node_t *node)
{
    agency_t *agency = calloc (1, sizeof *agency);
    assert (agency);
    agency->task = SESSION_CANCEL_ONLY;
    agency->grow_ms = INT64_MAX;
    session_options_t options = draw_options (node, &(agency_t){0});
    options.task = SESSION_CANCEL_ONLY;
    options.growing = false;
    options.cancel = checks_cancels (node->world->checks, node);
    return open_seller (node, agency, &options);
}

static void step_cancel (node_t *node)
{
    const agency_t *agency = node->core;
    if (!seller_turn (agency->seller, node->world->now_ms) && !node->dying)
        end_cancel (node, agency);
}

static void end_cancel (node_t *node, const agency_t *agency)
{
    const session_t *session = seller_session (agency->seller);
    const bool well = session_progress (session)->state == SESSION_ENDED;
    node->over = !checks_cancelled (node->world->checks, node,
                                    well ? NULL : session_failure (session));
    node_die (node, "it has ended");
}

const node_ops_t agency_node = {start, step, deadline, NULL, destroy};
const node_ops_t cancel_node = {start_cancel, step_cancel, deadline, NULL, destroy};

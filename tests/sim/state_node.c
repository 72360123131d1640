/* state_node.c - state's shell in a simulated day, after broker/state/state.c. */

#include "checks.h"
#include "registrar.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    file_t *file;
    journal_t *journal;
    draw_t *draw;
    registrar_t *registrar;
    member_t member;
    bool answering; // what was recorded is on disk, the answers have not left
} state_t;

static void *start (world_t *world, node_t *node);
static bool open_state (state_t *state, node_t *node);
static bool open_journal (state_t *state, node_t *node);
static int found_record (void *context, uint32_t index, const uint8_t *payload,
                         char *why);
static bool open_day (state_t *state, node_t *node);
static void step (world_t *world, node_t *node);
static void take_answers (state_t *state, node_t *node);
static void take_requests (state_t *state, node_t *node);
static void send_all (state_t *state, node_t *node);
static int64_t deadline (const world_t *world, const node_t *node);
static void destroy (void **core);

const node_ops_t state_node = {start, step, deadline, destroy};

static void *start (world_t *world, node_t *node)
{
    void *core = calloc (1, sizeof (state_t));
    assert (core);
    if (!open_state (core, node)) {
        destroy (&core);
        return NULL;
    }
    if (!node->dying)
        checks_settled (world->checks, node);
    return core;
}

static bool open_state (state_t *state, node_t *node)
{
    if (!open_journal (state, node) || !open_day (state, node))
        return false;
    member_start (&state->member, ROLE_STATE, HEARTBEAT_MS_DEFAULT);
    state->registrar = registrar_new (state->draw, state->journal);
    if (registrar_commit (state->registrar) == 0)
        return true;
    node_die (node, "the draw cannot be recorded");
    return false;
}

static bool open_journal (state_t *state, node_t *node)
{
    char why[JOURNAL_WHY_BYTES];
    state->draw = draw_new ();
    state->file = disk_file (node->disk, FILE_DRAW)->file;
    state->journal = journal_open (state->file, "draw", found_record, state->draw, why);
    if (!state->journal) {
        node_die (node, why);
        return false;
    }
    if (journal_settle (state->journal) == 0)
        return true;
    node_die (node, "the journal cannot be settled");
    return false;
}

static int found_record (void *context, uint32_t index, const uint8_t *payload,
                         char *why)
{
    draw_record_t record;
    draw_get_record (payload, &record);
    const bool first = record.event == DRAW_OPENED;
    if (first == (index == 0) && draw_apply (context, &record) == 0)
        return 0;
    snprintf (why, JOURNAL_WHY_BYTES, "it says what cannot have happened");
    return -1;
}

static bool open_day (state_t *state, node_t *node)
{
    const plan_t *plan = &node->world->plan;
    if (!draw_opened (state->draw)) {
        const draw_record_t opened = {
            .event = DRAW_OPENED, .agencies = plan->agencies, .number = plan->number};
        uint8_t payload[JOURNAL_PAYLOAD_BYTES];
        draw_put_record (payload, &opened);
        draw_apply (state->draw, &opened);
        journal_append (state->journal, payload);
        if (journal_write (state->journal) == -1 ||
            journal_sync (state->journal) == -1) {
            node_die (node, "the day cannot be recorded");
            return false;
        }
    }
    if (draw_agencies (state->draw) == plan->agencies &&
        draw_number (state->draw) == plan->number)
        return true;
    world_violate (node->world, "I6: state has another day's terms");
    return false;
}

static void step (world_t *world, node_t *node)
{
    state_t *state = node->core;
    if (state->answering) {
        state->answering = false;
        send_all (state, node);
        return;
    }
    node_look_at_broker (node, SLOT_STATE_BROKER, &state->member);
    registrar_tick (state->registrar, world->now_ms);
    take_answers (state, node);
    take_requests (state, node);
    if (registrar_commit (state->registrar) == -1) {
        node_die (node, "the journal cannot be written");
        return;
    }
    const int64_t sync_ms = world->slow_ms > world->now_ms ? 3000 : world->plan.sync_ms;
    node->busy_ms = world->now_ms + dice_between (&world->dice, 0, sync_ms);
    state->answering = true;
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

static void send_all (state_t *state, node_t *node)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (registrar_to_storage (state->registrar), &peer, &bundle)) {
        const bytes_t body = bytes_of (bundle->data, bundle->size);
        if (!node_ready (node, SLOT_STATE_STORAGE))
            registrar_unsent (state->registrar, body);
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
    return state->answering ? world->now_ms : member_deadline (&state->member);
}

static void destroy (void **core)
{
    state_t *state = *core;
    registrar_destroy (&state->registrar);
    journal_destroy (&state->journal);
    draw_destroy (&state->draw);
    file_close (&state->file);
    free (state);
    *core = NULL;
}

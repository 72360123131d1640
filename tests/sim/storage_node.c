/* storage_node.c - storage's shell in a simulated day, after worker/storage/storage.c.
 */

#include "checks.h"
#include "clerk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Small, so that a day goes round it. */
#define LOG_SHAPE                                                                      \
    {                                                                                  \
        .segment_bytes = 16 * LOG_PAGE_BYTES, .segments = 4                            \
    }

typedef struct {
    cursors_t *cursors;
    book_t *book;
    clerk_t *clerk;
    member_t member;
    bool answering; // the group is being synced
} storage_t;

static void *start (world_t *world, node_t *node);
static bool open_book (storage_t *storage, node_t *node);
static void step (world_t *world, node_t *node);
static bool take_group (storage_t *storage, node_t *node);
static void send_answers (storage_t *storage, node_t *node);
static int64_t deadline (const world_t *world, const node_t *node);
static void destroy (void **core);

const node_ops_t storage_node = {start, step, deadline, destroy};

static void *start (world_t *world, node_t *node)
{
    void *core = calloc (1, sizeof (storage_t));
    assert (core);
    if (!open_book (core, node)) {
        destroy (&core);
        return NULL;
    }
    storage_t *storage = core;
    member_start (&storage->member, ROLE_STORAGE, HEARTBEAT_MS_DEFAULT);
    storage->clerk = clerk_new (storage->cursors, storage->book, false);
    if (!node->dying)
        checks_settled (world->checks);
    return core;
}

static bool open_book (storage_t *storage, node_t *node)
{
    static const log_options_t shape = LOG_SHAPE;
    char why[BOOK_WHY_BYTES];
    disk_mount (node->disk);
    storage->cursors = cursors_new ();
    storage->book = book_open ("day", &shape, storage->cursors, why);
    disk_mount (NULL);
    if (!storage->book) {
        node_die (node, why);
        return false;
    }
    const book_recovery_t *found = book_recovery (storage->book);
    if (found->csv_cut + found->index_cut + found->torn > 0)
        world_trace (
            node->world, "%s cuts off %llu bytes", node->name,
            (unsigned long long) (found->csv_cut + found->index_cut + found->torn));
    return true;
}

static void step (world_t *world, node_t *node)
{
    storage_t *storage = node->core;
    if (book_look (storage->book) == -1) {
        node_die (node, "bets cannot be written");
        return;
    }
    if (storage->answering) {
        storage->answering = false;
        send_answers (storage, node);
        return;
    }
    node_look_at_broker (node, SLOT_STORAGE_BROKER, &storage->member);
    clerk_tick (storage->clerk, world->now_ms);
    book_set_time (storage->book, (uint64_t) world->now_ms);
    if (clerk_go_on (storage->clerk) == -1 || !take_group (storage, node)) {
        node_die (node, "the book cannot be read");
        return;
    }
    if (clerk_begin (storage->clerk, false) == -1) {
        node_die (node, "bets cannot be written");
        return;
    }
    const int64_t sync_ms = world->slow_ms > world->now_ms ? 3000 : world->plan.sync_ms;
    node->busy_ms = world->now_ms + dice_between (&world->dice, 0, sync_ms);
    storage->answering = true;
}

static bool take_group (storage_t *storage, node_t *node)
{
    bytes_t peer, body;
    for (int i = node_appetite (node); i > 0 && !clerk_full (storage->clerk); i--) {
        if (!node_receive (node, SLOT_STORAGE_ROUTER, &peer, &body))
            break;
        if (clerk_take (storage->clerk, peer, body) == -1)
            return false;
    }
    return true;
}

static void send_answers (storage_t *storage, node_t *node)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (clerk_to_state (storage->clerk), &peer, &bundle)) {
        if (bundle->messages > 0)
            node_send (node, SLOT_STORAGE_ROUTER, peer,
                       bytes_of (bundle->data, bundle->size));
        bundle_clear (bundle);
    }
    node_send_answers (node, SLOT_STORAGE_BROKER, &storage->member,
                       clerk_answers (storage->clerk));
}

static int64_t deadline (const world_t *world, const node_t *node)
{
    const storage_t *storage = node->core;
    const bool more = storage->answering || book_gathered (storage->book) > 0;
    return more ? world->now_ms : member_deadline (&storage->member);
}

static void destroy (void **core)
{
    storage_t *storage = *core;
    clerk_destroy (&storage->clerk);
    book_destroy (&storage->book);
    cursors_destroy (&storage->cursors);
    free (storage);
    *core = NULL;
}

/* storage_node.c - storage's shell in a simulated day, after worker/storage/storage.c.
 */

#include "checks.h"
#include "clerk.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

typedef struct {
    file_t *csv_file, *journal_file;
    ledger_t *ledger;
    book_t *book;
    clerk_t *clerk;
    member_t member;
    bool answering; // the group is on disk, its answers have not left
} storage_t;

static void *start (world_t *world, node_t *node);
static bool open_book (storage_t *storage, node_t *node);
static void found_record (void *context, uint32_t index, const record_t *record);
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
    storage->clerk = clerk_new (storage->ledger, storage->book, false);
    if (!node->dying)
        checks_settled (world->checks, node);
    return core;
}

static bool open_book (storage_t *storage, node_t *node)
{
    char why[JOURNAL_WHY_BYTES];
    storage->journal_file = disk_file (node->disk, FILE_JOURNAL)->file;
    storage->csv_file = disk_file (node->disk, FILE_CSV)->file;
    storage->ledger = ledger_new ();
    storage->book = book_open (storage->csv_file, storage->journal_file, found_record,
                               storage->ledger, why);
    if (!storage->book) {
        node_die (node, why);
        return false;
    }
    if (book_torn (storage->book) > 0)
        world_trace (node->world, "%s cuts off %llu bytes", node->name,
                     (unsigned long long) book_torn (storage->book));
    if (book_settle (storage->book) == -1) {
        node_die (node, "the book cannot be settled");
        return false;
    }
    return true;
}

static void found_record (void *context, uint32_t index, const record_t *record)
{
    ledger_apply (context, index, record);
}

static void step (world_t *world, node_t *node)
{
    storage_t *storage = node->core;
    if (storage->answering) {
        storage->answering = false;
        send_answers (storage, node);
        return;
    }
    node_look_at_broker (node, SLOT_STORAGE_BROKER, &storage->member);
    clerk_tick (storage->clerk, world->now_ms);
    if (!take_group (storage, node)) {
        node_die (node, "the book cannot be read");
        return;
    }
    if (clerk_commit (storage->clerk) == -1) {
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
    return storage->answering ? world->now_ms : member_deadline (&storage->member);
}

static void destroy (void **core)
{
    storage_t *storage = *core;
    clerk_destroy (&storage->clerk);
    book_destroy (&storage->book);
    ledger_destroy (&storage->ledger);
    file_close (&storage->csv_file);
    file_close (&storage->journal_file);
    free (storage);
    *core = NULL;
}

/* checks.c - the invariants of a simulated day. */

#include "checks.h"

#include "scan.h"
#include "wire.h"

#include <assert.h>
#include <stdlib.h>

#define PAGES_MAX      16
#define ENVELOPED_HEAD 20 // size and envelope, before a message in a bundle
/* After faults stop: everything under way is acknowledged, everybody has ended. The
   README says where these come from. */
/* A sync of three seconds at a part, then the longest wait of an agency, twice. */
#define ACKNOWLEDGED_MS 9000
#define ENDED_MS        15000

typedef struct { // a page of winners, as it was told first
    uint64_t cursor, next;
    uint32_t number, count;
    size_t size;
    uint8_t documents[WINNERS_PAGE_BYTES];
} page_t;

typedef struct { // what an agency's processes said and heard
    uint64_t sent, acknowledged;
    bool sealed;
    uint64_t sealed_count;
    page_t *pages[PAGES_MAX];
    int pages_count;
    uint64_t sequence; // of the last head that it was told, and the head
    uint8_t head[SCAN_HASH_BYTES];
    bool ended_well;
    uint64_t sent_at_calm;
    bool settled; // all that was acknowledged
} told_t;

struct checks {
    world_t *world; // borrowed
    told_t told[PLAN_AGENCIES_MAX + 1];
    int64_t calm_ms;  // -1 before
    uint64_t version; // of the disk, as it was scanned
    scan_t scan;      // of what is durable
};

static void take_welcome (checks_t *checks, uint32_t agency, bytes_t message);
static void take_waiting (checks_t *checks, uint32_t agency, uint64_t ready);
static void take_winners (checks_t *checks, uint32_t agency, bytes_t message);
static void take_page (checks_t *checks, uint32_t agency, const page_t *page);
static void acknowledge (checks_t *checks, uint32_t agency, uint64_t next,
                         uint64_t digest);
static void take_sealed (checks_t *checks, uint32_t agency);
static void note_sent (told_t *told, bytes_t batch);
static void check_answer (checks_t *checks, const node_t *node, bytes_t message);
static void check_head (checks_t *checks, uint32_t agency, bytes_t message, size_t at);
static void look (checks_t *checks, bool whole);
static void check_files (checks_t *checks);
static bool acknowledged_in_time (const checks_t *checks, uint32_t agency);
static void check_agency (checks_t *checks, uint32_t agency);
static void tell_who_hangs (checks_t *checks);
static uint64_t number (bytes_t message, size_t at, size_t size);

checks_t *checks_new (world_t *world)
{
    checks_t *checks = calloc (1, sizeof *checks);
    assert (checks);
    checks->world = world;
    checks->calm_ms = -1;
    checks->version = UINT64_MAX;
    scan_begin (&checks->scan, &world->plan);
    return checks;
}

void checks_destroy (checks_t **checks)
{
    for (int agency = 0; *checks && agency <= PLAN_AGENCIES_MAX; agency++)
        for (int i = 0; i < (*checks)->told[agency].pages_count; i++)
            free ((*checks)->told[agency].pages[i]);
    if (*checks)
        scan_clear (&(*checks)->scan);
    free (*checks);
    *checks = NULL;
}

void checks_sent (checks_t *checks, uint32_t agency, bytes_t message)
{
    told_t *told = &checks->told[agency];
    if (number (message, 3, 1) == WIRE_BATCH)
        note_sent (told, message);
    if (number (message, 3, 1) == WIRE_BATCHES)
        for (size_t at = WIRE_HEADER_BYTES; at < message.size;
             at += 4 + number (message, at, 4))
            note_sent (told, bytes_of (message.data + at + 4,
                                       (size_t) number (message, at, 4)));
    world_trace (checks->world, "agency %u says %s %llu", agency,
                 wire_command_name (message.data[3]),
                 (unsigned long long) number (message, 16, 8));
}

void checks_received (checks_t *checks, uint32_t agency, bytes_t message)
{
    world_trace (checks->world, "agency %u is told %s %llu", agency,
                 wire_command_name (message.data[3]),
                 (unsigned long long) number (message, 16, 8));
    if (number (message, 4, 4) != agency)
        world_violate (checks->world, "I5: agency %u is told what is agency %u's",
                       agency, (unsigned) number (message, 4, 4));
    look (checks, false);
    switch (message.data[3]) {
    case WIRE_WELCOME:
        take_welcome (checks, agency, message);
        break;
    case WIRE_STORED:
        acknowledge (checks, agency, number (message, 16, 8), number (message, 24, 8));
        break;
    case WIRE_WAITING:
        take_waiting (checks, agency, number (message, 16, 4));
        break;
    case WIRE_WINNERS:
        take_winners (checks, agency, message);
        break;
    case WIRE_GOODBYE:
        if (!checks->scan.served[agency])
            world_violate (checks->world, "I6: GOODBYE to agency %u is not recorded",
                           agency);
    }
}

void checks_told (checks_t *checks, const node_t *node, bytes_t bundle)
{
    if (node->index > NODE_SECOND_STATE)
        return;
    look (checks, false);
    for (size_t at = 0; at + ENVELOPED_HEAD < bundle.size;) {
        const size_t size = (size_t) number (bundle, at, 4);
        if (size < ENVELOPED_HEAD + 8 || at + size > bundle.size)
            return;
        check_answer (
            checks, node,
            bytes_of (bundle.data + at + ENVELOPED_HEAD, size - ENVELOPED_HEAD));
        at += size;
    }
}

void checks_settled (checks_t *checks)
{
    look (checks, true);
    check_files (checks);
}

uint64_t checks_promised (const checks_t *checks)
{
    uint64_t promised = 0;
    for (uint32_t agency = 1; agency <= checks->world->plan.agencies; agency++)
        promised += checks->told[agency].acknowledged + checks->told[agency].sealed;
    return promised;
}

bool checks_kept (checks_t *checks, const disk_t *disk)
{
    look (checks, true);
    scan_t scan;
    scan_begin (&scan, &checks->world->plan);
    scan_look (&scan, disk, true);
    const bool kept = !scan.why[0] && scan.records >= checks->scan.before_last;
    world_trace (checks->world, "-- %llu of %llu records are kept%s%s",
                 (unsigned long long) scan.records,
                 (unsigned long long) checks->scan.records, scan.why[0] ? ": " : "",
                 scan.why);
    scan_clear (&scan);
    return kept;
}

uint64_t checks_checkpoints (const checks_t *checks)
{
    return checks->scan.generation;
}

uint64_t checks_laps (const checks_t *checks)
{
    return checks->scan.laps;
}

void checks_ended (checks_t *checks, const node_t *node, bytes_t winners)
{
    const plan_agency_t *plan = &checks->world->plan.agency[node->agency];
    told_t *told = &checks->told[node->agency];
    world_trace (checks->world, "%s ends well, %zu bytes of winners", node->name,
                 winners.size);
    checks->world->counts->results++;
    told->ended_well = true;
    if (!plan_differs (&checks->world->plan, node->agency) &&
        told->sealed_count != plan->rows[node->process])
        world_violate (checks->world, "I6: %s has %u bets and was sealed with %llu",
                       node->name, plan->rows[node->process],
                       (unsigned long long) told->sealed_count);
    else if (!bytes_equal (winners, bets_winners (plan->bets, 0, told->sealed_count)))
        world_violate (checks->world, "I5: %s has other winners than its bets have",
                       node->name);
}

void checks_failed (checks_t *checks, const node_t *node, const char *why)
{
    world_trace (checks->world, "%s fails: %s", node->name, why);
    if (!plan_differs (&checks->world->plan, node->agency))
        world_violate (checks->world, "I7: %s fails: %s", node->name, why);
}

void checks_calm (checks_t *checks)
{
    checks->calm_ms = checks->world->now_ms;
    for (uint32_t agency = 1; agency <= checks->world->plan.agencies; agency++) {
        told_t *told = &checks->told[agency];
        told->sent_at_calm = told->sent;
        told->settled = told->acknowledged >= told->sent;
    }
}

void checks_tick (checks_t *checks)
{
    const int64_t calm_ms = checks->calm_ms, now_ms = checks->world->now_ms;
    if (calm_ms == -1)
        return;
    for (uint32_t agency = 1; agency <= checks->world->plan.agencies; agency++)
        if (!acknowledged_in_time (checks, agency))
            world_violate (checks->world,
                           "I7: agency %u: %llu of %llu bets under way when faults "
                           "stopped are acknowledged after %lld ms",
                           agency,
                           (unsigned long long) checks->told[agency].acknowledged,
                           (unsigned long long) checks->told[agency].sent_at_calm,
                           (long long) (now_ms - calm_ms));
    if (now_ms > calm_ms + ENDED_MS)
        tell_who_hangs (checks);
}

void checks_over (checks_t *checks)
{
    world_counts_t *counts = checks->world->counts;
    const int64_t took_ms = checks->world->now_ms - checks->calm_ms;
    if (took_ms > counts->slowest_end_ms)
        counts->slowest_end_ms = took_ms;
    look (checks, true);
    if (!checks->scan.drawn)
        world_violate (checks->world, "I6: there was no draw");
    for (uint32_t agency = 1; agency <= checks->world->plan.agencies; agency++)
        check_agency (checks, agency);
}

static void take_welcome (checks_t *checks, uint32_t agency, bytes_t message)
{
    acknowledge (checks, agency, number (message, 16, 8), number (message, 24, 8));
    if (number (message, 8, 8) != checks->scan.draw)
        world_violate (checks->world, "I1: agency %u is told of another draw", agency);
    if (number (message, 56, 1) != DAY_OPEN)
        take_sealed (checks, agency);
    if (number (message, 52, 4) > checks->scan.ready)
        world_violate (checks->world, "I6: WELCOME counts agencies not recorded");
    check_head (checks, agency, message, 73);
}

static void take_waiting (checks_t *checks, uint32_t agency, uint64_t ready)
{
    take_sealed (checks, agency);
    if (!checks->scan.sealed[agency] || ready > checks->scan.ready)
        world_violate (checks->world,
                       "I6: WAITING tells agency %u what is not recorded", agency);
}

static void take_winners (checks_t *checks, uint32_t agency, bytes_t message)
{
    page_t page = {.cursor = number (message, 16, 8),
                   .next = number (message, 24, 8),
                   .number = (uint32_t) number (message, 32, 4),
                   .count = (uint32_t) number (message, 36, 4),
                   .size = message.size - 80};
    if (message.size < 80 || page.size > sizeof page.documents) {
        world_violate (checks->world, "I4: WINNERS of %zu bytes", message.size);
        return;
    }
    memcpy (page.documents, message.data + 80, page.size);
    take_sealed (checks, agency);
    check_head (checks, agency, message, 40);
    if (!checks->scan.drawn)
        world_violate (checks->world,
                       "I6: winners are told before the draw is recorded");
    if (page.number != checks->world->plan.number)
        world_violate (checks->world, "I4: agency %u is told number %u", agency,
                       page.number);
    take_page (checks, agency, &page);
}

static void take_page (checks_t *checks, uint32_t agency, const page_t *page)
{
    told_t *told = &checks->told[agency];
    for (int i = 0; i < told->pages_count; i++) {
        const page_t *before = told->pages[i];
        if (before->cursor != page->cursor)
            continue;
        if (before->next != page->next || before->count != page->count ||
            before->size != page->size ||
            memcmp (before->documents, page->documents, page->size) != 0)
            world_violate (checks->world,
                           "I4: agency %u is told another page of winners", agency);
        return;
    }
    if (told->pages_count == PAGES_MAX) {
        world_violate (checks->world, "I4: agency %u is told too many pages", agency);
        return;
    }
    page_t *copy = malloc (sizeof *copy);
    assert (copy);
    *copy = *page;
    told->pages[told->pages_count++] = copy;
}

static void acknowledge (checks_t *checks, uint32_t agency, uint64_t next,
                         uint64_t digest)
{
    told_t *told = &checks->told[agency];
    const bets_t *bets = checks->world->plan.agency[agency].bets;
    if (next > told->sent)
        world_violate (checks->world, "I3: agency %u: %llu acknowledged, %llu sent",
                       agency, (unsigned long long) next,
                       (unsigned long long) told->sent);
    if (told->sealed && next > told->sealed_count)
        world_violate (
            checks->world, "I6: agency %u: sealed with %llu, acknowledged %llu", agency,
            (unsigned long long) told->sealed_count, (unsigned long long) next);
    if (next > checks->scan.stored[agency])
        world_violate (checks->world,
                       "I1: agency %u: %llu acknowledged, %llu on the disk", agency,
                       (unsigned long long) next,
                       (unsigned long long) checks->scan.stored[agency]);
    if (next <= bets->count && digest != bets_digest (bets, next))
        world_violate (checks->world,
                       "I2: agency %u: %llu acknowledged with the digest of other bets",
                       agency, (unsigned long long) next);
    if (next > told->acknowledged) {
        checks->world->counts->acknowledgements++;
        told->acknowledged = next;
    }
}

/* It is told that it sells no more: storage must have that on disk. */
static void take_sealed (checks_t *checks, uint32_t agency)
{
    told_t *told = &checks->told[agency];
    const uint64_t stored = checks->scan.stored[agency];
    if (!checks->scan.sealed[agency])
        world_violate (checks->world, "I6: agency %u is told of a seal not recorded",
                       agency);
    else if (told->sealed && told->sealed_count != stored)
        world_violate (checks->world, "I6: agency %u: sealed with %llu, now has %llu",
                       agency, (unsigned long long) told->sealed_count,
                       (unsigned long long) stored);
    told->sealed = true;
    told->sealed_count = stored;
}

static void note_sent (told_t *told, bytes_t batch)
{
    const uint64_t end = number (batch, 16, 8) + number (batch, 40, 4);
    told->sent = end > told->sent ? end : told->sent;
}

/* Whatever leaves storage or state speaks of what is durable as it leaves. */
static void check_answer (checks_t *checks, const node_t *node, bytes_t message)
{
    const scan_t *scan = &checks->scan;
    const uint32_t agency = (uint32_t) number (message, 4, 4);
    bool durable = true;
    if (agency > checks->world->plan.agencies)
        return;
    switch (message.data[3]) {
    case WIRE_STORED:
        durable = number (message, 16, 8) <= scan->stored[agency];
        break;
    case WIRE_WELCOME:
        durable = number (message, 16, 8) <= scan->stored[agency] &&
                  number (message, 73, 8) <= scan->records;
        break;
    case WIRE_EVENT:
    case WIRE_REGISTERED:
        durable = number (message, 16, 8) <= scan->records;
        break;
    case WIRE_WAITING:
        durable = scan->sealed[agency] && number (message, 16, 4) <= scan->ready;
        break;
    case WIRE_WINNERS:
        durable = scan->drawn && number (message, 40, 8) <= scan->records;
        break;
    case WIRE_GOODBYE:
        durable = scan->served[agency];
    }
    if (!durable)
        world_violate (checks->world,
                       "I1: %s says %s to agency %u before it is durable", node->name,
                       wire_command_name (message.data[3]), agency);
}

/* What an agency may keep as a receipt is what the log says. */
static void check_head (checks_t *checks, uint32_t agency, bytes_t message, size_t at)
{
    const scan_t *scan = &checks->scan;
    const uint64_t sequence = number (message, at, 8);
    if (message.size < at + 8 + SCAN_HASH_BYTES || sequence == 0 ||
        sequence > scan->records ||
        memcmp (message.data + at + 8, scan->heads[sequence], SCAN_HASH_BYTES) != 0)
        world_violate (checks->world,
                       "I1: agency %u is told another head of record %llu", agency,
                       (unsigned long long) sequence);
    else if (sequence > checks->told[agency].sequence) {
        checks->told[agency].sequence = sequence;
        memcpy (checks->told[agency].head, scan->heads[sequence], SCAN_HASH_BYTES);
    }
}

/* See what is durable now. */
static void look (checks_t *checks, bool whole)
{
    world_t *world = checks->world;
    if (!whole && checks->version == disk_version (world->disk))
        return;
    scan_look (&checks->scan, world->disk, whole);
    checks->version = disk_version (world->disk);
    if (checks->scan.why[0])
        world_violate (world, "I3: %s", checks->scan.why);
}

/* After a start nothing is left in index and bets.csv but what the records cover. */
static void check_files (checks_t *checks)
{
    world_t *world = checks->world;
    const scan_t *scan = &checks->scan;
    if (disk_cached (world->disk, "bets.csv").size != scan->bytes ||
        disk_cached (world->disk, "bets.index").size != 128 * (scan->records + 1))
        world_violate (world,
                       "I3: storage has started, and bets.index and bets.csv are not "
                       "%llu records and %llu bytes",
                       (unsigned long long) scan->records,
                       (unsigned long long) scan->bytes);
    for (uint32_t agency = 1; agency <= world->plan.agencies; agency++) {
        const told_t *told = &checks->told[agency];
        if (scan->stored[agency] < told->acknowledged)
            world_violate (world,
                           "I1: agency %u: %llu acknowledged, %llu after a start",
                           agency, (unsigned long long) told->acknowledged,
                           (unsigned long long) scan->stored[agency]);
        if (scan->stored[agency] > told->sent)
            world_violate (world, "I3: agency %u: %llu sent, %llu stored", agency,
                           (unsigned long long) told->sent,
                           (unsigned long long) scan->stored[agency]);
        if (told->sealed &&
            (!scan->sealed[agency] || scan->stored[agency] != told->sealed_count))
            world_violate (world, "I6: agency %u: its seal is lost", agency);
        if (told->pages_count > 0 && !scan->drawn)
            world_violate (world, "I6: the draw is lost");
        if (told->sequence > scan->records ||
            (told->sequence > 0 &&
             memcmp (told->head, scan->heads[told->sequence], SCAN_HASH_BYTES) != 0))
            world_violate (world, "I1: agency %u was told of another history", agency);
    }
}

static bool acknowledged_in_time (const checks_t *checks, uint32_t agency)
{
    world_counts_t *counts = checks->world->counts;
    told_t *told = (told_t *) &checks->told[agency];
    if (told->settled || plan_differs (&checks->world->plan, agency))
        return true;
    const int64_t took_ms = checks->world->now_ms - checks->calm_ms;
    told->settled = told->acknowledged >= told->sent_at_calm;
    if (told->settled && took_ms > counts->slowest_acknowledgement_ms)
        counts->slowest_acknowledgement_ms = took_ms;
    return told->settled || took_ms <= ACKNOWLEDGED_MS;
}

static void check_agency (checks_t *checks, uint32_t agency)
{
    world_t *world = checks->world;
    const told_t *told = &checks->told[agency];
    if (!told->ended_well)
        world_violate (world, "I7: agency %u has not ended well", agency);
    else if (!checks->scan.sealed[agency] ||
             checks->scan.stored[agency] != told->sealed_count)
        world_violate (world, "I6: agency %u is not sealed with what it was told",
                       agency);
    world->counts->bets += checks->scan.stored[agency];
}

static void tell_who_hangs (checks_t *checks)
{
    const world_t *world = checks->world;
    for (int i = 0; i < world->nodes_count; i++)
        if (world->nodes[i].agency > 0 && !world->nodes[i].over)
            world_violate (checks->world, "I7: %s has not ended %d ms after faults",
                           world->nodes[i].name, ENDED_MS);
}

/* A number of a message, in network byte order; 0 where there is none. */
static uint64_t number (bytes_t message, size_t at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = at; at + size <= message.size && i < at + size; i++)
        value = value << 8 | message.data[i];
    return value;
}

/* scan.c - reads bets.log, bets.index, bets.csv and the checkpoints. */

#include "scan.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define PAGE        4096
#define RECORD      128
#define HEADER      128 // of a group, and of the index
#define GROUP_MAGIC "\xffLOTERIA GROUP\n"
#define SLOT_MAGIC  "LOTERIA CHECKPT\n"
#define CHAIN_TITLE "LOTERIA CHAIN 2\n"
#define MAGIC_BYTES 16
#define SLOT_HASH   8
#define GROUP_HASH  120
#define LOG_FORMAT  4

typedef struct { // what a checkpoint says
    uint64_t identity, generation, position, last, records, bytes, epoch, last_event,
        events;
    const uint8_t *head;
} slot_t;

typedef struct { // a log's shape
    bytes_t bytes;
    uint64_t segment, ring;
} ring_t;

static bytes_t durable (const disk_t *disk, const char *name);
static bool read_slot (bytes_t slot, slot_t *read);
static void start (scan_t *scan, const slot_t *slot);
static void read_projections (scan_t *scan, const disk_t *disk, const slot_t *slot);
static void compare (scan_t *scan, const slot_t *slot);
static bool open_ring (scan_t *scan, bytes_t log, ring_t *ring);
static void find_last (scan_t *scan, const slot_t *slot, const ring_t *ring);
static bool take_group (scan_t *scan, const ring_t *ring, uint64_t position);
static void take_record (scan_t *scan, const uint8_t *record, bytes_t rows);
static bool bets_follow (scan_t *scan, const uint8_t *record, bytes_t rows);
static bool event_follows (scan_t *scan, const uint8_t *record);
static bool happen (scan_t *scan, const uint8_t *record, uint32_t agency);
static void add_head (scan_t *scan, const uint8_t *record);
static void hash (bytes_t first, bytes_t second, uint8_t *into);
static void doubt (scan_t *scan, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static uint64_t number (const uint8_t *at, size_t size);

void scan_begin (scan_t *scan, const plan_t *plan)
{
    *scan = (scan_t){.plan = plan};
}

void scan_clear (scan_t *scan)
{
    free (scan->heads);
    *scan = (scan_t){0};
}

void scan_look (scan_t *scan, const disk_t *disk, bool whole)
{
    slot_t slots[2], *slot = NULL;
    const char *const names[] = {"checkpoint.a", "checkpoint.b"};
    for (int i = 0; i < 2; i++)
        if (read_slot (durable (disk, names[i]), &slots[i]) &&
            (!slot || slots[i].generation > slot->generation))
            slot = &slots[i];
    if (!slot) { // nothing was promised yet
        start (scan, NULL);
        return;
    }
    if (whole || slot->generation != scan->generation ||
        slot->identity != scan->identity) {
        start (scan, slot);
        read_projections (scan, disk, slot);
        compare (scan, slot);
    }
    ring_t ring;
    if (!open_ring (scan, durable (disk, "bets.log"), &ring))
        return;
    if (scan->position == slot->position)
        find_last (scan, slot, &ring);
    for (;;) {
        const uint64_t next =
            (scan->position + ring.segment - 1) / ring.segment * ring.segment;
        if (!take_group (scan, &ring, scan->position) &&
            (next == scan->position || !take_group (scan, &ring, next)))
            break;
    }
    scan->laps = scan->position / ring.ring;
}

static bytes_t durable (const disk_t *disk, const char *name)
{
    return disk_durable (disk, disk_find (disk, name) ? name : SCAN_AWAY);
}

static bool read_slot (bytes_t slot, slot_t *read)
{
    if (slot.size < 160 || memcmp (slot.data, SLOT_MAGIC, MAGIC_BYTES) != 0)
        return false;
    const uint64_t size = number (slot.data + 40, 8);
    if (size < 160 || size > slot.size ||
        XXH3_64bits (slot.data, (size_t) size - SLOT_HASH) !=
            number (slot.data + size - SLOT_HASH, 8))
        return false;
    *read = (slot_t){.identity = number (slot.data + 24, 8),
                     .generation = number (slot.data + 32, 8),
                     .position = number (slot.data + 56, 8),
                     .last = number (slot.data + 64, 8),
                     .records = number (slot.data + 128, 8),
                     .epoch = number (slot.data + 136, 8),
                     .head = slot.data + 80};
    if (number (slot.data + 48, 4) > 0) { // its one draw
        read->last_event = number (slot.data + 164, 4);
        read->events = number (slot.data + 168, 4);
        read->bytes = number (slot.data + 184, 8);
    }
    return number (slot.data + 72, 8) == read->records;
}

static void start (scan_t *scan, const slot_t *slot)
{
    scan_t fresh = {.plan = scan->plan,
                    .heads = scan->heads,
                    .heads_capacity = scan->heads_capacity};
    if (slot) {
        fresh.identity = slot->identity;
        fresh.generation = slot->generation;
        fresh.position = slot->position;
        fresh.checkpoints = slot->records;
    }
    *scan = fresh;
    add_head (scan, NULL);
}

/* What the checkpoint covers is in index and bets.csv, whatever happened to the log. */
static void read_projections (scan_t *scan, const disk_t *disk, const slot_t *slot)
{
    const bytes_t index = durable (disk, "bets.index");
    const bytes_t csv = durable (disk, "bets.csv");
    if (index.size < HEADER + slot->records * RECORD || csv.size < slot->bytes) {
        doubt (
            scan,
            "checkpoint %llu covers %llu records and %llu bytes, which are not there",
            (unsigned long long) slot->generation, (unsigned long long) slot->records,
            (unsigned long long) slot->bytes);
        return;
    }
    for (uint64_t i = 0; i < slot->records && !scan->why[0]; i++) {
        const uint8_t *record = index.data + HEADER + i * RECORD;
        const uint64_t at = number (record + 24, 8), size = number (record + 32, 4);
        if (at + size > slot->bytes)
            doubt (scan, "record %llu has no rows", (unsigned long long) i + 1);
        else
            take_record (scan, record, bytes_of (csv.data + at, size));
    }
}

static void compare (scan_t *scan, const slot_t *slot)
{
    if (!scan->why[0] &&
        (scan->bytes != slot->bytes || scan->epoch != slot->epoch ||
         scan->last_event != slot->last_event || scan->events != slot->events ||
         memcmp (scan->heads[scan->records], slot->head, SCAN_HASH_BYTES) != 0))
        doubt (scan, "checkpoint %llu says otherwise than the records before it",
               (unsigned long long) slot->generation);
}

static bool open_ring (scan_t *scan, bytes_t log, ring_t *ring)
{
    if (scan->why[0])
        return false;
    if (log.size < PAGE || number (log.data + 16, 4) != LOG_FORMAT ||
        number (log.data + 24, 8) != scan->identity) {
        doubt (scan, "there is a checkpoint, and no log of its day");
        return false;
    }
    *ring = (ring_t){.bytes = log, .segment = number (log.data + 32, 8)};
    ring->ring = ring->segment * number (log.data + 40, 4);
    return true;
}

/* The group that ends at the checkpoint's mark is still there. */
static void find_last (scan_t *scan, const slot_t *slot, const ring_t *ring)
{
    const uint64_t place = PAGE + slot->last % ring->ring;
    if (slot->last == slot->position)
        return;
    if (place + PAGE > ring->bytes.size ||
        number (ring->bytes.data + place + 24, 8) != slot->last)
        doubt (scan, "the last group before checkpoint %llu is not in the log",
               (unsigned long long) slot->generation);
    else
        scan->before_last = number (ring->bytes.data + place + 32, 8);
}

/* The group at this position, if there is one that goes on from what was read. */
static bool take_group (scan_t *scan, const ring_t *ring, uint64_t position)
{
    static uint8_t *copy;
    static size_t capacity;
    const uint64_t place = PAGE + position % ring->ring;
    if (place + PAGE > ring->bytes.size || scan->why[0])
        return false;
    const uint8_t *group = ring->bytes.data + place;
    if (memcmp (group, GROUP_MAGIC, MAGIC_BYTES) != 0 ||
        number (group + 16, 8) != scan->identity ||
        number (group + 24, 8) != position || number (group + 32, 8) != scan->records ||
        memcmp (group + 48, scan->heads[scan->records], SCAN_HASH_BYTES) != 0)
        return false;
    const uint64_t length = number (group + 40, 4);
    const uint64_t size = (length + PAGE - 1) / PAGE * PAGE;
    if (place + size > ring->bytes.size)
        return false;
    if (size > capacity) {
        capacity = (size_t) size;
        copy = realloc (copy, capacity);
        assert (copy);
    }
    memcpy (copy, group, (size_t) size);
    memset (copy + GROUP_HASH, 0, 8);
    if (XXH3_64bits (copy, (size_t) size) != number (group + GROUP_HASH, 8))
        return false;
    uint64_t at = HEADER;
    scan->before_last = scan->records;
    for (uint64_t i = number (group + 44, 4); i > 0 && !scan->why[0]; i--) {
        const uint64_t rows = number (group + at + 32, 4);
        if (at + RECORD + rows > length)
            doubt (scan, "a group of the log ends within a record");
        else
            take_record (scan, group + at, bytes_of (group + at + RECORD, rows));
        at += RECORD + rows;
    }
    scan->position = position + size;
    return !scan->why[0];
}

static void take_record (scan_t *scan, const uint8_t *record, bytes_t rows)
{
    if (record[0] == 'O' && scan->draw == 0)
        scan->draw = number (record + 8, 8);
    const bool sound =
        number (record + 124, 4) == (uint32_t) XXH3_64bits (record, 124) &&
        number (record + 8, 8) == (record[0] == 'R' ? 0 : scan->draw) &&
        number (record + 24, 8) == (record[0] == 'R' ? 0 : scan->bytes);
    if (!sound || !(record[0] == 'B' ? bets_follow (scan, record, rows)
                                     : event_follows (scan, record)))
        doubt (scan, "record %llu, %c of agency %u, does not follow from the others",
               (unsigned long long) scan->records + 1, record[0],
               (unsigned) number (record + 4, 4));
    scan->records++;
    add_head (scan, record);
}

static bool bets_follow (scan_t *scan, const uint8_t *record, bytes_t rows)
{
    uint8_t proof[SCAN_HASH_BYTES];
    const uint64_t count = number (record + 2, 2), agency = number (record + 4, 4);
    if (agency < 1 || agency > scan->plan->agencies || scan->sealed[agency])
        return false;
    const bets_t *bets = scan->plan->agency[agency].bets;
    const uint64_t next = scan->stored[agency];
    hash (rows, bytes_of (NULL, 0), proof);
    if (count < 1 || number (record + 16, 8) != next || next + count > bets->count ||
        number (record + 36, 4) != scan->last[agency] ||
        number (record + 56, 8) != 0 || // nobody sells a single bet
        !bytes_equal (rows, bets_canonical (bets, next, count)) ||
        number (record + 48, 8) != bets_digest (bets, next + count) ||
        number (record + 72, 8) != XXH3_64bits (rows.data, rows.size) ||
        memcmp (record + 80, proof, sizeof proof) != 0)
        return false;
    scan->stored[agency] += count;
    scan->digest[agency] = number (record + 48, 8);
    scan->last[agency] = scan->records + 1;
    scan->bytes += rows.size;
    return true;
}

/* Registrations, each by its number, and the draw's events, each asked for by the state
   that registered last. */
static bool event_follows (scan_t *scan, const uint8_t *record)
{
    const uint32_t agency = (uint32_t) number (record + 4, 4);
    if (number (record + 2, 2) != (record[0] == 'O' ? 'F' : 0) ||
        number (record + 32, 4) != 0)
        return false;
    if (record[0] == 'R') {
        scan->epoch = scan->records + 1;
        scan->epochs++;
        return agency == 0 && number (record + 56, 8) >> 32 == scan->epochs &&
               (uint32_t) number (record + 56, 8) != 0;
    }
    if (number (record + 36, 4) != scan->last_event ||
        number (record + 56, 8) != scan->epoch || scan->epoch == 0 ||
        !happen (scan, record, agency))
        return false;
    scan->last_event = scan->records + 1;
    scan->events++;
    return true;
}

/* Each thing once, and in the only order that makes sense. */
static bool happen (scan_t *scan, const uint8_t *record, uint32_t agency)
{
    const plan_t *plan = scan->plan;
    const bool known = agency >= 1 && agency <= plan->agencies;
    bool *flag = NULL;
    switch (record[0]) {
    case 'O':
        if (scan->events == 0 && number (record + 44, 4) == plan->number &&
            number (record + 16, 8) == 0 && memcmp (record + 72, "first\0", 6) == 0 &&
            number (record + 112, 4) == plan->agencies)
            flag = &scan->opened;
        break;
    case 'S':
        if (scan->opened && known && number (record + 16, 8) == scan->stored[agency] &&
            number (record + 48, 8) == scan->digest[agency] &&
            number (record + 40, 4) == 0)
            flag = &scan->sealed[agency];
        break;
    case 'D':
        if (scan->ready == plan->agencies && number (record + 44, 4) == plan->number)
            flag = &scan->drawn;
        break;
    case 'V':
        if (known && scan->drawn)
            flag = &scan->served[agency];
        break;
    }
    if (!flag || *flag)
        return false;
    scan->ready += record[0] == 'S';
    return *flag = true;
}

/* The chain of no record, or of one more. */
static void add_head (scan_t *scan, const uint8_t *record)
{
    if (scan->records >= scan->heads_capacity) {
        scan->heads_capacity = 2 * scan->heads_capacity + 256;
        scan->heads = realloc (scan->heads, scan->heads_capacity * sizeof *scan->heads);
        assert (scan->heads);
    }
    uint8_t identity[8], *head = scan->heads[scan->records];
    put_u64 (identity, scan->identity);
    if (!record)
        hash (bytes_of (CHAIN_TITLE, sizeof CHAIN_TITLE - 1),
              bytes_of (identity, sizeof identity), head);
    else
        hash (bytes_of (scan->heads[scan->records - 1], SCAN_HASH_BYTES),
              bytes_of (record, RECORD), head);
}

static void hash (bytes_t first, bytes_t second, uint8_t *into)
{
    static EVP_MD_CTX *context;
    if (!context)
        context = EVP_MD_CTX_new ();
    assert (context);
    EVP_DigestInit_ex (context, EVP_sha256 (), NULL);
    EVP_DigestUpdate (context, first.data, first.size);
    EVP_DigestUpdate (context, second.data, second.size);
    EVP_DigestFinal_ex (context, into, NULL);
}

static void doubt (scan_t *scan, const char *format, ...)
{
    va_list values;
    if (scan->why[0])
        return;
    va_start (values, format);
    vsnprintf (scan->why, sizeof scan->why, format, values);
    va_end (values);
}

/* Network byte order. */
static uint64_t number (const uint8_t *at, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

/* scan.c - reads bets.log, bets.index, the draws' files and the checkpoints. */

#include "scan.h"

#include "database.h"

#include "wire.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#define PAGE           4096
#define RECORD         128
#define HEADER         128 // of a group, and of the index
#define GROUP_MAGIC    "\xffLOTERIA GROUP\n"
#define SLOT_MAGIC     "LOTERIA CHECKPT\n"
#define ARCHIVED_MAGIC "LOTERIA ARCHIVE\n"
#define CHAIN_TITLE    "LOTERIA CHAIN 2\n"
#define MAGIC_BYTES    16
#define SLOT_HEAD      152 // before its draws
#define SLOT_DRAW      56
#define SLOT_HASH      8
#define ARCHIVED_HEAD  40 // before its draw
#define GROUP_HASH     120
#define LOG_FORMAT     4

typedef struct { // what a checkpoint says
    uint64_t identity, generation, position, last, records, epoch, opened;
    const uint8_t *head;
    uint32_t draws;
    const uint8_t *draw; // SLOT_DRAW each
} slot_t;

typedef struct { // a log's shape
    bytes_t bytes;
    uint64_t segment, ring;
} ring_t;

static const char *const names[SCAN_FILES] = {"bets.csv", "cancelled.csv", "notes"};

static bytes_t durable (const disk_t *disk, const char *name);
static bool read_slot (bytes_t slot, slot_t *read);
static bool hashed (bytes_t bytes, uint64_t size);
static void start (scan_t *scan, const slot_t *slot);
static void read_projections (scan_t *scan, const disk_t *disk, const slot_t *slot);
static void find_files (const scan_t *scan, const disk_t *disk, bytes_t *files);
static void compare (scan_t *scan, const disk_t *disk, const slot_t *slot);
static bool listed (scan_t *scan, const slot_t *slot, uint32_t which);
static bool archived (const scan_t *scan, const disk_t *disk, uint32_t which);
static bool archived_ahead (const scan_t *scan, const uint8_t *entry);
static const uint8_t *archived_entry (const scan_t *scan, const disk_t *disk,
                                      uint32_t which);
static void compare_archived (scan_t *scan, const disk_t *disk);
static bool says_so (const scan_draw_t *draw, const uint8_t *entry);
static void read_ring (scan_t *scan, const disk_t *disk, const slot_t *slot);
static void look_at_database (scan_t *scan, bool whole);
static void take_entries (scan_t *scan, const slot_t *slot);
static bool open_ring (scan_t *scan, bytes_t log, ring_t *ring);
static void find_last (scan_t *scan, const slot_t *slot, const ring_t *ring);
static bool find_group (scan_t *scan, const ring_t *ring, uint64_t position);
static bool take_group (scan_t *scan, const uint8_t *group, uint64_t size,
                        uint64_t position);
static void take_record (scan_t *scan, const uint8_t *record, bytes_t rows);
static const char *follow (scan_t *scan, const uint8_t *record, bytes_t rows);
static bool rows_hold (const uint8_t *record, bytes_t rows);
static const char *bets_follow (scan_t *scan, uint32_t which, const uint8_t *record,
                                bytes_t rows);
static const char *cancel_follows (scan_t *scan, uint32_t which, const uint8_t *record,
                                   bytes_t rows);
static const char *registration_follows (scan_t *scan, const uint8_t *record);
static const char *opening_follows (scan_t *scan, const uint8_t *record);
static bool terms_asked_for (const scan_t *scan, uint32_t which, const uint8_t *record);
static const char *event_follows (scan_t *scan, uint32_t which, const uint8_t *record,
                                  bytes_t rows);
static const char *happen (scan_t *scan, uint32_t which, const uint8_t *record,
                           scan_seat_t *seat);
static bool is_paper (uint8_t kind);
static const char *note_down (scan_t *scan, uint32_t which, const uint8_t *record,
                              scan_seat_t *seat, scan_paper_t paper);
static bool sealed_as_stored (const scan_seat_t *seat, const uint8_t *record);
static void complete (scan_draw_t *draw, scan_seat_t *seat);
static bool number_right (const scan_t *scan, uint32_t which, uint32_t drawn);
static bool note_right (const scan_t *scan, uint32_t which, const uint8_t *record,
                        bytes_t rows);
static bool void_right (const scan_t *scan, uint32_t which, bytes_t rows);
static scan_seat_t *seat_of (scan_draw_t *draw, const uint8_t *record);
static scan_file_t file_of (uint8_t kind);
static void add_text (scan_text_t *text, bytes_t more);
static void add_head (scan_t *scan, const uint8_t *record);
static void hash (bytes_t first, bytes_t second, uint8_t *into);
static void doubt (scan_t *scan, const char *invariant, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
static uint64_t number (const uint8_t *at, size_t size);

void scan_begin (scan_t *scan, const plan_t *plan, const database_t *database,
                 const scan_in_time_t *in_time)
{
    *scan =
        (scan_t){.plan = plan, .database = database, .in_time = in_time, .latest = -1};
}

void scan_clear (scan_t *scan)
{
    for (uint32_t i = 0; i < PLAN_DRAWS_MAX; i++) {
        for (uint32_t agency = 0; agency <= PLAN_AGENCIES_MAX; agency++)
            free (scan->draw[i].seat[agency].gone);
        for (int file = 0; file < SCAN_FILES; file++)
            free (scan->draw[i].file[file].data);
    }
    free (scan->heads);
    *scan = (scan_t){0};
}

void scan_look (scan_t *scan, const disk_t *disk, bool whole)
{
    slot_t slots[2], *slot = NULL;
    if (!disk) {
        look_at_database (scan, whole);
        return;
    }
    scan->unnoted = !scan->in_time || disk_counts (disk)->full > 0;
    const char *const of[] = {"checkpoint.a", "checkpoint.b"};
    for (int i = 0; i < 2; i++)
        if (read_slot (durable (disk, of[i]), &slots[i]) &&
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
        compare (scan, disk, slot);
    }
    if (scan->database)
        take_entries (scan, slot);
    else
        read_ring (scan, disk, slot);
    compare_archived (scan, disk);
}

static void read_ring (scan_t *scan, const disk_t *disk, const slot_t *slot)
{
    ring_t ring;
    if (!open_ring (scan, durable (disk, "bets.log"), &ring))
        return;
    if (scan->position == slot->position)
        find_last (scan, slot, &ring);
    for (;;) {
        const uint64_t next =
            (scan->position + ring.segment - 1) / ring.segment * ring.segment;
        if (!find_group (scan, &ring, scan->position) &&
            (next == scan->position || !find_group (scan, &ring, next)))
            break;
    }
    scan->laps = scan->position / ring.ring;
}

/* From its first entry on. */
static void look_at_database (scan_t *scan, bool whole)
{
    const slot_t slot = {.identity = database_identity ()};
    if (whole || scan->identity != slot.identity)
        start (scan, &slot);
    take_entries (scan, &slot);
}

/* Those that are safe, the one before the checkpoint's mark among them. */
static void take_entries (scan_t *scan, const slot_t *slot)
{
    const uint64_t safe = database_safe (scan->database);
    if (slot->position > safe)
        doubt (scan, "I3", "checkpoint %llu covers more than the database has",
               (unsigned long long) slot->generation);
    else if (scan->position == slot->position && slot->position > 0)
        scan->before_last =
            number (database_entry (scan->database, slot->position).data + 32, 8);
    while (scan->position < safe && !scan->why[0]) {
        const bytes_t entry = database_entry (scan->database, scan->position + 1);
        if (entry.size < HEADER + RECORD ||
            !take_group (scan, entry.data, entry.size, scan->position))
            doubt (scan, "I3", "entry %llu of the database does not follow",
                   (unsigned long long) scan->position + 1);
        else
            scan->position++;
    }
}

int scan_draw (const scan_t *scan, uint64_t identity)
{
    for (uint32_t i = 0; identity != 0 && i < scan->plan->draws; i++)
        if (scan->draw[i].identity == identity)
            return (int) i;
    return -1;
}

const char *scan_path (const scan_t *scan, uint32_t draw, scan_file_t file)
{
    static char path[SCAN_PATH_BYTES];
    snprintf (path, sizeof path, "draws/%s/%s", scan->plan->draw[draw].name,
              names[file]);
    return path;
}

bool scan_closed (const scan_draw_t *draw)
{
    return draw->closed || (draw->identity && draw->closes_ms == CLOSES_ALL_ASKED &&
                            draw->ready == draw->agencies);
}

bool scan_sealed (const scan_seat_t *seat)
{
    return seat->complete || seat->ended;
}

bool scan_over (const scan_draw_t *draw)
{
    return draw->drawn || draw->voided;
}

static bytes_t durable (const disk_t *disk, const char *name)
{
    char away[SCAN_PATH_BYTES + sizeof SCAN_AWAY];
    snprintf (away, sizeof away, "%s/%s", SCAN_AWAY, name);
    return disk_durable (disk, disk_find (disk, away) ? away : name);
}

static bool read_slot (bytes_t slot, slot_t *read)
{
    if (slot.size < SLOT_HEAD + SLOT_HASH ||
        memcmp (slot.data, SLOT_MAGIC, MAGIC_BYTES) != 0 ||
        !hashed (slot, number (slot.data + 40, 8)))
        return false;
    *read = (slot_t){.identity = number (slot.data + 24, 8),
                     .generation = number (slot.data + 32, 8),
                     .draws = (uint32_t) number (slot.data + 48, 4),
                     .position = number (slot.data + 56, 8),
                     .last = number (slot.data + 64, 8),
                     .head = slot.data + 80,
                     .opened = number (slot.data + 112, 8),
                     .records = number (slot.data + 128, 8),
                     .epoch = number (slot.data + 136, 8),
                     .draw = slot.data + SLOT_HEAD};
    return number (slot.data + 72, 8) == read->records &&
           SLOT_HEAD + SLOT_DRAW * (uint64_t) read->draws + SLOT_HASH <= slot.size;
}

/* A checkpoint, or what one draw was archived as, vouches for itself in the end. */
static bool hashed (bytes_t bytes, uint64_t size)
{
    return size >= SLOT_HASH && size <= bytes.size &&
           XXH3_64bits (bytes.data, (size_t) size - SLOT_HASH) ==
               number (bytes.data + size - SLOT_HASH, 8);
}

static void start (scan_t *scan, const slot_t *slot)
{
    scan_t fresh;
    scan_begin (&fresh, scan->plan, scan->database, scan->in_time);
    fresh.unnoted = scan->unnoted;
    scan_clear (scan);
    if (slot) {
        fresh.identity = slot->identity;
        fresh.generation = slot->generation;
        fresh.position = fresh.covered = slot->position;
        fresh.checkpoints = slot->records;
    }
    *scan = fresh;
    add_head (scan, NULL);
}

/* What the checkpoint covers is in index and files, whatever happened to the log. */
static void read_projections (scan_t *scan, const disk_t *disk, const slot_t *slot)
{
    const bytes_t index = durable (disk, "bets.index");
    bytes_t files[PLAN_DRAWS_MAX * SCAN_FILES];
    find_files (scan, disk, files);
    if (index.size < HEADER + slot->records * RECORD) {
        doubt (scan, "I3", "checkpoint %llu covers %llu records, which are not there",
               (unsigned long long) slot->generation,
               (unsigned long long) slot->records);
        return;
    }
    for (uint64_t i = 0; i < slot->records && !scan->why[0]; i++) {
        const uint8_t *record = index.data + HEADER + i * RECORD;
        const uint64_t at = number (record + 24, 8), size = number (record + 32, 4);
        const int draw = scan_draw (scan, number (record + 8, 8));
        const bytes_t file = draw == -1
                                 ? bytes_of (NULL, 0)
                                 : files[draw * SCAN_FILES + (int) file_of (record[0])];
        if (size > 0 && at + size > file.size)
            doubt (scan, "I3", "record %llu, %c, has no rows on disk",
                   (unsigned long long) i + 1, record[0]);
        else
            take_record (scan, record,
                         size > 0 ? bytes_of (file.data + at, size)
                                  : bytes_of (NULL, 0));
    }
}

static void find_files (const scan_t *scan, const disk_t *disk, bytes_t *files)
{
    for (uint32_t i = 0; i < scan->plan->draws; i++)
        for (int file = 0; file < SCAN_FILES; file++)
            *files++ = durable (disk, scan_path (scan, i, (scan_file_t) file));
}

/* What the checkpoint says of each draw is what its records say; and of those that it
   does not name another file says it. */
static void compare (scan_t *scan, const disk_t *disk, const slot_t *slot)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < scan->plan->draws && !scan->why[0]; i++) {
        if (!scan->draw[i].identity)
            continue;
        if (listed (scan, slot, i))
            live++;
        else if (!archived (scan, disk, i))
            doubt (scan, "I12",
                   "%s is not in checkpoint %llu, and not archived as it is",
                   scan->plan->draw[i].name, (unsigned long long) slot->generation);
    }
    const uint64_t opened = scan->latest == -1 ? 0 : scan->draw[scan->latest].opened;
    if (!scan->why[0] &&
        (live != slot->draws || scan->epoch != slot->epoch || opened != slot->opened ||
         memcmp (scan->heads[scan->records], slot->head, SCAN_HASH_BYTES) != 0))
        doubt (scan, "I3", "checkpoint %llu says otherwise than the records before it",
               (unsigned long long) slot->generation);
}

static bool listed (scan_t *scan, const slot_t *slot, uint32_t which)
{
    const scan_draw_t *draw = &scan->draw[which];
    for (uint32_t i = 0; i < slot->draws; i++) {
        const uint8_t *entry = slot->draw + (size_t) i * SLOT_DRAW;
        if (number (entry, 8) != draw->identity)
            continue;
        if (!says_so (draw, entry))
            doubt (scan, "I3", "checkpoint %llu says of %s otherwise than its records",
                   (unsigned long long) slot->generation, scan->plan->draw[which].name);
        return true;
    }
    return false;
}

/* As its records say up to the checkpoint; or further, as those behind it will say. */
static bool archived (const scan_t *scan, const disk_t *disk, uint32_t which)
{
    const uint8_t *entry = archived_entry (scan, disk, which);
    return entry && (scan_over (&scan->draw[which]) || archived_ahead (scan, entry)) &&
           (says_so (&scan->draw[which], entry) || archived_ahead (scan, entry));
}

static bool archived_ahead (const scan_t *scan, const uint8_t *entry)
{
    return number (entry + 12, 4) > scan->checkpoints;
}

/* NULL: there is none, or it is not whole. */
static const uint8_t *archived_entry (const scan_t *scan, const disk_t *disk,
                                      uint32_t which)
{
    char path[SCAN_PATH_BYTES];
    snprintf (path, sizeof path, "draws/%s/archived", scan->plan->draw[which].name);
    const bytes_t bytes = durable (disk, path);
    const bool whole = bytes.size >= ARCHIVED_HEAD + SLOT_DRAW + SLOT_HASH &&
                       memcmp (bytes.data, ARCHIVED_MAGIC, MAGIC_BYTES) == 0 &&
                       number (bytes.data + 24, 8) == scan->identity &&
                       hashed (bytes, number (bytes.data + 32, 8));
    return whole ? bytes.data + ARCHIVED_HEAD : NULL;
}

/* What was archived was durable before: it says no more than the log, and, if that has
   nothing later of the draw, the same. */
static void compare_archived (scan_t *scan, const disk_t *disk)
{
    for (uint32_t i = 0; i < scan->plan->draws && !scan->why[0]; i++) {
        const uint8_t *entry = archived_entry (scan, disk, i);
        if (entry && (number (entry + 16, 4) > scan->draw[i].events ||
                      (number (entry + 16, 4) == scan->draw[i].events &&
                       !says_so (&scan->draw[i], entry))))
            doubt (scan, "I12", "%s is archived otherwise than the log says",
                   scan->plan->draw[i].name);
    }
}

static bool says_so (const scan_draw_t *draw, const uint8_t *entry)
{
    const unsigned flags = (draw->closed ? 1u : 0) | (draw->drawn ? 2u : 0) |
                           (draw->voided ? 4u : 0) | (draw->open.size ? 8u : 0) |
                           (draw->seal.size ? 32u : 0) | (draw->result.size ? 64u : 0);
    return number (entry, 8) == draw->identity &&
           number (entry + 8, 4) == draw->opened &&
           number (entry + 12, 4) == draw->last_event &&
           number (entry + 16, 4) == draw->events && entry[20] == flags &&
           number (entry + 24, 4) == (draw->drawn ? draw->number : 0) &&
           number (entry + 32, 8) == draw->file[SCAN_BETS].size &&
           number (entry + 40, 8) == draw->file[SCAN_CANCELLED].size &&
           number (entry + 48, 8) == draw->file[SCAN_NOTES].size;
}

static bool open_ring (scan_t *scan, bytes_t log, ring_t *ring)
{
    if (scan->why[0])
        return false;
    if (log.size < PAGE || number (log.data + 16, 4) != LOG_FORMAT ||
        number (log.data + 24, 8) != scan->identity) {
        doubt (scan, "I3", "there is a checkpoint, and no log of its day");
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
        doubt (scan, "I3", "the last group before checkpoint %llu is not in the log",
               (unsigned long long) slot->generation);
    else
        scan->before_last = number (ring->bytes.data + place + 32, 8);
}

/* The group at this position, if there is one that goes on from what was read. */
static bool find_group (scan_t *scan, const ring_t *ring, uint64_t position)
{
    const uint64_t place = PAGE + position % ring->ring;
    if (place + PAGE > ring->bytes.size || scan->why[0])
        return false;
    const uint8_t *group = ring->bytes.data + place;
    const uint64_t size = (number (group + 40, 4) + PAGE - 1) / PAGE * PAGE;
    if (place + size > ring->bytes.size || size == 0 ||
        !take_group (scan, group, size, position))
        return false;
    scan->position = position + size;
    return !scan->why[0];
}

static bool take_group (scan_t *scan, const uint8_t *group, uint64_t size,
                        uint64_t position)
{
    static uint8_t *copy;
    static size_t capacity;
    const uint64_t length = number (group + 40, 4);
    if (length > size || memcmp (group, GROUP_MAGIC, MAGIC_BYTES) != 0 ||
        number (group + 16, 8) != scan->identity ||
        number (group + 24, 8) != position || number (group + 32, 8) != scan->records ||
        memcmp (group + 48, scan->heads[scan->records], SCAN_HASH_BYTES) != 0)
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
            doubt (scan, "I3", "a group of the log ends within a record");
        else
            take_record (scan, group + at, bytes_of (group + at + RECORD, rows));
        at += RECORD + rows;
    }
    return true;
}

static void take_record (scan_t *scan, const uint8_t *record, bytes_t rows)
{
    const bool sound = number (record + 124, 4) == (uint32_t) XXH3_64bits (record, 124);
    const char *invariant = sound ? follow (scan, record, rows) : "I3";
    if (invariant)
        doubt (scan, invariant,
               "record %llu, %c of agency %u in draw %d, does not follow from the "
               "others",
               (unsigned long long) scan->records + 1, record[0],
               (unsigned) number (record + 4, 4),
               scan_draw (scan, number (record + 8, 8)) + 1);
    scan->records++;
    add_head (scan, record);
}

/* Which invariant it breaks; NULL: none. */
static const char *follow (scan_t *scan, const uint8_t *record, bytes_t rows)
{
    const int which = scan_draw (scan, number (record + 8, 8));
    if (record[0] == 'R')
        return registration_follows (scan, record);
    if (record[0] == 'O')
        return opening_follows (scan, record);
    if (which == -1)
        return "I3";
    scan_draw_t *draw = &scan->draw[which];
    scan_text_t *file = &draw->file[file_of (record[0])];
    if (number (record + 24, 8) != file->size || !rows_hold (record, rows))
        return "I12";
    const char *invariant =
        record[0] == 'B'   ? bets_follow (scan, (uint32_t) which, record, rows)
        : record[0] == 'K' ? cancel_follows (scan, (uint32_t) which, record, rows)
                           : event_follows (scan, (uint32_t) which, record, rows);
    add_text (file, rows);
    return invariant;
}

static bool rows_hold (const uint8_t *record, bytes_t rows)
{
    uint8_t proof[SCAN_HASH_BYTES];
    if (file_of (record[0]) == SCAN_BETS && record[0] != 'B')
        return rows.size == 0;
    hash (rows, bytes_of (NULL, 0), proof);
    return number (record + 72, 8) == XXH3_64bits (rows.data, rows.size) &&
           memcmp (record + 80, proof, sizeof proof) == 0;
}

/* The next ones of an agency that may still sell: none is stored behind its seal, none
   that came too late. */
static const char *bets_follow (scan_t *scan, uint32_t which, const uint8_t *record,
                                bytes_t rows)
{
    scan_draw_t *draw = &scan->draw[which];
    scan_seat_t *seat = seat_of (draw, record);
    const uint64_t count = number (record + 2, 2), agency = number (record + 4, 4);
    const bets_t *bets = scan->plan->draw[which].seat[seat ? agency : 0].bets;
    if (!seat || !bets)
        return "I3";
    const uint64_t next = seat->stored, time_ms = number (record + 64, 8);
    if (scan_sealed (seat) || draw->voided)
        return "I9";
    if (count < 1 || number (record + 16, 8) != next || next + count > bets->count ||
        number (record + 36, 4) != seat->last ||
        number (record + 56, 8) != 0 || // nobody sells a single bet
        !bytes_equal (rows, bets_canonical (bets, next, count)) ||
        number (record + 48, 8) != bets_digest (bets, next + count) ||
        next + count > bets->beyond)
        return "I3";
    if (draw->closes_ms != CLOSES_ALL_ASKED && draw->closes_ms != CLOSES_NEVER &&
        (time_ms >= draw->closes_ms ||
         (scan->in_time && next + count > (*scan->in_time)[which][agency])))
        return "I9";
    seat->stored += count;
    seat->digest = number (record + 48, 8);
    seat->last = scan->records + 1;
    return NULL;
}

/* A bet of its own that an agency takes back, once, as long as it may sell. */
static const char *cancel_follows (scan_t *scan, uint32_t which, const uint8_t *record,
                                   bytes_t rows)
{
    char text[256];
    scan_draw_t *draw = &scan->draw[which];
    scan_seat_t *seat = seat_of (draw, record);
    const uint64_t offset = number (record + 16, 8), agency = number (record + 4, 4);
    if (!seat || scan_sealed (seat) || draw->voided || offset >= seat->stored ||
        seat->gone[offset] || number (record + 2, 2) != 1 ||
        number (record + 36, 4) != seat->last_cancel)
        return "I11";
    const bytes_t row =
        bets_canonical (scan->plan->draw[which].seat[agency].bets, offset, 1);
    const int size =
        snprintf (text, sizeof text, "%llu,%.*s", (unsigned long long) offset,
                  (int) row.size, (const char *) row.data);
    if (!bytes_equal (rows, bytes_of (text, (size_t) size)))
        return "I11";
    seat->gone[offset] = true;
    seat->cancelled++;
    seat->last_cancel = scan->records + 1;
    return NULL;
}

/* Each by its number. */
static const char *registration_follows (scan_t *scan, const uint8_t *record)
{
    scan->epoch = scan->records + 1;
    scan->epochs++;
    const bool right = number (record + 2, 2) == 0 && number (record + 4, 4) == 0 &&
                       number (record + 8, 8) == 0 && number (record + 32, 4) == 0 &&
                       number (record + 56, 8) >> 32 == scan->epochs &&
                       (uint32_t) number (record + 56, 8) != 0;
    return right ? NULL : "I6";
}

/* A draw of the plan's, by its name, once, on terms that somebody asked for. */
static const char *opening_follows (scan_t *scan, const uint8_t *record)
{
    const uint64_t identity = number (record + 8, 8);
    uint32_t which = 0;
    while (which < scan->plan->draws &&
           strncmp (scan->plan->draw[which].name, (const char *) record + 72,
                    DRAW_NAME_BYTES_MAX) != 0)
        which++;
    if (which == scan->plan->draws || identity == 0 ||
        scan_draw (scan, identity) != -1 || scan->draw[which].identity != 0 ||
        number (record + 36, 4) != 0 || number (record + 32, 4) != 0 ||
        number (record + 24, 8) != 0 || number (record + 56, 8) != scan->epoch ||
        scan->epoch == 0 || !terms_asked_for (scan, which, record))
        return "I6";
    scan_draw_t *draw = &scan->draw[which];
    *draw = (scan_draw_t){.identity = identity,
                          .opened = scan->records + 1,
                          .agencies = (uint32_t) number (record + 112, 4),
                          .highest = (uint32_t) number (record + 40, 4),
                          .source = (uint8_t) number (record + 2, 2),
                          .number = (uint32_t) number (record + 44, 4),
                          .closes_ms = number (record + 16, 8),
                          .last_event = scan->records + 1,
                          .events = 1};
    for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++) {
        const bets_t *bets = scan->plan->draw[which].seat[agency].bets;
        draw->seat[agency].gone = calloc (bets ? bets->count + 1 : 1, sizeof (bool));
        assert (draw->seat[agency].gone);
    }
    scan->latest = (int) which;
    return NULL;
}

static bool terms_asked_for (const scan_t *scan, uint32_t which, const uint8_t *record)
{
    const plan_draw_t *plan = &scan->plan->draw[which];
    const uint64_t closes_ms = number (record + 16, 8);
    bool roll = number (record + 112, 4) == plan->agencies;
    for (uint32_t i = 0; i < scan->plan->orders; i++)
        roll = roll || (scan->plan->order[i].kind == ORDER_OPEN &&
                        scan->plan->order[i].draw == which &&
                        scan->plan->order[i].agencies == number (record + 112, 4));
    return roll && number (record + 2, 2) == plan->source &&
           number (record + 40, 4) == plan->highest &&
           number (record + 44, 4) ==
               (plan->source == SOURCE_FIXED ? plan->number : 0) &&
           (plan->by_clock ? closes_ms != CLOSES_ALL_ASKED && closes_ms != CLOSES_NEVER
                           : closes_ms == plan->closes_ms);
}

/* What happens to a draw is asked for by the state that registered last; but for the
   clock's close, which nobody asks for. */
static const char *event_follows (scan_t *scan, uint32_t which, const uint8_t *record,
                                  bytes_t rows)
{
    scan_draw_t *draw = &scan->draw[which];
    const uint32_t agency = (uint32_t) number (record + 4, 4);
    scan_seat_t *seat = seat_of (draw, record);
    const uint64_t writer = number (record + 56, 8);
    const bool clock =
        record[0] == 'C' && writer == 0 && scan->plan->draw[which].by_clock;
    if (clock && number (record + 64, 8) < draw->closes_ms)
        return "I9";
    if (number (record + 36, 4) != draw->last_event ||
        (!clock && (writer != scan->epoch || scan->epoch == 0)) ||
        number (record + 2, 2) != 0 || (agency != 0 && !seat))
        return "I6";
    if (!note_right (scan, which, record, rows))
        return "I12";
    const scan_paper_t paper = {draw->file[SCAN_NOTES].size, rows.size};
    const char *invariant = is_paper (record[0])
                                ? note_down (scan, which, record, seat, paper)
                                : happen (scan, which, record, seat);
    draw->last_event = scan->records + 1;
    draw->events++;
    return invariant;
}

/* Each thing once, and in the only order that makes sense. */
static const char *happen (scan_t *scan, uint32_t which, const uint8_t *record,
                           scan_seat_t *seat)
{
    scan_draw_t *draw = &scan->draw[which];
    const uint64_t sequence = scan->records + 1;
    const uint32_t drawn = (uint32_t) number (record + 44, 4);
    switch (record[0]) {
    case 'S':
        if (!seat || seat->asked || draw->voided || draw->source == SOURCE_PROVABLE ||
            !sealed_as_stored (seat, record))
            return "I9";
        seat->asked = true;
        complete (draw, seat);
        return NULL;
    case 'E':
        if (!seat || seat->ended || seat->asked || draw->open.size == 0 ||
            draw->seal.size > 0 || draw->voided || !sealed_as_stored (seat, record))
            return "I9";
        seat->ended = true;
        return NULL;
    case 'X':
        if (!seat || seat->complete || draw->closed || draw->voided)
            return "I9";
        seat->excused = true;
        complete (draw, seat);
        return NULL;
    case 'C':
        if (seat || draw->closed || scan_over (draw))
            return "I9";
        draw->closed = sequence;
        for (uint32_t agency = 1;
             agency <= PLAN_AGENCIES_MAX && agency <= draw->agencies; agency++)
            complete (draw, &draw->seat[agency]);
        return NULL;
    case 'D':
        if (seat || scan_over (draw) || !scan_closed (draw) ||
            !number_right (scan, which, drawn))
            return "I10";
        if (draw->source == SOURCE_PROVABLE &&
            (draw->seal.size == 0 || draw->reveals != draw->commits))
            return "I14";
        draw->drawn = sequence;
        draw->number = drawn;
        return NULL;
    case 'W':
        if (seat || scan_over (draw) || draw->seal.size > 0)
            return "I10";
        draw->voided = sequence;
        return NULL;
    case 'V':
        if (!seat || !draw->drawn || seat->served)
            return "I6";
        seat->served = true;
        return NULL;
    }
    return "I3";
}

static bool is_paper (uint8_t kind)
{
    return kind == 'N' || kind == 'Y' || kind == 'L' || kind == 'A' || kind == 'Q';
}

/* Likewise, of a provable draw: each note once, and nothing else behind the seal. What
   they say is fair.h's. */
static const char *note_down (scan_t *scan, uint32_t which, const uint8_t *record,
                              scan_seat_t *seat, scan_paper_t paper)
{
    scan_draw_t *draw = &scan->draw[which];
    const uint32_t least = scan->plan->least;
    if (draw->source != SOURCE_PROVABLE || paper.size == 0 || draw->voided)
        return "I14";
    switch (record[0]) {
    case 'N':
        if (seat || draw->open.size > 0)
            return "I14";
        draw->open = paper;
        return NULL;
    case 'Y':
        if (!seat || seat->asked || draw->open.size == 0 || draw->seal.size > 0 ||
            !sealed_as_stored (seat, record))
            return "I14";
        seat->asked = true;
        seat->receipt = paper;
        draw->commits++;
        complete (draw, seat);
        return NULL;
    case 'L':
        if (seat || draw->seal.size > 0 || !scan_closed (draw) ||
            draw->commits < (least > 0 ? least : draw->agencies))
            return "I14";
        draw->seal = paper;
        return NULL;
    case 'A':
        if (!seat || seat->receipt.size == 0 || seat->reveal.size > 0 ||
            draw->seal.size == 0)
            return "I14";
        seat->reveal = paper;
        draw->reveals++;
        return NULL;
    default:
        if (seat || draw->result.size > 0 || !draw->drawn)
            return "I14";
        draw->result = paper;
        return NULL;
    }
}

static bool sealed_as_stored (const scan_seat_t *seat, const uint8_t *record)
{
    return number (record + 16, 8) == seat->stored &&
           number (record + 48, 8) == seat->digest &&
           number (record + 40, 4) == seat->cancelled;
}

/* Once. */
static void complete (scan_draw_t *draw, scan_seat_t *seat)
{
    draw->ready += !seat->complete;
    if (!seat->complete)
        seat->complete_with = seat->stored;
    seat->complete = true;
}

static bool number_right (const scan_t *scan, uint32_t which, uint32_t drawn)
{
    const scan_draw_t *draw = &scan->draw[which];
    if (drawn > draw->highest)
        return false;
    if (draw->source == SOURCE_FIXED)
        return drawn == draw->number;
    for (uint32_t i = 0; draw->source == SOURCE_ENTERED && i < scan->plan->orders; i++)
        if (scan->plan->order[i].kind == ORDER_NUMBER &&
            scan->plan->order[i].draw == which && scan->plan->order[i].number == drawn)
            return true;
    return draw->source == SOURCE_RANDOM || draw->source == SOURCE_PROVABLE;
}

/* The reason that one of the operators gave for what he ordered: a line, or nothing. It
   is left out, too, where there is no room for it. The clock's own words are anybody's.
 */
static bool note_right (const scan_t *scan, uint32_t which, const uint8_t *record,
                        bytes_t rows)
{
    char note[PLAN_NOTE_BYTES + 1];
    if (file_of (record[0]) != SCAN_NOTES || is_paper (record[0]))
        return true;
    if (record[0] == 'W' && scan->draw[which].source == SOURCE_PROVABLE)
        return void_right (scan, which, rows);
    if (record[0] == 'C' && number (record + 56, 8) == 0)
        return rows.size == 0 ||
               (rows.size <= NOTE_BYTES_MAX + 1 &&
                memchr (rows.data, '\n', rows.size) == rows.data + rows.size - 1);
    if (rows.size == 0 && scan->unnoted)
        return true;
    for (uint32_t i = 0; i < scan->plan->orders; i++) {
        const plan_order_t *order = &scan->plan->order[i];
        if (order->kind != record[0] || (order->named && order->draw != which))
            continue;
        plan_note (i, note);
        if (*note)
            strcat (note, "\n");
        if (bytes_equal (rows, bytes_of (note, strlen (note))))
            return true;
    }
    return false;
}

/* A paper, with what the operator said at its beginning. */
static bool void_right (const scan_t *scan, uint32_t which, bytes_t rows)
{
    char note[PLAN_NOTE_BYTES + 24] = "note ";
    for (uint32_t i = 0; i < scan->plan->orders; i++) {
        const plan_order_t *order = &scan->plan->order[i];
        if (order->kind != ORDER_VOID || (order->named && order->draw != which))
            continue;
        plan_note (i, note + 5);
        strcat (note, "\n\nloteria/");
        const size_t from = note[5] == '\n' ? 6 : 0; // nothing was said
        const size_t size = strlen (note) - from;
        if (rows.size > size && memcmp (rows.data, note + from, size) == 0)
            return true;
    }
    return false;
}

/* NULL where the record names none, or one that is not on the roll. */
static scan_seat_t *seat_of (scan_draw_t *draw, const uint8_t *record)
{
    const uint64_t agency = number (record + 4, 4);
    return agency >= 1 && agency <= draw->agencies && agency <= PLAN_AGENCIES_MAX
               ? &draw->seat[agency]
               : NULL;
}

/* The file that the rows of this kind are in; of kinds without, whose end they say. */
static scan_file_t file_of (uint8_t kind)
{
    switch (kind) {
    case 'K':
        return SCAN_CANCELLED;
    case 'C':
    case 'X':
    case 'W':
    case 'N':
    case 'Y':
    case 'L':
    case 'A':
    case 'Q':
        return SCAN_NOTES;
    default:
        return SCAN_BETS;
    }
}

static void add_text (scan_text_t *text, bytes_t more)
{
    if (more.size == 0)
        return;
    if (text->size + more.size > text->capacity) {
        text->capacity = 2 * (text->size + more.size);
        text->data = realloc (text->data, text->capacity);
        assert (text->data);
    }
    memcpy (text->data + text->size, more.data, more.size);
    text->size += more.size;
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

static void doubt (scan_t *scan, const char *invariant, const char *format, ...)
{
    va_list values;
    if (scan->why[0])
        return;
    scan->invariant = invariant;
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

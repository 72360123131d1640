/* journal.c - the journal of storage and of state. */

#include "journal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

#define MAGIC         "LOTERIA JOURNAL\n"
#define MAGIC_BYTES   16
#define VERSION       2
#define HASHED_HEADER 120 // header bytes that its hash covers
#define CHECK_AT      116 // record bytes that `check` covers
#define CHAIN_AT      120 // record bytes that `chain` covers
#define CHUNK_RECORDS 2048
#define RESERVE_STEP  16384 // records

struct journal {
    file_t *file; // borrowed
    char kind[JOURNAL_KIND_BYTES + 1];
    uint64_t identity;
    uint64_t chain;
    uint32_t count;    // records, pending ones included
    uint32_t synced;   // records known to survive a power cut
    uint64_t reserved; // records there is space for
    uint64_t torn;     // bytes found behind the last sound record
    bool fresh;        // the file has no header yet
    uint8_t *pending;  // records appended and not written
    size_t pending_count, pending_capacity;
};

static int read_header (journal_t *journal, char *why);
static uint64_t draw_identity (void);
static void make_header (journal_t *journal, uint8_t *header);
static void say_no_journal (const journal_t *journal, const uint8_t *header, char *why);
static int read_records (journal_t *journal, journal_found_fn *found, void *context,
                         char *why);
static bool record_sound (const uint8_t *record, uint64_t chain);
static int look_behind (journal_t *journal, uint64_t size, char *why);
static bool record_checks (const uint8_t *record);
static int rewrite_tail (journal_t *journal);
static int chain_of (journal_t *journal, uint64_t count, uint64_t *chain);
static bool chained (const uint8_t *records, size_t size, uint64_t *chain);
static uint64_t place_of (uint64_t index);
static ssize_t read_chunk (journal_t *journal, uint64_t index, uint8_t *chunk);
static uint32_t get_u32 (const uint8_t *at);
static uint64_t get_u64 (const uint8_t *at);
static bool all_zero (const uint8_t *data, size_t size);

journal_t *journal_open (file_t *file, const char *kind, journal_found_fn *found,
                         void *context, char *why)
{
    journal_t *journal = calloc (1, sizeof *journal);
    assert (journal);
    journal->file = file;
    snprintf (journal->kind, sizeof journal->kind, "%s", kind);
    why[0] = 0;
    if (read_header (journal, why) == -1 ||
        read_records (journal, found, context, why) == -1)
        journal_destroy (&journal);
    return journal;
}

void journal_destroy (journal_t **journal)
{
    if (*journal) {
        free ((*journal)->pending);
        free (*journal);
    }
    *journal = NULL;
}

int journal_settle (journal_t *journal)
{
    file_t *file = journal->file;
    if (journal->synced == 0) { // no record vouches for the header either
        uint8_t header[JOURNAL_RECORD_BYTES];
        make_header (journal, header);
        if (file->ops->write (file, header, sizeof header, 0) == -1)
            return -1;
        journal->fresh = false;
    }
    if (file->ops->truncate (file, place_of (journal->count)) == -1 ||
        rewrite_tail (journal) == -1)
        return -1;
    journal->torn = 0;
    return journal_sync (journal);
}

bool journal_fresh (const journal_t *journal)
{
    return journal->fresh;
}

uint32_t journal_count (const journal_t *journal)
{
    return journal->count;
}

uint32_t journal_synced (const journal_t *journal)
{
    return journal->synced;
}

uint64_t journal_torn (const journal_t *journal)
{
    return journal->torn;
}

uint64_t journal_chain (const journal_t *journal)
{
    return journal->chain;
}

uint64_t journal_identity (const journal_t *journal)
{
    return journal->identity;
}

int journal_reserve (journal_t *journal, uint32_t records)
{
    const uint64_t needed = (uint64_t) journal->count + records;
    if (needed > JOURNAL_RECORDS_MAX) {
        errno = ENOSPC;
        return -1;
    }
    if (needed <= journal->reserved)
        return 0;
    const uint64_t wanted = needed + RESERVE_STEP;
    file_t *file = journal->file;
    if (file->ops->reserve (file, place_of (wanted)) == 0)
        journal->reserved = wanted;
    else if (file_full (errno) && file->ops->reserve (file, place_of (needed)) == 0)
        journal->reserved = needed; // the last room there is, without a step ahead
    else
        return -1;
    return 0;
}

uint32_t journal_append (journal_t *journal, const uint8_t *payload)
{
    if (journal->pending_count == journal->pending_capacity) {
        journal->pending_capacity = journal->pending_capacity * 2 + 64;
        journal->pending = realloc (journal->pending,
                                    journal->pending_capacity * JOURNAL_RECORD_BYTES);
        assert (journal->pending);
    }
    uint8_t *record = journal->pending + journal->pending_count * JOURNAL_RECORD_BYTES;
    memcpy (record, payload, JOURNAL_PAYLOAD_BYTES);
    put_u32 (record + JOURNAL_PAYLOAD_BYTES, journal->synced);
    put_u32 (record + CHECK_AT, (uint32_t) XXH3_64bits (record, CHECK_AT));
    journal->chain = XXH3_64bits_withSeed (record, CHAIN_AT, journal->chain);
    put_u64 (record + CHAIN_AT, journal->chain);
    journal->pending_count++;
    return journal->count++;
}

int journal_write (journal_t *journal)
{
    if (journal->pending_count == 0)
        return 0;
    file_t *file = journal->file;
    const uint64_t place = place_of (journal->count - journal->pending_count);
    const size_t size = journal->pending_count * JOURNAL_RECORD_BYTES;
    if (file->ops->write (file, journal->pending, size, place) == -1)
        return -1;
    journal->pending_count = 0;
    return 0;
}

int journal_sync (journal_t *journal)
{
    assert (journal->pending_count == 0);
    if (journal->file->ops->sync (journal->file) == -1)
        return -1;
    journal->synced = journal->count;
    return 0;
}

int journal_read (journal_t *journal, uint32_t first, uint32_t count, uint8_t *payloads)
{
    const uint32_t written = journal->count - (uint32_t) journal->pending_count;
    uint8_t record[JOURNAL_RECORD_BYTES];
    uint8_t *chunk = NULL;
    uint32_t done = 0;
    if (first < written && count > 1) {
        chunk = malloc ((size_t) CHUNK_RECORDS * JOURNAL_RECORD_BYTES);
        assert (chunk);
    }
    while (done < count && first + done < journal->count) {
        uint32_t index = first + done, here = 1;
        const uint8_t *source = record;
        if (index >= written)
            source =
                journal->pending + (index - written) * (size_t) JOURNAL_RECORD_BYTES;
        else {
            here = written - index < count - done ? written - index : count - done;
            here = here < CHUNK_RECORDS ? here : CHUNK_RECORDS;
            const size_t size = here * (size_t) JOURNAL_RECORD_BYTES;
            uint8_t *into = chunk ? chunk : record;
            const ssize_t got =
                journal->file->ops->read (journal->file, into, size, place_of (index));
            if (got != (ssize_t) size) {
                free (chunk);
                if (got != -1)
                    errno = EIO;
                return -1;
            }
            source = into;
        }
        for (uint32_t i = 0; i < here; i++, done++, source += JOURNAL_RECORD_BYTES) {
            if (!record_checks (source)) { // it did when the journal was opened
                free (chunk);
                journal->file->failed = "is not what was written";
                errno = EIO;
                return -1;
            }
            memcpy (payloads + done * (size_t) JOURNAL_PAYLOAD_BYTES, source,
                    JOURNAL_PAYLOAD_BYTES);
        }
    }
    free (chunk);
    return (int) done;
}

/* A file that is empty, or was not written beyond its creation, becomes a new journal.
   (Its length may have reached the disk before its first bytes.) A part of a header is
   nothing that a crash leaves, since no sector is written in part. */
static int read_header (journal_t *journal, char *why)
{
    uint8_t header[JOURNAL_RECORD_BYTES] = {0};
    file_t *file = journal->file;
    ssize_t got = file->ops->read (file, header, sizeof header, 0);
    if (got == -1) {
        snprintf (why, JOURNAL_WHY_BYTES, "%s: cannot be read, %s", file->name,
                  strerror (errno));
        return -1;
    }
    if (all_zero (header, sizeof header)) {
        journal->fresh = true;
        journal->identity = draw_identity ();
        make_header (journal, header);
        journal->chain = get_u64 (header + HASHED_HEADER);
        return 0;
    }
    uint8_t expected[JOURNAL_RECORD_BYTES];
    journal->identity = get_u64 (header + 32);
    make_header (journal, expected);
    if (memcmp (header, expected, sizeof header) != 0) {
        say_no_journal (journal, header, why);
        return -1;
    }
    journal->chain = get_u64 (header + HASHED_HEADER);
    return 0;
}

static uint64_t draw_identity (void)
{
    uint64_t identity = 0;
    while (identity == 0) {
        const ssize_t rc = getrandom (&identity, sizeof identity, 0);
        assert (rc == sizeof identity);
    }
    return identity;
}

/* Of a version that is not ours no more is read than that it is one. */
static void say_no_journal (const journal_t *journal, const uint8_t *header, char *why)
{
    const char *name = journal->file->name;
    const uint32_t version = get_u32 (header + MAGIC_BYTES);
    if (memcmp (header, MAGIC, MAGIC_BYTES) == 0 && version > 0 && version < VERSION)
        snprintf (why, JOURNAL_WHY_BYTES,
                  "%s: made by an older version of Lotería (format %" PRIu32
                  ", this is %d); end that draw with the version that began it",
                  name, version, VERSION);
    else
        snprintf (why, JOURNAL_WHY_BYTES,
                  "%s: byte 0: no %s journal of version %d, or its header is damaged",
                  name, journal->kind, VERSION);
}

static void make_header (journal_t *journal, uint8_t *header)
{
    memset (header, 0, JOURNAL_RECORD_BYTES);
    memcpy (header, MAGIC, MAGIC_BYTES);
    put_u32 (header + MAGIC_BYTES, VERSION);
    memcpy (header + 20, journal->kind, strlen (journal->kind));
    put_u64 (header + 32, journal->identity);
    put_u64 (header + HASHED_HEADER, XXH3_64bits (header, HASHED_HEADER));
}

static int read_records (journal_t *journal, journal_found_fn *found, void *context,
                         char *why)
{
    const int64_t size = journal->file->ops->size (journal->file);
    uint8_t *chunk = malloc ((size_t) CHUNK_RECORDS * JOURNAL_RECORD_BYTES);
    assert (chunk);
    bool sound = true;
    ssize_t records = size == -1 ? -1 : 1;
    while (sound && records > 0) {
        records = read_chunk (journal, journal->count, chunk);
        for (ssize_t i = 0; i < records && sound; i++) {
            const uint8_t *record = chunk + i * JOURNAL_RECORD_BYTES;
            sound = record_sound (record, journal->chain) &&
                    found (context, journal->count, record, why) == 0;
            if (sound) {
                journal->chain = get_u64 (record + CHAIN_AT);
                journal->synced = get_u32 (record + JOURNAL_PAYLOAD_BYTES);
                journal->count++;
            }
        }
    }
    free (chunk);
    if (records == -1) {
        snprintf (why, JOURNAL_WHY_BYTES, "%s: cannot be read, %s", journal->file->name,
                  strerror (errno));
        return -1;
    }
    return look_behind (journal, (uint64_t) size, why);
}

static bool record_sound (const uint8_t *record, uint64_t chain)
{
    return record_checks (record) && get_u64 (record + CHAIN_AT) ==
                                         XXH3_64bits_withSeed (record, CHAIN_AT, chain);
}

/* Behind the last sound record there may be an unfinished tail: whatever a crash left
   of a group that was never acknowledged. But if a record in there vouches for what
   does not hold any more, then something promised is lost. */
static int look_behind (journal_t *journal, uint64_t size, char *why)
{
    uint8_t *chunk = malloc ((size_t) CHUNK_RECORDS * JOURNAL_RECORD_BYTES);
    assert (chunk);
    const uint32_t lost = journal->count;
    const uint64_t end = place_of (lost);
    uint64_t index = lost;
    int damaged = 0;
    ssize_t records = 1;
    while (!damaged && records > 0) {
        records = read_chunk (journal, index, chunk);
        for (ssize_t i = 0; i < records && !damaged; i++) {
            const uint8_t *record = chunk + i * JOURNAL_RECORD_BYTES;
            if (!all_zero (record, JOURNAL_RECORD_BYTES))
                journal->torn = place_of (index + (uint64_t) i + 1) - end;
            damaged = record_checks (record) &&
                      get_u32 (record + JOURNAL_PAYLOAD_BYTES) > lost;
        }
        index += records > 0 ? (uint64_t) records : 0;
    }
    free (chunk);
    if (records == -1) {
        snprintf (why, JOURNAL_WHY_BYTES, "%s: cannot be read, %s", journal->file->name,
                  strerror (errno));
        return -1;
    }
    if (size > end && (size - end) % JOURNAL_RECORD_BYTES != 0)
        journal->torn = size - end; // a record cut short
    if (!damaged) {
        why[0] = 0;
        return 0;
    }
    char reason[JOURNAL_WHY_BYTES];
    snprintf (reason, sizeof reason, "%s", why);
    snprintf (why, JOURNAL_WHY_BYTES,
              "%s: byte %" PRIu64 ": record %" PRIu32
              " is damaged, and records behind it are whole%s%.300s",
              journal->file->name, end, lost, reason[0] ? ": " : "", reason);
    return -1;
}

static bool record_checks (const uint8_t *record)
{
    return record[0] != 0 &&
           get_u32 (record + CHECK_AT) == (uint32_t) XXH3_64bits (record, CHECK_AT);
}

/* Read once more, so checked once more: after a failed sync the page cache may drop
   what it showed when the journal was opened. */
static int rewrite_tail (journal_t *journal)
{
    uint8_t *chunk = malloc ((size_t) CHUNK_RECORDS * JOURNAL_RECORD_BYTES);
    assert (chunk);
    file_t *file = journal->file;
    uint64_t index = journal->synced, chain;
    ssize_t records = chain_of (journal, index, &chain) == -1 ? -1 : 1;
    while (index < journal->count && records > 0) {
        records = read_chunk (journal, index, chunk);
        if (records == -1)
            break;
        const size_t size = (size_t) records * JOURNAL_RECORD_BYTES;
        if (!chained (chunk, size, &chain)) {
            file->failed = "reads otherwise than before";
            errno = EIO;
            records = -1;
        } else if (file->ops->write (file, chunk, size, place_of (index)) == -1)
            records = -1;
        index += records > 0 ? (uint64_t) records : 0;
    }
    free (chunk);
    return records > 0 ? 0 : -1;
}

/* The chain of the last of the first `count` records; of none, the header's hash. */
static int chain_of (journal_t *journal, uint64_t count, uint64_t *chain)
{
    uint8_t record[JOURNAL_RECORD_BYTES];
    _Static_assert(CHAIN_AT == HASHED_HEADER, "a header ends like a record");
    make_header (journal, record);
    const ssize_t got =
        count == 0 ? (ssize_t) sizeof record
                   : journal->file->ops->read (journal->file, record, sizeof record,
                                               place_of (count - 1));
    if (got != sizeof record) {
        if (got != -1)
            errno = EIO;
        return -1;
    }
    *chain = get_u64 (record + CHAIN_AT);
    return 0;
}

/* Whether records follow from this chain, which moves on to the last of them. */
static bool chained (const uint8_t *records, size_t size, uint64_t *chain)
{
    for (size_t at = 0; at < size; at += JOURNAL_RECORD_BYTES) {
        if (!record_sound (records + at, *chain))
            return false;
        *chain = get_u64 (records + at + CHAIN_AT);
    }
    return size > 0;
}

static uint64_t place_of (uint64_t index)
{
    return (index + 1) * JOURNAL_RECORD_BYTES;
}

/* Whole records from `index` on: how many, 0 at the end, -1 with errno. */
static ssize_t read_chunk (journal_t *journal, uint64_t index, uint8_t *chunk)
{
    const size_t size = (size_t) CHUNK_RECORDS * JOURNAL_RECORD_BYTES;
    ssize_t got =
        journal->file->ops->read (journal->file, chunk, size, place_of (index));
    return got == -1 ? -1 : got / JOURNAL_RECORD_BYTES;
}

static uint32_t get_u32 (const uint8_t *at)
{
    reader_t reader = {.rest = bytes_of (at, 4)};
    return read_u32 (&reader);
}

static uint64_t get_u64 (const uint8_t *at)
{
    reader_t reader = {.rest = bytes_of (at, 8)};
    return read_u64 (&reader);
}

static bool all_zero (const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return false;
    return true;
}

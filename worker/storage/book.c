/* book.c - the two files of storage, kept together. */

#include "book.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "bounds.h"
#include "digest.h"

#define RESERVE_STEP (4 * 1024 * 1024)
#define WINDOW_BYTES (4 * 1024 * 1024)
#define READ_RECORDS 512 // at a time
/* A crash leaves at most one group behind what the journal covers; the last bundle of
   a group may bring the turn of all that was held. */
#define TAIL_BYTES_MAX (GROUP_BYTES_MAX + BUNDLE_BYTES_MAX + (uint64_t) HELD_BYTES_MAX)

struct book {
    file_t *csv; // borrowed
    journal_t *journal;
    uint64_t bytes;    // of bets.csv, pending ones included
    uint64_t reserved; // bytes of bets.csv there is space for
    uint64_t tail;     // bytes found behind the last record's rows
    uint8_t *pending;  // rows added and not written
    size_t pending_size, pending_capacity;
    uint8_t *scratch;  // rows of one record
    uint8_t *payloads; // READ_RECORDS of them
};

typedef struct { // an agency, as far as its records have been read
    uint64_t next;
    uint64_t digest;
} history_t;

typedef struct { // what reading the book at the start needs
    book_t *book;
    book_found_fn *found;
    void *context;
    history_t *histories; // by agency
    uint8_t *window;      // a stretch of bets.csv
    uint64_t window_position;
    size_t window_size;
    int error; // errno when bets.csv could not be read: no reason to cut anything off
} opening_t;

static int check_record (void *context, uint32_t index, const uint8_t *payload,
                         char *why);
static int check_history (opening_t *opening, const record_t *record,
                          const uint8_t *rows, char *why);
static const uint8_t *opening_rows (opening_t *opening, const record_t *record);
static int check_tail (book_t *book, char *why);
static int rewrite_tail (book_t *book);
static void put_record (uint8_t *payload, const record_t *record);
static void get_record (const uint8_t *payload, record_t *record);
static int read_one (book_t *book, uint32_t number, record_t *record);
static size_t skip_rows (bytes_t rows, uint64_t count);

book_t *book_open (file_t *csv, file_t *journal, book_found_fn *found, void *context,
                   char *why)
{
    book_t *book = calloc (1, sizeof *book);
    assert (book);
    book->csv = csv;
    book->scratch = malloc (STORE_BYTES_MAX);
    book->payloads = malloc ((size_t) READ_RECORDS * JOURNAL_PAYLOAD_BYTES);
    assert (book->scratch && book->payloads);
    opening_t opening = {.book = book, .found = found, .context = context};
    opening.window = malloc (WINDOW_BYTES);
    opening.histories = calloc (AGENCIES_MAX + 1, sizeof *opening.histories);
    assert (opening.window && opening.histories);
    book->journal = journal_open (journal, "bets", check_record, &opening, why);
    free (opening.window);
    free (opening.histories);
    if (opening.error)
        snprintf (why, JOURNAL_WHY_BYTES, "%s: cannot be read, %s", csv->name,
                  strerror (opening.error));
    if (!book->journal || opening.error || check_tail (book, why) == -1)
        book_destroy (&book);
    return book;
}

void book_destroy (book_t **book)
{
    if (*book) {
        journal_destroy (&(*book)->journal);
        free ((*book)->pending);
        free ((*book)->scratch);
        free ((*book)->payloads);
        free (*book);
    }
    *book = NULL;
}

int book_settle (book_t *book)
{
    const file_ops_t *ops = book->csv->ops;
    if (ops->truncate (book->csv, book->bytes) == -1 || rewrite_tail (book) == -1 ||
        ops->sync (book->csv) == -1)
        return -1;
    book->tail = 0;
    return journal_settle (book->journal);
}

uint32_t book_records (const book_t *book)
{
    return journal_count (book->journal);
}

uint64_t book_bytes (const book_t *book)
{
    return book->bytes;
}

uint64_t book_torn (const book_t *book)
{
    return book->tail + journal_torn (book->journal);
}

uint64_t book_hash (const book_t *book)
{
    return journal_chain (book->journal);
}

uint64_t book_draw (const book_t *book)
{
    return journal_identity (book->journal);
}

int book_reserve (book_t *book, size_t rows_size)
{
    const uint64_t needed = book->bytes + rows_size;
    if (needed > book->reserved) {
        const file_ops_t *ops = book->csv->ops;
        if (ops->reserve (book->csv, needed + RESERVE_STEP) == 0)
            book->reserved = needed + RESERVE_STEP;
        else if (file_full (errno) && ops->reserve (book->csv, needed) == 0)
            book->reserved = needed; // the last room there is, without a step ahead
        else
            return -1;
    }
    return journal_reserve (book->journal, 1);
}

uint32_t book_append (book_t *book, record_t *record, bytes_t rows)
{
    if (book->pending_capacity - book->pending_size < rows.size) {
        book->pending_capacity = 2 * (book->pending_capacity + rows.size);
        book->pending = realloc (book->pending, book->pending_capacity);
        assert (book->pending);
    }
    put_bytes (book->pending + book->pending_size, rows);
    book->pending_size += rows.size;
    record->position = book->bytes;
    record->size = (uint32_t) rows.size;
    record->rows_hash = XXH3_64bits (rows.data, rows.size);
    book->bytes += rows.size;
    uint8_t payload[JOURNAL_PAYLOAD_BYTES];
    put_record (payload, record);
    return journal_append (book->journal, payload);
}

/* The order of the two syncs does not matter: a record whose rows are missing does not
   hold, and rows without a record are cut off. The acknowledgement waits for both. */
int book_commit (book_t *book)
{
    if (journal_count (book->journal) == journal_synced (book->journal))
        return 0;
    const file_ops_t *ops = book->csv->ops;
    const uint64_t position = book->bytes - book->pending_size;
    if (book->pending_size > 0 &&
        ops->write (book->csv, book->pending, book->pending_size, position) == -1)
        return -1;
    if (journal_write (book->journal) == -1)
        return -1;
    if (book->pending_size > 0 && ops->sync_ahead)
        ops->sync_ahead (book->csv);
    if (journal_sync (book->journal) == -1)
        return -1;
    if (book->pending_size > 0 && ops->sync (book->csv) == -1)
        return -1;
    book->pending_size = 0;
    return 0;
}

size_t book_pending (const book_t *book)
{
    return book->pending_size;
}

int book_read (book_t *book, uint32_t first, uint32_t count, record_t *records)
{
    uint32_t done = 0;
    int got = 1;
    while (done < count && got > 0) {
        const uint32_t here = count - done < READ_RECORDS ? count - done : READ_RECORDS;
        got = journal_read (book->journal, first + done, here, book->payloads);
        for (int i = 0; i < got; i++)
            get_record (book->payloads + (size_t) i * JOURNAL_PAYLOAD_BYTES,
                        &records[done + (uint32_t) i]);
        done += got > 0 ? (uint32_t) got : 0;
    }
    return got == -1 ? -1 : (int) done;
}

int book_read_rows (book_t *book, const record_t *record, uint8_t *rows)
{
    const uint64_t written = book->bytes - book->pending_size;
    size_t in_file = record->size;
    if (record->position + record->size > written) {
        in_file = record->position < written ? written - record->position : 0;
        memcpy (rows + in_file, book->pending + (record->position + in_file - written),
                record->size - in_file);
    }
    if (in_file == 0)
        return 0;
    ssize_t got = book->csv->ops->read (book->csv, rows, in_file, record->position);
    if (got == (ssize_t) in_file)
        return 0;
    if (got >= 0) {
        book->csv->failed = "is shorter than it was";
        errno = EIO;
    }
    return -1;
}

int book_find (book_t *book, uint32_t last, uint64_t offset, record_t *record)
{
    if (read_one (book, last, record) == -1)
        return -1;
    while (offset < record->offset) {
        record_t jump = {0}; // there may be none
        const uint32_t previous = record->previous;
        if (record->jump != 0 && read_one (book, record->jump, &jump) == -1)
            return -1;
        if (offset < jump.offset + jump.count)
            *record = jump;
        else if (read_one (book, previous, record) == -1)
            return -1;
    }
    if (offset - record->offset < record->count)
        return 0;
    errno = ENOENT;
    return -1;
}

int book_same (book_t *book, uint32_t last, uint64_t offset, uint32_t count,
               uint64_t writer, bytes_t rows)
{
    record_t record;
    while (count > 0) {
        if (book_find (book, last, offset, &record) == -1 ||
            book_read_rows (book, &record, book->scratch) == -1)
            return -1;
        if (record.writer != writer)
            return 0;
        bytes_t stored = bytes_of (book->scratch, record.size);
        const size_t before = skip_rows (stored, offset - record.offset);
        stored = bytes_of (stored.data + before, stored.size - before);
        const uint64_t here = record.offset + record.count - offset;
        if (here > count)
            stored.size = skip_rows (stored, count);
        if (rows.size < stored.size ||
            memcmp (rows.data, stored.data, stored.size) != 0)
            return 0;
        rows = bytes_of (rows.data + stored.size, rows.size - stored.size);
        count -= here > count ? count : (uint32_t) here;
        offset += here;
    }
    return rows.size == 0;
}

int book_digest (book_t *book, uint32_t last, uint64_t count, uint64_t *digest)
{
    record_t record, before = {.digest = DIGEST_START}; // there may be none
    *digest = DIGEST_START;
    if (count == 0)
        return 0;
    if (book_find (book, last, count - 1, &record) == -1)
        return -1;
    if (count == record.offset + record.count) {
        *digest = record.digest;
        return 0;
    }
    if ((record.previous != 0 && read_one (book, record.previous, &before) == -1) ||
        book_read_rows (book, &record, book->scratch) == -1)
        return -1;
    bytes_t rows = bytes_of (book->scratch, record.size);
    rows.size = skip_rows (rows, count - record.offset);
    *digest = before.digest;
    digest_rows (digest, rows, digest_prefix (record.agency));
    return 0;
}

static int check_record (void *context, uint32_t index, const uint8_t *payload,
                         char *why)
{
    opening_t *opening = context;
    book_t *book = opening->book;
    record_t record;
    get_record (payload, &record);
    const bool bets = record.kind == RECORD_BETS;
    if ((!bets && record.kind != RECORD_SEAL) || record.position != book->bytes ||
        record.size > STORE_BYTES_MAX || record.agency == 0 ||
        record.agency > AGENCIES_MAX || record.previous > index ||
        record.jump > record.previous || bets != (record.count > 0)) {
        snprintf (why, JOURNAL_WHY_BYTES, "its fields contradict each other");
        return -1;
    }
    const uint8_t *rows = opening_rows (opening, &record);
    if (!rows || XXH3_64bits (rows, record.size) != record.rows_hash) {
        snprintf (why, JOURNAL_WHY_BYTES,
                  "%s: bytes %" PRIu64 " to %" PRIu64
                  ": the rows are not what was stored",
                  book->csv->name, record.position, record.position + record.size);
        return -1;
    }
    if (check_history (opening, &record, rows, why) == -1)
        return -1;
    book->bytes += record.size;
    opening->found (opening->context, index, &record);
    return 0;
}

/* That the record goes on where its agency's records before ended, in the digest too:
   it is recomputed from the rows. */
static int check_history (opening_t *opening, const record_t *record,
                          const uint8_t *rows, char *why)
{
    history_t *history = &opening->histories[record->agency];
    uint64_t digest = history->digest;
    digest_rows (&digest, bytes_of (rows, record->size),
                 digest_prefix (record->agency));
    if (record->offset != history->next || record->digest != digest) {
        snprintf (why, JOURNAL_WHY_BYTES,
                  "it does not continue the bets of agency %" PRIu32 ": bets %" PRIu64
                  " after %" PRIu64 ", digest %016" PRIx64 " and not %016" PRIx64,
                  record->agency, record->offset, history->next, record->digest,
                  digest);
        return -1;
    }
    history->next += record->count;
    history->digest = digest;
    return 0;
}

static const uint8_t *opening_rows (opening_t *opening, const record_t *record)
{
    const uint64_t end = record->position + record->size;
    if (record->position < opening->window_position ||
        end > opening->window_position + opening->window_size) {
        file_t *csv = opening->book->csv;
        ssize_t got =
            csv->ops->read (csv, opening->window, WINDOW_BYTES, record->position);
        opening->error = got == -1 ? errno : 0;
        opening->window_position = record->position;
        opening->window_size = got > 0 ? (size_t) got : 0;
    }
    if (end > opening->window_position + opening->window_size)
        return NULL;
    return opening->window + (record->position - opening->window_position);
}

static int check_tail (book_t *book, char *why)
{
    const int64_t size = book->csv->ops->size (book->csv);
    if (size == -1) {
        snprintf (why, JOURNAL_WHY_BYTES, "%s: cannot be read, %s", book->csv->name,
                  strerror (errno));
        return -1;
    }
    book->tail = (uint64_t) size > book->bytes ? (uint64_t) size - book->bytes : 0;
    const bool foreign = book->tail > 0 && journal_fresh (book->journal);
    if (book->tail <= TAIL_BYTES_MAX && !foreign)
        return 0;
    snprintf (why, JOURNAL_WHY_BYTES,
              "%s: byte %" PRIu64 ": %" PRIu64
              " bytes behind what the journal covers, more than a crash leaves; "
              "move the file away to start anew",
              book->csv->name, book->bytes, book->tail);
    return -1;
}

/* Rows that no record vouches for are written once more before they are synced: after
   a failed sync the page cache may show what the disk has not. */
static int rewrite_tail (book_t *book)
{
    uint32_t index = journal_synced (book->journal);
    record_t record;
    while (index < journal_count (book->journal)) {
        // read once more, so checked once more: after a failed sync the page cache may
        // drop what it showed at the opening
        errno = EIO;
        if (book_read (book, index, 1, &record) != 1 || record.size > STORE_BYTES_MAX ||
            book_read_rows (book, &record, book->scratch) == -1)
            return -1;
        if (XXH3_64bits (book->scratch, record.size) != record.rows_hash) {
            book->csv->failed = "reads otherwise than before";
            return -1;
        }
        if (book->csv->ops->write (book->csv, book->scratch, record.size,
                                   record.position) == -1)
            return -1;
        index++;
    }
    return 0;
}

static void put_record (uint8_t *payload, const record_t *record)
{
    uint8_t *at = put_u8 (put_u8 (payload, record->kind), 0);
    at = put_u32 (put_u16 (at, record->count), record->agency);
    at = put_u64 (put_u64 (at, record->offset), record->position);
    at = put_u32 (put_u32 (at, record->size), record->previous);
    at = put_u64 (put_u32 (put_u32 (at, record->jump), 0), record->rows_hash);
    at = put_u64 (put_u64 (at, record->digest), record->writer);
    memset (at, 0, (size_t) (payload + JOURNAL_PAYLOAD_BYTES - at));
}

static void get_record (const uint8_t *payload, record_t *record)
{
    reader_t reader = {.rest = bytes_of (payload, JOURNAL_PAYLOAD_BYTES)};
    record->kind = read_u8 (&reader);
    read_u8 (&reader);
    record->count = read_u16 (&reader);
    record->agency = read_u32 (&reader);
    record->offset = read_u64 (&reader);
    record->position = read_u64 (&reader);
    record->size = read_u32 (&reader);
    record->previous = read_u32 (&reader);
    record->jump = read_u32 (&reader);
    read_u32 (&reader);
    record->rows_hash = read_u64 (&reader);
    record->digest = read_u64 (&reader);
    record->writer = read_u64 (&reader);
}

/* `number` is an index + 1, as records point; 0 points nowhere. */
static int read_one (book_t *book, uint32_t number, record_t *record)
{
    if (number == 0) {
        errno = ENOENT;
        return -1;
    }
    return book_read (book, number - 1, 1, record) == 1 ? 0 : -1;
}

/* Bytes that the first `count` rows take; a canonical row holds one LF, at its end. */
static size_t skip_rows (bytes_t rows, uint64_t count)
{
    size_t at = 0;
    while (count > 0 && at < rows.size) {
        const uint8_t *end = memchr (rows.data + at, '\n', rows.size - at);
        at = end ? (size_t) (end - rows.data) + 1 : rows.size;
        count--;
    }
    return at;
}

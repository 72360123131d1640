/* archive.c - bets.index, and with it the rows of its records. Storage. */

#include "archive.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "digest.h"
#include "xxh3.h"

#define MAGIC        "LOTERIA INDEX\n\0\0"
#define MAGIC_BYTES  16
#define CHECKED      (ARCHIVE_HEADER_BYTES - 8) // what the header's hash is of
#define INDEX_STEP   (256 * 1024)               // room is reserved ahead, by these
#define READ_RECORDS 512                        // at a time
#define LOOK_BYTES   (256 * 1024)

typedef struct { // bytes added and not written
    uint8_t *data;
    size_t size, capacity;
} pending_t;

struct archive {
    file_t *index;      // borrowed
    folders_t *folders; // borrowed
    archive_end_t end, written;
    pending_t records;
    uint64_t index_room; // bytes that were reserved
    uint8_t *scratch;    // rows of one record
    uint8_t *encoded;    // READ_RECORDS of them
    char failure[256];
    char text[512]; // archive_failure ()
};

static int cannot_read (const file_t *file, char *why);
static int check_header (archive_t *archive, char *why);
static int check_size (file_t *file, uint64_t size_min, char *why);
static int check_last (archive_t *archive, char *why);
static int reserve_index (archive_t *archive, uint64_t needed);
static void add (pending_t *pending, bytes_t bytes);
static int compare_index (archive_t *archive, uint64_t *other);
static int read_all (archive_t *archive, uint8_t *buffer, size_t size,
                     uint64_t position);
static int read_one (archive_t *archive, uint32_t number, record_t *record);
static uint64_t place_of (uint64_t record);
static int failing (archive_t *archive, int rc);
static int damaged (archive_t *archive, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

archive_t *archive_new (file_t *index, folders_t *folders)
{
    archive_t *archive = calloc (1, sizeof *archive);
    assert (archive);
    archive->index = index;
    archive->folders = folders;
    archive->scratch = malloc (STORE_BYTES_MAX);
    archive->encoded = malloc ((size_t) READ_RECORDS * RECORD_BYTES);
    assert (archive->scratch && archive->encoded);
    return archive;
}

void archive_destroy (archive_t **archive)
{
    if (*archive) {
        free ((*archive)->records.data);
        free ((*archive)->scratch);
        free ((*archive)->encoded);
        free (*archive);
    }
    *archive = NULL;
}

int archive_create (archive_t *archive, uint64_t identity)
{
    uint8_t header[ARCHIVE_HEADER_BYTES] = {0};
    uint8_t *at = put_bytes (header, bytes_of (MAGIC, MAGIC_BYTES));
    put_u64 (put_u32 (put_u32 (at, ARCHIVE_FORMAT), 0), identity);
    put_u64 (header + CHECKED, XXH3_64bits (header, CHECKED));
    file_t *index = archive->index;
    archive->end = archive->written = (archive_end_t){.identity = identity};
    if (failing (archive, index->ops->truncate (index, 0)) == -1 ||
        failing (archive, index->ops->write (index, header, sizeof header, 0)) == -1 ||
        failing (archive, index->ops->sync (index)) == -1)
        return -1;
    return 0;
}

int archive_open (archive_t *archive, const archive_end_t *end, char *why)
{
    archive->end = archive->written = *end;
    errno = 0;
    return check_header (archive, why) == -1 ||
                   check_size (archive->index, place_of (end->records), why) == -1 ||
                   check_last (archive, why) == -1
               ? -1
               : 0;
}

const archive_end_t *archive_end (const archive_t *archive)
{
    return &archive->end;
}

const archive_end_t *archive_written (const archive_t *archive)
{
    return &archive->written;
}

int archive_reserve (archive_t *archive, folder_t *folder, int which, size_t rows_size,
                     uint32_t kept)
{
    const uint64_t records = (uint64_t) archive->end.records + 1 + kept;
    if (which != ROWS_NONE && rows_size > 0 &&
        folder_reserve (folder, which, rows_size) == -1)
        return failing (archive, -1);
    return reserve_index (archive, place_of (records));
}

int archive_check_tail (archive_t *archive, char *why)
{
    const archive_end_t *end = &archive->end;
    uint32_t safe;
    if (archive_safe (archive, &safe) == -1)
        return cannot_read (archive->index, why);
    errno = 0;
    if (safe <= end->records)
        return 0;
    snprintf (why, ARCHIVE_WHY_BYTES,
              "bets.log: ends with record %" PRIu32 ", but %s shows that %" PRIu32
              " were safe: it was cut short, or is an older copy",
              end->records, archive->index->name, safe);
    return -1;
}

int archive_safe (archive_t *archive, uint32_t *safe)
{
    file_t *index = archive->index;
    uint64_t at = place_of (archive->end.records);
    ssize_t got;
    *safe = archive->end.records;
    while ((got = index->ops->read (index, archive->encoded,
                                    (size_t) READ_RECORDS * RECORD_BYTES, at)) > 0) {
        for (ssize_t i = 0; i + RECORD_BYTES <= got; i += RECORD_BYTES) {
            record_t record;
            if (record_get (archive->encoded + i, &record) && record.durable > *safe)
                *safe = record.durable;
        }
        at += (uint64_t) got;
    }
    return got == -1 ? -1 : 0;
}

void archive_append (archive_t *archive, folder_t *folder, int which,
                     const uint8_t *record, bytes_t rows)
{
    add (&archive->records, bytes_of (record, RECORD_BYTES));
    if (which != ROWS_NONE)
        folder_append (folder, which, rows);
    archive->end.records++;
}

int archive_write (archive_t *archive)
{
    file_t *index = archive->index;
    pending_t *records = &archive->records;
    if (folders_write (archive->folders) == -1)
        return failing (archive, -1);
    if (records->size == 0)
        return 0;
    const int rc = index->ops->write (index, records->data, records->size,
                                      place_of (archive->written.records));
    records->size = 0;
    archive->written = archive->end;
    return failing (archive, rc);
}

int archive_compare (archive_t *archive, uint64_t *other_index, uint64_t *other_rows)
{
    if (folders_compare (archive->folders, other_rows) == -1)
        return failing (archive, -1);
    return compare_index (archive, other_index);
}

int archive_cut (archive_t *archive, uint64_t *index_cut)
{
    file_t *index = archive->index;
    const uint64_t size = place_of (archive->written.records);
    const int64_t there = index->ops->size (index);
    if (failing (archive, there == -1 ? -1 : 0) == -1)
        return -1;
    archive->index_room = 0;
    *index_cut = (uint64_t) there > size ? (uint64_t) there - size : 0;
    return failing (archive, index->ops->truncate (index, size));
}

int archive_sound (archive_t *archive)
{
    file_t *index = archive->index;
    const int rc = index->ops->sound (index, place_of (archive->written.records));
    if (failing (archive, rc) == -1)
        return -1;
    return failing (archive, folders_sound (archive->folders));
}

int archive_read (archive_t *archive, uint32_t first, uint32_t count, record_t *records)
{
    uint32_t done = 0;
    while (done < count) {
        const uint32_t left = count - done;
        const int got = archive_read_encoded (archive, first + done,
                                              left < READ_RECORDS ? left : READ_RECORDS,
                                              archive->encoded);
        if (got == -1)
            return -1;
        if (got == 0)
            break;
        for (int i = 0; i < got; i++, done++)
            if (archive_decode (archive, first + done,
                                archive->encoded + (size_t) i * RECORD_BYTES,
                                &records[done]) == -1)
                return -1;
    }
    return (int) done;
}

/* Some may not be written yet. */
int archive_read_encoded (archive_t *archive, uint32_t first, uint32_t count,
                          uint8_t *encoded)
{
    const uint32_t all = archive->end.records, written = archive->written.records;
    count = first >= all ? 0 : count < all - first ? count : all - first;
    const uint32_t in_file = first >= written          ? 0
                             : count < written - first ? count
                                                       : written - first;
    if (in_file > 0 && read_all (archive, encoded, (size_t) in_file * RECORD_BYTES,
                                 place_of (first)) == -1)
        return -1;
    if (in_file < count)
        put_bytes (encoded + (size_t) in_file * RECORD_BYTES,
                   bytes_of (archive->records.data +
                                 (size_t) (first + in_file - written) * RECORD_BYTES,
                             (size_t) (count - in_file) * RECORD_BYTES));
    return (int) count;
}

int archive_decode (archive_t *archive, uint32_t index, const uint8_t *encoded,
                    record_t *record)
{
    return record_get (encoded, record)
               ? 0
               : damaged (archive, "byte %" PRIu64 ": record %" PRIu64 " is damaged",
                          place_of (index), (uint64_t) index + 1);
}

int archive_get (archive_t *archive, uint64_t sequence, record_t *record)
{
    const int count =
        sequence == 0 ? 0 : archive_read (archive, (uint32_t) sequence - 1, 1, record);
    if (count == 0)
        errno = EBADMSG;
    return count == 1 ? 0 : -1;
}

int archive_read_rows (archive_t *archive, folder_t *folder, const record_t *records,
                       size_t count, uint8_t *rows)
{
    const int which = sale_rows_of (records[0].kind);
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += records[i].size;
    if (which == ROWS_NONE || size == 0)
        return 0;
    if (failing (archive,
                 folder_read (folder, which, rows, size, records[0].position)) == -1)
        return -1;
    for (size_t i = 0; i < count; rows += records[i++].size)
        if (archive_check_rows (archive, folder, &records[i], rows) == -1)
            return -1;
    return 0;
}

int archive_read_bytes (archive_t *archive, folder_t *folder, uint64_t position,
                        size_t size, uint8_t *rows)
{
    return failing (archive, folder_read (folder, ROWS_BETS, rows, size, position));
}

int archive_check_rows (archive_t *archive, folder_t *folder, const record_t *record,
                        const uint8_t *rows)
{
    if (record->size == 0 || XXH3_64bits (rows, record->size) == record->rows_hash)
        return 0;
    return failing (archive,
                    folder_damaged (folder, sale_rows_of (record->kind),
                                    "bytes %" PRIu64 " to %" PRIu64
                                    ": the rows are not what was stored",
                                    record->position, record->position + record->size));
}

int archive_record_damaged (archive_t *archive, uint32_t sequence)
{
    return damaged (archive, "record %" PRIu32 " is not what others say of it",
                    sequence);
}

int archive_rows_damaged (archive_t *archive, folder_t *folder, uint32_t agency,
                          uint64_t offset)
{
    return failing (archive,
                    folder_damaged (folder, ROWS_BETS,
                                    "bet %" PRIu64 " of agency %" PRIu32 " is none",
                                    offset, agency));
}

int archive_paper_damaged (archive_t *archive, folder_t *folder, const char *what)
{
    return failing (archive, folder_damaged (folder, ROWS_NOTES, "%s", what));
}

int archive_find (archive_t *archive, uint32_t last, uint64_t offset, record_t *record)
{
    if (read_one (archive, last, record) == -1)
        return -1;
    while (offset < record->offset) {
        record_t jump = {0}; // there may be none
        const uint32_t previous = record->previous, number = record->jump;
        if (number != 0 && read_one (archive, number, &jump) == -1)
            return -1;
        if (offset < jump.offset + jump.count)
            *record = jump;
        else if (read_one (archive, previous, record) == -1)
            return -1;
    }
    if (offset - record->offset < record->count)
        return 0;
    errno = ENOENT;
    return -1;
}

int archive_same (archive_t *archive, folder_t *folder, uint32_t last, uint64_t offset,
                  uint32_t count, uint64_t writer, bytes_t rows)
{
    record_t record;
    while (count > 0) {
        if (archive_find (archive, last, offset, &record) == -1 ||
            archive_read_rows (archive, folder, &record, 1, archive->scratch) == -1)
            return -1;
        if (record.writer != writer)
            return 0;
        bytes_t stored = bytes_of (archive->scratch, record.size);
        const size_t before = bytes_of_lines (stored, offset - record.offset);
        stored = bytes_of (stored.data + before, stored.size - before);
        const uint64_t here = record.offset + record.count - offset;
        if (here > count)
            stored.size = bytes_of_lines (stored, count);
        if (rows.size < stored.size ||
            memcmp (rows.data, stored.data, stored.size) != 0)
            return 0;
        rows = bytes_of (rows.data + stored.size, rows.size - stored.size);
        count -= here > count ? count : (uint32_t) here;
        offset += here;
    }
    return rows.size == 0;
}

int archive_digest (archive_t *archive, folder_t *folder, uint32_t last, uint64_t count,
                    uint64_t *digest)
{
    record_t record, before = {.digest = DIGEST_START}; // there may be none
    *digest = DIGEST_START;
    if (count == 0)
        return 0;
    if (archive_find (archive, last, count - 1, &record) == -1)
        return -1;
    if (count == record.offset + record.count) {
        *digest = record.digest;
        return 0;
    }
    if ((record.previous != 0 && read_one (archive, record.previous, &before) == -1) ||
        archive_read_rows (archive, folder, &record, 1, archive->scratch) == -1)
        return -1;
    bytes_t rows = bytes_of (archive->scratch, record.size);
    rows.size = bytes_of_lines (rows, count - record.offset);
    *digest = before.digest;
    digest_rows (digest, rows, digest_prefix (record.agency));
    return 0;
}

int64_t archive_cancelled_row (archive_t *archive, folder_t *folder, uint32_t last,
                               uint64_t offset, uint8_t *row)
{
    record_t record;
    if (archive_find (archive, last, offset, &record) == -1 ||
        archive_read_rows (archive, folder, &record, 1, archive->scratch) == -1)
        return -1;
    bytes_t rows = bytes_of (archive->scratch, record.size);
    const size_t before = bytes_of_lines (rows, offset - record.offset);
    rows = bytes_of (rows.data + before, rows.size - before);
    rows.size = bytes_of_lines (rows, 1);
    const int digits =
        snprintf ((char *) row, CANCELLED_ROW_BYTES_MAX, "%" PRIu64 ",", offset);
    if ((size_t) digits + rows.size > CANCELLED_ROW_BYTES_MAX || rows.size == 0)
        return failing (archive, folder_damaged (folder, ROWS_BETS,
                                                 "byte %" PRIu64 ": is no row of a bet",
                                                 record.position + before));
    put_bytes (row + digits, rows);
    return digits + (int64_t) rows.size;
}

const char *archive_failure (const archive_t *archive)
{
    return archive->text[0] ? archive->text : NULL;
}

void archive_forgive (archive_t *archive)
{
    archive->text[0] = 0;
}

static int cannot_read (const file_t *file, char *why)
{
    const int error = errno;
    snprintf (why, ARCHIVE_WHY_BYTES, "%s: cannot be read, %s", file->name,
              strerror (error));
    errno = error;
    return -1;
}

static int check_header (archive_t *archive, char *why)
{
    uint8_t header[ARCHIVE_HEADER_BYTES];
    file_t *index = archive->index;
    const ssize_t got = index->ops->read (index, header, sizeof header, 0);
    reader_t reader = {.rest = bytes_of (header, sizeof header)};
    const bytes_t magic = read_bytes (&reader, MAGIC_BYTES);
    const uint32_t format = read_u32 (&reader);
    read_u32 (&reader);
    const uint64_t identity = read_u64 (&reader);
    reader.rest = bytes_of (header + CHECKED, 8);
    if (got == -1)
        return cannot_read (index, why);
    if (got < (ssize_t) sizeof header || memcmp (magic.data, MAGIC, MAGIC_BYTES) != 0 ||
        read_u64 (&reader) != XXH3_64bits (header, CHECKED))
        snprintf (why, ARCHIVE_WHY_BYTES, "%s: byte 0: no index, or a damaged one",
                  index->name);
    else if (format != ARCHIVE_FORMAT)
        snprintf (why, ARCHIVE_WHY_BYTES,
                  "%s: format %" PRIu32 ", and not %d: another version made it",
                  index->name, format, ARCHIVE_FORMAT);
    else if (identity != archive->end.identity)
        snprintf (why, ARCHIVE_WHY_BYTES,
                  "%s: is of another day (%016" PRIx64 ", and not %016" PRIx64 ")",
                  index->name, identity, archive->end.identity);
    else
        return 0;
    return -1;
}

static int check_size (file_t *file, uint64_t size_min, char *why)
{
    const int64_t size = file->ops->size (file);
    if (size == -1)
        return cannot_read (file, why);
    if ((uint64_t) size >= size_min)
        return 0;
    snprintf (why, ARCHIVE_WHY_BYTES,
              "%s: has %" PRId64 " bytes, of %" PRIu64
              " that were safe: it was cut short, or is an older copy",
              file->name, size, size_min);
    return -1;
}

/* The last record is whole. That it is the one that the checkpoint ends with is seen by
   the log, which has it, too. */
static int check_last (archive_t *archive, char *why)
{
    const archive_end_t *end = &archive->end;
    record_t record;
    if (end->records == 0 || archive_read (archive, end->records - 1, 1, &record) == 1)
        return 0;
    if (errno != EBADMSG)
        return cannot_read (archive->index, why);
    errno = 0;
    snprintf (why, ARCHIVE_WHY_BYTES, "%s", archive->text);
    return -1;
}

static int reserve_index (archive_t *archive, uint64_t needed)
{
    file_t *index = archive->index;
    if (needed <= archive->index_room)
        return 0;
    if (index->ops->reserve (index, needed + INDEX_STEP) == 0)
        archive->index_room = needed + INDEX_STEP;
    else if (file_full (errno) && index->ops->reserve (index, needed) == 0)
        archive->index_room = needed; // the last room there is, without a step ahead
    else
        return failing (archive, -1);
    return 0;
}

static void add (pending_t *pending, bytes_t bytes)
{
    if (pending->capacity - pending->size < bytes.size) {
        pending->capacity = 2 * (pending->capacity + bytes.size);
        pending->data = realloc (pending->data, pending->capacity);
        assert (pending->data);
    }
    put_bytes (pending->data + pending->size, bytes);
    pending->size += bytes.size;
}

/* How many of the bytes that are to be written were not there already. */
static int compare_index (archive_t *archive, uint64_t *other)
{
    file_t *index = archive->index;
    const pending_t *records = &archive->records;
    const uint64_t position = place_of (archive->written.records);
    uint8_t *there = malloc (LOOK_BYTES);
    assert (there);
    ssize_t got = 0;
    for (size_t done = 0; done < records->size && got != -1;) {
        const size_t left = records->size - done;
        const size_t here = left < LOOK_BYTES ? left : LOOK_BYTES;
        got = index->ops->read (index, there, here, position + done);
        const size_t found = got > 0 ? (size_t) got : 0;
        *other += here - found;
        for (size_t i = 0; i < found; i++)
            *other += there[i] != records->data[done + i];
        done += here;
    }
    free (there);
    return failing (archive, got == -1 ? -1 : 0);
}

static int read_all (archive_t *archive, uint8_t *buffer, size_t size,
                     uint64_t position)
{
    file_t *index = archive->index;
    const ssize_t got = index->ops->read (index, buffer, size, position);
    if (got >= 0 && (size_t) got < size)
        return damaged (archive, "is shorter than it was");
    return failing (archive, got == -1 ? -1 : 0);
}

/* `number` is an index + 1, as records point; 0 points nowhere. */
static int read_one (archive_t *archive, uint32_t number, record_t *record)
{
    if (number == 0) {
        errno = ENOENT;
        return -1;
    }
    const int got = archive_read (archive, number - 1, 1, record);
    if (got == 0)
        return damaged (archive, "a record points to %" PRIu32 ", which is not there",
                        number);
    return got == 1 ? 0 : -1;
}

/* Where a record lies in the index. */
static uint64_t place_of (uint64_t record)
{
    return ARCHIVE_HEADER_BYTES + record * RECORD_BYTES;
}

/* Keeps what failed, for messages: of the folders, if it was there. */
static int failing (archive_t *archive, int rc)
{
    const char *rows = folders_failure (archive->folders);
    if (rc == 0)
        return 0;
    if (rows)
        snprintf (archive->text, sizeof archive->text, "%s", rows);
    else
        snprintf (archive->text, sizeof archive->text, "%s: %s", archive->index->name,
                  archive->index->failed ? archive->index->failed : "has no room");
    folders_forgive (archive->folders);
    return rc;
}

/* What was read is not what was written: EBADMSG. */
static int damaged (archive_t *archive, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (archive->failure, sizeof archive->failure, format, values);
    va_end (values);
    archive->index->failed = archive->failure;
    errno = EBADMSG;
    return failing (archive, -1);
}

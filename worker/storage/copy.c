/* copy.c - loteria-storage --backup: a day's files, while they are written. */

#include "copy.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "log_engine.h"
#include "slots.h"

#define TRIES          20 // while the log's room is used again under our eyes
#define CHUNK_BYTES    (1024 * 1024)
#define RECORDS_A_TIME (CHUNK_BYTES / RECORD_BYTES)

enum { LOG_FILE, INDEX_FILE, SLOT_A, SLOT_B, FILES };

static const char *const names[FILES] = {BOOK_LOG, BOOK_INDEX, CHECKPOINT_A,
                                         CHECKPOINT_B};

/* What most functions here return; AGAIN: it was not of one moment. */
enum { FAILED = -1, DONE = 0, AGAIN = 1 };

typedef struct {
    const char *from, *to;
    file_t *sources[FILES], *copies[FILES];
    slots_t slots;
    bool served;      // somebody is writing these files
    log_mark_t end;   // of the log that was copied
    uint32_t records; // of the index that were looked at
    bytes_t draws;    // of the checkpoint, that are still to come
    checkpoint_draw_t live;
    bool more; // `live` is the next of them
    uint8_t *chunk;
    char *why;
} copy_t;

static int open_files (copy_t *copy);
static int copy_log (copy_t *copy);
static int copy_ring (copy_t *copy);
static int copy_piece (copy_t *copy, uint64_t from, uint64_t to, uint64_t ring);
static int read_ring (copy_t *copy, uint64_t *ring);
static int same_end (copy_t *copy);
static int overtaken (copy_t *copy);
static int ignore (void *context, const record_t *record, const uint8_t *bytes,
                   bytes_t rows, char *why);
static int copy_index (copy_t *copy);
static int take_record (copy_t *copy, const uint8_t *bytes);
static int copy_draw (copy_t *copy, uint32_t sequence, const record_t *opened);
static int copy_archived (copy_t *copy, const char *draw, uint64_t identity,
                          checkpoint_draw_t *entry);
static uint8_t *read_archived (copy_t *copy, file_t *file, size_t *size);
static int write_archived (copy_t *copy, const char *path, bytes_t bytes);
static int copy_rows (copy_t *copy, const char *draw, int which, uint64_t size);
static int copy_bytes (copy_t *copy, file_t *from, file_t *to, uint64_t position,
                       uint64_t size);
static int write_slots (copy_t *copy);
static file_t *open_source (copy_t *copy, const char *name);
static file_t *open_copy (copy_t *copy, const char *name);
static int once_more (const copy_t *copy, int rc);
static int refuse (copy_t *copy, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static int cannot (copy_t *copy, const char *directory, const file_t *file);

int copy_day (const char *from, const char *to, char *why)
{
    copy_t copy = {.from = from, .to = to, .why = why, .chunk = malloc (CHUNK_BYTES)};
    assert (copy.chunk);
    int rc = open_files (&copy) == 0 ? AGAIN : FAILED;
    for (int i = 0; rc == AGAIN && i < TRIES; i++)
        rc = copy_log (&copy);
    if (rc == DONE)
        rc = copy_index (&copy);
    if (rc == DONE && write_slots (&copy) == -1)
        rc = FAILED;
    if (rc == DONE && file_sync_all (to) == -1)
        rc = refuse (&copy, "%s: cannot be synced, %s", to, strerror (errno));
    for (int i = 0; i < FILES; i++) {
        file_close (&copy.sources[i]);
        file_close (&copy.copies[i]);
    }
    slots_forget (&copy.slots);
    free (copy.chunk);
    errno = rc == AGAIN ? EAGAIN : 0;
    return rc == DONE ? 0 : -1;
}

static int open_files (copy_t *copy)
{
    const char *old;
    const int format = book_old_file (copy->from, &old);
    if (format > 0)
        return refuse (copy, "%s/%s " BOOK_OLD_WHY, copy->from, old, format);
    copy->served = file_busy (copy->from, BOOK_LOG);
    for (int i = 0; i < FILES; i++) {
        copy->sources[i] = open_source (copy, names[i]);
        copy->copies[i] = copy->sources[i] ? open_copy (copy, names[i]) : NULL;
        if (!copy->copies[i])
            return -1;
    }
    if (log_engine_signed (copy->sources[LOG_FILE]) == 1)
        return refuse (
            copy,
            "%s/%s: the log of this day is kept by an engine: make a copy of "
            "that (pg_basebackup), from which any directory can be made anew",
            copy->from, BOOK_LOG);
    return file_make_folder (copy->to, FOLDERS_ALL) == 0
               ? 0
               : refuse (copy, "%s/%s: cannot be made, %s", copy->to, FOLDERS_ALL,
                         strerror (errno));
}

/* From the mark of the checkpoint that counts now to what is durable by now. */
static int copy_log (copy_t *copy)
{
    char reason[LOG_WHY_BYTES];
    copy->served = copy->served || file_busy (copy->from, BOOK_LOG);
    if (slots_read (copy->sources[SLOT_A], copy->sources[SLOT_B], &copy->slots,
                    reason) == -1)
        return once_more (copy, refuse (copy, "%s/%s", copy->from, reason));
    const checkpoint_t *checkpoint = &copy->slots.checkpoint;
    log_t *log = (copy->served ? log_peek : log_open) (
        copy->sources[LOG_FILE], checkpoint->identity, &checkpoint->mark, ignore, NULL,
        reason);
    if (!log)
        return once_more (copy, refuse (copy, "%s/%s", copy->from, reason));
    copy->end = log_mark (log);
    log_destroy (&log);
    int rc = copy_ring (copy);
    if (rc == DONE)
        rc = same_end (copy);
    return rc == DONE ? overtaken (copy) : once_more (copy, rc);
}

static int copy_ring (copy_t *copy)
{
    uint64_t ring;
    file_t *to = copy->copies[LOG_FILE];
    const log_mark_t *mark = &copy->slots.checkpoint.mark;
    if (to->ops->truncate (to, 0) == -1)
        return cannot (copy, copy->to, to);
    if (read_ring (copy, &ring) == -1 ||
        copy_bytes (copy, copy->sources[LOG_FILE], to, 0, LOG_PAGE_BYTES) == -1)
        return FAILED;
    for (uint64_t at = mark->last; at < copy->end.position;) {
        const uint64_t lap_end = (at / ring + 1) * ring;
        const uint64_t end =
            lap_end < copy->end.position ? lap_end : copy->end.position;
        if (copy_piece (copy, at, end, ring) == -1)
            return FAILED;
        at = end;
    }
    return DONE;
}

static int copy_piece (copy_t *copy, uint64_t from, uint64_t to, uint64_t ring)
{
    return copy_bytes (copy, copy->sources[LOG_FILE], copy->copies[LOG_FILE],
                       LOG_PAGE_BYTES + from % ring, to - from);
}

/* The log was opened, so its header is sound: see log_files.c. */
static int read_ring (copy_t *copy, uint64_t *ring)
{
    uint8_t header[44];
    file_t *file = copy->sources[LOG_FILE];
    if (file->ops->read (file, header, sizeof header, 0) != sizeof header)
        return cannot (copy, copy->from, file);
    reader_t reader = {.rest = bytes_of (header + 32, 12)};
    *ring = read_u64 (&reader);
    *ring *= read_u32 (&reader);
    return *ring > 0
               ? 0
               : refuse (copy, "%s/%s: its header is damaged", copy->from, BOOK_LOG);
}

/* What was copied is what was looked at, each group proven by its hash and its place in
   the chain; its room may have been used again between the two. */
static int same_end (copy_t *copy)
{
    char reason[LOG_WHY_BYTES];
    const checkpoint_t *checkpoint = &copy->slots.checkpoint;
    log_t *log = log_open (copy->copies[LOG_FILE], checkpoint->identity,
                           &checkpoint->mark, ignore, NULL, reason);
    if (!log)
        return refuse (copy, "%s/%s", copy->to, reason);
    const log_mark_t end = log_mark (log);
    log_destroy (&log);
    return end.position == copy->end.position && end.sequence == copy->end.sequence &&
                   memcmp (end.chain, copy->end.chain, SHA256_BYTES) == 0
               ? DONE
               : refuse (copy, "%s/%s: it was written over while it was copied",
                         copy->from, BOOK_LOG);
}

/* Whether the log was looked at to its end. What lies below the newest checkpoint may
   be written over, the oldest first, and then its end is where that begins: so the
   group at the mark would be gone, too, and only a log that had none before its mark
   needs to be asked this. */
static int overtaken (copy_t *copy)
{
    slots_t now = {0};
    char reason[LOG_WHY_BYTES];
    if (slots_read (copy->sources[SLOT_A], copy->sources[SLOT_B], &now, reason) == -1)
        return once_more (copy, refuse (copy, "%s/%s", copy->from, reason));
    const bool passed = now.checkpoint.mark.position > copy->end.position;
    slots_forget (&now);
    return passed ? once_more (copy, refuse (copy,
                                             "%s/%s: it is written faster than it can "
                                             "be copied to %s",
                                             copy->from, BOOK_LOG, copy->to))
                  : DONE;
}

static int ignore (void *context, const record_t *record, const uint8_t *bytes,
                   bytes_t rows, char *why)
{
    (void) context, (void) record, (void) bytes, (void) rows, (void) why;
    return 0;
}

/* Of each draw that it opens the files are copied, too. */
static int copy_index (copy_t *copy)
{
    const uint32_t all = (uint32_t) copy->slots.checkpoint.index_records;
    uint8_t *records = malloc (CHUNK_BYTES);
    assert (records);
    copy->draws = copy->slots.rest.draws;
    copy->more = checkpoint_get_draw (&copy->draws, &copy->live) == 0;
    int rc = copy_bytes (copy, copy->sources[INDEX_FILE], copy->copies[INDEX_FILE], 0,
                         ARCHIVE_HEADER_BYTES);
    while (rc == DONE && copy->records < all) {
        const uint32_t left = all - copy->records;
        const uint32_t count = left < RECORDS_A_TIME ? left : RECORDS_A_TIME;
        const size_t size = (size_t) count * RECORD_BYTES;
        rc = copy_bytes (copy, copy->sources[INDEX_FILE], copy->copies[INDEX_FILE],
                         ARCHIVE_HEADER_BYTES + (uint64_t) copy->records * RECORD_BYTES,
                         size);
        put_bytes (records, bytes_of (copy->chunk, size));
        for (uint32_t i = 0; rc == DONE && i < count; i++)
            rc = take_record (copy, records + (size_t) i * RECORD_BYTES);
    }
    free (records);
    return rc;
}

static int take_record (copy_t *copy, const uint8_t *bytes)
{
    record_t record;
    copy->records++;
    if (!record_get (bytes, &record))
        return refuse (copy, "%s/%s: record %" PRIu32 " is damaged", copy->from,
                       BOOK_INDEX, copy->records);
    return record.kind == RECORD_OPENED ? copy_draw (copy, copy->records, &record)
                                        : DONE;
}

/* The checkpoint says how long the files of a live draw are; of one that was put away
   its `archived` does. */
static int copy_draw (copy_t *copy, uint32_t sequence, const record_t *opened)
{
    char draw[DRAW_NAME_BYTES_MAX + 1] = "", path[FOLDERS_PATH_BYTES];
    checkpoint_draw_t entry = copy->live;
    put_bytes ((uint8_t *) draw, record_name (opened));
    snprintf (path, sizeof path, FOLDERS_ALL "/%s", draw);
    if (file_make_folder (copy->to, path) == -1)
        return refuse (copy, "%s/%s: cannot be made, %s", copy->to, path,
                       strerror (errno));
    int rc = DONE;
    if (copy->more && copy->live.opened == sequence)
        copy->more = checkpoint_get_draw (&copy->draws, &copy->live) == 0;
    else
        rc = copy_archived (copy, draw, opened->draw, &entry);
    for (int which = 0; rc == DONE && which < DRAW_ROWS; which++)
        if (which == ROWS_BETS || entry.bytes[which] > 0)
            rc = copy_rows (copy, draw, which, entry.bytes[which]);
    return rc;
}

static int copy_archived (copy_t *copy, const char *draw, uint64_t identity,
                          checkpoint_draw_t *entry)
{
    char path[FOLDERS_PATH_BYTES];
    size_t size;
    bytes_t cursors;
    folders_path (draw, FOLDERS_ARCHIVED, path);
    file_t *from = open_source (copy, path);
    uint8_t *bytes = from ? read_archived (copy, from, &size) : NULL;
    file_close (&from);
    if (!bytes)
        return FAILED;
    int rc = DONE;
    if (archived_get (bytes_of (bytes, size), copy->slots.checkpoint.identity, entry,
                      &cursors) == -1 ||
        entry->identity != identity)
        rc = refuse (copy, "%s/%s: is damaged", copy->from, path);
    else if (entry->last_event > copy->end.sequence) { // put away again since
        refuse (copy, "%s/%s: changed while it was copied", copy->from, path);
        rc = AGAIN;
    }
    if (rc == DONE)
        rc = write_archived (copy, path, bytes_of (bytes, size));
    free (bytes);
    return rc;
}

static int write_archived (copy_t *copy, const char *path, bytes_t bytes)
{
    file_t *to = open_copy (copy, path);
    int rc = to ? to->ops->write (to, bytes.data, bytes.size, 0) : -1;
    if (to && rc == -1)
        cannot (copy, copy->to, to);
    file_close (&to);
    return rc;
}

static uint8_t *read_archived (copy_t *copy, file_t *file, size_t *size)
{
    const int64_t there = file->ops->size (file);
    if (there < 0 || (uint64_t) there > ARCHIVED_BYTES_MAX) {
        if (there < 0)
            cannot (copy, copy->from, file);
        else
            refuse (copy, "%s/%s: is damaged", copy->from, file->name);
        return NULL;
    }
    uint8_t *bytes = malloc ((size_t) there + 1);
    assert (bytes);
    *size = (size_t) there;
    if (file->ops->read (file, bytes, *size, 0) == (ssize_t) there)
        return bytes;
    cannot (copy, copy->from, file);
    free (bytes);
    return NULL;
}

static int copy_rows (copy_t *copy, const char *draw, int which, uint64_t size)
{
    char path[FOLDERS_PATH_BYTES];
    folders_path (draw, folders_name (which), path);
    file_t *from = open_source (copy, path);
    file_t *to = from ? open_copy (copy, path) : NULL;
    const int rc = to ? copy_bytes (copy, from, to, 0, size) : -1;
    file_close (&from);
    file_close (&to);
    return rc;
}

/* What was read last stays in the chunk. */
static int copy_bytes (copy_t *copy, file_t *from, file_t *to, uint64_t position,
                       uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        const uint64_t left = size - done;
        const size_t here = left < CHUNK_BYTES ? (size_t) left : CHUNK_BYTES;
        const ssize_t got = from->ops->read (from, copy->chunk, here, position + done);
        if (got == -1)
            return cannot (copy, copy->from, from);
        if ((size_t) got < here)
            return refuse (copy,
                           "%s/%s: has %" PRIu64 " bytes, of %" PRIu64
                           " that were safe: it was cut short",
                           copy->from, from->name, position + done + (uint64_t) got,
                           position + size);
        if (to->ops->write (to, copy->chunk, here, position + done) == -1)
            return cannot (copy, copy->to, to);
        done += here;
    }
    return 0;
}

/* The other slot is as after a crash in the midst of writing it: a start writes it.
   What it had in the day stands on a log that was not copied. */
static int write_slots (copy_t *copy)
{
    static const uint8_t nothing[CHECKPOINT_BYTES];
    const checkpoint_rest_t *rest = &copy->slots.rest;
    const int place = slots_place (copy->slots.checkpoint.generation);
    file_t *const *slots = &copy->copies[SLOT_A], *other = slots[!place];
    const bytes_t both =
        bytes_of (rest->draws.data, rest->draws.size + rest->cursors.size);
    assert (rest->cursors.size == 0 ||
            rest->cursors.data == rest->draws.data + rest->draws.size);
    if (slots_write (&copy->slots, slots, both) == -1)
        return cannot (copy, copy->to, slots[place]);
    return other->ops->write (other, nothing, sizeof nothing, 0) == -1
               ? cannot (copy, copy->to, other)
               : 0;
}

static file_t *open_source (copy_t *copy, const char *name)
{
    return file_open (copy->from, name, FILE_PEEK, copy->why, BOOK_WHY_BYTES);
}

static file_t *open_copy (copy_t *copy, const char *name)
{
    return file_open (copy->to, name, FILE_NEW, copy->why, BOOK_WHY_BYTES);
}

/* While nobody writes, what failed fails again. */
static int once_more (const copy_t *copy, int rc)
{
    return rc == FAILED && copy->served ? AGAIN : rc;
}

static int refuse (copy_t *copy, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (copy->why, BOOK_WHY_BYTES, format, values);
    va_end (values);
    return -1;
}

static int cannot (copy_t *copy, const char *directory, const file_t *file)
{
    return refuse (copy, "%s/%s: %s, %s", directory, file->name,
                   file->failed ? file->failed : "cannot be read", strerror (errno));
}

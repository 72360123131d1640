/* log_files.c - the log in one file: a page of header, then a ring of segments. For
   storage.

   Header: magic 16, format u32, zero u32, identity u64, segment bytes u64, segments
   u32, zeros, XXH3 of bytes 0-119 at 120; zeros to the end of the page.

   A group (log_group.h) at position P, which is a multiple of the page, lies at header
   + P mod ring, and is padded to a multiple of it. One never straddles the end of a
   segment: it begins with the next if it does not fit.

   No durable page is ever written again, but by a later lap; and a group is written
   only once the one before is durable. So at a start a group is this lap's if it says
   this position, and behind the last one there may be one that is unfinished, in any
   way. If there is a sound one of this lap further on, then what was promised is
   damaged. */

#include "log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "log_engine.h"
#include "log_group.h"
#include "log_state.h"
#include "xxh3.h"

#define PAGE         ((uint64_t) LOG_PAGE_BYTES)
#define HEADER_BYTES 128
#define FORMAT       4
#define HASH_AT      120
#define MAGIC_BYTES  16
#define FILE_MAGIC   "LOTERIA LOG\n\0\0\0"
#define CHUNK_BYTES  (1024 * 1024) // read at a time when looking behind
#define STEP_BYTES   (1024 * 1024)
#define FILL_BYTES   STEP_BYTES
#define KEPT_BYTES   (2 * 1024 * 1024)
#define POSITION_MAX (UINT64_MAX / 4)
#define SEGMENT_MIN  (2 * PAGE)

typedef struct {
    log_t base;
    file_t *file; // borrowed
    uint64_t segment_bytes, ring_bytes;
    uint64_t allocated; // positions below this have their place on the disk
    uint64_t length;    // the file is at least so long
    bool live, rewrite; // see log_peek; the last group was found and is to be rewritten
} log_files_t;

static_assert (sizeof FILE_MAGIC == MAGIC_BYTES, "as long as it is written");

typedef int (write_fn) (file_t *file, const void *data, size_t size, uint64_t position);

static void destroy (log_t *log);
static int settle (log_t *log);
static log_room_t room (log_t *log, size_t size, bool kept);
static int start (log_t *log);
static int descriptor (log_t *log);
static int outcome (log_t *log);
static int wait_for_all (log_t *log);
static uint64_t unreleased (const log_t *log);
static void count (const log_t *log, log_counts_t *counts);
static int sound (log_t *log);
static log_t *open_log (file_t *file, uint64_t identity, const log_mark_t *mark,
                        bool live, log_found_fn *found, void *context, char *why);
static log_files_t *make (file_t *file);
static void shape (log_files_t *files, uint64_t segment_bytes, uint64_t segments);
static void make_header (const log_files_t *files, uint8_t *page);
static int read_header (log_files_t *files, uint64_t identity, char *why);
static int check_mark (log_files_t *files, char *why);
static int read_end (log_files_t *files, uint64_t position, group_t *group,
                     log_mark_t *end);
static int rewrite_last (log_files_t *files);
static int read_on (log_files_t *files, log_found_fn *found, void *context, char *why);
static int read_next (log_files_t *files, group_t *group, char *why);
static int read_group (log_files_t *files, uint64_t position, group_t *group);
static int take_group (log_files_t *files, const group_t *group, log_found_fn *found,
                       void *context, char *why);
static int look_behind (log_files_t *files, char *why);
static uint64_t next_segment (const log_files_t *files, uint64_t position);
static uint64_t start_of (const log_files_t *files, size_t size);
static uint64_t place_of (const log_files_t *files, uint64_t position);
static log_room_t allocate (log_files_t *files, uint64_t end, bool kept);
static int fill (log_files_t *files, uint64_t length);
static int write_group (log_files_t *files, write_fn *write);
static int cannot_read (const log_files_t *files, char *why);
static int refuse (const log_files_t *files, uint64_t position, char *why,
                   const char *format, ...) __attribute__ ((format (printf, 4, 5)));
static bool all_zero (const uint8_t *data, size_t size);

static const log_ops_t files_ops = {.destroy = destroy,
                                    .settle = settle,
                                    .room = room,
                                    .start = start,
                                    .descriptor = descriptor,
                                    .outcome = outcome,
                                    .wait = wait_for_all,
                                    .unreleased = unreleased,
                                    .count = count,
                                    .sound = sound};

log_t *log_new (file_t *file, uint64_t identity, const log_options_t *options,
                char *why)
{
    assert (identity != 0);
    log_files_t *files = make (file);
    log_t *log = &files->base;
    uint8_t page[LOG_PAGE_BYTES];
    log->identity = identity;
    const uint64_t segments =
        options && options->segments ? options->segments : LOG_SEGMENTS;
    shape (files,
           options && options->segment_bytes
               ? options->segment_bytes
               : (uint64_t) LOG_MIB_DEFAULT * 1024 * 1024 / LOG_SEGMENTS,
           segments);
    make_header (files, page);
    chain_start (identity, log->chain);
    put_bytes (log->written.chain, bytes_of (log->chain, SHA256_BYTES));
    log->durable = log->released = log->written;
    files->length = sizeof page;
    if (allocate (files, 0, false) != LOG_FITS ||
        file->ops->write (file, page, sizeof page, 0) == -1 ||
        file->ops->sync (file) == -1) {
        const int error = errno;
        snprintf (why, LOG_WHY_BYTES, "%s: %s, %s", file->name,
                  file->failed ? file->failed : "cannot be given space",
                  strerror (error));
        log_destroy (&log);
        errno = error;
    }
    return log;
}

log_t *log_open (file_t *file, uint64_t identity, const log_mark_t *mark,
                 log_found_fn *found, void *context, char *why)
{
    return open_log (file, identity, mark, false, found, context, why);
}

log_t *log_peek (file_t *file, uint64_t identity, const log_mark_t *mark,
                 log_found_fn *found, void *context, char *why)
{
    return open_log (file, identity, mark, true, found, context, why);
}

static log_t *open_log (file_t *file, uint64_t identity, const log_mark_t *mark,
                        bool live, log_found_fn *found, void *context, char *why)
{
    log_files_t *files = make (file);
    log_t *log = &files->base;
    why[0] = 0;
    errno = 0;
    int rc = read_header (files, identity, why);
    if (rc == 0) {
        files->live = live;
        chain_start (log->identity, log->written.chain);
        if (mark)
            log->written = *mark;
        rc = check_mark (files, why);
    }
    log->released = log->written;
    if (rc == 0)
        rc = read_on (files, found, context, why);
    const int64_t length = rc == 0 ? file->ops->size (file) : 0;
    if (length == -1)
        rc = cannot_read (files, why);
    files->length = (uint64_t) length;
    if (rc == -1) {
        const int error = errno;
        log_destroy (&log);
        errno = error;
        return NULL;
    }
    log_found_all (log);
    return log;
}

static log_files_t *make (file_t *file)
{
    log_files_t *files = calloc (1, sizeof *files);
    assert (files);
    files->base.ops = &files_ops;
    files->file = file;
    return files;
}

static void destroy (log_t *log)
{
    free (log);
}

static int settle (log_t *log)
{
    log_files_t *files = (log_files_t *) log;
    file_t *file = files->file;
    uint8_t page[LOG_PAGE_BYTES];
    make_header (files, page);
    if (log->written.sequence == 0 &&
        file->ops->write (file, page, sizeof page, 0) == -1)
        return -1;
    if (files->rewrite && rewrite_last (files) == -1)
        return -1;
    return file->ops->sync (file);
}

static log_room_t room (log_t *log, size_t size, bool kept)
{
    log_files_t *files = (log_files_t *) log;
    const uint64_t end = start_of (files, size) + log_padded (size);
    const uint64_t first_kept = log->released.last / files->segment_bytes;
    if (end > first_kept * files->segment_bytes + files->ring_bytes)
        return LOG_FULL;
    return allocate (files, end, kept);
}

static int start (log_t *log)
{
    log_files_t *files = (log_files_t *) log;
    return write_group (files, files->file->ops->write_start);
}

static int descriptor (log_t *log)
{
    file_t *file = ((log_files_t *) log)->file;
    return file->ops->sync_descriptor (file);
}

static int outcome (log_t *log)
{
    file_t *file = ((log_files_t *) log)->file;
    return file->ops->sync_done (file);
}

static int wait_for_all (log_t *log)
{
    log_files_t *files = (log_files_t *) log;
    file_t *file = files->file;
    while (log->busy || log->group_size > 0) {
        if (!log->busy && write_group (files, file->ops->write) == -1)
            return -1;
        if (file->ops->sync (file) == -1)
            return -1;
        log_became_durable (log);
    }
    return 0;
}

static uint64_t unreleased (const log_t *log)
{
    return log->written.position - log->released.position +
           log_padded (log->group_size);
}

static void count (const log_t *log, log_counts_t *counts)
{
    const log_files_t *files = (const log_files_t *) log;
    counts->file_bytes = files->length;
    counts->segments = (uint32_t) (files->ring_bytes / files->segment_bytes);
}

static int sound (log_t *log)
{
    log_files_t *files = (log_files_t *) log;
    return files->file->ops->sound (files->file, files->length);
}

static void shape (log_files_t *files, uint64_t segment_bytes, uint64_t segments)
{
    assert (segment_bytes % PAGE == 0 && segment_bytes >= SEGMENT_MIN);
    files->segment_bytes = segment_bytes;
    files->ring_bytes = segment_bytes * segments;
    const uint64_t half = segment_bytes / 2 / PAGE * PAGE;
    log_make_room (&files->base,
                   half < LOG_GROUP_BYTES_MAX ? half : LOG_GROUP_BYTES_MAX);
}

static void make_header (const log_files_t *files, uint8_t *page)
{
    memset (page, 0, LOG_PAGE_BYTES);
    memcpy (page, FILE_MAGIC, MAGIC_BYTES);
    put_u32 (page + 16, FORMAT);
    put_u64 (page + 24, files->base.identity);
    put_u64 (page + 32, files->segment_bytes);
    put_u32 (page + 40, (uint32_t) (files->ring_bytes / files->segment_bytes));
    put_u64 (page + HASH_AT, XXH3_64bits (page, HASH_AT));
}

static int read_header (log_files_t *files, uint64_t identity, char *why)
{
    uint8_t page[LOG_PAGE_BYTES];
    const char *name = files->file->name;
    const ssize_t got = files->file->ops->read (files->file, page, sizeof page, 0);
    if (got == -1)
        return cannot_read (files, why);
    if (got == LOG_PAGE_BYTES && log_engine_note (page, NULL)) {
        snprintf (why, LOG_WHY_BYTES,
                  "%s: this day's log is not in this file, but kept by an engine: "
                  "--log says which",
                  name);
        return -1;
    }
    if (got < LOG_PAGE_BYTES || memcmp (page, FILE_MAGIC, MAGIC_BYTES) != 0) {
        snprintf (why, LOG_WHY_BYTES, "%s: byte 0: this is no log of this program",
                  name);
        return -1;
    }
    const uint32_t format = get_u32 (page + 16), segments = get_u32 (page + 40);
    const uint64_t segment_bytes = get_u64 (page + 32);
    if (XXH3_64bits (page, HASH_AT) != get_u64 (page + HASH_AT) ||
        !all_zero (page + HEADER_BYTES, sizeof page - HEADER_BYTES)) {
        snprintf (why, LOG_WHY_BYTES, "%s: byte 0: its header is damaged", name);
        return -1;
    }
    files->base.identity = get_u64 (page + 24);
    if (format != FORMAT) {
        snprintf (why, LOG_WHY_BYTES,
                  "%s: it is of format %" PRIu32 ", this program reads format %d", name,
                  format, FORMAT);
        return -1;
    }
    if (files->base.identity == 0 || segments < 2 || segment_bytes % PAGE != 0 ||
        segment_bytes < SEGMENT_MIN || segment_bytes > POSITION_MAX / segments) {
        snprintf (why, LOG_WHY_BYTES, "%s: byte 0: its header contradicts itself",
                  name);
        return -1;
    }
    if (identity != 0 && identity != files->base.identity) {
        snprintf (why, LOG_WHY_BYTES,
                  "%s: it is the log of another day: %016" PRIx64
                  ", and not %016" PRIx64,
                  name, files->base.identity, identity);
        return -1;
    }
    shape (files, segment_bytes, segments);
    return 0;
}

/* The last group before the mark is there, and ends as the mark says. */
static int check_mark (log_files_t *files, char *why)
{
    const log_mark_t *mark = &files->base.written;
    log_mark_t end = {.position = mark->last, .last = mark->last};
    group_t group;
    if (mark->position % PAGE != 0 || mark->last % PAGE != 0 ||
        mark->position > POSITION_MAX || mark->last > mark->position ||
        (mark->last == mark->position && mark->position > 0)) {
        snprintf (why, LOG_WHY_BYTES, "%s: there is no such place in it: %" PRIu64,
                  files->file->name, mark->position);
        return -1;
    }
    chain_start (files->base.identity, end.chain);
    if (mark->last < mark->position && read_end (files, mark->last, &group, &end) == -1)
        return cannot_read (files, why);
    if (end.position == mark->position && end.sequence == mark->sequence &&
        memcmp (end.chain, mark->chain, SHA256_BYTES) == 0)
        return 0;
    return refuse (files, mark->last, why,
                   "record %" PRIu64 ", which the checkpoint names as the last before "
                   "it, is not here as it was: the file is damaged, cut short, or not "
                   "of the same moment as the checkpoint",
                   mark->sequence);
}

/* The group at a position, and where the log is behind it: as read_group. */
static int read_end (log_files_t *files, uint64_t position, group_t *group,
                     log_mark_t *end)
{
    const int rc = read_group (files, position, group);
    if (rc != 1)
        return rc;
    *end = (log_mark_t){.position = position + log_padded (group->length),
                        .last = position,
                        .sequence = group->sequence};
    put_bytes (end->chain, bytes_of (group->chain, SHA256_BYTES));
    return group_walk (group, end, NULL, NULL, NULL) == 0;
}

/* Read once more, so compared once more: the page cache may have dropped what it showed
   at the opening. */
static int rewrite_last (log_files_t *files)
{
    file_t *file = files->file;
    group_t group;
    log_mark_t end;
    const uint64_t position = files->base.written.last;
    const int rc = read_end (files, position, &group, &end);
    if (rc == -1)
        return -1;
    if (rc == 0 || memcmp (end.chain, files->base.written.chain, SHA256_BYTES) != 0) {
        file->failed = "reads otherwise than before";
        errno = EIO;
        return -1;
    }
    if (file->ops->write (file, group.bytes, log_padded (group.length),
                          place_of (files, position)) == -1)
        return -1;
    files->rewrite = false;
    return 0;
}

static int read_on (log_files_t *files, log_found_fn *found, void *context, char *why)
{
    group_t group;
    int rc;
    while ((rc = read_next (files, &group, why)) == 1)
        if (take_group (files, &group, found, context, why) == -1)
            return files->live && !why[0] ? 0 : -1;
    if (rc == -1)
        return -1;
    return files->live ? 0 : look_behind (files, why);
}

/* The group that goes on from what was read: 1, 0 when there is none, -1. */
static int read_next (log_files_t *files, group_t *group, char *why)
{
    const uint64_t here = files->base.written.position,
                   there = next_segment (files, here);
    int rc = read_group (files, here, group);
    if (rc == 0 && there != here) {
        rc = read_group (files, there, group);
        // written when the end of this segment held no more, or not what goes on here
        if (rc == 1 && group->sequence != files->base.written.sequence)
            rc = 0;
    }
    return rc == -1 ? cannot_read (files, why) : rc;
}

/* The sound group at this position: 1, its bytes in files->base.group; 0 when there is
   none, -1 with errno. */
static int read_group (log_files_t *files, uint64_t position, group_t *group)
{
    file_t *file = files->file;
    uint8_t *bytes = files->base.group;
    const uint64_t place = place_of (files, position);
    ssize_t got = file->ops->read (file, bytes, LOG_PAGE_BYTES, place);
    if (got == -1)
        return -1;
    if (got < LOG_PAGE_BYTES)
        return 0;
    const size_t length = group_length (bytes, files->base.identity, position);
    const uint64_t rest = files->segment_bytes - position % files->segment_bytes;
    if (length == 0 || length > files->base.group_max || log_padded (length) > rest)
        return 0;
    const size_t size = log_padded (length), more = size - LOG_PAGE_BYTES;
    got = more == 0 ? 0
                    : file->ops->read (file, bytes + LOG_PAGE_BYTES, more,
                                       place + LOG_PAGE_BYTES);
    if (got == -1)
        return -1;
    return (size_t) got == more && group_get (bytes, size, group);
}

static int take_group (log_files_t *files, const group_t *group, log_found_fn *found,
                       void *context, char *why)
{
    log_mark_t mark = files->base.written;
    mark.last = group->position;
    mark.position = group->position + log_padded (group->length);
    if (!group_follows (group, &mark)) {
        if (files->live)
            return -1;
        return refuse (files, group->position, why,
                       "a group that is whole does not go on from record %" PRIu64
                       ", the last before it",
                       mark.sequence);
    }
    char reason[LOG_WHY_BYTES] = "";
    if (group_walk (group, &mark, found, context, reason) == -1)
        return refuse (files, group->position, why, "record %" PRIu64 ": %s",
                       mark.sequence + 1,
                       reason[0] ? reason : "it is not a record, in a whole group");
    files->base.written = mark;
    files->rewrite = true;
    return 0;
}

/* A sound group of this lap behind the break: what was durable is damaged. */
static int look_behind (log_files_t *files, char *why)
{
    uint8_t *chunk = malloc (CHUNK_BYTES);
    assert (chunk);
    const uint64_t from = files->base.written.position;
    group_t group;
    int rc = 0;
    for (uint64_t at = from; rc == 0 && at < from + files->ring_bytes;) {
        const uint64_t to_end = files->ring_bytes - at % files->ring_bytes;
        const uint64_t to_go = from + files->ring_bytes - at;
        uint64_t size = to_end < to_go ? to_end : to_go;
        size = size < CHUNK_BYTES ? size : CHUNK_BYTES;
        const ssize_t got =
            files->file->ops->read (files->file, chunk, size, place_of (files, at));
        if (got == -1)
            rc = cannot_read (files, why);
        for (uint64_t i = 0; rc == 0 && got > 0 && i + PAGE <= (uint64_t) got;
             i += PAGE) {
            const uint64_t says = get_u64 (chunk + i + 24);
            if (memcmp (chunk + i, GROUP_MAGIC, MAGIC_BYTES) != 0 || says < from ||
                says > POSITION_MAX ||
                place_of (files, says) != place_of (files, at + i))
                continue;
            rc = read_group (files, says, &group);
            if (rc == 0 && says == from)
                files->base.torn = log_padded (get_u32 (chunk + i + 40));
            else if (rc == -1)
                cannot_read (files, why);
            else if (rc == 1)
                rc = refuse (files, from, why,
                             "what follows record %" PRIu64
                             " is damaged: the group at byte %" PRIu64
                             ", behind it, is whole",
                             files->base.written.sequence, place_of (files, at + i));
        }
        at += size;
    }
    free (chunk);
    return rc;
}

static uint64_t next_segment (const log_files_t *files, uint64_t position)
{
    return (position + files->segment_bytes - 1) / files->segment_bytes *
           files->segment_bytes;
}

/* Where a group of this size goes. */
static uint64_t start_of (const log_files_t *files, size_t size)
{
    const uint64_t here = files->base.written.position,
                   next = next_segment (files, here);
    return next - here >= log_padded (size) ? here : next;
}

static uint64_t place_of (const log_files_t *files, uint64_t position)
{
    return PAGE + position % files->ring_bytes;
}

/* See to it that what ends there has its place on the disk: during the first lap step
   by step, so that a small day takes little of it. The step is filled with zeros, since
   a sync of bytes that are written over needs no change of the file's own data.
   Measured on ext4 (virtio, medians of 200 rounds in turn), written and synced in place
   of zeros, of space that is only reserved, of none: 64 B 107, 125, 150 µs; 8 KiB 166,
   194, 190; 64 KiB 152, 213, 210; 256 KiB 301, 314, 325; 1 MiB 534, 677, 752. All of 64
   MiB at once would take 40 ms, and the room; a step adds 0.4 ms to one sync. */
static log_room_t allocate (log_files_t *files, uint64_t end, bool kept)
{
    file_t *file = files->file;
    uint64_t needed = end + (kept ? 0 : KEPT_BYTES);
    needed = needed < files->ring_bytes ? needed : files->ring_bytes;
    if (needed <= files->allocated)
        return LOG_FITS;
    uint64_t wanted = (needed + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
    wanted = wanted < files->ring_bytes ? wanted : files->ring_bytes;
    int rc = file->ops->reserve (file, PAGE + wanted);
    if (rc == -1 && file_full (errno)) { // the last room there is, without a step ahead
        wanted = needed;
        rc = file->ops->reserve (file, PAGE + wanted);
    }
    if (rc == 0 && fill (files, PAGE + wanted) == 0) {
        files->allocated = wanted;
        return LOG_FITS;
    }
    if (file_full (errno))
        return LOG_NO_SPACE;
    log_give_up (&files->base);
    return LOG_FAILED;
}

static int fill (log_files_t *files, uint64_t length)
{
    static const uint8_t zeros[FILL_BYTES] __attribute__ ((aligned (LOG_PAGE_BYTES)));
    file_t *file = files->file;
    while (files->length < length) {
        const uint64_t more = length - files->length;
        const size_t size = more < sizeof zeros ? (size_t) more : sizeof zeros;
        if (file->ops->write_past (file, zeros, size, files->length) == -1)
            return -1;
        files->length += size;
    }
    return 0;
}

/* Only once the one before is durable. What is written in the background has to stay as
   it is meanwhile: the next one is gathered elsewhere. */
static int write_group (log_files_t *files, write_fn *write)
{
    log_t *log = &files->base;
    assert (!log->busy);
    const size_t size = log_padded (log->group_size);
    const uint64_t position = start_of (files, log->group_size);
    const uint64_t place = place_of (files, position);
    group_close (log->group, log->identity, position, log->group_size,
                 log->group_records, size);
    if (write (files->file, log->group, size, place) == -1)
        return -1;
    log_went (log, position, position + size, size);
    files->length = place + size > files->length ? place + size : files->length;
    return 0;
}

static int cannot_read (const log_files_t *files, char *why)
{
    snprintf (why, LOG_WHY_BYTES, "%s: cannot be read, %s", files->file->name,
              strerror (errno));
    return -1;
}

static int refuse (const log_files_t *files, uint64_t position, char *why,
                   const char *format, ...)
{
    va_list values;
    int size = snprintf (why, LOG_WHY_BYTES, "%s: byte %" PRIu64 ": ",
                         files->file->name, place_of (files, position));
    va_start (values, format);
    vsnprintf (why + size, LOG_WHY_BYTES - (size_t) size, format, values);
    va_end (values);
    errno = 0;
    return -1;
}

static bool all_zero (const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return false;
    return true;
}

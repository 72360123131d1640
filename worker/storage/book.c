/* book.c - a day's files, kept together. Storage. */

#include "book.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "bounds.h"
#include "slots.h"

#define REGISTRATIONS        64 // states that may register on a full disk
#define SLOT_CURSORS_STEP    64
#define HINT_BYTES           (1024 * 1024)
#define CHECKPOINT_LOG_BYTES ((uint64_t) 16 * 1024 * 1024)

enum { LOG_FILE, INDEX_FILE, CSV_FILE, SLOT_A, SLOT_B, FILES };

static const char *const names[FILES] = {BOOK_LOG, BOOK_INDEX, BOOK_CSV, CHECKPOINT_A,
                                         CHECKPOINT_B};

typedef enum { // of a checkpoint
    STEP_NONE,
    STEP_WANTED,
    STEP_TAKEN, // as things were when the group under way began
    STEP_CSV,   // being synced
    STEP_INDEX,
    STEP_SLOT
} step_t;

struct book {
    const char *directory; // borrowed
    file_t *files[FILES];
    log_t *log;
    archive_t *archive;
    cursors_t *cursors; // borrowed
    book_recovery_t recovery;
    uint64_t epoch, last_event, events;
    uint64_t group_base;       // the last record before the group that is gathered
    int error;                 // errno of a failure that was not told yet
    uint64_t time_ms;          // for records
    uint32_t agencies;         // that may still have events
    uint64_t checkpoint_bytes; // of log, between two checkpoints
    uint64_t hinted;           // bytes of bets.csv that the kernel was told to write
    // the checkpoint that is being made, or the last one
    step_t step;
    slots_t slots;
    uint8_t *encoded; // its cursors
    size_t encoded_size;
    uint32_t slot_cursors; // that both slots have room for
};

typedef struct {
    book_t *book;
    int error; // errno: it is not that the day is unsound
} opening_t;

static int open_files (book_t *book, bool *fresh, char *why);
static int check_all_there (const book_t *book, const bool *there, char *why);
static int refuse_old (book_t *book, char *why);
static int look (book_t *book, bool *there, char *why);
static int unfinished (book_t *book, const bool *there, char *why);
static int log_blank (book_t *book, char *why);
static int first_checkpoint (book_t *book, uint64_t *generation, char *why);
static int longer (book_t *book, int which, int64_t size_max, char *why);
static int take (book_t *book, int which, file_mode_t mode, char *why);
static int begin_day (book_t *book, const log_options_t *options, char *why);
static int recover (book_t *book, char *why);
static int read_checkpoint (book_t *book, char *why);
static int check_rows (book_t *book, char *why);
static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why);
static int check_tail (book_t *book, char *why);
static int put_right (book_t *book, char *why);
static int reserve_ahead (book_t *book, char *why);
static void note (book_t *book, uint64_t sequence, const record_t *record);
static int sync_projections (book_t *book);
static int write_archive (book_t *book);
static int go_on (book_t *book);
static void take_checkpoint (book_t *book);
static void encode_cursors (book_t *book);
static int start_sync (book_t *book, int which, step_t step);
static int sync_done (book_t *book, int which);
static int write_slot (book_t *book);
static void checkpoint_done (book_t *book);
static int finish_checkpoint (book_t *book);
static int make_checkpoint (book_t *book);
static int slot_of (const book_t *book);
static int reserve_slots (book_t *book);
static int sound (book_t *book);
static int refuse (const book_t *book, char *why, int error, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));
static int failed (book_t *book, char *why);

book_t *book_open (const char *directory, const log_options_t *options,
                   cursors_t *cursors, char *why)
{
    book_t *book = calloc (1, sizeof *book);
    assert (book);
    book->directory = directory;
    book->cursors = cursors;
    book->checkpoint_bytes = CHECKPOINT_LOG_BYTES;
    if (options->segment_bytes > 0 && options->segment_bytes < CHECKPOINT_LOG_BYTES)
        book->checkpoint_bytes = options->segment_bytes;
    why[0] = 0;
    errno = 0;
    int rc = open_files (book, &book->recovery.fresh, why);
    if (rc == 0) {
        book->archive = archive_new (book->files[INDEX_FILE], book->files[CSV_FILE]);
        rc =
            book->recovery.fresh ? begin_day (book, options, why) : recover (book, why);
    }
    if (rc == 0)
        rc = reserve_ahead (book, why);
    if (rc == -1) {
        const int error = errno;
        book_destroy (&book);
        errno = error;
        return NULL;
    }
    book->group_base = log_sequence (book->log);
    return book;
}

int book_close (book_t *book)
{
    if (book_wait (book) == -1 || finish_checkpoint (book) == -1)
        return -1;
    uint64_t ignored;
    if (archive_cut (book->archive, &ignored, &ignored) == -1)
        return -1;
    return log_unreleased (book->log) > 0 ? make_checkpoint (book)
                                          : sync_projections (book);
}

void book_destroy (book_t **book)
{
    if (*book) {
        archive_destroy (&(*book)->archive);
        log_destroy (&(*book)->log);
        for (int i = 0; i < FILES; i++)
            file_close (&(*book)->files[i]);
        free ((*book)->encoded);
        free (*book);
    }
    *book = NULL;
}

const book_recovery_t *book_recovery (const book_t *book)
{
    return &book->recovery;
}

uint64_t book_draw (const book_t *book)
{
    return log_identity (book->log);
}

uint32_t book_records (const book_t *book)
{
    return archive_end (book->archive)->records;
}

uint64_t book_bytes (const book_t *book)
{
    return archive_end (book->archive)->bytes;
}

uint64_t book_durable (const book_t *book)
{
    return log_durable (book->log);
}

const uint8_t *book_head (const book_t *book)
{
    return log_head (book->log);
}

uint64_t book_last_event (const book_t *book)
{
    return book->last_event;
}

uint64_t book_events (const book_t *book)
{
    return book->events;
}

uint64_t book_epoch (const book_t *book)
{
    return book->epoch;
}

void book_set_time (book_t *book, uint64_t time_ms)
{
    book->time_ms = time_ms;
}

void book_set_agencies (book_t *book, uint32_t agencies)
{
    book->agencies = agencies < AGENCIES_MAX ? agencies : AGENCIES_MAX;
}

book_room_t book_reserve (book_t *book, size_t rows_bytes, book_use_t use)
{
    const uint32_t count = cursors_count (book->cursors);
    const uint32_t agencies = count > book->agencies ? count : book->agencies;
    uint32_t kept = 0; // records that are still to come, whatever happens
    if (use != BOOK_EVENT)
        kept += 2 * agencies + 2;
    if (use == BOOK_BETS)
        kept += REGISTRATIONS;
    switch (log_fits (book->log, 1, rows_bytes, use != BOOK_BETS)) {
    case LOG_FITS:
        break;
    case LOG_FULL:
        book->step = book->step == STEP_NONE ? STEP_WANTED : book->step;
        return BOOK_LATER;
    case LOG_FULL_GROUP:
        return BOOK_LATER;
    case LOG_NO_SPACE:
        return BOOK_NOSPACE;
    case LOG_FAILED:
        return BOOK_FAILED;
    }
    if (archive_reserve (book->archive, rows_bytes, kept) == -1 ||
        reserve_slots (book) == -1)
        return file_full (errno) ? BOOK_NOSPACE : BOOK_FAILED;
    return BOOK_FITS;
}

bool book_full (book_t *book)
{
    const log_room_t room =
        log_fits (book->log, BUNDLE_MESSAGES_MAX, BUNDLE_BYTES_MAX, false);
    if (room == LOG_FULL && book->step == STEP_NONE)
        book->step = STEP_WANTED;
    if (room == LOG_FAILED)
        book->error = errno; // for who asks next
    return room == LOG_FULL || room == LOG_FAILED ||
           (room == LOG_FULL_GROUP && log_gathered (book->log) > 0);
}

uint64_t book_append (book_t *book, record_t *record, bytes_t rows)
{
    uint8_t bytes[RECORD_BYTES];
    record->draw = record->kind == RECORD_REGISTERED ? 0 : book_draw (book);
    record->position = book_bytes (book);
    record->time_ms = book->time_ms;
    record->durable = (uint32_t) book->group_base;
    if (record_has_rows (record->kind))
        record_vouch (record, rows);
    if (record_is_event (record->kind))
        record->previous = (uint32_t) book->last_event;
    record_put (bytes, record);
    const uint64_t sequence = log_append (book->log, bytes, rows);
    archive_append (book->archive, bytes, rows);
    note (book, sequence, record);
    return sequence;
}

size_t book_gathered (const book_t *book)
{
    return log_gathered (book->log);
}

int book_begin (book_t *book, bool at_once)
{
    if (log_gathered (book->log) == 0)
        return 0;
    if (sound (book) == -1)
        return -1;
    if (at_once) {
        if (log_wait (book->log) == -1 || write_archive (book) == -1)
            return -1;
    } else if (log_begin (book->log) == -1 || write_archive (book) == -1)
        return -1;
    if (book->step == STEP_NONE && log_unreleased (book->log) >= book->checkpoint_bytes)
        book->step = STEP_WANTED;
    if (book->step == STEP_WANTED)
        take_checkpoint (book);
    return 0;
}

/* While the disk is busy with the log; not before, so that a group's rows are in
   bets.csv only if the groups before it are safe. */
static int write_archive (book_t *book)
{
    if (archive_write (book->archive) == -1)
        return -1;
    book->group_base = log_sequence (book->log);
    const uint64_t written = archive_written (book->archive)->bytes;
    file_t *csv = book->files[CSV_FILE];
    if (written - book->hinted >= HINT_BYTES) {
        if (csv->ops->write_out)
            csv->ops->write_out (csv, book->hinted, written);
        book->hinted = written;
    }
    return 0;
}

bool book_busy (const book_t *book)
{
    return log_busy (book->log);
}

int book_look (book_t *book)
{
    if (book->error) {
        errno = book->error;
        return -1;
    }
    const int rc = log_look (book->log);
    return rc == -1 || go_on (book) == -1 ? -1 : rc;
}

bool book_broken (const book_t *book)
{
    return book->error != 0;
}

int book_wait (book_t *book)
{
    if (!log_busy (book->log) && log_gathered (book->log) == 0)
        return 0;
    if (book->step == STEP_TAKEN) { // the log will not be where it would have been
        book->slots.checkpoint.generation--;
        book->step = STEP_WANTED;
    }
    return sound (book) == -1 || log_wait (book->log) == -1 ? -1 : write_archive (book);
}

int book_descriptors (book_t *book, int *descriptors)
{
    int count = 0;
    file_t *file = NULL;
    if (log_busy (book->log) && log_descriptor (book->log) != -1)
        descriptors[count++] = log_descriptor (book->log);
    if (book->step == STEP_CSV)
        file = book->files[CSV_FILE];
    else if (book->step == STEP_INDEX)
        file = book->files[INDEX_FILE];
    else if (book->step == STEP_SLOT)
        file = book->files[slot_of (book)];
    if (file && file->ops->sync_descriptor (file) != -1)
        descriptors[count++] = file->ops->sync_descriptor (file);
    return count;
}

void book_failure (const book_t *book, char *why)
{
    const int error = errno;
    const file_t *file = book->archive ? archive_failed (book->archive) : NULL;
    for (int i = 0; i < FILES && !(file && file->failed); i++)
        file = book->files[i] ? book->files[i] : file;
    assert (file);
    const char *what = file->failed ? file->failed : "cannot be written";
    if (error == EBADMSG) // it was read, and is not what was written
        snprintf (why, BOOK_WHY_BYTES, "%s/%s: %s", book->directory, file->name, what);
    else
        snprintf (why, BOOK_WHY_BYTES, "%s/%s %s, %s", book->directory, file->name,
                  what, strerror (error));
}

archive_t *book_archive (book_t *book)
{
    return book->archive;
}

/* ---- Opening ---- */

/* Whose lock has the log has the day. */
static int open_files (book_t *book, bool *fresh, char *why)
{
    bool there[FILES];
    if (refuse_old (book, why) == -1 || look (book, there, why) == -1 ||
        (there[LOG_FILE] && take (book, LOG_FILE, FILE_EXISTING, why) == -1) ||
        look (book, there, why) == -1) // what was waited for may have made the rest
        return -1;
    const int begun = unfinished (book, there, why);
    if (begun == -1)
        return -1;
    *fresh = begun;
    if (!*fresh && check_all_there (book, there, why) == -1)
        return -1;
    const int last = *fresh ? CSV_FILE : SLOT_B;
    for (int i = LOG_FILE; i <= last; i++)
        if (!book->files[i] &&
            take (book, i, *fresh ? FILE_WRITE : FILE_EXISTING, why) == -1)
            return -1;
    return 0;
}

static int check_all_there (const book_t *book, const bool *there, char *why)
{
    char missing[128] = "";
    for (int i = 0; i < FILES; i++)
        if (!there[i]) {
            const size_t size = strlen (missing);
            snprintf (missing + size, sizeof missing - size, "%s%s", size ? ", " : "",
                      names[i]);
        }
    return missing[0] ? refuse (book, why, 0,
                                "%s: not there, though other files of a day are; take "
                                "all of them from one copy, or an empty directory",
                                missing)
                      : 0;
}

static int refuse_old (book_t *book, char *why)
{
    const char *name;
    const int there = book_old_file (book->directory, &name);
    if (there == 0)
        return 0;
    return there == 1 ? refuse (book, why, 0, "%s: " BOOK_OLD_WHY, name)
                      : refuse (book, why, errno, "%s: %s", name, strerror (errno));
}

int book_old_file (const char *directory, const char **name)
{
    static const char *const old[] = {"bets.journal", "draw.journal"};
    int there = 0;
    for (size_t i = 0; i < 2 && there == 0; i++) {
        *name = old[i];
        there = file_there (directory, old[i]);
    }
    return there;
}

static int look (book_t *book, bool *there, char *why)
{
    for (int i = 0; i < FILES; i++) {
        const int found = file_there (book->directory, names[i]);
        if (found == -1)
            return refuse (book, why, errno, "%s: %s", names[i], strerror (errno));
        there[i] = found;
    }
    return 0;
}

/* Whether this is what a crash may have left of a day's beginning, or nothing at all:
   nothing was served before the second checkpoint was there. -1 when it cannot be read.
 */
static int unfinished (book_t *book, const bool *there, char *why)
{
    if (there[SLOT_B])
        return 0;
    const int rows = there[CSV_FILE] ? longer (book, CSV_FILE, 0, why) : 0;
    if (rows != 0)
        return rows == -1 ? -1 : 0;
    const int records =
        there[INDEX_FILE] ? longer (book, INDEX_FILE, ARCHIVE_HEADER_BYTES, why) : 0;
    if (records != 0)
        return records == -1 ? -1 : 0;
    uint64_t generation = 0; // of a first checkpoint that is whole
    if (there[SLOT_A] && first_checkpoint (book, &generation, why) == -1)
        return -1;
    if (generation > 1)
        return 0;
    if (!there[LOG_FILE] || (generation > 0 && !(there[CSV_FILE] && there[INDEX_FILE])))
        return generation == 0; // these were there before a checkpoint was
    return log_blank (book, why);
}

/* Whether the log has not had a group yet, and perhaps not even its header: 1, or 0.
   What is no log of ours is somebody's. -1 when it cannot be read. */
static int log_blank (book_t *book, char *why)
{
    static const uint8_t magic[] = {'L', 'O', 'T', 'E', 'R', 'I',
                                    'A', ' ', 'L', 'O', 'G'};
    static const uint8_t nothing[sizeof magic];
    static const uint8_t group[] = {0xFF, 'L', 'O', 'T', 'E', 'R', 'I', 'A'};
    uint8_t head[sizeof magic] = {0}, first[sizeof group] = {0};
    file_t *file = book->files[LOG_FILE];
    if (file->ops->read (file, head, sizeof head, 0) == -1 ||
        file->ops->read (file, first, sizeof first, LOG_PAGE_BYTES) == -1)
        return failed (book, why);
    return (memcmp (head, magic, sizeof magic) == 0 ||
            memcmp (head, nothing, sizeof nothing) == 0) &&
           memcmp (first, group, sizeof group) != 0;
}

static int first_checkpoint (book_t *book, uint64_t *generation, char *why)
{
    char reason[LOG_WHY_BYTES];
    file_t *file =
        file_open (book->directory, CHECKPOINT_A, FILE_PEEK, why, BOOK_WHY_BYTES);
    if (!file)
        return -1;
    const int rc = slots_generation (file, generation, reason);
    const int error = errno;
    file_close (&file);
    return rc == -1 ? refuse (book, why, error, "%s", reason) : 0;
}

static int longer (book_t *book, int which, int64_t size_max, char *why)
{
    file_t *file =
        file_open (book->directory, names[which], FILE_PEEK, why, BOOK_WHY_BYTES);
    if (!file)
        return -1;
    const int64_t size = file->ops->size (file);
    const int error = errno;
    file_close (&file);
    return size == -1 ? refuse (book, why, error, "%s: cannot be read, %s",
                                names[which], strerror (error))
                      : size > size_max;
}

static int take (book_t *book, int which, file_mode_t mode, char *why)
{
    book->files[which] =
        file_take (book->directory, names[which], mode, why, BOOK_WHY_BYTES);
    return book->files[which] ? 0 : -1;
}

/* The slots come last, one after the other, each safe before anything follows: a first
   one that an attempt before left goes first of all. */
static int begin_day (book_t *book, const log_options_t *options, char *why)
{
    uint64_t identity = 0;
    file_t *log = book->files[LOG_FILE];
    const int begun = file_there (book->directory, CHECKPOINT_A);
    if (begun == -1)
        return refuse (book, why, errno, "%s: %s", CHECKPOINT_A, strerror (errno));
    if (begun) {
        if (take (book, SLOT_A, FILE_WRITE, why) == -1)
            return -1;
        file_t *slot = book->files[SLOT_A];
        if (slot->ops->truncate (slot, 0) == -1 || slot->ops->sync (slot) == -1)
            return failed (book, why);
    }
    while (identity == 0)
        if (getrandom (&identity, sizeof identity, 0) != sizeof identity)
            return failed (book, why);
    if (archive_create (book->archive, identity) == -1 ||
        log->ops->truncate (log, 0) == -1)
        return failed (book, why);
    char reason[LOG_WHY_BYTES];
    book->log = log_new (log, identity, options, reason);
    if (!book->log)
        return refuse (book, why, errno, "%s", reason);
    book->slots.checkpoint.identity = identity;
    for (int i = SLOT_A; i <= SLOT_B; i++) {
        if (!book->files[i] && take (book, i, FILE_WRITE, why) == -1)
            return -1;
        if (make_checkpoint (book) == -1)
            return failed (book, why);
    }
    return 0;
}

static int recover (book_t *book, char *why)
{
    opening_t opening = {.book = book};
    char reason[LOG_WHY_BYTES];
    if (read_checkpoint (book, why) == -1 || check_rows (book, why) == -1)
        return -1;
    const checkpoint_t *checkpoint = &book->slots.checkpoint;
    book->log = log_open (book->files[LOG_FILE], checkpoint->identity,
                          &checkpoint->mark, found_record, &opening, reason);
    if (!book->log)
        return refuse (book, why, errno, "%s", reason);
    return check_tail (book, why) == -1 ? -1 : put_right (book, why);
}

static int read_checkpoint (book_t *book, char *why)
{
    char reason[LOG_WHY_BYTES];
    const checkpoint_t *checkpoint = &book->slots.checkpoint;
    int rc = slots_read (book->files[SLOT_A], book->files[SLOT_B], &book->slots,
                         book->cursors, reason);
    if (rc == 0) {
        const archive_end_t end = {.identity = checkpoint->identity,
                                   .records = (uint32_t) checkpoint->index_records,
                                   .bytes = checkpoint->csv_bytes};
        rc = archive_open (book->archive, &end, reason);
    }
    if (rc == -1)
        return refuse (book, why, errno, "%s", reason);
    book->recovery.torn_checkpoint = book->slots.torn;
    book->epoch = checkpoint->epoch;
    book->last_event = checkpoint->last_event;
    book->events = checkpoint->events;
    encode_cursors (book); // before the log moves them on: see put_right
    return 0;
}

/* That bets.csv is this day's: its last rows below the mark are looked at. Anything
   else in it is, when it is read. */
static int check_rows (book_t *book, char *why)
{
    record_t record;
    const uint32_t last = cursors_last (book->cursors);
    if (last == 0)
        return 0;
    uint8_t *rows = malloc (STORE_BYTES_MAX);
    assert (rows);
    int rc = archive_read (book->archive, last - 1, 1, &record) == 1 ? 0 : -1;
    if (rc == 0)
        rc = archive_read_rows (book->archive, &record, 1, rows);
    free (rows);
    return rc == -1 ? failed (book, why) : 0;
}

static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why)
{
    opening_t *opening = context;
    book_t *book = opening->book;
    const char *reason = NULL;
    const bool event = record_is_event (record->kind);
    if (record->kind != RECORD_REGISTERED &&
        record->draw != book->slots.checkpoint.identity)
        reason = "it is of another day";
    else if (record->position != archive_end (book->archive)->bytes)
        reason = "its rows do not follow those before";
    else if (event && record->previous != book->last_event)
        reason = "it does not follow the draw's event before";
    if (reason) {
        snprintf (why, LOG_WHY_BYTES, "%s", reason);
        return -1;
    }
    if (cursors_accept (book->cursors, record, rows, why) == -1)
        return -1;
    archive_append (book->archive, bytes, rows);
    note (book, book_records (book), record);
    book->recovery.replayed++;
    return 0;
}

/* No crash leaves what is refused here. */
static int check_tail (book_t *book, char *why)
{
    char reason[ARCHIVE_WHY_BYTES];
    return archive_check_tail (book->archive, reason) == -1
               ? refuse (book, why, errno, "%s", reason)
               : 0;
}

/* From here on files are changed. After a sync that failed the page cache may show what
   the disk has not: so the checkpoint and the log's last group, by which everything
   else was found, are written once more, as they are, and synced; and all that is made
   from the log is written anew, whatever is there. */
static int put_right (book_t *book, char *why)
{
    book_recovery_t *recovery = &book->recovery;
    recovery->torn = log_torn (book->log);
    file_t *slot = book->files[slot_of (book)];
    errno = 0;
    if (write_slot (book) == -1 || slot->ops->sync (slot) == -1 ||
        log_settle (book->log) == -1)
        return failed (book, why);
    if (archive_reserve (book->archive, 0, 0) == -1) {
        if (!file_full (errno))
            return failed (book, why);
        snprintf (
            why, BOOK_WHY_BYTES,
            "%s: the disk is full, there is no room to complete %s and %s from %s",
            book->directory, BOOK_CSV, BOOK_INDEX, BOOK_LOG);
        return -1;
    }
    if (archive_compare (book->archive, &recovery->index_other, &recovery->csv_other) ==
            -1 ||
        archive_write (book->archive) == -1 ||
        archive_cut (book->archive, &recovery->index_cut, &recovery->csv_cut) == -1)
        return failed (book, why);
    const bool changed = recovery->replayed > 0 || recovery->index_cut > 0 ||
                         recovery->csv_cut > 0 || recovery->torn_checkpoint ||
                         recovery->index_other > 0 || recovery->csv_other > 0;
    book->hinted = book_bytes (book);
    return changed && make_checkpoint (book) == -1 ? failed (book, why) : 0;
}

/* What a draw takes is reserved before anything else is, if there is room. */
static int reserve_ahead (book_t *book, char *why)
{
    if ((archive_reserve (book->archive, 0, REGISTRATIONS) == -1 ||
         reserve_slots (book) == -1) &&
        !file_full (errno))
        return failed (book, why);
    return 0;
}

/* A record that is part of the day from here on. */
static void note (book_t *book, uint64_t sequence, const record_t *record)
{
    cursors_apply (book->cursors, sequence, record);
    if (record->kind == RECORD_REGISTERED)
        book->epoch = sequence;
    else if (record->kind != RECORD_BETS) {
        book->last_event = sequence;
        book->events++;
    }
}

/* ---- Checkpoints ---- */

static int sync_projections (book_t *book)
{
    for (int i = INDEX_FILE; i <= CSV_FILE; i++)
        if (book->files[i]->ops->sync (book->files[i]) == -1)
            return -1;
    return 0;
}

/* One step of the checkpoint that is wanted or being made, if it can be taken now. */
static int go_on (book_t *book)
{
    int over = 1;
    switch (book->step) {
    case STEP_NONE:
        return 0;
    case STEP_WANTED:
        if (log_busy (book->log) || log_gathered (book->log) > 0)
            return 0;
        take_checkpoint (book);
        return go_on (book);
    case STEP_TAKEN:
        if (log_busy (book->log))
            return 0;
        book->slots.checkpoint.mark = log_mark (book->log);
        assert (book->slots.checkpoint.mark.sequence ==
                book->slots.checkpoint.index_records);
        return start_sync (book, CSV_FILE, STEP_CSV);
    case STEP_CSV:
        over = sync_done (book, CSV_FILE);
        return over == 1 ? start_sync (book, INDEX_FILE, STEP_INDEX) : over;
    case STEP_INDEX:
        over = sync_done (book, INDEX_FILE);
        if (over != 1)
            return over;
        return write_slot (book) == -1 ? -1
                                       : start_sync (book, slot_of (book), STEP_SLOT);
    case STEP_SLOT:
        over = sync_done (book, slot_of (book));
        if (over == 1)
            checkpoint_done (book);
        return over;
    }
    assert (false);
    return -1;
}

/* As things are now: all that is written and nothing that is gathered. Where the log
   will be then is known once the group under way is safe. */
static void take_checkpoint (book_t *book)
{
    checkpoint_t *checkpoint = &book->slots.checkpoint;
    const archive_end_t *written = archive_written (book->archive);
    assert (log_sequence (book->log) == written->records);
    checkpoint->generation++;
    checkpoint->index_records = written->records;
    checkpoint->csv_bytes = written->bytes;
    checkpoint->epoch = book->epoch;
    checkpoint->last_event = book->last_event;
    checkpoint->events = book->events;
    checkpoint->cursors = cursors_recorded (book->cursors);
    encode_cursors (book);
    book->step = STEP_TAKEN;
}

static void encode_cursors (book_t *book)
{
    const size_t count = cursors_recorded (book->cursors);
    free (book->encoded);
    book->encoded = malloc (count * CHECKPOINT_CURSOR_MAX + 1);
    assert (book->encoded);
    book->encoded_size =
        (size_t) (cursors_put (book->cursors, book->encoded) - book->encoded);
}

static int start_sync (book_t *book, int which, step_t step)
{
    file_t *file = book->files[which];
    book->step = step;
    return file->ops->sync_start (file);
}

static int sync_done (book_t *book, int which)
{
    file_t *file = book->files[which];
    return file->ops->sync_done (file);
}

static int write_slot (book_t *book)
{
    return slots_write (&book->slots, &book->files[SLOT_A],
                        bytes_of (book->encoded, book->encoded_size));
}

static void checkpoint_done (book_t *book)
{
    const int rc = log_release (book->log, &book->slots.checkpoint.mark);
    assert (rc == 0);
    free (book->encoded);
    book->encoded = NULL;
    book->step = STEP_NONE;
}

/* The one that is being made, if any, here and now. */
static int finish_checkpoint (book_t *book)
{
    if (book->step == STEP_NONE || book->step == STEP_WANTED) {
        book->step = STEP_NONE;
        return 0;
    }
    if (book->step == STEP_TAKEN)
        book->slots.checkpoint.mark = log_mark (book->log);
    file_t *slot = book->files[slot_of (book)];
    if (book->step < STEP_SLOT &&
        (sync_projections (book) == -1 || write_slot (book) == -1))
        return -1;
    if (slot->ops->sync (slot) == -1)
        return -1;
    checkpoint_done (book);
    return 0;
}

/* A whole one, here and now: nothing is gathered or under way. */
static int make_checkpoint (book_t *book)
{
    take_checkpoint (book);
    return finish_checkpoint (book);
}

static int slot_of (const book_t *book)
{
    return SLOT_A + slots_place (book->slots.checkpoint.generation);
}

/* So that a checkpoint of all agencies, and one more, does not want for space. */
static int reserve_slots (book_t *book)
{
    const uint32_t recorded = cursors_recorded (book->cursors);
    const uint32_t expected = recorded > book->agencies ? recorded : book->agencies;
    if (expected < book->slot_cursors)
        return 0;
    const uint32_t cursors = expected + SLOT_CURSORS_STEP;
    const uint64_t size = CHECKPOINT_BYTES + (uint64_t) cursors * CHECKPOINT_CURSOR_MAX;
    for (int i = SLOT_A; i <= SLOT_B; i++)
        if (book->files[i]->ops->reserve (book->files[i], size) == -1)
            return -1;
    book->slot_cursors = cursors;
    return 0;
}

/* Whether somebody took a file away, or cut it. */
static int sound (book_t *book)
{
    if (log_sound (book->log) == -1 || archive_sound (book->archive) == -1)
        return -1;
    for (int i = SLOT_A; i <= SLOT_B; i++) {
        file_t *file = book->files[i];
        if (file->ops->sound (file, book->slots.bytes[i - SLOT_A]) == -1)
            return -1;
    }
    return 0;
}

/* `error` is 0 when the files are not what they should be: nothing that may pass. */
static int refuse (const book_t *book, char *why, int error, const char *format, ...)
{
    const int size = snprintf (why, BOOK_WHY_BYTES / 2, "%s/", book->directory);
    const size_t at =
        size < BOOK_WHY_BYTES / 2 ? (size_t) size : BOOK_WHY_BYTES / 2 - 1;
    va_list values;
    va_start (values, format);
    vsnprintf (why + at, BOOK_WHY_BYTES - at, format, values);
    va_end (values);
    errno = error;
    return -1;
}

/* An operation failed. */
static int failed (book_t *book, char *why)
{
    const int error = errno ? errno : EIO;
    errno = error;
    book_failure (book, why);
    errno = error == EBADMSG ? 0 : error; // that does not pass
    return -1;
}

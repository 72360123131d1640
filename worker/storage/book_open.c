/* book_open.c - a start: the files of a log are found sound, or refused; and what a
   crash has left of them is put right from the log. Storage. */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "book_state.h"

static int open_files (book_t *book, bool *fresh, char *why);
static int check_all_there (const book_t *book, const bool *there, char *why);
static int refuse_old (book_t *book, char *why);
static int refuse_directory (const book_t *book, char *why);
static int only_one_csv (const char *directory, const char **name);
static int look (book_t *book, bool *there, char *why);
static int unfinished (book_t *book, const bool *there, char *why);
static int log_blank (book_t *book, char *why);
static int first_checkpoint (book_t *book, uint64_t *generation, char *why);
static int longer (book_t *book, int which, int64_t size_max, char *why);
static int take (book_t *book, int which, file_mode_t mode, char *why);
static int begin_day (book_t *book, const log_options_t *options, char *why);
static int recover (book_t *book, char *why);
static int read_checkpoint (book_t *book, char *why);
static int read_draws (book_t *book, char *why);
static int check_rows (book_t *book, sale_t *sale, char *why);
static sale_t *open_again (book_t *book, uint64_t sequence, const record_t *opened,
                           char *why);
static sale_t *sale_of (book_opening_t *opening, const record_t *record, char *why);
static int make_folders (book_t *book);
static int reserve_found (book_t *book);
static int cut_tails (book_t *book);
static int reserve_ahead (book_t *book, char *why);
static int refuse (const book_t *book, char *why, int error, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

book_t *book_open (const char *directory, const log_options_t *options, sales_t *sales,
                   char *why)
{
    book_t *book = calloc (1, sizeof *book);
    assert (book);
    book->directory = directory;
    book->sales = sales;
    book->folders = folders_new (directory, false);
    book->engine = options->engine;
    book->checkpoint_bytes = CHECKPOINT_LOG_BYTES;
    if (options->segment_bytes > 0 && options->segment_bytes < CHECKPOINT_LOG_BYTES)
        book->checkpoint_bytes = options->segment_bytes;
    why[0] = 0;
    errno = 0;
    int rc = open_files (book, &book->recovery.fresh, why);
    if (rc == 0) {
        book->archive = archive_new (book->files[INDEX_FILE], book->folders);
        rc =
            book->recovery.fresh ? begin_day (book, options, why) : recover (book, why);
    }
    if (rc == 0 && book->engine)
        rc = book_follow_all (book, options->epoch, why);
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
    const int last = *fresh ? INDEX_FILE : SLOT_B;
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
                      book_names[i]);
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
    const int format = book_old_file (book->directory, &name);
    if (format == 0)
        return 0;
    return format > 0 ? refuse (book, why, 0, "%s: " BOOK_OLD_WHY, name, format)
                      : refuse_directory (book, why);
}

/* What the first look into it failed with. */
static int refuse_directory (const book_t *book, char *why)
{
    const int error = errno;
    snprintf (why, BOOK_WHY_BYTES, "%.*s: %s", BOOK_WHY_BYTES / 2, book->directory,
              strerror (error));
    errno = error;
    return -1;
}

int book_old_file (const char *directory, const char **name)
{
    static const char *const old[] = {"bets.journal", "draw.journal"};
    int there = 0;
    for (size_t i = 0; i < 2 && there == 0; i++) {
        *name = old[i];
        there = file_there (directory, old[i]);
    }
    return there == 1 ? 2 : there == 0 ? only_one_csv (directory, name) : -1;
}

/* The version before this one had one draw, whose bets.csv was no link. */
static int only_one_csv (const char *directory, const char **name)
{
    *name = BOOK_CSV;
    const int there = file_there (directory, BOOK_CSV);
    const int folders = there == 1 ? file_there (directory, FOLDERS_ALL) : 0;
    if (there != 1 || folders != 0)
        return there == -1 || folders == -1 ? -1 : 0;
    const int link = file_leads_to (directory, BOOK_CSV, NULL);
    return link == -1 ? -1 : link ? 0 : 3;
}

static int look (book_t *book, bool *there, char *why)
{
    for (int i = 0; i < FILES; i++) {
        const int found = file_there (book->directory, book_names[i]);
        if (found == -1)
            return refuse (book, why, errno, "%s: %s", book_names[i], strerror (errno));
        there[i] = found;
    }
    return 0;
}

/* Whether this is what a crash may have left of a log's beginning, or nothing at all:
   nothing was served before the second checkpoint was there. -1 when it cannot be read.
 */
static int unfinished (book_t *book, const bool *there, char *why)
{
    if (there[SLOT_B])
        return 0;
    const int draws = file_there (book->directory, FOLDERS_ALL);
    if (draws != 0)
        return draws == 1
                   ? 0
                   : refuse (book, why, errno, "%s: %s", FOLDERS_ALL, strerror (errno));
    const int records =
        there[INDEX_FILE] ? longer (book, INDEX_FILE, ARCHIVE_HEADER_BYTES, why) : 0;
    if (records != 0)
        return records == -1 ? -1 : 0;
    uint64_t generation = 0; // of a first checkpoint that is whole
    if (there[SLOT_A] && first_checkpoint (book, &generation, why) == -1)
        return -1;
    if (generation > 1)
        return 0;
    if (!there[LOG_FILE] || (generation > 0 && !there[INDEX_FILE]))
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
    static const uint8_t away[] = {'L', 'O', 'T', 'E', 'R', 'I',
                                   'A', ' ', 'E', 'N', 'G'};
    static const uint8_t group[] = {0xFF, 'L', 'O', 'T', 'E', 'R', 'I', 'A'};
    uint8_t head[sizeof magic] = {0}, first[sizeof group] = {0};
    file_t *file = book->files[LOG_FILE];
    if (file->ops->read (file, head, sizeof head, 0) == -1 ||
        file->ops->read (file, first, sizeof first, LOG_PAGE_BYTES) == -1)
        return book_start_failed (book, why);
    return (memcmp (head, magic, sizeof magic) == 0 ||
            memcmp (head, away, sizeof away) == 0 ||
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
        file_open (book->directory, book_names[which], FILE_PEEK, why, BOOK_WHY_BYTES);
    if (!file)
        return -1;
    const int64_t size = file->ops->size (file);
    const int error = errno;
    file_close (&file);
    return size == -1 ? refuse (book, why, error, "%s: cannot be read, %s",
                                book_names[which], strerror (error))
                      : size > size_max;
}

static int take (book_t *book, int which, file_mode_t mode, char *why)
{
    book->files[which] =
        file_take (book->directory, book_names[which], mode, why, BOOK_WHY_BYTES);
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
            return book_start_failed (book, why);
    }
    if (book->engine)
        identity = book->engine->identity;
    while (identity == 0)
        if (getrandom (&identity, sizeof identity, 0) != sizeof identity)
            return book_start_failed (book, why);
    if (archive_create (book->archive, identity) == -1 ||
        log->ops->truncate (log, 0) == -1)
        return book_start_failed (book, why);
    char reason[LOG_WHY_BYTES];
    if (!book->engine)
        book->log = log_new (log, identity, options, reason);
    else if (log_engine_sign (log, identity) == -1)
        return book_start_failed (book, why);
    else
        book->log = log_engine_open (book->engine, log, identity, NULL, reason);
    if (!book->log)
        return refuse (book, why, errno, "%s", reason);
    book->slots.checkpoint.identity = identity;
    for (int i = SLOT_A; i <= SLOT_B; i++) {
        if (!book->files[i] && take (book, i, FILE_WRITE, why) == -1)
            return -1;
        if (book_make_checkpoint (book) == -1)
            return book_start_failed (book, why);
    }
    return 0;
}

static int recover (book_t *book, char *why)
{
    book_opening_t opening = {.book = book};
    char reason[LOG_WHY_BYTES];
    if (read_checkpoint (book, why) == -1)
        return -1;
    const checkpoint_t *checkpoint = &book->slots.checkpoint;
    if (book->engine) {
        book->log = log_engine_open (book->engine, book->files[LOG_FILE],
                                     checkpoint->identity, &checkpoint->mark, reason);
        return book->log ? 0 : refuse (book, why, errno, "%s", reason);
    }
    book->log = log_open (book->files[LOG_FILE], checkpoint->identity,
                          &checkpoint->mark, book_found_record, &opening, reason);
    if (!book->log)
        return refuse (book, why, opening.error ? opening.error : errno, "%s", reason);
    return book_check_tail (book, why) == -1 ? -1 : book_put_right (book, why);
}

static int read_checkpoint (book_t *book, char *why)
{
    char reason[LOG_WHY_BYTES];
    const checkpoint_t *checkpoint = &book->slots.checkpoint;
    int rc =
        slots_read (book->files[SLOT_A], book->files[SLOT_B], &book->slots, reason);
    if (rc == 0) {
        const archive_end_t end = {.identity = checkpoint->identity,
                                   .records = (uint32_t) checkpoint->index_records};
        rc = archive_open (book->archive, &end, reason);
    }
    if (rc == -1)
        return refuse (book, why, errno, "%s", reason);
    book->recovery.torn_checkpoint = book->slots.torn;
    book->epoch = checkpoint->epoch;
    book->last_opened = checkpoint->last_opened;
    rc = read_draws (book, why);
    slots_forget (&book->slots);
    book_encode (book); // before the log moves them on: see book_put_right
    return rc;
}

/* Each draw that the checkpoint has, with its cursors; and what its files have to show
   for it. */
static int read_draws (book_t *book, char *why)
{
    const char *name = checkpoint_slot (book->slots.checkpoint.generation);
    checkpoint_rest_t *rest = &book->slots.rest;
    checkpoint_draw_t entry;
    while (checkpoint_get_draw (&rest->draws, &entry) == 0) {
        record_t opened = {0};
        if (book_read (book, entry.opened, &opened) == -1)
            return book_start_failed (book, why);
        sale_t *sale = sale_restore (&entry, &opened, sales_held_bytes (book->sales));
        if (!sale || sales_find (book->sales, entry.identity) ||
            sales_named (book->sales, record_name (&opened)) ||
            sale_restore_cursors (sale, entry.cursors, &rest->cursors) == -1) {
            sale_destroy (&sale);
            return refuse (book, why, 0,
                           "%s: what it says of draw %.*s contradicts itself, or %s",
                           name, (int) record_name (&opened).size,
                           (const char *) record_name (&opened).data, BOOK_INDEX);
        }
        book_adopt (book, sale, false);
        if (check_rows (book, sale, why) == -1)
            return -1;
    }
    return 0;
}

/* That the files are there, and this draw's: the last rows of bets.csv below the mark
   are looked at. Anything else in them is, when it is read. */
static int check_rows (book_t *book, sale_t *sale, char *why)
{
    char reason[FOLDERS_WHY_BYTES];
    record_t record;
    const uint32_t last = (uint32_t) cursors_last (sale->cursors);
    if (folder_check (sale->folder, reason) == -1)
        return refuse (book, why, errno, "%s", reason);
    if (last == 0)
        return 0;
    uint8_t *rows = malloc (STORE_BYTES_MAX);
    assert (rows);
    int rc = book_read (book, last, &record);
    if (rc == 0)
        rc = archive_read_rows (book->archive, sale->folder, &record, 1, rows);
    free (rows);
    return rc == -1 ? book_start_failed (book, why) : 0;
}

int book_found_record (void *context, const record_t *record, const uint8_t *bytes,
                       bytes_t rows, char *why)
{
    book_opening_t *opening = context;
    book_t *book = opening->book;
    const uint64_t sequence = (uint64_t) book_records (book) + 1;
    sale_t *sale = NULL;
    if (record->kind == RECORD_OPENED)
        sale = open_again (book, sequence, record, why);
    else if (record->kind != RECORD_REGISTERED)
        sale = sale_of (opening, record, why);
    if (!sale && record->kind != RECORD_REGISTERED)
        return -1;
    const bytes_t given = rows.data ? rows : bytes_of ("", 0);
    if (sale && record->kind != RECORD_OPENED &&
        sale_accept (sale, record, given, why) == -1)
        return -1;
    archive_append (book->archive, sale ? sale->folder : NULL,
                    sale_rows_of (record->kind), bytes, rows);
    book_note_record (book, sale, sequence, record);
    book->recovery.replayed++;
    return 0;
}

/* The log says that a draw was opened: NULL when it cannot be so. */
static sale_t *open_again (book_t *book, uint64_t sequence, const record_t *opened,
                           char *why)
{
    if (sales_find (book->sales, opened->draw) ||
        sales_named (book->sales, record_name (opened)) || opened->position != 0 ||
        opened->previous != 0) {
        snprintf (why, LOG_WHY_BYTES,
                  "it opens a draw that was opened before, or not as draws are");
        return NULL;
    }
    sale_t *sale = sale_new (sequence, opened, sales_held_bytes (book->sales));
    book_adopt (book, sale, true);
    return sale;
}

/* The draw that a record in the log is about. One that was put away when the checkpoint
   was made, and was used again, is brought back; if its `archived` is of later than
   this record, it does not fit the index as it is so far, and is made again from that.
 */
static sale_t *sale_of (book_opening_t *opening, const record_t *record, char *why)
{
    book_t *book = opening->book;
    char name[DRAW_NAME_BYTES_MAX + 1], reason[BOOK_WHY_BYTES];
    sale_t *sale = sales_find (book->sales, record->draw);
    snprintf (why, LOG_WHY_BYTES, "it is of a draw that is not there");
    if (!sale && record_is_event (record->kind) &&
        book_name_of (book, record, name) == 0) {
        const book_found_t found =
            book_find (book, bytes_of (name, strlen (name)), &sale, reason);
        if (found == BOOK_UNREAD)
            opening->error = errno;
        if (found == BOOK_DAMAGED)
            snprintf (why, LOG_WHY_BYTES, "%.400s", reason);
        if (found != BOOK_FOUND || sale->identity != record->draw)
            return NULL;
    }
    return sale;
}

/* No crash leaves what is refused here. */
int book_check_tail (book_t *book, char *why)
{
    char reason[ARCHIVE_WHY_BYTES];
    if (archive_check_tail (book->archive, reason) == -1)
        return refuse (book, why, errno, "%s", reason);
    for (size_t i = 0; i < sales_count (book->sales); i++)
        if (folder_check_tail (sales_at (book->sales, i)->folder, reason) == -1)
            return refuse (book, why, errno, "%s", reason);
    return 0;
}

/* From here on files are changed. After a sync that failed the page cache may show what
   the disk has not: so the checkpoint and the log's last group, by which everything
   else was found, are written once more, as they are, and synced; and all that is made
   from the log is written anew, whatever is there. */
int book_put_right (book_t *book, char *why)
{
    book_recovery_t *recovery = &book->recovery;
    recovery->torn = log_torn (book->log);
    file_t *slot = book->files[book_slot_of (book)];
    errno = 0;
    if (book_write_slot (book) == -1 || slot->ops->sync (slot) == -1 ||
        log_settle (book->log) == -1)
        return book_start_failed (book, why);
    return book_complete (book, why);
}

int book_complete (book_t *book, char *why)
{
    book_recovery_t *recovery = &book->recovery;
    errno = 0;
    if (book_make_room (book) == -1) {
        if (!file_full (errno))
            return book_start_failed (book, why);
        snprintf (
            why, BOOK_WHY_BYTES,
            "%s: the disk is full, there is no room to complete %s and the draws' "
            "files from %s",
            book->directory, BOOK_INDEX, book->engine ? "the log" : BOOK_LOG);
        return -1;
    }
    if (archive_compare (book->archive, &recovery->index_other,
                         &recovery->rows_other) == -1 ||
        archive_write (book->archive) == -1 || cut_tails (book) == -1)
        return book_start_failed (book, why);
    const bool changed = recovery->replayed > 0 || recovery->index_cut > 0 ||
                         recovery->rows_cut > 0 || recovery->torn_checkpoint ||
                         recovery->index_other > 0 || recovery->rows_other > 0;
    return changed && book_make_checkpoint (book) == -1 ? book_start_failed (book, why)
                                                        : 0;
}

int book_make_room (book_t *book)
{
    return make_folders (book) == -1 ? -1 : reserve_found (book);
}

/* Of draws that the log says were opened, in case they are not there; and the link to
   the last one's bets. */
static int make_folders (book_t *book)
{
    const uint64_t below = book->slots.checkpoint.mark.sequence;
    record_t opened;
    char name[DRAW_NAME_BYTES_MAX + 1] = "";
    for (size_t i = 0; i < sales_count (book->sales); i++) {
        sale_t *sale = sales_at (book->sales, i);
        if (sale->opened > below && folder_make (sale->folder) == -1)
            return -1;
    }
    if (book->last_opened == 0)
        return 0;
    if (book_read (book, book->last_opened, &opened) == -1)
        return -1;
    put_bytes ((uint8_t *) name, record_name (&opened));
    return folders_lead (book->folders, name);
}

/* Room for what the log has and the files do not. */
static int reserve_found (book_t *book)
{
    for (size_t i = 0; i < sales_count (book->sales); i++) {
        folder_t *folder = sales_at (book->sales, i)->folder;
        for (int which = 0; which < DRAW_ROWS; which++)
            if (folder_end (folder, which) > folder_written (folder, which) &&
                folder_reserve (folder, which, 0) == -1)
                return -1;
    }
    return archive_reserve (book->archive, NULL, ROWS_NONE, 0, 0);
}

static int cut_tails (book_t *book)
{
    book_recovery_t *recovery = &book->recovery;
    for (size_t i = 0; i < sales_count (book->sales); i++)
        if (folder_cut (sales_at (book->sales, i)->folder, &recovery->rows_cut) == -1)
            return -1;
    return archive_cut (book->archive, &recovery->index_cut);
}

/* What draws take is reserved before anything else is, if there is room. */
static int reserve_ahead (book_t *book, char *why)
{
    if (book_reserve (book, NULL, RECORD_REGISTERED, 0, BOOK_REGISTRATION) !=
        BOOK_FAILED)
        return 0;
    return book_start_failed (book, why);
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
int book_start_failed (book_t *book, char *why)
{
    const int error = errno ? errno : EIO;
    errno = error;
    book_failure (book, why);
    errno = error == EBADMSG ? 0 : error; // that does not pass
    return -1;
}

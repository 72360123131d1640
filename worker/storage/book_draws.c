/* book_draws.c - draws by name: those that are live, and those that are over and were
   put away. Storage. */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "book_state.h"
#include "draw_name.h"
#include "fair_paper.h"

static book_found_t find (book_t *book, bytes_t name, sale_t **sale, char *why);
static int note_on_paper (book_t *book, sale_t *sale, const record_t *record,
                          uint8_t *note);
static int save (book_t *book, sale_t *sale);
static int save_bytes (book_t *book, const char *draw, bytes_t bytes);
static int write_new (file_t *file, bytes_t bytes);
static sale_t *bring_back (book_t *book, const char *draw, char *why);
static uint8_t *read_archived (book_t *book, const char *draw, size_t *size, char *why);
static sale_t *restore (book_t *book, const char *draw, bytes_t bytes, char *why);
static bool same_events (book_t *book, const sale_t *sale);
static book_found_t make_again (book_t *book, const char *draw, sale_t **sale,
                                char *why);
static int take_again (book_t *book, const char *draw, sale_t **sale, uint64_t sequence,
                       const record_t *record, char *why);
static sale_t *refuse (char *why, const char *draw, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

book_found_t book_find (book_t *book, bytes_t name, sale_t **sale, char *why)
{
    const book_found_t found = find (book, name, sale, why);
    if (found != BOOK_UNREAD) { // what failed is told, and no more than this draw's
        archive_forgive (book->archive);
        folders_forgive (book->folders);
    }
    return found;
}

static book_found_t find (book_t *book, bytes_t name, sale_t **sale, char *why)
{
    char draw[DRAW_NAME_BYTES_MAX + 1] = "", path[FOLDERS_PATH_BYTES];
    why[0] = 0;
    *sale = sales_named (book->sales, name);
    if (*sale)
        return BOOK_FOUND;
    if (draw_name_fault (name)) // it is a path, too
        return BOOK_NO_DRAW;
    put_bytes ((uint8_t *) draw, name);
    snprintf (path, sizeof path, FOLDERS_ALL "/%s", draw);
    if (file_there (book->directory, path) != 1)
        return BOOK_NO_DRAW;
    *sale = bring_back (book, draw, why);
    const book_found_t found = *sale ? BOOK_FOUND : make_again (book, draw, sale, why);
    if (found != BOOK_FOUND)
        return found;
    char reason[FOLDERS_WHY_BYTES];
    book_adopt (book, *sale, false);
    if (folder_check ((*sale)->folder, reason) == 0)
        return BOOK_FOUND;
    snprintf (why, BOOK_WHY_BYTES, "%s", reason);
    sales_remove (book->sales, *sale);
    folders_remove (book->folders, &(*sale)->folder);
    sale_destroy (sale);
    return BOOK_DAMAGED;
}

/* Its files are synced first: a checkpoint knows nothing of it any more. */
int book_put_away (book_t *book)
{
    sale_t *sale = sales_idle (book->sales);
    if (!sale || book->crammed || sale->last > book_durable (book) ||
        sale->last > archive_written (book->archive)->records)
        return 0;
    if (folder_settle (sale->folder) == -1)
        return -1;
    if (save (book, sale) == -1) {
        book->crammed = file_full (errno);
        return book->crammed ? 0 : -1;
    }
    sales_remove (book->sales, sale);
    folders_remove (book->folders, &sale->folder);
    sale_destroy (&sale);
    return 1;
}

int book_learn (book_t *book, sale_t *sale)
{
    uint64_t sequence = sale->last_event;
    record_t record;
    for (uint32_t left = sale->learned ? 0 : sale->events; left > 0; left--) {
        if (book_read (book, sequence, &record) == -1)
            return -1;
        if (sale_learn (sale, left - 1, sequence, &record) == -1) {
            folder_damaged (sale->folder, ROWS_NOTES,
                            "the draw's events do not follow one another in %s",
                            BOOK_INDEX);
            return -1;
        }
        sequence = record.previous;
    }
    return 0;
}

int book_read (book_t *book, uint64_t sequence, record_t *record)
{
    return archive_get (book->archive, sequence, record);
}

int book_note (book_t *book, sale_t *sale, const record_t *record, uint8_t *note)
{
    uint8_t line[NOTE_BYTES_MAX + 1];
    if (sale_has_paper (sale, record->kind))
        return note_on_paper (book, sale, record, note);
    if (sale_rows_of (record->kind) != ROWS_NOTES || record->size == 0 ||
        record->size > sizeof line)
        return 0;
    if (archive_read_rows (book->archive, sale->folder, record, 1, line) == -1)
        return -1;
    const size_t size = record->size - 1;
    put_bytes (note, bytes_of (line, size));
    return (int) size;
}

int book_paper (book_t *book, sale_t *sale, const record_t *record, uint8_t *paper)
{
    assert (record->size <= PAPER_BYTES_MAX); // record.c saw to that
    if (archive_read_rows (book->archive, sale->folder, record, 1, paper) == -1)
        return -1;
    return (int) record->size;
}

static int note_on_paper (book_t *book, sale_t *sale, const record_t *record,
                          uint8_t *note)
{
    uint8_t *rows = malloc (PAPER_BYTES_MAX);
    assert (rows);
    fair_paper_t paper;
    bytes_t reason;
    int size = book_paper (book, sale, record, rows);
    const int error = errno;
    if (size != -1 && fair_paper_read (bytes_of (rows, (size_t) size), &paper) &&
        fair_paper_find (&paper, "note", &reason) && reason.size <= NOTE_BYTES_MAX) {
        put_bytes (note, reason);
        size = (int) reason.size;
    } else if (size != -1)
        size = 0;
    free (rows);
    errno = error;
    return size;
}

/* Along its draw's events, back to the first. */
int book_name_of (book_t *book, const record_t *record, char *name)
{
    record_t event = *record;
    uint64_t before = book_records (book) + 1;
    while (event.kind != RECORD_OPENED) {
        const uint64_t previous = event.previous;
        if (previous >= before || book_read (book, previous, &event) == -1 ||
            event.draw != record->draw)
            return -1;
        before = previous;
    }
    memset (name, 0, DRAW_NAME_BYTES_MAX + 1);
    put_bytes ((uint8_t *) name, record_name (&event));
    return 0;
}

static int save (book_t *book, sale_t *sale)
{
    size_t size;
    uint8_t *bytes = sale_encode (sale, book_identity (book), &size);
    const int rc = save_bytes (book, sale->terms.name, bytes_of (bytes, size));
    const int error = errno;
    free (bytes);
    errno = error;
    return rc;
}

/* A crash leaves the one before, or this one. */
static int save_bytes (book_t *book, const char *draw, bytes_t bytes)
{
    char path[FOLDERS_PATH_BYTES], path_new[FOLDERS_PATH_BYTES], why[BOOK_WHY_BYTES];
    folders_path (draw, FOLDERS_ARCHIVED, path);
    folders_path (draw, ARCHIVED_NEW, path_new);
    file_t *file = file_open (book->directory, path_new, FILE_WRITE, why, sizeof why);
    int rc = file ? write_new (file, bytes) : -1;
    int error = errno;
    file_close (&file);
    if (rc == 0) {
        rc = file_rename (book->directory, path_new, path);
        error = errno;
    }
    if (rc == -1)
        folders_failed (book->folders, path, "cannot be written");
    errno = error;
    return rc;
}

static int write_new (file_t *file, bytes_t bytes)
{
    return file->ops->truncate (file, 0) == -1 ||
                   file->ops->write (file, bytes.data, bytes.size, 0) == -1 ||
                   file->ops->sync (file) == -1
               ? -1
               : 0;
}

/* NULL, with the reason in `why`, when there is no sound `archived` of it. */
static sale_t *bring_back (book_t *book, const char *draw, char *why)
{
    size_t size;
    uint8_t *bytes = read_archived (book, draw, &size, why);
    if (!bytes)
        return NULL;
    sale_t *sale = restore (book, draw, bytes_of (bytes, size), why);
    free (bytes);
    return sale;
}

static uint8_t *read_archived (book_t *book, const char *draw, size_t *size, char *why)
{
    char path[FOLDERS_PATH_BYTES], reason[BOOK_WHY_BYTES];
    folders_path (draw, FOLDERS_ARCHIVED, path);
    file_t *file = file_open (book->directory, path, FILE_PEEK, reason, sizeof reason);
    const int64_t there = file ? file->ops->size (file) : -1;
    uint8_t *bytes = NULL;
    if (there >= 0 && (uint64_t) there <= ARCHIVED_BYTES_MAX) {
        bytes = malloc ((size_t) there + 1);
        assert (bytes);
        *size = (size_t) there;
        if (file->ops->read (file, bytes, *size, 0) != (ssize_t) there) {
            free (bytes);
            bytes = NULL;
        }
    }
    if (!bytes)
        refuse (why, draw, "%s",
                !file && errno == ENOENT ? "is not there" : "cannot be read");
    file_close (&file);
    return bytes;
}

/* What it says has to fit the index: the draw's first event and its last one. */
static sale_t *restore (book_t *book, const char *draw, bytes_t bytes, char *why)
{
    checkpoint_draw_t entry;
    bytes_t cursors;
    record_t opened;
    if (archived_get (bytes, book_identity (book), &entry, &cursors) == -1)
        return refuse (why, draw, "is damaged, or of another log");
    if (book_read (book, entry.opened, &opened) == -1 ||
        !bytes_equal (record_name (&opened), bytes_of (draw, strlen (draw))) ||
        sales_find (book->sales, entry.identity))
        return refuse (why, draw, "does not fit %s", BOOK_INDEX);
    sale_t *sale = sale_restore (&entry, &opened, sales_held_bytes (book->sales));
    if (!sale || !sale_finished (sale) ||
        sale_restore_cursors (sale, entry.cursors, &cursors) == -1 ||
        !same_events (book, sale)) {
        sale_destroy (&sale);
        return refuse (why, draw, "does not fit %s", BOOK_INDEX);
    }
    return sale;
}

static bool same_events (book_t *book, const sale_t *sale)
{
    record_t last;
    return book_read (book, sale->last_event, &last) == 0 &&
           last.draw == sale->identity && record_is_event (last.kind);
}

/* From the index, which has all that ever happened: it is read once. */
static book_found_t make_again (book_t *book, const char *draw, sale_t **sale,
                                char *why)
{
    char reason[LOG_WHY_BYTES] = "";
    record_t *records = malloc (RECORDS_A_TIME * sizeof *records);
    assert (records);
    *sale = NULL;
    uint32_t sequence = 0;
    int got, rc = 0;
    while ((got = archive_read (book->archive, sequence, RECORDS_A_TIME, records)) > 0)
        for (int i = 0; i < got; i++) {
            sequence++;
            if (rc == 0)
                rc = take_again (book, draw, sale, sequence, &records[i], reason);
        }
    free (records);
    const bool whole = got == 0 && rc == 0 && *sale && sale_finished (*sale);
    if (whole)
        snprintf (why + strlen (why), BOOK_WHY_BYTES - strlen (why),
                  "; it was made again from %s", BOOK_INDEX);
    else if (got == 0 && (*sale || rc == -1))
        snprintf (why + strlen (why), BOOK_WHY_BYTES - strlen (why),
                  "; it cannot be made again from %s, %s", BOOK_INDEX,
                  reason[0] ? reason : "where the draw is not over");
    else
        why[0] = 0;
    const bool there = *sale != NULL;
    if (!whole)
        sale_destroy (sale);
    return got == -1 ? BOOK_UNREAD
           : whole   ? BOOK_FOUND
           : there   ? BOOK_DAMAGED
                     : BOOK_NO_DRAW;
}

static int take_again (book_t *book, const char *draw, sale_t **sale, uint64_t sequence,
                       const record_t *record, char *why)
{
    if (record->kind == RECORD_OPENED &&
        bytes_equal (record_name (record), bytes_of (draw, strlen (draw)))) {
        sale_destroy (sale);
        *sale = sale_new (sequence, record, sales_held_bytes (book->sales));
        return 0;
    }
    if (!*sale || record->draw != (*sale)->identity)
        return 0;
    if (sale_accept (*sale, record, bytes_of (NULL, 0), why) == -1)
        return -1;
    sale_apply (*sale, sequence, record);
    return 0;
}

static sale_t *refuse (char *why, const char *draw, const char *format, ...)
{
    char path[FOLDERS_PATH_BYTES];
    va_list values;
    folders_path (draw, FOLDERS_ARCHIVED, path);
    const int size = snprintf (why, BOOK_WHY_BYTES, "%s ", path);
    va_start (values, format);
    vsnprintf (why + size, BOOK_WHY_BYTES - (size_t) size, format, values);
    va_end (values);
    return NULL;
}

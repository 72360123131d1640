/* draw_archive.c - loteria-storage --archive and --restore. */

#include "draw_archive.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "parcel.h"
#include "unfinished.h"

#define NEW_FILE    ".unfinished" // behind the name of a file until it is whole
#define CHUNK_BYTES (256 * 1024)

typedef struct { // FILE as a directory and a name in it
    char directory[PATH_MAX], name[NAME_MAX + 1], draft[NAME_MAX + 1];
} place_t;

typedef struct {
    const char *data;
    const parcel_t *parcel;
    file_t *file;      // of the parcel
    history_t history; // as the day has it
    char *why;
} restoring_t;

typedef struct {
    file_t *file;
    uint64_t at;
} writing_t;

static int place_of (place_t *place, const char *path, char *why);
static int write_parcel (const history_t *history, const char *data,
                         const place_t *place, char *why);
static int read_back (const place_t *place, char *why);
static parcel_t *open_parcel (const char *path, place_t *place, file_t **file,
                              char *why);
static int restore_all (restoring_t *restoring);
static int check_same (restoring_t *restoring);
static int restore_rows (restoring_t *restoring, int which);
static history_proof_t look (restoring_t *restoring, const char *path, int which);
static int write_rows (restoring_t *restoring, const char *path, int which);
static int restore_archived (restoring_t *restoring);
static bool archived_is_sound (restoring_t *restoring, const char *path, bytes_t ours);
static int put_in_place (restoring_t *restoring, const char *path, file_t **file,
                         int rc);
static file_t *open_draft (restoring_t *restoring, const char *path, char *draft);
static int add (void *context, bytes_t bytes);
static int unpack (const parcel_t *parcel, file_t *file, unfinished_t *unfinished,
                   char *why);
static int unpack_piece (const parcel_t *parcel, file_t *from, int which,
                         const char *directory, char *why);
static void print_draw (const history_t *history);
static int failed (const char *option, const char *why);
static int refuse (char *why, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int draw_archive (const char *data, const char *draw, const char *path)
{
    place_t place;
    history_t history = {0};
    char why[BOOK_WHY_BYTES];
    int rc = place_of (&place, path, why);
    if (rc == 0 && file_there (place.directory, place.name) == 1)
        rc = refuse (why, "%s: is there already", path);
    if (rc == 0)
        rc = history_read (&history, data, draw, false, why);
    if (rc == 0 && !history.sale)
        rc = refuse (why, "%s: has no draw of the name %.40s", data, draw);
    else if (rc == 0 && !sale_finished (history.sale))
        rc = refuse (why, "draw %s is not over: it is %s%s", draw,
                     wire_phase_name (sale_phase (history.sale)),
                     sale_phase (history.sale) == PHASE_DRAWN
                         ? ", but its result is not published"
                         : "");
    if (rc == 0)
        rc = write_parcel (&history, data, &place, why);
    if (rc == 0) {
        print_draw (&history);
        printf ("archive: %s\n", path);
    }
    history_free (&history);
    return rc == 0 ? 0 : failed ("archive", why);
}

int draw_restore (const char *path, const char *data)
{
    place_t place;
    file_t *file = NULL, *lock = NULL;
    char why[BOOK_WHY_BYTES];
    parcel_t *parcel = open_parcel (path, &place, &file, why);
    restoring_t restoring = {.data = data, .parcel = parcel, .file = file, .why = why};
    int rc = parcel ? 0 : -1;
    if (rc == 0 && !(lock = file_open (data, BOOK_LOG, FILE_EXISTING, why, sizeof why)))
        rc = errno == EWOULDBLOCK
                 ? refuse (why, "%s: a process is serving it; stop that first", data)
                 : -1;
    if (rc == 0)
        rc = history_read (&restoring.history, data,
                           parcel_history (parcel)->sale->terms.name, true, why);
    if (rc == 0)
        rc = restore_all (&restoring);
    if (rc == 0)
        print_draw (&restoring.history);
    history_free (&restoring.history);
    parcel_destroy (&parcel);
    file_close (&file);
    file_close (&lock);
    return rc == 0 ? 0 : failed ("restore", why);
}

int draw_unpack (const char *path, const char *directory)
{
    place_t place;
    file_t *file = NULL;
    unfinished_t unfinished;
    char why[BOOK_WHY_BYTES];
    parcel_t *parcel = open_parcel (path, &place, &file, why);
    int rc = parcel ? unfinished_begin (&unfinished, directory, why) : -1;
    if (rc == 0) {
        rc = unpack (parcel, file, &unfinished, why);
        unfinished_end (&unfinished, rc == 0);
    }
    if (rc == 0)
        print_draw (parcel_history (parcel));
    parcel_destroy (&parcel);
    file_close (&file);
    return rc == 0 ? 0 : failed ("restore", why);
}

static int place_of (place_t *place, const char *path, char *why)
{
    const char *slash = strrchr (path, '/');
    const char *name = slash ? slash + 1 : path;
    const size_t before = (size_t) (name - path);
    if (!name[0] || before >= sizeof place->directory ||
        strlen (name) + sizeof NEW_FILE > sizeof place->draft)
        return refuse (why, "%.300s: %s", path,
                       strerror (name[0] ? ENAMETOOLONG : EISDIR));
    snprintf (place->directory, sizeof place->directory, "%.*s",
              before > 1 ? (int) before - 1 : 1, before > 0 ? path : ".");
    snprintf (place->name, sizeof place->name, "%s", name);
    snprintf (place->draft, sizeof place->draft, "%.200s" NEW_FILE, name);
    return 0;
}

/* What an attempt that was killed has left is written over. */
static int write_parcel (const history_t *history, const char *data,
                         const place_t *place, char *why)
{
    file_t *file =
        file_open (place->directory, place->draft, FILE_WRITE, why, BOOK_WHY_BYTES);
    if (!file)
        return -1;
    int rc = file->ops->truncate (file, 0);
    if (rc == -1)
        refuse (why, "%s: cannot be cut, %s", place->draft, strerror (errno));
    else
        rc = parcel_write (history, data, file, why);
    file_close (&file);
    if (rc == 0)
        rc = read_back (place, why);
    if (rc == 0 && file_rename (place->directory, place->draft, place->name) == -1)
        rc = refuse (why, "%s: cannot be renamed, %s", place->draft, strerror (errno));
    if (rc == -1)
        file_remove (place->directory, place->draft);
    return rc;
}

static int read_back (const place_t *place, char *why)
{
    file_t *file =
        file_open (place->directory, place->draft, FILE_PEEK, why, BOOK_WHY_BYTES);
    parcel_t *parcel = file ? parcel_open (file, why) : NULL;
    const int rc = parcel ? 0 : -1;
    parcel_destroy (&parcel);
    file_close (&file);
    return rc;
}

/* A link is followed: where it leads is what is read. */
static parcel_t *open_parcel (const char *path, place_t *place, file_t **file,
                              char *why)
{
    char *real = realpath (path, NULL);
    const int rc = place_of (place, real ? real : path, why);
    free (real);
    if (rc == -1)
        return NULL;
    *file = file_open (place->directory, place->name, FILE_PEEK, why, BOOK_WHY_BYTES);
    return *file ? parcel_open (*file, why) : NULL;
}

static int restore_all (restoring_t *restoring)
{
    char path[FOLDERS_PATH_BYTES];
    if (check_same (restoring) == -1)
        return -1;
    snprintf (path, sizeof path, FOLDERS_ALL "/%s",
              restoring->history.sale->terms.name);
    if (file_make_folder (restoring->data, FOLDERS_ALL) == -1 ||
        file_make_folder (restoring->data, path) == -1)
        return refuse (restoring->why, "%s/%s: cannot be made, %s", restoring->data,
                       path, strerror (errno));
    for (int which = 0; which < DRAW_ROWS; which++)
        if (restore_rows (restoring, which) == -1)
            return -1;
    return restoring->history.live ? 0 : restore_archived (restoring);
}

static int check_same (restoring_t *restoring)
{
    const history_t *own = &restoring->history,
                    *other = parcel_history (restoring->parcel);
    if (own->identity != other->identity)
        return refuse (
            restoring->why,
            "%s: is of another log, %016" PRIx64 ", and not %016" PRIx64 " as %s",
            restoring->file->name, other->identity, own->identity, restoring->data);
    if (own->sale && own->sale->identity == other->sale->identity &&
        sale_finished (own->sale))
        return 0;
    return refuse (restoring->why, "%s: the records of %s have no such draw %s",
                   restoring->file->name, restoring->data, other->sale->terms.name);
}

/* What is sound stays; what is not is replaced by what is, in one step. */
static int restore_rows (restoring_t *restoring, int which)
{
    char path[FOLDERS_PATH_BYTES];
    const sale_t *sale = restoring->history.sale;
    if (which != ROWS_BETS && sale->bytes[which] == 0)
        return 0;
    folders_path (sale->terms.name, folders_name (which), path);
    history_proof_t proof = look (restoring, path, which);
    const bool sound = proof == HISTORY_PROVEN;
    if (proof == HISTORY_OTHER && write_rows (restoring, path, which) == 0)
        proof = look (restoring, path, which);
    if (proof == HISTORY_PROVEN)
        printf ("%s: %s\n", path, sound ? "sound, left as it was" : "restored");
    return proof == HISTORY_PROVEN ? 0 : -1;
}

/* Whether the day's own file is what its records vouch for, and no more than that. */
static history_proof_t look (restoring_t *restoring, const char *path, int which)
{
    char why[BOOK_WHY_BYTES];
    const uint64_t size = restoring->history.sale->bytes[which];
    file_t *file = file_open (restoring->data, path, FILE_PEEK, why, sizeof why);
    if (!file && (errno == ENOENT || errno == ELOOP))
        return HISTORY_OTHER;
    history_proof_t proof = HISTORY_UNREAD;
    const int64_t there = file ? file->ops->size (file) : -1;
    if (there >= 0 && (uint64_t) there != size)
        proof = HISTORY_OTHER;
    else if (there >= 0)
        proof = history_prove (&restoring->history, which, file, 0, NULL, NULL);
    if (proof == HISTORY_UNREAD && errno == EIO) // the disk has lost it
        proof = HISTORY_OTHER;
    refuse (restoring->why, "%s/%s: %s", restoring->data, path,
            proof == HISTORY_UNREAD ? strerror (errno) : "is not what was written");
    file_close (&file);
    return proof;
}

static int write_rows (restoring_t *restoring, const char *path, int which)
{
    uint64_t position, size;
    char draft[FOLDERS_PATH_BYTES];
    const bool there = parcel_find (restoring->parcel, which, &position, &size);
    writing_t writing = {.file = open_draft (restoring, path, draft)};
    if (!writing.file)
        return -1;
    history_proof_t proof = HISTORY_PROVEN;
    if (restoring->history.sale->bytes[which] > 0)
        proof = there ? history_prove (&restoring->history, which, restoring->file,
                                       position, add, &writing)
                      : HISTORY_OTHER;
    int rc = proof == HISTORY_PROVEN ? 0 : -1;
    if (proof == HISTORY_OTHER)
        refuse (restoring->why,
                "%s: the records of %s do not vouch for the %s that is in it",
                restoring->file->name, restoring->data, folders_name (which));
    else if (proof == HISTORY_UNREAD)
        refuse (restoring->why, "%s/%s: %s, %s", restoring->data, draft,
                writing.file->failed ? writing.file->failed : "cannot be written",
                strerror (errno));
    return put_in_place (restoring, path, &writing.file, rc);
}

/* It is made anew, from the day's records: agencies may have got their winners since
   the archive was written. */
static int restore_archived (restoring_t *restoring)
{
    size_t size;
    const sale_t *sale = restoring->history.sale;
    char path[FOLDERS_PATH_BYTES], draft[FOLDERS_PATH_BYTES];
    uint8_t *bytes = sale_encode (sale, restoring->history.identity, &size);
    folders_path (sale->terms.name, FOLDERS_ARCHIVED, path);
    const bool sound = archived_is_sound (restoring, path, bytes_of (bytes, size));
    int rc = 0;
    if (!sound) {
        file_t *file = open_draft (restoring, path, draft);
        rc = file ? file->ops->write (file, bytes, size, 0) : -1;
        if (file && rc == -1)
            refuse (restoring->why, "%s/%s: cannot be written, %s", restoring->data,
                    draft, strerror (errno));
        if (file)
            rc = put_in_place (restoring, path, &file, rc);
    }
    free (bytes);
    if (rc == 0)
        printf ("%s: %s\n", path,
                sound ? "sound, left as it was" : "made again from " BOOK_INDEX);
    return rc;
}

static bool archived_is_sound (restoring_t *restoring, const char *path, bytes_t ours)
{
    char why[BOOK_WHY_BYTES];
    file_t *file = file_open (restoring->data, path, FILE_PEEK, why, sizeof why);
    uint8_t *theirs = malloc (ours.size + 1);
    assert (theirs);
    const ssize_t got =
        file ? file->ops->read (file, theirs, ours.size + 1, 0) : (ssize_t) -1;
    const bool same = got >= 0 && bytes_equal (bytes_of (theirs, (size_t) got), ours);
    free (theirs);
    file_close (&file);
    return same;
}

static file_t *open_draft (restoring_t *restoring, const char *path, char *draft)
{
    snprintf (draft, FOLDERS_PATH_BYTES, "%.100s" NEW_FILE, path);
    file_t *file =
        file_open (restoring->data, draft, FILE_WRITE, restoring->why, BOOK_WHY_BYTES);
    if (file && file->ops->truncate (file, 0) == -1) {
        refuse (restoring->why, "%s/%s: cannot be cut, %s", restoring->data, draft,
                strerror (errno));
        file_close (&file);
    }
    return file;
}

/* Takes the draft; `rc` says whether it is whole. */
static int put_in_place (restoring_t *restoring, const char *path, file_t **file,
                         int rc)
{
    char draft[FOLDERS_PATH_BYTES];
    snprintf (draft, sizeof draft, "%.100s" NEW_FILE, path);
    if (rc == 0 && (*file)->ops->sync (*file) == -1)
        rc = refuse (restoring->why, "%s/%s: cannot be synced, %s", restoring->data,
                     draft, strerror (errno));
    file_close (file);
    if (rc == 0 && file_rename (restoring->data, draft, path) == -1)
        rc = refuse (restoring->why, "%s/%s: cannot be renamed, %s", restoring->data,
                     draft, strerror (errno));
    if (rc == -1)
        file_remove (restoring->data, draft);
    return rc;
}

static int add (void *context, bytes_t bytes)
{
    writing_t *writing = context;
    const int rc =
        writing->file->ops->write (writing->file, bytes.data, bytes.size, writing->at);
    writing->at += bytes.size;
    return rc;
}

static int unpack (const parcel_t *parcel, file_t *file, unfinished_t *unfinished,
                   char *why)
{
    const char *draw = parcel_history (parcel)->sale->terms.name;
    if (file_make_folder (unfinished->path, draw) == -1)
        return refuse (why, "%.900s: %s", unfinished->path, strerror (errno));
    for (int which = 0; which < PARCEL_FILES; which++)
        if (unpack_piece (parcel, file, which, unfinished->path, why) == -1)
            return -1;
    return file_sync_all (unfinished->path) == 0 &&
                   unfinished_move (unfinished, draw) == 0
               ? 0
               : refuse (why, "%.900s: %s", unfinished->directory, strerror (errno));
}

static int unpack_piece (const parcel_t *parcel, file_t *from, int which,
                         const char *directory, char *why)
{
    uint64_t position, size;
    char path[FOLDERS_PATH_BYTES];
    if (!parcel_find (parcel, which, &position, &size))
        return 0;
    snprintf (path, sizeof path, "%s/%s", parcel_history (parcel)->sale->terms.name,
              parcel_name (which));
    file_t *to = file_open (directory, path, FILE_NEW, why, BOOK_WHY_BYTES);
    uint8_t *chunk = malloc (CHUNK_BYTES);
    assert (chunk);
    int rc = to ? 0 : -1;
    for (uint64_t done = 0; rc == 0 && done < size;) {
        const uint64_t left = size - done;
        const size_t here = left < CHUNK_BYTES ? (size_t) left : CHUNK_BYTES;
        if (from->ops->read (from, chunk, here, position + done) != (ssize_t) here)
            rc = refuse (why, "%s: cannot be read", from->name);
        else if (to->ops->write (to, chunk, here, done) == -1)
            rc = refuse (why, "%.700s/%s: cannot be written, %s", directory, path,
                         strerror (errno));
        done += here;
    }
    free (chunk);
    file_close (&to);
    return rc;
}

static void print_draw (const history_t *history)
{
    const sale_t *sale = history->sale;
    char head[SHA256_TEXT_BYTES];
    uint64_t bets = 0, cancelled = 0;
    const cursor_t *cursor = NULL;
    while ((cursor = cursors_next (sale->cursors, cursor ? cursor->at.agency : 0))) {
        bets += cursor->at.next;
        cancelled += cursor->at.cancelled;
    }
    sha256_text (history->head, head);
    printf ("draw %s: %s, %" PRIu32 " agencies, %" PRIu64 " bets, %" PRIu64
            " cancelled\nhead: %s\n",
            sale->terms.name, wire_phase_name (sale_phase (sale)), sale->terms.agencies,
            bets, cancelled, head);
}

static int failed (const char *option, const char *why)
{
    fprintf (stderr, "loteria-storage: --%s: %s\n", option, why);
    return 1;
}

static int refuse (char *why, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (why, BOOK_WHY_BYTES, format, values);
    va_end (values);
    return -1;
}

/* parcel.c - one draw in one file. For storage's --archive and --restore. */

#include "parcel.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "draw_name.h"
#include "sha256.h"
#include "tar.h"

#define TITLE          "loteria draw 1"
#define MANIFEST_BYTES 2048
#define CHUNK_BYTES    (256 * 1024)
#define ENTRY_BYTES    (8 + RECORD_BYTES)
#define RECORDS_SIZE   ((uint64_t) RECORDS_MAX * ENTRY_BYTES)

typedef struct {
    bool there;
    uint64_t position, size;
    uint8_t hash[SHA256_BYTES];
} piece_t;

struct parcel {
    file_t *file; // borrowed
    history_t history;
    piece_t pieces[PARCEL_FILES];
    char draw[DRAW_NAME_BYTES_MAX + 1];
};

typedef struct { // a file that is being written
    const history_t *history;
    const char *directory;
    file_t *file;
    uint64_t at;
    bool hashing; // what is written now
    sha256_t hash;
    piece_t pieces[PARCEL_FILES];
    char *why;
} writing_t;

typedef struct {
    parcel_t *parcel;
    uint64_t size; // of the file
    uint8_t *chunk;
    char *why;
} opening_t;

static int write_rows (writing_t *writing, int which);
static int write_records (writing_t *writing);
static int write_manifest (writing_t *writing);
static int begin_piece (writing_t *writing, int which, uint64_t size);
static int add (void *context, bytes_t bytes);
static int end_piece (writing_t *writing, int which);
static int find_pieces (opening_t *opening);
static int find_piece (opening_t *opening, uint64_t *at);
static bool all_zero (opening_t *opening, uint64_t position, uint64_t size);
static int known_as (parcel_t *parcel, const char *name);
static int hash_pieces (opening_t *opening);
static int read_records (opening_t *opening);
static int take_records (parcel_t *parcel, bytes_t bytes, char *why);
static int check_rows (opening_t *opening);
static int check_manifest (opening_t *opening);
static int read_at (opening_t *opening, void *buffer, size_t size, uint64_t position);
static int make_manifest (const history_t *history, const piece_t *pieces, char *text);
static void count (const sale_t *sale, uint64_t *bets, uint64_t *cancelled);
static int refuse (char *why, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int parcel_write (const history_t *history, const char *directory, file_t *file,
                  char *why)
{
    writing_t writing = {
        .history = history, .directory = directory, .file = file, .why = why};
    static const uint8_t nothing[TAR_END_BYTES];
    int rc = 0;
    for (int which = 0; rc == 0 && which < DRAW_ROWS; which++)
        if (history->sale->bytes[which] > 0)
            rc = write_rows (&writing, which);
    if (rc == 0)
        rc = write_records (&writing);
    if (rc == 0)
        rc = write_manifest (&writing);
    if (rc == 0 && (add (&writing, bytes_of (nothing, sizeof nothing)) == -1 ||
                    file->ops->sync (file) == -1))
        rc = refuse (why, "%s: %s, %s", file->name,
                     file->failed ? file->failed : "cannot be written",
                     strerror (errno));
    return rc;
}

parcel_t *parcel_open (file_t *file, char *why)
{
    parcel_t *parcel = calloc (1, sizeof *parcel);
    opening_t opening = {.parcel = parcel, .why = why, .chunk = malloc (CHUNK_BYTES)};
    assert (parcel && opening.chunk);
    parcel->file = file;
    const bool whole = find_pieces (&opening) == 0 && hash_pieces (&opening) == 0 &&
                       read_records (&opening) == 0 && check_rows (&opening) == 0 &&
                       check_manifest (&opening) == 0;
    free (opening.chunk);
    if (!whole)
        parcel_destroy (&parcel);
    return parcel;
}

void parcel_destroy (parcel_t **parcel)
{
    if (*parcel) {
        history_free (&(*parcel)->history);
        free (*parcel);
    }
    *parcel = NULL;
}

const history_t *parcel_history (const parcel_t *parcel)
{
    return &parcel->history;
}

const char *parcel_name (int which)
{
    return which < DRAW_ROWS          ? folders_name (which)
           : which == PARCEL_MANIFEST ? "manifest"
                                      : "records";
}

bool parcel_find (const parcel_t *parcel, int which, uint64_t *position, uint64_t *size)
{
    const piece_t *piece = &parcel->pieces[which];
    *position = piece->position;
    *size = piece->size;
    return piece->there;
}

static int write_rows (writing_t *writing, int which)
{
    const sale_t *sale = writing->history->sale;
    char path[FOLDERS_PATH_BYTES];
    folders_path (sale->terms.name, folders_name (which), path);
    file_t *rows =
        file_open (writing->directory, path, FILE_PEEK, writing->why, BOOK_WHY_BYTES);
    if (!rows)
        return -1;
    int rc = begin_piece (writing, which, sale->bytes[which]);
    if (rc == 0) {
        const history_proof_t proof =
            history_prove (writing->history, which, rows, 0, add, writing);
        const bool own = rows->failed != NULL;
        if (proof == HISTORY_OTHER)
            rc = refuse (writing->why,
                         "%s/%s: its rows are not what the records of " BOOK_INDEX
                         " vouch for, or not all there",
                         writing->directory, path);
        else if (proof == HISTORY_UNREAD)
            rc = refuse (writing->why, "%s%s%s: %s, %s", own ? writing->directory : "",
                         own ? "/" : "", own ? path : writing->file->name,
                         own ? rows->failed : "cannot be written", strerror (errno));
    }
    if (end_piece (writing, which) == -1)
        rc = -1;
    file_close (&rows);
    return rc;
}

static int write_records (writing_t *writing)
{
    const history_t *history = writing->history;
    int rc = begin_piece (writing, PARCEL_RECORDS, history->count * ENTRY_BYTES);
    for (size_t i = 0; rc == 0 && i < history->count; i++) {
        uint8_t entry[ENTRY_BYTES];
        record_put (put_u64 (entry, history->entries[i].sequence),
                    &history->entries[i].record);
        rc = add (writing, bytes_of (entry, sizeof entry));
    }
    if (rc == -1)
        refuse (writing->why, "%s: cannot be written, %s", writing->file->name,
                strerror (errno));
    return end_piece (writing, PARCEL_RECORDS) == -1 ? -1 : rc;
}

static int write_manifest (writing_t *writing)
{
    char text[MANIFEST_BYTES];
    const size_t size =
        (size_t) make_manifest (writing->history, writing->pieces, text);
    int rc = begin_piece (writing, PARCEL_MANIFEST, size);
    if (rc == 0 && add (writing, bytes_of (text, size)) == -1)
        rc = refuse (writing->why, "%s: cannot be written, %s", writing->file->name,
                     strerror (errno));
    return end_piece (writing, PARCEL_MANIFEST) == -1 ? -1 : rc;
}

static int begin_piece (writing_t *writing, int which, uint64_t size)
{
    uint8_t header[TAR_BLOCK_BYTES];
    char name[TAR_NAME_BYTES];
    snprintf (name, sizeof name, "%s/%s", writing->history->sale->terms.name,
              parcel_name (which));
    tar_put (header, name, size);
    const int rc = add (writing, bytes_of (header, sizeof header));
    writing->pieces[which] = (piece_t){true, .position = writing->at, .size = size};
    sha256_begin (&writing->hash);
    writing->hashing = true;
    return rc == 0 ? 0
                   : refuse (writing->why, "%s: cannot be written, %s",
                             writing->file->name, strerror (errno));
}

static int add (void *context, bytes_t bytes)
{
    writing_t *writing = context;
    file_t *file = writing->file;
    if (file->ops->write (file, bytes.data, bytes.size, writing->at) == -1)
        return -1;
    if (writing->hashing)
        sha256_add (&writing->hash, bytes);
    writing->at += bytes.size;
    return 0;
}

static int end_piece (writing_t *writing, int which)
{
    static const uint8_t nothing[TAR_BLOCK_BYTES];
    const uint64_t size = writing->pieces[which].size;
    sha256_end (&writing->hash, writing->pieces[which].hash);
    writing->hashing = false;
    const size_t padding = (size_t) (tar_padded (size) - size);
    if (padding == 0 || add (writing, bytes_of (nothing, padding)) == 0)
        return 0;
    return refuse (writing->why, "%s: cannot be written, %s", writing->file->name,
                   strerror (errno));
}

/* Where its files lie: each once, in their order, of one draw, and nothing else. */
static int find_pieces (opening_t *opening)
{
    file_t *file = opening->parcel->file;
    const int64_t size = file->ops->size (file);
    uint64_t at = 0;
    int rc;
    if (size == -1)
        return refuse (opening->why, "%s: cannot be looked at, %s", file->name,
                       strerror (errno));
    opening->size = (uint64_t) size;
    while ((rc = find_piece (opening, &at)) == 1)
        continue;
    const piece_t *pieces = opening->parcel->pieces;
    if (rc == 0 && pieces[PARCEL_RECORDS].there && pieces[PARCEL_MANIFEST].there &&
        at + TAR_END_BYTES == opening->size && all_zero (opening, at, TAR_END_BYTES))
        return 0;
    return rc == -1
               ? -1
               : refuse (opening->why, "%s: is no archive of a draw, or was cut short",
                         file->name);
}

/* 1, or 0 at the end. */
static int find_piece (opening_t *opening, uint64_t *at)
{
    uint8_t header[TAR_BLOCK_BYTES];
    char name[TAR_NAME_BYTES];
    uint64_t size;
    parcel_t *parcel = opening->parcel;
    if (opening->size - *at < TAR_END_BYTES || opening->size < *at)
        return 0;
    if (read_at (opening, header, sizeof header, *at) == -1)
        return -1;
    const tar_kind_t kind = tar_get (header, name, &size);
    const int which = kind == TAR_FILE ? known_as (parcel, name) : -1;
    if (kind == TAR_END)
        return 0;
    const uint64_t room = opening->size - *at - TAR_BLOCK_BYTES;
    for (int later = which; which >= 0 && later < PARCEL_FILES; later++)
        if (parcel->pieces[later].there)
            return refuse (opening->why, "%s: %s is in it twice, or not in its place",
                           parcel->file->name, name);
    if (which == -1 || size > room || tar_padded (size) > room ||
        !all_zero (opening, *at + TAR_BLOCK_BYTES + size, tar_padded (size) - size))
        return refuse (opening->why,
                       "%s: byte %" PRIu64 ": is no archive of a draw, or is damaged",
                       parcel->file->name, *at);
    parcel->pieces[which] =
        (piece_t){true, .position = *at + TAR_BLOCK_BYTES, .size = size};
    *at += TAR_BLOCK_BYTES + tar_padded (size);
    return 1;
}

static bool all_zero (opening_t *opening, uint64_t position, uint64_t size)
{
    static const uint8_t nothing[TAR_END_BYTES];
    uint8_t there[TAR_END_BYTES];
    return read_at (opening, there, (size_t) size, position) == 0 &&
           memcmp (there, nothing, (size_t) size) == 0;
}

/* The first one's folder is the draw's name. */
static int known_as (parcel_t *parcel, const char *name)
{
    const char *slash = strchr (name, '/');
    const bytes_t draw = bytes_of (name, slash ? (size_t) (slash - name) : 0);
    if (draw_name_fault (draw))
        return -1;
    if (!parcel->draw[0])
        put_bytes ((uint8_t *) parcel->draw, draw);
    if (!bytes_equal (draw, bytes_of (parcel->draw, strlen (parcel->draw))))
        return -1;
    for (int which = 0; which < PARCEL_FILES; which++)
        if (strcmp (slash + 1, parcel_name (which)) == 0)
            return which;
    return -1;
}

static int hash_pieces (opening_t *opening)
{
    for (int which = 0; which < PARCEL_FILES; which++) {
        piece_t *piece = &opening->parcel->pieces[which];
        sha256_t hash;
        sha256_begin (&hash);
        int rc = 0;
        for (uint64_t done = 0; rc == 0 && done < piece->size;) {
            const uint64_t left = piece->size - done;
            const size_t here = left < CHUNK_BYTES ? (size_t) left : CHUNK_BYTES;
            rc = read_at (opening, opening->chunk, here, piece->position + done);
            if (rc == 0)
                sha256_add (&hash, bytes_of (opening->chunk, here));
            done += here;
        }
        sha256_end (&hash, piece->hash);
        if (rc == -1)
            return -1;
    }
    return 0;
}

static int read_records (opening_t *opening)
{
    parcel_t *parcel = opening->parcel;
    const piece_t *piece = &parcel->pieces[PARCEL_RECORDS];
    const size_t at_a_time = CHUNK_BYTES / ENTRY_BYTES * ENTRY_BYTES;
    char why[LOG_WHY_BYTES] = "it has none";
    int rc =
        piece->size > 0 && piece->size % ENTRY_BYTES == 0 && piece->size <= RECORDS_SIZE
            ? 0
            : -1;
    for (uint64_t done = 0; rc == 0 && done < piece->size;) {
        const uint64_t left = piece->size - done;
        const size_t here = left < at_a_time ? (size_t) left : at_a_time;
        if (read_at (opening, opening->chunk, here, piece->position + done) == -1)
            return -1;
        rc = take_records (parcel, bytes_of (opening->chunk, here), why);
        done += here;
    }
    const sale_t *sale = parcel->history.sale;
    if (rc == 0 && strcmp (sale->terms.name, parcel->draw) == 0 && sale_finished (sale))
        return 0;
    return refuse (opening->why, "%s: its records are damaged, %s", parcel->file->name,
                   rc == -1 ? why : "or not of a draw of that name that is over");
}

static int take_records (parcel_t *parcel, bytes_t bytes, char *why)
{
    history_t *history = &parcel->history;
    reader_t reader = {.rest = bytes};
    while (reader.rest.size > 0) {
        record_t record;
        const uint64_t sequence = read_u64 (&reader);
        const uint64_t before =
            history->count > 0 ? history->entries[history->count - 1].sequence : 0;
        const bytes_t encoded = read_bytes (&reader, RECORD_BYTES);
        snprintf (why, LOG_WHY_BYTES, "they are not in order");
        if (sequence <= before || sequence > RECORDS_MAX ||
            !record_get (encoded.data, &record) || record.kind == RECORD_REGISTERED ||
            (history->sale && record.draw != history->sale->identity) ||
            history_add (history, sequence, &record, why) == -1)
            return -1;
    }
    return 0;
}

static int check_rows (opening_t *opening)
{
    const parcel_t *parcel = opening->parcel;
    for (int which = 0; which < DRAW_ROWS; which++) {
        const piece_t *piece = &parcel->pieces[which];
        history_proof_t proof = HISTORY_OTHER;
        if (piece->size == parcel->history.sale->bytes[which] &&
            piece->there == (piece->size > 0))
            proof = history_prove (&parcel->history, which, parcel->file,
                                   piece->position, NULL, NULL);
        if (proof == HISTORY_UNREAD)
            return refuse (opening->why, "%s: cannot be read, %s", parcel->file->name,
                           strerror (errno));
        if (proof == HISTORY_OTHER)
            return refuse (opening->why,
                           "%s: what it has of %s is not what its records vouch for",
                           parcel->file->name, parcel_name (which));
    }
    return 0;
}

/* It has to be what would be written of all that; but what the log was then is nowhere
   else in it. */
static int check_manifest (opening_t *opening)
{
    static const char of_log[] = "\nlog: ";
    parcel_t *parcel = opening->parcel;
    history_t *history = &parcel->history;
    const piece_t *piece = &parcel->pieces[PARCEL_MANIFEST];
    char there[MANIFEST_BYTES] = "", expected[MANIFEST_BYTES], head[SHA256_TEXT_BYTES];
    if (piece->size >= sizeof there)
        return refuse (opening->why, "%s: its manifest is damaged", parcel->file->name);
    if (read_at (opening, there, (size_t) piece->size, piece->position) == -1)
        return -1;
    const char *at = strstr (there, of_log);
    const bool read =
        at && sscanf (at, "\nlog: %" SCNx64 " records: %" SCNu64 " head: %64s",
                      &history->identity, &history->records, head) == 3;
    for (size_t i = 0; read && i < SHA256_BYTES; i++) {
        unsigned byte = 0;
        sscanf (head + 2 * i, "%2x", &byte);
        history->head[i] = (uint8_t) byte;
    }
    const int size = make_manifest (history, parcel->pieces, expected);
    return read && (size_t) size == piece->size && strcmp (there, expected) == 0
               ? 0
               : refuse (opening->why, "%s: its manifest says otherwise than its files",
                         parcel->file->name);
}

static int read_at (opening_t *opening, void *buffer, size_t size, uint64_t position)
{
    file_t *file = opening->parcel->file;
    const ssize_t got = file->ops->read (file, buffer, size, position);
    if (got == (ssize_t) size)
        return 0;
    return got == -1 ? refuse (opening->why, "%s: cannot be read, %s", file->name,
                               strerror (errno))
                     : refuse (opening->why, "%s: is shorter than it was", file->name);
}

static int make_manifest (const history_t *history, const piece_t *pieces, char *text)
{
    const sale_t *sale = history->sale;
    char hash[SHA256_TEXT_BYTES], number[16] = "none";
    uint64_t bets, cancelled;
    count (sale, &bets, &cancelled);
    sha256_text (history->head, hash);
    if (sale->flags & DRAW_DRAWN)
        snprintf (number, sizeof number, "%" PRIu32, sale->number);
    int size =
        snprintf (text, MANIFEST_BYTES,
                  TITLE "\ndraw: %s\nidentity: %016" PRIx64
                        "\nstate: %s\nnumber: %s\nagencies: %" PRIu32 "\nbets: %" PRIu64
                        "\ncancelled: %" PRIu64 "\nlog: %016" PRIx64
                        "\nrecords: %" PRIu64 "\nhead: %s\n",
                  sale->terms.name, sale->identity, wire_phase_name (sale_phase (sale)),
                  number, sale->terms.agencies, bets, cancelled, history->identity,
                  history->records, hash);
    for (int which = 0; which < PARCEL_MANIFEST; which++)
        if (pieces[which].there) {
            sha256_text (pieces[which].hash, hash);
            size += snprintf (text + size, MANIFEST_BYTES - (size_t) size,
                              "file: %s %" PRIu64 " %s\n", hash, pieces[which].size,
                              parcel_name (which));
        }
    return size;
}

static void count (const sale_t *sale, uint64_t *bets, uint64_t *cancelled)
{
    const cursor_t *cursor = NULL;
    *bets = *cancelled = 0;
    while ((cursor = cursors_next (sale->cursors, cursor ? cursor->at.agency : 0))) {
        *bets += cursor->at.next;
        *cancelled += cursor->at.cancelled;
    }
}

static int refuse (char *why, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (why, BOOK_WHY_BYTES, format, values);
    va_end (values);
    return -1;
}

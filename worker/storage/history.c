/* history.c - one draw's records, for loteria-storage --archive and --restore. */

#include "history.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bounds.h"
#include "log_engine.h"
#include "slots.h"

#define TRIES          20 // while a process writes the day, and its log goes round
#define RECORDS_A_TIME 512

enum { LOG_FILE, INDEX_FILE, SLOT_A, SLOT_B, FILES };

static const char *const names[FILES] = {BOOK_LOG, BOOK_INDEX, CHECKPOINT_A,
                                         CHECKPOINT_B};

typedef struct {
    history_t *history;
    const char *directory, *draw;
    bool locked;
    file_t *files[FILES];
    slots_t slots;
    archive_t *archive;
    folders_t *folders;
    char *why;
} reading_t;

static int read_once (reading_t *reading);
static int read_index (reading_t *reading);
static int read_log (reading_t *reading);
static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why);
static int take (reading_t *reading, const record_t *record, const uint8_t *bytes,
                 char *why);
static void note_live (reading_t *reading);
static void close_all (reading_t *reading);
static int refuse (reading_t *reading, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int history_read (history_t *history, const char *directory, const char *draw,
                  bool locked, char *why)
{
    int rc = -1;
    const bool served = !locked && file_busy (directory, BOOK_LOG);
    for (int i = 0; rc == -1 && i < (served ? TRIES : 1); i++) {
        reading_t reading = {.history = history,
                             .directory = directory,
                             .draw = draw,
                             .locked = locked,
                             .why = why};
        *history = (history_t){0};
        rc = read_once (&reading);
        close_all (&reading);
        if (rc == -1)
            history_free (history);
    }
    return rc;
}

int history_add (history_t *history, uint64_t sequence, const record_t *record,
                 char *why)
{
    snprintf (why, LOG_WHY_BYTES, "the draw is opened twice, or not at first");
    if ((record->kind == RECORD_OPENED) != (history->sale == NULL))
        return -1;
    if (!history->sale)
        history->sale = sale_new (sequence, record, &history->held_bytes);
    else if (sale_accept (history->sale, record, bytes_of (NULL, 0), why) == -1)
        return -1;
    else
        sale_apply (history->sale, sequence, record);
    if (history->count == history->capacity) {
        history->capacity = 2 * history->capacity + 64;
        history->entries =
            realloc (history->entries, history->capacity * sizeof *history->entries);
        assert (history->entries);
    }
    history->entries[history->count++] = (history_entry_t){sequence, *record};
    return 0;
}

void history_free (history_t *history)
{
    sale_destroy (&history->sale);
    free (history->entries);
    *history = (history_t){0};
}

history_proof_t history_prove (const history_t *history, int which, file_t *file,
                               uint64_t base, history_rows_fn *each, void *context)
{
    history_proof_t proof = HISTORY_PROVEN;
    uint8_t *rows = malloc (STORE_BYTES_MAX);
    assert (rows);
    for (size_t i = 0; proof == HISTORY_PROVEN && i < history->count; i++) {
        const record_t *record = &history->entries[i].record;
        if (sale_rows_of (record->kind) != which || record->size == 0)
            continue;
        const ssize_t got =
            file->ops->read (file, rows, record->size, base + record->position);
        if (got == -1)
            proof = HISTORY_UNREAD;
        else if (!record_proves (record, bytes_of (rows, (size_t) got)))
            proof = HISTORY_OTHER;
        else if (each && each (context, bytes_of (rows, record->size)) == -1)
            proof = HISTORY_UNREAD;
    }
    const int error = errno;
    free (rows);
    errno = error;
    return proof;
}

static int read_once (reading_t *reading)
{
    char reason[LOG_WHY_BYTES];
    const checkpoint_t *checkpoint = &reading->slots.checkpoint;
    for (int i = 0; i < FILES; i++) {
        reading->files[i] = file_open (reading->directory, names[i], FILE_PEEK,
                                       reading->why, BOOK_WHY_BYTES);
        if (!reading->files[i])
            return -1;
    }
    if (slots_read (reading->files[SLOT_A], reading->files[SLOT_B], &reading->slots,
                    reason) == -1)
        return refuse (reading, "%s", reason);
    const archive_end_t end = {.identity = checkpoint->identity,
                               .records = (uint32_t) checkpoint->index_records};
    reading->folders = folders_new (reading->directory, true);
    reading->archive = archive_new (reading->files[INDEX_FILE], reading->folders);
    if (archive_open (reading->archive, &end, reason) == -1)
        return refuse (reading, "%s", reason);
    reading->history->identity = checkpoint->identity;
    chain_start (checkpoint->identity, reading->history->head);
    if (read_index (reading) == -1 || read_log (reading) == -1)
        return -1;
    note_live (reading);
    return 0;
}

static int read_index (reading_t *reading)
{
    history_t *history = reading->history;
    const checkpoint_t *checkpoint = &reading->slots.checkpoint;
    record_t *records = malloc (RECORDS_A_TIME * sizeof *records);
    assert (records);
    int rc = 0;
    while (rc == 0 && history->records < checkpoint->index_records) {
        const int got = archive_read (reading->archive, (uint32_t) history->records,
                                      RECORDS_A_TIME, records);
        if (got <= 0)
            rc = refuse (reading, "%s", archive_failure (reading->archive));
        for (int i = 0; rc == 0 && i < got; i++) {
            uint8_t bytes[RECORD_BYTES];
            char why[LOG_WHY_BYTES];
            record_put (bytes, &records[i]);
            if (take (reading, &records[i], bytes, why) == -1)
                rc = refuse (reading, BOOK_INDEX ": record %" PRIu64 ": %s",
                             history->records + 1, why);
        }
    }
    free (records);
    if (rc == 0 && memcmp (history->head, checkpoint->mark.chain, SHA256_BYTES) != 0)
        rc = refuse (reading,
                     BOOK_INDEX ": its records do not have the chain of %s: they were "
                                "changed",
                     checkpoint_slot (checkpoint->generation));
    return rc;
}

static int read_log (reading_t *reading)
{
    char reason[LOG_WHY_BYTES];
    const checkpoint_t *checkpoint = &reading->slots.checkpoint;
    const bool served = !reading->locked && file_busy (reading->directory, BOOK_LOG);
    file_t *file = reading->files[LOG_FILE];
    log_t *log = log_engine_signed (file) == 1
                     ? log_engine_open (NULL, file, checkpoint->identity,
                                        &checkpoint->mark, reason)
                     : (served ? log_peek : log_open) (file, checkpoint->identity,
                                                       &checkpoint->mark, found_record,
                                                       reading, reason);
    if (!log)
        return refuse (reading, "%s", reason);
    log_destroy (&log);
    return 0;
}

static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why)
{
    (void) rows;
    return take (context, record, bytes, why);
}

static int take (reading_t *reading, const record_t *record, const uint8_t *bytes,
                 char *why)
{
    history_t *history = reading->history;
    const bytes_t draw = bytes_of (reading->draw, strlen (reading->draw));
    const bool own = record->kind == RECORD_OPENED
                         ? bytes_equal (record_name (record), draw)
                         : history->sale && record->draw == history->sale->identity;
    if (own && history_add (history, history->records + 1, record, why) == -1)
        return -1;
    history->records++;
    chain_add (history->head, bytes);
    return 0;
}

static void note_live (reading_t *reading)
{
    const sale_t *sale = reading->history->sale;
    const checkpoint_t *checkpoint = &reading->slots.checkpoint;
    checkpoint_draw_t entry;
    bytes_t draws = reading->slots.rest.draws;
    reading->history->live = sale && sale->opened > checkpoint->mark.sequence;
    while (sale && checkpoint_get_draw (&draws, &entry) == 0)
        if (entry.opened == sale->opened)
            reading->history->live = true;
}

static void close_all (reading_t *reading)
{
    archive_destroy (&reading->archive);
    folders_destroy (&reading->folders);
    slots_forget (&reading->slots);
    for (int i = 0; i < FILES; i++)
        file_close (&reading->files[i]);
}

static int refuse (reading_t *reading, const char *format, ...)
{
    const int size =
        snprintf (reading->why, BOOK_WHY_BYTES, "%.300s/", reading->directory);
    va_list values;
    va_start (values, format);
    vsnprintf (reading->why + size, BOOK_WHY_BYTES - (size_t) size, format, values);
    va_end (values);
    return -1;
}

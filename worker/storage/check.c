/* check.c - loteria-storage --check DIRECTORY. */

#include "check.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "book.h"
#include "bounds.h"
#include "slots.h"

#define RECORDS_A_TIME 512
#define TRIES          10 // while a process writes the day, and checkpoints it
#define HEAD_DIGITS    (2 * SHA256_BYTES)

enum { LOG_FILE, INDEX_FILE, CSV_FILE, SLOT_A, SLOT_B, FILES };

typedef struct {
    const char *directory;
    const char *expect;
    bool served; // somebody is writing these files
    file_t *files[FILES];
    slots_t slots;
    cursors_t *marked;  // as the checkpoint has them
    cursors_t *cursors; // as the records make them
    archive_t *archive;
    log_t *log;
    uint64_t records, bytes, last_event, events, epoch;
    uint8_t head[SHA256_BYTES];
    bool met; // the day had that head, at `met_at`
    uint64_t met_at;
    uint64_t index_other, csv_other;
    char why[BOOK_WHY_BYTES];
} check_t;

static int check_once (check_t *check);
static int open_files (check_t *check);
static int check_archive (check_t *check);
static int check_mark (check_t *check);
static int check_log (check_t *check);
static int take_record (check_t *check, const record_t *record, const uint8_t *bytes,
                        bytes_t rows, char *why);
static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why);
static void meet_head (check_t *check);
static int damaged (check_t *check, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static bool moved_on (check_t *check, uint64_t generation);
static void print (check_t *check);
static uint64_t print_agencies (const check_t *check);
static void print_rest (check_t *check);
static uint64_t behind (check_t *check, int which, uint64_t end);
static void close_all (check_t *check);
static void head_text (const uint8_t *head, char *text);

int check_directory (const char *directory, const char *expect)
{
    check_t check = {.directory = directory, .expect = expect};
    int rc = -1;
    for (int i = 0; i < TRIES; i++) {
        rc = check_once (&check);
        // a checkpoint may have come, and the log's room been used again, meanwhile
        if (rc == 0 || !check.served ||
            !moved_on (&check, check.slots.checkpoint.generation))
            break;
        close_all (&check);
        check = (check_t){.directory = directory, .expect = expect};
    }
    if (rc == 0)
        print (&check);
    else
        fprintf (stderr, "loteria-storage: %s/%s\n", directory, check.why);
    const bool unmet = rc == 0 && expect && !check.met;
    if (unmet)
        fprintf (stderr, "loteria-storage: %s: never had the head %s\n", directory,
                 expect);
    close_all (&check);
    return rc == 0 && !unmet ? 0 : 1;
}

int check_is_head (const char *text)
{
    return strlen (text) == HEAD_DIGITS &&
           strspn (text, "0123456789abcdefABCDEF") == HEAD_DIGITS;
}

static int check_once (check_t *check)
{
    check->served = file_busy (check->directory, BOOK_LOG);
    if (open_files (check) == -1)
        return -1;
    char reason[LOG_WHY_BYTES];
    check->marked = cursors_new ();
    check->cursors = cursors_new ();
    check->archive = archive_new (check->files[INDEX_FILE], check->files[CSV_FILE]);
    const checkpoint_t *checkpoint = &check->slots.checkpoint;
    if (slots_read (check->files[SLOT_A], check->files[SLOT_B], &check->slots,
                    check->marked, reason) == -1)
        return damaged (check, "%s", reason);
    const archive_end_t end = {.identity = checkpoint->identity,
                               .records = (uint32_t) checkpoint->index_records,
                               .bytes = checkpoint->csv_bytes};
    if (archive_open (check->archive, &end, reason) == -1)
        return damaged (check, "%s", reason);
    chain_start (checkpoint->identity, check->head);
    meet_head (check);
    return check_archive (check) == -1 || check_mark (check) == -1 ? -1
                                                                   : check_log (check);
}

static int open_files (check_t *check)
{
    static const char *const names[FILES] = {BOOK_LOG, BOOK_INDEX, BOOK_CSV,
                                             CHECKPOINT_A, CHECKPOINT_B};
    const char *old;
    if (book_old_file (check->directory, &old) == 1)
        return damaged (check, "%s " BOOK_OLD_WHY, old);
    for (int i = 0; i < FILES; i++) {
        char why[BOOK_WHY_BYTES];
        check->files[i] =
            file_open (check->directory, names[i], FILE_PEEK, why, sizeof why);
        if (!check->files[i])
            return damaged (check, "%s: %s", names[i], strerror (errno));
    }
    return 0;
}

/* All that lies below the checkpoint. */
static int check_archive (check_t *check)
{
    record_t *records = malloc (RECORDS_A_TIME * sizeof *records);
    uint8_t *rows = malloc (STORE_BYTES_MAX);
    assert (records && rows);
    const uint64_t end = check->slots.checkpoint.index_records;
    int rc = 0;
    while (rc == 0 && check->records < end) {
        const int got = archive_read (check->archive, (uint32_t) check->records,
                                      RECORDS_A_TIME, records);
        if (got <= 0)
            rc =
                damaged (check, "%s: %s", BOOK_INDEX, check->files[INDEX_FILE]->failed);
        for (int i = 0; rc == 0 && i < got; i++) {
            uint8_t bytes[RECORD_BYTES];
            char why[LOG_WHY_BYTES];
            record_put (bytes, &records[i]);
            rc = archive_read_rows (check->archive, &records[i], 1, rows);
            if (rc == -1)
                damaged (check, "%s: %s", archive_failed (check->archive)->name,
                         archive_failed (check->archive)->failed);
            else if (take_record (check, &records[i], bytes,
                                  bytes_of (rows, records[i].size), why) == -1)
                rc = damaged (check, "%s: record %" PRIu64 ": %s", BOOK_INDEX,
                              check->records + 1, why);
        }
    }
    free (records);
    free (rows);
    return rc;
}

/* What the checkpoint says of all that. */
static int check_mark (check_t *check)
{
    const checkpoint_t *checkpoint = &check->slots.checkpoint;
    const char *name = checkpoint_slot (checkpoint->generation);
    if (memcmp (check->head, checkpoint->mark.chain, SHA256_BYTES) != 0)
        return damaged (
            check, "%s: its records do not have the chain of %s: they were changed",
            BOOK_INDEX, name);
    const size_t size =
        (size_t) checkpoint->cursors * CHECKPOINT_CURSOR_MAX + CHECKPOINT_CURSOR_MAX;
    bool same = checkpoint->epoch == check->epoch &&
                checkpoint->last_event == check->last_event &&
                checkpoint->events == check->events &&
                cursors_recorded (check->cursors) == checkpoint->cursors &&
                cursors_recorded (check->marked) == checkpoint->cursors;
    if (same) {
        uint8_t *ours = malloc (size), *theirs = malloc (size);
        assert (ours && theirs);
        const size_t here = (size_t) (cursors_put (check->cursors, ours) - ours);
        const size_t there = (size_t) (cursors_put (check->marked, theirs) - theirs);
        same = bytes_equal (bytes_of (ours, here), bytes_of (theirs, there));
        free (ours);
        free (theirs);
    }
    return same ? 0
                : damaged (check, "%s: says otherwise than the records of %s", name,
                           BOOK_INDEX);
}

/* What lies behind it is in the log alone, as far as anybody may rely on it. */
static int check_log (check_t *check)
{
    char reason[LOG_WHY_BYTES];
    const checkpoint_t *checkpoint = &check->slots.checkpoint;
    check->log = (check->served ? log_peek : log_open) (
        check->files[LOG_FILE], checkpoint->identity, &checkpoint->mark, found_record,
        check, reason);
    if (!check->log)
        return damaged (check, "%s", reason);
    if (check->served)
        return 0; // the archive may be written right now
    if (archive_check_tail (check->archive, reason) == -1)
        return damaged (check, "%s", reason);
    if (archive_compare (check->archive, &check->index_other, &check->csv_other) == -1)
        return damaged (check, "%s: %s", archive_failed (check->archive)->name,
                        archive_failed (check->archive)->failed);
    return 0;
}

static int take_record (check_t *check, const record_t *record, const uint8_t *bytes,
                        bytes_t rows, char *why)
{
    const bool event = record_is_event (record->kind);
    const char *reason = NULL;
    if (record->kind != RECORD_REGISTERED &&
        record->draw != check->slots.checkpoint.identity)
        reason = "it is of another day";
    else if (record->position != check->bytes)
        reason = "its rows do not follow those before";
    else if (event && record->previous != check->last_event)
        reason = "it does not follow the draw's event before";
    else if (record->kind == RECORD_BETS && !record_proves (record, rows))
        reason = "its rows are not what it vouches for";
    if (reason) {
        snprintf (why, LOG_WHY_BYTES, "%s", reason);
        return -1;
    }
    if (cursors_accept (check->cursors, record, rows, why) == -1)
        return -1;
    check->records++;
    check->bytes += record->size;
    cursors_apply (check->cursors, check->records, record);
    if (event) {
        check->last_event = check->records;
        check->events++;
    } else if (record->kind == RECORD_REGISTERED)
        check->epoch = check->records;
    chain_add (check->head, bytes);
    meet_head (check);
    return 0;
}

static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why)
{
    check_t *check = context;
    if (take_record (check, record, bytes, rows, why) == -1)
        return -1;
    archive_append (check->archive, bytes, rows);
    return 0;
}

static void meet_head (check_t *check)
{
    char text[HEAD_DIGITS + 1];
    if (!check->expect || check->met)
        return;
    head_text (check->head, text);
    check->met = strcasecmp (text, check->expect) == 0;
    check->met_at = check->records;
}

static int damaged (check_t *check, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (check->why, sizeof check->why, format, values);
    va_end (values);
    return -1;
}

/* Whether there is a later checkpoint than the one that was read. */
static bool moved_on (check_t *check, uint64_t generation)
{
    slots_t now;
    char ignored[LOG_WHY_BYTES];
    if (!check->files[SLOT_A] || !check->files[SLOT_B])
        return false;
    cursors_t *cursors = cursors_new ();
    const int rc =
        slots_read (check->files[SLOT_A], check->files[SLOT_B], &now, cursors, ignored);
    cursors_destroy (&cursors);
    return rc == 0 && now.checkpoint.generation > generation;
}

static void print (check_t *check)
{
    char head[HEAD_DIGITS + 1];
    const uint64_t bets = print_agencies (check);
    head_text (check->head, head);
    printf ("records: %" PRIu64 "\n", check->records);
    printf ("bets: %" PRIu64 "\n", bets);
    printf ("bytes: %" PRIu64 "\n", archive_end (check->archive)->bytes);
    printf ("head: %s\n", head);
    if (check->met)
        printf ("expected: record %" PRIu64 "\n", check->met_at);
    print_rest (check);
    printf ("sound\n");
}

static uint64_t print_agencies (const check_t *check)
{
    uint64_t bets = 0;
    for (uint32_t agency = 1; agency <= AGENCIES_MAX; agency++) {
        const cursor_t *cursor = cursors_find (check->cursors, agency);
        if (!cursor)
            continue;
        printf ("agency %" PRIu32 ": %" PRIu64 " bets%s\n", agency, cursor->at.next,
                cursor->at.sealed ? ", sealed" : "");
        bets += cursor->at.next;
    }
    return bets;
}

/* What the next start will put right. */
static void print_rest (check_t *check)
{
    if (check->served) {
        printf ("served: a process is writing the day; this is what was safe\n");
        return;
    }
    const archive_end_t *end = archive_end (check->archive);
    const uint64_t records =
        ARCHIVE_HEADER_BYTES + (uint64_t) end->records * RECORD_BYTES;
    const uint64_t tail = log_torn (check->log) + behind (check, CSV_FILE, end->bytes) +
                          behind (check, INDEX_FILE, records);
    const uint64_t other = check->csv_other + check->index_other;
    if (check->slots.torn)
        printf ("torn: %s is not whole, as after a crash; the next start writes it\n",
                check->slots.torn);
    if (other > 0)
        printf ("behind: %" PRIu64 " bytes of %s and %" PRIu64 " of %s; the next start "
                "completes them from %s\n",
                check->csv_other, BOOK_CSV, check->index_other, BOOK_INDEX, BOOK_LOG);
    if (tail > 0)
        printf ("tail: %" PRIu64 " bytes, unfinished and never acknowledged; the next "
                "start cuts them off\n",
                tail);
}

static uint64_t behind (check_t *check, int which, uint64_t end)
{
    const int64_t size = check->files[which]->ops->size (check->files[which]);
    return size > 0 && (uint64_t) size > end ? (uint64_t) size - end : 0;
}

static void close_all (check_t *check)
{
    log_destroy (&check->log);
    archive_destroy (&check->archive);
    cursors_destroy (&check->marked);
    cursors_destroy (&check->cursors);
    for (int i = 0; i < FILES; i++)
        file_close (&check->files[i]);
}

static void head_text (const uint8_t *head, char *text)
{
    for (size_t i = 0; i < SHA256_BYTES; i++)
        sprintf (text + 2 * i, "%02x", head[i]);
}

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
#include "check_provable.h"
#include "digest.h"
#include "log_engine.h"
#include "slots.h"

#define RECORDS_A_TIME 512
#define TRIES          10 // while a process writes the day, and checkpoints it
#define HEAD_DIGITS    (2 * SHA256_BYTES)

#define ANY_END (UINT64_MAX / 2) // of a file: as far as it goes

enum { LOG_FILE, INDEX_FILE, SLOT_A, SLOT_B, FILES };

typedef struct { // a bet that does not count
    uint64_t draw, offset;
    uint32_t agency;
} cancel_t;

typedef struct {
    const char *directory;
    const char *expect;
    bool served; // somebody is writing these files
    bool away;   // the log is kept by an engine, and is not read here
    file_t *files[FILES];
    folders_t *folders;
    slots_t slots;
    sales_t *sales; // all that there ever were, as the records make them
    archive_t *archive;
    log_t *log;
    uint64_t records, epoch, last_opened;
    uint8_t head[SHA256_BYTES];
    bool met; // the log had that head, at `met_at`
    uint64_t met_at;
    uint64_t index_other, rows_other;
    cancel_t *cancels;
    size_t cancels_count, cancels_capacity;
    char why[BOOK_WHY_BYTES];
} check_t;

static int run (check_t *check, const char *directory, const char *expect);
static int check_once (check_t *check);
static int open_files (check_t *check);
static int check_archive (check_t *check);
static int take_indexed (check_t *check, const record_t *record, uint8_t *rows);
static int check_mark (check_t *check);
static int check_marked_draws (check_t *check, const char *name);
static bool same_as_marked (const sale_t *sale, const checkpoint_draw_t *entry,
                            bytes_t *cursors);
static int check_log (check_t *check);
static int check_tails (check_t *check);
static int check_draws (check_t *check);
static int check_archived (check_t *check, const sale_t *sale);
static int check_cancels (check_t *check);
static int check_papers (check_t *check);
static int by_bet (const void *a, const void *b);
static int open_sale (check_t *check, const record_t *record, char *why);
static int check_rows (check_t *check, const sale_t *sale, const record_t *record,
                       bytes_t rows, char *why);
static int check_cancel (check_t *check, const sale_t *sale, const record_t *record,
                         bytes_t rows, char *why);
static int take_record (check_t *check, const record_t *record, const uint8_t *bytes,
                        bytes_t rows, char *why);
static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why);
static void meet_head (check_t *check);
static int damaged (check_t *check, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static bool moved_on (check_t *check, uint64_t generation);
static void print (check_t *check);
static void print_totals (const check_t *check);
static uint64_t bets_of (const sale_t *sale);
static void print_draw (const sale_t *sale);
static void print_rest (check_t *check);
static uint64_t behind (check_t *check, uint64_t end);
static void close_all (check_t *check);

int check_directory (const char *directory, const char *expect)
{
    check_t check;
    const int rc = run (&check, directory, expect);
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

int check_copy (const char *directory, char *why)
{
    check_t check;
    const int rc = run (&check, directory, NULL);
    if (rc == 0)
        print_totals (&check);
    else
        snprintf (why, BOOK_WHY_BYTES, "%s/%.900s", directory, check.why);
    close_all (&check);
    return rc;
}

int check_is_head (const char *text)
{
    return strlen (text) == HEAD_DIGITS &&
           strspn (text, "0123456789abcdefABCDEF") == HEAD_DIGITS;
}

static int run (check_t *check, const char *directory, const char *expect)
{
    *check = (check_t){.directory = directory, .expect = expect};
    int rc = -1;
    for (int i = 0; i < TRIES; i++) {
        rc = check_once (check);
        // a checkpoint may have come, and the log's room been used again, meanwhile
        if (rc == 0 || !check->served ||
            !moved_on (check, check->slots.checkpoint.generation))
            break;
        close_all (check);
        *check = (check_t){.directory = directory, .expect = expect};
    }
    return rc;
}

static int check_once (check_t *check)
{
    check->served = file_busy (check->directory, BOOK_LOG);
    if (open_files (check) == -1)
        return -1;
    char reason[LOG_WHY_BYTES];
    check->sales = sales_new ();
    check->folders = folders_new (check->directory, true);
    check->archive = archive_new (check->files[INDEX_FILE], check->folders);
    const checkpoint_t *checkpoint = &check->slots.checkpoint;
    if (slots_read (check->files[SLOT_A], check->files[SLOT_B], &check->slots,
                    reason) == -1)
        return damaged (check, "%s", reason);
    const archive_end_t end = {.identity = checkpoint->identity,
                               .records = (uint32_t) checkpoint->index_records};
    if (archive_open (check->archive, &end, reason) == -1)
        return damaged (check, "%s", reason);
    chain_start (checkpoint->identity, check->head);
    meet_head (check);
    return check_archive (check) == -1 || check_mark (check) == -1 ||
                   check_log (check) == -1 || check_draws (check) == -1 ||
                   check_cancels (check) == -1 || check_papers (check) == -1
               ? -1
               : 0;
}

static int open_files (check_t *check)
{
    static const char *const names[FILES] = {BOOK_LOG, BOOK_INDEX, CHECKPOINT_A,
                                             CHECKPOINT_B};
    const char *old;
    const int format = book_old_file (check->directory, &old);
    if (format > 0)
        return damaged (check, "%s " BOOK_OLD_WHY, old, format);
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
            rc = damaged (check, "%s", archive_failure (check->archive));
        for (int i = 0; rc == 0 && i < got; i++)
            rc = take_indexed (check, &records[i], rows);
    }
    free (records);
    free (rows);
    return rc;
}

static int take_indexed (check_t *check, const record_t *record, uint8_t *rows)
{
    uint8_t bytes[RECORD_BYTES];
    char why[LOG_WHY_BYTES];
    const sale_t *sale = sales_find (check->sales, record->draw);
    record_put (bytes, record);
    if (sale && archive_read_rows (check->archive, sale->folder, record, 1, rows) == -1)
        return damaged (check, "%s", archive_failure (check->archive));
    if (take_record (check, record, bytes, bytes_of (rows, record->size), why) == -1)
        return damaged (check, "%s: record %" PRIu64 ": %s%s%s%s", BOOK_INDEX,
                        check->records + 1, sale ? "draw " : "",
                        sale ? sale->terms.name : "", sale ? ": " : "", why);
    return 0;
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
    if (checkpoint->epoch != check->epoch ||
        checkpoint->last_opened != check->last_opened)
        return damaged (check, "%s: says otherwise than the records of %s", name,
                        BOOK_INDEX);
    return check_marked_draws (check, name);
}

/* Who is not in the checkpoint is over. From here on files end where records say. */
static int check_marked_draws (check_t *check, const char *name)
{
    checkpoint_rest_t *rest = &check->slots.rest;
    checkpoint_draw_t entry;
    bool more = checkpoint_get_draw (&rest->draws, &entry) == 0;
    for (size_t i = 0; i < sales_count (check->sales); i++) {
        sale_t *sale = sales_at (check->sales, i);
        folder_set_ends (sale->folder, sale->bytes);
        if (more && entry.opened == sale->opened) {
            if (!same_as_marked (sale, &entry, &rest->cursors))
                return damaged (check,
                                "%s: draw %s: says otherwise than the records of %s",
                                name, sale->terms.name, BOOK_INDEX);
            more = checkpoint_get_draw (&rest->draws, &entry) == 0;
            sale->marked = true; // it is live: no `archived` speaks for it
        } else if (!sale_finished (sale))
            return damaged (check, "%s: draw %s: is not over, and not in it", name,
                            sale->terms.name);
    }
    return more ? damaged (check, "%s: has a draw that %s has not", name, BOOK_INDEX)
                : 0;
}

/* Takes the draw's cursors off. */
static bool same_as_marked (const sale_t *sale, const checkpoint_draw_t *entry,
                            bytes_t *cursors)
{
    const checkpoint_draw_t own = sale_entry (sale);
    uint8_t ours[CHECKPOINT_DRAW_BYTES], theirs[CHECKPOINT_DRAW_BYTES];
    checkpoint_put_draw (ours, &own);
    checkpoint_put_draw (theirs, entry);
    bool same = memcmp (ours, theirs, sizeof ours) == 0;
    size_t size;
    uint8_t *bytes = sale_encode (sale, 1, &size);
    const size_t before = ARCHIVED_BYTES - 8 + CHECKPOINT_DRAW_BYTES;
    const size_t of_cursors = size - before - 8;
    same = same && cursors->size >= of_cursors &&
           memcmp (bytes + before, cursors->data, of_cursors) == 0;
    free (bytes);
    for (uint32_t i = 0; i < entry->cursors; i++) {
        checkpoint_cursor_t ignored;
        checkpoint_get_cursor (cursors, &ignored);
    }
    return same;
}

/* What lies behind it is in the log alone, as far as anybody may rely on it. */
static int check_log (check_t *check)
{
    char reason[LOG_WHY_BYTES];
    const checkpoint_t *checkpoint = &check->slots.checkpoint;
    file_t *file = check->files[LOG_FILE];
    check->away = log_engine_signed (file) == 1;
    check->log = check->away ? log_engine_open (NULL, file, checkpoint->identity,
                                                &checkpoint->mark, reason)
                             : (check->served ? log_peek : log_open) (
                                   file, checkpoint->identity, &checkpoint->mark,
                                   found_record, check, reason);
    if (!check->log)
        return damaged (check, "%s", reason);
    return check->served || check->away ? 0 // the archive may be written right now
                                        : check_tails (check);
}

static int check_tails (check_t *check)
{
    char reason[ARCHIVE_WHY_BYTES];
    if (archive_check_tail (check->archive, reason) == -1)
        return damaged (check, "%s", reason);
    for (size_t i = 0; i < sales_count (check->sales); i++) {
        folder_t *folder = sales_at (check->sales, i)->folder;
        if (folder_check (folder, reason) == -1 ||
            folder_check_tail (folder, reason) == -1)
            return damaged (check, "%s", reason);
    }
    return archive_compare (check->archive, &check->index_other, &check->rows_other) ==
                   -1
               ? damaged (check, "%s", archive_failure (check->archive))
               : 0;
}

/* Draws that were put away. */
static int check_draws (check_t *check)
{
    for (size_t i = 0; i < sales_count (check->sales); i++) {
        const sale_t *sale = sales_at (check->sales, i);
        const bool live =
            sale->marked || sale->opened > check->slots.checkpoint.mark.sequence;
        if (!live && check_archived (check, sale) == -1)
            return -1;
    }
    return 0;
}

/* It says what the records say, or, of a draw that was used again since, did. */
static int check_archived (check_t *check, const sale_t *sale)
{
    char path[FOLDERS_PATH_BYTES], why[BOOK_WHY_BYTES];
    const uint64_t identity = check->slots.checkpoint.identity;
    folders_path (sale->terms.name, FOLDERS_ARCHIVED, path);
    file_t *file = file_open (check->directory, path, FILE_PEEK, why, sizeof why);
    if (!file)
        return damaged (check, "%s: %s", path, strerror (errno));
    size_t size;
    uint8_t *ours = sale_encode (sale, identity, &size), *theirs = malloc (size + 1);
    assert (theirs);
    const int64_t there = file->ops->size (file);
    const size_t wanted = there < 0                    ? 0
                          : there > (int64_t) size + 1 ? size + 1
                                                       : (size_t) there;
    const ssize_t got = file->ops->read (file, theirs, wanted, 0);
    checkpoint_draw_t entry = {0};
    bytes_t cursors;
    const bytes_t bytes = bytes_of (theirs, got < 0 ? 0 : (size_t) got);
    const bool older = archived_get (bytes, identity, &entry, &cursors) == 0 &&
                       entry.identity == sale->identity &&
                       entry.last_event < sale->last_event &&
                       sale->last_event > check->slots.checkpoint.mark.sequence;
    const bool same = bytes_equal (bytes, bytes_of (ours, size));
    free (ours);
    free (theirs);
    file_close (&file);
    return same || older ? 0
                         : damaged (check,
                                    "%s: is damaged, or says otherwise than the "
                                    "records of %s",
                                    path, BOOK_INDEX);
}

/* No bet is cancelled twice. */
static int check_cancels (check_t *check)
{
    cancel_t *cancels = check->cancels;
    if (check->cancels_count > 0)
        qsort (cancels, check->cancels_count, sizeof *cancels, by_bet);
    for (size_t i = 1; i < check->cancels_count; i++)
        if (by_bet (&cancels[i - 1], &cancels[i]) == 0)
            return damaged (
                check,
                "%s: draw %s: agency %" PRIu32 " cancels its bet %" PRIu64 " twice",
                BOOK_INDEX, sales_find (check->sales, cancels[i].draw)->terms.name,
                cancels[i].agency, cancels[i].offset);
    return 0;
}

/* Of provable draws. */
static int check_papers (check_t *check)
{
    char why[CHECK_PROVABLE_WHY_BYTES];
    for (size_t i = 0; i < sales_count (check->sales); i++) {
        sale_t *sale = sales_at (check->sales, i);
        if (sale_provable (sale) && check_provable (check->archive, sale, why) == -1)
            return damaged (check, "%s: draw %s: %s", FOLDERS_ALL, sale->terms.name,
                            why);
    }
    return 0;
}

static int by_bet (const void *a, const void *b)
{
    const cancel_t *left = a, *right = b;
    if (left->draw != right->draw)
        return left->draw < right->draw ? -1 : 1;
    if (left->agency != right->agency)
        return left->agency < right->agency ? -1 : 1;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static int take_record (check_t *check, const record_t *record, const uint8_t *bytes,
                        bytes_t rows, char *why)
{
    sale_t *sale = NULL;
    why[0] = 0;
    if (record->kind == RECORD_OPENED) {
        if (open_sale (check, record, why) == -1)
            return -1;
    } else if (record->kind == RECORD_REGISTERED)
        check->epoch = check->records + 1;
    else {
        sale = sales_find (check->sales, record->draw);
        if (!sale)
            snprintf (why, LOG_WHY_BYTES, "it is of a draw that was not opened");
        if (!sale || sale_accept (sale, record, rows, why) == -1 ||
            check_rows (check, sale, record, rows, why) == -1)
            return -1;
        sale_apply (sale, check->records + 1, record);
    }
    check->records++;
    chain_add (check->head, bytes);
    meet_head (check);
    return 0;
}

static int open_sale (check_t *check, const record_t *record, char *why)
{
    static const uint64_t ends[DRAW_ROWS] = {ANY_END, ANY_END, ANY_END};
    const bool in_log = check->records >= check->slots.checkpoint.index_records;
    if (sales_find (check->sales, record->draw) ||
        sales_named (check->sales, record_name (record)) || record->position != 0 ||
        record->previous != 0) {
        snprintf (why, LOG_WHY_BYTES,
                  "it opens a draw that was opened before, or not as draws are");
        return -1;
    }
    sale_t *sale =
        sale_new (check->records + 1, record, sales_held_bytes (check->sales));
    sale->folder = folders_add (check->folders, sale->terms.name, in_log ? NULL : ends);
    sales_add (check->sales, sale);
    check->last_opened = check->records + 1;
    return 0;
}

static int check_rows (check_t *check, const sale_t *sale, const record_t *record,
                       bytes_t rows, char *why)
{
    uint64_t ignored = 0;
    uint32_t beyond = 0;
    if (record_has_rows (record->kind) && !record_proves (record, rows)) {
        snprintf (why, LOG_WHY_BYTES, "its rows are not what it vouches for");
        return -1;
    }
    if (record->kind == RECORD_BETS)
        digest_rows_within (&ignored, rows, 0, sale->terms.highest, &beyond);
    if (beyond > 0) {
        snprintf (why, LOG_WHY_BYTES,
                  "the number in its row %" PRIu32 " is beyond the draw's highest",
                  beyond);
        return -1;
    }
    return record->kind == RECORD_CANCELLED
               ? check_cancel (check, sale, record, rows, why)
               : 0;
}

/* Its row is that of the bet. */
static int check_cancel (check_t *check, const sale_t *sale, const record_t *record,
                         bytes_t rows, char *why)
{
    uint8_t row[CANCELLED_ROW_BYTES_MAX];
    const cursor_t *cursor = cursors_find (sale->cursors, record->agency);
    const int64_t size = archive_cancelled_row (check->archive, sale->folder,
                                                cursor->at.last, record->offset, row);
    if (size == -1 || !bytes_equal (rows, bytes_of (row, (size_t) size))) {
        snprintf (why, LOG_WHY_BYTES, "its row is not the bet that it cancels");
        return -1;
    }
    if (check->cancels_count == check->cancels_capacity) {
        check->cancels_capacity = 2 * check->cancels_capacity + 64;
        check->cancels =
            realloc (check->cancels, check->cancels_capacity * sizeof (cancel_t));
        assert (check->cancels);
    }
    check->cancels[check->cancels_count++] =
        (cancel_t){record->draw, record->offset, record->agency};
    return 0;
}

static int found_record (void *context, const record_t *record, const uint8_t *bytes,
                         bytes_t rows, char *why)
{
    check_t *check = context;
    if (take_record (check, record, bytes, rows, why) == -1)
        return -1;
    const sale_t *sale = sales_find (check->sales, record->draw);
    archive_append (check->archive, sale ? sale->folder : NULL,
                    sale_rows_of (record->kind), bytes, rows);
    return 0;
}

static void meet_head (check_t *check)
{
    char text[SHA256_TEXT_BYTES];
    if (!check->expect || check->met)
        return;
    sha256_text (check->head, text);
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
    slots_t now = {0};
    char ignored[LOG_WHY_BYTES];
    if (!check->files[SLOT_A] || !check->files[SLOT_B])
        return false;
    const int rc =
        slots_read (check->files[SLOT_A], check->files[SLOT_B], &now, ignored);
    slots_forget (&now);
    return rc == 0 && now.checkpoint.generation > generation;
}

static void print (check_t *check)
{
    for (size_t i = 0; i < sales_count (check->sales); i++)
        print_draw (sales_at (check->sales, i));
    print_totals (check);
    if (check->met)
        printf ("expected: record %" PRIu64 "\n", check->met_at);
    print_rest (check);
    printf (check->expect && !check->met
                ? "sound, but the head that was expected is not "
                  "among those that it had\n"
                : "sound\n");
}

static void print_totals (const check_t *check)
{
    char head[SHA256_TEXT_BYTES];
    uint64_t bets = 0, bytes = 0;
    for (size_t i = 0; i < sales_count (check->sales); i++) {
        const sale_t *sale = sales_at (check->sales, i);
        bets += bets_of (sale);
        bytes += sale->bytes[ROWS_BETS];
    }
    sha256_text (check->head, head);
    printf ("records: %" PRIu64 "\n", check->records);
    printf ("bets: %" PRIu64 "\n", bets);
    printf ("bytes: %" PRIu64 "\n", bytes);
    printf ("head: %s\n", head);
}

static uint64_t bets_of (const sale_t *sale)
{
    uint64_t bets = 0;
    const cursor_t *cursor = NULL;
    while ((cursor = cursors_next (sale->cursors, cursor ? cursor->at.agency : 0)))
        bets += cursor->at.next;
    return bets;
}

static void print_draw (const sale_t *sale)
{
    uint64_t cancelled = 0;
    const cursor_t *cursor = NULL;
    while ((cursor = cursors_next (sale->cursors, cursor ? cursor->at.agency : 0)))
        cancelled += cursor->at.cancelled;
    printf ("draw %s: %s, %" PRIu32 " agencies, %" PRIu64 " bets, %" PRIu64
            " cancelled\n",
            sale->terms.name, wire_phase_name (sale_phase (sale)), sale->terms.agencies,
            bets_of (sale), cancelled);
    while ((cursor = cursors_next (sale->cursors, cursor ? cursor->at.agency : 0)))
        printf ("agency %" PRIu32 ": %" PRIu64 " bets%s%s\n", cursor->at.agency,
                cursor->at.next, cursor_sealed (cursor) ? ", sealed" : "",
                cursor->at.marks & CURSOR_EXCUSED ? ", excused" : "");
}

/* What the next start will put right. */
static void print_rest (check_t *check)
{
    if (check->away) {
        printf (
            "log: kept by an engine, and not read; this is what was safe here at the "
            "last checkpoint\n");
        return;
    }
    if (check->served) {
        printf ("served: a process is writing the day; this is what was safe\n");
        return;
    }
    const archive_end_t *end = archive_end (check->archive);
    const uint64_t records =
        ARCHIVE_HEADER_BYTES + (uint64_t) end->records * RECORD_BYTES;
    uint64_t tail = log_torn (check->log) + behind (check, records);
    const uint64_t other = check->rows_other + check->index_other;
    for (size_t i = 0; i < sales_count (check->sales); i++)
        folder_behind (sales_at (check->sales, i)->folder, &tail);
    if (check->slots.torn)
        printf ("torn: %s is not whole, as after a crash; the next start writes it\n",
                check->slots.torn);
    if (other > 0)
        printf ("behind: %" PRIu64 " bytes of %s and %" PRIu64 " of %s; the next start "
                "completes them from %s\n",
                check->rows_other, FOLDERS_ALL, check->index_other, BOOK_INDEX,
                BOOK_LOG);
    if (tail > 0)
        printf ("tail: %" PRIu64 " bytes, unfinished and never acknowledged; the next "
                "start cuts them off\n",
                tail);
}

static uint64_t behind (check_t *check, uint64_t end)
{
    file_t *index = check->files[INDEX_FILE];
    const int64_t size = index->ops->size (index);
    return size > 0 && (uint64_t) size > end ? (uint64_t) size - end : 0;
}

static void close_all (check_t *check)
{
    log_destroy (&check->log);
    archive_destroy (&check->archive);
    folders_destroy (&check->folders);
    sales_destroy (&check->sales);
    slots_forget (&check->slots);
    free (check->cancels);
    check->cancels = NULL;
    for (int i = 0; i < FILES; i++)
        file_close (&check->files[i]);
}

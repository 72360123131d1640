/* test_book.c - a day's files together: what a crash leaves of them, what somebody did
   to them, full disks, checkpoints, and groups that are gathered while others are
   synced. */

#include "shelf.h"

#include "bounds.h"

#define AGENCIES 5
#define FILES    5
#define SEGMENT  (8 * (uint64_t) LOG_PAGE_BYTES)
#define ROOMY    (64 * (uint64_t) LOG_PAGE_BYTES) // nothing goes round

static const char *const names[FILES] = {BOOK_LOG, BOOK_INDEX, SHELF_CSV, CHECKPOINT_A,
                                         CHECKPOINT_B};
static shelf_t shelf;

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf.options = (log_options_t){.segment_bytes = ROOMY, .segments = 4};
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    return 0;
}

/* A new disk with nothing on it. */
static void anew (void)
{
    const log_options_t options = shelf.options;
    shelf_free (&shelf);
    shelf_init (&shelf);
    shelf.options = options;
}

/* The files of another disk in place of these. */
static void put_disk (const disk_t *disk)
{
    shelf_close (&shelf);
    disk_mount (NULL);
    disk_destroy (&shelf.disk);
    shelf.disk = disk_clone (disk, NULL);
    disk_mount (shelf.disk);
}

/* So much of each agency was promised. */
typedef struct {
    uint64_t next[AGENCIES + 1];
    bool sealed[AGENCIES + 1];
} promise_t;

static promise_t promise_now (void)
{
    promise_t promise = {0};
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        promise.next[agency] = shelf_next (&shelf, agency);
        promise.sealed[agency] = shelf_sealed (&shelf, agency);
    }
    return promise;
}

static void assert_kept (const promise_t *promise)
{
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        assert_true (shelf_next (&shelf, agency) >= promise->next[agency]);
        assert_true (!promise->sealed[agency] || shelf_sealed (&shelf, agency));
    }
    shelf_check (&shelf, AGENCIES);
}

/* Read all of it by the archive, as somebody who searches does: -1 when it is noticed
   there that it is not what was stored. */
static int read_all (void)
{
    static record_t records[4096];
    static uint8_t rows[ROWS_BYTES_MAX];
    archive_t *archive = book_archive (shelf.book);
    const int count = archive_read (archive, 0, 4096, records);
    for (int i = 0; i < count; i++) {
        const sale_t *sale = sales_find (shelf.sales, records[i].draw);
        if (sale &&
            archive_read_rows (archive, sale->folder, &records[i], 1, rows) == -1)
            return -1;
    }
    return count == (int) book_records (shelf.book) ? 0 : -1;
}

/* Whatever agency is not sealed sells on. */
static void sell_on (void)
{
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        if (!shelf_sealed (&shelf, agency))
            shelf_append (&shelf, agency, 2);
    }
    shelf_commit (&shelf);
    shelf_check (&shelf, AGENCIES);
}

/* ---- When all is well ---- */

static void a_day_begins_with_two_checkpoints (void **state)
{
    (void) state;
    shelf.bare = true;
    shelf_start (&shelf);
    assert_true (book_recovery (shelf.book)->fresh);
    assert_true (book_identity (shelf.book) != 0);
    for (int i = 0; i < FILES; i++)
        assert_true ((disk_find (shelf.disk, names[i]) == NULL) == (i == 2));
    const uint64_t draw = book_identity (shelf.book);
    for (int i = 0; i < 3; i++) { // and stays the same
        shelf_start (&shelf);
        assert_false (book_recovery (shelf.book)->fresh);
        assert_int_equal (book_recovery (shelf.book)->replayed, 0);
        assert_true (book_identity (shelf.book) == draw);
        assert_int_equal (book_records (shelf.book), 0);
    }
    const unsigned touches = shelf_touches (&shelf);
    assert_int_equal (book_begin (shelf.book, false), 0); // nothing to record
    assert_false (book_busy (shelf.book));
    assert_int_equal (shelf_touches (&shelf), touches);
}

static void what_is_appended_is_read_again (void **state)
{
    (void) state;
    enum { RECORDS = 1500 };
    static record_t read[RECORDS + 10];
    static uint64_t next_of[RECORDS];
    static uint8_t bytes[ROWS_BYTES_MAX];
    uint64_t random = 21;
    shelf.options = (log_options_t){.segment_bytes = 64 * 1024, .segments = 4};
    shelf_start (&shelf);
    for (uint32_t count = 0; count < RECORDS;) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES);
        next_of[count] = shelf_next (&shelf, agency);
        shelf_append (&shelf, agency, 1 + (uint32_t) random_below (&random, 20));
        count++;
        archive_t *archive = book_archive (shelf.book);
        const uint32_t first = (uint32_t) random_below (&random, count + 2);
        const uint32_t some = (uint32_t) random_below (&random, 700);
        const uint32_t there = first >= count ? 0 : count - first;
        const uint32_t here = some < there ? some : there;
        assert_int_equal (archive_read (archive, first + 1, some, read), here);
        for (uint32_t i = 0; i < here; i++)
            assert_int_equal (read[i].offset, next_of[first + i]);
        if (here > 0) {
            const record_t *any = &read[random_below (&random, here)];
            assert_int_equal (
                archive_read_rows (archive, shelf.sale->folder, any, 1, bytes), 0);
            const bytes_t rows = shelf_rows (any->agency, any->offset, any->count);
            assert_true (bytes_equal (rows, bytes_of (bytes, any->size)));
        }
        if (random_below (&random, 10) == 0 || book_full (shelf.book)) {
            shelf_commit (&shelf);
            for (int i = 0; i < 8; i++)
                assert_int_equal (book_look (shelf.book), 0);
        }
        if (random_below (&random, 100) > 0)
            continue;
        shelf_commit (&shelf);
        uint8_t head[SHA256_BYTES];
        memcpy (head, book_head (shelf.book), sizeof head);
        const uint64_t size = book_bytes (shelf.book);
        if (random_below (&random, 2) == 0) {
            shelf_close (&shelf);
            disk_cut (shelf.disk);
        } else
            shelf_stop (&shelf);
        shelf_start (&shelf);
        assert_int_equal (book_records (shelf.book), count + 1);
        assert_int_equal (book_bytes (shelf.book), size);
        assert_memory_equal (book_head (shelf.book), head, sizeof head);
        assert_int_equal (read_all (), 0);
        shelf_check (&shelf, AGENCIES);
    }
}

/* Events are linked among themselves, and a registration is none. */
static void events_are_linked (void **state)
{
    (void) state;
    static const char kinds[] = "RSRBXCDSV";
    uint64_t last = 1, events = 1, epoch = 0;
    shelf_start (&shelf);
    for (size_t i = 0; i < sizeof kinds - 1; i++) {
        record_t record = {.kind = (uint8_t) kinds[i]};
        if (kinds[i] == 'B') {
            shelf_append (&shelf, 3, 2);
            continue;
        }
        if (strchr ("SVX", kinds[i]))
            record.agency = 1 + (uint32_t) i;
        if (kinds[i] == 'D')
            record.number = 3;
        sale_t *sale = kinds[i] == 'R' ? NULL : shelf.sale;
        const book_use_t use = kinds[i] == 'R' ? BOOK_REGISTRATION : BOOK_EVENT;
        assert_int_equal (book_reserve (shelf.book, sale, record.kind, 0, use),
                          BOOK_FITS);
        const uint64_t sequence =
            book_append (shelf.book, sale, &record, bytes_of (NULL, 0));
        assert_int_equal (sequence, i + 2);
        if (kinds[i] == 'R')
            epoch = sequence;
        else {
            assert_int_equal (record.previous, last);
            last = sequence;
            events++;
        }
        if (i % 2)
            shelf_commit (&shelf);
    }
    shelf_commit (&shelf);
    for (int i = 0; i < 4; i++) {
        assert_int_equal (shelf.sale->last_event, last);
        assert_int_equal (shelf.sale->events, events);
        assert_int_equal (sale_phase (shelf.sale), PHASE_DRAWN);
        assert_int_equal (book_epoch (shelf.book), epoch);
        if (i % 2)
            shelf_stop (&shelf);
        shelf_start (&shelf);
        assert_int_equal (book_learn (shelf.book, shelf.sale), 0);
        assert_int_equal (sale_recorded (shelf.sale, RECORD_DRAWN, 0), 5);
        assert_int_equal (sale_recorded (shelf.sale, RECORD_SERVED, 9), 7);
        assert_int_equal (sale_recorded (shelf.sale, RECORD_SERVED, 8), 0);
    }
}

/* ---- Groups and syncs ---- */

static void a_group_is_gathered_while_another_is_synced (void **state)
{
    (void) state;
    shelf_start (&shelf);
    disk_hold (shelf.disk, true);
    shelf_append (&shelf, 1, 3);
    assert_int_equal (book_durable (shelf.book), 1);
    assert_int_equal (book_begin (shelf.book, false), 0);
    assert_true (book_busy (shelf.book));
    const uint64_t bytes = book_bytes (shelf.book);
    assert_int_equal (shelf.csv->cached.size, bytes); // written while the disk works
    shelf_append (&shelf, 2, 4);
    shelf_append (&shelf, 1, 2);
    assert_int_equal (book_look (shelf.book), 0);
    assert_int_equal (book_durable (shelf.book), 1);
    disk_finish (shelf.log);
    assert_int_equal (book_look (shelf.book), 1);
    assert_int_equal (book_durable (shelf.book), 2); // and no more than that
    assert_int_equal (shelf.csv->cached.size, bytes);
    assert_int_equal (book_begin (shelf.book, false), 0);
    assert_int_equal (book_durable (shelf.book), 2);
    disk_finish (shelf.log);
    assert_int_equal (book_look (shelf.book), 1);
    assert_int_equal (book_durable (shelf.book), 4);
    shelf_check (&shelf, AGENCIES);
}

/* Nobody else is asked to sync it, and it is as safe. */
static void a_group_is_synced_at_once_when_asked (void **state)
{
    (void) state;
    shelf_start (&shelf);
    disk_hold (shelf.disk, true); // another thread would not get on
    shelf_append (&shelf, 1, 3);
    assert_int_equal (book_begin (shelf.book, true), 0);
    assert_false (book_busy (shelf.book));
    assert_int_equal (book_durable (shelf.book), 2);
    shelf_check (&shelf, AGENCIES);
    const promise_t promise = promise_now ();
    shelf_append (&shelf, 1, 2);
    shelf.log->fails[DISK_SYNC] = 1;
    assert_int_equal (book_begin (shelf.book, true), -1);
    assert_int_equal (book_durable (shelf.book), 2);
    shelf_close (&shelf);
    disk_cut (shelf.disk);
    disk_hold (shelf.disk, false);
    shelf_start (&shelf);
    assert_kept (&promise);
}

/* One such group right behind another, and nobody has looked in between: a checkpoint
   that was taken with the first is of what the first had. */
static void groups_at_once_may_follow_each_other (void **state)
{
    (void) state;
    anew ();
    shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    shelf_start (&shelf);
    for (int i = 0; i < 200; i++) {
        shelf_append (&shelf, 1 + (uint32_t) i % AGENCIES, 7);
        assert_int_equal (book_begin (shelf.book, true), 0);
        if (i % 2 > 0)
            assert_true (book_look (shelf.book) >= 0);
    }
    const promise_t promise = promise_now ();
    shelf_close (&shelf);
    disk_cut (shelf.disk);
    shelf_start (&shelf);
    assert_kept (&promise);
}

/* The log's sync failed: nothing of the group may be answered, then or later. */
static void a_sync_that_fails_is_told (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 3);
    shelf.log->fails[DISK_SYNC] = 1;
    const int begun = book_begin (shelf.book, false);
    assert_true (begun == -1 || book_look (shelf.book) == -1);
    assert_int_equal (book_durable (shelf.book), 1);
    char why[BOOK_WHY_BYTES];
    book_failure (shelf.book, why);
    assert_non_null (strstr (why, "day/bets.log"));
}

/* A checkpoint says that all before it is safe in the archive: so it is written when
   that is so. Whatever the disk is doing when the power fails. */
static void a_checkpoint_comes_after_what_it_covers (void **state)
{
    (void) state;
    for (int cut_after = 0; cut_after < 12; cut_after++) {
        anew ();
        shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
        shelf_start (&shelf);
        disk_hold (shelf.disk, true);
        promise_t promise = {0};
        int finished = 0;
        for (int i = 0; i < 40 && finished < cut_after; i++) {
            if (!book_busy (shelf.book)) {
                promise = promise_now ();
                while (book_reserve (shelf.book, shelf.sale, RECORD_BETS, 2000,
                                     BOOK_BETS) == BOOK_FITS)
                    shelf_append (&shelf, 1 + (uint32_t) i % AGENCIES, 7);
                assert_int_equal (book_begin (shelf.book, false), 0);
            }
            disk_file_t *syncing = disk_syncing (shelf.disk);
            assert_non_null (syncing);
            if (syncing == shelf.slots[0] || syncing == shelf.slots[1]) {
                // what it is about to say has to be so by now
                checkpoint_rest_t rest;
                checkpoint_draw_t draw;
                checkpoint_t checkpoint;
                assert_int_equal (checkpoint_get (bytes_of (syncing->cached.data,
                                                            syncing->cached.size),
                                                  &checkpoint, &rest),
                                  0);
                assert_int_equal (checkpoint_get_draw (&rest.draws, &draw), 0);
                const uint64_t csv_bytes = draw.bytes[ROWS_BETS];
                assert_true (shelf.csv->durable.size >= csv_bytes);
                assert_true (shelf.index->durable.size >=
                             ARCHIVE_HEADER_BYTES +
                                 checkpoint.index_records * RECORD_BYTES);
                assert_memory_equal (shelf.csv->durable.data, shelf.csv->cached.data,
                                     (size_t) csv_bytes);
            }
            disk_finish (syncing);
            finished++;
            assert_true (book_look (shelf.book) >= 0);
        }
        shelf_close (&shelf);
        disk_cut (shelf.disk);
        disk_hold (shelf.disk, false);
        shelf_start (&shelf);
        assert_kept (&promise);
        assert_int_equal (read_all (), 0);
        sell_on ();
    }
}

/* The log's room is used again and again, and groups wait when there is none. */
static void the_log_goes_round (void **state)
{
    (void) state;
    shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    shelf_start (&shelf);
    unsigned later = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        if (book_reserve (shelf.book, shelf.sale, RECORD_BETS, 2000, BOOK_BETS) ==
            BOOK_FITS) {
            shelf_append (&shelf, 1 + i % AGENCIES, 7);
            continue;
        }
        later++;
        shelf_commit (&shelf);
        for (int k = 0; k < 8; k++)
            assert_true (book_look (shelf.book) >= 0);
    }
    assert_true (later > 10);
    assert_true (shelf.log->cached.size <= LOG_PAGE_BYTES + 4 * SEGMENT);
    assert_true (book_bytes (shelf.book) > 3 * shelf.log->cached.size / 2);
    shelf_commit (&shelf);
    const promise_t promise = promise_now ();
    disk_cut (shelf.disk);
    shelf_start (&shelf);
    assert_kept (&promise);
}

/* ---- Crashes ---- */

/* The disk's n-th operation fails, for every n of a day's beginning: the next start
   begins the day, or goes on with it. */
static void a_beginning_may_end_anywhere (void **state)
{
    (void) state;
    shelf.bare = true;
    shelf_start (&shelf);
    const uint64_t operations = disk_operations (shelf.disk);
    for (unsigned nth = 1; nth <= operations; nth++)
        for (int cut = 0; cut < 2; cut++) {
            anew ();
            disk_fail (shelf.disk, nth);
            assert_false (shelf_open (&shelf));
            assert_true (shelf.error != 0);
            disk_fail (shelf.disk, 0);
            if (cut)
                disk_cut (shelf.disk);
            shelf_start (&shelf);
            sell_on ();
        }
}

/* Days of groups, checkpoints, kills and power cuts that leave any part of what was not
   synced, by chance. What was durable is there. */
static void days_of_crashes_lose_nothing (void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        dice_t dice = seed * 7919;
        anew ();
        disk_mount (NULL);
        disk_destroy (&shelf.disk);
        shelf.disk = disk_new (&dice);
        disk_mount (shelf.disk);
        shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
        promise_t promise = {0};
        bool sealing = false;
        for (int life = 0; life < 12; life++) {
            disk_spoil (shelf.disk, 0);
            while (!shelf_open (&shelf)) // a page that was never written was dropped
                assert_true (shelf.error != 0);
            if (!shelf.sale) {
                shelf_draw (&shelf, SHELF_IDENTITY, SHELF_DRAW);
                shelf_commit (&shelf);
            }
            assert_kept (&promise);
            disk_spoil (shelf.disk, life % 3 == 2 ? 20 : 0);
            promise = promise_now ();
            promise_t begun = promise;
            const uint64_t steps = dice_below (&dice, 120);
            int rc = 0;
            for (uint64_t step = 0; step < steps && rc != -1; step++) {
                const uint32_t agency = 1 + (uint32_t) dice_below (&dice, AGENCIES);
                const cursor_t *cursor = cursors_admit (shelf.cursors, agency);
                const uint32_t count = 1 + (uint32_t) dice_below (&dice, 9);
                if (!cursor_sealed (cursor) &&
                    book_reserve (shelf.book, shelf.sale, RECORD_BETS, 2000,
                                  BOOK_BETS) == BOOK_FITS) {
                    sealing = life > 8 && dice_chance (&dice, 30);
                    record_t record = cursor_record (cursor, count);
                    bytes_t rows = shelf_rows (agency, cursor->at.next, count);
                    if (sealing) {
                        rows = bytes_of (NULL, 0);
                        record = (record_t){.kind = RECORD_SEALED,
                                            .agency = agency,
                                            .offset = cursor->at.next,
                                            .digest = cursor->at.digest};
                    }
                    digest_rows (&record.digest, rows, digest_prefix (agency));
                    book_append (shelf.book, shelf.sale, &record, rows);
                }
                if (dice_chance (&dice, 300))
                    rc = book_look (shelf.book);
                if (rc == 1 || (rc == 0 && !book_busy (shelf.book)))
                    promise = begun;
                if (rc != -1 && !book_busy (shelf.book) && dice_chance (&dice, 300)) {
                    begun = promise_now ();
                    rc = book_begin (shelf.book, false);
                }
            }
            if (rc != -1 && dice_chance (&dice, 200) && book_close (shelf.book) == 0)
                promise = promise_now ();
            shelf_close (&shelf);
            if (dice_chance (&dice, 600))
                disk_cut (shelf.disk);
        }
        shelf_free (&shelf);
        shelf_init (&shelf);
    }
}

/* After a sync that failed the page cache shows what the disk has not: a start writes
   all of it once more, however sound it looks. */
static void a_start_rewrites_what_the_cache_shows (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 5);
    shelf_commit (&shelf);
    for (int i = 0; i < 2; i++) {
        disk_file_t *file = i ? shelf.csv : shelf.index;
        shelf_append (&shelf, 2, 5);
        shelf_commit (&shelf);
        file->fails[DISK_SYNC] = 1; // the kernel forgets what it could not write
        assert_int_equal (file->file->ops->sync (file->file), -1);
        shelf_start (&shelf);
        assert_int_equal (book_recovery (shelf.book)->rows_other, 0);
        shelf_close (&shelf);
        disk_cut (shelf.disk);
        shelf_start (&shelf);
        assert_int_equal (shelf_next (&shelf, 2), 5 * (i + 1));
        assert_int_equal (read_all (), 0);
        shelf_check (&shelf, AGENCIES);
    }
}

/* Rows and records that are missing above the checkpoint, or others, are the log's
   again; and it is said how many they were. */
static void what_is_above_the_checkpoint_is_made_from_the_log (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 5);
    shelf_commit (&shelf);
    shelf_stop (&shelf);
    shelf_start (&shelf);
    const uint64_t mark = book_bytes (shelf.book);
    shelf_append (&shelf, 1, 5);
    shelf_append (&shelf, 2, 5);
    shelf_commit (&shelf);
    const uint64_t end = book_bytes (shelf.book);
    for (uint64_t at = mark; at < end; at += 7) {
        disk_t *before = disk_clone (shelf.disk, NULL);
        disk_file_t *csv = disk_find (shelf.disk, SHELF_CSV);
        csv->cached.data[at] ^= 1;
        shelf_start (&shelf);
        assert_int_equal (book_recovery (shelf.book)->rows_other, 1);
        shelf_check (&shelf, AGENCIES);
        put_disk (before);
        csv = disk_find (shelf.disk, SHELF_CSV);
        disk_set (csv, csv->cached.data, (size_t) at);
        shelf_start (&shelf);
        assert_int_equal (book_recovery (shelf.book)->rows_other, end - at);
        shelf_check (&shelf, AGENCIES);
        put_disk (before);
        disk_destroy (&before);
    }
}

/* ---- What somebody did to the files ---- */

/* A day that was stopped once, with bets, seals and a registration above and below the
   checkpoint; in so many groups that the log went round. */
static void build_day (void)
{
    shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    shelf_start (&shelf);
    for (uint32_t i = 0; i < 150; i++) {
        if (book_reserve (shelf.book, shelf.sale, RECORD_BETS, 2000, BOOK_BETS) !=
            BOOK_FITS) {
            shelf_commit (&shelf);
            for (int k = 0; k < 8; k++)
                assert_true (book_look (shelf.book) >= 0);
        }
        shelf_append (&shelf, 1 + i % 4, 3);
    }
    shelf_commit (&shelf);
    shelf_append (&shelf, 4, 0);
    shelf_commit (&shelf);
    shelf_stop (&shelf);
    shelf_start (&shelf);
    for (uint32_t i = 0; i < 6; i++) {
        shelf_append (&shelf, 1 + i % 3, 2);
        shelf_commit (&shelf);
    }
    shelf_append (&shelf, 3, 0);
    shelf_append (&shelf, 2, 1);
    shelf_commit (&shelf);
}

static void assert_names (const char *name)
{
    if (!strstr (shelf.why, name) || shelf.error != 0)
        fail_msg ("'%s' (%d) does not name %s", shelf.why, shelf.error, name);
}

static void removed_files_are_named (void **state)
{
    (void) state;
    for (int stopped = 0; stopped < 2; stopped++)
        for (unsigned which = 1; which < 1u << FILES; which++) {
            anew ();
            if (which == 1)
                build_day ();
            else
                shelf_start (&shelf), shelf_stop (&shelf), shelf_start (&shelf),
                    sell_on ();
            if (stopped)
                shelf_stop (&shelf);
            else
                shelf_close (&shelf);
            for (int i = 0; i < FILES; i++)
                if (which & 1u << i)
                    disk_remove (shelf.disk, names[i]);
            if (which == (1u << FILES) - 1) { // all of it: there was no day
                disk_remove (shelf.disk, "draws/first");
                disk_remove (shelf.disk, "draws");
                disk_remove (shelf.disk, BOOK_CSV);
                shelf_start (&shelf);
                continue;
            }
            assert_false (shelf_open (&shelf));
            int named = 0;
            for (int i = 0; i < FILES; i++)
                named += (which & 1u << i) && strstr (shelf.why, names[i]);
            if (named == 0 || shelf.error != 0)
                fail_msg ("%x: %s", which, shelf.why);
        }
}

/* Cut to any length a file is refused, by name; or it is one that the log completes, or
   the log's last group, which looks like a crash. */
static void files_that_were_cut_are_named (void **state)
{
    (void) state;
    build_day ();
    const promise_t all = promise_now ();
    shelf_close (&shelf);
    disk_t *day = disk_clone (shelf.disk, NULL);
    for (int i = 0; i < FILES; i++) {
        const size_t size = disk_find (day, names[i])->cached.size;
        unsigned refused = 0, tried = 0;
        for (size_t cut = 0; cut < size; cut += 1 + size / 200) {
            put_disk (day);
            disk_file_t *file = disk_find (shelf.disk, names[i]);
            disk_set (file, file->cached.data, cut);
            tried++;
            if (!shelf_open (&shelf)) {
                refused++;
                assert_names (names[i]);
                continue;
            }
            promise_t less = all; // the last group's may be gone
            if (i == 0) {
                less.sealed[3] = false;
                less.next[2]--;
            }
            assert_kept (&less);
            assert_int_equal (read_all (), 0);
            sell_on ();
        }
        assert_true (refused > 0 || i >= 3); // a slot cut short is one half written
        assert_true (i != 0 || refused > tried / 2);
    }
    disk_destroy (&day);
}

static bool same_file (const disk_t *day, const disk_t *old, int which)
{
    return bytes_equal (disk_cached (day, names[which]),
                        disk_cached (old, names[which]));
}

/* An older copy of any of the files, alone or several, among the younger others. */
static void older_copies_are_named (void **state)
{
    (void) state;
    shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    shelf_start (&shelf);
    for (int groups = 0; groups < 3; groups++) {
        disk_t *old = disk_clone (shelf.disk, NULL);
        for (uint32_t i = 0; i < 120; i++) {
            if (book_reserve (shelf.book, shelf.sale, RECORD_BETS, 2000, BOOK_BETS) !=
                BOOK_FITS) {
                shelf_commit (&shelf);
                for (int k = 0; k < 8; k++)
                    assert_true (book_look (shelf.book) >= 0);
            }
            shelf_append (&shelf, 1 + i % 4, 3);
            if (i % 10 == 0)
                shelf_commit (&shelf);
        }
        shelf_commit (&shelf);
        const promise_t all = promise_now ();
        shelf_close (&shelf);
        disk_t *day = disk_clone (shelf.disk, NULL);
        for (unsigned which = 1; which < (1u << FILES) - 1; which++) {
            put_disk (day);
            for (int i = 0; i < FILES; i++)
                if (which & 1u << i) {
                    const disk_file_t *from = disk_find (old, names[i]);
                    disk_set (disk_find (shelf.disk, names[i]), from->cached.data,
                              from->cached.size);
                }
            if (!shelf_open (&shelf)) { // some file is named, and nothing else happens
                assert_int_equal (shelf.error, 0);
                assert_non_null (strstr (shelf.why, "day/"));
                continue;
            }
            // All of it older but bets.csv is what a crash may leave: what is then cut
            // off of bets.csv is said.
            bool like_a_crash = true;
            for (int i = 0; i < FILES; i++)
                like_a_crash &= i == 2 || which & 1u << i || same_file (day, old, i);
            if (like_a_crash) {
                assert_true (book_recovery (shelf.book)->rows_cut > 0 || which & 4);
                continue;
            }
            assert_kept (&all); // else it can be completed from the log
            assert_int_equal (read_all (), 0);
        }
        put_disk (day);
        shelf_start (&shelf);
        disk_destroy (&old);
        disk_destroy (&day);
    }
}

static void files_of_another_day_are_named (void **state)
{
    (void) state;
    build_day ();
    shelf_close (&shelf);
    disk_t *other = disk_clone (shelf.disk, NULL);
    anew ();
    build_day ();
    shelf_close (&shelf);
    disk_t *day = disk_clone (shelf.disk, NULL);
    for (unsigned which = 1; which < (1u << FILES) - 1; which++) {
        put_disk (day);
        for (int i = 0; i < FILES; i++)
            if (which & 1u << i) {
                const disk_file_t *from = disk_find (other, names[i]);
                disk_set (disk_find (shelf.disk, names[i]), from->cached.data,
                          from->cached.size);
            }
        // the same bets have the same rows: bets.csv alone makes no difference
        const bool same = which == 4 || which == 27;
        assert_true (shelf_open (&shelf) == same);
        if (!same) {
            assert_int_equal (shelf.error, 0);
            assert_non_null (strstr (shelf.why, "day/"));
        }
    }
    disk_destroy (&other);
    disk_destroy (&day);
}

/* Every byte of every file: what is not refused, or noticed when it is read, is made
   good. */
static void every_byte_counts (void **state)
{
    (void) state;
    shelf_start (&shelf);
    sell_on ();
    shelf_append (&shelf, 5, 0);
    shelf_commit (&shelf);
    shelf_stop (&shelf);
    shelf_start (&shelf);
    sell_on ();
    sell_on ();
    const promise_t all = promise_now ();
    shelf_close (&shelf);
    disk_t *day = disk_clone (shelf.disk, NULL);
    for (int i = 0; i < FILES; i++) {
        const disk_file_t *file = disk_find (day, names[i]);
        const size_t size = i == 0 ? LOG_PAGE_BYTES * 6 : file->cached.size;
        unsigned noticed = 0;
        bool untouched = false; // what is refused is left as it was
        for (size_t at = 0; at < size && at < file->cached.size; at++) {
            if (!untouched)
                put_disk (day);
            uint8_t *byte = &disk_find (shelf.disk, names[i])->cached.data[at];
            *byte ^= (uint8_t) (1 << at % 8);
            untouched = !shelf_open (&shelf);
            if (untouched) {
                assert_names (names[i]);
                *byte ^= (uint8_t) (1 << at % 8);
                noticed++;
                continue;
            }
            promise_t less = all;
            for (uint32_t agency = 1; agency <= 4 && i == 0; agency++)
                less.next[agency] -= 2; // the last group may be taken for unfinished
            if (read_all () == -1) {
                noticed++;
                continue;
            }
            assert_kept (&less);
        }
        assert_true (noticed > 0 || i >= 3);
    }
    disk_destroy (&day);
}

/* Rows below the checkpoint, while a process serves them: read, they are noticed. */
static void rows_changed_in_place_are_noticed_when_read (void **state)
{
    (void) state;
    shelf_start (&shelf);
    sell_on ();
    shelf_stop (&shelf);
    shelf_start (&shelf);
    sell_on ();
    assert_int_equal (read_all (), 0);
    for (size_t at = 0; at < shelf.csv->cached.size; at++) {
        shelf.csv->cached.data[at] ^= 4;
        assert_int_equal (read_all (), -1);
        assert_int_equal (errno, EBADMSG);
        char why[BOOK_WHY_BYTES];
        book_failure (shelf.book, why);
        assert_non_null (strstr (why, "day/draws/first/bets.csv: bytes "));
        assert_non_null (strstr (why, "not what was stored"));
        shelf.csv->cached.data[at] ^= 4;
    }
    assert_int_equal (read_all (), 0);
}

/* Within a group. */
static void files_taken_away_from_a_process_are_noticed (void **state)
{
    (void) state;
    for (int i = 0; i < FILES; i++)
        for (int how = 0; how < 3; how++) {
            anew ();
            shelf_start (&shelf);
            sell_on ();
            disk_file_t *file = disk_find (shelf.disk, names[i]);
            if (how == 0)
                disk_remove (shelf.disk, names[i]);
            else if (how == 1)
                disk_rename (shelf.disk, names[i], "elsewhere");
            else
                file->file->ops->truncate (file->file, file->cached.size / 2);
            shelf_append (&shelf, 1, 1);
            const unsigned writes = shelf.log->calls[DISK_WRITE];
            assert_int_equal (book_begin (shelf.book, false), -1);
            assert_int_equal (shelf.log->calls[DISK_WRITE], writes);
            char why[BOOK_WHY_BYTES];
            book_failure (shelf.book, why);
            if (!strstr (why, names[i]) && how != 1)
                fail_msg ("'%s' does not name %s", why, names[i]);
        }
}

static void a_day_of_an_older_format_is_refused (void **state)
{
    (void) state;
    disk_set (disk_file (shelf.disk, "bets.journal"), "LOTERIA JOURNAL\n", 16);
    assert_false (shelf_open (&shelf));
    assert_names ("bets.journal");
    assert_names ("format 2");
    assert_null (disk_find (shelf.disk, BOOK_LOG));
}

/* Rows of which there is no log are no day that was cut off at its beginning. */
static void foreign_rows_are_left_alone (void **state)
{
    (void) state;
    static const char row[] = "1,Ana,Paz,20000000,2000-01-01,1\r\n";
    disk_set (disk_file (shelf.disk, BOOK_CSV), row, sizeof row - 1);
    assert_false (shelf_open (&shelf));
    assert_names (BOOK_CSV);
    assert_names ("format 3");
    assert_int_equal (disk_cached (shelf.disk, BOOK_CSV).size, sizeof row - 1);
    anew ();
    shelf_start (&shelf);
    sell_on ();
    disk_file_t *csv = shelf.csv;
    const uint64_t end = book_bytes (shelf.book);
    csv->file->ops->truncate (csv->file, end + LOG_GROUP_BYTES_MAX);
    shelf_start (&shelf); // a crash may leave as much
    assert_int_equal (book_recovery (shelf.book)->rows_cut, LOG_GROUP_BYTES_MAX);
    csv->file->ops->truncate (csv->file, end + LOG_GROUP_BYTES_MAX + 1);
    assert_false (shelf_open (&shelf));
    assert_names (BOOK_CSV);
}

/* ---- Space ---- */

/* When the disk is full there is no room for bets, but for all that has to follow them:
   of each draw, and of no new one. */
static void a_full_disk_can_still_seal_and_draw (void **state)
{
    (void) state;
    shelf_start (&shelf);
    sell_on ();
    sale_terms_t terms = shelf_terms ("second");
    terms.agencies = 40;
    sale_t *sale = shelf_draw_with (&shelf, 2, &terms);
    assert_int_equal (
        book_reserve (shelf.book, shelf.sale, RECORD_BETS, 100, BOOK_BETS), BOOK_FITS);
    disk_limit (shelf.disk, 0);
    book_room_t room;
    while ((room = book_reserve (shelf.book, shelf.sale, RECORD_BETS, 2000,
                                 BOOK_BETS)) != BOOK_NOSPACE) {
        assert_true (room == BOOK_FITS || room == BOOK_LATER);
        if (room == BOOK_FITS)
            shelf_append (&shelf, 1, 7);
        else
            shelf_commit (&shelf);
    }
    shelf_commit (&shelf);
    strcpy (terms.name, "third");
    record_t third = sale_opening (3, &terms);
    sale_t *none;
    assert_int_equal (book_open_draw (shelf.book, &third, &none), BOOK_NOSPACE);
    for (int i = 0; i < 60; i++) { // of states that start again and again
        record_t record = {.kind = RECORD_REGISTERED};
        assert_int_equal (
            book_reserve (shelf.book, NULL, RECORD_REGISTERED, 0, BOOK_REGISTRATION),
            BOOK_FITS);
        book_append (shelf.book, NULL, &record, bytes_of (NULL, 0));
        shelf_commit (&shelf);
    }
    for (uint32_t agency = 1; agency <= 40; agency++)
        shelf_append_to (&shelf, sale, agency, 0);
    for (uint32_t agency = 1; agency <= SHELF_ROLL; agency++)
        shelf_event (&shelf, shelf.sale, RECORD_EXCUSED, agency, NULL);
    shelf_event (&shelf, sale, RECORD_DRAWN, 0, NULL);
    shelf_event (&shelf, shelf.sale, RECORD_VOIDED, 0, NULL);
    shelf_commit (&shelf);
    for (uint32_t agency = 1; agency <= 40; agency++)
        shelf_event (&shelf, sale, RECORD_SERVED, agency, NULL);
    shelf_commit (&shelf);
    shelf_start (&shelf);
    assert_int_equal (sales_named (shelf.sales, bytes_of ("second", 6))->events, 82);
    assert_int_equal (shelf.sale->events, SHELF_ROLL + 2);
    shelf_check (&shelf, AGENCIES);
}

/* The papers of a provable draw have room, too: as many bytes as they may come to. */
static void a_full_disk_can_still_prove_a_draw (void **state)
{
    (void) state;
    static char paper[8192 + 2560 * 40];
    sale_terms_t terms = {.agencies = 40, .highest = 9, .source = SOURCE_PROVABLE};
    strcpy (terms.name, "second");
    shelf_start (&shelf);
    sale_t *sale = shelf_draw_with (&shelf, 2, &terms);
    const size_t left = sizeof paper - 5;
    memset (paper, 'x', sizeof paper);
    memcpy (paper, "a b\n\n", 5);
    record_t noted = {.kind = RECORD_NOTED}, closed = {.kind = RECORD_CLOSED};
    record_t locked = {.kind = RECORD_LOCKED};
    shelf_put_to (&shelf, sale, &noted, bytes_of (paper, 5));
    shelf_commit (&shelf);
    disk_limit (shelf.disk, 0);
    shelf_put_to (&shelf, sale, &closed, bytes_of (NULL, 0));
    shelf_put_to (&shelf, sale, &locked, bytes_of (paper, left));
    shelf_commit (&shelf);
}

/* A restart reserves it again, before anything is sold. */
static void a_bet_needs_room_for_papers (void **state)
{
    (void) state;
    sale_terms_t terms = {.agencies = 40, .highest = 9, .source = SOURCE_PROVABLE};
    strcpy (terms.name, "second");
    shelf_start (&shelf);
    sale_t *sale = shelf_draw_with (&shelf, 2, &terms);
    record_t noted = {.kind = RECORD_NOTED};
    shelf_put_to (&shelf, sale, &noted, bytes_of ("a b\n\n", 5));
    shelf_commit (&shelf);
    shelf_stop (&shelf);
    shelf_start (&shelf);
    sale = sales_named (shelf.sales, bytes_of ("second", 6));
    disk_find (shelf.disk, "draws/second/notes")->room = 4000;
    assert_int_equal (book_reserve (shelf.book, sale, RECORD_BETS, 10, BOOK_BETS),
                      BOOK_NOSPACE);
    disk_find (shelf.disk, "draws/second/notes")->room = 200000;
    assert_int_equal (book_reserve (shelf.book, sale, RECORD_BETS, 10, BOOK_BETS),
                      BOOK_FITS);
}

/* A disk that is full when bets.csv has to be completed: it may pass, so it is no
   damage, and nothing was done. */
static void a_start_without_room_says_so (void **state)
{
    (void) state;
    shelf_start (&shelf);
    sell_on ();
    const promise_t promise = promise_now ();
    shelf_close (&shelf);
    disk_set (shelf.csv, shelf.csv->cached.data, 0);
    shelf.csv->room = 10;
    assert_false (shelf_open (&shelf));
    assert_int_equal (shelf.error, ENOSPC);
    assert_non_null (strstr (shelf.why, "full"));
    shelf.csv->room = DISK_PLENTY;
    shelf_start (&shelf);
    assert_kept (&promise);
}

#define BOOK_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        BOOK_TEST (a_day_begins_with_two_checkpoints),
        BOOK_TEST (what_is_appended_is_read_again),
        BOOK_TEST (events_are_linked),
        BOOK_TEST (a_group_is_gathered_while_another_is_synced),
        BOOK_TEST (a_group_is_synced_at_once_when_asked),
        BOOK_TEST (groups_at_once_may_follow_each_other),
        BOOK_TEST (a_sync_that_fails_is_told),
        BOOK_TEST (a_checkpoint_comes_after_what_it_covers),
        BOOK_TEST (the_log_goes_round),
        BOOK_TEST (a_beginning_may_end_anywhere),
        BOOK_TEST (days_of_crashes_lose_nothing),
        BOOK_TEST (a_start_rewrites_what_the_cache_shows),
        BOOK_TEST (what_is_above_the_checkpoint_is_made_from_the_log),
        BOOK_TEST (removed_files_are_named),
        BOOK_TEST (files_that_were_cut_are_named),
        BOOK_TEST (older_copies_are_named),
        BOOK_TEST (files_of_another_day_are_named),
        BOOK_TEST (every_byte_counts),
        BOOK_TEST (rows_changed_in_place_are_noticed_when_read),
        BOOK_TEST (files_taken_away_from_a_process_are_noticed),
        BOOK_TEST (a_day_of_an_older_format_is_refused),
        BOOK_TEST (foreign_rows_are_left_alone),
        BOOK_TEST (a_full_disk_can_still_seal_and_draw),
        BOOK_TEST (a_full_disk_can_still_prove_a_draw),
        BOOK_TEST (a_bet_needs_room_for_papers),
        BOOK_TEST (a_start_without_room_says_so),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_archive.c - every record and every row: how they are found, and that what is
   read is what was stored. */

#include "shelf.h"

#include "bounds.h"

static shelf_t shelf;

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    return 0;
}

/* Several agencies' records, one among the other; `records` of each at least. */
static void build_large (uint32_t agencies, uint32_t records)
{
    uint64_t random = 77;
    shelf_start (&shelf);
    for (uint32_t i = 0; i < agencies * records; i++) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, agencies);
        shelf_append (&shelf, agency, 1 + (uint32_t) random_below (&random, 4));
        if (i % 100 == 0)
            shelf_commit (&shelf);
    }
    for (uint32_t agency = 1; agency <= agencies; agency++)
        while (cursors_find (shelf.cursors, agency)->at.ordinal < records)
            shelf_append (&shelf, agency, 1);
}

/* ---- What cannot be read, or is other than it was ---- */

static void reading_reports_failures (void **state)
{
    (void) state;
    static uint8_t rows[4096];
    record_t records[3];
    shelf_start (&shelf);
    for (int i = 0; i < 3; i++)
        shelf_append (&shelf, 1, 2);
    shelf_commit (&shelf);
    archive_t *archive = book_archive (shelf.book);
    const uint32_t last = cursors_find (shelf.cursors, 1)->at.last;
    assert_int_equal (archive_read (archive, 1, 3, records), 3);
    shelf.csv->fails[DISK_READ] = 1;
    assert_int_equal (archive_read_rows (archive, shelf.sale->folder, records, 3, rows),
                      -1);
    assert_int_equal (errno, EIO);
    shelf.index->fails[DISK_READ] = 1;
    assert_int_equal (archive_find (archive, last, 0, &records[0]), -1);
    assert_int_equal (errno, EIO);
    assert_int_equal (archive_read (archive, 1, 3, records), 3);
    shelf.csv->cached.size = 10; // somebody cut it off below us
    assert_int_equal (archive_read_rows (archive, shelf.sale->folder, records, 3, rows),
                      -1);
    assert_int_equal (errno, EBADMSG);
    assert_string_equal (archive_failure (archive),
                         SHELF_CSV ": is shorter than it was");
    assert_int_equal (
        archive_same (archive, shelf.sale->folder, last, 0, 2, 0, shelf_rows (1, 0, 2)),
        -1);
    assert_int_equal (errno, EBADMSG);
}

/* Even when it has no records yet that could tell. */
static void an_index_of_another_day_is_named (void **state)
{
    (void) state;
    char why[ARCHIVE_WHY_BYTES];
    shelf_start (&shelf);
    folders_t *folders = folders_new ("day", true);
    archive_t *archive = archive_new (shelf.index->file, folders);
    archive_end_t end = {.identity = book_identity (shelf.book)};
    assert_int_equal (archive_open (archive, &end, why), 0);
    end.identity ^= 1;
    assert_int_equal (archive_open (archive, &end, why), -1);
    assert_int_equal (errno, 0);
    assert_non_null (strstr (why, "bets.index: is of another day"));
    archive_destroy (&archive);
    folders_destroy (&folders);
}

/* ---- What lies behind the end ---- */

/* An archive on the shelf's files, of which only so many records count; whether what
   lies behind them is what a crash may leave, and if not, what is said. */
static bool tail_is_a_crashs (uint32_t records, char *why)
{
    archive_end_t end = {.identity = book_identity (shelf.book), .records = records};
    folders_t *folders = folders_new ("day", true);
    archive_t *archive = archive_new (shelf.index->file, folders);
    assert_int_equal (archive_open (archive, &end, why), 0);
    strcpy (why, "");
    const int rc = archive_check_tail (archive, why);
    assert_int_equal (errno, 0);
    assert_true ((rc == -1) == (why[0] != 0));
    archive_destroy (&archive);
    folders_destroy (&folders);
    return rc == 0;
}

/* Each record says how many were safe when it was written: with fewer in the log, the
   log was cut short. But the last group may have been on its way, and nothing more. */
static void a_log_that_was_cut_short_is_shown_by_the_index (void **state)
{
    (void) state;
    static const uint32_t groups[] = {3, 1, 600, 2, 700, 1, 5};
    char why[ARCHIVE_WHY_BYTES], told[128];
    uint32_t safe = 0, records = 1; // it was opened
    shelf_start (&shelf);
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        safe = records;
        for (uint32_t n = 0; n < groups[i]; n++)
            shelf_append (&shelf, 1 + n % 3, 1);
        shelf_commit (&shelf);
        records += groups[i];
    }
    snprintf (told, sizeof told, "bets.index shows that %u were safe", safe);
    for (uint32_t kept = 0; kept <= records; kept++)
        if (tail_is_a_crashs (kept, why) != (kept >= safe))
            fail_msg ("%u of %u records, %u were safe: '%s'", kept, records, safe, why);
        else if (kept < safe && (!strstr (why, told) || !strstr (why, BOOK_LOG)))
            fail_msg ("'%s'", why);
}

static void nothing_stays_behind_the_end (void **state)
{
    (void) state;
    uint64_t index_cut = 1;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 4);
    shelf_commit (&shelf);
    archive_t *archive = book_archive (shelf.book);
    const size_t index_size = ARCHIVE_HEADER_BYTES + 2 * RECORD_BYTES;
    for (unsigned more = 0; more < 3; more++) {
        file_t *index = shelf.index->file;
        assert_int_equal (index->ops->truncate (index, index_size + 200 * more), 0);
        assert_int_equal (archive_cut (archive, &index_cut), 0);
        assert_int_equal (index_cut, 200 * more);
        assert_int_equal (shelf.index->cached.size, index_size);
    }
    shelf_check (&shelf, 1);
}

/* The bet that it is of, by its offset, however batches were cut. */
static void a_bet_is_given_as_a_row_to_cancel (void **state)
{
    (void) state;
    uint8_t row[CANCELLED_ROW_BYTES_MAX];
    build_large (3, 40);
    for (int committed = 0; committed <= 1; committed++) {
        for (uint32_t agency = 1; agency <= 3; agency++) {
            const cursor_t *cursor = cursors_find (shelf.cursors, agency);
            for (uint64_t offset = 0; offset < cursor->at.next; offset++) {
                char expected[256];
                const int digits =
                    sprintf (expected, "%llu,", (unsigned long long) offset);
                const size_t size = shelf_row (expected + digits, agency, offset);
                const int64_t got = archive_cancelled_row (
                    book_archive (shelf.book), shelf.sale->folder, cursor->at.last,
                    offset, row);
                assert_true (bytes_equal (bytes_of (row, (size_t) got),
                                          bytes_of (expected, (size_t) digits + size)));
            }
        }
        shelf_commit (&shelf);
    }
}

/* Several records' rows are read in one go, and each record's are checked. */
static void rows_changed_in_place_are_noticed (void **state)
{
    (void) state;
    static uint8_t rows[4096];
    record_t records[4];
    shelf_start (&shelf);
    for (int i = 0; i < 4; i++)
        shelf_append (&shelf, 1, 2);
    for (int written = 0; written < 2; written++) {
        archive_t *archive = book_archive (shelf.book);
        assert_int_equal (archive_read (archive, 1, 4, records), 4);
        assert_int_equal (
            archive_read_rows (archive, shelf.sale->folder, records, 4, rows), 0);
        const bytes_t all = shelf_rows (1, 0, 8);
        assert_true (bytes_equal (bytes_of (rows, all.size), all));
        for (size_t at = 0; written && at < all.size; at++) {
            shelf.csv->cached.data[at] ^= 0x10;
            assert_int_equal (
                archive_read_rows (archive, shelf.sale->folder, records, 4, rows), -1);
            char place[64];
            size_t i = 0;
            while (records[i].position + records[i].size <= at)
                i++;
            snprintf (place, sizeof place,
                      "bytes %llu to %llu: ", (unsigned long long) records[i].position,
                      (unsigned long long) records[i].position + records[i].size);
            assert_non_null (strstr (archive_failure (archive), place));
            shelf.csv->cached.data[at] ^= 0x10;
        }
        for (size_t at = 0; written && at < 4 * RECORD_BYTES; at++) {
            shelf.index->cached.data[ARCHIVE_HEADER_BYTES + RECORD_BYTES + at] ^= 0x10;
            assert_int_equal (archive_read (archive, 1, 4, records), -1);
            assert_int_equal (errno, EBADMSG);
            shelf.index->cached.data[ARCHIVE_HEADER_BYTES + RECORD_BYTES + at] ^= 0x10;
        }
        shelf_commit (&shelf);
    }
}

/* Not even where there is another way to the record. */
static void a_search_ends_at_any_read_that_fails (void **state)
{
    (void) state;
    shelf_start (&shelf);
    for (int i = 0; i < 16; i++)
        shelf_append (&shelf, 1, 1);
    shelf_commit (&shelf);
    const uint32_t last = cursors_find (shelf.cursors, 1)->at.last;
    for (uint64_t offset = 0; offset < 16; offset++) {
        record_t record;
        const unsigned before = shelf.index->calls[DISK_READ];
        assert_int_equal (
            archive_find (book_archive (shelf.book), last, offset, &record), 0);
        const unsigned reads = shelf.index->calls[DISK_READ] - before;
        for (unsigned n = 1; n <= reads; n++) {
            shelf.index->fails[DISK_READ] = n;
            errno = 0;
            assert_int_equal (
                archive_find (book_archive (shelf.book), last, offset, &record), -1);
            assert_int_equal (errno, EIO);
        }
    }
}

static void every_bet_is_found (void **state)
{
    (void) state;
    build_large (3, 1500);
    for (int sealed = 0; sealed <= 1; sealed++) { // pending records, then none
        for (uint32_t agency = 1; agency <= 3; agency++) {
            const cursor_t *cursor = cursors_find (shelf.cursors, agency);
            for (uint64_t offset = 0; offset < cursor->at.next; offset++) {
                record_t record = {0};
                assert_int_equal (archive_find (book_archive (shelf.book),
                                                cursor->at.last, offset, &record),
                                  0);
                assert_int_equal (record.agency, agency);
                assert_true (offset >= record.offset);
                assert_true (offset - record.offset < record.count);
            }
        }
        shelf_commit (&shelf);
    }
}

static void what_is_not_stored_is_not_found (void **state)
{
    (void) state;
    record_t record;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 3);
    shelf_append (&shelf, 1, 2);
    for (int sealed = 0; sealed <= 1; sealed++) {
        static const uint64_t beyond[] = {5, 6, 1000, UINT64_MAX};
        for (size_t i = 0; i < 4; i++) {
            errno = 0;
            const uint32_t last = cursors_find (shelf.cursors, 1)->at.last;
            assert_int_equal (
                archive_find (book_archive (shelf.book), last, beyond[i], &record), -1);
            assert_int_equal (errno, ENOENT);
        }
        shelf_append (&shelf, 1, 0);
    }
    errno = 0;
    assert_int_equal (archive_find (book_archive (shelf.book), 0, 0, &record),
                      -1); // no record at all
    assert_int_equal (errno, ENOENT);
}

/* With n records between, the reads grow with the square of log n at the most. */
static void a_bet_is_found_in_few_reads (void **state)
{
    (void) state;
    enum { RECORDS = 1 << 14 };
    shelf_start (&shelf);
    for (uint32_t i = 0; i < RECORDS; i++) {
        shelf_append (&shelf, 1, 1);
        shelf_append (&shelf, 2, 1);
    }
    shelf_commit (&shelf);
    const uint32_t last = cursors_find (shelf.cursors, 1)->at.last;
    unsigned most = 0;
    uint64_t all = 0;
    for (uint64_t offset = 0; offset < RECORDS; offset++) {
        record_t record;
        const unsigned before = shelf.index->calls[DISK_READ];
        assert_int_equal (
            archive_find (book_archive (shelf.book), last, offset, &record), 0);
        const unsigned reads = shelf.index->calls[DISK_READ] - before;
        most = reads > most ? reads : most;
        all += reads;
    }
    assert_true (most <= 14 * 14);
    assert_true (all / RECORDS <= 5 * 14);
}

/* Batches with other boundaries than the stored records have, and other bytes. */
static void the_same_bets_are_recognised (void **state)
{
    (void) state;
    uint64_t random = 4;
    build_large (2, 400);
    for (int committed = 0; committed <= 1; committed++) {
        for (int i = 0; i < 20000; i++) {
            const uint32_t agency = 1 + (uint32_t) random_below (&random, 2);
            const cursor_t *cursor = cursors_find (shelf.cursors, agency);
            const uint64_t offset = random_below (&random, (size_t) cursor->at.next);
            const uint64_t left = cursor->at.next - offset;
            const uint32_t most = left < 20 ? (uint32_t) left : 20;
            const uint32_t count = 1 + (uint32_t) random_below (&random, most);
            const bytes_t rows = shelf_rows (agency, offset, count);
            uint8_t *copy = malloc (rows.size + 1);
            assert_non_null (copy);
            put_bytes (copy, rows);
            const int same = archive_same (book_archive (shelf.book),
                                           shelf.sale->folder, cursor->at.last, offset,
                                           count, 0, bytes_of (copy, rows.size));
            assert_int_equal (same, 1);
            copy[random_below (&random, rows.size)] ^= 0x04;
            assert_int_equal (archive_same (book_archive (shelf.book),
                                            shelf.sale->folder, cursor->at.last, offset,
                                            count, 0, bytes_of (copy, rows.size)),
                              0);
            free (copy);
        }
        shelf_commit (&shelf);
    }
}

static void more_or_less_than_the_same_is_not_the_same (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 3);
    shelf_append (&shelf, 1, 3);
    const uint32_t last = cursors_find (shelf.cursors, 1)->at.last;
    static const struct {
        uint64_t offset;
        uint32_t count;
        uint64_t rows_from;
        uint32_t rows;
        int same;
    } cases[] = {
        {0, 3, 0, 3, 1}, {0, 6, 0, 6, 1}, {3, 3, 3, 3, 1}, {1, 4, 1, 4, 1},
        {0, 3, 0, 2, 0}, {0, 3, 0, 4, 0}, {0, 2, 0, 3, 0}, {0, 6, 0, 5, 0},
        {0, 3, 1, 3, 0}, {2, 2, 2, 1, 0}, {5, 1, 4, 1, 0}, {4, 2, 4, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bytes_t rows = shelf_rows (1, cases[i].rows_from, cases[i].rows);
        assert_int_equal (archive_same (book_archive (shelf.book), shelf.sale->folder,
                                        last, cases[i].offset, cases[i].count, 0, rows),
                          cases[i].same);
        const bytes_t shorter = bytes_of (rows.data, rows.size - 1);
        assert_int_equal (archive_same (book_archive (shelf.book), shelf.sale->folder,
                                        last, cases[i].offset, cases[i].count, 0,
                                        shorter),
                          0);
    }
}

static void another_writers_bet_is_not_the_same (void **state)
{
    (void) state;
    shelf_start (&shelf);
    for (uint64_t writer = 0; writer < 3; writer++) {
        const cursor_t *cursor = cursors_admit (shelf.cursors, 1);
        record_t record = cursor_record (cursor, 1);
        const bytes_t rows = shelf_rows (1, writer, 1);
        record.writer = writer;
        digest_rows (&record.digest, rows, digest_prefix (1));
        book_append (shelf.book, shelf.sale, &record, rows);
    }
    for (int committed = 0; committed <= 1; committed++) {
        const uint32_t last = cursors_find (shelf.cursors, 1)->at.last;
        for (uint64_t offset = 0; offset < 3; offset++)
            for (uint64_t writer = 0; writer < 4; writer++)
                assert_int_equal (archive_same (book_archive (shelf.book),
                                                shelf.sale->folder, last, offset, 1,
                                                writer, shelf_rows (1, offset, 1)),
                                  offset == writer);
        assert_int_equal (archive_same (book_archive (shelf.book), shelf.sale->folder,
                                        last, 0, 3, 0, shelf_rows (1, 0, 3)),
                          0);
        shelf_commit (&shelf);
        assert_true (shelf_open (&shelf));
    }
}

static void digests_are_found_anywhere (void **state)
{
    (void) state;
    shelf_start (&shelf);
    build_large (2, 400);
    for (int committed = 0; committed <= 1; committed++) {
        for (uint32_t agency = 1; agency <= 2; agency++) {
            const cursor_t *cursor = cursors_find (shelf.cursors, agency);
            for (uint64_t count = 0; count <= cursor->at.next; count++) {
                uint64_t digest = 1;
                assert_int_equal (archive_digest (book_archive (shelf.book),
                                                  shelf.sale->folder, cursor->at.last,
                                                  count, &digest),
                                  0);
                assert_true (digest == shelf_digest (agency, count));
            }
        }
        shelf_commit (&shelf);
    }
    uint64_t digest;
    shelf.csv->fails[DISK_READ] = 1;
    const cursor_t *cursor = cursors_find (shelf.cursors, 1);
    record_t record;
    assert_int_equal (
        archive_find (book_archive (shelf.book), cursor->at.last, 0, &record), 0);
    if (record.count > 1)
        assert_int_equal (archive_digest (book_archive (shelf.book), shelf.sale->folder,
                                          cursor->at.last, 1, &digest),
                          -1);
    shelf.csv->fails[DISK_READ] = 0;
    shelf.index->fails[DISK_READ] = 1;
    assert_int_equal (archive_digest (book_archive (shelf.book), shelf.sale->folder,
                                      cursor->at.last, 1, &digest),
                      -1);
}

#define ARCHIVE_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        ARCHIVE_TEST (reading_reports_failures),
        ARCHIVE_TEST (an_index_of_another_day_is_named),
        ARCHIVE_TEST (a_log_that_was_cut_short_is_shown_by_the_index),
        ARCHIVE_TEST (nothing_stays_behind_the_end),
        ARCHIVE_TEST (a_bet_is_given_as_a_row_to_cancel),
        ARCHIVE_TEST (rows_changed_in_place_are_noticed),
        ARCHIVE_TEST (a_search_ends_at_any_read_that_fails),
        ARCHIVE_TEST (every_bet_is_found),
        ARCHIVE_TEST (what_is_not_stored_is_not_found),
        ARCHIVE_TEST (a_bet_is_found_in_few_reads),
        ARCHIVE_TEST (the_same_bets_are_recognised),
        ARCHIVE_TEST (more_or_less_than_the_same_is_not_the_same),
        ARCHIVE_TEST (another_writers_bet_is_not_the_same),
        ARCHIVE_TEST (digests_are_found_anywhere),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_trail.c - an agency's bets forward, piece by piece, wherever one begins. */

#include "shelf.h"

#include "trail.h"

static shelf_t shelf;

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf_start (&shelf);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    return 0;
}

static trail_t *trail_of (uint32_t agency, uint64_t from)
{
    return trail_new (book_archive (shelf.book), shelf.sale,
                      cursors_find (shelf.cursors, agency), from);
}

/* Batches of agencies by chance; what one has is `bets_max` at most. */
static void sell (uint32_t agencies, uint32_t records, uint32_t bets_max)
{
    uint64_t random = 5 + bets_max;
    for (uint32_t i = 0; i < records; i++) {
        shelf_append (&shelf, 1 + (uint32_t) random_below (&random, agencies),
                      1 + (uint32_t) random_below (&random, bets_max));
        if (i % 300 == 0)
            shelf_commit (&shelf);
    }
}

/* All bets from there on, in order, and no others. */
static void assert_trail (uint32_t agency, uint64_t from)
{
    trail_piece_t piece;
    trail_t *trail = trail_of (agency, from);
    const uint64_t end = shelf_next (&shelf, agency);
    int more;
    while ((more = trail_next (trail, &piece)) == 1) {
        assert_int_equal (piece.offset, from);
        assert_true (piece.count > 0 && piece.count <= end - from);
        assert_true (bytes_equal (piece.rows, shelf_rows (agency, from, piece.count)));
        from += piece.count;
    }
    assert_int_equal (more, 0);
    assert_int_equal (from < end ? from : end, end);
    assert_int_equal (trail_next (trail, &piece), 0);
    trail_destroy (&trail);
    assert_null (trail);
}

static void all_bets_come_in_their_order (void **state)
{
    (void) state;
    sell (3, 700, 4); // some of it is not committed
    for (int committed = 0; committed <= 1; committed++) {
        for (uint32_t agency = 1; agency <= 3; agency++)
            for (uint64_t from = 0; from < shelf_next (&shelf, agency) + 3; from++)
                assert_trail (agency, from);
        shelf_commit (&shelf);
    }
}

/* Whose records are far apart each is read by itself; none of them twice. */
static void a_seldom_seller_costs_a_read_a_record (void **state)
{
    (void) state;
    const uint32_t sold = 100;
    for (uint32_t i = 0; i < sold; i++) {
        for (int other = 0; other < 40; other++)
            shelf_append (&shelf, 2, 1);
        shelf_append (&shelf, 1, 3);
    }
    shelf_commit (&shelf);
    const unsigned index_reads = shelf.index->calls[DISK_READ];
    const unsigned rows_reads = shelf.csv->calls[DISK_READ];
    assert_trail (1, 0);
    assert_int_equal (shelf.index->calls[DISK_READ] - index_reads, sold);
    assert_int_equal (shelf.csv->calls[DISK_READ] - rows_reads, sold);
    assert_trail (1, 3 * sold - 1); // its last bet: one record
    assert_int_equal (shelf.index->calls[DISK_READ] - index_reads, sold + 1);
}

/* And of one with many small ones, several at a time. */
static void small_records_are_read_together (void **state)
{
    (void) state;
    const uint32_t sold = 3000;
    for (uint32_t i = 0; i < sold; i++)
        for (uint32_t agency = 1; agency <= 3; agency++)
            shelf_append (&shelf, agency, 1);
    shelf_commit (&shelf);
    const unsigned index_reads = shelf.index->calls[DISK_READ];
    const unsigned rows_reads = shelf.csv->calls[DISK_READ];
    assert_trail (2, 0);
    const unsigned pages = 3 * sold / 64; // some are read twice
    assert_in_range (shelf.index->calls[DISK_READ] - index_reads, pages, 2 * pages);
    assert_in_range (shelf.csv->calls[DISK_READ] - rows_reads, 2, sold / 50);
}

static void who_sold_nothing_has_no_trail (void **state)
{
    (void) state;
    cursors_admit (shelf.cursors, 4);
    assert_trail (4, 0);
    assert_trail (4, 7);
}

static void any_read_that_fails_is_told (void **state)
{
    (void) state;
    for (int i = 0; i < 20; i++) {
        shelf_append (&shelf, 1, 2);
        for (int other = 0; other < 20; other++)
            shelf_append (&shelf, 2, 1);
    }
    shelf_commit (&shelf);
    for (int which = 0; which < 2; which++) {
        disk_file_t *file = which == 0 ? shelf.index : shelf.csv;
        for (unsigned n = 1; n <= 20; n++) {
            trail_piece_t piece;
            trail_t *trail = trail_of (1, 0);
            int more;
            file->fails[DISK_READ] = n;
            while ((more = trail_next (trail, &piece)) == 1)
                ;
            assert_int_equal (more, -1);
            assert_int_equal (errno, EIO);
            assert_non_null (archive_failure (book_archive (shelf.book)));
            trail_destroy (&trail);
        }
    }
}

static void rows_that_were_changed_are_noticed (void **state)
{
    (void) state;
    trail_piece_t piece;
    shelf_append (&shelf, 1, 5);
    shelf_append (&shelf, 1, 5);
    shelf_commit (&shelf);
    shelf.csv->cached.data[shelf_rows (1, 0, 5).size + 8] ^= 1;
    trail_t *trail = trail_of (1, 0);
    assert_int_equal (trail_next (trail, &piece), 1);
    assert_int_equal (trail_next (trail, &piece), -1);
    assert_int_equal (errno, EBADMSG);
    assert_non_null (strstr (archive_failure (book_archive (shelf.book)),
                             "the rows are not what was stored"));
    trail_destroy (&trail);
}

/* A record whose check is right, and that leads elsewhere: refused, and at an end. */
static void pointers_that_lie_are_noticed (void **state)
{
    (void) state;
    for (int i = 0; i < 9; i++)
        shelf_append (&shelf, 1 + (i == 4), 2); // records 2 to 10; 6 is of agency 2
    shelf_commit (&shelf);
    const struct {
        uint32_t record, previous, jump;
    } lies[] = {
        {10, 10, 0}, // to itself
        {10, 11, 0}, // to what is not there
        {10, 0, 0},  // nowhere
        {10, 6, 0},  // another agency
        {10, 1, 0},  // what opened the draw
        {9, 7, 0},   // one is left out
        {9, 8, 9},   // a jump forward
    };
    uint8_t *index = shelf.index->cached.data + ARCHIVE_HEADER_BYTES;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        uint8_t *at = index + (lies[i].record - 1) * RECORD_BYTES, kept[RECORD_BYTES];
        record_t record;
        memcpy (kept, at, sizeof kept);
        assert_true (record_get (at, &record));
        record.previous = lies[i].previous;
        record.jump = lies[i].jump;
        record_put (at, &record);
        trail_piece_t piece;
        trail_t *trail = trail_of (1, 0);
        int more;
        while ((more = trail_next (trail, &piece)) == 1)
            ;
        if (more != -1 || errno != EBADMSG)
            fail_msg ("lie %zu: %d, %d", i, more, errno);
        trail_destroy (&trail);
        memcpy (at, kept, sizeof kept);
    }
    assert_trail (1, 0);
}

/* Though its offsets are just those that are wanted. */
static void a_neighbours_records_are_not_ones_own (void **state)
{
    (void) state;
    for (int i = 0; i < 3; i++) // records 2 to 7, one agency's after the other's
        for (uint32_t agency = 1; agency <= 2; agency++)
            shelf_append (&shelf, agency, 2);
    shelf_commit (&shelf);
    uint8_t *at = shelf.index->cached.data + ARCHIVE_HEADER_BYTES + 5 * RECORD_BYTES;
    record_t record;
    assert_true (record_get (at, &record));
    assert_int_equal (record.agency, 1);
    record.previous = 5; // agency 2's second
    record.jump = 0;
    record_put (at, &record);
    trail_piece_t piece;
    trail_t *trail = trail_of (1, 0);
    assert_int_equal (trail_next (trail, &piece), -1);
    assert_int_equal (errno, EBADMSG);
    trail_destroy (&trail);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (all_bets_come_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown (a_seldom_seller_costs_a_read_a_record, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (small_records_are_read_together, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (who_sold_nothing_has_no_trail, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (any_read_that_fails_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown (rows_that_were_changed_are_noticed, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (pointers_that_lie_are_noticed, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_neighbours_records_are_not_ones_own, setup,
                                         teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

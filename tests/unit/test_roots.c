/* test_roots.c - the root over what is stored, against one over the same bets as they
   were sold. */

#include "shelf.h"

#include "bet_csv.h"
#include "roots.h"

static shelf_t shelf;
static cancels_t *cancels;
static const salt_key_t key = {{7, 1, 9}};

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf_start (&shelf);
    cancels = cancels_new (book_archive (shelf.book));
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    cancels_destroy (&cancels);
    shelf_free (&shelf);
    return 0;
}

/* Of the agency's made-up bets [from, from + count); those at `cancelled` do not count.
 */
static hash_t expected (uint32_t agency, uint64_t from, uint64_t count,
                        const uint64_t *cancelled, size_t cancelled_count)
{
    uint8_t scratch[ROW_BYTES_MAX];
    leaves_t leaves;
    tree_t tree;
    leaves_begin (&leaves, bytes_of (SHELF_DRAW, strlen (SHELF_DRAW)), agency, &key);
    tree_begin (&tree);
    for (uint64_t offset = from; offset < from + count; offset++) {
        bytes_t row = shelf_rows (agency, offset, 1);
        leaf_state_t state = LEAF_STANDS;
        uint32_t of;
        bet_t bet;
        assert_int_equal (bet_csv_next (&row, scratch, &of, &bet), 1);
        for (size_t i = 0; i < cancelled_count; i++)
            if (cancelled[i] == offset)
                state = LEAF_CANCELLED;
        const hash_t leaf = leaves_hash (&leaves, offset, state, NULL, &bet);
        tree_add (&tree, &leaf);
    }
    return tree_root (&tree);
}

static roots_t *roots_of (uint32_t agency, uint64_t from, uint64_t count)
{
    const cursor_t *cursor = cursors_find (shelf.cursors, agency);
    cancelled_t cancelled;
    assert_int_equal (cancels_of (cancels, cursor, &cancelled), 0);
    return roots_new (book_archive (shelf.book), shelf.sale, cursor, &cancelled, &key,
                      from, count);
}

static void assert_root (uint32_t agency, uint64_t from, uint64_t count, uint64_t slice,
                         const uint64_t *cancelled, size_t cancelled_count)
{
    roots_t *roots = roots_of (agency, from, count);
    uint64_t steps = 0;
    int over;
    while ((over = roots_step (roots, slice)) == 0)
        steps++;
    assert_int_equal (over, 1);
    assert_int_equal (steps, count == 0 ? 0 : (count - 1) / slice);
    assert_int_equal (roots_step (roots, slice), 1); // and stays so
    const hash_t got = roots_root (roots);
    const hash_t wanted = expected (agency, from, count, cancelled, cancelled_count);
    assert_true (hash_equal (&got, &wanted));
    roots_destroy (&roots);
    assert_null (roots);
}

static void a_root_is_over_what_was_sold (void **state)
{
    (void) state;
    static const uint32_t sizes[] = {1, 2, 7, 100};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int batch = 0; batch < 30; batch++)
            for (uint32_t agency = 1; agency <= 3; agency++)
                shelf_append (&shelf, agency, sizes[i]);
        if (i != 2)
            shelf_commit (&shelf);
    }
    for (uint32_t agency = 1; agency <= 3; agency++) {
        const uint64_t all = shelf_next (&shelf, agency);
        assert_int_equal (all, 30 * 110);
        assert_root (agency, 0, all, UINT64_MAX, NULL, 0);
        assert_root (agency, 0, all, 1, NULL, 0);
        assert_root (agency, 0, all, 11, NULL, 0);
    }
}

static void any_stretch_has_one (void **state)
{
    (void) state;
    for (uint32_t batch = 0; batch < 12; batch++) {
        shelf_append (&shelf, 1, 1 + batch % 4);
        shelf_append (&shelf, 2, 2);
    }
    const uint64_t all = shelf_next (&shelf, 1);
    for (uint64_t from = 0; from <= all; from++)
        for (uint64_t count = 0; count <= all - from; count++)
            assert_root (1, from, count, 3, NULL, 0);
}

static void what_is_cancelled_is_so_in_its_leaf (void **state)
{
    (void) state;
    static const uint64_t cancelled[] = {0, 3, 4, 11, 19};
    for (int batch = 0; batch < 5; batch++)
        shelf_append (&shelf, 1, 4);
    for (size_t i = 0; i < 5; i++) // in another order
        shelf_cancel (&shelf, shelf.sale, 1, cancelled[(i * 2) % 5]);
    assert_root (1, 0, 20, 6, cancelled, 5);
    for (uint64_t from = 0; from < 20; from++)
        assert_root (1, from, 20 - from, 6, cancelled, 5);
}

/* Whoever asks has a root over the bets as they were then. */
static void what_comes_later_does_not_count (void **state)
{
    (void) state;
    static const uint64_t cancelled[] = {5};
    shelf_append (&shelf, 1, 6);
    shelf_append (&shelf, 1, 4);
    shelf_cancel (&shelf, shelf.sale, 1, 5);
    roots_t *roots = roots_of (1, 0, 10);
    assert_int_equal (roots_step (roots, 1), 0);
    shelf_cancel (&shelf, shelf.sale, 1, 8);
    shelf_append (&shelf, 1, 40);
    shelf_commit (&shelf);
    cancelled_t forgotten;
    assert_int_equal (cancels_of (cancels, cursors_find (shelf.cursors, 1), &forgotten),
                      0);
    assert_int_equal (roots_step (roots, 100), 1);
    const hash_t got = roots_root (roots), wanted = expected (1, 0, 10, cancelled, 1);
    assert_true (hash_equal (&got, &wanted));
    roots_destroy (&roots);
}

static void of_no_bets_it_is_the_hash_of_nothing (void **state)
{
    (void) state;
    cursors_admit (shelf.cursors, 5);
    assert_root (5, 0, 0, 1, NULL, 0);
}

static void another_key_draw_or_agency_is_another_root (void **state)
{
    (void) state;
    static const salt_key_t other = {{7, 1, 8}};
    shelf_append (&shelf, 1, 3);
    const cursor_t *cursor = cursors_find (shelf.cursors, 1);
    const cancelled_t none = {0};
    roots_t *roots =
        roots_new (book_archive (shelf.book), shelf.sale, cursor, &none, &other, 0, 3);
    assert_int_equal (roots_step (roots, 3), 1);
    const hash_t got = roots_root (roots), own = expected (1, 0, 3, NULL, 0);
    assert_false (hash_equal (&got, &own));
    roots_destroy (&roots);
}

/* With the right hash in its record: storage never wrote such rows. */
static void rows_that_are_no_bets_are_noticed (void **state)
{
    (void) state;
    static const char *const rows[] = {
        "2,A,B,1,2000-01-01,5\r\n", // another agency's
        "1,A,B,1,2000-01-01\r\n",   // a field is missing
        "1,A,B,1,2000-01-01,5\n",
    };
    for (size_t i = 0; i < 3; i++) {
        const uint32_t agency = 1;
        const uint64_t sound = shelf_next (&shelf, agency);
        record_t record = cursor_record (cursors_admit (shelf.cursors, agency), 1);
        shelf_put (&shelf, &record, bytes_of (rows[i], strlen (rows[i])));
        roots_t *roots = roots_of (agency, sound, 1);
        assert_int_equal (roots_step (roots, 10), -1);
        assert_int_equal (errno, EBADMSG);
        char place[64];
        snprintf (place, sizeof place, "bet %llu of agency 1 is none",
                  (unsigned long long) sound);
        assert_non_null (strstr (archive_failure (book_archive (shelf.book)), place));
        roots_destroy (&roots);
    }
}

static void a_read_that_fails_is_told (void **state)
{
    (void) state;
    shelf_append (&shelf, 1, 3);
    shelf_commit (&shelf);
    for (int which = 0; which < 2; which++) {
        roots_t *roots = roots_of (1, 0, 3);
        (which == 0 ? shelf.index : shelf.csv)->fails[DISK_READ] = 1;
        assert_int_equal (roots_step (roots, 10), -1);
        assert_int_equal (errno, EIO);
        roots_destroy (&roots);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_root_is_over_what_was_sold, setup, teardown),
        cmocka_unit_test_setup_teardown (any_stretch_has_one, setup, teardown),
        cmocka_unit_test_setup_teardown (what_is_cancelled_is_so_in_its_leaf, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (what_comes_later_does_not_count, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (of_no_bets_it_is_the_hash_of_nothing, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (another_key_draw_or_agency_is_another_root,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (rows_that_are_no_bets_are_noticed, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_read_that_fails_is_told, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

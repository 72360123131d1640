/* test_award.c - who won how much, against a look at each bet as it was sold. */

#include "shelf.h"

#include "award.h"
#include "bet_csv.h"

static shelf_t shelf;
static cancels_t *cancels;
static salt_key_t keys[SHELF_ROLL];

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf_start (&shelf);
    cancels = cancels_new (book_archive (shelf.book));
    for (size_t i = 0; i < SHELF_ROLL; i++)
        keys[i].of[3] = (uint8_t) (i + 1);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    cancels_destroy (&cancels);
    shelf_free (&shelf);
    return 0;
}

static bool is_cancelled (uint32_t agency, uint64_t offset)
{
    cancelled_t cancelled;
    const cursor_t *cursor = cursors_find (shelf.cursors, agency);
    assert_int_equal (cancels_of (cancels, cursor, &cancelled), 0);
    return cancels_have (&cancelled, offset);
}

static won_t expected (uint32_t agency, uint32_t number)
{
    uint8_t scratch[ROW_BYTES_MAX];
    leaves_t leaves;
    tree_t tree;
    const bytes_t draw = bytes_of (SHELF_DRAW, strlen (SHELF_DRAW));
    leaves_begin (&leaves, draw, agency, &keys[agency - 1]);
    tree_begin (&tree);
    const uint64_t next = shelf_next (&shelf, agency);
    for (uint64_t offset = 0; offset < next; offset++) {
        bytes_t row = shelf_rows (agency, offset, 1);
        uint32_t of;
        bet_t bet;
        assert_int_equal (bet_csv_next (&row, scratch, &of, &bet), 1);
        if (bet.number != number || is_cancelled (agency, offset))
            continue;
        const hash_t leaf = leaves_hash (&leaves, offset, LEAF_STANDS, NULL, &bet);
        tree_add (&tree, &leaf);
    }
    return (won_t){agency, tree.count, tree_root (&tree)};
}

static void assert_award (uint32_t number, size_t slice)
{
    award_t *award =
        award_new (book_archive (shelf.book), cancels, shelf.sale, number, keys);
    size_t count, steps = 0;
    int over;
    while ((over = award_step (award, slice)) == 0)
        steps++;
    assert_int_equal (over, 1);
    assert_true (slice > 1 || steps >= SHELF_ROLL - 1);
    const won_t *won = award_won (award, &count);
    assert_int_equal (count, SHELF_ROLL);
    for (size_t i = 0; i < count; i++) {
        const won_t wanted = expected ((uint32_t) i + 1, number);
        assert_int_equal (won[i].agency, wanted.agency);
        assert_int_equal (won[i].count, wanted.count);
        assert_true (hash_equal (&won[i].root, &wanted.root));
    }
    award_destroy (&award);
    assert_null (award);
}

static void all_winners_are_in_the_roots (void **state)
{
    (void) state;
    uint64_t random = 9;
    assert_award (4, 1000); // nobody has sold
    for (uint32_t i = 0; i < 400; i++) {
        shelf_append (&shelf, 1 + (uint32_t) random_below (&random, 5),
                      1 + (uint32_t) random_below (&random, 30));
        if (i % 100 == 50)
            shelf_commit (&shelf);
    }
    for (uint32_t agency = 1; agency <= 5; agency += 2)
        for (uint64_t offset = agency; offset < 300; offset += 3 + agency)
            shelf_cancel (&shelf, shelf.sale, agency, offset);
    for (uint32_t number = 0; number < 11; number++)
        assert_award (number, SIZE_MAX);
    assert_award (4, 1);
    assert_award (5, 4000);
}

static void a_read_that_fails_is_told (void **state)
{
    (void) state;
    shelf_append (&shelf, 1, 30);
    shelf_cancel (&shelf, shelf.sale, 1, 5);
    shelf_commit (&shelf);
    unsigned told = 0;
    for (int which = 0; which < 2; which++)
        for (unsigned n = 1; n <= 2; n++) {
            disk_file_t *file = which == 0 ? shelf.index : shelf.csv;
            cancels_destroy (&cancels);
            cancels = cancels_new (book_archive (shelf.book));
            award_t *award =
                award_new (book_archive (shelf.book), cancels, shelf.sale, 4, keys);
            file->fails[DISK_READ] = n;
            const int over = award_step (award, SIZE_MAX);
            assert_true (over == 1 || errno == EIO);
            told += over == -1;
            file->fails[DISK_READ] = 0;
            award_destroy (&award);
        }
    assert_int_equal (told, 3); // bets, and what was cancelled; rows are read once
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (all_winners_are_in_the_roots, setup, teardown),
        cmocka_unit_test_setup_teardown (a_read_that_fails_is_told, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_rooting.c - the root over an agency's bets: of all of them, of a part, of those
   that won; and that it is the one of the seal. */

#include "fair_draw.h"

#include <inttypes.h>

#include "random.h"
#include "rooting.h"

static fair_draw_t draw;
static char rows[FAIR_NOTE];
static rooting_t rooting;

/* Agency 4's rows alone, as it keeps them. */
static int setup (void **state)
{
    (void) state;
    fair_draw_make (&draw);
    char *line = draw.bets, *at = rows;
    for (char *end; (end = strstr (line, "\r\n")); line = end + 2)
        if (line[0] == '4')
            at = (char *) put_bytes ((uint8_t *) at,
                                     bytes_of (line, (size_t) (end + 2 - line)));
    *at = '\0';
    return 0;
}

static bytes_t row_at (uint64_t offset)
{
    const char *at = rows;
    for (; offset > 0; offset--)
        at = strstr (at, "\r\n") + 2;
    return fair_text (at);
}

static const uint64_t cancelled[] = {2};

static void begin (uint64_t from, uint64_t count)
{
    rooting_begin (&rooting, bytes_of ("noche", 5), 4, &draw.party[1].salts,
                   row_at (from), from, count, cancelled, 1);
}

static void the_root_is_that_of_the_seal (void **state)
{
    (void) state;
    for (uint32_t slice = 1; slice <= FAIR_BETS + 1; slice++)
        for (int looks = 0; looks < 2; looks++) {
            begin (0, FAIR_BETS);
            if (looks)
                rooting_watch (&rooting, draw.result.number);
            uint32_t steps = 1;
            while (!rooting_step (&rooting, slice))
                steps++;
            if (!looks)
                assert_int_equal (steps, (FAIR_BETS + slice - 1) / slice);
            assert_false (rooting.faulty);
            const hash_t root = tree_root (&rooting.tree);
            assert_true (
                hash_equal (&root, looks ? &draw.won[1].root : &draw.stakes[1].root));
            assert_int_equal (rooting.tree.count,
                              looks ? draw.won[1].count : FAIR_BETS);
        }
}

/* The cancelled one is in it, and is not a winner. */
static void what_is_cancelled_counts_and_does_not_win (void **state)
{
    (void) state;
    begin (0, FAIR_BETS);
    rooting_watch (&rooting, 2); // that of bet 2
    assert_true (rooting_step (&rooting, 100));
    assert_int_equal (rooting.tree.count, 0);
    rooting_begin (&rooting, bytes_of ("noche", 5), 4, &draw.party[1].salts, row_at (0),
                   0, FAIR_BETS, NULL, 0);
    rooting_watch (&rooting, 2);
    assert_true (rooting_step (&rooting, 100));
    assert_int_equal (rooting.tree.count, 1);
    rooting_begin (&rooting, bytes_of ("noche", 5), 4, &draw.party[1].salts, row_at (0),
                   0, FAIR_BETS, NULL, 0);
    assert_true (rooting_step (&rooting, 100));
    const hash_t root = tree_root (&rooting.tree);
    assert_false (hash_equal (&root, &draw.stakes[1].root));
}

/* ---- The winners among many ---- */

#define MANY    500
#define NUMBERS 7 // that are bet on

typedef struct {
    char text[MANY * 64];
    bytes_t rows[MANY]; // without their agency
    uint32_t number[MANY];
    uint64_t cancelled[MANY];
    size_t cancelled_count;
} many_t;

static many_t many;

static void make_many (uint64_t *random)
{
    char *at = many.text;
    many.cancelled_count = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        many.number[i] = (uint32_t) random_below (random, NUMBERS) * 37;
        at += sprintf (at, "4,%.*s,B,%" PRIu64 ",2000-01-01,%" PRIu32 "\r\n",
                       1 + (int) random_below (random, 20), "Abcdefghijklmnopqrst", i,
                       many.number[i]);
        if (random_below (random, 5) == 0)
            many.cancelled[many.cancelled_count++] = i;
    }
}

static const char *row_of (uint64_t offset)
{
    const char *at = many.text;
    for (; offset > 0; offset--)
        at = strchr (at, '\n') + 1;
    return at;
}

static bool many_cancelled (uint64_t offset)
{
    bool is = false;
    for (size_t i = 0; i < many.cancelled_count; i++)
        is |= many.cancelled[i] == offset;
    return is;
}

/* By a look at each row. */
static tree_t won_among (uint64_t from, uint64_t count, uint32_t number)
{
    leaves_t leaves;
    tree_t tree;
    leaves_begin (&leaves, bytes_of ("noche", 5), 4, &draw.party[1].salts);
    tree_begin (&tree);
    for (uint64_t i = from; i < from + count; i++) {
        uint8_t scratch[ROW_BYTES_MAX];
        uint32_t agency;
        bet_t bet;
        bytes_t row = fair_text (row_of (i));
        assert_int_equal (bet_csv_next (&row, scratch, &agency, &bet), 1);
        if (many.number[i] != number || many_cancelled (i))
            continue;
        const hash_t leaf = leaves_hash (&leaves, i, LEAF_STANDS, NULL, &bet);
        tree_add (&tree, &leaf);
    }
    return tree;
}

static void begin_many (uint64_t from, uint64_t count, uint32_t number)
{
    rooting_begin (&rooting, bytes_of ("noche", 5), 4, &draw.party[1].salts,
                   fair_text (row_of (from)), from, count, many.cancelled,
                   many.cancelled_count);
    rooting_watch (&rooting, number);
}

/* Whatever lies before, between and behind them, and however little is looked at in one
   go. */
static void winners_are_found_as_by_a_look_at_each_row (void **state)
{
    (void) state;
    uint64_t random = 14;
    for (int round = 0; round < 100; round++) {
        make_many (&random);
        const uint64_t from = random_below (&random, MANY);
        const uint64_t count = random_below (&random, MANY - from + 1);
        const uint32_t number = (uint32_t) random_below (&random, NUMBERS + 1) * 37;
        const uint32_t slice = 1 + (uint32_t) random_below (&random, 20);
        const tree_t won = won_among (from, count, number);
        begin_many (from, count, number);
        while (!rooting_step (&rooting, slice))
            ;
        const hash_t root = tree_root (&rooting.tree), by_hand = tree_root (&won);
        assert_false (rooting.faulty);
        assert_int_equal (rooting.tree.count, won.count);
        assert_true (hash_equal (&root, &by_hand));
    }
}

static void a_search_tells_rows_that_are_none_or_missing (void **state)
{
    (void) state;
    uint64_t random = 15;
    make_many (&random);
    begin_many (0, MANY + 1, 37);
    while (!rooting_step (&rooting, 10))
        ;
    assert_true (rooting.faulty);
    assert_int_equal (rooting.next, MANY);
    uint64_t first = 0;
    while (many.number[first] != 37)
        first++;
    ((char *) row_of (first))[2] = '\t';
    begin_many (0, MANY, 37);
    while (!rooting_step (&rooting, MANY))
        ;
    assert_true (rooting.faulty);
    assert_int_equal (rooting.next, first); // which one is said
}

/* Two halves that are whole subtrees join to the root. */
static void a_part_has_a_root_of_its_own (void **state)
{
    (void) state;
    hash_t half[2], root;
    for (uint64_t i = 0; i < 2; i++) {
        begin (2 * i, 2);
        assert_true (rooting_step (&rooting, 100));
        half[i] = tree_root (&rooting.tree);
    }
    begin (0, 4);
    assert_true (rooting_step (&rooting, 100));
    root = tree_root (&rooting.tree);
    uint8_t both[65] = {0x01};
    hash_t joined;
    memcpy (both + 1, half[0].of, 32);
    memcpy (both + 33, half[1].of, 32);
    sha256 (bytes_of (both, sizeof both), (bytes_t){0}, joined.of);
    assert_true (hash_equal (&joined, &root));
}

static void none_has_the_root_of_nothing (void **state)
{
    (void) state;
    begin (0, 0);
    assert_true (rooting_step (&rooting, 1));
    hash_t nothing;
    sha256 ((bytes_t){0}, (bytes_t){0}, nothing.of);
    const hash_t root = tree_root (&rooting.tree);
    assert_true (!rooting.faulty && hash_equal (&root, &nothing));
}

static void rows_that_are_none_or_missing_or_of_others_are_told (void **state)
{
    (void) state;
    begin (0, FAIR_BETS + 1);
    assert_true (rooting_step (&rooting, 100));
    assert_true (rooting.faulty);
    rows[0] = '5';
    begin (0, 1);
    assert_true (rooting_step (&rooting, 100) && rooting.faulty);
    rows[0] = '4';
    rows[2] = '\t';
    begin (0, 1);
    assert_true (rooting_step (&rooting, 100) && rooting.faulty);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (the_root_is_that_of_the_seal, setup),
        cmocka_unit_test_setup (what_is_cancelled_counts_and_does_not_win, setup),
        cmocka_unit_test_setup (winners_are_found_as_by_a_look_at_each_row, setup),
        cmocka_unit_test_setup (a_search_tells_rows_that_are_none_or_missing, setup),
        cmocka_unit_test_setup (a_part_has_a_root_of_its_own, setup),
        cmocka_unit_test_setup (none_has_the_root_of_nothing, setup),
        cmocka_unit_test_setup (rows_that_are_none_or_missing_or_of_others_are_told,
                                setup),
    };
    if (signed_note_start () != 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}

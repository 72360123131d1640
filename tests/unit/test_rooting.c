/* test_rooting.c - the root over an agency's bets: of all of them, of a part, of those
   that won; and that it is the one of the seal. */

#include "fair_draw.h"

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
            assert_int_equal (steps, (FAIR_BETS + slice - 1) / slice);
            assert_false (rooting.faulty);
            const hash_t root = tree_root (looks ? &rooting.winners : &rooting.tree);
            assert_true (
                hash_equal (&root, looks ? &draw.won[1].root : &draw.stakes[1].root));
            assert_int_equal (rooting.winners.count, looks ? draw.won[1].count : 0);
        }
}

/* The cancelled one is in it, and is not a winner. */
static void what_is_cancelled_counts_and_does_not_win (void **state)
{
    (void) state;
    begin (0, FAIR_BETS);
    rooting_watch (&rooting, 2); // that of bet 2
    assert_true (rooting_step (&rooting, 100));
    assert_int_equal (rooting.winners.count, 0);
    rooting_begin (&rooting, bytes_of ("noche", 5), 4, &draw.party[1].salts, row_at (0),
                   0, FAIR_BETS, NULL, 0);
    rooting_watch (&rooting, 2);
    assert_true (rooting_step (&rooting, 100));
    assert_int_equal (rooting.winners.count, 1);
    rooting_begin (&rooting, bytes_of ("noche", 5), 4, &draw.party[1].salts, row_at (0),
                   0, FAIR_BETS, NULL, 0);
    assert_true (rooting_step (&rooting, 100));
    const hash_t root = tree_root (&rooting.tree);
    assert_false (hash_equal (&root, &draw.stakes[1].root));
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
        cmocka_unit_test_setup (a_part_has_a_root_of_its_own, setup),
        cmocka_unit_test_setup (none_has_the_root_of_nothing, setup),
        cmocka_unit_test_setup (rows_that_are_none_or_missing_or_of_others_are_told,
                                setup),
    };
    if (signed_note_start () != 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}

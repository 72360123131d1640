/* test_hits.c - records that hold bets on a number, remembered. */

#include "testing.h"

#include "hits.h"

static hits_t hits;

static int setup (void **state)
{
    (void) state;
    hits = (hits_t){0};
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    hits_clear (&hits);
    return 0;
}

static void what_is_not_known_may_be_anywhere (void **state)
{
    (void) state;
    assert_false (hits_known (&hits, 0));
    assert_int_equal (hits_from (&hits, 0, 17), 17);
    hits_add (&hits, 30);
    assert_int_equal (hits_from (&hits, 0, 17), 17); // others are to come
    hits_complete (&hits, 7);
    assert_int_equal (hits_from (&hits, 8, 17), 17); // another number
}

static void known_ones_are_found_in_their_order (void **state)
{
    (void) state;
    static const uint32_t sequences[] = {9, 40, 2, 41, UINT32_MAX, 12};
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
        hits_add (&hits, sequences[i]);
    hits_complete (&hits, 7);
    assert_true (hits_known (&hits, 7));
    static const struct {
        uint64_t index, found;
    } table[] = {{0, 1},
                 {1, 1},
                 {2, 8},
                 {8, 8},
                 {9, 11},
                 {12, 39},
                 {40, 40},
                 {41, UINT32_MAX - 1},
                 {UINT32_MAX - 1, UINT32_MAX - 1},
                 {UINT32_MAX, UINT64_MAX},
                 {UINT64_MAX, UINT64_MAX}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_true (hits_from (&hits, 7, table[i].index) == table[i].found);
}

static void none_is_known_too (void **state)
{
    (void) state;
    hits_complete (&hits, 7);
    assert_true (hits_known (&hits, 7));
    assert_true (hits_from (&hits, 7, 0) == UINT64_MAX);
}

static void too_many_are_not_remembered (void **state)
{
    (void) state;
    for (uint32_t more = 0; more <= 2; more++) {
        for (uint32_t i = 0; i < HITS_MAX + more; i++)
            hits_add (&hits, i + 1);
        assert_in_range (hits.count, HITS_MAX, HITS_MAX + 1);
        hits_complete (&hits, 7);
        assert_int_equal (hits_known (&hits, 7), more == 0);
        assert_true (hits_from (&hits, 7, 5) == 5);
        hits_clear (&hits);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_is_not_known_may_be_anywhere, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (known_ones_are_found_in_their_order, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (none_is_known_too, setup, teardown),
        cmocka_unit_test_setup_teardown (too_many_are_not_remembered, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

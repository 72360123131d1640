/* test_life.c - which registration of state may follow which. */

#include "testing.h"

#include "life.h"

#define OWN 7

static void a_life_is_the_next_generation_and_ones_own_number (void **state)
{
    (void) state;
    assert_true (life_after (0, OWN) == 0x0000000100000007);
    assert_true (life_after (0x0000000100000009, OWN) == 0x0000000200000007);
    assert_true (life_after (0x00000001FFFFFFFF, UINT32_MAX) == 0x00000002FFFFFFFF);
    assert_int_equal (life_own (0x00000001FFFFFFFF), UINT32_MAX);
    assert_int_equal (life_own (life_after (0x0000000500000009, OWN)), OWN);
}

static void only_the_next_generation_follows (void **state)
{
    (void) state;
    static const uint64_t heard[] = {0, 0x0000000100000009, 0x7FFFFFFF00000001,
                                     0xFFFFFFFE00000009};
    for (size_t i = 0; i < sizeof heard / sizeof heard[0]; i++) {
        const uint64_t next = life_after (heard[i], OWN), generation = 1ull << 32;
        assert_true (life_follows (next, heard[i]));
        assert_true (life_follows (next + 1, heard[i]));
        assert_false (life_follows (next - OWN, heard[i])); // nobody's own number
        assert_false (life_follows (next - generation, heard[i]));
        assert_false (life_follows (next + generation, heard[i]));
        assert_false (life_follows (heard[i], heard[i]));
        assert_false (life_follows (OWN, heard[i]));
        assert_false (life_follows (0, heard[i]));
    }
}

static void behind_the_highest_generation_they_begin_again (void **state)
{
    (void) state;
    const uint64_t highest = 0xFFFFFFFF00000009;
    assert_true (life_after (highest, OWN) == OWN);
    assert_true (life_follows (OWN, highest));
    assert_false (life_follows (0, highest));
    assert_true (life_after (OWN, OWN) == 0x0000000100000007);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_life_is_the_next_generation_and_ones_own_number),
        cmocka_unit_test (only_the_next_generation_follows),
        cmocka_unit_test (behind_the_highest_generation_they_begin_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

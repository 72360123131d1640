/* test_compare.c - histories that are not the same: where they part, and what is said
   of it. */

#include "compare.h"

#include "session_day.h"

/* ---- The search by itself ---- */

#define OTHER 1 // what a history's digests differ by, once it does

/* Digests of `count` bets, of which those from `parts` on are others. */
static uint64_t digest_at (uint64_t count, uint64_t parts)
{
    return count * 1000 + (count > parts ? OTHER : 0);
}

static void assert_found (uint64_t count, uint64_t parts, bool known)
{
    compare_t compare;
    compare_start (&compare, 0, count, known);
    compare_step_t step = compare_next (&compare);
    int questions = 0;
    for (; step == COMPARE_WAIT || step == COMPARE_ASK; questions++) {
        const uint64_t at = compare_at (&compare);
        assert_true (at <= count && at >= compare.same);
        assert_true (compare.same_digest == digest_at (compare.same, UINT64_MAX));
        if (questions % 2) // in either order
            compare_theirs (&compare, digest_at (at, parts));
        compare_ours (&compare, digest_at (at, UINT64_MAX));
        if (questions % 2 == 0) {
            assert_int_equal (compare_next (&compare), COMPARE_WAIT);
            compare_theirs (&compare, digest_at (at, parts));
        }
        step = compare_next (&compare);
    }
    assert_int_equal (step, parts < count ? COMPARE_FOUND : COMPARE_SAME);
    assert_true (compare.same == (parts < count ? parts : count));
    int digits = 0;
    while (count >> digits)
        digits++;
    assert_true (questions <= digits + 1);
}

static void test_every_place_is_found (void **state)
{
    (void) state;
    for (uint64_t count = 0; count < 70; count++)
        for (uint64_t parts = 0; parts <= count; parts++) {
            assert_found (count, parts, false);
            if (parts < count)
                assert_found (count, parts, true);
        }
    static const uint64_t places[] = {0, 1, 1000000, 0x7FFFFFFFFFFFF, INT64_MAX - 1};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        assert_found (INT64_MAX, places[i], true);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_place_is_found),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

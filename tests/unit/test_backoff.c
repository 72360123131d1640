/* test_backoff.c - waits: within their borders, and different from one another. */

#include "backoff.h"

#include "bounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_waits_double_up_to_the_longest (void **state)
{
    (void) state;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        backoff_t backoff;
        backoff_start (&backoff, seed);
        int64_t whole_ms = 2 * RETRY_MS_MIN;
        for (int i = 0; i < 20; i++) {
            assert_in_range (backoff_wait_ms (&backoff), whole_ms / 2, whole_ms);
            backoff_grow (&backoff);
            whole_ms = whole_ms * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : whole_ms * 2;
        }
        backoff_reset (&backoff);
        assert_in_range (backoff_wait_ms (&backoff), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    }
}

static void test_waits_reach_both_borders (void **state)
{
    (void) state;
    backoff_t backoff;
    backoff_start (&backoff, 7);
    int shortest = 0, longest = 0;
    for (int i = 0; i < 100000; i++) {
        int64_t wait_ms = backoff_wait_ms (&backoff);
        shortest += wait_ms == RETRY_MS_MIN;
        longest += wait_ms == 2 * RETRY_MS_MIN;
    }
    assert_in_range (shortest, 100, 1000); // 398 are to be expected of each
    assert_in_range (longest, 100, 1000);
}

static void test_jitter (void **state)
{
    (void) state;
    backoff_t backoff;
    backoff_start (&backoff, 7);
    for (int i = 0; i < 10000; i++)
        assert_in_range (backoff_jitter_ms (&backoff, 2000), 1500, 2500);
    for (int64_t period_ms = 0; period_ms < 5; period_ms++)
        assert_in_range (backoff_jitter_ms (&backoff, period_ms), 0, period_ms + 1);
}

static void test_a_seed_decides (void **state)
{
    (void) state;
    backoff_t one, same, other;
    backoff_start (&one, 7);
    backoff_start (&same, 7);
    backoff_start (&other, 8);
    int different = 0;
    for (int i = 0; i < 100; i++) {
        int64_t wait_ms = backoff_wait_ms (&one);
        assert_int_equal (backoff_wait_ms (&same), wait_ms);
        different += backoff_wait_ms (&other) != wait_ms;
    }
    assert_true (different > 90);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_waits_double_up_to_the_longest),
        cmocka_unit_test (test_waits_reach_both_borders),
        cmocka_unit_test (test_jitter),
        cmocka_unit_test (test_a_seed_decides),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

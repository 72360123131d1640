/* test_pace.c - who takes how much of the time. */

#include "testing.h"

#include "pace.h"

/* Turns of `served_us` each, in which slices of `slice_us` are done when they may: how
   much of all the time they took, in percent. */
static int64_t share (int64_t served_us, int64_t slice_us)
{
    pace_t pace = {0};
    int64_t served = 0, took = 0;
    for (int turn = 0; turn < 10000; turn++) {
        served += served_us;
        if (pace_allows (&pace, served_us)) {
            took += slice_us;
            pace_took (&pace, true, slice_us);
        }
    }
    return 100 * took / (served + took);
}

static void it_is_a_fifth_at_most (void **state)
{
    (void) state;
    assert_in_range (share (400, 2000), 19, 20);
    assert_in_range (share (5000, 2000), 14, 20);
    assert_in_range (share (100000, 2000), 1, 2); // one slice a turn
    assert_in_range (share (40, 50000), 18, 20);
}

static void it_is_all_when_there_is_nobody (void **state)
{
    (void) state;
    pace_t pace = {0};
    for (int i = 0; i < 100; i++) {
        assert_true (pace_allows (&pace, 0));
        pace_took (&pace, false, 2000);
    }
    assert_true (pace_allows (&pace, 1)); // and nothing is owed for it
    pace_took (&pace, true, 2000);
    assert_false (pace_allows (&pace, 7996));
    assert_true (pace_allows (&pace, 0)); // whatever is owed
    assert_true (pace_allows (&pace, 4));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (it_is_a_fifth_at_most),
        cmocka_unit_test (it_is_all_when_there_is_nobody),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

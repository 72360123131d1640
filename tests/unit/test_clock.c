/* test_clock.c - clock.c */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "clock.h"

static void never_goes_back (void **state)
{
    (void) state;
    int64_t last_ms = clock_ms ();
    for (int i = 0; i < 100000; i++) {
        int64_t now_ms = clock_ms ();
        assert_true (now_ms >= last_ms);
        last_ms = now_ms;
    }
}

static void counts_milliseconds (void **state)
{
    (void) state;
    struct timespec before, after;
    clock_gettime (CLOCK_MONOTONIC, &before);
    int64_t now_ms = clock_ms ();
    clock_gettime (CLOCK_MONOTONIC, &after);

    assert_true (now_ms >= (int64_t) before.tv_sec * 1000 + before.tv_nsec / 1000000);
    assert_true (now_ms <= (int64_t) after.tv_sec * 1000 + after.tv_nsec / 1000000);
}

static void timeout_ends_at_the_deadline (void **state)
{
    (void) state;
    static const struct {
        int64_t now_ms, deadline_ms;
        int timeout_ms;
    } cases[] = {
        {0, 0, 0},
        {1000, 1000, 0},
        {1000, 999, 0},
        {1000, 0, 0},
        {1000, INT64_MIN, 0},
        {1000, 1001, 1},
        {1000, 61000, 60000},
        {1000, 1000 + (int64_t) INT_MAX, INT_MAX},
        {1000, 1001 + (int64_t) INT_MAX, INT_MAX},
        {0, INT64_MAX, INT_MAX},
        {1000, INT64_MAX, INT_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal (clock_timeout (cases[i].now_ms, cases[i].deadline_ms),
                          cases[i].timeout_ms);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (never_goes_back),
        cmocka_unit_test (counts_milliseconds),
        cmocka_unit_test (timeout_ends_at_the_deadline),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_clock.c - clock.c */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "bounds.h"
#include "clock.h"
#include "liveness.h"

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

static void waking_time_passes_like_any_other (void **state)
{
    (void) state;
    awake_t awake;
    awake_start (&awake, 1000);
    assert_int_equal (awake_look (&awake, 1000), 1000);
    for (int64_t now_ms = 1001; now_ms < 100000; now_ms += 1 + now_ms % AWAKE_STEP_MS)
        assert_int_equal (awake_look (&awake, now_ms), now_ms);
}

static void waking_time_stands_still_while_nobody_looks (void **state)
{
    (void) state;
    static const int64_t gaps_ms[] = {AWAKE_STEP_MS, AWAKE_STEP_MS + 1, 1500, 3600000};
    awake_t awake;
    awake_start (&awake, 0);
    int64_t now_ms = 0, awake_ms = 0;
    for (size_t i = 0; i < sizeof gaps_ms / sizeof *gaps_ms; i++) {
        now_ms += gaps_ms[i];
        awake_ms += AWAKE_STEP_MS;
        assert_int_equal (awake_look (&awake, now_ms), awake_ms);
        assert_int_equal (awake_look (&awake, now_ms), awake_ms);
        now_ms += 7;
        awake_ms += 7;
        assert_int_equal (awake_look (&awake, now_ms), awake_ms);
    }
}

/* A peer that spoke at least so often is never given up after a stop of any length. */
static void a_stop_is_no_silence (void **state)
{
    (void) state;
    enum { INTERVAL_MS = HEARTBEAT_MS_MIN };
    awake_t awake;
    awake_start (&awake, 0);
    liveness_t liveness;
    liveness_start (&liveness, INTERVAL_MS, 0);
    int64_t now_ms = 0;
    for (int64_t stop_ms = 0; stop_ms < 1000; stop_ms++) {
        now_ms += INTERVAL_MS; // heard just now, then stopped; then its word is still
        liveness_heard (&liveness, awake_look (&awake, now_ms)); // on its way
        now_ms += stop_ms;
        assert_false (liveness_expired (&liveness, awake_look (&awake, now_ms)));
        now_ms += 1;
        assert_false (liveness_expired (&liveness, awake_look (&awake, now_ms)));
    }
}

/* And one that is silent is given up, by a loop that waits as it is told. */
static void silence_is_noticed (void **state)
{
    (void) state;
    awake_t awake;
    awake_start (&awake, 0);
    liveness_t liveness;
    liveness_start (&liveness, HEARTBEAT_MS_DEFAULT, 0);
    int64_t now_ms = 0;
    while (!liveness_expired (&liveness, awake_look (&awake, now_ms)))
        now_ms += awake_timeout (&awake, liveness_deadline (&liveness));
    assert_int_equal (now_ms, HEARTBEATS_MISSED * HEARTBEAT_MS_DEFAULT);
}

static void waits_are_short_unless_nothing_is_due (void **state)
{
    (void) state;
    awake_t awake;
    awake_start (&awake, 1000);
    assert_int_equal (awake_timeout (&awake, 999), 0);
    assert_int_equal (awake_timeout (&awake, 1000), 0);
    assert_int_equal (awake_timeout (&awake, 1001), 1);
    assert_int_equal (awake_timeout (&awake, 100000), AWAKE_STEP_MS);
    assert_int_equal (awake_timeout (&awake, INT64_MAX), -1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (never_goes_back),
        cmocka_unit_test (counts_milliseconds),
        cmocka_unit_test (timeout_ends_at_the_deadline),
        cmocka_unit_test (waking_time_passes_like_any_other),
        cmocka_unit_test (waking_time_stands_still_while_nobody_looks),
        cmocka_unit_test (a_stop_is_no_silence),
        cmocka_unit_test (silence_is_noticed),
        cmocka_unit_test (waits_are_short_unless_nothing_is_due),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

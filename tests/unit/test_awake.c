/* test_awake.c - awake.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "awake.h"
#include "bounds.h"
#include "liveness.h"

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
    awake_look (&awake, 1000 + 3 * AWAKE_STEP_MS); // of which it slept through two
    assert_int_equal (awake_deadline (&awake, 1001 + AWAKE_STEP_MS),
                      1001 + 3 * AWAKE_STEP_MS);
    assert_int_equal (awake_deadline (&awake, 100000), 1000 + 4 * AWAKE_STEP_MS);
    assert_true (awake_deadline (&awake, INT64_MAX) == INT64_MAX);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (waking_time_passes_like_any_other),
        cmocka_unit_test (waking_time_stands_still_while_nobody_looks),
        cmocka_unit_test (a_stop_is_no_silence),
        cmocka_unit_test (silence_is_noticed),
        cmocka_unit_test (waits_are_short_unless_nothing_is_due),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

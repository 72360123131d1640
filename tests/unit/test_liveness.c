/* test_liveness.c - liveness.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bounds.h"
#include "liveness.h"

#define START_MS    5000
#define INTERVAL_MS 500
#define SILENCE_MS  (HEARTBEATS_MISSED * INTERVAL_MS)

static void expires_after_the_missed_beats (void **state)
{
    (void) state;
    liveness_t liveness;
    liveness_start (&liveness, INTERVAL_MS, START_MS);

    assert_int_equal (liveness_deadline (&liveness), START_MS + SILENCE_MS);
    assert_false (liveness_expired (&liveness, START_MS));
    assert_false (liveness_expired (&liveness, START_MS + SILENCE_MS - 1));
    assert_true (liveness_expired (&liveness, START_MS + SILENCE_MS));
    assert_true (liveness_expired (&liveness, START_MS + 100 * SILENCE_MS));
}

static void any_word_counts_as_life (void **state)
{
    (void) state;
    liveness_t liveness;
    liveness_start (&liveness, INTERVAL_MS, START_MS);

    int64_t now_ms = START_MS;
    for (int i = 0; i < 1000; i++) {
        now_ms += SILENCE_MS - 1; // always at the last moment
        assert_false (liveness_expired (&liveness, now_ms));
        liveness_heard (&liveness, now_ms);
        assert_int_equal (liveness_deadline (&liveness), now_ms + SILENCE_MS);
    }
    assert_true (liveness_expired (&liveness, now_ms + SILENCE_MS));
}

static void starts_anew (void **state)
{
    (void) state;
    liveness_t liveness;
    liveness_start (&liveness, INTERVAL_MS, START_MS);
    int64_t late_ms = START_MS + 2 * SILENCE_MS;
    assert_true (liveness_expired (&liveness, late_ms));

    liveness_start (&liveness, HEARTBEAT_MS_MAX, late_ms);
    assert_false (liveness_expired (&liveness, late_ms));
    assert_int_equal (liveness_deadline (&liveness),
                      late_ms + HEARTBEATS_MISSED * (int64_t) HEARTBEAT_MS_MAX);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (expires_after_the_missed_beats),
        cmocka_unit_test (any_word_counts_as_life),
        cmocka_unit_test (starts_anew),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

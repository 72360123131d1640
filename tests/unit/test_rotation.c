/* test_rotation.c - which central an agency talks to: rotation.c */

#include "testing.h"

#include "rotation.h"

static rotation_t rotation;
static int64_t now_ms;

static const rotation_seen_t IDLE = {.up = true};
static const rotation_seen_t ASKED = {.up = true, .asked = true};
static const rotation_seen_t SERVED = {.up = true, .served = true};
static const rotation_seen_t STANDBY = {.up = true, .standby = true};
static const rotation_seen_t DOWN = {0};
static const rotation_seen_t FAILED = {.failed = true};

static void start (size_t count)
{
    now_ms = 100000;
    rotation_start (&rotation, count, 7, now_ms);
}

static rotation_turn_t see (rotation_seen_t seen)
{
    return rotation_turn (&rotation, &seen, now_ms);
}

/* Nothing new for so long as it takes: how long that was; and nothing happens before.
 */
static int64_t wait_for (rotation_turn_t turn, rotation_seen_t meanwhile)
{
    const int64_t since_ms = now_ms;
    for (int turns = 0;; turns++) {
        const int64_t due_ms = rotation_deadline (&rotation);
        assert_true (turns < 100 && due_ms != INT64_MAX && due_ms >= now_ms);
        if (due_ms > now_ms + 1) {
            now_ms = due_ms - 1;
            assert_int_equal (see (meanwhile), ROTATION_STAY);
        }
        now_ms = due_ms;
        const rotation_turn_t found = see (meanwhile);
        if (found == turn)
            return now_ms - since_ms;
        assert_int_equal (found, ROTATION_STAY);
        assert_true (now_ms - since_ms < 60000);
    }
}

static void a_single_one_is_never_left (void **state)
{
    (void) state;
    start (1);
    const rotation_seen_t all[] = {IDLE, ASKED, SERVED, STANDBY, DOWN, FAILED};
    for (int i = 0; i < 60; i++, now_ms += 10000) {
        assert_int_equal (see (all[i % 6]), ROTATION_STAY);
        assert_true (rotation_deadline (&rotation) == INT64_MAX);
    }
}

static void who_is_served_stays (void **state)
{
    (void) state;
    start (3);
    assert_int_equal (see (DOWN), ROTATION_STAY);
    for (int i = 0; i < 50; i++) {
        assert_int_equal (see (ASKED), ROTATION_STAY);
        now_ms += 1900;
        assert_int_equal (see (SERVED), ROTATION_STAY);
        assert_true (rotation_deadline (&rotation) == INT64_MAX);
        now_ms += 3600000; // nothing was asked
        assert_int_equal (see (IDLE), ROTATION_STAY);
    }
}

static void one_that_is_not_there_is_left_at_once (void **state)
{
    (void) state;
    start (3);
    assert_int_equal (see (FAILED), ROTATION_MOVE);
    assert_int_equal (rotation.at, 1);
    assert_int_equal (see (FAILED), ROTATION_MOVE);
    assert_int_equal (see (FAILED), ROTATION_STAY); // the others have just been tried
    assert_int_equal (rotation.at, 2);
    const int64_t waited_ms = wait_for (ROTATION_MOVE, FAILED);
    assert_in_range (waited_ms, 200, 400);
    assert_in_range (rotation.at, 0, 1);
}

static void one_that_does_not_answer_is_left_after_a_while (void **state)
{
    (void) state;
    start (2);
    assert_int_equal (see (IDLE), ROTATION_STAY);
    assert_int_equal (see (ASKED), ROTATION_STAY);
    assert_int_equal (wait_for (ROTATION_MOVE, ASKED), 2000);
    assert_int_equal (rotation.at, 1);
    assert_int_equal (wait_for (ROTATION_MOVE, DOWN), 2000); // nobody takes the call
    assert_int_equal (rotation.at, 0);
}

/* Time for one that takes over, and for one that is slow. */
static void visits_to_the_silent_are_short_and_grow (void **state)
{
    (void) state;
    static const int64_t visits[] = {2000, 700, 1400, 2800, 4000, 4000};
    start (2);
    for (size_t i = 0; i < sizeof visits / sizeof *visits; i++) {
        see (IDLE);
        see (ASKED);
        assert_int_equal (wait_for (ROTATION_MOVE, ASKED), visits[i]);
        assert_int_equal (rotation.at, 1);
        see (IDLE);
        see (ASKED);
        now_ms++;
        assert_int_equal (see (STANDBY), ROTATION_STAY);
        int64_t waited_ms = 0; // it is asked meanwhile
        for (int turns = 0; rotation.at == 1; turns++) {
            assert_true (turns < 100);
            const int64_t due_ms = rotation_deadline (&rotation);
            waited_ms += due_ms - now_ms;
            now_ms = due_ms;
            if (see (IDLE) == ROTATION_ASK)
                see ((rotation_seen_t){.up = true, .asked = true, .standby = true});
        }
        assert_in_range (waited_ms, 700, 1300);
    }
    see (ASKED);
    see (SERVED);
    see (ASKED);
    assert_int_equal (wait_for (ROTATION_MOVE, ASKED), 2000);
}

static void a_standby_is_left_at_once_and_asked_now_and_then (void **state)
{
    (void) state;
    start (2);
    see (IDLE);
    see (ASKED);
    assert_int_equal (see (STANDBY), ROTATION_MOVE);
    assert_int_equal (rotation.at, 1);
    see (IDLE);
    see (ASKED);
    assert_int_equal (see (STANDBY), ROTATION_STAY); // the other has just said the same
    const int64_t due_ms = rotation_deadline (&rotation);
    assert_in_range (due_ms - now_ms, 100, 300);
    now_ms = due_ms;
    assert_true (see (IDLE) != ROTATION_STAY);
}

/* It has taken over meanwhile. */
static void a_standby_that_serves_is_none_any_more (void **state)
{
    (void) state;
    start (2);
    assert_int_equal (see (FAILED), ROTATION_MOVE);
    see (IDLE);
    see (ASKED);
    assert_int_equal (see (STANDBY), ROTATION_STAY);
    assert_int_equal (see (SERVED), ROTATION_STAY);
    assert_true (rotation_deadline (&rotation) == INT64_MAX);
    now_ms += 5000;
    assert_int_equal (see (IDLE), ROTATION_STAY);
    assert_int_equal (rotation.at, 1);
}

/* Such as one whose storage is away: UNAVAILABLE is no service. */
static void answers_that_serve_nothing_do_not_count (void **state)
{
    (void) state;
    start (2);
    see (IDLE);
    see (ASKED);
    for (int i = 0; i < 3; i++) {
        now_ms += 500;
        assert_int_equal (see (ASKED), ROTATION_STAY);
    }
    assert_int_equal (wait_for (ROTATION_MOVE, ASKED), 500);
}

static void a_connection_that_comes_and_goes_is_left (void **state)
{
    (void) state;
    start (2);
    see (IDLE);
    assert_int_equal (see (FAILED), ROTATION_MOVE);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_single_one_is_never_left),
        cmocka_unit_test (who_is_served_stays),
        cmocka_unit_test (one_that_is_not_there_is_left_at_once),
        cmocka_unit_test (one_that_does_not_answer_is_left_after_a_while),
        cmocka_unit_test (visits_to_the_silent_are_short_and_grow),
        cmocka_unit_test (a_standby_is_left_at_once_and_asked_now_and_then),
        cmocka_unit_test (a_standby_that_serves_is_none_any_more),
        cmocka_unit_test (answers_that_serve_nothing_do_not_count),
        cmocka_unit_test (a_connection_that_comes_and_goes_is_left)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}

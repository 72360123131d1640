/* test_parts.c - storage and state as their broker sees them: there, missing, gone. */

#include "mail.h"

#include "parts.h"

#define MS 500 /* a heartbeat */

static parts_t parts;

static int setup (void **state)
{
    (void) state;
    parts_start (&parts, 1000);
    return 0;
}

static void both_join (int64_t now_ms)
{
    parts_join (&parts, ROLE_STORAGE, text_bytes ("storage"), MS, now_ms);
    parts_join (&parts, ROLE_STATE, text_bytes ("state"), MS, now_ms);
    assert_true (parts_heard (&parts, text_bytes ("storage"), now_ms));
    assert_true (parts_heard (&parts, text_bytes ("state"), now_ms));
    assert_int_equal (parts_missing (&parts), ROLE_NONE);
}

static void assert_nobody_gone (int64_t now_ms)
{
    assert_false (parts_gone (&parts, ROLE_STORAGE, now_ms));
    assert_false (parts_gone (&parts, ROLE_STATE, now_ms));
}

static void nobody_is_there_at_first (void **state)
{
    (void) state;
    assert_int_equal (parts_missing (&parts), ROLE_STORAGE);
    assert_true (parts_lacks (&parts, ROLE_STORAGE) &&
                 parts_lacks (&parts, ROLE_STATE));
    assert_nobody_gone (1000);
    assert_true (parts_deadline (&parts, 1000) == 1000 + PART_PATIENCE_MS);
    assert_nobody_gone (1000 + PART_PATIENCE_MS - 1);
    assert_true (parts_gone (&parts, ROLE_STORAGE, 1000 + PART_PATIENCE_MS));
    assert_true (parts_gone (&parts, ROLE_STATE, 1000 + PART_PATIENCE_MS));
    assert_true (parts_deadline (&parts, 1000 + PART_PATIENCE_MS) == INT64_MAX);
    assert_int_equal (parts_expired (&parts, INT64_MAX), ROLE_NONE);
}

static void each_is_needed (void **state)
{
    (void) state;
    parts_join (&parts, ROLE_STORAGE, text_bytes ("storage"), MS, 1000);
    assert_int_equal (parts_missing (&parts), ROLE_STORAGE); // not heard since
    parts_heard (&parts, text_bytes ("storage"), 1000);
    assert_int_equal (parts_missing (&parts), ROLE_STATE);
    parts_start (&parts, 1000);
    parts_join (&parts, ROLE_STATE, text_bytes ("state"), MS, 1000);
    parts_heard (&parts, text_bytes ("state"), 1000);
    assert_int_equal (parts_missing (&parts), ROLE_STORAGE);
    assert_int_equal (parts_role (&parts, text_bytes ("state")), ROLE_STATE);
    assert_int_equal (parts_role (&parts, text_bytes ("storage")), ROLE_NONE);
    assert_int_equal (parts_role (&parts, text_bytes ("")), ROLE_NONE);
}

static void who_is_silent_is_missing_until_it_is_heard (void **state)
{
    (void) state;
    const int64_t silence_ms = HEARTBEATS_MISSED * MS;
    both_join (1000);
    assert_true (parts_deadline (&parts, 1000) == 1000 + silence_ms);
    assert_false (parts_heard (&parts, text_bytes ("storage"), 2000));
    assert_int_equal (parts_expired (&parts, 1000 + silence_ms - 1), ROLE_NONE);
    assert_int_equal (parts_expired (&parts, 1000 + silence_ms), ROLE_STATE);
    assert_int_equal (parts_expired (&parts, 1000 + silence_ms), ROLE_NONE);
    assert_int_equal (parts_missing (&parts), ROLE_STATE);
    assert_int_equal (parts_role (&parts, text_bytes ("state")), ROLE_STATE);
    assert_true (parts_heard (&parts, text_bytes ("state"), 2900));
    assert_int_equal (parts_missing (&parts), ROLE_NONE);
    assert_false (parts_heard (&parts, text_bytes ("state"), 2900));
    assert_false (parts_heard (&parts, text_bytes ("stranger"), 2900));
}

static void who_takes_its_leave_is_nobody (void **state)
{
    (void) state;
    both_join (1000);
    parts_leave (&parts, ROLE_STATE, 5000);
    assert_int_equal (parts_missing (&parts), ROLE_STATE);
    assert_int_equal (parts_role (&parts, text_bytes ("state")), ROLE_NONE);
    assert_false (parts_heard (&parts, text_bytes ("state"), 5000));
    assert_int_equal (parts_missing (&parts), ROLE_STATE);
    assert_true (parts_lacks (&parts, ROLE_STATE));
    assert_false (parts_lacks (&parts, ROLE_STORAGE));
    assert_true (parts_gone (&parts, ROLE_STATE, 5000 + PART_PATIENCE_MS));
    assert_false (parts_gone (&parts, ROLE_STORAGE, 5000 + PART_PATIENCE_MS));
}

static void the_latest_to_join_is_the_one (void **state)
{
    (void) state;
    both_join (1000);
    parts_join (&parts, ROLE_STATE, text_bytes ("state"), MS, 1100);
    assert_int_equal (parts_missing (&parts), ROLE_STATE); // it has not heard JOINED
    parts_heard (&parts, text_bytes ("state"), 1100);
    parts_join (&parts, ROLE_STATE, text_bytes ("new"), MS, 1200);
    assert_int_equal (parts_missing (&parts), ROLE_STATE);
    assert_nobody_gone (1200 + PART_PATIENCE_MS - 1);
    assert_int_equal (parts_role (&parts, text_bytes ("state")), ROLE_NONE);
    assert_int_equal (parts_role (&parts, text_bytes ("new")), ROLE_STATE);
}

static void intervals_are_put_within_their_limits (void **state)
{
    (void) state;
    static const uint32_t intervals[][2] = {
        {0, HEARTBEAT_MS_MIN}, {MS, MS}, {UINT32_MAX, HEARTBEAT_MS_MAX}};
    for (size_t i = 0; i < 3; i++) {
        parts_join (&parts, ROLE_STORAGE, text_bytes ("storage"), intervals[i][0], 0);
        parts_join (&parts, ROLE_STATE, text_bytes ("state"), intervals[i][0], 0);
        parts_heard (&parts, text_bytes ("storage"), 0);
        parts_heard (&parts, text_bytes ("state"), 0);
        assert_true (parts_deadline (&parts, 0) ==
                     HEARTBEATS_MISSED * (int64_t) intervals[i][1]);
    }
}

#define PARTS_TEST(name) cmocka_unit_test_setup (name, setup)

int main (void)
{
    const struct CMUnitTest tests[] = {
        PARTS_TEST (nobody_is_there_at_first),
        PARTS_TEST (each_is_needed),
        PARTS_TEST (who_is_silent_is_missing_until_it_is_heard),
        PARTS_TEST (who_takes_its_leave_is_nobody),
        PARTS_TEST (the_latest_to_join_is_the_one),
        PARTS_TEST (intervals_are_put_within_their_limits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

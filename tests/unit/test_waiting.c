/* test_waiting.c - waiting.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bounds.h"
#include "waiting.h"

#define START_MS 777000

static const char refused[] = "nobody listens", nameless[] = "no such name";
static waiting_t waiting;
static int64_t waited_s;

static int setup (void **state)
{
    (void) state;
    waiting = (waiting_t){0};
    return 0;
}

static bool tells (const char *reason, int64_t after_ms)
{
    return waiting_tells (&waiting, reason, false, START_MS + after_ms, &waited_s);
}

static void who_does_not_wait_says_nothing (void **state)
{
    (void) state;
    assert_false (tells (refused, 1000 * WAIT_AGAIN_MS));
    assert_int_equal (waiting_deadline (&waiting), INT64_MAX);
    assert_false (waiting_end (&waiting, START_MS, &waited_s));
}

static void a_short_wait_is_not_told (void **state)
{
    (void) state;
    waiting_begin (&waiting, START_MS);
    assert_int_equal (waiting_deadline (&waiting), START_MS + WAIT_FIRST_MS);
    assert_false (tells (refused, 0));
    assert_false (tells (refused, WAIT_FIRST_MS - 1));
    assert_false (waiting_end (&waiting, START_MS + WAIT_FIRST_MS, &waited_s));
    assert_false (tells (refused, WAIT_FIRST_MS));
}

static void a_long_one_is_told_then_now_and_then_and_when_it_is_over (void **state)
{
    (void) state;
    waiting_begin (&waiting, START_MS);
    waiting_begin (&waiting, START_MS + 1000); // it has begun
    assert_true (tells (refused, WAIT_FIRST_MS));
    assert_int_equal (waited_s, WAIT_FIRST_MS / 1000);
    for (int i = 1; i < 100; i++) {
        const int64_t due_ms = WAIT_FIRST_MS + i * WAIT_AGAIN_MS;
        assert_int_equal (waiting_deadline (&waiting), START_MS + due_ms);
        assert_false (tells (refused, due_ms - 1));
        assert_true (tells (refused, due_ms));
        assert_int_equal (waited_s, due_ms / 1000);
        assert_false (tells (refused, due_ms + 1));
    }
    assert_true (waiting_end (&waiting, START_MS + 12345678, &waited_s));
    assert_int_equal (waited_s, 12345);
    assert_false (waiting_end (&waiting, START_MS + 12345678, &waited_s));
}

static void another_reason_is_told_but_not_in_a_flood (void **state)
{
    (void) state;
    waiting_begin (&waiting, START_MS);
    assert_true (tells (nameless, WAIT_FIRST_MS));
    int lines = 1;
    for (int64_t at_ms = WAIT_FIRST_MS; at_ms < WAIT_FIRST_MS + WAIT_AGAIN_MS; at_ms++)
        lines += tells (at_ms % 2 ? nameless : refused, at_ms);
    assert_in_range (lines, 2, 1 + WAIT_AGAIN_MS / WAIT_FIRST_MS);
}

static void what_is_certain_is_told_at_once_and_once (void **state)
{
    (void) state;
    waiting_begin (&waiting, START_MS);
    assert_true (waiting_tells (&waiting, refused, true, START_MS, &waited_s));
    assert_int_equal (waited_s, 0);
    assert_false (waiting_tells (&waiting, refused, true, START_MS + 1, &waited_s));
    assert_false (
        waiting_tells (&waiting, refused, true, START_MS + WAIT_FIRST_MS, &waited_s));
    assert_true (waiting_end (&waiting, START_MS + 999, &waited_s));
    assert_int_equal (waited_s, 0);
}

/* It was stopped for an hour, say: one line, not sixty. */
static void a_gap_in_time_is_one_line (void **state)
{
    (void) state;
    waiting_begin (&waiting, START_MS);
    assert_true (tells (refused, WAIT_FIRST_MS));
    assert_true (tells (refused, 60 * WAIT_AGAIN_MS));
    assert_false (tells (refused, 60 * WAIT_AGAIN_MS + 1));
}

#define WAITING_TEST(name) cmocka_unit_test_setup (name, setup)

int main (void)
{
    const struct CMUnitTest tests[] = {
        WAITING_TEST (who_does_not_wait_says_nothing),
        WAITING_TEST (a_short_wait_is_not_told),
        WAITING_TEST (a_long_one_is_told_then_now_and_then_and_when_it_is_over),
        WAITING_TEST (another_reason_is_told_but_not_in_a_flood),
        WAITING_TEST (what_is_certain_is_told_at_once_and_once),
        WAITING_TEST (a_gap_in_time_is_one_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

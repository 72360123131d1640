/* test_rate_limit.c - how many lines an agency may cause, and what is told of the
 * others. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bounds.h"
#include "rate_limit.h"

static rate_limit_t *limit;
static int64_t now_ms;

static int setup (void **state)
{
    (void) state;
    limit = rate_limit_new ();
    now_ms = 5000000;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    rate_limit_destroy (&limit);
    assert_null (limit);
    rate_limit_destroy (&limit);
    return 0;
}

/* How many of so many lines are written. */
static int written (uint32_t agency, int lines)
{
    int count = 0;
    for (int i = 0; i < lines; i++)
        count += rate_limit_allows (limit, agency, now_ms);
    return count;
}

static void assert_told (uint32_t agency, uint64_t count)
{
    uint32_t whose;
    uint64_t left_out;
    assert_true (rate_limit_report (limit, now_ms, &whose, &left_out));
    assert_int_equal (whose, agency);
    assert_int_equal (left_out, count);
}

static void assert_nothing_told (void)
{
    uint32_t whose;
    uint64_t left_out;
    assert_false (rate_limit_report (limit, now_ms, &whose, &left_out));
}

static void a_few_lines_are_written (void **state)
{
    (void) state;
    assert_int_equal (written (1, RATE_LIMIT_LINES), RATE_LIMIT_LINES);
    assert_true (rate_limit_deadline (limit) == INT64_MAX);
    now_ms += RATE_LIMIT_PERIOD_MS;
    assert_nothing_told ();
    assert_int_equal (written (1, RATE_LIMIT_LINES), RATE_LIMIT_LINES);
}

static void the_rest_is_counted_and_told (void **state)
{
    (void) state;
    assert_int_equal (written (1, 1000000), RATE_LIMIT_LINES);
    assert_int_equal (rate_limit_deadline (limit), now_ms + RATE_LIMIT_PERIOD_MS);
    now_ms += RATE_LIMIT_PERIOD_MS - 1;
    assert_nothing_told ();
    assert_int_equal (written (1, 1), 0);
    now_ms++;
    assert_int_equal (written (1, 1), 0); // first it is told
    assert_told (1, 1000000 - RATE_LIMIT_LINES + 2);
    assert_nothing_told ();
    assert_true (rate_limit_deadline (limit) == INT64_MAX);
    assert_int_equal (written (1, 100), RATE_LIMIT_LINES);
}

/* A day of a flood: so many lines and no more. */
static void a_flood_makes_a_bounded_log (void **state)
{
    (void) state;
    enum { PERIODS = 100 };
    int lines = 0;
    uint32_t agency;
    uint64_t count, told = 0;
    for (int64_t end_ms = now_ms + (int64_t) PERIODS * RATE_LIMIT_PERIOD_MS;
         now_ms < end_ms; now_ms += 10) {
        lines += written (7, 50);
        while (rate_limit_report (limit, now_ms, &agency, &count)) {
            told += count;
            lines++;
        }
    }
    assert_in_range (lines, PERIODS, PERIODS * (RATE_LIMIT_LINES + 1));
    now_ms += RATE_LIMIT_PERIOD_MS;
    assert_true (rate_limit_report (limit, now_ms, &agency, &count));
    assert_int_equal (told + count + (uint64_t) written (7, 0),
                      (uint64_t) PERIODS * RATE_LIMIT_PERIOD_MS / 10 * 50 -
                          (uint64_t) PERIODS * RATE_LIMIT_LINES);
}

static void one_agency_takes_nobody_elses_lines (void **state)
{
    (void) state;
    assert_int_equal (written (1, 100000), RATE_LIMIT_LINES);
    assert_int_equal (written (2, RATE_LIMIT_LINES), RATE_LIMIT_LINES);
    assert_int_equal (written (AGENCIES_MAX, 1), 1);
    assert_int_equal (written (0, RATE_LIMIT_LINES), RATE_LIMIT_LINES);
    assert_int_equal (written (AGENCIES_MAX + 1, 1), 0); // nobody known, like 0
    assert_int_equal (written (UINT32_MAX, 1), 0);
    now_ms += RATE_LIMIT_PERIOD_MS;
    assert_told (1, 100000 - RATE_LIMIT_LINES);
    assert_told (0, 2);
    assert_nothing_told ();
}

static void all_together_have_a_bound_too (void **state)
{
    (void) state;
    int lines = 0;
    for (uint32_t agency = 1; agency <= 50000; agency++)
        lines += written (agency, 2);
    assert_int_equal (lines, RATE_LIMIT_LINES_ALL);
    now_ms += RATE_LIMIT_PERIOD_MS;
    for (uint32_t agency = RATE_LIMIT_LINES_ALL / 2 + 1; agency <= 50000; agency++)
        assert_told (agency, 2);
    assert_nothing_told ();
    assert_int_equal (written (40000, 1), 1);
}

#define RATE_LIMIT_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        RATE_LIMIT_TEST (a_few_lines_are_written),
        RATE_LIMIT_TEST (the_rest_is_counted_and_told),
        RATE_LIMIT_TEST (a_flood_makes_a_bounded_log),
        RATE_LIMIT_TEST (one_agency_takes_nobody_elses_lines),
        RATE_LIMIT_TEST (all_together_have_a_bound_too),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

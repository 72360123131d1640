/* test_readable.c - numbers as a person reads them. */

#include "testing.h"

#include <math.h>
#include <time.h>

#include "readable.h"

static char text[FIGURE_BYTES];

static void test_counts (void **state)
{
    (void) state;
    assert_string_equal (figure_count (0, text), "0");
    assert_string_equal (figure_count (999, text), "999");
    assert_string_equal (figure_count (1000, text), "1,000");
    assert_string_equal (figure_count (1234567, text), "1,234,567");
    assert_string_equal (figure_count (UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void test_rates (void **state)
{
    (void) state;
    assert_string_equal (figure_rate (-1, text), "-");
    assert_string_equal (figure_rate (NAN, text), "-");
    assert_string_equal (figure_rate (INFINITY, text), "-");
    assert_string_equal (figure_rate (0, text), "0");
    assert_string_equal (figure_rate (3.46, text), "3.5");
    assert_string_equal (figure_rate (9.96, text), "10");
    assert_string_equal (figure_rate (12345.6, text), "12,346");
}

static void test_sizes (void **state)
{
    (void) state;
    assert_string_equal (figure_size (0, text), "0 B");
    assert_string_equal (figure_size (1023, text), "1023 B");
    assert_string_equal (figure_size (1024, text), "1.0 KiB");
    assert_string_equal (figure_size (1048575, text), "1.0 MiB");
    assert_string_equal (figure_size (21390950, text), "20.4 MiB");
    assert_string_equal (figure_size (UINT64_MAX, text), "16.0 EiB");
}

static void test_spans (void **state)
{
    (void) state;
    assert_string_equal (figure_seconds (-1, text), "-");
    assert_string_equal (figure_seconds (0.00035, text), "0.35 ms");
    assert_string_equal (figure_seconds (0.0123, text), "12.3 ms");
    assert_string_equal (figure_seconds (0.5, text), "500 ms");
    assert_string_equal (figure_seconds (1.26, text), "1.3 s");
    assert_string_equal (figure_percent (-1, text), "-");
    assert_string_equal (figure_percent (42.4, text), "42 %");
    assert_string_equal (figure_span (999, text), "0 s");
    assert_string_equal (figure_span (61000, text), "1 min 1 s");
    assert_string_equal (figure_span (7980000, text), "2 h 13 min");
    assert_string_equal (figure_span (273600000, text), "3 d 4 h");
}

static void test_times (void **state)
{
    (void) state;
    const uint64_t now_ms = 1764500000000; // 2025-11-30 10:53:20 UTC
    setenv ("TZ", "<-03>3", 1);
    tzset ();
    assert_string_equal (figure_time (0, now_ms, text), "-");
    assert_string_equal (figure_time (now_ms - 60000, now_ms, text), "07:52:20");
    assert_string_equal (figure_time (now_ms - 86400000, now_ms, text),
                         "2025-11-29 07:53:20");
    assert_string_equal (figure_ago (0, now_ms, text), "-");
    assert_string_equal (figure_ago (now_ms - 5000, now_ms, text), "5 s");
    assert_string_equal (figure_ago (now_ms + 5000, now_ms, text), "0 s");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_counts), cmocka_unit_test (test_rates),
        cmocka_unit_test (test_sizes),  cmocka_unit_test (test_spans),
        cmocka_unit_test (test_times),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

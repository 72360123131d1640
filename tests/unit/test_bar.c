/* test_bar.c - bar.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bar.h"

static const bar_t half = {.stage = BAR_SELLING,
                           .agency = 3,
                           .server = "central:12345",
                           .stored = 40960,
                           .resumed = 12000,
                           .total = 81920,
                           .rate = 8192,
                           .missing = ""};
static char text[BAR_BYTES];

static void it_says_how_far_it_is (void **state)
{
    (void) state;
    bar_write (&half, 120, text);
    assert_string_equal (text, "agency 3  [##########..........]  50%  40960 of 81920 "
                               "bets (12000 resumed)  8192/s  0:05 left");
    bar_t fresh = half;
    fresh.resumed = 0;
    fresh.rate = 0;
    bar_write (&fresh, 120, text);
    assert_string_equal (
        text, "agency 3  [##########..........]  50%  40960 of 81920 bets  0/s");
    fresh.estimated = true;
    bar_write (&fresh, 120, text);
    assert_non_null (strstr (text, "]  50%  40960 of ~81920 bets  0/s"));
}

static void it_is_full_at_the_end_only (void **state)
{
    (void) state;
    bar_t bar = half;
    bar.stored = bar.total - 1;
    bar_write (&bar, 120, text);
    assert_non_null (strstr (text, "]  99%  "));
    assert_non_null (strstr (text, ".]"));
    bar.stored = bar.total;
    bar_write (&bar, 120, text);
    assert_non_null (
        strstr (text, "[####################]  100%  81920 of 81920 bets"));
    bar.stored = bar.total + 9; // it was a guess
    bar_write (&bar, 120, text);
    assert_non_null (strstr (text, "  100%  "));
}

static void without_an_end_there_are_numbers_only (void **state)
{
    (void) state;
    bar_t bar = half;
    bar.total = 0;
    bar_write (&bar, 120, text);
    assert_string_equal (text, "agency 3  40960 bets (12000 resumed)  8192/s");
}

static void the_other_stages (void **state)
{
    (void) state;
    bar_t bar = half;
    bar.stage = BAR_LOOKING;
    bar_write (&bar, 120, text);
    assert_string_equal (text, "agency 3  looking for central:12345");
    bar.stage = BAR_WAITING;
    bar.ready = 4;
    bar.agencies = 7;
    bar_write (&bar, 120, text);
    assert_string_equal (text, "agency 3  40960 bets stored, 4 of 7 agencies ready");
    bar.missing = "agencies 4, 7 and 12 more";
    bar_write (&bar, 120, text);
    assert_string_equal (text, "agency 3  40960 bets stored, 4 of 7 agencies ready, "
                               "waiting for agencies 4, 7 and 12 more");
}

/* The cells make room for the numbers; what does not fit then is left out. */
static void it_fits_every_width (void **state)
{
    (void) state;
    for (size_t columns = 0; columns < 200; columns++)
        for (bar_stage_t stage = BAR_LOOKING; stage <= BAR_WAITING; stage++) {
            bar_t bar = half;
            bar.stage = stage;
            bar.server = "central-número-uno:12345";
            const size_t size = bar_write (&bar, columns, text);
            assert_int_equal (strlen (text), size);
            assert_true (columns == 0 ? size == 0 : size < columns);
            assert_true (size == 0 || (text[size - 1] & 0xC0) != 0xC0);
        }
    bar_write (&half, 80, text);
    assert_string_equal (text, "agency 3  [###...]  50%  40960 of 81920 bets (12000 "
                               "resumed)  8192/s  0:05 left");
    bar_write (&half, 52, text);
    assert_string_equal (text, "agency 3  50%  40960 of 81920 bets  8192/s  0:05");
    bar_write (&half, 42, text); // no number is cut
    assert_string_equal (text, "agency 3  50%  40960 of 81920 bets");
    bar_write (&half, 20, text);
    assert_string_equal (text, "agency 3  50%");
}

static void a_total_is_worked_out (void **state)
{
    (void) state;
    assert_int_equal (bar_estimate (0, 0, 0), 0);
    assert_int_equal (bar_estimate (0, 0, 1000), 0);
    assert_int_equal (bar_estimate (10, 500, 1000), 20);
    assert_int_equal (bar_estimate (10, 1000, 1000), 10);
    assert_int_equal (bar_estimate (1ULL << 40, 1ULL << 45, 1ULL << 46), 1ULL << 41);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (it_says_how_far_it_is),
        cmocka_unit_test (it_is_full_at_the_end_only),
        cmocka_unit_test (without_an_end_there_are_numbers_only),
        cmocka_unit_test (the_other_stages),
        cmocka_unit_test (it_fits_every_width),
        cmocka_unit_test (a_total_is_worked_out),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

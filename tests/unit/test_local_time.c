/* test_local_time.c - times of the day by the clock on the wall, where it jumps, too.
 */

#include "testing.h"

#include <time.h>

#include "local_time.h"

/* POSIX rules: no zone of this machine is needed. From 2:00 to 3:00 on 2026-03-08, and
   from 2:00 back to 1:00 on 2026-11-01. */
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"
/* Half an hour: from 2:00 to 2:30 on 2026-10-04, back at 2:00 on 2026-04-05. */
#define LORD_HOWE    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define BUENOS_AIRES "<-03>3"

static void in_zone (const char *zone)
{
    setenv ("TZ", zone, 1);
}

static uint64_t utc (int year, int month, int day, int hour, int minute)
{
    struct tm shown = {.tm_year = year - 1900,
                       .tm_mon = month - 1,
                       .tm_mday = day,
                       .tm_hour = hour,
                       .tm_min = minute};
    return (uint64_t) timegm (&shown) * 1000;
}

static uint64_t moment (int year, int month, int day, uint32_t hour, uint32_t minute)
{
    return local_moment ((local_date_t){year, month, day}, hour * 60 + minute);
}

static void an_ordinary_day (void **state)
{
    (void) state;
    in_zone (BUENOS_AIRES);
    assert_int_equal (moment (2026, 11, 30, 21, 0), utc (2026, 12, 1, 0, 0));
    assert_int_equal (moment (2026, 11, 30, 0, 0), utc (2026, 11, 30, 3, 0));
    assert_int_equal (moment (2026, 11, 30, 24, 0), utc (2026, 12, 1, 3, 0));
    in_zone ("UTC");
    assert_int_equal (moment (2026, 2, 28, 23, 59), utc (2026, 2, 28, 23, 59));
    in_zone ("<+14>-14"); // Kiritimati
    assert_int_equal (moment (2026, 1, 1, 0, 30), utc (2025, 12, 31, 10, 30));
    in_zone ("<-12>12");
    assert_int_equal (moment (2026, 1, 1, 23, 30), utc (2026, 1, 2, 11, 30));
}

static void a_skipped_hour_is_the_moment_of_the_jump (void **state)
{
    (void) state;
    in_zone (NEW_YORK);
    assert_int_equal (moment (2026, 3, 8, 1, 59), utc (2026, 3, 8, 6, 59));
    for (uint32_t minute = 0; minute < 60; minute++)
        assert_int_equal (moment (2026, 3, 8, 2, minute), utc (2026, 3, 8, 7, 0));
    assert_int_equal (moment (2026, 3, 8, 3, 0), utc (2026, 3, 8, 7, 0));
    assert_int_equal (moment (2026, 3, 8, 21, 0), utc (2026, 3, 9, 1, 0));
    in_zone (LORD_HOWE);
    assert_int_equal (moment (2026, 10, 4, 2, 15), utc (2026, 10, 3, 15, 30));
    assert_int_equal (moment (2026, 10, 4, 2, 31), utc (2026, 10, 3, 15, 31));
}

static void an_hour_that_comes_twice_is_the_first (void **state)
{
    (void) state;
    in_zone (NEW_YORK);
    assert_int_equal (moment (2026, 11, 1, 0, 59), utc (2026, 11, 1, 4, 59));
    assert_int_equal (moment (2026, 11, 1, 1, 0), utc (2026, 11, 1, 5, 0));
    assert_int_equal (moment (2026, 11, 1, 1, 59), utc (2026, 11, 1, 5, 59));
    assert_int_equal (moment (2026, 11, 1, 2, 0), utc (2026, 11, 1, 7, 0));
    in_zone (LORD_HOWE);
    assert_int_equal (moment (2026, 4, 5, 1, 45), utc (2026, 4, 4, 14, 45));
    assert_int_equal (moment (2026, 4, 5, 2, 0), utc (2026, 4, 4, 15, 30));
}

/* Each is what it is defined as: the first at which the clock shows that or later. */
static void every_time_of_a_year (void **state)
{
    static const char *const zones[] = {NEW_YORK, LORD_HOWE, BUENOS_AIRES, "UTC"};
    (void) state;
    for (size_t zone = 0; zone < sizeof zones / sizeof *zones; zone++) {
        in_zone (zones[zone]);
        local_date_t date = {2026, 1, 1};
        uint64_t before_ms = 0;
        for (int day = 0; day < 365; day++, date = local_date_after (date, 1))
            for (uint32_t minute = 0; minute < LOCAL_MINUTES_DAY; minute += 15) {
                const uint64_t found_ms = local_moment (date, minute);
                const local_date_t shown = local_date (found_ms);
                const local_date_t earlier = local_date (found_ms - 60000);
                assert_int_equal (shown.day, date.day);
                assert_true (found_ms >= before_ms);
                assert_true (earlier.day == date.day || minute == 0);
                before_ms = found_ms;
            }
    }
}

static void dates (void **state)
{
    (void) state;
    in_zone (BUENOS_AIRES);
    const local_date_t date = local_date (utc (2026, 12, 1, 2, 59));
    assert_int_equal (date.year, 2026);
    assert_int_equal (date.month, 11);
    assert_int_equal (date.day, 30);
    assert_int_equal (local_weekday (date), 1); // a Monday
    const local_date_t after = local_date_after (date, 31);
    assert_int_equal (after.month, 12);
    assert_int_equal (after.day, 31);
    const local_date_t before = local_date_after ((local_date_t){2026, 1, 1}, -1);
    assert_int_equal (before.year, 2025);
    assert_int_equal (before.day, 31);
    assert_true (local_date_exists ((local_date_t){2028, 2, 29}));
    assert_false (local_date_exists ((local_date_t){2026, 2, 29}));
    assert_false (local_date_exists ((local_date_t){2026, 13, 1}));
    assert_false (local_date_exists ((local_date_t){2026, 0, 1}));
    assert_false (local_date_exists ((local_date_t){2026, 1, 0}));
    assert_false (local_date_exists ((local_date_t){1969, 1, 1}));
}

static void texts (void **state)
{
    char text[LOCAL_TEXT_BYTES];
    (void) state;
    in_zone (BUENOS_AIRES);
    assert_string_equal (local_text (1796083205000, text), "2026-11-30 21:00:05");
    assert_string_equal (local_text_utc (1796083205000, text), "2026-12-01T00:00:05Z");
}

static void zones_that_are_none (void **state)
{
    static const char *const good[] = {"",     "UTC",  NEW_YORK, "<-03>3",
                                       "ART3", "GMT0", ":UTC"};
    static const char *const bad[] = {"America/Buenos_Ares", "/no/such/zone", "Nowhere",
                                      ":Buenos/Aires1"};
    char why[LOCAL_WHY_BYTES];
    (void) state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        in_zone (good[i]);
        assert_true (local_zone_known (why));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        in_zone (bad[i]);
        assert_false (local_zone_known (why));
        assert_non_null (strstr (why, "no such time zone"));
        assert_non_null (strstr (why, "a name such as America/"));
    }
    unsetenv ("TZ");
    assert_true (local_zone_known (why));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (an_ordinary_day),
        cmocka_unit_test (a_skipped_hour_is_the_moment_of_the_jump),
        cmocka_unit_test (an_hour_that_comes_twice_is_the_first),
        cmocka_unit_test (every_time_of_a_year),
        cmocka_unit_test (dates),
        cmocka_unit_test (texts),
        cmocka_unit_test (zones_that_are_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

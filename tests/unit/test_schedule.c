/* test_schedule.c - the draws of a configuration file, and when each is to be open. */

#include "testing.h"

#include <unistd.h>

#include "local_time.h"
#include "schedule.h"

#define MONDAY                                                                         \
    (local_date_t)                                                                     \
    {                                                                                  \
        2026, 11, 30                                                                   \
    }

static const schedule_defaults_t defaults = {5, 9999, {TERMS_ENTERED, 0}};
static char path[64], why[CONFIG_WHY_BYTES];
static schedule_t *schedule;

static int set_up (void **state)
{
    (void) state;
    setenv ("TZ", "<-03>3", 1);
    strcpy (path, "/tmp/test-schedule-XXXXXX");
    const int fd = mkstemp (path);
    return fd == -1 ? -1 : close (fd);
}

static int clear (void **state)
{
    (void) state;
    schedule_destroy (&schedule);
    return unlink (path);
}

static int load (const char *text)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    assert_true (fputs (text, file) >= 0 && fclose (file) == 0);
    schedule_destroy (&schedule);
    return schedule_load (path, &defaults, &schedule, why);
}

/* 0 is Monday. */
static uint64_t at (int day, uint32_t hour, uint32_t minute)
{
    return local_moment (local_date_after (MONDAY, day), hour * 60 + minute);
}

/* Of those that get their number in one way. */
static void the_smallest_roll (void **state)
{
    (void) state;
    assert_int_equal (load ("draw\n"
                            "    a\n        days = daily\n        closes = never\n"
                            "        number = provable\n        agencies = 7\n"
                            "    b\n        days = daily\n        closes = never\n"
                            "        number = provable\n        agencies = 3\n"
                            "    c\n        days = daily\n        closes = never\n"
                            "        number = random\n        agencies = 2\n"),
                      0);
    assert_int_equal (schedule_fewest (schedule, TERMS_PROVABLE), 3);
    assert_int_equal (schedule_fewest (schedule, TERMS_RANDOM), 2);
    assert_int_equal (schedule_fewest (schedule, TERMS_ENTERED), 0);
    assert_int_equal (schedule_agencies (schedule), 7);
}

static void no_draws (void **state)
{
    (void) state;
    assert_int_equal (load ("common\n    log-level = INFO\n"), 0);
    assert_null (schedule);
    assert_int_equal (schedule_size (schedule), 0);
    assert_int_equal (schedule_agencies (schedule), 0);
    assert_int_equal (schedule_fewest (schedule, TERMS_RANDOM), 0);
    assert_true (schedule_next (schedule, 0) == UINT64_MAX);
    assert_int_equal (load ("draw\n"), 0);
    assert_null (schedule);
    assert_int_equal (schedule_load (NULL, &defaults, &schedule, why), 0);
    assert_null (schedule);
    assert_int_equal (schedule_load ("/no/such", &defaults, &schedule, why), -1);
    assert_non_null (strstr (why, "/no/such: "));
}

static void a_weeks_draws (void **state)
{
    schedule_draw_t draw;
    (void) state;
    assert_int_equal (load ("draw\n"
                            "    noche # the late one\n"
                            "        days = mon-sat\n"
                            "        opens = \"08:00\"\n"
                            "        closes = \"21:00\"\n"
                            "        number = random\n"
                            "        agencies = 12\n"
                            "        highest = 99\n"),
                      0);
    assert_int_equal (schedule_size (schedule), 1);
    assert_int_equal (schedule_agencies (schedule), 12);
    for (int day = 0; day < 14; day++) {
        const int sunday = day % 7 == 6;
        char name[64];
        local_text (at (day + sunday, 8, 0), name);
        strcpy (name + 10, "-noche");
        for (uint32_t hour = 0; hour < 24; hour++) {
            const uint64_t now_ms = at (day, hour, 0);
            assert_true (schedule_draw (schedule, 0, now_ms, &draw));
            const bool due = draw.opens_ms <= now_ms;
            assert_int_equal (due, !sunday && hour >= 8 && hour < 21);
            assert_true (now_ms < draw.until_ms);
            if (hour < 21)
                assert_string_equal (draw.name, name);
        }
    }
    assert_true (schedule_draw (schedule, 0, at (0, 20, 59), &draw));
    assert_int_equal (draw.opens_ms, at (0, 8, 0));
    assert_int_equal (draw.until_ms, at (0, 21, 0));
    assert_int_equal (draw.closes_ms, at (0, 21, 0));
    assert_int_equal (draw.agencies, 12);
    assert_int_equal (draw.highest, 99);
    assert_int_equal (draw.number.source, 'R');
    assert_int_equal (schedule_next (schedule, at (0, 7, 59)), at (0, 8, 0));
    assert_int_equal (schedule_next (schedule, at (0, 8, 0)), at (1, 8, 0));
    assert_int_equal (schedule_next (schedule, at (5, 8, 0)), at (7, 8, 0));
}

static void dates_and_defaults (void **state)
{
    schedule_draw_t draw;
    (void) state;
    assert_int_equal (load ("draw\n"
                            "    navidad\n"
                            "        name = \"navidad-%Y\"\n"
                            "        days = \"2026-12-24\"\n"
                            "        closes = never\n"
                            "    extra\n"
                            "        days = \"2026-12-05, wed,2026-12-03\"\n"
                            "        closes = all-asked\n"),
                      0);
    assert_true (schedule_draw (schedule, 0, at (0, 0, 0), &draw));
    assert_string_equal (draw.name, "navidad-2026");
    assert_int_equal (draw.opens_ms, at (24, 0, 0));
    assert_int_equal (draw.until_ms, at (25, 0, 0)); // that day is over
    assert_true (draw.closes_ms == UINT64_MAX);
    assert_int_equal (draw.agencies, 5);
    assert_int_equal (draw.highest, 9999);
    assert_int_equal (draw.number.source, 'E');
    assert_false (schedule_draw (schedule, 0, at (25, 0, 0), &draw));

    static const int days[] = {2, 3, 5, 9, 16}; // Wednesday, the two dates, Wednesdays
    uint64_t now_ms = at (0, 0, 0);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        assert_true (schedule_draw (schedule, 1, now_ms, &draw));
        assert_int_equal (draw.opens_ms, at (days[i], 0, 0));
        assert_int_equal (draw.closes_ms, 0);
        now_ms = draw.until_ms;
    }
    assert_int_equal (schedule_next (schedule, at (23, 12, 0)), at (24, 0, 0));
}

static void over_midnight (void **state)
{
    schedule_draw_t draw;
    (void) state;
    assert_int_equal (load ("draw\n"
                            "    madrugada\n"
                            "        days = fri-sun\n"
                            "        opens = \"22:00\"\n"
                            "        closes = \"02:00\"\n"),
                      0);
    assert_true (schedule_draw (schedule, 0, at (7, 1, 59), &draw)); // since Sunday
    assert_string_equal (draw.name, "2026-12-06-madrugada");
    assert_int_equal (draw.opens_ms, at (6, 22, 0));
    assert_int_equal (draw.closes_ms, at (7, 2, 0));
    assert_true (schedule_draw (schedule, 0, at (7, 2, 0), &draw));
    assert_string_equal (draw.name, "2026-12-11-madrugada");
    assert_int_equal (schedule_next (schedule, at (4, 23, 0)), at (5, 22, 0));
}

/* 2:00 to 3:00 does not exist on 2026-03-08. */
static void a_day_without_its_hour (void **state)
{
    schedule_draw_t draw;
    (void) state;
    setenv ("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    assert_int_equal (load ("draw\n"
                            "    early\n"
                            "        days = sun\n"
                            "        opens = \"02:10\"\n"
                            "        closes = \"02:50\"\n"),
                      0);
    const local_date_t sunday = {2026, 3, 8};
    assert_true (schedule_draw (schedule, 0, local_moment (sunday, 0), &draw));
    assert_string_equal (draw.name, "2026-03-15-early");
}

static void what_is_wrong_is_told_with_its_line (void **state)
{
#define DRAW "common\n    log-level = INFO\n\n# the draws\ndraw\n    a # first\n"
#define GOOD DRAW "        days = daily\n        closes = \"21:00\"\n"
    static const struct {
        const char *text, *told;
    } bad[] = {
        {DRAW, "line 6: draw/a: needs `days` and `closes`"},
        {DRAW "        days = daily\n", "line 6: draw/a: needs"},
        {DRAW "        closes = \"25:00\"\n",
         "line 7: draw/a/closes: '25:00' is not all-asked"},
        {DRAW "        opens = \"7:00\"\n", "line 7: draw/a/opens: '7:00' is no time"},
        {DRAW "\n        # no\n        days = man\n",
         "line 9: draw/a/days: 'man' may have only daily"},
        {DRAW "        days = \"mon-\"\n", "draw/a/days: 'mon-' may"},
        {DRAW "        days = \"mon tue\"\n", "without a comma"},
        {DRAW "        days = \"\"\n", "draw/a/days: '' may"},
        {DRAW "        days = \"2026-02-29\"\n", "has a date that does not exist"},
        {DRAW "        days = \"2026-2-1\"\n", "has a date that does not exist"},
        {DRAW "        number = 1234\n", "draw/a/number: is not fixed:N"},
        {DRAW "        number = \"fixed:x\"\n", "draw/a/number: has no number"},
        {DRAW "        agencies = 0\n", "draw/a/agencies: '0' is no number from 1"},
        {DRAW "        highest = -1\n", "draw/a/highest: '-1' is no number from 0"},
        {GOOD "        highest = 10000\n",
         "line 9: draw/a/highest: 10000 is above --number-max 9999"},
        {DRAW "        price = 7\n", "draw/a/price: '7' is for no setting of a draw"},
        {DRAW "        days = mon\n            tue\n",
         "line 7: draw/a/days: 'mon' cannot"},
        {GOOD "        name = noche\n", "draw/a/name: draws of different days"},
        {GOOD "        name = \"%d-noche\"\n", "draw/a/name: draws of different days"},
        {GOOD "        name = \"%A\"\n", "draw/a/name: draws of different days"},
        {GOOD "        name = \"%F %T\"\n", "the name of a draw may have only"},
        {GOOD "        name = \"%F-123456789-123456789-123456789-\"\n",
         "is longer than"},
        {GOOD "        number = \"fixed:76543\"\n", "the fixed number is above 9999"},
        {GOOD
         "    b\n        days = sun\n        closes = never\n        name = \"%F-a\"\n",
         "line 9: draw/b: its draws have the same names as those of a"},
        {"draw\n    a = 5\n", "line 2: draw/a: takes no value"},
        {"draw\n    a_b\n", "line 2: draw/a_b: the name may have only"},
    };
    (void) state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal (load (bad[i].text), -1);
        assert_null (schedule);
        if (!strstr (why, bad[i].told))
            fail_msg ("%s\nis told: %s", bad[i].text, why);
        assert_true (strncmp (why, path, strlen (path)) == 0);
        assert_null (strstr (why, "76543"));
    }
    assert_int_equal (load (GOOD), 0);
    assert_int_equal (load ("\xEF\xBB\xBF" GOOD "        price = 1\n"), -1);
    assert_non_null (strstr (why, "line 9: "));
}

static void too_many (void **state)
{
    char text[16384] = "draw\n";
    size_t size = strlen (text);
    (void) state;
    for (int i = 0; i <= SCHEDULE_DRAWS_MAX; i++) {
        assert_int_equal (load (text), 0);
        assert_int_equal (schedule_size (schedule), i);
        size += (size_t) snprintf (text + size, sizeof text - size,
                                   "    d%d\n        days = daily\n"
                                   "        closes = never\n",
                                   i);
    }
    assert_int_equal (load (text), -1);
}

int main (void)
{
#define SCHEDULE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, clear)
    const struct CMUnitTest tests[] = {
        SCHEDULE_TEST (no_draws),
        SCHEDULE_TEST (the_smallest_roll),
        SCHEDULE_TEST (a_weeks_draws),
        SCHEDULE_TEST (dates_and_defaults),
        SCHEDULE_TEST (over_midnight),
        SCHEDULE_TEST (a_day_without_its_hour),
        SCHEDULE_TEST (what_is_wrong_is_told_with_its_line),
        SCHEDULE_TEST (too_many),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

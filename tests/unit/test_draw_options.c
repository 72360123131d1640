/* test_draw_options.c - what the settings of draws say together: flags, environment and
   file, in every mixture. */

#include "testing.h"

#include <unistd.h>

#include "draw_options.h"
#include "logger.h"
#include "option_rows.h"

static draw_options_t options;
static char path[64], why[CONFIG_WHY_BYTES];
static int agreed;
static config_t *loaded; // owns the texts

static int agree (const config_t *config, void *context, char *reason)
{
    (void) context;
    agreed = draw_options_agree (config, &options, 5, 9999, why);
    strcpy (reason, why);
    return agreed == 0 ? 0 : 2;
}

static int set_up (void **state)
{
    static const char *const names[] = {"DRAW",
                                        "CLOSES",
                                        "NUMBER",
                                        "LOTERIA_WINNING_NUMBER",
                                        "TZ",
                                        "LOTERIA_CONFIG",
                                        "LOTERIA_WINNING_NUMBER_FILE"};
    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv (names[i]);
    strcpy (path, "/tmp/test-draw-options-XXXXXX");
    const int fd = mkstemp (path);
    return fd == -1 ? -1 : close (fd);
}

static int clear (void **state)
{
    (void) state;
    return unlink (path);
}

static void write_file (const char *text)
{
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    assert_true (fputs (text, file) >= 0 && fclose (file) == 0);
}

/* 0, 2 when they do not agree, or 3 when a single one is wrong; the words are separated
   by blanks. */
static int load (const char *flags)
{
    char words[512], *argv[16] = {"test"};
    int argc = 1, status = 0;
    const config_item_t items[] = {option_draw (&options.name),
                                   option_closes (&options.closes_text),
                                   option_number (&options.number_text),
                                   option_winning_number (&options.winning_number),
                                   option_winning_number_file (&options.number_file),
                                   {0}};
    const config_program_t program = {
        .program = "test", .section = "state", .items = items, .agree = agree};
    schedule_destroy (&options.schedule);
    options = (draw_options_t){0};
    agreed = -2;
    snprintf (words, sizeof words, "%s", flags);
    for (char *word = strtok (words, " "); word; word = strtok (NULL, " "))
        argv[argc++] = word;
    config_destroy (&loaded);
    loaded = config_load (&program, argc, argv, &status);
    return loaded ? 0 : agreed == -2 ? 3 : 2;
}

static void check_number (const char *flags, uint8_t source, uint32_t number)
{
    assert_int_equal (load (flags), 0);
    assert_int_equal (options.number.source, source);
    assert_int_equal (options.number.number, number);
}

static void the_reference_is_the_default (void **state)
{
    (void) state;
    check_number ("", 'F', 7574);
    assert_string_equal (options.name, "first");
    assert_int_equal (options.closes.closing, TERMS_ALL_ASKED);
    assert_null (options.schedule);
}

static void one_way_or_the_other (void **state)
{
    (void) state;
    write_file ("1234\n");
    char flags[128];
    snprintf (flags, sizeof flags, "--winning-number-file %s", path);
    check_number (flags, 'F', 1234);
    check_number ("--winning-number 17", 'F', 17);
    check_number ("--number fixed:18", 'F', 18);
    check_number ("--number entered", 'E', 0);
    check_number ("--number random --closes never --draw noche", 'R', 0);
    assert_int_equal (options.closes.closing, TERMS_NEVER);
    assert_string_equal (options.name, "noche");
    check_number ("--number provable", 'P', 0);
    check_number ("--number fixed:18 --winning-number 18", 'F', 18);
}

static void who_takes_precedence (void **state)
{
    (void) state;
    setenv ("LOTERIA_WINNING_NUMBER", "11", 1);
    check_number ("--number random", 'R', 0);
    setenv ("LOTERIA_WINNING_NUMBER", "11", 1); // it is gone once it was read
    check_number ("", 'F', 11);
    setenv ("NUMBER", "entered", 1);
    check_number ("--winning-number 12", 'F', 12);
    setenv ("NUMBER", "entered", 1);
    check_number ("", 'E', 0);
    assert_null (getenv ("NUMBER"));
    write_file ("state\n    winning-number = 13\n");
    setenv ("LOTERIA_CONFIG", path, 1);
    check_number ("", 'F', 13);
    check_number ("--number random", 'R', 0);
    setenv ("NUMBER", "random", 1);
    check_number ("", 'R', 0);
    write_file ("state\n    number = entered\n");
    check_number ("", 'E', 0);
    check_number ("--winning-number 14", 'F', 14);
    setenv ("LOTERIA_WINNING_NUMBER", "15", 1);
    check_number ("", 'F', 15);
}

static void two_that_differ (void **state)
{
    char flags[128];
    (void) state;
    write_file ("1234\n");
    assert_int_equal (load ("--number fixed:18 --winning-number 19"), 2);
    assert_string_equal (why,
                         "--number and --winning-number are both given (flag), and "
                         "differ; give one of them");
    assert_int_equal (load ("--number random --winning-number 19"), 2);
    snprintf (flags, sizeof flags, "--number entered --winning-number-file %s", path);
    assert_int_equal (load (flags), 2);
    assert_non_null (strstr (why, "--winning-number-file are both given"));
    setenv ("NUMBER", "fixed:18", 1);
    setenv ("LOTERIA_WINNING_NUMBER", "19", 1);
    assert_int_equal (load (""), 2);
    assert_non_null (strstr (why, "(environment)"));
    assert_null (strstr (why, "18"));
}

static void one_that_is_wrong (void **state)
{
    static const char *const bad[] = {"--number 7574", "--closes 25:00", "--draw -x",
                                      "--draw a_b", "--draw="};
    (void) state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal (load (bad[i]), 3);
}

static void a_schedule_opens_alone (void **state)
{
    (void) state;
    write_file ("draw\n    noche\n        days = daily\n        closes = \"21:00\"\n");
    setenv ("LOTERIA_CONFIG", path, 1);
    check_number ("--number random", 'R', 0);
    assert_null (options.name);
    schedule_draw_t draw;
    assert_true (schedule_draw (options.schedule, 0, 0, &draw));
    assert_int_equal (draw.agencies, 5);
    assert_int_equal (draw.highest, 9999);
    assert_int_equal (draw.number.source, 'R');
    assert_int_equal (load ("--draw first"), 0);
    assert_string_equal (options.name, "first");
    assert_int_equal (schedule_size (options.schedule), 1);
    setenv ("TZ", "America/Nowhere", 1);
    assert_int_equal (load (""), 2);
    assert_non_null (strstr (why, "no such time zone"));
    write_file ("draw\n    noche\n        days = daily\n");
    assert_int_equal (load (""), 2);
    assert_non_null (strstr (why, "line 2: draw/noche: needs"));
}

static void a_zone_matters_to_who_closes_by_the_clock (void **state)
{
    (void) state;
    setenv ("TZ", "America/Nowhere", 1);
    assert_int_equal (load (""), 0);
    assert_int_equal (load ("--closes 21:00"), 2);
}

int main (void)
{
#define OPTIONS_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, clear)
    const struct CMUnitTest tests[] = {
        OPTIONS_TEST (the_reference_is_the_default),
        OPTIONS_TEST (one_way_or_the_other),
        OPTIONS_TEST (who_takes_precedence),
        OPTIONS_TEST (two_that_differ),
        OPTIONS_TEST (one_that_is_wrong),
        OPTIONS_TEST (a_schedule_opens_alone),
        OPTIONS_TEST (a_zone_matters_to_who_closes_by_the_clock),
    };
    const int failed = cmocka_run_group_tests (tests, NULL, NULL);
    schedule_destroy (&options.schedule);
    config_destroy (&loaded);
    return failed;
}

/* test_problem.c - why something could not be done: the line, and the status. */

#include "problem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "logged.h"

static problem_t problem;

static void its_parts_are_those_of_a_line (void **state)
{
    (void) state;
    assert_int_equal (problem_set (&problem, PROCESS_CANNOT_START, "listen",
                                   "endpoint: %s | reason: %s, 100%%", "a|b",
                                   "two\nlines"),
                      -1);
    assert_int_equal (problem.status, PROCESS_CANNOT_START);
    assert_string_equal (problem.action, "listen");
    assert_string_equal (problem.parts, "endpoint: a/b | reason: two lines, 100%");
}

static void write_it (void)
{
    logger_event_parts (LOG_CRITICAL, problem.action, LOG_FAIL, problem.parts);
}

static void it_is_logged_as_it_is (void **state)
{
    (void) state;
    problem_set (&problem, PROCESS_FAILED, "disk", "reason: %s", "50% | full");
    assert_int_equal (
        logged ("action: disk | result: fail | reason: 50% / full\n", write_it), 1);
    problem_set (&problem, PROCESS_FAILED, "disk", "%s", "");
    assert_int_equal (logged ("action: disk | result: fail\n", write_it), 1);
}

static void a_long_one_is_cut (void **state)
{
    (void) state;
    static char text[4096];
    memset (text, 'x', sizeof text - 1);
    problem_set (&problem, PROCESS_FAILED, "listen", "reason: %s", text);
    const size_t size = strlen (problem.parts);
    assert_in_range (size, LOGGER_PARTS_BYTES - 8, LOGGER_PARTS_BYTES - 1);
    assert_string_equal (problem.parts + size - 4, "x...");
    assert_int_equal (logged ("xxx...\n", write_it), 1);
}

static void a_failure_that_may_pass_is_told_from_one_that_will_not (void **state)
{
    (void) state;
    static const int passing[] = {EIO, ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE, EINTR};
    static const int lasting[] = {0, ENOENT, EACCES, ENOTDIR, EWOULDBLOCK, EINVAL};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        assert_int_equal (problem_status (passing[i]), PROCESS_FAILED);
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
        assert_int_equal (problem_status (lasting[i]), PROCESS_CANNOT_START);
    assert_int_equal (problem_status (ECANCELED), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (its_parts_are_those_of_a_line),
        cmocka_unit_test (it_is_logged_as_it_is),
        cmocka_unit_test (a_long_one_is_cut),
        cmocka_unit_test (a_failure_that_may_pass_is_told_from_one_that_will_not),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

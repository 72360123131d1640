/* test_last_words.c - last_words.c: from a child to its supervisor. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "last_words.h"

#define ENVIRONMENT "LOTERIA_LAST_WORDS_FD"

static void nobody_is_told_where_nobody_listens (void **state)
{
    (void) state;
    static const char *const wrong[] = {"",    "0",    "2",          "-1",
                                        "abc", "1000", "99999999999"};
    problem_t problem;
    problem_set (&problem, PROCESS_CANNOT_START, "start", "reason: none");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv (ENVIRONMENT, wrong[i], 1);
        last_words_take_end ();
        assert_null (getenv (ENVIRONMENT));
        assert_false (last_words_say (&problem));
    }
}

/* A file under that number is nobody who listens. */
static void a_file_is_not_written_to (void **state)
{
    (void) state;
    problem_t problem;
    char number[16];
    FILE *file = tmpfile ();
    assert_non_null (file);
    snprintf (number, sizeof number, "%d", fileno (file));
    setenv (ENVIRONMENT, number, 1);
    last_words_take_end ();
    problem_set (&problem, PROCESS_CANNOT_START, "start", "reason: none");
    assert_false (last_words_say (&problem));
    assert_int_equal (lseek (fileno (file), 0, SEEK_END), 0);
    fclose (file);
}

static void what_a_child_says_is_heard_with_who_it_is (void **state)
{
    (void) state;
    int hears, status;
    last_words_t words;
    const int end = last_words_open (&hears);
    assert_true (end > 2 && hears > 2);
    assert_false (last_words_hear (hears, &words));
    const pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        problem_t problem;
        last_words_take_end ();
        problem_set (&problem, PROCESS_CANNOT_START, "listen",
                     "endpoint: %s | reason: %s", "tcp://a:1", "taken");
        _exit (last_words_say (&problem) && !getenv (ENVIRONMENT) ? 0 : 1);
    }
    assert_int_equal (waitpid (pid, &status, 0), pid);
    assert_int_equal (status, 0);
    assert_true (last_words_hear (hears, &words));
    assert_int_equal (words.pid, pid);
    assert_int_equal (words.status, PROCESS_CANNOT_START);
    assert_string_equal (words.action, "listen");
    assert_string_equal (words.parts, "endpoint: tcp://a:1 | reason: taken");
    assert_false (last_words_hear (hears, &words));
    assert_int_equal (write (end, "short", 5), 5); // not what a child of ours sends
    assert_false (last_words_hear (hears, &words));
    unsetenv (ENVIRONMENT);
    close (end);
    close (hears);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (nobody_is_told_where_nobody_listens),
        cmocka_unit_test (a_file_is_not_written_to),
        cmocka_unit_test (what_a_child_says_is_heard_with_who_it_is),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

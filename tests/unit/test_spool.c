/* test_spool.c - what comes through a pipe, kept in a file. */

#include "spool.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    int pipe[2];
    spool_t *spool;
    char error[256];
} piped_t;

static int piped_setup (void **state)
{
    piped_t *piped = calloc (1, sizeof *piped);
    assert_non_null (piped);
    assert_int_equal (pipe2 (piped->pipe, O_CLOEXEC), 0);
    piped->spool = spool_new (piped->pipe[0], piped->error, sizeof piped->error);
    assert_non_null (piped->spool);
    *state = piped;
    return 0;
}

static int piped_teardown (void **state)
{
    piped_t *piped = *state;
    spool_destroy (&piped->spool);
    close (piped->pipe[0]);
    if (piped->pipe[1] != -1)
        close (piped->pipe[1]);
    free (piped);
    return 0;
}

static void say (piped_t *piped, const char *text)
{
    assert_int_equal (write (piped->pipe[1], text, strlen (text)), strlen (text));
}

static void hang_up (piped_t *piped)
{
    close (piped->pipe[1]);
    piped->pipe[1] = -1;
}

static int take (piped_t *piped)
{
    return spool_take (piped->spool, piped->error, sizeof piped->error);
}

static void assert_kept (piped_t *piped, const char *text)
{
    char kept[64] = "";
    const ssize_t size = pread (spool_file (piped->spool), kept, sizeof kept - 1, 0);
    assert_int_equal (size, strlen (text));
    assert_string_equal (kept, text);
}

static void test_is_kept_as_it_comes (void **state)
{
    piped_t *piped = *state;
    assert_int_equal (take (piped), 0); // nothing there: it does not wait
    assert_kept (piped, "");
    say (piped, "a,b\nc");
    assert_int_equal (take (piped), 0);
    assert_kept (piped, "a,b\nc");
    char read_once[3];
    assert_int_equal (read (spool_file (piped->spool), read_once, 3), 3);
    say (piped, ",d\n");
    assert_int_equal (take (piped), 0);
    assert_kept (piped, "a,b\nc,d\n"); // behind, wherever it is read
    assert_false (spool_ended (piped->spool));
    hang_up (piped);
    assert_int_equal (take (piped), 0);
    assert_true (spool_ended (piped->spool));
    assert_int_equal (take (piped), 0);
    assert_kept (piped, "a,b\nc,d\n");
}

static void test_what_was_said_before_the_end_counts (void **state)
{
    piped_t *piped = *state;
    say (piped, "a");
    hang_up (piped);
    assert_int_equal (take (piped), 0);
    assert_kept (piped, "a");
    assert_false (spool_ended (piped->spool));
    assert_int_equal (take (piped), 0);
    assert_true (spool_ended (piped->spool));
}

/* Nobody finds it, and nothing is left of it. */
static void test_the_file_has_no_name (void **state)
{
    piped_t *piped = *state;
    struct stat found;
    assert_int_equal (fstat (spool_file (piped->spool), &found), 0);
    assert_int_equal (found.st_nlink, 0);
    assert_int_equal (found.st_mode & 077, 0);
}

static void test_an_input_that_cannot_be_read (void **state)
{
    piped_t *piped = *state;
    const int directory = open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    spool_destroy (&piped->spool);
    piped->spool = spool_new (directory, piped->error, sizeof piped->error);
    assert_non_null (piped->spool);
    assert_int_equal (take (piped), -1);
    assert_string_equal (piped->error, "cannot be read: Is a directory");
    close (directory);
}

static void test_no_room (void **state)
{
    piped_t *piped = *state;
    struct rlimit before, none = {0};
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    say (piped, "a");
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &none), 0);
    const int rc = take (piped);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    assert_int_equal (rc, -1);
    assert_non_null (strstr (piped->error, "cannot be kept in "));
    assert_non_null (strstr (piped->error, "(TMPDIR): File too large"));
}

static void test_no_place (void **state)
{
    char error[256];
    const char *before = getenv ("TMPDIR");
    char *kept = before ? strdup (before) : NULL;
    (void) state;
    setenv ("TMPDIR", "/nowhere/at/all", 1);
    assert_null (spool_new (STDIN_FILENO, error, sizeof error));
    assert_string_equal (error,
                         "there is no place to keep it, /nowhere/at/all (TMPDIR): "
                         "No such file or directory");
    if (kept)
        setenv ("TMPDIR", kept, 1);
    else
        unsetenv ("TMPDIR");
    free (kept);
}

#define PIPED_TEST(name)                                                               \
    cmocka_unit_test_setup_teardown (name, piped_setup, piped_teardown)

int main (void)
{
    signal (SIGXFSZ, SIG_IGN); // as every process does
    const struct CMUnitTest tests[] = {
        PIPED_TEST (test_is_kept_as_it_comes),
        PIPED_TEST (test_what_was_said_before_the_end_counts),
        PIPED_TEST (test_the_file_has_no_name),
        PIPED_TEST (test_an_input_that_cannot_be_read),
        PIPED_TEST (test_no_room),
        cmocka_unit_test (test_no_place),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

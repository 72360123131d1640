/* test_file_watch.c - what is done to a file is noticed. */

#include "file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64], path[128], other[128];

static int directory_setup (void **state)
{
    (void) state;
    snprintf (directory, sizeof directory, "/tmp/test_file_watch.XXXXXX");
    assert_non_null (mkdtemp (directory));
    snprintf (path, sizeof path, "%s/bets.csv", directory);
    snprintf (other, sizeof other, "%s/other.csv", directory);
    return 0;
}

static int directory_teardown (void **state)
{
    (void) state;
    unlink (path);
    unlink (other);
    rmdir (directory);
    return 0;
}

static void write_to (const char *name, int flags)
{
    const int file = open (name, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    assert_true (file != -1);
    assert_int_equal (write (file, "a\n", 2), 2);
    close (file);
}

static bool noticed (int watch)
{
    struct pollfd watched = {.fd = watch, .events = POLLIN};
    const bool told = poll (&watched, 1, 0) == 1;
    if (told)
        file_watch_clear (watch);
    assert_int_equal (poll (&watched, 1, 0), 0);
    return told;
}

static void test_notices (void **state)
{
    (void) state;
    write_to (path, 0);
    const int watch = file_watch_open (path);
    const int held =
        open (path, O_RDONLY | O_CLOEXEC); // so it is not gone when removed
    if (watch == -1 && errno == EMFILE)
        skip (); // this user has as many as one may
    assert_true (watch != -1 && held != -1);
    assert_false (noticed (watch));
    char byte;
    assert_int_equal (read (held, &byte, 1), 1);
    assert_false (noticed (watch));
    write_to (path, O_APPEND);
    assert_true (noticed (watch));
    assert_int_equal (truncate (path, 1), 0);
    assert_true (noticed (watch));
    write_to (other, 0);
    assert_false (noticed (watch));
    assert_int_equal (rename (other, path), 0); // over it
    assert_true (noticed (watch));
    close (held);
    close (watch);
}

static void test_notices_a_new_name_and_none (void **state)
{
    (void) state;
    write_to (path, 0);
    const int watch = file_watch_open (path);
    const int held = open (path, O_RDONLY | O_CLOEXEC);
    if (watch == -1 && errno == EMFILE)
        skip (); // this user has as many as one may
    assert_true (watch != -1 && held != -1);
    assert_int_equal (rename (path, other), 0);
    assert_true (noticed (watch));
    assert_int_equal (unlink (other), 0);
    assert_true (noticed (watch));
    close (held);
    close (watch);
}

static void test_nothing_to_watch (void **state)
{
    (void) state;
    assert_int_equal (file_watch_open (path), -1);
}

#define WATCH_TEST(name)                                                               \
    cmocka_unit_test_setup_teardown (name, directory_setup, directory_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST (test_notices),
        WATCH_TEST (test_notices_a_new_name_and_none),
        WATCH_TEST (test_nothing_to_watch),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

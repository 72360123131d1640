/* test_run_link.c - how a central is found by its data directory. */

#include "testing.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logger.h"
#include "run_link.h"

static char base[64], data[128], run[128], other[128];

static int set_up (void **state)
{
    (void) state;
    strcpy (base, "/tmp/test-run-link-XXXXXX");
    assert_non_null (mkdtemp (base));
    snprintf (data, sizeof data, "%s/data", base);
    snprintf (run, sizeof run, "%s/run-directory", base);
    snprintf (other, sizeof other, "%s/other-run-directory", base);
    return mkdir (data, 0700) | mkdir (run, 0700) | mkdir (other, 0700);
}

static int clear (void **state)
{
    char command[128];
    (void) state;
    snprintf (command, sizeof command, "rm -r %s", base);
    return system (command);
}

/* As a central has it. */
static int lock_of (const char *directory, const char *served)
{
    char path[256];
    snprintf (path, sizeof path, "%s/lock", directory);
    const int lock = open (path, O_RDWR | O_CREAT, 0600);
    assert_true (lock != -1 && flock (lock, LOCK_EX | LOCK_NB) == 0);
    assert_true (!served || run_link_sign (lock, served) == 0);
    return lock;
}

static int error_of_read (void)
{
    char target[PATH_MAX];
    errno = 0;
    assert_int_equal (run_link_read (data, target, sizeof target), -1);
    return errno;
}

static void leads_to_a_central_that_runs (void **state)
{
    char target[PATH_MAX];
    (void) state;
    assert_int_equal (error_of_read (), ENOENT); // no link
    run_link_make (data, run);
    assert_int_equal (error_of_read (), ENOENT); // without a lock
    const int lock = lock_of (run, data);
    assert_int_equal (run_link_read (data, target, sizeof target), 0);
    assert_string_equal (target, run);
    assert_int_equal (run_link_read (data, target, sizeof target), 0); // and again
    assert_int_equal (run_link_read (data, target, strlen (run)), -1);
    assert_int_equal (errno, ENAMETOOLONG);
    close (lock);
    assert_int_equal (error_of_read (), ENOENT); // it was killed
}

/* Its link leads to the central of the original. */
static void a_copy_is_not_served (void **state)
{
    char command[1024], copy[256], target[PATH_MAX];
    (void) state;
    run_link_make (data, run);
    const int lock = lock_of (run, data);
    snprintf (copy, sizeof copy, "%s/copy", base);
    snprintf (command, sizeof command, "cp -a %s %s", data, copy);
    assert_int_equal (system (command), 0);
    errno = 0;
    assert_int_equal (run_link_read (copy, target, sizeof target), -1);
    assert_int_equal (errno, ENOENT);
    snprintf (command, sizeof command, "rm -r %s && mv %s %s", copy, data, copy);
    assert_int_equal (system (command), 0);
    assert_int_equal (run_link_read (copy, target, sizeof target), 0); // it was moved
    close (lock);
}

static void who_does_not_say_what_is_served_is_not_found (void **state)
{
    (void) state;
    run_link_make (data, run);
    const int lock = lock_of (run, NULL);
    assert_int_equal (error_of_read (), ENOENT);
    assert_int_equal (run_link_sign (lock, "/nothing/here"), -1);
    close (lock);
}

static void replaces_a_stale_one_and_removes_its_own (void **state)
{
    char target[PATH_MAX];
    (void) state;
    run_link_make (data, "/tmp/loteria-killed");
    run_link_make (data, run);
    const int lock = lock_of (run, data);
    assert_int_equal (run_link_read (data, target, sizeof target), 0);
    run_link_remove (data, other); // not where it leads
    assert_int_equal (run_link_read (data, target, sizeof target), 0);
    run_link_remove (data, run);
    assert_int_equal (error_of_read (), ENOENT);
    run_link_remove (data, run);
    close (lock);
}

static void what_is_no_link_stays (void **state)
{
    char path[256];
    struct stat about;
    (void) state;
    snprintf (path, sizeof path, "%s/run", data);
    assert_int_equal (mkdir (path, 0700), 0);
    run_link_make (data, run); // is logged
    run_link_remove (data, run);
    assert_int_equal (lstat (path, &about), 0);
    assert_true (S_ISDIR (about.st_mode));
    assert_int_equal (error_of_read (), EINVAL);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (leads_to_a_central_that_runs, set_up, clear),
        cmocka_unit_test_setup_teardown (a_copy_is_not_served, set_up, clear),
        cmocka_unit_test_setup_teardown (who_does_not_say_what_is_served_is_not_found,
                                         set_up, clear),
        cmocka_unit_test_setup_teardown (replaces_a_stale_one_and_removes_its_own,
                                         set_up, clear),
        cmocka_unit_test_setup_teardown (what_is_no_link_stays, set_up, clear),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

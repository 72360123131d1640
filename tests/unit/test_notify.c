/* test_notify.c - notify.c: what arrives at a socket as systemd has one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "notify.h"

static char directory[] = "/tmp/loteria-test-XXXXXX";
static char heard[512];

/* A service manager at `path`; with '@' in front in the abstract namespace. */
static int manager (const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true (fd != -1);
    snprintf (address.sun_path, sizeof address.sun_path, "%s", path);
    const size_t size = offsetof (struct sockaddr_un, sun_path) + strlen (path);
    if (*path == '@')
        address.sun_path[0] = 0;
    assert_int_equal (bind (fd, (struct sockaddr *) &address, (socklen_t) size), 0);
    return fd;
}

static const char *hear (int fd)
{
    const ssize_t size = recv (fd, heard, sizeof heard - 1, 0);
    heard[size > 0 ? size : 0] = 0;
    return heard;
}

static void begin (const char *path, const char *microseconds, const char *pid)
{
    setenv ("NOTIFY_SOCKET", path, 1);
    setenv ("WATCHDOG_USEC", microseconds, 1);
    setenv ("WATCHDOG_PID", pid, 1);
    notify_take_environment ();
    assert_null (getenv ("NOTIFY_SOCKET"));
    assert_null (getenv ("WATCHDOG_USEC"));
    assert_null (getenv ("WATCHDOG_PID"));
}

static void what_is_said_arrives (void **state)
{
    (void) state;
    char path[64], abstract[64];
    snprintf (path, sizeof path, "%s/notify", directory);
    snprintf (abstract, sizeof abstract, "@%s", directory);
    const char *const places[] = {path, abstract};
    for (size_t i = 0; i < 2; i++) {
        const int fd = manager (places[i]);
        begin (places[i], "", "");
        assert_true (notify_wanted ());
        assert_true (notify_say ("READY=1\nSTATUS=ready"));
        assert_string_equal (hear (fd), "READY=1\nSTATUS=ready");
        notify_status ("ready");
        assert_string_equal (hear (fd), "STATUS=ready");
        notify_status ("ready");
        assert_string_equal (hear (fd), ""); // it is known
        assert_int_equal (notify_alive (5), INT64_MAX);
        assert_string_equal (hear (fd), "");
        close (fd);
    }
    unlink (path);
}

static void a_sign_of_life_comes_at_half_the_time (void **state)
{
    (void) state;
    char path[64], own[16];
    snprintf (path, sizeof path, "%s/notify", directory);
    snprintf (own, sizeof own, "%d", (int) getpid ());
    const int fd = manager (path);
    begin (path, "3000000", own);
    assert_int_equal (notify_alive (1000), 2500);
    assert_string_equal (hear (fd), "WATCHDOG=1");
    assert_int_equal (notify_alive (2499), 2500);
    assert_string_equal (hear (fd), "");
    assert_int_equal (notify_alive (2600), 4100);
    assert_string_equal (hear (fd), "WATCHDOG=1");
    static const char *const others[][2] = {
        {"3000000", "1"}, {"0", ""}, {"-5", ""}, {"3s", ""}, {"", ""}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        begin (path, others[i][0], others[i][1]);
        assert_int_equal (notify_alive (1000), INT64_MAX);
        assert_string_equal (hear (fd), "");
    }
    close (fd);
    unlink (path);
}

static void what_cannot_be_said_may_be_said_again (void **state)
{
    (void) state;
    char path[64];
    snprintf (path, sizeof path, "%s/notify", directory);
    begin (path, "2000000", "");
    assert_false (notify_say ("READY=1"));        // nobody has bound it
    assert_int_equal (notify_alive (1000), 1100); // soon, but not at once
    assert_int_equal (notify_alive (1099), 1100);
    notify_status ("ready");
    const int fd = manager (path);
    notify_status ("ready");
    assert_string_equal (hear (fd), "STATUS=ready");
    assert_int_equal (notify_alive (1100), 2100);
    close (fd);
    unlink (path);
}

static void without_a_service_manager_nothing_is_said (void **state)
{
    (void) state;
    static const char *const places[] = {"", "relative", NULL};
    for (size_t i = 0; places[i]; i++) {
        begin (places[i], "1000000", "");
        assert_false (notify_wanted ());
        assert_true (notify_say ("READY=1"));
        assert_int_equal (notify_alive (1000), INT64_MAX);
    }
    char longest[300];
    memset (longest, '/', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    begin (longest, "1000000", "");
    assert_false (notify_wanted ());
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_is_said_arrives),
        cmocka_unit_test (a_sign_of_life_comes_at_half_the_time),
        cmocka_unit_test (what_cannot_be_said_may_be_said_again),
        cmocka_unit_test (without_a_service_manager_nothing_is_said),
    };
    if (!mkdtemp (directory))
        return EXIT_FAILURE;
    const int failed = cmocka_run_group_tests (tests, NULL, NULL);
    rmdir (directory);
    return failed;
}

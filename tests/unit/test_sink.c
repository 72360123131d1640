/* test_sink.c - sink.c and how log.c uses it: stderr is a pipe that nobody reads, or a
   file on a full disk, while a test runs. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "logger.h"
#include "sink.h"

static int ends[2]; // what stands in for stderr: its reader's end, and it
static int usual;
static char text[1024 * 1024];

static int divert (void **state)
{
    (void) state;
    usual = dup (STDERR_FILENO);
    return pipe (ends) == -1 || dup2 (ends[1], STDERR_FILENO) == -1 ? -1 : 0;
}

static int divert_to_socket (void **state)
{
    (void) state;
    usual = dup (STDERR_FILENO);
    return socketpair (AF_UNIX, SOCK_STREAM, 0, ends) == -1 ||
                   dup2 (ends[1], STDERR_FILENO) == -1
               ? -1
               : 0;
}

static int restore (void **state)
{
    (void) state;
    dup2 (usual, STDERR_FILENO);
    close (usual);
    close (ends[0]);
    close (ends[1]);
    return 0;
}

/* All that waits to be read. */
static const char *waiting (void)
{
    size_t size = 0;
    ssize_t got;
    fcntl (ends[0], F_SETFL, O_NONBLOCK);
    while ((got = read (ends[0], text + size, sizeof text - 1 - size)) > 0)
        size += (size_t) got;
    text[size] = 0;
    return text;
}

static size_t count (const char *what, const char *in)
{
    size_t times = 0;
    for (const char *at = in; (at = strstr (at, what)); at++)
        times++;
    return times;
}

/* More lines than there is room for: returns how many were written in all. */
static size_t write_too_many (void)
{
    const size_t lines = 20000;
    for (size_t i = 0; i < lines; i++)
        logger_event (LOG_INFO, "a", LOG_SUCCESS, "n: %zu", i);
    return lines;
}

static void what_nobody_takes_is_counted_and_told (void **state)
{
    (void) state;
    const size_t lines = write_too_many ();
    const char *first = waiting ();
    const size_t taken = count ("action: a ", first);
    assert_true (taken > 100 && taken < lines);
    assert_int_equal (first[strlen (first) - 1], '\n');

    logger_event (LOG_INFO, "b", LOG_SUCCESS, NULL);
    const char *then = waiting ();
    char expected[64];
    snprintf (expected, sizeof expected, "| dropped: %zu\n", lines - taken);
    const char *told = strstr (then, "action: log | result: fail");
    assert_non_null (told);
    assert_non_null (strstr (told, expected));
    assert_non_null (strstr (told, "action: b"));
    assert_int_equal (count ("\n", told), 2);
    logger_event (LOG_INFO, "c", LOG_SUCCESS, NULL);
    assert_null (strstr (waiting (), "dropped"));
}

static void gathered_lines_go_as_far_as_there_is_room (void **state)
{
    (void) state;
    logger_gather (true);
    const size_t lines = write_too_many ();
    logger_gather (false);
    const size_t taken = count ("action: a ", waiting ());
    logger_event (LOG_INFO, "b", LOG_SUCCESS, NULL);
    const char *told = strstr (waiting (), "dropped: ");
    assert_non_null (told);
    // a line of which a part went is not missing: its rest is the first to come
    const size_t dropped = strtoul (told + strlen ("dropped: "), NULL, 10);
    assert_true (dropped + taken == lines || dropped + taken + 1 == lines);
}

static void stderr_itself_still_waits_for_others (void **state)
{
    (void) state;
    logger_event (LOG_INFO, "a", LOG_SUCCESS, NULL);
    assert_int_equal (fcntl (STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
}

/* Up to the limit of a file's size a line is cut; it is whole once there is room. */
static void a_line_that_a_full_disk_cut_is_made_whole (void **state)
{
    (void) state;
    struct rlimit limit, low;
    char path[] = "/tmp/loteria-test-XXXXXX";
    const int file = mkstemp (path);
    unlink (path);
    signal (SIGXFSZ, SIG_IGN);
    assert_int_equal (dup2 (file, STDERR_FILENO), STDERR_FILENO);
    getrlimit (RLIMIT_FSIZE, &limit);
    low = limit;
    low.rlim_cur = 100;
    setrlimit (RLIMIT_FSIZE, &low);
    for (int i = 0; i < 4; i++)
        logger_event (LOG_INFO, "a", LOG_SUCCESS, "n: %d", i);
    setrlimit (RLIMIT_FSIZE, &limit);
    logger_event (LOG_INFO, "b", LOG_SUCCESS, NULL);
    const ssize_t size = pread (file, text, sizeof text - 1, 0);
    assert_true (size > 0);
    text[size] = 0;
    close (file);
    assert_int_equal (count ("action: a | result: success | n: ", text), 2);
    assert_non_null (strstr (text, "dropped: 2\n"));
    assert_int_equal (count ("\n", text), 4);
    assert_int_equal (count (" action: ", text), 4);
}

static void a_drawing_is_lost_without_a_word (void **state)
{
    (void) state;
    write_too_many ();
    waiting ();
    logger_event (LOG_INFO, "b", LOG_SUCCESS, NULL);
    waiting ();
    sink_draw ("bar", 3);
    assert_string_equal (waiting (), "\r\033[?7lbar\033[?7h\033[J\r");
    write_too_many ();
    sink_draw ("bar", 3); // and nobody waits
    sink_erase ();
}

/* Whoever logs it, and however. */
static void a_drawing_is_gone_before_a_line (void **state)
{
    (void) state;
    sink_draw ("bar", 3);
    logger_event (LOG_INFO, "a", LOG_SUCCESS, NULL);
    const char *line = strstr (waiting (), "\r\033[J");
    assert_non_null (line);
    assert_null (strchr (line + 4, '\r'));
    assert_int_equal (count (" action: a | result: success\n", line), 1);
    logger_event (LOG_INFO, "b", LOG_SUCCESS, NULL);
    assert_null (strchr (waiting (), '\r')); // it was gone
    sink_draw ("bar", 3);
    waiting ();
    sink_erase ();
    assert_string_equal (waiting (), "\r\033[J");
    sink_erase ();
    assert_string_equal (waiting (), "");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_nobody_takes_is_counted_and_told, divert,
                                         restore),
        cmocka_unit_test_setup_teardown (gathered_lines_go_as_far_as_there_is_room,
                                         divert, restore),
        cmocka_unit_test_setup_teardown (gathered_lines_go_as_far_as_there_is_room,
                                         divert_to_socket, restore),
        cmocka_unit_test_setup_teardown (stderr_itself_still_waits_for_others, divert,
                                         restore),
        cmocka_unit_test_setup_teardown (a_line_that_a_full_disk_cut_is_made_whole,
                                         divert, restore),
        cmocka_unit_test_setup_teardown (a_drawing_is_lost_without_a_word, divert,
                                         restore),
        cmocka_unit_test_setup_teardown (a_drawing_is_gone_before_a_line, divert,
                                         restore),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

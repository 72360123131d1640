/* test_line_ring.c - the latest lines, within their bounds. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "line_ring.h"

#define LINES_MAX 8
#define BYTES_MAX 4096

static line_ring_t *ring;

static int begin (void **state)
{
    (void) state;
    ring = line_ring_new (LINES_MAX, BYTES_MAX);
    return 0;
}

static int end (void **state)
{
    (void) state;
    line_ring_destroy (&ring);
    return 0;
}

static void put (const char *line)
{
    line_ring_put (ring, bytes_of (line, strlen (line)));
}

static void assert_line (uint64_t ordinal, const char *expected)
{
    char line[RING_LINE_BYTES_MAX];
    const size_t size = line_ring_get (ring, ordinal, line);
    assert_int_equal (size, strlen (expected));
    assert_memory_equal (line, expected, size);
}

static void none_is_kept_at_first (void **state)
{
    (void) state;
    assert_int_equal (line_ring_first (ring), 0);
    assert_int_equal (line_ring_next (ring), 0);
}

static void the_latest_are_kept_in_order (void **state)
{
    (void) state;
    char line[24];
    for (int i = 0; i < 3 * LINES_MAX; i++) {
        snprintf (line, sizeof line, "line %d", i);
        put (line);
        const uint64_t count = (uint64_t) i + 1;
        assert_int_equal (line_ring_next (ring), count);
        assert_int_equal (line_ring_first (ring),
                          count > LINES_MAX ? count - LINES_MAX : 0);
    }
    for (int i = 2 * LINES_MAX; i < 3 * LINES_MAX; i++) {
        snprintf (line, sizeof line, "line %d", i);
        assert_line ((uint64_t) i, line);
    }
}

/* Lines of every length, again and again: never more bytes than may be, and each line
   that is kept as it was, also one that begins at the end of the memory. */
static void bytes_are_bounded (void **state)
{
    (void) state;
    static char lines[1000][RING_LINE_BYTES_MAX + 1];
    for (int i = 0; i < 1000; i++) {
        const size_t size = (size_t) (i * 37 % (RING_LINE_BYTES_MAX + 1));
        memset (lines[i], 'a' + i % 26, size);
        put (lines[i]);
        size_t bytes = 0;
        for (uint64_t at = line_ring_first (ring); at < line_ring_next (ring); at++) {
            assert_line (at, lines[at]);
            bytes += strlen (lines[at]);
        }
        assert_true (bytes <= BYTES_MAX);
        assert_true (line_ring_next (ring) > line_ring_first (ring));
    }
}

static void a_line_that_is_too_long_is_cut (void **state)
{
    (void) state;
    static char line[2 * RING_LINE_BYTES_MAX];
    memset (line, 'x', sizeof line - 1);
    put (line);
    line[RING_LINE_BYTES_MAX] = 0;
    assert_line (0, line);
}

static void an_empty_line_is_a_line (void **state)
{
    (void) state;
    put ("");
    put ("a");
    assert_line (0, "");
    assert_line (1, "a");
}

#define RING_TEST(test) cmocka_unit_test_setup_teardown (test, begin, end)

int main (void)
{
    const struct CMUnitTest tests[] = {
        RING_TEST (none_is_kept_at_first),   RING_TEST (the_latest_are_kept_in_order),
        RING_TEST (bytes_are_bounded),       RING_TEST (a_line_that_is_too_long_is_cut),
        RING_TEST (an_empty_line_is_a_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

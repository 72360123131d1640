/* test_paper.c - what a terminal is given, cut and coloured. */

#include "testing.h"

#include "paper.h"

static void assert_paper (paper_t *paper, const char *expected)
{
    size_t size;
    char *text = paper_finish (&paper, &size);
    assert_string_equal (text, expected);
    assert_int_equal (size, strlen (expected));
    free (text);
}

static void test_colours_only_when_told_to (void **state)
{
    (void) state;
    for (int colour = 0; colour < 2; colour++) {
        paper_t *paper = paper_new (colour, 0, 0);
        paper_put (paper, STYLE_PLAIN, "a %d ", 1);
        paper_put (paper, STYLE_BAD, "bad");
        paper_put (paper, STYLE_GOOD, "%s", "");
        paper_put (paper, STYLE_PLAIN, "\n");
        assert_int_equal (paper_lines (paper), 1);
        assert_paper (paper, colour ? "a 1 \x1b[31mbad\x1b[0m\n" : "a 1 bad\n");
    }
}

static void test_a_colour_ends_with_its_line (void **state)
{
    (void) state;
    paper_t *paper = paper_new (true, 0, 0);
    paper_put (paper, STYLE_BOLD, "a\nb\n");
    assert_paper (paper, "\x1b[1ma\x1b[0m\n\x1b[1mb\x1b[0m\n");
}

static void test_cuts_to_columns_and_rows (void **state)
{
    (void) state;
    paper_t *paper = paper_new (false, 4, 2);
    paper_put (paper, STYLE_PLAIN, "ab");
    paper_put (paper, STYLE_PLAIN, "cdef");
    paper_put (paper, STYLE_PLAIN, "g\nñandú y más\nthird\n");
    assert_int_equal (paper_lines (paper), 3);
    assert_paper (paper, "abcd\nñand\n");
}

static void test_widths (void **state)
{
    (void) state;
    assert_int_equal (paper_width (""), 0);
    assert_int_equal (paper_width ("ñandú"), 5);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_colours_only_when_told_to),
        cmocka_unit_test (test_a_colour_ends_with_its_line),
        cmocka_unit_test (test_cuts_to_columns_and_rows),
        cmocka_unit_test (test_widths),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

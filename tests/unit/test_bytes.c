/* test_bytes.c - what is taken off the front of bytes: up to a byte, and by lines. */

#include "testing.h"

#include "bytes.h"

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static void assert_text (bytes_t bytes, const char *text)
{
    assert_true (bytes_equal (bytes, text_of (text)));
}

static void what_comes_before_a_byte_is_taken_with_it (void **state)
{
    (void) state;
    bytes_t rest = text_of ("a+bc++d"), taken = text_of ("unchanged");
    assert_true (bytes_take_until (&rest, '+', &taken));
    assert_text (taken, "a");
    assert_true (bytes_take_until (&rest, '+', &taken));
    assert_text (taken, "bc");
    assert_true (bytes_take_until (&rest, '+', &taken));
    assert_text (taken, "");
    assert_text (rest, "d");
    assert_false (bytes_take_until (&rest, '+', &taken));
    assert_text (rest, "d");
    rest = bytes_of (NULL, 0);
    assert_false (bytes_take_until (&rest, '+', &taken));
}

static void the_last_line_need_not_end (void **state)
{
    (void) state;
    static const char *const texts[] = {"one\n\nthree", "one\n\nthree\n"};
    for (size_t i = 0; i < 2; i++) {
        bytes_t rest = text_of (texts[i]), line;
        assert_true (bytes_take_line (&rest, &line));
        assert_text (line, "one");
        assert_true (bytes_take_line (&rest, &line));
        assert_text (line, "");
        assert_true (bytes_take_line (&rest, &line));
        assert_text (line, "three");
        assert_false (bytes_take_line (&rest, &line));
        assert_false (bytes_take_line (&rest, &line));
    }
}

static void lines_take_as_many_bytes_as_they_have (void **state)
{
    (void) state;
    static const size_t ends[] = {0, 3, 4, 6, 6};
    for (uint64_t lines = 0; lines < 5; lines++)
        assert_int_equal (bytes_of_lines (text_of ("ab\n\ncd"), lines), ends[lines]);
    assert_int_equal (bytes_of_lines (bytes_of (NULL, 0), 3), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (what_comes_before_a_byte_is_taken_with_it),
        cmocka_unit_test (the_last_line_need_not_end),
        cmocka_unit_test (lines_take_as_many_bytes_as_they_have),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

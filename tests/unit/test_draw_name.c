/* test_draw_name.c - which names a draw may have. */

#include "testing.h"

#include "draw_name.h"

static const char *fault (const char *name)
{
    return draw_name_fault (bytes_of (name, strlen (name)));
}

static void names_are_letters_digits_and_hyphens (void **state)
{
    (void) state;
    static const char *const good[] = {
        "first", "2026-11-25-nocturna",
        "A",     "0",
        "a-",    "9-9",
        "Z--z",  "0123456789-123456789-123456789-12345678a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null (fault (good[i]));
    static const char *const bad[] = {"-",   "-a",  "a b",      "a.b", "..", "a/b",
                                      "a_b", "a\n", "\xC3\xB1", "a:",  "|"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null (fault (bad[i]));
}

static void what_is_wrong_is_said (void **state)
{
    (void) state;
    assert_string_equal (fault (""), "is empty");
    assert_string_equal (fault ("-a"), "begins with -");
    assert_string_equal (fault ("a b"), "may have only letters, digits and -");
    assert_string_equal (fault ("0123456789-123456789-123456789-123456789-"),
                         "is longer than 40 characters");
    assert_non_null (draw_name_fault (bytes_of ("a\0b", 3)));
}

static void every_byte_is_judged (void **state)
{
    (void) state;
    for (unsigned byte = 0; byte <= 0xFF; byte++) {
        const uint8_t name[] = {'a', (uint8_t) byte, 'b'};
        const bool good = byte && strchr ("-0123456789abcdefghijklmnopqrstuvwxyz"
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                                          (int) byte);
        assert_int_equal (draw_name_fault (bytes_of (name, sizeof name)) == NULL, good);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (names_are_letters_digits_and_hyphens),
        cmocka_unit_test (what_is_wrong_is_said),
        cmocka_unit_test (every_byte_is_judged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

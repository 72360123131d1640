/* test_hex.c - bytes as digits and back; what is no such text. */

#include "testing.h"

#include "hex.h"

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static void every_byte_comes_back (void **state)
{
    (void) state;
    uint8_t bytes[256], again[256];
    char text[2 * sizeof bytes + 1];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) i;
    assert_ptr_equal (hex_write (bytes_of (bytes, sizeof bytes), text), text);
    assert_int_equal (strlen (text), 2 * sizeof bytes);
    assert_memory_equal (text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_int_equal (hex_read (text_of (text), again, sizeof again), sizeof again);
    assert_memory_equal (again, bytes, sizeof bytes);
    assert_string_equal (hex_write (bytes_of (NULL, 0), text), "");
}

static void what_is_no_such_text_is_refused (void **state)
{
    (void) state;
    uint8_t bytes[4];
    assert_int_equal (hex_read (text_of ("00ff"), bytes, 4), 2);
    assert_int_equal (hex_read (text_of ("00ff10a5"), bytes, 4), 4);
    assert_int_equal (hex_read (text_of (""), bytes, 4), 0);
    assert_int_equal (hex_read (text_of ("00ff10a5"), bytes, 3), -1);
    assert_int_equal (hex_read (text_of ("0"), bytes, 4), -1);
    assert_int_equal (hex_read (text_of ("0F"), bytes, 4), -1);
    assert_int_equal (hex_read (text_of ("F0"), bytes, 4), -1);
    assert_int_equal (hex_read (text_of ("0g"), bytes, 4), -1);
    assert_int_equal (hex_read (text_of (" 0"), bytes, 4), -1);
    assert_int_equal (hex_read (text_of ("0/"), bytes, 4), -1);
    assert_int_equal (hex_read (text_of (":0"), bytes, 4), -1);
    assert_int_equal (hex_read (text_of ("0`"), bytes, 4), -1);
    assert_int_equal (hex_read (bytes_of ("0\0", 2), bytes, 4), -1);
}

static void just_so_many_bytes_are_whole (void **state)
{
    (void) state;
    uint8_t bytes[3];
    assert_true (hex_read_whole (text_of ("0a0b0c"), bytes, 3));
    assert_memory_equal (bytes, "\x0a\x0b\x0c", 3);
    assert_false (hex_read_whole (text_of ("0a0b"), bytes, 3));
    assert_false (hex_read_whole (text_of ("0a0b0c0d"), bytes, 3));
    assert_false (hex_read_whole (text_of ("0a0b0C"), bytes, 3));
    assert_true (hex_read_line (text_of ("0d0e0f\n"), bytes, 3));
    assert_memory_equal (bytes, "\x0d\x0e\x0f", 3);
    assert_false (hex_read_line (text_of ("0d0e0f"), bytes, 3));
    assert_false (hex_read_line (text_of ("0d0e0f0"), bytes, 3));
    assert_false (hex_read_line (text_of ("0d0e0f\n\n"), bytes, 3));
    assert_false (hex_read_line (text_of ("0d0e\n"), bytes, 3));
    assert_false (hex_read_line (bytes_of (NULL, 0), bytes, 3));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (every_byte_comes_back),
        cmocka_unit_test (what_is_no_such_text_is_refused),
        cmocka_unit_test (just_so_many_bytes_are_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

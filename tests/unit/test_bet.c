/* test_bet.c - the rules of a bet's fields, at and around every border. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bet.h"

#define BORN_MAX     20261201
#define COUNT(table) (sizeof (table) / sizeof (table)[0])
#define TEXT(literal)                                                                  \
    {                                                                                  \
        (const uint8_t *) literal, sizeof literal - 1                                  \
    }

/* A copy of exactly the text's size, so that ASan sees whoever reads past its end. */
static bytes_t exact (bytes_t text)
{
    uint8_t *copy = malloc (text.size);
    assert_true (copy != NULL || text.size == 0);
    if (text.size > 0)
        memcpy (copy, text.data, text.size);
    return bytes_of (copy, text.size);
}

static wire_code_t check_text (bytes_t text, size_t bytes_max)
{
    bytes_t copy = exact (text);
    wire_code_t code = bet_check_text (copy, bytes_max);
    free ((void *) copy.data);
    return code;
}

static wire_code_t check_birthdate (bytes_t text)
{
    bytes_t copy = exact (text);
    wire_code_t code = bet_check_birthdate (copy, BORN_MAX);
    free ((void *) copy.data);
    return code;
}

static void test_text (void **state)
{
    (void) state;
    static const struct {
        bytes_t text;
        wire_code_t code;
    } table[] = {
        {TEXT ("Juan"), REFUSED_OK},
        {TEXT (" "), REFUSED_BLANK},
        {TEXT (" a"), REFUSED_BLANK},
        {TEXT ("a\u00A0"), REFUSED_BLANK},
        {TEXT ("\u3000"), REFUSED_BLANK},
        {TEXT ("a\u200B"), REFUSED_CHARACTER},
        {TEXT ("\uFEFF"
               "a"),
         REFUSED_CHARACTER},
        {TEXT ("D'Angelo #2 | \"x\", y~"), REFUSED_OK},
        {TEXT (""), REFUSED_MISSING},
        // the first and last character of each length, and around the surrogates
        {TEXT ("\xC2\xA1"), REFUSED_OK},
        {TEXT ("\xDF\xBF"), REFUSED_OK},
        {TEXT ("\xE0\xA0\x80"), REFUSED_OK},
        {TEXT ("\xED\x9F\xBF"), REFUSED_OK},
        {TEXT ("\xEE\x80\x80"), REFUSED_OK},
        {TEXT ("\xEF\xBF\xBD"), REFUSED_OK},
        {TEXT ("\xF0\x90\x80\x80"), REFUSED_OK},
        {TEXT ("\xF4\x8F\xBF\xBD"), REFUSED_OK},
        {TEXT ("Nicol\xC3\xA1s \xF0\x9F\x8D\x80"), REFUSED_OK},
        // over-long
        {TEXT ("\xC0\x80"), REFUSED_UTF8},
        {TEXT ("\xC1\xBF"), REFUSED_UTF8},
        {TEXT ("\xE0\x9F\xBF"), REFUSED_UTF8},
        {TEXT ("\xF0\x8F\xBF\xBF"), REFUSED_UTF8},
        // surrogates, and beyond Unicode
        {TEXT ("\xED\xA0\x80"), REFUSED_UTF8},
        {TEXT ("\xED\xBF\xBF"), REFUSED_UTF8},
        {TEXT ("\xF4\x90\x80\x80"), REFUSED_UTF8},
        {TEXT ("\xF5\x80\x80\x80"), REFUSED_UTF8},
        {TEXT ("\xF8\x88\x80\x80\x80"), REFUSED_UTF8},
        {TEXT ("\xFE"), REFUSED_UTF8},
        {TEXT ("\xFF"), REFUSED_UTF8},
        // cut short, or without a beginning
        {TEXT ("a\xC3"), REFUSED_UTF8},
        {TEXT ("a\xE2\x82"), REFUSED_UTF8},
        {TEXT ("a\xF0\x9F\x8D"), REFUSED_UTF8},
        {TEXT ("\x80"), REFUSED_UTF8},
        {TEXT ("\xBF"), REFUSED_UTF8},
        {TEXT ("\xC3"
               "a"),
         REFUSED_UTF8},
        {TEXT ("\xE2\x82"
               "a"),
         REFUSED_UTF8},
        {TEXT ("\xF0\x9F\x8D"
               "a"),
         REFUSED_UTF8},
        {TEXT ("Nicol\xE1s"), REFUSED_UTF8}, // Latin-1
        // control characters
        {TEXT ("\0"), REFUSED_CONTROL},
        {TEXT ("a\tb"), REFUSED_CONTROL},
        {TEXT ("a\rb"), REFUSED_CONTROL},
        {TEXT ("a\n"), REFUSED_CONTROL},
        {TEXT ("\x1F"), REFUSED_CONTROL},
        {TEXT ("\x7F"), REFUSED_CONTROL},
        {TEXT ("\xC2\x80"), REFUSED_CONTROL},
        {TEXT ("\xC2\x85"), REFUSED_CONTROL},
        {TEXT ("\xC2\x9F"), REFUSED_CONTROL},
        {TEXT ("\xE2\x80\xA7"), REFUSED_OK}, // U+2027
        {TEXT ("\xE2\x80\xA8"), REFUSED_CONTROL},
        {TEXT ("\xE2\x80\xA9"), REFUSED_CONTROL},
        {TEXT ("\xE2\x80\xAA"), REFUSED_CHARACTER}, // U+202A
        // the first of two faults
        {TEXT ("\x01\xFF"), REFUSED_CONTROL},
        {TEXT ("\xFF\x01"), REFUSED_UTF8},
    };
    for (size_t i = 0; i < COUNT (table); i++)
        if (check_text (table[i].text, NAME_BYTES_MAX) != table[i].code)
            fail_msg ("text %zu: not %d", i, table[i].code);
}

static void test_text_length (void **state)
{
    (void) state;
    uint8_t name[NAME_BYTES_MAX + 1];
    memset (name, 'a', sizeof name);
    assert_int_equal (check_text (bytes_of (name, 1), 1), REFUSED_OK);
    assert_int_equal (check_text (bytes_of (name, 2), 1), REFUSED_LONG);
    assert_int_equal (check_text (bytes_of (name, NAME_BYTES_MAX), NAME_BYTES_MAX),
                      REFUSED_OK);
    assert_int_equal (check_text (bytes_of (name, sizeof name), NAME_BYTES_MAX),
                      REFUSED_LONG);
    name[0] = 0xFF; // its length is the first thing that is wrong with it
    assert_int_equal (check_text (bytes_of (name, sizeof name), NAME_BYTES_MAX),
                      REFUSED_LONG);
}

static void test_birthdate (void **state)
{
    (void) state;
    static const struct {
        bytes_t text;
        wire_code_t code;
    } table[] = {
        {TEXT ("1900-01-01"), REFUSED_OK},
        {TEXT ("2026-11-30"), REFUSED_OK},
        {TEXT ("2026-12-01"), REFUSED_OK}, // BORN_MAX
        {TEXT ("2026-12-02"), REFUSED_DATE},
        {TEXT ("2027-01-01"), REFUSED_DATE},
        {TEXT ("9999-12-31"), REFUSED_DATE},
        {TEXT ("1899-12-31"), REFUSED_DATE},
        {TEXT ("0001-01-01"), REFUSED_DATE},
        {TEXT ("1999-03-17"), REFUSED_OK},
        {TEXT ("2024-02-29"), REFUSED_OK},
        {TEXT ("2000-02-29"), REFUSED_OK},
        {TEXT ("1904-02-29"), REFUSED_OK},
        {TEXT ("2023-02-28"), REFUSED_OK},
        {TEXT (""), REFUSED_MISSING},
        {TEXT ("2023-02-29"), REFUSED_DATE},
        {TEXT ("2023-02-30"), REFUSED_DATE},
        {TEXT ("2024-02-30"), REFUSED_DATE},
        {TEXT ("1900-02-29"), REFUSED_DATE},
        {TEXT ("2100-02-29"), REFUSED_DATE},
        {TEXT ("0000-01-01"), REFUSED_DATE},
        {TEXT ("2000-00-01"), REFUSED_DATE},
        {TEXT ("2000-13-01"), REFUSED_DATE},
        {TEXT ("2000-01-00"), REFUSED_DATE},
        {TEXT ("2000-01-32"), REFUSED_DATE},
        {TEXT ("2000-1-01"), REFUSED_DATE},
        {TEXT ("2000-01-1"), REFUSED_DATE},
        {TEXT ("2000-01-011"), REFUSED_DATE},
        {TEXT ("02000-01-01"), REFUSED_DATE},
        {TEXT ("2000/01/01"), REFUSED_DATE},
        {TEXT ("2000-01/01"), REFUSED_DATE},
        {TEXT ("20000-1-01"), REFUSED_DATE},
        {TEXT ("01-01-2000"), REFUSED_DATE},
        {TEXT ("20000101"), REFUSED_DATE},
        {TEXT (" 2000-01-0"), REFUSED_DATE},
        {TEXT ("2000-01- 1"), REFUSED_DATE},
        {TEXT ("+200-01-01"), REFUSED_DATE},
        {TEXT ("2000-0:-01"), REFUSED_DATE},
        {TEXT ("200/-01-01"), REFUSED_DATE},
        {TEXT ("2000-01-\xD9\xA1"), REFUSED_DATE}, // an Arabic digit
        {TEXT ("2"), REFUSED_DATE},
    };
    for (size_t i = 0; i < COUNT (table); i++)
        if (check_birthdate (table[i].text) != table[i].code)
            fail_msg ("birthdate %zu: not %d", i, table[i].code);
}

/* Every month's last day, and the day behind it, in leap years and others. */
static void test_birthdate_months (void **state)
{
    (void) state;
    static const int years[] = {1900, 1904, 1999, 2000, 2023, 2024, 2025};
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (size_t i = 0; i < COUNT (years); i++) {
        int year = years[i];
        bool leap = year == 1904 || year == 2000 || year == 2024;
        for (int month = 1; month <= 12; month++) {
            int last = days[month - 1] + (month == 2 && leap);
            for (int day = 1; day <= 32; day++) {
                char text[32];
                int size =
                    snprintf (text, sizeof text, "%04d-%02d-%02d", year, month, day);
                wire_code_t code = check_birthdate (bytes_of (text, (size_t) size));
                assert_int_equal (code, day <= last ? REFUSED_OK : REFUSED_DATE);
            }
        }
    }
}

static void test_born_max (void **state)
{
    (void) state;
    static const struct {
        int64_t seconds;
        uint32_t day;
    } table[] = {
        {1796083199, 20261201}, // 2026-11-30 23:59:59
        {1796083200, 20261202},
        {1798675200, 20270101}, // New Year's Eve
        {1835308800, 20280229},
        {253402214399, 99991231},
        {253402300800, BET_BORN_ANY},
        {INT64_MAX / 2, BET_BORN_ANY},
        // a clock that was never set
        {1767225600, 20260102},
        {1767225599, BET_BORN_ANY},
        {0, BET_BORN_ANY},
        {-1, BET_BORN_ANY},
        {INT64_MIN, BET_BORN_ANY},
    };
    for (size_t i = 0; i < COUNT (table); i++)
        if (bet_born_max (table[i].seconds) != table[i].day)
            fail_msg ("day %zu: %u", i, bet_born_max (table[i].seconds));
}

static void test_number (void **state)
{
    (void) state;
    static const struct {
        bytes_t text;
        uint32_t number_max;
        wire_code_t code;
        uint32_t number;
    } table[] = {
        {TEXT ("0"), 9999, REFUSED_OK, 0},
        {TEXT ("7574"), 9999, REFUSED_OK, 7574},
        {TEXT ("9999"), 9999, REFUSED_OK, 9999},
        {TEXT ("007"), 9999, REFUSED_OK, 7},
        {TEXT ("0000000000"), 9999, REFUSED_OK, 0},
        {TEXT ("0000009999"), 9999, REFUSED_OK, 9999},
        {TEXT ("0"), 0, REFUSED_OK, 0},
        {TEXT ("999999999"), NUMBER_MAX_MAX, REFUSED_OK, 999999999},
        {TEXT ("4294967295"), UINT32_MAX, REFUSED_OK, UINT32_MAX},
        {TEXT (""), 9999, REFUSED_MISSING, 0},
        {TEXT ("-1"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("+1"), 9999, REFUSED_NUMBER, 0},
        {TEXT (" 1"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("1 "), 9999, REFUSED_NUMBER, 0},
        {TEXT ("1.0"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("1e3"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("0x1F"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("/"), 9999, REFUSED_NUMBER, 0},
        {TEXT (":"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("\xD9\xA1"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("12345678901x"), 9999, REFUSED_NUMBER, 0},
        {TEXT ("00000000000"), 9999, REFUSED_LONG, 0},
        {TEXT ("18446744073709551617"), 9999, REFUSED_LONG, 0}, // 2^64 + 1
        {TEXT ("1"), 0, REFUSED_RANGE, 0},
        {TEXT ("10000"), 9999, REFUSED_RANGE, 0},
        {TEXT ("9999999999"), 9999, REFUSED_RANGE, 0},
        {TEXT ("4294967296"), UINT32_MAX, REFUSED_RANGE, 0}, // 2^32
        {TEXT ("4294967297"), 9999, REFUSED_RANGE, 0},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        bytes_t copy = exact (table[i].text);
        uint32_t number = 12345;
        wire_code_t code = bet_check_number (copy, table[i].number_max, &number);
        free ((void *) copy.data);
        if (code != table[i].code)
            fail_msg ("number %zu: %d, not %d", i, code, table[i].code);
        assert_int_equal (number, code == REFUSED_OK ? table[i].number : 12345);
    }
}

static void test_field_name (void **state)
{
    (void) state;
    assert_string_equal (bet_field_name (BET_ROW), "row");
    assert_string_equal (bet_field_name (BET_FIRST_NAME), "first name");
    assert_string_equal (bet_field_name (BET_LAST_NAME), "last name");
    assert_string_equal (bet_field_name (BET_DOCUMENT), "document");
    assert_string_equal (bet_field_name (BET_BIRTHDATE), "birthdate");
    assert_string_equal (bet_field_name (BET_NUMBER), "number");
    assert_string_equal (bet_field_name (BET_FIELDS + 1), "?");
    assert_string_equal (bet_field_name (255), "?");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_text),       cmocka_unit_test (test_text_length),
        cmocka_unit_test (test_birthdate),  cmocka_unit_test (test_birthdate_months),
        cmocka_unit_test (test_born_max),   cmocka_unit_test (test_number),
        cmocka_unit_test (test_field_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

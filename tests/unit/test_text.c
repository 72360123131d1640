/* test_text.c - what text may hold, at and around the borders of each table. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "text.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

// A copy of exactly the text's size, so that ASan sees whoever reads past its end.
static text_fault_t check (const char *text, size_t size, uint32_t *character)
{
    uint8_t *copy = malloc (size);
    assert_true (copy != NULL || size == 0);
    if (size > 0)
        memcpy (copy, text, size);
    const text_fault_t fault = text_check (bytes_of (copy, size), character);
    free (copy);
    return fault;
}

static void good_text (void **state)
{
    (void) state;
    static const char *const table[] = {
        "",
        "a",
        "Juan",
        "Mar\u00EDa de los \u00C1ngeles",
        "D'Angelo #2 | \"x\", y~",
        "Nicola\u0301s",                    // a mark has its letter
        "Ana\u00A0Mar\u00EDa",              // a blank of any kind within
        "\u5C71\u7530\u3000\u592A\u90CE",   // Yamada Taro
        "\u0391\u03C9 \u0410\u044F \u05D0", // Greek, Cyrillic, Hebrew
        "\u0645\u062D\u0645\u062F",         // Muhammad, from right to left
        "\U0001F340",
        "\u2027",
        "\uFFFD",
        "\uE000",
        // the joiners, where they are spelling
        "\u0639\u0644\u06CC\u200C\u0631\u0636\u0627",
        "\u0DC1\u0DCA\u200D\u0DBB\u0DD3",
        "\u0915\u094D\u200D\u0937",
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        uint32_t character = 99;
        if (check (table[i], strlen (table[i]), &character) != TEXT_GOOD)
            fail_msg ("good %zu: U+%04X", i, character);
        assert_int_equal (character, 0);
    }
}

static void bad_text (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        text_fault_t fault;
        uint32_t character;
    } table[] = {
        {"\x01", TEXT_CONTROL, 1},
        {"a\tb", TEXT_CONTROL, 9},
        {"a\nb", TEXT_CONTROL, 10},
        {"a\x7F", TEXT_CONTROL, 0x7F},
        {"a\xC2\x85", TEXT_CONTROL, 0x85},
        {"a\xC2\x9F"
         "b",
         TEXT_CONTROL, 0x9F},
        {"a\u2028", TEXT_CONTROL, 0x2028},
        {"a\u2029", TEXT_CONTROL, 0x2029},
        {"a\xFF", TEXT_NOT_UTF8, 0xFF},
        {"\xC3", TEXT_NOT_UTF8, 0xC3},
        {"Nicol\xE1s", TEXT_NOT_UTF8, 0xE1},
        {"\xED\xA0\x80", TEXT_NOT_UTF8, 0xED},
        {"a\u00ADb", TEXT_HIDDEN, 0xAD},
        {"a\u034F", TEXT_HIDDEN, 0x34F},
        {"a\u061C", TEXT_HIDDEN, 0x61C},
        {"\u115F", TEXT_HIDDEN, 0x115F},
        {"\u1160", TEXT_HIDDEN, 0x1160},
        {"a\u180E", TEXT_HIDDEN, 0x180E},
        {"a\u200B", TEXT_HIDDEN, 0x200B},
        {"a\u200E", TEXT_HIDDEN, 0x200E},
        {"a\u200F", TEXT_HIDDEN, 0x200F},
        {"a\u202A", TEXT_HIDDEN, 0x202A},
        {"a\u202E"
         "b",
         TEXT_HIDDEN, 0x202E},
        {"a\u2060", TEXT_HIDDEN, 0x2060},
        {"a\u2066", TEXT_HIDDEN, 0x2066},
        {"a\u2069", TEXT_HIDDEN, 0x2069},
        {"a\u206F", TEXT_HIDDEN, 0x206F},
        {"\u3164", TEXT_HIDDEN, 0x3164},
        {"a\uFDD0", TEXT_HIDDEN, 0xFDD0},
        {"a\uFE0F", TEXT_HIDDEN, 0xFE0F},
        {"\uFEFF"
         "a",
         TEXT_HIDDEN, 0xFEFF},
        {"a\uFEFF", TEXT_HIDDEN, 0xFEFF},
        {"a\uFFF9", TEXT_HIDDEN, 0xFFF9},
        {"a\uFFFE", TEXT_HIDDEN, 0xFFFE},
        {"a\uFFFF", TEXT_HIDDEN, 0xFFFF},
        {"a\U0001FFFE", TEXT_HIDDEN, 0x1FFFE},
        {"a\U0010FFFF", TEXT_HIDDEN, 0x10FFFF},
        {"a\U000E0001", TEXT_HIDDEN, 0xE0001},
        {"a\U000E007F", TEXT_HIDDEN, 0xE007F},
        {"a\U000E0100", TEXT_HIDDEN, 0xE0100},
        // joiners where no name needs them
        {"a\u200Cb", TEXT_HIDDEN, 0x200C},
        {"a\u200Db", TEXT_HIDDEN, 0x200D},
        {"\u200D\u0915", TEXT_HIDDEN, 0x200D},
        {"\u0915\u200D", TEXT_HIDDEN, 0x200D},
        {"\u0915\u200D\u200D\u0915", TEXT_HIDDEN, 0x200D},
        {"\u0915\u200D ", TEXT_HIDDEN, 0x200D},
        {"\u0915\u200D\xFF", TEXT_HIDDEN, 0x200D},
        {"\U0001F468\u200D\U0001F469", TEXT_HIDDEN, 0x200D},
        // marks without a letter
        {"\u0301", TEXT_HIDDEN, 0x301},
        {"\u0301a", TEXT_HIDDEN, 0x301},
        {"a \u0301", TEXT_HIDDEN, 0x301},
        {"\u20DD", TEXT_HIDDEN, 0x20DD},
        {"\u064B", TEXT_HIDDEN, 0x64B},
        // blanks
        {" ", TEXT_BLANK, ' '},
        {" a", TEXT_BLANK, ' '},
        {"a ", TEXT_BLANK, ' '},
        {"\u00A0", TEXT_BLANK, 0xA0},
        {"a\u00A0", TEXT_BLANK, 0xA0},
        {"\u1680a", TEXT_BLANK, 0x1680},
        {"\u2000", TEXT_BLANK, 0x2000},
        {"a\u200A", TEXT_BLANK, 0x200A},
        {"a\u202F", TEXT_BLANK, 0x202F},
        {"a\u205F", TEXT_BLANK, 0x205F},
        {"\u2800", TEXT_BLANK, 0x2800},
        {"\u3000", TEXT_BLANK, 0x3000},
        {"\u3000 \u00A0", TEXT_BLANK, 0x3000},
        // the first fault, a blank the last
        {" a\tb\u200B", TEXT_CONTROL, 9},
        {"\u200B\t", TEXT_HIDDEN, 0x200B},
        {"\xFF\t", TEXT_NOT_UTF8, 0xFF},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        uint32_t character;
        const text_fault_t fault =
            check (table[i].text, strlen (table[i].text), &character);
        if (fault != table[i].fault || character != table[i].character)
            fail_msg ("bad %zu: fault %d, U+%04X", i, fault, character);
    }
}

static void a_zero_byte_is_a_control (void **state)
{
    (void) state;
    uint32_t character = 99;
    assert_int_equal (check ("\0", 1, &character), TEXT_CONTROL);
    assert_int_equal (character, 0);
}

/* The tables are in order, or a part of one is never looked at. */
static void every_character_is_of_one_kind (void **state)
{
    (void) state;
    size_t hidden = 0, blanks = 0, controls = 0;
    for (uint32_t character = 0; character <= 0x10FFFF; character++) {
        const int kinds = text_is_hidden (character) + text_is_blank (character) +
                          text_is_control (character);
        assert_in_range (kinds, 0, 1);
        hidden += text_is_hidden (character);
        blanks += text_is_blank (character);
        controls += text_is_control (character);
    }
    assert_int_equal (controls, 32 + 33 + 2);
    assert_int_equal (blanks, 5 + 11 + 2);
    // the ranges one by one, and the last two of each plane
    assert_int_equal (hidden, 3 + 2 + 2 + 5 + 5 + 5 + 16 + 1 + 32 + 16 + 1 + 1 + 13 +
                                  4 + 8 + 4096 + 34);
}

static void faults_are_explained (void **state)
{
    (void) state;
    static const struct {
        text_fault_t fault;
        uint32_t character;
        const char *text;
    } table[] = {
        {TEXT_GOOD, 0, "nothing is wrong with it"},
        {TEXT_NOT_UTF8, 0xE1, "bytes that are not UTF-8, 0xE1 (saved as Latin-1?)"},
        {TEXT_NOT_UTF8, 0xFF, "bytes that are not UTF-8, 0xFF (saved as UTF-16?)"},
        {TEXT_CONTROL, 9, "a control character, U+0009"},
        {TEXT_HIDDEN, 0xE0001,
         "an invisible character, or one that reverses text, U+E0001"},
        {TEXT_BLANK, 0xA0, "whitespace at its start or end, U+00A0"},
    };
    char explanation[TEXT_EXPLANATION_BYTES];
    for (size_t i = 0; i < COUNT (table); i++)
        assert_string_equal (
            text_explain (table[i].fault, table[i].character, explanation),
            table[i].text);
}

static void lines_are_made_fit_to_be_shown (void **state)
{
    (void) state;
    static const char *const table[][2] = {
        {"", ""},
        {"Mar\u00EDa", "Mar\u00EDa"},
        {"a\nb\tc\x7F", "a b c "},
        {"a\xC2\x85", "a  "},
        {"a\u202Eb", "a???b"},
        {"a\xFF\xC3", "a??"},
        {"\u0915\u200D", "\u0915???"},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        char line[64];
        strcpy (line, table[i][0]);
        text_clean (line);
        assert_string_equal (line, table[i][1]);
    }
}

static void a_mark_is_taken_off_the_beginning (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        size_t taken;
    } table[] = {{"", 0},        {"a", 0},           {"\xEF\xBB", 0},
                 {"\uFEFF", 3},  {"\uFEFF# a", 3},   {"\uFEFF\uFEFF", 3},
                 {"a\uFEFF", 0}, {"\xEF\xBB\xBE", 0}};
    for (size_t i = 0; i < COUNT (table); i++) {
        const size_t size = strlen (table[i].text);
        const bytes_t rest = text_without_mark (bytes_of (table[i].text, size));
        assert_int_equal (rest.size, size - table[i].taken);
        assert_ptr_equal (rest.data, table[i].text + table[i].taken);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (good_text),
        cmocka_unit_test (bad_text),
        cmocka_unit_test (a_zero_byte_is_a_control),
        cmocka_unit_test (every_character_is_of_one_kind),
        cmocka_unit_test (faults_are_explained),
        cmocka_unit_test (lines_are_made_fit_to_be_shown),
        cmocka_unit_test (a_mark_is_taken_off_the_beginning),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

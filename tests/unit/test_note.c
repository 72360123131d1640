/* test_note.c - the notes of operators' orders: why, and who. */

#include "testing.h"

#include <stdio.h>

#include "note.h"
#include "text.h"

static void signs (const char *before, const char *who, const char *after)
{
    char note[NOTE_BYTES_MAX + 1];
    snprintf (note, sizeof note, "%s", before);
    note_sign (note, who);
    assert_string_equal (note, after);
}

static void has (const char *note, const char *reason, const char *who)
{
    const bytes_t all = bytes_of (note, strlen (note));
    assert_true (bytes_equal (note_reason (all), bytes_of (reason, strlen (reason))));
    assert_true (bytes_equal (note_who (all), bytes_of (who, strlen (who))));
}

static void who_it_is_stands_behind_the_reason (void **state)
{
    (void) state;
    signs ("the bell rang", "ana@central", "the bell rang [ana@central]");
    signs ("the bell rang [ana@central]", "key=Ab3dEf9h",
           "the bell rang [ana@central, key=Ab3dEf9h]");
    signs ("", "ana@central", "[ana@central]");
    signs ("[ana@central]", "key=Ab3dEf9h", "[ana@central, key=Ab3dEf9h]");
    signs ("the bell [rang", "key=[]] []]", "the bell [rang [key=[]] []]]");
}

static void a_note_has_two_parts_or_one_or_none (void **state)
{
    (void) state;
    has ("the bell rang [ana@central, key=Ab3dEf9h]", "the bell rang",
         "ana@central, key=Ab3dEf9h");
    has ("[ana@central]", "", "ana@central");
    has ("the bell rang", "the bell rang", "");
    has ("", "", "");
    has ("]", "]", "");
    has ("[]", "", "");
    has ("a]", "a]", "");
    has ("a[b]", "a[b]", ""); // it is no word of its own
    has ("why [ana@x, key=[b]c[d]]", "why", "ana@x, key=[b]c[d]");
}

/* Whatever the reason, who gave the order is kept. */
static void a_reason_is_cut_rather_than_who_gave_it (void **state)
{
    (void) state;
    char note[NOTE_BYTES_MAX + 1], who[NOTE_NAME_BYTES_MAX + 1];
    memset (who, 'w', NOTE_NAME_BYTES_MAX);
    who[NOTE_NAME_BYTES_MAX] = 0;
    for (size_t size = 0; size <= NOTE_BYTES_MAX; size++) {
        memset (note, 'x', size);
        note[size] = 0;
        note_sign (note, who);
        assert_true (strlen (note) <= NOTE_BYTES_MAX);
        const bytes_t all = bytes_of (note, strlen (note));
        assert_true (bytes_equal (note_who (all), bytes_of (who, strlen (who))));
        const size_t kept = note_reason (all).size;
        assert_int_equal (kept, size < NOTE_BYTES_MAX - NOTE_NAME_BYTES_MAX - 3
                                    ? size
                                    : NOTE_BYTES_MAX - NOTE_NAME_BYTES_MAX - 3);
        note_sign (note, "key=Ab3dEf9h");
        assert_true (strlen (note) <= NOTE_BYTES_MAX);
        assert_non_null (strstr (note, "key=Ab3dEf9h]"));
        if (size <= NOTE_REASON_BYTES_MAX) {
            assert_non_null (strstr (note, "w, key="));
            assert_int_equal (note_reason (bytes_of (note, strlen (note))).size, size);
        }
    }
}

static void it_is_cut_between_characters (void **state)
{
    (void) state;
    char note[NOTE_BYTES_MAX + 1];
    for (size_t shift = 0; shift < 4; shift++) {
        memset (note, 'x', shift);
        for (size_t i = shift; i < NOTE_BYTES_MAX; i += 2)
            memcpy (note + i, "\xC3\xB1", i + 2 <= NOTE_BYTES_MAX ? 2 : 1);
        note[(NOTE_BYTES_MAX - shift) / 2 * 2 + shift] = 0;
        note_sign (note, "ana@x");
        const bytes_t reason = note_reason (bytes_of (note, strlen (note)));
        assert_int_equal ((reason.size - shift) % 2, 0);
        assert_true (reason.size >= NOTE_BYTES_MAX - 10);
    }
}

/* A joiner at the end of a text is none: storage would not take the note. */
static void what_is_left_is_a_text (void **state)
{
    (void) state;
    static const char *const reasons[] = {"\xE0\xA4\x95\xE2\x80\x8D", "x ",
                                          "\xC3\xB1 "};
    char note[NOTE_BYTES_MAX + 1];
    uint32_t character;
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        for (size_t shift = 0; shift < 8; shift++) {
            memset (note, 'a', shift);
            note[shift] = 0;
            while (strlen (note) + strlen (reasons[i]) < NOTE_BYTES_MAX)
                strcat (note, reasons[i]);
            if (strlen (note) + 3 <= NOTE_BYTES_MAX)
                strcat (note, "\xE0\xA4\x95");
            note_sign (note, "ana@central");
            assert_int_equal (text_check (bytes_of (note, strlen (note)), &character),
                              TEXT_GOOD);
            assert_non_null (strstr (note, " [ana@central]"));
        }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (who_it_is_stands_behind_the_reason),
        cmocka_unit_test (a_note_has_two_parts_or_one_or_none),
        cmocka_unit_test (a_reason_is_cut_rather_than_who_gave_it),
        cmocka_unit_test (it_is_cut_between_characters),
        cmocka_unit_test (what_is_left_is_a_text),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

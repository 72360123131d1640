/* test_roll.c - the roll of agencies: texts that are one, texts that are none, and
   whose a key is. */

#include "testing.h"

#include "roll.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

/* Keys that differ in their first characters: any 40 characters of Z85 will do. */
#define REST "aaaaaaaaaabbbbbbbbbbccccccccccdddddddd"
#define A    "A1" REST
#define B    "B2" REST
#define C    "C3" REST
#define D    "D4" REST

static char why[KEYS_WHY_BYTES];

static roll_t *parse (const char *text)
{
    strcpy (why, "?");
    return roll_parse (bytes_of (text, strlen (text)), why);
}

static roll_t *parse_sound (const char *text)
{
    roll_t *roll = parse (text);
    if (!roll)
        fail_msg ("%s", why);
    return roll;
}

static void a_roll_is_read (void **state)
{
    (void) state;
    roll_t *roll = parse_sound ("# agency state keys name\n"
                                "\n"
                                "3 enabled " C "   Agencia  Sur  \n"
                                "   # not 5 enabled " D "\n"
                                "\t1\tenabled\t" A "," B "\r\n"
                                "100000 disabled " D " ñ");
    assert_int_equal (roll_size (roll), 3);
    const roll_entry_t *entry = roll_at (roll, 0);
    assert_int_equal (entry->agency, 3);
    assert_string_equal (entry->name, "Agencia  Sur");
    assert_int_equal (entry->line, 3);
    assert_int_equal (entry->keys, 1);
    entry = roll_agency (roll, 1);
    assert_ptr_equal (entry, roll_at (roll, 1));
    assert_string_equal (entry->name, "");
    assert_int_equal (entry->keys, 2);
    assert_string_equal (entry->key[1], B);
    assert_false (roll_agency (roll, 100000)->enabled);
    static const uint32_t absent[] = {0, 2, 5, 99999, 100001, UINT32_MAX};
    for (size_t i = 0; i < COUNT (absent); i++)
        assert_null (roll_agency (roll, absent[i]));
    roll_destroy (&roll);
    assert_null (roll);
    roll_destroy (&roll);
}

/* RFC 8032's first key. */
#define BASE64 "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

static void an_agency_may_have_a_signing_key (void **state)
{
    (void) state;
    roll_t *roll =
        parse_sound ("1 enabled " A " ed25519:" BASE64 "\n"
                     "2 disabled " B "," C "  ed25519-demo:" BASE64 "\tAgencia Sur\r\n"
                     "3 enabled " D " ed25519 Centro ed25519:x\n");
    const roll_entry_t *entry = roll_agency (roll, 1);
    assert_true (entry->signs && !entry->demo);
    assert_int_equal (entry->signing[0], 0xD7);
    assert_string_equal (entry->name, "");
    entry = roll_agency (roll, 2);
    assert_true (entry->signs && entry->demo);
    assert_int_equal (entry->signing[31], 0x1A);
    assert_string_equal (entry->name, "Agencia Sur");
    entry = roll_agency (roll, 3);
    assert_false (entry->signs || entry->demo);
    assert_string_equal (entry->name, "ed25519 Centro ed25519:x"); // as ever
    roll_destroy (&roll);
}

static void a_key_is_its_agencys_while_that_is_enabled (void **state)
{
    (void) state;
    roll_t *roll = parse_sound ("1 enabled " A "," B "\n2 disabled " C "\n");
    assert_int_equal (roll_find (roll, A), 1);
    assert_int_equal (roll_find (roll, B), 1);
    assert_int_equal (roll_find (roll, C), 0);
    assert_int_equal (roll_find (roll, D), 0);
    assert_int_equal (roll_owner (roll, C)->agency, 2);
    assert_null (roll_owner (roll, D));
    static const char *const none[] = {"", "A", A "x", A "," B};
    for (size_t i = 0; i < COUNT (none); i++)
        assert_int_equal (roll_find (roll, none[i]), 0);
    roll_destroy (&roll);
}

static void a_mark_before_the_roll_is_passed_over (void **state)
{
    (void) state;
    roll_t *roll = parse_sound ("\uFEFF1 enabled " A "  \u00C1vila\n2 enabled " B);
    assert_string_equal (roll_agency (roll, 1)->name, "\u00C1vila");
    assert_int_equal (roll_agency (roll, 2)->line, 2);
    roll_destroy (&roll);
}

static void nothing_is_a_roll_too (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "", "\n", "\n\n\r\n", "#", "# \n  \t \n", " ", "\uFEFF", "\uFEFF# agency\n"};
    for (size_t i = 0; i < COUNT (texts); i++) {
        roll_t *roll = parse_sound (texts[i]);
        assert_int_equal (roll_size (roll), 0);
        assert_int_equal (roll_find (roll, A), 0);
        assert_null (roll_agency (roll, 1));
        roll_destroy (&roll);
    }
}

static void what_is_none_is_told_by_line (void **state)
{
    (void) state;
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"x", "line 1: the first word is not an agency"},
        {"0 enabled " A, "line 1: the first word is not an agency"},
        {"100001 enabled " A, "line 1: the first word is not an agency"},
        {"4294967297 enabled " A, "line 1: the first word is not an agency"},
        {"99999999999999999999999999 enabled " A, "line 1: the first word"},
        {"-1 enabled " A, "line 1: the first word is not an agency"},
        {"1x enabled " A, "line 1: the first word is not an agency"},
        {"#\n\n1", "line 3: the second word is neither enabled nor disabled"},
        {"1 Enabled " A, "line 1: the second word"},
        {"1 enabledx " A, "line 1: the second word"},
        {"1 enabled", "line 1: the third word is neither a public key"},
        {"1 enabled # " A, "line 1: the third word"},
        {"1 enabled A1" REST "x", "line 1: the third word"},
        {"1 enabled ~1" REST, "line 1: the third word"},
        {"1 enabled 1" REST, "line 1: the third word"},
        {"1 enabled " A ",", "line 1: the third word"},
        {"1 enabled ," A, "line 1: the third word"},
        {"1 enabled " A "," B "," C, "line 1: the third word"},
        {"1 enabled " A ";" B, "line 1: the third word"},
        {"1 enabled " A " ed25519:", "line 1: the fourth word is no signing key"},
        {"1 enabled " A " ed25519:" BASE64 "x Sur", "line 1: the fourth word"},
        {"1 enabled " A " ed25519:x" BASE64, "line 1: the fourth word"},
        {"1 enabled " A " ed25519-demo:" REST, "line 1: the fourth word"},
        {"1 enabled " A " ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=",
         "line 1: the fourth word"},
        {"1 enabled " A " a\ab", "line 1: the name has a control character"},
        {"1 enabled " A " a\x7F", "line 1: the name has a control character"},
        {"1 enabled " A " a\xC2\x85"
         "b",
         "line 1: the name has a control character, U+0085"},
        {"1 enabled " A " a\u200B", "line 1: the name has an invisible character"},
        {"1 enabled " A " \u202Eb", "line 1: the name has an invisible character"},
        {"1 enabled " A " \u00A0", "line 1: the name has whitespace at its start"},
        {"1 enabled " A " a\u3000 ", "line 1: the name has whitespace at its start"},
        {"1 enabled " A " Nicol\xE1s", "line 1: the name has bytes that are not UTF-8"},
        {"#\n\uFEFF1 enabled " A, "line 2: the first word is not an agency"},
        {"1 enabled " A "\n1 disabled " B, "line 2: agency 1 is in line 1 already"},
        {"1 enabled " A "\n\n2 enabled " B "," A,
         "line 3: the key is also that of agency 1 (line 1)"},
        {"1 enabled " A "," A, "line 1: the key is also that of agency 1 (line 1)"},
        {"1 disabled " A "\n2 enabled " A,
         "line 2: the key is also that of agency 1 (line 1)"},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        assert_null (parse (cases[i].text));
        if (strncmp (why, cases[i].why, strlen (cases[i].why)) != 0)
            fail_msg ("%s: %s", cases[i].text, why);
    }
}

static void a_zero_byte_is_no_end (void **state)
{
    (void) state;
    static const char text[] = "1 enabled " A "\0\n2 enabled " B "\n";
    assert_null (roll_parse (bytes_of (text, sizeof text - 1), why));
    static const char in_name[] = "1 enabled " A " a\0b\n";
    assert_null (roll_parse (bytes_of (in_name, sizeof in_name - 1), why));
}

static void a_name_is_as_long_as_it_may_be (void **state)
{
    (void) state;
    char text[1024];
    for (int size = ROLL_NAME_BYTES_MAX; size <= ROLL_NAME_BYTES_MAX + 1; size++) {
        snprintf (text, sizeof text, "1 enabled " A " %0*d \n", size, 7);
        roll_t *roll = parse (text);
        assert_true ((roll != NULL) == (size == ROLL_NAME_BYTES_MAX));
        if (roll)
            assert_int_equal (strlen (roll_at (roll, 0)->name), ROLL_NAME_BYTES_MAX);
        roll_destroy (&roll);
    }
}

/* What is written is read as what it was. */
static void entries_go_there_and_back (void **state)
{
    (void) state;
    char line[ROLL_LINE_BYTES_MAX + 1];
    roll_entry_t entries[] = {
        {.agency = 1, .enabled = true, .keys = 1, .key = {A}},
        {.agency = AGENCIES_MAX, .keys = 2, .key = {A, B}, .name = "# Ñandú, a"},
        {.agency = 123456789 % AGENCIES_MAX,
         .enabled = true,
         .keys = 2,
         .key = {D, C},
         .signs = true,
         .demo = true,
         .signing = {1, 255}},
        {.agency = 4, .keys = 1, .key = {A}, .signs = true, .signing = {255, 1}},
    };
    memset (entries[2].name, 'n', ROLL_NAME_BYTES_MAX);
    for (size_t i = 0; i < COUNT (entries); i++) {
        const size_t size = roll_write (&entries[i], line);
        assert_int_equal (size, strlen (line));
        roll_t *roll = parse_sound (line);
        const roll_entry_t *back = roll_at (roll, 0);
        assert_int_equal (back->agency, entries[i].agency);
        assert_int_equal (back->enabled, entries[i].enabled);
        assert_int_equal (back->keys, entries[i].keys);
        assert_memory_equal (back->key, entries[i].key, sizeof back->key);
        assert_int_equal (back->signs, entries[i].signs);
        assert_int_equal (back->demo, entries[i].demo);
        assert_memory_equal (back->signing, entries[i].signing, sizeof back->signing);
        assert_string_equal (back->name, entries[i].name);
        roll_destroy (&roll);
    }
}

/* Who had a key that opens its door no more has to be forgotten. */
static void a_roll_keeps_who_loses_no_key (void **state)
{
    (void) state;
    static const struct {
        const char *before, *now;
        bool keeps;
    } cases[] = {
        {"1 enabled " A, "1 enabled " A " another name", true},
        {"1 enabled " A, "2 enabled " B "\n1 enabled " C "," A, true},
        {"1 disabled " A, "", true}, // it had nothing to lose
        {"1 disabled " A, "1 enabled " A, true},
        {"1 enabled " A, "", false},
        {"1 enabled " A, "1 disabled " A, false},
        {"1 enabled " A, "1 enabled " B, false},
        {"1 enabled " A, "2 enabled " A, false},
        {"1 enabled " A "," B, "1 enabled " B, false},
        {"1 enabled " A "," B, "1 enabled " A "\n2 enabled " B, false},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        roll_t *before = parse_sound (cases[i].before);
        roll_t *now = parse_sound (cases[i].now);
        assert_int_equal (roll_keeps (now, roll_at (before, 0)), cases[i].keeps);
        roll_destroy (&before);
        roll_destroy (&now);
    }
}

static void there_are_enough_agencies (void **state)
{
    (void) state;
    enum { LINE = 64 };
    char *text = malloc ((AGENCIES_MAX + 1) * LINE + 1);
    assert_non_null (text);
    char *at = text;
    for (unsigned agency = 1; agency <= AGENCIES_MAX; agency++)
        at += sprintf (at, "%u enabled %06u%.34s\n", agency, agency, REST);
    roll_t *roll = parse_sound (text);
    assert_int_equal (roll_size (roll), AGENCIES_MAX);
    for (unsigned agency = 1; agency <= AGENCIES_MAX; agency += 997)
        assert_int_equal (roll_find (roll, roll_agency (roll, agency)->key[0]), agency);
    roll_destroy (&roll);
    sprintf (at, "1 enabled " A "\n");
    assert_null (parse (text));
    assert_non_null (strstr (why, "line 100001: more than 100000 agencies"));
    free (text);
}

/* Bytes at random, and rolls with some changed: never more than a refusal. */
static void damaged_rolls_do_no_harm (void **state)
{
    (void) state;
    static const char sound[] = "# remark\n1 enabled " A "," B " ed25519-demo:" BASE64
                                " Centro\n2 disabled " C "\n\n30 enabled " D " Sur\n";
    uint64_t random = 8;
    size_t sound_ones = 0;
    for (int i = 0; i < 100000; i++) {
        const size_t size = 1 + random_below (&random, sizeof sound - 1);
        char *text = malloc (size); // ASan sees who reads past its end
        assert_non_null (text);
        memcpy (text, sound, size);
        for (size_t n = random_below (&random, 4); n > 0; n--)
            text[random_below (&random, size)] = (char) random_next (&random);
        roll_t *roll = roll_parse (bytes_of (text, size), why);
        sound_ones += roll != NULL;
        roll_destroy (&roll);
        free (text);
    }
    assert_true (sound_ones > 100 && sound_ones < 99900);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_roll_is_read),
        cmocka_unit_test (an_agency_may_have_a_signing_key),
        cmocka_unit_test (a_key_is_its_agencys_while_that_is_enabled),
        cmocka_unit_test (nothing_is_a_roll_too),
        cmocka_unit_test (a_mark_before_the_roll_is_passed_over),
        cmocka_unit_test (what_is_none_is_told_by_line),
        cmocka_unit_test (a_zero_byte_is_no_end),
        cmocka_unit_test (a_name_is_as_long_as_it_may_be),
        cmocka_unit_test (entries_go_there_and_back),
        cmocka_unit_test (a_roll_keeps_who_loses_no_key),
        cmocka_unit_test (there_are_enough_agencies),
        cmocka_unit_test (damaged_rolls_do_no_harm),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

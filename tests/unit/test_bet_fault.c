/* test_bet_fault.c - what people are told of each fault, and of its likely cause. */

#include "bet_csv_check.h"
#include "bet_fault.h"

static const struct {
    const char *row, *text;
} faults[] = {
    {"\n", "a blank line"},
    {"\r\n", "a blank line"},
    {"  \n", "1 field instead of five: a line of spaces?"},
    {"a\n", "1 field instead of five"},
    {"a,b,1,2000-01-01\n", "4 fields instead of five"},
    {"a,b,1,2000-01-01,1,x\n",
     "6 fields instead of five: a field with a comma in it must be quoted"},
    {"\"Paz, hijo\",b,1,2000-01-01\n", "4 fields instead of five"},
    {"a,b,1,2000-01-01,1", "no line end after the row"},
    {"a;b;1;2000-01-01;1\n",
     "one field instead of five: semicolons instead of commas?"},
    {"a\tb\t1\t2000-01-01\t1\n", "one field instead of five: tabs instead of commas?"},
    {"a|b|1|2000-01-01|1\n",
     "one field instead of five: vertical bars instead of commas?"},
    {"a,b,1,2000-01-01,1\ra,b,1,2000-01-01,1\r",
     "lines end in CR alone; they must end in LF or CRLF"},
    {"a,b,1,2000-01-01,1\r\r\n",
     "number: a control character, U+000D (lines must end in LF or CRLF)"},

    {"a\"b,b,1,2000-01-01,1\n", "first name: quotes are not as in RFC 4180"},
    {"a,,1,2000-01-01,1\n", "last name: nothing in it"},
    {"a,b,012345678901234567890123456789012,2000-01-01,1\n", "document: too long"},
    {"Nicol\xE1s,b,1,2000-01-01,1\n",
     "first name: bytes that are not UTF-8, 0xE1 (saved as Latin-1?)"},
    {"a,b\tc,1,2000-01-01,1\n", "last name: a control character, U+0009"},
    {"a,\"b\nc\",1,2000-01-01,1\n", "last name: a control character, U+000A"},
    {"a,b,\"1\u202E\",2000-01-01,1\n",
     "document: an invisible character, or one that reverses text, U+202E"},
    {"\uFEFF"
     "a,b,1,2000-01-01,1\n",
     "first name: an invisible character, or one that reverses text, U+FEFF (a second "
     "byte order mark?)"},
    {"a, b,1,2000-01-01,1\n", "last name: whitespace at its start or end, U+0020"},
    {"a,\"\"\"b\"\"\u00A0\",1,2000-01-01,1\n",
     "last name: whitespace at its start or end, U+00A0"},

    {"a,b,1,2023-02-30,1\n", "birthdate: not a real date, written YYYY-MM-DD"},
    {"a,b,1,17/03/1999,1\n", "birthdate: not a real date, written YYYY-MM-DD"},
    {"a,b,1,1899-12-31,1\n", "birthdate: a day before 1900"},
    {"a,b,1,0000-00-00,1\n", "birthdate: a day before 1900"},
    {"a,b,1,2087-01-01,1\n", "birthdate: a day in the future"},
    {"nombre,apellido,documento,nacimiento,numero\n",
     "birthdate: not a real date, written YYYY-MM-DD (a header row? a file of "
     "bets has none)"},
    {"1,a,b,1,2000-01-01,1\n",
     "birthdate: not a real date, written YYYY-MM-DD "
     "(the agency's number before the bet? it is not part of it)"},
    {"a,b,1,2000-01-01,x\n", "number: not a number of digits alone"},
    {"a,b,1,2000-01-01,10000\n",
     "number: a number that nobody can bet on: the highest is 9999"},
};

static const bet_rules_t rules = {9999, BORN_MAX};

static void assert_explained (const char *rows, uint32_t count, const char *expected)
{
    bet_csv_error_t error;
    char text[REFUSAL_TEXT_MAX + 1];
    const bytes_t all = exact (bytes_of (rows, strlen (rows)));
    free ((void *) canonical (all, count, 1, &error).data);
    assert_int_not_equal (error.code, REFUSED_OK);
    if (strcmp (bet_fault_explain (all, &rules, &error, text), expected) != 0)
        fail_msg ("%s: %s", rows, text);
    free ((void *) all.data);
}

/* Each on its own, and behind a good row with a line end in quotes that hides nothing.
 */
static void faults_and_their_causes (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (faults); i++) {
        assert_explained (faults[i].row, 1, faults[i].text);
        if (strstr (faults[i].text, "second byte order mark"))
            continue; // at a file's beginning only
        char rows[512];
        snprintf (rows, sizeof rows, GOOD "%s", faults[i].row);
        assert_explained (rows, 2, faults[i].text);
    }
}

static void counts (void **state)
{
    (void) state;
    assert_explained ("", 0, "no bets in the batch");
    assert_explained ("", 1, "more or fewer rows than announced");
    assert_explained (GOOD, 2, "more or fewer rows than announced");
    assert_explained (GOOD GOOD, 1, "more or fewer rows than announced");
}

/* Whatever the bytes and the error: a text, and nothing read beyond the rows. */
static void any_error_is_explained (void **state)
{
    (void) state;
    static const char *const rows[] = {"",   "\"",           "a", ",,,,\n",
                                       "\r", "\xEF\xBB\xBF", GOOD};
    for (size_t i = 0; i < COUNT (rows); i++)
        for (uint16_t code = 0; code <= REFUSED_CHARACTER; code++)
            for (int field = 0; field <= BET_FIELDS; field++)
                for (uint32_t row = 0; row < 4; row++) {
                    char text[REFUSAL_TEXT_MAX + 1];
                    const bet_csv_error_t error = {code, row, (bet_field_t) field};
                    const bytes_t all = exact (bytes_of (rows[i], strlen (rows[i])));
                    assert_true (*bet_fault_explain (all, &rules, &error, text) != 0);
                    free ((void *) all.data);
                }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (faults_and_their_causes),
        cmocka_unit_test (counts),
        cmocka_unit_test (any_error_is_explained),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

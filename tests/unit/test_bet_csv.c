/* test_bet_csv.c - rows made canonical or refused, read back, split from a file. */

#include "bet_csv_check.h"

#define TEXT(literal)                                                                  \
    {                                                                                  \
        (const uint8_t *) literal, sizeof literal - 1                                  \
    }

static void assert_refused (const char *what, size_t i, bytes_t rows, uint32_t count,
                            bet_csv_error_t expected)
{
    bet_csv_error_t error;
    bytes_t out = canonical (rows, count, 1, &error);
    free ((void *) out.data);
    if (error.code != expected.code || error.row != expected.row ||
        error.field != expected.field)
        fail_msg ("%s %zu: code %d row %u field %d, not code %d row %u field %d", what,
                  i, error.code, error.row, error.field, expected.code, expected.row,
                  expected.field);
}

// ---- Rows as typed ------------------------------------------------------------------

static void test_good (void **state)
{
    (void) state;
    static const struct {
        bytes_t rows, expected; // agency 1
        uint32_t count;
    } table[] = {
        {TEXT (GOOD), TEXT ("1," GOOD), 1},
        {TEXT ("a,b,1,2000-01-01,1\n"), TEXT ("1,a,b,1,2000-01-01,1\r\n"), 1},
        {TEXT (GOOD GOOD "a,b,1,2000-01-01,1\n" GOOD),
         TEXT ("1," GOOD "1," GOOD "1,a,b,1,2000-01-01,1\r\n1," GOOD), 4},
        {TEXT ("Tiago Nicol\xC3\xA1s,Rivera,34407251,2001-08-29,1033\r\n"),
         TEXT ("1,Tiago Nicol\xC3\xA1s,Rivera,34407251,2001-08-29,1033\r\n"), 1},
        {TEXT ("\xF0\x9F\x8D\x80,\xE2\x82\xAC,\xC2\xAA,2000-02-29,0\n"),
         TEXT ("1,\xF0\x9F\x8D\x80,\xE2\x82\xAC,\xC2\xAA,2000-02-29,0\r\n"), 1},
        // numbers lose their leading zeros
        {TEXT ("a,b,1,2000-01-01,007\n"), TEXT ("1,a,b,1,2000-01-01,7\r\n"), 1},
        {TEXT ("a,b,1,2000-01-01,0000000000\n"), TEXT ("1,a,b,1,2000-01-01,0\r\n"), 1},
        {TEXT ("a,b,007,2000-01-01,9999\n"), TEXT ("1,a,b,007,2000-01-01,9999\r\n"), 1},
        // quotes stay where a comma or quote needs them, and nowhere else
        {TEXT ("\"a\",\"b\",\"1\",\"2000-01-01\",\"01\"\r\n"),
         TEXT ("1,a,b,1,2000-01-01,1\r\n"), 1},
        {TEXT ("\"P\xC3\xA9rez, hijo\",b,\"1,5\",2000-01-01,1\n"),
         TEXT ("1,\"P\xC3\xA9rez, hijo\",b,\"1,5\",2000-01-01,1\r\n"), 1},
        {TEXT ("\"Mar\xC3\xAD"
               "a \"\"Mari\"\" Luz\",b,1,2000-01-01,1\n"),
         TEXT ("1,\"Mar\xC3\xAD"
               "a \"\"Mari\"\" Luz\",b,1,2000-01-01,1\r\n"),
         1},
        {TEXT ("\"\"\"\",\",\",\"\"\"\"\"\",2000-01-01,1\n"),
         TEXT ("1,\"\"\"\",\",\",\"\"\"\"\"\",2000-01-01,1\r\n"), 1},
        {TEXT ("\"a b\",\"#|'\",\"-\",2000-01-01,1\n"),
         TEXT ("1,a b,#|',-,2000-01-01,1\r\n"), 1},
        {TEXT ("D'Angelo,#2 |,. .,2000-01-01,1\n"),
         TEXT ("1,D'Angelo,#2 |,. .,2000-01-01,1\r\n"), 1},
        // Greek, Cyrillic, a joiner where Persian has it
        {TEXT ("\u0391\u03C9,\u0410\u044F,1,2000-01-01,1\n"),
         TEXT ("1,\u0391\u03C9,\u0410\u044F,1,2000-01-01,1\r\n"), 1},
        {TEXT ("\u0639\u0644\u06CC\u200C\u0631\u0636\u0627,b,1,2000-01-01,1\n"),
         TEXT ("1,\u0639\u0644\u06CC\u200C\u0631\u0636\u0627,b,1,2000-01-01,1\r\n"), 1},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        bet_csv_error_t error;
        bytes_t out = canonical (table[i].rows, table[i].count, 1, &error);
        if (!bytes_equal (out, table[i].expected))
            fail_msg ("good %zu: code %d, %.*s", i, error.code, (int) out.size,
                      (const char *) out.data);
        assert_int_equal (error.row, 0);
        assert_int_equal (error.field, BET_ROW);
        free ((void *) out.data);
    }
}

static void test_count (void **state)
{
    (void) state;
    static const struct {
        bytes_t rows;
        uint32_t count;
        wire_code_t code;
        uint32_t row;
    } table[] = {
        {TEXT (""), 0, REFUSED_EMPTY, 0},
        {TEXT (""), 1, REFUSED_COUNT, 1},
        {TEXT (GOOD), 0, REFUSED_COUNT, 1},
        {TEXT (GOOD), 2, REFUSED_COUNT, 2},
        {TEXT (GOOD), 65535, REFUSED_COUNT, 2},
        {TEXT (GOOD GOOD GOOD), 2, REFUSED_COUNT, 3},
        {TEXT (GOOD "bad\n"), 1, REFUSED_COUNT, 2},
        {TEXT (GOOD "\xFF,b,1,2000-01-01,1\n,\n"), 1, REFUSED_COUNT, 2},
    };
    for (size_t i = 0; i < COUNT (table); i++)
        assert_refused ("count", i, table[i].rows, table[i].count,
                        (bet_csv_error_t){table[i].code, table[i].row, BET_ROW});
}

#define NAME_129 LONG_NAME LONG_NAME LONG_NAME LONG_NAME "x"

static const struct {
    bytes_t row; // the end of a batch
    wire_code_t code;
    bet_field_t field;
} faults[] = {
    {TEXT ("\n"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("\r\n"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a\n"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b,1,2000-01-01\n"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b,1,2000-01-01,1,\n"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b,1,2000-01-01,1,x\n"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b,1,2000-01-01,1"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b,1,2000-01-01,\"1\""), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b,1,2000-01-01,"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b,1,2000-01"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a,b"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a"), REFUSED_FIELDS, BET_ROW},
    // the agency's column is not the agency's to write
    {TEXT ("1,a,b,1,2000-01-01,1\n"), REFUSED_DATE, BET_BIRTHDATE},

    {TEXT ("a\"b,b,1,2000-01-01,1\n"), REFUSED_QUOTES, BET_FIRST_NAME},
    {TEXT ("a, \"b\",1,2000-01-01,1\n"), REFUSED_QUOTES, BET_LAST_NAME},
    {TEXT ("a,b,\"1\" ,2000-01-01,1\n"), REFUSED_QUOTES, BET_DOCUMENT},
    {TEXT ("a,b,1,2000-01-01\",1\n"), REFUSED_QUOTES, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-01,\"1\"2\n"), REFUSED_QUOTES, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,\"1\n"), REFUSED_QUOTES, BET_NUMBER},
    {TEXT ("\"a,b,1,2000-01-01,1\n"), REFUSED_QUOTES, BET_FIRST_NAME},
    {TEXT ("\"a\"\"\n"), REFUSED_QUOTES, BET_FIRST_NAME},
    {TEXT ("a,\"b\"\r,1,2000-01-01,1\n"), REFUSED_QUOTES, BET_LAST_NAME},
    {TEXT ("\""), REFUSED_QUOTES, BET_FIRST_NAME},

    {TEXT (",b,1,2000-01-01,1\n"), REFUSED_MISSING, BET_FIRST_NAME},
    {TEXT ("a,,1,2000-01-01,1\n"), REFUSED_MISSING, BET_LAST_NAME},
    {TEXT ("a,b,\"\",2000-01-01,1\n"), REFUSED_MISSING, BET_DOCUMENT},
    {TEXT ("a,b,1,,1\n"), REFUSED_MISSING, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-01,\n"), REFUSED_MISSING, BET_NUMBER},
    {TEXT (",,,,\n"), REFUSED_MISSING, BET_FIRST_NAME},

    {TEXT (NAME_129 ",b,1,2000-01-01,1\n"), REFUSED_LONG, BET_FIRST_NAME},
    {TEXT ("a," NAME_129 ",1,2000-01-01,1\n"), REFUSED_LONG, BET_LAST_NAME},
    {TEXT ("a,\"" NAME_129 "\",1,2000-01-01,1\n"), REFUSED_LONG, BET_LAST_NAME},
    {TEXT ("a,b," LONG_NAME "x,2000-01-01,1\n"), REFUSED_LONG, BET_DOCUMENT},
    {TEXT ("a,b,1,2000-01-01,00000000001\n"), REFUSED_LONG, BET_NUMBER},

    {TEXT ("\xE1,b,1,2000-01-01,1\n"), REFUSED_UTF8, BET_FIRST_NAME},
    {TEXT ("a,b\xC3,1,2000-01-01,1\n"), REFUSED_UTF8, BET_LAST_NAME},
    {TEXT ("a,b,\xED\xA0\x80,2000-01-01,1\n"), REFUSED_UTF8, BET_DOCUMENT},
    {TEXT ("a,b,1,2000-01-0\xFF,1\n"), REFUSED_UTF8, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-01,\xC0\xB1\n"), REFUSED_UTF8, BET_NUMBER},
    {TEXT ("\"\xC3\",b,1,2000-01-01,1\n"), REFUSED_UTF8, BET_FIRST_NAME},

    {TEXT ("a\tb,b,1,2000-01-01,1\n"), REFUSED_CONTROL, BET_FIRST_NAME},
    {TEXT ("a,\0,1,2000-01-01,1\n"), REFUSED_CONTROL, BET_LAST_NAME},
    {TEXT ("a,b,1\x7F,2000-01-01,1\n"), REFUSED_CONTROL, BET_DOCUMENT},
    {TEXT ("a,b,1,2000\x01-01,1\n"), REFUSED_CONTROL, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-01,1\r\r\n"), REFUSED_CONTROL, BET_NUMBER},
    {TEXT ("a\rb,b,1,2000-01-01,1\n"), REFUSED_CONTROL, BET_FIRST_NAME},
    {TEXT ("a,\"b\nc\",1,2000-01-01,1\n"), REFUSED_CONTROL, BET_LAST_NAME},
    {TEXT ("a,\"b\r\nc\",1,2000-01-01,1\n"), REFUSED_CONTROL, BET_LAST_NAME},
    {TEXT ("a\xC2\x85,b,1,2000-01-01,1\n"), REFUSED_CONTROL, BET_FIRST_NAME},
    {TEXT ("a,b\xE2\x80\xA8,1,2000-01-01,1\n"), REFUSED_CONTROL, BET_LAST_NAME},

    {TEXT ("a\u200Bb,b,1,2000-01-01,1\n"), REFUSED_CHARACTER, BET_FIRST_NAME},
    {TEXT ("a,\u202E"
           "b,1,2000-01-01,1\n"),
     REFUSED_CHARACTER, BET_LAST_NAME},
    {TEXT ("a,b,\"1\u00AD\",2000-01-01,1\n"), REFUSED_CHARACTER, BET_DOCUMENT},
    {TEXT ("a,b,1,2000-01-01\uFEFF,1\n"), REFUSED_CHARACTER, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-01,1\U000E0031\n"), REFUSED_CHARACTER, BET_NUMBER},
    {TEXT ("a\u200Cb,b,1,2000-01-01,1\n"), REFUSED_CHARACTER, BET_FIRST_NAME},
    {TEXT ("\u0301,b,1,2000-01-01,1\n"), REFUSED_CHARACTER, BET_FIRST_NAME},
    {TEXT ("a\u061C,b,1,2000-01-01,1\n"), REFUSED_CHARACTER, BET_FIRST_NAME},

    {TEXT (" a,b,1,2000-01-01,1\n"), REFUSED_BLANK, BET_FIRST_NAME},
    {TEXT ("a ,b,1,2000-01-01,1\n"), REFUSED_BLANK, BET_FIRST_NAME},
    {TEXT ("a, b,1,2000-01-01,1\n"), REFUSED_BLANK, BET_LAST_NAME},
    {TEXT ("a,b ,1,2000-01-01,1\n"), REFUSED_BLANK, BET_LAST_NAME},
    {TEXT ("a,b, 1,2000-01-01,1\n"), REFUSED_BLANK, BET_DOCUMENT},
    {TEXT ("a,b,1 ,2000-01-01,1\n"), REFUSED_BLANK, BET_DOCUMENT},
    {TEXT ("a,b,\" \",2000-01-01,1\n"), REFUSED_BLANK, BET_DOCUMENT},
    {TEXT (" ,b,1,2000-01-01,1\n"), REFUSED_BLANK, BET_FIRST_NAME},
    {TEXT ("\u00A0,b,1,2000-01-01,1\n"), REFUSED_BLANK, BET_FIRST_NAME},
    {TEXT ("a,b\u3000,1,2000-01-01,1\n"), REFUSED_BLANK, BET_LAST_NAME},
    {TEXT ("a,b,1, 2000-01-01,1\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-01, 1\n"), REFUSED_NUMBER, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,1\u00A0\n"), REFUSED_NUMBER, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,1 \r\n"), REFUSED_NUMBER, BET_NUMBER},

    {TEXT ("a,b,1,2026-12-02,1\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,1899-12-31,1\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,2023-02-30,1\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,\"2000-01-\"\"\",1\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-011,1\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-0,1\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,2000-01-01,x\n"), REFUSED_NUMBER, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,1900000 1\n"), REFUSED_NUMBER, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,-1\n"), REFUSED_NUMBER, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,\"\"\"\"\n"), REFUSED_NUMBER, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,10000\n"), REFUSED_RANGE, BET_NUMBER},
    {TEXT ("a,b,1,2000-01-01,\"10000\"\n"), REFUSED_RANGE, BET_NUMBER},

    // several faults: the first in reading order
    {TEXT (",b,1,x,y\n"), REFUSED_MISSING, BET_FIRST_NAME},
    {TEXT ("a,b,1,x,y\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a,b,1,x,\"\n"), REFUSED_DATE, BET_BIRTHDATE},
    {TEXT ("a\tb\n"), REFUSED_FIELDS, BET_ROW},
    {TEXT ("a\tb\"\n"), REFUSED_QUOTES, BET_FIRST_NAME},
};

/* Each on its own, behind a good row, and before enough others to be looked at at once.
 */
static void test_refused (void **state)
{
    (void) state;
    for (size_t i = 0; i < COUNT (faults); i++) {
        uint8_t rows[512];
        bytes_t alone = faults[i].row;
        bytes_t behind = bytes_of (rows, sizeof GOOD - 1 + alone.size);
        assert_in_range (behind.size, 1, sizeof rows);
        memcpy (put_bytes (rows, bytes_of (GOOD, sizeof GOOD - 1)), alone.data,
                alone.size);
        bet_csv_error_t error = {faults[i].code, 1, faults[i].field};
        assert_refused ("alone", i, alone, 1, error);
        error.row = 2;
        assert_refused ("behind another", i, behind, 2, error);
        if (alone.data[alone.size - 1] != '\n')
            continue;
        bytes_t before = bytes_of (rows, alone.size + 3 * (sizeof GOOD - 1));
        assert_in_range (before.size, 64, sizeof rows);
        put_bytes (put_bytes (rows, alone),
                   bytes_of (GOOD GOOD GOOD, 3 * (sizeof GOOD - 1)));
        error.row = 1;
        assert_refused ("before others", i, before, 4, error);
    }
}

/* One row whose field `which` is `size` times `unit`, in quotes or not. */
static bytes_t row_with (bet_field_t which, const char *unit, size_t size, bool quoted)
{
    static char row[TEXT_BYTES_MAX];
    static const char *const usual[] = {"a", "b", "1", "2000-01-01", "1"};
    size_t at = 0;
    for (int i = 0; i < BET_FIELDS; i++) {
        if (i > 0)
            row[at++] = ',';
        if (i + 1 != (int) which) {
            at += (size_t) sprintf (row + at, "%s", usual[i]);
            continue;
        }
        if (quoted)
            row[at++] = '"';
        for (size_t n = 0; n < size; n++)
            at += (size_t) sprintf (row + at, "%s", unit);
        if (quoted)
            row[at++] = '"';
    }
    row[at++] = '\n';
    return bytes_of (row, at);
}

static void test_lengths (void **state)
{
    (void) state;
    static const struct {
        bet_field_t which;
        const char *unit;
        size_t size; // the most that is accepted
        bool quoted;
    } table[] = {
        {BET_FIRST_NAME, "a", NAME_BYTES_MAX, false},
        {BET_FIRST_NAME, "a", NAME_BYTES_MAX, true},
        {BET_FIRST_NAME, "\xC3\xA1", NAME_BYTES_MAX / 2, false},
        {BET_FIRST_NAME, "\"\"", NAME_BYTES_MAX, true}, // each is one quote
        {BET_LAST_NAME, "a", NAME_BYTES_MAX, false},
        {BET_LAST_NAME, ",", NAME_BYTES_MAX, true},
        {BET_LAST_NAME, "\xF0\x9F\x8D\x80", NAME_BYTES_MAX / 4, false},
        {BET_DOCUMENT, "1", DOCUMENT_BYTES_MAX, false},
        {BET_DOCUMENT, "\"\"", DOCUMENT_BYTES_MAX, true},
        {BET_NUMBER, "0", NUMBER_DIGITS_MAX, false},
        {BET_NUMBER, "0", NUMBER_DIGITS_MAX, true},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        bet_csv_error_t error;
        bytes_t row =
            row_with (table[i].which, table[i].unit, table[i].size, table[i].quoted);
        bytes_t out = canonical (row, 1, UINT32_MAX, &error);
        assert_int_equal (error.code, REFUSED_OK);
        free ((void *) out.data);
        row = row_with (table[i].which, table[i].unit, table[i].size + 1,
                        table[i].quoted);
        assert_refused ("length", i, row, 1,
                        (bet_csv_error_t){REFUSED_LONG, 1, table[i].which});
    }
}

static void test_agency_and_number_max (void **state)
{
    (void) state;
    static const uint32_t agencies[] = {0, 1, 42, 99999, 100000, UINT32_MAX};
    for (size_t i = 0; i < COUNT (agencies); i++) {
        char expected[64];
        int size = snprintf (expected, sizeof expected, "%u,a,b,1,2000-01-01,1\r\n",
                             agencies[i]);
        bet_csv_error_t error;
        bytes_t rows = TEXT ("a,b,1,2000-01-01,1\n");
        bytes_t out = canonical (rows, 1, agencies[i], &error);
        assert_true (bytes_equal (out, bytes_of (expected, (size_t) size)));
        free ((void *) out.data);
    }
    uint8_t out[64];
    bet_csv_error_t error;
    bytes_t rows = TEXT ("a,b,1,2000-01-01,12\n");
    assert_int_not_equal (
        bet_csv_canonical (rows, 1, 1, &(bet_rules_t){12, BORN_MAX}, out, &error), 0);
    assert_int_equal (
        bet_csv_canonical (rows, 1, 1, &(bet_rules_t){11, BORN_MAX}, out, &error), 0);
    assert_int_equal (error.code, REFUSED_RANGE);
}

// ---- Canonical rows -----------------------------------------------------------------

static void assert_text (bytes_t text, const char *expected)
{
    assert_true (bytes_equal (text, bytes_of (expected, strlen (expected))));
}

static void test_next (void **state)
{
    (void) state;
    bytes_t table = TEXT ("1,Ana,Paz,20000000,2000-01-01,7574\r\n"
                          "4294967295,\"Mar\xC3\xAD"
                          "a \"\"Mari\"\" Luz\",\"P\xC3\xA9rez, "
                          "hijo\",\"\"\"\",1999-12-31,999999999\r\n");
    bytes_t all = exact (table), rows = all;
    uint8_t scratch[ROW_BYTES_MAX];
    uint32_t agency;
    bet_t bet;
    assert_int_equal (bet_csv_next (&rows, scratch, &agency, &bet), 1);
    assert_int_equal (agency, 1);
    assert_text (bet.first_name, "Ana");
    assert_text (bet.last_name, "Paz");
    assert_text (bet.document, "20000000");
    assert_text (bet.birthdate, "2000-01-01");
    assert_int_equal (bet.number, 7574);
    assert_int_equal (bet_csv_next (&rows, scratch, &agency, &bet), 1);
    assert_int_equal (agency, UINT32_MAX);
    assert_text (bet.first_name, "Mar\xC3\xAD"
                                 "a \"Mari\" Luz");
    assert_text (bet.last_name, "P\xC3\xA9rez, hijo");
    assert_text (bet.document, "\"");
    assert_text (bet.birthdate, "1999-12-31");
    assert_int_equal (bet.number, NUMBER_MAX_MAX);
    assert_int_equal (bet_csv_next (&rows, scratch, &agency, &bet), 0);
    free ((void *) all.data);
}

static void test_next_refuses (void **state)
{
    (void) state;
    static const bytes_t table[] = {
        TEXT ("1,a,b,1,2000-01-01,1\n"),
        TEXT ("1,a,b,1,2000-01-01,1"),
        TEXT ("1,a,b,1,2000-01-01,1\r"),
        TEXT ("01,a,b,1,2000-01-01,1\r\n"),
        TEXT ("1,a,b,1,2000-01-01,01\r\n"),
        TEXT ("1,\"a\",b,1,2000-01-01,1\r\n"),
        TEXT ("\"1\",a,b,1,2000-01-01,1\r\n"),
        TEXT ("1,a,b,1,2000-01-01,\"1\"\r\n"),
        TEXT ("a,b,1,2000-01-01,1\r\n"),
        TEXT (",a,b,1,2000-01-01,1\r\n"),
        TEXT ("1,a,b,1,2000-01-32,1\r\n"),
        TEXT ("1,a,b,1,2000-01-01,1000000000\r\n"),
        TEXT ("1,,b,1,2000-01-01,1\r\n"),
        TEXT ("1,a,b,1,2000-01-01,1,\r\n"),
        TEXT ("4294967296,a,b,1,2000-01-01,1\r\n"),
        TEXT ("1,\xFF,b,1,2000-01-01,1\r\n"),
        TEXT ("00000000001,a,b,1,2000-01-01,1\r\n"),
        TEXT ("\r\n"),
        TEXT ("1,\"a,b,1,2000-01-01,1\r\n"),
        TEXT ("1"),
        TEXT ("1,"),
        TEXT ("12345678901"),
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        bytes_t all = exact (table[i]), rows = all;
        uint8_t scratch[ROW_BYTES_MAX];
        uint32_t agency;
        bet_t bet;
        if (bet_csv_next (&rows, scratch, &agency, &bet) != -1)
            fail_msg ("%zu is taken for a canonical row", i);
        assert_ptr_equal (rows.data, all.data);
        assert_int_equal (rows.size, all.size);
        free ((void *) all.data);
    }
}

// ---- Rows of a file -----------------------------------------------------------------

static void test_row_size (void **state)
{
    (void) state;
    static const struct {
        bytes_t text;
        size_t size, end;
    } table[] = {
        {TEXT (""), 0, 99},
        {TEXT ("a"), 0, 99},
        {TEXT ("a\r"), 0, 99},
        {TEXT ("\n"), 1, 0},
        {TEXT ("\r\n"), 2, 0},
        {TEXT ("a\nb\n"), 2, 1},
        {TEXT ("a\r\nb\r\n"), 3, 1},
        {TEXT ("a\rb\nc"), 4, 3},
        {TEXT (GOOD GOOD), sizeof GOOD - 1, sizeof GOOD - 3},
        // a line end within quotes is none
        {TEXT ("\"a\nb\",c\nd\n"), 8, 7},
        {TEXT ("c,\"a\r\nb\"\r\nd\n"), 10, 8},
        {TEXT ("\"a\"\"\nb\"\n"), 8, 7},
        {TEXT ("\"\"\n\"\"\n"), 3, 2},
        {TEXT ("\"\"\"\n\"\n"), 6, 5},
        {TEXT ("a,\"\n\",\"\n\"\nb\n"), 10, 9},
        {TEXT ("a\n\"b\n"), 2, 1},
        // a quote within an unquoted field hides nothing
        {TEXT ("a\"b\nc\"d\n"), 4, 3},
        {TEXT ("a\"\"b\nc\"d\n"), 5, 4},
        {TEXT ("\"a\"b\"\nc\"\n"), 6, 5},
        // no end in sight
        {TEXT ("\"a\n"), 0, 99},
        {TEXT ("\"a\"\"\n"), 0, 99},
        {TEXT ("\"\n\""), 0, 99},
        {TEXT ("\""), 0, 99},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        bytes_t copy = exact (table[i].text);
        size_t end = 99, size = bet_csv_row_size (copy, &end);
        if (size != table[i].size || end != table[i].end)
            fail_msg ("row size %zu: %zu, %zu", i, size, end);
        free ((void *) copy.data);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_good),
        cmocka_unit_test (test_count),
        cmocka_unit_test (test_refused),
        cmocka_unit_test (test_lengths),
        cmocka_unit_test (test_agency_and_number_max),
        cmocka_unit_test (test_next),
        cmocka_unit_test (test_next_refuses),
        cmocka_unit_test (test_row_size),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

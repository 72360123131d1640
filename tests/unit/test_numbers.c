/* test_numbers.c - rows whose number is above what a draw takes. */

#include "numbers.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
    const char *rows;
    uint64_t highest;
    uint32_t row; // 0: none
    uint64_t number;
} table[] = {
    {"", 9, 0, 0},
    {"a,b,1,2000-01-01,9\n", 9, 0, 0},
    {"a,b,1,2000-01-01,10\n", 9, 1, 10},
    {"a,b,1,2000-01-01,9\r\na,b,1,2000-01-01,10\r\n", 9, 2, 10},
    {"a,b,1,2000-01-01,0000000009\n", 9, 0, 0},
    {"a,b,1,2000-01-01,0000000010\n", 9, 1, 10},
    {"a,b,1,2000-01-01,9999999999\n", UINT32_MAX, 1, 9999999999},
    {"a,b,1,2000-01-01,99999999999\n", 9, 0, 0}, // too long for a number
    {"a,b,1,2000-01-01,1x\n", 9, 0, 0},
    {"a,b,1,2000-01-01,-10\n", 9, 0, 0},
    {"a,b,1,2000-01-01,\n", 9, 0, 0},
    {"a,b,1,2000-01-01, 10\n", 9, 0, 0},
    {"10\n", 9, 0, 0}, // no row at all
    {"\n\r\n,10\n", 9, 3, 10},
    {"a,b,1,2000-01-01,\"9\"\n", 9, 0, 0},
    {"a,b,1,2000-01-01,\"10\"\n", 9, 1, 10},
    {"a,b,1,2000-01-01,10\"\n", 9, 0, 0},
    {"\"a,10\nb\",c,1,2000-01-01,9\na,b,1,2000-01-01,77\n", 9, 2, 77},
    {"a,\"b\",1,2000-01-01,\"7,10\"\n", 9, 0, 0},
    {"\"", 9, 0, 0},
    {"a,b,1,2000-01-01,10", 9, 0, 0}, // no line end, no row
    {"a,b,1,2000-01-01,9999999\n", 9999999, 0, 0},
    {"a,b,1,2000-01-01,9999999\r\n", 9999998, 1, 9999999},
    {"a,b,1,2000-01-01,12345678\r\n", 12345677, 1, 12345678},
    {"a,b,1,2000-01-01,1:\n", 0, 0, 0},
    {"a,b,1,2000-01-01,/1\n", 0, 0, 0},
    {"a,b,1,2000-01-01,\xB1\xB1\n", 0, 0, 0},
    {"a,b,1,2000-01-01,,7\n", 6, 1, 7},
};

static void test_numbers (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint64_t number = 0;
        const uint32_t row =
            numbers_beyond (bytes_of (table[i].rows, strlen (table[i].rows)),
                            table[i].highest, &number);
        if (row != table[i].row || number != table[i].number)
            fail_msg ("'%s': row %" PRIu32 ", number %" PRIu64, table[i].rows, row,
                      number);
    }
}

/* However many digits, and whatever their value. */
static void test_all_lengths (void **state)
{
    (void) state;
    uint64_t random = 1;
    for (int i = 0; i < 100000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const int digits = 1 + (int) (random >> 60) % 10;
        uint64_t value = random >> 20, number = 0;
        for (int j = 10; j > digits; j--)
            value /= 10;
        value %= 10000000000;
        char row[64];
        const int size =
            snprintf (row, sizeof row, "a,b,1,2000-01-01,%0*" PRIu64 "%s\n", digits,
                      value, i % 2 ? "\r" : "");
        const bytes_t rows = bytes_of (row, (size_t) size);
        assert_int_equal (numbers_beyond (rows, value, &number), 0);
        if (value == 0)
            continue;
        assert_int_equal (numbers_beyond (rows, value - 1, &number), 1);
        assert_true (number == value);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_numbers),
                                       cmocka_unit_test (test_all_lengths)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}

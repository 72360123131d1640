/* test_digest.c - the running hash against golden values, which Python's xxhash made,
   and against itself however the rows are parted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "digest.h"

#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static const struct {
    const char *row;
    uint64_t digest; // behind it and those before
} golden[] = {
    {"Lucía,Fernández,30111222,1990-05-17,7574", 0xb869bcffb196ec32},
    {"Tomás Ignacio,Roldán,27333444,1984-02-29,12", 0x8cffab2636d02a6b},
    {"\"Nuñez, hija\",\"Ana \"\"Anita\"\"\",40123456,1998-02-28,7", 0xd9ddbb718471ce2d},
};

static bytes_t text (const char *of)
{
    return bytes_of (of, strlen (of));
}

static uint64_t digest_of (uint64_t before, bytes_t rows, size_t prefix)
{
    digest_rows (&before, rows, prefix);
    return before;
}

static void rows_have_the_documented_digest (void **state)
{
    (void) state;
    uint64_t digest = DIGEST_START;
    assert_int_equal (DIGEST_START, 0);
    for (size_t i = 0; i < COUNT (golden); i++) {
        digest = digest_row (digest, text (golden[i].row));
        assert_true (digest == golden[i].digest);
    }
}

static void prefix_and_line_end_do_not_count (void **state)
{
    (void) state;
    static const uint32_t agencies[] = {1, 9, 10, 99, 100, 12345, UINT32_MAX};
    for (size_t i = 0; i < COUNT (agencies); i++) {
        char rows[1024];
        size_t size = 0;
        for (size_t j = 0; j < COUNT (golden); j++)
            size +=
                (size_t) sprintf (rows + size, "%u,%s\r\n", agencies[i], golden[j].row);
        const size_t prefix = (size_t) snprintf (NULL, 0, "%u,", agencies[i]);
        assert_int_equal (digest_prefix (agencies[i]), prefix);
        assert_true (digest_of (0, bytes_of (rows, size), prefix) ==
                     golden[COUNT (golden) - 1].digest);
    }
}

static void batches_may_be_parted_anywhere (void **state)
{
    (void) state;
    char rows[1024];
    size_t size = 0, ends[COUNT (golden) + 1] = {0};
    for (size_t i = 0; i < COUNT (golden); i++) {
        size += (size_t) sprintf (rows + size, "7,%s\r\n", golden[i].row);
        ends[i + 1] = size;
    }
    for (size_t i = 0; i <= COUNT (golden); i++) {
        uint64_t digest = digest_of (0, bytes_of (rows, ends[i]), 2);
        digest = digest_of (digest, bytes_of (rows + ends[i], size - ends[i]), 2);
        assert_true (digest == golden[COUNT (golden) - 1].digest);
    }
}

static void other_bets_or_another_order_have_another_digest (void **state)
{
    (void) state;
    const bytes_t one = text (golden[0].row), two = text (golden[1].row);
    const uint64_t before = digest_row (digest_row (0, one), two);
    assert_true (digest_row (digest_row (0, two), one) != before);
    assert_true (digest_row (0, two) != before);
    assert_true (digest_row (digest_row (0, one), bytes_of (two.data, two.size - 1)) !=
                 before);
    assert_true (digest_row (0, bytes_of (NULL, 0)) != 0); // an empty row counts
}

/* Recovery hashes whatever a damaged file holds. */
static void any_bytes_are_hashed_within_their_bounds (void **state)
{
    (void) state;
    static const char *const odd[] = {"",       "\n", "\r\n", "x", "1,\r\n",
                                      "\n\n\n", "\r", "1,a",  "12"};
    for (size_t i = 0; i < COUNT (odd); i++)
        for (size_t prefix = 0; prefix < 12; prefix++) {
            const size_t size = strlen (odd[i]);
            uint8_t *copy =
                malloc (size ? size : 1); // ASan sees who reads past its end
            assert_non_null (copy);
            memcpy (copy, odd[i], size);
            const uint64_t digest = digest_of (5, bytes_of (copy, size), prefix);
            assert_true ((digest == 5) == (size == 0));
            free (copy);
        }
}

/* Whatever is taken for plain has no quotes and no leading zeros; the rest is left. */
static void rows_as_typed_are_taken_as_long_as_they_are_plain (void **state)
{
    (void) state;
    static const struct {
        const char *rows;
        uint32_t rows_max, taken;
        const char *rest;
    } table[] = {
        {"", 9, 0, ""},
        {"Ana,Paz,20000000,2000-01-01,1", 9, 0, "Ana,Paz,20000000,2000-01-01,1"},
        {"Ana,Paz,20000000,2000-01-01,1\n", 9, 1, ""},
        {"Ana,Paz,20000000,2000-01-01,1\r\n", 9, 1, ""},
        {"Ana,Paz,20000000,2000-01-01,0\nx", 9, 1, "x"},
        {"Ana,Paz,20000000,2000-01-01,10\nx", 9, 1, "x"},
        {"Ana,Paz,20000000,2000-01-01,01\n", 9, 0, "Ana,Paz,20000000,2000-01-01,01\n"},
        {"Ana,Paz,2,2000-01-01,0000000001\n", 9, 0,
         "Ana,Paz,2,2000-01-01,0000000001\n"},
        {"Ana,Paz,20000000,2000-01-01,1\n\nx", 9, 1, "\nx"},
        {"Ana,Paz,20000000,2000-01-01,1\nA,B,1,2000-01-01,2\nx", 9, 2, "x"},
        {"Ana,Paz,20000000,2000-01-01,1\nA,B,1,2000-01-01,2\nx", 1, 1,
         "A,B,1,2000-01-01,2\nx"},
        {"Ana,Paz,20000000,2000-01-01,1\n\"A\",B,1,2000-01-01,2\n", 9, 1,
         "\"A\",B,1,2000-01-01,2\n"},
    };
    for (size_t i = 0; i < COUNT (table); i++) {
        bytes_t rows = text (table[i].rows);
        const size_t size = rows.size;
        uint64_t digest = 7, expected = 7;
        const uint32_t taken = digest_plain_rows (&digest, &rows, table[i].rows_max);
        if (taken != table[i].taken || !bytes_equal (rows, text (table[i].rest)))
            fail_msg ("case %zu: %u taken", i, taken);
        digest_rows (&expected, bytes_of (table[i].rows, size - rows.size), 0);
        assert_true (digest == expected);
    }
}

/* Rows of all lengths, so that they lie in every way across the blocks that are looked
   at, against one row after the other. */
static void rows_of_any_length_are_told_apart (void **state)
{
    (void) state;
    char rows[64 * 256];
    for (size_t shift = 0; shift < 64; shift++) {
        size_t size = 0;
        uint64_t expected = 1, digest = 1, plain = 1;
        uint32_t count = 0;
        for (size_t length = 17; length < 90; length++, count++) {
            memset (rows + size, 'a' + (int) (length % 20), length + shift % 7);
            expected =
                digest_row (expected, bytes_of (rows + size, length + shift % 7));
            size += length + shift % 7;
            if ((length + shift) % 3 == 0)
                rows[size++] = '\r';
            rows[size++] = '\n';
        }
        assert_int_equal (digest_rows (&digest, bytes_of (rows, size), 0), count);
        assert_true (digest == expected);
        bytes_t rest = bytes_of (rows, size);
        assert_int_equal (digest_plain_rows (&plain, &rest, UINT32_MAX), count);
        assert_true (plain == expected);
        assert_int_equal (rest.size, 0);
    }
}

/* Any number against any highest, short rows and long ones; the digest is the same. */
static void numbers_are_held_against_the_highest (void **state)
{
    (void) state;
    static const uint32_t highests[] = {
        0,     1,       8,       9,        10,       74,       99,        100,
        998,   999,     1000,    9998,     9999,     10000,    65535,     99999,
        99998, 9999998, 9999999, 10000000, 99999999, 99999998, 999999998, 999999999};
    static const char *const begins[] = {"a,b,1,", "1,Ana,Paz,20000000,2000-01-01,",
                                         "x,\"9,9\",-,"};
    for (size_t i = 0; i < COUNT (highests); i++)
        for (size_t k = 0; k < COUNT (highests); k++)
            for (int near = -1; near <= 1; near++)
                for (size_t b = 0; b < COUNT (begins); b++) {
                    char rows[256];
                    const uint32_t number = highests[k] + (uint32_t) near;
                    if (number > 999999999)
                        continue;
                    const int size =
                        snprintf (rows, sizeof rows, "%s0\r\n%s%u\r\n%s0\r\n",
                                  begins[0], begins[b], number, begins[1]);
                    const bytes_t all = bytes_of (rows, (size_t) size);
                    uint64_t digest = 5;
                    uint32_t beyond = 77;
                    assert_int_equal (
                        digest_rows_within (&digest, all, 2, highests[i], &beyond), 3);
                    if (beyond != (number > highests[i] ? 2 : 0))
                        fail_msg ("%u of at most %u", number, highests[i]);
                    assert_true (digest == digest_of (5, all, 2));
                }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (rows_have_the_documented_digest),
        cmocka_unit_test (prefix_and_line_end_do_not_count),
        cmocka_unit_test (batches_may_be_parted_anywhere),
        cmocka_unit_test (other_bets_or_another_order_have_another_digest),
        cmocka_unit_test (any_bytes_are_hashed_within_their_bounds),
        cmocka_unit_test (rows_as_typed_are_taken_as_long_as_they_are_plain),
        cmocka_unit_test (rows_of_any_length_are_told_apart),
        cmocka_unit_test (numbers_are_held_against_the_highest),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

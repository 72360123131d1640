/* test_needle.c - rows with a number, against a look at each row. */

#include "testing.h"

#include "needle.h"

#include "random.h"

static void assert_found (const char *text, uint32_t number)
{
    const bytes_t rows = bytes_of (text, strlen (text));
    const needle_t needle = needle_of (number);
    char end[32];
    const size_t size = (size_t) snprintf (end, sizeof end, ",%u\r\n", number);
    size_t from = 0;
    for (size_t at = 0; at < rows.size;) {
        const uint8_t *line_end = memchr (rows.data + at, '\n', rows.size - at);
        const size_t row = (size_t) (line_end - (rows.data + at)) + 1;
        if (row >= size && memcmp (line_end + 1 - size, end, size) == 0) {
            const bytes_t found = needle_find (&needle, rows, from);
            assert_ptr_equal (found.data, rows.data + at);
            assert_int_equal (found.size, row);
            from = at + row;
        }
        at += row;
    }
    assert_null (needle_find (&needle, rows, from).data);
}

static void a_row_has_the_number_at_its_end (void **state)
{
    (void) state;
    static const char *const rows[] = {
        "",
        "1,A,B,1,2000-01-01,7\r\n",
        "1,A,B,1,2000-01-01,77\r\n1,\",7\",B,1,2000-01-01,70\r\n",
        "1,A,B,1,2000-01-01,7\r\n1,A,B,1,2000-01-01,7\r\n2,A,B,1,2000-01-01,8\r\n",
        "7,7,7,7,2000-01-01,7\r\n1,A,B,7,2000-01-01,17\r\n",
    };
    static const uint32_t numbers[] = {0, 7, 8, 17, 70, 77, 777, 999999999};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
            assert_found (rows[i], numbers[n]);
}

/* Of any length before, so that it stands anywhere in what is compared at once. */
static void it_is_found_wherever_it_stands (void **state)
{
    (void) state;
    static char text[64 * 1024];
    uint64_t random = 3;
    for (int round = 0; round < 200; round++) {
        size_t size = 0;
        for (int i = 0; i < 60; i++)
            size += (size_t) sprintf (
                text + size, "1,%.*s,B,1,2000-01-01,%u\r\n",
                1 + (int) random_below (&random, 40),
                "1234567,1234,12341234123412341,123412345",
                (unsigned) random_below (&random, round < 100 ? 4 : 12345));
        for (uint32_t number = 0; number < 4; number++)
            assert_found (text, number);
        assert_found (text, 1234);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_row_has_the_number_at_its_end),
        cmocka_unit_test (it_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

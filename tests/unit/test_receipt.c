/* test_receipt.c - ticket.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "receipt.h"

#define TIME     "2026-11-30T21:00:05Z"
#define IDENTITY "7c3a91d2e45b60f8"

static bytes_t text_bytes (const char *text)
{
    return bytes_of (text, strlen (text));
}

static void a_line_is_read_as_it_was_written (void **state)
{
    (void) state;
    static const struct {
        receipt_sale_t sale;
        uint64_t offset;
        uint32_t number;
        const char *line;
    } cases[] = {
        {{"first", 0x7c3a91d2e45b60f8, 3},
         811,
         7574,
         "first-3-811," TIME ",7574," IDENTITY "\n"},
        {{"2026-11-25-nocturna", 1, AGENCIES_MAX},
         0,
         0,
         "2026-11-25-nocturna-100000-0," TIME ",0,0000000000000001\n"},
        {{"a-1-2", UINT64_MAX, 1},
         UINT64_MAX,
         999999999,
         "a-1-2-1-18446744073709551615," TIME ",999999999,ffffffffffffffff\n"},
        {{"first", 7, 3},
         2,
         RECEIPT_NO_NUMBER,
         "first-3-2," TIME ",,0000000000000007\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[RECEIPT_LINE_BYTES];
        receipt_t ticket;
        const size_t size = receipt_write (&cases[i].sale, cases[i].offset, TIME,
                                           cases[i].number, text);
        assert_string_equal (text, cases[i].line);
        assert_int_equal (size, strlen (text));
        assert_true (receipt_read (bytes_of (text, size - 1), &ticket));
        assert_true (receipt_same_sale (&ticket.sale, &cases[i].sale));
        assert_true (ticket.offset == cases[i].offset);
        assert_int_equal (ticket.number, cases[i].number);
    }
}

static void the_longest_line_has_room (void **state)
{
    (void) state;
    receipt_sale_t sale = {.identity = 1, .agency = AGENCIES_MAX};
    char text[RECEIPT_LINE_BYTES];
    memset (sale.draw, 'a', DRAW_NAME_BYTES_MAX);
    const size_t size = receipt_write (&sale, UINT64_MAX, TIME, NUMBER_MAX_MAX, text);
    assert_true (size < RECEIPT_LINE_BYTES);
    assert_int_equal (text[size - 1], '\n');
}

static void what_is_none_is_refused (void **state)
{
    (void) state;
    static const char *const lines[] = {
        "",
        "first-3-811",
        "first-3-811," TIME ",7574",
        "first-3-811," TIME ",7574,",
        "first-3-811," TIME ",7574," IDENTITY "0",
        "first-3-811," TIME ",7574," IDENTITY "\r",
        "first-3-811," TIME ",7574,7C3A91D2E45B60F8",
        "first-3-811," TIME ",07574," IDENTITY,
        "first-3-811," TIME ",-1," IDENTITY,
        "first-3-811," TIME ",1000000000," IDENTITY,
        "first-3-811,2026-11-30 21:00:05Z,7574," IDENTITY,
        "first-3-811,,7574," IDENTITY,
        "first-3-," TIME ",7574," IDENTITY,
        "first-03-811," TIME ",7574," IDENTITY,
        "first-0-811," TIME ",7574," IDENTITY,
        "first-100001-811," TIME ",7574," IDENTITY,
        "first-3-18446744073709551616," TIME ",7574," IDENTITY,
        "3-811," TIME ",7574," IDENTITY,
        "-3-811," TIME ",7574," IDENTITY,
        "fi_rst-3-811," TIME ",7574," IDENTITY,
        "a23456789-123456789-123456789-123456789-1-3-811," TIME ",7574," IDENTITY,
        "Ana,Paz,30111222,1990-05-17,12",
    };
    receipt_t ticket;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (receipt_read (text_bytes (lines[i]), &ticket))
            fail_msg ("taken: %s", lines[i]);
}

static void sales_differ (void **state)
{
    (void) state;
    const receipt_sale_t sale = {"first", 7, 3}, name = {"First", 7, 3},
                         identity = {"first", 8, 3}, agency = {"first", 7, 4};
    assert_true (receipt_same_sale (&sale, &sale));
    assert_false (receipt_same_sale (&sale, &name));
    assert_false (receipt_same_sale (&sale, &identity));
    assert_false (receipt_same_sale (&sale, &agency));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_line_is_read_as_it_was_written),
        cmocka_unit_test (the_longest_line_has_room),
        cmocka_unit_test (what_is_none_is_refused),
        cmocka_unit_test (sales_differ),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_turned_down.c - what was refused, counted and kept. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "turned_down.h"

static turned_down_t *refusals;

static int begin (void **state)
{
    (void) state;
    refusals = turned_down_new ();
    return 0;
}

static int end (void **state)
{
    (void) state;
    turned_down_destroy (&refusals);
    return 0;
}

static void add (wire_code_t code, const char *text)
{
    const wire_message_t refused = {
        .command = WIRE_REFUSED,
        .agency = 4,
        .draw = 0xABC,
        .refused = {.code = (uint16_t) code,
                    .command = WIRE_BATCH,
                    .row = 3,
                    .field = 2,
                    .offset = 800,
                    .text = bytes_of (text, strlen (text))}};
    turned_down_add (refusals, &refused, "10.0.0.7", 1000);
}

/* The one with this ordinal, as it is told. */
static const char *line (uint64_t ordinal)
{
    static char shown[LOGGER_SHOWN_BYTES];
    char kept[RING_LINE_BYTES_MAX];
    const size_t size = line_ring_get (turned_down_kept (refusals), ordinal, kept);
    shown[turned_down_show (refusals, bytes_of (kept, size), 1795000000000, shown)] = 0;
    return shown;
}

static void a_refusal_becomes_a_line (void **state)
{
    (void) state;
    add (REFUSED_FIELDS, "2 fields instead of five");
    assert_string_equal (line (0),
                         "1795000001000 agency: 4 | draw: 0000000000000abc | code: "
                         "FIELDS | command: BATCH | row: 3 | field: 2 | offset: 800 | "
                         "address: 10.0.0.7 | reason: 2 fields instead of five");
    turned_down_draw (refusals, 0xABC, bytes_of ("noche", 5));
    assert_non_null (strstr (line (0), "| draw: noche | "));
}

static void what_comes_again_is_only_counted (void **state)
{
    (void) state;
    add (REFUSED_BUSY, "");
    add (REFUSED_UNAVAILABLE, "");
    assert_int_equal (line_ring_next (turned_down_kept (refusals)), 0);
    add (REFUSED_NOSPACE, "");
    assert_int_equal (line_ring_next (turned_down_kept (refusals)), 1);
    assert_int_equal (turned_down_count (refusals, REFUSED_BUSY), 1);
    assert_int_equal (turned_down_count (refusals, REFUSED_NOSPACE), 1);
    assert_int_equal (turned_down_all (refusals), 3);
}

static void a_reason_is_one_part_of_one_line (void **state)
{
    (void) state;
    char longest[REFUSAL_TEXT_MAX + 1];
    memset (longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    add (REFUSED_DATE, "a | reason: b\nc\x1B[31m");
    assert_non_null (strstr (line (0), "| reason: a / reason: b c [31m"));
    add (REFUSED_DATE, longest);
    assert_string_equal (strstr (line (1), "xxx"), longest);
    add (REFUSED_DATE, "");
    assert_string_equal (strstr (line (2), "| reason:"), "| reason: ");
}

static void the_latest_are_kept (void **state)
{
    (void) state;
    for (int i = 0; i < REFUSALS_KEPT + 5; i++)
        add (REFUSED_DATE, i % 2 ? "odd" : "even");
    const line_ring_t *kept = turned_down_kept (refusals);
    assert_int_equal (line_ring_first (kept), 5);
    assert_int_equal (line_ring_next (kept), REFUSALS_KEPT + 5);
    for (uint64_t i = 5; i < REFUSALS_KEPT + 5; i++)
        assert_non_null (strstr (line (i), i % 2 ? "odd" : "even"));
}

/* Any number may come in a message from within. */
static void unknown_codes_and_commands_do_no_harm (void **state)
{
    (void) state;
    wire_message_t refused = {.command = WIRE_REFUSED,
                              .refused = {.code = UINT16_MAX, .command = UINT8_MAX}};
    turned_down_add (refusals, &refused, NULL, 0);
    assert_int_equal (turned_down_all (refusals), 1);
    assert_non_null (strstr (line (0), "draw:  | code: ? | command: ? |"));
}

static void the_latest_draws_have_names (void **state)
{
    (void) state;
    char name[16];
    for (uint64_t draw = 1; draw < 1000; draw++) {
        snprintf (name, sizeof name, "d%u", (unsigned) draw);
        turned_down_draw (refusals, draw, bytes_of (name, strlen (name)));
        turned_down_draw (refusals, draw, bytes_of (name, strlen (name)));
    }
    turned_down_draw (refusals, 0xABC, bytes_of ("noche", 5));
    add (REFUSED_CLOSED, "");
    assert_non_null (strstr (line (0), "| draw: noche | "));
}

#define REFUSALS_TEST(test) cmocka_unit_test_setup_teardown (test, begin, end)

int main (void)
{
    const struct CMUnitTest tests[] = {
        REFUSALS_TEST (a_refusal_becomes_a_line),
        REFUSALS_TEST (what_comes_again_is_only_counted),
        REFUSALS_TEST (a_reason_is_one_part_of_one_line),
        REFUSALS_TEST (the_latest_are_kept),
        REFUSALS_TEST (unknown_codes_and_commands_do_no_harm),
        REFUSALS_TEST (the_latest_draws_have_names),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

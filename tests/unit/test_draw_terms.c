/* test_draw_terms.c - number and close of a draw, as people write them. */

#include "testing.h"

#include "draw_terms.h"

static void numbers (void **state)
{
    static const struct {
        const char *text;
        uint8_t source;
        uint32_t number;
    } good[] = {{"fixed:7574", 'F', 7574},
                {"fixed:0", 'F', 0},
                {"fixed:000000000000007", 'F', 7},
                {"fixed:999999999", 'F', 999999999},
                {"entered", 'E', 0},
                {"random", 'R', 0},
                {"provable", 'P', 0}};
    static const char *const bad[] = {"",           "7574",     "fixed",
                                      "fixed:",     "fixed:-1", "fixed:1000000000",
                                      "fixed: 1",   "fixed:1x", "Random",
                                      "entered:1",  "fixed:+1", "fixed:99999999999999",
                                      "provable:1", "Provable"};
    terms_number_t number;
    (void) state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_null (terms_number_parse (good[i].text, &number));
        assert_int_equal (number.source, good[i].source);
        assert_int_equal (number.number, good[i].number);
        assert_null (terms_number_fault (good[i].text));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *wrong = terms_number_parse (bad[i], &number);
        assert_non_null (wrong);
        assert_null (strstr (wrong, "7574"));
    }
    assert_string_equal (terms_source_name ('F'), "fixed");
    assert_string_equal (terms_source_name ('E'), "entered");
    assert_string_equal (terms_source_name ('R'), "random");
    assert_string_equal (terms_source_name ('P'), "provable");
    assert_string_equal (terms_source_name (0), "?");
}

static void closes (void **state)
{
    static const char *const bad[] = {"",      "24:00", "21:60", "9:00",  "21:00:00",
                                      "21.00", "2100",  "Never", "+1:00", "21:0x"};
    terms_closes_t given;
    (void) state;
    assert_null (terms_closes_parse ("all-asked", &given));
    assert_int_equal (given.closing, TERMS_ALL_ASKED);
    assert_int_equal (terms_closes_ms (given, 1), 0);
    assert_null (terms_closes_parse ("never", &given));
    assert_int_equal (given.closing, TERMS_NEVER);
    assert_true (terms_closes_ms (given, 1) == UINT64_MAX);
    assert_null (terms_closes_parse ("23:59", &given));
    assert_int_equal (given.closing, TERMS_AT);
    assert_int_equal (given.minute, 23 * 60 + 59);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null (terms_closes_parse (bad[i], &given));
}

static uint64_t closes_ms (const char *text, uint64_t now_ms)
{
    terms_closes_t given;
    assert_null (terms_closes_parse (text, &given));
    return terms_closes_ms (given, now_ms);
}

static void the_next_such_moment (void **state)
{
    const uint64_t nine = 1796083200000; // 2026-11-30 21:00:00 there
    const uint64_t day = 86400000;
    (void) state;
    setenv ("TZ", "<-03>3", 1);
    assert_int_equal (closes_ms ("21:00", nine - 1), nine);
    assert_int_equal (closes_ms ("21:00", nine - day), nine);
    assert_int_equal (closes_ms ("21:00", nine), nine + day); // after now
    assert_int_equal (closes_ms ("21:00", nine + 1), nine + day);
    assert_int_equal (closes_ms ("00:00", nine), nine + 3 * 3600000);
}

/* 2:30 is skipped on 2026-03-08, and 1:30 comes twice on 2026-11-01. */
static void where_the_clock_jumps (void **state)
{
    const uint64_t jump = 1772953200000, back = 1793511000000; // 7:00, 5:30 UTC
    const uint64_t day = 86400000, hour = 3600000;
    (void) state;
    setenv ("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    assert_int_equal (closes_ms ("02:30", jump - hour), jump);
    assert_int_equal (closes_ms ("02:30", jump), jump + day - hour / 2);
    assert_int_equal (closes_ms ("01:30", back - hour), back);
    // The second one is not that day's: the next is tomorrow's.
    assert_int_equal (closes_ms ("01:30", back + 1), back + day + hour);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (numbers),
        cmocka_unit_test (closes),
        cmocka_unit_test (the_next_such_moment),
        cmocka_unit_test (where_the_clock_jumps),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

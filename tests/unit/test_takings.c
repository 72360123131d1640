/* test_tally.c - takings.c */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "takings.h"

static takings_t *takings;
static sale_t first = {.identity = 7, .terms = {.name = "first"}};
static sale_t night = {.identity = 9, .terms = {.name = "night"}};

static int setup (void **state)
{
    (void) state;
    takings = takings_new ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    takings_destroy (&takings);
    assert_null (takings);
    return 0;
}

static void assert_entry (const takings_entry_t *entry, const char *draw,
                          uint32_t agency, uint64_t bets, uint64_t batches)
{
    assert_string_equal (entry->name, draw);
    assert_int_equal (entry->agency, agency);
    assert_int_equal (entry->bets, bets);
    assert_int_equal (entry->batches, batches);
}

static void sums_are_by_draw_and_agency (void **state)
{
    (void) state;
    size_t count;
    takings_add (takings, &first, 3, 100, 0);
    takings_add (takings, &night, 3, 7, 1);
    takings_add (takings, &first, AGENCIES_MAX, 1, 2);
    takings_add (takings, &first, 3, 50, 3);
    takings_add (takings, &night, 3, 1, 999);
    const takings_entry_t *entries = takings_take (takings, &count);
    assert_int_equal (count, 3);
    assert_entry (&entries[0], "first", 3, 150, 2);
    assert_entry (&entries[1], "night", 3, 8, 2);
    assert_entry (&entries[2], "first", AGENCIES_MAX, 1, 1);
}

static void a_second_begins_with_the_first_batch (void **state)
{
    (void) state;
    size_t count;
    assert_int_equal (takings_deadline (takings), INT64_MAX);
    takings_add (takings, &first, 1, 5, 300);
    takings_add (takings, &first, 2, 5, 1200);
    assert_int_equal (takings_deadline (takings), 300 + TAKINGS_MS);
    takings_take (takings, &count);
    assert_int_equal (count, 2);
    assert_int_equal (takings_deadline (takings), INT64_MAX);
    takings_take (takings, &count);
    assert_int_equal (count, 0);
    takings_add (takings, &first, 1, 5, 5000);
    assert_int_equal (takings_deadline (takings), 5000 + TAKINGS_MS);
}

static void what_was_taken_is_not_summed_again (void **state)
{
    (void) state;
    size_t count;
    for (int round = 1; round < 200; round++) { // the table grows, and is used again
        for (uint32_t agency = 1; agency <= (uint32_t) round; agency++)
            takings_add (takings, agency % 2 ? &first : &night, agency, agency, round);
        const takings_entry_t *entries = takings_take (takings, &count);
        assert_int_equal (count, round);
        for (uint32_t i = 0; i < count; i++)
            assert_entry (&entries[i], i % 2 ? "night" : "first", i + 1, i + 1, 1);
    }
}

#define TAKINGS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TAKINGS_TEST (sums_are_by_draw_and_agency),
        TAKINGS_TEST (a_second_begins_with_the_first_batch),
        TAKINGS_TEST (what_was_taken_is_not_summed_again),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

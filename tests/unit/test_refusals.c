/* test_refusals.c - refusals.c */

#include "testing.h"

#include "refusals.h"

static void take (refusals_t *refusals, const char *text, uint64_t next)
{
    refusals_take (refusals, bytes_of (text, strlen (text)), next);
}

static void assert_text (const refusals_t *refusals, const char *expected)
{
    const bytes_t text = refusals_text (refusals);
    assert_int_equal (text.size, strlen (expected));
    if (text.size > 0)
        assert_memory_equal (text.data, expected, text.size);
}

static void pages_go_on_where_the_last_one_ended (void **state)
{
    (void) state;
    refusals_t *refusals = refusals_new ();
    assert_int_equal (refusals_from (refusals), 0);
    assert_text (refusals, "");
    take (refusals, "1 a: b\n2 a: c\n", 7);
    assert_int_equal (refusals_from (refusals), 7);
    take (refusals, "", 7);
    take (refusals, "3 a: d\n", 8);
    assert_text (refusals, "1 a: b\n2 a: c\n3 a: d\n");
    assert_int_equal (refusals_count (refusals), 3);
    refusals_destroy (&refusals);
}

static void a_broker_that_was_started_again_is_asked_from_its_first (void **state)
{
    (void) state;
    refusals_t *refusals = refusals_new ();
    take (refusals, "1 a: b\n", 500);
    take (refusals, "", 3);
    assert_int_equal (refusals_from (refusals), 0);
    take (refusals, "2 a: c\n", 3);
    assert_int_equal (refusals_from (refusals), 3);
    assert_text (refusals, "1 a: b\n2 a: c\n");
    refusals_destroy (&refusals);
}

static void only_the_latest_are_kept (void **state)
{
    (void) state;
    refusals_t *refusals = refusals_new ();
    char line[32];
    for (unsigned i = 1; i <= 3 * REFUSALS_KEPT; i++) {
        snprintf (line, sizeof line, "%u a: b\n", i);
        take (refusals, line, i);
    }
    const bytes_t text = refusals_text (refusals);
    assert_int_equal (bytes_count (text, '\n'), REFUSALS_KEPT);
    snprintf (line, sizeof line, "%u a: b\n", 2 * REFUSALS_KEPT + 1);
    assert_memory_equal (text.data, line, strlen (line));
    assert_int_equal (refusals_count (refusals), 3 * REFUSALS_KEPT);
    refusals_destroy (&refusals);
}

static void half_a_line_is_none (void **state)
{
    (void) state;
    refusals_t *refusals = refusals_new ();
    take (refusals, "1 a: b\n2 a: c", 2);
    assert_text (refusals, "1 a: b\n");
    take (refusals, "\n", 3);
    assert_text (refusals, "1 a: b\n\n");
    refusals_destroy (&refusals);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (pages_go_on_where_the_last_one_ended),
        cmocka_unit_test (a_broker_that_was_started_again_is_asked_from_its_first),
        cmocka_unit_test (only_the_latest_are_kept),
        cmocka_unit_test (half_a_line_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

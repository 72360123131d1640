/* test_deadline.c - which deadline is the earliest, and that of none there is none. */

#include "testing.h"

#include "deadline.h"

static void the_earliest_counts (void **state)
{
    (void) state;
    const int64_t due[] = {7, INT64_MAX, -3, 5};
    assert_int_equal (deadline_earliest (due, 1), 7);
    assert_int_equal (deadline_earliest (due, 2), 7);
    assert_int_equal (deadline_earliest (due, 4), -3);
    assert_int_equal (deadline_earliest (due + 1, 1), INT64_MAX);
    assert_int_equal (deadline_earliest (NULL, 0), INT64_MAX);
    assert_int_equal (deadline_earlier (2, 1), 1);
    assert_int_equal (deadline_earlier (1, 2), 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_earliest_counts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

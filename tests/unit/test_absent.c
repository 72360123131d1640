/* test_absent.c - workers that fell silent. */

#include "testing.h"

#include "absent.h"

static absent_t absent;

static int begin (void **state)
{
    (void) state;
    absent = (absent_t){0};
    return 0;
}

static void keep (const char *name, uint32_t number, int64_t heard_ms)
{
    worker_t worker = {.number = number,
                       .holding = 7,
                       .answered = 100 + number,
                       .liveness = {.heard_ms = heard_ms}};
    snprintf (worker.name, sizeof worker.name, "%s", name);
    absent_keep (&absent, &worker);
}

static void they_are_kept_in_the_order_of_their_numbers (void **state)
{
    (void) state;
    assert_null (absent_from (&absent, 0));
    keep ("b", 5, 10);
    keep ("a", 2, 20);
    const worker_t *first = absent_from (&absent, 0);
    assert_string_equal (first->name, "a");
    assert_int_equal (first->holding, 7);
    assert_int_equal (first->liveness.heard_ms, 20);
    assert_string_equal (absent_from (&absent, 3)->name, "b");
    assert_null (absent_from (&absent, 6));
    assert_null (absent_from (&absent, UINT32_MAX));
}

static void who_comes_back_has_answered_what_it_had (void **state)
{
    (void) state;
    keep ("a", 2, 10);
    keep ("b", 3, 10);
    assert_int_equal (absent_return (&absent, "a"), 102);
    assert_int_equal (absent_return (&absent, "a"), 0);
    assert_int_equal (absent_return (&absent, "nobody"), 0);
    assert_string_equal (absent_from (&absent, 0)->name, "b");
}

static void one_is_kept_of_a_name_and_none_that_another_has (void **state)
{
    (void) state;
    keep ("a", 2, 10);
    keep ("a", 9, 20);
    assert_int_equal (absent.count, 1);
    assert_int_equal (absent_from (&absent, 0)->number, 9);
    const worker_t eclipsed = {.name = "b", .eclipsed = true};
    absent_keep (&absent, &eclipsed);
    assert_int_equal (absent.count, 1);
}

static void they_are_forgotten_after_a_while (void **state)
{
    (void) state;
    absent_expire (&absent, INT64_MAX);
    keep ("a", 1, 2000);
    keep ("b", 2, 1000);
    absent_expire (&absent, 999 + ABSENT_MS);
    assert_int_equal (absent.count, 2);
    absent_expire (&absent, 1000 + ABSENT_MS);
    assert_string_equal (absent_from (&absent, 0)->name, "a");
    assert_int_equal (absent.count, 1);
    absent_expire (&absent, 2000 + ABSENT_MS);
    assert_int_equal (absent.count, 0);
}

static void there_is_room_for_the_latest_ones (void **state)
{
    (void) state;
    for (uint32_t i = 0; i < 3 * ABSENT_MAX; i++) {
        char name[16];
        snprintf (name, sizeof name, "w%u", (unsigned) i);
        keep (name, i, i);
    }
    assert_int_equal (absent.count, ABSENT_MAX);
    assert_int_equal (absent_from (&absent, 0)->number, 2 * ABSENT_MAX);
}

#define ABSENT_TEST(test) cmocka_unit_test_setup (test, begin)

int main (void)
{
    const struct CMUnitTest tests[] = {
        ABSENT_TEST (they_are_kept_in_the_order_of_their_numbers),
        ABSENT_TEST (who_comes_back_has_answered_what_it_had),
        ABSENT_TEST (one_is_kept_of_a_name_and_none_that_another_has),
        ABSENT_TEST (they_are_forgotten_after_a_while),
        ABSENT_TEST (there_is_room_for_the_latest_ones),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

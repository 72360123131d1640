/* test_children.c - children.c: who there is to be, in which order, and when. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bounds.h"
#include "children.h"

static const char *const storage[] = {"/bin/storage", NULL};
static const char *const worker[] = {"/bin/worker", "--quick", NULL};
static const char *const web[] = {"/bin/web", NULL};

/* storage, two workers and a page. */
static children_t family (void)
{
    children_t children = {0};
    children_add (&children, "storage", storage, 7);
    children_add (&children, "worker", worker, -1);
    children_add (&children, "worker", worker, -1);
    children_add (&children, "web", web, -1);
    return children;
}

static void those_of_one_name_have_numbers (void **state)
{
    (void) state;
    static const char *const labels[] = {"storage", "worker", "worker-2", "web"};
    children_t children = family ();
    for (size_t i = 0; i < 4; i++)
        assert_string_equal (children.list[i].label, labels[i]);
    assert_string_equal (children_add_like (&children, 1)->label, "worker-3");
    children_remove (&children, 2);
    assert_string_equal (children_add_like (&children, 1)->label, "worker-2");
    children_remove (&children, 1);
    assert_string_equal (children_add_like (&children, 1)->label, "worker");
    assert_string_equal (children_add_like (&children, 1)->label, "worker-4");
    children_clear (&children);
}

static void kinds_stay_together (void **state)
{
    (void) state;
    static const char *const expected[] = {"storage", "worker", "worker", "worker",
                                           "web"};
    children_t children = family ();
    children_add_like (&children, 1);
    assert_int_equal (children.count, 5);
    for (size_t i = 0; i < children.count; i++)
        assert_string_equal (children.list[i].name, expected[i]);
    assert_int_equal (children_first_of_kind (&children, 5), 4);
    assert_int_equal (children_first_of_kind (&children, 4), 1);
    assert_int_equal (children_first_of_kind (&children, 1), 0);
    assert_string_equal (children.list[3].argv[1], "--quick");
    assert_ptr_not_equal (children.list[3].argv, children.list[1].argv);
    assert_false (children.list[3].needed);
    assert_true (children.list[1].needed);
    children_clear (&children);
    assert_int_equal (children.count, 0);
}

static void who_does_not_run_goes_first_then_the_youngest (void **state)
{
    (void) state;
    children_t children = family ();
    for (size_t i = 0; i < children.count; i++)
        children.list[i].pid = (pid_t) (100 + i);
    assert_int_equal (children_surplus (&children, "worker"), 2);
    children.list[1].pid = 0;
    assert_int_equal (children_surplus (&children, "worker"), 1);
    children.list[1].pid = 101;
    children.list[2].kill_at_ms = 5000; // it goes already
    assert_int_equal (children_wanted (&children, "worker"), 1);
    assert_int_equal (children_surplus (&children, "worker"), 1);
    assert_int_equal (children_surplus (&children, "nobody"), children.count);
    assert_int_equal (children_running (&children), 4);
    assert_ptr_equal (children_with (&children, 102), &children.list[2]);
    assert_null (children_with (&children, 99));
    children_clear (&children);
}

static void restarts_do_not_become_fewer (void **state)
{
    (void) state;
    children_t children = family ();
    children.list[1].restarts = 2;
    children.list[2].restarts = 3;
    assert_int_equal (children_restarts (&children, "worker"), 5);
    children_remove (&children, 2);
    assert_int_equal (children.count, 3);
    assert_string_equal (children.list[2].name, "web");
    assert_int_equal (children_restarts (&children, "worker"), 5);
    assert_int_equal (children_restarts (&children, "web"), 0);
    children_clear (&children);
}

static void pauses_double_and_begin_anew_after_a_while (void **state)
{
    (void) state;
    children_t children = family ();
    child_t *child = &children.list[0];
    int64_t now_ms = 1000, expected = RESTART_BACKOFF_MS;
    for (int i = 0; i < 10; i++) {
        child->started_ms = now_ms;
        now_ms += 10;
        assert_int_equal (child_put_off (child, now_ms, false), expected);
        assert_int_equal (child->start_at_ms, now_ms + expected);
        now_ms += expected;
        expected = 2 * expected < RESTART_BACKOFF_MS_MAX ? 2 * expected
                                                         : RESTART_BACKOFF_MS_MAX;
    }
    child->started_ms = now_ms;
    assert_false (child_ran (child, now_ms + 1999));
    assert_true (child_ran (child, now_ms + 2000));
    assert_int_equal (child_put_off (child, now_ms + 2000, false), RESTART_BACKOFF_MS);
    // one that cannot start as it was told is not tried often
    child->started_ms = now_ms;
    assert_int_equal (child_put_off (child, now_ms + 10, true), RESTART_BACKOFF_MS_MAX);
    child->needed = false;
    assert_int_equal (child_put_off (child, now_ms + 10, true), WAIT_AGAIN_MS);
    assert_int_equal (child_put_off (child, now_ms + 10, false),
                      RESTART_BACKOFF_MS_MAX);
    // nor is it taken for one that ran because it could not even be started
    assert_false (child_ran (child, now_ms + 1000000));
    children_clear (&children);
}

static void the_first_deadline_counts (void **state)
{
    (void) state;
    children_t children = family ();
    assert_int_equal (children_deadline (&children), 0); // all are due
    for (size_t i = 0; i < children.count; i++)
        children.list[i].pid = (pid_t) (100 + i);
    assert_int_equal (children_deadline (&children), INT64_MAX);
    children.list[1].pid = 0;
    children.list[1].start_at_ms = 700;
    assert_int_equal (children_deadline (&children), 700);
    children.list[2].kill_at_ms = 600;
    assert_int_equal (children_deadline (&children), 600);
    children_clear (&children);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (those_of_one_name_have_numbers),
        cmocka_unit_test (kinds_stay_together),
        cmocka_unit_test (who_does_not_run_goes_first_then_the_youngest),
        cmocka_unit_test (restarts_do_not_become_fewer),
        cmocka_unit_test (pauses_double_and_begin_anew_after_a_while),
        cmocka_unit_test (the_first_deadline_counts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_figures.c - figures.c: what a central tells of its processes, page by page. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "figures.h"

static char text[64 * 1024];

/* Everything that the enumeration has from a position on. */
static const char *told (const children_t *children, uint64_t position)
{
    metrics_page_t page = {.text = text, .capacity = sizeof text - 1};
    for (int i = 0; figures_put (children, &position, &page); i++)
        assert_true (i < 10000);
    assert_false (page.full);
    text[page.size] = 0;
    return text;
}

static children_t family (void)
{
    static const char *const storage[] = {"/bin/storage", NULL};
    static const char *const worker[] = {"/bin/worker", NULL};
    children_t children = {0};
    children_add (&children, "storage", storage, -1)->pid = 30;
    children_add (&children, "worker", worker, -1)->pid = 50;
    children_add (&children, "worker", worker, -1)->pid = 40;
    children_add (&children, "worker", worker, -1);
    children.list[1].restarts = 2;
    children.list[3].restarts = 5;
    return children;
}

static void all_are_told_of (void **state)
{
    (void) state;
    children_t children = family ();
    assert_string_equal (told (&children, 0),
                         "loteria_workers_wanted 3\n"
                         "loteria_process_restarts_total{process=\"storage\"} 0\n"
                         "loteria_process_restarts_total{process=\"worker\"} 7\n"
                         "loteria_process_up{process=\"worker\",pid=\"0\"} 0\n"
                         "loteria_process_up{process=\"storage\",pid=\"30\"} 1\n"
                         "loteria_process_up{process=\"worker\",pid=\"40\"} 1\n"
                         "loteria_process_up{process=\"worker\",pid=\"50\"} 1\n");
    children.list[2].kill_at_ms = 100; // it was taken away, and still runs
    assert_non_null (strstr (told (&children, 0), "loteria_workers_wanted 2\n"));
    assert_non_null (strstr (text, "pid=\"40\""));
    children_clear (&children);
}

/* Between two pages one ended and another one was started. */
static void who_comes_and_goes_does_not_hide_others (void **state)
{
    (void) state;
    children_t children = family ();
    uint64_t position = 0;
    metrics_page_t page = {.text = text, .capacity = sizeof text - 1};
    for (int i = 0; i < 4; i++) // up to storage, pid 30
        assert_true (figures_put (&children, &position, &page));
    children.list[0].pid = 31;
    children.list[1].pid = 0;
    children.list[3].pid = 45;
    assert_string_equal (told (&children, position),
                         "loteria_process_up{process=\"storage\",pid=\"31\"} 1\n"
                         "loteria_process_up{process=\"worker\",pid=\"40\"} 1\n"
                         "loteria_process_up{process=\"worker\",pid=\"45\"} 1\n");
    children_clear (&children);
}

/* A position may come from a peer. */
static void any_position_is_sound (void **state)
{
    (void) state;
    children_t children = family ();
    static const uint64_t positions[] = {1,
                                         UINT32_MAX,
                                         (uint64_t) 1 << 32 | 2,
                                         (uint64_t) 1 << 32 | UINT32_MAX,
                                         (uint64_t) 2 << 32 | 51,
                                         (uint64_t) 3 << 32,
                                         UINT64_MAX};
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++)
        told (&children, positions[i]);
    assert_string_equal (told (&children, UINT64_MAX), "");
    children_clear (&children);
    assert_string_equal (told (&children, 0), "loteria_workers_wanted 0\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (all_are_told_of),
        cmocka_unit_test (who_comes_and_goes_does_not_hide_others),
        cmocka_unit_test (any_position_is_sound),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

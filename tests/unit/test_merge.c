/* test_merge.c - log lines of several parts in one order. */

#include "testing.h"

#include "merge.h"

static char taken[1024];

static void take (void *context, status_part_t part, const log_entry_t *entry)
{
    (void) context;
    snprintf (taken + strlen (taken), sizeof taken - strlen (taken), "%s %ju %.*s\n",
              status_part_name (part), (uintmax_t) entry->time_ms,
              (int) entry->text.size, (const char *) entry->text.data);
}

static void add (merge_t *merge, status_part_t part, const char *text)
{
    merge_add (merge, part, bytes_of (text, strlen (text)));
}

static void assert_taken (merge_t *merge, uint64_t before_ms, const char *expected)
{
    *taken = 0;
    merge_take (merge, before_ms, take, NULL);
    assert_string_equal (taken, expected);
}

static void test_by_time (void **state)
{
    (void) state;
    merge_t *merge = merge_new ();
    add (merge, STATUS_STORAGE, "5 INFO a: 1\n7 INFO a: 2\n9 INFO a: 3\n");
    add (merge, STATUS_STATE, "nonsense\n5 INFO b: 1\n6 INFO b: 2\n7 INFO b: 3\n");
    assert_int_equal (merge_nonsense (merge), 1);
    assert_int_equal (merge_lines (merge), 6);
    assert_taken (merge, 5, "");
    assert_taken (merge, 8,
                  "storage 5 a: 1\nstate 5 b: 1\nstate 6 b: 2\nstorage 7 a: 2\n"
                  "state 7 b: 3\n");
    add (merge, STATUS_BROKER, "8 INFO c: 1");
    assert_taken (merge, UINT64_MAX, "broker 8 c: 1\nstorage 9 a: 3\n");
    assert_int_equal (merge_lines (merge), 0);
    merge_destroy (&merge);
    merge_destroy (&merge);
}

static void test_keeps_the_last (void **state)
{
    (void) state;
    merge_t *merge = merge_new ();
    add (merge, STATUS_STORAGE, "5 INFO a: 1\n7 INFO a: 2\n");
    add (merge, STATUS_STATE, "6 INFO b: 1\n");
    merge_keep_last (merge, 5);
    assert_int_equal (merge_lines (merge), 3);
    merge_keep_last (merge, 2);
    assert_taken (merge, UINT64_MAX, "state 6 b: 1\nstorage 7 a: 2\n");
    add (merge, STATUS_STATE, "6 INFO b: 1\n");
    merge_destroy (&merge);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_by_time),
        cmocka_unit_test (test_keeps_the_last),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

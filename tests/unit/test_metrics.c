/* test_metrics.c - the table of metrics and pages of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "metrics.h"

static char text[8192];
static metrics_page_t page;

static int begin (void **state)
{
    (void) state;
    page = (metrics_page_t){.text = text, .capacity = sizeof text - 1};
    return 0;
}

static const char *written (void)
{
    text[page.size] = 0;
    return text;
}

static bool all_of (const char *word, const char *characters)
{
    return *word && word[strspn (word, characters)] == 0;
}

/* As promtool wants them: counters, and nothing else, end in _total, each has a help.
 */
static void the_table_is_sound (void **state)
{
    (void) state;
    static const char small[] = "abcdefghijklmnopqrstuvwxyz_";
    for (int i = 0; i < METRIC_COUNT; i++) {
        const metric_info_t *info = metric_info ((metric_t) i);
        const size_t size = strlen (info->name);
        const bool total = size > 6 && strcmp (info->name + size - 6, "_total") == 0;
        assert_true (all_of (info->name, small));
        assert_true (strncmp (info->name, "loteria_", 8) == 0 ||
                     strncmp (info->name, "process_", 8) == 0);
        assert_int_equal (total, info->type == METRIC_IS_COUNTER);
        assert_true (!*info->labels ||
                     all_of (info->labels, "abcdefghijklmnopqrstuvwxyz,"));
        assert_int_equal (info->help[strlen (info->help) - 1], '.');
        for (int j = 0; j < i; j++)
            assert_string_not_equal (info->name, metric_info ((metric_t) j)->name);
    }
}

static void a_line_names_its_metric (void **state)
{
    (void) state;
    static const struct {
        const char *name;
        metric_t metric;
    } cases[] = {{"loteria_bets_total", METRIC_BETS},
                 {"process_open_fds", METRIC_OPEN_FDS},
                 {"loteria_log_sync_seconds_bucket", METRIC_LOG_SYNC},
                 {"loteria_log_sync_seconds_sum", METRIC_LOG_SYNC},
                 {"loteria_log_sync_seconds_count", METRIC_LOG_SYNC},
                 {"loteria_log_sync_seconds", METRIC_COUNT},
                 {"loteria_log_sync_seconds_", METRIC_COUNT},
                 {"loteria_bets_total_sum", METRIC_COUNT},
                 {"loteria_bets_tota", METRIC_COUNT},
                 {"loteria_draw_agencies", METRIC_DRAW_AGENCIES},
                 {"loteria_draw_agencies_ready", METRIC_DRAW_READY},
                 {"", METRIC_COUNT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal (
            metric_named (bytes_of (cases[i].name, strlen (cases[i].name))),
            cases[i].metric);
}

static void lines_have_their_form (void **state)
{
    (void) state;
    assert_true (metrics_put (&page, METRIC_CONFLICTS, 0));
    assert_true (metrics_put (&page, METRIC_BETS, UINT64_MAX, "noche"));
    assert_true (
        metrics_put (&page, METRIC_AGENCY_BETS, 7, "noche", METRIC_NUMBER (42)));
    assert_true (metrics_put_time (&page, METRIC_START_TIME, 1795000000007));
    assert_true (metrics_put_time (&page, METRIC_DRAW_CLOSED, 0, "noche")); // it is not
    assert_string_equal (written (), "loteria_conflicts_total 0\n"
                                     "loteria_bets_total{draw=\"noche\"} "
                                     "18446744073709551615\n"
                                     "loteria_agency_bets{draw=\"noche\",agency=\"42\"}"
                                     " 7\n"
                                     "process_start_time_seconds 1795000000.007\n");
}

static void labels_cannot_break_out (void **state)
{
    (void) state;
    assert_true (metrics_put (&page, METRIC_BETS, 1, "a\"} 9\n\\"));
    assert_string_equal (written (),
                         "loteria_bets_total{draw=\"a\\\"} 9\\n\\\\\"} 1\n");
}

/* Of a line that does not fit nothing is written, whatever the room. */
static void a_page_ends_with_a_whole_line (void **state)
{
    (void) state;
    for (size_t capacity = 0; capacity < 200; capacity++) {
        page = (metrics_page_t){.text = text, .capacity = capacity};
        size_t lines = 0;
        while (metrics_put (&page, METRIC_BETS, 12, "noche"))
            lines++;
        const size_t line = strlen ("loteria_bets_total{draw=\"noche\"} 12\n");
        assert_int_equal (lines, capacity / line);
        assert_int_equal (page.size, lines * line);
        assert_true (page.full);
        assert_false (
            metrics_put (&page, METRIC_CONFLICTS, 1)); // nor anything after it
        assert_int_equal (page.size, lines * line);
    }
}

static void a_histogram_is_cumulative (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    static const uint64_t times[] = {0, 16, 17, 1000, 1024, 1025, 8388608, 8388609};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        histogram_add (&histogram, times[i]);
    assert_true (metrics_put_histogram (&page, METRIC_LOG_SYNC, &histogram));
    static const char *const lines[] = {
        "loteria_log_sync_seconds_bucket{le=\"0.000016\"} 2\n",
        "loteria_log_sync_seconds_bucket{le=\"0.000032\"} 3\n",
        "loteria_log_sync_seconds_bucket{le=\"0.000512\"} 3\n",
        "loteria_log_sync_seconds_bucket{le=\"0.001024\"} 5\n",
        "loteria_log_sync_seconds_bucket{le=\"0.002048\"} 6\n",
        "loteria_log_sync_seconds_bucket{le=\"4.194304\"} 6\n",
        "loteria_log_sync_seconds_bucket{le=\"8.388608\"} 7\n",
        "loteria_log_sync_seconds_bucket{le=\"+Inf\"} 8\n"
        "loteria_log_sync_seconds_sum 16.780299\n"
        "loteria_log_sync_seconds_count 8\n"};
    const char *at = written ();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        at = strstr (at, lines[i]);
        assert_non_null (at);
    }
}

static void a_histogram_is_whole_or_not_there (void **state)
{
    (void) state;
    const histogram_t histogram = {0};
    metrics_put_histogram (&page, METRIC_LOG_SYNC, &histogram);
    const size_t whole = page.size;
    for (size_t capacity = 0; capacity <= whole; capacity++) {
        page = (metrics_page_t){.text = text, .capacity = capacity};
        const bool fits = metrics_put_histogram (&page, METRIC_LOG_SYNC, &histogram);
        assert_int_equal (fits, capacity == whole);
        assert_int_equal (page.size, fits ? whole : 0);
    }
}

#define PAGE_TEST(test) cmocka_unit_test_setup (test, begin)

int main (void)
{
    const struct CMUnitTest tests[] = {
        PAGE_TEST (the_table_is_sound),
        PAGE_TEST (a_line_names_its_metric),
        PAGE_TEST (lines_have_their_form),
        PAGE_TEST (labels_cannot_break_out),
        PAGE_TEST (a_page_ends_with_a_whole_line),
        PAGE_TEST (a_histogram_is_cumulative),
        PAGE_TEST (a_histogram_is_whole_or_not_there),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

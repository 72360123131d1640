/* test_metric_line.c - Prometheus' text, as it should be and as it should not. */

#include "testing.h"

#include <math.h>

#include "metric_line.h"

static bool take (const char *text, metric_line_t *line, uint64_t *nonsense)
{
    bytes_t bytes = bytes_of (text, strlen (text));
    *nonsense = 0;
    return metric_line_next (&bytes, line, nonsense);
}

static void test_takes_lines (void **state)
{
    (void) state;
    bytes_t text = bytes_of (NULL, 0);
    metric_line_t line;
    uint64_t nonsense = 0;
    assert_false (metric_line_next (&text, &line, &nonsense));
    const char page[] = "# HELP a b\n"
                        "loteria_bets_total 1200\n\n"
                        "loteria_agency_bets{draw=\"noche\",agency=\"4\"} 1.5e3\n"
                        "x_bucket{le=\"+Inf\"} +Inf";
    text = bytes_of (page, sizeof page - 1);
    assert_true (metric_line_next (&text, &line, &nonsense));
    assert_int_equal (line.name.size, strlen ("loteria_bets_total"));
    assert_true (line.value == 1200);
    assert_string_equal (metric_line_label (&line, "draw"), "");
    assert_true (metric_line_next (&text, &line, &nonsense));
    assert_string_equal (metric_line_label (&line, "draw"), "noche");
    assert_string_equal (metric_line_label (&line, "agency"), "4");
    assert_true (line.value == 1500);
    assert_true (metric_line_next (&text, &line, &nonsense));
    assert_true (isinf (line.value));
    assert_false (metric_line_next (&text, &line, &nonsense));
    assert_int_equal (nonsense, 0);
}

static void test_labels_are_unescaped_and_cleaned (void **state)
{
    (void) state;
    metric_line_t line;
    uint64_t nonsense;
    assert_true (
        take ("a{b=\"x\\\\y\\\"z\\n\",c=\"\x1b[31m\xff\"} 1", &line, &nonsense));
    assert_string_equal (metric_line_label (&line, "b"), "x\\y\"z ");
    assert_string_equal (metric_line_label (&line, "c"), " [31m?");
}

static void test_passes_over_what_is_none (void **state)
{
    (void) state;
    static const char *const bad[] = {
        "a",
        "a ",
        "a  1",
        "a 1 2",
        "a\t1",
        "a 0x10",
        "a 1_",
        "a one",
        "1a 1",
        "a{ 1",
        "a{b} 1",
        "a{b=1} 1",
        "a{b=\"} 1",
        "a{b=\"c\" 1",
        "a{b=\"c\"}1",
        "a{=\"c\"} 1",
        "a{b=\"c\",} 1",
        "a{,b=\"c\"} 1",
        "a{b=\"\\",
        " a 1",
        "a{a=\"1\",b=\"1\",c=\"1\",d=\"1\",e=\"1\",f=\"1\",g=\"1\",h=\"1\",i=\"1\"} 1",
        "a 12345678901234567890123456789012345678901",
    };
    metric_line_t line;
    uint64_t nonsense;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (take (bad[i], &line, &nonsense))
            print_error ("taken: %s\n", bad[i]);
        assert_int_equal (nonsense, 1);
    }
}

static void test_a_label_is_so_long (void **state)
{
    (void) state;
    char text[METRIC_LABEL_BYTES + 16];
    metric_line_t line;
    uint64_t nonsense;
    for (int more = 0; more < 2; more++) {
        snprintf (text, sizeof text, "a{b=\"%0*d\"} 1", METRIC_LABEL_BYTES - 1 + more,
                  0);
        assert_int_equal (take (text, &line, &nonsense), more == 0);
    }
}

static void test_zero_bytes (void **state)
{
    (void) state;
    metric_line_t line;
    uint64_t nonsense = 0;
    bytes_t text = bytes_of ("a 1\0x\n", 6);
    assert_false (metric_line_next (&text, &line, &nonsense));
    text = bytes_of ("a{b=\"x\0y\"} 1\n", 14);
    assert_true (metric_line_next (&text, &line, &nonsense));
    assert_string_equal (metric_line_label (&line, "b"), "x?y");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_takes_lines),
        cmocka_unit_test (test_labels_are_unescaped_and_cleaned),
        cmocka_unit_test (test_passes_over_what_is_none),
        cmocka_unit_test (test_a_label_is_so_long),
        cmocka_unit_test (test_zero_bytes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

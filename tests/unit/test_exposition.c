/* test_exposition.c - exposition.c */

#include "testing.h"

#include "exposition.h"

static const exposition_metric_t metrics[] = {
    {"a_total", "counter", "How many a."},
    {"b", "gauge", "How much b."},
    {"h_seconds", "histogram", "How long."},
};

static exposition_t *fresh (void)
{
    return exposition_new (metrics, sizeof metrics / sizeof *metrics);
}

static void take (exposition_t *exposition, const char *part, const char *text)
{
    exposition_take (exposition, part, bytes_of (text, strlen (text)));
}

#define assert_text(exposition, expected)                                              \
    do {                                                                               \
        size_t size_;                                                                  \
        char *text_ = exposition_text (exposition, &size_);                            \
        assert_string_equal (text_, expected);                                         \
        assert_int_equal (size_, strlen (expected));                                   \
        free (text_);                                                                  \
    } while (0)

static void lines_of_a_metric_are_together_and_name_their_part (void **state)
{
    (void) state;
    exposition_t *exposition = fresh ();
    take (exposition, "storage", "b 1\na_total{draw=\"noche\"} 17\nb{x=\"1\"} 2.5\n");
    take (exposition, "state", "b -3e5\n");
    exposition_put (exposition, "web", "b", 4);
    assert_text (exposition, "# HELP a_total How many a.\n"
                             "# TYPE a_total counter\n"
                             "a_total{part=\"storage\",draw=\"noche\"} 17\n"
                             "# HELP b How much b.\n"
                             "# TYPE b gauge\n"
                             "b{part=\"storage\"} 1\n"
                             "b{part=\"storage\",x=\"1\"} 2.5\n"
                             "b{part=\"state\"} -3e5\n"
                             "b{part=\"web\"} 4\n");
    assert_int_equal (exposition_nonsense (exposition), 0);
    exposition_clear (exposition);
    assert_text (exposition, "");
    exposition_destroy (&exposition);
}

static void a_histogram_has_lines_of_three_names (void **state)
{
    (void) state;
    exposition_t *exposition = fresh ();
    take (exposition, "storage",
          "h_seconds_bucket{le=\"0.1\"} 1\nh_seconds_bucket{le=\"+Inf\"} 2\n"
          "h_seconds_sum 0.5\nh_seconds_count 2\n");
    assert_text (exposition, "# HELP h_seconds How long.\n"
                             "# TYPE h_seconds histogram\n"
                             "h_seconds_bucket{part=\"storage\",le=\"0.1\"} 1\n"
                             "h_seconds_bucket{part=\"storage\",le=\"+Inf\"} 2\n"
                             "h_seconds_sum{part=\"storage\"} 0.5\n"
                             "h_seconds_count{part=\"storage\"} 2\n");
    take (exposition, "storage", "h_seconds 1\nb_sum 1\nh_seconds_max 1\n");
    assert_int_equal (exposition_nonsense (exposition), 3);
    exposition_destroy (&exposition);
}

static void a_part_that_speaks_of_another_calls_it_peer (void **state)
{
    (void) state;
    exposition_t *exposition = fresh ();
    take (exposition, "broker",
          "b{part=\"state\"} 1\nb{parts=\"x\",part=\"a,\\\"}b\",y=\"\"} 2\n");
    assert_text (exposition,
                 "# HELP b How much b.\n"
                 "# TYPE b gauge\n"
                 "b{part=\"broker\",peer=\"state\"} 1\n"
                 "b{part=\"broker\",parts=\"x\",peer=\"a,\\\"}b\",y=\"\"} 2\n");
    exposition_destroy (&exposition);
}

/* What would break the whole text for whoever reads it. */
static void what_is_no_line_is_left_out_and_counted (void **state)
{
    (void) state;
    static const char *const bad[] = {
        "b",
        "b ",
        "b  1",
        "b 1 2",
        "b 1x",
        "b x",
        "b\t1",
        "c 1",
        "bb 1",
        "# HELP b x",
        "b{ 1",
        "b{x} 1",
        "b{x=1} 1",
        "b{x=\"1} 1",
        "b{x=\"1\"",
        "b{x=\"1\"}1",
        "b{x=\"\\x\"} 1",
        "b{x=\"\\",
        "b{=\"1\"} 1",
        "b{1x=\"1\"} 1",
        "{x=\"1\"} 1",
        " b 1",
        "b 11111111111111111111111111111111111111111111111"
        "11111111111111111111111111111111111111",
        NULL};
    for (size_t i = 0; bad[i]; i++) {
        exposition_t *exposition = fresh ();
        take (exposition, "state", bad[i]);
        if (exposition_nonsense (exposition) != 1)
            fail_msg ("%s", bad[i]);
        assert_text (exposition, "");
        exposition_destroy (&exposition);
    }
}

static void any_bytes_are_taken_without_harm (void **state)
{
    (void) state;
    static const char alphabet[] = "ab_{}=\",\\ 1.\n\r\t#\x80n";
    uint64_t dice = 20261130;
    for (int round = 0; round < 20000; round++) {
        char text[40];
        const size_t size = random_below (&dice, sizeof text);
        for (size_t i = 0; i < size; i++)
            text[i] = alphabet[random_below (&dice, sizeof alphabet - 1)];
        exposition_t *exposition = fresh ();
        char *copy = malloc (size + 1); // so that a sanitizer sees its end
        memcpy (copy, text, size);
        exposition_take (exposition, "state", bytes_of (copy, size));
        size_t written;
        free (copy);
        free (exposition_text (exposition, &written));
        exposition_destroy (&exposition);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (lines_of_a_metric_are_together_and_name_their_part),
        cmocka_unit_test (a_histogram_has_lines_of_three_names),
        cmocka_unit_test (a_part_that_speaks_of_another_calls_it_peer),
        cmocka_unit_test (what_is_no_line_is_left_out_and_counted),
        cmocka_unit_test (any_bytes_are_taken_without_harm),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

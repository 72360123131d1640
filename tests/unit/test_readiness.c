/* test_readiness.c - readiness.c */

#include "testing.h"

#include "readiness.h"

static view_worker_t workers[2] = {{.name = "a/1"}, {.name = "a/2", .up = true}};

/* A view whose parts all answer, without a loteria-central. */
static view_t whole (void)
{
    view_t view = {.workers = 2, .worker = workers};
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (part != STATUS_CENTRAL)
            view.part[part].answer = VIEW_UP;
    return view;
}

static void assert_json (const view_t *view, bool expected_ready, const char *expected)
{
    bool ready;
    size_t size;
    char *text = readiness_json (view, &ready, &size);
    assert_string_equal (text, expected);
    assert_int_equal (size, strlen (expected));
    assert_int_equal (ready, expected_ready);
    free (text);
}

static void a_central_whose_parts_answer_is_ready (void **state)
{
    (void) state;
    view_t view = whole ();
    assert_json (&view, true, "{\"missing\":[],\"ready\":true}");
    view.part[STATUS_CENTRAL].answer = VIEW_UP;
    assert_json (&view, true, "{\"missing\":[],\"ready\":true}");
}

static void a_silent_part_is_named (void **state)
{
    (void) state;
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        view_t view = whole ();
        char expected[160];
        view.part[part].answer = VIEW_SILENT;
        snprintf (view.part[part].reason, sizeof view.part[part].reason,
                  "it \"sleeps\"");
        snprintf (expected, sizeof expected,
                  "{\"missing\":[{\"part\":\"%s\",\"reason\":\"it \\\"sleeps\\\"\"}],"
                  "\"ready\":false}",
                  status_part_name (part));
        assert_json (&view, false, expected);
    }
}

static void so_is_a_worker_when_none_is_up (void **state)
{
    (void) state;
    static const char expected[] =
        "{\"missing\":[{\"part\":\"worker\",\"reason\":\"no worker is connected to the "
        "broker\"}],\"ready\":false}";
    view_t view = whole ();
    view.workers = 1;
    assert_json (&view, false, expected);
    view.workers = 0;
    assert_json (&view, false, expected);
}

static void nothing_is_ready_that_was_not_seen (void **state)
{
    (void) state;
    assert_json (NULL, false,
                 "{\"missing\":[{\"part\":\"broker\",\"reason\":\"not found\"},"
                 "{\"part\":\"storage\",\"reason\":\"not found\"},"
                 "{\"part\":\"state\",\"reason\":\"not found\"}],\"ready\":false}");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (a_central_whose_parts_answer_is_ready),
        cmocka_unit_test (a_silent_part_is_named),
        cmocka_unit_test (so_is_a_worker_when_none_is_up),
        cmocka_unit_test (nothing_is_ready_that_was_not_seen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

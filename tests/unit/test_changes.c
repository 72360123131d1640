/* test_changes.c - changes.c */

#include "testing.h"

#include "changes.h"

static view_agency_t agencies[3];
static view_connection_t connection;
static view_t view;
static view_draw_t draw;
static changes_t *changes;

static int setup (void **state)
{
    (void) state;
    memset (agencies, 0, sizeof agencies);
    for (uint32_t i = 0; i < 3; i++)
        agencies[i].agency = 2 * i + 2; // 2, 4, 6
    connection = (view_connection_t){.agency = 4, .last_word_ms = 1000};
    view = (view_t){.connections = 1, .connection = &connection};
    draw = (view_draw_t){.name = "noche", .opened_ms = 5, .count = 3, .list = agencies};
    changes = changes_new ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    changes_destroy (&changes);
    return 0;
}

/* What changed, as a text: "2 4 6", and "all" behind it when it is another draw. */
static void assert_changed (const char *expected)
{
    char text[64] = "";
    bool whole;
    view_draw_t changed = changes_since (changes, &view, &draw, &whole);
    for (size_t i = 0; i < changed.count; i++)
        snprintf (text + strlen (text), sizeof text - strlen (text), "%u ",
                  changed.list[i].agency);
    snprintf (text + strlen (text), sizeof text - strlen (text), "%s",
              whole ? "all" : "");
    assert_string_equal (text, expected);
    assert_string_equal (changed.name, draw.name);
    free (changed.list);
}

static void the_first_time_all_are_told_then_nothing (void **state)
{
    (void) state;
    assert_changed ("2 4 6 all");
    assert_changed ("");
}

static void who_changed_is_told_once (void **state)
{
    (void) state;
    assert_changed ("2 4 6 all");
    agencies[1].bets = 7;
    assert_changed ("4 ");
    assert_changed ("");
    agencies[0].state = 1;
    agencies[2].last_batch_ms = 9;
    assert_changed ("2 6 ");
    agencies[0].cancelled = 1;
    agencies[1].bets_per_s = 0.5;
    agencies[2].ready_ms = 3;
    assert_changed ("2 4 6 ");
    agencies[2].served_ms = 3;
    assert_changed ("6 ");
}

static void a_word_or_a_connection_is_a_change (void **state)
{
    (void) state;
    assert_changed ("2 4 6 all");
    connection.last_word_ms = 2000;
    assert_changed ("4 ");
    view.connections = 0;
    assert_changed ("4 ");
    view.connections = 1;
    connection.agency = 6;
    assert_changed ("6 ");
}

static void newcomers_are_told_and_who_is_gone_is_not_missed (void **state)
{
    (void) state;
    draw.count = 2;
    draw.list = agencies + 1;
    assert_changed ("4 6 all");
    draw.count = 3;
    draw.list = agencies;
    assert_changed ("2 ");
    draw.count = 1;
    draw.list = agencies + 2;
    assert_changed ("");
    draw.count = 3;
    draw.list = agencies;
    assert_changed ("2 4 ");
    draw.count = 0;
    assert_changed ("");
}

/* A name comes again every day. */
static void another_draw_is_told_whole (void **state)
{
    (void) state;
    assert_changed ("2 4 6 all");
    draw.phase = 2; // who sold is called otherwise now
    assert_changed ("2 4 6 all");
    assert_changed ("");
    draw.opened_ms = 6;
    assert_changed ("2 4 6 all");
    snprintf (draw.name, sizeof draw.name, "tarde");
    assert_changed ("2 4 6 all");
    assert_changed ("");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (the_first_time_all_are_told_then_nothing,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (who_changed_is_told_once, setup, teardown),
        cmocka_unit_test_setup_teardown (a_word_or_a_connection_is_a_change, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (
            newcomers_are_told_and_who_is_gone_is_not_missed, setup, teardown),
        cmocka_unit_test_setup_teardown (another_draw_is_told_whole, setup, teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

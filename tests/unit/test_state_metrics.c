/* test_state_metrics.c - what state tells of itself, page by page. */

#include "state_day.h"

#include <unistd.h>

#include "metric_pages.h"

#include "state_metrics.h"

#define SECONDS "1767225600.000" // WALL_MS

static bool put (uint64_t draw, uint64_t *position, metrics_page_t *page)
{
    const state_facts_t facts = {.draws = registrar_draws (registrar),
                                 .openings = registrar_openings (registrar),
                                 .strays = registrar_strays (registrar)};
    return state_metrics (&facts, draw, position, page);
}

static void a_draw_and_its_agencies_are_told (void **state)
{
    (void) state;
    seal (2);
    tick (5000);
    const wire_message_t excuse = {
        .command = WIRE_ORDER,
        .agency = 3,
        .order = {.order = ORDER_EXCUSE, .name = bytes_of ("first", 5)}};
    order_by ('A', &excuse);
    storage_serves ();
    metric_pages (put, 0, 8192, NULL);
    metric_is ("loteria_strays_total 0");
    metric_is ("loteria_draw_info{draw=\"first\",source=\"fixed\",closes=\"all\"} 1");
    metric_is ("loteria_draw_phase{draw=\"first\"} 1");
    metric_is ("loteria_draw_agencies{draw=\"first\"} 3");
    metric_is ("loteria_draw_agencies_ready{draw=\"first\"} 1");
    metric_is ("loteria_draw_agencies_excused{draw=\"first\"} 1");
    metric_is ("loteria_draw_agencies_served{draw=\"first\"} 0");
    metric_is ("loteria_draw_highest{draw=\"first\"} 9999");
    metric_is ("loteria_draw_opened_timestamp_seconds{draw=\"first\"} " SECONDS);
    metric_is ("loteria_agency_state{draw=\"first\",agency=\"1\"} 0");
    metric_is ("loteria_agency_state{draw=\"first\",agency=\"2\"} 1");
    metric_is ("loteria_agency_state{draw=\"first\",agency=\"3\"} 2");
    metric_is (
        "loteria_agency_ready_timestamp_seconds{draw=\"first\",agency=\"2\"} " SECONDS);
    assert_int_equal (metric_lines ("loteria_agency_ready"), 1);
    assert_int_equal (metric_lines ("loteria_draw_closes"), 0);
    assert_int_equal (metric_lines ("loteria_draw_closed"), 0);
    assert_int_equal (metric_lines ("loteria_draw_number"), 0); // a secret
}

static void a_draw_that_is_made_tells_its_number_and_who_was_served (void **state)
{
    (void) state;
    make_draw ();
    tick (7000);
    ask_done (1);
    storage_serves ();
    metric_pages (put, the_draw (), 8192, NULL);
    assert_int_equal (metric_lines ("loteria_strays"), 0);
    metric_is ("loteria_draw_phase{draw=\"first\"} 3");
    metric_is ("loteria_draw_number{draw=\"first\"} 7574");
    metric_is ("loteria_draw_agencies_served{draw=\"first\"} 1");
    metric_is ("loteria_draw_closed_timestamp_seconds{draw=\"first\"} " SECONDS);
    metric_is ("loteria_draw_drawn_timestamp_seconds{draw=\"first\"} " SECONDS);
    metric_is ("loteria_agency_state{draw=\"first\",agency=\"1\"} 3");
    metric_is ("loteria_agency_state{draw=\"first\",agency=\"2\"} 1");
    metric_is ("loteria_agency_served_timestamp_seconds{draw=\"first\",agency=\"1\"} "
               "1767225607.000");
    metric_pages (put, the_draw () + 1, 8192, NULL);
    assert_int_equal (metric_lines ("loteria_"), 0);
    own++; // a state that replays it tells the same
    start_and_open ();
    metric_pages (put, the_draw (), 8192, NULL);
    metric_is ("loteria_agency_served_timestamp_seconds{draw=\"first\",agency=\"1\"} "
               "1767225607.000");
}

static void what_closes_a_draw_is_told (void **state)
{
    (void) state;
    open_draw ("noche", SOURCE_RANDOM, WALL_MS + 3600000);
    open_draw ("orden", SOURCE_ENTERED, CLOSES_NEVER);
    metric_pages (put, 0, 8192, NULL);
    metric_is (
        "loteria_draw_info{draw=\"noche\",source=\"random\",closes=\"clock\"} 1");
    metric_is ("loteria_draw_closes_timestamp_seconds{draw=\"noche\"} 1767229200.000");
    metric_is (
        "loteria_draw_info{draw=\"orden\",source=\"entered\",closes=\"never\"} 1");
    assert_int_equal (metric_lines ("loteria_draw_closes"), 1);
    assert_int_equal (metric_lines ("loteria_draw_number"), 0);
}

static void pages_go_on_where_they_ended (void **state)
{
    (void) state;
    static char whole[sizeof metric_text];
    open_draw ("noche", SOURCE_RANDOM, CLOSES_NEVER);
    open_draw ("tarde", SOURCE_ENTERED, CLOSES_NEVER);
    assert_int_equal (metric_pages (put, 0, 1 << 19, NULL), 1);
    strcpy (whole, metric_text);
    static const size_t sizes[] = {800, 900, 901, 1100};
    for (size_t i = 0; i < COUNT (sizes); i++) {
        assert_true (metric_pages (put, 0, sizes[i], NULL) > 1);
        assert_string_equal (metric_text, whole);
    }
    assert_int_equal (metric_lines ("loteria_agency_state{"), 3 * AGENCIES);
}

/* It comes from a peer. */
static void any_position_is_borne (void **state)
{
    (void) state;
    static char text[8192];
    for (int shift = 0; shift < 64; shift++)
        for (int64_t by = -2; by <= 2; by++) {
            uint64_t position = ((uint64_t) 1 << shift) + (uint64_t) by;
            const uint64_t before = position;
            metrics_page_t page = {.text = text, .capacity = sizeof text};
            if (put (0, &position, &page))
                assert_true (position > before && page.size > 0);
        }
    uint64_t position = UINT64_MAX;
    metrics_page_t page = {.text = text, .capacity = sizeof text};
    assert_false (put (0, &position, &page));
}

/* What is planned comes before what is there. */
static void planned_draws_are_told (void **state)
{
    static const char text[] = "draw\n"
                               "    noche\n"
                               "        days = \"daily\"\n"
                               "        opens = \"08:00\"\n"
                               "        closes = \"21:00\"\n"
                               "    tarde\n"
                               "        days = \"daily\"\n"
                               "        opens = \"12:00\"\n"
                               "        closes = \"15:00\"\n"
                               "        number = \"entered\"\n"
                               "        agencies = 2\n";
    static const schedule_defaults_t defaults = {
        .agencies = 5, .highest = HIGHEST, .number = {.source = TERMS_RANDOM}};
    char path[] = "/tmp/test_state_metrics.XXXXXX", why[CONFIG_WHY_BYTES];
    schedule_t *planned;
    const int file = mkstemp (path);
    assert_int_equal (write (file, text, strlen (text)), strlen (text));
    close (file);
    setenv ("TZ", "UTC", 1);
    if (schedule_load (path, &defaults, &planned, why) == -1)
        fail_msg ("%s", why);
    unlink (path);
    schedule = planned;
    setup (state);
    schedule = planned; // setup () forgets it
    start_and_open ();
    for (size_t bytes = 900; bytes < 9000; bytes += 700) {
        metric_pages (put, 0, bytes, NULL);
        assert_int_equal (metric_lines ("loteria_draw_phase{"), 3);
    }
    metric_is ("loteria_draw_phase{draw=\"2026-01-01-noche\"} 0");
    metric_is ("loteria_draw_info{draw=\"2026-01-01-noche\",source=\"random\","
               "closes=\"clock\"} 1");
    metric_is ("loteria_draw_opened_timestamp_seconds{draw=\"2026-01-01-noche\"} "
               "1767254400.000");
    metric_is ("loteria_draw_closes_timestamp_seconds{draw=\"2026-01-01-noche\"} "
               "1767301200.000");
    metric_is ("loteria_draw_agencies{draw=\"2026-01-01-tarde\"} 2");
    metric_is ("loteria_draw_phase{draw=\"first\"} 1");
    teardown (state);
    schedule_destroy (&planned);
}

#define OPENED(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        OPENED (a_draw_and_its_agencies_are_told),
        OPENED (a_draw_that_is_made_tells_its_number_and_who_was_served),
        OPENED (what_closes_a_draw_is_told),
        OPENED (pages_go_on_where_they_ended),
        OPENED (any_position_is_borne),
        cmocka_unit_test (planned_draws_are_told),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

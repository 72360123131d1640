/* test_report.c - what an agency's user is told of a session. */

#include "session_day.h"

#include "logger.h"
#include "report.h"

/* How many of the process's lines so far have this in them. */
static size_t lines_with (const char *part)
{
    const line_ring_t *kept = logger_kept ();
    char line[RING_LINE_BYTES_MAX];
    size_t count = 0;
    for (uint64_t i = line_ring_first (kept); i < line_ring_next (kept); i++) {
        const size_t size = line_ring_get (kept, i, line);
        count += memmem (line, size, part, strlen (part)) != NULL;
    }
    return count;
}

/* A wait that was told is told to be over, once. */
static void test_the_end_of_a_wait (void **state)
{
    day_t *day = *state;
    const report_options_t options = {.agency = AGENCY, .server = "here:1"};
    report_t *report = report_new (&options);
    begin_selling (day);
    said_batch (day, 0, 3);
    report_update (report, day->session, REACH_UP, day->now_ms);
    refuse (day, REFUSED_UNAVAILABLE, WIRE_BATCH, 0);
    report_update (report, day->session, REACH_UP, day->now_ms);
    assert_int_equal (lines_with ("action: espera | result: in_progress"), 1);
    assert_int_equal (lines_with ("action: espera | result: success"), 0);
    pass (day);
    said_batch (day, 0, 3);
    day->now_ms += 30000;
    stored (day, 3);
    for (int i = 0; i < 2; i++)
        report_update (report, day->session, REACH_UP, day->now_ms);
    assert_int_equal (
        lines_with ("action: espera | result: success | server_address: here:1 | "
                    "after_s: 3"),
        1);
    report_destroy (&report);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_the_end_of_a_wait, day_setup,
                                         day_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

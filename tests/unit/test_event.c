/* test_event.c - a log line of a part, as it is shown. */

#include "testing.h"

#include "event.h"

static log_entry_t entry_of (const char *line)
{
    log_entry_t entry;
    uint64_t nonsense = 0;
    bytes_t text = bytes_of (line, strlen (line));
    assert_true (log_entry_next (&text, &entry, &nonsense));
    return entry;
}

static void test_for_people (void **state)
{
    (void) state;
    const log_entry_t entry = entry_of (
        "1764500000123 WARNING  action: conexion | result: fail | peer: \x1b[31m");
    paper_t *paper = paper_new (false, 0, 0);
    event_show (STATUS_STATE, &entry, paper);
    char *text = paper_finish (&paper, NULL);
    assert_string_equal (text,
                         "2025-11-30 07:53:20 state   WARNING  action: conexion | "
                         "result: fail | peer:  [31m\n");
    free (text);
}

static void test_for_programs (void **state)
{
    (void) state;
    const log_entry_t entry =
        entry_of ("1764500000123 INFO action: sorteo | "
                  "result: success | numero: 7574 | note: a \"b\"");
    char *text = event_json (STATUS_STATE, &entry);
    assert_string_equal (
        text, "{\"time\":\"2025-11-30T10:53:20.123Z\",\"part\":\"state\","
              "\"level\":\"INFO\",\"action\":\"sorteo\",\"result\":\"success\","
              "\"values\":{\"numero\":\"7574\",\"note\":\"a \\\"b\\\"\"}}\n");
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_for_people),
        cmocka_unit_test (test_for_programs),
    };
    setenv ("TZ", "<-03>3", 1);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

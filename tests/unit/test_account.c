/* test_account.c - what `report` says of a draw. */

#include "testing.h"

#include "account.h"
#include "status_day.h"

static view_t *view;
static account_t account;

static int open_account (void **state)
{
    (void) state;
    static const wire_draw_t about = {
        .phase = PHASE_DRAWN, .number = 1234, .drawn_ms = 1764485000500};
    view = day_unfinished ();
    day_say (view, STATUS_STORAGE,
             "loteria_agency_bets{draw=\"tarde\",agency=\"1\"} 1500\n"
             "loteria_agency_bets{draw=\"tarde\",agency=\"2\"} 20\n"
             "loteria_agency_cancelled{draw=\"tarde\",agency=\"2\"} 1\n");
    view_finish (view, NULL, 0, DAY_WALL_MS);
    account_open (&account, view_draw (view, "tarde"), &about);
    account_winners (&account, 0, 3);
    account_winners (&account, 1, 9);
    account_winners (&account, 1, 2); // asked again
    return 0;
}

static int close_account (void **state)
{
    (void) state;
    account_close (&account);
    view_destroy (&view);
    return 0;
}

static void test_for_people (void **state)
{
    (void) state;
    paper_t *paper = paper_new (false, 0, 0);
    account_show (&account, DAY_WALL_MS, paper);
    char *text = paper_finish (&paper, NULL);
    assert_string_equal (text, "AGENCY   SOLD  CANCELLED  WINNERS  COLLECTED\n"
                               "     1  1,500          0        3  04:00:00\n"
                               "     2     20          1        2  -\n"
                               " total  1,520          1        5  1 of 2\n"
                               "draw tarde, drawn 03:43:20, number 1234\n");
    free (text);
}

static void test_as_csv (void **state)
{
    (void) state;
    char *text = account_csv (&account);
    assert_string_equal (text,
                         "draw,agency,sold,cancelled,winners,collected,excused\r\n"
                         "tarde,1,1500,0,3,2025-11-30T07:00:00Z,no\r\n"
                         "tarde,2,20,1,2,,no\r\n");
    free (text);
}

static void test_as_json (void **state)
{
    (void) state;
    char *text = account_json (&account);
    assert_string_equal (
        text,
        "{\"draw\":\"tarde\",\"phase\":\"drawn\",\"number\":1234,"
        "\"drawn\":\"2025-11-30T06:43:20Z\",\"agencies\":[\n"
        " {\"agency\":1,\"sold\":1500,\"cancelled\":0,\"winners\":3,\"excused\":false,"
        "\"collected\":\"2025-11-30T07:00:00Z\"},\n"
        " {\"agency\":2,\"sold\":20,\"cancelled\":1,\"winners\":2,\"excused\":false,"
        "\"collected\":null}],\"total\":{\"agencies\":2,\"sold\":1520,\"cancelled\":1,"
        "\"winners\":5,\"collected\":1}}\n");
    free (text);
}

/* Before the draw nobody knows who won. */
static void test_before_the_draw (void **state)
{
    (void) state;
    static const wire_draw_t about = {.phase = PHASE_OPEN};
    account_t open;
    account_open (&open, view_draw (view, "noche"), &about);
    char *csv = account_csv (&open), *json = account_json (&open);
    assert_non_null (strstr (csv, "noche,2,2000,2,,,no\r\n"));
    assert_non_null (strstr (json, "\"number\":null"));
    assert_non_null (strstr (json, "\"winners\":null"));
    free (csv);
    free (json);
    account_close (&open);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_for_people),
        cmocka_unit_test (test_as_csv),
        cmocka_unit_test (test_as_json),
        cmocka_unit_test (test_before_the_draw),
    };
    setenv ("TZ", "<-03>3", 1);
    return cmocka_run_group_tests (tests, open_account, close_account);
}

/* test_overview.c - a central as `status`, `agencies`, `workers` and `top` show it. */

#include "testing.h"

#include "overview.h"
#include "status_day.h"
#include "view_json.h"

#define BROKER_START "process_start_time_seconds 1764490000\n"

static char *shown (void (*show) (paper_t *paper, const view_t *view),
                    const view_t *view)
{
    paper_t *paper = paper_new (false, 0, 0);
    show (paper, view);
    return paper_finish (&paper, NULL);
}

static void assert_has (const char *text, const char *part)
{
    if (!strstr (text, part))
        fail_msg ("%s\nhas no %s", text, part);
}

/* Blanks between columns are not what counts. */
static char *squeezed (char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ' ' || (to > text && to[-1] != ' ' && to[-1] != '\n'))
            *to++ = *from;
    *to = 0;
    return text;
}

static void test_status (void **state)
{
    (void) state;
    view_t *view = day_view ();
    view_silent (view, STATUS_CENTRAL, "no answer");
    char *text = squeezed (shown (overview_status, view));
    assert_has (text, "PART STATE PID VERSION RUNS FOR RESTARTS CPU MEMORY FILES\n");
    assert_has (text, "storage up 20 0.1.0 2 h 46 min 3 - 20.0 MiB 30/1024\n");
    assert_has (text, "central silent - - 2 h 46 min - - - -\n");
    assert_has (text, "\nweb down - - - 0 - - -\n");
    assert_has (text, "noche open 3,000 2 - 1/3 0 2 0 random closes 10:00:00\n");
    assert_has (text, "tarde drawn 0 0 - 0/2 0 1 1 1234 drawn 03:43:20\n");
    assert_has (text, "workers 2 up, 2 wanted\n");
    assert_has (text, "sync p50 1.50 ms, p99 3.80 ms\n");
    assert_has (text, "disk 4.7 GiB free of 9.3 GiB (50 %)\n");
    assert_has (text, "refused 9: BUSY 7, FIELDS 2\n");
    free (text);
    view_destroy (&view);
}

static void test_a_provable_draw (void **state)
{
    (void) state;
    static const struct {
        int phase;
        const char *row, *names;
    } cases[] = {
        {PHASE_OPEN, "noche open - - - 3/4 0 1 0 provable closes 07:26:40, demo\n",
         NULL},
        {PHASE_CLOSED,
         "noche closed - - - 3/4 0 1 0 provable closed 07:26:40, commits until "
         "07:36:40, demo\n",
         "noche waits for 2 to commit (3 of 4, enough are 2)\n"},
        {PHASE_SEALED,
         "noche sealed - - - 3/4 0 2 0 provable sealed 07:36:40, 1/3 revealed, demo\n",
         "noche waits for its auditor to sign the seal (loteria-ctl draw attest)\n"
         "noche waits for 1, 3 to reveal (1 of 3)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        view_t *view = day_provable (cases[i].phase);
        char *text = squeezed (shown (overview_status, view));
        assert_has (text, cases[i].row);
        if (cases[i].names)
            assert_has (text, cases[i].names);
        else
            assert_null (strstr (text, "waits for"));
        free (text);
        view_destroy (&view);
    }
}

static void test_many_that_are_waited_for_are_counted (void **state)
{
    (void) state;
    char line[80];
    view_t *view = view_new ();
    day_say (view, STATUS_STATE,
             "loteria_draw_info{draw=\"noche\",source=\"provable\",closes=\"all\"} 1\n"
             "loteria_draw_phase{draw=\"noche\"} 5\n"
             "loteria_draw_agencies_ready{draw=\"noche\"} 1000\n");
    for (unsigned i = 1; i <= 1000; i++) {
        snprintf (line, sizeof line,
                  "loteria_agency_state{draw=\"noche\",agency=\"%u\"} 1\n", i);
        day_say (view, STATUS_STATE, line);
    }
    view_finish (view, NULL, 0, 0);
    char *text = shown (overview_status, view);
    assert_has (text, "noche waits for 1, 2, 3,");
    assert_has (text, ", 19, 20 and 980 more to reveal (0 of 1,000)\n");
    free (text);
    view_destroy (&view);
}

static void test_a_standby (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_STORAGE);
    day_say (view, STATUS_CENTRAL, day_engine);
    char *text = squeezed (shown (overview_status, view));
    assert_has (text, "storage standby 20 - - 3 - - -\n");
    assert_has (text, "engine postgres at db2:5432, standby, the active is at "
                      "tcp://a:12345, epoch 7, lease renewed 400 ms ago, 12 entries "
                      "behind\n");
    assert_has (text, "standbys 2 synchronous: node2, node3\n");
    assert_has (text, "waiting bets wait for the engine, 2.5 s by now\n");
    free (text);
    day_say (view, STATUS_CENTRAL,
             "loteria_active 1\nloteria_engine_synchronous 0\n"
             "loteria_log_behind_entries 0\nloteria_log_waiting_seconds 0\n");
    text = squeezed (shown (overview_status, view));
    assert_has (text, "storage silent");
    assert_has (text, "engine postgres at db2:5432, the active is here, epoch 7, lease "
                      "renewed 400 ms ago\n");
    assert_has (text, "standbys not synchronous: what is acknowledged may be on one "
                      "machine only\n");
    assert_null (strstr (text, "waiting"));
    free (text);
    view_destroy (&view);
}

static void test_nothing (void **state)
{
    (void) state;
    view_t *view = view_new ();
    view_silent (view, STATUS_STORAGE, "no answer");
    view_finish (view, NULL, 0, 0);
    char *text = shown (overview_status, view);
    assert_has (text, "silent");
    assert_has (text, "no draws\n");
    free (text);
    text = shown (overview_workers, view);
    assert_string_equal (text, "workers unknown\n");
    free (text);
    view_destroy (&view);
}

static void test_hung_storage (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_STORAGE);
    char *text = squeezed (shown (overview_status, view));
    assert_has (text, "storage silent 20 - - 3 - - -\n");
    assert_has (text, "noche open - - - 1/3 0 2 0 random closes 10:00:00\n");
    assert_has (text, "connections 2,");
    free (text);
    paper_t *paper = paper_new (false, 0, 0);
    overview_agencies (paper, view, view_draw (view, NULL), false);
    text = squeezed (paper_finish (&paper, NULL));
    assert_has (text, "2 selling - - - - - - 3 10.0.0.7 (2) abcdefgh 2 s\n");
    free (text);
    paper = paper_new (false, 0, 0);
    overview_picture (paper, view, "day", 40);
    text = squeezed (paper_finish (&paper, NULL));
    assert_has (text, "noche open - - 1/3 2 random");
    assert_has (text, "\n2 selling - - 3 - 10.0.0.7\n");
    free (text);
    view_destroy (&view);
}

static void test_hung_state (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_STATE);
    char *text = squeezed (shown (overview_status, view));
    assert_has (text, "noche ? 3,000 2 - - - - - - -\n");
    free (text);
    paper_t *paper = paper_new (false, 0, 0);
    overview_agencies (paper, view, view_draw (view, "noche"), false);
    text = squeezed (paper_finish (&paper, NULL));
    assert_has (text, "2 ? 2,000 2 -");
    assert_has (text, "draw noche: who asked and who is missing is not known");
    free (text);
    view_destroy (&view);
}

static void test_hung_broker (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_BROKER);
    paper_t *paper = paper_new (false, 0, 0);
    overview_agencies (paper, view, view_draw (view, NULL), false);
    char *text = squeezed (paper_finish (&paper, NULL));
    assert_has (text, "2 selling 2,000 2 - 07:53:19 - - - - - -\n");
    free (text);
    paper = paper_new (false, 0, 0);
    overview_picture (paper, view, "day", 40);
    text = squeezed (paper_finish (&paper, NULL));
    assert_has (text, "connections - queue -\n");
    assert_has (text, "\n2 selling 2,000 - - 07:53:19 -\n");
    free (text);
    view_destroy (&view);
}

static void test_agencies (void **state)
{
    (void) state;
    view_t *view = day_view ();
    for (int missing = 0; missing < 2; missing++) {
        paper_t *paper = paper_new (false, 0, 0);
        overview_agencies (paper, view, view_draw (view, NULL), missing);
        assert_int_equal (paper_lines (paper), missing ? 4 : 5);
        char *text = squeezed (paper_finish (&paper, NULL));
        assert_has (text,
                    "\n2 selling 2,000 2 - 07:53:19 - - 3 10.0.0.7 (2) abcdefgh 2 s\n");
        assert_int_equal (strstr (text, "1 ready 1,000 0 - - 07:36:40") != NULL,
                          !missing);
        assert_has (text,
                    "draw noche, open: 3 agencies, 1 asked, 0 excused, 2 missing, "
                    "0 have their winners\n");
        free (text);
    }
    view_destroy (&view);
}

static void test_workers (void **state)
{
    (void) state;
    view_t *view = day_view ();
    char *text = squeezed (shown (overview_workers, view));
    assert_has (text, "host/21 up 4 0 0 3,000 - 0 - 0 B -\n");
    assert_has (text, "\n2 up, 2 wanted\n");
    free (text);
    view_destroy (&view);
}

/* The broker knows nothing of a worker that hangs; loteria-central knows that it runs.
 */
static void test_hung_worker (void **state)
{
    (void) state;
    view_t *view = day_unfinished ();
    day_say (view, STATUS_CENTRAL,
             "loteria_process_up{process=\"worker\",pid=\"1\"} 1\n");
    view_finish (view, NULL, 100000, DAY_WALL_MS);
    char *text = squeezed (shown (overview_workers, view));
    assert_has (text, "\n?/1 away - - - - - - - - -\n");
    assert_has (text, "\n2 up, 2 wanted\n");
    free (text);
    text = view_json_workers (view, NULL);
    assert_has (text, "{\"worker\":\"?/1\",\"up\":false,\"in_flight\":null,");
    free (text);
    view_destroy (&view);
}

/* 1,000 agencies, in as many rows and columns as there are; the fastest first. */
static void test_picture (void **state)
{
    (void) state;
    enum { AGENCIES = 1000 };
    static char one[AGENCIES * 160], two[sizeof one];
    size_t sizes[2] = {0};
    for (unsigned i = 1; i <= AGENCIES; i++) {
        sizes[0] +=
            (size_t) snprintf (one + sizes[0], sizeof one - sizes[0],
                               "loteria_agency_state{draw=\"d\",agency=\"%u\"} 0\n"
                               "loteria_agency_bets{draw=\"d\",agency=\"%u\"} %u\n",
                               i, i, 10 * i);
        sizes[1] +=
            (size_t) snprintf (two + sizes[1], sizeof two - sizes[1],
                               "loteria_agency_state{draw=\"d\",agency=\"%u\"} 0\n"
                               "loteria_agency_bets{draw=\"d\",agency=\"%u\"} %u\n",
                               i, i, i == 500 ? 15000 : 10 * i);
    }
    view_t *before = view_new (), *view = view_new ();
    day_say (before, STATUS_STORAGE, one);
    day_say (before, STATUS_STORAGE, "loteria_draw_phase{draw=\"d\"} 1\n");
    view_finish (before, NULL, 0, DAY_WALL_MS);
    day_say (view, STATUS_STORAGE, two);
    day_say (view, STATUS_STORAGE, "loteria_draw_phase{draw=\"d\"} 1\n");
    view_finish (view, before, 1000, DAY_WALL_MS);
    for (size_t rows = 10; rows <= 60; rows += 7) {
        paper_t *paper = paper_new (false, 80, rows);
        overview_picture (paper, view, "day", rows);
        assert_true (paper_lines (paper) <= rows);
        char *text = paper_finish (&paper, NULL);
        for (const char *line = text; *line; line += strcspn (line, "\n") + 1)
            assert_true (strcspn (line, "\n") <= 80);
        if (rows >= 17) {
            const char *heading = strstr (squeezed (text), "AGENCY STATE BETS RATE/S");
            assert_non_null (heading);
            assert_has (heading, "LAST BATCH ADDRESS\n500 selling 15,000 10,000");
            assert_has (heading, "more agencies of d\n");
        }
        free (text);
    }
    view_destroy (&view);
    view_destroy (&before);
}

/* Of several draws the agencies of the one that sells are shown, and it is named. */
static void test_picture_of_several_draws (void **state)
{
    (void) state;
    view_t *before = view_new (), *view = view_new ();
    view_t *const views[] = {before, view};
    for (int i = 0; i < 2; i++) {
        day_say (views[i], STATUS_STATE,
                 "loteria_draw_phase{draw=\"new\"} 1\n"
                 "loteria_draw_opened_timestamp_seconds{draw=\"new\"} 200\n"
                 "loteria_draw_phase{draw=\"old\"} 1\n"
                 "loteria_draw_opened_timestamp_seconds{draw=\"old\"} 100\n"
                 "loteria_draw_info{draw=\"old\",source=\"fixed\",closes=\"all\"} 1\n"
                 "loteria_agency_state{draw=\"new\",agency=\"1\"} 0\n"
                 "loteria_agency_state{draw=\"old\",agency=\"7\"} 0\n");
        day_say (views[i], STATUS_STORAGE,
                 i == 0 ? "loteria_bets_total{draw=\"old\"} 100\n"
                        : "loteria_bets_total{draw=\"old\"} 1000100\n");
    }
    view_finish (before, NULL, 0, DAY_WALL_MS);
    view_finish (view, before, 1000, DAY_WALL_MS);
    paper_t *paper = paper_new (false, 80, 24);
    overview_picture (paper, view, "day", 24);
    char *text = squeezed (paper_finish (&paper, NULL));
    assert_has (text, "old open 1,000,100 1,000,000 0/0 1 fixed when all have asked\n");
    assert_has (text, "\nagencies of old\nAGENCY STATE");
    assert_has (text, "\n7 selling");
    free (text);
    view_destroy (&view);
    view_destroy (&before);
}

static void test_hostile_words_stay_words (void **state)
{
    (void) state;
    view_t *view = view_new ();
    day_say (view, STATUS_BROKER,
             BROKER_START "loteria_worker_up{worker=\"\x1b[2Jx\"} 1\n"
                          "loteria_refused_total{code=\"%n%s\"} 3\n"
                          "loteria_build_info{version=\"%s%n\x07\"} 1\n");
    view_finish (view, NULL, 0, DAY_WALL_MS);
    char *status = shown (overview_status, view),
         *workers = shown (overview_workers, view);
    assert_has (status, "%s%n");
    assert_has (status, "%n%s 3");
    assert_null (strchr (status, '\x1b'));
    assert_null (strchr (status, '\x07'));
    assert_null (strchr (workers, '\x1b'));
    free (status);
    free (workers);
    view_destroy (&view);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_status),
        cmocka_unit_test (test_nothing),
        cmocka_unit_test (test_hung_storage),
        cmocka_unit_test (test_a_provable_draw),
        cmocka_unit_test (test_many_that_are_waited_for_are_counted),
        cmocka_unit_test (test_a_standby),
        cmocka_unit_test (test_hung_state),
        cmocka_unit_test (test_hung_broker),
        cmocka_unit_test (test_agencies),
        cmocka_unit_test (test_workers),
        cmocka_unit_test (test_hung_worker),
        cmocka_unit_test (test_picture),
        cmocka_unit_test (test_picture_of_several_draws),
        cmocka_unit_test (test_hostile_words_stay_words),
    };
    setenv ("TZ", "<-03>3", 1);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

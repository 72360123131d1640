/* test_view.c - how a central is, from what its parts report; and from bytes that no
   part would. */

#include "testing.h"

#include "status_day.h"

#define SECOND_STORAGE                                                                 \
    "process_start_time_seconds 1764490000\n"                                          \
    "process_cpu_seconds_total 11.5\n"                                                 \
    "loteria_bets_total{draw=\"noche\"} 5000\n"                                        \
    "loteria_agency_bets{draw=\"noche\",agency=\"1\"} 1000\n"                          \
    "loteria_agency_bets{draw=\"noche\",agency=\"2\"} 3990\n"                          \
    "loteria_agency_bets{draw=\"noche\",agency=\"3\"} 10\n"                            \
    "loteria_log_bytes_total 600000\n"                                                 \
    "loteria_log_sync_seconds_bucket{le=\"0.001\"} 10\n"                               \
    "loteria_log_sync_seconds_bucket{le=\"0.002\"} 90\n"                               \
    "loteria_log_sync_seconds_bucket{le=\"0.004\"} 110\n"                              \
    "loteria_log_sync_seconds_bucket{le=\"+Inf\"} 110\n"

static void assert_about (double value, double expected)
{
    if (value < expected - 1e-9 || value > expected + 1e-9)
        fail_msg ("%f, not %f", value, expected);
}

static void test_a_provable_draw (void **state)
{
    static const struct {
        int phase;
        bool missing[4]; // agencies 1 to 4
        const char *states[4];
    } cases[] = {
        {PHASE_OPEN, {0, 1, 0, 0}, {"committed", "selling", "committed", "revealed"}},
        {PHASE_CLOSED, {0, 1, 0, 0}, {"committed", "closed", "committed", "revealed"}},
        {PHASE_SEALED, {1, 0, 1, 0}, {"committed", "closed", "committed", "revealed"}},
        {PHASE_DRAWN, {1, 1, 1, 1}, {"committed", "closed", "committed", "revealed"}},
        {PHASE_VOID, {0, 0, 0, 0}, {"committed", "closed", "committed", "revealed"}},
    };
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        view_t *view = day_provable (cases[i].phase);
        assert_int_equal (view->nonsense, 0);
        const view_draw_t *draw = view_draw (view, NULL);
        assert_true (view_provable (draw) && draw->demo);
        assert_true (draw->audited && !draw->attested);
        assert_int_equal (draw->revealed, 1);
        assert_int_equal (draw->least, 2);
        assert_int_equal (draw->sealed_ms, 1764499000000);
        for (uint32_t agency = 1; agency <= 4; agency++) {
            const view_agency_t *at = view_agency (draw, agency);
            assert_int_equal (view_missing (draw, at), cases[i].missing[agency - 1]);
            assert_string_equal (view_state_name (draw, at),
                                 cases[i].states[agency - 1]);
        }
        view_destroy (&view);
    }
}

/* A draw that is sealed is one that is closed: before those that are drawn. A phase of
   a later version is the last. */
static void test_the_order_of_phases (void **state)
{
    static const char order[] = "1523406"; // by their numbers
    (void) state;
    view_t *view = view_new ();
    for (int phase = 0; phase <= 6; phase++) {
        char line[128];
        snprintf (line, sizeof line,
                  "loteria_draw_phase{draw=\"d%d\"} %d\n"
                  "loteria_draw_closed_timestamp_seconds{draw=\"d%d\"} %d\n",
                  phase, phase, phase, 1000 + phase);
        day_say (view, STATUS_STATE, line);
    }
    view_finish (view, NULL, 0, 0);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal (view->draw[i].name[1], order[i]);
    view_destroy (&view);
}

static void test_a_log_kept_by_an_engine (void **state)
{
    (void) state;
    view_t *view = day_view ();
    assert_false (view_standby (view));
    day_say (view, STATUS_CENTRAL, day_engine);
    assert_int_equal (view->nonsense, 0);
    const view_engine_t *engine = &view->engine;
    assert_true (engine->told && engine->has_role && !engine->active);
    assert_string_equal (engine->name, "postgres");
    assert_string_equal (engine->host, "db2:5432");
    assert_string_equal (engine->holder, "tcp://a:12345");
    assert_int_equal (engine->epoch, 7);
    assert_int_equal (engine->behind, 12);
    assert_int_equal (engine->lease_age_ms, 400);
    assert_int_equal (engine->waits_ms, 2500);
    assert_true (engine->has_synchronous && engine->synchronous);
    assert_true (engine->has_standbys && engine->standbys == 2);
    assert_int_equal (engine->nodes, 2);
    assert_string_equal (engine->node[1], "node3");
    view_silent (view, STATUS_STORAGE, "no answer");
    assert_true (view_standby (view) && view_whole (view));
    assert_false (view_fails (view, STATUS_STORAGE));
    view_silent (view, STATUS_CENTRAL, "no answer");
    assert_true (view_fails (view, STATUS_CENTRAL) && !view_whole (view));
    for (int i = 0; i < 20; i++) // is bounded
        day_say (view, STATUS_CENTRAL, "loteria_engine_standby{name=\"x\"} 1\n");
    assert_int_equal (view->engine.nodes, VIEW_NODES_MAX);
    assert_int_equal (view->nonsense, 20 - (VIEW_NODES_MAX - 2));
    day_say (view, STATUS_CENTRAL, "loteria_active 1\n");
    assert_true (view_fails (view, STATUS_STORAGE));
    view_destroy (&view);
}

static void test_puts_together (void **state)
{
    (void) state;
    view_t *view = day_view ();
    assert_int_equal (view->nonsense, 0);
    assert_int_equal (view->draws, 2);
    const view_draw_t *noche = &view->draw[0], *tarde = &view->draw[1];
    assert_string_equal (noche->name, "noche");
    assert_int_equal (noche->phase, PHASE_OPEN);
    assert_int_equal (noche->source, SOURCE_RANDOM);
    assert_int_equal (noche->closes, VIEW_CLOSES_CLOCK);
    assert_int_equal (noche->closes_ms, 1764507600000);
    assert_int_equal (noche->bets, 3000);
    assert_int_equal (noche->cancelled, 2);
    assert_false (noche->has_number);
    assert_true (tarde->has_number);
    assert_int_equal (tarde->number, 1234);
    assert_int_equal (tarde->drawn_ms, 1764485000500);
    assert_int_equal (tarde->closes, VIEW_CLOSES_NEVER);
    assert_int_equal (noche->count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal (noche->list[i].agency, i + 1);
    assert_int_equal (noche->list[1].bets, 2000);
    assert_int_equal (noche->list[1].last_batch_ms, 1764499999000);
    assert_int_equal (noche->list[0].ready_ms, 1764499000000);
    assert_ptr_equal (view_agency (noche, 2), &noche->list[1]);
    assert_null (view_agency (noche, 4));
    view_destroy (&view);
    assert_null (view);
    view_destroy (&view);
}

static void test_parts_and_workers (void **state)
{
    (void) state;
    view_t *view = day_view ();
    size_t count;
    const view_connection_t *connection = view_connection (view, 2, &count);
    assert_non_null (connection);
    assert_int_equal (count, 2);
    assert_int_equal (view->connections, 3);
    assert_string_equal (connection->address, "10.0.0.7");
    assert_string_equal (connection->key, "abcdefgh");
    assert_int_equal (connection->last_word_ms, 1764499998000);
    assert_int_equal (connection->queue, 3);
    assert_null (view_connection (view, 3, &count));
    assert_int_equal (count, 0);
    assert_int_equal (view->workers, 2);
    assert_string_equal (view->worker[0].name, "host/21");
    assert_int_equal (view->worker[0].in_flight, 4);
    assert_about (view->worker[0].cpu_s, 2.5);
    assert_string_equal (view->broker.code[0].name, "BUSY"); // the more frequent
    assert_int_equal (view->broker.code[1].count, 2);
    assert_true (view->broker.has_parts && view->broker.storage_up);
    assert_true (view->has_central);
    assert_int_equal (view->workers_wanted, 2);
    static const view_process_t processes[] = {{"storage", 20, true, 3},
                                               {"web", 0, false, 0},
                                               {"worker", 21, true, 1},
                                               {"worker", 22, true, 1}};
    assert_int_equal (view->processes, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal (view->process[i].name, processes[i].name);
        assert_int_equal (view->process[i].pid, processes[i].pid);
        assert_int_equal (view->process[i].up, processes[i].up);
        assert_int_equal (view->process[i].restarts, processes[i].restarts);
    }
    assert_string_equal (view->part[STATUS_STORAGE].version, "0.1.0");
    assert_int_equal (view->part[STATUS_STORAGE].memory_bytes, 20971520);
    assert_about (view->storage.sync_p50_s, 0.0015);
    assert_about (view->storage.sync_p99_s, 0.0038);
    assert_true (view_whole (view));
    view_destroy (&view);
}

static void test_which_draw_is_meant (void **state)
{
    (void) state;
    view_t *view = day_view ();
    assert_string_equal (view_draw (view, NULL)->name, "noche");
    assert_string_equal (view_draw (view, "tarde")->name, "tarde");
    assert_null (view_draw (view, "otro"));
    view_destroy (&view);

    view = view_new ();
    day_say (view, STATUS_STATE,
             "loteria_draw_phase{draw=\"b\"} 0\nloteria_draw_phase{draw=\"a\"} 0\n");
    view_finish (view, NULL, 0, 0);
    assert_null (view_draw (view, NULL));
    assert_string_equal (view->draw[0].name, "a");
    view_destroy (&view);

    // That was drawn last, not opened last.
    view = view_new ();
    day_say (view, STATUS_STATE,
             "loteria_draw_phase{draw=\"a\"} 3\nloteria_draw_phase{draw=\"b\"} 3\n"
             "loteria_draw_opened_timestamp_seconds{draw=\"a\"} 100\n"
             "loteria_draw_opened_timestamp_seconds{draw=\"b\"} 200\n"
             "loteria_draw_drawn_timestamp_seconds{draw=\"a\"} 400\n"
             "loteria_draw_drawn_timestamp_seconds{draw=\"b\"} 300\n");
    view_finish (view, NULL, 0, 0);
    assert_string_equal (view_draw (view, NULL)->name, "a");
    view_destroy (&view);
}

/* Storage knows of draws, but not which one is on sale. */
static void test_no_draw_is_meant_while_state_hangs (void **state)
{
    (void) state;
    view_t *view = view_new ();
    view_silent (view, STATUS_STATE, "no answer");
    day_say (view, STATUS_STORAGE, "loteria_bets_total{draw=\"b\"} 3\n");
    view_finish (view, NULL, 0, 0);
    assert_string_equal (view_draw (view, NULL)->name, "b");
    view_destroy (&view);

    view = view_new ();
    view_silent (view, STATUS_STATE, "no answer");
    day_say (view, STATUS_STORAGE,
             "loteria_bets_total{draw=\"b\"} 3\nloteria_bets_total{draw=\"a\"} 3\n");
    view_finish (view, NULL, 0, 0);
    assert_null (view_draw (view, NULL));
    assert_string_equal (view_draw (view, "b")->name, "b");
    view_destroy (&view);
}

static void test_who_is_missing (void **state)
{
    (void) state;
    view_t *view = day_view ();
    const view_draw_t *noche = view_draw (view, "noche"),
                      *tarde = view_draw (view, "tarde");
    assert_int_equal (view_missing_count (noche), 2);
    assert_false (view_missing (noche, view_agency (noche, 1)));
    assert_true (view_missing (noche, view_agency (noche, 2)));
    assert_int_equal (view_missing_count (tarde), 1); // has not fetched its winners
    assert_true (view_missing (tarde, view_agency (tarde, 2)));
    view_destroy (&view);
}

/* Nobody sells in a draw that is closed, drawn or void. */
static void test_what_agencies_do (void **state)
{
    (void) state;
    for (uint8_t phase = PHASE_OPEN; phase <= PHASE_VOID; phase++) {
        const view_draw_t draw = {.has_phase = true, .phase = phase};
        const char *const names[] = {phase == PHASE_OPEN ? "selling" : "closed",
                                     "ready",
                                     "excused",
                                     "served",
                                     "revealed",
                                     "?"};
        for (uint8_t is = 0; is < 6; is++)
            assert_string_equal (view_state_name (&draw, &(view_agency_t){.state = is}),
                                 names[is]);
    }
}

static void test_rates (void **state)
{
    (void) state;
    view_t *before = day_view (), *view = view_new ();
    assert_about (view_draw (before, NULL)->bets_per_s, VIEW_RATE_UNKNOWN);
    assert_about (before->bets_per_s, VIEW_RATE_UNKNOWN);
    day_say (view, STATUS_STATE, day_state);
    day_say (view, STATUS_STORAGE, SECOND_STORAGE);
    day_say (view, STATUS_BROKER, day_broker);
    view_finish (view, before, 102000, DAY_WALL_MS + 2000);
    const view_draw_t *draw = view_draw (view, "noche");
    assert_about (draw->bets_per_s, 1000);
    assert_about (view->bets_per_s, 1000);
    assert_about (draw->list[0].bets_per_s, 0);
    assert_about (draw->list[1].bets_per_s, 995);
    assert_about (draw->list[2].bets_per_s, 5); // it had none
    assert_about (view->storage.bytes_per_s, 100000);
    assert_about (view->part[STATUS_STORAGE].cpu_percent, 50);
    assert_about (view->storage.sync_p50_s, 0.003); // of those since
    view_destroy (&view);
    view_destroy (&before);
}

/* Another life of storage counts anew, and one that did not answer has no count. */
static void test_no_rates_across_lives (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "process_start_time_seconds 1764495000\nloteria_bets_total{draw=\"noche\"} 9\n",
        "process_start_time_seconds 1764490000\nloteria_bets_total{draw=\"noche\"} 9\n",
        NULL};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        view_t *before = day_view (), *view = view_new ();
        if (texts[i])
            day_say (view, STATUS_STORAGE, texts[i]);
        else
            view_silent (view, STATUS_STORAGE, "no answer");
        view_finish (view, before, 102000, DAY_WALL_MS);
        assert_about (view->bets_per_s, VIEW_RATE_UNKNOWN);
        assert_int_equal (view_whole (view), texts[i] != NULL);
        view_destroy (&view);
        view_destroy (&before);
    }
}

static void test_a_silent_part_says_why (void **state)
{
    (void) state;
    view_t *view = view_new ();
    assert_int_equal (view->part[STATUS_CENTRAL].answer, VIEW_ABSENT);
    view_silent (view, STATUS_STORAGE, "no answer\n in 2 s");
    assert_int_equal (view->part[STATUS_STORAGE].answer, VIEW_SILENT);
    assert_string_equal (view->part[STATUS_STORAGE].reason, "no answer  in 2 s");
    assert_false (view_whole (view));
    view_destroy (&view);
}

static void test_a_thousand_agencies (void **state)
{
    (void) state;
    enum { AGENCIES = 1000 };
    char text[AGENCIES * 64];
    view_t *view = view_new ();
    day_say (view, STATUS_STATE, "loteria_draw_phase{draw=\"d\"} 1\n");
    for (int metric = 0; metric < 2; metric++) {
        size_t size = 0;
        for (uint32_t i = 0; i < AGENCIES; i++) // in no order
            size +=
                (size_t) snprintf (text + size, sizeof text - size,
                                   "loteria_agency_%s{draw=\"d\",agency=\"%u\"} %u\n",
                                   metric ? "bets" : "state", i * 7919u % AGENCIES + 1,
                                   metric ? i : i % 2);
        day_say (view, STATUS_STATE, text);
    }
    view_finish (view, NULL, 0, 0);
    const view_draw_t *draw = view_draw (view, NULL);
    assert_int_equal (view->nonsense, 0);
    assert_int_equal (draw->count, AGENCIES);
    assert_int_equal (view_missing_count (draw), AGENCIES / 2);
    for (uint32_t i = 0; i < AGENCIES; i++)
        assert_int_equal (view_agency (draw, i * 7919u % AGENCIES + 1)->bets, i);
    view_destroy (&view);
}

static void test_what_cannot_be_is_counted (void **state)
{
    (void) state;
    static const char *const bad[] = {
        "loteria_draw_phase{draw=\"noche\"} -1\n",
        "loteria_draw_phase{draw=\"noche\"} 256\n",
        "loteria_draw_phase{draw=\"noche\"} NaN\n",
        "loteria_draw_phase 1\n",
        "loteria_draw_phase{draw=\"../etc\"} 1\n",
        "loteria_draw_agencies{draw=\"noche\"} 1.5\n",
        "loteria_bets_total{draw=\"noche\"} 1e300\n",
        "loteria_bets_total{draw=\"noche\"} +Inf\n",
        "loteria_agency_bets{draw=\"noche\",agency=\"0\"} 1\n",
        "loteria_agency_bets{draw=\"noche\",agency=\"4294967296\"} 1\n",
        "loteria_agency_bets{draw=\"noche\",agency=\"-1\"} 1\n",
        "loteria_agency_bets{draw=\"noche\",agency=\"\"} 1\n",
        "loteria_agency_bets{agency=\"1\"} 1\n",
        "loteria_draw_info{draw=\"noche\",source=\"magic\"} 1\n",
        "loteria_worker_up{worker=\"\"} 1\n",
        "loteria_worker_up{worker=\"a\"} 2\n",
        "loteria_part_up{part=\"cellar\"} 1\n",
        "loteria_refused_total{code=\"A_CODE_THAT_IS_MUCH_TOO_LONG\"} 1\n",
        "loteria_agency_connected{agency=\"x\"} 1\n",
        "loteria_log_sync_seconds_bucket{le=\"x\"} 1\n",
        "loteria_process_up 1\n",
        "nonsense\n",
        "\xff\xfe\x00\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        view_t *view = view_new ();
        day_say (view, STATUS_BROKER, bad[i]);
        view_finish (view, NULL, 0, 0);
        if (view->nonsense != 1)
            fail_msg ("taken: %s", bad[i]);
        view_destroy (&view);
    }
    view_t *view = view_new ();
    day_say (view, STATUS_BROKER, "loteria_of_a_later_version{a=\"b\"} 1\n");
    assert_int_equal (view->nonsense, 0);
    view_destroy (&view);
}

static void test_is_bounded (void **state)
{
    (void) state;
    char line[128];
    view_t *view = view_new ();
    for (unsigned i = 0; i < VIEW_DRAWS_MAX + 5; i++) {
        snprintf (line, sizeof line, "loteria_draw_phase{draw=\"d%u\"} 1\n", i);
        day_say (view, STATUS_STATE, line);
    }
    for (unsigned i = 0; i < VIEW_PROCESSES_MAX + 5; i++) {
        snprintf (line, sizeof line, "loteria_process_up{process=\"p\",pid=\"%u\"} 1\n",
                  i + 1);
        day_say (view, STATUS_CENTRAL, line);
    }
    for (unsigned i = 0; i < VIEW_CODES_MAX + 5; i++) {
        snprintf (line, sizeof line, "loteria_refused_total{code=\"C%u\"} 1\n", i);
        day_say (view, STATUS_BROKER, line);
        snprintf (line, sizeof line, "loteria_log_sync_seconds_bucket{le=\"%u\"} %u\n",
                  i, i);
        day_say (view, STATUS_STORAGE, line);
    }
    view_finish (view, NULL, 0, 0);
    assert_int_equal (view->draws, VIEW_DRAWS_MAX);
    assert_int_equal (view->processes, VIEW_PROCESSES_MAX);
    assert_int_equal (view->broker.codes, VIEW_CODES_MAX);
    assert_int_equal (view->storage.buckets, VIEW_BUCKETS_MAX);
    assert_int_equal (view->nonsense, 20);
    view_destroy (&view);
}

/* Any change of a report is taken, or counted. */
static void test_mutated (void **state)
{
    (void) state;
    uint64_t random = 5;
    for (int round = 0; round < 2000; round++) {
        char text[sizeof day_broker];
        memcpy (text, day_broker, sizeof text);
        for (size_t i = random_below (&random, 20); i > 0; i--)
            text[random_below (&random, sizeof text - 1)] =
                (char) random_below (&random, 256);
        view_t *view = day_unfinished ();
        view_take (view, STATUS_BROKER, bytes_of (text, sizeof text - 1));
        view_finish (view, NULL, 0, 0);
        view_destroy (&view);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_provable_draw),
        cmocka_unit_test (test_the_order_of_phases),
        cmocka_unit_test (test_a_log_kept_by_an_engine),
        cmocka_unit_test (test_puts_together),
        cmocka_unit_test (test_parts_and_workers),
        cmocka_unit_test (test_which_draw_is_meant),
        cmocka_unit_test (test_no_draw_is_meant_while_state_hangs),
        cmocka_unit_test (test_who_is_missing),
        cmocka_unit_test (test_what_agencies_do),
        cmocka_unit_test (test_rates),
        cmocka_unit_test (test_no_rates_across_lives),
        cmocka_unit_test (test_a_silent_part_says_why),
        cmocka_unit_test (test_a_thousand_agencies),
        cmocka_unit_test (test_what_cannot_be_is_counted),
        cmocka_unit_test (test_is_bounded),
        cmocka_unit_test (test_mutated),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_view_json.c - the JSON that loteria-ctl and loteria-web share. */

#include "testing.h"

#include "status_day.h"
#include "view_json.h"

static void assert_has (const char *text, const char *part)
{
    if (!strstr (text, part))
        fail_msg ("%s\nhas no %s", text, part);
}

static void test_status (void **state)
{
    (void) state;
    view_t *view = day_view ();
    view_silent (view, STATUS_CENTRAL, "no answer");
    size_t size;
    char *text = view_json_status (view, &size);
    assert_int_equal (size, strlen (text));
    assert_int_equal (text[size - 1], '\n');
    assert_has (text,
                "{\"time\":\"2025-11-30T10:53:20Z\",\"bets_per_s\":null,\"parts\":[");
    assert_has (text, "{\"part\":\"storage\",\"answer\":\"up\",\"reason\":null,"
                      "\"version\":\"0.1.0\",\"started\":\"2025-11-30T08:06:40Z\","
                      "\"cpu_percent\":null,\"memory_bytes\":20971520,\"fds\":30,"
                      "\"fds_max\":1024}");
    assert_has (text,
                "{\"part\":\"central\",\"answer\":\"silent\",\"reason\":\"no answer\"");
    assert_has (text,
                "{\"name\":\"noche\",\"phase\":\"open\",\"source\":\"random\","
                "\"agencies\":3,\"ready\":1,\"excused\":0,\"served\":0,\"missing\":2,"
                "\"bets\":3000,\"batches\":30,\"cancelled\":2,\"bets_per_s\":null,"
                "\"highest\":9999,\"number\":null,\"opened\":\"2025-11-30T08:06:40Z\","
                "\"closes\":\"2025-11-30T13:00:00Z\",\"closes_by\":\"clock\","
                "\"closed\":null,\"drawn\":null,\"commits\":null,\"sealed\":null,"
                "\"least\":null,\"revealed\":null,\"demo\":null,"
                "\"attested\":null}");
    assert_has (text, "\"number\":1234");
    assert_has (text, "\"refused\":{\"BUSY\":7,\"FIELDS\":2}");
    assert_has (text, "\"sync_p99_s\":0.0038");
    assert_has (text,
                "{\"process\":\"storage\",\"pid\":20,\"up\":true,\"restarts\":3}");
    free (text);
    view_destroy (&view);
}

static void test_a_provable_draw (void **state)
{
    (void) state;
    view_t *view = day_provable (5);
    char *text = view_json_status (view, NULL);
    assert_has (text,
                "{\"name\":\"noche\",\"phase\":\"sealed\",\"source\":\"provable\","
                "\"agencies\":4,\"ready\":3,\"excused\":0,\"served\":0,"
                "\"missing\":2,");
    assert_has (text, "\"drawn\":null,\"commits\":\"2025-11-30T10:36:40Z\","
                      "\"sealed\":\"2025-11-30T10:36:40Z\",\"least\":2,"
                      "\"revealed\":1,\"demo\":true,\"attested\":false}");
    free (text);
    text = view_json_agencies (view, view_draw (view, NULL), true, NULL);
    assert_has (text, "{\"agency\":1,\"state\":\"committed\"");
    assert_has (text, "{\"agency\":3,\"state\":\"committed\"");
    assert_null (strstr (text, "\"revealed\""));
    free (text);
    view_destroy (&view);
}

static void test_a_log_kept_by_an_engine (void **state)
{
    (void) state;
    view_t *view = day_view ();
    char *text = view_json_status (view, NULL);
    assert_has (text, "\"engine\":null,");
    free (text);
    day_say (view, STATUS_CENTRAL, day_engine);
    text = view_json_status (view, NULL);
    assert_has (text, "\"engine\":{\"engine\":\"postgres\",\"host\":\"db2:5432\","
                      "\"role\":\"standby\",\"active_at\":\"tcp://a:12345\","
                      "\"epoch\":7,\"lease_age_s\":0.4,\"behind\":12,\"waits_s\":2.5,"
                      "\"synchronous\":true,\"standbys\":2,"
                      "\"nodes\":[\"node2\",\"node3\"]}");
    free (text);
    view_destroy (&view);
}

static void test_agencies (void **state)
{
    (void) state;
    view_t *view = day_view ();
    char *text = view_json_agencies (view, view_draw (view, NULL), false, NULL);
    assert_has (
        text, "{\"draw\":\"noche\",\"agencies\":[\n {\"agency\":1,\"state\":\"ready\"");
    assert_has (text,
                "{\"agency\":2,\"state\":\"selling\",\"bets\":2000,\"cancelled\":2,"
                "\"bets_per_s\":null,\"last_batch\":\"2025-11-30T10:53:19Z\","
                "\"ready\":null,\"served\":null,\"connections\":2,"
                "\"address\":\"10.0.0.7\",\"key\":\"abcdefgh\","
                "\"last_word\":\"2025-11-30T10:53:18Z\",\"queue\":3}");
    assert_has (text,
                "\"connections\":0,\"address\":null,\"key\":null,\"last_word\":null");
    free (text);
    text = view_json_agencies (view, view_draw (view, NULL), true, NULL);
    assert_null (strstr (text, "\"agency\":1,"));
    assert_has (text, "\"agency\":3,");
    free (text);
    view_destroy (&view);
}

/* What nobody told is null, and what the others told is there. */
static void test_hung_storage (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_STORAGE);
    char *text = view_json_status (view, NULL);
    assert_has (text, "{\"part\":\"storage\",\"answer\":\"silent\",\"reason\":\"no "
                      "answer\",\"version\":null,\"started\":null,"
                      "\"cpu_percent\":null,\"memory_bytes\":null,\"fds\":null,"
                      "\"fds_max\":null}");
    assert_has (text, "\"agencies\":3,\"ready\":1,\"excused\":0,\"served\":0,"
                      "\"missing\":2,\"bets\":null,\"batches\":null,"
                      "\"cancelled\":null,\"bets_per_s\":null,\"highest\":9999");
    assert_has (text,
                "\"storage\":{\"conflicts\":null,\"log_size_bytes\":null,"
                "\"segments\":null,\"checkpoint_lag_bytes\":null,"
                "\"gathered_bytes\":null,\"bytes_per_s\":null,\"sync_p50_s\":null,"
                "\"sync_p99_s\":null,\"disk_free_bytes\":null,"
                "\"disk_size_bytes\":null}");
    assert_has (text, "\"requests\":100");
    free (text);
    text = view_json_agencies (view, view_draw (view, NULL), false, NULL);
    assert_has (text, "{\"agency\":2,\"state\":\"selling\",\"bets\":null,"
                      "\"cancelled\":null,\"bets_per_s\":null,\"last_batch\":null,"
                      "\"ready\":null,\"served\":null,\"connections\":2");
    free (text);
    view_destroy (&view);
}

static void test_hung_state (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_STATE);
    char *text = view_json_status (view, NULL);
    assert_has (text, "{\"name\":\"noche\",\"phase\":null,\"source\":null,"
                      "\"agencies\":null,\"ready\":null,\"excused\":null,"
                      "\"served\":null,\"missing\":null,\"bets\":3000,"
                      "\"batches\":30,\"cancelled\":2,\"bets_per_s\":null,"
                      "\"highest\":null,\"number\":null");
    free (text);
    view_destroy (&view);
}

static void test_hung_broker (void **state)
{
    (void) state;
    view_t *view = day_without (STATUS_BROKER);
    char *text = view_json_status (view, NULL);
    assert_has (text, "\"broker\":{\"requests\":null,\"answers\":null,"
                      "\"requests_per_s\":null,\"redispatched\":null,"
                      "\"given_up\":null,\"shed\":null,\"late\":null,"
                      "\"undelivered\":null,\"strangers\":null,"
                      "\"queue_requests\":null,\"queue_aside\":null,"
                      "\"queue_bytes\":null,\"connections\":null}");
    free (text);
    text = view_json_agencies (view, view_draw (view, NULL), false, NULL);
    assert_has (text, "\"bets\":2000,\"cancelled\":2");
    assert_has (text, "\"connections\":null,\"address\":null,\"key\":null,"
                      "\"last_word\":null,\"queue\":null}");
    free (text);
    view_destroy (&view);
}

static void test_workers (void **state)
{
    (void) state;
    view_t *view = day_view ();
    char *text = view_json_workers (view, NULL);
    assert_has (text, "{\"workers_wanted\":2,\"workers\":[\n {\"worker\":\"host/21\","
                      "\"up\":true,\"in_flight\":4,\"credit\":0,\"answered\":0,"
                      "\"batches\":0,\"bets\":3000,\"bets_per_s\":null,\"refused\":0,"
                      "\"cpu_percent\":null,\"memory_bytes\":0,\"last_word\":null},");
    free (text);
    view_destroy (&view);
}

static void test_nothing (void **state)
{
    (void) state;
    view_t *view = view_new ();
    view_finish (view, NULL, 0, 0);
    char *text = view_json_workers (view, NULL);
    assert_string_equal (text, "{\"workers_wanted\":null,\"workers\":[]}\n");
    free (text);
    text = view_json_refused (bytes_of (NULL, 0), 10, NULL);
    assert_string_equal (text, "{\"refused\":[]}\n");
    free (text);
    view_destroy (&view);
}

static void test_refused (void **state)
{
    (void) state;
    static const char refusals[] =
        "1764500000123 agency: 4 | draw: noche | code: RANGE | reason: old\n"
        "nonsense\n"
        "1764500001000 agency: 5 | draw: noche | code: FIELDS | command: BATCH | row: "
        "3 | "
        "field: 2 | offset: 800 | address: 10.0.0.7 | reason: a \"field\" is missing\n";
    char *text = view_json_refused (bytes_of (refusals, strlen (refusals)), 1, NULL);
    assert_string_equal (
        text, "{\"refused\":[\n {\"time\":\"2025-11-30T10:53:21Z\",\"agency\":5,"
              "\"draw\":\"noche\",\"code\":\"FIELDS\",\"command\":\"BATCH\",\"row\":3,"
              "\"field\":2,\"offset\":800,\"address\":\"10.0.0.7\","
              "\"reason\":\"a \\\"field\\\" is missing\"}]}\n");
    free (text);
    text = view_json_refused (bytes_of ("1 agency: x1 | code: <\xff\n", 24), 9, NULL);
    assert_has (text, "\"agency\":null,\"draw\":null,\"code\":\"\\u003C\uFFFD\"");
    free (text);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_provable_draw),
        cmocka_unit_test (test_a_log_kept_by_an_engine),
        cmocka_unit_test (test_status),
        cmocka_unit_test (test_agencies),
        cmocka_unit_test (test_workers),
        cmocka_unit_test (test_nothing),
        cmocka_unit_test (test_refused),
        cmocka_unit_test (test_hung_storage),
        cmocka_unit_test (test_hung_state),
        cmocka_unit_test (test_hung_broker),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_outcome.c - what came of a question to PostgreSQL, and what is said of it. */

#include "testing.h"

#include "outcome.h"

static const engine_kind_t writes[] = {ENGINE_COMMIT, ENGINE_TAKE, ENGINE_RENEW};

/* What is not known of a write; a renewal may be tried again. */
static engine_outcome_t in_doubt (engine_kind_t kind)
{
    return kind == ENGINE_RENEW ? ENGINE_FAILED : ENGINE_UNKNOWN;
}

static void only_one_row_without_a_word_is_done (void **state)
{
    (void) state;
    for (size_t i = 0; i < 3; i++) {
        const engine_kind_t kind = writes[i];
        assert_int_equal (outcome_of (kind, &(facts_t){.rows = 1}), ENGINE_DONE);
        assert_int_equal (outcome_of (kind, &(facts_t){.rows = 0}), ENGINE_FENCED);
        assert_int_equal (outcome_of (kind, &(facts_t){.rows = 1, .noticed = true}),
                          in_doubt (kind));
        assert_int_equal (outcome_of (kind, &(facts_t){.rows = 1, .alone = true}),
                          in_doubt (kind));
        assert_int_equal (outcome_of (kind, &(facts_t){.rows = 1, .lost = true}),
                          in_doubt (kind));
        assert_int_equal (outcome_of (kind, &(facts_t){.lost = true, .unsent = true}),
                          ENGINE_FAILED);
    }
}

static void an_error_may_come_while_it_waits (void **state)
{
    (void) state;
    static const char *const doubtful[] = {"57P01", "57014", "08006", "58030", "XX000"};
    static const char *const certain[] = {"53100", "42501", "40001", "22P02"};
    for (size_t i = 0; i < 3; i++) {
        const engine_kind_t kind = writes[i];
        for (size_t j = 0; j < 5; j++)
            assert_int_equal (outcome_of (kind, &(facts_t){.sqlstate = doubtful[j]}),
                              in_doubt (kind));
        for (size_t j = 0; j < 4; j++)
            assert_int_equal (outcome_of (kind, &(facts_t){.sqlstate = certain[j]}),
                              ENGINE_FAILED);
        assert_int_equal (outcome_of (kind, &(facts_t){.sqlstate = "23505"}),
                          ENGINE_FENCED);
    }
}

static void what_keeps_us_out_is_known_by_its_text (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        fault_t fault;
    } cases[] = {
        {"connection to server at \"127.0.0.1\", port 1 failed: Connection refused",
         FAULT_AWAY},
        {"connection failed: timeout expired", FAULT_AWAY},
        {"FATAL:  the database system is starting up", FAULT_AWAY},
        {"connection to server failed: server is in hot standby mode", FAULT_STANDBY},
        {"connection to server failed: session is read-only", FAULT_STANDBY},
        {"FATAL:  password authentication failed for user \"x\"", FAULT_PASSWORD},
        {"fe_sendauth: no password supplied", FAULT_PASSWORD},
        {"FATAL:  role \"x\" does not exist", FAULT_ROLE},
        {"FATAL:  database \"x\" does not exist", FAULT_ROLE},
        {"FATAL:  no pg_hba.conf entry for host", FAULT_ROLE},
        {"SSL error: certificate verify failed", FAULT_CERTIFICATE},
        {"server certificate for \"a\" does not match host name \"b\"",
         FAULT_CERTIFICATE},
        {"root certificate file \"/none\" does not exist", FAULT_CERTIFICATE},
        {"server does not support SSL, but SSL was required", FAULT_CERTIFICATE},
        {"something else", FAULT_OTHER}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const fault_t fault = fault_of (cases[i].text);
        if (fault != cases[i].fault)
            fail_msg ("%s: %d", cases[i].text, (int) fault);
        assert_true (strlen (fault_advice (fault)) > 10);
        assert_int_equal (fault_stays (fault), fault == FAULT_PASSWORD ||
                                                   fault == FAULT_ROLE ||
                                                   fault == FAULT_CERTIFICATE);
    }
    assert_string_equal (sqlstate_advice ("12345"), "see the server's log");
    assert_non_null (strstr (sqlstate_advice ("53100"), "disk"));
}

static void a_text_becomes_one_line (void **state)
{
    (void) state;
    char line[16];
    assert_int_equal (one_line (line, sizeof line, " a\n\tb|c \x01 "), 5);
    assert_string_equal (line, "a b c");
    one_line (line, sizeof line, "longer than there is room for");
    assert_true (strlen (line) < sizeof line);
    assert_int_equal (one_line (line, sizeof line, ""), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (only_one_row_without_a_word_is_done),
        cmocka_unit_test (an_error_may_come_while_it_waits),
        cmocka_unit_test (what_keeps_us_out_is_known_by_its_text),
        cmocka_unit_test (a_text_becomes_one_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

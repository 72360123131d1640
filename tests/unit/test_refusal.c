/* test_refusal.c - refusals that end a session: which do, and in what words. */

#include "session_day.h"

static void test_refused_row_names_its_line (void **state)
{
    static const char *const rows[] = {
        "a,b,1,2000-01-01,1", "\"a\nx\r\ny\",b,1,2000-01-01,1", "c,d,1,2000-02-30,1",
        "e,f,1,2000-01-01,1", "g,\"\"\"h\",1,2000-01-01,1"};
    static const struct {
        wire_code_t code;
        uint32_t row;
        uint8_t field;
        const char *failure;
    } table[] = {
        {REFUSED_EMPTY, 0, 0, "fake.csv, from line 1 on: why (EMPTY)"},
        {REFUSED_ROWS, 0, 0, "fake.csv, from line 1 on: why (ROWS)"},
        {REFUSED_COUNT, 6, 0, "fake.csv, from line 1 on: why (COUNT)"},
        {REFUSED_FIELDS, 1, 0, "fake.csv, line 1: why (FIELDS)"},
        {REFUSED_QUOTES, 2, 1, "fake.csv, line 2, first name: why (QUOTES)"},
        {REFUSED_DATE, 3, 4, "fake.csv, line 5, birthdate: why (DATE)"},
        {REFUSED_NUMBER, 4, 5, "fake.csv, line 6, number: why (NUMBER)"},
        {REFUSED_RANGE, 5, 5, "fake.csv, line 7, number: why (RANGE)"},
        {REFUSED_UTF8, 5, 200, "fake.csv, line 7: why (UTF8)"},
        {REFUSED_CONTROL, UINT32_MAX, 2,
         "fake.csv, from line 1 on, last name: why (CONTROL)"},
    };
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        day->fake = (fake_t){.table = rows, .count = 5, .fails_at = UINT64_MAX};
        day->options.limits.rows_max = 5;
        begin_selling (day);
        said_batch (day, 0, 5);
        refuse_row (day, table[i].code, WIRE_BATCH, 0, table[i].row, table[i].field);
        assert_failed (day, table[i].failure);
    }
}

static void test_refused_row_of_a_later_batch (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    said_batch (day, 6, 3);
    stored (day, 3);
    refuse_row (day, REFUSED_DATE, WIRE_BATCH, 6, 2, 4);
    assert_failed (day, "fake.csv, line 8, birthdate: why (DATE)");
}

/* The central's own text may name the field as well; once is enough. */
static void test_text_that_names_the_field (void **state)
{
    static const char reason[] = "birthdate: no day of the calendar";
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    answer (day, &(wire_message_t){
                     .command = WIRE_REFUSED,
                     .agency = AGENCY,
                     .refused = {.code = REFUSED_DATE,
                                 .command = WIRE_BATCH,
                                 .field = 4,
                                 .row = 3,
                                 .text = bytes_of (reason, sizeof reason - 1)}});
    assert_failed (day, "fake.csv, line 3: birthdate: no day of the calendar (DATE)");
}

static void test_refusals_that_end_it (void **state)
{
    static const struct {
        wire_code_t code;
        const char *failure;
    } table[] = {
        {REFUSED_SIGNATURE, "the central refused BATCH: why (SIGNATURE)"},
        {REFUSED_VERSION, "the central refused BATCH: why (VERSION)"},
        {REFUSED_COMMAND, "the central refused BATCH: why (COMMAND)"},
        {REFUSED_FRAMES, "the central refused BATCH: why (FRAMES)"},
        {REFUSED_SIZE, "the central refused BATCH: why (SIZE)"},
        {REFUSED_BODY, "the central refused BATCH: why (BODY)"},
        {REFUSED_AGENCY, "the central refused BATCH: why (AGENCY)"},
        {REFUSED_CONFLICT,
         "the central refused BATCH of fake.csv, from line 4 on: why (CONFLICT)"},
        {REFUSED_CLOSED,
         "the central refused BATCH of fake.csv, from line 4 on: why (CLOSED)"},
        {REFUSED_TALLY,
         "the central refused BATCH of fake.csv, from line 4 on: why (TALLY)"},
        {(wire_code_t) 999,
         "the central refused BATCH of fake.csv, from line 4 on: why (code 999)"},
    };
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        begin_selling (day);
        said_batch (day, 0, 3);
        said_batch (day, 3, 3);
        refuse (day, table[i].code, WIRE_BATCH, 3);
        assert_failed (day, table[i].failure);
    }
    start (day);
    said (day, WIRE_HELLO);
    refuse (day, REFUSED_AGENCY, WIRE_HELLO, 0);
    assert_failed (day, "the central refused HELLO: why (AGENCY)");
    sell_all (day);
    refuse (day, REFUSED_TALLY, WIRE_READY, 0);
    assert_failed (day, "the central refused READY: why (TALLY)");
}

/* The broker cannot name an agency when it could not read the message. */
static void test_refusal_to_nobody (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    answer (day, &(wire_message_t){.command = WIRE_REFUSED,
                                   .refused = {.code = REFUSED_FRAMES}});
    assert_failed (day, "the central refused ?:  (FRAMES)");
}

static void test_stale_refusals (void **state)
{
    static const wire_code_t codes[] = {REFUSED_BUSY, REFUSED_GAP, REFUSED_DATE,
                                        REFUSED_CONFLICT, REFUSED_HELLO};
    day_t *day = *state;
    for (size_t i = 0; i < 5; i++) {
        begin_selling (day);
        said_batch (day, 0, 3);
        said_batch (day, 3, 3);
        stored (day, 3);
        refuse (day, codes[i], WIRE_BATCH, 0); // it was stored since
        refuse (day, codes[i], WIRE_BATCH, 4); // no batch begins there
        bytes_t packed;
        assert_true (session_next_output (day->session, day->now_ms, &packed));
        refuse (day, codes[i], WIRE_BATCH, 6); // it was not sent yet
        refuse (day, codes[i], WIRE_HELLO, 3); // not what was asked
        refuse (day, codes[i], WIRE_READY, 3);
        assert_int_equal (progress (day)->ignored, 5);
        said_batch (day, 6, 3);
        sell_all (day);
        refuse (day, codes[i], WIRE_BATCH, 9);
        assert_state (day, SESSION_WAITING);
        winners (day, 0, 0, 0, "");
        refuse (day, codes[i], WIRE_READY, 9);
        refuse (day, codes[i], WIRE_DONE, 0);
        assert_state (day, SESSION_LEAVING);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (test_refused_row_names_its_line),
        DAY_TEST (test_refused_row_of_a_later_batch),
        DAY_TEST (test_text_that_names_the_field),
        DAY_TEST (test_refusals_that_end_it),
        DAY_TEST (test_refusal_to_nobody),
        DAY_TEST (test_stale_refusals),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_refusal.c - refusals that end a session: which do, and in what words. */

#include "bet_csv.h"
#include "session_day.h"

static uint64_t digest_of_rows (const char *const *rows, uint32_t count);

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
        {REFUSED_COUNT, 6, 0, "fake.csv, from line 1 on: why (COUNT)"},
        {REFUSED_FIELDS, 1, 0, "fake.csv, line 1: why (FIELDS)"},
        {REFUSED_QUOTES, 2, 1, "fake.csv, line 2, first name: why (QUOTES)"},
        {REFUSED_DATE, 3, 4, "fake.csv, line 3, birthdate: why (DATE)"},
        {REFUSED_NUMBER, 4, 5, "fake.csv, line 4, number: why (NUMBER)"},
        {REFUSED_RANGE, 5, 5, "fake.csv, line 5, number: why (RANGE)"},
        {REFUSED_UTF8, 5, 200, "fake.csv, line 5: why (UTF8)"},
        {REFUSED_CONTROL, UINT32_MAX, 2,
         "fake.csv, from line 1 on, last name: why (CONTROL)"},
    };
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        day->fake = (fake_t){
            .table = rows, .count = 5, .fails_at = UINT64_MAX, .other_at = UINT64_MAX};
        day->options.limits.rows_max = 5;
        begin_selling (day);
        said_batch (day, 0, 5);
        refuse_row (day, table[i].code, WIRE_BATCH, 0, table[i].row, table[i].field);
        if (table[i].row > 1 && table[i].row <= 5) { // what stands before is sold
            said_batch (day, 0, table[i].row - 1);
            said_nothing (day);
            assert_state (day, SESSION_SELLING);
            stored_as (day, table[i].row - 1, digest_of_rows (rows, table[i].row - 1));
        }
        said_nothing (day);
        assert_failed (day, table[i].failure);
    }
}

/* The digest of rows that are typed as they are stored, but for their line ends. */
static uint64_t digest_of_rows (const char *const *rows, uint32_t count)
{
    uint64_t digest = 0;
    for (uint32_t i = 0; i < count; i++) {
        char text[128];
        const int size = snprintf (text, sizeof text, "%s\n", rows[i]);
        digest = bet_csv_digest (digest, bytes_of (text, (size_t) size), 1);
    }
    return digest;
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
    said_batch (day, 6, 1); // what stands before the row, and nothing behind it
    said_nothing (day);
    refuse_row (day, REFUSED_DATE, WIRE_BATCH, 6, 2, 4); // a repeat of the whole batch
    refuse_row (day, REFUSED_DATE, WIRE_BATCH, 6, 3, 4);
    said_nothing (day);
    stored (day, 6);
    said_nothing (day);
    assert_state (day, SESSION_SELLING);
    stored (day, 7);
    said_nothing (day);
    assert_failed (day, "fake.csv, line 8, birthdate: why (DATE)");
    assert_int_equal (progress (day)->stored, 7);
    assert_int_equal (day->told_rows, 7);
}

/* Two workers look at two batches, and the second is the first to be refused. */
static void test_the_first_bad_row_counts (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    said_batch (day, 6, 3);
    refuse_row (day, REFUSED_DATE, WIRE_BATCH, 6, 1, 4);
    refuse_row (day, REFUSED_RANGE, WIRE_BATCH, 0, 2, 5);
    said_batch (day, 0, 1);
    refuse_row (day, REFUSED_DATE, WIRE_BATCH, 3, 2, 4); // it was dropped
    stored (day, 1);
    said_nothing (day);
    assert_failed (day, "fake.csv, line 2, number: why (RANGE)");
}

/* The central is restarted before it says what became of the rows before. */
static void test_starts_over_before_a_bad_row (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    refuse_row (day, REFUSED_DATE, WIRE_BATCH, 3, 3, 4);
    stored (day, 3);
    said_batch (day, 3, 2);
    refuse (day, REFUSED_HELLO, WIRE_BATCH, 3);
    said (day, WIRE_HELLO);
    welcome (day, 4);
    said_batch (day, 4, 1);
    said_nothing (day);
    stored (day, 5);
    said_nothing (day);
    assert_failed (day, "fake.csv, line 6, birthdate: why (DATE)");
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
    said_batch (day, 0, 2);
    stored (day, 2);
    said_nothing (day);
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
        {REFUSED_BODY, "the central refused BATCH: why (BODY)"},
        {REFUSED_AGENCY, "the central refused BATCH: why (AGENCY)"},
        {(wire_code_t) 999, "the central refused BATCH of fake.csv: why (code 999)"},
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
        assert_true (next_output (day, &packed));
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
        DAY_TEST (test_the_first_bad_row_counts),
        DAY_TEST (test_starts_over_before_a_bad_row),
        DAY_TEST (test_text_that_names_the_field),
        DAY_TEST (test_refusals_that_end_it),
        DAY_TEST (test_refusal_to_nobody),
        DAY_TEST (test_stale_refusals),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_window.c - how a session packs rows, and how much it has under way. */

#include "session_day.h"

static void test_bytes_limit (void **state)
{
    /* Twenty rows of 48 bytes with LF and one of `last`: the message has 1004 bytes and
       `last` + 1. */
    static const struct {
        size_t last;
        uint32_t first_batch;
    } table[] = {{1, 21}, {2, 21}, {19, 21}, {20, 20}, {21, 20}, {979, 20}};
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char rows[21][1024];
        const char *texts[22];
        for (size_t j = 0; j < 21; j++) {
            size_t size = j < 20 ? 47 : table[i].last;
            memset (rows[j], 'a' + (int) j, size);
            rows[j][size] = 0;
            texts[j] = rows[j];
        }
        texts[21] = "behind, and too long for it";
        day->fake = (fake_t){.table = texts,
                             .count = 22,
                             .fails_at = UINT64_MAX,
                             .other_at = UINT64_MAX};
        day->options.limits = (wire_limits_t){4, 1024, 100};
        begin_selling (day);
        wire_message_t first = said (day, WIRE_BATCH);
        assert_int_equal (first.batch.count, table[i].first_batch);
        assert_true (WIRE_BATCH_BYTES + first.batch.rows.size <= 1024);
        assert_int_equal (first.batch.rows.data[first.batch.rows.size - 1], '\n');

        // the row that did not fit opens the next one, and none is lost
        uint64_t next = first.batch.count;
        while (next < 22) {
            wire_message_t batch = said (day, WIRE_BATCH);
            assert_int_equal (batch.batch.offset, next);
            assert_memory_equal (batch.batch.rows.data, texts[next],
                                 strlen (texts[next]));
            next += batch.batch.count;
        }
        assert_int_equal (next, 22);
        said_nothing (day);
    }
}

static void test_row_that_fits_nowhere (void **state)
{
    day_t *day = *state;
    char row[981];
    memset (row, 'a', sizeof row - 1);
    row[sizeof row - 1] = 0; // 980 bytes, LF, and 44 before: 1025
    const char *texts[] = {row};
    day->fake.table = texts;
    day->fake.count = 1;
    begin_selling (day);
    said_nothing (day);
    assert_failed (day, "fake.csv: a row is longer than a message may be");
}

static void test_agreed_limits (void **state)
{
    static const struct {
        wire_limits_t own, theirs;
        uint32_t batches, rows; // before an answer
    } table[] = {
        {{4, 1024, 3}, {0, 0, 0}, 4, 12},       {{4, 1024, 3}, {2, 0, 0}, 2, 6},
        {{4, 1024, 3}, {0, 0, 2}, 4, 8},        {{4, 1024, 3}, {9, 9999, 9}, 4, 12},
        {{4, 2048, 999}, {0, 1024, 0}, 4, 116}, {{4, 1024, 999}, {0, 2048, 0}, 4, 116},
        {{1, 1024, 1}, {0, 0, 0}, 1, 1},        {{256, 1024, 1}, {0, 0, 0}, 256, 256},
        {{256, 65536, 1}, {1, 1024, 0}, 1, 1},
    };
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        day->fake =
            (fake_t){.count = 1000, .fails_at = UINT64_MAX, .other_at = UINT64_MAX};
        day->options.limits = table[i].own;
        start (day);
        said (day, WIRE_HELLO);
        welcome_with (day, 0, table[i].theirs, DAY_OPEN);
        uint64_t rows = 0;
        for (uint32_t batch = 0; batch < table[i].batches; batch++)
            rows += said (day, WIRE_BATCH).batch.count;
        assert_int_equal (rows, table[i].rows);
        said_nothing (day);
        stored (day, 1); // wholly below is a batch of one row only
        if (table[i].rows == table[i].batches)
            said (day, WIRE_BATCH);
        said_nothing (day);
    }
}

static void test_central_takes_too_little (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    welcome_with (day, 0, (wire_limits_t){16, 1023, 100}, DAY_OPEN);
    assert_failed (day, "the central takes messages of 1023 bytes only");
}

static void test_acknowledgements_are_cumulative (void **state)
{
    day_t *day = *state;
    day->fake.count = 30;
    begin_selling (day);
    for (uint64_t at = 0; at < 12; at += 3)
        said_batch (day, at, 3);
    said_nothing (day);
    stored (day, 8); // the third batch is not wholly below
    assert_int_equal (progress (day)->sent, 6);
    assert_int_equal (progress (day)->stored, 8);
    said_batch (day, 12, 3);
    said_batch (day, 15, 3);
    said_nothing (day);
    stored (day, 8); // again
    stored (day, 3); // late
    said_nothing (day);
    assert_int_equal (progress (day)->stored, 8);
    stored (day, 18);
    assert_int_equal (progress (day)->sent, 18);
    assert_int_equal (day->told_rows, 18);
    said_batch (day, 18, 3);
    assert_int_equal (progress (day)->retries, 0); // places are used again, not batches
}

static void test_results_are_asked_for_when_all_is_stored (void **state)
{
    day_t *day = *state;
    day->fake.count = 5;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 2);
    said_nothing (day); // the file is at its end
    stored (day, 3);
    said_nothing (day);
    stored (day, 5);
    assert_int_equal (said (day, WIRE_READY).tally.count, 5);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (test_bytes_limit),
        DAY_TEST (test_row_that_fits_nowhere),
        DAY_TEST (test_agreed_limits),
        DAY_TEST (test_central_takes_too_little),
        DAY_TEST (test_acknowledgements_are_cumulative),
        DAY_TEST (test_results_are_asked_for_when_all_is_stored),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

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
        day->options.limits = (wire_limits_t){4, 1024, 100, 0};
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
        {{4, 1024, 3, 0}, {0, 0, 0, 0}, 4, 12},
        {{4, 1024, 3, 0}, {2, 0, 0, 0}, 2, 6},
        {{4, 1024, 3, 0}, {0, 0, 2, 0}, 4, 8},
        {{4, 1024, 3, 0}, {9, 9999, 9, 0}, 4, 12},
        {{4, 2048, 999, 0}, {0, 1024, 0, 0}, 4, 116},
        {{4, 1024, 999, 0}, {0, 2048, 0, 0}, 4, 116},
        {{1, 1024, 1, 0}, {0, 0, 0, 0}, 1, 1},
        {{256, 1024, 1, 0}, {0, 0, 0, 0}, 256, 256},
        {{256, 65536, 1, 0}, {1, 1024, 0, 0}, 1, 1},
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
    welcome_with (day, 0, (wire_limits_t){16, 1023, 100, 0}, DAY_OPEN);
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

/* A batch of three made-up rows has 44 + 3 * 33 bytes, and 4 more in a bundle. */
#define BATCH_BYTES  (WIRE_BATCH_BYTES + 3 * 33)
#define BUNDLE_OF(n) (WIRE_HEADER_BYTES + (n) * (WIRE_ENCLOSED_BYTES + BATCH_BYTES))

static void test_what_is_ready_goes_in_one_message (void **state)
{
    day_t *day = *state;
    day->fake.count = 29;
    begin_bundling (day, 65536);
    said_batches (day, 4, 0, 3); // the window
    said_nothing (day);
    stored (day, 3);
    said_batch (day, 12, 3); // one goes alone, and waits for no other
    stored (day, 12);
    said_batches (day, 3, 15, 3);
    stored (day, 24);
    wire_message_t bundle = said (day, WIRE_BATCHES), batch; // the file's end
    bytes_t frame;
    assert_true (wire_batches_next (&bundle.batches, &frame, &batch));
    assert_int_equal (batch.batch.offset, 24);
    assert_true (wire_batches_next (&bundle.batches, &frame, &batch));
    assert_int_equal (batch.batch.offset, 27);
    assert_int_equal (batch.batch.count, 2);
    assert_int_equal (batch.batch.digest, digest_of (27));
    assert_false (wire_batches_next (&bundle.batches, &frame, &batch));
    said_nothing (day);
    stored (day, 29);
    assert_int_equal (day->told_batches, 10);
    assert_int_equal (day->told_rows, 29);
    assert_int_equal (progress (day)->retries, 0);
    assert_int_equal (said (day, WIRE_READY).tally.count, 29);
}

static void test_a_bundle_keeps_to_what_was_granted (void **state)
{
    static const struct {
        uint32_t granted;
        uint32_t messages[4]; // batches in each, 0: that was all
    } table[] = {{0, {1, 1, 1, 1}},
                 {1, {1, 1, 1, 1}},
                 {BUNDLE_OF (2) - 1, {1, 1, 1, 1}},
                 {BUNDLE_OF (2), {2, 2}},
                 {BUNDLE_OF (3) - 1, {2, 2}},
                 {BUNDLE_OF (3), {3, 1}},
                 {BUNDLE_OF (4), {4}},
                 {UINT32_MAX, {4}}};
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        day->fake.count = 100;
        begin_bundling (day, table[i].granted);
        uint64_t offset = 0;
        for (size_t j = 0; j < 4 && table[i].messages[j] > 0; j++) {
            const uint32_t batches = table[i].messages[j];
            if (batches == 1)
                said_batch (day, offset, 3);
            else
                said_batches (day, batches, offset, 3);
            offset += 3 * batches;
        }
        assert_int_equal (offset, 12);
        said_nothing (day);
    }
}

static void test_all_of_a_bundle_is_sent_again (void **state)
{
    day_t *day = *state;
    begin_bundling (day, BUNDLE_OF (2));
    said_batches (day, 2, 0, 3);
    wire_message_t bundle = said (day, WIRE_BATCHES);
    assert_int_equal (bundle.batches.size, BUNDLE_OF (2) - WIRE_HEADER_BYTES - 2 * 33);
    pass (day);
    said_batches (day, 2, 0, 3);
    said (day, WIRE_BATCHES);
    said_nothing (day);
    assert_int_equal (progress (day)->retries, 4);
    stored (day, 3); // of the first one a part
    pass (day);
    said_batches (day, 2, 3, 3);
    said_batch (day, 9, 1);
    said_nothing (day);
    assert_int_equal (progress (day)->retries, 7);
    stored (day, 10);
    assert_int_equal (day->told_rows, 10);
}

/* The first are with the central already: only silence would say otherwise. */
static void test_after_busy_it_goes_on_from_what_was_refused (void **state)
{
    day_t *day = *state;
    day->fake.count = 30;
    begin_bundling (day, 65536);
    said_batches (day, 4, 0, 3);
    refuse (day, REFUSED_BUSY, WIRE_BATCH, 6);
    said_nothing (day);
    pass (day);
    said_batches (day, 2, 6, 3); // those behind it were dropped as well
    assert_int_equal (progress (day)->retries, 2);
    refuse (day, REFUSED_BUSY, WIRE_BATCH, 9);
    refuse (day, REFUSED_BUSY, WIRE_BATCH, 6); // the lowest counts
    refuse (day, REFUSED_BUSY, WIRE_BATCH, 9);
    stored (day, 3);
    pass (day);
    said_batches (day, 3, 6, 3); // and one more has room
    pass (day);                  // nothing more is heard: all is sent again
    said_batches (day, 4, 3, 3);
    refuse (day, REFUSED_BUSY, WIRE_BATCH, 6);
    refuse (day, REFUSED_UNAVAILABLE, WIRE_BATCH, 9);
    pass (day); // who knows what became of the others
    said_batches (day, 4, 3, 3);
}

static void test_a_bundle_that_is_too_long_is_packed_anew (void **state)
{
    day_t *day = *state;
    begin_bundling (day, 65536);
    said (day, WIRE_BATCHES);
    said_nothing (day);
    refuse (day, REFUSED_SIZE, WIRE_BATCHES, 0); // another broker, it seems
    assert_int_equal (said (day, WIRE_HELLO).hello.limits.bundle_bytes,
                      BATCHES_BYTES_MAX);
    welcome_with (day, 0, (wire_limits_t){0, 0, 0, BUNDLE_OF (2)}, DAY_OPEN);
    said_batches (day, 2, 0, 3);
    said (day, WIRE_BATCHES);
    said_nothing (day);
    refuse (day, REFUSED_SIZE, WIRE_BATCHES, 0);
    said (day, WIRE_HELLO);
    welcome_with (day, 0, (wire_limits_t){0, 0, 0, BUNDLE_OF (2)}, DAY_OPEN);
    said_batches (day, 2, 0, 3);
    refuse (day, REFUSED_SIZE, WIRE_BATCHES, 0); // as granted, and yet too long
    assert_state (day, SESSION_FAILED);
}

static void test_a_pace_is_kept_by_sending_one_by_one (void **state)
{
    day_t *day = *state;
    day->options.period_ms = 100;
    begin_bundling (day, 65536);
    said_batch (day, 0, 3);
    said_nothing (day);
    assert_int_equal (pass (day), 100);
    said_batch (day, 3, 3);
    said_nothing (day);
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
        DAY_TEST (test_what_is_ready_goes_in_one_message),
        DAY_TEST (test_a_bundle_keeps_to_what_was_granted),
        DAY_TEST (test_all_of_a_bundle_is_sent_again),
        DAY_TEST (test_after_busy_it_goes_on_from_what_was_refused),
        DAY_TEST (test_a_bundle_that_is_too_long_is_packed_anew),
        DAY_TEST (test_a_pace_is_kept_by_sending_one_by_one),
        DAY_TEST (test_results_are_asked_for_when_all_is_stored),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

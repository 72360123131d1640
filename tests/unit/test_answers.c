/* test_answers.c - answers that make a session start over, and those to a single bet.
 */

#include "session_day.h"

/* ---- Starting over ---- */

static void test_starts_over (void **state)
{
    static const wire_code_t codes[] = {REFUSED_HELLO, REFUSED_GAP};
    static const uint64_t nexts[] = {3, 4, 6, 9, 10};
    day_t *day = *state;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 5; j++) {
            begin_selling (day);
            said_batch (day, 0, 3);
            said_batch (day, 3, 3);
            stored (day, 3);
            refuse (day, codes[i], WIRE_BATCH, 3);
            assert_state (day, SESSION_HELLO);
            said (day, WIRE_HELLO);
            said_nothing (day);
            stored (day, 6);                       // late
            refuse (day, codes[i], WIRE_BATCH, 3); // late as well
            said_nothing (day);
            welcome (day, nexts[j]);
            if (nexts[j] == 10) {
                assert_int_equal (said (day, WIRE_READY).tally.count, 10);
                continue;
            }
            said_batch (day, nexts[j], nexts[j] == 9 ? 1 : 3);
            assert_int_equal (progress (day)->stored, nexts[j]);
        }
}

static void test_starting_over_again_and_again_waits (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    for (int i = 0; i < 5; i++) {
        said_batch (day, 0, 3);
        refuse (day, REFUSED_HELLO, WIRE_BATCH, 0);
        said_nothing (day);
        assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
        said (day, WIRE_HELLO);
        welcome (day, 0);
    }
    said_batch (day, 0, 3);
    stored (day, 3);
    said_batch (day, 3, 3);
    refuse (day, REFUSED_HELLO, WIRE_BATCH, 3);
    said (day, WIRE_HELLO); // there was progress: at once
}

/* ---- The single bet: writer, place, bytes ---- */

static void said_single (day_t *day, uint64_t offset)
{
    const wire_message_t message = said (day, WIRE_BATCH);
    assert_int_equal (message.batch.offset, offset);
    assert_int_equal (message.batch.count, 1);
    assert_true (message.batch.writer == 77);
    assert_true (message.batch.digest == digest_of (offset));
}

static void begin_single (day_t *day)
{
    day->options.writer = 77;
    day->options.task = SESSION_SELL_ONLY;
    day->fake.count = 6;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 5);
    said_single (day, 5);
    said_nothing (day);
}

static void test_single_bet_is_stored (void **state)
{
    day_t *day = *state;
    begin_single (day);
    stored (day, 5); // of others
    assert_state (day, SESSION_SELLING);
    stored (day, 6);
    assert_state (day, SESSION_ENDED);
    assert_int_equal (progress (day)->sent, 1);
    assert_int_equal (day->told_rows, 1);
}

/* Whether it was stored is not known: it is sent again to the very place. */
static void test_single_bet_is_repeated_where_it_was (void **state)
{
    day_t *day = *state;
    begin_single (day);
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_HELLO);
    welcome (day, 6); // it may be this one, or another terminal's
    stored (day, 6);  // the answer to the first sending is late
    assert_state (day, SESSION_SELLING);
    said_single (day, 5);
    stored (day, 6);
    assert_state (day, SESSION_ENDED);
    assert_int_equal (progress (day)->sent, 1);
    assert_int_equal (day->told_rows, 1);

    begin_single (day); // sealed since, by another terminal
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_HELLO);
    welcome_with (day, 6, (wire_limits_t){0}, DAY_SEALED);
    said_single (day, 5);
    stored (day, 6);
    assert_state (day, SESSION_ENDED);
}

/* Another terminal was quicker: the next place. */
static void test_single_bet_takes_the_next_place (void **state)
{
    day_t *day = *state;
    begin_single (day);
    refuse (day, REFUSED_CONFLICT, WIRE_BATCH, 5);
    said (day, WIRE_HELLO);
    day->fake.count = 9;
    welcome (day, 8);
    said_single (day, 8);
    refuse (day, REFUSED_CONFLICT, WIRE_BATCH, 5); // the answer to a repeat of before
    stored (day, 9);
    assert_state (day, SESSION_ENDED);

    begin_single (day);
    refuse (day, REFUSED_CONFLICT, WIRE_BATCH, 5);
    said (day, WIRE_HELLO);
    day->fake.count = 9;
    welcome_with (day, 8, (wire_limits_t){0}, DAY_SEALED); // too late
    said_nothing (day);
    assert_state (day, SESSION_ENDED);
    assert_true (progress (day)->closed);
    assert_string_equal (session_shortfall (day->session),
                         "the sale in draw first is closed: the bet is not in");
    assert_int_equal (progress (day)->sent, 0);
}

/* ---- Waiting for the draw ---- */

static void test_ready_is_renewed (void **state)
{
    day_t *day = *state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        day->options.seed = seed;
        sell_all (day);
        for (uint32_t i = 0; i < 5; i++) {
            waiting (day, i);
            said_nothing (day);
            assert_int_equal (progress (day)->ready_agencies, i);
            assert_in_range (pass (day), READY_RENEW_MS * 3 / 4,
                             READY_RENEW_MS * 5 / 4);
            assert_int_equal (said (day, WIRE_READY).tally.count, 10);
        }
        // a renewal without an answer is soon asked again
        assert_in_range (pass (day), 2 * RETRY_MS_MIN, 4 * RETRY_MS_MIN);
        said (day, WIRE_READY);
        winners (day, 0, 0, 0, "");
        said (day, WIRE_DONE);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (test_starts_over),
        DAY_TEST (test_starting_over_again_and_again_waits),
        DAY_TEST (test_single_bet_is_stored),
        DAY_TEST (test_single_bet_is_repeated_where_it_was),
        DAY_TEST (test_single_bet_takes_the_next_place),
        DAY_TEST (test_ready_is_renewed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

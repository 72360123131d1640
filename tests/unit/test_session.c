/* test_session.c - an agency's session against answers made by hand. */

#include "session_day.h"

/* ---- The way when all is well ---- */

static void test_whole_day (void **state)
{
    day_t *day = *state;
    start (day);
    wire_message_t hello = said (day, WIRE_HELLO);
    assert_int_equal (hello.hello.limits.window, 4);
    assert_int_equal (hello.hello.limits.message_bytes_max, 1024);
    assert_int_equal (hello.hello.limits.rows_max, 3);
    said_nothing (day);
    welcome (day, 0);
    assert_state (day, SESSION_SELLING);
    static const char rows[] = "Ana,Paz,00000000,2000-01-01,7574\n"
                               "Ana,Paz,00000001,2000-01-01,7574\n"
                               "Ana,Paz,00000002,2000-01-01,7574\n";
    wire_message_t batch = said (day, WIRE_BATCH);
    assert_true (bytes_equal (batch.batch.rows, bytes_of (rows, sizeof rows - 1)));
    said_batch (day, 3, 3);
    stored (day, 6);
    assert_int_equal (progress (day)->sent, 6);
    said_batch (day, 6, 3);
    said_batch (day, 9, 1);
    said_nothing (day);
    day->now_ms += 100;
    stored (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    assert_int_equal (progress (day)->stored_ms - progress (day)->welcomed_ms, 100);
    assert_false (progress (day)->ready);
    waiting (day, 2);
    assert_true (progress (day)->ready);
    assert_int_equal (progress (day)->ready_agencies, 2);
    assert_int_equal (progress (day)->agencies, 5);
    said_nothing (day);
    winners (day, 0, 0, 2, "30904465\n21689196\n");
    said (day, WIRE_DONE);
    assert_state (day, SESSION_LEAVING);
    goodbye (day);
    assert_state (day, SESSION_ENDED);
    said_nothing (day);
    assert_true (session_deadline (day->session) == NEVER);
    assert_true (bytes_equal (session_winners (day->session),
                              bytes_of ("30904465\n21689196\n", 18)));
    assert_int_equal (progress (day)->winners, 2);
    assert_int_equal (progress (day)->number, 7574);
    assert_int_equal (progress (day)->sent, 10);
    assert_int_equal (progress (day)->stored, 10);
    assert_int_equal (progress (day)->retries, 0);
    assert_int_equal (progress (day)->ignored, 0);
    assert_int_equal (day->told_rows, 10);
    assert_int_equal (day->told_batches, 4);
}

static void test_no_bets (void **state)
{
    day_t *day = *state;
    day->fake.count = 0;
    begin_selling (day);
    assert_int_equal (said (day, WIRE_READY).tally.count, 0);
    winners (day, 0, 0, 0, "");
    said (day, WIRE_DONE);
    goodbye (day);
    assert_state (day, SESSION_ENDED);
    assert_int_equal (session_winners (day->session).size, 0);
}

static void test_goes_on_from_next (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 8);
    said_batch (day, 8, 2);
    said_nothing (day);
    stored (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    assert_int_equal (progress (day)->sent, 2);
    assert_int_equal (progress (day)->stored, 10);
}

static void test_all_stored_before (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    assert_int_equal (progress (day)->sent, 0);
}

static void test_source_takes_its_time (void **state)
{
    day_t *day = *state;
    day->fake.moving = 3;
    day->options.patience_ms = 1000;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 9);
    for (int i = 0; i < 3; i++) {
        assert_true (session_deadline (day->session) <= day->now_ms);
        said_nothing (day);
        assert_false (session_answer_due (day->session));
        day->now_ms += 10000; // it is not the central that is slow
        session_tick (day->session, day->now_ms);
    }
    said_batch (day, 9, 1);
    assert_true (session_answer_due (day->session));
    session_tick (day->session, day->now_ms + 999);
    assert_state (day, SESSION_SELLING);
    session_tick (day->session, day->now_ms + 1000);
    assert_state (day, SESSION_FAILED);
}

static void test_sell_only (void **state)
{
    day_t *day = *state;
    day->options.task = SESSION_SELL_ONLY;
    day->fake.count = 2;
    begin_selling (day);
    said_batch (day, 0, 2);
    stored (day, 2);
    said_nothing (day);
    assert_state (day, SESSION_ENDED);
    assert_false (progress (day)->ready);
    assert_int_equal (progress (day)->stored, 2);

    day->fake.count = 0;
    begin_selling (day);
    said_nothing (day);
    assert_state (day, SESSION_ENDED);
}

static void test_close_only (void **state)
{
    static const wire_day_t whens[] = {DAY_OPEN, DAY_SEALED, DAY_DRAWN};
    day_t *day = *state;
    day->options.task = SESSION_CLOSE_ONLY;
    for (size_t i = 0; i < 3; i++) {
        session_destroy (&day->session);
        day->session = session_new (&day->options, NULL, day->now_ms);
        said (day, WIRE_HELLO);
        welcome_with (day, 12345, (wire_limits_t){0, 0, 0, 0}, whens[i]);
        assert_int_equal (said (day, WIRE_READY).tally.count, 12345);
        refuse (day, REFUSED_HELLO, WIRE_READY, 0);
        pass (day);
        said (day, WIRE_HELLO);
        welcome_with (day, 12345, (wire_limits_t){0, 0, 0, 0}, whens[i]);
        assert_int_equal (said (day, WIRE_READY).tally.count, 12345);
        refuse (day, REFUSED_UNAVAILABLE, WIRE_RESULTS,
                0); // state asked for them at once
        pass (day);
        assert_int_equal (said (day, WIRE_READY).tally.count, 12345);
        winners (day, 0, 0, 1, "1\n");
        assert_state (day, SESSION_LEAVING);
        assert_int_equal (progress (day)->stored, 12345);
    }
}

static void test_period_paces_batches (void **state)
{
    day_t *day = *state;
    day->options.period_ms = 5000;
    day->options.patience_ms = 1000;
    begin_selling (day);
    for (uint64_t at = 0; at < 9; at += 3) {
        said_batch (day, at, 3);
        said_nothing (day);
        stored (day, at + 3);
        assert_int_equal (pass (day), 5000); // longer than the patience: nobody's fault
    }
    said_batch (day, 9, 1);
    stored (day, 10);
    said (day, WIRE_READY); // at once
}

static void test_period_does_not_pace_repeats (void **state)
{
    day_t *day = *state;
    day->options.period_ms = 100;
    begin_selling (day);
    said_batch (day, 0, 3);
    assert_int_equal (pass (day), 100);
    said_batch (day, 3, 3);
    while (progress (day)->retries == 0) {
        pass (day);
        bytes_t bytes;
        while (progress (day)->retries == 0 && next_output (day, &bytes))
            session_output_sent (day->session, day->now_ms);
    }
    said_batch (day, 3, 3);
}

/* ---- Silence, and refusals for now ---- */

static void test_batches_are_sent_again (void **state)
{
    day_t *day = *state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        day->options.seed = seed;
        begin_selling (day);
        for (uint64_t at = 0; at < 9; at += 3)
            said_batch (day, at, 3);
        wire_message_t last = said (day, WIRE_BATCH);
        assert_int_equal (last.batch.offset, 9);

        int64_t least = RETRY_MS_MIN, most = 2 * RETRY_MS_MIN;
        for (int i = 1; i <= 6; i++) {
            int64_t waited_ms = pass (day);
            assert_in_range (waited_ms, least, most);
            least = least * 2 > RETRY_MS_MAX / 2 ? RETRY_MS_MAX / 2 : least * 2;
            most = most * 2 > RETRY_MS_MAX ? RETRY_MS_MAX : most * 2;
            for (uint64_t at = 0; at < 9; at += 3)
                said_batch (day, at, 3);
            said_batch (day, 9, 1);
            said_nothing (day);
            assert_int_equal (progress (day)->retries, i * 4);
        }
        stored (day, 3); // progress: from the shortest wait on again, without the first
        assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
        said_batch (day, 3, 3);
    }
}

static void test_jitter_differs (void **state)
{
    day_t *day = *state;
    int64_t first_ms = 0;
    int others = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        day->options.seed = seed;
        start (day);
        said (day, WIRE_HELLO);
        int64_t waited_ms = pass (day);
        if (seed == 0)
            first_ms = waited_ms;
        others += waited_ms != first_ms;
        start (day); // the same seed, the same wait
        said (day, WIRE_HELLO);
        assert_int_equal (pass (day), waited_ms);
    }
    assert_true (others >= 15);
}

static void test_progress_while_sending_again (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    for (uint64_t at = 0; at < 9; at += 3)
        said_batch (day, at, 3);
    said_batch (day, 9, 1);
    pass (day);
    said_batch (day, 0, 3);
    stored (day, 6); // the late answer to the first sending
    said_batch (day, 6, 3);
    said_batch (day, 9, 1);
    said_nothing (day);
    assert_int_equal (progress (day)->retries, 3);
}

static bytes_t copied_output (day_t *day, uint8_t *room)
{
    bytes_t output;
    assert_true (next_output (day, &output));
    put_bytes (room, output);
    return bytes_of (room, output.size);
}

static void test_an_output_that_could_not_be_sent_stays (void **state)
{
    day_t *day = *state;
    bytes_t second;
    uint8_t room[2048];
    start (day);
    bytes_t first = copied_output (day, room);
    assert_true (session_deadline (day->session) == NEVER); // nothing but the socket
    assert_true (next_output (day, &second));
    assert_true (bytes_equal (first, second));
    said (day, WIRE_HELLO);
    welcome (day, 0);
    first = copied_output (day, room);
    assert_true (session_deadline (day->session) == NEVER);
    assert_true (next_output (day, &second));
    assert_true (bytes_equal (first, second));
    said_batch (day, 0, 3);
    assert_int_equal (progress (day)->retries, 0);
}

static void test_questions_are_asked_again (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    said (day, WIRE_HELLO);
    assert_in_range (pass (day), 2 * RETRY_MS_MIN, 4 * RETRY_MS_MIN);
    said (day, WIRE_HELLO);
    sell_all (day);
    assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    winners (day, 0, 77, 0, "");
    said (day, WIRE_RESULTS);
    assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    assert_int_equal (said (day, WIRE_RESULTS).cursor, 77);
    assert_int_equal (progress (day)->retries, 0); // of batches there were none
}

static void test_refused_for_now (void **state)
{
    static const wire_code_t codes[] = {REFUSED_BUSY, REFUSED_NOSPACE,
                                        REFUSED_UNAVAILABLE};
    day_t *day = *state;
    for (size_t i = 0; i < 3; i++) {
        begin_selling (day);
        said_batch (day, 0, 3);
        said_batch (day, 3, 3);
        day->now_ms += 100;
        refuse (day, codes[i], WIRE_BATCH, 0);
        assert_int_equal (progress (day)->held_up, codes[i]);
        said_nothing (day); // no new batches either
        day->now_ms += 100;
        int64_t deadline_ms = session_deadline (day->session);
        refuse (day, codes[i], WIRE_BATCH, 3); // the same wait goes on
        assert_true (session_deadline (day->session) == deadline_ms);
        assert_in_range (pass (day), RETRY_MS_MIN - 100, 2 * RETRY_MS_MIN - 100);
        said_batch (day, 0, 3);
        said_batch (day, 3, 3);
        said_batch (day, 6, 3);
        refuse (day, codes[i], WIRE_BATCH, 0);
        said_nothing (day);
        assert_in_range (pass (day), 2 * RETRY_MS_MIN, 4 * RETRY_MS_MIN);
        said_batch (day, 0, 3);
        stored (day, 3);
        assert_int_equal (progress (day)->held_up, 0);
        said_batch (day, 3, 3);
    }
}

static void test_stored_while_holding (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    refuse (day, REFUSED_BUSY, WIRE_BATCH, 3);
    stored (day, 3);
    said_nothing (day); // what was refused is not sent again at once
    assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    said_batch (day, 3, 3);

    refuse (day, REFUSED_BUSY, WIRE_BATCH, 3); // but an earlier sending arrives
    day->fake.count = 6;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    refuse (day, REFUSED_BUSY, WIRE_BATCH, 3);
    stored (day, 6);
    said (day, WIRE_READY);
}

static void test_questions_refused_for_now (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    refuse (day, REFUSED_UNAVAILABLE, WIRE_HELLO, 0);
    said_nothing (day);
    assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    said (day, WIRE_HELLO);
    sell_all (day);
    refuse (day, REFUSED_BUSY, WIRE_READY, 0);
    said_nothing (day);
    assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    said (day, WIRE_READY);
    winners (day, 0, 9, 0, "");
    said (day, WIRE_RESULTS);
    refuse (day, REFUSED_BUSY, WIRE_RESULTS, 0);
    said_nothing (day);
    assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
    said (day, WIRE_RESULTS);
}

static void test_patience (void **state)
{
    day_t *day = *state;
    day->options.patience_ms = 3000;
    start (day);
    int64_t start_ms = day->now_ms;
    day->now_ms = session_deadline (day->session); // nobody takes the message
    session_tick (day->session, day->now_ms - 1);
    assert_state (day, SESSION_HELLO);
    session_tick (day->session, day->now_ms);
    assert_int_equal (day->now_ms - start_ms, 3000);
    assert_failed (day, "the central has not answered for 3 s");

    sell_all (day);
    start_ms = day->now_ms;
    for (int i = 0; i < 10; i++) { // it does answer
        waiting (day, 1);
        pass (day);
        said (day, WIRE_READY);
    }
    assert_true (day->now_ms - start_ms > 10000);
    stored (day, 10); // this is no answer: not now
    start_ms = progress (day)->heard_ms;
    while (!session_over (day->session)) {
        pass (day);
        bytes_t bytes;
        if (next_output (day, &bytes))
            session_output_sent (day->session, day->now_ms);
    }
    assert_int_equal (day->now_ms - start_ms, 3000);
    assert_failed (day, "the central has not answered for 3 s");
}

static void test_patience_for_ever (void **state)
{
    day_t *day = *state;
    start (day);
    for (int i = 0; i < 10000; i++) {
        said (day, WIRE_HELLO);
        pass (day);
    }
    assert_state (day, SESSION_HELLO);
}

static void test_start_over_while_waiting (void **state)
{
    day_t *day = *state;
    sell_all (day);
    waiting (day, 1);
    pass (day);
    said (day, WIRE_READY);
    refuse (day, REFUSED_HELLO, WIRE_READY, 0); // the central was restarted
    said (day, WIRE_HELLO);
    welcome_with (day, 10, (wire_limits_t){0}, DAY_DRAWN);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    winners (day, 0, 50, 1, "11\n");
    said (day, WIRE_RESULTS);
    refuse (day, REFUSED_HELLO, WIRE_RESULTS, 0);
    said (day, WIRE_HELLO);
    welcome_with (day, 10, (wire_limits_t){0}, DAY_DRAWN);
    said (day, WIRE_READY);
    winners (day, 0, 50, 1, "11\n");
    winners (day, 50, 0, 1, "22\n");
    assert_true (
        bytes_equal (session_winners (day->session), bytes_of ("11\n22\n", 6)));
}

/* What the central has told is said again where it is needed. */
static void test_questions_say_what_they_are_about (void **state)
{
    day_t *day = *state;
    start (day);
    assert_int_equal (said (day, WIRE_HELLO).hello.name.size, 0);
    welcome_closed (day, 10, 4);
    const wire_message_t ready = said (day, WIRE_READY);
    assert_true (ready.draw == DRAW);
    assert_int_equal (ready.tally.cancelled, 4);
    refuse (day, REFUSED_HELLO, WIRE_READY, 0);
    pass (day);
    const wire_message_t hello = said (day, WIRE_HELLO);
    assert_true (bytes_equal (hello.hello.name, bytes_of ("first", 5)));

    day->options.task = SESSION_RESULTS_ONLY;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 10);
    assert_true (said (day, WIRE_RESULTS).draw == DRAW);

    day->options.task = SESSION_WHOLE;
    day->options.growing = true;
    day->fake.count = 0;
    begin_selling (day);
    said_nothing (day);
    assert_in_range (pass (day), READY_RENEW_MS * 3 / 4, READY_RENEW_MS * 5 / 4);
    assert_true (said (day, WIRE_RESULTS).draw == DRAW); // is it closed?
}

static void test_second_welcome_is_ignored (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    pass (day);
    said (day, WIRE_HELLO);
    welcome (day, 0);
    said_batch (day, 0, 3);
    welcome (day, 0); // the answer to the second HELLO
    said_batch (day, 3, 3);
    assert_int_equal (progress (day)->ignored, 1);
}

/* What an earlier run of the agency had under way arrives as well. */
static void test_stored_beyond_what_was_sent (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    stored (day, 8);
    said_batch (day, 8, 2);
    said_nothing (day);
    stored (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    assert_int_equal (progress (day)->sent, 5);
    assert_int_equal (progress (day)->stored, 10);

    begin_selling (day);
    said_batch (day, 0, 3);
    stored (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);

    begin_selling (day);
    said_batch (day, 0, 3);
    stored (day, 11);
    assert_int_equal (answer_checks (day), 1);
    assert_failed (day, "the central has 11 bets of agency 3, fake.csv has only 10, "
                        "the first of them: put back the rows that are missing, or see "
                        "who else sells as agency 3");
}

static void test_file_too_short (void **state)
{
    day_t *day = *state;
    for (int when = DAY_OPEN; when <= DAY_DRAWN; when++) {
        start (day);
        said (day, WIRE_HELLO);
        welcome_with (day, 11, (wire_limits_t){0}, (wire_day_t) when);
        assert_int_equal (answer_checks (day), 1);
        assert_failed (day, "the central has 11 bets of agency 3, fake.csv has only "
                            "10, the first of them: put back the rows that are "
                            "missing, or see who else sells as agency 3");
    }
    day->fake.count = 0;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 11);
    said_nothing (day);
    assert_failed (day, "the central has 11 bets of agency 3, fake.csv has only 0: put "
                        "back the rows that are missing, or see who else sells as "
                        "agency 3");
}

static void test_closed_day (void **state)
{
    day_t *day = *state;
    for (int when = DAY_SEALED; when <= DAY_DRAWN; when++) {
        start (day);
        said (day, WIRE_HELLO);
        welcome_with (day, 10, (wire_limits_t){0}, (wire_day_t) when);
        assert_int_equal (said (day, WIRE_READY).tally.count, 10);
        start (day);
        said (day, WIRE_HELLO);
        welcome_with (day, 9, (wire_limits_t){0}, (wire_day_t) when);
        assert_int_equal (said (day, WIRE_READY).tally.count, 9);
        assert_closed_at (day, 9);
        winners (day, 0, 0, 0, "");
        said (day, WIRE_DONE);
        goodbye (day);
        assert_state (day, SESSION_ENDED);
    }
}

static void test_source_fails (void **state)
{
    day_t *day = *state;
    day->fake.fails_at = 2;
    begin_selling (day);
    said_batch (day, 0, 2); // what is sound is sold
    said_nothing (day);
    assert_state (day, SESSION_SELLING); // and waited for
    stored (day, 2);
    said_nothing (day);
    assert_failed (day, "fake.csv, line 3: torn");
}

/* ---- The end ---- */

static void test_leaves_without_goodbye (void **state)
{
    day_t *day = *state;
    for (int taken = 0; taken < 2; taken++) { // whether the socket takes anything
        sell_all (day);
        winners (day, 0, 0, 0, "");
        int64_t start_ms = day->now_ms;
        for (int i = 0; i < 2; i++) {
            bytes_t bytes;
            assert_true (next_output (day, &bytes));
            if (taken)
                said (day, WIRE_DONE);
            day->now_ms = session_deadline (day->session);
            session_tick (day->session, day->now_ms);
        }
        assert_state (day, SESSION_ENDED);
        assert_int_equal (day->now_ms - start_ms, 2 * LINGER_MS);
    }
}

/* ---- Selling on, and stopping ---- */

static void test_follows_a_file_that_grows (void **state)
{
    day_t *day = *state;
    day->options.growing = true;
    day->options.patience_ms = 1000;
    day->fake.count = 2;
    begin_selling (day);
    said_batch (day, 0, 2);
    stored (day, 2);
    said_nothing (day);
    assert_state (day, SESSION_SELLING);
    assert_false (session_answer_due (day->session)); // nobody owes anything
    day->fake.count = 3;
    session_more (day->session);
    said_batch (day, 2, 1);
    day->fake.count = 5;
    session_more (day->session);
    assert_false (session_finish (day->session, day->now_ms)); // there is more to read
    said_batch (day, 3, 2);
    said_nothing (day);
    assert_true (session_finish (day->session, day->now_ms));
    stored (day, 5);
    said_nothing (day);
    assert_state (day, SESSION_ENDED);
    assert_int_equal (progress (day)->sent, 5);

    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 2);
    stored (day, 5);
    said_nothing (day);
    day->fake.other_at = 1; // and the file is looked at once more
    assert_true (session_finish (day->session, day->now_ms));
    assert_true (answer_checks (day) > 0);
    assert_state (day, SESSION_FAILED);
}

static void test_finishing_takes_no_new_bets (void **state)
{
    day_t *day = *state;
    start (day);
    assert_false (session_finish (day->session, day->now_ms));
    said (day, WIRE_HELLO);
    welcome (day, 0);
    said_batch (day, 0, 3);
    assert_false (session_finish (day->session, day->now_ms));
    sell_all (day);
    assert_false (
        session_finish (day->session, day->now_ms)); // it waits: look yourself
}

/* ---- A process that did not run ---- */

static void test_patience_after_a_sleep (void **state)
{
    day_t *day = *state;
    day->options.patience_ms = 60000;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    said_batch (day, 6, 3);
    said_batch (day, 9, 1);
    day->now_ms += 3600 * 1000; // stopped, or suspended
    session_tick (day->session, day->now_ms);
    said_batch (day, 0, 3); // it asks first
    said_batch (day, 3, 3);
    said_batch (day, 6, 3);
    said_batch (day, 9, 1);
    stored (day, 10);
    said (day, WIRE_READY);
    waiting (day, 1);
    day->now_ms += 3600 * 1000;
    session_tick (day->session, day->now_ms);
    said (day, WIRE_READY);
    const int64_t woken_ms = day->now_ms;
    while (!session_over (day->session)) { // and gives up when nobody answers then
        pass (day);
        bytes_t bytes;
        if (next_output (day, &bytes))
            session_output_sent (day->session, day->now_ms);
    }
    assert_int_equal (day->now_ms - woken_ms, 60000);
    assert_true (progress (day)->silence);
}

/* Whatever was asked last has a moment to be answered, be patience as short as it may.
 */
static void test_short_patience (void **state)
{
    day_t *day = *state;
    day->options.patience_ms = 1;
    start (day);
    said (day, WIRE_HELLO);
    session_tick (day->session, day->now_ms + RETRY_MS_MIN - 1);
    assert_state (day, SESSION_HELLO);
    session_tick (day->session, day->now_ms + RETRY_MS_MIN);
    assert_state (day, SESSION_FAILED);
}

/* ---- Limits that are other than they were ---- */

static void test_reconnected_while_selling (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    stored (day, 3);
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_HELLO); // at once
    said_nothing (day);
    const uint64_t at = day->fake.at;
    welcome (day, 3);
    said_batch (day, 3, 3); // what is packed stays so
    assert_true (day->fake.at == at);
    said_batch (day, 6, 3);
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_HELLO);
    welcome (day, 6); // an acknowledgement that was lost
    said_batch (day, 6, 3);
    assert_int_equal (progress (day)->sent, 6);
    assert_int_equal (day->told_rows, 6);

    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_HELLO);
    welcome_with (day, 6, (wire_limits_t){1, 0, 2, 0}, DAY_OPEN); // it allows less
    said_batch (day, 6, 2);
    said_nothing (day);
    stored (day, 8);
    said_batch (day, 8, 2);
    stored (day, 10);
    said (day, WIRE_READY);
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_READY);
}

static void test_batch_over_the_limits (void **state)
{
    static const wire_code_t codes[] = {REFUSED_SIZE, REFUSED_ROWS};
    day_t *day = *state;
    for (size_t i = 0; i < 2; i++) {
        begin_selling (day);
        said_batch (day, 0, 3);
        said_batch (day, 3, 3);
        refuse (day, codes[i], WIRE_BATCH, 0);
        refuse (day, codes[i], WIRE_BATCH, 3);
        said (day, WIRE_HELLO); // at once
        said_nothing (day);
        welcome_with (day, 0, (wire_limits_t){0, 0, 2, 0}, DAY_OPEN);
        said_batch (day, 0, 2);
        refuse (day, codes[i], WIRE_BATCH, 0);
        said (day, WIRE_HELLO);
        welcome_with (day, 0, (wire_limits_t){0, 0, 2, 0}, DAY_OPEN); // nothing changed
        said_batch (day, 0, 2);
        refuse (day, codes[i], WIRE_BATCH, 0);
        assert_state (day, SESSION_FAILED);
    }
    assert_failed (day, "fake.csv: why (ROWS)");
}

static void test_busy_for_long_asks_for_the_limits (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    for (int i = 0; i < 3; i++) {
        said_batch (day, 0, 3);
        refuse (day, REFUSED_BUSY, WIRE_BATCH, 0);
        pass (day);
    }
    said (day, WIRE_HELLO);
    welcome_with (day, 0, (wire_limits_t){1, 0, 0, 0}, DAY_OPEN);
    said_batch (day, 0, 3);
    said_nothing (day);
}

/* ---- Bytes from the socket ---- */

static void test_messages_out_of_place (void **state)
{
    static const struct {
        session_state_t state;
        uint8_t good[4]; // commands that are of use then
    } table[] = {{SESSION_HELLO, {WIRE_WELCOME, WIRE_REFUSED}},
                 {SESSION_SELLING, {WIRE_STORED, WIRE_REFUSED}},
                 {SESSION_WAITING, {WIRE_WAITING, WIRE_WINNERS, WIRE_REFUSED}},
                 {SESSION_RESULTS, {WIRE_WINNERS, WIRE_REFUSED}},
                 {SESSION_LEAVING, {WIRE_GOODBYE}}};
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        for (unsigned command = 0; command < 256; command++) {
            if (memchr (table[i].good, (int) command, sizeof table[i].good))
                continue;
            if (table[i].state == SESSION_HELLO)
                start (day);
            else if (table[i].state == SESSION_SELLING)
                begin_selling (day);
            else
                sell_all (day);
            if (table[i].state >= SESSION_RESULTS)
                winners (day, 0, table[i].state == SESSION_RESULTS, 0, "");
            assert_state (day, table[i].state);
            answer (day,
                    &(wire_message_t){.command = (uint8_t) command, .agency = AGENCY});
            assert_state (day, table[i].state);
            assert_int_equal (progress (day)->ignored, 1);
        }
}

static void test_other_agencys_messages (void **state)
{
    static const uint32_t agencies[] = {0, 1, 4, UINT32_MAX};
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    for (size_t i = 0; i < 4; i++)
        answer (day, &(wire_message_t){.command = WIRE_STORED,
                                       .agency = agencies[i],
                                       .stored = {.next = 3}});
    assert_int_equal (progress (day)->ignored, 4);
    assert_int_equal (progress (day)->sent, 0);
}

static void test_absurd_offsets (void **state)
{
    static const uint64_t offsets[] = {(uint64_t) INT64_MAX + 1, UINT64_MAX};
    day_t *day = *state;
    for (size_t i = 0; i < 2; i++) {
        start (day);
        said (day, WIRE_HELLO);
        welcome (day, offsets[i]);
        assert_state (day, SESSION_HELLO);
        welcome (day, 0);
        said_batch (day, 0, 3);
        stored (day, offsets[i]);
        assert_int_equal (progress (day)->ignored, 2);
        assert_int_equal (progress (day)->sent, 0);
    }
}

static uint64_t next_random (uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 33;
}

/* Any bytes: what is no message is counted; nothing worse happens. */
static void test_junk (void **state)
{
    day_t *day = *state;
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        if (i % 50 == 0 || session_over (day->session))
            begin_selling (day);
        uint8_t bytes[160];
        size_t size = next_random (&random) % sizeof bytes;
        for (size_t j = 0; j < size; j++)
            bytes[j] = (uint8_t) next_random (&random);
        if (size > WIRE_HEADER_BYTES &&
            i % 2) // a sound header, so that bodies are read
            put_u64 (put_u32 (put_u8 (put_u8 (put_u8 (put_u8 (bytes, 'L'), 'T'),
                                              WIRE_VERSION),
                                      0x11 + next_random (&random) % 15),
                              AGENCY),
                     DRAW);
        session_receive (day->session, bytes_of (bytes, size), day->now_ms);
        session_tick (day->session, day->now_ms);
        bytes_t output;
        if (next_output (day, &output))
            session_output_sent (day->session, day->now_ms);
    }
    start (day);
    session_receive (day->session, bytes_of (NULL, 0), day->now_ms);
    assert_int_equal (progress (day)->ignored, 1);
}

static void test_nothing_after_the_end (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    refuse (day, REFUSED_AGENCY, WIRE_HELLO, 0);
    welcome (day, 0);
    session_tick (day->session, day->now_ms + 1000000);
    said_nothing (day);
    assert_failed (day, "the central refused HELLO: why (AGENCY)");
}

/* ---- A central that loses, repeats and reorders messages ---- */

#define POST_MAX 64

typedef struct {
    uint8_t bytes[POST_MAX][1100];
    size_t sizes[POST_MAX];
    size_t count;
} post_t;

static void post_put (post_t *post, bytes_t bytes)
{
    if (post->count == POST_MAX)
        return; // lost
    assert_true (bytes.size <= sizeof post->bytes[0]);
    memcpy (post->bytes[post->count], bytes.data, bytes.size);
    post->sizes[post->count++] = bytes.size;
}

/* The central's rules for one agency, in short. */
static bool central_answer (uint64_t *next, bool *sealed, uint64_t total,
                            const wire_message_t *asked, uint64_t *random,
                            wire_message_t *reply)
{
    const bytes_t text = bytes_of ("00000000\n", 9);
    uint64_t end = asked->batch.offset + asked->batch.count;
    *reply = wire_refusal (asked, REFUSED_BUSY, "");
    if (next_random (random) % 10 == 0)
        return true;
    if (next_random (random) % 20 == 0 && asked->command != WIRE_HELLO) {
        *reply = wire_refusal (asked, REFUSED_HELLO, "");
        return true;
    }
    *reply = (wire_message_t){.agency = AGENCY, .draw = DRAW};
    switch (asked->command) {
    case WIRE_HELLO:
        reply->command = WIRE_WELCOME;
        reply->welcome = (wire_welcome_t){.next = *next,
                                          .digest = digest_of (*next),
                                          .day = *sealed ? DAY_SEALED : DAY_OPEN,
                                          .name = bytes_of ("first", 5)};
        return true;
    case WIRE_BATCH:
        assert_true (end <= total);
        assert_true (asked->batch.digest == digest_of (asked->batch.offset));
        assert_true (asked->draw == DRAW);
        if (asked->batch.offset > *next ||
            (asked->batch.offset < *next && end > *next)) {
            *reply = wire_refusal (asked, REFUSED_GAP, "");
            return true;
        }
        assert_false (*sealed && end > *next);
        if (asked->batch.offset == *next)
            *next = end;
        reply->command = WIRE_STORED;
        reply->stored = (wire_stored_t){*next, digest_of (*next)};
        return true;
    case WIRE_READY:
        assert_int_equal (asked->tally.count, total);
        assert_int_equal (*next, total);
        assert_true (asked->tally.digest == digest_of (total));
        *sealed = true;
        reply->command = next_random (random) % 2 ? WIRE_WAITING : WIRE_WINNERS;
        if (reply->command == WIRE_WINNERS)
            reply->winners = (wire_winners_t){
                .next = 5, .number = 7574, .count = 1, .documents = text};
        return true;
    case WIRE_RESULTS:
        reply->command = WIRE_WINNERS;
        reply->winners = (wire_winners_t){
            .cursor = asked->cursor, .number = 7574, .count = 1, .documents = text};
        return true;
    default:
        reply->command = WIRE_GOODBYE;
        return true;
    }
}

/* Move a message from one end to the other, or lose it, or leave a copy. */
static bool post_take (post_t *post, uint64_t *random, uint8_t *bytes, size_t *size)
{
    if (post->count == 0 || next_random (random) % 3 == 0)
        return false;
    size_t which = next_random (random) % (post->count < 3 ? post->count : 3);
    *size = post->sizes[which];
    memcpy (bytes, post->bytes[which], *size);
    if (next_random (random) % 10 > 0) { // else it comes a second time
        post->count--;
        for (size_t i = which; i < post->count; i++) {
            memcpy (post->bytes[i], post->bytes[i + 1], post->sizes[i + 1]);
            post->sizes[i] = post->sizes[i + 1];
        }
    }
    return next_random (random) % 10 > 0; // else it is lost
}

static void test_bad_weather (void **state)
{
    day_t *day = *state;
    post_t *there = calloc (1, sizeof *there), *back = calloc (1, sizeof *back);
    assert_non_null (there);
    assert_non_null (back);
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed, next = 0, total = 2 + seed % 100;
        bool sealed = false;
        day->fake =
            (fake_t){.count = total, .fails_at = UINT64_MAX, .other_at = UINT64_MAX};
        day->options.seed = seed;
        day->told_next = 0;
        day->options.stored = NULL;
        there->count = back->count = 0;
        start (day);
        for (int step = 0; !session_over (day->session); step++) {
            assert_true (step < 100000);
            uint8_t bytes[1100], encoded[1100];
            size_t size;
            bytes_t output;
            session_tick (day->session, day->now_ms);
            while (next_random (&random) % 8 > 0 && next_output (day, &output)) {
                post_put (there, output);
                session_output_sent (day->session, day->now_ms);
            }
            if (post_take (there, &random, bytes, &size)) {
                wire_message_t asked, reply;
                assert_int_equal (wire_decode (bytes_of (bytes, size), &asked), 0);
                if (central_answer (&next, &sealed, total, &asked, &random, &reply))
                    post_put (back, bytes_of (encoded, wire_encode (&reply, encoded)));
            }
            if (post_take (back, &random, bytes, &size))
                session_receive (day->session, bytes_of (bytes, size), day->now_ms);
            day->now_ms += (int64_t) (next_random (&random) % 40);
        }
        assert_state (day, SESSION_ENDED);
        assert_int_equal (next, total);
        assert_true (sealed);
        assert_int_equal (progress (day)->winners, 2);
    }
    free (there);
    free (back);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (test_whole_day),
        DAY_TEST (test_no_bets),
        DAY_TEST (test_goes_on_from_next),
        DAY_TEST (test_all_stored_before),
        DAY_TEST (test_source_takes_its_time),
        DAY_TEST (test_sell_only),
        DAY_TEST (test_close_only),
        DAY_TEST (test_period_paces_batches),
        DAY_TEST (test_period_does_not_pace_repeats),
        DAY_TEST (test_batches_are_sent_again),
        DAY_TEST (test_jitter_differs),
        DAY_TEST (test_progress_while_sending_again),
        DAY_TEST (test_an_output_that_could_not_be_sent_stays),
        DAY_TEST (test_questions_are_asked_again),
        DAY_TEST (test_refused_for_now),
        DAY_TEST (test_stored_while_holding),
        DAY_TEST (test_questions_refused_for_now),
        DAY_TEST (test_patience),
        DAY_TEST (test_patience_for_ever),
        DAY_TEST (test_start_over_while_waiting),
        DAY_TEST (test_questions_say_what_they_are_about),
        DAY_TEST (test_second_welcome_is_ignored),
        DAY_TEST (test_stored_beyond_what_was_sent),
        DAY_TEST (test_file_too_short),
        DAY_TEST (test_closed_day),
        DAY_TEST (test_source_fails),
        DAY_TEST (test_leaves_without_goodbye),
        DAY_TEST (test_follows_a_file_that_grows),
        DAY_TEST (test_finishing_takes_no_new_bets),
        DAY_TEST (test_patience_after_a_sleep),
        DAY_TEST (test_short_patience),
        DAY_TEST (test_reconnected_while_selling),
        DAY_TEST (test_batch_over_the_limits),
        DAY_TEST (test_busy_for_long_asks_for_the_limits),
        DAY_TEST (test_messages_out_of_place),
        DAY_TEST (test_other_agencys_messages),
        DAY_TEST (test_absurd_offsets),
        DAY_TEST (test_junk),
        DAY_TEST (test_nothing_after_the_end),
        DAY_TEST (test_bad_weather),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

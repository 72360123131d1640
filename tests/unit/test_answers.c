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

/* ---- A sale that is closed ---- */

static void test_what_was_refused_as_closed_is_not_sent_again (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    stored (day, 3);
    refuse (day, REFUSED_CLOSED, WIRE_BATCH, 3);
    said (day, WIRE_HELLO);
    welcome_closed (day, 3, 0);
    assert_int_equal (said (day, WIRE_READY).tally.count, 3);
    assert_closed_at (day, 3);
}

/* ---- Draws by name ---- */

static void said_hello_to (day_t *day, const char *name)
{
    const wire_message_t hello = said (day, WIRE_HELLO);
    assert_true (hello.draw == 0);
    assert_true (bytes_equal (hello.hello.name, bytes_of (name, strlen (name))));
}

static void welcome_to (day_t *day, uint64_t draw, const char *name)
{
    answer (day,
            &(wire_message_t){.command = WIRE_WELCOME,
                              .agency = AGENCY,
                              .draw = draw,
                              .welcome = {.name = bytes_of (name, strlen (name))}});
}

static void test_draw_that_was_found_is_asked_for_by_name (void **state)
{
    day_t *day = *state;
    start (day);
    said_hello_to (day, "");
    assert_string_equal (progress (day)->draw, "");
    welcome (day, 0);
    assert_string_equal (progress (day)->draw, "first");
    said_batch (day, 0, 3);
    stored (day, 3);
    said_batch (day, 3, 3);
    refuse (day, REFUSED_HELLO, WIRE_BATCH, 3); // the central does not know it any more
    said_hello_to (day, "first");
    refuse (day, REFUSED_BUSY, WIRE_HELLO, 0); // it looks it up
    said_nothing (day);
    pass (day);
    said_hello_to (day, "first");
    welcome (day, 3);
    assert_true (said (day, WIRE_BATCH).draw == DRAW);
}

static void test_draw_that_was_named (void **state)
{
    day_t *day = *state;
    day->options.draw = "late";
    start (day);
    said_hello_to (day, "late");
    welcome_to (day, DRAW, "late");
    assert_string_equal (progress (day)->draw, "late");
    said_batch (day, 0, 3);

    start (day);
    said_hello_to (day, "late");
    welcome_to (day, DRAW, "first"); // no central of ours does that
    assert_state (day, SESSION_FAILED);
    assert_int_equal (progress (day)->sent, 0);
}

static void refuse_saying (day_t *day, wire_code_t code, wire_command_t command,
                           uint64_t offset, const char *text)
{
    answer (day,
            &(wire_message_t){.command = WIRE_REFUSED,
                              .agency = AGENCY,
                              .refused = {.code = (uint16_t) code,
                                          .command = (uint8_t) command,
                                          .offset = offset,
                                          .text = bytes_of (text, strlen (text))}});
}

static void test_no_such_draw (void **state)
{
    day_t *day = *state;
    start (day);
    said (day, WIRE_HELLO);
    refuse_saying (day, REFUSED_DRAW, WIRE_HELLO, 0, "on sale are early, late");
    assert_failed (day, "the central refused HELLO: on sale are early, late (DRAW): "
                        "choose a draw with --draw");
    day->options.draw = "nightly";
    start (day);
    said (day, WIRE_HELLO);
    refuse_saying (day, REFUSED_DRAW, WIRE_HELLO, 0, "on sale are early, late");
    assert_failed (day, "there is no draw nightly: on sale are early, late (DRAW): "
                        "choose a draw with --draw");
}

/* Answers about another draw are not for this session. */
static void test_answers_of_another_draw (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    answer (day, &(wire_message_t){.command = WIRE_STORED,
                                   .agency = AGENCY,
                                   .draw = DRAW + 1,
                                   .stored = {3, digest_of (3)}});
    answer (day, &(wire_message_t){
                     .command = WIRE_REFUSED,
                     .agency = AGENCY,
                     .draw = DRAW + 1,
                     .refused = {.code = REFUSED_CLOSED, .command = WIRE_BATCH}});
    assert_int_equal (progress (day)->ignored, 2);
    assert_state (day, SESSION_SELLING);
    stored (day, 3);
    assert_int_equal (progress (day)->sent, 3);
}

#define VOID_WHY "draw first is void: the machine broke"

static void test_void_draw (void **state)
{
    static const session_task_t tasks[] = {SESSION_WHOLE, SESSION_SELL_ONLY,
                                           SESSION_CLOSE_ONLY, SESSION_RESULTS_ONLY};
    day_t *day = *state;
    for (size_t i = 0; i < 4; i++) { // it was when the agency came
        day->options.task = tasks[i];
        start (day);
        said (day, WIRE_HELLO);
        welcome_with (day, 2, (wire_limits_t){0}, DAY_VOID);
        assert_true (said (day, WIRE_RESULTS).cursor == 0);
        refuse_saying (day, REFUSED_VOID, WIRE_RESULTS, 0, "the machine broke");
        assert_failed (day, VOID_WHY);
    }
    day->options.task = SESSION_WHOLE; // and while it sold, and waited
    begin_selling (day);
    said_batch (day, 0, 3);
    refuse_saying (day, REFUSED_VOID, WIRE_BATCH, 0, "the machine broke");
    assert_failed (day, VOID_WHY);
    sell_all (day);
    waiting (day, 1);
    pass (day);
    said (day, WIRE_READY);
    refuse_saying (day, REFUSED_VOID, WIRE_READY, 0, "");
    assert_failed (day, "draw first is void");
}

/* ---- The results alone ---- */

static void test_results_only (void **state)
{
    day_t *day = *state;
    day->options.task = SESSION_RESULTS_ONLY;
    for (int when = DAY_OPEN; when <= DAY_DRAWN; when++) {
        session_destroy (&day->session);
        day->session = session_new (&day->options, NULL, day->now_ms);
        said (day, WIRE_HELLO);
        welcome_with (day, 12345, (wire_limits_t){0}, (wire_day_t) when);
        assert_true (said (day, WIRE_RESULTS).cursor == 0);
        waiting_open (day);
        assert_true (progress (day)->asked && !progress (day)->ready);
        said_nothing (day);
        assert_in_range (pass (day), READY_RENEW_MS * 3 / 4, READY_RENEW_MS * 5 / 4);
        assert_true (said (day, WIRE_RESULTS).cursor == 0); // renewed, as READY is
        refuse (day, REFUSED_HELLO, WIRE_RESULTS, 0);
        said (day, WIRE_HELLO);
        welcome_with (day, 12345, (wire_limits_t){0}, DAY_OPEN);
        said (day, WIRE_RESULTS);
        refuse (day, REFUSED_UNAVAILABLE, WIRE_RESULTS, 0);
        said_nothing (day);
        pass (day);
        said (day, WIRE_RESULTS);
        waiting_open (day);
        winners (day, 0, 7, 1, "1\n"); // others sold meanwhile, and it is drawn now
        said (day, WIRE_HELLO);
        welcome_with (day, 12346, (wire_limits_t){0}, DAY_DRAWN);
        said (day, WIRE_RESULTS);
        winners (day, 0, 7, 1, "1\n");
        assert_false (progress (day)->drawn);
        assert_true (said (day, WIRE_RESULTS).cursor == 7);
        winners (day, 7, 0, 1, "2\n");
        assert_true (progress (day)->drawn);
        said (day, WIRE_DONE);
        goodbye (day);
        assert_state (day, SESSION_ENDED);
        assert_int_equal (progress (day)->winners, 2);
        assert_int_equal (progress (day)->stored, 12346);
        assert_int_equal (progress (day)->sold_ms, -1); // nothing was
    }
}

/* ---- Cancelling a bet ---- */

static void begin_cancel (day_t *day, uint64_t offset)
{
    day->options.task = SESSION_CANCEL_ONLY;
    day->options.cancel = offset;
    session_destroy (&day->session);
    day->session = session_new (&day->options, NULL, day->now_ms);
    said (day, WIRE_HELLO);
    welcome (day, 10);
    assert_true (said (day, WIRE_CANCEL).offset == offset);
}

static void cancelled (day_t *day, uint64_t offset, uint32_t count)
{
    answer (day, &(wire_message_t){.command = WIRE_CANCELLED,
                                   .agency = AGENCY,
                                   .cancelled = {offset, count}});
}

static void test_bet_is_cancelled (void **state)
{
    day_t *day = *state;
    begin_cancel (day, 4);
    cancelled (day, 5, 1); // another one
    assert_state (day, SESSION_CANCELLING);
    pass (day); // no answer
    assert_true (said (day, WIRE_CANCEL).offset == 4);
    refuse (day, REFUSED_UNAVAILABLE, WIRE_CANCEL, 4);
    said_nothing (day);
    pass (day);
    said (day, WIRE_CANCEL);
    refuse (day, REFUSED_HELLO, WIRE_CANCEL, 4);
    pass (day);
    said (day, WIRE_HELLO);
    welcome (day, 10);
    said (day, WIRE_CANCEL);
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_CANCEL);
    cancelled (day, 4, 3);
    assert_state (day, SESSION_ENDED);
    assert_int_equal (progress (day)->cancelled, 3);
}

static void test_bet_that_cannot_be_cancelled (void **state)
{
    static const struct {
        wire_code_t code;
        const char *text, *says;
    } table[] = {
        {REFUSED_CLOSED, "the sale is over",
         "bet 4 of agency 3 in draw first was not cancelled: the sale is over "
         "(CLOSED)"},
        {REFUSED_GAP, "no such bet",
         "bet 4 of agency 3 in draw first was not cancelled: no such bet (GAP)"},
        {REFUSED_ROWS, "too many",
         "bet 4 of agency 3 in draw first was not cancelled: too many (ROWS)"},
        {REFUSED_VOID, "broken", "draw first is void: broken"},
        {REFUSED_AGENCY, "who?", "the central refused CANCEL: who? (AGENCY)"},
    };
    day_t *day = *state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        begin_cancel (day, 4);
        refuse_saying (day, table[i].code, WIRE_CANCEL, 4, table[i].text);
        assert_failed (day, table[i].says);
    }
}

/* How many are cancelled READY says, and WELCOME knows. */
static void test_ready_says_how_many_are_cancelled (void **state)
{
    day_t *day = *state;
    day->options.task = SESSION_CLOSE_ONLY;
    session_destroy (&day->session);
    day->session = session_new (&day->options, NULL, day->now_ms);
    said (day, WIRE_HELLO);
    welcome_closed (day, 10, 2);
    for (uint32_t count = 2; count < 9; count++) {
        assert_int_equal (said (day, WIRE_READY).tally.cancelled, count);
        // one more meanwhile: no conflict
        refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, count, 0);
        said (day, WIRE_HELLO);
        welcome_closed (day, 10, count + 1);
    }
    said (day, WIRE_READY);
    refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, 9, 0);
    said (day, WIRE_HELLO);
    welcome_closed (day, 10, 9);
    said (day, WIRE_READY);
    refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, 9, 0); // nothing has changed
    assert_state (day, SESSION_FAILED);
}

/* READY was sent several times, and another program cancelled a bet: each is refused,
   and what comes late says nothing about the READY of now. */
static void test_a_late_refusal_of_an_earlier_ready_is_none (void **state)
{
    day_t *day = *state;
    day->options.task = SESSION_CLOSE_ONLY;
    session_destroy (&day->session);
    day->session = session_new (&day->options, NULL, day->now_ms);
    said (day, WIRE_HELLO);
    welcome_closed (day, 10, 2);
    said (day, WIRE_READY);
    refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, 2, 0);
    said (day, WIRE_HELLO);
    welcome_closed (day, 10, 3);
    said (day, WIRE_READY);
    for (int i = 0; i < 5; i++) {
        refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, 2, 0);
        refuse_row (day, REFUSED_TALLY, WIRE_READY, 9, 3, 0);
        said_nothing (day);
        assert_state (day, SESSION_WAITING);
    }
}

/* ---- One of several centrals: rotation.h ---- */

static void test_what_is_service_and_what_a_standby (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    assert_int_equal (progress (day)->served, 1);
    refuse (day, REFUSED_UNAVAILABLE, WIRE_BATCH, 0);
    assert_int_equal (progress (day)->served, 1);
    assert_int_equal (progress (day)->standbys, 0);
    refuse_row (day, REFUSED_UNAVAILABLE, WIRE_BATCH, 0, 0, UNAVAILABLE_STANDBY);
    assert_int_equal (progress (day)->served, 1);
    assert_int_equal (progress (day)->standbys, 1);
    refuse_row (day, REFUSED_BUSY, WIRE_BATCH, 0, 0, UNAVAILABLE_STANDBY);
    assert_int_equal (progress (day)->served, 2);
    refuse_row (day, REFUSED_UNAVAILABLE, WIRE_HELLO, 0, 0, UNAVAILABLE_STANDBY);
    assert_int_equal (progress (day)->standbys, 1); // it asked nothing like that
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (test_what_is_service_and_what_a_standby),
        DAY_TEST (test_what_was_refused_as_closed_is_not_sent_again),
        DAY_TEST (test_draw_that_was_found_is_asked_for_by_name),
        DAY_TEST (test_draw_that_was_named),
        DAY_TEST (test_no_such_draw),
        DAY_TEST (test_answers_of_another_draw),
        DAY_TEST (test_void_draw),
        DAY_TEST (test_results_only),
        DAY_TEST (test_bet_is_cancelled),
        DAY_TEST (test_bet_that_cannot_be_cancelled),
        DAY_TEST (test_ready_says_how_many_are_cancelled),
        DAY_TEST (test_a_late_refusal_of_an_earlier_ready_is_none),
        DAY_TEST (test_starts_over),
        DAY_TEST (test_starting_over_again_and_again_waits),
        DAY_TEST (test_single_bet_is_stored),
        DAY_TEST (test_single_bet_is_repeated_where_it_was),
        DAY_TEST (test_single_bet_takes_the_next_place),
        DAY_TEST (test_ready_is_renewed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

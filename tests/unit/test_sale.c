/* test_sale.c - sessions whose source is not what is stored, or another draw's. */

#include "bet_csv.h"
#include "session_day.h"

/* The digest of the first `count` rows of a table. */
static uint64_t day_digest (const char *const *table, uint32_t count)
{
    uint64_t digest = DIGEST_START;
    for (uint32_t i = 0; i < count; i++) {
        char row[64];
        const int size = snprintf (row, sizeof row, "%s\n", table[i]);
        digest = bet_csv_digest (digest, bytes_of (row, (size_t) size), 1);
    }
    return digest;
}

static void assert_line (day_t *day, uint64_t line, uint64_t stored)
{
    char text[512];
    snprintf (
        text, sizeof text,
        "fake.csv, line %" PRIu64 " is not the bet that was sold: the central has "
        "another one there, and %" PRIu64 " bets of agency 3 in all. Put back the "
        "file that was sold, and add new bets at its end; or see who else sells as "
        "agency 3",
        line, stored);
    assert_failed (day, text);
}

/* What is stored already is read, and not passed over. */
static void test_other_file_than_was_sold (void **state)
{
    day_t *day = *state;
    day->fake.count = 100;
    for (uint64_t other = 0; other < 100; other += 7)
        for (uint64_t next = other + 1; next <= 101; next += 20) {
            day->fake.other_at = other;
            start (day);
            said (day, WIRE_HELLO);
            welcome (day, next); // 101 is more than there are
            assert_in_range (answer_checks (day), 0, 8);
            assert_line (day, other + 1, next);
            assert_int_equal (progress (day)->sent, 0);
        }
    day->fake.other_at = 50; // it is not sold yet
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 50);
    said_batch (day, 50, 3);
}

/* Two machines sell the same rows up to a certain one. */
static void test_other_bets_while_selling (void **state)
{
    day_t *day = *state;
    day->fake.other_at = 4;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    said_batch (day, 6, 3);
    stored (day, 3);
    stored_as (day, 6, digest_of (6)); // the other's
    answer_checks (day);
    assert_line (day, 5, 6);

    begin_selling (day);
    said_batch (day, 0, 3);
    stored (day, 8); // more than was sent
    answer_checks (day);
    assert_line (day, 5, 8);

    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    refuse (day, REFUSED_CONFLICT, WIRE_BATCH, 3);
    said (day, WIRE_HELLO);
    welcome (day, 6);
    answer_checks (day);
    assert_line (day, 5, 6);
}

static void test_file_that_is_other_before_ready (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    for (uint64_t at = 0; at < 9; at += 3)
        said_batch (day, at, 3);
    said_batch (day, 9, 1);
    day->fake.other_at = 2;
    stored (day, 10);
    answer_checks (day);
    assert_line (day, 3, 10);
}

static void test_rows_added_before_ready_are_sold (void **state)
{
    day_t *day = *state;
    day->fake.count = 2;
    begin_selling (day);
    said_batch (day, 0, 2);
    said_nothing (day);
    day->fake.count = 4;
    stored (day, 2);
    said_batch (day, 2, 2);
    stored (day, 4);
    const wire_message_t ready = said (day, WIRE_READY);
    assert_int_equal (ready.tally.count, 4);
    assert_true (ready.tally.digest == digest_of (4) && ready.draw == DRAW);
}

static void test_conflict_with_nobody_to_be_seen (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    refuse (day, REFUSED_CONFLICT, WIRE_BATCH, 0);
    said (day, WIRE_HELLO);
    welcome (day, 0);
    said_batch (day, 0, 3);
    refuse (day, REFUSED_CONFLICT, WIRE_BATCH, 0);
    assert_failed (day,
                   "the central refused BATCH of fake.csv: why (CONFLICT); what is "
                   "stored is like fake.csv up to there: another machine or "
                   "program seems to sell as agency 3, too");
}

/* Somebody sold more after this one had sold all of its own. */
static void test_ready_with_another_count (void **state)
{
    day_t *day = *state;
    sell_all (day);
    refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, 0, 0);
    said (day, WIRE_HELLO);
    welcome (day, 12);
    assert_int_equal (answer_checks (day), 1);
    assert_failed (day, "the central has 12 bets of agency 3, fake.csv has only 10, "
                        "the first of them: put back the rows that are missing, or see "
                        "who else sells as agency 3");
    sell_all (day);
    refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, 0, 0);
    said (day, WIRE_HELLO);
    welcome (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    refuse_row (day, REFUSED_TALLY, WIRE_READY, 10, 0, 0);
    assert_state (day, SESSION_FAILED);
}

static void test_checks_survive_a_restart_of_the_central (void **state)
{
    day_t *day = *state;
    day->fake.other_at = 4;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 9);
    assert_int_equal (said (day, WIRE_CHECK).tally.count, 4);
    pass (day); // no answer
    assert_int_equal (said (day, WIRE_CHECK).tally.count, 4);
    session_reconnected (day->session, day->now_ms);
    assert_int_equal (said (day, WIRE_CHECK).tally.count, 4);
    refuse (day, REFUSED_UNAVAILABLE, WIRE_CHECK, 0);
    said_nothing (day);
    pass (day);
    said (day, WIRE_CHECK);
    refuse (day, REFUSED_HELLO, WIRE_CHECK, 0);
    pass (day);
    said (day, WIRE_HELLO);
    welcome (day, 9);
    answer_checks (day);
    assert_line (day, 5, 9);
}

static void test_digests_that_were_not_asked_for (void **state)
{
    day_t *day = *state;
    day->fake.other_at = 4;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 9);
    said (day, WIRE_CHECK);
    answer (day, &(wire_message_t){
                     .command = WIRE_DIGEST, .agency = AGENCY, .tally = {5, 1, 0}});
    assert_int_equal (progress (day)->ignored, 1);
    assert_state (day, SESSION_COMPARING);

    start (day); // a central that contradicts itself
    said (day, WIRE_HELLO);
    answer (day, &(wire_message_t){
                     .command = WIRE_WELCOME,
                     .agency = AGENCY,
                     .draw = DRAW,
                     .welcome = {.digest = 77, .name = bytes_of ("first", 5)}});
    said_nothing (day);
    assert_state (day, SESSION_FAILED);
}

/* ---- Another draw, and an older one ---- */

#define OTHER_DRAW                                                                     \
    "the central serves another draw now than the one that this program began with, "  \
    "in which %d bets of agency 3 were stored: start again to take part in this one"

static void welcome_to (day_t *day, uint64_t draw, uint64_t next)
{
    answer (day, &(wire_message_t){.command = WIRE_WELCOME,
                                   .agency = AGENCY,
                                   .draw = draw,
                                   .welcome = {.next = next,
                                               .digest = digest_of (next),
                                               .name = bytes_of ("first", 5)}});
}

static void test_another_draw (void **state)
{
    char text[512];
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    stored (day, 3);
    session_reconnected (day->session, day->now_ms);
    said (day, WIRE_HELLO);
    welcome_to (day, DRAW + 1, 0);
    snprintf (text, sizeof text, OTHER_DRAW, 3);
    assert_failed (day, text);

    begin_selling (day);
    assert_true (said (day, WIRE_BATCH).draw == DRAW);
    refuse (day, REFUSED_DRAW, WIRE_BATCH, 0);
    snprintf (text, sizeof text, OTHER_DRAW, 0);
    assert_failed (day, text);

    sell_all (day); // yesterday's process, today's central
    waiting (day, 1);
    session_reconnected (day->session, day->now_ms);
    assert_true (said (day, WIRE_READY).draw == DRAW);
    refuse (day, REFUSED_DRAW, WIRE_READY, 0);
    snprintf (text, sizeof text, OTHER_DRAW, 10);
    assert_failed (day, text);

    sell_all (day);
    winners (day, 0, 5, 0, "");
    assert_true (said (day, WIRE_RESULTS).draw == DRAW);
    refuse (day, REFUSED_DRAW, WIRE_RESULTS, 0);
    assert_failed (day, text);
}

static void test_a_central_that_lost_bets (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    said_batch (day, 0, 3);
    said_batch (day, 3, 3);
    stored (day, 3);
    refuse (day, REFUSED_GAP, WIRE_BATCH, 3);
    said (day, WIRE_HELLO);
    welcome (day, 0); // an answer that was long under way
    assert_state (day, SESSION_HELLO);
    said_nothing (day);
    pass (day);
    said (day, WIRE_HELLO);
    welcome (day, 3);
    said_batch (day, 3, 3);

    stored (day, 6);
    session_reconnected (day->session, day->now_ms);
    for (int i = 0; i < 3; i++) {
        if (i > 0)
            pass (day);
        said (day, WIRE_HELLO);
        assert_state (day, SESSION_HELLO);
        welcome (day, 3);
    }
    assert_failed (day, "the central has 3 bets of agency 3, and said before that it "
                        "had 6: it lost some. Has it been started on an older copy of "
                        "its data?");
}

/* ---- A sale that is closed under way ---- */

static void said_ready (day_t *day, uint64_t count)
{
    const wire_message_t ready = said (day, WIRE_READY);
    assert_int_equal (ready.tally.count, count);
    assert_true (ready.tally.digest == digest_of (count));
}

static void end_of_day (day_t *day)
{
    waiting (day, 2);
    winners (day, 0, 0, 0, "");
    said (day, WIRE_DONE);
    goodbye (day);
    assert_state (day, SESSION_ENDED);
    assert_true (progress (day)->drawn);
}

static void test_closed_while_selling (void **state)
{
    day_t *day = *state;
    for (uint64_t in = 0; in <= 9; in += 3) {
        begin_selling (day);
        said_batch (day, 0, 3);
        said_batch (day, 3, 3);
        said_batch (day, 6, 3);
        said_batch (day, 9, 1);
        if (in > 0)
            stored (day, in);
        refuse (day, REFUSED_CLOSED, WIRE_BATCH, in); // the clock was quicker
        refuse (day, REFUSED_CLOSED, WIRE_BATCH, 9);
        if (in == 0)
            pass (day);
        said (day, WIRE_HELLO); // at once, if anything was stored
        stored (day, in);       // late
        said_nothing (day);
        welcome_closed (day, in, 0);
        said_ready (day, in);
        assert_closed_at (day, in);
        said_nothing (day);
        end_of_day (day);
        assert_int_equal (progress (day)->stored, in);
        assert_int_equal (day->told_rows, in);
    }
}

static void test_closed_when_all_was_in (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    for (uint64_t at = 0; at < 9; at += 3)
        said_batch (day, at, 3);
    said_batch (day, 9, 1);
    stored (day, 9);
    pass (day); // the last acknowledgement is lost
    said_batch (day, 9, 1);
    refuse (day, REFUSED_CLOSED, WIRE_BATCH, 9); // an old central
    said (day, WIRE_HELLO);
    welcome_closed (day, 10, 0);
    said_ready (day, 10);
    end_of_day (day);
    assert_false (progress (day)->closed);
    assert_int_equal (progress (day)->sent, 10);
}

static void test_closed_before_a_bet_that_differs (void **state)
{
    day_t *day = *state;
    day->fake.other_at = 1;
    start (day);
    said (day, WIRE_HELLO);
    welcome_closed (day, 5, 0);
    answer_checks (day);
    assert_line (day, 2, 5);
}

static void test_closed_for_who_only_sells (void **state)
{
    day_t *day = *state;
    day->options.task = SESSION_SELL_ONLY;
    begin_selling (day);
    said_batch (day, 0, 3);
    stored (day, 3);
    said_batch (day, 3, 3);
    refuse (day, REFUSED_CLOSED, WIRE_BATCH, 3);
    said (day, WIRE_HELLO);
    welcome_closed (day, 3, 0);
    said_nothing (day);
    assert_state (day, SESSION_ENDED);
    assert_closed_at (day, 3);
    assert_int_equal (progress (day)->sent, 3);
}

/* Whether it got in before the close is not known until it is sent again. */
static void test_closed_for_a_single_bet (void **state)
{
    day_t *day = *state;
    for (int in = 0; in < 2; in++) {
        day->options.writer = 77;
        day->options.task = SESSION_SELL_ONLY;
        day->fake.count = 6;
        start (day);
        said (day, WIRE_HELLO);
        welcome (day, 5);
        said_batch (day, 5, 1);
        refuse (day, REFUSED_BUSY, WIRE_BATCH, 5);
        pass (day);
        said_batch (day, 5, 1);
        refuse (day, REFUSED_CLOSED, WIRE_BATCH, 5);
        pass (day);
        said (day, WIRE_HELLO);
        welcome_closed (day, 5 + (uint64_t) in, 0);
        said_batch (day, 5, 1);
        if (in)
            stored (day, 6);
        else
            refuse (day, REFUSED_CLOSED, WIRE_BATCH, 5);
        said_nothing (day);
        assert_state (day, SESSION_ENDED);
        assert_true (progress (day)->closed == !in);
        assert_int_equal (progress (day)->sent, in);
    }
}

/* A central that says CLOSED and OPEN is not asked without a pause. */
static void test_closed_and_open (void **state)
{
    day_t *day = *state;
    begin_selling (day);
    for (int i = 0; i < 3; i++) {
        said_batch (day, 0, 3);
        refuse (day, REFUSED_CLOSED, WIRE_BATCH, 0);
        assert_in_range (pass (day), RETRY_MS_MIN, 2 * RETRY_MS_MIN);
        said (day, WIRE_HELLO);
        welcome (day, 0);
    }
}

/* ---- A source that grows ---- */

static void begin_following (day_t *day, uint64_t count)
{
    day->options.growing = true;
    day->fake.count = count;
    begin_selling (day);
    for (uint64_t at = 0; at < count; at += 3)
        said_batch (day, at, count - at < 3 ? (uint32_t) (count - at) : 3);
    stored (day, count);
    said_nothing (day);
    assert_state (day, SESSION_SELLING);
}

static void grow (day_t *day, uint64_t count)
{
    day->fake.count = count;
    session_more (day->session);
}

static void test_idle_one_asks_whether_it_is_closed (void **state)
{
    day_t *day = *state;
    begin_following (day, 4);
    for (int i = 0; i < 3; i++) {
        assert_in_range (pass (day), 1, READY_RENEW_MS * 5 / 4);
        assert_true (said (day, WIRE_RESULTS).cursor == 0);
        if (i == 1)
            refuse (day, REFUSED_BUSY, WIRE_RESULTS, 0);
        else if (i == 2)
            waiting_open (day);
        said_nothing (day);
        assert_false (progress (day)->asked);
    }
    grow (day, 5); // it sells on
    said_batch (day, 4, 1);
    refuse (day, REFUSED_BUSY, WIRE_RESULTS, 0); // late, and not about the batch
    stored (day, 5);
    said_nothing (day);
    pass (day);
    said (day, WIRE_RESULTS);
    waiting (day, 3); // it is sealed
    said (day, WIRE_HELLO);
    welcome_closed (day, 5, 0);
    said_ready (day, 5);
    assert_false (progress (day)->closed); // all of it is in
    end_of_day (day);
}

static void test_followed_until_it_is_drawn (void **state)
{
    day_t *day = *state;
    begin_following (day, 4);
    winners (day, 0, 0, 1, "1\n"); // pushed to who asked last
    said (day, WIRE_HELLO);
    grow (day, 7); // meanwhile
    welcome_with (day, 4, (wire_limits_t){0}, DAY_DRAWN);
    said_ready (day, 4);
    assert_closed_at (day, 4);
    end_of_day (day);
}

static void test_followed_until_it_is_void (void **state)
{
    day_t *day = *state;
    begin_following (day, 4);
    pass (day);
    said (day, WIRE_RESULTS);
    refuse (day, REFUSED_VOID, WIRE_RESULTS, 0);
    assert_failed (day, "draw first is void: why");
    begin_following (day, 4);
    pass (day);
    said (day, WIRE_RESULTS);
    refuse (day, REFUSED_HELLO, WIRE_RESULTS, 0);
    said (day, WIRE_HELLO);
}

static void test_growth_that_is_complete (void **state)
{
    day_t *day = *state;
    begin_following (day, 4);
    grow (day, 5);
    session_complete (day->session, day->now_ms);
    said_batch (day, 4, 1);
    stored (day, 5);
    said_ready (day, 5);

    begin_following (day, 4);
    session_complete (day->session, day->now_ms);
    said_ready (day, 4);

    day->options.growing = true; // before it was let in
    day->fake.count = 2;
    start (day);
    session_complete (day->session, day->now_ms);
    said (day, WIRE_HELLO);
    welcome (day, 0);
    said_batch (day, 0, 2);
    stored (day, 2);
    said_ready (day, 2);
}

/* What is stored already may come again, but has not yet. */
static void test_pipe_that_begins_anew (void **state)
{
    day_t *day = *state;
    day->options.growing = day->options.piped = true;
    day->fake.count = 0;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 8);
    said_nothing (day);
    assert_false (session_answer_due (day->session));
    pass (day);
    said (day, WIRE_RESULTS); // it may be closed meanwhile
    grow (day, 3);
    assert_int_equal (answer_checks (day), 1); // as far as it goes
    assert_state (day, SESSION_SELLING);
    grow (day, 6);
    said_nothing (day); // but not at every row
    grow (day, 9);
    said_batch (day, 8, 1);
    stored (day, 9);
    session_complete (day->session, day->now_ms);
    said_ready (day, 9);
    assert_int_equal (progress (day)->sent, 1);
}

static void test_pipe_that_is_another (void **state)
{
    day_t *day = *state;
    day->options.growing = day->options.piped = true;
    day->fake.count = 5;
    day->fake.other_at = 3;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 1000);
    answer_checks (day);
    assert_line (day, 4, 1000);

    day->fake.other_at = UINT64_MAX;
    start (day);
    said (day, WIRE_HELLO);
    welcome (day, 8);
    answer_checks (day);
    assert_state (day, SESSION_SELLING);
    session_complete (day->session, day->now_ms); // that was all
    answer_checks (day);
    assert_failed (day, "the central has 8 bets of agency 3, fake.csv has only 5, the "
                        "first of them: put back the rows that are missing, or see who "
                        "else sells as agency 3");
}

/* ---- Numbers that the draw does not take ---- */

static void test_number_above_the_highest (void **state)
{
    static const char *const table[] = {
        "Ana,Paz,00000000,2000-01-01,99", "Ana,Paz,00000001,2000-01-01,100",
        "Ana,Paz,00000002,2000-01-01,099", "Ana,Paz,00000003,2000-01-01,101",
        "Ana,Paz,00000004,2000-01-01,1"};
    day_t *day = *state;
    day->fake.table = table;
    day->fake.count = 5;
    start (day);
    said (day, WIRE_HELLO);
    answer (day, &(wire_message_t){
                     .command = WIRE_WELCOME,
                     .agency = AGENCY,
                     .draw = DRAW,
                     .welcome = {.highest = 100, .name = bytes_of ("first", 5)}});
    said_batch (day, 0, 3); // what stands before it is sold
    said_nothing (day);
    const wire_message_t stored = {
        .command = WIRE_STORED, .agency = AGENCY, .stored = {3, day_digest (table, 3)}};
    answer (day, &stored);
    said_nothing (day);
    assert_failed (day,
                   "fake.csv, line 4: number 101 is above 100, the highest of draw "
                   "first (RANGE)");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (test_closed_while_selling),
        DAY_TEST (test_closed_when_all_was_in),
        DAY_TEST (test_closed_before_a_bet_that_differs),
        DAY_TEST (test_closed_for_who_only_sells),
        DAY_TEST (test_closed_for_a_single_bet),
        DAY_TEST (test_closed_and_open),
        DAY_TEST (test_idle_one_asks_whether_it_is_closed),
        DAY_TEST (test_followed_until_it_is_drawn),
        DAY_TEST (test_followed_until_it_is_void),
        DAY_TEST (test_growth_that_is_complete),
        DAY_TEST (test_pipe_that_begins_anew),
        DAY_TEST (test_pipe_that_is_another),
        DAY_TEST (test_number_above_the_highest),
        DAY_TEST (test_other_file_than_was_sold),
        DAY_TEST (test_other_bets_while_selling),
        DAY_TEST (test_file_that_is_other_before_ready),
        DAY_TEST (test_rows_added_before_ready_are_sold),
        DAY_TEST (test_conflict_with_nobody_to_be_seen),
        DAY_TEST (test_ready_with_another_count),
        DAY_TEST (test_checks_survive_a_restart_of_the_central),
        DAY_TEST (test_digests_that_were_not_asked_for),
        DAY_TEST (test_another_draw),
        DAY_TEST (test_a_central_that_lost_bets),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

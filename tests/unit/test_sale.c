/* test_sale.c - sessions whose source is not what is stored, or another draw's. */

#include "session_day.h"

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
    refuse (day, REFUSED_TALLY, WIRE_READY, 0);
    said (day, WIRE_HELLO);
    welcome (day, 12);
    assert_int_equal (answer_checks (day), 1);
    assert_failed (day, "the central has 12 bets of agency 3, fake.csv has only 10, "
                        "the first of them: put back the rows that are missing, or see "
                        "who else sells as agency 3");
    sell_all (day);
    refuse (day, REFUSED_TALLY, WIRE_READY, 0);
    said (day, WIRE_HELLO);
    welcome (day, 10);
    assert_int_equal (said (day, WIRE_READY).tally.count, 10);
    refuse (day, REFUSED_TALLY, WIRE_READY, 0);
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

int main (void)
{
    const struct CMUnitTest tests[] = {
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

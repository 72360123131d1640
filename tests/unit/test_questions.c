/* test_questions.c - what operators ask state about one draw: answered from storage,
   and nothing is changed by it. */

#include "state_day.h"

static void look_up_by (uint8_t who, const char *name)
{
    const wire_message_t lookup = {.command = WIRE_LOOKUP,
                                   .lookup.name = bytes_of (name, strlen (name))};
    order_by (who, &lookup);
}

static void results_by (uint8_t who, uint64_t draw, uint32_t agency, uint64_t cursor)
{
    const wire_message_t results = {
        .command = WIRE_RESULTS, .agency = agency, .draw = draw, .cursor = cursor};
    order_by (who, &results);
}

/* What storage was asked last for an operator, in an envelope of state's own. */
static sent_t asked_for_operator (wire_command_t command)
{
    assert_true (to_storage.count > 0);
    const sent_t sent = kept (to_storage.count - 1);
    assert_string_equal (wire_command_name (sent.message.command),
                         wire_command_name (command));
    assert_int_equal (sent.envelope.boot, 0);
    assert_int_not_equal (sent.envelope.ticket, 0);
    return sent;
}

static wire_message_t winners_of (const sent_t *find, const char *documents)
{
    return (wire_message_t){
        .command = WIRE_WINNERS,
        .agency = find->message.agency,
        .draw = find->message.draw,
        .winners = {.cursor = find->message.find.cursor,
                    .next = 77,
                    .number = NUMBER,
                    .count = 1,
                    .documents = bytes_of (documents, strlen (documents))}};
}

static const wire_draw_t *row_of (uint8_t who, const char *name)
{
    const wire_draw_t *row = &told_operator (who, WIRE_DRAW)->listed;
    assert_true (bytes_equal (row->name, bytes_of (name, strlen (name))));
    assert_int_equal (row->index, 0);
    assert_int_equal (row->total, 1);
    return row;
}

/* Also of one that is at hand: storage may have put it away. */
static void a_draw_is_looked_up_at_storage (void **state)
{
    (void) state;
    seal (1);
    look_up_by ('A', "first");
    asked_for_operator (WIRE_LOOKUP);
    assert_int_equal (to_storage.count, 1);
    assert_int_equal (to_operators.count, 0);
    storage_serves ();
    const wire_draw_t *row = row_of ('A', "first");
    assert_true (to_operators.sent[0].message.draw == the_draw ());
    assert_int_equal (row->phase, PHASE_OPEN);
    assert_int_equal (row->ready, 1);
    assert_int_equal (row->number, 0);
    assert_false (registrar_wants (registrar));
}

/* It is over, archived, and not known to state any more. */
static uint64_t archive_first (void)
{
    const uint64_t draw = the_draw ();
    make_draw ();
    open_draw ("second", SOURCE_FIXED, CLOSES_ALL_ASKED);
    the_kept ()->archived = true;
    terms.name[0] = 0; // it is not to be opened
    start_and_open ();
    assert_null (draw_named ("first"));
    return draw;
}

static void one_that_was_over_long_ago_is_brought_back (void **state)
{
    (void) state;
    const uint64_t draw = archive_first ();
    look_up_by ('A', "first");
    storage_serves ();
    assert_false (the_kept ()->archived);
    const wire_draw_t *row = row_of ('A', "first");
    assert_true (to_operators.sent[0].message.draw == draw);
    assert_int_equal (row->phase, PHASE_DRAWN);
    assert_int_equal (row->number, NUMBER);
    assert_int_equal (row->ready, AGENCIES);
    results_by ('A', draw, 2, 0);
    const sent_t find = asked_for_operator (WIRE_FIND);
    assert_true (find.message.draw == draw);
    assert_int_equal (find.message.agency, 2);
    assert_int_equal (find.message.find.number, NUMBER);
    assert_int_equal (find.message.find.count, 20);
}

static void a_page_of_winners_is_passed_on (void **state)
{
    (void) state;
    make_draw ();
    forget ();
    const uint64_t records = book.sequence;
    results_by ('A', the_draw (), 1, 5);
    assert_int_equal (to_storage.count, 2); // storage is to have it at hand
    assert_int_equal (to_storage.sent[0].message.command, WIRE_LOOKUP);
    const sent_t find = asked_for_operator (WIRE_FIND);
    assert_true (find.message.find.cursor == 5);
    const wire_message_t page = winners_of (&find, "30904465\n");
    arrives (&find.envelope, &page);
    const wire_winners_t *told = &told_operator ('A', WIRE_WINNERS)->winners;
    assert_true (told->next == 77);
    assert_true (bytes_equal (told->documents, bytes_of ("30904465\n", 9)));
    arrives (&find.envelope, &page); // once
    sent_nothing ();
    assert_int_equal (book.sequence, records);
    assert_false (draw_served (draw (), 1));
    assert_false (registrar_done (registrar));
    assert_int_equal (registrar_strays (registrar), 0);
}

static void what_is_not_drawn_has_no_winners (void **state)
{
    (void) state;
    seal (1);
    forget ();
    results_by ('A', the_draw (), 1, 0);
    refused_operator ('A', REFUSED_UNDRAWN);
    results_by ('A', the_draw (), AGENCIES + 1, 0);
    refused_operator ('A', REFUSED_AGENCY);
    results_by ('A', the_draw (), 0, 0);
    refused_operator ('A', REFUSED_AGENCY);
    results_by ('A', the_draw () + 1, 1, 0);
    assert_non_null (strstr (refused_operator ('A', REFUSED_HELLO), "look it up"));
    assert_int_equal (facts ()->asked, 1); // nobody asked by that
    ordered (ORDER_VOID, "first", "the drum broke [ana@central]");
    forget ();
    results_by ('A', the_draw (), 1, 0);
    assert_string_equal (refused_operator ('A', REFUSED_VOID),
                         "the drum broke [ana@central]");
    ask_results (1, 0); // agencies are not told who
    const wire_refused_t *refused = told_refused (REFUSED_VOID, WIRE_RESULTS);
    assert_true (bytes_equal (refused->text, bytes_of ("the drum broke", 14)));
}

static void what_storage_says_is_wrong_is_told (void **state)
{
    (void) state;
    look_up_by ('A', "never");
    storage_serves ();
    refused_operator ('A', REFUSED_DRAW);
    make_draw ();
    look_up_by ('A', "first");
    sent_t asked = asked_for_operator (WIRE_LOOKUP);
    wire_message_t damaged =
        wire_refusal (&asked.message, REFUSED_DRAW, "its files are damaged");
    arrives (&asked.envelope, &damaged);
    assert_string_equal (refused_operator ('A', REFUSED_DRAW), "its files are damaged");
    stage_is (REGISTRAR_OPEN); // it is no other log
    results_by ('A', the_draw (), 1, 0);
    asked = asked_for_operator (WIRE_FIND);
    look_again (&asked);
    const wire_message_t gone = wire_refusal (&asked.message, REFUSED_HELLO, NULL);
    arrives (&asked.envelope, &gone);
    assert_int_equal (told_operator ('A', WIRE_REFUSED)->refused.command, WIRE_RESULTS);
    refused_operator ('A', REFUSED_HELLO);
    assert_non_null (draw_named ("first"));
    assert_int_equal (registrar_strays (registrar), 0);
}

static void a_question_is_asked_again_and_then_given_up (void **state)
{
    (void) state;
    look_up_by ('A', "first");
    const sent_t first = asked_for_operator (WIRE_LOOKUP);
    assert_true (registrar_deadline (registrar) <= now_ms + ASK_AGAIN_MS);
    tick (ASK_AGAIN_MS - 1);
    sent_nothing ();
    tick (1);
    asked_for_operator (WIRE_LOOKUP);
    tick (OPERATOR_PATIENCE_MS);
    refused_operator ('A', REFUSED_UNAVAILABLE);
    assert_false (registrar_wants (registrar));
    forget ();
    storage_serves_one (first); // the answer comes too late
    sent_nothing ();
}

static void without_storage_it_is_given_up_as_well (void **state)
{
    (void) state;
    reachable = false;
    tick (0);
    look_up_by ('A', "first");
    sent_nothing ();
    assert_true (registrar_wants (registrar));
    reachable = true;
    tick (0);
    assert_true (to_storage.count > 0);
    reachable = false;
    tick (OPERATOR_PATIENCE_MS);
    refused_operator ('A', REFUSED_UNAVAILABLE);
}

static void who_asks_the_same_again_is_answered_once (void **state)
{
    (void) state;
    make_draw ();
    forget ();
    results_by ('A', the_draw (), 1, 0);
    const sent_t first = asked_for_operator (WIRE_FIND);
    results_by ('A', the_draw (), 1, 0);
    const sent_t again = asked_for_operator (WIRE_FIND);
    results_by ('B', the_draw (), 1, 0);
    const sent_t others = asked_for_operator (WIRE_FIND);
    const wire_message_t page = winners_of (&first, "1\n");
    arrives (&first.envelope, &page);
    sent_nothing ();
    arrives (&again.envelope, &page);
    told_operator ('A', WIRE_WINNERS);
    arrives (&others.envelope, &page);
    told_operator ('B', WIRE_WINNERS);
}

static void so_many_questions_are_open (void **state)
{
    (void) state;
    make_draw ();
    for (uint64_t i = 0; i < OPERATOR_QUESTIONS_MAX; i++) {
        results_by ('A', the_draw (), 1, i);
        assert_int_equal (to_operators.count, 0);
    }
    results_by ('A', the_draw (), 1, OPERATOR_QUESTIONS_MAX);
    refused_operator ('A', REFUSED_BUSY);
    results_by ('A', the_draw (), 1, 0); // it is open already
    assert_int_equal (to_operators.count, 0);
}

/* Another state is heard: that is no answer to a question. */
static void a_state_that_is_superseded_ends (void **state)
{
    (void) state;
    look_up_by ('A', "first");
    const sent_t asked = asked_for_operator (WIRE_LOOKUP);
    book.epoch++;
    storage_serves_one (asked);
    stage_is (REGISTRAR_SUPERSEDED);
}

static void only_an_operator_asks (void **state)
{
    (void) state;
    uint8_t frame[WIRE_SMALL_BYTES_MAX];
    const wire_message_t messages[] = {
        {.command = WIRE_LOOKUP, .lookup.name = bytes_of ("first", 5)},
        {.command = WIRE_RESULTS, .agency = 1, .draw = the_draw ()}};
    for (size_t i = 0; i < COUNT (messages); i++) {
        forget ();
        registrar_operator (registrar, bytes_of ("W", 1), false, "",
                            bytes_of (frame, wire_encode (&messages[i], frame)));
        take_sent ();
        refused_operator ('W', REFUSED_KEY);
    }
}

/* A page for an agency goes past state. */
static void nobodys_winners_are_strays (void **state)
{
    (void) state;
    const sent_t nothing = {0};
    const wire_message_t page = winners_of (&nothing, "1\n");
    arrives_unasked (&page);
    sent_nothing ();
    assert_int_equal (registrar_strays (registrar), 1);
}

#define OPENED(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        OPENED (a_draw_is_looked_up_at_storage),
        OPENED (one_that_was_over_long_ago_is_brought_back),
        OPENED (a_page_of_winners_is_passed_on),
        OPENED (what_is_not_drawn_has_no_winners),
        OPENED (what_storage_says_is_wrong_is_told),
        OPENED (a_question_is_asked_again_and_then_given_up),
        OPENED (without_storage_it_is_given_up_as_well),
        OPENED (who_asks_the_same_again_is_answered_once),
        OPENED (so_many_questions_are_open),
        OPENED (a_state_that_is_superseded_ends),
        OPENED (only_an_operator_asks),
        OPENED (nobodys_winners_are_strays),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

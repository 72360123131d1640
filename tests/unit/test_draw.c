/* test_draw.c - the table in draw.h row by row, and every order of events that cannot
   have happened. */

#include "testing.h"

#include "bounds.h"
#include "draw.h"

#define AGENCIES     3
#define NUMBER       7574
#define IDENTITY     0xD1CE
#define DIGEST       0xD16E57
#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static draw_t *draw;

static int apply (wire_event_kind_t event, uint32_t agency, uint64_t count)
{
    const wire_event_t happened = {.kind = (uint8_t) event,
                                   .agency = agency,
                                   .count = count,
                                   .number = NUMBER,
                                   .agencies = AGENCIES,
                                   .digest = DIGEST};
    return draw_apply (draw, &happened);
}

static int setup (void **state)
{
    (void) state;
    draw = draw_new (IDENTITY);
    return apply (EVENT_OPENED, 0, 0);
}

static int teardown (void **state)
{
    (void) state;
    draw_destroy (&draw);
    assert_null (draw);
    draw_destroy (&draw);
    return 0;
}

static void seal_all (void)
{
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_int_equal (apply (EVENT_SEALED, agency, 10 * agency), 0);
}

/* The draw and the bets are those that apply () seals with. */
static draw_answer_t ready_answer (uint32_t agency, uint64_t count, wire_code_t *code)
{
    const wire_tally_t tally = {count, DIGEST, 0};
    return draw_ready (draw, agency, &tally, code);
}

static void assert_ready (uint32_t agency, uint64_t count, draw_answer_t answer,
                          wire_code_t refusal)
{
    wire_code_t code = REFUSED_BUSY;
    assert_int_equal (ready_answer (agency, count, &code), answer);
    assert_int_equal (code, refusal);
}

static void a_new_draw_is_not_open (void **state)
{
    (void) state;
    draw_t *fresh = draw_new (IDENTITY);
    wire_code_t code;
    assert_false (draw_opened (fresh));
    assert_false (draw_due (fresh));
    assert_false (draw_made (fresh));
    assert_false (draw_all_served (fresh));
    assert_false (draw_on_roll (fresh, 1));
    assert_int_equal (draw_ready (fresh, 1, 0, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_AGENCY);
    static const wire_event_kind_t events[] = {EVENT_SEALED, EVENT_DRAWN, EVENT_SERVED};
    for (size_t i = 0; i < 3; i++) {
        const wire_event_t event = {.kind = (uint8_t) events[i], .agency = 1};
        assert_int_equal (draw_apply (fresh, &event), -1);
    }
    draw_destroy (&fresh);
}

static void the_terms_are_put_once_and_within_bounds (void **state)
{
    (void) state;
    static const struct {
        uint32_t agencies;
        int result;
    } cases[] = {
        {0, -1}, {AGENCIES_MAX + 1, -1}, {UINT32_MAX, -1}, {1, 0}, {AGENCIES_MAX, 0}};
    for (size_t i = 0; i < COUNT (cases); i++) {
        draw_t *fresh = draw_new (IDENTITY);
        const wire_event_t opened = {
            .kind = EVENT_OPENED, .agencies = cases[i].agencies, .number = 99};
        assert_int_equal (draw_apply (fresh, &opened), cases[i].result);
        assert_true (draw_opened (fresh) == (cases[i].result == 0));
        if (draw_opened (fresh)) {
            assert_int_equal (draw_agencies (fresh), cases[i].agencies);
            assert_int_equal (draw_number (fresh), 99);
            assert_int_equal (draw_apply (fresh, &opened), -1);
        }
        draw_destroy (&fresh);
    }
}

static void the_roll_is_one_to_agencies (void **state)
{
    (void) state;
    static const struct {
        uint32_t agency;
        bool on;
    } cases[] = {{0, false}, {1, true},  {2, true},
                 {3, true},  {4, false}, {UINT32_MAX, false}};
    for (size_t i = 0; i < COUNT (cases); i++) {
        const uint32_t agency = cases[i].agency;
        assert_true (draw_on_roll (draw, agency) == cases[i].on);
        assert_false (draw_sealed (draw, agency));
        assert_false (draw_served (draw, agency));
        assert_int_equal (draw_count (draw, agency), 0);
        assert_int_equal (draw_day (draw, agency), DAY_OPEN);
    }
}

static void assert_strangers_refused (void)
{
    static const uint32_t strangers[] = {0, AGENCIES + 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++)
        assert_ready (strangers[i], 0, DRAW_REFUSE, REFUSED_AGENCY);
}

/* The rows of the table: an agency not on the roll, open, sealed, drawn. */
static void ready_is_answered_as_the_table_says (void **state)
{
    (void) state;
    assert_strangers_refused ();
    assert_ready (2, 0, DRAW_ASK_SEAL, REFUSED_OK);
    assert_ready (2, 20, DRAW_ASK_SEAL, REFUSED_OK);
    assert_int_equal (apply (EVENT_SEALED, 2, 20), 0);
    assert_ready (2, 20, DRAW_WAIT, REFUSED_OK);
    assert_ready (2, 19, DRAW_REFUSE, REFUSED_TALLY);
    assert_ready (2, 21, DRAW_REFUSE, REFUSED_TALLY);
    assert_ready (1, 20, DRAW_ASK_SEAL, REFUSED_OK);
    assert_int_equal (apply (EVENT_SEALED, 1, 10), 0);
    assert_int_equal (apply (EVENT_SEALED, 3, 30), 0);
    assert_ready (2, 20, DRAW_WAIT, REFUSED_OK); // due, and not made yet
    assert_strangers_refused ();
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
    assert_strangers_refused ();
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        for (int served = 0; served <= 1; served++) {
            assert_ready (agency, 10 * agency, DRAW_TELL, REFUSED_OK);
            assert_ready (agency, 0, DRAW_REFUSE, REFUSED_TALLY);
            if (!served)
                assert_int_equal (apply (EVENT_SERVED, agency, 0), 0);
        }
}

static void an_agency_is_sealed_once (void **state)
{
    (void) state;
    assert_int_equal (apply (EVENT_SEALED, 2, 20), 0);
    assert_true (draw_sealed (draw, 2));
    assert_int_equal (draw_count (draw, 2), 20);
    assert_int_equal (draw_agencies_ready (draw), 1);
    assert_int_equal (apply (EVENT_SEALED, 2, 20), -1);
    assert_int_equal (apply (EVENT_SEALED, 2, 21), -1);
    assert_int_equal (draw_count (draw, 2), 20);
    assert_int_equal (draw_agencies_ready (draw), 1);
    static const uint32_t strangers[] = {0, AGENCIES + 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal (apply (EVENT_SEALED, strangers[i], 5), -1);
    assert_int_equal (draw_day (draw, 2), DAY_SEALED);
    assert_int_equal (draw_day (draw, 1), DAY_OPEN);
}

static void it_is_drawn_once_when_all_are_sealed (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        assert_false (draw_due (draw));
        assert_int_equal (apply (EVENT_DRAWN, 0, 0), -1);
        assert_int_equal (apply (EVENT_SERVED, 1, 0), -1);
        assert_int_equal (apply (EVENT_SEALED, agency, 1), 0);
    }
    assert_true (draw_due (draw));
    assert_false (draw_made (draw));
    assert_int_equal (apply (EVENT_SERVED, 1, 0), -1);
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
    assert_true (draw_made (draw));
    assert_false (draw_due (draw));
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), -1);
    assert_int_equal (apply (EVENT_SEALED, 1, 1), -1);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_int_equal (draw_day (draw, agency), DAY_DRAWN);
}

static void each_agency_is_served_once (void **state)
{
    (void) state;
    seal_all ();
    assert_int_equal (apply (EVENT_DRAWN, 0, 0), 0);
    static const uint32_t order[] = {3, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        assert_false (draw_all_served (draw));
        assert_false (draw_served (draw, order[i]));
        assert_int_equal (apply (EVENT_SERVED, order[i], 0), 0);
        assert_true (draw_served (draw, order[i]));
        assert_int_equal (apply (EVENT_SERVED, order[i], 0), -1);
    }
    assert_true (draw_all_served (draw));
    assert_int_equal (apply (EVENT_SERVED, 0, 0), -1);
    assert_int_equal (apply (EVENT_SERVED, AGENCIES + 1, 0), -1);
}

static void unknown_events_did_not_happen (void **state)
{
    (void) state;
    seal_all ();
    for (int event = 0; event < 256; event++)
        if (event != EVENT_DRAWN)
            assert_int_equal (apply ((wire_event_kind_t) event, 1, 10), -1);
    assert_int_equal (draw_agencies_ready (draw), AGENCIES);
    assert_false (draw_made (draw));
}

/* Whatever is applied in whatever order: what was refused changed nothing, and what
   holds of a draw holds at every step. */
static void any_order_leaves_a_draw (void **state)
{
    (void) state;
    static const wire_event_kind_t events[] = {EVENT_OPENED, EVENT_SEALED, EVENT_SEALED,
                                               EVENT_DRAWN, EVENT_SERVED};
    uint64_t random = 23;
    int made = 0, finished = 0;
    for (int day = 0; day < 3000; day++) {
        teardown (NULL);
        setup (NULL);
        bool sealed[AGENCIES + 1] = {0}, served[AGENCIES + 1] = {0}, drawn = false;
        for (int step = 0; step < 60; step++) {
            const wire_event_kind_t event = events[random_below (&random, 5)];
            const uint32_t agency = (uint32_t) random_below (&random, AGENCIES + 2);
            const bool on = agency >= 1 && agency <= AGENCIES;
            const bool all = sealed[1] && sealed[2] && sealed[3];
            bool possible = false;
            if (event == EVENT_SEALED)
                possible = on && !sealed[agency];
            else if (event == EVENT_DRAWN)
                possible = all && !drawn;
            else if (event == EVENT_SERVED)
                possible = on && drawn && !served[agency];
            assert_int_equal (apply (event, agency, agency), possible ? 0 : -1);
            if (possible && event == EVENT_SEALED)
                sealed[agency] = true;
            else if (possible && event == EVENT_SERVED)
                served[agency] = true;
            drawn |= possible && event == EVENT_DRAWN;
            uint32_t ready = 0, done = 0;
            for (uint32_t i = 1; i <= AGENCIES; i++) {
                assert_true (draw_sealed (draw, i) == sealed[i]);
                assert_true (draw_served (draw, i) == served[i]);
                ready += sealed[i];
                done += served[i];
            }
            assert_int_equal (draw_agencies_ready (draw), ready);
            assert_true (draw_made (draw) == drawn);
            assert_true (draw_due (draw) == (ready == AGENCIES && !drawn));
            assert_true (draw_all_served (draw) == (done == AGENCIES));
        }
        made += drawn;
        finished += draw_all_served (draw);
    }
    assert_true (made > 100 && finished > 100);
}

/* READY with other bets, before and after the agency is sealed. */
static void bets_are_compared (void **state)
{
    (void) state;
    static const wire_tally_t other_bets = {10, DIGEST + 1, 0};
    wire_code_t code;
    assert_true (draw_identity (draw) == IDENTITY);
    assert_int_equal (apply (EVENT_SEALED, 1, 10), 0);
    assert_int_equal (draw_ready (draw, 1, &other_bets, &code), DRAW_REFUSE);
    assert_int_equal (code, REFUSED_CONFLICT);
    assert_int_equal (draw_ready (draw, 2, &other_bets, &code), DRAW_ASK_SEAL);
}

static void it_is_drawn_with_the_number_of_its_terms (void **state)
{
    (void) state;
    seal_all ();
    const wire_event_t drawn = {.kind = EVENT_DRAWN, .number = NUMBER + 1};
    assert_int_equal (draw_apply (draw, &drawn), -1);
    assert_true (draw_due (draw));
    assert_int_equal (draw_number (draw), NUMBER);
}

#define DRAW_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        DRAW_TEST (a_new_draw_is_not_open),
        DRAW_TEST (the_terms_are_put_once_and_within_bounds),
        DRAW_TEST (the_roll_is_one_to_agencies),
        DRAW_TEST (ready_is_answered_as_the_table_says),
        DRAW_TEST (an_agency_is_sealed_once),
        DRAW_TEST (it_is_drawn_once_when_all_are_sealed),
        DRAW_TEST (each_agency_is_served_once),
        DRAW_TEST (unknown_events_did_not_happen),
        DRAW_TEST (any_order_leaves_a_draw),
        DRAW_TEST (bets_are_compared),
        DRAW_TEST (it_is_drawn_with_the_number_of_its_terms),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_openings.c - the draws that state opens by itself: the one of its options, and
   those of the schedule. */

#include "state_day.h"

#include <unistd.h>

#define HOUR_MS 3600000

static wire_phase_t phase_of (const char *name)
{
    assert_non_null (draw_named (name));
    return draw_facts (draw_named (name))->phase;
}

/* ---- The one of its options ---- */

static void its_own_draw_may_be_in_the_archive (void **state)
{
    (void) state;
    const wire_event_t opened = order_opening (&terms), voided = {.kind = EVENT_VOIDED};
    kept_t *kept_draw = add_draw (99, &opened);
    assert_true (keep_event (kept_draw, &voided));
    kept_draw->archived = true;
    tick (0);
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
    assert_int_equal (book.count, 1);
    assert_int_equal (phase_of ("first"), PHASE_VOID);
    assert_false (registrar_wants (registrar));
    assert_int_equal (registrar_strays (registrar), 0);
}

static void the_archives_terms_are_compared_as_well (void **state)
{
    (void) state;
    const wire_event_t opened = order_opening (&terms);
    add_draw (99, &opened)->archived = true;
    terms.number++;
    start ();
    tick (0);
    storage_serves ();
    stage_is (REGISTRAR_OTHER_NUMBER);
}

static void its_own_draw_waits_for_room (void **state)
{
    (void) state;
    book.open_max = 0;
    tick (0);
    for (int i = 0; i < 3; i++) {
        storage_serves ();
        stage_is (REGISTRAR_STARTING);
        tick (ASK_AGAIN_MS);
    }
    book.open_max = 1;
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
    assert_int_equal (book.count, 1);
}

static void another_draw_is_opened_beside_those_of_the_log (void **state)
{
    (void) state;
    make_draw ();
    strcpy (terms.name, "second");
    terms.number = 1;
    start_and_open ();
    assert_int_equal (book.count, 2);
    assert_int_equal (phase_of ("first"), PHASE_DRAWN);
    assert_int_equal (phase_of ("second"), PHASE_OPEN);
    ask_hello (1);
    assert_true (asked_storage_for (WIRE_ADMIT, 1)->draw == identity_of ("second"));
}

/* The next time that the clock shows it, from when it is opened. */
static void its_own_draw_closes_at_an_hour (void **state)
{
    (void) state;
    closes = (terms_closes_t){.closing = TERMS_AT, .minute = 60};
    start ();
    reachable = false;
    tick (2 * HOUR_MS); // 02:00 already when storage is there
    reachable = true;
    tick (0);
    storage_serves ();
    assert_true (facts ()->closes_ms == WALL_MS + 25 * HOUR_MS);
}

static void start_again (void)
{
    start_and_open ();
    tick (1000);
    storage_serves ();
}

/* How it closes stays as it was opened, and that is said while it matters. */
static void a_draw_that_closes_otherwise_is_told (void **state)
{
    (void) state;
    static const char line[] =
        "action: estado | result: in_progress | draw: first | closes: all-asked";
    start_and_open ();
    assert_int_equal (logged (line, start_again), 0);
    closes.closing = TERMS_NEVER;
    assert_int_equal (logged (line, start_again), 1);
    assert_true (facts ()->closes_ms == CLOSES_ALL_ASKED);
    make_draw ();
    assert_int_equal (logged (line, start_again), 0);
}

/* ---- Those of the schedule ---- */

static schedule_t *plans;

static void plan (const char *text)
{
    static const schedule_defaults_t defaults = {
        .agencies = 5, .highest = HIGHEST, .number = {.source = TERMS_RANDOM}};
    char path[] = "/tmp/test_openings.XXXXXX", why[CONFIG_WHY_BYTES];
    const int file = mkstemp (path);
    assert_int_equal (write (file, text, strlen (text)), strlen (text));
    close (file);
    if (schedule_load (path, &defaults, &plans, why) == -1)
        fail_msg ("%s", why);
    unlink (path);
    schedule = plans;
    terms.name[0] = 0;
}

static const char daily[] = "draw\n"
                            "    noche\n"
                            "        days = \"daily\"\n"
                            "        opens = \"08:00\"\n"
                            "        closes = \"21:00\"\n"
                            "        number = \"entered\"\n"
                            "        agencies = 2\n"
                            "    tarde\n"
                            "        days = \"daily\"\n"
                            "        opens = \"12:00\"\n"
                            "        closes = \"15:00\"\n";

static int setup_planned (void **state)
{
    setenv ("TZ", "UTC", 1);
    setup (state);
    new_book ();
    plan (daily);
    own = OWN;
    start ();
    tick (0);
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
    forget ();
    return 0;
}

static int teardown_planned (void **state)
{
    teardown (state);
    schedule_destroy (&plans);
    schedule = NULL;
    return 0;
}

/* As long as it takes, a minute at the most at a time, as the loop would. */
static void pass (int64_t ms)
{
    while (ms > 0) {
        const int64_t left_ms = registrar_deadline (registrar) - now_ms;
        const int64_t step_ms = left_ms < 1 ? 1 : left_ms < ms ? left_ms : ms;
        assert_true (left_ms <= WALL_LOOK_MS);
        tick (step_ms);
        storage_serves ();
        ms -= step_ms;
    }
}

static void planned_draws_are_opened_at_their_hour (void **state)
{
    (void) state;
    pass (8 * HOUR_MS - 1);
    assert_int_equal (book.count, 0);
    pass (1);
    assert_int_equal (book.count, 1);
    const draw_facts_t *noche = draw_facts (draw_named ("2026-01-01-noche"));
    assert_int_equal (noche->agencies, 2);
    assert_int_equal (noche->source, SOURCE_ENTERED);
    assert_int_equal (noche->highest, HIGHEST);
    assert_true (noche->opened_ms == WALL_MS + 8 * HOUR_MS);
    assert_true (noche->closes_ms == WALL_MS + 21 * HOUR_MS);
    pass (4 * HOUR_MS);
    assert_int_equal (book.count, 2);
    const draw_facts_t *tarde = draw_facts (draw_named ("2026-01-01-tarde"));
    assert_int_equal (tarde->agencies, 5);
    assert_int_equal (tarde->source, SOURCE_RANDOM);
    pass (24 * HOUR_MS);
    assert_int_equal (book.count, 4);
    assert_int_equal (phase_of ("2026-01-02-noche"), PHASE_OPEN);
    assert_int_equal (registrar_strays (registrar), 0);
}

static void who_starts_later_opens_what_is_open_by_then (void **state)
{
    (void) state;
    static const struct {
        int hour;
        size_t draws;
    } cases[] = {{0, 0}, {7, 0}, {8, 1}, {11, 1}, {13, 2}, {15, 1}, {20, 1}, {21, 0}};
    for (size_t i = 0; i < COUNT (cases); i++) {
        new_book ();
        wall_ms = WALL_MS + (uint64_t) cases[i].hour * HOUR_MS;
        start_and_open ();
        assert_int_equal (book.count, cases[i].draws);
        start_and_open (); // and no second one of it
        tick (WALL_LOOK_MS);
        storage_serves ();
        assert_int_equal (book.count, cases[i].draws);
        assert_int_equal (registrar_strays (registrar), 0);
    }
}

/* It was closed, made and archived before its hour was over. */
static void what_was_over_early_is_not_opened_again (void **state)
{
    (void) state;
    draws_kept = 1;
    pass (8 * HOUR_MS);
    ordered (ORDER_VOID, "2026-01-01-noche", "");
    open_draw ("other", SOURCE_RANDOM, CLOSES_NEVER);
    ordered (ORDER_VOID, "other", "");
    book.draws[0].archived = true;
    start_and_open ();
    assert_null (draw_named ("2026-01-01-noche"));
    for (int i = 0; i < 3; i++) {
        tick (WALL_LOOK_MS);
        sent_nothing (); // storage has said that there is one
    }
    assert_int_equal (book.count, 2);
    pass (24 * HOUR_MS);
    assert_int_equal (phase_of ("2026-01-02-noche"), PHASE_OPEN);
}

static void an_opening_waits_for_room_until_its_hour_is_over (void **state)
{
    (void) state;
    book.open_max = 0;
    pass (9 * HOUR_MS);
    assert_int_equal (book.count, 0);
    assert_true (registrar_wants (registrar));
    book.open_max = 5;
    pass (ASK_AGAIN_MS);
    assert_int_equal (phase_of ("2026-01-01-noche"), PHASE_OPEN);
    book.full = true;
    pass (7 * HOUR_MS); // past the other one's hour
    book.full = false;
    pass (1000);
    assert_int_equal (book.count, 1);
    assert_false (registrar_wants (registrar));
}

/* Its answer was lost, and then its hour was over: it is found. */
static void an_opening_that_was_not_answered_is_looked_up (void **state)
{
    (void) state;
    pass (15 * HOUR_MS - 1000); // both are open
    assert_int_equal (book.count, 2);
    new_book ();
    start_and_open (); // with an empty log
    new_book ();
    start ();
    tick (0);
    storage_serves_one (kept (0)); // it is registered, and asks to open two
    reachable = false;
    for (size_t i = 0; i < to_storage.count; i++)
        if (to_storage.sent[i].message.command == WIRE_RECORD)
            storage_answers_in_vain (kept (i));
    assert_int_equal (book.count, 2);
    tick (2000); // the one's hour is over
    hour_comes (book_named (bytes_of ("2026-01-01-tarde", 16)));
    reachable = true;
    tick (10);
    storage_serves ();
    assert_int_equal (phase_of ("2026-01-01-tarde"), PHASE_DRAWN);
    assert_int_equal (phase_of ("2026-01-01-noche"), PHASE_OPEN);
    assert_int_equal (book.count, 2);
    assert_false (registrar_wants (registrar));
}

static void the_list_ends_with_what_is_planned (void **state)
{
    (void) state;
    const wire_message_t list = {.command = WIRE_LIST};
    pass (9 * HOUR_MS);
    order_by ('L', &list);
    assert_int_equal (to_operators.count, 3);
    static const struct {
        const char *name;
        wire_phase_t phase;
        int opens;
        uint8_t source;
    } rows[] = {{"2026-01-01-noche", PHASE_OPEN, 8, SOURCE_ENTERED},
                {"2026-01-02-noche", PHASE_PLANNED, 24 + 8, SOURCE_ENTERED},
                {"2026-01-01-tarde", PHASE_PLANNED, 12, SOURCE_RANDOM}};
    for (size_t i = 0; i < 3; i++) {
        const wire_draw_t *row = &to_operators.sent[i].message.listed;
        assert_int_equal (row->index, i);
        assert_int_equal (row->total, 3);
        assert_true (
            bytes_equal (row->name, bytes_of (rows[i].name, strlen (rows[i].name))));
        assert_int_equal (row->phase, rows[i].phase);
        assert_int_equal (row->source, rows[i].source);
        assert_true (row->opened_ms == WALL_MS + (uint64_t) rows[i].opens * HOUR_MS);
        assert_true ((to_operators.sent[i].message.draw == 0) == (i > 0));
    }
}

static void a_planned_draw_takes_no_orders_yet (void **state)
{
    (void) state;
    pass (9 * HOUR_MS);
    const wire_message_t order = order_of (ORDER_CLOSE, "2026-01-01-tarde", "");
    order_by ('A', &order);
    assert_string_equal (refused_operator ('A', REFUSED_DRAW),
                         "2026-01-01-tarde is planned, not open yet");
}

/* The clock on the wall is set, in both directions. */
static void a_clock_that_is_set_opens_nothing_twice (void **state)
{
    (void) state;
    pass (9 * HOUR_MS);
    assert_int_equal (book.count, 1);
    wall_ms -= 5 * HOUR_MS;
    pass (6 * HOUR_MS);
    assert_int_equal (book.count, 1);
    wall_ms += 48 * HOUR_MS;
    pass (WALL_LOOK_MS);
    assert_int_equal (phase_of ("2026-01-03-noche"), PHASE_OPEN);
    assert_int_equal (book.count, 2);
}

#define OPENED(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
#define CLOSED(name) cmocka_unit_test_setup_teardown (name, setup_closed, teardown)
#define PLANNED(name)                                                                  \
    cmocka_unit_test_setup_teardown (name, setup_planned, teardown_planned)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CLOSED (its_own_draw_may_be_in_the_archive),
        CLOSED (the_archives_terms_are_compared_as_well),
        CLOSED (its_own_draw_waits_for_room),
        OPENED (another_draw_is_opened_beside_those_of_the_log),
        CLOSED (its_own_draw_closes_at_an_hour),
        CLOSED (a_draw_that_closes_otherwise_is_told),
        PLANNED (a_planned_draw_takes_no_orders_yet),
        PLANNED (planned_draws_are_opened_at_their_hour),
        PLANNED (who_starts_later_opens_what_is_open_by_then),
        PLANNED (what_was_over_early_is_not_opened_again),
        PLANNED (an_opening_waits_for_room_until_its_hour_is_over),
        PLANNED (an_opening_that_was_not_answered_is_looked_up),
        PLANNED (the_list_ends_with_what_is_planned),
        PLANNED (a_clock_that_is_set_opens_nothing_twice),
    };
    setenv ("TZ", "UTC", 1);
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

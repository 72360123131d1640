/* test_follower.c - state follows a log of many draws: the list of them, each of their
   events, what storage does by itself; and chance. */

#include "state_day.h"

static wire_event_t opening (const char *name, uint8_t source, uint64_t closes_ms)
{
    return (wire_event_t){.kind = EVENT_OPENED,
                          .source = source,
                          .agencies = AGENCIES,
                          .highest = HIGHEST,
                          .closes_ms = closes_ms,
                          .text = bytes_of (name, strlen (name))};
}

static void keep (kept_t *kept, wire_event_kind_t kind, uint32_t agency)
{
    const wire_tally_t tally = tally_of (agency, 10 * agency);
    const wire_event_t event = {.kind = (uint8_t) kind,
                                .agency = agency,
                                .count = kind == EVENT_SEALED ? tally.count : 0,
                                .digest = kind == EVENT_SEALED ? tally.digest : 0,
                                .number = kind == EVENT_DRAWN ? 5 : 0};
    assert_true (keep_event (kept, &event));
}

/* So many draws, of all kinds and in every phase. */
static void fill_book (size_t draws)
{
    char name[DRAW_NAME_BYTES_MAX + 1];
    terms.name[0] = 0;
    for (size_t i = 0; i < draws; i++) {
        snprintf (name, sizeof name, "d%zu", i);
        const wire_event_t opened = opening (name, SOURCE_ENTERED, CLOSES_NEVER);
        kept_t *kept = add_draw (1000 + i, &opened);
        book.sequence += 3; // bets in between
        for (uint32_t agency = 1; agency <= i % (AGENCIES + 1); agency++)
            keep (kept, EVENT_SEALED, agency);
        if (i % 8 == 7)
            keep (kept, EVENT_VOIDED, 0);
        else if (i % 8 >= 5)
            keep (kept, EVENT_CLOSED, 0);
    }
    start ();
}

static void all_is_known (void)
{
    size_t finished = 0, kept_live = 0, archived = 0;
    stage_is (REGISTRAR_OPEN);
    for (size_t i = 0; i < book.count; i++) {
        const kept_t *kept = &book.draws[i];
        const live_t *live = live_of (kept->identity);
        const bool over = draw_finished (kept->judge);
        archived += kept->archived;
        finished += over && !kept->archived;
        if (kept->archived || (over && !live))
            continue; // forgotten
        assert_non_null (live);
        kept_live++;
        assert_true (live->applied == kept->count && live->events == kept->count);
        assert_true (live->seen == kept->sequences[kept->count - 1]);
        assert_int_equal (draw_facts (live->draw)->phase,
                          draw_facts (kept->judge)->phase);
        assert_int_equal (draw_facts (live->draw)->asked,
                          draw_facts (kept->judge)->asked);
        assert_string_equal (draw_facts (live->draw)->name, kept->name);
    }
    assert_int_equal (kept_live, draws_count (registrar_draws (registrar)));
    if (finished <= DRAWS_FINISHED_KEPT)
        assert_int_equal (kept_live, book.count - archived);
}

static void live_draws_are_listed_and_each_is_replayed (void **state)
{
    (void) state;
    static const size_t counts[] = {0, 1, 2, 63, 64, 65, 127, 128, 129, DRAWS_OPEN_MAX};
    for (size_t i = 0; i < COUNT (counts); i++) {
        setup_closed (NULL);
        fill_book (counts[i]);
        tick (0);
        storage_serves ();
        all_is_known ();
        assert_int_equal (to_brokers.count, 0);
        assert_false (registrar_wants (registrar));
        assert_int_equal (registrar_strays (registrar), 0);
        teardown (NULL);
    }
}

/* Each message of the start is lost in turn. */
static void whatever_is_lost_at_the_start_is_asked_for_again (void **state)
{
    (void) state;
    static wire_message_t answers[REPLAY_EVENTS];
    static mail_t asked;
    bool losing = true;
    for (size_t lost = 0; losing; lost++) {
        setup_closed (NULL);
        fill_book (70);
        size_t answered = 0;
        tick (0);
        for (int turns = 0; registrar_stage (registrar) == REGISTRAR_STARTING;
             turns++) {
            assert_true (turns < 1000);
            if (to_storage.count == 0)
                tick (ASK_AGAIN_MS);
            asked = to_storage;
            to_storage.count = 0;
            for (size_t i = 0; i < asked.count; i++) {
                look_again (&asked.sent[i]);
                const size_t count = storage_answers (&asked.sent[i], answers);
                for (size_t n = 0; n < count; n++)
                    if (answered++ != lost)
                        hear (&asked.sent[i].envelope, &answers[n]);
            }
        }
        losing = answered > lost;
        all_is_known ();
        teardown (NULL);
    }
}

/* Storage puts some away behind its back. */
static void a_list_that_has_become_shorter_is_whole (void **state)
{
    (void) state;
    static const size_t left[] = {0, 1, 63, 64, 65, 69};
    for (size_t i = 0; i < COUNT (left); i++) {
        setup_closed (NULL);
        fill_book (70);
        tick (0);
        const sent_t registration = kept (0);
        forget ();
        storage_serves_one (registration); // that there are 70
        for (size_t n = left[i]; n < 70; n++)
            book.draws[n].archived = true;
        for (int turns = 0; registrar_stage (registrar) == REGISTRAR_STARTING;
             turns++) {
            assert_true (turns < 10);
            storage_serves ();
            tick (ASK_AGAIN_MS);
        }
        all_is_known ();
        assert_int_equal (registrar_strays (registrar), 0);
        teardown (NULL);
    }
}

/* In whatever order they come: only those that can be taken are. */
static void what_comes_out_of_order_does_no_harm (void **state)
{
    (void) state;
    uint64_t random = 11;
    for (int round = 0; round < 30; round++) {
        setup_closed (NULL);
        fill_book (20);
        tick (0);
        for (int i = 0; i < 400; i++) {
            const kept_t *one = &book.draws[random_below (&random, book.count)];
            const wire_message_t event =
                event_of (one, random_below (&random, one->count));
            arrives_unasked (&event);
            if (i == 20) {
                tick (ASK_AGAIN_MS);
                storage_serves_one (kept (0)); // it is registered
            }
        }
        for (int turns = 0; registrar_stage (registrar) == REGISTRAR_STARTING;
             turns++) {
            assert_true (turns < 1000);
            tick (ASK_AGAIN_MS);
            storage_serves ();
        }
        all_is_known ();
        teardown (NULL);
    }
}

/* ---- Looked up ---- */

static kept_t *archive_one (const char *name)
{
    const wire_event_t opened = opening (name, SOURCE_ENTERED, CLOSES_ALL_ASKED);
    kept_t *kept = add_draw (77, &opened);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        keep (kept, EVENT_SEALED, agency);
    keep (kept, EVENT_DRAWN, 0);
    kept->archived = true;
    return kept;
}

static void a_draw_of_the_archive_is_looked_up (void **state)
{
    (void) state;
    archive_one ("old");
    ask_hello_to (2, "old");
    const wire_message_t *asked = asked_storage_for (WIRE_LOOKUP, 2);
    assert_true (asked->lookup.epoch == book.epoch);
    assert_true (bytes_equal (asked->lookup.name, bytes_of ("old", 3)));
    const sent_t lookup = kept (0);
    forget ();
    storage_serves_one (lookup);
    assert_int_equal (to_brokers.count, 0); // it waits, until all of it is known
    assert_int_equal (to_storage.count, 1);
    const sent_t replay = kept (0);
    assert_int_equal (replay.message.command, WIRE_REPLAY);
    ask_hello_to (3, "old"); // and so does this one
    sent_nothing ();
    ask_ready_in (77, 2);
    told_refused (REFUSED_BUSY, WIRE_READY);
    forget ();
    storage_serves_one (replay);
    assert_int_equal (to_brokers.count, 0);
    assert_int_equal (to_storage.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const sent_t *admit = &to_storage.sent[i];
        assert_int_equal (admit->message.command, WIRE_ADMIT);
        assert_int_equal (admit->message.welcome.day, DAY_DRAWN);
        assert_int_equal (admit->message.welcome.limits.window, 16);
        assert_int_equal (admit->envelope.client, 100 + admit->message.agency);
    }
    assert_false (registrar_wants (registrar));
    assert_int_equal (registrar_deadline (registrar), INT64_MAX);
    ask_ready_in (77, 2);
    assert_int_equal (asked_storage_for (WIRE_FIND, 2)->find.number, 5);
    assert_int_equal (registrar_strays (registrar), 0);
    ask_hello (1); // which is the one on sale, still
    assert_true (asked_storage_for (WIRE_ADMIT, 1)->draw == the_draw ());
}

static void who_is_not_on_the_roll_of_one_looked_up_is_refused (void **state)
{
    (void) state;
    archive_one ("old");
    ask_hello_to (AGENCIES + 1, "old");
    storage_serves ();
    assert_int_equal (to_brokers.count, 1);
    assert_int_equal (to_brokers.sent[0].message.refused.code, REFUSED_AGENCY);
    assert_int_equal (to_brokers.sent[0].message.refused.command, WIRE_HELLO);
    assert_int_equal (to_brokers.sent[0].message.agency, AGENCIES + 1);
}

/* Its answer is lost: who asked is told to come again. And who asks again meanwhile is
   answered once. */
static void nobody_waits_for_a_lookup_for_ever (void **state)
{
    (void) state;
    archive_one ("old");
    ask_hello_to (2, "old");
    ask_hello_to (2, "old");
    assert_int_equal (registrar_deadline (registrar), now_ms + HELLO_PATIENCE_MS);
    tick (HELLO_PATIENCE_MS - 1);
    assert_int_equal (to_brokers.count, 0);
    tick (1);
    assert_int_equal (told_refused (REFUSED_BUSY, WIRE_HELLO)->row, 0);
    tick (HELLO_PATIENCE_MS);
    sent_nothing ();
}

static void so_many_may_wait_for_a_lookup (void **state)
{
    (void) state;
    const wire_message_t hello = {
        .command = WIRE_HELLO, .agency = 1, .hello = {.name = bytes_of ("old", 3)}};
    for (uint64_t client = 0; client < HELLOS_MAX; client++) {
        ask_by (BOOT, client, &hello);
        assert_int_equal (to_brokers.count, 0);
    }
    ask_by (BOOT, HELLOS_MAX, &hello);
    assert_int_equal (to_brokers.count, 1);
    assert_int_equal (to_brokers.sent[0].message.refused.code, REFUSED_BUSY);
    forget ();
    archive_one ("old");
    tick (0);
    ask_by (BOOT, 0, &hello); // in the place of its first one
    assert_int_equal (to_brokers.count, 0);
    sent_t lookup = kept (0);
    forget ();
    storage_serves_one (lookup);
    storage_serves ();
    assert_int_equal (to_brokers.count, 0);
    assert_int_equal (registrar_deadline (registrar), INT64_MAX); // all are let in
}

static void a_draw_that_nobody_has_is_none (void **state)
{
    (void) state;
    open_draw ("second", SOURCE_RANDOM, CLOSES_NEVER);
    ask_hello_to (3, "third");
    const sent_t lookup = kept (0);
    forget ();
    storage_serves_one (lookup);
    const wire_refused_t *refused = told_refused (REFUSED_DRAW, WIRE_HELLO);
    assert_true (bytes_equal (refused->text, bytes_of ("on sale: first, second", 22)));
    assert_int_equal (to_brokers.sent[0].message.agency, 3);
    ask_hello (3); // and which of two is meant
    told_refused (REFUSED_DRAW, WIRE_HELLO);
    assert_int_equal (registrar_strays (registrar), 0);
}

static void a_lookup_that_cannot_be_sent_is_told_of (void **state)
{
    (void) state;
    bundle_t bundle = {0};
    ask_hello_to (2, "old");
    const sent_t lookup = kept (0);
    bundle_add (&bundle, &lookup.envelope,
                bytes_of (lookup.bytes, wire_size (&lookup.message)));
    forget ();
    registrar_storage_unavailable (registrar, bytes_of (bundle.data, bundle.size));
    bundle_clear (&bundle);
    take_sent ();
    told_refused (REFUSED_UNAVAILABLE, WIRE_HELLO);
    tick (HELLO_PATIENCE_MS);
    sent_nothing (); // it was told
}

static void what_was_over_long_ago_is_forgotten_and_found_again (void **state)
{
    (void) state;
    draws_kept = 2;
    start_and_open ();
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++) {
        open_draw (names[i], SOURCE_RANDOM, CLOSES_NEVER);
        ordered (ORDER_CLOSE, names[i], "");
        tick (DRAW_USED_MS);
    }
    assert_int_equal (draws_count (registrar_draws (registrar)), 3);
    assert_null (draw_named ("a"));
    ask_results_in (identity_of ("a"), 1, 0);
    told_refused (REFUSED_HELLO, WIRE_RESULTS);
    ask_hello_to (1, "a");
    asked_storage_for (WIRE_LOOKUP, 1);
    storage_serves ();
    tick (DRAW_USED_MS);
    assert_non_null (draw_named ("a"));
    assert_null (draw_named ("c")); // it makes room
    ask_results_in (identity_of ("a"), 1, 0);
    assert_true (asked_storage_for (WIRE_FIND, 1)->find.count == UINT64_MAX);
}

/* Storage keeps others than state does. */
static void what_storage_has_archived_state_forgets (void **state)
{
    (void) state;
    const uint64_t draw = open_draw ("second", SOURCE_RANDOM, CLOSES_NEVER);
    ordered (ORDER_VOID, "second", "");
    book.draws[1].archived = true;
    const wire_message_t replay = {.command = WIRE_REPLAY, .draw = draw};
    const wire_message_t gone = refusal (&replay, REFUSED_HELLO, 0, 0);
    arrives_unasked (&gone);
    assert_null (draw_named ("second"));
    stage_is (REGISTRAR_OPEN);
}

/* It is over, which state was not told: it is looked up by its name. */
static void what_storage_has_archived_too_early_is_looked_up (void **state)
{
    (void) state;
    const uint64_t draw = open_draw ("second", SOURCE_RANDOM, CLOSES_NEVER);
    const wire_message_t order = order_of (ORDER_CLOSE, "second", "");
    order_by ('A', &order);
    storage_answers_in_vain (kept (0));
    keep (&book.draws[1], EVENT_DRAWN, 0);
    book.draws[1].archived = true;
    const wire_message_t replay = {.command = WIRE_RECORD, .draw = draw};
    const wire_message_t gone = refusal (&replay, REFUSED_HELLO, 0, 0);
    arrives_unasked (&gone);
    assert_true (asked_for_itself (WIRE_LOOKUP)->draw == draw);
    tick (ASK_AGAIN_MS);
    storage_serves ();
    assert_int_equal (draw_facts (draw_named ("second"))->phase, PHASE_DRAWN);
    assert_int_equal (to_operators.count, 1);
    assert_int_equal (to_operators.sent[0].message.command, WIRE_ORDERED);
    assert_false (registrar_wants (registrar));
    stage_is (REGISTRAR_OPEN);
}

/* One that is known, and that storage has not even in the archive. */
static void a_draw_that_is_gone_is_of_another_log (void **state)
{
    (void) state;
    const wire_message_t replay = {.command = WIRE_REPLAY, .draw = the_draw ()};
    const wire_message_t gone = refusal (&replay, REFUSED_HELLO, 0, 0);
    arrives_unasked (&gone);
    const sent_t lookup = kept (0);
    assert_int_equal (lookup.message.command, WIRE_LOOKUP);
    const wire_message_t none = refusal (&lookup.message, REFUSED_DRAW, 0, 0);
    arrives_unasked (&none);
    stage_is (REGISTRAR_OTHER_LOG);
}

/* ---- The clock ---- */

static void storage_closes_a_draw_and_state_makes_it (void **state)
{
    (void) state;
    const uint64_t draw = open_draw ("nocturna", SOURCE_RANDOM, WALL_MS + 5000);
    ask_ready_in (draw, 1);
    storage_serves ();
    const wire_message_t closed = hour_comes (&book.draws[1]);
    arrives_unasked (&closed);
    assert_int_equal (draw_facts (draw_named ("nocturna"))->phase, PHASE_CLOSED);
    asked_to_record (EVENT_DRAWN);
    const sent_t drawn = kept (0);
    forget ();
    storage_serves_one (drawn);
    assert_int_equal (to_storage.sent[0].message.command, WIRE_FIND); // of who waits
    assert_int_equal (to_storage.sent[0].message.agency, 1);
}

static void at_its_hour_state_asks_whether_it_is_closed (void **state)
{
    (void) state;
    open_draw ("nocturna", SOURCE_ENTERED, WALL_MS + 5000);
    tick (10);
    sent_nothing ();
    assert_int_equal (registrar_deadline (registrar), now_ms + 4990);
    tick (4989);
    sent_nothing ();
    tick (1);
    for (int i = 0; i < 3; i++) { // its hour has come; storage's clock is behind
        const wire_message_t *asked = asked_for_itself (WIRE_REPLAY);
        assert_true (asked->draw == identity_of ("nocturna"));
        assert_int_equal (asked->replay.from, 0);
        storage_serves ();
        sent_nothing ();
        assert_int_equal (draw_facts (draw_named ("nocturna"))->phase, PHASE_OPEN);
        assert_int_equal (registrar_deadline (registrar), now_ms + ASK_NEWS_MS);
        tick (ASK_NEWS_MS - 1);
        sent_nothing ();
        tick (1);
    }
    hour_comes (&book.draws[1]); // and what it says is lost
    storage_serves ();
    assert_int_equal (draw_facts (draw_named ("nocturna"))->phase, PHASE_CLOSED);
    assert_false (registrar_wants (registrar));
    assert_int_equal (registrar_deadline (registrar), INT64_MAX);
}

/* The hour is far away, but the clock may be set. */
static void the_clock_is_looked_at_now_and_then (void **state)
{
    (void) state;
    open_draw ("nocturna", SOURCE_ENTERED, WALL_MS + 10 * 3600000);
    tick (0);
    assert_int_equal (registrar_deadline (registrar), now_ms + WALL_LOOK_MS);
    wall_ms += 11 * 3600000;
    tick (WALL_LOOK_MS);
    asked_for_itself (WIRE_REPLAY);
    wall_ms -= 11 * 3600000;
    tick (ASK_NEWS_MS);
    sent_nothing ();
}

/* Storage was away at the hour: it closed the draw when it came back, before state was
   there to be told. */
static void what_happened_while_storage_was_away_is_asked_for (void **state)
{
    (void) state;
    open_draw ("nocturna", SOURCE_RANDOM, WALL_MS + 3600000);
    ordered (ORDER_CLOSE, "first", "");
    reachable = false;
    tick (10);
    hour_comes (&book.draws[1]);
    reachable = true;
    tick (10);
    assert_int_equal (to_storage.count, 2); // of the one that is drawn nothing is asked
    assert_int_equal (to_storage.sent[0].message.command, WIRE_REGISTER);
    assert_int_equal (to_storage.sent[1].message.command, WIRE_REPLAY);
    storage_serves ();
    assert_int_equal (draw_facts (draw_named ("nocturna"))->phase, PHASE_DRAWN);
}

/* News that are no news tell nobody anything. */
static void what_is_told_again_is_not_passed_on (void **state)
{
    (void) state;
    seal (1);
    const wire_message_t sealed = event_at (1);
    arrives_unasked (&sealed);
    sent_nothing ();
}

/* ---- Several draws ---- */

static void draws_go_on_side_by_side (void **state)
{
    (void) state;
    const uint64_t noon = open_draw ("noon", SOURCE_RANDOM, CLOSES_ALL_ASKED),
                   night = open_draw ("night", SOURCE_ENTERED, CLOSES_NEVER);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_ready_in (night, agency);
        storage_serves ();
        assert_waiting (&to_brokers.sent[0].message, agency);
        assert_true (to_brokers.sent[0].message.draw == night);
        ask_results_in (noon, agency, 0);
        assert_waiting (told (WIRE_WAITING), 0);
        assert_true (to_brokers.sent[0].message.draw == noon);
    }
    for (uint32_t agency = 1; agency < AGENCIES; agency++) {
        ask_ready_in (noon, agency);
        storage_serves ();
    }
    ask_ready_in (noon, AGENCIES);
    storage_serves_one (kept (0)); // the last seal
    storage_serves_one (kept (1)); // the draw
    assert_int_equal (to_storage.count, 2 + AGENCIES);
    for (uint32_t i = 0; i < AGENCIES; i++)
        assert_true (to_storage.sent[2 + i].message.draw == noon);
    assert_true (draw_made (draw_named ("noon")));
    assert_false (draw_made (draw_named ("night")) || draw_made (draw ()));
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_done_in (noon, agency);
        storage_serves ();
        assert_int_equal (to_brokers.sent[0].message.command, WIRE_GOODBYE);
    }
    assert_false (registrar_done (registrar)); // the others are not over
    ordered (ORDER_VOID, "night", "");
    assert_false (registrar_done (registrar));
    make_draw ();
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_done (agency);
        storage_serves ();
    }
    assert_true (registrar_done (registrar));
}

static void when_all_were_excused_the_day_is_over_with_the_draw (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        wire_message_t order = order_of (ORDER_EXCUSE, "first", "it is flooded");
        order.agency = agency;
        assert_false (registrar_done (registrar));
        order_by ('A', &order);
        storage_serves ();
    }
    assert_true (draw_made (draw ()));
    assert_true (registrar_done (registrar));
}

/* A window is a share of what the agencies of all open draws may have under way, and an
   eighth of what is lent, 32 batches, while nobody else is there. */
static void windows_are_shared_by_all_open_draws (void **state)
{
    (void) state;
    const wire_message_t hello = {
        .command = WIRE_HELLO,
        .agency = 1,
        .hello = {.limits = {.window = WINDOW_MAX, .message_bytes_max = 65536},
                  .name = bytes_of ("first", 5)}};
    ask (1, &hello);
    assert_int_equal (to_storage.sent[0].message.welcome.limits.window, 202);
    open_draw ("second", SOURCE_RANDOM, CLOSES_NEVER);
    ask (1, &hello);
    assert_int_equal (to_storage.sent[0].message.welcome.limits.window, 117);
    ordered (ORDER_CLOSE, "second", "");
    ask (1, &hello);
    assert_int_equal (to_storage.sent[0].message.welcome.limits.window, 202);
}

/* ---- Chance ---- */

static uint64_t script[8];
static size_t script_at;

static uint64_t scripted (void *context)
{
    (void) context;
    return script[script_at++];
}

static void numbers_by_chance_have_no_favourites (void **state)
{
    (void) state;
    const chance_t chance = {.draw = scripted};
    static const struct {
        uint32_t highest;
        uint64_t values[2];
        size_t taken;
        uint32_t number;
    } cases[] = {
        {9999, {0}, 1, 0},
        {9999, {12345}, 1, 2345},
        {9999, {18446744073709549999ull}, 1, 9999}, // the last that is taken
        {9999, {18446744073709550000ull, 17}, 2, 17},
        {9999, {UINT64_MAX, 9999}, 2, 9999},
        {0, {UINT64_MAX}, 1, 0},
        {1, {UINT64_MAX}, 1, 1},
        {255, {UINT64_MAX}, 1, 255},
        {UINT32_MAX, {UINT64_MAX}, 1, UINT32_MAX},
        {2, {UINT64_MAX, 4}, 2, 1}, // 2^64 - 1 is a multiple of 3
        {2, {UINT64_MAX - 1}, 1, 2},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        memcpy (script, cases[i].values, sizeof cases[i].values);
        script_at = 0;
        assert_int_equal (follower_chance (&chance, cases[i].highest), cases[i].number);
        assert_int_equal (script_at, cases[i].taken);
    }
}

static uint64_t from_seed (void *context)
{
    uint64_t *random = context, value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | random_below (random, 256);
    return value;
}

static void numbers_by_chance_are_equally_likely (void **state)
{
    (void) state;
    uint64_t random = 29;
    const chance_t chance = {.draw = from_seed, .context = &random};
    static size_t drawn[10];
    for (int i = 0; i < 100000; i++)
        drawn[follower_chance (&chance, 9)]++;
    for (size_t i = 0; i < 10; i++)
        assert_in_range (drawn[i], 9500, 10500);
}

#define OPENED(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
#define CLOSED(name) cmocka_unit_test_setup_teardown (name, setup_closed, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CLOSED (live_draws_are_listed_and_each_is_replayed),
        CLOSED (whatever_is_lost_at_the_start_is_asked_for_again),
        CLOSED (a_list_that_has_become_shorter_is_whole),
        CLOSED (what_comes_out_of_order_does_no_harm),
        OPENED (a_draw_of_the_archive_is_looked_up),
        OPENED (who_is_not_on_the_roll_of_one_looked_up_is_refused),
        OPENED (nobody_waits_for_a_lookup_for_ever),
        OPENED (so_many_may_wait_for_a_lookup),
        OPENED (a_draw_that_nobody_has_is_none),
        OPENED (a_lookup_that_cannot_be_sent_is_told_of),
        OPENED (what_was_over_long_ago_is_forgotten_and_found_again),
        OPENED (what_storage_has_archived_state_forgets),
        OPENED (what_storage_has_archived_too_early_is_looked_up),
        OPENED (a_draw_that_is_gone_is_of_another_log),
        OPENED (storage_closes_a_draw_and_state_makes_it),
        OPENED (at_its_hour_state_asks_whether_it_is_closed),
        OPENED (the_clock_is_looked_at_now_and_then),
        OPENED (what_happened_while_storage_was_away_is_asked_for),
        OPENED (what_is_told_again_is_not_passed_on),
        OPENED (draws_go_on_side_by_side),
        OPENED (when_all_were_excused_the_day_is_over_with_the_draw),
        OPENED (windows_are_shared_by_all_open_draws),
        cmocka_unit_test (numbers_by_chance_have_no_favourites),
        cmocka_unit_test (numbers_by_chance_are_equally_likely),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

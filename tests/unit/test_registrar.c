/* test_registrar.c - state's conversations: with agencies by way of workers and
   brokers, and with a storage that records events, loses messages and is restarted. */

#include "state_day.h"

static uint64_t random_state;

/* ---- Starting ---- */

static void registration_is_asked_for_until_it_is_answered (void **state)
{
    (void) state;
    for (int i = 0; i < 3; i++) {
        tick (i == 0 ? 0 : ASK_AGAIN_MS);
        assert_true (asked_for_itself (WIRE_REGISTER)->state == life_after (0, OWN));
        assert_int_equal (registrar_deadline (registrar), now_ms + ASK_AGAIN_MS);
        tick (ASK_AGAIN_MS - 1);
        sent_nothing ();
        now_ms++;
    }
    stage_is (REGISTRAR_STARTING);
    assert_null (draw ());
    assert_true (registrar_epoch (registrar) == 0);
}

static void nothing_is_asked_of_a_storage_that_is_away (void **state)
{
    (void) state;
    reachable = false;
    for (int i = 0; i < 3; i++) {
        tick (10 * ASK_AGAIN_MS);
        sent_nothing ();
        assert_true (registrar_wants (registrar));
        assert_true (registrar_deadline (registrar) == INT64_MAX);
    }
    reachable = true;
    for (int i = 0; i < 3; i++) { // at once when it is back, what was asked may be lost
        tick (1);
        asked_for_itself (WIRE_REGISTER);
        reachable = false;
        tick (1);
        sent_nothing ();
        reachable = true;
    }
}

static const bytes_t the_name = {(const uint8_t *) "first", 5};

static void a_new_draw_is_opened_with_the_terms (void **state)
{
    (void) state;
    uint64_t identity = 0;
    tick (0);
    const wire_message_t registered = {
        .command = WIRE_REGISTERED,
        .registered = {.epoch = 9, .identity = LOG_IDENTITY}};
    arrives (&to_storage.sent[0].envelope, &registered);
    book.epoch = 9;
    for (int i = 0; i < 2; i++) {
        const wire_message_t *message = asked_for_itself (WIRE_RECORD);
        const wire_record_t *record = &message->record;
        assert_true (record->epoch == 9 && message->draw != 0 && record->seen == 0);
        assert_true (i == 0 || message->draw == identity); // the same draw
        identity = message->draw;
        assert_int_equal (record->event.kind, EVENT_OPENED);
        assert_int_equal (record->event.agencies, AGENCIES);
        assert_int_equal (record->event.source, SOURCE_FIXED);
        assert_int_equal (record->event.number, NUMBER);
        assert_int_equal (record->event.highest, HIGHEST);
        assert_true (record->event.closes_ms == CLOSES_ALL_ASKED);
        assert_true (bytes_equal (record->event.text, the_name));
        assert_int_equal (record->event.agency, 0);
        stage_is (REGISTRAR_STARTING);
        tick (ASK_AGAIN_MS);
    }
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
    assert_int_equal (book.count, 1);
    assert_true (the_draw () == identity && facts ()->identity == identity);
    assert_int_equal (facts ()->phase, PHASE_OPEN);
    assert_false (registrar_wants (registrar));
}

static void without_a_name_no_draw_is_opened (void **state)
{
    (void) state;
    terms.name[0] = 0;
    start_and_open ();
    assert_int_equal (book.count, 0);
    assert_false (registrar_wants (registrar));
    ask_hello (1);
    const wire_refused_t *refused = told_refused (REFUSED_DRAW, WIRE_HELLO);
    assert_true (bytes_equal (refused->text, bytes_of ("no draw is on sale", 18)));
}

static void a_second_registration_changes_nothing (void **state)
{
    (void) state;
    tick (0);
    const sent_t first = kept (0);
    tick (ASK_AGAIN_MS);
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
    wire_message_t answers[REPLAY_EVENTS];
    assert_int_equal (storage_answers (&first, answers), 1);
    seal (1);
    arrives (&first.envelope, &answers[0]);
    sent_nothing ();
    assert_true (draw_asked (draw (), 1));
    assert_int_equal (registrar_strays (registrar), 0);
}

static void registrations_that_cannot_be_are_strays (void **state)
{
    (void) state;
    static const wire_registered_t wrong[] = {{0, LOG_IDENTITY, 0},
                                              {5, 0, 0},
                                              {5, LOG_IDENTITY, DRAWS_LIVE_MAX + 1},
                                              {5, LOG_IDENTITY, UINT32_MAX}};
    tick (0);
    for (size_t i = 0; i < COUNT (wrong); i++) {
        const wire_message_t message = {.command = WIRE_REGISTERED,
                                        .registered = wrong[i]};
        arrives_unasked (&message);
        assert_int_equal (registrar_strays (registrar), i + 1);
        assert_true (registrar_epoch (registrar) == 0);
    }
}

static void who_asks_before_all_is_replayed_is_told_to_come_again (void **state)
{
    (void) state;
    for (int step = 0; step < 2; step++) {
        ask_hello (1);
        told_refused (REFUSED_UNAVAILABLE, WIRE_HELLO);
        ask_ready (1);
        told_refused (REFUSED_UNAVAILABLE, WIRE_READY);
        ask_results (1, 0);
        told_refused (REFUSED_UNAVAILABLE, WIRE_RESULTS);
        ask_done (1);
        told_refused (REFUSED_UNAVAILABLE, WIRE_DONE);
        tick (0);
        if (step == 0) { // registered, and the draw not opened
            wire_message_t answers[REPLAY_EVENTS];
            const sent_t asked = kept (0);
            storage_answers (&asked, answers);
            arrives (&asked.envelope, &answers[0]);
        }
    }
}

/* So many agencies that their events take several pages. */
#define MANY 100

static void fill_book (uint32_t sealed, bool drawn, uint32_t served)
{
    wire_event_t event = {.kind = EVENT_OPENED,
                          .source = SOURCE_FIXED,
                          .agencies = MANY,
                          .number = NUMBER,
                          .highest = HIGHEST,
                          .text = the_name};
    add_draw (0xD1CE, &event);
    for (uint32_t agency = 1; agency <= sealed; agency++) {
        const wire_tally_t tally = tally_of (agency, 10 * agency);
        event = (wire_event_t){.kind = EVENT_SEALED,
                               .agency = agency,
                               .count = tally.count,
                               .digest = tally.digest};
        book.sequence += 7; // bets in between
        add_event (&event);
    }
    event = (wire_event_t){.kind = EVENT_DRAWN, .number = NUMBER};
    if (drawn)
        add_event (&event);
    for (uint32_t agency = 1; agency <= served; agency++) {
        event = (wire_event_t){.kind = EVENT_SERVED, .agency = agency};
        add_event (&event);
    }
    terms.agencies = MANY;
    start ();
}

static void assert_replayed (uint32_t sealed, bool drawn, uint32_t served)
{
    stage_is (REGISTRAR_OPEN);
    for (uint32_t agency = 1; agency <= MANY; agency++) {
        assert_true (draw_asked (draw (), agency) == (agency <= sealed));
        assert_true (draw_served (draw (), agency) == (agency <= served));
        assert_true (draw_count (draw (), agency) ==
                     (agency <= sealed ? 10 * agency : UINT64_MAX));
    }
    assert_true (draw_made (draw ()) == drawn);
    assert_false (registrar_done (registrar));
}

static void events_are_replayed_page_by_page (void **state)
{
    (void) state;
    static const struct {
        uint32_t sealed;
        bool drawn;
        uint32_t served;
    } cases[] = {{0, false, 0},   {1, false, 0},    {62, false, 0},
                 {63, false, 0},  {64, false, 0},   {99, false, 0},
                 {MANY, true, 0}, {MANY, true, 27}, {MANY, true, 99}};
    for (size_t i = 0; i < COUNT (cases); i++) {
        setup_closed (NULL);
        fill_book (cases[i].sealed, cases[i].drawn, cases[i].served);
        const uint64_t events = the_kept ()->count;
        tick (0);
        storage_serves ();
        assert_replayed (cases[i].sealed, cases[i].drawn, cases[i].served);
        assert_int_equal (to_brokers.count, 0);        // nobody asked, nobody is told
        assert_int_equal (the_kept ()->count, events); // and nothing is recorded again
        teardown (NULL);
    }
}

/* Each message of the replay is lost in turn, or all of a page. */
static void a_replay_of_which_something_was_lost_is_not_whole (void **state)
{
    (void) state;
    static wire_message_t answers[REPLAY_EVENTS];
    for (uint64_t lost = 0; lost <= 130; lost++) {
        setup_closed (NULL);
        fill_book (MANY, true, 28);
        assert_int_equal (the_kept ()->count, 130);
        bool losing = true;
        tick (0);
        for (int turns = 0; registrar_stage (registrar) == REGISTRAR_STARTING;
             turns++) {
            assert_true (turns < 1000);
            if (to_storage.count == 0)
                tick (ASK_AGAIN_MS);
            const sent_t asked = kept (0);
            asked_storage (registrar_epoch (registrar) ? WIRE_REPLAY : WIRE_REGISTER);
            const size_t count = storage_answers (&asked, answers);
            for (size_t i = 0; i < count; i++) {
                const bool page = lost == 130 && asked.message.command == WIRE_REPLAY;
                const bool this_one = answers[i].command == WIRE_EVENT &&
                                      answers[i].recorded.ordinal == lost;
                const bool lose = losing && (page || this_one);
                losing = losing && !this_one && !(page && i + 1 == count);
                if (!lose)
                    arrives (&asked.envelope, &answers[i]);
                else
                    forget ();
            }
        }
        assert_replayed (MANY, true, 28);
        assert_false (losing);
        teardown (NULL);
    }
}

static void events_that_come_twice_or_early_are_taken_once (void **state)
{
    (void) state;
    const envelope_t nobodys = {0};
    fill_book (MANY, true, 28);
    tick (0);
    wire_message_t answers[REPLAY_EVENTS];
    const sent_t asked = kept (0);
    storage_answers (&asked, answers);
    arrives (&asked.envelope, &answers[0]);
    for (uint64_t i = 0; i < the_kept ()->count; i++) {
        const wire_message_t event = event_at (i), before = event_at (i / 2),
                             later = event_at (i + 1 < the_kept ()->count ? i + 1 : i);
        if (i + 1 < the_kept ()->count)
            arrives (&nobodys, &later);
        arrives (&nobodys, &before);
        arrives (&nobodys, &event);
    }
    assert_replayed (MANY, true, 28);
    assert_int_equal (registrar_strays (registrar), 0);
}

static void other_terms_than_the_draws_end_it (void **state)
{
    (void) state;
    static const struct {
        uint32_t agencies, number;
        uint8_t source;
        registrar_stage_t stage;
    } cases[] = {{MANY - 1, NUMBER, SOURCE_FIXED, REGISTRAR_OTHER_AGENCIES},
                 {MANY + 1, NUMBER, SOURCE_FIXED, REGISTRAR_OTHER_AGENCIES},
                 {MANY, NUMBER + 1, SOURCE_FIXED, REGISTRAR_OTHER_NUMBER},
                 {MANY, 0, SOURCE_RANDOM, REGISTRAR_OTHER_SOURCE},
                 {MANY, 0, SOURCE_ENTERED, REGISTRAR_OTHER_SOURCE},
                 {MANY, NUMBER, SOURCE_FIXED, REGISTRAR_OPEN}};
    for (size_t i = 0; i < COUNT (cases); i++) {
        setup_closed (NULL);
        fill_book (MANY, true, 27);
        terms.agencies = cases[i].agencies;
        terms.number = cases[i].number;
        terms.source = cases[i].source;
        closes.closing = TERMS_NEVER; // which is not compared
        start ();
        tick (0);
        storage_serves ();
        stage_is (cases[i].stage);
        tick (ASK_AGAIN_MS);
        sent_nothing ();
        teardown (NULL);
    }
}

static void what_cannot_have_happened_ends_it (void **state)
{
    (void) state;
    static const wire_event_t wrong[] = {{.kind = EVENT_OPENED,
                                          .source = SOURCE_FIXED,
                                          .agencies = AGENCIES,
                                          .number = NUMBER,
                                          .highest = HIGHEST,
                                          .text = {(const uint8_t *) "first", 5}},
                                         {.kind = EVENT_SEALED, .agency = AGENCIES + 1},
                                         {.kind = EVENT_SEALED, .agency = 1},
                                         {.kind = EVENT_EXCUSED, .agency = 1},
                                         {.kind = EVENT_DRAWN, .number = NUMBER},
                                         {.kind = EVENT_SERVED, .agency = 1}};
    const envelope_t nobodys = {0};
    for (size_t i = 0; i < COUNT (wrong); i++) {
        teardown (NULL);
        setup (NULL);
        seal (1);
        const wire_message_t event = {
            .command = WIRE_EVENT,
            .draw = the_draw (),
            .recorded = {99, the_kept ()->count, the_kept ()->count + 1, wrong[i]}};
        arrives (&nobodys, &event);
        stage_is (REGISTRAR_IMPOSSIBLE);
        ask_hello (1);
        told_refused (REFUSED_UNAVAILABLE, WIRE_HELLO);
    }
}

/* ---- HELLO ---- */

static void hello_is_vouched_for (void **state)
{
    (void) state;
    ask_hello (2);
    const wire_message_t *asked = asked_storage_for (WIRE_ADMIT, 2);
    const wire_welcome_t *admit = &asked->welcome;
    assert_int_equal (admit->limits.window, 16);
    assert_int_equal (admit->limits.message_bytes_max, 8192);
    assert_int_equal (admit->limits.rows_max, 500);
    assert_int_equal (admit->limits.bundle_bytes, 65536);
    assert_int_equal (admit->agencies, AGENCIES);
    assert_int_equal (admit->ready, 0);
    assert_int_equal (admit->highest, HIGHEST);
    assert_true (admit->closes_ms == CLOSES_ALL_ASKED);
    assert_int_equal (admit->day, DAY_OPEN);
    assert_true (bytes_equal (admit->name, the_name));
    assert_true (admit->epoch == book.epoch && asked->draw == the_draw ());
}

static void hello_is_told_how_far_the_day_is (void **state)
{
    (void) state;
    seal (1);
    ask_hello (1);
    assert_int_equal (asked_storage_for (WIRE_ADMIT, 1)->welcome.day, DAY_SEALED);
    assert_int_equal (to_storage.sent[0].message.welcome.ready, 1);
    ask_hello (2);
    assert_int_equal (asked_storage_for (WIRE_ADMIT, 2)->welcome.day, DAY_OPEN);
    seal (2);
    seal (3);
    ask_hello (2);
    assert_int_equal (asked_storage_for (WIRE_ADMIT, 2)->welcome.day, DAY_DRAWN);
    assert_int_equal (to_storage.sent[0].message.welcome.ready, AGENCIES);
}

static void windows_are_narrowed_for_a_crowd (void **state)
{
    (void) state;
    static const struct {
        uint32_t asked, message_bytes, granted;
    } cases[] = {
        {16, 8192, 16},
        {WINDOW_MAX, 8192, WINDOW_MAX},
        {WINDOW_MAX, MESSAGE_BYTES_MAX, 12}, // of 32 MiB, a third; and of 16 an eighth
        {4, MESSAGE_BYTES_MAX, 4},
        {0, 0, 12}, // no limits of one's own: the widest of both
        {1, UINT32_MAX, 1},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        const wire_message_t hello = {
            .command = WIRE_HELLO,
            .agency = 1,
            .hello = {.limits = {.window = cases[i].asked,
                                 .message_bytes_max = cases[i].message_bytes,
                                 .rows_max = 500}}};
        ask (1, &hello);
        assert_int_equal (asked_storage_for (WIRE_ADMIT, 1)->welcome.limits.window,
                          cases[i].granted);
    }
}

/* What a broker queues is shared by all: the more they are, the less each may have
   under way; but one batch always. */
static void windows_of_a_crowd_fit_together (void **state)
{
    (void) state;
    static const struct {
        uint32_t agencies, window, message_bytes;
    } cases[] = {
        {1, 16, 8192},
        {5, 256, 65536},
        {1000, 16, 8192},
        {1000, 2, 8192},
        {1000, 0, 8192},
        {1000, 16, 1024},
        {200, 64, 65536},
        {AGENCIES_MAX, 16, 8192},
        {AGENCIES_MAX, 0, 0},
        {100, 256, 100000},
        {5, 0, 0},
        {5, UINT32_MAX, UINT32_MAX},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        new_book ();
        terms.agencies = cases[i].agencies;
        start_and_open ();
        const wire_message_t hello = {
            .command = WIRE_HELLO,
            .agency = 1,
            .hello = {.limits = {.window = cases[i].window,
                                 .message_bytes_max = cases[i].message_bytes,
                                 .rows_max = 500}}};
        ask (1, &hello);
        const wire_limits_t *given = &asked_storage_for (WIRE_ADMIT, 1)->welcome.limits;
        const uint64_t bytes =
            cases[i].message_bytes ? cases[i].message_bytes : MESSAGE_BYTES_MAX;
        const uint32_t asked = cases[i].window ? cases[i].window : WINDOW_MAX;
        assert_true (given->window >= 1 && given->window <= asked);
        assert_int_equal (given->message_bytes_max, cases[i].message_bytes);
        assert_int_equal (given->rows_max, 500);
        // shares fit together, unless each has but one; and nothing is held back
        const uint64_t all = UNDER_WAY_BYTES_MAX / bytes / cases[i].agencies;
        const uint64_t share = all > 0 ? all : 1;
        const uint64_t may = share + LENT_BYTES_MAX / LENT_PART / bytes;
        assert_int_equal (given->window, asked <= may ? asked : may);
    }
}

static uint32_t granted (uint32_t agency, uint32_t window, uint32_t message_bytes)
{
    const wire_message_t hello = {
        .command = WIRE_HELLO,
        .agency = agency,
        .hello = {.limits = {.window = window,
                             .message_bytes_max = message_bytes,
                             .rows_max = 500}}};
    ask (agency, &hello);
    return asked_storage_for (WIRE_ADMIT, agency)->welcome.limits.window;
}

/* Of many on the rolls a few are there: their windows are as wide as they like; and if
   all come, what they have together fits still, and nobody has less than his share. */
static void of_a_crowd_who_is_there_has_more (void **state)
{
    (void) state;
    enum { CROWD = 2000, WINDOW = 16, BYTES = 8192 };
    new_book ();
    terms.agencies = CROWD;
    start_and_open ();
    const uint32_t share = UNDER_WAY_BYTES_MAX / (CROWD * BYTES);
    uint64_t all = 0;
    assert_true (share < WINDOW);
    for (uint32_t agency = 1; agency <= CROWD; agency++) {
        const uint32_t window = granted (agency, WINDOW, BYTES);
        assert_int_equal (granted (agency, WINDOW, BYTES), window); // says it again
        assert_true (window >= share && (window == WINDOW || agency > 100));
        all += (uint64_t) window * BYTES;
    }
    assert_true (all <= UNDER_WAY_BYTES_MAX + LENT_BYTES_MAX);
    assert_int_equal (granted (CROWD, WINDOW, BYTES), share);
    // who closes his sale gives it back
    for (uint32_t agency = 1; agency <= 100; agency++)
        ask_ready (agency);
    assert_int_equal (granted (CROWD, WINDOW, BYTES), WINDOW);
}

static void who_is_not_on_the_roll_is_refused (void **state)
{
    (void) state;
    static const uint32_t strangers[] = {0, AGENCIES + 1, AGENCIES_MAX, UINT32_MAX};
    for (int drawn = 0; drawn <= 1; drawn++) {
        for (size_t i = 0; i < COUNT (strangers); i++) {
            ask_hello (strangers[i]);
            told_refused (REFUSED_AGENCY, WIRE_HELLO);
            assert_int_equal (to_brokers.sent[0].message.agency, strangers[i]);
            ask_ready (strangers[i]);
            told_refused (REFUSED_AGENCY, WIRE_READY);
            ask_results (strangers[i], 0);
            told_refused (REFUSED_AGENCY, WIRE_RESULTS);
            ask_done (strangers[i]);
            told_refused (REFUSED_AGENCY, WIRE_DONE);
        }
        if (!drawn)
            make_draw ();
    }
    assert_int_equal (events_of (EVENT_SERVED), 0);
}

/* ---- READY and the draw ---- */

static void a_seal_counts_once_it_is_recorded (void **state)
{
    (void) state;
    ask_ready (2);
    const wire_message_t *asked = asked_storage_for (WIRE_RECORD, 2);
    const wire_record_t *record = &asked->record;
    assert_true (record->epoch == book.epoch && asked->draw == the_draw ());
    assert_true (record->seen == the_kept ()->sequences[0]);
    assert_int_equal (record->event.kind, EVENT_SEALED);
    assert_int_equal (record->event.agency, 2);
    assert_int_equal (record->event.count, 20);
    assert_int_equal (record->event.digest, tally_of (2, 20).digest);
    assert_false (draw_asked (draw (), 2));
    storage_serves ();
    assert_waiting (told (WIRE_WAITING), 1);
    assert_true (draw_asked (draw (), 2));
    assert_int_equal (draw_count (draw (), 2), 20);

    ask_ready (2); // renewed: storage is not asked again
    assert_waiting (told (WIRE_WAITING), 1);
    static const uint64_t others[] = {0, 19, 21, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        const wire_message_t ready = {.command = WIRE_READY,
                                      .agency = 2,
                                      .draw = the_draw (),
                                      .tally = tally_of (2, others[i])};
        ask (2, &ready);
        const wire_refused_t *refused = told_refused (REFUSED_TALLY, WIRE_READY);
        assert_int_equal (refused->expected, 20);
        assert_true (refused->offset == others[i]); // which READY is meant
    }
    wire_message_t ready = ready_of (2);
    ready.tally.digest ^= 1;
    ask (2, &ready);
    told_refused (REFUSED_CONFLICT, WIRE_READY);
    assert_int_equal (events_of (EVENT_SEALED), 1);
}

/* The agency asked as often before the first answer came: each is answered. */
static void a_seal_asked_for_twice_is_told_twice_and_counts_once (void **state)
{
    (void) state;
    sent_t asked[3];
    for (uint32_t i = 0; i < 3; i++) {
        ask_ready (1);
        asked[i] = kept (0);
    }
    for (uint32_t i = 0; i < 3; i++) {
        wire_message_t answers[REPLAY_EVENTS];
        wire_decode (bytes_of (asked[i].bytes, wire_size (&asked[i].message)),
                     &asked[i].message);
        assert_int_equal (storage_answers (&asked[i], answers), 1);
        arrives (&asked[i].envelope, &answers[0]);
        assert_int_equal (to_brokers.count, 1);
        assert_waiting (&to_brokers.sent[0].message, 1);
        assert_int_equal (to_brokers.sent[0].envelope.ticket, i + 1);
    }
    assert_int_equal (facts ()->asked, 1);
    assert_int_equal (events_of (EVENT_SEALED), 1);
}

/* What an agency has cancelled is part of what it says it has. */
static void cancelled_bets_are_compared (void **state)
{
    (void) state;
    wire_message_t ready = ready_of (1);
    ready.tally.cancelled = 2;
    ask (1, &ready);
    assert_int_equal (asked_storage_for (WIRE_RECORD, 1)->record.event.cancelled, 2);
    storage_serves ();
    told (WIRE_WAITING);
    ask (1, &ready);
    told (WIRE_WAITING);
    ready.tally.cancelled = 1;
    ask (1, &ready);
    told_refused (REFUSED_TALLY, WIRE_READY);
}

static void assert_all_are_found (void)
{
    assert_int_equal (to_brokers.count, 0);
    assert_int_equal (to_storage.count, AGENCIES);
    for (uint32_t i = 0; i < AGENCIES; i++) { // each for its own, unasked
        const sent_t *sent = &to_storage.sent[i];
        assert_string_equal (wire_command_name (sent->message.command), "FIND");
        assert_int_equal (sent->message.agency, i + 1);
        assert_true (sent->message.find.epoch == book.epoch);
        assert_true (sent->message.draw == the_draw ());
        assert_int_equal (sent->message.find.cursor, 0);
        assert_int_equal (sent->message.find.count, 10 * (i + 1));
        assert_int_equal (sent->message.find.number, NUMBER);
        assert_int_equal (sent->envelope.client, 100 + i + 1);
    }
}

static void the_last_seal_makes_the_draw_and_all_are_told (void **state)
{
    (void) state;
    wire_message_t answers[REPLAY_EVENTS];
    seal (1);
    seal (2);
    ask_ready (3);
    const sent_t last = kept (0);
    storage_answers (&last, answers);
    arrives (&last.envelope, &answers[0]);
    assert_int_equal (to_brokers.count, 0); // it is told its winners in a moment
    assert_int_equal (to_storage.count, 1);
    const sent_t drawn = kept (0);
    assert_int_equal (drawn.message.record.event.kind, EVENT_DRAWN);
    assert_int_equal (drawn.message.record.event.number, NUMBER);
    assert_true (drawn.message.record.seen == the_kept ()->sequences[AGENCIES]);
    assert_int_equal (drawn.envelope.boot, 0);
    assert_false (draw_made (draw ())); // not before it is durable
    ask_results (1, 0);
    told (WIRE_WAITING);
    ask_ready (1);
    told (WIRE_WAITING);
    assert_int_equal (storage_answers (&drawn, answers), 1);
    arrives (&drawn.envelope, &answers[0]);
    assert_true (draw_made (draw ()));
    assert_all_are_found ();
}

static void who_asked_last_is_told (void **state)
{
    (void) state;
    const wire_message_t ready = ready_of (1);
    seal (1);
    ask_by (BOOT + 1, 8, &ready);
    told (WIRE_WAITING);
    seal (2);
    ask_ready (3);
    wire_message_t answers[REPLAY_EVENTS];
    for (int i = 0; i < 2; i++) { // the seal, the draw
        const sent_t asked = kept (0);
        storage_answers (&asked, answers);
        arrives (&asked.envelope, &answers[0]);
    }
    assert_int_equal (to_storage.sent[0].message.agency, 1);
    assert_int_equal (to_storage.sent[0].envelope.boot, BOOT + 1);
    assert_int_equal (to_storage.sent[0].envelope.client, 8);
    ask_by (BOOT, 9, &ready); // from here on each gets its own answer
    asked_storage (WIRE_FIND);
    assert_int_equal (to_storage.sent[0].envelope.client, 9);
}

/* Two sell as one agency. Whom storage refused does not get the other's winners. */
static void who_was_refused_is_not_told (void **state)
{
    (void) state;
    wire_message_t other = ready_of (1);
    other.tally.count++;
    ask_ready (1);
    const sent_t right = kept (0);
    ask_by (BOOT, 9, &other); // storage tells its broker that this is not so
    wire_message_t answers[REPLAY_EVENTS];
    storage_answers (&right, answers);
    arrives (&right.envelope, &answers[0]);
    seal (2);
    ask_ready (3);
    for (int i = 0; i < 2; i++) {
        const sent_t asked = kept (0);
        storage_answers (&asked, answers);
        arrives (&asked.envelope, &answers[0]);
    }
    assert_all_are_found ();
}

static void the_draw_is_made_once (void **state)
{
    (void) state;
    make_draw ();
    for (int i = 0; i < 3; i++) {
        for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
            ask_ready (agency);
            asked_storage_for (WIRE_FIND, agency);
        }
        tick (ASK_AGAIN_MS);
        sent_nothing ();
    }
    start_and_open ();
    assert_true (draw_made (draw ()));
    assert_int_equal (events_of (EVENT_DRAWN), 1);
    assert_int_equal (events_of (EVENT_SEALED), AGENCIES);
}

/* A state was killed between the last seal and the draw. */
static void a_draw_that_is_due_is_made_at_the_start (void **state)
{
    (void) state;
    wire_message_t answers[REPLAY_EVENTS];
    seal (1);
    seal (2);
    ask_ready (3);
    const sent_t last = kept (0);
    storage_answers (&last, answers);
    assert_int_equal (events_of (EVENT_DRAWN), 0);
    start_and_open ();
    assert_true (draw_made (draw ()));
    assert_int_equal (events_of (EVENT_DRAWN), 1);
}

/* It says HELLO, with the name of its draw, and hears more. */
static void of_a_draw_that_is_not_known_nothing_is_answered (void **state)
{
    (void) state;
    for (int drawn = 0; drawn <= 1; drawn++) {
        const uint64_t others[] = {0, the_draw () + 1, UINT64_MAX};
        for (size_t i = 0; i < COUNT (others); i++) {
            ask_ready_in (others[i], 1);
            told_refused (REFUSED_HELLO, WIRE_READY);
            assert_true (to_brokers.sent[0].message.draw == others[i]);
            ask_results_in (others[i], 1, 0);
            told_refused (REFUSED_HELLO, WIRE_RESULTS);
            ask_done_in (others[i], 1);
            told_refused (REFUSED_HELLO, WIRE_DONE);
        }
        if (!drawn)
            make_draw ();
    }
}

/* ---- RESULTS and DONE ---- */

static void results_are_for_after_the_draw (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_results (agency, 0);
        assert_waiting (told (WIRE_WAITING), agency - 1);
        assert_int_equal (to_brokers.sent[0].message.waiting.day, DAY_OPEN);
        ask_done (agency);
        told_refused (REFUSED_UNDRAWN, WIRE_DONE);
        seal (agency);
    }
    for (int restarted = 0; restarted <= 1; restarted++) {
        static const uint64_t cursors[] = {0, 1, 65536, UINT64_MAX};
        for (size_t i = 0; i < 4; i++) {
            ask_results (2, cursors[i]);
            const wire_find_t *find = &asked_storage_for (WIRE_FIND, 2)->find;
            assert_true (find->cursor == cursors[i]);
            assert_int_equal (find->count, 20);
            assert_int_equal (find->number, NUMBER);
            assert_true (find->epoch == book.epoch);
        }
        start_and_open ();
    }
}

/* Who only asks goes on selling, and is told as if it had closed its sale. */
static void who_only_asks_is_told_winners_as_well (void **state)
{
    (void) state;
    seal (1);
    seal (2);
    const wire_message_t results = {
        .command = WIRE_RESULTS, .agency = 1, .draw = the_draw (), .cursor = 7};
    ask_by (BOOT + 1, 50, &results);
    told (WIRE_WAITING);
    ask_results (3, 0);
    assert_waiting (told (WIRE_WAITING), 2);
    assert_false (draw_asked (draw (), 3));
    const wire_message_t closing = order_of (ORDER_CLOSE, "first", "");
    order_by ('A', &closing);
    storage_serves_one (kept (0)); // closed
    storage_serves_one (kept (1)); // drawn
    const uint64_t clients[] = {50, 102, 103};
    assert_int_equal (to_storage.count, 2 + 3);
    for (size_t i = 0; i < 3; i++) {
        const sent_t *sent = &to_storage.sent[2 + i];
        assert_int_equal (sent->message.command, WIRE_FIND);
        assert_int_equal (sent->envelope.client, clients[i]);
        assert_int_equal (sent->message.find.cursor, 0);
        assert_true (sent->message.find.count ==
                     (i < 2 ? 10 * (i + 1) : UINT64_MAX)); // whatever it has sold
    }
}

static void done_is_recorded_once_and_the_last_ends_the_day (void **state)
{
    (void) state;
    make_draw ();
    static const uint32_t order[] = {2, 2, 3, 2, 1};
    for (size_t i = 0; i < 5; i++) {
        assert_false (registrar_done (registrar));
        ask_done (order[i]);
        if (!draw_served (draw (), order[i])) {
            asked_storage_for (WIRE_RECORD, order[i]);
            assert_false (registrar_done (registrar)); // not before it is durable
            storage_serves ();
        }
        assert_int_equal (told (WIRE_GOODBYE)->agency, order[i]);
    }
    assert_true (registrar_done (registrar));
    assert_int_equal (events_of (EVENT_SERVED), AGENCIES);
    start_and_open (); // the day is over, but its results can be asked for
    assert_false (registrar_done (registrar));
    ask_ready (1);
    asked_storage_for (WIRE_FIND, 1);
    ask_done (1);
    told (WIRE_GOODBYE);
    assert_true (registrar_done (registrar));
    assert_int_equal (events_of (EVENT_SERVED), AGENCIES);
}

/* ---- Storage says no, or nothing ---- */

static void answers_that_are_lost_are_asked_for_again (void **state)
{
    (void) state;
    wire_message_t answers[REPLAY_EVENTS];
    seal (1);
    ask_ready (2);
    const sent_t second = kept (0);
    storage_answers (&second, answers); // recorded, and lost on the way back
    assert_false (draw_asked (draw (), 2));
    ask_ready (2); // the agency asks again
    storage_serves ();
    assert_waiting (told (WIRE_WAITING), 2);
    ask_ready (3);
    const sent_t third = kept (0);
    storage_answers (&third, answers);
    arrives (&third.envelope, &answers[0]);
    for (int i = 0; i < 3; i++) { // of the draw nobody asks but state
        const sent_t drawn = kept (0);
        assert_int_equal (drawn.message.record.event.kind, EVENT_DRAWN);
        storage_answers (&drawn, answers);
        assert_false (draw_made (draw ()));
        tick (ASK_AGAIN_MS - 1);
        sent_nothing ();
        tick (1);
    }
    storage_serves ();
    assert_true (draw_made (draw ()));
    assert_int_equal (events_of (EVENT_SEALED), AGENCIES);
    assert_int_equal (events_of (EVENT_DRAWN), 1);
}

/* The seal of 1 is recorded, its answer lost; that of 2 comes. Both are replayed, and
   both agencies are told. */
static void a_gap_between_events_is_replayed (void **state)
{
    (void) state;
    wire_message_t answers[REPLAY_EVENTS];
    ask_ready (1);
    const sent_t first = kept (0);
    storage_answers (&first, answers);
    ask_ready (2);
    const sent_t second = kept (0);
    storage_answers (&second, answers);
    arrives (&second.envelope, &answers[0]);
    assert_true (asked_for_itself (WIRE_REPLAY)->replay.from == 1);
    assert_false (draw_asked (draw (), 2));
    storage_serves ();
    assert_true (draw_asked (draw (), 1) && draw_asked (draw (), 2));
    assert_int_equal (to_brokers.count, 2);
    assert_int_equal (to_brokers.sent[0].message.agency, 1);
    assert_int_equal (to_brokers.sent[0].envelope.ticket, 1);
    assert_int_equal (to_brokers.sent[1].message.agency, 2);
    assert_int_equal (to_brokers.sent[1].envelope.ticket, 2);
}

static void a_stale_draw_is_made_after_a_replay (void **state)
{
    (void) state;
    wire_message_t answers[REPLAY_EVENTS];
    seal (1);
    seal (2);
    ask_ready (3);
    const sent_t last = kept (0);
    storage_answers (&last, answers);
    arrives (&last.envelope, &answers[0]);
    const sent_t drawn = kept (0);
    const wire_message_t stale =
        refusal (&drawn.message, REFUSED_GAP, 0, the_kept ()->count + 1);
    arrives (&drawn.envelope, &stale);
    assert_true (asked_for_itself (WIRE_REPLAY)->replay.from == the_kept ()->count);
    assert_int_equal (registrar_strays (registrar), 0);
}

static void superseded_it_is_over (void **state)
{
    (void) state;
    seal (1);
    const uint64_t epoch = registrar_epoch (registrar);
    const envelope_t nobodys = {0};
    const wire_message_t registration = {.command = WIRE_REGISTER};
    const wire_message_t of_another =
        refusal (&registration, REFUSED_SUPERSEDED, epoch - 1, epoch);
    arrives (&nobodys, &of_another); // not what it was told of
    stage_is (REGISTRAR_OPEN);
    assert_int_equal (registrar_strays (registrar), 1);
    const wire_message_t superseded =
        refusal (&registration, REFUSED_SUPERSEDED, epoch, epoch + 5);
    arrives (&nobodys, &superseded);
    stage_is (REGISTRAR_SUPERSEDED);
    ask_ready (1);
    told_refused (REFUSED_UNAVAILABLE, WIRE_READY);
    tick (ASK_AGAIN_MS);
    sent_nothing ();
    assert_false (registrar_wants (registrar));
}

/* Storage did not know where to tell it, and no agency asks. */
static void who_may_have_been_replaced_asks_whether_it_was (void **state)
{
    (void) state;
    seal (1);
    for (int superseded = 0; superseded <= 1; superseded++) {
        if (superseded) { // another state has registered
            book.life = life_after (book.life, own + 1);
            book.epoch = ++book.sequence;
        }
        forget ();
        registrar_doubt (registrar);
        take_sent ();
        assert_true (asked_for_itself (WIRE_REGISTER)->draw == LOG_IDENTITY);
        storage_serves ();
        stage_is (superseded ? REGISTRAR_SUPERSEDED : REGISTRAR_OPEN);
        sent_nothing ();
    }
    registrar_doubt (registrar); // it is over
    take_sent ();
    sent_nothing ();
    start ();
    registrar_doubt (registrar); // it has not begun
    take_sent ();
    sent_nothing ();
}

static void superseded_in_each_request (void **state)
{
    (void) state;
    for (int i = 0; i < 4; i++) {
        teardown (NULL);
        setup (NULL);
        if (i >= 2)
            make_draw ();
        book.life = life_after (book.life, own + 1); // another state has registered
        book.epoch = ++book.sequence;
        const uint64_t events = the_kept ()->count;
        if (i == 0)
            ask_hello (1);
        else if (i == 1)
            ask_ready (1);
        else if (i == 2)
            ask_results (1, 0);
        else
            ask_done (1);
        assert_int_equal (to_storage.count, 1);
        storage_serves ();
        assert_int_equal (to_brokers.count, 0);
        stage_is (REGISTRAR_SUPERSEDED);
        assert_int_equal (the_kept ()->count, events);
    }
}

/* At once, and once: it may have asked twice, and hear of that twice. */
static void who_starts_behind_another_registers_behind_it (void **state)
{
    (void) state;
    book.life = life_after (life_after (0, 5), 6);
    book.epoch = book.sequence = 2;
    tick (0);
    const sent_t asked = kept (0);
    const wire_message_t superseded =
        refusal (&asked.message, REFUSED_SUPERSEDED, 0, book.life);
    arrives (&asked.envelope, &superseded);
    stage_is (REGISTRAR_STARTING);
    assert_true (asked_for_itself (WIRE_REGISTER)->state ==
                 life_after (book.life, OWN));
    assert_int_equal (registrar_deadline (registrar), now_ms + ASK_AGAIN_MS);
    arrives (&asked.envelope, &superseded);
    sent_nothing ();
    tick (ASK_AGAIN_MS);
    asked_for_itself (WIRE_REGISTER);
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
    assert_true (book.life == life_after (life_after (life_after (0, 5), 6), OWN));
    assert_int_equal (registrar_strays (registrar), 0);
}

/* Its answer was lost, and it has asked otherwise since, for what it was told late. */
static void who_is_heard_and_does_not_know_it_does_not_supersede_itself (void **state)
{
    (void) state;
    const uint64_t before = life_after (0, 6), mine = life_after (before, OWN);
    const envelope_t nobodys = {0};
    const wire_message_t registration = {.command = WIRE_REGISTER};
    const wire_message_t told_mine =
        refusal (&registration, REFUSED_SUPERSEDED, 0, mine);
    tick (0);
    arrives (&nobodys, &told_mine);
    assert_true (asked_for_itself (WIRE_REGISTER)->state == mine);
    book.life = mine;
    book.epoch = book.sequence = 2;
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
    assert_true (book.life == mine && registrar_epoch (registrar) == 2);
}

/* When storage can be reached again state asks whether it is the same log. */
static void lose_connection (void)
{
    reachable = false;
    tick (10);
    reachable = true;
    tick (10);
}

static void after_a_lost_connection_the_log_is_compared (void **state)
{
    (void) state;
    seal (1);
    lose_connection ();
    assert_int_equal (to_storage.count, 2);
    const sent_t registration = kept (0);
    assert_int_equal (registration.message.command, WIRE_REGISTER);
    assert_true (registration.message.state == book.life);
    assert_true (registration.message.draw == LOG_IDENTITY);
    const sent_t news = kept (1); // the last event again, and how many there are
    assert_int_equal (news.message.command, WIRE_REPLAY);
    assert_int_equal (news.message.replay.from, the_kept ()->count - 1);
    const uint64_t sequence = book.sequence;
    storage_serves ();
    assert_int_equal (to_brokers.count, 0); // nothing is new
    stage_is (REGISTRAR_OPEN);
    assert_true (book.sequence == sequence);
    assert_false (registrar_wants (registrar));
    assert_int_equal (registrar_strays (registrar), 0);
}

static void storage_of_another_log_ends_it (void **state)
{
    (void) state;
    static const struct {
        uint64_t epoch, identity; // relative to what it was
    } others[] = {{1, 0}, {0, 1}, {5, 5}};
    for (size_t i = 0; i <= COUNT (others); i++) {
        teardown (NULL);
        setup (NULL);
        seal (1);
        lose_connection ();
        const sent_t registration = kept (0);
        wire_message_t answer = refusal (&registration.message, REFUSED_DRAW, 0, 0);
        if (i < COUNT (others))
            answer =
                (wire_message_t){.command = WIRE_REGISTERED,
                                 .registered = {book.epoch + others[i].epoch,
                                                LOG_IDENTITY + others[i].identity, 1}};
        arrives (&registration.envelope, &answer);
        stage_is (REGISTRAR_OTHER_LOG);
        tick (ASK_AGAIN_MS);
        sent_nothing ();
    }
}

/* Another one has registered while it could not hear. */
static void superseded_when_it_registers_again (void **state)
{
    (void) state;
    lose_connection ();
    const sent_t registration = kept (0);
    const wire_message_t old =
        refusal (&registration.message, REFUSED_SUPERSEDED, 0, life_after (0, 5));
    arrives (&registration.envelope, &old); // of before it was registered
    stage_is (REGISTRAR_OPEN);
    const wire_message_t superseded = refusal (
        &registration.message, REFUSED_SUPERSEDED, 0, life_after (book.life, 5));
    arrives (&registration.envelope, &superseded);
    stage_is (REGISTRAR_SUPERSEDED);
}

static void a_storage_that_is_away_is_told_of (void **state)
{
    (void) state;
    static const wire_event_kind_t kinds[] = {EVENT_SEALED, EVENT_SERVED, EVENT_DRAWN};
    static const wire_command_t named[] = {WIRE_HELLO, WIRE_RESULTS, WIRE_READY,
                                           WIRE_DONE};
    bundle_t bundle = {0};
    for (uint32_t i = 0; i < 5; i++) {
        wire_message_t message = {.command = i == 0   ? WIRE_ADMIT
                                             : i == 1 ? WIRE_FIND
                                                      : WIRE_RECORD,
                                  .agency = 2};
        if (i == 0)
            message.welcome.name = the_name;
        if (i >= 2)
            message.record.event.kind = (uint8_t) kinds[i - 2];
        const envelope_t envelope = {i < 4 ? BOOT + i % 2 : 0, i, i};
        bundle_write (&bundle, &envelope, &message);
    }
    forget ();
    registrar_storage_unavailable (registrar, bytes_of (bundle.data, bundle.size));
    bundle_clear (&bundle);
    take_sent ();
    assert_int_equal (to_storage.count, 0);
    assert_int_equal (to_brokers.count, 4); // and of the draw nobody had asked
    bool found[4] = {false};
    for (size_t i = 0; i < 4; i++) {
        const sent_t *sent = &to_brokers.sent[i];
        const uint32_t which = sent->envelope.ticket;
        assert_true (which < 4);
        found[which] = true;
        assert_int_equal (sent->message.refused.code, REFUSED_UNAVAILABLE);
        assert_string_equal (wire_command_name (sent->message.refused.command),
                             wire_command_name (named[which]));
        assert_int_equal (sent->boot, BOOT + which % 2);
    }
    assert_true (found[0] && found[1] && found[2] && found[3]);
}

/* Storage has refused the agencies themselves where there was one that asked. */
static void no_space_for_the_draw_leaves_it_due (void **state)
{
    (void) state;
    seal (1);
    seal (2);
    ask_ready (3);
    wire_message_t answers[REPLAY_EVENTS];
    const sent_t last = kept (0);
    storage_answers (&last, answers);
    book.full = true;
    arrives (&last.envelope, &answers[0]);
    for (int i = 0; i < 3; i++) {
        storage_serves ();
        assert_true (draw_due (draw ()));
        ask_ready (1);
        assert_waiting (told (WIRE_WAITING), AGENCIES);
        tick (ASK_AGAIN_MS);
        assert_int_equal (asked_for_itself (WIRE_RECORD)->record.event.kind,
                          EVENT_DRAWN);
    }
    book.full = false;
    wire_message_t drawn[REPLAY_EVENTS];
    const sent_t asked = kept (0);
    storage_answers (&asked, drawn);
    arrives (&asked.envelope, &drawn[0]);
    assert_all_are_found ();
    assert_int_equal (registrar_strays (registrar), 0);
}

static void draw_in_vain (void)
{
    for (int i = 0; i < 1000; i++) {
        tick (0);
        const envelope_t nobodys = {0};
        const wire_message_t record = {.command = WIRE_RECORD, .draw = the_draw ()};
        const wire_message_t full = refusal (&record, REFUSED_NOSPACE, 0, 0);
        arrives (&nobodys, &full);
    }
}

static void no_space_for_the_draw_is_told_now_and_then (void **state)
{
    (void) state;
    seal (1);
    seal (2);
    book.full = true;
    ask_ready (3);
    const wire_event_t sealed = {.kind = EVENT_SEALED,
                                 .agency = 3,
                                 .count = 30,
                                 .digest = tally_of (3, 30).digest};
    book.full = false;
    add_event (&sealed);
    book.full = true;
    const wire_message_t event = event_at (the_kept ()->count - 1);
    const envelope_t nobodys = {0};
    arrives (&nobodys, &event);
    tick (500000);
    assert_int_equal (logged ("action: sorteo", draw_in_vain), 1);
    now_ms += 1000;
    assert_int_equal (logged ("not_logged_before: 999", draw_in_vain), 1);
}

/* By the clock: storage does that alone. Once it is drawn there is no news in it. */
static void a_close_while_state_was_away_is_told_at_the_start (void **state)
{
    (void) state;
    static const char line[] = "action: cierre | result: success | draw: first";
    hour_comes (the_kept ());
    assert_int_equal (logged (line, start_and_open), 1);
    assert_int_equal (events_of (EVENT_DRAWN), 1);
    assert_int_equal (logged (line, start_and_open), 0);
}

static void no_space_at_the_start_is_tried_again (void **state)
{
    (void) state;
    book.full = true;
    for (int i = 0; i < 3; i++) {
        tick (ASK_AGAIN_MS);
        asked_for_itself (WIRE_REGISTER);
        storage_serves ();
        stage_is (REGISTRAR_STARTING);
    }
    book.full = false;
    tick (ASK_AGAIN_MS);
    wire_message_t answers[REPLAY_EVENTS];
    const sent_t asked = kept (0);
    storage_answers (&asked, answers);
    book.full = true; // and now not for the first event
    arrives (&asked.envelope, &answers[0]);
    for (int i = 0; i < 3; i++) {
        storage_serves ();
        stage_is (REGISTRAR_STARTING);
        tick (ASK_AGAIN_MS);
        asked_for_itself (WIRE_RECORD);
    }
    book.full = false;
    storage_serves ();
    stage_is (REGISTRAR_OPEN);
}

/* ---- What is no message of ours ---- */

static void strays_are_counted (void **state)
{
    (void) state;
    size_t strays = 0;
    for (int command = 0; command < 256; command++) {
        if (wire_command_name ((uint8_t) command)[0] == '?' || command == WIRE_BATCH)
            continue;
        const wire_message_t message = {.command = (uint8_t) command, .agency = 1};
        const bool asked = command == WIRE_HELLO || command == WIRE_READY ||
                           command == WIRE_RESULTS || command == WIRE_DONE ||
                           command == WIRE_REVEAL;
        const envelope_t nobodys = {0};
        if (!asked && command != WIRE_BATCHES) { // which wire_decode checks
            ask (1, &message);
            sent_nothing ();
            assert_int_equal (registrar_strays (registrar), ++strays);
        }
        if (command == WIRE_REGISTERED || command == WIRE_EVENT ||
            command == WIRE_REFUSED || command == WIRE_BATCHES)
            continue;
        arrives (&nobodys, &message);
        sent_nothing ();
        assert_int_equal (registrar_strays (registrar), ++strays);
    }
    registrar_requests (registrar, bytes_of ("no bundle", 9));
    registrar_answers (registrar, bytes_of ("no bundle", 9));
    assert_int_equal (registrar_strays (registrar), strays + 2);
    const envelope_t nobodys = {0};
    const wire_message_t far = {.command = WIRE_EVENT,
                                .draw = the_draw (),
                                .recorded = {.ordinal = DRAW_EVENTS_MAX,
                                             .events = DRAW_EVENTS_MAX + 1,
                                             .event = {.kind = EVENT_SERVED}}};
    arrives (&nobodys, &far);
    const wire_message_t farthest = {.command = WIRE_EVENT,
                                     .draw = the_draw (),
                                     .recorded = {.ordinal = UINT64_MAX,
                                                  .events = UINT64_MAX,
                                                  .event = {.kind = EVENT_SERVED}}};
    arrives (&nobodys, &farthest);
    assert_int_equal (registrar_strays (registrar), strays + 4);
    assert_false (registrar_wants (registrar));
}

static void damaged_bundles_do_no_harm (void **state)
{
    (void) state;
    random_state = 19;
    for (int i = 0; i < 20000; i++) {
        bundle_t bundle = {0};
        for (size_t n = 1 + random_below (&random_state, 3); n > 0; n--) {
            static const uint8_t commands[] = {
                WIRE_HELLO, WIRE_READY,   WIRE_RESULTS,    WIRE_DONE,
                WIRE_EVENT, WIRE_REFUSED, WIRE_REGISTERED, WIRE_REPLAY};
            const wire_message_t message = {
                .command = commands[random_below (&random_state, sizeof commands)],
                .agency = 1 + (uint32_t) random_below (&random_state, AGENCIES)};
            const envelope_t envelope = {BOOT, (uint32_t) n, n};
            bundle_write (&bundle, &envelope, &message);
        }
        for (size_t n = random_below (&random_state, 4); n > 0; n--)
            bundle.data[random_below (&random_state, bundle.size)] ^=
                (uint8_t) (1 << random_below (&random_state, 8));
        if (random_below (&random_state, 2))
            registrar_requests (registrar, bytes_of (bundle.data, bundle.size));
        else
            registrar_answers (registrar, bytes_of (bundle.data, bundle.size));
        bundle_clear (&bundle);
        take_sent ();
        forget ();
        if (registrar_stage (registrar) > REGISTRAR_OPEN) {
            teardown (NULL);
            setup (NULL);
        }
    }
}

#define OPENED(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
#define CLOSED(name) cmocka_unit_test_setup_teardown (name, setup_closed, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CLOSED (registration_is_asked_for_until_it_is_answered),
        CLOSED (nothing_is_asked_of_a_storage_that_is_away),
        CLOSED (a_new_draw_is_opened_with_the_terms),
        CLOSED (without_a_name_no_draw_is_opened),
        CLOSED (a_second_registration_changes_nothing),
        CLOSED (registrations_that_cannot_be_are_strays),
        CLOSED (who_asks_before_all_is_replayed_is_told_to_come_again),
        CLOSED (events_are_replayed_page_by_page),
        CLOSED (a_replay_of_which_something_was_lost_is_not_whole),
        CLOSED (events_that_come_twice_or_early_are_taken_once),
        CLOSED (other_terms_than_the_draws_end_it),
        OPENED (what_cannot_have_happened_ends_it),
        OPENED (hello_is_vouched_for),
        OPENED (hello_is_told_how_far_the_day_is),
        OPENED (windows_are_narrowed_for_a_crowd),
        OPENED (windows_of_a_crowd_fit_together),
        OPENED (of_a_crowd_who_is_there_has_more),
        OPENED (who_is_not_on_the_roll_is_refused),
        OPENED (a_seal_counts_once_it_is_recorded),
        OPENED (a_seal_asked_for_twice_is_told_twice_and_counts_once),
        OPENED (cancelled_bets_are_compared),
        OPENED (the_last_seal_makes_the_draw_and_all_are_told),
        OPENED (who_asked_last_is_told),
        OPENED (who_was_refused_is_not_told),
        OPENED (the_draw_is_made_once),
        OPENED (a_draw_that_is_due_is_made_at_the_start),
        OPENED (of_a_draw_that_is_not_known_nothing_is_answered),
        OPENED (results_are_for_after_the_draw),
        OPENED (who_only_asks_is_told_winners_as_well),
        OPENED (done_is_recorded_once_and_the_last_ends_the_day),
        OPENED (answers_that_are_lost_are_asked_for_again),
        OPENED (a_gap_between_events_is_replayed),
        OPENED (a_stale_draw_is_made_after_a_replay),
        OPENED (superseded_it_is_over),
        OPENED (who_may_have_been_replaced_asks_whether_it_was),
        OPENED (superseded_in_each_request),
        CLOSED (who_starts_behind_another_registers_behind_it),
        CLOSED (who_is_heard_and_does_not_know_it_does_not_supersede_itself),
        OPENED (after_a_lost_connection_the_log_is_compared),
        OPENED (storage_of_another_log_ends_it),
        OPENED (superseded_when_it_registers_again),
        OPENED (a_storage_that_is_away_is_told_of),
        OPENED (no_space_for_the_draw_leaves_it_due),
        OPENED (no_space_for_the_draw_is_told_now_and_then),
        OPENED (a_close_while_state_was_away_is_told_at_the_start),
        CLOSED (no_space_at_the_start_is_tried_again),
        OPENED (strays_are_counted),
        OPENED (damaged_bundles_do_no_harm),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

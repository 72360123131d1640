/* test_orders.c - operators' orders: carried out once, answered when that is durable,
   refused with what is so. */

#include "state_day.h"

static wire_message_t order_number (const char *name, uint32_t number)
{
    wire_message_t order = order_of (ORDER_NUMBER, name, "");
    order.order.number = number;
    return order;
}

static wire_message_t order_excuse (const char *name, uint32_t agency)
{
    wire_message_t order = order_of (ORDER_EXCUSE, name, "it is flooded");
    order.agency = agency;
    return order;
}

static void give (uint8_t who, wire_order_kind_t kind, const char *name,
                  const char *note)
{
    const wire_message_t order = order_of (kind, name, note);
    order_by (who, &order);
}

static wire_phase_t phase_of (const char *name)
{
    assert_non_null (draw_named (name));
    return draw_facts (draw_named (name))->phase;
}

static const wire_ordered_t *is_ordered (uint8_t who)
{
    for (size_t i = 0; i < to_operators.count; i++)
        if (to_operators.sent[i].who == who &&
            to_operators.sent[i].message.command == WIRE_ORDERED)
            return &to_operators.sent[i].message.ordered;
    fail_msg ("%c was not answered", who);
    return NULL;
}

/* ---- Each of them ---- */

static void a_draw_is_opened (void **state)
{
    (void) state;
    const wire_message_t order =
        opening_of ("nocturna", 2, SOURCE_RANDOM, WALL_MS + 3600000);
    order_by ('A', &order);
    const wire_message_t *asked = asked_for_itself (WIRE_RECORD);
    const wire_event_t *event = asked_to_record (EVENT_OPENED);
    assert_true (asked->draw != 0 && asked->draw != the_draw ());
    assert_int_equal (event->agencies, 2);
    assert_int_equal (event->source, SOURCE_RANDOM);
    assert_true (event->closes_ms == WALL_MS + 3600000);
    assert_null (draw_named ("nocturna")); // not before it is durable
    storage_serves ();
    const wire_ordered_t *ordered = &told_operator ('A', WIRE_ORDERED)->ordered;
    assert_true (ordered->sequence == book.draws[1].sequences[0]);
    assert_true (bytes_equal (ordered->name, bytes_of ("nocturna", 8)));
    assert_int_equal (phase_of ("nocturna"), PHASE_OPEN);
    assert_false (registrar_wants (registrar));
    ask_hello_to (2, "nocturna");
    assert_true (asked_storage_for (WIRE_ADMIT, 2)->draw == identity_of ("nocturna"));
}

static void a_draw_is_closed_and_made (void **state)
{
    (void) state;
    seal (1);
    give ('A', ORDER_CLOSE, "first", "the bell rang");
    const wire_record_t *record = &asked_for_itself (WIRE_RECORD)->record;
    assert_int_equal (record->event.kind, EVENT_CLOSED);
    assert_true (bytes_equal (record->event.text, bytes_of ("the bell rang", 13)));
    assert_true (record->seen == the_kept ()->sequences[1]);
    assert_int_equal (phase_of ("first"), PHASE_OPEN);
    storage_serves ();
    assert_true (is_ordered ('A')->sequence == the_kept ()->sequences[2]);
    assert_int_equal (phase_of ("first"), PHASE_DRAWN);
    assert_int_equal (events_of (EVENT_DRAWN), 1);
}

static void a_number_is_entered_and_winners_are_told (void **state)
{
    (void) state;
    const uint64_t draw = open_draw ("nocturna", SOURCE_ENTERED, CLOSES_NEVER);
    ask_ready_in (draw, 1);
    storage_serves ();
    ordered (ORDER_CLOSE, "nocturna", "");
    tick (ASK_AGAIN_MS);
    sent_nothing (); // it waits for its number
    const wire_message_t order = order_number ("nocturna", 1234);
    order_by ('A', &order);
    assert_int_equal (asked_to_record (EVENT_DRAWN)->number, 1234);
    const sent_t drawn = kept (0);
    forget ();
    storage_serves_one (drawn);
    assert_int_equal (is_ordered ('A')->name.size, 8);
    assert_int_equal (to_storage.count, 1);
    assert_int_equal (to_storage.sent[0].message.command, WIRE_FIND);
    assert_int_equal (to_storage.sent[0].message.find.number, 1234);
    assert_int_equal (to_storage.sent[0].message.find.count, 10);
    assert_int_equal (to_storage.sent[0].envelope.client, 101);
}

static void an_agency_is_excused_and_the_others_draw_goes_on (void **state)
{
    (void) state;
    seal (1);
    seal (3);
    const wire_message_t order = order_excuse ("first", 2);
    order_by ('A', &order);
    assert_int_equal (asked_to_record (EVENT_EXCUSED)->agency, 2);
    assert_int_equal (to_storage.sent[0].message.agency, 2);
    storage_serves ();
    is_ordered ('A');
    assert_int_equal (phase_of ("first"), PHASE_DRAWN);
    ask_ready (2); // it comes back, and says what it has
    asked_storage_for (WIRE_RECORD, 2);
    storage_serves ();
    assert_int_equal (events_of (EVENT_SEALED), 3);
    ask_results (2, 0);
    assert_int_equal (asked_storage_for (WIRE_FIND, 2)->find.count, 20);
}

static void a_void_draw_is_told_to_who_waits (void **state)
{
    (void) state;
    seal (1);
    ask_results (2, 0);
    give ('A', ORDER_VOID, "first", "the drum broke");
    asked_to_record (EVENT_VOIDED);
    assert_int_equal (to_brokers.count, 0);
    storage_serves ();
    is_ordered ('A');
    assert_int_equal (to_brokers.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const wire_message_t *message = &to_brokers.sent[i].message;
        assert_int_equal (message->command, WIRE_REFUSED);
        assert_int_equal (message->agency, i + 1);
        assert_int_equal (message->refused.code, REFUSED_VOID);
        assert_true (
            bytes_equal (message->refused.text, bytes_of ("the drum broke", 14)));
        assert_int_equal (to_brokers.sent[i].envelope.client, 101 + i);
    }
    ask_ready (3);
    told_refused (REFUSED_VOID, WIRE_READY);
    ask_results (3, 0);
    told_refused (REFUSED_VOID, WIRE_RESULTS);
    ask_done (3);
    told_refused (REFUSED_VOID, WIRE_DONE);
    ask_hello (3); // it is the only one there is
    assert_int_equal (asked_storage_for (WIRE_ADMIT, 3)->welcome.day, DAY_VOID);
    assert_true (registrar_done (registrar));
}

static void what_is_not_said_is_as_it_is_here (void **state)
{
    (void) state;
    wire_message_t order =
        opening_of ("second", ORDER_OWN_AGENCIES, SOURCE_FIXED, CLOSES_ALL_ASKED);
    order.order.source = ORDER_OWN_SOURCE;
    order.order.number = 0;
    order.order.highest = ORDER_OWN_HIGHEST;
    order_by ('A', &order);
    const wire_event_t *event = asked_to_record (EVENT_OPENED);
    assert_int_equal (event->agencies, AGENCIES);
    assert_int_equal (event->source, SOURCE_FIXED);
    assert_int_equal (event->number, NUMBER);
    assert_int_equal (event->highest, HIGHEST);
}

/* ---- Which draw ---- */

static void without_a_name_the_one_is_meant_that_is_open (void **state)
{
    (void) state;
    give ('A', ORDER_CLOSE, "", "");
    assert_true (asked_for_itself (WIRE_RECORD)->draw == the_draw ());
    storage_serves ();
    assert_true (bytes_equal (is_ordered ('A')->name, bytes_of ("first", 5)));
    open_draw ("second", SOURCE_FIXED, CLOSES_NEVER);
    give ('A', ORDER_CLOSE, "", "");
    assert_true (asked_for_itself (WIRE_RECORD)->draw == identity_of ("second"));
    storage_serves ();
    open_draw ("third", SOURCE_FIXED, CLOSES_NEVER);
    open_draw ("fourth", SOURCE_FIXED, CLOSES_NEVER);
    give ('A', ORDER_CLOSE, "", "");
    assert_string_equal (refused_operator ('A', REFUSED_DRAW),
                         "on sale: third, fourth");
    give ('A', ORDER_CLOSE, "fifth", ""); // storage might have it
    storage_serves ();
    assert_string_equal (refused_operator ('A', REFUSED_DRAW),
                         "there is no draw fifth; on sale: third, fourth");
}

/* Storage has put it away: it is looked up, and judged as any other. */
static void a_draw_that_was_over_long_ago_is_said_to_be (void **state)
{
    (void) state;
    const wire_event_t opened = {.kind = EVENT_OPENED,
                                 .source = SOURCE_FIXED,
                                 .agencies = AGENCIES,
                                 .number = NUMBER,
                                 .highest = HIGHEST,
                                 .closes_ms = CLOSES_NEVER,
                                 .text = bytes_of ("old", 3)};
    const wire_event_t closed = {.kind = EVENT_CLOSED};
    const wire_event_t drawn = {.kind = EVENT_DRAWN, .number = NUMBER};
    kept_t *old = add_draw (99, &opened);
    assert_true (keep_event (old, &closed) && keep_event (old, &drawn));
    old->archived = true;
    give ('A', ORDER_VOID, "old", "by mistake");
    storage_serves ();
    assert_string_equal (refused_operator ('A', REFUSED_PHASE),
                         "old is drawn, with the number 7574: that is final");
}

/* It was not asked to record anything. */
static void a_draw_that_cannot_be_looked_up_was_not_changed (void **state)
{
    (void) state;
    give ('A', ORDER_CLOSE, "old", "");
    asked_for_itself (WIRE_LOOKUP);
    tick (ORDER_PATIENCE_MS);
    assert_string_equal (refused_operator ('A', REFUSED_UNAVAILABLE),
                         "storage does not answer: try again in a moment");
}

/* ---- No ---- */

static void what_is_so_already_is_refused_and_told (void **state)
{
    (void) state;
    const uint64_t draw = open_draw ("nocturna", SOURCE_ENTERED, CLOSES_NEVER);
    const wire_message_t early = order_number ("nocturna", 1234);
    order_by ('A', &early);
    refused_operator ('A', REFUSED_PHASE);
    ordered (ORDER_CLOSE, "nocturna", "the bell rang");
    give ('A', ORDER_CLOSE, "nocturna", "the bell rang");
    assert_non_null (
        strstr (refused_operator ('A', REFUSED_PHASE), "nocturna was closed at"));
    assert_true (to_operators.sent[0].message.draw == draw);
    assert_int_equal (to_operators.sent[0].message.refused.command, WIRE_ORDER);
    order_by ('A', &early);
    storage_serves ();
    is_ordered ('A');
    for (uint32_t number = 1234; number <= 1235; number++) {
        const wire_message_t second = order_number ("nocturna", number);
        order_by ('B', &second);
        assert_non_null (strstr (refused_operator ('B', REFUSED_PHASE),
                                 "with the number 1234: that is final"));
    }
    const wire_message_t excuse = order_excuse ("first", 4);
    order_by ('A', &excuse);
    refused_operator ('A', REFUSED_AGENCY);
    const wire_message_t again =
        opening_of ("nocturna", AGENCIES, SOURCE_ENTERED, CLOSES_NEVER);
    order_by ('A', &again);
    refused_operator ('A', REFUSED_NAME);
    const wire_message_t late = opening_of ("late", AGENCIES, SOURCE_RANDOM, WALL_MS);
    order_by ('A', &late);
    refused_operator ('A', REFUSED_RANGE);
    assert_int_equal (events_in (&book.draws[1], EVENT_DRAWN), 1);
    assert_false (registrar_wants (registrar));
}

/* A name that only storage knows, and room that only storage counts. */
static void what_storage_refuses_is_told_to_who_ordered_it (void **state)
{
    (void) state;
    const wire_event_t old = {.kind = EVENT_OPENED,
                              .source = SOURCE_RANDOM,
                              .agencies = 1,
                              .highest = 9,
                              .text = bytes_of ("old", 3)};
    add_draw (99, &old)->archived = true;
    const wire_message_t named =
        opening_of ("old", AGENCIES, SOURCE_RANDOM, CLOSES_NEVER);
    order_by ('A', &named);
    storage_serves ();
    refused_operator ('A', REFUSED_NAME);
    book.open_max = 1;
    const wire_message_t many =
        opening_of ("many", AGENCIES, SOURCE_RANDOM, CLOSES_NEVER);
    order_by ('A', &many);
    storage_serves ();
    refused_operator ('A', REFUSED_DRAWS);
    book.full = true;
    give ('A', ORDER_CLOSE, "first", "");
    storage_serves ();
    refused_operator ('A', REFUSED_NOSPACE);
    assert_false (registrar_wants (registrar));
    assert_int_equal (registrar_strays (registrar), 0);
}

static void who_may_not_is_refused (void **state)
{
    (void) state;
    uint8_t frame[WIRE_SMALL_BYTES_MAX];
    const wire_message_t messages[] = {order_of (ORDER_VOID, "first", ""),
                                       {.command = WIRE_LIST}};
    for (size_t i = 0; i < 2; i++) {
        const size_t size = wire_encode (&messages[i], frame);
        forget ();
        registrar_operator (registrar, bytes_of ("W", 1), false, "",
                            bytes_of (frame, size));
        take_sent ();
        refused_operator ('W', REFUSED_KEY);
    }
    assert_int_equal (phase_of ("first"), PHASE_OPEN);
}

/* Who orders says his name, and state adds the key that he has proved to have. */
static void the_key_is_part_of_the_note (void **state)
{
    (void) state;
    static const struct {
        const char *said, *kept;
    } notes[] = {
        {"the bell rang [ana@central]", "the bell rang [ana@central, key=Ab3d]"},
        {"the bell rang", "the bell rang [key=Ab3d]"},
        {"", "[key=Ab3d]"}};
    for (size_t i = 0; i < COUNT (notes); i++) {
        setup (NULL);
        const wire_message_t order = order_of (ORDER_CLOSE, "first", notes[i].said);
        uint8_t frame[WIRE_SMALL_BYTES_MAX];
        const size_t size = wire_encode (&order, frame);
        forget ();
        for (int again = 0; again < 2; again++) // it is one order
            registrar_operator (registrar, bytes_of ("A", 1), true, "key=Ab3d",
                                bytes_of (frame, size));
        take_sent ();
        const wire_event_t *event = asked_to_record (EVENT_CLOSED);
        assert_true (bytes_equal (event->text,
                                  bytes_of (notes[i].kept, strlen (notes[i].kept))));
        storage_serves ();
        is_ordered ('A');
    }
}

/* What comes alone and is no order: counted, or refused if it is one that was cut. */
static void what_is_no_order_is_not_carried_out (void **state)
{
    (void) state;
    const wire_message_t order = order_of (ORDER_VOID, "first", "because");
    uint8_t frame[WIRE_SMALL_BYTES_MAX];
    size_t size = wire_encode (&order, frame);
    uint64_t answered = 0;
    for (size_t cut = 0; cut < size; cut++) {
        forget ();
        registrar_operator (registrar, bytes_of ("A", 1), true, "",
                            bytes_of (frame, cut));
        take_sent ();
        assert_int_equal (to_brokers.count, 0);
        if (to_operators.count > 0)
            answered += to_operators.sent[0].message.command == WIRE_REFUSED;
        storage_serves (); // what is left of a reason is one
        if (draw_finished (draw ()))
            break;
    }
    assert_true (answered > 10);
    assert_true (registrar_strays (registrar) >= 4);
    const wire_message_t hello = {.command = WIRE_HELLO, .agency = 1};
    const uint64_t strays = registrar_strays (registrar);
    size = wire_encode (&hello, frame);
    forget ();
    registrar_operator (registrar, bytes_of ("A", 1), true, "", bytes_of (frame, size));
    take_sent ();
    sent_nothing ();
    assert_int_equal (registrar_strays (registrar), strays + 1);
}

static void before_all_is_known_nobody_gives_orders (void **state)
{
    (void) state;
    tick (0);
    give ('A', ORDER_CLOSE, "first", "");
    refused_operator ('A', REFUSED_UNAVAILABLE);
    const wire_message_t list = {.command = WIRE_LIST};
    order_by ('A', &list);
    refused_operator ('A', REFUSED_UNAVAILABLE);
    tick (ASK_AGAIN_MS);
    storage_serves ();
    give ('A', ORDER_CLOSE, "first", "");
    storage_serves ();
    is_ordered ('A');
}

/* ---- What is lost, late or asked twice ---- */

static void an_order_is_asked_for_until_storage_answers (void **state)
{
    (void) state;
    give ('A', ORDER_CLOSE, "first", "");
    for (int i = 0; i < 3; i++) {
        storage_answers_in_vain (kept (0));
        assert_int_equal (events_of (EVENT_CLOSED), 1);
        tick (ASK_AGAIN_MS - 1);
        sent_nothing ();
        tick (1);
        asked_to_record (EVENT_CLOSED);
    }
    storage_serves ();
    is_ordered ('A');
    assert_int_equal (events_of (EVENT_CLOSED), 1);
}

static void a_draw_whose_opening_was_not_answered_is_opened_once (void **state)
{
    (void) state;
    const wire_message_t order =
        opening_of ("nocturna", AGENCIES, SOURCE_RANDOM, CLOSES_NEVER);
    order_by ('A', &order);
    for (int i = 0; i < 3; i++) {
        storage_answers_in_vain (kept (0));
        tick (ASK_AGAIN_MS);
        asked_to_record (EVENT_OPENED);
    }
    storage_serves ();
    is_ordered ('A');
    assert_int_equal (book.count, 2);
}

static void the_same_order_from_the_same_place_is_one (void **state)
{
    (void) state;
    give ('A', ORDER_CLOSE, "first", "because");
    give ('A', ORDER_CLOSE, "first", "because");
    sent_nothing ();
    give ('A', ORDER_CLOSE, "", "because");
    sent_nothing ();
    tick (ASK_AGAIN_MS);
    storage_serves ();
    assert_int_equal (to_operators.count, 1);
    is_ordered ('A');
}

/* One behind the other: the first one's is carried out. */
static void of_two_orders_at_once_one_is_carried_out (void **state)
{
    (void) state;
    open_draw ("nocturna", SOURCE_ENTERED, CLOSES_NEVER);
    ordered (ORDER_CLOSE, "nocturna", "");
    for (uint32_t second = 1235; second >= 1234; second--) {
        if (second == 1234) {
            open_draw ("again", SOURCE_ENTERED, CLOSES_NEVER);
            ordered (ORDER_CLOSE, "again", "");
        }
        const char *name = second == 1234 ? "again" : "nocturna";
        const wire_message_t one = order_number (name, 1234),
                             other = order_number (name, second);
        order_by ('A', &one);
        const sent_t asked = kept (0);
        order_by ('B', &other);
        sent_nothing (); // it waits
        storage_serves_one (asked);
        assert_int_equal (to_operators.count, 2);
        is_ordered ('A');
        assert_int_equal (to_operators.sent[1].who, 'B');
        assert_int_equal (to_operators.sent[1].message.refused.code, REFUSED_PHASE);
        assert_int_equal (draw_number (draw_named (name)), 1234);
    }
}

/* Storage closes it at its hour while the order is on its way. */
static void an_order_that_comes_too_late_is_judged_anew (void **state)
{
    (void) state;
    open_draw ("nocturna", SOURCE_RANDOM, WALL_MS + 3600000);
    give ('A', ORDER_CLOSE, "nocturna", "");
    const sent_t asked = kept (0);
    const wire_message_t closed = hour_comes (&book.draws[1]);
    const wire_message_t gap =
        refusal (&asked.message, REFUSED_GAP, 0, book.draws[1].count);
    arrives (&asked.envelope, &gap); // the event itself was lost
    assert_int_equal (asked_for_itself (WIRE_REPLAY)->replay.from, 1);
    storage_serves ();
    assert_int_equal (to_operators.count, 1);
    assert_int_equal (to_operators.sent[0].message.refused.code, REFUSED_PHASE);
    assert_int_equal (phase_of ("nocturna"), PHASE_DRAWN);
    assert_int_equal (events_in (&book.draws[1], EVENT_CLOSED), 1);
    arrives_unasked (&closed); // and comes late
    sent_nothing ();
    assert_int_equal (registrar_strays (registrar), 0);
}

/* The seal of an agency came between: at once with what is known now. */
static void an_order_from_a_stale_view_is_asked_again (void **state)
{
    (void) state;
    give ('A', ORDER_VOID, "first", "");
    const sent_t asked = kept (0);
    ask_ready (1);
    storage_serves ();
    forget ();
    storage_serves_one (asked); // GAP
    const wire_record_t *record = &asked_for_itself (WIRE_RECORD)->record;
    assert_int_equal (record->event.kind, EVENT_VOIDED);
    assert_true (record->seen == the_kept ()->sequences[1]);
    storage_serves ();
    is_ordered ('A');
}

/* A GAP that tells nothing new is no reason to ask at once, and for ever. */
static void an_order_that_storage_does_not_take_is_given_up (void **state)
{
    (void) state;
    give ('A', ORDER_VOID, "first", "");
    size_t asked = 0;
    for (int64_t passed = 0; passed < ORDER_PATIENCE_MS; passed += ASK_AGAIN_MS) {
        const sent_t record = kept (0);
        const wire_message_t gap =
            refusal (&record.message, REFUSED_GAP, 0, the_kept ()->count);
        arrives (&record.envelope, &gap);
        sent_nothing ();
        asked++;
        tick (ASK_AGAIN_MS);
    }
    assert_int_equal (asked, ORDER_PATIENCE_MS / ASK_AGAIN_MS);
    assert_non_null (strstr (refused_operator ('A', REFUSED_UNAVAILABLE),
                             "may have been carried out"));
    tick (1);
    storage_serves (); // whether it was
    assert_false (registrar_wants (registrar));
    assert_int_equal (facts ()->phase, PHASE_OPEN);
}

/* It was, and what storage said was lost: that is found out. */
static void what_was_given_up_may_have_been_carried_out (void **state)
{
    (void) state;
    const wire_message_t opened =
        opening_of ("nocturna", AGENCIES, SOURCE_RANDOM, CLOSES_NEVER);
    for (int recorded = 0; recorded <= 1; recorded++) {
        setup (NULL);
        order_by ('A', &opened);
        const sent_t opening = kept (0);
        give ('B', ORDER_CLOSE, "first", "");
        const sent_t closing = kept (0);
        if (recorded) {
            storage_answers_in_vain (opening);
            storage_answers_in_vain (closing);
        }
        reachable = false;
        tick (ORDER_PATIENCE_MS);
        assert_int_equal (to_operators.count, 2);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal (to_operators.sent[i].message.refused.code,
                              REFUSED_UNAVAILABLE);
        reachable = true;
        tick (1);
        storage_serves ();
        assert_int_equal (to_operators.count, 0);
        assert_true (draw_made (draw ()) == recorded);
        assert_true ((draw_named ("nocturna") != NULL) == recorded);
        assert_int_equal (book.count, 1 + recorded);
        assert_false (registrar_wants (registrar));
        assert_int_equal (registrar_strays (registrar), 0);
    }
}

static void without_storage_orders_are_refused (void **state)
{
    (void) state;
    reachable = false;
    tick (1);
    give ('A', ORDER_CLOSE, "first", "");
    refused_operator ('A', REFUSED_UNAVAILABLE);
    reachable = true;
    tick (1);
    storage_serves ();
    give ('A', ORDER_CLOSE, "first", "");
    reachable = false;
    tick (ORDER_PATIENCE_MS - 1);
    sent_nothing ();
    assert_true (registrar_wants (registrar));
    assert_int_equal (registrar_deadline (registrar), now_ms + 1);
    tick (1);
    refused_operator ('A', REFUSED_UNAVAILABLE);
}

static void when_storage_is_back_it_is_asked_at_once (void **state)
{
    (void) state;
    give ('A', ORDER_CLOSE, "first", "");
    reachable = false;
    tick (10);
    sent_nothing ();
    reachable = true;
    tick (10);
    size_t records = 0;
    for (size_t i = 0; i < to_storage.count; i++)
        records += to_storage.sent[i].message.command == WIRE_RECORD;
    assert_int_equal (records, 1);
    storage_serves ();
    is_ordered ('A');
}

static void so_many_orders_are_under_way (void **state)
{
    (void) state;
    char name[DRAW_NAME_BYTES_MAX + 1];
    for (int i = 0; i <= ORDERS_MAX; i++) {
        snprintf (name, sizeof name, "d%d", i);
        const wire_message_t order =
            opening_of (name, 1, SOURCE_RANDOM, CLOSES_ALL_ASKED);
        order_by ('A', &order);
        if (i < ORDERS_MAX)
            asked_to_record (EVENT_OPENED);
    }
    refused_operator ('A', REFUSED_BUSY);
    tick (ASK_AGAIN_MS);
    assert_int_equal (to_storage.count, ORDERS_MAX);
    storage_serves ();
    assert_int_equal (to_operators.count, ORDERS_MAX);
    assert_int_equal (draws_count (registrar_draws (registrar)), ORDERS_MAX + 1);
}

/* ---- Chance ---- */

static void chance_has_its_say_once (void **state)
{
    (void) state;
    const uint64_t draw = open_draw ("nocturna", SOURCE_RANDOM, CLOSES_NEVER);
    give ('A', ORDER_CLOSE, "nocturna", "");
    storage_serves_one (kept (0));
    assert_int_equal (to_storage.sent[1].message.record.event.kind, EVENT_DRAWN);
    const uint32_t number = to_storage.sent[1].message.record.event.number;
    assert_in_range (number, 0, HIGHEST);
    for (int i = 0; i < 5; i++) {
        tick (ASK_AGAIN_MS);
        assert_int_equal (asked_to_record (EVENT_DRAWN)->number, number);
        assert_true (to_storage.sent[0].message.draw == draw);
    }
    storage_answers_in_vain (kept (0));
    start_and_open (); // another life would have drawn another one
    assert_int_equal (draw_number (draw_named ("nocturna")), number);
    assert_int_equal (events_in (&book.draws[1], EVENT_DRAWN), 1);
}

/* ---- The list ---- */

static void ask_list (uint32_t from)
{
    const wire_message_t list = {.command = WIRE_LIST, .from = from};
    order_by ('L', &list);
}

static void the_list_tells_how_each_draw_is (void **state)
{
    (void) state;
    open_draw ("nocturna", SOURCE_ENTERED, WALL_MS + 5000);
    seal (1);
    const wire_message_t excuse = order_excuse ("first", 2);
    order_by ('A', &excuse);
    storage_serves ();
    ask_list (0);
    assert_int_equal (to_operators.count, 2);
    const sent_t *sent = &to_operators.sent[0];
    const wire_draw_t *first = &sent->message.listed;
    assert_true (sent->message.draw == the_draw ());
    assert_true (bytes_equal (first->name, bytes_of ("first", 5)));
    assert_int_equal (first->index, 0);
    assert_int_equal (first->total, 2);
    assert_int_equal (first->phase, PHASE_OPEN);
    assert_int_equal (first->source, SOURCE_FIXED);
    assert_int_equal (first->agencies, AGENCIES);
    assert_int_equal (first->ready, 1);
    assert_int_equal (first->excused, 1);
    assert_int_equal (first->served, 0);
    assert_int_equal (first->number, 0); // a secret, until it is drawn
    assert_int_equal (first->highest, HIGHEST);
    assert_true (first->opened_ms == WALL_MS && first->closes_ms == 0 &&
                 first->closed_ms == 0 && first->drawn_ms == 0);
    const wire_draw_t *second = &to_operators.sent[1].message.listed;
    assert_int_equal (second->index, 1);
    assert_true (second->closes_ms == WALL_MS + 5000);
    seal (3);
    ask_done (3);
    storage_serves ();
    ask_list (0);
    first = &to_operators.sent[0].message.listed;
    assert_int_equal (first->phase, PHASE_DRAWN);
    assert_int_equal (first->number, NUMBER);
    assert_int_equal (first->served, 1);
    assert_true (first->closed_ms == wall_ms && first->drawn_ms == wall_ms);
}

static void a_long_list_is_told_in_pages (void **state)
{
    (void) state;
    char name[DRAW_NAME_BYTES_MAX + 1];
    for (int i = 1; i < 2 * LIST_DRAWS + 5; i++) {
        snprintf (name, sizeof name, "d%d", i);
        open_draw (name, SOURCE_RANDOM, CLOSES_NEVER);
    }
    uint32_t seen = 0;
    while (seen < 2 * LIST_DRAWS + 5) {
        ask_list (seen);
        assert_in_range (to_operators.count, 1, LIST_DRAWS);
        for (size_t i = 0; i < to_operators.count; i++) {
            const wire_draw_t *draw = &to_operators.sent[i].message.listed;
            assert_int_equal (draw->index, seen++);
            assert_int_equal (draw->total, 2 * LIST_DRAWS + 5);
        }
    }
    static const uint32_t beyond[] = {2 * LIST_DRAWS + 5, UINT32_MAX};
    for (size_t i = 0; i < 2; i++) { // there is an answer all the same
        ask_list (beyond[i]);
        const wire_draw_t *draw = &told_operator ('L', WIRE_DRAW)->listed;
        assert_int_equal (draw->name.size, 0);
        assert_int_equal (draw->total, 0);
    }
}

static void an_empty_list_is_told_as_well (void **state)
{
    (void) state;
    terms.name[0] = 0;
    start_and_open ();
    ask_list (0);
    const wire_draw_t *draw = &told_operator ('L', WIRE_DRAW)->listed;
    assert_int_equal (draw->total, 0);
    assert_int_equal (draw->name.size, 0);
    give ('A', ORDER_CLOSE, "", "");
    assert_string_equal (refused_operator ('A', REFUSED_DRAW), "no draw is on sale");
}

/* ---- What the log says ---- */

static void orders_for_the_log (void)
{
    const wire_message_t opened =
        opening_of ("nocturna", AGENCIES, SOURCE_ENTERED, CLOSES_NEVER);
    order_by ('A', &opened);
    storage_serves ();
    give ('A', ORDER_CLOSE, "nocturna", "the bell rang [ana@central]");
    storage_serves ();
    const wire_message_t number = order_number ("nocturna", 4321);
    order_by ('A', &number);
    storage_serves ();
    give ('A', ORDER_VOID, "nocturna", "too late [eva@central]");
    wire_message_t excuse = order_excuse ("first", 2);
    order_by ('A', &excuse);
    storage_serves ();
    excuse.agency = 3;
    excuse.order.note = bytes_of ("no power", 8);
    order_by ('A', &excuse);
    storage_serves ();
    uint8_t frame[WIRE_SMALL_BYTES_MAX];
    const wire_message_t list = {.command = WIRE_LIST};
    const wire_message_t close = order_of (ORDER_CLOSE, "first", "");
    registrar_operator (registrar, bytes_of ("W", 1), false, "",
                        bytes_of (frame, wire_encode (&list, frame)));
    tick (60000); // such lines are few
    registrar_operator (registrar, bytes_of ("W", 1), false, "key=Ab3d",
                        bytes_of (frame, wire_encode (&close, frame)));
    take_sent ();
}

static void each_order_is_one_line (void **state)
{
    (void) state;
    static const char *const lines[] = {
        "action: orden | result: success | order: open | draw: nocturna",
        "action: apertura | result: success | draw: nocturna | agencies: 3",
        "action: orden | result: success | order: close | draw: nocturna",
        "| by: ana@central | reason: the bell rang\n",
        "action: cierre | result: success | draw: nocturna",
        "excused: 0 | reason: the bell rang\n",
        "action: orden | result: success | order: number | draw: nocturna",
        "action: orden | result: fail | order: void | draw: nocturna | code: PHASE | "
        "by: "
        "eva@central | reason: nocturna is drawn",
        "order: excuse | draw: first | agency: 2 | sequence: ",
        "order: excuse | draw: first | agency: 3 | sequence: ",
        "| by: - | reason: no power\n",
        "action: orden | result: fail | order: list | code: KEY | by: - | reason: ",
        "action: orden | result: fail | order: close | code: KEY | by: key=Ab3d | ",
    };
    for (size_t i = 0; i < COUNT (lines); i++) {
        setup (NULL);
        if (logged (lines[i], orders_for_the_log) != 1)
            fail_msg ("%s", lines[i]);
    }
    setup (NULL); // who is refused is told what it is, once it is drawn
    assert_int_equal (logged ("4321", orders_for_the_log), 1);
}

#define OPENED(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
#define CLOSED(name) cmocka_unit_test_setup_teardown (name, setup_closed, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        OPENED (a_draw_is_opened),
        OPENED (a_draw_is_closed_and_made),
        OPENED (a_number_is_entered_and_winners_are_told),
        OPENED (an_agency_is_excused_and_the_others_draw_goes_on),
        OPENED (a_void_draw_is_told_to_who_waits),
        OPENED (what_is_not_said_is_as_it_is_here),
        OPENED (without_a_name_the_one_is_meant_that_is_open),
        OPENED (a_draw_that_was_over_long_ago_is_said_to_be),
        OPENED (a_draw_that_cannot_be_looked_up_was_not_changed),
        OPENED (what_is_so_already_is_refused_and_told),
        OPENED (what_storage_refuses_is_told_to_who_ordered_it),
        OPENED (who_may_not_is_refused),
        OPENED (the_key_is_part_of_the_note),
        OPENED (what_is_no_order_is_not_carried_out),
        CLOSED (before_all_is_known_nobody_gives_orders),
        OPENED (an_order_is_asked_for_until_storage_answers),
        OPENED (a_draw_whose_opening_was_not_answered_is_opened_once),
        OPENED (the_same_order_from_the_same_place_is_one),
        OPENED (of_two_orders_at_once_one_is_carried_out),
        OPENED (an_order_that_comes_too_late_is_judged_anew),
        OPENED (an_order_from_a_stale_view_is_asked_again),
        OPENED (an_order_that_storage_does_not_take_is_given_up),
        OPENED (what_was_given_up_may_have_been_carried_out),
        OPENED (without_storage_orders_are_refused),
        OPENED (when_storage_is_back_it_is_asked_at_once),
        OPENED (so_many_orders_are_under_way),
        OPENED (chance_has_its_say_once),
        OPENED (the_list_tells_how_each_draw_is),
        OPENED (a_long_list_is_told_in_pages),
        CLOSED (an_empty_list_is_told_as_well),
        OPENED (each_order_is_one_line),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_state.c - states that are killed and superseded, a storage that loses
   messages and is restarted, agencies, operators and the clock: all of it at random. */

#include "state_day.h"

static uint64_t random_state;

#define STATES 2

typedef struct {
    registrar_t *registrar;
    mail_t at_storage, back; // under way
    mail_t left;             // by those that were killed, and still to be read
} walker_t;

typedef struct {
    walker_t states[STATES];
    size_t restarts, superseded, ordered, refused, voided;
} walk_t;

static void move (mail_t *to, const sent_t *sent)
{
    if (to->count == COUNT (to->sent))
        return; // as when a queue is full
    sent_t *copy = &to->sent[to->count++];
    *copy = *sent;
    wire_decode (bytes_of (copy->bytes, wire_size (&sent->message)), &copy->message);
}

static uint64_t complete_in (const kept_t *kept)
{
    return draw_facts (kept->judge)->complete;
}

/* Nothing is told that storage has not recorded. */
static void check_answer (const wire_message_t *message)
{
    const kept_t *kept = book_find (message->draw);
    const wire_event_t served = {.kind = EVENT_SERVED, .agency = message->agency};
    if (message->command == WIRE_WAITING)
        assert_true (message->waiting.ready <= complete_in (kept));
    else if (message->command == WIRE_GOODBYE)
        assert_true (event_like (kept, &served) != UINT64_MAX);
    else if (message->command == WIRE_REFUSED && message->refused.code == REFUSED_VOID)
        assert_int_equal (draw_facts (kept->judge)->phase, PHASE_VOID);
}

static void check_ordered (const wire_message_t *message)
{
    const kept_t *kept = book_find (message->draw);
    uint64_t found = 0;
    for (uint64_t i = 0; i < kept->count; i++)
        found += kept->sequences[i] == message->ordered.sequence;
    assert_int_equal (found, 1);
}

static void check_told (walk_t *walk)
{
    for (size_t i = 0; i < to_brokers.count; i++)
        check_answer (&to_brokers.sent[i].message);
    for (size_t i = 0; i < to_operators.count; i++) {
        const wire_message_t *message = &to_operators.sent[i].message;
        const bool ordered = message->command == WIRE_ORDERED;
        if (ordered)
            check_ordered (message);
        walk->ordered += ordered;
        walk->refused += !ordered;
    }
    for (size_t i = 0; i < to_storage.count; i++) {
        const wire_message_t *message = &to_storage.sent[i].message;
        if (message->command != WIRE_FIND)
            continue;
        const draw_t *judge = book_find (message->draw)->judge;
        assert_true (draw_made (judge));
        assert_int_equal (message->find.number, draw_number (judge));
    }
}

static void walker_sends (walk_t *walk, walker_t *walker)
{
    take_sent ();
    check_told (walk);
    for (size_t i = 0; i < to_storage.count; i++)
        if (random_below (&random_state, 5))
            move (&walker->at_storage, &to_storage.sent[i]);
    forget ();
}

static void walker_starts (walk_t *walk, walker_t *walker)
{
    registrar_destroy (&walker->registrar);
    walker->registrar = (++own, new_registrar ());
    for (size_t i = 0; i < walker->at_storage.count; i++)
        if (random_below (&random_state, 2))
            move (&walker->left, &walker->at_storage.sent[i]);
    walker->at_storage.count = walker->back.count = 0;
    walk->restarts++;
}

/* To be looked at again, as what it borrows has moved. */
static sent_t taken (mail_t *mail, size_t which)
{
    sent_t sent = mail->sent[which];
    memmove (&mail->sent[which], &mail->sent[which + 1],
             (--mail->count - which) * sizeof (sent_t));
    for (size_t i = which; i < mail->count; i++)
        look_again (&mail->sent[i]);
    return sent;
}

/* Of what the dead have left; its answers reach nobody. */
static void storage_takes_one_of_the_dead (walker_t *walker)
{
    static wire_message_t answers[REPLAY_EVENTS];
    if (walker->left.count == 0)
        return;
    sent_t asked = taken (&walker->left, 0);
    look_again (&asked);
    storage_answers (&asked, answers);
}

/* In order, mostly: a connection that was lost may have left something behind. */
static void storage_takes_one (walker_t *walker, bool in_order)
{
    static wire_message_t answers[REPLAY_EVENTS];
    if (random_below (&random_state, 4) == 0)
        storage_takes_one_of_the_dead (walker);
    if (walker->at_storage.count == 0)
        return;
    const size_t which =
        in_order || random_below (&random_state, 8)
            ? 0
            : (size_t) random_below (&random_state, walker->at_storage.count);
    sent_t asked = taken (&walker->at_storage, which);
    look_again (&asked);
    const size_t count = storage_answers (&asked, answers);
    for (size_t i = 0; i < count; i++)
        if (random_below (&random_state, 6)) {
            sent_t answer = {.envelope = asked.envelope};
            answer.message = answers[i];
            wire_encode (&answers[i], answer.bytes);
            move (&walker->back, &answer);
        }
}

static void walker_hears_one (walk_t *walk, walker_t *walker)
{
    if (walker->back.count == 0)
        return;
    sent_t answer = taken (&walker->back, 0);
    look_again (&answer);
    bundle_t bundle = {0};
    bundle_write (&bundle, &answer.envelope, &answer.message);
    registrar = walker->registrar;
    registrar_answers (registrar, bytes_of (bundle.data, bundle.size));
    bundle_clear (&bundle);
    walker_sends (walk, walker);
}

static void agency_asks (walk_t *walk, walker_t *walker)
{
    const uint32_t agency = 1 + (uint32_t) random_below (&random_state, AGENCIES);
    registrar = walker->registrar;
    switch (random_below (&random_state, 8)) {
    case 0:
        ask_hello (agency);
        break;
    case 1:
        ask_done (agency);
        break;
    case 2:
        ask_results (agency, 0);
        break;
    default:
        ask_ready (agency);
    }
    walker_sends (walk, walker);
}

static void walker_ticks (walk_t *walk, walker_t *walker)
{
    now_ms += (int64_t) random_below (&random_state, ASK_AGAIN_MS);
    registrar = walker->registrar;
    wall_ms = WALL_MS + (uint64_t) now_ms;
    registrar_tick (registrar, now_ms, wall_ms, random_below (&random_state, 10) > 0);
    walker_sends (walk, walker);
}

static bool all_served (void)
{
    return events_of (EVENT_SERVED) == AGENCIES;
}

/* One draw a day, whatever is lost on the way, however often state is killed, and
   though another one is started now and then: a superseded one is never heard. */
static void there_is_one_draw_whatever_happens (void **state)
{
    (void) state;
    static walk_t walk;
    registrar_destroy (&registrar);
    random_state = 37;
    for (int day = 0; day < 300; day++) {
        new_book ();
        for (size_t i = 0; i < STATES; i++) {
            walker_starts (&walk, &walk.states[i]);
            walk.states[i].left.count = 0; // of another draw
        }
        int steps = 0;
        for (; !all_served () && steps < 40000; steps++) {
            walker_t *walker = &walk.states[random_below (&random_state, 20) ? 0 : 1];
            const size_t what = random_below (&random_state, 80);
            if (what < 30)
                agency_asks (&walk, walker);
            else if (what < 50)
                storage_takes_one (walker, false);
            else if (what < 70)
                walker_hears_one (&walk, walker);
            else if (what < 77)
                walker_ticks (&walk, walker);
            else if (what == 77)
                book.full = !book.full;
            else if (what == 78) // storage is restarted: what is under way is lost
                walker->at_storage.count = walker->back.count = walker->left.count = 0;
            else if (random_below (&random_state, 20) == 0)
                walker_starts (&walk, walker); // killed
            const registrar_stage_t stage = registrar_stage (walker->registrar);
            assert_true (stage <= REGISTRAR_SUPERSEDED);
            if (stage == REGISTRAR_SUPERSEDED) { // somebody starts it again
                walk.superseded++;
                walker_starts (&walk, walker);
            }
            assert_true (events_of (EVENT_DRAWN) <= 1);
        }
        assert_true (all_served ()); // there was time enough
        assert_int_equal (events_of (EVENT_OPENED), 1);
        assert_int_equal (events_of (EVENT_SEALED), AGENCIES);
        assert_int_equal (events_of (EVENT_DRAWN), 1);
        assert_int_equal (the_kept ()->count, 2 + 2 * AGENCIES);
    }
    assert_true (walk.restarts > 500 && walk.superseded > 50);
    registrar = NULL;
    for (size_t i = 0; i < STATES; i++)
        registrar_destroy (&walk.states[i].registrar);
}

/* One after the other, each killed somewhere on the way; what it sent may be read when
   the next one was heard already, or never. */
static void nobody_is_superseded_by_those_before_it (void **state)
{
    (void) state;
    static walk_t walk;
    walker_t *walker = &walk.states[0];
    registrar_destroy (&registrar);
    random_state = 41;
    new_book ();
    walker_starts (&walk, walker);
    int opened = 0;
    for (int steps = 0; steps < 400000; steps++) {
        const size_t what = random_below (&random_state, 40);
        if (what < 15)
            storage_takes_one (walker, false);
        else if (what < 30)
            walker_hears_one (&walk, walker);
        else if (what < 38)
            walker_ticks (&walk, walker);
        else if (random_below (&random_state, 4) == 0)
            walker_starts (&walk, walker);
        const registrar_stage_t stage = registrar_stage (walker->registrar);
        assert_true (stage <= REGISTRAR_OPEN);
        opened += stage == REGISTRAR_OPEN;
    }
    assert_true (opened > 1000 && walk.restarts > 1000);
    registrar = NULL;
    registrar_destroy (&walker->registrar);
}

/* ---- Many draws ---- */

#define DRAWS 4

static const kept_t *some_draw (void)
{
    return &book.draws[random_below (&random_state, book.count)];
}

static void agency_asks_about_some (walk_t *walk, walker_t *walker)
{
    const kept_t *kept = some_draw ();
    const uint32_t agency = 1 + (uint32_t) random_below (&random_state, AGENCIES);
    registrar = walker->registrar;
    switch (random_below (&random_state, 6)) {
    case 0:
        ask_hello_to (agency, kept->name);
        break;
    case 1:
        ask_done_in (kept->identity, agency);
        break;
    case 2:
        ask_results_in (kept->identity, agency, 0);
        break;
    default:
        ask_ready_in (kept->identity, agency);
    }
    walker_sends (walk, walker);
}

/* By one of three, now and then the same one again. */
static void operator_orders_something (walk_t *walk, walker_t *walker)
{
    static const wire_order_kind_t kinds[] = {ORDER_CLOSE,  ORDER_NUMBER, ORDER_NUMBER,
                                              ORDER_EXCUSE, ORDER_OPEN,   ORDER_VOID};
    static const uint8_t sources[] = {SOURCE_FIXED, SOURCE_ENTERED, SOURCE_RANDOM};
    const wire_order_kind_t kind = kinds[random_below (&random_state, COUNT (kinds))];
    const uint8_t who = (uint8_t) ('A' + random_below (&random_state, 3));
    char name[DRAW_NAME_BYTES_MAX + 1];
    snprintf (name, sizeof name, "d%u", (unsigned) random_below (&random_state, DRAWS));
    wire_message_t order =
        kind == ORDER_OPEN
            ? opening_of (name, AGENCIES, sources[random_below (&random_state, 3)],
                          random_below (&random_state, 2) ? CLOSES_NEVER
                                                          : CLOSES_ALL_ASKED)
            : order_of (kind, random_below (&random_state, 4) ? name : "", "");
    if (kind == ORDER_VOID && random_below (&random_state, 4))
        return; // it would be over too soon
    if (kind == ORDER_NUMBER)
        order.order.number = (uint32_t) random_below (&random_state, HIGHEST + 2);
    if (kind == ORDER_EXCUSE)
        order.agency = 1 + (uint32_t) random_below (&random_state, AGENCIES);
    registrar = walker->registrar;
    order_by (who, &order);
    walker_sends (walk, walker);
}

/* Storage's clock: what it says of that may be lost, or come late. */
static void hour_of_some_comes (walker_t *walker)
{
    kept_t *kept = &book.draws[random_below (&random_state, book.count)];
    if (draw_facts (kept->judge)->phase != PHASE_OPEN ||
        draw_facts (kept->judge)->closes_ms == CLOSES_ALL_ASKED)
        return;
    const wire_message_t message = hour_comes (kept);
    sent_t told = {.message = message};
    wire_encode (&message, told.bytes);
    if (random_below (&random_state, 2))
        move (&walker->back, &told);
}

static void walker_settles (walk_t *walk, walker_t *walker)
{
    registrar = walker->registrar;
    walker->at_storage.count = walker->back.count = 0;
    book.full = false;
    for (int i = 0; i < 40; i++) {
        reachable = i > 0; // what was lost is asked for
        tick (ORDER_PATIENCE_MS);
        check_told (walk);
        storage_serves ();
        check_told (walk);
    }
    forget ();
}

static void is_as_storage_says (void)
{
    stage_is (REGISTRAR_OPEN);
    for (size_t i = 0; i < book.count; i++) {
        const kept_t *kept = &book.draws[i];
        const live_t *live = live_of (kept->identity);
        assert_non_null (live);
        assert_int_equal (draw_facts (live->draw)->phase,
                          draw_facts (kept->judge)->phase);
        // of one that is made more may have happened, which its agencies ask for again
        assert_true (live->applied == kept->count || draw_made (kept->judge));
        if (live->applied == kept->count)
            assert_memory_equal (draw_facts (live->draw), draw_facts (kept->judge),
                                 sizeof (draw_facts_t));
        assert_true (draw_number (live->draw) == draw_number (kept->judge));
        assert_false (draw_due (live->draw)); // what was due is made
        assert_true (events_in (kept, EVENT_DRAWN) + events_in (kept, EVENT_VOIDED) <=
                     1);
        assert_true (events_in (kept, EVENT_CLOSED) <= 1);
    }
}

/* What state knows is what storage has recorded, each draw has one number at most, and
   each order is carried out or refused. */
static void draws_are_what_storage_says_whatever_happens (void **state)
{
    (void) state;
    static walk_t walk;
    size_t drawn = 0, voided = 0, closed = 0;
    registrar_destroy (&registrar);
    random_state = 43;
    for (int day = 0; day < 300; day++) {
        new_book ();
        walker_t *walker = &walk.states[0];
        walker_starts (&walk, walker);
        walker->left.count = 0;
        registrar = walker->registrar;
        reachable = true;
        tick (0);
        storage_serves (); // its own draw is there
        forget ();
        for (int steps = 0; steps < 1500; steps++) {
            const size_t what = random_below (&random_state, 100);
            if (what < 25)
                agency_asks_about_some (&walk, walker);
            else if (what < 32)
                operator_orders_something (&walk, walker);
            else if (what < 57)
                storage_takes_one (walker, true);
            else if (what < 84)
                walker_hears_one (&walk, walker);
            else if (what < 95)
                walker_ticks (&walk, walker);
            else if (what == 95)
                book.full = random_below (&random_state, 4) == 0;
            else if (what == 96 && random_below (&random_state, 4) == 0)
                hour_of_some_comes (walker);
            else if (what == 97 && random_below (&random_state, 4) == 0)
                walker->at_storage.count = walker->back.count = walker->left.count = 0;
            else if (what == 98 && random_below (&random_state, 20) == 0)
                walker_starts (&walk, walker);
            assert_true (registrar_stage (walker->registrar) <= REGISTRAR_OPEN);
        }
        walker_settles (&walk, walker);
        is_as_storage_says ();
        for (size_t i = 0; i < book.count; i++) {
            drawn += draw_made (book.draws[i].judge);
            voided += draw_facts (book.draws[i].judge)->phase == PHASE_VOID;
            closed += events_in (&book.draws[i], EVENT_CLOSED);
        }
    }
    assert_true (drawn > 300 && voided > 100 && closed > 100);
    assert_true (walk.ordered > 500 && walk.refused > 500 && walk.restarts > 400);
    registrar = NULL;
    registrar_destroy (&walk.states[0].registrar);
}

#define WALK_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        WALK_TEST (there_is_one_draw_whatever_happens),
        WALK_TEST (nobody_is_superseded_by_those_before_it),
        WALK_TEST (draws_are_what_storage_says_whatever_happens),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_notary.c - provable draws between agencies, operators, a state that
   is restarted, and a storage whose answers are lost: whatever happens, there is one
   open note, one seal, one result. */

#include "state_day.h"

#include "hex.h"
#include "parties.h"

static parties_t parties;

static int load_signers (void *context, signers_t *signers, char *why)
{
    (void) context;
    (void) why;
    *signers = (signers_t){PARTIES, malloc (sizeof parties.signer)};
    assert_non_null (signers->of);
    memcpy (signers->of, parties.signer, sizeof parties.signer);
    return 0;
}

/* A storage of this draw and nothing else, and a state that has not started. */
static void begin (terms_closing_t closing)
{
    new_book ();
    parties_begin (&parties, false);
    terms = (terms_t){.name = "noche",
                      .agencies = AGENCIES,
                      .highest = HIGHEST,
                      .source = SOURCE_PROVABLE};
    closes = (terms_closes_t){.closing = closing};
    schedule = NULL;
    notary_keys = (notary_options_t){.central = "nacional",
                                     .pair = &parties.pair,
                                     .commit_s = 600,
                                     .least = 2,
                                     .signers = load_signers};
    own = OWN;
    draws_kept = 0;
    ticket = 0;
    now_ms = 1000;
    wall_ms = WALL_MS;
}

static int setup_provable (void **state)
{
    (void) state;
    begin (TERMS_ALL_ASKED);
    start_and_open ();
    return 0;
}

static const provable_t *notes (void)
{
    return draw_provable (draw ());
}

static bytes_t kept_text (wire_event_kind_t kind)
{
    const kept_t *kept = the_kept ();
    for (uint64_t i = 0; i < kept->count; i++)
        if (kept->events[i].kind == kind)
            return kept->events[i].text;
    return bytes_of (NULL, 0);
}

static size_t kept_events (wire_event_kind_t kind)
{
    const kept_t *kept = the_kept ();
    size_t count = 0;
    for (uint64_t i = 0; i < kept->count; i++)
        count += kept->events[i].kind == kind;
    return count;
}

static void ask_commit (uint32_t agency)
{
    wire_message_t message = {
        .command = WIRE_COMMIT, .agency = agency, .draw = the_draw ()};
    message.commit = parties_commit (&parties, provable_open (notes ()),
                                     provable_hash (notes ()), agency, false);
    ask (agency, &message);
}

static wire_message_t reveal_of (uint32_t agency)
{
    const bytes_t seal = parties_text (kept_text (EVENT_LOCKED));
    return (wire_message_t){.command = WIRE_REVEAL,
                            .agency = agency,
                            .draw = the_draw (),
                            .reveal = parties_reveal (&parties, seal, agency)};
}

static void ask_reveal (uint32_t agency)
{
    const wire_message_t message = reveal_of (agency);
    ask (agency, &message);
}

/* Storage answers all; what state says to brokers is kept. */
static void served (void)
{
    to_brokers.count = 0;
    storage_serves ();
}

static void orders (wire_order_kind_t kind, uint32_t agency)
{
    wire_message_t message = order_of (kind, "noche", "why not");
    message.agency = agency;
    order_by ('o', &message);
    storage_serves ();
}

static void assert_ordered (void)
{
    assert_int_equal (to_operators.count, 1);
    assert_string_equal (wire_command_name (to_operators.sent[0].message.command),
                         "ORDERED");
}

static const char *assert_denied (wire_code_t code)
{
    static char text[REFUSAL_TEXT_MAX + 1];
    assert_int_equal (to_operators.count, 1);
    const wire_message_t *message = &to_operators.sent[0].message;
    assert_string_equal (wire_command_name (message->command), "REFUSED");
    assert_string_equal (wire_code_name (message->refused.code), wire_code_name (code));
    snprintf (text, sizeof text, "%.*s", (int) message->refused.text.size,
              (const char *) message->refused.text.data);
    return text;
}

/* ---- How it goes ---- */

static void nobody_is_let_in_before_the_open_note (void **state)
{
    (void) state;
    begin (TERMS_ALL_ASKED);
    own++;
    start ();
    tick (0);
    storage_serves_one (kept (0));              // it is registered
    sent_t asked = kept (to_storage.count - 1); // the draw is opened
    to_storage.count = 0;
    storage_serves_one (asked);
    assert_int_equal (to_storage.count, 1);
    asked = kept (0);
    assert_int_equal (asked.message.record.event.kind, EVENT_NOTED);
    ask_hello (1);
    assert_int_equal (to_brokers.count + to_storage.count, 0); // it waits
    storage_serves_one (asked);
    assert_int_equal (to_storage.count, 1);
    look_again (&to_storage.sent[0]);
    const wire_welcome_t *admit = &to_storage.sent[0].message.welcome;
    assert_memory_equal (admit->open, provable_hash (notes ())->of, 32);
    const hash_t hash = statement_hash (parties_text (kept_text (EVENT_NOTED)));
    assert_memory_equal (admit->open, hash.of, 32);
}

static void a_draw_is_sealed_and_made_without_anybody_asking (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_commit (agency);
        served ();
        assert_int_equal (to_brokers.count, agency < AGENCIES ? 1 : 4);
    }
    for (size_t i = 1; i < to_brokers.count; i++) { // the seal is told to who waits
        assert_string_equal (wire_command_name (to_brokers.sent[i].message.command),
                             "WAITING");
        assert_int_equal (to_brokers.sent[i].message.waiting.day, DAY_LOCKED);
        assert_int_equal (to_brokers.sent[i].message.waiting.missing[0], 1);
    }
    assert_int_equal (kept_events (EVENT_LOCKED), 1);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_reveal (agency);
        if (agency < AGENCIES) {
            served ();
            assert_int_equal (to_brokers.sent[0].message.waiting.ready, agency);
        }
    }
    storage_serves ();
    assert_int_equal (kept_events (EVENT_PUBLISHED), 1);
    assert_true (draw_told (draw ()));
    result_t result;
    assert_int_equal (
        result_parse (parties_text (kept_text (EVENT_PUBLISHED)), &result), 0);
    assert_int_equal (result.number, draw_number (draw ()));
    assert_int_equal (result.reveals, AGENCIES + 1);
    result_clear (&result);
    ask_commit (2); // whoever asks again is told winners
    assert_int_equal (asked_storage_for (WIRE_FIND, 2)->find.number,
                      draw_number (draw ()));
}

/* At each of its steps state is killed: before what it asked was read, or before it
   heard what became of it. */
typedef struct {
    size_t step;   // this one,
    bool recorded; // and storage has recorded it
    size_t done;
} kill_t;

static bool killed (kill_t *kill)
{
    if (kill->done++ != kill->step)
        return false;
    if (kill->recorded)
        for (size_t i = 0; i < to_storage.count; i++)
            storage_answers_in_vain (kept (i));
    start_and_open ();
    return true;
}

/* Whatever an agency asks it asks again until it is answered. */
static void until (void (*asks) (uint32_t agency), uint32_t agency, kill_t *kill)
{
    do
        asks (agency);
    while (killed (kill));
    served ();
}

static void whole_draw (kill_t *kill)
{
    begin (TERMS_ALL_ASKED);
    own++;
    start ();
    tick (0);
    storage_serves_one (kept (0));
    killed (kill);
    storage_serves ();
    tick (ASK_AGAIN_MS);
    storage_serves ();
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        until (ask_commit, agency, kill);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        until (ask_reveal, agency, kill);
    assert_true (draw_told (draw ()));
}

static void a_state_that_is_killed_goes_on_with_the_same_notes (void **state)
{
    (void) state;
    kill_t whole = {.step = SIZE_MAX};
    whole_draw (&whole);
    assert_int_equal (whole.done, 1 + 2 * AGENCIES);
    for (size_t step = 0; step < whole.done; step++)
        for (int recorded = 0; recorded < 2; recorded++) {
            kill_t kill = {.step = step, .recorded = recorded};
            whole_draw (&kill);
            static const wire_event_kind_t once[] = {EVENT_NOTED, EVENT_LOCKED,
                                                     EVENT_DRAWN, EVENT_PUBLISHED};
            for (size_t i = 0; i < COUNT (once); i++)
                assert_int_equal (kept_events (once[i]), 1);
            assert_int_equal (kept_events (EVENT_COMMITTED), AGENCIES);
            assert_int_equal (kept_events (EVENT_REVEALED), AGENCIES);
        }
}

/* Each message of state's own is lost once; each answer is lost once. */
static void what_is_lost_is_asked_again (void **state)
{
    (void) state;
    for (int answered = 0; answered < 2; answered++) {
        fair_paper_t paper;
        bytes_t salts;
        uint8_t key[32], asked_key[32];
        begin (TERMS_NEVER);
        start_and_open ();
        ask_commit (1);
        storage_serves ();
        ask_commit (3);
        storage_serves ();
        orders (ORDER_CLOSE, 0);
        uint8_t expected = WIRE_STAKE;
        tick (600 * 1000);
        for (int step = 0; step < 2; step++) {
            assert_int_equal (to_storage.count, 1);
            assert_int_equal (to_storage.sent[0].message.command, expected);
            if (step == 0)
                memcpy (asked_key, to_storage.sent[0].message.stake.salt_key, 32);
            if (answered)
                storage_answers_in_vain (kept (0));
            tick (ASK_AGAIN_MS - 1);
            assert_int_equal (to_storage.count, 0);
            assert_int_equal (registrar_deadline (registrar), now_ms + 1);
            tick (1);
            assert_int_equal (to_storage.count, 1);
            const sent_t asked = kept (0);
            to_storage.count = 0;
            storage_serves_one (asked);
            expected = WIRE_RECORD;
        }
        assert_int_equal (kept_events (EVENT_LOCKED), 1);
        assert_true (fair_paper_read (kept_text (EVENT_LOCKED), &paper));
        assert_true (fair_paper_find (&paper, "salts", &salts));
        assert_int_equal (
            hex_read (bytes_of (salts.data + 2, salts.size - 2), key, sizeof key), 32);
        assert_memory_equal (key, asked_key,
                             sizeof key); // the first that it asked with
        ask_reveal (1);
        storage_serves ();
        ask_reveal (3);
        for (int step = 0; step < 4; step++) { // A, D, AWARD, Q
            assert_int_equal (to_storage.count, 1);
            sent_t asked = kept (0);
            if (answered)
                storage_answers_in_vain (asked);
            if (step == 0)
                ask_reveal (3); // the agency does
            else
                tick (ASK_AGAIN_MS);
            assert_int_equal (to_storage.count, 1);
            asked = kept (0);
            to_storage.count = 0;
            storage_serves_one (asked);
        }
        assert_true (draw_told (draw ()));
    }
}

/* ---- The time to commit ---- */

static void a_close_by_order_leaves_time_to_commit (void **state)
{
    (void) state;
    begin (TERMS_NEVER);
    start_and_open ();
    ask_commit (1);
    storage_serves ();
    orders (ORDER_CLOSE, 0);
    assert_ordered ();
    ask_commit (2); // late, and in time
    storage_serves ();
    assert_int_equal (kept_events (EVENT_COMMITTED), 2);
    tick (600 * 1000 - 1);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 0); // agency 3 has a millisecond
    assert_int_equal (registrar_deadline (registrar), now_ms + 1);
    tick (1);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 1);
    seal_t seal;
    assert_int_equal (seal_parse (parties_text (kept_text (EVENT_LOCKED)), &seal), 0);
    assert_false (seal.of[2].committed);
    assert_int_equal (seal.of[2].count, 30); // as storage has it
    seal_clear (&seal);
    ask_commit (3);
    told_refused (REFUSED_PHASE, WIRE_COMMIT);
}

/* A state that was away goes on from the close that is recorded. */
static void the_time_is_counted_from_the_close (void **state)
{
    (void) state;
    begin (TERMS_NEVER);
    start_and_open ();
    ask_commit (1);
    storage_serves ();
    ask_commit (2);
    storage_serves ();
    orders (ORDER_CLOSE, 0);
    registrar_destroy (&registrar);
    now_ms += 599 * 1000;
    wall_ms += 599 * 1000;
    start_and_open ();
    assert_int_equal (kept_events (EVENT_LOCKED), 0);
    tick (1000);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 1);
}

/* By the clock that is never set: the one on the wall may jump, either way. */
static void a_clock_that_is_set_moves_nothing (void **state)
{
    (void) state;
    for (int back = 0; back < 2; back++) {
        begin (TERMS_NEVER);
        start_and_open ();
        for (uint32_t agency = 1; agency <= 2; agency++) {
            ask_commit (agency);
            storage_serves ();
        }
        orders (ORDER_CLOSE, 0);
        tick (1000);
        wall_ms += back ? -UINT64_C (7200000) : UINT64_C (7200000);
        tick (599 * 1000 - 1);
        storage_serves ();
        assert_int_equal (kept_events (EVENT_LOCKED), 0);
        assert_int_equal (registrar_deadline (registrar), now_ms + 1);
        tick (1);
        storage_serves ();
        assert_int_equal (kept_events (EVENT_LOCKED), 1);
    }
}

/* One that was wrong at the close, and is right at the next start: nobody waits for
   longer than he was told. */
static void a_close_in_the_future_is_none (void **state)
{
    (void) state;
    begin (TERMS_NEVER);
    start_and_open ();
    for (uint32_t agency = 1; agency <= 2; agency++) {
        ask_commit (agency);
        storage_serves ();
    }
    wall_ms += 7200 * 1000;
    orders (ORDER_CLOSE, 0);
    wall_ms -= 7200 * 1000;
    registrar_destroy (&registrar);
    start_and_open ();
    tick (600 * 1000);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 1);
}

/* Nothing is asked of a storage that is away, and at once when it is back. */
static void what_is_due_waits_for_storage (void **state)
{
    (void) state;
    begin (TERMS_NEVER);
    start_and_open ();
    for (uint32_t agency = 1; agency <= 2; agency++) {
        ask_commit (agency);
        storage_serves ();
    }
    orders (ORDER_CLOSE, 0);
    reachable = false;
    tick (600 * 1000);
    assert_int_equal (to_storage.count, 0);
    assert_true (registrar_wants (registrar));
    reachable = true;
    tick (1);
    bool asked = false;
    for (size_t i = 0; i < to_storage.count; i++)
        asked = asked || to_storage.sent[i].message.command == WIRE_STAKE;
    assert_true (asked);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 1);
}

static void all_that_are_waited_for_end_it_early (void **state)
{
    (void) state;
    begin (TERMS_NEVER);
    start_and_open ();
    ask_commit (1);
    storage_serves ();
    orders (ORDER_EXCUSE, 2);
    assert_ordered ();
    orders (ORDER_CLOSE, 0);
    ask_commit (3);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 1);
}

/* Without as many as have to, it waits, however long. */
static void too_few_hold_it_up (void **state)
{
    (void) state;
    begin (TERMS_NEVER);
    start_and_open ();
    ask_commit (1);
    storage_serves ();
    orders (ORDER_CLOSE, 0);
    tick (7200 * 1000);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 0);
    ask_results (1, 0);
    const wire_message_t *waiting = told (WIRE_WAITING);
    assert_int_equal (waiting->waiting.ready, 1);
    assert_int_equal (waiting->waiting.missing[0], 2);
    assert_int_equal (waiting->waiting.missing[1], 3);
    ask_commit (3);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_LOCKED), 1); // the time is over
}

/* ---- What is refused ---- */

static void each_kind_of_draw_has_its_way_to_ask (void **state)
{
    (void) state;
    ask_ready (1);
    served ();
    assert_int_equal (kept_events (EVENT_ENDED), 1);
    assert_int_equal (told (WIRE_WAITING)->waiting.day, DAY_ENDED);
    ask_results (1, 0);
    assert_int_equal (told (WIRE_WAITING)->waiting.day, DAY_ENDED);
    wire_message_t reveal = {.command = WIRE_REVEAL, .agency = 1, .draw = the_draw ()};
    ask (1, &reveal);
    told_refused (REFUSED_PHASE, WIRE_REVEAL);
    wire_message_t commit = {.command = WIRE_COMMIT, .agency = 1, .draw = the_draw ()};
    commit.commit = parties_commit (&parties, provable_open (notes ()),
                                    provable_hash (notes ()), 1, false);
    commit.commit.tally.count++;
    ask (1, &commit);
    const wire_refused_t *refused = told_refused (REFUSED_NOTE, WIRE_COMMIT);
    assert_int_equal (refused->offset, commit.commit.tally.count);
    setup (NULL); // a plain draw
    ask (1, &commit);
    told_refused (REFUSED_HELLO, WIRE_COMMIT); // it is another draw
    commit.draw = reveal.draw = the_draw ();
    ask (1, &commit);
    told_refused (REFUSED_PHASE, WIRE_COMMIT);
    ask (1, &reveal);
    told_refused (REFUSED_PHASE, WIRE_REVEAL);
}

static void a_nonce_is_taken_for_this_seal_alone (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_commit (agency);
        storage_serves ();
    }
    wire_message_t reveal = reveal_of (1);
    reveal.reveal.seal[0] ^= 1;
    ask (1, &reveal);
    told_refused (REFUSED_ROOT, WIRE_REVEAL);
    reveal = reveal_of (1);
    reveal.reveal.nonce[0] ^= 1;
    ask (1, &reveal);
    told_refused (REFUSED_NOTE, WIRE_REVEAL);
    reveal = reveal_of (2);
    reveal.agency = 1;
    ask (1, &reveal);
    told_refused (REFUSED_NOTE, WIRE_REVEAL);
    reveal = reveal_of (1);
    ask (1, &reveal);
    served ();
    ask (1, &reveal); // again
    assert_int_equal (told (WIRE_WAITING)->waiting.day, DAY_LOCKED);
    assert_int_equal (kept_events (EVENT_REVEALED), 1);
}

/* ---- Orders ---- */

static void nothing_undoes_a_seal (void **state)
{
    (void) state;
    ask_commit (1);
    storage_serves ();
    orders (ORDER_EXCUSE, 1);
    assert_non_null (strstr (assert_denied (REFUSED_PHASE), "already asked"));
    for (uint32_t agency = 2; agency <= AGENCIES; agency++) {
        ask_commit (agency);
        storage_serves ();
    }
    orders (ORDER_VOID, 0);
    assert_non_null (strstr (assert_denied (REFUSED_PHASE), "cannot be made void"));
    orders (ORDER_EXCUSE, 2);
    assert_denied (REFUSED_PHASE);
    orders (ORDER_CLOSE, 0);
    assert_denied (REFUSED_PHASE);
    orders (ORDER_NUMBER, 0);
    assert_denied (REFUSED_PHASE);
    wire_message_t attest = order_of (ORDER_ATTEST, "noche", "");
    uint8_t signature[WIRE_SIGNATURE_BYTES] = {0};
    attest.order.proof = bytes_of (signature, sizeof signature);
    order_by ('o', &attest);
    assert_non_null (strstr (assert_denied (REFUSED_PHASE), "without an auditor"));
}

static void nobody_is_excused_that_is_needed (void **state)
{
    (void) state;
    orders (ORDER_EXCUSE, 1);
    assert_ordered ();
    orders (ORDER_EXCUSE, 2);
    assert_non_null (
        strstr (assert_denied (REFUSED_PHASE), "2 agencies have to commit"));
    ask_commit (2);
    storage_serves ();
    orders (ORDER_EXCUSE, 3);
    assert_denied (REFUSED_PHASE);
}

static void a_void_draw_has_its_note (void **state)
{
    (void) state;
    fair_paper_t paper;
    bytes_t note;
    orders (ORDER_VOID, 0);
    assert_ordered ();
    assert_true (fair_paper_read (kept_text (EVENT_VOIDED), &paper));
    assert_true (fair_paper_find (&paper, "note", &note));
    assert_true (bytes_equal (note, bytes_of ("why not", 7)));
    ask_results (1, 0);
    const wire_refused_t *refused = told_refused (REFUSED_VOID, WIRE_RESULTS);
    assert_true (bytes_equal (refused->text, bytes_of ("why not", 7)));
}

static void an_auditor_stands_in_for_who_is_lost (void **state)
{
    (void) state;
    begin (TERMS_ALL_ASKED);
    notary_keys.auditor = parties.auditor.public_key;
    start_and_open ();
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_commit (agency);
        storage_serves ();
    }
    wire_message_t reveal = order_of (ORDER_REVEAL, "noche", "");
    reveal.agency = 2;
    reveal.order.proof = bytes_of (parties.of[2].nonce.of, 32);
    order_by ('o', &reveal);
    assert_non_null (strstr (assert_denied (REFUSED_PHASE), "attest"));
    ask_reveal (1);
    told_refused (REFUSED_NOTE, WIRE_REVEAL);
    uint8_t signature[WIRE_SIGNATURE_BYTES];
    parties_sign (&parties.auditor, parties_text (kept_text (EVENT_LOCKED)), signature);
    wire_message_t attest = order_of (ORDER_ATTEST, "noche", "");
    attest.order.proof = bytes_of (signature, sizeof signature);
    signature[0] ^= 1;
    order_by ('o', &attest);
    assert_denied (REFUSED_PHASE);
    signature[0] ^= 1;
    order_by ('o', &attest);
    storage_serves ();
    assert_ordered ();
    order_by ('o', &attest); // it is so
    assert_denied (REFUSED_PHASE);
    ask_reveal (1);
    storage_serves ();
    ask_reveal (3);
    storage_serves ();
    assert_false (draw_made (draw ()));
    order_by ('o', &reveal);
    storage_serves ();
    assert_ordered ();
    assert_true (draw_told (draw ()));
}

/* An order to open one says what is missing. */
static void who_has_no_key_takes_part_in_none (void **state)
{
    (void) state;
    wire_message_t opening =
        opening_of ("tarde", AGENCIES + 1, SOURCE_PROVABLE, CLOSES_NEVER);
    order_by ('o', &opening);
    assert_non_null (strstr (assert_denied (REFUSED_RANGE), "agency 4"));
    opening = opening_of ("tarde", AGENCIES, SOURCE_PROVABLE, CLOSES_NEVER);
    order_by ('o', &opening);
    storage_serves ();
    assert_ordered ();
    assert_true (draw_noted (draw_named ("tarde")));
    setup (NULL); // a central without keys
    order_by ('o', &opening);
    assert_non_null (strstr (assert_denied (REFUSED_RANGE), "loteria-keys new"));
}

/* Nobody commits to an operator that is another than who opened the draw; but it is not
   the agency's READY that is wrong. */
static void another_operator_signs_nothing (void **state)
{
    (void) state;
    const signing_pair_t opened_with = parties.pair;
    parties_pair (&parties.pair);
    start_and_open ();
    ask_commit (1);
    told_refused (REFUSED_UNAVAILABLE, WIRE_COMMIT);
    parties.pair = opened_with;
    ask_commit (1);
    storage_serves ();
    assert_int_equal (kept_events (EVENT_COMMITTED), 1);
}

/* A draw that it opens by itself waits for keys, and says so. */
static void a_draw_waits_for_keys (void **state)
{
    (void) state;
    begin (TERMS_ALL_ASKED);
    notary_keys.pair = NULL;
    start_and_open ();
    assert_int_equal (kept_events (EVENT_NOTED), 0);
    ask_hello (1);
    tick (HELLO_PATIENCE_MS);
    assert_int_equal (to_brokers.count, 1);
    assert_int_equal (to_brokers.sent[0].message.refused.code, REFUSED_BUSY);
    notary_keys.pair = &parties.pair; // it is started with them
    start_and_open ();
    assert_int_equal (kept_events (EVENT_NOTED), 1);
}

#define PROVABLE(name) cmocka_unit_test_setup_teardown (name, setup_provable, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        PROVABLE (nobody_is_let_in_before_the_open_note),
        PROVABLE (a_draw_is_sealed_and_made_without_anybody_asking),
        PROVABLE (a_state_that_is_killed_goes_on_with_the_same_notes),
        PROVABLE (what_is_lost_is_asked_again),
        PROVABLE (a_close_by_order_leaves_time_to_commit),
        PROVABLE (the_time_is_counted_from_the_close),
        PROVABLE (a_clock_that_is_set_moves_nothing),
        PROVABLE (a_close_in_the_future_is_none),
        PROVABLE (what_is_due_waits_for_storage),
        PROVABLE (all_that_are_waited_for_end_it_early),
        PROVABLE (too_few_hold_it_up),
        PROVABLE (each_kind_of_draw_has_its_way_to_ask),
        PROVABLE (a_nonce_is_taken_for_this_seal_alone),
        PROVABLE (nothing_undoes_a_seal),
        PROVABLE (nobody_is_excused_that_is_needed),
        PROVABLE (a_void_draw_has_its_note),
        PROVABLE (an_auditor_stands_in_for_who_is_lost),
        PROVABLE (who_has_no_key_takes_part_in_none),
        PROVABLE (another_operator_signs_nothing),
        PROVABLE (a_draw_waits_for_keys),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

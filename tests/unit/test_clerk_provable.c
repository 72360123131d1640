/* test_clerk_provable.c - storage's conversations about a provable draw: what state
   asks to record, and what agencies and operators may have of it. */

#include "mail.h"
#include "shelf.h"

#include "provable_shelf.h"

#include "clerk.h"
#include "life.h"
#include "logger.h"

#define WORKER "w1"
#define STATE  "s1"
#define FIRST  life_after (0, 1)

static shelf_t shelf;
static fair_draw_t draw;
static clerk_t *clerk;
static mail_t mail;
static uint64_t ticket;

static void commit (void);
static void take (const char *peer, const char *client, const wire_message_t *message);

static sale_t *sale (void)
{
    return sales_find (shelf.sales, PROVABLE_IDENTITY);
}

static void restart (void)
{
    clerk_destroy (&clerk);
    shelf_start (&shelf);
    clerk = clerk_new (shelf.book, false, false);
}

static int setup (void **state)
{
    (void) state;
    signed_note_start ();
    fair_draw_make (&draw);
    shelf_init (&shelf);
    shelf.bare = true;
    restart ();
    ticket = (uint64_t) 7 << 32;
    const wire_message_t registration = {.command = WIRE_REGISTER, .state = FIRST};
    take (STATE, "", &registration);
    commit ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    mail_clear (&mail);
    clerk_destroy (&clerk);
    shelf_free (&shelf);
    return 0;
}

/* ---- Requests in, answers out ---- */

static void take (const char *peer, const char *client, const wire_message_t *message)
{
    bundle_t bundle = {0};
    bundle_put (&bundle, client, ++ticket, message);
    assert_int_equal (
        clerk_take (clerk, text_bytes (peer), ROLE_ANY, bundle_bytes (&bundle)), 0);
    bundle_clear (&bundle);
}

/* What was gathered is made durable; the answers are in `mail`. */
static void commit (void)
{
    bytes_t peer;
    bundle_t *bundle;
    mail_clear (&mail);
    assert_int_equal (clerk_begin (clerk, false), 0);
    assert_int_equal (book_wait (shelf.book), 0);
    for (int step = 0; step < 8; step++)
        assert_int_equal (book_look (shelf.book), 0);
    while (outbox_take (clerk_answers (clerk), &peer, &bundle))
        mail_open (&mail, peer, bundle_bytes (bundle));
    while (outbox_take (clerk_to_state (clerk), &peer, &bundle))
        mail_open (&mail, peer, bundle_bytes (bundle));
}

/* All jobs are done, too. */
static void finish (void)
{
    while (clerk_working (clerk)) {
        const size_t before = clerk_jobs (clerk);
        const int came = clerk_work (clerk); // whether there is something to send
        assert_int_equal (came, before - clerk_jobs (clerk));
    }
    commit ();
}

static wire_message_t record_of (uint8_t kind, uint32_t agency, bytes_t text)
{
    const record_t record =
        sale () ? provable_record (sale (), kind, agency) : (record_t){0};
    return (wire_message_t){
        .command = WIRE_RECORD,
        .agency = agency,
        .draw = PROVABLE_IDENTITY,
        .record = {.epoch = book_epoch (shelf.book),
                   .seen = sale () ? sale ()->last_event : 0,
                   .event = {.kind = kind,
                             .agency = agency,
                             .count = record.offset,
                             .cancelled = record.jump,
                             .digest = record.digest,
                             .number = kind == EVENT_DRAWN ? draw.result.number : 0,
                             .text = text}}};
}

/* As the draw has it by now; for an agency when it is its own. */
static void ask_record (uint8_t kind, uint32_t agency)
{
    provable_paper_t paper = {.size = 0};
    if (record_has_paper (kind))
        paper = provable_paper (&draw, kind, agency);
    const wire_message_t message = record_of (kind, agency, provable_bytes (&paper));
    take (STATE, agency > 0 ? "c" : "", &message);
}

static void assert_event (uint8_t kind, uint32_t agency)
{
    assert_only (&mail, WIRE_EVENT);
    assert_int_equal (mail.items[0].message.recorded.event.kind, kind);
    assert_int_equal (mail.items[0].message.recorded.event.agency, agency);
}

static void assert_recorded (uint8_t kind, uint32_t agency)
{
    const uint32_t before = book_records (shelf.book);
    ask_record (kind, agency);
    finish ();
    assert_event (kind, agency);
    assert_int_equal (book_records (shelf.book), before + 1);
}

/* The only answer is a refusal, and nothing was recorded. */
static void assert_not_recorded (uint8_t kind, uint32_t agency, wire_code_t code)
{
    const uint32_t before = book_records (shelf.book);
    ask_record (kind, agency);
    finish ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], code);
    assert_int_equal (book_records (shelf.book), before);
}

/* It was recorded before: that is what is told. */
static void assert_repeated (uint8_t kind, uint32_t agency)
{
    const uint32_t before = book_records (shelf.book);
    ask_record (kind, agency);
    assert_false (clerk_working (clerk)); // no root is asked for again
    commit ();
    assert_event (kind, agency);
    assert_int_equal (book_records (shelf.book), before);
}

/* A draw that sells, whose agencies have been let in and have sold everything. */
static void open_and_sell (void)
{
    const sale_terms_t terms = provable_terms (&draw);
    wire_message_t opened = record_of (EVENT_OPENED, 0, text_bytes (terms.name));
    opened.record.event.source = terms.source;
    opened.record.event.agencies = terms.agencies;
    opened.record.event.highest = terms.highest;
    opened.record.event.closes_ms = terms.closes_ms;
    take (STATE, "", &opened);
    commit ();
    assert_event (EVENT_OPENED, 0);
    assert_recorded (EVENT_NOTED, 0);
    provable_sell (&shelf, sale (), &draw);
    commit ();
}

/* Up to and with this event. */
static void go_to (uint8_t last)
{
    static const struct {
        uint8_t kind;
        uint32_t agency;
    } events[] = {{EVENT_COMMITTED, 1}, {EVENT_COMMITTED, 4}, {EVENT_CLOSED, 0},
                  {EVENT_LOCKED, 0},    {EVENT_REVEALED, 1},  {EVENT_REVEALED, 4},
                  {EVENT_DRAWN, 0},     {EVENT_PUBLISHED, 0}};
    bool there = false;
    open_and_sell ();
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (there && events[i].kind != last)
            break;
        there = events[i].kind == last;
        assert_recorded (events[i].kind, events[i].agency);
    }
}

/* ---- What is recorded ---- */

static void a_draw_goes_through (void **state)
{
    (void) state;
    go_to (EVENT_PUBLISHED);
    assert_int_equal (sale_phase (sale ()), PHASE_DRAWN);
    restart (); // and is the same afterwards
    const wire_message_t registration = {.command = WIRE_REGISTER,
                                         .state = life_after (FIRST, 2)};
    take (STATE, "", &registration);
    commit ();
    assert_repeated (EVENT_NOTED, 0);
    assert_repeated (EVENT_COMMITTED, 1);
    assert_repeated (EVENT_LOCKED, 0);
    assert_repeated (EVENT_REVEALED, 4);
    assert_repeated (EVENT_PUBLISHED, 0);
}

/* Each in every phase: what is too early or too late is not recorded, and what was
   recorded is not again. */
static void nothing_is_recorded_out_of_order (void **state)
{
    (void) state;
    static const uint8_t order[] = {EVENT_NOTED, EVENT_CLOSED, EVENT_LOCKED,
                                    EVENT_DRAWN, EVENT_PUBLISHED};
    for (size_t now = 0; now < sizeof order; now++) {
        teardown (NULL);
        setup (NULL);
        if (order[now] == EVENT_NOTED)
            open_and_sell ();
        else
            go_to (order[now]);
        for (size_t asked = 0; asked < sizeof order; asked++)
            if (asked <= now)
                assert_repeated (order[asked], 0);
            else if (asked > now + 1 || order[asked] == EVENT_DRAWN)
                assert_not_recorded (order[asked], 0, REFUSED_GAP);
        if (now >= 1) // committed
            assert_repeated (EVENT_COMMITTED, 1);
        if (order[now] == EVENT_NOTED || order[now] == EVENT_CLOSED)
            assert_not_recorded (EVENT_REVEALED, 1, REFUSED_GAP);
        if (now >= 2) { // no void behind the seal, and no other way to ask
            assert_not_recorded (EVENT_VOIDED, 0, REFUSED_GAP);
            assert_not_recorded (EVENT_SEALED, 7, REFUSED_GAP);
        }
    }
}

/* There is no second seal, whoever asks for it. */
static void another_note_is_not_recorded (void **state)
{
    (void) state;
    go_to (EVENT_LOCKED);
    const uint32_t before = book_records (shelf.book);
    char kept[FAIR_NOTE];
    strcpy (kept, draw.seal_note);
    draw.seal.sealed_s++;
    fair_seal (&draw);
    ask_record (EVENT_LOCKED, 0);
    finish ();
    assert_event (EVENT_LOCKED, 0);
    fair_paper_t paper;
    assert_true (fair_paper_read (mail.items[0].message.recorded.event.text, &paper));
    assert_true (bytes_equal (paper.note, fair_text (kept)));
    assert_int_equal (book_records (shelf.book), before);
}

static void a_paper_that_does_not_fit_is_not_recorded (void **state)
{
    (void) state;
    go_to (EVENT_CLOSED);
    draw.stakes[0].root.of[0] ^= 1;
    fair_seal (&draw);
    assert_not_recorded (EVENT_LOCKED, 0, REFUSED_GAP);
    draw.stakes[0].root.of[0] ^= 1;
    fair_seal (&draw);
    assert_recorded (EVENT_LOCKED, 0);
    draw.party[0].nonce.of[0] ^= 1;
    assert_not_recorded (EVENT_REVEALED, 1, REFUSED_GAP);
}

static void another_number_is_not_recorded (void **state)
{
    (void) state;
    go_to (EVENT_REVEALED);
    const uint32_t number = draw.result.number;
    for (uint32_t other = 0; other <= FAIR_HIGHEST; other++)
        if (other != number) {
            draw.result.number = other;
            assert_not_recorded (EVENT_DRAWN, 0, REFUSED_GAP);
        }
    draw.result.number = number;
    assert_recorded (EVENT_DRAWN, 0);
}

/* ---- Commitments ---- */

static void a_commitment_waits_for_its_root (void **state)
{
    (void) state;
    open_and_sell ();
    const uint32_t before = book_records (shelf.book);
    ask_record (EVENT_COMMITTED, 1);
    commit ();
    assert_int_equal (mail.count, 0);
    assert_true (clerk_working (clerk));
    ask_record (EVENT_COMMITTED, 1); // again, meanwhile
    assert_int_equal (clerk_jobs (clerk), 1);
    finish ();
    assert_event (EVENT_COMMITTED, 1);
    assert_int_equal (mail.items[0].ticket, ticket); // where it was asked last
    assert_int_equal (book_records (shelf.book), before + 1);
    assert_int_equal (clerk_rooted (clerk), FAIR_BETS);
}

/* The agency hears of it, and sells on. */
static void another_root_is_refused (void **state)
{
    (void) state;
    open_and_sell ();
    draw.stakes[0].root.of[7] ^= 1;
    fair_ready (&draw, 0);
    assert_not_recorded (EVENT_COMMITTED, 1, REFUSED_ROOT);
    const wire_refused_t *refused = &mail.items[0].message.refused;
    assert_int_equal (refused->command, WIRE_COMMIT);
    assert_int_equal (refused->offset, FAIR_BETS);
    assert_int_equal (refused->row, 1); // of them cancelled
    assert_int_equal (mail.items[0].message.agency, 1);
    assert_string_equal (mail.items[0].client, "c");
    assert_int_equal (clerk_conflicts (clerk), 1);
    draw.stakes[0].root.of[7] ^= 1;
    fair_ready (&draw, 0);
    assert_recorded (EVENT_COMMITTED, 1);
}

static void other_bets_are_refused_at_once (void **state)
{
    (void) state;
    open_and_sell ();
    const provable_paper_t paper = provable_paper (&draw, EVENT_COMMITTED, 1);
    wire_message_t message = record_of (EVENT_COMMITTED, 1, provable_bytes (&paper));
    for (int what = 0; what < 3; what++) {
        wire_message_t other = message;
        other.record.event.count += what == 0;
        other.record.event.cancelled += what == 1;
        other.record.event.digest ^= what == 2;
        take (STATE, "c", &other);
        assert_false (clerk_working (clerk));
        commit ();
        assert_only (&mail, WIRE_REFUSED);
        assert_refused (&mail.items[0], what == 2 ? REFUSED_CONFLICT : REFUSED_TALLY);
    }
}

/* A batch and a cancel that its killed run had under way come too late: what it has
   compared is what it commits to. */
static void an_ended_sale_takes_nothing_more (void **state)
{
    (void) state;
    open_and_sell ();
    wire_message_t other = record_of (EVENT_ENDED, 1, bytes_of (NULL, 0));
    other.record.event.count--;
    take (STATE, "c", &other);
    commit ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_TALLY);
    assert_int_equal (mail.items[0].message.refused.command, WIRE_READY);
    assert_recorded (EVENT_ENDED, 1);
    assert_repeated (EVENT_ENDED, 1);
    const wire_message_t store = {
        .command = WIRE_STORE,
        .agency = 1,
        .draw = PROVABLE_IDENTITY,
        .batch = {.offset = FAIR_BETS,
                  .digest = cursors_find (sale ()->cursors, 1)->at.digest,
                  .count = 1,
                  .rows = text_bytes ("1,A,B,1,2000-01-01,3\r\n")}};
    const wire_message_t cancel = {
        .command = WIRE_CANCEL, .agency = 1, .draw = PROVABLE_IDENTITY, .offset = 4};
    restart (); // nor when it starts again
    const wire_message_t registration = {.command = WIRE_REGISTER,
                                         .state = life_after (FIRST, 2)};
    take (STATE, "", &registration);
    commit ();
    take (WORKER, "c", &store);
    commit ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_CLOSED);
    take (WORKER, "c", &cancel);
    commit ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_CLOSED);
    assert_recorded (EVENT_COMMITTED, 1);
}

/* While the pass goes on. */
static void bets_that_change_meanwhile_are_noticed (void **state)
{
    (void) state;
    open_and_sell ();
    ask_record (EVENT_COMMITTED, 1);
    shelf_cancel (&shelf, sale (), 1, 4);
    finish ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_TALLY);
    ask_record (EVENT_COMMITTED, 4);
    const wire_message_t store = {
        .command = WIRE_STORE,
        .agency = 4,
        .draw = PROVABLE_IDENTITY,
        .batch = {.offset = FAIR_BETS,
                  .digest = cursors_find (sale ()->cursors, 4)->at.digest,
                  .count = 1,
                  .rows = text_bytes ("4,A,B,1,2000-01-01,3\r\n")}};
    take (WORKER, "c", &store);
    finish ();
    assert_int_equal (mail.count, 2);
    const bool stored = mail.items[0].message.command == WIRE_STORED;
    assert_refused (&mail.items[stored ? 1 : 0], REFUSED_TALLY);
}

/* A state that was superseded while it waited is not heard. */
static void a_commitment_of_an_old_state_is_not_recorded (void **state)
{
    (void) state;
    open_and_sell ();
    ask_record (EVENT_COMMITTED, 1);
    commit ();
    const wire_message_t registration = {.command = WIRE_REGISTER,
                                         .state = life_after (FIRST, 2)};
    take ("s2", "", &registration);
    commit ();
    const uint32_t before = book_records (shelf.book);
    finish ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_SUPERSEDED);
    assert_int_equal (book_records (shelf.book), before);
}

/* ---- Roots ---- */

static wire_message_t root_of (uint32_t agency, uint64_t from, uint64_t count)
{
    wire_message_t message = {.command = WIRE_ROOT,
                              .agency = agency,
                              .draw = PROVABLE_IDENTITY,
                              .root = {.from = from, .count = count}};
    const size_t which = provable_party (&draw, agency);
    memcpy (message.root.salt_key, draw.party[which].salts.of, WIRE_HASH_BYTES);
    return message;
}

static void an_agency_is_told_roots_over_its_bets (void **state)
{
    (void) state;
    open_and_sell ();
    const wire_message_t all = root_of (4, 0, FAIR_BETS);
    take (WORKER, "c", &all);
    finish ();
    assert_only (&mail, WIRE_ROOTED);
    const wire_message_t *rooted = &mail.items[0].message;
    assert_int_equal (rooted->agency, 4);
    assert_int_equal (rooted->rooted.from, 0);
    assert_int_equal (rooted->rooted.count, FAIR_BETS);
    assert_memory_equal (rooted->rooted.root, draw.stakes[1].root.of, WIRE_HASH_BYTES);
    const wire_message_t part = root_of (4, 3, 2);
    take (WORKER, "c", &part);
    finish ();
    assert_only (&mail, WIRE_ROOTED);
    assert_int_equal (mail.items[0].message.rooted.from, 3);
    assert_memory_not_equal (mail.items[0].message.rooted.root, draw.stakes[1].root.of,
                             WIRE_HASH_BYTES);
}

static void roots_over_what_is_not_there_are_refused (void **state)
{
    (void) state;
    open_and_sell ();
    const struct {
        uint64_t from, count;
    } beyond[] = {{0, FAIR_BETS + 1}, {FAIR_BETS, 1}, {UINT64_MAX, 2}, {2, UINT64_MAX}};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        const wire_message_t root = root_of (1, beyond[i].from, beyond[i].count);
        take (WORKER, "c", &root);
        finish ();
        assert_only (&mail, WIRE_REFUSED);
        assert_refused (&mail.items[0], REFUSED_GAP);
    }
    wire_message_t stranger = root_of (1, 0, 0);
    stranger.agency = 5; // was never let in
    take (WORKER, "c", &stranger);
    commit ();
    assert_refused (&mail.items[0], REFUSED_HELLO);
}

static void a_plain_draw_has_no_roots_and_no_notes (void **state)
{
    (void) state;
    shelf_draw (&shelf, SHELF_IDENTITY, SHELF_DRAW);
    shelf_append (&shelf, 1, 3);
    wire_message_t root = root_of (1, 0, 3);
    root.draw = SHELF_IDENTITY;
    take (WORKER, "c", &root);
    finish ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_PHASE);
    const wire_message_t fetch = {.command = WIRE_FETCH,
                                  .agency = 1,
                                  .draw = SHELF_IDENTITY,
                                  .fetch = {.which = NOTE_OPEN}};
    take (WORKER, "c", &fetch);
    commit ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_NOTE);
}

/* ---- Stakes and awards ---- */

static wire_message_t stake_of (uint32_t agency)
{
    const salt_key_t key = provable_chosen (&draw, agency);
    wire_message_t message = {.command = WIRE_STAKE,
                              .agency = agency,
                              .draw = PROVABLE_IDENTITY,
                              .stake = {.epoch = book_epoch (shelf.book)}};
    memcpy (message.stake.salt_key, key.of, sizeof key.of);
    return message;
}

static void who_did_not_commit_has_a_stake_behind_the_close (void **state)
{
    (void) state;
    go_to (EVENT_COMMITTED);
    const wire_message_t stake = stake_of (7), of_none = stake_of (3);
    const wire_message_t of_committed = stake_of (4);
    take (STATE, "", &stake);
    commit ();
    assert_refused (&mail.items[0], REFUSED_GAP); // it may sell on
    assert_recorded (EVENT_CLOSED, 0);
    take (STATE, "", &stake);
    finish ();
    assert_only (&mail, WIRE_STAKED);
    assert_int_equal (mail.items[0].message.agency, 7);
    assert_int_equal (mail.items[0].message.staked.count, FAIR_BETS);
    assert_memory_equal (mail.items[0].message.staked.root, draw.stakes[2].root.of,
                         WIRE_HASH_BYTES);
    take (STATE, "", &of_none); // it never came
    finish ();
    assert_only (&mail, WIRE_STAKED);
    assert_int_equal (mail.items[0].message.staked.count, 0);
    take (STATE, "", &of_committed);
    finish ();
    assert_refused (&mail.items[0], REFUSED_GAP);
    wire_message_t beyond = stake_of (3);
    beyond.agency = PROVABLE_ROLL + 1;
    take (STATE, "", &beyond);
    finish ();
    assert_refused (&mail.items[0], REFUSED_GAP);
}

static void winners_are_counted_once_it_is_drawn (void **state)
{
    (void) state;
    go_to (EVENT_REVEALED);
    const wire_message_t ask = {.command = WIRE_AWARD,
                                .draw = PROVABLE_IDENTITY,
                                .award = book_epoch (shelf.book)};
    take (STATE, "", &ask);
    commit ();
    assert_refused (&mail.items[0], REFUSED_GAP);
    assert_recorded (EVENT_DRAWN, 0);
    take (STATE, "", &ask);
    take (STATE, "", &ask); // it joins
    finish ();
    assert_only (&mail, WIRE_AWARDED);
    bytes_t awarded = mail.items[0].message.awarded;
    wire_award_t award;
    uint32_t agency = 0;
    uint64_t winners = 0;
    while (wire_awarded_next (&awarded, &award)) {
        assert_int_equal (award.agency, ++agency);
        for (size_t i = 0; i < FAIR_AGENCIES; i++)
            if (draw.won[i].agency == agency) {
                assert_int_equal (award.count, draw.won[i].count);
                assert_memory_equal (award.root, draw.won[i].root.of, WIRE_HASH_BYTES);
            }
        winners += award.count;
    }
    assert_int_equal (agency, PROVABLE_ROLL);
    assert_true (winners <= FAIR_AGENCIES);
    assert_recorded (EVENT_PUBLISHED, 0);
}

/* ---- Notes ---- */

static wire_message_t fetch_of (uint32_t agency, uint8_t which, uint32_t of)
{
    return (wire_message_t){.command = WIRE_FETCH,
                            .agency = agency,
                            .draw = PROVABLE_IDENTITY,
                            .fetch = {.which = which, .of = of}};
}

static void assert_fetched (uint32_t agency, uint8_t which, uint32_t of,
                            const char *expected)
{
    const wire_message_t fetch = fetch_of (agency, which, of);
    take (WORKER, "c", &fetch);
    commit ();
    assert_only (&mail, WIRE_NOTE);
    const wire_note_t *note = &mail.items[0].message.note;
    assert_int_equal (note->which, which);
    assert_int_equal (note->of, of);
    assert_true (bytes_equal (note->bytes, text_bytes (expected)));
}

static void assert_not_fetched (uint32_t agency, uint8_t which, uint32_t of,
                                wire_code_t code)
{
    const wire_message_t fetch = fetch_of (agency, which, of);
    take (WORKER, "c", &fetch);
    commit ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], code);
}

static void an_agency_has_what_all_have_and_its_own (void **state)
{
    (void) state;
    go_to (EVENT_PUBLISHED);
    assert_fetched (1, NOTE_OPEN, 0, draw.open_note);
    assert_fetched (7, NOTE_SEAL, 0, draw.seal_note);
    assert_fetched (4, NOTE_RESULT, 0, draw.result_note);
    assert_fetched (1, NOTE_RECEIPT, 0, draw.party[0].ready);
    assert_fetched (4, NOTE_RECEIPT, 4, draw.party[1].ready);
    assert_fetched (4, NOTE_COUNTERSIGNED, 0, draw.party[1].countersigned);
    assert_not_fetched (1, NOTE_RECEIPT, 4, REFUSED_KEY);
    assert_not_fetched (4, NOTE_COUNTERSIGNED, 1, REFUSED_KEY);
    assert_not_fetched (1, NOTE_SALTS, 1, REFUSED_KEY);
    assert_not_fetched (1, NOTE_SALTS, 0, REFUSED_KEY);
    assert_not_fetched (1, NOTE_BOX, 0, REFUSED_KEY);
    assert_not_fetched (7, NOTE_RECEIPT, 0, REFUSED_NOTE); // it did not commit
    assert_not_fetched (1, NOTE_VOID, 0, REFUSED_NOTE);
    assert_not_fetched (5, NOTE_OPEN, 0, REFUSED_HELLO); // was not let in
}

static void what_is_not_there_yet_is_said (void **state)
{
    (void) state;
    open_and_sell ();
    assert_not_fetched (1, NOTE_RECEIPT, 0, REFUSED_NOTE);
    assert_not_fetched (1, NOTE_SEAL, 0, REFUSED_NOTE);
    const bytes_t text = mail.items[0].message.refused.text;
    assert_true (
        bytes_equal (text, text_bytes ("draw noche does not have it yet: seal")));
}

static void assert_operator (uint8_t which, uint32_t of, wire_command_t command)
{
    uint8_t bytes[NOTE_PAGE_BYTES];
    const wire_message_t fetch = fetch_of (0, which, of);
    wire_message_t answer;
    assert_int_equal (clerk_fetch (clerk, &fetch, &answer, bytes), 0);
    assert_string_equal (wire_command_name (answer.command),
                         wire_command_name (command));
    if (command == WIRE_REFUSED)
        assert_string_equal (wire_code_name (answer.refused.code),
                             wire_code_name (REFUSED_NOTE));
}

static void an_operator_has_everything_that_is_durable (void **state)
{
    (void) state;
    uint8_t bytes[NOTE_PAGE_BYTES];
    wire_message_t answer, fetch = fetch_of (0, NOTE_OPEN, 0);
    assert_int_equal (clerk_fetch (clerk, &fetch, &answer, bytes), 0);
    assert_string_equal (wire_code_name (answer.refused.code),
                         wire_code_name (REFUSED_HELLO)); // there is no such draw
    go_to (EVENT_CLOSED);
    ask_record (EVENT_LOCKED, 0);
    assert_operator (NOTE_SEAL, 0, WIRE_REFUSED);
    assert_operator (NOTE_SALTS, 7, WIRE_REFUSED);
    commit ();
    assert_operator (NOTE_SEAL, 0, WIRE_NOTE);
    assert_operator (NOTE_SALTS, 7, WIRE_NOTE);
    assert_operator (NOTE_SALTS, 1, WIRE_NOTE);
    assert_operator (NOTE_RECEIPT, 4, WIRE_NOTE);
    assert_operator (NOTE_RECEIPT, 0, WIRE_REFUSED);
    assert_operator (NOTE_COUNTERSIGNED, 4, WIRE_REFUSED);
    assert_operator (NOTE_BOX, 0, WIRE_REFUSED);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_draw_goes_through, setup, teardown),
        cmocka_unit_test_setup_teardown (nothing_is_recorded_out_of_order, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (another_note_is_not_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown (a_paper_that_does_not_fit_is_not_recorded,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (another_number_is_not_recorded, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_commitment_waits_for_its_root, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (another_root_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown (other_bets_are_refused_at_once, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (an_ended_sale_takes_nothing_more, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (bets_that_change_meanwhile_are_noticed, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_commitment_of_an_old_state_is_not_recorded,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (an_agency_is_told_roots_over_its_bets, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (roots_over_what_is_not_there_are_refused,
                                         setup, teardown),
        cmocka_unit_test_setup_teardown (a_plain_draw_has_no_roots_and_no_notes, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (
            who_did_not_commit_has_a_stake_behind_the_close, setup, teardown),
        cmocka_unit_test_setup_teardown (winners_are_counted_once_it_is_drawn, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (an_agency_has_what_all_have_and_its_own, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (what_is_not_there_yet_is_said, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (an_operator_has_everything_that_is_durable,
                                         setup, teardown),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

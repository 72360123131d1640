/* test_clerk.c - storage's conversations: requests in, answers out once all is on disk.
 */

#include <unistd.h>

#include "logged.h"
#include "mail.h"
#include "shelf.h"

#include "clerk.h"
#include "life.h"
#include "logger.h"
#include "takings.h"

#define AGENCIES 4
#define WORKER   "w1"
#define STATE    "s1"
#define BOOT     7
#define OPENED   2 /* records of a draw that is open: registration, opening */
#define CLIENT   "c1"
#define FIRST    life_after (0, 1) /* the state that opened the draw */

static shelf_t shelf;
static clerk_t *clerk;
static mail_t mail; // the answers
static uint64_t ticket;

static void restart (void)
{
    clerk_destroy (&clerk);
    shelf_start (&shelf);
    clerk = clerk_new (shelf.book, false, false);
}

static void open_draw (void);

static uint64_t last_event (void)
{
    return shelf.sale ? shelf.sale->last_event : 0;
}

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf.bare = true; // it is opened below, by a state
    restart ();
    ticket = (uint64_t) BOOT << 32;
    open_draw ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    mail_clear (&mail);
    clerk_destroy (&clerk);
    assert_null (clerk);
    clerk_destroy (&clerk);
    shelf_free (&shelf);
    return 0;
}

/* ---- Requests in, answers out ---- */

static void take (const char *worker, const char *client, const wire_message_t *message)
{
    bundle_t bundle = {0};
    bundle_put (&bundle, client, ++ticket, message);
    assert_int_equal (
        clerk_take (clerk, text_bytes (worker), ROLE_ANY, bundle_bytes (&bundle)), 0);
    bundle_clear (&bundle);
}

/* The agency's history is the shelf's, and its rows are, too, unless they are given. */
static wire_message_t store_with (uint32_t agency, uint64_t offset, uint32_t count,
                                  bytes_t rows)
{
    const bool known = agency < SHELF_AGENCIES;
    return (wire_message_t){
        .command = WIRE_STORE,
        .agency = agency,
        .draw = SHELF_IDENTITY,
        .batch = {.offset = offset,
                  .digest = known ? shelf_digest (agency, offset) : 0,
                  .count = count,
                  .rows = rows}};
}

static wire_message_t store_of (uint32_t agency, uint64_t offset, uint32_t count)
{
    return store_with (agency, offset, count, shelf_rows (agency, offset, count));
}

static wire_message_t event_of (wire_event_t event)
{
    return (wire_message_t){.command = WIRE_RECORD,
                            .agency = event.agency,
                            .draw = SHELF_IDENTITY,
                            .record = {.epoch = book_epoch (shelf.book),
                                       .seen = last_event (),
                                       .event = event}};
}

static wire_message_t seal_of (uint32_t agency, uint64_t count)
{
    return event_of ((wire_event_t){.kind = EVENT_SEALED,
                                    .agency = agency,
                                    .count = count,
                                    .digest = shelf_digest (agency, count)});
}

static wire_message_t find_of (uint32_t agency, uint64_t cursor, uint64_t count,
                               uint32_t number)
{
    return (wire_message_t){.command = WIRE_FIND,
                            .agency = agency,
                            .draw = SHELF_IDENTITY,
                            .find = {book_epoch (shelf.book), cursor, count, number}};
}

static void take_store (uint32_t agency, uint64_t offset, uint32_t count)
{
    const wire_message_t store = store_of (agency, offset, count);
    take (WORKER, CLIENT, &store);
}

static void take_admit (uint32_t agency, wire_day_t day)
{
    const wire_message_t admit = {.command = WIRE_ADMIT,
                                  .agency = agency,
                                  .draw = SHELF_IDENTITY,
                                  .welcome = {.epoch = book_epoch (shelf.book),
                                              .next = 4711,
                                              .limits = {16, 8192, 500, 0},
                                              .agencies = 5,
                                              .ready = 2,
                                              .day = (uint8_t) day,
                                              .name = text_bytes ("first")}};
    take (STATE, CLIENT, &admit);
}

static void take_seal (uint32_t agency, uint64_t count)
{
    const wire_message_t seal = seal_of (agency, count);
    take (STATE, CLIENT, &seal);
}

static void take_find (uint32_t agency, uint64_t cursor, uint64_t count,
                       uint32_t number)
{
    const wire_message_t find = find_of (agency, cursor, count, number);
    take (STATE, CLIENT, &find);
}

static wire_message_t check_of (uint32_t agency, uint64_t count)
{
    return (wire_message_t){.command = WIRE_CHECK,
                            .agency = agency,
                            .draw = SHELF_IDENTITY,
                            .tally = {.count = count}};
}

static void take_check (uint32_t agency, uint64_t count)
{
    const wire_message_t check = check_of (agency, count);
    take (WORKER, CLIENT, &check);
}

static size_t held_told; // of HELD in the last commit

static void set_held_aside (void);

static void collect (void)
{
    mail_clear (&mail);
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (clerk_answers (clerk), &peer, &bundle))
        mail_open (&mail, peer, bundle_bytes (bundle));
    while (outbox_take (clerk_to_state (clerk), &peer, &bundle))
        mail_open (&mail, peer, bundle_bytes (bundle));
    set_held_aside ();
}

/* HELD is for the broker: counted, and taken out of what the agencies are answered. */
static void set_held_aside (void)
{
    size_t kept = 0;
    held_told = 0;
    for (size_t i = 0; i < mail.count; i++)
        if (mail.items[i].message.command == WIRE_HELD) {
            free (mail.items[i].bytes);
            held_told++;
        } else
            mail.items[kept++] = mail.items[i];
    mail.count = kept;
}

/* Commit, and take the answers. */
static int try_commit (void)
{
    if (clerk_begin (clerk, false) == -1 || book_wait (shelf.book) == -1)
        return -1;
    for (int step = 0; step < 8; step++) // of a checkpoint
        if (book_look (shelf.book) == -1)
            return -1;
    return 0;
}

static void commit (void)
{
    assert_int_equal (try_commit (), 0);
    collect ();
}

static void commit_silent (void)
{
    commit ();
    assert_int_equal (mail.count, 0);
}

static void commit_stored (uint32_t agency, uint64_t next)
{
    commit ();
    assert_only (&mail, WIRE_STORED);
    assert_int_equal (mail.items[0].message.agency, agency);
    assert_int_equal (mail.items[0].message.stored.next, next);
}

static void commit_stored_in (uint64_t draw, uint64_t next)
{
    commit ();
    assert_only (&mail, WIRE_STORED);
    assert_true (mail.items[0].message.draw == draw);
    assert_int_equal (mail.items[0].message.stored.next, next);
}

static const wire_refused_t *commit_refused (wire_code_t code, wire_command_t command)
{
    commit ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], code);
    assert_string_equal (wire_command_name (mail.items[0].message.refused.command),
                         wire_command_name (command));
    return &mail.items[0].message.refused;
}

#define assert_sealed(mail)                                                            \
    do {                                                                               \
        assert_only (mail, WIRE_EVENT);                                                \
        assert_int_equal ((mail)->items[0].message.recorded.event.kind, EVENT_SEALED); \
    } while (0)

/* A state has registered, and opened a draw. */
static void open_draw (void)
{
    const wire_message_t registration = {.command = WIRE_REGISTER, .state = FIRST};
    take (STATE, "", &registration);
    commit ();
    assert_only (&mail, WIRE_REGISTERED);
    const wire_message_t opened =
        event_of ((wire_event_t){.kind = EVENT_OPENED,
                                 .source = SOURCE_ENTERED,
                                 .agencies = SHELF_AGENCIES,
                                 .highest = 9999,
                                 .text = text_bytes ("first")});
    take (STATE, "", &opened);
    commit ();
    assert_only (&mail, WIRE_EVENT);
    shelf_look (&shelf);
}

/* It is closed, and drawn. */
static void make_drawn (uint32_t number)
{
    const wire_message_t closed = event_of ((wire_event_t){.kind = EVENT_CLOSED});
    take (STATE, "", &closed);
    const wire_message_t drawn =
        event_of ((wire_event_t){.kind = EVENT_DRAWN, .number = number});
    take (STATE, "", &drawn);
    commit ();
    assert_int_equal (sale_phase (shelf.sale), PHASE_DRAWN);
}

/* The agency is admitted and has `count` bets stored. */
static void begin (uint32_t agency, uint32_t count)
{
    take_admit (agency, DAY_OPEN);
    if (count > 0)
        take_store (agency, 0, count);
    commit ();
    assert_int_equal (mail.count, count > 0 ? 2 : 1);
    assert_int_equal (shelf_next (&shelf, agency), count);
}

/* ---- STORE ---- */

static void batches_in_order_are_stored (void **state)
{
    (void) state;
    begin (1, 0);
    for (uint32_t i = 0; i < 10; i++) {
        take_store (1, i * 3, 3);
        commit_stored (1, i * 3 + 3);
        assert_int_equal (mail.items[0].ticket, ticket);
        assert_string_equal (mail.items[0].client, CLIENT);
    }
    shelf_check (&shelf, AGENCIES);
    assert_int_equal (shelf.csv->cached.size, book_bytes (shelf.book));
}

static void one_answer_acknowledges_the_group (void **state)
{
    (void) state;
    begin (1, 0);
    begin (2, 0);
    for (uint32_t i = 0; i < 10; i++) {
        take_store (1, i * 3, 3);
        take_store (2, i, 1);
    }
    commit ();
    assert_int_equal (mail.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const mailed_t *item = &mail.items[i];
        assert_string_equal (wire_command_name (item->message.command), "STORED");
        assert_int_equal (item->message.stored.next,
                          item->message.agency == 1 ? 30 : 10);
        assert_true (item->ticket >= ticket - 1); // the latest item's
    }
}

static void nothing_is_answered_before_the_commit (void **state)
{
    (void) state;
    begin (1, 2);
    const unsigned writes = shelf.log->calls[DISK_WRITE];
    take_store (1, 2, 3);
    take_store (1, 0, 2);
    take_store (1, 9, 1);
    collect ();
    assert_int_equal (mail.count, 0);
    assert_int_equal (shelf.log->calls[DISK_WRITE], writes);
    commit_stored (1, 5);
    assert_int_equal (shelf.log->calls[DISK_WRITE], writes + 1);
    commit_silent (); // it was said
}

static void duplicates_are_acknowledged_again (void **state)
{
    (void) state;
    begin (1, 0);
    take_store (1, 0, 4);
    take_store (1, 4, 4);
    commit_stored (1, 8);
    const size_t size = shelf.csv->cached.size;
    static const struct {
        uint64_t offset;
        uint32_t count;
    } batches[] = {{0, 4}, {4, 4}, {0, 8}, {1, 1}, {2, 5}, {7, 1}, {0, 1}};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        take_store (1, batches[i].offset, batches[i].count);
        commit_stored (1, 8);
    }
    assert_int_equal (shelf.csv->cached.size, size);
    shelf_check (&shelf, AGENCIES);
}

static void duplicates_within_a_group_are_stored_once (void **state)
{
    (void) state;
    begin (1, 0);
    for (int i = 0; i < 5; i++) {
        take_store (1, 0, 4);
        take_store (1, 4, 2);
        take_store (1, 3, 3);
    }
    commit_stored (1, 6);
    shelf_check (&shelf, AGENCIES);
}

static void other_bets_at_a_stored_offset_are_a_conflict (void **state)
{
    (void) state;
    begin (1, 8);
    for (int i = 0; i < 3; i++) {
        wire_message_t store = store_of (1, 2, 3);
        if (i == 0)
            store.batch.rows = shelf_rows (1, 3, 3); // those of another offset
        else if (i == 1)
            store.batch.rows = shelf_rows (2, 2, 3); // another agency's
        else
            store.batch.offset = 3;
        take (WORKER, CLIENT, &store);
        const wire_refused_t *refused = commit_refused (REFUSED_CONFLICT, WIRE_BATCH);
        assert_int_equal (refused->offset, store.batch.offset);
        assert_int_equal (refused->expected, 8);
        assert_int_equal (mail.items[0].ticket, ticket);
    }
    shelf_check (&shelf, AGENCIES);
}

static void send_other_bets (void)
{
    for (int i = 0; i < 2000; i++) {
        wire_message_t store = store_of (1, 2, 3);
        store.batch.rows = shelf_rows (1, 3, 3);
        take (WORKER, CLIENT, &store);
        commit_refused (REFUSED_CONFLICT, WIRE_BATCH);
    }
}

static void pass_time (void)
{
    assert_int_equal (clerk_deadline (clerk), 1000 + RATE_LIMIT_PERIOD_MS);
    assert_int_equal (clerk_tick (clerk, 1000 + RATE_LIMIT_PERIOD_MS, 0), 0);
}

static void a_flood_of_conflicts_is_no_flood_of_lines (void **state)
{
    (void) state;
    begin (1, 8);
    assert_int_equal (clerk_tick (clerk, 1000, 0), 0);
    assert_true (clerk_deadline (clerk) == INT64_MAX);
    assert_int_equal (logged ("\n", send_other_bets), 2 * RATE_LIMIT_LINES);
    assert_int_equal (logged ("agency: 1 | not_logged: 1990", pass_time), 2);
    assert_int_equal (logged ("conflicto", send_other_bets), RATE_LIMIT_LINES);
    assert_int_equal (logged ("apuesta_recibida", send_other_bets), 0);
}

static void a_gap_is_waited_for (void **state)
{
    (void) state;
    begin (1, 0);
    take_store (1, 6, 2);
    take_store (1, 4, 2);
    take_store (1, 10, 5);
    commit_silent ();
    assert_int_equal (held_told, 3);
    take_store (1, 0, 4);
    commit_stored (1, 8);            // what was held up to there
    assert_int_equal (held_told, 0); // once is enough
    take_store (1, 8, 2);
    commit_stored (1, 15);
    shelf_check (&shelf, AGENCIES);
}

/* A gap is filled by the next batch in the same group as well. */
static void a_whole_window_in_reverse_is_stored (void **state)
{
    (void) state;
    begin (1, 0);
    const uint64_t first = ticket + 1;
    for (uint32_t i = WINDOW_MAX; i-- > 0;)
        take_store (1, i * 2, 2);
    commit_stored (1, 2 * WINDOW_MAX);
    assert_int_equal (mail.items[0].ticket, first); // the last was the first to come
    shelf_check (&shelf, AGENCIES);
}

static void held_batches_are_judged_again (void **state)
{
    (void) state;
    begin (1, 0);
    take_store (1, 4, 2); // past by then, and the same
    wire_message_t other = store_of (1, 5, 1);
    other.batch.rows = shelf_rows (1, 9, 1);
    take (WORKER, "c2", &other); // past by then, and other bets
    take_store (1, 7, 3);        // across by then
    commit_silent ();
    take_store (1, 0, 8);
    commit ();
    assert_int_equal (mail.count, 3);
    assert_refused (&mail.items[0], REFUSED_CONFLICT);
    assert_string_equal (mail.items[0].client, "c2");
    assert_refused (&mail.items[1], REFUSED_GAP);
    assert_int_equal (mail.items[1].message.refused.offset, 7);
    assert_string_equal (wire_command_name (mail.items[2].message.command), "STORED");
    assert_int_equal (mail.items[2].message.stored.next, 8);
    shelf_check (&shelf, AGENCIES);
}

static void too_far_ahead_is_a_gap (void **state)
{
    (void) state;
    begin (1, 3);
    take_store (1, 4 + (uint64_t) WINDOW_MAX * BATCH_ROWS_MAX, 1);
    assert_int_equal (commit_refused (REFUSED_GAP, WIRE_BATCH)->expected, 3);
    for (uint32_t i = 0; i < HELD_BATCHES_PER_AGENCY; i++)
        take_store (1, 4 + i, 1);
    commit_silent ();
    take_store (1, 4 + HELD_BATCHES_PER_AGENCY, 1);
    assert_int_equal (commit_refused (REFUSED_GAP, WIRE_BATCH)->offset,
                      4 + HELD_BATCHES_PER_AGENCY);
    take_store (1, 3, 1);
    commit_stored (1, 4 + HELD_BATCHES_PER_AGENCY);
}

static void across_the_end_is_a_gap (void **state)
{
    (void) state;
    begin (1, 5);
    static const uint64_t offsets[] = {0, 3, 4};
    for (size_t i = 0; i < 3; i++) {
        take_store (1, offsets[i], 6);
        const wire_refused_t *refused = commit_refused (REFUSED_GAP, WIRE_BATCH);
        assert_int_equal (refused->expected, 5);
        assert_int_equal (refused->offset, offsets[i]);
    }
    assert_int_equal (shelf_next (&shelf, 1), 5);
}

static void a_stranger_is_asked_to_say_hello (void **state)
{
    (void) state;
    static const uint32_t strangers[] = {1, 0, AGENCIES_MAX, AGENCIES_MAX + 1,
                                         UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        wire_message_t store = store_of (1, 0, 2);
        store.agency = strangers[i];
        take (WORKER, CLIENT, &store);
        const wire_refused_t *refused = commit_refused (REFUSED_HELLO, WIRE_BATCH);
        assert_int_equal (refused->expected, 0);
        assert_int_equal (mail.items[0].message.agency, strangers[i]);
    }
    assert_int_equal (book_records (shelf.book), OPENED);
}

static void rows_that_no_worker_writes_are_refused (void **state)
{
    (void) state;
    static const struct {
        const char *rows;
        uint32_t count;
    } cases[] = {
        {"", 0},
        {"", 1},
        {"\n", 1},
        {"1,a,b,1,2000-01-01,1", 1},
        {"1,a,b,1,2000-01-01,1\n", 1},
        {"1,a,b,1,2000-01-01,1\r\n", 0},
        {"1,a,b,1,2000-01-01,1\r\n", 2},
        {"1,a,b,1,2000-01-01,1\r\n", UINT32_MAX},
        {"1,a,b,1,2000-01-01,1\r\n1,a,b,1,2000-01-01,1\r\n", 1},
        {"1,a,b,1,2000-01-01,1\r\nx", 1},
        {"1,a,b,1,2000-01-01,1\r\n1,a", 2},
    };
    begin (1, 3);
    const uint64_t strays = clerk_strays (clerk);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const wire_message_t store =
            store_with (1, 3, cases[i].count, text_bytes (cases[i].rows));
        take (WORKER, CLIENT, &store);
        commit_refused (REFUSED_BODY, WIRE_BATCH);
        assert_int_equal (clerk_strays (clerk), strays + i + 1);
    }
    assert_int_equal (shelf_next (&shelf, 1), 3);
}

/* As many rows as a record can count, as many bytes as a message can hold; not one
 * more.
 */
static void rows_are_bounded (void **state)
{
    (void) state;
    static const struct {
        size_t rows, size;
        bool good;
    } cases[] = {
        {BATCH_ROWS_MAX, 3 * BATCH_ROWS_MAX, true},
        {BATCH_ROWS_MAX + 1, 3 * (BATCH_ROWS_MAX + 1), false},
        {1, STORE_BYTES_MAX, true},
        {1, STORE_BYTES_MAX + 1, false},
    };
    uint8_t *rows = malloc (STORE_BYTES_MAX + 1);
    assert_non_null (rows);
    begin (1, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset (rows, '0', cases[i].size);
        for (size_t row = 0; row < cases[i].rows; row++)
            memcpy (rows + cases[i].size - 2 - 3 * row, "\r\n", 2);
        const uint64_t next = shelf_next (&shelf, 1);
        wire_message_t store = store_with (1, next, (uint32_t) cases[i].rows,
                                           bytes_of (rows, cases[i].size));
        store.batch.digest = cursors_find (shelf.cursors, 1)->at.digest;
        take (WORKER, CLIENT, &store);
        if (cases[i].good)
            commit_stored (1, next + cases[i].rows);
        else
            commit_refused (REFUSED_BODY, WIRE_BATCH);
    }
    free (rows);
    restart ();
    assert_int_equal (shelf_next (&shelf, 1), BATCH_ROWS_MAX + 1);
}

/* Each of two connections learns what became of its batches, wherever they came from.
 */
static void two_clients_of_one_agency_are_both_answered (void **state)
{
    (void) state;
    begin (1, 0);
    const wire_message_t first = store_of (1, 0, 2);
    take ("w1", "old", &first);
    const wire_message_t second = store_of (1, 2, 2);
    take ("w2", "new", &second);
    const wire_message_t third = store_of (1, 4, 2);
    take ("w1", "new", &third);
    commit ();
    assert_int_equal (mail.count, 2);
    bool told_old = false, told_new = false;
    for (size_t i = 0; i < 2; i++) {
        const mailed_t *item = &mail.items[i];
        assert_string_equal (wire_command_name (item->message.command), "STORED");
        told_old |= strcmp (item->client, "old") == 0 && item->message.stored.next >= 2;
        told_new |= strcmp (item->client, "new") == 0 &&
                    item->message.stored.next == 6 && item->ticket == ticket;
    }
    assert_true (told_old && told_new);
}

/* ---- ADMIT, RECORD of seals, FIND ---- */

static void admission_is_answered_with_the_next_offset (void **state)
{
    (void) state;
    begin (3, 7);
    take_admit (3, DAY_OPEN);
    take_store (3, 7, 2); // in the same group: not on disk, but it will be
    take_admit (3, DAY_OPEN);
    commit ();
    assert_int_equal (mail.count, 3);
    static const uint64_t nexts[] = {7, 9};
    for (size_t i = 0; i < 2; i++) {
        const wire_message_t *welcome = &mail.items[i].message;
        assert_string_equal (wire_command_name (welcome->command), "WELCOME");
        assert_int_equal (welcome->agency, 3);
        assert_int_equal (welcome->welcome.next, nexts[i]);
        assert_int_equal (welcome->welcome.limits.window, 16);
        assert_int_equal (welcome->welcome.limits.message_bytes_max, 8192);
        assert_int_equal (welcome->welcome.limits.rows_max, 500);
        assert_int_equal (welcome->welcome.agencies, 5);
        assert_int_equal (welcome->welcome.ready, 2);
        assert_int_equal (welcome->welcome.day, DAY_OPEN);
    }
    static const uint32_t impossible[] = {0, AGENCIES_MAX + 1, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        take_admit (impossible[i], DAY_OPEN);
        commit_refused (REFUSED_AGENCY, WIRE_HELLO);
    }
}

/* Storage may know of a seal that state has lost by a crash. */
static void a_sealed_agency_is_told_so (void **state)
{
    (void) state;
    static const wire_day_t told[] = {DAY_SEALED, DAY_SEALED, DAY_DRAWN};
    begin (1, 3);
    take_seal (1, 3);
    commit ();
    for (int day = DAY_OPEN; day <= DAY_DRAWN; day++) {
        take_admit (1, (wire_day_t) day);
        commit ();
        assert_only (&mail, WIRE_WELCOME);
        assert_int_equal (mail.items[0].message.welcome.day, told[day]);
        assert_int_equal (mail.items[0].message.welcome.next, 3);
    }
}

static void admission_forgets_what_was_held (void **state)
{
    (void) state;
    begin (1, 0);
    take_store (1, 5, 2);
    take_admit (1, DAY_OPEN);
    take_store (1, 0, 5);
    commit ();
    assert_int_equal (mail.count, 2);
    assert_int_equal (shelf_next (&shelf, 1), 5);
}

static void the_right_count_is_sealed (void **state)
{
    (void) state;
    begin (1, 6);
    begin (2, 0);
    take_seal (1, 5);
    const wire_refused_t *refused = commit_refused (REFUSED_TALLY, WIRE_READY);
    assert_int_equal (refused->expected, 6);
    assert_int_equal (refused->offset, 5); // which READY is meant
    take_seal (1, 7);
    commit_refused (REFUSED_TALLY, WIRE_READY);
    const uint32_t records = book_records (shelf.book);
    for (int i = 0; i < 3; i++) { // asked again it is so still, and recorded once
        take_seal (1, 6);
        take_seal (2, 0);
        commit ();
        assert_int_equal (mail.count, 2);
        for (uint32_t j = 0; j < 2; j++) {
            const wire_event_t *event = &mail.items[j].message.recorded.event;
            assert_string_equal (wire_command_name (mail.items[j].message.command),
                                 "EVENT");
            assert_string_equal (mail.items[j].peer, STATE);
            assert_int_equal (event->kind, EVENT_SEALED);
            assert_int_equal (event->agency, j + 1);
            assert_int_equal (event->count, j == 0 ? 6 : 0);
        }
        assert_int_equal (book_records (shelf.book), records + 2);
    }
    take_seal (1, 5);
    commit_refused (REFUSED_TALLY, WIRE_READY);
    take_seal (3, 0);
    commit_refused (REFUSED_HELLO, WIRE_READY);
    restart ();
    take_seal (1, 6);
    commit ();
    assert_sealed (&mail);
    assert_int_equal (book_records (shelf.book), records + 2);
}

static void nothing_is_added_to_a_sealed_agency (void **state)
{
    (void) state;
    begin (1, 6);
    take_store (1, 8, 1); // waits, and its turn will not come
    take_seal (1, 6);
    commit ();
    assert_int_equal (mail.count, 2);
    assert_refused (&mail.items[0], REFUSED_CLOSED);
    assert_int_equal (mail.items[0].message.refused.offset, 8);
    assert_int_equal (mail.items[1].message.command, WIRE_EVENT);
    assert_int_equal (cursors_find (shelf.cursors, 1)->held_count, 0);
    for (int i = 0; i < 2; i++) {
        static const uint64_t offsets[] = {6, 7, 4, 1000};
        for (size_t j = 0; j < 4; j++) {
            take_store (1, offsets[j], 3);
            assert_int_equal (commit_refused (REFUSED_CLOSED, WIRE_BATCH)->expected, 6);
        }
        take_store (1, 3, 3); // it is stored, though
        commit_stored (1, 6);
        restart ();
    }
    shelf_check (&shelf, AGENCIES);
}

static void winners_are_found_for_the_sealed (void **state)
{
    (void) state;
    begin (1, 5000);
    begin (2, 30);
    take_seal (1, 5000);
    commit ();
    take_find (1, 0, 5000, 3); // before the draw
    commit ();
    assert_only (&mail, WIRE_REFUSED);
    assert_refused (&mail.items[0], REFUSED_GAP);
    assert_string_equal (mail.items[0].peer, STATE);
    make_drawn (3);
    take_find (1, 0, 5000, 4); // another number
    commit ();
    assert_refused (&mail.items[0], REFUSED_GAP);
    take_find (3, 0, 0, 3);
    commit_refused (REFUSED_HELLO, WIRE_RESULTS);
    static const struct {
        uint32_t agency;
        uint64_t count;
    } wrong[] = {{1, 4999}, {1, 5001}, {1, 0}, {2, 29}};
    for (size_t i = 0; i < 4; i++) {
        take_find (wrong[i].agency, 0, wrong[i].count, 3);
        commit_refused (REFUSED_TALLY, WIRE_RESULTS);
    }
    uint64_t cursor = 0, offset = 0;
    uint32_t found = 0;
    do { // every winner once, in order, over the pages
        take_find (1, cursor, cursor % 2 ? 5000 : UINT64_MAX, 3);
        commit ();
        assert_only (&mail, WIRE_WINNERS);
        const wire_winners_t *page = &mail.items[0].message.winners;
        assert_int_equal (mail.items[0].message.agency, 1);
        assert_int_equal (page->cursor, cursor);
        assert_int_equal (page->sequence, book_records (shelf.book));
        assert_memory_equal (page->head, book_head (shelf.book), WIRE_HEAD_BYTES);
        assert_int_equal (page->number, 3);
        const uint8_t *at = page->documents.data;
        for (uint32_t i = 0; i < page->count; i++, offset++, at += 10) {
            char document[16];
            while (shelf_number (1, offset) != 3)
                offset++;
            snprintf (document, sizeof document, "1%08u\n", (unsigned) offset);
            assert_memory_equal (at, document, 10);
            found++;
        }
        assert_true (at == page->documents.data + page->documents.size);
        cursor = page->next;
    } while (cursor != 0);
    assert_int_equal (found, 500);
    for (; offset < 5000; offset++)
        assert_true (shelf_number (1, offset) != 3);
}

/* State asks in an envelope of its own, and is answered itself. */
static void take_find_for_operator (uint32_t agency, uint64_t count, uint32_t number)
{
    const wire_message_t find = find_of (agency, 0, count, number);
    bundle_t bundle = {0};
    bundle_put (&bundle, "", 99, &find);
    assert_int_equal (
        clerk_take (clerk, text_bytes (STATE), ROLE_ANY, bundle_bytes (&bundle)), 0);
    bundle_clear (&bundle);
    commit ();
    assert_int_equal (mail.count, 1);
    assert_string_equal (mail.items[0].peer, STATE);
    assert_int_equal (mail.items[0].ticket, 99);
    assert_int_equal (mail.items[0].message.agency, agency);
}

static void what_an_operator_asks_is_answered_to_state (void **state)
{
    (void) state;
    begin (1, 30);
    take_seal (1, 30);
    commit ();
    take_find_for_operator (1, 30, 3);
    assert_refused (&mail.items[0], REFUSED_GAP);
    make_drawn (3);
    take_find_for_operator (1, 30, 3);
    assert_only (&mail, WIRE_WINNERS);
    assert_int_equal (mail.items[0].message.winners.count, 3);
    take_find_for_operator (1, 29, 3);
    assert_refused (&mail.items[0], REFUSED_TALLY);
    const uint32_t records = book_records (shelf.book);
    take_find_for_operator (3, UINT64_MAX, 3); // which never came
    assert_only (&mail, WIRE_WINNERS);
    assert_int_equal (mail.items[0].message.winners.count, 0);
    assert_int_equal (mail.items[0].message.winners.number, 3);
    assert_true (mail.items[0].message.winners.next == 0);
    assert_int_equal (mail.items[0].message.winners.sequence, records);
    assert_null (cursors_find (shelf.cursors, 3)); // and has not come by that
    take_find_for_operator (3, UINT64_MAX, 4);
    assert_refused (&mail.items[0], REFUSED_HELLO);
    take_find_for_operator (AGENCIES_MAX + 1, UINT64_MAX, 3);
    assert_refused (&mail.items[0], REFUSED_HELLO);
    assert_int_equal (book_records (shelf.book), records);
}

/* As many as fit into one pass, and more; whoever may not ask is told so. */
static void a_bundle_of_questions_is_answered_one_by_one (void **state)
{
    (void) state;
    enum { ASKED = 3 * BUNDLE_MESSAGES_MAX / 2 };
    begin (1, 50);
    begin (2, 30);
    begin (3, 20);
    make_drawn (3);
    static const uint64_t counts[] = {50, 30, 19}; // the third is wrong
    bundle_t bundle = {0};
    for (uint32_t i = 0; i < ASKED; i++) {
        const wire_message_t find = find_of (1 + i % 3, 0, counts[i % 3], 3);
        bundle_put (&bundle, CLIENT, 1000 + i, &find);
    }
    assert_int_equal (
        clerk_take (clerk, text_bytes (WORKER), ROLE_ANY, bundle_bytes (&bundle)), 0);
    bundle_clear (&bundle);
    commit ();
    assert_int_equal (mail.count, ASKED);
    bool answered[ASKED] = {0};
    for (size_t i = 0; i < mail.count; i++) {
        const wire_message_t *message = &mail.items[i].message;
        const uint64_t asked = mail.items[i].ticket - 1000;
        assert_true (asked < ASKED && !answered[asked]);
        answered[asked] = true;
        assert_int_equal (message->agency, 1 + asked % 3);
        if (asked % 3 == 2) {
            assert_int_equal (message->command, WIRE_REFUSED);
            continue;
        }
        assert_int_equal (message->command, WIRE_WINNERS);
        assert_int_equal (message->winners.number, 3);
        uint32_t winners = 0;
        for (uint64_t offset = 0; offset < counts[asked % 3]; offset++)
            winners += shelf_number (message->agency, offset) == 3;
        assert_int_equal (message->winners.count, winners);
        assert_int_equal (message->winners.next, 0);
    }
}

/* ---- State: who is heard, what is recorded and replayed ---- */

static void take_register (const char *peer, uint64_t life)
{
    const wire_message_t registration = {.command = WIRE_REGISTER, .state = life};
    take (peer, "", &registration);
}

static const wire_refused_t *refused_to (const mailed_t *item, const char *peer,
                                         wire_code_t code)
{
    assert_refused (item, code);
    assert_string_equal (item->peer, peer);
    return &item->message.refused;
}

static void of_two_states_the_last_is_heard (void **state)
{
    (void) state;
    begin (1, 6);
    const wire_message_t stale[] = {
        seal_of (1, 6),
        find_of (1, 0, 6, 3),
        {.command = WIRE_ADMIT,
         .agency = 1,
         .draw = SHELF_IDENTITY,
         .welcome = {.epoch = book_epoch (shelf.book), .name = text_bytes ("first")}},
        {.command = WIRE_REPLAY,
         .draw = SHELF_IDENTITY,
         .replay = {.epoch = book_epoch (shelf.book)}}};
    const uint64_t first = book_epoch (shelf.book);
    take_register ("s2", life_after (FIRST, 2));
    collect ();
    assert_int_equal (mail.count, 0); // nobody is told before it is durable
    commit ();
    assert_int_equal (mail.count, 2);
    const uint64_t second = book_epoch (shelf.book);
    assert_true (second > first);
    for (size_t i = 0; i < 2; i++) {
        const mailed_t *item = &mail.items[i];
        if (item->message.command == WIRE_REGISTERED) {
            assert_string_equal (item->peer, "s2");
            assert_true (item->message.registered.epoch == second);
            assert_true (item->message.registered.identity ==
                         book_identity (shelf.book));
            assert_int_equal (item->message.registered.draws, 1);
            continue;
        }
        const wire_refused_t *refused = refused_to (item, STATE, REFUSED_SUPERSEDED);
        assert_true (refused->offset == first && refused->expected == second);
    }
    const uint32_t records = book_records (shelf.book);
    for (size_t i = 0; i < 4; i++) {
        take (STATE, CLIENT, &stale[i]);
        commit ();
        assert_int_equal (mail.count, 1);
        const wire_refused_t *refused =
            refused_to (&mail.items[0], STATE, REFUSED_SUPERSEDED);
        assert_true (refused->offset == first && refused->expected == second);
    }
    const uint64_t late[] = {FIRST, life_after (0, 3), life_after (FIRST, 3)};
    for (size_t i = 0; i < 3; i++) { // that was under way, and is told who is heard
        take_register (STATE, late[i]);
        commit ();
        assert_int_equal (mail.count, 1);
        const wire_refused_t *refused =
            refused_to (&mail.items[0], STATE, REFUSED_SUPERSEDED);
        assert_true (refused->offset == 0);
        assert_true (refused->expected == life_after (FIRST, 2));
    }
    assert_int_equal (book_records (shelf.book), records);
    take_seal (1, 6); // by the one that is heard
    commit ();
    assert_sealed (&mail);
}

/* It may have been put away: the agency says HELLO, and the draw's name, again. */
static void a_draw_that_is_not_there_is_said_to_be_so (void **state)
{
    (void) state;
    begin (1, 6);
    wire_message_t messages[] = {seal_of (1, 6), find_of (1, 0, 6, 3)};
    messages[0].draw ^= 1;
    messages[1].draw ^= 1;
    for (size_t i = 0; i < 2; i++) {
        take (STATE, CLIENT, &messages[i]);
        commit_refused (REFUSED_HELLO, i == 0 ? WIRE_READY : WIRE_RESULTS);
        assert_string_not_equal (mail.items[0].peer, STATE); // for the agency
    }
}

static void events_are_replayed_a_page_at_a_time (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency < SHELF_AGENCIES; agency++) {
        take_admit (agency, DAY_OPEN);
        take_seal (agency, 0);
    }
    commit ();
    for (uint64_t from = 0; from < SHELF_AGENCIES + 3; from++) {
        const wire_message_t replay = {
            .command = WIRE_REPLAY,
            .draw = SHELF_IDENTITY,
            .replay = {.epoch = book_epoch (shelf.book), .from = from}};
        take (STATE, "", &replay);
        commit ();
        assert_int_equal (mail.count,
                          from < SHELF_AGENCIES ? SHELF_AGENCIES - from : 0);
        for (uint64_t i = 0; i < mail.count; i++) {
            const wire_recorded_t *recorded = &mail.items[i].message.recorded;
            assert_string_equal (mail.items[i].peer, STATE);
            assert_int_equal (mail.items[i].message.command, WIRE_EVENT);
            assert_int_equal (recorded->ordinal, from + i);
            assert_int_equal (recorded->event.agency, from + i);
            assert_int_equal (mail.items[i].message.agency, from + i);
        }
    }
    assert_true (SHELF_AGENCIES < REPLAY_EVENTS);
}

/* A seal that is not right is the agency's to hear; what nobody asked for, and what
   only a replay can mend, is state's. */
static void refusals_of_events_go_to_whom_they_concern (void **state)
{
    (void) state;
    begin (1, 6);
    take_seal (1, 5);
    commit ();
    assert_int_equal (mail.count, 1);
    assert_refused (&mail.items[0], REFUSED_TALLY);
    assert_string_not_equal (mail.items[0].peer, STATE);
    assert_int_equal (mail.items[0].envelope.boot, BOOT);
    const wire_message_t drawn =
        event_of ((wire_event_t){.kind = EVENT_DRAWN, .number = 3});
    take (STATE, "", &drawn); // not all are sealed
    commit ();
    assert_int_equal (mail.count, 1);
    assert_int_equal (refused_to (&mail.items[0], STATE, REFUSED_GAP)->expected, 1);
    const wire_message_t served =
        event_of ((wire_event_t){.kind = EVENT_SERVED, .agency = 1});
    take (STATE, CLIENT, &served);
    commit ();
    assert_int_equal (refused_to (&mail.items[0], STATE, REFUSED_GAP)->expected, 1);
    take_register ("s2", 0);
    commit ();
    assert_true (refused_to (&mail.items[0], "s2", REFUSED_SUPERSEDED)->expected ==
                 FIRST);
}

static void make_draw (void)
{
    for (uint32_t agency = 1; agency <= SHELF_AGENCIES; agency++) {
        take_admit (agency, DAY_OPEN);
        if (agency < SHELF_AGENCIES)
            take_seal (agency, 0);
    }
    const wire_message_t last =
        event_of ((wire_event_t){.kind = EVENT_SEALED, .agency = SHELF_AGENCIES});
    take (STATE, CLIENT, &last);
    for (int i = 0; i < 3; i++) {
        wire_message_t drawn =
            event_of ((wire_event_t){.kind = EVENT_DRAWN, .number = 3});
        drawn.record.seen = i == 0 ? last_event () : 0;
        take (STATE, "", &drawn);
    }
    commit ();
}

static void the_draw_is_logged_once_by_who_records_it (void **state)
{
    (void) state;
    assert_int_equal (
        logged ("action: sorteo | result: success | numero: 3 | draw: first\n",
                make_draw),
        1);
    assert_int_equal (mail.count, 2 * SHELF_AGENCIES + 3);
}

/* ---- Histories: whose bets these are ---- */

static void conflicts (const wire_message_t *message)
{
    const uint32_t records = book_records (shelf.book);
    take (WORKER, CLIENT, message);
    commit_refused (REFUSED_CONFLICT,
                    message->command == WIRE_STORE ? WIRE_BATCH : WIRE_READY);
    assert_int_equal (book_records (shelf.book), records);
}

/* The next bets of a file that is not the one whose first bets are stored. */
static void a_batch_behind_other_bets_is_a_conflict (void **state)
{
    (void) state;
    begin (1, 5);
    wire_message_t store = store_of (1, 5, 3);
    store.batch.digest = shelf_digest (1, 4);
    conflicts (&store);
    store.batch.digest = 0;
    conflicts (&store);
    take_store (1, 5, 3);
    commit_stored (1, 8);
    assert_true (mail.items[0].message.stored.digest == shelf_digest (1, 8));
    shelf_check (&shelf, AGENCIES);
}

static void a_held_batch_is_compared_when_its_turn_comes (void **state)
{
    (void) state;
    begin (1, 0);
    wire_message_t store = store_of (1, 3, 2);
    store.batch.digest = shelf_digest (2, 3);
    take (WORKER, "other", &store);
    commit_silent ();
    take_store (1, 0, 3);
    commit ();
    assert_int_equal (mail.count, 2);
    for (size_t i = 0; i < 2; i++)
        if (strcmp (mail.items[i].client, "other") == 0)
            assert_refused (&mail.items[i], REFUSED_CONFLICT);
        else
            assert_int_equal (mail.items[i].message.stored.next, 3);
    assert_int_equal (shelf_next (&shelf, 1), 3);
}

/* The same bets, but behind others: two files that have these in common. */
static void a_repeat_behind_other_bets_is_a_conflict (void **state)
{
    (void) state;
    begin (1, 8);
    wire_message_t store = store_of (1, 5, 2);
    store.batch.digest ^= 1;
    conflicts (&store);
    store.batch.digest ^= 1;
    take (WORKER, CLIENT, &store);
    commit_stored (1, 8);
}

/* Two equal bets of two terminals are two, and one that is repeated is one. */
static void single_bets_have_a_writer (void **state)
{
    (void) state;
    begin (1, 0);
    wire_message_t store = store_of (1, 0, 1);
    store.batch.writer = 77;
    take (WORKER, CLIENT, &store);
    commit_stored (1, 1);
    for (int again = 0; again < 2; again++) { // also when storage was restarted
        take (WORKER, CLIENT, &store);
        commit_stored (1, 1);
        store.batch.writer = 78;
        conflicts (&store);
        store.batch.writer = 0; // nor is it a file's
        conflicts (&store);
        store.batch.writer = 77;
        restart ();
        store.batch.rows = shelf_rows (1, 0, 1);
    }
    wire_message_t second = store;
    second.batch.offset = 1;
    second.batch.writer = 78;
    second.batch.digest = cursors_find (shelf.cursors, 1)->at.digest;
    take (WORKER, CLIENT, &second);
    commit_stored (1, 2);
    take (WORKER, CLIENT, &second);
    commit_stored (1, 2);
    assert_int_equal (shelf.csv->cached.size, 2 * store.batch.rows.size);
}

static void another_draw_is_refused_whatever_it_asks (void **state)
{
    (void) state;
    begin (1, 8);
    const wire_message_t good[] = {store_of (1, 0, 2),  store_of (1, 8, 1),
                                   store_of (1, 20, 1), // it is not held either
                                   seal_of (1, 8),      find_of (1, 0, 8, 3),
                                   check_of (1, 3),     store_of (3, 0, 1)};
    static const wire_command_t told[] = {WIRE_BATCH, WIRE_BATCH,   WIRE_BATCH,
                                          WIRE_READY, WIRE_RESULTS, WIRE_CHECK,
                                          WIRE_BATCH};
    const uint64_t draws[] = {0, SHELF_IDENTITY ^ 1, UINT64_MAX};
    const uint32_t records = book_records (shelf.book);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (size_t j = 0; j < 3; j++) {
            wire_message_t message = good[i];
            message.draw = draws[j];
            if (message.command == WIRE_STORE)
                message.batch.rows =
                    shelf_rows (1, message.batch.offset, message.batch.count);
            take (WORKER, CLIENT, &message);
            commit_refused (REFUSED_HELLO, told[i]);
        }
    assert_int_equal (cursors_find (shelf.cursors, 1)->held_count, 0);
    assert_int_equal (book_records (shelf.book), records);
}

static void other_bets_are_not_sealed (void **state)
{
    (void) state;
    begin (1, 6);
    wire_message_t seal = seal_of (1, 6);
    seal.record.event.digest ^= 1;
    conflicts (&seal);
    assert_false (shelf_sealed (&shelf, 1));
    take_store (1, 6, 1); // so it can go on
    commit_stored (1, 7);
    take_seal (1, 7);
    commit ();
    assert_sealed (&mail);
    assert_true (mail.items[0].message.recorded.event.digest == shelf_digest (1, 7));
    seal = seal_of (1, 7);
    seal.record.event.digest ^= 1;
    conflicts (&seal);
}

static void what_is_stored_can_be_compared_anywhere (void **state)
{
    (void) state;
    begin (1, 0);
    for (uint64_t offset = 0; offset < 60; offset += 3) {
        take_store (1, offset, 3);
        take_check (1, offset + 3); // this group's are told of when they are stored
        commit ();
        assert_int_equal (mail.count, 2);
    }
    take_seal (1, 60);
    commit ();
    for (int again = 0; again < 2; again++) {
        for (uint64_t count = 0; count <= 60; count++) {
            take_check (1, count);
            commit ();
            assert_only (&mail, WIRE_DIGEST);
            assert_int_equal (mail.items[0].message.tally.count, count);
            assert_true (mail.items[0].message.tally.digest == shelf_digest (1, count));
        }
        take_check (1, 61);
        assert_int_equal (commit_refused (REFUSED_GAP, WIRE_CHECK)->expected, 60);
        take_check (1, UINT64_MAX);
        commit_refused (REFUSED_GAP, WIRE_CHECK);
        take_check (2, 0);
        commit_refused (REFUSED_HELLO, WIRE_CHECK);
        restart ();
    }
}

/* Two files of one agency that begin with the same bets are sold at the same time, by
   two runs that know nothing of each other and send whatever comes to them. Each is
   acknowledged what it has in common with what is stored, and never more. */
static void of_two_histories_one_is_stored (void **state)
{
    (void) state;
    enum { ROUNDS = 100, COMMON = 10, LENGTH = 30 };
    uint64_t random = 5;
    uint32_t won[2] = {0};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        teardown (NULL);
        setup (NULL);
        begin (1, 0);
        uint64_t digests[2][LENGTH + 1];
        for (uint32_t who = 0; who < 2; who++) // the second sells agency 2's rows
            for (uint64_t i = 0; i <= LENGTH; i++)
                if (i > COMMON && who == 1) {
                    digests[who][i] = digests[who][i - 1];
                    digest_rows (&digests[who][i], shelf_rows (2, i - 1, 1), 2);
                } else
                    digests[who][i] = shelf_digest (1, i);
        for (int step = 0; step < 60; step++) {
            const uint32_t who = (uint32_t) random_below (&random, 2);
            const uint64_t next = shelf_next (&shelf, 1);
            const uint64_t back = random_below (&random, 6);
            const uint64_t offset = random_below (&random, 2) ? next
                                    : next > back             ? next - back
                                                              : 0;
            if (offset >= LENGTH)
                break;
            const uint32_t agency = who == 1 && offset >= COMMON ? 2 : 1;
            uint64_t most = offset < COMMON ? COMMON - offset : LENGTH - offset;
            const uint32_t count =
                1 + (uint32_t) random_below (&random, most < 4 ? (size_t) most : 4);
            wire_message_t store =
                store_with (1, offset, count, shelf_rows (agency, offset, count));
            store.batch.digest = digests[who][offset];
            take (WORKER, who == 0 ? "first" : "second", &store);
            commit ();
            assert_int_equal (mail.count, 1);
            const wire_message_t *told = &mail.items[0].message;
            const uint64_t stored = shelf_next (&shelf, 1);
            const uint64_t end = offset + count;
            const bool own =
                told->command == WIRE_STORED && told->stored.next >= end &&
                archive_digest (book_archive (shelf.book), shelf.sale->folder,
                                cursors_find (shelf.cursors, 1)->at.last, end,
                                &store.batch.digest) == 0 &&
                store.batch.digest == digests[who][end];
            // acknowledged are bets of one's own, and no others
            assert_true ((told->command == WIRE_STORED) == own);
            if (stored > COMMON)
                won[who] += own && end == stored;
        }
        const uint64_t stored = shelf_next (&shelf, 1);
        const uint64_t digest = cursors_find (shelf.cursors, 1)->at.digest;
        assert_true (digest == digests[0][stored] || digest == digests[1][stored]);
    }
    assert_true (won[0] > 15 && won[1] > 15);
}

/* ---- What is no request of ours ---- */

static void strays_are_counted_and_the_rest_is_taken (void **state)
{
    (void) state;
    static const uint8_t commands[] = {
        WIRE_DIGEST,  WIRE_HELLO,   WIRE_BATCH,   WIRE_READY,  WIRE_RESULTS,
        WIRE_DONE,    WIRE_PING,    WIRE_WELCOME, WIRE_STORED, WIRE_WAITING,
        WIRE_WINNERS, WIRE_GOODBYE, WIRE_REFUSED, WIRE_PONG,   WIRE_JOIN,
        WIRE_BEAT,    WIRE_LEAVE,   WIRE_REJOIN,  WIRE_EVENT,  WIRE_REGISTERED};
    begin (1, 0);
    bundle_t bundle = {0};
    for (size_t i = 0; i < sizeof commands; i++) {
        const wire_message_t message = {.command = commands[i], .agency = 1};
        bundle_put (&bundle, CLIENT, 1, &message);
    }
    const envelope_t envelope = mail_envelope (CLIENT, 1);
    bundle_add (&bundle, &envelope, text_bytes ("garbage"));
    const wire_message_t store = store_of (1, 0, 3);
    bundle_put (&bundle, CLIENT, 2, &store);
    assert_int_equal (
        clerk_take (clerk, text_bytes (WORKER), ROLE_ANY, bundle_bytes (&bundle)), 0);
    assert_int_equal (clerk_strays (clerk), sizeof commands + 1);
    commit_stored (1, 3);

    const bytes_t good = bundle_bytes (&bundle);
    for (size_t cut = 1; cut < 20; cut++) { // the last item is cut short
        const uint64_t strays = clerk_strays (clerk);
        assert_int_equal (clerk_take (clerk, text_bytes (WORKER), ROLE_ANY,
                                      bytes_of (good.data, good.size - cut)),
                          0);
        assert_int_equal (clerk_strays (clerk), strays + sizeof commands + 2);
        commit_silent ();
    }
    bundle_clear (&bundle);
    assert_int_equal (shelf_next (&shelf, 1), 3);
}

/* ... over the key that it came with. */
static void what_its_role_may_not_ask_is_a_stray (void **state)
{
    (void) state;
    static const uint8_t roles[] = {ROLE_NONE, ROLE_WORKER, ROLE_STORAGE, ROLE_STATE,
                                    ROLE_ANY};
    enum { OF_WORKERS = 2, ASKED = 7 };
    begin (1, 6);
    for (size_t i = 0; i < sizeof roles * ASKED; i++) {
        const uint8_t role = roles[i / ASKED];
        const uint64_t epoch = book_epoch (shelf.book), draw = SHELF_IDENTITY;
        const wire_message_t messages[ASKED] = {
            store_of (1, 0, 3),
            check_of (1, 4),
            {.command = WIRE_ADMIT,
             .agency = 2,
             .draw = draw,
             .welcome = {.epoch = epoch, .name = text_bytes ("first")}},
            {.command = WIRE_REPLAY, .draw = draw, .replay = {.epoch = epoch}},
            {.command = WIRE_REGISTER, .state = FIRST},
            seal_of (1, 6),
            find_of (1, 0, 6, 3)};
        const bool may = role == ROLE_ANY ||
                         role == (i % ASKED < OF_WORKERS ? ROLE_WORKER : ROLE_STATE);
        const uint64_t strays = clerk_strays (clerk);
        bundle_t bundle = {0};
        bundle_put (&bundle, CLIENT, 1, &messages[i % ASKED]);
        assert_int_equal (
            clerk_take (clerk, text_bytes ("p"), role, bundle_bytes (&bundle)), 0);
        bundle_clear (&bundle);
        commit ();
        assert_int_equal (mail.count > 0, may);
        assert_int_equal (clerk_strays (clerk), strays + !may);
    }
}

static void damaged_bundles_do_no_harm (void **state)
{
    (void) state;
    uint64_t random = 12;
    begin (1, 10);
    for (int i = 0; i < 20000; i++) {
        bundle_t bundle = {0};
        for (size_t n = 1 + random_below (&random, 3); n > 0; n--) {
            const wire_message_t messages[] = {
                store_of (1, random_below (&random, 10), 1),
                {.command = WIRE_ADMIT,
                 .agency = 2,
                 .welcome = {.name = text_bytes ("first")}},
                {.command = WIRE_REGISTER, .state = FIRST + random_below (&random, 2)},
                seal_of (3, 0),
                find_of (1, 0, 0, 0),
                check_of (1, 4)};
            bundle_put (&bundle, CLIENT, 1, &messages[random_below (&random, 6)]);
        }
        for (size_t n = random_below (&random, 4); n > 0; n--)
            bundle.data[random_below (&random, bundle.size)] ^=
                (uint8_t) (1 << random_below (&random, 8));
        assert_int_equal (
            clerk_take (clerk, text_bytes (WORKER), ROLE_ANY, bundle_bytes (&bundle)),
            0);
        bundle_clear (&bundle);
        if (i % 16 == 0) {
            assert_int_equal (try_commit (), 0);
            outbox_t *outbox = clerk_answers (clerk);
            bytes_t peer;
            bundle_t *answers;
            while (outbox_take (outbox, &peer, &answers))
                assert_true (answers->messages > 0);
        }
    }
    assert_int_equal (try_commit (), 0);
    restart ();
}

/* ---- Groups, and a disk that does not do as asked ---- */

static void a_group_is_full_by_messages_or_by_bytes (void **state)
{
    (void) state;
    begin (1, 0);
    assert_false (clerk_full (clerk));
    for (uint32_t i = 0; i < GROUP_MESSAGES_MAX; i++) {
        assert_false (clerk_full (clerk));
        take_store (1, i % 3, 1);
    }
    assert_true (clerk_full (clerk));
    commit ();
    assert_false (clerk_full (clerk));
    begin (2, 0);
    uint64_t stored = 0;
    for (; !clerk_full (clerk); stored += 5000)
        take_store (2, stored, 5000);
    assert_true (book_gathered (shelf.book) > LOG_GROUP_BYTES_MAX - BUNDLE_BYTES_MAX -
                                                  64 * RECORD_BYTES - LOG_PAGE_BYTES);
    commit_stored (2, stored);
    assert_false (clerk_full (clerk));
}

static void no_space_is_refused_until_there_is_room (void **state)
{
    (void) state;
    begin (1, 4);
    disk_file_t *const files[] = {shelf.csv, shelf.index, shelf.log};
    uint64_t stored = 4;
    for (size_t i = 0; i < 3; i++) {
        while (book_records (shelf.book) < 40 + 40 * i || i == 2) { // what is reserved
            take_store (1, stored, 500);
            commit ();
            if (mail.items[0].message.command == WIRE_REFUSED)
                break;
            stored += 500;
            disk_fill (files[i]);
        }
        restart ();
        files[i]->room = 10;
        take_store (1, stored + 2, 2); // this one waits
        take_store (1, stored, 2);
        assert_int_equal (commit_refused (REFUSED_NOSPACE, WIRE_BATCH)->offset, stored);
        take_store (1, 0, 3); // what is there is there
        commit_stored (1, stored);
        files[i]->room = DISK_PLENTY;
        take_store (1, stored, 2);
        commit_stored (1, stored + 4);
        stored += 4;
        shelf_check (&shelf, AGENCIES);
    }
    take_seal (1, stored);
    commit ();
    assert_sealed (&mail);
}

static void a_commit_that_fails_answers_nothing (void **state)
{
    (void) state;
    for (int step = 0; step < 4; step++) {
        begin (1, 0);
        take_admit (2, DAY_OPEN);
        take_store (1, shelf_next (&shelf, 1), 3);
        shelf.log->fails[DISK_WRITE] = step == 0;
        shelf.log->fails[DISK_SYNC] = step == 1;
        shelf.csv->fails[DISK_WRITE] = step == 2;
        shelf.index->fails[DISK_WRITE] = step == 3;
        assert_int_equal (try_commit (), -1);
        clerk_destroy (&clerk);
        shelf_close (&shelf);
        disk_cut (shelf.disk);
        restart ();
        assert_int_equal (book_records (shelf.book), OPENED);
    }
}

static void a_book_that_cannot_be_read_is_told (void **state)
{
    (void) state;
    begin (1, 50);
    make_drawn (3);
    const wire_message_t messages[] = {store_of (1, 3, 2), find_of (1, 0, 50, 3),
                                       check_of (1, 20)};
    for (size_t i = 0; i < 3; i++) {
        bundle_t bundle = {0};
        bundle_put (&bundle, CLIENT, 1, &messages[i]);
        shelf.csv->fails[DISK_READ] = 1;
        assert_int_equal (
            clerk_take (clerk, text_bytes (WORKER), ROLE_ANY, bundle_bytes (&bundle)),
            -1);
        bundle_clear (&bundle);
    }
}

/* Much is held for several agencies, and its turn comes with the messages of one
   bundle: that is more than a group may have, so it takes several. */
static void a_group_is_bounded_though_much_was_held (void **state)
{
    (void) state;
    enum { EACH = 35, ROWS = 5000 };
    bundle_t bundle = {0};
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        begin (agency, 2);
        for (uint32_t i = 0; i < EACH; i++)
            take_store (agency, 3 + (uint64_t) i * ROWS, ROWS);
        commit_silent ();
        const wire_message_t store = store_of (agency, 2, 1);
        bundle_put (&bundle, CLIENT, 1, &store);
    }
    assert_int_equal (
        clerk_take (clerk, text_bytes (WORKER), ROLE_ANY, bundle_bytes (&bundle)), 0);
    bundle_clear (&bundle);
    uint64_t told[AGENCIES + 1] = {0};
    int groups = 0;
    while (book_gathered (shelf.book) > 0) {
        groups++;
        assert_true (book_gathered (shelf.book) <= LOG_GROUP_BYTES_MAX);
        commit ();
        for (size_t i = 0; i < mail.count; i++)
            told[mail.items[i].message.agency] = mail.items[i].message.stored.next;
        assert_int_equal (clerk_go_on (clerk), 0);
    }
    assert_true (groups > 3);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_int_equal (told[agency], 3 + EACH * ROWS);
    shelf_check (&shelf, AGENCIES);
}

/* ---- A group is gathered while another is synced ---- */

static void begin_group (void)
{
    assert_false (book_busy (shelf.book));
    assert_int_equal (clerk_begin (clerk, false), 0);
    assert_true (book_busy (shelf.book));
}

static void end_group (void)
{
    assert_int_equal (book_look (shelf.book), 0);
    disk_finish (shelf.log);
    assert_int_equal (book_look (shelf.book), 1);
    collect ();
}

/* Whatever is answered says how things were when it was decided, and leaves when that
   is safe: not what the next group has made of them. */
static void answers_are_of_their_own_group (void **state)
{
    (void) state;
    begin (1, 2);
    begin (2, 0);
    disk_hold (shelf.disk, true);
    take_store (1, 2, 3);
    take_admit (1, DAY_OPEN);
    begin_group ();
    take_store (1, 5, 4);
    take_store (1, 0, 2); // a repeat: it is answered with all that is stored
    take_admit (2, DAY_OPEN);
    end_group ();
    assert_int_equal (mail.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const wire_message_t *message = &mail.items[i].message;
        assert_int_equal (message->command == WIRE_STORED ? message->stored.next
                                                          : message->welcome.next,
                          5);
        if (message->command == WIRE_STORED)
            assert_true (message->stored.digest == shelf_digest (1, 5));
    }
    begin_group ();
    take_seal (1, 9);
    end_group ();
    assert_int_equal (mail.count, 2); // WELCOME to 2, STORED to 1; nothing of the seal
    for (size_t i = 0; i < 2; i++) {
        const wire_message_t *message = &mail.items[i].message;
        if (message->agency == 1)
            assert_int_equal (message->stored.next, 9);
    }
    begin_group ();
    end_group ();
    assert_sealed (&mail);
    disk_hold (shelf.disk, false);
}

/* What needs no record waits for the group before all the same: it may speak of it. */
static void answers_without_a_record_wait_for_what_they_speak_of (void **state)
{
    (void) state;
    begin (1, 2);
    disk_hold (shelf.disk, true);
    take_store (1, 2, 3);
    begin_group ();
    take_check (1, 5);
    assert_true (book_busy (shelf.book));
    end_group ();
    assert_only (&mail, WIRE_STORED);
    assert_int_equal (clerk_begin (clerk, false), 0);
    assert_false (book_busy (shelf.book)); // nothing to record
    collect ();
    assert_only (&mail, WIRE_DIGEST);
    disk_hold (shelf.disk, false);
}

/* A failure that is not want of space ends the process, as a failed write does. */
static void a_disk_that_cannot_reserve_is_told (void **state)
{
    (void) state;
    begin (1, 4);
    restart (); // with nothing reserved
    bundle_t bundle = {0};
    const wire_message_t store = store_of (1, 4, 2);
    bundle_put (&bundle, CLIENT, 1, &store);
    shelf.log->fails[DISK_RESERVE] = 1;
    assert_int_equal (
        clerk_take (clerk, text_bytes (WORKER), ROLE_ANY, bundle_bytes (&bundle)), -1);
    assert_int_equal (shelf_next (&shelf, 1), 4);
    bundle_clear (&bundle);
}

static uint32_t log_agency;
static bool log_bets;

static void log_four_bets (void)
{
    clerk_destroy (&clerk);
    clerk = clerk_new (shelf.book, true, log_bets);
    begin (log_agency, 4);
}

static size_t times (const char *what, const char *text)
{
    size_t count = 0;
    for (; (text = strstr (text, what)); text++)
        count++;
    return count;
}

static void bets_are_logged_when_asked_for (void **state)
{
    (void) state;
    static const char stored[] = "action: apuesta_almacenada | result: success | dni: ";
    const char *text = NULL;
    for (uint32_t bets = 0; bets <= 1; bets++) {
        char received[128];
        log_agency = 1 + bets;
        log_bets = bets;
        text = logged_text (log_four_bets);
        snprintf (received, sizeof received,
                  "action: apuesta_recibida | result: success | cantidad: 4 | "
                  "draw: first | agency: %u\n",
                  log_agency);
        assert_int_equal (times (received, text), 1);
        assert_int_equal (times (stored, text), 4 * bets);
    }
    // names with quotes and commas among them
    assert_int_equal (
        times ("dni: 200000001 | numero: 3 | draw: first | agency: 2\n", text), 1);
    shelf_check (&shelf, AGENCIES);
}

#define LOG_MS 20000

static void store_in_a_second (void)
{
    assert_int_equal (clerk_tick (clerk, LOG_MS, 0), 0);
    begin (1, 4);
    take_store (1, 4, 6);
    commit ();
    begin (2, 3);
    assert_int_equal (clerk_deadline (clerk), LOG_MS + TAKINGS_MS);
    assert_int_equal (clerk_tick (clerk, LOG_MS + TAKINGS_MS - 1, 0), 0);
    begin (3, 1);
}

static void end_the_second (void)
{
    assert_int_equal (clerk_tick (clerk, LOG_MS + TAKINGS_MS, 0), 0);
    assert_int_equal (clerk_tick (clerk, LOG_MS + 5 * TAKINGS_MS, 0), 0);
}

static void an_agency_has_a_line_a_second (void **state)
{
    (void) state;
    static const char *const lines[] = {
        "cantidad: 10 | draw: first | agency: 1 | batches: 2\n",
        "cantidad: 3 | draw: first | agency: 2 | batches: 1\n",
        "cantidad: 1 | draw: first | agency: 3 | batches: 1\n"};
    assert_string_equal (logged_text (store_in_a_second), "");
    const char *text = logged_text (end_the_second);
    assert_int_equal (
        times ("action: apuesta_recibida | result: success | cantidad: ", text), 3);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal (times (lines[i], text), 1);
    assert_true (clerk_deadline (clerk) == INT64_MAX);
}

static void store_and_end (void)
{
    begin (1, 4);
    clerk_tell_stored (clerk);
}

static void the_last_second_is_told_at_the_end (void **state)
{
    (void) state;
    assert_int_equal (
        logged ("cantidad: 4 | draw: first | agency: 1 | batches: 1\n", store_and_end),
        1);
}

/* ---- Many draws ---- */

#define SECOND ((uint64_t) 0xD1)

static sale_t *open_second (uint64_t closes_ms, uint32_t highest)
{
    wire_message_t opened = event_of ((wire_event_t){.kind = EVENT_OPENED,
                                                     .source = SOURCE_RANDOM,
                                                     .agencies = AGENCIES,
                                                     .highest = highest,
                                                     .closes_ms = closes_ms,
                                                     .text = text_bytes ("second")});
    opened.draw = SECOND;
    take (STATE, "", &opened);
    commit ();
    assert_only (&mail, WIRE_EVENT);
    assert_true (mail.items[0].message.draw == SECOND);
    assert_int_equal (mail.items[0].message.recorded.ordinal, 0);
    return sales_find (shelf.sales, SECOND);
}

static void admit_to (sale_t *sale, uint32_t agency)
{
    const wire_message_t admit = {.command = WIRE_ADMIT,
                                  .agency = agency,
                                  .draw = sale->identity,
                                  .welcome = {.epoch = book_epoch (shelf.book),
                                              .name = text_bytes (sale->terms.name)}};
    take (STATE, CLIENT, &admit);
    commit ();
    assert_only (&mail, WIRE_WELCOME);
}

static void store_to (const sale_t *sale, uint32_t agency, uint64_t offset,
                      uint32_t count)
{
    wire_message_t store = store_of (agency, offset, count);
    store.draw = sale->identity;
    take (WORKER, CLIENT, &store);
}

static void draws_sell_side_by_side (void **state)
{
    (void) state;
    begin (1, 0);
    sale_t *second = open_second (CLOSES_NEVER, 9999);
    admit_to (second, 1);
    for (uint64_t i = 0; i < 10; i++) {
        store_to (shelf.sale, 1, 2 * i, 2);
        store_to (second, 1, i, 1);
    }
    commit ();
    assert_int_equal (mail.count, 2); // in one group, one answer for each draw
    for (size_t i = 0; i < 2; i++) {
        const wire_message_t *stored = &mail.items[i].message;
        assert_int_equal (stored->command, WIRE_STORED);
        assert_int_equal (stored->stored.next, stored->draw == SECOND ? 10 : 20);
    }
    restart ();
    shelf_check_draw (&shelf, sales_find (shelf.sales, SECOND), AGENCIES);
    shelf_check (&shelf, AGENCIES);
}

static void tick (uint64_t wall_ms)
{
    assert_int_equal (clerk_tick (clerk, 1000, wall_ms), 0);
}

/* Nothing is stored after the hour, and whoever is late hears it when the close is
   recorded; state hears of it unasked. */
static void the_clock_closes_a_draw (void **state)
{
    (void) state;
    sale_t *second = open_second (5000, 9999);
    admit_to (second, 1);
    assert_int_equal (clerk_close_in (clerk, 4998), 2);
    assert_int_equal (clerk_close_in (clerk, 1), 1000); // it may be set anew
    assert_int_equal (clerk_close_in (clerk, 5000), 0);
    tick (4999);
    store_to (second, 1, 0, 3);
    store_to (second, 1, 5, 1); // waits for what comes too late
    commit_stored_in (SECOND, 3);
    tick (5000);
    assert_true (clerk_close_in (clerk, 5000) == INT64_MAX);
    store_to (second, 1, 3, 2);
    store_to (second, 1, 1, 2); // is in
    tick (4000);                // set back: it makes no difference
    store_to (second, 1, 3, 2);
    collect ();
    assert_int_equal (mail.count, 0); // not before it is durable
    commit ();
    size_t closed = 0, stored = 0, events = 0;
    for (size_t i = 0; i < mail.count; i++) {
        const mailed_t *item = &mail.items[i];
        if (item->message.command == WIRE_EVENT) {
            assert_string_equal (item->peer, STATE);
            assert_int_equal (item->envelope.boot, 0);
            assert_true (item->message.draw == SECOND);
            assert_int_equal (item->message.recorded.event.kind, EVENT_CLOSED);
            assert_int_equal (item->message.recorded.event.time_ms, 5000);
            assert_int_equal (item->message.recorded.ordinal, 1);
            assert_int_equal (item->message.recorded.events, 2);
            events++;
        } else if (item->message.command == WIRE_STORED)
            stored++;
        else {
            assert_refused (item, REFUSED_CLOSED);
            closed++;
        }
    }
    assert_int_equal (events, 1);
    assert_int_equal (stored, 1);
    assert_int_equal (closed, 3); // what waited, too
    restart ();
    second = sales_find (shelf.sales, SECOND);
    assert_int_equal (sale_phase (second), PHASE_CLOSED);
    assert_int_equal (cursors_find (second->cursors, 1)->at.next, 3);
    tick (9000); // once
    commit_silent ();
    const cursor_t *cursor = cursors_find (second->cursors, 1);
    assert_int_equal (cursor->held_count, 0);
}

/* In the same group, and a restarted storage closes what fell due meanwhile before it
   takes anything. */
static void two_draws_close_together (void **state)
{
    (void) state;
    sale_t *second = open_second (5000, 9999);
    wire_message_t third = event_of ((wire_event_t){.kind = EVENT_OPENED,
                                                    .source = SOURCE_RANDOM,
                                                    .agencies = AGENCIES,
                                                    .highest = 9999,
                                                    .closes_ms = 4000,
                                                    .text = text_bytes ("third")});
    third.draw = SECOND + 1;
    take (STATE, "", &third);
    commit ();
    admit_to (second, 1);
    store_to (second, 1, 0, 3);
    commit ();
    restart ();
    tick (6000);
    second = sales_find (shelf.sales, SECOND);
    store_to (second, 1, 3, 3);
    commit ();
    assert_only (&mail, WIRE_REFUSED); // nobody knows where state is
    assert_refused (&mail.items[0], REFUSED_CLOSED);
    assert_int_equal (sale_phase (second), PHASE_CLOSED);
    assert_int_equal (sale_phase (sales_find (shelf.sales, SECOND + 1)), PHASE_CLOSED);
    assert_int_equal (sale_phase (shelf.sale), PHASE_OPEN);
}

/* The group is full when the hour comes: no record yet, and no bet either. */
static void without_room_for_the_close_nothing_is_sold (void **state)
{
    (void) state;
    sale_t *second = open_second (5000, 9999);
    admit_to (second, 1);
    begin (1, 0);
    uint64_t stored = 0;
    for (; !clerk_full (clerk); stored += 5000)
        take_store (1, stored, 5000);
    for (uint32_t size = 5000; size > 0; size /= 2)
        while (book_reserve (shelf.book, shelf.sale, RECORD_BETS,
                             shelf_rows (1, stored, size).size,
                             BOOK_BETS) == BOOK_FITS) {
            take_store (1, stored, size);
            stored += size;
        }
    assert_int_equal (book_reserve (shelf.book, second, RECORD_CLOSED, 0, BOOK_EVENT),
                      BOOK_LATER);
    tick (5000);
    assert_int_equal (sale_phase (second), PHASE_OPEN);
    assert_int_equal (clerk_close_in (clerk, 5000), 1000); // the group will be over
    assert_true (clerk_full (clerk));
    store_to (second, 1, 0, 3);
    commit ();
    assert_int_equal (mail.count, 2);
    for (size_t i = 0; i < 2; i++)
        if (mail.items[i].message.draw == SECOND)
            assert_refused (&mail.items[i], REFUSED_BUSY);
    tick (5001);
    assert_false (clerk_full (clerk));
    assert_int_equal (sale_phase (second), PHASE_CLOSED);
    store_to (second, 1, 0, 3);
    commit ();
    assert_int_equal (mail.count, 2); // and the EVENT
}

static void a_number_beyond_the_draws_highest_is_refused (void **state)
{
    (void) state;
    static const char rows[] = "1,A,B,1,2000-01-01,74\r\n1,A,B,2,2000-01-01,99\r\n"
                               "1,A,B,3,2000-01-01,100\r\n1,A,B,4,2000-01-01,5\r\n";
    sale_t *second = open_second (CLOSES_NEVER, 99);
    admit_to (second, 1);
    wire_message_t store = store_with (1, 0, 4, text_bytes (rows));
    store.draw = SECOND;
    take (WORKER, CLIENT, &store);
    const wire_refused_t *refused = commit_refused (REFUSED_RANGE, WIRE_BATCH);
    assert_int_equal (refused->row, 3);
    assert_int_equal (refused->field, 5);
    assert_int_equal (cursors_find (second->cursors, 1)->at.next, 0);
    store.batch.count = 2;
    store.batch.rows = bytes_of (rows, (sizeof rows - 1) / 2 - 1);
    store.batch.rows.size = strstr (rows, "1,A,B,3") - rows;
    take (WORKER, CLIENT, &store);
    commit ();
    assert_only (&mail, WIRE_STORED);
}

static void void_order (sale_t *sale, const char *why)
{
    wire_message_t message =
        event_of ((wire_event_t){.kind = EVENT_VOIDED, .text = text_bytes (why)});
    message.draw = sale->identity;
    message.record.seen = sale->last_event;
    take (STATE, "", &message);
    commit ();
    assert_int_equal (sale_phase (sale), PHASE_VOID);
}

static void who_sells_to_a_void_draw_is_told_why (void **state)
{
    (void) state;
    static const char why[] = "the drum was wet";
    begin (1, 3);
    take_store (1, 7, 1); // waits
    void_order (shelf.sale, why);
    assert_int_equal (mail.count, 2);
    assert_refused (&mail.items[0], REFUSED_VOID);
    assert_true (bytes_equal (mail.items[0].message.refused.text, text_bytes (why)));
    const wire_event_t *event = &mail.items[1].message.recorded.event;
    assert_true (bytes_equal (event->text, text_bytes (why)));
    for (int again = 0; again < 2; again++) {
        const wire_message_t asked[] = {
            store_of (1, 3, 1),
            store_of (1, 0, 1),
            seal_of (1, 3),
            {.command = WIRE_CANCEL, .agency = 1, .draw = SHELF_IDENTITY, .offset = 1}};
        static const wire_command_t told[] = {WIRE_BATCH, WIRE_BATCH, WIRE_READY,
                                              WIRE_CANCEL};
        for (size_t i = 0; i < 4; i++) {
            take (WORKER, CLIENT, &asked[i]);
            assert_true (bytes_equal (commit_refused (REFUSED_VOID, told[i])->text,
                                      text_bytes (why)));
        }
        take_check (1, 3); // what is stored stays so
        commit ();
        assert_only (&mail, WIRE_DIGEST);
        take_admit (1, DAY_SEALED);
        commit ();
        assert_int_equal (mail.items[0].message.welcome.day, DAY_VOID);
        restart ();
    }
}

static void take_cancel (uint32_t agency, uint64_t offset)
{
    const wire_message_t cancel = {.command = WIRE_CANCEL,
                                   .agency = agency,
                                   .draw = SHELF_IDENTITY,
                                   .offset = offset};
    take (WORKER, CLIENT, &cancel);
}

static void commit_cancelled (uint64_t offset, uint32_t cancelled)
{
    commit ();
    assert_only (&mail, WIRE_CANCELLED);
    assert_int_equal (mail.items[0].message.cancelled.offset, offset);
    assert_int_equal (mail.items[0].message.cancelled.cancelled, cancelled);
}

static void a_bet_is_cancelled_once (void **state)
{
    (void) state;
    begin (1, 10);
    begin (2, 10);
    take_cancel (1, 10);
    commit_refused (REFUSED_GAP, WIRE_CANCEL);
    take_cancel (3, 0);
    commit_refused (REFUSED_HELLO, WIRE_CANCEL);
    take_cancel (1, 3);
    commit_cancelled (3, 1);
    take_cancel (1, 9);
    commit_cancelled (9, 2);
    const uint32_t records = book_records (shelf.book);
    for (int again = 0; again < 2; again++) {
        take_cancel (1, 3);
        commit_cancelled (3, 2);
        assert_int_equal (book_records (shelf.book), records);
        restart ();
    }
    wire_message_t seal = seal_of (1, 10); // who does not know of it
    take (STATE, CLIENT, &seal);
    commit_refused (REFUSED_TALLY, WIRE_READY);
    seal.record.event.cancelled = 2;
    take (STATE, CLIENT, &seal);
    commit ();
    assert_sealed (&mail);
    assert_int_equal (mail.items[0].message.recorded.event.cancelled, 2);
    take_cancel (1, 3);
    commit_cancelled (3, 2);
    take_cancel (1, 4);
    commit_refused (REFUSED_CLOSED, WIRE_CANCEL);
    take_cancel (2, 0);
    commit_cancelled (0, 1);
    make_drawn (3);
    take_find (1, 0, 10, 3);
    commit ();
    assert_only (&mail, WIRE_WINNERS);
    assert_int_equal (shelf_number (1, 0), 3); // and of the others 9 would win: no
    char expected[64] = "";
    for (uint64_t offset = 0; offset < 10; offset++)
        if (shelf_number (1, offset) == 3 && offset != 3 && offset != 9)
            sprintf (expected + strlen (expected), "1%08u\n", (unsigned) offset);
    assert_true (
        bytes_equal (mail.items[0].message.winners.documents, text_bytes (expected)));
}

/* State asks for itself. */
static void take_of_nobody (const wire_message_t *message)
{
    bundle_t bundle = {0};
    bundle_put (&bundle, "", 0, message);
    assert_int_equal (
        clerk_take (clerk, text_bytes (STATE), ROLE_ANY, bundle_bytes (&bundle)), 0);
    bundle_clear (&bundle);
}

static void take_lookup (const char *name)
{
    const wire_message_t lookup = {
        .command = WIRE_LOOKUP,
        .agency = 1,
        .lookup = {.epoch = book_epoch (shelf.book), .name = text_bytes (name)}};
    take (STATE, CLIENT, &lookup);
    commit ();
    assert_int_equal (mail.count, 1);
    assert_string_equal (mail.items[0].peer, STATE);
    assert_string_equal (mail.items[0].client, CLIENT);
    assert_int_equal (mail.items[0].message.agency, 1); // for whom it was
}

/* One that was put away as well; and for an agency that comes back to it. */
static void draws_are_looked_up_by_name (void **state)
{
    (void) state;
    take_lookup ("first");
    assert_int_equal (mail.items[0].message.command, WIRE_EVENT);
    assert_true (mail.items[0].message.draw == SHELF_IDENTITY);
    take_lookup ("second");
    assert_refused (&mail.items[0], REFUSED_DRAW);
    sale_t *second = open_second (CLOSES_NEVER, 9999);
    admit_to (second, 1);
    store_to (second, 1, 0, 4);
    commit ();
    void_order (second, "");
    void_order (shelf.sale, "");
    sales_keep (shelf.sales, 1);
    sales_find (shelf.sales, SHELF_IDENTITY);
    commit ();
    assert_null (sales_find (shelf.sales, SECOND));
    wire_message_t served =
        event_of ((wire_event_t){.kind = EVENT_SERVED, .agency = 1});
    served.draw = SECOND;
    take (STATE, CLIENT, &served);
    commit_refused (REFUSED_HELLO, WIRE_DONE);
    take_of_nobody (&served);
    commit ();
    refused_to (&mail.items[0], STATE, REFUSED_HELLO);
    sales_keep (shelf.sales, 2);
    take_lookup ("second");
    assert_int_equal (mail.items[0].message.command, WIRE_EVENT);
    assert_true (mail.items[0].message.draw == SECOND);
    assert_int_equal (mail.items[0].message.recorded.events, 2);
    second = sales_find (shelf.sales, SECOND);
    assert_non_null (second);
    sales_keep (shelf.sales, 1);
    sales_find (shelf.sales, SHELF_IDENTITY);
    commit ();
    assert_null (sales_find (shelf.sales, SECOND));
    sales_keep (shelf.sales, 2);
    const wire_message_t admit = {
        .command = WIRE_ADMIT,
        .agency = 1,
        .draw = SECOND,
        .welcome = {.epoch = book_epoch (shelf.book), .name = text_bytes ("second")}};
    take (STATE, CLIENT, &admit);
    commit ();
    assert_only (&mail, WIRE_WELCOME);
    assert_int_equal (mail.items[0].message.welcome.next, 4);
    wire_message_t other = admit;
    other.draw = SECOND + 7; // a draw of that name, and not that draw
    take (STATE, CLIENT, &other);
    commit_refused (REFUSED_DRAW, WIRE_HELLO);
}

static void live_draws_are_listed (void **state)
{
    (void) state;
    open_second (CLOSES_NEVER, 9999);
    for (uint64_t from = 0; from < 4; from++) {
        const wire_message_t replay = {
            .command = WIRE_REPLAY,
            .replay = {.epoch = book_epoch (shelf.book), .from = from}};
        take (STATE, "", &replay);
        commit ();
        if (from >= 2) {
            assert_int_equal (refused_to (&mail.items[0], STATE, REFUSED_GAP)->expected,
                              2);
            continue;
        }
        assert_int_equal (mail.count, 2 - from);
        for (size_t i = 0; i < mail.count; i++) {
            const wire_message_t *event = &mail.items[i].message;
            assert_true (event->draw == (from + i ? SECOND : SHELF_IDENTITY));
            assert_int_equal (event->recorded.event.kind, EVENT_OPENED);
        }
    }
}

/* Names are for ever, and not all rolls fit. */
static void draws_that_cannot_be_are_not_opened (void **state)
{
    (void) state;
    wire_message_t opened = event_of ((wire_event_t){.kind = EVENT_OPENED,
                                                     .source = SOURCE_RANDOM,
                                                     .agencies = 1,
                                                     .highest = 9,
                                                     .text = text_bytes ("first")});
    opened.draw = SECOND;
    take (STATE, "", &opened);
    commit ();
    refused_to (&mail.items[0], STATE, REFUSED_NAME);
    opened.record.event.text = text_bytes ("large");
    opened.record.event.agencies = AGENCIES_MAX;
    for (uint64_t i = 0; i < 2; i++) {
        opened.draw = SECOND + i;
        char name[16];
        snprintf (name, sizeof name, "large-%u", (unsigned) i);
        opened.record.event.text = text_bytes (name);
        take (STATE, "", &opened);
        commit ();
        if (i == 0)
            assert_only (&mail, WIRE_EVENT);
        else
            refused_to (&mail.items[0], STATE, REFUSED_DRAWS);
    }
    assert_int_equal (sales_count (shelf.sales), 2);
}

static void a_state_of_another_log_is_told_so (void **state)
{
    (void) state;
    const uint64_t life = FIRST;
    for (int i = 0; i < 3; i++) {
        const uint64_t logs[] = {0, book_identity (shelf.book),
                                 book_identity (shelf.book) ^ 1};
        const wire_message_t registration = {
            .command = WIRE_REGISTER, .draw = logs[i], .state = life};
        take (STATE, "", &registration);
        commit ();
        assert_int_equal (mail.count, 1);
        if (i < 2)
            assert_int_equal (mail.items[0].message.command, WIRE_REGISTERED);
        else
            refused_to (&mail.items[0], STATE, REFUSED_DRAW);
    }
    assert_int_equal (book_records (shelf.book), OPENED);
}

/* ---- All of it at random ---- */

typedef struct {
    uint64_t random;
    uint64_t told[AGENCIES + 1];   // the highest offset acknowledged, by agency
    uint64_t sealed[AGENCIES + 1]; // the count, + 1
} walk_t;

static void check_answers (walk_t *walk)
{
    for (size_t i = 0; i < mail.count; i++) {
        const wire_message_t *message = &mail.items[i].message;
        const uint32_t agency = message->agency;
        assert_true (agency >= 1 && agency <= AGENCIES);
        const uint64_t stored = shelf_next (&shelf, agency);
        uint64_t *told = &walk->told[agency];
        switch (message->command) {
        case WIRE_STORED:
            assert_true (message->stored.next <= stored);
            assert_true (message->stored.digest ==
                         shelf_digest (agency, message->stored.next));
            *told = message->stored.next > *told ? message->stored.next : *told;
            break;
        case WIRE_WELCOME:
            assert_true (message->welcome.next >= *told);
            assert_true (message->welcome.next <= stored);
            assert_true (message->welcome.digest ==
                         shelf_digest (agency, message->welcome.next));
            assert_true (message->draw == SHELF_IDENTITY);
            assert_true ((message->welcome.day == DAY_SEALED) ||
                         walk->sealed[agency] == 0);
            break;
        case WIRE_EVENT:
            assert_int_equal (message->recorded.event.count, stored);
            walk->sealed[agency] = stored + 1;
            *told = stored;
            break;
        default:
            assert_string_equal (wire_command_name (message->command), "REFUSED");
            assert_true (message->refused.code == REFUSED_HELLO ||
                         message->refused.code == REFUSED_GAP ||
                         message->refused.code == REFUSED_TALLY ||
                         message->refused.code == REFUSED_CLOSED ||
                         message->refused.code == REFUSED_NOSPACE);
        }
    }
}

static void take_something (walk_t *walk)
{
    uint64_t *random = &walk->random;
    const uint32_t agency = 1 + (uint32_t) random_below (random, AGENCIES);
    const uint64_t next = shelf_next (&shelf, agency);
    const size_t what = random_below (random, 60);
    if (what == 0)
        take_seal (agency, next - random_below (random, 2) * (next > 0));
    else if (what < 6)
        take_admit (agency, DAY_OPEN);
    else {
        const uint64_t back = random_below (random, 12),
                       ahead = random_below (random, 12);
        const uint64_t offset =
            what < 30 ? next : (next > back ? next - back : 0) + ahead;
        take_store (agency, offset, 1 + (uint32_t) random_below (random, 6));
    }
}

static void check_promises (const walk_t *walk)
{
    shelf_check (&shelf, AGENCIES);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        assert_true (shelf_next (&shelf, agency) >= walk->told[agency]);
        if (walk->sealed[agency] == 0)
            continue;
        assert_true (shelf_sealed (&shelf, agency));
        assert_int_equal (shelf_next (&shelf, agency), walk->sealed[agency] - 1);
    }
}

/* Acknowledged is there, once and in order: through duplicates, batches in any order,
   a full disk, failed writes, kills and power cuts. */
static void acknowledged_bets_are_never_lost (void **state)
{
    (void) state;
    uint64_t stored = 0, crashes = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        walk_t walk = {.random = seed};
        teardown (NULL);
        setup (NULL);
        for (int step = 0; step < 2000; step++) {
            take_something (&walk);
            if (random_below (&walk.random, 8) > 0)
                continue;
            disk_file_t *const files[] = {shelf.csv, shelf.index, shelf.log};
            disk_file_t *file = files[random_below (&walk.random, 3)];
            const size_t event = random_below (&walk.random, 60);
            file->fails[DISK_SYNC] = event == 0;
            file->fails[DISK_WRITE] = event == 1;
            if (event == 2)
                disk_fill (file);
            else if (event == 3)
                shelf.csv->room = shelf.index->room = shelf.log->room = DISK_PLENTY;
            disk_hold (shelf.disk, event != 5);
            int rc = event == 4 ? -1 : 0;
            if (rc == 0 && book_busy (shelf.book)) {
                if (random_below (&walk.random, 2) == 0)
                    continue; // what comes meanwhile is the next group's
                if (disk_syncing (shelf.disk))
                    disk_finish (disk_syncing (shelf.disk));
                rc = book_look (shelf.book);
            }
            if (rc != -1 && !book_busy (shelf.book)) {
                collect ();
                check_answers (&walk);
                rc = clerk_begin (clerk, false);
            }
            if (rc != -1) {
                file->fails[DISK_SYNC] = file->fails[DISK_WRITE] = 0;
                continue;
            }
            crashes++;
            clerk_destroy (&clerk);
            shelf_close (&shelf);
            if (random_below (&walk.random, 4) > 0) // else a kill
                for (size_t i = 0; i < 3; i++)
                    disk_cut_file_torn (files[i], &walk.random);
            shelf.csv->room = shelf.index->room = shelf.log->room = DISK_PLENTY;
            for (size_t i = 0; i < 3; i++)
                files[i]->fails[DISK_SYNC] = files[i]->fails[DISK_WRITE] = 0;
            disk_hold (shelf.disk, false);
            restart ();
            check_promises (&walk);
        }
        disk_hold (shelf.disk, false);
        shelf.csv->room = shelf.index->room = shelf.log->room = DISK_PLENTY;
        assert_int_equal (book_wait (shelf.book), 0);
        collect ();
        assert_int_equal (try_commit (), 0);
        collect ();
        check_answers (&walk);
        restart ();
        check_promises (&walk);
        stored += book_records (shelf.book);
    }
    assert_true (crashes > 200);
    assert_true (stored > 5000);
}

#define CLERK_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CLERK_TEST (batches_in_order_are_stored),
        CLERK_TEST (one_answer_acknowledges_the_group),
        CLERK_TEST (nothing_is_answered_before_the_commit),
        CLERK_TEST (duplicates_are_acknowledged_again),
        CLERK_TEST (duplicates_within_a_group_are_stored_once),
        CLERK_TEST (other_bets_at_a_stored_offset_are_a_conflict),
        CLERK_TEST (a_flood_of_conflicts_is_no_flood_of_lines),
        CLERK_TEST (a_gap_is_waited_for),
        CLERK_TEST (a_whole_window_in_reverse_is_stored),
        CLERK_TEST (held_batches_are_judged_again),
        CLERK_TEST (too_far_ahead_is_a_gap),
        CLERK_TEST (across_the_end_is_a_gap),
        CLERK_TEST (a_stranger_is_asked_to_say_hello),
        CLERK_TEST (rows_that_no_worker_writes_are_refused),
        CLERK_TEST (rows_are_bounded),
        CLERK_TEST (two_clients_of_one_agency_are_both_answered),
        CLERK_TEST (admission_is_answered_with_the_next_offset),
        CLERK_TEST (a_sealed_agency_is_told_so),
        CLERK_TEST (admission_forgets_what_was_held),
        CLERK_TEST (the_right_count_is_sealed),
        CLERK_TEST (of_two_states_the_last_is_heard),
        CLERK_TEST (a_draw_that_is_not_there_is_said_to_be_so),
        CLERK_TEST (events_are_replayed_a_page_at_a_time),
        CLERK_TEST (refusals_of_events_go_to_whom_they_concern),
        CLERK_TEST (the_draw_is_logged_once_by_who_records_it),
        CLERK_TEST (nothing_is_added_to_a_sealed_agency),
        CLERK_TEST (winners_are_found_for_the_sealed),
        CLERK_TEST (what_an_operator_asks_is_answered_to_state),
        CLERK_TEST (a_bundle_of_questions_is_answered_one_by_one),
        CLERK_TEST (a_batch_behind_other_bets_is_a_conflict),
        CLERK_TEST (a_held_batch_is_compared_when_its_turn_comes),
        CLERK_TEST (a_repeat_behind_other_bets_is_a_conflict),
        CLERK_TEST (single_bets_have_a_writer),
        CLERK_TEST (another_draw_is_refused_whatever_it_asks),
        CLERK_TEST (other_bets_are_not_sealed),
        CLERK_TEST (what_is_stored_can_be_compared_anywhere),
        CLERK_TEST (of_two_histories_one_is_stored),
        CLERK_TEST (strays_are_counted_and_the_rest_is_taken),
        CLERK_TEST (what_its_role_may_not_ask_is_a_stray),
        CLERK_TEST (damaged_bundles_do_no_harm),
        CLERK_TEST (a_group_is_full_by_messages_or_by_bytes),
        CLERK_TEST (no_space_is_refused_until_there_is_room),
        CLERK_TEST (a_commit_that_fails_answers_nothing),
        CLERK_TEST (a_book_that_cannot_be_read_is_told),
        CLERK_TEST (a_group_is_bounded_though_much_was_held),
        CLERK_TEST (answers_are_of_their_own_group),
        CLERK_TEST (answers_without_a_record_wait_for_what_they_speak_of),
        CLERK_TEST (a_disk_that_cannot_reserve_is_told),
        CLERK_TEST (bets_are_logged_when_asked_for),
        CLERK_TEST (an_agency_has_a_line_a_second),
        CLERK_TEST (the_last_second_is_told_at_the_end),
        CLERK_TEST (draws_sell_side_by_side),
        CLERK_TEST (the_clock_closes_a_draw),
        CLERK_TEST (two_draws_close_together),
        CLERK_TEST (without_room_for_the_close_nothing_is_sold),
        CLERK_TEST (a_number_beyond_the_draws_highest_is_refused),
        CLERK_TEST (who_sells_to_a_void_draw_is_told_why),
        CLERK_TEST (a_bet_is_cancelled_once),
        CLERK_TEST (draws_are_looked_up_by_name),
        CLERK_TEST (live_draws_are_listed),
        CLERK_TEST (draws_that_cannot_be_are_not_opened),
        CLERK_TEST (a_state_of_another_log_is_told_so),
        CLERK_TEST (acknowledged_bets_are_never_lost),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

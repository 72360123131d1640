/* test_registrar.c - state's conversations with workers and with storage, its journal
   on a file in memory, and crashes between any two records. */

#include "logged.h"
#include "mail.h"
#include "disk.h"
#include "testing.h"

#include "bounds.h"
#include "logger.h"
#include "registrar.h"

#define AGENCIES     3
#define NUMBER       7574
#define RECORD       JOURNAL_RECORD_BYTES
#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static disk_t *disk;
static disk_file_t *file; // of the disk
static journal_t *journal;
static draw_t *draw;
static registrar_t *registrar;
static uint64_t identity;             // of storage's draw
static mail_t to_brokers, to_storage; // what was sent since it was last looked for
static uint64_t ticket;
static uint32_t agencies; // on the roll of a new day

static int take_record (void *context, uint32_t index, const uint8_t *payload,
                        char *why)
{
    (void) context;
    (void) index;
    (void) why;
    draw_record_t record;
    draw_get_record (payload, &record);
    return draw_apply (draw, &record);
}

static void forget (void)
{
    mail_clear (&to_brokers);
    mail_clear (&to_storage);
}

static void stop (void)
{
    registrar_destroy (&registrar);
    journal_destroy (&journal);
    draw_destroy (&draw);
    forget ();
}

/* As the process starts: from what the journal holds, and with a day's terms in it. */
static void start (void)
{
    char why[JOURNAL_WHY_BYTES];
    stop ();
    draw = draw_new ();
    journal = journal_open (file->file, "draw", take_record, NULL, why);
    if (!journal)
        fail_msg ("%s", why);
    assert_int_equal (journal_settle (journal), 0);
    if (!draw_opened (draw)) {
        const draw_record_t opened = {
            .event = DRAW_OPENED, .agencies = agencies, .number = NUMBER};
        uint8_t payload[JOURNAL_PAYLOAD_BYTES];
        draw_put_record (payload, &opened);
        assert_int_equal (draw_apply (draw, &opened), 0);
        journal_append (journal, payload);
        assert_int_equal (journal_write (journal), 0);
        assert_int_equal (journal_sync (journal), 0);
    }
    registrar = registrar_new (draw, journal);
}

static int setup (void **state)
{
    (void) state;
    disk = disk_new (NULL);
    file = disk_file (disk, "draw.journal");
    agencies = AGENCIES;
    identity = 0xD1CE;
    start ();
    ticket = 0;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    stop ();
    registrar_destroy (&registrar);
    disk_destroy (&disk);
    return 0;
}

/* ---- Messages in, messages out ---- */

static void take_mail (mail_t *mail, outbox_t *outbox)
{
    bytes_t peer;
    bundle_t *bundle;
    while (outbox_take (outbox, &peer, &bundle))
        mail_open (mail, peer, bundle_bytes (bundle));
}

static void commit (void)
{
    assert_int_equal (registrar_commit (registrar), 0);
    assert_int_equal (journal_synced (journal), journal_count (journal));
    take_mail (&to_storage, registrar_to_storage (registrar));
    take_mail (&to_brokers, registrar_to_brokers (registrar));
    for (size_t i = 0; i < to_storage.count; i++)
        assert_string_equal (to_storage.items[i].peer, ""); // there is but one
}

/* An agency's message, by way of some worker; what was sent before is forgotten. */
static void ask_from (const char *client, const wire_message_t *message)
{
    bundle_t bundle = {0};
    forget ();
    bundle_put (&bundle, client, ++ticket, message);
    registrar_requests (registrar, bundle_bytes (&bundle));
    bundle_clear (&bundle);
    commit ();
}

/* Agency n asks from connection "cn". */
static void ask (uint32_t agency, const wire_message_t *message)
{
    char client[ID_BYTES];
    snprintf (client, sizeof client, "c%u", agency % 100);
    ask_from (client, message);
}

static void ask_hello (uint32_t agency)
{
    const wire_message_t hello = {
        .command = WIRE_HELLO, .agency = agency, .hello = {16, 8192, 500, 65536}};
    ask (agency, &hello);
}

/* Agency `agency` with so many bets, whatever they are. */
static wire_tally_t tally_of (uint32_t agency, uint64_t count)
{
    return (wire_tally_t){identity, count, 1000 * agency + count};
}

static void ask_ready (uint32_t agency, uint64_t count)
{
    const wire_message_t ready = {
        .command = WIRE_READY, .agency = agency, .tally = tally_of (agency, count)};
    ask (agency, &ready);
}

static void ask_results (uint32_t agency, uint64_t cursor)
{
    const wire_message_t results = {
        .command = WIRE_RESULTS, .agency = agency, .results = {identity, cursor}};
    ask (agency, &results);
}

static void ask_done (uint32_t agency)
{
    const wire_message_t done = {
        .command = WIRE_DONE, .agency = agency, .draw = identity};
    ask (agency, &done);
}

/* What storage answers to a message of ours. */
static void storage_answers (const mailed_t *item, const wire_message_t *message)
{
    bundle_t bundle = {0};
    bundle_write (&bundle, &item->envelope, message);
    forget ();
    registrar_answers (registrar, bundle_bytes (&bundle));
    bundle_clear (&bundle);
    commit ();
}

static void storage_seals (uint32_t agency, uint64_t count)
{
    const mailed_t item = to_storage.items[0];
    assert_only (&to_storage, WIRE_SEAL);
    assert_int_equal (item.message.agency, agency);
    const wire_tally_t tally = tally_of (agency, count);
    assert_int_equal (item.message.tally.draw, tally.draw);
    assert_int_equal (item.message.tally.count, tally.count);
    assert_int_equal (item.message.tally.digest, tally.digest);
    const wire_message_t sealed = {
        .command = WIRE_SEALED, .agency = agency, .tally = tally};
    storage_answers (&item, &sealed);
}

static void seal (uint32_t agency)
{
    ask_ready (agency, 10 * agency);
    storage_seals (agency, 10 * agency);
}

/* All agencies are sealed in order; the last one's answer makes the draw. */
static void make_draw (void)
{
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        seal (agency);
    assert_true (draw_made (draw));
}

/* The only message that was sent, to the client who asked last. */
static const wire_message_t *told (wire_command_t command)
{
    assert_int_equal (to_storage.count, 0);
    assert_only (&to_brokers, command);
    assert_int_equal (to_brokers.items[0].ticket, ticket);
    return &to_brokers.items[0].message;
}

static const wire_refused_t *told_refused (wire_code_t code, wire_command_t command)
{
    const wire_message_t *message = told (WIRE_REFUSED);
    assert_refused (&to_brokers.items[0], code);
    assert_string_equal (wire_command_name (message->refused.command),
                         wire_command_name (command));
    assert_true (message->refused.text.size > 0);
    return &message->refused;
}

static const wire_message_t *asked_storage (wire_command_t command, uint32_t agency)
{
    char client[ID_BYTES];
    snprintf (client, sizeof client, "c%u", agency);
    assert_int_equal (to_brokers.count, 0);
    assert_only (&to_storage, command);
    assert_string_equal (to_storage.items[0].client, client);
    assert_int_equal (to_storage.items[0].message.agency, agency);
    return &to_storage.items[0].message;
}

static void assert_waiting (const mailed_t *item, uint32_t ready)
{
    assert_string_equal (wire_command_name (item->message.command), "WAITING");
    assert_int_equal (item->message.waiting.ready, ready);
    assert_int_equal (item->message.waiting.agencies, AGENCIES);
}

static size_t records_of (draw_event_t event)
{
    size_t count = 0;
    for (size_t at = RECORD; at + RECORD <= file->durable.size; at += RECORD)
        count += file->durable.data[at] == event;
    return count;
}

/* ---- HELLO ---- */

static void hello_is_vouched_for (void **state)
{
    (void) state;
    ask_hello (2);
    const wire_welcome_t *admit = &asked_storage (WIRE_ADMIT, 2)->welcome;
    assert_int_equal (admit->limits.window, 16);
    assert_int_equal (admit->limits.message_bytes_max, 8192);
    assert_int_equal (admit->limits.rows_max, 500);
    assert_int_equal (admit->limits.bundle_bytes, 65536);
    assert_int_equal (admit->agencies, AGENCIES);
    assert_int_equal (admit->ready, 0);
    assert_int_equal (admit->day, DAY_OPEN);
    assert_int_equal (to_storage.items[0].ticket, ticket);
    assert_true (admit->draw == 0); // not known before a first seal
}

static void hello_is_told_how_far_the_day_is (void **state)
{
    (void) state;
    seal (1);
    ask_hello (1);
    assert_int_equal (asked_storage (WIRE_ADMIT, 1)->welcome.day, DAY_SEALED);
    assert_true (to_storage.items[0].message.welcome.draw == identity);
    assert_int_equal (to_storage.items[0].message.welcome.ready, 1);
    ask_hello (2);
    assert_int_equal (asked_storage (WIRE_ADMIT, 2)->welcome.day, DAY_OPEN);
    seal (2);
    seal (3);
    ask_hello (2);
    assert_int_equal (asked_storage (WIRE_ADMIT, 2)->welcome.day, DAY_DRAWN);
    assert_int_equal (to_storage.items[0].message.welcome.ready, AGENCIES);
}

static void windows_are_narrowed_for_a_crowd (void **state)
{
    (void) state;
    static const struct {
        uint32_t asked, message_bytes, granted;
    } cases[] = {
        {16, 8192, 16},
        {WINDOW_MAX, 8192, WINDOW_MAX},
        {WINDOW_MAX, MESSAGE_BYTES_MAX, 10}, // of 32 MiB, a third
        {4, MESSAGE_BYTES_MAX, 4},
        {0, 0, 10}, // no limits of one's own: the widest of both
        {1, UINT32_MAX, 1},
    };
    for (size_t i = 0; i < COUNT (cases); i++) {
        const wire_message_t hello = {
            .command = WIRE_HELLO,
            .agency = 1,
            .hello = {cases[i].asked, cases[i].message_bytes, 500, 0}};
        ask (1, &hello);
        assert_int_equal (asked_storage (WIRE_ADMIT, 1)->welcome.limits.window,
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
        disk_set (file, NULL, 0);
        agencies = cases[i].agencies;
        start ();
        const wire_message_t hello = {
            .command = WIRE_HELLO,
            .agency = 1,
            .hello = {cases[i].window, cases[i].message_bytes, 500, 0}};
        ask (1, &hello);
        const wire_limits_t *given = &asked_storage (WIRE_ADMIT, 1)->welcome.limits;
        const uint64_t bytes =
            cases[i].message_bytes ? cases[i].message_bytes : MESSAGE_BYTES_MAX;
        const uint32_t asked = cases[i].window ? cases[i].window : WINDOW_MAX;
        assert_true (given->window >= 1 && given->window <= asked);
        assert_int_equal (given->message_bytes_max, cases[i].message_bytes);
        assert_int_equal (given->rows_max, 500);
        // all of them together fit, unless each has but one; and nothing is held back
        if (given->window > 1)
            assert_true (agencies * given->window * bytes <= UNDER_WAY_BYTES_MAX);
        if (given->window < asked)
            assert_true (agencies * (given->window + 1) * bytes > UNDER_WAY_BYTES_MAX);
    }
}

static void who_is_not_on_the_roll_is_refused (void **state)
{
    (void) state;
    static const uint32_t strangers[] = {0, AGENCIES + 1, AGENCIES_MAX, UINT32_MAX};
    for (int drawn = 0; drawn <= 1; drawn++) {
        for (size_t i = 0; i < COUNT (strangers); i++) {
            ask_hello (strangers[i]);
            told_refused (REFUSED_AGENCY, WIRE_HELLO);
            assert_int_equal (to_brokers.items[0].message.agency, strangers[i]);
            ask_ready (strangers[i], 0);
            told_refused (REFUSED_AGENCY, WIRE_READY);
            ask_results (strangers[i], 0);
            told_refused (REFUSED_AGENCY, WIRE_RESULTS);
            ask_done (strangers[i]);
            told_refused (REFUSED_AGENCY, WIRE_DONE);
        }
        if (!drawn)
            make_draw ();
    }
    assert_int_equal (records_of (DRAW_SERVED), 0);
}

/* ---- READY, SEALED and the draw ---- */

static void ready_is_sealed_and_waits (void **state)
{
    (void) state;
    ask_ready (2, 20);
    assert_int_equal (asked_storage (WIRE_SEAL, 2)->tally.count, 20);
    assert_int_equal (records_of (DRAW_SEALED), 0); // it is not so before storage says
    storage_seals (2, 20);
    assert_waiting (&to_brokers.items[0], 1);
    told (WIRE_WAITING);
    assert_int_equal (records_of (DRAW_SEALED), 1);
    assert_int_equal (draw_count (draw, 2), 20);

    ask_ready (2, 20); // renewed: storage is not asked again
    assert_waiting (&to_brokers.items[0], 1);
    told (WIRE_WAITING);
    static const uint64_t others[] = {0, 19, 21, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        ask_ready (2, others[i]);
        assert_int_equal (told_refused (REFUSED_TALLY, WIRE_READY)->expected, 20);
    }
    assert_int_equal (records_of (DRAW_SEALED), 1);
}

static void sealed_twice_is_recorded_once (void **state)
{
    (void) state;
    ask_ready (1, 10);
    const mailed_t item = to_storage.items[0];
    mailed_t copy = item;
    copy.bytes = NULL;
    const wire_message_t sealed = {
        .command = WIRE_SEALED, .agency = 1, .tally = tally_of (1, 10)};
    for (int i = 0; i < 3; i++) { // the agency asked as often before the first came
        storage_answers (&copy, &sealed);
        assert_waiting (&to_brokers.items[0], 1);
        assert_int_equal (records_of (DRAW_SEALED), 1);
    }
    const wire_message_t stranger = {.command = WIRE_SEALED, .agency = AGENCIES + 1};
    storage_answers (&copy, &stranger);
    assert_int_equal (to_brokers.count + to_storage.count, 0);
    assert_int_equal (registrar_strays (registrar), 1);
}

static void the_last_seal_makes_the_draw_and_all_are_told (void **state)
{
    (void) state;
    seal (1);
    seal (2);
    assert_false (draw_made (draw));
    assert_int_equal (records_of (DRAW_DRAWN), 0);
    seal (3);
    assert_true (draw_made (draw));
    assert_int_equal (records_of (DRAW_DRAWN), 1);
    assert_int_equal (to_brokers.count, 0);
    assert_int_equal (to_storage.count, AGENCIES);
    for (uint32_t i = 0; i < AGENCIES; i++) { // each for its own, unasked
        const mailed_t *item = &to_storage.items[i];
        assert_string_equal (wire_command_name (item->message.command), "FIND");
        assert_int_equal (item->message.agency, i + 1);
        assert_int_equal (item->message.find.cursor, 0);
        assert_int_equal (item->message.find.count, 10 * (i + 1));
        assert_int_equal (item->message.find.number, NUMBER);
        assert_int_equal (item->client[1], '1' + i);
    }
}

static void who_asked_last_is_told (void **state)
{
    (void) state;
    const wire_message_t ready = {
        .command = WIRE_READY, .agency = 1, .tally = tally_of (1, 10)};
    seal (1);
    ask_from ("new", &ready);
    seal (2);
    seal (3);
    assert_int_equal (to_storage.items[0].message.agency, 1);
    assert_string_equal (to_storage.items[0].client, "new");
    ask_from ("another", &ready); // from here on each gets its own answer
    assert_only (&to_storage, WIRE_FIND);
    assert_string_equal (to_storage.items[0].client, "another");
}

static void the_draw_is_made_once (void **state)
{
    (void) state;
    make_draw ();
    const wire_message_t sealed = {
        .command = WIRE_SEALED, .agency = 3, .tally = tally_of (3, 30)};
    mailed_t item = to_storage.items[2];
    item.bytes = NULL;
    for (int i = 0; i < 3; i++) {
        storage_answers (&item, &sealed);
        for (uint32_t agency = 1; agency <= AGENCIES; agency++)
            ask_ready (agency, 10 * agency);
        assert_int_equal (records_of (DRAW_DRAWN), 1);
        assert_int_equal (records_of (DRAW_SEALED), AGENCIES);
    }
    start ();
    commit ();
    assert_int_equal (records_of (DRAW_DRAWN), 1);
}

/* ---- Which draw ---- */

static void another_draw_is_refused_once_it_is_known (void **state)
{
    (void) state;
    identity = 7; // nothing is known yet: storage decides
    ask_ready (1, 10);
    asked_storage (WIRE_SEAL, 1);
    ask_hello (1);
    asked_storage (WIRE_ADMIT, 1);
    identity = 0xD1CE;
    seal (1);
    for (int again = 0; again < 2; again++) {
        identity = again ? 0 : 8;
        for (uint32_t agency = 1; agency <= 2; agency++) {
            ask_ready (agency, 10 * agency);
            told_refused (REFUSED_DRAW, WIRE_READY);
        }
        start ();
    }
    identity = 0xD1CE;
    seal (2);
    seal (3);
    identity = 8;
    ask_ready (1, 10);
    told_refused (REFUSED_DRAW, WIRE_READY);
    ask_results (1, 0);
    told_refused (REFUSED_DRAW, WIRE_RESULTS);
    ask_done (1);
    told_refused (REFUSED_DRAW, WIRE_DONE);
    assert_int_equal (records_of (DRAW_SERVED), 0);
    identity = 0xD1CE;
    ask_results (1, 0);
    assert_true (asked_storage (WIRE_FIND, 1)->find.draw == identity);
    ask_done (1);
    told (WIRE_GOODBYE);
}

/* One of the two was started with the data directory of another day. */
static void storage_of_another_draw_is_not_believed (void **state)
{
    (void) state;
    seal (1);
    ask_ready (2, 20);
    mailed_t item = to_storage.items[0];
    wire_message_t sealed = {
        .command = WIRE_SEALED, .agency = 2, .tally = tally_of (2, 20)};
    sealed.tally.draw = 8;
    storage_answers (&item, &sealed);
    assert_int_equal (to_storage.count, 0);
    told_refused (REFUSED_DRAW, WIRE_READY);
    assert_false (draw_sealed (draw, 2));
    assert_int_equal (records_of (DRAW_SEALED), 1);
}

static void a_seal_of_no_draw_is_a_stray (void **state)
{
    (void) state;
    ask_ready (1, 10);
    const mailed_t item = to_storage.items[0];
    const wire_message_t sealed = {.command = WIRE_SEALED, .agency = 1};
    const uint64_t strays = registrar_strays (registrar);
    storage_answers (&item, &sealed);
    assert_int_equal (registrar_strays (registrar), strays + 1);
    assert_false (draw_sealed (draw, 1));
}

static void other_bets_than_were_sealed_are_a_conflict (void **state)
{
    (void) state;
    seal (1);
    wire_message_t ready = {
        .command = WIRE_READY, .agency = 1, .tally = tally_of (1, 10)};
    ready.tally.digest ^= 1;
    for (int again = 0; again < 2; again++) {
        ask (1, &ready);
        told_refused (REFUSED_CONFLICT, WIRE_READY);
        start ();
    }
    ask_ready (1, 10);
    assert_waiting (&to_brokers.items[0], 1);
}

/* ---- RESULTS and DONE ---- */

static void results_are_for_after_the_draw (void **state)
{
    (void) state;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        ask_results (agency, 0);
        told_refused (REFUSED_UNDRAWN, WIRE_RESULTS);
        ask_done (agency);
        told_refused (REFUSED_UNDRAWN, WIRE_DONE);
        seal (agency);
    }
    for (int restarted = 0; restarted <= 1; restarted++) {
        static const uint64_t cursors[] = {0, 1, 65536, UINT64_MAX};
        for (size_t i = 0; i < 4; i++) {
            ask_results (2, cursors[i]);
            const wire_find_t *find = &asked_storage (WIRE_FIND, 2)->find;
            assert_true (find->cursor == cursors[i]);
            assert_int_equal (find->count, 20);
            assert_int_equal (find->number, NUMBER);
        }
        start ();
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
        assert_int_equal (told (WIRE_GOODBYE)->agency, order[i]);
    }
    assert_true (registrar_done (registrar));
    assert_int_equal (records_of (DRAW_SERVED), AGENCIES);
    start (); // the day is over, but its results can be asked for
    assert_false (registrar_done (registrar));
    ask_ready (1, 10);
    asked_storage (WIRE_FIND, 1);
    ask_done (1);
    told (WIRE_GOODBYE);
    assert_true (registrar_done (registrar));
    assert_int_equal (records_of (DRAW_SERVED), AGENCIES);
}

/* ---- Storage says no, or nothing ---- */

static void a_refused_seal_can_be_asked_for_again (void **state)
{
    (void) state;
    ask_ready (1, 9);
    assert_only (&to_storage, WIRE_SEAL); // storage tells the agency that it is not so
    assert_false (draw_sealed (draw, 1));
    make_draw ();
    assert_int_equal (to_storage.count, AGENCIES);
}

/* The bundle that could not be sent comes back; each one's agency is told. */
static void what_storage_does_not_get_is_refused (void **state)
{
    (void) state;
    static const wire_command_t named[] = {WIRE_HELLO, WIRE_READY, WIRE_RESULTS};
    static const wire_command_t asked[] = {WIRE_ADMIT, WIRE_SEAL, WIRE_FIND};
    bundle_t bundle = {0};
    for (uint64_t i = 0; i < 3; i++) {
        const wire_message_t message = {.command = (uint8_t) asked[i], .agency = 2};
        bundle_put (&bundle, i == 0 ? "c0" : "c1", i, &message);
    }
    registrar_unsent (registrar, bundle_bytes (&bundle));
    bundle_clear (&bundle);
    commit ();
    assert_int_equal (to_storage.count, 0);
    assert_int_equal (to_brokers.count, 3);
    for (uint64_t i = 0; i < 3; i++) {
        const mailed_t *item = &to_brokers.items[i];
        assert_refused (item, REFUSED_UNAVAILABLE);
        assert_string_equal (wire_command_name (item->message.refused.command),
                             wire_command_name (named[i]));
        assert_int_equal (item->ticket, i);
        assert_int_equal (item->message.agency, 2);
        assert_string_equal (item->client, i == 0 ? "c0" : "c1");
    }
}

/* ---- Crashes, and a disk that does not do as asked ---- */

/* After a start at any place of the journal the day comes to the same end: one draw,
   every agency served. */
static void the_day_goes_on_from_every_record (void **state)
{
    (void) state;
    make_draw ();
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        ask_done (agency);
    uint8_t whole[16 * RECORD];
    const size_t size = file->cached.size;
    assert_int_equal (size, (1 + 1 + AGENCIES + 1 + AGENCIES) * RECORD);
    memcpy (whole, file->cached.data, size);
    for (size_t cut = RECORD; cut <= size; cut += RECORD / 2) {
        stop ();
        disk_set (file, whole, cut);
        start ();
        commit ();
        const size_t records = cut / RECORD - 1;
        const bool all_sealed = records >= 1 + AGENCIES;
        assert_true (draw_made (draw) == all_sealed);
        assert_int_equal (records_of (DRAW_DRAWN), all_sealed);
        for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
            const bool sealed = draw_sealed (draw, agency), made = draw_made (draw);
            assert_true (sealed == (records >= 1 + agency));
            ask_ready (agency, 10 * agency);
            if (!sealed)
                storage_seals (agency, 10 * agency);
            else if (!made)
                assert_waiting (&to_brokers.items[0], draw_agencies_ready (draw));
            else
                asked_storage (WIRE_FIND, agency);
        }
        for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
            ask_done (agency);
            told (WIRE_GOODBYE);
        }
        assert_true (registrar_done (registrar));
        assert_int_equal (file->durable.size, size);
        assert_int_equal (records_of (DRAW_DRAWN), 1);
        assert_int_equal (records_of (DRAW_SEALED), AGENCIES);
        assert_int_equal (records_of (DRAW_SERVED), AGENCIES);
    }
}

static void no_space_for_a_seal_is_refused_until_there_is (void **state)
{
    (void) state;
    start (); // with nothing reserved
    disk_fill (file);
    for (int i = 0; i < 3; i++) {
        seal (1);
        told_refused (REFUSED_NOSPACE, WIRE_READY);
        assert_false (draw_sealed (draw, 1));
        assert_int_equal (records_of (DRAW_SEALED), 0);
    }
    file->room = UINT64_MAX;
    make_draw ();
}

/* All are sealed and there is no room for the draw: it is made as soon as anybody asks
   and there is room, and all who wait are told. */
static void no_space_for_the_draw_leaves_it_due (void **state)
{
    (void) state;
    start ();
    file->room = file->cached.size + AGENCIES * RECORD;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++) {
        seal (agency);
        assert_waiting (&to_brokers.items[0], agency);
    }
    assert_true (draw_due (draw));
    ask_ready (1, 10);
    assert_waiting (&to_brokers.items[0], AGENCIES);
    ask_results (1, 0);
    told_refused (REFUSED_UNDRAWN, WIRE_RESULTS);
    start (); // still no room: a restart makes it due again
    commit ();
    assert_true (draw_due (draw));
    ask_ready (3, 30);
    assert_waiting (&to_brokers.items[0], AGENCIES);
    file->room = UINT64_MAX;
    ask_ready (1, 10);
    assert_true (draw_made (draw));
    assert_int_equal (records_of (DRAW_DRAWN), 1);
    assert_true (to_storage.count >= 2); // agency 1, and 3 who waits
    bool found[AGENCIES + 1] = {0};
    for (size_t i = 0; i < to_storage.count; i++)
        found[to_storage.items[i].message.agency] = true;
    assert_true (found[1] && found[3]);
}

static void ask_in_vain (void)
{
    for (int i = 0; i < 1000; i++)
        ask_ready (3, 30);
}

static void no_space_for_the_draw_is_told_now_and_then (void **state)
{
    (void) state;
    start ();
    file->room = file->cached.size + AGENCIES * RECORD;
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        seal (agency);
    registrar_tick (registrar, 500000);
    assert_int_equal (logged ("action: sorteo", ask_in_vain), 1);
    registrar_tick (registrar, 501000);
    assert_int_equal (logged ("not_logged_before: 999", ask_in_vain), 1);
}

static void no_space_for_done_is_refused_until_there_is (void **state)
{
    (void) state;
    make_draw ();
    start ();
    disk_fill (file);
    ask_done (2);
    told_refused (REFUSED_NOSPACE, WIRE_DONE);
    assert_false (draw_served (draw, 2));
    file->room = UINT64_MAX;
    ask_done (2);
    told (WIRE_GOODBYE);
    assert_int_equal (records_of (DRAW_SERVED), 1);
}

static void a_commit_that_fails_says_so (void **state)
{
    (void) state;
    for (int step = 0; step < 3; step++) {
        start (); // with nothing reserved
        ask_ready (1, 10);
        assert_only (&to_storage, WIRE_SEAL);
        const mailed_t *item = &to_storage.items[0];
        bundle_t bundle = {0};
        const wire_message_t sealed = {
            .command = WIRE_SEALED, .agency = 1, .tally = tally_of (1, 10)};
        bundle_write (&bundle, &item->envelope, &sealed);
        file->fails[DISK_RESERVE] =
            step == 2 ? DISK_ALWAYS : 0; // and not for want of space
        registrar_answers (registrar, bundle_bytes (&bundle));
        bundle_clear (&bundle);
        file->fails[DISK_WRITE] = step == 0;
        file->fails[DISK_SYNC] = step == 1;
        errno = 0;
        assert_int_equal (registrar_commit (registrar), -1);
        assert_int_equal (errno, EIO);
        stop ();
        file->fails[DISK_RESERVE] = 0;
        disk_cut_file (file);
        start ();
        assert_false (draw_sealed (draw, 1));
    }
}

/* ---- What is no message of ours ---- */

static void strays_are_counted (void **state)
{
    (void) state;
    static const uint8_t requests[] = {
        WIRE_BATCH,   WIRE_PING,    WIRE_WELCOME, WIRE_STORED, WIRE_WAITING,
        WIRE_WINNERS, WIRE_GOODBYE, WIRE_REFUSED, WIRE_PONG,   WIRE_JOIN,
        WIRE_BEAT,    WIRE_LEAVE,   WIRE_REJOIN,  WIRE_STORE,  WIRE_ADMIT,
        WIRE_SEAL,    WIRE_FIND,    WIRE_SEALED};
    static const uint8_t answers[] = {
        WIRE_HELLO,   WIRE_BATCH,   WIRE_READY,   WIRE_RESULTS, WIRE_DONE,
        WIRE_PING,    WIRE_WELCOME, WIRE_WINNERS, WIRE_REFUSED, WIRE_STORED,
        WIRE_WAITING, WIRE_GOODBYE, WIRE_PONG,    WIRE_JOIN,    WIRE_BEAT,
        WIRE_LEAVE,   WIRE_REJOIN,  WIRE_STORE,   WIRE_ADMIT,   WIRE_SEAL,
        WIRE_FIND};
    for (size_t i = 0; i < sizeof requests; i++) {
        const wire_message_t message = {.command = requests[i], .agency = 1};
        ask (1, &message);
        assert_int_equal (to_brokers.count + to_storage.count, 0);
        assert_int_equal (registrar_strays (registrar), i + 1);
    }
    const mailed_t item = {.envelope = mail_envelope ("c1", 1)};
    for (size_t i = 0; i < sizeof answers; i++) {
        const wire_message_t message = {.command = answers[i], .agency = 1};
        storage_answers (&item, &message);
        assert_int_equal (to_brokers.count + to_storage.count, 0);
        assert_int_equal (registrar_strays (registrar), sizeof requests + i + 1);
    }
    registrar_requests (registrar, text_bytes ("no bundle"));
    registrar_answers (registrar, text_bytes ("no bundle"));
    assert_int_equal (registrar_strays (registrar),
                      sizeof requests + sizeof answers + 2);
}

static void damaged_bundles_do_no_harm (void **state)
{
    (void) state;
    uint64_t random = 19;
    for (int i = 0; i < 20000; i++) {
        bundle_t bundle = {0};
        for (size_t n = 1 + random_below (&random, 3); n > 0; n--) {
            static const uint8_t commands[] = {WIRE_HELLO,  WIRE_READY,  WIRE_RESULTS,
                                               WIRE_DONE,   WIRE_SEALED, WIRE_REFUSED,
                                               WIRE_WELCOME};
            const wire_message_t message = {
                .command = commands[random_below (&random, sizeof commands)],
                .agency = 1 + (uint32_t) random_below (&random, AGENCIES)};
            bundle_put (&bundle, "client", 1, &message);
        }
        for (size_t n = random_below (&random, 4); n > 0; n--)
            bundle.data[random_below (&random, bundle.size)] ^=
                (uint8_t) (1 << random_below (&random, 8));
        if (random_below (&random, 2))
            registrar_requests (registrar, bundle_bytes (&bundle));
        else
            registrar_answers (registrar, bundle_bytes (&bundle));
        bundle_clear (&bundle);
        commit ();
        forget ();
    }
    assert_int_equal (records_of (DRAW_DRAWN), draw_made (draw));
    start ();
}

/* ---- All of it at random ---- */

typedef struct {
    uint64_t random;
    mail_t at_storage;         // items that it has not answered yet
    bool sealed[AGENCIES + 1]; // by storage, which does not forget
    size_t crashes, draws;
} walk_t;

/* Nothing leaves that the disk does not have. */
static void check_sent (walk_t *walk)
{
    const bool drawn = records_of (DRAW_DRAWN) == 1;
    assert_true (records_of (DRAW_DRAWN) <= 1);
    for (size_t i = 0; i < to_brokers.count; i++) {
        const wire_message_t *message = &to_brokers.items[i].message;
        if (message->command == WIRE_WAITING)
            assert_true (message->waiting.ready <= records_of (DRAW_SEALED));
        else if (message->command == WIRE_GOODBYE)
            assert_true (records_of (DRAW_SERVED) > 0);
        else if (message->command == WIRE_REFUSED)
            assert_true (message->refused.code != REFUSED_UNDRAWN || !drawn);
    }
    for (size_t i = 0; i < to_storage.count; i++) {
        const mailed_t *item = &to_storage.items[i];
        const wire_message_t *message = &item->message;
        assert_true (message->command != WIRE_FIND || drawn);
        if (random_below (&walk->random, 5) == 0)
            continue; // lost on the way
        uint8_t bytes[WIRE_SMALL_BYTES_MAX];
        mail_add (&walk->at_storage, (bytes_t){0}, &item->envelope,
                  bytes_of (bytes, wire_encode (message, bytes)));
    }
    forget ();
}

static void storage_takes_one (walk_t *walk)
{
    mail_t *mail = &walk->at_storage;
    if (mail->count == 0)
        return;
    const size_t which = random_below (&walk->random, mail->count);
    const mailed_t item = mail->items[which];
    mail->items[which] = mail->items[--mail->count];
    const uint32_t agency = item.message.agency;
    const wire_message_t sealed = {
        .command = WIRE_SEALED, .agency = agency, .tally = item.message.tally};
    if (item.message.command == WIRE_SEAL) {
        walk->sealed[agency] = true;
        storage_answers (&item, &sealed);
    } else if (item.message.command == WIRE_FIND) {
        for (uint32_t i = 1; i <= AGENCIES; i++)
            assert_true (walk->sealed[i]); // nobody learns anything before
        assert_int_equal (item.message.find.count, 10 * agency);
    }
    free (item.bytes);
    check_sent (walk);
}

static void agency_asks (walk_t *walk)
{
    const uint32_t agency = 1 + (uint32_t) random_below (&walk->random, AGENCIES);
    switch (random_below (&walk->random, 8)) {
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
        ask_ready (agency, 10 * agency);
    }
    check_sent (walk);
}

/* In the midst of a group: taken, perhaps written, and not on the disk. */
static void crash (walk_t *walk)
{
    bundle_t bundle = {0};
    const uint32_t agency = 1 + (uint32_t) random_below (&walk->random, AGENCIES);
    const wire_message_t done = {
        .command = WIRE_DONE, .agency = agency, .draw = identity};
    bundle_put (&bundle, "client", 0, &done);
    registrar_requests (registrar, bundle_bytes (&bundle));
    bundle_clear (&bundle);
    file->fails[DISK_SYNC] = 1;
    if (random_below (&walk->random, 2))
        assert_true (registrar_commit (registrar) == -1 || file->fails[DISK_SYNC] == 1);
    file->fails[DISK_SYNC] = 0;
    stop ();
    if (random_below (&walk->random, 2))
        disk_cut_file_torn (file, &walk->random);
    file->room = UINT64_MAX;
    start ();
    commit ();
    check_sent (walk);
    walk->crashes++;
}

/* One draw a day, whatever is lost on the way and however often state is killed. */
static void there_is_one_draw_whatever_happens (void **state)
{
    (void) state;
    walk_t walk = {.random = 37};
    for (int day = 0; day < 300; day++) {
        teardown (NULL);
        setup (NULL);
        memset (walk.sealed, 0, sizeof walk.sealed);
        int steps = 0;
        for (; !registrar_done (registrar) && steps < 3000; steps++) {
            const size_t what = random_below (&walk.random, 40);
            if (what < 20)
                agency_asks (&walk);
            else if (what < 36)
                storage_takes_one (&walk);
            else if (what == 36)
                disk_fill (file);
            else if (what == 37)
                file->room = UINT64_MAX;
            else if (what == 38)
                crash (&walk);
        }
        assert_true (registrar_done (registrar)); // there was time enough
        assert_int_equal (records_of (DRAW_DRAWN), 1);
        assert_int_equal (records_of (DRAW_SEALED), AGENCIES);
        assert_int_equal (records_of (DRAW_SERVED), AGENCIES);
        mail_clear (&walk.at_storage);
    }
    assert_true (walk.crashes > 300);
}

#define REGISTRAR_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        REGISTRAR_TEST (hello_is_vouched_for),
        REGISTRAR_TEST (hello_is_told_how_far_the_day_is),
        REGISTRAR_TEST (windows_are_narrowed_for_a_crowd),
        REGISTRAR_TEST (windows_of_a_crowd_fit_together),
        REGISTRAR_TEST (who_is_not_on_the_roll_is_refused),
        REGISTRAR_TEST (ready_is_sealed_and_waits),
        REGISTRAR_TEST (sealed_twice_is_recorded_once),
        REGISTRAR_TEST (the_last_seal_makes_the_draw_and_all_are_told),
        REGISTRAR_TEST (who_asked_last_is_told),
        REGISTRAR_TEST (the_draw_is_made_once),
        REGISTRAR_TEST (results_are_for_after_the_draw),
        REGISTRAR_TEST (done_is_recorded_once_and_the_last_ends_the_day),
        REGISTRAR_TEST (a_refused_seal_can_be_asked_for_again),
        REGISTRAR_TEST (what_storage_does_not_get_is_refused),
        REGISTRAR_TEST (the_day_goes_on_from_every_record),
        REGISTRAR_TEST (no_space_for_a_seal_is_refused_until_there_is),
        REGISTRAR_TEST (no_space_for_the_draw_leaves_it_due),
        REGISTRAR_TEST (no_space_for_the_draw_is_told_now_and_then),
        REGISTRAR_TEST (no_space_for_done_is_refused_until_there_is),
        REGISTRAR_TEST (a_commit_that_fails_says_so),
        REGISTRAR_TEST (another_draw_is_refused_once_it_is_known),
        REGISTRAR_TEST (storage_of_another_draw_is_not_believed),
        REGISTRAR_TEST (a_seal_of_no_draw_is_a_stray),
        REGISTRAR_TEST (other_bets_than_were_sealed_are_a_conflict),
        REGISTRAR_TEST (strays_are_counted),
        REGISTRAR_TEST (damaged_bundles_do_no_harm),
        REGISTRAR_TEST (there_is_one_draw_whatever_happens),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

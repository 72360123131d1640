/* test_events.c - what storage records of a draw, and which state it hears: on a book
   on the fake disk, with restarts, crashes and a disk that is full. */

#include "shelf.h"

#include "events.h"
#include "life.h"

#define AGENCIES     3
#define NUMBER       7574
#define COUNT(table) (sizeof (table) / sizeof (table)[0])

static shelf_t shelf;
static events_t *events;
static uint64_t epoch; // of the state that asks
static uint64_t seen;  // by it

static void stop (void)
{
    events_destroy (&events);
    assert_null (events);
}

static void start (void)
{
    stop ();
    shelf_start (&shelf);
    events = events_new (shelf.book);
}

/* Storage is killed; what was not durable is gone. */
static void crash (void)
{
    stop ();
    shelf_close (&shelf);
    disk_cut (shelf.disk);
    start ();
}

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf.bare = true;
    start ();
    epoch = seen = 0;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    stop ();
    shelf_free (&shelf);
    return 0;
}

static bytes_t peer_of (const char *name)
{
    return bytes_of (name, strlen (name));
}

static wire_code_t came (const char *peer, uint64_t life)
{
    wire_code_t code = REFUSED_BODY;
    assert_int_equal (events_register (events, peer_of (peer), life, &code), 0);
    if (code == REFUSED_OK)
        epoch = book_epoch (shelf.book);
    return code;
}

/* A process that is alive: it asks again if it was heard, and else comes behind whoever
   was. */
static wire_code_t registered (const char *peer, uint32_t own)
{
    came (peer, 0); // so that it is known who was
    const uint64_t last = events_life (events);
    return came (peer, life_own (last) == own ? last : life_after (last, own));
}

static wire_code_t heard (const char *peer, uint64_t of_epoch)
{
    return events_heard (events, peer_of (peer), of_epoch);
}

/* What recording it comes to, in this draw; which event it is, counted from 1. */
static wire_code_t recorded_in (uint64_t draw, wire_event_t event, uint64_t *which)
{
    const wire_record_t record = {.epoch = epoch, .seen = seen, .event = event};
    wire_code_t code = REFUSED_BODY;
    uint64_t ordinal = 99;
    sale_t *sale;
    char why[BOOK_WHY_BYTES];
    assert_int_equal (
        events_record (events, draw, &record, &code, &sale, &ordinal, why), 0);
    assert_string_equal (why, "");
    shelf_look (&shelf);
    *which = code == REFUSED_OK ? ordinal + 1 : 0;
    if (code == REFUSED_OK) {
        wire_recorded_t told;
        assert_int_equal (events_read (events, sale, ordinal, &told), 0);
        assert_true (told.ordinal == ordinal && told.events == sale->events);
        seen = told.sequence > seen ? told.sequence : seen;
    }
    return code;
}

static wire_code_t recorded (wire_event_t event, uint64_t *which)
{
    return recorded_in (SHELF_IDENTITY, event, which);
}

#define TERMS                                                                          \
    .kind = EVENT_OPENED, .source = SOURCE_FIXED, .highest = 9999,                     \
    .closes_ms = CLOSES_ALL_ASKED, .text = {(const uint8_t *) "first", 5}

static const wire_event_t opened = {TERMS, .agencies = AGENCIES, .number = NUMBER};
static const wire_event_t drawn = {.kind = EVENT_DRAWN, .number = NUMBER};

static wire_event_t sealed_of (uint32_t agency)
{
    return (wire_event_t){.kind = EVENT_SEALED,
                          .agency = agency,
                          .count = shelf_next (&shelf, agency),
                          .digest = shelf_digest (agency, shelf_next (&shelf, agency))};
}

static wire_event_t served_of (uint32_t agency)
{
    return (wire_event_t){.kind = EVENT_SERVED, .agency = agency};
}

#define assert_recorded(event, expected)                                               \
    do {                                                                               \
        uint64_t which;                                                                \
        assert_string_equal (wire_code_name ((uint16_t) recorded (event, &which)),     \
                             wire_code_name (REFUSED_OK));                             \
        assert_int_equal (which, expected);                                            \
    } while (0)

#define assert_not_recorded(event, expected)                                           \
    do {                                                                               \
        uint64_t which;                                                                \
        const uint32_t before = book_records (shelf.book);                             \
        assert_string_equal (wire_code_name ((uint16_t) recorded (event, &which)),     \
                             wire_code_name (expected));                               \
        assert_int_equal (book_records (shelf.book), before);                          \
    } while (0)

/* A draw is open, and each agency has sold something. */
static void begin_selling (void)
{
    registered ("a", 7);
    assert_recorded (opened, 1);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        shelf_append (&shelf, agency, 10 * agency);
}

static void seal_all (void)
{
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_recorded (sealed_of (agency), 1 + agency);
}

/* ---- Who is heard ---- */

static void nobody_is_heard_who_has_not_registered (void **state)
{
    (void) state;
    assert_int_equal (heard ("a", 0), REFUSED_SUPERSEDED);
    assert_int_equal (heard ("a", 1), REFUSED_SUPERSEDED);
    assert_int_equal (came ("a", 0), REFUSED_SUPERSEDED); // that is nobody
    assert_int_equal (came ("a", life_after (0, 0)), REFUSED_SUPERSEDED); // nor that
    assert_int_equal (registered ("a", 7), REFUSED_OK);
    assert_int_equal (epoch, 1);
    assert_int_equal (heard ("a", 0), REFUSED_SUPERSEDED);
    assert_int_equal (heard ("a", 1), REFUSED_OK);
    assert_int_equal (heard ("a", 2), REFUSED_SUPERSEDED);
}

static void the_last_one_to_register_is_heard (void **state)
{
    (void) state;
    begin_selling ();
    const uint64_t first = epoch;
    assert_int_equal (registered ("b", 8), REFUSED_OK);
    assert_true (epoch == first + 1 + 1 + AGENCIES); // its record's sequence
    assert_int_equal (heard ("a", first), REFUSED_SUPERSEDED);
    assert_int_equal (heard ("b", epoch), REFUSED_OK);
    assert_int_equal (shelf.sale->events, 1); // a registration is no event
    shelf_commit (&shelf);
    crash ();
    assert_int_equal (heard ("a", first), REFUSED_SUPERSEDED);
    assert_int_equal (heard ("b", epoch), REFUSED_OK);
}

static void a_registration_asked_for_again_is_the_same (void **state)
{
    (void) state;
    registered ("a", 7);
    const uint64_t first = epoch;
    for (int again = 0; again < 3; again++) {
        assert_int_equal (registered (again ? "a, connected anew" : "a", 7),
                          REFUSED_OK);
        assert_true (epoch == first);
        assert_int_equal (book_records (shelf.book), 1);
        if (again == 1) {
            shelf_commit (&shelf);
            crash ();
        }
    }
    bytes_t peer;
    uint64_t of_epoch;
    assert_false (events_superseded (events, &peer, &of_epoch));
}

static void who_was_superseded_stays_so (void **state)
{
    (void) state;
    registered ("a", 7);
    const uint64_t first = epoch, life = events_life (events);
    registered ("b", 8);
    assert_int_equal (came ("a", life), REFUSED_SUPERSEDED); // it was under way
    assert_int_equal (heard ("b", epoch), REFUSED_OK);
    assert_int_equal (heard ("a", first), REFUSED_SUPERSEDED);
}

/* Whatever it had heard of before it was killed: it is read behind what its successor
   sent, and of a storage that was restarted as well. */
static void what_a_killed_state_sent_is_not_heard (void **state)
{
    (void) state;
    registered ("a", 7);
    registered ("b", 8);
    const uint64_t heard_life = events_life (events);
    const uint64_t ghosts[] = {life_after (0, 9),                 // nobody
                               life_after (life_after (0, 7), 9), // the first one
                               life_after (life_after (heard_life, 9), 9),
                               heard_life + 1,
                               9,
                               heard_life | 0xFFFFFFFF00000000,
                               UINT64_MAX};
    shelf_commit (&shelf);
    for (int restarted = 0; restarted <= 1; restarted++) {
        for (size_t i = 0; i < COUNT (ghosts); i++) {
            assert_int_equal (came ("a", ghosts[i]), REFUSED_SUPERSEDED);
            assert_true (events_life (events) == heard_life);
            assert_int_equal (heard ("b", epoch), REFUSED_OK);
            assert_int_equal (book_records (shelf.book), 2);
        }
        crash ();
    }
    assert_int_equal (came ("c", life_after (heard_life, 9)), REFUSED_OK);
    assert_int_equal (heard ("c", epoch), REFUSED_OK);
}

static void who_was_superseded_is_told_where_it_is (void **state)
{
    (void) state;
    bytes_t peer;
    uint64_t of_epoch;
    registered ("a", 7);
    const uint64_t first = epoch;
    assert_int_equal (heard ("a, connected anew", first), REFUSED_OK);
    assert_false (events_superseded (events, &peer, &of_epoch));
    registered ("b", 8);
    assert_true (events_superseded (events, &peer, &of_epoch));
    assert_true (bytes_equal (peer, peer_of ("a, connected anew")));
    assert_true (of_epoch == first);
    assert_false (events_superseded (events, &peer, &of_epoch)); // once
    shelf_commit (&shelf);
    crash (); // storage does not know where anybody is
    registered ("c", 9);
    assert_false (events_superseded (events, &peer, &of_epoch));
}

/* ---- What is recorded ---- */

static void a_days_events_are_recorded_in_order (void **state)
{
    (void) state;
    begin_selling ();
    seal_all ();
    assert_recorded (drawn, 2 + AGENCIES);
    for (uint32_t agency = AGENCIES; agency >= 1; agency--)
        assert_recorded (served_of (agency), 3 + AGENCIES + (AGENCIES - agency));
    assert_int_equal (shelf.sale->events, 2 + 2 * AGENCIES);
}

/* The answer may have been lost. */
static void what_is_asked_for_again_is_not_recorded_again (void **state)
{
    (void) state;
    for (int restarted = 0; restarted <= 1; restarted++) {
        teardown (NULL);
        setup (NULL);
        begin_selling ();
        seal_all ();
        assert_recorded (drawn, 5);
        assert_recorded (served_of (2), 6);
        const uint32_t records = book_records (shelf.book);
        if (restarted) {
            shelf_commit (&shelf);
            crash ();
        }
        for (int i = 0; i < 2; i++) {
            assert_recorded (opened, 1);
            for (uint32_t agency = 1; agency <= AGENCIES; agency++)
                assert_recorded (sealed_of (agency), 1 + agency);
            assert_recorded (drawn, 5);
            assert_recorded (served_of (2), 6);
        }
        const wire_event_t other = {TERMS, .agencies = AGENCIES + 1,
                                    .number = NUMBER + 1};
        assert_recorded (other, 1); // and it is told what it is open with
        assert_int_equal (book_records (shelf.book), records);
    }
}

static void a_seal_is_held_against_what_is_stored (void **state)
{
    (void) state;
    begin_selling ();
    wire_event_t event = sealed_of (2);
    event.count++;
    assert_not_recorded (event, REFUSED_TALLY);
    event.count -= 2;
    assert_not_recorded (event, REFUSED_TALLY);
    event.count++;
    event.digest ^= 1;
    assert_not_recorded (event, REFUSED_CONFLICT);
    event = sealed_of (2);
    assert_recorded (event, 2);
    assert_true (shelf_sealed (&shelf, 2));
    event.digest ^= 1;
    assert_not_recorded (event, REFUSED_CONFLICT); // sealed or not
    teardown (NULL);
    setup (NULL);
    registered ("a", 7);
    assert_recorded (opened, 1);
    assert_not_recorded (sealed_of (2), REFUSED_HELLO);
}

/* Whatever a state says that is out of its mind, the log stays one that can be
   replayed. */
static void what_cannot_have_happened_is_not_recorded (void **state)
{
    (void) state;
    registered ("a", 7);
    const wire_event_t early[] = {sealed_of (1), drawn, served_of (1)};
    for (size_t i = 0; i < COUNT (early); i++) // there is no such draw
        assert_not_recorded (early[i], REFUSED_HELLO);
    const wire_event_t first[] = {{TERMS, .agencies = 0},
                                  {TERMS, .agencies = AGENCIES_MAX + 1},
                                  {TERMS, .agencies = 1, .number = 10000}};
    for (size_t i = 0; i < COUNT (first); i++)
        assert_not_recorded (first[i], REFUSED_GAP);
    begin_selling ();
    const wire_event_t then[] = {drawn,
                                 served_of (1),
                                 sealed_of (AGENCIES + 1),
                                 served_of (0),
                                 served_of (AGENCIES_MAX + 1),
                                 served_of (UINT32_MAX),
                                 {.kind = 'B', .agency = 1},
                                 {.kind = 'R'},
                                 {.kind = 0},
                                 {.kind = 'K', .agency = 1},
                                 {.kind = 'Y', .agency = 1}};
    for (size_t i = 0; i < COUNT (then); i++)
        assert_not_recorded (then[i], REFUSED_GAP);
    seal_all ();
    const wire_event_t other_number = {.kind = EVENT_DRAWN, .number = NUMBER + 1};
    assert_not_recorded (other_number, REFUSED_GAP);
    assert_not_recorded (served_of (1), REFUSED_GAP);
}

static void a_draw_is_made_of_all_that_has_happened (void **state)
{
    (void) state;
    begin_selling ();
    seal_all ();
    const uint64_t last = seen;
    const uint64_t stale[] = {0, 1, last - 1, last + 1, UINT64_MAX};
    for (size_t i = 0; i < COUNT (stale); i++) {
        seen = stale[i];
        assert_not_recorded (drawn, REFUSED_GAP);
    }
    registered ("b", 8); // is no event
    seen = last;
    assert_recorded (drawn, 5);
    seen = 0;
    assert_recorded (drawn, 5); // it is, whatever was seen
}

/* ---- Replay ---- */

static void events_are_read_as_they_were_recorded (void **state)
{
    (void) state;
    begin_selling ();
    seal_all ();
    assert_recorded (drawn, 5);
    assert_recorded (served_of (3), 6);
    const wire_event_t expected[] = {opened,        sealed_of (1), sealed_of (2),
                                     sealed_of (3), drawn,         served_of (3)};
    for (int restarted = 0; restarted <= 1; restarted++) {
        uint64_t before = 0;
        assert_int_equal (shelf.sale->events, COUNT (expected));
        for (uint64_t i = 0; i < COUNT (expected); i++) {
            wire_recorded_t told;
            assert_int_equal (events_read (events, shelf.sale, i, &told), 0);
            assert_true (told.ordinal == i);
            assert_true (told.sequence > before);
            assert_int_equal (told.event.kind, expected[i].kind);
            assert_int_equal (told.event.agency, expected[i].agency);
            assert_int_equal (told.event.agencies, expected[i].agencies);
            assert_int_equal (told.event.number, expected[i].number);
            assert_int_equal (told.event.count, expected[i].count);
            assert_true (told.event.digest == expected[i].digest);
            before = told.sequence;
        }
        shelf_commit (&shelf);
        crash ();
    }
}

/* Bets, registrations and events in any order, with checkpoints, stops and crashes in
   between: what was durable is found again, and nothing else. */
static void events_are_found_after_any_end (void **state)
{
    (void) state;
    uint64_t random = 5;
    for (int day = 0; day < 60; day++) {
        teardown (NULL);
        setup (NULL);
        wire_event_t kept[16];
        size_t durable = 0, count = 0;
        for (int step = 0; step < 60; step++) {
            const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES);
            uint64_t which;
            wire_event_t event = opened;
            switch (random_below (&random, 9)) {
            case 0:
                registered ("a", 1 + (uint32_t) random_below (&random, UINT32_MAX));
                continue;
            case 1:
            case 2:
                if (shelf.sale && !shelf_sealed (&shelf, agency))
                    shelf_append (&shelf, agency, 1 + (uint32_t) day);
                continue;
            case 3:
                shelf_commit (&shelf);
                durable = count;
                continue;
            case 4:
                crash ();
                count = durable;
                seen = shelf.sale ? shelf.sale->last_event : 0;
                continue;
            case 5:
                stop ();
                shelf_stop (&shelf);
                durable = count;
                start ();
                continue;
            case 6:
                event = sealed_of (agency);
                break;
            case 7:
                event = random_below (&random, 2) ? drawn : served_of (agency);
                break;
            default:
                break;
            }
            if (shelf.sale)
                cursors_admit (shelf.cursors, agency);
            if (recorded (event, &which) == REFUSED_OK && which > count) {
                assert_int_equal (which, count + 1);
                assert_true (count < COUNT (kept));
                kept[count++] = event;
            }
        }
        assert_int_equal (shelf.sale ? shelf.sale->events : 0, count);
        for (size_t i = 0; i < count; i++) {
            wire_recorded_t told;
            assert_int_equal (events_read (events, shelf.sale, i, &told), 0);
            assert_int_equal (told.event.kind, kept[i].kind);
            assert_int_equal (told.event.agency, kept[i].agency);
            assert_true (told.event.count == kept[i].count);
        }
    }
}

/* ---- A disk that does not do as asked ---- */

static void fill (void)
{
    disk_limit (shelf.disk, 0);
}

/* Room for it is kept, for states that register as well. */
static void a_full_disk_can_still_seal_and_draw (void **state)
{
    (void) state;
    begin_selling ();
    shelf_commit (&shelf);
    fill ();
    assert_int_equal (registered ("b", 8), REFUSED_OK);
    seal_all ();
    assert_recorded (drawn, 5);
    for (uint32_t agency = 1; agency <= AGENCIES; agency++)
        assert_recorded (served_of (agency), 5 + agency);
    shelf_commit (&shelf);
    crash ();
    assert_int_equal (shelf.sale->events, 2 + 2 * AGENCIES);
}

/* The roll says how many events are still to come, and not how many agencies were there
   before the disk was full. */
static void a_full_disk_has_room_for_agencies_that_were_not_there_yet (void **state)
{
    enum { MANY = 6000 };
    (void) state;
    uint64_t which;
    const wire_event_t roll = {TERMS, .agencies = MANY, .number = NUMBER};
    assert_int_equal (registered ("a", 1), REFUSED_OK);
    assert_int_equal (recorded (roll, &which), REFUSED_OK);
    assert_int_equal (
        book_reserve (shelf.book, shelf.sale, RECORD_BETS, 100, BOOK_BETS), BOOK_FITS);
    disk_limit (shelf.disk, 0);
    for (book_room_t room = BOOK_FITS; room != BOOK_NOSPACE;) {
        room = book_reserve (shelf.book, shelf.sale, RECORD_BETS, 2000, BOOK_BETS);
        if (room == BOOK_FITS)
            shelf_append (&shelf, 1, 7);
        else
            shelf_commit (&shelf);
    }
    for (uint32_t agency = 1; agency <= MANY; agency++) {
        const cursor_t *cursor = cursors_admit (shelf.cursors, agency);
        const wire_event_t sealed = {.kind = EVENT_SEALED,
                                     .agency = agency,
                                     .count = cursor->at.next,
                                     .digest = cursor->at.digest};
        assert_int_equal (recorded (sealed, &which), REFUSED_OK);
    }
    assert_int_equal (recorded (drawn, &which), REFUSED_OK);
    for (uint32_t agency = 1; agency <= MANY; agency++)
        assert_int_equal (recorded (served_of (agency), &which), REFUSED_OK);
    shelf_commit (&shelf);
}

static void an_index_that_cannot_be_read_ends_it (void **state)
{
    (void) state;
    begin_selling ();
    seal_all ();
    shelf_commit (&shelf);
    stop ();
    shelf_stop (&shelf);
    start ();
    shelf.index->fails[DISK_READ] = DISK_ALWAYS;
    wire_code_t code;
    uint64_t ordinal;
    sale_t *sale;
    char why[BOOK_WHY_BYTES];
    const wire_record_t record = {.event = opened};
    assert_int_equal (events_register (events, peer_of ("a"), 9, &code), -1);
    assert_int_equal (
        events_record (events, SHELF_IDENTITY, &record, &code, &sale, &ordinal, why),
        -1);
    assert_int_equal (errno, EIO);
}

/* ---- A provable draw ---- */

static const wire_event_t provable = {.kind = EVENT_OPENED,
                                      .source = SOURCE_PROVABLE,
                                      .highest = 9999,
                                      .agencies = 2,
                                      .closes_ms = CLOSES_NEVER,
                                      .text = {(const uint8_t *) "first", 5}};

static wire_event_t paper_of (uint8_t kind, uint32_t agency, const char *paper)
{
    wire_event_t event = sealed_of (agency);
    if (kind != EVENT_COMMITTED)
        event = (wire_event_t){.agency = agency};
    event.kind = kind;
    event.text = bytes_of (paper, strlen (paper));
    return event;
}

/* Both agencies have asked and revealed; which event of the draw it is at the end. */
static void until_it_is_made (const char *note)
{
    registered ("a", 7);
    assert_recorded (provable, 1);
    assert_recorded (paper_of (EVENT_NOTED, 0, note), 2);
    shelf_append (&shelf, 1, 3);
    shelf_append (&shelf, 2, 3);
    assert_recorded (paper_of (EVENT_COMMITTED, 1, "salts 01\n\nready\n"), 3);
    assert_recorded (paper_of (EVENT_COMMITTED, 2, "salts 02\n\nready\n"), 4);
    assert_recorded ((wire_event_t){.kind = EVENT_CLOSED}, 5);
    assert_recorded (paper_of (EVENT_LOCKED, 0, "\nseal\n"), 6);
    assert_recorded (paper_of (EVENT_ATTESTED, 0, "\nline\n"), 7);
    assert_recorded (paper_of (EVENT_REVEALED, 2, "nonce 02\n\n"), 8);
    assert_recorded (paper_of (EVENT_REVEALED, 1, "nonce 01\n\n"), 9);
    assert_recorded (drawn, 10);
    assert_recorded (paper_of (EVENT_PUBLISHED, 0, "\nresult\n"), 11);
}

static void assert_told (uint64_t ordinal, uint8_t kind, const char *text)
{
    wire_recorded_t told;
    sale_t *sale = sales_find (book_sales (shelf.book), SHELF_IDENTITY);
    assert_int_equal (events_read (events, sale, ordinal, &told), 0);
    assert_int_equal (told.event.kind, kind);
    assert_true (bytes_equal (told.event.text, bytes_of (text, strlen (text))));
}

/* Papers are told as they came, after any end; but the result, which state knows. */
static void papers_are_kept_as_they_are (void **state)
{
    (void) state;
    char *note = malloc (PAPER_BYTES_MAX + 1);
    assert_non_null (note);
    memset (note, 'n', PAPER_BYTES_MAX);
    memcpy (note, "nonce 00\n\n", 10);
    note[PAPER_BYTES_MAX] = 0;
    until_it_is_made (note);
    for (int i = 0; i < 2; i++) {
        assert_told (1, EVENT_NOTED, note);
        assert_told (2, EVENT_COMMITTED, "salts 01\n\nready\n");
        assert_told (5, EVENT_LOCKED, "\nseal\n");
        assert_told (6, EVENT_ATTESTED, "\nline\n");
        assert_told (8, EVENT_REVEALED, "nonce 01\n\n");
        assert_told (10, EVENT_PUBLISHED, "");
        assert_int_equal (book_wait (shelf.book), 0);
        crash ();
    }
    free (note);
}

static void a_note_is_recorded_once (void **state)
{
    (void) state;
    registered ("a", 7);
    assert_recorded (provable, 1);
    wire_event_t noted = paper_of (EVENT_NOTED, 0, "nonce 01\n\nopen\n");
    seen--;
    assert_not_recorded (noted, REFUSED_GAP); // it does not know what there is
    seen++;
    assert_not_recorded (paper_of (EVENT_NOTED, 0, "nonce 01\nopen\n"), REFUSED_GAP);
    assert_not_recorded (paper_of (EVENT_NOTED, 0, ""), REFUSED_GAP);
    assert_recorded (noted, 2);
    noted = paper_of (EVENT_NOTED, 0, "nonce 02\n\nopen\n");
    assert_recorded (noted, 2); // the one that there is
    assert_told (1, EVENT_NOTED, "nonce 01\n\nopen\n");
    shelf_append (&shelf, 1, 3);
    assert_not_recorded (sealed_of (1), REFUSED_GAP); // it commits
    wire_event_t committed = paper_of (EVENT_COMMITTED, 1, "salts 01\n\nready\n");
    committed.count++;
    assert_not_recorded (committed, REFUSED_TALLY);
    committed.count--;
    assert_recorded (committed, 3);
    assert_not_recorded (paper_of (EVENT_REVEALED, 1, "\n"), REFUSED_GAP);
}

/* A paper for which there is no room is asked for again: it is what the event is about,
   and never left out as a reason may be. */
static void a_paper_is_not_left_out (void **state)
{
    (void) state;
    char *note = malloc (PAPER_BYTES_MAX + 1);
    assert_non_null (note);
    memset (note, 'n', PAPER_BYTES_MAX);
    note[0] = '\n';
    note[PAPER_BYTES_MAX] = 0;
    registered ("a", 7);
    assert_recorded (provable, 1);
    disk_limit (shelf.disk, 64 * 1024);
    assert_not_recorded (paper_of (EVENT_NOTED, 0, note), REFUSED_NOSPACE);
    disk_limit (shelf.disk, DISK_PLENTY);
    assert_recorded (paper_of (EVENT_NOTED, 0, note), 2);
    assert_told (1, EVENT_NOTED, note);
    free (note);
}

/* The reason is told to agencies that ask, and the note to who fetches it. */
static void a_void_note_has_the_reason (void **state)
{
    (void) state;
    uint8_t reason[NOTE_BYTES_MAX];
    registered ("a", 7);
    assert_recorded (provable, 1);
    const wire_event_t line = {.kind = EVENT_VOIDED,
                               .text = {(const uint8_t *) "no paper", 8}};
    assert_not_recorded (line, REFUSED_GAP);
    const char *paper = "note the machine broke [ana]\n\nvoid v1\n";
    assert_recorded (paper_of (EVENT_VOIDED, 0, paper), 2);
    assert_told (1, EVENT_VOIDED, paper);
    sale_t *sale = sales_find (book_sales (shelf.book), SHELF_IDENTITY);
    record_t record;
    assert_int_equal (book_read (shelf.book, sale->last_event, &record), 0);
    assert_int_equal (book_note (shelf.book, sale, &record, reason), 23);
    assert_memory_equal (reason, "the machine broke [ana]", 23);
}

/* Of a plain draw there are none. */
static void a_plain_draw_has_no_papers (void **state)
{
    (void) state;
    begin_selling ();
    static const char kinds[] = "NYULAQ";
    for (size_t i = 0; i < sizeof kinds - 1; i++) {
        const bool of_agency = strchr ("YA", kinds[i]) != NULL;
        assert_not_recorded (paper_of ((uint8_t) kinds[i], of_agency, "\nnote\n"),
                             REFUSED_GAP);
    }
    wire_event_t too_many = provable;
    too_many.agencies = PROVABLE_AGENCIES_MAX + 1;
    uint64_t which;
    assert_int_equal (recorded_in (99, too_many, &which), REFUSED_GAP);
}

#define EVENTS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        EVENTS_TEST (nobody_is_heard_who_has_not_registered),
        EVENTS_TEST (the_last_one_to_register_is_heard),
        EVENTS_TEST (a_registration_asked_for_again_is_the_same),
        EVENTS_TEST (who_was_superseded_stays_so),
        EVENTS_TEST (what_a_killed_state_sent_is_not_heard),
        EVENTS_TEST (who_was_superseded_is_told_where_it_is),
        EVENTS_TEST (a_days_events_are_recorded_in_order),
        EVENTS_TEST (what_is_asked_for_again_is_not_recorded_again),
        EVENTS_TEST (a_seal_is_held_against_what_is_stored),
        EVENTS_TEST (what_cannot_have_happened_is_not_recorded),
        EVENTS_TEST (a_draw_is_made_of_all_that_has_happened),
        EVENTS_TEST (events_are_read_as_they_were_recorded),
        EVENTS_TEST (events_are_found_after_any_end),
        EVENTS_TEST (a_full_disk_can_still_seal_and_draw),
        EVENTS_TEST (a_full_disk_has_room_for_agencies_that_were_not_there_yet),
        EVENTS_TEST (an_index_that_cannot_be_read_ends_it),
        EVENTS_TEST (papers_are_kept_as_they_are),
        EVENTS_TEST (a_note_is_recorded_once),
        EVENTS_TEST (a_paper_is_not_left_out),
        EVENTS_TEST (a_void_note_has_the_reason),
        EVENTS_TEST (a_plain_draw_has_no_papers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_book.c - bets.csv and bets.journal together, on files in memory: damage,
   crashes, no space, and the search for a bet. */

#include "shelf.h"

#define AGENCIES 5
#define RECORD   JOURNAL_RECORD_BYTES
#define HEADER   JOURNAL_RECORD_BYTES
#define GROUPS   3

static shelf_t shelf;

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    return 0;
}

static void empty_files (void)
{
    disk_set (shelf.csv, NULL, 0);
    disk_set (shelf.journal, NULL, 0);
    shelf_start (&shelf);
}

static void assert_record (const record_t *record, const record_t *expected)
{
    assert_int_equal (record->kind, expected->kind);
    assert_int_equal (record->count, expected->count);
    assert_int_equal (record->agency, expected->agency);
    assert_int_equal (record->offset, expected->offset);
    assert_int_equal (record->position, expected->position);
    assert_int_equal (record->size, expected->size);
    assert_int_equal (record->previous, expected->previous);
    assert_int_equal (record->jump, expected->jump);
    assert_true (record->rows_hash == expected->rows_hash);
}

static uint32_t read_u32_at (const uint8_t *at)
{
    reader_t reader = {.rest = bytes_of (at, 4)};
    return read_u32 (&reader);
}

/* ---- When all is well ---- */

static void an_empty_book_stays_empty (void **state)
{
    (void) state;
    shelf_start (&shelf);
    assert_int_equal (book_records (shelf.book), 0);
    assert_int_equal (book_bytes (shelf.book), 0);
    const unsigned writes =
        shelf.csv->calls[DISK_WRITE] + shelf.journal->calls[DISK_WRITE];
    shelf_commit (&shelf); // nothing to commit
    assert_int_equal (shelf.csv->calls[DISK_WRITE] + shelf.journal->calls[DISK_WRITE],
                      writes);
    const uint64_t hash = book_hash (shelf.book);
    shelf_start (&shelf);
    assert_true (book_hash (shelf.book) == hash);
}

/* Records as they were made, read from memory and from disk, in runs of any length. */
static void what_is_appended_is_read_again (void **state)
{
    (void) state;
    enum { RECORDS = 3000 };
    static record_t made[RECORDS], read[RECORDS + 10];
    uint64_t random = 21, hash = 0;
    uint32_t count = 0;
    shelf_start (&shelf);
    while (count < RECORDS) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, AGENCIES);
        const account_t *account = ledger_admit (shelf.ledger, agency);
        const uint32_t bets = 1 + (uint32_t) random_below (&random, 20);
        made[count] = ledger_record (account, RECORD_BETS, bets);
        const bytes_t rows = shelf_rows (agency, account->next, bets);
        made[count].position = book_bytes (shelf.book);
        digest_rows (&made[count].digest, rows, digest_prefix (agency));
        const size_t pending = book_pending (shelf.book);
        assert_int_equal (book_append (shelf.book, &made[count], rows), count);
        assert_int_equal (book_pending (shelf.book), pending + rows.size);
        ledger_apply (shelf.ledger, count, &made[count]);
        count++;

        const uint32_t first = (uint32_t) random_below (&random, count + 2);
        const uint32_t some = (uint32_t) random_below (&random, 1500);
        const uint32_t there = first >= count ? 0 : count - first;
        const uint32_t here = some < there ? some : there;
        assert_int_equal (book_read (shelf.book, first, some, read), here);
        for (uint32_t i = 0; i < here; i++)
            assert_record (&read[i], &made[first + i]);
        static uint8_t bytes[ROWS_BYTES_MAX];
        const record_t *any = &made[random_below (&random, count)];
        assert_int_equal (book_read_rows (shelf.book, any, bytes), 0);
        const bytes_t stored = shelf_rows (any->agency, any->offset, any->count);
        assert_true (bytes_equal (stored, bytes_of (bytes, any->size)));

        if (random_below (&random, 10) == 0)
            shelf_commit (&shelf);
        if (random_below (&random, 200) > 0)
            continue;
        shelf_commit (&shelf);
        hash = book_hash (shelf.book);
        const uint64_t size = book_bytes (shelf.book);
        disk_cut_file (shelf.csv);
        disk_cut_file (shelf.journal);
        shelf_start (&shelf);
        assert_int_equal (book_records (shelf.book), count);
        assert_int_equal (book_bytes (shelf.book), size);
        assert_true (book_hash (shelf.book) == hash);
        shelf_check (&shelf, AGENCIES);
    }
}

static void nothing_is_written_before_the_commit (void **state)
{
    (void) state;
    shelf_start (&shelf);
    const unsigned journal = shelf.journal->calls[DISK_WRITE],
                   syncs = shelf.journal->calls[DISK_SYNC];
    for (int i = 0; i < 20; i++)
        shelf_append (&shelf, 1, 3);
    assert_int_equal (shelf.csv->cached.size, 0);
    assert_int_equal (shelf.journal->calls[DISK_WRITE], journal);
    shelf_commit (&shelf);
    assert_int_equal (shelf.csv->calls[DISK_WRITE], 1);
    assert_int_equal (shelf.journal->calls[DISK_WRITE], journal + 1);
    assert_int_equal (shelf.journal->calls[DISK_SYNC], syncs + 1);
    assert_int_equal (shelf.csv->durable.size, book_bytes (shelf.book));
    assert_int_equal (shelf.journal->durable.size, HEADER + 20 * RECORD);
}

static void seals_have_no_rows (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 0); // an agency without bets, before anything else
    shelf_commit (&shelf);
    shelf_append (&shelf, 2, 4);
    shelf_append (&shelf, 2, 0);
    shelf_commit (&shelf);
    for (int i = 0; i < 2; i++) { // both times nobody vouches for the last seal
        shelf_start (&shelf);
        assert_int_equal (book_records (shelf.book), 3);
        assert_true (ledger_find (shelf.ledger, 1)->sealed);
        assert_true (ledger_find (shelf.ledger, 2)->sealed);
        assert_int_equal (shelf_next (&shelf, 2), 4);
    }
    empty_files ();
    shelf_append (&shelf, 1, 0);
    shelf_commit (&shelf);
    shelf_start (&shelf); // a book of a seal and nothing else
    assert_true (ledger_find (shelf.ledger, 1)->sealed);
}

/* ---- Damage and crashes ---- */

/* Three groups; whoever is in the last is vouched for by nobody. `sizes` receives where
   in bets.csv each record's rows end. */
static void build_small (size_t *ends)
{
    static const uint32_t agencies[] = {1, 2, 1, 3, 2};
    static const uint32_t counts[] = {2, 1, 3, 1, 2};
    empty_files ();
    for (size_t i = 0; i < 5; i++) {
        shelf_append (&shelf, agencies[i], counts[i]);
        ends[i] = (size_t) book_bytes (shelf.book);
        if (i != 1)
            shelf_commit (&shelf); // records 1 and 2 are one group
    }
}

static void assert_refused (const char *file)
{
    const size_t size = strlen (file);
    if (memcmp (shelf.why, file, size) != 0)
        fail_msg ("'%s' does not begin with '%s'", shelf.why, file);
}

/* What is left goes on as a book. */
static void assert_goes_on (uint32_t records)
{
    assert_int_equal (book_records (shelf.book), records);
    assert_int_equal (book_settle (shelf.book), 0);
    assert_int_equal (book_torn (shelf.book), 0);
    assert_int_equal (shelf.csv->cached.size, book_bytes (shelf.book));
    shelf_check (&shelf, AGENCIES);
    shelf_append (&shelf, 5, 2);
    shelf_commit (&shelf);
    shelf_start (&shelf);
    assert_int_equal (book_records (shelf.book), records + 1);
    shelf_check (&shelf, AGENCIES);
}

static void rows_flipped_at_every_byte_are_noticed (void **state)
{
    (void) state;
    size_t ends[5];
    build_small (ends);
    for (size_t byte = 0; byte < ends[4]; byte++) {
        build_small (ends);
        shelf.csv->cached.data[byte] ^= byte % 2 ? 0x01 : 0x80;
        uint32_t record = 0;
        while (byte >= ends[record])
            record++;
        const bool opened = shelf_open (&shelf);
        assert_true (opened == (record == 4));
        if (opened) {
            assert_int_equal (book_torn (shelf.book), ends[4] - ends[3] + RECORD);
            assert_goes_on (4);
            continue;
        }
        char place[160];
        snprintf (place, sizeof place,
                  "bets.journal: byte %u: record %u is damaged, and records behind it "
                  "are whole: bets.csv: bytes %zu to %zu: ",
                  HEADER + record * RECORD, record, record ? ends[record - 1] : 0,
                  ends[record]);
        assert_refused (place);
    }
}

static void rows_cut_at_every_byte_are_noticed (void **state)
{
    (void) state;
    size_t ends[5];
    build_small (ends);
    for (size_t cut = 0; cut <= ends[4]; cut++) {
        build_small (ends);
        shelf.csv->file->ops->truncate (shelf.csv->file, cut);
        const bool opened = shelf_open (&shelf);
        assert_true (opened == (cut >= ends[3]));
        if (!opened)
            assert_refused ("bets.journal: byte ");
        else
            assert_goes_on (cut == ends[4] ? 5 : 4);
    }
}

static void a_journal_cut_at_every_byte_leaves_a_prefix (void **state)
{
    (void) state;
    size_t ends[5];
    for (size_t cut = HEADER; cut <= HEADER + 5 * RECORD; cut++) {
        build_small (ends);
        shelf.journal->file->ops->truncate (shelf.journal->file, cut);
        assert_true (shelf_open (&shelf));
        const size_t records = cut / RECORD - 1,
                     bytes = records ? ends[records - 1] : 0;
        assert_int_equal (book_torn (shelf.book), ends[4] - bytes + cut % RECORD);
        assert_goes_on ((uint32_t) records);
    }
}

static void a_journal_flipped_at_every_byte_is_noticed (void **state)
{
    (void) state;
    size_t ends[5];
    for (size_t byte = 0; byte < HEADER + 5 * RECORD; byte++) {
        build_small (ends);
        shelf.journal->cached.data[byte] ^= 0x10;
        const bool opened = shelf_open (&shelf);
        assert_true (opened == (byte >= HEADER + 4 * RECORD));
        if (opened)
            assert_goes_on (4);
        else
            assert_refused ("bets.journal: byte ");
    }
}

static void a_tail_of_rows_is_cut_off (void **state)
{
    (void) state;
    static char garbage[100000];
    size_t ends[5];
    memset (garbage, 'x', sizeof garbage);
    for (size_t size = 1; size <= sizeof garbage; size *= 10) {
        build_small (ends);
        shelf.csv->file->ops->write (shelf.csv->file, garbage, size, ends[4]);
        assert_true (shelf_open (&shelf));
        assert_int_equal (book_torn (shelf.book), size);
        assert_goes_on (5);
    }
}

/* The whole first group is lost but for its rows: they are no stranger's. */
static void a_crash_in_the_first_group_recovers (void **state)
{
    (void) state;
    for (int written = 0; written <= 1; written++) {
        empty_files ();
        shelf_append (&shelf, 1, 4);
        shelf_append (&shelf, 2, 4);
        if (written)
            shelf.journal->fails[DISK_SYNC] = 1;
        else
            shelf.journal->fails[DISK_WRITE] = 1;
        assert_int_equal (book_commit (shelf.book), -1);
        disk_cut_file (shelf.journal);
        assert_true (shelf.csv->cached.size > 0);
        assert_true (shelf_open (&shelf));
        assert_int_equal (book_torn (shelf.book), shelf.csv->cached.size);
        assert_goes_on (0);
    }
}

static void foreign_rows_are_left_alone (void **state)
{
    (void) state;
    static const char row[] = "1,Ana,Paz,20000000,2000-01-01,1\r\n";
    disk_set (shelf.csv, row, sizeof row - 1);
    assert_false (shelf_open (&shelf));
    assert_refused ("bets.csv: byte 0: 33 bytes behind what the journal covers");
    assert_int_equal (shelf.csv->cached.size, sizeof row - 1);
}

/* More than the largest group, with all that may have been held for its agencies. */
static void a_tail_too_long_for_a_crash_is_left_alone (void **state)
{
    (void) state;
    const size_t longest = GROUP_BYTES_MAX + (size_t) HELD_BYTES_MAX + BUNDLE_BYTES_MAX;
    size_t ends[5];
    build_small (ends);
    shelf.csv->file->ops->truncate (shelf.csv->file, ends[4] + longest);
    assert_true (shelf_open (&shelf));
    shelf.csv->file->ops->truncate (shelf.csv->file, ends[4] + longest + 1);
    assert_false (shelf_open (&shelf));
    assert_refused ("bets.csv: byte ");
    assert_int_equal (shelf.csv->cached.size, ends[4] + longest + 1);
}

static void files_that_cannot_be_read_are_named (void **state)
{
    (void) state;
    size_t ends[5];
    build_small (ends);
    shelf.csv->fails[DISK_SIZE] = 1;
    assert_false (shelf_open (&shelf));
    assert_refused ("bets.csv: cannot be read, ");
    shelf.journal->fails[DISK_READ] = 1;
    assert_false (shelf_open (&shelf));
    assert_refused ("bets.journal: cannot be read, ");
    shelf.csv->fails[DISK_READ] = 1;
    assert_false (shelf_open (&shelf));
    assert_refused ("bets.csv: cannot be read, ");
    assert_true (shelf_open (&shelf));
}

/* It is no crash that left the last group's rows where they cannot be read. */
static void an_unreadable_last_group_is_not_cut_off (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 9);
    shelf_commit (&shelf);
    shelf.csv->fails[DISK_READ] = 1;
    assert_false (shelf_open (&shelf));
    assert_refused ("bets.csv: cannot be read, ");
    shelf_start (&shelf);
    assert_int_equal (shelf_next (&shelf, 1), 9);
}

static void take_any (void *context, uint32_t index, const record_t *record)
{
    (void) context;
    (void) index;
    (void) record;
}

static int take_payload (void *context, uint32_t index, const uint8_t *payload,
                         char *why)
{
    (void) context;
    (void) index;
    (void) payload;
    (void) why;
    return 0;
}

/* Records with sound hashes that no clerk can have written; one behind vouches. */
static void records_that_contradict_themselves_are_refused (void **state)
{
    (void) state;
    static const struct {
        uint8_t kind;
        uint16_t count;
        uint32_t agency, size, previous, jump;
        uint64_t position;
        bool good;
    } cases[] = {
        {'B', 1, 1, 0, 0, 0, 0, true},
        {'B', 1, AGENCIES_MAX, 0, 0, 0, 0, true},
        {'S', 0, 1, 0, 0, 0, 0, true},
        {'X', 1, 1, 0, 0, 0, 0, false},
        {'b', 1, 1, 0, 0, 0, 0, false},
        {'B', 0, 1, 0, 0, 0, 0, false},
        {'S', 1, 1, 0, 0, 0, 0, false},
        {'B', 1, 0, 0, 0, 0, 0, false},
        {'B', 1, AGENCIES_MAX + 1, 0, 0, 0, 0, false},
        {'B', 1, UINT32_MAX, 0, 0, 0, 0, false},
        {'B', 1, 1, 1, 0, 0, 0, false}, // rows that are not there
        {'B', 1, 1, STORE_BYTES_MAX + 1, 0, 0, 0, false},
        {'B', 1, 1, UINT32_MAX, 0, 0, 0, false},
        {'B', 1, 1, 0, 1, 0, 0, false}, // itself
        {'B', 1, 1, 0, UINT32_MAX, 0, 0, false},
        {'B', 1, 1, 0, 0, 1, 0, false},
        {'B', 1, 1, 0, 0, 0, 1, false},
        {'B', 1, 1, 0, 0, 0, UINT64_MAX, false},
    };
    static const uint64_t hash_of_nothing = 0x2D06800538D394C2u; // XXH3 of no bytes
    char why[JOURNAL_WHY_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        disk_set (shelf.journal, NULL, 0);
        journal_t *journal =
            journal_open (shelf.journal->file, "bets", take_payload, NULL, why);
        assert_int_equal (journal_settle (journal), 0);
        for (int n = 0; n < 2; n++) {
            uint8_t payload[JOURNAL_PAYLOAD_BYTES] = {0};
            uint8_t *at = put_u16 (payload + 2, cases[i].count);
            at =
                put_u64 (put_u64 (put_u32 (at, cases[i].agency), 0), cases[i].position);
            at = put_u32 (put_u32 (at, cases[i].size), cases[i].previous);
            put_u64 (put_u32 (at, cases[i].jump) + 4, hash_of_nothing);
            payload[0] = cases[i].kind;
            journal_append (journal, payload);
            assert_int_equal (journal_write (journal), 0);
            assert_int_equal (journal_sync (journal), 0);
        }
        journal_destroy (&journal);
        book_t *book =
            book_open (shelf.csv->file, shelf.journal->file, take_any, NULL, why);
        assert_true ((book != NULL) == cases[i].good);
        book_destroy (&book);
    }
}

/* ---- When the disk does not do as asked ---- */

static void no_space_leaves_all_as_it_was (void **state)
{
    (void) state;
    size_t ends[5];
    build_small (ends);
    disk_file_t *const files[] = {shelf.csv, shelf.journal};
    for (size_t i = 0; i < 2; i++) {
        shelf_start (&shelf); // nothing is reserved yet
        const uint64_t bytes = book_bytes (shelf.book), hash = book_hash (shelf.book);
        const uint32_t records = book_records (shelf.book);
        const unsigned writes =
            shelf.csv->calls[DISK_WRITE] + shelf.journal->calls[DISK_WRITE];
        disk_fill (files[i]);
        for (int n = 0; n < 3; n++) {
            errno = 0;
            assert_int_equal (book_reserve (shelf.book, 100), -1);
            assert_int_equal (errno, ENOSPC);
        }
        assert_int_equal (book_bytes (shelf.book), bytes);
        assert_true (book_hash (shelf.book) == hash);
        assert_int_equal (book_records (shelf.book), records);
        assert_int_equal (book_pending (shelf.book), 0);
        assert_int_equal (
            shelf.csv->calls[DISK_WRITE] + shelf.journal->calls[DISK_WRITE], writes);
        shelf_commit (&shelf);
        files[i]->room = UINT64_MAX;
        shelf_append (&shelf, 1, 2);
        shelf_commit (&shelf);
        shelf_check (&shelf, AGENCIES);
    }
}

/* To ask for less is an answer to a full disk, and to nothing else. */
static void a_reservation_that_fails_is_not_asked_for_again (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf.csv->fails[DISK_RESERVE] = DISK_ALWAYS;
    const unsigned reserves = shelf.csv->calls[DISK_RESERVE];
    errno = 0;
    assert_int_equal (book_reserve (shelf.book, 100), -1);
    assert_int_equal (errno, EIO);
    assert_int_equal (shelf.csv->calls[DISK_RESERVE], reserves + 1);
}

/* What was reserved is enough: with the disk full to the last byte nothing fails. */
static void what_is_reserved_can_be_written (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf.csv->room = 10000;
    shelf.journal->room = 10000;
    uint32_t stored = 0;
    while (book_reserve (shelf.book, shelf_rows (1, stored, 1).size) == 0) {
        shelf_append (&shelf, 1, 1);
        stored++;
        if (stored % 7 == 0)
            shelf_commit (&shelf);
    }
    assert_int_equal (errno, ENOSPC);
    assert_true (stored > 50);
    shelf_commit (&shelf);
    shelf_start (&shelf);
    assert_int_equal (shelf_next (&shelf, 1), stored);
}

static void a_commit_that_fails_says_so (void **state)
{
    (void) state;
    size_t ends[5];
    for (int step = 0; step < 4; step++) {
        build_small (ends);
        shelf_append (&shelf, 1, 2);
        shelf.csv->fails[DISK_WRITE] = step == 0;
        shelf.journal->fails[DISK_WRITE] = step == 1;
        shelf.csv->fails[DISK_SYNC] = step == 2;
        shelf.journal->fails[DISK_SYNC] = step == 3;
        errno = 0;
        assert_int_equal (book_commit (shelf.book), -1);
        assert_int_equal (errno, EIO);
        assert_true (shelf_open (&shelf));
        assert_true (book_records (shelf.book) == 5 || book_records (shelf.book) == 6);
        assert_goes_on (book_records (shelf.book));
    }
}

static void settling_reports_each_failure (void **state)
{
    (void) state;
    size_t ends[5];
    for (int step = 0; step < 7; step++) {
        build_small (ends);
        assert_true (shelf_open (&shelf));
        shelf.csv->fails[DISK_TRUNCATE] = step == 0;
        shelf.csv->fails[DISK_READ] = step == 1;
        shelf.csv->fails[DISK_WRITE] = step == 2;
        shelf.csv->fails[DISK_SYNC] = step == 3;
        shelf.journal->fails[DISK_TRUNCATE] = step == 4;
        shelf.journal->fails[DISK_WRITE] = step == 5;
        shelf.journal->fails[DISK_SYNC] = step == 6;
        errno = 0;
        assert_int_equal (book_settle (shelf.book), -1);
        assert_int_equal (errno, EIO);
        assert_true (shelf_open (&shelf));
        assert_goes_on (5);
    }
}

/* After a failed sync the page cache shows what the disk has not. */
static void settling_makes_safe_what_was_read (void **state)
{
    (void) state;
    disk_file_t *const files[] = {shelf.csv, shelf.journal};
    for (size_t i = 0; i < 2; i++) {
        size_t ends[5];
        build_small (ends);
        shelf_append (&shelf, 1, 2);
        shelf_append (&shelf, 4, 1);
        files[i]->fails[DISK_SYNC] = 1;
        assert_int_equal (book_commit (shelf.book), -1);
        shelf_start (&shelf); // another process, the same page cache
        assert_int_equal (book_records (shelf.book), 7);
        disk_cut_file (shelf.csv);
        disk_cut_file (shelf.journal);
        shelf_start (&shelf);
        assert_int_equal (book_records (shelf.book), 7);
        shelf_check (&shelf, AGENCIES);
    }
}

/* And it may drop that again between opening and settling. */
static void settling_notices_what_is_not_there_any_more (void **state)
{
    (void) state;
    size_t ends[5];
    build_small (ends);
    const size_t before = shelf.csv->cached.size;
    shelf_append (&shelf, 1, 2);
    shelf.csv->fails[DISK_SYNC] = 1;
    assert_int_equal (book_commit (shelf.book), -1);
    assert_true (shelf_open (&shelf));
    assert_int_equal (book_records (shelf.book), 6);
    memset (shelf.csv->cached.data + before, 0,
            shelf.csv->cached.size - before); // as the disk has it
    errno = 0;
    assert_int_equal (book_settle (shelf.book), -1);
    assert_int_equal (errno, EIO);
    assert_true (shelf_open (&shelf));
    assert_goes_on (5);
}

/* And the page cache may drop it between the opening and the settling. */
static void settling_notices_what_the_cache_has_dropped (void **state)
{
    (void) state;
    size_t ends[5];
    build_small (ends);
    for (size_t byte = ends[3]; byte < ends[4]; byte++) {
        build_small (ends);
        assert_true (shelf_open (&shelf));
        shelf.csv->cached.data[byte] ^= 1;
        errno = 0;
        assert_int_equal (book_settle (shelf.book), -1);
        assert_int_equal (errno, EIO);
    }
}

static void reading_reports_failures (void **state)
{
    (void) state;
    size_t ends[5];
    uint8_t rows[1024];
    record_t record;
    build_small (ends);
    assert_int_equal (book_read (shelf.book, 0, 1, &record), 1);
    shelf.csv->fails[DISK_READ] = 1;
    assert_int_equal (book_read_rows (shelf.book, &record, rows), -1);
    shelf.csv->cached.size = 10; // somebody cut it off below us
    errno = 0;
    assert_int_equal (book_read_rows (shelf.book, &record, rows), -1);
    assert_int_equal (errno, EIO);
    const uint32_t last = ledger_find (shelf.ledger, 1)->last;
    errno = 0;
    assert_int_equal (book_same (shelf.book, last, 0, 2, 0, shelf_rows (1, 0, 2)), -1);
    assert_int_equal (errno, EIO);
    shelf.journal->fails[DISK_READ] = 1;
    assert_int_equal (book_find (shelf.book, last, 0, &record), -1);
    shelf.journal->fails[DISK_READ] = 1;
    assert_int_equal (book_read (shelf.book, 0, 3, &record), -1);
}

/* Not even where there is another way to the record. */
static void a_search_ends_at_any_read_that_fails (void **state)
{
    (void) state;
    shelf_start (&shelf);
    for (int i = 0; i < 16; i++)
        shelf_append (&shelf, 1, 1);
    shelf_commit (&shelf);
    const uint32_t last = ledger_find (shelf.ledger, 1)->last;
    for (uint64_t offset = 0; offset < 16; offset++) {
        record_t record;
        const unsigned before = shelf.journal->calls[DISK_READ];
        assert_int_equal (book_find (shelf.book, last, offset, &record), 0);
        const unsigned reads = shelf.journal->calls[DISK_READ] - before;
        for (unsigned n = 1; n <= reads; n++) {
            shelf.journal->fails[DISK_READ] = n;
            errno = 0;
            assert_int_equal (book_find (shelf.book, last, offset, &record), -1);
            assert_int_equal (errno, EIO);
        }
    }
}

/* Power cuts and kills at any moment: what was committed is there, as it was. */
static void nothing_committed_is_lost (void **state)
{
    (void) state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        uint64_t random = seed, committed[AGENCIES + 1] = {0};
        shelf_free (&shelf);
        shelf_init (&shelf);
        for (int life = 0; life < 5; life++) {
            if (!shelf_open (&shelf))
                fail_msg ("seed %u, life %d: %s", (unsigned) seed, life, shelf.why);
            disk_file_t *file = random_below (&random, 2) ? shelf.csv : shelf.journal;
            file->fails[DISK_SYNC] = (unsigned) random_below (&random, 8);
            file->fails[DISK_WRITE] = (unsigned) random_below (&random, 16);
            bool alive = book_settle (shelf.book) == 0;
            for (uint32_t agency = 1; agency <= AGENCIES; agency++)
                assert_true (shelf_next (&shelf, agency) >= committed[agency]);
            if (alive)
                shelf_check (&shelf, AGENCIES);
            while (alive && random_below (&random, 10) > 0) {
                for (size_t n = random_below (&random, 12); n > 0; n--)
                    shelf_append (&shelf,
                                  1 + (uint32_t) random_below (&random, AGENCIES),
                                  1 + (uint32_t) random_below (&random, 9));
                alive = random_below (&random, 10) > 0 && book_commit (shelf.book) == 0;
                for (uint32_t agency = 1; alive && agency <= AGENCIES; agency++)
                    committed[agency] = shelf_next (&shelf, agency);
            }
            file->fails[DISK_SYNC] = file->fails[DISK_WRITE] = 0;
            if (random_below (&random, 3) == 0)
                continue; // a kill: the page cache stays
            disk_cut_file_torn (shelf.csv, &random);
            disk_cut_file_torn (shelf.journal, &random);
        }
    }
}

/* ---- The search ---- */

/* Several agencies' records, one among the other; `records` of each at least. */
static void build_large (uint32_t agencies, uint32_t records)
{
    uint64_t random = 77;
    shelf_start (&shelf);
    for (uint32_t i = 0; i < agencies * records; i++) {
        const uint32_t agency = 1 + (uint32_t) random_below (&random, agencies);
        shelf_append (&shelf, agency, 1 + (uint32_t) random_below (&random, 4));
        if (i % 100 == 0)
            shelf_commit (&shelf);
    }
    for (uint32_t agency = 1; agency <= agencies; agency++)
        while (ledger_find (shelf.ledger, agency)->ordinal < records)
            shelf_append (&shelf, agency, 1);
}

static void every_bet_is_found (void **state)
{
    (void) state;
    build_large (3, 1500);
    for (int sealed = 0; sealed <= 1; sealed++) { // pending records, then none
        for (uint32_t agency = 1; agency <= 3; agency++) {
            const account_t *account = ledger_find (shelf.ledger, agency);
            for (uint64_t offset = 0; offset < account->next; offset++) {
                record_t record = {0};
                assert_int_equal (
                    book_find (shelf.book, account->last, offset, &record), 0);
                assert_int_equal (record.agency, agency);
                assert_true (offset >= record.offset);
                assert_true (offset - record.offset < record.count);
            }
            if (!sealed)
                shelf_append (&shelf, agency, 0);
        }
        shelf_commit (&shelf);
    }
}

static void what_is_not_stored_is_not_found (void **state)
{
    (void) state;
    record_t record;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 3);
    shelf_append (&shelf, 1, 2);
    for (int sealed = 0; sealed <= 1; sealed++) {
        static const uint64_t beyond[] = {5, 6, 1000, UINT64_MAX};
        for (size_t i = 0; i < 4; i++) {
            errno = 0;
            const uint32_t last = ledger_find (shelf.ledger, 1)->last;
            assert_int_equal (book_find (shelf.book, last, beyond[i], &record), -1);
            assert_int_equal (errno, ENOENT);
        }
        shelf_append (&shelf, 1, 0);
    }
    errno = 0;
    assert_int_equal (book_find (shelf.book, 0, 0, &record), -1); // no record at all
    assert_int_equal (errno, ENOENT);
}

/* With n records between, the reads grow with the square of log n at the most. */
static void a_bet_is_found_in_few_reads (void **state)
{
    (void) state;
    enum { RECORDS = 1 << 14 };
    shelf_start (&shelf);
    for (uint32_t i = 0; i < RECORDS; i++) {
        shelf_append (&shelf, 1, 1);
        shelf_append (&shelf, 2, 1);
    }
    shelf_commit (&shelf);
    const uint32_t last = ledger_find (shelf.ledger, 1)->last;
    unsigned most = 0;
    uint64_t all = 0;
    for (uint64_t offset = 0; offset < RECORDS; offset++) {
        record_t record;
        const unsigned before = shelf.journal->calls[DISK_READ];
        assert_int_equal (book_find (shelf.book, last, offset, &record), 0);
        const unsigned reads = shelf.journal->calls[DISK_READ] - before;
        most = reads > most ? reads : most;
        all += reads;
    }
    assert_true (most <= 14 * 14);
    assert_true (all / RECORDS <= 5 * 14);
}

/* Batches with other boundaries than the stored records have, and other bytes. */
static void the_same_bets_are_recognised (void **state)
{
    (void) state;
    uint64_t random = 4;
    build_large (2, 400);
    for (int committed = 0; committed <= 1; committed++) {
        for (int i = 0; i < 20000; i++) {
            const uint32_t agency = 1 + (uint32_t) random_below (&random, 2);
            const account_t *account = ledger_find (shelf.ledger, agency);
            const uint64_t offset = random_below (&random, (size_t) account->next);
            const uint64_t left = account->next - offset;
            const uint32_t most = left < 20 ? (uint32_t) left : 20;
            const uint32_t count = 1 + (uint32_t) random_below (&random, most);
            const bytes_t rows = shelf_rows (agency, offset, count);
            uint8_t *copy = malloc (rows.size + 1);
            assert_non_null (copy);
            put_bytes (copy, rows);
            const int same = book_same (shelf.book, account->last, offset, count, 0,
                                        bytes_of (copy, rows.size));
            assert_int_equal (same, 1);
            copy[random_below (&random, rows.size)] ^= 0x04;
            assert_int_equal (book_same (shelf.book, account->last, offset, count, 0,
                                         bytes_of (copy, rows.size)),
                              0);
            free (copy);
        }
        shelf_commit (&shelf);
    }
}

static void more_or_less_than_the_same_is_not_the_same (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 1, 3);
    shelf_append (&shelf, 1, 3);
    const uint32_t last = ledger_find (shelf.ledger, 1)->last;
    static const struct {
        uint64_t offset;
        uint32_t count;
        uint64_t rows_from;
        uint32_t rows;
        int same;
    } cases[] = {
        {0, 3, 0, 3, 1}, {0, 6, 0, 6, 1}, {3, 3, 3, 3, 1}, {1, 4, 1, 4, 1},
        {0, 3, 0, 2, 0}, {0, 3, 0, 4, 0}, {0, 2, 0, 3, 0}, {0, 6, 0, 5, 0},
        {0, 3, 1, 3, 0}, {2, 2, 2, 1, 0}, {5, 1, 4, 1, 0}, {4, 2, 4, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bytes_t rows = shelf_rows (1, cases[i].rows_from, cases[i].rows);
        assert_int_equal (
            book_same (shelf.book, last, cases[i].offset, cases[i].count, 0, rows),
            cases[i].same);
        const bytes_t shorter = bytes_of (rows.data, rows.size - 1);
        assert_int_equal (
            book_same (shelf.book, last, cases[i].offset, cases[i].count, 0, shorter),
            0);
    }
}

static void another_writers_bet_is_not_the_same (void **state)
{
    (void) state;
    shelf_start (&shelf);
    for (uint64_t writer = 0; writer < 3; writer++) {
        const account_t *account = ledger_admit (shelf.ledger, 1);
        record_t record = ledger_record (account, RECORD_BETS, 1);
        const bytes_t rows = shelf_rows (1, writer, 1);
        record.writer = writer;
        digest_rows (&record.digest, rows, digest_prefix (1));
        ledger_apply (shelf.ledger, book_append (shelf.book, &record, rows), &record);
    }
    for (int committed = 0; committed <= 1; committed++) {
        const uint32_t last = ledger_find (shelf.ledger, 1)->last;
        for (uint64_t offset = 0; offset < 3; offset++)
            for (uint64_t writer = 0; writer < 4; writer++)
                assert_int_equal (book_same (shelf.book, last, offset, 1, writer,
                                             shelf_rows (1, offset, 1)),
                                  offset == writer);
        assert_int_equal (book_same (shelf.book, last, 0, 3, 0, shelf_rows (1, 0, 3)),
                          0);
        shelf_commit (&shelf);
        assert_true (shelf_open (&shelf));
    }
}

static void digests_are_found_anywhere (void **state)
{
    (void) state;
    shelf_start (&shelf);
    build_large (2, 400);
    for (int committed = 0; committed <= 1; committed++) {
        for (uint32_t agency = 1; agency <= 2; agency++) {
            const account_t *account = ledger_find (shelf.ledger, agency);
            for (uint64_t count = 0; count <= account->next; count++) {
                uint64_t digest = 1;
                assert_int_equal (
                    book_digest (shelf.book, account->last, count, &digest), 0);
                assert_true (digest == shelf_digest (agency, count));
            }
        }
        shelf_commit (&shelf);
    }
    uint64_t digest;
    shelf.csv->fails[DISK_READ] = 1;
    const account_t *account = ledger_find (shelf.ledger, 1);
    record_t record;
    assert_int_equal (book_find (shelf.book, account->last, 0, &record), 0);
    if (record.count > 1)
        assert_int_equal (book_digest (shelf.book, account->last, 1, &digest), -1);
    shelf.csv->fails[DISK_READ] = 0;
    shelf.journal->fails[DISK_READ] = 1;
    assert_int_equal (book_digest (shelf.book, account->last, 1, &digest), -1);
}

static void payloads_are_as_documented (void **state)
{
    (void) state;
    shelf_start (&shelf);
    shelf_append (&shelf, 7, 3);
    shelf_append (&shelf, 7, 0);
    shelf_commit (&shelf);
    const uint8_t *first = shelf.journal->cached.data + HEADER,
                  *second = first + RECORD;
    const size_t size = shelf_rows (7, 0, 3).size;
    assert_memory_equal (first, "B\0\0\3\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
    assert_int_equal (read_u32_at (first + 24), size);
    assert_memory_equal (second, "S\0\0\0\0\0\0\7\0\0\0\0\0\0\0\3\0\0\0\0\0\0", 22);
    assert_int_equal (read_u32_at (second + 20), size);
    assert_memory_equal (second + 24, "\0\0\0\0\0\0\0\1", 8); // no rows; the one before
    for (int i = 0; i < 2; i++) { // the digest so far, no writer, nothing more
        const uint8_t *record = i == 0 ? first : second;
        const uint64_t digest =
            (uint64_t) read_u32_at (record + 48) << 32 | read_u32_at (record + 52);
        assert_true (digest == shelf_digest (7, 3));
        for (size_t at = 56; at < JOURNAL_PAYLOAD_BYTES; at++)
            assert_int_equal (record[at], 0);
    }
}

/* Records whose seals are right, as of somebody who wrote them so: what they say of an
   agency's bets has to be what the rows are. */
static void records_that_do_not_continue_are_not_believed (void **state)
{
    (void) state;
    for (int wrong = 0; wrong < 5; wrong++) {
        teardown (NULL);
        setup (NULL);
        shelf_start (&shelf);
        shelf_append (&shelf, 1, 3);
        const account_t *account = ledger_find (shelf.ledger, 1);
        record_t record = ledger_record (account, RECORD_BETS, 2);
        record.digest ^= wrong == 1;
        record.offset += wrong == 2;
        record.offset -= wrong == 3;
        if (wrong == 4) {
            record.kind = RECORD_SEAL;
            record.count = 0;
            record.digest ^= 1;
        }
        const bytes_t rows = shelf_rows (1, 3, record.count);
        digest_rows (&record.digest, rows, 2);
        book_append (shelf.book, &record, rows);
        shelf_commit (&shelf);
        assert_true (shelf_open (&shelf)); // a tail that nothing vouches for
        assert_int_equal (book_records (shelf.book), wrong ? 1 : 2);
    }
}

#define BOOK_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        BOOK_TEST (an_empty_book_stays_empty),
        BOOK_TEST (what_is_appended_is_read_again),
        BOOK_TEST (nothing_is_written_before_the_commit),
        BOOK_TEST (seals_have_no_rows),
        BOOK_TEST (rows_flipped_at_every_byte_are_noticed),
        BOOK_TEST (rows_cut_at_every_byte_are_noticed),
        BOOK_TEST (a_journal_cut_at_every_byte_leaves_a_prefix),
        BOOK_TEST (a_journal_flipped_at_every_byte_is_noticed),
        BOOK_TEST (a_tail_of_rows_is_cut_off),
        BOOK_TEST (a_crash_in_the_first_group_recovers),
        BOOK_TEST (foreign_rows_are_left_alone),
        BOOK_TEST (a_tail_too_long_for_a_crash_is_left_alone),
        BOOK_TEST (files_that_cannot_be_read_are_named),
        BOOK_TEST (an_unreadable_last_group_is_not_cut_off),
        BOOK_TEST (records_that_contradict_themselves_are_refused),
        BOOK_TEST (no_space_leaves_all_as_it_was),
        BOOK_TEST (a_reservation_that_fails_is_not_asked_for_again),
        BOOK_TEST (what_is_reserved_can_be_written),
        BOOK_TEST (a_commit_that_fails_says_so),
        BOOK_TEST (settling_reports_each_failure),
        BOOK_TEST (settling_makes_safe_what_was_read),
        BOOK_TEST (settling_notices_what_is_not_there_any_more),
        BOOK_TEST (settling_notices_what_the_cache_has_dropped),
        BOOK_TEST (reading_reports_failures),
        BOOK_TEST (a_search_ends_at_any_read_that_fails),
        BOOK_TEST (nothing_committed_is_lost),
        BOOK_TEST (every_bet_is_found),
        BOOK_TEST (what_is_not_stored_is_not_found),
        BOOK_TEST (a_bet_is_found_in_few_reads),
        BOOK_TEST (the_same_bets_are_recognised),
        BOOK_TEST (more_or_less_than_the_same_is_not_the_same),
        BOOK_TEST (another_writers_bet_is_not_the_same),
        BOOK_TEST (digests_are_found_anywhere),
        BOOK_TEST (payloads_are_as_documented),
        BOOK_TEST (records_that_do_not_continue_are_not_believed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

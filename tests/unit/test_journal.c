/* test_journal.c - a journal on a file in memory: read back, cut short, damaged, out of
   space, and under power cuts. */

#include "disk.h"
#include "testing.h"

#include "journal.h"

#define KIND        "bets"
#define RECORDS_MAX 12000
#define RECORD      JOURNAL_RECORD_BYTES
#define PAYLOAD     JOURNAL_PAYLOAD_BYTES
#define DISBELIEVE  "it is not believed"
#define BELIEVE_ALL UINT32_MAX

typedef struct { // what an open journal has handed over
    uint8_t (*payloads)[PAYLOAD];
    uint32_t count;
    uint32_t disbelieve; // the record that the owner does not accept
} found_t;

static disk_t *disk;
static disk_file_t *file; // of the disk
static journal_t *journal;
static found_t found;
static char why[JOURNAL_WHY_BYTES];

static int setup (void **state)
{
    (void) state;
    disk = disk_new (NULL);
    file = disk_file (disk, "test.journal");
    found =
        (found_t){.disbelieve = BELIEVE_ALL, .payloads = calloc (RECORDS_MAX, PAYLOAD)};
    return found.payloads ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    journal_destroy (&journal);
    disk_destroy (&disk);
    free (found.payloads);
    return 0;
}

static int take (void *context, uint32_t index, const uint8_t *payload, char *reason)
{
    found_t *into = context;
    assert_int_equal (index, into->count);
    assert_true (index < RECORDS_MAX);
    if (index == into->disbelieve) {
        snprintf (reason, JOURNAL_WHY_BYTES, DISBELIEVE);
        return -1;
    }
    memcpy (into->payloads[into->count++], payload, PAYLOAD);
    return 0;
}

static bool reopen (void)
{
    journal_destroy (&journal);
    found.count = 0;
    strcpy (why, "?");
    const unsigned touches = disk_touches (file);
    journal = journal_open (file->file, KIND, take, &found, why);
    // nothing is written, and a reason is there exactly when it is needed
    assert_int_equal (disk_touches (file), touches);
    assert_true ((journal == NULL) == (why[0] != 0));
    if (journal)
        assert_int_equal (journal_count (journal), found.count);
    return journal != NULL;
}

static void start (void)
{
    assert_true (reopen ());
    assert_int_equal (journal_settle (journal), 0);
}

static void make_payload (uint32_t index, uint8_t *payload)
{
    uint64_t random = index;
    for (size_t i = 0; i < PAYLOAD; i += 8)
        put_u64 (payload + i, random_next (&random));
    payload[0] = 'R';
}

static void append (uint32_t count)
{
    uint8_t payload[PAYLOAD];
    while (count-- > 0) {
        make_payload (journal_count (journal), payload);
        const uint32_t expected = journal_count (journal);
        assert_int_equal (journal_append (journal, payload), expected);
    }
}

static void commit (uint32_t count)
{
    append (count);
    assert_int_equal (journal_write (journal), 0);
    assert_int_equal (journal_sync (journal), 0);
    assert_int_equal (journal_synced (journal), journal_count (journal));
}

/* Groups of two, three and one: records 0 and 1 are vouched for by record 2, and 2 to 4
   by record 5, which nobody vouches for. */
static void build_small (void)
{
    disk_set (file, NULL, 0);
    start ();
    commit (2);
    commit (3);
    commit (1);
    assert_int_equal (file->cached.size, 7 * RECORD);
}

static void assert_found (uint32_t count)
{
    uint8_t payload[PAYLOAD];
    assert_int_equal (found.count, count);
    for (uint32_t i = 0; i < count; i++) {
        make_payload (i, payload);
        assert_memory_equal (found.payloads[i], payload, PAYLOAD);
    }
}

static void assert_reads (uint32_t first, uint32_t count)
{
    uint8_t *payloads = malloc ((size_t) count * PAYLOAD + 1), expected[PAYLOAD];
    const uint32_t there =
        first >= journal_count (journal) ? 0 : journal_count (journal) - first;
    const uint32_t here = count < there ? count : there;
    assert_int_equal (journal_read (journal, first, count, payloads), here);
    for (uint32_t i = 0; i < here; i++) {
        make_payload (first + i, expected);
        assert_memory_equal (payloads + i * (size_t) PAYLOAD, expected, PAYLOAD);
    }
    free (payloads);
}

/* What is there goes on as a journal: settled, the tail is gone and more follows. */
static void assert_goes_on (uint32_t count)
{
    assert_int_equal (journal_settle (journal), 0);
    assert_int_equal (journal_torn (journal), 0);
    assert_int_equal (file->cached.size, (count + 1) * RECORD);
    commit (2);
    assert_true (reopen ());
    assert_found (count + 2);
    assert_int_equal (journal_torn (journal), 0);
}

static void assert_refused_at (size_t byte)
{
    char place[64];
    snprintf (place, sizeof place, "test.journal: byte %zu: ", byte);
    if (strncmp (why, place, strlen (place)) != 0)
        fail_msg ("'%s' does not begin with '%s'", why, place);
}

/* ---- When all is well ---- */

static void an_empty_file_becomes_a_journal (void **state)
{
    (void) state;
    assert_true (reopen ());
    assert_true (journal_fresh (journal));
    assert_int_equal (file->cached.size, 0);
    assert_int_equal (journal_settle (journal), 0);
    assert_false (journal_fresh (journal));
    assert_int_equal (file->durable.size, RECORD);
    assert_memory_equal (file->durable.data, "LOTERIA JOURNAL\n\0\0\0\2bets\0\0\0\0",
                         28);
    const uint64_t identity = journal_identity (journal),
                   chain = journal_chain (journal);
    assert_true (identity != 0);
    assert_true (reopen ());
    assert_false (journal_fresh (journal));
    assert_true (journal_identity (journal) == identity);
    assert_true (journal_chain (journal) == chain);
    assert_int_equal (journal_count (journal), 0);
    assert_int_equal (journal_torn (journal), 0);
    assert_reads (0, 5);
}

static void no_two_journals_are_one (void **state)
{
    (void) state;
    start ();
    commit (3);
    const uint64_t identity = journal_identity (journal),
                   chain = journal_chain (journal);
    disk_set (file, NULL, 0);
    start ();
    commit (3);
    assert_true (journal_identity (journal) != identity);
    assert_true (journal_chain (journal) != chain);
}

static void every_record_moves_the_chain (void **state)
{
    (void) state;
    start ();
    uint64_t before = journal_chain (journal);
    for (int i = 0; i < 20; i++) {
        append (1);
        assert_true (journal_chain (journal) != before);
        before = journal_chain (journal);
    }
}

static void nothing_to_write_writes_nothing (void **state)
{
    (void) state;
    start ();
    const unsigned writes = file->calls[DISK_WRITE];
    assert_int_equal (journal_write (journal), 0);
    assert_int_equal (file->calls[DISK_WRITE], writes);
}

/* Appended, written, read and opened again at random, over more records than the
   journal reads at once. */
static void records_come_back (void **state)
{
    (void) state;
    uint64_t random = 11;
    start ();
    while (journal_count (journal) < 10000) {
        append ((uint32_t) random_below (&random, 300));
        const uint32_t count = journal_count (journal);
        assert_reads ((uint32_t) random_below (&random, count + 2),
                      (uint32_t) random_below (&random, 6000));
        assert_reads ((uint32_t) random_below (&random, count + 2), 1);
        const uint64_t chain = journal_chain (journal);
        assert_int_equal (journal_write (journal), 0);
        assert_int_equal (journal_sync (journal), 0);
        if (random_below (&random, 4) > 0)
            continue;
        assert_true (reopen ());
        assert_found (count);
        assert_true (journal_chain (journal) == chain);
        if (random_below (&random, 2) == 0)
            assert_int_equal (journal_settle (journal), 0);
    }
    assert_reads (0, 10000);
}

/* ---- Tails that a crash leaves ---- */

static void cut_at_every_byte_a_prefix_is_left (void **state)
{
    (void) state;
    build_small ();
    const size_t size = file->cached.size;
    uint8_t *whole = malloc (size);
    memcpy (whole, file->cached.data, size);
    for (size_t cut = RECORD; cut <= size; cut++) {
        disk_set (file, whole, cut);
        assert_true (reopen ());
        const size_t records = cut / RECORD - 1;
        assert_found ((uint32_t) records);
        assert_false (journal_fresh (journal));
        assert_int_equal (journal_torn (journal), cut % RECORD);
        assert_goes_on ((uint32_t) records);
    }
    free (whole);
}

/* No crash leaves a part of it: it is no new journal either. */
static void a_header_cut_short_is_refused (void **state)
{
    (void) state;
    for (size_t cut = 1; cut < RECORD; cut++) {
        build_small ();
        file->cached.size = cut;
        assert_false (reopen ());
        assert_refused_at (0);
    }
}

static void zeros_behind_are_no_tail (void **state)
{
    (void) state;
    static const uint8_t zeros[5000 * RECORD];
    static const size_t records[] = {1, 2, 100, 4095, 4096, 5000};
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        build_small ();
        file->file->ops->write (file->file, zeros, records[i] * RECORD,
                                file->cached.size);
        assert_true (reopen ());
        assert_found (6);
        assert_int_equal (journal_torn (journal), 0);
        assert_goes_on (6);
    }
}

static void a_file_of_zeros_is_a_new_journal (void **state)
{
    (void) state;
    static const uint8_t zeros[3 * RECORD];
    for (size_t size = 0; size <= sizeof zeros; size++) {
        disk_set (file, zeros, size);
        assert_true (reopen ());
        assert_true (journal_fresh (journal));
        assert_found (0);
        assert_goes_on (0);
    }
}

static void garbage_behind_is_cut_off (void **state)
{
    (void) state;
    uint64_t random = 5;
    uint8_t garbage[700];
    for (size_t size = 1; size < sizeof garbage; size++) {
        for (size_t i = 0; i < size; i++)
            garbage[i] = (uint8_t) (random_next (&random) | 1);
        build_small ();
        file->file->ops->write (file->file, garbage, size, file->cached.size);
        assert_true (reopen ());
        assert_found (6);
        assert_int_equal (journal_torn (journal), size);
        assert_goes_on (6);
    }
}

/* A group of many records of which any may be missing: what is whole from its beginning
   on stays, the rest of it goes. */
static void an_unfinished_group_is_cut_off (void **state)
{
    (void) state;
    for (uint32_t missing = 0; missing < 9; missing++) {
        build_small ();
        append (9);
        assert_int_equal (journal_write (journal), 0);
        const size_t place = (1 + 6 + missing) * RECORD;
        memset (file->cached.data + place, 0, RECORD);
        assert_true (reopen ());
        assert_found (6 + missing);
        assert_int_equal (journal_torn (journal),
                          missing == 8 ? 0 : (9 - missing) * RECORD);
        assert_goes_on (6 + missing);
    }
}

static void a_tail_that_its_owner_disbelieves_is_cut_off (void **state)
{
    (void) state;
    build_small ();
    append (4);
    assert_int_equal (journal_write (journal), 0);
    for (uint32_t i = 6; i < 10; i++) {
        found.disbelieve = i;
        assert_true (reopen ());
        assert_found (i);
        assert_int_equal (journal_torn (journal), (10 - i) * RECORD);
    }
    found.disbelieve = BELIEVE_ALL;
}

/* ---- Damage to what was promised ---- */

static void flipped_at_every_byte_it_is_noticed (void **state)
{
    (void) state;
    static const uint8_t flips[] = {0x01, 0x20, 0x80, 0xFF};
    build_small ();
    const size_t size = file->cached.size;
    uint8_t *whole = malloc (size);
    memcpy (whole, file->cached.data, size);
    for (size_t at = 0; at < size * sizeof flips; at++) {
        const size_t byte = at / sizeof flips, record = byte / RECORD;
        disk_set (file, whole, size);
        file->cached.data[byte] ^= flips[at % sizeof flips];
        const bool opened = reopen ();
        if (record == 0)
            assert_refused_at (0); // the header
        else if (record <= 5)
            assert_refused_at (record * RECORD); // somebody vouches for it
        else {
            assert_true (opened);
            assert_found (5);
            assert_int_equal (journal_torn (journal), RECORD);
            assert_goes_on (5);
        }
        assert_true (opened == (record == 6));
    }
    free (whole);
}

static void a_record_missing_in_between_is_noticed (void **state)
{
    (void) state;
    for (size_t missing = 1; missing <= 5; missing++) {
        build_small ();
        memmove (file->cached.data + missing * RECORD,
                 file->cached.data + (missing + 1) * RECORD, (6 - missing) * RECORD);
        file->cached.size -= RECORD;
        assert_false (reopen ());
        assert_refused_at (missing * RECORD);
    }
}

static void records_in_another_order_are_noticed (void **state)
{
    (void) state;
    uint8_t record[RECORD];
    for (size_t a = 1; a < 5; a++)
        for (size_t b = a + 1; b <= 5; b++) {
            build_small ();
            memcpy (record, file->cached.data + a * RECORD, RECORD);
            memcpy (file->cached.data + a * RECORD, file->cached.data + b * RECORD,
                    RECORD);
            memcpy (file->cached.data + b * RECORD, record, RECORD);
            assert_false (reopen ());
            assert_refused_at (a * RECORD);
        }
}

static void records_of_another_journal_are_none_of_this (void **state)
{
    (void) state;
    uint8_t other[7 * RECORD];
    build_small ();
    memcpy (other, file->cached.data, sizeof other);
    build_small (); // the same records in a journal of its own
    memcpy (file->cached.data + RECORD, other + RECORD, 2 * RECORD);
    assert_false (reopen ());
    assert_refused_at (RECORD);
}

static void damage_with_zeros_far_behind_is_noticed (void **state)
{
    (void) state;
    static const uint8_t zeros[4096 * RECORD]; // as many as are read at once
    build_small ();
    commit (5000);
    commit (1);
    memcpy (file->cached.data + 20 * RECORD, zeros, sizeof zeros);
    assert_false (reopen ());
    assert_refused_at (20 * RECORD);
}

static void a_lost_header_is_no_new_journal (void **state)
{
    (void) state;
    build_small ();
    memset (file->cached.data, 0, RECORD);
    assert_false (reopen ());
}

static void what_its_owner_disbelieves_is_named (void **state)
{
    (void) state;
    build_small ();
    for (uint32_t i = 0; i < 5; i++) {
        found.disbelieve = i;
        assert_false (reopen ());
        assert_refused_at ((i + 1) * RECORD);
        assert_non_null (strstr (why, DISBELIEVE));
    }
}

static void another_kind_or_version_is_refused (void **state)
{
    (void) state;
    build_small ();
    journal_destroy (&journal);
    static const char *const kinds[] = {"draw", "bet", "betss", "", "bets________"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        found.count = 0;
        assert_null (journal_open (file->file, kinds[i], take, &found, why));
        assert_refused_at (0);
        assert_int_equal (found.count, 0);
    }
    file->cached.data[19] = 3; // the version's last byte
    assert_false (reopen ());
    assert_refused_at (0);
    file->cached.data[19] = 1;
    assert_false (reopen ());
    assert_non_null (strstr (why, "test.journal: made by an older version of Lotería"));
    file->cached.size = 64; // all that a new journal of that version has
    assert_false (reopen ());
    assert_non_null (strstr (why, "older version"));
    static const char rows[] = "1,Ana,Paz,20000000,2000-01-01,1\r\n"
                               "1,Eva,Gil,20000001,2000-01-02,2\r\n";
    disk_set (file, rows, sizeof rows - 1);
    assert_false (reopen ());
    assert_refused_at (0);
}

/* ---- When the disk does not do as asked ---- */

static void what_fails_is_reported (void **state)
{
    (void) state;
    uint8_t payloads[4 * PAYLOAD];
    build_small ();
    append (2);
    file->fails[DISK_WRITE] = 1;
    errno = 0;
    assert_int_equal (journal_write (journal), -1);
    assert_int_equal (errno, EIO);

    build_small ();
    append (2);
    assert_int_equal (journal_write (journal), 0);
    file->fails[DISK_SYNC] = 1;
    assert_int_equal (journal_sync (journal), -1);
    assert_int_equal (journal_synced (journal), 6);

    build_small ();
    for (uint32_t count = 1; count <= 4; count += 3) {
        file->fails[DISK_READ] = 1;
        errno = 0;
        assert_int_equal (journal_read (journal, 1, count, payloads), -1);
        assert_int_equal (errno, EIO);
    }
    file->cached.size = 5 * RECORD; // somebody cut it off below us
    errno = 0;
    assert_int_equal (journal_read (journal, 3, 3, payloads), -1);
    assert_int_equal (errno, EIO);
}

/* Nothing is believed that reads otherwise than when the journal was opened. */
static void damage_below_an_open_journal_is_reported (void **state)
{
    (void) state;
    uint8_t payloads[4 * PAYLOAD];
    build_small ();
    for (size_t byte = 0; byte < PAYLOAD; byte++)
        for (uint32_t count = 1; count <= 4; count += 3) {
            file->cached.data[3 * RECORD + byte] ^= 1; // of record 2
            errno = 0;
            assert_int_equal (journal_read (journal, 2, count, payloads), -1);
            assert_int_equal (errno, EIO);
            assert_string_equal (file->file->failed, "is not what was written");
            file->cached.data[3 * RECORD + byte] ^= 1;
            assert_reads (2, count);
        }
}

static void opening_reports_what_cannot_be_read (void **state)
{
    (void) state;
    build_small ();
    for (unsigned n = 1; n <= 4; n++) { // the header, the records, what is behind
        file->fails[DISK_READ] = n;
        assert_false (reopen ());
        assert_non_null (strstr (why, "test.journal: cannot be read, "));
        file->fails[DISK_READ] = 0;
    }
    file->fails[DISK_SIZE] = 1;
    assert_false (reopen ());
    assert_true (reopen ());
}

static void settling_reports_each_failure (void **state)
{
    (void) state;
    static const struct {
        unsigned write, truncate, sync, read;
    } fails[] = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}};
    for (size_t i = 0; i < 4; i++) {
        build_small ();
        assert_true (reopen ());
        file->fails[DISK_WRITE] = fails[i].write;
        file->fails[DISK_TRUNCATE] = fails[i].truncate;
        file->fails[DISK_SYNC] = fails[i].sync;
        file->fails[DISK_READ] = fails[i].read;
        errno = 0;
        assert_int_equal (journal_settle (journal), -1);
        assert_int_equal (errno, EIO);
        assert_true (reopen ());
        assert_found (6);
    }
    disk_set (file, NULL, 0);
    assert_true (reopen ());
    file->fails[DISK_WRITE] = 1; // the header
    assert_int_equal (journal_settle (journal), -1);
}

/* After a failed sync the page cache shows what the disk has not, and the next sync
   says yes: settling must write the records once more. */
static void settling_rewrites_what_nobody_vouches_for (void **state)
{
    (void) state;
    build_small ();
    append (3);
    assert_int_equal (journal_write (journal), 0);
    file->fails[DISK_SYNC] = 1;
    assert_int_equal (journal_sync (journal), -1);

    assert_true (reopen ()); // another process, the same page cache
    assert_found (9);
    assert_int_equal (journal_synced (journal), 6);
    assert_int_equal (journal_settle (journal), 0);
    assert_int_equal (journal_synced (journal), 9);
    disk_cut_file (file);
    assert_true (reopen ());
    assert_found (9);
}

/* And it may drop that again between opening and settling. */
static void settling_notices_what_is_not_there_any_more (void **state)
{
    (void) state;
    build_small ();
    append (3);
    assert_int_equal (journal_write (journal), 0);
    file->fails[DISK_SYNC] = 1;
    assert_int_equal (journal_sync (journal), -1);

    assert_true (reopen ());
    assert_found (9);
    memset (file->cached.data + 8 * RECORD, 0, 2 * RECORD); // as the disk has it
    errno = 0;
    assert_int_equal (journal_settle (journal), -1);
    assert_int_equal (errno, EIO);
    assert_true (reopen ());
    assert_found (7);
    assert_goes_on (7);
}

/* And the page cache may drop it between the opening and the settling: then there is
   nothing sound to write. Record 5 is the one that nobody vouches for. */
static void settling_notices_what_the_cache_has_dropped (void **state)
{
    (void) state;
    static const size_t bytes[] = {6 * RECORD, 6 * RECORD + 50, 7 * RECORD - 1};
    for (size_t i = 0; i < 3; i++) {
        build_small ();
        assert_true (reopen ());
        file->cached.data[bytes[i]] ^= 1;
        errno = 0;
        assert_int_equal (journal_settle (journal), -1);
        assert_int_equal (errno, EIO);
    }
    build_small ();
    assert_true (reopen ());
    file->cached.data[6 * RECORD - 1] ^= 1; // the record before it is another one now
    assert_int_equal (journal_settle (journal), -1);
}

/* The same for the header, which was all there was to sync. */
static void settling_rewrites_the_header (void **state)
{
    (void) state;
    assert_true (reopen ());
    file->fails[DISK_SYNC] = 1;
    assert_int_equal (journal_settle (journal), -1);
    start (); // another process, the same page cache
    commit (2);
    commit (2);
    disk_cut_file (file);
    assert_true (reopen ());
    assert_found (4);
}

static void room_is_seen_to_before (void **state)
{
    (void) state;
    start ();
    const unsigned reserves = file->calls[DISK_RESERVE];
    assert_int_equal (journal_reserve (journal, 1), 0);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal (journal_reserve (journal, 1), 0);
        commit (1);
    }
    assert_int_equal (file->calls[DISK_RESERVE],
                      reserves + 1); // asked for in large steps
    assert_true (file->allocated >= file->cached.size);
    assert_true (file->allocated < 16 * 1024 * 1024);
}

/* To ask for less is an answer to a full disk, and to nothing else. */
static void a_reservation_that_fails_is_not_asked_for_again (void **state)
{
    (void) state;
    start ();
    file->fails[DISK_RESERVE] = DISK_ALWAYS;
    const unsigned reserves = file->calls[DISK_RESERVE];
    errno = 0;
    assert_int_equal (journal_reserve (journal, 1), -1);
    assert_int_equal (errno, EIO);
    assert_int_equal (file->calls[DISK_RESERVE], reserves + 1);
}

static void the_last_room_is_used (void **state)
{
    (void) state;
    start ();
    file->room = (1 + 20) * RECORD;
    for (int i = 0; i < 20; i++) {
        assert_int_equal (journal_reserve (journal, 1), 0);
        append (1);
        assert_int_equal (journal_write (journal), 0);
    }
    for (int i = 0; i < 3; i++) {
        errno = 0;
        assert_int_equal (journal_reserve (journal, 1), -1);
        assert_int_equal (errno, ENOSPC);
        assert_int_equal (journal_count (journal), 20);
    }
    file->room = (1 + 21) * RECORD;
    assert_int_equal (journal_reserve (journal, 2), -1);
    assert_int_equal (journal_reserve (journal, 1), 0);
    append (1);
    assert_int_equal (journal_write (journal), 0);
    errno = 0;
    assert_int_equal (journal_reserve (journal, UINT32_MAX),
                      -1); // they would not count
    assert_int_equal (errno, ENOSPC);
}

/* Power cuts at every moment, with any sector of what was not synced reaching the disk
   or not: what was synced is there, and what is there is a prefix. */
static void nothing_synced_is_lost_in_power_cuts (void **state)
{
    (void) state;
    uint32_t cuts_in_groups = 0;
    for (uint64_t seed = 0; seed < 4000; seed++) {
        uint64_t random = seed;
        disk_set (file, NULL, 0);
        uint32_t synced = 0, count = 0;
        for (int life = 0; life < 6; life++) {
            if (!reopen ())
                fail_msg ("seed %u, life %d: %s", (unsigned) seed, life, why);
            assert_true (found.count >= synced && found.count <= count);
            assert_found (found.count);
            const bool quiet = random_below (&random, 4) == 0;
            file->fails[DISK_SYNC] = (unsigned) random_below (&random, 6);
            file->fails[DISK_WRITE] = (unsigned) random_below (&random, 12);
            bool alive = !quiet && journal_settle (journal) == 0;
            count = found.count;
            synced = alive ? count : synced;
            while (alive && random_below (&random, 8) > 0) {
                append (1 + (uint32_t) random_below (&random, 40));
                count = journal_count (journal);
                if (random_below (&random, 10) == 0)
                    break; // killed before it is written
                alive = journal_write (journal) == 0 && random_below (&random, 5) > 0 &&
                        journal_sync (journal) == 0;
                synced = alive ? count : synced;
                cuts_in_groups += !alive;
            }
            file->fails[DISK_SYNC] = file->fails[DISK_WRITE] = 0;
            if (random_below (&random, 4) > 0) // else it is a kill: the cache stays
                disk_cut_file_torn (file, &random);
        }
    }
    assert_true (cuts_in_groups > 1000);
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST (an_empty_file_becomes_a_journal),
        JOURNAL_TEST (no_two_journals_are_one),
        JOURNAL_TEST (every_record_moves_the_chain),
        JOURNAL_TEST (nothing_to_write_writes_nothing),
        JOURNAL_TEST (records_come_back),
        JOURNAL_TEST (cut_at_every_byte_a_prefix_is_left),
        JOURNAL_TEST (a_header_cut_short_is_refused),
        JOURNAL_TEST (zeros_behind_are_no_tail),
        JOURNAL_TEST (a_file_of_zeros_is_a_new_journal),
        JOURNAL_TEST (garbage_behind_is_cut_off),
        JOURNAL_TEST (an_unfinished_group_is_cut_off),
        JOURNAL_TEST (a_tail_that_its_owner_disbelieves_is_cut_off),
        JOURNAL_TEST (flipped_at_every_byte_it_is_noticed),
        JOURNAL_TEST (a_record_missing_in_between_is_noticed),
        JOURNAL_TEST (records_in_another_order_are_noticed),
        JOURNAL_TEST (records_of_another_journal_are_none_of_this),
        JOURNAL_TEST (damage_with_zeros_far_behind_is_noticed),
        JOURNAL_TEST (a_lost_header_is_no_new_journal),
        JOURNAL_TEST (what_its_owner_disbelieves_is_named),
        JOURNAL_TEST (another_kind_or_version_is_refused),
        JOURNAL_TEST (what_fails_is_reported),
        JOURNAL_TEST (damage_below_an_open_journal_is_reported),
        JOURNAL_TEST (opening_reports_what_cannot_be_read),
        JOURNAL_TEST (settling_reports_each_failure),
        JOURNAL_TEST (settling_rewrites_what_nobody_vouches_for),
        JOURNAL_TEST (settling_notices_what_is_not_there_any_more),
        JOURNAL_TEST (settling_notices_what_the_cache_has_dropped),
        JOURNAL_TEST (settling_rewrites_the_header),
        JOURNAL_TEST (room_is_seen_to_before),
        JOURNAL_TEST (a_reservation_that_fails_is_not_asked_for_again),
        JOURNAL_TEST (the_last_room_is_used),
        JOURNAL_TEST (nothing_synced_is_lost_in_power_cuts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_log_files.c - the log on the tests' disk: read back, cut short, damaged, torn,
   gone round several times, out of space, and failing. Its ring is tiny: 4 segments of
   4 pages, so that a group has a page or two. */

#include "testing.h"

#include "disk.h"
#include "log.h"

#include <xxhash.h>

#include "bounds.h"

#define IDENTITY    0xABCD012345678901
#define PAGE        LOG_PAGE_BYTES
#define SEGMENT     (4 * PAGE)
#define SEGMENTS    4
#define RING        (SEGMENT * SEGMENTS)
#define FILE_BYTES  (PAGE + RING)
#define ONE_PAGE    (PAGE - 256)     // rows with which a record fills a group
#define TWO_PAGES   (2 * PAGE - 256) // likewise, the largest
#define DISBELIEVE  "it is not believed"
#define BELIEVE_ALL UINT64_MAX

static disk_t *disk;
static disk_file_t *file;
static log_t *lg;
static char why[LOG_WHY_BYTES];
static struct { // by the last opening
    uint64_t first, count, disbelieve;
} found;

static int setup (void **state)
{
    (void) state;
    disk = disk_new (NULL);
    file = disk_file (disk, "bets.log");
    found.disbelieve = BELIEVE_ALL;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    log_destroy (&lg);
    disk_destroy (&disk);
    return 0;
}

/* ---- What is in it ---- */

/* The rows of a record, by its sequence. */
static bytes_t rows_of (uint64_t sequence, size_t size)
{
    static uint8_t rows[STORE_BYTES_MAX];
    uint64_t random = sequence;
    assert_true (size <= sizeof rows);
    for (size_t i = 0; i < size; i += 8) {
        const uint64_t next = random_next (&random) | 0x4040404040404040;
        memcpy (rows + i, &next, size - i < 8 ? size - i : 8);
    }
    return bytes_of (rows, size);
}

static void make_record (uint64_t sequence, bytes_t rows, uint8_t *bytes)
{
    record_t record = {.kind = rows.size ? RECORD_BETS : RECORD_DRAWN,
                       .agency = rows.size ? 7 : 0,
                       .count = rows.size ? 1 : 0,
                       .draw = IDENTITY,
                       .offset = sequence};
    if (rows.size)
        record_vouch (&record, rows);
    record_put (bytes, &record);
}

static void append (size_t size)
{
    uint8_t bytes[RECORD_BYTES], before[SHA256_BYTES];
    const uint64_t sequence = log_sequence (lg) + 1;
    const bytes_t rows = rows_of (sequence, size);
    assert_int_equal (log_fits (lg, 1, size, size == 0), LOG_FITS);
    make_record (sequence, rows, bytes);
    memcpy (before, log_head (lg), sizeof before);
    assert_int_equal (log_append (lg, bytes, rows), sequence);
    chain_add (before, bytes);
    assert_memory_equal (log_head (lg), before, sizeof before);
}

static void commit (size_t size)
{
    append (size);
    assert_int_equal (log_begin (lg), 0);
    assert_int_equal (log_look (lg), 1);
    assert_int_equal (log_durable (lg), log_sequence (lg));
}

static void start (void)
{
    static const log_options_t options = {.segment_bytes = SEGMENT,
                                          .segments = SEGMENTS};
    log_destroy (&lg);
    disk_set (file, NULL, 0);
    lg = log_new (file->file, IDENTITY, &options, why);
    assert_non_null (lg);
}

static int take (void *context, const record_t *record, const uint8_t *bytes,
                 bytes_t rows, char *reason)
{
    uint8_t expected[RECORD_BYTES];
    assert_ptr_equal (context, &found);
    if (found.count == 0)
        found.first = record->offset;
    if (record->offset == found.disbelieve) {
        snprintf (reason, LOG_WHY_BYTES, DISBELIEVE);
        return -1;
    }
    assert_int_equal (record->offset, found.first + found.count);
    const bytes_t wanted = rows_of (record->offset, rows.size);
    assert_true (bytes_equal (rows, wanted));
    make_record (record->offset, wanted, expected);
    assert_memory_equal (bytes, expected, RECORD_BYTES);
    found.count++;
    return 0;
}

static bool reopen_as (uint64_t identity, const log_mark_t *mark)
{
    log_destroy (&lg);
    found.count = 0;
    why[0] = '?';
    const unsigned touches = disk_touches (file);
    lg = log_open (file->file, identity, mark, take, &found, why);
    // nothing is written, and a reason is there exactly when it is needed
    assert_int_equal (disk_touches (file), touches);
    assert_true ((lg == NULL) == (why[0] != 0));
    if (lg) {
        assert_int_equal (log_sequence (lg), (mark ? mark->sequence : 0) + found.count);
        assert_int_equal (log_durable (lg), log_sequence (lg));
    } else if (strncmp (why, "bets.log: ", 10) != 0)
        fail_msg ("%s", why);
    return lg != NULL;
}

static bool reopen (const log_mark_t *mark)
{
    return reopen_as (IDENTITY, mark);
}

/* What is there goes on as a log. */
static void assert_goes_on (const log_mark_t *mark)
{
    const uint64_t count = found.count;
    assert_int_equal (log_settle (lg), 0);
    commit (3);
    commit (ONE_PAGE);
    assert_true (reopen (mark));
    assert_int_equal (found.count, count + 2);
}

static void assert_refused (const char *reason)
{
    assert_null (lg);
    if (!strstr (why, reason))
        fail_msg ("'%s' is not in '%s'", reason, why);
}

/* ---- When all is well ---- */

static void what_is_appended_is_found_again (void **state)
{
    (void) state;
    start ();
    assert_int_equal (log_begin (lg), 0); // nothing to do
    assert_int_equal (log_look (lg), 0);
    append (100);
    append (0);
    append (ONE_PAGE);
    assert_int_equal (log_durable (lg), 0);
    assert_int_equal (log_begin (lg), 0);
    assert_true (log_busy (lg));
    assert_int_equal (log_durable (lg), 0);
    assert_int_equal (log_look (lg), 1);
    assert_false (log_busy (lg));
    assert_int_equal (log_durable (lg), 3);
    assert_int_equal (log_look (lg), 0);
    commit (200);
    uint8_t head[SHA256_BYTES];
    memcpy (head, log_head (lg), sizeof head);
    const log_mark_t mark = log_mark (lg);
    assert_memory_equal (mark.chain, head, sizeof head);
    assert_true (reopen (NULL));
    assert_int_equal (found.count, 4);
    assert_memory_equal (log_head (lg), head, sizeof head);
    assert_int_equal (log_identity (lg), IDENTITY);
    assert_goes_on (NULL);
    assert_true (reopen (&mark));
    assert_int_equal (found.count, 2);
    assert_goes_on (&mark);
    assert_true (reopen_as (0, NULL));
    assert_int_equal (log_identity (lg), IDENTITY);
}

static void an_empty_log_is_one (void **state)
{
    (void) state;
    start ();
    const log_mark_t mark = log_mark (lg);
    assert_int_equal (mark.position, 0);
    assert_int_equal (mark.sequence, 0);
    assert_int_equal (file->durable.size, FILE_BYTES); // it is safe
    uint8_t chain[SHA256_BYTES];
    chain_start (IDENTITY, chain);
    assert_memory_equal (log_head (lg), chain, sizeof chain);
    assert_true (reopen (&mark));
    assert_int_equal (found.count, 0);
    assert_int_equal (log_torn (lg), 0);
    assert_goes_on (&mark);
}

/* The form that docs/storage.md describes, byte by byte. */
static void it_has_its_form (void **state)
{
    (void) state;
    uint8_t header[128] = "LOTERIA LOG\n", group[2 * PAGE] = "\xffLOTERIA GROUP\n";
    start ();
    commit (1);
    uint8_t chain[SHA256_BYTES];
    memcpy (chain, log_head (lg), sizeof chain);
    commit (PAGE);
    put_u32 (header + 16, 4);
    put_u64 (header + 24, IDENTITY);
    put_u64 (header + 32, SEGMENT);
    put_u32 (header + 40, SEGMENTS);
    put_u64 (header + 120, XXH3_64bits (header, 120));
    assert_memory_equal (file->cached.data, header, sizeof header);
    for (size_t i = sizeof header; i < PAGE; i++)
        assert_int_equal (file->cached.data[i], 0);

    put_u64 (group + 16, IDENTITY);
    put_u64 (group + 24, PAGE);
    put_u64 (group + 32, 1);
    put_u32 (group + 40, 256 + PAGE);
    put_u32 (group + 44, 1);
    put_bytes (group + 48, bytes_of (chain, sizeof chain));
    make_record (2, rows_of (2, PAGE), group + 128);
    put_bytes (group + 256, rows_of (2, PAGE));
    put_u64 (group + 120, XXH3_64bits (group, sizeof group));
    assert_memory_equal (file->cached.data + 2 * PAGE, group, sizeof group);
    for (size_t i = 4 * PAGE; i < FILE_BYTES; i++) // filled ahead
        assert_int_equal (file->cached.data[i], 0);
    assert_int_equal (file->cached.size, FILE_BYTES);
}

/* Groups of any size against a model, through many laps; opened again and again. */
static void it_goes_round (void **state)
{
    (void) state;
    uint64_t random = 1;
    start ();
    log_mark_t mark = log_mark (lg);
    while (log_mark (lg).position < 40 * RING) {
        const size_t size = random_below (&random, TWO_PAGES + 1);
        const log_room_t room = log_fits (lg, 1, size, false);
        if (room == LOG_FULL) {
            // more than half of the ring is behind the mark, or it would fit
            assert_true (log_mark (lg).position - mark.position > RING / 2);
            assert_true (reopen (&mark));
            assert_int_equal (log_settle (lg), 0);
            mark = log_mark (lg);
            assert_int_equal (log_release (lg, &mark), 0);
            assert_int_equal (log_unreleased (lg), 0);
        } else if (room == LOG_FULL_GROUP)
            assert_int_equal (log_wait (lg), 0);
        else
            append (size);
        if (random_below (&random, 3) > 0)
            continue;
        assert_int_equal (log_wait (lg), 0);
        assert_int_equal (log_unreleased (lg), log_mark (lg).position - mark.position);
        if (random_below (&random, 4) == 0) {
            assert_true (reopen (&mark));
            assert_int_equal (log_settle (lg), 0);
        }
    }
    assert_int_equal (file->cached.size, FILE_BYTES);
}

/* A group never straddles the end of a segment: for each page where the one before
   ends. */
static void what_does_not_fit_the_rest_begins_the_next_segment (void **state)
{
    (void) state;
    for (unsigned pages = 1; pages < 16; pages++) {
        start ();
        for (unsigned i = 0; i < pages; i++)
            commit (ONE_PAGE);
        const log_mark_t mark = log_mark (lg);
        assert_int_equal (mark.position, pages * PAGE);
        assert_int_equal (log_release (lg, &mark), 0);
        commit (TWO_PAGES);
        const uint64_t last = log_mark (lg).last;
        assert_int_equal (last, pages % 4 == 3 ? mark.position + PAGE : mark.position);
        assert_int_equal (log_mark (lg).position, last + 2 * PAGE);
        commit (5);
        assert_true (reopen (&mark));
        assert_int_equal (found.count, 2);
        assert_int_equal (log_torn (lg), 0);
        assert_goes_on (&mark);
    }
}

static void the_largest_groups_fit (void **state)
{
    (void) state;
    lg = log_new (file->file, IDENTITY, NULL, why);
    for (int i = 0; i < 3; i++)
        commit (STORE_BYTES_MAX);
    assert_int_equal (log_fits (lg, 1, LOG_GROUP_BYTES_MAX - 256, false), LOG_FITS);
    assert_int_equal (log_fits (lg, 1, LOG_GROUP_BYTES_MAX - 255, false),
                      LOG_FULL_GROUP);
    append (STORE_BYTES_MAX);
    append (STORE_BYTES_MAX - 3 * 128);
    assert_int_equal (log_gathered (lg), LOG_GROUP_BYTES_MAX);
    assert_int_equal (log_fits (lg, 1, 0, true), LOG_FULL_GROUP);
    assert_int_equal (log_wait (lg), 0);
    assert_true (reopen (NULL));
    assert_int_equal (found.count, 5);
    assert_goes_on (NULL);
}

static void many_small_records_fill_a_group (void **state)
{
    (void) state;
    start ();
    unsigned count = 0;
    while (log_fits (lg, 1, 0, true) == LOG_FITS) {
        append (0);
        count++;
    }
    assert_int_equal (log_fits (lg, 1, 0, true), LOG_FULL_GROUP);
    assert_int_equal (count, 2 * PAGE / 128 - 1);
    assert_int_equal (log_gathered (lg), 2 * PAGE);
    assert_int_equal (log_wait (lg), 0);
    assert_true (reopen (NULL));
    assert_int_equal (found.count, count);
}

/* ---- Durable ---- */

static void nothing_is_durable_before_its_sync_is_over (void **state)
{
    (void) state;
    start ();
    disk_hold (disk, true);
    append (10);
    assert_int_equal (log_begin (lg), 0);
    const unsigned writes = file->calls[DISK_WRITE], syncs = file->calls[DISK_SYNC];
    append (20); // taken in meanwhile
    append (ONE_PAGE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal (log_look (lg), 0);
        assert_int_equal (log_begin (lg), 0); // and not written
        assert_int_equal (log_durable (lg), 0);
        assert_int_equal (log_mark (lg).position, 0);
    }
    assert_int_equal (file->calls[DISK_WRITE], writes);
    assert_int_equal (file->calls[DISK_SYNC], syncs);
    disk_finish (file);
    assert_int_equal (log_durable (lg), 0); // nobody looked
    assert_int_equal (log_look (lg), 1);
    assert_int_equal (log_durable (lg), 1);
    assert_int_equal (log_mark (lg).position, PAGE);
    assert_int_equal (log_mark (lg).sequence, 1);
    assert_int_equal (log_begin (lg), 0);
    assert_int_equal (file->calls[DISK_WRITE], writes + 1);
    assert_int_equal (log_durable (lg), 1);
    append (30);
    assert_int_equal (log_wait (lg), 0); // for both
    assert_int_equal (log_durable (lg), 4);
    disk_cut (disk);
    assert_true (reopen (NULL));
    assert_int_equal (found.count, 4);
}

static void a_group_that_was_not_synced_may_be_lost_and_nothing_else (void **state)
{
    (void) state;
    start ();
    commit (10);
    disk_hold (disk, true);
    append (20);
    assert_int_equal (log_begin (lg), 0);
    disk_cut (disk);
    assert_true (reopen (NULL));
    assert_int_equal (found.count, 1);
}

static void a_failed_sync_is_not_asked_for_again (void **state)
{
    (void) state;
    for (int way = 0; way < 4; way++) {
        start ();
        commit (10);
        append (20);
        if (way == 3)
            file->fails[DISK_WRITE] = 1;
        else
            file->fails[DISK_SYNC] = 1;
        errno = 0;
        int rc = way == 1 ? log_wait (lg) : log_begin (lg);
        if (way == 0 || way == 2)
            rc = rc == -1 ? 0 : way == 2 ? log_wait (lg) : log_look (lg);
        assert_int_equal (rc, -1);
        assert_int_equal (errno, EIO);
        const unsigned touches = disk_touches (file);
        for (int i = 0; i < 3; i++) {
            assert_int_equal (log_look (lg), -1);
            assert_int_equal (log_wait (lg), -1);
            assert_int_equal (log_begin (lg), -1);
            assert_int_equal (log_durable (lg), 1);
            assert_int_equal (log_mark (lg).sequence, 1);
        }
        assert_int_equal (disk_touches (file), touches);
        assert_string_equal (file->file->failed,
                             way == 3 ? "cannot be written" : "cannot be synced");
    }
}

/* ---- Damage ---- */

/* Groups of 2 records, of 1 over two pages, of an event: places 1, 2-3 and 4; `marks`
   are after each, the first before all. */
static void build_small (log_mark_t *marks)
{
    start ();
    marks[0] = log_mark (lg);
    append (100);
    commit (0);
    marks[1] = log_mark (lg);
    commit (5000);
    marks[2] = log_mark (lg);
    commit (0);
    marks[3] = log_mark (lg);
    file->cached.size = 5 * PAGE; // without the zeros ahead
}

static void every_bit_of_it_counts (void **state)
{
    (void) state;
    log_mark_t marks[4];
    build_small (marks);
    for (size_t at = 0; at < file->cached.size; at++) {
        const uint8_t was = file->cached.data[at];
        file->cached.data[at] ^= (uint8_t) (1 << at % 8);
        const size_t page = at / PAGE;
        for (size_t from = 0; from < 4; from++) {
            const bool opened = reopen (&marks[from]);
            char place[32];
            snprintf (place, sizeof place,
                      "byte %zu: ", page < 2 ? page * PAGE : 2 * (size_t) PAGE);
            if (page == 0)
                assert_refused ("bets.log: byte 0: ");
            else if (page == 4 && from == 3)
                assert_refused ("byte 16384: record 4, which the checkpoint names");
            else if (page == 4) { // the last group: as after a crash
                assert_true (opened);
                assert_int_equal (log_sequence (lg), 3);
            } else if (from > 0 && page == (from == 1 ? 1 : from == 2 ? 2 : 0))
                assert_refused (", which the checkpoint names");
            else if (from == 2 && page == 3)
                assert_refused (", which the checkpoint names");
            else if (page == 1 && from == 0)
                assert_refused (place); // sound ones behind
            else if (page >= 2 && from < 2)
                assert_refused (place);
            else { // archived: nobody looks
                assert_true (opened);
                assert_int_equal (log_sequence (lg), 4);
            }
        }
        file->cached.data[at] = was;
    }
    assert_true (reopen (&marks[0]));
}

static void cut_at_every_byte_a_beginning_is_left (void **state)
{
    (void) state;
    log_mark_t marks[4];
    build_small (marks);
    uint8_t whole[5 * PAGE];
    memcpy (whole, file->cached.data, sizeof whole);
    static const size_t ends[] = {PAGE, 2 * PAGE, 4 * PAGE, 5 * PAGE};
    static const uint64_t records[] = {0, 2, 3, 4};
    for (size_t size = 0; size < sizeof whole; size++) {
        disk_set (file, whole, size);
        size_t left = 0;
        while (left < 3 && ends[left + 1] <= size)
            left++;
        for (size_t from = 0; from < 4; from++) {
            const bool opened = reopen (&marks[from]);
            if (size < PAGE)
                assert_refused ("byte 0: ");
            else if (left < from)
                assert_refused (", which the checkpoint names");
            else {
                assert_true (opened);
                assert_int_equal (log_sequence (lg), records[left]);
            }
        }
    }
}

static void a_damaged_header_is_refused (void **state)
{
    (void) state;
    static const struct {
        size_t at, size;
        uint64_t value;
        const char *reason;
    } wrong[] = {
        {16, 4, 3, "it is of format 3, this program reads format 4"},
        {24, 8, 0, "contradicts itself"},
        {24, 8, 1, "another day: 0000000000000001, and not abcd012345678901"},
        {32, 8, 0, "contradicts itself"},
        {32, 8, PAGE, "contradicts itself"},
        {32, 8, 2 * PAGE + 512, "contradicts itself"},
        {32, 8, UINT64_MAX / 4096 * 4096, "contradicts itself"},
        {40, 4, 0, "contradicts itself"},
        {40, 4, 1, "contradicts itself"},
    };
    start ();
    uint8_t whole[PAGE];
    memcpy (whole, file->cached.data, PAGE);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t *page = file->cached.data;
        memcpy (page, whole, PAGE);
        if (wrong[i].size == 4)
            put_u32 (page + wrong[i].at, (uint32_t) wrong[i].value);
        else
            put_u64 (page + wrong[i].at, wrong[i].value);
        put_u64 (page + 120, XXH3_64bits (page, 120));
        assert_false (reopen (NULL));
        assert_refused (wrong[i].reason);
    }
    disk_set (file, "LOTERIA JOURNAL\n", 16);
    assert_false (reopen (NULL));
    assert_refused ("this is no log of this program");
}

/* Marks that are none of this log. */
static void a_mark_has_to_fit (void **state)
{
    (void) state;
    log_mark_t marks[4];
    build_small (marks);
    for (size_t from = 0; from < 4; from++) {
        log_mark_t wrong[8];
        for (size_t i = 0; i < 8; i++)
            wrong[i] = marks[from];
        wrong[0].sequence++;
        wrong[1].chain[31] ^= 1;
        wrong[2].position += PAGE;
        wrong[3].position += 1;
        wrong[4].last += 2 * PAGE;
        wrong[5].position = wrong[5].last = UINT64_MAX / PAGE * PAGE;
        wrong[6].position += RING; // a lap too late
        wrong[6].last += RING;
        wrong[7].last = wrong[7].position = 5 * PAGE;
        for (size_t i = 0; i < 8; i++)
            if (reopen (&wrong[i]))
                fail_msg ("mark %zu, wrong in way %zu", from, i);
    }
}

/* A group that fits its hash, but not what came before or itself: forged, or of another
   history. */
static void forge (size_t page, size_t pages, size_t at, uint8_t value)
{
    uint8_t *group = file->cached.data + page * PAGE;
    group[at] ^= value;
    put_u64 (group + 120, 0);
    put_u64 (group + 120, XXH3_64bits (group, pages * PAGE));
}

static void a_whole_group_has_to_go_on (void **state)
{
    (void) state;
    static const struct {
        size_t at;
        const char *reason;
    } wrong[] = {
        {39, "byte 16384: a group that is whole does not go on from record 3"},
        {48, "byte 16384: a group that is whole does not go on from record 3"},
        {79, "byte 16384: a group that is whole does not go on from record 3"},
        {47, "byte 16384: record 4: it is not a record, in a whole group"},
        {43, "byte 16384: record 5: it is not a record, in a whole group"},
        {128, "byte 16384: record 4: it is not a record, in a whole group"},
        {255, "byte 16384: record 4: it is not a record, in a whole group"},
    };
    log_mark_t marks[4];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        build_small (marks);
        forge (4, 1, wrong[i].at, 1);
        assert_false (reopen (&marks[1]));
        assert_refused (wrong[i].reason);
    }
    // what neither the hash nor the chain covers is not there: zeros behind 80
    build_small (marks);
    forge (4, 1, 20, 1); // another log's: none of this one
    assert_true (reopen (NULL));
    assert_int_equal (found.count, 3);
}

static void what_its_owner_refuses_is_told (void **state)
{
    (void) state;
    log_mark_t marks[4];
    build_small (marks);
    found.disbelieve = 3;
    assert_false (reopen (NULL));
    assert_string_equal (why, "bets.log: byte 8192: record 3: " DISBELIEVE);
    assert_int_equal (errno, 0);
}

/* Every group in turn is gone, while whole ones of this lap lie behind it. */
static void a_whole_group_behind_a_break_is_damage (void **state)
{
    (void) state;
    for (unsigned laps = 0; laps < 3; laps++)
        for (unsigned lost = 1; lost < 8; lost++)
            for (int way = 0; way < 2; way++) {
                start ();
                log_mark_t marks[9] = {log_mark (lg)};
                while (log_mark (lg).position < laps * RING + 3 * PAGE) {
                    commit (ONE_PAGE);
                    marks[0] = log_mark (lg);
                    assert_int_equal (log_release (lg, &marks[0]), 0);
                }
                for (unsigned i = 1; i <= 8; i++) {
                    commit (i % 3 ? ONE_PAGE : TWO_PAGES);
                    marks[i] = log_mark (lg);
                }
                const size_t place = PAGE + marks[lost].last % RING;
                if (way == 0)
                    memset (file->cached.data + place, 0, PAGE);
                else // as it was a lap before
                    put_u64 (file->cached.data + place + 24, marks[lost].last - RING);
                assert_false (reopen (&marks[0]));
                assert_refused ("is damaged: the group at byte ");
                if (lost > 1)
                    assert_refused ("what follows record ");
            }
}

static void the_last_group_gone_is_a_tail (void **state)
{
    (void) state;
    start ();
    log_mark_t mark = log_mark (lg);
    for (unsigned i = 0; i < 3 * RING / PAGE; i++) {
        if (i % 7 == 6) {
            mark = log_mark (lg);
            assert_int_equal (log_release (lg, &mark), 0);
        }
        const log_mark_t before = log_mark (lg);
        commit (i % 3 ? ONE_PAGE : TWO_PAGES);
        const log_mark_t after = log_mark (lg);
        const size_t place = PAGE + after.last % RING + 200;
        file->cached.data[place] ^= 1;
        assert_true (reopen (&mark));
        assert_int_equal (log_sequence (lg), before.sequence);
        assert_true (log_torn (lg) == after.position - after.last);
        file->cached.data[place] ^= 1;
        assert_true (reopen (&mark));
        assert_int_equal (log_sequence (lg), after.sequence);
        assert_int_equal (log_settle (lg), 0);
        assert_int_equal (log_release (lg, &mark), 0);
    }
}

/* The checkpoint and the log are not of the same moment. */
static void another_moments_log_is_refused (void **state)
{
    (void) state;
    start ();
    commit (ONE_PAGE);
    const log_mark_t old = log_mark (lg);
    uint8_t old_log[2 * PAGE], *young_log;
    const size_t size = sizeof old_log;
    memcpy (old_log, file->cached.data, size);
    for (unsigned i = 0; i < 40; i++) {
        const log_mark_t mark = log_mark (lg);
        assert_int_equal (log_release (lg, &mark), 0);
        commit (ONE_PAGE);
    }
    const log_mark_t young = log_mark (lg);
    const size_t young_size = file->cached.size;
    young_log = malloc (young_size);
    assert_non_null (young_log);
    memcpy (young_log, file->cached.data, young_size);

    assert_false (reopen (&old)); // an older checkpoint: written over since
    disk_set (file, old_log, size);
    assert_false (reopen (&young)); // an older log
    assert_refused ("record 41, which the checkpoint names as the last before it");
    // the place of the old mark was not written over, but what follows is a later lap's
    disk_set (file, young_log, young_size);
    memcpy (file->cached.data + PAGE, old_log + PAGE, PAGE);
    assert_false (reopen (&old));
    assert_refused ("is damaged: the group at byte ");
    free (young_log);
}

/* ---- Torn writes ---- */

/* The last group's write, without any subset of its sectors: they hold what was there
   before, which is nothing or an older lap. It has two pages that are full. */
static void any_part_of_the_last_group_may_be_missing (void **state)
{
    (void) state;
    for (unsigned laps = 0; laps < 2; laps++) {
        start ();
        log_mark_t mark = log_mark (lg);
        while (log_mark (lg).position < laps * RING + 2 * PAGE) {
            mark = log_mark (lg);
            assert_int_equal (log_release (lg, &mark), 0);
            commit (TWO_PAGES);
        }
        mark = log_mark (lg);
        uint8_t before[2 * PAGE] = {0}, after[2 * PAGE];
        const size_t place = PAGE + mark.position % RING;
        if (laps > 0)
            memcpy (before, file->cached.data + place, sizeof before);
        commit (TWO_PAGES);
        memcpy (after, file->cached.data + place, sizeof after);
        const unsigned sectors = sizeof after / DISK_SECTOR_BYTES;
        for (unsigned there = 0; there < 1u << sectors; there++) {
            for (unsigned i = 0; i < sectors; i++) {
                const size_t at = (size_t) i * DISK_SECTOR_BYTES;
                memcpy (file->cached.data + place + at,
                        (there >> i & 1 ? after : before) + at, DISK_SECTOR_BYTES);
            }
            assert_true (reopen (&mark));
            assert_int_equal (found.count, there == (1u << sectors) - 1);
        }
    }
}

/* ---- At the start ---- */

static void settling_rewrites_the_last_group (void **state)
{
    (void) state;
    start ();
    commit (10);
    const log_mark_t mark = log_mark (lg);
    append (TWO_PAGES);
    file->fails[DISK_SYNC] = 1;
    assert_int_equal (log_wait (lg), -1);
    assert_true (reopen (&mark)); // the page cache shows it, the disk has it not
    assert_int_equal (found.count, 1);
    assert_int_equal (log_settle (lg), 0);
    disk_cut (disk);
    assert_true (reopen (&mark));
    assert_int_equal (found.count, 1);
    const unsigned writes = file->calls[DISK_WRITE];
    assert_true (reopen (&mark));
    assert_int_equal (log_settle (lg), 0);
    assert_int_equal (file->calls[DISK_WRITE], writes + 1);
    assert_int_equal (log_settle (lg), 0);
    assert_int_equal (file->calls[DISK_WRITE], writes + 1);
}

static void settling_rewrites_an_empty_logs_header (void **state)
{
    (void) state;
    start ();
    const unsigned writes = file->calls[DISK_WRITE];
    assert_true (reopen (NULL));
    assert_int_equal (log_settle (lg), 0);
    assert_int_equal (file->calls[DISK_WRITE], writes + 1);
    assert_true (reopen (NULL));
}

static void settling_notices_what_the_cache_has_dropped (void **state)
{
    (void) state;
    for (size_t at = 0; at < PAGE; at += 123) {
        start ();
        commit (10);
        commit (ONE_PAGE);
        assert_true (reopen (NULL));
        file->cached.data[2 * PAGE + at] ^= 1;
        assert_int_equal (log_settle (lg), -1);
        assert_int_equal (errno, EIO);
        assert_string_equal (file->file->failed, "reads otherwise than before");
    }
}

static void settling_reports_each_failure (void **state)
{
    (void) state;
    static const disk_operation_t operations[] = {DISK_READ, DISK_WRITE, DISK_SYNC};
    start ();
    commit (TWO_PAGES);
    for (size_t i = 0; i < 3; i++) {
        assert_true (reopen (NULL));
        file->fails[operations[i]] = 1;
        assert_int_equal (log_settle (lg), -1);
        assert_int_equal (errno, EIO);
    }
    assert_true (reopen (NULL));
    file->fails[DISK_READ] = 2;
    assert_int_equal (log_settle (lg), -1);
}

static void opening_reports_what_cannot_be_read (void **state)
{
    (void) state;
    log_mark_t marks[4];
    build_small (marks);
    const unsigned before = file->calls[DISK_READ];
    assert_true (reopen (&marks[1]));
    const unsigned reads = file->calls[DISK_READ] - before;
    assert_true (reads > 5);
    for (unsigned i = 1; i <= reads; i++) {
        file->fails[DISK_READ] = i;
        assert_false (reopen (&marks[1]));
        assert_string_equal (why, "bets.log: cannot be read, Input/output error");
        assert_int_equal (errno, EIO);
    }
    file->fails[DISK_SIZE] = 1;
    assert_false (reopen (&marks[1]));
    assert_true (reopen (&marks[1]));
}

/* ---- Room ---- */

static void what_is_not_released_is_not_written_over (void **state)
{
    (void) state;
    for (unsigned released = 0; released < 14; released++) {
        start ();
        log_mark_t mark = log_mark (lg);
        for (unsigned i = 1; i <= 14; i++) {
            commit (ONE_PAGE);
            if (i == released)
                mark = log_mark (lg);
        }
        assert_int_equal (log_release (lg, &mark), 0);
        while (log_fits (lg, 1, TWO_PAGES, false) == LOG_FITS)
            commit (TWO_PAGES);
        assert_int_equal (log_fits (lg, 1, TWO_PAGES, false), LOG_FULL);
        while (log_fits (lg, 1, ONE_PAGE, false) == LOG_FITS)
            commit (ONE_PAGE);
        assert_int_equal (log_fits (lg, 1, 0, true), LOG_FULL);
        // all but the segment of the mark is taken
        const uint64_t first = mark.last / SEGMENT * SEGMENT;
        assert_int_equal (log_mark (lg).position, first + RING);
        const uint64_t sequence = log_sequence (lg);
        assert_true (reopen (&mark)); // all of it
        assert_int_equal (log_sequence (lg), sequence);
        assert_int_equal (log_fits (lg, 1, 0, true), LOG_FULL);
    }
}

static void what_is_not_durable_is_not_released (void **state)
{
    (void) state;
    start ();
    commit (10);
    const log_mark_t first = log_mark (lg);
    commit (10);
    const log_mark_t second = log_mark (lg);
    assert_int_equal (log_unreleased (lg), 2 * PAGE);
    log_mark_t ahead = second;
    disk_hold (disk, true);
    append (10);
    assert_int_equal (log_begin (lg), 0);
    ahead.position += PAGE;
    ahead.last += PAGE;
    ahead.sequence++;
    assert_int_equal (log_release (lg, &ahead), -1); // it is written, and not durable
    assert_int_equal (errno, EINVAL);
    assert_int_equal (log_unreleased (lg), 3 * PAGE);
    assert_int_equal (log_release (lg, &second), 0);
    assert_int_equal (log_unreleased (lg), PAGE);
    assert_int_equal (log_release (lg, &first), -1); // marks do not go back
    assert_int_equal (log_unreleased (lg), PAGE);
    disk_finish (file);
    assert_int_equal (log_look (lg), 1);
    assert_int_equal (log_release (lg, &ahead), 0);
    append (10);
    assert_int_equal (log_unreleased (lg), PAGE);
}

/* During the first lap the disk may be full; what is kept for events is theirs. */
static void a_full_disk_is_told_before_and_keeps_room_for_events (void **state)
{
    (void) state;
    disk_limit (disk, 10 * 1024 * 1024);
    lg = log_new (file->file, IDENTITY, NULL, why);
    assert_non_null (lg);
    unsigned batches = 0;
    while (log_fits (lg, 1, STORE_BYTES_MAX, false) == LOG_FITS) {
        commit (STORE_BYTES_MAX);
        batches++;
    }
    assert_int_equal (log_fits (lg, 1, STORE_BYTES_MAX, false), LOG_NO_SPACE);
    assert_true (batches >= 2);
    while (log_fits (lg, 1, 1, false) == LOG_FITS)
        commit (1);
    assert_int_equal (log_fits (lg, 1, 1, false), LOG_NO_SPACE);
    unsigned events = 0;
    while (log_fits (lg, 1, 0, true) == LOG_FITS) {
        commit (0);
        events++;
    }
    assert_int_equal (log_fits (lg, 1, 0, true), LOG_NO_SPACE);
    assert_true (events >= 500);
    const uint64_t sequence = log_sequence (lg);
    disk_limit (disk, DISK_PLENTY);
    commit (STORE_BYTES_MAX);
    assert_true (reopen (NULL));
    assert_int_equal (found.count, sequence + 1);
}

static void a_small_day_takes_little_of_the_disk (void **state)
{
    (void) state;
    lg = log_new (file->file, IDENTITY, NULL, why);
    commit (100);
    assert_true (file->allocated <= PAGE + 4 * 1024 * 1024);
    assert_int_equal (file->cached.size, file->allocated);
}

static void a_log_without_room_is_not_begun (void **state)
{
    (void) state;
    disk_limit (disk, PAGE);
    lg = log_new (file->file, IDENTITY, NULL, why);
    assert_refused ("bets.log: cannot be given space, No space left on device");
    assert_int_equal (errno, ENOSPC);
    disk_limit (disk, DISK_PLENTY);
    for (unsigned i = 1; i <= 3; i++) {
        disk_fail (disk, i);
        lg = log_new (file->file, IDENTITY, NULL, why);
        assert_refused ("Input/output error");
        assert_int_equal (errno, EIO);
    }
}

static void a_reservation_that_fails_is_told (void **state)
{
    (void) state;
    lg = log_new (file->file, IDENTITY, NULL, why);
    file->fails[DISK_RESERVE] = 1;
    while (log_fits (lg, 1, STORE_BYTES_MAX, false) == LOG_FITS)
        commit (STORE_BYTES_MAX);
    const uint64_t durable = log_durable (lg);
    for (int i = 0; i < 3; i++) { // it is not asked for again
        errno = 0;
        assert_int_equal (log_fits (lg, 1, STORE_BYTES_MAX, false), LOG_FAILED);
        assert_int_equal (errno, EIO);
        assert_int_equal (log_begin (lg), -1);
        assert_int_equal (log_wait (lg), -1);
    }
    assert_int_equal (log_durable (lg), durable);
    assert_string_equal (file->file->failed, "cannot be given space");
}

/* Of the zeros ahead of it. */
static void a_write_ahead_that_fails_is_told (void **state)
{
    (void) state;
    lg = log_new (file->file, IDENTITY, NULL, why);
    commit (100);
    file->fails[DISK_WRITE] = 1;
    assert_int_equal (log_fits (lg, 1, STORE_BYTES_MAX, false), LOG_FAILED);
    assert_int_equal (errno, EIO);
    assert_int_equal (log_fits (lg, 1, 1, false), LOG_FAILED);
    assert_int_equal (log_begin (lg), -1);
}

/* ---- While another process writes it ---- */

static void a_look_at_a_log_in_use_takes_what_is_whole (void **state)
{
    (void) state;
    log_mark_t marks[4];
    build_small (marks);
    log_destroy (&lg);
    file->cached.data[2 * PAGE + 300] ^= 1; // being written, and read a little later
    found.count = 0;
    lg = log_peek (file->file, IDENTITY, NULL, take, &found, why);
    assert_non_null (lg);
    assert_int_equal (found.count, 2);
    log_destroy (&lg);
    forge (2, 2, 39, 1); // does not go on from here: read across a change
    found.count = 0;
    lg = log_peek (file->file, IDENTITY, NULL, take, &found, why);
    assert_non_null (lg);
    assert_int_equal (found.count, 2);
    log_destroy (&lg);
    file->cached.data[PAGE + 300] ^= 1;
    lg = log_peek (file->file, IDENTITY, &marks[1], take, &found, why);
    assert_refused (", which the checkpoint names");
}

static void a_file_that_was_taken_away_is_noticed (void **state)
{
    (void) state;
    start ();
    commit (10);
    assert_int_equal (log_sound (lg), 0);
    const size_t size = file->cached.size;
    file->cached.size = size - 1;
    assert_int_equal (log_sound (lg), -1);
    assert_string_equal (file->file->failed, "is shorter than it was");
    file->cached.size = size;
    assert_int_equal (log_sound (lg), 0);
    disk_remove (disk, "bets.log");
    assert_int_equal (log_sound (lg), -1);
    assert_string_equal (file->file->failed, "was removed");
}

/* The end of the first lap was skipped, and a crash took the zeros that were there: the
   file is shorter than its ring, and that is no fault. */
static void a_ring_whose_end_was_skipped_is_sound (void **state)
{
    (void) state;
    start ();
    for (unsigned i = 0; i < 15; i++)
        commit (ONE_PAGE);
    log_mark_t mark = log_mark (lg);
    assert_int_equal (log_release (lg, &mark), 0);
    commit (TWO_PAGES);
    file->cached.size = FILE_BYTES - PAGE;
    assert_true (reopen (&mark));
    assert_int_equal (found.count, 1);
    assert_int_equal (log_sound (lg), 0);
    assert_goes_on (&mark);
    assert_int_equal (file->cached.size, FILE_BYTES);
}

/* ---- All of it, under power cuts ---- */

/* A life: opened at the last mark, appended to, and ended somewhere, by a cut or a
   kill. What was durable is there, in order, and nothing that was not appended. */
static void nothing_durable_is_lost_in_power_cuts (void **state)
{
    (void) state;
    unsigned lost = 0, laps = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        uint64_t random = seed;
        log_destroy (&lg);
        disk_destroy (&disk);
        disk = disk_new (&random);
        file = disk_file (disk, "bets.log");
        start ();
        log_mark_t mark = log_mark (lg);
        uint64_t durable = 0, appended = 0;
        for (unsigned life = 0; life < 20; life++) {
            if (!reopen (&mark))
                fail_msg ("seed %u, life %u: %s", (unsigned) seed, life, why);
            if (log_sequence (lg) < durable || log_sequence (lg) > appended)
                fail_msg ("seed %u, life %u: %u records of %u", (unsigned) seed, life,
                          (unsigned) log_sequence (lg), (unsigned) durable);
            lost += log_sequence (lg) < appended;
            file->fails[DISK_SYNC] = (unsigned) random_below (&random, 30);
            file->fails[DISK_WRITE] = (unsigned) random_below (&random, 60);
            bool alive = log_settle (lg) == 0;
            // what nobody was told of may be lost until here
            durable = alive ? log_sequence (lg) : durable;
            appended = log_sequence (lg);
            disk_hold (disk, random_below (&random, 2));
            for (unsigned step = 0; alive && step < 30; step++) {
                const size_t size = random_below (&random, TWO_PAGES + 1);
                const log_room_t room = log_fits (lg, 1, size, false);
                if (room == LOG_FITS) {
                    append (size);
                    appended++;
                } else if (room == LOG_FULL && log_mark (lg).sequence > mark.sequence) {
                    mark = log_mark (lg);
                    assert_int_equal (log_release (lg, &mark), 0);
                } else
                    alive = log_wait (lg) == 0;
                if (alive && random_below (&random, 3) == 0)
                    alive = log_begin (lg) == 0;
                if (disk_syncing (disk) && random_below (&random, 2) == 0)
                    disk_finish (file);
                alive = alive && log_look (lg) != -1;
                durable = log_durable (lg);
            }
            laps = log_mark (lg).position / RING > laps
                       ? (unsigned) (log_mark (lg).position / RING)
                       : laps;
            file->fails[DISK_SYNC] = file->fails[DISK_WRITE] = 0;
            file->syncing = false;             // its process is gone
            if (random_below (&random, 4) > 0) // else it was killed: the cache stays
                disk_cut (disk);
        }
    }
    assert_true (lost > 300);
    assert_true (laps >= 8);
}

/* Any call may fail, in a walk through everything: it is told, and what is durable
   stays. */
static void any_call_may_fail (void **state)
{
    (void) state;
    for (unsigned nth = 1;; nth++) {
        log_destroy (&lg);
        disk_destroy (&disk);
        disk = disk_new (NULL);
        file = disk_file (disk, "bets.log");
        start ();
        log_mark_t mark = log_mark (lg);
        uint64_t durable = 0;
        disk_fail (disk, nth);
        bool alive = true;
        for (unsigned i = 0; alive && i < 40; i++) {
            const size_t size = i % 5 ? ONE_PAGE : TWO_PAGES;
            const log_room_t room = log_fits (lg, 1, size, false);
            alive = room != LOG_FAILED;
            if (room == LOG_FULL) {
                mark = log_mark (lg);
                assert_int_equal (log_release (lg, &mark), 0);
            }
            if (room == LOG_FITS) {
                append (size);
                alive = i % 2 ? log_wait (lg) == 0
                              : log_begin (lg) == 0 && log_look (lg) == 1;
            }
            durable = log_durable (lg);
            alive = alive && log_sound (lg) == 0;
            if (alive && i % 10 == 9)
                alive = reopen (&mark) && log_settle (lg) == 0;
        }
        if (alive) {
            assert_true (nth > 100);
            break;
        }
        disk_fail (disk, 0);
        disk_cut (disk);
        assert_true (reopen (&mark));
        assert_true (log_sequence (lg) >= durable);
    }
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST (what_is_appended_is_found_again),
        LOG_TEST (an_empty_log_is_one),
        LOG_TEST (it_has_its_form),
        LOG_TEST (it_goes_round),
        LOG_TEST (what_does_not_fit_the_rest_begins_the_next_segment),
        LOG_TEST (the_largest_groups_fit),
        LOG_TEST (many_small_records_fill_a_group),
        LOG_TEST (nothing_is_durable_before_its_sync_is_over),
        LOG_TEST (a_group_that_was_not_synced_may_be_lost_and_nothing_else),
        LOG_TEST (a_failed_sync_is_not_asked_for_again),
        LOG_TEST (every_bit_of_it_counts),
        LOG_TEST (cut_at_every_byte_a_beginning_is_left),
        LOG_TEST (a_damaged_header_is_refused),
        LOG_TEST (a_mark_has_to_fit),
        LOG_TEST (a_whole_group_has_to_go_on),
        LOG_TEST (what_its_owner_refuses_is_told),
        LOG_TEST (a_whole_group_behind_a_break_is_damage),
        LOG_TEST (the_last_group_gone_is_a_tail),
        LOG_TEST (another_moments_log_is_refused),
        LOG_TEST (any_part_of_the_last_group_may_be_missing),
        LOG_TEST (settling_rewrites_the_last_group),
        LOG_TEST (settling_rewrites_an_empty_logs_header),
        LOG_TEST (settling_notices_what_the_cache_has_dropped),
        LOG_TEST (settling_reports_each_failure),
        LOG_TEST (opening_reports_what_cannot_be_read),
        LOG_TEST (what_is_not_released_is_not_written_over),
        LOG_TEST (what_is_not_durable_is_not_released),
        LOG_TEST (a_full_disk_is_told_before_and_keeps_room_for_events),
        LOG_TEST (a_small_day_takes_little_of_the_disk),
        LOG_TEST (a_log_without_room_is_not_begun),
        LOG_TEST (a_reservation_that_fails_is_told),
        LOG_TEST (a_write_ahead_that_fails_is_told),
        LOG_TEST (a_look_at_a_log_in_use_takes_what_is_whole),
        LOG_TEST (a_file_that_was_taken_away_is_noticed),
        LOG_TEST (a_ring_whose_end_was_skipped_is_sound),
        LOG_TEST (nothing_durable_is_lost_in_power_cuts),
        LOG_TEST (any_call_may_fail),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_log_files.c - the log on a file in memory: read back, cut short, damaged, torn,
   gone round several times, out of space, and failing. */

#include "testing.h"

#include "disk.h"

#include "log.h"

#define IDENTITY 0xABCD012345678901
#define SEGMENT  (16 * LOG_PAGE_BYTES)
#define SEGMENTS 4
#define RING     (SEGMENT * SEGMENTS)

static disk_t *disk;
static disk_file_t *file;
static log_t *lg;
static char why[LOG_WHY_BYTES];
static uint64_t found; // records, by the last opening

static int setup (void **state)
{
    (void) state;
    disk = disk_new (NULL);
    file = disk_file (disk, "bets.log");
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    log_destroy (&lg);
    disk_destroy (&disk);
    return 0;
}

/* The rows of a record, by its sequence: 20 to 20 + 255 bytes. */
static bytes_t rows_of (uint64_t sequence, size_t size)
{
    static uint8_t rows[LOG_PAGE_BYTES * 16];
    uint64_t random = sequence;
    assert_true (size <= sizeof rows);
    for (size_t i = 0; i < size; i++)
        rows[i] = (uint8_t) ('a' + random_below (&random, 26));
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
    uint8_t bytes[RECORD_BYTES];
    const uint64_t sequence = log_sequence (lg) + 1;
    const bytes_t rows = rows_of (sequence, size);
    assert_int_equal (log_fits (lg, 1, size, false), LOG_FITS);
    make_record (sequence, rows, bytes);
    assert_int_equal (log_append (lg, bytes, rows), sequence);
}

static void commit (void)
{
    assert_int_equal (log_begin (lg), 0);
    assert_int_equal (log_look (lg), 1);
    assert_int_equal (log_durable (lg), log_sequence (lg));
}

static int take (void *context, const record_t *record, const uint8_t *bytes,
                 bytes_t rows, char *reason)
{
    uint8_t expected[RECORD_BYTES];
    (void) context, (void) reason;
    const bytes_t wanted = rows_of (record->offset, rows.size);
    assert_true (bytes_equal (rows, wanted));
    make_record (record->offset, wanted, expected);
    assert_memory_equal (bytes, expected, RECORD_BYTES);
    found++;
    return 0;
}

static void start (void)
{
    static const log_options_t options = {.segment_bytes = SEGMENT,
                                          .segments = SEGMENTS};
    lg = log_new (file->file, IDENTITY, &options, why);
    assert_non_null (lg);
}

static bool reopen (const log_mark_t *mark)
{
    log_destroy (&lg);
    found = 0;
    lg = log_open (file->file, IDENTITY, mark, take, NULL, why);
    return lg != NULL;
}

static void what_is_appended_is_found_again (void **state)
{
    (void) state;
    start ();
    append (100);
    append (0);
    commit ();
    append (5000);
    commit ();
    uint8_t head[SHA256_BYTES];
    memcpy (head, log_head (lg), sizeof head);
    assert_true (reopen (NULL));
    assert_int_equal (found, 3);
    assert_memory_equal (log_head (lg), head, sizeof head);
    assert_int_equal (log_settle (lg), 0);
    append (7);
    commit ();
    const log_mark_t mark = log_mark (lg);
    append (70);
    commit ();
    assert_true (reopen (&mark));
    assert_int_equal (found, 1);
    assert_true (reopen (NULL));
    assert_int_equal (found, 5);
}

static void it_goes_round (void **state)
{
    (void) state;
    uint64_t random = 1;
    start ();
    log_mark_t mark = log_mark (lg);
    uint64_t released = 0;
    while (log_mark (lg).position < 3 * RING) {
        const size_t size = random_below (&random, 3 * LOG_PAGE_BYTES);
        if (log_fits (lg, 1, size, false) == LOG_FULL) {
            mark = log_mark (lg);
            released = log_sequence (lg);
            assert_int_equal (log_release (lg, &mark), 0);
        }
        append (size);
        commit ();
        if (random_below (&random, 10) == 0) {
            assert_true (reopen (&mark));
            assert_int_equal (found + released, log_sequence (lg));
            assert_int_equal (log_settle (lg), 0);
        }
    }
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST (what_is_appended_is_found_again),
        LOG_TEST (it_goes_round),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

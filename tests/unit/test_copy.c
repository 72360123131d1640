/* test_copy.c - a copy of a day is a day: of one that nobody writes, and of one that is
   written, lap after lap, between any two things that the copy does. */

#include "shelf.h"

#include <errno.h>

#include "copy.h"

#define SEGMENT   (16 * (uint64_t) LOG_PAGE_BYTES)
#define COPY      "copy"
#define HEADS_MAX 4096

static shelf_t shelf;
static disk_t *to;
static char why[BOOK_WHY_BYTES];
static uint8_t heads[HEADS_MAX][SHA256_BYTES]; // that the day had, by records

static void note_head (void)
{
    const uint32_t records = book_records (shelf.book);
    assert_true (records < HEADS_MAX);
    put_bytes (heads[records], bytes_of (book_head (shelf.book), SHA256_BYTES));
}

/* With a draw that was put away, one that is over, and one on sale. */
static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    shelf.bare = true;
    shelf.kept = 1;
    shelf_start (&shelf);
    for (uint64_t i = 1; i <= 2; i++) {
        const char *const names[] = {"away", "over"};
        sale_terms_t terms = shelf_terms (names[i - 1]);
        terms.closes_ms = CLOSES_NEVER;
        sale_t *sale = shelf_draw_with (&shelf, i, &terms);
        shelf_append_to (&shelf, sale, 1, 5);
        shelf_cancel (&shelf, sale, 1, 2);
        shelf_event (&shelf, sale, RECORD_CLOSED, 0, "it is late");
        shelf_event (&shelf, sale, RECORD_DRAWN, 0, NULL);
        shelf_commit (&shelf);
    }
    assert_int_equal (book_put_away (shelf.book), 1);
    shelf_stop (&shelf); // a checkpoint: they are in the log no more
    shelf_start (&shelf);
    shelf_draw (&shelf, SHELF_IDENTITY, SHELF_DRAW);
    shelf_append (&shelf, 1, 7);
    shelf_commit (&shelf);
    note_head ();
    to = disk_new (NULL);
    disk_mount_at (to, COPY);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    disk_destroy (&to);
    return 0;
}

static void sell (uint32_t groups)
{
    for (uint32_t i = 0; i < groups; i++) {
        shelf_append (&shelf, 1 + i % 3, 100);
        shelf_commit (&shelf);
        note_head ();
    }
}

static bytes_t copied (const char *name)
{
    return disk_durable (to, name);
}

static void assert_same (const char *name)
{
    assert_true (bytes_equal (copied (name), disk_cached (shelf.disk, name)));
}

/* A start of the copy has the day as it was when it had so many records; at least those
   that it had when the copy began. */
static void assert_day_of (uint32_t records_min, bool away)
{
    const log_options_t options = {0};
    sales_t *sales = sales_new ();
    disk_cut (to); // what was not synced is gone
    book_t *book = book_open (COPY, &options, sales, why);
    if (!book)
        fail_msg ("%s", why);
    const uint32_t records = book_records (book);
    assert_true (records >= records_min);
    assert_memory_equal (book_head (book), heads[records], SHA256_BYTES);
    assert_int_equal (book_recovery (book)->torn, 0);
    sale_t *sale = sales_named (sales, bytes_of (SHELF_DRAW, strlen (SHELF_DRAW)));
    shelf_t as_copied = {.disk = to};
    shelf_check_draw (&as_copied, sale, 3);
    if (away) { // its `archived` was copied
        assert_int_equal (book_find (book, bytes_of ("away", 4), &sale, why),
                          BOOK_FOUND);
        assert_string_equal (why, "");
    }
    assert_int_equal (book_close (book), 0);
    book_destroy (&book);
    sales_destroy (&sales);
}

static void assert_a_day (uint32_t records_min)
{
    assert_day_of (records_min, true);
}

static void a_day_that_nobody_writes (void **state)
{
    (void) state;
    sell (5);
    shelf_stop (&shelf);
    assert_int_equal (copy_day ("day", COPY, why), 0);
    static const char *const names[] = {
        BOOK_INDEX,
        "draws/away/bets.csv",
        "draws/away/cancelled.csv",
        "draws/away/notes",
        "draws/away/archived",
        "draws/over/bets.csv",
        "draws/over/cancelled.csv",
        "draws/over/notes",
        SHELF_CSV,
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_same (names[i]);
    assert_null (disk_find (to, "draws/first/notes"));
    assert_a_day (0);
}

static void what_only_the_log_has_is_in_it (void **state)
{
    (void) state;
    sell (3);
    const uint32_t records = book_records (shelf.book);
    shelf_append (&shelf, 2, 10); // gathered, and never safe
    assert_int_equal (copy_day ("day", COPY, why), 0);
    assert_a_day (records);
    assert_int_equal (book_records (shelf.book), records + 1);
}

static void laps_before_the_copy (void **state)
{
    (void) state;
    sell (100);
    const uint32_t records = book_records (shelf.book);
    assert_int_equal (copy_day ("day", COPY, why), 0);
    assert_a_day (records);
}

typedef struct {
    uint64_t at, calls; // before which operation
    uint32_t groups;
    bool busy, every;
} meanwhile_t;

static life_t sell_meanwhile (void *context)
{
    meanwhile_t *meanwhile = context;
    if (meanwhile->busy || (++meanwhile->calls != meanwhile->at && !meanwhile->every))
        return LIFE_GOES_ON;
    meanwhile->busy = true;
    sell (meanwhile->groups);
    meanwhile->busy = false;
    return LIFE_GOES_ON;
}

/* Before any operation of the copy so much is sold that the ring is written over, or
   nearly. */
static void a_day_that_is_written_meanwhile (void **state)
{
    static const uint32_t groups[] = {1, 12, 40, 100};
    bool all = true;
    for (uint64_t at = 1; all; at++)
        for (size_t i = 0; all && i < sizeof groups / sizeof *groups; i++) {
            teardown (state);
            setup (state);
            sell (17);
            const uint32_t records = book_records (shelf.book);
            meanwhile_t meanwhile = {.at = at, .groups = groups[i]};
            disk_ask (shelf.disk, sell_meanwhile, &meanwhile);
            const int rc = copy_day ("day", COPY, why);
            disk_ask (shelf.disk, NULL, NULL);
            if (rc == -1)
                fail_msg ("operation %d, %u groups: %s", (int) at, groups[i], why);
            assert_a_day (records);
            all = meanwhile.calls >= at;
        }
}

/* The same from the first group on: no mark says that anything has to be there. */
static void a_day_that_has_just_begun (void **state)
{
    bool all = true;
    for (uint64_t at = 1; all; at++) {
        teardown (state);
        shelf_init (&shelf);
        shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
        shelf_start (&shelf);
        to = disk_new (NULL);
        disk_mount_at (to, COPY);
        sell (2);
        const uint32_t records = book_records (shelf.book);
        meanwhile_t meanwhile = {.at = at, .groups = 100};
        disk_ask (shelf.disk, sell_meanwhile, &meanwhile);
        assert_int_equal (copy_day ("day", COPY, why), 0);
        disk_ask (shelf.disk, NULL, NULL);
        assert_day_of (records, false);
        all = meanwhile.calls >= at;
    }
}

/* Faster than anything can be read. */
static void a_day_that_cannot_be_caught (void **state)
{
    (void) state;
    meanwhile_t meanwhile = {.groups = 24, .every = true};
    sell (1);
    disk_ask (shelf.disk, sell_meanwhile, &meanwhile);
    assert_int_equal (copy_day ("day", COPY, why), -1);
    disk_ask (shelf.disk, NULL, NULL);
    assert_int_equal (errno, EAGAIN);
    assert_string_not_equal (why, "");
}

/* The draw was asked for, and put away again, when the log had been copied. */
static void a_draw_that_is_put_away_anew (void **state)
{
    (void) state;
    char path[] = "draws/away/archived";
    const bytes_t before = disk_cached (shelf.disk, path);
    uint8_t younger[4096];
    assert_true (before.size < sizeof younger);
    checkpoint_draw_t entry;
    bytes_t cursors;
    assert_int_equal (
        archived_get (before, book_identity (shelf.book), &entry, &cursors), 0);
    entry.last_event = 1000;
    uint8_t *at = archived_put (younger, book_identity (shelf.book), &entry);
    const size_t size = archived_close (younger, put_bytes (at, cursors));
    disk_set (disk_find (shelf.disk, path), younger, size);
    assert_int_equal (copy_day ("day", COPY, why), -1);
    const int error = errno;
    assert_string_equal (why, "day/draws/away/archived: changed while it was copied");
    assert_int_equal (error, EAGAIN);
}

/* ---- What is not sound, and disks that fail ---- */

static void assert_refused (const char *expected)
{
    assert_int_equal (copy_day ("day", COPY, why), -1);
    if (!strstr (why, expected))
        fail_msg ("'%s', and not '%s'", why, expected);
    disk_destroy (&to);
    to = disk_new (NULL);
    disk_mount_at (to, COPY);
}

static void files_that_are_not_there_are_named (void **state)
{
    static const char *const names[] = {BOOK_LOG,
                                        BOOK_INDEX,
                                        CHECKPOINT_A,
                                        CHECKPOINT_B,
                                        "draws/away/archived",
                                        "draws/away/notes",
                                        "draws/over/cancelled.csv",
                                        SHELF_CSV};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char expected[128];
        teardown (state);
        setup (state);
        shelf_stop (&shelf);
        disk_remove (shelf.disk, names[i]);
        snprintf (expected, sizeof expected, "day/%s: No such file", names[i]);
        assert_refused (expected);
    }
}

static void files_that_are_damaged_are_named (void **state)
{
    (void) state;
    sell (20);
    shelf_stop (&shelf);
    disk_file_t *file = disk_find (shelf.disk, BOOK_INDEX);
    file->cached.data[ARCHIVE_HEADER_BYTES + 3 * RECORD_BYTES + 30] ^= 1;
    assert_refused ("day/bets.index: record 4 is damaged");
    file->cached.data[ARCHIVE_HEADER_BYTES + 3 * RECORD_BYTES + 30] ^= 1;
    file = disk_find (shelf.disk, "draws/away/archived");
    file->cached.data[60] ^= 1;
    assert_refused ("day/draws/away/archived: is damaged");
    file->cached.data[60] ^= 1;
    file = disk_find (shelf.disk, SHELF_CSV);
    disk_set (file, file->cached.data, 10);
    assert_refused ("day/draws/first/bets.csv: has 10 bytes, of ");
}

static void a_full_disk_is_named (void **state)
{
    (void) state;
    disk_limit (to, 5000);
    assert_refused ("No space left on device");
}

/* Whatever fails there is told, unless another attempt at the log went well. */
static void every_operation_on_the_copy_may_fail (void **state)
{
    (void) state;
    assert_int_equal (copy_day ("day", COPY, why), 0);
    const uint64_t operations = disk_operations (to);
    unsigned failures = 0;
    assert_true (operations > 20);
    for (unsigned nth = 1; nth <= operations; nth++) {
        disk_destroy (&to);
        to = disk_new (NULL);
        disk_mount_at (to, COPY);
        disk_fail (to, nth);
        why[0] = 0;
        const int rc = copy_day ("day", COPY, why);
        disk_fail (to, 0);
        if (rc == 0)
            assert_a_day (book_records (shelf.book));
        else
            assert_string_not_equal (why, "");
        failures += rc == -1;
    }
    assert_true (failures > 15);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (a_day_that_nobody_writes, setup, teardown),
        cmocka_unit_test_setup_teardown (what_only_the_log_has_is_in_it, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (laps_before_the_copy, setup, teardown),
        cmocka_unit_test_setup_teardown (a_day_that_is_written_meanwhile, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_day_that_has_just_begun, setup, teardown),
        cmocka_unit_test_setup_teardown (a_day_that_cannot_be_caught, setup, teardown),
        cmocka_unit_test_setup_teardown (a_draw_that_is_put_away_anew, setup, teardown),
        cmocka_unit_test_setup_teardown (files_that_are_not_there_are_named, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (files_that_are_damaged_are_named, setup,
                                         teardown),
        cmocka_unit_test_setup_teardown (a_full_disk_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown (every_operation_on_the_copy_may_fail, setup,
                                         teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* test_draw_archive.c - a draw in a file, and back from there: every byte of the file
   counts, and what is put right in a day is what its own records vouch for. */

#include "shelf.h"

#include "provable_shelf.h"

#include <errno.h>

#include "draw_archive.h"
#include "parcel.h"

#define FILE_NAME "noche.tar"
#define DRAFT     FILE_NAME ".unfinished"

static shelf_t shelf;
static char why[BOOK_WHY_BYTES];

static void play (uint64_t identity, const char *name, bool over)
{
    sale_terms_t terms = shelf_terms (name);
    terms.closes_ms = CLOSES_NEVER;
    sale_t *sale = shelf_draw_with (&shelf, identity, &terms);
    shelf_append_to (&shelf, sale, 1, 5);
    shelf_append_to (&shelf, sale, 2, 3);
    shelf_cancel (&shelf, sale, 1, 2);
    if (over) {
        shelf_event (&shelf, sale, RECORD_CLOSED, 0, "it is late");
        shelf_event (&shelf, sale, RECORD_DRAWN, 0, NULL);
    }
    shelf_commit (&shelf);
}

/* Draws that are over, one of them put away and one with records in the log alone, and
   one on sale. */
static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf.options =
        (log_options_t){.segment_bytes = 16 * LOG_PAGE_BYTES, .segments = 4};
    shelf.bare = true;
    shelf.kept = 1;
    shelf_start (&shelf);
    play (1, "away", true);
    play (2, "over", true);
    assert_int_equal (book_put_away (shelf.book), 1);
    shelf_stop (&shelf);
    shelf_start (&shelf);
    play (3, "sells", false);
    play (4, "young", true);
    shelf_close (&shelf);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    return 0;
}

static file_t *peek (const char *name)
{
    file_t *file = file_open (".", name, FILE_PEEK, why, sizeof why);
    assert_non_null (file);
    return file;
}

static parcel_t *opened (void)
{
    file_t *file = peek (FILE_NAME);
    parcel_t *parcel = parcel_open (file, why);
    file_close (&file);
    return parcel;
}

static void a_draw_is_in_it_with_what_proves_it (void **state)
{
    (void) state;
    static const char *const draws[] = {"away", "over", "young"};
    for (size_t i = 0; i < 3; i++) {
        char path[FOLDERS_PATH_BYTES];
        assert_int_equal (draw_archive ("day", draws[i], FILE_NAME), 0);
        assert_null (disk_find (shelf.disk, DRAFT));
        parcel_t *parcel = opened ();
        assert_non_null (parcel);
        const history_t *history = parcel_history (parcel);
        assert_string_equal (history->sale->terms.name, draws[i]);
        assert_int_equal (history->count, 6);
        for (int which = 0; which < PARCEL_FILES; which++) {
            uint64_t position, size;
            assert_true (parcel_find (parcel, which, &position, &size));
            if (which >= DRAW_ROWS)
                continue;
            folders_path (draws[i], folders_name (which), path);
            const bytes_t own = disk_cached (shelf.disk, path);
            assert_int_equal (size, own.size);
            assert_memory_equal (disk_cached (shelf.disk, FILE_NAME).data + position,
                                 own.data, size);
        }
        parcel_destroy (&parcel);
        disk_remove (shelf.disk, FILE_NAME);
    }
}

static void what_cannot_be_archived (void **state)
{
    (void) state;
    assert_int_equal (draw_archive ("day", "nobody", FILE_NAME), 1);
    assert_int_equal (draw_archive ("day", "sells", FILE_NAME), 1);
    assert_int_equal (draw_archive ("day", "away", "bets.log"), 1); // it is there
    disk_file_t *csv = disk_find (shelf.disk, "draws/away/bets.csv");
    csv->cached.data[3] ^= 1;
    assert_int_equal (draw_archive ("day", "away", FILE_NAME), 1);
    csv->cached.data[3] ^= 1;
    disk_file_t *index = disk_find (shelf.disk, BOOK_INDEX);
    index->cached.data[ARCHIVE_HEADER_BYTES + 70] ^= 1; // of another record
    assert_int_equal (draw_archive ("day", "over", FILE_NAME), 1);
    index->cached.data[ARCHIVE_HEADER_BYTES + 70] ^= 1;
    assert_null (disk_find (shelf.disk, FILE_NAME));
    assert_null (disk_find (shelf.disk, DRAFT));
    assert_int_equal (draw_archive ("day", "away", FILE_NAME), 0);
}

static void every_byte_of_it_counts (void **state)
{
    (void) state;
    assert_int_equal (draw_archive ("day", "away", FILE_NAME), 0);
    disk_file_t *file = disk_find (shelf.disk, FILE_NAME);
    uint8_t *bytes = file->cached.data;
    // which log it was, and what its head then, stands nowhere else: the day knows
    uint8_t *of_log = memmem (bytes, file->cached.size, "\nlog: ", 6);
    uint8_t *behind = memmem (bytes, file->cached.size, "\nfile: ", 7);
    assert_true (of_log && behind > of_log);
    for (size_t at = 0; at < file->cached.size; at++) {
        bytes[at] ^= 4;
        parcel_t *parcel = opened ();
        if (parcel && (&bytes[at] < of_log || &bytes[at] > behind))
            fail_msg ("byte %zu", at);
        parcel_destroy (&parcel);
        bytes[at] ^= 4;
    }
    const size_t size = file->cached.size;
    for (file->cached.size = 0; file->cached.size < size; file->cached.size++)
        assert_null (opened ());
    parcel_t *parcel = opened ();
    assert_non_null (parcel);
    parcel_destroy (&parcel);
}

static const char *const files[] = {"draws/away/bets.csv", "draws/away/cancelled.csv",
                                    "draws/away/notes", "draws/away/archived"};

static void assert_as_it_was (const disk_t *was)
{
    for (size_t i = 0; i < 4; i++)
        assert_true (bytes_equal (disk_durable (shelf.disk, files[i]),
                                  disk_cached (was, files[i])));
}

/* Each is taken away, changed, cut, and made longer. */
static void what_is_damaged_is_put_right (void **state)
{
    (void) state;
    assert_int_equal (draw_archive ("day", "away", FILE_NAME), 0);
    disk_t *was = disk_clone (shelf.disk, NULL);
    for (size_t i = 0; i < 4; i++)
        for (int how = 0; how < 4; how++) {
            disk_file_t *file = disk_find (shelf.disk, files[i]);
            uint8_t bytes[1024];
            const size_t size = file->cached.size;
            assert_true (size + 3 < sizeof bytes);
            put_bytes (bytes, disk_cached (shelf.disk, files[i]));
            memcpy (bytes + size, "xyz", 3);
            bytes[size / 2] ^= how == 1;
            if (how == 0)
                disk_remove (shelf.disk, files[i]);
            else
                disk_set (file, bytes,
                          how == 2   ? size - 1
                          : how == 3 ? size + 3
                                     : size);
            assert_int_equal (draw_restore (FILE_NAME, "day"), 0);
            assert_as_it_was (was);
            assert_int_equal (draw_restore (FILE_NAME, "day"), 0); // all is sound
        }
    for (size_t i = 0; i < 4; i++)
        disk_remove (shelf.disk, files[i]);
    assert_int_equal (draw_restore (FILE_NAME, "day"), 0);
    assert_as_it_was (was);
    disk_destroy (&was);
    shelf_start (&shelf);
    sale_t *sale;
    assert_int_equal (book_find (shelf.book, bytes_of ("away", 4), &sale, why),
                      BOOK_FOUND);
    assert_string_equal (why, "");
}

/* A draw that a checkpoint speaks of has no `archived`. */
static void a_draw_that_is_live_is_put_right (void **state)
{
    (void) state;
    assert_int_equal (draw_archive ("day", "young", FILE_NAME), 0);
    disk_remove (shelf.disk, "draws/young/bets.csv");
    assert_int_equal (draw_restore (FILE_NAME, "day"), 0);
    assert_null (disk_find (shelf.disk, "draws/young/archived"));
    shelf_start (&shelf);
}

static void what_the_day_does_not_vouch_for_is_refused (void **state)
{
    (void) state;
    assert_int_equal (draw_archive ("day", "away", FILE_NAME), 0);
    disk_t *other = disk_new (NULL);
    disk_set (disk_file (other, FILE_NAME), disk_cached (shelf.disk, FILE_NAME).data,
              disk_cached (shelf.disk, FILE_NAME).size);
    shelf_free (&shelf); // another day, with a draw of that name
    setup (state);
    disk_mount_at (other, "other");
    disk_remove (shelf.disk, files[0]);
    assert_int_equal (draw_restore ("other/" FILE_NAME, "day"), 1);
    assert_null (disk_find (shelf.disk, files[0]));
    disk_destroy (&other);
}

static void a_day_that_is_served_is_left_alone (void **state)
{
    (void) state;
    assert_int_equal (draw_archive ("day", "away", FILE_NAME), 0);
    shelf_start (&shelf);
    disk_remove (shelf.disk, files[0]);
    assert_int_equal (draw_restore (FILE_NAME, "day"), 1);
    assert_null (disk_find (shelf.disk, files[0]));
}

/* After any failure, or where the process was killed, another attempt puts all right;
   and at no time is there a file that is not what it should be. */
static void a_restore_may_end_anywhere (void **state)
{
    (void) state;
    assert_int_equal (draw_archive ("day", "away", FILE_NAME), 0);
    disk_t *was = disk_clone (shelf.disk, NULL);
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        for (size_t i = 0; i < 4; i++)
            disk_remove (shelf.disk, files[i]);
        disk_fail (shelf.disk, nth);
        failed = draw_restore (FILE_NAME, "day") != 0 || nth < 10;
        disk_fail (shelf.disk, 0);
        disk_cut (shelf.disk);
        for (size_t i = 0; i < 4; i++)
            if (disk_find (shelf.disk, files[i]))
                assert_true (bytes_equal (disk_durable (shelf.disk, files[i]),
                                          disk_cached (was, files[i])));
        assert_int_equal (draw_restore (FILE_NAME, "day"), 0);
        assert_as_it_was (was);
    }
    disk_destroy (&was);
}

static void an_archive_may_end_anywhere (void **state)
{
    (void) state;
    bool failed = true;
    for (unsigned nth = 1; failed; nth++) {
        disk_fail (shelf.disk, nth);
        failed = draw_archive ("day", "away", FILE_NAME) != 0;
        disk_fail (shelf.disk, 0);
        if (disk_find (shelf.disk, FILE_NAME)) { // also if its entry was not safe yet
            parcel_t *parcel = opened ();
            assert_non_null (parcel);
            parcel_destroy (&parcel);
            disk_remove (shelf.disk, FILE_NAME);
        } else
            assert_true (failed);
    }
}

/* A provable draw has its papers in it, and is over when it has its result. */
static void a_provable_draw_is_archived_with_its_papers (void **state)
{
    (void) state;
    fair_draw_t draw;
    const char *const own[] = {"draws/noche/bets.csv", "draws/noche/cancelled.csv",
                               "draws/noche/notes"};
    signed_note_start ();
    fair_draw_make (&draw);
    shelf_free (&shelf);
    shelf_init (&shelf);
    shelf_start (&shelf);
    sale_t *sale = provable_put (&shelf, &draw, EVENT_DRAWN);
    shelf_stop (&shelf);
    assert_int_equal (draw_archive ("day", "noche", FILE_NAME), 1);
    shelf_start (&shelf);
    sale = sales_find (shelf.sales, PROVABLE_IDENTITY);
    provable_event (&shelf, sale, &draw, EVENT_PUBLISHED, 0);
    shelf_stop (&shelf);
    assert_int_equal (draw_archive ("day", "noche", FILE_NAME), 0);
    disk_t *was = disk_clone (shelf.disk, NULL);
    for (size_t i = 0; i < 3; i++) {
        disk_file_t *file = disk_find (shelf.disk, own[i]);
        assert_true (file->cached.size > 0);
        file->cached.data[file->cached.size / 2] ^= 1;
        assert_int_equal (draw_restore (FILE_NAME, "day"), 0);
        assert_true (
            bytes_equal (disk_durable (shelf.disk, own[i]), disk_cached (was, own[i])));
    }
    disk_destroy (&was);
}

#define DAY_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST (a_draw_is_in_it_with_what_proves_it),
        DAY_TEST (what_cannot_be_archived),
        DAY_TEST (every_byte_of_it_counts),
        DAY_TEST (what_is_damaged_is_put_right),
        DAY_TEST (a_draw_that_is_live_is_put_right),
        DAY_TEST (what_the_day_does_not_vouch_for_is_refused),
        DAY_TEST (a_day_that_is_served_is_left_alone),
        DAY_TEST (a_restore_may_end_anywhere),
        DAY_TEST (an_archive_may_end_anywhere),
        DAY_TEST (a_provable_draw_is_archived_with_its_papers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

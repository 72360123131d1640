/* test_book_draws.c - many draws in one log: how they are opened, found again after any
   end, put away when they are over, and brought back. */

#include "shelf.h"

#include "bounds.h"

#define SEGMENT (16 * (uint64_t) LOG_PAGE_BYTES)
#define NOTE    "a power cut at the drum"

static shelf_t shelf;

static int setup (void **state)
{
    (void) state;
    shelf_init (&shelf);
    shelf.options = (log_options_t){.segment_bytes = SEGMENT, .segments = 4};
    shelf.bare = true;
    shelf.kept = 1;
    shelf_start (&shelf);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    shelf_free (&shelf);
    return 0;
}

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static sale_t *find_with (const char *name, book_found_t expected, const char *told)
{
    char why[BOOK_WHY_BYTES];
    sale_t *sale = NULL;
    const book_found_t found = book_find (shelf.book, text_of (name), &sale, why);
    if (found != expected || (told[0] == 0) != (why[0] == 0) || !strstr (why, told))
        fail_msg ("%s: %d, '%s'", name, (int) found, why);
    return found == BOOK_FOUND ? sale : NULL;
}

static sale_t *found (const char *name)
{
    return find_with (name, BOOK_FOUND, "");
}

static sale_t *live (const char *name)
{
    return sales_named (shelf.sales, text_of (name));
}

/* What a draw has come to, to be compared with later. */
typedef struct {
    checkpoint_draw_t entry;
    uint64_t next[4];
} standing_t;

static standing_t standing_of (const sale_t *sale)
{
    standing_t standing = {.entry = sale_entry (sale)};
    for (uint32_t agency = 1; agency < 4; agency++) {
        const cursor_t *cursor = cursors_find (sale->cursors, agency);
        standing.next[agency] = cursor ? cursor->at.next : 0;
    }
    return standing;
}

static void assert_stands (const sale_t *sale, const standing_t *standing)
{
    const standing_t now = standing_of (sale);
    uint8_t is[CHECKPOINT_DRAW_BYTES], was[CHECKPOINT_DRAW_BYTES];
    checkpoint_put_draw (is, &now.entry);
    checkpoint_put_draw (was, &standing->entry);
    assert_memory_equal (is, was, sizeof is);
    assert_memory_equal (now.next, standing->next, sizeof now.next);
    shelf_check_draw (&shelf, sale, 3);
}

/* A draw with bets, a bet cancelled, a note, and made. */
static sale_t *play (uint64_t identity, const char *name)
{
    sale_terms_t terms = shelf_terms (name);
    terms.closes_ms = CLOSES_NEVER;
    sale_t *sale = shelf_draw_with (&shelf, identity, &terms);
    for (uint32_t agency = 1; agency < 4; agency++)
        shelf_append_to (&shelf, sale, agency, 2 + agency);
    shelf_cancel (&shelf, sale, 2, 1);
    shelf_append_to (&shelf, sale, 1, 0);
    shelf_event (&shelf, sale, RECORD_EXCUSED, 2, NOTE);
    shelf_event (&shelf, sale, RECORD_CLOSED, 0, NULL);
    shelf_event (&shelf, sale, RECORD_DRAWN, 0, NULL);
    shelf_commit (&shelf);
    return sale;
}

static int put_away (void)
{
    int count = 0, put;
    while ((put = book_put_away (shelf.book)) == 1)
        count++;
    assert_int_equal (put, 0);
    return count;
}

/* ---- Opened ---- */

static void a_draw_has_a_folder_and_the_last_one_the_link (void **state)
{
    (void) state;
    assert_null (disk_link_of (shelf.disk, BOOK_CSV));
    shelf_draw (&shelf, 1, "first");
    assert_true (disk_has_folder (shelf.disk, "draws/first"));
    assert_string_equal (disk_link_of (shelf.disk, BOOK_CSV), "draws/first/bets.csv");
    shelf_draw (&shelf, 2, "second");
    assert_string_equal (disk_link_of (shelf.disk, BOOK_CSV), "draws/second/bets.csv");
    assert_null (disk_find (shelf.disk, "draws/first/notes")); // it has none yet
    shelf_commit (&shelf);
    for (int start = 0; start < 2; start++) {
        disk_remove (shelf.disk, BOOK_CSV); // somebody did
        shelf_start (&shelf);
        assert_string_equal (disk_link_of (shelf.disk, BOOK_CSV),
                             "draws/second/bets.csv");
        shelf_stop (&shelf);
        shelf_start (&shelf);
    }
    assert_int_equal (sales_count (shelf.sales), 2);
}

/* Whatever fails, at whatever operation, with or without a power cut: the draw is there
   or it is not, and can be opened then. */
static void an_opening_may_end_anywhere (void **state)
{
    (void) state;
    shelf_draw (&shelf, 1, "first");
    shelf_append_to (&shelf, live ("first"), 1, 3);
    shelf_commit (&shelf);
    const uint64_t before = disk_operations (shelf.disk);
    shelf_draw (&shelf, 2, "second");
    shelf_commit (&shelf);
    const uint64_t operations = disk_operations (shelf.disk) - before;
    assert_true (operations > 8);
    for (unsigned nth = 1; nth <= operations; nth++)
        for (int cut = 0; cut < 2; cut++) {
            teardown (NULL);
            setup (NULL);
            shelf_draw (&shelf, 1, "first");
            shelf_append_to (&shelf, live ("first"), 1, 3);
            shelf_commit (&shelf);
            const sale_terms_t terms = shelf_terms ("second");
            record_t opened = sale_opening (2, &terms);
            sale_t *sale;
            disk_fail (shelf.disk, nth);
            const bool failed =
                book_open_draw (shelf.book, &opened, &sale) != BOOK_FITS ||
                book_begin (shelf.book, false) == -1 || book_wait (shelf.book) == -1;
            disk_fail (shelf.disk, 0);
            shelf_close (&shelf);
            if (cut)
                disk_cut (shelf.disk);
            shelf_start (&shelf);
            if (!failed)
                assert_non_null (live ("second"));
            if (!live ("second")) {
                assert_string_equal (disk_link_of (shelf.disk, BOOK_CSV),
                                     "draws/first/bets.csv");
                find_with ("second", BOOK_NO_DRAW, "");
                shelf_draw (&shelf, 3, "second");
            }
            shelf_append_to (&shelf, live ("second"), 2, 4);
            shelf_commit (&shelf);
            shelf_check_draw (&shelf, live ("first"), 3);
            shelf_check_draw (&shelf, live ("second"), 3);
        }
}

/* A crash took the log's last group, and left its rows. */
static void what_a_draw_that_never_was_has_left_is_gone (void **state)
{
    (void) state;
    static const char rows[] = "1,A,B,1,2000-01-01,1\r\n";
    disk_make_folder (shelf.disk, "draws");
    disk_make_folder (shelf.disk, "draws/first");
    disk_set (disk_file (shelf.disk, "draws/first/bets.csv"), rows, sizeof rows - 1);
    disk_set (disk_file (shelf.disk, "draws/first/notes"), "x\n", 2);
    shelf_start (&shelf);
    sale_t *sale = shelf_draw (&shelf, 1, "first");
    shelf_append_to (&shelf, sale, 1, 3);
    shelf_commit (&shelf);
    shelf_check_draw (&shelf, sale, 3);
    assert_int_equal (disk_cached (shelf.disk, "draws/first/notes").size, 0);
}

static void a_file_in_the_links_place_is_left_alone (void **state)
{
    (void) state;
    shelf_draw (&shelf, 1, "first");
    shelf_commit (&shelf);
    shelf_close (&shelf);
    disk_remove (shelf.disk, BOOK_CSV);
    disk_set (disk_file (shelf.disk, BOOK_CSV), "mine", 4);
    assert_false (shelf_open (&shelf));
    assert_non_null (strstr (shelf.why, "bets.csv is a file, and not the link"));
    assert_int_equal (disk_cached (shelf.disk, BOOK_CSV).size, 4);
}

/* ---- Found again ---- */

static void draws_are_as_they_were_after_any_end (void **state)
{
    (void) state;
    sale_t *first = play (1, "first");
    sale_t *second = shelf_draw (&shelf, 2, "second");
    shelf_append_to (&shelf, second, 3, 7);
    shelf_cancel (&shelf, second, 3, 6);
    shelf_commit (&shelf);
    const standing_t standings[] = {standing_of (first), standing_of (second)};
    for (int end = 0; end < 4; end++) {
        if (end == 1) {
            shelf_close (&shelf);
            disk_cut (shelf.disk);
        } else if (end == 2)
            shelf_stop (&shelf);
        shelf_start (&shelf);
        assert_stands (live ("first"), &standings[0]);
        assert_stands (live ("second"), &standings[1]);
        assert_int_equal (book_learn (shelf.book, live ("first")), 0);
        assert_int_equal (sale_recorded (live ("first"), RECORD_EXCUSED, 2), 3);
        record_t excused;
        uint8_t note[NOTE_BYTES_MAX];
        assert_int_equal (
            book_read (shelf.book, live ("first")->sequences[2], &excused), 0);
        const int size = book_note (shelf.book, live ("first"), &excused, note);
        assert_true (bytes_equal (bytes_of (note, (size_t) size), text_of (NOTE)));
    }
    assert_true (bytes_equal (disk_cached (shelf.disk, "draws/first/notes"),
                              text_of (NOTE "\n")));
}

/* ---- Put away, and brought back ---- */

static void what_is_over_is_put_away_and_brought_back (void **state)
{
    (void) state;
    const standing_t first = standing_of (play (1, "first"));
    assert_int_equal (put_away (), 0);
    const standing_t second = standing_of (play (2, "second"));
    assert_int_equal (put_away (), 1);
    assert_null (live ("first"));
    for (int end = 0; end < 3; end++) {
        assert_stands (found ("first"), &first);
        assert_stands (found ("second"), &second);
        if (end == 0)
            assert_int_equal (put_away (), 1);
        if (end == 1)
            shelf_stop (&shelf);
        shelf_start (&shelf);
    }
    find_with ("third", BOOK_NO_DRAW, "");
    find_with ("..", BOOK_NO_DRAW, "");
    find_with ("", BOOK_NO_DRAW, "");
}

/* Nothing of it is held in memory, or on open files. */
static void a_hundred_draws_that_are_over_are_nothing (void **state)
{
    (void) state;
    for (uint64_t i = 1; i <= 100; i++) {
        char name[16];
        snprintf (name, sizeof name, "d%u", (unsigned) i);
        play (i, name);
        put_away ();
    }
    assert_int_equal (sales_count (shelf.sales), 1);
    shelf_stop (&shelf);
    shelf_start (&shelf);
    assert_int_equal (sales_count (shelf.sales), 1);
    unsigned open = 0;
    disk_file_t *file;
    for (size_t i = 0; (file = disk_at (shelf.disk, i)); i++)
        open += file->writers;
    assert_true (open <= 4 + DRAW_ROWS);
    for (uint64_t i = 1; i <= 100; i++) {
        char name[16];
        snprintf (name, sizeof name, "d%u", (unsigned) i);
        shelf_check_draw (&shelf, found (name), 3);
        put_away ();
    }
    assert_int_equal (sales_count (shelf.sales), 1);
}

static void what_is_not_safe_is_not_put_away (void **state)
{
    (void) state;
    play (1, "first");
    sale_t *second = play (2, "second");
    sales_find (shelf.sales, 2); // the first is idle
    disk_hold (shelf.disk, true);
    shelf_event (&shelf, live ("first"), RECORD_SERVED, 1, NULL);
    sales_find (shelf.sales, 2);
    assert_int_equal (put_away (), 0);
    assert_int_equal (book_begin (shelf.book, false), 0);
    assert_int_equal (put_away (), 0);
    disk_finish (shelf.log);
    disk_hold (shelf.disk, false);
    assert_int_equal (book_look (shelf.book), 1);
    assert_int_equal (put_away (), 1);
    assert_non_null (second);
    // all of it is on the disk by then
    assert_int_equal (disk_durable (shelf.disk, "draws/first/bets.csv").size,
                      disk_cached (shelf.disk, "draws/first/bets.csv").size);
    assert_true (disk_durable (shelf.disk, "draws/first/archived").size > 0);
}

/* It was put away before the checkpoint, brought back, used, and perhaps put away
   again: a start takes all of it from the log, and counts nothing twice. */
static void events_behind_the_checkpoint_come_back_too (void **state)
{
    (void) state;
    for (int again = 0; again < 3; again++) {
        teardown (NULL);
        setup (NULL);
        play (1, "first");
        play (2, "second");
        assert_int_equal (put_away (), 1);
        shelf_stop (&shelf); // a checkpoint without it
        shelf_start (&shelf);
        shelf_event (&shelf, found ("first"), RECORD_SERVED, 1, NULL);
        shelf_commit (&shelf);
        shelf_event (&shelf, found ("first"), RECORD_SERVED, 2, NULL);
        shelf_append_to (&shelf, found ("first"), 3, 0);
        shelf_commit (&shelf);
        const standing_t standing = standing_of (found ("first"));
        sales_find (shelf.sales, 2);
        if (again > 0)
            assert_int_equal (put_away (), 1);
        if (again == 2) { // in the midst of it, and once more
            shelf_event (&shelf, found ("first"), RECORD_SERVED, 3, NULL);
            shelf_close (&shelf);
            disk_cut (shelf.disk);
        }
        shelf_start (&shelf);
        assert_stands (found ("first"), &standing);
        assert_int_equal (book_learn (shelf.book, found ("first")), 0);
        shelf_event (&shelf, found ("first"), RECORD_SERVED, 3, NULL);
        shelf_commit (&shelf);
        shelf_start (&shelf);
        assert_int_equal (found ("first")->events, standing.entry.events + 1);
    }
}

/* Of every operation of putting it away: one that fails ends the process, and the draw
   is there whichever it was. */
static void putting_away_may_end_anywhere (void **state)
{
    (void) state;
    play (1, "first");
    play (2, "second");
    const uint64_t before = disk_operations (shelf.disk);
    assert_int_equal (put_away (), 1);
    const uint64_t operations = disk_operations (shelf.disk) - before;
    assert_true (operations > 6);
    for (unsigned nth = 1; nth <= operations; nth++)
        for (int cut = 0; cut < 2; cut++) {
            teardown (NULL);
            setup (NULL);
            const standing_t standing = standing_of (play (1, "first"));
            play (2, "second");
            disk_fail (shelf.disk, nth);
            assert_int_equal (book_put_away (shelf.book), -1);
            char why[BOOK_WHY_BYTES];
            book_failure (shelf.book, why);
            assert_non_null (strstr (why, "day/draws/first/"));
            disk_fail (shelf.disk, 0);
            shelf_close (&shelf);
            if (cut)
                disk_cut (shelf.disk);
            shelf_start (&shelf);
            assert_stands (found ("first"), &standing);
            put_away ();
            assert_stands (found ("first"), &standing);
        }
}

/* What `archived` said is in the index: it is made again, and that is said. */
static void a_missing_or_damaged_one_is_made_again (void **state)
{
    (void) state;
    const standing_t standing = standing_of (play (1, "first"));
    play (2, "second");
    assert_int_equal (put_away (), 1);
    shelf_stop (&shelf);
    disk_t *day = disk_clone (shelf.disk, NULL);
    const size_t size = disk_cached (day, "draws/first/archived").size;
    for (size_t at = 0; at <= size; at += at < 64 ? 1 : 13) {
        disk_mount (NULL);
        disk_destroy (&shelf.disk);
        shelf.disk = disk_clone (day, NULL);
        disk_mount (shelf.disk);
        disk_file_t *file = disk_find (shelf.disk, "draws/first/archived");
        if (at < size)
            file->cached.data[at] ^= 0x20;
        else
            disk_remove (shelf.disk, "draws/first/archived");
        shelf_start (&shelf);
        sale_t *sale = find_with ("first", BOOK_FOUND, "made again from bets.index");
        assert_stands (sale, &standing);
        assert_int_equal (put_away (), 1);
        assert_stands (
            found ("second"),
            &(standing_t){standing_of (found ("second")).entry, {0, 3, 4, 5}});
        assert_stands (found ("first"), &standing); // and it is whole again
        shelf_close (&shelf);
    }
    disk_destroy (&day);
}

/* A copy of the day went on otherwise: what its `archived` calls the draw's last event
   is here a batch of another draw. */
static void one_of_another_history_is_made_again (void **state)
{
    (void) state;
    uint8_t other[4096];
    size_t size = 0;
    standing_t standing = {0};
    shelf_draw (&shelf, 2, "second");
    play (1, "first");
    shelf_stop (&shelf);
    disk_t *copy = disk_clone (shelf.disk, NULL);
    for (int here = 0; here < 2; here++) {
        shelf_start (&shelf);
        if (here)
            shelf_append_to (&shelf, live ("second"), 1, 3);
        shelf_event (&shelf, found ("first"), RECORD_SERVED, 1, NULL);
        shelf_commit (&shelf);
        standing = standing_of (found ("first"));
        play (3, "third");
        assert_int_equal (put_away (), 1);
        if (here)
            break;
        const bytes_t archived = disk_cached (shelf.disk, "draws/first/archived");
        size = archived.size;
        assert_true (size < sizeof other);
        put_bytes (other, archived);
        shelf_close (&shelf);
        disk_mount (NULL);
        disk_destroy (&shelf.disk);
        shelf.disk = copy;
        disk_mount (shelf.disk);
    }
    disk_set (disk_find (shelf.disk, "draws/first/archived"), other, size);
    assert_stands (find_with ("first", BOOK_FOUND, "does not fit bets.index"),
                   &standing);
}

/* That of another draw, or of another moment of this one, does not fit the index; what
   cannot be mended refuses this draw, and no other. */
static void what_cannot_be_mended_is_named (void **state)
{
    (void) state;
    play (1, "first");
    play (2, "second");
    const standing_t third = standing_of (play (3, "third"));
    assert_int_equal (put_away (), 2);
    const bytes_t other = disk_cached (shelf.disk, "draws/second/archived");
    disk_set (disk_find (shelf.disk, "draws/first/archived"), other.data, other.size);
    find_with ("first", BOOK_FOUND, "draws/first/archived does not fit bets.index");
    sales_find (shelf.sales, 3); // it was used last
    assert_int_equal (put_away (), 1);
    disk_file_t *rows = disk_find (shelf.disk, "draws/first/bets.csv");
    disk_set (rows, rows->cached.data, rows->cached.size - 1);
    find_with ("first", BOOK_DAMAGED, "draws/first/bets.csv: has ");
    disk_remove (shelf.disk, "draws/second/bets.csv");
    find_with ("second", BOOK_DAMAGED, "draws/second/bets.csv: was removed");
    assert_stands (found ("third"), &third);
}

static void a_full_disk_keeps_them_where_they_are (void **state)
{
    (void) state;
    const standing_t standing = standing_of (play (1, "first"));
    play (2, "second");
    disk_file_t *file = disk_file (shelf.disk, "draws/first/archived.new");
    file->room = 0;
    assert_int_equal (put_away (), 0);
    file->room = DISK_PLENTY;
    assert_stands (live ("first"), &standing);
    assert_int_equal (put_away (), 0); // until the next checkpoint
    shelf_stop (&shelf);
    shelf_start (&shelf);
    assert_int_equal (put_away (), 1);
    assert_stands (found ("first"), &standing);
}

/* ---- Checkpoints of many ---- */

static void a_checkpoint_syncs_all_that_was_written (void **state)
{
    (void) state;
    enum { MANY = 100 };
    char name[16];
    for (uint64_t i = 1; i <= MANY; i++) {
        snprintf (name, sizeof name, "d%u", (unsigned) i);
        shelf_draw (&shelf, i, name);
    }
    shelf_commit (&shelf);
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < MANY; i++) {
            sale_t *sale = sales_at (shelf.sales, i);
            shelf_append_to (&shelf, sale, 1 + (uint32_t) i % 3, 2);
            if (i % 25 == 24)
                shelf_commit (&shelf);
        }
    shelf_commit (&shelf);
    checkpoint_t newest = {0}, checkpoint;
    checkpoint_rest_t rest, newest_rest = {0};
    for (int i = 0; i < 2; i++) {
        const bytes_t slot = disk_durable (shelf.disk, i ? CHECKPOINT_B : CHECKPOINT_A);
        assert_int_equal (checkpoint_get (slot, &checkpoint, &rest), 0);
        if (checkpoint.generation > newest.generation) {
            newest = checkpoint;
            newest_rest = rest;
        }
    }
    assert_true (newest.generation > 5);
    assert_int_equal (newest.draws, MANY);
    checkpoint_draw_t entry;
    for (size_t i = 0; checkpoint_get_draw (&newest_rest.draws, &entry) == 0; i++) {
        char path[FOLDERS_PATH_BYTES];
        folders_path (sales_at (shelf.sales, i)->terms.name, FOLDERS_BETS, path);
        assert_true (disk_durable (shelf.disk, path).size >= entry.bytes[ROWS_BETS]);
    }
    shelf_close (&shelf);
    disk_cut (shelf.disk);
    shelf_start (&shelf);
    for (size_t i = 0; i < MANY; i++)
        shelf_check_draw (&shelf, sales_at (shelf.sales, i), 3);
}

#define DRAWS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        DRAWS_TEST (a_draw_has_a_folder_and_the_last_one_the_link),
        DRAWS_TEST (an_opening_may_end_anywhere),
        DRAWS_TEST (what_a_draw_that_never_was_has_left_is_gone),
        DRAWS_TEST (a_file_in_the_links_place_is_left_alone),
        DRAWS_TEST (draws_are_as_they_were_after_any_end),
        DRAWS_TEST (what_is_over_is_put_away_and_brought_back),
        DRAWS_TEST (a_hundred_draws_that_are_over_are_nothing),
        DRAWS_TEST (what_is_not_safe_is_not_put_away),
        DRAWS_TEST (events_behind_the_checkpoint_come_back_too),
        DRAWS_TEST (putting_away_may_end_anywhere),
        DRAWS_TEST (a_missing_or_damaged_one_is_made_again),
        DRAWS_TEST (one_of_another_history_is_made_again),
        DRAWS_TEST (what_cannot_be_mended_is_named),
        DRAWS_TEST (a_full_disk_keeps_them_where_they_are),
        DRAWS_TEST (a_checkpoint_syncs_all_that_was_written),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

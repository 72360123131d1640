/* test_sold.c - an agency's bets as acknowledged: added, read again, torn, damaged. */

#include "testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bet_csv.h"
#include "digest.h"
#include "sold.h"

static char folder[64], why[SOLD_WHY_BYTES];
static sold_t *sold;

static const char *path_of (const char *name)
{
    static char path[128];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int setup (void **state)
{
    (void) state;
    snprintf (folder, sizeof folder, "/tmp/loteria-sold-XXXXXX");
    return mkdtemp (folder) ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    sold_close (&sold);
    unlink (path_of ("sold.csv"));
    return rmdir (folder);
}

static void open_it (void)
{
    sold_close (&sold);
    sold = sold_open (folder, SOLD_FILE, 3, why);
    if (!sold)
        fail_msg ("%s", why);
}

/* The first so many of these rows. */
static void add (uint64_t offset, uint32_t count, const char *rows)
{
    const char *end = rows;
    for (uint32_t i = 0; i < count; i++)
        end = strchr (end, '\n') + 1;
    sold_add (sold, offset, count, bytes_of (rows, (size_t) (end - rows)));
}

static void save (void)
{
    const char *failed = sold_save (sold, true);
    if (failed)
        fail_msg ("%s", failed);
}

static void assert_rows (uint64_t offset, const char *expected)
{
    const bytes_t rows = sold_rows (sold, offset);
    assert_non_null (rows.data);
    assert_int_equal (rows.size, strlen (expected));
    assert_memory_equal (rows.data, expected, rows.size);
}

static void append (const void *bytes, size_t size)
{
    const int file = open (path_of ("sold.csv"), O_WRONLY | O_APPEND);
    assert_int_equal (write (file, bytes, size), size);
    close (file);
}

#define ROWS  "Ana,Paz,1,2000-01-01,0007574\n\"A, B\",Paz,2,2000-01-01,\"12\"\r\n"
#define FIRST "3,Ana,Paz,1,2000-01-01,7574\r\n"
#define TWO   FIRST "3,\"A, B\",Paz,2,2000-01-01,12\r\n"

static void rows_are_kept_as_the_central_stores_them (void **state)
{
    (void) state;
    struct stat about;
    open_it ();
    assert_int_equal (sold_count (sold), 0);
    assert_rows (0, "");
    add (0, 2, ROWS);
    assert_int_equal (sold_count (sold), 2);
    assert_true (sold_digest (sold) ==
                 bet_csv_digest (DIGEST_START, bytes_of (ROWS, strlen (ROWS)), 2));
    save ();
    assert_rows (0, TWO);
    assert_rows (1, &TWO[strlen (FIRST)]);
    assert_rows (2, "");
    assert_null (sold_rows (sold, 3).data);
    const uint64_t digest = sold_digest (sold);
    open_it ();
    assert_int_equal (sold_count (sold), 2);
    assert_true (sold_digest (sold) == digest);
    assert_rows (0, TWO);
    assert_int_equal (stat (path_of ("sold.csv"), &about), 0);
    assert_int_equal (about.st_mode & 0777, 0600);
}

/* Somebody edits the file while a run has it open. */
static void a_file_that_is_changed_meanwhile_is_not_read (void **state)
{
    (void) state;
    static const char junk[sizeof TWO] = "";
    open_it ();
    add (0, 2, ROWS);
    save ();
    const int file = open (path_of ("sold.csv"), O_WRONLY);
    assert_true (file != -1);
    assert_int_equal (write (file, junk, strlen (TWO)), strlen (TWO));
    close (file);
    assert_null (sold_rows (sold, 1).data);
}

/* What the folder has already comes again when tickets.csv lacks it; a gap does not
   come. */
static void what_is_there_is_passed_over (void **state)
{
    (void) state;
    open_it ();
    add (0, 1, "Ana,Paz,1,2000-01-01,7574\n");
    add (0, 2, ROWS);
    add (5, 1, "Ana,Paz,1,2000-01-01,7574\n");
    save ();
    assert_rows (0, TWO);
}

static void half_a_row_is_cut_off (void **state)
{
    (void) state;
    static const char *const ends[] = {"3",
                                       "3,Ana,Paz",
                                       "3,Ana,Paz,1,2000-01-01,7\r",
                                       "\0\0\0\0\0\0\0\0",
                                       "3,A\0\0\0\r\n3,B\r\n",
                                       "3,Ana Margarita,Paz,1,2000-01-01,7574574"};
    static const size_t sizes[] = {1, 9, 25, 8, 13, 40};
    for (size_t i = 0; i < 6; i++) {
        unlink (path_of ("sold.csv"));
        open_it ();
        add (0, 1, ROWS);
        save ();
        append (ends[i], sizes[i]);
        open_it ();
        assert_int_equal (sold_count (sold), 1);
        assert_rows (0, FIRST);
        add (1, 1, strchr (ROWS, '\n') + 1);
        save ();
        assert_rows (0, TWO);
        open_it ();
        assert_rows (0, TWO);
    }
}

/* A hole, behind which a row got to the disk: it is not to be found behind the next. */
static void what_is_behind_a_hole_is_cut_off (void **state)
{
    (void) state;
    char hole[128] = {0};
    const size_t second = strlen (TWO) - strlen (FIRST);
    memcpy (hole + second, FIRST, strlen (FIRST));
    open_it ();
    add (0, 1, ROWS);
    save ();
    append (hole, second + strlen (FIRST));
    open_it ();
    add (1, 1, strchr (ROWS, '\n') + 1);
    save ();
    open_it ();
    assert_int_equal (sold_count (sold), 2);
    assert_rows (0, TWO);
}

static void another_file_is_refused (void **state)
{
    (void) state;
    static const char *const rows[] = {"4,Ana,Paz,1,2000-01-01,7574\r\n",
                                       "3,Ana,Paz,1,2000-01-01,7574\n", "3,a\r\n",
                                       "Ana,Paz,1,2000-01-01,7574\r\n"};
    for (size_t i = 0; i < 4; i++) {
        unlink (path_of ("sold.csv"));
        open_it ();
        add (0, 1, ROWS);
        save ();
        sold_close (&sold);
        append (rows[i], strlen (rows[i]));
        assert_null (sold_open (folder, SOLD_FILE, 3, why));
        assert_non_null (strstr (why, "sold.csv, row 2: is no bet that agency 3 sold"));
    }
    unlink (path_of ("sold.csv"));
    assert_int_equal (mkdir (path_of ("sold.csv"), 0700), 0);
    assert_null (sold_open (folder, SOLD_FILE, 3, why));
    assert_int_equal (rmdir (path_of ("sold.csv")), 0);
}

/* Any row is found, though few places are known. */
static void any_offset_is_found (void **state)
{
    (void) state;
    char row[64];
    open_it ();
    for (unsigned i = 0; i < 5000; i++) {
        const int size = snprintf (row, sizeof row, "Ana,Paz,%u,2000-01-01,%u\n", i, i);
        sold_add (sold, i, 1, bytes_of (row, (size_t) size));
    }
    save ();
    for (int again = 0; again < 2; again++, open_it ())
        for (unsigned i = 0; i < 5000; i += 37) {
            const int size =
                snprintf (row, sizeof row, "3,Ana,Paz,%u,2000-01-01,%u\r\n", i, i);
            const bytes_t rows = sold_rows (sold, i);
            assert_true (rows.size >= (size_t) size);
            assert_memory_equal (rows.data, row, size);
        }
}

static void a_full_disk_is_told_and_the_file_stays_whole (void **state)
{
    (void) state;
    const struct rlimit small = {40, RLIM_INFINITY},
                        large = {RLIM_INFINITY, RLIM_INFINITY};
    signal (SIGXFSZ, SIG_IGN);
    open_it ();
    add (0, 1, ROWS);
    save ();
    add (1, 1, strchr (ROWS, '\n') + 1);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &small), 0);
    const char *failed = sold_save (sold, false);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &large), 0);
    assert_non_null (failed);
    assert_non_null (strstr (failed, "sold.csv: cannot be written: File too large"));
    assert_non_null (sold_save (sold, true)); // for good
    open_it ();
    assert_rows (0, FIRST);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (rows_are_kept_as_the_central_stores_them),
        TEST (a_file_that_is_changed_meanwhile_is_not_read),
        TEST (what_is_there_is_passed_over),
        TEST (half_a_row_is_cut_off),
        TEST (what_is_behind_a_hole_is_cut_off),
        TEST (another_file_is_refused),
        TEST (any_offset_is_found),
        TEST (a_full_disk_is_told_and_the_file_stays_whole),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

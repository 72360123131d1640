/* test_receipts.c - receipts.c and ledger.c: a folder of receipts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bet_csv.h"
#include "digest.h"
#include "logger.h"
#include "receipts.h"

#define TIME "2026-11-30T21:00:05Z"
#define ID   "0000000000000007"

static const receipt_sale_t sale = {"first", 7, 3};
static char folder[64], text[4096];
static receipts_t *receipts;
static problem_t problem;

static const char *path_of (const char *name)
{
    static char path[128];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int setup (void **state)
{
    (void) state;
    snprintf (folder, sizeof folder, "/tmp/loteria-receipts-XXXXXX");
    return mkdtemp (folder) ? 0 : -1;
}

static int teardown (void **state)
{
    (void) state;
    receipts_close (&receipts);
    unlink (path_of ("tickets.csv"));
    unlink (path_of ("cancelled.csv"));
    unlink (path_of ("cancelling.csv"));
    unlink (path_of ("sold.csv"));
    unlink (path_of ("offered.csv"));
    return rmdir (folder);
}

static void write_file (const char *name, const char *content)
{
    const int file = open (path_of (name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal (write (file, content, strlen (content)), strlen (content));
    close (file);
}

static const char *read_file (const char *name)
{
    const int file = open (path_of (name), O_RDONLY);
    const ssize_t size = file == -1 ? 0 : read (file, text, sizeof text - 1);
    text[size] = 0;
    close (file);
    return text;
}

/* Its lines, with every time replaced. */
static void assert_file (const char *name, const char *expected)
{
    read_file (name);
    for (char *comma = text; (comma = strchr (comma, ','));
         comma = strchr (comma, '\n')) {
        memcpy (comma + 1, TIME, sizeof TIME - 1);
        if (!strchr (comma, '\n'))
            break;
    }
    assert_string_equal (text, expected);
}

static bool open_it (bool single)
{
    receipts_close (&receipts);
    receipts = receipts_open (folder, single, &problem);
    return receipts != NULL;
}

static void begin (uint64_t stored)
{
    assert_true (open_it (false));
    assert_null (receipts_begin (receipts, &sale, false, stored));
}

static void add (uint64_t offset, uint32_t count, const char *rows)
{
    receipts_add (receipts, offset, count, bytes_of (rows, strlen (rows)));
}

#define ROWS "Ana,Paz,1,2000-01-01,0007574\n\"A, B\",Paz,2,2000-01-01,\"12\"\r\n"
#define LINES                                                                          \
    "first-3-0," TIME ",7574," ID "\n"                                                 \
    "first-3-1," TIME ",12," ID "\n"

static void each_bet_has_a_line (void **state)
{
    (void) state;
    begin (0);
    assert_int_equal (receipts_next (receipts), 0);
    add (0, 2, ROWS);
    assert_null (receipts_save (receipts, 0, false));
    assert_file ("tickets.csv", LINES);
    begin (5); // the next run
    assert_int_equal (receipts_next (receipts), 2);
    add (2, 1, "Ana,Paz,1,2000-01-01,0\n");
    assert_null (receipts_save (receipts, 0, true));
    assert_file ("tickets.csv", LINES "first-3-2," TIME ",0," ID "\n");
    struct stat about;
    assert_int_equal (stat (path_of ("tickets.csv"), &about), 0);
    assert_int_equal (about.st_mode & 0777, 0600);
}

static void what_a_crash_left_is_cut_off (void **state)
{
    (void) state;
    static const char *const halves[] = {"f", "first-3-2", "first-3-2," TIME ",75",
                                         "first-3-2," TIME ",7574," ID};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        char torn[512];
        snprintf (torn, sizeof torn, LINES "%s", halves[i]);
        write_file ("tickets.csv", torn);
        begin (3);
        assert_int_equal (receipts_next (receipts), 2);
        add (2, 1, "Ana,Paz,1,2000-01-01,5\n");
        assert_null (receipts_save (receipts, 0, true));
        assert_file ("tickets.csv", LINES "first-3-2," TIME ",5," ID "\n");
    }
    write_file ("tickets.csv", "first-3-0," TIME); // of the very first line
    begin (1);
    assert_int_equal (receipts_next (receipts), 0);
    assert_null (receipts_save (receipts, 0, true));
    assert_file ("tickets.csv", "");
}

/* A power cut leaves zeros where what was written never came to the disk. */
static void a_hole_is_cut_off_with_what_is_behind (void **state)
{
    (void) state;
    char torn[8192] = LINES "first-3-2,2026";
    const size_t size = strlen (torn);
    memcpy (torn + 5000, "\nfirst-3-9," TIME ",1," ID "\n", 10);
    const int file = open (path_of ("tickets.csv"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal (write (file, torn, sizeof torn), sizeof torn);
    close (file);
    (void) size;
    begin (9);
    assert_int_equal (receipts_next (receipts), 2);
    add (2, 1, "Ana,Paz,1,2000-01-01,5\n");
    assert_null (receipts_save (receipts, 0, true));
    assert_file ("tickets.csv", LINES "first-3-2," TIME ",5," ID "\n");
}

static void a_file_that_is_none_is_left_alone (void **state)
{
    (void) state;
    static const char *const contents[] = {
        "Ana,Paz,30111222,1990-05-17,12\n",
        "hello\n",
        LINES "hello\n",                         // behind others
        LINES "first-3-1," TIME ",12," ID "\n",  // twice
        LINES "second-3-2," TIME ",12," ID "\n", // of another draw
        "first-3-0," TIME ",," ID "\n",          // without a number
    };
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        write_file ("tickets.csv", contents[i]);
        assert_false (open_it (false));
        assert_non_null (strstr (problem.parts, "tickets.csv, line "));
        assert_non_null (strstr (problem.parts, "--receipts"));
        assert_string_equal (read_file ("tickets.csv"), contents[i]);
    }
    write_file ("tickets.csv", "hello"); // half a line that is no ticket's
    assert_true (open_it (false));
    assert_non_null (receipts_begin (receipts, &sale, false, 0));
    assert_string_equal (read_file ("tickets.csv"), "hello");
}

static void anothers_file_is_refused (void **state)
{
    (void) state;
    static const struct {
        receipt_sale_t sale;
        uint64_t stored;
        const char *says;
    } cases[] = {
        {{"second", 8, 3}, 2, "has tickets of draw first, and this is draw second"},
        {{"first", 8, 3}, 2, "another draw first, and this is a new one of that name"},
        {{"first", 7, 4}, 2, "has tickets of agency 3, and this is agency 4"},
        {{"first", 7, 3}, 1, "a ticket of bet 1, and the central has 1 bets"},
    };
    write_file ("tickets.csv", LINES);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true (open_it (false));
        const char *why =
            receipts_begin (receipts, &cases[i].sale, false, cases[i].stored);
        assert_non_null (why);
        if (!strstr (why, cases[i].says))
            fail_msg ("'%s' does not say '%s'", why, cases[i].says);
    }
    assert_string_equal (read_file ("tickets.csv"), LINES);
}

static void single_bets_leave_gaps (void **state)
{
    (void) state;
    assert_true (open_it (true));
    assert_null (receipts_begin (receipts, &sale, false, 5));
    add (5, 1, "Ana,Paz,1,2000-01-01,5\n");
    assert_null (receipts_save (receipts, 0, true));
    assert_true (open_it (true));
    assert_null (receipts_begin (receipts, &sale, false, 9));
    add (9, 1, "Ana,Paz,1,2000-01-01,6\n");
    assert_null (receipts_save (receipts, 0, true));
    assert_true (open_it (false)); // a file has no gaps
    assert_non_null (
        strstr (receipts_begin (receipts, &sale, false, 10), "lacks tickets"));
}

static void it_is_one_process_s (void **state)
{
    (void) state;
    begin (0);
    receipts_t *other = receipts_open (folder, false, &problem);
    assert_null (other);
    assert_non_null (strstr (problem.parts, "another process is using it"));
}

static void a_folder_that_cannot_be_is_told (void **state)
{
    (void) state;
    receipts_t *none = receipts_open ("/proc/none", false, &problem);
    assert_null (none);
    assert_non_null (strstr (problem.parts, "/proc/none: cannot be made"));
    none = receipts_open ("/proc/version", false, &problem); // a file
    assert_null (none);
    assert_non_null (strstr (problem.parts,
                             "/proc/version: cannot be made: File exists: "
                             "give another folder with --receipts"));
    assert_int_equal (mkdir (path_of ("tickets.csv"), 0700), 0);
    assert_false (open_it (false));
    assert_int_equal (rmdir (path_of ("tickets.csv")), 0);
}

/* Up to the limit of a file's size. */
static void a_full_disk_leaves_whole_lines (void **state)
{
    (void) state;
    struct rlimit limit, low;
    signal (SIGXFSZ, SIG_IGN);
    begin (0);
    add (0, 2, ROWS);
    assert_null (receipts_save (receipts, 0, false));
    getrlimit (RLIMIT_FSIZE, &limit);
    low = limit;
    low.rlim_cur = sizeof LINES + 20;
    setrlimit (RLIMIT_FSIZE, &low);
    add (2, 2, ROWS);
    const char *why = receipts_save (receipts, 0, false);
    setrlimit (RLIMIT_FSIZE, &limit);
    assert_non_null (why);
    assert_non_null (strstr (why, "tickets.csv: cannot be written: File too large"));
    assert_file ("tickets.csv", LINES);
    add (4, 2, ROWS); // not with a gap before it
    assert_non_null (receipts_save (receipts, 0, true));
    assert_file ("tickets.csv", LINES);
}

static void a_cancelled_bet_is_noted_once (void **state)
{
    (void) state;
    write_file ("tickets.csv", LINES);
    begin (9);
    assert_null (receipts_cancel (receipts, 1));
    assert_null (receipts_cancel (receipts, 1));
    assert_null (receipts_cancel (receipts, 7)); // whose ticket is not here
    assert_file ("cancelled.csv",
                 "first-3-1," TIME ",12," ID "\nfirst-3-7," TIME ",," ID "\n");
    begin (9);
    assert_null (receipts_cancel (receipts, 7));
    assert_null (receipts_cancel (receipts, 0));
    assert_file ("cancelled.csv", "first-3-1," TIME ",12," ID "\nfirst-3-7," TIME
                                  ",," ID "\nfirst-3-0," TIME ",7574," ID "\n");
}

static void bets_on_a_number_are_found (void **state)
{
    (void) state;
    size_t count;
    begin (0);
    for (uint64_t offset = 0; offset < 3000; offset++)
        add (offset, 1,
             offset % 1000 == 7 ? "Ana,Paz,1,2000-01-01,7574\n"
                                : "Ana,Paz,1,2000-01-01,7575\n");
    assert_null (receipts_save (receipts, 0, true));
    assert_null (receipts_cancel (receipts, 1007));
    uint64_t *offsets = receipts_on_number (receipts, 7574, 5, &count);
    assert_int_equal (count, 2);
    assert_int_equal (offsets[0], 7);
    assert_int_equal (offsets[1], 2007);
    free (offsets);
    offsets = receipts_on_number (receipts, 7575, 5, &count);
    assert_int_equal (count, 6); // one more than was asked for
    free (offsets);
    offsets = receipts_on_number (receipts, 0, 5, &count);
    assert_int_equal (count, 0);
    free (offsets);
}

/* ---- Of a provable draw ---- */

#define SOLD                                                                           \
    "3,Ana,Paz,1,2000-01-01,7574\r\n"                                                  \
    "3,\"A, B\",Paz,2,2000-01-01,12\r\n"

static void begin_provable (bool single, uint64_t stored)
{
    assert_true (open_it (single));
    const char *why = receipts_begin (receipts, &sale, true, stored);
    if (why)
        fail_msg ("%s", why);
}

static void assert_sold (const char *expected)
{
    assert_string_equal (read_file ("sold.csv"), expected);
}

/* Whichever of the files lacks what the other has gets it. */
static void each_bet_is_kept_too (void **state)
{
    (void) state;
    begin_provable (false, 0);
    add (0, 2, ROWS);
    assert_null (receipts_save (receipts, 0, true));
    assert_file ("tickets.csv", LINES);
    assert_sold (SOLD);
    assert_int_equal (
        truncate (path_of ("tickets.csv"), (off_t) strlen (LINES) / 2 + 8), 0);
    begin_provable (false, 2);
    assert_int_equal (receipts_next (receipts), 1);
    add (1, 1, strchr (ROWS, '\n') + 1);
    assert_null (receipts_save (receipts, 0, true));
    assert_file ("tickets.csv", LINES);
    assert_sold (SOLD);
    unlink (path_of ("sold.csv"));
    begin_provable (false, 2);
    assert_int_equal (receipts_next (receipts), 0);
    add (0, 2, ROWS);
    assert_null (receipts_save (receipts, 0, true));
    assert_file ("tickets.csv", LINES);
    assert_sold (SOLD);
    unlink (path_of ("tickets.csv"));
    assert_true (open_it (false));
    assert_non_null (strstr (receipts_begin (receipts, &sale, true, 1),
                             "sold.csv: has 2 bets that were acknowledged"));
}

static void a_cancel_is_noted_before_it_is_known (void **state)
{
    (void) state;
    size_t count;
    begin_provable (false, 0);
    add (0, 2, ROWS);
    assert_null (receipts_save (receipts, 0, true));
    assert_null (receipts_cancels (receipts, 1));
    assert_null (receipts_cancels (receipts, 1));
    assert_null (receipts_cancels (receipts, 0));
    receipts_cancelled (receipts, &count);
    assert_int_equal (count, 0);
    begin_provable (false, 2);
    const uint64_t *offsets = receipts_cancelling (receipts, &count);
    assert_int_equal (count, 2);
    assert_true (offsets[0] == 0 && offsets[1] == 1);
    assert_null (receipts_cancel (receipts, 1));
    for (int again = 0; again < 2; again++) {
        offsets = receipts_cancelling (receipts, &count);
        assert_int_equal (count, 1);
        assert_true (offsets[0] == 0);
        offsets = receipts_cancelled (receipts, &count);
        assert_int_equal (count, 1);
        assert_true (offsets[0] == 1);
        begin_provable (false, 2);
    }
    assert_file ("cancelling.csv", "first-3-1," TIME ",12," ID "\n"
                                   "first-3-0," TIME ",7574," ID "\n");
    assert_file ("cancelled.csv", "first-3-1," TIME ",12," ID "\n");
}

static uint64_t digest_after (const char *rows, uint32_t count)
{
    return bet_csv_digest (DIGEST_START, bytes_of (rows, strlen (rows)), count);
}

/* Its answer was lost: by its digest it is the one that is stored, or it is not. */
static void a_single_bet_whose_answer_was_lost_is_found (void **state)
{
    (void) state;
    static const char first[] = "Ana,Paz,1,2000-01-01,7574\n",
                      other[] = "Eva,Paz,1,2000-01-01,7574\n",
                      both[] = "Eva,Paz,1,2000-01-01,7574\nAna,Paz,1,2000-01-01,7574\n";
    begin_provable (true, 0);
    assert_null (receipts_settle (receipts, 0, DIGEST_START));
    assert_null (receipts_offer (receipts, bytes_of (first, strlen (first))));
    begin_provable (true, 0);
    assert_null (receipts_settle (receipts, 0, DIGEST_START)); // it did not come in
    assert_null (receipts_offer (receipts, bytes_of (other, strlen (other))));
    begin_provable (true, 1);
    assert_null (receipts_settle (receipts, 1, digest_after (other, 1)));
    assert_sold ("3,Eva,Paz,1,2000-01-01,7574\r\n");
    assert_file ("tickets.csv", "first-3-0," TIME ",7574," ID "\n");
    add (0, 1, other); // it is acknowledged after all
    assert_null (receipts_settle (receipts, 2, digest_after (both, 2)));
    assert_sold ("3,Eva,Paz,1,2000-01-01,7574\r\n3,Ana,Paz,1,2000-01-01,7574\r\n");
    assert_non_null (strstr (receipts_settle (receipts, 3, 7), "has 2 bets, and the "));
    assert_non_null (strstr (receipts_settle (receipts, 2, 7), "2 others of agency 3"));
    assert_non_null (strstr (receipts_settle (receipts, 4, 7), "somebody else sells"));
}

#define RECEIPTS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        RECEIPTS_TEST (each_bet_has_a_line),
        RECEIPTS_TEST (what_a_crash_left_is_cut_off),
        RECEIPTS_TEST (a_hole_is_cut_off_with_what_is_behind),
        RECEIPTS_TEST (a_file_that_is_none_is_left_alone),
        RECEIPTS_TEST (anothers_file_is_refused),
        RECEIPTS_TEST (single_bets_leave_gaps),
        RECEIPTS_TEST (it_is_one_process_s),
        RECEIPTS_TEST (a_folder_that_cannot_be_is_told),
        RECEIPTS_TEST (a_full_disk_leaves_whole_lines),
        RECEIPTS_TEST (a_cancelled_bet_is_noted_once),
        RECEIPTS_TEST (bets_on_a_number_are_found),
        RECEIPTS_TEST (each_bet_is_kept_too),
        RECEIPTS_TEST (a_cancel_is_noted_before_it_is_known),
        RECEIPTS_TEST (a_single_bet_whose_answer_was_lost_is_found),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

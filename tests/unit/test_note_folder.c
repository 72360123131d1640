/* test_note_folder.c - note_folder.c */

#include "testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "note_folder.h"
#include "whole_file.h"

static char root[64], folder[96], source[96], why[NOTE_FOLDER_WHY_BYTES];

static int make (void **state)
{
    (void) state;
    strcpy (root, "/tmp/loteria-note-folder-XXXXXX");
    assert_non_null (mkdtemp (root));
    snprintf (folder, sizeof folder, "%s/notes", root);
    snprintf (source, sizeof source, "%s/bets.csv", root);
    return 0;
}

static int unmake (void **state)
{
    char command[128];
    (void) state;
    snprintf (command, sizeof command, "rm -rf %s", root);
    return system (command);
}

static folder_put_t put (const char *name, const char *text)
{
    return note_folder_put (folder, name, bytes_of (text, strlen (text)), why);
}

static void assert_file (const char *name, const char *text)
{
    char path[160];
    size_t size;
    snprintf (path, sizeof path, "%s/%s", folder, name);
    char *found = whole_file_read (path, 1 << 20, &size);
    if (!text) {
        assert_null (found);
        return;
    }
    assert_non_null (found);
    assert_string_equal (found, text);
    free (found);
}

static void what_is_there_stays (void **state)
{
    (void) state;
    assert_int_equal (note_folder_make (folder, why), 0);
    assert_int_equal (note_folder_make (folder, why), 0);
    assert_int_equal (put ("seal.note", "one"), FOLDER_NEW);
    assert_int_equal (put ("seal.note", "one"), FOLDER_SAME);
    assert_file ("seal.note.other", NULL);
    static const char *const others[] = {"two", "on", "ones", ""};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal (put ("seal.note", others[i]), FOLDER_DIFFERS);
    assert_file ("seal.note", "one");
    assert_file ("seal.note.other", "two"); // the first that differed
    assert_file ("seal.note.new", NULL);
}

static void a_long_file_is_copied_and_compared (void **state)
{
    static char text[300001];
    (void) state;
    memset (text, 'x', sizeof text - 1);
    assert_int_equal (note_folder_make (folder, why), 0);
    assert_int_equal (
        whole_file_save (root, "bets.csv", bytes_of (text, strlen (text)), true), 0);
    assert_int_equal (note_folder_copy (folder, "bets.csv", source, why), FOLDER_NEW);
    assert_file ("bets.csv", text);
    assert_int_equal (note_folder_copy (folder, "bets.csv", source, why), FOLDER_SAME);
    for (size_t change = 0; change < 3; change++) {
        const size_t size = change == 0 ? strlen (text) - 1 : strlen (text);
        text[change == 1 ? 200000 : 0] ^= change == 0 ? 0 : 1;
        assert_int_equal (
            whole_file_save (root, "bets.csv", bytes_of (text, size), true), 0);
        assert_int_equal (note_folder_copy (folder, "bets.csv", source, why),
                          FOLDER_DIFFERS);
    }
    assert_file ("bets.csv.other", NULL);
    assert_file ("bets.csv.new", NULL);
    memset (text, 'x', sizeof text - 1);
    assert_file ("bets.csv", text);
}

static void what_cannot_be_written_is_said (void **state)
{
    (void) state;
    assert_int_equal (put ("open.note", "one"), FOLDER_FAILED);
    assert_non_null (strstr (why, "/notes/open.note cannot be written (No such"));
    assert_int_equal (whole_file_save (root, "notes", bytes_of ("x", 1), false), 0);
    assert_int_equal (note_folder_make (folder, why), -1);
    assert_non_null (strstr (why, "/notes cannot be made (File exists)"));
    assert_int_equal (put ("open.note", "one"), FOLDER_FAILED);
    assert_int_equal (unlink (folder), 0);
    assert_int_equal (note_folder_make (folder, why), 0);
    assert_int_equal (note_folder_copy (folder, "bets.csv", source, why),
                      FOLDER_FAILED);
    assert_non_null (strstr (why, "/bets.csv cannot be read (No such"));
    char path[160];
    snprintf (path, sizeof path, "%s/open.note", folder);
    assert_int_equal (mkdir (path, 0700), 0);
    assert_int_equal (put ("open.note", "one"), FOLDER_FAILED);
}

/* As on a full disk: nothing is left of what was begun. */
static void a_file_that_has_no_room_leaves_none (void **state)
{
    (void) state;
    struct rlimit before;
    assert_int_equal (note_folder_make (folder, why), 0);
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
    setrlimit (RLIMIT_FSIZE, &(struct rlimit){2, before.rlim_max});
    const folder_put_t found = put ("seal.note", "one");
    setrlimit (RLIMIT_FSIZE, &before);
    signal (SIGXFSZ, handler);
    assert_int_equal (found, FOLDER_FAILED);
    assert_file ("seal.note", NULL);
    assert_file ("seal.note.new", NULL);
    assert_int_equal (put ("seal.note", "one"), FOLDER_NEW);
}

static bool fits (const char *open)
{
    return note_folder_fits (folder, bytes_of (open, strlen (open)), why);
}

/* Only a draw that both tell and that is another one does not: what else differs is to
   be said loudly. */
static void a_folder_is_of_one_draw (void **state)
{
    (void) state;
    assert_true (fits ("loteria/nacional/noche\nopen v1\n"));
    assert_int_equal (note_folder_make (folder, why), 0);
    assert_true (fits ("loteria/nacional/noche\nopen v1\n"));
    assert_int_equal (put ("open.note", "loteria/nacional/noche\nopen v1\n"),
                      FOLDER_NEW);
    assert_true (fits ("loteria/nacional/noche\nopen v2\n"));
    assert_true (fits ("junk\n"));
    assert_true (fits ("loteria/nacional/tarde"));
    assert_true (fits (""));
    assert_false (fits ("loteria/nacional/tarde\nopen v1\n"));
    assert_non_null (strstr (why, "/notes has the notes of loteria/nacional/noche: "));
    assert_false (fits ("loteria/otra/noche\nopen v1\n"));
}

static void a_folder_with_junk_fits_any_draw (void **state)
{
    (void) state;
    assert_int_equal (note_folder_make (folder, why), 0);
    assert_int_equal (put ("open.note", "loteria/na\x1b/noche\n"), FOLDER_NEW);
    assert_true (fits ("loteria/nacional/tarde\nopen v1\n"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (what_is_there_stays, make, unmake),
        cmocka_unit_test_setup_teardown (a_long_file_is_copied_and_compared, make,
                                         unmake),
        cmocka_unit_test_setup_teardown (what_cannot_be_written_is_said, make, unmake),
        cmocka_unit_test_setup_teardown (a_file_that_has_no_room_leaves_none, make,
                                         unmake),
        cmocka_unit_test_setup_teardown (a_folder_is_of_one_draw, make, unmake),
        cmocka_unit_test_setup_teardown (a_folder_with_junk_fits_any_draw, make,
                                         unmake),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

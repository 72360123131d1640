/* test_folders.c - draws' files of rows: written behind the log, opened when they are
   needed, closed when they are synced, and looked at. */

#include "testing.h"

#include <stdio.h>

#include "bounds.h"
#include "disk.h"
#include "folders.h"

#define MANY 300 // more than are open at once

static disk_t *disk;
static folders_t *folders;

static void begin (bool peek)
{
    folders_destroy (&folders);
    folders = folders_new ("day", peek);
}

static int setup (void **state)
{
    (void) state;
    disk = disk_new (NULL);
    disk_mount (disk);
    begin (false);
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    folders_destroy (&folders);
    assert_null (folders);
    folders_destroy (&folders);
    disk_mount (NULL);
    disk_destroy (&disk);
    return 0;
}

static bytes_t text_of (const char *text)
{
    return bytes_of (text, strlen (text));
}

static folder_t *made (const char *name)
{
    folder_t *folder = folders_add (folders, name, NULL);
    assert_int_equal (folder_make (folder), 0);
    return folder;
}

static void assert_file (const char *name, const char *text)
{
    const bytes_t bytes = disk_cached (disk, name);
    if (!bytes_equal (bytes, text_of (text)))
        fail_msg ("%s: '%.*s'", name, (int) bytes.size, (const char *) bytes.data);
}

static unsigned open_files (void)
{
    unsigned count = 0;
    disk_file_t *file;
    for (size_t i = 0; (file = disk_at (disk, i)); i++)
        count += file->writers + file->readers;
    return count;
}

static void rows_are_read_before_and_after_they_are_written (void **state)
{
    (void) state;
    char read[16] = "";
    folder_t *folder = made ("first");
    folder_append (folder, ROWS_BETS, text_of ("abc"));
    folder_append (folder, ROWS_NOTES, text_of ("n"));
    for (int written = 0; written < 3; written++) {
        assert_int_equal (folder_end (folder, ROWS_BETS), written < 2 ? 3 : 6);
        assert_int_equal (folder_read (folder, ROWS_BETS, read, 3, 0), 0);
        assert_string_equal (read, "abc");
        assert_int_equal (folder_read (folder, ROWS_NOTES, read, 1, 0), 0);
        read[1] = 'b';
        if (written == 0)
            assert_int_equal (folders_write (folders), 0);
        else
            folder_append (folder, ROWS_BETS, text_of ("def"));
    }
    assert_int_equal (folder_written (folder, ROWS_BETS), 3);
    assert_int_equal (folder_read (folder, ROWS_BETS, read, 9, 0), 0); // across
    assert_string_equal (read, "abcdefdef");
    assert_int_equal (folder_read (folder, ROWS_BETS, read, 3, 7), -1);
    assert_int_equal (errno, EBADMSG);
    assert_non_null (
        strstr (folders_failure (folders), "draws/first/bets.csv: has no"));
    assert_file ("draws/first/bets.csv", "abc");
    assert_file ("draws/first/notes", "n");
    assert_null (disk_find (disk, "draws/first/cancelled.csv"));
}

/* Whatever is written to whichever, a power cut behind the syncs loses nothing; and no
   more files are open than that. */
static void many_files_are_synced_several_at_once (void **state)
{
    (void) state;
    static folder_t *all[MANY];
    char name[16], path[FOLDERS_PATH_BYTES];
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf (name, sizeof name, "d%u", i);
        all[i] = made (name);
        folder_append (all[i], ROWS_BETS, text_of (name));
    }
    assert_int_equal (folders_write (folders), 0);
    assert_true (open_files () <= 128); // some had to be synced for it
    disk_hold (disk, true);
    assert_int_equal (folders_sync_start (folders), 0);
    size_t under_way = 0, rounds = 0;
    int done;
    while ((done = folders_sync_done (folders)) == 0) {
        disk_file_t *file = NULL;
        for (under_way = 0; (file = disk_syncing_next (disk, file)); under_way++)
            ;
        assert_true (under_way > 0 && under_way <= 16);
        disk_finish (disk_syncing (disk));
        folder_append (all[rounds++ % MANY], ROWS_BETS, text_of ("more"));
        if (rounds % 10 == 0) // meanwhile it goes on
            assert_int_equal (folders_write (folders), 0);
    }
    assert_int_equal (done, 1);
    disk_hold (disk, false);
    assert_int_equal (folders_write (folders), 0);
    assert_int_equal (folders_sync (folders), 0);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf (name, sizeof name, "d%u", i);
        folders_path (name, FOLDERS_BETS, path);
        assert_int_equal (disk_durable (disk, path).size,
                          folder_written (all[i], ROWS_BETS));
        assert_memory_equal (disk_durable (disk, path).data, name, strlen (name));
    }
    assert_int_equal (folders_sync_start (folders), 0);
    assert_int_equal (folders_sync_done (folders), 1); // nothing is left to do
    assert_true (open_files () <= 64);
}

static void a_sync_that_fails_is_told (void **state)
{
    (void) state;
    folder_t *folder = made ("first");
    disk_file_t *file = disk_find (disk, "draws/first/bets.csv");
    for (int here = 0; here < 2; here++) {
        folder_append (folder, ROWS_BETS, text_of ("abc"));
        assert_int_equal (folders_write (folders), 0);
        file->fails[DISK_SYNC] = 1;
        if (here)
            assert_int_equal (folders_sync (folders), -1);
        else
            assert_true (folders_sync_start (folders) == -1 ||
                         folders_sync_done (folders) == -1);
        assert_int_equal (errno, EIO);
        assert_string_equal (folders_failure (folders),
                             "draws/first/bets.csv: cannot be synced");
        folders_forgive (folders);
        assert_null (folders_failure (folders));
        begin (false);
        folder = folders_add (folders, "first",
                              (uint64_t[DRAW_ROWS]){file->cached.size, 0, 0});
    }
}

/* What will be written to is looked at, and of the others some in turn. */
static void what_was_taken_away_is_noticed (void **state)
{
    (void) state;
    char name[16], path[FOLDERS_PATH_BYTES];
    folder_t *folder[20];
    for (uint32_t i = 0; i < 20; i++) {
        snprintf (name, sizeof name, "d%u", i);
        folder[i] = made (name);
        folder_append (folder[i], ROWS_BETS, text_of ("abc"));
    }
    assert_int_equal (folders_write (folders), 0);
    assert_int_equal (folders_sync (folders), 0);
    for (uint32_t i = 0; i < 20; i += 7)
        for (int touched = 0; touched < 2; touched++) {
            snprintf (name, sizeof name, "d%u", i);
            folders_path (name, FOLDERS_BETS, path);
            disk_rename (disk, path, "away");
            int groups = 1;
            if (touched)
                folder_append (folder[i], ROWS_BETS, text_of ("d"));
            while (folders_sound (folders) == 0 && groups < 20)
                groups++;
            assert_true (groups <= (touched ? 1 : 5));
            assert_non_null (strstr (folders_failure (folders), path));
            disk_rename (disk, "away", path);
            assert_int_equal (folders_write (folders), 0);
        }
}

static void files_are_checked_at_a_start (void **state)
{
    (void) state;
    char why[FOLDERS_WHY_BYTES];
    const uint64_t ends[DRAW_ROWS] = {3, 0, 2};
    folder_t *folder = made ("first");
    folder_append (folder, ROWS_BETS, text_of ("abc"));
    folder_append (folder, ROWS_NOTES, text_of ("n\n"));
    assert_int_equal (folders_write (folders), 0);
    disk_file_t *csv = disk_find (disk, "draws/first/bets.csv");
    for (int what = 0; what < 5; what++) {
        begin (false);
        folder = folders_add (folders, "first", ends);
        uint64_t cut = 0;
        switch (what) {
        case 0:
            assert_int_equal (folder_check (folder, why), 0);
            assert_int_equal (folder_check_tail (folder, why), 0);
            break;
        case 1:
            disk_set (csv, "ab", 2);
            assert_int_equal (folder_check (folder, why), -1);
            assert_int_equal (errno, 0);
            assert_non_null (
                strstr (why, "bets.csv: has 2 bytes, of 3 that were safe"));
            disk_set (csv, "abc", 3);
            break;
        case 2:
            disk_rename (disk, "draws/first/notes", "away");
            assert_int_equal (folder_check (folder, why), -1);
            assert_int_equal (errno, 0);
            assert_string_equal (why, "draws/first/notes: was removed");
            disk_rename (disk, "away", "draws/first/notes");
            break;
        case 3:
            csv->file->ops->truncate (csv->file, 3 + LOG_GROUP_BYTES_MAX);
            assert_int_equal (folder_check_tail (folder, why), 0);
            csv->file->ops->truncate (csv->file, 4 + LOG_GROUP_BYTES_MAX);
            assert_int_equal (folder_check_tail (folder, why), -1);
            assert_non_null (strstr (why, "more than a crash leaves"));
            break;
        case 4: // and cut off, of a file that should not be there, too
            disk_set (disk_file (disk, "draws/first/cancelled.csv"), "xy", 2);
            assert_int_equal (folder_behind (folder, &cut), 0);
            assert_int_equal (cut, 3 + LOG_GROUP_BYTES_MAX);
            cut = 0;
            assert_int_equal (folder_cut (folder, &cut), 0);
            assert_int_equal (cut, 3 + LOG_GROUP_BYTES_MAX);
            assert_file ("draws/first/bets.csv", "abc");
            assert_file ("draws/first/cancelled.csv", "");
            break;
        }
    }
}

/* Little for a small draw, and more for one that grows; all of it goes back. */
static void room_is_made_ahead_and_given_back (void **state)
{
    (void) state;
    static char rows[1024 * 1024];
    memset (rows, 'x', sizeof rows);
    folder_t *folder = made ("first");
    disk_file_t *csv = disk_find (disk, "draws/first/bets.csv");
    assert_int_equal (folder_reserve (folder, ROWS_BETS, 100), 0);
    assert_true (csv->allocated >= 100 && csv->allocated <= 128 * 1024);
    for (int i = 0; i < 20; i++) {
        assert_int_equal (folder_reserve (folder, ROWS_BETS, sizeof rows), 0);
        folder_append (folder, ROWS_BETS, bytes_of (rows, sizeof rows));
        assert_int_equal (folders_write (folders), 0);
    }
    assert_true (csv->calls[DISK_RESERVE] < 12);
    assert_true (csv->allocated > csv->cached.size);
    assert_int_equal (folder_settle (folder), 0);
    assert_int_equal (csv->allocated, csv->cached.size);
    assert_int_equal (csv->durable.size, csv->cached.size);
    disk_limit (disk, 10);
    assert_int_equal (folder_reserve (folder, ROWS_BETS, 11), -1);
    assert_int_equal (errno, ENOSPC);
    assert_int_equal (folder_reserve (folder, ROWS_BETS, 10), 0); // the last there is
}

static void a_peek_makes_nothing (void **state)
{
    (void) state;
    uint64_t other = 0;
    folder_t *folder = made ("first");
    folder_append (folder, ROWS_BETS, text_of ("abc"));
    assert_int_equal (folders_write (folders), 0);
    begin (true);
    folder = folders_add (folders, "first", (uint64_t[DRAW_ROWS]){2, 0, 0});
    folder_t *none = folders_add (folders, "second", NULL);
    folder_append (folder, ROWS_BETS, text_of ("xyz"));
    folder_append (none, ROWS_BETS, text_of ("12345"));
    assert_int_equal (folders_compare (folders, &other), 0);
    assert_int_equal (other, 3 + 5);
    assert_int_equal (open_files (), 0); // without a lock
    assert_null (disk_find (disk, "draws/second/bets.csv"));
    assert_file ("draws/first/bets.csv", "abc");
}

#define FOLDERS_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        FOLDERS_TEST (rows_are_read_before_and_after_they_are_written),
        FOLDERS_TEST (many_files_are_synced_several_at_once),
        FOLDERS_TEST (a_sync_that_fails_is_told),
        FOLDERS_TEST (what_was_taken_away_is_noticed),
        FOLDERS_TEST (files_are_checked_at_a_start),
        FOLDERS_TEST (room_is_made_ahead_and_given_back),
        FOLDERS_TEST (a_peek_makes_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

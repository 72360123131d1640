/* test_disk.c - the tests' own disk: it has to lie exactly as much as a real one may.
 */

#include "testing.h"

#include "disk.h"

#define SECTOR DISK_SECTOR_BYTES

static disk_t *disk;
static disk_file_t *file;
static dice_t dice;

static int setup (void **state)
{
    (void) state;
    dice = 1;
    disk = disk_new (NULL);
    file = disk_file (disk, "a");
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    disk_destroy (&disk);
    return 0;
}

static int put (disk_file_t *to, const char *text, uint64_t position)
{
    return to->file->ops->write (to->file, text, strlen (text), position);
}

static int sync_file (disk_file_t *of)
{
    return of->file->ops->sync (of->file);
}

static int sync_done (disk_file_t *of)
{
    return of->file->ops->sync_done (of->file);
}

static void assert_cached (const char *text)
{
    const bytes_t bytes = disk_cached (disk, "a");
    assert_int_equal (bytes.size, strlen (text));
    assert_memory_equal (bytes.data, text, bytes.size);
}

static void assert_durable (const char *text)
{
    const bytes_t bytes = disk_durable (disk, "a");
    assert_int_equal (bytes.size, strlen (text));
    if (bytes.size > 0)
        assert_memory_equal (bytes.data, text, bytes.size);
}

static void only_what_was_synced_survives (void **state)
{
    (void) state;
    put (file, "one", 0);
    assert_cached ("one");
    assert_durable ("");
    assert_int_equal (sync_file (file), 0);
    assert_durable ("one");
    put (file, "two", 3);
    file->file->ops->truncate (file->file, 5);
    assert_cached ("onetw");
    disk_cut (disk);
    assert_cached ("one");
    assert_durable ("one");
}

/* Of three sectors any may be there after a power cut, whole or not at all, and every
   combination comes in time; so does every length. */
static void any_sector_may_be_lost (void **state)
{
    (void) state;
    static uint8_t before[3 * SECTOR], after[3 * SECTOR];
    bool seen[8] = {false};
    memset (before, 'b', sizeof before);
    memset (after, 'a', sizeof after);
    for (int i = 0; i < 500; i++) {
        unsigned what = 0;
        disk_set (file, before, sizeof before);
        file->file->ops->write (file->file, after, sizeof after, 0);
        disk_cut_file_torn (file, &dice);
        assert_int_equal (file->cached.size, sizeof before);
        for (unsigned sector = 0; sector < 3; sector++) {
            const uint8_t *at = file->cached.data + sector * SECTOR;
            const bool there = *at == 'a';
            assert_memory_equal (at, there ? after : before, SECTOR);
            what |= (unsigned) there << sector;
        }
        seen[what] = true;
    }
    for (int i = 0; i < 8; i++)
        assert_true (seen[i]);
}

static void the_length_may_be_there_before_the_bytes (void **state)
{
    (void) state;
    static uint8_t after[4 * SECTOR];
    unsigned longer = 0, garbage = 0;
    memset (after, 'a', sizeof after);
    for (int i = 0; i < 500; i++) {
        disk_set (file, "b", 1);
        file->file->ops->write (file->file, after, sizeof after, 1);
        disk_cut_file_torn (file, &dice);
        assert_true (file->cached.size >= 1 && file->cached.size <= sizeof after + 1);
        assert_int_equal (file->cached.data[0], 'b');
        longer += file->cached.size > 1;
        for (size_t at = 1; at < file->cached.size; at++)
            if (file->cached.data[at] != 'a' && file->cached.data[at] != 0) {
                assert_true (at >= SECTOR);
                garbage++;
                break;
            }
    }
    assert_true (longer > 100 && garbage > 10);
}

static void a_failed_sync_forgets (void **state)
{
    (void) state;
    put (file, "one", 0);
    file->fails[DISK_SYNC] = 1;
    assert_int_equal (sync_file (file), -1);
    assert_int_equal (errno, EIO);
    assert_string_equal (file->file->failed, "cannot be synced");
    assert_true (disk_failed (disk));
    assert_int_equal (sync_file (file), 0); // and says that all is well
    assert_cached ("one");
    assert_durable ("");
    put (file, "ONE", 0); // written anew it is not forgotten
    assert_int_equal (sync_file (file), 0);
    assert_durable ("ONE");
}

static void the_nth_call_fails (void **state)
{
    (void) state;
    char byte;
    put (file, "one", 0);
    file->fails[DISK_READ] = 2;
    assert_int_equal (file->file->ops->read (file->file, &byte, 1, 0), 1);
    assert_int_equal (file->file->ops->read (file->file, &byte, 1, 0), -1);
    assert_int_equal (file->file->ops->read (file->file, &byte, 1, 0), 1);
    assert_int_equal (file->calls[DISK_READ], 3);
    assert_int_equal (file->bytes_read, 2);
    file->fails[DISK_SIZE] = DISK_ALWAYS;
    for (int i = 0; i < 3; i++)
        assert_int_equal (file->file->ops->size (file->file), -1);
    file->fails[DISK_SIZE] = 0;
    assert_int_equal (file->file->ops->size (file->file), 3);
    disk_fail (disk, 2); // of any kind, on any file
    assert_int_equal (put (disk_file (disk, "b"), "x", 0), 0);
    assert_int_equal (file->file->ops->truncate (file->file, 0), -1);
    assert_cached ("one");
    assert_int_equal (file->file->ops->truncate (file->file, 0), 0);
}

/* A write that fails has written a part of it, in whole sectors. */
static void a_failed_write_is_half_there (void **state)
{
    (void) state;
    static uint8_t bytes[4 * SECTOR];
    memset (bytes, 'x', sizeof bytes);
    file->fails[DISK_WRITE] = 1;
    assert_int_equal (file->file->ops->write (file->file, bytes, sizeof bytes, 0), -1);
    assert_int_equal (file->cached.size, 2 * SECTOR);
}

static void space_runs_out (void **state)
{
    (void) state;
    assert_int_equal (file->file->ops->reserve (file->file, 8), 0);
    disk_fill (file);
    assert_int_equal (put (file, "12345678", 0), 0);
    assert_int_equal (put (file, "9", 8), -1);
    assert_int_equal (errno, ENOSPC);
    assert_true (disk_full (disk) && !disk_failed (disk));
    assert_cached ("12345678");
    disk_file_t *other = disk_file (disk, "b");
    disk_limit (disk, 4); // of all files together
    assert_int_equal (other->file->ops->reserve (other->file, 3), 0);
    assert_int_equal (other->file->ops->reserve (other->file, 5), -1);
    file->room = UINT64_MAX;
    assert_int_equal (put (file, "9", 8), 0);
    assert_int_equal (put (file, "0", 9), -1);
    assert_int_equal (put (other, "123", 0), 0); // was reserved
}

static void a_sync_in_the_background_covers_what_was_written (void **state)
{
    (void) state;
    disk_hold (disk, true);
    assert_int_equal (sync_done (file), 1); // none was begun
    put (file, "one", 0);
    assert_int_equal (file->file->ops->sync_start (file->file), 0);
    put (file, "two", 3);
    assert_int_equal (sync_done (file), 0);
    assert_durable ("");
    assert_ptr_equal (disk_syncing (disk), file);
    disk_finish (file);
    assert_null (disk_syncing (disk));
    assert_durable ("one");
    assert_int_equal (sync_done (file), 1);
    assert_int_equal (sync_file (file), 0);
    assert_durable ("onetwo");
    assert_int_equal (file->calls[DISK_SYNC], 2);

    disk_hold (disk, false);
    put (file, "!", 6);
    assert_int_equal (file->file->ops->sync_start (file->file), 0);
    assert_durable ("onetwo"); // not before somebody asks
    assert_int_equal (sync_done (file), 1);
    assert_durable ("onetwo!");
}

static void a_sync_in_the_background_can_fail (void **state)
{
    (void) state;
    for (int in_between = 0; in_between <= 1; in_between++) {
        disk_set (file, NULL, 0);
        put (file, "one", 0);
        file->fails[DISK_SYNC] = 1;
        assert_int_equal (file->file->ops->sync_start (file->file), 0);
        if (in_between) // waits for it, and takes its outcome
            assert_int_equal (sync_file (file), -1);
        else
            assert_int_equal (sync_done (file), -1);
        assert_int_equal (errno, EIO);
        assert_int_equal (sync_file (file), 0);
        assert_durable ("");
    }
}

/* Before it is over any part of what it covers may be there, and of what came later. */
static void power_cuts_find_a_sync_under_way (void **state)
{
    (void) state;
    bool seen[4] = {false};
    disk_hold (disk, true);
    for (int i = 0; i < 200; i++) {
        disk_set (file, "--", 2);
        put (file, "1", 0);
        assert_int_equal (file->file->ops->sync_start (file->file), 0);
        put (file, "2", 1);
        disk_cut_file_torn (file, &dice);
        assert_null (disk_syncing (disk));
        const uint8_t *left = file->cached.data;
        seen[(left[0] == '1') + 2 * (left[1] == '2')] = true;
    }
    for (int i = 0; i < 4; i++)
        assert_true (seen[i]);
}

static life_t live_on (void *context)
{
    unsigned *left = context;
    if (*left == 0)
        return LIFE_IS_OVER;
    return --*left == 0 ? LIFE_ENDS_HERE : LIFE_GOES_ON;
}

static void the_dead_do_nothing (void **state)
{
    (void) state;
    unsigned left = 3;
    put (file, "one", 0);
    disk_ask (disk, live_on, &left);
    assert_int_equal (put (file, "two", 0), 0);
    assert_int_equal (sync_file (file), 0);
    assert_int_equal (sync_file (file), -1); // it ends here
    assert_int_equal (put (file, "six", 0), -1);
    assert_int_equal (file->file->ops->truncate (file->file, 0), -1);
    assert_int_equal (file->file->ops->sync_start (file->file), -1);
    assert_int_equal (sync_file (file), -1);
    assert_cached ("two");
    assert_durable ("two");
}

static void files_are_found_by_name (void **state)
{
    (void) state;
    put (file, "one", 0);
    put (disk_file (disk, "b"), "two", 0);
    assert_int_equal (file->file->ops->sound (file->file, 3), 0);
    assert_int_equal (file->file->ops->sound (file->file, 4), -1);
    assert_string_equal (file->file->failed, "is shorter than it was");
    disk_rename (disk, "b", "a"); // exchanged under whoever has it open
    assert_cached ("two");
    assert_null (disk_find (disk, "b"));
    assert_int_equal (file->file->ops->sound (file->file, 3), -1);
    assert_string_equal (file->file->failed, "was removed");
    assert_int_equal (put (file, "ONE", 0), 0);
    assert_cached ("two");
    disk_remove (disk, "a");
    assert_null (disk_find (disk, "a"));
    assert_int_equal (disk_cached (disk, "a").size, 0);
}

static void clones_are_their_own (void **state)
{
    (void) state;
    put (file, "one", 0);
    sync_file (file);
    put (file, "two", 3);
    disk_t *clone = disk_clone (disk, &dice);
    disk_cut (disk);
    assert_cached ("one");
    const bytes_t cached = disk_cached (clone, "a");
    assert_int_equal (cached.size, 6);
    assert_memory_equal (cached.data, "onetwo", 6);
    assert_int_equal (disk_durable (clone, "a").size, 3);
    assert_int_equal (sync_file (disk_find (clone, "a")), 0);
    assert_int_equal (disk_durable (clone, "a").size, 6);
    disk_destroy (&clone);
}

/* The functions of disk_files.c are the simulator's; this is what they are made of. */
static void one_process_has_a_file (void **state)
{
    (void) state;
    assert_null (disk_open (disk, "c", false));
    assert_int_equal (errno, ENOENT);
    file_t *writer = disk_open (disk, "c", true);
    assert_non_null (writer);
    assert_null (disk_open (disk, "c", true));
    assert_int_equal (errno, EWOULDBLOCK);
    assert_null (disk_open (disk, "c", false));
    writer->ops->close (writer);
    file_t *readers[2] = {disk_open (disk, "c", false), disk_open (disk, "c", false)};
    assert_true (readers[0] && readers[1]);
    assert_null (disk_open (disk, "c", true));
    readers[0]->ops->close (readers[0]);
    disk_cut (disk); // and nobody has it any more
    writer = disk_open (disk, "c", true);
    assert_non_null (writer);
    readers[1]->ops->close (readers[1]);
    assert_null (disk_open (disk, "c", true));
    writer->ops->close (writer);
}

static life_t lives (void *context)
{
    return *(life_t *) context;
}

/* Folders, links and names: there before a power cut, as they were or as they are after
   one that comes before they are synced, and there for good once they are. */
static void entries_are_safe_once_they_are_synced (void **state)
{
    (void) state;
    assert_int_equal (disk_make_folder (disk, "draws"), 0);
    assert_int_equal (disk_make_folder (disk, "draws"), 0);
    assert_int_equal (disk_make_folder (disk, "a"), -1); // a file
    assert_int_equal (disk_make_folder (disk, "x/y"), -1);
    assert_null (disk_open (disk, "x/y", true));
    file_t *made = disk_open (disk, "draws/bets", true);
    assert_non_null (made);
    made->ops->close (made);
    assert_int_equal (disk_link (disk, "a", "draws/bets"), -1); // a file
    assert_int_equal (disk_link (disk, "link", "draws/bets"), 0);
    assert_ptr_equal (disk_find (disk, "link"), disk_find (disk, "draws/bets"));
    assert_int_equal (disk_move (disk, "draws/none", "draws/bets"), -1);
    assert_false (disk_entry_unsafe (disk));
    disk_cut (disk);
    assert_true (disk_has_folder (disk, "draws"));
    assert_non_null (disk_find (disk, "draws/bets"));
    assert_string_equal (disk_link_of (disk, "link"), "draws/bets");
    disk_remove (disk, "link");
    assert_null (disk_find (disk, "link"));
    assert_non_null (disk_find (disk, "draws/bets"));
}

/* Each change fails at its sync: it is there, and comes to be or not. */
static void entries_that_are_not_synced_may_be_lost (void **state)
{
    (void) state;
    for (int what = 0; what < 4; what++)
        for (int came = 0; came < 2; came++) {
            teardown (NULL);
            setup (NULL);
            disk_set (file, "old", 3);
            disk_set (disk_file (disk, "b"), "new", 3);
            assert_int_equal (disk_link (disk, "link", "a"), 0);
            disk_fail (disk, 2);
            if (what == 0)
                assert_int_equal (disk_make_folder (disk, "draws"), -1);
            else if (what == 1)
                assert_null (disk_open (disk, "c", true));
            else if (what == 2)
                assert_int_equal (disk_link (disk, "link", "b"), -1);
            else
                assert_int_equal (disk_move (disk, "b", "a"), -1);
            assert_true (disk_entry_unsafe (disk));
            disk_t *clone = disk_clone (disk, NULL);
            disk_settle_entry (clone, came);
            disk_cut (clone);
            assert_int_equal (disk_has_folder (clone, "draws"), what == 0 && came);
            assert_int_equal (disk_find (clone, "c") != NULL, what == 1 && came);
            assert_string_equal (disk_link_of (clone, "link"),
                                 what == 2 && came ? "b" : "a");
            assert_memory_equal (disk_cached (clone, "a").data,
                                 what == 3 && came ? "new" : "old", 3);
            assert_int_equal (disk_find (clone, "b") != NULL, what != 3 || !came);
            disk_destroy (&clone);
            disk_cut (disk); // without dice it never came to be
            assert_null (disk_find (disk, "c"));
            assert_string_equal (disk_link_of (disk, "link"), "a");
            assert_memory_equal (disk_cached (disk, "a").data, "old", 3);
        }
}

static void the_dead_change_no_entries (void **state)
{
    (void) state;
    life_t life = LIFE_IS_OVER;
    disk_ask (disk, lives, &life);
    assert_int_equal (disk_make_folder (disk, "draws"), -1);
    assert_int_equal (disk_link (disk, "link", "a"), -1);
    assert_int_equal (disk_move (disk, "a", "b"), -1);
    assert_null (disk_open (disk, "c", true));
    assert_false (disk_has_folder (disk, "draws"));
    assert_null (disk_link_of (disk, "link"));
    assert_null (disk_find (disk, "b"));
    assert_null (disk_find (disk, "c"));
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST (only_what_was_synced_survives),
        DISK_TEST (any_sector_may_be_lost),
        DISK_TEST (the_length_may_be_there_before_the_bytes),
        DISK_TEST (a_failed_sync_forgets),
        DISK_TEST (the_nth_call_fails),
        DISK_TEST (a_failed_write_is_half_there),
        DISK_TEST (space_runs_out),
        DISK_TEST (a_sync_in_the_background_covers_what_was_written),
        DISK_TEST (a_sync_in_the_background_can_fail),
        DISK_TEST (power_cuts_find_a_sync_under_way),
        DISK_TEST (the_dead_do_nothing),
        DISK_TEST (files_are_found_by_name),
        DISK_TEST (clones_are_their_own),
        DISK_TEST (one_process_has_a_file),
        DISK_TEST (entries_are_safe_once_they_are_synced),
        DISK_TEST (entries_that_are_not_synced_may_be_lost),
        DISK_TEST (the_dead_change_no_entries),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

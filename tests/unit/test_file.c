/* test_file.c - files on the disk that the tests run on, in a directory of their own.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"

static char directory[64], path[128], why[512];

/* What was asked of fsync (), and what it is to say. */
static struct {
    size_t count;
    ino_t inode; // of the last
    int error;
} synced;

/* Stands in for the C library's. */
int fsync (int fd)
{
    struct stat about;
    assert_int_equal (fstat (fd, &about), 0);
    synced.count++;
    synced.inode = about.st_ino;
    errno = synced.error;
    return synced.error ? -1 : 0;
}

/* Stands in for the C library's, too; in a thread of its own, mostly. While it is held
   it waits for a byte. */
static struct {
    atomic_uint count;
    atomic_int error;
    atomic_bool held;
    int gate[2];
} data_synced;

int fdatasync (int fd)
{
    char byte;
    (void) fd;
    data_synced.count++;
    if (data_synced.held && read (data_synced.gate[0], &byte, 1) != 1)
        abort ();
    errno = data_synced.error;
    return data_synced.error ? -1 : 0;
}

static int setup (void **state)
{
    (void) state;
    strcpy (directory, "/tmp/loteria-test-XXXXXX");
    if (!mkdtemp (directory))
        return -1;
    snprintf (path, sizeof path, "%s/bets", directory);
    strcpy (why, "?");
    data_synced.count = 0;
    data_synced.error = 0;
    data_synced.held = false;
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    unlink (path);
    return rmdir (directory);
}

static file_t *open_file (file_mode_t mode)
{
    return file_open (directory, "bets", mode, why, sizeof why);
}

static size_t descriptors (void)
{
    size_t count = 0;
    DIR *listing = opendir ("/proc/self/fd");
    assert_non_null (listing);
    while (readdir (listing))
        count++;
    closedir (listing);
    return count;
}

static void assert_bytes (file_t *file, uint64_t position, const char *expected)
{
    char buffer[64];
    const size_t size = strlen (expected);
    assert_int_equal (file->ops->read (file, buffer, size, position), size);
    assert_memory_equal (buffer, expected, size);
}

static void what_is_written_is_read_again (void **state)
{
    (void) state;
    char buffer[64];
    file_t *file = open_file (FILE_WRITE);
    assert_non_null (file);
    assert_string_equal (file->name, "bets");
    assert_int_equal (file->ops->size (file), 0);
    assert_int_equal (file->ops->read (file, buffer, sizeof buffer, 0), 0);
    assert_int_equal (file->ops->write (file, "0123456789", 10, 0), 0);
    assert_int_equal (file->ops->write (file, "abc", 3, 4), 0);
    assert_int_equal (file->ops->write (file, "", 0, 10), 0);
    assert_int_equal (file->ops->sync (file), 0);
    assert_int_equal (file->ops->size (file), 10);
    assert_bytes (file, 0, "0123abc789");
    assert_bytes (file, 7, "789");
    assert_int_equal (file->ops->read (file, buffer, sizeof buffer, 7), 3); // the end
    assert_int_equal (file->ops->read (file, buffer, sizeof buffer, 10), 0);
    assert_int_equal (file->ops->read (file, buffer, sizeof buffer, 1000), 0);
    assert_int_equal (file->ops->truncate (file, 5), 0);
    assert_int_equal (file->ops->size (file), 5);
    assert_int_equal (file->ops->write (file, "z", 1, 7), 0); // a hole reads as zeros
    assert_int_equal (file->ops->read (file, buffer, sizeof buffer, 0), 8);
    assert_memory_equal (buffer, "0123a\0\0z", 8);
    file_close (&file);
    assert_null (file);
    file_close (&file); // nothing to close

    file = open_file (FILE_WRITE); // and by the next process
    assert_bytes (file, 0, "0123a");
    file_close (&file);
}

static void reserving_does_not_lengthen (void **state)
{
    (void) state;
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (file->ops->write (file, "abc", 3, 0), 0);
    assert_int_equal (file->ops->reserve (file, 1024 * 1024), 0);
    assert_int_equal (file->ops->size (file), 3);
    assert_int_equal (file->ops->write (file, "d", 1, 3), 0);
    assert_bytes (file, 0, "abcd");
    assert_int_equal (file->ops->truncate (file, 4), 0); // gives it back
    assert_int_equal (file->ops->size (file), 4);
    file_close (&file);
}

static void a_new_file_is_its_owners_alone (void **state)
{
    (void) state;
    struct stat about;
    const mode_t mask = umask (0);
    file_t *file = open_file (FILE_WRITE);
    umask (mask);
    assert_int_equal (stat (path, &about), 0);
    assert_int_equal (about.st_mode & 07777, 0600);
    file_close (&file);
}

static void descriptors_are_for_this_process_and_given_back (void **state)
{
    (void) state;
    const size_t before = descriptors ();
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (descriptors (), before + 2); // and its directory's
    bool found = false;
    for (int fd = 3; fd < 256; fd++) {
        char link[64], target[256] = "";
        snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink (link, target, sizeof target - 1) == -1 ||
            strcmp (target, path) != 0)
            continue;
        found = true;
        assert_true (fcntl (fd, F_GETFD) & FD_CLOEXEC);
    }
    assert_true (found);
    assert_null (open_file (FILE_WRITE)); // locked: and nothing of the attempt is left
    assert_int_equal (descriptors (), before + 2);
    file_close (&file);
    assert_int_equal (descriptors (), before);
}

static void one_writes_or_several_read (void **state)
{
    (void) state;
    file_t *writer = open_file (FILE_WRITE);
    for (file_mode_t mode = FILE_READ; mode <= FILE_EXISTING; mode++) {
        assert_null (open_file (mode));
        assert_non_null (strstr (why, "/bets: another process is using it"));
        assert_memory_equal (why, directory, strlen (directory));
    }
    file_close (&writer);
    file_t *reader = open_file (FILE_READ), *another = open_file (FILE_READ);
    assert_non_null (reader);
    assert_non_null (another);
    assert_null (open_file (FILE_WRITE));
    file_close (&reader);
    assert_null (open_file (FILE_WRITE));
    file_close (&another);
    writer = open_file (FILE_WRITE);
    assert_non_null (writer);
    file_close (&writer);
}

static void a_reader_changes_nothing (void **state)
{
    (void) state;
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (file->ops->write (file, "abc", 3, 0), 0);
    file_close (&file);
    file = open_file (FILE_READ);
    assert_int_equal (file->ops->write (file, "x", 1, 0), -1);
    assert_int_equal (file->ops->truncate (file, 0), -1);
    assert_bytes (file, 0, "abc");
    file_close (&file);
}

static void what_cannot_be_opened_is_named (void **state)
{
    (void) state;
    assert_null (open_file (FILE_READ)); // reading makes no file
    assert_non_null (strstr (why, "/bets: No such file or directory"));
    assert_null (file_open ("/nowhere/at/all", "bets", FILE_WRITE, why, sizeof why));
    assert_string_equal (why, "/nowhere/at/all/bets: No such file or directory");
    assert_null (file_open ("/dev/null", "bets", FILE_WRITE, why, sizeof why));
    assert_string_equal (why, "/dev/null/bets: Not a directory");

    assert_int_equal (mkdir (path, 0700), 0); // what is there is no file
    assert_null (open_file (FILE_WRITE));
    assert_non_null (strstr (why, "/bets: Is a directory"));
    assert_int_equal (rmdir (path), 0);
    assert_int_equal (symlink ("/dev/null", path), 0); // or somebody else's
    for (file_mode_t mode = FILE_READ; mode <= FILE_EXISTING; mode++) {
        assert_null (open_file (mode));
        assert_non_null (strstr (why, "/bets: Too many levels of symbolic links"));
    }
}

/* Nor may it take the directory. */
static void a_new_directory_is_synced_in_its_parent (void **state)
{
    (void) state;
    char made[sizeof directory + 8];
    struct stat about;
    const size_t before = synced.count, open_before = descriptors ();
    snprintf (made, sizeof made, "%s/new/", directory);
    assert_int_equal (file_make_directory (made), 0);
    assert_int_equal (synced.count, before + 1);
    assert_int_equal (stat (directory, &about), 0);
    assert_int_equal (synced.inode, about.st_ino);
    assert_int_equal (stat (made, &about), 0);
    assert_int_equal (about.st_mode & 07777, 0700);
    assert_int_equal (file_make_directory (made), -1);
    assert_int_equal (errno, EEXIST);
    assert_int_equal (rmdir (made), 0);
    synced.error = EIO;
    assert_int_equal (file_make_directory (made), -1);
    assert_int_equal (errno, EIO);
    synced.error = 0;
    assert_int_equal (rmdir (made), 0);
    assert_int_equal (descriptors (), open_before);
}

/* Else a power cut may take a new file away, with all that was synced into it. */
static void a_writers_directory_is_synced (void **state)
{
    (void) state;
    struct stat about;
    assert_int_equal (stat (directory, &about), 0);
    const size_t before = synced.count, open_before = descriptors ();
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (synced.count, before + 1);
    assert_int_equal (synced.inode, about.st_ino);
    file_close (&file);

    file = open_file (FILE_READ); // a reader makes no file
    assert_int_equal (synced.count, before + 1);
    file_close (&file);

    synced.error = EIO;
    file = open_file (FILE_WRITE);
    synced.error = 0;
    assert_null (file);
    assert_non_null (strstr (why, ": cannot be synced, Input/output error"));
    assert_memory_equal (why, directory, strlen (directory));
    assert_int_equal (descriptors (), open_before);
}

/* A file that may not grow: the kernel writes what fits, and says how much. */
static void a_short_write_is_a_failure (void **state)
{
    (void) state;
    static const char bytes[200];
    struct rlimit before, limit;
    file_t *file = open_file (FILE_WRITE);
    signal (SIGXFSZ, SIG_IGN);
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 100;
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &limit), 0);
    errno = 0;
    const int half = file->ops->write (file, bytes, sizeof bytes, 0);
    const int half_error = errno;
    const int none = file->ops->write (file, bytes, sizeof bytes, 100);
    const int none_error = errno;
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
    assert_int_equal (half, -1);
    assert_int_equal (half_error, EIO);
    assert_int_equal (none, -1);
    assert_int_equal (none_error, EFBIG);
    file_close (&file);
}

/* ---- Syncs in the background ---- */

static void hold (void)
{
    assert_int_equal (pipe2 (data_synced.gate, O_CLOEXEC), 0);
    data_synced.held = true;
}

static void let_go (void)
{
    assert_int_equal (write (data_synced.gate[1], "", 1), 1);
}

static void end_hold (void)
{
    data_synced.held = false;
    close (data_synced.gate[0]);
    close (data_synced.gate[1]);
}

static int await (file_t *file)
{
    struct pollfd waiting = {.fd = file->ops->sync_descriptor (file), .events = POLLIN};
    assert_true (waiting.fd >= 0);
    assert_int_equal (poll (&waiting, 1, -1), 1);
    return file->ops->sync_done (file);
}

static void a_sync_in_the_background_is_told_when_it_is_over (void **state)
{
    (void) state;
    const size_t before = descriptors ();
    file_t *file = open_file (FILE_WRITE);
    const int descriptor = file->ops->sync_descriptor (file);
    assert_true (descriptor >= 0);
    assert_int_equal (file->ops->sync_done (file), 1); // none was begun
    hold ();
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal (file->ops->sync_start (file), 0);
        assert_int_equal (file->ops->write (file, "abc", 3, 3 * i), 0); // allowed
        struct pollfd looked = {.fd = descriptor, .events = POLLIN};
        assert_int_equal (poll (&looked, 1, 0), 0);
        assert_int_equal (file->ops->sync_done (file), 0);
        let_go ();
        assert_int_equal (await (file), 1);
        assert_int_equal (file->ops->sync_descriptor (file), descriptor);
        assert_int_equal (poll (&looked, 1, 0), 0); // it was taken
        assert_int_equal (file->ops->sync_done (file), 1);
        assert_int_equal (data_synced.count, i);
    }
    end_hold ();
    file_close (&file);
    assert_int_equal (descriptors (), before);
}

static void a_sync_in_the_background_that_fails_says_so_once (void **state)
{
    (void) state;
    file_t *file = open_file (FILE_WRITE);
    data_synced.error = ENOSPC;
    assert_int_equal (file->ops->sync_start (file), 0);
    assert_int_equal (await (file), -1);
    assert_int_equal (errno, ENOSPC);
    assert_string_equal (file->failed, "cannot be synced");
    assert_int_equal (data_synced.count, 1); // it is not asked for again

    assert_int_equal (file->ops->sync_start (file), 0);
    assert_int_equal (file->ops->sync (file), -1); // waits for it, and tells
    assert_int_equal (errno, ENOSPC);
    assert_int_equal (data_synced.count, 2);

    assert_int_equal (file->ops->sync_start (file), 0);
    struct pollfd over = {.fd = file->ops->sync_descriptor (file), .events = POLLIN};
    assert_int_equal (poll (&over, 1, -1), 1);
    data_synced.error = 0; // another sync would say yes, the kernel has forgotten
    assert_int_equal (file->ops->sync (file), -1);
    assert_int_equal (errno, ENOSPC);
    assert_int_equal (data_synced.count, 3);
    assert_int_equal (file->ops->sync (file), 0);
    file_close (&file);
}

static void a_sync_waits_for_the_one_in_the_background (void **state)
{
    (void) state;
    file_t *file = open_file (FILE_WRITE);
    hold ();
    assert_int_equal (file->ops->sync_start (file), 0);
    let_go ();
    let_go ();
    assert_int_equal (file->ops->sync (file), 0);
    assert_int_equal (data_synced.count, 2);
    assert_int_equal (file->ops->sync_done (file), 1); // none is under way
    assert_int_equal (file->ops->sync_start (file), 0);
    let_go ();
    file_close (&file); // waits, too: nothing of it is left behind
    end_hold ();
    assert_int_equal (data_synced.count, 3);
}

/* How many threads there are, and how many of them no signal may go to. */
static void count_threads (unsigned *threads, unsigned *deaf)
{
    *threads = *deaf = 0;
    struct dirent *entry;
    DIR *listing = opendir ("/proc/self/task");
    assert_non_null (listing);
    while ((entry = readdir (listing))) {
        char name[300], line[256];
        unsigned long long blocked;
        snprintf (name, sizeof name, "/proc/self/task/%s/status", entry->d_name);
        FILE *about = entry->d_name[0] == '.' ? NULL : fopen (name, "r");
        while (about && fgets (line, sizeof line, about))
            if (sscanf (line, "SigBlk: %llx", &blocked) == 1)
                *deaf +=
                    (blocked >> (SIGTERM - 1) & 1) && (blocked >> (SIGINT - 1) & 1);
        *threads += about != NULL;
        if (about)
            fclose (about);
    }
    closedir (listing);
}

/* Past the page cache or through it, in any alignment, in the background or not; a
   reader finds it. */
static void what_is_written_in_the_background_is_read_again (void **state)
{
    (void) state;
    static const struct {
        size_t data, size;
        uint64_t position;
    } writes[] = {
        {0, 4096, 0},   {0, 8192, 4096},       {0, 4096, 0}, {1, 4096, 8192},
        {0, 100, 8192}, {0, 4096, 4095},       {0, 1, 3},    {4096, 65536, 4096},
        {0, 524288, 0}, {0, 1024 * 1024, 4096}};
    const size_t room = 2 * 1024 * 1024;
    uint8_t *data = aligned_alloc (4096, room), *model = calloc (1, room);
    uint8_t *got = malloc (room);
    assert_true (data && model && got);
    file_t *file = open_file (FILE_WRITE);
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        const uint8_t *from = data + writes[i].data;
        const size_t size = writes[i].size;
        memset (data, (int) ('a' + i), room);
        memcpy (model + writes[i].position, from, size);
        assert_int_equal (file->ops->write_start (file, from, size, writes[i].position),
                          0);
        assert_int_equal (await (file), 1);
        assert_int_equal (data_synced.count, i + 1);
        const size_t length = (size_t) file->ops->size (file);
        assert_int_equal (file->ops->read (file, got, room, 0), length);
        assert_memory_equal (got, model, length);
        memset (data, (int) ('A' + i), room);
        memcpy (model + writes[i].position, from, size);
        assert_int_equal (file->ops->write_past (file, from, size, writes[i].position),
                          0);
        assert_int_equal (file->ops->read (file, got, room, 0), length);
        assert_memory_equal (got, model, length);
        // what is written through the cache meets it there
        assert_int_equal (file->ops->write (file, "now", 3, 4096 * (i % 4)), 0);
        memcpy (model + 4096 * (i % 4), "now", 3);
    }
    file_close (&file);
    free (data);
    free (model);
    free (got);
}

/* A file that may not grow. */
static void a_write_in_the_background_that_fails_says_so (void **state)
{
    (void) state;
    struct rlimit before, limit;
    uint8_t *data = aligned_alloc (4096, 8192);
    assert_non_null (data);
    memset (data, 'x', 8192);
    file_t *file = open_file (FILE_WRITE);
    signal (SIGXFSZ, SIG_IGN);
    assert_int_equal (getrlimit (RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 4096;
    for (uint64_t position = 0; position <= 4096; position += 4096) {
        assert_int_equal (setrlimit (RLIMIT_FSIZE, &limit), 0);
        const int begun = file->ops->write_start (file, data, 8192, position);
        const int outcome = await (file), error = errno;
        assert_int_equal (setrlimit (RLIMIT_FSIZE, &before), 0);
        assert_int_equal (begun, 0);
        assert_int_equal (outcome, -1);
        assert_int_equal (error, position == 0 ? EIO : EFBIG); // half of it, nothing
        assert_string_equal (file->failed, "cannot be synced");
    }
    assert_int_equal (data_synced.count, 0); // and nothing vouches for it
    data_synced.error = EIO;
    assert_int_equal (file->ops->write_start (file, data, 4096, 0), 0);
    assert_int_equal (await (file), -1);
    file_close (&file);
    free (data);
}

/* It may be moved, and another may have its name by now: the bytes go to the one that
   was opened. */
static void what_is_written_in_the_background_goes_to_the_same_file (void **state)
{
    (void) state;
    char other[sizeof path + 8];
    snprintf (other, sizeof other, "%s.other", path);
    uint8_t *data = aligned_alloc (4096, 4096);
    assert_non_null (data);
    memset (data, 'x', 4096);
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (rename (path, other), 0);
    const int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    assert_int_equal (file->ops->write_start (file, data, 4096, 0), 0);
    assert_int_equal (await (file), 1);
    assert_int_equal (file->ops->size (file), 4096);
    assert_int_equal (lseek (fd, 0, SEEK_END), 0);
    close (fd);
    unlink (other);
    file_close (&file);
    free (data);
}

/* Else a signal could be taken by the thread, and the loop would not hear of it. */
static void no_signal_is_for_the_thread_that_syncs (void **state)
{
    (void) state;
    unsigned threads_before, deaf_before, threads, deaf;
    file_t *file = open_file (FILE_WRITE);
    count_threads (&threads_before, &deaf_before);
    assert_int_equal (file->ops->sync_start (file), 0);
    assert_int_equal (await (file), 1); // it is at work, then
    count_threads (&threads, &deaf);
    assert_int_equal (threads, threads_before + 1);
    assert_int_equal (deaf, deaf_before + 1);
    file_close (&file);
}

/* ---- What may befall it ---- */

static void a_file_that_is_not_what_it_was_is_noticed (void **state)
{
    (void) state;
    char other[sizeof path + 8];
    snprintf (other, sizeof other, "%s.other", path);
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (file->ops->write (file, "0123456789", 10, 0), 0);
    assert_int_equal (file->ops->sound (file, 0), 0);
    assert_int_equal (file->ops->sound (file, 10), 0);
    assert_int_equal (file->ops->sound (file, 11), -1);
    assert_string_equal (file->failed, "is shorter than it was");
    assert_int_equal (truncate (path, 9), 0);
    assert_int_equal (file->ops->sound (file, 10), -1);

    assert_int_equal (rename (path, other), 0); // moved away
    assert_int_equal (file->ops->sound (file, 0), -1);
    assert_string_equal (file->failed, "was removed");
    const int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true (fd >= 0);
    close (fd);
    assert_int_equal (file->ops->sound (file, 0), -1);
    assert_string_equal (file->failed, "was exchanged for another");
    assert_int_equal (rename (other, path), 0); // and brought back
    assert_int_equal (file->ops->sound (file, 0), 0);
    assert_int_equal (unlink (path), 0);
    assert_int_equal (file->ops->sound (file, 0), -1);
    assert_string_equal (file->failed, "was removed");
    file_close (&file);
}

static void an_existing_file_is_not_made (void **state)
{
    (void) state;
    assert_int_equal (file_there (directory, "bets"), 0);
    errno = 0;
    assert_null (open_file (FILE_EXISTING));
    assert_int_equal (errno, ENOENT);
    assert_int_equal (file_there (directory, "bets"), 0);
    assert_int_equal (file_there ("/nowhere/at/all", "bets"), -1);
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (file_there (directory, "bets"), 1);
    assert_int_equal (file->ops->write (file, "abc", 3, 0), 0);
    file_close (&file);
    file = open_file (FILE_EXISTING);
    assert_non_null (file);
    assert_bytes (file, 0, "abc");
    assert_int_equal (file->ops->write (file, "x", 1, 0), 0);
    assert_null (open_file (FILE_EXISTING)); // it is locked
    file_close (&file);
}

static void a_new_file_must_not_be_there (void **state)
{
    (void) state;
    file_t *file = open_file (FILE_NEW);
    assert_non_null (file);
    assert_int_equal (file->ops->write (file, "abc", 3, 0), 0);
    file_close (&file);
    errno = 0;
    assert_null (open_file (FILE_NEW));
    assert_int_equal (errno, EEXIST);
    assert_int_equal (file_sync_all (directory), 0);
    assert_int_equal (file_sync_all ("/nowhere/at/all"), -1);
    file = open_file (FILE_READ);
    assert_bytes (file, 0, "abc");
    file_close (&file);
    assert_int_equal (file_remove (directory, "bets"), 0);
    assert_int_equal (file_there (directory, "bets"), 0);
    errno = 0;
    assert_int_equal (file_remove (directory, "bets"), -1);
    assert_int_equal (errno, ENOENT);
}

static void a_peek_needs_no_lock_and_changes_nothing (void **state)
{
    (void) state;
    assert_null (open_file (FILE_PEEK));
    file_t *writer = open_file (FILE_WRITE);
    assert_int_equal (writer->ops->write (writer, "abc", 3, 0), 0);
    file_t *peek = open_file (FILE_PEEK);
    assert_non_null (peek);
    assert_bytes (peek, 0, "abc");
    assert_int_equal (peek->ops->write (peek, "x", 1, 0), -1);
    file_close (&writer);
    writer = open_file (FILE_WRITE); // whoever peeks does not keep it from anybody
    assert_non_null (writer);
    file_close (&writer);
    file_close (&peek);
}

static void writing_out_ahead_changes_nothing (void **state)
{
    (void) state;
    file_t *file = open_file (FILE_WRITE);
    file->ops->write_out (file, 0, 0);
    file->ops->write_out (file, 0, 100);
    assert_int_equal (file->ops->write (file, "abc", 3, 0), 0);
    file->ops->write_out (file, 0, 3);
    file->ops->write_out (file, 5, 2);
    assert_bytes (file, 0, "abc");
    assert_int_equal (file->ops->size (file), 3);
    file_close (&file);
}

static const char *at (const char *name)
{
    static char places[2][256]; // for two at once
    static unsigned turn;
    char *place = places[turn++ % 2];
    snprintf (place, sizeof places[0], "%s/%s", directory, name);
    return place;
}

static ino_t inode_of (const char *place)
{
    struct stat about;
    assert_int_equal (lstat (place, &about), 0);
    return about.st_ino;
}

/* Each is there when it is said to be, and in the directory that it lies in. */
static void folders_are_made_and_synced (void **state)
{
    (void) state;
    const size_t open_before = descriptors ();
    struct stat about;
    for (int again = 0; again < 2; again++) { // what a crash left may not be safe
        size_t before = synced.count;
        assert_int_equal (file_make_folder (directory, "draws"), 0);
        assert_int_equal (synced.count, before + 1);
        assert_int_equal (synced.inode, inode_of (directory));
        before = synced.count;
        assert_int_equal (file_make_folder (directory, "draws/first"), 0);
        assert_int_equal (synced.count, before + 1);
        assert_int_equal (synced.inode, inode_of (at ("draws")));
    }
    assert_int_equal (lstat (at ("draws/first"), &about), 0);
    assert_int_equal (about.st_mode & 07777, 0700);
    const size_t before = synced.count;
    file_t *file =
        file_open (directory, "draws/first/bets", FILE_WRITE, why, sizeof why);
    assert_non_null (file);
    assert_int_equal (synced.count, before + 1);
    assert_int_equal (synced.inode, inode_of (at ("draws/first")));
    assert_int_equal (file->ops->sound (file, 0), 0);
    assert_int_equal (rename (at ("draws/first"), at ("draws/other")), 0);
    assert_int_equal (file->ops->sound (file, 0), -1); // its name leads elsewhere
    assert_int_equal (rename (at ("draws/other"), at ("draws/first")), 0);
    file_close (&file);
    file = file_open (directory, "draws/first/bets", FILE_EXISTING, why, sizeof why);
    assert_non_null (file);
    assert_int_equal (synced.count, before + 1); // it was there
    file_close (&file);
    assert_int_equal (file_make_folder (directory, "draws/first/bets"), -1);
    assert_int_equal (errno, ENOTDIR);
    assert_int_equal (file_make_folder (directory, "nowhere/at/all"), -1);
    assert_int_equal (errno, ENOENT);
    synced.error = EIO;
    assert_int_equal (file_make_folder (directory, "more"), -1);
    assert_int_equal (errno, EIO);
    synced.error = 0;
    assert_int_equal (unlink (at ("draws/first/bets")), 0);
    assert_int_equal (rmdir (at ("draws/first")), 0);
    assert_int_equal (rmdir (at ("draws")), 0);
    assert_int_equal (rmdir (at ("more")), 0);
    assert_int_equal (descriptors (), open_before);
}

static void a_link_leads_where_it_was_set (void **state)
{
    (void) state;
    const size_t open_before = descriptors ();
    assert_int_equal (file_leads_to (directory, "link", "a"), 0);
    assert_int_equal (file_leads_to (directory, "link", NULL), 0);
    static const char *const targets[] = {"a", "b/c", "b/c"};
    for (size_t i = 0; i < 3; i++) {
        const size_t before = synced.count;
        if (i == 2) // a crash left it
            assert_int_equal (symlink ("x", at ("link.new")), 0);
        assert_int_equal (file_link (directory, "link", targets[i]), 0);
        assert_int_equal (synced.count, before + 1);
        assert_int_equal (synced.inode, inode_of (directory));
        assert_int_equal (file_leads_to (directory, "link", targets[i]), 1);
        assert_int_equal (file_leads_to (directory, "link", NULL), 1);
        assert_int_equal (file_leads_to (directory, "link", "b/cd"), 0);
        assert_int_equal (file_leads_to (directory, "link", "b"), 0);
        assert_int_equal (file_there (directory, "link.new"), 0);
    }
    synced.error = EIO;
    assert_int_equal (file_link (directory, "link", "d"), -1);
    assert_int_equal (errno, EIO);
    synced.error = 0;
    assert_int_equal (unlink (at ("link")), 0);
    file_t *file = open_file (FILE_WRITE); // something of somebody's
    assert_int_equal (file_link (directory, "bets", "a"), -1);
    assert_int_equal (errno, EEXIST);
    assert_int_equal (file_leads_to (directory, "bets", NULL), 0);
    assert_int_equal (file->ops->sound (file, 0), 0);
    file_close (&file);
    assert_int_equal (file_link ("/nowhere/at/all", "link", "a"), -1);
    assert_int_equal (file_leads_to ("/nowhere/at/all", "link", "a"), -1);
    assert_int_equal (descriptors (), open_before);
}

static void a_file_takes_anothers_name (void **state)
{
    (void) state;
    const size_t open_before = descriptors ();
    file_t *file = open_file (FILE_WRITE);
    assert_int_equal (file->ops->write (file, "old", 3, 0), 0);
    file_close (&file);
    file = file_open (directory, "new", FILE_WRITE, why, sizeof why);
    assert_int_equal (file->ops->write (file, "newer", 5, 0), 0);
    file_close (&file);
    const size_t before = synced.count;
    assert_int_equal (file_rename (directory, "new", "bets"), 0);
    assert_int_equal (synced.count, before + 1);
    assert_int_equal (synced.inode, inode_of (directory));
    file = open_file (FILE_EXISTING);
    assert_bytes (file, 0, "newer");
    file_close (&file);
    assert_int_equal (file_there (directory, "new"), 0);
    assert_int_equal (file_rename (directory, "new", "bets"), -1);
    assert_int_equal (errno, ENOENT);
    synced.error = EIO;
    assert_int_equal (file_rename (directory, "bets", "new"), -1);
    assert_int_equal (errno, EIO);
    synced.error = 0;
    assert_int_equal (unlink (at ("new")), 0);
    assert_int_equal (descriptors (), open_before);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST (what_is_written_is_read_again),
        FILE_TEST (reserving_does_not_lengthen),
        FILE_TEST (a_new_file_is_its_owners_alone),
        FILE_TEST (descriptors_are_for_this_process_and_given_back),
        FILE_TEST (one_writes_or_several_read),
        FILE_TEST (a_reader_changes_nothing),
        FILE_TEST (what_cannot_be_opened_is_named),
        FILE_TEST (a_new_directory_is_synced_in_its_parent),
        FILE_TEST (a_writers_directory_is_synced),
        FILE_TEST (a_short_write_is_a_failure),
        FILE_TEST (a_sync_in_the_background_is_told_when_it_is_over),
        FILE_TEST (a_sync_in_the_background_that_fails_says_so_once),
        FILE_TEST (a_sync_waits_for_the_one_in_the_background),
        FILE_TEST (what_is_written_in_the_background_is_read_again),
        FILE_TEST (a_write_in_the_background_that_fails_says_so),
        FILE_TEST (what_is_written_in_the_background_goes_to_the_same_file),
        FILE_TEST (no_signal_is_for_the_thread_that_syncs),
        FILE_TEST (a_file_that_is_not_what_it_was_is_noticed),
        FILE_TEST (an_existing_file_is_not_made),
        FILE_TEST (a_new_file_must_not_be_there),
        FILE_TEST (a_peek_needs_no_lock_and_changes_nothing),
        FILE_TEST (writing_out_ahead_changes_nothing),
        FILE_TEST (folders_are_made_and_synced),
        FILE_TEST (a_link_leads_where_it_was_set),
        FILE_TEST (a_file_takes_anothers_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* file.c - files on a real disk, for who keeps a day in them. */

#include "file.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <assert.h>

#include "process.h"

typedef struct {
    file_t file;
    int fd;
    int directory;        // where its name leads to it
    dev_t device;         // what it is: nobody else has this pair while it is open
    ino_t inode;          //
    bool threaded;        // there is a thread that syncs, spoken to through:
    pthread_t thread;     //
    int orders, outcomes; // event descriptors: an order, and 1 + errno of a sync
    bool started;         // an outcome will come, or is there to be taken
    const uint8_t *data;  // to be written before the sync, if `size` is not 0; changed
    size_t size;          // only while nothing is started
    uint64_t position;    //
    int direct;           // past the page cache, or -1: there is no such thing
    bool ahead;           // the next sync is on its way
    struct aiocb request; // then: it
} disk_file_t;

enum { ORDER_SYNC = 1, ORDER_END = 2 };
enum { UNKNOWN = -2 };

#define DIRECT_ALIGNMENT 4096

#define NEW_LINK           ".new" // behind the name of a link that is about to take its place
#define THREAD_STACK_BYTES (128 * 1024)

static int open_in (const char *directory, const char *name, file_mode_t mode,
                    int *parent);
static int sync_folder (int parent, const char *name);
static void close_as_it_was (int fd);
static ssize_t disk_read (file_t *file, void *buffer, size_t size, uint64_t position);
static int disk_write (file_t *file, const void *data, size_t size, uint64_t position);
static int disk_write_past (file_t *file, const void *data, size_t size,
                            uint64_t position);
static int whole (file_t *file, ssize_t wrote, size_t size);
static int disk_sync (file_t *file);
static void disk_sync_ahead (file_t *file);
static int disk_sync_start (file_t *file);
static int disk_write_start (file_t *file, const void *data, size_t size,
                             uint64_t position);
static void open_direct (disk_file_t *disk);
static ssize_t write_direct (const disk_file_t *disk, const void *data, size_t size,
                             uint64_t position);
static int start (disk_file_t *disk);
static int wait_for_outcome (disk_file_t *disk);
static int start_thread (disk_file_t *disk);
static void *sync_as_told (void *context);
static int do_as_told (const disk_file_t *disk);
static int order (const disk_file_t *disk, uint64_t what);
static int disk_sync_descriptor (file_t *file);
static int disk_sync_done (file_t *file);
static void disk_write_out (file_t *file, uint64_t from, uint64_t to);
static int disk_sound (file_t *file, uint64_t size_min);
static int disk_truncate (file_t *file, uint64_t size);
static int disk_reserve (file_t *file, uint64_t size);
static int64_t disk_size (file_t *file);
static void disk_close (file_t *file);

static const file_ops_t disk_ops = {
    .read = disk_read,
    .write = disk_write,
    .write_past = disk_write_past,
    .sync = disk_sync,
    .sync_ahead = disk_sync_ahead,
    .sync_start = disk_sync_start,
    .write_start = disk_write_start,
    .sync_descriptor = disk_sync_descriptor,
    .sync_done = disk_sync_done,
    .write_out = disk_write_out,
    .sound = disk_sound,
    .truncate = disk_truncate,
    .reserve = disk_reserve,
    .size = disk_size,
    .close = disk_close,
};

file_t *file_open (const char *directory, const char *name, file_mode_t mode, char *why,
                   size_t why_size)
{
    const bool writing = mode == FILE_WRITE || mode == FILE_EXISTING;
    int parent;
    struct stat about;
    const int fd = open_in (directory, name, mode, &parent);
    if (fd == -1) {
        snprintf (why, why_size, "%s/%s: %s", directory, name, strerror (errno));
        return NULL;
    }
    int rc = 0;
    // A reader asks for a shared lock: it is refused while a writer is at work.
    if (mode != FILE_PEEK && mode != FILE_NEW &&
        flock (fd, (writing ? LOCK_EX : LOCK_SH) | LOCK_NB) == -1) {
        snprintf (why, why_size, "%s/%s: %s", directory, name,
                  errno == EWOULDBLOCK ? "another process is using it"
                                       : strerror (errno));
        rc = -1;
    } else if (fstat (fd, &about) == -1) {
        snprintf (why, why_size, "%s/%s: %s", directory, name, strerror (errno));
        rc = -1;
    } else if (mode == FILE_WRITE &&
               sync_folder (parent, name) == -1) { // it may be new
        snprintf (why, why_size, "%s: cannot be synced, %s", directory,
                  strerror (errno));
        rc = -1;
    }
    if (rc == -1) {
        close_as_it_was (parent);
        close_as_it_was (fd);
        return NULL;
    }
    disk_file_t *disk = malloc (sizeof *disk);
    assert (disk);
    *disk = (disk_file_t){.file = {.ops = &disk_ops, .name = name},
                          .fd = fd,
                          .directory = parent,
                          .device = about.st_dev,
                          .inode = about.st_ino,
                          .orders = -1,
                          .direct = UNKNOWN,
                          .outcomes = -1};
    return &disk->file;
}

file_t *file_take (const char *directory, const char *name, file_mode_t mode, char *why,
                   size_t why_size)
{
    process_patience_t patience = {0};
    for (;;) {
        file_t *file = file_open (directory, name, mode, why, why_size);
        if (file || errno != EWOULDBLOCK ||
            !process_wait_for_others (&patience, "espera", why))
            return file;
    }
}

bool file_busy (const char *directory, const char *name)
{
    int parent;
    const int fd = open_in (directory, name, FILE_PEEK, &parent);
    if (fd == -1)
        return false;
    const bool busy = flock (fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
    close (parent);
    close (fd);
    return busy;
}

int file_there (const char *directory, const char *name)
{
    struct stat about;
    const int parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent == -1)
        return -1;
    int rc = fstatat (parent, name, &about, AT_SYMLINK_NOFOLLOW) == 0 ? 1 : -1;
    if (rc == -1 && errno == ENOENT)
        rc = 0;
    close_as_it_was (parent);
    return rc;
}

int file_space (const char *directory, uint64_t *size, uint64_t *free_bytes)
{
    struct statvfs about;
    if (statvfs (directory, &about) == -1)
        return -1;
    *size = (uint64_t) about.f_blocks * about.f_frsize;
    *free_bytes = (uint64_t) about.f_bavail * about.f_frsize;
    return 0;
}

void file_close (file_t **file)
{
    if (*file)
        (*file)->ops->close (*file);
    *file = NULL;
}

static int open_in (const char *directory, const char *name, file_mode_t mode,
                    int *parent)
{
    *parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*parent == -1)
        return -1;
    const int flags = mode == FILE_WRITE      ? O_RDWR | O_CREAT
                      : mode == FILE_NEW      ? O_RDWR | O_CREAT | O_EXCL
                      : mode == FILE_EXISTING ? O_RDWR
                                              : O_RDONLY;
    const int fd = openat (*parent, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd == -1)
        close_as_it_was (*parent);
    return fd;
}

static void close_as_it_was (int fd)
{
    const int error = errno;
    close (fd);
    errno = error;
}

/* The folder that DIRECTORY/NAME lies in. */
static int sync_folder (int parent, const char *name)
{
    const char *slash = strrchr (name, '/');
    if (!slash)
        return fsync (parent);
    char *folder = strndup (name, (size_t) (slash - name));
    assert (folder);
    const int fd = openat (parent, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free (folder);
    if (fd == -1)
        return -1;
    const int rc = fsync (fd);
    close_as_it_was (fd);
    return rc;
}

int file_make_folder (const char *directory, const char *name)
{
    struct stat about;
    const int parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent == -1)
        return -1;
    int rc = mkdirat (parent, name, 0700);
    if (rc == -1 && errno == EEXIST) {
        rc = fstatat (parent, name, &about, AT_SYMLINK_NOFOLLOW);
        if (rc == 0 && !S_ISDIR (about.st_mode)) {
            errno = ENOTDIR;
            rc = -1;
        }
    }
    if (rc == 0)
        rc = sync_folder (parent, name);
    close_as_it_was (parent);
    return rc;
}

int file_rename (const char *directory, const char *from, const char *to)
{
    const int parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent == -1)
        return -1;
    int rc = renameat (parent, from, parent, to);
    if (rc == 0)
        rc = sync_folder (parent, to);
    close_as_it_was (parent);
    return rc;
}

int file_remove (const char *directory, const char *name)
{
    const int parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent == -1)
        return -1;
    int rc = unlinkat (parent, name, 0);
    if (rc == 0)
        rc = sync_folder (parent, name);
    close_as_it_was (parent);
    return rc;
}

int file_link (const char *directory, const char *name, const char *target)
{
    struct stat about;
    char *new_name;
    const int parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent == -1)
        return -1;
    if (asprintf (&new_name, "%s" NEW_LINK, name) == -1)
        abort ();
    int rc = fstatat (parent, name, &about, AT_SYMLINK_NOFOLLOW);
    if (rc == -1 && errno == ENOENT)
        rc = 0;
    else if (rc == 0 && !S_ISLNK (about.st_mode)) {
        errno = EEXIST;
        rc = -1;
    }
    if (rc == 0) {
        unlinkat (parent, new_name, 0); // what a crash may have left
        rc = symlinkat (target, parent, new_name);
    }
    if (rc == 0)
        rc = renameat (parent, new_name, parent, name);
    if (rc == 0)
        rc = sync_folder (parent, name);
    free (new_name);
    close_as_it_was (parent);
    return rc;
}

int file_leads_to (const char *directory, const char *name, const char *target)
{
    char there[PATH_MAX];
    const int parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent == -1)
        return -1;
    const ssize_t size = readlinkat (parent, name, there, sizeof there);
    close_as_it_was (parent);
    if (size == -1)
        return errno == ENOENT || errno == EINVAL ? 0 : -1;
    return !target || ((size_t) size == strlen (target) &&
                       memcmp (there, target, (size_t) size) == 0);
}

int file_make_directory (const char *path)
{
    char *copy;
    if (mkdir (path, 0700) == -1)
        return -1;
    copy = strdup (path); // dirname () writes into it
    assert (copy);
    const int rc = file_sync_directory (dirname (copy));
    const int error = errno;
    free (copy);
    errno = error;
    return rc;
}

int file_sync_directory (const char *directory)
{
    int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    const int rc = fsync (fd);
    const int error = errno;
    close (fd);
    errno = error;
    return rc;
}

int file_sync_all (const char *directory)
{
    const int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    const int rc = syncfs (fd);
    close_as_it_was (fd);
    return rc;
}

bool file_full (int error)
{
    return error == ENOSPC || error == EDQUOT;
}

static int fd_of (file_t *file)
{
    return ((disk_file_t *) file)->fd;
}

/* Passes on what came back, noting for messages what is not done if it is a failure. */
static int noted (file_t *file, int rc, const char *failed)
{
    if (rc == -1)
        file->failed = failed;
    return rc;
}

static ssize_t disk_read (file_t *file, void *buffer, size_t size, uint64_t position)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread (fd_of (file), (char *) buffer + done, size - done,
                             (off_t) (position + done));
        if (got == -1 && errno == EINTR)
            continue;
        if (got == -1)
            return noted (file, -1, "cannot be read");
        if (got == 0)
            break;
        done += (size_t) got;
    }
    return (ssize_t) done;
}

/* A short write is a failure: what follows it could only be guessed at. */
static int disk_write (file_t *file, const void *data, size_t size, uint64_t position)
{
    assert (!((disk_file_t *) file)->ahead);
    return whole (file, pwrite (fd_of (file), data, size, (off_t) position), size);
}

static int disk_write_past (file_t *file, const void *data, size_t size,
                            uint64_t position)
{
    disk_file_t *disk = (disk_file_t *) file;
    open_direct (disk);
    return whole (file, write_direct (disk, data, size, position), size);
}

static int whole (file_t *file, ssize_t wrote, size_t size)
{
    if (wrote == (ssize_t) size)
        return 0;
    if (wrote != -1)
        errno = EIO;
    return noted (file, -1, "cannot be written");
}

static int disk_sync (file_t *file)
{
    disk_file_t *disk = (disk_file_t *) file;
    if (disk->started && wait_for_outcome (disk) == -1)
        return -1;
    if (!disk->ahead)
        return noted (file, fdatasync (disk->fd), "cannot be synced");
    const struct aiocb *const waiting[] = {&disk->request};
    int error;
    while ((error = aio_error (&disk->request)) == EINPROGRESS)
        aio_suspend (waiting, 1, NULL);
    disk->ahead = false;
    aio_return (&disk->request);
    errno = error;
    return noted (file, error ? -1 : 0, "cannot be synced");
}

/* The C library has a thread do it. If it will not, sync () does all of it. */
static void disk_sync_ahead (file_t *file)
{
    disk_file_t *disk = (disk_file_t *) file;
    assert (!disk->ahead);
    disk->request = (struct aiocb){.aio_fildes = disk->fd};
    disk->request.aio_sigevent.sigev_notify = SIGEV_NONE;
    disk->ahead = aio_fsync (O_DSYNC, &disk->request) == 0;
}

static int disk_write_start (file_t *file, const void *data, size_t size,
                             uint64_t position)
{
    disk_file_t *disk = (disk_file_t *) file;
    assert (!disk->started);
    open_direct (disk);
    disk->data = data;
    disk->size = size;
    disk->position = position;
    return start (disk);
}

/* The same file, past the page cache: what is written once, synced at once and hardly
   ever read again need not be copied there. Measured (ext4 on virtio, medians in turn,
   written and synced): 64 B 68 µs and not 107, 8 KiB 134 and not 166, 64 KiB 127 and
   not 152, 256 KiB 246 and not 301, 1 MiB 407 and not 534 or more. Some file systems
   have no such thing. */
static void open_direct (disk_file_t *disk)
{
    char path[64];
    if (disk->direct != UNKNOWN)
        return;
    snprintf (path, sizeof path, "/proc/self/fd/%d", disk->fd); // whatever its name is
    disk->direct = open (path, O_WRONLY | O_CLOEXEC | O_DIRECT);
}

/* That way if they can go there, else as any others. As pwrite (). */
static ssize_t write_direct (const disk_file_t *disk, const void *data, size_t size,
                             uint64_t position)
{
    const bool direct = disk->direct >= 0 &&
                        ((uintptr_t) data | size | position) % DIRECT_ALIGNMENT == 0;
    ssize_t wrote = -1;
    if (direct)
        wrote = pwrite (disk->direct, data, size, (off_t) position);
    if (!direct || (wrote == -1 && errno == EINVAL)) // it would be aligned otherwise
        wrote = pwrite (disk->fd, data, size, (off_t) position);
    return wrote;
}

static int disk_sync_start (file_t *file)
{
    disk_file_t *disk = (disk_file_t *) file;
    assert (!disk->started);
    disk->size = 0;
    return start (disk);
}

static int start (disk_file_t *disk)
{
    file_t *file = &disk->file;
    if (start_thread (disk) == -1 || order (disk, ORDER_SYNC) == -1)
        return noted (file, -1, "cannot be synced");
    disk->started = true;
    return 0;
}

static int disk_sync_descriptor (file_t *file)
{
    disk_file_t *disk = (disk_file_t *) file;
    return noted (file, start_thread (disk), "cannot be synced") == -1 ? -1
                                                                       : disk->outcomes;
}

static int disk_sync_done (file_t *file)
{
    disk_file_t *disk = (disk_file_t *) file;
    uint64_t outcome;
    if (!disk->started)
        return 1;
    const ssize_t got = read (disk->outcomes, &outcome, sizeof outcome);
    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return 0;
    disk->started = false;
    if (got == sizeof outcome)
        errno = (int) outcome - 1;
    return noted (file, got == sizeof outcome && errno == 0 ? 1 : -1,
                  "cannot be synced");
}

static int wait_for_outcome (disk_file_t *disk)
{
    struct pollfd waiting = {.fd = disk->outcomes, .events = POLLIN};
    int rc;
    while ((rc = disk_sync_done (&disk->file)) == 0)
        poll (&waiting, 1, -1);
    return rc;
}

/* One thread for a file, which does nothing but sync it; it shares nothing with this
   one but the numbers of descriptors, which do not change. */
static int start_thread (disk_file_t *disk)
{
    if (disk->threaded)
        return 0;
    if (disk->orders == -1)
        disk->orders = eventfd (0, EFD_CLOEXEC);
    if (disk->outcomes == -1)
        disk->outcomes = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (disk->orders == -1 || disk->outcomes == -1)
        return -1;
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    pthread_attr_t small; // there may be many
    pthread_attr_init (&small);
    pthread_attr_setstacksize (&small, THREAD_STACK_BYTES);
    const int error = pthread_create (&disk->thread, &small, sync_as_told, disk);
    pthread_attr_destroy (&small);
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    errno = error;
    disk->threaded = error == 0;
    return error ? -1 : 0;
}

/* Orders add up, if the second comes before the first is read. */
static void *sync_as_told (void *context)
{
    const disk_file_t *disk = context;
    uint64_t told;
    do {
        if (read (disk->orders, &told, sizeof told) != sizeof told)
            abort (); // no signal comes here; nothing else can be
        const uint64_t outcome =
            told == ORDER_END ? 0 : 1 + (uint64_t) do_as_told (disk);
        if (outcome > 0 &&
            write (disk->outcomes, &outcome, sizeof outcome) != sizeof outcome)
            abort ();
    } while (told < ORDER_END);
    return NULL;
}

/* 0, or errno. */
static int do_as_told (const disk_file_t *disk)
{
    ssize_t wrote = 0;
    if (disk->size > 0)
        wrote = write_direct (disk, disk->data, disk->size, disk->position);
    if (wrote != (ssize_t) disk->size)
        return wrote == -1 ? errno : EIO;
    return fdatasync (disk->fd) == -1 ? errno : 0;
}

static int order (const disk_file_t *disk, uint64_t what)
{
    return write (disk->orders, &what, sizeof what) == sizeof what ? 0 : -1;
}

static void disk_write_out (file_t *file, uint64_t from, uint64_t to)
{
    if (to > from)
        sync_file_range (fd_of (file), (off_t) from, (off_t) (to - from),
                         SYNC_FILE_RANGE_WRITE);
}

/* Asked for each group of records: one call of the system. Times are not asked for:
   once they were, Linux (6.13) gives the next write one of its own, and the sync that
   follows has to write the inode too (ext4 without a journal: 137 µs and not 90). */
static int disk_sound (file_t *file, uint64_t size_min)
{
    const disk_file_t *disk = (disk_file_t *) file;
    struct statx named;
    if (statx (disk->directory, file->name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_SIZE,
               &named) == -1)
        return noted (file, -1,
                      errno == ENOENT ? "was removed" : "cannot be looked at");
    const bool same =
        named.stx_ino == disk->inode &&
        makedev (named.stx_dev_major, named.stx_dev_minor) == disk->device;
    if (same && named.stx_size >= size_min)
        return 0;
    errno = ESTALE;
    return noted (file, -1,
                  same ? "is shorter than it was" : "was exchanged for another");
}

static int disk_truncate (file_t *file, uint64_t size)
{
    return noted (file, ftruncate (fd_of (file), (off_t) size), "cannot be cut");
}

static int disk_reserve (file_t *file, uint64_t size)
{
    int rc;
    do
        rc = fallocate (fd_of (file), FALLOC_FL_KEEP_SIZE, 0, (off_t) size);
    while (rc == -1 && errno == EINTR);
    // A file system that cannot reserve leaves it to write and sync to find out.
    if (rc == -1 && errno == EOPNOTSUPP)
        return 0;
    // A full disk is no failure: who asked goes on, perhaps with less.
    return rc == -1 && file_full (errno) ? -1
                                         : noted (file, rc, "cannot be given space");
}

static int64_t disk_size (file_t *file)
{
    struct stat about;
    if (noted (file, fstat (fd_of (file), &about), "cannot be looked at") == -1)
        return -1;
    return (int64_t) about.st_size;
}

static void disk_close (file_t *file)
{
    disk_file_t *disk = (disk_file_t *) file;
    if (disk->threaded && order (disk, ORDER_END) == 0)
        pthread_join (disk->thread, NULL);
    if (disk->orders != -1)
        close (disk->orders);
    if (disk->outcomes != -1)
        close (disk->outcomes);
    if (disk->direct >= 0)
        close (disk->direct);
    close (disk->directory);
    close (disk->fd);
    free (disk);
}

/* file.c - files on a real disk, for the owners of a journal. */

#include "file.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assert.h>

#include "process.h"

typedef struct {
    file_t file;
    int fd;
    bool ahead;           // the next sync is on its way
    struct aiocb request; // then: it
} disk_file_t;

static int open_in (const char *directory, const char *name, int writing);
static void close_as_it_was (int fd);
static ssize_t disk_read (file_t *file, void *buffer, size_t size, uint64_t position);
static int disk_write (file_t *file, const void *data, size_t size, uint64_t position);
static int disk_sync (file_t *file);
static void disk_sync_ahead (file_t *file);
static int disk_truncate (file_t *file, uint64_t size);
static int disk_reserve (file_t *file, uint64_t size);
static int64_t disk_size (file_t *file);
static void disk_close (file_t *file);

static const file_ops_t disk_ops = {
    .read = disk_read,
    .write = disk_write,
    .sync = disk_sync,
    .sync_ahead = disk_sync_ahead,
    .truncate = disk_truncate,
    .reserve = disk_reserve,
    .size = disk_size,
    .close = disk_close,
};

file_t *file_open (const char *directory, const char *name, int writing, char *why,
                   size_t why_size)
{
    int fd = open_in (directory, name, writing);
    if (fd == -1) {
        snprintf (why, why_size, "%s/%s: %s", directory, name, strerror (errno));
        return NULL;
    }
    // A reader asks for a shared lock: it is refused while a writer is at work.
    if (flock (fd, (writing ? LOCK_EX : LOCK_SH) | LOCK_NB) == -1) {
        snprintf (why, why_size, "%s/%s: %s", directory, name,
                  errno == EWOULDBLOCK ? "another process is using it"
                                       : strerror (errno));
        close_as_it_was (fd);
        return NULL;
    }
    if (writing && file_sync_directory (directory) == -1) {
        snprintf (why, why_size, "%s: cannot be synced, %s", directory,
                  strerror (errno));
        close (fd);
        return NULL;
    }
    disk_file_t *disk = malloc (sizeof *disk);
    assert (disk);
    *disk = (disk_file_t){.file = {.ops = &disk_ops, .name = name}, .fd = fd};
    return &disk->file;
}

file_t *file_take (const char *directory, const char *name, char *why, size_t why_size)
{
    process_patience_t patience = {0};
    for (;;) {
        file_t *file = file_open (directory, name, 1, why, why_size);
        if (file || errno != EWOULDBLOCK ||
            !process_wait_for_others (&patience, "espera", why))
            return file;
    }
}

bool file_busy (const char *directory, const char *name)
{
    const int fd = open_in (directory, name, 0);
    if (fd == -1)
        return false;
    const bool busy = flock (fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
    close (fd);
    return busy;
}

void file_close (file_t **file)
{
    if (*file)
        (*file)->ops->close (*file);
    *file = NULL;
}

static int open_in (const char *directory, const char *name, int writing)
{
    int parent = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent == -1)
        return -1;
    const int flags = writing ? O_RDWR | O_CREAT : O_RDONLY;
    int fd = openat (parent, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    const int error = errno;
    close (parent);
    errno = error;
    return fd;
}

static void close_as_it_was (int fd)
{
    const int error = errno;
    close (fd);
    errno = error;
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
    ssize_t wrote = pwrite (fd_of (file), data, size, (off_t) position);
    if (wrote == (ssize_t) size)
        return 0;
    if (wrote != -1)
        errno = EIO;
    return noted (file, -1, "cannot be written");
}

static int disk_sync (file_t *file)
{
    disk_file_t *disk = (disk_file_t *) file;
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
    close (fd_of (file));
    free (file);
}

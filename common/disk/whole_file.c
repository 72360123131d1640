/* whole_file.c - reads and replaces small files: for settings, keys and the roll. */

#include "whole_file.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all (int file, char *text, size_t capacity, size_t *size);
static int write_new (const char *directory, const char *path, bytes_t text);
static int hand_over (const char *directory, int file);
static int write_all (int file, bytes_t text);
static int close_as_it_was (int file, int rc);
static void remove_as_it_was (const char *path);

char *whole_file_read (const char *path, size_t bytes_max, size_t *size)
{
    const int file = open (path, O_RDONLY | O_CLOEXEC);
    if (file == -1)
        return NULL;
    const size_t capacity = bytes_max + 1; // one more, to see that there is more
    char *text = malloc (capacity + 1);
    int rc = text ? read_all (file, text, capacity, size) : -1;
    if (rc == 0 && *size > bytes_max) {
        errno = EFBIG;
        rc = -1;
    }
    if (close_as_it_was (file, rc) == -1) {
        const int error = errno;
        free (text);
        errno = error;
        return NULL;
    }
    text[*size] = 0;
    return text;
}

/* Through a file of another name. rename () replaces an existing one, link () does not.
 */
int whole_file_save (const char *directory, const char *name, bytes_t text,
                     bool replace)
{
    char path[PATH_MAX], draft[PATH_MAX];
    const int size = snprintf (path, sizeof path, "%s/%s", directory, name);
    if (size + 5 > PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    snprintf (draft, sizeof draft, "%.*s.new", size, path);
    if (write_new (directory, draft, text) == -1)
        return -1;
    if ((replace ? rename (draft, path) : link (draft, path)) == -1) {
        remove_as_it_was (draft);
        return -1;
    }
    if (!replace)
        unlink (draft);
    return file_sync_directory (directory);
}

static int read_all (int file, char *text, size_t capacity, size_t *size)
{
    ssize_t got;
    *size = 0;
    do {
        got = read (file, text + *size, capacity - *size);
        if (got > 0)
            *size += (size_t) got;
    } while (*size < capacity && (got > 0 || (got == -1 && errno == EINTR)));
    return got == -1 ? -1 : 0;
}

/* Whatever already has the draft's name is removed, not written to: a crash may have
   left it, or the directory's owner may have put a link there to what only root may
   change. */
static int write_new (const char *directory, const char *path, bytes_t text)
{
    unlink (path);
    const int file = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file == -1)
        return -1;
    int rc = write_all (file, text);
    if (rc == 0)
        rc = hand_over (directory, file);
    if (rc == 0)
        rc = fsync (file);
    rc = close_as_it_was (file, rc);
    if (rc == -1)
        remove_as_it_was (path);
    return rc;
}

/* What root writes belongs to the directory's owner, who is to read it. */
static int hand_over (const char *directory, int file)
{
    struct stat about;
    if (geteuid () != 0)
        return 0;
    return stat (directory, &about) == -1 ? -1
                                          : fchown (file, about.st_uid, about.st_gid);
}

static int write_all (int file, bytes_t text)
{
    while (text.size > 0) {
        const ssize_t written = write (file, text.data, text.size);
        if (written == -1 && errno != EINTR)
            return -1;
        if (written > 0)
            text = bytes_of (text.data + written, text.size - (size_t) written);
    }
    return 0;
}

/* Reports what went wrong before, rather than what close () says. */
static int close_as_it_was (int file, int rc)
{
    const int error = errno;
    if (close (file) == -1 && rc == 0)
        return -1;
    errno = error;
    return rc;
}

/* A draft on a full disk is of no use. Leaves errno. */
static void remove_as_it_was (const char *path)
{
    const int error = errno;
    unlink (path);
    errno = error;
}

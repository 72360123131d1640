/* run_link.c - DIR/run: loteria-central makes it, loteria-ctl reads it. */

#include "run_link.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logger.h"

#define DRAFT      RUN_LINK ".new"
#define SIGN_BYTES 64

static int replace (const char *path, const char *draft, const char *target);
static bool path_of (char path[PATH_MAX], const char *directory, const char *name);
static ssize_t read_target (const char *path, char *target, size_t capacity);
static bool serves (const char *target, const char *directory);
static bool is_signed (int lock, const char *directory);
static int sign_of (const char *directory, char sign[SIGN_BYTES]);

void run_link_make (const char *directory, const char *target)
{
    char path[PATH_MAX], draft[PATH_MAX];
    if (!path_of (path, directory, RUN_LINK) || !path_of (draft, directory, DRAFT) ||
        replace (path, draft, target) == -1)
        logger_event (LOG_WARNING, "central", LOG_IN_PROGRESS,
                      "reason: %s/" RUN_LINK " cannot be made, %s | consequence: "
                      "loteria-ctl does not find this central by its data directory",
                      directory, strerror (errno));
}

void run_link_remove (const char *directory, const char *target)
{
    char path[PATH_MAX], found[PATH_MAX];
    if (path_of (path, directory, RUN_LINK) &&
        read_target (path, found, sizeof found) != -1 && strcmp (found, target) == 0)
        unlink (path);
}

int run_link_sign (int lock, const char *directory)
{
    char sign[SIGN_BYTES];
    const int size = sign_of (directory, sign);
    if (size == -1)
        return -1;
    errno = ENOSPC; // if only a part of it is written
    return write (lock, sign, (size_t) size) == size ? 0 : -1;
}

int run_link_read (const char *directory, char *target, size_t capacity)
{
    char path[PATH_MAX];
    if (!path_of (path, directory, RUN_LINK) ||
        read_target (path, target, capacity) == -1)
        return -1;
    if (serves (target, directory))
        return 0;
    errno = errno == EACCES ? EACCES : ENOENT;
    return -1;
}

/* In one step. What is no link was not made by a central, and stays. */
static int replace (const char *path, const char *draft, const char *target)
{
    struct stat about;
    if (lstat (path, &about) == 0 && !S_ISLNK (about.st_mode)) {
        errno = EEXIST;
        return -1;
    }
    unlink (draft); // of one that was killed
    if (symlink (target, draft) == -1)
        return -1;
    if (rename (draft, path) == 0)
        return 0;
    const int error = errno;
    unlink (draft);
    errno = error;
    return -1;
}

static bool path_of (char path[PATH_MAX], const char *directory, const char *name)
{
    errno = ENAMETOOLONG;
    return snprintf (path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX;
}

static ssize_t read_target (const char *path, char *target, size_t capacity)
{
    const ssize_t size = readlink (path, target, capacity);
    if (size == -1)
        return -1;
    if ((size_t) size == capacity) {
        errno = ENAMETOOLONG;
        return -1;
    }
    target[size] = 0;
    return size;
}

/* Its processes hold the lock: none gets it beside them. errno says why it cannot be
   tried. */
static bool serves (const char *target, const char *directory)
{
    char path[PATH_MAX];
    errno = 0;
    const int lock =
        path_of (path, target, RUN_LOCK) ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    if (lock == -1)
        return false;
    const bool held = flock (lock, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
    const bool ours = is_signed (lock, directory);
    close (lock);
    errno = 0;
    return held && ours;
}

/* By its central. */
static bool is_signed (int lock, const char *directory)
{
    char expected[SIGN_BYTES], found[SIGN_BYTES];
    const int size = sign_of (directory, expected);
    return size != -1 && pread (lock, found, sizeof found, 0) == size &&
           memcmp (found, expected, (size_t) size) == 0;
}

/* By whatever path: it may be named differently, or moved meanwhile. */
static int sign_of (const char *directory, char sign[SIGN_BYTES])
{
    struct stat about;
    return stat (directory, &about) == -1
               ? -1
               : snprintf (sign, SIGN_BYTES, "%ju %ju\n", (uintmax_t) about.st_dev,
                           (uintmax_t) about.st_ino);
}

/* disk_files.c - file.h's functions on the tests' disk, linked in place of file.c's:
   the product's shells then open their files there. */

#include "disk.h"

#include <errno.h>
#include <stdio.h>

static disk_t *mounted_all; // whatever the directory
static struct {
    const char *directory; // borrowed
    disk_t *disk;
} other;

static disk_t *disk_of (const char *directory);

void disk_mount (disk_t *disk)
{
    mounted_all = disk;
    other.disk = NULL;
}

void disk_mount_at (disk_t *disk, const char *directory)
{
    other.directory = directory;
    other.disk = disk;
}

file_t *file_open (const char *directory, const char *name, file_mode_t mode, char *why,
                   size_t why_size)
{
    file_t *file = NULL;
    disk_t *const mounted = disk_of (directory);
    const bool there = mounted && disk_find (mounted, name);
    const bool makes = mode == FILE_WRITE || mode == FILE_NEW;
    errno = there && mode == FILE_NEW ? EEXIST : ENOENT;
    if (mounted && (there ? mode != FILE_NEW : makes))
        file = mode == FILE_PEEK ? disk_peek (mounted, name)
                                 : disk_open (mounted, name, mode != FILE_READ);
    if (!file)
        snprintf (why, why_size, "%s/%s: %s", directory, name,
                  errno == EWOULDBLOCK ? "another process is using it"
                                       : strerror (errno));
    return file;
}

/* Nobody's predecessor is about to end: nothing happens while this one waits. */
file_t *file_take (const char *directory, const char *name, file_mode_t mode, char *why,
                   size_t why_size)
{
    return file_open (directory, name, mode, why, why_size);
}

int file_there (const char *directory, const char *name)
{
    disk_t *const mounted = disk_of (directory);
    return mounted && (disk_find (mounted, name) || disk_has_folder (mounted, name) ||
                       disk_link_of (mounted, name));
}

/* It does not count what its files take. */
int file_space (const char *directory, uint64_t *size, uint64_t *free_bytes)
{
    (void) directory;
    *size = 1000000;
    *free_bytes = 250000;
    return 0;
}

int file_make_folder (const char *directory, const char *name)
{
    disk_t *const mounted = disk_of (directory);
    errno = ENOENT;
    return mounted ? disk_make_folder (mounted, name) : -1;
}

int file_rename (const char *directory, const char *from, const char *to)
{
    disk_t *const mounted = disk_of (directory);
    errno = ENOENT;
    return mounted ? disk_move (mounted, from, to) : -1;
}

int file_remove (const char *directory, const char *name)
{
    disk_t *const mounted = disk_of (directory);
    errno = ENOENT;
    if (!mounted || !disk_find (mounted, name))
        return -1;
    disk_remove (mounted, name);
    return 0;
}

int file_link (const char *directory, const char *name, const char *target)
{
    disk_t *const mounted = disk_of (directory);
    errno = ENOENT;
    return mounted ? disk_link (mounted, name, target) : -1;
}

int file_leads_to (const char *directory, const char *name, const char *target)
{
    disk_t *const mounted = disk_of (directory);
    const char *there = mounted ? disk_link_of (mounted, name) : NULL;
    return there && (!target || strcmp (there, target) == 0);
}

void file_close (file_t **file)
{
    if (*file)
        (*file)->ops->close (*file);
    *file = NULL;
}

bool file_busy (const char *directory, const char *name)
{
    disk_t *const mounted = disk_of (directory);
    const disk_file_t *file = mounted ? disk_find (mounted, name) : NULL;
    return file && file->writers > 0;
}

/* The disk's one directory is there. */
int file_make_directory (const char *path)
{
    errno = disk_of (path) ? EEXIST : ENOENT;
    return -1;
}

/* So is what is in it: a file is made at once, and for good. */
int file_sync_directory (const char *directory)
{
    (void) directory;
    return 0;
}

/* What it holds is on the disk as if each of its files had been synced. */
int file_sync_all (const char *directory)
{
    disk_t *const mounted = disk_of (directory);
    disk_file_t *file;
    errno = ENOENT;
    for (size_t i = 0; mounted && (file = disk_at (mounted, i)); i++)
        if (file->file->ops->sync (file->file) == -1)
            return -1;
    return mounted ? 0 : -1;
}

bool file_full (int error)
{
    return error == ENOSPC || error == EDQUOT;
}

static disk_t *disk_of (const char *directory)
{
    return other.disk && strcmp (directory, other.directory) == 0 ? other.disk
                                                                  : mounted_all;
}

/* disk_files.c - file.h's functions on the tests' disk, linked in place of file.c's:
   the product's shells then open their files there. */

#include "disk.h"

#include <errno.h>
#include <stdio.h>

static disk_t *mounted;

void disk_mount (disk_t *disk)
{
    mounted = disk;
}

file_t *file_open (const char *directory, const char *name, file_mode_t mode, char *why,
                   size_t why_size)
{
    file_t *file = NULL;
    errno = ENOENT;
    if (mounted && (mode == FILE_WRITE || disk_find (mounted, name)))
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
    (void) directory;
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
    (void) directory;
    errno = ENOENT;
    return mounted ? disk_make_folder (mounted, name) : -1;
}

int file_rename (const char *directory, const char *from, const char *to)
{
    (void) directory;
    errno = ENOENT;
    return mounted ? disk_move (mounted, from, to) : -1;
}

int file_link (const char *directory, const char *name, const char *target)
{
    (void) directory;
    errno = ENOENT;
    return mounted ? disk_link (mounted, name, target) : -1;
}

int file_leads_to (const char *directory, const char *name, const char *target)
{
    (void) directory;
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
    (void) directory;
    const disk_file_t *file = mounted ? disk_find (mounted, name) : NULL;
    return file && file->writers > 0;
}

/* The disk's one directory is there. */
int file_make_directory (const char *path)
{
    (void) path;
    errno = mounted ? EEXIST : ENOENT;
    return -1;
}

/* So is what is in it: a file is made at once, and for good. */
int file_sync_directory (const char *directory)
{
    (void) directory;
    return 0;
}

bool file_full (int error)
{
    return error == ENOSPC || error == EDQUOT;
}

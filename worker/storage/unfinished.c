/* unfinished.c - a directory that is filled as a whole or not at all. Storage's
   --backup and --restore. */

#include "unfinished.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define DESCRIPTORS 16 // while a folder is removed

static int make_or_take (unfinished_t *unfinished, char *why);
static int check_empty (const unfinished_t *unfinished, char *why);
static bool may_be_there (const char *name);
static int remove_all (const char *path);
static int remove_one (const char *path, const struct stat *about, int type,
                       struct FTW *where);

int unfinished_begin (unfinished_t *unfinished, const char *directory, char *why)
{
    *unfinished = (unfinished_t){.directory = directory, .lock = -1};
    const int size = snprintf (unfinished->path, sizeof unfinished->path,
                               "%s/" UNFINISHED, directory);
    if ((size_t) size >= sizeof unfinished->path) {
        snprintf (why, UNFINISHED_WHY_BYTES, "%.200s...: %s", directory,
                  strerror (ENAMETOOLONG));
        return -1;
    }
    if (make_or_take (unfinished, why) == 0) {
        if (unfinished_clear (unfinished) == 0)
            return 0;
        snprintf (why, UNFINISHED_WHY_BYTES, "%.900s: %s", unfinished->path,
                  strerror (errno));
    }
    if (unfinished->lock != -1)
        close (unfinished->lock);
    return -1;
}

int unfinished_clear (unfinished_t *unfinished)
{
    return remove_all (unfinished->path) == -1 || mkdir (unfinished->path, 0700) == -1
               ? -1
               : 0;
}

int unfinished_move (unfinished_t *unfinished, const char *name)
{
    char from[PATH_MAX];
    if (file_there (unfinished->path, name) == 0)
        return 0;
    snprintf (from, sizeof from, UNFINISHED "/%s", name);
    return file_rename (unfinished->directory, from, name);
}

void unfinished_end (unfinished_t *unfinished, bool whole)
{
    remove_all (unfinished->path);
    if (!whole && unfinished->made)
        rmdir (unfinished->directory); // but if something was moved there already
    close (unfinished->lock);
}

static int make_or_take (unfinished_t *unfinished, char *why)
{
    const char *directory = unfinished->directory;
    unfinished->made = file_make_directory (directory) == 0;
    if (unfinished->made || errno == EEXIST)
        unfinished->lock = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (unfinished->lock == -1) {
        snprintf (why, UNFINISHED_WHY_BYTES, "%.900s: %s", directory, strerror (errno));
        return -1;
    }
    if (flock (unfinished->lock, LOCK_EX | LOCK_NB) == -1) {
        snprintf (why, UNFINISHED_WHY_BYTES, "%.900s: another process is filling it",
                  directory);
        return -1;
    }
    return check_empty (unfinished, why);
}

static int check_empty (const unfinished_t *unfinished, char *why)
{
    DIR *all = opendir (unfinished->directory);
    const struct dirent *entry = NULL;
    while (all && (entry = readdir (all)) && may_be_there (entry->d_name))
        continue;
    if (!all)
        snprintf (why, UNFINISHED_WHY_BYTES, "%.900s: %s", unfinished->directory,
                  strerror (errno));
    else if (entry)
        snprintf (
            why, UNFINISHED_WHY_BYTES,
            "%.600s: is not empty, it has %.255s; take an empty directory, or one "
            "that is not there",
            unfinished->directory, entry->d_name);
    const bool good = all && !entry;
    if (all)
        closedir (all);
    return good ? 0 : -1;
}

static bool may_be_there (const char *name)
{
    return strcmp (name, ".") == 0 || strcmp (name, "..") == 0 ||
           strcmp (name, UNFINISHED) == 0 || strcmp (name, "lost+found") == 0;
}

/* Links are not followed. */
static int remove_all (const char *path)
{
    return nftw (path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) ==
                       0 ||
                   errno == ENOENT
               ? 0
               : -1;
}

static int remove_one (const char *path, const struct stat *about, int type,
                       struct FTW *where)
{
    (void) about, (void) type, (void) where;
    return remove (path);
}

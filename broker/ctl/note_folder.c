/* note_folder.c - writes a folder of notes: loteria-ctl. */

#include "note_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "origin.h"
#include "whole_file.h"

#define OTHER      ".other"
#define BLOCK_SIZE 65536

static folder_put_t compare (const char *path, bytes_t file, char *why);
static folder_put_t keep_other (const char *folder, const char *name, bytes_t file,
                                char *why);
static folder_put_t copy_new (const char *folder, const char *path, int from,
                              char *why);
static int write_copy (const char *draft, int from);
static bytes_t begin_of (const char *path, uint8_t begin[ORIGIN_TEXT_BYTES]);
static bool origin_of (bytes_t note, origin_t *origin);
static folder_put_t compare_files (const char *path, int from, char *why);
static int same_bytes (int one, int other);
static ssize_t read_block (int file, uint8_t *block);
static bool path_of (char path[PATH_MAX], const char *folder, const char *name,
                     const char *end, char *why);
static folder_put_t fail (char *why, const char *path, const char *what);

int note_folder_make (const char *folder, char why[NOTE_FOLDER_WHY_BYTES])
{
    struct stat about;
    if (file_make_directory (folder) == 0)
        return 0;
    if (errno == EEXIST && stat (folder, &about) == 0 && S_ISDIR (about.st_mode))
        return 0;
    fail (why, folder, "cannot be made");
    return -1;
}

bool note_folder_fits (const char *folder, bytes_t open,
                       char why[NOTE_FOLDER_WHY_BYTES])
{
    char path[PATH_MAX], text[ORIGIN_TEXT_BYTES];
    uint8_t begin[ORIGIN_TEXT_BYTES];
    origin_t ours, theirs;
    const bool other = path_of (path, folder, "open.note", "", why) &&
                       origin_of (begin_of (path, begin), &ours) &&
                       origin_of (open, &theirs) && !origin_equal (&ours, &theirs);
    if (other) {
        origin_text (&ours, text);
        snprintf (why, NOTE_FOLDER_WHY_BYTES,
                  "%.80s has the notes of %s: give each draw a folder of its own; "
                  "nothing was written",
                  folder, text);
    }
    return !other;
}

folder_put_t note_folder_put (const char *folder, const char *name, bytes_t file,
                              char why[NOTE_FOLDER_WHY_BYTES])
{
    char path[PATH_MAX];
    if (!path_of (path, folder, name, "", why))
        return FOLDER_FAILED;
    if (whole_file_save (folder, name, file, false) == 0)
        return FOLDER_NEW;
    if (errno != EEXIST)
        return fail (why, path, "cannot be written");
    const folder_put_t put = compare (path, file, why);
    return put == FOLDER_DIFFERS ? keep_other (folder, name, file, why) : put;
}

folder_put_t note_folder_copy (const char *folder, const char *name, const char *path,
                               char why[NOTE_FOLDER_WHY_BYTES])
{
    char to[PATH_MAX];
    if (!path_of (to, folder, name, "", why))
        return FOLDER_FAILED;
    const int from = open (path, O_RDONLY | O_CLOEXEC);
    if (from == -1)
        return fail (why, path, "cannot be read");
    const folder_put_t put = copy_new (folder, to, from, why);
    close (from);
    return put;
}

const char *note_folder_name (folder_put_t put)
{
    static const char *const names[] = {[FOLDER_NEW] = "new",
                                        [FOLDER_SAME] = "same",
                                        [FOLDER_DIFFERS] = "differs",
                                        [FOLDER_FAILED] = "failed"};
    return names[put];
}

/* One more byte than it has is enough to see that the other is longer. */
static folder_put_t compare (const char *path, bytes_t file, char *why)
{
    size_t size;
    char *text = whole_file_read (path, file.size, &size);
    if (!text && errno == EFBIG)
        return FOLDER_DIFFERS;
    if (!text)
        return fail (why, path, "cannot be read");
    const bool same = bytes_equal (bytes_of (text, size), file);
    free (text);
    return same ? FOLDER_SAME : FOLDER_DIFFERS;
}

/* If yet another one is there already, two are enough to show. */
static folder_put_t keep_other (const char *folder, const char *name, bytes_t file,
                                char *why)
{
    char path[PATH_MAX], other[NAME_MAX + 1];
    if (!path_of (path, folder, name, OTHER, why))
        return FOLDER_FAILED;
    snprintf (other, sizeof other, "%.*s" OTHER, NAME_MAX - (int) sizeof OTHER, name);
    if (whole_file_save (folder, other, file, false) == -1 && errno != EEXIST)
        return fail (why, path, "cannot be written");
    return FOLDER_DIFFERS;
}

/* Enough for an origin; empty: the file cannot be read. */
static bytes_t begin_of (const char *path, uint8_t begin[ORIGIN_TEXT_BYTES])
{
    FILE *file = fopen (path, "re");
    const size_t size = file ? fread (begin, 1, ORIGIN_TEXT_BYTES, file) : 0;
    if (file)
        fclose (file);
    return bytes_of (begin, size);
}

/* A note's first line. */
static bool origin_of (bytes_t note, origin_t *origin)
{
    char line[ORIGIN_TEXT_BYTES] = "";
    const uint8_t *end = note.size > 0 ? memchr (note.data, '\n', note.size) : NULL;
    const size_t size = end ? (size_t) (end - note.data) : sizeof line;
    if (size >= sizeof line)
        return false;
    memcpy (line, note.data, size);
    return strlen (line) == size && origin_parse (line, origin);
}

/* Through a file of another name, as whole_file_save (). */
static folder_put_t copy_new (const char *folder, const char *path, int from, char *why)
{
    char draft[PATH_MAX];
    if (access (path, F_OK) == 0)
        return compare_files (path, from, why);
    if (!path_of (draft, path, "", "", why))
        return FOLDER_FAILED;
    snprintf (draft, sizeof draft, "%.*s.new", PATH_MAX - 5, path);
    int rc = write_copy (draft, from);
    if (rc == 0 && link (draft, path) == -1)
        rc = -1;
    const int error = errno;
    unlink (draft);
    errno = error;
    if (rc == -1 || file_sync_directory (folder) == -1)
        return fail (why, path, "cannot be written");
    return FOLDER_NEW;
}

static int write_copy (const char *draft, int from)
{
    uint8_t block[BLOCK_SIZE];
    ssize_t got = 0;
    unlink (draft); // a crash may have left it
    const int to = open (draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to == -1)
        return -1;
    bool good = true;
    while (good && (got = read_block (from, block)) > 0)
        for (ssize_t at = 0, wrote; good && at < got; at += wrote) {
            wrote = write (to, block + at, (size_t) (got - at));
            good = wrote > 0 || (wrote == -1 && errno == EINTR);
            wrote = wrote == -1 ? 0 : wrote;
        }
    good = good && got == 0 && fsync (to) == 0;
    const int error = errno;
    if (close (to) == -1 && good)
        return -1;
    errno = error;
    return good ? 0 : -1;
}

static folder_put_t compare_files (const char *path, int from, char *why)
{
    const int file = open (path, O_RDONLY | O_CLOEXEC);
    const int same = file == -1 ? -1 : same_bytes (file, from);
    const int error = errno;
    if (file != -1)
        close (file);
    errno = error;
    return same == -1 ? fail (why, path, "cannot be read")
           : same     ? FOLDER_SAME
                      : FOLDER_DIFFERS;
}

/* 1, 0, or -1 with errno. */
static int same_bytes (int one, int other)
{
    uint8_t first[BLOCK_SIZE], second[BLOCK_SIZE];
    ssize_t size;
    do {
        size = read_block (one, first);
        const ssize_t beside = read_block (other, second);
        if (size == -1 || beside == -1)
            return -1;
        if (size != beside || memcmp (first, second, (size_t) size) != 0)
            return 0;
    } while (size > 0);
    return 1;
}

/* Full, but for the last. */
static ssize_t read_block (int file, uint8_t *block)
{
    size_t size = 0;
    while (size < BLOCK_SIZE) {
        const ssize_t got = read (file, block + size, BLOCK_SIZE - size);
        if (got == 0 || (got == -1 && errno != EINTR))
            return got == 0 ? (ssize_t) size : -1;
        size += got > 0 ? (size_t) got : 0;
    }
    return (ssize_t) size;
}

static bool path_of (char path[PATH_MAX], const char *folder, const char *name,
                     const char *end, char *why)
{
    const int size =
        snprintf (path, PATH_MAX, "%s%s%s%s", folder, *name ? "/" : "", name, end);
    if (size + (int) sizeof ".new" < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    fail (why, folder, "cannot be written");
    return false;
}

static folder_put_t fail (char *why, const char *path, const char *what)
{
    snprintf (why, NOTE_FOLDER_WHY_BYTES, "%.150s %s (%s)", path, what,
              strerror (errno));
    return FOLDER_FAILED;
}

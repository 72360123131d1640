/* folder.c - reads a folder of notes. Verifier. */

#include "folder.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int take_file (dossier_t *dossier, const char *folder, const char *name,
                      char *why);
static bytes_t *place_of (dossier_t *dossier, const char *name);
static bytes_t *place_of_party (dossier_t *dossier, const char *name);
static bool party_of (const char *name, const char *before, const char *after,
                      uint32_t *party);
static bytes_t *add (party_files_t *files, uint32_t party);
static void sort_files (party_files_t *files);
static int by_party (const void *a, const void *b);
static void clear_files (party_files_t *files);
static int load_open (int fd, bytes_t *file);
static int fail (const char *what, char *why);

int folder_load (const char *folder, dossier_t *dossier, char *why)
{
    *dossier = (dossier_t){0};
    DIR *directory = opendir (folder);
    if (!directory)
        return fail (folder, why);
    int rc = 0;
    const struct dirent *entry;
    while (rc == 0 && (entry = readdir (directory)))
        rc = take_file (dossier, folder, entry->d_name, why);
    closedir (directory);
    sort_files (&dossier->ready);
    sort_files (&dossier->countersigned);
    sort_files (&dossier->nonces);
    sort_files (&dossier->salts);
    return rc;
}

void folder_clear (dossier_t *dossier)
{
    bytes_t *const files[] = {&dossier->open,     &dossier->seal, &dossier->auditor,
                              &dossier->result,   &dossier->off,  &dossier->bets,
                              &dossier->cancelled};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        folder_unload_file (files[i]);
    clear_files (&dossier->ready);
    clear_files (&dossier->countersigned);
    clear_files (&dossier->nonces);
    clear_files (&dossier->salts);
}

/* Mapped: a draw's bets may be larger than memory. An empty file has data, too. */
int folder_load_file (const char *path, bytes_t *file, char *why)
{
    const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const int rc = fd == -1 ? -1 : load_open (fd, file);
    const int error = errno;
    if (fd != -1)
        close (fd);
    errno = error;
    return rc == -1 ? fail (path, why) : 0;
}

void folder_unload_file (bytes_t *file)
{
    if (file->data && file->size > 0)
        munmap ((void *) file->data, file->size);
    *file = (bytes_t){0};
}

static int take_file (dossier_t *dossier, const char *folder, const char *name,
                      char *why)
{
    char path[PATH_MAX];
    bytes_t *place = place_of (dossier, name);
    if (!place)
        place = place_of_party (dossier, name);
    if (!place)
        return 0;
    if (snprintf (path, sizeof path, "%s/%s", folder, name) >= (int) sizeof path) {
        errno = ENAMETOOLONG;
        return fail (folder, why);
    }
    return folder_load_file (path, place, why);
}

static bytes_t *place_of (dossier_t *dossier, const char *name)
{
    const struct {
        const char *name;
        bytes_t *place;
    } files[] = {{"open.note", &dossier->open},
                 {"seal.note", &dossier->seal},
                 {"seal-auditor.note", &dossier->auditor},
                 {"result.note", &dossier->result},
                 {"void.note", &dossier->off},
                 {"bets.csv", &dossier->bets},
                 {"cancelled.csv", &dossier->cancelled}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp (files[i].name, name) == 0)
            return files[i].place;
    return NULL;
}

static bytes_t *place_of_party (dossier_t *dossier, const char *name)
{
    uint32_t party;
    if (party_of (name, "ready-", ".note", &party))
        return add (&dossier->ready, party);
    if (party_of (name, "seal-", ".note", &party))
        return add (&dossier->countersigned, party);
    if (party_of (name, "nonce-", ".txt", &party))
        return add (&dossier->nonces, party);
    if (party_of (name, "salts-", ".txt", &party))
        return add (&dossier->salts, party);
    return NULL;
}

/* A number has one spelling, so no party has two files. */
static bool party_of (const char *name, const char *before, const char *after,
                      uint32_t *party)
{
    char again[64];
    if (strncmp (name, before, strlen (before)) != 0 ||
        sscanf (name + strlen (before), "%" SCNu32, party) != 1)
        return false;
    snprintf (again, sizeof again, "%s%" PRIu32 "%s", before, *party, after);
    return strcmp (name, again) == 0;
}

static bytes_t *add (party_files_t *files, uint32_t party)
{
    if ((files->count & (files->count - 1)) == 0) {
        const size_t capacity = files->count > 0 ? 2 * files->count : 1;
        files->of = realloc (files->of, capacity * sizeof *files->of);
        assert (files->of);
    }
    files->of[files->count] = (party_file_t){.party = party};
    return &files->of[files->count++].file;
}

static void sort_files (party_files_t *files)
{
    if (files->count > 0)
        qsort (files->of, files->count, sizeof *files->of, by_party);
}

static int by_party (const void *a, const void *b)
{
    const uint32_t one = ((const party_file_t *) a)->party;
    const uint32_t other = ((const party_file_t *) b)->party;
    return (one > other) - (one < other);
}

static void clear_files (party_files_t *files)
{
    for (size_t i = 0; i < files->count; i++)
        folder_unload_file (&files->of[i].file);
    free (files->of);
    *files = (party_files_t){0};
}

static int load_open (int fd, bytes_t *file)
{
    struct stat status;
    if (fstat (fd, &status) == -1)
        return -1;
    if (!S_ISREG (status.st_mode)) {
        errno = S_ISDIR (status.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    *file = bytes_of ("", 0);
    if (status.st_size == 0)
        return 0;
    void *memory = mmap (NULL, (size_t) status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED)
        return -1;
    *file = bytes_of (memory, (size_t) status.st_size);
    return 0;
}

static int fail (const char *what, char *why)
{
    snprintf (why, FOLDER_WHY_BYTES, "%.400s cannot be read, %s", what,
              strerror (errno));
    return -1;
}

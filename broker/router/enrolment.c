/* enrolment.c - keeps the broker's roll as it is on disk. */

#include "enrolment.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <xxhash.h>

#include "logger.h"
#include "process.h"
#include "whole_file.h"

#define SETTLED_MS 3000 // longer than any file system's clock takes to tick

typedef struct { // what tells one version of the file from another
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
} version_t;

struct enrolment {
    char path[PATH_MAX];
    roll_t *roll;
    version_t version;    // of the file when it was last read
    int64_t settled_ms;   // until when it could change again without looking otherwise
    uint64_t hash;        // of its text then
    int64_t look_ms;      // when to look next
    logger_limit_t limit; // for a file that cannot be read
};

static int read_roll (enrolment_t *enrolment, int64_t now_ms, problem_t *problem);
static version_t look_at (const char *path);
static bool same (const version_t *a, const version_t *b);
static char *read_text (enrolment_t *enrolment, int64_t now_ms, size_t *size,
                        bool *changed);
static void take_text (enrolment_t *enrolment, char *text, size_t size,
                       void (*revoked) (void *context, uint32_t agency), void *context);
static void keep_roll (const enrolment_t *enrolment, const char *why);
static void tell_revoked (const roll_t *before, const roll_t *now,
                          void (*revoked) (void *context, uint32_t agency),
                          void *context);

enrolment_t *enrolment_open (const char *folder, int64_t now_ms, problem_t *problem)
{
    enrolment_t *enrolment = calloc (1, sizeof *enrolment);
    assert (enrolment);
    snprintf (enrolment->path, sizeof enrolment->path, "%s/%s", folder, ROLL_FILE);
    if (read_roll (enrolment, now_ms, problem) == -1) {
        enrolment_destroy (&enrolment);
        return NULL;
    }
    enrolment->look_ms = now_ms + ROLL_LOOK_MS;
    logger_event (LOG_INFO, "padron", LOG_SUCCESS, "file: %s | agencies: %zu",
                  enrolment->path, roll_size (enrolment->roll));
    process_want_descriptors ("padron", roll_size (enrolment->roll) + DESCRIPTORS_OWN);
    return enrolment;
}

void enrolment_destroy (enrolment_t **enrolment)
{
    if (*enrolment) {
        roll_destroy (&(*enrolment)->roll);
        free (*enrolment);
    }
    *enrolment = NULL;
}

void enrolment_look (enrolment_t *enrolment, int64_t now_ms,
                     void (*revoked) (void *context, uint32_t agency), void *context)
{
    size_t size;
    bool changed;
    uint64_t held_back;
    if (now_ms < enrolment->look_ms)
        return;
    enrolment->look_ms = now_ms + ROLL_LOOK_MS;
    const version_t version = look_at (enrolment->path);
    if (same (&version, &enrolment->version) && now_ms >= enrolment->settled_ms)
        return;
    char *text = read_text (enrolment, now_ms, &size, &changed);
    if (text && changed)
        take_text (enrolment, text, size, revoked, context);
    else if (!text && logger_limit_allows (&enrolment->limit, now_ms, &held_back))
        keep_roll (enrolment, strerror (errno));
    free (text);
}

int64_t enrolment_deadline (const enrolment_t *enrolment)
{
    return enrolment->look_ms;
}

uint32_t enrolment_find (const enrolment_t *enrolment, const char *key)
{
    return roll_find (enrolment->roll, key);
}

static int read_roll (enrolment_t *enrolment, int64_t now_ms, problem_t *problem)
{
    char why[KEYS_WHY_BYTES];
    size_t size;
    bool changed;
    char *text = read_text (enrolment, now_ms, &size, &changed);
    if (text)
        enrolment->roll = roll_parse (bytes_of (text, size), why);
    if (!enrolment->roll)
        problem_set (problem, PROCESS_CANNOT_START, "padron", "reason: %s: %s",
                     enrolment->path, text ? why : strerror (errno));
    free (text);
    return enrolment->roll ? 0 : -1;
}

static version_t look_at (const char *path)
{
    struct stat about;
    if (stat (path, &about) == -1)
        return (version_t){0};
    return (version_t){.inode = about.st_ino,
                       .size = about.st_size,
                       .modified = about.st_mtim,
                       .changed = about.st_ctim};
}

static bool same (const version_t *a, const version_t *b)
{
    return a->size != -1 && a->inode == b->inode && a->size == b->size &&
           a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec &&
           a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

/* The version is taken before the text is: whatever is written later differs from it;
   or does not, if its times have not moved on, so that a new version is read again for
   a while. That is counted on our own clock: what the file's times say, the machine's
   clock said, which may have been set since. One that could not be read, for want of a
   descriptor perhaps, is tried again. */
static char *read_text (enrolment_t *enrolment, int64_t now_ms, size_t *size,
                        bool *changed)
{
    const version_t version = look_at (enrolment->path);
    if (!same (&version, &enrolment->version))
        enrolment->settled_ms = now_ms + SETTLED_MS;
    enrolment->version = version;
    char *text = whole_file_read (enrolment->path, ROLL_BYTES_MAX, size);
    if (text) {
        const uint64_t hash = XXH3_64bits (text, *size);
        *changed = hash != enrolment->hash;
        enrolment->hash = hash;
    } else if (errno != ENOENT)
        enrolment->version.size = -1;
    return text;
}

static void take_text (enrolment_t *enrolment, char *text, size_t size,
                       void (*revoked) (void *context, uint32_t agency), void *context)
{
    char why[KEYS_WHY_BYTES];
    roll_t *roll = roll_parse (bytes_of (text, size), why);
    if (!roll) {
        keep_roll (enrolment, why);
        return;
    }
    tell_revoked (enrolment->roll, roll, revoked, context);
    roll_destroy (&enrolment->roll);
    enrolment->roll = roll;
    logger_event (LOG_INFO, "padron", LOG_SUCCESS, "file: %s | agencies: %zu",
                  enrolment->path, roll_size (roll));
}

static void keep_roll (const enrolment_t *enrolment, const char *why)
{
    logger_event (LOG_ERROR, "padron", LOG_FAIL,
                  "reason: %s: %s | consequence: the roll stays as it was",
                  enrolment->path, why);
}

static void tell_revoked (const roll_t *before, const roll_t *now,
                          void (*revoked) (void *context, uint32_t agency),
                          void *context)
{
    for (size_t i = 0; i < roll_size (before); i++) {
        const roll_entry_t *entry = roll_at (before, i);
        if (!roll_keeps (now, entry))
            revoked (context, entry->agency);
    }
}

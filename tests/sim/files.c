/* files.c - files that are removed and exchanged. */

#include "files.h"

#include "checks.h"
#include "problem.h"
#include "scan.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define GLOBAL       4 // files that no draw has for itself
#define FILES_MAX    (GLOBAL + PLAN_DRAWS_MAX * SCAN_FILES)
#define INDEX_HEADER 128 // bytes
#define PATH_BYTES   (SCAN_PATH_BYTES + sizeof SCAN_AWAY + 1)

typedef char path_t[PATH_BYTES];

struct files {
    world_t *world;
    disk_t *copy;            // an older one, or NULL
    path_t paths[FILES_MAX]; // of what the day has now
    int count;
    bool chosen[FILES_MAX];
    path_t unlinked; // or empty
    unsigned syncs;  // of the log, when it was
    uint64_t rows;   // bytes of rows that are durable for it, when that was noticed
    bool noticed;    // one group later
    bool lately;     // storage that lives had one taken away
};

static const char *const global[GLOBAL] = {"bets.log", "bets.index", "checkpoint.a",
                                           "checkpoint.b"};

static void list (files_t *files);
static bool choose (files_t *files);
static bool put_back (files_t *files, disk_t *disk);
static bool take_away (files_t *files, disk_t *disk);
static bool same_day (const disk_t *a, const disk_t *b);
static bool same_file (const disk_t *a, const disk_t *b, const char *name);
static void judge (files_t *files, const disk_t *disk, bool removed);
static bool older_moment (const files_t *files, bool removed);
static bool whole_removed (const files_t *files);
static bool names_one (const files_t *files, const char *text, bool removed);
static void describe (const files_t *files, char *text, size_t size);
static disk_file_t *log_of (const files_t *files);
static void away (const files_t *files, path_t path);

files_t *files_new (world_t *world)
{
    files_t *files = calloc (1, sizeof *files);
    assert (files);
    files->world = world;
    return files;
}

void files_destroy (files_t **files)
{
    if (*files)
        disk_destroy (&(*files)->copy);
    free (*files);
    *files = NULL;
}

void files_copy (files_t *files)
{
    if (files->unlinked[0] || !files->world->nodes[NODE_STORAGE].core)
        return;
    disk_destroy (&files->copy);
    files->copy = disk_clone (files->world->machine[0].disk, NULL);
}

void files_begin (files_t *files)
{
    files_link (files);
    files->lately = false;
}

void files_try (files_t *files, bool ended_in_order)
{
    dice_t *dice = &files->world->dice;
    const bool remove = !ended_in_order || dice_chance (dice, 300);
    list (files);
    if (!files->copy || checks_promised (files->world->checks) == 0 || !choose (files))
        return;
    disk_t *disk = disk_clone (files->world->machine[0].disk, NULL);
    if (remove ? take_away (files, disk)
               : put_back (files, disk) && !same_day (disk, files->copy))
        judge (files, disk, remove);
    disk_destroy (&disk);
}

void files_unlink (files_t *files)
{
    world_t *world = files->world;
    path_t to;
    if (files->unlinked[0] || !world->nodes[NODE_STORAGE].core)
        return;
    list (files);
    const uint64_t which = dice_below (&world->dice, (uint64_t) files->count + 1);
    if (which == (uint64_t) files->count ||
        disk_cached (world->machine[0].disk, files->paths[which]).size == 0)
        return; // what is empty may be made again
    files->syncs = log_of (files)->calls[DISK_SYNC];
    files->noticed = false;
    files->lately = true;
    memcpy (files->unlinked, files->paths[which], sizeof files->unlinked);
    away (files, to);
    disk_rename (world->machine[0].disk, files->unlinked, to);
    world_trace (world, "-- %s is removed", files->unlinked);
}

bool files_missed (const files_t *files)
{
    return files->lately;
}

/* A draw's rows are looked at by who adds to them: no more come to the log. */
void files_check (files_t *files)
{
    if (!files->unlinked[0] || log_of (files)->calls[DISK_SYNC] <= files->syncs + 1)
        return;
    const uint64_t rows = checks_rows (files->world->checks, files->unlinked);
    if (files->noticed ? rows == files->rows : rows != UINT64_MAX) {
        files->rows = rows;
        files->noticed = true;
        return;
    }
    world_violate (files->world, "I8: %s was removed, and storage goes on with groups",
                   files->unlinked);
}

void files_link (files_t *files)
{
    path_t from;
    away (files, from);
    if (files->unlinked[0])
        disk_rename (files->world->machine[0].disk, from, files->unlinked);
    files->unlinked[0] = 0;
}

/* Those that storage needs to go on: of draws that are over it reads nothing, unless
   somebody asks. */
static void list (files_t *files)
{
    const plan_t *plan = &files->world->plan;
    files->count = 0;
    for (int i = 0; i < GLOBAL; i++)
        snprintf (files->paths[files->count++], PATH_BYTES, "%s", global[i]);
    for (uint32_t draw = 0; draw < plan->draws; draw++)
        for (int file = 0; file < SCAN_FILES; file++) {
            const char *path = checks_path (files->world->checks, draw, file);
            if (disk_find (files->world->machine[0].disk, path) &&
                !checks_finished (files->world->checks, draw))
                snprintf (files->paths[files->count++], PATH_BYTES, "%s", path);
        }
}

/* Some, and not all; false: none. */
static bool choose (files_t *files)
{
    dice_t *dice = &files->world->dice;
    const unsigned often =
        dice_chance (dice, 500) ? 500 : 1000 / (unsigned) files->count;
    int chosen = 0;
    for (int i = 0; i < files->count; i++)
        chosen += files->chosen[i] = dice_chance (dice, often);
    return chosen > 0 && chosen < files->count;
}

/* False: nothing is another than before. */
static bool put_back (files_t *files, disk_t *disk)
{
    bool changed = false;
    for (int i = 0; i < files->count; i++) {
        const char *path = files->paths[i];
        if (!files->chosen[i] || !disk_find (files->copy, path) ||
            same_file (disk, files->copy, path))
            continue;
        const bytes_t old = disk_cached (files->copy, path);
        disk_set (disk_file (disk, path), old.data, old.size);
        changed = true;
    }
    return changed;
}

/* False: nothing is left but files without records, as of a day that never began. */
static bool take_away (files_t *files, disk_t *disk)
{
    bool left = false;
    for (int i = 0; i < files->count; i++)
        if (files->chosen[i])
            disk_remove (disk, files->paths[i]);
        else
            left = left || disk_cached (disk, files->paths[i]).size > INDEX_HEADER;
    return left;
}

/* As a whole an older copy is as good as any. With its rows as they are now it looks as
   after a power cut that came before the log had what was on its way. */
static bool same_day (const disk_t *a, const disk_t *b)
{
    for (int i = 0; i < GLOBAL; i++)
        if (!same_file (a, b, global[i]))
            return false;
    return true;
}

static bool same_file (const disk_t *a, const disk_t *b, const char *name)
{
    return bytes_equal (disk_cached (a, name), disk_cached (b, name));
}

static void judge (files_t *files, const disk_t *disk, bool removed)
{
    char text[LOGGER_PARTS_BYTES], what[256];
    world_t *world = files->world;
    world->counts->trials++;
    const bool started = world_try (world, (disk_t *) disk, text, sizeof text);
    describe (files, what, sizeof what);
    world_trace (world, "-- %s: %s: %s", what, removed ? "removed" : "older ones",
                 started ? "taken" : text);
    if (!started && !names_one (files, text, removed))
        world_violate (world, "I8: %s: %s, and what is told is: %s", what,
                       removed ? "removed" : "older ones", text);
    else if (started &&
             ((removed && whole_removed (files)) ||
              !checks_kept (world->checks, disk, older_moment (files, removed))))
        world_violate (world, "I8: %s: %s, and storage starts", what,
                       removed ? "removed" : "older ones");
}

/* With an older log and index, a checkpoint that fits them is of an older moment of the
   day, too, whichever copy it is from: all together are as good as any. */
static bool older_moment (const files_t *files, bool removed)
{
    return !removed && files->chosen[0] && files->chosen[1];
}

/* One without which there is no day. A draw's rows may all be in the log. */
static bool whole_removed (const files_t *files)
{
    for (int i = 0; i < GLOBAL; i++)
        if (files->chosen[i])
            return true;
    return false;
}

/* Of files that do not fit together nobody can say which is the older one. */
static bool names_one (const files_t *files, const char *text, bool removed)
{
    for (int i = 0; i < files->count; i++)
        if ((files->chosen[i] || !removed) && strstr (text, files->paths[i]))
            return true;
    // for what is to be made again there may be no room, which is told first
    return strstr (text, "the disk is full") || strstr (text, strerror (ENOSPC));
}

static void describe (const files_t *files, char *text, size_t size)
{
    *text = 0;
    for (int i = 0; i < files->count; i++)
        if (files->chosen[i])
            snprintf (text + strlen (text), size - strlen (text), "%s%s",
                      *text ? ", " : "", files->paths[i]);
}

static disk_file_t *log_of (const files_t *files)
{
    path_t path;
    away (files, path);
    return disk_find (files->world->machine[0].disk,
                      strcmp (files->unlinked, global[0]) == 0 ? path : global[0]);
}

static void away (const files_t *files, path_t path)
{
    snprintf (path, PATH_BYTES, SCAN_AWAY "/%.*s", SCAN_PATH_BYTES, files->unlinked);
}

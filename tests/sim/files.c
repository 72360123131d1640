/* files.c - files that are removed and exchanged. */

#include "files.h"

#include "checks.h"
#include "problem.h"
#include "scan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define FILES        5
#define CSV          "draws/first/bets.csv"
#define CSV_ALONE    (1u << 2)
#define INDEX_HEADER 128 // bytes

struct files {
    world_t *world;
    disk_t *copy;         // an older one, or NULL
    const char *unlinked; // or NULL
    unsigned syncs;       // of the log, when it was
};

static const char *const names[FILES] = {"bets.log", "bets.index", CSV, "checkpoint.a",
                                         "checkpoint.b"};

static bool put_back (files_t *files, disk_t *disk, unsigned which);
static bool take_away (disk_t *disk, unsigned which);
static bool same_day (const disk_t *a, const disk_t *b);
static bool same_file (const disk_t *a, const disk_t *b, const char *name);
static void judge (files_t *files, const disk_t *disk, unsigned which, bool removed);
static bool names_one (const char *text, unsigned which, bool removed);
static void describe (unsigned which, char *text, size_t size);

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
    if (files->unlinked || !files->world->nodes[NODE_STORAGE].core)
        return;
    disk_destroy (&files->copy);
    files->copy = disk_clone (files->world->disk, NULL);
}

void files_try (files_t *files, bool ended_in_order)
{
    dice_t *dice = &files->world->dice;
    const unsigned which = 1 + (unsigned) dice_below (dice, (1u << FILES) - 2);
    const bool remove = !ended_in_order || dice_chance (dice, 300);
    if (!files->copy || checks_promised (files->world->checks) == 0)
        return;
    disk_t *disk = disk_clone (files->world->disk, NULL);
    if (remove ? take_away (disk, which)
               : put_back (files, disk, which) && !same_day (disk, files->copy))
        judge (files, disk, which, remove);
    disk_destroy (&disk);
}

void files_unlink (files_t *files)
{
    world_t *world = files->world;
    const char *name = names[dice_below (&world->dice, FILES)];
    if (files->unlinked || !world->nodes[NODE_STORAGE].core ||
        !disk_find (world->disk, name))
        return;
    if (strcmp (name, CSV) == 0 && disk_cached (world->disk, CSV).size == 0)
        return; // the draw may be yet to be opened, and it would be made anew
    disk_rename (world->disk, name, SCAN_AWAY);
    files->unlinked = name;
    const char *log = name == names[0] ? SCAN_AWAY : names[0];
    files->syncs = disk_find (world->disk, log)->calls[DISK_SYNC];
    world_trace (world, "-- %s is removed", name);
}

bool files_unlinked (const files_t *files)
{
    return files->unlinked;
}

void files_check (files_t *files)
{
    if (!files->unlinked)
        return;
    const char *log = files->unlinked == names[0] ? SCAN_AWAY : names[0];
    if (disk_find (files->world->disk, log)->calls[DISK_SYNC] > files->syncs + 1)
        world_violate (files->world,
                       "I8: %s was removed, and storage goes on with groups",
                       files->unlinked);
}

void files_link (files_t *files)
{
    if (files->unlinked)
        disk_rename (files->world->disk, SCAN_AWAY, files->unlinked);
    files->unlinked = NULL;
}

/* False: nothing is another than before. */
static bool put_back (files_t *files, disk_t *disk, unsigned which)
{
    bool changed = false;
    for (unsigned i = 0; i < FILES; i++) {
        if (!(which & 1u << i) || same_file (disk, files->copy, names[i]))
            continue;
        const bytes_t old = disk_cached (files->copy, names[i]);
        disk_set (disk_file (disk, names[i]), old.data, old.size);
        changed = true;
    }
    return changed;
}

/* False: nothing is left but files without records, as of a day that never began. */
static bool take_away (disk_t *disk, unsigned which)
{
    bool left = false;
    for (unsigned i = 0; i < FILES; i++)
        if (which & 1u << i)
            disk_remove (disk, names[i]);
        else
            left = left || disk_cached (disk, names[i]).size > INDEX_HEADER;
    return left;
}

/* As a whole an older copy is as good as any. With bets.csv as it is now it looks as
   after a power cut that came before the log had what was on its way. */
static bool same_day (const disk_t *a, const disk_t *b)
{
    for (unsigned i = 0; i < FILES; i++)
        if (strcmp (names[i], CSV) != 0 && !same_file (a, b, names[i]))
            return false;
    return true;
}

static bool same_file (const disk_t *a, const disk_t *b, const char *name)
{
    return bytes_equal (disk_cached (a, name), disk_cached (b, name));
}

static void judge (files_t *files, const disk_t *disk, unsigned which, bool removed)
{
    char text[LOGGER_PARTS_BYTES], what[128];
    world_t *world = files->world;
    world->counts->trials++;
    const bool started = world_try (world, (disk_t *) disk, text, sizeof text);
    describe (which, what, sizeof what);
    world_trace (world, "-- %s: %s: %s", what, removed ? "removed" : "older ones",
                 started ? "taken" : text);
    // of a draw that was opened above the checkpoint the log has all there is
    const bool completed = which == CSV_ALONE && removed;
    if (!started && !names_one (text, which, removed) &&
        !(completed && strstr (text, "is full")))
        world_violate (world, "I8: %s: %s, and what is told is: %s", what,
                       removed ? "removed" : "older ones", text);
    else if (started && ((removed && !completed) || !checks_kept (world->checks, disk)))
        world_violate (world, "I8: %s: %s, and storage starts", what,
                       removed ? "removed" : "older ones");
}

/* Of files that do not fit together nobody can say which is the older one. */
static bool names_one (const char *text, unsigned which, bool removed)
{
    for (unsigned i = 0; i < FILES; i++)
        if ((which & 1u << i || !removed) && strstr (text, names[i]))
            return true;
    return false;
}

static void describe (unsigned which, char *text, size_t size)
{
    *text = 0;
    for (unsigned i = 0; i < FILES; i++)
        if (which & 1u << i)
            snprintf (text + strlen (text), size - strlen (text), "%s%s",
                      *text ? ", " : "", names[i]);
}

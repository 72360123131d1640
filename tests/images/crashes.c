/* crashes.c - rebuilds every image that a crash may leave, and recovers each.

   A file is what it was at its last sync and the list of changes that came after. Of
   those a crash leaves any, in any part; see README.md. */

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "images.h"
#include "journal.h"
#include "testing.h"

#define CHANGES_MAX 64
#define TEARS_MAX   4096 // of one write

typedef enum { NOT_THERE, ZEROS, NOISE, STALE } fill_t;

typedef struct { // bytes [from, to) of this change did not arrive; in their place is:
    size_t change;
    size_t from, to;
    fill_t fill;
} tear_t;

typedef struct { // one way in which the changes reached the disk
    bool arrived[CHANGES_MAX];
    tear_t tears[2]; // of two changes
    size_t tear_count;
    // Behind the end of this file (or -1) there is:
    int tail_file;
    size_t tail;
    fill_t tail_fill;
} fate_t;

static const recording_t *recording;
static const images_options_t *options;
static disk_t *played, *made, *kept;               // the disks of:
static disk_file_t *original[RECORDING_FILES_MAX]; // what the day did
static disk_file_t *image[RECORDING_FILES_MAX];    // the image that is being made
static disk_file_t *promised[RECORDING_FILES_MAX]; // what the promise borrows
static size_t changes[CHANGES_MAX];                // steps not synced, of all files
static size_t change_count;
static tear_t tears[2][TEARS_MAX];
static promise_t promise;
static uint64_t promises; // changes with the promise
static uint64_t built, distinct, tried, most_changes;
static uint64_t *seen; // hashes of what was tried
static size_t seen_capacity;

static void take_step (size_t index);
static void take_sync (unsigned file);
static void take_told (const step_t *step);
static void crash_after (size_t index);
static void lose_and_keep_few (size_t index);
static void tear_writes (size_t index);
static bool same_file (size_t a, size_t b);
static size_t list_tears (size_t change, tear_t *list);
static size_t list_fills (size_t change, size_t from, size_t to, tear_t *list,
                          size_t count);
static void try_tears (size_t index, const tear_t *one, const tear_t *other);
static void leave_tails (size_t index);
static void try_fate (size_t index, const fate_t *fate);
static void build (const fate_t *fate);
static const tear_t *tear_of (const fate_t *fate, size_t change);
static void apply (const step_t *step, const tear_t *tear);
static void fill_in (unsigned file, size_t from, size_t to, fill_t fill);
static bool seen_before (void);
static uint64_t *seen_place (uint64_t hash);
static void describe (size_t index, const fate_t *fate);
static bool may_hold (unsigned file, size_t from, fill_t fill);
static void put (unsigned file, size_t at, bytes_t data);

void crashes_run (const recording_t *of, const images_options_t *with)
{
    recording = of;
    options = with;
    played = disk_new (NULL);
    made = disk_new (NULL);
    kept = disk_new (NULL);
    for (unsigned i = 0; i < recording->file_count; i++) {
        original[i] = disk_file (played, recording->files[i]);
        image[i] = disk_file (made, recording->files[i]);
        promised[i] = disk_file (kept, recording->files[i]);
    }
    for (size_t i = 0; i < recording->count; i++) {
        take_step (i);
        crash_after (i);
    }
    printf ("crash images: %zu steps, at most %llu changes not synced: %llu images, "
            "%llu of them different, %llu recovered\n",
            recording->count, (unsigned long long) most_changes,
            (unsigned long long) built, (unsigned long long) distinct,
            (unsigned long long) tried);
    disk_destroy (&played);
    disk_destroy (&made);
    disk_destroy (&kept);
    free (seen);
}

/* Goes on to what the kernel was told next. */
static void take_step (size_t index)
{
    const step_t *step = &recording->steps[index];
    if (step->kind == STEP_SYNC)
        take_sync (step->file);
    else if (step->kind == STEP_WRITE || step->kind == STEP_TRUNCATE) {
        assert_true (change_count < CHANGES_MAX);
        changes[change_count++] = index;
        recording_redo (step, original[step->file]);
    } else if (step->kind >= STEP_STORED) {
        take_told (step);
    }
}

/* Once all files are synced, what is in them is never to be lost. Whatever is answered
   for it leaves after that: this promises no less, and sooner. */
static void take_sync (unsigned file)
{
    size_t left = 0;
    for (size_t i = 0; i < change_count; i++)
        if (recording->steps[changes[i]].file != file)
            changes[left++] = changes[i];
    assert_int_equal (original[file]->file->ops->sync (original[file]->file), 0);
    change_count = left;
    if (left > 0)
        return;
    for (unsigned i = 0; i < recording->file_count; i++) {
        const disk_image_t *durable = &original[i]->durable;
        disk_set (promised[i], durable->data, durable->size);
        promise.files[i] = disk_durable (kept, recording->files[i]);
    }
    promises++;
}

static void take_told (const step_t *step)
{
    uint64_t *stored = &promise.stored[step->agency];
    if (step->kind == STEP_STORED)
        *stored = step->count > *stored ? step->count : *stored;
    else if (step->kind == STEP_SERVED)
        promise.served[step->agency] = true;
    else if (step->kind == STEP_WINNERS)
        promise.drawn = true;
    else
        promise.sealed[step->agency] = true;
    promises++;
}

static void crash_after (size_t index)
{
    most_changes = change_count > most_changes ? change_count : most_changes;
    lose_and_keep_few (index);
    tear_writes (index);
    if (recording->steps[index].kind <= STEP_SYNC)
        leave_tails (index);
}

/* Every subset of up to three changes is lost, and the others are there; and every
   subset of up to three is there, and the others are lost. */
static void lose_and_keep_few (size_t index)
{
    const size_t n = change_count; // that many stands for none
    for (size_t a = 0; a <= n; a++)
        for (size_t b = a; b <= n; b++)
            for (size_t c = b; c <= n; c++)
                for (int keep = 0; keep <= 1; keep++) {
                    fate_t fate = {.tail_file = -1};
                    for (size_t i = 0; i < n; i++)
                        fate.arrived[i] = (i == a || i == b || i == c) == keep;
                    try_fate (index, &fate);
                }
}

/* Each way in which one write may be torn, and it together with one of another file
   (or of the same, in the long version). */
static void tear_writes (size_t index)
{
    for (size_t a = 0; a < change_count; a++) {
        const size_t count = list_tears (a, tears[0]);
        for (size_t i = 0; i < count; i++)
            try_tears (index, &tears[0][i], NULL);
        for (size_t b = a + 1; b < change_count; b++) {
            if (same_file (a, b) && !options->all)
                continue;
            const size_t others = list_tears (b, tears[1]);
            for (size_t i = 0; i < count; i++)
                for (size_t j = 0; j < others; j++)
                    try_tears (index, &tears[0][i], &tears[1][j]);
        }
    }
}

static bool same_file (size_t a, size_t b)
{
    return recording->steps[changes[a]].file == recording->steps[changes[b]].file;
}

/* Of a write is lost: all, any beginning and any end in whole sectors, and any one
   sector; in its place there is nothing, or something, but the file has its length. */
static size_t list_tears (size_t change, tear_t *list)
{
    const step_t *step = &recording->steps[changes[change]];
    const size_t end = step->at + step->data.size;
    size_t count = 0;
    if (step->kind != STEP_WRITE)
        return 0;
    for (size_t from = step->at, next; from < end; from = next) {
        next = (from / DISK_SECTOR_BYTES + 1) * DISK_SECTOR_BYTES;
        count = list_fills (change, from, end, list, count);
        if (next >= end)
            continue;
        count = list_fills (change, from, next, list, count);
        if (from > step->at)
            count = list_fills (change, step->at, next, list, count);
    }
    return count;
}

static size_t list_fills (size_t change, size_t from, size_t to, tear_t *list,
                          size_t count)
{
    for (fill_t fill = NOT_THERE; fill <= STALE; fill++)
        if (may_hold (recording->steps[changes[change]].file, from, fill)) {
            assert_true (count < TEARS_MAX);
            list[count++] = (tear_t){change, from, to, fill};
        }
    return count;
}

/* With all other changes there, and with none of them. */
static void try_tears (size_t index, const tear_t *one, const tear_t *other)
{
    for (int others = 0; others <= 1; others++) {
        fate_t fate = {.tears = {*one}, .tear_count = 1, .tail_file = -1};
        if (other)
            fate.tears[fate.tear_count++] = *other;
        for (size_t i = 0; i < change_count; i++)
            fate.arrived[i] =
                others || i == one->change || (other && i == other->change);
        try_fate (index, &fate);
    }
}

/* Behind the end of a file, where space was reserved or a longer file was cut. */
static void leave_tails (size_t index)
{
    static const size_t sizes[] = {1, 64, 512, 4096 + 17};
    if (original[recording->file_count - 1]->durable.size == 0)
        return; // nothing has been asked of the others before a journal is there
    const size_t count = options->all ? 4 : 2; // in turn, unless all of them
    for (unsigned file = 0; file < recording->file_count; file++)
        for (size_t i = 0; i < 4; i++)
            for (fill_t fill = ZEROS; fill <= STALE; fill++) {
                fate_t fate = {
                    .tail_file = (int) file, .tail = sizes[i], .tail_fill = fill};
                memset (fate.arrived, 1, sizeof fate.arrived);
                if (i % count == index % count || options->all)
                    try_fate (index, &fate);
            }
}

static void try_fate (size_t index, const fate_t *fate)
{
    bytes_t files[RECORDING_FILES_MAX];
    describe (index, fate);
    build (fate);
    built++;
    if (seen_before () || !images_turn ())
        return;
    tried++;
    for (unsigned i = 0; i < recording->file_count; i++)
        files[i] = bytes_of (image[i]->cached.data, image[i]->cached.size);
    recovery_passes (recording, &promise, files,
                     images_sample (options, "crash", tried));
}

static void build (const fate_t *fate)
{
    for (unsigned i = 0; i < recording->file_count; i++)
        disk_set (image[i], original[i]->durable.data, original[i]->durable.size);
    for (size_t i = 0; i < change_count; i++)
        if (fate->arrived[i])
            apply (&recording->steps[changes[i]], tear_of (fate, i));
    if (fate->tail_file >= 0) {
        const unsigned file = (unsigned) fate->tail_file;
        const size_t end = image[file]->cached.size;
        fill_in (file, end, end + fate->tail, fate->tail_fill);
    }
}

static const tear_t *tear_of (const fate_t *fate, size_t change)
{
    for (size_t i = 0; i < fate->tear_count; i++)
        if (fate->tears[i].change == change)
            return &fate->tears[i];
    return NULL;
}

static void apply (const step_t *step, const tear_t *tear)
{
    const uint8_t *data = step->data.data;
    const size_t end = step->at + step->data.size;
    if (step->kind == STEP_TRUNCATE || !tear)
        recording_redo (step, image[step->file]);
    else {
        if (tear->from > step->at)
            put (step->file, step->at, bytes_of (data, tear->from - step->at));
        fill_in (step->file, tear->from, tear->to, tear->fill);
        if (tear->to < end)
            put (step->file, tear->to,
                 bytes_of (data + (tear->to - step->at), end - tear->to));
    }
}

/* Bytes that were synced stay: a sector is written whole or not at all. */
static void fill_in (unsigned file, size_t from, size_t to, fill_t fill)
{
    uint64_t random = built;
    const size_t synced = original[file]->durable.size;
    const disk_image_t *past = &original[file]->past;
    from = from > synced ? from : synced;
    for (size_t at = from; at < to && fill != NOT_THERE; at++) {
        uint8_t byte = 0;
        if (fill == NOISE)
            byte = (uint8_t) random_next (&random);
        else if (fill == STALE && at < past->size)
            byte = past->data[at];
        else if (fill == STALE && past->size > DISK_SECTOR_BYTES)
            byte = past->data[at % DISK_SECTOR_BYTES +
                              DISK_SECTOR_BYTES *
                                  (built % (past->size / DISK_SECTOR_BYTES))];
        put (file, at, bytes_of (&byte, 1));
    }
}

/* A journal that begins with noise is refused, as one of which nobody can tell what it
   was: the only image that is left out. */
static bool may_hold (unsigned file, size_t from, fill_t fill)
{
    return file != recording->file_count - 1 || from >= JOURNAL_RECORD_BYTES ||
           fill == NOT_THERE || fill == ZEROS;
}

/* Many fates make the same files. With another promise they are tried again. */
static bool seen_before (void)
{
    uint64_t hash = promises;
    for (unsigned i = 0; i < recording->file_count; i++)
        hash = XXH3_64bits_withSeed (image[i]->cached.data, image[i]->cached.size,
                                     hash + i);
    if (2 * (distinct + 1) > seen_capacity) {
        uint64_t *old = seen;
        const size_t old_capacity = seen_capacity;
        seen_capacity = 2 * seen_capacity + 4096;
        seen = calloc (seen_capacity, sizeof *seen);
        assert_non_null (seen);
        for (size_t i = 0; i < old_capacity; i++)
            if (old[i] != 0)
                *seen_place (old[i]) = old[i];
        free (old);
    }
    uint64_t *place = seen_place (hash);
    const bool before = *place == hash;
    distinct += !before;
    *place = hash;
    return before;
}

/* Where the hash is, or would be. */
static uint64_t *seen_place (uint64_t hash)
{
    size_t i = hash % seen_capacity;
    while (seen[i] != 0 && seen[i] != hash)
        i = (i + 1) % seen_capacity;
    return &seen[i];
}

static void describe (size_t index, const fate_t *fate)
{
    static const char *const fills[] = {"nothing", "zeros", "noise", "stale bytes"};
    char *at = images_case, *end = images_case + sizeof images_case;
    at += snprintf (at, (size_t) (end - at),
                    "image %llu, after %s; not synced:", (unsigned long long) built,
                    recording_text (recording, index));
    for (size_t i = 0; i < change_count && end - at > 200; i++)
        at += snprintf (at, (size_t) (end - at), " %zu%s", changes[i],
                        fate->arrived[i] ? "" : " (lost)");
    for (size_t i = 0; i < fate->tear_count; i++)
        at += snprintf (at, (size_t) (end - at), "; of %zu bytes %zu to %zu are %s",
                        changes[fate->tears[i].change], fate->tears[i].from,
                        fate->tears[i].to, fills[fate->tears[i].fill]);
    if (fate->tail_file >= 0)
        snprintf (at, (size_t) (end - at), "; behind %s %zu bytes of %s",
                  recording->files[fate->tail_file], fate->tail,
                  fills[fate->tail_fill]);
}

static void put (unsigned file, size_t at, bytes_t data)
{
    file_t *handle = image[file]->file;
    assert_int_equal (handle->ops->write (handle, data.data, data.size, at), 0);
}

/* cancels.c - which bets do not count. Storage. */

#include "cancels.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    uint64_t draw;
    uint32_t agency;
    uint32_t last_cancel; // of when it was read: what it is good for
    uint64_t *offsets;
    size_t count, capacity;
    uint64_t used;
} entry_t;

struct cancels {
    archive_t *archive; // borrowed
    entry_t entries[CANCELS_KEPT];
    uint64_t uses;
};

static entry_t *entry_for (cancels_t *cancels, const cursor_t *cursor);
static int read_new (cancels_t *cancels, entry_t *entry, const cursor_t *cursor);
static int by_size (const void *a, const void *b);

cancels_t *cancels_new (archive_t *archive)
{
    cancels_t *cancels = calloc (1, sizeof *cancels);
    assert (cancels);
    cancels->archive = archive;
    return cancels;
}

void cancels_destroy (cancels_t **cancels)
{
    for (size_t i = 0; *cancels && i < CANCELS_KEPT; i++)
        free ((*cancels)->entries[i].offsets);
    free (*cancels);
    *cancels = NULL;
}

int cancels_of (cancels_t *cancels, const cursor_t *cursor, cancelled_t *cancelled)
{
    *cancelled = (cancelled_t){0};
    if (cursor->at.cancelled == 0)
        return 0;
    entry_t *entry = entry_for (cancels, cursor);
    entry->used = ++cancels->uses;
    if (entry->last_cancel != cursor->at.last_cancel &&
        read_new (cancels, entry, cursor) == -1) {
        entry->draw = 0; // it is half read
        return -1;
    }
    *cancelled = (cancelled_t){entry->offsets, entry->count};
    return 0;
}

bool cancels_have (const cancelled_t *cancelled, uint64_t offset)
{
    size_t from = 0, to = cancelled->count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (cancelled->offsets[middle] == offset)
            return true;
        if (cancelled->offsets[middle] < offset)
            from = middle + 1;
        else
            to = middle;
    }
    return false;
}

/* The agency's own, or the one used least lately, emptied. */
static entry_t *entry_for (cancels_t *cancels, const cursor_t *cursor)
{
    const uint64_t draw = cursors_sale (cursor->cursors)->identity;
    entry_t *oldest = &cancels->entries[0];
    for (size_t i = 0; i < CANCELS_KEPT; i++) {
        entry_t *entry = &cancels->entries[i];
        if (entry->draw == draw && entry->agency == cursor->at.agency)
            return entry;
        if (entry->used < oldest->used)
            oldest = entry;
    }
    oldest->draw = draw;
    oldest->agency = cursor->at.agency;
    oldest->last_cancel = 0;
    oldest->count = 0;
    return oldest;
}

/* Those behind what is known already, from the last one back. */
static int read_new (cancels_t *cancels, entry_t *entry, const cursor_t *cursor)
{
    uint32_t sequence = cursor->at.last_cancel;
    record_t record;
    while (sequence != entry->last_cancel && entry->count < cursor->at.cancelled) {
        if (archive_get (cancels->archive, sequence, &record) == -1)
            return -1;
        if (entry->count == entry->capacity) {
            entry->capacity = 2 * entry->capacity + 16;
            entry->offsets =
                realloc (entry->offsets, entry->capacity * sizeof (uint64_t));
            assert (entry->offsets);
        }
        entry->offsets[entry->count++] = record.offset;
        sequence = record.previous;
    }
    qsort (entry->offsets, entry->count, sizeof (uint64_t), by_size);
    entry->last_cancel = cursor->at.last_cancel;
    return 0;
}

static int by_size (const void *a, const void *b)
{
    const uint64_t left = *(const uint64_t *) a, right = *(const uint64_t *) b;
    return left < right ? -1 : left > right;
}

/* takings.c - what is stored, by draw and agency: storage. Entries stand in the order
   in which they came; an agency's first one is found by its number, those of other
   draws behind it. */

#include "takings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct takings {
    uint32_t *first; // by agency: its entry's place from 1 on, 0: none; sparse
    takings_entry_t *entries;
    uint32_t *next; // of the same agency's, likewise
    size_t count, capacity;
    int64_t begun_ms;
};

static takings_entry_t *find (const takings_t *takings, uint64_t draw, uint32_t agency);
static takings_entry_t *add (takings_t *takings, const sale_t *sale, uint32_t agency);

takings_t *takings_new (void)
{
    takings_t *takings = calloc (1, sizeof *takings);
    assert (takings);
    takings->first = calloc (AGENCIES_MAX + 1, sizeof *takings->first);
    assert (takings->first);
    return takings;
}

void takings_destroy (takings_t **takings)
{
    if (*takings) {
        free ((*takings)->first);
        free ((*takings)->entries);
        free ((*takings)->next);
        free (*takings);
    }
    *takings = NULL;
}

void takings_add (takings_t *takings, const sale_t *sale, uint32_t agency,
                  uint32_t bets, int64_t now_ms)
{
    assert (agency <= AGENCIES_MAX);
    if (takings->count == 0)
        takings->begun_ms = now_ms;
    takings_entry_t *entry = find (takings, sale->identity, agency);
    if (!entry)
        entry = add (takings, sale, agency);
    entry->bets += bets;
    entry->batches++;
}

static takings_entry_t *find (const takings_t *takings, uint64_t draw, uint32_t agency)
{
    uint32_t place = takings->first[agency];
    while (place > 0 && takings->entries[place - 1].draw != draw)
        place = takings->next[place - 1];
    return place > 0 ? &takings->entries[place - 1] : NULL;
}

static takings_entry_t *add (takings_t *takings, const sale_t *sale, uint32_t agency)
{
    if (takings->count == takings->capacity) {
        takings->capacity = 2 * takings->capacity + 16;
        takings->entries =
            realloc (takings->entries, takings->capacity * sizeof *takings->entries);
        takings->next =
            realloc (takings->next, takings->capacity * sizeof *takings->next);
        assert (takings->entries && takings->next);
    }
    takings_entry_t *entry = &takings->entries[takings->count];
    *entry = (takings_entry_t){.draw = sale->identity, .agency = agency};
    snprintf (entry->name, sizeof entry->name, "%s", sale->terms.name);
    takings->next[takings->count++] = takings->first[agency];
    takings->first[agency] = (uint32_t) takings->count;
    return entry;
}

int64_t takings_deadline (const takings_t *takings)
{
    return takings->count > 0 ? takings->begun_ms + TAKINGS_MS : INT64_MAX;
}

const takings_entry_t *takings_take (takings_t *takings, size_t *count)
{
    *count = takings->count;
    for (size_t i = 0; i < takings->count; i++)
        takings->first[takings->entries[i].agency] = 0;
    takings->count = 0;
    return takings->entries;
}

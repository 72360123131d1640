/* hits.c - the records that hold bets on a draw's number. Storage. */

#include "hits.h"

#include <assert.h>
#include <stdlib.h>

#include "sorted.h"

static int by_sequence (const void *one, const void *other);

/* One more than may be is kept, which says that there are too many. */
void hits_add (hits_t *hits, uint32_t sequence)
{
    if (hits->count > HITS_MAX)
        return;
    if (hits->count == hits->capacity) {
        hits->capacity = 2 * hits->capacity + 64;
        hits->sequences =
            realloc (hits->sequences, hits->capacity * sizeof *hits->sequences);
        assert (hits->sequences);
    }
    hits->sequences[hits->count++] = sequence;
}

void hits_complete (hits_t *hits, uint32_t number)
{
    if (hits->count > HITS_MAX) {
        hits_clear (hits);
        return;
    }
    if (hits->count > 0)
        qsort (hits->sequences, hits->count, sizeof *hits->sequences, by_sequence);
    hits->number = number;
    hits->known = true;
}

static int by_sequence (const void *one, const void *other)
{
    const uint32_t a = *(const uint32_t *) one, b = *(const uint32_t *) other;
    return (a > b) - (a < b);
}

void hits_clear (hits_t *hits)
{
    free (hits->sequences);
    *hits = (hits_t){0};
}

bool hits_known (const hits_t *hits, uint32_t number)
{
    return hits->known && hits->number == number;
}

uint64_t hits_from (const hits_t *hits, uint32_t number, uint64_t index)
{
    if (!hits_known (hits, number))
        return index;
    if (index >= UINT32_MAX)
        return UINT64_MAX;
    const size_t place = sorted_from (hits->sequences, hits->count,
                                      sizeof *hits->sequences, (uint32_t) index + 1);
    return place < hits->count ? hits->sequences[place] - 1 : UINT64_MAX;
}

/* claims.c - which tickets won (agency): winners and claims are sorted by document, and
   then stand side by side. */

#include "claims.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t first, count; // of `offsets`
} share_t;

typedef struct {
    bytes_t document;
    size_t place; // of the winner, or the claim
} entry_t;

struct claims {
    size_t winners;
    share_t *shares;   // of each winner
    uint64_t *offsets; // of the claims, as they were shared out
};

static entry_t *list_winners (bytes_t winners, size_t *count);
static entry_t *list_claims (const claim_t *claims, size_t count, bool *known);
static void share_by_place (claims_t *self, const claim_t *claims, size_t count);
static void share_by_document (claims_t *self, entry_t *winners, const claim_t *claims,
                               entry_t *listed, size_t count);
static size_t same_as_first (const entry_t *entries, size_t count);
static void give (claims_t *self, const entry_t *winners, size_t winners_count,
                  size_t first, size_t count);
static int compare (const void *one, const void *other);
static int order_of (bytes_t a, bytes_t b);

claims_t *claims_new (bytes_t winners, const claim_t *claims, size_t count)
{
    claims_t *self = calloc (1, sizeof *self);
    bool known;
    assert (self);
    entry_t *listed = list_claims (claims, count, &known);
    entry_t *winning = list_winners (winners, &self->winners);
    self->shares = calloc (self->winners + 1, sizeof *self->shares);
    self->offsets = calloc (count + 1, sizeof *self->offsets);
    assert (self->shares && self->offsets);
    if (known)
        share_by_document (self, winning, claims, listed, count);
    else if (count == self->winners)
        share_by_place (self, claims, count);
    free (winning);
    free (listed);
    return self;
}

void claims_destroy (claims_t **claims)
{
    if (*claims) {
        free ((*claims)->shares);
        free ((*claims)->offsets);
        free (*claims);
    }
    *claims = NULL;
}

const uint64_t *claims_of (const claims_t *claims, size_t winner, size_t *count)
{
    assert (winner < claims->winners);
    *count = claims->shares[winner].count;
    return claims->offsets + claims->shares[winner].first;
}

static entry_t *list_winners (bytes_t winners, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < winners.size; i++)
        *count += winners.data[i] == '\n';
    entry_t *entries = calloc (*count + 1, sizeof *entries);
    assert (entries);
    for (size_t i = 0; i < *count; i++) {
        const uint8_t *end = memchr (winners.data, '\n', winners.size);
        const size_t size = (size_t) (end - winners.data);
        entries[i] = (entry_t){bytes_of (winners.data, size), i};
        winners = bytes_of (end + 1, winners.size - size - 1);
    }
    return entries;
}

static entry_t *list_claims (const claim_t *claims, size_t count, bool *known)
{
    entry_t *entries = calloc (count + 1, sizeof *entries);
    assert (entries);
    *known = true;
    for (size_t i = 0; i < count; i++) {
        entries[i] = (entry_t){claims[i].document, i};
        *known = *known && claims[i].document.size > 0;
    }
    return entries;
}

static void share_by_place (claims_t *self, const claim_t *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        self->offsets[i] = claims[i].offset;
        self->shares[i] = (share_t){i, 1};
    }
}

static void share_by_document (claims_t *self, entry_t *winners, const claim_t *claims,
                               entry_t *listed, size_t count)
{
    size_t at = 0;
    qsort (winners, self->winners, sizeof *winners, compare);
    qsort (listed, count, sizeof *listed, compare);
    for (size_t i = 0; i < count; i++)
        self->offsets[i] = claims[listed[i].place].offset;
    for (size_t i = 0; i < self->winners;) {
        const size_t same = same_as_first (winners + i, self->winners - i);
        while (at < count && order_of (listed[at].document, winners[i].document) < 0)
            at++; // it did not win: cancelled somewhere else
        const bool there =
            at < count && bytes_equal (listed[at].document, winners[i].document);
        const size_t theirs = there ? same_as_first (listed + at, count - at) : 0;
        give (self, winners + i, same, at, theirs);
        at += theirs;
        i += same;
    }
}

static size_t same_as_first (const entry_t *entries, size_t count)
{
    size_t same = 1;
    while (same < count && bytes_equal (entries[same].document, entries[0].document))
        same++;
    return same;
}

/* One each; what is left to the last one. */
static void give (claims_t *self, const entry_t *winners, size_t winners_count,
                  size_t first, size_t count)
{
    for (size_t i = 0; i < winners_count && i < count; i++) {
        const bool last = i + 1 == winners_count;
        self->shares[winners[i].place] = (share_t){first + i, last ? count - i : 1};
    }
}

static int compare (const void *one, const void *other)
{
    const entry_t *a = one, *b = other;
    const int order = order_of (a->document, b->document);
    return order ? order : a->place < b->place ? -1 : a->place > b->place;
}

static int order_of (bytes_t a, bytes_t b)
{
    const size_t size = a.size < b.size ? a.size : b.size;
    const int order = size > 0 ? memcmp (a.data, b.data, size) : 0;
    return order ? order : a.size < b.size ? -1 : a.size > b.size;
}

/* refusals.c - the latest refusals: loteria-web. */

#include "refusals.h"

#include <assert.h>
#include <stdlib.h>

struct refusals {
    uint64_t from;
    uint64_t count; // ever
    size_t lines;
    char *text;
    size_t size;
};

static void append (refusals_t *refusals, bytes_t line);
static void drop_first (refusals_t *refusals);

refusals_t *refusals_new (void)
{
    refusals_t *refusals = calloc (1, sizeof *refusals);
    assert (refusals);
    return refusals;
}

void refusals_destroy (refusals_t **refusals)
{
    if (*refusals)
        free ((*refusals)->text);
    free (*refusals);
    *refusals = NULL;
}

uint64_t refusals_from (const refusals_t *refusals)
{
    return refusals->from;
}

void refusals_take (refusals_t *refusals, bytes_t text, uint64_t next)
{
    bytes_t line;
    if (next < refusals->from) {
        refusals->from = 0;
        return;
    }
    refusals->from = next;
    while (bytes_take_until (&text, '\n', &line)) // only whole lines are reported
        append (refusals, bytes_of (line.data, line.size + 1));
}

bytes_t refusals_text (const refusals_t *refusals)
{
    return bytes_of (refusals->text, refusals->size);
}

uint64_t refusals_count (const refusals_t *refusals)
{
    return refusals->count;
}

static void append (refusals_t *refusals, bytes_t line)
{
    if (refusals->lines == REFUSALS_KEPT)
        drop_first (refusals);
    refusals->text = realloc (refusals->text, refusals->size + line.size);
    assert (refusals->text);
    memcpy (refusals->text + refusals->size, line.data, line.size);
    refusals->size += line.size;
    refusals->lines++;
    refusals->count++;
}

static void drop_first (refusals_t *refusals)
{
    const char *end = memchr (refusals->text, '\n', refusals->size);
    const size_t size = (size_t) (end - refusals->text) + 1;
    refusals->size -= size;
    memmove (refusals->text, refusals->text + size, refusals->size);
    refusals->lines--;
}

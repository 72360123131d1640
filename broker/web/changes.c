/* changes.c - which agencies changed since readers were told: loteria-web. */

#include "changes.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    view_agency_t agency;
    uint64_t last_word_ms;
    size_t connections;
} told_t;

struct changes {
    char name[DRAW_NAME_BYTES_MAX + 1];
    uint64_t opened_ms;
    uint8_t phase;
    told_t *told; // by number
    size_t count;
};

static bool same_draw (const changes_t *changes, const view_draw_t *draw);
static told_t as_of (const view_t *view, const view_agency_t *agency);
static const told_t *find (const changes_t *changes, size_t *from, uint32_t agency);
static bool same (const told_t *a, const told_t *b);

changes_t *changes_new (void)
{
    changes_t *changes = calloc (1, sizeof *changes);
    assert (changes);
    return changes;
}

void changes_destroy (changes_t **changes)
{
    if (*changes)
        free ((*changes)->told);
    free (*changes);
    *changes = NULL;
}

view_draw_t changes_since (changes_t *changes, const view_t *view,
                           const view_draw_t *draw, bool *whole)
{
    view_draw_t changed = *draw;
    told_t *told = malloc ((draw->count + 1) * sizeof *told);
    changed.list = malloc ((draw->count + 1) * sizeof *changed.list);
    assert (told && changed.list);
    changed.count = 0;
    *whole = !same_draw (changes, draw);
    size_t from = 0;
    for (size_t i = 0; i < draw->count; i++) {
        told[i] = as_of (view, &draw->list[i]);
        const told_t *before = find (changes, &from, draw->list[i].agency);
        if (*whole || !before || !same (before, &told[i]))
            changed.list[changed.count++] = draw->list[i];
    }
    free (changes->told);
    changes->told = told;
    changes->count = draw->count;
    changes->opened_ms = draw->opened_ms;
    changes->phase = draw->phase;
    memcpy (changes->name, draw->name, sizeof changes->name);
    return changed;
}

/* A name comes again every day; what an agency does has another name once it is closed.
 */
static bool same_draw (const changes_t *changes, const view_draw_t *draw)
{
    return changes->phase == draw->phase && strcmp (changes->name, draw->name) == 0 &&
           changes->opened_ms == draw->opened_ms;
}

static told_t as_of (const view_t *view, const view_agency_t *agency)
{
    told_t told = {.agency = *agency};
    const view_connection_t *connection =
        view_connection (view, agency->agency, &told.connections);
    told.last_word_ms = connection ? connection->last_word_ms : 0;
    return told;
}

/* Both lists are by number, so one look goes on where the last one ended. */
static const told_t *find (const changes_t *changes, size_t *from, uint32_t agency)
{
    while (*from < changes->count && changes->told[*from].agency.agency < agency)
        ++*from;
    return *from < changes->count && changes->told[*from].agency.agency == agency
               ? &changes->told[*from]
               : NULL;
}

static bool same (const told_t *a, const told_t *b)
{
    const view_agency_t *x = &a->agency, *y = &b->agency;
    return x->state == y->state && x->bets == y->bets && x->cancelled == y->cancelled &&
           x->bets_per_s == y->bets_per_s && x->last_batch_ms == y->last_batch_ms &&
           x->ready_ms == y->ready_ms && x->served_ms == y->served_ms &&
           a->last_word_ms == b->last_word_ms && a->connections == b->connections;
}

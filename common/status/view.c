/* view.c - what the parts of a central report, put together: loteria-ctl, loteria-web.
 */

#include "view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "sorted.h"
#include "text.h"
#include "view_state.h"

static size_t slot_of (const view_numbers_t *numbers, uint32_t agency);
static void widen (view_numbers_t *numbers, const void *list, size_t count,
                   size_t size);

view_t *view_new (void)
{
    view_t *view = calloc (1, sizeof *view);
    struct view_index *index = calloc (1, sizeof *index);
    assert (view && index);
    view->index = index;
    view->bets_per_s = VIEW_RATE_UNKNOWN;
    view->broker.requests_per_s = VIEW_RATE_UNKNOWN;
    view->storage.bytes_per_s = VIEW_RATE_UNKNOWN;
    view->storage.sync_p50_s = view->storage.sync_p99_s = VIEW_RATE_UNKNOWN;
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        view->part[part].cpu_percent = VIEW_RATE_UNKNOWN;
    return view;
}

void view_destroy (view_t **view)
{
    view_t *self = *view;
    if (!self)
        return;
    for (size_t i = 0; i < self->draws; i++) {
        free (self->draw[i].list);
        free (self->index->draw[i].slot);
    }
    free (self->index->draw);
    free (self->index->fact.slot);
    free (self->index->facts);
    free (self->index);
    free (self->draw);
    free (self->connection);
    free (self->worker);
    free (self->process);
    free (self);
    *view = NULL;
}

void view_take (view_t *view, status_part_t part, bytes_t text)
{
    metric_line_t line;
    view->part[part].answer = VIEW_UP;
    while (metric_line_next (&text, &line, &view->nonsense))
        if (!view_metrics_take (view, part, &line))
            view->nonsense++;
}

void view_silent (view_t *view, status_part_t part, const char *reason)
{
    view_part_t *silent = &view->part[part];
    silent->answer = VIEW_SILENT;
    snprintf (silent->reason, sizeof silent->reason, "%s", reason);
    text_clean (silent->reason);
}

void view_finish (view_t *view, const view_t *before, int64_t clock_ms,
                  uint64_t wall_ms)
{
    view->clock_ms = clock_ms;
    view->time_ms = wall_ms;
    view_order (view);
    view_compare (view, before);
}

/* They are in the order in which they are meant. */
const view_draw_t *view_draw (const view_t *view, const char *name)
{
    if (!name && !view_told (view, STATUS_STATE) && view->draws > 1)
        return NULL;
    for (size_t i = 0; i < view->draws; i++) {
        const view_draw_t *draw = &view->draw[i];
        const bool planned = draw->has_phase && draw->phase == PHASE_PLANNED;
        if (name ? strcmp (draw->name, name) == 0 : !planned)
            return draw;
    }
    return NULL;
}

const view_agency_t *view_agency (const view_draw_t *draw, uint32_t agency)
{
    const size_t place =
        sorted_find (draw->list, draw->count, sizeof *draw->list, agency);
    return place < draw->count ? &draw->list[place] : NULL;
}

const view_connection_t *view_connection (const view_t *view, uint32_t agency,
                                          size_t *count)
{
    const size_t first = sorted_find (view->connection, view->connections,
                                      sizeof *view->connection, agency);
    size_t end = first;
    while (end < view->connections && view->connection[end].agency == agency)
        end++;
    if (count)
        *count = end - first;
    return end > first ? &view->connection[first] : NULL;
}

bool view_provable (const view_draw_t *draw)
{
    return draw->source == SOURCE_PROVABLE;
}

bool view_missing (const view_draw_t *draw, const view_agency_t *agency)
{
    if (!draw->has_phase)
        return false;
    switch (draw->phase) {
    case PHASE_OPEN:
    case PHASE_CLOSED:
        return agency->state == VIEW_SELLING;
    case PHASE_SEALED:
        return agency->state == VIEW_READY;
    case PHASE_DRAWN:
        return agency->state == VIEW_SELLING || agency->state == VIEW_READY ||
               agency->state == VIEW_REVEALED;
    default:
        return false;
    }
}

uint32_t view_missing_count (const view_draw_t *draw)
{
    uint32_t count = 0;
    for (size_t i = 0; i < draw->count; i++)
        count += view_missing (draw, &draw->list[i]);
    return count;
}

const char *view_state_name (const view_draw_t *draw, const view_agency_t *agency)
{
    static const char *const names[] = {[VIEW_SELLING] = "selling",
                                        [VIEW_READY] = "ready",
                                        [VIEW_EXCUSED] = "excused",
                                        [VIEW_SERVED] = "served",
                                        [VIEW_REVEALED] = "revealed"};
    if (agency->state == VIEW_SELLING && draw->has_phase && draw->phase > PHASE_OPEN)
        return "closed";
    if (agency->state == VIEW_READY && view_provable (draw))
        return "committed";
    return agency->state < sizeof names / sizeof *names ? names[agency->state] : "?";
}

const char *view_closes_name (view_closes_t closes)
{
    static const char *const names[] = {[VIEW_CLOSES_CLOCK] = "clock",
                                        [VIEW_CLOSES_ALL] = "all",
                                        [VIEW_CLOSES_NEVER] = "never"};
    return (size_t) closes < sizeof names / sizeof *names ? names[closes] : NULL;
}

bool view_standby (const view_t *view)
{
    return view->engine.has_role && !view->engine.active;
}

bool view_fails (const view_t *view, status_part_t part)
{
    return view->part[part].answer == VIEW_SILENT &&
           (part == STATUS_CENTRAL || !view_standby (view));
}

bool view_whole (const view_t *view)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (view_fails (view, part))
            return false;
    return true;
}

bool view_told (const view_t *view, status_part_t part)
{
    return view->part[part].answer == VIEW_UP;
}

size_t view_numbers_find (view_numbers_t *numbers, const void *list, size_t count,
                          size_t size, uint32_t agency)
{
    for (size_t i = 0; i < 2; i++)
        if (numbers->last + i < count &&
            sorted_number (list, numbers->last + i, size) == agency)
            return numbers->last += i;
    if (numbers->slots == 0)
        return SIZE_MAX;
    const size_t mask = numbers->slots - 1;
    for (size_t at = slot_of (numbers, agency); numbers->slot[at]; at = (at + 1) & mask)
        if (sorted_number (list, numbers->slot[at] - 1, size) == agency)
            return numbers->last = numbers->slot[at] - 1;
    return SIZE_MAX;
}

void view_numbers_add (view_numbers_t *numbers, const void *list, size_t count,
                       size_t size)
{
    if (2 * count >= numbers->slots)
        widen (numbers, list, count - 1, size);
    const size_t mask = numbers->slots - 1;
    size_t at = slot_of (numbers, sorted_number (list, count - 1, size));
    while (numbers->slot[at])
        at = (at + 1) & mask;
    numbers->slot[at] = (uint32_t) count;
    numbers->last = count - 1;
}

static size_t slot_of (const view_numbers_t *numbers, uint32_t agency)
{
    return (agency * 2654435761u >> 7) & (numbers->slots - 1);
}

static void widen (view_numbers_t *numbers, const void *list, size_t count, size_t size)
{
    const size_t slots = numbers->slots ? 4 * numbers->slots : 64;
    free (numbers->slot);
    numbers->slot = calloc (slots, sizeof *numbers->slot);
    assert (numbers->slot);
    numbers->slots = slots;
    for (size_t i = 0; i < count; i++)
        view_numbers_add (numbers, list, i + 1, size);
}

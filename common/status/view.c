/* view.c - what the parts of a central report, put together: loteria-ctl, loteria-web.
 */

#include "view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

view_t *view_new (void)
{
    view_t *view = calloc (1, sizeof *view);
    assert (view);
    return view;
}

void view_destroy (view_t **view)
{
    free (*view);
    *view = NULL;
}

void view_take (view_t *view, status_part_t part, bytes_t text)
{
    (void) text;
    view->part[part].answer = VIEW_UP;
}

void view_silent (view_t *view, status_part_t part, const char *reason)
{
    view->part[part].answer = VIEW_SILENT;
    snprintf (view->part[part].reason, sizeof view->part[part].reason, "%s", reason);
}

void view_finish (view_t *view, const view_t *before, int64_t clock_ms,
                  uint64_t wall_ms)
{
    (void) before;
    view->clock_ms = clock_ms;
    view->time_ms = wall_ms;
}

const view_draw_t *view_draw (const view_t *view, const char *name)
{
    (void) view;
    (void) name;
    return NULL;
}

const view_agency_t *view_agency (const view_draw_t *draw, uint32_t agency)
{
    (void) draw;
    (void) agency;
    return NULL;
}

const view_connection_t *view_connection (const view_t *view, uint32_t agency,
                                          size_t *count)
{
    (void) view;
    (void) agency;
    (void) count;
    return NULL;
}

bool view_missing (const view_draw_t *draw, const view_agency_t *agency)
{
    (void) draw;
    (void) agency;
    return false;
}

uint32_t view_missing_count (const view_draw_t *draw)
{
    (void) draw;
    return 0;
}

const char *view_state_name (uint8_t state)
{
    static const char *const names[] = {"selling", "ready", "excused", "served"};
    return state < sizeof names / sizeof *names ? names[state] : "?";
}

bool view_whole (const view_t *view)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (view->part[part].answer == VIEW_SILENT)
            return false;
    return true;
}

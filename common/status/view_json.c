/* view_json.c - a view as JSON: loteria-ctl, loteria-web. */

#include "view_json.h"

#include <assert.h>
#include <stdlib.h>

#include "json.h"

static char *nothing (size_t *size);

char *view_json_status (const view_t *view, size_t *size)
{
    (void) view;
    return nothing (size);
}

char *view_json_agencies (const view_t *view, const view_draw_t *draw, bool missing,
                          size_t *size)
{
    (void) view;
    (void) draw;
    (void) missing;
    return nothing (size);
}

char *view_json_workers (const view_t *view, size_t *size)
{
    (void) view;
    return nothing (size);
}

char *view_json_refused (bytes_t text, size_t last, size_t *size)
{
    (void) text;
    (void) last;
    return nothing (size);
}

static char *nothing (size_t *size)
{
    char *text = strdup ("{}\n");
    assert (text);
    if (size)
        *size = strlen (text);
    return text;
}

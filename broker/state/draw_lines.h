/* draw_lines.h - the log's lines about what happens to draws. State. */

#ifndef LOTERIA_DRAW_LINES_H
#define LOTERIA_DRAW_LINES_H

#include "draw.h"

/* What has just happened to the draw. That it is closed has a line of its own: it may
   be told later than it happened, and is told once. */
void draw_lines_event (const draw_t *draw, const wire_event_t *event);
void draw_lines_closed (const draw_t *draw);

#endif

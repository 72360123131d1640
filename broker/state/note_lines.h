/* note_lines.h - the log's lines about the notes of provable draws. State. */

#ifndef LOTERIA_NOTE_LINES_H
#define LOTERIA_NOTE_LINES_H

#include "draw.h"

/* Log what has just happened to the draw, if it was a note: its hash and whose it is;
   never a nonce, a salt key, or a box. */
void note_lines_log (const draw_t *draw, const wire_event_t *event);

#endif

/* show.h - draws for people, in columns or a line, and for programs, as JSON; on
   stdout. docs/draws.md says what each field is, and that they stay. */

#ifndef LOTERIA_SHOW_H
#define LOTERIA_SHOW_H

#include "draw_list.h"

/* All of them, a line each below a heading; or one object with a list `draws`. */
void show_draws (const draw_list_t *list);
void show_draws_json (const draw_list_t *list);

/* One: how it stands, in one line. */
void show_draw (const listed_t *listed);
void show_draw_json (const listed_t *listed);

#endif

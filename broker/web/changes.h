/* changes.h - which agencies of a draw are otherwise than when readers were last told;
   pure. */

#ifndef LOTERIA_CHANGES_H
#define LOTERIA_CHANGES_H

#include "view.h"

typedef struct changes changes_t;

changes_t *changes_new (void);
void changes_destroy (changes_t **changes);

/* The agencies of `draw` that are new or changed since the last call, which counts as
   told. `whole` receives whether these are all of them, because the draw is another
   one. `list` is to be freed; the rest is the draw's own. */
view_draw_t changes_since (changes_t *changes, const view_t *view,
                           const view_draw_t *draw, bool *whole);

#endif

/* advice.h - what helps against a part that does not answer. Pure. */

#ifndef LOTERIA_ADVICE_H
#define LOTERIA_ADVICE_H

#include "view.h"

#define ADVICE_BYTES 160

/* For this reason; `view` says which process it is, if one is known, and may be NULL.
   Returns `text`. */
const char *advice_text (const view_t *view, status_part_t part, const char *reason,
                         char text[ADVICE_BYTES]);

/* When no part answers: whose reason tells most. The keys come first: who was there and
   refused says more than who was not. STATUS_PARTS: none is silent. */
status_part_t advice_part (const view_t *view);

#endif

/* gazette.h - the notes of the provable draws that somebody looks at, gathered from
   storage a few pages at a time. Notes do not change: each is asked for once, and those
   that are missing again when there should be more. A shell around asker.h. */

#ifndef LOTERIA_GAZETTE_H
#define LOTERIA_GAZETTE_H

#include "asker.h"
#include "content.h"
#include "view.h"

#define GAZETTE_DRAWS_MAX 4     // kept, those that were looked at last
#define GAZETTE_LOOKED_MS 15000 // so long after somebody looked they are asked for

typedef struct gazette gazette_t;

gazette_t *gazette_new (void);
void gazette_destroy (gazette_t **gazette);

/* Somebody looks at this draw: what there is of its notes, as JSON, for the caller to
   release. A draw that is provable. */
content_t *gazette_look (gazette_t *gazette, const view_draw_t *draw, int64_t now_ms);

/* Go on gathering. `asker` may be NULL. */
void gazette_turn (gazette_t *gazette, const view_t *view, asker_t *asker,
                   int64_t now_ms);

/* The central is another one, and its asker: nothing that was asked will be answered,
   and what is there is of the former. */
void gazette_lose (gazette_t *gazette);

#endif

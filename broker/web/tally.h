/* tally.h - how many winners each draw had: counted once for each draw that is drawn,
   from the pages that agencies are told theirs with. Nothing but the number is kept. A
   shell around asker.h. */

#ifndef LOTERIA_TALLY_H
#define LOTERIA_TALLY_H

#include "asker.h"
#include "view.h"

#define TALLY_DRAWS_MAX 64 // remembered, the latest

typedef struct tally tally_t;

tally_t *tally_new (void);
void tally_destroy (tally_t **tally);

/* Go on counting, a few agencies at a time: a draw that the view has and that was not
   counted. `asker` may be NULL; what was asked of another one is asked anew. */
void tally_turn (tally_t *tally, const view_t *view, asker_t *asker, int64_t now_ms);

/* The asker is about to be destroyed: nothing that it was asked will be answered. */
void tally_lose (tally_t *tally);

/* Whether the draw's winners are counted, and how many they are. */
bool tally_winners (const tally_t *tally, const view_draw_t *draw, uint64_t *winners);

#endif

/* draw.h - the draw: which agencies are ready, and whether it was made.

   Pure, and an automaton: what happens is an event of the log's; events are applied one
   by one, once they are durable, the same way when they happen and when storage replays
   them to a state that starts.

     agency is   READY(count, digest)         DONE
     ---------   --------------------------   ---------------------------
     not on      refuse: AGENCY               refuse: AGENCY
       the roll
     open        ask storage to seal it       refuse: UNDRAWN
     sealed      same count: wait             refuse: UNDRAWN
                 other count: refuse: TALLY
     drawn       same count: tell winners     have it recorded, once
                 other count: refuse: TALLY

   Same count, other digest: refuse CONFLICT.

   When the last agency of the roll is sealed the draw is due: storage is asked to
   record that it is made, which it does once. */

#ifndef LOTERIA_DRAW_H
#define LOTERIA_DRAW_H

#include <stdbool.h>

#include "wire.h"

typedef enum { DRAW_REFUSE, DRAW_ASK_SEAL, DRAW_WAIT, DRAW_TELL } draw_answer_t;

typedef struct draw draw_t;

/* A draw of which nothing is known but its identity, which is the log's. */
draw_t *draw_new (uint64_t identity);
void draw_destroy (draw_t **draw);

/* Take in what happened. Returns 0, or -1 when it cannot have happened (an agency off
   the roll, a second draw, ...): the log is then not one of ours. Nothing has changed
   then. */
int draw_apply (draw_t *draw, const wire_event_t *event);

/* What to do when an agency asks for its results: when DRAW_REFUSE, `*code` says why.
 */
draw_answer_t draw_ready (const draw_t *draw, uint32_t agency,
                          const wire_tally_t *tally, wire_code_t *code);

uint64_t draw_identity (const draw_t *draw);
bool draw_opened (const draw_t *draw);
bool draw_on_roll (const draw_t *draw, uint32_t agency);
bool draw_sealed (const draw_t *draw, uint32_t agency);
bool draw_served (const draw_t *draw, uint32_t agency);
uint64_t draw_count (const draw_t *draw, uint32_t agency); // that it was sealed with
bool draw_due (const draw_t *draw); // all are sealed, and it was not made
bool draw_made (const draw_t *draw);
bool draw_all_served (const draw_t *draw);
wire_day_t draw_day (const draw_t *draw, uint32_t agency);
uint32_t draw_agencies (const draw_t *draw);
uint32_t draw_agencies_ready (const draw_t *draw);
uint32_t draw_number (const draw_t *draw);

#endif

/* openings.h - the draws that state opens by itself: the one of its options, and those
   of the schedule.

   Each is opened when it is due and the log has none of that name. The own one is
   needed: state begins when it is there, and its terms have to be those of the options.
   One that the schedule asks for and that is there already is left alone until the next
   is due. What storage was asked it is asked again until it has answered; an opening
   that was not answered in time may have been recorded, and so the draw is looked up.
   No socket; the clock on the wall is told. */

#ifndef LOTERIA_OPENINGS_H
#define LOTERIA_OPENINGS_H

#include "follower.h"
#include "order.h"
#include "schedule.h"

typedef struct openings openings_t;

typedef enum { // how the own draw stands to the options
    OWN_WANTED,
    OWN_SETTLED, // it is there, or there is to be none
    // it is there, and was opened with other terms
    OWN_OTHER_AGENCIES,
    OWN_OTHER_SOURCE,
    OWN_OTHER_NUMBER
} openings_own_t;

/* `own`: its terms, without a name there is to be none; it closes as `closes` says.
   Borrows the schedule (NULL: none), the draws and the follower. */
openings_t *openings_new (const terms_t *own, terms_closes_t closes,
                          const schedule_t *schedule, draws_t *draws,
                          follower_t *follower);
void openings_destroy (openings_t **openings);

void openings_tick (openings_t *openings, int64_t now_ms, uint64_t wall_ms);
/* Ask storage for what is due. To be called when the follower follows: after all that
   may have changed it. */
void openings_pursue (openings_t *openings);
/* When to do so again at the latest; INT64_MAX: no need. */
int64_t openings_deadline (const openings_t *openings);
/* Whether something is to be asked of storage. */
bool openings_want (const openings_t *openings);

/* What state itself asked was refused. False: it was none of these, or there is nothing
   to say about it. */
bool openings_refused (openings_t *openings, const wire_message_t *message);

openings_own_t openings_own (const openings_t *openings);

/* The draws that are planned, from 0 on: each section's next one that is not opened
   yet. False when that one has none. */
size_t openings_plans (const openings_t *openings);
bool openings_planned (const openings_t *openings, size_t plan, schedule_draw_t *draw);

#endif

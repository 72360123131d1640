/* questions.h - what operators ask state about one draw: how it stands (LOOKUP, by its
   name), and who has won in it (RESULTS, page by page).

   It may be one that was over long ago. So storage is asked for it by its name, which
   has it at hand from then on, and state replays what it does not know of it. Nothing
   is recorded, and no agency is told anything. A question is asked of storage again
   until it is answered, and given up after a while. No socket and no clock. */

#ifndef LOTERIA_QUESTIONS_H
#define LOTERIA_QUESTIONS_H

#include "follower.h"

typedef struct questions questions_t;

/* Borrows all of them; the answers go into the outbox, for operators by their routing
   ids: not in bundles. */
questions_t *questions_new (draws_t *draws, follower_t *follower, outbox_t *outbox);
void questions_destroy (questions_t **questions);

/* What time it is. */
void questions_tick (questions_t *questions, int64_t now_ms);
/* Answer what can be answered, and ask storage. To be called when the follower follows:
   after all that may have changed it. */
void questions_pursue (questions_t *questions);
/* When that is due again at the latest; INT64_MAX: nothing is asked. */
int64_t questions_deadline (const questions_t *questions);
/* Whether something is to be asked of storage. */
bool questions_want (const questions_t *questions);

/* A LOOKUP or RESULTS, from the peer with this routing id. */
void questions_take (questions_t *questions, bytes_t peer,
                     const wire_message_t *message);

/* Whether what storage answers in this envelope answers one of these. */
bool questions_are_in (const envelope_t *envelope);
/* What it answers in such an envelope: the EVENT that opened a draw, which was applied,
   WINNERS, or REFUSED. */
void questions_answered (questions_t *questions, const envelope_t *envelope,
                         const wire_message_t *answer);

#endif

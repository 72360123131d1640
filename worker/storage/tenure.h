/* tenure.h - the lease of a log that an engine keeps (engine.h): when a process may
   take it, how long it holds, and which answers may leave meanwhile. What the engine
   says and the time come in; nothing here waits.

   Time decides when somebody tries: once the lease was not renewed for its length, by
   the engine's clock; or was given back, by a last epoch without a holder; or by order.
   The epoch decides who: of all that try one raises
   it, and whoever had it before is fenced from then on.

   Who holds it renews it each RENEWALS-th part of its length. What is confirmed (a
   renewal, a commit) counts from when it was asked. Without one for a whole lease he
   ends: somebody else may hold it by now. An answer that records nothing, and so is not
   fenced by the engine, leaves only within an ANSWERS-th part after a renewal (others
   see no commits), and not when its lease may be taken for an earlier run's; and who
   took the lease before it had run out does not serve until such answers are over. */

#ifndef LOTERIA_TENURE_H
#define LOTERIA_TENURE_H

#include "engine.h"

#define TENURE_RENEWALS 10
#define TENURE_ANSWERS  6

typedef enum {
    TENURE_WAITS,  // it is another's, or is not known to be anybody's
    TENURE_TAKES,  // it was asked for, and that has to be safe before anything else
    TENURE_HOLDS,  // it is ours, with tenure_epoch ()
    TENURE_BARRED, // it is another's, and we are no standby of his: tenure_why ()
    TENURE_LOST,   // it was ours, and is another's: end; likewise
    TENURE_OVER    // it was ours, or may be, and nobody knows: end; likewise
} tenure_state_t;

typedef struct {
    engine_t *engine;   // borrowed; its ENGINE_LEASE line is the tenure's own
    const char *holder; // what others are told who holds it; borrowed. The same as
                        // that of an earlier run here, whose lease is taken as soon as
                        // it shows that nobody renews it
    int64_t lease_ms;
    bool standby; // waits while another holds it
} tenure_options_t;

typedef struct tenure tenure_t;

tenure_t *tenure_new (const tenure_options_t *options, int64_t now_ms);
void tenure_destroy (tenure_t **tenure);

/* Take what the engine says, and ask it what is due. */
tenure_state_t tenure_turn (tenure_t *tenure, int64_t now_ms);
/* When to do so at the latest, and a descriptor that is readable when sooner. */
int64_t tenure_deadline (const tenure_t *tenure);
int tenure_descriptor (const tenure_t *tenure);

/* By order: take it now, whoever holds it. */
void tenure_claim (tenure_t *tenure);

/* It ends in order: whoever wants the lease may take it at once. It is given back in
   the turns to come, and the state is TENURE_OVER then. Nothing may be said from here
   on. */
void tenure_give_back (tenure_t *tenure);

/* A commit that was asked at `asked_ms` was answered with DONE, and entries up to
   `ordinal` are safe: those who follow are told so with the next renewal. 0 for either
   of them: nothing new. */
void tenure_confirm (tenure_t *tenure, int64_t asked_ms, uint64_t ordinal);

/* Who holds it: whether he may serve yet; and whether answers that record nothing may
   leave now. They may, too, when something was confirmed that was asked after all of
   them were ready, at `ready_ms`, however long that took; 0: they have just become so.
 */
bool tenure_serves (const tenure_t *tenure, int64_t now_ms);
bool tenure_vouches (const tenure_t *tenure, int64_t ready_ms, int64_t now_ms);

/* Another process has the same `holder` as this one, and is the active one. */
bool tenure_has_namesake (const tenure_t *tenure);

uint64_t tenure_epoch (const tenure_t *tenure); // of what is held
/* The lease as it was seen last; its `epoch` is 0 before. */
const engine_lease_t *tenure_seen (const tenure_t *tenure);
/* Why it is as it is; or why the engine does not answer; "": nothing to say. */
const char *tenure_why (const tenure_t *tenure);

#endif

/* notary.h - the notes of provable draws that state has recorded by itself: the open
   note once a draw is opened, the seal when its time has come, and the result once it
   is made. What agencies and operators say it only helps to answer.

   A draw is sealed when it is closed, `least` agencies have committed, and nobody is
   waited for any more: all that were not excused have committed, or the time to commit
   is over, counted from the close that is recorded. Of those that have not committed
   storage is asked what they have sold first.

   All is asked again until it is recorded. Pure, but for the files of signing keys,
   which its options' function reads. */

#ifndef LOTERIA_NOTARY_H
#define LOTERIA_NOTARY_H

#include "follower.h"

typedef struct {
    const char *central;        // its name; borrowed
    const signing_pair_t *pair; // the operator's; NULL: no provable draw can be opened
    uint32_t commit_s, least;   // of those that are opened; least 0: all
    const uint8_t *auditor;     // NULL: they have none
    // The agencies' keys, read anew for each draw: 0, and the caller clears them; or -1
    // with the reason (KEYS_WHY_BYTES).
    int (*signers) (void *context, signers_t *signers, char *why);
    void *context;
} notary_options_t;

typedef struct notary notary_t;

/* Borrows the draws and the follower. */
notary_t *notary_new (const notary_options_t *options, draws_t *draws,
                      follower_t *follower, const chance_t *chance);
void notary_destroy (notary_t **notary);

void notary_tick (notary_t *notary, int64_t now_ms, uint64_t wall_ms);
/* Ask storage for what is due. To be called when the follower follows: after all that
   may have changed it. */
void notary_pursue (notary_t *notary);
/* When to do so again at the latest; INT64_MAX: no need. */
int64_t notary_deadline (const notary_t *notary);
/* Whether something is to be asked of storage. */
bool notary_want (const notary_t *notary);

/* Storage's STAKED and AWARDED. False: nobody asked. */
bool notary_staked (notary_t *notary, const wire_message_t *message);
bool notary_awarded (notary_t *notary, const wire_message_t *message);

/* Whether a draw of so many agencies can be opened; else `why` (PROVABLE_WHY_BYTES). */
bool notary_can_open (notary_t *notary, uint32_t agencies, char *why);
/* Who signs; without the agencies' keys. NULL: nobody. */
const operator_t *notary_operator (const notary_t *notary);

#endif

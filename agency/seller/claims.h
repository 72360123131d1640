/* claims.h - which tickets won: an agency is told its winners' documents, in the order
   of their bets, and knows the offsets of its bets on the number. Pure. */

#ifndef LOTERIA_CLAIMS_H
#define LOTERIA_CLAIMS_H

#include "bytes.h"

typedef struct {
    uint64_t offset;
    bytes_t document; // borrowed; empty: it is not known
} claim_t;

typedef struct claims claims_t;

/* Bring together `winners` (documents, each ended by LF) and `claims`, the agency's
   bets on the number that are not known to be cancelled, in the order of their offsets.

   Where all documents are known, a winner's tickets are those of his document: of as
   many bets one each, in their order; of more bets (one was cancelled somewhere else)
   the last winner of that document has all that are left. Where they are not, the
   places tell, if there are as many claims as winners. */
claims_t *claims_new (bytes_t winners, const claim_t *claims, size_t count);
void claims_destroy (claims_t **claims);

/* The offsets of the winner at that place (0..): `*count` of them, 0 when it is not
   known. Borrowed. */
const uint64_t *claims_of (const claims_t *claims, size_t winner, size_t *count);

#endif

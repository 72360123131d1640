/* number.h - the winning number of a provable draw, from what nobody knew alone
   (docs/fairness.md, "The number").

   Each party draws a nonce and commits to it before the sale is sealed; after the seal
   all nonces are revealed, and the number follows from the seal and from them. It is
   even: a value that would favour small numbers is drawn again (rejection sampling).

   Pure. */

#ifndef LOTERIA_NUMBER_H
#define LOTERIA_NUMBER_H

#include "tree.h"

typedef struct {
    uint8_t of[SHA256_BYTES]; // random
} nonce_t;

#define NONCE_OPERATOR 0 // in place of an agency

/* What the party (an agency, or NONCE_OPERATOR) commits to its nonce with. */
hash_t nonce_commitment (bytes_t draw, uint32_t party, const nonce_t *nonce);

/* The seed: of the seal, then of each nonce, the operator's first and then those of the
   agencies that committed, ascending. */
typedef struct {
    sha256_t hashing;
} seed_t;

void seed_begin (seed_t *seed, const hash_t *seal);
void seed_add (seed_t *seed, const nonce_t *nonce);
hash_t seed_end (seed_t *seed);

/* A number from 0 to `highest`. */
uint32_t number_of_seed (const hash_t *seed, uint32_t highest);

/* The number that the value of one attempt stands for; false: none, draw again. (The
   part of number_of_seed () whose edges no hash reaches.) */
bool number_of_value (uint64_t value, uint32_t highest, uint32_t *number);

#endif

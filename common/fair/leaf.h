/* leaf.h - a bet as a leaf of its agency's tree (docs/fairness.md, "Leaves").

   Each leaf is salted, with a salt that follows from a key of the agency's for the
   draw: without it, whoever is shown an audit path could try documents until one fits
   the neighbour's hash. Whoever has the key can make all salts again.

   Pure. */

#ifndef LOTERIA_LEAF_H
#define LOTERIA_LEAF_H

#include "bet.h"
#include "tree.h"

#define SALT_BYTES 16

typedef enum { LEAF_STANDS = 0, LEAF_CANCELLED = 1 } leaf_state_t;

typedef struct {
    uint8_t of[SHA256_BYTES];
} salt_key_t; // 32 random bytes for an agency and draw

typedef struct {
    uint8_t of[SALT_BYTES];
} salt_t;

typedef struct {           // makes one agency's leaves of one draw
    sha256_t inner, outer; // HMAC's two hashes, begun with the key
    uint8_t length;        // of the draw's name and the agency, which are
    uint8_t head[1 + DRAW_NAME_BYTES_MAX + 4]; // in every leaf
} leaves_t;

/* `draw` is its name, a sound one. */
void leaves_begin (leaves_t *leaves, bytes_t draw, uint32_t agency,
                   const salt_key_t *key);

salt_t leaves_salt (const leaves_t *leaves, uint64_t offset);

/* The hash of the agency's bet at this offset. The key does not matter if `salt` is
   given; else it is leaves_salt (). The bet is as it is stored: its texts are at most
   as long as bets' are. */
hash_t leaves_hash (const leaves_t *leaves, uint64_t offset, leaf_state_t state,
                    const salt_t *salt, const bet_t *bet);

#endif

/* sha256.h - SHA-256, for what a forger must not be able to fit: the chain of records
   and the rows that they vouch for. (XXH3 finds accidents only.) By libcrypto, which
   uses the processor's instructions: 1.8 GB/s here, and 0.13 µs for one record of a
   chain. */

#ifndef LOTERIA_SHA256_H
#define LOTERIA_SHA256_H

#include "bytes.h"

#define SHA256_BYTES 32

/* Of the two, one behind the other; either may be empty. `hash` may be one of them. */
void sha256 (bytes_t first, bytes_t second, uint8_t hash[SHA256_BYTES]);

/* Of more than two, piece by piece. A state may be copied: both go on from there. */
typedef struct {
    uint64_t state[14]; // libcrypto's
} sha256_t;

void sha256_begin (sha256_t *hashing);
void sha256_add (sha256_t *hashing, bytes_t bytes);
void sha256_end (sha256_t *hashing, uint8_t hash[SHA256_BYTES]);

/* In hexadecimal, ended by 0. */
#define SHA256_TEXT_BYTES (2 * SHA256_BYTES + 1)
void sha256_text (const uint8_t hash[SHA256_BYTES], char text[SHA256_TEXT_BYTES]);

#endif

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

/* Of many pieces, one behind the other. Freed by the end. */
typedef struct sha256 sha256_t;
sha256_t *sha256_start (void);
void sha256_add (sha256_t *state, bytes_t piece);
void sha256_end (sha256_t **state, uint8_t hash[SHA256_BYTES]);

/* In hexadecimal, ended by 0. */
#define SHA256_TEXT_BYTES (2 * SHA256_BYTES + 1)
void sha256_text (const uint8_t hash[SHA256_BYTES], char text[SHA256_TEXT_BYTES]);

#endif

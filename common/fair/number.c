/* number.c - from nonces to the winning number. State, agency, verifier. */

#include "number.h"

#include "bounds.h"

#include <assert.h>

#define PRIZE 0 // the only one

static const char NONCE_DOMAIN[] = "LN-NONCE-v1", SEED_DOMAIN[] = "LN-SEED-v1",
                  NUMBER_DOMAIN[] = "LN-NUM-v1";

hash_t nonce_commitment (bytes_t draw, uint32_t party, const nonce_t *nonce)
{
    uint8_t bytes[sizeof NONCE_DOMAIN + 1 + DRAW_NAME_BYTES_MAX + 4 + sizeof *nonce];
    assert (draw.size <= DRAW_NAME_BYTES_MAX);
    uint8_t *at = put_bytes (bytes, bytes_of (NONCE_DOMAIN, sizeof NONCE_DOMAIN));
    at = put_bytes (put_u8 (at, (uint8_t) draw.size), draw);
    at = put_bytes (put_u32 (at, party), bytes_of (nonce->of, sizeof nonce->of));
    return hash_of (bytes_of (bytes, (size_t) (at - bytes)));
}

void seed_begin (seed_t *seed, const hash_t *seal)
{
    sha256_begin (&seed->hashing);
    sha256_add (&seed->hashing, bytes_of (SEED_DOMAIN, sizeof SEED_DOMAIN));
    sha256_add (&seed->hashing, bytes_of (seal->of, sizeof seal->of));
}

void seed_add (seed_t *seed, const nonce_t *nonce)
{
    sha256_add (&seed->hashing, bytes_of (nonce->of, sizeof nonce->of));
}

hash_t seed_end (seed_t *seed)
{
    hash_t hash;
    sha256_end (&seed->hashing, hash.of);
    return hash;
}

/* Each attempt is accepted with a chance of more than a half. */
uint32_t number_of_seed (const hash_t *seed, uint32_t highest)
{
    uint8_t bytes[sizeof NUMBER_DOMAIN + SHA256_BYTES + 2 * 4];
    uint8_t *at = put_bytes (bytes, bytes_of (NUMBER_DOMAIN, sizeof NUMBER_DOMAIN));
    at = put_bytes (at, bytes_of (seed->of, sizeof seed->of));
    at = put_u32 (at, PRIZE);
    uint32_t number = 0;
    bool accepted = false;
    for (uint32_t attempt = 0; !accepted; attempt++) {
        put_u32 (at, attempt);
        const hash_t hash = hash_of (bytes_of (bytes, sizeof bytes));
        accepted = number_of_value (get_u64 (hash.of), highest, &number);
    }
    return number;
}

/* The values are cut to a multiple of how many numbers there are. */
bool number_of_value (uint64_t value, uint32_t highest, uint32_t *number)
{
    const uint64_t numbers = (uint64_t) highest + 1;
    const uint64_t left_over = (UINT64_MAX % numbers + 1) % numbers; // 2^64 mod numbers
    if (value > UINT64_MAX - left_over)
        return false;
    *number = (uint32_t) (value % numbers);
    return true;
}

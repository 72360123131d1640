/* sha256.c - for storage. */

/* The functions of libcrypto that cannot fail, allocate nothing and fetch nothing;
   version 3 calls them deprecated, and is told that we know. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "sha256.h"

#include <stdio.h>
#include <stdlib.h>

#include <assert.h>
#include <openssl/sha.h>

struct sha256 {
    SHA256_CTX context;
};

static_assert (SHA256_BYTES == SHA256_DIGEST_LENGTH, "of one size");

void sha256 (bytes_t first, bytes_t second, uint8_t hash[SHA256_BYTES])
{
    SHA256_CTX state;
    SHA256_Init (&state);
    if (first.size > 0)
        SHA256_Update (&state, first.data, first.size);
    if (second.size > 0)
        SHA256_Update (&state, second.data, second.size);
    SHA256_Final (hash, &state);
}

sha256_t *sha256_start (void)
{
    sha256_t *state = malloc (sizeof *state);
    assert (state);
    SHA256_Init (&state->context);
    return state;
}

void sha256_add (sha256_t *state, bytes_t piece)
{
    if (piece.size > 0)
        SHA256_Update (&state->context, piece.data, piece.size);
}

void sha256_end (sha256_t **state, uint8_t hash[SHA256_BYTES])
{
    SHA256_Final (hash, &(*state)->context);
    free (*state);
    *state = NULL;
}

void sha256_text (const uint8_t hash[SHA256_BYTES], char text[SHA256_TEXT_BYTES])
{
    for (size_t i = 0; i < SHA256_BYTES; i++)
        sprintf (text + 2 * i, "%02x", hash[i]);
}

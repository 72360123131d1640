/* sha256.c - for storage. */

/* The functions of libcrypto that cannot fail, allocate nothing and fetch nothing;
   version 3 calls them deprecated, and is told that we know. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "sha256.h"

#include <stdio.h>

#include <assert.h>
#include <openssl/sha.h>

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

void sha256_text (const uint8_t hash[SHA256_BYTES], char text[SHA256_TEXT_BYTES])
{
    for (size_t i = 0; i < SHA256_BYTES; i++)
        sprintf (text + 2 * i, "%02x", hash[i]);
}

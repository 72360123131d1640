/* sha256.c - for storage. */

/* The functions of libcrypto that cannot fail, allocate nothing and fetch nothing;
   version 3 calls them deprecated, and is told that we know. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "sha256.h"

#include <assert.h>
#include <openssl/sha.h>

#include "hex.h"

static_assert (SHA256_BYTES == SHA256_DIGEST_LENGTH, "of one size");
static_assert (sizeof (sha256_t) >= sizeof (SHA256_CTX), "it has room");

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

void sha256_begin (sha256_t *hashing)
{
    SHA256_Init ((SHA256_CTX *) hashing);
}

void sha256_add (sha256_t *hashing, bytes_t bytes)
{
    if (bytes.size > 0)
        SHA256_Update ((SHA256_CTX *) hashing, bytes.data, bytes.size);
}

void sha256_end (sha256_t *hashing, uint8_t hash[SHA256_BYTES])
{
    SHA256_Final (hash, (SHA256_CTX *) hashing);
}

void sha256_text (const uint8_t hash[SHA256_BYTES], char text[SHA256_TEXT_BYTES])
{
    hex_write (bytes_of (hash, SHA256_BYTES), text);
}

/* escrow.c - nonces in boxes for an auditor. State, agency, loteria-keys. */

#include "escrow.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static_assert (ESCROW_BOX_BYTES == sizeof (nonce_t) + crypto_box_SEALBYTES,
               "as libsodium has it");

bool escrow_seal (const nonce_t *nonce, const uint8_t auditor[NOTE_PUBLIC_BYTES],
                  escrow_box_t *box)
{
    uint8_t key[crypto_box_PUBLICKEYBYTES];
    return crypto_sign_ed25519_pk_to_curve25519 (key, auditor) == 0 &&
           crypto_box_seal (box->of, nonce->of, sizeof nonce->of, key) == 0;
}

bool escrow_open (const escrow_box_t *box, const note_secret_t *auditor, nonce_t *nonce)
{
    uint8_t key[crypto_box_PUBLICKEYBYTES], secret[crypto_box_SECRETKEYBYTES],
        public_key[NOTE_PUBLIC_BYTES];
    note_key_public (auditor, public_key);
    const bool opened =
        crypto_sign_ed25519_pk_to_curve25519 (key, public_key) == 0 &&
        crypto_sign_ed25519_sk_to_curve25519 (secret, auditor->of) == 0 &&
        crypto_box_seal_open (nonce->of, box->of, sizeof box->of, key, secret) == 0;
    sodium_memzero (secret, sizeof secret);
    return opened;
}

hash_t escrow_hash (const escrow_box_t *box)
{
    sha256_t hashing;
    hash_t hash;
    sha256_begin (&hashing);
    sha256_add (&hashing, bytes_of (box->of, sizeof box->of));
    sha256_end (&hashing, hash.of);
    return hash;
}

void escrow_text (const escrow_box_t *box, char text[ESCROW_TEXT_BYTES])
{
    sodium_bin2hex (text, ESCROW_TEXT_BYTES, box->of, sizeof box->of);
    strcat (text, "\n");
}

bool escrow_parse (bytes_t text, escrow_box_t *box)
{
    char again[ESCROW_TEXT_BYTES];
    if (text.size != sizeof again - 1 ||
        sodium_hex2bin (box->of, sizeof box->of, (const char *) text.data,
                        text.size - 1, NULL, NULL, NULL) != 0)
        return false;
    escrow_text (box, again);
    return memcmp (again, text.data, text.size) == 0;
}

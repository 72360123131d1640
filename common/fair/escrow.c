/* escrow.c - nonces in boxes for an auditor. State, agency, loteria-keys. */

#include "escrow.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "hex.h"

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
    return hash_of (bytes_of (box->of, sizeof box->of));
}

void escrow_text (const escrow_box_t *box, char text[ESCROW_TEXT_BYTES])
{
    hex_write (bytes_of (box->of, sizeof box->of), text);
    strcat (text, "\n");
}

bool escrow_parse (bytes_t text, escrow_box_t *box)
{
    return hex_read_line (text, box->of, sizeof box->of);
}

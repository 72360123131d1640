/* leaf.c - bets as leaves. Agency, storage, verifier. */

#include "leaf.h"

#include <assert.h>

#define HMAC_BLOCK_BYTES 64
#define NUMBER_DIGITS    10
#define LEAF_BYTES_MAX                                                                 \
    (1 + sizeof LEAF_DOMAIN + sizeof ((leaves_t *) 0)->head + 8 + 1 + SALT_BYTES +     \
     BET_FIELDS * 2 + 2 * NAME_BYTES_MAX + DOCUMENT_BYTES_MAX + BIRTHDATE_BYTES +      \
     NUMBER_DIGITS)

/* Each with its zero: no domain begins another. */
static const char LEAF_DOMAIN[] = "LN-BET-v1", SALT_DOMAIN[] = "LN-SALT-v1";

static void begin_hmac (const salt_key_t *key, uint8_t pad, sha256_t *hashing);
static uint8_t *put_field (uint8_t *at, bytes_t field);
static uint8_t *put_number (uint8_t *at, uint32_t number);

void leaves_begin (leaves_t *leaves, bytes_t draw, uint32_t agency,
                   const salt_key_t *key)
{
    assert (draw.size <= DRAW_NAME_BYTES_MAX);
    begin_hmac (key, 0x36, &leaves->inner);
    begin_hmac (key, 0x5c, &leaves->outer);
    uint8_t *at = put_u8 (leaves->head, (uint8_t) draw.size);
    at = put_u32 (put_bytes (at, draw), agency);
    leaves->length = (uint8_t) (at - leaves->head);
    sha256_add (&leaves->inner, bytes_of (SALT_DOMAIN, sizeof SALT_DOMAIN));
    sha256_add (&leaves->inner, bytes_of (leaves->head, leaves->length));
}

/* HMAC (RFC 2104) of the domain, the draw, the agency and the offset: what all of its
   salts have in common was hashed once. */
salt_t leaves_salt (const leaves_t *leaves, uint64_t offset)
{
    uint8_t number[8], hash[SHA256_BYTES];
    sha256_t inner = leaves->inner, outer = leaves->outer;
    salt_t salt;
    put_u64 (number, offset);
    sha256_add (&inner, bytes_of (number, sizeof number));
    sha256_end (&inner, hash);
    sha256_add (&outer, bytes_of (hash, sizeof hash));
    sha256_end (&outer, hash);
    memcpy (salt.of, hash, sizeof salt.of);
    return salt;
}

hash_t leaves_hash (const leaves_t *leaves, uint64_t offset, leaf_state_t state,
                    const salt_t *salt, const bet_t *bet)
{
    const salt_t own = salt ? *salt : leaves_salt (leaves, offset);
    uint8_t leaf[LEAF_BYTES_MAX];
    uint8_t *at = put_u8 (leaf, 0x00);
    at = put_bytes (at, bytes_of (LEAF_DOMAIN, sizeof LEAF_DOMAIN));
    at = put_bytes (at, bytes_of (leaves->head, leaves->length));
    at = put_u8 (put_u64 (at, offset), (uint8_t) state);
    at = put_bytes (at, bytes_of (own.of, sizeof own.of));
    at = put_field (at, bet->first_name);
    at = put_field (at, bet->last_name);
    at = put_field (at, bet->document);
    at = put_field (at, bet->birthdate);
    at = put_number (at, bet->number);
    assert ((size_t) (at - leaf) <= sizeof leaf);
    return hash_of (bytes_of (leaf, (size_t) (at - leaf)));
}

static void begin_hmac (const salt_key_t *key, uint8_t pad, sha256_t *hashing)
{
    uint8_t block[HMAC_BLOCK_BYTES];
    memset (block, pad, sizeof block);
    for (size_t i = 0; i < sizeof key->of; i++)
        block[i] ^= key->of[i];
    sha256_begin (hashing);
    sha256_add (hashing, bytes_of (block, sizeof block));
}

static uint8_t *put_field (uint8_t *at, bytes_t field)
{
    return put_bytes (put_u16 (at, (uint16_t) field.size), field);
}

/* A field like the others: in decimal, as bets.csv has it. */
static uint8_t *put_number (uint8_t *at, uint32_t number)
{
    uint8_t digits[NUMBER_DIGITS];
    size_t first = sizeof digits;
    do
        digits[--first] = (uint8_t) ('0' + number % 10);
    while ((number /= 10) > 0);
    return put_field (at, bytes_of (digits + first, sizeof digits - first));
}

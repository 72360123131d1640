/* signed_note.c - signed notes. State, agency, verifier, keys. */

#include "signed_note.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>

#include "text.h"

#define ED25519        0x01 // the type of key and signature
#define DASH           "\xE2\x80\x94 "
#define ID_BYTES       sizeof ((note_key_t *) 0)->id
#define KEY_BYTES      (1 + NOTE_PUBLIC_BYTES)
#define SIGNED_BYTES   (ID_BYTES + crypto_sign_BYTES)
#define BASE64_VARIANT sodium_base64_VARIANT_ORIGINAL

#define BASE64_TEXT_BYTES (4 * ((SIGNED_BYTES + 2) / 3) + 1) // of the longest

static_assert (NOTE_SECRET_BYTES == crypto_sign_SECRETKEYBYTES, "of one size");
static_assert (NOTE_PUBLIC_BYTES == crypto_sign_PUBLICKEYBYTES, "of one size");

typedef struct { // one line
    bytes_t name;
    uint8_t id[ID_BYTES];
    uint8_t signature[crypto_sign_BYTES];
} signature_t;

static bool name_sound (bytes_t name);
static void make_id (note_key_t *key);
static bool text_sound (bytes_t text);
static bool take_signature (bytes_t *lines, signature_t *signature);
static bool decode (bytes_t text, uint8_t *bytes, size_t size);

int signed_note_start (void)
{
    return sodium_init () == -1 ? -1 : 0;
}

void note_key_pair (note_secret_t *secret, uint8_t public_key[NOTE_PUBLIC_BYTES])
{
    crypto_sign_keypair (public_key, secret->of);
}

void note_key_public (const note_secret_t *secret,
                      uint8_t public_key[NOTE_PUBLIC_BYTES])
{
    crypto_sign_ed25519_sk_to_pk (public_key, secret->of);
}

bool note_key_make (const char *name, const uint8_t public_key[NOTE_PUBLIC_BYTES],
                    note_key_t *key)
{
    if (!name_sound (bytes_of (name, strlen (name))) ||
        !crypto_core_ed25519_is_valid_point (public_key))
        return false;
    *key = (note_key_t){0};
    memcpy (key->name, name, strlen (name));
    memcpy (key->public_key, public_key, NOTE_PUBLIC_BYTES);
    make_id (key);
    return true;
}

/* The text that the key has is the only one that is taken. */
bool note_key_parse (bytes_t text, note_key_t *key)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1] = "", own[NOTE_KEY_TEXT_BYTES];
    uint8_t bytes[KEY_BYTES];
    bytes_t rest = text, taken, id;
    if (!bytes_take_until (&rest, '+', &taken) || !name_sound (taken) ||
        !bytes_take_until (&rest, '+', &id) || !decode (rest, bytes, sizeof bytes) ||
        bytes[0] != ED25519)
        return false;
    memcpy (name, taken.data, taken.size);
    if (!note_key_make (name, bytes + 1, key))
        return false;
    note_key_text (key, own);
    return bytes_equal (text, bytes_of (own, strlen (own)));
}

void note_key_text (const note_key_t *key, char text[NOTE_KEY_TEXT_BYTES])
{
    uint8_t bytes[KEY_BYTES] = {ED25519};
    memcpy (bytes + 1, key->public_key, NOTE_PUBLIC_BYTES);
    const int length =
        snprintf (text, NOTE_KEY_TEXT_BYTES, "%s+%02x%02x%02x%02x+", key->name,
                  key->id[0], key->id[1], key->id[2], key->id[3]);
    sodium_bin2base64 (text + length, NOTE_KEY_TEXT_BYTES - (size_t) length, bytes,
                       sizeof bytes, BASE64_VARIANT);
}

bool signed_note_parse (bytes_t file, signed_note_t *note)
{
    const uint8_t *gap =
        file.size > 0 ? memmem (file.data, file.size, "\n\n", 2) : NULL;
    signature_t signature;
    if (!gap)
        return false;
    const size_t size = (size_t) (gap + 1 - file.data);
    note->text = bytes_of (file.data, size);
    note->signatures = bytes_of (gap + 2, file.size - size - 1);
    bytes_t lines = note->signatures;
    for (size_t i = 0; i < NOTE_SIGNATURES_MAX && lines.size > 0; i++)
        if (!take_signature (&lines, &signature))
            return false;
    return lines.size == 0 && note->signatures.size > 0 && text_sound (note->text);
}

note_verdict_t signed_note_verify (const signed_note_t *note, const note_key_t *key)
{
    const bytes_t name = bytes_of (key->name, strlen (key->name));
    note_verdict_t verdict = NOTE_UNSIGNED;
    bytes_t lines = note->signatures;
    signature_t signature;
    while (verdict != NOTE_FORGED && lines.size > 0 &&
           take_signature (&lines, &signature)) {
        if (!bytes_equal (signature.name, name) ||
            memcmp (signature.id, key->id, ID_BYTES) != 0)
            continue;
        verdict = crypto_sign_verify_detached (signature.signature, note->text.data,
                                               note->text.size, key->public_key) == 0
                      ? NOTE_SIGNED
                      : NOTE_FORGED;
    }
    return verdict;
}

bool signed_note_find (const signed_note_t *note, const char *end,
                       uint8_t signature[NOTE_SIGNATURE_BYTES])
{
    const size_t size = strlen (end);
    bytes_t lines = note->signatures;
    signature_t found;
    while (lines.size > 0 && take_signature (&lines, &found))
        if (found.name.size >= size &&
            memcmp (found.name.data + found.name.size - size, end, size) == 0) {
            memcpy (signature, found.signature, sizeof found.signature);
            return true;
        }
    return false;
}

size_t signed_note_sign (bytes_t text, const note_key_t *key,
                         const note_secret_t *secret, char line[NOTE_LINE_BYTES])
{
    uint8_t signature[crypto_sign_BYTES];
    crypto_sign_detached (signature, NULL, text.data, text.size, secret->of);
    return signed_note_line (key, signature, line);
}

size_t signed_note_line (const note_key_t *key, const uint8_t *signature,
                         char line[NOTE_LINE_BYTES])
{
    uint8_t bytes[SIGNED_BYTES];
    memcpy (bytes, key->id, ID_BYTES);
    memcpy (bytes + ID_BYTES, signature, crypto_sign_BYTES);
    const int length = snprintf (line, NOTE_LINE_BYTES, DASH "%s ", key->name);
    sodium_bin2base64 (line + length, NOTE_LINE_BYTES - (size_t) length, bytes,
                       sizeof bytes, BASE64_VARIANT);
    strcat (line, "\n");
    return strlen (line);
}

/* A name is ASCII here, so that no two look alike. */
static bool name_sound (bytes_t name)
{
    if (name.size == 0 || name.size > NOTE_KEY_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] <= ' ' || name.data[i] >= 0x7F || name.data[i] == '+')
            return false;
    return true;
}

static void make_id (note_key_t *key)
{
    sha256_t hashing;
    uint8_t hash[SHA256_BYTES];
    static const uint8_t between[] = {'\n', ED25519};
    sha256_begin (&hashing);
    sha256_add (&hashing, bytes_of (key->name, strlen (key->name)));
    sha256_add (&hashing, bytes_of (between, sizeof between));
    sha256_add (&hashing, bytes_of (key->public_key, NOTE_PUBLIC_BYTES));
    sha256_end (&hashing, hash);
    memcpy (key->id, hash, ID_BYTES);
}

/* Lines that people can read, and none empty. */
static bool text_sound (bytes_t text)
{
    uint32_t character;
    bytes_t line;
    while (bytes_take_until (&text, '\n', &line))
        if (line.size == 0 || text_check (line, &character) != TEXT_GOOD)
            return false;
    return true;
}

static bool take_signature (bytes_t *lines, signature_t *signature)
{
    const size_t dash = sizeof DASH - 1;
    uint8_t bytes[SIGNED_BYTES];
    bytes_t line;
    if (!bytes_take_until (lines, '\n', &line) || line.size < dash ||
        memcmp (line.data, DASH, dash) != 0)
        return false;
    line = bytes_of (line.data + dash, line.size - dash);
    if (!bytes_take_until (&line, ' ', &signature->name) ||
        !name_sound (signature->name) || !decode (line, bytes, sizeof bytes))
        return false;
    memcpy (signature->id, bytes, ID_BYTES);
    memcpy (signature->signature, bytes + ID_BYTES, crypto_sign_BYTES);
    return true;
}

/* Base64 of just so many bytes, spelt as it is written: libsodium 1.0.18 takes a byte
   0xAF for a `/`, so what it has read is written again. */
static bool decode (bytes_t text, uint8_t *bytes, size_t size)
{
    char again[BASE64_TEXT_BYTES];
    size_t taken;
    if (sodium_base642bin (bytes, size, (const char *) text.data, text.size, NULL,
                           &taken, NULL, BASE64_VARIANT) != 0 ||
        taken != size)
        return false;
    sodium_bin2base64 (again, sizeof again, bytes, size, BASE64_VARIANT);
    return bytes_equal (text, bytes_of (again, strlen (again)));
}

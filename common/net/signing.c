/* signing.c - reads and writes the keys that parties of a provable draw sign with:
   state, agency, loteria-keys. */

#include "signing.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "draw_name.h"
#include "key_file.h"
#include "sorted.h"
#include "whole_file.h"

#define BASE64_VARIANT    sodium_base64_VARIANT_ORIGINAL
#define BASE64_BYTES      (SIGNING_TEXT_BYTES - sizeof SIGNING_PREFIX + 1)
#define SECTION           "ed25519"
#define DEMO              "demo"
#define SIGNER_LINE_BYTES (10 + 1 + SIGNING_TEXT_BYTES + sizeof DEMO + 1)
#define SIGNERS_BYTES_MAX (AGENCIES_MAX * SIGNER_LINE_BYTES)

static_assert (BASE64_BYTES ==
                   sodium_base64_ENCODED_LEN (NOTE_PUBLIC_BYTES, BASE64_VARIANT),
               "as libsodium counts it");

static bool decode (bytes_t text, uint8_t bytes[NOTE_PUBLIC_BYTES]);
static int read_key (zconfig_t *tree, const char *folder, const char *file,
                     const char *item, uint8_t key[NOTE_PUBLIC_BYTES], char *why);
static int read_pair (zconfig_t *tree, const char *folder, signing_pair_t *pair,
                      char *why);
static bool take_signer (bytes_t line, signer_t *signer);
static const char *signer_text (const signer_t *signer, char *line);
static int start (char *why);

bool signing_text_parse (bytes_t text, uint8_t public_key[NOTE_PUBLIC_BYTES])
{
    const size_t prefix = strlen (SIGNING_PREFIX);
    return text.size == SIGNING_TEXT_BYTES - 1 &&
           memcmp (text.data, SIGNING_PREFIX, prefix) == 0 &&
           decode (bytes_of (text.data + prefix, text.size - prefix), public_key);
}

void signing_text (const uint8_t public_key[NOTE_PUBLIC_BYTES],
                   char text[SIGNING_TEXT_BYTES])
{
    char base64[BASE64_BYTES];
    sodium_bin2base64 (base64, sizeof base64, public_key, NOTE_PUBLIC_BYTES,
                       BASE64_VARIANT);
    snprintf (text, SIGNING_TEXT_BYTES, SIGNING_PREFIX "%s", base64);
}

bool signing_key_sound (const uint8_t public_key[NOTE_PUBLIC_BYTES])
{
    note_key_t key;
    return note_key_make ("any", public_key, &key);
}

bool central_name_sound (const char *name)
{
    static_assert (CENTRAL_NAME_BYTES_MAX == DRAW_NAME_BYTES_MAX, "of one kind");
    return !draw_name_fault (bytes_of (name, strlen (name)));
}

bool signing_pair_there (const char *folder)
{
    return key_file_there (folder, SIGNING_FILE);
}

bool signing_operator_there (const char *folder)
{
    return key_file_there (folder, SIGNING_OPERATOR_FILE);
}

bool central_name_there (const char *folder)
{
    return key_file_there (folder, SIGNING_NAME_FILE);
}

int signing_pair_load (const char *folder, signing_pair_t *pair, char *why)
{
    zconfig_t *tree =
        start (why) == -1 ? NULL : key_file_load (folder, SIGNING_FILE, true, why);
    if (!tree)
        return -1;
    const int rc = read_pair (tree, folder, pair, why);
    zconfig_destroy (&tree);
    return rc;
}

int signing_operator_load (const char *folder, signing_operator_t *who, char *why)
{
    zconfig_t *tree = start (why) == -1
                          ? NULL
                          : key_file_load (folder, SIGNING_OPERATOR_FILE, false, why);
    if (!tree)
        return -1;
    int rc = read_key (tree, folder, SIGNING_OPERATOR_FILE, "public-key",
                       who->public_key, why);
    const char *central = zconfig_get (tree, SECTION "/central", "");
    if (rc == 0 && !signing_key_sound (who->public_key))
        rc = key_file_damaged (why, folder, SIGNING_OPERATOR_FILE,
                               "no key in " SECTION "/public-key");
    if (rc == 0 && !central_name_sound (central))
        rc = key_file_damaged (why, folder, SIGNING_OPERATOR_FILE,
                               "no central's name in " SECTION "/central");
    if (rc == 0)
        strcpy (who->central, central);
    zconfig_destroy (&tree);
    return rc;
}

int central_name_load (const char *folder, char name[CENTRAL_NAME_BYTES_MAX + 1],
                       char *why)
{
    char path[KEY_FILE_PATH_BYTES];
    size_t size;
    if (key_file_path (path, folder, SIGNING_NAME_FILE, why) == -1)
        return -1;
    char *text = whole_file_read (path, CENTRAL_NAME_BYTES_MAX + 1, &size);
    if (!text)
        return key_file_unread (why, folder, SIGNING_NAME_FILE, errno);
    if (size > 0 && text[size - 1] == '\n')
        text[--size] = 0;
    const bool sound = strlen (text) == size && central_name_sound (text);
    if (sound)
        memcpy (name, text, size + 1);
    free (text);
    return sound ? 0
                 : key_file_damaged (why, folder, SIGNING_NAME_FILE,
                                     "not a central's name and a line end");
}

int signers_load (const char *folder, signers_t *signers, char *why)
{
    char path[KEY_FILE_PATH_BYTES], reason[KEYS_WHY_BYTES];
    size_t size;
    if (start (why) == -1 ||
        key_file_path (path, folder, SIGNING_SIGNERS_FILE, why) == -1)
        return -1;
    char *text = whole_file_read (path, SIGNERS_BYTES_MAX, &size);
    if (!text)
        return key_file_unread (why, folder, SIGNING_SIGNERS_FILE, errno);
    const int rc = signers_parse (bytes_of (text, size), signers, reason);
    free (text);
    return rc == 0 ? 0 : key_file_damaged (why, folder, SIGNING_SIGNERS_FILE, reason);
}

int signing_pair_create (const char *folder, signing_pair_t *pair, char *why)
{
    char text[512], public_key[BASE64_BYTES], seed[BASE64_BYTES];
    if (start (why) == -1)
        return -1;
    note_key_pair (&pair->secret, pair->public_key);
    sodium_bin2base64 (public_key, sizeof public_key, pair->public_key,
                       NOTE_PUBLIC_BYTES, BASE64_VARIANT);
    sodium_bin2base64 (seed, sizeof seed, pair->secret.of, crypto_sign_SEEDBYTES,
                       BASE64_VARIANT);
    snprintf (text, sizeof text,
              "#   An Ed25519 key pair. Whoever has this file can sign as its "
              "owner.\n" SECTION "\n    public-key = \"%s\"\n    secret-key = \"%s\"\n",
              public_key, seed);
    return key_file_save (folder, SIGNING_FILE, text, false, why);
}

int signing_operator_save (const char *folder, const signing_operator_t *who, char *why)
{
    char text[512], key[BASE64_BYTES];
    sodium_bin2base64 (key, sizeof key, who->public_key, NOTE_PUBLIC_BYTES,
                       BASE64_VARIANT);
    snprintf (text, sizeof text,
              "#   The operator's public Ed25519 key, and the central's name.\n" SECTION
              "\n    public-key = \"%s\"\n    central = \"%s\"\n",
              key, who->central);
    return key_file_save (folder, SIGNING_OPERATOR_FILE, text, true, why);
}

int central_name_save (const char *folder, const char *name, char *why)
{
    char text[CENTRAL_NAME_BYTES_MAX + 2];
    assert (central_name_sound (name));
    snprintf (text, sizeof text, "%s\n", name);
    return key_file_save (folder, SIGNING_NAME_FILE, text, false, why);
}

int signers_save (const char *folder, const signers_t *signers, char *why)
{
    size_t size;
    char *text = signers_write (signers, &size);
    const int rc = key_file_save (folder, SIGNING_SIGNERS_FILE, text, true, why);
    free (text);
    return rc;
}

int signers_parse (bytes_t text, signers_t *signers, char *why)
{
    *signers =
        (signers_t){.of = calloc (bytes_count (text, '\n') + 1, sizeof (signer_t))};
    assert (signers->of);
    bytes_t line;
    while (text.size > 0) {
        signer_t *signer = &signers->of[signers->size];
        if (!bytes_take_until (&text, '\n', &line) || !take_signer (line, signer) ||
            (signers->size > 0 && signer[-1].agency >= signer->agency)) {
            snprintf (why, KEYS_WHY_BYTES,
                      "line %zu: not an agency above the one before it, its key, and "
                      "nothing or " DEMO,
                      signers->size + 1);
            signers_clear (signers);
            return -1;
        }
        signers->size++;
    }
    return 0;
}

char *signers_write (const signers_t *signers, size_t *size)
{
    char *text = NULL, line[SIGNER_LINE_BYTES];
    FILE *stream = open_memstream (&text, size);
    assert (stream);
    for (size_t i = 0; i < signers->size; i++)
        fprintf (stream, "%s\n", signer_text (&signers->of[i], line));
    const int rc = fclose (stream);
    assert (rc == 0 && text);
    return text;
}

const signer_t *signers_find (const signers_t *signers, uint32_t agency)
{
    const size_t place =
        sorted_find (signers->of, signers->size, sizeof *signers->of, agency);
    return place < signers->size ? &signers->of[place] : NULL;
}

void signers_clear (signers_t *signers)
{
    free (signers->of);
    *signers = (signers_t){0};
}

/* Only what encoding gives: base64 has bits that say nothing. */
static bool decode (bytes_t text, uint8_t bytes[NOTE_PUBLIC_BYTES])
{
    char again[BASE64_BYTES];
    size_t size;
    if (sodium_base642bin (bytes, NOTE_PUBLIC_BYTES, (const char *) text.data,
                           text.size, NULL, &size, NULL, BASE64_VARIANT) != 0 ||
        size != NOTE_PUBLIC_BYTES)
        return false;
    sodium_bin2base64 (again, sizeof again, bytes, size, BASE64_VARIANT);
    return bytes_equal (text, bytes_of (again, strlen (again)));
}

static int read_pair (zconfig_t *tree, const char *folder, signing_pair_t *pair,
                      char *why)
{
    uint8_t seed[NOTE_PUBLIC_BYTES], own[NOTE_PUBLIC_BYTES];
    static_assert (crypto_sign_SEEDBYTES == NOTE_PUBLIC_BYTES, "of one size");
    if (read_key (tree, folder, SIGNING_FILE, "public-key", pair->public_key, why) ==
            -1 ||
        read_key (tree, folder, SIGNING_FILE, "secret-key", seed, why) == -1)
        return -1;
    crypto_sign_seed_keypair (own, pair->secret.of, seed);
    if (memcmp (own, pair->public_key, sizeof own) != 0)
        return key_file_damaged (why, folder, SIGNING_FILE,
                                 "its secret key does not match its public key");
    return 0;
}

static int read_key (zconfig_t *tree, const char *folder, const char *file,
                     const char *item, uint8_t key[NOTE_PUBLIC_BYTES], char *why)
{
    char place[32], problem[64];
    snprintf (place, sizeof place, SECTION "/%s", item);
    const char *text = zconfig_get (tree, place, NULL);
    if (text && decode (bytes_of (text, strlen (text)), key))
        return 0;
    snprintf (problem, sizeof problem, "%s %s", text ? "no key in" : "without", place);
    return key_file_damaged (why, folder, file, problem); // and never what is there
}

/* It has one spelling, so what it says is written anew and compared. */
static bool take_signer (bytes_t line, signer_t *signer)
{
    char text[SIGNER_LINE_BYTES] = "";
    bytes_t key = line, number;
    if (line.size >= sizeof text || !bytes_take_until (&key, ' ', &number))
        return false;
    signer->demo = key.size >= SIGNING_TEXT_BYTES;
    key.size = signer->demo ? SIGNING_TEXT_BYTES - 1 : key.size;
    put_bytes ((uint8_t *) text, number);
    signer->agency = (uint32_t) strtoul (text, NULL, 10);
    if (signer->agency < 1 || signer->agency > AGENCIES_MAX ||
        !signing_text_parse (key, signer->public_key))
        return false;
    signer_text (signer, text);
    return bytes_equal (line, bytes_of (text, strlen (text)));
}

/* The line without its end, in SIGNER_LINE_BYTES. Returns it. */
static const char *signer_text (const signer_t *signer, char *line)
{
    char key[SIGNING_TEXT_BYTES];
    signing_text (signer->public_key, key);
    snprintf (line, SIGNER_LINE_BYTES, "%" PRIu32 " %s%s", signer->agency, key,
              signer->demo ? " " DEMO : "");
    return line;
}

static int start (char *why)
{
    if (signed_note_start () == 0)
        return 0;
    snprintf (why, KEYS_WHY_BYTES, "libsodium cannot be started");
    return -1;
}

/* signatures.c - signing keys in a set of keys: for loteria-keys. */

#include "signatures.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "key_file.h"

static int make_name (const char *state_folder, const char *name, char *why);
static int tell (const char *folder, const signing_operator_t *who, char *why);
static int load_operator (const char *folder, signing_operator_t *who, char *why);
static bool listed_already (const char *state_folder, const signers_t *signers);
static int by_agency (const void *a, const void *b);

int signatures_make (const char *folder, const char *name, char *why)
{
    char state_folder[PATH_MAX], operator_folder[PATH_MAX];
    snprintf (state_folder, sizeof state_folder, "%s/state", folder);
    snprintf (operator_folder, sizeof operator_folder, "%s/operator", folder);
    signing_pair_t pair;
    signing_operator_t who;
    if (make_name (state_folder, name, why) == -1)
        return -1;
    const bool there = signing_pair_there (state_folder);
    if ((there ? signing_pair_load (state_folder, &pair, why)
               : signing_pair_create (state_folder, &pair, why)) == -1 ||
        load_operator (folder, &who, why) == -1 ||
        tell (operator_folder, &who, why) == -1)
        return -1;
    return !there;
}

int signatures_tell (const char *folder, const char *agency_folder, char *why)
{
    signing_operator_t who;
    char state_folder[PATH_MAX];
    snprintf (state_folder, sizeof state_folder, "%s/state", folder);
    if (!signing_pair_there (state_folder))
        return 0;
    return load_operator (folder, &who, why) == -1 ? -1
                                                   : tell (agency_folder, &who, why);
}

int signatures_make_demo (const char *agency_folder, roll_entry_t *entry, char *why)
{
    signing_pair_t pair;
    if ((signing_pair_there (agency_folder)
             ? signing_pair_load (agency_folder, &pair, why)
             : signing_pair_create (agency_folder, &pair, why)) == -1)
        return -1;
    memcpy (entry->signing, pair.public_key, sizeof entry->signing);
    entry->signs = entry->demo = true;
    return 0;
}

int signatures_check (const char *folder, const roll_t *roll,
                      const uint8_t key[NOTE_PUBLIC_BYTES], char *why)
{
    signing_operator_t who;
    if (!signing_key_sound (key)) {
        snprintf (why, KEYS_WHY_BYTES, "--signing-key: no key that can sign");
        return -1;
    }
    if (load_operator (folder, &who, why) == -1)
        return -1;
    if (memcmp (who.public_key, key, NOTE_PUBLIC_BYTES) == 0) {
        snprintf (why, KEYS_WHY_BYTES, "this is the operator's signing key");
        return -1;
    }
    for (size_t i = 0; i < roll_size (roll); i++) {
        const roll_entry_t *other = roll_at (roll, i);
        if (other->signs && memcmp (other->signing, key, NOTE_PUBLIC_BYTES) == 0) {
            snprintf (why, KEYS_WHY_BYTES, "agency %u already has this signing key%s",
                      other->agency, other->enabled ? "" : ", which was revoked");
            return -1;
        }
    }
    return 0;
}

int signatures_list (const char *folder, const roll_t *roll, char *why)
{
    char state_folder[PATH_MAX];
    snprintf (state_folder, sizeof state_folder, "%s/state", folder);
    if (!signing_pair_there (state_folder))
        return 0;
    signers_t signers = {.of = calloc (roll_size (roll) + 1, sizeof (signer_t))};
    assert (signers.of);
    for (size_t i = 0; i < roll_size (roll); i++) {
        const roll_entry_t *entry = roll_at (roll, i);
        if (!entry->enabled || !entry->signs)
            continue;
        signer_t *signer = &signers.of[signers.size++];
        signer->agency = entry->agency;
        signer->demo = entry->demo;
        memcpy (signer->public_key, entry->signing, NOTE_PUBLIC_BYTES);
    }
    qsort (signers.of, signers.size, sizeof *signers.of, by_agency);
    const int rc = listed_already (state_folder, &signers)
                       ? 0
                       : signers_save (state_folder, &signers, why);
    signers_clear (&signers);
    return rc;
}

static bool listed_already (const char *state_folder, const signers_t *signers)
{
    signers_t before;
    char unused[KEYS_WHY_BYTES];
    if (signers_load (state_folder, &before, unused) == -1)
        return false;
    const bool same =
        before.size == signers->size &&
        memcmp (before.of, signers->of, before.size * sizeof *before.of) == 0;
    signers_clear (&before);
    return same;
}

static int make_name (const char *state_folder, const char *name, char *why)
{
    char before[CENTRAL_NAME_BYTES_MAX + 1];
    if (name && !central_name_sound (name)) {
        snprintf (why, KEYS_WHY_BYTES,
                  "--name: a central's name has letters, digits and -, at most %d of "
                  "them, and begins with a letter or digit",
                  CENTRAL_NAME_BYTES_MAX);
        return -1;
    }
    if (!central_name_there (state_folder))
        return central_name_save (state_folder, name ? name : CENTRAL_NAME_DEFAULT,
                                  why);
    if (central_name_load (state_folder, before, why) == -1)
        return -1;
    if (!name || strcmp (name, before) == 0)
        return 0;
    snprintf (why, KEYS_WHY_BYTES,
              "--name %.40s: the central is called %s, in all notes that it signed; "
              "leave --name out, or make other keys",
              name, before);
    return -1;
}

/* What is there as it should be is left alone. */
static int tell (const char *folder, const signing_operator_t *who, char *why)
{
    signing_operator_t before;
    char unused[KEYS_WHY_BYTES];
    if (signing_operator_load (folder, &before, unused) == 0 &&
        strcmp (before.central, who->central) == 0 &&
        memcmp (before.public_key, who->public_key, NOTE_PUBLIC_BYTES) == 0)
        return 0;
    return signing_operator_save (folder, who, why);
}

static int load_operator (const char *folder, signing_operator_t *who, char *why)
{
    char state_folder[PATH_MAX];
    signing_pair_t pair;
    snprintf (state_folder, sizeof state_folder, "%s/state", folder);
    if (!signing_pair_there (state_folder)) {
        snprintf (why, KEYS_WHY_BYTES,
                  "%.500s/%s: not there; loteria-keys new makes it", state_folder,
                  SIGNING_FILE);
        return -1;
    }
    if (signing_pair_load (state_folder, &pair, why) == -1 ||
        central_name_load (state_folder, who->central, why) == -1)
        return -1;
    memcpy (who->public_key, pair.public_key, NOTE_PUBLIC_BYTES);
    return 0;
}

static int by_agency (const void *a, const void *b)
{
    const signer_t *one = a, *two = b;
    return one->agency < two->agency ? -1 : one->agency > two->agency;
}

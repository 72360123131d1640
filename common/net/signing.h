/* signing.h - the Ed25519 keys that the parties of a provable draw sign with, and the
   folders in which they are found (docs/fairness.md, docs/security.md):

     FOLDER/signing.key    a pair, for its owner's eyes, mode 0600: the operator's in
                           KEYS/state, an agency's and an auditor's in their own folder
     FOLDER/operator.sign  the operator's public key, and the central's name: in
                           KEYS/operator and in each agency's folder
     KEYS/state/name       the central's name
     KEYS/state/signers    the agencies' public keys

   People see a public key as `ed25519:` and base64. In a draw's notes it has a name of
   that draw besides: party_name () and note_key_make () make it one. */

#ifndef LOTERIA_SIGNING_H
#define LOTERIA_SIGNING_H

#include "keys.h"
#include "origin.h"

#define SIGNING_FILE          "signing.key"
#define SIGNING_OPERATOR_FILE "operator.sign"
#define SIGNING_NAME_FILE     "name"
#define SIGNING_SIGNERS_FILE  "signers"
#define SIGNING_PREFIX        "ed25519:"
/* The prefix, base64 of 32 bytes, and its end. */
#define SIGNING_TEXT_BYTES (sizeof SIGNING_PREFIX + 44)

typedef struct {
    note_secret_t secret;
    uint8_t public_key[NOTE_PUBLIC_BYTES];
} signing_pair_t;

typedef struct {
    char central[CENTRAL_NAME_BYTES_MAX + 1];
    uint8_t public_key[NOTE_PUBLIC_BYTES];
} signing_operator_t;

typedef struct {
    uint32_t agency;
    bool demo; // the operator made this key: it proves nothing against the operator
    uint8_t public_key[NOTE_PUBLIC_BYTES];
} signer_t;

typedef struct {
    size_t size;
    signer_t *of; // ascending
} signers_t;

typedef struct {        // what provable draws are opened with: agreement_provable ()
    const char *folder; // of signing.key, name and signers; NULL: none can be opened
    uint32_t commit_s;  // to commit after a close by the clock or the operator
    uint32_t least;     // agencies that have to commit; 0: all of the draw's
    bool audited;
    uint8_t auditor[NOTE_PUBLIC_BYTES]; // if so
} provable_options_t;

/* A public key as a text. It has one spelling: another is none. Whether it is a point
   of the curve is not looked at: signing_key_sound () does, at some cost. */
bool signing_text_parse (bytes_t text, uint8_t public_key[NOTE_PUBLIC_BYTES]);
void signing_text (const uint8_t public_key[NOTE_PUBLIC_BYTES],
                   char text[SIGNING_TEXT_BYTES]);
bool signing_key_sound (const uint8_t public_key[NOTE_PUBLIC_BYTES]);

/* Whether it is a central's name: as a draw's. */
bool central_name_sound (const char *name);

/* Whether the folder has such a file, sound or not. */
bool signing_pair_there (const char *folder);
bool signing_operator_there (const char *folder);
bool central_name_there (const char *folder);

/* Each returns 0, or -1 with the file and what is wrong with it in `why`, which has
   KEYS_WHY_BYTES. A pair is refused when others may read the file, when it is
   malformed, or when its two keys do not belong together. */
int signing_pair_load (const char *folder, signing_pair_t *pair, char *why);
int signing_operator_load (const char *folder, signing_operator_t *who, char *why);
int central_name_load (const char *folder, char name[CENTRAL_NAME_BYTES_MAX + 1],
                       char *why);
int signers_load (const char *folder, signers_t *signers, char *why);

/* Make a pair and write it; one that is there stays, and that is an error. The others
   take the place of what was there, but for the central's name: it stays for good,
   since notes have it. All appear whole or not at all, and are durable. */
int signing_pair_create (const char *folder, signing_pair_t *pair, char *why);
int signing_operator_save (const char *folder, const signing_operator_t *who,
                           char *why);
int central_name_save (const char *folder, const char *name, char *why);
int signers_save (const char *folder, const signers_t *signers, char *why);

/* The text of a file of signers: lines of an agency, ascending, its key, and `demo` if
   the operator made that. Pure. -1 with "line 3: ..." in `why`. */
int signers_parse (bytes_t text, signers_t *signers, char *why);
/* The text, which the caller frees. */
char *signers_write (const signers_t *signers, size_t *size);
/* NULL: the agency has no key. Borrowed. */
const signer_t *signers_find (const signers_t *signers, uint32_t agency);
void signers_clear (signers_t *signers);

#endif

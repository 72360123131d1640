/* vault.h - what an agency keeps of one provable draw, and what it signs in it
   (docs/fairness.md): the open note that it was shown before its first sale, its
   commitment, its receipt, the seal, the seal with its signature, the result.

   Each is one file, which is checked, is durable before anything follows from it, and
   is never exchanged for another. What an agency has committed to it commits to for
   good: it says the same again, byte for byte, whatever happened; and it signs one
   seal.

   Notes are checked by verify.h, as loteria-verify checks them, and against what only
   the agency knows: its keys, the operator's key as it was handed over, its bets.

   Pure, but for `keep`, which makes a file durable, and the box for an auditor, which
   is at random; libsodium has to be started (signed_note_start ()). */

#ifndef LOTERIA_VAULT_H
#define LOTERIA_VAULT_H

#include "statement.h"
#include "wire.h"

#define VAULT_COMMIT 'C' // besides wire.h's NOTE_OPEN, ...: what it has committed to

#define VAULT_WHY_BYTES  1024
#define VAULT_NAME_BYTES 32
#define VAULT_FILES      8

typedef struct {
    uint32_t agency;
    note_secret_t secret;
    uint8_t operator_key[NOTE_PUBLIC_BYTES]; // as it was handed over with the keys
    char central[CENTRAL_NAME_BYTES_MAX + 1];
    const char *folder; // for messages; borrowed
    void *self;
    /* The file, which was not there, survives a power cut from here on. NULL, or why
       not. */
    const char *(*keep) (void *self, const char *name, bytes_t file);
} vault_options_t;

typedef struct vault vault_t;

vault_t *vault_new (const vault_options_t *options);
void vault_destroy (vault_t **vault);

/* The files, in the order in which they are made, and so have to be read: the note that
   the one with this index is, and its name in the folder. */
uint8_t vault_file (const vault_t *vault, size_t index, char name[VAULT_NAME_BYTES]);

/* A file that the folder has. NULL, or why it cannot be what belongs there. */
const char *vault_restore (vault_t *vault, uint8_t which, bytes_t file);

/* The draw as the central tells of it: its name, O, and the highest number. NULL, or
   why the folder is not of this draw, or the operator shows another open note now. */
const char *vault_begin (vault_t *vault, const char *draw, const hash_t *open,
                         uint32_t highest);

/* Check what the central has sent, and keep it. NULL, or why not: then nothing is to be
   signed any more. What is there already has to be the same. The first note of a kind
   that does not hold is kept as `faulty-NAME`: it may be the proof of fraud. */
const char *vault_take (vault_t *vault, uint8_t which, bytes_t file);

bool vault_has (const vault_t *vault, uint8_t which);
bool vault_audited (const vault_t *vault);

typedef struct { // of the agency's bets, as it was acknowledged for them
    wire_tally_t tally;
    hash_t root;
} vault_stake_t;

/* Commit to these bets, with a nonce and a salt key at random; only if there is no
   commitment. NULL, or why not. */
const char *vault_commit (vault_t *vault, const vault_stake_t *stake,
                          const nonce_t *nonce, const salt_key_t *salts);

/* What was committed to, borrowed; there has to be a commitment. */
const wire_commit_t *vault_commitment (const vault_t *vault);
hash_t vault_root (const vault_t *vault);

/* Whether the agency is in the seal with its commitment. */
bool vault_counts (const vault_t *vault);

/* Sign the seal, once. NULL with what to reveal, or why not. */
const char *vault_reveal (vault_t *vault, wire_reveal_t *reveal);

/* Whether the result has this number, and just so many winning bets of the agency's,
   with this root; NULL for what is not known. NULL, or why not. */
const char *vault_judge (vault_t *vault, uint32_t number, const uint64_t *winners,
                         const hash_t *root);

/* For who is shown them: O, S, and the open note, borrowed. */
hash_t vault_open_hash (const vault_t *vault);
hash_t vault_seal_hash (const vault_t *vault);
const open_t *vault_open (const vault_t *vault);

#endif

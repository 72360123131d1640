/* keyset.h - the keys of a whole central, as loteria-keys keeps them:

     KEYS/broker/   secret.key  worker.key  storage.key  state.key  operator.key  roll
     KEYS/worker/   secret.key  broker.key  storage.key  state.key
     KEYS/storage/  secret.key  broker.key  worker.key  state.key  operator.key
     KEYS/state/    secret.key  broker.key  worker.key  storage.key  operator.key
                    signing.key  name  signers        for provable draws: signing.h
     KEYS/operator/ secret.key  broker.key  storage.key  state.key  operator.sign
                                                      for who gives orders, and asks
     KEYS/agency-N/ secret.key  broker.key  operator.sign
                                                      to be handed to agency N; with
                    signing.key                       in a demo only: agencies make
                                                      their own (keyset_pair ())

   Each folder is all that its owner needs, and all that it should have. Only one
   program works on a set at a time; a broker may read its roll meanwhile. */

#ifndef LOTERIA_KEYSET_H
#define LOTERIA_KEYSET_H

#include <stdint.h>
#include <stdio.h>

#include "roll.h"

typedef struct keyset keyset_t;

/* Open the set in folder KEYS, created if it is missing and `make`. NULL with the
   reason in `why`, which has KEYS_WHY_BYTES. */
keyset_t *keyset_open (const char *folder, bool make, char *why);
void keyset_close (keyset_t **keyset);

/* Each returns -1 with the reason in `why`, else 0 unless it says more. */

/* Make those keys of the central that do not exist yet, and copy the public ones to
   those who need them, including agencies that have a folder here. `name` is the
   central's; NULL: the one it has, or the default. Returns how many were made. */
int keyset_make (keyset_t *keyset, const char *name, char *why);

typedef struct {
    uint32_t agency;
    const char *name;           // NULL: it keeps its name
    const char *public_key;     // that it made; NULL: see below
    const uint8_t *signing_key; // that it made, NOTE_PUBLIC_BYTES; NULL: none
    bool demo;                  // its signing key is made too, in its folder here
} enrolment_t;

/* Give the agency a key, its own `public_key` or else a new one with a folder, and
   enable it. It has that key besides the one it had, or instead of those it had if it
   was disabled. A signing key takes the place of the one it had; if nothing else is
   given to an agency that is enabled, that is all. */
int keyset_enroll (keyset_t *keyset, const enrolment_t *enrolment, char *why);

/* Make the signing keys of all agencies that are enabled, have none, and have a folder
   here: for a demo. Returns how many. */
int keyset_make_demo (keyset_t *keyset, char *why);

/* The folder that the latest keyset_enroll () made; "" when it made none. Borrowed. */
const char *keyset_new_folder (const keyset_t *keyset);

/* Take one key from the agency, or with NULL disable it. */
int keyset_revoke (keyset_t *keyset, uint32_t agency, const char *public_key,
                   char *why);

const roll_t *keyset_roll (const keyset_t *keyset);

/* For an agency that makes its own: a pair to come in with and one to sign with, in
   `folder`, created if it is missing. One that is there stays; if both are, that is an
   error. */
int keyset_pair (const char *folder, key_pair_t *pair, signing_pair_t *signing,
                 char *why);

#endif

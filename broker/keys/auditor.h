/* auditor.h - what a provable draw's auditor does (docs/fairness.md, "The auditor"),
   with a folder of its own:

     FOLDER/signing.key         its pair
     FOLDER/CENTRAL.DRAW.note   the seal of that draw that it has signed: one, ever

   Only one program works on a folder at a time. Each returns 0, or -1 with the reason
   in `why`, which has KEYS_WHY_BYTES. */

#ifndef LOTERIA_AUDITOR_H
#define LOTERIA_AUDITOR_H

#include "number.h"
#include "signing.h"

/* Make the folder and the pair. */
int auditor_new (const char *folder, signing_pair_t *pair, char *why);

/* Sign the seal in the file at `seal_path`, if it and the open note beside it hold, the
   open note has this auditor, and no other seal of the draw was signed. That is durably
   noted before this returns. `signed_seal` receives the file for seal-auditor.note,
   which the caller frees. The same seal may be signed again. */
int auditor_sign (const char *folder, const char *seal_path, char **signed_seal,
                  char *why);

/* Open the box of a party that was lost, if the seal is the one that was signed, the
   note at `note_path` (the agency's receipt, or for the operator the open note) says
   that it is that party's box, and what is in it fits the party's commitment. */
int auditor_open (const char *folder, const char *seal_path, const char *box_path,
                  const char *note_path, nonce_t *nonce, char *why);

#endif

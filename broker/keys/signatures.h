/* signatures.h - the part of a set of keys that provable draws are signed with: the
   operator's pair, the central's name, and who of the agencies signs with which key
   (common/net/signing.h has the files).

   Each returns -1 with the reason in `why`, which has KEYS_WHY_BYTES, else 0 unless it
   says more. `folder` is KEYS. */

#ifndef LOTERIA_SIGNATURES_H
#define LOTERIA_SIGNATURES_H

#include "roll.h"

#define CENTRAL_NAME_DEFAULT "loteria"

/* Make what is missing; `name` is NULL for the one that is there, or the default.
   Returns how many pairs were made. */
int signatures_make (const char *folder, const char *name, char *why);

/* Write the operator's public key where it is not yet: for an agency's folder. Nothing
   if the operator has none (a set from before there was one). */
int signatures_tell (const char *folder, const char *agency_folder, char *why);

/* The agency's own pair in its folder here, made if it is missing: for a demo. */
int signatures_make_demo (const char *agency_folder, roll_entry_t *entry, char *why);

/* Whether an agency may be given this key: nobody on the roll has it, nor the operator.
 */
int signatures_check (const char *folder, const roll_t *roll,
                      const uint8_t key[NOTE_PUBLIC_BYTES], char *why);

/* Tell state who of the roll signs. Nothing if the operator has no pair. */
int signatures_list (const char *folder, const roll_t *roll, char *why);

#endif

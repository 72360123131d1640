/* safe.h - the folder that a vault's files are in, and the keys that it signs with.
   Touches files. */

#ifndef LOTERIA_SAFE_H
#define LOTERIA_SAFE_H

#include "vault.h"

#define SAFE_WHY_BYTES 1200

typedef struct safe safe_t;

/* The vault of FOLDER (--receipts), which is there and is locked by who asks, with the
   keys of the agency's folder `keys`: signing.key and operator.sign. NULL with one line
   in `why`: without these keys, `*sound` is true, as plain draws need none; else a file
   is not what belongs there. */
safe_t *safe_open (const char *folder, const char *keys, uint32_t agency,
                   char why[SAFE_WHY_BYTES], bool *sound);
void safe_close (safe_t **safe);

/* Whether an agency with these could sell in a provable draw, as far as its own folders
   say: `keys` has what signs, and there is to be a folder (NULL: none). If not, `why`
   says what is missing. Makes and changes nothing. */
bool safe_could (const char *folder, const char *keys, char why[SAFE_WHY_BYTES]);

vault_t *safe_vault (const safe_t *safe);

#endif

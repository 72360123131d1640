/* roll.h - the roll of agencies: which key is whose. A plain text file, one line per
   agency, in any order:

     # agency  state    public keys                name
     1         enabled  KEY                        Agencia Central
     2         enabled  KEY,KEY ed25519:BASE64     two keys, while one takes the other's
     3         disabled KEY                        Agencia Sur
     4         enabled  KEY ed25519-demo:BASE64    whose signing key the operator made

   Behind the keys that open the door may stand the one that the agency signs provable
   draws with (signing.h). Spaces and tabs separate the words and may stand around the
   name. The name is text as text.h has it; it does not begin as a signing key does.

   Pure: text in, answers out. */

#ifndef LOTERIA_ROLL_H
#define LOTERIA_ROLL_H

#include <stdio.h>

#include "bounds.h"
#include "bytes.h"
#include "keys.h"
#include "signing.h"

#define ROLL_FILE "roll"

typedef struct {
    uint32_t agency; // 1..
    bool enabled;
    size_t keys;
    char key[ROLL_KEYS_MAX][KEY_TEXT_BYTES]; // Z85
    bool signs, demo; // it has a signing key; the operator made that
    uint8_t signing[NOTE_PUBLIC_BYTES];
    char name[ROLL_NAME_BYTES_MAX + 1]; // UTF-8, may be empty
    size_t line;                        // in the file
} roll_entry_t;

typedef struct roll roll_t;

/* Parse the text of a roll; NULL with "line 3: ..." in `why`, which has KEYS_WHY_BYTES.
   No agency and no key may occur twice. */
roll_t *roll_parse (bytes_t text, char *why);
void roll_destroy (roll_t **roll);

/* The enabled agency that has this key; 0 when none has. */
uint32_t roll_find (const roll_t *roll, const char *key);

/* Who has the key, enabled or not; NULL when nobody has. */
const roll_entry_t *roll_owner (const roll_t *roll, const char *key);

/* All entries, in the order of the text; one by agency, NULL when it is not there. */
size_t roll_size (const roll_t *roll);
const roll_entry_t *roll_at (const roll_t *roll, size_t index);
const roll_entry_t *roll_agency (const roll_t *roll, uint32_t agency);

/* Whether every key that was valid for the agency in `before` still is. */
bool roll_keeps (const roll_t *roll, const roll_entry_t *before);

/* Whether a name would be taken for a signing key. */
bool roll_name_is_key (bytes_t name);

/* An entry as a line of the text, with its LF. Returns its length. */
#define ROLL_LINE_BYTES_MAX                                                            \
    (64 + ROLL_KEYS_MAX * KEY_TEXT_BYTES + SIGNING_TEXT_BYTES + ROLL_NAME_BYTES_MAX)
size_t roll_write (const roll_entry_t *entry, char line[ROLL_LINE_BYTES_MAX + 1]);

#endif

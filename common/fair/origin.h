/* origin.h - which draw of which central, and whose key in it. Pure. */

#ifndef LOTERIA_ORIGIN_H
#define LOTERIA_ORIGIN_H

#include "draw_name.h"
#include "signed_note.h"

#define CENTRAL_NAME_BYTES_MAX 40 // as a draw's name

typedef struct {
    char central[CENTRAL_NAME_BYTES_MAX + 1];
    char draw[DRAW_NAME_BYTES_MAX + 1];
} origin_t; // loteria/CENTRAL/DRAW

#define ORIGIN_TEXT_BYTES                                                              \
    (sizeof "loteria//" + CENTRAL_NAME_BYTES_MAX + DRAW_NAME_BYTES_MAX)
void origin_text (const origin_t *origin, char text[ORIGIN_TEXT_BYTES]);

/* The name that a party's key has in this draw: ORIGIN/operator, ORIGIN/agency-4,
   ORIGIN/auditor. Fits NOTE_KEY_NAME_BYTES_MAX. */
typedef enum { PARTY_OPERATOR, PARTY_AGENCY, PARTY_AUDITOR } party_t;
void party_name (const origin_t *origin, party_t party, uint32_t agency,
                 char name[NOTE_KEY_NAME_BYTES_MAX + 1]);
/* Of its text; false: it is none. */
bool origin_parse (const char *text, origin_t *origin);
bool origin_equal (const origin_t *a, const origin_t *b);

/* Of a key's text, which has to have the name of this party. */
bool party_key_parse (const char *text, const origin_t *origin, party_t party,
                      uint32_t agency, note_key_t *key);

#endif

/* origin.c - names of draws and of keys in them. State, agency, verifier. */

#include "origin.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define ORIGIN_PREFIX "loteria/"

void origin_text (const origin_t *origin, char text[ORIGIN_TEXT_BYTES])
{
    snprintf (text, ORIGIN_TEXT_BYTES, ORIGIN_PREFIX "%s/%s", origin->central,
              origin->draw);
}

bool origin_parse (const char *text, origin_t *origin)
{
    static_assert (CENTRAL_NAME_BYTES_MAX == 40 && DRAW_NAME_BYTES_MAX == 40,
                   "as the format has it");
    char again[ORIGIN_TEXT_BYTES];
    if (sscanf (text, ORIGIN_PREFIX "%40[^/]/%40s", origin->central, origin->draw) != 2)
        return false;
    origin_text (origin, again);
    return strcmp (text, again) == 0 &&
           !draw_name_fault (bytes_of (origin->central, strlen (origin->central))) &&
           !draw_name_fault (bytes_of (origin->draw, strlen (origin->draw)));
}

bool origin_equal (const origin_t *a, const origin_t *b)
{
    return strcmp (a->central, b->central) == 0 && strcmp (a->draw, b->draw) == 0;
}

void party_name (const origin_t *origin, party_t party, uint32_t agency,
                 char name[NOTE_KEY_NAME_BYTES_MAX + 1])
{
    char of[ORIGIN_TEXT_BYTES];
    origin_text (origin, of);
    if (party == PARTY_AGENCY)
        snprintf (name, NOTE_KEY_NAME_BYTES_MAX + 1, "%s/agency-%" PRIu32, of, agency);
    else
        snprintf (name, NOTE_KEY_NAME_BYTES_MAX + 1, "%s/%s", of,
                  party == PARTY_OPERATOR ? "operator" : "auditor");
}

bool party_key_parse (const char *text, const origin_t *origin, party_t party,
                      uint32_t agency, note_key_t *key)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    party_name (origin, party, agency, name);
    return note_key_parse (bytes_of (text, strlen (text)), key) &&
           strcmp (key->name, name) == 0;
}

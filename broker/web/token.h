/* token.h - the secret that whoever reads the page has to know, where not only this
   machine can reach it.

   It comes as `Authorization: Bearer TOKEN`, for programs, or as the password of
   `Authorization: Basic ...`, whoever the user, which browsers ask for by themselves.
 */

#ifndef LOTERIA_TOKEN_H
#define LOTERIA_TOKEN_H

#include <stdbool.h>

#include "config.h"
#include "sha256.h"

#define TOKEN_BYTES_MIN 16
#define TOKEN_BYTES_MAX 256
#define TOKEN_WHY_BYTES 160

typedef struct { // what it hashes to
    uint8_t hash[SHA256_BYTES];
} token_t;

/* The first and only line of a file: TOKEN_BYTES_MIN to TOKEN_BYTES_MAX visible ASCII
   characters. 0, or -1 with what is wrong in `why`, which never quotes the file. */
int token_load (token_t *token, const char *path, char why[CONFIG_WHY_BYTES]);

/* The same of text. */
int token_set (token_t *token, bytes_t text, char why[TOKEN_WHY_BYTES]);

/* Whether the header's value (NULL: there was none) brings the token. Takes as long for
   a wrong one as for the right one. */
bool token_comes_with (const token_t *token, const char *authorization);

#endif

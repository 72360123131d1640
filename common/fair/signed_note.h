/* signed_note.h - signed notes and verifier keys, as C2SP has them
   (https://c2sp.org/signed-note): a text of lines, an empty line, and a line for each
   signature. Ed25519 (RFC 8032) only, by libsodium.

     loteria/nacional/noche        the text, which is what is signed
     seal v1
     ...
                                   an empty line
     — NAME BASE64                 of the key's id (4 bytes) and the signature (64)

   A verifier key is NAME+ID+BASE64, of a byte 0x01 and the public key; its id is the
   first four bytes of SHA-256 (NAME, LF, 0x01, public key), in hexadecimal.

   Pure, but that libsodium must have been started (signed_note_start ()). */

#ifndef LOTERIA_SIGNED_NOTE_H
#define LOTERIA_SIGNED_NOTE_H

#include "sha256.h"

#define NOTE_KEY_NAME_BYTES_MAX 127
#define NOTE_PUBLIC_BYTES       32
#define NOTE_SECRET_BYTES       64 // seed and public key, as libsodium has it
#define NOTE_SIGNATURE_BYTES    64
#define NOTE_SIGNATURES_MAX     8 // more are no note of ours
/* Of a verifier key: the name, + and 8 digits, + and base64 of 33 bytes; and its end.
 */
#define NOTE_KEY_TEXT_BYTES (NOTE_KEY_NAME_BYTES_MAX + 1 + 8 + 1 + 44 + 1)
/* Of a signature's line: its dash, the name, base64 of 68 bytes; its LF and its end. */
#define NOTE_LINE_BYTES (4 + NOTE_KEY_NAME_BYTES_MAX + 1 + 92 + 1 + 1)

typedef struct {
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    uint8_t id[4];
} note_key_t;

typedef struct {
    uint8_t of[NOTE_SECRET_BYTES];
} note_secret_t;

/* Start libsodium. 0, or -1: it cannot be used. Any number of times. */
int signed_note_start (void);

/* A new pair. */
void note_key_pair (note_secret_t *secret, uint8_t public_key[NOTE_PUBLIC_BYTES]);
void note_key_public (const note_secret_t *secret,
                      uint8_t public_key[NOTE_PUBLIC_BYTES]);

/* The key of that name. False when the name is none: empty, too long, with a blank or a
   `+` in it; or the public key is none: not on the curve, or of a small order, with
   which more than one text could fit a signature. */
bool note_key_make (const char *name, const uint8_t public_key[NOTE_PUBLIC_BYTES],
                    note_key_t *key);
/* As note_key_make (), of a verifier key's text, whose id must fit. */
bool note_key_parse (bytes_t text, note_key_t *key);
void note_key_text (const note_key_t *key, char text[NOTE_KEY_TEXT_BYTES]);

typedef struct {  // borrowed
    bytes_t text; // with its last LF
    bytes_t signatures;
} signed_note_t;

/* Take a note apart. False when it is none: no empty line before its signatures, a
   signature that is malformed, or too many; a text with a line that is empty or not
   text as text.h has it. */
bool signed_note_parse (bytes_t file, signed_note_t *note);

typedef enum {
    NOTE_SIGNED,
    NOTE_UNSIGNED, // no signature of this key is there
    NOTE_FORGED    // there is, and it is not right
} note_verdict_t;

/* Whether this key's owner has signed it. Of several signatures of one key, all must be
   right. */
note_verdict_t signed_note_verify (const signed_note_t *note, const note_key_t *key);

/* The first signature whose name ends so ("/auditor"), of whatever key, right or wrong.
   False: there is none. */
bool signed_note_find (const signed_note_t *note, const char *end,
                       uint8_t signature[NOTE_SIGNATURE_BYTES]);

/* The line that signs a text, which ends with LF, ended by 0. Returns its length. */
size_t signed_note_sign (bytes_t text, const note_key_t *key,
                         const note_secret_t *secret, char line[NOTE_LINE_BYTES]);
/* The line of a signature (64 bytes) that is there; whether it is right is for
   signed_note_verify () to say. */
size_t signed_note_line (const note_key_t *key, const uint8_t *signature,
                         char line[NOTE_LINE_BYTES]);

#endif

/* escrow.h - a nonce in a box that only a draw's auditor can open, for a party that is
   lost before it reveals (docs/fairness.md, "The auditor").

   libsodium's sealed box (crypto_box_seal), to the X25519 form of the auditor's Ed25519
   key. What is in a box is the word of who made it: it counts only if it fits the
   commitment. libsodium must have been started (signed_note_start ()). */

#ifndef LOTERIA_ESCROW_H
#define LOTERIA_ESCROW_H

#include "number.h"
#include "signed_note.h"

#define ESCROW_BOX_BYTES (SHA256_BYTES + 48)

typedef struct {
    uint8_t of[ESCROW_BOX_BYTES];
} escrow_box_t;

/* Another box each time. False: the auditor's key is none. */
bool escrow_seal (const nonce_t *nonce, const uint8_t auditor[NOTE_PUBLIC_BYTES],
                  escrow_box_t *box);

/* False: it is no box for this auditor. */
bool escrow_open (const escrow_box_t *box, const note_secret_t *auditor,
                  nonce_t *nonce);

/* What open and ready notes have of a box. */
hash_t escrow_hash (const escrow_box_t *box);

/* A box as a file, `box-N.txt`: lower-case hexadecimal digits, LF. Only that spelling
   is read. */
#define ESCROW_TEXT_BYTES (2 * ESCROW_BOX_BYTES + 2)
void escrow_text (const escrow_box_t *box, char text[ESCROW_TEXT_BYTES]);
bool escrow_parse (bytes_t text, escrow_box_t *box);

#endif

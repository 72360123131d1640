/* proof.h - what an auditor hands in, taken out of its file: loteria-ctl draw attest,
   draw reveal. Pure. */

#ifndef LOTERIA_PROOF_H
#define LOTERIA_PROOF_H

#include "draw_name.h"
#include "number.h"
#include "signed_note.h"

/* Of a seal that the auditor has signed: the draw's name, and the signature. NULL, or
   what is wrong with the file, for people. */
const char *proof_attest (bytes_t file, char draw[DRAW_NAME_BYTES_MAX + 1],
                          uint8_t signature[NOTE_SIGNATURE_BYTES]);

/* Of a file with a nonce, nonce-N.txt: whose it is (0: the operator's), and it. */
const char *proof_reveal (const char *path, bytes_t file, uint32_t *party,
                          nonce_t *nonce);

#endif

/* proof.c - an auditor's signature, or a nonce out of a box: loteria-ctl. */

#include "proof.h"

#include <stdio.h>
#include <string.h>

#include "hex.h"
#include "statement.h"

const char *proof_attest (bytes_t file, char draw[DRAW_NAME_BYTES_MAX + 1],
                          uint8_t signature[NOTE_SIGNATURE_BYTES])
{
    signed_note_t note;
    seal_t seal;
    if (!signed_note_parse (file, &note) || seal_parse (note.text, &seal) != 0)
        return "it is no seal: it has to be the file that the auditor made with "
               "loteria-keys escrow sign";
    memcpy (draw, seal.origin.draw, sizeof seal.origin.draw);
    seal_clear (&seal);
    return signed_note_find (&note, "/auditor", signature)
               ? NULL
               : "the auditor has not signed it: that is what loteria-keys escrow sign "
                 "does";
}

/* The digits have one spelling, and so has the name. */
const char *proof_reveal (const char *path, bytes_t file, uint32_t *party,
                          nonce_t *nonce)
{
    const char *slash = strrchr (path, '/'), *name = slash ? slash + 1 : path;
    char again[32];
    if (sscanf (name, "nonce-%u.txt", party) != 1 ||
        snprintf (again, sizeof again, "nonce-%u.txt", *party) < 0 ||
        strcmp (again, name) != 0)
        return "its name has to say whose nonce it is: nonce-N.txt, with the agency's "
               "number, or 0 for the operator's";
    return hex_read_line (file, nonce->of, sizeof nonce->of)
               ? NULL
               : "it is no nonce: 64 lower-case hexadecimal digits and an end of line";
}

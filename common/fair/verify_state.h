/* verify_state.h - what the steps of a verification share. */

#ifndef LOTERIA_VERIFY_STATE_H
#define LOTERIA_VERIFY_STATE_H

#include "verify.h"

typedef struct {
    const verify_options_t *options;
    const dossier_t *dossier;
    open_t open;
    hash_t open_hash;
    bool sealed;
    seal_t seal;
    bytes_t seal_text; // of the note
    hash_t seal_hash;
    bool drawn;
    result_t result;
    char fault[VERIFY_FAULT_BYTES];
} checker_t;

/* Say that the step holds, and what follows. Returns true. */
bool verify_tell (const checker_t *checker, const char *step, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
/* Say what does not hold. Returns false. */
bool verify_fail (checker_t *checker, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* With the bets and salt keys: every root, count and winner. */
bool verify_bets (checker_t *checker);

#endif

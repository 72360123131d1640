/* verify.h - whether what was published of a provable draw holds (docs/fairness.md,
   "Checking"). Pure: looks at bytes in memory only. */

#ifndef LOTERIA_VERIFY_H
#define LOTERIA_VERIFY_H

#include "dossier.h"
#include "statement.h"

#define VERIFY_FAULT_BYTES 512

typedef enum { // how far the draw is, by its notes
    VERIFY_SELLING,
    VERIFY_PENDING, // sealed, without a result
    VERIFY_DRAWN,
    VERIFY_VOID
} verify_phase_t;

typedef struct {
    const dossier_t *dossier;
    const hash_t *open; // the open note's hash, as others were shown it; or NULL
    bytes_t receipt;    // a receipt or countersigned seal to hold against the rest
    bytes_t ticket;     // one bettor's; neither is there if it has no data
    uint32_t agency;    // whose own notes these are: others' signed seals may be
                        // missing; 0: they are everybody's
    void *context;
    /* What holds, step by step, and what it proves; for people. NULL: nobody asks. */
    void (*tell) (void *context, const char *step, const char *text);
} verify_options_t;

typedef struct {
    bool holds;
    char step[32];                  // otherwise: which does not,
    char fault[VERIFY_FAULT_BYTES]; // and why
    verify_phase_t phase;
    uint32_t number; // of a draw that is drawn
} verify_outcome_t;

/* Everything that is there; the first thing that does not hold ends it. */
verify_outcome_t verify (const verify_options_t *options);

#endif

/* provable.h - a provable draw as state knows it: its notes, one after the other, and
   what they say (docs/fairness.md).

   Like the draw itself it is what its events make of it: each that has a paper is taken
   in once it is durable, the same way when it happens and when it is replayed. From
   that follows what the next note says; the paper of it is made here, signed, and has
   happened only when storage has recorded it: a state that starts again goes on with
   the notes that are there, and nothing that it has signed and not recorded was seen by
   anybody.

     N  the open note              O; from here on agencies may come
     Y  an agency's receipt        what it takes part with
     L  the seal                   S; what it says never changes
     U  the auditor has signed it  before any A, if there is an auditor
     A  an agency has revealed     its nonce
     Q  the result note            its winners may be told

   Pure: random bytes, times and keys are arguments. */

#ifndef LOTERIA_PROVABLE_H
#define LOTERIA_PROVABLE_H

#include "signing.h"
#include "statement.h"
#include "wire.h"

typedef struct provable provable_t;

#define PROVABLE_WHY_BYTES (REFUSAL_TEXT_MAX + 1)

typedef struct { // the operator, as he opens draws; all borrowed
    const char *central;
    const signing_pair_t *pair;
    const signers_t *signers; // of the agencies: to open a draw
    uint32_t commit_s, least; // least 0: all
    const uint8_t *auditor;   // his key, NOTE_PUBLIC_BYTES; NULL: there is none
} operator_t;

/* Of the draw that this event opened. */
provable_t *provable_new (const wire_event_t *opened);
void provable_destroy (provable_t **provable);

/* Take in an event with a paper: 0, or -1 when it cannot be one of this draw's; nothing
   has changed then. */
int provable_apply (provable_t *provable, const wire_event_t *event);

/* The open note; NULL: it is not there yet. Its hash, O; likewise. */
const open_t *provable_open (const provable_t *provable);
const hash_t *provable_hash (const provable_t *provable);
/* S; NULL: there is no seal yet. */
const hash_t *provable_seal (const provable_t *provable);
bool provable_committed (const provable_t *provable, uint32_t agency);
bool provable_revealed (const provable_t *provable, uint32_t agency);
/* How many have committed. */
uint32_t provable_commits (const provable_t *provable);
/* The number that follows, once all that have committed have revealed. */
uint32_t provable_number (const provable_t *provable);

/* ---- The papers of what is to happen next. Each is the caller's to free. NULL: it
   cannot be; `why` (PROVABLE_WHY_BYTES) is for people. ---- */

/* N, with the operator's nonce; `box` of it, if there is an auditor. */
char *provable_open_paper (const provable_t *provable, const operator_t *by,
                           const nonce_t *nonce, const bytes_t *box, size_t *size,
                           char *why);
/* Y: what an agency says when it commits, held against the draw, and signed. */
char *provable_receipt_paper (const provable_t *provable, const operator_t *by,
                              uint32_t agency, const wire_commit_t *commit,
                              size_t *size, char *why);
/* L: `others` are those that have not committed, ascending, with their salt keys. */
char *provable_seal_paper (const provable_t *provable, const operator_t *by,
                           const stake_t *others, const salt_key_t *keys, size_t count,
                           uint64_t sealed_s, size_t *size, char *why);
/* U: the auditor's signature of the seal. */
char *provable_attest_paper (const provable_t *provable, bytes_t signature,
                             size_t *size, char *why);
/* A, by the agency; its S has to be the seal's, which is for the caller to see. And
   with the nonce that the auditor took out of its box. */
char *provable_reveal_paper (const provable_t *provable, uint32_t agency,
                             const wire_reveal_t *reveal, size_t *size, char *why);
char *provable_nonce_paper (const provable_t *provable, uint32_t agency, bytes_t nonce,
                            size_t *size, char *why);
/* Q: `awarded` as storage tells it. */
char *provable_result_paper (const provable_t *provable, const operator_t *by,
                             bytes_t awarded, size_t *size, char *why);
/* W, with what the operator said (and who he is). */
char *provable_void_paper (const provable_t *provable, const operator_t *by,
                           bytes_t note, size_t *size, char *why);

/* Whether a draw of so many agencies can be opened by this operator; else `why`, and
   what to do. */
bool provable_can_open (const operator_t *by, uint32_t agencies, char *why);

/* Whether this is the operator who opened the draw, with its open note: he has to sign
   all of it. Else `why`. */
bool provable_signed_by (const provable_t *provable, const operator_t *by, char *why);

/* What of a paper of W the operator said; empty: nothing. Borrows from the text. */
bytes_t provable_void_note (bytes_t text);

#endif

/* parties.h - the parties of a provable draw, for tests: an operator, agencies, an
   auditor, with keys and nonces; what each says. */

#ifndef LOTERIA_PARTIES_H
#define LOTERIA_PARTIES_H

#include "testing.h"

#include <sodium.h>
#include <stdlib.h>

#include "escrow.h"
#include "fair_paper.h"
#include "provable.h"

#define PARTIES 3

typedef struct {
    signing_pair_t pair;
    nonce_t nonce;
    salt_key_t salts;
    uint64_t count;
    char ready[COMMIT_NOTE_BYTES_MAX + 1]; // what it has committed with
    escrow_box_t box;
} partaker_t;

typedef struct {
    signing_pair_t pair, auditor;
    signer_t signer[PARTIES];
    signers_t signers;
    operator_t operator;
    partaker_t of[PARTIES + 1]; // by agency
} parties_t;

static inline void parties_pair (signing_pair_t *pair)
{
    note_key_pair (&pair->secret, pair->public_key);
}

static inline void parties_begin (parties_t *parties, bool audited)
{
    assert_int_equal (signed_note_start (), 0);
    *parties = (parties_t){0};
    parties_pair (&parties->pair);
    parties_pair (&parties->auditor);
    for (uint32_t agency = 1; agency <= PARTIES; agency++) {
        partaker_t *of = &parties->of[agency];
        parties_pair (&of->pair);
        memset (of->nonce.of, 0xA0 + (int) agency, sizeof of->nonce.of);
        memset (of->salts.of, 0x50 + (int) agency, sizeof of->salts.of);
        of->count = 10 * agency;
        parties->signer[agency - 1].agency = agency;
        memcpy (parties->signer[agency - 1].public_key, of->pair.public_key,
                NOTE_PUBLIC_BYTES);
    }
    parties->signers = (signers_t){PARTIES, parties->signer};
    parties->operator= (operator_t){.central = "nacional",
                                    .pair = &parties->pair,
                                    .signers = &parties->signers,
                                    .commit_s = 600,
                                    .least = 2,
                                    .auditor =
                                        audited ? parties->auditor.public_key : NULL};
}

static inline note_key_t parties_key (const origin_t *origin, party_t party,
                                      uint32_t agency, const signing_pair_t *pair)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    note_key_t key;
    party_name (origin, party, agency, name);
    assert_true (note_key_make (name, pair->public_key, &key));
    return key;
}

/* What the agency commits with in this draw: kept, so that it says the same again. */
static inline wire_commit_t parties_commit (parties_t *parties, const open_t *open,
                                            const hash_t *hash, uint32_t agency,
                                            bool boxed)
{
    partaker_t *of = &parties->of[agency];
    const bytes_t draw = bytes_of (open->origin.draw, strlen (open->origin.draw));
    ready_t ready = {.origin = open->origin,
                     .open = *hash,
                     .stake = {.agency = agency, .count = of->count, .committed = true},
                     .boxed = boxed};
    memset (ready.stake.root.of, (int) agency, sizeof ready.stake.root.of);
    ready.stake.commitment = nonce_commitment (draw, agency, &of->nonce);
    sha256 (bytes_of (of->salts.of, sizeof of->salts.of), bytes_of (NULL, 0),
            ready.stake.salts.of);
    wire_commit_t commit = {.tally = {.count = of->count, .digest = agency}};
    memcpy (commit.salt_key, of->salts.of, sizeof commit.salt_key);
    if (boxed) {
        assert_true (escrow_seal (&of->nonce, parties->auditor.public_key, &of->box));
        ready.box = escrow_hash (&of->box);
        commit.box = bytes_of (of->box.of, sizeof of->box.of);
    }
    size_t size;
    char *text = ready_write (&ready, &size), line[NOTE_LINE_BYTES];
    const note_key_t key = parties_key (&open->origin, PARTY_AGENCY, agency, &of->pair);
    signed_note_sign (bytes_of (text, size), &key, &of->pair.secret, line);
    snprintf (of->ready, sizeof of->ready, "%s\n%s", text, line);
    free (text);
    commit.note = bytes_of (of->ready, strlen (of->ready));
    return commit;
}

/* The signature of a text that is a note's. */
static inline void parties_sign (const signing_pair_t *pair, bytes_t text,
                                 uint8_t signature[WIRE_SIGNATURE_BYTES])
{
    crypto_sign_detached (signature, NULL, text.data, text.size, pair->secret.of);
}

/* The text of the note in a paper. */
static inline bytes_t parties_text (bytes_t text)
{
    fair_paper_t paper;
    signed_note_t note;
    assert_true (fair_paper_read (text, &paper));
    assert_true (signed_note_parse (paper.note, &note));
    return note.text;
}

static inline wire_reveal_t parties_reveal (const parties_t *parties, bytes_t seal_text,
                                            uint32_t agency)
{
    wire_reveal_t reveal;
    const hash_t seal = statement_hash (seal_text);
    memcpy (reveal.seal, seal.of, sizeof reveal.seal);
    memcpy (reveal.nonce, parties->of[agency].nonce.of, sizeof reveal.nonce);
    parties_sign (&parties->of[agency].pair, seal_text, reveal.signature);
    return reveal;
}

#endif

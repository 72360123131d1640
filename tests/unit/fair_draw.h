/* fair_draw.h - a provable draw in memory: three agencies, of which the last has not
   committed, with all of their keys, nonces, notes and bets; to be tampered with. */

#ifndef LOTERIA_FAIR_DRAW_H
#define LOTERIA_FAIR_DRAW_H

#include "testing.h"

#include "bet_csv.h"
#include "dossier.h"
#include "ticket.h"
#include "wire.h"

#define FAIR_AGENCIES 3
#define FAIR_COMMITS  2 // the first so many do
#define FAIR_BETS     7 // of each
#define FAIR_HIGHEST  9
#define FAIR_NOTE     4096

typedef struct {
    uint32_t agency;
    note_secret_t secret;
    nonce_t nonce;
    salt_key_t salts;
    bool boxed;
    hash_t box; // if so, in its READY
    char salts_file[80], nonce_file[80], ready[FAIR_NOTE], countersigned[FAIR_NOTE];
} fair_party_t;

typedef struct { // of which the notes are made
    origin_t origin;
    note_secret_t operator;
    nonce_t nonce;
    fair_party_t party[FAIR_AGENCIES];
    open_agency_t roll[FAIR_AGENCIES];
    open_t open;
    stake_t stakes[FAIR_AGENCIES];
    seal_t seal;
    reveal_t reveals[1 + FAIR_COMMITS];
    won_t won[FAIR_AGENCIES];
    result_t result;
    char open_note[FAIR_NOTE], seal_note[FAIR_NOTE], result_note[FAIR_NOTE];
    char bets[FAIR_NOTE], cancelled[FAIR_NOTE];
    party_file_t files[4][FAIR_AGENCIES];
    dossier_t dossier;
} fair_draw_t;

static inline bytes_t fair_text (const char *text)
{
    return bytes_of (text, strlen (text));
}

static inline note_key_t fair_key (const fair_draw_t *draw, party_t party,
                                   uint32_t agency, const note_secret_t *secret)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    note_key_t key;
    party_name (&draw->origin, party, agency, name);
    note_key_public (secret, public_key);
    assert_true (note_key_make (name, public_key, &key));
    return key;
}

/* Begin a note with its text, and an empty line; frees the text. */
static inline void fair_begin_note (char note[FAIR_NOTE], char *text)
{
    assert_true (strlen (text) + 2 < FAIR_NOTE);
    snprintf (note, FAIR_NOTE, "%s\n", text);
    free (text);
}

static inline void fair_sign (const fair_draw_t *draw, char note[FAIR_NOTE],
                              party_t party, uint32_t agency,
                              const note_secret_t *secret)
{
    char line[NOTE_LINE_BYTES];
    const note_key_t key = fair_key (draw, party, agency, secret);
    const size_t text = (size_t) (strstr (note, "\n\n") + 1 - note);
    signed_note_sign (bytes_of (note, text), &key, secret, line);
    assert_true (strlen (note) + strlen (line) < FAIR_NOTE);
    strcat (note, line);
}

static inline hash_t fair_hash (const char *note)
{
    return statement_hash (
        bytes_of (note, (size_t) (strstr (note, "\n\n") + 1 - note)));
}

static inline hash_t fair_commitment (const fair_draw_t *draw, uint32_t party,
                                      const nonce_t *nonce)
{
    return nonce_commitment (fair_text (draw->origin.draw), party, nonce);
}

static inline void fair_secret_file (const uint8_t secret[SHA256_BYTES], char file[80])
{
    sha256_text (secret, file);
    strcat (file, "\n");
}

/* Bet 2 of each agency is cancelled. */
static inline void fair_write_bets (fair_draw_t *draw)
{
    draw->bets[0] = draw->cancelled[0] = '\0';
    for (unsigned offset = 0; offset < FAIR_BETS; offset++)
        for (size_t i = 0; i < FAIR_AGENCIES; i++) {
            char row[128];
            snprintf (row, sizeof row, "%u,Ana,\"Paz, of %u\",%u,1990-01-%02u,%u\r\n",
                      draw->party[i].agency, draw->party[i].agency, 100 + offset,
                      offset + 1, offset % (FAIR_HIGHEST + 1));
            strcat (draw->bets, row);
            if (offset == 2)
                sprintf (draw->cancelled + strlen (draw->cancelled), "%u,%s", offset,
                         row);
        }
}

/* What the bets as they are written come to; with a number the winners, too. */
static inline void fair_count (fair_draw_t *draw, const uint32_t *number)
{
    uint8_t scratch[ROW_BYTES_MAX];
    for (size_t i = 0; i < FAIR_AGENCIES; i++) {
        fair_party_t *party = &draw->party[i];
        leaves_t leaves;
        tree_t tree, winners;
        bytes_t rows = fair_text (draw->bets);
        uint32_t agency;
        bet_t bet;
        leaves_begin (&leaves, fair_text (draw->origin.draw), party->agency,
                      &party->salts);
        tree_begin (&tree);
        tree_begin (&winners);
        while (bet_csv_next (&rows, scratch, &agency, &bet) == 1) {
            if (agency != party->agency)
                continue;
            const bool cancelled = tree.count == 2;
            const hash_t leaf =
                leaves_hash (&leaves, tree.count,
                             cancelled ? LEAF_CANCELLED : LEAF_STANDS, NULL, &bet);
            tree_add (&tree, &leaf);
            if (number && !cancelled && bet.number == *number)
                tree_add (&winners, &leaf);
        }
        draw->stakes[i].count = tree.count;
        draw->stakes[i].root = tree_root (&tree);
        draw->won[i] = (won_t){party->agency, winners.count, tree_root (&winners)};
    }
}

/* Each step makes its notes anew from what the draw says by now. */
static inline void fair_open (fair_draw_t *draw)
{
    size_t size;
    fair_begin_note (draw->open_note, open_write (&draw->open, &size));
    fair_sign (draw, draw->open_note, PARTY_OPERATOR, 0, &draw->operator);
    draw->seal.open = fair_hash (draw->open_note);
}

static inline void fair_ready (fair_draw_t *draw, size_t which)
{
    fair_party_t *party = &draw->party[which];
    const ready_t ready = {.origin = draw->origin,
                           .open = draw->seal.open,
                           .stake = draw->stakes[which],
                           .boxed = party->boxed,
                           .box = party->box};
    size_t size;
    fair_begin_note (party->ready, ready_write (&ready, &size));
    fair_sign (draw, party->ready, PARTY_AGENCY, party->agency, &party->secret);
    fair_sign (draw, party->ready, PARTY_OPERATOR, 0, &draw->operator);
}

static inline void fair_seal (fair_draw_t *draw)
{
    size_t size;
    fair_begin_note (draw->seal_note, seal_write (&draw->seal, &size));
    fair_sign (draw, draw->seal_note, PARTY_OPERATOR, 0, &draw->operator);
    draw->result.seal = fair_hash (draw->seal_note);
}

static inline void fair_countersign (fair_draw_t *draw, size_t which)
{
    fair_party_t *party = &draw->party[which];
    strcpy (party->countersigned, draw->seal_note);
    fair_sign (draw, party->countersigned, PARTY_AGENCY, party->agency, &party->secret);
}

static inline uint32_t fair_number (const fair_draw_t *draw)
{
    seed_t seed;
    seed_begin (&seed, &draw->result.seal);
    for (size_t i = 0; i < draw->result.reveals; i++)
        seed_add (&seed, &draw->result.reveal[i].nonce);
    const hash_t hash = seed_end (&seed);
    return number_of_seed (&hash, draw->open.highest);
}

static inline void fair_result (fair_draw_t *draw)
{
    size_t size;
    fair_begin_note (draw->result_note, result_write (&draw->result, &size));
    fair_sign (draw, draw->result_note, PARTY_OPERATOR, 0, &draw->operator);
}

/* The dossier, of the files as they are by now. */
static inline const dossier_t *fair_dossier (fair_draw_t *draw)
{
    dossier_t *dossier = &draw->dossier;
    *dossier = (dossier_t){.open = fair_text (draw->open_note),
                           .seal = fair_text (draw->seal_note),
                           .result = fair_text (draw->result_note),
                           .bets = fair_text (draw->bets),
                           .cancelled = fair_text (draw->cancelled)};
    party_files_t *const kinds[] = {&dossier->ready, &dossier->countersigned,
                                    &dossier->salts, &dossier->nonces};
    for (size_t kind = 0; kind < 4; kind++)
        *kinds[kind] = (party_files_t){0, draw->files[kind]};
    for (size_t i = 0; i < FAIR_AGENCIES; i++) {
        fair_party_t *party = &draw->party[i];
        const char *const files[] = {party->ready, party->countersigned,
                                     party->salts_file, party->nonce_file};
        for (size_t kind = 0; kind < 4; kind++)
            if (*files[kind])
                kinds[kind]->of[kinds[kind]->count++] =
                    (party_file_t){party->agency, fair_text (files[kind])};
    }
    return dossier;
}

/* A draw that holds, whole. Everybody's secrets are new. */
static inline void fair_draw_make (fair_draw_t *draw)
{
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    *draw = (fair_draw_t){.origin = {"nacional", "noche"}, .nonce = {{1, 2, 3}}};
    note_key_pair (&draw->operator, public_key);
    draw->open = (open_t){.origin = draw->origin,
                          .highest = FAIR_HIGHEST,
                          .closes_s = CLOSES_ALL_ASKED,
                          .commit_s = 600,
                          .least = FAIR_COMMITS,
                          .agencies = FAIR_AGENCIES,
                          .of = draw->roll};
    draw->open.operator= fair_key (draw, PARTY_OPERATOR, 0, &draw->operator);
    draw->open.commitment = fair_commitment (draw, NONCE_OPERATOR, &draw->nonce);
    draw->reveals[0] = (reveal_t){.party = NONCE_OPERATOR, .nonce = draw->nonce};
    for (size_t i = 0; i < FAIR_AGENCIES; i++) {
        fair_party_t *party = &draw->party[i];
        stake_t *stake = &draw->stakes[i];
        party->agency = stake->agency = (uint32_t) (3 * i + 1);
        party->nonce.of[i] = 7;
        party->salts.of[i] = 9;
        note_key_pair (&party->secret, public_key);
        draw->roll[i] =
            (open_agency_t){party->agency, fair_key (draw, PARTY_AGENCY, party->agency,
                                                     &party->secret)};
        fair_secret_file (party->salts.of, party->salts_file);
        sha256 (bytes_of (party->salts.of, sizeof party->salts.of), (bytes_t){0},
                stake->salts.of);
        stake->committed = i < FAIR_COMMITS;
        if (!stake->committed)
            continue;
        stake->commitment = fair_commitment (draw, party->agency, &party->nonce);
        draw->reveals[1 + i] =
            (reveal_t){.party = party->agency, .nonce = party->nonce};
    }
    fair_write_bets (draw);
    fair_count (draw, NULL);
    fair_open (draw);
    draw->seal = (seal_t){.origin = draw->origin,
                          .open = draw->seal.open,
                          .agencies = FAIR_AGENCIES,
                          .of = draw->stakes,
                          .sealed_s = 1764104977};
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_ready (draw, i);
    fair_seal (draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_countersign (draw, i);
    draw->result.origin = draw->origin;
    draw->result.reveals = 1 + FAIR_COMMITS;
    draw->result.reveal = draw->reveals;
    draw->result.number = fair_number (draw);
    fair_count (draw, &draw->result.number);
    draw->result.agencies = FAIR_AGENCIES;
    draw->result.won = draw->won;
    fair_result (draw);
}

#endif

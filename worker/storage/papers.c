/* papers.c - what papers of provable draws say, held against what is recorded. Storage.
 */

#include "papers.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "hex.h"

typedef struct { // what is looked at
    notes_t *notes;
    sale_t *sale;
    uint32_t agency;
    fair_paper_t paper;
    bytes_t text; // of its note, without signatures
    char *why;
} look_t;

static int fit_open (look_t *look);
static int fit_commitment (look_t *look);
static int fit_seal (look_t *look);
static int fit_stakes (look_t *look, const seal_t *seal);
static int fit_committed (look_t *look, const stake_t *stake);
static int fit_chosen (look_t *look, const salt_key_t *key, const stake_t *stake);
static int fit_attested (look_t *look);
static int fit_reveal (look_t *look);
static int fit_result (look_t *look);
static int fit_reveals (look_t *look, const result_t *result);
static int fit_void (look_t *look);
static bool takes_part (const sale_t *sale, uint32_t party);
static int read_nonce (look_t *look, uint32_t party, nonce_t *nonce, bool *by_auditor);
static int hash_seal (look_t *look, hash_t *seal);
static bool read_text (look_t *look);
static int read_open (look_t *look, open_t *open, hash_t *hash);
static int read_ready (look_t *look, uint32_t agency, ready_t *ready);
static int fits_origin (look_t *look, const origin_t *origin);
static int unfit (look_t *look, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int papers_fit (notes_t *notes, sale_t *sale, uint8_t kind, uint32_t agency,
                bytes_t text, char *why)
{
    look_t look = {.notes = notes, .sale = sale, .agency = agency, .why = why};
    why[0] = 0;
    if (!fair_paper_read (text, &look.paper))
        return unfit (&look, "it is no paper");
    switch (kind) {
    case EVENT_ATTESTED:
        return fit_attested (&look);
    case EVENT_REVEALED:
        return fit_reveal (&look);
    }
    if (!read_text (&look))
        return unfit (&look, "its note is none");
    switch (kind) {
    case EVENT_NOTED:
        return fit_open (&look);
    case EVENT_COMMITTED:
        return fit_commitment (&look);
    case EVENT_LOCKED:
        return fit_seal (&look);
    case EVENT_PUBLISHED:
        return fit_result (&look);
    case EVENT_VOIDED:
        return fit_void (&look);
    default:
        return unfit (&look, "such an event has none");
    }
}

int papers_number (notes_t *notes, sale_t *sale, uint32_t *number)
{
    char why[PAPERS_WHY_BYTES];
    look_t look = {.notes = notes, .sale = sale, .why = why};
    hash_t seal;
    seed_t seed;
    int there = hash_seal (&look, &seal);
    if (there == 1)
        seed_begin (&seed, &seal);
    for (uint32_t party = 0; there == 1 && party <= sale->terms.agencies; party++) {
        nonce_t nonce;
        bool by_auditor;
        if (!takes_part (sale, party))
            continue;
        there = read_nonce (&look, party, &nonce, &by_auditor);
        if (there == 1)
            seed_add (&seed, &nonce);
    }
    if (there == 1) {
        const hash_t hash = seed_end (&seed);
        *number = number_of_seed (&hash, sale->terms.highest);
    }
    return there;
}

papers_commitment_t papers_commitment (bytes_t text)
{
    papers_commitment_t commitment = {0};
    look_t look = {0};
    ready_t ready;
    if (fair_paper_read (text, &look.paper) && read_text (&look) &&
        ready_parse (look.text, &ready) == 0) {
        fair_paper_find_bytes (&look.paper, "salts", commitment.key.of, SHA256_BYTES);
        commitment.count = ready.stake.count;
        commitment.root = ready.stake.root;
    }
    return commitment;
}

static int fit_open (look_t *look)
{
    open_t open;
    nonce_t nonce;
    uint8_t box[BOX_BYTES_MAX];
    bytes_t value;
    const sale_t *sale = look->sale;
    const char *draw = sale->terms.name;
    if (open_parse (look->text, &open) != 0)
        return unfit (look, "its note is no open note");
    int fits = fits_origin (look, &open.origin);
    if (fits == 1 && (open.highest != sale->terms.highest || open.agencies == 0 ||
                      open.of[open.agencies - 1].agency > sale->terms.agencies))
        fits = unfit (look, "its note is of other terms");
    const bool known =
        fair_paper_find_bytes (&look->paper, "nonce", nonce.of, sizeof nonce.of);
    const hash_t own =
        nonce_commitment (bytes_of (draw, strlen (draw)), NONCE_OPERATOR, &nonce);
    if (fits == 1 && (!known || !hash_equal (&own, &open.commitment)))
        fits = unfit (look, "its nonce is not what its note commits to");
    if (fits == 1 && fair_paper_find (&look->paper, "box", &value) != open.audited)
        fits = unfit (look, "it has a box and no auditor, or the other way round");
    if (fits == 1 && open.audited) {
        const int size = hex_read (value, box, sizeof box);
        const hash_t hash = hash_of (bytes_of (box, size == -1 ? 0 : (size_t) size));
        if (size == -1 || !hash_equal (&hash, &open.box))
            fits = unfit (look, "its box is not that of its note");
    }
    open_clear (&open);
    return fits;
}

static int fit_commitment (look_t *look)
{
    ready_t ready;
    salt_key_t key;
    open_t open;
    hash_t hash;
    bytes_t value;
    const cursor_t *cursor = cursors_find (look->sale->cursors, look->agency);
    if (ready_parse (look->text, &ready) != 0)
        return unfit (look, "its note is no READY");
    if (ready.stake.agency != look->agency || !cursor ||
        ready.stake.count != cursor->at.next)
        return unfit (look, "its note is of another agency, or of other bets");
    if (!fair_paper_find_bytes (&look->paper, "salts", key.of, sizeof key.of))
        return unfit (look, "it has no salt key");
    hash = hash_of (bytes_of (key.of, sizeof key.of));
    if (!hash_equal (&hash, &ready.stake.salts))
        return unfit (look, "its salt key is not that of its note");
    if (fair_paper_find (&look->paper, "box", &value) != ready.boxed)
        return unfit (look, "it has a box that its note has not, or none");
    const int there = read_open (look, &open, &hash);
    if (there != 1)
        return there;
    open_clear (&open);
    if (!hash_equal (&hash, &ready.open))
        return unfit (look, "its note is of another open note");
    return fits_origin (look, &ready.origin);
}

static int fit_seal (look_t *look)
{
    seal_t seal;
    open_t open;
    hash_t hash;
    if (seal_parse (look->text, &seal) != 0)
        return unfit (look, "its note is no seal");
    int fits = read_open (look, &open, &hash);
    if (fits == 1) {
        if (!hash_equal (&hash, &seal.open))
            fits = unfit (look, "its note is of another open note");
        else if (seal.agencies != open.agencies)
            fits = unfit (look, "its note is of other agencies than the open note");
        for (size_t i = 0; fits == 1 && i < open.agencies; i++)
            if (seal.of[i].agency != open.of[i].agency)
                fits = unfit (look, "its note is of other agencies than the open note");
        open_clear (&open);
    }
    if (fits == 1)
        fits = fits_origin (look, &seal.origin);
    if (fits == 1)
        fits = fit_stakes (look, &seal);
    seal_clear (&seal);
    return fits;
}

/* Each agency stands there as it committed, or with what storage has of it and a salt
   key that the operator chose. */
static int fit_stakes (look_t *look, const seal_t *seal)
{
    const uint32_t agencies = look->sale->terms.agencies;
    salt_key_t *keys = calloc (agencies, sizeof *keys);
    bool *known = calloc (agencies, sizeof *known);
    assert (keys && known);
    int fits = 1;
    notes_chosen (&look->paper, agencies, keys, known);
    for (size_t i = 0; fits == 1 && i < seal->agencies; i++) {
        const stake_t *stake = &seal->of[i];
        const uint32_t agency = stake->agency;
        if (agency > agencies)
            fits = unfit (look, "agency %" PRIu32 " is not on the roll", agency);
        else if (sale_recorded (look->sale, EVENT_COMMITTED, agency) > 0)
            fits = fit_committed (look, stake);
        else
            fits =
                fit_chosen (look, known[agency - 1] ? &keys[agency - 1] : NULL, stake);
    }
    for (uint32_t i = 0; fits == 1 && i < agencies; i++)
        if (!known[i] && sale_recorded (look->sale, EVENT_COMMITTED, i + 1) == 0)
            fits = unfit (look, "agency %" PRIu32 " has no salt key", i + 1);
    free (keys);
    free (known);
    return fits;
}

static int fit_committed (look_t *look, const stake_t *stake)
{
    ready_t ready;
    const int there = read_ready (look, stake->agency, &ready);
    if (there != 1)
        return there;
    return stake_agrees (stake, &ready.stake)
               ? 1
               : unfit (look, "agency %" PRIu32 " committed to something else",
                        stake->agency);
}

static int fit_chosen (look_t *look, const salt_key_t *key, const stake_t *stake)
{
    const cursor_t *cursor = cursors_find (look->sale->cursors, stake->agency);
    const hash_t hash =
        hash_of (bytes_of (key ? key->of : NULL, key ? sizeof key->of : 0));
    if (stake->committed || stake->count != (cursor ? cursor->at.next : 0))
        return unfit (look, "agency %" PRIu32 " did not commit, or has other bets",
                      stake->agency);
    return key && hash_equal (&hash, &stake->salts)
               ? 1
               : unfit (look, "agency %" PRIu32 " has another salt key, or none",
                        stake->agency);
}

/* There is somebody who can. */
static int fit_attested (look_t *look)
{
    open_t open;
    hash_t hash;
    const int there = read_open (look, &open, &hash);
    if (there != 1)
        return there;
    const bool audited = open.audited;
    open_clear (&open);
    return audited ? 1 : unfit (look, "the draw has no auditor");
}

/* A nonce is told when the seal has all the signatures that come before. */
static int fit_reveal (look_t *look)
{
    ready_t ready;
    open_t open;
    nonce_t nonce;
    hash_t hash;
    const char *draw = look->sale->terms.name;
    int there = read_open (look, &open, &hash);
    if (there != 1)
        return there;
    const bool audited = open.audited;
    open_clear (&open);
    if (audited && sale_recorded (look->sale, EVENT_ATTESTED, 0) == 0)
        return unfit (look, "the auditor has not signed the seal yet");
    there = read_ready (look, look->agency, &ready);
    if (there != 1)
        return there;
    if (!fair_paper_find_bytes (&look->paper, "nonce", nonce.of, sizeof nonce.of))
        return unfit (look, "it has no nonce");
    hash = nonce_commitment (bytes_of (draw, strlen (draw)), look->agency, &nonce);
    return hash_equal (&hash, &ready.stake.commitment)
               ? 1
               : unfit (look, "its nonce is not what the agency committed to");
}

static int fit_result (look_t *look)
{
    result_t result;
    hash_t seal;
    if (result_parse (look->text, &result) != 0)
        return unfit (look, "its note is no result");
    int fits = fits_origin (look, &result.origin);
    if (fits == 1 && result.number != look->sale->number)
        fits = unfit (look, "its number is not the one that was recorded");
    if (fits == 1)
        fits = hash_seal (look, &seal);
    if (fits == 1 && !hash_equal (&seal, &result.seal))
        fits = unfit (look, "its note is of another seal");
    if (fits == 1)
        fits = fit_reveals (look, &result);
    result_clear (&result);
    return fits;
}

/* The nonces of the operator and of all who committed, as they were told. */
static int fit_reveals (look_t *look, const result_t *result)
{
    int fits = 1;
    size_t revealed = 0;
    for (uint32_t party = 0; fits == 1 && party <= look->sale->terms.agencies;
         party++) {
        const reveal_t *reveal = &result->reveal[revealed];
        nonce_t nonce;
        bool by_auditor;
        if (!takes_part (look->sale, party))
            continue;
        fits = read_nonce (look, party, &nonce, &by_auditor);
        if (fits == 1 && (revealed == result->reveals || reveal->party != party ||
                          memcmp (&reveal->nonce, &nonce, sizeof nonce) != 0 ||
                          (party > 0 && reveal->by_auditor != by_auditor)))
            fits = unfit (look, "the nonce of %" PRIu32 " is not what was recorded",
                          party);
        revealed++;
    }
    return fits == 1 && revealed != result->reveals
               ? unfit (look, "it has nonces that were not recorded")
               : fits;
}

static int fit_void (look_t *look)
{
    void_t off;
    open_t open;
    hash_t hash;
    if (void_parse (look->text, &off) != 0)
        return unfit (look, "its note calls off nothing");
    const int there = read_open (look, &open, &hash);
    if (there != 1)
        return there;
    open_clear (&open);
    return hash_equal (&hash, &off.open) ? fits_origin (look, &off.origin)
                                         : unfit (look, "its note is of another draw");
}

/* Whether the party's nonce is part of the number: 0 is the operator. */
static bool takes_part (const sale_t *sale, uint32_t party)
{
    return party == NONCE_OPERATOR || sale_recorded (sale, EVENT_COMMITTED, party) > 0;
}

static int read_nonce (look_t *look, uint32_t party, nonce_t *nonce, bool *by_auditor)
{
    fair_paper_t paper;
    bytes_t by;
    uint64_t sequence;
    const uint8_t kind = party == NONCE_OPERATOR ? EVENT_NOTED : EVENT_REVEALED;
    const int there =
        notes_paper (look->notes, look->sale, kind, party, &paper, &sequence);
    if (there == -1)
        return -1;
    if (there == 0 ||
        !fair_paper_find_bytes (&paper, "nonce", nonce->of, sizeof nonce->of))
        return unfit (look, "%" PRIu32 " has not revealed a nonce", party);
    *by_auditor = fair_paper_find (&paper, "by", &by);
    return 1;
}

static int hash_seal (look_t *look, hash_t *seal)
{
    fair_paper_t paper;
    signed_note_t note;
    uint64_t sequence;
    const int there =
        notes_paper (look->notes, look->sale, EVENT_LOCKED, 0, &paper, &sequence);
    if (there == -1)
        return -1;
    if (there == 0 || !signed_note_parse (paper.note, &note))
        return unfit (look, "the draw has no seal");
    *seal = statement_hash (note.text);
    return 1;
}

static bool read_text (look_t *look)
{
    signed_note_t note;
    if (!signed_note_parse (look->paper.note, &note))
        return false;
    look->text = note.text;
    return true;
}

/* Of the draw: 1, and then it is to be cleared. */
static int read_open (look_t *look, open_t *open, hash_t *hash)
{
    fair_paper_t paper;
    signed_note_t note;
    uint64_t sequence;
    const int there =
        notes_paper (look->notes, look->sale, EVENT_NOTED, 0, &paper, &sequence);
    if (there == -1)
        return -1;
    if (there == 0 || !signed_note_parse (paper.note, &note) ||
        open_parse (note.text, open) != 0)
        return unfit (look, "the draw has no open note");
    *hash = statement_hash (note.text);
    return 1;
}

static int read_ready (look_t *look, uint32_t agency, ready_t *ready)
{
    fair_paper_t paper;
    signed_note_t note;
    uint64_t sequence;
    const int there = notes_paper (look->notes, look->sale, EVENT_COMMITTED, agency,
                                   &paper, &sequence);
    if (there == -1)
        return -1;
    if (there == 0 || !signed_note_parse (paper.note, &note) ||
        ready_parse (note.text, ready) != 0)
        return unfit (look, "agency %" PRIu32 " has not committed", agency);
    return 1;
}

static int fits_origin (look_t *look, const origin_t *origin)
{
    return strcmp (origin->draw, look->sale->terms.name) == 0
               ? 1
               : unfit (look, "its note is of another draw");
}

static int unfit (look_t *look, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (look->why, PAPERS_WHY_BYTES, format, values);
    va_end (values);
    return 0;
}

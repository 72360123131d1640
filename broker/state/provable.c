/* provable.c - a provable draw's notes. State; pure. */

#include "provable.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "escrow.h"
#include "fair_paper.h"
#include "note.h"

typedef struct {
    stake_t stake; // once it has committed, or is in the seal
    bool committed, revealed, by_auditor;
    nonce_t nonce; // if revealed
} party_state_t;

struct provable {
    char draw[DRAW_NAME_BYTES_MAX + 1];
    uint32_t agencies, highest;
    uint64_t closes_ms;
    bool noted, sealed, attested, published;
    open_t open;   // once it is noted
    hash_t hash;   // O
    nonce_t nonce; // the operator's
    uint8_t *text; // the seal note's,
    size_t size;   // so many bytes of it
    hash_t seal;   // S
    uint32_t commits, reveals;
    party_state_t *of; // by agency, from 1
};

static int apply_open (provable_t *provable, const fair_paper_t *paper);
static int apply_receipt (provable_t *provable, uint32_t agency, uint64_t count,
                          const fair_paper_t *paper);
static int apply_seal (provable_t *provable, const fair_paper_t *paper);
static bool same_stakes (const provable_t *provable, const seal_t *seal);
static int apply_reveal (provable_t *provable, uint32_t agency,
                         const fair_paper_t *paper);
static bool fits (const provable_t *provable, uint32_t agency, const nonce_t *nonce);
static bool name_agencies (open_t *open, const signers_t *signers);
static bool own_key (const origin_t *origin, const operator_t *by, note_key_t *key);
static bool ready_fits (const provable_t *provable, uint32_t agency,
                        const wire_commit_t *commit, signed_note_t *note, char *why);
static const char *ready_fault (const provable_t *provable, const ready_t *ready,
                                uint32_t agency, const wire_commit_t *commit);
static bool one_line (bytes_t signatures);
static char *put_signed (fair_paper_writer_t *out, const origin_t *origin,
                         const operator_t *by, char *text, size_t text_size,
                         size_t *size);
static bool seal_signed (const provable_t *provable, const note_key_t *key,
                         const uint8_t *signature, char line[NOTE_LINE_BYTES]);
static const note_key_t *key_of (const provable_t *provable, uint32_t agency);
static char *no (char *why, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

provable_t *provable_new (const wire_event_t *opened)
{
    provable_t *provable = calloc (1, sizeof *provable);
    assert (provable && opened->text.size <= DRAW_NAME_BYTES_MAX);
    put_bytes ((uint8_t *) provable->draw, opened->text);
    provable->agencies = opened->agencies;
    provable->highest = opened->highest;
    provable->closes_ms = opened->closes_ms;
    provable->of = calloc ((size_t) opened->agencies + 1, sizeof *provable->of);
    assert (provable->of);
    return provable;
}

void provable_destroy (provable_t **provable)
{
    if (*provable) {
        if ((*provable)->noted)
            open_clear (&(*provable)->open);
        free ((*provable)->text);
        free ((*provable)->of);
        free (*provable);
    }
    *provable = NULL;
}

int provable_apply (provable_t *provable, const wire_event_t *event)
{
    fair_paper_t paper = {0};
    if (event->kind != EVENT_PUBLISHED && !fair_paper_read (event->text, &paper))
        return -1;
    if (event->agency > provable->agencies)
        return -1;
    switch (event->kind) {
    case EVENT_NOTED:
        return apply_open (provable, &paper);
    case EVENT_COMMITTED:
        return apply_receipt (provable, event->agency, event->count, &paper);
    case EVENT_LOCKED:
        return apply_seal (provable, &paper);
    case EVENT_ATTESTED:
        if (!provable->sealed || provable->attested || !provable->open.audited)
            return -1;
        provable->attested = true;
        return 0;
    case EVENT_REVEALED:
        return apply_reveal (provable, event->agency, &paper);
    case EVENT_PUBLISHED:
        if (!provable->sealed || provable->reveals < provable->commits ||
            provable->published)
            return -1;
        provable->published = true;
        return 0;
    default:
        return event->kind == EVENT_VOIDED && !provable->sealed ? 0 : -1;
    }
}

const open_t *provable_open (const provable_t *provable)
{
    return provable->noted ? &provable->open : NULL;
}

const hash_t *provable_hash (const provable_t *provable)
{
    return provable->noted ? &provable->hash : NULL;
}

const hash_t *provable_seal (const provable_t *provable)
{
    return provable->sealed ? &provable->seal : NULL;
}

bool provable_committed (const provable_t *provable, uint32_t agency)
{
    return agency <= provable->agencies && provable->of[agency].committed;
}

bool provable_revealed (const provable_t *provable, uint32_t agency)
{
    return agency <= provable->agencies && provable->of[agency].revealed;
}

uint32_t provable_commits (const provable_t *provable)
{
    return provable->commits;
}

uint32_t provable_number (const provable_t *provable)
{
    seed_t seed;
    assert (provable->sealed && provable->reveals == provable->commits);
    seed_begin (&seed, &provable->seal);
    seed_add (&seed, &provable->nonce);
    for (uint32_t agency = 1; agency <= provable->agencies; agency++)
        if (provable->of[agency].committed)
            seed_add (&seed, &provable->of[agency].nonce);
    const hash_t end = seed_end (&seed);
    return number_of_seed (&end, provable->highest);
}

char *provable_open_paper (const provable_t *provable, const operator_t *by,
                           const nonce_t *nonce, const bytes_t *box, size_t *size,
                           char *why)
{
    open_t open = {.highest = provable->highest,
                   .closes_s = provable->closes_ms == CLOSES_ALL_ASKED ||
                                       provable->closes_ms == CLOSES_NEVER
                                   ? provable->closes_ms
                                   : provable->closes_ms / 1000,
                   .commit_s = by->commit_s,
                   .least = by->least ? by->least : provable->agencies,
                   .agencies = provable->agencies,
                   .audited = by->auditor != NULL};
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    if (!provable_can_open (by, provable->agencies, why))
        return NULL;
    snprintf (open.origin.central, sizeof open.origin.central, "%s", by->central);
    memcpy (open.origin.draw, provable->draw, sizeof open.origin.draw);
    const bytes_t draw = bytes_of (provable->draw, strlen (provable->draw));
    open.commitment = nonce_commitment (draw, NONCE_OPERATOR, nonce);
    open.of = calloc (provable->agencies, sizeof *open.of);
    assert (open.of);
    bool sound = own_key (&open.origin, by, &open.operator) &&
                 name_agencies (&open, by->signers);
    fair_paper_writer_t out;
    fair_paper_begin (&out);
    fair_paper_hex (&out, "nonce", bytes_of (nonce->of, sizeof nonce->of));
    if (open.audited) {
        party_name (&open.origin, PARTY_AUDITOR, 0, name);
        sound = sound && note_key_make (name, by->auditor, &open.auditor);
        open.box = hash_of (*box);
        fair_paper_hex (&out, "box", *box);
    }
    size_t text_size = 0;
    char *text = sound ? open_write (&open, &text_size) : NULL;
    char *paper = put_signed (&out, &open.origin, by, text, text_size, size);
    free (open.of);
    if (!sound) {
        free (paper);
        return no (why, "a signing key is no key: look at the operator's, the "
                        "agencies' and the auditor's with loteria-keys");
    }
    return paper;
}

/* All of the roll, each with the key that it signs with. False: one is no key. */
static bool name_agencies (open_t *open, const signers_t *signers)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    for (uint32_t agency = 1; agency <= open->agencies; agency++) {
        const signer_t *signer = signers_find (signers, agency); // it was looked for
        open_agency_t *named = &open->of[agency - 1];
        named->agency = agency;
        party_name (&open->origin, PARTY_AGENCY, agency, name);
        if (!note_key_make (name, signer->public_key, &named->key))
            return false;
        open->demo = open->demo || signer->demo;
    }
    return true;
}

char *provable_receipt_paper (const provable_t *provable, const operator_t *by,
                              uint32_t agency, const wire_commit_t *commit,
                              size_t *size, char *why)
{
    signed_note_t note;
    char line[NOTE_LINE_BYTES];
    if (!provable_signed_by (provable, by, why) ||
        !ready_fits (provable, agency, commit, &note, why))
        return NULL;
    const size_t length = signed_note_sign (
        note.text, &provable->open.operator, & by->pair->secret, line);
    char *receipt = malloc (commit->note.size + length);
    assert (receipt);
    put_bytes (put_bytes ((uint8_t *) receipt, commit->note), bytes_of (line, length));
    fair_paper_writer_t out;
    fair_paper_begin (&out);
    fair_paper_hex (&out, "salts",
                    bytes_of (commit->salt_key, sizeof commit->salt_key));
    if (commit->box.size > 0)
        fair_paper_hex (&out, "box", commit->box);
    char *paper =
        fair_paper_end (&out, bytes_of (receipt, commit->note.size + length), size);
    free (receipt);
    return paper;
}

char *provable_seal_paper (const provable_t *provable, const operator_t *by,
                           const stake_t *others, const salt_key_t *keys, size_t count,
                           uint64_t sealed_s, size_t *size, char *why)
{
    if (!provable_signed_by (provable, by, why))
        return NULL;
    if (provable->commits < provable->open.least)
        return no (
            why, "%" PRIu32 " agencies have committed, of the %" PRIu32 " that have to",
            provable->commits, provable->open.least);
    seal_t seal = {.origin = provable->open.origin,
                   .open = provable->hash,
                   .agencies = provable->agencies,
                   .of = calloc (provable->agencies, sizeof (stake_t)),
                   .sealed_s = sealed_s};
    fair_paper_writer_t out;
    size_t text_size, other = 0;
    assert (seal.of);
    fair_paper_begin (&out);
    for (uint32_t agency = 1; agency <= provable->agencies; agency++) {
        stake_t *stake = &seal.of[agency - 1];
        *stake = provable->of[agency].stake;
        if (provable->of[agency].committed)
            continue;
        assert (other < count && others[other].agency == agency);
        *stake = others[other];
        stake->committed = false;
        stake->salts = hash_of (bytes_of (keys[other].of, sizeof keys[other].of));
        fair_paper_hex_of (&out, "salts", agency,
                           bytes_of (keys[other].of, sizeof keys[other].of));
        other++;
    }
    assert (other == count);
    char *text = seal_write (&seal, &text_size);
    free (seal.of);
    return put_signed (&out, &seal.origin, by, text, text_size, size);
}

char *provable_attest_paper (const provable_t *provable, bytes_t signature,
                             size_t *size, char *why)
{
    char line[NOTE_LINE_BYTES];
    if (!provable->sealed || !provable->open.audited)
        return no (why, provable->sealed ? "the draw was opened without an auditor"
                                         : "the draw is not sealed yet");
    assert (signature.size == WIRE_SIGNATURE_BYTES); // wire.h sees to it
    if (!seal_signed (provable, &provable->open.auditor, signature.data, line))
        return no (why, "that is not the auditor's signature of this seal");
    fair_paper_writer_t out;
    fair_paper_begin (&out);
    return fair_paper_end (&out, bytes_of (line, strlen (line)), size);
}

char *provable_reveal_paper (const provable_t *provable, uint32_t agency,
                             const wire_reveal_t *reveal, size_t *size, char *why)
{
    char line[NOTE_LINE_BYTES];
    nonce_t nonce;
    memcpy (nonce.of, reveal->nonce, sizeof nonce.of);
    assert (provable->sealed && provable_committed (provable, agency));
    if (provable->open.audited && !provable->attested)
        return no (why, "the auditor has not signed the seal yet");
    if (!seal_signed (provable, key_of (provable, agency), reveal->signature, line))
        return no (why, "that is not the agency's signature of this seal");
    if (!fits (provable, agency, &nonce))
        return no (why, "that is not the nonce that the agency has committed to");
    fair_paper_writer_t out;
    fair_paper_begin (&out);
    fair_paper_hex (&out, "nonce", bytes_of (nonce.of, sizeof nonce.of));
    return fair_paper_end (&out, bytes_of (line, strlen (line)), size);
}

char *provable_nonce_paper (const provable_t *provable, uint32_t agency, bytes_t bytes,
                            size_t *size, char *why)
{
    nonce_t nonce;
    if (!provable->sealed)
        return no (why, "the draw is not sealed yet");
    if (!provable->attested)
        return no (why, "the auditor has not signed the seal: loteria-ctl draw attest");
    if (!provable_committed (provable, agency))
        return no (why, "agency %" PRIu32 " has not committed: it has no nonce",
                   agency);
    if (provable->of[agency].revealed)
        return no (why, "agency %" PRIu32 " has revealed its nonce already", agency);
    assert (bytes.size == sizeof nonce.of); // wire.h sees to it
    memcpy (nonce.of, bytes.data, sizeof nonce.of);
    if (!fits (provable, agency, &nonce))
        return no (why,
                   "that is not the nonce that agency %" PRIu32
                   " has committed to: its box does not hold it",
                   agency);
    fair_paper_writer_t out;
    fair_paper_begin (&out);
    fair_paper_hex (&out, "nonce", bytes);
    fair_paper_text (&out, "by", bytes_of ("auditor", 7));
    return fair_paper_end (&out, bytes_of (NULL, 0), size);
}

char *provable_result_paper (const provable_t *provable, const operator_t *by,
                             bytes_t awarded, size_t *size, char *why)
{
    const size_t agencies = provable->agencies;
    if (!provable_signed_by (provable, by, why))
        return NULL;
    result_t result = {.origin = provable->open.origin,
                       .seal = provable->seal,
                       .reveal = calloc (agencies + 1, sizeof (reveal_t)),
                       .number = provable_number (provable),
                       .agencies = agencies,
                       .won = calloc (agencies, sizeof (won_t))};
    assert (result.reveal && result.won);
    result.reveal[result.reveals++] =
        (reveal_t){NONCE_OPERATOR, provable->nonce, false};
    wire_award_t award;
    bool sound = true;
    for (uint32_t agency = 1; agency <= agencies; agency++) {
        const party_state_t *party = &provable->of[agency];
        if (party->committed)
            result.reveal[result.reveals++] =
                (reveal_t){agency, party->nonce, party->by_auditor};
        sound = sound && wire_awarded_next (&awarded, &award) &&
                award.agency == agency && award.count <= party->stake.count;
        result.won[agency - 1] = (won_t){.agency = agency, .count = award.count};
        memcpy (result.won[agency - 1].root.of, award.root, sizeof award.root);
    }
    size_t text_size = 0;
    char *text = sound ? result_write (&result, &text_size) : NULL;
    free (result.reveal);
    free (result.won);
    if (!sound)
        return no (why, "storage's winners are not those of this draw's roll");
    fair_paper_writer_t out;
    fair_paper_begin (&out);
    return put_signed (&out, &result.origin, by, text, text_size, size);
}

/* Before there is an open note there is nothing to sign: nobody was let in. */
char *provable_void_paper (const provable_t *provable, const operator_t *by,
                           bytes_t note, size_t *size, char *why)
{
    fair_paper_writer_t out;
    const bytes_t reason = note_reason (note);
    if (provable->noted && !provable_signed_by (provable, by, why))
        return NULL;
    fair_paper_begin (&out);
    if (note.size > 0)
        fair_paper_text (&out, "note", note);
    if (!provable->noted)
        return fair_paper_end (&out, bytes_of (NULL, 0), size);
    void_t off = {.origin = provable->open.origin, .open = provable->hash};
    snprintf (off.reason, sizeof off.reason, "%.*s", (int) reason.size,
              (const char *) reason.data);
    if (reason.size == 0)
        strcpy (off.reason, "no reason was given");
    size_t text_size;
    char *text = void_write (&off, &text_size);
    return put_signed (&out, &off.origin, by, text, text_size, size);
}

bool provable_can_open (const operator_t *by, uint32_t agencies, char *why)
{
    if (!by)
        no (why, "a provable draw takes signing keys: loteria-keys new makes them, and "
                 "state is started with --keys");
    else if (agencies > PROVABLE_AGENCIES_MAX)
        no (why, "a provable draw has at most %d agencies", PROVABLE_AGENCIES_MAX);
    else if (by->least > agencies)
        no (why,
            "%" PRIu32 " agencies are to commit at least (--least), and the draw "
            "has %" PRIu32,
            by->least, agencies);
    else {
        for (uint32_t agency = 1; agency <= agencies; agency++)
            if (!signers_find (by->signers, agency)) {
                no (why,
                    "agency %" PRIu32 " has no signing key: loteria-keys pair on its "
                    "machine, then loteria-keys enroll %" PRIu32 " --signing-key KEY",
                    agency, agency);
                return false;
            }
        return true;
    }
    return false;
}

bool provable_signed_by (const provable_t *provable, const operator_t *by, char *why)
{
    note_key_t key;
    assert (provable->noted);
    if (by && strcmp (by->central, provable->open.origin.central) == 0 &&
        own_key (&provable->open.origin, by, &key) &&
        memcmp (key.public_key, provable->open.operator.public_key,
                sizeof key.public_key) == 0)
        return true;
    no (why, by ? "the operator's signing key or the central's name is another "
                  "than the draw was opened with"
                : "the operator's signing key is not there");
    return false;
}

bytes_t provable_void_note (bytes_t text)
{
    fair_paper_t paper;
    bytes_t note;
    return fair_paper_read (text, &paper) && fair_paper_find (&paper, "note", &note) &&
                   note.size <= NOTE_BYTES_MAX
               ? note
               : bytes_of (NULL, 0);
}

static int apply_open (provable_t *provable, const fair_paper_t *paper)
{
    signed_note_t note;
    open_t open;
    nonce_t nonce;
    if (provable->noted || !signed_note_parse (paper->note, &note) ||
        !fair_paper_find_bytes (paper, "nonce", nonce.of, sizeof nonce.of) ||
        open_parse (note.text, &open) != 0)
        return -1;
    const hash_t commitment = nonce_commitment (
        bytes_of (provable->draw, strlen (provable->draw)), NONCE_OPERATOR, &nonce);
    bool sound = strcmp (open.origin.draw, provable->draw) == 0 &&
                 open.agencies == provable->agencies &&
                 open.highest == provable->highest && open.least >= 1 &&
                 open.least <= open.agencies &&
                 hash_equal (&commitment, &open.commitment) &&
                 signed_note_verify (&note, &open.operator) == NOTE_SIGNED;
    for (size_t i = 0; sound && i < open.agencies; i++)
        sound = open.of[i].agency == i + 1;
    if (!sound) {
        open_clear (&open);
        return -1;
    }
    provable->open = open;
    provable->hash = statement_hash (note.text);
    provable->nonce = nonce;
    provable->noted = true;
    return 0;
}

static int apply_receipt (provable_t *provable, uint32_t agency, uint64_t count,
                          const fair_paper_t *paper)
{
    signed_note_t note;
    ready_t ready;
    if (!provable->noted || provable->sealed || agency == 0 ||
        provable->of[agency].committed || !signed_note_parse (paper->note, &note) ||
        ready_parse (note.text, &ready) != 0 || ready.stake.agency != agency ||
        ready.stake.count != count || !hash_equal (&ready.open, &provable->hash))
        return -1;
    provable->of[agency].stake = ready.stake;
    provable->of[agency].committed = true;
    provable->commits++;
    return 0;
}

static int apply_seal (provable_t *provable, const fair_paper_t *paper)
{
    signed_note_t note;
    seal_t seal;
    if (!provable->noted || provable->sealed ||
        provable->commits < provable->open.least ||
        !signed_note_parse (paper->note, &note) || seal_parse (note.text, &seal) != 0)
        return -1;
    const bool sound =
        hash_equal (&seal.open, &provable->hash) && same_stakes (provable, &seal);
    for (size_t i = 0; sound && i < seal.agencies; i++)
        provable->of[i + 1].stake = seal.of[i];
    seal_clear (&seal);
    if (!sound)
        return -1;
    provable->text = malloc (note.text.size);
    assert (provable->text);
    put_bytes (provable->text, note.text);
    provable->size = note.text.size;
    provable->seal = statement_hash (note.text);
    provable->sealed = true;
    return 0;
}

/* All of the roll, and those that have committed as their receipts say. */
static bool same_stakes (const provable_t *provable, const seal_t *seal)
{
    if (seal->agencies != provable->agencies)
        return false;
    for (uint32_t agency = 1; agency <= provable->agencies; agency++) {
        const stake_t *stake = &seal->of[agency - 1];
        const party_state_t *party = &provable->of[agency];
        if (stake->agency != agency || stake->committed != party->committed ||
            (party->committed && !stake_agrees (stake, &party->stake)))
            return false;
    }
    return true;
}

static int apply_reveal (provable_t *provable, uint32_t agency,
                         const fair_paper_t *paper)
{
    nonce_t nonce;
    bytes_t by;
    if (!provable->sealed || agency == 0 || !provable->of[agency].committed ||
        provable->of[agency].revealed ||
        !fair_paper_find_bytes (paper, "nonce", nonce.of, sizeof nonce.of) ||
        !fits (provable, agency, &nonce))
        return -1;
    provable->of[agency].nonce = nonce;
    provable->of[agency].by_auditor = fair_paper_find (paper, "by", &by);
    provable->of[agency].revealed = true;
    provable->reveals++;
    return 0;
}

/* Whether it is what the agency has committed to. */
static bool fits (const provable_t *provable, uint32_t agency, const nonce_t *nonce)
{
    const hash_t commitment = nonce_commitment (
        bytes_of (provable->draw, strlen (provable->draw)), agency, nonce);
    return hash_equal (&commitment, &provable->of[agency].stake.commitment);
}

static bool own_key (const origin_t *origin, const operator_t *by, note_key_t *key)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    party_name (origin, PARTY_OPERATOR, 0, name);
    return note_key_make (name, by->pair->public_key, key);
}

static bool ready_fits (const provable_t *provable, uint32_t agency,
                        const wire_commit_t *commit, signed_note_t *note, char *why)
{
    ready_t ready;
    if (!signed_note_parse (commit->note, note)) {
        no (why, "READY is no signed note");
        return false;
    }
    const size_t line = ready_parse (note->text, &ready);
    if (line > 0) {
        no (why, "READY is not as it has to be, in line %zu", line);
        return false;
    }
    const char *fault = ready_fault (provable, &ready, agency, commit);
    if (!fault && !one_line (note->signatures))
        fault = "READY has more signatures than the agency's";
    if (!fault && signed_note_verify (note, key_of (provable, agency)) != NOTE_SIGNED)
        fault = "READY is not signed with the key that the agency has in the open note";
    if (fault)
        no (why, "%s", fault);
    return !fault;
}

static const char *ready_fault (const provable_t *provable, const ready_t *ready,
                                uint32_t agency, const wire_commit_t *commit)
{
    const hash_t salts = hash_of (bytes_of (commit->salt_key, sizeof commit->salt_key));
    const hash_t box = hash_of (commit->box);
    return !origin_equal (&ready->origin, &provable->open.origin)
               ? "READY is of another draw"
           : !hash_equal (&ready->open, &provable->hash)
               ? "READY names another open note than this draw's"
           : ready->stake.agency != agency ? "READY is another agency's"
           : ready->stake.count != commit->tally.count
               ? "READY has another count of bets than the message that it came with"
           : !hash_equal (&ready->stake.salts, &salts)
               ? "READY has the hash of another salt key"
           : ready->boxed != (commit->box.size > 0) ||
                   (ready->boxed && !hash_equal (&ready->box, &box))
               ? "READY has the hash of another box"
           : ready->boxed && !provable->open.audited
               ? "READY has a box, and the draw has no auditor"
               : NULL;
}

static bool one_line (bytes_t signatures)
{
    return bytes_count (signatures, '\n') == 1;
}

/* The text, which is freed, with the operator's signature, behind what was written. */
static char *put_signed (fair_paper_writer_t *out, const origin_t *origin,
                         const operator_t *by, char *text, size_t text_size,
                         size_t *size)
{
    note_key_t key;
    char line[NOTE_LINE_BYTES] = "";
    if (text && own_key (origin, by, &key))
        signed_note_sign (bytes_of (text, text_size), &key, &by->pair->secret, line);
    const size_t length = strlen (line);
    char *note = malloc (text_size + 1 + length);
    assert (note);
    uint8_t *at = put_bytes ((uint8_t *) note, bytes_of (text, text_size));
    put_bytes (put_u8 (at, '\n'), bytes_of (line, length));
    char *paper = fair_paper_end (out, bytes_of (note, text_size + 1 + length), size);
    free (note);
    free (text);
    return paper;
}

/* The line that signs the seal, if this is the key's signature of it. */
static bool seal_signed (const provable_t *provable, const note_key_t *key,
                         const uint8_t *signature, char line[NOTE_LINE_BYTES])
{
    signed_note_line (key, signature, line);
    const signed_note_t note = {bytes_of (provable->text, provable->size),
                                bytes_of (line, strlen (line))};
    return signed_note_verify (&note, key) == NOTE_SIGNED;
}

static const note_key_t *key_of (const provable_t *provable, uint32_t agency)
{
    assert (agency >= 1 && agency <= provable->open.agencies);
    return &provable->open.of[agency - 1].key;
}

static char *no (char *why, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (why, PROVABLE_WHY_BYTES, format, values);
    va_end (values);
    return NULL;
}

/* vault.c - what an agency keeps and signs of a provable draw (agency). */

#include "vault.h"

#include "bet.h"
#include "escrow.h"
#include "fair_paper.h"
#include "verify.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {  // what is in the file `commit`
    bytes_t note; // READY, signed; borrowed
    ready_t ready;
    nonce_t nonce;
    salt_key_t salts;
    escrow_box_t box; // if it is boxed
    uint64_t digest;
    uint32_t cancelled;
} commitment_t;

struct vault {
    vault_options_t options;
    char *folder; // owned
    struct {      // by the central: of which draw it speaks
        bool so;
        char draw[DRAW_NAME_BYTES_MAX + 1];
        hash_t open;
        uint32_t highest;
    } told;
    bytes_t files[VAULT_FILES]; // owned
    open_t open;                // as far as the files are there
    hash_t open_hash;
    commitment_t own;
    wire_commit_t commit; // the same
    seal_t seal;
    hash_t seal_hash;
    result_t result;
    bool restores; // what is looked at is the folder's own
    char why[VAULT_WHY_BYTES];
};

enum { OPEN, COMMIT, RECEIPT, SEAL, ATTESTED, SIGNED, RESULT, OFF };

static const struct {
    uint8_t which;
    const char *name;
    bool of_agency; // its number and ".note" follow
} kinds[VAULT_FILES] = {[OPEN] = {NOTE_OPEN, "open.note", false},
                        [COMMIT] = {VAULT_COMMIT, "commit", false},
                        [RECEIPT] = {NOTE_RECEIPT, "ready", true},
                        [SEAL] = {NOTE_SEAL, "seal.note", false},
                        [ATTESTED] = {NOTE_ATTESTED, "seal-auditor.note", false},
                        [SIGNED] = {NOTE_COUNTERSIGNED, "seal", true},
                        [RESULT] = {NOTE_RESULT, "result.note", false},
                        [OFF] = {NOTE_VOID, "void.note", false}};

static size_t index_of (uint8_t which);
static const char *say (vault_t *vault, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static void keep_faulty (vault_t *vault, const char *name, bytes_t file);
static const char *keep_commit (vault_t *vault, const ready_t *ready,
                                const commitment_t *own);
static const char *countersign (vault_t *vault, bytes_t text);
static const char *check (vault_t *vault, size_t index, bytes_t file);
static const char *check_notes (vault_t *vault, size_t index, bytes_t file);
static const char *check_open (vault_t *vault, bytes_t file);
static const char *check_parties (vault_t *vault, const open_t *open);
static const char *check_commit (vault_t *vault, bytes_t file);
static bool read_commit (bytes_t file, commitment_t *own);
static const char *check_receipt (vault_t *vault, bytes_t file);
static const char *check_seal (vault_t *vault, bytes_t file);
static void parse (vault_t *vault, size_t index);
static void parse_commit (vault_t *vault);
static bytes_t text_of (bytes_t file);
static bytes_t copy_of (bytes_t file);
static char *sign (vault_t *vault, bytes_t text, size_t *size);
static bool own_key (const vault_t *vault, note_key_t *key);
static const char *lost (vault_t *vault, const char *what);

vault_t *vault_new (const vault_options_t *options)
{
    vault_t *vault = calloc (1, sizeof *vault);
    assert (vault);
    vault->options = *options;
    vault->folder = strdup (options->folder);
    assert (vault->folder);
    return vault;
}

void vault_destroy (vault_t **vault)
{
    if (*vault == NULL)
        return;
    open_clear (&(*vault)->open);
    seal_clear (&(*vault)->seal);
    result_clear (&(*vault)->result);
    for (size_t i = 0; i < VAULT_FILES; i++) {
        const bytes_t file = (*vault)->files[i];
        if (file.data)
            sodium_memzero ((void *) file.data, file.size); // one has the nonce
        free ((void *) file.data);
    }
    free ((*vault)->folder);
    sodium_memzero (*vault, sizeof **vault);
    free (*vault);
    *vault = NULL;
}

uint8_t vault_file (const vault_t *vault, size_t index, char name[VAULT_NAME_BYTES])
{
    if (kinds[index].of_agency)
        snprintf (name, VAULT_NAME_BYTES, "%s-%" PRIu32 ".note", kinds[index].name,
                  vault->options.agency);
    else
        snprintf (name, VAULT_NAME_BYTES, "%s", kinds[index].name);
    return kinds[index].which;
}

const char *vault_restore (vault_t *vault, uint8_t which, bytes_t file)
{
    const size_t index = index_of (which);
    vault->restores = true;
    const char *why = check (vault, index, file);
    vault->restores = false;
    if (why)
        return why;
    vault->files[index] = copy_of (file);
    parse (vault, index);
    return NULL;
}

const char *vault_begin (vault_t *vault, const char *draw, const hash_t *open,
                         uint32_t highest)
{
    char now[SHA256_TEXT_BYTES], then[SHA256_TEXT_BYTES];
    if (!vault_has (vault, NOTE_OPEN)) {
        vault->told.so = true;
        vault->told.open = *open;
        vault->told.highest = highest;
        snprintf (vault->told.draw, sizeof vault->told.draw, "%s", draw);
        return NULL;
    }
    if (strcmp (vault->open.origin.draw, draw) != 0)
        return say (vault,
                    "%s: has the open note of draw %s, and this is draw %s: give each "
                    "draw a folder of its own with --receipts",
                    vault->folder, vault->open.origin.draw, draw);
    if (!hash_equal (&vault->open_hash, open))
        return say (
            vault,
            "the open note of draw %s is another one now (O = %s) than "
            "%s/open.note (O = %s), which this agency was shown first: the operator "
            "has shown two. Nothing is sold or signed; keep the folder, and ask the "
            "other agencies for theirs. (If it is a new draw of that name, give it a "
            "folder of its own with --receipts)",
            draw, hash_text (open, now), vault->folder,
            hash_text (&vault->open_hash, then));
    return vault->open.highest == highest
               ? NULL
               : say (vault,
                      "the open note of draw %s has %" PRIu32
                      " as the highest number, and the central now %" PRIu32,
                      draw, vault->open.highest, highest);
}

const char *vault_take (vault_t *vault, uint8_t which, bytes_t file)
{
    const size_t index = index_of (which);
    char name[VAULT_NAME_BYTES];
    vault_file (vault, index, name);
    if (vault->files[index].data && bytes_equal (vault->files[index], file))
        return NULL;
    const char *why =
        vault->files[index].data
            ? say (vault, "%s/%s is another one than the central sends now",
                   vault->folder, name)
            : check (vault, index, file);
    if (why) {
        keep_faulty (vault, name, file);
        return why;
    }
    why = vault->options.keep (vault->options.self, name, file);
    if (why)
        return why;
    vault->files[index] = copy_of (file);
    parse (vault, index);
    return NULL;
}

/* Whoever has signed it may have cheated, and here is his signature. The first of each
   kind; that it cannot be kept changes nothing. */
static void keep_faulty (vault_t *vault, const char *name, bytes_t file)
{
    char faulty[VAULT_NAME_BYTES + sizeof "faulty-"];
    snprintf (faulty, sizeof faulty, "faulty-%s", name);
    vault->options.keep (vault->options.self, faulty, file);
}

bool vault_has (const vault_t *vault, uint8_t which)
{
    return vault->files[index_of (which)].data != NULL;
}

bool vault_audited (const vault_t *vault)
{
    return vault->open.audited;
}

const char *vault_commit (vault_t *vault, const vault_stake_t *stake,
                          const nonce_t *nonce, const salt_key_t *salts)
{
    const origin_t *origin = &vault->open.origin;
    const bytes_t draw = bytes_of (origin->draw, strlen (origin->draw));
    ready_t ready = {.origin = *origin,
                     .open = vault->open_hash,
                     .stake = {.agency = vault->options.agency,
                               .count = stake->tally.count,
                               .root = stake->root,
                               .committed = true},
                     .boxed = vault->open.audited};
    escrow_box_t box = {{0}};
    assert (vault_has (vault, NOTE_OPEN) && !vault_has (vault, VAULT_COMMIT));
    ready.stake.commitment = nonce_commitment (draw, vault->options.agency, nonce);
    ready.stake.salts = hash_of (bytes_of (salts->of, sizeof salts->of));
    if (ready.boxed && !escrow_seal (nonce, vault->open.auditor.public_key, &box))
        return say (vault, "the auditor's key of the open note is none");
    if (ready.boxed)
        ready.box = escrow_hash (&box);
    return keep_commit (vault, &ready,
                        &(commitment_t){.nonce = *nonce,
                                        .salts = *salts,
                                        .box = box,
                                        .digest = stake->tally.digest,
                                        .cancelled = stake->tally.cancelled});
}

static const char *keep_commit (vault_t *vault, const ready_t *ready,
                                const commitment_t *own)
{
    size_t text_size, note_size, size;
    char *text = ready_write (ready, &text_size), cancelled[16];
    char *note = sign (vault, bytes_of (text, text_size), &note_size);
    uint8_t digest[8];
    fair_paper_writer_t out;
    put_u64 (digest, own->digest);
    snprintf (cancelled, sizeof cancelled, "%" PRIu32, own->cancelled);
    fair_paper_begin (&out);
    fair_paper_hex (&out, "nonce", bytes_of (own->nonce.of, sizeof own->nonce.of));
    fair_paper_hex (&out, "salts", bytes_of (own->salts.of, sizeof own->salts.of));
    if (ready->boxed)
        fair_paper_hex (&out, "box", bytes_of (own->box.of, sizeof own->box.of));
    fair_paper_hex (&out, "digest", bytes_of (digest, sizeof digest));
    fair_paper_text (&out, "cancelled", bytes_of (cancelled, strlen (cancelled)));
    char *file = fair_paper_end (&out, bytes_of (note, note_size), &size);
    const char *why = vault_take (vault, VAULT_COMMIT, bytes_of (file, size));
    sodium_memzero (file, size);
    free (file);
    free (note);
    free (text);
    return why;
}

const wire_commit_t *vault_commitment (const vault_t *vault)
{
    assert (vault_has (vault, VAULT_COMMIT));
    return &vault->commit;
}

hash_t vault_root (const vault_t *vault)
{
    return vault->own.ready.stake.root;
}

bool vault_counts (const vault_t *vault)
{
    const stake_t *stake = vault_has (vault, NOTE_SEAL)
                               ? seal_stake (&vault->seal, vault->options.agency)
                               : NULL;
    return stake && stake->committed && vault_has (vault, VAULT_COMMIT);
}

/* The seal as it was kept: there is no other that it could sign. */
const char *vault_reveal (vault_t *vault, wire_reveal_t *reveal)
{
    const bytes_t seal = vault->files[SEAL];
    const bytes_t text = text_of (seal);
    assert (vault_counts (vault));
    if (vault->open.audited && !vault_has (vault, NOTE_ATTESTED))
        return say (vault, "the auditor has not signed the seal yet");
    const char *why = vault->files[SIGNED].data ? NULL : countersign (vault, text);
    if (why)
        return why;
    memcpy (reveal->seal, vault->seal_hash.of, sizeof reveal->seal);
    memcpy (reveal->nonce, vault->own.nonce.of, sizeof reveal->nonce);
    crypto_sign_detached (reveal->signature, NULL, text.data, text.size,
                          vault->options.secret.of);
    return NULL;
}

static const char *countersign (vault_t *vault, bytes_t text)
{
    const bytes_t seal = vault->files[SEAL];
    char line[NOTE_LINE_BYTES];
    note_key_t key;
    const bool sound = own_key (vault, &key);
    assert (sound); // it stands in the open note
    const size_t length = signed_note_sign (text, &key, &vault->options.secret, line);
    uint8_t *file = malloc (seal.size + length);
    assert (file);
    put_bytes (put_bytes (file, seal), bytes_of (line, length));
    const char *why =
        vault_take (vault, NOTE_COUNTERSIGNED, bytes_of (file, seal.size + length));
    free (file);
    return why;
}

const char *vault_judge (vault_t *vault, uint32_t number, const uint64_t *winners,
                         const hash_t *root)
{
    const result_t *result = &vault->result;
    assert (vault_has (vault, NOTE_RESULT));
    if (result->number != number)
        return say (vault,
                    "the central says that number %" PRIu32
                    " was drawn, and result.note has %" PRIu32
                    ", which follows from the nonces: it has cheated",
                    number, result->number);
    for (size_t i = 0; i < result->agencies; i++) {
        const won_t *won = &result->won[i];
        if (won->agency != vault->options.agency)
            continue;
        if (winners && won->count != *winners)
            return say (vault,
                        "result.note tells %" PRIu64 " winning bets of agency %" PRIu32
                        ", and it has %" PRIu64 ": the operator has cheated",
                        won->count, won->agency, *winners);
        if (root && !hash_equal (&won->root, root))
            return say (vault,
                        "result.note tells other winning bets of agency %" PRIu32
                        " than it has: the operator has cheated",
                        won->agency);
    }
    return NULL;
}

hash_t vault_open_hash (const vault_t *vault)
{
    return vault->open_hash;
}

hash_t vault_seal_hash (const vault_t *vault)
{
    return vault->seal_hash;
}

const open_t *vault_open (const vault_t *vault)
{
    return &vault->open;
}

static size_t index_of (uint8_t which)
{
    size_t index = 0;
    while (index < VAULT_FILES && kinds[index].which != which)
        index++;
    assert (index < VAULT_FILES);
    return index;
}

static const char *say (vault_t *vault, const char *format, ...)
{
    char why[VAULT_WHY_BYTES]; // it may say again what `why` says
    va_list values;
    va_start (values, format);
    vsnprintf (why, sizeof why, format, values);
    va_end (values);
    memcpy (vault->why, why, sizeof why);
    return vault->why;
}

/* What is checked of a file besides what all may check. */
static const char *check (vault_t *vault, size_t index, bytes_t file)
{
    if (index != OPEN && !vault->files[OPEN].data)
        return lost (vault, "has notes of a draw, and no open note");
    if (index == COMMIT)
        return check_commit (vault, file);
    if (index == SIGNED && !vault->files[SEAL].data)
        return lost (vault, "has a seal with this agency's signature, and no seal");
    const char *why = check_notes (vault, index, file);
    if (why)
        return why;
    return index == OPEN      ? check_open (vault, file)
           : index == RECEIPT ? check_receipt (vault, file)
           : index == SEAL    ? check_seal (vault, file)
                              : NULL;
}

/* As loteria-verify does, of what there is with this one. */
static const char *check_notes (vault_t *vault, size_t index, bytes_t file)
{
    const uint32_t agency = vault->options.agency;
    bytes_t files[VAULT_FILES];
    memcpy (files, vault->files, sizeof files);
    files[index] = file;
    party_file_t ready = {agency, files[RECEIPT]}, own = {agency, files[SIGNED]};
    const dossier_t dossier = {.open = files[OPEN],
                               .ready = {files[RECEIPT].data != NULL, &ready},
                               .seal = files[SEAL],
                               .auditor = files[ATTESTED],
                               .countersigned = {files[SIGNED].data != NULL, &own},
                               .result = files[RESULT],
                               .off = files[OFF]};
    const verify_options_t options = {.dossier = &dossier, .agency = agency};
    const verify_outcome_t outcome = verify (&options);
    return outcome.holds
               ? NULL
               : say (vault, "%s does not hold: %s%s", outcome.step, outcome.fault,
                      vault->restores ? ": put the file back" : "");
}

/* That of the draw that the central told of, if it has. */
static const char *check_open (vault_t *vault, bytes_t file)
{
    open_t open;
    const hash_t hash = statement_hash (text_of (file));
    if (open_parse (text_of (file), &open) != 0)
        return say (vault, "open.note is none"); // verify () has said so before
    const char *why = check_parties (vault, &open);
    if (!why && vault->told.so &&
        (!hash_equal (&vault->told.open, &hash) ||
         strcmp (vault->told.draw, open.origin.draw) != 0 ||
         vault->told.highest != open.highest))
        why = say (vault,
                   "the open note that the central sends is not the one of draw %s "
                   "that it tells of",
                   vault->told.draw);
    open_clear (&open);
    return why;
}

static const char *check_parties (vault_t *vault, const open_t *open)
{
    const vault_options_t *options = &vault->options;
    uint8_t own[NOTE_PUBLIC_BYTES];
    note_key_public (&options->secret, own);
    if (strcmp (open->origin.central, options->central) != 0)
        return say (vault,
                    "open.note is of the central %s, and this agency's keys are for "
                    "%s (operator.sign)",
                    open->origin.central, options->central);
    if (memcmp (open->operator.public_key, options->operator_key, sizeof own) != 0)
        return say (vault, "open.note has another key of the operator's than this "
                           "agency was handed over (operator.sign): nothing is sold");
    for (size_t i = 0; i < open->agencies; i++)
        if (open->of[i].agency == options->agency)
            return memcmp (open->of[i].key.public_key, own, sizeof own) == 0
                       ? NULL
                       : say (vault,
                              "open.note has another key of agency %" PRIu32
                              "'s than its own (signing.key): whoever has that one "
                              "could sign in its place; nothing is sold. Put back the "
                              "key that the operator enrolled, or have this one "
                              "enrolled and another draw opened",
                              options->agency);
    return say (vault,
                "agency %" PRIu32 " does not stand in open.note: nothing is sold",
                options->agency);
}

/* The agency's own file. */
static const char *check_commit (vault_t *vault, bytes_t file)
{
    const origin_t *origin = &vault->open.origin;
    commitment_t own;
    signed_note_t note;
    note_key_t key;
    const bool whole = read_commit (file, &own) &&
                       signed_note_parse (own.note, &note) && own_key (vault, &key) &&
                       signed_note_verify (&note, &key) == NOTE_SIGNED &&
                       origin_equal (&own.ready.origin, origin) &&
                       hash_equal (&own.ready.open, &vault->open_hash) &&
                       own.ready.stake.agency == vault->options.agency &&
                       own.ready.boxed == vault->open.audited;
    const hash_t committed =
        nonce_commitment (bytes_of (origin->draw, strlen (origin->draw)),
                          vault->options.agency, &own.nonce);
    const hash_t boxed = escrow_hash (&own.box);
    const hash_t salts = hash_of (bytes_of (own.salts.of, sizeof own.salts.of));
    const bool sound = whole && hash_equal (&committed, &own.ready.stake.commitment) &&
                       hash_equal (&salts, &own.ready.stake.salts) &&
                       (!own.ready.boxed || hash_equal (&boxed, &own.ready.box));
    sodium_memzero (&own, sizeof own);
    return sound ? NULL
                 : say (vault,
                        "it is not what this agency committed to in this draw: put the "
                        "file back");
}

static bool read_commit (bytes_t file, commitment_t *own)
{
    fair_paper_t paper;
    signed_note_t note;
    uint8_t digest[8];
    bytes_t cancelled;
    *own = (commitment_t){0};
    if (!fair_paper_read (file, &paper) || !signed_note_parse (paper.note, &note) ||
        ready_parse (note.text, &own->ready) != 0 ||
        !fair_paper_find_bytes (&paper, "nonce", own->nonce.of, sizeof own->nonce.of) ||
        !fair_paper_find_bytes (&paper, "salts", own->salts.of, sizeof own->salts.of) ||
        !fair_paper_find_bytes (&paper, "digest", digest, sizeof digest) ||
        !fair_paper_find (&paper, "cancelled", &cancelled) ||
        bet_check_number (cancelled, UINT32_MAX, &own->cancelled) != REFUSED_OK)
        return false;
    reader_t reader = {bytes_of (digest, sizeof digest), false};
    own->digest = read_u64 (&reader);
    own->note = paper.note;
    return !own->ready.boxed ||
           fair_paper_find_bytes (&paper, "box", own->box.of, sizeof own->box.of);
}

/* What the operator has signed is what the agency has. */
static const char *check_receipt (vault_t *vault, bytes_t file)
{
    if (!vault->files[COMMIT].data)
        return lost (vault, "does not have the commitment that the central holds");
    return bytes_equal (text_of (file), text_of (vault->own.note))
               ? NULL
               : lost (vault, "has another commitment than the central holds");
}

/* Who has committed stands there with it, or not at all: then it came too late. */
static const char *check_seal (vault_t *vault, bytes_t file)
{
    seal_t seal;
    const char *why = NULL;
    if (seal_parse (text_of (file), &seal) != 0)
        return say (vault, "seal.note is none");
    const stake_t *stake = seal_stake (&seal, vault->options.agency);
    const bool commits = vault->files[COMMIT].data != NULL;
    if (stake->committed && !commits)
        why = lost (vault, "does not have the commitment that stands in the seal");
    else if (stake->committed && !stake_agrees (stake, &vault->own.ready.stake))
        why = lost (vault, "has another commitment than stands in the seal");
    seal_clear (&seal);
    return why;
}

static void parse (vault_t *vault, size_t index)
{
    const bytes_t file = vault->files[index], text = text_of (file);
    if (index == OPEN) {
        open_parse (text, &vault->open);
        vault->open_hash = statement_hash (text);
    } else if (index == SEAL) {
        seal_parse (text, &vault->seal);
        vault->seal_hash = statement_hash (text);
    } else if (index == RESULT)
        result_parse (text, &vault->result);
    else if (index == COMMIT)
        parse_commit (vault);
}

static void parse_commit (vault_t *vault)
{
    commitment_t *own = &vault->own;
    read_commit (vault->files[COMMIT], own);
    vault->commit = (wire_commit_t){.tally = {.count = own->ready.stake.count,
                                              .digest = own->digest,
                                              .cancelled = own->cancelled},
                                    .note = own->note};
    memcpy (vault->commit.salt_key, own->salts.of, sizeof own->salts.of);
    if (own->ready.boxed)
        vault->commit.box = bytes_of (own->box.of, sizeof own->box.of);
}

/* Of a note; empty if it is none. */
static bytes_t text_of (bytes_t file)
{
    signed_note_t note;
    return signed_note_parse (file, &note) ? note.text : bytes_of (NULL, 0);
}

/* With a 0 behind it. */
static bytes_t copy_of (bytes_t file)
{
    uint8_t *copy = malloc (file.size + 1);
    assert (copy);
    put_u8 (put_bytes (copy, file), 0);
    return bytes_of (copy, file.size);
}

/* The text as a note of the agency's. The caller frees it. */
static char *sign (vault_t *vault, bytes_t text, size_t *size)
{
    char line[NOTE_LINE_BYTES], *note;
    note_key_t key;
    const bool sound = own_key (vault, &key);
    assert (sound); // it stands in the open note
    const size_t length = signed_note_sign (text, &key, &vault->options.secret, line);
    note = malloc (text.size + 1 + length);
    assert (note);
    uint8_t *at = put_u8 (put_bytes ((uint8_t *) note, text), '\n');
    *size = (size_t) (put_bytes (at, bytes_of (line, length)) - (uint8_t *) note);
    return note;
}

static bool own_key (const vault_t *vault, note_key_t *key)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1];
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    note_key_public (&vault->options.secret, public_key);
    party_name (&vault->open.origin, PARTY_AGENCY, vault->options.agency, name);
    return note_key_make (name, public_key, key);
}

static const char *lost (vault_t *vault, const char *what)
{
    return say (vault,
                "LOST: %s %s: it was restored from an older copy, or another folder "
                "was used before. This agency signs nothing in this draw until the "
                "newest folder is put back; if that is gone, it is for the auditor "
                "(docs/fairness.md)",
                vault->folder, what);
}

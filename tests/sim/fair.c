/* fair.c - keys, folders and proofs of provable draws. */

#include "fair.h"

#include "fair_paper.h"
#include "vault.h"
#include "verify.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY_BYTES 700

typedef struct {
    char name[VAULT_NAME_BYTES];
    uint8_t which;
    uint8_t *data;
    size_t size;
} kept_t;

struct fair_folder {
    const bets_t *bets; // of the agency; borrowed
    uint64_t count;     // of them that were told to be stored, ...
    uint64_t synced;    // ... which a power cut leaves
    kept_t files[VAULT_FILES];
    size_t files_count;
};

static const kept_t *find (const fair_folder_t *folder, const char *name);
static const char *begin (void *self, const char *draw, uint64_t identity,
                          bool provable, uint64_t stored, uint64_t *next);
static void add (void *self, uint64_t offset, uint32_t count, bytes_t rows);
static const char *sync_bets (void *self, session_bets_t *bets);
static bytes_t rows_from (void *self, uint64_t offset);
static const char *chance (void *self, uint8_t *bytes, size_t size);
static const char *settled (void *self, uint64_t stored, uint64_t digest);
static const char *no_cancel (void *self, uint64_t offset);
static const char *keep (void *self, const char *name, bytes_t file);
static void say_nothing (void *context, const char *step, const char *text);
static bytes_t note_of (const scan_draw_t *draw, scan_paper_t at);
static bytes_t joined (bytes_t first, bytes_t second);
static party_file_t party_file (uint32_t party, bytes_t file);
static bytes_t salts_text (const scan_draw_t *draw, uint32_t agency);
static const char *unlike (const scan_draw_t *draw, uint32_t agency,
                           const fair_folder_t *folder, const dossier_t *dossier);

const signing_pair_t *fair_pair (uint32_t agency)
{
    static signing_pair_t pairs[PLAN_AGENCIES_MAX + 2];
    static bool made[PLAN_AGENCIES_MAX + 2];
    assert (agency < PLAN_AGENCIES_MAX + 2);
    if (!made[agency]) {
        const uint8_t seed[crypto_sign_SEEDBYTES] = {(uint8_t) (agency + 1)};
        const int rc = signed_note_start ();
        assert (rc == 0);
        (void) rc;
        crypto_sign_seed_keypair (pairs[agency].public_key, pairs[agency].secret.of,
                                  seed);
        made[agency] = true;
    }
    return &pairs[agency];
}

int fair_signers (void *context, signers_t *signers, char *why)
{
    (void) context, (void) why;
    *signers = (signers_t){.size = PLAN_AGENCIES_MAX};
    signers->of = calloc (PLAN_AGENCIES_MAX, sizeof *signers->of);
    assert (signers->of);
    for (uint32_t agency = 1; agency <= PLAN_AGENCIES_MAX; agency++) {
        signer_t *signer = &signers->of[agency - 1];
        signer->agency = agency;
        memcpy (signer->public_key, fair_pair (agency)->public_key, NOTE_PUBLIC_BYTES);
    }
    return 0;
}

fair_folder_t *fair_folder_new (const bets_t *bets)
{
    fair_folder_t *folder = calloc (1, sizeof *folder);
    assert (folder);
    folder->bets = bets;
    return folder;
}

void fair_folder_destroy (fair_folder_t **folder)
{
    for (size_t i = 0; *folder && i < (*folder)->files_count; i++)
        free ((*folder)->files[i].data);
    free (*folder);
    *folder = NULL;
}

void fair_folder_cut (fair_folder_t *folder, dice_t *dice)
{
    folder->count =
        folder->synced + dice_below (dice, folder->count - folder->synced + 1);
}

const char *fair_hold (fair_hold_t *hold, node_t *node, fair_folder_t *folder)
{
    const char *why = NULL;
    char name[VAULT_NAME_BYTES];
    vault_options_t options = {.agency = node->agency,
                               .secret = fair_pair (node->agency)->secret,
                               .central = FAIR_CENTRAL,
                               .folder = "its folder",
                               .self = hold,
                               .keep = keep};
    memcpy (options.operator_key, fair_pair (0)->public_key, NOTE_PUBLIC_BYTES);
    *hold = (fair_hold_t){.node = node, .folder = folder};
    hold->receipts = (session_receipts_t){hold, begin, add};
    hold->proof = (session_proof_t){.self = hold,
                                    .vault = vault_new (&options),
                                    .bets = sync_bets,
                                    .rows = rows_from,
                                    .chance = chance,
                                    .settle = settled,
                                    .cancels = no_cancel,
                                    .cancelled = no_cancel};
    for (size_t i = 0; i < VAULT_FILES && !why; i++) {
        const uint8_t which = vault_file (hold->proof.vault, i, name);
        const kept_t *kept = find (folder, name);
        if (kept)
            why = vault_restore (hold->proof.vault, which,
                                 bytes_of (kept->data, kept->size));
    }
    return why;
}

void fair_release (fair_hold_t *hold)
{
    vault_destroy (&hold->proof.vault);
}

static const kept_t *find (const fair_folder_t *folder, const char *name)
{
    for (size_t i = 0; i < folder->files_count; i++)
        if (strcmp (folder->files[i].name, name) == 0)
            return &folder->files[i];
    return NULL;
}

static const char *begin (void *self, const char *draw, uint64_t identity,
                          bool provable, uint64_t stored, uint64_t *next)
{
    const fair_hold_t *hold = self;
    (void) draw, (void) identity, (void) provable;
    if (stored < hold->folder->count)
        return "the central has fewer bets than it acknowledged";
    *next = hold->folder->count;
    return NULL;
}

/* They are written now and then, and synced when somebody asks for them. */
static void add (void *self, uint64_t offset, uint32_t count, bytes_t rows)
{
    const fair_hold_t *hold = self;
    (void) rows;
    if (hold->node->dying)
        return;
    if (offset > hold->folder->count)
        world_violate (hold->node->world, "I14: %s was not told of bet %llu",
                       hold->node->name, (unsigned long long) hold->folder->count);
    else if (offset + count > hold->folder->count && node_point (hold->node))
        hold->folder->count = offset + count;
}

static const char *sync_bets (void *self, session_bets_t *bets)
{
    const fair_hold_t *hold = self;
    fair_folder_t *folder = hold->folder;
    if (!node_point (hold->node))
        return "it was killed";
    folder->synced = folder->count;
    *bets = (session_bets_t){.count = folder->count,
                             .digest = bets_digest (folder->bets, folder->count)};
    return NULL;
}

static bytes_t rows_from (void *self, uint64_t offset)
{
    const fair_folder_t *folder = ((fair_hold_t *) self)->folder;
    return offset < folder->count
               ? bets_canonical (folder->bets, offset, folder->count - offset)
               : bytes_of ("", 0);
}

static const char *chance (void *self, uint8_t *bytes, size_t size)
{
    const fair_hold_t *hold = self;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t) dice_roll (&hold->node->world->random_numbers);
    return NULL;
}

/* Nobody sells single bets, nor cancels in a provable draw here. */
static const char *settled (void *self, uint64_t stored, uint64_t digest)
{
    (void) self, (void) stored, (void) digest;
    return NULL;
}

static const char *no_cancel (void *self, uint64_t offset)
{
    (void) self, (void) offset;
    return NULL;
}

static const char *keep (void *self, const char *name, bytes_t file)
{
    const fair_hold_t *hold = self;
    fair_folder_t *folder = hold->folder;
    if (!node_point (hold->node))
        return "it was killed";
    if (find (folder, name) || folder->files_count == VAULT_FILES) {
        world_violate (hold->node->world, "I14: %s writes %s again", hold->node->name,
                       name);
        return "it is there";
    }
    kept_t *kept = &folder->files[folder->files_count++];
    snprintf (kept->name, sizeof kept->name, "%s", name);
    kept->data = malloc (file.size + 1);
    assert (kept->data);
    put_bytes (kept->data, file);
    kept->size = file.size;
    node_point (hold->node); // it is there, and the process may hear no more of it
    return NULL;
}

/* ---- Proofs ---- */

const char *fair_doubt (const scan_t *scan, uint32_t which,
                        fair_folder_t *const folders[PLAN_AGENCIES_MAX + 1])
{
    static char why[WHY_BYTES];
    const scan_draw_t *draw = &scan->draw[which];
    const bytes_t seal = note_of (draw, draw->seal);
    party_file_t ready[PLAN_AGENCIES_MAX], countersigned[PLAN_AGENCIES_MAX];
    party_file_t salts[PLAN_AGENCIES_MAX];
    dossier_t dossier = {
        .open = note_of (draw, draw->open),
        .seal = seal,
        .result = note_of (draw, draw->result),
        .ready = {.of = ready},
        .countersigned = {.of = countersigned},
        .salts = {.of = salts},
        .bets = bytes_of (draw->file[SCAN_BETS].data, draw->file[SCAN_BETS].size)};
    if (!dossier.bets.data)
        dossier.bets = bytes_of ("", 0);
    for (uint32_t agency = 1; agency <= draw->agencies; agency++) {
        const scan_seat_t *seat = &draw->seat[agency];
        if (seat->receipt.size > 0)
            ready[dossier.ready.count++] = party_file (
                agency, joined (note_of (draw, seat->receipt), bytes_of ("", 0)));
        if (seat->reveal.size > 0)
            countersigned[dossier.countersigned.count++] =
                party_file (agency, joined (seal, note_of (draw, seat->reveal)));
        salts[dossier.salts.count++] = party_file (agency, salts_text (draw, agency));
    }
    const verify_options_t options = {.dossier = &dossier, .tell = say_nothing};
    const verify_outcome_t outcome = verify (&options);
    const char *doubt = NULL;
    if (!outcome.holds)
        snprintf (why, sizeof why, "%s: %s", outcome.step, outcome.fault);
    else if (outcome.phase != VERIFY_DRAWN || outcome.number != draw->number)
        snprintf (why, sizeof why, "its notes say number %u, phase %d", outcome.number,
                  (int) outcome.phase);
    else
        why[0] = 0;
    for (uint32_t agency = 1; agency <= draw->agencies && !why[0]; agency++)
        if (folders[agency] &&
            (doubt = unlike (draw, agency, folders[agency], &dossier)))
            snprintf (why, sizeof why, "agency %u has another %s", agency, doubt);
    for (size_t i = 0; i < dossier.ready.count; i++)
        free ((void *) ready[i].file.data);
    for (size_t i = 0; i < dossier.countersigned.count; i++)
        free ((void *) countersigned[i].file.data);
    for (size_t i = 0; i < dossier.salts.count; i++)
        free ((void *) salts[i].file.data);
    return why[0] ? why : NULL;
}

static void say_nothing (void *context, const char *step, const char *text)
{
    (void) context, (void) step, (void) text;
}

/* Behind the paper's head. Without data: there is none. */
static bytes_t note_of (const scan_draw_t *draw, scan_paper_t at)
{
    fair_paper_t paper;
    if (at.size == 0 ||
        !fair_paper_read (bytes_of (draw->file[SCAN_NOTES].data + at.position, at.size),
                          &paper))
        return bytes_of (NULL, 0);
    return paper.note;
}

static bytes_t joined (bytes_t first, bytes_t second)
{
    uint8_t *data = malloc (first.size + second.size + 1);
    assert (data);
    put_bytes (data, first);
    put_bytes (data + first.size, second);
    return bytes_of (data, first.size + second.size);
}

static party_file_t party_file (uint32_t party, bytes_t file)
{
    return (party_file_t){.party = party, .file = file};
}

/* From its receipt's paper, or the seal's if it has not committed. */
static bytes_t salts_text (const scan_draw_t *draw, uint32_t agency)
{
    const scan_seat_t *seat = &draw->seat[agency];
    const scan_paper_t at = seat->receipt.size > 0 ? seat->receipt : draw->seal;
    fair_paper_t paper = {0};
    bytes_t word, value, key = bytes_of ("", 0);
    char begins[16];
    const size_t size = (size_t) snprintf (begins, sizeof begins, "%u ", agency);
    fair_paper_read (bytes_of (draw->file[SCAN_NOTES].data + at.position, at.size),
                     &paper);
    if (seat->receipt.size > 0)
        fair_paper_find (&paper, "salts", &key);
    else
        while (fair_paper_next (&paper.head, &word, &value))
            if (bytes_equal (word, bytes_of ("salts", 5)) && value.size > size &&
                memcmp (value.data, begins, size) == 0)
                key = bytes_of (value.data + size, value.size - size);
    return joined (key, bytes_of ("\n", 1));
}

/* Which of its notes are others than the log's. */
static const char *unlike (const scan_draw_t *draw, uint32_t agency,
                           const fair_folder_t *folder, const dossier_t *dossier)
{
    char ready[VAULT_NAME_BYTES], own[VAULT_NAME_BYTES];
    snprintf (ready, sizeof ready, "ready-%u.note", agency);
    snprintf (own, sizeof own, "seal-%u.note", agency);
    const struct {
        const char *name;
        bytes_t note;
    } notes[] = {{"open.note", dossier->open},
                 {ready, dossier_find (&dossier->ready, agency)},
                 {"seal.note", dossier->seal},
                 {own, dossier_find (&dossier->countersigned, agency)},
                 {"result.note", dossier->result}};
    (void) draw;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        const kept_t *kept = find (folder, notes[i].name);
        if (kept && !bytes_equal (bytes_of (kept->data, kept->size), notes[i].note))
            return notes[i].name;
    }
    return NULL;
}

/* test_vault.c - what an agency keeps of a provable draw and signs in it: agency 4 of
   fair_draw.h's draw. */

#include "fair_draw.h"

#include "escrow.h"
#include "fair_paper.h"
#include "vault.h"

#include <sodium.h>

#define WHICH 1 // of the draw's parties
#define OWN   4
#define KEPT  (2 * VAULT_FILES)

typedef struct {
    char name[VAULT_NAME_BYTES + 8];
    char file[2 * FAIR_NOTE];
} kept_t;

static fair_draw_t draw;
static vault_t *vault;
static kept_t kept[KEPT];
static size_t kept_count;
static bool disk_full;
static note_secret_t auditor;

static const char *keep (void *self, const char *name, bytes_t file)
{
    assert_ptr_equal (self, kept);
    if (disk_full)
        return "no space left";
    for (size_t i = 0; i < kept_count; i++)
        if (strcmp (kept[i].name, name) == 0) {
            assert_int_equal (strncmp (name, "faulty-", 7), 0);
            return "it is there"; // nothing is written twice
        }
    assert_true (kept_count < KEPT);
    kept_t *one = &kept[kept_count++];
    snprintf (one->name, sizeof one->name, "%s", name);
    assert_true (file.size < sizeof one->file);
    snprintf (one->file, sizeof one->file, "%.*s", (int) file.size,
              (const char *) file.data);
    return NULL;
}

static const char *file_of (const char *name)
{
    for (size_t i = 0; i < kept_count; i++)
        if (strcmp (kept[i].name, name) == 0)
            return kept[i].file;
    fail_msg ("%s was not kept", name);
    return NULL;
}

static vault_options_t options_of (void)
{
    vault_options_t options = {.agency = OWN,
                               .secret = draw.party[WHICH].secret,
                               .central = "nacional",
                               .folder = "folder",
                               .self = kept,
                               .keep = keep};
    note_key_public (&draw.operator, options.operator_key);
    return options;
}

static void open_vault (void)
{
    const vault_options_t options = options_of ();
    vault_destroy (&vault);
    vault = vault_new (&options);
}

static int setup (void **state)
{
    (void) state;
    fair_draw_make (&draw);
    kept_count = 0;
    disk_full = false;
    open_vault ();
    return 0;
}

static int teardown (void **state)
{
    (void) state;
    vault_destroy (&vault);
    return 0;
}

static void assert_says (const char *why, const char *part)
{
    assert_non_null (why);
    if (!strstr (why, part))
        fail_msg ("not \"%s\": %s", part, why);
}

static void assert_well (const char *why)
{
    if (why)
        fail_msg ("%s", why);
}

static const char *begin (void)
{
    const hash_t open = fair_hash (draw.open_note);
    return vault_begin (vault, "noche", &open, FAIR_HIGHEST);
}

static const char *take (uint8_t which, const char *note)
{
    return vault_take (vault, which, fair_text (note));
}

static void take_open (void)
{
    assert_well (begin ());
    assert_well (take (NOTE_OPEN, draw.open_note));
}

/* To just what the draw has of it. */
static const char *commit (void)
{
    const stake_t *stake = &draw.stakes[WHICH];
    const vault_stake_t own = {{stake->count, 0xD16E, 1}, stake->root};
    return vault_commit (vault, &own, &draw.party[WHICH].nonce,
                         &draw.party[WHICH].salts);
}

static void take_all_to_seal (void)
{
    take_open ();
    assert_well (commit ());
    assert_well (take (NOTE_RECEIPT, draw.party[WHICH].ready));
    assert_well (take (NOTE_SEAL, draw.seal_note));
}

/* Everything that is kept, read by the next run. */
static const char *read_again (void)
{
    open_vault ();
    for (size_t i = 0; i < VAULT_FILES; i++) {
        char name[VAULT_NAME_BYTES];
        const uint8_t which = vault_file (vault, i, name);
        for (size_t j = 0; j < kept_count; j++) {
            const char *why =
                strcmp (kept[j].name, name) == 0
                    ? vault_restore (vault, which, fair_text (kept[j].file))
                    : NULL;
            if (why)
                return why;
        }
    }
    return begin ();
}

static void forget (const char *name)
{
    for (size_t i = 0; i < kept_count; i++)
        if (strcmp (kept[i].name, name) == 0)
            kept[i] = kept[--kept_count];
}

static void sign_open_again (void)
{
    fair_open (&draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_ready (&draw, i);
    fair_seal (&draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_countersign (&draw, i);
    draw.result.number = fair_number (&draw);
    fair_count (&draw, &draw.result.number);
    fair_result (&draw);
}

static void a_whole_draw_is_kept_and_signed (void **state)
{
    (void) state;
    wire_reveal_t reveal;
    take_all_to_seal ();
    assert_true (vault_counts (vault));
    assert_well (vault_reveal (vault, &reveal));
    assert_memory_equal (reveal.seal, draw.result.seal.of, sizeof reveal.seal);
    assert_memory_equal (reveal.nonce, draw.party[WHICH].nonce.of, sizeof reveal.nonce);
    assert_string_equal (file_of ("seal-4.note"), draw.party[WHICH].countersigned);
    assert_well (take (NOTE_RESULT, draw.result_note));
    assert_well (vault_judge (vault, draw.result.number, &draw.won[WHICH].count,
                              &draw.won[WHICH].root));
    static const char *const names[] = {"open.note", "commit",      "ready-4.note",
                                        "seal.note", "seal-4.note", "result.note"};
    assert_int_equal (kept_count, 6);
    for (size_t i = 0; i < kept_count; i++)
        assert_string_equal (kept[i].name, names[i]);
}

/* READY goes out with the commitment that was kept, byte for byte. */
static void what_is_committed_to_is_what_the_operator_signs (void **state)
{
    (void) state;
    take_open ();
    assert_well (commit ());
    const wire_commit_t *own = vault_commitment (vault);
    signed_note_t note, receipt;
    assert_true (signed_note_parse (own->note, &note));
    assert_true (signed_note_parse (fair_text (draw.party[WHICH].ready), &receipt));
    assert_true (bytes_equal (note.text, receipt.text));
    assert_int_equal (own->tally.count, FAIR_BETS);
    assert_true (own->tally.digest == 0xD16E && own->tally.cancelled == 1);
    assert_memory_equal (own->salt_key, draw.party[WHICH].salts.of,
                         sizeof own->salt_key);
    assert_int_equal (own->box.size, 0);
    const hash_t root = vault_root (vault);
    assert_true (hash_equal (&root, &draw.stakes[WHICH].root));
    char before[FAIR_NOTE];
    const size_t size = own->note.size;
    memcpy (before, own->note.data, size);
    assert_well (read_again ());
    own = vault_commitment (vault);
    assert_true (bytes_equal (own->note, bytes_of (before, size)));
    assert_true (own->tally.digest == 0xD16E && own->tally.cancelled == 1);
}

/* Wherever it was killed, it goes on with the same notes. */
static void the_next_run_goes_on (void **state)
{
    (void) state;
    wire_reveal_t first, again;
    take_open ();
    assert_well (read_again ());
    assert_well (commit ());
    assert_well (read_again ());
    assert_well (take (NOTE_RECEIPT, draw.party[WHICH].ready));
    assert_well (read_again ());
    assert_well (take (NOTE_SEAL, draw.seal_note));
    assert_well (read_again ());
    assert_well (vault_reveal (vault, &first));
    assert_well (read_again ());
    assert_well (vault_reveal (vault, &again));
    assert_memory_equal (&first, &again, sizeof first);
    assert_well (take (NOTE_RESULT, draw.result_note));
    assert_well (read_again ());
    assert_true (vault_has (vault, NOTE_RESULT));
}

static void what_cannot_be_kept_is_not_so (void **state)
{
    (void) state;
    wire_reveal_t reveal;
    assert_well (begin ());
    disk_full = true;
    assert_says (take (NOTE_OPEN, draw.open_note), "no space left");
    assert_false (vault_has (vault, NOTE_OPEN));
    disk_full = false;
    assert_well (take (NOTE_OPEN, draw.open_note));
    disk_full = true;
    assert_says (commit (), "no space left");
    assert_false (vault_has (vault, VAULT_COMMIT));
    disk_full = false;
    assert_well (commit ());
    assert_well (take (NOTE_RECEIPT, draw.party[WHICH].ready));
    assert_well (take (NOTE_SEAL, draw.seal_note));
    disk_full = true;
    assert_says (vault_reveal (vault, &reveal), "no space left");
    disk_full = false;
    assert_well (vault_reveal (vault, &reveal));
}

static void an_open_note_is_never_exchanged (void **state)
{
    (void) state;
    take_open ();
    draw.open.commit_s++;
    sign_open_again ();
    assert_says (read_again (), "the operator has shown two");
    assert_says (take (NOTE_OPEN, draw.open_note), "is another one");
}

static void the_open_note_is_the_one_that_the_central_tells_of (void **state)
{
    (void) state;
    assert_well (begin ());
    draw.open.commit_s++;
    sign_open_again ();
    assert_says (take (NOTE_OPEN, draw.open_note), "is not the one of draw noche");
    assert_int_equal (kept_count, 1); // as a proof:
    assert_string_equal (file_of ("faulty-open.note"), draw.open_note);
}

static void keys_are_those_that_were_handed_over (void **state)
{
    (void) state;
    vault_options_t options = options_of ();
    const hash_t open = fair_hash (draw.open_note);
    options.operator_key[0] ^= 1;
    vault_destroy (&vault);
    vault = vault_new (&options);
    assert_well (vault_begin (vault, "noche", &open, FAIR_HIGHEST));
    assert_says (take (NOTE_OPEN, draw.open_note), "another key of the operator's");
    options = options_of ();
    options.secret = draw.party[0].secret;
    vault_destroy (&vault);
    vault = vault_new (&options);
    assert_well (vault_begin (vault, "noche", &open, FAIR_HIGHEST));
    assert_says (take (NOTE_OPEN, draw.open_note), "another key of agency 4's");
    options = options_of ();
    options.agency = 5;
    vault_destroy (&vault);
    vault = vault_new (&options);
    assert_well (vault_begin (vault, "noche", &open, FAIR_HIGHEST));
    assert_says (take (NOTE_OPEN, draw.open_note), "does not stand in open.note");
    options = options_of ();
    strcpy (options.central, "provincial");
    vault_destroy (&vault);
    vault = vault_new (&options);
    assert_well (vault_begin (vault, "noche", &open, FAIR_HIGHEST));
    assert_says (take (NOTE_OPEN, draw.open_note), "is of the central nacional");
}

/* Another draw's folder, or another highest number. */
static void a_folder_is_of_one_draw (void **state)
{
    (void) state;
    const hash_t open = fair_hash (draw.open_note);
    take_open ();
    assert_says (vault_begin (vault, "tarde", &open, FAIR_HIGHEST),
                 "has the open note of draw noche");
    assert_says (vault_begin (vault, "noche", &open, FAIR_HIGHEST + 1),
                 "as the highest number");
}

/* A folder that was restored: the central holds what it does not have. */
static void a_lost_folder_signs_nothing (void **state)
{
    (void) state;
    take_open ();
    assert_says (take (NOTE_RECEIPT, draw.party[WHICH].ready), "LOST: folder does not");
    assert_says (take (NOTE_SEAL, draw.seal_note), "LOST: folder does not");
    draw.party[WHICH].nonce.of[0] ^= 1; // committed anew
    assert_well (commit ());
    assert_says (take (NOTE_RECEIPT, draw.party[WHICH].ready), "LOST: folder has");
    assert_says (take (NOTE_SEAL, draw.seal_note), "LOST: folder has");
    assert_false (vault_counts (vault));
    forget ("open.note");
    assert_says (read_again (), "LOST: folder has notes of a draw, and no open note");
}

static void a_commitment_is_not_written_again_by_anybody (void **state)
{
    (void) state;
    take_open ();
    assert_well (commit ());
    char *digit = strstr (kept[1].file, "nonce ") + 6;
    const char before = *digit;
    *digit = before == 'a' ? 'b' : 'a';
    assert_says (read_again (), "it is not what this agency committed to");
    *digit = before;
    digit = strstr (kept[1].file, "salts ") + 6;
    *digit = *digit == 'a' ? 'b' : 'a';
    assert_says (read_again (), "it is not what this agency committed to");
    kept[1].file[0] = '\0';
    assert_says (read_again (), "it is not what this agency committed to");
    kept[0].file[strlen (kept[0].file) - 3] ^= 4; // of its signature
    assert_says (read_again (), ": put the file back");
}

/* Of its own line the seal says what it committed to, or it signs nothing. */
static void a_seal_without_the_agency_is_not_signed (void **state)
{
    (void) state;
    stake_t *stake = &draw.stakes[WHICH];
    take_open ();
    assert_well (commit ());
    assert_well (take (NOTE_RECEIPT, draw.party[WHICH].ready));
    stake->count--;
    fair_seal (&draw);
    assert_says (take (NOTE_SEAL, draw.seal_note), "than its receipt");
    stake->count++;
    stake->committed = false;
    draw.stakes[2].committed = true;
    fair_seal (&draw);
    assert_says (take (NOTE_SEAL, draw.seal_note), "than its receipt");
    assert_false (vault_has (vault, NOTE_SEAL));
}

static void a_seal_is_of_least_agencies_and_signed (void **state)
{
    (void) state;
    take_open ();
    assert_well (commit ());
    assert_well (take (NOTE_RECEIPT, draw.party[WHICH].ready));
    draw.stakes[0].committed = false;
    fair_seal (&draw);
    assert_says (take (NOTE_SEAL, draw.seal_note), "at least 2 have to");
    draw.stakes[0].committed = true;
    size_t size;
    fair_begin_note (draw.seal_note, seal_write (&draw.seal, &size));
    fair_sign (&draw, draw.seal_note, PARTY_AGENCY, 1, &draw.party[0].secret);
    assert_says (take (NOTE_SEAL, draw.seal_note), "is not signed by");
    assert_false (vault_has (vault, NOTE_SEAL));
    assert_int_equal (kept_count, 3 + 1); // and the first that did not hold
}

/* It came too late: the seal has it without a commitment, and it signs nothing. */
static void who_came_too_late_does_not_count (void **state)
{
    (void) state;
    take_open ();
    assert_well (commit ());
    draw.stakes[WHICH].committed = false;
    draw.stakes[2].committed = true;
    fair_seal (&draw);
    assert_well (take (NOTE_SEAL, draw.seal_note));
    assert_false (vault_counts (vault));
}

static void a_second_seal_is_not_taken (void **state)
{
    (void) state;
    take_all_to_seal ();
    draw.seal.sealed_s++;
    fair_seal (&draw);
    assert_says (take (NOTE_SEAL, draw.seal_note), "is another one");
    assert_string_equal (file_of ("faulty-seal.note"), draw.seal_note);
    wire_reveal_t reveal;
    assert_well (vault_reveal (vault, &reveal));
    assert_memory_not_equal (reveal.seal, draw.result.seal.of, sizeof reveal.seal);
}

static void a_result_follows_from_the_nonces (void **state)
{
    (void) state;
    wire_reveal_t reveal;
    take_all_to_seal ();
    assert_well (vault_reveal (vault, &reveal));
    draw.result.number ^= 1;
    fair_result (&draw);
    assert_says (take (NOTE_RESULT, draw.result_note), "follows from the nonces");
    draw.result.number ^= 1;
    draw.reveals[2].nonce.of[3] ^= 1;
    fair_result (&draw);
    assert_says (take (NOTE_RESULT, draw.result_note), "is not the one that it");
}

static void a_result_tells_the_agencys_winners (void **state)
{
    (void) state;
    wire_reveal_t reveal;
    const uint64_t count = draw.won[WHICH].count, more = count + 1;
    hash_t root = draw.won[WHICH].root;
    take_all_to_seal ();
    assert_well (vault_reveal (vault, &reveal));
    assert_well (take (NOTE_RESULT, draw.result_note));
    const uint32_t number = draw.result.number;
    assert_says (vault_judge (vault, number ^ 1, NULL, NULL), "it has cheated");
    assert_says (vault_judge (vault, number, &more, NULL), "winning bets of agency 4");
    root.of[0] ^= 1;
    assert_says (vault_judge (vault, number, &count, &root), "other winning bets");
    assert_well (vault_judge (vault, number, NULL, NULL));
}

/* Its nonce is known though it signed no seal: another folder did. */
static void a_nonce_that_it_did_not_reveal_is_told (void **state)
{
    (void) state;
    take_all_to_seal ();
    assert_says (take (NOTE_RESULT, draw.result_note), "seal-4.note is missing");
}

static void with_an_auditor_there_is_a_box_and_a_second_signature (void **state)
{
    (void) state;
    uint8_t key[NOTE_PUBLIC_BYTES];
    wire_reveal_t reveal;
    note_key_pair (&auditor, key);
    draw.open.audited = true;
    draw.open.auditor = fair_key (&draw, PARTY_AUDITOR, 0, &auditor);
    sign_open_again ();
    take_open ();
    assert_well (commit ());
    const wire_commit_t *own = vault_commitment (vault);
    escrow_box_t box;
    nonce_t nonce;
    ready_t ready;
    signed_note_t note;
    assert_int_equal (own->box.size, sizeof box.of);
    memcpy (box.of, own->box.data, sizeof box.of);
    assert_true (escrow_open (&box, &auditor, &nonce));
    assert_memory_equal (nonce.of, draw.party[WHICH].nonce.of, sizeof nonce.of);
    assert_true (signed_note_parse (own->note, &note));
    assert_int_equal (ready_parse (note.text, &ready), 0);
    const hash_t hash = escrow_hash (&box);
    assert_true (ready.boxed && hash_equal (&ready.box, &hash));
    assert_well (read_again ());
    assert_memory_equal (vault_commitment (vault)->box.data, box.of, sizeof box.of);
    assert_well (take (NOTE_SEAL, draw.seal_note));
    assert_says (vault_reveal (vault, &reveal), "has not signed the seal yet");
    char attested[FAIR_NOTE];
    strcpy (attested, draw.seal_note);
    assert_says (take (NOTE_ATTESTED, attested), "is not signed by");
    fair_sign (&draw, attested, PARTY_AUDITOR, 0, &auditor);
    assert_well (take (NOTE_ATTESTED, attested));
    assert_well (vault_reveal (vault, &reveal));
}

static void a_sealed_draw_is_not_called_off (void **state)
{
    (void) state;
    const void_t off = {draw.origin, draw.seal.open, "it did not suit"};
    char note[FAIR_NOTE];
    size_t size;
    fair_begin_note (note, void_write (&off, &size));
    fair_sign (&draw, note, PARTY_OPERATOR, 0, &draw.operator);
    take_open ();
    assert_well (commit ());
    assert_well (take (NOTE_RECEIPT, draw.party[WHICH].ready));
    assert_well (take (NOTE_VOID, note));
    forget ("void.note");
    assert_well (read_again ());
    assert_well (take (NOTE_SEAL, draw.seal_note));
    assert_says (take (NOTE_VOID, note), "cannot be called off");
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST (a_whole_draw_is_kept_and_signed),
        TEST (what_is_committed_to_is_what_the_operator_signs),
        TEST (the_next_run_goes_on),
        TEST (what_cannot_be_kept_is_not_so),
        TEST (an_open_note_is_never_exchanged),
        TEST (the_open_note_is_the_one_that_the_central_tells_of),
        TEST (keys_are_those_that_were_handed_over),
        TEST (a_folder_is_of_one_draw),
        TEST (a_lost_folder_signs_nothing),
        TEST (a_commitment_is_not_written_again_by_anybody),
        TEST (a_seal_without_the_agency_is_not_signed),
        TEST (a_seal_is_of_least_agencies_and_signed),
        TEST (who_came_too_late_does_not_count),
        TEST (a_second_seal_is_not_taken),
        TEST (a_result_follows_from_the_nonces),
        TEST (a_result_tells_the_agencys_winners),
        TEST (a_nonce_that_it_did_not_reveal_is_told),
        TEST (with_an_auditor_there_is_a_box_and_a_second_signature),
        TEST (a_sealed_draw_is_not_called_off),
    };
    if (signed_note_start () != 0)
        return 1;
    return cmocka_run_group_tests (tests, NULL, NULL);
}

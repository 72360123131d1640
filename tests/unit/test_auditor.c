/* test_auditor.c - an auditor signs one seal of a draw, and opens boxes for that one.
 */

#include "testing.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditor.h"
#include "escrow.h"
#include "fair_draw.h"
#include "verify.h"
#include "whole_file.h"

static char root[64], folder[80], why[KEYS_WHY_BYTES];
static fair_draw_t draw;
static signing_pair_t auditor;
static escrow_box_t boxes[1 + FAIR_AGENCIES]; // the operator's first

static const char *path_of (const char *name)
{
    static char paths[8][256];
    static size_t next;
    char *path = paths[next++ % 8];
    snprintf (path, sizeof paths[0], "%s/%s", root, name);
    return path;
}

static void write_file (const char *name, const char *text)
{
    assert_int_equal (whole_file_save (root, name, fair_text (text), true), 0);
}

static void write_box (const char *name, const escrow_box_t *box)
{
    char text[ESCROW_TEXT_BYTES];
    escrow_text (box, text);
    write_file (name, text);
}

/* The notes and boxes, as the draw says by now. */
static void publish (void)
{
    char name[32];
    fair_open (&draw);
    for (size_t i = 0; i < FAIR_COMMITS; i++) {
        fair_ready (&draw, i);
        snprintf (name, sizeof name, "ready-%u.note", draw.party[i].agency);
        write_file (name, draw.party[i].ready);
        snprintf (name, sizeof name, "box-%u.txt", draw.party[i].agency);
        write_box (name, &boxes[1 + i]);
    }
    fair_seal (&draw);
    write_file ("open.note", draw.open_note);
    write_file ("seal.note", draw.seal_note);
    write_box ("box-0.txt", &boxes[0]);
}

static void make_box (size_t which, const nonce_t *nonce, hash_t *hash)
{
    assert_true (escrow_seal (nonce, auditor.public_key, &boxes[which]));
    *hash = escrow_hash (&boxes[which]);
}

static int setup (void **state)
{
    (void) state;
    strcpy (root, "/tmp/loteria-test-XXXXXX");
    if (signed_note_start () == -1 || !mkdtemp (root))
        return -1;
    snprintf (folder, sizeof folder, "%s/auditor", root);
    if (auditor_new (folder, &auditor, why) == -1)
        return -1;
    fair_draw_make (&draw);
    draw.open.audited = true;
    draw.open.auditor = fair_key (&draw, PARTY_AUDITOR, 0, &auditor.secret);
    make_box (0, &draw.nonce, &draw.open.box);
    for (size_t i = 0; i < FAIR_COMMITS; i++) {
        draw.party[i].boxed = true;
        make_box (1 + i, &draw.party[i].nonce, &draw.party[i].box);
    }
    publish ();
    return 0;
}

static void remove_all (const char *path)
{
    char inner[512];
    DIR *listing = opendir (path);
    const struct dirent *entry;
    while (listing && (entry = readdir (listing))) {
        snprintf (inner, sizeof inner, "%.200s/%.200s", path, entry->d_name);
        if (entry->d_name[0] != '.' && unlink (inner) == -1)
            remove_all (inner);
    }
    if (listing)
        closedir (listing);
    rmdir (path);
}

static int teardown (void **state)
{
    (void) state;
    remove_all (root);
    return 0;
}

static char *sign (void)
{
    char *file;
    if (auditor_sign (folder, path_of ("seal.note"), &file, why) == -1)
        fail_msg ("%s", why);
    return file;
}

static void assert_not_signed (const char *part)
{
    char *file;
    assert_int_equal (auditor_sign (folder, path_of ("seal.note"), &file, why), -1);
    assert_null (file);
    if (!strstr (why, part))
        fail_msg ("\"%s\" does not say \"%s\"", why, part);
}

static int open_box (const char *box, const char *note, nonce_t *nonce)
{
    memset (nonce, 0xAA, sizeof *nonce);
    return auditor_open (folder, path_of ("seal.note"), path_of (box), path_of (note),
                         nonce, why);
}

static void assert_not_opened (const char *box, const char *note, const char *part)
{
    nonce_t nonce;
    assert_int_equal (open_box (box, note, &nonce), -1);
    if (!strstr (why, part))
        fail_msg ("\"%s\" does not say \"%s\"", why, part);
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        assert_memory_not_equal (&nonce, &draw.party[i].nonce, sizeof nonce);
}

static void tell (void *context, const char *step, const char *text)
{
    (void) context;
    (void) step;
    (void) text;
}

static void what_is_signed_holds (void **state)
{
    (void) state;
    char *file = sign (), *again = sign ();
    assert_string_equal (file, again); // as often as asked
    for (size_t i = 0; i < FAIR_COMMITS; i++)
        fair_countersign (&draw, i);
    draw.result.number = fair_number (&draw);
    fair_count (&draw, &draw.result.number);
    fair_result (&draw);
    dossier_t dossier = *fair_dossier (&draw);
    dossier.auditor = fair_text (file);
    const verify_options_t options = {.dossier = &dossier, .tell = tell};
    const verify_outcome_t outcome = verify (&options);
    if (!outcome.holds)
        fail_msg ("%s", outcome.fault);
    free (file);
    free (again);
    write_file ("seal.note", draw.seal_note);
    char *own = sign ();
    write_file ("seal.note", own); // its own signature is on it already
    file = sign ();
    assert_string_equal (file, own);
    free (file);
    free (own);
}

/* Whoever restores or restarts what has signed once. */
static void there_is_no_second_seal (void **state)
{
    (void) state;
    free (sign ());
    draw.seal.sealed_s++;
    publish ();
    assert_not_signed ("another seal of this draw");
    assert_not_signed ("/auditor/nacional.noche.note");
    draw.seal.sealed_s--;
    publish ();
    free (sign ());
}

/* What a folder that was restored from before its signature does not know anymore: an
   operator that has signed two seals gets the auditor's signature for both, and the
   nonces that it knows from the first look as if the auditor had opened boxes. What is
   published holds; but these nonces are of agencies that have the first seal, which is
   the proof. */
static void a_second_seal_is_proven_by_the_first (void **state)
{
    (void) state;
    char first[FAIR_NOTE], *file = sign ();
    fair_countersign (&draw, 0);
    strcpy (first, draw.party[0].countersigned); // agency 1 reveals
    free (file);
    assert_int_equal (unlink (path_of ("auditor/nacional.noche.note")), 0);
    draw.seal.sealed_s++;
    publish ();
    file = sign ();
    for (size_t i = 0; i <= FAIR_COMMITS; i++)
        draw.reveals[i].by_auditor = true;
    draw.result.number = fair_number (&draw);
    fair_count (&draw, &draw.result.number);
    fair_result (&draw);
    dossier_t dossier = *fair_dossier (&draw);
    dossier.auditor = fair_text (file);
    dossier.countersigned = (party_files_t){0};
    verify_options_t options = {.dossier = &dossier};
    verify_outcome_t outcome = verify (&options);
    if (!outcome.holds)
        fail_msg ("%s", outcome.fault);
    options.receipt = fair_text (first);
    outcome = verify (&options);
    assert_false (outcome.holds);
    assert_non_null (
        strstr (outcome.fault, "the operator has signed this seal and another"));
    free (file);
}

/* It is noted before it is given, whatever becomes of the signature. */
static void a_seal_is_noted_first (void **state)
{
    (void) state;
    assert_int_equal (chmod (folder, 0500), 0);
    if (geteuid () == 0) // whom no mode keeps out
        assert_int_equal (mkdir (path_of ("auditor/nacional.noche.note.new"), 0700), 0);
    char *file;
    assert_int_equal (auditor_sign (folder, path_of ("seal.note"), &file, why), -1);
    assert_non_null (strstr (why, "nacional.noche.note"));
    assert_int_equal (chmod (folder, 0700), 0);
}

static void another_draw_is_another_seal (void **state)
{
    (void) state;
    free (sign ());
    strcpy (draw.origin.draw, "tarde");
    draw.open.origin = draw.seal.origin = draw.origin;
    draw.open.operator= fair_key (&draw, PARTY_OPERATOR, 0, &draw.operator);
    draw.open.auditor = fair_key (&draw, PARTY_AUDITOR, 0, &auditor.secret);
    for (size_t i = 0; i < FAIR_AGENCIES; i++)
        draw.roll[i].key =
            fair_key (&draw, PARTY_AGENCY, draw.party[i].agency, &draw.party[i].secret);
    publish ();
    free (sign ());
}

static void what_does_not_hold_is_not_signed (void **state)
{
    (void) state;
    note_secret_t other;
    uint8_t key[NOTE_PUBLIC_BYTES];
    const note_secret_t operator= draw.operator;
    note_key_pair (&other, key);
    draw.operator= other; // whoever that is
    fair_seal (&draw);
    write_file ("seal.note", draw.seal_note);
    assert_not_signed ("seal.note");
    draw.operator= operator;
    draw.stakes[1].committed = false; // fewer than have to
    fair_seal (&draw);
    write_file ("seal.note", draw.seal_note);
    assert_not_signed ("at least 2 have to");
    draw.stakes[1].committed = true;
    draw.seal.open.of[0] ^= 1; // under another open note
    fair_seal (&draw);
    write_file ("seal.note", draw.seal_note);
    assert_not_signed ("nothing is signed or opened");
    write_file ("seal.note", draw.open_note);
    assert_not_signed ("no seal note");
    write_file ("seal.note", "");
    assert_not_signed ("no seal note");
    assert_int_equal (unlink (path_of ("open.note")), 0);
    assert_not_signed ("open.note: No such file");
    publish ();
    free (sign ()); // and none of that was noted
}

static void another_auditors_draw_is_not_signed (void **state)
{
    (void) state;
    note_secret_t other;
    uint8_t key[NOTE_PUBLIC_BYTES];
    note_key_pair (&other, key);
    draw.open.auditor = fair_key (&draw, PARTY_AUDITOR, 0, &other);
    publish ();
    assert_not_signed ("its open note has another's key");
    draw.open.audited = false;
    draw.party[0].boxed = draw.party[1].boxed = false;
    publish ();
    assert_not_signed ("its open note has no auditor");
}

static void a_lost_partys_box_is_opened (void **state)
{
    (void) state;
    nonce_t nonce;
    free (sign ());
    if (open_box ("box-1.txt", "ready-1.note", &nonce) == -1)
        fail_msg ("%s", why);
    assert_memory_equal (&nonce, &draw.party[0].nonce, sizeof nonce);
    if (open_box ("box-0.txt", "open.note", &nonce) == -1)
        fail_msg ("%s", why);
    assert_memory_equal (&nonce, &draw.nonce, sizeof nonce);
}

static void boxes_are_opened_for_the_seal_that_was_signed (void **state)
{
    (void) state;
    assert_not_opened ("box-1.txt", "ready-1.note", "has signed no seal of the draw");
    assert_not_opened ("box-0.txt", "open.note", "has signed no seal of the draw");
    free (sign ());
    draw.seal.sealed_s++;
    publish ();
    assert_not_opened ("box-1.txt", "ready-1.note", "another seal of this draw");
    assert_not_opened ("box-0.txt", "open.note", "another seal of this draw");
}

static void a_box_that_does_not_hold_its_nonce_is_told_by_name (void **state)
{
    (void) state;
    const nonce_t another = {{4, 5, 6}};
    make_box (1, &another, &draw.party[0].box);
    make_box (0, &another, &draw.open.box);
    publish ();
    free (sign ());
    assert_not_opened ("box-1.txt", "ready-1.note",
                       "the box of agency 1 does not hold it");
    assert_not_opened ("box-0.txt", "open.note",
                       "the box of the operator does not hold it");
}

/* Agency 1 gives agency 4's box as its own, to learn its nonce from the auditor. */
static void anothers_box_is_not_opened (void **state)
{
    (void) state;
    boxes[1] = boxes[2];
    draw.party[0].box = draw.party[1].box;
    publish ();
    free (sign ());
    assert_not_opened ("box-1.txt", "ready-1.note",
                       "the box of agency 1 does not hold it");
}

static void a_box_that_is_no_box_is_told_by_name (void **state)
{
    (void) state;
    memset (&boxes[1], 7, sizeof boxes[1]);
    draw.party[0].box = escrow_hash (&boxes[1]);
    publish ();
    free (sign ());
    assert_not_opened ("box-1.txt", "ready-1.note",
                       "the box of agency 1 does not hold it");
}

static void a_box_is_the_one_that_the_party_gave (void **state)
{
    (void) state;
    free (sign ());
    assert_not_opened ("box-4.txt", "ready-1.note",
                       "is not the box that agency 1 gave");
    assert_not_opened ("box-0.txt", "ready-1.note",
                       "is not the box that agency 1 gave");
    assert_not_opened ("box-1.txt", "open.note",
                       "is not the box that the operator gave");
    assert_not_opened ("seal.note", "ready-1.note",
                       "is not the box that agency 1 gave");
    assert_not_opened ("box-1.txt", "seal.note", "neither an agency's receipt nor");
    assert_not_opened ("none", "ready-1.note", "none: No such file");
}

/* A receipt that the agency has not signed could name another box, and the agency would
   be blamed for what is in that. */
static void a_receipt_is_signed_by_the_agency (void **state)
{
    (void) state;
    free (sign ());
    const nonce_t another = {{4, 5, 6}};
    fair_party_t *party = &draw.party[0];
    make_box (1, &another, &party->box);
    party->secret = draw.party[1].secret;
    fair_ready (&draw, 0);
    write_file ("ready-1.note", party->ready);
    write_box ("box-1.txt", &boxes[1]);
    assert_not_opened ("box-1.txt", "ready-1.note", "nothing is signed or opened");
}

static void who_gave_no_box_has_none (void **state)
{
    (void) state;
    draw.party[0].boxed = false;
    publish ();
    free (sign ());
    assert_not_opened ("box-1.txt", "ready-1.note", "agency 1 has given no box");
}

static void a_folder_is_made_once (void **state)
{
    (void) state;
    signing_pair_t pair;
    char *file;
    assert_int_equal (auditor_new (folder, &pair, why), -1);
    assert_non_null (strstr (why, "signing.key: File exists"));
    assert_int_equal (
        auditor_sign (path_of ("nowhere"), path_of ("seal.note"), &file, why), -1);
    assert_non_null (strstr (why, "nowhere: No such file"));
}

#define AUDITOR_TEST(name) cmocka_unit_test_setup_teardown (name, setup, teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        AUDITOR_TEST (what_is_signed_holds),
        AUDITOR_TEST (there_is_no_second_seal),
        AUDITOR_TEST (a_second_seal_is_proven_by_the_first),
        AUDITOR_TEST (a_seal_is_noted_first),
        AUDITOR_TEST (another_draw_is_another_seal),
        AUDITOR_TEST (what_does_not_hold_is_not_signed),
        AUDITOR_TEST (another_auditors_draw_is_not_signed),
        AUDITOR_TEST (a_lost_partys_box_is_opened),
        AUDITOR_TEST (boxes_are_opened_for_the_seal_that_was_signed),
        AUDITOR_TEST (a_box_that_does_not_hold_its_nonce_is_told_by_name),
        AUDITOR_TEST (anothers_box_is_not_opened),
        AUDITOR_TEST (a_box_that_is_no_box_is_told_by_name),
        AUDITOR_TEST (a_box_is_the_one_that_the_party_gave),
        AUDITOR_TEST (a_receipt_is_signed_by_the_agency),
        AUDITOR_TEST (who_gave_no_box_has_none),
        AUDITOR_TEST (a_folder_is_made_once),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

/* auditor.c - signs a draw's seal once, and opens boxes: for loteria-keys. */

#include "auditor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "bounds.h"
#include "escrow.h"
#include "file.h"
#include "verify.h"
#include "whole_file.h"

#define OPEN_NOTE "open.note"

typedef struct { // what an auditor looks at
    const char *folder;
    int lock;
    signing_pair_t pair;
    const char *seal_path;
    char *seal_file, *open_file; // owned
    bytes_t seal, open;          // the files
    signed_note_t seal_note;
    open_t terms; // of the open note
    seal_t sealed;
    char *why;
} audit_t;

typedef struct { // whose box it is, and what its nonce has to fit
    uint32_t party;
    bool boxed;
    hash_t box, commitment;
} claim_t;

static int begin (audit_t *audit, const char *open_path);
static void end (audit_t *audit);
static int read_file (const char *path, char **file, bytes_t *bytes, char *why);
static int check (const audit_t *audit, const party_files_t *ready);
static int take_apart (audit_t *audit);
static int lock_folder (audit_t *audit);
static void name_of_seal (const audit_t *audit, char name[NAME_MAX]);
static int note_seal (const audit_t *audit);
static int check_noted (const audit_t *audit);
static char *add_signature (const audit_t *audit);
static int claim_of_agency (const audit_t *audit, bytes_t file, claim_t *claim);
static int claim_of_operator (const audit_t *audit, claim_t *claim);
static bool is_open_note (bytes_t file);
static int open_box (const audit_t *audit, const claim_t *claim, const char *path,
                     nonce_t *nonce);
static bool is_box (bytes_t file, const hash_t *wanted, escrow_box_t *box);
static int complain (char *why, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

int auditor_new (const char *folder, signing_pair_t *pair, char *why)
{
    if (file_make_directory (folder) == -1 && errno != EEXIST)
        return complain (why, "%.500s: %s", folder, strerror (errno));
    return signing_pair_create (folder, pair, why);
}

int auditor_sign (const char *folder, const char *seal_path, char **signed_seal,
                  char *why)
{
    audit_t audit = {.folder = folder, .seal_path = seal_path, .lock = -1, .why = why};
    const bool may_sign = begin (&audit, NULL) == 0 &&
                          check (&audit, &(party_files_t){0}) == 0 &&
                          note_seal (&audit) == 0 && check_noted (&audit) == 0;
    *signed_seal = may_sign ? add_signature (&audit) : NULL;
    end (&audit);
    return *signed_seal ? 0 : -1;
}

int auditor_open (const char *folder, const char *seal_path, const char *box_path,
                  const char *note_path, nonce_t *nonce, char *why)
{
    audit_t audit = {.folder = folder, .seal_path = seal_path, .lock = -1, .why = why};
    claim_t claim;
    char *file = NULL;
    bytes_t note;
    int rc = read_file (note_path, &file, &note, why);
    const bool of_operator = rc == 0 && is_open_note (note);
    if (rc == 0)
        rc = begin (&audit, of_operator ? note_path : NULL);
    if (rc == 0)
        rc = of_operator ? claim_of_operator (&audit, &claim)
                         : claim_of_agency (&audit, note, &claim);
    if (rc == 0)
        rc = check_noted (&audit);
    if (rc == 0)
        rc = open_box (&audit, &claim, box_path, nonce);
    end (&audit);
    free (file);
    return rc;
}

/* Without a path, the open note lies beside the seal. */
static int begin (audit_t *audit, const char *open_path)
{
    char beside[PATH_MAX + sizeof OPEN_NOTE + 1], copy[PATH_MAX];
    if (snprintf (copy, sizeof copy, "%s", audit->seal_path) >= (int) sizeof copy)
        return complain (audit->why, "%.64s...: the path is too long",
                         audit->seal_path);
    snprintf (beside, sizeof beside, "%s/" OPEN_NOTE, dirname (copy));
    if (lock_folder (audit) == -1 ||
        signing_pair_load (audit->folder, &audit->pair, audit->why) == -1 ||
        read_file (audit->seal_path, &audit->seal_file, &audit->seal, audit->why) ==
            -1 ||
        read_file (open_path ? open_path : beside, &audit->open_file, &audit->open,
                   audit->why) == -1)
        return -1;
    return take_apart (audit);
}

static void end (audit_t *audit)
{
    open_clear (&audit->terms);
    seal_clear (&audit->sealed);
    free (audit->open_file);
    free (audit->seal_file);
    if (audit->lock != -1)
        close (audit->lock);
}

static int lock_folder (audit_t *audit)
{
    audit->lock = open (audit->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (audit->lock == -1 || flock (audit->lock, LOCK_EX) == -1)
        return complain (audit->why, "%.500s: %s", audit->folder, strerror (errno));
    return 0;
}

static int read_file (const char *path, char **file, bytes_t *bytes, char *why)
{
    size_t size;
    *file = whole_file_read (path, PAPER_BYTES_MAX, &size);
    if (!*file)
        return complain (why, "%.500s: %s", path, strerror (errno));
    *bytes = bytes_of (*file, size);
    return 0;
}

static int take_apart (audit_t *audit)
{
    signed_note_t open;
    if (!signed_note_parse (audit->open, &open) ||
        open_parse (open.text, &audit->terms) != 0)
        return complain (audit->why,
                         "the open note of %.400s is none (it has to lie beside it, "
                         "as " OPEN_NOTE ")",
                         audit->seal_path);
    if (!signed_note_parse (audit->seal, &audit->seal_note) ||
        seal_parse (audit->seal_note.text, &audit->sealed) != 0)
        return complain (audit->why, "%.500s: no seal note", audit->seal_path);
    if (!audit->terms.audited ||
        memcmp (audit->terms.auditor.public_key, audit->pair.public_key,
                NOTE_PUBLIC_BYTES) != 0)
        return complain (audit->why,
                         "%.300s/" SIGNING_FILE
                         " is not the auditor of this draw: its open note has %s",
                         audit->folder,
                         audit->terms.audited ? "another's key" : "no auditor");
    return 0;
}

/* As loteria-verify does. */
static int check (const audit_t *audit, const party_files_t *ready)
{
    const dossier_t dossier = {
        .open = audit->open, .seal = audit->seal, .ready = *ready};
    const verify_options_t options = {.dossier = &dossier};
    const verify_outcome_t outcome = verify (&options);
    return outcome.holds ? 0
                         : complain (audit->why, "nothing is signed or opened: %s",
                                     outcome.fault);
}

/* Neither name has a point in it. */
static void name_of_seal (const audit_t *audit, char name[NAME_MAX])
{
    const origin_t *origin = &audit->terms.origin;
    snprintf (name, NAME_MAX, "%s.%s.note", origin->central, origin->draw);
}

/* What is there stays; it may be there only since a moment ago. */
static int note_seal (const audit_t *audit)
{
    char name[NAME_MAX];
    name_of_seal (audit, name);
    if (whole_file_save (audit->folder, name, audit->seal, false) == -1 &&
        (errno != EEXIST || file_sync_directory (audit->folder) == -1))
        return complain (audit->why, "%.400s/%s: %s", audit->folder, name,
                         strerror (errno));
    return 0;
}

static int check_noted (const audit_t *audit)
{
    char name[NAME_MAX], path[PATH_MAX];
    size_t size;
    signed_note_t noted;
    name_of_seal (audit, name);
    snprintf (path, sizeof path, "%.3000s/%s", audit->folder, name);
    char *file = whole_file_read (path, PAPER_BYTES_MAX, &size);
    if (!file && errno == ENOENT)
        return complain (audit->why,
                         "this auditor has signed no seal of the draw (%.400s is not "
                         "there): nothing is opened",
                         path);
    if (!file)
        return complain (audit->why, "%.500s: %s", path, strerror (errno));
    const bool same = signed_note_parse (bytes_of (file, size), &noted) &&
                      bytes_equal (noted.text, audit->seal_note.text);
    free (file);
    return same ? 0
                : complain (audit->why,
                            "%.300s is another seal of this draw than the one that "
                            "this auditor has signed, %.300s: nothing is signed or "
                            "opened; if the operator has signed both, it has cheated, "
                            "and the two are the proof",
                            audit->seal_path, path);
}

/* Behind the signatures that are there. */
static char *add_signature (const audit_t *audit)
{
    char line[NOTE_LINE_BYTES] = "";
    signed_note_t note;
    const note_key_t *key = &audit->terms.auditor;
    if (signed_note_verify (&audit->seal_note, key) != NOTE_SIGNED)
        signed_note_sign (audit->seal_note.text, key, &audit->pair.secret, line);
    const size_t size = audit->seal.size + strlen (line);
    char *file = malloc (size + 1);
    assert (file);
    memcpy (file, audit->seal.data, audit->seal.size);
    strcpy (file + audit->seal.size, line);
    if (!signed_note_parse (bytes_of (file, size), &note)) {
        free (file);
        complain (audit->why, "%.500s: it has too many signatures", audit->seal_path);
        return NULL;
    }
    return file;
}

static int claim_of_agency (const audit_t *audit, bytes_t file, claim_t *claim)
{
    signed_note_t note;
    ready_t ready;
    if (!signed_note_parse (file, &note) || ready_parse (note.text, &ready) != 0)
        return complain (audit->why, "the last file is neither an agency's receipt nor "
                                     "the open note");
    party_file_t own = {ready.stake.agency, file};
    claim->party = ready.stake.agency;
    claim->boxed = ready.boxed;
    claim->box = ready.box;
    claim->commitment = ready.stake.commitment;
    return check (audit, &(party_files_t){1, &own}); // the seal says the same
}

static int claim_of_operator (const audit_t *audit, claim_t *claim)
{
    claim->party = NONCE_OPERATOR;
    claim->boxed = true;
    claim->box = audit->terms.box;
    claim->commitment = audit->terms.commitment;
    return check (audit, &(party_files_t){0});
}

static bool is_open_note (bytes_t file)
{
    signed_note_t note;
    open_t open;
    if (!signed_note_parse (file, &note) || open_parse (note.text, &open) != 0)
        return false;
    open_clear (&open);
    return true;
}

/* A nonce that fits is nobody else's: the commitment names draw and party. */
static int open_box (const audit_t *audit, const claim_t *claim, const char *path,
                     nonce_t *nonce)
{
    char party[32] = "the operator";
    escrow_box_t box;
    char *file;
    bytes_t bytes;
    if (claim->party != NONCE_OPERATOR)
        snprintf (party, sizeof party, "agency %u", claim->party);
    if (!claim->boxed)
        return complain (audit->why, "%s has given no box for an auditor", party);
    if (read_file (path, &file, &bytes, audit->why) == -1)
        return -1;
    const bool given = is_box (bytes, &claim->box, &box);
    free (file);
    if (!given)
        return complain (audit->why, "%.500s is not the box that %s gave", path, party);
    const char *draw = audit->terms.origin.draw;
    *nonce = (nonce_t){0};
    const bool opened = escrow_open (&box, &audit->pair.secret, nonce);
    const hash_t commitment =
        nonce_commitment (bytes_of (draw, strlen (draw)), claim->party, nonce);
    if (opened && hash_equal (&commitment, &claim->commitment))
        return 0;
    *nonce = (nonce_t){0};
    return complain (audit->why,
                     "the box of %s does not hold it: what is in there is not the "
                     "nonce that it committed to",
                     party);
}

static bool is_box (bytes_t file, const hash_t *wanted, escrow_box_t *box)
{
    if (!escrow_parse (file, box))
        return false;
    const hash_t hash = escrow_hash (box);
    return hash_equal (&hash, wanted);
}

static int complain (char *why, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (why, KEYS_WHY_BYTES, format, values);
    va_end (values);
    return -1;
}

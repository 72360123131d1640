/* fuzz_vault.c - any bytes as what an agency's folder has of a provable draw, and as
   what a central sends of it. Whoever has not the operator's key gets no signature on a
   seal, and nothing makes the agency commit to something else than it has. The input is
   sections: a letter for the note, its size (16 bits), its bytes. */

#include "fuzz.h"

#include <string.h>

#include "vault.h"

#define SENT "NYLUQW" // by a central, when it is asked for them
#define KEPT "NCYLUAQW"

static note_secret_t operator, own;
static char open_note[2048];
static hash_t open_hash;

static void make_draw (void);
static const char *keep (void *self, const char *name, bytes_t file);
static void start (vault_t *vault);
static void restore_all (vault_t *vault, bytes_t input);
static void send_all (vault_t *vault, bytes_t input);
static bool take_section (bytes_t *input, uint8_t *letter, bytes_t *file);
static void check_commitment (const vault_t *vault, const wire_commit_t *before);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    size_t kept = 0;
    make_draw ();
    vault_options_t options = {.agency = 4,
                               .secret = own,
                               .central = "nacional",
                               .folder = "folder",
                               .self = &kept,
                               .keep = keep};
    note_key_public (&operator, options.operator_key);
    vault_t *vault = vault_new (&options);
    const bytes_t input = bytes_of (data, size);
    if (size > 0 && data[0] == 'R')
        restore_all (vault, bytes_of (data + 1, size - 1));
    else
        send_all (vault, input);
    vault_destroy (&vault);
    return 0;
}

/* Of agencies 1 and 4, of which this is the latter. */
static void make_draw (void)
{
    char name[NOTE_KEY_NAME_BYTES_MAX + 1], line[NOTE_LINE_BYTES];
    uint8_t public_key[NOTE_PUBLIC_BYTES];
    open_agency_t agencies[2] = {{.agency = 1}, {.agency = 4}};
    size_t size;
    if (*open_note)
        return;
    MUST (signed_note_start () == 0);
    open_t open = {.origin = {"nacional", "noche"},
                   .highest = 9,
                   .closes_s = CLOSES_ALL_ASKED,
                   .commit_s = 600,
                   .least = 2,
                   .agencies = 2,
                   .of = agencies};
    note_key_pair (&operator, public_key);
    party_name (&open.origin, PARTY_OPERATOR, 0, name);
    MUST (note_key_make (name, public_key, &open.operator));
    for (size_t i = 0; i < 2; i++) {
        note_key_pair (&own, public_key);
        party_name (&open.origin, PARTY_AGENCY, agencies[i].agency, name);
        MUST (note_key_make (name, public_key, &agencies[i].key));
    }
    char *text = open_write (&open, &size);
    open_hash = statement_hash (bytes_of (text, size));
    signed_note_sign (bytes_of (text, size), &open.operator, & operator, line);
    MUST ((size_t) snprintf (open_note, sizeof open_note, "%s\n%s", text, line) <
          sizeof open_note);
    free (text);
}

static const char *keep (void *self, const char *name, bytes_t file)
{
    size_t *kept = self;
    if (strncmp (name, "faulty-", 7) == 0)
        return "it is there"; // each time that something does not hold
    MUST (*name && file.size > 0 && ++*kept <= VAULT_FILES);
    return NULL;
}

static void start (vault_t *vault)
{
    const vault_stake_t stake = {.tally = {.count = 3}};
    MUST (!vault_begin (vault, "noche", &open_hash, 9));
    MUST (!vault_take (vault, NOTE_OPEN, bytes_of (open_note, strlen (open_note))));
    MUST (!vault_commit (vault, &stake, &(nonce_t){{1}}, &(salt_key_t){{2}}));
}

/* The files of a folder, as they are found; the start ends at the first that is wrong.
 */
static void restore_all (vault_t *vault, bytes_t input)
{
    uint8_t letter;
    bytes_t file;
    while (take_section (&input, &letter, &file) &&
           (!strchr (KEPT, letter) || !vault_restore (vault, letter, file)))
        ;
    MUST (!vault_has (vault, NOTE_SEAL)); // nobody has signed one
}

static void send_all (vault_t *vault, bytes_t input)
{
    uint8_t letter;
    bytes_t file;
    start (vault);
    const wire_commit_t *committed = vault_commitment (vault);
    wire_commit_t before = *committed;
    uint8_t note[4096];
    MUST (before.note.size <= sizeof note);
    memcpy (note, before.note.data, before.note.size);
    before.note = bytes_of (note, before.note.size);
    while (take_section (&input, &letter, &file)) {
        if (strchr (SENT, letter))
            vault_take (vault, letter, file);
        check_commitment (vault, &before);
    }
    MUST (!vault_has (vault, NOTE_SEAL) && !vault_counts (vault)); // nothing to sign
}

static bool take_section (bytes_t *input, uint8_t *letter, bytes_t *file)
{
    if (input->size < 3)
        return false;
    const size_t wanted = (size_t) (input->data[1] << 8 | input->data[2]);
    const size_t length = wanted < input->size - 3 ? wanted : input->size - 3;
    *letter = input->data[0] ? input->data[0] : ' '; // for strchr ()
    *file = bytes_of (input->data + 3, length);
    *input = bytes_of (input->data + 3 + length, input->size - 3 - length);
    return true;
}

static void check_commitment (const vault_t *vault, const wire_commit_t *before)
{
    const wire_commit_t *now = vault_commitment (vault);
    MUST (bytes_equal (now->note, before->note));
    MUST (memcmp (now->salt_key, before->salt_key, sizeof now->salt_key) == 0);
    MUST (now->tally.count == before->tally.count);
}

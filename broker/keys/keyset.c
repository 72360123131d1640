/* keyset.c - makes folders of keys, and writes the roll: for loteria-keys. */

#include "keyset.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "signatures.h"
#include "text.h"
#include "whole_file.h"

struct keyset {
    char folder[PATH_MAX - 64]; // room for what is in it
    int lock;
    char new_folder[PATH_MAX]; // an agency's; "" for none
    char *text;                // of the roll
    size_t text_size;
    roll_t *roll;
};

typedef struct {
    const char *name, *peers[KEYRING_PEERS_MAX + 1];
} role_t;

static const role_t roles[] = {
    {"broker", {"worker", "storage", "state", "operator"}},
    {"worker", {"broker", "storage", "state"}},
    {"storage", {"worker", "state", "broker", "operator"}},
    {"state", {"storage", "worker", "broker", "operator"}},
    {"operator", {"broker", "storage", "state"}},
};
#define ROLES (sizeof roles / sizeof *roles)

static const char roll_head[] =
    "# agency  state    public keys                               name\n";

static int give_key (keyset_t *keyset, roll_entry_t *entry, const char *public_key,
                     char *why);
static int give_signing (const keyset_t *keyset, roll_entry_t *entry,
                         const uint8_t *key, char *why);
static int give_demo (const keyset_t *keyset, roll_entry_t *entry, char *why);
static const char *demo_folder (const keyset_t *keyset, uint32_t agency,
                                char folder[PATH_MAX]);
static int lock_folder (keyset_t *keyset, char *why);
static int read_roll (keyset_t *keyset, char *why);
static int parse_roll (keyset_t *keyset, char *text, size_t size, char *why);
static int make_folder (const keyset_t *keyset, const char *name, char *path,
                        char *why);
static int make_pair (const char *folder, key_pair_t *pair, char *why);
static int tell_agencies (const keyset_t *keyset, const char *broker_key, char *why);
static int make_agency (keyset_t *keyset, uint32_t agency, key_pair_t *pair, char *why);
static int name_entry (roll_entry_t *entry, const char *name, char *why);
static int add_key (const keyset_t *keyset, roll_entry_t *entry, const char *key,
                    char *why);
static const char *role_with (const keyset_t *keyset, const char *key);
static int change_roll (keyset_t *keyset, const roll_entry_t *entry, char *why);
static size_t line_at (const keyset_t *keyset, size_t line);
static int complain (char *why, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

keyset_t *keyset_open (const char *folder, bool make, char *why)
{
    keyset_t *keyset = calloc (1, sizeof *keyset);
    assert (keyset);
    keyset->lock = -1;
    int rc = 0;
    if (strlen (folder) >= sizeof keyset->folder)
        rc = complain (why, "%.64s...: the path is too long", folder);
    else
        strcpy (keyset->folder, folder);
    if (rc == 0 && make && file_make_directory (folder) == -1 && errno != EEXIST)
        rc = complain (why, "%s: %s", folder, strerror (errno));
    if (rc == 0)
        rc = lock_folder (keyset, why);
    if (rc == 0)
        rc = read_roll (keyset, why);
    if (rc == -1)
        keyset_close (&keyset);
    return keyset;
}

void keyset_close (keyset_t **keyset)
{
    if (*keyset) {
        if ((*keyset)->lock != -1)
            close ((*keyset)->lock);
        roll_destroy (&(*keyset)->roll);
        free ((*keyset)->text);
        free (*keyset);
    }
    *keyset = NULL;
}

int keyset_make (keyset_t *keyset, const char *name, char *why)
{
    key_pair_t pairs[ROLES];
    char folders[ROLES][PATH_MAX];
    int made = 0;
    for (size_t i = 0; i < ROLES; i++) {
        if (make_folder (keyset, roles[i].name, folders[i], why) == -1)
            return -1;
        made += !key_pair_there (folders[i]);
        if (make_pair (folders[i], &pairs[i], why) == -1)
            return -1;
    }
    for (size_t i = 0; i < ROLES; i++)
        for (size_t peer = 0; roles[i].peers[peer]; peer++)
            for (size_t j = 0; j < ROLES; j++)
                if (strcmp (roles[i].peers[peer], roles[j].name) == 0 &&
                    key_public_save (folders[i], roles[j].name, pairs[j].public_key,
                                     why) == -1)
                    return -1;
    const int signing = signatures_make (keyset->folder, name, why);
    if (signing == -1 || tell_agencies (keyset, pairs[0].public_key, why) == -1)
        return -1;
    made += signing;
    const bytes_t head = bytes_of (roll_head, sizeof roll_head - 1);
    if (whole_file_save (folders[0], ROLL_FILE, head, false) == -1 && errno != EEXIST)
        return complain (why, "%s/%s: %s", folders[0], ROLL_FILE, strerror (errno));
    if (!keyset->roll && read_roll (keyset, why) == -1)
        return -1;
    return signatures_list (keyset->folder, keyset->roll, why) == -1 ? -1 : made;
}

int keyset_enroll (keyset_t *keyset, const enrolment_t *enrolment, char *why)
{
    const uint32_t agency = enrolment->agency;
    roll_entry_t entry = {.agency = agency};
    const roll_entry_t *before =
        keyset->roll ? roll_agency (keyset->roll, agency) : NULL;
    *keyset->new_folder = 0;
    if (!keyset->roll)
        return complain (why,
                         "%s: no central's keys there; loteria-keys new makes them",
                         keyset->folder);
    if (before)
        entry = *before;
    if (!entry.enabled) {
        entry.keys = 0;
        entry.signs = entry.demo = false;
    }
    entry.enabled = true;
    if ((enrolment->name && name_entry (&entry, enrolment->name, why) == -1) ||
        (enrolment->signing_key &&
         give_signing (keyset, &entry, enrolment->signing_key, why) == -1))
        return -1;
    const bool only_signs = !enrolment->public_key && entry.keys > 0 &&
                            (enrolment->signing_key || enrolment->demo);
    if (!only_signs && give_key (keyset, &entry, enrolment->public_key, why) == -1)
        return -1;
    if (enrolment->demo && give_demo (keyset, &entry, why) == -1)
        return -1;
    return change_roll (keyset, &entry, why);
}

int keyset_make_demo (keyset_t *keyset, char *why)
{
    char folder[PATH_MAX];
    int made = 0;
    for (size_t i = 0; keyset->roll && i < roll_size (keyset->roll); i++) {
        const roll_entry_t *entry = roll_at (keyset->roll, i);
        const enrolment_t enrolment = {.agency = entry->agency, .demo = true};
        if (!entry->enabled || entry->signs ||
            !key_pair_there (demo_folder (keyset, entry->agency, folder)))
            continue;
        if (keyset_enroll (keyset, &enrolment, why) == -1)
            return -1;
        made++;
    }
    return made;
}

const char *keyset_new_folder (const keyset_t *keyset)
{
    return keyset->new_folder;
}

int keyset_revoke (keyset_t *keyset, uint32_t agency, const char *public_key, char *why)
{
    const roll_entry_t *before =
        keyset->roll ? roll_agency (keyset->roll, agency) : NULL;
    if (!before)
        return complain (why, "agency %u is not enrolled", agency);
    roll_entry_t entry = *before;
    size_t place = 0;
    while (public_key && place < entry.keys &&
           strcmp (entry.key[place], public_key) != 0)
        place++;
    if (public_key && place == entry.keys)
        return complain (why, "agency %u has no such key", agency);
    if (!public_key || entry.keys == 1)
        entry.enabled = false; // the key stays on record, and cannot be used again
    else {
        entry.keys--;
        memmove (entry.key[place], entry.key[place + 1],
                 (entry.keys - place) * sizeof *entry.key);
    }
    return change_roll (keyset, &entry, why);
}

const roll_t *keyset_roll (const keyset_t *keyset)
{
    return keyset->roll;
}

int keyset_pair (const char *folder, key_pair_t *pair, signing_pair_t *signing,
                 char *why)
{
    if (file_make_directory (folder) == -1 && errno != EEXIST)
        return complain (why, "%s: %s", folder, strerror (errno));
    const bool signs = signing_pair_there (folder);
    if (signs && key_pair_there (folder))
        return complain (why,
                         "%s: both pairs are there, and stay; loteria-keys show "
                         "prints what is public of them",
                         folder);
    if (make_pair (folder, pair, why) == -1)
        return -1;
    return signs ? signing_pair_load (folder, signing, why)
                 : signing_pair_create (folder, signing, why);
}

static int give_key (keyset_t *keyset, roll_entry_t *entry, const char *public_key,
                     char *why)
{
    key_pair_t pair;
    if (entry->keys == ROLL_KEYS_MAX)
        return complain (why,
                         "agency %u has %d keys: revoke the old one first "
                         "(loteria-keys revoke %u --public-key ...)",
                         entry->agency, ROLL_KEYS_MAX, entry->agency);
    if (!public_key && make_agency (keyset, entry->agency, &pair, why) == -1)
        return -1;
    return add_key (keyset, entry, public_key ? public_key : pair.public_key, why);
}

static int give_signing (const keyset_t *keyset, roll_entry_t *entry,
                         const uint8_t *key, char *why)
{
    if (signatures_check (keyset->folder, keyset->roll, key, why) == -1)
        return -1;
    memcpy (entry->signing, key, sizeof entry->signing);
    entry->signs = true;
    entry->demo = false;
    return 0;
}

/* In the folder that it was given now, or long ago. */
static int give_demo (const keyset_t *keyset, roll_entry_t *entry, char *why)
{
    char folder[PATH_MAX];
    return signatures_make_demo (*keyset->new_folder
                                     ? keyset->new_folder
                                     : demo_folder (keyset, entry->agency, folder),
                                 entry, why);
}

static const char *demo_folder (const keyset_t *keyset, uint32_t agency,
                                char folder[PATH_MAX])
{
    snprintf (folder, PATH_MAX, "%s/agency-%u", keyset->folder, agency);
    return folder;
}

static int lock_folder (keyset_t *keyset, char *why)
{
    keyset->lock = open (keyset->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (keyset->lock == -1 || flock (keyset->lock, LOCK_EX) == -1)
        return complain (why, "%s: %s%s", keyset->folder, strerror (errno),
                         errno == ENOENT ? "; loteria-keys new makes a set of keys, "
                                           "--keys says where it is"
                                         : "");
    return 0;
}

/* None at all is fine: the set has yet to be made. */
static int read_roll (keyset_t *keyset, char *why)
{
    char path[PATH_MAX];
    size_t size;
    snprintf (path, sizeof path, "%s/broker/%s", keyset->folder, ROLL_FILE);
    char *text = whole_file_read (path, ROLL_BYTES_MAX, &size);
    if (!text && errno == ENOENT)
        return 0;
    if (!text)
        return complain (why, "%s: %s", path, strerror (errno));
    return parse_roll (keyset, text, size, why);
}

/* Takes ownership of `text`. */
static int parse_roll (keyset_t *keyset, char *text, size_t size, char *why)
{
    char reason[KEYS_WHY_BYTES];
    roll_t *roll = roll_parse (bytes_of (text, size), reason);
    if (!roll) {
        free (text);
        return complain (why, "%s/broker/%s: %.500s", keyset->folder, ROLL_FILE,
                         reason);
    }
    roll_destroy (&keyset->roll);
    free (keyset->text);
    keyset->roll = roll;
    keyset->text = text;
    keyset->text_size = size;
    return 0;
}

static int make_folder (const keyset_t *keyset, const char *name, char *path, char *why)
{
    snprintf (path, PATH_MAX, "%s/%s", keyset->folder, name);
    if (file_make_directory (path) == -1 && errno != EEXIST)
        return complain (why, "%s: %s", path, strerror (errno));
    return 0;
}

/* The pair that is there, or else a new one. */
static int make_pair (const char *folder, key_pair_t *pair, char *why)
{
    if (key_pair_there (folder))
        return key_pair_load (folder, pair, why);
    key_pair_make (pair);
    return key_pair_save (folder, pair, why);
}

/* The broker may have a new key, which the agencies' folders need too; and the
   operator, to sign with. */
static int tell_agencies (const keyset_t *keyset, const char *broker_key, char *why)
{
    char folder[PATH_MAX], unused[KEYS_WHY_BYTES], key[KEY_TEXT_BYTES];
    DIR *listing = opendir (keyset->folder);
    if (!listing)
        return complain (why, "%s: %s", keyset->folder, strerror (errno));
    int rc = 0;
    const struct dirent *entry;
    while (rc == 0 && (entry = readdir (listing))) {
        snprintf (folder, sizeof folder, "%s/%.60s", keyset->folder, entry->d_name);
        if (strncmp (entry->d_name, "agency-", strlen ("agency-")) != 0 ||
            !key_pair_there (folder))
            continue;
        if (key_public_load (folder, "broker", key, unused) == -1 ||
            strcmp (key, broker_key) != 0)
            rc = key_public_save (folder, "broker", broker_key, why);
        if (rc == 0)
            rc = signatures_tell (keyset->folder, folder, why);
    }
    closedir (listing);
    return rc;
}

/* A folder for agency N, or for its next key: agency-N, agency-N-2, ... An existing one
   without a key (a mounted volume) will do. */
static int make_agency (keyset_t *keyset, uint32_t agency, key_pair_t *pair, char *why)
{
    char name[32], folder[PATH_MAX];
    key_pair_t broker;
    char broker_folder[PATH_MAX];
    snprintf (broker_folder, sizeof broker_folder, "%s/broker", keyset->folder);
    if (key_pair_load (broker_folder, &broker, why) == -1)
        return -1;
    snprintf (name, sizeof name, "agency-%u", agency);
    for (unsigned copy = 2;; copy++) {
        snprintf (folder, sizeof folder, "%s/%s", keyset->folder, name);
        if (file_make_directory (folder) == 0 ||
            (errno == EEXIST && !key_pair_there (folder)))
            break;
        if (errno != EEXIST || copy > 9999)
            return complain (why, "%s: %s", folder, strerror (errno));
        snprintf (name, sizeof name, "agency-%u-%u", agency, copy);
    }
    key_pair_make (pair);
    if (key_pair_save (folder, pair, why) == -1)
        return -1;
    strcpy (keyset->new_folder, folder);
    if (key_public_save (folder, "broker", broker.public_key, why) == -1)
        return -1;
    return signatures_tell (keyset->folder, folder, why);
}

static int name_entry (roll_entry_t *entry, const char *name, char *why)
{
    if (strlen (name) > ROLL_NAME_BYTES_MAX)
        return complain (why, "the name is longer than %d bytes", ROLL_NAME_BYTES_MAX);
    uint32_t character;
    char explanation[TEXT_EXPLANATION_BYTES];
    const text_fault_t fault = text_check (bytes_of (name, strlen (name)), &character);
    if (fault != TEXT_GOOD)
        return complain (why, "the name has %s",
                         text_explain (fault, character, explanation));
    if (roll_name_is_key (bytes_of (name, strlen (name))))
        return complain (why, "the name begins as a signing key does");
    strcpy (entry->name, name);
    return 0;
}

static int add_key (const keyset_t *keyset, roll_entry_t *entry, const char *key,
                    char *why)
{
    if (!key_sound (key))
        return complain (why, "--public-key: not a key of %d Z85 characters",
                         KEY_TEXT_BYTES - 1);
    const char *role = role_with (keyset, key);
    if (role)
        return complain (why, "this is the key of the central's %s", role);
    const roll_entry_t *owner = roll_owner (keyset->roll, key);
    if (owner)
        return complain (why, "agency %u already has this key%s", owner->agency,
                         owner->enabled ? "" : ", which was revoked");
    memcpy (entry->key[entry->keys++], key, KEY_TEXT_BYTES);
    return 0;
}

/* With such a key an agency could pose as a part of the central. */
static const char *role_with (const keyset_t *keyset, const char *key)
{
    char folder[PATH_MAX], why[KEYS_WHY_BYTES];
    key_pair_t pair;
    for (size_t i = 0; i < ROLES; i++) {
        snprintf (folder, sizeof folder, "%s/%s", keyset->folder, roles[i].name);
        if (key_pair_load (folder, &pair, why) == 0 &&
            strcmp (pair.public_key, key) == 0)
            return roles[i].name;
    }
    return NULL;
}

/* The agency's line replaces its old one; everything else stays, comments too. What is
   written has been parsed first. State's list of who signs comes before it: whoever
   repeats what a crash cut short finds the roll as it was, and mends both. */
static int change_roll (keyset_t *keyset, const roll_entry_t *entry, char *why)
{
    char line[ROLL_LINE_BYTES_MAX + 1], folder[PATH_MAX];
    const size_t size = roll_write (entry, line);
    const size_t start =
        entry->line ? line_at (keyset, entry->line) : keyset->text_size;
    const size_t end = entry->line ? line_at (keyset, entry->line + 1) : start;
    const bool open = start > 0 && keyset->text[start - 1] != '\n';
    const size_t total = keyset->text_size - (end - start) + size + open;
    char *text = malloc (total + 1);
    assert (text);
    uint8_t *at = put_bytes ((uint8_t *) text, bytes_of (keyset->text, start));
    if (open)
        at = put_u8 (at, '\n');
    at = put_bytes (at, bytes_of (line, size));
    put_bytes (at, bytes_of (keyset->text + end, keyset->text_size - end));
    if (parse_roll (keyset, text, total, why) == -1)
        return -1;
    if (signatures_list (keyset->folder, keyset->roll, why) == -1)
        return -1;
    snprintf (folder, sizeof folder, "%s/broker", keyset->folder);
    if (whole_file_save (folder, ROLL_FILE, bytes_of (text, total), true) == -1)
        return complain (why, "%s/%s: %s", folder, ROLL_FILE, strerror (errno));
    return 0;
}

/* Where the line with this number, from 1, begins. */
static size_t line_at (const keyset_t *keyset, size_t line)
{
    size_t at = 0;
    for (size_t number = 1; number < line && at < keyset->text_size; number++) {
        const char *end = memchr (keyset->text + at, '\n', keyset->text_size - at);
        at = end ? (size_t) (end - keyset->text) + 1 : keyset->text_size;
    }
    return at;
}

static int complain (char *why, const char *format, ...)
{
    va_list values;
    va_start (values, format);
    vsnprintf (why, KEYS_WHY_BYTES, format, values);
    va_end (values);
    return -1;
}

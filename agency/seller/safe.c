/* safe.c - a vault's files and keys (agency). */

#include "safe.h"

#include "file.h"
#include "signing.h"
#include "whole_file.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct safe {
    char *folder;
    vault_t *vault;
    char why[VAULT_WHY_BYTES];
};

static bool load_keys (const char *keys, vault_options_t *options, char *why);
static bool read_files (safe_t *safe, char *why);
static bool read_one (safe_t *safe, size_t index, char *why);
static const char *keep (void *self, const char *name, bytes_t file);

safe_t *safe_open (const char *folder, const char *keys, uint32_t agency,
                   char why[SAFE_WHY_BYTES], bool *sound)
{
    vault_options_t options = {.agency = agency, .folder = folder, .keep = keep};
    *sound = true;
    if (!load_keys (keys, &options, why))
        return NULL;
    safe_t *safe = calloc (1, sizeof *safe);
    assert (safe);
    safe->folder = strdup (folder);
    assert (safe->folder);
    options.self = safe;
    safe->vault = vault_new (&options);
    sodium_memzero (&options, sizeof options);
    *sound = read_files (safe, why);
    if (!*sound)
        safe_close (&safe);
    return safe;
}

bool safe_could (const char *folder, const char *keys, char why[SAFE_WHY_BYTES])
{
    vault_options_t options = {0};
    const bool signs = load_keys (keys, &options, why);
    sodium_memzero (&options, sizeof options);
    if (signs && !folder)
        snprintf (why, SAFE_WHY_BYTES,
                  "give a folder for its bets and what is signed with --receipts");
    return signs && folder;
}

static bool load_keys (const char *keys, vault_options_t *options, char *why)
{
    char reason[KEYS_WHY_BYTES];
    signing_pair_t pair;
    signing_operator_t who;
    if (!keys || !signing_pair_there (keys)) {
        snprintf (why, SAFE_WHY_BYTES,
                  "it signs with a key of its own, which loteria-keys pair makes: give "
                  "the folder that has " SIGNING_FILE " with --keys, and a folder for "
                  "what is signed with --receipts");
        return false;
    }
    if (signing_pair_load (keys, &pair, reason) == -1 ||
        signing_operator_load (keys, &who, reason) == -1) {
        snprintf (why, SAFE_WHY_BYTES, "%s", reason);
        return false;
    }
    options->secret = pair.secret;
    memcpy (options->operator_key, who.public_key, sizeof options->operator_key);
    memcpy (options->central, who.central, sizeof options->central);
    sodium_memzero (&pair, sizeof pair);
    return true;
}

/* The run that made one of them may have been killed before it had synced the folder:
   none is to be gone after a power cut from which something has followed. */
static bool read_files (safe_t *safe, char *why)
{
    for (size_t i = 0; i < VAULT_FILES; i++)
        if (!read_one (safe, i, why))
            return false;
    if (file_sync_directory (safe->folder) == 0)
        return true;
    snprintf (why, SAFE_WHY_BYTES, "%.300s: cannot be synced: %s", safe->folder,
              strerror (errno));
    return false;
}

static bool read_one (safe_t *safe, size_t index, char *why)
{
    char name[VAULT_NAME_BYTES], path[PATH_MAX];
    size_t size;
    const uint8_t which = vault_file (safe->vault, index, name);
    snprintf (path, sizeof path, "%.*s/%s", PATH_MAX - VAULT_NAME_BYTES - 1,
              safe->folder, name);
    char *text = whole_file_read (path, PAPER_BYTES_MAX, &size);
    if (!text && errno == ENOENT)
        return true;
    const char *fault = text ? vault_restore (safe->vault, which, bytes_of (text, size))
                             : strerror (errno);
    if (fault)
        snprintf (why, SAFE_WHY_BYTES, "%.150s/%s: %s", safe->folder, name, fault);
    if (text)
        sodium_memzero (text, size);
    free (text);
    return fault == NULL;
}

void safe_close (safe_t **safe)
{
    if (*safe == NULL)
        return;
    vault_destroy (&(*safe)->vault);
    free ((*safe)->folder);
    free (*safe);
    *safe = NULL;
}

vault_t *safe_vault (const safe_t *safe)
{
    return safe->vault;
}

/* A file of this name stays as it is, whoever wrote it. */
static const char *keep (void *self, const char *name, bytes_t file)
{
    safe_t *safe = self;
    if (whole_file_save (safe->folder, name, file, false) == 0)
        return NULL;
    snprintf (safe->why, sizeof safe->why, "%.300s/%s: cannot be written: %s",
              safe->folder, name, strerror (errno));
    return safe->why;
}

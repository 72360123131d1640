/* fuzz_roll.c - any text as the roll of agencies, and as a file of keys. What is a roll
   can be written line by line, and means the same then. And as a file of who signs,
   which has one spelling. */

#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "roll.h"

static void check_roll (bytes_t text);
static void check_same (const roll_t *one, const roll_t *two);
static void check_keys (bytes_t text);
static void check_signers (bytes_t text);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    check_roll (bytes_of (data, size));
    check_keys (bytes_of (data, size));
    return 0;
}

static void check_roll (bytes_t text)
{
    char why[KEYS_WHY_BYTES], line[ROLL_LINE_BYTES_MAX + 1];
    roll_t *roll = roll_parse (text, why);
    if (!roll) {
        MUST (strncmp (why, "line ", 5) == 0);
        return;
    }
    const size_t entries = roll_size (roll);
    char *written = malloc (entries * ROLL_LINE_BYTES_MAX + 1);
    MUST (written);
    size_t size = 0;
    for (size_t i = 0; i < entries; i++) {
        const size_t more = roll_write (roll_at (roll, i), line);
        MUST (more <= ROLL_LINE_BYTES_MAX);
        memcpy (written + size, line, more);
        size += more;
    }
    roll_t *again = roll_parse (bytes_of (written, size), why);
    MUST (again);
    check_same (roll, again);
    roll_destroy (&again);
    roll_destroy (&roll);
    free (written);
}

static void check_same (const roll_t *one, const roll_t *two)
{
    MUST (roll_size (one) == roll_size (two));
    for (size_t i = 0; i < roll_size (one); i++) {
        const roll_entry_t *entry = roll_at (one, i);
        const roll_entry_t *other = roll_agency (two, entry->agency);
        MUST (other && other->enabled == entry->enabled && other->keys == entry->keys);
        MUST (strcmp (other->name, entry->name) == 0);
        MUST (other->signs == entry->signs && other->demo == entry->demo);
        MUST (memcmp (other->signing, entry->signing, sizeof entry->signing) == 0);
        for (size_t key = 0; key < entry->keys; key++)
            MUST (roll_find (two, entry->key[key]) ==
                  (entry->enabled ? entry->agency : 0));
        MUST (roll_keeps (two, entry) && roll_keeps (one, other));
    }
}

static void check_keys (bytes_t text)
{
    static char folder[] = "/tmp/loteria-fuzz-XXXXXX", path[64];
    char why[KEYS_WHY_BYTES], key[KEY_TEXT_BYTES];
    key_pair_t pair;
    if (!path[0]) {
        MUST (mkdtemp (folder));
        snprintf (path, sizeof path, "%s/%s", folder, KEYS_SECRET);
    }
    const int file = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MUST (file != -1 && write (file, text.data, text.size) == (ssize_t) text.size);
    close (file);
    if (key_pair_load (folder, &pair, why) == 0) {
        MUST (key_sound (pair.public_key) && key_sound (pair.secret_key));
        MUST (key_public_load (folder, "secret", key, why) == 0);
        MUST (strcmp (key, pair.public_key) == 0);
    }
    unlink (path);
    check_signers (text);
}

static void check_signers (bytes_t text)
{
    char why[KEYS_WHY_BYTES];
    signers_t signers;
    size_t size;
    if (signers_parse (text, &signers, why) == -1) {
        MUST (strncmp (why, "line ", 5) == 0);
        return;
    }
    char *again = signers_write (&signers, &size);
    MUST (bytes_equal (text, bytes_of (again, size)));
    for (size_t i = 0; i < signers.size; i++)
        MUST (signers_find (&signers, signers.of[i].agency) == &signers.of[i]);
    free (again);
    signers_clear (&signers);
}

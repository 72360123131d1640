/* keys.c - reads and writes key files: for the gate of every process, and for
   loteria-keys. */

#include "keys.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "key_file.h"

static int read_key (zconfig_t *tree, const char *folder, const char *name,
                     const char *item, char key[KEY_TEXT_BYTES], char *why);
static bool belong_together (const key_pair_t *pair);

bool key_sound (const char *text)
{
    uint8_t key[KEY_BYTES];
    return strlen (text) == KEY_TEXT_BYTES - 1 && zmq_z85_decode (key, text) != NULL;
}

void key_pair_make (key_pair_t *pair)
{
    const int rc = zmq_curve_keypair (pair->public_key, pair->secret_key);
    assert (rc == 0); // this libzmq has CURVE
}

bool key_pair_there (const char *folder)
{
    char path[KEY_FILE_PATH_BYTES], why[KEYS_WHY_BYTES];
    return key_file_path (path, folder, KEYS_SECRET, why) == 0 &&
           access (path, F_OK) == 0;
}

int key_pair_load (const char *folder, key_pair_t *pair, char *why)
{
    zconfig_t *tree = key_file_load (folder, KEYS_SECRET, true, why);
    if (!tree)
        return -1;
    int rc = read_key (tree, folder, KEYS_SECRET, "public-key", pair->public_key, why);
    if (rc == 0)
        rc = read_key (tree, folder, KEYS_SECRET, "secret-key", pair->secret_key, why);
    zconfig_destroy (&tree);
    if (rc == 0 && !belong_together (pair))
        rc = key_file_damaged (why, folder, KEYS_SECRET,
                               "its secret key does not match its public key");
    return rc;
}

int key_public_load (const char *folder, const char *name, char key[KEY_TEXT_BYTES],
                     char *why)
{
    char file[NAME_MAX];
    snprintf (file, sizeof file, "%s.key", name);
    zconfig_t *tree = key_file_load (folder, file, false, why);
    if (!tree)
        return -1;
    const int rc = read_key (tree, folder, file, "public-key", key, why);
    zconfig_destroy (&tree);
    return rc;
}

int key_pair_save (const char *folder, const key_pair_t *pair, char *why)
{
    char text[512];
    snprintf (text, sizeof text,
              "#   A CURVE key pair. Whoever has this file can act as its owner.\n"
              "curve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n",
              pair->public_key, pair->secret_key);
    return key_file_save (folder, KEYS_SECRET, text, false, why);
}

int key_public_save (const char *folder, const char *name, const char *key, char *why)
{
    char text[512], file[NAME_MAX];
    snprintf (file, sizeof file, "%s.key", name);
    snprintf (text, sizeof text,
              "#   The public CURVE key of %s.\ncurve\n    public-key = \"%s\"\n", name,
              key);
    return key_file_save (folder, file, text, true, why);
}

int keyring_load (keyring_t *ring, const char *folder, const char *const *peers,
                  char *why)
{
    memset (ring, 0, sizeof *ring);
    if (key_pair_load (folder, &ring->own, why) == -1)
        return -1;
    for (; *peers; peers++)
        if (keyring_add (ring, folder, *peers, why) == -1)
            return -1;
    return 0;
}

int keyring_add (keyring_t *ring, const char *folder, const char *peer, char *why)
{
    char key[KEY_TEXT_BYTES], file[NAME_MAX];
    if (key_public_load (folder, peer, key, why) == -1)
        return -1;
    snprintf (file, sizeof file, "%s.key", peer);
    if (keyring_has (ring, key))
        return key_file_complain (why, folder, file,
                                  "another file in the folder has the same key");
    assert (ring->peers < KEYRING_PEERS_MAX);
    ring->peer_names[ring->peers] = peer;
    memcpy (ring->peer_keys[ring->peers++], key, sizeof key);
    return 0;
}

bool key_public_there (const char *folder, const char *name)
{
    char file[NAME_MAX];
    snprintf (file, sizeof file, "%s.key", name);
    return key_file_there (folder, file);
}

const char *keyring_peer (const keyring_t *ring, const char *name)
{
    for (size_t i = 0; i < ring->peers; i++)
        if (strcmp (ring->peer_names[i], name) == 0)
            return ring->peer_keys[i];
    assert (false);
    return NULL;
}

bool keyring_has (const keyring_t *ring, const char *key)
{
    if (strcmp (ring->own.public_key, key) == 0)
        return true;
    for (size_t i = 0; i < ring->peers; i++)
        if (strcmp (ring->peer_keys[i], key) == 0)
            return true;
    return false;
}

static int read_key (zconfig_t *tree, const char *folder, const char *name,
                     const char *item, char key[KEY_TEXT_BYTES], char *why)
{
    char place[32], problem[64];
    snprintf (place, sizeof place, "curve/%s", item);
    const char *text = zconfig_get (tree, place, NULL);
    if (text && key_sound (text)) {
        memcpy (key, text, KEY_TEXT_BYTES);
        return 0;
    }
    snprintf (problem, sizeof problem, "%s %s", text ? "no key in" : "without", place);
    return key_file_damaged (why, folder, name, problem); // and never what is there
}

static bool belong_together (const key_pair_t *pair)
{
    char public_key[KEY_TEXT_BYTES];
    return zmq_curve_public (public_key, pair->secret_key) == 0 &&
           strcmp (public_key, pair->public_key) == 0;
}

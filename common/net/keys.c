/* keys.c - reads and writes key files: for the gate of every process, and for
   loteria-keys. */

#include "keys.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_file.h"
#include "whole_file.h"

#define PATH_BYTES 4096

static int make_path (char *path, const char *folder, const char *name, char *why);
static int only_ours (const char *path, char *why);
static int read_key (zconfig_t *tree, const char *path, const char *item,
                     char key[KEY_TEXT_BYTES], char *why);
static bool belong_together (const key_pair_t *pair);
static int save (const char *folder, const char *name, const char *text, bool replace,
                 char *why);
static int complain (char *why, const char *path, const char *what);

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
    char path[PATH_BYTES], why[KEYS_WHY_BYTES];
    return make_path (path, folder, KEYS_SECRET, why) == 0 && access (path, F_OK) == 0;
}

int key_pair_load (const char *folder, key_pair_t *pair, char *why)
{
    char path[PATH_BYTES], reason[CONFIG_REASON_BYTES];
    if (make_path (path, folder, KEYS_SECRET, why) == -1 || only_ours (path, why) == -1)
        return -1;
    zconfig_t *tree = config_file_load (path, reason);
    if (!tree)
        return complain (why, path, reason);
    int rc = read_key (tree, path, "public-key", pair->public_key, why);
    if (rc == 0)
        rc = read_key (tree, path, "secret-key", pair->secret_key, why);
    zconfig_destroy (&tree);
    if (rc == 0 && !belong_together (pair))
        rc = complain (why, path, "its secret key does not match its public key");
    return rc;
}

int key_public_load (const char *folder, const char *name, char key[KEY_TEXT_BYTES],
                     char *why)
{
    char path[PATH_BYTES], file[NAME_MAX], reason[CONFIG_REASON_BYTES];
    snprintf (file, sizeof file, "%s.key", name);
    if (make_path (path, folder, file, why) == -1)
        return -1;
    zconfig_t *tree = config_file_load (path, reason);
    if (!tree)
        return complain (why, path, reason);
    const int rc = read_key (tree, path, "public-key", key, why);
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
    return save (folder, KEYS_SECRET, text, false, why);
}

int key_public_save (const char *folder, const char *name, const char *key, char *why)
{
    char text[512], file[NAME_MAX];
    snprintf (file, sizeof file, "%s.key", name);
    snprintf (text, sizeof text,
              "#   The public CURVE key of %s.\ncurve\n    public-key = \"%s\"\n", name,
              key);
    return save (folder, file, text, true, why);
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
    char key[KEY_TEXT_BYTES], path[PATH_BYTES];
    if (key_public_load (folder, peer, key, why) == -1)
        return -1;
    snprintf (path, sizeof path, "%s/%s.key", folder, peer);
    if (keyring_has (ring, key))
        return complain (why, path, "another file in the folder has the same key");
    assert (ring->peers < KEYRING_PEERS_MAX);
    ring->peer_names[ring->peers] = peer;
    memcpy (ring->peer_keys[ring->peers++], key, sizeof key);
    return 0;
}

bool key_public_there (const char *folder, const char *name)
{
    char path[PATH_BYTES];
    struct stat about;
    snprintf (path, sizeof path, "%s/%s.key", folder, name);
    return stat (path, &about) == 0 || errno != ENOENT;
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

static int make_path (char *path, const char *folder, const char *name, char *why)
{
    const int size = snprintf (path, PATH_BYTES, "%s/%s", folder, name);
    return size < PATH_BYTES ? 0 : complain (why, folder, "the path is too long");
}

static int only_ours (const char *path, char *why)
{
    struct stat about;
    if (stat (path, &about) == -1)
        return complain (why, path, strerror (errno));
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return complain (why, path, "others than its owner can read it; chmod 600");
    return 0;
}

static int read_key (zconfig_t *tree, const char *path, const char *item,
                     char key[KEY_TEXT_BYTES], char *why)
{
    char place[32], problem[64];
    snprintf (place, sizeof place, "curve/%s", item);
    const char *text = zconfig_get (tree, place, NULL);
    if (text && key_sound (text)) {
        memcpy (key, text, KEY_TEXT_BYTES);
        return 0;
    }
    snprintf (problem, sizeof problem, "%s %s", text ? "no key in" : "without", place);
    return complain (why, path, problem); // and never what is there
}

static bool belong_together (const key_pair_t *pair)
{
    char public_key[KEY_TEXT_BYTES];
    return zmq_curve_public (public_key, pair->secret_key) == 0 &&
           strcmp (public_key, pair->public_key) == 0;
}

static int save (const char *folder, const char *name, const char *text, bool replace,
                 char *why)
{
    char path[PATH_BYTES];
    if (make_path (path, folder, name, why) == -1)
        return -1;
    if (whole_file_save (folder, name, bytes_of (text, strlen (text)), replace) == -1)
        return complain (why, path, strerror (errno));
    return 0;
}

static int complain (char *why, const char *path, const char *what)
{
    snprintf (why, KEYS_WHY_BYTES, "%.500s: %.500s", path, what);
    return -1;
}

/* keys.h - CURVE keys (ZeroMQ RFC 26), and the folder in which a process finds its own
   key pair and the public keys of its peers.

     FOLDER/secret.key   its pair, for its own eyes: mode 0600
     FOLDER/NAME.key     the public key of NAME

   Files are ZPL, as czmq's zcert writes them: a section `curve` with `public-key` and,
   in a pair, `secret-key`, in Z85 (RFC 32). */

#ifndef LOTERIA_KEYS_H
#define LOTERIA_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#define KEY_BYTES         32
#define KEY_TEXT_BYTES    41 // 40 characters of Z85 and a zero
#define KEYS_WHY_BYTES    1024
#define KEYRING_PEERS_MAX 4
#define KEYS_SECRET       "secret.key"

typedef struct {
    char public_key[KEY_TEXT_BYTES];
    char secret_key[KEY_TEXT_BYTES];
} key_pair_t;

typedef struct { // what a process has in its folder
    key_pair_t own;
    size_t peers;
    const char *peer_names[KEYRING_PEERS_MAX]; // borrowed
    char peer_keys[KEYRING_PEERS_MAX][KEY_TEXT_BYTES];
} keyring_t;

/* Whether it is a key of 40 characters. */
bool key_sound (const char *text);

/* A new pair. */
void key_pair_make (key_pair_t *pair);

/* Whether the folder has a pair, sound or not. */
bool key_pair_there (const char *folder);

/* Each returns 0, or -1 with the file and what is wrong with it in `why`, which has
   KEYS_WHY_BYTES. A pair is refused when others may read the file, when it is
   malformed, or when its two keys do not belong together. */
int key_pair_load (const char *folder, key_pair_t *pair, char *why);
int key_public_load (const char *folder, const char *name, char key[KEY_TEXT_BYTES],
                     char *why);

/* Write DIRECTORY/secret.key, mode 0600, which must not be there yet; and NAME.key.
   Both appear whole or not at all. */
int key_pair_save (const char *folder, const key_pair_t *pair, char *why);
int key_public_save (const char *folder, const char *name, const char *key, char *why);

/* The folder's pair and the public keys of `peers` (ended by NULL, borrowed), no two of
   which may be the same. */
int keyring_load (keyring_t *ring, const char *folder, const char *const *peers,
                  char *why);

/* One more peer; and whether there is a file with its key, sound or not. */
int keyring_add (keyring_t *ring, const char *folder, const char *peer, char *why);
bool key_public_there (const char *folder, const char *name);

/* The public key of a peer, which must be one of those asked for. Borrowed. */
const char *keyring_peer (const keyring_t *ring, const char *name);

/* Whether it is the process's own public key, or one of its peers'. */
bool keyring_has (const keyring_t *ring, const char *key);

#endif

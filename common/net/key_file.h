/* key_file.h - files with one key each, in ZPL: a section with the key's parts. What
   keys.c (CURVE) and signing.c (Ed25519) share.

   Each returns 0, or -1 with the file and what is wrong with it in `why`, which has
   KEYS_WHY_BYTES; that never has what is in the file. */

#ifndef LOTERIA_KEY_FILE_H
#define LOTERIA_KEY_FILE_H

#include <czmq.h>

#include "keys.h"

#define KEY_FILE_PATH_BYTES 4096

/* FOLDER/NAME. */
int key_file_path (char path[KEY_FILE_PATH_BYTES], const char *folder, const char *name,
                   char *why);

/* Whether there is such a file, sound or not. */
bool key_file_there (const char *folder, const char *name);

/* The file's tree, for zconfig_destroy (); NULL with `why`. A secret one is refused
   when others than its owner can read it. */
zconfig_t *key_file_load (const char *folder, const char *name, bool secret, char *why);

/* Whole or not at all, mode 0600, and durable. Unless `replace`, an existing one stays,
   and that is an error. */
int key_file_save (const char *folder, const char *name, const char *text, bool replace,
                   char *why);

/* -1: the file could not be read, as `error` of errno has it; and what to do. */
int key_file_unread (char *why, const char *folder, const char *name, int error);

/* -1: what is in it is not what loteria-keys writes, and what to do. */
int key_file_damaged (char *why, const char *folder, const char *name,
                      const char *what);

/* -1, with "FOLDER/NAME: what" in `why`. */
int key_file_complain (char *why, const char *folder, const char *name,
                       const char *what);

#endif

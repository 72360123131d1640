/* key_file.c - reads and writes files with a key: for the gate of every process, for
   who signs, and for loteria-keys. */

#include "key_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "config_file.h"
#include "signing.h"
#include "whole_file.h"

static int look_at (const char *folder, const char *name, bool secret, char *why);
static const char *maker_of (const char *name);
static int complain (char *why, const char *path, const char *what);

int key_file_path (char path[KEY_FILE_PATH_BYTES], const char *folder, const char *name,
                   char *why)
{
    const int size = snprintf (path, KEY_FILE_PATH_BYTES, "%s/%s", folder, name);
    return size < KEY_FILE_PATH_BYTES ? 0
                                      : complain (why, folder, "the path is too long");
}

bool key_file_there (const char *folder, const char *name)
{
    char path[KEY_FILE_PATH_BYTES], why[KEYS_WHY_BYTES];
    struct stat about;
    return key_file_path (path, folder, name, why) == 0 &&
           (stat (path, &about) == 0 || errno != ENOENT);
}

zconfig_t *key_file_load (const char *folder, const char *name, bool secret, char *why)
{
    char path[KEY_FILE_PATH_BYTES], reason[CONFIG_REASON_BYTES];
    if (key_file_path (path, folder, name, why) == -1 ||
        look_at (folder, name, secret, why) == -1)
        return NULL;
    zconfig_t *tree = config_file_load (path, reason);
    if (!tree)
        complain (why, path, reason);
    return tree;
}

int key_file_save (const char *folder, const char *name, const char *text, bool replace,
                   char *why)
{
    char path[KEY_FILE_PATH_BYTES];
    if (key_file_path (path, folder, name, why) == -1)
        return -1;
    if (whole_file_save (folder, name, bytes_of (text, strlen (text)), replace) == 0)
        return 0;
    return complain (why, path,
                     errno == EEXIST ? "File exists, and stays; loteria-keys show "
                                       "prints what is public of it"
                                     : strerror (errno));
}

int key_file_complain (char *why, const char *folder, const char *name,
                       const char *what)
{
    char path[KEY_FILE_PATH_BYTES];
    return key_file_path (path, folder, name, why) == -1 ? -1
                                                         : complain (why, path, what);
}

int key_file_unread (char *why, const char *folder, const char *name, int error)
{
    char what[256];
    snprintf (what, sizeof what, "%s%s", strerror (error),
              error == ENOENT ? maker_of (name) : "");
    return key_file_complain (why, folder, name, what);
}

int key_file_damaged (char *why, const char *folder, const char *name, const char *what)
{
    char text[256];
    snprintf (text, sizeof text,
              "%s: it is not as loteria-keys made it; put that one back", what);
    return key_file_complain (why, folder, name, text);
}

static int look_at (const char *folder, const char *name, bool secret, char *why)
{
    char path[KEY_FILE_PATH_BYTES];
    struct stat about;
    if (key_file_path (path, folder, name, why) == -1)
        return -1;
    if (stat (path, &about) == -1)
        return key_file_unread (why, folder, name, errno);
    if (secret && about.st_mode & (S_IRWXG | S_IRWXO))
        return complain (why, path, "others than its owner can read it; chmod 600");
    return 0;
}

/* Whom a file comes from that is not there. */
static const char *maker_of (const char *name)
{
    const bool pair =
        strcmp (name, KEYS_SECRET) == 0 || strcmp (name, SIGNING_FILE) == 0;
    return pair ? "; loteria-keys new makes a central's, loteria-keys pair an agency's"
                : "; loteria-keys new makes it, and an agency has it from the operator";
}

static int complain (char *why, const char *path, const char *what)
{
    snprintf (why, KEYS_WHY_BYTES, "%.500s: %.500s", path, what);
    return -1;
}

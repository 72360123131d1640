/* role.c - the file that says which role a storage has. */

#include "role.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void take_line (role_t *role, const char *name, const char *value);
static void take_text (char text[ROLE_TEXT_BYTES], const char *value);
static int write_all (int fd, const char *text, size_t size);

size_t role_write (const role_t *role, char text[ROLE_FILE_BYTES])
{
    const int size =
        snprintf (text, ROLE_FILE_BYTES,
                  "role: %s\nactive: %s\nepoch: %" PRIu64 "\nbehind: %" PRIu64
                  "\nage_ms: %" PRIu64
                  "\nsynchronous: %s\nstandbys: %d\nnames: %s\nengine: %s\nhost: %s\n",
                  role->active ? "active" : "standby", role->holder, role->epoch,
                  role->behind, role->age_ms, role->synchronous ? "yes" : "no",
                  role->standbys, role->names, role->engine, role->host);
    return (size_t) size;
}

bool role_read (role_t *role, const char *text, size_t size)
{
    static const char first[] = "role: ";
    char lines[ROLE_FILE_BYTES], *rest = lines, *line;
    memset (role, 0, sizeof *role);
    role->standbys = -1;
    if (size >= sizeof lines || size < sizeof first ||
        memcmp (text, first, sizeof first - 1) != 0 || memchr (text, 0, size))
        return false;
    memcpy (lines, text, size);
    lines[size] = 0;
    while ((line = strsep (&rest, "\n"))) {
        char *value = strstr (line, ": ");
        if (!value)
            continue;
        *value = 0;
        take_line (role, line, value + 2);
    }
    return true;
}

static void take_line (role_t *role, const char *name, const char *value)
{
    const struct {
        const char *name;
        char *text;
    } texts[] = {{"active", role->holder},
                 {"names", role->names},
                 {"engine", role->engine},
                 {"host", role->host}};
    const struct {
        const char *name;
        uint64_t *number;
    } numbers[] = {
        {"epoch", &role->epoch}, {"behind", &role->behind}, {"age_ms", &role->age_ms}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp (name, texts[i].name) == 0)
            take_text (texts[i].text, value);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp (name, numbers[i].name) == 0)
            *numbers[i].number = strtoull (value, NULL, 10);
    if (strcmp (name, "role") == 0)
        role->active = strcmp (value, "active") == 0;
    if (strcmp (name, "synchronous") == 0)
        role->synchronous = strcmp (value, "yes") == 0;
    if (strcmp (name, "standbys") == 0)
        role->standbys = (int) strtol (value, NULL, 10);
}

static void take_text (char text[ROLE_TEXT_BYTES], const char *value)
{
    snprintf (text, ROLE_TEXT_BYTES, "%s", value);
}

int role_save (const role_t *role, const char *path)
{
    char draft[PATH_MAX], text[ROLE_FILE_BYTES];
    const size_t size = role_write (role, text);
    if ((size_t) snprintf (draft, sizeof draft, "%s.new", path) >= sizeof draft) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int fd =
        open (draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd == -1)
        return -1;
    const int rc = write_all (fd, text, size);
    const int error = errno;
    close (fd);
    if (rc == 0)
        return rename (draft, path);
    unlink (draft);
    errno = error;
    return -1;
}

static int write_all (int fd, const char *text, size_t size)
{
    const ssize_t wrote = write (fd, text, size);
    if (wrote != -1 && (size_t) wrote < size)
        errno = ENOSPC;
    return wrote == (ssize_t) size ? 0 : -1;
}

int role_load (role_t *role, const char *path)
{
    char text[ROLE_FILE_BYTES];
    const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd == -1)
        return -1;
    const ssize_t size = read (fd, text, sizeof text);
    const int error = errno;
    close (fd);
    errno = size == -1 ? error : 0;
    return size != -1 && role_read (role, text, (size_t) size) ? 0 : -1;
}

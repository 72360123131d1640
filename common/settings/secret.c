/* secret.c - the winning number from a file: loteria-central and loteria-state. */

#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config_value.h"
#include "whole_file.h"

#define TEXT_BYTES_MAX  64
#define WHY_BYTES       512
#define BYTE_ORDER_MARK "\xEF\xBB\xBF" // some editors put it first

static int read_number (const char *path, uint32_t max, uint32_t *number,
                        char why[WHY_BYTES]);
static char *read_stdin (void);
static const char *trim (char *text);

int secret_load (const config_t *config, const char *name, const char *path,
                 uint32_t max, uint32_t *number, char why[CONFIG_WHY_BYTES])
{
    char file[64], reason[WHY_BYTES];
    snprintf (file, sizeof file, "%s-file", name);
    if (!path || config_rank (config, file) < config_rank (config, name))
        return 0;
    if (config_rank (config, file) == config_rank (config, name))
        snprintf (reason, sizeof reason,
                  "given together with --%s; use one or the other", name);
    else if (read_number (path, max, number, reason) == 0)
        return 0;
    snprintf (why, CONFIG_WHY_BYTES, "--%s: %.400s", file, reason);
    return -1;
}

static int read_number (const char *path, uint32_t max, uint32_t *number,
                        char why[WHY_BYTES])
{
    const config_item_t item = {.type = CONFIG_SECRET, .max = max};
    char reason[CONFIG_REASON_BYTES];
    config_value_t value;
    size_t size = 0;
    char *text = strcmp (path, "-") == 0
                     ? read_stdin ()
                     : whole_file_read (path, TEXT_BYTES_MAX, &size);
    if (!text) {
        snprintf (why, WHY_BYTES, "%.100s: %s", path, strerror (errno));
        return -1;
    }
    const int rc = config_value_parse (&item, trim (text), &value, reason);
    if (rc == 0)
        *number = value.number;
    else
        snprintf (why, WHY_BYTES, "%.100s: its content %s", path, reason);
    explicit_bzero (text, strlen (text));
    free (text);
    return rc;
}

static char *read_stdin (void)
{
    char *text = calloc (1, TEXT_BYTES_MAX + 1);
    size_t size = 0;
    ssize_t got = text ? 1 : -1;
    while (got > 0 && size < TEXT_BYTES_MAX) {
        got = read (STDIN_FILENO, text + size, TEXT_BYTES_MAX - size);
        size += got > 0 ? (size_t) got : 0;
    }
    if (got != -1)
        return text;
    free (text);
    return NULL;
}

static const char *trim (char *text)
{
    if (strncmp (text, BYTE_ORDER_MARK, strlen (BYTE_ORDER_MARK)) == 0)
        text += strlen (BYTE_ORDER_MARK);
    text += strspn (text, " \t\r\n");
    size_t size = strlen (text);
    while (size > 0 && strchr (" \t\r\n", text[size - 1]))
        text[--size] = 0;
    return text;
}

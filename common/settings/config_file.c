/* config_file.c - reads a configuration file: for config.c, in every process. */

#include "config_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "whole_file.h"

static zconfig_t *parse (const char *text, size_t size, char *complaint,
                         size_t capacity);
static void explain (const char *complaint, char *reason);
static void number_items (zconfig_t *parent, const char **text, size_t *line);
static bool is_item (const char *text);

/* zconfig_load () returns NULL whatever goes wrong, so this takes two steps. The size
   limit matters: czmq destroys its tree by recursion. */
zconfig_t *config_file_load (const char *path, char reason[CONFIG_REASON_BYTES])
{
    char complaint[CONFIG_REASON_BYTES];
    zconfig_t *tree = NULL;
    size_t size;
    char *text = whole_file_read (path, CONFIG_FILE_BYTES_MAX, &size);
    if (!text && errno == EFBIG)
        snprintf (reason, CONFIG_REASON_BYTES, "longer than %d bytes",
                  CONFIG_FILE_BYTES_MAX);
    else if (!text)
        snprintf (reason, CONFIG_REASON_BYTES, "%s", strerror (errno));
    else if (memchr (text, 0, size))
        snprintf (reason, CONFIG_REASON_BYTES, "not a text file");
    else {
        tree = parse (text, size, complaint, sizeof complaint);
        if (!tree)
            explain (complaint, reason);
        else {
            const char *at =
                (const char *) text_without_mark (bytes_of (text, size)).data;
            size_t line = 0;
            number_items (tree, &at, &line);
        }
    }
    free (text);
    return tree;
}

size_t config_file_line (zconfig_t *item)
{
    zlist_t *comments = zconfig_comments (item);
    const char *line = comments ? zlist_first (comments) : NULL;
    return line ? strtoul (line, NULL, 10) : 0;
}

/* czmq prints what is wrong, and in which line, to stdout. The GNU C library lets that
   variable point to a buffer for a while. */
static zconfig_t *parse (const char *text, size_t size, char *complaint,
                         size_t capacity)
{
    memset (complaint, 0, capacity);
    FILE *usual = stdout;
    FILE *buffer = fmemopen (complaint, capacity - 1, "w");
    const bytes_t unmarked = text_without_mark (bytes_of (text, size));
    zchunk_t *chunk = zchunk_new (unmarked.data, unmarked.size);
    assert (buffer && chunk);

    stdout = buffer;
    zconfig_t *tree = zconfig_chunk_load (chunk);
    stdout = usual;

    zchunk_destroy (&chunk);
    fclose (buffer);
    return tree;
}

/* "26-11-23 12:00:00 E (zconfig): (3) indentation error" */
static void explain (const char *complaint, char *reason)
{
    unsigned line;
    int start = 0;
    const char *text = strstr (complaint, "(zconfig): (");
    if (text && sscanf (text, "(zconfig): (%u) %n", &line, &start) == 1 && start > 0)
        snprintf (reason, CONFIG_REASON_BYTES, "line %u: %.*s", line,
                  (int) strcspn (text + start, "\n"), text + start);
    else
        snprintf (reason, CONFIG_REASON_BYTES, "not a configuration in ZPL");
}

/* czmq does not keep the lines that its items are from. They are in the order of the
   tree, so each is noted here, as the item's comment. */
static void number_items (zconfig_t *parent, const char **text, size_t *line)
{
    for (zconfig_t *item = zconfig_child (parent); item; item = zconfig_next (item)) {
        bool found = false;
        while (!found && **text) {
            found = is_item (*text);
            *text += strcspn (*text, "\n");
            *text += **text == '\n';
            ++*line;
        }
        zconfig_set_comment (item, "%zu", *line);
        number_items (item, text, line);
    }
}

/* Not a line that is blank, or just a comment. */
static bool is_item (const char *text)
{
    text += strspn (text, " ");
    return !strchr ("#\t\r\n\v\f", *text); // nor the text's end
}

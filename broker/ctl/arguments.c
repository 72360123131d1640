/* arguments.c - tells a command line's words from its options: loteria-ctl. */

#include "arguments.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool is_option (const char *argument);
static bool has_value_behind (const char *option, const config_item_t *items);

arguments_t arguments_sort (int argc, char **argv, const config_item_t *items)
{
    char **words = calloc ((size_t) argc + 1, sizeof *words);
    assert (words);
    arguments_t sorted = {.options = argc > 0 ? 1 : 0};
    for (int i = 1; i < argc; i++) {
        if (!is_option (argv[i])) {
            words[sorted.words++] = argv[i];
            continue;
        }
        const bool more = has_value_behind (argv[i], items) && i + 1 < argc &&
                          strncmp (argv[i + 1], "--", 2) != 0;
        argv[sorted.options++] = argv[i]; // never ahead of i
        if (more)
            argv[sorted.options++] = argv[++i];
    }
    sorted.word = argv + sorted.options;
    memcpy (sorted.word, words, (size_t) sorted.words * sizeof *words);
    sorted.word[sorted.words] =
        NULL; // "--" may have left room, or else it is argv's end
    free (words);
    return sorted;
}

static bool is_option (const char *argument)
{
    return argument[0] == '-' && argument[1];
}

static bool has_value_behind (const char *option, const config_item_t *items)
{
    if (strcmp (option, "--config") == 0)
        return true;
    for (; strncmp (option, "--", 2) == 0 && items->name; items++)
        if (strcmp (option + 2, items->name) == 0)
            return items->type != CONFIG_FLAG;
    return false;
}

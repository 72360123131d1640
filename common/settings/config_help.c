/* config_help.c - what --help prints, for every process. */

#include "config_help.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int widest (const config_program_t *program);
static void print_item (const config_item_t *item, int width);
static void print_notes (const config_item_t *item, int width);

static const char *const type_names[] = {
    [CONFIG_TEXT] = "TEXT",   [CONFIG_NUMBER] = "NUMBER",
    [CONFIG_FLAG] = "",       [CONFIG_DURATION] = "DURATION",
    [CONFIG_LEVEL] = "LEVEL", [CONFIG_SECRET] = "NUMBER",
    [CONFIG_DRAW] = "NAME",   [CONFIG_CLOSES] = "WHEN",
    [CONFIG_SOURCE] = "HOW",
};

void config_help_print (const config_program_t *program)
{
    int width = widest (program);

    printf ("%s - %s\n\n", program->program, program->summary);
    printf ("Usage: %s %s%s[--NAME VALUE | --NAME=VALUE]...\n\n", program->program,
            program->arguments ? program->arguments : "",
            program->arguments ? " " : "");
    for (const config_item_t *item = program->items; item->name; item++)
        print_item (item, width);

    printf ("\n  %-*s  read settings from a file, section `%s`\n", width,
            "--config FILE", program->section);
    printf ("  %-*s  environment: %s\n", width, "", CONFIG_FILE_ENVIRONMENT);
    printf ("  %-*s  check all settings, print them and where they come from\n", width,
            "--check-config");
    printf ("  %-*s  print the version\n", width, "--version");
    printf ("  %-*s  print this\n\n", width, "--help");
    printf ("A flag beats the environment, which beats the file, which beats the "
            "default.\n");
}

/* Columns that "--name TYPE" needs. */
static int widest (const config_program_t *program)
{
    size_t width = strlen ("--check-config");
    for (const config_item_t *item = program->items; item->name; item++) {
        size_t size = strlen (item->name) + strlen (type_names[item->type]) + 3;
        width = size > width ? size : width;
    }
    return (int) width;
}

static void print_item (const config_item_t *item, int width)
{
    const char *type = type_names[item->type];
    int rest = width - (int) strlen (item->name) - 3;
    printf ("  --%s %-*s  %s\n", item->name, rest, type, item->help);
    print_notes (item, width);
}

/* Default, range and environment, in a line of their own. */
static void print_notes (const config_item_t *item, int width)
{
    char range[64] = "";
    char fallback[256] = "";
    char environment[128] = "";

    if (item->type == CONFIG_NUMBER || item->type == CONFIG_SECRET)
        snprintf (range, sizeof range, "; %" PRIu32 " to %" PRIu32, item->min,
                  item->max);
    else if (item->type == CONFIG_LEVEL)
        snprintf (range, sizeof range, "; CRITICAL, ERROR, WARNING, INFO, DEBUG");
    if (item->fallback)
        snprintf (fallback, sizeof fallback, "; default: %s", item->fallback);
    if (item->environment)
        snprintf (environment, sizeof environment, "; environment: %s",
                  item->environment);

    char notes[512];
    int size = snprintf (notes, sizeof notes, "%s%s%s", fallback, range, environment);
    if (size > 0)
        printf ("  %-*s  %s\n", width, "", notes + strlen ("; "));
}

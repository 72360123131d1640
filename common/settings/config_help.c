/* config_help.c - what --help prints, for every process, and the same for scripts. */

#include "config_help.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    char range[64]; // "1 to 5"
    const char *fallback, *environment;
} notes_t;

static void print_verbs (const config_verb_t *verbs);
static int widest_verb (const config_verb_t *verbs);
static int widest (const config_program_t *program);
static void print_item (const config_item_t *item, int width);
static void print_notes (const config_item_t *item, int width);
static notes_t notes_of (const config_item_t *item);
static void print_line (const char *text);
static void print_common (const char *name, const char *value, const char *help,
                          const char *environment);

static const char *const type_names[] = {
    [CONFIG_TEXT] = "TEXT",   [CONFIG_NUMBER] = "NUMBER",
    [CONFIG_FLAG] = "",       [CONFIG_DURATION] = "DURATION",
    [CONFIG_LEVEL] = "LEVEL", [CONFIG_SECRET] = "NUMBER",
    [CONFIG_DRAW] = "NAME",   [CONFIG_CLOSES] = "WHEN",
    [CONFIG_SOURCE] = "HOW",  [CONFIG_FORM] = "FORM",
};

#define CHECK_HELP   "check all settings, print them and where they come from"
#define VERSION_HELP "print the version"
#define HELP_HELP    "print this"

void config_help_print (const config_program_t *program)
{
    int width = widest (program);

    printf ("%s - %s\n\n", program->program, program->summary);
    printf ("Usage: %s %s[--NAME VALUE | --NAME=VALUE]...\n\n", program->program,
            program->verbs ? "VERB " : "");
    if (program->verbs)
        print_verbs (program->verbs);
    for (const config_item_t *item = program->items; item->name; item++)
        print_item (item, width);

    printf ("\n  %-*s  read settings from a file, section `%s`\n", width,
            "--config FILE", program->section);
    printf ("  %-*s  environment: %s\n", width, "", CONFIG_FILE_ENVIRONMENT);
    printf ("  %-*s  " CHECK_HELP "\n", width, "--check-config");
    printf ("  %-*s  " VERSION_HELP "\n", width, "--version");
    printf ("  %-*s  " HELP_HELP "\n\n", width, "--help");
    printf ("A flag beats the environment, which beats the file, which beats the "
            "default.\n");
}

void config_help_print_table (const config_program_t *program)
{
    printf ("program\t%s\t%s\t", program->program, program->section);
    print_line (program->summary);
    for (const config_verb_t *verb = program->verbs; verb && verb->words; verb++)
        printf ("verb\t%s\t%s\t%s\t%s\n", verb->words,
                verb->arguments ? verb->arguments : "",
                verb->options ? verb->options : "", verb->help);
    for (const config_item_t *item = program->items; item->name; item++) {
        const notes_t notes = notes_of (item);
        printf ("option\t%s\t%s\t%s\t%s\t%s\t%s\n", item->name, type_names[item->type],
                item->help, notes.fallback, notes.range, notes.environment);
    }
    print_common ("config", "FILE", "read settings from a file; see loteria.cfg(5)",
                  CONFIG_FILE_ENVIRONMENT);
    print_common ("check-config", "", CHECK_HELP, "");
    print_common ("version", "", VERSION_HELP, "");
    print_common ("help", "", HELP_HELP, "");
}

static void print_verbs (const config_verb_t *verbs)
{
    const int width = widest_verb (verbs);
    for (; verbs->words; verbs++) {
        const char *arguments = verbs->arguments ? verbs->arguments : "";
        const int rest = width - (int) strlen (verbs->words) - 1;
        printf ("  %s %-*s  %s\n", verbs->words, rest, arguments, verbs->help);
    }
    putchar ('\n');
}

static int widest_verb (const config_verb_t *verbs)
{
    size_t width = 0;
    for (; verbs->words; verbs++) {
        size_t size = strlen (verbs->words) + 1 +
                      (verbs->arguments ? strlen (verbs->arguments) : 0);
        width = size > width ? size : width;
    }
    return (int) width;
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
    const notes_t notes = notes_of (item);
    const struct {
        const char *before, *text;
    } parts[] = {{"default: ", notes.fallback},
                 {"", notes.range},
                 {"environment: ", notes.environment}};
    int printed = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!*parts[i].text)
            continue;
        if (printed++ == 0)
            printf ("  %-*s  ", width, "");
        else
            printf ("; ");
        printf ("%s%s", parts[i].before, parts[i].text);
    }
    if (printed > 0)
        putchar ('\n');
}

static notes_t notes_of (const config_item_t *item)
{
    notes_t notes = {"", item->fallback ? item->fallback : "",
                     item->environment ? item->environment : ""};
    if (item->type == CONFIG_NUMBER || item->type == CONFIG_SECRET)
        snprintf (notes.range, sizeof notes.range, "%" PRIu32 " to %" PRIu32, item->min,
                  item->max);
    else if (item->type == CONFIG_LEVEL)
        snprintf (notes.range, sizeof notes.range,
                  "CRITICAL, ERROR, WARNING, INFO, DEBUG");
    return notes;
}

/* A text of several lines as one. */
static void print_line (const char *text)
{
    for (; *text; text++)
        putchar (*text == '\n' ? ' ' : *text);
    putchar ('\n');
}

/* An option that every program has. */
static void print_common (const char *name, const char *value, const char *help,
                          const char *environment)
{
    printf ("option\t%s\t%s\t%s\t\t\t%s\n", name, value, help, environment);
}

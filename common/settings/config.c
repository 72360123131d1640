/* config.c - settings from flags, environment, file and defaults: the first thing that
   the main () of every process does. */

#include "config.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_file.h"
#include "config_help.h"
#include "config_value.h"
#include "draw_terms.h"
#include "text.h"
#include "logger.h"
#include "process.h"

#define FLAG_BYTES_MAX 64
#define LINE_BYTES_MAX 1024
#define NONE           SIZE_MAX

// In increasing precedence.
typedef enum { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG } source_t;

typedef struct {
    char *text; // as it was given; owned; NULL when it was not given
    config_value_t value;
    source_t source;
} setting_t;

struct config {
    const config_program_t *program;
    size_t count;
    setting_t *settings; // one per item
    const char *file;    // borrowed
    bool check;          // --check-config was given
};

// The sections that a file may have, and what section `common` may contain.
// Section `draw` is read by schedule.h.
static const char *const section_names[] = {"common", "broker",  "worker", "storage",
                                            "state",  "central", "agency", "ctl",
                                            "keys",   "web",     "draw",   NULL};
static const char *const common_names[] = {"log-level", "log-format", NULL};
static const char *const source_names[] = {"default", "file", "environment", "flag"};

static config_t *config_new (const config_program_t *program);
static bool take_flags (config_t *self, int argc, char **argv, int *status);
static char *split_flag (char *flag, char name[FLAG_BYTES_MAX]);
static bool answer (const config_t *self, const char *name, int *status);
static bool wants_value (const config_t *self, const char *name);
static bool take_flag (config_t *self, const char *name, const char *value);
static void hide_value (const config_t *self, const char *name, char *value);
static bool take_environment (config_t *self);
static bool take_file (config_t *self);
static bool take_section (config_t *self, zconfig_t *section);
static bool take_key (config_t *self, const char *section, zconfig_t *key);
static void take_defaults (config_t *self);
static int give (config_t *self, size_t item, const char *text, source_t source,
                 char reason[CONFIG_REASON_BYTES]);
static void store_values (const config_t *self);
static bool agree (const config_t *self, int *status);
static void print_settings (const config_t *self);
static size_t find_item (const config_t *self, const char *name);
static bool names_no_number (const config_item_t *item, const char *text);
static bool is_hidden (const config_item_t *item);
static bool is_among (const char *const *names, const char *name);
static bool complain (const config_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));
static char *clean (char *line);

/* Flags come first, since they may ask for --help and name the file. What is found
   later never replaces what takes precedence, but is checked all the same. */
config_t *config_load (const config_program_t *program, int argc, char **argv,
                       int *status)
{
    config_t *self = config_new (program);

    if (!take_flags (self, argc, argv, status)) {
        config_destroy (&self);
        return NULL;
    }
    if (!take_environment (self) || !take_file (self)) {
        *status = PROCESS_CANNOT_START;
        config_destroy (&self);
        return NULL;
    }
    take_defaults (self);
    store_values (self);
    if (!agree (self, status)) {
        config_destroy (&self);
        return NULL;
    }
    if (self->check) {
        print_settings (self);
        if (program->show)
            program->show (program->context);
        *status = fflush (stdout) == 0 ? 0 : PROCESS_FAILED;
        config_destroy (&self);
        return NULL;
    }
    return self;
}

void config_destroy (config_t **config)
{
    config_t *self = *config;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        free (self->settings[i].text);
    free (self->settings);
    free (self);
    *config = NULL;
}

bool config_only_checked (const config_t *self)
{
    return self->check;
}

void config_export (const config_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const config_item_t *item = &self->program->items[i];
        const char *text = self->settings[i].text;
        if (text && item->environment && !is_hidden (item))
            setenv (item->environment, text, 1);
    }
    if (self->file)
        setenv (CONFIG_FILE_ENVIRONMENT, self->file, 1);
}

const char *config_file (const config_t *config)
{
    return config->file;
}

const char *config_source (const config_t *config, const char *name)
{
    return source_names[config_rank (config, name)];
}

int config_rank (const config_t *config, const char *name)
{
    const size_t item = find_item (config, name);
    assert (item != NONE);
    return (int) config->settings[item].source;
}

static config_t *config_new (const config_program_t *program)
{
    config_t *self = calloc (1, sizeof *self);
    assert (self);
    self->program = program;
    while (program->items[self->count].name)
        self->count++;
    self->settings = calloc (self->count + 1, sizeof *self->settings);
    assert (self->settings);
    return self;
}

static bool take_flags (config_t *self, int argc, char **argv, int *status)
{
    for (int at = 1; at < argc; at++) {
        char name[FLAG_BYTES_MAX];
        char *value = split_flag (argv[at], name);

        if (!value && answer (self, name, status))
            return false;
        if (!value && wants_value (self, name) && at + 1 < argc &&
            strncmp (argv[at + 1], "--", 2) != 0)
            value = argv[++at];
        const bool taken = take_flag (self, name, value);
        hide_value (self, name, value);
        if (!taken) {
            *status = PROCESS_CANNOT_START;
            return false;
        }
    }
    return true;
}

/* Copy what precedes a '=', shortened if it is longer than any name; return what
   follows it, NULL when there is no '='. */
static char *split_flag (char *flag, char name[FLAG_BYTES_MAX])
{
    char *equals = strncmp (flag, "--", 2) == 0 ? strchr (flag, '=') : NULL;
    int size = (int) strcspn (flag, equals ? "=" : "");
    snprintf (name, FLAG_BYTES_MAX, "%.*s", size, flag);
    return equals ? equals + 1 : NULL;
}

/* --help and --version, and what documents are made of. */
static bool answer (const config_t *self, const char *name, int *status)
{
    if (streq (name, "--help"))
        config_help_print (self->program);
    else if (streq (name, "--help-table"))
        config_help_print_table (self->program);
    else if (streq (name, "--version"))
        printf ("%s %s\n", self->program->program, LOTERIA_VERSION);
    else
        return false;
    *status = fflush (stdout) == 0 ? 0 : PROCESS_FAILED;
    return true;
}

static bool wants_value (const config_t *self, const char *name)
{
    if (streq (name, "--config"))
        return true;
    size_t item = strncmp (name, "--", 2) == 0 ? find_item (self, name + 2) : NONE;
    return item != NONE && self->program->items[item].type != CONFIG_FLAG;
}

static bool take_flag (config_t *self, const char *name, const char *value)
{
    const char *hint = self->program->program;
    char reason[CONFIG_REASON_BYTES];

    if (strncmp (name, "--", 2) != 0 || streq (name, "--"))
        return complain (self, "%s: not expected (see %s --help)", name, hint);
    if (streq (name, "--config") && value && *value) {
        self->file = value;
        return true;
    }
    if (streq (name, "--check-config") && !value) {
        self->check = true;
        return true;
    }
    if (value && (streq (name, "--check-config") || streq (name, "--help") ||
                  streq (name, "--version")))
        return complain (self, "%s: takes no value (see %s --help)", name, hint);

    size_t item = find_item (self, name + 2);
    if (item == NONE && !streq (name, "--config"))
        return complain (self, "%s: unknown flag (see %s --help)", name, hint);
    if (item != NONE && !value && !wants_value (self, name))
        value = "yes";
    if (item == NONE || !value)
        return complain (self, "%s: needs a value (see %s --help)", name, hint);
    if (give (self, item, value, SOURCE_FLAG, reason) == -1)
        return complain (self, "%s: %s (see %s --help)", name, reason, hint);
    return true;
}

/* Anybody on this machine can read it in /proc. */
static void hide_value (const config_t *self, const char *name, char *value)
{
    const size_t item = value ? find_item (self, name + 2) : NONE;
    if (item != NONE && is_hidden (&self->program->items[item]))
        memset (value, '*', strlen (value));
}

static bool take_environment (config_t *self)
{
    char reason[CONFIG_REASON_BYTES];

    for (size_t i = 0; i < self->count; i++) {
        const config_item_t *item = &self->program->items[i];
        const char *name = item->environment;
        char *value = name ? getenv (name) : NULL;
        const bool sound =
            !value || !*value || give (self, i, value, SOURCE_ENVIRONMENT, reason) == 0;
        if (value && is_hidden (item)) {
            memset (value, '*', strlen (value)); // /proc shows this memory
            unsetenv (name);
        }
        if (!sound)
            return complain (self, "%s: %s", name, reason);
    }
    const char *file = getenv (CONFIG_FILE_ENVIRONMENT);
    if (!self->file && file && *file)
        self->file = file;
    return true;
}

/* Section `common` first, so that the program's own section overrides it. */
static bool take_file (config_t *self)
{
    char reason[CONFIG_REASON_BYTES];
    const char *own = self->program->section;

    if (!self->file)
        return true;
    zconfig_t *tree = config_file_load (self->file, reason);
    if (!tree)
        return complain (self, "%s: %s", self->file, reason);

    bool good = true;
    zconfig_t *section = zconfig_child (tree);
    for (; good && section; section = zconfig_next (section)) {
        const char *name = zconfig_name (section);
        if (!is_among (section_names, name) && !streq (name, own))
            good = complain (self, "%s: %s: unknown section", self->file, name);
        else if (*zconfig_value (section))
            good = complain (self, "%s: %s: is a section and takes no value",
                             self->file, name);
        else if (streq (name, "common"))
            good = take_section (self, section);
    }
    for (section = zconfig_child (tree); good && section;
         section = zconfig_next (section))
        if (streq (zconfig_name (section), own))
            good = take_section (self, section);
    zconfig_destroy (&tree);
    return good;
}

static bool take_section (config_t *self, zconfig_t *section)
{
    bool good = true;
    zconfig_t *key = zconfig_child (section);
    for (; good && key; key = zconfig_next (key))
        good = take_key (self, zconfig_name (section), key);
    return good;
}

/* Section `common` may have settings that this program does not have. */
static bool take_key (config_t *self, const char *section, zconfig_t *key)
{
    char reason[CONFIG_REASON_BYTES];
    const char *name = zconfig_name (key);
    bool common = streq (section, "common");
    size_t item = find_item (self, name);

    if (common ? !is_among (common_names, name) : item == NONE)
        return complain (self, "%s: %s/%s: unknown setting", self->file, section, name);
    if (zconfig_child (key))
        return complain (self, "%s: %s/%s: cannot contain settings", self->file,
                         section, name);
    if (item != NONE &&
        give (self, item, zconfig_value (key), SOURCE_FILE, reason) == -1)
        return complain (self, "%s: %s/%s: %s", self->file, section, name, reason);
    return true;
}

static void take_defaults (config_t *self)
{
    char reason[CONFIG_REASON_BYTES];

    for (size_t i = 0; i < self->count; i++) {
        const char *fallback = self->program->items[i].fallback;
        int rc = fallback ? give (self, i, fallback, SOURCE_DEFAULT, reason) : 0;
        assert (rc == 0);
    }
}

/* Check a value, and take it unless the setting has one that takes precedence. */
static int give (config_t *self, size_t item, const char *text, source_t source,
                 char reason[CONFIG_REASON_BYTES])
{
    setting_t *setting = &self->settings[item];
    config_value_t value = {0};

    if (config_value_parse (&self->program->items[item], text, &value, reason) == -1)
        return -1;
    if (setting->text && setting->source > source)
        return 0;
    free (setting->text);
    *setting = (setting_t){strdup (text), value, source};
    assert (setting->text);
    return 0;
}

static void store_values (const config_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const setting_t *setting = &self->settings[i];
        if (setting->text)
            config_value_store (&self->program->items[i], setting->value,
                                setting->text);
    }
}

static bool agree (const config_t *self, int *status)
{
    char why[CONFIG_WHY_BYTES];
    const config_program_t *program = self->program;
    *status = program->agree ? program->agree (self, program->context, why) : 0;
    return *status == 0 || complain (self, "%s", why);
}

static void print_settings (const config_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const setting_t *setting = &self->settings[i];
        const bool hidden = is_hidden (&self->program->items[i]) &&
                            !names_no_number (&self->program->items[i], setting->text);
        char line[LINE_BYTES_MAX];
        snprintf (line, sizeof line, "%s = %s%s(%s)", self->program->items[i].name,
                  !setting->text ? ""
                  : hidden       ? "not shown"
                                 : setting->text,
                  setting->text ? " " : "", source_names[setting->source]);
        puts (clean (line));
    }
}

static size_t find_item (const config_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (streq (self->program->items[i].name, name))
            return i;
    return NONE;
}

/* How a draw gets its number is a secret only where it says which. */
static bool names_no_number (const config_item_t *item, const char *text)
{
    return item->type == CONFIG_SOURCE && text &&
           (streq (text, terms_source_name (TERMS_ENTERED)) ||
            streq (text, terms_source_name (TERMS_RANDOM)) ||
            streq (text, terms_source_name (TERMS_PROVABLE)));
}

static bool is_hidden (const config_item_t *item)
{
    return item->type == CONFIG_SECRET || item->type == CONFIG_SOURCE;
}

static bool is_among (const char *const *names, const char *name)
{
    for (; *names; names++)
        if (streq (*names, name))
            return true;
    return false;
}

/* Say in one line what is wrong. Always returns false, for the caller to pass on. */
static bool complain (const config_t *self, const char *format, ...)
{
    char line[LINE_BYTES_MAX];
    va_list values;

    int size = snprintf (line, sizeof line, "%s: ", self->program->program);
    va_start (values, format);
    vsnprintf (line + size, sizeof line - (size_t) size, format, values);
    va_end (values);
    logger_text (clean (line));
    return false;
}

/* What was typed may contain control characters, and a line must stay one line. */
static char *clean (char *line)
{
    text_clean (line);
    return line;
}

/* config.h - a program's settings: flags > environment > file > default.

   A program lists its settings in a table. This module fills them in, answers --help,
   --help-table, --version, --check-config and --config FILE, and says in one line what
   is wrong and where. The file is ZPL (ZeroMQ RFC 4, czmq's zconfig): a section per
   program, and `common` for all of them.

     common
         log-level = INFO
     storage
         data-dir = /var/lib/loteria
*/

#ifndef LOTERIA_CONFIG_H
#define LOTERIA_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    CONFIG_TEXT,     // const char **: as text.h has it; owned by the configuration
    CONFIG_NUMBER,   // uint32_t *: min..max
    CONFIG_SECRET,   // the same, but never shown, and gone from argv and environment
    CONFIG_FLAG,     // bool *: --name alone is yes; else yes/no/true/false/1/0
    CONFIG_DURATION, // uint64_t *: milliseconds; as Go writes them: 5ms, 1.5s, 1h2m
    CONFIG_LEVEL,    // of the log, which is set to it; no value
    CONFIG_FORM,     // how the log writes its lines, likewise: text or json
    CONFIG_DRAW,     // const char **: a draw's name, as draw_name.h has it
    CONFIG_CLOSES,   // const char **: when a draw closes, as draw_terms.h has it
    CONFIG_SOURCE    // const char **: how it gets its number; hidden as a secret is
} config_type_t;

typedef struct {
    const char *name; // --name, and name in the file
    config_type_t type;
    void *value;             // where it goes
    const char *environment; // or NULL
    const char *fallback;    // default, as text; NULL: the value is left as it was
    uint32_t min, max;       // for CONFIG_NUMBER and CONFIG_SECRET
    const char *help;        // one line; the unit is said here
} config_item_t;

/* What a program can be told to do with words: what --help says of each, and what man
   pages and the shell's completion are made of. */
typedef struct {
    const char *words;     // "draw open"
    const char *arguments; // that follow, "[NAME] AGENCY"; or NULL
    const char *options;   // that it takes, with a blank around each; NULL: all
    const char *help;      // one line
} config_verb_t;

typedef struct config config_t;

#define CONFIG_WHY_BYTES 512

typedef struct {
    const char *program;        // "loteria-storage"
    const char *section;        // "storage"
    const char *summary;        // one line
    const config_item_t *items; // ended by an item without a name
    const config_verb_t *verbs; // ended by one without words; NULL: none. The program
                                // takes the words out of argv itself
    /* Whether the values fit together. Called when all are in place, also for
       --check-config. Returns 0; or the status to exit with, and one line in `why` that
       names the settings and says what to do. NULL: they always do. */
    int (*agree) (const config_t *config, void *context, char why[CONFIG_WHY_BYTES]);
    /* For --check-config: print what else was read that is no item, as lines of the
       same form, `name = value (source)`. NULL: nothing. */
    void (*show) (void *context);
    /* The program's work, for program_main (): returns the exit code, or minus the
       signal to end by. */
    int (*serve) (const config_t *config, void *context, int signal_fd);
    void *context;
} config_program_t;

/* Fill in all values. Returns a configuration, which owns the texts, or NULL when the
   program should end: `*status` is then its exit code (0 after --help, --version and
   --check-config, else PROCESS_CANNOT_START or what `agree` says) and what there was
   to say has been said. */
config_t *config_load (const config_program_t *program, int argc, char **argv,
                       int *status);
void config_destroy (config_t **config);

/* Where the item's value came from: "flag", "environment", "file" or "default". */
const char *config_source (const config_t *config, const char *name);

/* The same as a rank: whichever of two settings has the higher one takes precedence. */
int config_rank (const config_t *config, const char *name);

/* The configuration file, or NULL. Borrowed. */
const char *config_file (const config_t *config);

/* Set the environment as the settings are, for programs that this one starts: each that
   was given or has a default, under its environment name, and the file. What is hidden
   is not set. */
void config_export (const config_t *config);

/* Whether --check-config was given: nothing is started then. */
bool config_only_checked (const config_t *config);

/* Go's duration ("5ms", "1h2m", "0") to milliseconds, rounded up. 0, or -1. */
int config_parse_duration (const char *text, uint64_t *milliseconds);

#endif

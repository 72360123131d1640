/* main.c - loteria-storage: settings, then work. */

#include <stdio.h>

#include "agreement.h"
#include "backup.h"
#include "check.h"
#include "draw_archive.h"
#include "logger.h"
#include "option_rows.h"
#include "problem.h"
#include "process.h"
#include "program.h"
#include "storage.h"

typedef struct {
    storage_options_t options;
    uint32_t log_mib;
    const char *check, *expect; // instead of serving
    const char *backup, *to;    // likewise
    const char *archive, *draw; // likewise, with `to`
    const char *restore, *into; // likewise, with either `to` or `into`
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static bool has_mode (const settings_t *settings);
static int serve (const config_t *config, void *context, int signal_fd);
static const char *wrong_modes (const settings_t *settings);
static int run_mode (const settings_t *settings);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    storage_options_t *options = &settings.options;
    const config_item_t items[] = {
        option_data_dir (&options->data_directory,
                         "directory of the day's files; it must exist"),
        option_log_mib (&settings.log_mib),
        option_log (&options->engine),
        option_insecure_async (&options->insecure_async),
        option_standby (&options->standby),
        option_lease (&options->lease_s),
        option_advertise (&options->advertise),
        option_role_file (&options->role_file),
        option_storage_listen (&options->listen),
        option_broker (&options->brokers),
        option_log_bets (&options->log_bets),
        option_log_batches (&options->log_batches),
        {.name = "check",
         .type = CONFIG_TEXT,
         .value = &settings.check,
         .help = "read all of this directory, say whether it is sound and what it "
                 "holds, and exit; a process may be serving it"},
        {.name = "expect",
         .type = CONFIG_TEXT,
         .value = &settings.expect,
         .help =
             "with --check: a head that the day has, or had: 64 hexadecimal digits"},
        {.name = "backup",
         .type = CONFIG_TEXT,
         .value = &settings.backup,
         .help =
             "copy the day in this directory to --to, prove the copy, print what it "
             "holds, and exit; a process may be serving the day"},
        {.name = "to",
         .type = CONFIG_TEXT,
         .value = &settings.to,
         .help = "with --backup and --restore: a directory that is empty or not there; "
                 "with --archive: a file that is not there"},
        {.name = "archive",
         .type = CONFIG_TEXT,
         .value = &settings.archive,
         .help = "write the draw --draw of the day in this directory, which is over, "
                 "and what proves it to the file --to, and exit; a process may be "
                 "serving the day"},
        {.name = "draw",
         .type = CONFIG_DRAW,
         .value = &settings.draw,
         .help = "with --archive: the draw's name"},
        {.name = "restore",
         .type = CONFIG_TEXT,
         .value = &settings.restore,
         .help = "prove this file, which --archive has written, and put the draw's "
                 "files right in --into, or unpack it into --to; and exit"},
        {.name = "into",
         .type = CONFIG_TEXT,
         .value = &settings.into,
         .help = "with --restore: the data directory of that day, which nobody serves; "
                 "only what is missing or damaged there is written"},
        option_keys (&options->keys, OPTION_OWN_KEYS),
        option_insecure (&options->insecure),
        option_log_level (OPTION_LOG_LEVEL),
        option_log_format (),
        {0}};
    const config_program_t program = {
        .program = "loteria-storage",
        .section = "storage",
        .summary = "The one process that writes bets.csv; answers when it is on disk.",
        .items = items,
        .agree = agree,
        .serve = serve,
        .context = &settings};
    return program_main (&program, argc, argv);
}

static int agree (const config_t *config, void *context, char *why)
{
    const settings_t *settings = context;
    const storage_options_t *options = &settings->options;
    const agreement_endpoint_t place = {"--listen", options->listen};
    if (settings->expect && !check_is_head (settings->expect)) {
        snprintf (why, CONFIG_WHY_BYTES,
                  "--expect: '%.80s' is no head of 64 digits, 0 to f (see "
                  "loteria-storage --help)",
                  settings->expect);
        return PROCESS_CANNOT_START;
    }
    return has_mode (settings) ||
                   (agreement_log (options->engine, options->standby,
                                   options->insecure_async, why) &&
                    agreement_may_listen (config, &place, options->keys,
                                          options->insecure, why) &&
                    agreement_brokers (config, options->brokers, why) &&
                    agreement_directory (config, options->data_directory, false, why))
               ? 0
               : PROCESS_CANNOT_START;
}

static bool has_mode (const settings_t *settings)
{
    return settings->check || settings->backup || settings->archive ||
           settings->restore;
}

static int serve (const config_t *config, void *context, int signal_fd)
{
    settings_t *settings = context;
    storage_options_t *options = &settings->options;
    const char *wrong = wrong_modes (settings);
    (void) config;
    if (wrong) {
        char line[160];
        snprintf (line, sizeof line, "loteria-storage: %s", wrong);
        logger_text (line);
        return PROCESS_CANNOT_START;
    }
    if (has_mode (settings))
        return run_mode (settings);
    options->log.segments = LOG_SEGMENTS;
    options->log.segment_bytes =
        (uint64_t) settings->log_mib * 1024 * 1024 / LOG_SEGMENTS;
    return storage_serve (options, signal_fd);
}

/* NULL when they go together. */
static const char *wrong_modes (const settings_t *settings)
{
    const bool to = settings->to, into = settings->into;
    const int modes = !!settings->check + !!settings->backup + !!settings->archive +
                      !!settings->restore;
    return modes > 1 ? "--check, --backup, --archive, --restore: one at a time"
           : settings->expect && !settings->check ? "--expect: goes with --check"
           : settings->draw && !settings->archive ? "--draw: goes with --archive"
           : into && !settings->restore           ? "--into: goes with --restore"
           : to && (settings->check || modes == 0)
               ? "--to: goes with --backup, --archive or --restore"
           : settings->backup && !to ? "--backup: --to says where to"
           : settings->archive && (!to || !settings->draw)
               ? "--archive: --draw says which draw, and --to which file to write"
           : settings->restore && to == into
               ? "--restore: either --into names a data directory, or --to a new one"
               : NULL;
}

/* Whatever ends these, at any moment, leaves nothing half. */
static int run_mode (const settings_t *settings)
{
    process_end_at_once ();
    return settings->check    ? check_directory (settings->check, settings->expect)
           : settings->backup ? backup_directory (settings->backup, settings->to)
           : settings->archive
               ? draw_archive (settings->archive, settings->draw, settings->to)
           : settings->into ? draw_restore (settings->restore, settings->into)
                            : draw_unpack (settings->restore, settings->to);
}

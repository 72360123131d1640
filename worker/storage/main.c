/* main.c - loteria-storage: settings, then work. */

#include <stddef.h>

#include "agreement.h"
#include "check.h"
#include "option_rows.h"
#include "process.h"
#include "storage.h"

typedef struct {
    storage_options_t options;
    const char *check;
} settings_t;

static int agree (const config_t *config, void *context, char *why);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    storage_options_t *options = &settings.options;
    const config_item_t items[] = {
        option_data_dir (&options->data_directory,
                         "directory of bets.csv and bets.journal; it must exist"),
        option_storage_listen (&options->listen),
        option_broker (&options->brokers),
        option_log_bets (&options->log_bets),
        {.name = "check",
         .type = CONFIG_TEXT,
         .value = &settings.check,
         .help = "verify this directory offline, print what it holds, and exit"},
        option_keys (&options->keys, OPTION_OWN_KEYS),
        option_insecure (&options->insecure),
        option_log_level (OPTION_LOG_LEVEL),
        {0}};
    const config_program_t program = {
        .program = "loteria-storage",
        .section = "storage",
        .summary = "The one process that writes bets.csv; answers when it is on disk.",
        .items = items,
        .agree = agree,
        .context = &settings};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    status = settings.check ? check_directory (settings.check)
                            : storage_serve (options, signal_fd);
    config_destroy (&config);
    return status;
}

static int agree (const config_t *config, void *context, char *why)
{
    const settings_t *settings = context;
    const storage_options_t *options = &settings->options;
    const agreement_endpoint_t place = {"--listen", options->listen};
    return settings->check ||
                   (agreement_may_listen (config, &place, options->keys,
                                          options->insecure, why) &&
                    agreement_brokers (config, options->brokers, why) &&
                    agreement_directory (config, options->data_directory, false, why))
               ? 0
               : PROCESS_CANNOT_START;
}

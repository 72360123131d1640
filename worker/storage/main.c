/* main.c - loteria-storage: settings, then work. */

#include <stdlib.h>

#include "agreement.h"
#include "check.h"
#include "config.h"
#include "logger.h"
#include "process.h"
#include "storage.h"

#define STATUS_USAGE 2

typedef struct {
    char *data_directory, *listen, *check, *keys;
    bool log_bets, insecure;
    logger_level_t log_level;
} settings_t;

static int agree (const config_t *config, void *context, char *why);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    const config_item_t items[] = {
        {.name = "data-dir",
         .type = CONFIG_TEXT,
         .value = &settings.data_directory,
         .environment = "LOTERIA_DATA_DIR",
         .fallback = "data",
         .help = "directory of bets.csv and bets.journal; it must exist"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &settings.listen,
         .environment = "LOTERIA_STORAGE_LISTEN",
         .fallback = "tcp://127.0.0.1:12347",
         .help = "ZeroMQ endpoint for workers and state"},
        {.name = "log-bets",
         .type = CONFIG_FLAG,
         .value = &settings.log_bets,
         .environment = "LOTERIA_LOG_BETS",
         .fallback = "no",
         .help = "a log line per stored bet (slow, and it names documents)"},
        {.name = "check",
         .type = CONFIG_TEXT,
         .value = &settings.check,
         .help = "verify this directory offline, print what it holds, and exit"},
        {.name = "keys",
         .type = CONFIG_TEXT,
         .value = &settings.keys,
         .environment = "LOTERIA_KEYS",
         .help = "folder of this process's keys (loteria-keys makes it); without: no "
                 "CURVE"},
        {.name = "insecure",
         .type = CONFIG_FLAG,
         .value = &settings.insecure,
         .environment = "LOTERIA_INSECURE",
         .fallback = "no",
         .help = "listen beyond this machine though there are no keys"},
        {.name = "log-level",
         .type = CONFIG_LEVEL,
         .value = &settings.log_level,
         .environment = "LOGGING_LEVEL",
         .fallback = "INFO",
         .help = "CRITICAL, ERROR, WARNING, INFO or DEBUG"},
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
    logger_set_level (settings.log_level);
    const storage_options_t options = {.data_directory = settings.data_directory,
                                       .listen = settings.listen,
                                       .keys = settings.keys,
                                       .insecure = settings.insecure,
                                       .log_bets = settings.log_bets};
    status = settings.check ? check_directory (settings.check)
                            : storage_serve (&options, signal_fd);
    config_destroy (&config);
    return status;
}

static int agree (const config_t *config, void *context, char *why)
{
    const settings_t *settings = context;
    const agreement_endpoint_t place = {"--listen", settings->listen};
    if (settings->check)
        return 0;
    return agreement_may_listen (config, &place, settings->keys, settings->insecure,
                                 why) &&
                   agreement_directory (config, settings->data_directory, false, why)
               ? 0
               : STATUS_USAGE;
}

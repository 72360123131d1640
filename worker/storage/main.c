/* main.c - loteria-storage: settings, then work. */

#include <stdlib.h>

#include "check.h"
#include "config.h"
#include "bounds.h"
#include "log.h"
#include "process.h"
#include "storage.h"

int main (int argc, char **argv)
{
    storage_options_t options = {0};
    char *data_directory = NULL, *listen = NULL, *check = NULL;
    char *keys = NULL;
    bool insecure = false;
    log_level_t log_level = LOG_INFO;
    const config_item_t items[] = {
        {.name = "data-dir",
         .type = CONFIG_TEXT,
         .value = &data_directory,
         .environment = "LOTERIA_DATA_DIR",
         .fallback = "data",
         .help = "directory of bets.csv and bets.journal; it must exist"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &listen,
         .environment = "LOTERIA_STORAGE_LISTEN",
         .fallback = "tcp://127.0.0.1:12347",
         .help = "ZeroMQ endpoint for workers and state"},
        {.name = "log-bets",
         .type = CONFIG_FLAG,
         .value = &options.log_bets,
         .environment = "LOTERIA_LOG_BETS",
         .fallback = "no",
         .help = "a log line per stored bet (slow, and it names documents)"},
        {.name = "check",
         .type = CONFIG_TEXT,
         .value = &check,
         .help = "verify this directory offline, print what it holds, and exit"},
        {.name = "keys",
         .type = CONFIG_TEXT,
         .value = &keys,
         .environment = "LOTERIA_KEYS",
         .help = "folder of this process's keys (loteria-keys makes it); without: no "
                 "CURVE"},
        {.name = "insecure",
         .type = CONFIG_FLAG,
         .value = &insecure,
         .environment = "LOTERIA_INSECURE",
         .fallback = "no",
         .help = "listen beyond this machine though there are no keys"},
        {.name = "log-level",
         .type = CONFIG_LEVEL,
         .value = &log_level,
         .environment = "LOGGING_LEVEL",
         .fallback = "INFO",
         .help = "CRITICAL, ERROR, WARNING, INFO or DEBUG"},
        {0}};
    const config_program_t program = {
        .program = "loteria-storage",
        .section = "storage",
        .summary = "The one process that writes bets.csv; answers when it is on disk.",
        .items = items};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    log_set_level (log_level);
    options.data_directory = data_directory;
    options.listen = listen;
    options.keys = keys;
    options.insecure = insecure;
    status = check ? check_directory (check) : storage_serve (&options, signal_fd);
    config_destroy (&config);
    return status;
}

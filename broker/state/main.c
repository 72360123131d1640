/* main.c - loteria-state: settings, then work. */

#include <stddef.h>

#include "agreement.h"
#include "config.h"
#include "bounds.h"
#include "logger.h"
#include "process.h"
#include "secret.h"
#include "state.h"

typedef struct {
    char *data_directory, *listen, *storage, *keys, *number_file;
    uint64_t agencies, number;
    bool exit_when_done, insecure;
    logger_level_t log_level;
} settings_t;

static int agree (const config_t *config, void *context, char *why);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    const config_item_t items[] = {
        {.name = "agencies",
         .type = CONFIG_NUMBER,
         .value = &settings.agencies,
         .environment = "TOTAL_AGENCIES",
         .fallback = BOUND_TEXT (AGENCIES_DEFAULT),
         .min = 1,
         .max = AGENCIES_MAX,
         .help = "the roll is 1 to this number; the draw waits for all of them"},
        {.name = "winning-number",
         .type = CONFIG_SECRET,
         .value = &settings.number,
         .environment = "LOTERIA_WINNING_NUMBER",
         .fallback = "7574",
         .max = NUMBER_MAX_MAX,
         .help = "the number that wins"},
        {.name = "winning-number-file",
         .type = CONFIG_TEXT,
         .value = &settings.number_file,
         .environment = "LOTERIA_WINNING_NUMBER_FILE",
         .help = "a file that holds it, of mode 0600 say; - is stdin"},
        {.name = "data-dir",
         .type = CONFIG_TEXT,
         .value = &settings.data_directory,
         .environment = "LOTERIA_DATA_DIR",
         .fallback = "data",
         .help = "directory of draw.journal; it must exist"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &settings.listen,
         .environment = "LOTERIA_STATE_LISTEN",
         .fallback = "tcp://127.0.0.1:12348",
         .help = "ZeroMQ endpoint for workers"},
        {.name = "storage",
         .type = CONFIG_TEXT,
         .value = &settings.storage,
         .environment = "LOTERIA_STORAGE",
         .fallback = "tcp://127.0.0.1:12347",
         .help = "ZeroMQ endpoint of storage"},
        {.name = "exit-when-done",
         .type = CONFIG_FLAG,
         .value = &settings.exit_when_done,
         .environment = "LOTERIA_EXIT_WHEN_DONE",
         .fallback = "no",
         .help = "leave once every agency has its winners"},
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
        .program = "loteria-state",
        .section = "state",
        .summary = "Tracks which agencies are ready and makes the draw, exactly once.",
        .items = items,
        .agree = agree,
        .context = &settings};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    logger_set_level (settings.log_level);
    const state_options_t options = {.data_directory = settings.data_directory,
                                     .listen = settings.listen,
                                     .storage = settings.storage,
                                     .keys = settings.keys,
                                     .insecure = settings.insecure,
                                     .agencies = (uint32_t) settings.agencies,
                                     .number = (uint32_t) settings.number,
                                     .exit_when_done = settings.exit_when_done};
    status = state_serve (&options, signal_fd);
    config_destroy (&config);
    return status;
}

static int agree (const config_t *config, void *context, char *why)
{
    settings_t *settings = context;
    const agreement_endpoint_t places[] = {{"--listen", settings->listen},
                                           {"--storage", settings->storage}};
    return secret_load (config, "winning-number", settings->number_file, NUMBER_MAX_MAX,
                        &settings->number, why) == 0 &&
                   agreement_may_listen (config, &places[0], settings->keys,
                                         settings->insecure, why) &&
                   agreement_may_connect (config, &places[1], why) &&
                   agreement_places_differ (places, 2, why) &&
                   agreement_directory (config, settings->data_directory, false, why)
               ? 0
               : PROCESS_CANNOT_START;
}

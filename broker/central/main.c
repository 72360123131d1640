/* main.c - loteria-central: settings, then work. */

#include <stdio.h>

#include "agreement.h"
#include "central.h"
#include "port.h"
#include "config.h"
#include "bounds.h"
#include "logger.h"
#include "process.h"
#include "secret.h"

typedef struct {
    char *listen, *data_directory, *keys, *number_file;
    uint64_t port;
    central_options_t options;
    address_t front;
    char fallback[64]; // where agencies are listened to when --listen is not given
} settings_t;

static int agree (const config_t *config, void *context, char *why);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    logger_level_t log_level = LOG_INFO;
    const config_item_t items[] = {
        {.name = "workers",
         .type = CONFIG_NUMBER,
         .value = &settings.options.workers,
         .environment = "WORKERS",
         .fallback = BOUND_TEXT (WORKERS_DEFAULT),
         .min = 1,
         .max = WORKERS_MAX,
         .help = "worker processes"},
        {.name = "agencies",
         .type = CONFIG_NUMBER,
         .value = &settings.options.agencies,
         .environment = "TOTAL_AGENCIES",
         .fallback = BOUND_TEXT (AGENCIES_DEFAULT),
         .min = 1,
         .max = AGENCIES_MAX,
         .help = "the roll is 1 to this number; the draw waits for all of them"},
        {.name = "data-dir",
         .type = CONFIG_TEXT,
         .value = &settings.data_directory,
         .environment = "LOTERIA_DATA_DIR",
         .fallback = "data",
         .help = "directory of the day's files; made if it is missing"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &settings.listen,
         .environment = "LOTERIA_LISTEN",
         .help = "ZeroMQ endpoint for agencies [tcp://127.0.0.1:PORT]"},
        {.name = "port",
         .type = CONFIG_NUMBER,
         .value = &settings.port,
         .environment = "SERVER_PORT",
         .fallback = "12345",
         .max = 65535,
         .help = "PORT for agencies when --listen is not given; 0 is any that is free"},
        {.name = "winning-number",
         .type = CONFIG_SECRET,
         .value = &settings.options.winning_number,
         .environment = "LOTERIA_WINNING_NUMBER",
         .fallback = "7574",
         .max = NUMBER_MAX_MAX,
         .help = "the number that wins"},
        {.name = "winning-number-file",
         .type = CONFIG_TEXT,
         .value = &settings.number_file,
         .environment = "LOTERIA_WINNING_NUMBER_FILE",
         .help = "a file that holds it, of mode 0600 say; - is stdin"},
        {.name = "number-max",
         .type = CONFIG_NUMBER,
         .value = &settings.options.number_max,
         .environment = "LOTERIA_NUMBER_MAX",
         .fallback = BOUND_TEXT (NUMBER_MAX_DEFAULT),
         .max = NUMBER_MAX_MAX,
         .help = "highest number that can be bet on"},
        {.name = "message-bytes",
         .type = CONFIG_NUMBER,
         .value = &settings.options.message_bytes,
         .environment = "LOTERIA_MESSAGE_BYTES",
         .fallback = BOUND_TEXT (MESSAGE_BYTES_LIMIT_DEFAULT),
         .min = MESSAGE_BYTES_MIN,
         .max = MESSAGE_BYTES_MAX,
         .help = "longest message taken from an agency, in bytes"},
        {.name = "batch-count",
         .type = CONFIG_NUMBER,
         .value = &settings.options.batch_count,
         .environment = "LOTERIA_BATCH_COUNT",
         .fallback = BOUND_TEXT (BATCH_ROWS_DEFAULT),
         .min = 1,
         .max = BATCH_ROWS_MAX,
         .help = "most bets in a batch"},
        {.name = "window",
         .type = CONFIG_NUMBER,
         .value = &settings.options.window,
         .environment = "LOTERIA_WINDOW",
         .fallback = BOUND_TEXT (WINDOW_LIMIT_DEFAULT),
         .min = 1,
         .max = WINDOW_MAX,
         .help = "most unacknowledged batches granted to an agency"},
        {.name = "keys",
         .type = CONFIG_TEXT,
         .value = &settings.keys,
         .environment = "LOTERIA_KEYS",
         .help = "keys of this central (loteria-keys makes them); without: no CURVE"},
        {.name = "insecure",
         .type = CONFIG_FLAG,
         .value = &settings.options.insecure,
         .environment = "LOTERIA_INSECURE",
         .fallback = "no",
         .help = "listen beyond this machine though there are no keys"},
        {.name = "log-bets",
         .type = CONFIG_FLAG,
         .value = &settings.options.log_bets,
         .environment = "LOTERIA_LOG_BETS",
         .fallback = "no",
         .help = "a log line per stored bet (slow, and it names documents)"},
        {.name = "exit-when-done",
         .type = CONFIG_FLAG,
         .value = &settings.options.exit_when_done,
         .environment = "LOTERIA_EXIT_WHEN_DONE",
         .fallback = "no",
         .help = "leave once every agency has its winners"},
        {.name = "log-level",
         .type = CONFIG_LEVEL,
         .value = &log_level,
         .environment = "LOGGING_LEVEL",
         .fallback = "INFO",
         .help = "CRITICAL, ERROR, WARNING, INFO or DEBUG"},
        {0}};
    const config_program_t program = {
        .program = "loteria-central",
        .section = "central",
        .summary = "A whole central on one machine: broker, state, storage, workers.",
        .items = items,
        .agree = agree,
        .context = &settings};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    logger_set_level (log_level);
    settings.options.config_file = config_file (config);
    settings.options.log_level = logger_level_name (log_level);
    problem_t problem;
    settings.options.listen =
        port_reserve (settings.options.listen, &settings.front, &problem);
    if (!settings.options.listen)
        process_end (&problem);
    status = central_run (&settings.options, signal_fd);
    config_destroy (&config);
    return status;
}

/* Fills in what --port and the texts are for the parts, too. */
static int agree (const config_t *config, void *context, char *why)
{
    settings_t *settings = context;
    central_options_t *options = &settings->options;
    snprintf (settings->fallback, sizeof settings->fallback, "tcp://127.0.0.1:%u",
              (unsigned) settings->port);
    options->listen = settings->listen ? settings->listen : settings->fallback;
    options->data_directory = settings->data_directory;
    options->keys = settings->keys;
    const agreement_endpoint_t front = {"--listen", settings->listen};
    return secret_load (config, "winning-number", settings->number_file, NUMBER_MAX_MAX,
                        &options->winning_number, why) == 0 &&
                   agreement_may_listen (config, &front, settings->keys,
                                         options->insecure, why) &&
                   agreement_number (options->winning_number, options->number_max,
                                     why) &&
                   agreement_roll (settings->keys, options->agencies, why) &&
                   agreement_directory (config, settings->data_directory, true, why)
               ? 0
               : PROCESS_CANNOT_START;
}

/* main.c - loteria-central: settings, then work. */

#include <stdio.h>

#include "central.h"
#include "config.h"
#include "bounds.h"
#include "log.h"
#include "process.h"

int main (int argc, char **argv)
{
    char *listen = NULL, *data_directory = NULL, *keys = NULL;
    uint64_t port = 0;
    log_level_t log_level = LOG_INFO;
    central_options_t options = {0};
    const config_item_t items[] = {
        {.name = "workers",
         .type = CONFIG_NUMBER,
         .value = &options.workers,
         .environment = "WORKERS",
         .fallback = BOUND_TEXT (WORKERS_DEFAULT),
         .min = 1,
         .max = WORKERS_MAX,
         .help = "worker processes"},
        {.name = "agencies",
         .type = CONFIG_NUMBER,
         .value = &options.agencies,
         .environment = "TOTAL_AGENCIES",
         .fallback = BOUND_TEXT (AGENCIES_DEFAULT),
         .min = 1,
         .max = AGENCIES_MAX,
         .help = "the roll is 1 to this number; the draw waits for all of them"},
        {.name = "data-dir",
         .type = CONFIG_TEXT,
         .value = &data_directory,
         .environment = "LOTERIA_DATA_DIR",
         .fallback = "data",
         .help = "directory of the day's files; made if it is missing"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &listen,
         .environment = "LOTERIA_LISTEN",
         .help = "ZeroMQ endpoint for agencies [tcp://127.0.0.1:PORT]"},
        {.name = "port",
         .type = CONFIG_NUMBER,
         .value = &port,
         .environment = "SERVER_PORT",
         .fallback = "12345",
         .min = 1,
         .max = 65535,
         .help = "PORT for agencies when --listen is not given"},
        {.name = "winning-number",
         .type = CONFIG_NUMBER,
         .value = &options.winning_number,
         .environment = "LOTERIA_WINNING_NUMBER",
         .fallback = "7574",
         .max = NUMBER_MAX_MAX,
         .help = "the number that wins"},
        {.name = "number-max",
         .type = CONFIG_NUMBER,
         .value = &options.number_max,
         .environment = "LOTERIA_NUMBER_MAX",
         .fallback = BOUND_TEXT (NUMBER_MAX_DEFAULT),
         .max = NUMBER_MAX_MAX,
         .help = "highest number that can be bet on"},
        {.name = "message-bytes",
         .type = CONFIG_NUMBER,
         .value = &options.message_bytes,
         .environment = "LOTERIA_MESSAGE_BYTES",
         .fallback = BOUND_TEXT (MESSAGE_BYTES_LIMIT_DEFAULT),
         .min = MESSAGE_BYTES_MIN,
         .max = MESSAGE_BYTES_MAX,
         .help = "longest message taken from an agency, in bytes"},
        {.name = "batch-count",
         .type = CONFIG_NUMBER,
         .value = &options.batch_count,
         .environment = "LOTERIA_BATCH_COUNT",
         .fallback = BOUND_TEXT (BATCH_ROWS_DEFAULT),
         .min = 1,
         .max = BATCH_ROWS_MAX,
         .help = "most bets in a batch"},
        {.name = "window",
         .type = CONFIG_NUMBER,
         .value = &options.window,
         .environment = "LOTERIA_WINDOW",
         .fallback = BOUND_TEXT (WINDOW_LIMIT_DEFAULT),
         .min = 1,
         .max = WINDOW_MAX,
         .help = "most unacknowledged batches granted to an agency"},
        {.name = "keys",
         .type = CONFIG_TEXT,
         .value = &keys,
         .environment = "LOTERIA_KEYS",
         .help = "keys of this central (loteria-keys makes them); without: no CURVE"},
        {.name = "insecure",
         .type = CONFIG_FLAG,
         .value = &options.insecure,
         .environment = "LOTERIA_INSECURE",
         .fallback = "no",
         .help = "listen beyond this machine though there are no keys"},
        {.name = "log-bets",
         .type = CONFIG_FLAG,
         .value = &options.log_bets,
         .environment = "LOTERIA_LOG_BETS",
         .fallback = "no",
         .help = "a log line per stored bet (slow, and it names documents)"},
        {.name = "exit-when-done",
         .type = CONFIG_FLAG,
         .value = &options.exit_when_done,
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
        .items = items};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    log_set_level (log_level);
    char fallback[64];
    snprintf (fallback, sizeof fallback, "tcp://127.0.0.1:%u", (unsigned) port);
    options.listen = listen ? listen : fallback;
    options.data_directory = data_directory;
    options.keys = keys;
    options.config_file = config_file (config);
    options.log_level = log_level_name (log_level);
    status = central_run (&options, signal_fd);
    config_destroy (&config);
    return status;
}

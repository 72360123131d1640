/* main.c - loteria-state: settings, then work. */

#include <stddef.h>

#include "config.h"
#include "bounds.h"
#include "log.h"
#include "process.h"
#include "state.h"

int main (int argc, char **argv)
{
    char *data_directory = NULL, *listen = NULL, *storage = NULL;
    uint64_t agencies = 0, number = 0;
    bool exit_when_done = false;
    char *keys = NULL;
    bool insecure = false;
    log_level_t log_level = LOG_INFO;
    const config_item_t items[] = {
        {.name = "agencies",
         .type = CONFIG_NUMBER,
         .value = &agencies,
         .environment = "TOTAL_AGENCIES",
         .fallback = BOUND_TEXT (AGENCIES_DEFAULT),
         .min = 1,
         .max = AGENCIES_MAX,
         .help = "the roll is 1 to this number; the draw waits for all of them"},
        {.name = "winning-number",
         .type = CONFIG_NUMBER,
         .value = &number,
         .environment = "LOTERIA_WINNING_NUMBER",
         .fallback = "7574",
         .max = NUMBER_MAX_MAX,
         .help = "the number that wins"},
        {.name = "data-dir",
         .type = CONFIG_TEXT,
         .value = &data_directory,
         .environment = "LOTERIA_DATA_DIR",
         .fallback = "data",
         .help = "directory of draw.journal; it must exist"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &listen,
         .environment = "LOTERIA_STATE_LISTEN",
         .fallback = "tcp://127.0.0.1:12348",
         .help = "ZeroMQ endpoint for workers"},
        {.name = "storage",
         .type = CONFIG_TEXT,
         .value = &storage,
         .environment = "LOTERIA_STORAGE",
         .fallback = "tcp://127.0.0.1:12347",
         .help = "ZeroMQ endpoint of storage"},
        {.name = "exit-when-done",
         .type = CONFIG_FLAG,
         .value = &exit_when_done,
         .environment = "LOTERIA_EXIT_WHEN_DONE",
         .fallback = "no",
         .help = "leave once every agency has its winners"},
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
        .program = "loteria-state",
        .section = "state",
        .summary = "Tracks which agencies are ready and makes the draw, exactly once.",
        .items = items};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    log_set_level (log_level);
    const state_options_t options = {.data_directory = data_directory,
                                     .listen = listen,
                                     .storage = storage,
                                     .keys = keys,
                                     .insecure = insecure,
                                     .agencies = (uint32_t) agencies,
                                     .number = (uint32_t) number,
                                     .exit_when_done = exit_when_done};
    status = state_serve (&options, signal_fd);
    config_destroy (&config);
    return status;
}

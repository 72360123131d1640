/* main.c - loteria-worker: settings, then work; with --count, several of it. */

#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "bounds.h"
#include "log.h"
#include "process.h"
#include "supervisor.h"
#include "worker.h"

#define STATUS_USAGE 2

static int supervise (int argc, char **argv, uint64_t count, int signal_fd);

int main (int argc, char **argv)
{
    char *broker = NULL, *storage = NULL, *state = NULL, *listen = NULL;
    uint64_t count = 0, rows = 0, number_max = 0, credit = 0, heartbeat_ms = 0;
    char *keys = NULL;
    bool insecure = false;
    log_level_t log_level = LOG_INFO;
    const config_item_t items[] = {
        {.name = "broker",
         .type = CONFIG_TEXT,
         .value = &broker,
         .environment = "LOTERIA_BROKER",
         .fallback = "tcp://127.0.0.1:12346",
         .help = "ZeroMQ endpoint of the broker"},
        {.name = "storage",
         .type = CONFIG_TEXT,
         .value = &storage,
         .environment = "LOTERIA_STORAGE",
         .fallback = "tcp://127.0.0.1:12347",
         .help = "ZeroMQ endpoint of storage"},
        {.name = "state",
         .type = CONFIG_TEXT,
         .value = &state,
         .environment = "LOTERIA_STATE",
         .fallback = "tcp://127.0.0.1:12348",
         .help = "ZeroMQ endpoint of state"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &listen,
         .environment = "LOTERIA_WORKER_LISTEN",
         .help = "ZeroMQ endpoint that answers PING, with a count of 1"},
        {.name = "count",
         .type = CONFIG_NUMBER,
         .value = &count,
         .environment = "LOTERIA_WORKER_COUNT",
         .fallback = "1",
         .min = 1,
         .max = WORKERS_MAX,
         .help = "worker processes to run"},
        {.name = "batch-count",
         .type = CONFIG_NUMBER,
         .value = &rows,
         .environment = "LOTERIA_BATCH_COUNT",
         .fallback = BOUND_TEXT (BATCH_ROWS_DEFAULT),
         .min = 1,
         .max = BATCH_ROWS_MAX,
         .help = "most bets in a batch"},
        {.name = "number-max",
         .type = CONFIG_NUMBER,
         .value = &number_max,
         .environment = "LOTERIA_NUMBER_MAX",
         .fallback = BOUND_TEXT (NUMBER_MAX_DEFAULT),
         .max = NUMBER_MAX_MAX,
         .help = "highest number that can be bet on"},
        {.name = "credit",
         .type = CONFIG_NUMBER,
         .value = &credit,
         .environment = "LOTERIA_WORKER_CREDIT",
         .fallback = BOUND_TEXT (WORKER_CREDIT_DEFAULT),
         .min = 1,
         .max = WORKER_CREDIT_MAX,
         .help = "requests taken from the broker at once"},
        {.name = "heartbeat-ms",
         .type = CONFIG_NUMBER,
         .value = &heartbeat_ms,
         .environment = "LOTERIA_HEARTBEAT_MS",
         .fallback = BOUND_TEXT (HEARTBEAT_MS_DEFAULT),
         .min = HEARTBEAT_MS_MIN,
         .max = HEARTBEAT_MS_MAX,
         .help = "milliseconds between signs of life; after three the broker gives up"},
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
    const config_program_t program = {.program = "loteria-worker",
                                      .section = "worker",
                                      .summary =
                                          "Checks batches of bets and passes them on.",
                                      .items = items};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    log_set_level (log_level);
    if (listen && count > 1) {
        fprintf (stderr, "loteria-worker: --listen: only with a count of 1\n");
        config_destroy (&config);
        return STATUS_USAGE;
    }
    const worker_options_t options = {.broker = broker,
                                      .storage = storage,
                                      .state = state,
                                      .listen = listen,
                                      .keys = keys,
                                      .insecure = insecure,
                                      .rows_max = (uint32_t) rows,
                                      .number_max = (uint32_t) number_max,
                                      .credit = (uint32_t) credit,
                                      .heartbeat_ms = (uint32_t) heartbeat_ms};
    status = count > 1 ? supervise (argc, argv, count, signal_fd)
                       : worker_serve (&options, signal_fd);
    config_destroy (&config);
    return status;
}

/* Each child is this very command, with a count of one. */
static int supervise (int argc, char **argv, uint64_t count, int signal_fd)
{
    const char **child = calloc ((size_t) argc + 3, sizeof *child);
    char *program = supervisor_program ("loteria-worker");
    supervisor_t *supervisor = supervisor_new (signal_fd);
    for (int i = 1; i < argc; i++)
        child[i] = argv[i];
    child[0] = program;
    child[argc] = "--count";
    child[argc + 1] = "1";
    for (uint64_t i = 0; i < count; i++)
        supervisor_add (supervisor, "worker", child);
    const int status = supervisor_run (supervisor, NULL);
    supervisor_destroy (&supervisor);
    free (program);
    free (child);
    return status;
}

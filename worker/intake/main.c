/* main.c - loteria-worker: settings, then work; with --count, several of it. */

#include <stdio.h>
#include <stdlib.h>

#include "agreement.h"
#include "config.h"
#include "bounds.h"
#include "logger.h"
#include "process.h"
#include "supervisor.h"
#include "worker.h"

typedef struct {
    char *broker, *storage, *state, *listen, *keys;
    uint64_t count, rows, number_max, credit, heartbeat_ms;
    bool insecure;
    logger_level_t log_level;
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static int supervise (int argc, char **argv, uint64_t count, int signal_fd);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    const config_item_t items[] = {
        {.name = "broker",
         .type = CONFIG_TEXT,
         .value = &settings.broker,
         .environment = "LOTERIA_BROKER",
         .fallback = "tcp://127.0.0.1:12346",
         .help = "ZeroMQ endpoint of the broker"},
        {.name = "storage",
         .type = CONFIG_TEXT,
         .value = &settings.storage,
         .environment = "LOTERIA_STORAGE",
         .fallback = "tcp://127.0.0.1:12347",
         .help = "ZeroMQ endpoint of storage"},
        {.name = "state",
         .type = CONFIG_TEXT,
         .value = &settings.state,
         .environment = "LOTERIA_STATE",
         .fallback = "tcp://127.0.0.1:12348",
         .help = "ZeroMQ endpoint of state"},
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &settings.listen,
         .environment = "LOTERIA_WORKER_LISTEN",
         .help = "ZeroMQ endpoint that answers PING, with a count of 1"},
        {.name = "count",
         .type = CONFIG_NUMBER,
         .value = &settings.count,
         .environment = "LOTERIA_WORKER_COUNT",
         .fallback = "1",
         .min = 1,
         .max = WORKERS_MAX,
         .help = "worker processes to run"},
        {.name = "batch-count",
         .type = CONFIG_NUMBER,
         .value = &settings.rows,
         .environment = "LOTERIA_BATCH_COUNT",
         .fallback = BOUND_TEXT (BATCH_ROWS_DEFAULT),
         .min = 1,
         .max = BATCH_ROWS_MAX,
         .help = "most bets in a batch"},
        {.name = "number-max",
         .type = CONFIG_NUMBER,
         .value = &settings.number_max,
         .environment = "LOTERIA_NUMBER_MAX",
         .fallback = BOUND_TEXT (NUMBER_MAX_DEFAULT),
         .max = NUMBER_MAX_MAX,
         .help = "highest number that can be bet on"},
        {.name = "credit",
         .type = CONFIG_NUMBER,
         .value = &settings.credit,
         .environment = "LOTERIA_WORKER_CREDIT",
         .fallback = BOUND_TEXT (WORKER_CREDIT_DEFAULT),
         .min = 1,
         .max = WORKER_CREDIT_MAX,
         .help = "requests taken from the broker at once"},
        {.name = "heartbeat-ms",
         .type = CONFIG_NUMBER,
         .value = &settings.heartbeat_ms,
         .environment = "LOTERIA_HEARTBEAT_MS",
         .fallback = BOUND_TEXT (HEARTBEAT_MS_DEFAULT),
         .min = HEARTBEAT_MS_MIN,
         .max = HEARTBEAT_MS_MAX,
         .help = "milliseconds between signs of life; after three the broker gives up"},
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
    const config_program_t program = {.program = "loteria-worker",
                                      .section = "worker",
                                      .summary =
                                          "Checks batches of bets and passes them on.",
                                      .items = items,
                                      .agree = agree,
                                      .context = &settings};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    logger_set_level (settings.log_level);
    const worker_options_t options = {.broker = settings.broker,
                                      .storage = settings.storage,
                                      .state = settings.state,
                                      .listen = settings.listen,
                                      .keys = settings.keys,
                                      .insecure = settings.insecure,
                                      .rows_max = (uint32_t) settings.rows,
                                      .number_max = (uint32_t) settings.number_max,
                                      .credit = (uint32_t) settings.credit,
                                      .heartbeat_ms = (uint32_t) settings.heartbeat_ms};
    if (settings.count > 1)
        worker_check_keys (&options);
    status = settings.count > 1 ? supervise (argc, argv, settings.count, signal_fd)
                                : worker_serve (&options, signal_fd);
    config_destroy (&config);
    if (status < 0)
        process_end_by (-status);
    return status;
}

static int agree (const config_t *config, void *context, char *why)
{
    const settings_t *settings = context;
    const agreement_endpoint_t places[] = {{"--broker", settings->broker},
                                           {"--storage", settings->storage},
                                           {"--state", settings->state},
                                           {"--listen", settings->listen}};
    if (settings->listen && settings->count > 1) {
        snprintf (why, CONFIG_WHY_BYTES,
                  "--listen %.200s and --count %u: only one process can listen there; "
                  "leave out --listen, or ask for a count of 1",
                  settings->listen, (unsigned) settings->count);
        return PROCESS_CANNOT_START;
    }
    for (size_t i = 0; i < 3; i++)
        if (!agreement_may_connect (config, &places[i], why))
            return PROCESS_CANNOT_START;
    return agreement_may_listen (config, &places[3], settings->keys, settings->insecure,
                                 why) &&
                   (!config_only_checked (config) ||
                    agreement_places_differ (places, 4, why))
               ? 0
               : PROCESS_CANNOT_START;
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
        supervisor_add (supervisor, "worker", child, -1);
    const int status = supervisor_run (supervisor, NULL);
    supervisor_destroy (&supervisor);
    free (program);
    free (child);
    return status;
}

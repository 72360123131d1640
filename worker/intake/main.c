/* main.c - loteria-worker: settings, then work; with --count, several of it. */

#include <stdio.h>
#include <stdlib.h>

#include "agreement.h"
#include "bounds.h"
#include "notify.h"
#include "option_rows.h"
#include "process.h"
#include "program.h"
#include "supervisor.h"
#include "worker.h"

typedef struct {
    worker_options_t options;
    uint32_t count;
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static int serve (const config_t *config, void *context, int signal_fd);
static int supervise (const config_t *config, const settings_t *settings,
                      int signal_fd);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    worker_options_t *options = &settings.options;
    const config_item_t items[] = {
        option_broker (&options->broker),
        option_storage (&options->storage),
        option_state (&options->state),
        option_worker_listen (&options->listen),
        option_worker_count (&settings.count),
        option_batch_count (&options->rows_max, OPTION_BATCH_COUNT),
        option_number_max (&options->number_max),
        {.name = "credit",
         .type = CONFIG_NUMBER,
         .value = &options->credit,
         .environment = "LOTERIA_WORKER_CREDIT",
         .fallback = BOUND_TEXT (WORKER_CREDIT_DEFAULT),
         .min = 1,
         .max = WORKER_CREDIT_MAX,
         .help = "most requests taken from the broker at once"},
        {.name = "heartbeat-ms",
         .type = CONFIG_NUMBER,
         .value = &options->heartbeat_ms,
         .environment = "LOTERIA_HEARTBEAT_MS",
         .fallback = BOUND_TEXT (HEARTBEAT_MS_DEFAULT),
         .min = HEARTBEAT_MS_MIN,
         .max = HEARTBEAT_MS_MAX,
         .help = "milliseconds between heartbeats; the broker gives up after three"},
        option_keys (&options->keys, OPTION_OWN_KEYS),
        option_insecure (&options->insecure),
        option_log_level (OPTION_LOG_LEVEL),
        option_log_format (),
        {0}};
    const config_program_t program = {.program = "loteria-worker",
                                      .section = "worker",
                                      .summary =
                                          "Checks batches of bets and passes them on.",
                                      .items = items,
                                      .agree = agree,
                                      .serve = serve,
                                      .context = &settings};
    return program_main (&program, argc, argv);
}

static int agree (const config_t *config, void *context, char *why)
{
    const settings_t *settings = context;
    const worker_options_t *options = &settings->options;
    const agreement_endpoint_t places[] = {{"--broker", options->broker},
                                           {"--storage", options->storage},
                                           {"--state", options->state},
                                           {"--listen", options->listen}};
    if (options->listen && settings->count > 1) {
        snprintf (why, CONFIG_WHY_BYTES,
                  "--listen %.200s and --count %u: only one process can listen there; "
                  "leave out --listen, or ask for a count of 1",
                  options->listen, settings->count);
        return PROCESS_CANNOT_START;
    }
    for (size_t i = 0; i < 3; i++)
        if (!agreement_may_connect (config, &places[i], why))
            return PROCESS_CANNOT_START;
    return agreement_may_listen (config, &places[3], options->keys, options->insecure,
                                 why) &&
                   (!config_only_checked (config) ||
                    agreement_places_differ (places, 4, why))
               ? 0
               : PROCESS_CANNOT_START;
}

static int serve (const config_t *config, void *context, int signal_fd)
{
    const settings_t *settings = context;
    return settings->count > 1 ? supervise (config, settings, signal_fd)
                               : worker_serve (&settings->options, signal_fd);
}

/* Several workers with the same settings, which they read from the environment. */
static int supervise (const config_t *config, const settings_t *settings, int signal_fd)
{
    problem_t problem;
    if (worker_check_keys (&settings->options, &problem) == -1)
        process_end (&problem);
    config_export (config);
    setenv (option_worker_count (NULL).environment, "1", 1);
    char *program = supervisor_program ("loteria-worker");
    const char *argv[] = {program, NULL};
    supervisor_t *supervisor = supervisor_new (signal_fd);
    for (uint32_t i = 0; i < settings->count; i++)
        supervisor_add (supervisor, "worker", argv, -1);
    notify_say ("READY=1");
    const int status = supervisor_run (supervisor, NULL);
    supervisor_destroy (&supervisor);
    free (program);
    return status;
}

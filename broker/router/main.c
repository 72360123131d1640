/* main.c - loteria-broker: settings, then work. */

#include <stdio.h>

#include "agreement.h"
#include "bounds.h"
#include "option_rows.h"
#include "problem.h"
#include "program.h"
#include "router.h"

typedef struct {
    router_options_t options;
    uint32_t port, memory_mb;
    char fallback[64]; // where agencies are listened to when --listen is not given
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static int serve (const config_t *config, void *context, int signal_fd);
static uint32_t bundle_bytes (uint32_t message_bytes);

int main (int argc, char **argv)
{
    settings_t settings = {.options = {.limits = {.rows_max = BATCH_ROWS_MAX}}};
    router_options_t *options = &settings.options;
    const config_item_t items[] = {
        option_listen (&options->listen),
        option_port (&settings.port),
        option_workers_listen (&options->workers),
        option_message_bytes (&options->limits.message_bytes_max),
        option_window (&options->limits.window),
        {.name = "memory-mb",
         .type = CONFIG_NUMBER,
         .value = &settings.memory_mb,
         .environment = "LOTERIA_MEMORY_MB",
         .fallback = BOUND_TEXT (BROKER_MEMORY_MB_DEFAULT),
         .min = BROKER_MEMORY_MB_MIN,
         .max = BROKER_MEMORY_MB_MAX,
         .help = "memory beyond which the connections that hold most are cut"},
        option_role_file (&options->role_file),
        option_keys (&options->keys, OPTION_OWN_KEYS),
        option_insecure (&options->insecure),
        option_log_level (OPTION_LOG_LEVEL),
        option_log_format (),
        {0}};
    const config_program_t program = {
        .program = "loteria-broker",
        .section = "broker",
        .summary = "Takes the agencies' requests and hands them to the workers.",
        .items = items,
        .agree = agree,
        .serve = serve,
        .context = &settings};
    return program_main (&program, argc, argv);
}

/* Fills in what is not a setting of its own, too. */
static int agree (const config_t *config, void *context, char *why)
{
    settings_t *settings = context;
    router_options_t *options = &settings->options;
    options->memory_max = settings->memory_mb * (uint64_t) (1024 * 1024);
    options->limits.bundle_bytes = bundle_bytes (options->limits.message_bytes_max);
    snprintf (settings->fallback, sizeof settings->fallback, "tcp://127.0.0.1:%u",
              settings->port);
    const char *front = options->listen ? "--listen" : "--port";
    if (!options->listen)
        options->listen = settings->fallback;
    const agreement_endpoint_t places[] = {{front, options->listen},
                                           {"--workers", options->workers}};
    return agreement_may_listen (config, &places[0], options->keys, options->insecure,
                                 why) &&
                   agreement_may_listen (config, &places[1], options->keys,
                                         options->insecure, why) &&
                   agreement_places_differ (places, 2, why) &&
                   agreement_memory (options->limits.window,
                                     options->limits.message_bytes_max,
                                     settings->memory_mb, why)
               ? 0
               : PROCESS_CANNOT_START;
}

/* A bundle is no longer than what the front's socket takes: see open_front (). */
static uint32_t bundle_bytes (uint32_t message_bytes)
{
    return 2 * message_bytes < BATCHES_BYTES_MAX ? 2 * message_bytes
                                                 : BATCHES_BYTES_MAX;
}

static int serve (const config_t *config, void *context, int signal_fd)
{
    (void) config;
    return router_serve (&((settings_t *) context)->options, signal_fd);
}

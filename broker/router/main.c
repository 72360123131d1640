/* main.c - loteria-broker: settings, then work. */

#include <stdio.h>

#include "agreement.h"
#include "config.h"
#include "bounds.h"
#include "logger.h"
#include "process.h"
#include "router.h"

#define STATUS_USAGE 2

typedef struct {
    char *listen, *workers, *keys;
    uint64_t port, message_bytes, window, memory_mb;
    bool insecure;
    logger_level_t log_level;
    char fallback[64]; // where agencies are listened to when --listen is not given
} settings_t;

static int agree (const config_t *config, void *context, char *why);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    const config_item_t items[] = {
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
        {.name = "workers",
         .type = CONFIG_TEXT,
         .value = &settings.workers,
         .environment = "LOTERIA_WORKERS_LISTEN",
         .fallback = "tcp://127.0.0.1:12346",
         .help = "ZeroMQ endpoint for workers"},
        {.name = "message-bytes",
         .type = CONFIG_NUMBER,
         .value = &settings.message_bytes,
         .environment = "LOTERIA_MESSAGE_BYTES",
         .fallback = BOUND_TEXT (MESSAGE_BYTES_LIMIT_DEFAULT),
         .min = MESSAGE_BYTES_MIN,
         .max = MESSAGE_BYTES_MAX,
         .help = "longest message taken from an agency, in bytes"},
        {.name = "window",
         .type = CONFIG_NUMBER,
         .value = &settings.window,
         .environment = "LOTERIA_WINDOW",
         .fallback = BOUND_TEXT (WINDOW_LIMIT_DEFAULT),
         .min = 1,
         .max = WINDOW_MAX,
         .help = "most unacknowledged batches granted to an agency"},
        {.name = "memory-mb",
         .type = CONFIG_NUMBER,
         .value = &settings.memory_mb,
         .environment = "LOTERIA_MEMORY_MB",
         .fallback = BOUND_TEXT (BROKER_MEMORY_MB_DEFAULT),
         .min = BROKER_MEMORY_MB_MIN,
         .max = BROKER_MEMORY_MB_MAX,
         .help = "memory beyond which connections are cut that hold most"},
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
        .program = "loteria-broker",
        .section = "broker",
        .summary = "Takes the agencies' requests and hands them to the workers.",
        .items = items,
        .agree = agree,
        .context = &settings};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    logger_set_level (settings.log_level);
    const router_options_t options = {
        .listen = settings.listen,
        .workers = settings.workers,
        .keys = settings.keys,
        .insecure = settings.insecure,
        .memory_max = settings.memory_mb * 1024 * 1024,
        .limits = {.window = (uint32_t) settings.window,
                   .message_bytes_max = (uint32_t) settings.message_bytes,
                   .rows_max = BATCH_ROWS_MAX}};
    status = router_serve (&options, signal_fd);
    config_destroy (&config);
    return status;
}

static int agree (const config_t *config, void *context, char *why)
{
    settings_t *settings = context;
    snprintf (settings->fallback, sizeof settings->fallback, "tcp://127.0.0.1:%u",
              (unsigned) settings->port);
    const char *front = settings->listen ? "--listen" : "--port";
    if (!settings->listen)
        settings->listen = settings->fallback;
    const agreement_endpoint_t places[] = {{front, settings->listen},
                                           {"--workers", settings->workers}};
    for (size_t i = 0; i < 2; i++)
        if (!agreement_may_listen (config, &places[i], settings->keys,
                                   settings->insecure, why))
            return STATUS_USAGE;
    return agreement_places_differ (places, 2, why) &&
                   agreement_memory (settings->window, settings->message_bytes,
                                     settings->memory_mb, why)
               ? 0
               : STATUS_USAGE;
}

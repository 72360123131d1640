/* main.c - loteria-broker: settings, then work. */

#include <stdio.h>

#include "config.h"
#include "bounds.h"
#include "log.h"
#include "process.h"
#include "router.h"

int main (int argc, char **argv)
{
    char *listen = NULL, *workers = NULL;
    uint64_t port = 0, message_bytes = 0, window = 0, memory_mb = 0;
    char *keys = NULL;
    bool insecure = false;
    log_level_t log_level = LOG_INFO;
    const config_item_t items[] = {
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
        {.name = "workers",
         .type = CONFIG_TEXT,
         .value = &workers,
         .environment = "LOTERIA_WORKERS_LISTEN",
         .fallback = "tcp://127.0.0.1:12346",
         .help = "ZeroMQ endpoint for workers"},
        {.name = "message-bytes",
         .type = CONFIG_NUMBER,
         .value = &message_bytes,
         .environment = "LOTERIA_MESSAGE_BYTES",
         .fallback = BOUND_TEXT (MESSAGE_BYTES_LIMIT_DEFAULT),
         .min = MESSAGE_BYTES_MIN,
         .max = MESSAGE_BYTES_MAX,
         .help = "longest message taken from an agency, in bytes"},
        {.name = "window",
         .type = CONFIG_NUMBER,
         .value = &window,
         .environment = "LOTERIA_WINDOW",
         .fallback = BOUND_TEXT (WINDOW_LIMIT_DEFAULT),
         .min = 1,
         .max = WINDOW_MAX,
         .help = "most unacknowledged batches granted to an agency"},
        {.name = "memory-mb",
         .type = CONFIG_NUMBER,
         .value = &memory_mb,
         .environment = "LOTERIA_MEMORY_MB",
         .fallback = BOUND_TEXT (BROKER_MEMORY_MB_DEFAULT),
         .min = BROKER_MEMORY_MB_MIN,
         .max = BROKER_MEMORY_MB_MAX,
         .help = "memory beyond which connections are cut that have sent most"},
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
        .program = "loteria-broker",
        .section = "broker",
        .summary = "Takes the agencies' requests and hands them to the workers.",
        .items = items};
    const int signal_fd = process_start ();
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    log_set_level (log_level);
    char fallback[64];
    snprintf (fallback, sizeof fallback, "tcp://127.0.0.1:%u", (unsigned) port);
    const router_options_t options = {
        .listen = listen ? listen : fallback,
        .workers = workers,
        .keys = keys,
        .insecure = insecure,
        .memory_max = memory_mb * 1024 * 1024,
        .limits = {.window = (uint32_t) window,
                   .message_bytes_max = (uint32_t) message_bytes,
                   .rows_max = BATCH_ROWS_MAX}};
    status = router_serve (&options, signal_fd);
    config_destroy (&config);
    return status;
}

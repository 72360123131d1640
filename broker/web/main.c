/* main.c - loteria-web: settings, then work. */

#include <stdio.h>

#include "listener.h"
#include "option_rows.h"
#include "program.h"
#include "web.h"

#define LISTEN_DEFAULT "127.0.0.1:8080"

typedef struct {
    web_options_t options;
    const char *listen, *token_file;
    bool insecure;
    token_t token;
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static int serve (const config_t *config, void *context, int signal_fd);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    whereabouts_given_t *given = &settings.options.given;
    const config_item_t items[] = {
        {.name = "listen",
         .type = CONFIG_TEXT,
         .value = &settings.listen,
         .environment = "LOTERIA_WEB",
         .fallback = LISTEN_DEFAULT,
         .help = "HOST:PORT to serve the page at"},
        {.name = "token-file",
         .type = CONFIG_TEXT,
         .value = &settings.token_file,
         .environment = "LOTERIA_TOKEN_FILE",
         .help = "file with the token that readers have to know: a browser's password "
                 "(any user), a program's Bearer token"},
        {.name = "insecure",
         .type = CONFIG_FLAG,
         .value = &settings.insecure,
         .fallback = "no",
         .help = "without a token: listen beyond this machine all the same"},
        whereabouts_option_data_dir (given),
        whereabouts_option_server (given),
        whereabouts_option_broker (given),
        whereabouts_option_storage (given),
        whereabouts_option_state (given),
        whereabouts_option_central (given),
        whereabouts_option_keys (given),
        option_log_level (OPTION_LOG_LEVEL),
        option_log_format (),
        {0}};
    const config_program_t program = {
        .program = "loteria-web",
        .section = "web",
        .summary = "Shows how a central is: a page, JSON, and metrics for Prometheus.",
        .items = items,
        .agree = agree,
        .serve = serve,
        .context = &settings};
    return program_main (&program, argc, argv);
}

static int agree (const config_t *config, void *context, char *why)
{
    settings_t *settings = context;
    char reason[ADDRESS_WHY_BYTES];
    (void) config;
    if (listener_parse (&settings->options.listen, settings->listen, reason) == -1) {
        snprintf (why, CONFIG_WHY_BYTES, "--listen: %s", reason);
        return PROCESS_CANNOT_START;
    }
    if (settings->token_file) {
        if (token_load (&settings->token, settings->token_file, why) == -1)
            return PROCESS_CANNOT_START;
        settings->options.token = &settings->token;
    } else if (!settings->insecure && !listener_is_local (&settings->options.listen)) {
        snprintf (why, CONFIG_WHY_BYTES,
                  "--listen %s can be reached from other machines, so readers have to "
                  "know a token: give --token-file FILE (or --insecure, when something "
                  "else keeps strangers out)",
                  settings->listen);
        return PROCESS_CANNOT_START;
    }
    return 0;
}

static int serve (const config_t *config, void *context, int signal_fd)
{
    settings_t *settings = context;
    return web_serve (&settings->options, config, signal_fd);
}

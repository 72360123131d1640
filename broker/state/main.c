/* main.c - loteria-state: settings, then work. */

#include <stddef.h>

#include "agreement.h"
#include "bounds.h"
#include "option_rows.h"
#include "problem.h"
#include "program.h"
#include "secret.h"
#include "state.h"

typedef struct {
    state_options_t options;
    const char *number_file;
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static int serve (const config_t *config, void *context, int signal_fd);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    state_options_t *options = &settings.options;
    const config_item_t items[] = {option_agencies (&options->agencies),
                                   option_winning_number (&options->number),
                                   option_winning_number_file (&settings.number_file),
                                   option_state_listen (&options->listen),
                                   option_storage (&options->storage),
                                   option_broker (&options->brokers),
                                   option_exit_when_done (&options->exit_when_done),
                                   option_keys (&options->keys, OPTION_OWN_KEYS),
                                   option_insecure (&options->insecure),
                                   option_log_level (OPTION_LOG_LEVEL),
                                   {0}};
    const config_program_t program = {
        .program = "loteria-state",
        .section = "state",
        .summary = "Tracks which agencies are ready and makes the draw, exactly once.",
        .items = items,
        .agree = agree,
        .serve = serve,
        .context = &settings};
    return program_main (&program, argc, argv);
}

static int agree (const config_t *config, void *context, char *why)
{
    settings_t *settings = context;
    state_options_t *options = &settings->options;
    const agreement_endpoint_t places[] = {{"--listen", options->listen},
                                           {"--storage", options->storage}};
    return secret_load (config, "winning-number", settings->number_file, NUMBER_MAX_MAX,
                        &options->number, why) == 0 &&
                   agreement_may_listen (config, &places[0], options->keys,
                                         options->insecure, why) &&
                   agreement_may_connect (config, &places[1], why) &&
                   agreement_brokers (config, options->brokers, why) &&
                   agreement_places_differ (places, 2, why)
               ? 0
               : PROCESS_CANNOT_START;
}

static int serve (const config_t *config, void *context, int signal_fd)
{
    (void) config;
    return state_serve (&((settings_t *) context)->options, signal_fd);
}

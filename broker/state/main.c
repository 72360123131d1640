/* main.c - loteria-state: settings, then work. */

#include <stddef.h>

#include "agreement.h"
#include "bounds.h"
#include "draw_options.h"
#include "option_rows.h"
#include "problem.h"
#include "process.h"
#include "program.h"
#include "state.h"

typedef struct {
    state_options_t options;
    signing_pair_t pair; // the operator's, and the central's name
    char central[CENTRAL_NAME_BYTES_MAX + 1];
    draw_options_t draw;
    const char *auditor, *signing_keys;
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static void show (void *context);
static int serve (const config_t *config, void *context, int signal_fd);
static int load_keys (settings_t *settings, problem_t *problem);
static int load_signers (void *context, signers_t *signers, char *why);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    state_options_t *options = &settings.options;
    const config_item_t items[] = {
        option_agencies (&options->agencies),
        option_draw (&settings.draw.name),
        option_closes (&settings.draw.closes_text),
        option_number (&settings.draw.number_text),
        option_winning_number (&settings.draw.winning_number),
        option_winning_number_file (&settings.draw.number_file),
        option_number_max (&options->highest),
        option_commits (&options->provable.commit_s),
        option_least (&options->provable.least),
        option_auditor (&settings.auditor),
        option_signing_keys (&settings.signing_keys),
        option_state_listen (&options->listen),
        option_storage (&options->storage),
        option_broker (&options->brokers),
        option_exit_when_done (&options->exit_when_done),
        option_keys (&options->keys, OPTION_OWN_KEYS),
        option_insecure (&options->insecure),
        option_log_level (OPTION_LOG_LEVEL),
        option_log_format (),
        {0}};
    const config_program_t program = {
        .program = "loteria-state",
        .section = "state",
        .summary = "Opens draws, tracks which agencies are ready, and makes each draw, "
                   "exactly once.",
        .items = items,
        .agree = agree,
        .show = show,
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
    const char *signing = settings->signing_keys && *settings->signing_keys
                              ? settings->signing_keys
                              : options->keys;
    options->provable.folder = signing && *signing ? signing : NULL;
    return draw_options_agree (config, &settings->draw, options->agencies,
                               options->highest, why) == 0 &&
                   agreement_number (settings->draw.number, options->highest, why) &&
                   agreement_provable (&settings->draw, options->agencies,
                                       settings->auditor, &options->provable, why) &&
                   agreement_may_listen (config, &places[0], options->keys,
                                         options->insecure, why) &&
                   agreement_may_connect (config, &places[1], why) &&
                   agreement_brokers (config, options->brokers, why) &&
                   agreement_places_differ (places, 2, why)
               ? 0
               : PROCESS_CANNOT_START;
}

static void show (void *context)
{
    const settings_t *settings = context;
    draw_options_show (&settings->draw);
}

static int serve (const config_t *config, void *context, int signal_fd)
{
    settings_t *settings = context;
    state_options_t *options = &settings->options;
    problem_t problem;
    (void) config;
    options->draw = settings->draw.name;
    options->closes = settings->draw.closes;
    options->number = settings->draw.number;
    options->schedule = settings->draw.schedule;
    if (load_keys (settings, &problem) == -1)
        process_end (&problem);
    const int status = state_serve (options, signal_fd);
    schedule_destroy (&settings->draw.schedule);
    return status;
}

/* What provable draws are signed with. A folder that has no signing key is one for
   plain draws alone. */
static int load_keys (settings_t *settings, problem_t *problem)
{
    state_options_t *options = &settings->options;
    const char *folder = options->provable.folder;
    char why[KEYS_WHY_BYTES];
    if (!folder || !signing_pair_there (folder))
        return 0;
    if (signing_pair_load (folder, &settings->pair, why) == -1 ||
        central_name_load (folder, settings->central, why) == -1)
        return problem_set (problem, PROCESS_CANNOT_START, "estado", "reason: %s", why);
    options->pair = &settings->pair;
    options->central = settings->central;
    options->signers = load_signers;
    options->signers_context = (void *) folder;
    return 0;
}

static int load_signers (void *context, signers_t *signers, char *why)
{
    return signers_load (context, signers, why);
}

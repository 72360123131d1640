/* main.c - loteria-central: settings, then work. */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreement.h"
#include "bounds.h"
#include "central.h"
#include "draw_options.h"
#include "option_rows.h"
#include "port.h"
#include "process.h"
#include "program.h"

typedef struct {
    central_options_t options;
    draw_options_t draw;
    uint32_t port, log_mib; // the latter is storage's, by the environment
    // These are state's, by the environment too.
    provable_options_t provable;
    const char *auditor;
    char signing_keys[PATH_MAX];
    char fallback[64]; // where agencies are listened to when --listen is not given
} settings_t;

static int agree (const config_t *config, void *context, char *why);
static void show (void *context);
static bool web_is_address (const char *web, char *why);
static uint32_t largest_roll (const settings_t *settings);
static void take_runtime_directory (central_options_t *options);
static int serve (const config_t *config, void *context, int signal_fd);

int main (int argc, char **argv)
{
    settings_t settings = {0};
    central_options_t *options = &settings.options;
    const config_item_t items[] = {
        {.name = "workers",
         .type = CONFIG_NUMBER,
         .value = &options->workers,
         .environment = "WORKERS",
         .fallback = BOUND_TEXT (WORKERS_DEFAULT),
         .min = 1,
         .max = WORKERS_MAX,
         .help = "worker processes"},
        option_agencies (&options->agencies),
        option_data_dir (&options->data_directory,
                         "directory of the day's files; made if it is missing"),
        {.name = "run-dir",
         .type = CONFIG_TEXT,
         .value = &options->run_directory,
         .environment = "LOTERIA_RUN_DIR",
         .help = "directory of the sockets between its parts, and of its own; "
                 "otherwise RUNTIME_DIRECTORY, which systemd sets, or a temporary one"},
        {.name = "web",
         .type = CONFIG_TEXT,
         .value = &options->web,
         .environment = "LOTERIA_WEB",
         .help = "HOST:PORT of a page for operators (loteria-web); without: none"},
        option_log_mib (&settings.log_mib),
        option_log (&options->log),
        option_insecure_async (&options->insecure_async),
        option_standby (&options->standby),
        option_lease (&options->lease_s),
        option_advertise (&options->advertise),
        option_listen (&options->listen),
        option_port (&settings.port),
        option_draw (&settings.draw.name),
        option_closes (&settings.draw.closes_text),
        option_number (&settings.draw.number_text),
        option_winning_number (&settings.draw.winning_number),
        option_winning_number_file (&settings.draw.number_file),
        option_number_max (&options->number_max),
        option_commits (&settings.provable.commit_s),
        option_least (&settings.provable.least),
        option_auditor (&settings.auditor),
        option_message_bytes (&options->message_bytes),
        option_batch_count (&options->batch_count, OPTION_BATCH_COUNT),
        option_window (&options->window),
        option_keys (&options->keys,
                     "folder of this central's keys (loteria-keys makes "
                     "it); without: no CURVE"),
        option_insecure (&options->insecure),
        option_log_bets (&options->log_bets),
        option_log_batches (&options->log_batches),
        option_exit_when_done (&options->exit_when_done),
        option_log_level (OPTION_LOG_LEVEL),
        option_log_format (),
        {0}};
    const config_program_t program = {
        .program = "loteria-central",
        .section = "central",
        .summary = "A whole central on one machine: broker, state, storage, workers.",
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
    central_options_t *options = &settings->options;
    const agreement_endpoint_t front = {"--listen", options->listen};
    if (options->keys && *options->keys) {
        snprintf (settings->signing_keys, sizeof settings->signing_keys, "%s/state",
                  options->keys);
        settings->provable.folder = settings->signing_keys;
    }
    return draw_options_agree (config, &settings->draw, options->agencies,
                               options->number_max, why) == 0 &&
                   agreement_log (options->log, options->standby,
                                  options->insecure_async, why) &&
                   agreement_may_listen (config, &front, options->keys,
                                         options->insecure, why) &&
                   agreement_number (settings->draw.number, options->number_max, why) &&
                   agreement_provable (&settings->draw, options->agencies,
                                       settings->auditor, &settings->provable, why) &&
                   agreement_roll (options->keys, largest_roll (settings), why) &&
                   agreement_directory (config, options->data_directory, true, why) &&
                   web_is_address (options->web, why)
               ? 0
               : PROCESS_CANNOT_START;
}

/* loteria-web says the rest. */
static bool web_is_address (const char *web, char *why)
{
    address_t address;
    char endpoint[ADDRESS_TEXT_BYTES], reason[ADDRESS_WHY_BYTES] = "it is too long";
    if (!web || !*web)
        return true;
    if ((size_t) snprintf (endpoint, sizeof endpoint, "tcp://%s", web) <
            sizeof endpoint &&
        address_parse (&address, endpoint, ADDRESS_LISTEN, reason) == 0)
        return true;
    snprintf (why, CONFIG_WHY_BYTES, "--web %.180s: %.300s", web, reason);
    return false;
}

/* The schedule's draws may have more agencies than the one of --agencies. */
static uint32_t largest_roll (const settings_t *settings)
{
    const uint32_t planned = schedule_agencies (settings->draw.schedule);
    const uint32_t own = settings->options.agencies;
    return planned > own ? planned : own;
}

static void show (void *context)
{
    const settings_t *settings = context;
    draw_options_show (&settings->draw);
}

static int serve (const config_t *config, void *context, int signal_fd)
{
    settings_t *settings = context;
    central_options_t *options = &settings->options;
    take_runtime_directory (options);
    options->draw = settings->draw.name;
    options->closes = settings->draw.closes_text;
    options->number = settings->draw.number;
    schedule_destroy (
        &settings->draw.schedule); // state reads it again, and keeps to it
    address_t front;
    problem_t problem;
    snprintf (settings->fallback, sizeof settings->fallback, "tcp://127.0.0.1:%u",
              settings->port);
    options->listen = port_reserve (
        options->listen ? options->listen : settings->fallback, &front, &problem);
    if (!options->listen)
        process_end (&problem);
    config_export (config); // the parts have the same settings
    return central_run (options, signal_fd);
}

/* systemd's: the first, if there are several. */
static void take_runtime_directory (central_options_t *options)
{
    char *directories = getenv ("RUNTIME_DIRECTORY");
    if (directories && (!options->run_directory || !*options->run_directory))
        options->run_directory = strtok (directories, ":");
}

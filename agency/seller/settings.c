/* settings.c - flags, environment and file of an agency (agency). */

#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "draw_name.h"
#include "option_rows.h"
#include "problem.h"

#define PROGRAM "loteria-agency"

static int agree (const config_t *config, void *context, char *why);
static bool given (const config_t *config, const char *name);
static bool agree_on_task (const settings_t *settings, char *why);
static bool take_draw (settings_t *settings, char *why);
static bool take_bets (settings_t *settings, const config_t *config, char *why);
static bool take_single_bet (settings_t *settings, char *why);
static bool take_servers (settings_t *settings, char *why);

config_t *settings_load (settings_t *settings, int argc, char **argv, int *status)
{
    memset (settings, 0, sizeof *settings);
    const config_item_t items[] = {
        {"id", CONFIG_NUMBER, &settings->id, "CLI_ID", NULL, 1, AGENCIES_MAX,
         "the agency's number on the roll (required)"},
        {"server", CONFIG_TEXT, &settings->server, "CLI_SERVER_ADDRESS",
         "127.0.0.1:12345", 0, 0,
         "the central: HOST:PORT, tcp://HOST:PORT or ipc://PATH; with standbys "
         "A,B[,C...]"},
        option_keys (&settings->keys, "folder of the agency's keys; none: no CURVE"),
        {"draw", CONFIG_TEXT, &settings->draw, "CLI_DRAW", NULL, 0, 0,
         "name of the draw; default: the one on sale"},
        {"bets", CONFIG_TEXT, &settings->bets, NULL, NULL, 0, 0,
         "file to sell, - for stdin; default .data/agency-ID.csv, or the environment's "
         "single bet"},
        {"receipts", CONFIG_TEXT, &settings->receipts, NULL, NULL, 0, 0,
         "folder for receipts: a ticket for each bet that is stored; needed in "
         "provable "
         "draws"},
        {"batch-bytes", CONFIG_NUMBER, &settings->batch_bytes, NULL,
         BOUND_TEXT (MESSAGE_BYTES_DEFAULT), MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX,
         "longest message of one batch, in bytes"},
        option_batch_count (&settings->batch_count, "CLI_BATCH_MAXAMOUNT"),
        {"window", CONFIG_NUMBER, &settings->window, NULL, BOUND_TEXT (WINDOW_DEFAULT),
         1, WINDOW_MAX, "batches that may be unacknowledged at once"},
        {"loop-period", CONFIG_DURATION, &settings->loop_period_ms, "CLI_LOOP_PERIOD",
         "0", 0, 0, "pause between batches, such as 5ms; 0: none"},
        {"patience", CONFIG_NUMBER, &settings->patience_seconds, NULL,
         BOUND_TEXT (PATIENCE_SECONDS), 0, 365 * 86400,
         "seconds to wait for an answer before giving up; 0: no limit"},
        option_log_level ("CLI_LOG_LEVEL"),
        option_log_format (),
        {"log-bets", CONFIG_FLAG, &settings->log_bets, NULL, "no", 0, 0,
         "log a line for each bet stored"},
        {"log-winners", CONFIG_FLAG, &settings->log_winners, NULL, "no", 0, 0,
         "log a line for each winner, instead of printing their documents"},
        {"json", CONFIG_FLAG, &settings->json, NULL, "no", 0, 0,
         "print the outcome as one line of JSON"},
        {"quiet", CONFIG_FLAG, &settings->quiet, NULL, "no", 0, 0,
         "show no progress bar"},
        {"sell-only", CONFIG_FLAG, &settings->sell_only, NULL, "no", 0, 0,
         "sell and exit, without asking for the results"},
        {"follow", CONFIG_FLAG, &settings->follow, NULL, "no", 0, 0,
         "sell what is added to the file, until the draw closes or SIGTERM"},
        {"close", CONFIG_FLAG, &settings->close, NULL, "no", 0, 0,
         "close the sale, wait for the results; without --bets sell nothing"},
        {"results", CONFIG_FLAG, &settings->results_only, NULL, "no", 0, 0,
         "sell nothing, close nothing, wait for the results; --bets is ignored"},
        {"try", CONFIG_FLAG, &settings->tries, NULL, "no", 0, 0,
         "say whether it could sell now: name, port, key, roll and draw; sell nothing"},
        {"cancel", CONFIG_NUMBER, &settings->cancel, NULL, NULL, 0, UINT32_MAX,
         "cancel the bet at this offset; the first is at 0; --bets is ignored"},
        {"ticket", CONFIG_NUMBER, &settings->ticket, NULL, NULL, 0, UINT32_MAX,
         "write a bettor's ticket of the bet at this offset, from --receipts; ask "
         "nobody"},
        {0}};
    const config_program_t program = {
        .program = PROGRAM,
        .section = "agency",
        .summary =
            "Sells an agency's bets to the central, or the single bet that NOMBRE, "
            "APELLIDO,\nDOCUMENTO, NACIMIENTO and NUMERO of the environment are.",
        .items = items,
        .agree = agree,
        .context = settings};

    return config_load (&program, argc, argv, status);
}

/* What no single item says. Returns 0 or the status to end with. */
static int agree (const config_t *config, void *context, char *why)
{
    settings_t *settings = context;
    settings->tickets = given (config, "ticket");
    if (settings->id == 0 && !settings->tickets) {
        snprintf (why, CONFIG_WHY_BYTES, "--id: required (see " PROGRAM " --help)");
        return PROCESS_CANNOT_START;
    }
    settings->cancels = given (config, "cancel");
    settings->patient = given (config, "patience") && settings->patience_seconds > 0;
    if (!agree_on_task (settings, why) || !take_draw (settings, why) ||
        !take_servers (settings, why) || !take_bets (settings, config, why))
        return PROCESS_CANNOT_START;
    return 0;
}

static bool given (const config_t *config, const char *name)
{
    return strcmp (config_source (config, name), "default") != 0;
}

/* At most one of those that say what to do; --follow was always said to be as
   --sell-only. */
static bool agree_on_task (const settings_t *settings, char *why)
{
    const struct {
        const char *name;
        bool given;
    } tasks[] = {{"--sell-only", settings->sell_only && !settings->follow},
                 {"--follow", settings->follow},
                 {"--close", settings->close},
                 {"--results", settings->results_only},
                 {"--cancel", settings->cancels},
                 {"--ticket", settings->tickets},
                 {"--try", settings->tries}};
    const char *one = NULL;
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        if (!tasks[i].given)
            continue;
        if (one) {
            snprintf (why, CONFIG_WHY_BYTES,
                      "%s and %s: give one or the other (see " PROGRAM " --help)", one,
                      tasks[i].name);
            return false;
        }
        one = tasks[i].name;
    }
    return true;
}

static bool take_draw (settings_t *settings, char *why)
{
    const char *fault =
        settings->draw
            ? draw_name_fault (bytes_of (settings->draw, strlen (settings->draw)))
            : NULL;
    if (fault)
        snprintf (why, CONFIG_WHY_BYTES, "--draw: '%.60s' %s", settings->draw, fault);
    return fault == NULL;
}

/* What is sold, if anything. */
static bool take_bets (settings_t *settings, const config_t *config, char *why)
{
    const bool bets_given = given (config, "bets");
    settings->sells = !settings->results_only && !settings->cancels &&
                      !settings->tickets && !settings->tries &&
                      (!settings->close || bets_given);
    settings->piped =
        settings->sells && bets_given && strcmp (settings->bets, "-") == 0;
    if (settings->piped) {
        settings->bets = "standard input";
        settings->sell_only |= settings->follow; // it is followed anyway
        settings->follow = false;
    }
    if (bets_given || !settings->sells)
        return true;
    if (!take_single_bet (settings, why))
        return false;
    if (settings->single && settings->follow) {
        snprintf (
            why, CONFIG_WHY_BYTES,
            "--follow: needs a file, and there is a single bet in the environment");
        return false;
    }
    if (settings->single)
        settings->log_bets = settings->sell_only = true;
    snprintf (settings->default_bets, sizeof settings->default_bets,
              ".data/agency-%u.csv", settings->id);
    settings->bets = settings->default_bets;
    return true;
}

static bool take_servers (settings_t *settings, char *why)
{
    char reason[SERVERS_WHY_BYTES];
    const int rc = servers_parse (&settings->servers, settings->server, reason);
    if (rc == -1)
        snprintf (why, CONFIG_WHY_BYTES, "--server: %.480s", reason);
    return rc == 0;
}

/* All five, or none. */
static bool take_single_bet (settings_t *settings, char *why)
{
    static const char *const names[BET_FIELDS] = {"NOMBRE", "APELLIDO", "DOCUMENTO",
                                                  "NACIMIENTO", "NUMERO"};
    const char *given = NULL, *missing = NULL;
    for (int i = 0; i < BET_FIELDS; i++) {
        const char *value = getenv (names[i]);
        settings->fields[i] = value;
        if (value && *value)
            given = names[i];
        else
            missing = missing ? missing : names[i];
    }
    settings->single = given && !missing;
    if (!given || !missing)
        return true;
    snprintf (why, CONFIG_WHY_BYTES, "%s: missing from the environment, which has %s",
              missing, given);
    return false;
}

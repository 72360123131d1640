/* main.c - loteria-ctl: asks a running part of the central whether it is well.

     loteria-ctl ping ENDPOINT [--timeout 2s] */

#include <stdio.h>
#include <string.h>

#include "address.h"
#include "config.h"
#include "ctl.h"
#include "logger.h"
#include "option_rows.h"
#include "process.h"

static int ping (const char *endpoint, const char *keys, uint64_t timeout_ms,
                 int signal_fd);
static int fail (const problem_t *problem);
static int print (const char *name);

int main (int argc, char **argv)
{
    uint64_t timeout_ms = 0;
    const char *keys = NULL;
    logger_level_t log_level = LOG_INFO;
    const config_item_t items[] = {
        {.name = "timeout",
         .type = CONFIG_DURATION,
         .value = &timeout_ms,
         .fallback = "2s",
         .help = "how long to wait for an answer, as 500ms"},
        option_keys (&keys, "folder of the keys of the process that is asked"),
        option_log_level (&log_level, OPTION_LOG_LEVEL),
        {0}};
    const config_program_t program = {
        .program = "loteria-ctl",
        .section = "ctl",
        .summary = "Asks who listens at a ZeroMQ endpoint, and prints its name.",
        .items = items,
        .arguments = "ping ENDPOINT"};
    const int signal_fd = process_start ();
    const bool asked = argc > 2 && strcmp (argv[1], "ping") == 0 && argv[2][0] != '-';
    const int skipped = asked ? 2 : 0;
    int status;
    config_t *config = config_load (&program, argc - skipped, argv + skipped, &status);
    if (!config)
        return status;
    logger_set_level (log_level);
    if (asked)
        status = ping (argv[2], keys, timeout_ms, signal_fd);
    else {
        fprintf (stderr,
                 "loteria-ctl: expected ping ENDPOINT (see loteria-ctl --help)\n");
        status = PROCESS_CANNOT_START;
    }
    config_destroy (&config);
    return status;
}

static int ping (const char *endpoint, const char *keys, uint64_t timeout_ms,
                 int signal_fd)
{
    char name[WIRE_NAME_BYTES_MAX + 1], why[ADDRESS_WHY_BYTES];
    address_t address;
    problem_t problem;
    if (address_parse (&address, endpoint, ADDRESS_CONNECT, why) == -1) {
        problem_set (&problem, PROCESS_CANNOT_START, "ping",
                     "endpoint: %s | reason: %s", endpoint, why);
        return fail (&problem);
    }
    return ctl_ping (endpoint, keys, (int64_t) timeout_ms, signal_fd, name, &problem)
               ? fail (&problem)
               : print (name);
}

static int fail (const problem_t *problem)
{
    logger_event_parts (LOG_ERROR, problem->action, LOG_FAIL, problem->parts);
    return problem->status;
}

static int print (const char *name)
{
    return puts (name) >= 0 && fflush (stdout) == 0 ? 0 : PROCESS_FAILED;
}

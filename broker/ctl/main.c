/* main.c - loteria-ctl: asks a running part of the central whether it is well.

     loteria-ctl ping ENDPOINT [--timeout 2s] */

#include <stdio.h>
#include <string.h>

#include "address.h"
#include "ctl.h"
#include "logger.h"
#include "option_rows.h"
#include "program.h"

typedef struct {
    const char *endpoint; // NULL: no order was given
    const char *keys;
    uint64_t timeout_ms;
} order_t;

static int ping (const config_t *config, void *context, int signal_fd);
static int fail (const problem_t *problem);
static int print (const char *name);

int main (int argc, char **argv)
{
    const bool asked = argc > 2 && strcmp (argv[1], "ping") == 0 && argv[2][0] != '-';
    const int skipped = asked ? 2 : 0;
    order_t order = {.endpoint = asked ? argv[2] : NULL};
    const config_item_t items[] = {
        {.name = "timeout",
         .type = CONFIG_DURATION,
         .value = &order.timeout_ms,
         .fallback = "2s",
         .help = "how long to wait for an answer, as 500ms"},
        option_keys (&order.keys, "folder of the keys of the process that is asked"),
        option_log_level (OPTION_LOG_LEVEL),
        {0}};
    const config_program_t program = {
        .program = "loteria-ctl",
        .section = "ctl",
        .summary = "Asks who listens at a ZeroMQ endpoint, and prints its name.",
        .items = items,
        .arguments = "ping ENDPOINT",
        .serve = ping,
        .context = &order};
    return program_main (&program, argc - skipped, argv + skipped);
}

static int ping (const config_t *config, void *context, int signal_fd)
{
    const order_t *order = context;
    char name[WIRE_NAME_BYTES_MAX + 1], why[ADDRESS_WHY_BYTES];
    address_t address;
    problem_t problem;
    (void) config;
    if (!order->endpoint) {
        logger_text ("loteria-ctl: expected ping ENDPOINT (see loteria-ctl --help)");
        return PROCESS_CANNOT_START;
    }
    if (address_parse (&address, order->endpoint, ADDRESS_CONNECT, why) == -1) {
        problem_set (&problem, PROCESS_CANNOT_START, "ping",
                     "endpoint: %s | reason: %s", order->endpoint, why);
        return fail (&problem);
    }
    return ctl_ping (order->endpoint, order->keys, (int64_t) order->timeout_ms,
                     signal_fd, name, &problem) == -1
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

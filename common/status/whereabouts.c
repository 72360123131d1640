/* whereabouts.c - finds the parts of a central: loteria-ctl, loteria-web. */

#include "whereabouts.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "option_rows.h"
#include "run_link.h"

#define ACTION "central"
#define IPC    "ipc://"

// A part's socket in the directory of a central's sockets, its port on a host, its
// option
static const struct {
    const char *socket, *port, *option;
} parts[STATUS_PARTS] = {
    [STATUS_BROKER] = {"workers", "12346", "broker"},
    [STATUS_STORAGE] = {"storage", "12347", "storage"},
    [STATUS_STATE] = {"state", "12348", "state"},
    [STATUS_CENTRAL] = {"central", NULL, "central"},
};

static int rank_of_endpoints (const config_t *config, const whereabouts_given_t *given,
                              const char **option);
static const char *endpoint_given (const whereabouts_given_t *given,
                                   status_part_t part);
static int both_given (const config_t *config, const char *option, problem_t *problem);
static int take_endpoints (whereabouts_t *whereabouts, const config_t *config,
                           const whereabouts_given_t *given, problem_t *problem);
static int take_endpoint (whereabouts_t *whereabouts, status_part_t part,
                          const char *text, problem_t *problem);
static int take_server (whereabouts_t *whereabouts, const char *server,
                        problem_t *problem);
static int follow_link (whereabouts_t *whereabouts, const char *directory,
                        problem_t *problem);
static void take_directory (whereabouts_t *whereabouts, const char *directory);

config_item_t whereabouts_option_data_dir (whereabouts_given_t *given)
{
    return option_data_dir (&given->data_directory,
                            "data directory of the central on this machine to ask");
}

config_item_t whereabouts_option_server (whereabouts_given_t *given)
{
    return (config_item_t){.name = "server",
                           .type = CONFIG_TEXT,
                           .value = &given->server,
                           .help = "host of the central's parts, at their standard "
                                   "ports 12346 to 12348"};
}

config_item_t whereabouts_option_broker (whereabouts_given_t *given)
{
    return (config_item_t){.name = "broker",
                           .type = CONFIG_TEXT,
                           .value = &given->broker,
                           .environment = "LOTERIA_BROKER",
                           .help = "ZeroMQ endpoint of the broker (its --workers)"};
}

config_item_t whereabouts_option_storage (whereabouts_given_t *given)
{
    return (config_item_t){.name = "storage",
                           .type = CONFIG_TEXT,
                           .value = &given->storage,
                           .environment = "LOTERIA_STORAGE",
                           .help = "ZeroMQ endpoint of storage"};
}

config_item_t whereabouts_option_state (whereabouts_given_t *given)
{
    return (config_item_t){.name = "state",
                           .type = CONFIG_TEXT,
                           .value = &given->state,
                           .environment = "LOTERIA_STATE",
                           .help =
                               "ZeroMQ endpoint of the central's state, in place of "
                               "--data-dir"};
}

config_item_t whereabouts_option_central (whereabouts_given_t *given)
{
    return (config_item_t){.name = "central",
                           .type = CONFIG_TEXT,
                           .value = &given->central,
                           .environment = "LOTERIA_CENTRAL",
                           .help = "ZeroMQ endpoint of loteria-central itself"};
}

config_item_t whereabouts_option_keys (whereabouts_given_t *given)
{
    return option_keys (&given->keys, "folder of keys: the operator's, or those of the "
                                      "process that is asked");
}

int whereabouts_find (whereabouts_t *whereabouts, const config_t *config,
                      const whereabouts_given_t *given, problem_t *problem)
{
    const char *option = NULL;
    const int by_endpoints = rank_of_endpoints (config, given, &option);
    const int by_directory = config_rank (config, "data-dir");
    const bool directory_given = strcmp (config_source (config, "data-dir"), "default");
    *whereabouts = (whereabouts_t){.keys = given->keys};
    if (by_endpoints > by_directory)
        return take_endpoints (whereabouts, config, given, problem);
    if (by_endpoints == by_directory && directory_given)
        return both_given (config, option, problem);
    if (directory_given)
        return follow_link (whereabouts, given->data_directory, problem);
    if (access (WHEREABOUTS_RUN_DIRECTORY "/state", F_OK) == 0) {
        take_directory (whereabouts, WHEREABOUTS_RUN_DIRECTORY);
        return 0;
    }
    const bool locked = errno == EACCES;
    const int rc = follow_link (whereabouts, given->data_directory, problem);
    return rc == -1 && locked
               ? problem_set (problem, PROCESS_FAILED, ACTION,
                              "reason: " WHEREABOUTS_RUN_DIRECTORY
                              " is another user's; "
                              "ask as the user who runs the central (sudo -u loteria), "
                              "or name another one (--data-dir)")
               : rc;
}

/* The highest of those that were given; -1: none was. */
static int rank_of_endpoints (const config_t *config, const whereabouts_given_t *given,
                              const char **option)
{
    int highest = -1;
    for (status_part_t part = 0; part <= STATUS_PARTS; part++) {
        const char *name = part < STATUS_PARTS ? parts[part].option : "server";
        const char *text =
            part < STATUS_PARTS ? endpoint_given (given, part) : given->server;
        if (text && *text && config_rank (config, name) > highest) {
            highest = config_rank (config, name);
            *option = name;
        }
    }
    return highest;
}

static const char *endpoint_given (const whereabouts_given_t *given, status_part_t part)
{
    switch (part) {
    case STATUS_BROKER:
        return given->broker;
    case STATUS_STORAGE:
        return given->storage;
    case STATUS_STATE:
        return given->state;
    default:
        return given->central;
    }
}

static int both_given (const config_t *config, const char *option, problem_t *problem)
{
    return problem_set (problem, PROCESS_CANNOT_START, ACTION,
                        "reason: --%s and --data-dir are both given (%s); give one of "
                        "them",
                        option, config_source (config, option));
}

/* What is lower than the highest that was given stays, as it may tell of other parts.
 */
static int take_endpoints (whereabouts_t *whereabouts, const config_t *config,
                           const whereabouts_given_t *given, problem_t *problem)
{
    int rc = given->server && *given->server
                 ? take_server (whereabouts, given->server, problem)
                 : 0;
    for (status_part_t part = 0; part < STATUS_PARTS && rc == 0; part++) {
        const char *text = endpoint_given (given, part);
        if (text && *text &&
            (!given->server || config_rank (config, parts[part].option) >=
                                   config_rank (config, "server")))
            rc = take_endpoint (whereabouts, part, text, problem);
    }
    return rc;
}

static int take_endpoint (whereabouts_t *whereabouts, status_part_t part,
                          const char *text, problem_t *problem)
{
    address_t address;
    char why[ADDRESS_WHY_BYTES];
    if (address_parse (&address, text, ADDRESS_CONNECT, why) == -1)
        return problem_set (problem, PROCESS_CANNOT_START, ACTION,
                            "endpoint: %s | reason: %s", text, why);
    snprintf (whereabouts->endpoint[part], ADDRESS_TEXT_BYTES, "%s", text);
    if (!*whereabouts->place)
        snprintf (whereabouts->place, sizeof whereabouts->place, "%s", text);
    return 0;
}

static int take_server (whereabouts_t *whereabouts, const char *server,
                        problem_t *problem)
{
    char endpoint[ADDRESS_TEXT_BYTES + 16];
    int rc = 0;
    for (status_part_t part = 0; part < STATUS_PARTS && rc == 0; part++)
        if (parts[part].port) {
            snprintf (endpoint, sizeof endpoint, "tcp://%.*s:%s", ADDRESS_HOST_BYTES,
                      server, parts[part].port);
            rc = take_endpoint (whereabouts, part, endpoint, problem);
        }
    if (rc == 0)
        snprintf (whereabouts->place, sizeof whereabouts->place, "%s", server);
    return rc;
}

static int follow_link (whereabouts_t *whereabouts, const char *directory,
                        problem_t *problem)
{
    char target[PATH_MAX];
    if (!*directory)
        return problem_set (problem, PROCESS_CANNOT_START, ACTION,
                            "reason: --data-dir is empty; name the directory that the "
                            "central was started with");
    snprintf (whereabouts->data_directory, sizeof whereabouts->data_directory, "%s",
              directory);
    if (run_link_read (directory, target, ADDRESS_TEXT_BYTES - 32) == 0) {
        take_directory (whereabouts, target);
        snprintf (whereabouts->place, sizeof whereabouts->place, "%s", directory);
        return 0;
    }
    if (errno == ENOENT || errno == ENOTDIR)
        return problem_set (problem, WHEREABOUTS_NOBODY, ACTION,
                            "reason: no central is running on %s; name the directory "
                            "that it was started with (--data-dir), or the host that "
                            "it runs on (--server)",
                            directory);
    return problem_set (problem, PROCESS_FAILED, ACTION,
                        "reason: %s/" RUN_LINK " cannot be followed, %s; ask as the "
                        "user who runs the central",
                        directory, strerror (errno));
}

/* Parts that were started one by one have no loteria-central. */
static void take_directory (whereabouts_t *whereabouts, const char *directory)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        char *endpoint = whereabouts->endpoint[part];
        snprintf (endpoint, ADDRESS_TEXT_BYTES, IPC "%.*s/%s", ADDRESS_TEXT_BYTES - 32,
                  directory, parts[part].socket);
        if (part == STATUS_CENTRAL && access (endpoint + strlen (IPC), F_OK) == -1)
            *endpoint = 0;
    }
    snprintf (whereabouts->place, sizeof whereabouts->place, "%s", directory);
}

/* place.c - finds a central: loteria-ctl. */

#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "run_link.h"

#define SOCKET "/state" // of state, in the directory of a central's sockets

static int take_endpoint (const char *state, char endpoint[PLACE_ENDPOINT_BYTES],
                          problem_t *problem);
static int follow_link (const char *directory, char endpoint[PLACE_ENDPOINT_BYTES],
                        problem_t *problem);

int place_find (const config_t *config, const char *directory, const char *state,
                char endpoint[PLACE_ENDPOINT_BYTES], problem_t *problem)
{
    const int by_state = state && *state ? config_rank (config, "state") : -1;
    const int by_directory = config_rank (config, "data-dir");
    if (by_state > by_directory)
        return take_endpoint (state, endpoint, problem);
    if (by_state < by_directory)
        return follow_link (directory, endpoint, problem);
    return problem_set (problem, PROCESS_CANNOT_START, "central",
                        "reason: --state and --data-dir are both given (%s); give one "
                        "of them",
                        config_source (config, "state"));
}

static int take_endpoint (const char *state, char endpoint[PLACE_ENDPOINT_BYTES],
                          problem_t *problem)
{
    address_t address;
    char why[ADDRESS_WHY_BYTES];
    if (address_parse (&address, state, ADDRESS_CONNECT, why) == -1)
        return problem_set (problem, PROCESS_CANNOT_START, "central",
                            "endpoint: %s | reason: %s", state, why);
    snprintf (endpoint, PLACE_ENDPOINT_BYTES, "%s", state);
    return 0;
}

static int follow_link (const char *directory, char endpoint[PLACE_ENDPOINT_BYTES],
                        problem_t *problem)
{
    if (!*directory)
        return problem_set (problem, PROCESS_CANNOT_START, "central",
                            "reason: --data-dir is empty; name the directory that the "
                            "central was started with");
    char target[PLACE_ENDPOINT_BYTES - sizeof "ipc://" SOCKET];
    if (run_link_read (directory, target, sizeof target) == 0) {
        snprintf (endpoint, PLACE_ENDPOINT_BYTES, "ipc://%s" SOCKET, target);
        return 0;
    }
    if (errno == ENOENT || errno == ENOTDIR)
        return problem_set (problem, PROCESS_FAILED, "central",
                            "reason: no central is running on %s; name the directory "
                            "that it was started with (--data-dir), or where its state "
                            "listens (--state)",
                            directory);
    return problem_set (problem, PROCESS_FAILED, "central",
                        "reason: %s/" RUN_LINK " cannot be followed, %s; ask as the "
                        "user who runs the central",
                        directory, strerror (errno));
}

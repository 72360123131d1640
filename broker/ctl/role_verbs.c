/* role_verbs.c - has a standby take over: loteria-ctl takeover. Storage is not asked by
   message, as a standby's listens nowhere: its order is a file beside that of its role
   (role.h). */

#include "role_verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"
#include "role.h"

#define VERB       "takeover"
#define TIMEOUT_MS 30000
#define LOOK_MS    20

static int find_files (const command_t *command, char role[PATH_MAX],
                       char order[PATH_MAX]);
static int order_it (const char *order);
static int wait_until_active (const command_t *command, const char *path,
                              const char *order, role_t *role);

int role_verbs_takeover (const command_t *command)
{
    char path[PATH_MAX], order[PATH_MAX];
    role_t role;
    int status = find_files (command, path, order);
    if (status != 0)
        return status;
    if (role_load (&role, path) == -1)
        return command_failed (VERB, PROCESS_FAILED,
                               "reason: the central there has no standbys: it was "
                               "started without --log, or is about to start");
    if (role.active) {
        printf ("This central is the active one already, with epoch %llu.\n",
                (unsigned long long) role.epoch);
        return 0;
    }
    status = order_it (order);
    if (status == 0)
        status = wait_until_active (command, path, order, &role);
    if (status == 0)
        printf ("This central is the active one now, with epoch %llu.\n",
                (unsigned long long) role.epoch);
    return status;
}

/* Both are in the directory of the central's sockets. */
static int find_files (const command_t *command, char role[PATH_MAX],
                       char order[PATH_MAX])
{
    static const char scheme[] = "ipc://";
    whereabouts_t where;
    problem_t problem;
    if (whereabouts_find (&where, command->config, &command->given, &problem) == -1) {
        logger_event_parts (LOG_ERROR, problem.action, LOG_FAIL, problem.parts);
        return problem.status;
    }
    const char *endpoint = where.endpoint[STATUS_CENTRAL];
    const char *slash = strrchr (endpoint, '/');
    if (strncmp (endpoint, scheme, sizeof scheme - 1) != 0 || !slash)
        return command_failed (VERB, PROCESS_FAILED,
                               "reason: it is ordered on the machine of the standby: "
                               "--data-dir says which central there");
    const char *folder = endpoint + sizeof scheme - 1;
    snprintf (role, PATH_MAX, "%.*s/role", (int) (slash - folder), folder);
    snprintf (order, PATH_MAX, "%.*s/takeover", (int) (slash - folder), folder);
    return 0;
}

static int order_it (const char *order)
{
    const int fd = open (order, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd == -1)
        return command_failed (VERB, PROCESS_FAILED, "reason: %s cannot be made, %s",
                               order, strerror (errno));
    close (fd);
    return 0;
}

/* An order that was not taken is taken back; one that was stands. */
static int wait_until_active (const command_t *command, const char *path,
                              const char *order, role_t *role)
{
    const int64_t wait_ms =
        command->timeout_ms ? (int64_t) command->timeout_ms : TIMEOUT_MS;
    const int64_t until_ms = clock_ms () + wait_ms;
    struct pollfd signals = {.fd = command->signal_fd, .events = POLLIN};
    while (role_load (role, path) == -1 || !role->active) {
        const bool told = poll (&signals, 1, LOOK_MS) > 0;
        if (!told && clock_ms () < until_ms)
            continue;
        const bool taken = unlink (order) == -1;
        return command_failed (
            VERB, PROCESS_FAILED, "reason: %s",
            taken ? "it was ordered, and has not happened yet: see the log of storage "
                    "there (loteria-ctl events)"
                  : "no storage took the order, which was taken back: see whether one "
                    "runs there");
    }
    return 0;
}

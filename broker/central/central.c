/* central.c - loteria-central: storage, state, broker and workers of one machine, kept
   running. Owns its children, and the directory of the sockets between them. */

#include "central.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bounds.h"
#include "file.h"
#include "logger.h"
#include "process.h"
#include "run_directory.h"
#include "supervisor.h"

#define TEXT_BYTES 64

typedef struct {
    supervisor_t *supervisor;
    run_directory_t *directory;
    int number; // a file that holds the winning number, for state alone
    char storage[RUN_ENDPOINT_BYTES], state[RUN_ENDPOINT_BYTES],
        workers[RUN_ENDPOINT_BYTES];
} central_t;

static int open_central (central_t *central, const central_options_t *options,
                         problem_t *problem);
static int run (central_t *central, const central_options_t *options);
static int make_data_directory (const char *path, problem_t *problem);
static int wait_for_files (const char *directory, problem_t *problem);
static int keep_number (uint64_t number, problem_t *problem);
static void add_all (central_t *central, const central_options_t *options);
static void add_storage (central_t *central, const central_options_t *options);
static void add_state (central_t *central, const central_options_t *options);
static void add_broker (central_t *central, const central_options_t *options);
static void add_workers (central_t *central, const central_options_t *options);
static void add (supervisor_t *supervisor, const char *name, const char **argv, int fd);

int central_run (const central_options_t *options, int signal_fd)
{
    central_t central = {.supervisor = supervisor_new (signal_fd)};
    problem_t problem;
    if (open_central (&central, options, &problem) == -1)
        process_end (&problem);
    const int status = supervisor_check_settings (central.supervisor)
                           ? run (&central, options)
                           : PROCESS_CANNOT_START;
    supervisor_destroy (&central.supervisor);
    run_directory_destroy (&central.directory);
    if (status < 0)
        process_end_by (-status);
    return status;
}

static int open_central (central_t *central, const central_options_t *options,
                         problem_t *problem)
{
    if (options->config_file)
        setenv ("LOTERIA_CONFIG", options->config_file, 1);
    unsetenv ("LOTERIA_KEYS"); // central's folder is none of its parts'
    if (process_need_descriptors (DESCRIPTORS_OWN + 8, problem) == -1 || // so can parts
        make_data_directory (options->data_directory, problem) == -1 ||
        wait_for_files (options->data_directory, problem) == -1)
        return -1;
    central->number = keep_number (options->winning_number, problem);
    if (central->number != -1)
        central->directory = run_directory_new (problem);
    if (!central->directory)
        return -1;
    add_all (central, options);
    return 0;
}

static int run (central_t *central, const central_options_t *options)
{
    process_want_descriptors ( // the broker is connected with all of them
        "central", options->agencies + options->workers + DESCRIPTORS_OWN);
    logger_event (
        LOG_INFO, "central", LOG_IN_PROGRESS,
        "listen: %s | workers: %" PRIu64 " | agencies: %" PRIu64 " | data_dir: %s",
        options->listen, options->workers, options->agencies, options->data_directory);
    supervisor_look_after (central->supervisor, run_directory_look, central->directory);
    return supervisor_run (central->supervisor,
                           options->exit_when_done ? "state" : NULL);
}

static int make_data_directory (const char *path, problem_t *problem)
{
    if (file_make_directory (path) == -1 && errno != EEXIST)
        return problem_set (problem, problem_status (errno), "central",
                            "reason: %s cannot be made, %s", path, strerror (errno));
    if (access (path, W_OK | X_OK) == -1)
        return problem_set (problem, problem_status (errno), "central",
                            "reason: %s cannot be written to, %s", path,
                            strerror (errno));
    return 0;
}

/* Parts of a central that was killed have them until they have ended. Storage and state
   would wait as well, but here it is said once. */
static int wait_for_files (const char *directory, problem_t *problem)
{
    static const char *const names[] = {"bets.journal", "bets.csv", "draw.journal"};
    process_patience_t patience = {0};
    char what[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf (what, sizeof what, "%s/%s: another process is using it", directory,
                  names[i]);
        while (file_busy (directory, names[i]))
            if (!process_wait_for_others (&patience, "espera", what))
                return problem_set (problem, problem_status (errno), "central",
                                    "reason: %s", what);
    }
    return 0;
}

/* Not on state's command line, which everybody on this machine can read; in memory, as
   state may be started again and read it then. */
static int keep_number (uint64_t number, problem_t *problem)
{
    const int fd = memfd_create ("winning-number", MFD_CLOEXEC);
    if (fd == -1 || dprintf (fd, "%" PRIu64 "\n", number) < 0)
        return problem_set (problem, PROCESS_FAILED, "central",
                            "reason: no file in memory, %s", strerror (errno));
    return fd;
}

static void add_all (central_t *central, const central_options_t *options)
{
    run_directory_endpoint (central->directory, RUN_STORAGE, central->storage);
    run_directory_endpoint (central->directory, RUN_STATE, central->state);
    run_directory_endpoint (central->directory, RUN_WORKERS, central->workers);
    add_storage (central, options);
    add_state (central, options);
    add_broker (central, options);
    add_workers (central, options);
}

static void add_storage (central_t *central, const central_options_t *options)
{
    const char *argv[] = {"loteria-storage",
                          "--data-dir",
                          options->data_directory,
                          "--listen",
                          central->storage,
                          "--log-level",
                          options->log_level,
                          options->log_bets ? "--log-bets=yes" : "--log-bets=no",
                          options->insecure ? "--insecure=yes" : "--insecure=no",
                          NULL};
    add (central->supervisor, "storage", argv, -1);
}

static void add_state (central_t *central, const central_options_t *options)
{
    char agencies[TEXT_BYTES], number[TEXT_BYTES];
    snprintf (agencies, sizeof agencies, "%" PRIu64, options->agencies);
    snprintf (number, sizeof number, "/proc/self/fd/%d", central->number);
    const char *argv[] = {"loteria-state",
                          "--data-dir",
                          options->data_directory,
                          "--listen",
                          central->state,
                          "--storage",
                          central->storage,
                          "--agencies",
                          agencies,
                          "--winning-number-file",
                          number,
                          "--log-level",
                          options->log_level,
                          options->exit_when_done ? "--exit-when-done=yes"
                                                  : "--exit-when-done=no",
                          options->insecure ? "--insecure=yes" : "--insecure=no",
                          NULL};
    add (central->supervisor, "state", argv, central->number);
}

static void add_broker (central_t *central, const central_options_t *options)
{
    char message_bytes[TEXT_BYTES], window[TEXT_BYTES], keys[PATH_MAX] = "";
    if (options->keys && *options->keys)
        snprintf (keys, sizeof keys, "%s/broker", options->keys);
    snprintf (message_bytes, sizeof message_bytes, "%" PRIu64, options->message_bytes);
    snprintf (window, sizeof window, "%" PRIu64, options->window);
    const char *argv[] = {"loteria-broker",
                          "--listen",
                          options->listen,
                          "--workers",
                          central->workers,
                          "--keys",
                          keys,
                          "--message-bytes",
                          message_bytes,
                          "--window",
                          window,
                          "--log-level",
                          options->log_level,
                          options->insecure ? "--insecure=yes" : "--insecure=no",
                          NULL};
    add (central->supervisor, "broker", argv, -1);
}

static void add_workers (central_t *central, const central_options_t *options)
{
    char batch_count[TEXT_BYTES], number_max[TEXT_BYTES];
    snprintf (batch_count, sizeof batch_count, "%" PRIu64, options->batch_count);
    snprintf (number_max, sizeof number_max, "%" PRIu64, options->number_max);
    for (uint64_t i = 0; i < options->workers; i++) {
        const char *argv[] = {"loteria-worker",
                              "--broker",
                              central->workers,
                              "--storage",
                              central->storage,
                              "--state",
                              central->state,
                              "--count",
                              "1",
                              "--batch-count",
                              batch_count,
                              "--number-max",
                              number_max,
                              "--log-level",
                              options->log_level,
                              options->insecure ? "--insecure=yes" : "--insecure=no",
                              NULL};
        add (central->supervisor, "worker", argv, -1);
    }
}

static void add (supervisor_t *supervisor, const char *name, const char **argv, int fd)
{
    char *program = supervisor_program (argv[0]);
    argv[0] = program;
    supervisor_add (supervisor, name, argv, fd);
    free (program);
}

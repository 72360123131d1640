/* central.c - loteria-central: storage, state, broker and workers of one machine, kept
   running. Owns its children, and a directory of sockets that only this user can enter:
   the inner hops are ipc, and nobody else is on them. */

#include "central.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "process.h"
#include "supervisor.h"

#define TEXT_BYTES 64

static void make_data_directory (const char *path);
static void make_run_directory (char *path);
static void remove_run_directory (const char *path);
static void add_storage (supervisor_t *supervisor, const central_options_t *options,
                         const char *endpoint);
static void add_state (supervisor_t *supervisor, const central_options_t *options,
                       const char *endpoint, const char *storage);
static void add_broker (supervisor_t *supervisor, const central_options_t *options,
                        const char *endpoint);
static void add_workers (supervisor_t *supervisor, const central_options_t *options,
                         const char *broker, const char *storage, const char *state);
static void add (supervisor_t *supervisor, const char *name, const char **argv);

static const char *const socket_names[] = {"storage", "state", "workers"};

int central_run (const central_options_t *options, int signal_fd)
{
    char run_directory[] = "/tmp/loteria-XXXXXX";
    char storage[TEXT_BYTES], state[TEXT_BYTES], workers[TEXT_BYTES];
    if (options->config_file)
        setenv ("LOTERIA_CONFIG", options->config_file, 1);
    unsetenv ("LOTERIA_KEYS"); // central's folder is none of its parts'
    make_data_directory (options->data_directory);
    make_run_directory (run_directory);
    snprintf (storage, sizeof storage, "ipc://%s/storage", run_directory);
    snprintf (state, sizeof state, "ipc://%s/state", run_directory);
    snprintf (workers, sizeof workers, "ipc://%s/workers", run_directory);

    supervisor_t *supervisor = supervisor_new (signal_fd);
    add_storage (supervisor, options, storage);
    add_state (supervisor, options, state, storage);
    add_broker (supervisor, options, workers);
    add_workers (supervisor, options, workers, storage, state);
    log_event (
        LOG_INFO, "central", LOG_IN_PROGRESS,
        "listen: %s | workers: %" PRIu64 " | agencies: %" PRIu64 " | data_dir: %s",
        options->listen, options->workers, options->agencies, options->data_directory);
    const int status =
        supervisor_run (supervisor, options->exit_when_done ? "state" : NULL);
    supervisor_destroy (&supervisor);
    remove_run_directory (run_directory);
    return status;
}

static void make_data_directory (const char *path)
{
    if (file_make_directory (path) == -1 && errno != EEXIST)
        process_die ("central", "reason: %s cannot be made, %s", path,
                     strerror (errno));
    if (access (path, W_OK | X_OK) == -1)
        process_die ("central", "reason: %s cannot be written to, %s", path,
                     strerror (errno));
}

static void make_run_directory (char *path)
{
    if (!mkdtemp (path)) // mode 0700
        process_die ("central", "reason: %s cannot be made, %s", path,
                     strerror (errno));
}

static void remove_run_directory (const char *path)
{
    char socket_path[TEXT_BYTES];
    for (size_t i = 0; i < sizeof socket_names / sizeof *socket_names; i++) {
        snprintf (socket_path, sizeof socket_path, "%s/%s", path, socket_names[i]);
        unlink (socket_path); // ZeroMQ has removed it, unless its owner was killed
    }
    if (rmdir (path) == -1)
        log_event (LOG_WARNING, "central", LOG_FAIL, "reason: %s stays behind, %s",
                   path, strerror (errno));
}

static void add_storage (supervisor_t *supervisor, const central_options_t *options,
                         const char *endpoint)
{
    const char *argv[] = {"loteria-storage",
                          "--data-dir",
                          options->data_directory,
                          "--listen",
                          endpoint,
                          "--log-level",
                          options->log_level,
                          options->log_bets ? "--log-bets=yes" : "--log-bets=no",
                          options->insecure ? "--insecure=yes" : "--insecure=no",
                          NULL};
    add (supervisor, "storage", argv);
}

static void add_state (supervisor_t *supervisor, const central_options_t *options,
                       const char *endpoint, const char *storage)
{
    char agencies[TEXT_BYTES], number[TEXT_BYTES];
    snprintf (agencies, sizeof agencies, "%" PRIu64, options->agencies);
    snprintf (number, sizeof number, "%" PRIu64, options->winning_number);
    const char *argv[] = {"loteria-state",
                          "--data-dir",
                          options->data_directory,
                          "--listen",
                          endpoint,
                          "--storage",
                          storage,
                          "--agencies",
                          agencies,
                          "--winning-number",
                          number,
                          "--log-level",
                          options->log_level,
                          options->exit_when_done ? "--exit-when-done=yes"
                                                  : "--exit-when-done=no",
                          options->insecure ? "--insecure=yes" : "--insecure=no",
                          NULL};
    add (supervisor, "state", argv);
}

static void add_broker (supervisor_t *supervisor, const central_options_t *options,
                        const char *endpoint)
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
                          endpoint,
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
    add (supervisor, "broker", argv);
}

static void add_workers (supervisor_t *supervisor, const central_options_t *options,
                         const char *broker, const char *storage, const char *state)
{
    char batch_count[TEXT_BYTES], number_max[TEXT_BYTES];
    snprintf (batch_count, sizeof batch_count, "%" PRIu64, options->batch_count);
    snprintf (number_max, sizeof number_max, "%" PRIu64, options->number_max);
    for (uint64_t i = 0; i < options->workers; i++) {
        const char *argv[] = {"loteria-worker",
                              "--broker",
                              broker,
                              "--storage",
                              storage,
                              "--state",
                              state,
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
        add (supervisor, "worker", argv);
    }
}

static void add (supervisor_t *supervisor, const char *name, const char **argv)
{
    char *program = supervisor_program (argv[0]);
    argv[0] = program;
    supervisor_add (supervisor, name, argv);
    free (program);
}

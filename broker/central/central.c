/* central.c - loteria-central: keeps storage, state, broker and workers running on one
   machine. Owns its child processes and the directory of the sockets between them. */

#include "central.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"
#include "deadline.h"
#include "figures.h"
#include "file.h"
#include "logger.h"
#include "notify.h"
#include "option_rows.h"
#include "process.h"
#include "ready_watch.h"
#include "reception.h"
#include "role.h"
#include "run_directory.h"
#include "run_link.h"
#include "supervisor.h"

#define TEXT_BYTES 64

typedef struct {
    const central_options_t *options;
    supervisor_t *supervisor;
    run_directory_t *directory;
    reception_t *reception;
    ready_watch_t *ready;
    int64_t look_ms;   // at the directory
    uint64_t storages; // how often one was started
    bool stopping;     // systemd knows
    int number; // a file that holds a fixed winning number, for state alone; or -1
} central_t;

static int open_central (central_t *central, const central_options_t *options,
                         problem_t *problem);
static int run (central_t *central, const central_options_t *options);
static int open_sockets (central_t *central, problem_t *problem);
static size_t items (void *context, zmq_pollitem_t *list);
static int64_t turn (supervisor_t *supervisor, void *context);
static int64_t tell_ready (central_t *central, const supervisor_t *supervisor,
                           int64_t now_ms);
static void tell_stopping (central_t *central);
static int make_data_directory (const char *path, problem_t *problem);
static int wait_for_files (const char *directory, problem_t *problem);
static int keep_number (uint32_t number, problem_t *problem);
static void tell_parts (const central_t *central, const central_options_t *options);
static void tell_turns (const central_t *central, const central_options_t *options);
static void tell (config_item_t option, const char *value);
static void add_parts (central_t *central, const central_options_t *options);
static void add (central_t *central, const char *name, const char *keys, int fd);
static void add_web (central_t *central, const central_options_t *options);
static bool takes_turns (const central_options_t *options);
static void follow_storage (central_t *central, const supervisor_t *supervisor);
static bool stands_by (const central_t *central);

int central_run (const central_options_t *options, int signal_fd)
{
    central_t central = {
        .options = options, .supervisor = supervisor_new (signal_fd), .number = -1};
    problem_t problem;
    if (open_central (&central, options, &problem) == -1)
        process_end (&problem);
    int status = PROCESS_CANNOT_START;
    if (supervisor_check_settings (central.supervisor)) {
        if (open_sockets (&central, &problem) == -1)
            process_end (&problem);
        status = run (&central, options);
    }
    ready_watch_destroy (&central.ready);
    reception_destroy (&central.reception);
    supervisor_destroy (&central.supervisor);
    run_link_remove (options->data_directory, run_directory_path (central.directory));
    run_directory_destroy (&central.directory);
    return status;
}

static int open_central (central_t *central, const central_options_t *options,
                         problem_t *problem)
{
    if (process_need_descriptors (DESCRIPTORS_OWN + 8, problem) == -1 || // so can parts
        make_data_directory (options->data_directory, problem) == -1 ||
        wait_for_files (options->data_directory, problem) == -1)
        return -1;
    if (options->number.source == TERMS_FIXED) {
        central->number = keep_number (options->number.number, problem);
        if (central->number == -1)
            return -1;
    }
    central->directory =
        run_directory_new (options->run_directory, options->data_directory, problem);
    if (!central->directory)
        return -1;
    run_link_make (options->data_directory, run_directory_path (central->directory));
    tell_parts (central, options);
    add_parts (central, options);
    return 0;
}

static int run (central_t *central, const central_options_t *options)
{
    process_want_descriptors ( // the broker is connected with all of them
        "central", (uint64_t) options->agencies + options->workers + DESCRIPTORS_OWN);
    logger_event (LOG_INFO, "central", LOG_IN_PROGRESS,
                  "listen: %s | workers: %u | agencies: %u | draw: %s | number: %s | "
                  "closes: %s | data_dir: %s",
                  options->listen, options->workers, options->agencies,
                  options->draw ? options->draw : "by the schedule",
                  terms_source_name (options->number.source), options->closes,
                  options->data_directory);
    const supervisor_guest_t guest = {items, turn, central};
    supervisor_attend (central->supervisor, &guest);
    return supervisor_run (central->supervisor,
                           options->exit_when_done ? "state" : NULL);
}

/* Only now: what comes before is forked without another thread. */
static int open_sockets (central_t *central, problem_t *problem)
{
    char own[RUN_ENDPOINT_BYTES], role[RUN_ENDPOINT_BYTES];
    run_directory_endpoint (central->directory, RUN_CENTRAL, own);
    run_directory_role (central->directory, role);
    central->reception =
        reception_new (own, central->supervisor,
                       takes_turns (central->options) ? role : NULL, problem);
    if (!central->reception)
        return -1;
    central->ready = ready_watch_new (central->directory, problem);
    return central->ready ? 0 : -1;
}

static size_t items (void *context, zmq_pollitem_t *list)
{
    const central_t *central = context;
    const size_t count = reception_items (central->reception, list);
    return supervisor_ending (central->supervisor)
               ? count // nobody asks any more
               : count + ready_watch_items (central->ready, list + count);
}

static int64_t turn (supervisor_t *supervisor, void *context)
{
    central_t *central = context;
    const int64_t now_ms = clock_ms ();
    reception_turn (central->reception);
    if (supervisor_ending (supervisor)) {
        tell_stopping (central);
        return INT64_MAX;
    }
    if (takes_turns (central->options))
        follow_storage (central, supervisor);
    if (now_ms >= central->look_ms) {
        if (!run_directory_look (central->directory, supervisor))
            reception_restore (central->reception);
        central->look_ms = now_ms + RUN_DIRECTORY_LOOK_MS;
    }
    const int64_t ready_ms = tell_ready (central, supervisor, now_ms);
    return deadline_earlier (ready_ms, central->look_ms);
}

static int64_t tell_ready (central_t *central, const supervisor_t *supervisor,
                           int64_t now_ms)
{
    const children_t *children = supervisor_children (supervisor);
    return ready_watch_turn (central->ready,
                             children_wanted (children, FIGURES_WORKERS),
                             stands_by (central), now_ms);
}

static bool takes_turns (const central_options_t *options)
{
    return options->log && *options->log;
}

/* One that is started again may find that another central has taken over meanwhile, and
   follows. State knows what a former storage told it, and begins anew with this one. */
static void follow_storage (central_t *central, const supervisor_t *supervisor)
{
    const children_t *children = supervisor_children (supervisor);
    uint64_t starts = 0;
    for (size_t i = 0; i < children->count; i++)
        if (strcmp (children->list[i].name, "storage") == 0)
            starts = children->list[i].starts;
    if (starts == central->storages)
        return;
    if (central->storages == 0)
        tell (option_standby (NULL), "yes");
    else if (supervisor_pid (supervisor, "state") > 0) {
        logger_event (LOG_INFO, "proceso", LOG_IN_PROGRESS,
                      "name: state | reason: storage was started again, so it is "
                      "killed, and begins anew");
        kill (supervisor_pid (supervisor, "state"), SIGKILL); // it has no file to close
    }
    central->storages = starts;
}

static bool stands_by (const central_t *central)
{
    char path[RUN_ENDPOINT_BYTES];
    role_t role;
    run_directory_role (central->directory, path);
    return takes_turns (central->options) && role_load (&role, path) == 0 &&
           !role.active;
}

static void tell_stopping (central_t *central)
{
    if (!central->stopping)
        central->stopping = notify_say ("STOPPING=1\nSTATUS=stops");
}

static int make_data_directory (const char *path, problem_t *problem)
{
    struct stat about;
    if (file_make_directory (path) == -1 && errno != EEXIST)
        return problem_set (problem, problem_status (errno), "central",
                            "reason: %s cannot be created, %s", path, strerror (errno));
    if (access (path, R_OK | W_OK | X_OK) == 0)
        return 0;
    int error = errno;
    if (error == EACCES && stat (path, &about) == 0 && !S_ISDIR (about.st_mode))
        error = ENOTDIR; // a file is not one to be entered
    return problem_set (problem, problem_status (error), "central",
                        "reason: %s cannot be written to, %s", path, strerror (error));
}

/* The parts of a central that was killed hold them until they have ended. Storage and
   state would wait as well, but this way it is logged once. */
static int wait_for_files (const char *directory, problem_t *problem)
{
    static const char *const names[] = {"bets.log", "bets.index", "bets.csv"};
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

/* Not on state's command line, which anybody on this machine can read. In memory, since
   state may be restarted and read it again. */
static int keep_number (uint32_t number, problem_t *problem)
{
    const int fd = memfd_create ("winning-number", MFD_CLOEXEC);
    if (fd == -1 || dprintf (fd, "%u\n", number) < 0)
        return problem_set (problem, PROCESS_FAILED, "central",
                            "reason: no file in memory can be created, %s",
                            strerror (errno));
    return fd;
}

/* The parts read their settings from the environment, where main () has put central's.
   What remains is who listens where, and what concerns one part only. */
static void tell_parts (const central_t *central, const central_options_t *options)
{
    const bool fixed = options->number.source == TERMS_FIXED;
    char number[TEXT_BYTES] = "", signing[PATH_MAX] = "", workers[RUN_ENDPOINT_BYTES],
         storage[RUN_ENDPOINT_BYTES], state[RUN_ENDPOINT_BYTES];
    if (fixed)
        snprintf (number, sizeof number, "/proc/self/fd/%d", central->number);
    if (options->keys && *options->keys)
        snprintf (signing, sizeof signing, "%s/state", options->keys);
    run_directory_endpoint (central->directory, RUN_WORKERS, workers);
    run_directory_endpoint (central->directory, RUN_STORAGE, storage);
    run_directory_endpoint (central->directory, RUN_STATE, state);
    tell (option_listen (NULL), options->listen);
    tell (option_workers_listen (NULL), workers);
    tell (option_broker (NULL), workers);
    tell (option_storage_listen (NULL), storage);
    tell (option_storage (NULL), storage);
    tell (option_state_listen (NULL), state);
    tell (option_state (NULL), state);
    if (takes_turns (options))
        tell_turns (central, options);
    tell (option_worker_count (NULL), "1");
    tell (option_draw (NULL), options->draw ? options->draw : "");
    tell (option_number (NULL),
          fixed ? "" : terms_source_name (options->number.source));
    tell (option_winning_number_file (NULL), number);
    tell (option_keys (NULL, NULL),
          ""); // parts that are not reached over tcp have none
    tell (option_signing_keys (NULL), signing);
}

/* An address that stands for all of a machine's says little, but its name follows. */
static void tell_turns (const central_t *central, const central_options_t *options)
{
    char role[RUN_ENDPOINT_BYTES];
    run_directory_role (central->directory, role);
    tell (option_role_file (NULL), role);
    if (!options->advertise || !*options->advertise)
        tell (option_advertise (NULL), options->listen);
}

static void tell (config_item_t option, const char *value)
{
    setenv (option.environment, value, 1);
}

static void add_parts (central_t *central, const central_options_t *options)
{
    char keys[PATH_MAX] = "";
    if (options->keys && *options->keys)
        snprintf (keys, sizeof keys, "%s/broker", options->keys);
    add (central, "storage", NULL, -1);
    add (central, "state", NULL, central->number);
    add (central, "broker", keys, -1);
    for (uint32_t i = 0; i < options->workers; i++)
        add (central, FIGURES_WORKERS, NULL, -1);
    if (takes_turns (options)) {
        supervisor_takes_turns (central->supervisor, "storage");
        supervisor_takes_turns (central->supervisor, "state");
    }
    if (options->web && *options->web)
        add_web (central, options);
}

static void add (central_t *central, const char *name, const char *keys, int fd)
{
    char file[TEXT_BYTES];
    snprintf (file, sizeof file, "loteria-%s", name);
    char *program = supervisor_program (file);
    const char *argv[] = {program, keys ? "--keys" : NULL, keys, NULL};
    supervisor_add (central->supervisor, name, argv, fd);
    free (program);
}

/* --insecure is about the agencies' door: this one may have its own reasons. */
static void add_web (central_t *central, const central_options_t *options)
{
    char *program = supervisor_program ("loteria-web");
    const char *argv[] = {program,    "--data-dir", options->data_directory,
                          "--listen", options->web, "--insecure=no",
                          NULL};
    supervisor_add_dispensable (central->supervisor, "web", argv);
    free (program);
}

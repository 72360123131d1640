/* storage_verbs.c - runs loteria-storage, which lies beside loteria-ctl, on the files
   of a day. */

#include "storage_verbs.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"
#include "logger.h"
#include "supervisor.h"
#include "terminal.h"

#define STORAGE       "loteria-storage"
#define ARGUMENTS_MAX 9
#define DAY_FILE      "bets.log"
#define SYSTEM_DATA   "/var/lib/loteria" // of the units of systemd
#define PRINTED_MAX   (64 * 1024 * 1024)

static int look_for_day (const command_t *command, const char *verb);
static int look_for_draw (const command_t *command, const char *verb);
static int run (const command_t *command, const char *verb,
                const char *const *arguments);
static int become (const char *verb, const char *const *arguments);
static int run_for_json (const command_t *command, const char *verb,
                         const char *const *arguments);
static char *read_all (int fd);
static char *as_json (const command_t *command, const char *printed, int status);

int storage_verbs_check (const command_t *command)
{
    const char *arguments[ARGUMENTS_MAX + 1] = {STORAGE, "--check",
                                                storage_verbs_directory (command)};
    if (command->expect) {
        arguments[3] = "--expect";
        arguments[4] = command->expect;
    }
    return run (command, "check", arguments);
}

int storage_verbs_backup (const command_t *command)
{
    const char *const arguments[] = {
        STORAGE, "--backup",       storage_verbs_directory (command),
        "--to",  command->word[0], NULL};
    return run (command, "backup", arguments);
}

int storage_verbs_archive (const command_t *command)
{
    const char *const arguments[] = {STORAGE,
                                     "--archive",
                                     storage_verbs_directory (command),
                                     "--draw",
                                     command->word[0],
                                     "--to",
                                     command->word[1],
                                     NULL};
    const int status = look_for_draw (command, "archive");
    return status == 0 ? run (command, "archive", arguments) : status;
}

/* Into the day, or beside it. */
int storage_verbs_restore (const command_t *command)
{
    const char *const arguments[] = {STORAGE,
                                     "--restore",
                                     command->word[0],
                                     command->to ? "--to" : "--into",
                                     command->to ? command->to
                                                 : storage_verbs_directory (command),
                                     NULL};
    return run (command, "restore", arguments);
}

/* The files may be there without a central. */
const char *storage_verbs_directory (const command_t *command)
{
    const bool given = strcmp (config_source (command->config, "data-dir"), "default");
    return !given && access (WHEREABOUTS_RUN_DIRECTORY, F_OK) == 0 &&
                   access (SYSTEM_DATA, F_OK) == 0
               ? SYSTEM_DATA
               : command->given.data_directory;
}

/* Said here, as loteria-storage cannot say which options of this program help. */
static int look_for_day (const command_t *command, const char *verb)
{
    char path[PATH_MAX];
    const char *directory = storage_verbs_directory (command);
    if (strcmp (verb, "restore") == 0 && command->to)
        return 0;
    const int size = snprintf (path, sizeof path, "%s/" DAY_FILE, directory);
    if (size < PATH_MAX && access (path, F_OK) == 0)
        return 0;
    if (size < PATH_MAX && errno == EACCES)
        return command_failed (
            verb, PROCESS_CANNOT_START,
            "data_dir: %s | reason: %s; do it as the user who runs the central (sudo "
            "-u loteria)",
            directory, strerror (errno));
    return command_failed (verb, PROCESS_CANNOT_START,
                           "data_dir: %s | reason: there is no day in it; name the "
                           "directory that the central was started with (--data-dir)",
                           directory);
}

/* Each that was ever opened has a folder. */
static int look_for_draw (const command_t *command, const char *verb)
{
    char path[PATH_MAX];
    const char *directory = storage_verbs_directory (command), *draw = command->word[0];
    const int status = look_for_day (command, verb);
    if (status != 0)
        return status;
    const int size = snprintf (path, sizeof path, "%s/draws/%s", directory, draw);
    if (size >= PATH_MAX || access (path, F_OK) == 0 || errno != ENOENT)
        return 0;
    return command_failed (verb, CTL_UNKNOWN,
                           "data_dir: %s | draw: %s | reason: there is no such draw in "
                           "it; see loteria-ctl draw list",
                           directory, draw);
}

static int run (const command_t *command, const char *verb,
                const char *const *arguments)
{
    const int status = look_for_day (command, verb);
    if (status != 0)
        return status;
    return command->json ? run_for_json (command, verb, arguments)
                         : become (verb, arguments);
}

static int become (const char *verb, const char *const *arguments)
{
    char *program = supervisor_program (STORAGE);
    execv (program, (char *const *) arguments);
    const int status =
        command_failed (verb, PROCESS_CANNOT_START, "program: %s | reason: %s", program,
                        strerror (errno));
    free (program);
    return status;
}

static int run_for_json (const command_t *command, const char *verb,
                         const char *const *arguments)
{
    int ends[2], status = 0;
    if (pipe (ends) == -1)
        return command_failed (verb, PROCESS_FAILED, "reason: %s", strerror (errno));
    const pid_t child = fork ();
    if (child == 0) {
        dup2 (ends[1], STDOUT_FILENO);
        close (ends[0]);
        close (ends[1]);
        _exit (become (verb, arguments));
    }
    close (ends[1]);
    char *printed = child == -1 ? NULL : read_all (ends[0]);
    close (ends[0]);
    if (child == -1 || waitpid (child, &status, 0) == -1)
        return command_failed (verb, PROCESS_FAILED, "reason: %s", strerror (errno));
    status = WIFEXITED (status) ? WEXITSTATUS (status) : PROCESS_FAILED;
    const int shown = terminal_print (as_json (command, printed, status));
    free (printed);
    return status ? status : shown;
}

static char *read_all (int fd)
{
    size_t size = 0, capacity = 4096;
    char *text = malloc (capacity);
    ssize_t more;
    assert (text);
    while (size < PRINTED_MAX &&
           ((more = read (fd, text + size, capacity - size - 1)) > 0 ||
            (more == -1 && errno == EINTR))) {
        size += more > 0 ? (size_t) more : 0;
        if (capacity - size < 2) {
            capacity *= 2;
            text = realloc (text, capacity);
            assert (text);
        }
    }
    text[size] = 0;
    return text;
}

static char *as_json (const command_t *command, const char *printed, int status)
{
    json_t *json = json_new ();
    json_object (json, NULL);
    json_text (json, "data_dir", storage_verbs_directory (command));
    json_bool (json, "sound", status == 0);
    json_array (json, "lines");
    while (*printed) {
        const size_t size = strcspn (printed, "\n");
        json_line (json);
        json_bytes (json, NULL, bytes_of (printed, size));
        printed += size + (printed[size] == '\n');
    }
    json_end (json);
    json_end (json);
    json_newline (json);
    return json_finish (&json, NULL);
}

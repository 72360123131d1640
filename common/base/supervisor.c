/* supervisor.c - child processes. loteria-central, and loteria-worker --count. */

#include "supervisor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "awake.h"
#include "clock.h"
#include "bounds.h"
#include "logger.h"
#include "process.h"

#define QUICK_END_MS 2000 // a child that ends sooner was not really running
#define KILLED_MS    1000 // to see killed children end

typedef struct {
    char name[32]; // for messages
    char **argv;
    int fd;              // that it inherits, or -1
    pid_t pid;           // 0 when it is not running
    int64_t started_ms;  // when it was last started
    int64_t start_at_ms; // when it is to be started next
    int64_t pause_ms;    // before the next restart
    uint64_t starts;
    bool told; // to stop; it may have ended since, with another of its kind
} child_t;

struct supervisor {
    int signal_fd;
    child_t *children;
    size_t count;
    supervisor_look_t *look;
    void *look_context;
    int64_t look_ms;
    logger_limit_t limit;
    int stop_signal; // the last that came
    int stops;       // so many came
    int status;      // to end with
    bool ending;     // whatever the reason
};

static void start_due (supervisor_t *supervisor);
static void start (supervisor_t *supervisor, child_t *child);
static void become (const child_t *child, pid_t parent) __attribute__ ((noreturn));
static void cannot_run (const char *program) __attribute__ ((noreturn));
static void look_around (supervisor_t *supervisor);
static void wait_for_news (supervisor_t *supervisor, int64_t deadline_ms);
static int64_t next_deadline (const supervisor_t *supervisor);
static void reap (supervisor_t *supervisor, const char *done);
static void ended (supervisor_t *supervisor, child_t *child, int status,
                   const char *done);
static bool ended_with (int status, int code);
static void give_up (supervisor_t *supervisor, const child_t *child, int status,
                     const char *why);
static void let_go (child_t *child);
static void plan_restart (supervisor_t *supervisor, child_t *child, int status);
static void put_off (supervisor_t *supervisor, child_t *child, const char *what,
                     const char *why);
static void stop_all (supervisor_t *supervisor);
static size_t first_of_kind (const supervisor_t *supervisor, size_t last);
static void stop_kind (supervisor_t *supervisor, size_t first, size_t last);
static void kill_all (supervisor_t *supervisor);
static size_t running (const supervisor_t *supervisor);
static void check_each_kind (const supervisor_t *supervisor) __attribute__ ((noreturn));
static bool settings_sound (const child_t *child);
static bool found_sound (pid_t pid);
static void be_checked (const child_t *child) __attribute__ ((noreturn));

supervisor_t *supervisor_new (int signal_fd)
{
    supervisor_t *supervisor = calloc (1, sizeof *supervisor);
    assert (supervisor);
    supervisor->signal_fd = signal_fd;
    return supervisor;
}

void supervisor_destroy (supervisor_t **supervisor)
{
    if (*supervisor) {
        for (size_t i = 0; i < (*supervisor)->count; i++) {
            for (char **argument = (*supervisor)->children[i].argv; *argument;
                 argument++)
                free (*argument);
            free ((*supervisor)->children[i].argv);
        }
        free ((*supervisor)->children);
        free (*supervisor);
    }
    *supervisor = NULL;
}

void supervisor_add (supervisor_t *supervisor, const char *name,
                     const char *const *argv, int fd)
{
    size_t arguments = 0;
    while (argv[arguments])
        arguments++;
    supervisor->children =
        realloc (supervisor->children, (supervisor->count + 1) * sizeof (child_t));
    assert (supervisor->children);
    child_t *child = &supervisor->children[supervisor->count++];
    *child = (child_t){.pause_ms = RESTART_BACKOFF_MS, .fd = fd};
    snprintf (child->name, sizeof child->name, "%s", name);
    child->argv = calloc (arguments + 1, sizeof (char *));
    assert (child->argv);
    for (size_t i = 0; i < arguments; i++) {
        child->argv[i] = strdup (argv[i]);
        assert (child->argv[i]);
    }
}

void supervisor_look_after (supervisor_t *supervisor, supervisor_look_t *look,
                            void *context)
{
    supervisor->look = look;
    supervisor->look_context = context;
}

bool supervisor_check_settings (supervisor_t *supervisor)
{
    // In a process of its own, so that this one's children are always the real ones.
    const pid_t pid = fork ();
    if (pid == 0)
        check_each_kind (supervisor);
    return found_sound (pid);
}

int supervisor_run (supervisor_t *supervisor, const char *done)
{
    process_watch_children (supervisor->signal_fd);
    while (!supervisor->ending) {
        start_due (supervisor);
        wait_for_news (supervisor, next_deadline (supervisor));
        reap (supervisor, done);
        look_around (supervisor);
    }
    logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    stop_all (supervisor);
    if (supervisor->stops > 1)
        return -supervisor->stop_signal;
    logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return supervisor->status;
}

pid_t supervisor_pid (const supervisor_t *supervisor, const char *name)
{
    for (size_t i = 0; i < supervisor->count; i++)
        if (strcmp (supervisor->children[i].name, name) == 0)
            return supervisor->children[i].pid;
    return 0;
}

char *supervisor_program (const char *name)
{
    char path[PATH_MAX];
    const ssize_t size = readlink ("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0)
        cannot_run ("/proc/self/exe");
    path[size] = 0;
    char *slash = strrchr (path, '/');
    *slash = 0;
    char *program;
    const int rc = asprintf (&program, "%s/%s", path, name);
    assert (rc != -1);
    return program;
}

static void start_due (supervisor_t *supervisor)
{
    for (size_t i = 0; i < supervisor->count && !supervisor->ending; i++) {
        child_t *child = &supervisor->children[i];
        if (child->pid == 0 && child->start_at_ms <= clock_ms ())
            start (supervisor, child);
    }
}

static void start (supervisor_t *supervisor, child_t *child)
{
    const pid_t parent = getpid ();
    const pid_t pid = fork ();
    if (pid == 0)
        become (child, parent);
    if (pid == -1 && child->starts == 0) {
        supervisor->ending = true;
        supervisor->status = EXIT_FAILURE;
        logger_event (LOG_CRITICAL, "start", LOG_FAIL, "name: %s | reason: %s",
                      child->name, strerror (errno));
        return;
    }
    if (pid == -1) { // it worked before, and will again
        put_off (supervisor, child, "reason", strerror (errno));
        return;
    }
    child->pid = pid;
    child->starts++;
    child->started_ms = clock_ms ();
    logger_event (LOG_DEBUG, "proceso", LOG_IN_PROGRESS, "name: %s | pid: %d",
                  child->name, (int) pid);
}

static void become (const child_t *child, pid_t parent)
{
    process_be_supervised (parent);
    if (child->fd != -1)
        fcntl (child->fd, F_SETFD, 0);
    execv (child->argv[0], child->argv);
    cannot_run (child->argv[0]);
}

/* errno says why. Lack of memory may pass. */
static void cannot_run (const char *program)
{
    problem_t problem;
    const int status = errno == EAGAIN ? PROCESS_FAILED : problem_status (errno);
    problem_set (&problem, status, "start", "program: %s | reason: %s", program,
                 strerror (errno));
    process_end (&problem);
}

static void look_around (supervisor_t *supervisor)
{
    if (!supervisor->look || supervisor->ending || clock_ms () < supervisor->look_ms)
        return;
    supervisor->look (supervisor, supervisor->look_context);
    supervisor->look_ms = clock_ms () + RUN_DIRECTORY_LOOK_MS;
}

static void wait_for_news (supervisor_t *supervisor, int64_t deadline_ms)
{
    struct pollfd item = {.fd = supervisor->signal_fd, .events = POLLIN};
    poll (&item, 1, clock_timeout (clock_ms (), deadline_ms));
    int signal;
    while ((signal = process_signal (supervisor->signal_fd)))
        if (signal != SIGCHLD) {
            supervisor->ending = true;
            supervisor->stop_signal = signal;
            supervisor->stops++;
        }
}

static int64_t next_deadline (const supervisor_t *supervisor)
{
    int64_t next_ms = supervisor->look ? supervisor->look_ms : INT64_MAX;
    for (size_t i = 0; i < supervisor->count; i++) {
        const child_t *child = &supervisor->children[i];
        if (child->pid == 0 && child->start_at_ms < next_ms)
            next_ms = child->start_at_ms;
    }
    return next_ms;
}

static void reap (supervisor_t *supervisor, const char *done)
{
    int status;
    pid_t pid;
    while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].pid == pid)
                ended (supervisor, &supervisor->children[i], status, done);
}

/* If a child's very first start ends because of its settings, everything ends, so that
   the user sees why. Later that does not stop a running day: the others go on, and the
   child is tried again. */
static void ended (supervisor_t *supervisor, child_t *child, int status,
                   const char *done)
{
    child->pid = 0;
    if (supervisor->ending)
        return;
    if (done && strcmp (child->name, done) == 0 && ended_with (status, 0))
        supervisor->ending = true;
    else if (ended_with (status, PROCESS_CANNOT_START) && child->starts == 1)
        give_up (supervisor, child, status, "its own line says why");
    else if (ended_with (status, PROCESS_SUPERSEDED))
        let_go (child);
    else
        plan_restart (supervisor, child, status);
}

static bool ended_with (int status, int code)
{
    return WIFEXITED (status) && WEXITSTATUS (status) == code;
}

static void give_up (supervisor_t *supervisor, const child_t *child, int status,
                     const char *why)
{
    supervisor->ending = true;
    supervisor->status = WEXITSTATUS (status);
    logger_event (LOG_CRITICAL, "proceso", LOG_FAIL,
                  "name: %s | ended: status %d | reason: %s", child->name,
                  WEXITSTATUS (status), why);
}

/* Another one does its work; started again it would supersede that one, which somebody
   else may start again. */
static void let_go (child_t *child)
{
    child->start_at_ms = INT64_MAX;
    logger_event (
        LOG_CRITICAL, "proceso", LOG_FAIL,
        "name: %s | ended: status %d | reason: another one, started elsewhere, "
        "does its work now | consequence: it is not started again here; end "
        "the other one and start this again, or leave it as it is",
        child->name, PROCESS_SUPERSEDED);
}

static void plan_restart (supervisor_t *supervisor, child_t *child, int status)
{
    char how[64];
    if (clock_ms () - child->started_ms >= QUICK_END_MS)
        child->pause_ms = RESTART_BACKOFF_MS;
    if (ended_with (status, PROCESS_CANNOT_START))
        child->pause_ms = RESTART_BACKOFF_MS_MAX;
    if (WIFSIGNALED (status))
        snprintf (how, sizeof how, "signal %d", WTERMSIG (status));
    else
        snprintf (how, sizeof how, "status %d", WEXITSTATUS (status));
    put_off (supervisor, child, "ended", how);
}

/* Never gives up: each pause limits its own log line, and many children that fail at
   once share one. */
static void put_off (supervisor_t *supervisor, child_t *child, const char *what,
                     const char *why)
{
    const int64_t now_ms = clock_ms ();
    const bool often = child->pause_ms >= RESTART_BACKOFF_MS_MAX;
    child->start_at_ms = now_ms + child->pause_ms;
    if (!often)
        logger_event (LOG_ERROR, "proceso", LOG_FAIL,
                      "name: %s | %s: %s | restart_in_ms: %lld", child->name, what, why,
                      (long long) child->pause_ms);
    else
        logger_event_limited (
            &supervisor->limit, now_ms, LOG_ERROR, "proceso", LOG_FAIL,
            "name: %s | %s: %s | restart_in_ms: %lld | starts: %llu", child->name, what,
            why, (long long) child->pause_ms, (unsigned long long) child->starts);
    child->pause_ms *= 2;
    if (child->pause_ms > RESTART_BACKOFF_MS_MAX)
        child->pause_ms = RESTART_BACKOFF_MS_MAX;
}

/* The last kind first, all of a kind at once. */
static void stop_all (supervisor_t *supervisor)
{
    size_t first;
    for (size_t last = supervisor->count; last > 0 && supervisor->stops < 2;
         last = first) {
        first = first_of_kind (supervisor, last);
        stop_kind (supervisor, first, last);
    }
    if (supervisor->stops > 1)
        kill_all (supervisor);
}

static size_t first_of_kind (const supervisor_t *supervisor, size_t last)
{
    const child_t *children = supervisor->children;
    size_t first = last - 1;
    while (first > 0 &&
           strcmp (children[first - 1].argv[0], children[last - 1].argv[0]) == 0)
        first--;
    return first;
}

/* One that does not stop is killed; all are, when the signal comes a second time. */
static void stop_kind (supervisor_t *supervisor, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        supervisor->children[i].told = supervisor->children[i].pid > 0;
        if (supervisor->children[i].told)
            kill (supervisor->children[i].pid, SIGTERM);
    }
    awake_t awake; // all of us may be stopped, or frozen, together
    awake_start (&awake, clock_ms ());
    const int64_t deadline_ms = awake.now_ms + STOP_GRACE_MS;
    for (size_t i = first; i < last; i++) {
        child_t *child = &supervisor->children[i];
        while (child->pid > 0 && awake_look (&awake, clock_ms ()) < deadline_ms &&
               supervisor->stops < 2) {
            wait_for_news (supervisor,
                           clock_ms () + awake_timeout (&awake, deadline_ms));
            reap (supervisor, NULL);
        }
        if (supervisor->stops > 1)
            return;
        if (child->pid > 0)
            kill (child->pid, SIGKILL);
        if (child->told)
            logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: %s%s",
                          child->name, child->pid > 0 ? " (killed)" : "");
    }
}

/* And wait until they are gone, so that others can take what they held. */
static void kill_all (supervisor_t *supervisor)
{
    for (size_t i = 0; i < supervisor->count; i++)
        if (supervisor->children[i].pid > 0)
            kill (supervisor->children[i].pid, SIGKILL);
    const int64_t deadline_ms = clock_ms () + KILLED_MS;
    while (running (supervisor) > 0 && clock_ms () < deadline_ms) {
        wait_for_news (supervisor, deadline_ms);
        reap (supervisor, NULL);
    }
}

static size_t running (const supervisor_t *supervisor)
{
    size_t count = 0;
    for (size_t i = 0; i < supervisor->count; i++)
        count += supervisor->children[i].pid > 0;
    return count;
}

static void check_each_kind (const supervisor_t *supervisor)
{
    for (size_t last = supervisor->count; last > 0;
         last = first_of_kind (supervisor, last))
        if (!settings_sound (&supervisor->children[last - 1]))
            _exit (PROCESS_CANNOT_START);
    _exit (EXIT_SUCCESS);
}

/* Its own --check-config says on stderr what is wrong: once, however many of its kind
   there will be. */
static bool settings_sound (const child_t *child)
{
    const pid_t pid = fork ();
    if (pid == 0)
        be_checked (child);
    return found_sound (pid);
}

/* By this child. If it cannot be found out, the start is tried. */
static bool found_sound (pid_t pid)
{
    int status;
    return pid == -1 || waitpid (pid, &status, 0) != pid ||
           !ended_with (status, PROCESS_CANNOT_START);
}

static void be_checked (const child_t *child)
{
    size_t count = 0;
    while (child->argv[count])
        count++;
    char **argv = calloc (count + 2, sizeof *argv);
    assert (argv);
    memcpy (argv, child->argv, count * sizeof *argv);
    argv[count] = strdup ("--check-config");
    if (child->fd != -1)
        fcntl (child->fd, F_SETFD, 0);
    const int nowhere = open ("/dev/null", O_WRONLY);
    if (nowhere != -1)
        dup2 (nowhere, STDOUT_FILENO);
    execv (argv[0], argv);
    cannot_run (argv[0]);
}

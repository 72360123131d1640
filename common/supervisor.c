/* supervisor.c - child processes. loteria-central, and loteria-worker --count. */

#include "supervisor.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "bounds.h"
#include "log.h"
#include "process.h"

#define QUICK_END_MS   2000 // a child that ends sooner was not really running
#define QUICK_ENDS_MAX 5    // as often in a row: it will not

typedef struct {
    char name[32]; // for messages
    char **argv;
    pid_t pid;           // 0 when it is not running
    int64_t started_ms;  // when it was last started; 0: never
    int64_t start_at_ms; // when it is to be started next
    int64_t pause_ms;    // before the next restart
    int quick_ends;      // in a row
    bool told;           // to stop; it may have ended since, with another of its kind
} child_t;

struct supervisor {
    int signal_fd;
    child_t *children;
    size_t count;
    bool stopping, failed, ended;
};

static void start_due (supervisor_t *supervisor);
static void start (child_t *child);
static void become (char *const *argv, pid_t parent) __attribute__ ((noreturn));
static void wait_for_news (supervisor_t *supervisor, int64_t deadline_ms);
static int64_t next_start (const supervisor_t *supervisor);
static void reap (supervisor_t *supervisor, const char *ending);
static void ended (supervisor_t *supervisor, child_t *child, int status,
                   const char *ending);
static void plan_restart (supervisor_t *supervisor, child_t *child, const char *how);
static void put_off (child_t *child, const char *what, const char *why);
static void stop_all (supervisor_t *supervisor);
static bool same_kind (const child_t *a, const child_t *b);

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
                     const char *const *argv)
{
    size_t arguments = 0;
    while (argv[arguments])
        arguments++;
    supervisor->children =
        realloc (supervisor->children, (supervisor->count + 1) * sizeof (child_t));
    assert (supervisor->children);
    child_t *child = &supervisor->children[supervisor->count++];
    *child = (child_t){.pause_ms = RESTART_BACKOFF_MS};
    snprintf (child->name, sizeof child->name, "%s", name);
    child->argv = calloc (arguments + 1, sizeof (char *));
    assert (child->argv);
    for (size_t i = 0; i < arguments; i++) {
        child->argv[i] = strdup (argv[i]);
        assert (child->argv[i]);
    }
}

int supervisor_run (supervisor_t *supervisor, const char *ending)
{
    process_watch_children (supervisor->signal_fd);
    while (!supervisor->stopping && !supervisor->failed && !supervisor->ended) {
        start_due (supervisor);
        wait_for_news (supervisor, next_start (supervisor));
        reap (supervisor, ending);
    }
    log_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    stop_all (supervisor);
    log_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return supervisor->failed ? 1 : 0;
}

char *supervisor_program (const char *name)
{
    char path[PATH_MAX];
    const ssize_t size = readlink ("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0)
        process_die ("start", "reason: /proc/self/exe cannot be read, %s",
                     strerror (errno));
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
    for (size_t i = 0; i < supervisor->count; i++) {
        child_t *child = &supervisor->children[i];
        if (child->pid == 0 && child->start_at_ms <= clock_ms ())
            start (child);
    }
}

static void start (child_t *child)
{
    const pid_t parent = getpid ();
    const pid_t pid = fork ();
    if (pid == 0)
        become (child->argv, parent);
    if (pid == -1 && child->started_ms == 0)
        process_die ("start", "name: %s | reason: %s", child->name, strerror (errno));
    if (pid == -1) {
        put_off (child, "reason", strerror (errno)); // it worked before, and will again
        return;
    }
    child->pid = pid;
    child->started_ms = clock_ms ();
    log_event (LOG_DEBUG, "proceso", LOG_IN_PROGRESS, "name: %s | pid: %d", child->name,
               (int) pid);
}

static void become (char *const *argv, pid_t parent)
{
    process_be_supervised (parent);
    execv (argv[0], argv);
    process_die ("start", "program: %s | reason: %s", argv[0], strerror (errno));
}

static void wait_for_news (supervisor_t *supervisor, int64_t deadline_ms)
{
    struct pollfd item = {.fd = supervisor->signal_fd, .events = POLLIN};
    poll (&item, 1, clock_timeout (clock_ms (), deadline_ms));
    int signal;
    while ((signal = process_signal (supervisor->signal_fd)))
        if (signal != SIGCHLD)
            supervisor->stopping = true;
}

static int64_t next_start (const supervisor_t *supervisor)
{
    int64_t next_ms = INT64_MAX;
    for (size_t i = 0; i < supervisor->count; i++) {
        const child_t *child = &supervisor->children[i];
        if (child->pid == 0 && child->start_at_ms < next_ms)
            next_ms = child->start_at_ms;
    }
    return next_ms;
}

static void reap (supervisor_t *supervisor, const char *ending)
{
    int status;
    pid_t pid;
    while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].pid == pid)
                ended (supervisor, &supervisor->children[i], status, ending);
}

static void ended (supervisor_t *supervisor, child_t *child, int status,
                   const char *ending)
{
    char how[64];
    child->pid = 0;
    if (WIFSIGNALED (status))
        snprintf (how, sizeof how, "signal %d", WTERMSIG (status));
    else
        snprintf (how, sizeof how, "status %d", WEXITSTATUS (status));
    if (ending && strcmp (child->name, ending) == 0 && WIFEXITED (status) &&
        WEXITSTATUS (status) == 0)
        supervisor->ended = true;
    else if (!supervisor->stopping && !supervisor->failed && !supervisor->ended)
        plan_restart (supervisor, child, how);
}

static void plan_restart (supervisor_t *supervisor, child_t *child, const char *how)
{
    const bool quick = clock_ms () - child->started_ms < QUICK_END_MS;
    child->quick_ends = quick ? child->quick_ends + 1 : 0;
    if (!quick)
        child->pause_ms = RESTART_BACKOFF_MS;
    if (child->quick_ends >= QUICK_ENDS_MAX) {
        supervisor->failed = true;
        log_event (LOG_CRITICAL, "proceso", LOG_FAIL,
                   "name: %s | ended: %s | reason: it ended %d times as soon as it was "
                   "started, its own lines say why",
                   child->name, how, child->quick_ends);
        return;
    }
    put_off (child, "ended", how);
}

static void put_off (child_t *child, const char *what, const char *why)
{
    child->start_at_ms = clock_ms () + child->pause_ms;
    log_event (LOG_ERROR, "proceso", LOG_FAIL,
               "name: %s | %s: %s | restart_in_ms: %lld", child->name, what, why,
               (long long) child->pause_ms);
    child->pause_ms *= 2;
    if (child->pause_ms > RESTART_BACKOFF_MS_MAX)
        child->pause_ms = RESTART_BACKOFF_MS_MAX;
}

/* The last kind first, all of a kind at once; one that does not stop is killed. */
static void stop_all (supervisor_t *supervisor)
{
    supervisor->stopping = true;
    for (size_t last = supervisor->count; last > 0;) {
        size_t first = last - 1;
        while (first > 0 && same_kind (&supervisor->children[first - 1],
                                       &supervisor->children[last - 1]))
            first--;
        for (size_t i = first; i < last; i++) {
            supervisor->children[i].told = supervisor->children[i].pid > 0;
            if (supervisor->children[i].told)
                kill (supervisor->children[i].pid, SIGTERM);
        }
        const int64_t deadline_ms = clock_ms () + STOP_GRACE_MS;
        for (size_t i = first; i < last; i++) {
            child_t *child = &supervisor->children[i];
            while (child->pid > 0 && clock_ms () < deadline_ms) {
                wait_for_news (supervisor, deadline_ms);
                reap (supervisor, NULL);
            }
            if (child->pid > 0)
                kill (child->pid, SIGKILL);
            if (child->told)
                log_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: %s%s",
                           child->name, child->pid > 0 ? " (killed)" : "");
        }
        last = first;
    }
}

static bool same_kind (const child_t *a, const child_t *b)
{
    return strcmp (a->argv[0], b->argv[0]) == 0;
}

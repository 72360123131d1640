/* supervisor.c - child processes. loteria-central, and loteria-worker --count. */

#include "supervisor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "last_words.h"
#include "logger.h"
#include "notify.h"
#include "process.h"

#define KILLED_MS 1000 // to see killed children end

struct supervisor {
    int signal_fd;
    children_t children;
    supervisor_guest_t guest;
    int64_t guest_ms; // when it has its turn
    int words_told;   // by children that cannot start: their end, or -1
    int words_heard;
    last_words_t *reason; // why the start fails, or NULL; to be the last line
    logger_limit_t limit;
    int stop_signal; // the last that came
    int stops;       // so many came
    int status;      // to end with
    bool ending;     // whatever the reason
    bool quietly;    // without a word: a start that fails
};

static const char *own_name (void);
static void start_due (supervisor_t *supervisor);
static void start (supervisor_t *supervisor, child_t *child);
static void cannot_fork (supervisor_t *supervisor, child_t *child, int error);
static void become (const child_t *child, pid_t parent, int words_told)
    __attribute__ ((noreturn));
static void cannot_run (const char *program) __attribute__ ((noreturn));
static void wait_for_news (supervisor_t *supervisor, int64_t deadline_ms);
static void poll_all (supervisor_t *supervisor, int64_t deadline_ms);
static void give_turn (supervisor_t *supervisor);
static int64_t next_deadline (const supervisor_t *supervisor);
static void reap (supervisor_t *supervisor, const char *done);
static void hear_last_words (supervisor_t *supervisor);
static void ended (supervisor_t *supervisor, child_t *child, int status,
                   const char *done);
static bool ended_with (int status, int code);
static void give_up (supervisor_t *supervisor, child_t *child, int status);
static void let_go (child_t *child);
static void plan_restart (supervisor_t *supervisor, child_t *child, int status);
static void do_without (child_t *child);
static void tell (child_t *child, logger_level_t level, const char *consequence);
static void put_off (supervisor_t *supervisor, child_t *child, bool hopeless,
                     const char *what, const char *why);
static void take_away (supervisor_t *supervisor, size_t at);
static void see_off (supervisor_t *supervisor);
static void stop_all (supervisor_t *supervisor);
static void stop_kind (supervisor_t *supervisor, size_t first, size_t last);
static void stop (const supervisor_t *supervisor, child_t *child);
static void kill_all (supervisor_t *supervisor);
static void tell_reason (const supervisor_t *supervisor);
static void log_for (const last_words_t *words, logger_level_t level,
                     const char *parts);
static void check_each_kind (const supervisor_t *supervisor) __attribute__ ((noreturn));
static bool settings_sound (const child_t *child);
static bool found_sound (pid_t pid);
static void be_checked (const child_t *child) __attribute__ ((noreturn));

supervisor_t *supervisor_new (int signal_fd)
{
    supervisor_t *supervisor = calloc (1, sizeof *supervisor);
    assert (supervisor);
    supervisor->signal_fd = signal_fd;
    supervisor->words_told = supervisor->words_heard = -1;
    logger_set_process (own_name ());
    return supervisor;
}

/* As its children's are: central, or worker. */
static const char *own_name (void)
{
    static const char prefix[] = "loteria-";
    const char *name = program_invocation_short_name;
    return strncmp (name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1
                                                          : name;
}

void supervisor_destroy (supervisor_t **supervisor)
{
    supervisor_t *self = *supervisor;
    if (!self)
        return;
    children_clear (&self->children);
    if (self->words_told != -1) {
        close (self->words_told);
        close (self->words_heard);
    }
    free (self->reason);
    free (self);
    *supervisor = NULL;
}

void supervisor_add (supervisor_t *supervisor, const char *name,
                     const char *const *argv, int fd)
{
    children_add (&supervisor->children, name, argv, fd);
}

void supervisor_add_dispensable (supervisor_t *supervisor, const char *name,
                                 const char *const *argv)
{
    children_add (&supervisor->children, name, argv, -1)->needed = false;
}

void supervisor_takes_turns (supervisor_t *supervisor, const char *name)
{
    const children_t *children = &supervisor->children;
    for (size_t i = 0; i < children->count; i++)
        if (strcmp (children->list[i].name, name) == 0)
            children->list[i].waits = true;
}

void supervisor_attend (supervisor_t *supervisor, const supervisor_guest_t *guest)
{
    supervisor->guest = *guest;
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
    supervisor->words_told = last_words_open (&supervisor->words_heard);
    while (!supervisor->ending) {
        start_due (supervisor);
        wait_for_news (supervisor, next_deadline (supervisor));
        reap (supervisor, done);
        see_off (supervisor);
        give_turn (supervisor);
    }
    if (!supervisor->quietly)
        logger_event (LOG_INFO, "shutdown", LOG_IN_PROGRESS, NULL);
    stop_all (supervisor);
    tell_reason (supervisor);
    if (supervisor->stops > 1)
        return -supervisor->stop_signal;
    if (!supervisor->quietly)
        logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    return supervisor->status;
}

bool supervisor_scale (supervisor_t *supervisor, const char *name, size_t wanted)
{
    children_t *children = &supervisor->children;
    if (supervisor->ending || wanted == 0)
        return false;
    while (children_wanted (children, name) < wanted) {
        const size_t model = children_surplus (children, name);
        if (model == children->count)
            return false;
        children_add_like (children, model);
    }
    while (children_wanted (children, name) > wanted)
        take_away (supervisor, children_surplus (children, name));
    return true;
}

bool supervisor_ending (const supervisor_t *supervisor)
{
    return supervisor->ending;
}

const children_t *supervisor_children (const supervisor_t *supervisor)
{
    return &supervisor->children;
}

pid_t supervisor_pid (const supervisor_t *supervisor, const char *name)
{
    const children_t *children = &supervisor->children;
    for (size_t i = 0; i < children->count; i++)
        if (strcmp (children->list[i].name, name) == 0)
            return children->list[i].pid;
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
    const children_t *children = &supervisor->children;
    for (size_t i = 0; i < children->count && !supervisor->ending; i++) {
        child_t *child = &children->list[i];
        if (child->pid == 0 && child->start_at_ms <= clock_ms ())
            start (supervisor, child);
    }
}

static void start (supervisor_t *supervisor, child_t *child)
{
    const pid_t parent = getpid ();
    const pid_t pid = fork ();
    if (pid == 0)
        become (child, parent, supervisor->words_told);
    if (pid == -1) {
        cannot_fork (supervisor, child, errno);
        return;
    }
    child->pid = pid;
    child->restarts += child->starts > 0;
    child->starts++;
    child->started_ms = clock_ms ();
    logger_event (LOG_DEBUG, "proceso", LOG_IN_PROGRESS, "name: %s | pid: %d",
                  child->name, (int) pid);
}

/* Where processes could be had before, they will be again. */
static void cannot_fork (supervisor_t *supervisor, child_t *child, int error)
{
    const bool first = children_running (&supervisor->children) == 0;
    if (!first || child->starts > 0) {
        put_off (supervisor, child, false, "reason", strerror (error));
        return;
    }
    problem_t problem;
    problem_set (&problem, PROCESS_FAILED, "start", "name: %s | reason: %s",
                 child->name, strerror (error));
    supervisor->reason = last_words_of (&problem);
    supervisor->status = problem.status;
    supervisor->ending = supervisor->quietly = true;
}

/* Between fork () and exec () it is one thread of a program that may have had several
   (ZeroMQ's): it does no more than this. */
static void become (const child_t *child, pid_t parent, int words_told)
{
    process_be_supervised (parent);
    setenv (LOGGER_PROCESS_ENVIRONMENT, child->label, 1);
    logger_set_process (child->label);
    if (child->fd != -1)
        fcntl (child->fd, F_SETFD, 0);
    if (words_told != -1)
        last_words_inherit (words_told);
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

static void wait_for_news (supervisor_t *supervisor, int64_t deadline_ms)
{
    poll_all (supervisor, deadline_ms);
    int signal;
    while ((signal = process_signal (supervisor->signal_fd)))
        if (signal != SIGCHLD) {
            supervisor->ending = true;
            supervisor->stop_signal = signal;
            supervisor->stops++;
        }
}

static void poll_all (supervisor_t *supervisor, int64_t deadline_ms)
{
    const supervisor_guest_t *guest = &supervisor->guest;
    zmq_pollitem_t items[1 + SUPERVISOR_GUEST_ITEMS] = {
        {.fd = supervisor->signal_fd, .events = ZMQ_POLLIN}};
    size_t count = 1;
    if (guest->items)
        count += guest->items (guest->context, items + 1);
    if (guest->turn && supervisor->guest_ms < deadline_ms)
        deadline_ms = supervisor->guest_ms;
    zmq_poll (items, (int) count, notify_timeout (clock_ms (), deadline_ms));
}

static void give_turn (supervisor_t *supervisor)
{
    const supervisor_guest_t *guest = &supervisor->guest;
    if (guest->turn)
        supervisor->guest_ms = guest->turn (supervisor, guest->context);
}

static int64_t next_deadline (const supervisor_t *supervisor)
{
    return children_deadline (&supervisor->children);
}

static void reap (supervisor_t *supervisor, const char *done)
{
    int status;
    pid_t pid;
    while ((pid = waitpid (-1, &status, WNOHANG)) > 0) {
        hear_last_words (supervisor);
        child_t *child = children_with (&supervisor->children, pid);
        if (child)
            ended (supervisor, child, status, done);
    }
}

/* Also of those that ended since, and are reaped next. */
static void hear_last_words (supervisor_t *supervisor)
{
    last_words_t words;
    while (last_words_hear (supervisor->words_heard, &words)) {
        child_t *child = children_with (&supervisor->children, words.pid);
        if (!child)
            continue;
        free (child->words);
        child->words = malloc (sizeof words);
        assert (child->words);
        *child->words = words;
        snprintf (child->words->process, sizeof child->words->process, "%s",
                  child->label);
    }
}

/* If a child's very first start ends because of its settings, everything ends, so that
   the user sees why. Later that does not stop a running day: the others go on, and the
   child is tried again. */
static void ended (supervisor_t *supervisor, child_t *child, int status,
                   const char *done)
{
    const bool cannot_start = ended_with (status, PROCESS_CANNOT_START);
    child->pid = 0;
    if (supervisor->stops > 0)
        tell (child, LOG_CRITICAL, "");
    if (supervisor->ending || child->kill_at_ms != 0)
        return;
    if (done && strcmp (child->name, done) == 0 && ended_with (status, 0))
        supervisor->ending = true;
    else if (cannot_start && child->starts == 1 && child->needed)
        give_up (supervisor, child, status);
    else if (ended_with (status, PROCESS_SUPERSEDED) && !child->waits)
        let_go (child);
    else if (cannot_start && !child->needed)
        do_without (child);
    else
        plan_restart (supervisor, child, status);
}

static bool ended_with (int status, int code)
{
    return WIFEXITED (status) && WEXITSTATUS (status) == code;
}

static void give_up (supervisor_t *supervisor, child_t *child, int status)
{
    problem_t problem;
    problem_set (&problem, WEXITSTATUS (status), "proceso",
                 "name: %s | ended: status %d | reason: its own line says why",
                 child->name, WEXITSTATUS (status));
    supervisor->reason = child->words ? child->words : last_words_of (&problem);
    child->words = NULL;
    supervisor->status = problem.status;
    supervisor->ending = supervisor->quietly = true;
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
    tell (child, LOG_CRITICAL, "");
    if (WIFSIGNALED (status))
        snprintf (how, sizeof how, "signal %d", WTERMSIG (status));
    else
        snprintf (how, sizeof how, "status %d", WEXITSTATUS (status));
    put_off (supervisor, child, ended_with (status, PROCESS_CANNOT_START), "ended",
             how);
}

/* It is tried again, but said once, until it runs for a while. */
static void do_without (child_t *child)
{
    const int64_t now_ms = clock_ms ();
    child->said = child->said && !child_ran (child, now_ms);
    const int64_t pause_ms = child_put_off (child, now_ms, true);
    char consequence[128];
    snprintf (
        consequence, sizeof consequence,
        " | consequence: all else goes on without %s, which is tried every %lld s",
        child->name, (long long) pause_ms / 1000);
    tell (child, child->said ? LOG_DEBUG : LOG_ERROR, consequence);
    child->said = true;
}

/* What it said itself, if it did. */
static void tell (child_t *child, logger_level_t level, const char *consequence)
{
    if (!child->words)
        return;
    char parts[LOGGER_PARTS_BYTES];
    if ((size_t) snprintf (parts, sizeof parts, "%s%s", child->words->parts,
                           consequence) >= sizeof parts)
        strcpy (parts, child->words->parts);
    log_for (child->words, level, parts);
    free (child->words);
    child->words = NULL;
}

/* Never gives up: each pause limits its own log line, and many children that fail at
   once share one. */
static void put_off (supervisor_t *supervisor, child_t *child, bool hopeless,
                     const char *what, const char *why)
{
    const int64_t now_ms = clock_ms ();
    const int64_t pause_ms = child_put_off (child, now_ms, hopeless);
    if (pause_ms < RESTART_BACKOFF_MS_MAX)
        logger_event (LOG_ERROR, "proceso", LOG_FAIL,
                      "name: %s | %s: %s | restart_in_ms: %lld", child->name, what, why,
                      (long long) pause_ms);
    else
        logger_event_limited (
            &supervisor->limit, now_ms, LOG_ERROR, "proceso", LOG_FAIL,
            "name: %s | %s: %s | restart_in_ms: %lld | starts: %llu", child->name, what,
            why, (long long) pause_ms, (unsigned long long) child->starts);
}

static void take_away (supervisor_t *supervisor, size_t at)
{
    child_t *child = &supervisor->children.list[at];
    if (child->pid == 0) {
        children_remove (&supervisor->children, at);
        return;
    }
    child->kill_at_ms = clock_ms () + STOP_GRACE_MS;
    kill (child->pid, SIGTERM);
}

/* Those that were taken away, and have ended or take too long. */
static void see_off (supervisor_t *supervisor)
{
    children_t *children = &supervisor->children;
    const int64_t now_ms = clock_ms ();
    for (size_t i = children->count; i-- > 0;) {
        child_t *child = &children->list[i];
        if (child->kill_at_ms != 0 && child->pid == 0)
            children_remove (children, i);
        else if (child->kill_at_ms != 0 && child->kill_at_ms <= now_ms) {
            logger_event (LOG_WARNING, "proceso", LOG_FAIL,
                          "name: %s | pid: %d | reason: it was told to stop, and did "
                          "not in time | consequence: it is killed",
                          child->name, (int) child->pid);
            kill (child->pid, SIGKILL);
            child->kill_at_ms = INT64_MAX;
        }
    }
}

/* The last kind first, all of a kind at once. */
static void stop_all (supervisor_t *supervisor)
{
    size_t first;
    for (size_t last = supervisor->children.count; last > 0 && supervisor->stops < 2;
         last = first) {
        first = children_first_of_kind (&supervisor->children, last);
        stop_kind (supervisor, first, last);
    }
    if (supervisor->stops > 1)
        kill_all (supervisor);
}

/* One that does not stop is killed; all are, when the signal comes a second time. */
static void stop_kind (supervisor_t *supervisor, size_t first, size_t last)
{
    child_t *children = supervisor->children.list;
    for (size_t i = first; i < last; i++)
        stop (supervisor, &children[i]);
    awake_t awake; // all of us may be stopped, or frozen, together
    awake_start (&awake, clock_ms ());
    const int64_t deadline_ms = awake.now_ms + STOP_GRACE_MS;
    for (size_t i = first; i < last; i++) {
        child_t *child = &children[i];
        while (child->pid > 0 && awake_look (&awake, clock_ms ()) < deadline_ms &&
               supervisor->stops < 2) {
            wait_for_news (supervisor,
                           clock_ms () + awake_timeout (&awake, deadline_ms));
            reap (supervisor, NULL);
            give_turn (supervisor);
        }
        if (supervisor->stops > 1)
            return;
        if (child->pid > 0)
            kill (child->pid, SIGKILL);
        if (child->told && !supervisor->quietly)
            logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, "closed: %s%s",
                          child->name, child->pid > 0 ? " (killed)" : "");
    }
}

static void stop (const supervisor_t *supervisor, child_t *child)
{
    child->told = child->pid > 0;
    if (child->kill_at_ms != 0)
        return; // it has been told; a second time it would end at once
    if (child->told && supervisor->quietly)
        process_stop_quietly (child->pid);
    else if (child->told)
        kill (child->pid, SIGTERM);
}

/* And wait until they are gone, so that others can take what they held. */
static void kill_all (supervisor_t *supervisor)
{
    const children_t *children = &supervisor->children;
    for (size_t i = 0; i < children->count; i++)
        if (children->list[i].pid > 0)
            kill (children->list[i].pid, SIGKILL);
    const int64_t deadline_ms = clock_ms () + KILLED_MS;
    while (children_running (children) > 0 && clock_ms () < deadline_ms) {
        wait_for_news (supervisor, deadline_ms);
        reap (supervisor, NULL);
        give_turn (supervisor);
    }
}

static void tell_reason (const supervisor_t *supervisor)
{
    const last_words_t *reason = supervisor->reason;
    if (reason)
        log_for (reason, LOG_CRITICAL, reason->parts);
}

/* What a child has left to us to say is its line. */
static void log_for (const last_words_t *words, logger_level_t level, const char *parts)
{
    if (*words->process)
        logger_set_process (words->process);
    logger_event_parts (level, words->action, LOG_FAIL, parts);
    logger_set_process (own_name ());
}

static void check_each_kind (const supervisor_t *supervisor)
{
    const children_t *children = &supervisor->children;
    for (size_t last = children->count; last > 0;
         last = children_first_of_kind (children, last)) {
        const child_t *child = &children->list[last - 1];
        const bool there = child->needed || access (child->argv[0], X_OK) == 0;
        if (there && !settings_sound (child))
            _exit (PROCESS_CANNOT_START);
    }
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

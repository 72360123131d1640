/* process.c - signals and the way out: called by the main () of every process. */

#include "process.h"

#include <czmq.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "clock.h"
#include "descriptors.h"
#include "last_words.h"
#include "logger.h"
#include "notify.h"
#include "process_facts.h"

#define KEPT_CHUNK_BYTES (4 * 1024 * 1024)
#define QUIETLY          0x51756965 // with SIGTERM
#define KEPT_HEAP_BYTES  (16 * 1024 * 1024)

extern char **environ;

static bool supervised;
static bool has_children;
static int stop_fd = -1; // process_start ()'s

static bool is_supervised (void);
static void keep_memory (void);
static void take_czmq_in_hand (void);
static bool clear_one_variable (void);
static void ignore_signals (void);
static void set_disposition (int signal, void (*handler) (int));
static void stop_signals (sigset_t *signals);
static int take_signals (int signal_fd, const sigset_t *signals);

int process_start (void)
{
    process_facts_start ();
    descriptors_open_standard ();
    descriptors_raise_limit ();
    keep_memory ();
    take_czmq_in_hand ();
    supervised = is_supervised ();
    last_words_take_end ();
    notify_take_environment ();
    ignore_signals ();
    umask (S_IRWXG | S_IRWXO); // bets and keys are nobody else's business

    sigset_t signals;
    stop_signals (&signals);
    stop_fd = take_signals (-1, &signals);
    return stop_fd;
}

int process_need_descriptors (size_t count, problem_t *problem)
{
    static bool asked;
    if (asked)
        return 0; // it has begun to use them since
    asked = true;
    return descriptors_left (count)
               ? 0
               : problem_set (problem, PROCESS_CANNOT_START, "start",
                              "descriptors: %zu | reason: too few, %zu more are "
                              "needed; raise the limit (ulimit -n)",
                              descriptors_limit (), count);
}

void process_want_descriptors (const char *action, uint64_t count)
{
    if (descriptors_limit () < count)
        logger_event (
            LOG_WARNING, action, LOG_FAIL,
            "descriptors: %zu | wanted: %llu | reason: not all can be connected "
            "at once; raise the limit (ulimit -n)",
            descriptors_limit (), (unsigned long long) count);
}

bool process_wait_for_others (process_patience_t *patience, const char *action,
                              const char *what)
{
    const int64_t now_ms = clock_ms ();
    if (patience->until_ms == 0) {
        patience->until_ms = now_ms + OTHERS_PATIENCE_MS;
        logger_event (LOG_WARNING, action, LOG_IN_PROGRESS, "reason: %s | waits_ms: %d",
                      what, OTHERS_PATIENCE_MS);
        logger_flush ();
    }
    struct pollfd item = {.fd = stop_fd, .events = POLLIN};
    errno = EWOULDBLOCK;
    if (now_ms >= patience->until_ms)
        return false;
    const bool stopped = poll (&item, 1, OTHERS_LOOK_MS) == 1;
    errno = ECANCELED;
    return !stopped;
}

void process_watch_children (int signal_fd)
{
    sigset_t signals;
    has_children = true;
    stop_signals (&signals);
    sigaddset (&signals, SIGCHLD);
    // A parent that ignores SIGCHLD passes that on, and nothing would arrive.
    set_disposition (SIGCHLD, SIG_DFL);
    take_signals (signal_fd, &signals);
}

void process_be_supervised (pid_t parent)
{
    sigset_t none;
    sigemptyset (&none);
    set_disposition (SIGINT, SIG_IGN);
    sigprocmask (SIG_SETMASK, &none, NULL);
    prctl (PR_SET_PDEATHSIG, SIGTERM);
    if (getppid () != parent)
        _exit (EXIT_FAILURE); // the parent died before prctl ()
}

int process_signal (int signal_fd)
{
    struct signalfd_siginfo info;
    if (read (signal_fd, &info, sizeof info) != sizeof info)
        return 0;

    int signal = (int) info.ssi_signo;
    if (info.ssi_code == SI_QUEUE && info.ssi_int == QUIETLY)
        logger_set_level (LOG_WARNING);
    if (!has_children && (signal == SIGTERM || signal == SIGINT))
        process_end_at_once ();
    return signal;
}

void process_end_at_once (void)
{
    sigset_t signals;
    stop_signals (&signals);
    set_disposition (SIGTERM, process_end_by);
    if (!supervised)
        set_disposition (SIGINT, process_end_by);
    sigprocmask (SIG_UNBLOCK, &signals, NULL);
}

void process_stop_quietly (pid_t pid)
{
    const union sigval how = {.sival_int = QUIETLY};
    sigqueue (pid, SIGTERM, how);
}

/* The last line is for process 1 of a container, which default actions do not end. */
void process_end_by (int signal)
{
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, signal);
    set_disposition (signal, SIG_DFL);
    sigprocmask (SIG_UNBLOCK, &signals, NULL);
    raise (signal);
    _exit (128 + signal);
}

void process_end (const problem_t *problem)
{
    if (problem->status == 0)
        logger_event (LOG_INFO, "shutdown", LOG_SUCCESS, NULL);
    else if (problem->status != PROCESS_CANNOT_START || !last_words_say (problem))
        logger_event_parts (LOG_CRITICAL, problem->action, LOG_FAIL, problem->parts);
    logger_flush ();
    fflush (NULL);
    // Not exit (): czmq would wait, and then print a line per socket still open.
    _exit (problem->status);
}

/* SIGPIPE and SIGXFSZ: write () fails anyway. SIGHUP: closing a terminal, or losing the
   connection to it, must not end a day. */
static void ignore_signals (void)
{
    static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGHUP, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        set_disposition (ignored[i], SIG_IGN);
}

/* What process_be_supervised left behind. A shell, too, makes its background jobs
   ignore SIGINT, but sets no death signal. */
static bool is_supervised (void)
{
    struct sigaction action;
    int death_signal = 0;
    return sigaction (SIGINT, NULL, &action) == 0 && action.sa_handler == SIG_IGN &&
           prctl (PR_GET_PDEATHSIG, &death_signal) == 0 && death_signal != 0;
}

/* Large messages come and go. If their memory went back to the kernel each time, it
   would be cleared each time. With 64 KiB batches: 1.1 to 1.3 times as many. */
static void keep_memory (void)
{
    mallopt (M_MMAP_THRESHOLD, KEPT_CHUNK_BYTES);
    mallopt (M_TRIM_THRESHOLD, KEPT_HEAP_BYTES);
}

static void take_czmq_in_hand (void)
{
    zsys_handler_set (NULL);
    while (clear_one_variable ())
        continue;
    // Its own messages would go to stdout, which is for results.
    setenv ("ZSYS_LOGSTREAM", "stderr", 1);
}

/* One at a time, since unsetenv () moves the others. */
static bool clear_one_variable (void)
{
    for (char **variable = environ; variable && *variable; variable++) {
        char name[128];
        size_t size = strcspn (*variable, "=");
        if (strncmp (*variable, "ZSYS_", 5) != 0 || size >= sizeof name)
            continue; // no name of czmq's is that long
        memcpy (name, *variable, size);
        name[size] = 0;
        return unsetenv (name) == 0;
    }
    return false;
}

static void set_disposition (int signal, void (*handler) (int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_NODEFER};
    sigemptyset (&action.sa_mask);
    sigaction (signal, &action, NULL);
}

static void stop_signals (sigset_t *signals)
{
    sigemptyset (signals);
    sigaddset (signals, SIGTERM);
    if (!supervised)
        sigaddset (signals, SIGINT);
}

/* Into the descriptor, or into a new one if it is -1. Returns it. */
static int take_signals (int signal_fd, const sigset_t *signals)
{
    if (sigprocmask (SIG_BLOCK, signals, NULL) == -1 ||
        (signal_fd = signalfd (signal_fd, signals, SFD_NONBLOCK | SFD_CLOEXEC)) == -1) {
        problem_t problem;
        problem_set (&problem, PROCESS_FAILED, "start",
                     "reason: signals cannot be blocked and read, %s",
                     strerror (errno));
        process_end (&problem);
    }
    return signal_fd;
}

/* test_process.c - process.c; each case in a child of its own, since signals are the
   whole process's. The child's status says how far it came. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "logger.h"
#include "process.h"

#define SURVIVED 7

/* In a child: leave with the line's number unless `condition` holds. */
#define DEMAND(condition)                                                              \
    do                                                                                 \
        if (!(condition))                                                              \
            _exit (__LINE__ % 200 + 10);                                               \
    while (0)

static int status_of (void (*child) (void))
{
    int status;
    pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        child ();
        _exit (SURVIVED);
    }
    assert_int_equal (waitpid (pid, &status, 0), pid);
    return status;
}

static void assert_survives (void (*child) (void))
{
    int status = status_of (child);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), SURVIVED);
}

static void take_each_signal (void)
{
    int fd = process_start ();
    DEMAND (fcntl (fd, F_GETFD) & FD_CLOEXEC);
    DEMAND (process_signal (fd) == 0);
    raise (SIGCHLD); // of somebody else's child
    DEMAND (process_signal (fd) == 0);
    process_watch_children (fd);
    raise (SIGCHLD);
    DEMAND (process_signal (fd) == SIGCHLD);
    raise (SIGPIPE);
    DEMAND (process_signal (fd) == 0);
    raise (SIGINT);
    DEMAND (process_signal (fd) == SIGINT);
    DEMAND (process_signal (fd) == 0);
}

static void signals_come_by_the_descriptor (void **state)
{
    (void) state;
    assert_survives (take_each_signal);
}

static void ignore_and_take (void)
{
    signal (SIGINT, SIG_IGN); // as a shell does for what it runs in the background
    signal (SIGCHLD, SIG_IGN);
    int fd = process_start ();
    process_watch_children (fd);
    raise (SIGINT);
    DEMAND (process_signal (fd) == SIGINT);

    pid_t pid = fork ();
    if (pid == 0)
        _exit (0);
    siginfo_t info;
    DEMAND (waitid (P_PID, (id_t) pid, &info, WEXITED) == 0);
    DEMAND (process_signal (fd) == SIGCHLD);
}

static void signals_ignored_before_come_too (void **state)
{
    (void) state;
    assert_survives (ignore_and_take);
}

static void end_by_the_second (void)
{
    signal (SIGINT, SIG_IGN);
    int fd = process_start ();
    raise (SIGTERM);
    DEMAND (process_signal (fd) == SIGTERM);
    raise (SIGINT);
}

static void the_second_signal_ends_the_process (void **state)
{
    (void) state;
    int status = status_of (end_by_the_second);
    assert_true (WIFSIGNALED (status));
    assert_int_equal (WTERMSIG (status), SIGINT);
}

static void leave_ctrl_c_to_the_parent (void)
{
    process_be_supervised (getppid ());
    int fd = process_start ();
    raise (SIGINT);
    DEMAND (process_signal (fd) == 0);
    raise (SIGTERM);
    DEMAND (process_signal (fd) == SIGTERM);
    raise (SIGINT);
}

static void die_with_the_parent_only (void)
{
    prctl (PR_SET_PDEATHSIG, SIGTERM); // as some that run programs do
    int fd = process_start ();
    raise (SIGINT);
    DEMAND (process_signal (fd) == SIGINT);
}

static void a_supervised_process_takes_no_ctrl_c (void **state)
{
    (void) state;
    assert_survives (leave_ctrl_c_to_the_parent);
    assert_survives (die_with_the_parent_only);
}

static void end_supervised (void)
{
    process_be_supervised (getppid ());
    int fd = process_start ();
    raise (SIGTERM);
    DEMAND (process_signal (fd) == SIGTERM);
    raise (SIGTERM);
}

static void a_second_order_ends_a_supervised_process (void **state)
{
    (void) state;
    int status = status_of (end_supervised);
    assert_true (WIFSIGNALED (status));
    assert_int_equal (WTERMSIG (status), SIGTERM);
}

static void keep_other_variables (void)
{
    setenv ("ZSYS_LINGER", "-1", 1);
    setenv ("ZSYS_IO_THREADS", "9", 1);
    setenv ("ZSYS_LOGSTREAM", "stdout", 1);
    setenv ("ZSYSTEM", "kept", 1);
    process_start ();
    DEMAND (!getenv ("ZSYS_LINGER") && !getenv ("ZSYS_IO_THREADS"));
    DEMAND (strcmp (getenv ("ZSYS_LOGSTREAM"), "stderr") == 0);
    DEMAND (strcmp (getenv ("ZSYSTEM"), "kept") == 0);
}

static void czmq_variables_are_cleared (void **state)
{
    (void) state;
    assert_survives (keep_other_variables);
}

static int pipe_fds[2];

static void die (void)
{
    dup2 (pipe_fds[1], STDERR_FILENO);
    logger_gather (true);
    problem_t problem;
    problem_set (&problem, PROCESS_FAILED, "bind", "endpoint: %s | reason: %s",
                 "tcp://*:80", "not | allowed");
    process_end (&problem);
}

static void be_told_to_stop (void)
{
    problem_t problem;
    process_patience_t patience = {0};
    process_start ();
    dup2 (pipe_fds[1], STDERR_FILENO);
    raise (SIGTERM); // it is there before the wait begins
    DEMAND (!process_wait_for_others (&patience, "espera", "a file"));
    problem_set (&problem, problem_status (errno), "espera", "reason: a file");
    process_end (&problem);
}

static void who_waits_stops_when_told_to (void **state)
{
    (void) state;
    char text[512] = "";
    assert_int_equal (pipe (pipe_fds), 0);
    int status = status_of (be_told_to_stop);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 0);
    close (pipe_fds[1]);
    for (size_t size = 0; size < sizeof text - 1;) {
        const ssize_t got = read (pipe_fds[0], text + size, sizeof text - 1 - size);
        if (got <= 0)
            break;
        size += (size_t) got;
    }
    close (pipe_fds[0]);
    assert_non_null (strstr (text, "action: espera | result: in_progress"));
    assert_non_null (strstr (text, "INFO     action: shutdown | result: success\n"));
    assert_null (strstr (text, "result: fail"));
}

static void dying_says_why (void **state)
{
    (void) state;
    char line[256] = "";

    assert_int_equal (pipe (pipe_fds), 0);
    int status = status_of (die);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), 1);
    close (pipe_fds[1]);
    assert_true (read (pipe_fds[0], line, sizeof line - 1) > 20);
    close (pipe_fds[0]);
    assert_string_equal (line + strlen ("2026-11-23 12:00:00 "),
                         "CRITICAL action: bind | result: fail | endpoint: tcp://*:80 "
                         "| reason: not / allowed\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (signals_come_by_the_descriptor),
        cmocka_unit_test (signals_ignored_before_come_too),
        cmocka_unit_test (the_second_signal_ends_the_process),
        cmocka_unit_test (a_supervised_process_takes_no_ctrl_c),
        cmocka_unit_test (a_second_order_ends_a_supervised_process),
        cmocka_unit_test (czmq_variables_are_cleared),
        cmocka_unit_test (who_waits_stops_when_told_to),
        cmocka_unit_test (dying_says_why),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}

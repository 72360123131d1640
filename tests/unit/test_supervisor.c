/* test_supervisor.c - supervisor.c with real children, in a process of its own. The
   children are this program again; what they have to say they write into a pipe.
   Nothing waits longer than the restarts' own pauses. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "logger.h"
#include "process.h"
#include "supervisor.h"

#define SELF     "/proc/self/exe"
#define TOLD_FD  100 /* where children write what they did; they inherit these */
#define READY_IN 101 /* and where they say that they can be stopped properly */
#define READY_UP 102
#define TOLD_MAX 1024

typedef struct {
    const char *name; // in brackets: of one that can be done without
    const char *argv[6];
} plan_t;

typedef struct {
    const plan_t *plans;
    const char *ending;
    int64_t (*turn) (supervisor_t *supervisor, void *context);
} day_t;

static char told[TOLD_MAX]; // by the children of the day
static char program[256];
static int forks_good = -1, forks_bad; // so many work, then so many do not; -1: all do
static int speed = 1;                  // of the supervisor's clock

/* The C library's, unless this test has it fail. */
pid_t fork (void)
{
    if (forks_good != 0 || forks_bad == 0) {
        forks_good -= forks_good > 0;
        pid_t (*library_fork) (void);
        *(void **) &library_fork = dlsym (RTLD_NEXT, "fork");
        return library_fork ();
    }
    forks_bad--;
    errno = EAGAIN;
    return -1;
}

/* In place of clock.c's. */
int64_t clock_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (now.tv_sec * 1000 + now.tv_nsec / 1000000) * speed;
}

uint64_t clock_wall_ms (void)
{
    return (uint64_t) time (NULL) * 1000;
}

int clock_timeout (int64_t now_ms, int64_t deadline_ms)
{
    const int64_t rest_ms = deadline_ms > now_ms ? (deadline_ms - now_ms) / speed : 0;
    return rest_ms > 60000 ? 60000 : (int) rest_ms + (speed > 1);
}

static void tell (char kind, const char *name)
{
    char line[64];
    const int size = snprintf (line, sizeof line, "%c%s ", kind, name);
    if (write (TOLD_FD, line, (size_t) size) != size)
        _exit (99);
}

/* Wait until so many others can be stopped properly. */
static void await_ready (int others)
{
    char ready[8];
    for (int i = 0; i < others; i++)
        if (read (READY_IN, ready, 1) != 1)
            _exit (97);
    if (write (READY_UP, ready, (size_t) others) != others) // for the next who asks
        _exit (97);
}

/* One that comes from now on is kept till it is waited for. */
static void keep_stop_signal (sigset_t *stop)
{
    sigemptyset (stop);
    sigaddset (stop, SIGTERM);
    sigprocmask (SIG_BLOCK, stop, NULL);
}

/* Run until told to stop. */
static int be_stopped (const char *name)
{
    sigset_t stop;
    int signal_number;
    keep_stop_signal (&stop);
    if (write (READY_UP, "r", 1) != 1)
        _exit (97);
    sigwait (&stop, &signal_number);
    tell ('-', name);
    return 0;
}

/* One step a start, of which the file counts: 'k' is killed, a digit is the exit code.
   The last one is for all further starts. */
static int take_step (const char *steps, const char *mark)
{
    const int fd = open (mark, O_WRONLY | O_APPEND);
    if (fd == -1 || write (fd, ".", 1) != 1)
        _exit (95);
    const size_t start = (size_t) lseek (fd, 0, SEEK_END);
    const size_t last = strlen (steps);
    const char step = steps[(start < last ? start : last) - 1];
    if (step == 'k')
        raise (SIGKILL);
    return step - '0';
}

/* Tell the parent to stop, and once it has begun to, tell it again, and stay. */
static void insist (const char *name)
{
    sigset_t stop;
    keep_stop_signal (&stop); // the answer may come before it is waited for
    kill (getppid (), SIGTERM);
    be_stopped (name);
    kill (getppid (), SIGTERM);
    for (;;)
        pause ();
}

/* Never stop by itself. */
static void be_deaf (void)
{
    sigset_t stop;
    keep_stop_signal (&stop);
    if (write (READY_UP, "r", 1) != 1)
        _exit (97);
    for (;;)
        pause ();
}

/* What a child of the tests does: NAME WHAT OTHERS [MARK]. The mark is a file that is
   there at the first start. */
static int be_child (const char *name, const char *what, int others, const char *mark)
{
    const bool first = strstr (what, "-first") && unlink (mark) == 0;
    tell ('+', name);
    if (strcmp (what, "exit-3-first") == 0 && first)
        return 3;
    if (strcmp (what, "end-first") == 0 && first)
        return 0;
    if (strcmp (what, "run-first") == 0 && !first)
        return PROCESS_CANNOT_START;
    if (strcmp (what, "die-first") == 0 && first)
        raise (SIGKILL);
    await_ready (others);
    if (*what == 'k' || (*what >= '0' && *what <= '9'))
        return take_step (what, mark);
    if (strcmp (what, "insist") == 0)
        insist (name);
    if (strcmp (what, "deaf") == 0)
        be_deaf ();
    sigset_t stop;
    if (strcmp (what, "stop-parent") == 0) {
        keep_stop_signal (&stop);
        kill (getppid (), SIGTERM);
    } else if (strncmp (what, "exit", 4) == 0)
        return 0;
    return be_stopped (name);
}

static int run_day (const day_t *day)
{
    const int signal_fd = process_start ();
    supervisor_t *supervisor = supervisor_new (signal_fd);
    const supervisor_guest_t guest = {.turn = day->turn};
    supervisor_attend (supervisor, &guest);
    for (const plan_t *plan = day->plans; plan->name; plan++)
        if (*plan->name == '(')
            supervisor_add_dispensable (supervisor, plan->name, plan->argv);
        else
            supervisor_add (supervisor, plan->name, plan->argv, -1);
    const int status = supervisor_run (supervisor, day->ending);
    supervisor_destroy (&supervisor);
    // whoever was started is reaped
    return waitpid (-1, NULL, WNOHANG) == -1 && errno == ECHILD ? status : 98;
}

/* The status that a day's supervisor ends with. What its children told is in `told`
   then; it ends when nobody is left who could write to the pipe. */
static int status_of_day (const day_t *day)
{
    int fds[2], status;
    assert_int_equal (pipe2 (fds, O_CLOEXEC), 0);
    const pid_t pid = fork ();
    assert_true (pid >= 0);
    if (pid == 0) {
        int ready[2];
        if (dup2 (fds[1], TOLD_FD) == -1 || pipe2 (ready, O_CLOEXEC) == -1 ||
            dup2 (ready[0], READY_IN) == -1 || dup2 (ready[1], READY_UP) == -1)
            _exit (96);
        close (fds[1]);
        _exit (run_day (day));
    }
    close (fds[1]);
    size_t size = 0;
    ssize_t got;
    while ((got = read (fds[0], told + size, TOLD_MAX - 1 - size)) > 0)
        size += (size_t) got;
    told[size] = 0;
    close (fds[0]);
    assert_int_equal (waitpid (pid, &status, 0), pid);
    assert_true (WIFEXITED (status));
    return WEXITSTATUS (status);
}

static int status_of (const plan_t *plans, const char *ending)
{
    const day_t day = {.plans = plans, .ending = ending};
    return status_of_day (&day);
}

static size_t times_told (const char *what)
{
    size_t times = 0;
    for (const char *at = told; (at = strstr (at, what)); at++)
        times++;
    return times;
}

static void make_mark (char *path)
{
    strcpy (path, "/tmp/loteria-test-XXXXXX");
    const int fd = mkstemp (path);
    assert_true (fd != -1);
    close (fd);
}

static void the_ending_child_ends_it (void **state)
{
    (void) state;
    const plan_t plans[] = {
        {"broker", {program, "broker", "run", "0"}},
        {"state", {program, "state", "exit-0", "1"}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, "state"), 0);
    assert_int_equal (times_told ("+"), 2);
    assert_non_null (strstr (told, "-broker "));
}

static void a_signal_stops_all (void **state)
{
    (void) state;
    const plan_t plans[] = {
        {"a", {program, "a", "run", "0"}},
        {"b", {program, "b", "run", "0"}},
        {"c", {program, "c", "stop-parent", "2"}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, NULL), 0);
    assert_int_equal (times_told ("+"), 3);
    assert_int_equal (times_told ("-a ") + times_told ("-b "), 2);
}

/* The last kind first: each of these is another program to the supervisor. */
static void kinds_are_stopped_in_the_opposite_order (void **state)
{
    (void) state;
    char second[300], third[300];
    char *slash = strrchr (program, '/');
    assert_non_null (slash);
    const int length = (int) (slash - program);
    snprintf (second, sizeof second, "%.*s/./%s", length, program, slash + 1);
    snprintf (third, sizeof third, "%.*s/././%s", length, program, slash + 1);
    const plan_t plans[] = {
        {"a", {program, "a", "run", "0"}},
        {"b", {second, "b", "run", "0"}},
        {"c", {third, "c", "exit-0", "2"}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, "c"), 0);
    assert_int_equal (times_told ("+"), 3);
    assert_non_null (strstr (told, "-b -a "));
}

static void one_that_fails_is_started_again (void **state)
{
    (void) state;
    char mark[64];
    make_mark (mark);
    const plan_t plans[] = {
        {"other", {program, "other", "run", "0"}},
        {"failing", {program, "failing", "exit-3-first", "1", mark}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, "failing"), 0);
    assert_int_equal (times_told ("+failing "), 2);
    assert_int_equal (times_told ("+other "), 1);
    assert_int_equal (times_told ("-other "), 1);
}

static void one_that_was_killed_is_started_again (void **state)
{
    (void) state;
    char mark[64];
    make_mark (mark);
    const plan_t plans[] = {
        {"killed", {program, "killed", "die-first", "0", mark}},
        {"ending", {program, "ending", "exit-0", "1"}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, "ending"), 0);
    assert_int_equal (times_told ("+killed "), 2);
    assert_int_equal (times_told ("-killed "), 1);
}

/* The machine may have no room for another process at the moment. */
static void one_that_cannot_be_started_again_is_put_off (void **state)
{
    (void) state;
    char mark[64];
    make_mark (mark);
    const plan_t plans[] = {
        {"killed", {program, "killed", "die-first", "0", mark}},
        {"ending", {program, "ending", "exit-0", "1"}},
        {NULL, {0}},
    };
    forks_good = 1 + 2; // the supervisor's, and both first starts
    forks_bad = 2;
    assert_int_equal (status_of (plans, "ending"), 0);
    forks_good = -1;
    assert_int_equal (times_told ("+killed "), 2);
    assert_int_equal (times_told ("+ending "), 1);
    assert_int_equal (times_told ("-killed "), 1);
}

static void one_that_cannot_be_started_at_all_ends_all (void **state)
{
    (void) state;
    const plan_t plans[] = {
        {"never", {program, "never", "run", "0"}},
        {NULL, {0}},
    };
    forks_good = 1;
    forks_bad = 1;
    assert_int_equal (status_of (plans, NULL), 1);
    forks_good = -1;
    assert_string_equal (told, "");
}

/* The day of one child that takes these steps; how often it was started. */
static size_t starts_of (const char *steps, int expected)
{
    char mark[64];
    make_mark (mark);
    const plan_t plans[] = {
        {"other", {program, "other", "run", "0"}},
        {"failing", {program, "failing", steps, "1", mark}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, "failing"), expected);
    unlink (mark);
    assert_int_equal (times_told ("+other "), 1);
    return times_told ("+failing ");
}

static void one_that_cannot_start_as_told_ends_all_at_once (void **state)
{
    (void) state;
    assert_int_equal (starts_of ("2", PROCESS_CANNOT_START), 1);
    assert_int_equal (times_told ("-other "), 1);
}

/* However often it dies or ends, whatever the reason: a day is not given up. */
static void one_that_worked_once_is_started_again_without_end (void **state)
{
    (void) state;
    speed = 64;
    assert_int_equal (starts_of ("kkkkkkkkk0", 0), 10);
    assert_int_equal (starts_of ("1111113110", 0), 10);
    assert_int_equal (starts_of ("k22k1220", 0), 8);
    speed = 1;
}

/* Whose work another one does now is not started again, though others are. */
static void one_that_was_superseded_is_let_go (void **state)
{
    (void) state;
    char mark[64], other_mark[64];
    make_mark (mark);
    make_mark (other_mark);
    const plan_t plans[] = {
        {"other", {program, "other", "run", "0"}},
        {"superseded", {program, "superseded", "40", "0", other_mark}},
        {"failing", {program, "failing", "kkkkkkkk0", "1", mark}},
        {NULL, {0}},
    };
    speed = 64;
    assert_int_equal (status_of (plans, "failing"), 0);
    speed = 1;
    unlink (mark);
    unlink (other_mark);
    assert_int_equal (times_told ("+failing "), 9);
    assert_int_equal (times_told ("+superseded "), 1);
}

/* A child that nobody expects to end is wanted, even if it ends with status 0. */
static void one_that_ends_well_is_started_again (void **state)
{
    (void) state;
    char mark[64];
    make_mark (mark);
    const plan_t plans[] = {
        {"again", {program, "again", "end-first", "0", mark}},
        {"ending", {program, "ending", "exit-0", "1"}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, "ending"), 0);
    assert_int_equal (times_told ("+again "), 2);
}

static void a_second_signal_kills_all (void **state)
{
    (void) state;
    char second[300];
    char *slash = strrchr (program, '/');
    assert_non_null (slash);
    snprintf (second, sizeof second, "%.*s/./%s", (int) (slash - program), program,
              slash + 1);
    const plan_t plans[] = {
        {"other", {program, "other", "run", "0"}},
        {"insisting", {second, "insisting", "insist", "1"}},
        {NULL, {0}},
    };
    assert_int_equal (status_of (plans, NULL), (uint8_t) -SIGTERM);
    assert_int_equal (times_told ("-insisting "), 1);
    assert_int_equal (times_told ("-other "), 0); // it was not even its turn
}

/* In a turn: end the day as a signal would, or as a failed test. */
static int64_t end_day (bool good)
{
    if (!good)
        _exit (94);
    kill (getpid (), SIGTERM);
    return INT64_MAX;
}

static void await_told_ready (int count)
{
    char ready;
    for (int i = 0; i < count; i++)
        if (read (READY_IN, &ready, 1) != 1)
            _exit (97);
}

/* One more, and another; then, when they can be stopped properly, two fewer. */
static int64_t grow_and_shrink (supervisor_t *supervisor, void *context)
{
    (void) context;
    static int stage;
    static pid_t oldest;
    const children_t *children = supervisor_children (supervisor);
    if (supervisor_ending (supervisor))
        return supervisor_scale (supervisor, "worker", 2) ? end_day (false) : INT64_MAX;
    switch (stage) {
    case 0:
        stage = 1;
        if (supervisor_scale (supervisor, "worker", 0) ||
            supervisor_scale (supervisor, "nobody", 2) ||
            !supervisor_scale (supervisor, "worker", 2) ||
            !supervisor_scale (supervisor, "worker", 3))
            return end_day (false);
        return 0;
    case 1:
        if (children_running (children) < 4)
            return 0;
        stage = 2;
        await_told_ready (4);
        oldest = children->list[0].pid;
        if (!supervisor_scale (supervisor, "worker", 1) ||
            children_wanted (children, "worker") != 1)
            return end_day (false);
        return INT64_MAX;
    case 2:
        if (children->count > 2)
            return INT64_MAX; // the end of a child is heard of
        stage = 3;
        return end_day (children->list[0].pid == oldest &&
                        children_restarts (children, "worker") == 0);
    default:
        return INT64_MAX;
    }
}

static void there_are_more_and_fewer_while_it_runs (void **state)
{
    (void) state;
    const plan_t plans[] = {
        {"worker", {program, "worker", "run", "0"}},
        {"other", {"/proc/self/exe", "other", "run", "0"}},
        {NULL, {0}},
    };
    const day_t day = {.plans = plans, .turn = grow_and_shrink};
    assert_int_equal (status_of_day (&day), 0);
    assert_int_equal (times_told ("+worker "), 3);
    assert_int_equal (times_told ("-worker "), 3);
    assert_int_equal (times_told ("+other "), 1);
}

/* One that does not stop when it is taken away, before the day ends. */
static int64_t take_away_a_deaf_one (supervisor_t *supervisor, void *context)
{
    (void) context;
    static int stage;
    const children_t *children = supervisor_children (supervisor);
    if (stage == 0) {
        stage = 1;
        return supervisor_scale (supervisor, "deaf", 2) ? 0 : end_day (false);
    }
    if (stage == 1 && children_running (children) == 2) {
        stage = 2;
        await_told_ready (2);
        supervisor_scale (supervisor, "deaf", 1);
        return INT64_MAX;
    }
    if (stage == 2 && children->count == 1) {
        stage = 3;
        kill (children->list[0].pid, SIGKILL); // it would not hear of the end
        return end_day (true);
    }
    return stage == 1 ? 0 : INT64_MAX;
}

static void one_that_does_not_go_is_killed (void **state)
{
    (void) state;
    const plan_t plans[] = {
        {"deaf", {program, "deaf", "deaf", "0"}},
        {NULL, {0}},
    };
    const day_t day = {.plans = plans, .turn = take_away_a_deaf_one};
    speed = 64;
    assert_int_equal (status_of_day (&day), 0);
    speed = 1;
}

static int64_t have_two (supervisor_t *supervisor, void *context)
{
    (void) context;
    static bool asked, over;
    if (!asked) {
        await_told_ready (1); // the first one is the one that can run
        supervisor_scale (supervisor, "worker", 2);
    }
    asked = true;
    if (!over && children_restarts (supervisor_children (supervisor), "worker") >= 2) {
        over = true;
        return end_day (true);
    }
    return INT64_MAX;
}

/* A day is not ended by what was only to help. */
static void one_more_that_cannot_start_ends_nothing (void **state)
{
    (void) state;
    char mark[64];
    make_mark (mark);
    const plan_t plans[] = {
        {"worker", {program, "worker", "run-first", "0", mark}},
        {NULL, {0}},
    };
    const day_t day = {.plans = plans, .turn = have_two};
    speed = 64;
    assert_int_equal (status_of_day (&day), 0);
    speed = 1;
    assert_int_equal (times_told ("-worker "), 1);
}

static int64_t end_after_two_more_tries (supervisor_t *supervisor, void *context)
{
    (void) context;
    static bool over;
    if (!over && children_restarts (supervisor_children (supervisor), "(page)") >= 2) {
        over = true;
        return end_day (true);
    }
    return INT64_MAX;
}

static void one_that_can_be_done_without_ends_nothing (void **state)
{
    (void) state;
    const plan_t plans[] = {
        {"other", {program, "other", "run", "0"}},
        {"(page)", {"/nowhere/at/all"}},
        {NULL, {0}},
    };
    const day_t day = {.plans = plans, .turn = end_after_two_more_tries};
    speed = 64;
    assert_int_equal (status_of_day (&day), 0);
    speed = 1;
    assert_int_equal (times_told ("+other "), 1);
    assert_int_equal (times_told ("-other "), 1);
}

static void a_program_that_is_not_there_ends_all (void **state)
{
    (void) state;
    const plan_t missing[] = {{"missing", {"/nowhere/at/all"}}, {NULL, {0}}};
    assert_int_equal (status_of (missing, NULL), PROCESS_CANNOT_START);
}

static void arguments_are_copied (void **state)
{
    (void) state;
    char name[] = "copied", does[] = "run";
    supervisor_t *supervisor = supervisor_new (-1);
    const char *const argv[] = {program, name, does, NULL};
    for (int i = 0; i < 100; i++)
        supervisor_add (supervisor, "a name that is longer than what there is room for",
                        argv, -1);
    supervisor_destroy (&supervisor);
    assert_null (supervisor);
    supervisor_destroy (&supervisor);
}

static void programs_are_beside_this_one (void **state)
{
    (void) state;
    char *path = supervisor_program ("loteria-broker");
    char *slash = strrchr (program, '/');
    assert_non_null (slash);
    const size_t length = (size_t) (slash - program) + 1;
    assert_memory_equal (path, program, length);
    assert_string_equal (path + length, "loteria-broker");
    free (path);
}

int main (int argc, char **argv)
{
    if (argc >= 4)
        return be_child (argv[1], argv[2], atoi (argv[3]), argv[4]);
    const ssize_t size = readlink (SELF, program, sizeof program - 1);
    if (size == -1)
        return EXIT_FAILURE;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (the_ending_child_ends_it),
        cmocka_unit_test (a_signal_stops_all),
        cmocka_unit_test (kinds_are_stopped_in_the_opposite_order),
        cmocka_unit_test (one_that_fails_is_started_again),
        cmocka_unit_test (one_that_was_killed_is_started_again),
        cmocka_unit_test (one_that_cannot_be_started_again_is_put_off),
        cmocka_unit_test (one_that_cannot_be_started_at_all_ends_all),
        cmocka_unit_test (one_that_cannot_start_as_told_ends_all_at_once),
        cmocka_unit_test (one_that_worked_once_is_started_again_without_end),
        cmocka_unit_test (one_that_was_superseded_is_let_go),
        cmocka_unit_test (one_that_ends_well_is_started_again),
        cmocka_unit_test (a_second_signal_kills_all),
        cmocka_unit_test (there_are_more_and_fewer_while_it_runs),
        cmocka_unit_test (one_that_does_not_go_is_killed),
        cmocka_unit_test (one_more_that_cannot_start_ends_nothing),
        cmocka_unit_test (one_that_can_be_done_without_ends_nothing),
        cmocka_unit_test (a_program_that_is_not_there_ends_all),
        cmocka_unit_test (arguments_are_copied),
        cmocka_unit_test (programs_are_beside_this_one),
    };
    logger_set_level (LOG_CRITICAL);
    return cmocka_run_group_tests (tests, NULL, NULL);
}

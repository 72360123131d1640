/* bare.c - bench-bare: starts the processes of the bare topology (bare.h), waits for
   the clients, and prints one line of JSON. */

#include "bare.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "measure.h"

typedef struct {
    const char *name;
    void (*live) (bare_t *bare);
    uint64_t count;
    pid_t *pids;
    double cpu_us;
} role_t;

enum { STORAGE, BROKER, WORKERS, CLIENTS, ROLES };

static void set_up (bare_t *bare);
static void start (role_t *role, const bare_t *bare);
static void wait_for (role_t *role, bool kill_first);
static void print_result (const bare_t *bare, const role_t *roles);

int main (int argc, char **argv)
{
    bare_options_t options = {0};
    const config_item_t items[] = {
        {"clients", CONFIG_NUMBER, &options.clients, NULL, "5", 1, 1000, "clients"},
        {"workers", CONFIG_NUMBER, &options.workers, NULL, "2", 1, 100, "workers"},
        {"bytes", CONFIG_NUMBER, &options.bytes, NULL, "8192", 1, 1 << 20,
         "bytes of a batch"},
        {"window", CONFIG_NUMBER, &options.window, NULL, "16", 1, 1000,
         "batches under way at once, of each client"},
        {"count", CONFIG_NUMBER, &options.count, NULL, "5000", 1, 1 << 24,
         "batches of each client"},
        {"rate", CONFIG_NUMBER, &options.rate, NULL, "0", 0, 10000000,
         "batches a second of all clients, each measured from when it was due; 0: as "
         "many as the windows let pass"},
        {"sync", CONFIG_FLAG, &options.sync, NULL, "no", 0, 0,
         "fdatasync what is waiting before it is acknowledged"},
        {"curve", CONFIG_FLAG, &options.curve, NULL, "no", 0, 0, "CURVE at the front"},
        {"ipc", CONFIG_FLAG, &options.ipc, NULL, "no", 0, 0,
         "inner hops over ipc in place of tcp"},
        {"file", CONFIG_TEXT, &options.file, NULL, "bench-bare.out", 0, 0,
         "what storage writes; removed at the end"},
        {0}};
    const config_program_t program = {.program = "bench-bare",
                                      .section = "bench-bare",
                                      .summary = "The bare topology, as a yardstick.",
                                      .items = items};
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;

    bare_t bare = {.options = &options};
    set_up (&bare);
    role_t roles[ROLES] = {
        [STORAGE] = {"storage", bare_storage, 1, NULL, 0},
        [BROKER] = {"broker", bare_broker, 1, NULL, 0},
        [WORKERS] = {"workers", bare_worker, options.workers, NULL, 0},
        [CLIENTS] = {"clients", bare_client, options.clients, NULL, 0},
    };
    for (int i = 0; i < ROLES; i++)
        start (&roles[i], &bare);
    wait_for (&roles[CLIENTS], false);
    for (int i = 0; i < CLIENTS; i++)
        wait_for (&roles[i], true);
    print_result (&bare, roles);
    unlink (options.file);
    config_destroy (&config);
    return 0;
}

static void set_up (bare_t *bare)
{
    const bare_options_t *options = bare->options;
    bare->shared = measure_shared (sizeof *bare->shared);
    bare->times = measure_shared (options->clients * sizeof *bare->times);
    bare->latencies = measure_shared ((size_t) options->clients * options->count *
                                      sizeof *bare->latencies);
    if (options->curve && zmq_curve_keypair (bare->shared->server_public,
                                             bare->shared->server_secret) == -1)
        measure_die ("this libzmq has no CURVE");
    pthread_barrierattr_t shared;
    pthread_barrierattr_init (&shared);
    pthread_barrierattr_setpshared (&shared, PTHREAD_PROCESS_SHARED);
    const unsigned all = (unsigned) (options->clients + options->workers) + 2;
    pthread_barrier_init (&bare->shared->bound, &shared, all);
    pthread_barrier_init (&bare->shared->connected, &shared,
                          (unsigned) options->clients);
}

/* Nobody outlives this process, however it ends. */
static void start (role_t *role, const bare_t *bare)
{
    const pid_t parent = getpid ();
    role->pids = calloc (role->count, sizeof *role->pids);
    for (uint64_t i = 0; i < role->count; i++) {
        role->pids[i] = fork ();
        if (role->pids[i] == -1)
            measure_die ("fork failed");
        if (role->pids[i] != 0)
            continue;
        prctl (PR_SET_PDEATHSIG, SIGKILL);
        if (getppid () != parent)
            _exit (1);
        bare_t own = *bare;
        own.client = role->live == bare_client ? i : 0;
        own.times += own.client;
        own.latencies += own.client * bare->options->count;
        role->live (&own);
        _exit (0);
    }
}

static void wait_for (role_t *role, bool kill_first)
{
    for (uint64_t i = 0; i < role->count; i++) {
        struct rusage usage;
        int status;
        if (kill_first)
            kill (role->pids[i], SIGKILL);
        wait4 (role->pids[i], &status, 0, &usage);
        if (!kill_first && status != 0)
            measure_die ("a client failed");
        role->cpu_us += 1e6 * (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                        (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    }
    free (role->pids);
}

static void print_result (const bare_t *bare, const role_t *roles)
{
    const bare_options_t *options = bare->options;
    const uint64_t batches = (uint64_t) options->clients * options->count;
    int64_t start_ns = INT64_MAX, end_ns = 0;
    for (uint64_t i = 0; i < options->clients; i++) {
        const bare_times_t *times = &bare->times[i];
        start_ns = times->start_ns < start_ns ? times->start_ns : start_ns;
        end_ns = times->end_ns > end_ns ? times->end_ns : end_ns;
    }
    const double seconds = (double) (end_ns - start_ns) / 1e9;
    printf ("{\"batches\":%" PRIu64 ",\"bytes\":%" PRIu32
            ",\"seconds\":%.6f,\"batches_per_second\":%.1f,\"latency_us\":",
            batches, options->bytes, seconds, (double) batches / seconds);
    measure_print_latency (bare->latencies, batches);
    printf (",\"cpu_us_per_batch\":{");
    for (int i = 0; i < ROLES; i++)
        printf ("%s\"%s\":%.2f", i ? "," : "", roles[i].name,
                roles[i].cpu_us / (double) batches);
    printf ("}}\n");
}

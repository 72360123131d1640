/* redis.c - bench-redis: the same batches into Redis Streams. Each client is a process
   with one connection and a stream of its own, and keeps a window of XADDs under way.
   The server is somebody else's to start; what it promises is up to its settings. */

#include <hiredis/hiredis.h>

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "measure.h"

typedef struct {
    uint32_t port, clients, bytes, window, count;
} options_t;

typedef struct {
    pthread_barrier_t connected;
    struct {
        int64_t start_ns, end_ns;
    } times[];
} shared_t;

static void load (const options_t *options, shared_t *shared, uint32_t *latencies);
static void run_client (const options_t *options, shared_t *shared, uint64_t number,
                        uint32_t *latencies);
static char *format_batch (const options_t *options, uint64_t number, size_t *size);
static void take_reply (redisContext *connection);
static void print_result (const options_t *options, const shared_t *shared,
                          uint32_t *latencies);

int main (int argc, char **argv)
{
    options_t options = {0};
    const config_item_t items[] = {
        {"port", CONFIG_NUMBER, &options.port, NULL, "6379", 1, 65535,
         "the server's, on 127.0.0.1"},
        {"clients", CONFIG_NUMBER, &options.clients, NULL, "5", 1, 1000, "clients"},
        {"bytes", CONFIG_NUMBER, &options.bytes, NULL, "8192", 1, 1 << 20,
         "bytes of a batch"},
        {"window", CONFIG_NUMBER, &options.window, NULL, "16", 1, 1000,
         "batches under way at once, of each client"},
        {"count", CONFIG_NUMBER, &options.count, NULL, "5000", 1, 1 << 24,
         "batches of each client"},
        {0}};
    const config_program_t program = {.program = "bench-redis",
                                      .section = "bench-redis",
                                      .summary = "Batches into Redis Streams.",
                                      .items = items};
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    shared_t *shared =
        measure_shared (sizeof *shared + options.clients * sizeof *shared->times);
    uint32_t *latencies =
        measure_shared ((size_t) options.clients * options.count * sizeof *latencies);
    load (&options, shared, latencies);
    print_result (&options, shared, latencies);
    config_destroy (&config);
    return 0;
}

static void load (const options_t *options, shared_t *shared, uint32_t *latencies)
{
    pthread_barrierattr_t attributes;
    pthread_barrierattr_init (&attributes);
    pthread_barrierattr_setpshared (&attributes, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init (&shared->connected, &attributes, (unsigned) options->clients);
    for (uint64_t i = 0; i < options->clients; i++)
        if (fork () == 0) {
            prctl (PR_SET_PDEATHSIG, SIGKILL);
            run_client (options, shared, i, latencies + i * options->count);
            _exit (0);
        }
    for (uint64_t i = 0; i < options->clients; i++) {
        int status;
        wait (&status);
        if (status != 0)
            measure_die ("a client failed");
    }
}

static void run_client (const options_t *options, shared_t *shared, uint64_t number,
                        uint32_t *latencies)
{
    redisContext *connection = redisConnect ("127.0.0.1", (int) options->port);
    if (!connection || connection->err)
        measure_die ("redis: %s", connection ? connection->errstr : "out of memory");
    size_t size;
    char *batch = format_batch (options, number, &size);
    int64_t *sent_ns = calloc (options->window, sizeof *sent_ns);
    assert (sent_ns);
    redisAppendCommand (connection, "DEL agency-%u", (unsigned) number);
    take_reply (connection);
    pthread_barrier_wait (&shared->connected);

    shared->times[number].start_ns = measure_ns ();
    uint64_t sent = 0, taken = 0;
    while (taken < options->count) {
        while (sent < options->count && sent - taken < options->window) {
            sent_ns[sent++ % options->window] = measure_ns ();
            redisAppendFormattedCommand (connection, batch, size);
        }
        take_reply (connection);
        latencies[taken] = measure_latency (sent_ns[taken % options->window]);
        taken++;
    }
    shared->times[number].end_ns = measure_ns ();
    redisReply *length = redisCommand (connection, "XLEN agency-%u", (unsigned) number);
    if (!length || length->type != REDIS_REPLY_INTEGER ||
        (uint64_t) length->integer != options->count)
        measure_die ("redis: not every batch is there once");
}

static char *format_batch (const options_t *options, uint64_t number, size_t *size)
{
    char name[32], *command, *blob = malloc (options->bytes);
    assert (blob);
    memset (blob, 'x', options->bytes);
    snprintf (name, sizeof name, "agency-%u", (unsigned) number);
    const char *words[] = {"XADD", name, "*", "b", blob};
    const size_t sizes[] = {4, strlen (name), 1, 1, options->bytes};
    const long long formatted = redisFormatCommandArgv (&command, 5, words, sizes);
    assert (formatted > 0);
    *size = (size_t) formatted;
    free (blob);
    return command;
}

/* Sends what was appended first, if it has to wait. */
static void take_reply (redisContext *connection)
{
    redisReply *reply;
    if (redisGetReply (connection, (void **) &reply) != REDIS_OK)
        measure_die ("redis: %s", connection->errstr);
    if (reply->type == REDIS_REPLY_ERROR)
        measure_die ("redis: %s", reply->str);
    freeReplyObject (reply);
}

static void print_result (const options_t *options, const shared_t *shared,
                          uint32_t *latencies)
{
    const uint64_t batches = (uint64_t) options->clients * options->count;
    int64_t start_ns = INT64_MAX, end_ns = 0;
    for (uint64_t i = 0; i < options->clients; i++) {
        const int64_t start = shared->times[i].start_ns, end = shared->times[i].end_ns;
        start_ns = start < start_ns ? start : start_ns;
        end_ns = end > end_ns ? end : end_ns;
    }
    const double seconds = (double) (end_ns - start_ns) / 1e9;
    printf ("{\"batches\":%" PRIu64 ",\"bytes\":%" PRIu32
            ",\"seconds\":%.6f,\"batches_per_second\":%.1f,\"latency_us\":",
            batches, options->bytes, seconds, (double) batches / seconds);
    measure_print_latency (latencies, batches);
    printf ("}\n");
}

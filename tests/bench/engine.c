/* engine.c - bench-engine: the groups of one log into another one, each once the one
   before it is safe: what an engine does for a central, without the central. */

#include "engine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "measure.h"

#define WAIT_MS     60000
#define SEQUENCE_AT 32 // in a group: records before it

typedef struct {
    const char *from, *to;
    bool insecure;
} options_t;

typedef struct {
    uint8_t *data;
    size_t size;
} group_t;

typedef struct {
    group_t *groups;
    size_t count, capacity;
    uint64_t bytes;
} groups_t;

static engine_t *open_engine (const options_t *options, const char *url);
static void read_groups (engine_t *engine, groups_t *groups);
static void add_group (groups_t *groups, bytes_t body);
static uint64_t take (engine_t *engine);
static void commit (engine_t *engine, uint64_t epoch, const group_t *group,
                    uint64_t ordinal);
static void ask (engine_t *engine, engine_line_t line,
                 const engine_question_t *question, engine_answer_t *answer);

int main (int argc, char **argv)
{
    options_t options = {0};
    const config_item_t items[] = {
        {"from", CONFIG_TEXT, &options.from, NULL, NULL, 0, 0, "log to take them of"},
        {"to", CONFIG_TEXT, &options.to, NULL, NULL, 0, 0, "empty log"},
        {"insecure", CONFIG_FLAG, &options.insecure, NULL, "no", 0, 0, "without TLS"},
        {0}};
    const config_program_t program = {.program = "bench-engine",
                                      .section = "bench-engine",
                                      .summary = "Groups into an engine, one by one.",
                                      .items = items};
    int status;
    config_t *config = config_load (&program, argc, argv, &status);
    if (!config)
        return status;
    groups_t groups = {0};
    engine_t *engine = open_engine (&options, options.from);
    read_groups (engine, &groups);
    engine_close (&engine);
    engine = open_engine (&options, options.to);
    const uint64_t epoch = take (engine);
    uint32_t *latencies = measure_shared (groups.count * sizeof *latencies);
    const int64_t start_ns = measure_ns ();
    for (size_t i = 0; i < groups.count; i++) {
        const int64_t asked_ns = measure_ns ();
        commit (engine, epoch, &groups.groups[i], i + 1);
        latencies[i] = measure_latency (asked_ns);
    }
    printf ("{\"groups\":%zu,\"bytes\":%" PRIu64 ",\"seconds\":%.6f,\"latency_us\":",
            groups.count, groups.bytes, (double) (measure_ns () - start_ns) / 1e9);
    measure_print_latency (latencies, groups.count);
    printf ("}\n");
    engine_close (&engine);
    config_destroy (&config);
    return 0;
}

static engine_t *open_engine (const options_t *options, const char *url)
{
    char why[ENGINE_WHY_BYTES];
    engine_t *engine = NULL;
    const engine_options_t how = {.url = url, .insecure = options->insecure};
    if (engine_open (&how, &engine, why) != ENGINE_OPENED)
        measure_die ("%s", why);
    return engine;
}

static void read_groups (engine_t *engine, groups_t *groups)
{
    engine_answer_t answer = {.more = true};
    while (answer.more) {
        const engine_question_t question = {.kind = ENGINE_READ,
                                            .ordinal = groups->count + 1};
        ask (engine, ENGINE_LOG, &question, &answer);
        for (size_t i = 0; i < answer.count; i++)
            add_group (groups, answer.entries[i].body);
    }
}

static void add_group (groups_t *groups, bytes_t body)
{
    if (groups->count == groups->capacity) {
        groups->capacity = 2 * groups->capacity + 1024;
        groups->groups =
            realloc (groups->groups, groups->capacity * sizeof *groups->groups);
        assert (groups->groups);
    }
    group_t *group = &groups->groups[groups->count++];
    *group = (group_t){malloc (body.size), body.size};
    assert (group->data);
    memcpy (group->data, body.data, body.size);
    groups->bytes += body.size;
}

static uint64_t take (engine_t *engine)
{
    engine_answer_t answer;
    engine_question_t question = {.kind = ENGINE_SEE};
    ask (engine, ENGINE_LEASE, &question, &answer);
    question = (engine_question_t){
        .kind = ENGINE_TAKE, .epoch = answer.lease.epoch, .holder = "bench"};
    ask (engine, ENGINE_LEASE, &question, &answer);
    // a commit does not connect: what is read before it does
    question =
        (engine_question_t){.kind = ENGINE_READ, .epoch = answer.epoch, .ordinal = 1};
    const uint64_t epoch = answer.epoch;
    ask (engine, ENGINE_LOG, &question, &answer);
    return epoch;
}

static void commit (engine_t *engine, uint64_t epoch, const group_t *group,
                    uint64_t ordinal)
{
    engine_answer_t answer;
    const engine_question_t question = {.kind = ENGINE_COMMIT,
                                        .epoch = epoch,
                                        .ordinal = ordinal,
                                        .sequence = get_u64 (group->data + SEQUENCE_AT),
                                        .body = bytes_of (group->data, group->size)};
    ask (engine, ENGINE_LOG, &question, &answer);
}

static void ask (engine_t *engine, engine_line_t line,
                 const engine_question_t *question, engine_answer_t *answer)
{
    const engine_outcome_t outcome =
        engine_ask (engine, line, question, WAIT_MS, answer);
    if (outcome != ENGINE_DONE)
        measure_die ("%s: question %d is answered %d: %s", engine->name,
                     (int) question->kind, (int) outcome,
                     outcome == ENGINE_PENDING ? "nothing yet" : answer->why);
}

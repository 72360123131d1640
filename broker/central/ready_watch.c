/* ready_watch.c - asks the parts whether they answer, and tells systemd:
   loteria-central. Out: PING to storage and state, STATUS to the broker. */

#include "ready_watch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "ready.h"

#define ANSWER_MS     2000
#define LOOK_MS       100  // until it is ready
#define LOOK_AGAIN_MS 5000 // from then on
#define PARTS_ASKED   3

struct ready_watch {
    whereabouts_t where;
    asker_t *asker;
    ready_t ready;   // what this round has found
    int open;        // questions of it that are not over
    bool told;       // READY=1
    int64_t next_ms; // round
};

static void begin_round (ready_watch_t *watch, int64_t now_ms);
static void ask (ready_watch_t *watch, status_part_t part, int64_t now_ms);
static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);
static void over (void *context, status_part_t part, const char *reason);
static void end_round (ready_watch_t *watch, size_t workers, int64_t now_ms);

ready_watch_t *ready_watch_new (const run_directory_t *directory, problem_t *problem)
{
    static const struct {
        status_part_t part;
        run_socket_t socket;
    } asked[PARTS_ASKED] = {{STATUS_STORAGE, RUN_STORAGE},
                            {STATUS_STATE, RUN_STATE},
                            {STATUS_BROKER, RUN_WORKERS}};
    ready_watch_t *watch = calloc (1, sizeof *watch);
    assert (watch);
    if (!notify_wanted ())
        return watch;
    for (size_t i = 0; i < PARTS_ASKED; i++)
        run_directory_endpoint (directory, asked[i].socket,
                                watch->where.endpoint[asked[i].part]);
    watch->asker = asker_new (&watch->where, ANSWER_MS, problem);
    if (!watch->asker)
        ready_watch_destroy (&watch);
    return watch;
}

void ready_watch_destroy (ready_watch_t **watch)
{
    if (*watch) {
        asker_destroy (&(*watch)->asker);
        free (*watch);
    }
    *watch = NULL;
}

size_t ready_watch_items (ready_watch_t *watch, zmq_pollitem_t *items)
{
    return watch->asker ? asker_items (watch->asker, items) : 0;
}

int64_t ready_watch_turn (ready_watch_t *watch, size_t workers, bool standby,
                          int64_t now_ms)
{
    if (!watch->asker)
        return INT64_MAX;
    if (watch->open == 0 && now_ms >= watch->next_ms)
        begin_round (watch, now_ms);
    watch->ready.standby = standby;
    const bool asked = watch->open > 0;
    asker_turn (watch->asker, now_ms);
    if (asked && watch->open == 0)
        end_round (watch, workers, now_ms);
    const int64_t asker_ms = asker_deadline (watch->asker);
    return watch->open > 0 || asker_ms < watch->next_ms ? asker_ms : watch->next_ms;
}

static void begin_round (ready_watch_t *watch, int64_t now_ms)
{
    memset (&watch->ready, 0, sizeof watch->ready);
    ask (watch, STATUS_STORAGE, now_ms);
    ask (watch, STATUS_STATE, now_ms);
    ask (watch, STATUS_BROKER, now_ms);
}

static void ask (ready_watch_t *watch, status_part_t part, int64_t now_ms)
{
    asker_question_t question = {
        .take = take, .over = over, .context = watch, .message = {0}};
    question.message.command = part == STATUS_BROKER ? WIRE_STATUS : WIRE_PING;
    watch->open += asker_ask (watch->asker, part, &question, now_ms);
}

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    ready_watch_t *watch = context;
    if (question->command == WIRE_PING)
        return answer && answer->command == WIRE_PONG ? ASKER_OVER : ASKER_ON;
    if (!answer || answer->command != WIRE_REPORT)
        return ASKER_ON;
    question->status.from = answer->report.next;
    return ready_take (&watch->ready, answer->report.text) || !answer->report.more
               ? ASKER_OVER
               : ASKER_NEXT;
}

static void over (void *context, status_part_t part, const char *reason)
{
    ready_watch_t *watch = context;
    bool *answers = part == STATUS_STORAGE ? &watch->ready.storage
                    : part == STATUS_STATE ? &watch->ready.state
                                           : &watch->ready.broker;
    *answers = !reason;
    watch->open--;
}

static void end_round (ready_watch_t *watch, size_t workers, int64_t now_ms)
{
    char text[READY_TEXT_BYTES];
    const bool ready = ready_judge (&watch->ready, workers, text);
    if (ready && !watch->told)
        watch->told = notify_say ("READY=1");
    notify_status (text);
    watch->next_ms = now_ms + (ready && watch->told ? LOOK_AGAIN_MS : LOOK_MS);
}

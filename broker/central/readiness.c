/* readiness.c - asks the parts whether they answer, and tells systemd: loteria-central.
   Out: PING to storage and state, STATUS to the broker. */

#include "readiness.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "notify.h"
#include "ready.h"

#define ANSWER_MS     2000
#define LOOK_MS       100  // until it is ready
#define LOOK_AGAIN_MS 5000 // from then on
#define PARTS_ASKED   3

struct readiness {
    whereabouts_t where;
    asker_t *asker;
    ready_t ready;   // what this round has found
    int open;        // questions of it that are not over
    bool told;       // READY=1
    int64_t next_ms; // round
};

static void begin_round (readiness_t *readiness, int64_t now_ms);
static void ask (readiness_t *readiness, status_part_t part, int64_t now_ms);
static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer);
static void over (void *context, status_part_t part, const char *reason);
static void end_round (readiness_t *readiness, size_t workers, int64_t now_ms);

readiness_t *readiness_new (const run_directory_t *directory, problem_t *problem)
{
    static const struct {
        status_part_t part;
        run_socket_t socket;
    } asked[PARTS_ASKED] = {{STATUS_STORAGE, RUN_STORAGE},
                            {STATUS_STATE, RUN_STATE},
                            {STATUS_BROKER, RUN_WORKERS}};
    readiness_t *readiness = calloc (1, sizeof *readiness);
    assert (readiness);
    if (!notify_wanted ())
        return readiness;
    for (size_t i = 0; i < PARTS_ASKED; i++)
        run_directory_endpoint (directory, asked[i].socket,
                                readiness->where.endpoint[asked[i].part]);
    readiness->asker = asker_new (&readiness->where, ANSWER_MS, problem);
    if (!readiness->asker)
        readiness_destroy (&readiness);
    return readiness;
}

void readiness_destroy (readiness_t **readiness)
{
    if (*readiness) {
        asker_destroy (&(*readiness)->asker);
        free (*readiness);
    }
    *readiness = NULL;
}

size_t readiness_items (readiness_t *readiness, zmq_pollitem_t *items)
{
    return readiness->asker ? asker_items (readiness->asker, items) : 0;
}

int64_t readiness_turn (readiness_t *readiness, size_t workers, int64_t now_ms)
{
    if (!readiness->asker)
        return INT64_MAX;
    if (readiness->open == 0 && now_ms >= readiness->next_ms)
        begin_round (readiness, now_ms);
    const bool asked = readiness->open > 0;
    asker_turn (readiness->asker, now_ms);
    if (asked && readiness->open == 0)
        end_round (readiness, workers, now_ms);
    const int64_t asker_ms = asker_deadline (readiness->asker);
    return readiness->open > 0 || asker_ms < readiness->next_ms ? asker_ms
                                                                : readiness->next_ms;
}

static void begin_round (readiness_t *readiness, int64_t now_ms)
{
    memset (&readiness->ready, 0, sizeof readiness->ready);
    ask (readiness, STATUS_STORAGE, now_ms);
    ask (readiness, STATUS_STATE, now_ms);
    ask (readiness, STATUS_BROKER, now_ms);
}

static void ask (readiness_t *readiness, status_part_t part, int64_t now_ms)
{
    asker_question_t question = {
        .take = take, .over = over, .context = readiness, .message = {0}};
    question.message.command = part == STATUS_BROKER ? WIRE_STATUS : WIRE_PING;
    readiness->open += asker_ask (readiness->asker, part, &question, now_ms);
}

static asker_say_t take (void *context, wire_message_t *question,
                         const wire_message_t *answer)
{
    readiness_t *readiness = context;
    if (question->command == WIRE_PING)
        return answer && answer->command == WIRE_PONG ? ASKER_OVER : ASKER_ON;
    if (!answer || answer->command != WIRE_REPORT)
        return ASKER_ON;
    question->status.from = answer->report.next;
    return ready_take (&readiness->ready, answer->report.text) || !answer->report.more
               ? ASKER_OVER
               : ASKER_NEXT;
}

static void over (void *context, status_part_t part, const char *reason)
{
    readiness_t *readiness = context;
    bool *answers = part == STATUS_STORAGE ? &readiness->ready.storage
                    : part == STATUS_STATE ? &readiness->ready.state
                                           : &readiness->ready.broker;
    *answers = !reason;
    readiness->open--;
}

static void end_round (readiness_t *readiness, size_t workers, int64_t now_ms)
{
    char text[READY_TEXT_BYTES];
    const bool ready = ready_judge (&readiness->ready, workers, text);
    if (ready && !readiness->told)
        readiness->told = notify_say ("READY=1");
    notify_status (text);
    readiness->next_ms = now_ms + (ready && readiness->told ? LOOK_AGAIN_MS : LOOK_MS);
}

/* look.c - asks a central: loteria-ctl. */

#include "look.h"

#include "advice.h"
#include "clock.h"
#include "logger.h"

#define TIMEOUT_MS 2000
#define WORK_MS    10000 // of a question that means work: it is of a whole draw
#define PAUSE_MS   500   // between the two rounds that give a rate

typedef struct { // a question that is waited for
    look_take_t *take;
    void *context;
    bool over;
    const char *reason;
} errand_t;

static bool finish_round (look_t *look);
static bool turn (look_t *look, int64_t until_ms, zmq_pollitem_t *key);
static int64_t timeout_of (const command_t *command);
static bool nobody_answers (const view_t *view);
static asker_say_t take_answer (void *context, wire_message_t *question,
                                const wire_message_t *answer);
static void end_errand (void *context, status_part_t part, const char *reason);
static int interrupted (const look_t *look);

int look_begin (look_t *look, const char *verb, const command_t *command)
{
    problem_t problem;
    *look = (look_t){.command = command, .verb = verb};
    int rc =
        whereabouts_find (&look->where, command->config, &command->given, &problem);
    if (rc == 0)
        look->asker = asker_new (&look->where, timeout_of (command), &problem);
    if (look->asker) {
        look->survey = survey_new (look->asker);
        return 0;
    }
    logger_event_parts (LOG_ERROR, problem.action, LOG_FAIL, problem.parts);
    return problem.status;
}

void look_end (look_t *look)
{
    survey_destroy (&look->survey);
    asker_destroy (&look->asker);
}

int look_round (look_t *look, bool rates)
{
    int status = look_again (look) ? 0 : interrupted (look);
    if (status == 0 && nobody_answers (survey_view (look->survey)))
        return look_verdict (look);
    if (status == 0 && rates) {
        if (look_wait (look, clock_ms () + PAUSE_MS, -1) == LOOK_SIGNAL)
            return interrupted (look);
        survey_repeat (look->survey, clock_ms ());
        status = finish_round (look) ? 0 : interrupted (look);
    }
    return status;
}

bool look_again (look_t *look)
{
    survey_begin (look->survey, clock_ms ());
    return finish_round (look);
}

bool look_find_anew (look_t *look)
{
    problem_t problem;
    whereabouts_t where;
    const command_t *command = look->command;
    if (whereabouts_find (&where, command->config, &command->given, &problem) == -1 ||
        memcmp (where.endpoint, look->where.endpoint, sizeof where.endpoint) == 0)
        return false;
    asker_t *asker = asker_new (&where, timeout_of (command), &problem);
    if (!asker)
        return false; // perhaps the next time
    survey_destroy (&look->survey);
    asker_destroy (&look->asker);
    look->where = where;
    look->asker = asker;
    look->survey = survey_new (asker);
    return true;
}

bool look_nobody (const look_t *look)
{
    return nobody_answers (survey_view (look->survey));
}

int look_verdict (const look_t *look)
{
    const view_t *view = survey_view (look->survey);
    const bool nobody = nobody_answers (view);
    int status = 0;
    for (status_part_t part = 0; part < STATUS_PARTS; part++) {
        const view_part_t *at = &view->part[part];
        if (!view_fails (view, part) || (nobody && part != advice_part (view)))
            continue;
        status = nobody ? CTL_NOBODY : CTL_SILENT;
        command_failed (
            look->verb, status, "part: %s | endpoint: %s | reason: %s%s; %s",
            nobody ? "all" : status_part_name (part), look->where.endpoint[part],
            nobody ? "no part answers, " : "", at->reason,
            advice_text (view, part, at->reason, (char[ADVICE_BYTES]){0}));
    }
    return status;
}

int look_trouble (const look_t *look, status_part_t part, const char *reason)
{
    if (strcmp (reason, LOOK_INTERRUPTED) == 0)
        return interrupted (look);
    return command_failed (look->verb, CTL_SILENT,
                           "part: %s | endpoint: %s | reason: %s; %s",
                           status_part_name (part), look->where.endpoint[part], reason,
                           advice_text (survey_view (look->survey), part, reason,
                                        (char[ADVICE_BYTES]){0}));
}

const char *look_ask (look_t *look, status_part_t part, const wire_message_t *message,
                      look_take_t *take, void *context)
{
    errand_t errand = {.take = take, .context = context};
    const bool work =
        message->command == WIRE_RESULTS || message->command == WIRE_LOOKUP;
    const asker_question_t question = {.message = *message,
                                       .timeout_ms = work && !look->command->timeout_ms
                                                         ? WORK_MS
                                                         : timeout_of (look->command),
                                       .take = take_answer,
                                       .over = end_errand,
                                       .context = &errand};
    if (!asker_ask (look->asker, part, &question, clock_ms ()))
        return "nothing says where it is to be asked";
    while (!errand.over)
        if (!turn (look, INT64_MAX, NULL))
            return LOOK_INTERRUPTED;
    return errand.reason;
}

look_news_t look_wait (look_t *look, int64_t until_ms, int keyboard)
{
    zmq_pollitem_t key = {.fd = keyboard, .events = ZMQ_POLLIN};
    while (clock_ms () < until_ms) {
        if (!turn (look, until_ms, keyboard == -1 ? NULL : &key))
            return LOOK_SIGNAL;
        if (keyboard != -1 && key.revents)
            return LOOK_KEY;
    }
    return LOOK_TIME;
}

/* False: a signal. */
static bool finish_round (look_t *look)
{
    while (!survey_over (look->survey))
        if (!turn (look, INT64_MAX, NULL))
            return false;
    return true;
}

static bool turn (look_t *look, int64_t until_ms, zmq_pollitem_t *key)
{
    zmq_pollitem_t items[ASKER_ITEMS_MAX + 2];
    const int64_t deadline_ms = asker_deadline (look->asker);
    size_t count = asker_items (look->asker, items);
    items[count++] =
        (zmq_pollitem_t){.fd = look->command->signal_fd, .events = ZMQ_POLLIN};
    if (key)
        items[count++] = *key;
    zmq_poll (
        items, (int) count,
        clock_timeout (clock_ms (), deadline_ms < until_ms ? deadline_ms : until_ms));
    if (key)
        key->revents = items[--count].revents;
    asker_turn (look->asker, clock_ms ());
    return !items[count - 1].revents;
}

static int64_t timeout_of (const command_t *command)
{
    return command->timeout_ms ? (int64_t) command->timeout_ms : TIMEOUT_MS;
}

static bool nobody_answers (const view_t *view)
{
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (view->part[part].answer == VIEW_UP)
            return false;
    return true;
}

static asker_say_t take_answer (void *context, wire_message_t *question,
                                const wire_message_t *answer)
{
    errand_t *errand = context;
    return errand->take (errand->context, question, answer);
}

static void end_errand (void *context, status_part_t part, const char *reason)
{
    errand_t *errand = context;
    (void) part;
    errand->over = true;
    errand->reason = reason;
}

static int interrupted (const look_t *look)
{
    return command_failed (look->verb, PROCESS_FAILED, "reason: " LOOK_INTERRUPTED);
}

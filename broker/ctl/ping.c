/* ping.c - one question, one answer: loteria-ctl ping. */

#include "ping.h"

typedef struct {
    char *name;
    bool ours;
} answer_t;

static talk_t take_answer (void *context, const wire_message_t *message);
static void copy_printable (char *name, bytes_t text);

int ping (const conversation_options_t *options, char name[WIRE_NAME_BYTES_MAX + 1],
          problem_t *problem)
{
    const wire_message_t question = {.command = WIRE_PING};
    answer_t answer = {.name = name};
    conversation_t *conversation = conversation_new (options, problem);
    if (!conversation)
        return -1;
    const char *reason =
        conversation_ask (conversation, &question, take_answer, &answer);
    conversation_destroy (&conversation);
    if (!reason && !answer.ours)
        reason = "something answers, but not Lotería";
    return reason ? problem_set (problem, PROCESS_FAILED, "ping",
                                 "endpoint: %s | reason: %s", options->endpoint, reason)
                  : 0;
}

static talk_t take_answer (void *context, const wire_message_t *message)
{
    answer_t *answer = context;
    answer->ours = message && message->command == WIRE_PONG;
    if (answer->ours)
        copy_printable (answer->name, message->name);
    return TALK_OVER;
}

/* It came from a socket, and must not control a terminal. */
static void copy_printable (char *name, bytes_t text)
{
    size_t size = text.size < WIRE_NAME_BYTES_MAX ? text.size : WIRE_NAME_BYTES_MAX;
    for (size_t i = 0; i < size; i++)
        name[i] = text.data[i] > ' ' && text.data[i] < 0x7F ? (char) text.data[i] : '?';
    name[size] = 0;
}

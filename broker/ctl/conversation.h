/* conversation.h - asking one process of a central something, until it has answered or
   time is up. It is asked again when no answer came for a while, when the connection
   was lost and is back, and when the answer was that it cannot say now. */

#ifndef LOTERIA_CONVERSATION_H
#define LOTERIA_CONVERSATION_H

#include <stdint.h>

#include "problem.h"
#include "wire.h"

typedef struct {
    const char *endpoint; // to connect to
    const char *keys;     // folder, see keys.h; NULL: no CURVE
    bool to_state;        // who listens there has the key `state.key`, if there is one;
                          // else he has the folder's own
    int64_t timeout_ms;   // for each question
    int signal_fd;        // a signal ends the wait
} conversation_options_t;

#define CONVERSATION_SILENT      "no answer"   // the reason when it hangs, say
#define CONVERSATION_INTERRUPTED "interrupted" // by a signal

typedef struct conversation conversation_t;

/* NULL with the problem: keys, or no socket. */
conversation_t *conversation_new (const conversation_options_t *options,
                                  problem_t *problem);
void conversation_destroy (conversation_t **conversation);

typedef enum {
    TALK_ON,   // more is to come, or this was not meant
    TALK_OVER, // that was it
    TALK_LATER // not now: ask again in a moment
} talk_t;

/* Ask, and hand over each answer until one says that it is over; NULL stands for bytes
   that are no message of ours. `question` is followed afresh each time it is asked, so
   it may change. Returns NULL, or why it did not come to an end, for people. */
const char *conversation_ask (
    conversation_t *conversation, const wire_message_t *question,
    talk_t (*take) (void *context, const wire_message_t *answer), void *context);

/* How often the last question was asked. */
unsigned conversation_asked (const conversation_t *conversation);

#endif

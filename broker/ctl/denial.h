/* denial.h - what state refuses an operator, kept as text. */

#ifndef LOTERIA_DENIAL_H
#define LOTERIA_DENIAL_H

#include "asker.h"
#include "conversation.h"

typedef struct {
    uint16_t code; // 0: none
    char text[REFUSAL_TEXT_MAX + 1];
} denial_t;

/* Keep the refusal of a `command`. TALK_ON when it is none of that; TALK_LATER when it
   may be otherwise in a moment (BUSY, UNAVAILABLE), else TALK_OVER. */
talk_t denial_take (denial_t *denial, uint8_t command, const wire_message_t *answer);

/* The same for whoever asks over an asker. */
asker_say_t denial_say (denial_t *denial, uint8_t command,
                        const wire_message_t *answer);

/* What to tell of a question that ended with `reason` (NULL: it was answered): the
   refusal, if there was one, is the better reason. NULL: it was answered, and not
   refused. */
const char *denial_reason (const denial_t *denial, const char *reason);

#endif

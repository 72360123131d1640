/* denial.c - what state refuses an operator: loteria-ctl. */

#include "denial.h"

#include <stdio.h>

#include "text.h"

talk_t denial_take (denial_t *denial, uint8_t command, const wire_message_t *answer)
{
    if (!answer || answer->command != WIRE_REFUSED ||
        answer->refused.command != command)
        return TALK_ON;
    const bytes_t text = answer->refused.text;
    denial->code = answer->refused.code;
    snprintf (denial->text, sizeof denial->text, "%.*s", (int) text.size,
              (const char *) text.data);
    text_clean (denial->text);
    if (!*denial->text)
        snprintf (denial->text, sizeof denial->text, "%s",
                  wire_code_name (denial->code));
    const bool passes =
        denial->code == REFUSED_BUSY || denial->code == REFUSED_UNAVAILABLE;
    return passes ? TALK_LATER : TALK_OVER;
}

asker_say_t denial_say (denial_t *denial, uint8_t command, const wire_message_t *answer)
{
    const talk_t talk = denial_take (denial, command, answer);
    return talk == TALK_ON ? ASKER_ON : talk == TALK_LATER ? ASKER_LATER : ASKER_OVER;
}

const char *denial_reason (const denial_t *denial, const char *reason)
{
    return denial->code ? denial->text : reason;
}

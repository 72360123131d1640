/* advice.c - what helps against a part that does not answer: loteria-ctl. */

#include "advice.h"

#include <stdio.h>

#define LOOK "look at its log; "
#define KEYS "the keys"

static uint32_t pid_of (const view_t *view, status_part_t part);

/* Who ends a loteria-central ends the day; who ends one of its parts does not. */
const char *advice_text (const view_t *view, status_part_t part, const char *reason,
                         char text[ADVICE_BYTES])
{
    const uint32_t pid = pid_of (view, part);
    if (strstr (reason, KEYS))
        snprintf (text, ADVICE_BYTES,
                  "give the operator's keys (--keys KEYS/operator)");
    else if (strstr (reason, "nothing") || strstr (reason, "resolve"))
        snprintf (text, ADVICE_BYTES, "is it running, and there?");
    else if (part == STATUS_CENTRAL)
        snprintf (text, ADVICE_BYTES,
                  LOOK "its parts work on, but end with it: end it only where you, or "
                       "systemd, start it again");
    else if (pid)
        snprintf (text, ADVICE_BYTES,
                  LOOK
                  "if it hangs, end process %u, and loteria-central starts it again",
                  pid);
    else
        snprintf (text, ADVICE_BYTES,
                  LOOK "if it hangs, end it (under loteria-central or systemd it is "
                       "started again)");
    return text;
}

status_part_t advice_part (const view_t *view)
{
    status_part_t found = STATUS_PARTS;
    for (status_part_t part = 0; part < STATUS_PARTS; part++)
        if (view->part[part].answer == VIEW_SILENT &&
            (found == STATUS_PARTS || (!strstr (view->part[found].reason, KEYS) &&
                                       strstr (view->part[part].reason, KEYS))))
            found = part;
    return found;
}

/* 0: it is not known. */
static uint32_t pid_of (const view_t *view, status_part_t part)
{
    for (size_t i = 0; view && i < view->processes; i++)
        if (strcmp (view->process[i].name, status_part_name (part)) == 0)
            return view->process[i].pid;
    return 0;
}

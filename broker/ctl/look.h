/* look.h - asks a central, for a verb that waits for the answers. A shell. */

#ifndef LOTERIA_LOOK_H
#define LOTERIA_LOOK_H

#include "asker.h"
#include "command.h"
#include "survey.h"

typedef struct {
    const command_t *command;
    const char *verb; // for what goes wrong
    whereabouts_t where;
    asker_t *asker;
    survey_t *survey;
} look_t;

/* Find the central. 0; or the status to exit with, and why has been said. */
int look_begin (look_t *look, const char *verb, const command_t *command);
void look_end (look_t *look);

/* Ask all parts how they are; twice, a little apart, for `rates`. 0; or the status to
   exit with: a signal, or nobody answers. */
int look_round (look_t *look, bool rates);

/* One round, quietly. False: a signal came. */
bool look_again (look_t *look);

/* For who follows a central through a new start: look where it is now, and ask there.
   It was elsewhere: true, and nothing was asked there yet. */
bool look_find_anew (look_t *look);

/* Whether no part answered in the last round. */
bool look_nobody (const look_t *look);

/* The status to exit with after what was shown: 0; or a part is silent, which has been
   said. */
int look_verdict (const look_t *look);

/* Say that a part did not answer a question, and why. Returns the status to exit
   with. */
int look_trouble (const look_t *look, status_part_t part, const char *reason);

/* Ask a part, and wait until it is over: `take` is as asker.h has it. NULL, or why it
   was not answered (a constant). */
typedef asker_say_t look_take_t (void *context, wire_message_t *question,
                                 const wire_message_t *answer);
const char *look_ask (look_t *look, status_part_t part, const wire_message_t *message,
                      look_take_t *take, void *context);

/* Serve the asker until then (clock_ms ()), or until a key is pressed if `keyboard` is
   a descriptor, not -1; LOOK_SIGNAL: a signal came. */
typedef enum { LOOK_TIME, LOOK_KEY, LOOK_SIGNAL } look_news_t;
look_news_t look_wait (look_t *look, int64_t until_ms, int keyboard);

#define LOOK_INTERRUPTED "interrupted"

#endif

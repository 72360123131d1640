/* asker.h - asks the parts of a central, all at the same time, and never waits: for a
   loop of its owner. A shell, on a DEALER for each part.

   A part has one question at a time; others that it is asked wait behind it. It is
   asked again when its connection was lost and is back. When there is no answer in time
   the question is over, and the part is connected to anew, so that no answer comes too
   late to another question. */

#ifndef LOTERIA_ASKER_H
#define LOTERIA_ASKER_H

#include <czmq.h>

#include "whereabouts.h"
#include "wire.h"

#define ASKER_ITEMS_MAX     (2 * STATUS_PARTS) // to be polled
#define ASKER_QUESTIONS_MAX 8                  // that wait at a part

typedef struct asker asker_t;

typedef enum {
    ASKER_ON,    // more is to come, or this was not meant
    ASKER_NEXT,  // the question was changed for the next page: ask it
    ASKER_LATER, // not now: ask again in a moment
    ASKER_OVER   // that was it
} asker_say_t;

typedef struct {
    wire_message_t message; // what it borrows has to last as long as the question
    int64_t timeout_ms;     // for each answer; 0: the asker's
    /* Handed each answer; NULL stands for bytes that are no message of ours. */
    asker_say_t (*take) (void *context, wire_message_t *question,
                         const wire_message_t *answer);
    /* It is over: `reason` is NULL, or why it was not answered, for people (a
       constant). It may ask another one. */
    void (*over) (void *context, status_part_t part, const char *reason);
    void *context;
} asker_question_t;

/* NULL with the problem: keys, or no sockets. `whereabouts` is copied, but for what it
   borrows itself. */
asker_t *asker_new (const whereabouts_t *whereabouts, int64_t timeout_ms,
                    problem_t *problem);
void asker_destroy (asker_t **asker);

/* Whether there is an endpoint to ask. */
bool asker_has (const asker_t *asker, status_part_t part);

/* Ask. False when the part has no endpoint or too many questions: `over` is not called
   then. */
bool asker_ask (asker_t *asker, status_part_t part, const asker_question_t *question,
                int64_t now_ms);

/* Whether any question is not over yet. */
bool asker_busy (const asker_t *asker);

/* For a loop: what to poll (returns how many), when to look at the latest (as clock_ms
   () has it, INT64_MAX: no need), and to look: what came is handed over. */
size_t asker_items (asker_t *asker, zmq_pollitem_t items[ASKER_ITEMS_MAX]);
int64_t asker_deadline (const asker_t *asker);
void asker_turn (asker_t *asker, int64_t now_ms);

#endif

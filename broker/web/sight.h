/* sight.h - keeps a central in sight: finds it, asks it in rounds, and finds it again
   when it was started anew. A shell; never waits. */

#ifndef LOTERIA_SIGHT_H
#define LOTERIA_SIGHT_H

#include "asker.h"
#include "exposition.h"
#include "refusals.h"
#include "survey.h"

#define SIGHT_ITEMS_MAX ASKER_ITEMS_MAX
#define SIGHT_QUICK_MS                                                                 \
    1000 // from the beginning of one round to the next: when
         // somebody looks, and when nobody does
#define SIGHT_CALM_MS 5000

typedef struct sight sight_t;

/* `config` and `given` are borrowed. NULL with the problem: settings, keys. That no
   central is there is none. */
sight_t *sight_new (const config_t *config, const whereabouts_given_t *given,
                    int64_t now_ms, problem_t *problem);
void sight_destroy (sight_t **sight);

/* How often to ask: SIGHT_QUICK_MS or SIGHT_CALM_MS. */
void sight_pace (sight_t *sight, int64_t every_ms);

/* Take what came and ask what is due. Returns whether there is something new to tell: a
   round is over, or a central was found. */
bool sight_turn (sight_t *sight, int64_t now_ms);

size_t sight_items (sight_t *sight, zmq_pollitem_t items[SIGHT_ITEMS_MAX]);
int64_t sight_deadline (const sight_t *sight, int64_t now_ms);

/* What is to be seen; NULL before the first round, and when there is no central. Until
   the next turn. */
const view_t *sight_view (const sight_t *sight);

/* Why there is nothing, in a line; "" when there is a central. */
const char *sight_reason (const sight_t *sight);

/* When the last round was over, clock_ms (), and the one before it, of the same
   central; equal when there was none before. */
int64_t sight_seen_ms (const sight_t *sight);
int64_t sight_seen_before_ms (const sight_t *sight);

/* What the parts said of themselves in the last round; lines may be added to it. */
exposition_t *sight_exposition (const sight_t *sight);
const refusals_t *sight_refusals (const sight_t *sight);

/* To ask other questions; NULL when there is no central. Another one after
   sight_finds () has changed. */
asker_t *sight_asker (const sight_t *sight);
uint64_t sight_finds (const sight_t *sight);

#endif

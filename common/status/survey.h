/* survey.h - asks a central how it is, round after round, for a loop of its owner: what
   asker.h asks becomes a view. Rates are those since the round before. A shell. */

#ifndef LOTERIA_SURVEY_H
#define LOTERIA_SURVEY_H

#include "asker.h"
#include "view.h"

typedef struct survey survey_t;

/* `asker` is borrowed, and may be asked other things meanwhile. Pages of a part beyond
   SURVEY_PAGES_MAX are not asked for: it is silent then. */
#define SURVEY_PAGES_MAX 4096
survey_t *survey_new (asker_t *asker);
void survey_destroy (survey_t **survey); // before the asker

/* Also ask for the METRICS of this draw from now on, which may be archived; 0: no
   longer. */
void survey_draw (survey_t *survey, uint64_t draw);

/* Hand over each page of METRICS as it comes, besides; NULL: nobody. */
typedef void survey_tap_t (void *context, status_part_t part, bytes_t text);
void survey_tap (survey_t *survey, survey_tap_t *tap, void *context);

/* Begin a round, unless one is under way. */
void survey_begin (survey_t *survey, int64_t now_ms);

/* Whether none is under way. Look after asker_turn (), which may have ended it. */
/* Another one, for rates, without those that were silent in the last one: they stay so,
   and are not waited for again. */
void survey_repeat (survey_t *survey, int64_t now_ms);

bool survey_over (const survey_t *survey);

/* The last whole round; NULL before the first. The next one to end destroys it. */
const view_t *survey_view (const survey_t *survey);

/* How many rounds are over. */
uint64_t survey_rounds (const survey_t *survey);

#endif

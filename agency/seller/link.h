/* link.h - what an agency's people are told of a connection (common/net/reach) on which
   there is no answer. */

#ifndef LOTERIA_LINK_H
#define LOTERIA_LINK_H

#include "reach.h"

/* Why there is no answer, for people; it stays. `keys`: we have some. */
const char *link_reason (reach_state_t state, bool keys);

/* Whether it will not pass by itself, so that people should hear of it at once; and
   whether keys are what is wrong. */
bool link_certain (reach_state_t state);
bool link_misfit (reach_state_t state);

#endif

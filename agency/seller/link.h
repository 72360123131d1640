/* link.h - what an agency's user is told about a connection (common/net/reach) that
   brings no answer. */

#ifndef LOTERIA_LINK_H
#define LOTERIA_LINK_H

#include "reach.h"

/* Why there is no answer, in words for the user; a constant. `keys`: we have some. */
const char *link_reason (reach_state_t state, bool keys);

/* Whether it will not pass by itself, so that the user should hear of it at once; and
   whether the keys are what is wrong. */
bool link_certain (reach_state_t state);
bool link_misfit (reach_state_t state);

#endif

/* asker.h - what an operator of a simulated day asks besides giving orders: how storage
   and state are (STATUS), how a draw is (LOOKUP), who has won (RESULTS). What he is
   told has to be so, and asking changes nothing. */

#ifndef LOTERIA_ASKER_H
#define LOTERIA_ASKER_H

#include "world.h"

typedef struct asker asker_t;

/* Who asks there: AT_STORAGE or AT_STATE. */
asker_t *asker_new (node_t *node, place_t at);
void asker_destroy (asker_t **asker);

/* Take what was answered; and ask something, if it is time to. */
void asker_step (node_t *node, asker_t *asker);
int64_t asker_deadline (const asker_t *asker);

#endif

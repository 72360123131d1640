/* refusals.h - the latest refusals that the broker reported, kept across its pages;
   pure. */

#ifndef LOTERIA_REFUSALS_H
#define LOTERIA_REFUSALS_H

#include "bytes.h"

#define REFUSALS_KEPT 256

typedef struct refusals refusals_t;

refusals_t *refusals_new (void);
void refusals_destroy (refusals_t **refusals);

/* From which of the broker's ordinals on they are wanted. */
uint64_t refusals_from (const refusals_t *refusals);

/* A page, whose `next` the broker said. One that is lower than what was asked for comes
   from a broker that was started again: it is asked from its first on. */
void refusals_take (refusals_t *refusals, bytes_t text, uint64_t next);

/* The latest, a line each, oldest first; borrowed until the next page. */
bytes_t refusals_text (const refusals_t *refusals);

/* Changes with each line. */
uint64_t refusals_count (const refusals_t *refusals);

#endif

/* backoff.h - how long to wait before trying again. Pure: the jitter is derived from a
   seed.

   A wait lasts between a half of the back-off and the whole of it. The back-off doubles
   with every try, so that waits lie between RETRY_MS_MIN and RETRY_MS_MAX, and agencies
   that lost their central together do not all come back together. */

#ifndef LOTERIA_BACKOFF_H
#define LOTERIA_BACKOFF_H

#include <stdint.h>

typedef struct {
    int64_t whole_ms;
    uint64_t random;
} backoff_t;

void backoff_start (backoff_t *backoff, uint64_t seed);

/* Things go well: begin again with the shortest wait. */
void backoff_reset (backoff_t *backoff);

/* A try was in vain: wait longer from now on. */
void backoff_grow (backoff_t *backoff);

/* How long to wait now, in milliseconds. */
int64_t backoff_wait_ms (backoff_t *backoff);

/* `period_ms`, a quarter more or less. */
int64_t backoff_jitter_ms (backoff_t *backoff, int64_t period_ms);

#endif

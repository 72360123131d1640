/* pace.h - how much of the time work that can wait may take: a fifth while others are
   served, and all of it when there is nobody. Pure: the time is told. */

#ifndef LOTERIA_PACE_H
#define LOTERIA_PACE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t owed_us; // of its share, taken already
} pace_t;            // zeros begin

/* Whether a slice may be done now. Others were served for so long since it was asked
   last; 0: there was nobody. */
bool pace_allows (pace_t *pace, int64_t served_us);

/* It took so long, while others were `waiting` or not. */
void pace_took (pace_t *pace, bool waiting, int64_t took_us);

#endif

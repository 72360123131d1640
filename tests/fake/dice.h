/* dice.h - all chance of a simulated day, or disk, from one seed. */

#ifndef LOTERIA_FAKE_DICE_H
#define LOTERIA_FAKE_DICE_H

#include <stdbool.h>

#include "random.h"

typedef uint64_t dice_t;

static inline uint64_t dice_roll (dice_t *dice)
{
    return random_next (dice);
}

/* 0 .. bound - 1 */
static inline uint64_t dice_below (dice_t *dice, uint64_t bound)
{
    return dice_roll (dice) % bound;
}

/* Both ends included. */
static inline int64_t dice_between (dice_t *dice, int64_t least, int64_t most)
{
    return least + (int64_t) dice_below (dice, (uint64_t) (most - least + 1));
}

static inline bool dice_chance (dice_t *dice, unsigned permille)
{
    return dice_below (dice, 1000) < permille;
}

/* Small far more often than large, 0 .. most. */
static inline int64_t dice_skewed (dice_t *dice, int64_t most)
{
    return dice_between (dice, 0, dice_between (dice, 0, most));
}

#endif

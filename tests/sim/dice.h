/* dice.h - all chance of a simulated day: splitmix64, so that a seed is the day. */

#ifndef LOTERIA_DICE_H
#define LOTERIA_DICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} dice_t;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t dice_roll (dice_t *dice)
{
    uint64_t mixed = dice->state += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
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

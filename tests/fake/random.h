/* random.h - seeded: the same walk every time. */

#ifndef LOTERIA_FAKE_RANDOM_H
#define LOTERIA_FAKE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood 2014). */
static inline uint64_t random_next (uint64_t *random)
{
    uint64_t mixed = *random += 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    return mixed ^ (mixed >> 31);
}

/* 0 .. bound - 1 */
static inline size_t random_below (uint64_t *random, size_t bound)
{
    return (size_t) (random_next (random) % bound);
}

#endif

/* life.h - which of a day's registrations of state a REGISTER is for.

   A life has the number of the registration, its generation, in the upper half (the
   first one's is 1; before it the life heard is 0), and in the lower half a number of
   that process's own, drawn at random and never 0. Storage takes a registration of the
   generation behind the last one's only, and who comes with another is told which life
   that was. So only who lived when it had been heard can come after it, and what is
   read late of a process that was killed changes nothing. A day has fewer than 2^32
   records: no generation comes twice, though they begin again behind the highest. */

#ifndef LOTERIA_LIFE_H
#define LOTERIA_LIFE_H

#include <stdbool.h>
#include <stdint.h>

/* The process's own number. */
static inline uint32_t life_own (uint64_t life)
{
    return (uint32_t) life;
}

/* The life that the process with this number registers with behind the one heard. */
static inline uint64_t life_after (uint64_t heard, uint32_t own)
{
    return (uint64_t) ((uint32_t) (heard >> 32) + 1) << 32 | own;
}

/* Whether it may register behind the one heard. */
static inline bool life_follows (uint64_t life, uint64_t heard)
{
    return life_own (life) != 0 && life == life_after (heard, life_own (life));
}

#endif

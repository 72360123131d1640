/* backoff.c - jittered waits that double (agency). */

#include "backoff.h"

#include "bounds.h"

static int64_t between (backoff_t *backoff, int64_t least, int64_t most);

void backoff_start (backoff_t *backoff, uint64_t seed)
{
    backoff->random = seed;
    backoff_reset (backoff);
}

void backoff_reset (backoff_t *backoff)
{
    backoff->whole_ms = 2 * RETRY_MS_MIN;
}

void backoff_grow (backoff_t *backoff)
{
    backoff->whole_ms *= 2;
    if (backoff->whole_ms > RETRY_MS_MAX)
        backoff->whole_ms = RETRY_MS_MAX;
}

int64_t backoff_wait_ms (backoff_t *backoff)
{
    return between (backoff, backoff->whole_ms / 2, backoff->whole_ms);
}

int64_t backoff_jitter_ms (backoff_t *backoff, int64_t period_ms)
{
    return between (backoff, period_ms * 3 / 4, period_ms * 5 / 4);
}

/* SplitMix64 (Steele, Lea, Flood 2014): any seed will do. */
static int64_t between (backoff_t *backoff, int64_t least, int64_t most)
{
    uint64_t mixed = backoff->random += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    mixed ^= mixed >> 31;
    return least + (int64_t) (mixed % (uint64_t) (most - least + 1));
}

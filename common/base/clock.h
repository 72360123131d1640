/* clock.h - time. Deadlines use the monotonic clock and nothing else; see awake.h. */

#ifndef LOTERIA_CLOCK_H
#define LOTERIA_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment in the past; never goes back. */
int64_t clock_ms (void);

/* The same in microseconds, for what is measured. */
int64_t clock_us (void);

/* Milliseconds since 1970, for people: nothing may depend on it. */
uint64_t clock_wall_ms (void);

/* The poll timeout that ends at `deadline_ms`: 0 when it has passed. */
int clock_timeout (int64_t now_ms, int64_t deadline_ms);

#endif

/* clock.c - the monotonic clock: every process. */

#include "clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_ms (void)
{
    return clock_us () / 1000;
}

int64_t clock_us (void)
{
    struct timespec now;
    // Cannot fail with a clock that every Linux has.
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t clock_wall_ms (void)
{
    struct timespec now = {0};
    clock_gettime (CLOCK_REALTIME, &now);
    return now.tv_sec < 0
               ? 0
               : (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

int clock_timeout (int64_t now_ms, int64_t deadline_ms)
{
    if (deadline_ms <= now_ms)
        return 0;
    // A deadline may be "never", INT64_MAX, and now may not be negative: no overflow.
    int64_t left_ms = deadline_ms - now_ms;
    return left_ms > INT_MAX ? INT_MAX : (int) left_ms;
}

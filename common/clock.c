/* clock.c - the monotonic clock: every process. */

#include "clock.h"

#include <limits.h>
#include <time.h>

#include "bounds.h"

int64_t clock_ms (void)
{
    struct timespec now;
    // Cannot fail with a clock that every Linux has.
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int clock_timeout (int64_t now_ms, int64_t deadline_ms)
{
    if (deadline_ms <= now_ms)
        return 0;
    // A deadline may be "never", INT64_MAX, and now may not be negative: no overflow.
    int64_t left_ms = deadline_ms - now_ms;
    return left_ms > INT_MAX ? INT_MAX : (int) left_ms;
}

void awake_start (awake_t *awake, int64_t clock_now_ms)
{
    *awake = (awake_t){.now_ms = clock_now_ms, .seen_ms = clock_now_ms};
}

int64_t awake_look (awake_t *awake, int64_t clock_now_ms)
{
    const int64_t passed_ms = clock_now_ms - awake->seen_ms;
    awake->seen_ms = clock_now_ms;
    awake->now_ms += passed_ms < AWAKE_STEP_MS ? passed_ms : AWAKE_STEP_MS;
    return awake->now_ms;
}

int awake_timeout (const awake_t *awake, int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return -1; // whatever time passes, nothing is due
    const int timeout_ms = clock_timeout (awake->now_ms, deadline_ms);
    return timeout_ms < AWAKE_STEP_MS ? timeout_ms : AWAKE_STEP_MS;
}

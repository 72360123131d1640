/* awake.c - time that passes only while the process runs: broker, ctl, supervisors. */

#include "awake.h"

#include "bounds.h"
#include "clock.h"

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

int64_t awake_deadline (const awake_t *awake, int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return INT64_MAX; // whatever time passes, nothing is due
    return awake->seen_ms + awake_timeout (awake, deadline_ms);
}

int awake_timeout (const awake_t *awake, int64_t deadline_ms)
{
    if (deadline_ms == INT64_MAX)
        return -1; // nothing is due, however long it takes
    const int timeout_ms = clock_timeout (awake->now_ms, deadline_ms);
    return timeout_ms < AWAKE_STEP_MS ? timeout_ms : AWAKE_STEP_MS;
}

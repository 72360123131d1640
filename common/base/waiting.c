/* waiting.c - when to log a wait: every process that needs another. */

#include "waiting.h"

#include "bounds.h"

static bool is_due (const waiting_t *waiting, const char *reason, bool certain,
                    int64_t now_ms);

void waiting_begin (waiting_t *waiting, int64_t now_ms)
{
    if (!waiting->waits)
        *waiting = (waiting_t){.waits = true, .since_ms = now_ms};
}

bool waiting_end (waiting_t *waiting, int64_t now_ms, int64_t *waited_s)
{
    const bool told = waiting->told;
    *waited_s = (now_ms - waiting->since_ms) / 1000;
    *waiting = (waiting_t){0};
    return told;
}

bool waiting_tells (waiting_t *waiting, const char *reason, bool certain,
                    int64_t now_ms, int64_t *waited_s)
{
    if (!waiting->waits || !is_due (waiting, reason, certain, now_ms))
        return false;
    waiting->told = true;
    waiting->told_ms = now_ms;
    waiting->reason = reason;
    *waited_s = (now_ms - waiting->since_ms) / 1000;
    return true;
}

int64_t waiting_deadline (const waiting_t *waiting)
{
    if (!waiting->waits)
        return INT64_MAX;
    return waiting->told ? waiting->told_ms + WAIT_AGAIN_MS
                         : waiting->since_ms + WAIT_FIRST_MS;
}

static bool is_due (const waiting_t *waiting, const char *reason, bool certain,
                    int64_t now_ms)
{
    if (!waiting->told)
        return certain || now_ms >= waiting->since_ms + WAIT_FIRST_MS;
    return now_ms >= waiting->told_ms + WAIT_AGAIN_MS ||
           (reason != waiting->reason && now_ms >= waiting->told_ms + WAIT_FIRST_MS);
}

/* liveness.c - who is heard, who is silent: used by whoever waits for a peer. */

#include "liveness.h"

#include "bounds.h"

void liveness_start (liveness_t *liveness, int64_t interval_ms, int64_t now_ms)
{
    liveness->interval_ms = interval_ms;
    liveness->heard_ms = now_ms;
}

void liveness_heard (liveness_t *liveness, int64_t now_ms)
{
    liveness->heard_ms = now_ms;
}

int64_t liveness_deadline (const liveness_t *liveness)
{
    return liveness->heard_ms + HEARTBEATS_MISSED * liveness->interval_ms;
}

bool liveness_expired (const liveness_t *liveness, int64_t now_ms)
{
    return now_ms >= liveness_deadline (liveness);
}

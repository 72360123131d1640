/* liveness.h - whether a peer is alive. Pure: time comes in as an argument.

   A peer announces its interval and sends something at least that often; any message
   counts. After HEARTBEATS_MISSED intervals of silence it is taken for dead. */

#ifndef LOTERIA_LIVENESS_H
#define LOTERIA_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t interval_ms;
    int64_t heard_ms; // when it was last heard
} liveness_t;

void liveness_start (liveness_t *liveness, int64_t interval_ms, int64_t now_ms);
void liveness_heard (liveness_t *liveness, int64_t now_ms);
int64_t liveness_deadline (const liveness_t *liveness);
bool liveness_expired (const liveness_t *liveness, int64_t now_ms);

#endif

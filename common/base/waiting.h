/* waiting.h - what somebody who waits says of it, and when. Pure: time comes in as an
   argument.

   Nothing for the first WAIT_FIRST_MS: most waits are over by then. Then for what he
   waits and why; again when the reason is another one, at the soonest WAIT_FIRST_MS
   later, and else every WAIT_AGAIN_MS. And when it is over, if it was ever told.

     if (nobody is there)
         waiting_begin (&waiting, now_ms);
     else if (waiting_end (&waiting, now_ms, &waited_s))
         log ... success | after_s: waited_s
     if (waiting_tells (&waiting, why, false, now_ms, &waited_s))
         log ... in_progress | waiting_s: waited_s | reason: why

   All zeros is somebody who does not wait. */

#ifndef LOTERIA_WAITING_H
#define LOTERIA_WAITING_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool waits, told;
    int64_t since_ms, told_ms;
    const char *reason; // that was told; borrowed, compared as a pointer
} waiting_t;

/* The wait begins; nothing if it has begun. */
void waiting_begin (waiting_t *waiting, int64_t now_ms);

/* It is over, or never was. Whether that is to be told; then also how long it was. */
bool waiting_end (waiting_t *waiting, int64_t now_ms, int64_t *waited_s);

/* Whether a line is due, and how long the wait has been. `reason` is a text that stays.
   One that is `certain`, and will not pass by itself, is told at once. */
bool waiting_tells (waiting_t *waiting, const char *reason, bool certain,
                    int64_t now_ms, int64_t *waited_s);

/* When to ask at the latest, for who sleeps till then; INT64_MAX when he does not wait.
 */
int64_t waiting_deadline (const waiting_t *waiting);

#endif

/* waiting.h - when a process that waits for something logs that it does. Pure: time
   comes in as an argument.

   Nothing for the first WAIT_FIRST_MS, as most waits are over by then. Then what it
   waits for and why; again when the reason changes, at the soonest WAIT_FIRST_MS later,
   and otherwise every WAIT_AGAIN_MS. When the wait is over, that too, if the wait was
   ever logged.

     if (the peer is not there)
         waiting_begin (&waiting, now_ms);
     else if (waiting_end (&waiting, now_ms, &waited_s))
         log ... success | after_s: waited_s
     if (waiting_tells (&waiting, why, false, now_ms, &waited_s))
         log ... in_progress | waiting_s: waited_s | reason: why

   All zeros: not waiting. */

#ifndef LOTERIA_WAITING_H
#define LOTERIA_WAITING_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool waits, told;
    int64_t since_ms, told_ms;
    const char *reason; // last logged; borrowed, compared as a pointer
} waiting_t;

/* The wait begins, unless it has begun. */
void waiting_begin (waiting_t *waiting, int64_t now_ms);

/* It is over, or never was. Returns whether to log that, and how long it was. */
bool waiting_end (waiting_t *waiting, int64_t now_ms, int64_t *waited_s);

/* Whether a line is due, and how long the wait has been. `reason` is a constant. A
   `certain` one, which will not pass by itself, is logged at once. */
bool waiting_tells (waiting_t *waiting, const char *reason, bool certain,
                    int64_t now_ms, int64_t *waited_s);

/* When to ask again at the latest; INT64_MAX when not waiting. */
int64_t waiting_deadline (const waiting_t *waiting);

#endif

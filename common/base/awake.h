/* awake.h - waking time: the clock for deadlines after which a silent peer is given up.

   It stands still while the process is stopped (SIGSTOP, a debugger, a frozen container
   or machine). What peers sent meanwhile has yet to be read when the process goes on,
   so it must be read before a peer is given up for its silence. Pure. */

#ifndef LOTERIA_AWAKE_H
#define LOTERIA_AWAKE_H

#include <stdint.h>

typedef struct {
    int64_t now_ms;  // waking time
    int64_t seen_ms; // the clock at the last look
} awake_t;

/* Start with waking time equal to the clock. */
void awake_start (awake_t *awake, int64_t clock_now_ms);

/* Look at the clock: returns waking time, at most AWAKE_STEP_MS later than at the last
   look. For a loop, once per round. */
int64_t awake_look (awake_t *awake, int64_t clock_now_ms);

/* The clock's time at a deadline in waking time, or earlier, when to look at it again:
   see awake_timeout (). INT64_MAX: never. */
int64_t awake_deadline (const awake_t *awake, int64_t deadline_ms);

/* The poll timeout until a deadline in waking time. Never long, so that being stopped
   can be told from sleeping on purpose. */
int awake_timeout (const awake_t *awake, int64_t deadline_ms);

#endif

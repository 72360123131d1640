/* awake.h - waking time, in which those deadlines are after which somebody is given up.

   It stands still while the process is stopped (SIGSTOP, a debugger, a frozen container
   or machine). What others sent meanwhile is still on its way to the loop when that
   goes on: it has to be asked for before anybody is given up for his silence. Pure. */

#ifndef LOTERIA_AWAKE_H
#define LOTERIA_AWAKE_H

#include <stdint.h>

typedef struct {
    int64_t now_ms;  // waking time
    int64_t seen_ms; // the clock at the last look
} awake_t;

/* Waking time, which starts as what the clock says. */
void awake_start (awake_t *awake, int64_t clock_now_ms);

/* Look at the clock: returns waking time, which is at most AWAKE_STEP_MS later than at
   the last look. For a loop, once each time round. */
int64_t awake_look (awake_t *awake, int64_t clock_now_ms);

/* What the clock will say at a deadline in waking time, or when it is to be looked at
   before that: see awake_timeout (). INT64_MAX: never. */
int64_t awake_deadline (const awake_t *awake, int64_t deadline_ms);

/* The poll timeout till a deadline in waking time: never long, so that time that is
   slept through is told from time that is spent asleep on purpose. */
int awake_timeout (const awake_t *awake, int64_t deadline_ms);

#endif

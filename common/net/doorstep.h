/* doorstep.h - connections that arrive when a process has no descriptor left.

   ZeroMQ would leave them waiting and be told again at once that they wait: from then
   on it would do nothing else. So they are accepted with a descriptor kept for this,
   and closed: the other side notices, and tries again after a while. */

#ifndef LOTERIA_DOORSTEP_H
#define LOTERIA_DOORSTEP_H

#include <stdint.h>

/* Call before anything listens. */
void doorstep_open (void);

/* Log how many were closed since the last time, at most once a second. */
void doorstep_tell (int64_t now_ms);

#endif

/* doorstep.h - who comes when a process has no descriptor left for him.

   ZeroMQ would leave him waiting, and be told again at once that somebody waits: it
   does nothing else from then on. So he is let in by a descriptor that is kept for
   this, and shown out: he hears of it, and comes again after a while. */

#ifndef LOTERIA_DOORSTEP_H
#define LOTERIA_DOORSTEP_H

#include <stdint.h>

/* Call before anything listens. */
void doorstep_open (void);

/* Say how many were shown out since the last time, at most once a second. */
void doorstep_tell (int64_t now_ms);

#endif

/* sink.h - where log lines go: stderr, without ever waiting long for who reads it.

   Whoever reads the log may stop reading: a pipe's reader hangs, a terminal is held
   (Ctrl-S). A process must not stop its work for that. */

#ifndef LOTERIA_SINK_H
#define LOTERIA_SINK_H

#include <stddef.h>

/* Write whole lines; return how many bytes of them are done with, always up to a
   line's end. What did not go is for the caller to drop. A line of which a part went is
   done with: its rest is kept and goes first next time, so that no line is cut.

   A reader who is merely slow is waited for: SINK_WAIT_MS at a time at the most, and an
   eighth of the time in the long run; one who takes nothing in that time is not waited
   for again until he does. What goes to a pipe goes in pieces of whole lines that the
   kernel does not mix with what other processes write there. */
size_t sink_write (const char *lines, size_t size);

/* Something for a terminal, such as a bar: what does not go at once is lost. */
void sink_draw (const char *bytes, size_t size);

#endif

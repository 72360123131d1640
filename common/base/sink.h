/* sink.h - where log lines go: stderr, without ever waiting long for its reader.

   A log's reader may stop reading: the end of a pipe hangs, a terminal is held
   (Ctrl-S). A process must not stop its work for that. */

#ifndef LOTERIA_SINK_H
#define LOTERIA_SINK_H

#include <stddef.h>

/* Write whole lines; return how many bytes are done with, always up to a line's end.
   The caller drops the rest. A line that was written in part counts as done: what is
   left of it is kept and written first next time, so that no line is cut.

   A slow reader is waited for, at most SINK_WAIT_MS at a time and an eighth of the time
   in the long run. One that takes nothing in that time is not waited for again until it
   does. Pipes are written to in pieces of whole lines, which the kernel does not mix
   with what other processes write there. */
size_t sink_write (const char *lines, size_t size);

/* Draw a progress bar on a terminal's last line, in place of the one before: one line
   of text, narrower than the terminal. What cannot be written at once is lost. It is
   taken away before the next line is written, or when asked for. */
void sink_draw (const char *text, size_t size);
void sink_erase (void);

#endif

/* copy.h - a copy of a day's files, as they were at one moment, though a process may be
   writing them.

   What lies below a checkpoint is final: nothing there is written again. What lies
   above it is in the log. So a checkpoint, the log from its mark on, and so much of the
   other files as the checkpoint speaks of are a whole day. The log is copied first: it
   is the only thing whose room is used again, and everything that was durable before
   the copy began is in it, or below the checkpoint. */

#ifndef LOTERIA_COPY_H
#define LOTERIA_COPY_H

#include "book.h"

/* Copy the day in `from` to `to`, an empty directory, and sync it. A start there (book_
   open) completes its files from the log. 0, or -1 with the reason in `why`
   (BOOK_WHY_BYTES), and errno: EAGAIN when the day changed too fast, and another
   attempt, into an empty directory again, may go well. `to` is no day then. */
int copy_day (const char *from, const char *to, char *why);

#endif

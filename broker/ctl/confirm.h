/* confirm.h - asking the operator at a terminal whether he means it. */

#ifndef LOTERIA_CONFIRM_H
#define LOTERIA_CONFIRM_H

#include <stdbool.h>
#include <stddef.h>

#define CONFIRM_LINE_BYTES 64

/* Whether there is somebody to ask: stdin is a terminal. */
bool confirm_possible (void);

/* Show `question` on stderr, if there is somebody to read it, and read a line from
   stdin, without blanks around it. False at its end, when it is too long, or when a
   signal came at `signal_fd`. */
bool confirm_read (const char *question, char line[CONFIRM_LINE_BYTES], int signal_fd);

/* Whether what is typed is `expected`. */
bool confirm_typed (const char *question, const char *expected, int signal_fd);

#endif

/* brake.h - holds back log lines that an agency can cause as often as it likes, and
   counts what it holds back.

   Pure. Each agency may cause BRAKE_LINES lines in BRAKE_PERIOD_MS, and all of them
   together BRAKE_LINES_ALL, so that a flood fills no disk and hides nobody else's
   lines. What was left out is told when the time is over. */

#ifndef LOTERIA_BRAKE_H
#define LOTERIA_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct brake brake_t;

brake_t *brake_new (void);
void brake_destroy (brake_t **brake);

/* Whether a line about this agency (0, or beyond AGENCIES_MAX: nobody known) may be
   written now. If not it is counted. */
bool brake_allows (brake_t *brake, uint32_t agency, int64_t now_ms);

/* The next agency whose time is over and of which lines were left out, and how many:
   to be told in one line. False when there is none. */
bool brake_report (brake_t *brake, int64_t now_ms, uint32_t *agency, uint64_t *count);

/* When that is next due, at the latest; INT64_MAX when nothing was left out. */
int64_t brake_deadline (const brake_t *brake);

#endif

/* rate_limit.h - holds back log lines that an agency can cause as often as it likes,
   and counts what it holds back.

   Each agency may cause RATE_LIMIT_LINES lines in RATE_LIMIT_PERIOD_MS, and all
   of them together RATE_LIMIT_LINES_ALL, so that a flood fills no disk and hides nobody
   else's lines. What was left out is told when the time is over. */

#ifndef LOTERIA_RATE_LIMIT_H
#define LOTERIA_RATE_LIMIT_H

#include "logger.h"

typedef struct rate_limit rate_limit_t;

rate_limit_t *rate_limit_new (void);
void rate_limit_destroy (rate_limit_t **limit);

/* Whether a line about this agency (0, or beyond AGENCIES_MAX: nobody known) may be
   written now. If not it is counted. */
bool rate_limit_allows (rate_limit_t *limit, uint32_t agency, int64_t now_ms);

/* The next agency whose time is over and of which lines were left out, and how many:
   to be told in one line. False when there is none. */
bool rate_limit_report (rate_limit_t *limit, int64_t now_ms, uint32_t *agency,
                        uint64_t *count);

/* Do so of all: a line `agency: N | not_logged: N` each. */
void rate_limit_tell (rate_limit_t *limit, int64_t now_ms, logger_level_t level,
                      const char *action);

/* When that is next due, at the latest; INT64_MAX when nothing was left out. */
int64_t rate_limit_deadline (const rate_limit_t *limit);

#endif

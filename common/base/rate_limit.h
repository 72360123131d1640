/* rate_limit.h - limits the log lines that an agency can cause as often as it likes,
   and counts those it holds back.

   Each agency may cause RATE_LIMIT_LINES lines in RATE_LIMIT_PERIOD_MS, and all
   of them together RATE_LIMIT_LINES_ALL, so that a flood neither fills the disk nor
   hides other agencies' lines. What was left out is logged when the period is over. */

#ifndef LOTERIA_RATE_LIMIT_H
#define LOTERIA_RATE_LIMIT_H

#include "logger.h"

typedef struct rate_limit rate_limit_t;

rate_limit_t *rate_limit_new (void);
void rate_limit_destroy (rate_limit_t **limit);

/* Whether a line about this agency (0, or above AGENCIES_MAX: an unknown one) may be
   written now. If not, it is counted. */
bool rate_limit_allows (rate_limit_t *limit, uint32_t agency, int64_t now_ms);

/* The next agency whose period is over and had lines left out, and how many. False when
   there is none. */
bool rate_limit_report (rate_limit_t *limit, int64_t now_ms, uint32_t *agency,
                        uint64_t *count);

/* Log that for all of them: one line `agency: N | not_logged: N` each. */
void rate_limit_tell (rate_limit_t *limit, int64_t now_ms, logger_level_t level,
                      const char *action);

/* When that is next due, at the latest; INT64_MAX when nothing was left out. */
int64_t rate_limit_deadline (const rate_limit_t *limit);

#endif

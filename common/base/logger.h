/* log.h - log lines in the form that the users' programs parse:

     2026-11-23 12:00:00 INFO     action: sorteo | result: success | numero: 7574

   To stderr, whole lines, and never waiting long for who reads them (sink.h): lines
   that nobody takes are dropped, and when they go again the first one says how many:

     2026-11-23 12:00:00 WARNING  action: log | result: fail | ... | dropped: 812 */

#ifndef LOTERIA_LOGGER_H
#define LOTERIA_LOGGER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/* czmq.h brings in syslog's levels, macros of these names with other values: whichever
   header comes first, ours are meant. */
#undef LOG_DEBUG
#undef LOG_INFO
#undef LOG_WARNING

typedef enum {
    LOG_DEBUG,
    LOG_INFO,
    LOG_WARNING,
    LOG_ERROR,
    LOG_CRITICAL
} logger_level_t;

/* CRITICAL, ERROR, WARNING, INFO or DEBUG, in any case. Returns 0, or -1 for other
   text. */
int logger_level_parse (const char *text, logger_level_t *level);

void logger_set_level (logger_level_t level);
bool logger_enabled (logger_level_t level);

typedef enum { LOG_SUCCESS, LOG_FAIL, LOG_IN_PROGRESS } logger_result_t;

/* Write a line. `format` holds the parts behind the result, "key: %s | other: %u", or
   is NULL. A '|' that comes in with a value is written as '/', a control character as
   a space, and what text.h calls hidden as question marks, so that no value can look
   like another part, another line or another value. */
void logger_event (logger_level_t level, const char *action, logger_result_t result,
                   const char *format, ...) __attribute__ ((format (printf, 4, 5)));

/* The same with the values as a list. */
void logger_event_list (logger_level_t level, const char *action,
                        logger_result_t result, const char *format, va_list values);

/* In two steps, for a line that is written elsewhere, later or never: the parts as
   text, and the line with them. */
#define LOGGER_PARTS_BYTES 896
void logger_parts (char text[LOGGER_PARTS_BYTES], const char *format, va_list values);
void logger_event_parts (logger_level_t level, const char *action,
                         logger_result_t result, const char *parts);

/* A rate limit for lines that a stranger could cause: at most one a second. */
typedef struct {
    int64_t last_ms;
    uint64_t held_back;
} logger_limit_t;

/* logger_event (), with `not_logged_before: N` behind the parts, N lines not having
   been written since the last; or nothing, and one more is counted. */
void logger_event_limited (logger_limit_t *limit, int64_t now_ms, logger_level_t level,
                           const char *action, logger_result_t result,
                           const char *format, ...)
    __attribute__ ((format (printf, 6, 7)));

/* For a line that counts otherwise: whether it may be written now; if so `*held_back`
   says how many were not since the last. */
bool logger_limit_allows (logger_limit_t *limit, int64_t now_ms, uint64_t *held_back);

/* What a process counts of messages that were none, or not for it: say so when there
   are more than last time, at most once a second. */
typedef struct {
    logger_limit_t limit;
    uint64_t told;
} logger_strays_t;

void logger_strays (logger_strays_t *strays, uint64_t count, int64_t now_ms);

/* A line in no such form, for programs that say on stderr how they are used wrongly. */
void logger_text (const char *line);

/* Gather lines and write them together: for a process that logs many at
   once. logger_flush () writes what was gathered and must be called before waiting;
   logger_discard () drops it: it says what turned out not to be so. The buffer grows
   with what is gathered; at 32 MiB it is written without being asked. */
void logger_gather (bool on);
void logger_flush (void);
void logger_discard (void);

#endif

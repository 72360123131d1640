/* log.h - log lines in the form that the users' programs parse:

     2026-11-23 12:00:00 INFO     action: sorteo | result: success | numero: 7574

   To stderr, whole lines, and never waiting long for who reads them (sink.h): lines
   that nobody takes are dropped, and when they go again the first one says how many:

     2026-11-23 12:00:00 WARNING  action: log | result: fail | ... | dropped: 812 */

#ifndef LOTERIA_LOG_H
#define LOTERIA_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/* czmq.h brings in syslog's levels, macros of these names with other values: whichever
   header comes first, ours are meant. */
#undef LOG_DEBUG
#undef LOG_INFO
#undef LOG_WARNING

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_CRITICAL } log_level_t;

/* CRITICAL, ERROR, WARNING, INFO or DEBUG, in any case. Returns 0, or -1 for other
   text. */
int log_level_parse (const char *text, log_level_t *level);

const char *log_level_name (log_level_t level);

void log_set_level (log_level_t level);
bool log_enabled (log_level_t level);

typedef enum { LOG_SUCCESS, LOG_FAIL, LOG_IN_PROGRESS } log_result_t;

/* Write a line. `format` holds the parts behind the result, "key: %s | other: %u", or
   is NULL. A '|' that comes in with a value is written as '/', a control character as
   a space, and what text.h calls hidden as question marks, so that no value can look
   like another part, another line or another value. */
void log_event (log_level_t level, const char *action, log_result_t result,
                const char *format, ...) __attribute__ ((format (printf, 4, 5)));

/* The same with the values as a list. */
void log_event_list (log_level_t level, const char *action, log_result_t result,
                     const char *format, va_list values);

/* A brake for lines that a stranger could cause: at most one a second. */
typedef struct {
    int64_t last_ms;
    uint64_t held_back;
} log_brake_t;

/* Whether a line may be written now; if so `*held_back` says how many were not since
   the last. */
bool log_brake_open (log_brake_t *brake, int64_t now_ms, uint64_t *held_back);

/* What a process counts of messages that were none, or not for it: say so when there
   are more than last time, at most once a second. */
typedef struct {
    log_brake_t brake;
    uint64_t told;
} log_strays_t;

void log_strays (log_strays_t *strays, uint64_t count, int64_t now_ms);

/* A line in no such form, for programs that say on stderr how they are used wrongly. */
void log_text (const char *line);

/* Gather lines and write them together: for a process that logs many at
   once. log_flush () writes what was gathered and must be called before waiting;
   log_discard () drops it: it says what turned out not to be so. The buffer grows with
   what is gathered; at 32 MiB it is written without being asked. */
void log_gather (bool on);
void log_flush (void);
void log_discard (void);

#endif

/* logger.h - log lines in the form that the users' programs parse:

     2026-11-23 12:00:00 INFO     action: sorteo | result: success | numero: 7574

   They go to stderr as whole lines, never waiting long for their reader (sink.h). Lines
   that nobody reads are dropped; when writing works again, the first line says how
   many:

     2026-11-23 12:00:00 WARNING  action: log | result: fail | ... | dropped: 812

   Or as an object of JSON each, with the same names and values, all of them text. */

#ifndef LOTERIA_LOGGER_H
#define LOTERIA_LOGGER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

#include "line_ring.h"

/* czmq.h brings in syslog's levels: macros of these names with other values. Whichever
   header comes first, ours count. */
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

/* How lines are written; text, unless told otherwise. `text` or `json`, in any case:
   returns 0, or -1 for other text. */
typedef enum { LOGGER_TEXT, LOGGER_JSON } logger_form_t;
int logger_form_parse (const char *text, logger_form_t *wanted);
void logger_set_form (logger_form_t wanted);

/* What every line says that is written from now on, behind its own parts (but before a
   reason): parts as in a format, "draw: first | agency: 3", of at most
   LOGGER_CONTEXT_BYTES - 1 bytes; "" is none. And at its end `process`: which of
   several this is whose lines one terminal shows. It is in the environment of a child
   that a supervisor started. */
#define LOGGER_CONTEXT_BYTES       96
#define LOGGER_PROCESS_BYTES       40
#define LOGGER_PROCESS_ENVIRONMENT "LOTERIA_PROCESS"
void logger_set_context (const char *parts);
void logger_set_process (const char *name);

typedef enum { LOG_SUCCESS, LOG_FAIL, LOG_IN_PROGRESS } logger_result_t;

/* Write a line. `format` has the parts after the result, "key: %s | other: %u", or is
   NULL. In a value a '|' becomes '/', a control character a space, and what text.h
   calls hidden question marks, so that no value can look like another part, line or
   value. */
void logger_event (logger_level_t level, const char *action, logger_result_t result,
                   const char *format, ...) __attribute__ ((format (printf, 4, 5)));

/* The same with the values as a list. */
void logger_event_list (logger_level_t level, const char *action,
                        logger_result_t result, const char *format, va_list values);

/* The same in two steps, for a line that is written elsewhere, later or never: format
   the parts, and write a line with them. */
#define LOGGER_PARTS_BYTES 896
void logger_parts (char text[LOGGER_PARTS_BYTES], const char *format, va_list values);
void logger_event_parts (logger_level_t level, const char *action,
                         logger_result_t result, const char *parts);

/* A rate limit for lines that a stranger could cause: at most one a second. */
typedef struct {
    int64_t last_ms;
    uint64_t held_back;
} logger_limit_t;

/* logger_event () with `not_logged_before: N` added: N lines were not written since the
   last. If this one may not be written either, it is counted. */
void logger_event_limited (logger_limit_t *limit, int64_t now_ms, logger_level_t level,
                           const char *action, logger_result_t result,
                           const char *format, ...)
    __attribute__ ((format (printf, 6, 7)));

/* For a line that says it another way: whether it may be written now; if so
   `*held_back` says how many were not since the last. */
bool logger_limit_allows (logger_limit_t *limit, int64_t now_ms, uint64_t *held_back);

/* A process counts messages that it could not read or that were not for it. Log when
   there are more than last time, at most once a second. */
typedef struct {
    logger_limit_t limit;
    uint64_t told;
} logger_strays_t;

void logger_strays (logger_strays_t *strays, uint64_t count, int64_t now_ms);

/* A line of plain text, for programs that say on stderr how they were used wrongly. */
void logger_text (const char *line);

/* The same at once, whatever is gathered: of what is so already, and not of what may
   yet turn out not to be. */
void logger_event_now (logger_level_t level, const char *action, logger_result_t result,
                       const char *format, ...) __attribute__ ((format (printf, 4, 5)));

/* Gather lines and write them together, for a process that logs many at once.
   logger_flush () writes what was gathered, and must be called before waiting;
   logger_discard () drops it, because it turned out not to be so. The buffer grows as
   needed; at 32 MiB it is written without being asked. */
void logger_gather (bool on);
void logger_flush (void);
/* For who gathers the lines of two groups, one behind the other: what was gathered by
   now is the first one's, and leaves with logger_flush_marked () (or the others). */
void logger_mark (void);
void logger_flush_marked (void);
void logger_discard (void);

/* The latest lines, for who asks the process (self_report.h): LINES_KEPT of them, in at
   most LINES_KEPT_BYTES; those that were gathered once they have left. Never NULL; it
   grows with each line. */
const line_ring_t *logger_kept (void);

/* Turn a line of it into one for other eyes: "1795000000123 INFO action: ..." (when, in
   milliseconds since 1970), with documents of people hidden. Returns its size. */
#define LOGGER_SHOWN_BYTES (2 * RING_LINE_BYTES_MAX)
size_t logger_show (bytes_t line, char shown[LOGGER_SHOWN_BYTES]);

/* The same with the documents, for who has asked for them. */
size_t logger_show_whole (bytes_t line, char shown[LOGGER_SHOWN_BYTES]);

#endif

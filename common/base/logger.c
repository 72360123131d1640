/* logger.c - log lines on stderr: every process, from its one thread. */

#include "logger.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "bounds.h"
#include "clock.h"
#include "sink.h"
#include "text.h"

#define LINE_BYTES_MAX   1024 // with the line's end
#define FORMAT_BYTES_MAX 512
#define GATHER_BYTES_MAX (32 * 1024 * 1024) // a line for each bet of the largest group
#define RATE_LIMIT_MS    1000
#define DOTS             "..." // at the end of a line that was cut
#define SEPARATOR        " | " // of the parts
#define HEAD_BYTES_MAX   (LINE_BYTES_MAX - STAMP_GROWTH - LOGGER_PARTS_BYTES - 4)
#define WRITE_BYTES      (64 * 1024) // that are made ready to be written at a time

/* A line is kept with the time in milliseconds, which has as many digits from 2001 to
   2286, and gets its stamp when it is written. Behind it is the level. */
#define TIME_BYTES      13
#define STAMP_BYTES     19
#define STAMP_GROWTH    (STAMP_BYTES - TIME_BYTES)
#define LEVEL_BYTES     8
#define LEVEL_AT        (TIME_BYTES + 1)
#define TEXT_AT         (LEVEL_AT + LEVEL_BYTES + 1)
#define SHOWN_BYTES_MAX 4096 // a line as it is written: a pipe takes it in one piece
#define RFC_TIME_BYTES  64
#define HIDDEN          "hidden" // in place of a person's document

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR",
                                          "CRITICAL"};
static const char *const result_names[] = {"success", "fail", "in_progress"};

static logger_level_t lowest_level = LOG_INFO;
static logger_form_t form = LOGGER_TEXT;
static uint64_t dropped; // lines that nobody read

static struct { // what every line says, each part behind a separator
    bool known; // whether `process` was looked for
    char context[LOGGER_CONTEXT_BYTES + sizeof SEPARATOR];
    char process[LOGGER_PROCESS_BYTES + sizeof SEPARATOR "process: "];
} everywhere;

static struct {
    bool on;
    size_t size, marked, capacity;
    char *bytes; // kept for the life of the process
} gathered;

static size_t write_head (char *line, logger_level_t level, const char *action,
                          logger_result_t result);
static size_t write_parts (char *text, size_t capacity, const char *format,
                           va_list values);
static void format_both (char *text, char *marked, size_t capacity, const char *format,
                         va_list values, bool *cut);
static size_t shorten (const char *text, const char *marked, size_t size);
static void clean_values (char *text, const char *marked, size_t size);
static void emit (const char *bytes, size_t size);
static void write_lines (const char *lines, size_t size);
static size_t show_line (char *text, const char *line, size_t size);
static char *show_text (char *to, const char *line, size_t size);
static char *show_object (char *to, const char *line, size_t size);
static char *put_members (char *to, const char *part, const char *end);
static void write_time (char text[RFC_TIME_BYTES], uint64_t time_ms);
static char *put_member (char *to, bytes_t name, bytes_t value);
static char *put_quoted (char *to, bytes_t text);
static void look_for_process (void);
static bool is_plain (const char *name);
static void keep (const char *line, size_t size);
static bool write_out (const char *bytes, size_t size);
static bool tell_dropped (void);
static size_t key_of_person (const char *part, size_t size);
static size_t level_size (const char *line, size_t size);
static line_ring_t *ring_of_lines (void);
static uint64_t count_lines (const char *bytes, size_t size);

int logger_level_parse (const char *text, logger_level_t *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcasecmp (text, level_names[i]) == 0) {
            *level = (logger_level_t) i;
            return 0;
        }
    return -1;
}

void logger_set_level (logger_level_t level)
{
    lowest_level = level;
}

void logger_set_form (logger_form_t wanted)
{
    form = wanted;
}

int logger_form_parse (const char *text, logger_form_t *wanted)
{
    *wanted = strcasecmp (text, "json") == 0 ? LOGGER_JSON : LOGGER_TEXT;
    return *wanted == LOGGER_JSON || strcasecmp (text, "text") == 0 ? 0 : -1;
}

void logger_set_context (const char *parts)
{
    snprintf (everywhere.context, sizeof everywhere.context, "%s%.*s",
              *parts ? SEPARATOR : "", LOGGER_CONTEXT_BYTES - 1, parts);
}

void logger_set_process (const char *name)
{
    everywhere.known = true;
    snprintf (everywhere.process, sizeof everywhere.process, "%s%.*s",
              *name ? SEPARATOR "process: " : "", LOGGER_PROCESS_BYTES - 1, name);
}

bool logger_enabled (logger_level_t level)
{
    return level >= lowest_level;
}

void logger_event (logger_level_t level, const char *action, logger_result_t result,
                   const char *format, ...)
{
    va_list values;
    va_start (values, format);
    logger_event_list (level, action, result, format, values);
    va_end (values);
}

void logger_event_list (logger_level_t level, const char *action,
                        logger_result_t result, const char *format, va_list values)
{
    if (!logger_enabled (level))
        return;

    char line[LINE_BYTES_MAX];
    size_t size = write_head (line, level, action, result);
    if (format)
        size += write_parts (line + size, sizeof line - STAMP_GROWTH - 1 - size, format,
                             values);
    line[size++] = '\n';
    emit (line, size);
}

void logger_parts (char text[LOGGER_PARTS_BYTES], const char *format, va_list values)
{
    char parts[LOGGER_PARTS_BYTES + sizeof SEPARATOR - 1];
    const size_t size = write_parts (parts, sizeof parts - 1, format, values);
    parts[size] = 0;
    strcpy (text, size ? parts + sizeof SEPARATOR - 1 : "");
}

void logger_event_parts (logger_level_t level, const char *action,
                         logger_result_t result, const char *parts)
{
    if (!logger_enabled (level))
        return;

    char line[LINE_BYTES_MAX];
    size_t size = write_head (line, level, action, result);
    if (*parts)
        size += (size_t) snprintf (line + size, sizeof line - size, SEPARATOR "%.*s",
                                   LOGGER_PARTS_BYTES - 1, parts);
    line[size++] = '\n';
    emit (line, size);
}

bool logger_limit_allows (logger_limit_t *limit, int64_t now_ms, uint64_t *held_back)
{
    if (limit->last_ms != 0 && now_ms - limit->last_ms < RATE_LIMIT_MS) {
        limit->held_back++;
        return false;
    }
    *held_back = limit->held_back;
    limit->last_ms = now_ms;
    limit->held_back = 0;
    return true;
}

void logger_event_limited (logger_limit_t *limit, int64_t now_ms, logger_level_t level,
                           const char *action, logger_result_t result,
                           const char *format, ...)
{
    uint64_t held_back;
    if (!logger_limit_allows (limit, now_ms, &held_back))
        return;
    char parts[LOGGER_PARTS_BYTES];
    va_list values;
    va_start (values, format);
    logger_parts (parts, format, values);
    va_end (values);
    const size_t size = strlen (parts);
    snprintf (parts + size, sizeof parts - size, SEPARATOR "not_logged_before: %llu",
              (unsigned long long) held_back);
    logger_event_parts (level, action, result, parts);
}

void logger_strays (logger_strays_t *strays, uint64_t count, int64_t now_ms)
{
    uint64_t held_back;
    if (count == strays->told ||
        !logger_limit_allows (&strays->limit, now_ms, &held_back))
        return;
    logger_event (LOG_WARNING, "mensaje_recibido", LOG_FAIL,
                  "reason: not a message for this process | count: %llu",
                  (unsigned long long) (count - strays->told));
    strays->told = count;
}

void logger_text (const char *line)
{
    char text[LINE_BYTES_MAX];
    size_t size = strnlen (line, sizeof text - 1);
    memcpy (text, line, size);
    text[size++] = '\n';
    write_out (text, size);
}

void logger_event_now (logger_level_t level, const char *action, logger_result_t result,
                       const char *format, ...)
{
    const bool gathers = gathered.on;
    va_list values;
    va_start (values, format);
    gathered.on = false;
    logger_event_list (level, action, result, format, values);
    gathered.on = gathers;
    va_end (values);
}

void logger_gather (bool on)
{
    if (!on)
        logger_flush ();
    gathered.on = on;
}

void logger_flush (void)
{
    write_lines (gathered.bytes, gathered.size);
    gathered.size = gathered.marked = 0;
}

void logger_mark (void)
{
    gathered.marked = gathered.size;
}

void logger_flush_marked (void)
{
    if (gathered.marked == 0)
        return;
    write_lines (gathered.bytes, gathered.marked);
    gathered.size -= gathered.marked;
    memmove (gathered.bytes, gathered.bytes + gathered.marked, gathered.size);
    gathered.marked = 0;
}

void logger_discard (void)
{
    gathered.size = gathered.marked = 0;
}

const line_ring_t *logger_kept (void)
{
    return ring_of_lines ();
}

size_t logger_show (bytes_t line, char shown[LOGGER_SHOWN_BYTES])
{
    const char *at = (const char *) line.data, *end = at + line.size;
    if (line.size < TEXT_AT)
        return 0;
    char *to = mempcpy (shown, at, LEVEL_AT + level_size (at, line.size));
    for (at += TEXT_AT - 1; at < end;) { // from the blank before a part
        const char *bar = memchr (at, '|', (size_t) (end - at));
        const char *next = bar ? bar + 1 : end;
        const size_t key = key_of_person (at, (size_t) (next - at));
        to = mempcpy (to, at, key ? key : (size_t) (next - at));
        if (key)
            to = stpcpy (to, bar ? HIDDEN " |" : HIDDEN);
        at = next;
    }
    return (size_t) (to - shown);
}

size_t logger_show_whole (bytes_t line, char shown[LOGGER_SHOWN_BYTES])
{
    const char *at = (const char *) line.data, *text = at + TEXT_AT - 1;
    if (line.size < TEXT_AT)
        return 0;
    char *to = mempcpy (shown, at, LEVEL_AT + level_size (at, line.size));
    to = mempcpy (to, text, line.size - (TEXT_AT - 1));
    return (size_t) (to - shown);
}

/* The size of " dni: " and the like, if that is how the part begins; else 0. */
static size_t key_of_person (const char *part, size_t size)
{
    static const char *const keys[] = {" dni: ", " document: ", " documento: "};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (size >= strlen (keys[i]) && memcmp (part, keys[i], strlen (keys[i])) == 0)
            return strlen (keys[i]);
    return 0;
}

static size_t level_size (const char *line, size_t size)
{
    const char *level = line + LEVEL_AT;
    const char *blank = memchr (level, ' ', size - LEVEL_AT);
    return blank && blank < level + LEVEL_BYTES ? (size_t) (blank - level)
                                                : LEVEL_BYTES;
}

static line_ring_t *ring_of_lines (void)
{
    static line_ring_t *ring;
    if (!ring)
        ring = line_ring_new (LINES_KEPT, LINES_KEPT_BYTES);
    return ring;
}

static size_t write_head (char *line, logger_level_t level, const char *action,
                          logger_result_t result)
{
    int size = snprintf (line, HEAD_BYTES_MAX, "%0*llu %-*s action: %s | result: %s",
                         TIME_BYTES, (unsigned long long) clock_wall_ms (), LEVEL_BYTES,
                         level_names[level], action, result_names[result]);
    assert (size > 0 && size < HEAD_BYTES_MAX);
    return (size_t) size;
}

/* Write " | " and the parts; return the bytes written. `text` is not a terminated
   string afterwards. */
static size_t write_parts (char *text, size_t capacity, const char *format,
                           va_list values)
{
    char marked[LINE_BYTES_MAX];
    const size_t separator = sizeof SEPARATOR - 1;
    char *parts = text + separator;
    bool cut;

    format_both (parts, marked, capacity - separator, format, values, &cut);
    size_t size = strlen (parts);
    if (cut)
        size = shorten (parts, marked, size);
    if (size == 0)
        return 0;
    clean_values (parts, marked, size);
    if (cut) {
        memcpy (parts + size, DOTS, sizeof DOTS - 1);
        size += sizeof DOTS - 1;
    }
    memcpy (text, SEPARATOR, separator);
    return separator + size;
}

/* The text alone does not tell a '|' of the format from one in a value. So it is
   written twice, the second time with a line feed for each '|' of the format: where the
   two differ, and nowhere else, the '|' separates parts. */
static void format_both (char *text, char *marked, size_t capacity, const char *format,
                         va_list values, bool *cut)
{
    char marking[FORMAT_BYTES_MAX];
    size_t format_size = strlen (format);
    assert (format_size < sizeof marking);
    for (size_t i = 0; i <= format_size; i++)
        marking[i] = format[i] == '|' ? '\n' : format[i];

    va_list again;
    va_copy (again, values);
    int size = vsnprintf (text, capacity, format, values);
    vsnprintf (marked, capacity, marking, again);
    va_end (again);

    if (size < 0) { // a value that cannot be converted
        text[0] = marked[0] = 0;
        size = 0;
    }
    *cut = (size_t) size >= capacity;
}

/* The size to cut to: with room for the dots, no character split, and no last part that
   lost its colon. */
static size_t shorten (const char *text, const char *marked, size_t size)
{
    size = size > sizeof DOTS - 1 ? size - (sizeof DOTS - 1) : 0;
    while (size > 0 && ((unsigned char) text[size] & 0xC0) == 0x80)
        size--;

    size_t part = size;
    while (part > 0 && text[part - 1] == marked[part - 1])
        part--;
    if (memchr (text + part, ':', size - part))
        return size;
    size = part > 0 ? part - 1 : 0;
    while (size > 0 && text[size - 1] == ' ')
        size--;
    return size;
}

/* A value's own '|' becomes '/', a control character spaces. Invisible characters,
   those that reverse text and bytes that are not UTF-8 become question marks: no
   program that reads lines stumbles over them, and no line says anything but what it
   shows. */
static void clean_values (char *text, const char *marked, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint32_t character = 0;
        const size_t length =
            text_character (bytes_of (text + at, size - at), &character);
        if (character == '|' && marked[at] == '|')
            text[at] = '/';
        else if (length == 0 || text_is_hidden (character))
            memset (text + at, '?', length ? length : 1);
        else if (text_is_control (character))
            memset (text + at, ' ', length);
        at += length ? length : 1;
    }
}

static void emit (const char *bytes, size_t size)
{
    if (!gathered.on) {
        write_lines (bytes, size);
        return;
    }
    if (size > GATHER_BYTES_MAX - gathered.size)
        logger_flush ();
    if (size > gathered.capacity - gathered.size) {
        gathered.capacity = 2 * gathered.capacity + LINE_BYTES_MAX;
        gathered.bytes = realloc (gathered.bytes, gathered.capacity);
        assert (gathered.bytes);
    }
    memcpy (gathered.bytes + gathered.size, bytes, size);
    gathered.size += size;
}

/* Keep them, and write them with their stamps: as far as somebody takes them. */
static void write_lines (const char *lines, size_t size)
{
    static char text[WRITE_BYTES];
    size_t filled = 0;
    bool taken = true;
    for (size_t at = 0; at < size;) {
        const char *line = lines + at;
        const char *end = memchr (line, '\n', size - at);
        const size_t length = (size_t) (end + 1 - line);
        if (SHOWN_BYTES_MAX > sizeof text - filled) {
            taken = write_out (text, filled);
            filled = 0;
        }
        keep (line, length - 1);
        if (taken)
            filled += show_line (text + filled, line, length);
        else
            dropped++;
        at += length;
    }
    write_out (text, filled);
}

/* With its stamp, and what every line says; at most SHOWN_BYTES_MAX. */
static size_t show_line (char *text, const char *line, size_t size)
{
    if (!everywhere.known)
        look_for_process ();
    char *to = form == LOGGER_JSON ? show_object (text, line, size - 1)
                                   : show_text (text, line, size - 1);
    *to++ = '\n';
    return (size_t) (to - text);
}

static char *show_text (char *to, const char *line, size_t size)
{
    static const char reason[] = SEPARATOR "reason: ";
    const time_t when = (time_t) (strtoull (line, NULL, 10) / 1000);
    const char *end = line + size, *rest = end;
    struct tm local;
    char stamp[32];
    if (*everywhere.context)
        rest = memmem (line, size, reason, sizeof reason - 1);
    if (!rest)
        rest = end;
    if (localtime_r (&when, &local) &&
        strftime (stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local) == STAMP_BYTES)
        to = mempcpy (to, stamp, STAMP_BYTES);
    to = mempcpy (to, line + TIME_BYTES, (size_t) (rest - line) - TIME_BYTES);
    to = stpcpy (to, everywhere.context);
    to = mempcpy (to, rest, (size_t) (end - rest));
    return stpcpy (to, everywhere.process);
}

/* Its parts are the object's members; no value holds a '|'. */
static char *show_object (char *to, const char *line, size_t size)
{
    static const char *const names[] = {"time", "level"};
    char stamp[RFC_TIME_BYTES];
    write_time (stamp, strtoull (line, NULL, 10));
    *to++ = '{';
    to = put_member (to, bytes_of (names[0], strlen (names[0])),
                     bytes_of (stamp, strlen (stamp)));
    to = put_member (to, bytes_of (names[1], strlen (names[1])),
                     bytes_of (line + LEVEL_AT, level_size (line, size)));
    to = put_members (to, line + TEXT_AT, line + size);
    to = put_members (to, everywhere.context,
                      everywhere.context + strlen (everywhere.context));
    to = put_members (to, everywhere.process,
                      everywhere.process + strlen (everywhere.process));
    *to++ = '}';
    return to;
}

static char *put_members (char *to, const char *part, const char *end)
{
    while (part < end) {
        if (strncmp (part, SEPARATOR, sizeof SEPARATOR - 1) == 0)
            part += sizeof SEPARATOR - 1;
        const char *bar =
            memmem (part, (size_t) (end - part), SEPARATOR, sizeof SEPARATOR - 1);
        const char *rest = bar ? bar : end;
        const char *colon = memchr (part, ':', (size_t) (rest - part));
        const char *value = colon ? colon + 1 : rest;
        value += value < rest && *value == ' ';
        to = put_member (to, bytes_of (part, (size_t) ((colon ? colon : rest) - part)),
                         bytes_of (value, (size_t) (rest - value)));
        part = rest;
    }
    return to;
}

static char *put_member (char *to, bytes_t name, bytes_t value)
{
    if (to[-1] != '{')
        *to++ = ',';
    to = put_quoted (to, name);
    *to++ = ':';
    return put_quoted (to, value);
}

/* Two bytes for one at most: clean_values () left neither control characters nor what
   is no text. */
static char *put_quoted (char *to, bytes_t text)
{
    *to++ = '"';
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            *to++ = '\\';
        *to++ = text.data[i] < ' ' ? ' ' : (char) text.data[i];
    }
    *to++ = '"';
    return to;
}

/* As RFC 3339 has it, by the clock on the wall here: 2026-11-23T12:00:00.125-03:00. */
static void write_time (char text[RFC_TIME_BYTES], uint64_t time_ms)
{
    const time_t when = (time_t) (time_ms / 1000);
    struct tm local = {0};
    char stamp[24] = "", zone[8] = "";
    localtime_r (&when, &local);
    strftime (stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &local);
    strftime (zone, sizeof zone, "%z", &local);
    snprintf (text, RFC_TIME_BYTES, "%s.%03u%.3s:%.2s", stamp,
              (unsigned) (time_ms % 1000), zone, zone + 3);
}

/* Of a child that a supervisor started. */
static void look_for_process (void)
{
    const char *name = getenv (LOGGER_PROCESS_ENVIRONMENT);
    everywhere.known = true;
    if (name && is_plain (name))
        logger_set_process (name);
}

/* What somebody put into the environment is not to look like another part. */
static bool is_plain (const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return *name && name[strspn (name, plain)] == 0;
}

static void keep (const char *line, size_t size)
{
    line_ring_put (ring_of_lines (), bytes_of (line, size));
}

/* A process must not stop its work, or wait, for a log line: what cannot be written is
   dropped and counted. Returns whether all was written. */
static bool write_out (const char *bytes, size_t size)
{
    if (size == 0)
        return true;
    const size_t done = tell_dropped () ? sink_write (bytes, size) : 0;
    dropped += count_lines (bytes + done, size - done);
    return done == size;
}

/* Says it where the lines are missing, and whatever the level, as those dropped may
   have been of any. Returns whether lines can be written. */
static bool tell_dropped (void)
{
    if (dropped == 0)
        return true;
    char line[LINE_BYTES_MAX], text[SHOWN_BYTES_MAX];
    size_t size = write_head (line, LOG_WARNING, "log", LOG_FAIL);
    size +=
        (size_t) snprintf (line + size, sizeof line - size,
                           " | reason: nobody was reading the log | dropped: %llu\n",
                           (unsigned long long) dropped);
    size = show_line (text, line, size);
    if (sink_write (text, size) < size)
        return false;
    dropped = 0;
    return true;
}

static uint64_t count_lines (const char *bytes, size_t size)
{
    uint64_t count = 0;
    for (const char *at = bytes; (at = memchr (at, '\n', size - (size_t) (at - bytes)));
         at++)
        count++;
    return count;
}

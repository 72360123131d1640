/* logger.c - log lines on stderr: every process, from its one thread. */

#include "logger.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "sink.h"
#include "text.h"

#define LINE_BYTES_MAX   1024 // with the line's end
#define FORMAT_BYTES_MAX 512
#define GATHER_BYTES_MAX (32 * 1024 * 1024) // a line for each bet of the largest group
#define RATE_LIMIT_MS    1000
#define DOTS             "..." // at the end of a line that was cut
#define SEPARATOR        " | " // of the parts
#define HEAD_BYTES_MAX   (LINE_BYTES_MAX - LOGGER_PARTS_BYTES - 4)

static const char *const level_names[] = {"DEBUG", "INFO", "WARNING", "ERROR",
                                          "CRITICAL"};
static const char *const result_names[] = {"success", "fail", "in_progress"};

static logger_level_t lowest_level = LOG_INFO;
static uint64_t dropped; // lines that nobody read

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
static void write_out (const char *bytes, size_t size);
static bool tell_dropped (void);
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
        size += write_parts (line + size, sizeof line - 1 - size, format, values);
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

void logger_gather (bool on)
{
    if (!on)
        logger_flush ();
    gathered.on = on;
}

void logger_flush (void)
{
    write_out (gathered.bytes, gathered.size);
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
    write_out (gathered.bytes, gathered.marked);
    gathered.size -= gathered.marked;
    memmove (gathered.bytes, gathered.bytes + gathered.marked, gathered.size);
    gathered.marked = 0;
}

void logger_discard (void)
{
    gathered.size = gathered.marked = 0;
}

static size_t write_head (char *line, logger_level_t level, const char *action,
                          logger_result_t result)
{
    time_t now = time (NULL);
    struct tm local;
    char stamp[32] = "";
    if (localtime_r (&now, &local))
        strftime (stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", &local);

    int size = snprintf (line, HEAD_BYTES_MAX, "%s %-8s action: %s | result: %s", stamp,
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
        write_out (bytes, size);
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

/* A process must not stop its work, or wait, for a log line: what cannot be written is
   dropped and counted. */
static void write_out (const char *bytes, size_t size)
{
    if (size == 0)
        return;
    const size_t done = tell_dropped () ? sink_write (bytes, size) : 0;
    dropped += count_lines (bytes + done, size - done);
}

/* Says it where the lines are missing, and whatever the level, as those dropped may
   have been of any. Returns whether lines can be written. */
static bool tell_dropped (void)
{
    if (dropped == 0)
        return true;
    char line[LINE_BYTES_MAX];
    size_t size = write_head (line, LOG_WARNING, "log", LOG_FAIL);
    size +=
        (size_t) snprintf (line + size, sizeof line - size,
                           " | reason: nobody was reading the log | dropped: %llu\n",
                           (unsigned long long) dropped);
    if (sink_write (line, size) < size)
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

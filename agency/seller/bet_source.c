/* bet_source.c - reads an agency's file row by row (agency).

   One buffer of fixed size slides over the file. Nearly every row has no quotes and
   ends at the next line feed; where the next quote stands is remembered, so that such
   rows cost one search. */

#include "bet_source.h"

#include "bet_csv.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES    (256 * 1024)
#define SEEK_ROWS       100000 /* that one call may pass: some milliseconds */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

_Static_assert(ROW_BYTES_MAX < BUFFER_BYTES, "any row fits the buffer");

struct bet_source {
    char *name;          // owned
    int file;            // -1 for a single bet
    uint64_t file_bytes; // when it was opened
    uint64_t base;       // where in the file the buffer begins
    bool at_end;         // nothing is left to read
    bool completed;      // the last row got the line end that it lacked

    uint64_t index;  // of the next row
    uint64_t line;   // where it begins
    size_t start;    // of the next row in the buffer
    size_t end;      // of what the buffer holds
    size_t quote;    // the first quote from `start` on; `end` if there is none
    uint8_t *buffer; // owned; a file's has one byte more, for that line end

    size_t single_bytes;   // of the one row in the buffer
    bool placed;           // `single_index` is set
    uint64_t single_index; // the place that the single bet has
    bool failed;
    char error[1024];
};

static bet_source_t *new_source (const char *name);
static rows_status_t file_next (void *self, row_t *row);
static rows_status_t find_row (bet_source_t *source, size_t *size, size_t *text_end);
static size_t row_size (const bet_source_t *source, size_t *text_end);
static rows_status_t read_more (bet_source_t *source);
static rows_status_t complete_last_row (bet_source_t *source);
static void find_quote (bet_source_t *source, size_t from);
static size_t file_take (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                         uint32_t *rows);
static rows_status_t file_seek (void *self, uint64_t index, uint64_t *rows);
static void rewind_file (bet_source_t *source);
static size_t put_field (uint8_t *row, const char *field);
static rows_status_t single_next (void *self, row_t *row);
static rows_status_t single_seek (void *self, uint64_t index, uint64_t *rows);
static const char *source_error (void *self);
static rows_status_t fail (bet_source_t *source, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

bet_source_t *bet_source_open (const char *path, char *error, size_t error_size)
{
    bet_source_t *source = new_source (path);
    struct stat status;
    // a pipe without a writer must not make open () wait
    source->file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source->file == -1 || fstat (source->file, &status) == -1)
        fail (source, "%s: %s", path, strerror (errno));
    else if (S_ISDIR (status.st_mode))
        fail (source, "%s: is a directory", path);
    else if (!S_ISREG (status.st_mode))
        fail (source, "%s: is no regular file, which could be read again", path);
    else {
        source->file_bytes = (uint64_t) status.st_size;
        source->buffer = malloc (BUFFER_BYTES + 1);
        assert (source->buffer);
        rewind_file (source);
    }
    if (source->failed) {
        snprintf (error, error_size, "%s", source->error);
        bet_source_destroy (&source);
    }
    return source;
}

static bet_source_t *new_source (const char *name)
{
    bet_source_t *source = calloc (1, sizeof *source);
    assert (source);
    source->name = strdup (name);
    assert (source->name);
    source->file = -1;
    return source;
}

void bet_source_destroy (bet_source_t **source)
{
    if (*source == NULL)
        return;
    if ((*source)->file != -1)
        close ((*source)->file);
    free ((*source)->buffer);
    free ((*source)->name);
    free (*source);
    *source = NULL;
}

static rows_status_t file_next (void *self, row_t *row)
{
    bet_source_t *source = self;
    if (source->failed)
        return ROWS_FAILED;
    size_t size, text_end;
    rows_status_t status = find_row (source, &size, &text_end);
    if (status != ROWS_OK)
        return status;
    const uint8_t *at = source->buffer + source->start;
    *row = (row_t){bytes_of (at, text_end), source->line};
    source->index++;
    source->line++;
    source->start += size;
    if (source->quote < source->start) {
        source->line += bytes_count (bytes_of (at, text_end), '\n');
        find_quote (source, source->start);
    }
    return ROWS_OK;
}

/* Find the row that begins at `start`: its size with and without its line end. */
static rows_status_t find_row (bet_source_t *source, size_t *size, size_t *text_end)
{
    for (;;) {
        *size = row_size (source, text_end);
        if (*size > 0 && *size <= ROW_BYTES_MAX)
            return ROWS_OK;
        if (*size > 0 || source->end - source->start >= ROW_BYTES_MAX)
            return fail (source,
                         "%s, line %" PRIu64 ": the row is longer than %d bytes%s",
                         source->name, source->line, ROW_BYTES_MAX,
                         *size == 0 ? ", or a quote is not closed" : "");
        rows_status_t status = read_more (source);
        if (status != ROWS_OK)
            return status;
    }
}

/* As bet_csv_row_size (), which is asked only if there are quotes. */
static inline size_t row_size (const bet_source_t *source, size_t *text_end)
{
    const uint8_t *at = source->buffer + source->start;
    size_t held = source->end - source->start;
    const uint8_t *line_end = held > 0 ? memchr (at, '\n', held) : NULL;
    if (line_end == NULL)
        return 0;
    if (line_end > source->buffer + source->quote) {
        if (held > ROW_BYTES_MAX)
            held = ROW_BYTES_MAX;
        return bet_csv_row_size (bytes_of (at, held), text_end);
    }
    *text_end = (size_t) (line_end - at);
    size_t size = *text_end + 1;
    if (*text_end > 0 && line_end[-1] == '\r')
        --*text_end;
    return size;
}

/* Slide the buffer on and read behind what it holds. */
static rows_status_t read_more (bet_source_t *source)
{
    source->end -= source->start;
    source->quote -= source->start;
    source->base += source->start;
    memmove (source->buffer, source->buffer + source->start, source->end);
    source->start = 0;

    ssize_t count = 0;
    while (!source->at_end) {
        count = read (source->file, source->buffer + source->end,
                      BUFFER_BYTES - source->end);
        source->at_end = count == 0;
        if (count != -1)
            break;
        if (errno != EINTR)
            return fail (source, "%s: %s", source->name, strerror (errno));
    }
    if (source->at_end)
        return complete_last_row (source);
    size_t from = source->end;
    source->end += (size_t) count;
    if (source->quote == from)
        find_quote (source, from);
    return ROWS_OK;
}

static rows_status_t complete_last_row (bet_source_t *source)
{
    if (source->end == 0)
        return ROWS_END;
    if (source->completed)
        return fail (source, "%s, line %" PRIu64 ": a quote is not closed",
                     source->name, source->line);
    source->completed = true;
    if (source->quote == source->end)
        source->quote++;
    source->buffer[source->end++] = '\n';
    return ROWS_OK;
}

static void find_quote (bet_source_t *source, size_t from)
{
    const uint8_t *quote = memchr (source->buffer + from, '"', source->end - from);
    source->quote = quote ? (size_t) (quote - source->buffer) : source->end;
}

/* What the buffer holds up to the next quote. A row that is too long is left to next
   (), which says so. */
static size_t file_take (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                         uint32_t *rows)
{
    bet_source_t *source = self;
    const uint8_t *start = source->buffer + source->start, *at = start;
    const size_t held = source->quote - source->start;
    const uint8_t *end = start + (held < room ? held : room);
    uint32_t count = 0;
    while (!source->failed && count < rows_max && at < end) {
        const uint8_t *line_end = memchr (at, '\n', (size_t) (end - at));
        if (!line_end || line_end - at >= ROW_BYTES_MAX)
            break;
        at = line_end + 1;
        count++;
    }
    const size_t size = (size_t) (at - start);
    put_bytes (out, bytes_of (start, size));
    source->start += size;
    source->index += count;
    source->line += count;
    *rows = count;
    return size;
}

static rows_status_t file_seek (void *self, uint64_t index, uint64_t *rows)
{
    bet_source_t *source = self;
    if (!source->failed && index < source->index)
        rewind_file (source);
    row_t passed;
    for (int i = 0; source->index < index; i++) {
        if (i == SEEK_ROWS)
            return ROWS_AGAIN;
        rows_status_t status = file_next (source, &passed);
        *rows = source->index;
        if (status != ROWS_OK)
            return status;
    }
    return source->failed ? ROWS_FAILED : ROWS_OK;
}

static void rewind_file (bet_source_t *source)
{
    if (lseek (source->file, 0, SEEK_SET) == -1) {
        fail (source, "%s: %s", source->name, strerror (errno));
        return;
    }
    source->base = source->index = 0;
    source->start = source->end = source->quote = 0;
    source->line = 1;
    source->at_end = source->completed = false;
    read_more (source);
    const size_t mark = sizeof BYTE_ORDER_MARK - 1;
    if (source->end >= mark && memcmp (source->buffer, BYTE_ORDER_MARK, mark) == 0)
        source->start = mark;
}

bet_source_t *bet_source_single (const char *const fields[BET_FIELDS], char *error,
                                 size_t error_size)
{
    bet_source_t *source = new_source ("the bet of the environment");
    size_t bytes_max = BET_FIELDS;
    for (int i = 0; i < BET_FIELDS; i++)
        bytes_max += 2 * strlen (fields[i]) + 2;
    source->buffer = malloc (bytes_max);
    assert (source->buffer);
    for (int i = 0; i < BET_FIELDS; i++) {
        if (i > 0)
            source->buffer[source->single_bytes++] = ',';
        source->single_bytes +=
            put_field (source->buffer + source->single_bytes, fields[i]);
    }
    if (source->single_bytes >= ROW_BYTES_MAX) {
        snprintf (error, error_size, "%s is longer than %d bytes", source->name,
                  ROW_BYTES_MAX);
        bet_source_destroy (&source);
    }
    return source;
}

/* Returns how many bytes the field takes: at most two for each of its own, and two. */
static size_t put_field (uint8_t *row, const char *field)
{
    if (strpbrk (field, ",\"\r\n") == NULL) {
        memcpy (row, field, strlen (field));
        return strlen (field);
    }
    size_t size = 0;
    row[size++] = '"';
    for (; *field; field++) {
        if (*field == '"')
            row[size++] = '"';
        row[size++] = (uint8_t) *field;
    }
    row[size++] = '"';
    return size;
}

static rows_status_t single_next (void *self, row_t *row)
{
    bet_source_t *source = self;
    if (source->index != source->single_index)
        return ROWS_END;
    *row = (row_t){bytes_of (source->buffer, source->single_bytes), 0};
    source->index++;
    return ROWS_OK;
}

/* Where the agency's bets end when the session begins is where this one goes. If later
   the central has more, it has this one; if it has fewer, they were lost. */
static rows_status_t single_seek (void *self, uint64_t index, uint64_t *rows)
{
    bet_source_t *source = self;
    (void) rows;
    if (!source->placed || index < source->single_index)
        source->single_index = index;
    source->placed = true;
    source->index = index;
    return ROWS_OK;
}

static const char *source_error (void *self)
{
    const bet_source_t *source = self;
    return source->error;
}

static rows_status_t fail (bet_source_t *source, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (source->error, sizeof source->error, format, arguments);
    va_end (arguments);
    source->failed = true;
    return ROWS_FAILED;
}

rows_t bet_source_rows (bet_source_t *source)
{
    bool single = source->file == -1;
    return (rows_t){.self = source,
                    .name = source->name,
                    .next = single ? single_next : file_next,
                    .seek = single ? single_seek : file_seek,
                    .error = source_error,
                    .take = single ? NULL : file_take};
}

uint64_t bet_source_bytes (const bet_source_t *source)
{
    uint64_t bytes = source->base + source->start; // with the line end that was lacking
    return bytes < source->file_bytes ? bytes : source->file_bytes;
}

uint64_t bet_source_bytes_total (const bet_source_t *source)
{
    return source->file_bytes;
}

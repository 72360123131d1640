/* bet_source.c - reads an agency's file row by row (agency).

   One buffer of fixed size slides over the file. Nearly every row has no quotes and
   ends at the next line feed; where the next quote stands is remembered, so that such
   rows cost one search. */

#include "bet_source.h"

#include "bet_csv.h"
#include "digest.h"

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
#define END_TRIES       3      /* to find the end of a file that grows meanwhile */
#define ADDED_ROWS_MAX  1000000
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

_Static_assert(ROW_BYTES_MAX < BUFFER_BYTES, "any row fits the buffer");

struct bet_source {
    char *name;         // owned
    int file;           // -1 for a single bet
    struct stat seen;   // the file as it was looked at last
    bool more_may_come; // a last row without line end is none yet
    uint64_t base;      // where in the file the buffer begins
    bool at_end;        // nothing is left to read
    bool completed;     // the last row got the line end that it lacked

    uint64_t index;  // of the next row
    uint64_t line;   // where it begins
    size_t start;    // of the next row in the buffer
    size_t end;      // of what the buffer holds
    size_t quote;    // the first quote from `start` on; `end` if there is none
    uint8_t *buffer; // owned; a file's has one byte more, for that line end

    size_t single_bytes; // of the one row in the buffer
    bool single_taken;
    bool failed;
    char error[1024];
};

static bet_source_t *new_source (const char *name);
static rows_status_t file_next (void *self, row_t *row);
static inline void pass_row (bet_source_t *source, size_t size, size_t text_end);
static rows_status_t find_row (bet_source_t *source, size_t *size, size_t *text_end);
static size_t row_size (const bet_source_t *source, size_t *text_end);
static bool has_lone_cr (const bet_source_t *source);
static rows_status_t read_more (bet_source_t *source);
static ssize_t read_file (bet_source_t *source);
static uint64_t bytes_read (const bet_source_t *source);
static rows_status_t look_at_file (bet_source_t *source);
static rows_status_t complete_last_row (bet_source_t *source);
static void find_quote (bet_source_t *source, size_t from);
static size_t file_take (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                         uint32_t *rows, uint64_t *digest);
static rows_status_t file_seek (void *self, uint64_t index, uint64_t *rows);
static void rewind_file (bet_source_t *source);
static bool describe_added (bet_source_t *source, char *text, size_t size);
static bool written_on (bet_source_t *source);
static size_t put_field (uint8_t *row, const char *field);
static rows_status_t single_next (void *self, row_t *row);
static rows_status_t single_seek (void *self, uint64_t index, uint64_t *rows);
static const char *source_error (void *self);
static rows_status_t fail (bet_source_t *source, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

bet_source_t *bet_source_open (const char *path, bool more_may_come, char *error,
                               size_t error_size)
{
    bet_source_t *source = new_source (path);
    source->more_may_come = more_may_come;
    // a pipe without a writer must not make open () wait
    source->file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source->file == -1 || fstat (source->file, &source->seen) == -1)
        fail (source, "%s: %s", path, strerror (errno));
    else if (S_ISDIR (source->seen.st_mode))
        fail (source, "%s: is a directory", path);
    else if (!S_ISREG (source->seen.st_mode))
        fail (source, "%s: is no regular file, which could be read again", path);
    else {
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
    size_t size, text_end;
    do {
        if (source->failed)
            return ROWS_FAILED;
        rows_status_t status = find_row (source, &size, &text_end);
        if (status != ROWS_OK)
            return status;
        *row =
            (row_t){bytes_of (source->buffer + source->start, text_end), source->line};
        pass_row (source, size, text_end);
    } while (text_end == 0); // a blank line is none
    source->index++;
    return ROWS_OK;
}

static inline void pass_row (bet_source_t *source, size_t size, size_t text_end)
{
    const uint8_t *at = source->buffer + source->start;
    source->line++;
    source->start += size;
    if (source->quote < source->start) {
        source->line += bytes_count (bytes_of (at, text_end), '\n');
        find_quote (source, source->start);
    }
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
                         "%s, line %" PRIu64 ": the row is longer than %d bytes%s%s",
                         source->name, source->line, ROW_BYTES_MAX,
                         *size == 0 ? ", or a quote is not closed" : "",
                         has_lone_cr (source) ? ": lines end in CR alone, they have to "
                                                "end in LF or CRLF"
                                              : "");
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

/* Within what the next row, which is too long for one, begins with. */
static bool has_lone_cr (const bet_source_t *source)
{
    const uint8_t *at = source->buffer + source->start;
    const uint8_t *cr = memchr (at, '\r', ROW_BYTES_MAX - 1);
    return cr && cr[1] != '\n';
}

/* Slide the buffer on and read behind what it holds. */
static rows_status_t read_more (bet_source_t *source)
{
    source->end -= source->start;
    source->quote -= source->start;
    source->base += source->start;
    memmove (source->buffer, source->buffer + source->start, source->end);
    source->start = 0;

    ssize_t count = source->at_end ? 0 : read_file (source);
    if (count == -1)
        return ROWS_FAILED;
    source->at_end = count == 0;
    if (source->at_end)
        return complete_last_row (source);
    size_t from = source->end;
    source->end += (size_t) count;
    if (source->quote == from)
        find_quote (source, from);
    return ROWS_OK;
}

/* What a file shows that is just being cut or exchanged is not for sale: it is looked
   at after every read, and its end is one only if it has not moved meanwhile. Returns
   how many bytes came, 0 at the end, -1 when it failed. */
static ssize_t read_file (bet_source_t *source)
{
    for (int tries = 0;; tries++) {
        ssize_t count = read (source->file, source->buffer + source->end,
                              BUFFER_BYTES - source->end);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            fail (source, "%s: %s", source->name, strerror (errno));
        else
            look_at_file (source);
        if (source->failed)
            return -1;
        if (count > 0 || tries == END_TRIES ||
            (uint64_t) source->seen.st_size <= bytes_read (source))
            return count;
    }
}

static uint64_t bytes_read (const bet_source_t *source)
{
    return source->base + source->end - source->completed;
}

/* Compare the file that has its name with the one that was seen last. Being longer is
   no harm: rows may be added. */
static rows_status_t look_at_file (bet_source_t *source)
{
    const struct stat *seen = &source->seen;
    struct stat now;
    if (source->failed)
        return ROWS_FAILED;
    if (stat (source->name, &now) == -1)
        return fail (source, "%s: is gone since its sale began: %s", source->name,
                     strerror (errno));
    if (now.st_dev != seen->st_dev || now.st_ino != seen->st_ino)
        return fail (source, "%s: was replaced by another file since its sale began",
                     source->name);
    if (now.st_size < seen->st_size)
        return fail (source,
                     "%s: was shortened since its sale began, from %jd bytes to %jd",
                     source->name, (intmax_t) seen->st_size, (intmax_t) now.st_size);
    if (now.st_size == seen->st_size && (now.st_mtim.tv_sec != seen->st_mtim.tv_sec ||
                                         now.st_mtim.tv_nsec != seen->st_mtim.tv_nsec))
        return fail (source, "%s: was written over since its sale began", source->name);
    source->seen = now;
    return ROWS_OK;
}

static rows_status_t complete_last_row (bet_source_t *source)
{
    if (source->end == 0 || (source->more_may_come && !source->completed))
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

/* What the buffer holds of rows that are plain. A blank line, a row that is too long
   and the like are left to next (). */
static size_t file_take (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                         uint32_t *rows, uint64_t *digest)
{
    bet_source_t *source = self;
    const uint8_t *start = source->buffer + source->start;
    const size_t held = source->quote - source->start;
    bytes_t rest = bytes_of (start, held < room ? held : room);
    *rows = source->failed ? 0 : digest_plain_rows (digest, &rest, rows_max);
    const size_t size = (size_t) (rest.data - start);
    put_bytes (out, bytes_of (start, size));
    source->start += size;
    source->index += *rows;
    source->line += *rows;
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
    if (source->single_taken)
        return ROWS_END;
    *row = (row_t){bytes_of (source->buffer, source->single_bytes), 0};
    source->single_taken = true;
    return ROWS_OK;
}

/* Every place is its own. */
static rows_status_t single_seek (void *self, uint64_t index, uint64_t *rows)
{
    bet_source_t *source = self;
    (void) index;
    (void) rows;
    source->single_taken = false;
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

bet_source_look_t bet_source_look (bet_source_t *source)
{
    if (source->file == -1)
        return BET_SOURCE_SAME;
    if (look_at_file (source) != ROWS_OK)
        return BET_SOURCE_CHANGED;
    if ((uint64_t) source->seen.st_size <= bytes_read (source))
        return BET_SOURCE_SAME;
    source->at_end = false;
    return BET_SOURCE_GREW;
}

uint64_t bet_source_half_row (const bet_source_t *source)
{
    const bool half = source->more_may_come && source->at_end && !source->failed &&
                      source->start < source->end;
    return half ? source->line : 0;
}

bool bet_source_differs (bet_source_t *source, char *text, size_t size)
{
    switch (bet_source_look (source)) {
    case BET_SOURCE_SAME:
        return false;
    case BET_SOURCE_GREW:
        return describe_added (source, text, size);
    default:
        snprintf (text, size, "%s", source->error);
        return true;
    }
}

/* Returns whether there is more than blank lines. */
static bool describe_added (bet_source_t *source, char *text, size_t size)
{
    if (written_on (source)) {
        snprintf (text, size,
                  "%s: its last row, which had no line end, was written on too late: "
                  "stored is what it was before",
                  source->name);
        return true;
    }
    const uint64_t before = source->index;
    row_t row;
    while (source->index - before < ADDED_ROWS_MAX &&
           file_next (source, &row) == ROWS_OK)
        ;
    const uint64_t rows = source->index - before + (bet_source_half_row (source) > 0);
    if (rows > 0)
        snprintf (text, size, "%s: %s%" PRIu64 " %s added too late, and %s not stored",
                  source->name, rows >= ADDED_ROWS_MAX ? "at least " : "", rows,
                  rows == 1 ? "row was" : "rows were", rows == 1 ? "is" : "are");
    else if (source->failed)
        snprintf (text, size, "%s", source->error);
    return rows > 0 || source->failed;
}

/* The last row was taken without its line end: whether something else came first. */
static bool written_on (bet_source_t *source)
{
    if (!source->completed)
        return false;
    source->completed = false;
    source->base--; // that line end was ours, and not read
    read_more (source);
    const uint8_t *at = source->buffer + source->start;
    const size_t held = source->end - source->start;
    return held > 0 && at[0] != '\n' && (at[0] != '\r' || held == 1 || at[1] != '\n');
}

uint64_t bet_source_bytes (const bet_source_t *source)
{
    uint64_t bytes = source->base + source->start; // with the line end that was lacking
    uint64_t total = bet_source_bytes_total (source);
    return bytes < total ? bytes : total;
}

uint64_t bet_source_bytes_total (const bet_source_t *source)
{
    return (uint64_t) source->seen.st_size;
}

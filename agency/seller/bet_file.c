/* bet_file.c - the rows of an agency's file (agency).

   One buffer of fixed size slides over the file. Nearly every row has no quotes and
   ends at the next line feed; where the next quote stands is remembered, so that such
   rows cost one search. */

#include "bet_source_state.h"

#include "bet_csv.h"
#include "digest.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#define SEEK_ROWS       100000 /* that one call may pass: some milliseconds */
#define END_TRIES       3      /* to find the end of a file that grows meanwhile */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

static inline void pass_row (bet_source_t *source, size_t size, size_t text_end);
static rows_status_t find_row (bet_source_t *source, size_t *size, size_t *text_end);
static size_t row_size (const bet_source_t *source, size_t *text_end);
static bool has_lone_cr (const bet_source_t *source);
static ssize_t read_file (bet_source_t *source);
static rows_status_t complete_last_row (bet_source_t *source);
static void find_quote (bet_source_t *source, size_t from);
static size_t file_take (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                         uint32_t *rows, uint64_t *digest);
static rows_status_t file_seek (void *self, uint64_t index, uint64_t *rows);

rows_t bet_file_rows (bet_source_t *source)
{
    return (rows_t){.self = source,
                    .name = source->name,
                    .next = bet_file_next,
                    .seek = file_seek,
                    .error = bet_source_error,
                    .take = file_take};
}

rows_status_t bet_file_next (void *self, row_t *row)
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
            return bet_source_fail (
                source, "%s, line %" PRIu64 ": the row is longer than %d bytes%s%s",
                source->name, source->line, ROW_BYTES_MAX,
                *size == 0 ? ", or a quote is not closed" : "",
                has_lone_cr (source) ? ": lines end in CR alone, they have to "
                                       "end in LF or CRLF"
                                     : "");
        rows_status_t status = bet_file_read_more (source);
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

/* In the beginning of the next row, which is too long. */
static bool has_lone_cr (const bet_source_t *source)
{
    const uint8_t *at = source->buffer + source->start;
    const uint8_t *cr = memchr (at, '\r', ROW_BYTES_MAX - 1);
    return cr && cr[1] != '\n';
}

/* Slide the buffer on and read behind what it holds. */
rows_status_t bet_file_read_more (bet_source_t *source)
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

/* What a file shows while it is being cut or exchanged is not for sale: it is looked at
   after every read, and its end counts only if it has not moved meanwhile. Returns how
   many bytes came, 0 at the end, -1 when it failed. */
static ssize_t read_file (bet_source_t *source)
{
    for (int tries = 0;; tries++) {
        ssize_t count = read (source->file, source->buffer + source->end,
                              BET_BUFFER_BYTES - source->end);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            bet_source_fail (source, "%s: %s", source->name, strerror (errno));
        else
            bet_file_look (source);
        if (source->failed)
            return -1;
        if (count > 0 || tries == END_TRIES ||
            (uint64_t) source->seen.st_size <= bet_file_bytes_read (source))
            return count;
    }
}

uint64_t bet_file_bytes_read (const bet_source_t *source)
{
    return source->base + source->end - source->completed;
}

/* Compare the file that has its name with the one that was seen last. It may be longer:
   rows may be added. */
rows_status_t bet_file_look (bet_source_t *source)
{
    const struct stat *seen = &source->seen;
    struct stat now;
    if (source->failed)
        return ROWS_FAILED;
    if (source->spool) // nobody else can get at it
        return fstat (source->file, &source->seen) == 0
                   ? ROWS_OK
                   : bet_source_fail (source, "%s: %s", source->name, strerror (errno));
    if (stat (source->name, &now) == -1)
        return bet_source_fail (source, "%s: has gone since its sale began: %s",
                                source->name, strerror (errno));
    if (now.st_dev != seen->st_dev || now.st_ino != seen->st_ino)
        return bet_source_fail (source,
                                "%s: was replaced by another file since its sale began",
                                source->name);
    if (now.st_size < seen->st_size)
        return bet_source_fail (
            source, "%s: was shortened since its sale began, from %jd bytes to %jd",
            source->name, (intmax_t) seen->st_size, (intmax_t) now.st_size);
    if (now.st_size == seen->st_size && (now.st_mtim.tv_sec != seen->st_mtim.tv_sec ||
                                         now.st_mtim.tv_nsec != seen->st_mtim.tv_nsec))
        return bet_source_fail (source, "%s: was written over since its sale began",
                                source->name);
    source->seen = now;
    return ROWS_OK;
}

static rows_status_t complete_last_row (bet_source_t *source)
{
    if (source->end == 0 || (source->more_may_come && !source->completed))
        return ROWS_END;
    if (source->completed)
        return bet_source_fail (source, "%s, line %" PRIu64 ": a quote is not closed",
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

/* The plain rows in the buffer. A blank line, a row that is too long and the like are
   left to next (). */
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
        bet_file_rewind (source);
    row_t passed;
    for (int i = 0; source->index < index; i++) {
        if (i == SEEK_ROWS)
            return ROWS_AGAIN;
        rows_status_t status = bet_file_next (source, &passed);
        *rows = source->index;
        if (status != ROWS_OK)
            return status;
    }
    return source->failed ? ROWS_FAILED : ROWS_OK;
}

void bet_file_rewind (bet_source_t *source)
{
    if (lseek (source->file, 0, SEEK_SET) == -1) {
        bet_source_fail (source, "%s: %s", source->name, strerror (errno));
        return;
    }
    source->base = source->index = 0;
    source->start = source->end = source->quote = 0;
    source->line = 1;
    source->at_end = source->completed = false;
    bet_file_read_more (source);
    const size_t mark = sizeof BYTE_ORDER_MARK - 1;
    if (source->end >= mark && memcmp (source->buffer, BYTE_ORDER_MARK, mark) == 0)
        source->start = mark;
}

/* bet_source.c - an agency's bets, and whether their file is still the one that was
   opened (agency). */

#include "bet_source_state.h"

#include "file_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ADDED_ROWS_MAX 1000000

_Static_assert(ROW_BYTES_MAX < BET_BUFFER_BYTES, "any row fits the buffer");

static void read_from_start (bet_source_t *source);
static bet_source_t *opened (bet_source_t *source, char *error, size_t error_size);
static rows_status_t look_at_pipe (bet_source_t *source);
static bet_source_look_t describe_added (bet_source_t *source, char *text, size_t size);
static bool written_on (bet_source_t *source);

bet_source_t *bet_source_open (const char *path, bool more_may_come, char *error,
                               size_t error_size)
{
    bet_source_t *source = bet_source_new (path);
    source->more_may_come = more_may_come;
    // a pipe without a writer must not make open () wait
    source->file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source->file == -1 || fstat (source->file, &source->seen) == -1)
        bet_source_fail (source, "%s: %s", path, strerror (errno));
    else if (S_ISDIR (source->seen.st_mode))
        bet_source_fail (source, "%s: is a directory", path);
    else if (!S_ISREG (source->seen.st_mode))
        bet_source_fail (source,
                         "%s: is not a regular file, so it cannot be read twice", path);
    else
        read_from_start (source);
    return opened (source, error, error_size);
}

static void read_from_start (bet_source_t *source)
{
    source->buffer = malloc (BET_BUFFER_BYTES + 1);
    assert (source->buffer);
    bet_file_rewind (source);
}

static bet_source_t *opened (bet_source_t *source, char *error, size_t error_size)
{
    if (source->failed) {
        snprintf (error, error_size, "%s", source->error);
        bet_source_destroy (&source);
    }
    return source;
}

bet_source_t *bet_source_piped (int input, const char *name, bool last_row_counts,
                                char *error, size_t error_size)
{
    bet_source_t *source = bet_source_new (name);
    char why[512];
    source->more_may_come = true;
    source->last_row_counts = last_row_counts;
    source->pipe = input;
    source->spool = spool_new (input, why, sizeof why);
    if (source->spool == NULL)
        bet_source_fail (source, "%s: %s", name, why);
    else {
        source->file = spool_file (source->spool);
        if (fstat (source->file, &source->seen) == -1)
            bet_source_fail (source, "%s: %s", name, strerror (errno));
        else
            read_from_start (source);
    }
    return opened (source, error, error_size);
}

/* What came through a pipe has no name but this one. */
bet_source_t *bet_source_again (const bet_source_t *source)
{
    char path[64], error[1024];
    if (source->file == -1)
        return NULL;
    snprintf (path, sizeof path, "/proc/self/fd/%d", source->file);
    return bet_source_open (path, source->more_may_come, error, sizeof error);
}

bet_source_t *bet_source_new (const char *name)
{
    bet_source_t *source = calloc (1, sizeof *source);
    assert (source);
    source->name = strdup (name);
    assert (source->name);
    source->file = source->watch = -1;
    return source;
}

void bet_source_destroy (bet_source_t **source)
{
    if (*source == NULL)
        return;
    if ((*source)->file != -1 && (*source)->spool == NULL)
        close ((*source)->file);
    if ((*source)->watch != -1)
        close ((*source)->watch);
    spool_destroy (&(*source)->spool);
    free ((*source)->buffer);
    free ((*source)->name);
    free (*source);
    *source = NULL;
}

rows_t bet_source_rows (bet_source_t *source)
{
    return source->file == -1 ? bet_single_rows (source) : bet_file_rows (source);
}

const char *bet_source_error (void *self)
{
    const bet_source_t *source = self;
    return source->error;
}

rows_status_t bet_source_fail (bet_source_t *source, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (source->error, sizeof source->error, format, arguments);
    va_end (arguments);
    source->failed = true;
    return ROWS_FAILED;
}

bet_source_look_t bet_source_look (bet_source_t *source)
{
    if (source->file == -1)
        return BET_SOURCE_SAME;
    if (source->watch != -1)
        file_watch_clear (source->watch);
    const bool ended = bet_source_ended (source);
    if ((source->spool && look_at_pipe (source) != ROWS_OK) ||
        bet_file_look (source) != ROWS_OK)
        return BET_SOURCE_CHANGED;
    if ((uint64_t) source->seen.st_size <= bet_file_bytes_read (source) &&
        ended == bet_source_ended (source))
        return BET_SOURCE_SAME;
    source->at_end = false;
    return BET_SOURCE_GREW;
}

/* Its end may make a row of what stands there without a line end. */
static rows_status_t look_at_pipe (bet_source_t *source)
{
    char why[512];
    if (bet_source_ended (source))
        return ROWS_OK;
    if (spool_take (source->spool, why, sizeof why) == -1)
        return bet_source_fail (source, "%s: %s", source->name, why);
    source->more_may_come = !bet_source_ended (source) || !source->last_row_counts;
    return ROWS_OK;
}

void bet_source_watch (bet_source_t *source)
{
    if (source->file != -1 && source->spool == NULL && source->watch == -1)
        source->watch = file_watch_open (source->name);
}

int bet_source_input (const bet_source_t *source)
{
    if (source->spool)
        return spool_ended (source->spool) ? -1 : source->pipe;
    return source->watch;
}

bool bet_source_ended (const bet_source_t *source)
{
    return source->spool && spool_ended (source->spool);
}

uint64_t bet_source_half_row (const bet_source_t *source)
{
    const bool half = source->more_may_come && source->at_end && !source->failed &&
                      source->start < source->end;
    return half ? source->line : 0;
}

bet_source_look_t bet_source_differs (bet_source_t *source, char *text, size_t size)
{
    const bet_source_look_t look = bet_source_look (source);
    if (look == BET_SOURCE_GREW)
        return describe_added (source, text, size);
    if (look == BET_SOURCE_CHANGED)
        snprintf (text, size, "%s", source->error);
    return look;
}

/* Blank lines alone make no difference. */
static bet_source_look_t describe_added (bet_source_t *source, char *text, size_t size)
{
    if (written_on (source)) {
        snprintf (text, size,
                  "%s: its last row, which had no line end, was continued too late: "
                  "what is stored is the row as it was",
                  source->name);
        return BET_SOURCE_GREW;
    }
    const uint64_t before = source->index;
    row_t row;
    while (source->index - before < ADDED_ROWS_MAX &&
           bet_file_next (source, &row) == ROWS_OK)
        ;
    const uint64_t rows = source->index - before + (bet_source_half_row (source) > 0);
    if (rows > 0)
        snprintf (text, size, "%s: %s%" PRIu64 " %s added too late, and %s not stored",
                  source->name, rows >= ADDED_ROWS_MAX ? "at least " : "", rows,
                  rows == 1 ? "row was" : "rows were", rows == 1 ? "is" : "are");
    else if (source->failed)
        snprintf (text, size, "%s", source->error);
    return rows > 0         ? BET_SOURCE_GREW
           : source->failed ? BET_SOURCE_CHANGED
                            : BET_SOURCE_SAME;
}

/* The last row was taken without its line end: whether something else came first. */
static bool written_on (bet_source_t *source)
{
    if (!source->completed)
        return false;
    source->completed = false;
    source->base--; // that line end was ours, and not read
    bet_file_read_more (source);
    const uint8_t *at = source->buffer + source->start;
    const size_t held = source->end - source->start;
    return held > 0 && at[0] != '\n' && (at[0] != '\r' || held == 1 || at[1] != '\n');
}

uint64_t bet_source_rows_read (const bet_source_t *source)
{
    return source->index;
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

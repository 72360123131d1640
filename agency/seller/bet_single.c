/* bet_single.c - the one bet of the environment, as a source of rows (agency). */

#include "bet_source_state.h"

#include <stdio.h>
#include <stdlib.h>

static size_t put_field (uint8_t *row, const char *field);
static rows_status_t single_next (void *self, row_t *row);
static rows_status_t single_seek (void *self, uint64_t index, uint64_t *rows);

bet_source_t *bet_source_single (const char *const fields[BET_FIELDS], char *error,
                                 size_t error_size)
{
    bet_source_t *source = bet_source_new ("the bet of the environment");
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

rows_t bet_single_rows (bet_source_t *source)
{
    return (rows_t){.self = source,
                    .name = source->name,
                    .next = single_next,
                    .seek = single_seek,
                    .error = bet_source_error};
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

/* window.c - batches under way (agency): a ring of encoded messages.

   The ring's places own their buffers, each allocated when it is first used and then
   used again and again. The row that did not fit into a batch is held, still in the
   source's own buffer, and opens the next one. */

#include "window.h"

#include "bet_csv.h"

#include <stdlib.h>

struct window {
    uint32_t agency;
    wire_limits_t own;    // buffers are this large
    wire_limits_t limits; // as agreed
    const rows_t *source; // borrowed

    bool moving;      // the source is to go to `end` first
    rows_status_t at; // what the source said last
    row_t row;        // held when `at` is ROWS_OK
    uint64_t rows;    // that the source has, once known to end too early

    uint64_t draw;           // as WELCOME told it
    uint64_t end;            // offset behind the last packed row
    uint64_t digest;         // of all the agency's bets up to there
    uint32_t first;          // place of the oldest batch
    uint32_t count;          // of batches
    uint32_t unsent;         // of them, the first one to send
    window_batch_t *batches; // own.window places
};

static window_status_t move_source (window_t *window);
static void next_row (window_t *window);
static uint8_t *pack_rows (window_t *window, window_batch_t *batch);
static uint8_t *take_rows (window_t *window, window_batch_t *batch, uint8_t *at,
                           const uint8_t *limit);
static window_batch_t *place (const window_t *window, uint32_t index);

window_t *window_new (uint32_t agency, const wire_limits_t *own, const rows_t *source)
{
    window_t *window = calloc (1, sizeof *window);
    assert (window);
    window->batches = calloc (own->window, sizeof window->batches[0]);
    assert (window->batches);
    window->agency = agency;
    window->own = window->limits = *own;
    window->source = source;
    window->at = ROWS_END;
    return window;
}

void window_destroy (window_t **window)
{
    if (*window == NULL)
        return;
    for (uint32_t i = 0; i < (*window)->own.window; i++)
        free ((*window)->batches[i].message);
    free ((*window)->batches);
    free (*window);
    *window = NULL;
}

void window_restart (window_t *window, uint64_t draw, uint64_t offset, uint64_t digest,
                     const wire_limits_t *agreed)
{
    window->limits = *agreed;
    window->moving = true;
    window->at = ROWS_OK;
    window->draw = draw;
    window->end = offset;
    window->digest = digest;
    window->count = window->unsent = 0;
}

bool window_hungry (const window_t *window)
{
    return window->count < window->limits.window && window->at != ROWS_END;
}

window_status_t window_fill (window_t *window)
{
    if (window->moving) {
        window_status_t status = move_source (window);
        if (status != WINDOW_PACKED)
            return status;
    }
    if (window->at != ROWS_OK)
        return window->at == ROWS_END ? WINDOW_END : WINDOW_FAILED;

    window_batch_t *batch = place (window, window->count);
    if (batch->message == NULL)
        batch->message = malloc (window->own.message_bytes_max);
    assert (batch->message);
    batch->offset = window->end;
    batch->line = window->row.line;
    batch->sent = false;
    batch->count = 0;
    batch->size = (size_t) (pack_rows (window, batch) - batch->message);
    if (batch->count == 0)
        return WINDOW_LONG;
    batch->digest = window->digest;
    const wire_batch_t head = {.draw = window->draw,
                               .offset = batch->offset,
                               .digest = batch->digest,
                               .count = batch->count};
    wire_batch_head (batch->message, WIRE_BATCH, window->agency, &head);
    window->end += batch->count;
    window->digest =
        bet_csv_digest (window->digest, window_batch_rows (batch), batch->count);
    window->count++;
    return WINDOW_PACKED;
}

/* Returns WINDOW_PACKED when the source is there and its first row is held. */
static window_status_t move_source (window_t *window)
{
    const rows_t *source = window->source;
    switch (source->seek (source->self, window->end, &window->rows)) {
    case ROWS_OK:
        window->moving = false;
        next_row (window);
        return WINDOW_PACKED;
    case ROWS_AGAIN:
        return WINDOW_MOVING;
    case ROWS_END:
        return WINDOW_SHORT;
    default:
        return WINDOW_FAILED;
    }
}

static inline void next_row (window_t *window)
{
    window->at = window->source->next (window->source->self, &window->row);
}

/* Returns the place behind the last row that fitted. */
static uint8_t *pack_rows (window_t *window, window_batch_t *batch)
{
    uint8_t *at = batch->message + WIRE_BATCH_BYTES;
    const uint8_t *limit = batch->message + window->limits.message_bytes_max;
    while (window->at == ROWS_OK && batch->count < window->limits.rows_max &&
           window->row.text.size < (size_t) (limit - at)) {
        at = put_u8 (put_bytes (at, window->row.text), '\n');
        batch->count++;
        at = take_rows (window, batch, at, limit);
        next_row (window);
    }
    return at;
}

/* Those behind the row that is held: nearly all of a batch comes this way. */
static uint8_t *take_rows (window_t *window, window_batch_t *batch, uint8_t *at,
                           const uint8_t *limit)
{
    const rows_t *source = window->source;
    uint32_t rows = 0;
    if (source->take)
        at += source->take (source->self, at, (size_t) (limit - at),
                            window->limits.rows_max - batch->count, &rows);
    batch->count += rows;
    return at;
}

uint64_t window_rows (const window_t *window)
{
    return window->rows;
}

bool window_empty (const window_t *window)
{
    return window->count == 0;
}

bool window_done (const window_t *window)
{
    return window->count == 0 && window->at == ROWS_END;
}

uint64_t window_end (const window_t *window)
{
    return window->end;
}

uint64_t window_digest (const window_t *window)
{
    return window->digest;
}

const window_batch_t *window_unsent (const window_t *window)
{
    return window->unsent < window->count ? place (window, window->unsent) : NULL;
}

void window_mark_sent (window_t *window)
{
    assert (window->unsent < window->count);
    place (window, window->unsent++)->sent = true;
}

void window_resend (window_t *window)
{
    window->unsent = 0;
}

const window_batch_t *window_take_stored (window_t *window, uint64_t next)
{
    const window_batch_t *batch = place (window, 0);
    if (window->count == 0 || batch->offset + batch->count > next)
        return NULL;
    window->first = (window->first + 1) % window->own.window;
    window->count--;
    if (window->unsent > 0)
        window->unsent--;
    return batch;
}

const window_batch_t *window_find (const window_t *window, uint64_t offset)
{
    for (uint32_t i = 0; i < window->count; i++) {
        const window_batch_t *batch = place (window, i);
        if (batch->offset == offset)
            return batch->sent ? batch : NULL;
    }
    return NULL;
}

static window_batch_t *place (const window_t *window, uint32_t index)
{
    return &window->batches[(window->first + index) % window->own.window];
}

bytes_t window_batch_rows (const window_batch_t *batch)
{
    return bytes_of (batch->message + WIRE_BATCH_BYTES, batch->size - WIRE_BATCH_BYTES);
}

uint64_t window_batch_line (const window_batch_t *batch, uint32_t row)
{
    if (batch->line == 0 || row == 0 || row > batch->count)
        return 0;
    bytes_t rows = window_batch_rows (batch);
    uint64_t line = batch->line;
    for (uint32_t i = 1; i < row; i++) {
        size_t text_end, size = bet_csv_row_size (rows, &text_end);
        for (size_t at = 0; at < size; at++) // a quoted line end begins a line, too
            line += rows.data[at] == '\n';
        rows = bytes_of (rows.data + size, rows.size - size);
    }
    return line;
}

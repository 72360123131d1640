/* window.c - batches under way (agency): a ring of encoded messages.

   The ring's places own their buffers, each allocated when it is first used and then
   used again and again. The row that did not fit into a batch is kept, still in the
   source's own buffer, and opens the next one. Rows that are only passed over are
   packed as well, into a buffer of their own, and hashed. */

#include "window.h"

#include "bet_csv.h"

#include <stdlib.h>

#define PASS_ROWS 20000 /* passed over in one step of moving, or a few more */

struct window {
    uint32_t agency;
    uint64_t writer, draw;
    wire_limits_t own;    // buffers are this large
    wire_limits_t limits; // as agreed
    const rows_t *source; // borrowed

    bool seeking;     // the source is to go to `end` first
    uint64_t target;  // and then rows are passed until here
    uint64_t stop;    // no row from here on is packed
    rows_status_t at; // what the source said last
    row_t row;        // held when `at` is ROWS_OK
    uint64_t rows;    // that the source has, once known to end too early

    uint64_t end;            // offset behind the last row that was packed or passed
    uint64_t digest;         // of all rows before it
    uint32_t first;          // place of the oldest batch
    uint32_t count;          // of batches
    uint32_t unsent;         // of them, the first one to send
    window_batch_t *batches; // own.window places
    window_batch_t passed;   // room for rows that are not sent
};

static window_status_t seek (window_t *window);
static void next_row (window_t *window);
static bool pack (window_t *window, window_batch_t *batch, uint64_t bytes_max,
                  uint64_t rows_max);
static uint8_t *pack_rows (window_t *window, window_batch_t *batch,
                           const uint8_t *limit, uint32_t rows_max);
static uint8_t *take_rows (window_t *window, window_batch_t *batch, uint8_t *at,
                           const uint8_t *limit, uint32_t rows_max);
static void write_head (const window_t *window, window_batch_t *batch);
static void shorten (window_t *window, window_batch_t *batch, uint32_t count);
static uint32_t next_message (const window_t *window, size_t *size);
static window_batch_t *place (const window_t *window, uint32_t index);
static inline uint64_t lower (uint64_t a, uint64_t b);

window_t *window_new (uint32_t agency, uint64_t writer, const wire_limits_t *own,
                      const rows_t *source)
{
    window_t *window = calloc (1, sizeof *window);
    assert (window);
    window->batches = calloc (own->window, sizeof window->batches[0]);
    assert (window->batches);
    window->agency = agency;
    window->writer = writer;
    window->own = window->limits = *own;
    window->source = source;
    window->at = ROWS_END;
    window->stop = UINT64_MAX;
    return window;
}

void window_destroy (window_t **window)
{
    if (*window == NULL)
        return;
    for (uint32_t i = 0; i < (*window)->own.window; i++)
        free ((*window)->batches[i].message);
    free ((*window)->passed.message);
    free ((*window)->batches);
    free (*window);
    *window = NULL;
}

void window_restart (window_t *window, const window_start_t *start)
{
    window->limits = start->agreed;
    window->draw = start->draw;
    window->seeking = true;
    window->at = ROWS_OK;
    window->end = start->from;
    window->digest = start->digest;
    window->target = start->offset;
    window->count = window->unsent = 0;
}

void window_skip_to (window_t *window, uint64_t offset)
{
    window->target = offset;
    window->count = window->unsent = 0;
}

bool window_moving (const window_t *window)
{
    return window->seeking || window->end < window->target;
}

bool window_stalled (const window_t *window)
{
    return !window->seeking && window->at == ROWS_END && window_moving (window);
}

window_status_t window_move (window_t *window)
{
    if (window->seeking) {
        const window_status_t status = seek (window);
        if (status != WINDOW_THERE)
            return status;
    }
    for (uint64_t start = window->end; window->end < window->target;) {
        if (window->end - start >= PASS_ROWS)
            return WINDOW_MOVING;
        if (window->at == ROWS_END)
            return window->rows = window->end, WINDOW_SHORT;
        if (window->at != ROWS_OK)
            return WINDOW_FAILED;
        if (!pack (window, &window->passed, window->own.message_bytes_max,
                   lower (window->target - window->end, BATCH_ROWS_MAX)))
            return WINDOW_LONG;
    }
    return WINDOW_THERE;
}

/* Returns WINDOW_THERE when the source is there and its first row is held. */
static window_status_t seek (window_t *window)
{
    const rows_t *source = window->source;
    switch (source->seek (source->self, window->end, &window->rows)) {
    case ROWS_OK:
        window->seeking = false;
        next_row (window);
        return WINDOW_THERE;
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

bool window_hungry (const window_t *window)
{
    return window->count < window->limits.window && window->at != ROWS_END &&
           window->end < window->stop;
}

window_status_t window_fill (window_t *window)
{
    assert (!window_moving (window));
    if (window->at != ROWS_OK)
        return window->at == ROWS_END ? WINDOW_END : WINDOW_FAILED;
    window_batch_t *batch = place (window, window->count);
    if (!pack (window, batch, window->limits.message_bytes_max,
               lower (window->stop - window->end, window->limits.rows_max)))
        return WINDOW_LONG;
    write_head (window, batch);
    window->count++;
    return WINDOW_PACKED;
}

/* The rows that come next, as many as are allowed. False when not even one is. */
static bool pack (window_t *window, window_batch_t *batch, uint64_t bytes_max,
                  uint64_t rows_max)
{
    if (batch->message == NULL)
        batch->message = malloc (window->own.message_bytes_max);
    assert (batch->message);
    batch->offset = window->end;
    batch->digest = window->digest;
    batch->sent = false;
    batch->count = 0;
    const uint8_t *end =
        pack_rows (window, batch, batch->message + bytes_max, (uint32_t) rows_max);
    batch->size = (size_t) (end - batch->message);
    window->end += batch->count;
    return batch->count > 0;
}

/* Returns the place behind the last row that fitted. */
static uint8_t *pack_rows (window_t *window, window_batch_t *batch,
                           const uint8_t *limit, uint32_t rows_max)
{
    uint8_t *at = batch->message + WIRE_BATCH_BYTES;
    while (window->at == ROWS_OK && batch->count < rows_max &&
           window->row.text.size < (size_t) (limit - at)) {
        const uint8_t *row = at;
        at = put_u8 (put_bytes (at, window->row.text), '\n');
        if (window->writer == 0)
            window->digest =
                bet_csv_digest (window->digest, bytes_of (row, (size_t) (at - row)), 1);
        batch->count++;
        at = take_rows (window, batch, at, limit, rows_max);
        next_row (window);
    }
    return at;
}

/* Those behind the row that is held: nearly all of a batch comes this way. */
static uint8_t *take_rows (window_t *window, window_batch_t *batch, uint8_t *at,
                           const uint8_t *limit, uint32_t rows_max)
{
    const rows_t *source = window->source;
    uint32_t rows = 0;
    if (source->take)
        at += source->take (source->self, at, (size_t) (limit - at),
                            rows_max - batch->count, &rows, &window->digest);
    batch->count += rows;
    return at;
}

static void write_head (const window_t *window, window_batch_t *batch)
{
    const wire_batch_t head = {.offset = batch->offset,
                               .digest = batch->digest,
                               .writer = window->writer,
                               .count = batch->count};
    wire_batch_head (batch->message, WIRE_BATCH, window->agency, window->draw, &head);
}

void window_more (window_t *window)
{
    if (window->at == ROWS_END && !window->seeking)
        next_row (window);
}

void window_cut (window_t *window, uint64_t offset)
{
    window->stop = offset;
    while (window->count > 0) {
        window_batch_t *last = place (window, window->count - 1);
        if (last->offset + last->count <= offset)
            return;
        if (last->offset < offset) {
            shorten (window, last, (uint32_t) (offset - last->offset));
            return;
        }
        window->count--;
        window->end = last->offset;
        window->digest = last->digest;
        if (window->unsent > window->count)
            window->unsent = window->count;
    }
}

/* The batch keeps its first rows, and is to be sent as it is now. */
static void shorten (window_t *window, window_batch_t *batch, uint32_t count)
{
    bytes_t rest = window_batch_rows (batch);
    for (uint32_t i = 0; i < count; i++) {
        size_t text_end, size = bet_csv_row_size (rest, &text_end);
        rest = bytes_of (rest.data + size, rest.size - size);
    }
    batch->size -= rest.size;
    batch->count = count;
    write_head (window, batch);
    window->end = batch->offset + count;
    window->digest = bet_csv_digest (batch->digest, window_batch_rows (batch), count);
    if (window->unsent == window->count)
        window->unsent--;
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
    return window->count == 0 && !window_moving (window) &&
           (window->at == ROWS_END || window->end >= window->stop);
}

uint64_t window_end (const window_t *window)
{
    return window->end;
}

uint64_t window_digest (const window_t *window)
{
    return window->digest;
}

uint64_t window_first (const window_t *window)
{
    return window->count > 0 ? place (window, 0)->offset : window->end;
}

uint64_t window_first_digest (const window_t *window)
{
    return window->count > 0 ? place (window, 0)->digest : window->digest;
}

bool window_unsent (const window_t *window)
{
    return window->unsent < window->count;
}

bool window_bundles (const window_t *window)
{
    size_t size;
    const uint32_t batches = next_message (window, &size);
    const size_t enclosed = batches > 1 ? 0 : WIRE_HEADER_BYTES + WIRE_ENCLOSED_BYTES;
    const size_t least = WIRE_ENCLOSED_BYTES + WIRE_BATCH_BYTES + ROW_BYTES_MIN;
    return batches == window->count - window->unsent &&
           size + enclosed + least <= window->limits.bundle_bytes;
}

size_t window_message_size (const window_t *window)
{
    size_t size;
    next_message (window, &size);
    return size;
}

void window_write_message (const window_t *window, uint8_t *buffer)
{
    size_t size;
    const uint32_t batches = next_message (window, &size);
    uint8_t *at =
        batches > 1 ? wire_batches_head (buffer, window->agency, window->draw) : buffer;
    for (uint32_t i = 0; i < batches; i++) {
        const window_batch_t *batch = place (window, window->unsent + i);
        const bytes_t bytes = bytes_of (batch->message, batch->size);
        at = batches > 1 ? wire_batches_put (at, bytes) : put_bytes (at, bytes);
    }
}

uint32_t window_mark_sent (window_t *window)
{
    size_t size;
    uint32_t again = 0;
    for (uint32_t batches = next_message (window, &size); batches > 0; batches--) {
        window_batch_t *batch = place (window, window->unsent++);
        again += batch->sent;
        batch->sent = true;
    }
    return again;
}

/* How many batches are in the next message, and its bytes. One goes alone. */
static uint32_t next_message (const window_t *window, size_t *size)
{
    const uint32_t unsent = window->count - window->unsent;
    uint32_t batches = 0;
    *size = WIRE_HEADER_BYTES;
    for (; batches < unsent; batches++) {
        const window_batch_t *batch = place (window, window->unsent + batches);
        const size_t more = WIRE_ENCLOSED_BYTES + batch->size;
        if (*size + more > window->limits.bundle_bytes)
            break;
        *size += more;
    }
    if (batches > 1)
        return batches;
    *size = unsent > 0 ? place (window, window->unsent)->size : 0;
    return unsent > 0 ? 1 : 0;
}

void window_resend (window_t *window, uint64_t offset)
{
    uint32_t first = 0;
    while (first < window->unsent && place (window, first)->offset < offset)
        first++;
    window->unsent = first;
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

const window_batch_t *window_last (const window_t *window)
{
    assert (window->count > 0);
    return place (window, window->count - 1);
}

static window_batch_t *place (const window_t *window, uint32_t index)
{
    return &window->batches[(window->first + index) % window->own.window];
}

static inline uint64_t lower (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bytes_t window_batch_rows (const window_batch_t *batch)
{
    return bytes_of (batch->message + WIRE_BATCH_BYTES, batch->size - WIRE_BATCH_BYTES);
}

/* window.h - the batches that are under way: packed from the rows of a source, kept
   until the central has stored them. Pure: touches memory and the source only. */

#ifndef LOTERIA_WINDOW_H
#define LOTERIA_WINDOW_H

#include "rows.h"
#include "wire.h"

typedef struct {
    uint64_t offset; // of its first bet
    uint64_t line;   // of its first row, 0 when the source has no lines
    uint64_t digest; // of all the agency's bets before it
    uint32_t count;
    bool sent;        // at least once
    size_t size;      // of the whole message
    uint8_t *message; // the encoded BATCH; owned by the window
} window_batch_t;

typedef struct window window_t;

typedef enum {
    WINDOW_PACKED, // one more batch
    WINDOW_MOVING, // the source is not yet where it should be: ask again
    WINDOW_END,    // everything is packed
    WINDOW_SHORT,  // the source ends before the place to start from
    WINDOW_LONG,   // a row fits no message
    WINDOW_FAILED  // the source failed
} window_status_t;

/* A window under these limits at most, none of them 0. `source` is borrowed and must
   outlive the window; its functions are called by window_fill () only. */
window_t *window_new (uint32_t agency, const wire_limits_t *own, const rows_t *source);
void window_destroy (window_t **window);

/* Drop all batches; go on with the source's row `offset`, within `agreed` limits.
   `digest` is that of the agency's bets before, in this draw. */
void window_restart (window_t *window, uint64_t draw, uint64_t offset, uint64_t digest,
                     const wire_limits_t *agreed);

/* Whether one more batch may be packed, and there may be rows left for it. */
bool window_hungry (const window_t *window);

/* Pack one more batch; the window must be hungry. */
window_status_t window_fill (window_t *window);

/* How many rows the source has, after WINDOW_SHORT. */
uint64_t window_rows (const window_t *window);

bool window_empty (const window_t *window);

/* Whether the source is at its end and every batch was stored. */
bool window_done (const window_t *window);

/* The offset behind the last packed row. */
uint64_t window_end (const window_t *window);

/* The digest of all the agency's bets up to there. */
uint64_t window_digest (const window_t *window);

/* The batch to be sent now, NULL when there is none; and that it was sent. */
const window_batch_t *window_unsent (const window_t *window);
void window_mark_sent (window_t *window);

/* All batches are to be sent again, from the first on. */
void window_resend (window_t *window);

/* Take out the first batch if it was stored wholly below `next`; NULL when there is no
   such batch. What is returned stays as it is until the next call of window_fill (). */
const window_batch_t *window_take_stored (window_t *window, uint64_t next);

/* The batch under way with that offset, which was sent; or NULL. */
const window_batch_t *window_find (const window_t *window, uint64_t offset);

/* The rows of a batch, each ended by LF. */
bytes_t window_batch_rows (const window_batch_t *batch);

/* The line of the batch's row 1.., 0 when there is no such row or it is not known. */
uint64_t window_batch_line (const window_batch_t *batch, uint32_t row);

#endif

/* window.h - the batches under way: packed from a source's rows, and kept until the
   central has stored them. Rows that the central has already are read as well, so that
   their digest can be compared with that of what is stored.
   Pure: touches memory and the source only. */

#ifndef LOTERIA_WINDOW_H
#define LOTERIA_WINDOW_H

#include "rows.h"
#include "wire.h"

typedef struct {
    uint64_t offset; // of its first bet
    uint64_t digest; // of all bets before it
    uint32_t count;
    bool sent;        // at least once
    size_t size;      // of the whole message
    uint8_t *message; // the encoded BATCH; owned by the window
} window_batch_t;

typedef struct { // where to go on, and under which limits
    uint64_t offset;
    uint64_t from;   // at most `offset`: rows from here on are read again
    uint64_t digest; // of the bets before `from`
    uint64_t draw;   // of the batches to come
    wire_limits_t agreed;
} window_start_t;

typedef struct window window_t;

typedef enum {
    WINDOW_PACKED, // one more batch
    WINDOW_MOVING, // the source is not there yet: call again
    WINDOW_THERE,  // it has arrived
    WINDOW_END,    // everything is packed
    WINDOW_SHORT,  // the source ends before the place to start from
    WINDOW_LONG,   // a row fits no message
    WINDOW_FAILED  // the source failed
} window_status_t;

/* A window under these limits at most, none of them 0. `writer` is 0 for the bets of a
   file. `source` is borrowed and must outlive the window; its functions are called by
   window_move (), window_fill () and window_more () only. */
window_t *window_new (uint32_t agency, uint64_t writer, const wire_limits_t *own,
                      const rows_t *source);
void window_destroy (window_t **window);

/* Drop all batches; go on with the source's row `start->offset`. */
void window_restart (window_t *window, const window_start_t *start);

/* The same, from where the source stands to a row further on. */
void window_skip_to (window_t *window, uint64_t offset);

/* Whether the source has to be moved, and one step of it, of some milliseconds. Returns
   WINDOW_MOVING until WINDOW_THERE, or WINDOW_SHORT, WINDOW_LONG or WINDOW_FAILED. */
bool window_moving (const window_t *window);
window_status_t window_move (window_t *window);

/* Whether one more batch may be packed, and there may be rows left for it. */
bool window_hungry (const window_t *window);

/* Pack one more batch; the window must be hungry, and not be moving. */
window_status_t window_fill (window_t *window);

/* Rows were added to the source, whose end was reached. */
void window_more (window_t *window);

/* Nothing from the row `offset` on is to be sent any more: batches end before it. */
void window_cut (window_t *window, uint64_t offset);

/* Whether it stands at the end of the source, which has rows no further: that is what
   WINDOW_SHORT says, and window_more () may end. */
bool window_stalled (const window_t *window);

/* How many rows the source has, after WINDOW_SHORT. */
uint64_t window_rows (const window_t *window);

bool window_empty (const window_t *window);

/* Whether there is nothing left to pack, and every batch was stored. */
bool window_done (const window_t *window);

/* The offset behind the last row packed or passed over, and the digest of all the
   source's rows before it. */
uint64_t window_end (const window_t *window);
uint64_t window_digest (const window_t *window);

/* Likewise, of the first row under way, or of the next to be. */
uint64_t window_first (const window_t *window);
uint64_t window_first_digest (const window_t *window);

/* Whether there are batches to be sent; and whether one more that is packed now may go
   with them in one message. */
bool window_unsent (const window_t *window);
bool window_bundles (const window_t *window);

/* The next message: a BATCH, or a BATCHES with as many of the batches to be sent as fit
   into the agreed bundle_bytes. Its bytes, 0 when there is nothing to be sent; write it
   into as many; and note that it was sent, which returns how many of its batches had
   been sent before. */
size_t window_message_size (const window_t *window);
void window_write_message (const window_t *window, uint8_t *buffer);
uint32_t window_mark_sent (window_t *window);

/* All batches from this offset on are to be sent again. */
void window_resend (window_t *window, uint64_t offset);

/* Take out the first batch if it was stored wholly below `next`; NULL when there is no
   such batch. What is returned stays as it is until the next call of window_fill (). */
const window_batch_t *window_take_stored (window_t *window, uint64_t next);

/* The batch under way with that offset, which was sent; or NULL. */
const window_batch_t *window_find (const window_t *window, uint64_t offset);

/* The batch that was packed last, of those that are there; there has to be one. */
const window_batch_t *window_last (const window_t *window);

/* The rows of a batch, each ended by LF. */
bytes_t window_batch_rows (const window_batch_t *batch);

#endif

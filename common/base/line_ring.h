/* line_ring.h - the latest lines of something, for who asks: bounded by their number
   and their bytes. Each has an ordinal, counted from 0 on since the ring is there.

   Pure: memory only. */

#ifndef LOTERIA_LINE_RING_H
#define LOTERIA_LINE_RING_H

#include "bytes.h"

#define RING_LINE_BYTES_MAX 1024 // of one line; what is longer is cut

typedef struct line_ring line_ring_t;

/* Keeps at most so many lines of at most so many bytes together, which have to do for
   the longest line. */
line_ring_t *line_ring_new (size_t lines_max, size_t bytes_max);
void line_ring_destroy (line_ring_t **ring);

/* Keep a line, without its end, in place of the oldest as far as it must be. */
void line_ring_put (line_ring_t *ring, bytes_t line);

/* The ordinals of the oldest line that is kept and of the next one that will be: equal
   when there is none. */
uint64_t line_ring_first (const line_ring_t *ring);
uint64_t line_ring_next (const line_ring_t *ring);

/* Copy a line that is kept; returns its size. */
size_t line_ring_get (const line_ring_t *ring, uint64_t ordinal,
                      char line[RING_LINE_BYTES_MAX]);

#endif

/* line_ring.c - the latest lines. */

#include "line_ring.h"

#include <assert.h>
#include <stdlib.h>

typedef struct {
    uint64_t at; // of all bytes that there ever were
    size_t size;
} kept_t;

struct line_ring {
    uint64_t first, next; // ordinals
    uint64_t end;         // of the last line's bytes, among all there ever were
    size_t lines_max, bytes_max;
    uint8_t *bytes; // that of place p is at p % bytes_max
    kept_t *lines;  // that with ordinal n is at n % lines_max
};

static kept_t *line_at (const line_ring_t *ring, uint64_t ordinal);
static bool lacks_room (const line_ring_t *ring, size_t size);

line_ring_t *line_ring_new (size_t lines_max, size_t bytes_max)
{
    assert (lines_max > 0 && bytes_max >= RING_LINE_BYTES_MAX);
    line_ring_t *ring = calloc (1, sizeof *ring);
    assert (ring);
    ring->lines_max = lines_max;
    ring->bytes_max = bytes_max;
    ring->bytes = malloc (bytes_max);
    ring->lines = malloc (lines_max * sizeof *ring->lines);
    assert (ring->bytes && ring->lines);
    return ring;
}

void line_ring_destroy (line_ring_t **ring)
{
    if (*ring) {
        free ((*ring)->bytes);
        free ((*ring)->lines);
        free (*ring);
    }
    *ring = NULL;
}

void line_ring_put (line_ring_t *ring, bytes_t line)
{
    if (line.size > RING_LINE_BYTES_MAX)
        line.size = RING_LINE_BYTES_MAX;
    while (lacks_room (ring, line.size))
        ring->first++;
    const size_t place = ring->end % ring->bytes_max;
    const size_t behind = ring->bytes_max - place;
    const size_t piece = line.size < behind ? line.size : behind;
    put_bytes (ring->bytes + place, bytes_of (line.data, piece));
    put_bytes (ring->bytes, bytes_of (line.data + piece, line.size - piece));
    *line_at (ring, ring->next++) = (kept_t){.at = ring->end, .size = line.size};
    ring->end += line.size;
}

uint64_t line_ring_first (const line_ring_t *ring)
{
    return ring->first;
}

uint64_t line_ring_next (const line_ring_t *ring)
{
    return ring->next;
}

size_t line_ring_get (const line_ring_t *ring, uint64_t ordinal,
                      char line[RING_LINE_BYTES_MAX])
{
    assert (ordinal >= ring->first && ordinal < ring->next);
    const kept_t *kept = line_at (ring, ordinal);
    const size_t place = kept->at % ring->bytes_max;
    const size_t behind = ring->bytes_max - place;
    const size_t piece = kept->size < behind ? kept->size : behind;
    uint8_t *rest = put_bytes ((uint8_t *) line, bytes_of (ring->bytes + place, piece));
    put_bytes (rest, bytes_of (ring->bytes, kept->size - piece));
    return kept->size;
}

static kept_t *line_at (const line_ring_t *ring, uint64_t ordinal)
{
    return &ring->lines[ordinal % ring->lines_max];
}

static bool lacks_room (const line_ring_t *ring, size_t size)
{
    return ring->next > ring->first &&
           (ring->next - ring->first == ring->lines_max ||
            ring->end + size - line_at (ring, ring->first)->at > ring->bytes_max);
}

/* lines.h - finds the line ends of a text, one after another. Where lines are short,
   several times as fast as searching for each. */

#ifndef LOTERIA_LINES_H
#define LOTERIA_LINES_H

#include "bytes.h"

typedef struct {
    const uint8_t *end;   // of the text
    const uint8_t *next;  // first byte not looked at yet
    const uint8_t *block; // the last one looked at
    uint64_t line_feeds;  // of the block, those not returned yet
} lines_t;

static inline lines_t lines_of (bytes_t text)
{
    // An empty text may be NULL, to which C17 lets nothing be added, not even 0.
    const uint8_t *end = text.size > 0 ? text.data + text.size : text.data;
    return (lines_t){.end = end, .next = text.data};
}

/* The text's next line feed; NULL when there are no more. */
static inline const uint8_t *lines_next (lines_t *lines)
{
    while (lines->line_feeds == 0 && lines->next < lines->end) {
        uint8_t last[BYTES_MASK] = {0};
        const size_t left = (size_t) (lines->end - lines->next);
        lines->block = lines->next;
        if (left >= BYTES_MASK) {
            lines->line_feeds = bytes_mask (lines->block, '\n');
            lines->next += BYTES_MASK;
        } else {
            memcpy (last, lines->block, left);
            lines->line_feeds = bytes_mask (last, '\n');
            lines->next = lines->end;
        }
    }
    if (lines->line_feeds == 0)
        return NULL;
    const uint8_t *line_feed = lines->block + __builtin_ctzll (lines->line_feeds);
    lines->line_feeds &= lines->line_feeds - 1;
    return line_feed;
}

#endif

/* digest.c - the running hash of an agency's bets. Agency and storage; touches memory
   only.

   It is worked out for every bet, twice, so lines are found sixty-four bytes at a time,
   and hashed without a call. */

#include "digest.h"

#include "bounds.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

typedef struct {          // where the lines of a text end
    const uint8_t *at;    // the beginning of the next line; the caller's to move
    const uint8_t *end;   // of the text
    const uint8_t *block; // that was looked at last
    const uint8_t *next;  // byte that was not looked at
    uint64_t line_feeds;  // of the block, those that were not told yet
} lines_t;

static lines_t lines_of (bytes_t text);
static const uint8_t *next_line_feed (lines_t *lines);
static bool may_lead_with_zeros (const uint8_t *start, const uint8_t *end);

uint64_t digest_row (uint64_t digest, bytes_t row)
{
    return XXH3_64bits_withSeed (row.data, row.size, digest);
}

size_t digest_rows (uint64_t *digest, bytes_t rows, size_t prefix)
{
    lines_t lines = lines_of (rows);
    uint64_t value = *digest;
    size_t count = 0;
    while (lines.at < lines.end) {
        const uint8_t *start = lines.at, *line_feed = next_line_feed (&lines);
        const uint8_t *end = line_feed ? line_feed : lines.end;
        start += prefix < (size_t) (end - start) ? prefix : (size_t) (end - start);
        lines.at = line_feed ? line_feed + 1 : lines.end;
        end -= end > start && end[-1] == '\r';
        value = XXH3_64bits_withSeed (start, (size_t) (end - start), value);
        count++;
    }
    *digest = value;
    return count;
}

uint32_t digest_plain_rows (uint64_t *digest, bytes_t *rows, uint32_t rows_max)
{
    if (rows->size == 0)
        return 0;
    const uint8_t *quote = memchr (rows->data, '"', rows->size);
    lines_t lines =
        lines_of (quote ? bytes_of (rows->data, (size_t) (quote - rows->data)) : *rows);
    uint64_t value = *digest;
    uint32_t count = 0;
    while (count < rows_max) {
        const uint8_t *start = lines.at, *line_feed = next_line_feed (&lines);
        if (!line_feed)
            break;
        const uint8_t *end = line_feed - (line_feed > start && line_feed[-1] == '\r');
        if (may_lead_with_zeros (start, end))
            break;
        lines.at = line_feed + 1;
        value = XXH3_64bits_withSeed (start, (size_t) (end - start), value);
        count++;
    }
    *digest = value;
    const size_t taken = (size_t) (lines.at - rows->data);
    *rows = bytes_of (lines.at, rows->size - taken);
    return count;
}

size_t digest_prefix (uint32_t agency)
{
    size_t size = 2; // a digit and the comma
    while (agency >= 10) {
        agency /= 10;
        size++;
    }
    return size;
}

static inline lines_t lines_of (bytes_t text)
{
    return (lines_t){.at = text.data, .end = text.data + text.size, .next = text.data};
}

/* NULL when there is no further one. */
static inline const uint8_t *next_line_feed (lines_t *lines)
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

/* Whether a row's last field may begin with a zero and go on: a number has at most
   NUMBER_DIGITS_MAX digits, so its comma is among the last bytes. */
static inline bool may_lead_with_zeros (const uint8_t *start, const uint8_t *end)
{
    enum { LAST = 16 };
    typedef uint8_t lanes_t __attribute__ ((vector_size (LAST)));
    typedef uint64_t words_t __attribute__ ((vector_size (LAST)));
    _Static_assert(NUMBER_DIGITS_MAX + 1 <= LAST, "the comma, and all digits but one");
    static const lanes_t all_but_the_last = {255, 255, 255, 255, 255, 255, 255, 255,
                                             255, 255, 255, 255, 255, 255, 255, 0};
    lanes_t before, here;
    if (end - start <= LAST)
        return true;
    memcpy (&before, end - LAST - 1, LAST);
    memcpy (&here, end - LAST, LAST);
    const words_t there =
        (words_t) ((before == ',') & (here == '0') & all_but_the_last);
    return (there[0] | there[1]) != 0;
}

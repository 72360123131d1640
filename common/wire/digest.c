/* digest.c - the running hash of an agency's bets. Agency and storage; touches memory
   only.

   It is computed for every bet, twice, so lines are found sixty-four bytes at a time
   and hashed without a function call. */

#include "digest.h"

#include "bounds.h"
#include "lines.h"
#include "short_number.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static inline size_t walk (uint64_t *digest, bytes_t rows, size_t prefix,
                           uint32_t highest, uint32_t *beyond);
static inline uint64_t number_of (const uint8_t *start, const uint8_t *end);
static bool may_lead_with_zeros (const uint8_t *start, const uint8_t *end);

uint64_t digest_row (uint64_t digest, bytes_t row)
{
    return XXH3_64bits_withSeed (row.data, row.size, digest);
}

size_t digest_rows (uint64_t *digest, bytes_t rows, size_t prefix)
{
    uint32_t ignored;
    return walk (digest, rows, prefix, UINT32_MAX, &ignored);
}

size_t digest_rows_within (uint64_t *digest, bytes_t rows, size_t prefix,
                           uint32_t highest, uint32_t *beyond)
{
    return walk (digest, rows, prefix, highest, beyond);
}

static inline size_t walk (uint64_t *digest, bytes_t rows, size_t prefix,
                           uint32_t highest, uint32_t *beyond)
{
    lines_t lines = lines_of (rows);
    const uint8_t *at = rows.data;
    uint64_t value = *digest;
    size_t count = 0;
    *beyond = 0;
    while (at < lines.end) {
        const uint8_t *start = at, *line_feed = lines_next (&lines);
        const uint8_t *end = line_feed ? line_feed : lines.end;
        start += prefix < (size_t) (end - start) ? prefix : (size_t) (end - start);
        at = line_feed ? line_feed + 1 : lines.end;
        end -= end > start && end[-1] == '\r';
        value = XXH3_64bits_withSeed (start, (size_t) (end - start), value);
        count++;
        if (highest != UINT32_MAX && *beyond == 0 && number_of (start, end) > highest)
            *beyond = (uint32_t) count;
    }
    *digest = value;
    return count;
}

/* The digits at the end. */
static inline uint64_t number_of (const uint8_t *start, const uint8_t *end)
{
    uint64_t value, scale = 1;
    if (end - start >= SHORT_NUMBER_BYTES && short_number (end, &value))
        return value;
    value = 0;
    for (int i = 0; i < NUMBER_DIGITS_MAX && end > start && *--end != ','; i++) {
        value += scale * (uint64_t) (*end - '0');
        scale *= 10;
    }
    return value;
}

uint32_t digest_plain_rows (uint64_t *digest, bytes_t *rows, uint32_t rows_max)
{
    if (rows->size == 0)
        return 0;
    const uint8_t *quote = memchr (rows->data, '"', rows->size);
    lines_t lines =
        lines_of (quote ? bytes_of (rows->data, (size_t) (quote - rows->data)) : *rows);
    const uint8_t *at = rows->data;
    uint64_t value = *digest;
    uint32_t count = 0;
    while (count < rows_max) {
        const uint8_t *start = at, *line_feed = lines_next (&lines);
        if (!line_feed)
            break;
        const uint8_t *end = line_feed - (line_feed > start && line_feed[-1] == '\r');
        if (line_feed - start >= ROW_BYTES_MAX || may_lead_with_zeros (start, end))
            break;
        at = line_feed + 1;
        value = XXH3_64bits_withSeed (start, (size_t) (end - start), value);
        count++;
    }
    *digest = value;
    const size_t taken = (size_t) (at - rows->data);
    *rows = bytes_of (at, rows->size - taken);
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

/* Whether a row's last field may have a leading zero: a number has at most
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

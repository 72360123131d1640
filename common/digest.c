/* digest.c - the running hash of an agency's bets. Agency and storage; touches memory
   only. */

#include "digest.h"

#define XXH_INLINE_ALL // a row is hashed in less time than a call takes
#include <xxhash.h>

uint64_t digest_row (uint64_t digest, bytes_t row)
{
    return XXH3_64bits_withSeed (row.data, row.size, digest);
}

uint64_t digest_rows (uint64_t digest, bytes_t rows, size_t prefix)
{
    const uint8_t *at = rows.data, *end = rows.data + rows.size;
    while (at < end) {
        const uint8_t *line_feed = memchr (at, '\n', (size_t) (end - at));
        const uint8_t *row_end = line_feed ? line_feed : end;
        const uint8_t *next = line_feed ? line_feed + 1 : end;
        const size_t skipped =
            prefix < (size_t) (row_end - at) ? prefix : (size_t) (row_end - at);
        at += skipped;
        row_end -= row_end > at && row_end[-1] == '\r';
        digest = digest_row (digest, bytes_of (at, (size_t) (row_end - at)));
        at = next;
    }
    return digest;
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

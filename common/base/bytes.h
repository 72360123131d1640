/* bytes.h - a borrowed run of bytes, and numbers in network byte order.

   Everything that Lotería writes as binary, on the wire and on disk, is written with
   these: unsigned, most significant byte first (RFC 791, appendix B). */

#ifndef LOTERIA_BYTES_H
#define LOTERIA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef struct {
    const uint8_t *data; // borrowed, not terminated
    size_t size;
} bytes_t;

static inline bytes_t bytes_of (const void *data, size_t size)
{
    return (bytes_t){data, size};
}

static inline bool bytes_equal (bytes_t a, bytes_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.data, b.data, a.size) == 0);
}

/* How often the byte occurs. By blocks whose count fits a byte: compilers turn that
   into sixteen comparisons at once, and a plain loop into one at a time. */
static inline size_t bytes_count (bytes_t bytes, uint8_t byte)
{
    enum { BLOCK = 128 };
    size_t count = 0, at = 0;
    for (; bytes.size - at >= BLOCK; at += BLOCK) {
        uint8_t here = 0;
        for (size_t i = 0; i < BLOCK; i++)
            here += bytes.data[at + i] == byte;
        count += here;
    }
    for (; at < bytes.size; at++)
        count += bytes.data[at] == byte;
    return count;
}

/* Take off the front what comes before the first such byte, and the byte. False: it is
   not there, and nothing was taken. */
static inline bool bytes_take_until (bytes_t *rest, uint8_t byte, bytes_t *taken)
{
    const uint8_t *at = rest->size > 0 ? memchr (rest->data, byte, rest->size) : NULL;
    if (!at)
        return false;
    *taken = bytes_of (rest->data, (size_t) (at - rest->data));
    *rest = bytes_of (at + 1, rest->size - taken->size - 1);
    return true;
}

/* Take the next line off the front, without its LF, which the last one need not have.
   False at the end. */
static inline bool bytes_take_line (bytes_t *rest, bytes_t *line)
{
    if (bytes_take_until (rest, '\n', line))
        return true;
    *line = *rest;
    *rest = bytes_of (NULL, 0);
    return line->size > 0;
}

/* How many bytes the first so many lines take, their LFs included. */
static inline size_t bytes_of_lines (bytes_t text, uint64_t lines)
{
    bytes_t rest = text, line;
    while (lines > 0 && bytes_take_line (&rest, &line))
        lines--;
    return text.size - rest.size;
}

enum { BYTES_MASK = 64 };

/* A bit for each of the BYTES_MASK bytes at `at`, lowest first: whether it is `byte`.
   Where lines are short, several times as fast as a search for each. */
static inline uint64_t bytes_mask (const uint8_t *at, uint8_t byte)
{
    uint64_t mask = 0;
#ifdef __SSE2__
    const __m128i wanted = _mm_set1_epi8 ((char) byte);
    for (unsigned i = 0; i < BYTES_MASK; i += 16) {
        const __m128i bytes = _mm_loadu_si128 ((const __m128i *) (at + i));
        const int here = _mm_movemask_epi8 (_mm_cmpeq_epi8 (bytes, wanted));
        mask |= (uint64_t) (uint32_t) here << i;
    }
#else
    for (unsigned i = 0; i < BYTES_MASK; i++)
        mask |= (uint64_t) (at[i] == byte) << i;
#endif
    return mask;
}

/* Each put writes the value and returns the place after it; the caller makes sure that
   there is room. */
static inline uint8_t *put_u8 (uint8_t *at, uint8_t value)
{
    *at = value;
    return at + 1;
}

static inline uint8_t *put_u16 (uint8_t *at, uint16_t value)
{
    value = __builtin_bswap16 (value);
    memcpy (at, &value, sizeof value);
    return at + sizeof value;
}

static inline uint8_t *put_u32 (uint8_t *at, uint32_t value)
{
    value = __builtin_bswap32 (value);
    memcpy (at, &value, sizeof value);
    return at + sizeof value;
}

static inline uint8_t *put_u64 (uint8_t *at, uint64_t value)
{
    value = __builtin_bswap64 (value);
    memcpy (at, &value, sizeof value);
    return at + sizeof value;
}

static inline uint8_t *put_bytes (uint8_t *at, bytes_t value)
{
    if (value.size > 0)
        memcpy (at, value.data, value.size);
    return at + value.size;
}

/* The number that is written there. */
static inline uint32_t get_u32 (const uint8_t *at)
{
    uint32_t value;
    memcpy (&value, at, sizeof value);
    return __builtin_bswap32 (value);
}

static inline uint64_t get_u64 (const uint8_t *at)
{
    uint64_t value;
    memcpy (&value, at, sizeof value);
    return __builtin_bswap64 (value);
}

/* A reader consumes bytes from the front. Reading past the end gives zeros and leaves
   `failed` set, so a decoder may read all its fields and ask once. */
typedef struct {
    bytes_t rest;
    bool failed;
} reader_t;

static inline bytes_t read_bytes (reader_t *reader, size_t size)
{
    if (reader->failed || reader->rest.size < size) {
        reader->failed = true;
        return (bytes_t){NULL, 0};
    }
    bytes_t taken = {reader->rest.data, size};
    reader->rest.data += size;
    reader->rest.size -= size;
    return taken;
}

static inline uint8_t read_u8 (reader_t *reader)
{
    bytes_t taken = read_bytes (reader, 1);
    return taken.data ? taken.data[0] : 0;
}

static inline uint16_t read_u16 (reader_t *reader)
{
    uint16_t value = 0;
    bytes_t taken = read_bytes (reader, sizeof value);
    if (taken.data)
        memcpy (&value, taken.data, sizeof value);
    return __builtin_bswap16 (value);
}

static inline uint32_t read_u32 (reader_t *reader)
{
    uint32_t value = 0;
    bytes_t taken = read_bytes (reader, sizeof value);
    if (taken.data)
        memcpy (&value, taken.data, sizeof value);
    return __builtin_bswap32 (value);
}

static inline uint64_t read_u64 (reader_t *reader)
{
    uint64_t value = 0;
    bytes_t taken = read_bytes (reader, sizeof value);
    if (taken.data)
        memcpy (&value, taken.data, sizeof value);
    return __builtin_bswap64 (value);
}

#endif

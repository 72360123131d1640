/* needle.c - the search for `,number CRLF`. Agency, storage. */

#include "needle.h"

#include <stdio.h>

#define LANES  16 // bytes that are compared at once, on any processor
#define STRIDE 64 // bytes between two questions whether there was anything
typedef uint8_t lanes_t __attribute__ ((vector_size (LANES)));
typedef uint64_t words_t __attribute__ ((vector_size (LANES)));

static const uint8_t *find (const needle_t *needle, const uint8_t *at,
                            const uint8_t *end);
static bool worth_a_look (const needle_t *needle, const uint8_t *at);

needle_t needle_of (uint32_t number)
{
    needle_t needle;
    needle.size =
        (size_t) snprintf (needle.text, sizeof needle.text, ",%u\r\n", number);
    return needle;
}

bytes_t needle_find (const needle_t *needle, bytes_t rows, size_t from)
{
    const uint8_t *hit = find (needle, rows.data + from, rows.data + rows.size);
    if (!hit)
        return (bytes_t){0};
    const uint8_t *before = memrchr (rows.data, '\n', (size_t) (hit - rows.data));
    const uint8_t *row = before ? before + 1 : rows.data;
    return bytes_of (row, (size_t) (hit + needle->size - row));
}

/* Several times as fast as memmem () alone, which is asked about the few places that
   are worth it. */
static const uint8_t *find (const needle_t *needle, const uint8_t *at,
                            const uint8_t *end)
{
    const size_t size = needle->size;
    while ((size_t) (end - at) >= STRIDE + size) {
        if (worth_a_look (needle, at)) {
            const uint8_t *hit = memmem (at, STRIDE + size - 1, needle->text, size);
            if (hit)
                return hit;
        }
        at += STRIDE;
    }
    return memmem (at, (size_t) (end - at), needle->text, size);
}

/* Whether the number's comma, first and last digit, and CR stand in their places behind
   any of the next STRIDE bytes. (Without the CR a number that begins like a year takes
   two to three times as long: every row has a birthdate.) */
static bool worth_a_look (const needle_t *needle, const uint8_t *at)
{
    const size_t last = needle->size - sizeof "\r\n"; // the last digit's place
    words_t there = {0};
    for (size_t i = 0; i < STRIDE; i += LANES) {
        lanes_t comma, first_digit, last_digit, end;
        memcpy (&comma, at + i, LANES);
        memcpy (&first_digit, at + i + 1, LANES);
        memcpy (&last_digit, at + i + last, LANES);
        memcpy (&end, at + i + last + 1, LANES);
        there |= (words_t) ((comma == (uint8_t) needle->text[0]) &
                            (first_digit == (uint8_t) needle->text[1]) &
                            (last_digit == (uint8_t) needle->text[last]) &
                            (end == (uint8_t) '\r'));
    }
    return (there[0] | there[1]) != 0;
}

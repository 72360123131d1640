/* png.c - a picture as PNG (agency). */

#include "png.h"

#include <assert.h>
#include <stdlib.h>

#define BLOCK_BYTES 65535 // of deflate, stored

static uint8_t *put_chunk (uint8_t *at, const char *type, bytes_t data);
static size_t stored_size (size_t size);
static uint8_t *put_stored (uint8_t *at, bytes_t data);
static uint32_t crc32_of (bytes_t bytes);
static uint32_t adler32_of (bytes_t bytes);

uint8_t *png_make (const uint8_t *pixels, size_t width, size_t height, size_t *size)
{
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    const size_t row = (width + 7) / 8, lines_size = height * (1 + row);
    uint8_t header[13], *lines = calloc (height, 1 + row); // each by filter 0
    const size_t packed_size = stored_size (lines_size);
    uint8_t *packed = malloc (packed_size);
    uint8_t *png = malloc (sizeof signature + sizeof header + packed_size + 3 * 12);
    assert (lines && packed && png);
    for (size_t y = 0; y < height; y++)
        memcpy (lines + y * (1 + row) + 1, pixels + y * row, row);
    put_stored (packed, bytes_of (lines, lines_size));
    put_bytes (put_u32 (put_u32 (header, (uint32_t) width), (uint32_t) height),
               bytes_of ("\1\0\0\0\0", 5)); // one bit of grey a pixel
    uint8_t *at = put_bytes (png, bytes_of (signature, sizeof signature));
    at = put_chunk (at, "IHDR", bytes_of (header, sizeof header));
    at = put_chunk (at, "IDAT", bytes_of (packed, packed_size));
    at = put_chunk (at, "IEND", bytes_of (NULL, 0));
    *size = (size_t) (at - png);
    free (lines);
    free (packed);
    return png;
}

static uint8_t *put_chunk (uint8_t *at, const char *type, bytes_t data)
{
    uint8_t *start = put_u32 (at, (uint32_t) data.size);
    at = put_bytes (put_bytes (start, bytes_of (type, 4)), data);
    return put_u32 (at, crc32_of (bytes_of (start, (size_t) (at - start))));
}

/* In zlib's wrapping (RFC 1950): blocks as they are, each behind five bytes. */
static size_t stored_size (size_t size)
{
    return 2 + 5 * ((size + BLOCK_BYTES - 1) / BLOCK_BYTES) + size + 4;
}

static uint8_t *put_stored (uint8_t *at, bytes_t data)
{
    at = put_u8 (put_u8 (at, 0x78), 0x01);
    for (bytes_t rest = data; rest.size > 0;) {
        const size_t size = rest.size < BLOCK_BYTES ? rest.size : BLOCK_BYTES;
        const uint16_t length = (uint16_t) size, inverse = (uint16_t) ~length;
        at = put_u8 (at, size == rest.size);
        at = put_u8 (put_u8 (at, (uint8_t) length), (uint8_t) (length >> 8));
        at = put_u8 (put_u8 (at, (uint8_t) inverse), (uint8_t) (inverse >> 8));
        at = put_bytes (at, bytes_of (rest.data, size));
        rest = bytes_of (rest.data + size, rest.size - size);
    }
    return put_u32 (at, adler32_of (data));
}

static uint32_t crc32_of (bytes_t bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static uint32_t adler32_of (bytes_t bytes)
{
    uint32_t low = 1, high = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        low = (low + bytes.data[i]) % 65521;
        high = (high + low) % 65521;
    }
    return high << 16 | low;
}

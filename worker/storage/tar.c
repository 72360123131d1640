/* tar.c - the headers of a tar archive. For storage's --archive and --restore.

   Sizes of 8 GiB and more do not fit the eleven octal digits: they are binary, as in
   GNU's tar, its first bit set. */

#include "tar.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OCTAL_MAX ((uint64_t) 077777777777)

enum { MODE = 100, OWNER = 108, GROUP = 116, SIZE = 124, TIME = 136, SUM = 148 };
enum { TYPE = 156, MAGIC = 257, DEVICE = 329 };

static void put_size (uint8_t *at, uint64_t size);
static uint64_t get_size (const uint8_t *at);
static unsigned sum_of (const uint8_t *header);

void tar_put (uint8_t *header, const char *name, uint64_t size)
{
    memset (header, 0, TAR_BLOCK_BYTES);
    memcpy (header, name, strnlen (name, TAR_NAME_BYTES - 1));
    memcpy (header + MODE, "0000600", 8);
    memcpy (header + OWNER, "0000000", 8);
    memcpy (header + GROUP, "0000000", 8);
    put_size (header + SIZE, size);
    memcpy (header + TIME, "00000000000", 12);
    header[TYPE] = '0';
    memcpy (header + MAGIC,
            "ustar\0"
            "00",
            8);
    memcpy (header + DEVICE,
            "0000000\0"
            "0000000",
            16);
    char sum[8];
    snprintf (sum, sizeof sum, "%06o", sum_of (header));
    memcpy (header + SUM, sum, 7);
    header[SUM + 7] = ' ';
}

/* What tar_put () would not have written is none. */
tar_kind_t tar_get (const uint8_t *header, char *name, uint64_t *size)
{
    static const uint8_t nothing[TAR_BLOCK_BYTES];
    uint8_t again[TAR_BLOCK_BYTES];
    if (memcmp (header, nothing, sizeof nothing) == 0)
        return TAR_END;
    memcpy (name, header, TAR_NAME_BYTES - 1);
    name[TAR_NAME_BYTES - 1] = 0;
    *size = get_size (header + SIZE);
    tar_put (again, name, *size);
    return name[0] && memcmp (header, again, sizeof again) == 0 ? TAR_FILE : TAR_BROKEN;
}

uint64_t tar_padded (uint64_t size)
{
    return (size + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES;
}

static void put_size (uint8_t *at, uint64_t size)
{
    char octal[24];
    snprintf (octal, sizeof octal, "%011" PRIo64, size);
    if (size <= OCTAL_MAX)
        memcpy (at, octal, 12);
    else {
        at[0] = 0x80;
        put_u64 (at + 4, size);
    }
}

static uint64_t get_size (const uint8_t *at)
{
    reader_t reader = {.rest = bytes_of (at + 4, 8)};
    uint64_t size = 0;
    if (at[0] & 0x80)
        return read_u64 (&reader);
    for (int i = 0; i < 11 && at[i] >= '0' && at[i] <= '7'; i++)
        size = size * 8 + (uint64_t) (at[i] - '0');
    return size;
}

static unsigned sum_of (const uint8_t *header)
{
    unsigned sum = 0;
    for (int i = 0; i < TAR_BLOCK_BYTES; i++)
        sum += i >= SUM && i < SUM + 8 ? ' ' : header[i];
    return sum;
}

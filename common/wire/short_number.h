/* short_number.h - reads the number at the end of a row, all its digits at once: nearly
   every number is short. */

#ifndef LOTERIA_SHORT_NUMBER_H
#define LOTERIA_SHORT_NUMBER_H

#include <endian.h>

#include "bytes.h"

enum { SHORT_NUMBER_BYTES = 8 };

#define SHORT_NUMBER_EACH(byte) (UINT64_C (0x0101010101010101) * (byte))

/* Whether a comma and one to seven digits end at `end`, and their value. Looks at the
   SHORT_NUMBER_BYTES before it. */
static inline bool short_number (const uint8_t *end, uint64_t *value)
{
    uint64_t text;
    memcpy (&text, end - SHORT_NUMBER_BYTES, SHORT_NUMBER_BYTES);
    text = le64toh (text); // the last byte is the uppermost
    const uint64_t other = text ^ SHORT_NUMBER_EACH (',');
    const uint64_t commas =
        ~(((other & SHORT_NUMBER_EACH (0x7F)) + SHORT_NUMBER_EACH (0x7F)) | other |
          SHORT_NUMBER_EACH (0x7F));
    if (commas == 0 || commas >> 63) // too long for this, or empty
        return false;
    const uint64_t before = UINT64_MAX >> __builtin_clzll (commas); // the digits
    text = (text & ~before) | (SHORT_NUMBER_EACH ('0') & before);
    if (((text + SHORT_NUMBER_EACH (0x80 - '9' - 1)) |
         (text - SHORT_NUMBER_EACH ('0'))) &
        SHORT_NUMBER_EACH (0x80))
        return false;
    text = (text & SHORT_NUMBER_EACH (0x0F)) * (10 * 256 + 1) >> 8; // two digits each
    text = (text & UINT64_C (0x00FF00FF00FF00FF)) * (100 * 65536 + 1) >> 16;
    *value =
        (text & UINT64_C (0x0000FFFF0000FFFF)) * ((UINT64_C (10000) << 32) + 1) >> 32;
    return true;
}

#endif

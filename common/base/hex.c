/* hex.c - hexadecimal digits. Every process. */

#include "hex.h"

static const char DIGITS[] = "0123456789abcdef";

static int value_of (uint8_t digit);

char *hex_write (bytes_t bytes, char *text)
{
    char *at = text;
    for (size_t i = 0; i < bytes.size; i++) {
        *at++ = DIGITS[bytes.data[i] >> 4];
        *at++ = DIGITS[bytes.data[i] & 0xF];
    }
    *at = 0;
    return text;
}

int hex_read (bytes_t digits, uint8_t *bytes, size_t room)
{
    if (digits.size % 2 != 0 || digits.size / 2 > room)
        return -1;
    for (size_t i = 0; i < digits.size / 2; i++) {
        const int high = value_of (digits.data[2 * i]);
        const int low = value_of (digits.data[2 * i + 1]);
        if (high == -1 || low == -1)
            return -1;
        bytes[i] = (uint8_t) (high << 4 | low);
    }
    return (int) (digits.size / 2);
}

bool hex_read_whole (bytes_t digits, uint8_t *bytes, size_t size)
{
    return digits.size == 2 * size && hex_read (digits, bytes, size) != -1;
}

bool hex_read_line (bytes_t line, uint8_t *bytes, size_t size)
{
    return line.size == 2 * size + 1 && line.data[2 * size] == '\n' &&
           hex_read_whole (bytes_of (line.data, 2 * size), bytes, size);
}

static int value_of (uint8_t digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                          : -1;
}

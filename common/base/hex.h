/* hex.h - bytes as hexadecimal digits, and back. Only lower-case digits are read: bytes
   have one spelling. Pure. */

#ifndef LOTERIA_HEX_H
#define LOTERIA_HEX_H

#include "bytes.h"

/* Two digits for each byte, and a 0 behind them: `text` has room for 2 * bytes.size
   + 1. Returns `text`. */
char *hex_write (bytes_t bytes, char *text);

/* The bytes that the digits are, at most `room`: how many, or -1: other characters,
   half a byte, or too many. */
int hex_read (bytes_t digits, uint8_t *bytes, size_t room);

/* Whether the digits are just so many bytes; and whether they are those and an LF. */
bool hex_read_whole (bytes_t digits, uint8_t *bytes, size_t size);
bool hex_read_line (bytes_t line, uint8_t *bytes, size_t size);

#endif

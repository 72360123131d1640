/* needle.h - rows with a number, found among very many. Pure.

   The number is a row's last field: `,number CRLF` occurs nowhere else, as a quoted
   field is followed by a comma and no field holds a line end. */

#ifndef LOTERIA_NEEDLE_H
#define LOTERIA_NEEDLE_H

#include "bounds.h"
#include "bytes.h"

typedef struct {
    size_t size;
    char text[1 + NUMBER_DIGITS_MAX + 2 + 1]; // ,7574 CRLF
} needle_t;

needle_t needle_of (uint32_t number);

/* The next row of `rows` with this number, the first that ends behind `from` bytes;
   data NULL: there is none. Several times as fast as a look at each. `rows` begin with
   a row and end with one. */
bytes_t needle_find (const needle_t *needle, bytes_t rows, size_t from);

#endif

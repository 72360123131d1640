/* numbers.h - the numbers that a batch's rows bet on, as far as they can be read
   without checking the rows: that is the central's to do. Pure. */

#ifndef LOTERIA_NUMBERS_H
#define LOTERIA_NUMBERS_H

#include "bytes.h"

/* The first of `rows` (each ended by LF, a line end may be within quotes) whose number
   is above `highest`: its place from 1 on, and `*number`. 0: there is none. What is no
   number is passed over. */
uint32_t numbers_beyond (bytes_t rows, uint64_t highest, uint64_t *number);

/* The number of a row without its line end; false: it cannot be read. */
bool numbers_of_row (bytes_t row, uint64_t *number);

#endif

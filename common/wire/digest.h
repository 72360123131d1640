/* digest.h - tells two histories of an agency apart: a running hash of its bets, in
   order.

   It starts at 0. Each canonical row, without its agency's number and comma and without
   its line end, turns one digest into the next. So its state is its value, and how bets
   were divided into batches makes no difference. XXH3: it finds accidents, not forgers.
   Pure. */

#ifndef LOTERIA_DIGEST_H
#define LOTERIA_DIGEST_H

#include "bytes.h"

#define DIGEST_START 0 // of no bets at all

/* The digest after one more row, which is canonical and has neither its agency's number
   nor its line end. */
uint64_t digest_row (uint64_t digest, bytes_t row);

/* Advance `*digest` over rows as bets.csv has them: each begins with `prefix` bytes,
   the agency's number and its comma, and ends with CRLF. Returns how many lines there
   are, including a last one without its end. Whatever is not of this form is hashed all
   the same, within its bounds. */
size_t digest_rows (uint64_t *digest, bytes_t rows, size_t prefix);

/* The same, and whether each row's number, its last field, is `highest` at most:
   `*beyond` is the first whose is not, from 1 on; 0: none. Of rows that are canonical.
 */
size_t digest_rows_within (uint64_t *digest, bytes_t rows, size_t prefix,
                           uint32_t highest, uint32_t *beyond);

/* The same for rows as an agency types them, without prefix and ended by LF or CRLF, as
   long as they must be their own canonical form if they are valid at all: up to the
   first that has a quote, may have leading zeros in its number, is too short or too
   long for a bet, or has no end. Takes them off `rows`, at most `rows_max`; returns how
   many.
 */
uint32_t digest_plain_rows (uint64_t *digest, bytes_t *rows, uint32_t rows_max);

/* How many bytes an agency's number and the comma after it take in a canonical row. */
size_t digest_prefix (uint32_t agency);

#endif

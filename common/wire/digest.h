/* digest.h - what tells two histories of an agency apart: a running hash of its bets,
   in order.

   It begins at 0, and each canonical row, without its agency's number and comma and
   without its line end, makes the next digest of the one before. So its state is its
   value, and how bets were parted into batches makes no difference. XXH3: it finds
   accidents, not forgers. Pure. */

#ifndef LOTERIA_DIGEST_H
#define LOTERIA_DIGEST_H

#include "bytes.h"

#define DIGEST_START 0 // of no bets at all

/* The digest behind one more row, which is canonical and has neither its agency's
   number nor its line end. */
uint64_t digest_row (uint64_t digest, bytes_t row);

/* Move `*digest` on behind some rows as bets.csv has them: each begins with `prefix`
   bytes, the agency's number and its comma, and ends with CRLF. Returns how many lines
   there are, a last one without its end too. Whatever has not this form is hashed all
   the same, within its bounds. */
size_t digest_rows (uint64_t *digest, bytes_t rows, size_t prefix);

/* Likewise rows as an agency types them, without prefix and ended by LF or CRLF, as
   long as they are sure to be their own canonical form if they are good at all: up to
   the first that has a quote, or whose number may have leading zeros, or that is too
   short or too long for a bet, or that has no end. They are taken off `rows`,
   `rows_max` at the most; returns how many. */
uint32_t digest_plain_rows (uint64_t *digest, bytes_t *rows, uint32_t rows_max);

/* Bytes of the number and the comma that an agency's canonical rows begin with. */
size_t digest_prefix (uint32_t agency);

#endif

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

/* The digest behind some more rows as bets.csv has them: each begins with `prefix`
   bytes, the agency's number and its comma, and ends with CRLF. Whatever has not this
   form is hashed all the same, within its bounds. */
uint64_t digest_rows (uint64_t digest, bytes_t rows, size_t prefix);

/* Bytes of the number and the comma that an agency's canonical rows begin with. */
size_t digest_prefix (uint32_t agency);

#endif

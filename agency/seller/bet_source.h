/* bet_source.h - an agency's bets as a stream of rows: a CSV file, which may be larger
   than memory, or one single bet. */

#ifndef LOTERIA_BET_SOURCE_H
#define LOTERIA_BET_SOURCE_H

#include "bet.h"
#include "rows.h"

typedef struct bet_source bet_source_t;

/* Open a CSV file. Rows end with LF or CRLF, the last one perhaps with nothing; quotes
   may hide a line end; a UTF-8 byte order mark at the very start is passed over.
   Returns NULL, with one line in `error` (`error_size` bytes) that names the file and
   says why, when it cannot be read. `path` is copied. */
bet_source_t *bet_source_open (const char *path, char *error, size_t error_size);

/* One bet, its fields in the order of the row and as typed: they are quoted where CSV
   asks for it. It is the row at whatever place the source is moved to first; behind it
   is the end. Returns NULL with a line in `error` when it is too long for any row. */
bet_source_t *bet_source_single (const char *const fields[BET_FIELDS], char *error,
                                 size_t error_size);

void bet_source_destroy (bet_source_t **source);

/* What a session takes rows from; borrows from `source`. */
rows_t bet_source_rows (bet_source_t *source);

/* How far it has been read, in bytes, and how large it was when it was opened. */
uint64_t bet_source_bytes (const bet_source_t *source);
uint64_t bet_source_bytes_total (const bet_source_t *source);

#endif

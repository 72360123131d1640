/* bet_csv.h - bets as CSV rows: what agencies type, and what bets.csv contains.

   In, a row is `first,last,document,birthdate,number` ended by CRLF or LF, quoted as
   RFC 4180 has it. Out, a row is `agency,first,last,document,birthdate,number` CRLF,
   byte for byte what Python's csv.writer makes with QUOTE_MINIMAL. */

#ifndef LOTERIA_BET_CSV_H
#define LOTERIA_BET_CSV_H

#include "bet.h"

typedef struct {
    wire_code_t code;  // REFUSED_OK when all is well
    uint32_t row;      // the faulty one, from 1
    bet_field_t field; // which field, BET_ROW for the row as a whole
} bet_csv_error_t;

/* Check the `count` rows of a batch and write them as `agency`'s canonical rows.
   `out` has room for rows.size + count * (AGENCY_DIGITS_MAX + 2) bytes, elsewhere than
   `rows`. Returns the bytes written; on refusal 0, with `error` saying where and why
   (`out` is then undefined).

   The first fault in reading order is reported: row by row, field by field; within a
   field first its quotes (QUOTES), then whether a comma or line end follows as the
   row needs it (FIELDS, of the row as a whole), then its text (MISSING, LONG, then
   UTF8, CONTROL and CHARACTER wherever they stand, then BLANK in a name or document),
   then its value (DATE, NUMBER, RANGE). A blank line, and
   a last row without its line end, are FIELDS. A line end within quotes, and a CR
   without LF, are control characters. COUNT names the first row that is missing or too
   many. EMPTY is for no rows announced and none there; ROWS is left to the caller. */
size_t bet_csv_canonical (bytes_t rows, uint32_t count, uint32_t agency,
                          const bet_rules_t *rules, uint8_t *out,
                          bet_csv_error_t *error);

/* The digest (digest.h) after the `count` rows of a batch as typed, each ended by LF
   or CRLF: that of their canonical form. A row that bet_csv_canonical () would refuse
   is hashed as it stands, without its line end; it will not be stored. */
uint64_t bet_csv_digest (uint64_t digest, bytes_t rows, uint32_t count);

/* Take the next canonical row off `rows` (as bets.csv has them), by the widest rules.
   `bet` borrows from it, or from `scratch` (ROW_BYTES_MAX) where a field held quotes.
   Returns 1, 0 at the end, -1 when the bytes are not a row that bet_csv_canonical ()
   could have written, leaving `rows` where it was. */
int bet_csv_next (bytes_t *rows, uint8_t *scratch, uint32_t *agency, bet_t *bet);

/* A field of a row as it stands, without enclosing quotes; doubled quotes inside stay
   doubled. Empty for BET_ROW, when the row's quotes are wrong before the field's end,
   and when it has no such field. */
bytes_t bet_csv_field (bytes_t row, bet_field_t which);

/* The length of the row that `text` begins with, including its line end; a line end may
   be within quotes. `text_end` receives the length without the line end. Returns 0,
   `text_end` untouched, when no row ends within `text`. Checks nothing: a row with a
   fault ends at some LF, or not at all when a quote is never closed. */
size_t bet_csv_row_size (bytes_t text, size_t *text_end);

#endif

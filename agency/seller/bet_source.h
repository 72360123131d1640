/* bet_source.h - an agency's bets as a stream of rows: a CSV file, which may be larger
   than memory, what comes through a pipe, or a single bet.

   A file that is shortened, replaced or written over while it is read is an error that
   says so; rows that are added at its end are read when it is looked at again. A pipe
   is a file that grows until the pipe's end has come. */

#ifndef LOTERIA_BET_SOURCE_H
#define LOTERIA_BET_SOURCE_H

#include "bet.h"
#include "rows.h"

typedef struct bet_source bet_source_t;

typedef enum {
    BET_SOURCE_SAME,   // everything in it has been read
    BET_SOURCE_GREW,   // there is more to read, with `next`
    BET_SOURCE_CHANGED // it is another file, or shorter, or was written over
} bet_source_look_t;

/* Open a CSV file. Rows end with LF or CRLF; quotes may hide a line end; blank lines
   and a UTF-8 byte order mark at the very start are passed over. The last row may lack
   its line end; with `more_may_come` it then counts as half a row, and is left alone.
   Returns NULL, with one line in `error` (`error_size` bytes) that names the file and
   says why, when it cannot be read. `path` is copied. */
bet_source_t *bet_source_open (const char *path, bool more_may_come, char *error,
                               size_t error_size);

/* The same, from a pipe or whatever else `input` is, which is borrowed. `name` is for
   people, and copied. With `last_row_counts` a last row without line end is one once
   the pipe's end has come. */
bet_source_t *bet_source_piped (int input, const char *name, bool last_row_counts,
                                char *error, size_t error_size);

/* The same rows once more, from the first one on, beside this source, which stays where
   it is; of a file or a pipe. NULL when that cannot be had. */
bet_source_t *bet_source_again (const bet_source_t *source);

/* One bet, its fields in the order of the row and as typed: they are quoted where CSV
   asks for it. It is the row at whatever place the source is moved to; behind it is the
   end. Returns NULL with a line in `error` when it is too long for any row. */
bet_source_t *bet_source_single (const char *const fields[BET_FIELDS], char *error,
                                 size_t error_size);

void bet_source_destroy (bet_source_t **source);

/* What a session takes rows from; borrows from `source`. */
rows_t bet_source_rows (bet_source_t *source);

/* Look again at the file, whose end was reached. After BET_SOURCE_CHANGED the rows'
   error () says what happened. A single bet stays the same. */
bet_source_look_t bet_source_look (bet_source_t *source);

/* Be told when to look at a file again, from now on, if it can be had. (A pipe tells
   anyway.) */
void bet_source_watch (bet_source_t *source);

/* What to poll for that, until it is to be read or the pipe's end has come; -1: nothing
   tells, so look now and then. */
int bet_source_input (const bet_source_t *source);

/* Whether a pipe's end has come, and was seen by bet_source_look (). */
bool bet_source_ended (const bet_source_t *source);

/* The line of a last row that was left alone for want of a line end; 0: there is none.
 */
uint64_t bet_source_half_row (const bet_source_t *source);

/* The end was reached, and all of it was sold: whether the file has changed since. If
   so `text` (`size` bytes) says how, in one line; no more rows can be sold. After
   BET_SOURCE_GREW there are rows, or a part of one, that were not sold. */
bet_source_look_t bet_source_differs (bet_source_t *source, char *text, size_t size);

/* How far it has been read, in rows and in bytes, and how large it was when it was
   looked at. */
uint64_t bet_source_rows_read (const bet_source_t *source);
uint64_t bet_source_bytes (const bet_source_t *source);
uint64_t bet_source_bytes_total (const bet_source_t *source);

#endif

/* rows.h - where a session's rows come from: a file, one bet, or a test's table. */

#ifndef LOTERIA_ROWS_H
#define LOTERIA_ROWS_H

#include "bytes.h"

typedef enum {
    ROWS_OK,
    ROWS_AGAIN, // seek: not there yet, ask again
    ROWS_END,   // next: no row is left; seek: the source ends before that row
    ROWS_FAILED // error () says why; every further call fails as well
} rows_status_t;

typedef struct {
    bytes_t text;  // without its line end; borrowed until the next call
    uint64_t line; // 1.. where it begins; 0 when the source has no lines
} row_t;

typedef struct {
    void *self;       // borrowed, handed to the functions
    const char *name; // for people: the file's name; borrowed

    /* Take the next row. */
    rows_status_t (*next) (void *self, row_t *row);

    /* Go to the row with that index (0..), so that it is the next one; the row behind
       the last is a place to go to as well. A call works for some milliseconds at
       most. On ROWS_END `*rows` is how many rows there are. */
    rows_status_t (*seek) (void *self, uint64_t index, uint64_t *rows);

    /* Why a call failed, naming the source and the line. */
    const char *(*error) (void *self);

    /* Take rows as they are, each with its line end, as many as fit into `room` bytes
       at `out`, at most `rows_max`, and as far as that is quick: there may be more, for
       next. Returns their bytes, `*rows` how many they are; `*digest` moves on behind
       them (bet_csv_digest). NULL: there is only next. */
    size_t (*take) (void *self, uint8_t *out, size_t room, uint32_t rows_max,
                    uint32_t *rows, uint64_t *digest);
} rows_t;

#endif

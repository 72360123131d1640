/* bet_source_state.h - what the parts of a source of bets share: bet_source.c (opening,
   and whether the file changed), bet_file.c (its rows) and bet_single.c (the one bet of
   the environment). For them alone. */

#ifndef LOTERIA_BET_SOURCE_STATE_H
#define LOTERIA_BET_SOURCE_STATE_H

#include "bet_source.h"
#include "spool.h"

#include <sys/stat.h>

#define BET_BUFFER_BYTES (256 * 1024)

struct bet_source {
    char *name;           // owned
    int file;             // -1 for a single bet
    struct stat seen;     // the file as it was looked at last
    bool more_may_come;   // a last row without line end is none yet
    int watch;            // notices what is done to the file; -1: nothing does
    spool_t *spool;       // of a pipe, owned; `file` is its own
    int pipe;             // borrowed
    bool last_row_counts; // of a pipe, at its end, without a line end
    uint64_t base;        // where in the file the buffer begins
    bool at_end;          // nothing is left to read
    bool completed;       // the last row got the line end that it lacked

    uint64_t index;  // of the next row
    uint64_t line;   // where it begins
    size_t start;    // of the next row in the buffer
    size_t end;      // of what the buffer holds
    size_t quote;    // the first quote from `start` on; `end` if there is none
    uint8_t *buffer; // owned; a file's has one byte more, for that line end

    size_t single_bytes; // of the one row in the buffer
    bool single_taken;
    bool failed;
    char error[1024];
};

/* A source without anything in it, of that name, which is copied. */
bet_source_t *bet_source_new (const char *name);

/* Note why it failed; every later call fails as well. Returns ROWS_FAILED. */
rows_status_t bet_source_fail (bet_source_t *source, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

const char *bet_source_error (void *self);

/* ---- bet_file.c ---- */

rows_t bet_file_rows (bet_source_t *source);

/* Begin with the file's first row. */
void bet_file_rewind (bet_source_t *source);

/* Slide the buffer on and read more behind what it holds. */
rows_status_t bet_file_read_more (bet_source_t *source);

/* Take the next row; `self` is the source. */
rows_status_t bet_file_next (void *self, row_t *row);

/* How many of the file's bytes have been read. */
uint64_t bet_file_bytes_read (const bet_source_t *source);

/* Compare the file that has its name with the one that was seen last. */
rows_status_t bet_file_look (bet_source_t *source);

/* ---- bet_single.c ---- */

rows_t bet_single_rows (bet_source_t *source);

#endif

/* fair_text.h - writes and reads the texts of statements and tickets: the origin, what
   kind of text it is, and lines of a word and what it says. Pure. */

#ifndef LOTERIA_FAIR_TEXT_H
#define LOTERIA_FAIR_TEXT_H

#include <stdio.h>

#include "origin.h"
#include "tree.h"

#define FAIR_LINE_BYTES 512 // no line is longer, with its end

typedef struct {
    FILE *stream; // to print further lines to
    char *text;
    size_t size;
} fair_writer_t;

/* The first two lines; `kind` is "open v1" or the like. */
void fair_write_begin (fair_writer_t *out, const origin_t *origin, const char *kind);
void fair_write_hash (fair_writer_t *out, const char *word, const hash_t *hash);
/* The text, ended by 0, which the caller frees; `size` is without that. */
char *fair_write_end (fair_writer_t *out, size_t *size);

typedef struct {
    bytes_t text, rest;
    size_t number;              // of the line that was read last, from 1
    char line[FAIR_LINE_BYTES]; // it, ended by 0; empty at the end
} fair_reader_t;

/* Reads the first two lines, and the one behind them. */
bool fair_read_begin (fair_reader_t *in, bytes_t text, const char *kind,
                      origin_t *origin);
/* False: the line is empty or too long, has a 0 in it, or no LF. */
bool fair_read_line (fair_reader_t *in);
/* Whether the line is the word, a blank and more; and whether that is a hash. */
bool fair_line_is (const fair_reader_t *in, const char *word);
bool fair_line_hash (const char *line, const char *word, hash_t *hash);

/* The number of the line that is wrong: the last one read unless all were `sound`, else
   the first in which `again`, which is what was read and written anew, is another text;
   0: none. Frees `again`. */
size_t fair_read_fault (const fair_reader_t *in, bool sound, char *again, size_t size);

#endif

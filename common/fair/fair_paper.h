/* fair_paper.h - the rows of an event of a provable draw: what storage keeps beside a
   note, and the note, just as it is published (docs/storage.md).

     nonce 0a1b…          lines of a word, a blank and a value: bytes in lower-case
     box 77…              hexadecimal, or text
                          an empty line
     loteria/nacional/…   the note, which may be empty

   Pure. */

#ifndef LOTERIA_FAIR_PAPER_H
#define LOTERIA_FAIR_PAPER_H

#include <stdbool.h>
#include <stdio.h>

#include "bounds.h"
#include "bytes.h"

typedef struct {  // borrowed
    bytes_t head; // lines, each with its LF
    bytes_t note;
} fair_paper_t;

/* Take a paper apart. False when it is none: longer than PAPER_BYTES_MAX, without the
   empty line, or with a line in its head that is no word and value. */
bool fair_paper_read (bytes_t text, fair_paper_t *paper);

/* Take the next line off the head. False at the end. */
bool fair_paper_next (bytes_t *head, bytes_t *word, bytes_t *value);
/* The value of the first line with this word. False: there is none. */
bool fair_paper_find (const fair_paper_t *paper, const char *word, bytes_t *value);
/* The same of one that is just so many bytes (hex.h). */
bool fair_paper_find_bytes (const fair_paper_t *paper, const char *word, uint8_t *bytes,
                            size_t size);

typedef struct {
    FILE *stream;
    char *text;
    size_t size;
} fair_paper_writer_t;

void fair_paper_begin (fair_paper_writer_t *out);
/* A line with a text, which is not empty and has no LF in it; with bytes; and with a
   number and bytes: "salts 4 0a1b…". */
void fair_paper_text (fair_paper_writer_t *out, const char *word, bytes_t text);
void fair_paper_hex (fair_paper_writer_t *out, const char *word, bytes_t bytes);
void fair_paper_hex_of (fair_paper_writer_t *out, const char *word, uint32_t number,
                        bytes_t bytes);
/* The paper with this note behind its lines: the caller frees it. `size` is without the
   0 that ends it. */
char *fair_paper_end (fair_paper_writer_t *out, bytes_t note, size_t *size);

#endif

/* paper.h - text for a person at a terminal, gathered before it is shown: with colours
   or without, and cut to so many columns and rows, if they are limited. Pure. */

#ifndef LOTERIA_PAPER_H
#define LOTERIA_PAPER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLES
} style_t;

typedef struct paper paper_t;

/* 0 columns or rows: without a limit. */
paper_t *paper_new (bool colour, size_t columns, size_t rows);
void paper_destroy (paper_t **paper);

/* Add text, in which line feeds end lines. What it is made of is fit to be shown. */
void paper_put (paper_t *paper, style_t style, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

/* How many lines were ended so far, with those that were cut. */
size_t paper_lines (const paper_t *paper);

/* The text, zero-terminated, for the caller to free; its length to `size` unless
   NULL. */
char *paper_finish (paper_t **paper, size_t *size);

/* How many columns a text takes: a character of UTF-8 counts for one. */
size_t paper_width (const char *text);

#endif

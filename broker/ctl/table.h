/* table.h - rows below a heading, in columns as wide as they have to be: words on the
   left of theirs, numbers on the right. Pure. */

#ifndef LOTERIA_TABLE_H
#define LOTERIA_TABLE_H

#include "paper.h"

#define TABLE_COLUMNS_MAX 16

typedef struct table table_t;

/* Titles with a blank between; one that begins with '>' is of numbers, and an
   underscore in it is a blank: "AGENCY >LAST_BATCH". */
table_t *table_new (const char *titles);
void table_destroy (table_t **table);

/* The next cell, a row after another. */
void table_put (table_t *table, style_t style, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));

size_t table_rows (const table_t *table);

/* With its heading. */
void table_show (const table_t *table, paper_t *paper);

#endif

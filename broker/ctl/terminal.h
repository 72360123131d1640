/* terminal.h - what stdout is, and showing things there: loteria-ctl. */

#ifndef LOTERIA_TERMINAL_H
#define LOTERIA_TERMINAL_H

#include "paper.h"

/* Whether to use colours: stdout is a terminal, NO_COLOR is not set (or empty), and
   TERM is not "dumb". */
bool terminal_colour (void);

/* Whether pictures can be redrawn there, and keys read. */
bool terminal_there (void);

/* Its size; 80 x 24 when it does not say, and 0 columns, without a limit, when it is
   none. */
void terminal_size (size_t *columns, size_t *rows);

/* Begin and end to draw pictures, one in place of the other. The end may be called
   twice. */
void terminal_begin (void);
void terminal_end (void);
void terminal_draw (const char *picture);

/* A key, or 0 when there is none. */
char terminal_key (void);

/* Print, and free it. 0, or the status to exit with when stdout takes no more. */
int terminal_print (char *text);
int terminal_show (paper_t **paper);

#endif

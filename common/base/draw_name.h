/* draw_name.h - the name of a draw: letters, digits and `-`, beginning with a letter or
   a digit, at most DRAW_NAME_BYTES_MAX bytes. So it is a file's name, too, and no
   option. Pure. */

#ifndef LOTERIA_DRAW_NAME_H
#define LOTERIA_DRAW_NAME_H

#include "bounds.h"
#include "bytes.h"

#define DRAW_NAME_DEFAULT "first" // of the draw that a central opens by itself

/* What is wrong with it, for people ("begins with -"); NULL: nothing. */
const char *draw_name_fault (bytes_t name);

#endif

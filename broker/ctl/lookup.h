/* lookup.h - finds a draw by its name, one that is over long since as well:
 * loteria-ctl.
 */

#ifndef LOTERIA_LOOKUP_H
#define LOTERIA_LOOKUP_H

#include "look.h"

typedef struct {
    uint64_t draw;     // its identity
    wire_draw_t about; // without its name, which is here
    char name[DRAW_NAME_BYTES_MAX + 1];
} lookup_t;

/* Ask state. 0; or the status to exit with, and why has been said: CTL_UNKNOWN when
   there is no such draw. */
int lookup_find (look_t *look, const char *name, lookup_t *lookup);

#endif

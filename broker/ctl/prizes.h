/* prizes.h - asks state for an agency's winners in a draw that was made: loteria-ctl.
 */

#ifndef LOTERIA_PRIZES_H
#define LOTERIA_PRIZES_H

#include "lookup.h"

typedef struct {
    uint32_t count;
    char *documents; // each followed by LF, fit to be shown; NULL: none
    size_t size, capacity;
} prizes_t;

/* Ask for all pages. 0; or the status to exit with, and why has been said: CTL_UNKNOWN
   when the agency is not on the draw's roll. */
int prizes_load (look_t *look, const lookup_t *lookup, uint32_t agency,
                 prizes_t *prizes);
void prizes_clear (prizes_t *prizes);

#endif

/* missing.h - which agencies a draw waits for, in words. Pure. */

#ifndef LOTERIA_MISSING_H
#define LOTERIA_MISSING_H

#include "wire.h"

#define MISSING_TEXT_BYTES 160

/* "agency 4"; "agencies 4, 7 and 12 more"; "" when none is missing, or nobody knows
   which. Returns `text`. */
const char *missing_text (const wire_waiting_t *waiting, char text[MISSING_TEXT_BYTES]);

#endif
